/** The database itself, asked: is every tenant's row behind the wall, and is every hole in the wall one that is written down? */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { createPool, kyselyOf } from '../core/db/pool.ts'
import type { Database } from '../core/db/schema.ts'
import { createQueues } from '../core/jobs/queues.ts'
import { silent } from '../core/jobs/fixtures/silent.ts'
import { newUuid } from '../core/ids.ts'
import { catalogueProblems, gateFunctions } from './support/catalogue.ts'
import { testDatabase } from './support/database.ts'

const tenantId = newUuid(new Date())

t.test('the catalogue of a migrated database', async t => {
  const database = await testDatabase(t)
  const { owner } = database

  t.test('breaks no rule', async t => {
    t.same(await catalogueProblems(owner), [])
  })

  t.test('breaks none after the queues made what they make, and the months to come are there', async t => {
    const queues = await createQueues({ databaseQueueUrl: database.queueUrl, lockMs: 2000, stalledMs: 1000, log: silent })
    t.teardown(async () => { await queues.close(2000) })
    await sql`select maintenance.ensure_partitions(24)`.execute(database.db)
    const { rows: [made] } = await sql<{ months: string }>`select count(*) as months from pg_class where relispartition and relkind = 'r' and relname like 'events_y%'`.execute(owner)
    t.ok(Number(made?.months) >= 24, `${made?.months} months`)
    t.same(await catalogueProblems(owner), [])
  })

  t.test('every function that looks across tenants is in docs/security.md, and nothing else is', async t => {
    const file = path.join(import.meta.dirname, '../docs/security.md')
    const documented = readFileSync(file, 'utf8').split('\n').flatMap(line => /^\|\s*`((?:gate|maintenance)\.\w+)(?:\([^`]*\))?`\s*\|/.exec(line)?.[1] ?? [])
    if (documented.length === 0) t.fail('docs/security.md has no table whose first column names the functions, as in | `gate.find_hook` | … |')
    t.same(documented.toSorted(), await gateFunctions(owner))
  })

  t.test('the owner of the tables sees no row of a tenant, unless it says that it acts for the gate', async t => {
    await owner.insertInto('tenants').values({ id: tenantId, name: 'A', country: 'MX' }).execute()
    await sql`insert into users (tenant_id, id, email, name, role, password_hash) values (${tenantId}, ${newUuid(new Date())}, 'a@example.com', 'A', 'viewer', 'x')`.execute(owner)
    const client = new pg.Client({ connectionString: database.ownerUrl })
    await client.connect()
    t.teardown(async () => { await client.end() })
    const count = async (table: string) => Number((await client.query<{ count: string }>(`select count(*) as count from ${table}`)).rows[0]?.count)
    t.same([await count('tenants'), await count('users')], [0, 0])
    await client.query('begin; set local role pasarela_gate')
    t.same([await count('tenants'), await count('users')], [1, 1])
    await t.rejects(client.query('select * from audit_log'), { code: '42501' }, 'and even then only the tables that the gate was given')
    await client.query('rollback')
    t.equal(await count('tenants'), 0)
  })

  t.test('the application without a tenant sees nothing, and cannot become anybody else', async t => {
    const { rows: tables } = await sql<{ name: string }>`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and has_table_privilege('pasarela_app', oid, 'select')`.execute(owner)
    t.ok(tables.length > 15, `${tables.length} tables`)
    for (const { name } of tables) {
      const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(database.db)
      t.same(rows, [], name)
    }
    for (const role of ['pasarela_gate', 'pasarela_owner', 'pasarela_queue', 'postgres']) {
      await t.rejects(sql`set role ${sql.id(role)}`.execute(database.db), { code: '42501' }, role)
    }
    await t.rejects(sql`set session_replication_role = replica`.execute(database.db), { code: '42501' })
    await t.rejects(sql`create table public.mine (id int)`.execute(database.db), { code: '42501' })
    await t.rejects(sql`create temporary table mine (id int)`.execute(database.db), { code: '42501' }, 'a temporary table could stand in front of a real one')
  })

  t.test('the queue’s role sees nothing of public', async t => {
    const pool = createPool({ url: database.queueUrl, max: 1, applicationName: 'pasarela test queue' })
    t.teardown(async () => { await pool.end() })
    const queue = kyselyOf<Database>(pool)
    const { rows: tables } = await sql<{ name: string }>`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`.execute(owner)
    for (const { name } of tables) await t.rejects(sql`select 1 from public.${sql.id(name)}`.execute(queue), { code: '42501' }, name)
    await t.rejects(sql`select * from gate.due_work(now(), 1)`.execute(queue), { code: '42501' })
  })
})

/** What a careless migration might do, each in a transaction that is rolled back. */
const careless: [what: string, statement: string, finding: RegExp][] = [
  ['no row-level security at all', 'create table public.broken (tenant_id uuid, id uuid, primary key (tenant_id, id))', /^broken: row-level security is not enabled/],
  ['enabled and not forced', 'alter table public.payments no force row level security', /^payments: row-level security is not forced/],
  ['no tenant', 'create table public.broken (id uuid primary key); alter table public.broken enable row level security, force row level security', /^broken: has no tenant_id/],
  ['the tenant is not first in the key', 'alter table public.alerts drop constraint alerts_pkey, add primary key (id, tenant_id)', /^alerts: the primary key/],
  ['no primary key', 'alter table public.alerts drop constraint alerts_pkey', /^alerts: the primary key/],
  ['no policy', 'drop policy tenant on public.refunds', /^refunds: has no policy tenant/],
  ['a policy that lets everything through', 'alter policy tenant on public.refunds using (true)', /^refunds: the policy tenant says something else/],
  ['a check that lets everything through', 'alter policy tenant on public.refunds with check (true)', /^refunds: the policy tenant says something else/],
  ['a second policy', 'create policy helper on public.refunds to pasarela_app using (true)', /^refunds: has the policy helper/],
  ['a gate for the application', 'alter policy gate on public.refunds to pasarela_gate, pasarela_app', /^refunds: the policy gate says something else/],
  ['a grant to everybody', 'grant select on public.refunds to public', /^refunds: public has SELECT/],
  ['a grant of one column', 'grant select (hash) on public.api_keys to pasarela_queue', /^api_keys: pasarela_queue has SELECT/],
  ['truncate', 'grant truncate on public.refunds to pasarela_app', /^refunds: pasarela_app has TRUNCATE/],
  ['an audit log that can be changed', 'grant update on public.audit_log to pasarela_app', /^audit_log: pasarela_app has UPDATE/],
  ['rights for the gate without a policy', 'grant select on public.mails to pasarela_gate', /^mails: pasarela_gate has SELECT and no policy/],
  ['an audit log that the gate changes', 'grant update on public.audit_log to pasarela_gate', /^audit_log: pasarela_gate has UPDATE/],
  ['a table that no backup has', 'drop policy backup on public.refunds', /^refunds: has no policy backup/],
  ['a backup that leaves rows out', 'alter policy backup on public.refunds using (mode = \'live\')', /^refunds: the policy backup says something else/],
  ['a backup that may write', 'grant insert on public.refunds to pasarela_backup', /^refunds: pasarela_backup has INSERT/],
  ['an owner who reads all without asking', 'grant pasarela_backup to pasarela_owner with inherit true', /^role pasarela_owner: has the rights of pasarela_backup/],
  ['a granted partition', 'grant select on public.events_default to pasarela_app', /^events_default: pasarela_app has SELECT on a partition/],
  ['a partition without row-level security', 'create table public.events_broken partition of public.events for values from (\'00000000-0000-0000-0000-000000000000\') to (\'00000000-0000-0000-0000-000000000001\')', /^events_broken: row-level security is not enabled/],
  ['a view', 'create view public.all_payments as select * from public.payments', /^all_payments: a view/],
  ['a schema that nobody knows', 'create schema reports; grant usage on schema reports to pasarela_app', /^schema reports: unknown/],
  ['bookkeeping that is granted', 'grant select on public.kysely_migration to pasarela_app', /^kysely_migration: pasarela_app has SELECT on bookkeeping/],
  ['default privileges', 'alter default privileges in schema public grant select on tables to pasarela_app', /^public: has default privileges/],
  ['a gate function that anybody may call', 'grant execute on function gate.find_tenant(uuid) to public', /^gate\.find_tenant.*: anybody may call it/],
  ['a gate function of another owner', 'alter function gate.find_tenant(uuid) owner to pasarela_owner', /^gate\.find_tenant.*: belongs to pasarela_owner/],
  ['a gate function whose search_path is the caller’s', 'alter function gate.find_tenant(uuid) reset search_path', /^gate\.find_tenant.*: its search_path/],
  ['a gate function with the caller’s rights', 'alter function gate.find_tenant(uuid) security invoker', /^gate\.find_tenant.*: is not security definer/],
  ['a function with its owner’s rights elsewhere', 'create function public.peek() returns bigint language sql security definer as \'select count(*) from public.payments\'', /^public\.peek\(\): has its owner’s rights outside/],
  ['an app function with its owner’s rights', 'alter function app.release_idempotency_key security definer', /^app\.release_idempotency_key.*: has its owner’s rights/],
  ['a helper of maintenance that the application may call', 'grant execute on function maintenance.first_id(timestamptz) to pasarela_app', /^maintenance\.first_id.*: is a helper/],
  ['a table in the gate', 'create table gate.notes (id int)', /^gate\.notes: only functions/],
  ['an application that owns a table', 'grant create on schema public to pasarela_app; alter table public.alerts owner to pasarela_app', /^role pasarela_app: owns table alerts/],
  ['an application that may create', 'grant create on schema public to pasarela_app', /^schema public: pasarela_app may create in it/],
  ['an application above the policies', 'alter role pasarela_app bypassrls', /^role pasarela_app: has BYPASSRLS/],
  ['an application in the gate', 'grant pasarela_gate to pasarela_app with inherit false', /^role pasarela_app: is a member of pasarela_gate/],
  ['an owner who is in the gate without asking', 'grant pasarela_gate to pasarela_owner with inherit true', /^role pasarela_owner: has the rights of pasarela_gate/],
  ['a gate that can log in', 'alter role pasarela_gate login', /^role pasarela_gate: can log in/],
  ['a queue that may enter', 'grant usage on schema public to pasarela_queue', /^schema public: pasarela_queue/]
]

t.test('the walker finds what a careless migration leaves', async t => {
  const { owner } = await testDatabase(t)
  for (const [what, statement, finding] of careless) {
    const found = await brokenBy(owner, statement)
    t.ok(found.some(line => finding.test(line)), what, { found, expected: String(finding) })
  }
  t.same(await catalogueProblems(owner), [], 'and nothing stayed')
})

async function brokenBy (owner: Kysely<Database>, statement: string): Promise<string[]> {
  const undo = new Error('undo')
  let found: string[] = []
  await owner.transaction().execute(async trx => {
    await sql.raw(statement).execute(trx)
    found = await catalogueProblems(trx)
    throw undo
  }).catch((error: unknown) => { if (error !== undo) throw new Error(`${statement}: ${String(error)}`, { cause: error }) })
  return found
}
