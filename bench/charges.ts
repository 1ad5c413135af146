import http from 'node:http'
import { randomUUID } from 'node:crypto'
import { Client } from '../core/demo/client.ts'
import { connectStripe, shop } from './shop.ts'
import { child, closedLoop, durableDatabase, percentile, postJson, type Result, round, temporaryFolder } from './support.ts'

const concurrency = 64
const seconds = Number(process.env.BENCH_CHARGES_SECONDS ?? 20)
const tenants = 8
/** The provider's answers, ms: log-normal, with a few faults. */
const weather = { p50: 120, p99: 380, faultRate: 0.007, faults: ['cut_before', 'cut_after', 'cut_mid_body', 'error_500', 'error_500_before', 'garbage'], seed: 7 }
const settleWithinMs = 60_000

/** Charges per second with a provider that is slow and fails now and then, and afterwards its books against ours, row by row. */
export async function charges (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const simulator = await child('simulator-process.ts', {})
  const hub = await child('hub-process.ts', {
    BENCH_OWNER_URL: database.url, BENCH_WORKER: '1', PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'fatal', RATE_LIMIT_PER_MINUTE_KEY: '100000000', DATABASE_POOL_SIZE: '24',
    RESOLVER_SCHEDULE: '1s,2s,5s,10s,10s,10s', SWEEP_INTERVAL_MS: '500', PASARELA_PROVIDER_URL_STRIPE: simulator.ready.url!, PASARELA_PROVIDER_RATE_STRIPE: '100000'
  })
  try {
    const port = Number(hub.ready.port)
    const keys = await Promise.all(Array.from({ length: tenants }, async () => {
      const made = await shop(port, hub.ready.platform_key!)
      await connectStripe(made)
      return made.key
    }))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
    const latencies: number[] = []
    const ids: { id: string, key: string }[] = []
    const answered: Record<string, number> = {}
    const pay = async (n: number) => {
      const key = keys[n % tenants]!
      const sentAt = performance.now()
      const { body } = await postJson<{ id: string, status: string }>({ agent, port, key }, '/v1/payments', { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, reference: randomUUID() })
      latencies.push(performance.now() - sentAt)
      answered[body.status] = (answered[body.status] ?? 0) + 1
      ids.push({ id: body.id, key })
    }
    await closedLoop({ concurrency: 16, seconds: 2, call: pay })
    await setWeather(simulator.ready.url!, weather)
    latencies.length = 0
    const before = answered.succeeded ?? 0
    const startedAt = performance.now()
    await closedLoop({ concurrency, seconds, call: pay })
    const took = (performance.now() - startedAt) / 1000
    const perSecond = ((answered.succeeded ?? 0) - before) / took
    await setWeather(simulator.ready.url!, {})
    const books = await compare(port, simulator.ready.url!, ids)
    agent.destroy()
    latencies.sort((a, b) => a - b)
    const detail = {
      payments: ids.length, answered_unknown: answered.unknown ?? 0, still_unknown: books.unknown, double_charges: books.double, charged_and_not_ours: books.lost, ours_and_not_charged: books.invented,
      p50_ms: round(percentile(latencies, 0.5)), p95_ms: round(percentile(latencies, 0.95)), p99_ms: round(percentile(latencies, 0.99))
    }
    const baseline = `a simulator that answers log-normally (p50 ${weather.p50} ms, p99 ${weather.p99} ms) with ${weather.faultRate * 100} % faults, ${concurrency} callers`
    return [
      { name: 'charges per second', baseline, value: round(perSecond, 0), unit: '/s', aim: '≥ 100', detail },
      { name: 'double charges, lost and invented ones, and outcomes still unknown', baseline: 'the simulator’s books, payment by payment, after the load', value: books.double + books.lost + books.invented + books.unknown, unit: '', aim: '0' }
    ]
  } finally {
    await hub.stop()
    await simulator.stop()
    await database.stop()
    folder.remove()
  }
}

async function setWeather (simulatorUrl: string, settings: object): Promise<void> {
  const answer = await fetch(`${simulatorUrl}/_simulator/weather`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(settings) })
  if (!answer.ok) throw new Error(`the simulator's weather could not be set: ${answer.status} ${await answer.text()}`)
}

/** Waits until every outcome is known, and then compares each payment with what the provider has under its reference. */
async function compare (port: number, simulatorUrl: string, ids: readonly { id: string, key: string }[]): Promise<{ unknown: number, double: number, lost: number, invented: number }> {
  const until = Date.now() + settleWithinMs
  const statusOf = async ({ id, key }: { id: string, key: string }) => (await new Client(`http://127.0.0.1:${port}`, key).get<{ status: string }>(`/v1/payments/${id}`)).status
  const result = { unknown: 0, double: 0, lost: 0, invented: 0 }
  const one = async (payment: { id: string, key: string }) => {
    let status = await statusOf(payment)
    while (status === 'unknown' && Date.now() < until) {
      await new Promise(resolve => setTimeout(resolve, 500))
      status = await statusOf(payment)
    }
    const { charges } = await fetch(`${simulatorUrl}/_simulator/effects?reference=${payment.id}`).then(async answer => await answer.json() as { charges: number })
    if (status === 'unknown') result.unknown++
    if (charges > 1) result.double++
    if (charges > 0 && status !== 'succeeded') result.lost++
    if (charges === 0 && status === 'succeeded') result.invented++
  }
  let next = 0
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (next < ids.length) await one(ids[next++]!)
  }))
  return result
}
