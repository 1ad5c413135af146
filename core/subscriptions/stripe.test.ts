import t from 'tap'
import { hookedHub, type HookedHub, type Shop } from '../../test/support/hooked-hub.ts'
import { saveMethod } from '../customers/methods.ts'
import { createCustomer } from '../customers/service.ts'
import type { Hub } from '../hub.ts'
import { uuidOf } from '../ids.ts'
import { getPayment } from '../payments/service.ts'
import { createPlan } from '../plans/service.ts'
import * as service from './service.ts'

/** Against Stripe's simulator, with its webhooks: the clock of both is in the test's hand. */
const dayMs = 24 * 3600_000
const monthly = { name: 'Gym', amount: 49900, currency: 'MXN', interval: 'month' as const }

t.setTimeout(300_000)

let made: HookedHub
let shop: Shop
t.before(async () => {
  made = await hookedHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m' } })
  shop = await made.shop()
})
t.beforeEach(() => {
  made?.simulator.clearFaults()
  made?.simulator.deliver({ how: 'now' })
})

// Those of the tests before would be billed for all the months that pass.
t.afterEach(async () => {
  const open = await made.database.owner.selectFrom('subscriptions').select('provider_reference').where('status', 'not in', ['canceled', 'expired']).where('provider_reference', 'is not', null).execute()
  for (const { provider_reference: reference } of open) await shop.stripe('DELETE' as 'POST', `/v1/subscriptions/${reference}`)
  await settle()
})

const hub = (): Hub => made.hub
/** Webhooks come in, and all that is due is done. */
async function settle (): Promise<void> {
  await made.simulator.settled()
  await made.work()
}
/** Time passes at Stripe and here. */
async function pass (ms: number): Promise<void> {
  made.advance(ms)
  made.simulator.advance()
  await settle()
}
async function parties (token: string | null = 'pm_card_visa', plan = {}) {
  const customer = await createCustomer(hub(), shop.access, { name: 'Ana', email: 'ana@example.com' }, null)
  const { id } = await createPlan(hub(), shop.access, { ...monthly, ...plan }, null)
  const method = token === null ? undefined : await saveMethod(hub(), shop.access, customer.id, { type: 'card', token }, null)
  return { customer: customer.id, plan: id, ...(method !== undefined && { payment_method: method.id }) }
}
const subscribe = async (more: object = {}, token?: string | null) => await service.createSubscription(hub(), shop.access, { ...await parties(token), ...more }, null)
const read = async (id: string) => await service.getSubscription(hub(), shop.access, id)
const cyclesOf = async (id: string) => (await service.listCycles(hub(), shop.access, id, {})).data
const told = async (id: string) => (await made.database.owner.selectFrom('events').select('type').where('subject_id', '=', uuidOf('subscription', id)).orderBy('id').execute()).map(({ type }) => type.replace('subscription.', ''))
const atStripe = async (customer: string) => {
  const row = await made.database.owner.selectFrom('counterparts').select('provider_reference').where('owner_id', '=', uuidOf('customer', customer)).executeTakeFirstOrThrow()
  return (await shop.stripe('GET', `/v1/subscriptions?customer=${row.provider_reference}&status=all`)).data as { id: string, status: string }[]
}

t.test('three renewals, each told once and each with its payment', async t => {
  const { id } = await subscribe({ reference: 'member-1' })
  t.match(await read(id), { status: 'active' })
  for (let month = 0; month < 3; month++) {
    await pass(31 * dayMs)
    await pass(2 * 3600_000)
  }
  const cycles = await cyclesOf(id)
  t.same(cycles.map(({ status, amount }) => [status, amount]), Array(4).fill(['paid', 49900]))
  t.equal(new Set(cycles.map(({ payment }) => payment)).size, 4)
  for (const { payment } of cycles) t.match(await getPayment(hub(), shop.access, payment!), { status: 'succeeded', amount_captured: 49900, reference: 'member-1' })
  t.same(await told(id), ['created', 'activated', 'renewed', 'renewed', 'renewed'])
  t.match(await read(id), { status: 'active', review: null })
})

t.test('webhooks twice and in any order', async t => {
  const { id } = await subscribe()
  await settle()
  for (const [how, seed] of [['duplicate', 0], ['shuffle', 1], ['shuffle', 2]] as const) {
    made.simulator.deliver({ how, seed })
    made.advance(31 * dayMs)
    made.simulator.advance()
    made.advance(2 * 3600_000)
    made.simulator.advance()
    made.simulator.deliver({ how: 'release' })
    await settle()
  }
  t.same((await cyclesOf(id)).map(({ status }) => status), ['paid', 'paid', 'paid', 'paid'])
  t.same(await told(id), ['created', 'activated', 'renewed', 'renewed', 'renewed'])
})

