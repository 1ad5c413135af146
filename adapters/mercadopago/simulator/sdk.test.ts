/** Mercado Pago's own library as an independent client of its twin: who wrote it knows nothing of us. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CardToken, Customer, MercadoPagoConfig, MPAuthenticationError, MPBadRequestError, MPIdempotencyError, MPNotFoundError, Payment, PaymentRefund, PreApproval, PreApprovalPlan, Preference, User, WebhookSignatureValidator } from 'mercadopago'
import { AppConfig } from 'mercadopago/dist/utils/config/index.js'
import t from 'tap'
import { type MercadoPagoSimulator, startMercadoPagoSimulator } from '../simulator.ts'

type Test = { teardown: (end: () => unknown) => void }

/** The library has no option for where it calls: its constant is lent. */
async function library (t: Test, site?: string): Promise<{ simulator: MercadoPagoSimulator, config: MercadoPagoConfig, accessToken: string }> {
  const simulator = await startMercadoPagoSimulator({ seed: 7, ...(site !== undefined && { site }) })
  const constants = AppConfig as { BASE_URL: string }
  const before = constants.BASE_URL
  constants.BASE_URL = simulator.url
  t.teardown(async () => {
    constants.BASE_URL = before
    await simulator.close()
  })
  const { access_token: accessToken } = simulator.credentials('test') as { access_token: string }
  return { simulator, accessToken, config: new MercadoPagoConfig({ accessToken, options: { timeout: 5000, maxRetries: 0 } }) }
}

const asked = (more: object = {}) => ({ transaction_amount: 100.5, token: 'sim-token-visa-APRO', installments: 1, payment_method_id: 'visa', payer: { email: 'ana@shop.example' }, external_reference: 'A-1', ...more })

t.test('a card pays, is held and captured, canceled, and given back', async t => {
  const { simulator, config } = await library(t)
  const [payments, refunds] = [new Payment(config), new PaymentRefund(config)]
  const paid = await payments.create({ body: asked() })
  t.match(paid, { status: 'approved', status_detail: 'accredited', live_mode: false, currency_id: 'MXN', api_response: { status: 201 } })
  t.match(await payments.get({ id: paid.id! }), { id: paid.id!, external_reference: 'A-1' })
  t.match(await payments.create({ body: asked({ token: 'sim-token-visa-FUND' }) }), { status: 'rejected', status_detail: 'cc_rejected_insufficient_amount' }, 'a decline is 201')
  const held = await payments.create({ body: asked({ capture: false, external_reference: 'A-2' }) })
  t.equal(held.status, 'authorized')
  t.match(await payments.capture({ id: held.id!, transaction_amount: 60 }), { status: 'approved', captured: true, transaction_amount: 60 })
  const released = await payments.create({ body: asked({ capture: false }) })
  t.match(await payments.cancel({ id: released.id! }), { status: 'cancelled' })
  t.match(await refunds.create({ payment_id: paid.id!, body: { amount: 40.5 } }), { amount: 40.5, status: 'approved' })
  t.match(await refunds.total({ payment_id: paid.id! }), { amount: 60 })
  t.equal((await refunds.list({ payment_id: paid.id! })).length, 2)
  t.match(await payments.search({ options: { external_reference: 'A-2', sort: 'date_created', criteria: 'desc' } }), { paging: { total: 1 }, results: [{ id: held.id! }] })
  t.equal(simulator.effects('A-2').captures, 1)
})

