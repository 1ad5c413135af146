/** What a statement of a migration would do to whoever works meanwhile, judged by its text and by which tables were there before. */

/** Tables that grow with every payment, invoice or webhook: to scan or to rewrite one takes minutes, under a lock that stops everybody. */
export const bigTables: ReadonlySet<string> = new Set([
  'audit_log', 'balance_transactions', 'customers', 'deliveries', 'documents', 'events', 'idempotency_keys', 'inbound_events', 'inbound_seen', 'invoices', 'operations', 'payment_attempts', 'payments', 'refunds', 'sales', 'timers'
])

export interface LintedStatement {
  sql: string
  /** The tables that were there when the migration began: those that it makes itself nobody uses yet. */
  existing: ReadonlySet<string>
}

/** Each finding as a sentence; none when the version before goes on working while the statement runs and after it. */
export function lintStatement ({ sql, existing }: LintedStatement): string[] {
  const text = sql.replace(/--[^\n]*/g, ' ').replace(/\s+/g, ' ').trim().toLowerCase()
  if (/^(create (or replace )?function|create trigger|do )/.test(text)) return []
  return splitTop(text, ';').flatMap(statement => {
    const [, table, rest] = /^alter table (?:if exists )?(?:only )?([\w."]+) (.*)$/.exec(statement) ?? []
    if (table !== undefined && rest !== undefined) return existing.has(bare(table)) ? splitTop(rest, ',').flatMap(action => lintAction(bare(table), action.trim())) : []
    const [, unique, concurrently, beforehand, indexed] = /^create (unique )?index (concurrently )?(if not exists )?(?:(?!on )[\w"]+ )?on (?:only )?([\w."]+)/.exec(statement) ?? []
    if (indexed !== undefined && (concurrently ?? beforehand) === undefined && existing.has(bare(indexed)) && bigTables.has(bare(indexed))) {
      return [`builds ${unique === undefined ? 'an' : 'a unique'} index on ${bare(indexed)}, which nobody can write to meanwhile: say IF NOT EXISTS, so that it can be built beforehand (docs/operating.md)`]
    }
    const [, dropped] = /^drop table (?:if exists )?([\w."]+)/.exec(statement) ?? []
    if (dropped !== undefined && existing.has(bare(dropped))) return [`drops ${bare(dropped)}, which the version before reads`]
    const [, changed] = /^(?:update|delete from) ([\w."]+)/.exec(statement) ?? []
    if (changed !== undefined && existing.has(bare(changed)) && bigTables.has(bare(changed)) && !/\blimit\b/.test(statement)) return [`changes all rows of ${bare(changed)} in one transaction`]
    const [, locked] = /^(?:lock table|truncate(?: table)?|cluster|vacuum full) ([\w."]+)/.exec(statement) ?? []
    if (locked !== undefined && existing.has(bare(locked))) return [`locks ${bare(locked)}`]
    return []
  })
}

function lintAction (table: string, action: string): string[] {
  if (/^add column\b/.test(action)) {
    const found: string[] = []
    const fallback = / default (.*)$/.exec(action)?.[1]
    if (/\bnot null\b/.test(action) && fallback === undefined) found.push(`adds a column to ${table} that must not be null and has no default: the version before cannot insert`)
    if (fallback !== undefined && /\b(gen_random_uuid|uuidv7|random|clock_timestamp|nextval)\b/.test(fallback)) found.push(`adds a column to ${table} with a default that differs from row to row: the table is rewritten`)
    if (/\bgenerated (always|by default) as\b/.test(action)) found.push(`adds a generated column to ${table}: the table is rewritten`)
    if (bigTables.has(table) && /\b(check|references|unique|primary key)\b/.test(action)) found.push(`adds a column with a constraint to ${table}: the table is scanned under a lock that stops everybody`)
    return found
  }
  if (/^alter (column )?[\w"]+ (set data )?type\b/.test(action)) return [`changes a column's type in ${table}: the table is rewritten`]
  if (/^alter (column )?[\w"]+ set not null/.test(action)) return [`requires a column of ${table}: the version before may leave it out, and the table is scanned`]
  if (/^drop column\b/.test(action)) return [`drops a column of ${table}, which the version before reads`]
  if (/^rename\b/.test(action)) return [`renames something of ${table}, which the version before knows by its name`]
  if (/^add (constraint|check|foreign key|unique|primary key|exclude)\b/.test(action) && bigTables.has(table) && !/\bnot valid\b|\busing index\b/.test(action)) return [`adds a constraint to ${table} that every row is checked for at once: add it NOT VALID, and validate it in the next migration`]
  return []
}

const bare = (name: string): string => name.replaceAll('"', '').replace(/^public\./, '')

/** Splits where no parenthesis and no quote is open. */
function splitTop (text: string, at: string): string[] {
  const parts = ['']
  let depth = 0
  let quoted = false
  for (const letter of text) {
    if (letter === "'") quoted = !quoted
    else if (!quoted && letter === '(') depth++
    else if (!quoted && letter === ')') depth--
    if (letter === at && depth === 0 && !quoted) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map(part => part.trim()).filter(part => part !== '')
}
