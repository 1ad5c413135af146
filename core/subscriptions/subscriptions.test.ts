import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import type { SubscriptionSnapshot } from '../adapter/subscriptions.ts'
import { saveMethod } from '../customers/methods.ts'
import { createCustomer, deleteCustomer } from '../customers/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { uuidOf } from '../ids.ts'
import { archivePlan, createPlan, getPlan, listPlans } from '../plans/service.ts'
import { getPayment } from '../payments/service.ts'
import { memoryShop, type MemoryShop } from './fixtures/memory-shop.ts'
import { processSubscriptionEvent } from './process.ts'
import * as service from './service.ts'

const dayMs = 24 * 3600_000
const monthly = { name: 'Gym', amount: 49900, currency: 'MXN', interval: 'month' as const }
t.setTimeout(240_000)

let shop: MemoryShop
t.before(async () => { shop = await memoryShop(t) })

async function parties (at = shop, { card = true, plan = {} }: { card?: boolean, plan?: object } = {}) {
  const customer = await createCustomer(at.hub, at.access, { name: 'Ana', email: 'ana@example.com' }, null)
  const made = await createPlan(at.hub, at.access, { ...monthly, ...plan }, null)
  const method = card ? await saveMethod(at.hub, at.access, customer.id, { type: 'card', token: 'tok' }, null) : undefined
  return { customer: customer.id, plan: made.id, ...(method !== undefined && { payment_method: method.id }) }
}
const subscribe = async (at = shop, more: object = {}) => await service.createSubscription(at.hub, at.access, { ...await parties(at), ...more }, null)
const read = async (id: string, at = shop) => await service.getSubscription(at.hub, at.access, id)
const cyclesOf = async (id: string, at = shop) => (await service.listCycles(at.hub, at.access, id, {})).data
const told = async (id: string, at = shop) => (await at.database.owner.selectFrom('events').select('type').where('subject_id', '=', uuidOf('subscription', id)).orderBy('id').execute()).map(({ type }) => type.replace('subscription.', ''))
const alerts = async (id: string, at = shop) => (await at.database.owner.selectFrom('alerts').select('kind').where('subject_id', '=', id).execute()).map(({ kind }) => kind)
const truth = (id: string, at = shop) => at.provider.subscriptions(id)
const hear = async (id: string, snapshot: SubscriptionSnapshot, { believed = true, at = shop } = {}) =>
  await processSubscriptionEvent(at.hub, at.connection, { type: 'subscription', providerReference: snapshot.providerReference, reference: id, snapshot }, believed)

t.test('a saved card and a plan: active at once, with its first cycle and that cycle’s payment', async t => {
  const made = await subscribe(shop, { reference: 'member-1', metadata: { locker: '7' }, quantity: 2 })
  t.match(made, { status: 'active', quantity: 2, reference: 'member-1', cancel_at_period_end: false, pending: null, next_action: null, error: null, provider: 'memory', provider_reference: /^msub_/ })
  const [cycle] = await cyclesOf(made.id)
  t.match(cycle, { status: 'paid', amount: 99800, currency: 'MXN', attempts: 1, subscription: made.id, payment: /^pay_/ })
  t.match(await getPayment(shop.hub, shop.access, cycle!.payment!), { status: 'succeeded', amount: 99800, amount_captured: 99800, reference: 'member-1', metadata: { locker: '7' } })
  t.same(await told(made.id), ['created', 'activated'])
  t.match(await read(made.id), { status: 'active', current_period_end: made.current_period_end })
  t.same((await service.listSubscriptions(shop.hub, shop.access, { reference: 'member-1' })).data.map(({ id }) => id), [made.id])
  t.same((await service.listSubscriptions(shop.hub, shop.access, { customer: made.customer, plan: made.plan, status: 'active' })).data.map(({ id }) => id), [made.id])
})

t.test('without a card the payer pays the first period', async t => {
  const { customer, plan } = await parties(shop, { card: false })
  const made = await service.createSubscription(shop.hub, shop.access, { customer, plan, return_url: 'http://shop.test/back' }, null)
  t.match(made, { status: 'incomplete', next_action: { type: 'client_secret' }, payment_method: null })
  t.same(await told(made.id), ['created'])
  shop.provider.change(made.id, { status: 'active', nextAction: undefined } as never)
  shop.advance(11 * 60_000)
  await shop.work()
  t.match(await read(made.id), { status: 'active', next_action: null }, 'found out by asking, without any webhook')
  t.same(await told(made.id), ['created', 'activated'])
})

