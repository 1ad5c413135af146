/** A new version migrates while the one before serves: what each migration may do to it, and what it does. */
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import t from 'tap'
import { migrate, migrationsFolder } from '../core/db/migrate.ts'
import { createPool } from '../core/db/pool.ts'
import { newUuid } from '../core/ids.ts'
import { testDatabase } from '../test/support/database.ts'
import { eventually } from '../test/support/eventually.ts'
import { lintStatement } from '../test/support/migration-lint.ts'

const names = readdirSync(migrationsFolder).filter(name => /^\d{4}_\w+\.ts$/.test(name) && !name.includes('.test.')).toSorted()
const now = () => new Date()

/** The migrations that an installation may have run already. */
const firstReleased = '0033'

t.test('no migration takes away what the version before works with, or stops it for longer than a moment', async t => {
  const database = await testDatabase(t, { migrated: false })
  await migrate({ ...database, folder: t.testdir() }) // roles and rights
  const statements: string[] = []
  const pool = createPool({ url: database.ownerUrl, max: 1 })
  t.teardown(async () => { await pool.end() })
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }), log: event => { statements.push(event.query.sql) } })
  const tables = async () => new Set((await db.executeQuery<{ name: string }>(CompiledQuery.raw("select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"))).rows.map(row => row.name))
  for (const name of names) {
    const existing = await tables()
    const { up } = await import(path.join(migrationsFolder, name)) as { up: (db: Kysely<any>) => Promise<void> }
    statements.length = 0
    await db.transaction().execute(async trx => { await up(trx) })
    const found = statements.flatMap(sql => lintStatement({ sql, existing }))
    if (name < firstReleased) continue
    t.same(found, [], name)
  }
})

t.test('the lint sees what would hurt, and nothing else', async t => {
  const existing = new Set(['payments', 'alerts'])
  const finds = (sql: string) => lintStatement({ sql, existing })
  for (const [sql, finding] of [
    ['alter table payments add column a text not null', /has no default/],
    ['alter table payments add column a text, add column b uuid not null default gen_random_uuid()', /differs from row to row/],
    ['alter table payments add column a int generated always as identity', /generated/],
    ['alter table payments add column a text check (a <> \'x\')', /constraint/],
    ['alter table alerts alter column kind type varchar(7)', /type/],
    ['ALTER TABLE "alerts" ALTER COLUMN kind SET NOT NULL', /requires/],
    ['alter table public.payments drop column a', /drops a column/],
    ['alter table payments rename column a to b', /renames/],
    ['alter table payments add constraint a check (amount > 0)', /not valid/i],
    ['create unique index i on payments (tenant_id, reference)', /unique index/],
    ['drop table alerts', /drops/],
    ['update payments set a = 1', /all rows/],
    ['select 1; lock table payments', /locks/]
  ] as const) t.match(finds(sql).join(), finding, sql)
  for (const sql of [
    'alter table payments add column a text, add column b integer not null default 0', 'alter table payments add constraint a check (amount > 0) not valid', 'alter table payments validate constraint a',
    'create index i on alerts (kind)', 'create table fresh (a text not null)', 'alter table fresh add column b text not null', 'create index concurrently i on payments (a)', 'create index if not exists payments_by_a on payments (a)',
    'alter table payments alter column a set default nullif(current_setting(\'app.trace\', true), \'\')', 'create function app.x() returns void as $$ update payments set a = 1; $$', 'alter table payments enable row level security'
  ]) t.same(finds(sql), [], sql)
})

