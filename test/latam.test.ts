/** The same call at each provider of Latin America, over HTTP, with the provider's simulator and its webhooks behind: one section per adapter. */
import { createHash } from 'node:crypto'
import t from 'tap'
import type { Simulator } from '../core/adapter/simulator.ts'
import { type ConektaSimulator, startConektaSimulator } from '../adapters/conekta/simulator.ts'
import { type KushkiSimulator, startKushkiSimulator } from '../adapters/kushki/simulator.ts'
import { startMercadoPagoSimulator } from '../adapters/mercadopago/simulator.ts'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { type PayuSimulator, startPayuSimulator } from '../adapters/payu/simulator.ts'
import { startWompiSimulator, type WompiSimulator } from '../adapters/wompi/simulator.ts'
import { type Answer, type AppTenant, testApp, type TestApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

t.setTimeout(240_000)

interface Shop<S extends Simulator> {
  app: TestApp
  simulator: S
  tenant: AppTenant
  connection: string
  post: (path: string, body: object, idempotencyKey?: string) => Promise<Answer>
  read: (path: string) => Promise<any>
  /** A payment, when it has got there. */
  known: (id: string, status: string) => Promise<any>
}

type Test = typeof t

/** A hub with one provider's simulator, and a tenant that has connected it and registered its webhook. `byHand`: in the provider's panel, where its API cannot. */
function section<S extends Simulator> (provider: string, start: () => Promise<S>, run: (t: Test, shop: Shop<S>) => Promise<void>, byHand?: (simulator: S, credentials: Record<string, string>, url: string) => void, { env: more = {}, settings }: { env?: Record<string, string>, settings?: object } = {}): void {
  t.test(provider, async t => {
    const simulator = await start()
    t.teardown(() => simulator.close())
    const env = { [`PASARELA_PROVIDER_URL_${provider.toUpperCase()}`]: simulator.url, [`PASARELA_PROVIDER_RATE_${provider.toUpperCase()}`]: '10000', RESOLVER_SCHEDULE: '300ms,500ms,1s,1s,1s,1s', INBOUND_SCHEDULE: '200ms,500ms,1s,1s', ...more }
    const app = await testApp(t, { env })
    const tenant = await app.tenant({ connect: false })
    const { client } = tenant
    const post: Shop<S>['post'] = async (path, body, idempotencyKey) => await client('POST', path, { body, ...(idempotencyKey !== undefined && { idempotencyKey }) })
    const read = async (path: string) => (await client('GET', path)).body
    const credentials = simulator.credentials('test')
    const made = await post('/v1/connections', { provider, mode: 'test', credentials, ...(settings !== undefined && { settings }) })
    t.equal(made.status, 201, made.text)
    const connection = made.body.id as string
    t.match(await post(`/v1/connections/${connection}/test`, {}), { status: 200, body: { health: 'healthy' } })
    if (byHand === undefined) t.equal((await post(`/v1/connections/${connection}/webhook`, {})).status, 200)
    else byHand(simulator, credentials, (await client('GET', '/v1/connections')).body.data[0].webhook_url)
    const known = async (id: string, status: string) => await eventually(`${id} is ${status}`, async () => {
      const found = await read(`/v1/payments/${id}`)
      return found.status === status && found
    }, { withinMs: 30_000 })
    await run(t as Test, { app, simulator, tenant, connection, post, read, known })
    await simulator.settled()
    await app.quiet()
  })
}

/** Nobody answers a charge: it is unknown, and then one, by itself. `path`: where the charge is asked for. */
function lostCharges<S extends Simulator> (t: Test, { simulator, post, known }: Shop<S>, { path, order, key = 'unknown', also = () => {} }: { path: string, order: () => object, key?: string, also?: (t: Test, id: string) => void }): void {
  for (const kind of ['cut_after', 'cut_mid_body', 'error_500'] as const) {
    t.test(`202 when nobody answers (${kind}); then one charge, by itself`, async t => {
      simulator.inject({ kind, method: 'POST', path })
      const unknown = await post('/v1/payments', order(), `${key}-${kind}`)
      t.match(unknown, { status: 202, body: { status: 'unknown' } })
      await known(unknown.body.id, 'succeeded')
      t.equal(simulator.effects(unknown.body.id).charges, 1)
      also(t as Test, unknown.body.id)
    })
  }
}

/** Where the provider keeps no reference of a refund: the lost one is found all the same, and made once. */
function lostRefund<S extends Simulator> (t: Test, { app, simulator, post, read }: Shop<S>, { fault, order }: { fault: { method: string, path: string }, order: () => object }): void {
  t.test('a refund whose answer is lost is found by its amount, once', async t => {
    const paid = await post('/v1/payments', order())
    simulator.inject({ kind: 'cut_after', ...fault })
    const lost = await post(`/v1/payments/${paid.body.id}/refunds`, { amount: 7000 })
    t.match(lost, { status: 202, body: { status: 'unknown' } })
    await eventually('the refund is known', async () => (await read(`/v1/refunds/${lost.body.id}`)).status === 'succeeded', { withinMs: 30_000 })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${paid.body.id}`), { amount_refunded: 7000 })
    t.equal((await read(`/v1/payments/${paid.body.id}/refunds`)).data.length, 1)
    t.equal(simulator.effects(paid.body.id).refunds, 1)
  })
}

const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }

section('conekta', () => startConektaSimulator({ seed: 7, localHooks: true }), async (t, shop) => {
  const { app, simulator, tenant, post, read, known } = shop
  const orders = (reference: string) => (simulator as ConektaSimulator).orders().filter(({ metadata }) => Object.values(metadata).includes(reference))
  const order = (more: object = {}) => ({ amount: 19_900, currency: 'MXN', customer: ana, method: { type: 'card', token: 'tok_test_visa_4242' }, ...more })

  t.test('a card pays, and the same key is one order', async t => {
    const paid = await post('/v1/payments', order(), 'card-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 19_900, provider: 'conekta', provider_reference: /^ord_/, method: { type: 'card', brand: 'visa', last4: '4242' } } })
    t.match(await post('/v1/payments', order(), 'card-1'), { status: 201, body: { id: paid.body.id } })
    t.equal(orders(paid.body.id).length, 1)
    await simulator.settled()
    await eventually('its webhook is verified and heard', async () => (await read('/v1/inbound_events?limit=100')).data.some(({ event_type: type, status }: { event_type: string, status: string }) => type === 'order.paid' && status === 'processed'))
  })

  t.test('a declined card is told, and another one pays the same payment', async t => {
    const declined = await post('/v1/payments', order({ method: { type: 'card', token: 'tok_test_insufficient_funds' } }))
    t.match(declined, { body: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } })
    const paid = await post(`/v1/payments/${declined.body.id}/confirm`, { method: { type: 'card', token: 'tok_test_mastercard_4444' } })
    t.match(paid, { status: 200, body: { status: 'succeeded', provider_reference: declined.body.provider_reference } })
    t.equal(orders(declined.body.id).length, 1)
  })

  for (const [type, shape] of [['oxxo', { type: 'voucher', reference: /^93000/ }], ['cash', { type: 'voucher', reference: /^10001/ }], ['spei', { type: 'bank_transfer', clabe: /^(646|734)\d{15}$/ }]] as const) {
    t.test(`${type}: what the payer needs is told, and the webhook says that it was paid`, async t => {
      const waiting = await post('/v1/payments', order({ method: { type } }))
      t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: shape, amount_captured: 0 } })
      simulator.pay(waiting.body.provider_reference)
      t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 19_900, method: { type } })
    })
  }

  t.test('a voucher that nobody paid expires by its webhook', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    simulator.expire(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'expired'), { amount_captured: 0 })
  })

  t.test('held, captured in part, given back in parts', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(held, { status: 201, body: { status: 'authorized', amount_capturable: 19_900 } })
    t.match(await post(`/v1/payments/${held.body.id}/capture`, { amount: 15_000 }), { status: 200, body: { status: 'succeeded', amount_captured: 15_000 } })
    for (const amount of [5000, 5000]) t.match(await post(`/v1/payments/${held.body.id}/refunds`, { amount }), { status: 201, body: { status: 'succeeded', amount } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount: 19_900, amount_captured: 15_000, amount_refunded: 10_000, review: null })
    t.equal((await read(`/v1/payments/${held.body.id}/refunds`)).data.length, 2, 'the webhooks told of none that we did not know')
  })

  lostCharges(t, shop, { path: '/orders', order })

  lostRefund(t, shop, { fault: { method: 'POST', path: '/refunds' }, order })

  t.test('a chargeback is ours to know', async t => {
    const paid = await post('/v1/payments', order())
    simulator.dispute(paid.body.provider_reference)
    t.match(await eventually('the payment is disputed', async () => {
      const { data } = await read(`/v1/disputes?payment=${paid.body.id}`)
      return data.length > 0 && data[0]
    }, { withinMs: 30_000 }), { status: 'needs_response', reason: 'product_not_received', amount: 19_900 })
  })

  t.test('a hosted page and a link make payments of ours', async t => {
    const page = await post('/v1/checkout_sessions', { amount: 25_000, currency: 'MXN', customer: ana, success_url: 'https://shop.example/ok', cancel_url: 'https://shop.example/no' })
    t.match(page, { status: 201, body: { status: 'open', url: /\/checkout\// } })
    simulator.payPage(page.body.provider_reference)
    const done = await eventually('the page is complete', async () => {
      const found = await read(`/v1/checkout_sessions/${page.body.id}`)
      return found.status === 'complete' && found.payment !== null && found
    }, { withinMs: 30_000 })
    t.match(await known(done.payment, 'succeeded'), { amount_captured: 25_000, origin: { id: page.body.id } })
    const link = await post('/v1/payment_links', { amount: 5000, currency: 'MXN', description: 'Donativo' })
    t.match(link, { status: 201, body: { status: 'open', url: /\/checkout\// } })
    simulator.payPage(link.body.provider_reference)
    await eventually('the link has a payment', async () => (await read('/v1/payments?limit=20')).data.some((payment: any) => payment.origin?.id === link.body.id && payment.status === 'succeeded'), { withinMs: 30_000 })
  })

  t.test('a saved card pays every month, twice of the plan', async t => {
    const customer = (await post('/v1/customers', ana)).body.id as string
    const method = await post(`/v1/customers/${customer}/payment_methods`, { type: 'card', token: 'tok_test_visa_4242' })
    t.match(method, { status: 201, body: { status: 'active', last4: '4242' } })
    t.match(await post('/v1/payments', { amount: 12_300, currency: 'MXN', customer, method: { type: 'card', payment_method: method.body.id }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
    const plan = (await post('/v1/plans', { name: 'Gimnasio', amount: 49_900, currency: 'MXN', interval: 'month' })).body.id as string
    const made = await post('/v1/subscriptions', { customer, plan, payment_method: method.body.id, quantity: 2 })
    t.match(made, { status: 201, body: { status: 'active' } })
    const cycle = await eventually('its first period is paid by a payment of ours', async () => {
      const { data } = await read(`/v1/subscriptions/${made.body.id}/cycles`)
      return data[0]?.payment !== null && data[0]?.status === 'paid' && data[0]
    }, { withinMs: 30_000 })
    t.match(await read(`/v1/payments/${cycle.payment}`), { status: 'succeeded', amount_captured: 99_800, origin: { type: 'subscription', id: made.body.id } })
    t.match(await post(`/v1/subscriptions/${made.body.id}/cancel`, {}), { status: 200, body: { status: 'canceled' } })
  })

  t.test('a webhook that Conekta did not sign changes nothing', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    const hook = (await tenant.client('GET', '/v1/connections')).body.data[0].webhook_url as string
    const forged = JSON.stringify({ id: 'forged', type: 'order.paid', data: { object: { object: 'order', id: waiting.body.provider_reference, amount: 19_900, currency: 'MXN', livemode: false, payment_status: 'paid', created_at: 1 } } })
    const attempts: Record<string, string>[] = [{}, { digest: 'A'.repeat(344) }]
    for (const headers of attempts) t.equal((await fetch(hook, { method: 'POST', body: forged, headers })).status >= 400, true)
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'requires_action' })
  })
})

let connectionToken = ''

section('mercadopago', () => startMercadoPagoSimulator({ seed: 7 }), async (t, { app, simulator, connection, post, read, known }) => {
  const token = (holder: string) => ({ type: 'card', token: `sim-token-visa-${holder}` })
  const order = (more: object = {}) => ({ amount: 19_990, currency: 'MXN', customer: ana, method: token('APRO'), ...more })
  const under = (reference: string) => simulator.payments().filter(payment => payment.external_reference === reference)

  t.test('its API registers no webhook: the steps are told', async t => {
    const told = await post(`/v1/connections/${connection}/webhook`, {})
    t.match([told.status, JSON.stringify(told.body)], [/^4/, /Webhooks/])
  })

  t.test('a card pays, and the same key is one payment', async t => {
    const paid = await post('/v1/payments', order(), 'card-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 19_990, provider: 'mercadopago', provider_reference: /^\d+$/, method: { type: 'card', brand: 'visa', last4: '1111' } } })
    t.match(await post('/v1/payments', order(), 'card-1'), { status: 201, body: { id: paid.body.id } })
    t.match(under(paid.body.id), [{ transaction_amount: 199.9 }])
  })

  t.test('pesos alone are charged by an account of Mexico', async t => {
    const refused = await post('/v1/payments', order({ amount: 5_000_000, currency: 'COP' }))
    t.match(refused.body, { amount_captured: 0, error: { code: 'unsupported' } })
    t.same(under(refused.body.id), [])
  })

  t.test('a declined card is told, and another one pays the same payment, as a payment of its own', async t => {
    const declined = await post('/v1/payments', order({ method: token('FUND') }))
    t.match(declined, { body: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } })
    const paid = await post(`/v1/payments/${declined.body.id}/confirm`, { method: { type: 'card', token: 'sim-token-master-APRO' } })
    t.match(paid, { status: 200, body: { status: 'succeeded', method: { brand: 'mastercard' } } })
    t.equal(under(declined.body.id).length, 2)
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${declined.body.id}`), { status: 'succeeded', review: null }, 'the news of the first attempt did not turn it back')
  })

  for (const [type, shape] of [['oxxo', { type: 'voucher', reference: /^\d+$/, url: /\/ticket\// }], ['spei', { type: 'bank_transfer', url: /\/ticket\// }]] as const) {
    t.test(`${type}: what the payer needs is told, and the notification makes the hub ask`, async t => {
      const waiting = await post('/v1/payments', order({ method: { type } }))
      t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: shape, amount_captured: 0 } })
      simulator.pay(waiting.body.provider_reference)
      t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 19_990, method: { type } })
    })
  }

  t.test('a voucher that nobody paid expires by its notification', async () => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    simulator.expire(waiting.body.provider_reference)
    await known(waiting.body.id, 'expired')
  })

  t.test('a bank of Colombia, at an account of its own', async t => {
    const credentials = simulator.account({ mode: 'test', site: 'MCO' })
    const { body: colombia } = await post('/v1/connections', { provider: 'mercadopago', mode: 'test', credentials })
    simulator.notify(credentials.access_token!, colombia.webhook_url)
    t.match(await post(`/v1/connections/${colombia.id}/test`, {}), { body: { health: 'healthy' } })
    const asked = { amount: 5_000_000, currency: 'COP', connection: colombia.id, customer: { ...ana, tax_id: '1020304050' }, return_url: 'https://shop.example/back', method: { type: 'pse', details: { bank: '1007', ip_address: '190.0.0.1' } } }
    const waiting = await post('/v1/payments', asked)
    t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: { type: 'redirect', url: /\/bank\// } } }, waiting.text)
    simulator.pay(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 5_000_000, method: { type: 'pse' } })
    t.match(await post('/v1/payments', { ...asked, method: { type: 'pse', details: { bank: '4111 1111 1111 1111' } } }), { status: 400 }, 'a card number is no detail')
  })

  t.test('the bank asks in the shop’s own page', async t => {
    const asked = await post('/v1/payments', order({ method: token('CHAL') }))
    t.match(asked, { body: { status: 'requires_action', next_action: { type: 'sdk_challenge', data: { external_resource_url: /\/challenge\//, creq: String } } } })
    simulator.authenticate(asked.body.provider_reference, true)
    await known(asked.body.id, 'succeeded')
  })

  t.test('held, captured in part, given back in parts and in the panel', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(held, { status: 201, body: { status: 'authorized', amount_capturable: 19_990 } })
    t.match(await post(`/v1/payments/${held.body.id}/capture`, { amount: 15_000 }), { status: 200, body: { status: 'succeeded', amount_captured: 15_000 } })
    for (const amount of [5000, 5000]) t.match(await post(`/v1/payments/${held.body.id}/refunds`, { amount }), { status: 201, body: { status: 'succeeded', amount } })
    await simulator.refundByHand(held.body.provider_reference, 20.5)
    await eventually('the refund of the panel is known', async () => (await read(`/v1/payments/${held.body.id}`)).amount_refunded === 12_050, { withinMs: 30_000 })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount: 19_990, amount_captured: 15_000, amount_refunded: 12_050, review: null })
    t.equal((await read(`/v1/payments/${held.body.id}/refunds`)).data.length, 3)
  })

  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'error_500'] as const) {
    t.test(`202 when nobody answers (${kind}); then one charge, by itself`, async t => {
      simulator.inject({ kind, method: 'POST', path: '/v1/payments' })
      const unknown = await post('/v1/payments', order(), `mp-unknown-${kind}`)
      t.match(unknown, { status: 202, body: { status: 'unknown' } })
      await known(unknown.body.id, 'succeeded')
      t.equal(simulator.effects(unknown.body.id).charges, 1)
      t.equal(under(unknown.body.id).length, 1)
    })
  }

  t.test('a refund whose answer is lost is given once', async t => {
    const paid = await post('/v1/payments', order())
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/refunds' })
    const lost = await post(`/v1/payments/${paid.body.id}/refunds`, { amount: 7000 })
    t.match(lost, { status: 202, body: { status: 'unknown' } })
    await eventually('the refund is known', async () => (await read(`/v1/refunds/${lost.body.id}`)).status === 'succeeded', { withinMs: 30_000 })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${paid.body.id}`), { amount_refunded: 7000 })
    t.equal((await read(`/v1/payments/${paid.body.id}/refunds`)).data.length, 1)
    t.equal(simulator.effects(paid.body.id).refunds, 1)
  })

  t.test('a chargeback is ours to know, and its end', async t => {
    const paid = await post('/v1/payments', order())
    const dispute = simulator.dispute(paid.body.provider_reference)
    const told = async (status: string) => await eventually(`the dispute is ${status}`, async () => {
      const { data } = await read(`/v1/disputes?payment=${paid.body.id}`)
      return data[0]?.status === status && data[0]
    }, { withinMs: 30_000 })
    t.match(await told('needs_response'), { provider_reference: dispute, reason: 'product_not_received', amount: 19_990 })
    simulator.decideDispute(paid.body.provider_reference, true)
    await told('won')
  })

  t.test('a page of Checkout Pro and a link make payments of ours', async t => {
    const page = await post('/v1/checkout_sessions', { amount: 25_050, currency: 'MXN', customer: ana, success_url: 'https://shop.example/ok', cancel_url: 'https://shop.example/no' })
    t.match(page, { status: 201, body: { status: 'open', url: /\/sandbox\/checkout\/v1\/redirect\?pref_id=/ } })
    simulator.payPage(page.body.provider_reference)
    const done = await eventually('the page is complete', async () => {
      const found = await read(`/v1/checkout_sessions/${page.body.id}`)
      return found.status === 'complete' && found.payment !== null && found
    }, { withinMs: 30_000 })
    t.match(await known(done.payment, 'succeeded'), { amount_captured: 25_050, origin: { id: page.body.id } })
    const link = await post('/v1/payment_links', { amount: 5000, currency: 'MXN', description: 'Donativo' })
    t.match(link, { status: 201, body: { status: /active|open/, url: /pref_id=/ } })
    for (let payers = 0; payers < 2; payers++) simulator.payPage(link.body.provider_reference)
    await eventually('the link has two payments', async () => (await read('/v1/payments?limit=50')).data.filter((payment: any) => payment.origin?.id === link.body.id && payment.status === 'succeeded').length === 2, { withinMs: 30_000 })
  })

  t.test('a saved card is charged while its payer is away, and pays every month, twice of the plan', async t => {
    const customer = (await post('/v1/customers', { ...ana, email: 'saved@shop.example' })).body.id as string
    const method = await post(`/v1/customers/${customer}/payment_methods`, token('APRO'))
    t.match(method, { status: 201, body: { status: 'active', last4: '1111' } })
    t.match(await post('/v1/payments', { amount: 12_300, currency: 'MXN', customer, method: { type: 'card', payment_method: method.body.id }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payments' })
    const lost = await post('/v1/payments', { amount: 12_400, currency: 'MXN', customer, method: { type: 'card', payment_method: method.body.id }, off_session: true })
    await known(lost.body.id, 'succeeded')
    t.equal(simulator.effects(lost.body.id).charges, 1, 'also where the token of the repetition would be another')
    const plan = (await post('/v1/plans', { name: 'Gimnasio', amount: 49_990, currency: 'MXN', interval: 'month' })).body.id as string
    const made = await post('/v1/subscriptions', { customer, plan, payment_method: method.body.id, quantity: 2 })
    t.match(made, { status: 201, body: { status: 'active' } })
    const cycle = await eventually('its first period is paid by a payment of ours', async () => {
      const { data } = await read(`/v1/subscriptions/${made.body.id}/cycles`)
      return data[0]?.payment !== null && data[0]?.status === 'paid' && data[0]
    }, { withinMs: 30_000 })
    t.match(await read(`/v1/payments/${cycle.payment}`), { status: 'succeeded', amount_captured: 99_980, origin: { type: 'subscription', id: made.body.id } })
    t.match(await post(`/v1/subscriptions/${made.body.id}/cancel`, {}), { status: 200, body: { status: 'canceled' } })
  })

  t.test('a notification that says more than is true only makes the hub ask, and one that is not signed not even that', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    const hook = (await read(`/v1/connections/${connection}`)).webhook_url as string
    const { headers, query } = simulator.signedWebhook({ secret: simulator.secret(connectionToken), now: new Date() })
    t.equal(query, `data.id=${waiting.body.provider_reference}&type=payment`)
    const lie = JSON.stringify({ id: 99, type: 'payment', action: 'payment.updated', status: 'approved', data: { id: waiting.body.provider_reference, status: 'approved', transaction_amount: 199.9 } })
    t.equal((await fetch(`${hook}?${query!}`, { method: 'POST', body: lie, headers })).status, 200, 'the body is not signed')
    const asked = simulator.requests().length
    for (const wrong of [{}, { ...headers, 'x-signature': headers['x-signature']!.replace(/v1=../, 'v1=00') }, { ...headers, 'x-request-id': 'another' }]) t.equal((await fetch(`${hook}?${query!}`, { method: 'POST', body: lie, headers: wrong })).status >= 400, true)
    await app.quiet()
    t.ok(simulator.requests().slice(asked).every(({ method }) => method === 'GET'))
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'requires_action', amount_captured: 0 })
  })
}, (simulator, { access_token: accessToken }, url) => {
  connectionToken = accessToken!
  simulator.notify(connectionToken, url)
})

const payuCredentials = new WeakMap<Simulator, Record<string, string>>()

section('payu', () => startPayuSimulator({ seed: 7 }), async (t, { app, simulator, tenant, post, read, known }) => {
  const card = (outcome = 'APPROVED') => ({ type: 'card', token: `sim-VISA-${outcome}`, details: { payment_method: 'VISA' } })
  const order = (more: object = {}) => ({ amount: 19_900, currency: 'MXN', customer: ana, method: card(), ...more })
  const orders = (reference: string) => (simulator as PayuSimulator).orders().filter(({ referenceCode }) => referenceCode === reference)

  t.test('a card pays once, and PayU’s form post is verified and only asks', async t => {
    const paid = await post('/v1/payments', order(), 'card-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 19_900, provider: 'payu', provider_reference: /^14\d+$/, method: { type: 'card', brand: 'visa' } } })
    t.match(await post('/v1/payments', order(), 'card-1'), { status: 201, body: { id: paid.body.id } })
    t.equal(orders(paid.body.id).length, 1)
    await simulator.settled()
    await eventually('its confirmation is heard', async () => (await read('/v1/inbound_events?limit=100')).data.some(({ event_type: type, status }: { event_type: string, status: string }) => type === 'confirmation.approved' && status === 'processed'))
  })

  t.test('a declined card does not close the sale: another one pays it, by an order of its own', async t => {
    const declined = await post('/v1/payments', order({ method: card('INSUFFICIENT_FUNDS') }))
    t.match(declined, { body: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } })
    await simulator.settled()
    const paid = await post(`/v1/payments/${declined.body.id}/confirm`, { method: card() })
    t.match(paid, { status: 200, body: { status: 'succeeded' } })
    t.not(paid.body.provider_reference, declined.body.provider_reference)
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${declined.body.id}`), { status: 'succeeded', amount_captured: 19_900, review: null })
    t.equal(simulator.effects(declined.body.id).charges, 1)
  })

  const waits = [
    ['oxxo', 'MXN', 19_900, {}, { type: 'voucher', reference: /^\d{14}$/ }], ['spei', 'MXN', 19_900, {}, { type: 'bank_transfer', clabe: '646180132800000009', reference: /^\d{5}$/ }],
    ['efecty', 'COP', 5_000_000, {}, { type: 'voucher' }], ['nequi', 'COP', 5_000_000, {}, { type: 'wallet_push' }],
    ['pse', 'COP', 5_000_000, { financial_institution_code: '1007', dni_number: '123456789' }, { type: 'redirect', url: /\/bank\// }]
  ] as const
  for (const [type, currency, amount, details, shape] of waits) {
    t.test(`${type}: what the payer needs is told, and the confirmation says that it was paid`, async t => {
      const waiting = await post('/v1/payments', order({ method: { type, details }, currency, amount, return_url: 'https://shop.example/back' }))
      t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: shape, amount_captured: 0 } }, waiting.text)
      simulator.pay(waiting.body.provider_reference)
      t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: amount, method: { type } })
    })
  }

  t.test('a voucher that nobody paid expires by its confirmation', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    simulator.expire(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'expired'), { amount_captured: 0 })
  })

  t.test('held, captured in part, given back after a review', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(held, { status: 201, body: { status: 'authorized', amount_capturable: 19_900 } })
    t.match(await post(`/v1/payments/${held.body.id}/capture`, { amount: 15_000 }), { status: 200, body: { status: 'succeeded', amount_captured: 15_000 } })
    const refund = await post(`/v1/payments/${held.body.id}/refunds`, { amount: 5000 })
    t.match(refund, { status: 201, body: { status: 'pending', amount: 5000 } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount_captured: 15_000, review: null })
    t.equal((await read(`/v1/payments/${held.body.id}/refunds`)).data.length, 1)
  })

  for (const kind of ['cut_after', 'error_500'] as const) {
    t.test(`create, ${kind}: nobody knows, the resolver finds it, and it is charged once`, async t => {
      simulator.inject({ kind, path: '/payments-api' })
      const unknown = await post('/v1/payments', order(), `payu-${kind}`)
      t.match(unknown, { status: 202, body: { status: 'unknown' } })
      await known(unknown.body.id, 'succeeded')
      t.equal(simulator.effects(unknown.body.id).charges, 1)
    })
  }

  t.test('a page makes a payment of ours', async t => {
    const page = await post('/v1/checkout_sessions', { amount: 25_000, currency: 'MXN', customer: ana, success_url: 'https://shop.example/ok' })
    t.match(page, { status: 201, body: { status: 'open', url: /ppp-web-gateway-payu/ } }, page.text)
    await simulator.payPage(page.body.url)
    const done = await eventually('the page is complete', async () => {
      const found = await read(`/v1/checkout_sessions/${page.body.id}`)
      return found.status === 'complete' && found.payment !== null && found
    }, { withinMs: 30_000 })
    t.match(await known(done.payment, 'succeeded'), { amount_captured: 25_000, origin: { id: page.body.id } })
  })

  t.test('what is not signed changes nothing', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'oxxo' } }))
    const paid = await post('/v1/payments', order())
    await simulator.settled()
    const hook = (await tenant.client('GET', '/v1/connections')).body.data[0].webhook_url as string
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const forged = { merchant_id: '508029', reference_sale: waiting.body.id, reference_pol: waiting.body.provider_reference, value: '199.00', currency: 'MXN', state_pol: '4', transaction_id: 'x' }
    for (const sign of ['', 'a'.repeat(32), 'b'.repeat(40)]) t.equal((await fetch(hook, { method: 'POST', headers, body: new URLSearchParams({ ...forged, sign }) })).status >= 400, true)
    // A true sign of the voucher's sale, with the number of an order that is paid: the sign does not cover it.
    const { api_key: apiKey, merchant_id: merchantId } = payuCredentials.get(simulator)!
    const sign = createHash('md5').update([apiKey, merchantId, waiting.body.id, '199.0', 'MXN', '4'].join('~')).digest('hex')
    t.equal((await fetch(hook, { method: 'POST', headers, body: new URLSearchParams({ ...forged, merchant_id: merchantId!, reference_pol: paid.body.provider_reference, sign }) })).status, 200)
    await app.quiet()
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'requires_action', amount_captured: 0 })
  })
}, (simulator, credentials, url) => {
  payuCredentials.set(simulator, credentials)
  simulator.confirmAt(url)
})

