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

const lost = new WeakSet<Error>()

/** Notes that this error is a connection to the database that broke, or could not be made: nothing else about it says so. */
export function connectionLost (error: Error): void {
  lost.add(error)
}

/** Shut down by hand, after a crash, not up yet (class 57), or the connection itself (class 08). */
const awayCodes = /^(57P0[123]|08...)$/

/** The database is not there, or went away in the middle: whether the work was done is not known, and it may be begun again. */
export function isDatabaseAway (error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth++) {
    // pg's word for a second query on a connection that broke during the first.
    if (lost.has(each) || awayCodes.test(codeOf(each) ?? '') || each.message.endsWith('connection error and is not queryable')) return true
  }
  return false
}

/** The SQLSTATE of an error that PostgreSQL answered; undefined for every other error. */
export function codeOf (error: unknown): string | undefined {
  if (!(error instanceof Error)) return
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