t.test('customer, price and subscription are made once at the provider, however many subscribe at once', async t => {
  const asked = await parties()
  const before = { plans: shop.provider.done('create_plan'), customers: shop.provider.done('create_customer') }
  const made = await Promise.all(Array.from({ length: 5 }, async () => await service.createSubscription(shop.hub, shop.access, asked, null)))
  t.equal(new Set(made.map(({ provider_reference: reference }) => reference)).size, 5)
  t.same(made.map(({ status }) => status), Array(5).fill('active'))
  t.same([shop.provider.done('create_plan') - before.plans, shop.provider.done('create_customer') - before.customers], [1, 0], 'one price for all, and the customer of the saved card')
})

for (const fault of ['lost_before', 'lost_after'] as const) {
  t.test(`no answer (${fault}): unknown, and then exactly one subscription`, async t => {
    shop.provider.fail('create_subscription', fault)
    const made = await subscribe()
    t.match(made, { status: 'unknown', pending: 'create', provider_reference: null })
    t.same(await told(made.id), [], 'nobody knows, and nobody is told')
    shop.advance(6_000)
    await shop.work()
    t.match(await read(made.id), { status: 'active', pending: null })
    t.equal(truth(made.id).length, 1)
    t.same(await told(made.id), ['created', 'activated'])
    t.equal((await cyclesOf(made.id)).length, 1)
  })
  for (const operation of ['create_plan', 'create_customer'] as const) {
    t.test(`no answer (${fault}) of ${operation}, which it stands on: it is found or made, and then subscribed once`, async t => {
      const { customer, plan } = await parties(shop, { card: false })
      const done = shop.provider.done(operation)
      shop.provider.fail(operation, fault)
      const made = await service.createSubscription(shop.hub, shop.access, { customer, plan }, null)
      t.match(made, { status: 'unknown', pending: 'create' })
      t.equal(truth(made.id).length, 0)
      shop.advance(6_000)
      await shop.work()
      t.match(await read(made.id), { status: 'incomplete', pending: null })
      t.equal(truth(made.id).length, 1)
      t.equal(shop.provider.done(operation) - done, 1)
    })
  }
}

t.test('refused, or never sent: it says so, and there is nothing at the provider', async t => {
  shop.provider.fail('create_subscription', 'card_declined')
  const declined = await subscribe()
  t.match(declined, { status: 'expired', error: { code: 'card_declined', retry: 'after_user_action' }, pending: null })
  shop.provider.fail('create_subscription', 'nowhere')
  t.match(await subscribe(), { status: 'expired', error: { code: 'provider_unavailable', retry: 'backoff' } })
  shop.provider.fail('create_plan', 'amount_invalid')
  t.match(await subscribe(), { status: 'expired', error: { code: 'amount_invalid' } })
  t.same(await told(declined.id), ['expired'])
  shop.advance(dayMs)
  await shop.work()
  t.match(await read(declined.id), { status: 'expired' })
  t.equal(truth(declined.id).length, 0)
})

t.test('what cannot be is refused before anything is written', async t => {
  const asked = await parties()
  const count = async () => (await service.listSubscriptions(shop.hub, shop.access, { limit: 100 })).data.length
  const before = await count()
  const trying = async (more: object) => await service.createSubscription(shop.hub, shop.access, { ...asked, ...more }, null)
  const other = await parties()
  const stranger = await shop.stranger()
  const dear = await createPlan(shop.hub, shop.access, { ...monthly, amount: Number.MAX_SAFE_INTEGER - 1 }, null)
  const cheap = await createPlan(shop.hub, shop.access, { ...monthly, amount: 100 }, null)
  const pounds = await createPlan(shop.hub, shop.access, { ...monthly, currency: 'GBP' }, null)
  const old = await createPlan(shop.hub, shop.access, monthly, null)
  await archivePlan(shop.hub, shop.access, old.id)
  await t.rejects(trying({ customer: 'cus_nonsense' }), { code: 'request_invalid', errors: [{ path: 'customer' }] })
  await t.rejects(trying({ plan: 'pln_nonsense' }), { code: 'request_invalid', errors: [{ path: 'plan' }] })
  await t.rejects(trying({ plan: old.id }), { errors: [{ path: 'plan', message: 'is archived' }] })
  await t.rejects(trying({ payment_method: other.payment_method }), { errors: [{ path: 'payment_method', message: /another customer/ }] })
  await t.rejects(trying({ connection: 'con_nonsense' }), { code: 'connection_not_usable' })
  await t.rejects(trying({ plan: dear.id, quantity: 2 }), { code: 'amount_invalid', errors: [{ path: 'quantity' }] })
  await t.rejects(trying({ plan: cheap.id }), { code: 'amount_invalid' })
  await t.rejects(trying({ plan: pounds.id }), { code: 'currency_not_supported' })
  await t.rejects(service.createSubscription(shop.hub, stranger.access, asked, null), { code: 'request_invalid', errors: [{ path: 'customer' }] }, 'of another tenant nothing is known')
  await t.rejects(service.createSubscription(shop.hub, { ...shop.access, mode: 'live' }, asked, null), { code: 'request_invalid', errors: [{ path: 'customer' }] }, 'test and live never mix')
  await t.rejects(createPlan(shop.hub, shop.access, { ...monthly, interval_count: 37 }, null), { errors: [{ path: 'interval_count' }] })
  await t.rejects(createPlan(shop.hub, shop.access, { ...monthly, currency: 'XXQ' }, null), { errors: [{ path: 'currency' }] })
  t.equal(await count(), before)
})