t.test('what the payer needs in cash, in Colombia, and in Brazil', async t => {
  const mexico = await library(t)
  const oxxo = await new Payment(mexico.config).create({ body: { transaction_amount: 100, payment_method_id: 'oxxo', payer: { email: 'ana@shop.example' } } })
  t.match(oxxo, { status: 'pending', status_detail: 'pending_waiting_payment', transaction_details: { external_resource_url: /\/ticket\// } })
  mexico.simulator.pay(String(oxxo.id))
  t.equal((await new Payment(mexico.config).get({ id: oxxo.id! })).status, 'approved')
  const colombia = await library(t, 'MCO')
  const pse = { transaction_amount: 5000, payment_method_id: 'pse', callback_url: 'https://shop.example/back', additional_info: { ip_address: '190.0.0.1' }, transaction_details: { financial_institution: '1007' }, payer: { email: 'ana@shop.example', entity_type: 'individual', identification: { type: 'CC', number: '1020304050' } } }
  t.match(await new Payment(colombia.config).create({ body: pse }), { status: 'pending', currency_id: 'COP', transaction_details: { external_resource_url: /\/bank\// } })
  const brazil = await library(t, 'MLB')
  t.match(await new Payment(brazil.config).create({ body: { transaction_amount: 10, payment_method_id: 'pix', payer: { email: 'ana@shop.example' } } }), { point_of_interaction: { transaction_data: { qr_code: /^000201/, qr_code_base64: String } } })
})

t.test('the library’s own key makes one payment of two, and another body under it a conflict', async t => {
  const { simulator, config } = await library(t)
  const payments = new Payment(config)
  const requestOptions = { idempotencyKey: '2066ca19-c6f1-498a-be75-1923005edd06' }
  const [one, other] = [await payments.create({ body: asked(), requestOptions }), await payments.create({ body: asked(), requestOptions })]
  t.equal(one.id, other.id)
  t.equal(simulator.effects('A-1').charges, 1)
  await t.rejects(payments.create({ body: asked({ transaction_amount: 1 }), requestOptions }), MPIdempotencyError)
})

t.test('a refusal is the library’s own error', async t => {
  const { simulator, config } = await library(t)
  await t.rejects(new Payment(config).get({ id: 1 }), MPNotFoundError)
  await t.rejects(new Payment(config).create({ body: asked({ token: 'nobody' }) }), MPBadRequestError)
  await t.rejects(new Payment(config).create({ body: asked({ installments: 0 }) }), MPBadRequestError)
  const wrong = new MercadoPagoConfig({ accessToken: simulator.wrongCredentials('test').access_token!, options: { maxRetries: 0 } })
  await t.rejects(new User(wrong).get(), MPAuthenticationError)
  t.match(await new User(config).get(), { id: Number, site_id: 'MLM' })
})

t.test('a customer keeps a card, which pays by a token made of it', async t => {
  const { config } = await library(t)
  const customers = new Customer(config)
  const ana = await customers.create({ body: { email: 'ana@shop.example', first_name: 'Ana' } })
  const card = await customers.createCard({ customerId: ana.id!, body: { token: 'sim-token-visa-APRO' } })
  t.match(await customers.listCards({ customerId: ana.id! }), [{ id: card.id!, last_four_digits: '1111' }])
  const token = await new CardToken(config).create({ body: { card_id: card.id!, customer_id: ana.id! } as never })
  t.match(await new Payment(config).create({ body: asked({ token: token.id!, payer: { type: 'customer', id: ana.id! } }) }), { status: 'approved' })
  t.match(await customers.search({ options: { email: 'ana@shop.example' } }), { results: [{ id: ana.id! }] })
  await customers.update({ customerId: ana.id!, body: { last_name: 'Pérez' } })
  await customers.removeCard({ customerId: ana.id!, cardId: card.id! })
  t.match(await customers.get({ customerId: ana.id! }), { last_name: 'Pérez', cards: [] })
})

t.test('a page, a plan and a subscription', async t => {
  const { config } = await library(t)
  const preference = await new Preference(config).create({ body: { items: [{ id: '1', title: 'Mesa', quantity: 1, unit_price: 100.5 }], external_reference: 'chk_1', back_urls: { success: 'https://shop.example/ok' }, auto_return: 'approved' } })
  t.match(preference, { init_point: /pref_id=/, sandbox_init_point: /sandbox/ })
  t.match(await new Preference(config).get({ preferenceId: preference.id! }), { external_reference: 'chk_1' })
  const recurring = { frequency: 1, frequency_type: 'months', transaction_amount: 499.9, currency_id: 'MXN' }
  const plan = await new PreApprovalPlan(config).create({ body: { reason: 'Gimnasio', auto_recurring: recurring, back_url: 'https://shop.example/ok' } as never })
  t.match(await new PreApprovalPlan(config).get({ preApprovalPlanId: plan.id! }), { reason: 'Gimnasio' })
  const ana = await new Customer(config).create({ body: { email: 'ana@shop.example' } })
  const card = await new Customer(config).createCard({ customerId: ana.id!, body: { token: 'sim-token-visa-APRO' } })
  const token = await new CardToken(config).create({ body: { card_id: card.id!, customer_id: ana.id! } as never })
  const subscription = await new PreApproval(config).create({ body: { reason: 'Gimnasio', external_reference: 'sub_1', payer_email: 'ana@shop.example', card_token_id: token.id!, auto_recurring: recurring, back_url: 'https://shop.example/ok', status: 'authorized' } as never })
  t.equal(subscription.status, 'authorized')
  t.match(await new PreApproval(config).update({ id: subscription.id!, body: { status: 'cancelled' } as never }), { status: 'cancelled' })
})

t.test('its validator accepts what the twin signs, and nothing else', async t => {
  const { simulator, config, accessToken } = await library(t)
  const heard: { url: URL, headers: Record<string, string> }[] = []
  const server = createServer((request, response) => {
    heard.push({ url: new URL(request.url!, 'http://hub'), headers: request.headers as Record<string, string> })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise(resolve => { server.close(resolve); server.closeAllConnections() }))
  simulator.notify(accessToken, `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`)
  await new Payment(config).create({ body: asked() })
  await simulator.settled()
  const [{ url, headers }] = heard as [typeof heard[0]]
  const delivery = { xSignature: headers['x-signature']!, xRequestId: headers['x-request-id']!, dataId: url.searchParams.get('data.id')!, secret: simulator.secret(accessToken) }
  t.doesNotThrow(() => WebhookSignatureValidator.validate(delivery))
  for (const more of [{ dataId: '1' }, { xRequestId: 'another' }, { secret: 'another' }, { xSignature: undefined }]) t.throws(() => WebhookSignatureValidator.validate({ ...delivery, ...more }))
})
