import t from 'tap'
import { hookedHub } from '../../test/support/hooked-hub.ts'
import { testHub } from '../../test/support/hub.ts'
import type { Adapter } from '../adapter/define.ts'
import type { ListRange, PaymentSnapshot, ProviderTransaction } from '../adapter/payments.ts'
import { ProviderError } from '../adapter/problems.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { saveMethod } from '../customers/methods.ts'
import { createCustomer } from '../customers/service.ts'
import { FakeAccounts, withAccounts } from '../payments/fixtures/fake-accounts.ts'
import { createPayment, getPayment } from '../payments/service.ts'
import { createRefund } from '../payments/refunds.ts'
import { createPlan } from '../plans/service.ts'
import { createSubscription } from '../subscriptions/service.ts'
import { auditJob, auditTimer, getAudit, listAudits, startAudit } from './audits.ts'
import { listBalanceTransactions, readTransactionsJob, readTransactionsNow, transactionTimer } from './transactions.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card' } }
const dayMs = 24 * 3600_000

/** Accounts whose provider lists what it has, `pageSize` at a time; `broken`: how many times it first does not answer. */
function listing (hub: Hub, pageSize = 2) {
  const accounts = new FakeAccounts(hub.now)
  const books = {
    accounts,
    moves: [] as ProviderTransaction[],
    foreign: [] as PaymentSnapshot[],
    /** What the list says of a payment that has gone on since. */
    stale: {} as Partial<PaymentSnapshot>,
    broken: 0,
    asked: [] as ListRange[]
  }
  const page = <T extends { createdAt?: Date, at?: Date }> (all: readonly T[], range: ListRange, at: (item: T) => Date) => {
    books.asked.push(range)
    if (books.broken > 0 && books.broken--) throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere' })
    const mine = all.filter(item => at(item) >= range.from && at(item) <= range.to)
    const start = Number(range.cursor ?? 0)
    return { data: mine.slice(start, start + pageSize), ...(mine.length > start + pageSize && { next: String(start + pageSize) }) }
  }
  const change = (adapter: Adapter): Adapter => ({
    ...adapter,
    payments: {
      ...accounts.family,
      refund: async (_, { refundReference, providerReference, amount }) => ({ providerReference: `re_${refundReference.slice(-6)}`, refundReference, paymentProviderReference: providerReference, status: 'succeeded', providerStatus: 'done', amount }),
      listPayments: async ({ connectionId }, range) => page([...accounts.account(connectionId).objects, ...books.foreign].map(object => ({ ...object, ...books.stale })), range, ({ createdAt }) => createdAt!),
      listTransactions: async (_, range) => page(books.moves, range, ({ at }) => at)
    }
  })
  return { ...books, books, hub: withAccounts(hub, accounts, change) }
}