t.test('plans: listed, archived, and as absent to others as any', async t => {
  const plan = await createPlan(shop.hub, shop.access, { ...monthly, reference: 'gold', trial_days: 7, interval_count: 3 }, null)
  t.match(plan, { status: 'active', interval_count: 3, trial_days: 7, archived_at: null })
  t.same((await listPlans(shop.hub, shop.access, { reference: 'gold', status: 'active' })).data.map(({ id }) => id), [plan.id])
  t.match(await archivePlan(shop.hub, shop.access, plan.id), { status: 'archived' })
  t.match(await archivePlan(shop.hub, shop.access, plan.id), { status: 'archived' })
  t.same((await listPlans(shop.hub, shop.access, { reference: 'gold', status: 'active' })).data, [])
  await t.rejects(getPlan(shop.hub, { ...shop.access, mode: 'live' }, plan.id), { code: 'not_found' })
  await t.rejects(getPlan(shop.hub, (await shop.stranger()).access, plan.id), { code: 'not_found' })
})

t.test('a trial: told once, three days before it ends, and then the first bill', async t => {
  const made = await subscribe(shop, { trial_days: 14 })
  t.match(made, { status: 'trialing', trial_ends_at: made.current_period_end })
  t.same(await told(made.id), ['created', 'trialing'])
  shop.advance(10 * dayMs)
  await shop.work()
  t.same(await told(made.id), ['created', 'trialing'])
  shop.advance(dayMs + 60_000)
  await shop.work()
  await shop.work()
  t.same(await told(made.id), ['created', 'trialing', 'trial_ending'])
  shop.provider.renew(made.id, 'paid')
  shop.advance(3 * dayMs + 3 * 3600_000)
  await shop.work()
  t.match(await read(made.id), { status: 'active' })
  t.same(await told(made.id), ['created', 'trialing', 'trial_ending', 'activated'])
  const short = await subscribe(shop, { trial_days: 2 })
  t.same(await told(short.id), ['created', 'trialing', 'trial_ending'], 'a short one is told at once')
})

t.test('a renewal that no webhook told of is found when its period is over', async t => {
  const other = await memoryShop(t)
  const made = await subscribe(other)
  other.provider.renew(made.id, 'paid')
  other.provider.renew(made.id, 'paid')
  other.advance(30 * dayMs + 3 * 3600_000)
  await other.work()
  const cycles = await cyclesOf(made.id, other)
  t.same(cycles.map(({ status }) => status), ['paid', 'paid', 'paid'], 'also the one between')
  t.equal(new Set(cycles.map(({ payment }) => payment)).size, 3, 'each with its payment')
  t.same((await told(made.id, other)).filter(type => type === 'renewed'), ['renewed', 'renewed'])
  const asked = other.provider.asked('get_subscription')
  other.advance(5 * dayMs)
  await other.work()
  t.ok(other.provider.asked('get_subscription') - asked <= 1, 'and it is not asked for all the time')
})

