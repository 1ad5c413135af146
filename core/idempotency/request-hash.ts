import { createHash } from 'node:crypto'

export interface RequestParts {
  method: string
  /** Path and query, as the caller wrote them. */
  url: string
  /** The parsed JSON body, before defaults are filled in; or bytes. */
  body: unknown
}

/**
 * What makes two requests the same. Of a JSON body the meaning counts, not the bytes: clients that repeat a request may
 * write its keys in another order, and what we act on is what we parsed.
 */
export function requestHash ({ method, url, body }: RequestParts): Buffer {
  const hash = createHash('sha256').update(`${method} ${url}\n`)
  if (body instanceof Uint8Array) hash.update('bytes\n').update(body)
  else if (typeof body === 'string') hash.update('text\n').update(body)
  else if (body !== undefined && body !== null) hash.update('json\n').update(canonical(body))
  return hash.digest()
}

function canonical (value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => isPlain(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1)) : item)
}

function isPlain (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
