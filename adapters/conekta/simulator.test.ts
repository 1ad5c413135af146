/** What Conekta's twin refuses, keeps and delivers: by its wire alone, without the adapter. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createVerify } from 'node:crypto'
import t from 'tap'
import { type ConektaSimulator, startConektaSimulator } from './simulator.ts'

async function started (t: { teardown: (end: () => unknown) => void }, options: Parameters<typeof startConektaSimulator>[0] = {}): Promise<{ simulator: ConektaSimulator, ask: (method: string, path: string, body?: object, key?: string) => Promise<{ status: number, body: any, type: string | null }> }> {
  const simulator = await startConektaSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  const { private_key: own } = simulator.credentials('test')
  return {
    simulator,
    ask: async (method, path, body, key = own) => {
      const answer = await fetch(simulator.url + path, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
      return { status: answer.status, body: await answer.json(), type: answer.headers.get('content-type') }
    }
  }
}

const customer = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }
const lines = [{ name: 'Mesa', unit_price: 109_900, quantity: 1 }]
const order = (method: object | undefined, more: object = {}) => ({ currency: 'MXN', customer_info: customer, line_items: lines, ...(method !== undefined && { charges: [{ payment_method: method }] }), ...more })
const visa = { type: 'card', token_id: 'tok_test_visa_4242' }

t.test('what is refused, and how', async t => {
  const { simulator, ask } = await started(t)
  const code = (answer: { body: any }) => answer.body.details?.[0].code
  t.match(await ask('GET', '/orders', undefined, simulator.wrongCredentials('test').private_key), { status: 401, body: { object: 'error', type: 'authentication_error' } })
  t.match(await ask('GET', '/orders/ord_none'), { status: 404, body: { type: 'resource_not_found_error' } })
  t.match(await ask('GET', '/nothing'), { status: 404 })
  const cases: [string, object, string][] = [
    ['no currency', { ...order(visa), currency: undefined }, 'currency'],
    ['a currency that it does not charge', { ...order(visa), currency: 'COP' }, 'currency'],
    ['no telephone', { ...order(visa), customer_info: { name: 'Ana', email: 'a@b.mx' } }, 'phone'],
    ['no lines', { ...order(visa), line_items: [] }, 'line_items'],
    ['a name of two letters', { ...order(visa), line_items: [{ name: 'TV', unit_price: 100, quantity: 1 }] }, 'name'],
    ['a price with a fraction', { ...order(visa), line_items: [{ name: 'Mesa', unit_price: 1.5, quantity: 1 }] }, 'unit_price'],
    ['a token that there is not', order({ type: 'card', token_id: 'tok_none' }), 'nonexistent_token'],
    ['a way to pay that there is not', order({ type: 'pse' }), 'type'],
    ['ten thousand pesos and more in cash', { ...order({ type: 'oxxo_cash' }), line_items: [{ name: 'Mesa', unit_price: 1_000_001, quantity: 1 }] }, 'maximum'],
    ['thirteen months', order({ ...visa, monthly_installments: 13 }), 'monthly_installments'],
    ['a source of nobody', order({ type: 'card', payment_source_id: 'src_none' }), 'payment_source_id'],
    ['cash that is held', order({ type: 'cash' }, { pre_authorize: true }), 'pre_authorize'],
    ['metadata of objects', order(visa, { metadata: { a: {} } }), 'metadata']
  ]
  for (const [what, body, names] of cases) {
    const answer = await ask('POST', '/orders', body)
    t.equal(answer.status, 422, what)
    t.match(code(answer), new RegExp(names), what)
  }
  t.match(await ask('POST', '/webhooks', { url: 'http://localhost:3000/hook' }), { status: 422 })
  t.match(await ask('POST', '/checkouts', { name: 'Liga', type: 'PaymentLink', recurrent: false, expires_at: 1, allowed_payment_methods: ['card'], order_template: { currency: 'MXN', line_items: lines } }), { status: 422 })
  t.equal(simulator.orders().every(({ charges }) => charges.data.length === 0), true, 'nothing was charged')
})

t.test('a token is good for one use, and of one mode', async t => {
  const { simulator, ask } = await started(t)
  const { body: token } = await ask('POST', '/tokens', { card: { number: '4242424242424242', cvc: '123', exp_month: '12', exp_year: '31', name: 'Ana' } })
  t.match(token, { object: 'token', livemode: false, used: false })
  const method = { type: 'card', token_id: token.id }
  t.match(await ask('POST', '/orders', order(method)), { status: 200, body: { payment_status: 'paid' }, type: /vnd.conekta-v2.3.0/ })
  t.match(await ask('POST', '/orders', order(method)), { status: 422, body: { details: [{ code: 'conekta.errors.processing.tokenization.used' }] } })
  t.match(await ask('POST', '/orders', order(visa), simulator.credentials('live').private_key), { status: 422, body: { details: [{ code: /incorrect_livemode_of_token/ }] } })
})

t.test('402 brings the order that it left behind; another charge of it may be approved, and then no more', async t => {
  const { ask } = await started(t)
  const refused = await ask('POST', '/orders', order({ type: 'card', token_id: 'tok_test_card_declined' }))
  t.match(refused, { status: 402, body: { type: 'processing_error', data: { object: 'order', payment_status: 'declined', charges: { data: [{ status: 'declined', failure_code: 'card_declined' }] } } } })
  const path = `/orders/${String(refused.body.data.id)}`
  t.match(await ask('POST', `${path}/charges`, { payment_method: visa }), { status: 200, body: { object: 'charge', status: 'paid' } })
  t.match(await ask('POST', `${path}/charges`, { payment_method: visa }), { status: 428 })
  t.match(await ask('POST', `${path}/cancel`), { status: 428, body: { type: 'precondition_required_error' } })
  t.match(await ask('POST', `${path}/refunds`, { amount: 109_901, reason: 'other' }), { status: 422 })
  t.match(await ask('POST', `${path}/refunds`, { amount: 109_900 }), { status: 422 })
  t.match(await ask('POST', `${path}/refunds`, { amount: 109_900, reason: 'other' }), { status: 200, body: { payment_status: 'refunded', amount_refunded: 109_900 } })
  t.match(await ask('POST', `${path}/refunds`, { amount: 1, reason: 'other' }), { status: 428, body: { details: [{ code: /is_not_returnable/ }] } })
})

t.test('lists go on by the last id, newest first', async t => {
  const { ask } = await started(t)
  for (let n = 0; n < 5; n++) await ask('POST', '/orders', order(visa))
  const ids: string[] = []
  for (let path: string | null = '/orders?limit=2'; path !== null;) {
    const { body } = await ask('GET', path)
    ids.push(...body.data.map(({ id }: { id: string }) => id))
    path = body.next_page_url === null ? null : body.next_page_url.replace(/^https?:\/\/[^/]+/, '')
  }
  t.equal(new Set(ids).size, 5)
  t.match(await ask('GET', '/orders?limit=251'), { status: 422 })
  t.match(await ask('GET', `/orders?created_at.lte=${Math.floor(Date.now() / 1000) - 100}`), { body: { data: [] } })
})

t.test('events leave signed, each payment twice, to those who asked for them', async t => {
  const { simulator, ask } = await started(t, { localHooks: true })
  const heard: { digest: string, body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    heard.push({ digest: String(request.headers.digest), body: Buffer.concat(chunks).toString() })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const { body: key } = await ask('POST', '/webhook_keys', { active: true })
  const { body: hook } = await ask('POST', '/webhooks', { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, subscribed_events: ['order.paid', 'charge.paid', 'webhook_ping'] })
  await ask('POST', '/orders', order(visa))
  await ask('POST', `/webhooks/${String(hook.id)}/test`)
  await simulator.settled()
  t.same(heard.map(({ body }) => JSON.parse(body).type), ['charge.paid', 'order.paid', 'webhook_ping'])
  for (const { digest, body } of heard) t.ok(createVerify('RSA-SHA256').update(body).verify(key.public_key, digest, 'base64'))
})

t.test('the books are kept between two starts', async t => {
  const stateFile = join(t.testdir(), 'conekta.json')
  const first = await startConektaSimulator({ seed: 7, stateFile })
  const { private_key: key } = first.credentials('test')
  const ask = async (simulator: ConektaSimulator, method: string, path: string, body?: object) => await (await fetch(simulator.url + path, { method, headers: { authorization: `Bearer ${key}` }, ...(body !== undefined && { body: JSON.stringify(body) }) })).json() as any
  const made = await ask(first, 'POST', '/orders', order(visa))
  await first.close()
  const second = await startConektaSimulator({ seed: 7, stateFile })
  t.teardown(() => second.close())
  t.match(await ask(second, 'GET', `/orders/${String(made.id)}`), { payment_status: 'paid' })
  t.not((await ask(second, 'POST', '/orders', order(visa))).id, made.id, 'and no id is given twice')
})

t.test('a payer presses the buttons of the pages', async t => {
  const { ask } = await started(t)
  const { body: hosted } = await ask('POST', '/orders', order(undefined, { checkout: { type: 'HostedPayment', allowed_payment_methods: ['card'], success_url: 'https://shop.example/ok', failure_url: 'https://shop.example/no' } }))
  t.match(await (await fetch(hosted.checkout.url)).text(), /button/)
  t.equal((await fetch(hosted.checkout.url, { method: 'POST', body: 'outcome=yes', redirect: 'manual' })).headers.get('location'), 'https://shop.example/ok')
  t.match(await ask('GET', `/orders/${String(hosted.id)}`), { body: { payment_status: 'paid', checkout: { status: 'Finalized' } } })
  t.equal((await fetch(hosted.checkout.url)).status, 410)
})