t.test('not paid: past due, told with the next attempt; paid after all, or given up', async t => {
  const made = await subscribe()
  shop.provider.renew(made.id, 'failed')
  await hear(made.id, truth(made.id)[0]!)
  t.match(await read(made.id), { status: 'past_due' })
  t.same(await told(made.id), ['created', 'activated', 'past_due', 'payment_failed'])
  const event = await shop.database.owner.selectFrom('events').select('data').where('subject_id', '=', uuidOf('subscription', made.id)).where('type', '=', 'subscription.payment_failed').executeTakeFirstOrThrow()
  t.match(event.data, { id: made.id, status: 'past_due', cycle: { status: 'open', attempts: 1, next_attempt_at: /^20/, amount: 49900 } })
  const [cycle] = await cyclesOf(made.id)
  t.match(cycle, { status: 'open', error: { code: 'insufficient_funds' } })
  t.match(await getPayment(shop.hub, shop.access, cycle!.payment!), { status: 'requires_payment_method', error: { code: 'insufficient_funds' } })
  shop.provider.renew(made.id, 'paid_late')
  await hear(made.id, truth(made.id)[0]!)
  await shop.work()
  t.match(await read(made.id), { status: 'active' })
  t.match((await cyclesOf(made.id))[0], { status: 'paid', attempts: 2, error: null, payment: cycle!.payment })
  t.match(await getPayment(shop.hub, shop.access, cycle!.payment!), { status: 'succeeded' })
  t.same((await told(made.id)).slice(4), ['activated', 'renewed'])

  shop.provider.renew(made.id, 'failed')
  await hear(made.id, truth(made.id)[0]!)
  shop.provider.change(made.id, { status: 'unpaid' })
  await hear(made.id, truth(made.id)[0]!)
  t.match(await read(made.id), { status: 'unpaid' })
  t.same((await told(made.id)).slice(6), ['past_due', 'payment_failed', 'unpaid'])
})

t.test('events twice, late and in any order change nothing that is true', async t => {
  const made = await subscribe()
  const life: SubscriptionSnapshot[] = [truth(made.id)[0]!]
  for (const act of [() => shop.provider.renew(made.id, 'failed'), () => shop.provider.renew(made.id, 'paid_late'), () => shop.provider.renew(made.id, 'paid'), () => shop.provider.change(made.id, { status: 'paused' })]) {
    act()
    life.push(truth(made.id)[0]!)
  }
  await Promise.all([...life, ...life.toReversed(), ...life].map(async snapshot => await hear(made.id, snapshot)))
  t.match(await read(made.id), { status: 'paused' })
  t.same((await cyclesOf(made.id)).map(({ status }) => status), ['paid', 'paid', 'paid'])
  t.equal((await told(made.id)).filter(type => type === 'renewed').length, 2, 'each renewal is told once')
  const unsigned = await hear(made.id, { ...life[0]!, status: 'canceled' }, { believed: false })
  t.match(unsigned, { status: 'processed' })
  t.match(await read(made.id), { status: 'paused' }, 'what is not signed only makes us ask')
  t.match(await processSubscriptionEvent(shop.hub, shop.connection, { type: 'subscription', providerReference: 'msub_unknown' }, true), { status: 'unmatched' })
  const elsewhere = await memoryShop(t)
  t.match(await processSubscriptionEvent(elsewhere.hub, elsewhere.connection, { type: 'subscription', providerReference: made.provider_reference!, reference: made.id, snapshot: { ...life[0]!, status: 'canceled' } }, true), { status: 'unmatched' }, 'an event of another account')
})

t.test('canceled now, and for good', async t => {
  const made = await subscribe()
  t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'now'), { status: 'canceled', canceled_at: /^20/ })
  await t.rejects(service.cancelSubscription(shop.hub, shop.access, made.id, 'now'), { code: 'invalid_state' })
  await t.rejects(service.pauseSubscription(shop.hub, shop.access, made.id), { code: 'invalid_state' })
  await t.rejects(service.resumeSubscription(shop.hub, shop.access, made.id), { code: 'invalid_state' })
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { quantity: 3 }), { code: 'invalid_state' })
  await hear(made.id, { ...truth(made.id)[0]!, status: 'active' })
  t.match(await read(made.id), { status: 'canceled' }, 'late news do not bring it back')
  t.same(await told(made.id), ['created', 'activated', 'canceled'])
})

t.test('canceled at the end of the period, and taken back', async t => {
  const made = await subscribe()
  t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'period_end'), { status: 'active', cancel_at_period_end: true })
  const asked = shop.provider.asked('cancel_subscription')
  t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'period_end'), { cancel_at_period_end: true })
  t.equal(shop.provider.asked('cancel_subscription'), asked, 'it is so already')
  t.match(await service.resumeSubscription(shop.hub, shop.access, made.id), { status: 'active', cancel_at_period_end: false })
  t.same(await told(made.id), ['created', 'activated', 'updated', 'updated'])
  const { customer, plan } = await parties(shop, { card: false })
  const open = await service.createSubscription(shop.hub, shop.access, { customer, plan }, null)
  await t.rejects(service.cancelSubscription(shop.hub, shop.access, open.id, 'period_end'), { code: 'invalid_state', errors: [{ path: 'at' }] })
})

