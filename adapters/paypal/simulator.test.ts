/** What PayPal's twin refuses, keeps and delivers: by its wire alone, without the adapter. */
import { verify, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { type PaypalSimulator, startPaypalSimulator } from './simulator.ts'

interface Answer { status: number, body: any, headers: Headers }
type Ask = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>

async function lend (simulator: PaypalSimulator, { client_id: id, client_secret: secret } = simulator.credentials('test'), grant = 'grant_type=client_credentials'): Promise<Answer> {
  const answer = await fetch(`${simulator.url}/v1/oauth2/token`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${id!}:${secret!}`).toString('base64')}` }, body: grant })
  return { status: answer.status, body: await answer.json(), headers: answer.headers }
}

function asker (simulator: PaypalSimulator, token: string): Ask {
  let keys = 0
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(simulator.url + path, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'paypal-request-id': `k${++keys}`, ...headers }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers }
  }
}

async function started (t: { teardown: (end: () => unknown) => void }, options: Parameters<typeof startPaypalSimulator>[0] = {}): Promise<{ simulator: PaypalSimulator, ask: Ask }> {
  const simulator = await startPaypalSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return { simulator, ask: asker(simulator, (await lend(simulator)).body.access_token) }
}

const amount = { currency_code: 'MXN', value: '1099.00' }
const order = (unit: object = {}, more: object = {}) => ({ intent: 'CAPTURE', purchase_units: [{ custom_id: 'A-1', amount, ...unit }], payment_source: { card: { vault_id: 'vault-visa' } }, ...more })
const wallet = { payment_source: { paypal: { experience_context: { return_url: 'https://shop.example/back' } } } }
const issue = ({ body }: Answer): string | undefined => body.details?.[0]?.issue

t.test('a token is lent for the right pair only, and is asked for everywhere', async t => {
  const { simulator, ask } = await started(t)
  t.match(await lend(simulator, simulator.wrongCredentials('test') as { client_id: string, client_secret: string }), { status: 401, body: { error: 'invalid_client' } }, 'in an envelope of its own')
  t.match(await lend(simulator, undefined, 'grant_type=password'), { status: 400, body: { error: 'unsupported_grant_type' } })
  t.match((await lend(simulator)).body, { token_type: 'Bearer', expires_in: 32_400, access_token: /^A21AA/ })
  t.match(await ask('GET', '/v2/checkout/orders/5O190127TN364715T', undefined, { authorization: 'Bearer A21AAnobody' }), { status: 401, body: { name: 'AUTHENTICATION_FAILURE', debug_id: String } })
  const other = asker(simulator, (await lend(simulator)).body.access_token)
  const { body: mine } = await ask('POST', '/v2/checkout/orders', order())
  t.match(await other('GET', `/v2/checkout/orders/${String(mine.id)}`), { status: 404, body: { name: 'RESOURCE_NOT_FOUND' } }, 'another account does not see it')
  simulator.forgetTokens()
  t.match(await ask('GET', `/v2/checkout/orders/${String(mine.id)}`), { status: 401 })
})