section('paypal', () => startPaypalSimulator({ seed: 7, localHooks: true }), async (t, { app, simulator, tenant, post, read, known }) => {
  const order = (more: object = {}) => ({ amount: 19_900, currency: 'MXN', method: { type: 'card', token: 'vault-visa' }, return_url: 'https://shop.example/back', ...more })
  const posts = (path: string) => simulator.requests().filter(({ method, path: asked }) => method === 'POST' && asked === path)

  t.test('a kept card pays, the same key is one order, and the token is lent once', async t => {
    const paid = await post('/v1/payments', order(), 'pp-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 19_900, provider: 'paypal', method: { type: 'card', brand: 'visa', last4: '1111' } } }, paid.text)
    t.match(await post('/v1/payments', order(), 'pp-1'), { status: 201, body: { id: paid.body.id } })
    t.equal(simulator.effects(paid.body.id).charges, 1)
    const lent = posts('/v1/oauth2/token').length
    t.match(await post('/v1/payments', order()), { status: 201 })
    t.equal(posts('/v1/oauth2/token').length, lent, 'hours of calls need one token')
    await simulator.settled()
    await eventually('its webhook is verified by certificate and heard', async () => (await read('/v1/inbound_events?limit=100')).data.some(({ event_type: type, status }: { event_type: string, status: string }) => type === 'PAYMENT.CAPTURE.COMPLETED' && status === 'processed'))
  })

  t.test('the payer approves on PayPal’s page, and only then it is taken', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'paypal' } }))
    t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: { type: 'redirect', url: /checkoutnow\?token=/ }, amount_captured: 0 } }, waiting.text)
    simulator.approve(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 19_900, method: { type: 'paypal' } })
    t.equal(simulator.effects(waiting.body.id).charges, 1)
    const { data } = await read(`/v1/operations?subject=${waiting.body.id}&kind=complete_payment`)
    t.match(data, [{ outcome: 'succeeded', idempotency_key: new RegExp(`^${waiting.body.id}-`) }], 'what took the money is on the record')
  })

  t.test('what was approved is taken once, though nobody hears that it was', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/capture' })
    const waiting = await post('/v1/payments', order({ method: { type: 'paypal' } }))
    simulator.approve(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 19_900, review: null })
    t.equal(simulator.effects(waiting.body.id).charges, 1)
  })

  t.test('whoever was refused chooses another way on the same page', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'paypal' } }))
    simulator.approve(waiting.body.provider_reference, 'refused')
    t.match(await eventually('the refusal is known', async () => {
      const found = await read(`/v1/payments/${waiting.body.id}`)
      return found.error !== null && found
    }, { withinMs: 30_000 }), { status: 'requires_action', next_action: { type: 'redirect' }, error: { code: 'card_declined' } })
    simulator.approve(waiting.body.provider_reference)
    t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 19_900, error: null })
    t.equal(simulator.effects(waiting.body.id).charges, 1)
  })

  t.test('an order that was left for another way to pay takes nothing when it is approved after all', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'paypal' } }))
    simulator.approve(waiting.body.provider_reference, 'impossible')
    t.match(await known(waiting.body.id, 'requires_payment_method'), { error: { code: 'card_declined', provider_code: 'PAYER_CANNOT_PAY' } })
    const paid = await post(`/v1/payments/${waiting.body.id}/confirm`, { method: { type: 'card', token: 'vault-visa' } })
    t.match(paid, { status: 200, body: { status: 'succeeded' } }, paid.text)
    simulator.approve(waiting.body.provider_reference)
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'succeeded', amount_captured: 19_900, review: null })
    t.equal(simulator.effects(waiting.body.id).charges, 1, 'the hub looked, and took nothing')
  })

  t.test('held, captured in part, given back', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(held, { status: 201, body: { status: 'authorized', amount_capturable: 19_900 } }, held.text)
    t.match(await post(`/v1/payments/${held.body.id}/capture`, { amount: 15_000 }), { status: 200, body: { status: 'succeeded', amount_captured: 15_000 } })
    t.match(await post(`/v1/payments/${held.body.id}/refunds`, { amount: 5000 }), { status: 201, body: { status: 'succeeded', amount: 5000 } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount_captured: 15_000, amount_refunded: 5000, review: null })
    t.equal((await read(`/v1/payments/${held.body.id}/refunds`)).data.length, 1)
  })

  t.test('202 when nobody answers; then one charge, by itself', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/orders' })
    const unknown = await post('/v1/payments', order())
    t.match(unknown, { status: 202, body: { status: 'unknown' } }, unknown.text)
    await known(unknown.body.id, 'succeeded')
    t.equal(simulator.effects(unknown.body.id).charges, 1)
  })

  t.test('a dispute is ours to know', async t => {
    const paid = await post('/v1/payments', order())
    simulator.dispute(paid.body.provider_reference)
    t.match(await eventually('the payment is disputed', async () => {
      const { data } = await read(`/v1/disputes?payment=${paid.body.id}`)
      return data.length > 0 && data[0]
    }, { withinMs: 30_000 }), { status: 'needs_response', reason: 'product_not_received', amount: 19_900 })
  })

  t.test('a webhook that PayPal did not sign changes nothing', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'paypal' } }))
    const hook = (await tenant.client('GET', '/v1/connections')).body.data[0].webhook_url as string
    const forged = JSON.stringify({ id: 'WH-forged', event_type: 'CHECKOUT.ORDER.APPROVED', resource: { id: waiting.body.provider_reference } })
    const named = { 'paypal-transmission-id': 'dfb3be50-fd74-11e4-8bf3-77339302725b', 'paypal-transmission-time': new Date().toISOString(), 'paypal-auth-algo': 'SHA256withRSA', 'paypal-transmission-sig': 'A'.repeat(344) }
    for (const headers of [{}, named, { ...named, 'paypal-cert-url': 'https://evil.example/v1/notifications/certs/CERT-360caa42-fca2a594-simulated' }, { ...named, 'paypal-cert-url': 'https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-simulated' }]) {
      t.equal((await fetch(hook, { method: 'POST', body: forged, headers: headers as Record<string, string> })).status >= 400, true)
    }
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'requires_action' })
  })
})

