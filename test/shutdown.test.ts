/** The server's end and its starts, as an operator sees them: in processes of their own. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { startStripeSimulator } from '../adapters/stripe/simulator.ts'
import { askAt, order } from './support/app.ts'
import { testDatabase, type TestDatabase } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { freePort, type ServerProcess, startServer } from './support/server-process.ts'

/** It gives itself SHUTDOWN_MS, 4,500; the rest is room for a slow machine. */
const endsWithinMs = 15_000
const masterKeys = `end:${createHash('sha256').update('end').digest('base64')}`

t.setTimeout(560_000)

t.test('told to stop with requests under way: they are answered, nothing is lost, and it ends with 0', async t => {
  const database = await testDatabase(t)
  const simulator = await startStripeSimulator({ webhookRetryBaseMs: 300, asyncMs: 10 })
  t.teardown(async () => { await simulator.close() })
  const dataDir = t.testdir({})
  // Where the provider sends its webhooks, whichever process listens.
  const port = String(await freePort())
  const env = { ...envOf(database), PASARELA_DATA_DIR: dataDir, PORT: port, PASARELA_PROVIDER_URL_STRIPE: simulator.url, PASARELA_PROVIDER_RATE_STRIPE: '1000', RESOLVER_SCHEDULE: '300ms,1s,1s,1s', QUEUE_LOCK_MS: '2000', QUEUE_STALLED_MS: '1000', SWEEP_INTERVAL_MS: '200' }
  const server = startServer(t, env)
  await server.up
  const { platform_key: platformKey } = firstRun(dataDir)
  const must = async (path: string, key: string, body: object, headers = {}): Promise<any> => {
    const answer = await askAt(server.url, 'POST', path, { key, body, headers })
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.text}`)
    return answer.body
  }
  const tenant = await must('/v1/tenants', platformKey!, { name: 'Last', country: 'MX' })
  const { key } = await must('/v1/api_keys', platformKey!, { mode: 'test' }, { 'pasarela-tenant': tenant.id })
  const connection = await must('/v1/connections', key, { provider: 'stripe', mode: 'test', credentials: simulator.credentials('test') })
  await must(`/v1/connections/${connection.id}/webhook`, key, {})
  await simulator.settled()

  // Connections that ask nothing, or not yet, or never to the end.
  const idle = await open(t, port)
  const half = await open(t, port, 'GET /health HTTP/1.1\r\nhost: x\r\n')
  const slow = await open(t, port, `POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"amount":`)
  const kept = await open(t, port, 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await eventually('the kept one was answered', () => kept.bytesRead > 0)

  simulator.inject({ kind: 'slow', method: 'POST', path: '/v1/payment_intents', times: 10, ms: 900 })
  const answers = Promise.all(Array.from({ length: 5 }, async (_, index) => await askAt(server.url, 'POST', '/v1/payments', { key, body: order, idempotencyKey: `last-${index}` })))
  await eventually('five payments are at the provider', () => new Set(simulator.requests().filter(({ fault }) => fault === 'slow').map(({ idempotencyKey }) => idempotencyKey)).size === 5)
  const told = performance.now()
  simulator.clearFaults()
  server.kill('SIGTERM')
  await eventually('it takes no new connection', async () => await open(t, port).then(socket => { socket.destroy() }, () => true), { everyMs: 5 })
  const five = await answers
  t.same(five.map(({ status, body }) => [status, body.status]), Array(5).fill([201, 'succeeded']), 'the five that were under way are answered')
  t.same(await server.ended, { code: 0, signal: null }, 'it ended with 0', { output: server.output().slice(-2000) })
  const ms = performance.now() - told
  t.ok(ms < endsWithinMs, `after ${Math.round(ms)} ms`)
  for (const [name, socket] of Object.entries({ idle, half, slow, kept })) await eventually(`the connection that was ${name} is closed`, () => socket.destroyed || socket.readableEnded)

  const next = startServer(t, env)
  await next.up
  t.same(firstRun(dataDir).platform_key, platformKey, 'the next start knows its key')
  for (const [index, { body }] of five.entries()) {
    t.match((await askAt(next.url, 'GET', `/v1/payments/${body.id}`, { key })).body, { status: 'succeeded', amount_captured: order.amount })
    const again = await askAt(next.url, 'POST', '/v1/payments', { key, body: order, idempotencyKey: `last-${index}` })
    t.match([again.status, again.body.id], [201, body.id], 'its key is kept')
    t.match(simulator.effects(body.id), { charges: 1 })
  }
  await eventually('the webhooks of the five are processed', async () => {
    await simulator.settled()
    const rows = await database.owner.selectFrom('inbound_events').select('status').where('event_type', '=', 'payment_intent.succeeded').execute()
    return rows.length === 5 && rows.every(({ status }) => status === 'processed')
  }, { withinMs: 60_000, everyMs: 100 })
  await ends(t, next, 'SIGINT')
})

t.test('a port that is taken is said, and it ends with 1', async t => {
  const database = await testDatabase(t)
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => { holder.close() })
  const { port } = holder.address() as AddressInfo
  const server = startServer(t, { ...envOf(database), PASARELA_DATA_DIR: t.testdir({}), PORT: String(port) })
  await t.rejects(server.up)
  t.same(await server.ended, { code: 1, signal: null })
  t.match(server.output(), new RegExp(`EADDRINUSE.*${port}`))
  t.notMatch(server.output(), /is up at/)
})

t.test('a configuration that is wrong is said whole, and it ends with 1', async t => {
  const server = startServer(t, { PASARELA_DATA_DIR: t.testdir({}), PORT: 'http', SWEEP_INTERVAL_MS: 'soon', PASARELA_MASTERKEYS: 'k:x' })
  await t.rejects(server.up)
  t.same(await server.ended, { code: 1, signal: null })
  for (const name of ['PORT', 'SWEEP_INTERVAL_MS', 'PASARELA_MASTER_KEYS']) t.match(server.output(), name)
})

t.test('with nothing set: its own database, also below a folder that only root may enter; a second start finds its data', async t => {
  const root = process.getuid?.() === 0
  const parent = mkdtempSync(path.join(tmpdir(), 'pasarela-first-'))
  chmodSync(parent, 0o700)
  const dataDir = path.join(parent, 'data')
  mkdirSync(dataDir)
  t.teardown(() => {
    const note = path.join(dataDir, 'pg-location')
    if (existsSync(note)) rmSync(path.dirname(readFileSync(note, 'utf8').trim()), { recursive: true, force: true })
    rmSync(parent, { recursive: true, force: true })
  })
  const env = { PASARELA_DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' }
  const first = startServer(t, env)
  await first.up
  const made = firstRun(dataDir)
  t.equal((statSync(path.join(dataDir, 'first-run.json')).mode & 0o777).toString(8), '600')
  t.match(made, { url: first.url, platform_key: /^pas_live_/, tenant_id: /^ten_/, api_key_test: /^pas_test_/, user: /@/, password: /./, connections: { stripe: /^con_/ } })
  if (root) t.ok(existsSync(path.join(dataDir, 'pg-location')), 'the database lies where its user may enter')
  // The line that it prints for a newcomer.
  const [, body] = /-d '(\{.*\})'/.exec(first.output()) ?? []
  const paid = await askAt(first.url, 'POST', '/v1/payments', { key: made.api_key_test!, body: JSON.parse(body!) as object, idempotencyKey: 'first' })
  t.match([paid.status, paid.body.status], [201, 'succeeded'])
  await ends(t, first, 'SIGTERM')

  const second = startServer(t, env)
  await second.up
  const { url, ...found } = firstRun(dataDir)
  const { url: before, ...same } = made
  t.same(found, same)
  t.equal(url, second.url)
  t.match((await askAt(second.url, 'GET', `/v1/payments/${paid.body.id}`, { key: made.api_key_test! })).body, { status: 'succeeded' })
  const again = await askAt(second.url, 'POST', '/v1/payments', { key: made.api_key_test!, body: order })
  t.match([again.status, again.body.status], [201, 'succeeded'], 'its simulator kept the account')
  const login = await askAt(second.url, 'POST', '/v1/sessions', { body: { email: made.user!, password: made.password! } })
  t.equal(login.status, 201)
  await ends(t, second, 'SIGINT')
})

function envOf (database: TestDatabase): Record<string, string> {
  return { DATABASE_APP_URL: database.appUrl, DATABASE_QUEUE_URL: database.queueUrl, PASARELA_MASTER_KEYS: masterKeys, LOG_LEVEL: 'info' }
}

function firstRun (dataDir: string): Partial<Record<'url' | 'platform_key' | 'tenant_id' | 'api_key_test' | 'user' | 'password', string>> {
  return JSON.parse(readFileSync(path.join(dataDir, 'first-run.json'), 'utf8'))
}

async function ends (t: Test, server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  const from = performance.now()
  server.kill(signal)
  t.same(await server.ended, { code: 0, signal: null }, `${signal}: it ended with 0`, { output: server.output().slice(-2000) })
  const ms = performance.now() - from
  t.ok(ms < endsWithinMs, `${signal}: it ended after ${Math.round(ms)} ms`)
}

async function open (t: Test, port: string, text = ''): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')
  socket.on('error', () => {}).resume()
  if (text !== '') socket.write(text)
  return socket
}
