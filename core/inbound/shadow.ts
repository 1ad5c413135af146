import { sql } from 'kysely'
import type { Verdict, Verification } from '../adapter/webhooks.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import type { HookTarget } from './targets.ts'

/** What a second verifier said of a delivery. It decides nothing. */
export interface ShadowSeen {
  scheme: string
  verdict: Verdict['verdict']
  reason: string | null
  /** Both let it pass, or both refuse it. */
  agrees: boolean
}

/** Lets the connection's second verifier look at what the first has judged. Undefined: none runs. It may fail in any way, and only that is told. */
export function lookBeside (target: Pick<HookTarget, 'adapter' | 'shadow'>, input: Verification, verdict: Verdict['verdict']): ShadowSeen | undefined {
  const { shadow: scheme } = target
  const { webhooks } = target.adapter
  if (scheme === null || webhooks === 'provider-has-none' || !Object.hasOwn(webhooks.shadows ?? {}, scheme)) return undefined
  const seen = ((): Verdict => {
    try {
      return webhooks.shadows![scheme]!(input)
    } catch (error) {
      return { verdict: 'refused', reason: `it failed: ${error instanceof Error ? error.message : 'unknown'}` }
    }
  })()
  return { scheme, verdict: seen.verdict, reason: seen.verdict === 'refused' ? storable(seen.reason.slice(0, 300)) : null, agrees: (seen.verdict === 'refused') === (verdict === 'refused') }
}

/** Kept beside the event, and counted. A report that cannot be written changes nothing for the provider. */
export async function keepShadow (hub: Pick<Hub, 'db' | 'now' | 'log' | 'metrics'>, target: Pick<HookTarget, 'tenantId' | 'connectionId' | 'provider'>, eventId: string, seen: ShadowSeen): Promise<void> {
  hub.metrics.shadow.inc({ provider: target.provider, scheme: seen.scheme, agrees: seen.agrees ? 'yes' : 'no' })
  await inTenant(hub.db, target.tenantId, async db => {
    await db.insertInto('shadow_verdicts').values({ tenant_id: db.tenantId, id: eventId, connection_id: target.connectionId, scheme: seen.scheme, verdict: seen.verdict, reason: seen.reason, agrees: seen.agrees })
      .onConflict(oc => oc.columns(['tenant_id', 'id']).doNothing()).execute()
    const column = seen.agrees ? 'agreed' : 'differed'
    await db.insertInto('shadow_counters').values({ tenant_id: db.tenantId, connection_id: target.connectionId, scheme: seen.scheme, agreed: seen.agrees ? 1 : 0, differed: seen.agrees ? 0 : 1, since: hub.now() })
      .onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'scheme']).doUpdateSet({ [column]: sql`shadow_counters.${sql.ref(column)} + 1` })).execute()
  }).catch((error: unknown) => { hub.log.warn({ err: error }, 'a second verdict was not kept') })
}

/** Of an event's row, as JSON: null where no second verifier ran. */
export const shadowOf = (table: 'inbound_events' | 'inbound_refused') => sql<Omit<ShadowSeen, 'agrees'> & { agrees: boolean } | null>`(
  select jsonb_build_object('scheme', v.scheme, 'verdict', v.verdict, 'reason', v.reason, 'agrees', v.agrees)
  from shadow_verdicts v where v.tenant_id = ${sql.ref(`${table}.tenant_id`)} and v.id = ${sql.ref(`${table}.id`)})`.as('shadow')

export async function shadowSchemeOf (db: TenantDb, connectionId: string): Promise<string | null> {
  const row = await db.selectFrom('connections').select('shadow_scheme').where('tenant_id', '=', db.tenantId).where('id', '=', connectionId).executeTakeFirst()
  return row?.shadow_scheme ?? null
}
