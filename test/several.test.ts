/**
 * More than one machine, on one: three API and three worker processes on one PostgreSQL, one of each killed with `kill -9`
 * while payments, invoices and webhooks run, both ways. Then fewer of them with the queues in Redis, which loses everything
 * in the middle. Nothing is lost and nothing is doubled. SEVERAL_STORIES chooses how much runs.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { startFinkokSimulator } from '../adapters/finkok/simulator.ts'
import { startStripeSimulator } from '../adapters/stripe/simulator.ts'
import { createSatWorld } from '../core/demo/sat-world.ts'
import { publicId, uuidOf } from '../core/ids.ts'
import { redisIsInstalled, startRedis } from '../core/jobs/fixtures/redis-server.ts'
import { askAt, card } from './support/app.ts'
import { csd, issuerRfc } from './support/cfdi.ts'
import { testDatabase } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { courses } from './support/fiscal-shop.ts'
import { hooksFront } from './support/hooks-front.ts'
import { createPartner } from './support/partner.ts'
import { freePort, type ServerProcess, startServer, startWorker } from './support/server-process.ts'

const stories = Number(process.env.SEVERAL_STORIES ?? 15)
/** A PAC's call whose end nobody saw may be under way for as long as it may take; only then is it asked for. With that, the rest has time. */
const stampMs = 200_000
t.setTimeout(500_000)

t.test('three API and three worker processes, one of each killed: nothing lost, nothing doubled', async t => {
  const house = await several(t, { apis: 3, workers: 3 })
  const startedAt = performance.now()
  const told = house.run(stories)
  await house.under(stories / 3)
  const [api, worker] = [house.apis[1]!, house.workers[1]!]
  for (const killed of [api, worker]) killed.kill('SIGKILL')
  await Promise.all([api.ended, worker.ended])
  await told
  await house.reckon(t, stories)
  t.equal(house.living(), 4)
  const left = house.workers[0]!.url
  t.equal((await askAt(left, 'GET', '/ready')).status, 200, 'a worker process says that it is well')
  t.match((await askAt(left, 'GET', '/metrics')).text, /pasarela_jobs_total\{queue="inbound",outcome="completed"\} [1-9]/, 'and what it did')
  const { rows: runs } = await sql<{ name: string, outcome: string }>`select name, outcome from schedules where started_at is not null`.execute(house.owner)
  t.ok(runs.length > 0, 'schedules ran, without a leader')
  t.comment(`from the first request to the last delivery: ${Math.round(performance.now() - startedAt)} ms`)
})

t.test('the queues in Redis, which forgets everything in the middle', { skip: redisIsInstalled ? false : 'redis-server is not installed' }, async t => {
  const redis = await startRedis()
  t.teardown(redis.stop)
  const house = await several(t, { apis: 1, workers: 1, env: { QUEUE_URL: redis.url } })
  const told = house.run(8)
  await house.under(3)
  await redis.down()
  await house.under(6)
  await redis.up()
  await told
  await house.reckon(t, 8)
})

