import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import { testHub, type TestHub, type TestTenant } from '../../../test/support/hub.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { newUuid, publicId, uuidOf } from '../../ids.ts'
import { isException } from './judge.ts'
import { matchJob } from './run.ts'
import * as service from './service.ts'

const dayMs = 86_400_000
const hourMs = 3600_000

let house: TestHub
t.before(async () => { house = await testHub(t) })

/** A tenant whose rows are written as the house would, moment by moment. */
interface World {
  tenant: TestTenant
  connection: string
  in: <T>(work: (db: TenantDb) => Promise<T>) => Promise<T>
  /** What the job does once an hour. */
  run: () => Promise<void>
  items: () => Promise<Record<string, unknown>[]>
  pay: (fact: { at: Date, amount: number, currency?: string, captured?: number, id?: string }) => Promise<string>
  refund: (fact: { payment: string, at: Date, amount: number, status?: string, id?: string }) => Promise<string>
  move: (fact: { type: string, at: Date, amount: number, currency?: string, payment?: string, refund?: string, payout?: string, fee?: number, reference?: string, id?: string }) => Promise<string>
  entry: (fact: { day: string, amount: number, currency?: string, text?: string, payment?: string, status?: string, id?: string }) => Promise<string>
}

async function world (): Promise<World> {
  const { hub } = house
  const tenant = await house.tenant()
  const connection = uuidOf('connection', await tenant.connect())
  const within = async <T>(work: (db: TenantDb) => Promise<T>): Promise<T> => await inTenant(hub.db, tenant.tenantId, work)
  const state = await service.listItems(hub, tenant.access, {}).then(async () => await within(async db => await db.selectFrom('reconciliations').select('id').executeTakeFirstOrThrow()))
  const [account, statement] = [newUuid(hub.now()), newUuid(hub.now())]
  await within(async db => {
    await db.insertInto('bank_accounts').values({ tenant_id: db.tenantId, id: account, mode: 'test', kind: 'checking', label: 'x', currency: 'MXN', country: 'MX', time_zone: 'America/Mexico_City', bank_code: '014', bank: 'x', beneficiary: 'x', scheme: 'clabe', numbers_sealed: 'x', last4: '1234', number_mac: Buffer.from(account), is_primary: true, created_at: hub.now(), updated_at: hub.now() }).execute()
    await db.insertInto('bank_statements').values({ tenant_id: db.tenantId, id: statement, mode: 'test', bank_account_id: account, format: 'csv', sha256: Buffer.from(statement), bytes: 1, created_at: hub.now() }).execute()
  })
  let line = 0
  const event = async (db: TenantDb, type: string, subject: string): Promise<void> => {
    await db.insertInto('events').values({ tenant_id: db.tenantId, id: newUuid(hub.now()), mode: 'test', type, subject_id: subject, data: '{}', created_at: hub.now() }).execute()
  }
  return {
    tenant,
    connection,
    in: within,
    run: async () => {
      house.advance(hourMs)
      await within(async db => { await db.updateTable('timers').set({ due_at: hub.now() }).where('kind', '=', 'reconciliation').execute() })
      await matchJob(hub, tenant.tenantId, state.id)
    },
    items: async () => (await within(async db => await sql<Record<string, unknown>>`
      select leg, replace(key, ${connection}, 'con') as key, replace(replace(subject, ${connection}, 'con'), ${publicId('connection', connection)}, 'con') as subject, status, currency, expected, found_currency, found, difference, parts from reconciliation_items order by leg, key`.execute(db))).rows,
    pay: async ({ at, amount, currency = 'MXN', captured = amount, id = newUuid(at) }) => await within(async db => {
      await db.insertInto('payments').values({ tenant_id: db.tenantId, id, mode: 'test', connection_id: connection, provider: 'stripe', status: 'succeeded', known_status: 'succeeded', amount, currency, amount_captured: captured, capture: 'automatic', created_at: at, updated_at: at }).execute()
      await event(db, 'payment.succeeded', id)
      return id
    }),
    refund: async ({ payment, at, amount, status = 'succeeded', id = newUuid(at) }) => await within(async db => {
      await db.insertInto('refunds').values({ tenant_id: db.tenantId, id, mode: 'test', payment_id: payment, connection_id: connection, provider: 'stripe', status, amount, currency: 'MXN', created_at: at, updated_at: at }).execute()
      await event(db, `refund.${status}`, id)
      return id
    }),
    move: async ({ type, at, amount, currency = 'MXN', payment, refund, payout, fee, reference, id = newUuid(at) }) => await within(async db => {
      await db.insertInto('balance_transactions').values({
        tenant_id: db.tenantId, id, mode: 'test', connection_id: connection, provider: 'stripe', provider_reference: reference ?? id, type, amount, currency, fee: fee ?? 0, net: amount - (fee ?? 0), payout: payout ?? null,
        payment_id: payment ?? null, refund_id: refund ?? null, occurred_at: at, created_at: hub.now(), updated_at: hub.now()
      }).execute()
      return id
    }),
    entry: async ({ day, amount, currency = 'MXN', text = '', payment, status = 'unknown', id = newUuid(new Date(day)) }) => await within(async db => {
      await db.insertInto('bank_entries').values({ tenant_id: db.tenantId, id, mode: 'test', statement_id: statement, bank_account_id: account, line: line++, direction: 'credit', amount, currency, booked_on: day, description: text, dedupe_key: Buffer.from(id), status, payment_id: payment ?? null, created_at: hub.now(), updated_at: hub.now() }).execute()
      return id
    })
  }
}