t.test('paused and resumed', async t => {
  const made = await subscribe()
  t.match(await service.pauseSubscription(shop.hub, shop.access, made.id), { status: 'paused' })
  const asked = shop.provider.asked('pause_subscription')
  t.match(await service.pauseSubscription(shop.hub, shop.access, made.id), { status: 'paused' })
  t.equal(shop.provider.asked('pause_subscription'), asked)
  t.match(await service.resumeSubscription(shop.hub, shop.access, made.id), { status: 'active' })
  t.match(await service.resumeSubscription(shop.hub, shop.access, made.id), { status: 'active' })
  t.same(await told(made.id), ['created', 'activated', 'paused', 'resumed'])
})

for (const [operation, act, done] of [
  ['cancel_subscription', async (id: string) => await service.cancelSubscription(shop.hub, shop.access, id, 'now'), { status: 'canceled' }],
  ['cancel_subscription', async (id: string) => await service.cancelSubscription(shop.hub, shop.access, id, 'period_end'), { status: 'active', cancel_at_period_end: true }],
  ['pause_subscription', async (id: string) => await service.pauseSubscription(shop.hub, shop.access, id), { status: 'paused' }],
  ['update_subscription', async (id: string) => await service.patchSubscription(shop.hub, shop.access, id, { quantity: 4 }), { status: 'active', quantity: 4 }]
] as const) {
  for (const fault of ['lost_before', 'lost_after'] as const) {
    t.test(`${operation} without an answer (${fault}) ${JSON.stringify(done)}: done once`, async t => {
      const made = await subscribe()
      const before = shop.provider.done(operation)
      shop.provider.fail(operation, fault)
      t.match(await act(made.id), { status: 'unknown', pending: operation.replace('_subscription', '') })
      shop.advance(6_000)
      await shop.work()
      t.match(await read(made.id), { ...done, pending: null })
      t.equal(shop.provider.done(operation) - before, 1)
    })
  }
}

t.test('a change that is refused, or never got there, changes nothing and says so', async t => {
  const made = await subscribe()
  shop.provider.fail('update_subscription', 'invalid_request')
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { quantity: 2 }), { code: 'provider_refused', provider: { id: 'memory', code: 'invalid_request' } })
  shop.provider.fail('pause_subscription', 'nowhere')
  await t.rejects(service.pauseSubscription(shop.hub, shop.access, made.id), { code: 'provider_unavailable' })
  t.match(await read(made.id), { status: 'active', quantity: 1, pending: null })
  t.same(await told(made.id), ['created', 'activated', 'change_failed', 'change_failed'])
})

t.test('another plan and quantity: told before, as the provider computes it', async t => {
  const made = await subscribe()
  const preview = await service.previewChange(shop.hub, shop.access, made.id, { quantity: 3 })
  t.match(preview, { object: 'subscription_preview', subscription: made.id, currency: 'MXN', prorated: 99800, amount_due: 249500, lines: [{ proration: true }] })
  const bigger = await createPlan(shop.hub, shop.access, { ...monthly, amount: 99900 }, null)
  t.match(await service.patchSubscription(shop.hub, shop.access, made.id, { plan: bigger.id, quantity: 3, proration: 'none' }), { status: 'active', plan: bigger.id, quantity: 3 })
  const asked = shop.provider.asked('update_subscription')
  t.match(await service.patchSubscription(shop.hub, shop.access, made.id, { plan: bigger.id, quantity: 3 }), { plan: bigger.id, quantity: 3 })
  t.equal(shop.provider.asked('update_subscription'), asked, 'it is so already')
  t.match(await service.patchSubscription(shop.hub, shop.access, made.id, { reference: 'new', metadata: { a: '1' } }), { reference: 'new', metadata: { a: '1' } })
  t.same(await told(made.id), ['created', 'activated', 'updated'])
  const dollars = await createPlan(shop.hub, shop.access, { ...monthly, currency: 'USD' }, null)
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { plan: dollars.id }), { code: 'currency_not_supported', errors: [{ path: 'plan' }] })
  const card = await saveMethod(shop.hub, shop.access, made.customer, { type: 'card', token: 'tok_2' }, null)
  t.match(await service.patchSubscription(shop.hub, shop.access, made.id, { payment_method: card.id }), { payment_method: card.id })
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { payment_method: (await parties()).payment_method! }), { errors: [{ path: 'payment_method' }] })
})

