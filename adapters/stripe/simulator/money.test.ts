import t from 'tap'
import fc from 'fast-check'
import type Stripe from 'stripe'
import { chargeFee, disputeFee, homeCurrency } from './fees.ts'
import { eventTypes, failure, payment, sdk, start } from './testing.ts'

t.test('a dispute: money goes, evidence decides, money comes back', async t => {
  const simulator = await start(t, { asyncMs: 3_600_000 })
  const stripe = sdk(simulator)
  const paid = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_createDispute', metadata: { payment: 'pay_1' }, expand: ['latest_charge'] })
  t.match(paid, { status: 'succeeded' }, 'the payment itself goes well')
  const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data
  t.match(dispute, {
    id: /^du_/, status: 'needs_response', reason: 'fraudulent', amount: payment.amount, is_charge_refundable: false, charge: (paid.latest_charge as Stripe.Charge).id,
    evidence_details: { due_by: Number, has_evidence: false, past_due: false, submission_count: 0, submission_method: 'not_submitted' },
    balance_transactions: [{ type: 'adjustment', reporting_category: 'dispute', amount: -payment.amount, fee: 34_800, net: -payment.amount - 34_800 }],
    payment_method_details: { type: 'card', card: { case_type: 'chargeback', network_reason_code: '10.4' } }
  })
  t.equal(new Date(dispute!.evidence_details.due_by! * 1000).toISOString().slice(11, 19), '23:59:59')
  t.match(await stripe.charges.retrieve((paid.latest_charge as Stripe.Charge).id), { disputed: true })
  t.match(await failure(stripe.refunds.create({ payment_intent: paid.id })), { code: 'charge_disputed', message: /has been charged back; cannot issue a refund/ })
  t.match(await stripe.disputes.update(dispute!.id, { evidence: { customer_name: 'Ana', uncategorized_text: 'winning_evidence' }, submit: false, metadata: { a: 'b' } }), { status: 'needs_response', metadata: { a: 'b' }, evidence: { customer_name: 'Ana' }, evidence_details: { has_evidence: true, submission_count: 0 } })
  t.match(await stripe.disputes.update(dispute!.id, { submit: true }), { status: 'under_review', evidence_details: { submission_count: 1, submission_method: 'manual' } })
  t.match(await failure(stripe.disputes.update(dispute!.id, { evidence: { customer_name: 'Eva' } })), { statusCode: 400 })
  simulator.advance()
  t.match(await stripe.disputes.retrieve(dispute!.id), { status: 'won', balance_transactions: [{}, { amount: payment.amount, fee: 0, reporting_category: 'dispute_reversal' }] })
  t.strictSame(await eventTypes(stripe, 'charge.dispute'), ['charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.updated', 'charge.dispute.updated', 'charge.dispute.funds_reinstated', 'charge.dispute.closed'])
  t.match(simulator.ledger().disputes, [{ status: 'won', payment: paid.id }])
})