const only = (items: Record<string, unknown>[], leg: string) => items.filter(item => item.leg === leg)
const ago = (days: number): Date => new Date(house.hub.now().getTime() - days * dayMs)
const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10)

t.test('payments and refunds beside the provider’s books', async t => {
  const shop = await world()
  const fresh = await shop.pay({ at: ago(1), amount: 500 })
  const old = await shop.pay({ at: ago(10), amount: 700 })
  const right = await shop.pay({ at: ago(10), amount: 1000 })
  const twice = await shop.pay({ at: ago(9), amount: 300 })
  const abroad = await shop.pay({ at: ago(8), amount: 900 })
  const refund = await shop.refund({ payment: right, at: ago(5), amount: 400 })
  const rightMove = await shop.move({ type: 'payment', at: ago(10), amount: 1000, payment: right, fee: 30 })
  await shop.move({ type: 'payment', at: ago(9), amount: 300, payment: twice })
  await shop.move({ type: 'payment', at: ago(9), amount: 300, payment: twice })
  await shop.move({ type: 'payment', at: ago(8), amount: 50, currency: 'USD', payment: abroad })
  const refundMove = await shop.move({ type: 'refund', at: ago(5), amount: -400, payment: right })
  const strange = await shop.move({ type: 'payment', at: ago(4), amount: 66 })
  await shop.move({ type: 'fee', at: ago(4), amount: -5 })
  await shop.run()
  const found = new Map(only(await shop.items(), 'provider').map(item => [item.subject, item]))
  t.match(found.get(publicId('payment', fresh)), { status: 'expected', expected: 500, found: null, difference: -500 })
  t.match(found.get(publicId('payment', old)), { status: 'missing', difference: -700 })
  t.match(found.get(publicId('payment', right)), { status: 'matched', expected: 1000, found: 1000, parts: [{ id: publicId('balance_transaction', rightMove), amount: 1000, currency: 'MXN' }] })
  t.match(found.get(publicId('payment', twice)), { status: 'duplicate', difference: 300 })
  t.match(found.get(publicId('payment', abroad)), { status: 'currency_mismatch', found_currency: 'USD', difference: 0 })
  t.match(found.get(publicId('refund', refund)), { status: 'matched', expected: -400, parts: [{ id: publicId('balance_transaction', refundMove) }] })
  t.match(found.get(publicId('balance_transaction', strange)), { status: 'unexpected', expected: null, found: 66 })
  t.equal(found.size, 7, 'a fee is nobody’s question')

  house.advance(3 * dayMs)
  await shop.run()
  t.match(new Map((await shop.items()).map(item => [item.subject, item.status])).get(publicId('payment', fresh)), 'missing', 'waited for until it is due')
  // The provider says later whose it was, and the other movement comes.
  await shop.in(async db => { await db.updateTable('balance_transactions').set({ payment_id: old, amount: 700, updated_at: house.hub.now() }).where('id', '=', strange).execute() })
  await shop.run()
  const after = new Map((await shop.items()).map(item => [item.subject, item.status]))
  t.equal(after.get(publicId('payment', old)), 'matched')
  t.notOk(after.has(publicId('balance_transaction', strange)), 'it is no item of its own any more')
})

