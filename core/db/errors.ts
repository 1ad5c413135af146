/** What a database error means. The codes: https://www.postgresql.org/docs/18/errcodes-appendix.html */

/** Two transactions met (serialization failure or deadlock): the same work, begun again, may well succeed. */
export function isSerializationFailure (error: unknown): boolean {
  const code = codeOf(error)
  return code === '40001' || code === '40P01'
}

/** A row with the same unique key exists; of the named constraint when one is named. */
export function isUniqueViolation (error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint
}

/** The SQLSTATE of an error that PostgreSQL answered; undefined for every other error. */
export function codeOf (error: unknown): string | undefined {
  if (!(error instanceof Error)) return
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
