import { sql } from 'kysely'
import { inTenant } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import { newUuid } from '../ids.ts'
import { sealBody } from './body.ts'
import { withoutCredentials, withoutToken } from './headers.ts'
import { countRefused } from './share.ts'
import type { HookTarget } from './targets.ts'

const keptBytes = 16 * 1024

/** Gives its id. Keeps what was refused, for support to see why: the newest N of a connection, each cut to 16 KiB. Nobody fills the disk. */
export async function storeRefused (hub: Hub, target: HookTarget, hook: { body: Buffer, headers: Record<string, string>, url: string, address: string }, reason: string): Promise<string> {
  const now = hub.now()
  const id = newUuid(now)
  const bodySealed = await sealBody(hub.vault, target.tenantId, id, hook.body.subarray(0, keptBytes))
  await inTenant(hub.db, target.tenantId, async db => {
    const { refused } = await db.insertInto('inbound_refused_counters')
      .values({ tenant_id: db.tenantId, connection_id: target.connectionId, refused: 1 })
      .onConflict(oc => oc.columns(['tenant_id', 'connection_id']).doUpdateSet({ refused: sql`inbound_refused_counters.refused + 1` }))
      .returning('refused').executeTakeFirstOrThrow()
    await countRefused(db, target, now)
    if (hub.config.inboundRefusedPerConnection === 0) return
    const row = {
      id,
      mode: target.mode,
      reason,
      body_sealed: bodySealed,
      body_bytes: hook.body.byteLength,
      headers: JSON.stringify(keep(withoutCredentials(hook.headers))),
      url: storable(withoutToken(hook.url)).slice(0, 2000),
      address: hook.address,
      received_at: now
    }
    await db.insertInto('inbound_refused')
      .values({ tenant_id: db.tenantId, connection_id: target.connectionId, slot: refused % hub.config.inboundRefusedPerConnection, ...row })
      .onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'slot']).doUpdateSet(row))
      .execute()
  })
  return id
}

/** As many as fit, and nothing that PostgreSQL's jsonb refuses. */
function keep (headers: Record<string, string>): Record<string, string> {
  let left = keptBytes
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => {
    left -= name.length + value.length
    return left < 0 ? [] : [[name, storable(value)]]
  }))
}