t.test('disputes: the money is gone while they go on, and back when they are won', async t => {
  const shop = await world()
  const payment = await shop.pay({ at: ago(30), amount: 1000 })
  await shop.move({ type: 'payment', at: ago(30), amount: 1000, payment })
  const dispute = newUuid(ago(20))
  await shop.in(async db => { await db.insertInto('disputes').values({ tenant_id: db.tenantId, id: dispute, mode: 'test', connection_id: shop.connection, provider: 'stripe', payment_id: payment, status: 'needs_response', provider_status: 'x', provider_reference: 'dp_1', reason: 'fraudulent', amount: 1000, currency: 'MXN', opened_at: ago(20), created_at: ago(20), updated_at: ago(20) }).execute() })
  await shop.move({ type: 'dispute', at: ago(20), amount: -1000, payment })
  await shop.run()
  const ofDispute = async () => (await shop.items()).find(({ key }) => key === `dispute:${payment}`)
  t.match(await ofDispute(), { status: 'matched', expected: -1000, found: -1000 })
  await shop.in(async db => { await db.updateTable('disputes').set({ status: 'won', updated_at: house.hub.now() }).execute() })
  await shop.in(async db => { await db.insertInto('events').values({ tenant_id: db.tenantId, id: newUuid(house.hub.now()), mode: 'test', type: 'dispute.won', subject_id: dispute, data: JSON.stringify({ payment: publicId('payment', payment) }), created_at: house.hub.now() }).execute() })
  await shop.run()
  t.match(await ofDispute(), { status: 'unexpected', expected: 0, found: -1000 }, 'won, and the money is not back')
  await shop.move({ type: 'dispute', at: house.hub.now(), amount: 1000, payment })
  await shop.run()
  t.match(await ofDispute(), { status: 'matched', found: 0 })
})

