import t from 'tap'
import type Stripe from 'stripe'
import { eventTypes, failure, payment, receiver, sdk, start, submit } from './testing.ts'

t.test('customers, whole', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const made = await stripe.customers.create({ email: 'ana@shop.test', name: 'Ana', phone: '+52', metadata: { customer: 'cus_1' }, tax_id_data: [{ type: 'mx_rfc', value: 'LUNA010101AAA' }], address: { country: 'MX', line1: 'Calle 1' }, preferred_locales: ['es'], expand: ['tax_ids'] })
  t.match(made, { metadata: { customer: 'cus_1' }, tax_ids: { data: [{ type: 'mx_rfc' }] }, address: { line1: 'Calle 1' }, preferred_locales: ['es'], invoice_settings: { default_payment_method: null }, test_clock: null })
  t.match(await failure(stripe.customers.update(made.id, { invoice_settings: { default_payment_method: 'pm_none' } })), { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: made.id })
  const second = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: made.id })
  t.match(await stripe.customers.update(made.id, { invoice_settings: { default_payment_method: card.id }, metadata: { customer: '', other: 'x' }, name: '', expand: ['invoice_settings.default_payment_method'] } as Stripe.CustomerUpdateParams), { name: null, metadata: { other: 'x' }, invoice_settings: { default_payment_method: { id: card.id } } })
  t.strictSame((await stripe.customers.listPaymentMethods(made.id, { type: 'card' })).data.map(each => each.id), [second.id, card.id])
  t.equal((await stripe.customers.listPaymentMethods(made.id, { type: 'oxxo' })).data.length, 0)
  t.match(await stripe.customers.retrievePaymentMethod(made.id, card.id), { id: card.id })
  await stripe.paymentMethods.detach(card.id)
  t.match(await stripe.customers.retrieve(made.id), { invoice_settings: { default_payment_method: null } }, 'a default that is gone is no default')
  t.match(await failure(stripe.customers.retrievePaymentMethod(made.id, card.id)), { statusCode: 404 })
  t.match((await stripe.customers.list({ email: 'ana@shop.test' })).data, [{ id: made.id }])
  t.match(await stripe.customers.del(made.id), { deleted: true, id: made.id })
  t.match(await stripe.customers.retrieve(made.id), { deleted: true })
  t.match(await failure(stripe.customers.update(made.id, { name: 'x' })), { statusCode: 404, code: 'resource_missing' })
  t.match(await failure(stripe.customers.retrieve('cus_none')), { statusCode: 404 })
  t.match(await stripe.paymentMethods.retrieve(second.id), { customer: null })
  t.match(await failure(stripe.customers.listPaymentMethods('cus_none')), { statusCode: 404 })
})

