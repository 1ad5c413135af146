import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { DocumentStore } from '../documents/store.ts'
import { keyOf, storedType } from '../documents/service.ts'
import type { DocumentRow } from '../documents/queries.ts'
import { unwrap } from '../vault/data-keys.ts'
import type { Keyring } from '../vault/master-keys.ts'
import { version } from '../version.ts'
import { type ArchiveWriter, createArchive } from './archive.ts'
import { copyEnded, cut } from './copy-end.ts'
import { frame } from './frames.ts'
import { type FileEntry, formatVersion, type Manifest, manifestName, sha256, writeManifest } from './manifest.ts'
import { BackupRefused } from './refused.ts'
import { appliedMigrations, listSequences, listTables, type Table } from './tables.ts'

const compress = promisify(gzip)
/** Of a table or of documents, before compression: what is held in memory at a time is a few of these. */
const partBytes = 2 ** 20
/** Digits of a part's number: a table of 4 PB. */
const digits = 9
const documentsAtOnce = 200

export interface BackupOptions {
  /** The owner of the database: it becomes `pasarela_backup`. */
  ownerUrl: string
  documents: DocumentStore
  /** To say now, and not on the day of the restore, whether these keys open what is in it. */
  keyring: Keyring | undefined
  /** A folder that is not there yet, or a file whose name ends in .tar. */
  target: string
  now: () => Date
  progress?: (line: string) => void
  signal?: AbortSignal
}

export interface BackupReport {
  target: string
  tables: number
  rows: number
  documents: number
  bytes: number
  last_migration: string
  /** Of rows whose bytes the storage does not have, or has others. */
  documents_missing: string[]
  master_keys: { id: string, data_keys: number, opens: boolean }[]
}

/**
 * Writes one consistent snapshot: every row of every table as of one moment, and the documents that those rows name. Nothing waits
 * for it but a change of the schema. Memory stays the same however much there is. Throws BackupRefused when rows could be left out,
 * and leaves nothing behind when it fails.
 */
export async function backup ({ ownerUrl, documents, keyring, target, now, progress = () => {}, signal }: BackupOptions): Promise<BackupReport> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'pasarela backup', connectionTimeoutMillis: 10_000, keepAlive: true })
  client.on('error', () => {}) // the query that runs then fails, and says why
  await client.connect()
  try {
    const archive = await createArchive(target)
    try {
      const report = await write(client, archive)
      await client.end()
      return report
    } catch (error) {
      await archive.abort()
      throw error
    }
  } catch (error) {
    cut(client)
    throw error
  }

  async function write (client: pg.Client, archive: ArchiveWriter): Promise<BackupReport> {
    const madeAt = now().toISOString()
    const tables = await beginSnapshot(client)
    const migrations = await appliedMigrations(client)
    const sequences = await sequencesNow(client)
    await client.query('set local role pasarela_backup')
    const files: FileEntry[] = []
    const put = async (name: string, bytes: Buffer): Promise<void> => {
      signal?.throwIfAborted()
      await archive.put(name, bytes)
      files.push({ name, bytes: bytes.length, sha256: sha256(bytes) })
    }
    const told: Manifest['tables'] = []
    for (const { name, columns, months } of tables) {
      const rows = await writeTable(client, { name, columns }, put)
      if (rows > 0) progress(`${name}: ${rows} rows`)
      told.push({ name, columns, rows, months })
    }
    const keys = await masterKeys(client)
    const stored = await writeDocuments(client, documents, now(), put)
    if (stored.count > 0) progress(`${stored.count} documents`)
    const manifest: Manifest = { format: 'pasarela-backup', version: formatVersion, made_at: madeAt, by: version, migrations, tables: told, sequences, documents: stored, keys, files }
    const last = writeManifest(manifest)
    await archive.put(manifestName, last)
    await client.query('rollback')
    await archive.finish()
    const opened = await Promise.all(keys.map(async ({ master_key: id, data_keys: count, sample }) => ({ id, data_keys: count, opens: keyring !== undefined && await unwrap(keyring, sample, sample.wrapped).then(() => true, () => false) })))
    return {
      target,
      tables: tables.length,
      rows: told.reduce((sum, { rows }) => sum + rows, 0),
      documents: stored.count,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, last.length),
      last_migration: migrations.at(-1)!,
      documents_missing: stored.missing,
      master_keys: opened
    }
  }
}

