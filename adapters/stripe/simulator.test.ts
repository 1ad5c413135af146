import t from 'tap'
import type Stripe from 'stripe'
import { failure, payment, post, sdk, start } from './simulator/testing.ts'

t.test('a payment that is confirmed at once is charged at once', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const paid = await stripe.paymentIntents.create({ ...payment, description: 'Pedido 1', metadata: { payment: 'pay_1' }, expand: ['latest_charge', 'payment_method'] })
  const charge = paid.latest_charge as Stripe.Charge
  t.match(paid, { object: 'payment_intent', status: 'succeeded', amount: 10990, amount_received: 10990, amount_capturable: 0, livemode: false, capture_method: 'automatic_async' })
  t.match(paid.client_secret, new RegExp(`^${paid.id}_secret_`))
  t.match(charge, { status: 'succeeded', captured: true, amount_captured: 10990, payment_intent: paid.id, metadata: { payment: 'pay_1' } })
  t.match(paid.payment_method, { object: 'payment_method', card: { brand: 'visa', last4: '4242' } })
  t.not((paid.payment_method as Stripe.PaymentMethod).id, 'pm_card_visa', 'the test name stands for a new method')
  const later = await stripe.charges.retrieve(charge.id, { expand: ['balance_transaction'] })
  t.match(later.balance_transaction, { amount: 10990, type: 'charge', source: charge.id }, 'asynchronous capture enters the balance a moment later')
  t.strictSame(simulator.effects('pay_1'), { charges: 1, captures: 0, refunds: 0, cancellations: 0, stamps: 0 })
  t.strictSame(simulator.effects(paid.id), simulator.effects('pay_1'))
  t.strictSame(simulator.effects('pay_2').charges, 0)
  t.strictSame((await stripe.events.list()).data.map(event => event.type), ['charge.updated', 'payment_intent.succeeded', 'charge.succeeded', 'payment_intent.created'])
  t.match((await stripe.balance.retrieve()).pending, [{ currency: 'mxn', amount: 10990 - 396 - 300 - 111 }])
})

t.test('authorise, then capture all, a part, or nothing', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const hold = () => stripe.paymentIntents.create({ ...payment, capture_method: 'manual' })

  const whole = await hold()
  t.match(whole, { status: 'requires_capture', amount_capturable: 10990, amount_received: 0 })
  t.match(await stripe.paymentIntents.capture(whole.id), { status: 'succeeded', amount_received: 10990 })
  t.match(await failure(stripe.paymentIntents.capture(whole.id)), { code: 'payment_intent_unexpected_state', payment_intent: { id: whole.id, status: 'succeeded' } })

  const part = await hold()
  t.match(await failure(stripe.paymentIntents.capture(part.id, { amount_to_capture: 10991 })), { code: 'amount_too_large', param: 'amount_to_capture' })
  t.match(await stripe.paymentIntents.capture(part.id, { amount_to_capture: 5000, expand: ['latest_charge'] }), {
    status: 'succeeded', amount: 10990, amount_received: 5000, amount_capturable: 0, latest_charge: { amount: 10990, amount_captured: 5000, amount_refunded: 0, refunded: false }
  }, 'the rest is released, not refunded')
  t.match(await failure(stripe.refunds.create({ payment_intent: part.id, amount: 5001 })), { param: 'amount', statusCode: 400 })
  await stripe.refunds.create({ payment_intent: part.id })
  t.match(await stripe.charges.retrieve(part.latest_charge as string), { amount_refunded: 5000, refunded: true })

  const nothing = await hold()
  t.match(await failure(stripe.refunds.create({ payment_intent: nothing.id })), { message: /does not have a successful charge to refund/ })
  t.match(await stripe.paymentIntents.cancel(nothing.id, { cancellation_reason: 'abandoned' }), { status: 'canceled', cancellation_reason: 'abandoned', amount_capturable: 0 })
  t.match(await failure(stripe.paymentIntents.cancel(nothing.id)), { code: 'payment_intent_unexpected_state', payment_intent: { status: 'canceled' } })
  t.match(simulator.effects(whole.id), { charges: 1, captures: 1, refunds: 0 })
  t.match(simulator.effects(nothing.id), { charges: 1, captures: 0, cancellations: 1 })
})

