import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import * as queries from './queries.ts'
import { AlertRules } from './schema.ts'

type Given = Required<AlertRules>
/** Thresholds with nothing left open, but for those that the operator's configuration fills. */
export type Rules = { [Rule in keyof Given]: Rule extends 'stamps_low' ? { enabled: boolean, left?: number, days?: number } : Required<Given[Rule]> }

/** What the schema says a rule is when nobody says otherwise: the one place where a default stands. */
export function withDefaults (given: AlertRules): Rules {
  return Object.fromEntries(Object.entries(AlertRules.properties).map(([name, rule]) => {
    const defaults = Object.entries((rule as unknown as { properties: Record<string, { default?: unknown }> }).properties).flatMap(([key, schema]) => schema.default === undefined ? [] : [[key, schema.default]])
    return [name, { ...Object.fromEntries(defaults), ...given[name as keyof AlertRules] }]
  })) as unknown as Rules
}

/** The thresholds of the tenant of the transaction. */
export async function loadRules (db: TenantDb, mode: Mode): Promise<Rules> {
  return withDefaults((await queries.findSettings(db, mode))?.settings as AlertRules | undefined ?? {})
}
