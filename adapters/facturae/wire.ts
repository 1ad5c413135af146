import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { allAt, type ConnectionContext, errorOfStatus, type HttpResponse, jsonOf, ProviderError, readXml, textAt, type XmlNode } from '../../core/adapter/index.ts'

/** Who sends: the tenant, where it is an integrator itself, or the operator of this hub. */
export interface Integrator { key: KeyObject, certificate: X509Certificate }

/** Undefined where there is none. Throws `invalid_credentials` for a PEM that does not hold both, or whose parts do not belong together. */
export function integratorOf ({ credentials, operator }: Pick<ConnectionContext, 'credentials' | 'operator'>): Integrator | undefined {
  const pem = credentials.integrator_pem === undefined ? operator : Buffer.from(credentials.integrator_pem, 'base64').toString()
  if (pem === undefined) return undefined
  try {
    const key = createPrivateKey(pem)
    const certificate = new X509Certificate(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0] ?? '')
    if (key.asymmetricKeyType === 'rsa' && certificate.checkPrivateKey(key)) return { key, certificate }
  } catch {} // told below
  throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', providerMessage: 'the PEM must hold an RSA certificate and its private key' })
}

/** At most five minutes are allowed; our clock may be ahead. */
const tokenSeconds = 240

/** JWT, RS256: the certificate's PEM body in `x5c`, its SHA-1 as the user (manual v2.0.0, §2.3). */
export function tokenOf ({ key, certificate }: Integrator, now: Date): string {
  const body = certificate.raw.toString('base64')
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Math.floor(now.getTime() / 1000)
  const content = `${part({ alg: 'RS256', typ: 'JWT', x5c: [body] })}.${part({ username: createHash('sha1').update(body).digest('hex'), iat, exp: iat + tokenSeconds })}`
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`
}

type Json = Record<string, unknown>

/** One call; what is answered with 4xx comes back too, for the caller to tell a refusal of the document from one of the account. */
export async function call (context: ConnectionContext, integrator: Integrator, method: 'GET' | 'POST', path: string, body?: object): Promise<{ response: HttpResponse, json: Json }> {
  const response = await context.http({
    method,
    url: `${context.origin()}/providers${path}`,
    headers: { accept: 'application/json', authorization: `Bearer ${tokenOf(integrator, context.now())}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    maxBytes: 20 * 1024 * 1024
  })
  const error = errorOfStatus(response, context.now())
  if (error !== undefined && (response.status >= 500 || [401, 403, 404, 429].includes(response.status))) {
    if (response.status >= 500 || response.status === 429) throw error
    const [first] = messagesOf(tryJson(response))
    throw new ProviderError({ code: error.code, reached: 'answered', httpStatus: response.status, providerCode: first?.code ?? String(response.status), providerMessage: first?.message ?? '' })
  }
  const json = jsonOf(response)
  if (typeof json !== 'object' || json === null) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
  return { response, json: json as Json }
}

function tryJson (response: HttpResponse): Json {
  try {
    return jsonOf(response) as Json
  } catch {
    return {}
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
export const textIn = (value: unknown): string => typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** One error or a list of them, as they come. */
export function messagesOf (json: Json): { code: string, message: string }[] {
  const list = Array.isArray(json.errors) ? json.errors : isObject(json.error) ? [json.error] : [json]
  return list.filter(isObject).map(one => ({ code: textIn(one.code), message: textIn(one.message ?? one.description ?? one.detail) })).filter(({ code, message }) => code !== '' || message !== '')
}

export interface State { code: string, text: string }

/** `{code, name, reason}` of the handling or of the cancellation; the code alone where it is not an object, and the last of its history where it is a name. */
export function stateAt (json: Json, name: 'status' | 'cancellation'): State {
  const history = json[`${name}History`]
  const state = isObject(json[name]) || /^\d{4}$/.test(textIn(json[name])) || !Array.isArray(history) ? json[name] : history.at(-1) as unknown
  if (!isObject(state)) return { code: textIn(state), text: '' }
  return { code: textIn(state.code), text: [textIn(state.name ?? state.description), textIn(state.reason)].filter(text => text !== '').join(': ') }
}

export interface Outline {
  /** NIF, number and series: unique for an issuer. */
  batch: string
  number: string
  series: string
  /** Names public bodies, so it is FACe's. */
  isPublic: boolean
}

/** What of the signed document decides where it goes. */
export function outlineOf (sealed: Uint8Array): Outline {
  const root = readXml(Buffer.from(sealed).toString('utf8')).Facturae as XmlNode
  const header = (name: string): string => textAt(root, 'Invoices', 'Invoice', 'InvoiceHeader', name) ?? ''
  return {
    batch: textAt(root, 'FileHeader', 'Batch', 'BatchIdentifier') ?? '',
    number: header('InvoiceNumber'),
    series: header('InvoiceSeriesCode'),
    isPublic: allAt(root, 'Parties', 'BuyerParty', 'AdministrativeCentres', 'AdministrativeCentre').length > 0
  }
}
