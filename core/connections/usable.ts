import type { Kysely } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { loadUsable, type SealedConnection } from './open.ts'

export interface UsableConnections {
  /** What was usable a moment ago; undefined when it is not remembered. */
  recall: (tenantId: string, mode: Mode) => readonly SealedConnection[] | undefined
  /** Asks the database, and remembers. */
  load: (tenantId: string, mode: Mode) => Promise<readonly SealedConnection[]>
  forget: (tenantId: string) => void
}

const rememberMs = 10_000
const rememberAtMost = 5000

/**
 * Remembers a tenant's usable connections for seconds. It is only a hint: a refusal is never given on it, and the intent is
 * written only if the chosen connection is still enabled and at the remembered version.
 */
export function createUsableConnections ({ db, now }: { db: Kysely<Database>, now: () => Date }): UsableConnections {
  const known = new Map<string, { list: readonly SealedConnection[], until: number }>()
  const nameOf = (tenantId: string, mode: Mode) => `${tenantId}:${mode}`
  return {
    recall (tenantId, mode) {
      const entry = known.get(nameOf(tenantId, mode))
      return entry !== undefined && entry.until > now().getTime() ? entry.list : undefined
    },
    async load (tenantId, mode) {
      const list = await inTenant(db, tenantId, async db => await loadUsable(db, mode))
      if (known.size >= rememberAtMost) known.clear()
      known.set(nameOf(tenantId, mode), { list, until: now().getTime() + rememberMs })
      return list
    },
    forget (tenantId) {
      known.delete(nameOf(tenantId, 'test'))
      known.delete(nameOf(tenantId, 'live'))
    }
  }
}
