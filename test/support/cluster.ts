/**
 * One PostgreSQL for a whole test run, and in it a migrated template to clone from.
 *
 * `npm test` starts it (scripts/test.ts) and names it in PASARELA_TEST_CLUSTER. A file that is run by hand starts one in
 * the temporary folder, shares it with other files that are run at the time, and the last to exit ends it; its data
 * stay, so that the next run by hand is up in a tenth of a second.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbedded, type Embedded } from '../../core/db/embedded.ts'
import { migrate, migrationsFolder } from '../../core/db/migrate.ts'
import { isAlive } from '../../core/db/postmaster.ts'

export interface TestCluster {
  /** As the superuser. */
  url: string
  /** The migrated database to clone. Nobody can connect to it: one connection would make cloning impossible. */
  template: string
}

/** Nothing here survives a crash of the machine, and nothing needs to. */
const fast = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off', // its worker in the template would make a clone wait
  max_connections: '300',
  checkpoint_timeout: '1h',
  max_wal_size: '4GB'
}

/** Fixed, so that a URL can be written without asking. The owner is no superuser: so migrations never come to need one. */
const roles = { owner: 'pasarela_owner', app: 'pasarela_app', queue: 'pasarela_queue' }

/** Bumped when the way of making templates changes. */
const templateVersion = 1

let cluster: Promise<TestCluster> | undefined

/** The cluster of this test run. */
export async function testCluster (): Promise<TestCluster> {
  cluster ??= (async () => {
    const given = process.env.PASARELA_TEST_CLUSTER
    const { url, template } = given ? JSON.parse(given) as Partial<TestCluster> : { url: await localCluster(), template: undefined }
    if (!url) throw new Error('PASARELA_TEST_CLUSTER must be JSON with the url of a superuser')
    return { url, template: template ?? await ensureTemplate(url) }
  })()
  return await cluster
}

export async function startTestCluster (dataDir: string): Promise<Embedded> {
  return await startEmbedded({ dataDir, settings: fast })
}

/** The URLs of a database of the cluster. */
export function urlsOf (clusterUrl: string, database: string): { superUrl: string, ownerUrl: string, appUrl: string, queueUrl: string } {
  const as = (user?: string): string => {
    const url = new URL(clusterUrl)
    url.pathname = `/${database}`
    if (user) url.username = url.password = user
    return url.href
  }
  return { superUrl: as(), ownerUrl: as(roles.owner), appUrl: as(roles.app), queueUrl: as(roles.queue) }
}

/** Makes the template for the present migrations when it is not there. Several processes may ask at once. */
export async function ensureTemplate (url: string): Promise<string> {
  const template = `template_${hashOfSources()}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock(4242)')
    const { rows } = await client.query<{ name: string }>("select datname as name from pg_database where datname ~ '^(template_[0-9a-f]+|draft|test_)'")
    const names = rows.map(({ name }) => name)
    for (const name of names.filter(isLeftOver)) await client.query(`drop database if exists ${name} with (force)`)
    if (names.includes(template)) return template
    for (const name of names.filter(name => name.startsWith('template_'))) {
      await client.query(`alter database ${name} is_template false`)
      await client.query(`drop database ${name} with (force)`)
    }
    await client.query(`do $$ begin
      if to_regrole('${roles.owner}') is null then create role ${roles.owner} login createrole nosuperuser password '${roles.owner}'; end if; end $$`)
    await client.query(`create database draft owner ${roles.owner}`)
    await migrate(urlsOf(url, 'draft'))
    await client.query(`alter database draft rename to ${template}`)
    await client.query(`alter database ${template} is_template true allow_connections false`)
    return template
  } finally {
    await client.end()
  }
}

/** `test_<process id>_…` of a process that is gone, or a template that was cut off half made. */
function isLeftOver (database: string): boolean {
  const [, pid] = /^test_(\d+)_/.exec(database) ?? []
  return database === 'draft' || (pid !== undefined && !isAlive(Number(pid)))
}

/** Of everything that decides what a template is. */
function hashOfSources (): string {
  const hash = createHash('sha256').update(String(templateVersion))
  const folders = [migrationsFolder, path.join(import.meta.dirname, '../../core/db')]
  for (const folder of folders) {
    for (const file of readdirSync(folder).sort()) {
      if (/(^\d{4}_\w+|^tenant-table|^migrate|^roles|^logins)\.ts$/.test(file)) hash.update(file).update(readFileSync(path.join(folder, file)))
    }
  }
  const bullmq = path.join(path.dirname(createRequire(import.meta.url).resolve('bullmq')), '../../package.json')
  return hash.update((JSON.parse(readFileSync(bullmq, 'utf8')) as { version: string }).version).digest('hex').slice(0, 16)
}

async function localCluster (): Promise<string> {
  const checkout = path.join(import.meta.dirname, '../..')
  const mark = createHash('sha256').update(checkout).digest('hex').slice(0, 8)
  const dataDir = path.join(tmpdir(), `pasarela-test-${process.getuid?.() ?? 0}-${mark}`)
  const users = path.join(dataDir, 'users')
  const self = path.join(users, String(process.pid))
  mkdirSync(users, { recursive: true })
  writeFileSync(self, '') // first, so that one who exits now leaves the server to us
  const embedded = await startTestCluster(dataDir)
  process.once('exit', () => {
    rmSync(self, { force: true })
    if (readdirSync(users).some(pid => isAlive(Number(pid)))) return
    try {
      process.kill(embedded.pid, 'SIGINT')
    } catch {} // somebody else was faster
  })
  return embedded.url
}
