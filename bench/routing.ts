import http from 'node:http'
import { connectStripe, shop } from './shop.ts'
import { blast, child, durableDatabase, openLoop, percentile, postJson, type Result, round, temporaryFolder } from './support.ts'

const connections = 16
const rules = 1000
const warmUp = 2_000
const measured = 12_000
const steadyPerSecond = 345
const seconds = 10

/** Routing decisions over HTTP: authentication, tenant and choice among 1,000 rules; no provider is called. */
export async function routing (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const hub = await child('hub-process.ts', { BENCH_OWNER_URL: database.url, PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error', RATE_LIMIT_PER_MINUTE_KEY: '100000000' })
  try {
    const port = Number(hub.ready.port)
    const [key, unruled] = [await tenantWith(rules, port, hub.ready.platform_key!), await tenantWith(0, port, hub.ready.platform_key!)]
    const rate = async (explain: 'none' | 'some', of = key) => {
      const requests = (count: number) => Array.from({ length: count }, (_, n) => asRequest(of, { ...question(n), explain }))
      await blast({ port, connections, requests: requests(warmUp), expect: 200 })
      return measured / await blast({ port, connections, requests: requests(measured), expect: 200 })
    }
    const explained = await rate('some')
    const bare = await rate('none')
    const none = await rate('none', unruled)
    const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
    const latencies = await openLoop({
      perSecond: steadyPerSecond, seconds, call: async n => {
        const { status } = await postJson({ agent, port, key }, '/v1/routing/decide', { ...question(n), explain: 'none' })
        if (status !== 200) throw new Error(`decide answered ${status}`)
      }
    })
    agent.destroy()
    const detail = {
      decisions_per_second: round(bare, 0), explained_per_second: round(explained, 0), without_rules_per_second: round(none, 0),
      p50_ms: round(percentile(latencies, 0.5)), p95_ms: round(percentile(latencies, 0.95)), p99_ms: round(percentile(latencies, 0.99))
    }
    return [
      { name: `routing decisions per second, ${rules} rules`, baseline: `${connections} sockets, each waiting for its answer; one API process`, value: round(bare, 0), unit: '/s', aim: '≥ 835', detail },
      { name: `routing decisions with ${rules} rules ÷ without any`, baseline: 'the same request of a tenant that has none', value: round(bare / none), unit: '×' },
      { name: `routing decision p95 at ${steadyPerSecond}/s`, baseline: 'an open loop: whatever the answers take', value: round(percentile(latencies, 0.95)), unit: 'ms', aim: '≤ 23' }
    ]
  } finally {
    await hub.stop()
    await database.stop()
    folder.remove()
  }
}

const currencies = ['MXN', 'USD', 'EUR', 'BRL', 'COP', 'PEN', 'CLP', 'ARS', 'JPY', 'GBP']
const countries = ['MX', 'US', 'ES', 'BR', 'CO', 'PE', 'CL', 'AR', 'JP', 'GB']

/** A tenant with twenty connections and rules that are told apart by their last condition only. */
async function tenantWith (count: number, port: number, platformKey: string): Promise<string> {
  const made = await shop(port, platformKey)
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await connectStripe(made)).id))
  const list = Array.from({ length: count }, (_, n) => ({
    name: `rule ${n}`,
    match: {
      ...(n % 4 !== 3 && { currency: [currencies[n % 10]!] }), country: [countries[n % 10]!], method: ['card'], amount: { min: 1000, max: 10_000_000 }, metadata: { shop: [`shop-${n}`] }
    },
    connections: [ids[n % 20]!, ids[(n + 7) % 20]!],
    failover: { on: ['card_declined'] }
  }))
  const answer = await fetch(`http://127.0.0.1:${port}/v1/routing`, { method: 'PUT', headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ rules: list }) })
  if (!answer.ok) throw new Error(`the rules were refused: ${await answer.text()}`)
  return made.key
}

const question = (n: number): object => {
  const rule = n * 7919 % rules
  return { amount: 500_000, currency: currencies[rule % 10], country: countries[rule % 10], method: 'card', metadata: { shop: `shop-${rule}` } }
}

function asRequest (key: string, body: object): Buffer {
  const text = JSON.stringify(body)
  return Buffer.from(`POST /v1/routing/decide HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
}
