import t, { type Test } from 'tap'
import { HubError } from '../core/errors.ts'
import { bearer, httpApp } from '../test/support/http-app.ts'
import { createKnownGood } from './known-good.ts'
import { rateLimit, type RateLimitOptions } from './rate-limit.ts'

async function world (t: Test, options: Partial<RateLimitOptions> = {}) {
  const app = await httpApp(t, {
    early: async app => { await app.register(rateLimit, { perMinuteKey: 3, perMinuteAddress: 2, perMinuteHooksAddress: 4, ...options }) }
  })
  app.get('/v1/x', async () => ({ ok: true }))
  app.post('/hooks/:token', async () => ({ ok: true }))
  app.get('/health', { config: { rateLimit: false } }, async () => ({ ok: true }))
  app.post<{ Body: { email: string } }>('/v1/sessions', async request => {
    await app.limitLogin(request, request.body.email)
    throw new HubError('login_failed')
  })
  const get = async (headers: Record<string, string> = {}, remoteAddress = '203.0.113.1', url = '/v1/x') => await app.inject({ url, headers, remoteAddress })
  return { app, get }
}

t.test('a key has its own bucket, wherever it is used from, and answers say what is left', async t => {
  const { get } = await world(t)
  const first = await get(bearer({ id: 'key_a' }))
  t.match(first.headers, { 'ratelimit-limit': '3', 'ratelimit-remaining': '2', 'ratelimit-reset': /^\d+$/ })
  await get(bearer({ id: 'key_a' }), '203.0.113.2')
  await get(bearer({ id: 'key_a' }), '203.0.113.3')
  const refused = await get(bearer({ id: 'key_a' }), '203.0.113.4')
  t.match([refused.statusCode, refused.json().code], [429, 'rate_limited'])
  t.match(refused.headers, { 'retry-after': /^\d+$/, 'ratelimit-remaining': '0', 'ratelimit-limit': '3', 'request-id': /^req_/, 'content-type': /problem/ })
  t.equal((await get(bearer({ id: 'key_b' }))).statusCode, 200, 'another key')
})

t.test('without a credential the address counts, and an IPv6 network counts as one', async t => {
  const { get } = await world(t)
  for (let index = 0; index < 2; index++) t.equal((await get()).statusCode, 200)
  t.equal((await get()).statusCode, 429)
  t.equal((await get({}, '203.0.113.9')).statusCode, 200)
  const statuses = []
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1']) statuses.push((await get({}, address)).statusCode)
  t.same(statuses, [200, 200, 429, 200])
})

t.test('guessing keys is cut off, even the guess that would be right', async t => {
  const { get } = await world(t)
  const guess = { authorization: 'Bearer bad' }
  t.same([(await get(guess)).statusCode, (await get(guess)).statusCode, (await get(guess)).statusCode], [401, 401, 429])
  t.equal((await get(bearer({ id: 'key_guessed' }))).statusCode, 429)
  t.equal((await get(bearer({ id: 'key_guessed' }), '203.0.113.77')).statusCode, 200, 'from elsewhere it works')
})

t.test('who was good a moment ago is not locked out by a neighbour behind the same address', async t => {
  const { get } = await world(t, { perMinuteKey: 100 })
  t.equal((await get(bearer({ id: 'key_good' }))).statusCode, 200)
  for (let index = 0; index < 5; index++) await get({ authorization: 'Bearer bad' })
  t.equal((await get(bearer({ id: 'key_good' }))).statusCode, 200)
})

t.test('webhooks have a bucket of their own, and health is never limited', async t => {
  const { app, get } = await world(t)
  for (let index = 0; index < 5; index++) await get()
  const hook = async () => (await app.inject({ method: 'POST', url: '/hooks/token', remoteAddress: '203.0.113.1' })).statusCode
  t.same([await hook(), await hook(), await hook(), await hook(), await hook()], [200, 200, 200, 200, 429])
  for (let index = 0; index < 10; index++) t.equal((await get({}, '203.0.113.1', '/health')).statusCode, 200)
})

t.test('logins are limited by e-mail over all addresses, and by address over all e-mails', async t => {
  const { app } = await world(t, { perMinuteAddress: 1000, login: { perAddress: 5, perEmail: 2, windowMs: 60_000 } })
  const login = async (email: string, remoteAddress: string) => (await app.inject({ method: 'POST', url: '/v1/sessions', payload: { email }, remoteAddress })).statusCode
  t.same([await login('ana@x.mx', '203.0.113.1'), await login('ANA@x.mx ', '203.0.113.2'), await login('ana@x.mx', '203.0.113.3')], [401, 401, 429])
  const statuses = []
  for (let index = 0; index < 6; index++) statuses.push(await login(`u${index}@x.mx`, '203.0.113.50'))
  t.same(statuses, [401, 401, 401, 401, 401, 429])
})

t.test('paths that do not exist count as well', async t => {
  const { get } = await world(t)
  t.same([(await get({}, '203.0.113.1', '/a')).statusCode, (await get({}, '203.0.113.1', '/b')).statusCode, (await get({}, '203.0.113.1', '/c')).statusCode], [404, 404, 429])
})

t.test('when Redis cannot be reached nothing is refused, and the app starts and stops', async t => {
  const { get } = await world(t, { redisUrl: 'redis://127.0.0.1:1' })
  for (let index = 0; index < 5; index++) t.equal((await get()).statusCode, 200)
})

t.test('what is known to be good is bounded', async t => {
  const known = createKnownGood({ maxEntries: 2 })
  for (const entry of ['a', 'b', 'a', 'c', undefined]) known.add(entry)
  t.same(['a', 'b', 'c', undefined].map(entry => known.has(entry)), [true, false, true, false])
})
