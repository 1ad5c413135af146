/**
 * Brings a database to what this version needs: roles, our migrations, BullMQ's schema. Up only; a second run changes
 * nothing; runs at once wait for each other. The owner needs CREATEROLE and the database, not to be a superuser.
 */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { runMigrations } from 'bullmq'
import { type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import pg from 'pg'
import { codeOf } from './errors.ts'
import { loginsOf, type LoginOptions } from './logins.ts'
import { createPool, kyselyOf } from './pool.ts'
import { ensureLogin, ensureRoles, nameOf, repeated } from './roles.ts'

export interface MigrateOptions extends LoginOptions {
  /** Where the numbered files are. */
  folder?: string
  /** The last migration to apply: of a backup that an older version made. */
  upTo?: string
  /** The logins of another database on the same server may be in use: no password is changed. */
  keepLogins?: boolean
  /** How long a change waits for a table that others use, ms; then it lets them pass, and tries again. */
  lockWaitMs?: number
  log?: (line: string) => void
}

export interface Migrated {
  /** The names of what this run applied. */
  applied: string[]
  appUrl: string
  queueUrl: string
}

export const migrationsFolder = path.join(import.meta.dirname, '../../migrations')

/** Any number, as long as it is ours: two runs on one database wait for each other here. */
const lockKey = 7_205_759_403_792_794n
const lockTimeoutMs = 600_000
const lockNotAvailable = '55P03'
const lockAttempts = 60
const leastVersion = 16

export async function migrate (options: MigrateOptions): Promise<Migrated> {
  const { ownerUrl, folder = migrationsFolder, upTo, keepLogins = false, lockWaitMs = 3_000, log = () => {} } = options
  const { app, queue } = loginsOf(options)
  for (const { url } of [app, queue]) {
    if (nameOf(url) === nameOf(ownerUrl)) throw new Error(`${nameOf(url)} is the owner of the database: the application needs a role that owns nothing.`)
  }
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'pasarela migrate', connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // the query that runs then fails, and says why
  await client.connect()
  try {
    await checkVersion(client)
    await ensureRoles(client, [app, queue])
    await client.query(`set lock_timeout = ${lockTimeoutMs}`)
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await repeated(async () => { await grantAccess(client, log) })
    const applied = await applyPending({ ownerUrl, folder, lockWaitMs, upTo, log })
    await client.query(`set lock_timeout = ${lockWaitMs}`)
    await patiently(async () => { await grantBackup(client) }, lockWaitMs, () => { log('what a backup may read waits for a table that is in use') })
    await runMigrations(client, 'bullmq')
    await grantQueue(client)
    if (!keepLogins) for (const login of [app, queue]) await ensureLogin(client, login)
    return { applied, appUrl: app.url, queueUrl: queue.url }
  } finally {
    await client.end() // and with it the lock
  }
}

async function checkVersion (client: pg.Client): Promise<void> {
  const { rows: [server] } = await client.query<{ number: string, version: string }>(
    "select current_setting('server_version_num') as number, current_setting('server_version') as version")
  if (Number(server?.number) < leastVersion * 10_000) {
    throw new Error(`Pasarela needs PostgreSQL ${leastVersion} or newer, and this server is ${server?.version}: older ones cannot grant a role without its rights (inherit false).`)
  }
}

/**
 * Who may connect, and that nobody but the owner may make tables. Also for a clone: rights on the database itself are
 * not copied from its template.
 */
export async function grantAccess (client: pg.Client, log: (line: string) => void = () => {}): Promise<void> {
  const { rows: [mine] } = await client.query<{ name: string, database: boolean, schema: boolean }>(`
    select current_database() as name, pg_has_role(d.datdba, 'usage') as database, pg_has_role(n.nspowner, 'usage') as schema
    from pg_database d, pg_namespace n where d.datname = current_database() and n.nspname = 'public'`)
  if (mine?.database) {
    const database = client.escapeIdentifier(mine.name)
    await client.query(`revoke all on database ${database} from public; grant connect on database ${database} to pasarela_app, pasarela_queue; grant temporary on database ${database} to pasarela_queue`)
  } else {
    log('the owner of the tables does not own the database, so who may connect to it is left as it is')
  }
  if (mine?.schema) await client.query('revoke all on schema public from public; grant usage on schema public to pasarela_app, pasarela_gate, pasarela_backup')
  else log('the owner of the tables does not own the schema public, so its privileges are left as they are')
  const { rows: [open] } = await client.query<{ app: boolean, gate: boolean, create: boolean }>(`
    select has_schema_privilege('pasarela_app', 'public', 'usage') as app, has_schema_privilege('pasarela_gate', 'public', 'usage') as gate,
      has_schema_privilege('pasarela_app', 'public', 'create') as create`)
  if (!open?.app || !open.gate || open.create) {
    throw new Error('As the owner of the schema public: revoke all on schema public from public; grant usage on schema public to pasarela_app, pasarela_gate, pasarela_backup')
  }
  await client.query('create schema if not exists gate; revoke all on schema gate from public; grant usage on schema gate to pasarela_app, pasarela_gate')
}

/** Each migration in a transaction of its own, in the order of their numbers. */
async function applyPending ({ ownerUrl, folder, lockWaitMs, upTo, log }: Pick<MigrateOptions, 'upTo'> & Required<Pick<MigrateOptions, 'ownerUrl' | 'folder' | 'lockWaitMs' | 'log'>>): Promise<string[]> {
  const pool = createPool({ url: ownerUrl, max: 2, applicationName: 'pasarela migrate' })
  pool.on('connect', client => { client.query(`set lock_timeout = ${lockWaitMs}`).catch(() => {}) }) // in front of whatever it is asked
  const db = kyselyOf<any>(pool)
  try {
    const all = await load(folder)
    const migrations = upTo === undefined ? all : Object.fromEntries(Object.entries(all).filter(([name]) => name <= upTo))
    const known = Object.keys(migrations)
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations, ...await newerThan(known, db) }) } })
    const applied: string[] = []
    for (let step = 0; step <= known.length; step++) {
      const name = await patiently(async () => await nextOf(migrator), lockWaitMs, error => { log(`${error.message}; it waits for a table that is in use`) })
      if (name === undefined) break
      applied.push(name)
      log(`applied ${name}`)
    }
    return applied
  } finally {
    await pool.end()
  }
}