t.test('a hold that nobody captures ends after seven days', async t => {
  let now = Date.parse('2026-11-01T00:00:00Z')
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const held = await stripe.paymentIntents.create({ ...payment, capture_method: 'manual' })
  simulator.advance()
  t.equal((await stripe.paymentIntents.retrieve(held.id)).status, 'requires_capture')
  now += 7 * 86_400_000
  simulator.advance()
  t.match(await stripe.paymentIntents.retrieve(held.id), { status: 'canceled', cancellation_reason: 'automatic' })
})

t.test('a payment can be made in steps', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const made = await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', metadata: { payment: 'a' } })
  t.equal(made.status, 'requires_payment_method')
  t.match(await failure(stripe.paymentIntents.confirm(made.id)), { code: 'payment_intent_unexpected_state' })
  t.match(await stripe.paymentIntents.update(made.id, { amount: 6000, payment_method: 'pm_card_mastercard', metadata: { payment: '', other: 'b' } }), { status: 'requires_confirmation', amount: 6000, metadata: { other: 'b' } })
  t.match(await failure(stripe.paymentIntents.confirm(made.id)), { message: /you must provide a `return_url`/, payment_intent: { id: made.id } })
  t.equal((await stripe.paymentIntents.confirm(made.id, { return_url: 'https://shop.test/' })).status, 'succeeded')
  t.match(await failure(stripe.paymentIntents.confirm(made.id)), { code: 'payment_intent_unexpected_state', message: /already succeeded/ })
  t.match(await failure(stripe.paymentIntents.confirm(made.id, { receipt_email: 'late@example.com' })), { payment_intent: { receipt_email: null } }, 'what is refused changes nothing')
  t.match(await failure(stripe.paymentIntents.update(made.id, { amount: 1 })), { code: 'payment_intent_unexpected_state' })
  t.match(await stripe.paymentIntents.update(made.id, { description: 'still allowed' }), { description: 'still allowed' })
  t.equal((await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', confirm: true, payment_method: 'pm_card_visa', automatic_payment_methods: { enabled: true, allow_redirects: 'never' } })).status, 'succeeded')
  t.equal((await stripe.paymentIntents.create({ amount: 5000, currency: 'usd', confirm: true, payment_method_data: { type: 'card', card: { token: 'tok_visa' } } as never, allowed_payment_method_types: ['card'] })).status, 'succeeded')
})

const declines: [string, string, string | undefined][] = [
  ['chargeDeclined', 'card_declined', 'generic_decline'],
  ['chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
  ['chargeDeclinedExpiredCard', 'expired_card', undefined],
  ['chargeDeclinedIncorrectCvc', 'incorrect_cvc', undefined],
  ['chargeDeclinedProcessingError', 'processing_error', undefined],
  ['chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
  ['chargeDeclinedFraudulent', 'card_declined', 'fraudulent'],
  ['radarBlock', 'card_declined', 'fraudulent']
]

t.test('each published card that declines', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  for (const [name, code, declineCode] of declines) {
    for (const method of [`pm_card_${name}`, `pm_card_visa_${name}`, `tok_${name}`]) {
      const how = method.startsWith('tok_') ? { payment_method: undefined, payment_method_data: { type: 'card', card: { token: method } } as never } : { payment_method: method }
      const error = await failure(stripe.paymentIntents.create({ ...payment, ...how }))
      t.match(error, { type: 'StripeCardError', statusCode: 402, code, charge: /^ch_/, payment_intent: { status: 'requires_payment_method', payment_method: null, last_payment_error: { code } } }, method)
      t.equal(error.raw.decline_code, declineCode, method)
      t.match(await stripe.charges.retrieve(error.charge), { status: 'failed', failure_code: code, paid: false }, method)
      t.equal(simulator.effects(error.payment_intent.id).charges, 0, method)
    }
  }
  const error = await failure(stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_visa_chargeDeclined' }))
  t.match(await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: 'pm_card_visa' }), { status: 'succeeded', last_payment_error: null }, 'another card may be tried')
  t.match((await stripe.charges.list({ payment_intent: error.payment_intent.id })).data.map(charge => charge.status), ['succeeded', 'failed'])
})

t.test('card numbers, only where cards are made', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const make = (number: string) => stripe.paymentMethods.create({ type: 'card', card: { number, exp_month: 12, exp_year: 2034, cvc: '123' } })
  const pay = async (number: string) => stripe.paymentIntents.create({ ...payment, payment_method: (await make(number)).id })
  t.equal((await pay('4242424242424242')).status, 'succeeded')
  t.match(await failure(pay('4000000000009995')), { decline_code: 'insufficient_funds' })
  t.match(await failure(pay('4000000000000002')), { code: 'card_declined' })
  t.match(await failure(pay('4000000000000069')), { code: 'expired_card' })
  t.match(await failure(pay('4000000000000127')), { code: 'incorrect_cvc' })
  t.match(await failure(pay('4000000000000119')), { code: 'processing_error' })
  t.equal((await pay('4000002500003155')).status, 'requires_action')
  t.equal((await pay('4000000000003220')).status, 'requires_action')
  t.match(await failure(make('4242424242424241')), { code: 'incorrect_number' })
  const token = await stripe.tokens.create({ card: { number: '4242424242424242', exp_month: '12', exp_year: '2034', cvc: '123' } })
  const useToken = () => stripe.paymentMethods.create({ type: 'card', card: { token: token.id } })
  t.match(await useToken(), { card: { last4: '4242' } })
  t.match(await failure(useToken()), { code: 'token_already_used' })
  t.match(await failure(stripe.paymentIntents.create({ ...payment, payment_method: undefined, payment_method_data: { type: 'card', card: { number: '4242424242424242' } } as never })), { message: /generally unsafe/ })
  t.notMatch(JSON.stringify(simulator.requests()), /42424242/, 'numbers do not stay in the log')
})

