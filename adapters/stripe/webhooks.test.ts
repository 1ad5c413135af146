import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import Stripe from 'stripe'
import t from 'tap'
import type { Verdict } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'

const { verify, parse } = stripe.webhooks

/** The names that the SDK's own types know. */
const known = readFileSync(join(createRequire(import.meta.url).resolve('stripe'), '../../esm/resources/WebhookEndpoints.d.ts'), 'utf8').match(/'[a-z_]+(?:\.[a-z_]+)+'/g)?.map(name => name.slice(1, -1)) ?? []

const secret = 'whsec_test_secret'
const seconds = 1_700_000_000
const event = { id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', created: seconds, livemode: false, data: { object: {} as object } }
const body = Buffer.from(JSON.stringify(event, null, 2))

function signed (bytes: Uint8Array, secrets = [secret], at = seconds): string {
  return [`t=${at}`, ...secrets.map(each => 'v1=' + createHmac('sha256', each).update(`${at}.`).update(bytes).digest('hex'))].join(',')
}

interface Given { body?: Uint8Array, header?: string | undefined, secrets?: string[], at?: number, settings?: Record<string, unknown> }

function judged (given: Given = {}): Verdict {
  const header = 'header' in given ? given.header : signed(given.body ?? body)
  return verify({
    body: given.body ?? body,
    headers: header === undefined ? {} : { 'stripe-signature': header },
    url: '/hook',
    secrets: given.secrets ?? [secret],
    now: new Date((given.at ?? seconds) * 1000),
    settings: given.settings ?? { webhook_tolerance_seconds: 300 }
  })
}

/** What the official SDK says of the same material. */
function bySdk (given: Required<Pick<Given, 'body' | 'header'>>, at = seconds): boolean {
  try {
    Stripe.webhooks.constructEvent(Buffer.from(given.body), given.header ?? '', secret, 300, undefined, at * 1000)
    return true
  } catch {
    return false
  }
}

t.test('a true one is verified, and its event id is what tells doubles', async t => {
  t.same(judged(), { verdict: 'verified', dedupeKey: 'evt_1', eventType: 'payment_intent.succeeded' })
  t.equal(bySdk({ body, header: signed(body) }), true, 'the SDK agrees')
  const bySdkSigned = Stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret, timestamp: seconds })
  t.equal(judged({ header: bySdkSigned }).verdict, 'verified', 'and we take what the SDK signs')
})

t.test('the published vectors', async t => {
  const path = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
  if (!existsSync(path)) return t.comment(`skipped: no ${path}`)
  const [vector, primitive] = JSON.parse(readFileSync(path, 'utf8')).stripe
  const payload = Buffer.from(vector.payload)
  const verdict = judged({ body: payload, header: vector.header, secrets: [vector.secret], at: vector.timestamp })
  t.match(verdict, { verdict: 'refused', reason: 'signed by Stripe, but not an event' }, 'the signature holds; the body is only half an event')
  t.match(judged({ body: payload, header: vector.header.replace(/.$/, '1'), secrets: [vector.secret], at: vector.timestamp }), { reason: /no signature matches/ })
  for (const [text, hmac] of Object.entries(primitive.hmac)) t.equal(createHmac('sha256', 'test_secret').update(text).digest('hex'), hmac)
})

t.test('two secrets while one replaces the other, on their side or ours', async t => {
  t.equal(judged({ header: signed(body, ['whsec_other', secret]) }).verdict, 'verified')
  t.equal(judged({ secrets: ['whsec_other', secret] }).verdict, 'verified')
  t.equal(judged({ secrets: [secret, 'whsec_other'] }).verdict, 'verified')
  t.equal(judged({ header: `${signed(body)},v0=${'a'.repeat(64)}` }).verdict, 'verified', 'other schemes are passed over')
})

