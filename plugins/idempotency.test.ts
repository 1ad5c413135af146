import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import t, { type Test } from 'tap'
import { inTenant } from '../core/db/in-tenant.ts'
import { HubError, type ErrorCode } from '../core/errors.ts'
import { createIdempotency, recordSubject } from '../core/idempotency/service.ts'
import { generateMasterKey, parseMasterKeys } from '../core/vault/master-keys.ts'
import { memoryDataKeyStore } from '../core/vault/memory-store.ts'
import { createVault } from '../core/vault/vault.ts'
import { testDatabase } from '../test/support/database.ts'
import { bearer, httpApp, tenantA } from '../test/support/http-app.ts'
import { idempotency } from './idempotency.ts'
import { validation } from './validation.ts'

const closed = { additionalProperties: false } as const
const body = Type.Object({ amount: Type.Integer({ minimum: 1 }), capture: Type.String({ default: 'automatic' }), fail: Type.Optional(Type.String()) }, closed)
const tenantB = '0198bbbb-0000-7000-8000-00000000000b'

async function world (t: Test) {
  const { db, owner } = await testDatabase(t)
  for (const id of [tenantA, tenantB]) await owner.insertInto('tenants').values({ id, name: id, country: 'MX' }).execute()
  const now = () => new Date()
  const vault = createVault({ keyring: parseMasterKeys(generateMasterKey('k1')), store: memoryDataKeyStore(), now })
  const service = createIdempotency({ db, vault, now, owner: randomUUID(), leaseMs: 10_000, keepMs: 86_400_000, onError: error => { t.fail(String(error)) } })
  const app = await httpApp(t)
  await app.register(validation)
  await app.register(idempotency, { service, leaseMs: 10_000, every: () => () => {} })
  let runs = 0
  const subjects: unknown[] = []
  let gate = Promise.resolve()

  app.post<{ Body: { amount: number, fail?: string } }>('/v1/payments', { schema: { body } }, async (request, reply) => {
    runs++
    subjects.push(request.idempotency?.subject)
    await gate
    if (request.body.fail === 'bug') throw new Error('bug')
    if (request.body.fail === 'subject') {
      await inTenant(db, tenantA, async db => { if (request.idempotency) await recordSubject(db, request.idempotency, 'pay_1') })
      throw new HubError('unavailable')
    }
    if (request.body.fail !== undefined) throw new HubError(request.body.fail as ErrorCode, { retryAfterMs: 1000 })
    return await reply.code(201).header('location', '/v1/payments/pay_1').send({ id: 'pay_1', run: runs })
  })
  const mayRefund = async (request: { access: { principal: { id: string } } | null }) => { if (request.access?.principal.id !== 'key_1') throw new HubError('forbidden') }
  app.post('/v1/refunds', { preHandler: mayRefund }, async () => ({ run: ++runs }))
  app.post('/v1/validate', { config: { idempotency: false } }, async () => ({ run: ++runs }))
  app.get('/v1/payments', async () => ({ run: ++runs }))
  app.post('/v1/download', async (_request, reply) => await reply.send(new ReadableStream()))

  const post = async (payload: object | undefined, { key = 'k', url = '/v1/payments', access = {} }: { key?: string, url?: string, access?: Parameters<typeof bearer>[0] } = {}) =>
    await app.inject({ method: 'POST', url, ...(payload && { payload }), headers: { ...bearer(access), 'idempotency-key': key } })
  return { app, post, subjects, runs: () => runs, hold: () => { const held = Promise.withResolvers<void>(); gate = held.promise; return held.resolve } }
}

t.test('the first answer is repeated with its status and headers, and the handler runs once', async t => {
  const { post, runs } = await world(t)
  const first = await post({ amount: 5 })
  t.match([first.statusCode, first.headers['idempotent-replayed']], [201, undefined])
  const second = await post({ amount: 5 })
  t.match([second.statusCode, second.headers['idempotent-replayed'], second.headers.location], [201, 'true', '/v1/payments/pay_1'])
  t.equal(second.body, first.body)
  t.equal(second.headers['content-type'], first.headers['content-type'])
  t.not(second.headers['request-id'], first.headers['request-id'], 'each request has an id of its own')
  t.equal(runs(), 1)
})

t.test('failures of an executed request are repeated, a bug of ours included', async t => {
  const { post, runs } = await world(t)
  for (const fail of ['provider_refused', 'bug', 'provider_outcome_unknown', 'not_found']) {
    const first = await post({ amount: 1, fail }, { key: fail })
    const second = await post({ amount: 1, fail }, { key: fail })
    t.match([second.statusCode, second.headers['idempotent-replayed'], second.headers['content-type']], [first.statusCode, 'true', /problem\+json/], fail)
    t.equal(second.body, first.body)
  }
  t.equal(runs(), 4)
})