t.test('3-D Secure: the payer is sent to a page, and comes back', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const ask = async (more: object = {}) => stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_authenticationRequired', return_url: 'https://shop.test/back?order=1', ...more })
  const click = (url: string, outcome: string) => fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }), redirect: 'manual' })

  const good = await ask()
  t.match(good, { status: 'requires_action', latest_charge: null, next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: 'https://shop.test/back?order=1' } } })
  const { url } = good.next_action!.redirect_to_url! as { url: string }
  const page = await (await fetch(url)).text()
  t.match(page, /Complete authentication[\s\S]*Fail authentication/)
  t.notMatch(page, /(src|href)=/, 'nothing is loaded from elsewhere')
  const back = await click(url, 'complete')
  t.equal(back.status, 303)
  const address = new URL(back.headers.get('location')!)
  t.strictSame(Object.fromEntries(address.searchParams), { order: '1', payment_intent: good.id, payment_intent_client_secret: good.client_secret, redirect_status: 'succeeded' })
  t.match(await stripe.paymentIntents.retrieve(good.id, { expand: ['latest_charge'] }), { status: 'succeeded', next_action: null, latest_charge: { payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } } } })
  t.equal((await click(url, 'complete')).status, 404, 'it works once')
  t.equal(simulator.effects(good.id).charges, 1)

  const bad = await ask()
  const failed = await click(bad.next_action!.redirect_to_url!.url!, 'fail')
  t.equal(new URL(failed.headers.get('location')!).searchParams.get('redirect_status'), 'failed')
  t.match(await stripe.paymentIntents.retrieve(bad.id), { status: 'requires_payment_method', last_payment_error: { code: 'payment_intent_authentication_failure' }, next_action: null })
  t.match((await stripe.events.list({ limit: 1 })).data, [{ type: 'payment_intent.payment_failed' }])

  t.equal((await fetch(url.replace('_secret_', '_guess_'))).status, 404, 'the address alone is not enough')
  const sdkAction = await ask({ return_url: undefined, allowed_payment_method_types: ['card'] })
  t.match(sdkAction.next_action, { type: 'use_stripe_sdk' })
  t.equal(simulator.authenticate(sdkAction.id, true), 'succeeded')
  const held = await ask({ capture_method: 'manual' })
  t.equal(simulator.authenticate(held.id, true), 'requires_capture')
  const manual = await ask({ confirmation_method: 'manual', allowed_payment_method_types: ['card'] })
  t.equal(simulator.authenticate(manual.id, true), 'requires_confirmation')
  t.equal((await stripe.paymentIntents.confirm(manual.id)).status, 'succeeded')
  const poor = await ask({ payment_method: 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds' })
  t.equal(simulator.authenticate(poor.id, true), 'requires_payment_method', 'authenticated and still declined')
  t.equal((await ask({ payment_method: 'pm_card_threeDSecureOptional' })).status, 'succeeded')
  t.equal((await ask({ payment_method: 'pm_card_threeDSecureOptional', payment_method_options: { card: { request_three_d_secure: 'any' } } })).status, 'requires_action')
  t.match(await failure(ask({ error_on_requires_action: true })), { statusCode: 402, code: 'authentication_required' })
  t.match(await stripe.paymentIntents.cancel((await ask()).id), { status: 'canceled', next_action: null })
})

