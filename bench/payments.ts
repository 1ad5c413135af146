import http from 'node:http'
import { randomBytes, randomUUID } from 'node:crypto'
import Stripe from 'stripe'
import { connectStripe, shop } from './shop.ts'
import { child, closedLoop, durableDatabase, openLoop, percentile, postJson, type Result, round, temporaryFolder } from './support.ts'

const concurrency = 16
const seconds = 6

/** (2) A payment through the gateway against the official SDK calling the same simulator directly. */
export async function payments (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const simulator = await child('simulator-process.ts', {})
  const hub = await child('hub-process.ts', {
    BENCH_OWNER_URL: database.url, PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'error', RATE_LIMIT_PER_MINUTE_KEY: '100000000',
    PASARELA_PROVIDER_URL_STRIPE: simulator.ready.url!, PASARELA_PROVIDER_RATE_STRIPE: '100000'
  })
  try {
    const made = await shop(hub.ready.port!, hub.ready.platform_key!)
    await connectStripe(made)
    const { key } = made

    const { hostname, port } = new URL(simulator.ready.url!)
    const stripe = new Stripe(`sk_test_${randomBytes(12).toString('hex')}`, { host: hostname, port: Number(port), protocol: 'http', telemetry: false, maxNetworkRetries: 0 })
    const direct = async () => {
      const intent = await stripe.paymentIntents.create({ amount: 19900, currency: 'mxn', confirm: true, payment_method: 'pm_card_visa', allowed_payment_method_types: ['card'] as never, metadata: { order: randomUUID() } }, { idempotencyKey: randomUUID() })
      if (intent.status !== 'succeeded') throw new Error(`direct: ${intent.status}`)
    }
    const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
    const through = async () => {
      const { body: payment } = await postJson<{ status: string }>({ agent, port: Number(hub.ready.port), key }, '/v1/payments', { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' }, reference: randomUUID() })
      if (payment.status !== 'succeeded') throw new Error(`gateway: ${JSON.stringify(payment)}`)
    }
    await closedLoop({ concurrency, seconds: 3, call: direct })
    await closedLoop({ concurrency, seconds: 3, call: through })
    const directPerSecond = await closedLoop({ concurrency, seconds, call: direct })
    const throughPerSecond = await closedLoop({ concurrency, seconds, call: through })
    const directMs = await openLoop({ perSecond: 50, seconds, call: direct })
    const throughMs = await openLoop({ perSecond: 50, seconds, call: through })
    const detail = {
      direct_per_second: round(directPerSecond, 0), gateway_per_second: round(throughPerSecond, 0),
      direct_p50_ms: round(percentile(directMs, 0.5)), gateway_p50_ms: round(percentile(throughMs, 0.5)), direct_p99_ms: round(percentile(directMs, 0.99)), gateway_p99_ms: round(percentile(throughMs, 0.99))
    }
    const baseline = 'the official stripe SDK calling the same simulator'
    return [
      { name: 'payments through the gateway ÷ direct', baseline: `${baseline}, ${concurrency} at once`, value: round(throughPerSecond / directPerSecond), unit: '×', aim: '≥ 0.35', detail },
      { name: 'added latency p50', baseline: `${baseline}, 50 a second`, value: round(percentile(throughMs, 0.5) - percentile(directMs, 0.5)), unit: 'ms', aim: '≤ 8' },
      { name: 'added latency p99', baseline: `${baseline}, 50 a second`, value: round(percentile(throughMs, 0.99) - percentile(directMs, 0.99)), unit: 'ms', aim: '≤ 25' }
    ]
  } finally {
    await hub.stop()
    await simulator.stop()
    await database.stop()
    folder.remove()
  }
}
