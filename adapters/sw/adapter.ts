import { createHash } from 'node:crypto'
import {
  type CancelDocumentInput, cancellationTaken, cfdiFacts, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentInRegister, type DocumentLookup, type DocumentSnapshot, type IssueInput, ProviderError
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { call, codeOf, type Envelope, isOfAccount, refusal, sentenceOf, tokenOf, xmlForm } from './wire.ts'

/** Stamps the XML that the hub sealed. "Already stamped" (307) comes as an error with the first timbre: it is that stamp, told again. */
async function issue (context: ConnectionContext, input: IssueInput): Promise<DocumentSnapshot> {
  if (input.sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  return await stamp(context, await tokenOf(context), { ...input, sealed: input.sealed })
}

type Sent = Pick<IssueInput, 'naturalKey' | 'reference'> & { sealed: Uint8Array }

async function stamp (context: ConnectionContext, token: string, { sealed, naturalKey, reference }: Sent): Promise<DocumentSnapshot> {
  const form = xmlForm(sealed)
  const envelope = await call(context, { path: '/v4/cfdi33/stamp/v4', token, ...form, headers: { ...form.headers, customid: customIdOf(context, { sealed, naturalKey, reference }) } })
  const document = stampedIn(envelope)
  const code = codeOf(envelope)
  if (document !== undefined && (envelope.status === 'success' || code === '307')) return told(envelope, document, reference)
  if (envelope.status === 'success' || code === '307') throw unsure(envelope)
  if (code === 'CFDI3307') return ofCustomId(envelope, document, { sealed, reference })
  const error = refusal(envelope)
  if (isOfAccount(error)) throw error
  const finding = { code: error.providerCode!, message: sentenceOf(envelope) }
  return { providerReference: '', status: 'rejected', providerStatus: finding.code, messages: [finding] }
}

/** By what SW tells a repetition from a new invoice, for 72 hours; at most 100 characters. */
function customIdOf (context: ConnectionContext, { sealed, naturalKey: { issuerTaxId, series = '', number }, reference }: Sent): string {
  const name = number === undefined ? reference : `${issuerTaxId}-${series}-${number}`
  const id = encodeURIComponent(context.settings.custom_id === 'document' ? `${name}-${createHash('sha256').update(sealed).digest('hex').slice(0, 16)}` : name)
  return id.length <= 100 ? id : createHash('sha256').update(id).digest('hex')
}

/** The customid was used before: for this very document, or for another one of the same number. */
function ofCustomId (envelope: Envelope, document: Buffer | undefined, { sealed, reference }: { sealed: Uint8Array, reference: string }): DocumentSnapshot {
  const ours = cfdiFacts(sealed)?.seal
  if (document !== undefined && cfdiFacts(document)?.seal === ours) return told(envelope, document, reference)
  const tfd = envelope.data?.tfd
  const sealOfTimbre = typeof tfd === 'string' ? /\sSelloCFD="([^"]*)"/.exec(tfd)?.[1] : cfdiFacts(document ?? new Uint8Array())?.seal
  // What stands under it is not told, or is this very document whose bytes were left out: the storage knows.
  if (sealOfTimbre === undefined || sealOfTimbre === ours) throw unsure(envelope)
  throw refusal(envelope)
}

const unsure = (envelope: Envelope): ProviderError => new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: codeOf(envelope), providerMessage: sentenceOf(envelope), httpStatus: envelope.httpStatus })

/** `data.cfdi`; of a 307 some versions put it into `messageDetail`. */
function stampedIn ({ data, messageDetail }: Envelope): Buffer | undefined {
  const text = [data?.cfdi, messageDetail].find(each => typeof each === 'string' && each.trimStart().startsWith('<'))
  const bytes = text === undefined ? undefined : Buffer.from(text as string, 'utf8')
  return bytes !== undefined && cfdiFacts(bytes)?.uuid !== undefined ? bytes : undefined
}

function told (envelope: Envelope, document: Buffer, reference: string): DocumentSnapshot {
  const { uuid } = cfdiFacts(document)!
  return { providerReference: uuid!, reference, fiscalId: uuid!, status: 'issued', providerStatus: envelope.status === 'success' ? 'success' : codeOf(envelope), document, messages: [] }
}

interface Stored { uuid: string, seal: string, issuer: string, series: string, number: string, statusSat: string, cancellation: string }

/** What SW keeps of what it stamped. An answer that is not whole is told as such: what is not in it may still be there. */
async function stored (context: ConnectionContext, token: string, path: string): Promise<{ records: Stored[], whole: boolean }> {
  const envelope = await call(context, { origin: 'storage', method: 'GET', path: `/datawarehouse/v1/live/${path}`, token })
  if (envelope.status === 'error') throw refusal(envelope)
  const list = envelope.data?.records
  if (!Array.isArray(list)) throw unsure(envelope)
  const text = (value: unknown) => typeof value === 'string' ? value : ''
  const records = (list as Record<string, unknown>[]).map(record => ({
    uuid: text(record.uuid).toUpperCase(), seal: text(record.selloCFD), issuer: text(record.emisorRfc), series: text(record.serie), number: text(record.folio), statusSat: text(record.statusSAT), cancellation: text(record.codigoCancelacion)
  }))
  const { totalCount } = (envelope.data?.metaData ?? {}) as { totalCount?: unknown }
  return { records, whole: totalCount === undefined || Number(totalCount) <= records.length }
}

/**
 * By its seal, among what the account stamped in those days. Found, the very bytes are sent once more: of a document that is
 * certainly stamped that only asks for its timbre (307).
 */
