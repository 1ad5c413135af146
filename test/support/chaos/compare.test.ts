import t from 'tap'
import type { Ledger } from '../../../adapters/stripe/simulator/ledger.ts'
import { type Books, compare } from './compare.ts'
import { neverHappened } from './disasters.ts'

/** A comparison that finds nothing proves nothing: here each kind of difference is planted, and must be found. */

const row = (id: string, status: string, amount: number, metadata: Record<string, string> = {}) => ({ id, account: 'acct_1', mode: 'test' as const, status, amount, currency: 'mxn', metadata, idempotencyKey: null, created: 1 })
const taken = (id: string, payment: string, story: string) => ({ ...row(id, 'succeeded', 19_900, { pasarela_payment: payment, story }), received: 19_900, capturable: 0, customer: null, session: null as string | null, invoice: null as string | null })
const charge = (id: string, payment: string) => ({ ...row(id, 'succeeded', 19_900), payment, captured: 19_900, refunded: 0, disputed: false })

/** One of everything, and both sides agree. */
function agreed (): Books & { ledger: Ledger, webhooks: string[] } {
  return {
    ledger: {
      payments: [taken('pi_1', 'pay_1', 'a'), { ...taken('pi_2', '', ''), metadata: {}, amount: 49_900, received: 49_900, invoice: 'in_1' }, { ...taken('pi_3', '', 'page'), metadata: { pasarela_checkout: 'chk_1' }, session: 'cs_1' }],
      charges: [charge('ch_1', 'pi_1'), charge('ch_2', 'pi_2'), charge('ch_3', 'pi_3')],
      refunds: [{ ...row('re_1', 'succeeded', 4_000, { pasarela_refund: 'ref_1' }), payment: 'pi_1', charge: 'ch_1' }],
      sessions: [{ ...row('cs_1', 'complete', 19_900, { pasarela_checkout: 'chk_1' }), payment: 'pi_3', link: null }],
      subscriptions: [{ ...row('sub_p1', 'active', 49_900, { pasarela_subscription: 'sub_1' }), customer: 'cus_p1', paused: false, cancelAtPeriodEnd: false }],
      invoices: [{ ...row('in_1', 'paid', 49_900), subscription: 'sub_p1', paid: 49_900, attempts: 1, payments: ['pi_2'] }],
      disputes: [{ ...row('du_1', 'needs_response', 19_900), charge: 'ch_1', payment: 'pi_1' }],
      customers: [{ id: 'cus_p1', account: 'acct_1', mode: 'test', status: 'active', metadata: { pasarela_customer: 'cus_1' }, idempotencyKey: null, created: 1, email: null }]
    },
    ours: {
      payments: [['pay_1', 'pi_1', 19_900, 'a', 4_000], ['pay_2', 'pi_2', 49_900, null, 0], ['pay_3', 'pi_3', 19_900, 'page', 0]].map(([id, reference, amount, story, refunded]) => ({
        id: id as string, status: 'succeeded', amount: amount as number, currency: 'MXN', capturable: 0, captured: amount as number, refunded: refunded as number, reference: reference as string, pending: null, review: null, cancelWanted: false, story: story as string | null, disputed: false
      })),
      attempts: [],
      refunds: [{ id: 'ref_1', payment: 'pay_1', status: 'succeeded', amount: 4_000, reference: 're_1' }],
      subscriptions: [{ id: 'sub_1', status: 'active', reference: 'sub_p1', pending: null, review: null, cancelWanted: false, cancelAtPeriodEnd: false }],
      cycles: [{ id: 'cyc_1', subscription: 'sub_1', status: 'paid', amount: 49_900, reference: 'in_1', payment: 'pay_2', paymentOwed: false }],
      pages: [{ id: 'chk_1', status: 'complete', reference: 'cs_1', pending: null }],
      methods: [{ id: 'pmt_1', status: 'active', pending: false }],
      disputes: [{ id: 'dsp_1', payment: 'pay_1', status: 'needs_response', amount: 19_900, reference: 'du_1', pending: null }],
      inbound: [{ id: 'inb_1', event: 'evt_1', type: 'payment_intent.succeeded', status: 'processed', reason: null }],
      alerts: [{ kind: 'dispute_opened', subject: 'dsp_1' }],
      told: [{ type: 'payment.succeeded', subject: 'x', times: 1 }]
    },
    webhooks: ['evt_1'],
    acknowledged: [{ name: 'a', id: 'pay_1', object: 'payment', status: 'succeeded' }]
  }
}