t.test('canceled while nobody knew whether it was made', async t => {
  await t.test('it was: it is found and canceled', async t => {
    shop.provider.fail('create_subscription', 'lost_after')
    shop.provider.fail('find_subscription', 'lost_before')
    const made = await subscribe()
    t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'now'), { status: 'unknown' })
    shop.advance(20_000)
    await shop.work()
    await shop.work()
    t.match(await read(made.id), { status: 'canceled', pending: null })
    t.match(truth(made.id), [{ status: 'canceled' }])
  })
  await t.test('it was not: it is not sent again', async t => {
    shop.provider.fail('create_subscription', 'lost_before')
    shop.provider.fail('find_subscription', 'lost_before')
    const made = await subscribe()
    const asked = shop.provider.asked('create_subscription')
    t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'now'), { status: 'unknown' })
    shop.advance(61_000)
    await shop.work()
    t.match(await read(made.id), { status: 'canceled', pending: null })
    t.same(truth(made.id), [])
    t.equal(shop.provider.asked('create_subscription'), asked)
  })
  await t.test('and the provider cannot be reached for the cancel: tried again, ever more rarely', async t => {
    shop.provider.fail('create_subscription', 'lost_after')
    shop.provider.fail('find_subscription', 'lost_before')
    const made = await subscribe()
    await service.cancelSubscription(shop.hub, shop.access, made.id, 'now')
    shop.provider.fail('cancel_subscription', 'nowhere', 4)
    const asked = shop.provider.asked('cancel_subscription')
    for (let hour = 0; hour < 40; hour++) {
      shop.advance(3600_000)
      await shop.work()
    }
    t.match(await read(made.id), { status: 'canceled' })
    t.equal(shop.provider.asked('cancel_subscription') - asked, 5)
    t.same(await alerts(made.id), ['subscription_unresolved'], 'and a person was told')
  })
})

t.test('one operation at a time', async t => {
  const made = await subscribe()
  const release = shop.provider.hold('pause_subscription')
  const pausing = service.pauseSubscription(shop.hub, shop.access, made.id)
  await eventually('it is on its way', async () => (await read(made.id)).status === 'unknown')
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { quantity: 2 }), { code: 'operation_in_progress' })
  t.match(await service.cancelSubscription(shop.hub, shop.access, made.id, 'now'), { status: 'unknown' }, 'a cancel is noted')
  release()
  t.match(await pausing, { status: 'paused' })
  await shop.work()
  t.match(await read(made.id), { status: 'canceled' }, 'and carried out')
})

t.test('an answer that is overtaken by newer news does not undo them', async t => {
  const made = await subscribe()
  const release = shop.provider.hold('pause_subscription')
  const pausing = service.pauseSubscription(shop.hub, shop.access, made.id)
  await eventually('it is on its way', async () => (await read(made.id)).status === 'unknown')
  shop.provider.change(made.id, { status: 'canceled', canceledAt: new Date() })
  await hear(made.id, truth(made.id)[0]!)
  t.match(await read(made.id), { status: 'canceled', pending: null })
  release()
  await t.rejects(pausing, { code: 'provider_refused' })
  t.match(await read(made.id), { status: 'canceled' })
})

t.test('it goes on at the provider, and ended here: a person must see it', async t => {
  shop.provider.fail('create_subscription', 'lost_before')
  const made = await subscribe()
  shop.provider.fail('find_subscription', 'lost_before', 1)
  await service.cancelSubscription(shop.hub, shop.access, made.id, 'now')
  shop.advance(61_000)
  await shop.work()
  t.match(await read(made.id), { status: 'canceled' })
  await hear(made.id, { providerReference: 'msub_ghost', reference: made.id, status: 'active', providerStatus: 'active', cancelAtPeriodEnd: false, mode: 'test' })
  t.match(await read(made.id), { status: 'canceled', review: { reason: 'alive_after_end', provider_reference: 'msub_ghost' } })
  t.same(await alerts(made.id), ['subscription_review'])
})