t.test('refused, each for its reason', async t => {
  const good = signed(body)
  const v1 = good.split(',')[1]
  for (const [reason, given] of [
    [/no secret/, { secrets: [] }],
    [/no secret/, { secrets: [''], header: signed(body, ['']) }],
    [/no signature matches/, { secrets: ['', 'whsec_b'], header: signed(body, ['']) }],
    [/no Stripe-Signature/, { header: undefined }],
    [/no Stripe-Signature/, { header: '' }],
    [/no signature matches/, { secrets: ['whsec_other'] }],
    [/no signature matches/, { body: Buffer.from(JSON.stringify(event)), header: good }],
    [/no signature matches/, { body: Buffer.concat([body, Buffer.from('\n')]), header: good }],
    [/no single time/, { header: `${good},t=${seconds}` }],
    [/no single time/, { header: `t=1,${good}` }],
    [/no single time/, { header: String(v1) }],
    [/no single time/, { header: `t=0${seconds},${v1}` }],
    [/no single time/, { header: `t=${seconds}.0,${v1}` }],
    [/no single time/, { header: `t=-1,${v1}` }],
    [/no v1/, { header: `t=${seconds}` }],
    [/no v1/, { header: good.replace('v1=', 'v0=') }],
    [/no v1/, { header: good.replace('v1=', 'v1=00') }],
    [/no v1/, { header: good.replace(/[a-f]/, letter => letter.toUpperCase()) }],
    [/malformed/, { header: good.replace(',', ', ') }],
    [/malformed/, { header: `${good},` }],
    [/malformed/, { header: `${good},nonsense` }],
    [/malformed/, { header: good.replace('v1=', 'v1==') }],
    [/too long/, { header: `${good},${Array(20).fill(v1).join(',')}` }],
    [/too long/, { header: `${good},x=${'1'.repeat(5000)}` }],
    [/301 s ago/, { at: seconds + 301 }],
    [/301 s ahead/, { at: seconds - 301 }],
    [/61 s ago/, { at: seconds + 61, settings: { webhook_tolerance_seconds: 60 } }],
    [/301 s ago/, { at: seconds + 301, settings: {} }],
    [/301 s ago/, { at: seconds + 301, settings: { webhook_tolerance_seconds: 0 } }],
    [/301 s ago/, { at: seconds + 301, settings: { webhook_tolerance_seconds: '9999' } }],
    [/not an event/, { body: Buffer.from('[]') }],
    [/not an event/, { body: Buffer.from('null') }],
    [/not an event/, { body: Buffer.from('{"id":1,"type":"x"}') }],
    [/not an event/, { body: Buffer.from([0xff, 0xfe]) }]
  ] as [RegExp, Given][]) t.match(judged(given), { verdict: 'refused', reason }, String(reason))
  t.equal(judged({ at: seconds + 300 }).verdict, 'verified')
  t.equal(judged({ at: seconds - 300 }).verdict, 'verified')
})

t.test('2,000 mutations of what is signed: none is accepted', async t => {
  const header = signed(body)
  let accepted = 0
  let more = 0
  const edit = fc.record({ inHeader: fc.boolean(), at: fc.nat(), how: fc.constantFrom('flip', 'drop', 'insert', 'swap', 'cut') as fc.Arbitrary<'flip' | 'drop' | 'insert' | 'swap' | 'cut'>, byte: fc.integer({ min: 1, max: 255 }) })
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), edits => {
    let bytes: Buffer = Buffer.from(body)
    let text: Buffer = Buffer.from(header)
    for (const { inHeader, ...change } of edits) {
      if (inHeader) text = mutated(text, change)
      else bytes = mutated(bytes, change)
    }
    if (bytes.equals(body) && text.equals(Buffer.from(header))) return
    const given = { body: bytes, header: text.toString('latin1') }
    const ours = judged(given).verdict !== 'refused'
    if (ours) accepted++
    if (bySdk(given) && !ours) more++
  }), { numRuns: 2000, endOnFailure: true })
  t.equal(accepted, 0)
  t.comment(`the SDK took ${more} of them`)
})

function mutated (bytes: Buffer, { at, how, byte }: { at: number, how: string, byte: number }): Buffer {
  const i = at % Math.max(1, bytes.length)
  const rest = Buffer.from(bytes)
  if (how === 'flip') rest[i] = (rest[i] ?? 0) ^ byte
  if (how === 'swap' && i + 1 < rest.length) [rest[i], rest[i + 1]] = [rest[i + 1] as number, rest[i] as number]
  if (how === 'drop') return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)])
  if (how === 'insert') return Buffer.concat([bytes.subarray(0, i), Buffer.from([byte]), bytes.subarray(i)])
  if (how === 'cut') return bytes.subarray(0, i)
  return rest
}

