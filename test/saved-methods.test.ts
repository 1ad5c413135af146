/**
 * `save_method` with a payment, over HTTP at each provider that keeps methods: what was kept is the customer's, once, by whatever way the hub
 * learns of it (the answer, the resolver, a webhook that is first, the same one twice), and is charged while its payer is away.
 */
import t, { type Test } from 'tap'
import type { Simulator } from '../core/adapter/simulator.ts'
import { startConektaSimulator } from '../adapters/conekta/simulator.ts'
import { startKushkiSimulator } from '../adapters/kushki/simulator.ts'
import { startMercadoPagoSimulator } from '../adapters/mercadopago/simulator.ts'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { startPayuSimulator } from '../adapters/payu/simulator.ts'
import { payPage } from '../adapters/stripe/testing/payer.ts'
import { startWompiSimulator } from '../adapters/wompi/simulator.ts'
import { parseId } from '../core/ids.ts'
import { type AppTenant, testApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

t.setTimeout(240_000)

const conekta = await startConektaSimulator({ seed: 7, localHooks: true })
const mercadopago = await startMercadoPagoSimulator({ seed: 7 })
const kushki = await startKushkiSimulator({ seed: 7 })
const wompi = await startWompiSimulator({ seed: 7 })
const paypal = await startPaypalSimulator({ seed: 7, localHooks: true })
const payu = await startPayuSimulator({ seed: 7 })
const simulators = { conekta, mercadopago, kushki, wompi, paypal, payu }
t.teardown(async () => { for (const simulator of Object.values(simulators)) await simulator.close() })
const env = Object.fromEntries(Object.entries(simulators).flatMap(([id, { url }]) => [[`PASARELA_PROVIDER_URL_${id.toUpperCase()}`, url], [`PASARELA_PROVIDER_RATE_${id.toUpperCase()}`, '10000']]))
const app = await testApp(t, { env: { ...env, RESOLVER_SCHEDULE: '1500ms,500ms,1s,1s,1s,1s', INBOUND_SCHEDULE: '200ms,500ms,1s,1s' } })

interface Desk {
  name: string
  provider: string
  simulator: Simulator
  token: string
  declined: string
  amount: number
  currency: string
  card: { brand: string, last4: string }
  /** Where the charge is asked for. */
  charge: string
  settings?: object
  /** In the provider's panel, where its API cannot. */
  listen?: (credentials: Record<string, string>, url: string) => void
  /** Wompi, unless told otherwise, keeps a card after its charge: where that answer is lost, it does not. */
  keptAfter?: boolean
}
const toWompi = (credentials: Record<string, string>, url: string) => { wompi.sendEventsTo(credentials.public_key!, url) }
const ofWompi = { provider: 'wompi', simulator: wompi, token: 'tok_test_sim_approved', declined: 'tok_test_sim_funds', amount: 5_000_000, currency: 'COP', card: { brand: 'visa', last4: '4242' }, charge: '/transactions', listen: toWompi }
const desks: Desk[] = [
  { name: 'stripe', provider: 'stripe', simulator: app.simulator, token: 'pm_card_visa', declined: 'pm_card_chargeDeclined', amount: 19_900, currency: 'MXN', card: { brand: 'visa', last4: '4242' }, charge: '/v1/payment_intents' },
  { name: 'conekta', provider: 'conekta', simulator: conekta, token: 'tok_test_visa_4242', declined: 'tok_test_insufficient_funds', amount: 19_900, currency: 'MXN', card: { brand: 'visa', last4: '4242' }, charge: '/orders' },
  { name: 'mercadopago', provider: 'mercadopago', simulator: mercadopago, token: 'sim-token-visa-APRO', declined: 'sim-token-visa-FUND', amount: 19_900, currency: 'MXN', card: { brand: 'visa', last4: '1111' }, charge: '/v1/payments', listen: ({ access_token: token }, url) => { mercadopago.notify(token!, url) } },
  { name: 'kushki', provider: 'kushki', simulator: kushki, token: 'sim_approved', declined: 'sim_funds', amount: 19_900, currency: 'MXN', card: { brand: 'mastercard', last4: '5480' }, charge: '/subscriptions/v1/card/', listen: ({ public_merchant_id: id }, url) => { kushki.sendEventsTo(id!, url) } },
  { name: 'wompi, the card kept after its charge', ...ofWompi, settings: { poll_ms: 0 }, keptAfter: true },
  { name: 'wompi, the card kept before its charge', ...ofWompi, settings: { poll_ms: 0, keep_card: 'before' } }
]

for (const desk of desks) {
  const { name, provider, simulator, token, declined, amount, currency, card } = desk
  t.test(name, async t => {
    const shop = await app.tenant({ connect: false })
    const connection = await connect(shop, desk)
    const read = async (path: string) => (await shop.client('GET', path)).body
    const pay = async (body: object) => await shop.client('POST', '/v1/payments', { body: { amount, currency, ...body } })
    const newCustomer = async (email: string) => (await shop.client('POST', '/v1/customers', { body: { name: 'Ana Pérez', email, phone: '5522997233', tax_id: '1020304050' } })).body.id as string
    const methods = async (customer: string) => (await read(`/v1/customers/${customer}/payment_methods`)).data
    const keeping = async (customer: string, more: object = {}) => await pay({ customer, save_method: true, method: { type: 'card', token }, ...more })
    const quiet = async () => {
      await simulator.settled()
      await app.quiet()
    }
    const paidIn = async (id: string) => await eventually(`${id} is paid`, async () => {
      const found = await read(`/v1/payments/${id}`)
      return found.status === 'succeeded' && found
    }, { withinMs: 30_000 })
    /** One method, of this card, that the payment names and that is charged while nobody is there. */
    const oneOf = async (t: Test, customer: string, payment: string) => {
      await quiet()
      const list = await methods(customer)
      t.match(list, [{ status: 'active', type: 'card', provider, connection, ...card, default: true, next_action: null, error: null }])
      t.equal(list.length, 1)
      t.equal((await read(`/v1/payments/${payment}`)).method?.payment_method, list[0]?.id, 'the payment names it')
      t.same(await told(list[0].id), ['payment_method.active'])
      t.match(await pay({ customer, method: { type: 'card', payment_method: list[0].id }, off_session: true, amount: amount + 100 }), { status: 201, body: { status: 'succeeded', amount_captured: amount + 100, method: { payment_method: list[0].id } } })
      await quiet()
      t.equal((await methods(customer)).length, 1, 'and being charged it is not kept again')
      return list[0].id as string
    }

    t.test('told by the answer, and by webhooks that come twice', async t => {
      const customer = await newCustomer('answer@shop.example')
      simulator.deliver({ how: 'duplicate' })
      const paid = await keeping(customer)
      t.match(paid, { status: 201, body: { status: 'succeeded', save_method: true, method: { ...card, payment_method: /^pmt_/ } } }, paid.text)
      const method = await oneOf(t, customer, paid.body.id)
      simulator.deliver({ how: 'now' })
      await shop.client('DELETE', `/v1/customers/${customer}/payment_methods/${method}`)
      await quiet()
      const { data: heard } = await read('/v1/inbound_events?limit=100')
      for (const { id } of heard) await shop.client('POST', `/v1/inbound_events/${id}/replay`)
      await quiet()
      t.same(await methods(customer), [], 'removed, it does not come back with the same news')
    })

    for (const kind of ['cut_after', 'cut_mid_body'] as const) {
      t.test(`the answer is lost (${kind}), and the resolver finds the payment`, async t => {
        const customer = await newCustomer(`${kind}@shop.example`)
        simulator.deliver({ how: 'hold' })
        simulator.inject({ kind, method: 'POST', path: desk.charge })
        const lost = await keeping(customer)
        t.match(lost, { status: 202, body: { status: 'unknown' } })
        await paidIn(lost.body.id)
        t.equal(simulator.effects(lost.body.id).charges, 1)
        simulator.deliver({ how: 'release' })
        simulator.deliver({ how: 'now' })
        await quiet()
        if (desk.keptAfter === true) t.same(await methods(customer), [], 'it was not kept, and nothing says that it was')
        else await oneOf(t, customer, lost.body.id)
      })
    }

    t.test('the answer is lost, and the webhook is faster than the resolver', async t => {
      const customer = await newCustomer('webhook@shop.example')
      simulator.deliver({ how: 'duplicate' })
      simulator.inject({ kind: 'cut_after', method: 'POST', path: desk.charge })
      const lost = await keeping(customer)
      await paidIn(lost.body.id)
      simulator.deliver({ how: 'now' })
      await quiet()
      if (desk.keptAfter === true) t.same(await methods(customer), [])
      else await oneOf(t, customer, lost.body.id)
    })

    t.test('the webhook is faster than the answer', async t => {
      const customer = await newCustomer('slow@shop.example')
      simulator.inject({ kind: 'slow', ms: 600, method: 'POST', path: desk.charge })
      const paid = await keeping(customer)
      t.match(paid, { status: 201, body: { status: 'succeeded' } }, paid.text)
      await oneOf(t, customer, paid.body.id)
    })

    t.test('a card that is declined is no method, and the one that then pays is never mixed up with it', async t => {
      const customer = await newCustomer('declined@shop.example')
      const first = await keeping(customer, { method: { type: 'card', token: declined } })
      t.match(first.body, { status: 'requires_payment_method', amount_captured: 0 }, first.text)
      await quiet()
      t.same(await methods(customer), [])
      t.match(await shop.client('POST', `/v1/payments/${first.body.id}/confirm`, { body: { method: { type: 'card', token } } }), { status: 200, body: { status: 'succeeded' } })
      await quiet()
      // Conekta's order tells of the card that it was made with alone.
      if (provider === 'conekta') t.same(await methods(customer), [])
      else await oneOf(t, customer, first.body.id)
    })

    t.test('what was not asked to be kept is not', async t => {
      const customer = await newCustomer('plain@shop.example')
      t.match(await pay({ customer, method: { type: 'card', token } }), { status: 201, body: { status: 'succeeded', save_method: false } })
      await quiet()
      t.same(await methods(customer), [])
    })
  })
}

t.test('a page that keeps the card of who pays there', async t => {
  const shop = await app.tenant()
  const customer = (await shop.client('POST', '/v1/customers', { body: { name: 'Ana Pérez', email: 'ana@shop.example' } })).body.id as string
  const session = (await shop.client('POST', '/v1/checkout_sessions', { body: { amount: 19_900, currency: 'MXN', customer, save_method: true, description: 'Room 12', success_url: 'https://shop.test/done' } })).body
  await payPage(session.url)
  await app.quiet()
  const { data } = (await shop.client('GET', `/v1/customers/${customer}/payment_methods`)).body
  t.match(data, [{ status: 'active', brand: 'visa', last4: '4242', default: true }])
  t.equal(data.length, 1)
  const { payment } = (await shop.client('GET', `/v1/checkout_sessions/${session.id}`)).body
  t.match((await shop.client('GET', `/v1/payments/${payment}`)).body, { save_method: true, method: { payment_method: data[0].id } })
  t.match(await shop.client('POST', '/v1/payments', { body: { amount: 5000, currency: 'MXN', customer, method: { type: 'card', payment_method: data[0].id }, off_session: true } }), { status: 201, body: { status: 'succeeded' } })
})

t.test('payu: a token is what is kept, and PayU keeps no customers', async t => {
  const shop = await app.tenant({ connect: false })
  await connect(shop, { provider: 'payu', simulator: payu })
  const customer = (await shop.client('POST', '/v1/customers', { body: { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' } })).body.id as string
  const pay = async (more: object) => await shop.client('POST', '/v1/payments', { body: { amount: 25_000, currency: 'MXN', customer, ...more } })
  const paid = await pay({ save_method: true, method: { type: 'card', token: 'sim-VISA-APPROVED' } })
  t.match(paid, { status: 201, body: { status: 'succeeded', method: { payment_method: /^pmt_/ } } }, paid.text)
  t.match(await pay({ method: { type: 'card', payment_method: paid.body.method.payment_method }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
  t.match((await pay({ save_method: true, method: { type: 'card', token: 'sim-VISA-APPROVED' } })).body, { status: 'succeeded', method: paid.body.method }, 'the same token is the same method')
  t.equal((await shop.client('GET', `/v1/customers/${customer}/payment_methods`)).body.data.length, 1)
})

t.test('paypal: a card that its page put in the vault', async t => {
  const shop = await app.tenant({ connect: false })
  await connect(shop, { provider: 'paypal', simulator: paypal })
  const customer = (await shop.client('POST', '/v1/customers', { body: { name: 'Ana Pérez', email: 'ana@shop.example' } })).body.id as string
  const pay = async (more: object) => await shop.client('POST', '/v1/payments', { body: { amount: 19_900, currency: 'MXN', customer, ...more } })
  const paid = await pay({ save_method: true, method: { type: 'card', token: 'vault-visa' } })
  t.match(paid, { status: 201, body: { status: 'succeeded', method: { payment_method: /^pmt_/ } } }, paid.text)
  t.match(await pay({ method: { type: 'card', payment_method: paid.body.method.payment_method }, off_session: true }), { status: 201, body: { status: 'succeeded' } })
})

async function connect (shop: AppTenant, { provider, simulator, settings, listen }: Pick<Desk, 'provider' | 'simulator' | 'settings' | 'listen'>): Promise<string> {
  const credentials = simulator.credentials('test')
  const { body } = await shop.client('POST', '/v1/connections', { body: { provider, mode: 'test', credentials, ...(settings !== undefined && { settings }) } })
  const tested = await shop.client('POST', `/v1/connections/${body.id}/test`, { body: {} })
  if (tested.body.health !== 'healthy') throw new Error(tested.text)
  if (listen === undefined) await shop.client('POST', `/v1/connections/${body.id}/webhook`, { body: {} })
  else listen(credentials, body.webhook_url)
  return body.id
}

async function told (method: string): Promise<string[]> {
  const rows = await app.database.owner.selectFrom('events').select('type').where('subject_id', '=', parseId('payment_method', method)!).where('type', '!=', 'payment_method.updated').orderBy('id').execute()
  return rows.map(({ type }) => type)
}
