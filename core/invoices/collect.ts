import type { Mode } from '../adapter/context.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordSystemChange } from '../audit/record-system.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'
import { type Books, booksOf } from '../receivables/books.ts'
import * as receivables from '../receivables/queries.ts'
import type { CollectingPayment, IncomingRow } from '../receivables/queries.ts'
import { isPayable, nextReceipt, statusOf, type Told, written } from '../receivables/reconcile.ts'
import { seeInvoice, withCustomerOf } from './delegate.ts'
import { engineOf } from './engines.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import { makeReceipt, type ReceiptSaid, remakeReceipt } from './receipts.ts'
import type { ChangeInvoice } from './schema.ts'
import { eventData } from './view.ts'

/** The kind of job that looks after what is owed: the database wakes it for every change of a payment of an invoice (migration 0021). */
export const receivableTimer = 'receivable'

/** While one is at it the others keep away, ms. */
const leaseMs = 60_000
/** A receipt that cannot be made yet is tried again, ms; one that was rejected is sent again so often, and then a person is at it. */
const retryMs = [10, 60, 6 * 60, 24 * 60].map(minutes => minutes * 60_000)
const triesAtMost = 3

/**
 * Brings the books of an invoice up to date with its payments, refunds, disputes and credit notes, and makes the receipts that
 * are due. Safe to run at any moment and in several places at once: all of it happens under the invoice's lock.
 */
export async function collectInvoice (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, receivableTimer, id, now, leaseMs))
  if (claimed === undefined) return
  const leasedUntil = new Date(now.getTime() + leaseMs)
  const seen = await seeInvoice(hub, tenantId, id)
  const made = await inTenant(hub.db, tenantId, async db => {
    const locked = await queries.lockInvoice(db, id)
    const invoice = locked && withCustomerOf(locked, seen)
    const done = invoice === undefined || !isPayable(invoice.kind) ? undefined : await bringUpToDate(hub, db, invoice)
    const later = done?.later
    // Only if nobody has woken it anew since: then it runs once more.
    if (later === undefined) await clearTimer(db, receivableTimer, id, leasedUntil)
    else await retryTimer(db, receivableTimer, id, later(claimed.tries), leasedUntil)
    return done?.made ?? []
  })
  if (made.length > 0) hub.wake('invoice', made.map(receipt => ({ tenantId, id: receipt })))
}

interface Done {
  /** Receipts that wait for their job. */
  made: string[]
  /** When to look again, where something waits that time may heal. */
  later?: (tries: number) => Date
}

async function bringUpToDate (hub: Hub, db: TenantDb, invoice: InvoiceRow): Promise<Done> {
  const after = withCustomerOf(await writeBooks(hub, db, invoice), invoice)
  await handOver(hub, db, after)
  return await makeDueReceipts(hub, db, after)
}

/** What came and what went back, written into the invoice's rows, with events and alerts. The invoice is locked. */
export async function writeBooks (hub: Pick<Hub, 'now'>, db: TenantDb, invoice: InvoiceRow): Promise<InvoiceRow> {
  const now = hub.now()
  const books = await booksOf(db, invoice)
  for (const row of books.rows) await writeRow(db, now, invoice, books, row)
  for (const { payment, gross } of books.fresh) {
    const part = books.shares.get(payment.id)!
    const id = newUuid(now)
    await receivables.insertIncoming(db, {
      id, invoice_id: invoice.id, amount: written(gross, invoice.currency), currency: invoice.currency, form: formOf(invoice, payment), paid_at: payment.succeeded_at ?? payment.updated_at, payment_id: payment.id, told: false, created_at: now
    })
    await receivables.updateIncoming(db, id, { given_back: part.back.toString(), applied: part.applied.toString(), excess: part.excess.toString() })
    if (part.excess.greaterThan(0)) await tellExcess(db, now, invoice, payment.id, part.excess)
  }
  const [before, total] = [new Decimal(invoice.amount_paid), new Decimal(invoice.total)]
  if (before.equals(books.paid) && books.credited.equals(invoice.amount_credited)) return invoice
  const saved = await queries.updateCollection(db, invoice.id, { amount_paid: books.paid.toString(), amount_credited: books.credited.toString() }, now)
  if (!before.equals(books.paid)) {
    const type = books.paid.lessThan(before) ? 'invoice.reopened' : statusOf(total, books.credited, books.paid) === 'paid' ? 'invoice.paid' : 'invoice.partly_paid'
    await recordEvents(db, now, [{ type, mode: invoice.mode as Mode, subjectId: invoice.id, data: eventData(saved) }])
  }
  return saved
}

async function writeRow (db: TenantDb, now: Date, invoice: InvoiceRow, books: Books, row: IncomingRow): Promise<void> {
  const { applied, excess, back, gross } = books.shares.get(row.id)!
  const [backBefore, excessBefore] = [new Decimal(row.given_back), new Decimal(row.excess)]
  if (applied.equals(row.applied ?? row.amount) && excess.equals(excessBefore) && back.equals(backBefore) && gross.equals(row.amount)) return
  await receivables.updateIncoming(db, row.id, { amount: gross.toString(), given_back: back.toString(), applied: applied.toString(), excess: excess.toString() })
  if (excess.greaterThan(excessBefore)) await tellExcess(db, now, invoice, row.payment_id, excess)
  if (back.greaterThan(backBefore) && row.receipt_id !== null) await tellReceipt(db, now, invoice, row, back, applied)
}

