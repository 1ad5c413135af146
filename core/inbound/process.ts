import type { PaymentSnapshot, RefundSnapshot } from '../adapter/payments.ts'
import type { ProviderEvent } from '../adapter/webhooks.ts'
import { isProviderError } from '../adapter/problems.ts'
import { raiseAlert, resolveAlert } from '../alerts/raise.ts'
import { adoptPagePayment, processCheckout } from '../checkout/inbound.ts'
import { lookSoon } from '../connections/oauth/soon.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { processSavedMethodEvent } from '../customers/process.ts'
import { inTenant } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { beginListing, processDispute, processNamedDispute } from '../disputes/inbound.ts'
import type { Ending } from '../events/ending.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { processDocument } from '../invoices/inbound.ts'
import { recordedCall, traceOf } from '../operations/call.ts'
import { type Applied, applyFact, prepare } from '../payments/apply.ts'
import { findByProviderReference, findPayment, findRefund, findRefundByProviderReference, hasUnanswered, listRefunds, lockPayment, type PaymentRow } from '../payments/queries.ts'
import type { Fact } from '../payments/machine.ts'
import { wakeLeftAttempt } from '../payments/left-attempts.ts'
import { pullPayment } from '../payments/pull.ts'
import { adoptRefund, applyRefund } from '../payments/refunds.ts'
import { processSubscriptionEvent } from '../subscriptions/process.ts'
import { linkTo } from '../telemetry/spans.ts'
import { isExpunged, openBody } from './body.ts'
import * as queries from './queries.ts'

type InboundRow = NonNullable<Awaited<ReturnType<typeof queries.claimInbound>>>

/**
 * Processes one stored webhook. Idempotent: whatever it finds, applying it twice changes nothing more. What fails is tried
 * again on INBOUND_SCHEDULE, and then parked where support sees it. While it is processed other jobs keep away for
 * QUEUE_LOCK_MS; after a crash the sweeper brings it back then.
 */
export async function processInbound (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.claimInbound(db, id, hub.now(), hub.config.queueLockMs)
    return row && { row, connection: await loadSealed(db, row.connection_id) }
  })
  if (claimed === undefined) return
  const { row, connection } = claimed
  try {
    const ending: Ending = connection === undefined
      ? { status: 'ignored' as const, reason: 'the connection was deleted' }
      : isExpunged(row.body_sealed) ? { status: 'ignored' as const, reason: 'what was sent is no longer kept' } : await processEvents(hub, connection, row)
    const first = await inTenant(hub.db, tenantId, async db => {
      await queries.finishInbound(db, id, { ...ending, nextRunAt: null, now: hub.now() })
      // A provider's webhook is a trace of its own; from here one gets to that of the payment, and back.
      if (ending.subjectId !== undefined && ending.subjectId !== null) linkTo(await traceOf(db, ending.subjectId))
      if (row.attempts > 1) await resolveAlert(db, hub.now(), 'inbound_parked', publicId('inbound', id))
      return await queries.markEventSeen(db, row.connection_id, row.received_at)
    })
    if (first && connection !== undefined) await beginListing(hub, connection)
  } catch (error) {
    hub.log.warn({ err: error, inbound: publicId('inbound', id) }, 'a webhook could not be processed yet')
    await tryLater(hub, tenantId, row, isProviderError(error) ? `${error.code} (${error.reached})` : error instanceof Error ? error.message : 'unknown')
  }
}

async function tryLater (hub: Hub, tenantId: string, row: InboundRow, reason: string): Promise<void> {
  const now = hub.now()
  const delayMs = hub.config.inboundSchedule[row.attempts - 1]
  await inTenant(hub.db, tenantId, async db => {
    await queries.finishInbound(db, row.id, { status: delayMs === undefined ? 'parked' : 'retrying', reason: reason.slice(0, 500), nextRunAt: delayMs === undefined ? null : new Date(now.getTime() + delayMs), now })
    if (delayMs === undefined) await raiseAlert(db, now, { kind: 'inbound_parked', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('inbound', row.id), detail: { reason, event_type: row.event_type } })
  })
}