async function find (context: ConnectionContext, { sealed, reference, naturalKey, from, to }: DocumentLookup): Promise<DocumentSnapshot | undefined> {
  const seal = sealed && cfdiFacts(sealed)?.seal
  if (sealed === undefined || seal === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const token = await tokenOf(context)
  for (const [startDate, endDate] of ranges(from, to)) {
    const { records, whole } = await stored(context, token, `?startDate=${startDate}&endDate=${endDate}`)
    if (records.some(record => record.seal === seal)) return await stamp(context, token, { sealed, reference, naturalKey })
    // How the further pages are asked for is not published: then only a repetition tells.
    if (!whole) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  }
  return undefined
}

const dayMs = 24 * 3600_000

/** At most 28 days each, because SW answers nothing of more than 30; a day more on both sides, whatever zone it counts in. The newest first, a year at most. */
function ranges (from: Date, to: Date): [string, string][] {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const [first, last] = [from.getTime() - dayMs, to.getTime() + dayMs]
  const found: [string, string][] = []
  for (let end = last; end >= first && found.length < 13; end -= 28 * dayMs) found.push([day(Math.max(first, end - 27 * dayMs)), day(end)])
  return found
}

/** By UUID, with what SW knows of its cancellation. */
async function get (context: ConnectionContext, providerReference: string): Promise<DocumentSnapshot> {
  const { records } = await stored(context, await tokenOf(context), encodeURIComponent(providerReference))
  const record = records.find(({ uuid }) => uuid === providerReference.toUpperCase())
  if (record === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerMessage: 'records: []' })
  const { uuid, statusSat, cancellation } = record
  return {
    providerReference: uuid, fiscalId: uuid,
    // The status is SW's copy of the SAT's; the code only says that a request was taken.
    status: /^cancelado/i.test(statusSat) ? 'canceled' : cancellationTaken(cancellation) ? 'cancel_requested' : 'issued',
    providerStatus: [statusSat, cancellation].filter(text => text !== '').join(': ') || 'stored',
    messages: []
  }
}

const getCancellation = async (context: ConnectionContext, providerReference: string, _document: DocumentInRegister): Promise<DocumentSnapshot> => await get(context, providerReference)

/** Hands over the request that the hub signed. It is cancelled when the register says so. */
async function cancel (context: ConnectionContext, { sealed, fiscalId, providerReference, reference }: CancelDocumentInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const envelope = await call(context, { path: '/cfdi33/cancel/xml', token: await tokenOf(context), ...xmlForm(sealed) })
  if (envelope.status === 'error') throw refusal(envelope)
  const codes = Object.entries((envelope.data?.uuid ?? {}) as Record<string, unknown>)
  const code = codes.find(([uuid]) => uuid.toUpperCase() === fiscalId.toUpperCase())?.[1]
  if (typeof code !== 'string') throw unsure(envelope)
  if (!cancellationTaken(code)) throw new ProviderError({ code: manifest.errors[code] ?? 'invalid_request', reached: 'answered', providerCode: code, providerMessage: `EstatusUUID ${code}` })
  const acuse = envelope.data?.acuse
  return { providerReference, reference, fiscalId, status: 'cancel_requested', providerStatus: code, messages: [{ code, message: 'EstatusUUID' }], ...(typeof acuse === 'string' && acuse !== '' && { document: Buffer.from(acuse, 'utf8') }) }
}

async function balance (context: ConnectionContext): Promise<Record<string, unknown>> {
  const envelope = await call(context, { origin: 'storage', method: 'GET', path: '/management/v2/api/users/balance', token: await tokenOf(context) })
  if (envelope.status === 'error') throw refusal(envelope)
  if (envelope.data === undefined) throw unsure(envelope)
  return envelope.data
}

async function status (context: ConnectionContext): Promise<{ stampsLeft?: number }> {
  const { stampsBalance, unlimited } = await balance(context)
  return unlimited !== true && Number.isSafeInteger(stampsBalance) ? { stampsLeft: stampsBalance as number } : {}
}

/** The balance is only read. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { idUser, stampsBalance, unlimited } = await balance(context)
  const id = typeof idUser === 'string' && idUser !== '' ? idUser : context.credentials.user ?? 'sw'
  const left = unlimited === true ? { es: 'timbres ilimitados', en: 'unlimited stamps' } : { es: `${String(stampsBalance)} timbres`, en: `${String(stampsBalance)} stamps` }
  const [es, en] = context.mode === 'test' ? ['pruebas', 'test'] : ['producción', 'live']
  return { account: { id, country: 'MX', name: context.credentials.user ?? id }, mode: context.mode, evidence: [{ es: `SW reconoció la cuenta en el ambiente de ${es}: ${left.es}.`, en: `SW recognised the account in its ${en} environment: ${left.en}.` }] }
}

/** The token stands in every request and in the answer that gives it; user and password in the request for it. */
function scrub (transcript: string, { token = '', password = '' }: Readonly<Record<string, string>>): string {
  const without = transcript.replace(/("(?:token|password)"\s*:\s*")(?:[^"\\]|\\.)*"/g, '$1[redacted]"').replace(/(authorization:\s*bearer\s+)\S+/gi, '$1[redacted]')
  return [token, password, JSON.stringify(password).slice(1, -1)].reduce((text, value) => value.length >= 6 ? text.replaceAll(value, '[redacted]') : text, without)
}

/** SW stamps what the hub sealed, over REST. Neither token nor user tell the environment, so the addresses do. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, get, find, cancel, getCancellation, status }, webhooks: 'provider-has-none', scrub })