t.test('the completeness audit', async t => {
  const made = await testHub(t)
  const { database } = made
  const shop = async (pageSize?: number) => {
    const tenant = await made.tenant()
    return { ...tenant, connection: await tenant.connect(), ...listing(made.hub, pageSize) }
  }
  const alerts = async (subject: string) => await database.owner.selectFrom('alerts').select(['kind', 'severity', 'detail']).where('subject_id', '=', subject).execute()

  t.test('what the provider has and nobody told us is pulled; what is right is counted; what is not ours is named', async t => {
    const { access, connection, accounts, books, hub } = await shop()
    const [paid, waiting, gone] = [await createPayment(hub, access, order, null), await (accounts.script(connection, [{ what: 'action' }, { what: 'hold' }]), createPayment(hub, access, order, null)), await createPayment(hub, access, { ...order, capture: 'manual' }, null)]
    t.same([paid.status, waiting.status, gone.status], ['succeeded', 'requires_action', 'authorized'])
    accounts.pay(connection, waiting.provider_reference!)
    await accounts.family.cancel!({ connectionId: connection } as never, { providerReference: gone.provider_reference! } as never)
    books.foreign.push({ providerReference: 'pi_theirs', status: 'succeeded', providerStatus: 'succeeded', amount: { amount: 500, currency: 'MXN' }, amountCapturable: 0, amountCaptured: 500, createdAt: hub.now() })
    const audit = await startAudit(hub, access, connection, {}, null)
    t.match(audit, {
      status: 'completed', trigger: 'request', checked: 3, missed: 2, repaired: 2, foreign: 1, unheard: 0, connection,
      missed_payments: [{ payment: waiting.id, was: 'requires_action', status: 'succeeded', repaired: true }, { payment: gone.id, was: 'authorized', status: 'canceled', repaired: true }],
      foreign_payments: [{ provider_reference: 'pi_theirs', amount: 500, currency: 'MXN' }]
    })
    t.match([await getPayment(hub, access, waiting.id), await getPayment(hub, access, gone.id)], [{ status: 'succeeded', amount_captured: 19900 }, { status: 'canceled' }])
    t.match(await alerts(connection), [{ kind: 'webhooks_missed', severity: 'warning', detail: { audit: audit.id, checked: 3, missed: 2, repaired: 2 } }])
    const events = await database.owner.selectFrom('events').select(['type', 'data']).where('subject_id', '=', uuidOf('completeness_audit', audit.id)).execute()
    t.match(events, [{ type: 'completeness_audit.completed', data: { id: audit.id, checked: 3, missed: 2, repaired: 2, foreign: 1 } }])
    t.same(await getAudit(hub, access, audit.id), audit)
    t.match(await startAudit(hub, access, connection, {}, null), { checked: 3, missed: 0, repaired: 0, foreign: 1 }, 'and once more there is nothing')
    t.equal((await alerts(connection)).length, 1)
    t.equal((await listAudits(hub, access, { connection })).data.length, 2)
  })

  t.test('a list that is older than we are is no gap', async t => {
    const { access, connection, books, hub } = await shop()
    const payment = await createPayment(hub, access, order, null)
    books.stale = { status: 'processing', amountCaptured: 0 }
    t.match(await startAudit(hub, access, connection, {}, null), { checked: 1, missed: 0, repaired: 0 })
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded' })
  })

  t.test('an answer that was lost is found by our own reference', async t => {
    const { access, connection, accounts, hub } = await shop()
    accounts.script(connection, [{ what: 'lost after' }])
    const payment = await createPayment(hub, access, order, null)
    t.equal(payment.status, 'unknown')
    t.match(await startAudit(hub, access, connection, {}, null), { checked: 1, missed: 1, repaired: 1 })
    t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', amount_captured: 19900 })
    t.equal(accounts.charges, 1)
  })

  t.test('money given back in the provider’s dashboard is told, though no refund can be made of it', async t => {
    const { access, connection, accounts, hub } = await shop()
    const payment = await createPayment(hub, access, order, null)
    await createRefund(hub, access, payment.id, { amount: 900 }, null)
    Object.assign(accounts.account(connection).objects[0]!, { amountRefunded: 900 })
    t.match(await startAudit(hub, access, connection, {}, null), { missed: 0 })
    Object.assign(accounts.account(connection).objects[0]!, { amountRefunded: 1900 })
    t.match(await startAudit(hub, access, connection, {}, null), { missed: 1, repaired: 0, missed_payments: [{ payment: payment.id, repaired: false, why: /given back/ }] })
    t.match(await alerts(connection), [{ kind: 'webhooks_missed', severity: 'critical' }])
  })

  t.test('what the provider says wrongly is a person’s, once', async t => {
    const { access, connection, accounts, hub } = await shop()
    accounts.script(connection, [{ what: 'action' }])
    const payment = await createPayment(hub, access, order, null)
    accounts.pay(connection, payment.provider_reference!)
    Object.assign(accounts.account(connection).objects[0]!, { amount: { amount: 1, currency: 'MXN' }, amountCaptured: 1 })
    t.match(await startAudit(hub, access, connection, {}, null), { missed: 1, repaired: 0, missed_payments: [{ why: /amount_mismatch/ }] })
    t.match(await getPayment(hub, access, payment.id), { status: 'requires_action', review: { reason: 'amount_mismatch' } })
    t.match(await startAudit(hub, access, connection, {}, null), { missed: 0 }, 'it is known now')
  })

  t.test('a long list goes on as a job, page after page, and each page counts once', async t => {
    const { access, tenantId, connection, accounts, books, hub } = await shop(1)
    for (let n = 0; n < 30; n++) books.foreign.push({ providerReference: `pi_${n}`, status: 'succeeded', providerStatus: 'succeeded', amount: { amount: 500, currency: 'MXN' }, amountCapturable: 0, amountCaptured: 500, createdAt: hub.now() })
    accounts.script(connection, [{ what: 'action' }])
    const payment = await createPayment(hub, access, order, null)
    accounts.pay(connection, payment.provider_reference!)
    const begun = await startAudit(hub, access, connection, {}, null)
    t.match(begun, { status: 'running', checked: 1, foreign: 19 })
    books.broken = 1
    await auditJob(hub, tenantId, uuidOf('connection', connection))
    t.match(await getAudit(hub, access, begun.id), { status: 'running', foreign: 19 }, 'the provider did not answer: it goes on later, from there')
    made.advance(11 * 60_000)
    await Promise.all([1, 2, 3].map(async () => await auditJob(hub, tenantId, uuidOf('connection', connection))))
    t.match(await getAudit(hub, access, begun.id), { status: 'completed', checked: 1, missed: 1, repaired: 1, foreign: 30, finished_at: /^20/ })
  })

  t.test('every day by itself, over a window that leaves no gap; a failure is told and does not end it', async t => {
    const { access, tenantId, connection, books, hub } = await shop()
    await startAudit(hub, access, connection, {}, null)
    const run = async () => await auditJob(hub, tenantId, uuidOf('connection', connection))
    const due = async () => (await database.owner.selectFrom('timers').select('due_at').where('kind', '=', auditTimer).where('id', '=', uuidOf('connection', connection)).executeTakeFirstOrThrow()).due_at.getTime() - hub.now().getTime()
    await run()
    t.equal((await listAudits(hub, access, {})).data.length, 1, 'not before its time')
    made.advance(dayMs)
    await run()
    const [first] = (await listAudits(hub, access, {})).data
    t.match(first, { trigger: 'schedule', status: 'completed' })
    t.equal(Math.round((Date.parse(first!.to) - Date.parse(first!.from)) / dayMs), 8)
    t.ok(Math.abs(await due() - dayMs) < 60_000)
    made.advance(20 * dayMs)
    await run()
    t.equal(Math.round((Date.parse((await listAudits(hub, access, {})).data[0]!.to) - Date.parse((await listAudits(hub, access, {})).data[0]!.from)) / dayMs), 20)
    made.advance(dayMs)
    books.broken = 5
    for (const minutes of [0, 11, 31, 61, 181]) {
      made.advance(minutes * 60_000)
      await run()
    }
    t.match((await listAudits(hub, access, { status: 'failed' })).data, [{ status: 'failed', error: { code: 'provider_unavailable' } }])
    t.ok(await due() > dayMs / 2)
    made.advance(dayMs)
    await run()
    t.match((await listAudits(hub, access, {})).data[0], { status: 'completed' })
  })

  t.test('what cannot be listed is said, and another tenant or mode finds nothing', async t => {
    const { access, connection, hub } = await shop()
    const bare = withAccounts(made.hub, new FakeAccounts())
    await t.rejects(startAudit(bare, access, connection, {}, null), { code: 'capability_not_supported' })
    await t.rejects(readTransactionsNow(bare, access, connection, {}), { code: 'capability_not_supported' })
    const audit = await startAudit(hub, access, connection, {}, null)
    const stranger = await shop()
    for (const other of [stranger.access, { ...access, mode: 'live' as const }]) {
      await t.rejects(startAudit(hub, other, connection, {}, null), { code: 'not_found' })
      await t.rejects(readTransactionsNow(hub, other, connection, {}), { code: 'not_found' })
      await t.rejects(getAudit(hub, other, audit.id), { code: 'not_found' })
      t.same((await listAudits(hub, other, {})).data, [])
    }
    const wrong: [object, string][] = [
      [{ from: '2020-01-01T00:00:00Z', to: '2021-01-01T00:00:00Z' }, 'from'], [{ to: '2999-01-01T00:00:00Z' }, 'to'], [{ from: hub.now().toISOString(), to: new Date(hub.now().getTime() - 1000).toISOString() }, 'from']
    ]
    for (const [range, path] of wrong) await t.rejects(startAudit(hub, access, connection, range, null), { code: 'request_invalid', errors: [{ path }] })
  })

  t.test('after a failover nothing is missed where the payment was left, and money there is told', async t => {
    const { access, tenantId, connect, connection, accounts, hub } = await shop()
    const second = await connect()
    const { putRouting } = await import('../routing-rules/service.ts')
    await putRouting(hub, access, { rules: [{ connections: [connection, second], failover: { on: ['card_declined'] } }] }, undefined)
    accounts.script(connection, [{ what: 'decline', code: 'card_declined' }])
    const payment = await createPayment(hub, access, order, null)
    t.match(payment, { status: 'succeeded', connection: second })
    t.match(await startAudit(hub, access, connection, {}, null), { checked: 1, missed: 0, foreign: 0 })
    accounts.pay(connection, accounts.account(connection).objects[0]!.providerReference)
    await startAudit(hub, access, connection, {}, null)
    const { closeLeftAttempt } = await import('../payments/left-attempts.ts')
    const left = await database.owner.selectFrom('timers').select('id').where('tenant_id', '=', tenantId).where('kind', '=', 'left_attempt').executeTakeFirstOrThrow()
    await closeLeftAttempt(hub, tenantId, left.id)
    t.match(await alerts(payment.id), [{ kind: 'paid_elsewhere' }])
  })
})

