import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Rule } from './engine.ts'

/** A tenant's list for one mode; version 0 while none was written. */
export interface RuleList {
  version: number
  rules: readonly Rule[]
  updatedAt: Date | null
}

const none: RuleList = { version: 0, rules: [], updatedAt: null }

/** Undefined when the newest list is the one of `known`: a thousand rules are not read again for nothing. */
export async function findRulesSince (db: TenantDb, mode: Mode, known: number): Promise<RuleList | undefined> {
  const row = await db.selectFrom('routing_rules').select(['version', 'updated_at', sql<Rule[] | null>`case when version <> ${known} then rules end`.as('rules')]).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).executeTakeFirst()
  if (row === undefined) return known === 0 ? undefined : none
  return row.rules === null ? undefined : { version: row.version, rules: row.rules, updatedAt: row.updated_at }
}

export async function findRules (db: TenantDb, mode: Mode): Promise<RuleList> {
  const row = await db.selectFrom('routing_rules').select(['version', 'rules', 'updated_at']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).executeTakeFirst()
  return row === undefined ? none : { version: row.version, rules: row.rules as unknown as Rule[], updatedAt: row.updated_at }
}

/** Writes the whole list over the one of `version`; undefined, and nothing written, when that is not the newest any more. */
export async function replaceRules (db: TenantDb, mode: Mode, version: number, rules: readonly Rule[], now: Date): Promise<RuleList | undefined> {
  const written = JSON.stringify(rules)
  const row = version === 0
    ? await db.insertInto('routing_rules').values({ tenant_id: db.tenantId, mode, version: 1, rules: written, created_at: now, updated_at: now })
      .onConflict(oc => oc.columns(['tenant_id', 'mode']).doNothing()).returning('version').executeTakeFirst()
    : await db.updateTable('routing_rules').set({ version: sql`version + 1`, rules: written, updated_at: now })
      .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('version', '=', version).returning('version').executeTakeFirst()
  if (row === undefined) return undefined
  // As with connections: every process forgets what it remembers of this tenant. Ids only, NOTIFY is not under RLS.
  await sql`select pg_notify('connection_changed', ${`${db.tenantId}:routing`})`.execute(db)
  return { version: row.version, rules, updatedAt: now }
}