t.test('payouts: what is in them, and where they came in at the bank', async t => {
  const shop = await world()
  for (const amount of [1000, 500]) await shop.move({ type: 'payment', at: ago(9), amount, fee: 10, payout: 'po_a', payment: await shop.pay({ at: ago(9), amount }) })
  await shop.move({ type: 'payout', at: ago(8), amount: -1480, payout: 'po_a' })
  await shop.move({ type: 'payout', at: ago(7), amount: -700, payout: 'po_b' })
  await shop.move({ type: 'payout', at: ago(6), amount: -700, payout: 'po_c' })
  await shop.move({ type: 'payout', at: ago(20), amount: -900, payout: 'po_lost' })
  await shop.move({ type: 'payout', at: ago(5), amount: -50, payout: 'po_failed' })
  await shop.move({ type: 'payout', at: ago(4), amount: 50, payout: 'po_failed' })
  const entry = await shop.entry({ day: dayOf(ago(7)), amount: 1480 })
  const named = await shop.entry({ day: dayOf(ago(5)), amount: 700, text: 'STRIPE PO_B' })
  const other = await shop.entry({ day: dayOf(ago(5)), amount: 700 })
  const stray = await shop.entry({ day: dayOf(ago(3)), amount: 123 })
  await shop.run()
  const items = await shop.items()
  t.match(only(items, 'payout'), [{ subject: 'po_a', status: 'matched', expected: 1480, found: 1480 }])
  const bank = new Map(only(items, 'bank').map(item => [item.subject, item]))
  t.match(bank.get('po_a'), { status: 'matched', parts: [{ id: publicId('bank_entry', entry) }] })
  t.match(bank.get('po_b'), { status: 'matched', parts: [{ id: publicId('bank_entry', named) }] }, 'the one that names it')
  t.match(bank.get('po_c'), { status: 'matched', parts: [{ id: publicId('bank_entry', other) }] })
  t.match(bank.get('po_lost'), { status: 'missing', difference: -900 })
  t.match(bank.get(publicId('bank_entry', stray)), { status: 'unexpected', found: 123 })
  t.equal(bank.size, 5, 'one that came back to the balance is expected nowhere')

  await shop.entry({ day: dayOf(ago(18)), amount: 900 })
  await shop.run()
  t.match(only(await shop.items(), 'bank').find(({ subject }) => subject === 'po_lost'), { status: 'matched' }, 'a statement that was read late')
})

t.test('transfers beside what statements brought for them', async t => {
  const shop = await world()
  const account = await shop.in(async db => await db.selectFrom('bank_accounts').select('id').executeTakeFirstOrThrow())
  const pay = async (amount: number): Promise<string> => {
    const payment = await shop.pay({ at: ago(10), amount })
    await shop.in(async db => { await db.insertInto('bank_transfers').values({ tenant_id: db.tenantId, id: newUuid(ago(10)), mode: 'test', connection_id: shop.connection, bank_account_id: account.id, payment_id: payment, attempt: 1, reference: String(1_000_000 + amount), amount, currency: 'MXN', expires_at: ago(9), closes_at: ago(8), created_at: ago(10), updated_at: ago(10) }).execute() })
    return payment
  }
  const [told, marked, less] = [await pay(1000), await pay(2000), await pay(3000)]
  await shop.entry({ day: dayOf(ago(9)), amount: 1000, payment: told, status: 'matched' })
  await shop.entry({ day: dayOf(ago(9)), amount: 2999, payment: less, status: 'review' })
  await shop.run()
  const bank = new Map(only(await shop.items(), 'bank').map(item => [item.subject, item]))
  t.match(bank.get(publicId('payment', told)), { status: 'matched', found: 1000 })
  t.match(bank.get(publicId('payment', marked)), { status: 'missing' }, 'somebody said it was paid, and no statement does')
  t.match(bank.get(publicId('payment', less)), { status: 'amount_under', difference: -1 })
  t.equal(bank.size, 3)
})