const keysOf = new WeakMap<Simulator, Record<string, string>>()
const heard = (read: Shop<Simulator>['read'], type: string) => eventually(`${type} is heard`, async () => (await read('/v1/inbound_events?limit=100')).data.some((event: { event_type: string, status: string }) => event.event_type === type && event.status === 'processed'))

section('kushki', () => startKushkiSimulator({ seed: 7 }), async (t, shop) => {
  const { app, simulator, tenant, connection, post, read } = shop
  const token = (name = 'approved') => ({ type: 'card', token: `sim_${name}` })
  const order = (more: object = {}) => ({ amount: 19_990, currency: 'MXN', customer: ana, method: token(), ...more })
  const under = (reference: string) => (simulator as KushkiSimulator).rows().filter(({ metadata }) => Object.values(metadata ?? {}).includes(reference))

  t.test('its API registers no webhook: the steps are told, and the try of the address is answered', async t => {
    const told = await post(`/v1/connections/${connection}/webhook`, {})
    t.match([told.status, JSON.stringify(told.body)], [/^4/, /Webhooks/])
    const hook = (await read(`/v1/connections/${connection}`)).webhook_url as string
    for (let time = 0; time < 3; time++) t.equal((await fetch(hook, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status, 200)
    await app.quiet()
    t.equal((await read('/v1/inbound_events?limit=100')).data.length, 1, 'and kept once')
  })

  t.test('a card pays, the same key is one charge, and the notification is believed', async t => {
    const paid = await post('/v1/payments', order(), 'card-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 19_990, provider: 'kushki', provider_reference: /^\d{18}$/, method: { type: 'card', last4: '5480' } } }, paid.text)
    t.match(await post('/v1/payments', order(), 'card-1'), { status: 201, body: { id: paid.body.id } })
    t.match(under(paid.body.id), [{ request_amount: 199.9, transaction_type: 'SALE' }])
    await simulator.settled()
    await heard(read, 'card.SALE.APPROVAL')
  })

  t.test('a declined card does not close the sale: another one pays it, by a charge of its own', async t => {
    const declined = await post('/v1/payments', order({ method: token('funds') }))
    t.match(declined, { body: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } })
    const paid = await post(`/v1/payments/${declined.body.id}/confirm`, { method: token() })
    t.match(paid, { status: 200, body: { status: 'succeeded' } })
    t.not(paid.body.provider_reference, declined.body.provider_reference)
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${declined.body.id}`), { status: 'succeeded', amount_captured: 19_990, review: null })
    t.equal(simulator.effects(declined.body.id).charges, 1)
  })

  t.test('cuotas, as the country wants them', async t => {
    t.match(await post('/v1/payments', order({ installments: 6 })), { status: 201, body: { status: 'succeeded' } })
    t.match(JSON.parse(simulator.requests().findLast(({ path }) => path === '/card/v1/charges')!.body), { deferred: { months: 6, creditType: '01', graceMonths: '00' } })
    t.match(await post('/v1/payments', order({ installments: 6, currency: 'COP', amount: 500_000 })), { status: 201, body: { status: 'succeeded' } })
    t.match(JSON.parse(simulator.requests().findLast(({ path }) => path === '/card/v1/charges')!.body), { months: 6 })
  })

  t.test('held, captured in part, given back in parts', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(held, { status: 201, body: { status: 'authorized', amount_capturable: 19_990 } }, held.text)
    t.match(await post(`/v1/payments/${held.body.id}/capture`, { amount: 15_000 }), { status: 200, body: { status: 'succeeded', amount_captured: 15_000 } })
    for (const amount of [5000, 5000]) t.match(await post(`/v1/payments/${held.body.id}/refunds`, { amount }), { status: 201, body: { status: 'succeeded', amount } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount_captured: 15_000, amount_refunded: 10_000, review: null })
    t.equal((await read(`/v1/payments/${held.body.id}/refunds`)).data.length, 2, 'the notifications told of none that we did not know')
    const other = await post('/v1/payments', order({ capture: 'manual' }))
    t.match(await post(`/v1/payments/${other.body.id}/cancel`, {}), { status: 200, body: { status: 'canceled' } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${other.body.id}`), { status: 'canceled', amount_refunded: 0, review: null })
  })

  lostCharges(t, shop, { path: '/charges', order, key: 'kushki' })

  lostRefund(t, shop, { fault: { method: 'DELETE', path: '/v1/charges' }, order })

  t.test('a void that is made in the console is ours to know', async t => {
    const paid = await post('/v1/payments', order())
    const { private_merchant_id: privateId } = keysOf.get(simulator)!
    await fetch(`${simulator.url}/v1/charges/${paid.body.provider_reference}`, { method: 'DELETE', headers: { 'private-merchant-id': privateId! } })
    await eventually('it went back', async () => (await read(`/v1/payments/${paid.body.id}`)).amount_refunded === 19_990, { withinMs: 30_000 })
    t.equal((await read(`/v1/payments/${paid.body.id}/refunds`)).data.length, 1)
  })

  t.test('a saved card pays, and pays every month, twice of the plan', async t => {
    const customer = (await post('/v1/customers', ana)).body.id as string
    const method = await post(`/v1/customers/${customer}/payment_methods`, { type: 'card', token: 'sim_approved' })
    t.match(method, { status: 201, body: { status: 'active', last4: '5480' } }, method.text)
    t.match(await post('/v1/payments', { amount: 12_300, currency: 'MXN', customer, method: { type: 'card', payment_method: method.body.id }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
    const plan = (await post('/v1/plans', { name: 'Gimnasio', amount: 49_990, currency: 'MXN', interval: 'month' })).body.id as string
    const made = await post('/v1/subscriptions', { customer, plan, payment_method: method.body.id, quantity: 2 })
    t.match(made, { status: 201, body: { status: 'active' } }, made.text)
    const cycle = await eventually('its first period is paid by a payment of ours', async () => {
      const { data } = await read(`/v1/subscriptions/${made.body.id}/cycles`)
      return data[0]?.payment !== null && data[0]?.status === 'paid' && data[0]
    }, { withinMs: 30_000 })
    t.match(await read(`/v1/payments/${cycle.payment}`), { status: 'succeeded', amount_captured: 99_980, origin: { type: 'subscription', id: made.body.id } })
    simulator.advance(keysOf.get(simulator)!.private_merchant_id!, new Date(Date.now() + 33 * 86_400_000))
    await eventually('the second period is paid, by its notification', async () => {
      const { data } = await read(`/v1/subscriptions/${made.body.id}/cycles`)
      return data.length === 2 && data.every(({ status, payment }: { status: string, payment: string | null }) => status === 'paid' && payment !== null)
    }, { withinMs: 30_000 })
    t.match(await post(`/v1/subscriptions/${made.body.id}/cancel`, {}), { status: 200, body: { status: 'canceled' } })
    t.equal(under(made.body.id).length, 1)
  })

  t.test('what no notification told is found by the audit, and its movements are read', async t => {
    simulator.deliver({ how: 'hold' })
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    const { private_merchant_id: privateId } = keysOf.get(simulator)!
    const body = JSON.stringify({ ticketNumber: held.body.provider_reference, amount: { subtotalIva: 0, subtotalIva0: 199.9, iva: 0, ice: 0, currency: 'MXN' }, fullResponse: 'v2' })
    t.equal((await fetch(`${simulator.url}/card/v1/capture`, { method: 'POST', headers: { 'private-merchant-id': privateId! }, body })).status, 201, 'somebody captures it in the console')
    const audit = await post(`/v1/connections/${connection}/audit`, {})
    t.match(audit, { status: 201, body: { status: 'completed', foreign: 0 } }, audit.text)
    t.match(audit.body.missed_payments, [{ payment: held.body.id, was: 'authorized', status: 'succeeded' }])
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'succeeded', amount_captured: 19_990 })
    t.match(await post(`/v1/connections/${connection}/read_transactions`, {}), { status: 200, body: { complete: true } })
    const movements = (await read(`/v1/balance_transactions?connection=${connection}&limit=100`)).data as { type: string, payment: string | null, amount: number }[]
    t.match(movements.filter(({ payment }) => payment === held.body.id), [{ type: 'payment', amount: 19_990 }])
    t.ok(movements.some(({ type, amount }) => type === 'refund' && amount < 0))
    simulator.deliver({ how: 'release' })
    await simulator.settled()
    await app.quiet()
  })

  t.test('what Kushki did not sign changes nothing, the simple signature least of all', async t => {
    const held = await post('/v1/payments', order({ capture: 'manual' }))
    await simulator.settled()
    const hook = (await tenant.client('GET', '/v1/connections')).body.data[0].webhook_url as string
    const { headers } = simulator.signedWebhook({ secret: keysOf.get(simulator)!.webhook_secret!, now: new Date() })
    const forged = JSON.stringify({ ticket_number: held.body.provider_reference, transaction_type: 'SALE', transaction_status: 'APPROVAL', currency_code: 'MXN', request_amount: 199.9, approved_transaction_amount: 199.9 })
    const attempts: Record<string, string>[] = [{}, headers, { 'x-kushki-id': headers['x-kushki-id']!, 'x-kushki-simplesignature': headers['x-kushki-simplesignature']! }, { ...headers, 'x-kushki-signature': headers['x-kushki-simplesignature']! }]
    for (const sent of attempts) t.equal((await fetch(hook, { method: 'POST', body: forged, headers: sent })).status >= 400, true)
    await app.quiet()
    t.match(await read(`/v1/payments/${held.body.id}`), { status: 'authorized', amount_captured: 0 })
  })

  t.test('cash and transfers are not offered: the operator did not ask for what is experimental', async t => {
    const provider = (await read('/v1/providers')).data.find(({ id }: { id: string }) => id === 'kushki')
    t.same(provider.methods.map(({ type }: { type: string }) => type), ['card'])
    for (const type of ['cash', 'spei']) t.match(await post('/v1/payments', order({ method: { type } })), { status: 422, body: { code: 'method_not_supported' } })
  })
}, (simulator, credentials, url) => {
  keysOf.set(simulator, credentials)
  simulator.sendEventsTo(credentials.public_merchant_id!, url)
})

// With what is experimental.
section('kushki', () => startKushkiSimulator({ seed: 7 }), async (t, { simulator, post, read, known }) => {
  const payer = { ...ana, tax_id: 'PEPA800101AB1' }
  const order = (type: string, currency: string, details: object = {}) => ({ amount: 500_000, currency, customer: payer, method: { type, details }, return_url: 'https://shop.example/back' })
  const waits = [['cash', 'COP', {}, { type: 'voucher', reference: /^\d+$/ }], ['pse', 'COP', { bank: '1007' }, { type: 'redirect', url: /\/bank\// }], ['spei', 'MXN', {}, { type: 'bank_transfer', clabe: '646180132800000009' }]] as const

  for (const [type, currency, details, shape] of waits) {
    t.test(`${type} says that it is experimental; what the payer needs is told, and the notification says that it was paid`, async t => {
      const provider = (await read('/v1/providers')).data.find(({ id }: { id: string }) => id === 'kushki')
      t.match(provider.methods.find((method: { type: string }) => method.type === type), { experimental: true })
      const waiting = await post('/v1/payments', order(type, currency, details))
      t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: shape, amount_captured: 0 } }, waiting.text)
      simulator.settle(waiting.body.provider_reference)
      t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 500_000, method: { type } })
    })
  }

  t.test('cash that nobody paid expires by its notification', async t => {
    const waiting = await post('/v1/payments', order('cash', 'COP'))
    simulator.settle(waiting.body.provider_reference, 'expiredTransaction')
    t.match(await known(waiting.body.id, 'expired'), { amount_captured: 0 })
  })
}, (simulator, credentials, url) => { simulator.sendEventsTo(credentials.public_merchant_id!, url) }, { env: { PASARELA_EXPERIMENTAL: '1' } })

