import type { Kysely } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { type CompiledRules, compileRules } from '../routing/engine.ts'
import { findRulesSince } from '../routing/queries.ts'
import { type Breaker, type BreakerLimits, breakerOf, createProbes, type Seen } from './breaker.ts'
import { type KnownConnection, loadConnections } from './open.ts'

/** What a connection is chosen from: one tenant's, in one mode. */
export interface Usable {
  /** Oldest first, the disabled ones too. */
  connections: readonly KnownConnection[]
  byId: ReadonlyMap<string, KnownConnection>
  rules: CompiledRules
  rulesVersion: number
}

export interface UsableConnections {
  /** What was usable a moment ago; undefined when it is not remembered. */
  recall: (tenantId: string, mode: Mode) => Usable | undefined
  /** Asks the database, and remembers. */
  load: (tenantId: string, mode: Mode) => Promise<Usable>
  forget: (tenantId: string) => void
  breaker: (seen: Seen) => Breaker
  /** For a connection whose breaker is half-open: true for the one caller that may try it. */
  claimProbe: (connectionId: string) => boolean
  /** A call on it has ended, well or badly. */
  probeEnded: (connectionId: string) => void
}

export interface UsableDeps {
  db: Kysely<Database>
  now: () => Date
  breaker: BreakerLimits
  /** Told of a connection that has failed: its next success is news. */
  troubled: (connectionId: string) => void
}

const rememberMs = 10_000
/** Tenants and rules together: what is remembered is bounded by its size. */
const rememberAtMost = 100_000
/** A probe that nobody ended (a process of this time stood still) does not keep the others away for longer. */
const probeMs = 60_000

/**
 * Remembers a tenant's connections and rules for seconds. It is only a hint: a refusal is never given on it, and the intent is
 * written only if the chosen connection is still enabled and at the remembered version.
 */
export function createUsableConnections ({ db, now, breaker, troubled }: UsableDeps): UsableConnections {
  const known = new Map<string, { usable: Usable, until: number }>()
  /** Outlives what is remembered: a version of the rules never changes. */
  const compiled = new Map<string, Pick<Usable, 'rules' | 'rulesVersion'>>()
  const asking = new Map<string, Promise<Usable>>()
  const probes = createProbes({ now, leaseMs: probeMs })
  let size = 0
  let compiledSize = 0
  const nameOf = (tenantId: string, mode: Mode) => `${tenantId}:${mode}`

  async function ask (tenantId: string, mode: Mode): Promise<Usable> {
    const before = compiled.get(nameOf(tenantId, mode)) ?? noRules
    const { connections, list } = await inTenant(db, tenantId, async db => ({ connections: await loadConnections(db, mode), list: await findRulesSince(db, mode, before.rulesVersion) }), { accessMode: 'read only' })
    for (const { id, failuresInRow } of connections) if (failuresInRow > 0) troubled(id)
    const rules = list === undefined ? before : { rules: compileRules(list.rules), rulesVersion: list.version }
    return { connections, byId: new Map(connections.map(connection => [connection.id, connection])), ...rules }
  }

  function drop (name: string): void {
    asking.delete(name)
    const entry = known.get(name)
    if (entry === undefined) return
    size -= weightOf(entry.usable)
    known.delete(name)
  }

  function remember (name: string, usable: Usable): void {
    drop(name)
    if (size >= rememberAtMost) {
      known.clear()
      size = 0
    }
    known.set(name, { usable, until: now().getTime() + rememberMs })
    size += weightOf(usable)
    if (compiled.get(name)?.rules === usable.rules) return
    if (compiledSize >= rememberAtMost) {
      compiled.clear()
      compiledSize = 0
    }
    compiledSize += weightOfRules(usable.rules) - (compiled.has(name) ? weightOfRules(compiled.get(name)!.rules) : 0)
    compiled.set(name, { rules: usable.rules, rulesVersion: usable.rulesVersion })
  }

  return {
    recall (tenantId, mode) {
      const entry = known.get(nameOf(tenantId, mode))
      return entry !== undefined && entry.until > now().getTime() ? entry.usable : undefined
    },
    async load (tenantId, mode) {
      const name = nameOf(tenantId, mode)
      const underWay = asking.get(name)
      if (underWay !== undefined) return await underWay
      const asked = ask(tenantId, mode)
      asking.set(name, asked)
      try {
        const usable = await asked
        // Changed while we asked: what was read may be old already.
        if (asking.get(name) === asked) remember(name, usable)
        return usable
      } finally {
        if (asking.get(name) === asked) asking.delete(name)
      }
    },
    forget (tenantId) {
      drop(nameOf(tenantId, 'test'))
      drop(nameOf(tenantId, 'live'))
    },
    breaker: seen => breakerOf(seen, breaker, now()),
    claimProbe: probes.claim,
    probeEnded: probes.ended
  }
}

const noRules = { rules: compileRules([]), rulesVersion: 0 }
const weightOfRules = ({ rules }: CompiledRules): number => 1 + rules.length
const weightOf = ({ rules, connections }: Usable): number => weightOfRules(rules) + connections.length