t.test('what was kept beside the fiscal documents', async t => {
  const shop = await world()
  const { hub } = house
  const issuer = newUuid(hub.now())
  const invoice = async (more: Record<string, unknown>): Promise<string> => await shop.in(async db => {
    const id = newUuid(ago(10))
    await db.insertInto('invoices').values({ tenant_id: db.tenantId, id, mode: 'test', country: 'MX', kind: 'invoice', status: 'issued', issuer_id: issuer, body: '{}', model: '{}', customer_tax_id: 'X', currency: 'MXN', total: '10.00', issued_at: ago(10), created_at: ago(10), updated_at: ago(10), ...more } as never).execute()
    return id
  })
  let ticket = 0
  const sell = async (total: string, more: Record<string, unknown> = {}): Promise<string> => await shop.in(async db => {
    const id = newUuid(ago(10))
    await db.insertInto('sales').values({ tenant_id: db.tenantId, id, mode: 'test', issuer_id: issuer, country: 'MX', ticket: String(ticket++), origin: 'api', payment_type: 'in_person', status: 'paid', document: 'undecided', currency: 'MXN', total, lines: '[]', rounding: 'currency', model: '{}', sold_at: ago(10), paid_at: ago(10), created_at: ago(10), updated_at: ago(10), ...more } as never).execute()
    return id
  })
  const invoiced = await sell('10.00', { document: 'invoiced', document_amount: '10.00', invoice_id: await invoice({}) })
  const canceled = await sell('10.00', { document: 'invoiced', document_amount: '10.00', invoice_id: await invoice({ status: 'canceled' }) })
  const noted = await invoice({})
  const returned = await sell('10.00', { document: 'invoiced', document_amount: '10.00', refunded: '4.00', invoice_id: noted })
  const undecided = await sell('20.00')
  const waiting = await sell('30.00', { document: 'global_pending' })
  const overdue = await sell('40.00', { document: 'link', link_expires_at: ago(5) })
  const unpaid = await sell('50.00', { document: 'invoiced', document_amount: '50.00', invoice_id: await invoice({ total: '50.00' }), paid_at: null })
  const global = newUuid(ago(10))
  const globalInvoice = await invoice({ total: '60.00' })
  await shop.in(async db => { await db.insertInto('global_invoices').values({ tenant_id: db.tenantId, id: global, mode: 'test', issuer_id: issuer, status: 'issued', invoice_id: globalInvoice, periodicity: '04', period_from: '2026-10-01', period_to: '2026-10-31', months: '10', year: 2026, currency: 'MXN', tickets: 1, total: '60.00', created_at: ago(10), updated_at: ago(10) } as never).execute() })
  const inGlobal = await sell('60.00', { document: 'in_global', document_amount: '60.00', global_id: global })
  const owed = await invoice({ total: '100.00', due: dayOf(ago(2)), amount_paid: '40.00' })
  const later = await invoice({ total: '100.00', due: dayOf(ago(-20)) })
  const named = await shop.pay({ at: ago(10), amount: 10_000 })
  const ofPayment = await invoice({ total: '90.00', payment_id: named })
  await shop.run()
  const status = async () => new Map(only(await shop.items(), 'document').map(item => [item.subject, [item.status, item.difference]]))
  const first = await status()
  const said = (kind: 'sale' | 'invoice' | 'payment', id: string, of = first) => of.get(publicId(kind, id))
  t.same(said('sale', invoiced), ['matched', 0])
  t.same(said('sale', canceled), ['missing', -1000])
  t.same(said('sale', returned), ['amount_over', 400], 'the credit note of what went back is missing')
  t.same(said('sale', undecided), ['expected', -2000])
  t.same(said('sale', waiting), ['expected', -3000])
  t.same(said('sale', overdue), ['missing', -4000])
  t.same(said('sale', unpaid), ['unexpected', 5000], 'a document without the money')
  t.same(said('sale', inGlobal), ['matched', 0])
  t.same(said('invoice', owed), ['amount_under', -6000])
  t.same(said('invoice', later), ['expected', -10000])
  t.same(said('payment', named), ['amount_under', -1000])
  t.notOk(first.has(publicId('invoice', ofPayment)))
  t.notOk(first.has(publicId('invoice', globalInvoice)), 'its tickets tell of it')
  await invoice({ kind: 'credit_note', total: '4.00', sale_id: returned, related_id: noted })
  await shop.run()
  t.same(said('sale', returned, await status()), ['matched', 0])
})

