/**
 * A provider goes down in the middle of a shop's day, with calls on the wire. Vouchers go on at the other one, the first is taken up again
 * when it is back, and whatever was cut is found out: every payer pays what they were shown, and both books together have each payment once.
 */
import { join } from 'node:path'
import t from 'tap'
import type { Simulator } from '../core/adapter/simulator.ts'
import { startConektaSimulator } from '../adapters/conekta/simulator.ts'
import { startMercadoPagoSimulator } from '../adapters/mercadopago/simulator.ts'
import { createConnection } from '../core/connections/service.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { uuidOf } from '../core/ids.ts'
import { findPayment } from '../core/payments/queries.ts'
import { createPayment, getPayment } from '../core/payments/service.ts'
import { putRouting } from '../core/routing-rules/service.ts'
import { temporaryFolder } from './support/folder.ts'
import { testHub } from './support/hub.ts'

t.setTimeout(180_000)

const eachPhase = 30
const atOnce = 6
const breakerOpenMs = 20_000
const minuteMs = 60_000

t.test('the first of two providers goes down in mid-run', async t => {
  let clock = () => new Date()
  const now = () => clock()
  const stateFile = join(temporaryFolder(t), 'conekta.json')
  let conekta = await startConektaSimulator({ seed: 7, stateFile, now })
  const port = Number(new URL(conekta.url).port)
  t.teardown(() => conekta.close())
  const mercadopago = await startMercadoPagoSimulator({ seed: 8, now })
  t.teardown(() => mercadopago.close())
  const env = {
    PASARELA_PROVIDER_URL_CONEKTA: conekta.url, PASARELA_PROVIDER_RATE_CONEKTA: '10000', PASARELA_PROVIDER_URL_MERCADOPAGO: mercadopago.url, PASARELA_PROVIDER_RATE_MERCADOPAGO: '10000',
    RESOLVER_SCHEDULE: '5s,30s,2m,3m,5m,10m', BREAKER_FAILURES: '3', BREAKER_OPEN_MS: String(breakerOpenMs)
  }
  const made = await testHub(t, { env })
  const { hub, work, advance } = made
  clock = hub.now
  const { access, tenantId } = await made.tenant()
  const connect = async (provider: string, simulator: Simulator) => (await createConnection(hub, access, { provider, mode: 'test', credentials: simulator.credentials('test') }, null)).id
  const first = await connect('conekta', conekta)
  const second = await connect('mercadopago', mercadopago)
  await putRouting(hub, access, { rules: [{ name: 'both', connections: [first, second], failover: { on: [] } }] }, undefined)

  interface Sale { id: string, connection: string | null, at: number, tookMs: number }
  const sales: Sale[] = []
  const sell = async (): Promise<Sale> => {
    const begun = performance.now()
    const { id, connection } = await createPayment(hub, access, { amount: 19_900 + sales.length, currency: 'MXN', customer: { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }, method: { type: sales.length % 2 === 0 ? 'oxxo' : 'spei' } }, null)
    const sale = { id, connection, at: begun, tookMs: performance.now() - begun }
    sales.push(sale)
    return sale
  }
  /** `until`: told of each sale; so many tills work at once. */
  const load = async (until: (sale: Sale) => boolean): Promise<void> => {
    let over = false
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (!over) if (until(await sell())) over = true
    }))
  }
  const phase = () => {
    let left = eachPhase
    return () => --left <= 0
  }

  await load(phase())
  t.equal(new Set(sales.map(({ connection }) => connection)).size, 1, 'while it is up the first takes all')

  // It goes down with calls on the wire: some of them have their order in its books, and nobody was told.
  let down = 0
  const falling = load(phase())
  conekta.inject({ kind: 'slow', method: 'POST', path: '/orders', ms: 60_000, times: atOnce })
  while (conekta.orders().length < sales.length + 3) await new Promise(resolve => setImmediate(resolve))
  down = performance.now()
  await conekta.close()
  await falling
  const duringOutage = sales.filter(({ at }) => at >= down)
  const elsewhere = duringOutage.filter(({ connection }) => connection === second)
  t.ok(elsewhere.length >= eachPhase / 2, `${elsewhere.length} of ${duringOutage.length} that began during the outage went to the second`)
  t.same(duringOutage.filter(({ connection }) => connection !== second), [], 'none of them waits for the one that is down')

  conekta = await startConektaSimulator({ seed: 9, port, stateFile, now })
  const up = performance.now()
  advance(breakerOpenMs + 1000)
  const before = sales.length
  await load(({ connection }) => connection === first || sales.length > before + 200)
  const back = sales.slice(before).find(({ connection }) => connection === first)
  t.ok(back, 'the first is taken up again')
  await load(phase())

  // Whatever was cut is found out, by asking; nobody is charged for it elsewhere.
  const cut = (await Promise.all(sales.map(async ({ id }) => await getPayment(hub, access, id)))).filter(({ status }) => status === 'unknown')
  t.ok(cut.length > 0, `${cut.length} calls were on the wire`)
  t.ok(cut.every(({ connection, attempts }) => connection === first && attempts === 1), 'an outcome that nobody knows is not tried elsewhere')
  for (let round = 0; round < 8; round++) {
    advance(3 * minuteMs)
    await work()
  }

  const rowOf = async (id: string) => (await inTenant(hub.db, tenantId, async db => await findPayment(db, uuidOf('payment', id))))!
  let shown = 0
  for (const { id } of sales) {
    const { provider, provider_reference: reference, status } = await rowOf(id)
    t.not(status, 'unknown', id)
    if (status !== 'requires_action') continue
    shown++
    if (provider === 'conekta') conekta.pay(reference!)
    else mercadopago.pay(reference!)
  }
  // No webhook is registered: the hub looks by itself.
  advance(24 * 60 * minuteMs)
  await work()

  const ends: Record<string, number> = {}
  let charged = 0
  let twice = 0
  for (const { id } of sales) {
    const { status, review } = await rowOf(id)
    ends[status] = (ends[status] ?? 0) + 1
    t.equal(review, null)
    const charges = conekta.effects(id).charges + mercadopago.effects(id).charges
    charged += charges
    if (charges > 1) twice++
    if (status === 'succeeded' ? charges !== 1 : charges !== 0) t.fail(`${id} is ${status}, with ${charges} charges in both books`)
  }
  t.equal(twice, 0, 'no payment is in both books, nor twice in one')
  t.equal(charged, shown, 'each that was shown is paid once')
  t.equal(ends.succeeded, shown, 'and known to be')
  const [firstElsewhere] = elsewhere
  const slowest = Math.max(...duringOutage.map(({ tookMs }) => tookMs))
  t.comment(JSON.stringify({
    payments: sales.length, cut_on_the_wire: cut.length, outage_ms: Math.round(up - down), first_taken_elsewhere_after_ms: Math.round(firstElsewhere!.at + firstElsewhere!.tookMs - down),
    slowest_during_outage_ms: Math.round(slowest), went_elsewhere: elsewhere.length, taken_up_again_after_ms: Math.round(back!.at + back!.tookMs - up), breaker_open_ms: breakerOpenMs, ends, double_charges: twice
  }))
})