t.test('the statements of the version before run while the new one migrates, and after', async t => {
  const database = await testDatabase(t, { migrated: false })
  const before = t.testdir()
  for (const name of names.filter(name => name < firstReleased)) symlinkSync(path.join(migrationsFolder, name), path.join(before, name))
  await migrate({ ...database, folder: before })
  const tenant = newUuid(now())
  const { owner } = database
  await owner.insertInto('tenants').values({ id: tenant, name: 'Old', country: 'MX' }).execute()

  const failures: unknown[] = []
  let rounds = 0
  let slowestMs = 0
  const stop = new AbortController()
  const clients = await Promise.all(Array.from({ length: 4 }, async () => await database.pool.connect()))
  t.teardown(() => { for (const client of clients) client.release() })
  const work = Promise.all(clients.map(async client => {
    while (!stop.signal.aborted) {
      const startedAt = performance.now()
      const [id, event] = [newUuid(now()), newUuid(now())]
      try {
        await client.query(`begin; set local app.tenant_id = '${tenant}'`)
        await client.query({ name: 'old timer', text: 'insert into timers (tenant_id, kind, id, due_at) values ($1, \'invoice\', $2, now()) on conflict (tenant_id, kind, id) do update set due_at = excluded.due_at, tries = 0', values: [tenant, id] })
        await client.query({ name: 'old call', text: 'insert into operations (tenant_id, id, mode, connection_id, provider, kind, subject_id, started_at) values ($1, $2, \'test\', $2, \'stripe\', \'create_payment\', $2, now())', values: [tenant, id] })
        await client.query({ name: 'old end', text: 'update operations set outcome = \'succeeded\', finished_at = now() where tenant_id = $1 and id = $2', values: [tenant, id] })
        await client.query({ name: 'old event', text: 'insert into events (tenant_id, id, mode, type, subject_id, data, created_at) values ($1, $2, \'test\', \'payment.succeeded\', $3, \'{}\', now())', values: [tenant, event, id] })
        await client.query({ name: 'old alert', text: 'insert into alerts (tenant_id, id, mode, kind, severity, subject_id, dedupe_key, created_at, last_at) values ($1, $2, \'test\', \'inbound_parked\', \'warning\', null, $3, now(), now()) on conflict do nothing', values: [tenant, id, id] })
        await client.query({ name: 'old look', text: 'select id, status, amount from payments where tenant_id = $1 order by id desc limit 20', values: [tenant] })
        await client.query('commit')
        await client.query({ name: 'old sweep', text: 'select kind, tenant_id, id from gate.due_work(now(), $1)', values: [100] })
        await client.query({ name: 'old health', text: 'select kind, waiting, oldest_seconds from gate.queue_health($1)', values: [now()] })
      } catch (error) {
        failures.push(error)
        await client.query('rollback').catch(() => {})
      }
      rounds++
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
    }
  }))
  const soon = async (count: number) => { await eventually('it goes on', () => rounds >= count || failures.length > 0, { everyMs: 2 }) }
  await soon(20)
  const [one, other] = await Promise.all([migrate(database), migrate(database)])
  t.same([...one.applied, ...other.applied].length, names.filter(name => name >= firstReleased).length, 'each once, by one of two that migrate at once')
  await soon(rounds + 20)
  stop.abort()
  await work
  t.same(failures.map(String), [], `${rounds} rounds, the slowest ${Math.round(slowestMs)} ms`)
  t.comment(`${rounds} rounds of the version before, the slowest ${Math.round(slowestMs)} ms`)
})

t.test('who waits for a table lets the others pass, and comes again', async t => {
  const database = await testDatabase(t, { migrated: false })
  const folder = t.testdir({
    '0001_one.ts': "import { sql } from 'kysely'\nexport async function up (db: any) { await sql`create table busy (n int)`.execute(db) }\n"
  })
  await migrate({ ...database, folder })
  const folderOfTwo = t.testdir({
    '0001_one.ts': "import { sql } from 'kysely'\nexport async function up (db: any) { await sql`create table busy (n int)`.execute(db) }\n",
    '0002_two.ts': "import { sql } from 'kysely'\nexport async function up (db: any) { await sql`alter table busy add column m int`.execute(db) }\n"
  })
  const holder = createPool({ url: database.ownerUrl, max: 2 })
  t.teardown(async () => { await holder.end() })
  const [long, short] = [await holder.connect(), await holder.connect()]
  await long.query('begin; select * from busy')
  const waits: string[] = []
  const waited = Promise.withResolvers<void>()
  const migrated = migrate({ ...database, folder: folderOfTwo, lockWaitMs: 50, log: line => { waits.push(line); if (/waits/.test(line)) waited.resolve() } })
  await waited.promise
  t.same((await short.query('select count(*) from busy')).rows, [{ count: '0' }], 'somebody reads meanwhile')
  await long.query('commit')
  t.same((await migrated).applied, ['0002_two'])
  t.match(waits.join('\n'), /0002_two .* waits for a table that is in use/)
  long.release()
  short.release()
})

t.test('every table can be spread over machines by its tenant, and docs/operating.md says of the rest why not', async t => {
  const { owner } = await testDatabase(t)
  const { rows } = await sql<{ name: string }>`
    select c.relname || '.' || i.relname as name
      from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
      where c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relkind in ('r', 'p') and x.indisunique and c.relname !~ '^kysely_'
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = any(x.indkey) and a.attname = 'tenant_id')
      order by 1`.execute(owner)
  const documented = readFileSync(path.join(import.meta.dirname, '../docs/operating.md'), 'utf8').split('\n').flatMap(line => /^\| `(\w+\.\w+)` \|/.exec(line)?.[1] ?? [])
  t.same(documented.toSorted(), rows.map(({ name }) => name))
  const { rows: references } = await sql<{ name: string }>`
    select distinct k.conrelid::regclass || ' → ' || k.confrelid::regclass as name from pg_constraint k
      where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.confrelid <> 'tenants'::regclass and k.conparentid = 0
        and not exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attname = 'tenant_id') order by 1`.execute(owner)
  t.same(references, [], 'no foreign key leaves its tenant')
})