t.test('we never accept what the SDK refuses', async () => {
  const part = fc.oneof(fc.constantFrom(`t=${seconds}`, 't=1', 't=', 'v1=', 'v0=ab', 'x', '', signed(body).split(',')[1] as string), fc.string())
  fc.assert(fc.property(fc.array(part, { maxLength: 4 }), fc.constantFrom(',', ', ', ''), (parts, glue) => {
    const header = parts.join(glue)
    return judged({ header }).verdict === 'refused' || bySdk({ body, header })
  }), { numRuns: 2000 })
})

const events = (type: string, object: object, more: object = {}) =>
  parse({ body: Buffer.from(JSON.stringify({ ...event, type, data: { object }, ...more })), headers: {}, url: '/' })

const intent = {
  id: 'pi_1', object: 'payment_intent', amount: 5000, amount_capturable: 0, amount_received: 5000, currency: 'mxn', status: 'succeeded', livemode: true,
  created: seconds, metadata: { pasarela_payment: 'pay_1' }, client_secret: 'pi_1_secret_x', latest_charge: 'ch_1', last_payment_error: null, next_action: null
}

const dispute = {
  id: 'du_1', object: 'dispute', payment_intent: 'pi_1', charge: 'ch_1', status: 'needs_response', reason: 'fraudulent', amount: 5000, currency: 'mxn', created: seconds, livemode: true, metadata: {}, balance_transactions: [],
  evidence_details: { due_by: seconds, submission_count: 0 }
}
const session = {
  id: 'cs_1', object: 'checkout.session', status: 'complete', payment_status: 'paid', amount_total: 5000, currency: 'mxn', payment_intent: 'pi_1', payment_link: null, url: null, expires_at: seconds, livemode: true,
  metadata: { pasarela_checkout: 'chk_1' }, customer_details: { name: 'Ana', email: 'ana@shop.example', phone: '+52', tax_ids: [{ type: 'mx_rfc', value: 'XAXX010101000' }] }
}
const subscription = {
  id: 'sub_1', object: 'subscription', status: 'active', cancel_at_period_end: true, canceled_at: null, trial_end: null, pause_collection: null, latest_invoice: 'in_1', livemode: true, metadata: { pasarela_subscription: 'sub_9' },
  items: { data: [{ current_period_start: seconds - 100, current_period_end: seconds }] }
}
const invoice = {
  id: 'in_1', object: 'invoice', status: 'paid', amount_due: 5000, currency: 'mxn', attempt_count: 1, next_payment_attempt: null, period_start: 0, period_end: 1,
  parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_1', metadata: { pasarela_subscription: 'sub_9' } } },
  lines: { data: [{ period: { start: 5, end: 6 }, parent: { type: 'subscription_item_details', subscription_item_details: { proration: true } } }, { period: { start: 1, end: 2 }, parent: { type: 'subscription_item_details', subscription_item_details: { proration: false } } }] }
}
const setup = { id: 'seti_1', object: 'setup_intent', status: 'succeeded', payment_method: 'pm_1', last_setup_error: null, next_action: null, client_secret: 'seti_1_secret_x', metadata: { pasarela_method: 'pmt_1' } }

