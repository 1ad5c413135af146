import { createPublicKey, verify } from 'node:crypto'
import t, { type Test } from 'tap'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { deliveriesHouse, type DeliveriesHouse, sendAll } from '../../test/support/deliveries-house.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { receiver, type Received, type Receiver } from '../../test/support/receiver.ts'
import type { TestTenant } from '../../test/support/access-app.ts'
import { loadConfig } from '../config.ts'
import { newUuid, parseId } from '../ids.ts'
import { createDeliverer } from './deliver.ts'
import { afterAttempt } from './machine.ts'
import { secretBytes } from './sign.ts'

let house: DeliveriesHouse
let server: Receiver
t.before(async () => {
  house = await deliveriesHouse(t)
  server = await receiver(t)
})

const dayMs = 24 * 3600_000
let count = 0

interface Shop { tenant: TestTenant, key: string, path: string, endpoint: any, ask: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: object) => Promise<any> }

/** A tenant with an endpoint at a path of its own. */
async function shop (body: object = {}): Promise<Shop> {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const ask: Shop['ask'] = async (method, url, body) => {
    const answer = await house.ask(method, url, { key, ...(body !== undefined && { body }) })
    if (answer.status >= 300) throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const path = `/hook-${++count}`
  const endpoint = await ask('POST', '/v1/webhook_endpoints', { url: `${server.url}${path}`, event_types: ['*'], ...body })
  return { tenant, key, path, endpoint, ask }
}

const types = (received: readonly Received[]): string[] => received.map(({ event }) => event.type)
/** What the receiver was sent is signed by this secret, by the independent package. */
const signedBy = (t: Test, secret: string, { headers, body }: Received, message: string): void => {
  const expected = new Webhook(secret).sign(headers['webhook-id']!, new Date(Number(headers['webhook-timestamp']) * 1000), body)
  t.ok(headers['webhook-signature']!.split(' ').includes(expected), message)
}

t.test('an event reaches every endpoint that wants it and no other, signed, in the envelope of GET /v1/events', async t => {
  const { tenant, path, endpoint, ask } = await shop()
  const stranger = await shop()
  const others: [wanted: boolean, body: object][] = [
    [true, { event_types: ['payment.*'] }], [true, { event_types: ['refund.failed', 'payment.succeeded'] }], [false, { event_types: ['payment.failed'] }], [false, { event_types: ['pay.*', 'paymen.*'] }],
    [true, { filters: [{ field: 'currency', op: 'in', values: ['USD', 'MXN'] }] }], [false, { filters: [{ field: 'currency', op: 'not_in', values: ['MXN'] }] }], [true, { filters: [{ field: 'nested.kind', op: 'in', values: ['card'] }] }],
    [true, { filters: [{ field: 'amount', op: 'gte', values: [1000] }, { field: 'amount', op: 'lte', values: [1000] }] }], [false, { filters: [{ field: 'amount', op: 'gte', values: [1001] }] }], [false, { filters: [{ field: 'currency', op: 'gte', values: [1] }] }],
    [false, { filters: [{ field: 'missing.deep', op: 'in', values: ['x'] }] }], [false, { filters: [{ field: 'missing', op: 'in', values: [null, 1] }] }], [true, { filters: [{ field: 'missing', op: 'not_in', values: ['x'] }] }], [false, { enabled: false }]
  ]
  const wanting = others.map(([wanted]) => wanted)
  for (const [index, [, body]] of others.entries()) await ask('POST', '/v1/webhook_endpoints', { url: `${server.url}${path}-${index}`, event_types: ['*'], ...body })
  const live = await house.key(tenant, undefined, 'live')
  t.equal((await house.ask('POST', '/v1/webhook_endpoints', { key: live.key, body: { url: `${server.url}${path}-live`, event_types: ['*'] } })).status, 400, 'in live mode only https')

  await house.happens(tenant, 'payment.succeeded', { data: { object: 'payment', amount: 1000, currency: 'MXN', nested: { kind: 'card', odd: 'ñ €  "quoted" 😀' }, list: [1, 2.5, null] } })
  await house.deliver()
  t.same(others.map((_, index) => server.at(`${path}-${index}`).length === 1), wanting)
  t.equal(server.at(stranger.path).length, 0, 'another tenant gets nothing')

  const [got] = server.at(path)
  const { data: [event] } = await ask('GET', '/v1/events')
  t.same(got!.event, event)
  t.equal(got!.headers['webhook-id'], event.id)
  t.match(new Webhook(endpoint.secret).verify(got!.body, got!.headers), { type: 'payment.succeeded' }, 'the independent verifier accepts it')
  t.throws(() => new Webhook(endpoint.secret).verify(got!.body.replace('1000', '1001'), got!.headers))
  t.throws(() => new Webhook(stranger.endpoint.secret).verify(got!.body, got!.headers))
  const { data: [delivery] } = await ask('GET', `/v1/deliveries?event=${event.id}&endpoint=${endpoint.id}`)
  t.match(delivery, { status: 'succeeded', attempts: 1, event: event.id, tenant: tenant.id, test: false, error: null, next_attempt_at: null, last_attempt: { http_status: 204, error: null } })
  t.match((await ask('GET', `/v1/deliveries/${delivery.id}`)).log, [{ http_status: 204, response: { body: '' } }])
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}/health`), { breaker: 'closed', pending: 0, last_24_hours: { succeeded: 1, failed: 0, success_rate: 1 }, consecutive_failures: 0, p50_ms: Number })

  t.equal((await house.ask('GET', `/v1/webhook_endpoints/${endpoint.id}`, { key: stranger.key })).status, 404)
  t.equal((await house.ask('GET', `/v1/deliveries/${delivery.id}`, { key: stranger.key })).status, 404)
  t.equal((await house.ask('POST', `/v1/deliveries/${delivery.id}/retry`, { key: stranger.key })).status, 404)
  t.same((await house.ask('GET', `/v1/deliveries?endpoint=${endpoint.id}`, { key: stranger.key })).body.data, [])
})

t.test('a body that is wrong is told by its field, and nothing is made', async t => {
  const { ask, key } = await shop()
  const wrong: [field: RegExp, body: object][] = [
    [/url/, { url: 'ftp://x.example/', event_types: ['*'] }], [/url/, { url: 'https://user:pass@x.example/', event_types: ['*'] }], [/event_types/, { url: server.url, event_types: [] }], [/event_types/, { url: server.url, event_types: ['payment'] }],
    [/event_types/, { url: server.url, event_types: ['*.succeeded'] }], [/filters/, { url: server.url, event_types: ['*'], filters: [{ field: 'a..b', op: 'in', values: [1] }] }], [/filters\[0\].values/, { url: server.url, event_types: ['*'], filters: [{ field: 'a', op: 'gte', values: ['1'] }] }],
    [/filters/, { url: server.url, event_types: ['*'], filters: [{ field: 'a', op: 'in', values: [{}] }] }], [/secret/, { url: server.url, event_types: ['*'], secret: 'whsec_short' }], [/secret/, { url: server.url, event_types: ['*'], secret: '' }]
  ]
  for (const [field, body] of wrong) {
    const answer = await house.ask('POST', '/v1/webhook_endpoints', { key, body })
    t.match(answer, { status: 400 }, JSON.stringify(body))
    t.match(JSON.stringify(answer.body.errors), field)
  }
  t.equal((await ask('GET', '/v1/webhook_endpoints')).data.length, 1)
  const guarded = house.hub.config
  Object.assign(house.hub, { config: loadConfig({ PASARELA_DEMO: 'false' }) })
  t.match((await house.ask('POST', '/v1/webhook_endpoints', { key, body: { url: 'http://127.1/x', event_types: ['*'] } })).body, { errors: [{ path: 'url' }] }, 'this machine, unless the operator lets it')
  Object.assign(house.hub, { config: guarded })
  for (let more = 0; more < 19; more++) await ask('POST', '/v1/webhook_endpoints', { url: server.url, event_types: ['*'], enabled: false })
  t.equal((await house.ask('POST', '/v1/webhook_endpoints', { key, body: { url: server.url, event_types: ['*'] } })).status, 409, 'twenty are enough')
})

t.test('while a secret is replaced both sign, and after the overlap only the new one; Ed25519 beside them where it is wanted', async t => {
  const own = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const { tenant, path, endpoint, ask } = await shop({ asymmetric: true, secret: own })
  t.equal(endpoint.secret, own)
  const [{ public_key: publicKey }] = endpoint.signing_keys
  const made = await ask('POST', `/v1/webhook_endpoints/${endpoint.id}/rotate_secret`, { overlap_seconds: 3600 })
  t.match(made, { secret: /^whsec_/, signing_keys: [{ valid_until: null }, { valid_until: String }] })
  t.ok(secretBytes(made.secret)!.length >= 24)
  await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  const [both] = server.at(path)
  signedBy(t, own, both!, 'the one before')
  signedBy(t, made.secret, both!, 'the new one')
  const { headers, body } = both!
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const keys = [publicKey, made.signing_keys[0].public_key].map((text: string) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(text.replace(/^whpk_/, ''), 'base64').toString('base64url') }, format: 'jwk' }))
  const asymmetric = headers['webhook-signature']!.split(' ').filter(one => one.startsWith('v1a,')).map(one => Buffer.from(one.slice(4), 'base64'))
  t.ok(keys.every(key => asymmetric.some(signature => verify(null, content, key, signature))), 'both pairs signed')
  house.advance(3601_000)
  await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  const after = server.at(path)[1]!
  t.equal(after.headers['webhook-signature']!.split(' ').filter(one => one.startsWith('v1,')).length, 1)
  signedBy(t, made.secret, after, 'the new one alone')
})

t.test('what fails is tried again for three days, its id and body unchanged, and then given up', async t => {
  const { tenant, path, endpoint, ask } = await shop({ event_types: ['payment.*'] })
  server.answer(path, (_, response) => { response.writeHead(500, { 'content-type': 'text/plain' }).end('sorry: token=abcdefgh12345678') })
  await house.happens(tenant, 'payment.succeeded')
  const began = house.hub.now().getTime()
  for (;;) {
    await house.deliver()
    const { data: [{ status, next_attempt_at: next }] } = await ask('GET', `/v1/deliveries?endpoint=${endpoint.id}`)
    if (status !== 'pending') break
    house.advance(Date.parse(next) - house.hub.now().getTime() + 1)
  }
  const got = server.at(path)
  t.equal(got.length, 11)
  t.equal(new Set(got.map(({ body, headers }) => `${headers['webhook-id']} ${body}`)).size, 1)
  t.ok(new Set(got.map(({ headers }) => headers['webhook-timestamp'])).size > 9, 'signed anew each time')
  const hours = (house.hub.now().getTime() - began) / 3600_000
  t.ok(hours > 74 && hours < 77, `${hours} hours`)
  const { data: [{ id }] } = await ask('GET', '/v1/deliveries?status=failed')
  const delivery = await ask('GET', `/v1/deliveries/${id}`)
  t.match(delivery, { status: 'failed', attempts: 11, error: 'status', last_attempt: { http_status: 500, error: 'status' } })
  t.match(delivery.log.at(-1), { http_status: 500, error: 'status', response: { headers: { 'content-type': 'text/plain' }, body: /^sorry/ } })
  t.notMatch(JSON.stringify(delivery), 'abcdefgh12345678')

  server.answer(path, 200)
  await ask('POST', `/v1/deliveries/${id}/retry`)
  await house.deliver()
  t.match(await ask('GET', `/v1/deliveries/${id}`), { status: 'succeeded', attempts: 12, error: null })
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}/health`), { consecutive_failures: 0, failing_since: null, breaker: 'closed' })
})

