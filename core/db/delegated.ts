import { type RawBuilder, sql } from 'kysely'
import type { TenantDb } from './in-tenant.ts'

/** Whether the tenant delegates its buyers' fiscal data (`PUT /v1/sales_settings`): then it stays in no column in clear. `mode`: a value, or the column that holds it. */
export const delegates = (db: TenantDb, mode: string | RawBuilder<string>): RawBuilder<boolean> =>
  sql<boolean>`exists (select from sales_settings d where d.tenant_id = ${db.tenantId} and d.mode = ${mode} and d.settings ->> 'fiscal_data' = 'delegate')`
