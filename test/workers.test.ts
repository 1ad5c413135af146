/**
 * Two workers, with a pool of connections each, at the same payment at the same time: its jobs and its webhooks. A trigger writes down every version of
 * the row, so that what is said here is what the database saw.
 */
import t from 'tap'
import { sql } from 'kysely'
import { createPool, kyselyOf } from '../core/db/pool.ts'
import type { Database } from '../core/db/schema.ts'
import type { Hub } from '../core/hub.ts'
import { uuidOf } from '../core/ids.ts'
import { jobHandlers } from '../core/job-handlers.ts'
import { capturePayment, createPayment, getPayment } from '../core/payments/service.ts'
import { createRefund } from '../core/payments/refunds.ts'
import { card, order } from './support/app.ts'
import { hookedHub } from './support/hooked-hub.ts'

const times = 8
t.setTimeout(240_000)

t.test('two concurrent workers on one payment are serialised', async t => {
  const made = await hookedHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m,5m' } })
  const { hub, simulator, database: { owner, appUrl } } = made
  const shop = await made.shop()
  const pool = createPool({ url: appUrl, max: 8 })
  t.teardown(async () => { await pool.end() })
  const workers: Hub[] = [hub, { ...hub, db: kyselyOf<Database>(pool) }]
  await sql`create table seen (id uuid, old_version int, version int, old_status text, status text, captured bigint, at serial)`.execute(owner)
  await sql`create function see() returns trigger language plpgsql security definer as $$ begin
    if new.version <> old.version or new.status <> old.status or new.amount_captured <> old.amount_captured then
      insert into public.seen values (new.id, old.version, new.version, old.status, new.status, new.amount_captured);
    end if; return new; end $$`.execute(owner)
  await sql`create trigger seen after update on payments for each row execute function see()`.execute(owner)

  /** Everything about it that there is to do, by both workers at once. */
  async function together (id: string): Promise<void> {
    await simulator.settled()
    const hooks = await owner.selectFrom('inbound_events').select('id').where('status', 'in', ['received', 'retrying']).execute()
    await Promise.all(workers.flatMap(worker => [
      jobHandlers.payment.run(worker, shop.tenantId, uuidOf('payment', id)),
      ...hooks.map(async hook => { await jobHandlers.inbound.run(worker, shop.tenantId, hook.id) })
    ]))
  }
  const versions = async (id: string) => (await sql<{ old_version: number, version: number, old_status: string, status: string, captured: number }>`select * from seen where id = ${uuidOf('payment', id)} order by at`.execute(owner)).rows
  const told = async (id: string, type: string) => (await owner.selectFrom('events').select('id').where('subject_id', '=', uuidOf('payment', id)).where('type', '=', type).execute()).length
  const sent = async (id: string, kind: string) => (await owner.selectFrom('operations').select(['id', 'outcome', 'idempotency_key']).where('subject_id', '=', uuidOf('payment', id)).where('kind', '=', kind).execute())
  /** No version was written on top of another that its writer had not seen. */
  const inRow = (rows: { old_version: number, version: number }[]) => rows.every((row, n) => row.version === row.old_version + 1 && (n === 0 || row.old_version === rows[n - 1]!.version))

  t.beforeEach(() => { simulator.clearFaults() })

  t.test('done at the provider, and nobody was told: found out once', async t => {
    for (let n = 0; n < times; n++) {
      simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
      const { id } = await createPayment(hub, shop.access, { ...order, method: card('pm_card_visa') }, null)
      made.advance(6_000)
      await together(id)
      await together(id)
      t.match(await getPayment(hub, shop.access, id), { status: 'succeeded', amount_captured: order.amount })
      const rows = await versions(id)
      t.ok(inRow(rows), JSON.stringify(rows))
      t.equal(rows.filter(row => row.old_status !== 'succeeded' && row.status === 'succeeded').length, 1, 'one transition')
      t.equal(await told(id, 'payment.succeeded'), 1, 'told once')
      t.equal((await sent(id, 'create_payment')).length, 1, 'and not sent again')
      t.equal(simulator.effects(id).charges, 1)
    }
  })

  t.test('it never got there: sent again only under its own key, and charged once', async t => {
    for (let n = 0; n < times; n++) {
      simulator.inject({ kind: 'cut_before', method: 'POST', path: '/v1/payment_intents' })
      const { id } = await createPayment(hub, shop.access, { ...order, method: card('pm_card_visa') }, null)
      made.advance(6_000)
      await together(id)
      await together(id)
      t.match(await getPayment(hub, shop.access, id), { status: 'succeeded', amount_captured: order.amount, attempts: 1 })
      const calls = await sent(id, 'create_payment')
      // Who comes while a repetition is under way may repeat it too: the key makes that one charge.
      t.ok(calls.length >= 2, `${calls.length} calls`)
      t.equal(new Set(calls.map(call => call.idempotency_key)).size, 1, 'under the same key')
      t.ok(inRow(await versions(id)))
      t.equal(await told(id, 'payment.succeeded'), 1)
      t.equal(simulator.effects(id).charges, 1)
    }
  })

  t.test('a capture whose answer was lost, its webhook and both jobs: captured once', async t => {
    for (let n = 0; n < times; n++) {
      const { id } = await createPayment(hub, shop.access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
      simulator.inject({ kind: n % 2 === 0 ? 'cut_after' : 'cut_before', method: 'POST', path: '/capture' })
      t.match(await capturePayment(hub, shop.access, id, 15_000), { status: 'unknown' })
      made.advance(6_000)
      await together(id)
      await together(id)
      t.match(await getPayment(hub, shop.access, id), { status: 'succeeded', amount_captured: 15_000, amount_capturable: 0 })
      const rows = await versions(id)
      t.ok(inRow(rows), JSON.stringify(rows))
      t.equal(rows.filter((row, index) => Number(row.captured) === 15_000 && Number(rows[index - 1]?.captured ?? 0) === 0).length, 1, 'one transition')
      t.match(simulator.effects(id), { charges: 1, captures: 1 })
      t.equal(await told(id, 'payment.succeeded'), 1)
    }
  })

  t.test('a refund whose answer was lost: given back once', async t => {
    const { id } = await createPayment(hub, shop.access, { ...order, method: card('pm_card_visa') }, null)
    for (const kind of ['cut_after', 'cut_before'] as const) {
      simulator.inject({ kind, method: 'POST', path: '/v1/refunds' })
      const refund = await createRefund(hub, shop.access, id, { amount: 4_000 }, null)
      made.advance(6_000)
      await simulator.settled()
      const hooks = await owner.selectFrom('inbound_events').select('id').where('status', 'in', ['received', 'retrying']).execute()
      await Promise.all(workers.flatMap(worker => [
        jobHandlers.refund.run(worker, shop.tenantId, uuidOf('refund', refund.id)),
        ...hooks.map(async hook => { await jobHandlers.inbound.run(worker, shop.tenantId, hook.id) })
      ]))
      t.match(await owner.selectFrom('refunds').select(['status', 'amount']).where('id', '=', uuidOf('refund', refund.id)).execute(), [{ status: 'succeeded', amount: 4_000 }], kind)
    }
    t.equal(simulator.effects(id).refunds, 2)
    t.match(await getPayment(hub, shop.access, id), { amount_refunded: 8_000 })
  })
})
