import { type ConnectionContext, errorOfStatus, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

export interface Request {
  query?: Readonly<Record<string, string>>
  body?: unknown
  /** Instead of `body`: as it is sent, with its type. */
  raw?: { body: Uint8Array, type: string }
}

/** The envelope of every success. */
export interface Envelope {
  data: unknown
  next?: string | null
  has_more?: boolean
}

/** One call of API v2. Throws for everything that is no success. */
export async function call (context: ConnectionContext, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, { query = {}, body, raw }: Request = {}): Promise<Envelope> {
  const search = new URLSearchParams({ ...query, ...(context.settings.team !== '' && typeof context.settings.team === 'string' && { team: context.settings.team }) }).toString()
  const response = await context.http({
    method,
    url: `${context.origin()}/v2${path}${search === '' ? '' : `?${search}`}`,
    headers: { authorization: `Bearer ${context.credentials.api_key ?? ''}`, accept: 'application/json', ...(raw !== undefined ? { 'content-type': raw.type } : body !== undefined && { 'content-type': 'application/json' }) },
    ...(raw !== undefined ? { body: raw.body } : body !== undefined && { body: JSON.stringify(body) }),
    maxBytes: 20 * 1024 * 1024
  })
  const general = errorOfStatus(response, context.now())
  if (general === undefined) {
    const envelope = jsonOf(response)
    if (typeof envelope !== 'object' || envelope === null) throw unreadable()
    return envelope as Envelope
  }
  if (general.reached !== 'answered') throw general
  const told = refusalIn(() => jsonOf(response))
  throw new ProviderError({
    code: manifest.errors[told.code] ?? general.code, reached: told.code === 'rate_limit_exceeded' ? 'nowhere' : 'answered', httpStatus: response.status,
    ...(told.code !== '' && { providerCode: told.code }), ...(told.message !== '' && { providerMessage: told.message }), ...(told.field !== undefined && { param: told.field })
  })
}

/** `{message, error}`, where the error is a code, or an object with the code, a sentence and details. */
function refusalIn (read: () => unknown): { code: string, message: string, field?: string } {
  let body: { message?: unknown, error?: unknown }
  try {
    body = read() as typeof body
  } catch {
    return { code: '', message: '' }
  }
  const error = typeof body?.error === 'object' && body.error !== null ? body.error as { code?: unknown, message?: unknown, details?: unknown } : { code: body?.error }
  const details = detailsOf(error.details)
  const message = [typeof error.message === 'string' ? error.message : typeof body?.message === 'string' ? body.message : '', ...details.map(({ text }) => text)].filter(text => text !== '').join('; ')
  return { code: typeof error.code === 'string' ? error.code : '', message, ...(details[0]?.field !== undefined && { field: details[0].field }) }
}

function detailsOf (details: unknown): { field?: string, text: string }[] {
  const all = Array.isArray(details) ? details : details === undefined || details === null ? [] : [details]
  return all.map(each => {
    if (typeof each !== 'object' || each === null) return { text: String(each) }
    const { field, path, message } = each as { field?: unknown, path?: unknown, message?: unknown }
    const place = typeof field === 'string' ? field : typeof path === 'string' ? path : undefined
    return { ...(place !== undefined && { field: place }), text: [place, typeof message === 'string' ? message : JSON.stringify(each)].filter(Boolean).join(': ') }
  })
}

/** What it answered is none of its answers, so it may hide a success. */
export function unreadable (): ProviderError {
  return new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
}

/** A list is bounded; one that does not end there proves nothing. */
const maxPages = 20

/** Looks through a list, newest first, until `wanted`. Throws when the list is longer than anybody looks. */
export async function search (context: ConnectionContext, path: string, query: Readonly<Record<string, string>>, wanted: (item: Record<string, unknown>) => boolean): Promise<Record<string, unknown> | undefined> {
  let next: string | undefined
  for (let page = 0; page < maxPages; page++) {
    const { data, next: after, has_more: more } = await call(context, 'GET', path, { query: { limit: '100', ...query, ...(next !== undefined && { next }) } })
    if (!Array.isArray(data)) throw unreadable()
    const found = (data as Record<string, unknown>[]).find(wanted)
    if (found !== undefined) return found
    if (more !== true || typeof after !== 'string' || after === next) return undefined
    next = after
  }
  throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: 'list_too_long' })
}

/** What a key says of itself: it is a JWT. Nothing is verified: Gigstack does that. */
export function claimsOf (key: string): { livemode?: boolean, team?: string } {
  if (/^sk_test/.test(key)) return { livemode: false }
  try {
    const claims = JSON.parse(Buffer.from(key.split('.')[1] ?? '', 'base64url').toString()) as { livemode?: unknown, team?: unknown, key_id?: unknown }
    const livemode = typeof claims.livemode === 'boolean' ? claims.livemode : typeof claims.key_id === 'string' && claims.key_id.includes('test') ? false : undefined
    return { ...(livemode !== undefined && { livemode }), ...(typeof claims.team === 'string' && { team: claims.team }) }
  } catch {
    return {}
  }
}
