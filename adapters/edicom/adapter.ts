import {
  at, type CancelDocumentInput, cancellationTaken, cfdiFacts, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentInRegister, type DocumentLookup, type DocumentSnapshot, type IssueInput, ProviderError, scrubSoapPassword, statusInRegister, textAt, type XmlNode
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { command, documentIn, unreadable } from './wire.ts'

/** The test environment is other operations of the same service. */
const named = ({ mode }: ConnectionContext, operation: string): string => mode === 'test' ? `${operation}Test` : operation

/** Stamps the XML that the hub sealed. */
async function issue (context: ConnectionContext, { sealed, reference, naturalKey }: IssueInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  let returned: XmlNode | undefined
  try {
    returned = await command(context, named(context, 'getCfdi'), { file: Buffer.from(sealed).toString('base64') })
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'invalid_request' || error.providerCode === undefined) throw error
    // The SAT's code for a document that was stamped before: which stamp it is, the service is asked.
    if (error.providerCode === '307') return await find(context, { sealed, reference, naturalKey }) ?? throwUnreadable()
    return { providerReference: '', status: 'rejected', providerStatus: error.providerCode, messages: [{ code: error.providerCode, message: error.providerMessage ?? '' }] }
  }
  return told(documentIn(returned), reference, 'getCfdi')
}

function told (document: Buffer | undefined, reference: string | undefined, providerStatus: string): DocumentSnapshot {
  const uuid = document && cfdiFacts(document)?.uuid
  if (document === undefined || uuid === undefined) throw unreadable()
  return { providerReference: uuid, ...(reference !== undefined && { reference }), fiscalId: uuid, status: 'issued', providerStatus, document, messages: [] }
}

function throwUnreadable (): never {
  throw unreadable()
}

/**
 * By the very document: getUUID gives its UUID when it is stamped. What it says of one that is not is not written down: only
 * the code that the tenant set is taken for that, and anything else is no proof.
 */
async function find (context: ConnectionContext, { sealed, reference, naturalKey: { issuerTaxId } }: Pick<DocumentLookup, 'sealed' | 'reference' | 'naturalKey'>): Promise<DocumentSnapshot | undefined> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  let returned: XmlNode | undefined
  try {
    returned = await command(context, named(context, 'getUUID'), { file: Buffer.from(sealed).toString('base64') })
  } catch (error) {
    const none = context.settings.not_stamped_code
    if (error instanceof ProviderError && none !== '' && error.providerCode === none) return undefined
    throw error
  }
  const uuid = typeof returned === 'string' ? returned.trim() : ''
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw unreadable()
  return told(documentIn(await command(context, 'getCfdiFromUUID', { rfc: issuerTaxId, uuid })), reference, 'getCfdiFromUUID')
}

/** By UUID, among the documents of the connection’s RFC. */
async function get (context: ConnectionContext, providerReference: string): Promise<DocumentSnapshot> {
  try {
    return told(documentIn(await command(context, 'getCfdiFromUUID', { rfc: context.credentials.rfc ?? '', uuid: providerReference })), undefined, 'getCfdiFromUUID')
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'invalid_request' || error.providerCode === undefined) throw error
    throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: error.providerCode, providerMessage: error.providerMessage ?? '', cause: error })
  }
}

/** Hands over the request that the hub signed. It is cancelled when the register says so. */
async function cancel (context: ConnectionContext, { sealed, fiscalId, providerReference, reference, issuerTaxId, customerTaxId, total }: CancelDocumentInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const requested = (code: string, message: string, acuse?: Buffer): DocumentSnapshot =>
    ({ providerReference, reference, fiscalId, status: 'cancel_requested', providerStatus: code, messages: [{ code, message }], ...(acuse !== undefined && { document: acuse }) })
  let returned: XmlNode | undefined
  try {
    returned = await command(context, 'cancelCFDiSignedAsync', { sign: Buffer.from(sealed).toString('base64'), rfcE: issuerTaxId, rfcR: customerTaxId, uuid: fiscalId, total, test: String(context.mode === 'test') })
  } catch (error) {
    // Clients have seen 201 as the code of a fault.
    if (error instanceof ProviderError && error.reached === 'answered' && cancellationTaken(error.providerCode ?? '')) return requested(error.providerCode!, error.providerMessage ?? '')
    throw error
  }
  const code = [textAt(returned, 'status'), textAt(returned, 'statusCode')].find(each => /^2\d\d$/.test(each ?? ''))
  if (code === undefined) throw unreadable()
  if (!cancellationTaken(code)) throw new ProviderError({ code: manifest.errors[code] ?? 'invalid_request', reached: 'answered', providerCode: code, providerMessage: textAt(returned, 'cancelQueryData', 'status') ?? `EstatusUUID ${code}` })
  const acuse = Buffer.from(textAt(returned, 'ack') ?? '', 'base64')
  return requested(code, textAt(returned, 'cancelQueryData', 'cancelStatus') ?? '', acuse.length > 0 ? acuse : undefined)
}

/** EDICOM’s mirror of the authority’s register. */
async function register (context: ConnectionContext, { issuerTaxId, customerTaxId, fiscalId, total }: DocumentInRegister): Promise<{ estado: string, cancelable: string, cancellation: string, statusCode: string }> {
  const returned = await command(context, 'getCFDiStatus', { rfcE: issuerTaxId, rfcR: customerTaxId, uuid: fiscalId, total, test: String(context.mode === 'test') })
  const said = (name: string): string => textAt(at(returned, name)) ?? ''
  const told = { estado: said('status'), cancelable: said('isCancelable'), cancellation: said('cancelStatus'), statusCode: said('statusCode') }
  if (told.estado === '' && told.statusCode === '') throw unreadable()
  return told
}

async function getCancellation (context: ConnectionContext, providerReference: string, document: DocumentInRegister): Promise<DocumentSnapshot> {
  const { estado, cancelable, cancellation, statusCode } = await register(context, document)
  if (estado === 'No Encontrado' || statusCode.startsWith('N')) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: statusCode, providerMessage: estado })
  return {
    providerReference, fiscalId: document.fiscalId,
    // A rejection has been seen in either field.
    status: statusInRegister({ Estado: estado, EsCancelable: cancelable, EstatusCancelacion: `${cancellation} ${estado}` }),
    providerStatus: [estado, cancellation].filter(text => text !== '').join(': ') || statusCode,
    messages: [{ code: estado, message: cancellation }]
  }
}

/** A document that cannot be there is asked about: the service answers only those whom it knows. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { user: id = '', rfc = '' } = context.credentials
  const { statusCode, estado } = await register(context, { issuerTaxId: rfc, customerTaxId: 'XAXX010101000', fiscalId: '00000000-0000-0000-0000-000000000000', total: '1.00' })
  return {
    account: { id, country: 'MX', name: rfc },
    mode: context.mode,
    evidence: [{ es: `EDICOM contestó al usuario ${id}: ${statusCode || estado}`, en: `EDICOM answered the user ${id}: ${statusCode || estado}` }]
  }
}

/** EDICOM stamps what the hub sealed, over SOAP. What is uncertain, and that is much, is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, get, find, cancel, getCancellation }, webhooks: 'provider-has-none', scrub: scrubSoapPassword })