t.test('a card is set up now and charged later, with and without the payer', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = (await stripe.customers.create({ email: 'ana@shop.test' })).id
  const set = (method: string, more: object = {}) => stripe.setupIntents.create({ customer, payment_method: method, confirm: true, return_url: 'https://shop.test/back', metadata: { method: 'm_1' }, ...more })
  const plain = await set('pm_card_visa')
  t.match(plain, { status: 'succeeded', usage: 'off_session', next_action: null, metadata: { method: 'm_1' } })
  t.match(await stripe.paymentMethods.retrieve(plain.payment_method as string), { customer })

  const asked = await set('pm_card_authenticationRequiredOnSetup')
  t.match(asked, { status: 'requires_action', next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: 'https://shop.test/back' } } })
  const bank = asked.next_action!.redirect_to_url!.url!
  t.match(await (await fetch(bank)).text(), /Save this card/)
  const failed = await submit(bank, { outcome: 'fail' })
  t.match(Object.fromEntries(new URL(failed.location!).searchParams), { setup_intent: asked.id, redirect_status: 'failed', setup_intent_client_secret: asked.client_secret })
  t.match(await stripe.setupIntents.retrieve(asked.id), { status: 'requires_payment_method', last_setup_error: { code: 'setup_intent_authentication_failure' } })
  const again = await stripe.setupIntents.confirm(asked.id, { payment_method: 'pm_card_authenticationRequiredOnSetup' })
  t.equal(again.status, 'requires_action')
  t.equal(simulator.authenticate(asked.id, true), 'succeeded')
  const kept = (await stripe.setupIntents.retrieve(asked.id)).payment_method as string
  const charge = (method: string, more: object = {}) => stripe.paymentIntents.create({ amount: 5000, currency: 'mxn', customer, payment_method: method, off_session: true, confirm: true, ...more })
  t.equal((await charge(kept)).status, 'succeeded', 'what was authenticated is charged without the payer')

  const unready = await stripe.paymentMethods.attach('pm_card_authenticationRequired', { customer })
  const error = await failure(charge(unready.id))
  t.match(error, { statusCode: 402, code: 'authentication_required', raw: { decline_code: 'authentication_required', payment_method: { id: unready.id } }, payment_intent: { status: 'requires_payment_method', last_payment_error: { code: 'authentication_required', payment_method: { id: unready.id } } } })
  const back = await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: unready.id, off_session: false, return_url: 'https://shop.test/back' })
  t.match(back, { status: 'requires_action', next_action: { type: 'redirect_to_url' } }, 'the payer finishes it')
  t.equal(simulator.authenticate(back.id, true), 'succeeded')
  const inPage = await stripe.paymentIntents.confirm((await failure(charge(unready.id, { allowed_payment_method_types: ['card'] }))).payment_intent.id, { payment_method: unready.id, off_session: false, use_stripe_sdk: true })
  t.match(inPage, { status: 'requires_action', next_action: { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: /^http/ } } })
  t.match(await submit((inPage.next_action!.use_stripe_sdk as unknown as { stripe_js: string }).stripe_js, { outcome: 'complete' }), { status: 200, text: /succeeded/ })

  t.match(await failure(set('pm_card_chargeDeclined')), { statusCode: 402, code: 'card_declined', setup_intent: { status: 'requires_payment_method' } })
  const open = await stripe.setupIntents.create({ customer })
  t.match(await failure(stripe.setupIntents.confirm(open.id)), { code: 'setup_intent_unexpected_state' })
  t.match(await stripe.setupIntents.cancel(open.id, { cancellation_reason: 'abandoned' }), { status: 'canceled', cancellation_reason: 'abandoned' })
  t.match(await failure(stripe.setupIntents.cancel(open.id)), { code: 'setup_intent_unexpected_state' })
  t.match((await stripe.setupIntents.list({ customer })).data.length, 4)
  t.ok((await eventTypes(stripe, 'setup_intent')).includes('setup_intent.setup_failed'))
  const saved = await stripe.paymentIntents.create({ ...payment, customer, setup_future_usage: 'off_session' })
  t.match(await stripe.paymentMethods.retrieve(saved.payment_method as string), { customer }, 'a payment may keep its card as well')
})

t.test('a Mexican card pays in months', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const asked = await stripe.paymentIntents.create({ amount: 65_000, currency: 'mxn', payment_method: 'pm_card_mx', allowed_payment_method_types: ['card'], payment_method_options: { card: { installments: { enabled: true } } } })
  t.match(asked.payment_method_options!.card!.installments, { enabled: true, plan: null, available_plans: [{ count: 3, interval: 'month', type: 'fixed_count' }, { count: 6 }] })
  const paid = await stripe.paymentIntents.confirm(asked.id, { payment_method_options: { card: { installments: { plan: { count: 6, interval: 'month', type: 'fixed_count' } } } }, expand: ['latest_charge'] })
  t.match(paid, { status: 'succeeded', latest_charge: { payment_method_details: { card: { installments: { plan: { count: 6 } } } } } })
  t.match(await failure(stripe.paymentIntents.confirm((await stripe.paymentIntents.create({ amount: 65_000, currency: 'mxn', payment_method: 'pm_card_visa', allowed_payment_method_types: ['card'] })).id, { payment_method_options: { card: { installments: { plan: { count: 6, interval: 'month', type: 'fixed_count' } } } } })), { statusCode: 400, param: 'payment_method_options[card][installments][plan]' })
})

t.test("the payer's browser: publishable key and client secret", async t => {
  const simulator = await start(t)
  const { secret_key: key, publishable_key: browser } = simulator.credentials('test') as { secret_key: string, publishable_key: string }
  const stripe = sdk(simulator, key)
  const made = await stripe.paymentIntents.create({ amount: 5000, currency: 'mxn', allowed_payment_method_types: ['card'] })
  const other = await stripe.paymentIntents.create({ amount: 6000, currency: 'mxn' })
  const ask = async (method: string, path: string, params: Record<string, string>) => {
    const form = new URLSearchParams({ key: browser, ...params })
    const answer = await fetch(`${simulator.url}/v1/${path}${method === 'GET' ? `?${form}` : ''}`, method === 'GET' ? {} : { method, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form })
    return [answer.status, await answer.json()]
  }
  const secret = made.client_secret!
  t.match(await ask('GET', `payment_intents/${made.id}`, { client_secret: secret }), [200, { id: made.id }])
  t.match(await ask('GET', `payment_intents/${made.id}`, {}), [401, { error: { code: 'secret_key_required' } }])
  t.match(await ask('GET', `payment_intents/${other.id}`, { client_secret: secret }), [400, { error: { param: 'client_secret' } }])
  t.match(await ask('POST', `payment_intents/${made.id}/capture`, { client_secret: secret }), [401, {}])
  const [, method] = await ask('POST', 'payment_methods', { type: 'card', 'card[number]': '4242424242424242', 'card[exp_month]': '12', 'card[exp_year]': '2034', 'card[cvc]': '123' }) as [number, { id: string }]
  t.match(await ask('POST', `payment_intents/${made.id}/confirm`, { client_secret: secret, payment_method: method.id }), [200, { status: 'succeeded' }])
  t.match(await stripe.paymentIntents.retrieve(made.id), { status: 'succeeded' }, 'both keys open the same account')
})

