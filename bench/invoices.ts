import { sign } from 'node:crypto'
import http from 'node:http'
import finkok from '../adapters/finkok/adapter.ts'
import { closeHttpAgents } from '../core/adapter/index.ts'
import { Client } from '../core/demo/client.ts'
import { fromInvoice } from '../core/fiscal/mx/from-invoice.ts'
import { readSatCertificate } from '../core/fiscal/mx/sat-certificate.ts'
import { sealCfdi } from '../core/fiscal/mx/seal.ts'
import { openConnection } from '../test/support/connection.ts'
import { makeCsd } from '../test/support/csd.ts'
import { sampleInvoice, sampleIssuer } from './invoice-sample.ts'
import { child, closedLoop, durableDatabase, postJson, type Result, round, temporaryFolder } from './support.ts'

const seconds = Number(process.env.BENCH_INVOICES_SECONDS ?? 15)
const concurrency = 16
const settleWithinMs = 120_000

/**
 * (6) Issue end to end: asked over HTTP, ruled, numbered, sealed by the job, stamped at Finkok's simulator, its answer verified and
 * stored; against the same documents built, sealed and stamped one after another by calling the adapter, at the same simulator.
 */
export async function invoices (): Promise<Result[]> {
  const database = await durableDatabase()
  const folder = temporaryFolder()
  const simulator = await child('finkok-process.ts', {})
  const hub = await child('hub-process.ts', {
    BENCH_OWNER_URL: database.url, BENCH_WORKER: '1', PASARELA_DATA_DIR: folder.path, LOG_LEVEL: 'fatal', RATE_LIMIT_PER_MINUTE_KEY: '100000000', DATABASE_POOL_SIZE: '24', SWEEP_INTERVAL_MS: '500',
    PASARELA_PROVIDER_URL_FINKOK: simulator.ready.url!, PASARELA_PROVIDER_RATE_FINKOK: '100000'
  })
  const csd = makeCsd(sampleIssuer)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  try {
    const direct = await directly(simulator.ready, csd)
    const port = Number(hub.ready.port)
    const { key, client } = await shop(new Client(`http://127.0.0.1:${port}`, hub.ready.platform_key!), port, csd, simulator.ready)
    const body = bodyOf()
    let asked = 0
    const ask = async () => {
      const { status, body: answer } = await postJson<object>({ agent, port, key }, '/v1/invoices', body)
      if (status !== 201) throw new Error(`answered ${status}: ${JSON.stringify(answer)}`)
      asked++
    }
    const settled = async () => {
      const until = Date.now() + settleWithinMs
      while (Date.now() < until) {
        if (await stamped(client) >= asked) return
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      throw new Error(`${asked} were asked, and not all are issued after ${settleWithinMs} ms`)
    }
    await closedLoop({ concurrency: 4, seconds: 1, call: ask })
    await settled()
    const before = asked
    const startedAt = performance.now()
    await closedLoop({ concurrency, seconds, call: ask })
    const askedSeconds = (performance.now() - startedAt) / 1000
    await settled()
    const perSecond = (asked - before) / ((performance.now() - startedAt) / 1000)
    return [{
      name: 'invoices issued end to end per second',
      baseline: 'the same documents built, sealed and stamped one after another by calling the adapter, same simulator, same run',
      value: round(perSecond),
      unit: '/s',
      detail: { direct_per_second: round(direct), ratio: round(perSecond / direct), asked_per_second: round((asked - before) / askedSeconds), invoices: asked - before, callers: concurrency }
    }]
  } finally {
    agent.destroy()
    closeHttpAgents()
    await hub.stop()
    await simulator.stop()
    await database.stop()
    folder.remove()
  }
}

type Csd = ReturnType<typeof makeCsd>

async function directly (ready: Record<string, string>, { cer, privateKey }: Csd): Promise<number> {
  const context = openConnection(finkok, { url: ready.url!, credentials: () => ({ username: ready.username!, password: ready.password! }) })
  const certificate = readSatCertificate(cer)
  return await closedLoop({
    concurrency: 1,
    seconds: Math.min(seconds, 5),
    call: async index => {
      const number = String(index + 1)
      const model = fromInvoice({ ...sampleInvoice(), series: 'D', number, issuedAt: new Date() })
      const { xml } = await sealCfdi({ model, certificate, sign: bytes => sign('sha256', bytes, privateKey) })
      await finkok.invoicing.issue(context, { idempotencyKey: `bench-${number}` as never, reference: `bench-${number}`, naturalKey: { issuerTaxId: sampleIssuer.rfc, series: 'D', number }, sealed: Buffer.from(xml) })
    }
  })
}

async function shop (platform: Client, port: number, { cer, key: keyFile, passphrase }: Csd, ready: Record<string, string>): Promise<{ key: string, client: Client }> {
  const tenant = await platform.post<{ id: string }>('/v1/tenants', { name: 'Bench', country: 'MX' })
  const { key } = await platform.as(tenant.id).post<{ key: string }>('/v1/api_keys', { label: 'bench', mode: 'test' })
  const client = new Client(`http://127.0.0.1:${port}`, key)
  const issuer = await client.post<{ id: string }>('/v1/issuers', { country: 'MX', tax_id: sampleIssuer.rfc, legal_name: sampleIssuer.name, regime: '601', postal_code: '26015' })
  await client.post('/v1/certificates', { cer: cer.toString('base64'), key: keyFile.toString('base64'), passphrase, issuer: issuer.id })
  await client.post('/v1/series', { issuer: issuer.id, document: 'invoice', prefix: 'A' })
  await client.post('/v1/connections', { provider: 'finkok', mode: 'test', credentials: { username: ready.username, password: ready.password } })
  return { key, client }
}

/** How many are issued, once none is under way: the highest number among the newest, since who came first need not have got the lower one. */
async function stamped (client: Client): Promise<number> {
  const numbers = async (query: string) => (await client.get<{ data: { number: string | null }[] }>(`/v1/invoices?${query}`)).data.map(({ number }) => Number(number ?? 0))
  for (const status of ['queued', 'signed', 'unknown', 'submitted', 'rejected']) if ((await numbers(`limit=1&status=${status}`)).length > 0) return -1
  return Math.max(...await numbers('limit=100&status=issued'))
}

/** The sample as the API is asked for it. */
function bodyOf (): object {
  const { customer, lines, payment, currency } = sampleInvoice()
  return {
    country: 'MX',
    currency,
    payment,
    customer: { name: customer.name, tax_id: customer.taxId, address: { postal_code: customer.address!.postalCode }, mx: { regime: customer.mx!.regime, cfdi_use: customer.mx!.cfdiUse } },
    lines: lines.map(({ description, quantity, unitPrice, taxes, mx }) => ({ description, quantity, unit_price: unitPrice, taxes, mx: { product_key: mx!.productKey, unit_key: mx!.unitKey } }))
  }
}
