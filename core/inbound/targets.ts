import { sql, type Kysely } from 'kysely'
import type { Adapter } from '../adapter/define.ts'
import type { Mode } from '../adapter/context.ts'
import type { AdapterRegistry } from '../adapter/registry.ts'
import { credentialSubject, withDefaults } from '../connections/open.ts'
import { hookTokenHash } from '../connections/service.ts'
import type { Database } from '../db/schema.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Vault } from '../vault/vault.ts'
import { shadowSchemeOf } from './shadow.ts'

/** What a hook token leads to: whose it is, and every secret that may verify what arrives. */
export interface HookTarget {
  tenantId: string
  connectionId: string
  mode: Mode
  provider: string
  adapter: Adapter
  settings: Record<string, unknown>
  secrets: { value: string, validUntil: number }[]
  /** The name of the second verifier that runs beside. */
  shadow: string | null
}

export interface HookTargets {
  /** undefined: nothing listens there. `anew`: what is remembered is not good enough. */
  find: (token: string, options?: { anew: boolean }) => Promise<HookTarget | undefined>
  /** A connection changed: what was remembered of it is old. */
  forget: (connectionId: string) => void
}

export interface HookedConnection { tenant_id: string, connection_id: string, provider: string, mode: Mode, settings: Record<string, unknown>, secrets: { name: string, version: number, sealed: string, valid_until: string | null }[] }

const rememberMs = 10_000
const rememberAtMost = 5000

/** Its secrets opened. One that does not open must not silence the others; when none does, nothing can be said of a signature, and it throws. */
export async function openTarget ({ db, vault, adapters }: { db: Kysely<Database>, vault: Pick<Vault, 'openText'>, adapters: AdapterRegistry }, row: HookedConnection): Promise<HookTarget | undefined> {
  const adapter = adapters.get(row.provider)
  if (adapter === undefined) return undefined
  const opened = await Promise.allSettled(row.secrets.map(async ({ name, version, sealed, valid_until: until }) => ({
    value: await vault.openText(row.tenant_id, credentialSubject(row.connection_id), name, sealed, version),
    validUntil: until === null ? Infinity : Date.parse(until)
  })))
  const secrets = opened.flatMap(result => result.status === 'fulfilled' ? [result.value] : [])
  const failed = opened.find(result => result.status === 'rejected')
  if (failed !== undefined && secrets.length === 0) throw failed.reason
  return { tenantId: row.tenant_id, connectionId: row.connection_id, mode: row.mode, provider: row.provider, adapter, settings: withDefaults(adapter, row.settings), secrets, shadow: await inTenant(db, row.tenant_id, async db => await shadowSchemeOf(db, row.connection_id), { accessMode: 'read only' }) }
}

/**
 * Remembers what a token leads to for seconds, secrets opened: a burst of one account's webhooks asks the database once.
 * A change is told to every process by NOTIFY; the few seconds are only the net below it. Unknown tokens are not
 * remembered, so guessing costs the guesser and fills nothing.
 */
export function createHookTargets ({ db, vault, adapters, now }: { db: Kysely<Database>, vault: Pick<Vault, 'openText'>, adapters: AdapterRegistry, now: () => Date }): HookTargets {
  const known = new Map<string, { target: HookTarget, until: number }>()
  const asking = new Map<string, Promise<HookTarget | undefined>>()
  let generation = 0
  const secretNames = JSON.stringify(Object.fromEntries(adapters.list().map(({ manifest }) => [manifest.id, manifest.webhooks?.secret ?? ''])))

  async function ask (token: string): Promise<HookTarget | undefined> {
    const asked = generation
    const { rows: [row] } = await sql<HookedConnection>`select * from gate.find_hook(${hookTokenHash(token)}, ${secretNames}::jsonb, ${now()})`.execute(db)
    const target = row && await openTarget({ db, vault, adapters }, row)
    if (target === undefined) return undefined
    // Changed while we asked: what was read may be old already.
    if (asked === generation) {
      if (known.size >= rememberAtMost) known.clear()
      known.set(token, { target, until: now().getTime() + rememberMs })
    }
    return target
  }

  return {
    async find (token, { anew } = { anew: false }) {
      const remembered = anew ? undefined : known.get(token)
      if (remembered !== undefined && remembered.until > now().getTime()) return remembered.target
      known.delete(token)
      const asked = asking.get(token) ?? ask(token).finally(() => asking.delete(token))
      asking.set(token, asked)
      return await asked
    },
    forget (connectionId) {
      generation++
      asking.clear()
      for (const [token, { target }] of known) if (target.connectionId === connectionId) known.delete(token)
    }
  }
}
