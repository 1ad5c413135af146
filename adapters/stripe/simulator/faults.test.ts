import t from 'tap'
import { connect } from 'node:net'
import type { Fault } from '../../../core/adapter/simulator.ts'
import { failure, payment, paymentForm, post, sdk, start } from './testing.ts'
import type { StripeSimulator } from '../simulator.ts'

const key = 'sk_test_rawclient00001'

/** Sends one request on a socket of its own and gives back all that came until the end. */
async function raw (simulator: StripeSimulator, idempotencyKey = 'k', form = `${paymentForm}&metadata[payment]=${idempotencyKey}`): Promise<string> {
  const { port } = new URL(simulator.url)
  const socket = connect(Number(port), '127.0.0.1')
  let text = ''
  socket.on('data', chunk => { text += chunk })
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.on('close', resolve))
  socket.write(`POST /v1/payment_intents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nIdempotency-Key: ${idempotencyKey}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: ${form.length}\r\n\r\n${form}`)
  await closed
  return text
}

const cut: [Fault['kind'], number][] = [['refuse_connection', 0], ['cut_before', 0], ['cut_after', 1]]

for (const [kind, charges] of cut) {
  t.test(`${kind}: not a byte comes back, ${charges === 0 ? 'nothing' : 'everything'} was done`, async t => {
    const simulator = await start(t)
    simulator.inject({ kind })
    t.equal(await raw(simulator), '')
    t.equal(simulator.effects('k').charges, charges)
    t.match(await raw(simulator), /^HTTP\/1\.1 200 /, 'the next one is well')
    t.equal(simulator.effects('k').charges, 1, 'and the same key charges once')
  })
}

t.test('refuse_connection, before a byte is read', async t => {
  const simulator = await start(t)
  simulator.inject({ kind: 'refuse_connection' })
  const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await new Promise(resolve => socket.on('close', resolve))
  t.equal(simulator.requests().length, 0)
  simulator.inject({ kind: 'refuse_connection', path: '/v1/refunds' })
  t.match(await raw(simulator), /200 OK/, 'other paths are not refused')
  await t.rejects(post(simulator, '/v1/refunds', ''))
})

t.test('cut_mid_body: done, and half an answer under the full length', async t => {
  const simulator = await start(t)
  simulator.inject({ kind: 'cut_mid_body' })
  const text = await raw(simulator)
  const [head, body] = text.split('\r\n\r\n') as [string, string]
  t.match(head, /^HTTP\/1\.1 200 OK/)
  const length = Number(/content-length: (\d+)/i.exec(head)![1])
  t.equal(Buffer.byteLength(body), length >> 1)
  t.equal(simulator.effects('k').charges, 1)
  t.match(await raw(simulator), /"status":"succeeded"/, 'the stored answer is whole')
  t.equal(simulator.effects('k').charges, 1)
})

t.test('garbage: done, and answered with what is not Stripe\'s', async t => {
  const simulator = await start(t)
  simulator.inject({ kind: 'garbage' })
  t.match(await raw(simulator), /^HTTP\/1\.1 200 OK[\s\S]*<html>/)
  t.equal(simulator.effects('k').charges, 1)
})

t.test('error_500: done, and the 500 is what the key answers from then on', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  simulator.inject({ kind: 'error_500' })
  const pay = () => stripe.paymentIntents.create({ ...payment, metadata: { payment: 'p' } }, { idempotencyKey: 'k' })
  t.match(await failure(pay()), { statusCode: 500, type: 'StripeAPIError' })
  t.match(await failure(pay()), { statusCode: 500, headers: { 'idempotent-replayed': 'true' } })
  t.equal(simulator.effects('p').charges, 1)
})

t.test('error_500_before: nothing done, and the key is free', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  simulator.inject({ kind: 'error_500_before' })
  const pay = () => stripe.paymentIntents.create({ ...payment, metadata: { payment: 'p' } }, { idempotencyKey: 'k' })
  t.match(await failure(pay()), { statusCode: 500 })
  t.equal(simulator.effects('p').charges, 0)
  t.equal((await pay()).status, 'succeeded')
})

