import t from 'tap'
import { delay, fairWeather, setWeather, weatherFor } from './weather.ts'
import { payment, post, sdk, start } from './testing.ts'

t.test('answers are as slow as they were asked to be', async t => {
  const weather = fairWeather()
  t.equal(delay(weather), 0)
  setWeather(weather, { p50: 120, p99: 380, seed: 1 })
  const sample = Array.from({ length: 20_000 }, () => delay(weather)).sort((a, b) => a - b)
  t.ok(Math.abs(sample[10_000]! - 120) < 4, `the middle is ${sample[10_000]}`)
  t.ok(Math.abs(sample[19_800]! - 380) < 20, `99 of 100 are below ${sample[19_800]}`)
})

t.test('faults come at their rate, after those that were ordered', async t => {
  const weather = fairWeather()
  setWeather(weather, { faultRate: 0.2, faults: ['cut_after'], seed: 1 })
  const met = Array.from({ length: 10_000 }, () => weatherFor(weather, undefined).fault?.kind)
  const share = met.filter(kind => kind === 'cut_after').length / met.length
  t.ok(Math.abs(share - 0.2) < 0.02, String(share))
  t.equal(weatherFor(weather, { kind: 'rate_limit' }).fault?.kind, 'rate_limit')
})

t.test('bad weather over HTTP: slow, failing, and still nothing twice', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const at = (path: string, body: object) => fetch(`${simulator.url}/_simulator/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  t.equal((await at('weather', { p50: 4, p99: 9, faultRate: 0.5, seed: 3 })).status, 204)
  t.equal((await at('weather', { p50: -1 })).status, 400)
  t.equal((await at('weather', { faults: ['nonsense'] })).status, 400)
  const pay = async (key: string): Promise<void> => {
    for (;;) {
      try {
        const { status } = await stripe.paymentIntents.create({ ...payment, metadata: { payment: key } }, { idempotencyKey: key })
        if (status === 'succeeded') return
      } catch {}
      // A 500 that came after the work is stored under the key: the books say what it did.
      if (simulator.effects(key).charges > 0) return
    }
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => pay(`p${i}`)))
  simulator.weather({})
  t.strictSame(Array.from({ length: 20 }, (_, i) => simulator.effects(`p${i}`).charges), Array.from({ length: 20 }, () => 1))
})

t.test('faults meet the newer routes too', async t => {
  const simulator = await start(t)
  const form = 'mode=payment&success_url=https://a.test&metadata[checkout]=c1&line_items[0][quantity]=1&line_items[0][price_data][currency]=mxn&line_items[0][price_data][unit_amount]=5000&line_items[0][price_data][product_data][name]=x'
  const open = () => post(simulator, '/v1/checkout/sessions', form, { 'idempotency-key': 'k' })
  const made = () => simulator.ledger().sessions.length
  simulator.inject({ kind: 'cut_before', path: '/v1/checkout' })
  await t.rejects(open())
  t.equal(made(), 0)
  simulator.inject({ kind: 'cut_after', path: '/v1/checkout' })
  await t.rejects(open())
  t.equal(made(), 1)
  const again = await open()
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  t.match(simulator.ledger().sessions, [{ id: again.body.id, idempotencyKey: 'k', metadata: { checkout: 'c1' } }])
  for (const kind of ['error_500_before', 'rate_limit', 'garbage', 'cut_mid_body'] as const) {
    simulator.inject({ kind, path: '/v1/customers' })
    const answer = await post(simulator, '/v1/customers', 'name=a').catch(() => undefined)
    t.not(answer?.status === 200 && answer.body?.object === 'customer', true, kind)
  }
  simulator.inject({ kind: 'slow', ms: 30, path: '/v1/customers' })
  t.equal((await post(simulator, '/v1/customers', 'name=a')).status, 200)
})

t.test('the levers over HTTP', async t => {
  const simulator = await start(t)
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  const pull = async (path: string, body: object = {}) => {
    const answer = await fetch(`${simulator.url}/_simulator/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return [answer.status, await answer.json()]
  }
  const open = () => stripe.checkout.sessions.create({ mode: 'payment', success_url: 'https://shop.test/ok', line_items: [{ price_data: { currency: 'mxn', unit_amount: 50_000, product_data: { name: 'x' } }, quantity: 1 }] })
  const session = await open()
  t.match(await pull(`checkout/${session.id}`, { card: 'pm_card_chargeDeclined' }), [200, { status: 'open', notice: /declined/ }])
  t.match(await pull(`checkout/${session.id}`, { card: '4000002760003184', bank: true }), [200, { status: 'complete', next: 'https://shop.test/ok' }])
  const paid = (await stripe.checkout.sessions.retrieve(session.id)).payment_intent as string
  t.match(await pull(`dispute/${paid}`, { kind: 'inquiry' }), [200, { status: 'warning_needs_response' }])
  const [dispute] = (await stripe.disputes.list()).data
  t.match(await pull(`verdict/${dispute!.id}`, { verdict: 'escalated' }), [200, { status: 'needs_response' }])
  t.match(await pull(`checkout/${(await open()).id}`, { type: 'oxxo', email: 'fill_never@shop.test' }), [200, { status: 'complete', next: /oxxo\/voucher/ }])
  const voucher = (await stripe.checkout.sessions.list()).data[0]!.payment_intent as string
  t.match(await pull(`voucher/${voucher}`), [200, { status: 'succeeded' }])
  t.match(await pull(`voucher/${voucher}`), [409, { message: /no voucher/ }])
  t.match(await pull('voucher/pi_none'), [404, { message: /there is no/ }])
  const customer = (await stripe.customers.create({})).id
  t.match(await pull(`fund/${customer}`, { amount: 700 }), [200, { funded: 700 }])
  t.match(await stripe.customers.retrieveCashBalance(customer), { available: { mxn: 700 } })
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 })
  t.match(await pull(`clock/${clock.id}`, { to: 1_800_000_100 }), [200, { frozen_time: 1_800_000_100 }])
  t.match(await pull('payout', { secret_key: key }), [200, [{ object: 'payout' }]])
  t.match(await pull('connect', { platform_key: key, country: 'MX' }), [200, { account: /^acct_/ }])
  const ledger = await (await fetch(`${simulator.url}/_simulator/ledger`)).json()
  t.match(ledger, { payments: { length: 2 }, sessions: { length: 2 }, disputes: [{ payment: paid }] })
})