t.test('a person ends a review, with a reason that is kept', async t => {
  const audited = async (id: string) => await shop.database.owner.selectFrom('audit_log').select(['action', 'actor_id', 'detail']).where('subject_id', '=', id).where('action', 'like', 'subscription.review_%').execute()
  const close = async (id: string, decision: 'accept_provider' | 'dismiss' | 'mark_canceled', at = shop.access) => await service.resolveReview(shop.hub, at, id, { decision, reason: 'ticket 4711' })
  const made = await subscribe()
  await t.rejects(close(made.id, 'mark_canceled'), { code: 'invalid_state' }, 'it is neither under review nor unknown')
  await t.rejects(close(made.id, 'dismiss'), { code: 'invalid_state', detail: { en: /nothing is under review/ } })
  const second = { ...truth(made.id)[0]!, providerReference: 'msub_second' }
  await hear(made.id, second)
  t.match(await read(made.id), { status: 'active', review: { reason: 'made_twice', provider_reference: 'msub_second' } })
  await t.rejects(close(made.id, 'accept_provider'), { code: 'invalid_state', detail: { en: /the first one stands/ } })
  await t.rejects(service.pauseSubscription(shop.hub, shop.access, made.id), { code: 'under_review' })
  await t.rejects(service.resumeSubscription(shop.hub, shop.access, made.id), { code: 'under_review' })
  await t.rejects(service.patchSubscription(shop.hub, shop.access, made.id, { quantity: 2 }), { code: 'under_review' })
  const stranger = await shop.stranger()
  await t.rejects(close(made.id, 'dismiss', stranger.access), { code: 'not_found' })
  await t.rejects(close(made.id, 'dismiss', { ...shop.access, mode: 'live' }), { code: 'not_found' })
  t.match(await close(made.id, 'dismiss'), { status: 'active', review: null })
  t.match(await audited(made.id), [{ action: 'subscription.review_dismiss', actor_id: shop.access.principal.id, detail: { reason: 'ticket 4711', before: { status: 'active', review: { reason: 'made_twice' } }, after: { status: 'active' } } }])
  t.same(await alerts(made.id), ['subscription_review'], 'that it is over calls nobody')
  await hear(made.id, second)
  t.match(await close(made.id, 'mark_canceled'), { status: 'canceled', review: null })
  t.equal((await told(made.id)).at(-1), 'canceled')
  t.equal((await shop.database.owner.selectFrom('timers').select('id').where('id', '=', uuidOf('subscription', made.id)).execute()).length, 0, 'nobody looks after it any more')
})

t.test('given up here and alive at the provider: a person takes it back, and it is as the provider says', async t => {
  shop.provider.fail('create_subscription', 'lost_after')
  const made = await subscribe()
  t.match(made, { status: 'unknown' })
  t.match(await service.resolveReview(shop.hub, shop.access, made.id, { decision: 'mark_canceled', reason: 'the customer gave up' }), { status: 'canceled', pending: null })
  await hear(made.id, truth(made.id)[0]!)
  t.match(await read(made.id), { status: 'canceled', review: { reason: 'alive_after_end' } })
  t.match(await service.resolveReview(shop.hub, shop.access, made.id, { decision: 'accept_provider', reason: 'they want it after all' }), { status: 'active', review: null, provider_reference: truth(made.id)[0]!.providerReference, current_period_end: /Z$/ })
  t.match(await cyclesOf(made.id), [{ status: 'paid', payment: /^pay_/ }], 'with its cycle and that cycle’s payment')
})

t.test('a customer with an open subscription is not forgotten; afterwards they are', async t => {
  const made = await subscribe()
  await t.rejects(deleteCustomer(shop.hub, shop.access, made.customer), { code: 'conflict' })
  await service.cancelSubscription(shop.hub, shop.access, made.id, 'now')
  await deleteCustomer(shop.hub, shop.access, made.customer)
  t.match(await read(made.id), { status: 'canceled', customer: made.customer }, 'what it was stays known')
  await shop.work()
})

t.test('the payment of a cycle that cannot be asked for yet is asked for later', async t => {
  shop.provider.fail('get_payment', 'lost_before', 2)
  const made = await subscribe()
  t.match((await cyclesOf(made.id))[0], { status: 'paid', payment: null })
  shop.advance(2 * 60_000)
  await shop.work()
  shop.advance(2 * 60_000)
  await shop.work()
  t.match((await cyclesOf(made.id))[0], { payment: /^pay_/ })
})

t.test('the same request again: what its first run began', async t => {
  const asked = await parties()
  const key = { tenantId: shop.tenantId, mode: 'test' as const, key: 'sub-1', owner: '00000000-0000-7000-8000-000000000000' }
  const first = await service.createSubscription(shop.hub, shop.access, asked, null)
  t.match(await service.createSubscription(shop.hub, shop.access, asked, { ...key, subject: first.id }), { id: first.id, status: 'active' })
  shop.provider.fail('create_subscription', 'lost_after')
  const unknown = await service.createSubscription(shop.hub, shop.access, asked, null)
  shop.advance(6_000)
  t.match(await service.createSubscription(shop.hub, shop.access, asked, { ...key, subject: unknown.id }), { id: unknown.id, status: 'active' }, 'and it is asked for')
  t.equal(truth(unknown.id).length, 1)
  const lost = { ...key, key: 'lost' }
  await t.rejects(service.createSubscription(shop.hub, shop.access, asked, lost), { code: 'idempotency_in_progress' }, 'a run that lost its key writes nothing')
})