async function several (t: Test, { apis: apiCount, workers: workerCount, env: more = {} }: { apis: number, workers: number, env?: Record<string, string> }) {
  const database = await testDatabase(t)
  const { owner } = database
  const world = createSatWorld({ now: () => new Date(), processMs: 0 })
  const [stripe, finkok] = await Promise.all([startStripeSimulator({ webhookRetryBaseMs: 100, asyncMs: 10 }), startFinkokSimulator({ world })])
  const partnerApp = await receiver()
  t.teardown(async () => { await Promise.all([stripe.close(), finkok.close(), partnerApp.close()]) })

  const apis: ServerProcess[] = []
  const workers: ServerProcess[] = []
  const alive = new Set<ServerProcess>()
  let turn = 0
  const next = () => [...alive].filter(process => apis.includes(process))[turn++ % Math.max(1, [...alive].filter(process => apis.includes(process)).length)]
  const front = await hooksFront(() => next()?.url)
  t.teardown(front.close)
  // One folder for all, as a shared file system (or S3) is: documents are written by one and read by another.
  const dataDir = t.testdir({})
  const env = {
    DATABASE_APP_URL: database.appUrl,
    DATABASE_QUEUE_URL: database.queueUrl,
    DATABASE_POOL_SIZE: '6',
    PASARELA_DATA_DIR: dataDir,
    PASARELA_MASTER_KEYS: `several:${Buffer.alloc(32, 'several').toString('base64')}`,
    PASARELA_PROVIDER_URL_STRIPE: stripe.url,
    PASARELA_PROVIDER_RATE_STRIPE: '10000',
    PASARELA_PROVIDER_URL_FINKOK: finkok.url,
    PASARELA_PROVIDER_RATE_FINKOK: '10000',
    PASARELA_PUBLIC_URL: front.url,
    WEBHOOK_PRIVATE_ADDRESSES: 'true',
    WEBHOOK_TIMEOUT_MS: '2000',
    LOG_LEVEL: 'info',
    RESOLVER_SCHEDULE: '300ms,300ms,500ms,1s,1s,2s,2s,5s,5s,5s,5s',
    INBOUND_SCHEDULE: '300ms,500ms,1s,2s,5s,5s,5s,5s',
    SWEEP_INTERVAL_MS: '400',
    QUEUE_LOCK_MS: '2500',
    QUEUE_STALLED_MS: '2500', // each of some forty kinds looks so often, in each worker
    JOB_LEASE_MS: '4000',
    IDEMPOTENCY_LEASE_MS: '1000',
    ...more
  }
  const launch = async (make: () => Promise<ServerProcess>, among: ServerProcess[]) => {
    const process = await make()
    among.push(process)
    void process.ended.then(() => { alive.delete(process) })
    await process.up
    alive.add(process)
  }
  const api = async () => startServer(t, { ...env, PASARELA_ROLES: 'api', PORT: String(await freePort()) })
  await launch(api, apis) // the first makes the platform
  await Promise.all([...Array.from({ length: apiCount - 1 }, async () => { await launch(api, apis) }), ...Array.from({ length: workerCount }, async () => {
    const port = String(await freePort())
    await launch(async () => startWorker(t, { ...env, WORKER_PORT: port, PORT: port }), workers)
  })])

  const { platform_key: platformKey } = JSON.parse(readFileSync(path.join(dataDir, 'first-run.json'), 'utf8')) as { platform_key: string }
  const must = async (path: string, key: string, body: object, headers = {}): Promise<any> => {
    const answer = await askAt(next()!.url, 'POST', path, { key, body, headers })
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.text}`)
    return answer.body
  }
  const tenant = await must('/v1/tenants', platformKey, { name: 'Several', country: 'MX' })
  const { key } = await must('/v1/api_keys', platformKey, { mode: 'test' }, { 'pasarela-tenant': tenant.id })
  const connection = await must('/v1/connections', key, { provider: 'stripe', mode: 'test', credentials: stripe.credentials('test') })
  await must(`/v1/connections/${connection.id}/webhook`, key, {})
  const issuer = await must('/v1/issuers', key, { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' })
  await must('/v1/certificates', key, { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id })
  await must('/v1/series', key, { issuer: issuer.id, document: 'invoice', prefix: 'A' })
  await must('/v1/connections', key, { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') })
  const endpoint = await must('/v1/webhook_endpoints', key, { url: partnerApp.url, event_types: ['*'] })

  const partner = createPartner({ key, url: () => next()!.url, withinMs: stampMs })
  const payments = new Map<string, string>()
  const invoices = new Map<string, string>()

  /** A third pays, a third pays and gets a part back, a third is invoiced. */
  async function story (n: number): Promise<void> {
    const name = `story-${n}`
    if (n % 3 === 2) {
      const { body } = await partner.tell(name, name, '/v1/invoices', courses())
      invoices.set(name, body.id)
      await partner.until(`/v1/invoices/${body.id}`, `${name} is issued`, ({ status }) => status === 'issued')
      return
    }
    const { body } = await partner.tell(name, name, '/v1/payments', { amount: 19_900, currency: 'MXN', method: card('pm_card_visa'), metadata: { story: name } })
    payments.set(name, body.id)
    await partner.known(body.id)
    if (n % 3 === 1) await partner.tell(`${name} refund`, `${name}-refund`, `/v1/payments/${body.id}/refunds`, { amount: 4_000 })
  }

  return {
    owner,
    apis,
    workers,
    living: () => alive.size,
    run: async (count: number) => { await Promise.all(Array.from({ length: count }, async (_, n) => { await story(n) })) },
    /** In the midst of it: so many things were begun. */
    under: async (count: number) => { await eventually(`${count} are under way`, () => payments.size + invoices.size >= count, { withinMs: 60_000, everyMs: 5 }) },

    async reckon (t: Test, count: number): Promise<void> {
      await stripe.settled()
      const open = async () => ({
        payments: await owner.selectFrom('payments').select(['id', 'status']).where(eb => eb.or([eb('status', '=', 'unknown'), eb('pending_kind', 'is not', null)])).execute(),
        refunds: await owner.selectFrom('refunds').select(['id', 'status']).where('status', 'in', ['unknown', 'pending']).execute(),
        invoices: await owner.selectFrom('invoices').select(['id', 'status']).where('status', '<>', 'issued').execute(),
        hooks: await owner.selectFrom('inbound_events').select(['id', 'event_type', 'status']).where('status', 'not in', ['processed', 'ignored']).execute(),
        deliveries: await owner.selectFrom('deliveries').select(['id', 'event_type', 'status', 'attempts', 'last_error']).where('status', '<>', 'succeeded').execute()
      })
      // What is due within a lease may make more: a sale of a payment, an event of the sale, its delivery.
      const due = async () => (await sql`select 1 from gate.due_work(now() + interval '6 seconds', 1000)`.execute(owner)).rows.length
      // One look may fall between an answer and what it sets in motion: ten in a row do not.
      let quiet = 0
      await eventually('nothing is open', async () => {
        await stripe.settled()
        quiet = await due() === 0 && Object.values(await open()).every(rows => rows.length === 0) ? quiet + 1 : 0
        return quiet >= 10
      }, { withinMs: stampMs, everyMs: 200 }).catch(() => {})
      t.same(await open(), { payments: [], refunds: [], invoices: [], hooks: [], deliveries: [] }, 'nothing is left open')

      const ofStories = await owner.selectFrom('payments').select(['id', 'metadata', 'amount_captured', 'amount_refunded']).execute()
      t.equal(ofStories.length, payments.size, 'each key has one payment')
      for (const [name, id] of payments) {
        const refunded = Number(name.slice(6)) % 3 === 1
        t.match(ofStories.find(row => row.id === uuidOf('payment', id)), { metadata: { story: name }, amount_captured: 19_900, amount_refunded: refunded ? 4_000 : 0 }, name)
        t.match(stripe.effects(id), { charges: 1, refunds: refunded ? 1 : 0 }, `${name}: charged once`)
      }

      const stamped = world.ledger()
      t.equal(invoices.size, Math.floor(count / 3))
      t.equal(stamped.length, invoices.size, 'each invoice is stamped once')
      const numbers = (await owner.selectFrom('invoices').select('number').execute()).map(({ number }) => Number(number)).toSorted((a, b) => a - b)
      t.same(numbers, Array.from({ length: invoices.size }, (_, n) => n + 1), 'under numbers without a gap')

      const kept = new Set((await owner.selectFrom('inbound_events').select('dedupe_key').execute()).map(row => row.dedupe_key))
      t.same([...front.acknowledged].filter(id => !kept.has(id)), [], 'no webhook that was acknowledged is lost')
      const { rows: twice } = await sql`select 1 from inbound_events group by tenant_id, connection_id, dedupe_key having count(*) > 1`.execute(owner)
      t.same(twice, [], 'and none is kept twice')

      const events = (await owner.selectFrom('events').select(['id', 'type']).execute()).map(({ id, type }) => ({ id: publicId('event', id), type, since: id > uuidOf('webhook_endpoint', endpoint.id) }))
      t.same(events.filter(({ id, since }) => since && !partnerApp.got.has(id)), [], 'the partner heard of every event since it asked for them')
      const ids = new Set(events.map(({ id }) => id))
      t.same([...partnerApp.got.keys()].filter(id => !ids.has(id)), [], 'and of nothing else')
      const { rows: [doubled] } = await sql<{ n: number }>`select count(*) as n from events where type in ('payment.succeeded', 'invoice.issued') group by subject_id, type having count(*) > 1`.execute(owner)
      t.equal(doubled, undefined, 'nothing happened twice')
      const { rows: connections } = await sql<{ name: string, n: number }>`select application_name as name, count(*) as n from pg_stat_activity where datname = current_database() group by 1 order by 1`.execute(owner)
      t.comment(`connections of the ${alive.size} processes left: ${connections.map(({ name, n }) => `${name} ${n}`).join(', ')}`)
      t.comment(`${payments.size} payments, ${invoices.size} invoices, ${front.acknowledged.size} webhooks in (${front.refused()} came again), ${events.length} events out (${[...partnerApp.got.values()].filter(times => times > 1).length} told again), ${partner.sent()} requests, ${partner.cut()} cut`)
    }
  }
}

/** A partner's app: how often each event came. */
async function receiver () {
  const got = new Map<string, number>()
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    request.resume().on('end', () => {
      got.set(id, (got.get(id) ?? 0) + 1)
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    got,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => { resolve() }))
    }
  }
}
