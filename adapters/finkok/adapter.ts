import {
  allAt, at, cancellationTaken, type CancelDocumentInput, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentInRegister, type DocumentLookup, type DocumentSnapshot, type IssueInput, ProviderError, scrubSoapPassword, statusInRegister, textAt, type XmlNode
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { command, type Incidence, incidencesOf, refusal, unreadable } from './wire.ts'

/** Stamps the XML that the hub sealed. "Already stamped" (307) is the first stamp, told again. */
async function issue (context: ConnectionContext, { sealed, reference }: IssueInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const xml = Buffer.from(sealed).toString('base64')
  const result = await command(context, 'stamp', 'stamp', { xml })
  const stamped = stampOf(result, reference)
  if (stamped !== undefined) return stamped
  const [first] = incidencesOf(result)
  if (first === undefined) throw unreadable()
  if (first.code !== '307') return rejected(result, first)
  // Known to come with an empty xml (phpcfdi/finkok, docs/issues): then the first stamp is asked for.
  const before = stampOf(await command(context, 'stamp', 'stamped', { xml }), reference)
  if (before === undefined) throw unreadable()
  return before
}

/** What is wrong with the document is an answer; what is wrong with the account or with Finkok is an error. */
function rejected (result: XmlNode | undefined, first: Incidence): DocumentSnapshot {
  const error = refusal(first)
  if (error.code !== 'invalid_request') throw error
  return { providerReference: '', status: 'rejected', providerStatus: first.code, messages: incidencesOf(result) }
}

/** By the very document; undefined when Finkok says that it has not stamped it (603). */
async function find (context: ConnectionContext, { sealed, reference }: DocumentLookup): Promise<DocumentSnapshot | undefined> {
  if (sealed === undefined) return undefined
  const result = await command(context, 'stamp', 'stamped', { xml: Buffer.from(sealed).toString('base64') })
  const stamped = stampOf(result, reference)
  if (stamped !== undefined) return stamped
  const [first] = incidencesOf(result)
  if (first?.code === '603') return undefined
  throw first === undefined ? unreadable() : refusal(first)
}

function stampOf (result: XmlNode | undefined, reference: string | undefined): DocumentSnapshot | undefined {
  const [xml, uuid] = [textAt(result, 'xml'), textAt(result, 'UUID')]
  if (xml === undefined || uuid === undefined) return undefined
  return {
    providerReference: uuid.toUpperCase(),
    ...(reference !== undefined && { reference }),
    fiscalId: uuid.toUpperCase(),
    status: 'issued',
    providerStatus: textAt(result, 'CodEstatus') ?? '',
    document: Buffer.from(xml, 'utf8'),
    messages: incidencesOf(result).filter(({ code }) => code !== '307')
  }
}

/** By UUID, among what this account stamped. */
async function get (context: ConnectionContext, providerReference: string): Promise<DocumentSnapshot> {
  const result = await command(context, 'stamp', 'query_pending', { uuid: providerReference })
  const [status, xml, error] = [textAt(result, 'status'), textAt(result, 'xml'), textAt(result, 'error')]
  if (status === undefined || !['S', 'F'].includes(status)) {
    if (error === undefined) throw unreadable()
    throw /contrase/i.test(error) ? refusal({ code: '300', message: error }) : new ProviderError({ code: 'not_found', reached: 'answered', providerCode: status ?? '', providerMessage: error })
  }
  const uuid = (textAt(result, 'uuid') ?? providerReference).toUpperCase()
  return { providerReference: uuid, fiscalId: uuid, status: 'issued', providerStatus: status, messages: [], ...(xml !== undefined && { document: Buffer.from(xml, 'utf8') }) }
}

async function download (context: ConnectionContext, providerReference: string, format: 'xml' | 'pdf'): Promise<Uint8Array> {
  if (format === 'pdf') throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const { document } = await get(context, providerReference)
  if (document === undefined) throw unreadable()
  return document
}

/** Hands over the request that the hub signed. It is cancelled when the register says so. */
async function cancel (context: ConnectionContext, { sealed, fiscalId, providerReference, reference }: CancelDocumentInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const result = await command(context, 'cancel', 'cancel_signature', { xml: Buffer.from(sealed).toString('base64'), store_pending: 'false' })
  const folio = allAt(result, 'Folios', 'Folio').find(each => textAt(each, 'UUID')?.toUpperCase() === fiscalId.toUpperCase())
  const code = textAt(folio, 'EstatusUUID')
  // Known to come without folios (python-satcfdi #53): then the account's or the authority's code says why.
  if (code === undefined) {
    const status = textAt(result, 'CodEstatus')
    throw status === undefined ? unreadable() : refusal({ code: /\b\d{3}\b/.exec(status)?.[0] ?? status, message: status })
  }
  if (!cancellationTaken(code)) throw refusal({ code, message: textAt(folio, 'EstatusCancelacion') ?? `EstatusUUID ${code}` })
  const acuse = textAt(result, 'Acuse')
  const said = statusInRegister({ Estado: '', EsCancelable: '', EstatusCancelacion: textAt(folio, 'EstatusCancelacion') ?? '' })
  return {
    providerReference, reference, fiscalId,
    status: said === 'issued' ? 'cancel_requested' : said,
    providerStatus: code,
    messages: [{ code, message: textAt(folio, 'EstatusCancelacion') ?? '' }],
    ...(acuse !== undefined && { document: Buffer.from(acuse, 'utf8') })
  }
}

/** Finkok's mirror of the authority's register. */
async function getCancellation (context: ConnectionContext, providerReference: string, { fiscalId, issuerTaxId, customerTaxId, total }: DocumentInRegister): Promise<DocumentSnapshot> {
  const result = await command(context, 'cancel', 'get_sat_status', { taxpayer_id: issuerTaxId, rtaxpayer_id: customerTaxId, uuid: fiscalId, total })
  const sat = at(result, 'sat')
  const told = (name: string) => textAt(sat, name) ?? ''
  if (told('CodigoEstatus') === '') {
    const error = textAt(result, 'error')
    throw error === undefined ? unreadable() : refusal({ code: /contrase/i.test(error) ? '300' : error, message: error })
  }
  if (told('Estado') === 'No Encontrado' || told('CodigoEstatus').startsWith('N')) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: told('CodigoEstatus'), providerMessage: told('Estado') })
  return {
    providerReference, fiscalId,
    status: statusInRegister({ Estado: told('Estado'), EsCancelable: told('EsCancelable'), EstatusCancelacion: told('EstatusCancelacion') }),
    providerStatus: [told('Estado'), told('EstatusCancelacion')].filter(text => text !== '').join(': '),
    messages: [{ code: told('Estado'), message: told('EstatusCancelacion') }]
  }
}

/** A document that cannot be there: refused for itself, not for the account. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  try {
    await get(context, '00000000-0000-0000-0000-000000000000')
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'not_found') throw error
  }
  const id = context.credentials.username ?? ''
  return { account: { id, country: 'MX', name: id }, mode: context.mode, evidence: [{ es: `Finkok reconoció al usuario ${id} en el ambiente de ${context.mode === 'test' ? 'demostración' : 'producción'}.`, en: `Finkok recognised the user ${id} in its ${context.mode === 'test' ? 'demo' : 'live'} environment.` }] }
}

/** Finkok stamps what the hub sealed, over SOAP. The user does not tell the environment, so the addresses do. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, get, find, cancel, getCancellation, download }, webhooks: 'provider-has-none', scrub: scrubSoapPassword })