t.test('books that agree', async t => {
  t.same(compare(agreed()), [])
})

const planted: [what: string, plant: (books: ReturnType<typeof agreed>) => unknown, found: object][] = [
  ['a double charge: two objects for one payment', ({ ledger }) => ledger.payments.push(taken('pi_9', 'pay_1', 'a')), { verdict: 'double', what: 'payment', id: 'pay_1', detail: /pi_1, pi_9/ }],
  ['a double charge: two charges on one object', ({ ledger }) => ledger.charges.push(charge('ch_9', 'pi_1')), { verdict: 'double', what: 'payment', id: 'pi_1', detail: /charged 2 times/ }],
  ['one order, two payments', ({ ledger }) => ledger.payments.push(taken('pi_9', 'pay_9', 'a')), { verdict: 'double', what: 'story', id: 'a' }],
  ['one order, two payments of ours', ({ ours }) => ours.payments.push({ ...ours.payments[0]!, id: 'pay_9', reference: null, status: 'canceled', captured: 0 }), { verdict: 'double', what: 'story', id: 'a' }],
  ['money that nobody here knows of', ({ ledger }) => ledger.payments.push(taken('pi_9', '', 'b')), { verdict: 'lost', what: 'payment', id: 'pi_9', detail: /no payment of ours/ }],
  ['a voucher that can be paid and nobody knows of', ({ ledger }) => ledger.payments.push({ ...taken('pi_9', '', 'b'), status: 'requires_action', received: 0 }), { verdict: 'lost', id: 'pi_9' }],
  ['money that only we know of', ({ ours }) => { ours.payments[0]!.reference = 'pi_none' }, { verdict: 'lost', what: 'payment', id: 'pay_1', detail: /the provider has no pi_none/ }],
  ['another status', ({ ours }) => { ours.payments[0]!.status = 'canceled' }, { verdict: 'lost', id: 'pay_1', detail: 'canceled, and the provider says succeeded' }],
  ['another amount captured', ({ ours }) => { ours.payments[0]!.captured = 15_000 }, { verdict: 'lost', id: 'pay_1', detail: 'captured 15000, and the provider says 19900' }],
  ['another amount given back', ({ ours }) => { ours.payments[0]!.refunded = 0 }, { verdict: 'lost', id: 'pay_1', detail: 'refunded 0, and the provider says 4000' }],
  ['a payment that is stuck', ({ ours }) => { Object.assign(ours.payments[0]!, { status: 'unknown', pending: 'capture' }) }, { verdict: 'stuck', what: 'payment', id: 'pay_1', detail: 'capture has no end' }],
  ['a payment that nobody knows', ({ ours }) => { ours.payments[0]!.status = 'unknown' }, { verdict: 'stuck', id: 'pay_1', detail: 'nobody knows' }],
  ['a payment under review', ({ ours }) => { ours.payments[0]!.review = 'paid_twice' }, { verdict: 'stuck', id: 'pay_1', detail: 'under review: paid_twice' }],
  ['a cancel that nobody carries out', ({ ours }) => { ours.payments[0]!.cancelWanted = true }, { verdict: 'stuck', id: 'pay_1' }],
  ['a refund made twice', ({ ledger }) => ledger.refunds.push({ ...ledger.refunds[0]!, id: 're_9' }), { verdict: 'double', what: 'refund', id: 'ref_1' }],
  ['more given back than was taken', ({ ledger }) => { ledger.refunds[0]!.amount = 20_000 }, { verdict: 'double', what: 'refund', id: 'pi_1', detail: '20000 of 19900 given back' }],
  ['a refund that nobody here knows of', ({ ours }) => ours.refunds.pop(), { verdict: 'lost', what: 'refund', id: 're_1' }],
  ['a refund that failed there', ({ ledger }) => { ledger.refunds[0]!.status = 'failed' }, { verdict: 'lost', what: 'refund', id: 'ref_1' }],
  ['a refund that is stuck', ({ ours }) => { ours.refunds[0]!.status = 'unknown' }, { verdict: 'stuck', what: 'refund', id: 'ref_1' }],
  ['a subscription that ended there', ({ ledger }) => { ledger.subscriptions[0]!.status = 'canceled' }, { verdict: 'lost', what: 'subscription', id: 'sub_1' }],
  ['a subscription made twice', ({ ledger }) => ledger.subscriptions.push({ ...ledger.subscriptions[0]!, id: 'sub_p9' }), { verdict: 'double', what: 'subscription', id: 'sub_1' }],
  ['a subscription that is stuck', ({ ours }) => { ours.subscriptions[0]!.pending = 'create_subscription' }, { verdict: 'stuck', what: 'subscription', id: 'sub_1' }],
  ['a renewal that nobody here knows of', ({ ledger }) => ledger.invoices.push({ ...ledger.invoices[0]!, id: 'in_9', payments: ['pi_9'] }), { verdict: 'lost', what: 'cycle', id: 'in_9' }],
  ['a cycle without its payment', ({ ours }) => { ours.cycles[0]!.payment = null }, { verdict: 'lost', what: 'cycle', id: 'cyc_1', detail: /its payment here is missing/ }],
  ['a cycle that was paid twice', ({ ledger }) => ledger.payments.push({ ...ledger.payments[1]!, id: 'pi_9' }), { verdict: 'double', what: 'cycle', id: 'in_1' }],
  ['a page that was paid and is open here', ({ ours }) => { ours.pages[0]!.status = 'open' }, { verdict: 'lost', what: 'page', id: 'chk_1' }],
  ['a page that was made twice', ({ ledger }) => ledger.sessions.push({ ...ledger.sessions[0]!, id: 'cs_9' }), { verdict: 'double', what: 'page', id: 'chk_1' }],
  ['a dispute that nobody here knows of', ({ ours }) => ours.disputes.pop(), { verdict: 'lost', what: 'dispute', id: 'du_1' }],
  ['a dispute that was decided there', ({ ledger }) => { ledger.disputes[0]!.status = 'lost' }, { verdict: 'lost', what: 'dispute', id: 'dsp_1' }],
  ['a webhook that was acknowledged and lost', books => books.webhooks.push('evt_9'), { verdict: 'lost', what: 'webhook', id: 'evt_9', detail: 'acknowledged, and not kept' }],
  ['a webhook kept twice', ({ ours }) => ours.inbound.push({ ...ours.inbound[0]!, id: 'inb_9' }), { verdict: 'double', what: 'webhook', id: 'evt_1' }],
  ['a webhook that nobody processes', ({ ours }) => { ours.inbound[0]!.status = 'retrying' }, { verdict: 'stuck', what: 'webhook', id: 'inb_1' }],
  ['a webhook of nothing of ours', ({ ours }) => { Object.assign(ours.inbound[0]!, { status: 'unmatched', reason: 'no payment of ours is pi_1' }) }, { verdict: 'lost', what: 'webhook', id: 'inb_1' }],
  ['a promise that was not kept', ({ acknowledged }) => (acknowledged as object[]).push({ name: 'b', id: 'pay_9', object: 'payment', status: 'succeeded' }), { verdict: 'lost', what: 'payment', id: 'pay_9' }],
  ['a promise that was taken back', ({ acknowledged }) => { acknowledged[0]!.status = 'canceled' }, { verdict: 'lost', what: 'payment', id: 'pay_1', detail: /was told canceled, and it is succeeded/ }],
  ['an event told twice', ({ ours }) => { ours.told[0]!.times = 2 }, { verdict: 'double', what: 'event', detail: 'payment.succeeded was told 2 times' }],
  ['a customer made twice', ({ ledger }) => ledger.customers.push({ ...ledger.customers[0]!, id: 'cus_p9' }), { verdict: 'double', what: 'customer', id: 'cus_1' }],
  ['a saved card that nobody knows', ({ ours }) => { ours.methods[0]!.status = 'unknown' }, { verdict: 'stuck', what: 'payment method', id: 'pmt_1' }],
  ['a person who was called', ({ ours }) => ours.alerts.push({ kind: 'payment_unresolved', subject: 'pay_1' }), { verdict: 'stuck', what: 'alert', detail: /payment_unresolved/ }]
]

for (const [what, plant, found] of planted) {
  t.test(what, async t => {
    const books = agreed()
    plant(books)
    const differences = compare(books)
    const matching = differences.filter(difference => Object.entries(found).every(([name, wanted]) => wanted instanceof RegExp ? wanted.test(String(difference[name as 'id'])) : difference[name as 'id'] === wanted))
    t.equal(matching.length, 1, JSON.stringify(differences))
  })
}

t.test('what is told of a subscription’s payment before its cycle is here is no loss', async t => {
  const books = agreed()
  Object.assign(books.ours.inbound[0]!, { status: 'unmatched', reason: 'no payment of ours is pi_2' })
  t.same(compare(books), [])
})

t.test('what never went wrong', async t => {
  t.same(neverHappened({ 'killed api': 3, 'write cut_after': 0 }), ['write cut_after'])
})