t.test('disputes that are lost, given up, asked about and escalated', async t => {
  let now = Date.parse('2026-11-01T12:00:00Z')
  const simulator = await start(t, { now: () => new Date(now), asyncMs: 3_600_000 })
  const stripe = sdk(simulator)
  const open = async (method: string) => (await stripe.disputes.list({ payment_intent: (await stripe.paymentIntents.create({ ...payment, payment_method: method })).id })).data[0]!
  const lost = await open('pm_card_createDisputeProductNotReceived')
  t.match(lost, { reason: 'product_not_received' })
  await stripe.disputes.update(lost.id, { evidence: { uncategorized_text: 'losing_evidence' } })
  simulator.advance()
  t.match(await stripe.disputes.retrieve(lost.id), { status: 'lost', balance_transactions: { length: 1 } })
  t.match(await stripe.disputes.close((await open('pm_card_createDispute')).id), { status: 'lost' })
  t.match(await failure(stripe.disputes.close(lost.id)), { statusCode: 400 })

  const asked = await open('pm_card_createDisputeInquiry')
  t.match(asked, { status: 'warning_needs_response', is_charge_refundable: true, balance_transactions: [], payment_method_details: { card: { case_type: 'inquiry' } } })
  t.match(await stripe.refunds.create({ charge: asked.charge as string, amount: 990 }), { status: 'succeeded' }, 'an inquiry may be answered with money')
  await stripe.disputes.update(asked.id, { evidence: { uncategorized_text: 'winning_evidence' } })
  simulator.advance()
  t.equal((await stripe.disputes.retrieve(asked.id)).status, 'warning_closed')
  const grows = await open('pm_card_createDisputeInquiry')
  t.match(await stripe.disputes.update(grows.id, { evidence: { uncategorized_text: 'escalate_inquiry_evidence' } }), { status: 'warning_under_review' })
  simulator.advance()
  t.match(await stripe.disputes.retrieve(grows.id), { status: 'needs_response', is_charge_refundable: false, balance_transactions: [{ reporting_category: 'dispute' }] })

  const forgotten = await open('pm_card_createDispute')
  const unanswered = await open('pm_card_createDisputeInquiry')
  const undecided = await open('pm_card_createDispute')
  await stripe.disputes.update(undecided.id, { evidence: { product_description: 'a room' } })
  now = forgotten.evidence_details.due_by! * 1000
  simulator.advance()
  t.match(await stripe.disputes.retrieve(forgotten.id), { status: 'lost', evidence_details: { past_due: true } })
  t.match(await stripe.disputes.retrieve(unanswered.id), { status: 'warning_closed' })
  t.equal((await stripe.disputes.retrieve(undecided.id)).status, 'under_review')
  t.equal(simulator.decideDispute(undecided.id, 'won'), 'won')
  const byHand = await stripe.paymentIntents.create(payment)
  t.match(simulator.dispute(byHand.id, { kind: 'fraudulent', reason: 'duplicate', amount: 500 }), { reason: 'duplicate', amount: 500 })
  t.throws(() => simulator.dispute('pi_none'), /no charge/)
  t.match(await failure(stripe.disputes.update(grows.id, { evidence: { receipt: 'file_none' } })), { code: 'resource_missing' })
})

t.test('payments that are blocked as fraud', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const error = await failure(stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_radarBlock' }))
  t.match(error, { statusCode: 402, code: 'card_declined', raw: { decline_code: 'fraudulent' } })
  t.match(await stripe.charges.retrieve(error.charge), { status: 'failed', outcome: { type: 'blocked', reason: 'highest_risk_level', risk_level: 'highest', network_status: 'not_sent_to_network' } })
})

t.test('fees by country, in every currency', async t => {
  t.strictSame(chargeFee('MX', 'card', 10_000, 'mxn').map(each => [each.type, each.amount]), [['stripe_fee', 660], ['tax', 106]])
  t.strictSame(chargeFee('MX', 'customer_balance', 100_000, 'mxn').map(each => each.amount), [700, 112])
  t.strictSame(chargeFee('US', 'card', 10_000, 'usd').map(each => each.amount), [320])
  t.strictSame(chargeFee('US', 'customer_balance', 1_000_000, 'usd').map(each => each.amount), [500], 'a fee that has a ceiling')
  t.strictSame(disputeFee('ES', 'eur').map(each => each.amount), [2000])
  t.strictSame(chargeFee('MX', 'card', 10_000, 'usd')[0]!.amount, 360 + 17, 'the fixed part in the currency of the charge')
  t.strictSame(['MX', 'ES', 'EC', 'CO'].map(homeCurrency), ['mxn', 'eur', 'usd', 'cop'])
})

