import fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import { hookedHub } from '../../test/support/hooked-hub.ts'
import { testHub } from '../../test/support/hub.ts'
import type { ProviderProblem } from '../adapter/problems.ts'
import type { Hub } from '../hub.ts'
import { jobHandlers } from '../job-handlers.ts'
import { uuidOf } from '../ids.ts'
import type { NewRule } from '../routing-rules/schema.ts'
import { putRouting } from '../routing-rules/service.ts'
import { type Ending, FakeAccounts, withAccounts } from './fixtures/fake-accounts.ts'
import { resolvePayment } from './resolver.ts'
import { capturePayment, carryOutCancel, confirmPayment, createPayment, getPayment } from './service.ts'
import { paymentTimeline } from './timeline.ts'

const card = (token?: string) => ({ type: 'card', ...(token !== undefined && { token }) })
const order = { amount: 19900, currency: 'MXN', method: card('pm_card_visa') }
const env = { RESOLVER_SCHEDULE: '5s,15s,1m', BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '60000' }
const declineClasses = ['card_declined', 'provider_unavailable', 'insufficient_funds'] as const

t.test('failover against the simulator', async t => {
  const made = await testHub(t, { env })
  const { hub, simulator, database } = made
  const shop = async (on: NewRule['failover'] = { on: ['card_declined'] }) => {
    const tenant = await made.tenant()
    const [first, second] = [await tenant.connect(), await tenant.connect()]
    const route = async (rule: Partial<NewRule> = {}) => await putRouting(hub, tenant.access, { rules: [{ name: 'both', connections: [first, second], failover: on, ...rule }] }, undefined)
    await route()
    return { ...tenant, first, second, route }
  }

  t.test('a call that never got there goes to the next connection, as a second attempt of the same payment', async t => {
    const { access, first, second } = await shop()
    simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/payment_intents' })
    const payment = await createPayment(hub, access, order, null)
    t.match(payment, { status: 'succeeded', connection: second, attempts: 2, amount_captured: 19900, error: null })
    t.match(simulator.effects(payment.id), { charges: 1 })
    const { data } = await paymentTimeline(hub, access, payment.id)
    t.match(data.filter(({ kind }) => kind === 'attempt'), [
      { what: 'attempt 1: never_sent', detail: { connection: first, error: { code: 'rate_limited' } } },
      { what: 'attempt 2: succeeded', detail: { connection: second, error: null } }
    ])
    t.same(data.filter(({ kind }) => kind === 'operation' || kind === 'event').map(({ what }) => what), ['create_payment: nowhere', 'create_payment: succeeded', 'payment.failed_over', 'payment.succeeded'])
    t.match(data.find(({ what }) => what === 'payment.failed_over')?.detail, { failover: { from: first, to: second, attempt: 2, error_code: 'rate_limited' } })
    t.match(data.find(({ what }) => what === 'payment.created')?.detail, { rule: 'both', routing_version: 1, connection: first })
    const keys = await database.owner.selectFrom('payment_attempts').select('idempotency_key').where('payment_id', '=', uuidOf('payment', payment.id)).execute()
    t.equal(new Set(keys.map(({ idempotency_key: key }) => key)).size, 2, 'each attempt has a key of its own')
  })

  t.test('a decline goes on only where the tenant chose its class', async t => {
    const chosen = await shop({ on: ['insufficient_funds'] })
    for (const [token, goesOn] of [['pm_card_visa_chargeDeclinedInsufficientFunds', true], ['pm_card_visa_chargeDeclined', false]] as const) {
      const payment = await createPayment(hub, chosen.access, { ...order, method: card(token) }, null)
      t.match(payment, { status: 'requires_payment_method', attempts: goesOn ? 2 : 1, connection: goesOn ? chosen.second : chosen.first }, token)
      t.match(simulator.effects(payment.id), { charges: 0 })
    }
    const never = await shop({ on: [] })
    t.match(await createPayment(hub, never.access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null), { attempts: 1, connection: never.first })
  })

  t.test('what was declined is closed at its provider afterwards, so that nobody can pay it there', async t => {
    const { access } = await shop()
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null)
    const [left] = await database.owner.selectFrom('payment_attempts').selectAll().where('payment_id', '=', uuidOf('payment', payment.id)).orderBy('number').execute()
    t.match(left, { status: 'declined', provider_reference: /^pi_/ })
    made.advance(61_000)
    await made.work()
    t.match(simulator.effects(payment.id), { charges: 0, cancellations: 1 })
    t.match(await getPayment(hub, access, payment.id), { status: 'requires_payment_method', attempts: 2 }, 'and the payment itself goes on')
    const operations = (await paymentTimeline(hub, access, payment.id)).data.filter(({ kind }) => kind === 'operation').map(({ what }) => what)
    t.same(operations, ['create_payment: succeeded', 'create_payment: succeeded', 'get_payment: succeeded', 'cancel: succeeded'])
    t.match(await confirmPayment(hub, access, payment.id, { method: card('pm_card_visa') }), { status: 'succeeded', attempts: 3 })
    t.match(simulator.effects(payment.id), { charges: 1 })
  })

  t.test('an outcome that nobody knows is never tried elsewhere', async t => {
    for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before'] as const) {
      const { access, first } = await shop({ on: [...declineClasses] })
      simulator.inject({ kind, method: 'POST', path: '/v1/payment_intents' })
      const payment = await createPayment(hub, access, order, null)
      t.match(payment, { status: 'unknown', attempts: 1, connection: first }, kind)
      made.advance(6_000)
      await made.work()
      t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', attempts: 1, connection: first }, kind)
      t.match(simulator.effects(payment.id), { charges: 1 }, kind)
    }
  })

  t.test('a named connection is the only one', async t => {
    const { access, first } = await shop()
    simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/payment_intents' })
    t.match(await createPayment(hub, access, { ...order, connection: first }, null), { status: 'requires_payment_method', attempts: 1, connection: first, error: { code: 'rate_limited' } })
  })

  t.test('without a rule nobody said that another account may take it', async t => {
    const tenant = await made.tenant()
    const [first] = [await tenant.connect(), await tenant.connect()]
    simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/payment_intents' })
    t.match(await createPayment(hub, tenant.access, order, null), { attempts: 1, connection: first })
  })

  t.test('when all refuse, the last one’s word is the payment’s', async t => {
    const { access, second } = await shop()
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null)
    t.match(payment, { status: 'requires_payment_method', attempts: 2, connection: second, error: { code: 'card_declined' } })
  })

  t.test('a connection that was disabled since is passed over', async t => {
    const tenant = await made.tenant()
    const [first, second, third] = [await tenant.connect(), await tenant.connect(), await tenant.connect()]
    await putRouting(hub, tenant.access, { rules: [{ connections: [first!, second!, third!] }] }, undefined)
    await hub.usable.load(tenant.tenantId, 'test')
    await database.owner.updateTable('connections').set({ enabled: false }).where('id', '=', uuidOf('connection', second!)).execute()
    simulator.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/payment_intents' })
    t.match(await createPayment(hub, tenant.access, order, null), { status: 'succeeded', connection: third, attempts: 2 })
  })

  t.test('the same account under two connections is not asked twice', async t => {
    const { access, tenantId, first } = await shop()
    await database.owner.updateTable('connections').set({ account: JSON.stringify({ id: 'acct_same' }), version: sql`version + 1` }).where('tenant_id', '=', tenantId).execute()
    hub.usable.forget(tenantId)
    t.match(await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null), { attempts: 1, connection: first })
  })

  t.test('a connection whose credentials do not open is passed over, and after some times left out', async t => {
    const { access, tenantId, first, second } = await shop()
    await database.owner.updateTable('credentials').set({ sealed: sql`replace(sealed, '..', '..A')` }).where('connection_id', '=', uuidOf('connection', first)).execute()
    await database.owner.updateTable('connections').set({ version: sql`version + 1` }).where('id', '=', uuidOf('connection', first)).execute()
    hub.usable.forget(tenantId)
    for (let n = 0; n < 3; n++) {
      t.match(await createPayment(hub, access, order, null), { status: 'succeeded', connection: second, attempts: 2 })
      await hub.health.idle()
    }
    t.match(await createPayment(hub, access, order, null), { status: 'succeeded', connection: second, attempts: 1 }, 'its breaker is open: it is not asked any more')
  })
})

