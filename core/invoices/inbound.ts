import { isProviderError } from '../adapter/problems.ts'
import type { DocumentSnapshot } from '../adapter/invoicing.ts'
import type { ProviderEvent } from '../adapter/webhooks.ts'
import type { OpenConnection, SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Ending } from '../events/ending.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { adoptInvoice } from './adopt.ts'
import { askRegister } from './cancel.ts'
import { openInvoice, seeInvoice } from './delegate.ts'
import { told } from './issue.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'

type DocumentEvent = Extract<ProviderEvent, { type: 'document' }>

/**
 * A PAC's webhook about a document. It is only ever a reason to ask: what the PAC says when it is asked counts, whatever the
 * event says. Found by the PAC's id, our own, or the authority's; what is nobody's stays in the list of webhooks as `unmatched`.
 */
export async function processDocument (hub: Hub, connection: SealedConnection, event: DocumentEvent): Promise<Ending> {
  const opened = await hub.open(connection)
  const named = await match(hub, connection, event.providerReference, event.reference ?? event.snapshot?.reference, event.snapshot?.fiscalId)
  // An event that names it no way we know may be about one of ours all the same: then the PAC's own copy tells.
  const snapshot = await pull(hub, opened, event.providerReference, named)
  const row = named ?? (snapshot === undefined ? undefined : await match(hub, connection, snapshot.providerReference, snapshot.reference, snapshot.fiscalId))
  if (row === undefined) {
    const adopted = snapshot === undefined ? undefined : await adoptInvoice(hub, connection, opened, snapshot)
    return adopted ?? { status: 'unmatched', reason: `no invoice of ours is ${event.providerReference}` }
  }
  const ending = (reason: string | null): Ending => ({ status: 'processed', reason, subjectId: row.id, subjectType: 'invoice' })
  if (row.status === 'draft' || row.status === 'queued') return ending(`the invoice is ${row.status}: it was never sent`)
  if (snapshot !== undefined && !isOf(row, snapshot)) {
    if (snapshot.reference !== undefined) return { status: 'unmatched', reason: 'the provider’s document names another invoice' }
    // Only the event says that it is this one. Its own job asks by what cannot be made up: the document itself.
    if (row.status !== 'unknown' && row.status !== 'submitted') return ending('the invoice’s own answer is still on its way')
    await inTenant(hub.db, connection.tenantId, async db => { await setTimer(db, 'invoice', row.id, hub.now()) })
    hub.wake('invoice', [{ tenantId: connection.tenantId, id: row.id }])
    return ending('the invoice is looked up by its own document')
  }
  if (snapshot !== undefined) await told(hub, row, snapshot, opened, async () => {})
  const after = (await seeInvoice(hub, connection.tenantId, row.id))!
  // What a PAC's document does not tell (a cancellation elsewhere, the receiver's answer) its register does.
  if (isStamped(after.status as InvoiceStatus) && after.status !== 'canceled' && isStamped(row.status as InvoiceStatus)) await askRegister(hub, after, opened)
  return ending(snapshot === undefined ? 'the provider does not know the document' : null)
}

/** The provider's own copy, not the event, says which invoice it is. */
const isOf = (row: InvoiceRow, { providerReference, reference, fiscalId }: DocumentSnapshot): boolean =>
  row.provider_reference === providerReference || reference === publicId('invoice', row.id) || (fiscalId !== undefined && row.fiscal_id?.toUpperCase() === fiscalId.toUpperCase())

/** Ours by any of its names, as long as it was sent to this connection: an account never touches another's invoices. */
async function match (hub: Hub, connection: SealedConnection, providerReference: string, reference: string | undefined, fiscalId: string | undefined): Promise<InvoiceRow | undefined> {
  const ours = reference === undefined ? undefined : parseId('invoice', reference)
  const ofOurs = await inTenant(hub.db, connection.tenantId, async db => {
    const found = await queries.findByProviderReference(db, connection.id, providerReference) ??
      (ours === undefined ? undefined : await queries.findInvoice(db, ours)) ??
      (fiscalId === undefined ? undefined : await queries.findByFiscalId(db, connection.mode, fiscalId.toUpperCase()))
    return found?.connection_id === connection.id && found.mode === connection.mode ? found : undefined
  })
  return ofOurs && await openInvoice(hub, ofOurs)
}

/** Undefined: the PAC says that it has none, or cannot be asked about one. What it does not say now is asked again with the webhook. */
async function pull (hub: Hub, opened: OpenConnection, providerReference: string, row: InvoiceRow | undefined): Promise<DocumentSnapshot | undefined> {
  const { get } = opened.adapter.invoicing ?? {}
  if (get === undefined || providerReference === '') return undefined
  const result = await recordedCall(hub, async work => await inTenant(hub.db, opened.tenantId, work), { connection: opened, kind: 'get_document', ...(row !== undefined && { subjectId: row.id }), requestId: 'inbound' },
    async context => await get(context, row?.provider_reference ?? providerReference, row?.sealed == null ? undefined : { sealed: row.sealed }))
  if (result.ok) return result.value
  if (isProviderError(result.error) && result.error.reached === 'answered' && result.error.code === 'not_found') return undefined
  throw result.error
}