t.test('connected accounts live in a world of their own', async t => {
  const simulator = await start(t, { country: 'US' })
  const platform = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, platform)
  const account = simulator.connect(platform, { country: 'MX' })
  const as = { stripeAccount: account }
  const mine = await stripe.customers.create({ email: 'platform@shop.test' })
  const theirs = await stripe.customers.create({ email: 'theirs@shop.test' }, as)
  t.strictSame((await stripe.customers.list({}, as)).data.map(each => each.id), [theirs.id])
  t.match(await failure(stripe.customers.retrieve(mine.id, {}, as)), { statusCode: 404, code: 'resource_missing' })
  t.match(await failure(stripe.customers.retrieve(theirs.id)), { statusCode: 404 })
  t.match(await stripe.accounts.retrieveCurrent({}, as), { id: account, country: 'MX' })
  t.match(await stripe.accounts.retrieve(account), { id: account })
  t.match((await stripe.accounts.list()).data, [{ id: account }])
  const paid = await stripe.paymentIntents.create({ ...payment, metadata: { payment: 'p' } }, { ...as, idempotencyKey: 'k' })
  t.not((await stripe.paymentIntents.create({ ...payment, amount: 777_00 }, { idempotencyKey: 'k' })).id, paid.id, 'idempotency keys are the account\'s')
  t.match(simulator.ledger().payments.find(each => each.id === paid.id), { account, idempotencyKey: 'k', metadata: { payment: 'p' } })
  t.match(await failure(stripe.balance.retrieve({}, { stripeAccount: 'acct_none' })), { statusCode: 403, code: 'account_invalid', type: 'StripePermissionError' })
  const stranger = simulator.credentials('test').secret_key!
  t.match(await failure(sdk(simulator, stranger).balance.retrieve({}, as)), { statusCode: 403, code: 'account_invalid' })
  t.equal(simulator.connect(platform, { secretKey: stranger }), (await sdk(simulator, stranger).accounts.retrieveCurrent()).id)
  t.match(await stripe.accounts.create({ type: 'standard', country: 'MX', email: 'x@y.mx' }), { id: /^acct_/, country: 'MX' })

  const own = await receiver(t)
  const connect = await receiver(t)
  await stripe.webhookEndpoints.create({ url: own.url, enabled_events: ['payment_intent.succeeded'] })
  await stripe.webhookEndpoints.create({ url: connect.url, enabled_events: ['payment_intent.succeeded'], connect: true })
  await stripe.paymentIntents.create(payment, as)
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.match(own.received.map(each => each.event.account), [undefined])
  t.match(connect.received.map(each => each.event.account), [account])
})

t.test('the platform’s endpoint hears of an account from its consent on', async t => {
  const simulator = await start(t)
  const hub = await receiver(t)
  const redirect = 'http://hub.test/v1/oauth/stripe/callback'
  const app = simulator.operator!('test', { redirect: () => redirect, hook: () => hub.url })
  const stripe = sdk(simulator, app.client_secret!)
  const consent = await fetch(`${simulator.url}/oauth/authorize?${new URLSearchParams({ client_id: app.client_id!, response_type: 'code', redirect_uri: redirect }).toString()}`, { method: 'POST', body: new URLSearchParams({ account: 'shop', decision: 'allow' }), redirect: 'manual' })
  const code = new URL(consent.headers.get('location')!).searchParams.get('code')!
  const { stripe_user_id: account } = await (await fetch(`${simulator.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code, client_secret: app.client_secret! }) })).json() as { stripe_user_id: string }
  await stripe.paymentIntents.create(payment, { stripeAccount: account })
  await simulator.settled()
  t.ok(hub.received.length > 0)
  t.same(new Set(hub.received.map(({ event }) => event.account)), new Set([account]))
  for (const { body, headers } of hub.received) t.ok(stripe.webhooks.constructEvent(body, String(headers['stripe-signature']), app.webhook_secret!))
  t.match((await stripe.webhookEndpoints.list()).data, [{ url: hub.url, status: 'enabled' }])
})
