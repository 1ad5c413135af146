import { createHmac, randomBytes } from 'node:crypto'
import http from 'node:http'
import { Worker } from 'node:worker_threads'
import { type Kysely, sql } from 'kysely'
import type pg from 'pg'
import { createPool, kyselyOf } from '../core/db/pool.ts'
import type { Database } from '../core/db/schema.ts'
import { newUuid, parseId } from '../core/ids.ts'
import { child, durableDatabase, percentile, postJson, type Result, round, temporaryFolder } from './support.ts'
import { shop } from './shop.ts'

type Db = Kysely<Database>

const events = Number(process.env.BENCH_EVENTS ?? 20_000)
const objects = 500
const workerCount = 4
const perSecond = 50
const seconds = Number(process.env.BENCH_SECONDS ?? 20)

/**
 * Webhooks out: events drained by four worker processes into an instant receiver, against bare POSTs of the same bodies from one
 * process; what an event's row costs its transaction with and without endpoints; and how long an event takes from its commit to the receiver.
 */
export async function deliveries (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const receiver = startReceiver()
  const port = await receiver.port
  const hub = await child('hub-process.ts', { BENCH_OWNER_URL: database.url, PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error', WEBHOOK_PRIVATE_ADDRESSES: 'true' })
  const pools: pg.Pool[] = []
  const open = (url: string): Db => {
    const pool = createPool({ url, max: 4 })
    pools.push(pool)
    return kyselyOf<Database>(pool)
  }
  const workers: Awaited<ReturnType<typeof child>>[] = []
  try {
    const url = { port: Number(hub.ready.port), platformKey: hub.ready.platform_key! }
    const mine = await shop(url.port, url.platformKey)
    const bare = await shop(url.port, url.platformKey)
    const agent = new http.Agent({ keepAlive: true })
    const made = await postJson<{ id: string }>({ agent, port: url.port, key: mine.key }, '/v1/webhook_endpoints', { url: `http://127.0.0.1:${port}/`, event_types: ['*'], ordering: 'per_object' })
    if (made.status !== 201) throw new Error(`no endpoint: ${JSON.stringify(made.body)}`)
    const db = open(hub.ready.app_url!)
    const tenant = parseId('tenant', mine.tenant)!
    const without = parseId('tenant', bare.tenant)!

    const cost = await insertCosts(db, open(database.url), { tenant, without })
    await write(db, tenant, 0, events)
    const due = async (): Promise<number> => Number((await sql<{ n: number }>`select waiting as n from gate.deliveries_health(now() + interval '1 minute')`.execute(db)).rows[0]!.n)
    const total = await due()
    for (let index = 0; index < workerCount; index++) workers.push(await child('deliveries-process.ts', { BENCH_APP_URL: hub.ready.app_url!, BENCH_MASTER_KEYS: hub.ready.master_keys!, PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error', WEBHOOK_PRIVATE_ADDRESSES: 'true' }))
    const began = performance.now()
    for (const worker of workers) worker.process.kill('SIGUSR2')
    for (let left = total; left > 0; left = await due()) await new Promise(resolve => setTimeout(resolve, 100))
    const drained = total / ((performance.now() - began) / 1000)
    const drain = await receiver.count()
    const posts = await barePosts(port, 10_000)

    await receiver.count()
    const next = performance.now()
    for (let index = 0; index < perSecond * seconds; index++) {
      const waitMs = next + index * 1000 / perSecond - performance.now()
      if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
      await write(db, tenant, index, 1, true)
    }
    for (let left = 1; left > 0; left = await due()) await new Promise(resolve => setTimeout(resolve, 50))
    const latencies = (await receiver.count()).latencies.sort((a, b) => a - b)
    return [
      {
        name: 'deliveries: events drained ÷ bare POSTs', baseline: 'the same receiver and bodies, signed, 64 kept sockets of one process, no database', value: round(drained / posts), unit: '×',
        detail: { drained_per_second: round(drained, 0), bare_posts_per_second: round(posts, 0), workers: workerCount, events: total, distinct: drain.distinct, out_of_order: drain.outOfOrder, aim_per_second: 1000 }
      },
      {
        name: 'deliveries: commit → receiver', baseline: `${perSecond} events a second, one transaction each; ms`, value: round(percentile(latencies, 0.95), 1), unit: 'ms at p95', aim: '≤ 50',
        detail: { p50_ms: round(percentile(latencies, 0.5), 1), p95_ms: round(percentile(latencies, 0.95), 1), p99_ms: round(percentile(latencies, 0.99), 1), events: latencies.length }
      },
      { name: 'deliveries: an event’s row with the fan-out ÷ without it', baseline: 'the same insert, one transaction each, trigger disabled, a tenant without endpoints; medians', value: round(cost.noEndpoints / cost.noTrigger), unit: '×', aim: '≤ 1.1', detail: { without_trigger_ms: round(cost.noTrigger, 3), no_endpoint_ms: round(cost.noEndpoints, 3), one_endpoint_ms: round(cost.oneEndpoint, 3) } }
    ]
  } finally {
    for (const worker of workers) await worker.stop()
    await hub.stop()
    await Promise.all(pools.map(async pool => await pool.end()))
    await database.stop()
    folder.remove()
    await receiver.stop()
  }
}

const data = { object: 'payment', status: 'succeeded', amount: 19900, currency: 'MXN', provider: 'stripe', reference: 'order-1', metadata: { order: 'x'.repeat(40) }, customer: { name: 'Ana', email: 'ana@example.com' } }

/** Events of the tenant, `objects` objects in turn, each with its number and its moment. */
async function write (db: Db, tenantId: string, from: number, count: number, lone = false): Promise<void> {
  for (let start = from; start < from + count; start += 500) {
    const rows = Array.from({ length: Math.min(500, from + count - start) }, (_, index) => {
      const now = new Date()
      const subject = lone ? newUuid(now) : `00000000-0000-7000-8000-${String((start + index) % objects).padStart(12, '0')}`
      return { tenant_id: tenantId, id: newUuid(now), mode: 'test', type: 'payment.succeeded', subject_id: subject, data: JSON.stringify({ ...data, number: start + index, written: Date.now() }), created_at: now }
    })
    await db.transaction().execute(async trx => {
      await sql`select set_config('app.tenant_id', ${tenantId}, true)`.execute(trx)
      await trx.insertInto('events').values(rows).execute()
    })
  }
}

/** The statement alone, without the commit: a commit costs many times more and would hide it. */
async function insertCosts (db: Db, owner: Db, { tenant, without }: { tenant: string, without: string }): Promise<{ noTrigger: number, noEndpoints: number, oneEndpoint: number }> {
  const median = async (tenantId: string): Promise<number> => {
    const times: number[] = []
    const undo = new Error('undo')
    await db.transaction().execute(async trx => {
      await sql`select set_config('app.tenant_id', ${tenantId}, true)`.execute(trx)
      for (let index = 0; index < 1500; index++) {
        const now = new Date()
        const row = { tenant_id: tenantId, id: newUuid(now), mode: 'test', type: 'payment.succeeded', subject_id: newUuid(now), data: JSON.stringify(data), created_at: now }
        const began = performance.now()
        await trx.insertInto('events').values(row).execute()
        if (index >= 300) times.push(performance.now() - began)
      }
      throw undo
    }).catch((error: unknown) => { if (error !== undo) throw error })
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!
  }
  const noEndpoints = await median(without)
  const oneEndpoint = await median(tenant)
  await sql`alter table events disable trigger fan_out`.execute(owner)
  const noTrigger = await median(without)
  await sql`alter table events enable trigger fan_out`.execute(owner)
  return { noTrigger, noEndpoints, oneEndpoint }
}

/** What the machine does at best: signs and posts, and nothing is read or written. */
async function barePosts (port: number, count: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const secret = randomBytes(32)
  let next = 0
  const began = performance.now()
  await Promise.all(Array.from({ length: 64 }, async () => {
    while (next++ < count) {
      const id = newUuid(new Date())
      const body = JSON.stringify({ id, type: 'payment.succeeded', timestamp: new Date().toISOString(), tenant_id: id, mode: 'test', data })
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
      await new Promise<void>((resolve, reject) => {
        const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/bare', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` } }, response => {
          response.resume()
          response.on('end', resolve)
        })
        request.on('error', reject)
        request.end(body)
      })
    }
  }))
  agent.destroy()
  return count / ((performance.now() - began) / 1000)
}

/** An instant receiver on a thread of its own: it counts, and notes order and moments. */
function startReceiver (): { port: Promise<number>, count: () => Promise<{ distinct: number, outOfOrder: number, latencies: number[] }>, stop: () => Promise<void> } {
  const worker = new Worker(`
    const http = require('node:http')
    const { parentPort } = require('node:worker_threads')
    let seen = new Set(), last = new Map(), outOfOrder = 0, latencies = []
    const server = http.createServer((request, response) => {
      let body = ''
      request.on('data', chunk => { body += chunk })
      request.on('end', () => {
        response.writeHead(204).end()
        if (request.url === '/bare') return
        const { data } = JSON.parse(body)
        if (data.written) latencies.push(Date.now() - data.written)
        if (seen.has(request.headers['webhook-id'])) return
        seen.add(request.headers['webhook-id'])
        const object = data.number % ${objects}
        if ((last.get(object) ?? -1) > data.number) outOfOrder++
        last.set(object, data.number)
      })
    })
    server.keepAliveTimeout = 60000
    server.listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }))
    parentPort.on('message', () => { parentPort.postMessage({ distinct: seen.size, outOfOrder, latencies }); seen = new Set(); last = new Map(); outOfOrder = 0; latencies = [] })`, { eval: true })
  const message = async <T>(): Promise<T> => await new Promise(resolve => worker.once('message', resolve))
  const port = message<{ port: number }>().then(({ port }) => port)
  return {
    port,
    count: async () => {
      const answer = message<{ distinct: number, outOfOrder: number, latencies: number[] }>()
      worker.postMessage('count')
      return await answer
    },
    stop: async () => { await worker.terminate() }
  }
}