async function processEvents (hub: Hub, connection: SealedConnection, row: InboundRow): Promise<Ending> {
  const adapter = hub.adapters.get(connection.provider)
  if (adapter === undefined || adapter.webhooks === 'provider-has-none') return { status: 'ignored', reason: 'no adapter' }
  const events = storable(adapter.webhooks.parse({ body: await openBody(hub.vault, row.tenant_id, row.id, row.body_sealed), headers: row.headers as Record<string, string>, url: row.url }))
  // Only a signature over the whole body makes its content worth believing; otherwise the provider is asked.
  const believed = row.verdict === 'verified' && adapter.manifest.webhooks?.signs === 'body'
  const endings: Ending[] = []
  for (const event of events) endings.push(await processEvent(hub, connection, event, { believed, attempt: row.attempts }))
  return endings.find(({ status }) => status === 'unmatched') ?? endings.find(({ status }) => status === 'processed') ?? endings[0] ?? { status: 'ignored', reason: 'nothing in it concerns us' }
}

async function processEvent (hub: Hub, connection: SealedConnection, event: ProviderEvent, { believed, attempt }: { believed: boolean, attempt: number }): Promise<Ending> {
  switch (event.type) {
    case 'ignored': return { status: 'ignored', reason: event.why }
    case 'connection': {
      // Not every scheme signs who it is about, so nothing is believed of it but that it is time to look.
      if (event.what === 'revoked' && connection.oauthAccount !== null) await inTenant(hub.db, connection.tenantId, async db => { await lookSoon(db, connection.id, hub.now()) })
      return { status: 'processed', reason: event.what }
    }
    case 'document': return await processDocument(hub, connection, event)
    case 'checkout': {
      const told = await processCheckout(hub, connection, event, believed)
      return told === undefined ? { status: 'unmatched', reason: 'no checkout session or payment link of ours' } : { status: 'processed', reason: null, ...told }
    }
    case 'subscription': return { ...await processSubscriptionEvent(hub, connection, event, believed), subjectType: 'subscription' }
    case 'saved_method': return { ...await processSavedMethodEvent(hub, connection, event, believed), subjectType: 'payment_method' }
    case 'dispute_named': {
      const paymentId = await processNamedDispute(hub, connection, event.providerReference)
      // It may have overtaken the news that would tell whose payment it is.
      if (paymentId === undefined && (attempt <= Math.min(looksForOvertaken, hub.config.inboundSchedule.length) || await isAnswerOwed(hub, connection))) throw new Error(`no payment of ours is known of dispute ${event.providerReference} yet`)
      return paymentId === undefined ? { status: 'unmatched', reason: `no payment of ours is disputed by ${event.providerReference}` } : { status: 'processed', reason: null, subjectId: paymentId }
    }
    case 'payment':
    case 'refund':
    case 'dispute': return await processOfPayment(hub, connection, event, { believed, attempt })
  }
}

type PaymentNews = Extract<ProviderEvent, { type: 'payment' | 'refund' | 'dispute' }>

async function processOfPayment (hub: Hub, connection: SealedConnection, told: PaymentNews, { believed, attempt }: { believed: boolean, attempt: number }): Promise<Ending> {
  const known = await match(hub, connection, told.reference, told.providerReference)
  const event = known === undefined && told.reference === undefined && !believed ? await withReference(hub, connection, told) : told
  const payment = known ?? (event.reference === undefined ? undefined : await match(hub, connection, event.reference, event.providerReference))
  if (payment === undefined) {
    const found = event.type === 'payment' ? await adopt(hub, connection, event, believed) : undefined
    if (found !== undefined) return found
    const left = await wakeLeftAttempt(hub, connection, event.providerReference)
    // It names no payment of ours, and may have overtaken the news that would tell whose it is.
    if (left === undefined && event.type !== 'payment' && event.reference === undefined && (attempt <= Math.min(looksForOvertaken, hub.config.inboundSchedule.length) || await isAnswerOwed(hub, connection))) throw new Error(`no payment of ours is ${event.providerReference} yet`)
    return left === undefined
      ? { status: 'unmatched', reason: `no payment of ours is ${event.providerReference}` }
      : { status: 'processed', reason: 'its payment went on with another connection', subjectId: left }
  }
  const reason = await tell(hub, connection, payment, event, believed)
  if (payment.invoice_id !== null) hub.wake('receivable', [{ tenantId: connection.tenantId, id: payment.invoice_id }])
  return { status: 'processed', reason, subjectId: payment.id }
}

