import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import pg from 'pg'
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams'
import { migrate, migrationsFolder } from '../db/migrate.ts'
import type { DocumentStore } from '../documents/store.ts'
import { unwrap } from '../vault/data-keys.ts'
import type { Keyring } from '../vault/master-keys.ts'
import { VaultError } from '../vault/vault-error.ts'
import { readArchive } from './archive.ts'
import { copyEnded, cut } from './copy-end.ts'
import { unframe } from './frames.ts'
import { type Manifest, sha256, verifyArchive } from './manifest.ts'
import { BackupRefused } from './refused.ts'
import { appliedMigrations, listForeignKeys, listSequences, listTables } from './tables.ts'

const expand = promisify(gunzip)

export interface RestoreOptions {
  source: string
  /** The owner of a database that is empty. */
  ownerUrl: string
  /** The roles' URLs, or where the passwords of those that are missing are kept. */
  appUrl?: string | undefined
  queueUrl?: string | undefined
  secretsFile: string
  documents: DocumentStore
  /** Undefined: none is configured. */
  keyring: Keyring | undefined
  progress?: (line: string) => void
}

export interface RestoreReport {
  made_at: string
  /** Of the hub that made the backup. */
  by: string
  tables: number
  rows: number
  documents: number
  /** What the database needs beyond the backup, since this version is newer. */
  migrated: string[]
}

/**
 * Puts a backup into an empty database and its documents into the storage. Everything that can be wrong is found before anything is
 * written: a part that is missing or changed, a master key that is not here, a backup of a newer version, a database that is not empty.
 * All rows are there, or none: they are copied in one transaction. Throws BackupRefused with a sentence.
 */
export async function restore (options: RestoreOptions): Promise<RestoreReport> {
  const { source, ownerUrl, keyring, progress = () => {} } = options
  const manifest = await verifyArchive(source)
  progress(`${source}: whole, made ${manifest.made_at}`)
  const last = await checkVersion(manifest)
  await checkKeys(manifest, keyring)
  const logins = { ownerUrl, secretsFile: options.secretsFile, keepLogins: true, ...(options.appUrl !== undefined && { appUrl: options.appUrl }), ...(options.queueUrl !== undefined && { queueUrl: options.queueUrl }) }
  await checkTarget(ownerUrl, last)
  await migrate({ ...logins, upTo: last })
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'pasarela restore', connectionTimeoutMillis: 10_000, keepAlive: true })
  client.on('error', () => {})
  await client.connect()
  try {
    const documents = await fill(client, manifest, options)
    await client.query('analyze')
    await client.end()
    const { applied } = await migrate(logins)
    return { made_at: manifest.made_at, by: manifest.by, tables: manifest.tables.length, rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0), documents, migrated: applied }
  } catch (error) {
    cut(client)
    throw error
  }
}

async function checkVersion ({ migrations, by }: Manifest): Promise<string> {
  const ours = new Set((await readdir(migrationsFolder)).map(file => file.replace(/\.ts$/, '')))
  const unknown = migrations.filter(name => !ours.has(name))
  if (unknown.length > 0) throw new BackupRefused(`It was made by version ${by}, whose database is newer (${unknown.join(', ')}): restore it with that version or a newer one.`)
  return migrations.at(-1)!
}

/** Without its master keys nothing that is sealed opens: neither credentials nor certificates. */
async function checkKeys ({ keys }: Manifest, keyring: Keyring | undefined): Promise<void> {
  const problems: string[] = []
  for (const { master_key: id, data_keys: count, sample } of keys) {
    if (keyring?.byId.has(id) !== true) {
      problems.push(`master key ${id}, which opens ${count} of its data keys, is not here`)
      continue
    }
    await unwrap(keyring, sample, sample.wrapped).catch((error: unknown) => {
      if (!(error instanceof VaultError)) throw error
      problems.push(`master key ${id} here is another one than the ${id} that opens ${count} of its data keys`)
    })
  }
  if (problems.length > 0) throw new BackupRefused(`${problems.join('; ')}: put the right ones into PASARELA_MASTER_KEYS (or the file master-keys into PASARELA_DATA_DIR). Nothing was written.`)
}

/** Of our tables there is none, or they are those of a restore that did not come to its end: migrated, and never written to. */
async function checkTarget (ownerUrl: string, last: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'pasarela restore', connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    // By size: rows would be hidden by their policies.
    const { rows } = await client.query<{ name: string }>(`
      select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'm') and c.relname !~ '^kysely_' and pg_relation_size(c.oid) > 0 order by 1 limit 3`)
    if (rows.length > 0) throw new BackupRefused(`The database is not empty (${rows.map(({ name }) => name).join(', ')}): restore into a new one. Nothing was written.`)
    const newest = (await appliedMigrations(client)).at(-1)
    if (newest !== undefined && newest > last) throw new BackupRefused(`The database was migrated to ${newest} already, and the backup ends with ${last}: restore into a new one. Nothing was written.`)
  } finally {
    await client.end()
  }
}

