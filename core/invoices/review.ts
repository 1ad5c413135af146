import type { Access } from '../access/principal.ts'
import type { DocumentSnapshot } from '../adapter/invoicing.ts'
import { recordChange } from '../audit/record.ts'
import type { OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { uuidOf } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { refusal } from '../operations/problem.ts'
import { applyFact } from './apply.ts'
import { told } from './issue.ts'
import { open } from './locked.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { ResolveInvoiceReview } from './schema.ts'

/**
 * A person ends what no question ends: FACe cannot be asked by number, an authority may lose what it took, a PAC may give back
 * another document. Whatever can be asked still is: an id that the provider does not know is refused, and what it gives is compared
 * as ever. On record with its reason. Throws `invalid_state`, a 400 that names `fiscal_id`, or the provider's own problem.
 */
export async function resolveReview (hub: Hub, access: Access, publicInvoiceId: string, body: ResolveInvoiceReview, idempotency: Idempotency | null): Promise<void> {
  // A first run decided and died before it could say so.
  if (idempotency?.subject !== undefined) return
  const id = uuidOf('invoice', publicInvoiceId)
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findInvoice(db, id))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  if ((body.decision === 'mark_issued') !== (body.fiscal_id !== undefined)) throw invalidField('fiscal_id', body.decision === 'mark_issued' ? 'is needed: the id that the authority has it under' : 'goes with mark_issued alone')
  const onRecord = async (db: TenantDb, before: InvoiceRow): Promise<void> => {
    await recordChange(db, access, hub.now(), {
      action: `invoice.review_${body.decision}`, subjectType: 'invoice', subjectId: publicInvoiceId,
      detail: { reason: body.reason, before: { status: before.status, review: before.review }, ...(body.fiscal_id !== undefined && { fiscal_id: body.fiscal_id }) }
    })
    if (idempotency !== null) await recordSubject(db, idempotency, publicInvoiceId)
  }
  if (body.fiscal_id !== undefined) return await markIssued(hub, row, body.fiscal_id, onRecord)
  await inTenant(hub.db, access.tenantId, async db => {
    const locked = (await queries.lockInvoice(db, id))!
    const { outcome } = await applyFact(hub, db, locked, body.decision === 'dismiss' ? { type: 'judged' } : { type: 'judged', as: 'rejected' },
      body.decision === 'dismiss' ? {} : { messages: [{ code: 'marked_rejected', message: body.reason }] })
    if (outcome.do === 'ignore') throw stateError(locked)
    await onRecord(db, locked)
  })
}

const stateError = ({ status, review }: InvoiceRow): HubError => new HubError('invalid_state', {
  detail: { es: `La factura está ${status}${review === null ? '' : ` (${review})`}: eso no se decide a mano.`, en: `The invoice is ${status}${review === null ? '' : ` (${review})`}: that is not decided by hand.` }
})

async function markIssued (hub: Hub, row: InvoiceRow, fiscalId: string, onRecord: (db: TenantDb, before: InvoiceRow) => Promise<void>): Promise<void> {
  if (row.status !== 'unknown' && row.status !== 'submitted') throw stateError(row)
  const other = await inTenant(hub.db, row.tenant_id, async db => await queries.findByFiscalId(db, row.mode as 'test', fiscalId))
  if (other !== undefined && other.id !== row.id) throw invalidField('fiscal_id', 'is that of another invoice')
  const opened = await open(hub, row)
  if (opened === undefined) throw new HubError('connection_not_usable')
  const found = await lookUp(hub, row, opened, fiscalId)
  await told(hub, row, found, opened, async db => { await onRecord(db, row) })
  const after = await inTenant(hub.db, row.tenant_id, async db => await queries.findInvoice(db, row.id))
  if (!isStamped(after!.status as InvoiceStatus)) throw stateError(after!)
}

/** What the provider has under that id; where it cannot be asked, the person's word, and the document as it was sealed here. */
async function lookUp (hub: Hub, row: InvoiceRow, opened: OpenConnection, fiscalId: string): Promise<DocumentSnapshot> {
  const { get } = opened.adapter.invoicing!
  const sent = row.sealed === null ? undefined : { sealed: row.sealed }
  if (get === undefined && sent === undefined) throw new HubError('capability_not_supported')
  if (get === undefined) return { providerReference: fiscalId, fiscalId, status: 'issued', providerStatus: 'marked_issued', messages: [], document: row.sealed! }
  const asked = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'find_document', subjectId: row.id, requestId: 'review' },
    async context => await get(context, row.provider_reference ?? fiscalId, sent))
  if (!asked.ok && asked.error.code === 'not_found') throw invalidField('fiscal_id', 'is not known to the provider')
  if (!asked.ok) throw refusal(asked.error, opened.adapter.manifest.id)
  if (!isStamped(asked.value.status as InvoiceStatus) || asked.value.fiscalId !== fiscalId) throw invalidField('fiscal_id', `is not what the provider says: ${asked.value.fiscalId ?? ''} ${asked.value.providerStatus}`.trim())
  return asked.value
}
