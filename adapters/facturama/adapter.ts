import {
  type CancelDocumentInput, type CertificateUpload, type ConnectionContext, type ConnectionTest, type CustomerCheck, defineAdapter, type DocumentInRegister, type DocumentLookup, type DocumentSnapshot, type DocumentStatus, type IssueInput, ProviderError
} from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { accountProblem, type Answer, complaintsOf, refusalOf, send, told, unreadable } from './http.ts'
import { bodyOf, whyNot } from './wire.ts'

const isWeb = ({ settings }: Pick<ConnectionContext, 'settings'>): boolean => settings.api === 'web'
/** Under which word its lists and files keep what this API made. */
const typeOf = (context: ConnectionContext): string => isWeb(context) ? 'issued' : 'issuedLite'

interface WireCfdi {
  Id: string
  Status: string
  Folio: string
  Serie: string
  Date: string
  RfcIssuer: string
  Uuid: string
  IsActive: boolean
  Complement: { TaxStamp?: { Uuid?: string } }
}

/** Hands over the model. A stamp is there only when its UUID is in the answer. */
async function issue (context: ConnectionContext, { model, reference }: IssueInput): Promise<DocumentSnapshot> {
  if (model === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const cannot = whyNot(context, model)
  if (cannot !== undefined) return rejected('unsupported', [{ code: 'unsupported', message: cannot }])
  const answer = await send(context, 'POST', isWeb(context) ? '/3/cfdis' : '/api-lite/3/cfdis', bodyOf(context, model))
  if (answer.status === 400) {
    const complaints = complaintsOf(answer)
    throwIf(accountProblem(complaints))
    return rejected('400', complaints)
  }
  return { ...snapshotOf(told<WireCfdi>(answer)), reference }
}

const rejected = (providerStatus: string, messages: DocumentSnapshot['messages']): DocumentSnapshot => ({ providerReference: '', status: 'rejected', providerStatus, messages })

function throwIf (error: ProviderError | undefined): void {
  if (error !== undefined) throw error
}

/** Facturama's words for a document of its own, and what they mean before the SAT has spoken. */
const statuses: Readonly<Record<string, DocumentStatus>> = {
  active: 'issued',
  // A cancellation that was taken is not one that the SAT made.
  canceled: 'cancel_requested',
  cancelled: 'cancel_requested',
  acepted: 'cancel_requested',
  accepted: 'cancel_requested',
  expired: 'cancel_requested',
  requested: 'cancel_pending_acceptance',
  pending: 'cancel_pending_acceptance',
  rejected: 'cancel_rejected'
}

function statusOf (word: string): DocumentStatus {
  const status = statuses[word.toLowerCase()]
  if (status === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: word })
  return status
}

function snapshotOf (cfdi: Partial<WireCfdi>): DocumentSnapshot {
  const uuid = cfdi.Complement?.TaxStamp?.Uuid ?? cfdi.Uuid
  if (typeof cfdi.Id !== 'string' || typeof uuid !== 'string' || uuid === '') throw unreadable()
  const word = cfdi.Status ?? (cfdi.IsActive === false ? 'canceled' : 'active')
  return { providerReference: cfdi.Id, fiscalId: uuid.toUpperCase(), status: statusOf(word), providerStatus: word, messages: [] }
}

async function get (context: ConnectionContext, providerReference: string): Promise<DocumentSnapshot> {
  const id = encodeURIComponent(providerReference)
  return snapshotOf(told<WireCfdi>(await send(context, 'GET', isWeb(context) ? `/cfdi/${id}?type=issued` : `/api-lite/cfdis/${id}`)))
}

/** Pages of a search by folio are few: it is bounded all the same. */
const maxPages = 20

/** By issuer, series and folio, cancelled ones too. */
async function find (context: ConnectionContext, { naturalKey: { issuerTaxId, series = '', number } }: DocumentLookup): Promise<DocumentSnapshot | undefined> {
  if (number === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'number' })
  const folio = /^\d{1,9}$/.test(number) ? String(Number(number)) : '-1'
  const query = { type: typeOf(context), status: 'all', folioStart: folio, folioEnd: folio, serie: series, ...(!isWeb(context) && { rfcIssuer: issuerTaxId }), ...(folio === '-1' && { keyword: number }) }
  const found: Partial<WireCfdi>[] = []
  for (let page = 0; page < maxPages; page++) {
    const answer = await send(context, 'GET', `/cfdi?${new URLSearchParams({ ...query, page: String(page) }).toString()}`)
    if (answer.status >= 400) throw refusalOf(answer)
    if (!Array.isArray(answer.body)) throw unreadable()
    const listed = answer.body as Partial<WireCfdi>[]
    found.push(...listed.filter(({ Serie, Folio, RfcIssuer }) => (Serie ?? '') === series && sameFolio(Folio, number) && (RfcIssuer ?? issuerTaxId) === issuerTaxId))
    if (listed.length === 0 || found.length > 0) break
  }
  const [first] = found
  if (first === undefined) return undefined
  const doubles = found.length > 1 ? [{ code: 'duplicate', message: `Facturama tiene ${found.length} documentos de ${issuerTaxId} con serie «${series}» y folio ${number}` }] : []
  return { ...snapshotOf(first), messages: doubles }
}

