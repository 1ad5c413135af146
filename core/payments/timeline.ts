import type { Access } from '../access/principal.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import { findOrThrow } from './service.ts'

export interface TimelineEntry {
  at: string
  kind: 'attempt' | 'operation' | 'webhook' | 'event' | 'change'
  id: string
  what: string
  detail: Record<string, unknown>
}

/** All that happened to a payment, its refunds and disputes, and the page that it came of, in order: what was asked, what came in, what changed, and who did it. */
export async function paymentTimeline (hub: Hub, access: Access, publicPaymentId: string): Promise<{ data: TimelineEntry[] }> {
  const id = uuidOf('payment', publicPaymentId)
  const entries = await inTenant(hub.db, access.tenantId, async db => {
    const payment = await findOrThrow(db, access, id)
    const refunds = await queries.listRefunds(db, id)
    const disputes = await queries.listDisputeIds(db, id)
    // A page made this one payment; a link or a subscription makes many, and theirs is another story.
    const page = payment.origin_type === 'checkout_session' ? [payment.origin_id!] : []
    const subjects = [id, ...refunds.map(refund => refund.id), ...disputes, ...page]
    const names = [publicId('payment', id), ...refunds.map(refund => publicId('refund', refund.id)), ...disputes.map(dispute => publicId('dispute', dispute)), ...page.map(session => publicId('checkout_session', session))]
    const attempts = await queries.listAttempts(db, id)
    const operations = await queries.listSubjectOperations(db, [...subjects, ...attempts.map(attempt => attempt.id)])
    const webhooks = await queries.listSubjectWebhooks(db, subjects)
    const events = await queries.listSubjectEvents(db, subjects)
    const changes = await queries.listSubjectChanges(db, names)
    return [
      ...attempts.map(row => ({ at: row.created_at, kind: 'attempt' as const, id: publicId('attempt', row.id), what: `attempt ${row.number}: ${row.status}`, detail: { number: row.number, status: row.status, connection: publicId('connection', row.connection_id), provider_reference: row.provider_reference, error: row.error } })),
      ...operations.map(row => ({ at: row.started_at, kind: 'operation' as const, id: publicId('operation', row.id), what: `${row.kind}: ${row.outcome}`, detail: { outcome: row.outcome, error_code: row.error_code, provider_code: row.provider_code, http_status: row.http_status, duration_ms: row.duration_ms } })),
      ...webhooks.map(row => ({ at: row.received_at, kind: 'webhook' as const, id: publicId('inbound', row.id), what: `${row.event_type}: ${row.status}`, detail: { verdict: row.verdict, status: row.status, reason: row.reason } })),
      ...events.map(row => ({ at: row.created_at, kind: 'event' as const, id: publicId('event', row.id), what: row.type, detail: row.data as Record<string, unknown> })),
      ...changes.map(row => ({ at: row.created_at, kind: 'change' as const, id: publicId('audit', row.id), what: row.action, detail: { actor: row.actor_id, ...(row.detail as object) } }))
    ]
  })
  // UUIDv7 inside the ids keeps what happened in one millisecond in order.
  const order = (entry: { id: string }) => entry.id.slice(entry.id.indexOf('_') + 1)
  return {
    data: entries.sort((a, b) => a.at.getTime() - b.at.getTime() || (order(a) < order(b) ? -1 : 1)).map(entry => ({ ...entry, at: entry.at.toISOString() }))
  }
}
