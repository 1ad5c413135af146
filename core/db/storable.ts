/**
 * Text as PostgreSQL can keep it: without NUL, and without half a character (a surrogate that lost its other half), which
 * `text` and `jsonb` refuse. What is said to us over the wire passes here, so that no odd character undoes an answer.
 */
export function storable<T> (value: T): T {
  if (typeof value === 'string') return (value.includes('\0') ? value.replaceAll('\0', '') : value).toWellFormed() as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [storable(name), storable(inner)])) as T
}

/** Dates, bytes and the like are left as they are. */
function isPlain (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
