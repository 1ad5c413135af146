import { randomBytes } from 'node:crypto'
import {
  type CancelDocumentInput, type CertificateUpload, type ConnectionContext, type ConnectionTest, type CustomerCheck, defineAdapter, type DocumentLookup, type DocumentSnapshot, type DocumentStatus, errorOfStatus, type Invoice, type IssueInput, type Mode, ProviderError
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { call, claimsOf, search, unreadable } from './http.ts'
import { webhooks } from './webhooks.ts'
import { clientOf, invoiceBody, isGeneric, paymentBody, receiptBody, referenceKey, whyNot } from './wire.ts'

interface WireInvoice {
  uuid: string
  id: string
  status: string
  series: string | null
  folio_number: number | string | null
  metadata: Record<string, unknown> | null
  payments: unknown
  livemode: boolean
}

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const id = encodeURIComponent

/** Hands over the model; of a payment receipt, registers the payment of which Gigstack makes one. */
async function issue (context: ConnectionContext, input: IssueInput): Promise<DocumentSnapshot> {
  const { model, reference, idempotencyKey: key } = input
  if (model === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const cannot = whyNot(context, model)
  if (cannot !== undefined) return rejected('unsupported', [{ code: 'unsupported', message: cannot }])
  try {
    const client = isGeneric(model.customer) ? { id: await makeClient(context, clientOf(model.customer)) } : clientOf(model.customer)
    const said = { client, key, reference }
    if (model.kind === 'payment_receipt') return await registerPayment(context, model, said)
    const { data } = await call(context, 'POST', model.kind === 'credit_note' ? '/invoices/egress' : '/invoices/income', { body: invoiceBody(context, model, said) })
    return { ...snapshotOf(context, data), reference }
  } catch (error) {
    return await refusedOrThere(context, input, error)
  }
}

const rejected = (providerStatus: string, messages: DocumentSnapshot['messages']): DocumentSnapshot => ({ providerReference: '', status: 'rejected', providerStatus, messages })

/** Codes that say what is wrong with the document. */
const aboutDocument = new Set(['validation_failed', 'invalid_request_body', 'missing_required_field', 'invalid_field_value', 'business_rule_violation', 'cfdi_service_error'])

/** A refusal of the document is an answer; "there is one already" says that an earlier call of ours made it. */
async function refusedOrThere (context: ConnectionContext, { reference, naturalKey }: IssueInput, error: unknown): Promise<DocumentSnapshot> {
  if (!(error instanceof ProviderError) || error.reached !== 'answered') throw error
  const { providerCode = '', providerMessage = '' } = error
  // Of the account: it is sent when that is mended.
  if (/\bCSD\b|SAT connection|conexi[oó]n con el SAT/i.test(providerMessage)) throw new ProviderError({ code: 'permission_denied', reached: 'answered', providerCode, providerMessage })
  if (aboutDocument.has(providerCode)) return rejected(providerCode, [{ code: /\b(?:CFDI\d{5}|CRP\d{5,6})\b/.exec(providerMessage)?.[0] ?? providerCode, message: providerMessage || providerCode }])
  if (error.code !== 'duplicate' && error.code !== 'conflict') throw error
  const there = await find(context, { reference, naturalKey, from: new Date(context.now().getTime() - 30 * dayMs), to: context.now() })
  if (there !== undefined) return there
  throw new ProviderError({ code: 'conflict', reached: 'unknown', providerCode, providerMessage })
}

const dayMs = 24 * 3600_000

async function makeClient (context: ConnectionContext, client: object): Promise<string> {
  const { data } = await call(context, 'POST', '/clients', { body: client })
  const { id: made } = (data ?? {}) as { id?: unknown }
  // Only a client: nothing was stamped.
  if (typeof made !== 'string') throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: 'no_client' })
  return made
}

/** The complement may follow the payment: then it is found by its reference. */
async function registerPayment (context: ConnectionContext, model: Invoice, said: Parameters<typeof paymentBody>[1]): Promise<DocumentSnapshot> {
  const { data } = await call(context, 'POST', '/payments/register', { body: paymentBody(model, said) })
  const { id: payment } = (data ?? {}) as { id?: unknown }
  if (typeof payment !== 'string') throw unreadable()
  const made = await search(context, '/invoices/payment', { invoice: model.mx!.payments![0]!.documents[0]!.fiscalId }, isOurs(said.reference, model)).catch(() => undefined)
  // Not there yet, or not told: it is asked about by its natural key, never registered again.
  if (made === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: payment })
  return { ...snapshotOf(context, made), reference: said.reference }
}