t.test('a saved card, with and without the payer', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = await stripe.customers.create({ email: 'ana@example.com', name: 'Ana', metadata: { customer: 'c1' } })
  t.match(await stripe.customers.retrieve(customer.id), { email: 'ana@example.com', metadata: { customer: 'c1' } })
  const first = await stripe.paymentIntents.create({ ...payment, customer: customer.id, payment_method: 'pm_card_authenticationRequiredOnSetup', setup_future_usage: 'off_session' })
  t.equal(first.status, 'requires_action')
  simulator.authenticate(first.id, true)
  const [saved] = (await stripe.customers.listPaymentMethods(customer.id)).data
  const again = { ...payment, customer: customer.id, payment_method: saved!.id, off_session: true }
  t.equal((await stripe.paymentIntents.create(again)).status, 'succeeded', 'set up once, it needs no payer')
  t.match(await failure(stripe.paymentIntents.create({ ...again, customer: undefined })), { message: /belongs to the Customer/ })
  t.match(await failure(stripe.paymentIntents.create({ ...payment, off_session: true, payment_method: 'pm_card_authenticationRequired' })), {
    statusCode: 402, code: 'authentication_required', decline_code: 'authentication_required', payment_intent: { status: 'requires_payment_method' }, payment_method: { object: 'payment_method' }
  })
  const attached = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  t.match(await failure(stripe.paymentIntents.create({ ...again, payment_method: attached.id })), { code: 'card_declined' })
  t.match(await failure(stripe.paymentMethods.attach('pm_card_visa_chargeDeclined', { customer: customer.id })), { statusCode: 402, code: 'card_declined' })
  const loose = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } })
  await stripe.paymentIntents.create({ ...payment, payment_method: loose.id })
  t.match(await failure(stripe.paymentIntents.create({ ...payment, payment_method: loose.id })), { message: /may not be used again/ })
  t.match(await stripe.paymentMethods.detach(saved!.id), { customer: null })
})

t.test('refunds never exceed what was taken', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const paid = await stripe.paymentIntents.create({ ...payment, metadata: { payment: 'p' } })
  const part = await stripe.refunds.create({ payment_intent: paid.id, amount: 990, reason: 'duplicate', metadata: { refund: 'r1' } })
  t.match(part, { status: 'succeeded', amount: 990, charge: paid.latest_charge, payment_intent: paid.id, reason: 'duplicate' })
  t.match(await failure(stripe.refunds.create({ payment_intent: paid.id, amount: 10001 })), { type: 'StripeInvalidRequestError', param: 'amount', message: /greater than unrefunded amount/ })
  t.match(await stripe.refunds.create({ charge: paid.latest_charge as string }), { amount: 10000 })
  t.match(await failure(stripe.refunds.create({ payment_intent: paid.id })), { code: 'charge_already_refunded' })
  t.match(await failure(stripe.refunds.create({ charge: paid.latest_charge as string, reason: 'bored' as never })), { param: 'reason' })
  t.match(await failure(stripe.refunds.create({})), { code: 'parameter_missing' })
  t.match(await failure(stripe.refunds.create({ payment_intent: 'pi_none' })), { code: 'resource_missing', statusCode: 400 })
  t.match(await stripe.charges.retrieve(paid.latest_charge as string, { expand: ['refunds'] }), { amount_refunded: 10990, refunded: true, refunds: { data: { length: 2 } } })
  t.equal((await stripe.refunds.list({ payment_intent: paid.id })).data.length, 2)
  t.equal((await stripe.refunds.list({ charge: 'ch_other' })).data.length, 0)
  t.match(await stripe.refunds.update(part.id, { metadata: { note: 'x' } }), { metadata: { refund: 'r1', note: 'x' } })
  t.equal(simulator.effects('p').refunds, 2)
  t.equal(simulator.effects('r1').refunds, 1)
})

