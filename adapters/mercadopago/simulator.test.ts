/** What Mercado Pago's twin refuses, keeps and delivers: by its wire alone, without the adapter. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type MercadoPagoSimulator, startMercadoPagoSimulator } from './simulator.ts'

type Ask = (method: string, path: string, body?: object, more?: { token?: string, key?: string }) => Promise<{ status: number, body: any }>

let serial = 0
const newKey = () => `00000000-0000-4000-8000-${String(++serial).padStart(12, '0')}`

function asking (simulator: MercadoPagoSimulator, own: string): Ask {
  return async (method, path, body, { token = own, key = newKey() } = {}) => {
    const answer = await fetch(simulator.url + path, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(key !== '' && { 'x-idempotency-key': key }) }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: await answer.json() }
  }
}

async function started (t: { teardown: (end: () => unknown) => void }, options: Parameters<typeof startMercadoPagoSimulator>[0] = {}): Promise<{ simulator: MercadoPagoSimulator, ask: Ask, token: string }> {
  const simulator = await startMercadoPagoSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  const { access_token: token } = simulator.credentials('test')
  return { simulator, ask: asking(simulator, token!), token: token! }
}

const payment = (more: object = {}) => ({ transaction_amount: 100.5, token: 'sim-token-visa-APRO', installments: 1, payment_method_id: 'visa', payer: { email: 'ana@shop.example' }, external_reference: 'A-1', ...more })

t.test('what is refused, and how', async t => {
  const { simulator, ask } = await started(t)
  t.match(await ask('GET', '/users/me', undefined, { token: simulator.wrongCredentials('test').access_token! }), { status: 401, body: { status: 401, message: String, error: String, cause: Array } })
  t.match(await ask('GET', '/v1/payments/1'), { status: 404, body: { cause: [{ code: 2000 }] } })
  t.match(await ask('GET', '/v1/payments/x'), { status: 400 })
  t.match(await ask('GET', '/nothing'), { status: 404 })
  t.match(await ask('GET', '/v1/payments/search'), { status: 400 }, 'sort and criteria are required')
  t.match(await ask('POST', '/v1/payments', payment(), { key: '' }), { status: 400, body: { cause: [{ code: 4292 }] } })
  t.match(await ask('POST', '/v1/payments', payment(), { key: 'no-uuid' }), { status: 400 })
  const cases: [string, object, number | undefined][] = [
    ['no amount', { transaction_amount: undefined }, 4023],
    ['an amount in text', { transaction_amount: '100.50' }, 4024],
    ['three decimals', { transaction_amount: 1.005 }, 4037],
    ['no mail', { payer: {} }, 4050],
    ['a token that there is not', { token: 'nothing' }, 2006],
    ['a card of another brand', { payment_method_id: 'amex' }, 3028],
    ['no instalment', { installments: 0 }, 4033],
    ['a currency', { currency_id: 'MXN' }, 8],
    ['a way to pay of another country', { token: undefined, payment_method_id: 'pse' }, 2131],
    ['cash that is held', { token: undefined, payment_method_id: 'oxxo', capture: false }, undefined],
    ['a customer of nobody', { payer: { type: 'customer', id: 'none' } }, 2002],
    ['an end in the past', { token: undefined, payment_method_id: 'oxxo', date_of_expiration: '2020-01-01T00:00:00.000-06:00' }, 4390],
    ['an end without an offset', { token: undefined, payment_method_id: 'oxxo', date_of_expiration: new Date(Date.now() + 86_400_000).toISOString() }, 4390]
  ]
  for (const [what, more, code] of cases) t.match(await ask('POST', '/v1/payments', payment(more)), { status: 400, body: { error: 'bad_request', cause: code === undefined ? [] : [{ code }] } }, what)
  t.same(simulator.payments(), [], 'nothing was made')
  const chile = asking(simulator, simulator.account({ mode: 'test', site: 'MLC' }).access_token!)
  t.match(await chile('POST', '/v1/payments', payment({ transaction_amount: 100.5 })), { status: 400, body: { cause: [{ code: 4037 }] } }, 'no decimals in Chile')
  t.match(await chile('POST', '/v1/payments', payment({ transaction_amount: 100 })), { status: 201, body: { currency_id: 'CLP' } })
})

t.test('a key is one payment, and of one body', async t => {
  const { simulator, ask } = await started(t)
  const key = newKey()
  const { body: first } = await ask('POST', '/v1/payments', payment(), { key })
  t.match(await ask('POST', '/v1/payments', payment(), { key }), { status: 201, body: { id: first.id } })
  t.match(await ask('POST', '/v1/payments', payment({ transaction_amount: 1 }), { key }), { status: 409 })
  t.equal(simulator.payments().length, 1)
})

t.test('a decline is 201; a hold is taken in part, once; money goes back in parts', async t => {
  const { ask } = await started(t)
  t.match(await ask('POST', '/v1/payments', payment({ token: 'sim-token-visa-FUND' })), { status: 201, body: { status: 'rejected', status_detail: 'cc_rejected_insufficient_amount' } })
  const { body: held } = await ask('POST', '/v1/payments', payment({ capture: false }))
  t.match(held, { status: 'authorized', status_detail: 'pending_capture', captured: false })
  const path = `/v1/payments/${held.id}`
  t.match(await ask('POST', `${path}/refunds`, { amount: 1 }), { status: 400, body: { cause: [{ code: 2063 }] } })
  t.match(await ask('PUT', path, { capture: true, transaction_amount: 200 }), { status: 400 })
  t.match(await ask('PUT', path, { capture: true, transaction_amount: 90 }), { status: 200, body: { status: 'approved', transaction_amount: 90 } })
  t.match(await ask('PUT', path, { capture: true }), { status: 400 })
  t.match(await ask('PUT', path, { status: 'cancelled' }), { status: 400 })
  t.match(await ask('POST', `${path}/refunds`, { amount: 10.5 }), { status: 201, body: { status: 'approved', amount: 10.5, payment_id: held.id } })
  t.match(await ask('GET', path), { body: { status: 'approved', status_detail: 'partially_refunded', transaction_amount_refunded: 10.5, refunds: [{}] } })
  t.match(await ask('POST', `${path}/refunds`, { amount: 80 }), { status: 400 })
  t.match(await ask('POST', `${path}/refunds`, {}), { status: 201, body: { amount: 79.5 } }, 'without an amount, what is left')
  t.match(await ask('GET', path), { body: { status: 'refunded' } })
})

t.test('a token is good for one use', async t => {
  const { ask } = await started(t)
  const { body: token } = await ask('POST', '/v1/card_tokens', { card_number: '4111111111111111', expiration_month: 11, expiration_year: 2031, security_code: '123', cardholder: { name: 'APRO' } })
  t.match(token, { first_six_digits: '411111', status: 'active' })
  t.match(await ask('POST', '/v1/payments', payment({ token: token.id })), { status: 201, body: { status: 'approved' } })
  t.match(await ask('POST', '/v1/payments', payment({ token: token.id })), { status: 400, body: { cause: [{ code: 3003 }] } })
})

t.test('there is one customer for each mail, and cards are theirs', async t => {
  const { ask } = await started(t)
  const { body: ana } = await ask('POST', '/v1/customers', { email: 'ana@shop.example' })
  t.match(await ask('POST', '/v1/customers', { email: 'ana@shop.example' }), { status: 400, body: { cause: [{ code: '101' }] } })
  const { body: luis } = await ask('POST', '/v1/customers', { email: 'luis@shop.example' })
  const { body: card } = await ask('POST', `/v1/customers/${ana.id}/cards`, { token: 'sim-token-visa-APRO' })
  const { body: token } = await ask('POST', '/v1/card_tokens', { card_id: card.id, customer_id: ana.id })
  t.match(await ask('POST', '/v1/card_tokens', { card_id: card.id, customer_id: luis.id }), { status: 404 })
  t.match(await ask('POST', '/v1/payments', payment({ token: token.id, payer: { type: 'customer', id: luis.id } })), { status: 400, body: { cause: [{ code: 2034 }] } })
})

t.test('notifications leave signed, to the address that stands in the panel', async t => {
  const { simulator, ask, token } = await started(t)
  const heard: { url: string, headers: Record<string, unknown>, body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    heard.push({ url: request.url!, headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  simulator.notify(token, `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`)
  const { body: made } = await ask('POST', '/v1/payments', payment())
  await simulator.settled()
  const [one] = heard
  t.equal(heard.length, 1)
  t.equal(one!.url, `/hook?data.id=${made.id}&type=payment`)
  t.match(JSON.parse(one!.body), { action: 'payment.created', type: 'payment', data: { id: String(made.id) } })
  const [, ts, v1] = /^ts=(\d{13}),v1=([0-9a-f]{64})$/.exec(String(one!.headers['x-signature']))!
  t.equal(v1, createHmac('sha256', simulator.secret(token)).update(`id:${made.id};request-id:${String(one!.headers['x-request-id'])};ts:${ts!};`).digest('hex'))
})

t.test('the books are kept between two starts', async t => {
  const stateFile = join(t.testdir(), 'mercadopago.json')
  const first = await startMercadoPagoSimulator({ seed: 7, stateFile })
  const { access_token: token } = first.credentials('test')
  const { body: made } = await asking(first, token!)('POST', '/v1/payments', payment())
  await first.close()
  const second = await startMercadoPagoSimulator({ seed: 7, stateFile })
  t.teardown(() => second.close())
  t.match(await asking(second, token!)('GET', `/v1/payments/${made.id}`), { body: { status: 'approved' } })
})

t.test('a payer presses the buttons of the pages', async t => {
  const { ask } = await started(t)
  const { body: page } = await ask('POST', '/checkout/preferences', { items: [{ title: 'Mesa', quantity: 2, unit_price: 50.25 }], external_reference: 'P-1', back_urls: { success: 'https://shop.example/ok' }, auto_return: 'approved' })
  t.match(await (await fetch(page.init_point)).text(), /button/)
  t.equal((await fetch(page.init_point, { method: 'POST', body: 'outcome=yes', redirect: 'manual' })).headers.get('location'), 'https://shop.example/ok')
  t.match(await ask('GET', '/v1/payments/search?sort=date_created&criteria=desc&external_reference=P-1'), { body: { paging: { total: 1 }, results: [{ status: 'approved', transaction_amount: 100.5 }] } })
  const { body: asked } = await ask('POST', '/v1/payments', payment({ token: 'sim-token-visa-CHAL', callback_url: 'https://shop.example/r' }))
  t.equal((await fetch(asked.three_ds_info.external_resource_url, { method: 'POST', body: 'outcome=no', redirect: 'manual' })).headers.get('location'), 'https://shop.example/r')
  t.match(await ask('GET', `/v1/payments/${asked.id}`), { body: { status: 'rejected', status_detail: 'cc_rejected_3ds_challenge' } })
  const { body: cash } = await ask('POST', '/v1/payments', payment({ token: undefined, payment_method_id: 'oxxo' }))
  t.match(await (await fetch(cash.transaction_details.external_resource_url)).text(), /Pagar/)
  await fetch(cash.transaction_details.external_resource_url, { method: 'POST', body: 'outcome=yes' })
  t.match(await ask('GET', `/v1/payments/${cash.id}`), { body: { status: 'approved' } })
})