/** Gigstack's words for an invoice. */
const statuses: Readonly<Record<string, DocumentStatus>> = {
  stamped: 'issued',
  valid: 'issued',
  pending: 'submitted',
  processing: 'submitted',
  failed: 'rejected',
  // Asked for and taken; the SAT decides, unless the tenant says that Gigstack's word is enough.
  canceled: 'cancel_requested',
  cancelled: 'cancel_requested',
  pending_cancellation: 'cancel_pending_acceptance',
  cancellation_pending: 'cancel_pending_acceptance',
  cancellation_rejected: 'cancel_rejected'
}

function snapshotOf (context: Pick<ConnectionContext, 'settings'>, data: unknown): DocumentSnapshot {
  const invoice = (data ?? {}) as Partial<WireInvoice>
  const providerReference = invoice.uuid ?? invoice.id
  if (typeof providerReference !== 'string' || providerReference === '' || typeof invoice.status !== 'string') throw unreadable()
  const known = statuses[invoice.status.toLowerCase()]
  if (known === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: invoice.status })
  const status = known === 'cancel_requested' && context.settings.canceled_is_final === true ? 'canceled' : known
  const fiscalId = uuidShape.test(providerReference) ? providerReference.toUpperCase() : undefined
  const reference = invoice.metadata?.[referenceKey]
  return {
    providerReference,
    // Without its UUID it is no document yet: it is read again, with its XML.
    status: status === 'issued' && fiscalId === undefined ? 'submitted' : status,
    providerStatus: invoice.status,
    messages: [],
    ...(fiscalId !== undefined && { fiscalId }),
    ...(typeof reference === 'string' && { reference }),
    ...(typeof invoice.livemode === 'boolean' && { mode: invoice.livemode ? 'live' as const : 'test' as const })
  }
}

const shelves = ['income', 'egress', 'payment'] as const

/** Its kind is not in its id. */
async function read (context: ConnectionContext, providerReference: string): Promise<Partial<WireInvoice>> {
  for (const shelf of shelves) {
    try {
      return ((await call(context, 'GET', `/invoices/${shelf}/${id(providerReference)}`)).data ?? {}) as Partial<WireInvoice>
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'not_found' || shelf === shelves.at(-1)) throw error
    }
  }
  throw unreadable()
}

async function get (context: ConnectionContext, providerReference: string): Promise<DocumentSnapshot> {
  const invoice = await read(context, providerReference)
  const snapshot = snapshotOf(context, invoice)
  const charges = await chargesOf(context, invoice)
  const told = { ...snapshot, ...(charges.length > 0 && { charges }) }
  if (snapshot.status !== 'submitted' || statuses[snapshot.providerStatus.toLowerCase()] !== 'issued') return told
  const document = await download(context, providerReference, 'xml')
  const uuid = /TimbreFiscalDigital[^>]*\sUUID="([0-9A-Fa-f-]{36})"/.exec(Buffer.from(document).toString('utf8'))?.[1]
  if (uuid === undefined) throw unreadable()
  return { ...told, status: 'issued', fiscalId: uuid.toUpperCase(), document }
}

/** Ids of Stripe, by their shape: under which name Gigstack keeps them is not documented. */
const stripeId = /^(?:pi|ch|in|cs)_\w{6,255}$/

/** What the invoice covers, where Gigstack invoices another provider's charges by itself. */
async function chargesOf (context: ConnectionContext, { payments }: Partial<WireInvoice>): Promise<NonNullable<DocumentSnapshot['charges']>> {
  const provider = invoicesChargesOf(context.settings)
  if (provider === undefined || !Array.isArray(payments)) return []
  const found = new Set<string>()
  for (const payment of payments.slice(0, 20)) {
    const named = typeof payment === 'string' ? payment : (payment as { id?: unknown } | null)?.id
    if (typeof named !== 'string') continue
    const data = (await call(context, 'GET', `/payments/${id(named)}`)).data as { payment_processor?: unknown, payment_processor_details?: unknown, metadata?: unknown } | undefined
    if (data?.payment_processor !== provider) continue
    for (const text of stringsIn([data.payment_processor_details, data.metadata])) if (stripeId.test(text)) found.add(text)
  }
  return [...found].map(providerReference => ({ provider, providerReference }))
}

function stringsIn (value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value]
  return typeof value !== 'object' || value === null || depth > 4 ? [] : Object.values(value).flatMap(inner => stringsIn(inner, depth + 1))
}

function invoicesChargesOf (settings: Readonly<Record<string, unknown>>): string | undefined {
  const { invoices_charges_of: provider } = settings
  return typeof provider === 'string' && provider !== 'none' && provider !== '' ? provider : undefined
}

function isOurs (reference: string, { series = '', number }: { series?: string, number?: string }) {
  return ({ metadata, series: told, folio_number: folio }: Record<string, unknown>): boolean => {
    const named = (metadata as Record<string, unknown> | null | undefined)?.[referenceKey]
    // Whose reference it bears, that one it is; one without any is told by series and folio.
    return typeof named === 'string' ? named === reference : number !== undefined && String(told ?? '') === series && String(folio ?? '') === number
  }
}

