import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { createClient, NotFoundError, PasarelaError } from '@pasarela/client'
import { signWebhook } from '@pasarela/client/webhooks'
import { receiver } from '../sdk/examples/receive-webhooks.ts'
import { refundHalf, takenSince, takePayment, whatNow } from '../sdk/examples/take-a-payment.ts'
import { testApp, type TestApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

/** The SDK, its examples and `pasarela listen`, against the whole server. */
let house: TestApp
t.before(async () => { house = await testApp(t) })

t.test('the examples of the SDK take, refund and add up real payments', async t => {
  const tenant = await house.tenant()
  const pasarela = createClient({ url: house.url, key: tenant.testKey })
  const order = { id: 'A-1', amount: 19900, currency: 'MXN', token: 'pm_card_visa' }
  const payment = await takePayment(pasarela, order)
  t.equal(whatNow(payment), 'paid')
  t.equal((await takePayment(pasarela, order)).id, payment.id, 'a second click is the same payment')
  t.match(whatNow(await takePayment(pasarela, { ...order, id: 'A-2', token: 'pm_card_chargeDeclined' })), /^declined: \S/)
  const { cause: wrong } = await takePayment(pasarela, { ...order, id: 'A-3', amount: 0 }).catch((error: unknown) => error) as Error
  t.ok(wrong instanceof PasarelaError)
  t.match(wrong, { name: 'InvalidRequestError', code: 'request_invalid', errors: [{ path: 'amount' }], requestId: /./, idempotencyKey: 'order-A-3' })
  t.match(await refundHalf(pasarela, payment), { amount: 9950, payment: payment.id })
  t.same([...await takenSince(pasarela, new Date(Date.now() - 3600_000))], [['MXN', 9950]])
  t.equal((await pasarela.list('/v1/payments', { query: { limit: 1 } }).take(10)).length, 2, 'page after page')
  t.ok(await createClient({ url: house.url, key: (await house.tenant({ connect: false })).testKey }).get('/v1/payments/{id}', { path: { id: payment.id } }).catch((error: unknown) => error) instanceof NotFoundError, 'a stranger who knows the id')
})

t.test('what a payment becomes is heard as it happens, by its own id', async t => {
  const tenant = await house.tenant()
  const pasarela = createClient({ url: house.url, key: tenant.testKey })
  const controller = new AbortController()
  const heard: string[] = []
  const ended = (async () => { for await (const { kind, id = '' } of pasarela.changes({ signal: controller.signal, types: ['payment.*'] })) heard.push(`${kind} ${id}`) })()
  await eventually('open', () => heard.length > 0)
  const { id } = await pasarela.post('/v1/payments', { body: { amount: 500, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } } })
  await eventually('heard', () => heard.includes(`payment.succeeded ${id}`))
  controller.abort()
  await ended
  const { type, data } = (await pasarela.list('/v1/events', { query: { subject: id } }).take(1))[0]!
  t.match({ type, data }, { type: 'payment.succeeded', data: { id, status: 'succeeded', amount: 500 } })
})

t.test('pasarela listen forwards what happens, signed, once, and goes on where it was', async t => {
  const tenant = await house.tenant()
  const pasarela = createClient({ url: house.url, key: tenant.testKey })
  const folder = t.testdir({ key: `${tenant.testKey}\n` })
  const state = path.join(folder, 'state.json')
  const paid: string[] = []
  const seen = new Set<string>()
  const secrets: string[] = []
  const server = receiver({ secrets, isNew: id => !seen.has(id) && Boolean(seen.add(id)), paid: id => { paid.push(id) }, invoiced: () => {} })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  const start = (...more: string[]) => {
    const child = spawn(process.execPath, ['--conditions=pasarela', 'core/cli.ts', 'listen', '--forward-to', target, '--url', house.url, '--key-file', path.join(folder, 'key'), '--state', state, ...more], { cwd: path.join(import.meta.dirname, '..'), stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.on('data', chunk => { out += String(chunk) })
    child.stderr.on('data', chunk => { out += String(chunk) })
    t.teardown(() => { child.kill('SIGKILL') })
    return { child, out: () => out, ended: once(child, 'exit') }
  }
  const pay = async (): Promise<string> => (await pasarela.post('/v1/payments', { body: { amount: 700, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } } })).id

  const before = await pay()
  const first = start('--types', 'payment.*')
  await eventually('it says its secret', () => /whsec_\S+/.test(first.out()), { withinMs: 30_000 })
  secrets.push(/whsec_\S+/.exec(first.out())![0])
  await eventually('it knows where it begins', () => JSON.parse(readFileSync(state, 'utf8')).since !== undefined, { withinMs: 30_000 })
  const one = await pay()
  await eventually('the first is forwarded', () => paid.includes(one), { withinMs: 30_000 })
  t.same(paid, [one], `and not ${before}, which was before`)
  await eventually('and told', () => first.out().includes(`${one} → 204`))
  t.equal(statSync(state).mode & 0o777, 0o600, 'its secret is nobody else’s')
  first.child.kill('SIGINT')
  t.same(await first.ended, [0, null])

  const two = await pay()
  const second = start('--once', '--json')
  t.same(await second.ended, [0, null], second.out())
  t.same(paid, [one, two], 'what happened meanwhile comes, what was forwarded does not come again')
  t.match(second.out().split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line)).find(({ about }) => about === two), { type: 'payment.succeeded', answer: '204', taken: true })

  const forged = await fetch(target, { method: 'POST', body: '{}', headers: await signWebhook('{}', { id: 'evt_1', timestamp: new Date(), secrets: `whsec_${Buffer.alloc(32).toString('base64')}` }) })
  t.equal(forged.status, 401, 'what another secret signed is refused')

  const wrong = start('--types', 'payments')
  t.same(await wrong.ended, [2, null])
  t.match(wrong.out(), /payments is no type/)
})