section('wompi', () => startWompiSimulator({ seed: 7 }), async (t, shop) => {
  const { app, simulator, tenant, connection, post, read, known } = shop
  const payer = { ...ana, phone: '3991111111', tax_id: '1099888777' }
  const token = (name = 'approved') => ({ type: 'card', token: `tok_test_sim_${name}` })
  const order = (more: object = {}) => ({ amount: 4_990_000, currency: 'COP', customer: payer, method: token(), return_url: 'https://shop.example/back', ...more })
  const under = (reference: string) => (simulator as WompiSimulator).transactions().filter(transaction => transaction.reference.startsWith(reference))

  t.test('its API registers no webhook: the steps are told', async t => {
    const told = await post(`/v1/connections/${connection}/webhook`, {})
    t.match([told.status, JSON.stringify(told.body)], [/^4/, /URL de eventos|Events URL/])
  })

  t.test('a card pays, the same key is one transaction, and its event makes the hub ask', async t => {
    const paid = await post('/v1/payments', order({ installments: 3 }), 'wompi-1')
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 4_990_000, provider: 'wompi', method: { type: 'card', brand: 'visa', last4: '4242' } } }, paid.text)
    t.match(await post('/v1/payments', order({ installments: 3 }), 'wompi-1'), { status: 201, body: { id: paid.body.id } })
    t.match(under(paid.body.id), [{ amount_in_cents: 4_990_000, payment_method: { installments: 3 } }])
    await simulator.settled()
    await heard(read, 'transaction.updated')
  })

  t.test('a declined card does not close the sale: another one pays it, by a transaction of its own', async t => {
    const declined = await post('/v1/payments', order({ method: token('funds') }))
    t.match(declined, { body: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } })
    const paid = await post(`/v1/payments/${declined.body.id}/confirm`, { method: token() })
    t.match(paid, { status: 200, body: { status: 'succeeded' } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${declined.body.id}`), { status: 'succeeded', amount_captured: 4_990_000, review: null })
    t.same(under(declined.body.id).map(({ status }) => status), ['DECLINED', 'APPROVED'])
  })

  const waits = [
    [{ type: 'pse', details: { bank: '1' } }, { type: 'redirect', url: /\/pages\// }], [{ type: 'nequi' }, { type: 'wallet_push' }], [{ type: 'bancolombia_transfer' }, { type: 'redirect' }], [{ type: 'bancolombia_qr' }, { type: 'qr', image: /^data:image/ }],
    [{ type: 'cash' }, { type: 'voucher', reference: /^12345-\d+$/ }]
  ] as const
  for (const [method, shape] of waits) {
    t.test(`${method.type}: what the payer needs is told, and the event says that it was paid`, async t => {
      const waiting = await post('/v1/payments', order({ method }))
      t.match(waiting, { status: 201, body: { status: 'requires_action', next_action: shape, amount_captured: 0 } }, waiting.text)
      simulator.settle(waiting.body.provider_reference)
      t.match(await known(waiting.body.id, 'succeeded'), { amount_captured: 4_990_000, method: { type: method.type } })
    })
  }

  t.test('cash that nobody paid expires by its event', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'cash' } }))
    simulator.settle(waiting.body.provider_reference, { status: 'DECLINED', message: 'La intención de pago expiró' })
    t.match(await known(waiting.body.id, 'expired'), { amount_captured: 0 })
  })

  t.test('a void is the only refund: whole, and not of PSE', async t => {
    const paid = await post('/v1/payments', order())
    t.match(await post(`/v1/payments/${paid.body.id}/refunds`, { amount: 1_000_000 }), { body: { status: 'failed', error: { code: 'unsupported' } } })
    t.match(await post(`/v1/payments/${paid.body.id}/refunds`, {}), { status: 201, body: { status: 'succeeded', amount: 4_990_000 } })
    await simulator.settled()
    await app.quiet()
    t.match(await read(`/v1/payments/${paid.body.id}`), { status: 'succeeded', amount_refunded: 4_990_000, review: null })
    t.equal(simulator.effects(paid.body.id).refunds, 1)
  })

  lostCharges(t, shop, { path: '/transactions', order, key: 'wompi', also: (t, id) => { t.equal(under(id).length, 1) } })

  t.test('a page and a link make payments of ours', async t => {
    const page = await post('/v1/checkout_sessions', { amount: 2_500_000, currency: 'COP', customer: payer, success_url: 'https://shop.example/ok' })
    t.match(page, { status: 201, body: { status: 'open', url: /signature:integrity=/ } }, page.text)
    simulator.payPage(page.body.url, 'declined')
    simulator.payPage(page.body.url)
    const done = await eventually('the page is complete', async () => {
      const found = await read(`/v1/checkout_sessions/${page.body.id}`)
      return found.status === 'complete' && found.payment !== null && found
    }, { withinMs: 30_000 })
    t.match(await known(done.payment, 'succeeded'), { amount_captured: 2_500_000, origin: { id: page.body.id } })
    const link = await post('/v1/payment_links', { amount: 500_000, currency: 'COP', description: 'Donativo' })
    t.match(link, { status: 201, body: { status: 'open', url: /\/l\// } })
    simulator.payPage(link.body.url)
    await eventually('the link has a payment', async () => (await read('/v1/payments?limit=20')).data.some((payment: any) => payment.origin?.id === link.body.id && payment.status === 'succeeded'), { withinMs: 30_000 })
  })

  t.test('a saved card pays while the payer is away', async t => {
    const customer = (await post('/v1/customers', payer)).body.id as string
    const method = await post(`/v1/customers/${customer}/payment_methods`, { type: 'card', token: 'tok_test_sim_approved' })
    t.match(method, { status: 201, body: { status: 'active', last4: '4242' } })
    t.match(await post('/v1/payments', { amount: 1_230_000, currency: 'COP', customer, method: { type: 'card', payment_method: method.body.id }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
  })

  t.test('an event that says more than is true only makes the hub ask, and one without its checksum not even that', async t => {
    const waiting = await post('/v1/payments', order({ method: { type: 'cash' } }))
    await simulator.settled()
    const hook = (await tenant.client('GET', '/v1/connections')).body.data[0].webhook_url as string
    const { headers, body } = simulator.signedWebhook({ secret: keysOf.get(simulator)!.events_secret!, now: new Date() })
    const told = JSON.parse(Buffer.from(body).toString())
    t.match(told, { data: { transaction: { id: waiting.body.provider_reference, status: 'PENDING' } } })
    const lie = (change: object, signature = told.signature) => JSON.stringify({ ...told, signature, data: { transaction: { ...told.data.transaction, ...change } } })
    const asked = simulator.requests().length
    t.equal((await fetch(hook, { method: 'POST', body: lie({ finalized_at: '2026-11-21T00:00:00Z', payment_method: {}, reference: 'another' }), headers })).status, 200, 'what is not signed')
    for (const [sent, with_] of [[lie({ status: 'APPROVED' }), headers], [lie({ amount_in_cents: 1 }), headers], [lie({ status: 'APPROVED' }, { ...told.signature, properties: ['transaction.id'] }), headers], [Buffer.from(body).toString(), {}]] as const) {
      t.equal((await fetch(hook, { method: 'POST', body: sent, headers: with_ as Record<string, string> })).status >= 400, true)
    }
    await app.quiet()
    t.ok(simulator.requests().slice(asked).every(({ method }) => method === 'GET'))
    t.match(await read(`/v1/payments/${waiting.body.id}`), { status: 'requires_action', amount_captured: 0 })
  })
}, (simulator, credentials, url) => {
  keysOf.set(simulator, credentials)
  simulator.sendEventsTo(credentials.public_key!, url)
}, { settings: { poll_ms: 0 } })