t.test('failover with accounts that do as they are told', async t => {
  const made = await testHub(t, { env })
  const { database } = made
  const tenant = await made.tenant()
  const { access, tenantId } = tenant
  const connections = [await tenant.connect(), await tenant.connect(), await tenant.connect()] as const
  const [first, second, third] = connections

  async function world (on: readonly ProviderProblem[] = ['card_declined']) {
    const accounts = new FakeAccounts()
    const hub = withAccounts(made.hub, accounts)
    await putRouting(hub, access, { rules: [{ connections: [...connections], failover: { on: [...on] as 'card_declined'[] } }] }, undefined)
    // What one world made of the connections' health is nothing to the next.
    await hub.health.idle()
    await database.owner.updateTable('connections').set({ failures_in_row: 0 }).where('tenant_id', '=', tenantId).execute()
    hub.usable.forget(tenantId)
    const settle = async () => {
      for (let round = 0; round < 8; round++) {
        made.advance(130_000)
        const { rows } = await sql<{ kind: string, tenant_id: string, id: string }>`select * from gate.due_work(${hub.now()}, 500)`.execute(hub.db)
        for (const { kind, tenant_id: of, id } of rows) {
          if (kind === 'payment') await resolvePayment(hub, of, id, { carryOutCancel })
          else await jobHandlers[kind as 'left_attempt'].run(hub, of, id)
        }
      }
    }
    return { accounts, hub, settle }
  }

  const anyEnding = fc.oneof(
    // Goes on to the next account, whatever the rule says: many of them, so that there is something to see.
    fc.constant<Ending>({ what: 'nowhere' }),
    fc.constantFrom<Ending>({ what: 'approve' }, { what: 'action' }, { what: 'nowhere' }, { what: 'lost after' }, { what: 'lost before' }),
    fc.record({ what: fc.constantFrom('decline' as const, 'refuse' as const), code: fc.constantFrom<ProviderProblem>(...declineClasses, 'fraud_suspected', 'invalid_card') })
  )
  const anyCase = fc.record({
    on: fc.subarray<ProviderProblem>([...declineClasses]),
    endings: fc.tuple(anyEnding, anyEnding, anyEnding),
    capture: fc.constantFrom('automatic' as const, 'manual' as const),
    token: fc.boolean()
  })

  t.test('whatever the accounts answer: at most one charge in total, and nothing is asked after an outcome that is unknown', async t => {
    let went = 0
    await fc.assert(fc.asyncProperty(anyCase, async ({ on, endings, capture, token }) => {
      const { accounts, hub, settle } = await world(on)
      connections.forEach((connection, index) => accounts.script(connection, [endings[index]!]))
      const payment = await createPayment(hub, access, { ...order, method: card(token ? 'pm_1' : undefined), capture }, null)
      const told = (holds: boolean, what: string) => { if (!holds) throw new Error(`${what}: ${JSON.stringify({ payment, asked: accounts.asked })}`) }
      const order_ = accounts.asked.map(({ connection }) => connection)
      told(order_.join() === connections.slice(0, order_.length).join(), 'not in the order of the rule')
      for (const [index, { ending }] of accounts.asked.entries()) {
        if (index === accounts.asked.length - 1) continue
        const given = endings[index]!
        const proven = ending === 'nowhere' || ('code' in given && on.includes(given.code))
        told(proven, `went on after ${ending}`)
        went++
      }
      told(payment.connection === order_.at(-1), 'it is not where it was asked last')
      told(payment.attempts === order_.length, 'an attempt is missing')
      await settle()
      const after = await getPayment(hub, access, payment.id)
      told(accounts.charges <= 1, `${accounts.charges} charges`)
      told(after.status !== 'unknown', 'the outcome stays unknown')
      const took = after.status === 'succeeded' || after.status === 'authorized'
      told(took === (accounts.charges === 1), `${after.status} with ${accounts.charges} charges`)
      told(!took || accounts.account(after.connection).charges === 1, 'the money is not where the payment is')
      for (const connection of order_.slice(0, -1)) told(accounts.account(connection).objects.every(({ status }) => status === 'canceled'), 'something stands open where it was left')
    }), { numRuns: Number(process.env.PASARELA_FAILOVER_RUNS ?? 60) })
    t.ok(went > 10, `${went} failovers`)
  })

  t.test('resolvers that come while it is being tried elsewhere take nothing twice', async t => {
    const { accounts, hub, settle } = await world()
    accounts.script(first, [{ what: 'nowhere' }])
    accounts.script(second, [{ what: 'lost after' }])
    const payment = await createPayment(hub, access, order, null)
    t.match(payment, { status: 'unknown', connection: second, attempts: 2 })
    made.advance(6_000)
    await Promise.all(Array.from({ length: 5 }, async () => await resolvePayment(hub, tenantId, uuidOf('payment', payment.id), { carryOutCancel })))
    await settle()
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', connection: second })
    t.equal(accounts.charges, 1)
    t.same(accounts.account(third).calls, [])
  })

  t.test('of two workers on one payment one goes first, and the other is told', async t => {
    const { accounts, hub } = await world()
    const held = await createPayment(hub, access, { ...order, capture: 'manual' }, null)
    const both = await Promise.allSettled([capturePayment(hub, access, held.id, undefined), capturePayment(hub, access, held.id, undefined)])
    const captured = both.filter(({ status }) => status === 'fulfilled').length
    t.ok(captured >= 1)
    for (const outcome of both) if (outcome.status === 'rejected') t.match(outcome.reason, { status: 409 })
    t.match(await getPayment(hub, access, held.id), { status: 'succeeded', amount_captured: 19900 })
    accounts.script(first, [{ what: 'decline', code: 'insufficient_funds' }])
    const open = await createPayment(hub, access, order, null)
    t.match(open, { status: 'requires_payment_method', attempts: 1 })
    const before = accounts.charges
    await Promise.allSettled([1, 2, 3].map(async () => await confirmPayment(hub, access, open.id, { method: card('pm_2') })))
    t.match(await getPayment(hub, access, open.id), { status: 'succeeded', attempts: 2 })
    t.equal(accounts.charges, before + 1)
  })

  t.test('news that comes while the failure is written is not written over', async t => {
    const { accounts, hub } = await world()
    accounts.script(first, [{ what: 'decline', code: 'card_declined' }])
    const slow = withAccounts(hub, accounts, adapter => ({
      ...adapter,
      payments: {
        ...accounts.family,
        createPayment: async (context, input) => {
          const snapshot = await accounts.family.createPayment(context, input)
          // The payer paid it in the meantime, and its webhook was faster than the answer.
          await database.owner.updateTable('payments').set({ version: sql`version + 1` }).where('id', '=', uuidOf('payment', input.reference)).execute()
          return snapshot
        }
      }
    }))
    t.match(await createPayment(slow, access, order, null), { status: 'requires_payment_method', attempts: 1, connection: first })
    t.same(accounts.account(second).calls, [])
  })

  t.test('money that turns up where the payment was left is told to a person', async t => {
    const { accounts, hub, settle } = await world()
    accounts.script(first, [{ what: 'decline', code: 'card_declined' }])
    const payment = await createPayment(hub, access, order, null)
    t.match(payment, { status: 'succeeded', connection: second })
    accounts.pay(first, accounts.account(first).objects[0]!.providerReference)
    await settle()
    const alerts = await database.owner.selectFrom('alerts').select(['kind', 'severity', 'detail']).where('subject_id', '=', payment.id).execute()
    t.match(alerts, [{ kind: 'paid_elsewhere', severity: 'critical', detail: { connection: first, provider_amount: 19900 } }])
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', connection: second, amount_captured: 19900 })
  })

  t.test('a token of one provider is not sent to another', async t => {
    const accounts = new FakeAccounts()
    const hub = withAccounts(made.hub, accounts)
    const other = { ...hub.adapters.get('stripe')!, manifest: { ...hub.adapters.get('stripe')!.manifest, id: 'other' } }
    const two: Hub = { ...hub, open: async connection => await hub.open({ ...connection, provider: 'stripe' }), adapters: { ...hub.adapters, get: (id: string) => id === 'other' ? other : hub.adapters.get(id) } }
    await database.owner.updateTable('connections').set({ provider: 'other' }).where('id', '=', uuidOf('connection', second)).execute()
    await putRouting(two, access, { rules: [{ connections: [first, second] }] }, undefined)
    accounts.script(first, [{ what: 'nowhere' }, { what: 'nowhere' }])
    t.match(await createPayment(two, access, order, null), { status: 'requires_payment_method', attempts: 1, connection: first })
    t.match(await createPayment(two, access, { ...order, method: card() }, null), { status: 'succeeded', attempts: 2, connection: second, provider: 'other' })
    await database.owner.updateTable('connections').set({ provider: 'stripe' }).where('id', '=', uuidOf('connection', second)).execute()
  })
})