t.test('payouts take what is in the balance, once', async t => {
  let now = Date.parse('2026-11-01T12:00:00Z')
  const simulator = await start(t, { now: () => new Date(now) })
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  const paid = await stripe.paymentIntents.create({ ...payment, capture_method: 'automatic' })
  await stripe.refunds.create({ payment_intent: paid.id, amount: 990 })
  t.strictSame(simulator.payOut(key, { early: false }), [], 'nothing is available yet')
  now += 5 * 86_400_000
  await stripe.paymentIntents.create({ ...payment, capture_method: 'automatic' })
  const [payout] = simulator.payOut(key, { early: false })
  t.match(payout, { id: /^po_/, amount: 10_990 - 807 - 990, currency: 'mxn', status: 'in_transit', automatic: true, arrival_date: now / 1000 + 2 * 86_400 })
  const lines = (await stripe.balanceTransactions.list({ payout: payout!.id })).data
  t.strictSame(lines.map(each => each.type), ['payout', 'refund', 'charge'])
  t.equal(lines.reduce((sum, each) => sum + each.net, 0), 0)
  t.equal((await stripe.balance.retrieve()).available[0]!.amount, 0)
  t.match(await stripe.balanceTransactions.retrieve(payout!.balance_transaction!, { expand: ['source'] }), { amount: -payout!.amount, source: { object: 'payout' } })
  t.match(await stripe.payouts.retrieve(payout!.id), { reconciliation_status: 'completed' })
  t.match((await stripe.balanceTransactions.list({ created: { gte: now / 1000 }, type: 'charge' })).data, [{ amount: 10_990 }])
  now += 2 * 86_400_000
  simulator.advance()
  t.match((await stripe.payouts.list({ status: 'paid' })).data, [{ id: payout!.id }])
  t.strictSame(await eventTypes(stripe, 'payout'), ['payout.created', 'payout.reconciliation_completed', 'payout.paid'])
  t.match(simulator.payOut(key), [{ amount: 10_990 - 807 }])
  t.strictSame(simulator.payOut(key), [])
  t.match(await failure(stripe.balanceTransactions.list({ payout: 'po_none' })), { statusCode: 404 })
})

t.test('every list is walked whole, by cursor, forwards and back', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const ids: string[] = []
  for (let i = 0; i < 23; i++) ids.unshift((await stripe.customers.create({ email: i % 3 === 0 ? 'same@shop.test' : `c${i}@shop.test` })).id)
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.boolean(), async (limit, filtered) => {
    const wanted = filtered ? ids.filter((_, i) => (22 - i) % 3 === 0) : ids
    const filter = filtered ? { email: 'same@shop.test' } : {}
    const forwards: string[] = []
    for (let page = await stripe.customers.list({ limit, ...filter }); ; page = await stripe.customers.list({ limit, starting_after: forwards.at(-1), ...filter })) {
      forwards.push(...page.data.map(each => each.id))
      if (!page.has_more) break
    }
    const back: string[] = [wanted.at(-1)!]
    for (let page = await stripe.customers.list({ limit, ending_before: back[0], ...filter }); ; page = await stripe.customers.list({ limit, ending_before: back[0], ...filter })) {
      back.unshift(...page.data.map(each => each.id))
      if (!page.has_more) break
    }
    return forwards.join() === wanted.join() && back.join() === wanted.join()
  }), { numRuns: 20 })
})

t.test('a key does a thing once, whatever is asked and how often', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const { id: customer } = await stripe.customers.create({})
  const { id: price } = await stripe.prices.create({ currency: 'mxn', unit_amount: 9900, recurring: { interval: 'month' }, product_data: { name: 'x' } })
  const one = { price_data: { currency: 'mxn', unit_amount: 5000, product_data: { name: 'y' } }, quantity: 1 }
  const writes: ((options: Stripe.RequestOptions) => Promise<{ id: string }>)[] = [
    options => stripe.customers.create({ name: 'a' }, options),
    options => stripe.checkout.sessions.create({ mode: 'payment', success_url: 'https://a.test', line_items: [one] }, options),
    options => stripe.paymentLinks.create({ line_items: [one] }, options),
    options => stripe.subscriptions.create({ customer, items: [{ price }], payment_behavior: 'default_incomplete' }, options),
    options => stripe.setupIntents.create({ customer }, options),
    options => stripe.invoiceItems.create({ customer, amount: 100, currency: 'mxn' }, options),
    options => stripe.products.create({ name: 'z' }, options)
  ]
  const before = () => JSON.stringify(simulator.ledger()).length
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: writes.length - 1 }), fc.integer({ min: 2, max: 4 }), fc.uuid(), async (which, times, idempotencyKey) => {
    const first = await writes[which]!({ idempotencyKey })
    const size = before()
    const again = await Promise.all(Array.from({ length: times }, () => writes[which]!({ idempotencyKey })))
    return again.every(each => each.id === first.id) && before() === size
  }), { numRuns: 30 })
})
