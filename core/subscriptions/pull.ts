import { ProviderError } from '../adapter/problems.ts'
import type { CycleSnapshot } from '../adapter/subscriptions.ts'
import type { OpenConnection, SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { recordedCall } from '../operations/call.ts'
import { requirePayments } from '../payments/plan.ts'
import { type Applied, applyCycles, applyFact, prepare, schedule } from './apply.ts'
import * as queries from './queries.ts'

const roundsAtMost = 3

/**
 * Asks the provider for the newest word on a subscription and applies the answer, with the cycles that nobody told us of. When
 * something was applied meanwhile the answer may be old, so it asks once more. Throws what the provider's call threw.
 */
export async function pullSubscription (hub: Hub, connection: SealedConnection, id: string, requestId: string, { cycles = false } = {}): Promise<Applied | undefined> {
  const { tenantId } = connection
  const opened = await hub.open(connection)
  const family = requirePayments(opened.adapter)
  if (family.getSubscription === undefined) return undefined
  for (let round = 0; round < roundsAtMost; round++) {
    const seen = (await inTenant(hub.db, tenantId, async db => await queries.findSubscription(db, id)))!
    const reference = seen.provider_reference
    if (reference === null) return undefined
    const result = await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'get_subscription', subjectId: id, requestId },
      async context => await family.getSubscription!(context, reference))
    if (!result.ok) throw result.error
    const prepared = await prepare(hub, tenantId, id, { type: 'pulled', snapshot: result.value, current: true })
    const applied = await inTenant(hub.db, tenantId, async db => {
      const row = (await queries.lockSubscription(db, id))!
      return await applyFact(hub, db, row, { ...prepared, fact: { type: 'pulled', snapshot: result.value, current: row.version === seen.version } })
    })
    if (applied.outcome.do === 'pull') continue
    if (applied.cycles === 'new' || cycles) await pullCycles(hub, opened, id, reference, requestId)
    return applied
  }
  throw new ProviderError({ code: 'conflict', reached: 'unknown', providerMessage: 'the subscription kept changing while the provider was asked' })
}

async function pullCycles (hub: Hub, opened: OpenConnection, id: string, providerReference: string, requestId: string): Promise<void> {
  const family = requirePayments(opened.adapter)
  if (family.listCycles === undefined) return
  const result = await recordedCall<CycleSnapshot[]>(hub, async work => await inTenant(hub.db, opened.tenantId, work), { connection: opened, kind: 'list_cycles', subjectId: id, requestId },
    async context => await family.listCycles!(context, providerReference))
  if (!result.ok) throw result.error
  await inTenant(hub.db, opened.tenantId, async db => {
    const row = (await queries.lockSubscription(db, id))!
    if (await applyCycles(hub, db, row, result.value.toReversed()) !== 'known') await schedule(hub, db, row)
  })
}
