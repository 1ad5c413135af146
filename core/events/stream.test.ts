import { sql } from 'kysely'
import pg from 'pg'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { type Client, createClient, PermissionError, RateLimitError } from '../../sdk/index.ts'
import { accessApp, type AccessApp, type TestTenant } from '../../test/support/access-app.ts'
import { eventually } from '../../test/support/eventually.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId } from '../ids.ts'
import { listenChanges } from '../listen-changes.ts'
import { supportRoutes } from '../support/routes.ts'
import { recordEvents } from './record.ts'
import { streamRoutes } from './stream-route.ts'
import { createStreams, type Streams } from './streams.ts'
import type { EventType } from './types.ts'

let house: AccessApp
let url: string
let streams: Streams
const log = pino({ level: 'silent' })

t.before(async () => {
  house = await accessApp(t, {
    routes: async app => {
      await supportRoutes(app)
      streams = createStreams({ db: app.hub.db, log, perTenant: 2 })
      await streamRoutes(app, { streams, heartbeatMs: 25 })
    }
  })
  const changes = listenChanges({ url: house.database.appUrl, log, channels: { event_recorded: streams.hear }, resumed: streams.resumed })
  t.teardown(async () => {
    await streams.close()
    await changes.close()
  })
  url = await house.app.listen({ port: 0, host: '127.0.0.1' })
})

const record = async (tenant: TestTenant, type: EventType = 'payment.succeeded', mode: Mode = 'test'): Promise<string> => {
  const subjectId = newUuid(house.hub.now())
  await inTenant(house.hub.db, tenant.uuid, async db => { await recordEvents(db, house.hub.now(), [{ type, mode, subjectId, data: { secret: 'not for the wire' } }]) })
  return publicId('payment', subjectId)
}

/** A stream that is open, and what was heard on it. */
async function hearing (t: Test, client: Client, types?: string[]): Promise<{ heard: string[], ended: Promise<unknown>, stop: () => void }> {
  const controller = new AbortController()
  const heard: string[] = []
  const ended = (async () => { for await (const { kind, id = '' } of client.changes({ signal: controller.signal, ...(types && { types }) })) heard.push(`${kind} ${id}`.trim()) })().catch((error: unknown) => error)
  t.teardown(async () => {
    controller.abort()
    await ended
  })
  await eventually('the stream is open', () => heard.includes('stream.opened'))
  heard.length = 0
  return { heard, ended, stop: () => { controller.abort() } }
}

const clientOf = (key: string, more: object = {}): Client => createClient({ url, key, tools: { sleep: async () => { await new Promise(resolve => setImmediate(resolve)) } }, ...more })

t.test('what happens is heard at once, kind and id only, by its tenant and mode and nobody else', async t => {
  const [ours, theirs] = [await house.tenant(), await house.tenant()]
  const [test, live, other] = await Promise.all([house.key(ours), house.key(ours, undefined, 'live'), house.key(theirs)])
  const [own, ownLive, strange] = await Promise.all([hearing(t, clientOf(test.key)), hearing(t, clientOf(live.key)), hearing(t, clientOf(other.key))])
  const [first, second, third] = [await record(ours), await record(ours, 'payment.failed', 'live'), await record(theirs, 'payment.canceled')]
  await eventually('all have heard', () => own.heard.length + ownLive.heard.length + strange.heard.length === 3)
  t.same(own.heard, [`payment.succeeded ${first}`])
  t.same(ownLive.heard, [`payment.failed ${second}`])
  t.same(strange.heard, [`payment.canceled ${third}`])
  await t.rejects(clientOf(other.key, { tenant: ours.id }).changes().next(), { code: /forbidden|not_found/ }, 'a stranger who knows the tenant’s id')
  const { key: deaf } = await house.key(ours, ['payments:read'])
  t.ok(await clientOf(deaf).changes().next().catch((error: unknown) => error) instanceof PermissionError)
})

t.test('the bytes: no data of the event, no cache, and a comment while nothing happens', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const controller = new AbortController()
  const response = await fetch(`${url}/v1/stream`, { headers: { authorization: `Bearer ${key}` }, signal: controller.signal })
  t.match(Object.fromEntries(response.headers as unknown as Iterable<[string, string]>), { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': /no-store/, 'x-accel-buffering': 'no', 'request-id': /./ })
  let text = ''
  const reading = (async () => { for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(bytes) })().catch(() => {})
  await eventually('a comment', () => text.includes(': still here\n\n'))
  const id = await record(tenant)
  await eventually('the change', () => text.includes(id))
  t.match(text, /^event: opened\ndata: \{\}\n\n/)
  t.match(text, new RegExp(`event: change\ndata: {"kind":"payment.succeeded","id":"${id}","event":"evt_[0-9a-f]{32}"}\n\n`))
  t.notMatch(text, /not for the wire|ten_/)
  controller.abort()
  await reading
})

t.test('only the types that were asked for', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const { heard } = await hearing(t, clientOf(key), ['payment.failed', 'refund.*'])
  for (const type of ['payment.succeeded', 'refund.pending', 'payment.failed'] as const) await record(tenant, type)
  await eventually('two', () => heard.length === 2)
  t.same(heard.map(line => line.split(' ')[0]), ['refund.pending', 'payment.failed'])
  t.equal((await house.ask('GET', '/v1/stream?type=*', { key })).status, 400)
})