t.test('what an order is refused for, and how', async t => {
  const { simulator, ask } = await started(t)
  const cases: [string, object, number, string][] = [
    ['an intent that there is not', { ...order(), intent: 'BOGUS' }, 400, 'INVALID_PARAMETER_VALUE'],
    ['no unit', { ...order(), purchase_units: [] }, 400, 'INVALID_ARRAY_MIN_ITEMS'],
    ['an amount as a number', order({ amount: { ...amount, value: 1099 } }), 400, 'INVALID_PARAMETER_SYNTAX'],
    ['three decimals', order({ amount: { ...amount, value: '1.005' } }), 422, 'DECIMAL_PRECISION'],
    ['decimals of the yen', order({ amount: { currency_code: 'JPY', value: '1.5' } }), 422, 'DECIMALS_NOT_SUPPORTED'],
    ['pesos of Colombia', order({ amount: { currency_code: 'COP', value: '1000' } }), 422, 'INVALID_CURRENCY_CODE'],
    ['nothing', order({ amount: { ...amount, value: '0.00' } }), 422, 'CANNOT_BE_ZERO_OR_NEGATIVE'],
    ['items that do not add up', order({ items: [{ name: 'Mesa', quantity: '2', unit_amount: amount }], amount: { ...amount, breakdown: { item_total: amount } } }), 422, 'ITEM_TOTAL_MISMATCH'],
    ['a descriptor that is too long', order({ soft_descriptor: 'x'.repeat(23) }), 400, 'INVALID_STRING_MAX_LENGTH'],
    ['a kept card of nobody', order({}, { payment_source: { card: { vault_id: 'nobody' } } }), 422, 'TOKEN_ID_NOT_FOUND'],
    ['a card that is refused at once', order({}, { payment_source: { card: { vault_id: 'vault-refused' } } }), 422, 'INSTRUMENT_DECLINED']
  ]
  for (const [what, body, status, wanted] of cases) {
    const answer = await ask('POST', '/v2/checkout/orders', body)
    t.same([answer.status, issue(answer)], [status, wanted], what)
  }
  t.match(await fetch(`${simulator.url}/v2/checkout/orders`, { method: 'POST', headers: { authorization: `Bearer ${(await lend(simulator)).body.access_token as string}`, 'content-type': 'application/json' }, body: JSON.stringify(order()) }).then(async answer => await answer.json()), { details: [{ issue: 'PAYPAL_REQUEST_ID_REQUIRED' }] })
  t.match(await ask('POST', '/v2/checkout/orders', undefined, { 'content-type': 'application/json' }), { status: 400 })
  t.equal(simulator.orders().length, 0, 'nothing was made')
})

t.test('a key that comes again is answered with what was answered; an invoice number is good for one capture', async t => {
  const { simulator, ask } = await started(t)
  const key = { 'paypal-request-id': 'once' }
  const first = await ask('POST', '/v2/checkout/orders', order({ invoice_id: 'I-1' }), key)
  t.match(first, { status: 201, body: { status: 'COMPLETED', purchase_units: [{ payments: { captures: [{ status: 'COMPLETED', seller_receivable_breakdown: { gross_amount: amount, paypal_fee: { value: '37.37' }, net_amount: { value: '1061.63' } } }] } }] } })
  t.match(await ask('POST', '/v2/checkout/orders', order({ invoice_id: 'I-1' }), key), { status: 200, body: { id: first.body.id } })
  t.equal(issue(await ask('POST', '/v2/checkout/orders', order({ invoice_id: 'I-1' }))), 'DUPLICATE_INVOICE_ID')
  t.equal(simulator.effects('A-1').charges, 1)
})

t.test('approved is not paid: an order is captured after its payer agreed, once, and by its own intent', async t => {
  const { simulator, ask } = await started(t)
  const { body: made } = await ask('POST', '/v2/checkout/orders', order({}, wallet))
  t.match(made, { status: 'PAYER_ACTION_REQUIRED', links: [{ rel: 'self' }, { rel: 'payer-action', href: /checkoutnow\?token=/ }] })
  const path = `/v2/checkout/orders/${String(made.id)}`
  t.equal(issue(await ask('POST', `${path}/capture`, {})), 'ORDER_NOT_APPROVED')
  const page = made.links[1].href as string
  t.match(await fetch(page).then(async answer => await answer.text()), /<form method="post">/)
  t.match(await fetch(page, { method: 'POST', redirect: 'manual' }).then(({ status, headers }) => [status, headers.get('location')]), [303, 'https://shop.example/back'])
  t.match(await ask('GET', path), { status: 200, body: { status: 'APPROVED' } })
  t.equal(simulator.effects('A-1').charges, 0)
  t.equal(issue(await ask('POST', `${path}/authorize`, {})), 'ACTION_DOES_NOT_MATCH_INTENT')
  t.match(await ask('POST', `${path}/capture`, {}), { status: 201, body: { status: 'COMPLETED' } })
  t.equal(issue(await ask('POST', `${path}/capture`, {})), 'ORDER_ALREADY_CAPTURED')
  t.equal(simulator.effects('A-1').charges, 1)
  t.equal((await fetch(page, { method: 'POST' })).status, 410, 'what is paid is not paid again')
})