t.test('movements of the balance', async t => {
  const made = await testHub(t)
  const { database } = made
  const tenant = await made.tenant()
  const { access, tenantId } = tenant
  const connection = await tenant.connect()
  const { accounts, books, hub } = listing(made.hub)
  const payment = await createPayment(hub, access, order, null)
  const refund = await createRefund(hub, access, payment.id, { amount: 500 }, null)
  const stranger = await made.tenant()
  const at = (hoursAgo: number) => new Date(made.hub.now().getTime() - hoursAgo * 3600_000)
  const move = (id: string, type: ProviderTransaction['type'], amount: number, rest: Partial<ProviderTransaction> = {}): ProviderTransaction => ({ providerReference: id, type, amount: { amount, currency: 'MXN' }, at: at(1), ...rest })
  books.moves.push(
    move('txn_1', 'payment', 19900, { fee: 1016, net: 18884, reference: payment.id, at: at(50) }),
    move('txn_2', 'refund', -500, { fee: 0, net: -500, reference: refund.id, at: at(20) }),
    move('txn_3', 'fee', -100, { at: at(10) }),
    move('txn_4', 'payment', 100, { paymentProviderReference: payment.provider_reference!, at: at(5) }),
    move('txn_5', 'payment', 100, { paymentProviderReference: 'pi_not_ours', reference: publicId('payment', newUuid(made.hub.now())), at: at(5) })
  )

  t.test('fee, net, payout and what it is about, each once however often it is read', async t => {
    t.match(await readTransactionsNow(hub, access, connection, {}), { seen: 5, stored: 5, changed: 0, complete: true })
    t.match(await readTransactionsNow(hub, access, connection, {}), { seen: 5, stored: 0, changed: 0 })
    const { data } = await listBalanceTransactions(hub, access, {})
    t.equal(data.length, 5)
    const by = Object.fromEntries(data.map(row => [row.provider_reference, row]))
    t.match(by.txn_1, { type: 'payment', amount: 19900, fee: 1016, net: 18884, payout: null, payment: payment.id, refund: null, connection, occurred_at: at(50).toISOString().slice(0, 16) })
    t.match(by.txn_2, { type: 'refund', amount: -500, payment: payment.id, refund: refund.id })
    t.match(by.txn_3, { type: 'fee', fee: null, payment: null })
    t.match(by.txn_4, { payment: payment.id })
    t.match(by.txn_5, { payment: null })
    t.same(data.map(({ occurred_at: moment }) => moment), data.map(({ occurred_at: moment }) => moment).toSorted().reverse(), 'newest first, as it moved')
  })

  t.test('a payout that is told later is taken over, and what is no longer told stays', async t => {
    books.moves[0] = move('txn_1', 'payment', 19900, { payout: 'po_1', reference: payment.id, at: at(50) })
    t.match(await readTransactionsNow(hub, access, connection, {}), { stored: 0, changed: 1 })
    t.match((await listBalanceTransactions(hub, access, { payout: 'po_1' })).data, [{ provider_reference: 'txn_1', payout: 'po_1', fee: 1016, net: 18884 }])
  })

  t.test('filtered by connection, type, payment and time, in pages', async t => {
    const list = async (query: object) => (await listBalanceTransactions(hub, access, query)).data.map(row => row.provider_reference).sort()
    t.same(await list({ type: 'refund' }), ['txn_2'])
    t.same(await list({ payment: payment.id }), ['txn_1', 'txn_2', 'txn_4'])
    t.same(await list({ from: at(21).toISOString(), to: at(9).toISOString() }), ['txn_2', 'txn_3'])
    t.same(await list({ connection: await tenant.connect() }), [])
    const first = await listBalanceTransactions(hub, access, { limit: 3 })
    const rest = await listBalanceTransactions(hub, access, { limit: 3, cursor: first.next_cursor! })
    t.equal(new Set([...first.data, ...rest.data].map(({ id }) => id)).size, 5)
    t.same((await listBalanceTransactions(hub, stranger.access, {})).data, [])
    t.same((await listBalanceTransactions(hub, { ...access, mode: 'live' }, {})).data, [])
  })

  t.test('the job reads a day back and more, and leaves no gap when it was away', async t => {
    const id = uuidOf('connection', connection)
    const run = async () => await readTransactionsJob(hub, tenantId, id)
    const reading = async () => (await database.owner.selectFrom('transaction_readings').select('read_until').where('connection_id', '=', id).executeTakeFirstOrThrow()).read_until
    const before = await reading()
    made.advance(dayMs + 60_000)
    books.moves.push(move('txn_6', 'payout', -1000, { payout: 'po_1', at: made.hub.now() }))
    books.broken = 1
    await run()
    t.ok((await reading()).getTime() - before.getTime() < 60_000, 'it failed, and says so by not having read')
    made.advance(11 * 60_000)
    await run()
    t.ok((await reading()).getTime() >= made.hub.now().getTime() - 1000)
    t.equal((await listBalanceTransactions(hub, access, { type: 'payout' })).data.length, 1)
    made.advance(40 * dayMs)
    books.asked.length = 0
    await run()
    t.ok(made.hub.now().getTime() - books.asked[0]!.from.getTime() > 46 * dayMs)
    await run()
    t.ok(books.asked.every(({ from, to }) => to.getTime() - from.getTime() <= 7 * dayMs), 'a week at a time')
    const timer = await database.owner.selectFrom('timers').select('due_at').where('kind', '=', transactionTimer).where('id', '=', id).executeTakeFirstOrThrow()
    t.ok(Math.abs(timer.due_at.getTime() - made.hub.now().getTime() - dayMs) < 60_000)
  })

  t.test('a provider that cannot be reached is told, and what was read is kept', async t => {
    books.broken = 1
    await t.rejects(readTransactionsNow(hub, access, connection, {}), { code: 'provider_unavailable' })
    t.equal(accounts.charges, 1)
  })
})

