import { pathToFileURL } from 'node:url'
import path from 'node:path'
import { writeFileSync } from 'node:fs'
import { sql, type Kysely } from 'kysely'
import t from 'tap'
import { v7 } from 'uuid'
import { isSerializationFailure, isUniqueViolation } from './errors.ts'
import { inTenant } from './in-tenant.ts'
import { migrate } from './migrate.ts'
import { createPool, kyselyOf } from './pool.ts'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'

const helper = pathToFileURL(path.join(import.meta.dirname, '../../migrations/tenant-table.ts')).href
const migration = `
import { sql } from 'kysely'
import { gateFunction, monthPartitions, tenantTable } from ${JSON.stringify(helper)}
export async function up (db: any): Promise<void> {
  await sql\`create table owners (id uuid primary key)\`.execute(db)
  await tenantTable(db, 'owners', { tenantColumn: 'id', app: ['select', 'insert'] })
  await sql\`create table notes (tenant_id uuid not null references owners (id), id int, text text, secret text, primary key (tenant_id, id))\`.execute(db)
  await tenantTable(db, 'notes', { app: ['select(tenant_id, id, text)', 'insert', 'update(text)'], gate: ['select'] })
  await sql\`create table happened (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id)) partition by range (id)\`.execute(db)
  await tenantTable(db, 'happened', { app: ['select', 'insert'], partitioned: true })
  await monthPartitions(db, 'happened', '2026-11', 2)
  await gateFunction(db, { signature: 'count_notes(p_text text)', returns: 'bigint', volatility: 'stable', body: 'select count(*) from notes where text = p_text' })
  await gateFunction(db, { signature: 'remove_notes()', returns: 'void', language: 'plpgsql', volatility: 'volatile', body: 'begin delete from notes; end' })
}
`
const a = '018bcfe5-6800-7000-8000-00000000000a'
const b = '018bcfe5-6800-7000-8000-00000000000b'
const denied = { code: '42501' }

let database: TestDatabase

t.before(async () => {
  const folder = t.testdir()
  writeFileSync(path.join(folder, '0001_tables.ts'), migration)
  database = await testDatabase(t, { migrated: false })
  const { ownerUrl, appUrl, queueUrl } = database
  await migrate({ ownerUrl, appUrl, queueUrl, folder })
  for (const tenant of [a, b]) {
    await inTenant(database.db, tenant, async db => {
      await sql`insert into owners values (${tenant})`.execute(db)
      await sql`insert into notes values (${tenant}, 1, 'mine', 'secret')`.execute(db)
    })
  }
})

async function notes (db: Kysely<any>): Promise<unknown[]> {
  return (await sql`select tenant_id, id from notes`.execute(db)).rows
}

t.test('a tenant sees its rows, another does not, and nobody sees any without a tenant', async t => {
  const { db } = database
  t.same(await inTenant(db, a, notes), [{ tenant_id: a, id: 1 }])
  t.same(await inTenant(db, b, notes), [{ tenant_id: b, id: 1 }])
  t.same(await inTenant(db, b, async db => (await sql`select id from notes where tenant_id = ${a}`.execute(db)).rows), [], 'who knows the id of another sees nothing')
  t.same(await notes(db), [], 'a forgotten inTenant leaks nothing')
  t.equal(await inTenant(db, a, async db => db.tenantId), a)
})

t.test('a row for another tenant is refused, and a change of another\'s row changes nothing', async t => {
  const { db } = database
  await t.rejects(inTenant(db, a, async db => await sql`insert into notes values (${b}, 2, 'theirs')`.execute(db)), denied)
  await t.rejects(sql`insert into notes values (${a}, 2, 'nobody')`.execute(db), denied)
  const { numAffectedRows } = await inTenant(db, a, async db => await sql`update notes set text = 'x' where tenant_id = ${b}`.execute(db))
  t.equal(numAffectedRows, 0n)
})

t.test('the owner of the tables sees nothing either: security is forced', async t => {
  const pool = createPool({ url: database.ownerUrl, max: 1 })
  t.teardown(async () => { await pool.end() })
  t.same(await notes(kyselyOf(pool)), [])
})