t.test('a webhook of the account that a payment has left', async t => {
  const made = await hookedHub(t, { env })
  const { hub, simulator, database } = made
  const shop = await made.shop()
  const second = await shop.connect()
  await putRouting(hub, shop.access, { rules: [{ connections: [shop.connection, second], failover: { on: ['card_declined'] } }] }, undefined)
  const payment = await createPayment(hub, shop.access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null)
  t.match(payment, { status: 'requires_payment_method', connection: second, attempts: 2 })
  const left = await database.owner.selectFrom('payment_attempts').select('provider_reference').where('payment_id', '=', uuidOf('payment', payment.id)).where('number', '=', 1).executeTakeFirstOrThrow()
  await shop.stripe('POST', `/v1/payment_intents/${left.provider_reference}/confirm`, { payment_method: 'pm_card_visa' })
  await simulator.settled()
  await made.work()
  t.match(await database.owner.selectFrom('alerts').select(['kind', 'subject_id']).where('tenant_id', '=', shop.tenantId).execute(), [{ kind: 'paid_elsewhere', subject_id: payment.id }])
  const events = await database.owner.selectFrom('inbound_events').select(['event_type', 'status', 'reason', 'subject_id']).where('tenant_id', '=', shop.tenantId).where('event_type', '=', 'payment_intent.succeeded').execute()
  t.match(events, [{ status: 'processed', reason: 'its payment went on with another connection', subject_id: uuidOf('payment', payment.id) }])
  t.match(await getPayment(hub, shop.access, payment.id), { status: 'requires_payment_method', connection: second }, 'and the payment is what it was')
})