t.test('who was refused is sent back, and three hours later the order is gone', async t => {
  let ahead = 0
  const { simulator, ask } = await started(t, { now: () => new Date(Date.now() + ahead) })
  const { body: made } = await ask('POST', '/v2/checkout/orders', order({}, wallet))
  const path = `/v2/checkout/orders/${String(made.id)}`
  simulator.approve(made.id, 'refused')
  t.match(await ask('POST', `${path}/capture`, {}), { status: 422, body: { details: [{ issue: 'INSTRUMENT_DECLINED' }], links: [{ rel: 'redirect', href: /checkoutnow/ }] } })
  ahead = 3 * 3_600_000 + 60_000
  t.equal((await ask('GET', path)).status, 404)
  t.equal((await ask('POST', `${path}/capture`, {})).status, 404)
})

t.test('what is held is taken once, up to 115 %, or let go', async t => {
  const { ask } = await started(t)
  const held = async () => (await ask('POST', '/v2/checkout/orders', { ...order(), intent: 'AUTHORIZE' })).body.purchase_units[0].payments.authorizations[0]
  const first = await held()
  t.match(first, { status: 'CREATED', expiration_time: /Z$/ })
  const path = `/v2/payments/authorizations/${String(first.id)}`
  t.equal(issue(await ask('POST', `${path}/capture`, { amount: { ...amount, value: '1263.86' } })), 'MAX_CAPTURE_AMOUNT_EXCEEDED')
  t.equal(issue(await ask('POST', `${path}/capture`, { amount: { ...amount, currency_code: 'USD' } })), 'AUTH_CAPTURE_CURRENCY_MISMATCH')
  t.match(await ask('POST', `${path}/capture`, { amount: { ...amount, value: '500.00' }, final_capture: true }), { status: 201, body: { status: 'COMPLETED', amount: { value: '500.00' } } })
  t.equal(issue(await ask('POST', `${path}/capture`, {})), 'AUTHORIZATION_ALREADY_CAPTURED')
  t.equal(issue(await ask('POST', `${path}/void`)), 'PREVIOUSLY_CAPTURED')
  const second = await held()
  t.match(await ask('POST', `/v2/payments/authorizations/${String(second.id)}/void`), { status: 200, body: { status: 'VOIDED' } })
  t.equal(issue(await ask('POST', `/v2/payments/authorizations/${String(second.id)}/void`)), 'PREVIOUSLY_VOIDED')
  t.match(await ask('GET', `/v2/payments/authorizations/${String(second.id)}`), { body: { status: 'VOIDED' } })
})

t.test('money goes back in parts, never more than came, and the report has both', async t => {
  const { ask } = await started(t)
  const { body: { purchase_units: [{ payments: { captures: [capture] } }] } } = await ask('POST', '/v2/checkout/orders', order())
  const path = `/v2/payments/captures/${String(capture.id)}`
  t.equal(issue(await ask('POST', `${path}/refund`, { amount: { ...amount, value: '1099.01' } })), 'REFUND_AMOUNT_EXCEEDED')
  t.match(await ask('POST', `${path}/refund`, { amount: { ...amount, value: '99.00' } }), { status: 201, body: { status: 'COMPLETED', links: [{ rel: 'self' }, { rel: 'up' }] } })
  t.match(await ask('GET', path), { body: { status: 'PARTIALLY_REFUNDED' } })
  t.match(await ask('POST', `${path}/refund`, { amount: { ...amount, value: '1000.00' } }), { status: 201 })
  t.equal(issue(await ask('POST', `${path}/refund`, {})), 'CAPTURE_FULLY_REFUNDED')
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
  const report = async (from: number, to: number) => await ask('GET', `/v1/reporting/transactions?start_date=${day(from)}&end_date=${day(to)}&fields=transaction_info`)
  t.match(await report(-1, 1), { body: { total_items: 3, transaction_details: [{ transaction_info: { transaction_event_code: 'T0006', fee_amount: { value: '-37.37' }, custom_field: 'A-1' } }, { transaction_info: { transaction_event_code: 'T1107', transaction_amount: { value: '-99.00' }, paypal_reference_id: capture.id } }, {}] } })
  t.equal((await report(-32, 1)).status, 400, 'thirty-one days at most')
  t.match(await report(-3, -1), { body: { total_items: 0 } })
})