t.test('only the privileges that were asked for, column by column', async t => {
  const { db } = database
  await t.rejects(inTenant(db, a, async db => await sql`select secret from notes`.execute(db)), denied)
  await t.rejects(inTenant(db, a, async db => await sql`update notes set secret = 'x'`.execute(db)), denied)
  await t.rejects(inTenant(db, a, async db => await sql`delete from notes`.execute(db)), denied)
  await t.resolves(inTenant(db, a, async db => await sql`update notes set text = 'mine'`.execute(db)))
})

t.test('the application\'s role makes nothing, loosens nothing and becomes nobody', async t => {
  for (const statement of [
    'create table mine (n int)', 'create temp table mine (n int)', 'create schema mine', 'create function gate.f() returns int language sql as $$ select 1 $$',
    'alter table notes disable row level security', 'alter table notes no force row level security', 'drop policy tenant on notes',
    'create policy all_of_it on notes using (true)', 'truncate notes', 'set role pasarela_gate', 'set role pasarela_owner',
    'select * from bullmq.migration', 'select * from kysely_migration'
  ]) await t.rejects(inTenant(database.db, a, async db => await sql.raw(statement).execute(db)), denied, statement)
})

t.test('a month\'s partition is chosen by the id, and nobody reads it directly', async t => {
  const { db, owner } = database
  const ids = ['2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'].map(at => v7({ msecs: Date.parse(at) }))
  await inTenant(db, a, async db => {
    for (const id of ids) await sql`insert into happened values (${a}, ${id})`.execute(db)
  })
  const { rows } = await sql`select tableoid::regclass::text as name from happened order by id`.execute(owner)
  t.same(rows, ['y2026m11', 'y2026m11', 'y2026m12', 'default'].map(month => ({ name: `happened_${month}` })))
  t.equal((await inTenant(db, b, async db => await sql`select * from happened`.execute(db))).rows.length, 0)
  for (const partition of ['happened_y2026m11', 'happened_y2026m12', 'happened_default']) {
    await t.rejects(inTenant(db, a, async db => await sql`select * from ${sql.table(partition)}`.execute(db)), denied, partition)
  }
  const { rows: open } = await sql`select relname from pg_class where relispartition and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)`.execute(owner)
  t.same(open, [], 'and every partition is locked for itself')
})

t.test('a gate function sees every tenant, does what its privileges allow, and is for the application alone', async t => {
  const { db, owner, queueUrl } = database
  t.same((await sql`select gate.count_notes('mine') as n`.execute(db)).rows, [{ n: 2 }])
  await t.rejects(sql`select gate.remove_notes()`.execute(db), denied, 'the table gives the gate only select')
  const { rows } = await sql`select proname, proowner::regrole::text as owner, prosecdef, proconfig, proacl::text from pg_proc where pronamespace = 'gate'::regnamespace order by 1`.execute(owner)
  t.match(rows[0], { owner: 'pasarela_gate', prosecdef: true, proconfig: ['search_path=public, pg_temp'], proacl: '{pasarela_gate=X/pasarela_gate,pasarela_app=X/pasarela_gate}' })
  const queue = createPool({ url: queueUrl, max: 1 })
  t.teardown(async () => { await queue.end() })
  await t.rejects(queue.query("select gate.count_notes('mine')"), denied)
})

t.test('an error rolls back; the connection goes back clean and forgets the tenant', async t => {
  const pool = createPool({ url: database.appUrl, max: 1 })
  t.teardown(async () => { await pool.end() })
  const db = kyselyOf(pool)
  const state = async (): Promise<unknown> => (await pool.query("select nullif(current_setting('app.tenant_id', true), '') as tenant, now() = statement_timestamp() as outside")).rows[0]
  await t.rejects(inTenant(db, a, async db => {
    await sql`insert into notes values (${a}, 9, 'never')`.execute(db)
    throw new Error('on purpose')
  }), /on purpose/)
  t.same(await state(), { tenant: null, outside: true }, 'after an error of ours')
  await t.rejects(inTenant(db, a, async db => await sql`select 1 / 0`.execute(db)), { code: '22012' })
  t.same(await state(), { tenant: null, outside: true }, 'after one of the database')
  t.same(await inTenant(db, a, notes), [{ tenant_id: a, id: 1 }], 'nothing was kept')
  t.same(await state(), { tenant: null, outside: true }, 'after a commit')
  t.same(await notes(db), [], 'the next user of the connection sees nothing')
})

