import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { HubError, invalidField } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'
import { booksOf } from '../receivables/books.ts'
import * as receivables from '../receivables/queries.ts'
import type { CollectingPayment } from '../receivables/queries.ts'
import { fromMinor, nextReceipt, openOn, written } from '../receivables/reconcile.ts'
import { isPaidByReceipts, toldBy, writeBooks } from './collect.ts'
import { seeInvoice, withCustomerOf } from './delegate.ts'
import { engineOf } from './engines.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import { makeReceipt, type ReceiptSaid } from './receipts.ts'
import type { Invoice, NewInvoicePayment } from './schema.ts'
import { getInvoice } from './service.ts'

/**
 * A payment of an invoice that is paid by receipts (Mexico: PPD): told by the tenant, or one of ours whose receipt was not made by
 * itself. Its receipt is numbered and balanced under the invoice's lock. Throws 4xx, and then nothing was written.
 */
export async function payInvoice (hub: Hub, access: Access, publicInvoiceId: string, given: NewInvoicePayment, idempotency: Idempotency | null): Promise<Invoice> {
  if (idempotency?.subject !== undefined) return await getInvoice(hub, access, idempotency.subject)
  const body = storable(given)
  const { tenantId } = access
  const invoiceId = uuidOf('invoice', publicInvoiceId)
  const now = hub.now()
  const seen = await seeInvoice(hub, tenantId, invoiceId)
  const receiptId = await inTenant(hub.db, tenantId, async db => {
    const invoice = await queries.lockInvoice(db, invoiceId)
    if (invoice?.mode !== access.mode) throw new HubError('not_found')
    if (invoice.status !== 'issued' && invoice.status !== 'cancel_rejected') throw notPayable(`La factura está ${invoice.status}.`, `The invoice is ${invoice.status}.`)
    if (!isPaidByReceipts(invoice)) throw notPayable('Solo una factura PPD se paga con complementos.', 'Only a PPD invoice is paid by receipts.')
    const payment = body.payment === undefined ? undefined : await paymentNamed(db, access, invoice, body.payment)
    const paidAt = body.paid_at === undefined ? payment?.succeeded_at ?? payment?.updated_at ?? now : new Date(body.paid_at)
    if (Number.isNaN(paidAt.getTime()) || paidAt > now) throw invalidField('paid_at', 'is not a moment that has been')
    // What became of its payments until now is written down first.
    const current = await writeBooks(hub, db, invoice)
    const issuer = (await findIssuer(db, invoice.issuer_id))!
    const form = body.form ?? (payment === undefined ? undefined : engineOf(invoice.country).formOf?.(payment.method as { type: string } | null, issuer))
    if (form === undefined) throw invalidField('form', 'is required: c_FormaPago')
    const { rowId, amount } = await rowFor(db, current, { ...(body.amount !== undefined && { amount: new Decimal(body.amount) }), payment, form, paidAt, now })
    const told = toldBy(await receivables.incomingOf(db, invoiceId))
    const next = nextReceipt(new Decimal(invoice.total), told, amount)
    if (next === undefined) throw invalidField('amount', `at most ${written(openOn(new Decimal(invoice.total), told), invoice.currency)} is open on its valid receipts: cancel the one that says too much first`)
    const said: ReceiptSaid = {
      amount: written(amount, invoice.currency), balance: written(next.before, invoice.currency), part: next.number, form, paid_at: paidAt.toISOString(), operation_number: body.operation_number, ...ratesOf(invoice, payment, amount, body.exchange_rate)
    }
    const receipt = await makeReceipt(hub, db, { about: withCustomerOf(current, seen), issuer, said, paymentId: payment?.id ?? null, ...(body.series !== undefined && { series: body.series }) })
    await receivables.updateIncoming(db, rowId, { form, number: next.number, balance_before: said.balance, receipt_id: receipt.id, receipt_amount: said.amount, waits: null })
    if (payment !== undefined) await receivables.linkPayment(db, payment.id, invoiceId, now)
    await writeBooks(hub, db, current)
    await recordChange(db, access, now, { action: 'invoice.paid', subjectType: 'invoice', subjectId: publicInvoiceId, detail: { amount: said.amount, form, receipt: publicId('invoice', receipt.id), ...(body.payment !== undefined && { payment: body.payment }) } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('invoice', receipt.id))
    return receipt.id
  })
  hub.wake('invoice', [{ tenantId, id: receiptId }])
  return await getInvoice(hub, access, publicId('invoice', receiptId))
}

/** One of ours that has taken money. */
async function paymentNamed (db: TenantDb, access: Access, invoice: InvoiceRow, name: string): Promise<CollectingPayment> {
  const id = parseId('payment', name)
  const payment = id === undefined ? undefined : await receivables.paymentFor(db, id, invoice.id)
  if (payment?.mode !== access.mode) throw invalidField('payment', 'is no payment of yours')
  if (payment.known_status !== 'succeeded' || payment.amount_captured <= 0) throw invalidField('payment', `is ${payment.status}: it has taken no money`)
  return payment
}

/** The row that this pays by: that of the payment, or a new one. */
async function rowFor (db: TenantDb, invoice: InvoiceRow, { amount: wanted, payment, form, paidAt, now }: { amount?: Decimal, payment: CollectingPayment | undefined, form: string, paidAt: Date, now: Date }): Promise<{ rowId: string, amount: Decimal }> {
  const { rows, due, shares } = await booksOf(db, invoice)
  const known = payment === undefined ? undefined : rows.find(({ payment_id: id }) => id === payment.id)
  if (known?.receipt_id != null) throw new HubError('already_exists')
  if (known !== undefined) {
    const { applied } = shares.get(known.id)!
    if (wanted !== undefined && !wanted.equals(applied)) throw invalidField('amount', `is ${written(applied, invoice.currency)}: what of this payment pays the invoice`)
    if (applied.lessThanOrEqualTo(0)) throw invalidField('payment', 'pays nothing of this invoice: it was given back, or came after all was paid')
    return { rowId: known.id, amount: applied }
  }
  const has = payment === undefined || payment.currency !== invoice.currency ? due : fromMinor(payment.amount_captured - payment.amount_refunded, payment.currency).minus(payment.elsewhere ?? 0)
  const most = Decimal.min(due, has)
  const amount = wanted ?? most
  if (amount.lessThanOrEqualTo(0) || amount.greaterThan(due)) throw invalidField('amount', `at most ${written(due, invoice.currency)} is open`)
  if (amount.greaterThan(has)) throw invalidField('amount', `is more than the payment has: ${written(has, invoice.currency)}`)
  const rowId = newUuid(now)
  await receivables.insertIncoming(db, { id: rowId, invoice_id: invoice.id, amount: written(amount, invoice.currency), currency: invoice.currency, form, paid_at: paidAt, payment_id: payment?.id ?? null, told: true, created_at: now })
  return { rowId, amount }
}

/** What the receipt says of currencies. Throws a 400 where a rate is missing: it is that of the day, so nobody but the tenant knows it. */
function ratesOf (invoice: InvoiceRow, payment: CollectingPayment | undefined, amount: Decimal, rate: string | undefined): Pick<ReceiptSaid, 'paid_in' | 'exchange_rate'> {
  const home = engineOf(invoice.country).homeCurrency
  const paidIn = payment?.currency ?? invoice.currency
  if (paidIn === home && invoice.currency === home) return {}
  if (paidIn !== invoice.currency && paidIn !== home && invoice.currency !== home) throw invalidField('payment', `is in ${paidIn}, and the invoice in ${invoice.currency}`)
  const known = rate ?? (payment?.exchange_rate == null ? undefined : new Decimal(payment.exchange_rate).toString())
  if (known === undefined) throw invalidField('exchange_rate', `is required: ${home} for one ${paidIn === home ? invoice.currency : paidIn} on the day of the payment`)
  if (paidIn === invoice.currency) return { exchange_rate: known }
  // In pesos what the payment has, where all of it is for this invoice; otherwise what the rate makes of the part.
  const converted = paidIn === home ? amount.times(known) : amount.dividedBy(known)
  const whole = fromMinor(payment!.amount_captured, paidIn)
  const taken = Decimal.min(whole, converted.toDecimalPlaces(2, Decimal.ROUND_UP))
  return { exchange_rate: known, paid_in: { currency: paidIn, amount: written(taken, paidIn) } }
}

function notPayable (es: string, en: string): HubError {
  return new HubError('invalid_state', { detail: { es, en } })
}
