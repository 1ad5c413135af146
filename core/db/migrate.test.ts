import { mkdirSync, mkdtempSync, chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { withBackend, createPostgresBackend } from 'bullmq'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'
import { testDatabase } from '../../test/support/database.ts'

/** A migrations folder below the checkout, so that it finds kysely. */
function migrations (t: Test, ...bodies: string[]): string {
  const folder = t.testdir()
  bodies.forEach((body, index) => add(folder, index + 1, body))
  return folder
}

function add (folder: string, number: number, body: string): void {
  writeFileSync(path.join(folder, `${String(number).padStart(4, '0')}_step.ts`),
    `import { sql } from 'kysely'\nexport async function up (db: any): Promise<void> { await sql\`${body}\`.execute(db) }\n`)
}

async function as<T> (url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const two = ['create table one (n int)', 'create table two (n int)']

t.test('applies what is missing, in order, and nothing the second time', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const folder = migrations(t, ...two)
  const urls = { ownerUrl, appUrl, queueUrl, folder }
  t.same(await migrate(urls), { applied: ['0001_step', '0002_step'], appUrl, queueUrl })
  const shape = async (): Promise<unknown> => await as(ownerUrl, async client => (await client.query(`
    select relname, relacl::text, relrowsecurity from pg_class where relnamespace in ('public'::regnamespace, 'bullmq'::regnamespace) order by 1`)).rows)
  const before = await shape()
  t.same((await migrate(urls)).applied, [])
  t.same(await shape(), before)
  add(folder, 3, 'create table three (n int)')
  t.same((await migrate(urls)).applied, ['0003_step'], 'later, what was added')
})

t.test('the owner need not be a superuser', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const { rows } = await as(ownerUrl, async client => await client.query('select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user'))
  t.same(rows, [{ rolsuper: false, rolbypassrls: false, rolcreaterole: true }], 'nor is it in this test')
  await t.resolves(migrate({ ownerUrl, appUrl, queueUrl }), 'with the migrations of this checkout')
})

t.test('ten at once: each migration runs once', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const folder = migrations(t, ...two)
  const all = await Promise.all(Array.from({ length: 10 }, async () => await migrate({ ownerUrl, appUrl, queueUrl, folder })))
  t.same(all.flatMap(({ applied }) => applied).sort(), ['0001_step', '0002_step'])
})

t.test('several databases at once, which share the server\'s roles', async t => {
  const folder = migrations(t, ...two)
  const names = { app: `app_${process.pid}`, queue: `queue_${process.pid}` }
  const databases = await Promise.all(Array.from({ length: 5 }, async () => await testDatabase(t, { migrated: false })))
  t.teardown(async () => { await as(databases[0]?.superUrl.replace(/\/test_\w+$/, '/postgres') ?? '', async client => await client.query(`drop role if exists ${names.app}, ${names.queue}`)) })
  const all = await Promise.all(databases.map(async ({ ownerUrl }) => {
    const named = (user: string): string => Object.assign(new URL(ownerUrl), { username: user, password: 'päss word' }).href
    return await migrate({ ownerUrl, folder, appUrl: named(names.app), queueUrl: named(names.queue) })
  }))
  for (const { appUrl, queueUrl } of all) {
    t.same(await as(appUrl, async client => (await client.query("select pg_has_role('pasarela_app', 'usage') as is")).rows), [{ is: true }])
    t.same(await as(queueUrl, async client => (await client.query("select pg_has_role('pasarela_queue', 'usage') as is")).rows), [{ is: true }])
  }
})

t.test('a migration that fails changes nothing, keeps the ones before it, and is named', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const folder = migrations(t, 'create table one (n int)', 'create table two (n int); select 1 / 0')
  await t.rejects(migrate({ ownerUrl, appUrl, queueUrl, folder }), /0002_step failed, and changed nothing: division by zero/)
  t.same(await as(ownerUrl, async client => (await client.query("select to_regclass('one') is not null as one, to_regclass('two') is not null as two")).rows), [{ one: true, two: false }])
})