t.test('payments that are right although no webhook spoke of them are counted, where webhooks are expected', async t => {
  const made = await hookedHub(t)
  const { hub, simulator } = made
  const shop = await made.shop()
  simulator.deliver({ how: 'hold' })
  const paid = { ...order, method: { type: 'card', token: 'pm_card_visa' } }
  t.match(await createPayment(hub, shop.access, paid, null), { status: 'succeeded' })
  t.match(await startAudit(hub, shop.access, shop.connection, {}, null), { checked: 1, missed: 0, unheard: 0 }, 'it may be on its way')
  made.advance(6 * 60_000)
  t.match(await startAudit(hub, shop.access, shop.connection, {}, null), { checked: 1, missed: 0, unheard: 1 })
  simulator.deliver({ how: 'release' })
  await simulator.settled()
  await made.work()
  t.match(await startAudit(hub, shop.access, shop.connection, {}, null), { checked: 1, missed: 0, unheard: 0 })
})

t.test('a cycle of a subscription that nobody told of becomes a payment', async t => {
  const made = await hookedHub(t)
  const { hub, simulator } = made
  const shop = await made.shop()
  const { access, connection } = shop
  const settle = async () => {
    await simulator.settled()
    await made.work()
  }
  const customer = await createCustomer(hub, access, { name: 'Ana', email: 'ana@example.com' }, null)
  const plan = await createPlan(hub, access, { name: 'Gym', amount: 49900, currency: 'MXN', interval: 'month' }, null)
  const method = await saveMethod(hub, access, customer.id, { type: 'card', token: 'pm_card_visa' }, null)
  const subscription = await createSubscription(hub, access, { customer: customer.id, plan: plan.id, payment_method: method.id }, null)
  await settle()
  simulator.deliver({ how: 'hold' })
  for (const ms of [32 * dayMs, 2 * 3600_000, 3600_000]) {
    made.advance(ms)
    simulator.advance()
  }
  const audit = await startAudit(hub, access, connection, {}, null)
  t.match(audit, { status: 'completed', missed: 1, repaired: 1, foreign: 0, missed_payments: [{ was: null, status: 'succeeded', repaired: true }] })
  t.match(await getPayment(hub, access, audit.missed_payments[0]!.payment!), { status: 'succeeded', amount: 49900, origin: { type: 'subscription', id: subscription.id } })
  t.match(await startAudit(hub, access, connection, {}, null), { missed: 0, foreign: 0 })
  simulator.deliver({ how: 'release' })
  await settle()
})
