import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'
import { createClient, NotFoundError, PasarelaError } from '@pasarela/client'
import { signWebhook } from '@pasarela/client/webhooks'
import { dataSchema, objectKinds } from '../core/event-types/catalogue.ts'
import { isEventType, objectOf } from '../core/events/types.ts'
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
  const { id } = await pasarela.post('/v1/payments', { body: { amount: 5000, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } } })
  await eventually('heard', () => heard.includes(`payment.succeeded ${id}`))
  controller.abort()
  await ended
  const { type, data } = (await pasarela.list('/v1/events', { query: { subject: id } }).take(1))[0]!
  t.match({ type, data }, { type: 'payment.succeeded', data: { id, status: 'succeeded', amount: 5000 } })
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
  const pay = async (): Promise<string> => (await pasarela.post('/v1/payments', { body: { amount: 7000, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } } })).id

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

t.test('every change of a connection is told, and every event that was written is as the catalogue says', async t => {
  const tenant = await house.tenant()
  const pasarela = createClient({ url: house.url, key: tenant.testKey })
  const id = { path: { id: tenant.connection } }
  await pasarela.patch('/v1/connections/{id}', { ...id, body: { label: 'Another name' } })
  await pasarela.patch('/v1/connections/{id}', { ...id, body: { enabled: false } })
  await pasarela.patch('/v1/connections/{id}', { ...id, body: { enabled: true, label: 'A third' } })
  await pasarela.post('/v1/connections/{id}/credentials', { ...id, body: { credentials: house.simulator.credentials('test') as Record<string, string> } })
  const customer = await pasarela.post('/v1/customers', { body: { name: 'Ana', email: 'ana@example.com' } })
  await pasarela.patch('/v1/customers/{id}', { path: { id: customer.id }, body: { name: 'Ana María' } })
  await pasarela.post('/v1/plans', { body: { name: 'Monthly', amount: 49900, currency: 'MXN', interval: 'month' } })
  await pasarela.delete('/v1/connections/{id}', id)
  const told = (await pasarela.list('/v1/events', { query: { subject: tenant.connection, limit: 100 } }).take(100)).reverse()
  t.same(told.slice(-6).map(({ type, data }) => [type, ...(data.changed as string[] | undefined) ?? []]), [
    ['connection.updated', 'label'], ['connection.disabled'], ['connection.enabled'], ['connection.updated', 'label'], ['connection.updated', 'credentials'], ['connection.deleted']
  ])
  t.same((await pasarela.list('/v1/events', { query: { subject: customer.id } }).take(9)).map(({ type, data }) => [type, Object.keys(data)]), [['customer.updated', ['id', 'mode', 'object']], ['customer.created', ['id', 'mode', 'object']]], 'nothing personal in either')

  await house.quiet()
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  const checks = new Map<string, ReturnType<typeof ajv.compile>>(objectKinds.map(kind => [kind, ajv.compile({ ...JSON.parse(JSON.stringify(dataSchema(kind))) as object, additionalProperties: false })]))
  const written = await house.database.owner.selectFrom('events').select(['type', 'data']).execute()
  const wrong = written.flatMap(({ type, data }) => {
    const check = isEventType(type) ? checks.get(objectOf(type)) : undefined
    return check?.(data) === true ? [] : [`${type}: ${ajv.errorsText(check?.errors)}`]
  })
  t.same([...new Set(wrong)], [])
  t.ok(new Set(written.map(({ type }) => type)).size > 12, 'of many types')
})