/** By our reference, or by series and folio, among what was made since it was asked for. */
async function find (context: ConnectionContext, { reference, naturalKey, from }: DocumentLookup): Promise<DocumentSnapshot | undefined> {
  const since = String(Math.floor((from.getTime() - dayMs) / 1000))
  for (const shelf of shelves) {
    const found = await search(context, `/invoices/${shelf}`, { 'created[gte]': since, ...(naturalKey.series !== undefined && naturalKey.series !== '' && shelf !== 'payment' && { series: naturalKey.series }) }, isOurs(reference, naturalKey))
    if (found === undefined) continue
    const snapshot = snapshotOf(context, found)
    return snapshot.fiscalId === undefined ? await get(context, snapshot.providerReference) : snapshot
  }
  return undefined
}

async function cancel (context: ConnectionContext, { providerReference, reference, fiscalId, motive, substitute }: CancelDocumentInput): Promise<DocumentSnapshot> {
  const { data } = await call(context, 'DELETE', `/invoices/${id(providerReference)}`, { body: { motive, ...(substitute !== undefined && { replacement: substitute }) } })
  const { status } = (data ?? {}) as { status?: unknown }
  const known = typeof status === 'string' ? statuses[status.toLowerCase()] : undefined
  // Taken, whatever it says: done it is when the SAT has done it.
  return {
    providerReference, reference, fiscalId, messages: [],
    status: known === 'cancel_pending_acceptance' || known === 'cancel_rejected' ? known : 'cancel_requested',
    providerStatus: typeof status === 'string' && status !== '' ? status : 'accepted'
  }
}

/** The files lie elsewhere, at addresses that hold their own permission: the key is not sent there. */
async function download (context: ConnectionContext, providerReference: string, format: 'xml' | 'pdf'): Promise<Uint8Array> {
  const { data } = await call(context, 'GET', `/invoices/${id(providerReference)}/files`)
  const told = (data as Record<string, unknown> | undefined)?.[format]
  if (typeof told !== 'string' || told === '') throw unreadable()
  if (!/^https?:\/\//.test(told)) return told.startsWith('<') ? Buffer.from(told, 'utf8') : Buffer.from(told, 'base64')
  if (![context.origin(), context.origin('files'), context.origin('more_files')].includes(new URL(told).origin)) {
    throw new ProviderError({ code: 'permission_denied', reached: 'answered', providerCode: 'file_elsewhere', providerMessage: `the file lies at ${new URL(told).origin}` })
  }
  const response = await context.http({ method: 'GET', url: told, maxBytes: 20 * 1024 * 1024 })
  const error = errorOfStatus(response, context.now())
  if (error !== undefined) throw error
  return response.body
}

interface Sale { idempotencyKey: string, reference: string, model: Invoice }
interface WireReceipt { id: string, url: string, validUntil: number, valid_until: number, metadata: Record<string, unknown> | null }

/** The receipt of a sale, made once: one that bears our reference is that one. */
async function receiptOf (context: ConnectionContext, { idempotencyKey: key, reference, model }: Sale): Promise<Partial<WireReceipt>> {
  const since = String(Math.floor((context.now().getTime() - 60 * dayMs) / 1000))
  const there = await search(context, '/receipts', { 'created[gte]': since }, ({ metadata }) => (metadata as Record<string, unknown> | null | undefined)?.[referenceKey] === reference)
  const receipt = there ?? (await call(context, 'POST', '/receipts', { body: receiptBody(context, model, { key, reference }) })).data
  const { id: made } = (receipt ?? {}) as Partial<WireReceipt>
  if (typeof made !== 'string') throw unreadable()
  return receipt as Partial<WireReceipt>
}

async function selfInvoice (context: ConnectionContext, sale: Sale): Promise<{ url: string, expiresAt?: Date }> {
  const { url, validUntil, valid_until: snake } = await receiptOf(context, sale)
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) throw unreadable()
  const until = validUntil ?? snake
  return { url, ...(typeof until === 'number' && { expiresAt: new Date(until < 1e12 ? until * 1000 : until) }) }
}

/** Left alone it goes into Gigstack's global invoice of the month. */
async function registerSale (context: ConnectionContext, sale: Sale): Promise<{ providerReference: string }> {
  return { providerReference: (await receiptOf(context, sale)).id! }
}

