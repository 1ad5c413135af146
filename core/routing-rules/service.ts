import type { Access } from '../access/principal.ts'
import { isCurrency } from '../adapter/money.ts'
import { recordChange } from '../audit/record.ts'
import { loadConnections } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { type FieldError, HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { Match, Rule } from '../routing/engine.ts'
import { findRules, replaceRules, type RuleList } from '../routing/queries.ts'
import type { NewMatch, NewRule, PutRouting, Routing } from './schema.ts'

export async function getRouting (hub: Pick<Hub, 'db'>, access: Access): Promise<Routing> {
  return show(access, await inTenant(hub.db, access.tenantId, async db => await findRules(db, access.mode)))
}

/**
 * Writes the whole list, or nothing. `expected` is the version that the writer has read; when it is another by now, 409.
 * Throws a 400 that names every field that is wrong, as `rules[i].field`.
 */
export async function putRouting (hub: Pick<Hub, 'db' | 'adapters' | 'usable' | 'now'>, access: Access, given: PutRouting, expected: number | undefined): Promise<Routing> {
  const rules = storable(given.rules).map(normal)
  const list = await inTenant(hub.db, access.tenantId, async db => {
    const before = await findRules(db, access.mode)
    if (expected !== undefined && expected !== before.version) throw changedMeanwhile(before.version)
    const known = await loadConnections(db, access.mode)
    const families = new Map(known.map(({ id, provider }) => [publicId('connection', id), hub.adapters.get(provider)]))
    const errors = rules.flatMap((rule, index) => problemsOf(rule, families).map(({ path, message }) => ({ path: `rules[${index}].${path}`, message })))
    if (errors.length > 0) throw new HubError('request_invalid', { errors: errors.slice(0, 50) })
    const written = await replaceRules(db, access.mode, before.version, rules, hub.now())
    if (written === undefined) throw changedMeanwhile(before.version + 1)
    await recordChange(db, access, hub.now(), { action: 'routing.replaced', subjectType: 'routing', subjectId: access.mode, detail: { version: written.version, rules: rules.length, ...difference(before.rules, rules) } })
    return written
  })
  // Other processes hear of it; in this one the next payment already follows it.
  hub.usable.forget(access.tenantId)
  return show(access, list)
}

/** The version in `If-Match`: `"3"` or `3`; undefined where it says nothing, or any. */
export function versionOf (ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch.trim())?.[1]
  // What was never a version of ours is not the present one either.
  return version === undefined ? -1 : Number(version)
}

function changedMeanwhile (version: number): HubError {
  return new HubError('conflict', { detail: { es: `La lista cambió mientras tanto: ahora es la versión ${version}. Léala de nuevo.`, en: `The list was changed meanwhile: it is at version ${version} now. Read it again.` } })
}

const list = <T> (value: T | T[]): T[] => Array.isArray(value) ? value : [value]

/** Every list made out, so that what is stored, shown and compared has one shape. */
function normal (rule: NewRule, index: number): Rule {
  return {
    name: rule.name ?? `rule ${index + 1}`,
    enabled: rule.enabled ?? true,
    match: normalMatch(rule.match ?? {}),
    connections: rule.connections,
    failover: { on: rule.failover?.on ?? [] }
  }
}

function normalMatch ({ family, currency, country, method, amount, metadata, customer, issuer, series }: NewMatch): Match {
  return {
    ...(family !== undefined && { family }),
    ...(currency !== undefined && { currency: list(currency) }),
    ...(country !== undefined && { country: list(country) }),
    ...(method !== undefined && { method: list(method) }),
    ...(amount !== undefined && { amount }),
    ...(metadata !== undefined && { metadata: Object.fromEntries(Object.entries(metadata).map(([key, values]) => [key, list(values)])) }),
    ...(customer !== undefined && { customer: list(customer).map(name => name.toLowerCase()) }),
    ...(issuer !== undefined && { issuer: list(issuer) }),
    ...(series !== undefined && { series: list(series) })
  }
}

type Families = ReadonlyMap<string, { payments?: object, invoicing?: object } | undefined>

function problemsOf ({ match, connections }: Rule, known: Families): FieldError[] {
  const family = match.family ?? 'payments'
  const problems: FieldError[] = []
  for (const currency of match.currency ?? []) if (!isCurrency(currency)) problems.push({ path: 'match.currency', message: `${currency} is not an ISO 4217 currency` })
  const { min = 0, max = Infinity } = match.amount ?? {}
  if (min > max) problems.push({ path: 'match.amount', message: 'min is more than max' })
  if (family === 'invoicing' && match.method !== undefined) problems.push({ path: 'match.method', message: 'an invoice has no payment method to match' })
  if (family === 'payments' && match.issuer !== undefined) problems.push({ path: 'match.issuer', message: 'only a rule of family invoicing can name an issuer' })
  if (family === 'payments' && match.series !== undefined) problems.push({ path: 'match.series', message: 'only a rule of family invoicing can name a series' })
  for (const [index, connection] of connections.entries()) {
    const path = `connections[${index}]`
    // Another tenant's, one of the other mode and one that never was are the same: not there.
    if (!known.has(connection)) problems.push({ path, message: 'there is no such connection in this mode' })
    else if (known.get(connection)?.[family] === undefined) problems.push({ path, message: family === 'payments' ? 'it takes no payments' : 'it issues no invoices' })
  }
  return problems
}

/** What changed, by name, for who reads the audit log. */
function difference (before: readonly Rule[], after: readonly Rule[]): { added: string[], removed: string[], changed: string[], reordered: boolean } {
  const [old, now] = [before, after].map(rules => new Map(rules.map(rule => [rule.name, JSON.stringify(rule)]))) as [Map<string, string>, Map<string, string>]
  const most = 50
  const kept = [...now.keys()].filter(name => old.has(name))
  return {
    added: [...now.keys()].filter(name => !old.has(name)).slice(0, most),
    removed: [...old.keys()].filter(name => !now.has(name)).slice(0, most),
    changed: kept.filter(name => old.get(name) !== now.get(name)).slice(0, most),
    reordered: kept.join('\n') !== [...old.keys()].filter(name => now.has(name)).join('\n')
  }
}

function show ({ mode }: Access, { version, rules, updatedAt }: RuleList): Routing {
  return { object: 'routing', mode, version, rules: rules as unknown as Routing['rules'], updated_at: updatedAt?.toISOString() ?? null }
}