t.test('a person resolves it with a reason, and only something new opens it again', async t => {
  const shop = await world()
  const { hub } = house
  const payment = await shop.pay({ at: ago(10), amount: 1000 })
  await shop.run()
  const { access } = shop.tenant
  const [item] = (await service.listItems(hub, access, { status: 'exception' })).data
  t.match(item, { subject: publicId('payment', payment), status: 'missing', resolution: null, age_days: 10 })
  const { id } = item!
  await t.rejects(service.resolveItem(hub, (await house.tenant()).access, id, { action: 'accepted', reason: 'not mine' }), { code: 'not_found' })
  await t.rejects(service.resolveItem(hub, { ...access, mode: 'live' }, id, { action: 'accepted', reason: 'the other mode' }), { code: 'not_found' })
  t.match(await service.resolveItem(hub, access, id, { action: 'written_off', reason: 'the terminal was stolen' }), { status: 'missing', resolution: { action: 'written_off', reason: 'the terminal was stolen', by: access.principal.id, reopened_at: null } })
  await t.rejects(service.resolveItem(hub, access, id, { action: 'accepted', reason: 'once more' }), { code: 'conflict' })
  await shop.run()
  await service.runNow(hub, access, { from: ago(90).toISOString() })
  await shop.run()
  t.match((await service.getItem(hub, access, id)).resolution, { action: 'written_off', reopened_at: null }, 'a run says the same again')
  t.same((await service.listItems(hub, access, { status: 'exception', resolved: false })).data, [])
  t.match((await service.listItems(hub, access, {})).ageing, [], 'resolved ones do not age')
  await shop.move({ type: 'payment', at: ago(10), amount: 900, payment })
  await shop.run()
  t.match(await service.getItem(hub, access, id), { status: 'amount_under', found: 900, resolution: { action: 'written_off', reopened_at: String } })
  const lines = await shop.in(async db => await db.selectFrom('audit_log').select(['action', 'actor_type']).where('subject_id', '=', id).orderBy('id').execute())
  t.same(lines.map(line => [line.action, line.actor_type]), [['reconciliation_item.resolved', 'api_key'], ['reconciliation_item.reopened', 'system']])
  await service.resolveItem(hub, access, id, { action: 'accepted', reason: 'a discount' })
  await shop.move({ type: 'payment', at: ago(10), amount: 100, payment })
  await shop.run()
  const settled = await service.getItem(hub, access, id)
  t.match(settled, { status: 'matched', resolution: { reopened_at: null } })
  await t.rejects(service.resolveItem(hub, access, (await shop.pay({ at: ago(1), amount: 5 }), await shop.run(), (await service.listItems(hub, access, { status: 'expected' })).data[0]!.id), { action: 'accepted', reason: 'too early' }), { code: 'conflict' })
})

t.test('a run that is asked for while one is under way follows it, and only one runs at a time', async t => {
  const shop = await world()
  const { hub } = house
  const { access, tenantId } = shop.tenant
  await shop.run()
  const forgotten = await shop.pay({ at: ago(80), amount: 100 })
  const place = async () => await shop.in(async db => (await db.selectFrom('reconciliations').select(['id', 'place']).executeTakeFirstOrThrow()))
  const due = async () => await shop.in(async db => (await db.selectFrom('timers').select('due_at').where('kind', '=', 'reconciliation').executeTakeFirstOrThrow()).due_at)
  const { id, place: before } = await place()
  // As another process leaves it that is in the middle of its run.
  const until = new Date(hub.now().getTime() + 60_000)
  await shop.in(async db => { await db.updateTable('reconciliations').set({ place: JSON.stringify({ ...before as object, event: newUuid(hub.now()), runningUntil: until.toISOString() }) }).execute() })
  await service.runNow(hub, access, { from: ago(90).toISOString() })
  await matchJob(hub, tenantId, id)
  t.match((await place()).place, { wanted: { from: String }, runningUntil: until.toISOString() }, 'it waits')
  t.same(await due(), until)
  t.same((await service.listItems(hub, access, {})).data, [])
  await service.runNow(hub, access, { from: ago(85).toISOString() })
  house.advance(60_000)
  await matchJob(hub, tenantId, id)
  t.same((await service.listItems(hub, access, {})).data.map(({ subject }) => subject), [publicId('payment', forgotten)], 'of two wishes the one that looks further back')
  t.same(Object.keys((await place()).place as object).sort(), ['changed', 'event'], 'nothing is left to be done')
  t.ok(Math.abs((await due()).getTime() - hub.now().getTime() - hourMs) < 60_000, 'and the next one is in an hour')

  // Asked for at any moment of another one: no wish is lost.
  await service.runNow(hub, access, {})
  await Promise.all([matchJob(hub, tenantId, id), service.runNow(hub, access, { from: ago(89).toISOString() })])
  await matchJob(hub, tenantId, id)
  t.same(Object.keys((await place()).place as object).sort(), ['changed', 'event'])
})