t.test('events in our words', async t => {
  const occurredAt = new Date(seconds * 1000)
  t.match(events('payment_intent.succeeded', intent), [{
    type: 'payment', providerReference: 'pi_1', reference: 'pay_1', occurredAt,
    snapshot: { status: 'succeeded', mode: 'live', amountCaptured: 5000, amountRefunded: undefined, transactionReference: 'ch_1' }
  }])
  t.match(events('payment_intent.payment_failed', { ...intent, status: 'brand_new' }), [{ type: 'payment', providerReference: 'pi_1', snapshot: undefined }], 'a status that we never saw: the hub asks')
  t.same(events('payment_intent.canceled', { ...intent, metadata: { pasarela_probe: 'con_1' } }), [{ type: 'connection', what: 'ping' }])
  t.match(events('charge.refunded', { id: 'ch_1', object: 'charge', payment_intent: 'pi_1', metadata: { pasarela_payment: 'pay_1' } }), [{ type: 'payment', providerReference: 'pi_1', reference: 'pay_1' }])
  t.match(events('charge.succeeded', { id: 'ch_1', object: 'charge', payment_intent: null }), [{ type: 'ignored' }])
  const refund = { id: 're_1', object: 'refund', amount: 100, currency: 'mxn', status: 'succeeded', created: seconds, payment_intent: { id: 'pi_1' }, metadata: { pasarela_refund: 'ref_1', pasarela_payment: 'pay_1' } }
  for (const type of ['refund.created', 'charge.refund.updated']) {
    t.match(events(type, refund), [{ type: 'refund', providerReference: 'pi_1', reference: 'pay_1', refund: { providerReference: 're_1', refundReference: 'ref_1', status: 'succeeded', amount: { amount: 100, currency: 'MXN' } } }])
  }
  t.match(events('refund.updated', { ...refund, status: null }), [{ type: 'payment', providerReference: 'pi_1' }])
  t.match(events('refund.updated', { ...refund, payment_intent: null }), [{ type: 'ignored' }])
  t.match(events('charge.dispute.created', dispute), [{ type: 'dispute', providerReference: 'pi_1', occurredAt, dispute: { providerReference: 'du_1', paymentProviderReference: 'pi_1', status: 'needs_response', reason: 'fraudulent', amount: { amount: 5000, currency: 'MXN' } } }])
  t.match(events('charge.dispute.updated', { ...dispute, status: 'brand_new' }), [{ type: 'payment', providerReference: 'pi_1' }], 'then the payment is looked at')
  t.match(events('charge.dispute.created', { ...dispute, payment_intent: null }), [{ type: 'ignored' }])
  for (const [type, object] of [['customer.created', { object: 'customer' }], ['payout.paid', { object: 'payout' }], ['v2.x', {}]] as const) t.match(events(type, object), [{ type: 'ignored' }])
  for (const text of ['', '{', '[]', '{}', '{"type":"x"}', '{"type":"x","data":{}}']) t.match(parse({ body: Buffer.from(text), headers: {}, url: '/' }), [{ type: 'ignored' }])
})