t.test('an older version starts on a database that a newer one migrated', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const newer = migrations(t, ...two)
  await migrate({ ownerUrl, appUrl, queueUrl, folder: newer })
  rmSync(path.join(newer, '0002_step.ts'))
  t.same((await migrate({ ownerUrl, appUrl, queueUrl, folder: newer })).applied, [])
  rmSync(path.join(newer, '0001_step.ts'))
  add(newer, 2, two[1] ?? '')
  await t.rejects(migrate({ ownerUrl, appUrl, queueUrl, folder: newer }), /0001_step is missing/, 'but one that lacks an old migration does not')
})

t.test('two files with one number are refused', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const folder = migrations(t, ...two)
  writeFileSync(path.join(folder, '0002_other.ts'), 'export async function up () {}')
  await t.rejects(migrate({ ownerUrl, appUrl, queueUrl, folder }), /same number/)
})

t.test('refuses roles with which tenants would not be separated, and a password that is not the role\'s', async t => {
  const { superUrl, ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const folder = migrations(t)
  await t.rejects(migrate({ ownerUrl, appUrl: superUrl, queueUrl, folder }), /superuser or bypasses/)
  await t.rejects(migrate({ ownerUrl, appUrl: ownerUrl, queueUrl, folder }), /owner of the database/)
  await t.rejects(migrate({ ownerUrl, appUrl: queueUrl, queueUrl, folder }), /another purpose/)
  const wrong = Object.assign(new URL(appUrl), { password: 'wrong' }).href
  await t.rejects(migrate({ ownerUrl, appUrl: wrong, queueUrl, folder }), /another password/)
  await t.rejects(migrate({ ownerUrl, folder }), /must be a file/)
})

t.test('the queue works as its role, sees only its schema, and the application does not see it', async t => {
  const { appUrl, queueUrl, ownerUrl } = await testDatabase(t)
  const pool = new pg.Pool({ connectionString: queueUrl, max: 4, options: '-c search_path=bullmq' })
  pool.on('error', () => {})
  const { Queue } = withBackend(createPostgresBackend)
  const queue = new Queue('some', { connection: pool })
  queue.on('error', () => {}) // its last connection is cut when the database is dropped
  t.teardown(async () => {
    await queue.close()
    if (!pool.ended) await pool.end()
  })
  const job = await queue.add('work', { id: 7 })
  t.match(await queue.getJob(job.id ?? ''), { data: { id: 7 } })
  await t.rejects(as(queueUrl, async client => await client.query('select * from public.tenants')), { code: '42501' })
  await t.rejects(as(appUrl, async client => await client.query('select * from bullmq.migration')), { code: '42501' })
  await t.resolves(migrate({ ownerUrl, appUrl, queueUrl }), 'the sequences that the queue made meanwhile are no obstacle')
})

t.test('without URLs it makes passwords, keeps them, and mends a role that has another', async t => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'pasarela-migrate-'))
  chmodSync(dataDir, 0o755)
  const embedded = await startEmbedded({ dataDir, settings: { fsync: 'off', shared_buffers: '16MB' } })
  t.teardown(async () => {
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const secretsFile = path.join(dataDir, 'secrets', 'database.json')
  const folder = migrations(t, ...two)
  mkdirSync(path.dirname(secretsFile))
  const all = await Promise.all([1, 2, 3].map(async () => await migrate({ ownerUrl: embedded.url, secretsFile, folder })))
  const [first] = all
  for (const other of all) t.match(other, { appUrl: first?.appUrl, queueUrl: first?.queueUrl }, 'runs at once agree')
  t.equal(statSync(secretsFile).mode & 0o777, 0o600)
  for (const [url, name] of [[first?.appUrl, 'pasarela_app'], [first?.queueUrl, 'pasarela_queue']] as const) {
    t.same(await as(url ?? '', async client => (await client.query('select current_user::text as name')).rows), [{ name }])
  }
  t.match(await migrate({ ownerUrl: embedded.url, secretsFile, folder }), { applied: [], appUrl: first?.appUrl }, 'a second run reuses them')
  const secrets = readFileSync(secretsFile)
  rmSync(secretsFile)
  const { appUrl } = await migrate({ ownerUrl: embedded.url, secretsFile, folder })
  t.not(appUrl, first?.appUrl, 'when the file is lost there are new ones')
  await t.resolves(as(appUrl, async client => await client.query('select 1')), 'that work')
  writeFileSync(secretsFile, secrets)
})