const sameFolio = (told: string | undefined, ours: string): boolean => told === ours || (/^\d+$/.test(told ?? '') && /^\d+$/.test(ours) && told!.replace(/^0+/, '') === ours.replace(/^0+/, ''))

/** The motive is always sent: left out, Facturama takes 02. */
async function cancel (context: ConnectionContext, { providerReference, reference, fiscalId, motive, substitute }: CancelDocumentInput): Promise<DocumentSnapshot> {
  const id = encodeURIComponent(providerReference)
  const query = new URLSearchParams({ ...(isWeb(context) && { type: 'issued' }), motive, uuidReplacement: substitute ?? '' }).toString()
  const { Status, Message, AcuseXmlBase64 } = told<{ Status: string, Message: string, AcuseXmlBase64: string }>(await send(context, 'DELETE', `${isWeb(context) ? '/cfdi' : '/api-lite/cfdis'}/${id}?${query}`))
  if (typeof Status !== 'string') throw unreadable()
  const status = statusOf(Status)
  // Still active: it was not taken.
  if (status === 'issued') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: Status, ...(Message !== undefined && { providerMessage: Message }) })
  return {
    providerReference, reference, fiscalId, status, providerStatus: Status,
    messages: Message === undefined || Message === '' ? [] : [{ code: Status, message: Message }],
    ...(typeof AcuseXmlBase64 === 'string' && AcuseXmlBase64 !== '' && { document: Buffer.from(AcuseXmlBase64, 'base64') })
  }
}

/** What Facturama keeps of it; when that says cancelled, the SAT's own word, asked through Facturama (a stamp each time). */
async function getCancellation (context: ConnectionContext, providerReference: string, { fiscalId, issuerTaxId, customerTaxId, total }: DocumentInRegister): Promise<DocumentSnapshot> {
  const kept = await get(context, providerReference)
  if (kept.status !== 'cancel_requested' || context.settings.ask_sat === false) return kept
  const query = new URLSearchParams({ uuid: fiscalId, issuerRfc: issuerTaxId, receiverRfc: customerTaxId, total }).toString()
  const { Status, IsCancelable } = told<{ Status: string, IsCancelable: string }>(await send(context, 'GET', `/cfdi/status/?${query}`))
  if (typeof Status !== 'string') throw unreadable()
  return {
    ...kept,
    status: Status.toLowerCase() === 'cancelado' ? 'canceled' : kept.status,
    providerStatus: `${kept.providerStatus}: ${Status}`,
    messages: [{ code: Status, message: IsCancelable ?? '' }]
  }
}

async function download (context: ConnectionContext, providerReference: string, format: 'xml' | 'pdf'): Promise<Uint8Array> {
  const { Content, ContentEncoding } = told<{ Content: string, ContentEncoding: string }>(await send(context, 'GET', `/cfdi/${format}/${typeOf(context)}/${encodeURIComponent(providerReference)}`))
  if (typeof Content !== 'string' || Content === '' || (ContentEncoding ?? 'base64').toLowerCase() !== 'base64') throw unreadable()
  return Buffer.from(Content, 'base64')
}

/** Against the SAT's list; costs a stamp. */
async function checkCustomer (context: ConnectionContext, { taxId, name, postalCode, regime }: { taxId: string, name: string, postalCode: string, regime: string }): Promise<CustomerCheck> {
  const answer = told<Record<'ExistRfc' | 'MatchName' | 'MatchZipCode' | 'MatchFiscalRegime', unknown>>(await send(context, 'POST', '/customers/validate', { Rfc: taxId, Name: name, ZipCode: postalCode, FiscalRegime: regime }))
  const yes = (value: unknown): boolean => String(value).toLowerCase() === 'true'
  const matches = { taxId: yes(answer.ExistRfc), name: yes(answer.MatchName), postalCode: yes(answer.MatchZipCode), regime: yes(answer.MatchFiscalRegime) }
  return { ok: Object.values(matches).every(Boolean), matches }
}