t.test('rules of the tenant: tolerances, days and other currencies; totals, age and an alert', async t => {
  const shop = await world()
  const { hub } = house
  const { access } = shop.tenant
  for (const [days, amount, found] of [[1, 1000, 995], [5, 1000, 1005], [20, 1000, 900], [50, 1000, 1100]] as const) {
    const payment = await shop.pay({ at: ago(days), amount })
    await shop.move({ type: 'payment', at: ago(days), amount: found, payment })
  }
  await shop.run()
  const page = await service.listItems(hub, access, { status: 'exception' })
  t.match(page.ageing, [{ age: '2-7', currency: 'MXN', count: 1, difference: 5 }, { age: '8-30', count: 1, difference: -100 }, { age: '31+', count: 1, difference: 100 }])
  t.same(page.totals.map(({ status, count, expected, found, difference }) => [status, count, expected, found, difference]), [['amount_over', 2, 2000, 2105, 105], ['amount_under', 1, 1000, 900, -100]])
  t.same((await service.listItems(hub, access, { age: '8-30' })).data.map(({ difference }) => difference), [-100])
  t.match(await shop.in(async db => await db.selectFrom('alerts').select(['kind', 'detail']).where('kind', '=', 'reconciliation_exceptions').execute()), [{ detail: { count: 3 } }])
  const alerts = async () => await shop.in(async db => await db.selectFrom('alerts').select('detail').where('kind', '=', 'reconciliation_exceptions').where('resolved_at', 'is', null).execute())
  t.match(await service.putSettings(hub, access, { absolute: 5, percent: 1 }), { absolute: 5, percent: 1, days: { bank: 5 }, other_currency: 'mismatch' })
  await shop.run()
  t.same((await service.listItems(hub, access, { status: 'exception' })).data.map(({ difference }) => difference), [-100, 100], 'judged anew by the new rules')
  t.match(await alerts(), [{ detail: { count: 2 } }], 'one alert while it lasts, said again after a while')
  for (const { id } of (await service.listItems(hub, access, { status: 'exception' })).data) await service.resolveItem(hub, access, id, { action: 'accepted', reason: 'known' })
  await shop.run()
  t.same(await alerts(), [], 'and it ends by itself')
})