t.test('rate_limit: 429 with Retry-After, as often as asked, where asked', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  simulator.inject({ kind: 'rate_limit', times: 2, ms: 3000, method: 'POST', path: '/v1/payment_intents' })
  t.ok(await stripe.balance.retrieve())
  for (let i = 0; i < 2; i++) t.match(await failure(stripe.paymentIntents.create(payment)), { statusCode: 429, code: 'rate_limit', type: 'StripeRateLimitError', headers: { 'retry-after': '3' } })
  t.equal((await stripe.paymentIntents.create(payment)).status, 'succeeded')
})

t.test('slow: done at once, answered later; meanwhile the key is in use', async t => {
  const simulator = await start(t)
  simulator.inject({ kind: 'slow', ms: 1_500 })
  const headers = { 'idempotency-key': 'k' }
  const began = performance.now()
  const first = post(simulator, '/v1/payment_intents', `${paymentForm}&metadata[payment]=p`, headers)
  while (simulator.effects('p').charges === 0) await new Promise(resolve => setImmediate(resolve))
  t.match(await post(simulator, '/v1/payment_intents', `${paymentForm}&metadata[payment]=p`, headers), { status: 409, body: { error: { code: 'idempotency_key_in_use', type: 'idempotency_error' } } })
  t.equal((await first).status, 200)
  t.ok(performance.now() - began >= 1_499)
  t.equal((await post(simulator, '/v1/payment_intents', `${paymentForm}&metadata[payment]=p`, headers)).headers.get('idempotent-replayed'), 'true')
  t.equal(simulator.effects('p').charges, 1)
})

t.test('faults can be taken back', async t => {
  const simulator = await start(t)
  simulator.inject({ kind: 'cut_before', times: 9 })
  simulator.clearFaults()
  t.equal((await post(simulator, '/v1/payment_intents', paymentForm)).status, 200)
})

t.test('the SDK meets a cut as a connection error', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  simulator.inject({ kind: 'cut_after', times: 2 })
  t.match(await failure(stripe.paymentIntents.create({ ...payment, metadata: { payment: 'p' } })), { type: 'StripeConnectionError' })
  t.equal(simulator.effects('p').charges, 1, 'it repeats a closed connection once by itself, with the same key')
})

t.test('the levers over HTTP', async t => {
  const simulator = await start(t)
  const at = (path: string, method = 'GET', body?: object) => fetch(`${simulator.url}/_simulator/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
  t.equal((await at('faults', 'POST', { kind: 'error_500_before' })).status, 204)
  t.equal((await at('faults', 'POST', { kind: 'nonsense' })).status, 400)
  t.equal((await post(simulator, '/v1/payment_intents', paymentForm)).status, 500)
  await at('faults', 'POST', { kind: 'error_500_before' })
  t.equal((await at('faults', 'DELETE')).status, 204)
  t.equal((await post(simulator, '/v1/payment_intents', `${paymentForm}&metadata[payment]=p`, { 'idempotency-key': 'seen' })).status, 200)
  t.strictSame(await (await at('effects?reference=p')).json(), { charges: 1, captures: 0, refunds: 0, cancellations: 0, stamps: 0 })
  const log = await (await at('requests?last=1')).json()
  t.match(log, [{ method: 'POST', path: '/v1/payment_intents', idempotencyKey: 'seen', status: 200, key: /^[0-9a-f]{12}$/, params: { amount: '10990' } }])
  t.notMatch(JSON.stringify(log), key)
  t.equal((await at('deliver', 'POST', { how: 'hold' })).status, 204)
  t.equal((await at('settled', 'POST')).status, 204)
  t.equal((await at('advance', 'POST')).status, 204)
  const asked = await post(simulator, '/v1/payment_intents', paymentForm.replace('pm_card_visa', 'pm_card_authenticationRequired'))
  t.strictSame(await (await at(`3ds/${asked.body.id}`, 'POST', { outcome: 'fail' })).json(), { status: 'requires_payment_method' })
  t.equal((await at('3ds/pi_none', 'POST', {})).status, 404)
})
