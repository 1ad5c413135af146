import { allBooks, type Books, type World } from './world.ts'

/** What the provider's books say, for comparing row by row with another's: keys that made an object and its metadata stand beside it. */
export interface LedgerRow {
  id: string
  account: string
  mode: 'test' | 'live'
  status: string
  amount: number
  currency: string
  metadata: Record<string, string>
  /** Of the request that made it. */
  idempotencyKey: string | null
  created: number
}

export interface Ledger {
  payments: (LedgerRow & { received: number, capturable: number, customer: string | null, session: string | null, invoice: string | null })[]
  charges: (LedgerRow & { payment: string, captured: number, refunded: number, disputed: boolean })[]
  refunds: (LedgerRow & { payment: string | null, charge: string })[]
  sessions: (LedgerRow & { payment: string | null, link: string | null })[]
  subscriptions: (LedgerRow & { customer: string, paused: boolean, cancelAtPeriodEnd: boolean })[]
  invoices: (LedgerRow & { subscription: string | null, paid: number, attempts: number, payments: string[] })[]
  disputes: (LedgerRow & { charge: string, payment: string })[]
  customers: (Omit<LedgerRow, 'amount' | 'currency'> & { email: string | null })[]
}

export function ledgerOf (world: World): Ledger {
  const ledger: Ledger = { payments: [], charges: [], refunds: [], sessions: [], subscriptions: [], invoices: [], disputes: [], customers: [] }
  for (const books of allBooks(world)) enter(ledger, books)
  return ledger
}

function enter (ledger: Ledger, books: Books): void {
  const row = ({ id, status, amount, currency, metadata, created }: Omit<LedgerRow, 'account' | 'mode' | 'idempotencyKey'>): LedgerRow =>
    ({ id, account: books.account, mode: books.livemode ? 'live' : 'test', status, amount, currency, metadata, idempotencyKey: books.madeBy.get(id) ?? null, created })
  for (const { wire, owner } of books.paymentIntents.items) {
    const of = (kind: string) => owner?.kind === kind ? owner.id : null
    ledger.payments.push({ ...row(wire), received: wire.amount_received, capturable: wire.amount_capturable, customer: wire.customer, session: of('session'), invoice: of('invoice') })
  }
  for (const each of books.charges.items) ledger.charges.push({ ...row(each), payment: each.payment_intent, captured: each.amount_captured, refunded: each.amount_refunded, disputed: each.disputed === true })
  for (const each of books.refunds.items) ledger.refunds.push({ ...row(each), payment: each.payment_intent, charge: each.charge })
  for (const { wire } of books.sessions.items) ledger.sessions.push({ ...row({ ...wire, amount: wire.amount_total ?? 0, currency: wire.currency ?? '' }), payment: wire.payment_intent, link: wire.payment_link })
  for (const { wire } of books.subscriptions.items) {
    ledger.subscriptions.push({ ...row({ ...wire, amount: wire.items.data.reduce((sum, each) => sum + each.price.unit_amount * each.quantity, 0) }), customer: wire.customer, paused: wire.pause_collection !== null, cancelAtPeriodEnd: wire.cancel_at_period_end })
  }
  const paymentsOf = new Map<string, string[]>()
  for (const { invoice, payment } of books.invoicePayments.items) paymentsOf.set(invoice, [...paymentsOf.get(invoice) ?? [], payment.payment_intent])
  for (const each of books.invoices.items) {
    ledger.invoices.push({
      ...row({ ...each, amount: each.amount_due }),
      subscription: each.parent?.subscription_details.subscription ?? null,
      paid: each.amount_paid,
      attempts: each.attempt_count,
      payments: paymentsOf.get(each.id) ?? []
    })
  }
  for (const each of books.disputes.items) ledger.disputes.push({ ...row(each), charge: each.charge, payment: each.payment_intent })
  for (const each of books.customers.items) {
    const { amount: _, currency: __, ...rest } = row({ ...each, amount: 0, currency: '', status: 'active' })
    ledger.customers.push({ ...rest, email: each.email })
  }
}
