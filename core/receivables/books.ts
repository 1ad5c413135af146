import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { Decimal, sum } from '../fiscal/decimal.ts'
import { publicId } from '../ids.ts'
import * as queries from './queries.ts'
import type { CollectingPayment, IncomingRow, OpenPage, OwedInvoice } from './queries.ts'
import { backOf, fromMinor, type Incoming, isPayable, share, type Share, toMinor, written } from './reconcile.ts'

/** One invoice's books, as its payments stand now, whether or not the job has written them down yet. */
export interface Books {
  rows: IncomingRow[]
  payments: CollectingPayment[]
  /** Payments that took money for it and have no row yet. */
  fresh: { payment: CollectingPayment, gross: Decimal }[]
  /** By the row's id, or the payment's where there is no row yet. */
  shares: Map<string, Share & { back: Decimal, gross: Decimal }>
  credited: Decimal
  paid: Decimal
  due: Decimal
  /** Of what is due, what somebody may be paying at this moment. */
  reserved: Decimal
  holding: { pages: OpenPage[], payments: CollectingPayment[] }
}

/** Call it under the invoice's lock where something is decided by it. */
export async function booksOf (db: TenantDb, invoice: OwedInvoice, { except }: { except?: string } = {}): Promise<Books> {
  const { id, currency } = invoice
  const rows = await queries.incomingOf(db, id)
  const payments = await queries.paymentsFor(db, id)
  const byId = new Map(payments.map(payment => [payment.id, payment]))
  const known = new Set(rows.map(({ payment_id: paymentId }) => paymentId))
  const fresh = payments.flatMap(payment => {
    const taken = payment.invoice_id === id && payment.known_status === 'succeeded' && payment.currency === currency && !known.has(payment.id)
    const gross = fromMinor(payment.amount_captured, payment.currency).minus(payment.elsewhere ?? 0)
    return taken && gross.greaterThan(0) ? [{ payment, gross }] : []
  })
  const incoming: Incoming[] = [
    ...rows.map(row => {
      const payment = row.payment_id === null ? undefined : byId.get(row.payment_id)
      const gross = row.told || payment === undefined || payment.currency !== currency ? new Decimal(row.amount) : fromMinor(payment.amount_captured, currency).minus(payment.elsewhere ?? 0)
      return { id: row.id, gross, back: payment === undefined ? new Decimal(0) : backOf(gross, goneOf(payment), payment.amount_captured, currency) }
    }),
    ...fresh.map(({ payment, gross }) => ({ id: payment.id, gross, back: backOf(gross, goneOf(payment), payment.amount_captured, currency) }))
  ]
  const credited = new Decimal(await queries.creditedOf(db, id))
  // Of a cancelled invoice nothing is due any more: what came before stays as it was, what comes now is too much.
  const capacity = invoice.status === 'canceled' ? sum(rows.map(row => new Decimal(row.applied ?? row.amount))) : Decimal.max(new Decimal(invoice.total).minus(credited), 0)
  const { shares, paid } = share(capacity, incoming)
  const found = new Map(incoming.map(entry => [entry.id, entry]))
  const due = invoice.status === 'canceled' ? new Decimal(0) : capacity.minus(paid)
  const pages = (await queries.openPagesFor(db, id)).filter(page => !payments.some(payment => payment.origin_id === page.id && payment.known_status === 'succeeded'))
  const waiting = payments.filter(payment => payment.invoice_id === id && payment.id !== except && holds(payment) && !pages.some(page => page.id === payment.origin_id))
  return {
    rows,
    payments,
    fresh,
    shares: new Map(shares.map(one => [one.id, { ...one, back: found.get(one.id)!.back, gross: found.get(one.id)!.gross }])),
    credited,
    paid,
    due,
    reserved: sum([...pages.map(page => fromMinor(page.amount, page.currency)), ...waiting.map(payment => fromMinor(payment.amount, payment.currency))]),
    holding: { pages, payments: waiting }
  }
}

/** Refunded, or in a dispute that is not won; minor units. */
const goneOf = (payment: CollectingPayment): number => payment.amount_refunded + (payment.disputed ?? 0)

/** Could it still take money without us? A declined one that the payer can do nothing with holds nothing; trying it again asks anew. */
function holds ({ status, pending_kind: pending, next_action_sealed: action }: CollectingPayment): boolean {
  switch (status) {
    case 'unknown':
    case 'requires_action':
    case 'processing':
    case 'authorized': return true
    case 'requires_payment_method': return pending !== null || action !== null
    default: return false
  }
}

export interface Reservation {
  invoiceId: string
  mode: Mode
  currency: string
  /** Minor units. */
  amount: number
  /** A payment that holds its own part already and is tried once more. */
  except?: string
  /** The caller's field. */
  path?: string
}

/**
 * Is so much of the invoice still to be paid, and nobody at it? Asked under the invoice's lock, in the transaction that writes
 * the payment's or the page's intent: of two payers at once the second one is told so before any provider is asked. Throws 4xx.
 */
export async function reserve (db: TenantDb, { invoiceId, mode, currency, amount, except, path = 'invoice_id' }: Reservation): Promise<void> {
  const invoice = await queries.lockOwed(db, invoiceId)
  if (invoice?.mode !== mode) throw invalidField(path, 'is no invoice of yours')
  if (!isPayable(invoice.kind)) throw invalidField(path, `is a ${invoice.kind}, which nobody pays`)
  if (invoice.status !== 'issued' && invoice.status !== 'cancel_rejected') throw invalidField(path, `is ${invoice.status}: only an issued invoice is paid`)
  if (invoice.currency !== currency) throw invalidField('currency', `the invoice is in ${invoice.currency}`)
  const { due, reserved, holding } = await booksOf(db, invoice, { ...(except !== undefined && { except }) })
  if (amount > toMinor(due, currency)) throw invalidField('amount', `at most ${written(due, currency)} ${currency} of the invoice is due`)
  if (amount <= toMinor(due.minus(reserved), currency)) return
  const by = [...holding.payments.map(({ id }) => publicId('payment', id)), ...holding.pages.map(({ id, kind }) => publicId(kind as 'payment_link', id))].join(', ')
  throw new HubError('invoice_being_paid', {
    detail: {
      es: `Faltan ${written(due, currency)} ${currency}, y ${written(reserved, currency)} se están pagando ahora (${by}). Espere, o cancele ese intento.`,
      en: `${written(due, currency)} ${currency} is due, and ${written(reserved, currency)} is being paid at this moment (${by}). Wait, or cancel that attempt.`
    }
  })
}