t.test('a wait is the schedule’s, a fifth longer or shorter, or what the receiver asks, a day at most', t => {
  const schedule = loadConfig({ PASARELA_DEMO: 'false' }).webhookSchedule
  const now = new Date()
  t.equal(schedule.length, 10)
  fc.assert(fc.property(fc.nat(12), fc.double({ min: 0, max: 1, noNaN: true }), fc.option(fc.nat(10 * dayMs), { nil: undefined }), fc.constantFrom(301, 400, 429, 500, 503, undefined), (step, random, retryAfterMs, status) => {
    const next = afterAttempt({ answer: { status, error: 'status', retryAfterMs }, step, schedule, now, random })
    if (step >= schedule.length) return next.status === 'failed'
    const wait = next.at!.getTime() - now.getTime()
    const asked = Math.min(retryAfterMs ?? 0, dayMs)
    return wait >= Math.floor(Math.max(schedule[step]! * 0.8, asked)) && wait <= Math.ceil(Math.max(schedule[step]! * 1.2, asked))
  }))
  t.match(afterAttempt({ answer: { status: 410, error: 'status', retryAfterMs: undefined }, step: 0, schedule, now, random: 0 }), { status: 'failed', at: null })
  t.end()
})

t.test('a receiver that says when is left alone until then, whatever else there is for it', async t => {
  const { tenant, path, endpoint, ask } = await shop()
  server.answer(path, (_, response) => { response.writeHead(429, { 'retry-after': '120' }).end() })
  await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  await house.happens(tenant, 'payment.failed')
  house.advance(60_000)
  await house.deliver()
  t.equal(server.at(path).length, 1)
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}/health`), { breaker: 'open', pending: 2 })
  server.answer(path, 204)
  house.advance(61_000)
  await house.deliver()
  t.equal(server.at(path).length, 3)
})

t.test('the breaker stops the hammering, one delivery tries, and all goes on when that is taken', async t => {
  const { tenant, path, endpoint, ask } = await shop({ event_types: ['payment.*'] })
  server.answer(path, 503)
  for (let event = 0; event < 8; event++) await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  t.equal(server.at(path).length, 8, 'under way at once')
  for (let event = 0; event < 5; event++) await house.happens(tenant, 'payment.succeeded')
  t.equal(await house.deliver(), 0)
  const waits: number[] = []
  for (let trial = 1; trial <= 8; trial++) {
    const health = await ask('GET', `/v1/webhook_endpoints/${endpoint.id}/health`)
    t.match(health, { breaker: 'open', pending: 13 })
    const wait = Date.parse(health.resumes_at) - house.hub.now().getTime()
    waits.push(Math.round(wait / 1000))
    house.advance(wait + 1)
    // Two workers look at the same moment, and one delivery goes out.
    const second = createDeliverer(house.hub, { random: () => 0.5 })
    await Promise.all([house.deliver(), sendAll(second)])
    await second.stop()
    t.equal(server.at(path).length, 8 + trial, `trial ${trial}`)
  }
  t.same(waits, [30, 60, 120, 240, 480, 900, 900, 900])
  t.match((await ask('GET', '/v1/alerts')).data, [{ kind: 'webhook_endpoint_failing', subject: endpoint.id, severity: 'warning' }], 'after an hour a person is told')
  server.answer(path, 204)
  house.advance(dayMs)
  await house.deliver()
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}/health`), { breaker: 'closed', pending: 0, consecutive_failures: 0, last_24_hours: { failed: Number } })
  t.same((await ask('GET', '/v1/alerts?status=open')).data, [], 'and the alert ends by itself')
})