t.test('refunds that take their time', async t => {
  const simulator = await start(t, { asyncMs: 3_600_000 })
  const stripe = sdk(simulator)
  const refund = async (method: string) => stripe.refunds.create({ payment_intent: (await stripe.paymentIntents.create({ ...payment, payment_method: method })).id })
  const pending = await refund('pm_card_pendingRefund')
  const failing = await refund('pm_card_refundFail')
  const canceled = await refund('pm_card_pendingRefund')
  t.equal(pending.status, 'pending')
  t.equal(failing.status, 'succeeded', 'it looks well at first')
  t.equal((await stripe.refunds.cancel(canceled.id)).status, 'canceled')
  t.match(await failure(stripe.refunds.cancel(failing.id)), { statusCode: 400 })
  simulator.advance()
  t.equal((await stripe.refunds.retrieve(pending.id)).status, 'succeeded')
  t.match(await stripe.refunds.retrieve(failing.id), { status: 'failed', failure_reason: 'expired_or_canceled_card' })
  t.equal((await stripe.refunds.retrieve(canceled.id)).status, 'canceled')
  t.match(await stripe.charges.retrieve(failing.charge as string), { amount_refunded: 0, refunded: false })
  t.match((await stripe.events.list({ types: ['refund.failed'] })).data, [{ data: { object: { id: failing.id } } }])
  t.equal(simulator.effects(failing.payment_intent as string).refunds, 0)
})

t.test('lists by cursor, newest first', async t => {
  let now = 1_700_000_000_000
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const ids: string[] = []
  for (let i = 0; i < 7; i++) {
    ids.unshift((await stripe.paymentIntents.create({ amount: 1000 + i, currency: 'mxn' })).id)
    now += 1000
  }
  const list = (params: object) => stripe.paymentIntents.list(params).then(({ data, has_more: more }) => [data.map(each => ids.indexOf(each.id)), more])
  t.strictSame(await list({ limit: 3 }), [[0, 1, 2], true])
  t.strictSame(await list({ limit: 3, starting_after: ids[2] }), [[3, 4, 5], true])
  t.strictSame(await list({ limit: 3, starting_after: ids[5] }), [[6], false])
  t.strictSame(await list({ limit: 2, ending_before: ids[3] }), [[1, 2], true])
  t.strictSame(await list({ limit: 5, ending_before: ids[3] }), [[0, 1, 2], false])
  t.strictSame(await list({ created: { gte: 1_700_000_002, lt: 1_700_000_004 } }), [[3, 4], false])
  t.strictSame(await list({ created: { gt: 1_700_000_005 } }), [[0], false])
  t.strictSame(await list({ created: 1_700_000_000 }), [[6], false])
  const walked: string[] = []
  for await (const each of stripe.paymentIntents.list({ limit: 2 })) walked.push(each.id)
  t.strictSame(walked, ids)
  t.match(await failure(stripe.paymentIntents.list({ limit: 101 })), { code: 'parameter_invalid_integer', param: 'limit' })
  t.match(await failure(stripe.paymentIntents.list({ starting_after: 'pi_none' })), { code: 'resource_missing', param: 'starting_after' })
})