/** Of a client that is kept at Gigstack, which is made where there is none. */
async function checkCustomer (context: ConnectionContext, { taxId, name, postalCode, regime }: { taxId: string, name: string, postalCode: string, regime: string }): Promise<CustomerCheck> {
  const { data } = await call(context, 'GET', '/clients/search', { query: { q: taxId } })
  const there = (Array.isArray(data) ? data as Record<string, unknown>[] : []).find(client => client.tax_id === taxId && client.legal_name === name && client.tax_system === regime && (client.address as { zip?: unknown } | undefined)?.zip === postalCode)
  const client = typeof there?.id === 'string' ? there.id : await makeClient(context, { name, legal_name: name, tax_id: taxId, tax_system: regime, address: { country: 'MEX', zip: postalCode } })
  const { data: told } = await call(context, 'POST', `/clients/validate/${id(client)}`)
  const { is_valid: isValid, valid, message } = (told ?? {}) as { is_valid?: unknown, valid?: unknown, message?: unknown }
  const answer = isValid ?? valid
  if (typeof answer !== 'boolean') throw unreadable()
  return { ok: answer, matches: {}, ...(typeof message === 'string' && { message }) }
}

async function teamOf (context: ConnectionContext): Promise<{ id: string, name?: string, taxId?: string }> {
  const named = typeof context.settings.team === 'string' && context.settings.team !== '' ? context.settings.team : claimsOf(context.credentials.api_key ?? '').team
  const { data } = named === undefined ? await call(context, 'GET', '/teams', { query: { limit: '1' } }) : await call(context, 'GET', `/teams/${id(named)}`)
  const team = (Array.isArray(data) ? data[0] : data) as { id?: unknown, name?: unknown, legal_name?: unknown, tax_id?: unknown } | undefined
  if (typeof team?.id !== 'string') throw unreadable()
  const name = typeof team.legal_name === 'string' ? team.legal_name : team.name
  return { id: team.id, ...(typeof name === 'string' && { name }), ...(typeof team.tax_id === 'string' && { taxId: team.tax_id }) }
}

/** As a form with files, as Gigstack takes the FIEL. The same again replaces it. */
async function uploadCertificate (context: ConnectionContext, { certificate, key, passphrase }: CertificateUpload): Promise<{ number?: string, expiresAt?: Date }> {
  const team = await teamOf(context)
  const boundary = `pasarela-${randomBytes(16).toString('hex')}`
  const part = (name: string, content: Uint8Array | string, file?: string) => [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"\r\nContent-Type: application/octet-stream`}\r\n\r\n`), Buffer.from(content as Uint8Array), Buffer.from('\r\n')]
  const body = Buffer.concat([...part('cert', certificate, 'csd.cer'), ...part('key', key, 'csd.key'), ...part('password', passphrase), Buffer.from(`--${boundary}--\r\n`)])
  const { data } = await call(context, 'POST', `/teams/${id(team.id)}/sat-connection`, { raw: { body, type: `multipart/form-data; boundary=${boundary}` } })
  const { serial_number: number, expires_at: expires } = (data ?? {}) as { serial_number?: unknown, expires_at?: unknown }
  return { ...(typeof number === 'string' && { number }), ...(typeof expires === 'number' && { expiresAt: new Date(expires) }) }
}

function detectMode ({ api_key: key }: Readonly<Record<string, string>>): Mode | undefined {
  const { livemode } = claimsOf(key ?? '')
  return livemode === undefined ? undefined : livemode ? 'live' : 'test'
}

/** Reads the team of the key. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { id: team, name, taxId } = await teamOf(context)
  const mode = detectMode(context.credentials) ?? context.mode
  const who = [name ?? team, taxId].filter(Boolean).join(', ')
  return { account: { id: team, country: 'MX', ...(name !== undefined && { name }) }, mode, evidence: [{ es: `Gigstack reconoció al equipo ${who} (${mode === 'test' ? 'llave de pruebas' : 'llave real'}).`, en: `Gigstack recognised the team ${who} (${mode === 'test' ? 'test key' : 'live key'}).` }] }
}

/** The key in the header, webhook secrets in answers, private keys and passphrases in forms. */
function scrub (transcript: string, { api_key: key = '', webhook_secret: secret = '' }: Readonly<Record<string, string>>): string {
  const without = transcript
    .replace(/\b(bearer) [\w.-]+/gi, '$1 [redacted]')
    .replace(/("(?:secret|password)"\s*:\s*")(?:[^"\\]|\\.)*"/gi, '$1[redacted]"')
    .replace(/(name="(?:key|password)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)(?!\[redacted\])[\s\S]*?(?=\r\n--)/gi, '$1[redacted]')
  return [key, secret].reduce((text, value) => value.length < 6 ? text : [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)].reduce((inner, form) => inner.replaceAll(form, '[redacted]'), text), without)
}

/** Gigstack seals and stamps the model, invoices sales later, and some charges by itself. What is uncertain is in QUIRKS.md. */
export default defineAdapter({
  manifest,
  detectMode,
  test,
  invoicing: { seals: 'provider', issue, get, find, cancel, getCancellation: get, download, selfInvoice, registerSale, checkCustomer, uploadCertificate, invoicesChargesOf },
  webhooks,
  scrub
})
