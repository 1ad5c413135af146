import {
  allAt, type CancelDocumentInput, cancellationTaken, cfdiFacts, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentSnapshot, type IssueInput, ProviderError, scrubSoapPassword, textAt, type XmlNode
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { accountError, command, findingOf, unreadable } from './wire.ts'

/** Stamps the XML that the hub sealed. One that was stamped before (307) is that stamp, where it comes with it. */
async function issue (context: ConnectionContext, { sealed, reference }: IssueInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const told = await command(context, 'Timbrado', 'timbrar', { cfdi: Buffer.from(sealed).toString('base64'), zip: 'false' })
  const result = allAt(told, 'resultados')[0] ?? told
  const stamped = stampOf(result, reference)
  if (stamped !== undefined) return stamped
  const error = accountError(told) ?? accountError(result)
  if (error !== undefined) throw error
  const status = textAt(result, 'status')
  // Without the document nobody knows which stamp it is, and this PAC cannot be asked.
  if (status === undefined || status === '200' || status === '307') throw unreadable()
  const finding = findingOf(result)
  return { providerReference: '', status: 'rejected', providerStatus: finding.code, messages: [finding] }
}

function stampOf (result: XmlNode, reference: string): DocumentSnapshot | undefined {
  const [status, encoded] = [textAt(result, 'status') ?? '', textAt(result, 'cfdiTimbrado')]
  if (!['200', '307'].includes(status) || encoded === undefined) return undefined
  const document = Buffer.from(encoded, 'base64')
  const uuid = cfdiFacts(document)?.uuid
  return uuid === undefined ? undefined : { providerReference: uuid, reference, fiscalId: uuid, status: 'issued', providerStatus: status, document, messages: [] }
}

/** Hands over the request that the hub signed. It is cancelled when the SAT’s register says so. */
async function cancel (context: ConnectionContext, { sealed, fiscalId, providerReference, reference }: CancelDocumentInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const told = await command(context, 'Timbrado', 'enviarSolicitudCancelacion', { solicitudCancelacion: Buffer.from(sealed).toString('base64') })
  const result = allAt(told, 'resultados').find(each => textAt(each, 'uuid')?.toUpperCase() === fiscalId.toUpperCase())
  const code = textAt(result, 'statusUUID')
  const message = textAt(result, 'mensaje') ?? textAt(told, 'mensaje') ?? ''
  if (code !== undefined && cancellationTaken(code)) return { providerReference, reference, fiscalId, status: 'cancel_requested', providerStatus: code, messages: [{ code, message }] }
  if (code !== undefined) throw new ProviderError({ code: manifest.errors[code] ?? 'invalid_request', reached: 'answered', providerCode: code, providerMessage: message })
  throw accountError(told) ?? (textAt(told, 'status') === '200' ? unreadable() : new ProviderError({ code: 'invalid_request', reached: 'answered', providerCode: textAt(told, 'status') ?? '', providerMessage: message }))
}

async function stamps (context: ConnectionContext): Promise<{ left: string | undefined }> {
  const told = await command(context, 'Utilerias', 'getTimbres', { rfcEmisor: context.credentials.rfc ?? '' })
  const error = accountError(told)
  if (error !== undefined) throw error
  if (textAt(told, 'status') !== '200') throw new ProviderError({ code: 'invalid_request', reached: 'answered', providerCode: textAt(told, 'status') ?? '', providerMessage: textAt(told, 'mensaje') ?? '' })
  return { left: textAt(told, 'disponibles') }
}

async function status (context: ConnectionContext): Promise<{ stampsLeft?: number }> {
  const left = Number((await stamps(context)).left)
  return Number.isSafeInteger(left) ? { stampsLeft: left } : {}
}

/** The stamps are only counted. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { left = '?' } = await stamps(context)
  const { usuario: id = '', rfc = '' } = context.credentials
  const [es, en] = context.mode === 'test' ? ['pruebas', 'test'] : ['producción', 'live']
  return {
    account: { id: `${id} ${rfc}`, country: 'MX', name: rfc },
    mode: context.mode,
    evidence: [{ es: `Solución Factible reconoció al usuario ${id} en el ambiente de ${es}: ${left} timbres de ${rfc}.`, en: `Solución Factible recognised the user ${id} in its ${en} environment: ${left} stamps of ${rfc}.` }]
  }
}

/**
 * Solución Factible stamps what the hub sealed, over SOAP. It has no call that finds or reads a document, so a repetition of the
 * same bytes tells. What is uncertain is in QUIRKS.md.
 */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, cancel, status }, webhooks: 'provider-has-none', scrub: scrubSoapPassword })