t.test('what was refused before anything ran leaves the key free for a corrected request', async t => {
  const { post, runs, app } = await world(t)
  t.equal((await post({ amount: 'x' })).statusCode, 400, 'validation')
  t.equal((await app.inject({ method: 'POST', url: '/v1/payments', payload: '{"amount', headers: { ...bearer(), 'content-type': 'application/json', 'idempotency-key': 'k' } })).statusCode, 400, 'not JSON')
  t.equal((await post({ amount: 1 }, { url: '/v1/nothing' })).statusCode, 404, 'no such route')
  t.equal((await app.inject({ method: 'POST', url: '/v1/payments', payload: { amount: 1 }, headers: { authorization: 'Bearer bad', 'idempotency-key': 'k' } })).statusCode, 401)
  for (const fail of ['request_invalid', 'rate_limited', 'forbidden', 'operation_in_progress', 'unavailable']) t.ok((await post({ amount: 1, fail })).statusCode >= 400, fail)
  const answer = await post({ amount: 2 })
  t.match([answer.statusCode, answer.headers['idempotent-replayed']], [201, undefined])
  t.equal(runs(), 6)
})

t.test('another body or path with the same key is refused; the same body in other words is not', async t => {
  const { post, runs, app } = await world(t)
  await post({ amount: 5 })
  t.match([(await post({ amount: 6 })).statusCode, (await post({ amount: 5 }, { url: '/v1/refunds' })).json().code], [422, 'idempotency_mismatch'])
  const reordered = await app.inject({ method: 'POST', url: '/v1/payments', payload: ' { "amount" : 5 } ', headers: { ...bearer(), 'content-type': 'application/json', 'idempotency-key': 'k' } })
  t.equal(reordered.headers['idempotent-replayed'], 'true')
  t.equal(runs(), 1)
})

t.test('while the first runs, the second is told to come back', async t => {
  const { post, hold, runs } = await world(t)
  const release = hold()
  const first = post({ amount: 5 })
  let second = await post({ amount: 5 })
  while (runs() === 0) second = await post({ amount: 5 }) // the first has not come so far yet
  t.match([second.statusCode, second.json().code, second.headers['retry-after']], [409, 'idempotency_in_progress', '1'])
  release()
  t.equal((await first).statusCode, 201)
  t.equal((await post({ amount: 5 })).headers['idempotent-replayed'], 'true')
})

t.test('of 50 at once exactly one runs, and the others are replayed or told to wait', async t => {
  const { post, runs } = await world(t)
  const answers = await Promise.all(Array.from({ length: 50 }, async () => await post({ amount: 5 })))
  t.equal(runs(), 1)
  t.ok(answers.every(({ statusCode, headers }) => statusCode === 409 || headers['idempotent-replayed'] === 'true' || statusCode === 201))
  t.ok(answers.some(({ statusCode }) => statusCode === 201))
})

t.test('keys of two tenants, and of two modes, know nothing of each other', async t => {
  const { post, runs } = await world(t)
  await post({ amount: 5 })
  t.equal((await post({ amount: 6 }, { access: { tenantId: tenantB } })).statusCode, 201)
  t.equal((await post({ amount: 7 }, { access: { mode: 'live' } })).statusCode, 201)
  t.equal(runs(), 3)
})

t.test('nobody is shown an answer that they may not ask for', async t => {
  const { post } = await world(t)
  t.equal((await post({}, { url: '/v1/refunds' })).statusCode, 200)
  t.equal((await post({}, { url: '/v1/refunds' })).headers['idempotent-replayed'], 'true')
  t.equal((await post({}, { url: '/v1/refunds', access: { id: 'key_2' } })).statusCode, 403)
})

t.test('a request that takes over finds what the first began', async t => {
  const { post, subjects } = await world(t)
  t.equal((await post({ amount: 1, fail: 'subject' })).statusCode, 503)
  await post({ amount: 1, fail: 'subject' })
  t.same(subjects, [undefined, 'pay_1'])
})

t.test('a key that is no key is refused; without one, or where it means nothing, nothing is kept', async t => {
  const { post, runs, app } = await world(t)
  for (const key of ['', ' ', 'ñ', 'a b', 'x'.repeat(256)]) t.equal((await post({ amount: 1 }, { key })).json().code, 'idempotency_key_invalid', JSON.stringify(key).slice(0, 20))
  const bare = async () => await app.inject({ method: 'POST', url: '/v1/payments', payload: { amount: 1 }, headers: bearer() })
  await bare()
  await bare()
  t.equal(runs(), 2, 'without a key')
  await post(undefined, { url: '/v1/validate' })
  await post(undefined, { url: '/v1/validate' })
  t.equal(runs(), 4, 'a route that opted out')
  for (let index = 0; index < 2; index++) await app.inject({ url: '/v1/payments', headers: { ...bearer(), 'idempotency-key': 'k' } })
  t.equal(runs(), 6, 'a GET')
})

t.test('a route that streams says so to whoever wrote it', async t => {
  const { post } = await world(t)
  t.equal((await post(undefined, { url: '/v1/download' })).statusCode, 500)
})