t.test('no webhook ever comes: the renewal is found all the same', async t => {
  const { id } = await subscribe()
  await settle()
  made.simulator.deliver({ how: 'hold' })
  made.advance(31 * dayMs)
  made.simulator.advance()
  made.advance(3 * 3600_000)
  made.simulator.advance()
  await made.work()
  made.advance(3 * 3600_000)
  await made.work()
  t.match(await cyclesOf(id), [{ status: 'paid', payment: /^pay_/ }, { status: 'paid' }])
  t.same(await told(id), ['created', 'activated', 'renewed'])
  made.simulator.deliver({ how: 'release' })
  await settle()
  t.same(await told(id), ['created', 'activated', 'renewed'], 'late webhooks tell nothing new')
})

t.test('a card that stops paying: past due, told with the next attempt, and at last the end', async t => {
  const { id, customer } = await subscribe()
  await settle()
  const broken = await saveMethod(hub(), shop.access, customer, { type: 'card', token: 'pm_card_chargeCustomerFail' }, null)
  t.match(broken, { status: 'active' })
  t.match(await service.patchSubscription(hub(), shop.access, id, { payment_method: broken.id }), { payment_method: broken.id, status: 'active' })
  await pass(31 * dayMs)
  await pass(2 * 3600_000)
  t.match(await read(id), { status: 'past_due' })
  const [cycle] = await cyclesOf(id)
  t.match(cycle, { status: 'open', attempts: 1, next_attempt_at: /^20/, error: { code: 'card_declined' }, payment: /^pay_/ })
  t.match(await getPayment(hub(), shop.access, cycle!.payment!), { status: 'requires_payment_method', error: { code: 'card_declined' } })
  const first = await told(id)
  t.same(first.slice(0, 3), ['created', 'activated', 'updated'])
  t.same(first.slice(3).sort(), ['past_due', 'payment_failed'])
  for (let day = 0; day < 40 && (await read(id)).status === 'past_due'; day++) await pass(dayMs)
  t.match(await read(id), { status: 'canceled' }, 'as Stripe is set to do after its last attempt')
  const all = await told(id)
  t.equal(all.filter(type => type === 'payment_failed').length, (await cyclesOf(id)).find(({ id: name }) => name === cycle!.id)!.attempts, 'each attempt is told once')
  t.ok(all.includes('canceled'))
})

t.test('the payer mends it: active again', async t => {
  const { id, customer } = await subscribe()
  await settle()
  const broken = await saveMethod(hub(), shop.access, customer, { type: 'card', token: 'pm_card_chargeCustomerFail' }, null)
  await service.patchSubscription(hub(), shop.access, id, { payment_method: broken.id })
  await pass(31 * dayMs)
  await pass(2 * 3600_000)
  t.match(await read(id), { status: 'past_due' })
  const good = await saveMethod(hub(), shop.access, customer, { type: 'card', token: 'pm_card_visa' }, null)
  await service.patchSubscription(hub(), shop.access, id, { payment_method: good.id })
  for (let day = 0; day < 10 && (await read(id)).status !== 'active'; day++) await pass(dayMs)
  t.match(await read(id), { status: 'active' })
  t.match((await cyclesOf(id))[0], { status: 'paid', error: null })
  t.match(await getPayment(hub(), shop.access, (await cyclesOf(id))[0]!.payment!), { status: 'succeeded' })
})

t.test('the first payment waits for the payer', async t => {
  const waiting = await subscribe({ return_url: 'http://shop.test/back' }, 'pm_card_visa')
  t.match(waiting, { status: 'active' })
  const open = await subscribe({}, null)
  t.match(open, { status: 'incomplete', next_action: { type: 'client_secret' }, payment_method: null })
  const stored = await made.database.owner.selectFrom('subscriptions').select('next_action_sealed').where('id', '=', uuidOf('subscription', open.id)).executeTakeFirstOrThrow()
  t.notMatch(stored.next_action_sealed, /secret/)
  await pass(24 * 3600_000)
  t.match(await read(open.id), { status: 'expired', next_action: null }, 'and does not come')
  t.same(await told(open.id), ['created', 'expired'])
})

t.test('a card that is declined at once: incomplete, with the reason', async t => {
  const made = await subscribe({}, 'pm_card_chargeCustomerFail')
  t.match(made, { status: 'incomplete', error: { code: 'card_declined' } })
  await settle()
  t.same((await told(made.id)).sort(), ['created', 'payment_failed'])
})

t.test('a trial, its reminder, and the first bill', async t => {
  const { id } = await subscribe({ trial_days: 10 })
  t.match(await read(id), { status: 'trialing', trial_ends_at: /^20/ })
  await pass(7 * dayMs + 3600_000)
  t.equal((await told(id)).filter(type => type === 'trial_ending').length, 1)
  await pass(3 * dayMs)
  await pass(2 * 3600_000)
  t.match(await read(id), { status: 'active' })
  t.equal((await told(id)).filter(type => type === 'trial_ending').length, 1)
  t.match((await cyclesOf(id))[0], { status: 'paid', amount: 49900, payment: /^pay_/ })
})