/** All rows in one transaction, in which nothing of ours fires and nothing checks row by row: the rows were consistent when they were read. */
async function fill (client: pg.Client, manifest: Manifest, { source, documents: store, progress = () => {} }: RestoreOptions): Promise<number> {
  const id = (name: string): string => client.escapeIdentifier(name)
  const table = (name: string): string => `public.${id(name)}`
  await client.query("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set client_encoding = 'UTF8'")
  const here = await listTables(client)
  checkTables(here, manifest)
  const keys = await listForeignKeys(client)
  await client.query('begin')
  for (const { table: name, name: constraint } of keys) await client.query(`alter table ${table(name)} drop constraint ${id(constraint)}`)
  for (const { name } of here) await client.query(`alter table ${table(name)} no force row level security, disable trigger user`)
  await client.query(`truncate ${here.map(({ name }) => table(name)).join(', ')}`)
  for (const { name, months } of manifest.tables) {
    const there = new Set(here.find(each => each.name === name)!.months.map(month => month.name))
    for (const month of months.filter(month => !there.has(month.name))) {
      await client.query(`create table ${table(month.name)} partition of ${table(name)} ${month.bounds}; alter table ${table(month.name)} enable row level security, force row level security`)
    }
  }

  const expected = new Map(manifest.files.map(file => [file.name, file.sha256]))
  const copied = new Map<string, number>()
  let current: { name: string, stream: CopyStreamQuery, ended: Promise<void> } | undefined
  const closeCurrent = async (): Promise<void> => {
    if (current === undefined) return
    const { name, stream, ended } = current
    current = undefined
    stream.end()
    await ended
    await copyEnded(client)
    copied.set(name, stream.rowCount)
    progress(`${name}: ${stream.rowCount} rows`)
  }
  let stored = 0
  for await (const { name, bytes } of readArchive(source)) {
    const [folder, which] = name.split('/')
    if (folder !== 'tables' && folder !== 'documents') continue
    // It was whole a moment ago; it is what is written that counts.
    if (sha256(bytes) !== expected.get(name)) throw new BackupRefused(`${source} was changed while it was read: ${name}.`)
    if (folder === 'documents') {
      await closeCurrent()
      for (const { key, type, bytes: content } of unframe(bytes)) {
        await store.put(key, content, type)
        stored++
      }
      continue
    }
    if (current?.name !== which) {
      await closeCurrent()
      const { columns } = manifest.tables.find(each => each.name === which)!
      const stream = client.query(copyFrom(`copy ${table(which!)} (${columns.map(id).join(', ')}) from stdin`))
      const ended = finished(stream)
      ended.catch(() => {}) // told by whoever writes or ends next
      current = { name: which!, stream, ended }
    }
    const { stream, ended } = current!
    if (!stream.write(await expand(bytes))) await Promise.race([once(stream, 'drain'), ended])
  }
  await closeCurrent()
  for (const { name, rows } of manifest.tables) {
    if ((copied.get(name) ?? 0) !== rows) throw new BackupRefused(`${source} has ${copied.get(name) ?? 0} rows of ${name}, and its manifest says ${rows}. Nothing was kept.`)
  }
  await setSequences(client, manifest)
  for (const { table: name, name: constraint, definition } of keys) await client.query(`alter table ${table(name)} add constraint ${id(constraint)} ${definition}`)
  for (const { name } of here) await client.query(`alter table ${table(name)} force row level security, enable trigger user`)
  await client.query('commit')
  return stored
}

/** The same tables and columns: the migrations that made both are the same. */
function checkTables (here: readonly { name: string, columns: readonly string[] }[], { tables }: Manifest): void {
  const shape = (each: readonly { name: string, columns: readonly string[] }[]): string => JSON.stringify(each.map(({ name, columns }) => [name, [...columns].sort()]).sort())
  if (shape(here) === shape(tables)) return
  const names = new Set([...here, ...tables].map(({ name }) => name))
  const differ = [...names].filter(name => shape(here.filter(each => each.name === name)) !== shape(tables.filter(each => each.name === name)))
  throw new BackupRefused(`The tables of the backup are not those that its migrations make here (${differ.join(', ')}): it was made by another line of versions.`)
}

/** Numbers go on where they stood. */
async function setSequences (client: pg.Client, { sequences }: Manifest): Promise<void> {
  const here = await listSequences(client)
  for (const { table, column, last_value: value, is_called: called } of sequences) {
    const sequence = here.find(each => each.table === table && each.column === column)
    if (sequence !== undefined) await client.query('select setval($1::regclass, $2::bigint, $3)', [sequence.name, value, called])
  }
}