t.test('events leave signed, to who asked for them, in the order that is told', async t => {
  const received: { headers: Record<string, string>, body: Buffer }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks) })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise(resolve => { server.close(resolve); server.closeAllConnections() }))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const strict = await started(t)
  t.equal((await strict.ask('POST', '/v1/notifications/webhooks', { url, event_types: [{ name: '*' }] })).status, 400, 'PayPal wants HTTPS')
  const { simulator, ask } = await started(t, { localHooks: true })
  const { body: hook } = await ask('POST', '/v1/notifications/webhooks', { url, event_types: [{ name: 'PAYMENT.CAPTURE.COMPLETED' }] })
  t.match(await ask('POST', '/v1/notifications/webhooks', { url, event_types: [{ name: '*' }] }), { status: 400, body: { details: [{ issue: 'WEBHOOK_URL_ALREADY_EXISTS' }] } })
  simulator.deliver({ how: 'duplicate' })
  await ask('POST', '/v2/checkout/orders', order())
  await simulator.settled()
  const types = received.map(({ body }) => JSON.parse(body.toString()).event_type)
  t.same(types, ['PAYMENT.CAPTURE.COMPLETED', 'PAYMENT.CAPTURE.COMPLETED'], 'only what was asked for')
  t.equal(received[0]!.headers['paypal-transmission-id'], received[1]!.headers['paypal-transmission-id'], 'a repetition keeps its id')
  const [{ headers, body }] = received as [typeof received[0]]
  const name = new URL(headers['paypal-cert-url']!).pathname
  const leaf = new X509Certificate((await (await fetch(simulator.url + name)).text()).match(/-----BEGIN[\s\S]+?END CERTIFICATE-----/)![0])
  t.match(leaf.subject, /CN=messageverificationcerts\.sandbox\.paypal\.com/)
  const message = [headers['paypal-transmission-id'], headers['paypal-transmission-time'], hook.id, crc32(body)].join('|')
  t.ok(verify('sha256', Buffer.from(message), leaf.publicKey, Buffer.from(headers['paypal-transmission-sig']!, 'base64')), 'id, time, webhook and CRC32 are signed')
  simulator.deliver({ how: 'hold' })
  await ask('POST', '/v2/checkout/orders', order())
  await simulator.settled()
  t.equal(received.length, 2)
  simulator.deliver({ how: 'release' })
  await simulator.settled()
  t.equal(received.length, 3)
  t.match(await ask('GET', '/v1/notifications/webhooks-events?event_type=PAYMENT.CAPTURE.COMPLETED&page_size=1'), { body: { count: 2, events: [{ id: JSON.parse(received[2]!.body.toString()).id }] } }, 'the newest first')
})

t.test('a set-up token is kept once for a customer, and its method pays', async t => {
  const { ask } = await started(t)
  const keep = async (id: string, customer = 'ana') => await ask('POST', '/v3/vault/payment-tokens', { payment_source: { token: { id, type: 'SETUP_TOKEN' } }, customer: { id: customer } })
  const kept = await keep('setup-visa')
  t.match(kept, { status: 201, body: { customer: { id: 'ana' }, payment_source: { card: { last_digits: '1111' } } } })
  t.equal(issue(await keep('setup-visa')), 'TOKEN_ALREADY_USED')
  t.equal(issue(await keep('setup-refused')), 'INSTRUMENT_DECLINED')
  t.equal(issue(await keep('setup-nothing')), 'TOKEN_ID_NOT_FOUND')
  t.equal(issue(await keep('setup-visa', 'x'.repeat(23))), 'INVALID_STRING_MAX_LENGTH')
  t.match(await ask('POST', '/v2/checkout/orders', order({}, { payment_source: { card: { vault_id: kept.body.id } } })), { body: { status: 'COMPLETED' } })
  t.equal((await ask('DELETE', `/v3/vault/payment-tokens/${String(kept.body.id)}`)).status, 204)
  t.equal((await ask('GET', '/v3/vault/payment-tokens?customer_id=ana')).status, 404)
})

