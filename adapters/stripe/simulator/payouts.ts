import { plan } from './agenda.ts'
import { book } from './balance.ts'
import { emit } from './events.ts'
import type { Payout } from './objects.ts'
import { anything, created, expand, object, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import type { Call } from './world.ts'

/** Money on its way to the merchant's bank. Source: https://docs.stripe.com/payouts and https://docs.stripe.com/api/payouts, read 2026-11. */
const arrivalSeconds = 2 * 86_400

export const payoutRoutes = [
  route('GET', '/v1/payouts', object({ ...paging, arrival_date: anything, created, destination: text(), status: text() }), ({ books }, params) =>
    page(books.payouts, params, '/v1/payouts', 'payout', each => each, each => params.status === undefined || each.status === params.status)),
  route('GET', '/v1/payouts/:id', object({ expand }), ({ books }, _, { id }) => wanted(books.payouts, id!, 'payout', 'payout'))
]

/** Stripe's own daily payout: all that is in the balance, one payout for each currency. `early`: what is not available yet too. */
export function payOut (call: Call, early: boolean): Payout[] {
  const { world, books } = call
  const now = world.now()
  const lines = books.balanceTransactions.items.filter(each => !books.paidOut.has(each.id) && each.type !== 'payout' && (early || each.available_on <= now))
  const made: Payout[] = []
  for (const currency of new Set(lines.map(each => each.currency))) {
    const own = lines.filter(each => each.currency === currency)
    const amount = own.reduce((sum, each) => sum + each.net, 0)
    if (amount <= 0) continue
    const payout = books.payouts.add({
      id: world.id('po_1'),
      object: 'payout',
      amount,
      application_fee: null,
      application_fee_amount: null,
      arrival_date: now + arrivalSeconds,
      automatic: true,
      balance_transaction: null,
      created: now,
      currency,
      description: 'STRIPE PAYOUT',
      destination: `ba_1${books.account.slice(5)}`,
      failure_balance_transaction: null,
      failure_code: null,
      failure_message: null,
      livemode: books.livemode,
      metadata: {},
      method: 'standard',
      original_payout: null,
      payout_method: null,
      reconciliation_status: 'in_progress',
      reversed_by: null,
      source_type: 'card',
      statement_descriptor: null,
      status: 'in_transit',
      trace_id: null,
      type: 'bank_account'
    })
    payout.balance_transaction = book(call, { type: 'payout', source: payout.id, amount: -amount, currency, description: 'STRIPE PAYOUT' })
    for (const each of own) {
      each.available_on = Math.min(each.available_on, now)
      books.paidOut.set(each.id, payout.id)
    }
    books.paidOut.set(payout.balance_transaction, payout.id)
    emit(call, 'payout.created', { ...payout })
    plan(call, 'payout', payout.id, payout.arrival_date)
    payout.reconciliation_status = 'completed'
    emit(call, 'payout.reconciliation_completed', { ...payout })
    made.push(payout)
  }
  return made
}

export function payoutArrives (call: Call, id: string): void {
  const payout = call.books.payouts.get(id)
  if (payout?.status !== 'in_transit') return
  payout.status = 'paid'
  emit(call, 'payout.paid', { ...payout })
}
