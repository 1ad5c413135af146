import { createHmac, randomBytes } from 'node:crypto'
import pg from 'pg'
import { connectStripe, shop } from './shop.ts'
import { blast, child, durableDatabase, type Result, round, temporaryFolder } from './support.ts'

const connections = 64
const warmUp = 2_000
const measured = 20_000

/** (1) Webhooks in: HTTP, signature, deduplication and a durable insert, against one tenant transaction per webhook and against bare commits. */
export async function inbound (): Promise<Result[]> {
  const grouped = await hooksPerSecond('group')
  const single = await hooksPerSecond('single')
  const commits = await commitsPerSecond()
  const detail = { grouped_per_second: round(grouped, 0), one_transaction_each_per_second: round(single, 0), bare_commits_per_second: round(commits, 0) }
  return [
    { name: 'inbound: group commit ÷ one tenant transaction per webhook', baseline: 'the same HTTP server and verification, 64 connections', value: round(grouped / single), unit: '×', aim: '≥ 1.5', detail },
    { name: 'inbound over HTTP ÷ bare single-row commits', baseline: '64 database connections, 2 KB rows, no HTTP, no signature', value: round(grouped / commits), unit: '×', aim: '≥ 0.6', detail }
  ]
}

async function hooksPerSecond (store: 'group' | 'single'): Promise<number> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const hub = await child('hub-process.ts', {
    BENCH_OWNER_URL: database.url, BENCH_STORE: store, PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error', RATE_LIMIT_HOOKS_PER_MINUTE_ADDRESS: '100000000',
    DATABASE_POOL_SIZE: store === 'single' ? '64' : '10'
  })
  try {
    const port = Number(hub.ready.port)
    const targets = await Promise.all(Array.from({ length: 16 }, async () => await listener(port, hub.ready.platform_key!)))
    const prepare = (count: number) => Array.from({ length: count }, (_, index) => delivery(targets[index % targets.length]!))
    await blast({ port, connections, requests: prepare(warmUp), expect: 200 })
    const requests = prepare(measured)
    return measured / await blast({ port, connections, requests, expect: 200 })
  } finally {
    await hub.stop()
    await database.stop()
    folder.remove()
  }
}

/** A tenant with a Stripe connection whose webhook secret we know. */
async function listener (port: number, platformKey: string): Promise<{ path: string, secret: string }> {
  const secret = `whsec_${randomBytes(16).toString('hex')}`
  const connection = await connectStripe(await shop(port, platformKey), { webhook_secret: secret })
  return { path: new URL(connection.webhook_url).pathname, secret }
}

const filler = 'x'.repeat(1700)

/** About 2 KB, signed as Stripe does. */
function delivery ({ path, secret }: { path: string, secret: string }): Buffer {
  const at = Math.floor(Date.now() / 1000)
  const id = randomBytes(12).toString('hex')
  const body = JSON.stringify({ id: `evt_${id}`, object: 'event', type: 'payment_intent.succeeded', created: at, livemode: false, data: { object: { id: `pi_${id}`, object: 'payment_intent', description: filler } } })
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')
  return Buffer.from(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nStripe-Signature: t=${at},v1=${signature}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

async function commitsPerSecond (): Promise<number> {
  const database = await durableDatabase()
  const clients = await Promise.all(Array.from({ length: connections }, async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    return client
  }))
  try {
    await clients[0]!.query('create table bare (id uuid primary key, body bytea not null)')
    const body = Buffer.alloc(2000, 'x')
    const run = async (count: number) => {
      let next = 0
      const startedAt = performance.now()
      await Promise.all(clients.map(async client => {
        while (next++ < count) await client.query({ name: 'bare', text: 'insert into bare values (gen_random_uuid(), $1)', values: [body] })
      }))
      return count / ((performance.now() - startedAt) / 1000)
    }
    await run(warmUp)
    return await run(measured)
  } finally {
    await Promise.all(clients.map(async client => await client.end()))
    await database.stop()
  }
}