/** Where a webhook may be believed in nothing but an id, whose it is the provider says. */
async function withReference (hub: Hub, connection: SealedConnection, event: PaymentNews): Promise<PaymentNews> {
  const family = hub.adapters.get(connection.provider)?.payments
  if (family === undefined) return event
  const opened = await hub.open(connection)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_payment', requestId: 'inbound' },
    async context => await family.getPayment(context, event.providerReference))
  if (!result.ok && result.error.code === 'not_found') return event
  if (!result.ok) throw result.error
  return { ...event, ...(result.value.reference !== undefined && { reference: result.value.reference }) }
}

/** So often a refund or a dispute of a payment that nobody knows is looked at again before it is called a stranger's. */
const looksForOvertaken = 3

const isAnswerOwed = async (hub: Pick<Hub, 'db'>, { id, tenantId }: SealedConnection): Promise<boolean> => await inTenant(hub.db, tenantId, async db => await hasUnanswered(db, id))

/** A payment that we did not ask for, of a page or a subscription of ours. Undefined when its reference names neither. */
async function adopt (hub: Hub, connection: SealedConnection, event: Extract<ProviderEvent, { type: 'payment' }>, believed: boolean): Promise<Ending | undefined> {
  const page = await adoptPagePayment(hub, connection, event, believed)
  if (page !== undefined) return { status: 'processed', reason: null, subjectId: page.id }
  const { reference, providerReference } = event
  if (reference === undefined || parseId('subscription', reference) === undefined) return undefined
  // Which cycle it pays only the subscription can say.
  const told = await processSubscriptionEvent(hub, connection, { type: 'subscription', providerReference, reference }, false)
  return told.status === 'unmatched' ? undefined : { ...told, subjectType: 'subscription' }
}

async function tell (hub: Hub, connection: SealedConnection, payment: PaymentRow, event: Extract<ProviderEvent, { type: 'payment' | 'refund' | 'dispute' }>, believed: boolean): Promise<string | null> {
  switch (event.type) {
    case 'payment': return await processPayment(hub, connection, payment, event, believed)
    case 'refund': return await processRefund(hub, connection, payment, event, believed)
    case 'dispute': return await processDispute(hub, connection, payment, event, believed)
  }
}

/** Ours by the provider's id; or by our own id in the event, when the webhook was faster than the answer that told the provider's id. */
async function match (hub: Hub, connection: SealedConnection, reference: string | undefined, providerReference: string): Promise<PaymentRow | undefined> {
  const named = reference === undefined ? undefined : parseId('payment', reference)
  return await inTenant(hub.db, connection.tenantId, async db => {
    const id = await findByProviderReference(db, connection.id, providerReference) ?? named
    const row = id === undefined ? undefined : await findPayment(db, id)
    // An event of one account never touches a payment of another.
    return row?.connection_id === connection.id ? row : undefined
  })
}