t.test('whatever the order in which it comes in, and however often it is looked at, the answer is the same', async t => {
  const amounts = fc.constantFrom(100, 100, 100, 101, 250)
  const day = fc.integer({ min: 1, max: 12 })
  const fact = fc.oneof(
    fc.record({ what: fc.constant('pay' as const), day, amount: amounts, told: fc.constantFrom('same', 'none', 'other', 'twice', 'abroad') }),
    fc.record({ what: fc.constant('refund' as const), of: fc.nat(), day, amount: amounts, told: fc.boolean(), named: fc.boolean() }),
    fc.record({ what: fc.constant('payout' as const), day, amount: amounts }),
    fc.record({ what: fc.constant('payout' as const), day, amount: amounts }),
    fc.record({ what: fc.constant('entry' as const), day, amount: amounts, names: fc.option(fc.nat({ max: 5 })) }),
    fc.record({ what: fc.constant('entry' as const), day, amount: amounts, names: fc.constant(null) })
  )
  await fc.assert(fc.asyncProperty(fc.array(fact, { minLength: 2, maxLength: 14 }), fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), async (world0, order, looks) => {
    // Ids are of the tenant: the same may be in both worlds.
    const base = ago(20)
    const at = (days: number): Date => new Date(base.getTime() + days * dayMs)
    const ids = world0.map(({ day }) => [newUuid(at(day)), newUuid(at(day)), newUuid(at(day))] as const)
    const payments = world0.flatMap((fact, i) => fact.what === 'pay' ? [i] : [])
    const arrivals = (shop: World): (() => Promise<unknown>)[] => world0.flatMap((fact, i): (() => Promise<unknown>)[] => {
      const [id, second, third] = ids[i]!
      const when = at(fact.day)
      switch (fact.what) {
        case 'pay': {
          const move = (moved: string, amount: number, currency = 'MXN') => async () => await shop.move({ id: moved, type: 'payment', at: when, amount, currency, payment: id })
          const told = { same: [move(second, fact.amount)], none: [], other: [move(second, fact.amount + 7)], twice: [move(second, fact.amount), move(third, fact.amount)], abroad: [move(second, 9, 'USD')] }[fact.told]
          return [async () => await shop.pay({ id, at: when, amount: fact.amount }), ...told]
        }
        case 'refund': {
          const payment = payments.length === 0 ? undefined : ids[payments[fact.of % payments.length]!]![0]
          if (payment === undefined) return []
          const refund = async () => await shop.refund({ id, payment, at: when, amount: fact.amount })
          return [refund, ...(fact.told ? [async () => await shop.move({ id: second, type: 'refund', at: when, amount: -fact.amount, payment, ...(fact.named && { refund: id }) })] : [])]
        }
        case 'payout': return [async () => await shop.move({ id, type: 'payout', at: when, amount: -fact.amount, payout: `po_${i}_` })]
        default: return [async () => await shop.entry({ id, day: dayOf(when), amount: fact.amount, text: fact.names === null ? '' : `PAGO PO_${fact.names}_ STRIPE` })]
      }
    })
    const once = await world()
    for (const arrive of arrivals(once).toSorted((one, other) => Number(one.name === 'refund') - Number(other.name === 'refund'))) await arrive()
    await once.run()
    const often = await world()
    // A refund is never there before its payment.
    const shuffled = arrivals(often).map((arrive, i) => [order[i % order.length]! + (arrive.name === 'refund' ? 2 ** 32 : 0), arrive] as const).toSorted(([one], [other]) => one - other)
    for (const [i, [, arrive]] of shuffled.entries()) {
      await arrive()
      if (looks[i % looks.length] === true) await often.run()
    }
    await often.run()
    // So that what is due in the one is due in the other.
    await once.run()
    assert.deepEqual(await often.items(), await once.items())
    const items = await once.items()
    const parts = items.filter(({ leg }) => leg === 'bank').flatMap(({ parts }) => (parts as { id: string }[]).map(({ id }) => id))
    t.equal(new Set(parts).size, parts.length, 'an entry is in one item')
    t.equal(parts.length, world0.filter(({ what }) => what === 'entry').length, 'and every entry is in one')
  }), { numRuns: Number(process.env.MATCHING_RUNS ?? 12), endOnFailure: true })
})

t.test('a crash goes on from the last page, and two runs at once are one', async t => {
  const shop = await world()
  for (let i = 0; i < 5; i++) await shop.move({ type: 'payment', at: ago(5), amount: 10, payment: await shop.pay({ at: ago(5), amount: 10 }) })
  await Promise.all([shop.run(), shop.run()])
  t.same(only(await shop.items(), 'provider').map(({ status }) => status), Array(5).fill('matched'))
  t.equal((await shop.items()).filter(({ status }) => isException(status as 'missing')).length, 0)
})