t.test('paused: what falls due meanwhile is void; resumed: it is claimed again', async t => {
  const { id } = await subscribe()
  t.match(await service.pauseSubscription(hub(), shop.access, id), { status: 'paused' })
  await pass(31 * dayMs)
  await pass(2 * 3600_000)
  t.match(await read(id), { status: 'paused' })
  t.match((await cyclesOf(id))[0], { status: 'void' })
  t.match(await service.resumeSubscription(hub(), shop.access, id), { status: 'active' })
  await pass(31 * dayMs)
  await pass(2 * 3600_000)
  t.match((await cyclesOf(id))[0], { status: 'paid' })
  t.match(await read(id), { status: 'active' })
})

t.test('canceled at the end of the period, taken back, and canceled in the end', async t => {
  const { id } = await subscribe()
  t.match(await service.cancelSubscription(hub(), shop.access, id, 'period_end'), { status: 'active', cancel_at_period_end: true })
  t.match(await service.resumeSubscription(hub(), shop.access, id), { cancel_at_period_end: false })
  t.match(await service.cancelSubscription(hub(), shop.access, id, 'period_end'), { cancel_at_period_end: true })
  await pass(31 * dayMs)
  t.match(await read(id), { status: 'canceled' })
  t.equal((await cyclesOf(id)).length, 1)
})

t.test('another plan and quantity, and what it costs', async t => {
  const { id } = await subscribe()
  const bigger = await createPlan(hub(), shop.access, { ...monthly, name: 'Gold', amount: 99900 }, null)
  await pass(15 * dayMs)
  // Stripe prorates to the second: what it would cost is what it costs when both are asked in one moment.
  const preview = await made.still(async () => {
    const asked = await service.previewChange(hub(), shop.access, id, { plan: bigger.id, quantity: 2 })
    t.match(await service.patchSubscription(hub(), shop.access, id, { plan: bigger.id, quantity: 2 }), { plan: bigger.id, quantity: 2, status: 'active' })
    return asked
  })
  t.ok(preview.prorated > 0 && preview.prorated < 2 * 99900, `${preview.prorated} for half a month`)
  t.ok(preview.amount_due > preview.prorated)
  await pass(16 * dayMs)
  await pass(2 * 3600_000)
  const [cycle] = await cyclesOf(id)
  t.match(cycle, { status: 'paid', amount: preview.amount_due })
})

for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before'] as const) {
  t.test(`no answer (${kind}): unknown, and then one subscription and one charge`, async t => {
    const asked = await parties()
    made.simulator.inject({ kind, method: 'POST', path: '/v1/subscriptions' })
    const unknown = await service.createSubscription(hub(), shop.access, asked, null)
    t.match(unknown, { status: 'unknown', pending: 'create' })
    made.advance(6_000)
    await settle()
    t.match(await read(unknown.id), { status: 'active', pending: null })
    t.equal((await atStripe(asked.customer)).length, 1)
    t.same(await told(unknown.id), ['created', 'activated'])
    t.match(await cyclesOf(unknown.id), [{ status: 'paid', payment: /^pay_/ }])
  })
  t.test(`a cancel without an answer (${kind}) is carried out`, async t => {
    const { id, customer } = await subscribe()
    made.simulator.inject({ kind, method: 'DELETE', path: '/v1/subscriptions/' })
    t.match(await service.cancelSubscription(hub(), shop.access, id, 'now'), { status: /unknown|canceled/ })
    made.advance(6_000)
    await settle()
    t.match(await read(id), { status: 'canceled', pending: null })
    t.match(await atStripe(customer), [{ status: 'canceled' }])
  })
}

t.test('canceled while nobody knew whether it was made', async t => {
  for (const kind of ['cut_before', 'cut_after'] as const) {
    const asked = await parties()
    made.simulator.inject({ kind, method: 'POST', path: '/v1/subscriptions' })
    made.simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/subscriptions' })
    const unknown = await service.createSubscription(hub(), shop.access, asked, null)
    t.match(await service.cancelSubscription(hub(), shop.access, unknown.id, 'now'), { status: 'unknown' })
    for (let round = 0; round < 4; round++) {
      made.advance(130_000)
      await settle()
    }
    t.match(await read(unknown.id), { status: 'canceled', pending: null }, kind)
    t.same((await atStripe(asked.customer)).map(({ status }) => status), kind === 'cut_after' ? ['canceled'] : [], kind)
  }
})

t.test('changed in the provider’s dashboard: heard, and in the end the truth', async t => {
  const { id, provider_reference: reference } = await subscribe()
  await shop.stripe('POST', `/v1/subscriptions/${reference}`, { 'pause_collection[behavior]': 'void' })
  await settle()
  t.match(await read(id), { status: 'paused' })
  await shop.stripe('POST', `/v1/subscriptions/${reference}`, { pause_collection: '' })
  await settle()
  t.match(await read(id), { status: 'active' })
  await shop.stripe('POST', `/v1/subscriptions/${reference}`, { cancel_at_period_end: 'true' })
  await settle()
  t.match(await read(id), { cancel_at_period_end: true })
  t.same(await told(id), ['created', 'activated', 'paused', 'resumed', 'updated'])
})