t.test('keys open accounts, and only what they may', async t => {
  const simulator = await start(t, { country: 'EC' })
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  const account = await stripe.accounts.retrieveCurrent()
  t.match(account, { id: /^acct_/, country: 'EC', default_currency: 'usd', charges_enabled: true })
  t.equal((await sdk(simulator, key).accounts.retrieveCurrent()).id, account.id)
  t.equal((await stripe.accounts.retrieve(account.id)).id, account.id)
  t.match(await failure(stripe.accounts.retrieve('acct_other')), { statusCode: 403 })
  const other = sdk(simulator)
  const live = sdk(simulator, key.replace('sk_test_', 'sk_live_'))
  const paid = await stripe.paymentIntents.create(payment)
  t.match(await failure(other.paymentIntents.retrieve(paid.id)), { statusCode: 404, code: 'resource_missing', param: 'intent' })
  t.match(await failure(live.paymentIntents.retrieve(paid.id)), { statusCode: 404, message: /similar object exists in test mode/ })
  t.equal((await live.accounts.retrieveCurrent()).id, account.id)
  t.match(await failure(live.paymentIntents.create(payment)), { code: 'resource_missing', message: /test mode/ })
  t.equal((await live.paymentIntents.create({ amount: 5000, currency: 'usd' })).livemode, true)

  for (const [bad, status, code] of [
    [simulator.wrongCredentials('test').secret_key!, 401, undefined],
    ['sk_test_short', 401, undefined],
    ['nonsense', 401, undefined],
    ['sk_test_expired00000000', 401, 'api_key_expired'],
    ['pk_test_publishable0000', 401, 'secret_key_required']
  ] as const) {
    const error = await failure(sdk(simulator, bad).balance.retrieve())
    t.match(error, { statusCode: status, type: 'StripeAuthenticationError' }, bad)
    t.equal(error.code, code, bad)
    t.notOk(error.message.includes(bad), 'the key is not repeated in full')
  }
  t.match(await (await fetch(`${simulator.url}/v1/balance`)).json(), { error: { type: 'invalid_request_error', message: /did not provide an API key/ } })
  const basic = await fetch(`${simulator.url}/v1/account`, { headers: { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` } })
  t.match(await basic.json(), { id: account.id })
  const reader = sdk(simulator, 'rk_test_readonly_000000000')
  t.ok(await reader.balance.retrieve())
  t.match(await failure(reader.paymentIntents.create(payment)), { statusCode: 403, type: 'StripePermissionError' })
  const closed = await start(t, { keys: ['sk_test_onlythisone1'] })
  t.ok(await sdk(closed).balance.retrieve())
  t.match(await failure(sdk(closed, 'sk_test_anotherone22').balance.retrieve()), { statusCode: 401 })
})

t.test('the version decides the name of the list of types', async t => {
  const simulator = await start(t)
  const create = (version: string, name: string) => post(simulator, '/v1/payment_intents', `amount=5000&currency=usd&${name}[]=card`, { 'stripe-version': version })
  const before = await create('2026-08-26.dahlia', 'payment_method_types')
  t.match(before, { status: 200, body: { payment_method_types: ['card'] } })
  t.notOk('allowed_payment_method_types' in before.body)
  t.match(await create('2026-08-26.dahlia', 'allowed_payment_method_types'), { status: 400, body: { error: { code: 'parameter_unknown', param: 'allowed_payment_method_types' } } })
  for (const version of ['2026-09-30.endive', '2026-10-28.endive']) {
    t.match(await create(version, 'payment_method_types'), { status: 400, body: { error: { code: 'parameter_unknown', param: 'payment_method_types' } } })
    const after = await create(version, 'allowed_payment_method_types')
    t.match(after.body, { payment_method_types: ['card'], allowed_payment_method_types: ['card'] })
    t.equal(after.headers.get('stripe-version'), version)
  }
  t.match(await create('2026-13-01.fig', 'payment_method_types'), { status: 400, body: { error: { message: /Invalid Stripe API version/ } } })
})

t.test('bad parameters are refused as Stripe refuses them, and change nothing', async t => {
  const simulator = await start(t)
  const cases: [string, object][] = [
    ['currency=mxn', { code: 'parameter_missing', param: 'amount', message: 'Missing required param: amount.' }],
    ['amount=1.5&currency=mxn', { code: 'parameter_invalid_integer', param: 'amount', message: 'Invalid integer: 1.5' }],
    ['amount=-1&currency=mxn', { code: 'parameter_invalid_integer', param: 'amount' }],
    ['amount=&currency=mxn', { code: 'parameter_invalid_empty', param: 'amount' }],
    ['amount=5000&currency=mxn&foo=1', { code: 'parameter_unknown', param: 'foo', message: 'Received unknown parameter: foo' }],
    ['amount=5000&currency=mxn&shipping[name]=A', { code: 'parameter_missing', param: 'shipping[address]' }],
    ['amount=5000&currency=mxn&shipping[name]=A&shipping[address][zip]=1', { code: 'parameter_unknown', param: 'shipping[address][zip]' }],
    ['amount=5000&currency=mxn&confirm=maybe', { param: 'confirm' }],
    ['amount=5000&currency=mxn&capture_method=later', { param: 'capture_method' }],
    ['amount=5000&currency=xxx', { param: 'currency', message: /Invalid currency: xxx/ }],
    ['amount=999&currency=mxn', { code: 'amount_too_small', param: 'amount', message: 'Amount must be at least $10.00 mxn' }],
    ['amount=49&currency=usd', { code: 'amount_too_small' }],
    ['amount=49&currency=jpy', { code: 'amount_too_small' }],
    ['amount=1000000000000&currency=mxn', { code: 'amount_too_large' }],
    ['amount=100050&currency=ugx', { param: 'amount' }],
    ['amount=100050&currency=isk', { param: 'amount' }],
    ['amount=5001&currency=kwd', { param: 'amount' }],
    ['amount=5000&currency=mxn&statement_descriptor=ABC', { param: 'statement_descriptor' }],
    ['amount=5000&currency=mxn&statement_descriptor_suffix=12345678901234567890ABC', { param: 'statement_descriptor_suffix' }],
    ['amount=5000&currency=mxn&return_url=https://a.test', { param: 'return_url' }],
    ['amount=5000&currency=mxn&receipt_email=nobody', { code: 'email_invalid' }],
    [`amount=5000&currency=mxn&metadata[a]=${'x'.repeat(501)}`, { param: 'metadata[a]' }],
    [`amount=5000&currency=mxn&metadata[${'x'.repeat(41)}]=1`, { message: /40 characters/ }],
    ['amount=5000&currency=mxn&customer=cus_none', { code: 'resource_missing', param: 'customer' }],
    ['amount=5000&currency=mxn&payment_method=pm_none', { code: 'resource_missing', param: 'payment_method' }],
    ['amount=5000&currency=mxn&payment_method_data[type]=boleto', { message: /"boleto" is invalid/ }],
    ['amount=5000&currency=mxn&expand[]=nothing', { message: /cannot be expanded/ }],
    ['amount=5000&currency=mxn&confirm=true', { code: 'payment_intent_unexpected_state' }]
  ]
  for (const [form, error] of cases) {
    const answer = await post(simulator, '/v1/payment_intents', form)
    t.match(answer, { status: 400, body: { error: { type: 'invalid_request_error', ...error } } }, form)
    t.match(answer.body.error.request_log_url, new RegExp(`logs/${answer.headers.get('request-id')}`), form)
    if (answer.body.error.code !== undefined) t.match(answer.body.error.doc_url, /^https:\/\/stripe\.com\/docs\/error-codes\/[a-z-]+$/, form)
  }
  for (const good of ['amount=100000&currency=ugx', 'amount=5000&currency=kwd', 'amount=50&currency=JPY', 'amount=1000&currency=mxn', 'amount=500&currency=clp']) {
    t.equal((await post(simulator, '/v1/payment_intents', good)).status, 200, good)
  }
  t.match(await post(simulator, '/v1/nothing', ''), { status: 404, body: { error: { message: 'Unrecognized request URL (POST: /v1/nothing). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.' } } })
  t.match(await post(simulator, '/v1/payment_intents', '{"amount":5000}', { 'content-type': 'application/json' }), { status: 400, body: { error: { message: /content type/ } } })
  t.match(await post(simulator, '/v1/payment_intents', `amount=5000&currency=mxn&metadata${'[a]'.repeat(20)}=1`), { status: 400 })
})