t.test('the isolation level and the access mode can be chosen', async t => {
  const read = async (db: Kysely<any>): Promise<unknown> => (await sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as readonly`.execute(db)).rows[0]
  t.same(await inTenant(database.db, a, read), { level: 'read committed', readonly: 'off' })
  t.same(await inTenant(database.db, a, read, { isolationLevel: 'repeatable read', accessMode: 'read only' }), { level: 'repeatable read', readonly: 'on' })
})

t.test('what is no UUID, and a tenant inside a transaction, are refused before anything is sent', async t => {
  const { db } = database
  for (const id of ['', 'a', `${a}'; select 1; --`, `${a}\n`]) await t.rejects(inTenant(db, id, notes), TypeError, JSON.stringify(id))
  await t.rejects(inTenant(db, a, async db => await inTenant(db, b, notes)), /inside a transaction/)
})

t.test('a connection that breaks fails its query, not the process', async t => {
  const broken: string[] = []
  const pool = createPool({ url: database.appUrl, max: 2, applicationName: 'to be cut', onError: error => { broken.push(error.message) } })
  t.teardown(async () => { await pool.end() })
  const db = kyselyOf(pool)
  const cut = async (): Promise<unknown> => await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'to be cut'`.execute(database.owner)
  await pool.query('select 1')
  const told = new Promise(resolve => { pool.once('error', resolve) })
  await cut()
  await told
  t.match(broken, [/terminat/], 'an idle one is told of')
  await t.rejects(inTenant(db, a, async db => {
    await cut()
    await sql`select 1`.execute(db)
  }), 'one that is in use fails')
  t.same(await inTenant(db, a, notes), [{ tenant_id: a, id: 1 }], 'and the pool has new ones')
})

t.test('values: safe integers, or an error; exact numbers and days as text', async t => {
  const { pool } = database
  const { rows } = await pool.query(`select 9007199254740991 as int8, array[1, null]::int8[] as int8s, 1.10::numeric as numeric, array[1.10]::numeric[] as numerics,
    date '2026-11-21' as date, array[date '2026-11-21'] as dates, timestamptz '2026-11-21T00:00:00Z' as at, '\\x00ff'::bytea as bytes, '{"a": 1}'::jsonb as json`)
  t.same(rows, [{
    int8: 9007199254740991,
    int8s: [1, null],
    numeric: '1.10',
    numerics: ['1.10'],
    date: '2026-11-21',
    dates: ['2026-11-21'],
    at: new Date('2026-11-21T00:00:00Z'),
    bytes: Buffer.from([0, 255]),
    json: { a: 1 }
  }])
  await t.rejects(pool.query('select 9007199254740993 as n'), /beyond 2\^53/)
  await t.resolves(pool.query('select 1'), 'and the connection still works')
})

t.test('errors that callers decide by', async t => {
  const { db } = database
  const again = inTenant(db, a, async db => await sql`insert into notes values (${a}, 1, 'again')`.execute(db))
  const error = await again.catch((error: unknown) => error)
  t.ok(isUniqueViolation(error))
  t.ok(isUniqueViolation(error, 'notes_pkey'))
  t.notOk(isUniqueViolation(error, 'other'))
  t.notOk(isSerializationFailure(error))
  t.notOk(isUniqueViolation(new Error('something else')))
  const met = await inTenant(db, a, async first => {
    await notes(first)
    await inTenant(db, a, async second => await sql`update notes set text = 'mine'`.execute(second))
    await sql`update notes set text = 'mine'`.execute(first)
  }, { isolationLevel: 'repeatable read' }).catch((error: unknown) => error)
  t.ok(isSerializationFailure(met))
})