/** Money that came twice is never swallowed: it is shown on the invoice, and somebody has to give it back. */
async function tellExcess (db: TenantDb, now: Date, invoice: InvoiceRow, paymentId: string | null, excess: Decimal): Promise<void> {
  await raiseAlert(db, now, {
    kind: 'invoice_overpaid', severity: 'critical', mode: invoice.mode as Mode, subjectId: publicId('invoice', invoice.id), step: paymentId ?? 'told',
    detail: { payment: paymentId && publicId('payment', paymentId), excess: written(excess, invoice.currency), currency: invoice.currency }
  })
}

/** The authority was told of money that went back. What is to be done about its receipt is a person's to decide. */
async function tellReceipt (db: TenantDb, now: Date, invoice: InvoiceRow, row: IncomingRow, back: Decimal, left: Decimal): Promise<void> {
  const receipt = await queries.findInvoice(db, row.receipt_id!)
  await raiseAlert(db, now, {
    kind: 'receipt_after_refund', severity: 'critical', mode: invoice.mode as Mode, subjectId: publicId('invoice', row.receipt_id!), step: back.toString(),
    detail: {
      invoice: publicId('invoice', invoice.id), payment: row.payment_id && publicId('payment', row.payment_id), fiscal_id: receipt?.fiscal_id ?? null, receipt_amount: written(new Decimal(row.receipt_amount ?? row.amount), invoice.currency),
      given_back: written(back, invoice.currency), currency: invoice.currency, ...(left.greaterThan(0) ? { do: 'substitute', new_amount: written(left, invoice.currency) } : { do: 'cancel' })
    }
  })
}

/** Payments of an invoice that was cancelled belong to the one that names them instead, where there is one. */
async function handOver (hub: Pick<Hub, 'now'>, db: TenantDb, invoice: InvoiceRow): Promise<void> {
  if (invoice.status !== 'canceled') return
  const rows = await receivables.incomingOf(db, invoice.id)
  for (const { id, payment_id: paymentId, receipt_id: receiptId, told } of rows) {
    if (paymentId === null || receiptId !== null || told) continue
    const other = await receivables.otherInvoiceOf(db, paymentId, invoice.id)
    if (other === undefined) continue
    await receivables.deleteIncoming(db, id)
    await receivables.relinkPayment(db, paymentId, invoice.id, other, hub.now())
  }
}

const formOf = (invoice: InvoiceRow, payment: CollectingPayment): string | null => engineOf(invoice.country).formOf?.(payment.method as { type: string } | null) ?? null

// --- receipts -------------------------------------------------------------------------------------------------------------

/** Is it paid by receipts (Mexico: PPD), and valid? */
export const isPaidByReceipts = (invoice: InvoiceRow): boolean => {
  const { payment } = invoice.model as unknown as { payment?: { method?: string } }
  return engineOf(invoice.country).receipt !== undefined && payment?.method === 'PPD' && (invoice.status === 'issued' || invoice.status === 'cancel_rejected')
}

/** What the invoice's valid receipts say, and those on their way. */
export const toldBy = (rows: readonly IncomingRow[]): Told[] => rows.flatMap(row => row.number === null ? [] : [{ number: row.number, amount: new Decimal(row.receipt_amount ?? row.amount) }])

/** One receipt for each payment that has none, in the order in which the money came, where the tenant wants them by themselves. */
async function makeDueReceipts (hub: Hub, db: TenantDb, invoice: InvoiceRow): Promise<Done> {
  const rows = await receivables.incomingOf(db, invoice.id)
  const made: string[] = []
  let waiting = false
  let retryAt: Date | undefined
  for (const row of rows.filter(({ receipt_id: id }) => id !== null)) {
    const receipt = (await queries.findInvoice(db, row.receipt_id!))!
    // The authority has forgotten it: its part and its balance are free again. Whether it gets another is a person's word.
    if (receipt.status === 'canceled') await receivables.updateIncoming(db, row.id, { number: null, balance_before: null, receipt_id: null, receipt_amount: null, waits: 'receipt_canceled' })
    else if (receipt.status === 'rejected') retryAt = earlier(retryAt, await again(hub, db, row, receipt, made))
  }
  if (!isPaidByReceipts(invoice)) return { made, ...(retryAt !== undefined && { later: () => retryAt! }) }
  const issuer = await findIssuer(db, invoice.issuer_id)
  const wanted = issuer !== undefined && engineOf(invoice.country).automaticReceipts?.(invoice.body as unknown as ChangeInvoice, issuer) === true
  const payments = new Map((await receivables.paymentsFor(db, invoice.id)).map(payment => [payment.id, payment]))
  for (const row of wanted ? await due(db, invoice) : []) {
    const why = await makeOne(hub, db, { invoice, issuer: issuer!, row, payment: payments.get(row.payment_id!)!, made })
    if (why === undefined) continue
    waiting ||= why.heals
    await receivables.updateIncoming(db, row.id, { waits: why.reason })
    if (row.waits !== why.reason) {
      await raiseAlert(db, hub.now(), {
        kind: 'receipt_waiting', severity: 'warning', mode: invoice.mode as Mode, subjectId: publicId('invoice', invoice.id), step: row.payment_id!,
        detail: { payment: publicId('payment', row.payment_id!), reason: why.reason, ...(why.errors !== undefined && { errors: why.errors }) }
      })
    }
  }
  if (!waiting && retryAt === undefined) return { made }
  return { made, later: tries => earlier(retryAt, waiting ? new Date(hub.now().getTime() + retryMs[Math.min(tries - 1, retryMs.length - 1)]!) : undefined)! }
}