t.test('a subscription bills by the clock, from the day when its payer agreed', async t => {
  let ahead = 0
  const { simulator, ask } = await started(t, { now: () => new Date(Date.now() + ahead) })
  await ask('POST', '/v1/catalogs/products', { id: 'P1', name: 'Gimnasio', type: 'SERVICE' })
  t.equal(issue(await ask('POST', '/v1/catalogs/products', { id: 'P1', name: 'Gimnasio', type: 'SERVICE' })), 'DUPLICATE_RESOURCE_IDENTIFIER')
  const { body: plan } = await ask('POST', '/v1/billing/plans', { product_id: 'P1', name: 'Mes', billing_cycles: [{ tenure_type: 'REGULAR', sequence: 1, total_cycles: 0, frequency: { interval_unit: 'MONTH', interval_count: 1 }, pricing_scheme: { fixed_price: amount } }], payment_preferences: {} })
  const pages = { application_context: { return_url: 'https://shop.example/a', cancel_url: 'https://shop.example/b' } }
  t.equal(issue(await ask('POST', '/v1/billing/subscriptions', { plan_id: plan.id, quantity: '2', ...pages })), 'QUANTITY_NOT_SUPPORTED')
  const { body: made } = await ask('POST', '/v1/billing/subscriptions', { plan_id: plan.id, ...pages })
  t.equal(made.status, 'APPROVAL_PENDING')
  simulator.approve(made.id)
  ahead = 40 * 86_400_000
  simulator.bill()
  const window = `start_time=${new Date(Date.now() - 86_400_000).toISOString()}&end_time=${new Date(Date.now() + ahead).toISOString()}`
  t.equal((await ask('GET', `/v1/billing/subscriptions/${String(made.id)}/transactions?${window}`)).body.transactions.length, 2, 'at once, and a month later')
  t.equal((await ask('POST', `/v1/billing/subscriptions/${String(made.id)}/cancel`, { reason: 'no' })).status, 204)
  t.equal(issue(await ask('POST', `/v1/billing/subscriptions/${String(made.id)}/suspend`, { reason: 'no' })), 'SUBSCRIPTION_STATUS_INVALID')
})

t.test('books outlive a start, tokens do not', async t => {
  const stateFile = join(t.testdir(), 'paypal.json')
  const first = await startPaypalSimulator({ seed: 7, stateFile })
  const credentials = first.credentials('test') as { client_id: string, client_secret: string }
  const token = (await lend(first, credentials)).body.access_token
  const { body: made } = await asker(first, token)('POST', '/v2/checkout/orders', order())
  await first.close()
  const second = await startPaypalSimulator({ seed: 7, stateFile })
  t.teardown(() => second.close())
  t.equal((await asker(second, token)('GET', `/v2/checkout/orders/${String(made.id)}`)).status, 401)
  t.match(await asker(second, (await lend(second, credentials)).body.access_token)('GET', `/v2/checkout/orders/${String(made.id)}`), { status: 200, body: { status: 'COMPLETED' } })
})

t.test('what a shop may not do, and what it may not see', async t => {
  const { ask } = await started(t, { reports: false })
  t.match(await ask('GET', '/v1/reporting/balances'), { status: 403, body: { name: 'NOT_AUTHORIZED', details: [{ issue: 'PERMISSION_DENIED' }] } })
  t.equal((await ask('GET', '/v9/nothing')).status, 404)
})
