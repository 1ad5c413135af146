/**
 * What becomes of an object whose making nobody saw the end of, at providers with nobody to ask: where it is made of our reference
 * (`natural-key`) the same is asked for again; where it cannot be known (`never`) it is not, and a person is told.
 */
import t from 'tap'
import { startKushkiSimulator } from '../adapters/kushki/simulator.ts'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { startPayuSimulator } from '../adapters/payu/simulator.ts'
import { startWompiSimulator } from '../adapters/wompi/simulator.ts'
import { createCheckoutSession, createPaymentLink, getCheckoutSession, getPaymentLink } from '../core/checkout/service.ts'
import { createConnection } from '../core/connections/service.ts'
import { getMethod, saveMethod } from '../core/customers/methods.ts'
import { createCustomer } from '../core/customers/service.ts'
import type { Hub } from '../core/hub.ts'
import { createPayment } from '../core/payments/service.ts'
import { testHub } from './support/hub.ts'

t.setTimeout(120_000)

const kushki = await startKushkiSimulator({ seed: 7 })
const paypal = await startPaypalSimulator({ seed: 7 })
const payu = await startPayuSimulator({ seed: 7 })
const wompi = await startWompiSimulator({ seed: 7 })
const simulators = { kushki, paypal, payu, wompi }
t.teardown(async () => { for (const simulator of Object.values(simulators)) await simulator.close() })
const env = Object.fromEntries(Object.entries(simulators).flatMap(([id, { url }]) => [[`PASARELA_PROVIDER_URL_${id.toUpperCase()}`, url], [`PASARELA_PROVIDER_RATE_${id.toUpperCase()}`, '10000']]))
const made = await testHub(t, { env: { ...env, RESOLVER_SCHEDULE: '1s,5s,30s' } })
const { hub, work, advance } = made

/** As if this process died, or had a bug, in the middle of the call. */
function dying (provider: string, method: string): Hub {
  const adapter = hub.adapters.get(provider)!
  const patched = { ...adapter, payments: { ...adapter.payments!, [method]: async () => { throw new Error('nobody saw the end of it') } } }
  return {
    ...hub,
    adapters: { ...hub.adapters, get: id => id === provider ? patched : hub.adapters.get(id) },
    open: async connection => {
      const opened = await hub.open(connection)
      return opened.adapter === adapter ? { ...opened, adapter: patched } : opened
    }
  }
}

async function shop (provider: keyof typeof simulators) {
  const tenant = await made.tenant()
  const { id: connection } = await createConnection(hub, tenant.access, { provider, mode: 'test', credentials: simulators[provider].credentials('test') }, null)
  return { ...tenant, connection }
}

const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233', tax_id: '1020304050' }

for (const [provider, amount, currency] of [['payu', 25_000, 'MXN'], ['wompi', 5_000_000, 'COP']] as const) {
  t.test(`a page of ${provider}'s that nobody saw made is made again, and is the same`, async t => {
    const { access, connection } = await shop(provider)
    const lost = await createCheckoutSession(dying(provider, 'createCheckout'), access, { amount, currency, connection, customer: ana, success_url: 'https://shop.example/ok' } as never, null)
    t.equal(lost.status, 'unknown')
    advance(2000)
    await work()
    t.match(await getCheckoutSession(hub, access, lost.id), { status: 'open', url: /^https?:\/\// })
  })
}

for (const [provider, order] of [['paypal', { amount: 19_900, currency: 'MXN', method: { type: 'card', token: 'vault-visa' } }], ['wompi', { amount: 5_000_000, currency: 'COP', method: { type: 'card', token: 'tok_test_sim_approved' } }], ['kushki', { amount: 19_900, currency: 'MXN', method: { type: 'card', token: 'sim_approved' } }]] as const) {
  t.test(`a customer at ${provider} that nobody saw made does not stand in the way of the next payment`, async t => {
    const { access, connection } = await shop(provider)
    const customer = (await createCustomer(hub, access, ana, null)).id
    const first = await createPayment(dying(provider, 'createCustomer'), access, { ...order, customer, connection }, null).catch((error: unknown) => error)
    t.notMatch(first, { status: 'succeeded' })
    advance(120_000)
    const { id, status } = await createPayment(hub, access, { ...order, customer, connection }, null)
    t.match(status, /succeeded|processing/)
    t.equal(simulators[provider].effects(id).charges <= 1, true)
  })
}

for (const [provider, path, token, kept] of [['kushki', '/subscriptions/v1/card', 'sim_approved', () => kushki.cards().length], ['wompi', '/payment_sources', 'tok_test_sim_approved', () => wompi.requests().filter(({ method, path }) => method === 'POST' && path.endsWith('/payment_sources')).length]] as const) {
  t.test(`a card that ${provider} may have kept is not kept twice: it counts as not kept, and another is`, async t => {
    const { access, connection } = await shop(provider)
    const customer = (await createCustomer(hub, access, ana, null)).id
    const before = kept()
    simulators[provider].inject({ kind: 'cut_after', method: 'POST', path })
    const lost = await saveMethod(hub, access, customer, { type: 'card', token, connection }, null)
    t.equal(lost.status, 'unknown')
    for (const ms of [2000, 6000, 40_000, 1_000_000]) {
      advance(ms)
      await work()
    }
    t.match(await getMethod(hub, access, customer, lost.id), { status: 'failed', error: { code: 'timeout_unknown' }, default: false })
    t.equal(kept(), before + 1, 'asked for once')
    t.match(await saveMethod(hub, access, customer, { type: 'card', token, connection }, null), { status: 'active', default: true })
  })
}

t.test('a link that cannot be found again is not made twice: a person is told', async t => {
  const { access, tenantId, connection } = await shop('wompi')
  wompi.inject({ kind: 'cut_after', method: 'POST', path: '/payment_links' })
  const lost = await createPaymentLink(hub, access, { amount: 5_000_000, currency: 'COP', description: 'Donativo', connection } as never, null)
  t.equal(lost.status, 'unknown')
  for (const ms of [2000, 6000, 40_000, 600_000]) {
    advance(ms)
    await work()
  }
  t.equal((await getPaymentLink(hub, access, lost.id)).status, 'unknown', 'neither made again nor called lost')
  t.equal(wompi.made(lost.id), 1)
  const alerts = await made.database.owner.selectFrom('alerts').select(['kind', 'severity']).where('tenant_id', '=', tenantId).execute()
  t.match(alerts, [{ kind: 'checkout_review', severity: 'critical' }])
})
