/** Conekta's own library as an independent client of its twin: who wrote it knows nothing of us. */
import { PaymentLinkApi, Configuration, CustomersApi, OrdersApi, PaymentMethodsApi, PlansApi, SubscriptionsApi, TokensApi, TransactionsApi, WebhookKeysApi, WebhooksApi } from 'conekta'
import t from 'tap'
import { type ConektaSimulator, startConektaSimulator } from '../simulator.ts'

type Api<T> = new (configuration: Configuration) => T

async function library (t: { teardown: (end: () => unknown) => void }): Promise<{ simulator: ConektaSimulator, api: <T>(of: Api<T>) => T }> {
  const simulator = await startConektaSimulator({ seed: 7 })
  t.teardown(() => simulator.close())
  const configuration = new Configuration({ basePath: simulator.url, accessToken: simulator.credentials('test').private_key! })
  return { simulator, api: Of => new Of(configuration) }
}

const order = (method: object | undefined, more: object = {}): any => ({
  currency: 'MXN', customer_info: { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }, line_items: [{ name: 'Mesa', unit_price: 109_900, quantity: 1 }],
  metadata: { reference: 'A-1' }, ...(method !== undefined && { charges: [{ payment_method: method }] }), ...more
})
const visa = { type: 'card', token_id: 'tok_test_visa_4242' }
/** An error of the library's holds sockets: what was answered is enough. */
const told = async (promise: Promise<{ data: unknown }>): Promise<any> => (await promise.catch((error: { message: string, response?: { data: unknown } }) => { throw new Error(`${error.message} ${JSON.stringify(error.response?.data)}`) })).data
const refused = async (promise: Promise<unknown>): Promise<any> => await promise.then(() => ({ status: 200 }), (error: { response?: { status: number, data: unknown } }) => ({ status: error.response?.status, ...error.response?.data as object }))

t.test('a token that the browser made pays an order, which is given back in parts', async t => {
  const { simulator, api } = await library(t)
  const token = await told(api(TokensApi).createToken({ card: { number: '4242424242424242', cvc: '123', exp_month: '12', exp_year: '31', name: 'Ana' } } as never))
  const paid = await told(api(OrdersApi).createOrder(order({ type: 'card', token_id: token.id, monthly_installments: 3 })))
  t.match(paid, { object: 'order', payment_status: 'paid', amount: 109_900, livemode: false, charges: { data: [{ status: 'paid', payment_method: { last4: '4242' } }] } })
  t.match(await told(api(OrdersApi).orderRefund(paid.id, { amount: 50_000, reason: 'requested_by_client' })), { payment_status: 'partially_refunded', amount_refunded: 50_000 })
  t.match(await told(api(OrdersApi).getOrderById(paid.id)), { amount_refunded: 50_000 })
  t.match(await told(api(OrdersApi).getOrders('es', undefined, 20, paid.id)), { object: 'list', data: [{ id: paid.id }] })
  t.equal(simulator.effects('A-1').refunds, 1)
})

t.test('402 carries the order that it left behind', async t => {
  const { api } = await library(t)
  t.match(await refused(api(OrdersApi).createOrder(order({ type: 'card', token_id: 'tok_test_insufficient_funds' }))), { status: 402, object: 'error', type: 'processing_error', data: { object: 'order', payment_status: 'declined' } })
  t.match(await refused(api(OrdersApi).createOrder(order({ type: 'card', token_id: 'tok_test_visa_4242' }, { currency: 'COP' }))), { status: 422, type: 'parameter_validation_error' })
  t.match(await refused(api(OrdersApi).getOrderById('ord_none')), { status: 404 })
  const stranger = new OrdersApi(new Configuration({ basePath: (await library(t)).simulator.url, accessToken: 'key_wrong' }))
  t.match(await refused(stranger.getOrders()), { status: 401 })
})

t.test('what is held is captured or let go', async t => {
  const { api } = await library(t)
  const held = await told(api(OrdersApi).createOrder(order(visa, { pre_authorize: true })))
  t.equal(held.payment_status, 'pre_authorized')
  t.match(await told(api(OrdersApi).ordersCreateCapture(held.id, 'es', undefined, { amount: 50_000 })), { payment_status: 'paid' })
  const other = await told(api(OrdersApi).createOrder(order(visa, { pre_authorize: true })))
  t.match(await told(api(OrdersApi).cancelOrder(other.id)), { payment_status: /canceled|voided/ })
})

t.test('cash and transfers say how they are paid', async t => {
  const { simulator, api } = await library(t)
  const cash = await told(api(OrdersApi).createOrder(order({ type: 'cash', expires_at: Math.floor(Date.now() / 1000) + 86_400 })))
  t.match(cash, { payment_status: 'pending_payment', charges: { data: [{ payment_method: { reference: /^\d+$/, barcode_url: String } }] } })
  const spei = await told(api(OrdersApi).createOrder(order({ type: 'spei' })))
  t.match(spei, { charges: { data: [{ payment_method: { clabe: /^(646|734)\d{15}$/ } }] } })
  simulator.pay(spei.id)
  t.match(await told(api(OrdersApi).getOrderById(spei.id)), { payment_status: 'paid' })
})

t.test('a customer’s card is kept, and pays a subscription', async t => {
  const { api } = await library(t)
  const ana = await told(api(CustomersApi).createCustomer({ name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' } as never))
  const source = await told(api(PaymentMethodsApi).createCustomerPaymentMethods(ana.id, { type: 'card', token_id: 'tok_test_visa_4242' } as never))
  t.match(await told(api(CustomersApi).getCustomerById(ana.id)), { id: ana.id, payment_sources: { data: [{ id: source.id }] } })
  t.match(await told(api(OrdersApi).createOrder(order({ type: 'card', payment_source_id: source.id }, { customer_info: { customer_id: ana.id } }))), { payment_status: 'paid' })
  const plan = await told(api(PlansApi).createPlan({ name: 'Gimnasio', amount: 49_900, currency: 'MXN', interval: 'month', frequency: 1 } as never))
  t.match(await told(api(SubscriptionsApi).subscriptionCreate(ana.id, { plan_id: plan.id, card_id: source.id } as never)), { object: 'subscription', status: /active|in_trial/ })
})

t.test('a page, the books, and where events go', async t => {
  const { api } = await library(t)
  t.match(await told(api(PaymentLinkApi).createCheckout({ name: 'Donativo', type: 'PaymentLink', recurrent: false, expires_at: Math.floor(Date.now() / 1000) + 86_400, allowed_payment_methods: ['card'], order_template: { currency: 'MXN', line_items: order(undefined).line_items } } as never)), { url: String, status: 'Issued' })
  await told(api(OrdersApi).createOrder(order(visa)))
  t.match(await told(api(TransactionsApi).getTransactions()), { object: 'list', data: [{ amount: 109_900, fee: Number, net: Number, type: 'capture' }] })
  t.match(await told(api(WebhookKeysApi).createWebhookKey('es', { active: true })), { public_key: /BEGIN PUBLIC KEY/ })
  t.match(await told(api(WebhooksApi).createWebhook({ url: 'https://hub.example/hook' } as never)), { url: 'https://hub.example/hook' })
})
