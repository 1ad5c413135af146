import { sql } from 'kysely'
import { type NewAlert, raiseLasting } from '../alerts/raise.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'

/** Of an issuer, once a day: whether every peso taken is in exactly one lawful document or lawfully waiting. */
export const auditTimer = 'sales_audit'
const dayMs = 86_400_000
/** A document is made in moments; one that is not there after so long is missing. */
const makingMs = 3 * dayMs

export interface SaleFinding { kind: Extract<NewAlert['kind'], 'sale_without_document' | 'credit_note_missing' | 'document_without_payment'>, saleId: string, reason: string }

/** Breaks of the invariants that join money and documents, of one issuer. */
export async function findingsOf (db: TenantDb, issuerId: string, now: Date): Promise<SaleFinding[]> {
  const late = new Date(now.getTime() - makingMs)
  const { rows } = await sql<{ id: string, kind: SaleFinding['kind'], reason: string }>`
    with notes as (
      select n.sale_id, n.related_id, sum(n.total) as credited from invoices n
      where n.tenant_id = ${db.tenantId} and n.kind = 'credit_note' and n.sale_id is not null and n.status not in ('draft', 'rejected', 'canceled') group by 1, 2
    ), told as (
      select s.*, case when s.document in ('in_global', 'leaving_global') then g.invoice_id else s.invoice_id end as by_invoice
      from sales s left join global_invoices g on g.tenant_id = s.tenant_id and g.id = s.global_id
      where s.tenant_id = ${db.tenantId} and s.issuer_id = ${issuerId}
    ), seen as (
      select t.*, i.status as invoice_status, coalesce(n.credited, 0) as credited
      from told t left join invoices i on i.tenant_id = t.tenant_id and i.id = t.by_invoice
      left join notes n on n.sale_id = t.id and n.related_id = t.by_invoice
    )
    select id, 'sale_without_document' as kind, 'its document is not valid' as reason from seen
      where document = 'invoiced' and refunded < total and (invoice_status is null or invoice_status = 'canceled')
    union all select id, 'sale_without_document', 'its document is not made' from seen where document in ('invoicing', 'leaving_global') and updated_at < ${late}
    union all select id, 'sale_without_document', 'it is in a global invoice that is not made' from seen
      where document = 'in_global' and updated_at < ${late} and (invoice_status is null or invoice_status in ('rejected', 'canceled'))
    union all select id, 'sale_without_document', 'nobody said which' from seen where document = 'undecided' and status = 'paid' and requires_invoice is not null and updated_at < ${late}
    union all select id, 'sale_without_document', 'its time to wait is over' from seen
      where refunded < total and ((document = 'link' and link_expires_at < ${late}) or (document = 'correcting' and orphan_at < ${late}))
    union all select id, 'credit_note_missing', 'more is told than was kept' from seen
      where document in ('invoiced', 'in_global') and invoice_status in ('issued', 'cancel_rejected') and updated_at < ${new Date(now.getTime() - 3600_000)} and document_amount - credited > total - refunded
    union all select id, 'credit_note_missing', 'more was credited than went back' from seen
      where document in ('invoiced', 'in_global') and invoice_status in ('issued', 'cancel_rejected') and document_amount - credited < total - refunded
    union all select id, 'document_without_payment', 'it was not paid' from seen where paid_at is null and by_invoice is not null and invoice_status not in ('draft', 'rejected', 'canceled')
    union all select s.id, 'document_without_payment', 'it has two' from seen s join invoices o on o.tenant_id = s.tenant_id and o.sale_id = s.id
      where o.kind = 'invoice' and o.status not in ('draft', 'rejected', 'canceled') and (o.id <> s.by_invoice or s.by_invoice is null) and s.document <> 'undecided'`.execute(db)
  return rows.map(({ id, kind, reason }) => ({ saleId: id, kind, reason }))
}

/** Raises what it finds, every day. */
export async function auditSales (hub: Hub, tenantId: string, issuerId: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, auditTimer, issuerId, now, 10 * 60_000))
  if (claimed === undefined) return
  await inTenant(hub.db, tenantId, async db => {
    const issuer = await findIssuer(db, issuerId)
    if (issuer === undefined) return await clearTimer(db, auditTimer, issuerId)
    for (const { kind, saleId, reason } of await findingsOf(db, issuerId, now)) {
      await raiseLasting(db, now, { kind, severity: 'critical', mode: issuer.mode as Mode, subjectId: publicId('sale', saleId), detail: { reason } })
    }
    await retryTimer(db, auditTimer, issuerId, new Date(now.getTime() + dayMs))
  })
}
