import type { Mode } from '../adapter/context.ts'
import type { PayerInput, PaymentSnapshot } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import type { SealedConnection } from '../connections/open.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { adoptPayment, type PreparedAdoption } from '../payments/adopt.ts'
import { findPayment, type PaymentRow, sumByOrigin } from '../payments/queries.ts'
import type { ToldPage } from './calls.ts'
import { type PageFact, type PageStatus, pageTransition } from './machine.ts'
import * as queries from './queries.ts'
import { type PageKind, pageStateOf, type PageRow } from './queries.ts'
import { showLink, showSession } from './view.ts'

/** The kind of job that looks after pages. */
export const pageTimer = 'checkout_page'

export type ToldFact = Exclude<PageFact, { snapshot: unknown }> | { type: 'answer' | 'told', snapshot: ToldPage }

/** Applies one fact to a page whose row is locked by this transaction: state, event, alert and the next look change together. */
export async function applyPage (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, row: PageRow, given: ToldFact): Promise<PageRow> {
  const now = hub.now()
  const fact = 'snapshot' in given ? { ...given, snapshot: await fullOrEnded(db, row, given.snapshot) } : given
  const outcome = pageTransition(pageStateOf(row), fact)
  if (outcome.do === 'alert') {
    const { providerReference, amount } = (fact as { snapshot: ToldPage }).snapshot
    await raiseAlert(db, now, { kind: 'checkout_review', severity: 'critical', mode: row.mode as Mode, subjectId: publicId(row.kind as PageKind, row.id), detail: { why: outcome.why, provider_reference: providerReference, provider_amount: amount?.amount, provider_currency: amount?.currency } })
    return row
  }
  const told = 'snapshot' in fact ? detailsOf(row, fact.snapshot) : {}
  if (outcome.do === 'ignore') return Object.keys(told).length === 0 ? row : await queries.updatePage(db, row.id, told, now)
  const saved = await queries.updatePage(db, row.id, { ...told, state: outcome.next }, now)
  await schedule(hub, db, saved, now)
  if (outcome.statusChanged) await recordEvents(db, now, [{ type: `${row.kind as PageKind}.${saved.status as PageStatus}`, mode: row.mode as Mode, subjectId: row.id, data: await shownNow(db, saved) }])
  return saved
}

/** A link that is closed because all have paid is complete. */
async function fullOrEnded (db: TenantDb, row: PageRow, snapshot: ToldPage): Promise<ToldPage> {
  return snapshot.status === 'expired' && await isFull(db, row) ? { ...snapshot, status: 'complete' } : snapshot
}

export async function isFull (db: TenantDb, row: PageRow): Promise<boolean> {
  return row.max_payments !== null && (await sumByOrigin(db, row.id)).count >= row.max_payments
}

/** What the provider tells beside the state. */
function detailsOf (row: PageRow, snapshot: ToldPage): queries.PageChanges {
  return {
    ...(snapshot.providerStatus !== row.provider_status && { provider_status: snapshot.providerStatus }),
    ...(snapshot.url !== undefined && snapshot.url !== row.url && { url: snapshot.url }),
    ...(snapshot.expiresAt !== undefined && row.expires_at === null && { expires_at: snapshot.expiresAt }),
    ...(snapshot.payer !== undefined && row.payer === null && { payer: shownPayer(row, snapshot.payer) })
  }
}

/** A tax id that was typed for an invoice is kept sealed (core/fiscal-data), and nowhere else. */
function shownPayer ({ collect_tax_id: wanted }: PageRow, payer: PayerInput): PayerInput {
  const { tax_id, ...rest } = payer
  return wanted ? payer : rest
}

/** An open page is asked about now and then, in case its webhook never comes, ms; the last one again and again. */
export const pollMs = [10, 60, 6 * 60, 24 * 60].map(minutes => minutes * 60_000)
/** The provider's clock ends a page, not ours: it is given this long before it is asked. */
const graceMs = 30_000

/** When an open page is looked at next. */
export function nextLook (row: PageRow, tries: number, now: Date): Date {
  const poll = now.getTime() + pollMs[Math.min(tries, pollMs.length - 1)]!
  const end = row.expires_at === null ? Infinity : row.expires_at.getTime() + graceMs
  return new Date(end > now.getTime() ? Math.min(poll, end) : poll)
}

async function schedule (hub: Pick<Hub, 'config'>, db: TenantDb, row: PageRow, now: Date): Promise<void> {
  if (row.pending_kind !== null) await setTimer(db, pageTimer, row.id, new Date(now.getTime() + hub.config.resolverSchedule[0]!))
  else if (row.status === 'open') await setTimer(db, pageTimer, row.id, nextLook(row, 0, now))
  else await clearTimer(db, pageTimer, row.id)
}

export async function shownNow (db: TenantDb, row: PageRow): Promise<object> {
  return row.kind === 'checkout_session' ? showSession(row, 'en') : showLink(row, 'en', await sumByOrigin(db, row.id))
}

/** A payment of this page becomes one of ours, and the page's, in the transaction that holds the page's lock. */
export async function adoptOnPage (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, connection: SealedConnection, row: PageRow, snapshot: PaymentSnapshot, prepared: PreparedAdoption): Promise<PaymentRow> {
  const customer = (row.customer ?? row.payer) as object | null
  const payment = await adoptPayment(hub, db, {
    connection,
    origin: { type: row.kind as PageKind, id: row.id },
    expected: { amount: row.amount, currency: row.currency },
    snapshot,
    capture: row.capture as 'automatic' | 'manual',
    ...(row.customer_id !== null && { customerId: row.customer_id }),
    ...(row.customer_id === null && customer !== null && { customer }),
    ...(row.reference !== null && { reference: row.reference }),
    ...(row.description !== null && { description: row.description }),
    ...(row.statement_descriptor !== null && { statementDescriptor: row.statement_descriptor }),
    ...(row.lines !== null && { lines: row.lines as object }),
    metadata: row.metadata as Record<string, string>,
    ...(row.invoice_id !== null && { invoiceId: row.invoice_id }),
    saveMethod: row.save_method,
    prepared
  })
  if (row.kind === 'checkout_session') await setPayment(hub, db, row, payment)
  // The provider had closed it because it was full, and said so before we knew of this payment.
  else if (row.status === 'expired' && await isFull(db, row)) await applyPage(hub, db, row, { type: 'filled' })
  return payment
}

export const holdsMoney = (payment: PaymentRow): boolean => payment.known_status === 'authorized' || payment.known_status === 'succeeded'

/** The one payment of a session: where several were tried on the page, the one that has money. Two of those are a person's. */
async function setPayment (hub: Pick<Hub, 'now'>, db: TenantDb, row: PageRow, payment: PaymentRow): Promise<void> {
  if (row.payment_id === payment.id) return
  const before = row.payment_id === null ? undefined : await findPayment(db, row.payment_id)
  if (before !== undefined && holdsMoney(before)) {
    if (holdsMoney(payment)) await raiseAlert(db, hub.now(), { kind: 'payment_review', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('payment', payment.id), detail: { reason: 'paid_twice', checkout_session: publicId('checkout_session', row.id), payment: publicId('payment', before.id) } })
    return
  }
  if (before === undefined || holdsMoney(payment) || before.id < payment.id) await queries.updatePage(db, row.id, { payment_id: payment.id }, hub.now())
}