t.test('pages, subscriptions, saved cards and transfers in our words', async t => {
  const occurredAt = new Date(seconds * 1000)
  t.match(events('checkout.session.completed', session), [{
    type: 'checkout', providerReference: 'cs_1', reference: 'chk_1', occurredAt,
    snapshot: { status: 'complete', paymentProviderReference: 'pi_1', amount: { amount: 5000, currency: 'MXN' }, payer: { name: 'Ana', email: 'ana@shop.example', phone: '+52', tax_id: 'XAXX010101000' }, linkProviderReference: undefined }
  }])
  t.match(events('checkout.session.completed', { ...session, payment_link: 'plink_1', metadata: { pasarela_link: 'lnk_1' } }), [{ type: 'checkout', reference: 'lnk_1', snapshot: { linkProviderReference: 'plink_1', reference: 'lnk_1' } }], 'of a link')
  t.match(events('checkout.session.expired', { ...session, status: 'brand_new' }), [{ type: 'checkout', reference: 'chk_1', snapshot: undefined }])
  t.match(events('payment_intent.succeeded', { ...intent, metadata: { pasarela_checkout: 'chk_1' } }), [{ type: 'payment', reference: 'chk_1', snapshot: { reference: 'chk_1' } }], 'the payment of a page carries the page’s id')
  t.match(events('payment_intent.succeeded', { ...intent, metadata: { pasarela_link: 'lnk_1' } }), [{ reference: 'lnk_1' }])
  t.match(events('charge.succeeded', { object: 'charge', payment_intent: 'pi_1', metadata: { pasarela_checkout: 'chk_1' } }), [{ type: 'payment', reference: 'chk_1' }])

  t.match(events('customer.subscription.updated', subscription), [{ type: 'subscription', providerReference: 'sub_1', reference: 'sub_9', occurredAt, snapshot: { status: 'active', providerStatus: 'active', cancelAtPeriodEnd: true, currentPeriodEnd: occurredAt, mode: 'live' } }])
  t.match(events('customer.subscription.updated', { ...subscription, pause_collection: { behavior: 'void' } }), [{ snapshot: { status: 'paused', providerStatus: 'active' } }])
  for (const [status, ours] of [['incomplete', 'incomplete'], ['incomplete_expired', 'expired'], ['trialing', 'trialing'], ['active', 'active'], ['past_due', 'past_due'], ['unpaid', 'unpaid'], ['paused', 'paused'], ['canceled', 'canceled']] as const) {
    t.match(events('customer.subscription.updated', { ...subscription, status }), [{ snapshot: { status: ours, providerStatus: status } }], status)
  }
  t.match(events('customer.subscription.updated', { ...subscription, status: 'brand_new' }), [{ type: 'subscription', reference: 'sub_9', snapshot: undefined }])
  t.match(events('customer.subscription.updated', { ...subscription, items: undefined, current_period_end: 1 }), [{ snapshot: { currentPeriodEnd: undefined } }], 'an endpoint of an old version: the hub asks')

  t.match(events('invoice.paid', invoice), [{
    type: 'subscription', providerReference: 'sub_1', reference: 'sub_9', occurredAt,
    cycle: { providerReference: 'in_1', subscriptionProviderReference: 'sub_1', status: 'paid', amount: { amount: 5000, currency: 'MXN' }, attempts: 1, periodStart: new Date(1000), periodEnd: new Date(2000), paymentProviderReference: undefined }
  }])
  t.match(events('invoice.payment_failed', { ...invoice, status: 'open', attempt_count: 2, next_payment_attempt: seconds }), [{ cycle: { status: 'open', attempts: 2, nextAttemptAt: occurredAt } }])
  t.match(events('invoice.paid', { ...invoice, parent: null }), [{ type: 'ignored' }], 'of no subscription')
  t.match(events('invoice.paid', { ...invoice, status: 'brand_new' }), [{ type: 'subscription', cycle: undefined }])

  t.match(events('setup_intent.succeeded', setup), [{ type: 'saved_method', providerReference: 'pm_1', reference: 'pmt_1', occurredAt, snapshot: { status: 'active', providerReference: 'pm_1', setupReference: 'seti_1' } }])
  t.match(events('setup_intent.setup_failed', { ...setup, status: 'requires_payment_method', payment_method: null, last_setup_error: { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds', payment_method: { id: 'pm_2', type: 'card', card: { brand: 'visa', last4: '0341' } } } }), [
    { providerReference: 'pm_2', snapshot: { status: 'failed', last4: '0341', error: { code: 'insufficient_funds' } } }
  ])
  t.match(events('setup_intent.canceled', { ...setup, status: 'canceled', payment_method: null }), [{ type: 'ignored' }])
  t.match(events('payment_method.automatically_updated', { id: 'pm_1', object: 'payment_method', type: 'card', customer: 'cus_1', card: { brand: 'visa', last4: '4242', exp_month: 9, exp_year: 2031 } }), [{ type: 'saved_method', providerReference: 'pm_1', snapshot: { status: 'active', expYear: 2031 } }])
  t.match(events('payment_method.detached', { id: 'pm_1', object: 'payment_method', type: 'card', customer: null }), [{ type: 'saved_method', providerReference: 'pm_1', snapshot: undefined }])

  const partly = { ...intent, status: 'requires_action', amount_received: 0, payment_method_types: ['customer_balance'], next_action: { type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: { amount_remaining: 2000, currency: 'mxn', reference: 'R', financial_addresses: [] } } }
  t.match(events('payment_intent.partially_funded', partly), [{ type: 'payment', snapshot: { status: 'requires_action', amountCaptured: 0, amountReceived: 3000 } }])
  const cash = { id: 'ccsbtxn_1', object: 'customer_cash_balance_transaction' }
  t.match(events('customer_cash_balance_transaction.created', { ...cash, type: 'applied_to_payment', applied_to_payment: { payment_intent: 'pi_1' } }), [{ type: 'payment', providerReference: 'pi_1', occurredAt }])
  t.match(events('customer_cash_balance_transaction.created', { ...cash, type: 'funded', funded: {} }), [{ type: 'ignored' }])
})

t.test('each event that we ask for is one that we read', async t => {
  const samples: [RegExp, object][] = [
    [/^payment_intent/, intent], [/dispute/, dispute], [/^charge/, { object: 'charge', payment_intent: 'pi_1' }], [/^refund/, { object: 'refund', status: 'pending', amount: 1, currency: 'mxn', payment_intent: 'pi_1' }],
    [/^checkout/, session], [/^customer\.subscription/, subscription], [/^invoice/, invoice], [/^setup_intent/, setup], [/^payment_method/, { id: 'pm_1', object: 'payment_method', type: 'card', customer: null }],
    [/cash_balance/, { object: 'customer_cash_balance_transaction', applied_to_payment: { payment_intent: 'pi_1' } }]
  ]
  const asked = stripe.manifest.webhooks?.events ?? []
  for (const type of asked) t.notMatch(events(type, samples.find(([name]) => name.test(type))?.[1] ?? {}), [{ type: 'ignored' }], type)
  t.same(asked.filter(type => !(known as string[]).includes(type)), [], 'and each is one of Stripe’s')
})
