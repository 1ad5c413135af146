import { sql } from 'kysely'
import t from 'tap'
import { testHub } from '../../test/support/hub.ts'
import { createBankAccount } from '../bank-accounts/service.ts'
import { createConnection } from '../connections/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { parseId } from '../ids.ts'
import { createPayment, getPayment } from '../payments/service.ts'
import { clabeOf } from './fixtures/shop.ts'
import { santander } from './fixtures/statements.ts'
import { finishStatement } from './close.ts'
import { importStatement } from './service.ts'

const dayMs = 86_400_000

t.test('deadlines, on the account’s own clock', async t => {
  const house = await testHub(t)
  const { hub, advance, work } = house
  const { access, tenantId } = await house.tenant()
  // Baja California: an hour or two behind the capital.
  const account = await createBankAccount(hub, access, { currency: 'MXN', clabe: clabeOf('014'), beneficiary: 'Tienda', time_zone: 'America/Tijuana' }, null)
  await createConnection(hub, access, { provider: 'bank_transfer', mode: 'test', credentials: {}, settings: { expiry_days: 1, statement_days: 2 } }, null)
  const pay = async () => await createPayment(hub, access, { amount: 5_000, currency: 'MXN', method: { type: 'bank_transfer' } }, null)
  const status = async (id: string) => (await getPayment(hub, access, id)).status
  let serial = 0
  const statement = async (reference: unknown, day: string) => (await importStatement(hub, access, { bank_account: account.id, file: Buffer.from(santander([{ amount: '50.00', reference: String(reference), day, tracking: `KEY${String(++serial).padStart(8, '0')}`, time: '23:50' }])).toString('base64') }, null)).statement.entries[0]!
  const localDay = (at: Date) => new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Tijuana' }).format(at)

  const [intime, late, nobody, unheard] = [await pay(), await pay(), await pay(), await pay()]
  const deadline = new Date(String(intime.next_action!.expires_at))
  t.equal(new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Tijuana', timeStyle: 'medium' }).format(deadline), '23:59:59')
  t.equal(localDay(deadline), localDay(new Date(hub.now().getTime() + dayMs)))

  // The day after the deadline: the statement of the day before is imported.
  advance(deadline.getTime() - hub.now().getTime() + dayMs / 2)
  await work()
  t.equal(await status(intime.id), 'requires_action', 'a statement may still tell of it')
  t.match(await statement(intime.next_action!.reference, localDay(deadline)), { status: 'matched' }, 'ten minutes before midnight, there')
  t.equal(await status(intime.id), 'succeeded')
  t.match(await statement(late.next_action!.reference, localDay(new Date(deadline.getTime() + dayMs))), { status: 'review', reason: 'late' })
  t.match(await getPayment(hub, access, late.id), { status: 'requires_action', review: { reason: 'money_after_end', provider_amount: 5_000 } })

  // The end of the days in which statements are waited for.
  advance(2 * dayMs)
  await work()
  t.equal(await status(nobody.id), 'expired')
  t.match(await getPayment(hub, access, late.id), { status: 'expired', review: { reason: 'money_after_end' } }, 'money that came late stays with the person who decides')
  t.match(await statement(nobody.next_action!.reference, localDay(deadline)), { status: 'review', reason: 'late' }, 'too late for the books, even if it was made in time')
  t.match(await getPayment(hub, access, nobody.id), { status: 'expired', review: { reason: 'money_after_end' } })
  t.equal(await status(unheard.id), 'expired')
  const { rows } = await sql<{ status: string, count: string }>`select status, count(*) from bank_transfers group by status order by 1`.execute(house.database.owner)
  t.same(rows.map(({ status, count }) => `${status} ${count}`), ['expired 3', 'paid 1'])

  t.test('an import that died in the middle is finished by a job', async t => {
    const again = await pay()
    const day = localDay(hub.now())
    await statement(undefined, day)
    const entry = await statement(again.next_action!.reference, day)
    t.match(entry, { status: 'matched' })
    // As if the process had died before it looked at the entry.
    const other = await pay()
    const told = await statement(undefined, day)
    await inTenant(hub.db, tenantId, async db => await db.updateTable('bank_entries').set({ status: 'new', reference: String(other.next_action!.reference) }).where('tenant_id', '=', tenantId).where('id', '=', parseId('bank_entry', told.id)!).execute())
    await sql`insert into timers (tenant_id, kind, id, due_at) values (${tenantId}, 'bank_statement', ${parseId('bank_statement', told.statement)!}, ${hub.now()})`.execute(house.database.owner)
    await Promise.all([1, 2, 3].map(async () => await finishStatement(hub, tenantId, parseId('bank_statement', told.statement)!)))
    await work()
    t.equal(await status(other.id), 'succeeded')
  })

  t.test('a payment whose answer was lost is found in the book, and asked for once', async t => {
    const lost = await pay()
    const id = parseId('payment', lost.id)!
    // As the intent left it.
    await sql`update payments set status = 'unknown', known_status = 'requires_payment_method', provider_reference = null, next_action_sealed = null, pending_kind = 'create_payment', pending_operation_id = gen_random_uuid(), pending_since = ${hub.now()}, next_run_at = ${hub.now()} where id = ${id}`.execute(house.database.owner)
    await work()
    t.match(await getPayment(hub, access, lost.id), { status: 'requires_action', provider_reference: lost.provider_reference, next_action: { reference: lost.next_action!.reference } })
    const { rows } = await sql`select 1 from bank_transfers where payment_id = ${id}`.execute(house.database.owner)
    t.equal(rows.length, 1)
  })
})
