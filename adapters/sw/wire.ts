import { randomBytes } from 'node:crypto'
import { type ConnectionContext, errorOfStatus, type HttpResponse, jsonOf, ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

/** SW answers everything in one envelope, a refusal often with HTTP 400. Source: https://github.com/lunasoft/sw-sdk-php, read 2026-11-21. */
export interface Envelope {
  status: 'success' | 'error'
  message: string
  messageDetail: string
  data: Record<string, unknown> | undefined
  httpStatus: number
}

interface Request {
  /** `api` stamps and cancels; `storage` keeps and counts. */
  origin?: 'api' | 'storage'
  method?: 'GET' | 'POST'
  path: string
  token?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

/** One request. 5xx, and what is not SW's envelope, may hide that it acted: `unknown`. */
export async function call (context: ConnectionContext, { origin = 'api', method = 'POST', path, token, headers = {}, body }: Request): Promise<Envelope> {
  const response = await context.http({
    method,
    url: `${context.origin(origin)}${path}`,
    headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    maxBytes: 20 * 1024 * 1024,
    ...(body !== undefined && { body })
  })
  const general = errorOfStatus(response, context.now())
  if (general !== undefined && general.reached !== 'answered') throw general
  return envelopeOf(response) ?? throwUnreadable(general)
}

function envelopeOf (response: HttpResponse): Envelope | undefined {
  let told: unknown
  try {
    told = jsonOf(response)
  } catch {
    return undefined
  }
  const { status, message, messageDetail, data } = (told ?? {}) as Record<string, unknown>
  if (status !== 'success' && status !== 'error') return undefined
  const text = (value: unknown) => typeof value === 'string' ? value : ''
  return { status, message: text(message), messageDetail: text(messageDetail), data: typeof data === 'object' && data !== null ? data as Record<string, unknown> : undefined, httpStatus: response.status }
}

/** A 4xx of some gateway before SW is a refusal all the same; anything else nobody can read. */
function throwUnreadable (general: ProviderError | undefined): never {
  throw general ?? new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}

/** `AU2000 - El usuario…`, `307. El comprobante…`, `CFDI40102 - …`: the code stands before the sentence. */
export const codeOf = ({ message }: Envelope): string => /^\s*([A-Z]{2,8}\d{2,6}|\d{3})\b/.exec(message)?.[1] ?? ''

export const sentenceOf = ({ message, messageDetail }: Envelope): string => [message, messageDetail].filter(text => text !== '').join(' · ')

/** What SW says of the account or of itself; of the document it says the SAT's codes, and those are no error of a call. */
export function refusal (envelope: Envelope): ProviderError {
  const code = codeOf(envelope)
  const known: ProviderProblem | undefined = manifest.errors[code]
  // A token that is wrong or old is told without a code.
  const problem = known ?? (envelope.httpStatus === 401 || (code === '' && /token/i.test(envelope.message)) ? 'invalid_credentials' : 'invalid_request')
  return new ProviderError({
    code: problem, reached: problem === 'unknown' ? 'unknown' : 'answered', providerCode: code === '' ? String(envelope.httpStatus) : code, providerMessage: sentenceOf(envelope), httpStatus: envelope.httpStatus
  })
}

/** Whether the refusal is about the account or SW rather than about the document. */
export const isOfAccount = (error: ProviderError): boolean => !['invalid_request', 'duplicate'].includes(error.code)

/**
 * The token of the form, or one for two hours in exchange for user and password. Whatever goes wrong here, nothing was stamped:
 * an outcome that is not known is known to be nowhere.
 */
export async function tokenOf (context: ConnectionContext): Promise<string> {
  const { token, user = '', password = '' } = context.credentials
  if (token !== undefined && token !== '') return token
  if (user === '' || password === '') throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', providerMessage: 'a token, or user and password' })
  try {
    const envelope = await call(context, { path: '/v2/security/authenticate', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password }) })
    if (envelope.status === 'error') throw refusal(envelope)
    const given = envelope.data?.token
    if (typeof given !== 'string' || given === '') throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', httpStatus: envelope.httpStatus })
    return given
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.reached === 'unknown') throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', cause: thrown, ...(thrown.httpStatus !== undefined && { httpStatus: thrown.httpStatus }) })
    throw thrown
  }
}

/** One file named `xml`, as SW's SDKs send it. */
export function xmlForm (xml: Uint8Array): Pick<Request, 'headers' | 'body'> {
  const boundary = `pasarela${randomBytes(16).toString('hex')}`
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="xml"; filename="xml"\r\nContent-Type: text/xml\r\n\r\n`
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body: Buffer.concat([Buffer.from(head), xml, Buffer.from(`\r\n--${boundary}--\r\n`)]) }
}