const earlier = (a: Date | undefined, b: Date | undefined): Date | undefined => a === undefined || (b !== undefined && b < a) ? b : a

/** In the order in which the money came. */
async function due (db: TenantDb, invoice: InvoiceRow): Promise<IncomingRow[]> {
  const rows = await receivables.incomingOf(db, invoice.id)
  return rows.filter(row => row.receipt_id === null && row.payment_id !== null && !row.told && row.waits !== 'receipt_canceled' && new Decimal(row.applied ?? row.amount).greaterThan(0))
    .sort((a, b) => a.paid_at.getTime() - b.paid_at.getTime() || (a.id < b.id ? -1 : 1))
}

interface One { invoice: InvoiceRow, issuer: NonNullable<Awaited<ReturnType<typeof findIssuer>>>, row: IncomingRow, payment: CollectingPayment, made: string[] }

/** Undefined when its receipt is on its way; otherwise what is in the way, and whether time may heal it. */
async function makeOne (hub: Hub, db: TenantDb, { invoice, issuer, row, payment, made }: One): Promise<{ reason: string, heals: boolean, errors?: unknown } | undefined> {
  const { currency } = invoice
  const form = engineOf(invoice.country).formOf?.(payment.method as { type: string } | null, issuer) ?? row.form
  if (form === null) return { reason: 'form_unknown', heals: false }
  if (engineOf(invoice.country).homeCurrency !== currency && payment.exchange_rate === null) return { reason: 'exchange_rate_missing', heals: false }
  const amount = new Decimal(row.applied ?? row.amount)
  const next = nextReceipt(new Decimal(invoice.total), toldBy(await receivables.incomingOf(db, invoice.id)), amount)
  // What went back was told of: the authority has to forget that first. Its cancellation wakes this again.
  if (next === undefined) return { reason: 'earlier_receipt_must_be_canceled', heals: false }
  try {
    const said: ReceiptSaid = {
      amount: written(amount, currency), balance: written(next.before, currency), part: next.number, form, paid_at: row.paid_at.toISOString(),
      operation_number: (payment.transaction_reference ?? payment.provider_reference ?? undefined)?.replaceAll('|', ' ').slice(0, 100), ...(payment.exchange_rate !== null && { exchange_rate: new Decimal(payment.exchange_rate).toString() })
    }
    const receipt = await makeReceipt(hub, db, { about: invoice, issuer, said, paymentId: payment.id })
    await receivables.updateIncoming(db, row.id, { form, number: next.number, balance_before: said.balance, receipt_id: receipt.id, receipt_amount: said.amount, waits: null })
    await recordSystemChange(db, hub.now(), 'receipts', { action: 'invoice.receipt_made', subjectType: 'invoice', subjectId: publicId('invoice', invoice.id), detail: { receipt: publicId('invoice', receipt.id), payment: publicId('payment', payment.id), amount: said.amount } })
    made.push(receipt.id)
    return undefined
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    return { reason: error.code, heals: true, ...(error.errors !== undefined && { errors: error.errors }) }
  }
}

/** A rejected receipt goes out again, a few times and ever later: the alert of the rejection stands meanwhile. */
async function again (hub: Hub, db: TenantDb, row: IncomingRow, receipt: InvoiceRow, made: string[]): Promise<Date | undefined> {
  const now = hub.now()
  if (row.receipt_retry_at === null && row.receipt_tries < triesAtMost) {
    const at = new Date(now.getTime() + retryMs[row.receipt_tries]!)
    await receivables.updateIncoming(db, row.id, { receipt_retry_at: at, receipt_tries: row.receipt_tries + 1 })
    return at
  }
  if (row.receipt_retry_at === null || row.receipt_retry_at > now) return row.receipt_retry_at ?? undefined
  await receivables.updateIncoming(db, row.id, { receipt_retry_at: null })
  try {
    await remakeReceipt(hub, db, (await queries.lockInvoice(db, receipt.id))!)
    made.push(receipt.id)
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    hub.log.warn({ err: error, invoice: publicId('invoice', receipt.id) }, 'a rejected receipt could not be made again')
  }
  return undefined
}