t.test('the database sends a word only where somebody listens', async t => {
  const spy = new pg.Client({ connectionString: house.database.appUrl })
  await spy.connect()
  t.teardown(async () => { await spy.end() })
  const words: string[] = []
  spy.on('notification', ({ payload }) => { words.push(payload ?? '') })
  await spy.query('listen event_recorded')
  const [quiet, loud] = [await house.tenant(), await house.tenant()]
  const { key } = await house.key(loud)
  const stream = await hearing(t, clientOf(key))
  await record(quiet)
  const id = await record(loud)
  await eventually('heard', () => stream.heard.length === 1)
  await eventually('told', () => words.length > 0)
  t.same(words.map(word => word.split(':').slice(0, 3)), [[loud.uuid, 'test', 'payment.succeeded']], 'and nothing of the one nobody listens to')
  t.same(stream.heard, [`payment.succeeded ${id}`])
  const lease = async (): Promise<number> => await inTenant(house.hub.db, loud.uuid, async db => Number((await db.selectFrom('stream_listeners').select(({ fn }) => fn.countAll().as('n')).where('tenant_id', '=', loud.uuid).executeTakeFirstOrThrow()).n))
  t.equal(await lease(), 1)
  stream.stop()
  await eventually('the lease is given back', async () => await lease() === 0)
})

t.test('it ends with its key, and with its session', async t => {
  const tenant = await house.tenant()
  const { id, key } = await house.key(tenant)
  const byKey = await hearing(t, clientOf(key))
  await house.ask('DELETE', `/v1/api_keys/${id}`, { key: house.platformKey, tenant: tenant.id })
  t.match(await byKey.ended, { code: 'unauthenticated' })
  const { session } = await house.person('viewer', tenant)
  const response = await fetch(`${url}/v1/stream`, { headers: { cookie: `pasarela_session=${session.cookie}` } })
  t.equal(response.status, 200)
  const text = response.text()
  await house.ask('DELETE', `/v1/sessions/${session.id}`, { session })
  t.match(await text, /^event: opened/, 'the answer has an end')
})

t.test('support hears no word more than its access lets it', async t => {
  const [tenant, other] = [await house.tenant(), await house.tenant()]
  const { session } = await house.person('support')
  const enter = async (of: TestTenant) => (await house.ask('POST', '/v1/support_access', { session, body: { tenant: of.id, reason: 'they called about a payment', minutes: 5 } })).body.id as string
  const listen = async (of: TestTenant) => {
    const response = await fetch(`${url}/v1/stream`, { headers: { cookie: `pasarela_session=${session.cookie}`, 'pasarela-tenant': of.id } })
    const told = { text: '' }
    const ended = (async () => { for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) told.text += new TextDecoder().decode(bytes) })()
    return { status: response.status, told, ended }
  }
  t.equal((await fetch(`${url}/v1/stream`, { headers: { cookie: `pasarela_session=${session.cookie}`, 'pasarela-tenant': tenant.id } })).status, 403, 'not before it has entered')
  const access = await enter(tenant)
  await enter(other)
  const [stream, beside] = [await listen(tenant), await listen(other)]
  const first = await record(tenant)
  await eventually('while it is open all is heard', () => stream.told.text.includes(first))
  await house.ask('POST', `/v1/support_access/${access}/end`, { key: house.platformKey })
  const second = await record(tenant)
  await stream.ended
  t.notMatch(stream.told.text, second, 'the change came after the end')
  const third = await record(other)
  await eventually('the other access stands', () => beside.told.text.includes(third))
  house.advance(5 * 60_000)
  const fourth = await record(other)
  await beside.ended
  t.notMatch(beside.told.text, fourth, 'its time was over')
})

t.test('no more than so many listen at once', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const [one] = [await hearing(t, clientOf(key)), await hearing(t, clientOf(key))]
  const error = await clientOf(key).get('/v1/stream', { retries: 0 }).catch((error: unknown) => error)
  t.ok(error instanceof RateLimitError)
  t.match(error, { status: 429, retryAfterMs: 30_000 })
  one.stop()
  await eventually('there is room again', async () => {
    const response = await fetch(`${url}/v1/stream`, { headers: { authorization: `Bearer ${key}` } })
    await response.body?.cancel()
    return response.status === 200
  })
})

t.test('when the database was not heard for a while, everybody is told to read again', async t => {
  const { key } = await house.key(await house.tenant())
  const { heard } = await hearing(t, clientOf(key))
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pasarela changes' and datname = current_database()`.execute(house.database.owner)
  await eventually('it hears again', () => heard.includes('stream.missed'))
  t.pass()
})

t.test('closing the server ends every stream at once', async t => {
  const { key } = await house.key(await house.tenant())
  const response = await fetch(`${url}/v1/stream`, { headers: { authorization: `Bearer ${key}` } })
  const text = response.text()
  const from = performance.now()
  const closing = house.app.close()
  t.match(await text, /^event: opened/)
  t.ok(performance.now() - from < 10_000, 'nobody waits for an answer that has no end')
  house.app.server.closeAllConnections() // what `fetch` keeps open; core/end-connections.ts does it in the whole app
  await closing
})
