import { type ConnectionContext, errorOfStatus, jsonOf, ProviderError, textOf } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

/** What Facturama answered, where it did: 2xx, or a refusal whose body tells more than its status. */
export interface Answer {
  status: number
  /** Parsed; undefined for an empty body. */
  body: unknown
}

/** One call. Throws for an outage, a limit, and wrong credentials; a 400 or 404 is the caller's to read. */
export async function send (context: ConnectionContext, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
  const { username = '', password = '' } = context.credentials
  const response = await context.http({
    method,
    url: `${context.origin()}${path}`,
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    maxBytes: 20 * 1024 * 1024
  })
  const { status } = response
  if (status === 400 || status === 404) return { status, body: readable(() => jsonOf(response), textOf(response)) }
  const error = errorOfStatus(response, context.now())
  if (error !== undefined) throw error
  return { status, body: response.body.length === 0 ? undefined : jsonOf(response) }
}

/** A refusal in plain text is one too. */
function readable (read: () => unknown, text: string): unknown {
  try {
    return read()
  } catch {
    return { Message: text.slice(0, 500) }
  }
}

export interface Complaint { code: string, message: string }

/**
 * What is wrong, field by field: the sentence beside it ("La solicitud no es válida") says nothing. The code is the SAT's where
 * the text holds one, else the field.
 */
export function complaintsOf ({ body }: Answer): Complaint[] {
  const { Message, ModelState } = (body ?? {}) as { Message?: unknown, ModelState?: Record<string, unknown> }
  const told = Object.entries(ModelState ?? {}).flatMap(([field, messages]) => (Array.isArray(messages) ? messages : [messages]).map(message => ({ field, message: String(message) })))
  if (told.length === 0) return [{ code: satCode(String(Message)) ?? 'refused', message: String(Message ?? 'Facturama no dice por qué') }]
  return told.map(({ field, message }) => ({ code: satCode(message) ?? field, message: `${field}: ${message}` }))
}

const satCode = (text: string): string | undefined => /\b(?:CFDI\d{5}|CRP\d{5,6}|30[1-8]|401|402)\b/.exec(text)?.[0]

/** A refusal that says nothing about the document: of the account, its stamps, its certificates. The wording is not documented (QUIRKS.md). */
export function accountProblem (complaints: readonly Complaint[]): ProviderError | undefined {
  for (const { message } of complaints) {
    const code = /folios?\b.*(disponible|suficiente|agotad|restante)|sin folios|suscripci[oó]n/i.test(message) ? 'no_folios' : /\bCSD\b|sellos? digital/i.test(message) ? 'no_csd' : undefined
    if (code !== undefined) return new ProviderError({ code: manifest.errors[code]!, reached: 'answered', providerCode: code, providerMessage: message, httpStatus: 400 })
  }
  return undefined
}

/** A call that was refused, as an error. */
export function refusalOf (answer: Answer): ProviderError {
  const complaints = complaintsOf(answer)
  return accountProblem(complaints) ?? new ProviderError({
    code: answer.status === 404 ? 'not_found' : 'invalid_request', reached: 'answered', httpStatus: answer.status,
    providerCode: complaints[0]!.code, providerMessage: complaints.map(({ message }) => message).join('; ')
  })
}

/** The body of an answer that must be one; a refusal is thrown. */
export function told<T> (answer: Answer): Partial<T> {
  if (answer.status >= 400) throw refusalOf(answer)
  return (answer.body ?? {}) as Partial<T>
}

/** What it answered is none of its answers, so it may hide a success. */
export function unreadable (): ProviderError {
  return new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}
