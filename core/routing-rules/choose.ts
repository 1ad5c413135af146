import type { Adapter } from '../adapter/define.ts'
import { isCurrency } from '../adapter/money.ts'
import type { ProviderProblem } from '../adapter/problems.ts'
import { type KnownConnection, loadSealed } from '../connections/open.ts'
import type { Usable } from '../connections/usable.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId } from '../ids.ts'
import { type CompiledRule, matchingRules } from '../routing/engine.ts'
import { isOnlyNamed, type Refusal, refusalError, type Wanted, whyCannotTake } from './can-take.ts'
import { asksForIssuer, issuerNamed } from './issuer.ts'

type ChoiceHub = Pick<Hub, 'adapters' | 'db' | 'usable'>

export interface Candidate {
  connection: KnownConnection
  adapter: Adapter
}

/** Where it goes, and where it may go next. */
export interface Route {
  first: Candidate
  /** In the order in which they are tried, each only when it is proven that nothing was charged before. */
  next: Candidate[]
  /** Refusals after which the next one is tried. */
  failoverOn: readonly ProviderProblem[]
  /** The tenant's rule that says so; null: none does, or the caller named the connection. */
  rule: CompiledRule | null
  rulesVersion: number
}

/**
 * The connection that the caller named; or those of the first matching rule that can do it, in its order; or else the issuer's own,
 * where it is an invoice and that one can; or else the oldest that can (see `isOnlyNamed`). One whose breaker is open waits behind the others. What is remembered may choose, but it never refuses: before a 4xx is
 * given, which says what is in the way, the database is asked. Nothing is written.
 */
export async function chooseRoute (hub: ChoiceHub, tenantId: string, wanted: Wanted, { anew = false } = {}): Promise<Route> {
  if (wanted.currency !== undefined && !isCurrency(wanted.currency)) throw invalidField('currency', 'is not an ISO 4217 currency')
  if (anew) hub.usable.forget(tenantId)
  const remembered = hub.usable.recall(tenantId, wanted.mode)
  if (remembered !== undefined) {
    const route = routeIn(hub, remembered, wanted)
    if (!('refusal' in route)) return await ofIssuer(hub, tenantId, remembered, wanted, route)
  }
  const loaded = await hub.usable.load(tenantId, wanted.mode)
  const route = routeIn(hub, loaded, wanted)
  if (!('refusal' in route)) return await ofIssuer(hub, tenantId, loaded, wanted, route)
  throw (wanted.connection === undefined ? undefined : await whyNotNamed(hub, tenantId, wanted.connection, wanted)) ?? refusalError(route.refusal)
}

/** Where no rule decided, an invoice goes to its issuer's own connection, if that one can. */
export async function ofIssuer (hub: ChoiceHub, tenantId: string, usable: Usable, wanted: Wanted, route: Route): Promise<Route> {
  if (route.rule !== null || !asksForIssuer(wanted)) return route
  const issuer = await issuerNamed(hub.db, tenantId, wanted.mode, wanted.issuer)
  if (issuer?.connection === undefined) return route
  const own = routeIn(hub, usable, { ...wanted, connection: issuer.connection })
  return 'refusal' in own ? route : own
}

/** Without a claim on a connection that is half-open, and so without any effect. */
export function routeIn (hub: Pick<Hub, 'adapters' | 'usable'>, usable: Usable, wanted: Wanted, { dry = false } = {}): Route | { refusal: Refusal } {
  const { rulesVersion } = usable
  let refusal: Refusal | undefined
  const able = (connections: readonly KnownConnection[]): Candidate[] => connections.flatMap(connection => {
    const adapter = hub.adapters.get(connection.provider)
    const why = connection.enabled ? whyCannotTake(adapter, connection, wanted) : notUsable
    // Of a connection that is of another kind altogether there is nothing to say.
    if (why !== undefined && connection.enabled && adapter?.[wanted.family] !== undefined) refusal ??= why
    return why === undefined ? [{ connection, adapter: adapter! }] : []
  })
  if (wanted.connection !== undefined) {
    const named = usable.byId.get(parseId('connection', wanted.connection) ?? '')
    const [first] = named === undefined ? [] : able([named])
    return first === undefined ? { refusal: refusal ?? notUsable } : { first, next: [], failoverOn: [], rule: null, rulesVersion }
  }
  for (const rule of matchingRules(usable.rules, wanted)) {
    const [first, ...next] = byHealth(hub, able(rule.connectionIds.flatMap(id => usable.byId.get(id) ?? [])), dry)
    if (first !== undefined) return { first, next, failoverOn: rule.rule.failover.on, rule, rulesVersion }
  }
  refusal = undefined
  const offered = usable.connections.filter(({ provider }) => !isOnlyNamed(hub.adapters.get(provider), wanted))
  const [first] = byHealth(hub, able(offered), dry)
  // Nobody said that another account may take what the first one could not: no failover.
  return first === undefined ? { refusal: refusal ?? (offered.length < usable.connections.length ? onlyNamed : notUsable) } : { first, next: [], failoverOn: [], rule: null, rulesVersion }
}

const onlyNamed: Refusal = { code: 'connection_not_usable', path: 'connection', message: 'there is only your own bank, which is used where the method, a rule or the connection says so' }
const notUsable: Refusal = { code: 'connection_not_usable', path: 'connection', message: 'this tenant has no usable connection for it in this mode' }

/** Those that are well, in order, and behind them those whose breaker is open. The first of all when none is well. */
function byHealth ({ usable }: Pick<Hub, 'usable'>, candidates: readonly Candidate[], dry: boolean): Candidate[] {
  const states = new Map(candidates.map(candidate => [candidate, usable.breaker(candidate.connection).state]))
  const first = candidates.find(candidate => states.get(candidate) === 'closed' || (states.get(candidate) === 'half_open' && (dry || usable.claimProbe(candidate.connection.id)))) ?? candidates[0]
  if (first === undefined) return []
  const others = candidates.filter(candidate => candidate !== first)
  return [first, ...others.filter(candidate => states.get(candidate) !== 'open'), ...others.filter(candidate => states.get(candidate) === 'open')]
}

/** A connection that was named and is not usable: what is in its way. */
export async function whyNotNamed (hub: Pick<Hub, 'adapters' | 'db'>, tenantId: string, name: string, { mode, family }: Pick<Wanted, 'mode' | 'family'>): Promise<HubError | undefined> {
  const id = parseId('connection', name)
  const connection = id === undefined ? undefined : await inTenant(hub.db, tenantId, async db => await loadSealed(db, id))
  if (connection === undefined) return invalidField('connection', 'no such connection', 'connection_not_usable')
  if (connection.mode !== mode) return invalidField('connection', `is a ${connection.mode} connection, and this key is for ${mode}`, 'connection_not_usable')
  if (!connection.enabled) return invalidField('connection', 'is disabled', 'connection_not_usable')
  const adapter = hub.adapters.get(connection.provider)
  if (adapter === undefined) return new HubError('provider_unknown')
  return adapter[family] === undefined ? new HubError('capability_not_supported') : undefined
}