t.test('410 disables at once, days of failure in the end: with an alert, and nothing waits for it any more; enabled again it gets what it missed', async t => {
  const since = house.hub.now().toISOString()
  const { tenant, path, endpoint, ask } = await shop({ event_types: ['payment.*'] })
  server.answer(path, 410)
  await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}`), { status: 'disabled', disabled_reason: 'gone' })
  t.match((await ask('GET', '/v1/alerts')).data, [{ kind: 'webhook_endpoint_disabled', severity: 'critical', subject: endpoint.id, detail: { reason: 'gone' } }])
  await house.happens(tenant, 'payment.failed')
  t.equal(await house.deliver(), 0)
  t.equal((await house.ask('POST', `/v1/webhook_endpoints/${endpoint.id}/recover`, { key: (await house.key(tenant)).key, body: { since } })).status, 409)
  server.answer(path, 204)
  await ask('PATCH', `/v1/webhook_endpoints/${endpoint.id}`, { enabled: true })
  t.same((await ask('GET', '/v1/alerts?status=open')).data, [])
  t.equal(await house.deliver(), 0, 'not by itself')
  t.match(await ask('POST', `/v1/webhook_endpoints/${endpoint.id}/recover`, { since }), { retried: 1, complete: true })
  await house.deliver()
  t.same(types(server.at(path)).filter(type => type.startsWith('payment.')).slice(1).sort(), ['payment.failed', 'payment.succeeded'])
  t.match(await ask('POST', `/v1/webhook_endpoints/${endpoint.id}/recover`, { since }), { retried: 0, created: 0 }, 'repeating it changes nothing')

  server.answer(path, 500)
  await house.happens(tenant, 'payment.succeeded')
  for (let day = 0; day <= 5; day++) {
    await house.happens(tenant, 'payment.failed')
    await house.deliver()
    house.advance(dayMs)
  }
  await house.deliver()
  t.match(await ask('GET', `/v1/webhook_endpoints/${endpoint.id}`), { status: 'disabled', disabled_reason: 'failing' })
  t.match((await ask('GET', '/v1/alerts?status=open')).data, [{ kind: 'webhook_endpoint_disabled', detail: { reason: 'failing' } }])
  t.same((await ask('GET', '/v1/deliveries?status=pending')).data, [])
  t.match((await ask('GET', '/v1/deliveries?status=failed')).data[0], { error: 'endpoint_disabled', attempts: Number })
  await ask('DELETE', `/v1/webhook_endpoints/${endpoint.id}`)
  t.equal((await house.ask('GET', `/v1/webhook_endpoints/${endpoint.id}`, { key: (await house.key(tenant)).key })).status, 404)
  t.ok((await ask('GET', '/v1/deliveries')).data.length > 5, 'what was delivered is still to be read')
})

t.test('in order per object: what follows waits for what failed, and other objects do not', async t => {
  const { tenant, path } = await shop({ ordering: 'per_object' })
  const [one, two] = [newUuid(house.hub.now()), newUuid(house.hub.now())]
  server.answer(path, ({ event }, response) => { response.writeHead(event.type === 'payment.processing' ? 500 : 204).end() })
  for (const type of ['payment.processing', 'payment.succeeded', 'payment.refunded']) await house.happens(tenant, type, { subject: one })
  await house.happens(tenant, 'payment.authorized', { subject: two })
  await house.deliver()
  t.same(types(server.at(path)).sort(), ['payment.authorized', 'payment.processing'])
  server.answer(path, 204)
  house.advance(6000)
  await house.deliver()
  t.same(types(server.at(path)).slice(2), ['payment.processing', 'payment.succeeded', 'payment.refunded'])
})

t.test('a test goes to the endpoint that asked for it, and is no event', async t => {
  const { path, endpoint, ask } = await shop({ event_types: ['payment.succeeded'] })
  const other = await ask('POST', '/v1/webhook_endpoints', { url: `${server.url}${path}-other`, event_types: ['*'] })
  const delivery = await ask('POST', `/v1/webhook_endpoints/${endpoint.id}/test`)
  t.match(delivery, { status: 'pending', test: true, event_type: 'webhook_endpoint.test', endpoint: endpoint.id })
  await house.deliver()
  const [got] = server.at(path)
  signedBy(t, endpoint.secret, got!, 'signed as any other')
  t.match(got!.event, { type: 'webhook_endpoint.test', data: { object: 'webhook_endpoint', id: endpoint.id } })
  t.match(await ask('GET', `/v1/deliveries/${delivery.id}`), { status: 'succeeded', log: [{ http_status: 204 }] })
  t.equal(server.at(`${path}-other`).length, 0)
  t.same((await ask('GET', '/v1/events')).data, [])
  await ask('PATCH', `/v1/webhook_endpoints/${other.id}`, { enabled: false })
  t.equal((await house.ask('POST', `/v1/webhook_endpoints/${other.id}/test`, { key: (await house.key({ id: delivery.tenant, uuid: parseId('tenant', delivery.tenant)! })).key })).status, 409)
})

t.test('many are sent again after a dry run has counted them, page by page', async t => {
  const { tenant, path, endpoint, ask } = await shop()
  for (const type of ['payment.succeeded', 'payment.failed', 'refund.succeeded']) await house.happens(tenant, type)
  await house.deliver()
  const filter = { endpoint: endpoint.id, status: 'succeeded', event_type: 'payment.*' }
  t.same(await ask('POST', '/v1/deliveries/replay', { ...filter, dry_run: true }), { dry_run: true, matched: 2, replayed: 0, next_cursor: null })
  t.equal(await house.deliver(), 0)
  t.match(await ask('POST', '/v1/deliveries/replay', filter), { matched: 2, replayed: 2, next_cursor: null })
  await house.deliver()
  t.equal(server.at(path).length, 5)
  t.match(await ask('POST', '/v1/deliveries/replay', {}), { matched: 0, replayed: 0 }, 'what failed, unless it is said otherwise')
})

t.test('a partner gets the events of the tenants that let it, and of no other; they do not see its endpoints', async t => {
  const [first, second, third] = [await shop(), await shop(), await shop()]
  const partner = await house.partner()
  const nobody = await house.partner()
  for (const { tenant } of [first, second]) await house.ask('PUT', `/v1/partners/${partner.id}/tenants/${tenant.id}`, { key: house.platformKey })
  const made = await house.ask('POST', '/v1/webhook_endpoints', { key: partner.key, body: { url: `${server.url}/partner`, event_types: ['payment.*'] } })
  t.match(made, { status: 201, body: { partner: partner.id, secret: /^whsec_/ } })
  for (const { tenant } of [first, second, third]) await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  t.same(server.at('/partner').map(({ event }) => event.tenant_id).sort(), [first.tenant.id, second.tenant.id].sort())
  signedBy(t, made.body.secret, server.at('/partner')[0]!, 'by the partner’s secret')
  t.equal((await house.ask('GET', '/v1/deliveries', { key: partner.key })).body.data.length, 2)

  for (const asked of [{ key: first.key }, { key: nobody.key }, { key: partner.key, tenant: first.tenant.id }, { key: house.platformKey }]) {
    t.equal((await house.ask('GET', `/v1/webhook_endpoints/${made.body.id}`, asked)).status, 404)
    t.notOk(JSON.stringify((await house.ask('GET', '/v1/webhook_endpoints', asked)).body).includes(made.body.id))
    t.notOk(JSON.stringify((await house.ask('GET', '/v1/deliveries', asked)).body).includes(made.body.id))
  }
  t.equal((await house.ask('GET', `/v1/webhook_endpoints/${first.endpoint.id}`, { key: partner.key })).status, 404, 'nor the partner theirs, unless it acts for them')
  t.equal((await house.ask('GET', `/v1/webhook_endpoints/${first.endpoint.id}`, { key: partner.key, tenant: first.tenant.id })).status, 200)
  t.equal((await house.ask('GET', '/v1/payments', { key: partner.key })).status, 404)
  t.equal((await house.ask('GET', '/v1/events', { key: partner.key })).status, 400, 'elsewhere it still has to name a tenant')

  await house.happens(first.tenant, 'payment.failed')
  await house.ask('DELETE', `/v1/partners/${partner.id}/tenants/${first.tenant.id}`, { key: house.platformKey })
  await house.deliver()
  t.equal(server.at('/partner').length, 2, 'what was on its way is not sent after the consent is withdrawn')
  t.match((await house.ask('GET', '/v1/deliveries?status=failed', { key: partner.key })).body.data, [{ error: 'consent_withdrawn', attempts: 0 }])
  const missed = await house.ask('POST', `/v1/webhook_endpoints/${made.body.id}/recover`, { key: partner.key, body: { since: new Date(house.hub.now().getTime() - 3600_000).toISOString() } })
  t.match(missed.body, { created: 0 }, 'nor later')
  t.match(await house.ask('POST', `/v1/webhook_endpoints/${made.body.id}/test`, { key: partner.key }), { status: 201 })
  await house.deliver()
  t.match(server.at('/partner').at(-1)!.event, { type: 'webhook_endpoint.test' })
})

t.test('no secret stands in a row, a log line or an answer that comes later', async t => {
  const { tenant, endpoint, ask } = await shop({ asymmetric: true })
  await house.happens(tenant, 'payment.succeeded')
  await house.deliver()
  const { secret } = await ask('POST', `/v1/webhook_endpoints/${endpoint.id}/rotate_secret`, {})
  const places = [
    ...await dump(house.database.superUrl), { where: 'the log', text: house.logged() }, { where: 'the audit log', text: JSON.stringify((await house.ask('GET', '/v1/audit_log', { key: house.platformKey, tenant: tenant.id })).body) },
    ...await Promise.all([`/v1/webhook_endpoints/${endpoint.id}`, '/v1/webhook_endpoints', '/v1/deliveries'].map(async path => ({ where: path, text: JSON.stringify(await ask('GET', path)) })))
  ]
  for (const one of [endpoint.secret, secret]) t.same([...leaks(one, places), ...leaks(one.slice(6), places)], [])
})