/** From here to its end the transaction sees one moment; the tables cannot be changed or dropped meanwhile. */
async function beginSnapshot (client: pg.Client): Promise<Table[]> {
  const before = await listTables(client)
  if (before.length === 0) throw new BackupRefused('The database has no tables of Pasarela: there is nothing to back up.')
  const hidden = before.filter(({ readable }) => !readable).map(({ name }) => name)
  // Forced row-level security would leave their rows out, without an error.
  if (hidden.length > 0) throw new BackupRefused(`pasarela_backup does not see every row of ${hidden.join(', ')}: run \`pasarela migrate\`, which lets it.`)
  await client.query("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = '60s'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set client_encoding = 'UTF8'; set extra_float_digits = 1")
  await client.query('begin isolation level repeatable read read only')
  await client.query(`set local role pasarela_backup; lock table ${before.map(({ name }) => nameOf(client, name)).join(', ')} in access share mode; reset role`)
  const tables = await listTables(client)
  if (JSON.stringify(tables) !== JSON.stringify(before)) throw new BackupRefused('The tables were changed just now (a migration?): make the backup once more.')
  return tables
}

const nameOf = (client: pg.Client, table: string): string => `public.${client.escapeIdentifier(table)}`

async function writeTable (client: pg.Client, { name, columns }: Pick<Table, 'name' | 'columns'>, put: (name: string, bytes: Buffer) => Promise<void>): Promise<number> {
  const stream = client.query(copyTo(`copy (select ${columns.map(column => client.escapeIdentifier(column)).join(', ')} from ${nameOf(client, name)}) to stdout`))
  await inParts(stream, async (number, bytes) => { await put(`tables/${name}/${number}.copy.gz`, await compress(bytes, { level: 4 })) })
  await copyEnded(client)
  return stream.rowCount
}

async function inParts (stream: AsyncIterable<Buffer>, part: (number: string, bytes: Buffer) => Promise<void>): Promise<void> {
  let held: Buffer[] = []
  let size = 0
  let count = 0
  const flush = async (): Promise<void> => {
    if (size === 0) return
    const bytes = Buffer.concat(held)
    held = []
    size = 0
    await part(String(++count).padStart(digits, '0'), bytes)
  }
  for await (const chunk of stream) {
    held.push(chunk)
    size += chunk.length
    if (size >= partBytes) await flush()
  }
  await flush()
}

async function sequencesNow (client: pg.Client): Promise<Manifest['sequences']> {
  const told: Manifest['sequences'] = []
  for (const { table, column, name } of await listSequences(client)) {
    const { rows: [now] } = await client.query<{ last_value: string, is_called: boolean }>(`select last_value::text, is_called from ${name}`)
    told.push({ table, column, last_value: now!.last_value, is_called: now!.is_called })
  }
  return told
}

async function masterKeys (client: pg.Client): Promise<Manifest['keys']> {
  const { rows } = await client.query<{ master_key: string, data_keys: string, sample: { tenant: string, id: string, wrapped: string } }>(`
    select distinct on (master_key_id) master_key_id as master_key, (count(*) over (partition by master_key_id))::text as data_keys,
      jsonb_build_object('tenant', tenant_id, 'id', id, 'wrapped', wrapped) as sample from public.data_keys order by master_key_id, id`)
  return rows.map(({ master_key: key, data_keys: count, sample }) => ({ master_key: key, data_keys: Number(count), sample }))
}

type Listed = Pick<DocumentRow, 'tenant_id' | 'id' | 'created_at' | 'retain_until' | 'encrypted' | 'content_type' | 'sha256'>

/** What the rows of the snapshot name. A document that came later is not in it; one that ended meanwhile, of old age, is missed by nobody. */
async function writeDocuments (client: pg.Client, store: DocumentStore, now: Date, put: (name: string, bytes: Buffer) => Promise<void>): Promise<Manifest['documents']> {
  await client.query('declare listed no scroll cursor for select tenant_id, id, created_at, retain_until, encrypted, content_type, sha256 from public.documents where deleted_at is null')
  const missing: string[] = []
  let count = 0
  async function * framed (): AsyncGenerator<Buffer> {
    for (;;) {
      const { rows } = await client.query<Listed>(`fetch ${documentsAtOnce} from listed`)
      if (rows.length === 0) return
      for (const row of rows) {
        const key = keyOf(row.tenant_id, row)
        const bytes = await store.get(key)
        // What is sealed is proved by whoever opens it.
        const genuine = bytes !== undefined && (row.encrypted || createHash('sha256').update(bytes).digest().equals(row.sha256))
        if (!genuine && (bytes !== undefined || row.retain_until > now)) missing.push(key)
        if (bytes === undefined) continue
        count++
        yield frame({ key, type: storedType(row), bytes })
      }
    }
  }
  // A part ends between two documents: `framed` gives each whole.
  await inParts(framed(), async (number, bytes) => { await put(`documents/${number}.part`, bytes) })
  return { count, missing }
}