async function processPayment (hub: Hub, connection: SealedConnection, payment: PaymentRow, event: Extract<ProviderEvent, { type: 'payment' }>, believed: boolean): Promise<string | null> {
  if (believed && event.snapshot !== undefined) {
    const { outcome } = await applyLocked(hub, payment, { type: 'event', snapshot: event.snapshot })
    if (outcome.do !== 'pull' && !namesCard(payment, event.snapshot)) return outcome.do === 'ignore' ? outcome.why : null
    if (outcome.do !== 'pull') return reasonOf(await pullPayment(hub, connection, payment.id, { requestId: 'inbound', providerReference: event.providerReference }))
  }
  // Whose answer is still on its way will be known from that answer, or by the resolver: it is not asked for once more.
  if (payment.provider_reference === null && payment.pending_kind !== null) return 'the payment’s own answer is still on its way'
  let refunds: readonly RefundSnapshot[] = []
  const reason = reasonOf(await pullPayment(hub, connection, payment.id, { requestId: 'inbound', providerReference: event.providerReference, heard: snapshot => { refunds = snapshot.refunds ?? [] } }))
  for (const refund of refunds) await tellRefund(hub, connection, payment, event.providerReference, refund)
  return reason
}

/** It tells which card was kept, and not what card that is: nobody else may ask once the payment is paid. */
const namesCard = (payment: PaymentRow, snapshot: PaymentSnapshot): boolean => payment.save_method && payment.payment_method_id === null && snapshot.savedMethodReference !== undefined && snapshot.method === undefined

const reasonOf = (applied: Applied | undefined): string | null => applied?.outcome.do === 'ignore' ? applied.outcome.why : null

async function applyLocked (hub: Hub, payment: PaymentRow, fact: Fact): Promise<Applied> {
  const prepared = await prepare(hub, payment, fact)
  return await inTenant(hub.db, payment.tenant_id, async db => await applyFact(hub, db, (await lockPayment(db, payment.id))!, prepared))
}

async function processRefund (hub: Hub, connection: SealedConnection, payment: PaymentRow, event: Extract<ProviderEvent, { type: 'refund' }>, believed: boolean): Promise<string | null> {
  const family = hub.adapters.get(connection.provider)!.payments!
  let snapshot = event.refund
  if (!believed) {
    if (family.getRefund === undefined) return 'the refund cannot be asked about'
    const told = event.refund.refundReference
    const named = told === undefined ? undefined : parseId('refund', told)
    const opened = await hub.open(connection)
    const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_refund', subjectId: named ?? payment.id, requestId: 'inbound' },
      async context => await family.getRefund!(context, event.refund.providerReference))
    if (!result.ok) throw result.error
    snapshot = result.value
  }
  return await tellRefund(hub, connection, payment, event.providerReference, snapshot)
}

async function tellRefund (hub: Hub, connection: SealedConnection, payment: PaymentRow, providerReference: string, snapshot: RefundSnapshot): Promise<string | null> {
  const named = snapshot.refundReference === undefined ? undefined : parseId('refund', snapshot.refundReference)
  const tell = async (): Promise<string | null> => await inTenant(hub.db, connection.tenantId, async db => {
    // Where a refund carries no reference of ours, it may be the one whose own answer is still on its way: that answer says so.
    const nameless = named === undefined && await findRefundByProviderReference(db, connection.id, snapshot.providerReference) === undefined
    if (nameless && (await listRefunds(db, payment.id)).some(({ status, provider_reference: known }) => status === 'unknown' && known === null)) throw new Error('a refund of ours is not answered yet')
    const ours = named === undefined ? undefined : await findRefund(db, named)
    const told = ours !== undefined && ours.payment_id === payment.id ? await applyRefund(hub, db, ours.id, snapshot) : await adoptRefund(hub, db, payment.id, snapshot)
    return 'ignored' in told ? told.ignored : null
  })
  const why = await tell()
  if (why === null || payment.known_status === 'succeeded') return why
  // It may have been faster than the news of what was taken.
  await pullPayment(hub, connection, payment.id, { requestId: 'inbound', providerReference })
  const now = await inTenant(hub.db, connection.tenantId, async db => (await findPayment(db, payment.id))!)
  // Money left, and what was taken is not settled: it is told once a person has judged that.
  if (now.review !== null) throw new Error('the payment is under review')
  return await tell()
}