/** Of a new issuer it is added, of a known one replaced. What is on file is never read: that answer holds private keys. */
async function uploadCertificate (context: ConnectionContext, { certificate, key, passphrase, taxId }: CertificateUpload): Promise<{ number?: string, expiresAt?: Date }> {
  const csd = { Rfc: taxId, Certificate: base64(certificate), PrivateKey: base64(key), PrivateKeyPassword: passphrase }
  const answer = isWeb(context) ? await send(context, 'PUT', '/TaxEntity/UploadCsd', csd) : await addOrReplace(context, taxId, csd)
  const { SerialNumber, ExpirationDate } = told<{ SerialNumber: string, ExpirationDate: string }>(answer)
  const expiresAt = new Date(ExpirationDate ?? '')
  return { ...(typeof SerialNumber === 'string' && { number: SerialNumber }), ...(!Number.isNaN(expiresAt.getTime()) && { expiresAt }) }
}

async function addOrReplace (context: ConnectionContext, rfc: string, csd: object): Promise<Answer> {
  const added = await send(context, 'POST', '/api-lite/csds', csd)
  const isKnown = added.status === 400 && complaintsOf(added).some(({ message }) => /ya existe/i.test(message))
  return isKnown ? await send(context, 'PUT', `/api-lite/csds/${encodeURIComponent(rfc)}`, csd) : added
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

async function status (context: ConnectionContext): Promise<{ stampsLeft?: number }> {
  const { CurrentFolios } = told<{ CurrentFolios: string | number }>(await send(context, 'GET', '/SuscriptionPlan'))
  const left = Number(CurrentFolios ?? Number.NaN)
  return Number.isSafeInteger(left) ? { stampsLeft: left } : {}
}

/** Reads: the account's issuer (web), or a search that finds nothing (multi), because the list of its certificates holds private keys. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const user = context.credentials.username ?? ''
  const environment = context.mode === 'test' ? { es: 'el ambiente de pruebas', en: 'its sandbox' } : { es: 'producción', en: 'its live environment' }
  if (isWeb(context)) {
    const { Rfc, TaxName } = told<{ Rfc: string, TaxName: string }>(await send(context, 'GET', '/TaxEntity'))
    if (typeof Rfc !== 'string') throw unreadable()
    return { account: { id: Rfc, country: 'MX', ...(TaxName !== undefined && { name: TaxName }) }, mode: context.mode, evidence: [{ es: `Facturama reconoció al usuario ${user} en ${environment.es}; emite por ${Rfc}.`, en: `Facturama recognised the user ${user} in ${environment.en}; it issues for ${Rfc}.` }] }
  }
  const answer = await send(context, 'GET', '/cfdi?type=issuedLite&status=all&keyword=00000000-0000-0000-0000-000000000000')
  if (answer.status >= 400) throw refusalOf(answer)
  if (!Array.isArray(answer.body)) throw unreadable()
  return { account: { id: user, country: 'MX', name: user }, mode: context.mode, evidence: [{ es: `Facturama reconoció al usuario ${user} en ${environment.es} (API multiemisor).`, en: `Facturama recognised the user ${user} in ${environment.en} (multi-issuer API).` }] }
}

/** Password in the header, private keys in uploads and in what Facturama tells of them. */
function scrub (transcript: string, { password = '' }: Readonly<Record<string, string>>): string {
  const without = transcript.replace(/\b(basic) [\w+/]+=*/gi, '$1 [redacted]').replace(/("(?:PrivateKey|PrivateKeyPassword|PasswordSat)"\s*:\s*")(?:[^"\\]|\\.)*"/gi, '$1[redacted]"')
  if (password.length < 6) return without
  return [password, encodeURIComponent(password), JSON.stringify(password).slice(1, -1)].reduce((text, form) => text.replaceAll(form, '[redacted]'), without)
}

/** Facturama seals and stamps the model, with the CSD that was uploaded to it. What is uncertain is in QUIRKS.md. */
export default defineAdapter({
  manifest,
  detectMode: () => undefined,
  test,
  invoicing: { seals: 'provider', issue, get, find, cancel, getCancellation, download, checkCustomer, uploadCertificate, status },
  webhooks: 'provider-has-none',
  scrub
})
