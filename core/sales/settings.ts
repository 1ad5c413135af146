import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'
import type { PutSalesSettings, SalesSettings } from './settings-schema.ts'

export type { SalesSettings } from './settings-schema.ts'

const usual: Omit<SalesSettings, 'object' | 'mode'> = {
  payments: 'record',
  issuer: null,
  self_invoice: { days: 7, open_on_global_day: 'wait' },
  global_invoice: { automatic: true, periodicity: 'monthly', day: 1 },
  orphan_hours: 72,
  preflight: 'refuse',
  fiscal_data: 'keep',
  line: { description: 'Venta', product_key: '01010101', unit_key: 'ACT', taxes: [{ type: 'IVA', rate: '0.16' }] }
}

/** How the tenant wants its sales to end in documents: what it said, and the usual for the rest. */
export async function settingsOf (db: TenantDb, mode: Mode): Promise<SalesSettings> {
  const row = await db.selectFrom('sales_settings').select('settings').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).executeTakeFirst()
  return merged(mode, (row?.settings ?? {}) as PutSalesSettings)
}

const merged = (mode: Mode, said: PutSalesSettings): SalesSettings => ({
  object: 'sales_settings',
  mode,
  ...usual,
  ...said,
  self_invoice: { ...usual.self_invoice, ...said.self_invoice },
  global_invoice: { ...usual.global_invoice, ...said.global_invoice },
  line: { ...usual.line, ...said.line }
})

export async function getSettings (hub: Pick<Hub, 'db'>, access: Access): Promise<SalesSettings> {
  return await inTenant(hub.db, access.tenantId, async db => await settingsOf(db, access.mode))
}

/** Takes the place of what was said before; what is left out is as usual. */
export async function putSettings (hub: Pick<Hub, 'db' | 'now'>, access: Access, body: PutSalesSettings): Promise<SalesSettings> {
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    if (body.issuer != null) {
      const id = parseId('issuer', body.issuer)
      const issuer = id === undefined ? undefined : await findIssuer(db, id)
      if (issuer?.mode !== access.mode) throw invalidField('issuer', 'is no issuer of yours in this mode')
      if (body.global_invoice?.periodicity === 'bimonthly' && issuer.regime !== '621') throw invalidField('global_invoice.periodicity', 'bimonthly is for the régimen 621 alone')
    }
    await db.insertInto('sales_settings').values({ tenant_id: db.tenantId, mode: access.mode, settings: JSON.stringify(body), updated_at: now })
      .onConflict(oc => oc.columns(['tenant_id', 'mode']).doUpdateSet({ settings: JSON.stringify(body), updated_at: now })).execute()
    await recordChange(db, access, now, { action: 'sales_settings.changed', subjectType: 'tenant', subjectId: access.tenantId, detail: body })
    return merged(access.mode, body)
  })
}