/** Applies the first that is missing; its name, or undefined when none is. */
async function nextOf (migrator: Migrator): Promise<string | undefined> {
  const { error, results } = await migrator.migrateUp()
  const [result] = results ?? []
  if (error) {
    const message = error instanceof Error ? error.message : JSON.stringify(error)
    throw new Error(result ? `The migration ${result.migrationName} failed, and changed nothing: ${message}` : message, { cause: error })
  }
  return result?.migrationName
}

/**
 * A change to a table waits for whoever reads it, and all who come later wait behind the change. So it waits for a moment
 * only (`lock_timeout`), lets them pass, and begins again.
 */
async function patiently<T> (work: () => Promise<T>, pauseMs: number, waits: (error: Error) => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error) ?? codeOf((error as Error).cause)
      if (code !== lockNotAvailable || attempt === lockAttempts) throw error
      waits(error as Error)
      await setTimeout(pauseMs)
    }
  }
}

async function load (folder: string): Promise<Record<string, Migration>> {
  const migrations: Record<string, Migration> = {}
  const numbers = new Map<string, string>()
  for (const file of (await readdir(folder)).sort()) {
    const [, name, number] = /^((\d{4})_\w+)\.ts$/.exec(file) ?? []
    if (!name || !number) continue
    if (numbers.has(number)) throw new Error(`${file} and ${numbers.get(number)} have the same number`)
    numbers.set(number, file)
    const { up } = await import(pathToFileURL(path.join(folder, file)).href) as Partial<Migration>
    if (typeof up !== 'function') throw new Error(`${file} exports no function up`)
    migrations[name] = { up }
  }
  return migrations
}

/**
 * What a newer version applied: an older one that is still serving may start again on the migrated database, which every
 * migration promises to allow. The migrator would call these missing.
 */
async function newerThan (known: string[], db: Kysely<any>): Promise<Record<string, Migration>> {
  const last = known.at(-1) ?? ''
  const executed = await db.selectFrom('kysely_migration').select('name').execute() as { name: string }[]
  return Object.fromEntries(executed.map(({ name }) => name).filter(name => name > last).map(name => [name, { up: async () => {} }]))
}

/**
 * Every table of ours may be read whole by `pasarela_backup`, and by nothing else: forced row-level security would make a backup of
 * empty tables, without an error. Here and not in each migration, so that no table can be forgotten.
 */
async function grantBackup (client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`
    select quote_ident(c.relname) as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ '^kysely_' and pg_has_role(c.relowner, 'usage')
      and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backup')`)
  for (const { name } of rows) await client.query(`create policy backup on public.${name} for select to pasarela_backup using (true); grant select on public.${name} to pasarela_backup`)
}

/** CREATE, because BullMQ makes a sequence for each queue when it is first used; those then are not ours to grant. */
async function grantQueue (client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string, kind: string }>(`
    select oid::regclass::text as name, relkind as kind from pg_class
    where relnamespace = 'bullmq'::regnamespace and relkind in ('r', 'p', 'S') and pg_has_role(relowner, 'usage')`)
  const tables = rows.filter(({ kind }) => kind !== 'S').map(({ name }) => name)
  const sequences = rows.filter(({ kind }) => kind === 'S').map(({ name }) => name)
  await client.query([
    'begin',
    'revoke all on schema bullmq from public',
    'grant usage, create on schema bullmq to pasarela_queue',
    tables.length > 0 ? `grant select, insert, update, delete on ${tables.join(', ')} to pasarela_queue` : '',
    sequences.length > 0 ? `grant usage, select on sequence ${sequences.join(', ')} to pasarela_queue` : '',
    'grant execute on all functions in schema bullmq to pasarela_queue',
    'commit'
  ].filter(Boolean).join('; '))
}
