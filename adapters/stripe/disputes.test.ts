import t from 'tap'
import type Stripe from 'stripe'
import stripe from './adapter.ts'
import { disputeOf } from './disputes.ts'
import { card, closesAgents, key, open, type Opened, order, refused, sent, simulated, soon } from './testing/simulated.ts'

const { payments } = stripe

closesAgents(t)

const base = {
  id: 'du_1', object: 'dispute', amount: 5000, currency: 'mxn', charge: 'ch_1', payment_intent: 'pi_1', created: 1_700_000_000, livemode: false, reason: 'fraudulent', status: 'needs_response',
  metadata: {}, evidence_details: { due_by: 1_701_000_000, has_evidence: false, past_due: false, submission_count: 0 }, balance_transactions: []
}
const dispute = (more: object) => disputeOf({ ...base, ...more } as unknown as Stripe.Dispute)

t.test('every status', t => {
  for (const [status, ours] of [
    ['warning_needs_response', 'warning_needs_response'], ['warning_under_review', 'warning_under_review'], ['warning_closed', 'warning_closed'], ['needs_response', 'needs_response'], ['under_review', 'under_review'],
    ['appeal_needs_response', 'needs_response'], ['appeal_under_review', 'under_review'], ['won', 'won'], ['lost', 'lost'], ['prevented', 'warning_closed']
  ] as const) t.match(dispute({ status }), { status: ours, providerStatus: status }, status)
  for (const status of ['brand_new', '', undefined]) t.throws(() => dispute({ status }), { code: 'unknown', reached: 'unknown' })
  const accepted = { metadata: { pasarela_accepted: 'dsp_1' }, status: 'lost' }
  t.equal(dispute(accepted).status, 'accepted')
  t.equal(dispute({ ...accepted, evidence_details: { ...base.evidence_details, submission_count: 1 } }).status, 'lost', 'it was fought after all')
  t.equal(dispute({ ...accepted, status: 'needs_response' }).status, 'needs_response', 'the mark alone gives nothing up')
  t.end()
})

t.test('every reason', t => {
  for (const reason of ['credit_not_processed', 'duplicate', 'fraudulent', 'product_not_received', 'product_unacceptable', 'subscription_canceled', 'unrecognized']) t.match(dispute({ reason }), { reason, providerReason: reason })
  for (const [more, ours] of [
    [{ reason: 'debit_not_authorized' }, 'fraudulent'], [{ reason: 'general' }, 'general'], [{ reason: 'bank_cannot_process' }, 'general'], [{ reason: 'brand_new' }, 'general'],
    [{ reason: 'general', network_reason_code: '12.5' }, 'incorrect_amount'], [{ reason: 'fraudulent', network_reason_code: '10.4' }, 'fraudulent']
  ] as const) t.equal(dispute(more).reason, ours, JSON.stringify(more))
  t.equal(dispute({ network_reason_code: '10.4' }).providerReason, 'fraudulent (10.4)')
  t.end()
})

t.test('deadline, fee, reference', t => {
  t.same(dispute({}).evidenceDueBy, new Date(1_701_000_000_000))
  for (const due of [0, null]) t.equal(dispute({ evidence_details: { ...base.evidence_details, due_by: due } }).evidenceDueBy, undefined, 'the bank takes no answer')
  const taken = { currency: 'mxn', fee: 24_000 }
  t.equal(dispute({ balance_transactions: [taken] }).fee, 24_000)
  t.equal(dispute({ balance_transactions: [taken, { currency: 'mxn', fee: -24_000 }] }).fee, 0, 'given back')
  t.equal(dispute({ balance_transactions: [{ currency: 'usd', fee: 1500 }] }).fee, undefined, 'settled in another currency')
  t.equal(dispute({}).fee, undefined)
  t.equal(dispute({ charge: { id: 'ch_1', metadata: { pasarela_payment: 'pay_1' } } }).reference, 'pay_1')
  t.end()
})

async function disputed (context: Opened, token = 'createDispute') {
  const paid = await payments.createPayment(context, order({ method: card(`pm_card_${token}`) }))
  const { data } = await payments.listDisputes(context, soon())
  const found = data.find(({ paymentProviderReference }) => paymentProviderReference === paid.providerReference)
  if (found === undefined) throw new Error('no dispute')
  return { paid, found }
}

t.test('a dispute is seen, answered, and given up', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { paid, found } = await disputed(context)
  t.match(found, { status: 'needs_response', reason: 'fraudulent', amount: paid.amount, reference: paid.reference, evidenceSubmitted: false, mode: 'test' })
  t.ok((found.evidenceDueBy?.getTime() ?? 0) > Date.now())
  t.match(await payments.getDispute(context, found.providerReference), { providerReference: found.providerReference, reference: paid.reference })
  t.equal((await payments.getPayment(context, paid.providerReference)).disputed, true)

  const on = { providerReference: found.providerReference, reference: 'dsp_1' }
  const evidence = { productDescription: 'Dos sillas', customerName: 'Ana', customerEmail: 'ana@shop.example', shippingCarrier: 'Estafeta', shippingTrackingNumber: 'MX1', shippingDate: '2026-11-20', refundPolicyDisclosure: 'en la página', explanation: 'Entregado.' }
  t.match(await payments.submitEvidence(context, { ...on, idempotencyKey: key(), evidence, submit: false }), { status: 'needs_response', evidenceSubmitted: false })
  t.match(sent(context), {
    submit: 'false', 'evidence[product_description]': 'Dos sillas', 'evidence[customer_name]': 'Ana', 'evidence[customer_email_address]': 'ana@shop.example', 'evidence[shipping_carrier]': 'Estafeta',
    'evidence[shipping_tracking_number]': 'MX1', 'evidence[shipping_date]': '2026-11-20', 'evidence[refund_policy_disclosure]': 'en la página', 'evidence[uncategorized_text]': 'Entregado.'
  })
  t.match(await payments.submitEvidence(context, { ...on, idempotencyKey: key(), evidence: {}, submit: true }), { status: /under_review|won|lost/, evidenceSubmitted: true })

  const { found: second } = await disputed(context, 'createDisputeProductNotReceived')
  t.equal(second.reason, 'product_not_received')
  const give = { providerReference: second.providerReference, reference: 'dsp_2' }
  const keyOfIt = key()
  t.match(await payments.acceptDispute(context, { ...give, idempotencyKey: keyOfIt }), { status: 'accepted', providerStatus: 'lost' })
  t.match(await payments.acceptDispute(context, { ...give, idempotencyKey: keyOfIt }), { status: 'accepted' }, 'the same key')
  t.match(await payments.acceptDispute(context, { ...give, idempotencyKey: key() }), { status: 'accepted' }, 'again')
  t.match(await payments.getDispute(context, second.providerReference), { status: 'accepted' })

  const { found: inquiry } = await disputed(context, 'createDisputeInquiry')
  t.equal(inquiry.status, 'warning_needs_response')
  t.match(await refused(payments.getDispute(context, 'du_none')), { code: 'not_found', reached: 'answered' })
})