t.test('where no key protects a repetition, nothing is sent twice', async t => {
  const other = await memoryShop(t, { safety: 'query-first' })
  for (const fault of ['lost_before', 'lost_after'] as const) {
    other.provider.fail('create_subscription', fault)
    const made = await subscribe(other)
    t.match(made, { status: 'unknown' })
    other.advance(6_000)
    await other.work()
    t.match(await read(made.id, other), { status: fault === 'lost_after' ? 'active' : 'unknown' }, 'what was sent a moment ago may still come to be')
    other.advance(61_000)
    await other.work()
    t.match(await read(made.id, other), { status: 'active', pending: null })
    t.equal(truth(made.id, other).length, 1, fault)
  }
  const made = await subscribe(other)
  other.provider.fail('update_subscription', 'lost_after')
  await service.patchSubscription(other.hub, other.access, made.id, { quantity: 2 })
  other.advance(61_000)
  await other.work()
  t.match(await read(made.id, other), { quantity: 2, pending: null }, 'what sets a state is set again')
})

t.test('where nothing may be repeated and nobody answers, a person is told', async t => {
  const other = await memoryShop(t, { safety: 'never' })
  other.provider.fail('create_subscription', 'lost_before')
  const { customer, plan } = await parties(other, { card: false })
  const made = await service.createSubscription(other.hub, other.access, { customer, plan }, null)
  for (let day = 0; day < 5; day++) {
    other.advance(dayMs)
    await other.work()
  }
  t.match(await read(made.id, other), { status: 'unknown', pending: 'create' })
  t.same(await alerts(made.id, other), ['subscription_unresolved'])
  t.equal(other.provider.asked('create_subscription'), 1)
})

t.test('whoever sent it died in the middle: nothing is sent while it may be alive, and then once', async t => {
  for (const fault of ['lost_before', 'lost_after'] as const) {
    shop.provider.fail('create_subscription', fault)
    shop.provider.fail('find_subscription', 'lost_before')
    const made = await subscribe()
    // As a process leaves it that never came back.
    await shop.database.owner.updateTable('operations').set({ outcome: 'running', finished_at: null }).where('subject_id', '=', uuidOf('subscription', made.id)).where('kind', '=', 'create_subscription').execute()
    const asked = shop.provider.asked('create_subscription')
    shop.advance(6_000)
    await shop.work()
    t.equal(shop.provider.asked('create_subscription'), asked)
    shop.advance(20_000)
    await shop.work()
    shop.advance(60_000)
    await shop.work()
    t.match(await read(made.id), { status: 'active', pending: null }, fault)
    t.equal(truth(made.id).length, 1, fault)
    t.equal(shop.provider.asked('create_subscription') - asked, fault === 'lost_before' ? 1 : 0, fault)
  }
})

t.test('slow with what it stands on, and overtaken: it does not send any more', async t => {
  const other = await memoryShop(t, { safety: 'query-first' })
  const { customer, plan } = await parties(other, { card: false })
  const release = other.provider.hold('create_plan')
  const slow = service.createSubscription(other.hub, other.access, { customer, plan }, null)
  await eventually('the plan is being made', () => other.provider.asked('create_plan') === 1)
  const { data: [row] } = await service.listSubscriptions(other.hub, other.access, {})
  // Long after, another takes it for dead. (Its turn to make the plan is over too.)
  other.advance(10 * 60_000 - 1000)
  release()
  const racing = other.work()
  await Promise.all([slow, racing])
  for (let round = 0; round < 4; round++) {
    other.advance(61_000)
    await other.work()
  }
  t.ok(truth(row!.id, other).length <= 1, 'never two')
  t.match(await read(row!.id, other), { status: /incomplete|expired/, pending: null })
})

t.test('its connection is gone: nothing is invented', async t => {
  const other = await memoryShop(t)
  const made = await subscribe(other)
  await inTenant(other.hub.db, other.tenantId, async db => { await db.updateTable('connections').set({ deleted_at: new Date() }).where('tenant_id', '=', other.tenantId).execute() })
  await t.rejects(service.cancelSubscription(other.hub, other.access, made.id, 'now'), { code: 'connection_not_usable' })
  other.advance(40 * dayMs)
  await other.work()
  t.match(await read(made.id, other), { status: 'active' })
})
