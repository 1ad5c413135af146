import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type Kysely, sql } from 'kysely'
import S3rver from 's3rver'
import t from 'tap'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { temporaryFolder } from '../../test/support/folder.ts'
import { country, order, shop } from '../../test/support/mexico.ts'
import { bootstrap } from '../access/first-run.ts'
import { buildHub } from '../build-hub.ts'
import { loadConfig } from '../config.ts'
import type { Database } from '../db/schema.ts'
import { localStore } from '../documents/local-store.ts'
import { s3Store } from '../documents/s3-store.ts'
import type { DocumentStore } from '../documents/store.ts'
import type { Hub } from '../hub.ts'
import { newUuid, uuidAt } from '../ids.ts'
import { createInvoice, getInvoice, invoiceXml } from '../invoices/service.ts'
import { jobHandlers } from '../job-handlers.ts'
import { createPayment } from '../payments/service.ts'
import { createRefund } from '../payments/refunds.ts'
import * as sales from '../sales/service.ts'
import { putSettings } from '../sales/settings.ts'
import { parseMasterKeys } from '../vault/master-keys.ts'
import { backup } from './dump.ts'
import { manifestName, verifyArchive, writeManifest } from './manifest.ts'
import { BackupRefused } from './refused.ts'
import { restore } from './restore.ts'
import { scheduledBackup } from './scheduled.ts'

t.setTimeout(300_000)

const s3Keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

async function s3 (): Promise<DocumentStore> {
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: temporaryFolder(t) })
  const { port } = await server.run()
  t.teardown(async () => { await server.close() })
  const endpoint = `http://127.0.0.1:${port}`
  await new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3Keys }).send(new CreateBucketCommand({ Bucket: 'docs' }))
  return s3Store({ endpoint, region: 'us-east-1', bucket: 'docs', ...s3Keys })
}

/** Every row of every table, as text, in a hash of its own; and every sequence. */
async function rowsOf (owner: Kysely<Database>): Promise<Record<string, string[]>> {
  const { rows: tables } = await sql<{ name: string }>`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname !~ '^kysely_' order by 1`.execute(owner)
  const found: Record<string, string[]> = {}
  for (const { name } of tables) found[name] = (await sql<{ hash: string }>`select md5(t::text) as hash from ${sql.table(name)} t order by 1`.execute(owner)).rows.map(({ hash }) => hash)
  const { rows: sequences } = await sql<{ name: string, value: string }>`select sequencename as name, coalesce(last_value, 0)::text as value from pg_sequences where schemaname = 'public' order by 1`.execute(owner)
  return { ...found, sequences: sequences.map(({ name, value }) => `${name} ${value}`) }
}

async function settle (hub: Hub, advance: (ms: number) => void): Promise<void> {
  for (let round = 0; round < 6; round++) {
    for (;;) {
      const { rows } = await sql<{ kind: string, tenant_id: string, id: string }>`select * from gate.due_work(${hub.now()}, 500)`.execute(hub.db)
      if (rows.length === 0) break
      for (const { kind, tenant_id: tenantId, id } of rows) await jobHandlers[kind as keyof typeof jobHandlers].run(hub, tenantId, id)
    }
    advance(6000)
  }
}

t.test('a hub with a past, and its twin', async t => {
  const made = await country(t)
  const { hub, database, masterKeys } = made
  await bootstrap(hub)
  const mine = await shop(made)
  const { access } = mine
  await mine.connect()
  await putSettings(hub, access, { payments: 'record', global_invoice: { automatic: false } })
  const card = { amount: 11600, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }
  const paid = await createPayment(hub, access, card as never, null)
  await made.settle()
  await createRefund(hub, access, paid.id, { amount: 600 } as never, null)
  const invoice = await createInvoice(hub, access, order(), null)
  await sales.createSale(hub, access, { lines: [{ description: 'Lavado "ñ" \\ \n tab\t', quantity: '1', unit_price: '100.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }], tenders: [{ form: '01' }] }, null)
  await shop(made) // another tenant
  await made.settle()
  // A month of long ago, and a row that is larger than a part.
  await sql`create table events_y2024m02 partition of events for values from (${sql.lit(uuidAt(new Date('2024-02-01')))}) to (${sql.lit(uuidAt(new Date('2024-03-01')))})`.execute(database.owner)
  await sql`alter table events_y2024m02 owner to pasarela_owner`.execute(database.owner)
  await database.owner.insertInto('events').values({ tenant_id: mine.tenantId, id: newUuid(new Date('2024-02-07')), mode: 'test', type: 'x.y', subject_id: mine.tenantId, data: JSON.stringify({ long: randomBytes(6 * 2 ** 20).toString('base64') }), created_at: new Date('2024-02-07') }).execute()
  const { number } = await getInvoice(hub, access, invoice.id) as unknown as { number: string }
  const xml = (await invoiceXml(hub, access, invoice.id)).bytes
  await hub.health.idle()
  const before = await rowsOf(database.owner)
  const total = Object.entries(before).filter(([name]) => name !== 'sequences').reduce((sum, [, rows]) => sum + rows.length, 0)
  t.ok(Object.values(before).filter(rows => rows.length > 0).length >= 20, `it has a past in many tables: ${Object.entries(before).filter(([, rows]) => rows.length > 0).map(([name]) => name).join(' ')}`)

  const folder = temporaryFolder(t)
  const keyring = parseMasterKeys(masterKeys)
  const from = { ownerUrl: database.ownerUrl, documents: hub.documents, keyring, now: hub.now }
  const dir = path.join(folder, 'one')
  const tar = path.join(folder, 'two.tar')
  const report = await backup({ ...from, target: dir })
  t.match(report, { target: dir, rows: total, last_migration: /^\d{4}_/, documents_missing: [], master_keys: [{ id: 'test', opens: true }] })
  t.ok(report.documents >= 1)
  t.match(await backup({ ...from, target: tar }), { rows: total, documents: report.documents })
  t.equal(statSync(path.join(dir, manifestName)).mode & 0o077, 0, 'readable by its owner alone')
  t.equal(statSync(tar).mode & 0o077, 0)
  t.same(readdirSync(folder).sort(), ['one', 'two.tar'])
  t.notMatch(readFileSync(path.join(dir, manifestName), 'utf8'), new RegExp(masterKeys.split(':')[1]!.slice(0, 12).replaceAll('+', '\\+')), 'the master key is not in it')
  t.same(await rowsOf(database.owner), before, 'and nothing was changed')

  const empty = async (): Promise<TestDatabase> => await testDatabase(t, { migrated: false })
  const into = ({ ownerUrl, appUrl, queueUrl }: TestDatabase, more: Partial<Parameters<typeof restore>[0]> = {}): Parameters<typeof restore>[0] =>
    ({ source: dir, ownerUrl, appUrl, queueUrl, secretsFile: path.join(folder, 'roles.json'), documents: localStore(temporaryFolder(t)), keyring, ...more })
  const refusal = async (work: Promise<unknown>): Promise<string> => await work.then(() => 'nothing was refused', (error: unknown) => error instanceof BackupRefused ? error.message : String(error))

  for (const [source, documents] of [[dir, localStore(temporaryFolder(t))], [tar, await s3()]] as const) {
    await t.test(`restored from ${path.basename(source)}: row by row the same, and it works`, async t => {
      const target = await empty()
      t.match(await restore(into(target, { source, documents })), { rows: total, documents: report.documents, migrated: [] })
      const after = await rowsOf(target.owner)
      t.same(Object.keys(after), Object.keys(before))
      for (const [name, rows] of Object.entries(before)) t.same(after[name], rows, name)
      const { rows: months } = await sql<{ month: string }>`select tableoid::regclass::text as month from events where type = 'x.y'`.execute(target.owner)
      t.same(months, [{ month: 'events_y2024m02' }], 'in its month, so that it can be dropped with it')
      const { rows: open } = await sql`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname !~ '^kysely_' and not (relrowsecurity and relforcerowsecurity)`.execute(target.owner)
      t.same(open, [], 'and the wall between tenants stands again')
      const walls = sql<{ is: string }>`select conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) as is from pg_constraint where connamespace = 'public'::regnamespace
        union all select tgrelid::regclass::text || ' ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal order by 1`
      t.same((await walls.execute(target.owner)).rows, (await walls.execute(database.owner)).rows, 'keys and triggers too')

      t.match(await backup({ ...from, ownerUrl: target.ownerUrl, documents, target: path.join(temporaryFolder(t), 'again.tar') }), { rows: total, documents: report.documents, documents_missing: [] }, 'and may be backed up in its turn')

      let offset = 0
      const now = (): Date => new Date(hub.now().getTime() + offset)
      const built = buildHub({ config: loadConfig({ PASARELA_DATA_DIR: temporaryFolder(t), ...urlsOfSimulators(hub) }), appUrl: target.appUrl, masterKeys, adapters: hub.adapters, log: hub.log, now, publicUrl: hub.publicUrl, wake: () => {} })
      t.teardown(built.close)
      const twin: Hub = { ...built.hub, documents }
      t.ok((await invoiceXml(twin, access, invoice.id)).bytes.equals(xml), 'an old invoice opens, byte for byte')
      t.match(await createPayment(twin, access, card as never, null), { status: 'succeeded', provider: 'stripe' }, 'the credentials open: a payment is taken')
      const next = await createInvoice(twin, access, order(), null)
      await settle(twin, ms => { offset += ms })
      t.match(await getInvoice(twin, access, next.id), { status: 'issued', number: String(Number(number) + 1) }, 'and the numbers go on without a gap')
    })
  }

  await t.test('what is damaged is refused before anything is written, and says what it is', async t => {
    const target = await empty()
    const changed = (change: (copy: string) => void): string => {
      const copy = path.join(temporaryFolder(t), 'copy')
      cpSync(dir, copy, { recursive: true })
      change(copy)
      return copy
    }
    const part = path.join('tables', 'payments', '000000001.copy.gz')
    const flip = (file: string, at: number) => { const bytes = readFileSync(file); bytes[at]! ^= 1; writeFileSync(file, bytes) }
    const cut = path.join(temporaryFolder(t), 'cut.tar')
    cpSync(tar, cut)
    truncateSync(cut, Math.floor(statSync(tar).size / 2))
    const bent = path.join(temporaryFolder(t), 'bent.tar')
    cpSync(tar, bent)
    flip(bent, 2000)
    const note = path.join(temporaryFolder(t), 'note.tar')
    writeFileSync(note, 'not a tar '.repeat(200))
    const manifest = await verifyArchive(dir)
    const table: [string, string, RegExp][] = [
      ['a byte', changed(copy => { flip(path.join(copy, part), 40) }), /damaged: tables\/payments\/000000001\.copy\.gz is not as it was written/],
      ['a part that is gone', changed(copy => { rmSync(path.join(copy, part)) }), /damaged: tables\/payments.* is missing/],
      ['something else in it', changed(copy => { writeFileSync(path.join(copy, 'tables', 'extra'), 'x') }), /its manifest does not know/],
      ['a manifest that was written in', changed(copy => { flip(path.join(copy, manifestName), 300) }), /manifest\.json is not as it was written/],
      ['no manifest', changed(copy => { rmSync(path.join(copy, manifestName)) }), /cut off/],
      ['half a file', cut, /damaged|cut off/],
      ['a byte of a file', bent, /damaged/],
      ['something else', note, /damaged|no backup/],
      ['nothing', path.join(folder, 'three'), /is not there/],
      ['a newer version', changed(copy => { writeFileSync(path.join(copy, manifestName), writeManifest({ ...manifest, migrations: [...manifest.migrations, '9999_later'] })) }), /newer \(9999_later\)/],
      ['another format', changed(copy => { writeFileSync(path.join(copy, manifestName), writeManifest({ ...manifest, version: 2 })) }), /format 2/],
      ['bounds that are a statement', changed(copy => { writeFileSync(path.join(copy, manifestName), writeManifest({ ...manifest, tables: manifest.tables.map(each => ({ ...each, months: [{ name: 'x', bounds: "FOR VALUES FROM ('a') TO ('b'); drop table payments" }] })) })) }), /no backup of Pasarela/]
    ]
    for (const [what, source, message] of table) t.match(await refusal(restore(into(target, { source }))), message, what)

    t.match(await refusal(restore(into(target, { keyring: undefined }))), /master key test, which opens \d+ of its data keys, is not here.*Nothing was written/)
    t.match(await refusal(restore(into(target, { keyring: parseMasterKeys(`other:${randomBytes(32).toString('base64')}`) }))), /master key test/)
    t.match(await refusal(restore(into(target, { keyring: parseMasterKeys(`test:${randomBytes(32).toString('base64')}`) }))), /another one than the test that opens/)
    t.same(await rowsOf(target.owner), { sequences: [] }, 'after all of that there is not even a table')
    t.match(await refusal(restore(into(database))), /not empty \(.*restore into a new one/)
    t.same(await rowsOf(database.owner), before)
  })

  await t.test('a restore that breaks off leaves no row, and can be done again', async t => {
    const target = await empty()
    const full: DocumentStore = { ...localStore(temporaryFolder(t)), put: async () => { throw new Error('no space left on device') } }
    t.match(await refusal(restore(into(target, { documents: full }))), /no space left/)
    t.ok(Object.values(await rowsOf(target.owner)).every(rows => rows.length === 0 || rows[0]!.endsWith(' 0')), 'no row')
    t.match(await restore(into(target)), { rows: total })
    t.same(await rowsOf(target.owner), before)
  })

  await t.test('what the storage lost is told, and what would be left out is refused', async t => {
    const lost = await database.owner.selectFrom('documents').select(['id']).executeTakeFirstOrThrow()
    const key = lost.id.replaceAll('-', '')
    const forgetful: DocumentStore = { ...hub.documents, get: async name => name.endsWith(key) ? undefined : await hub.documents.get(name) }
    const target = path.join(folder, 'three')
    t.match(await backup({ ...from, documents: forgetful, target, keyring: undefined }), { documents: report.documents - 1, documents_missing: [new RegExp(key)], master_keys: [{ id: 'test', opens: false }] })
    t.match(await refusal(backup({ ...from, target })), /is there already/)
    const stop = new AbortController()
    stop.abort()
    await t.rejects(backup({ ...from, target: path.join(folder, 'four.tar'), signal: stop.signal }))
    await sql`drop policy backup on refunds`.execute(database.owner)
    t.match(await refusal(backup({ ...from, target: path.join(folder, 'four') })), /does not see every row of refunds/)
    await sql`create policy backup on refunds for select to pasarela_backup using (true)`.execute(database.owner)
    t.match(await refusal(backup({ ...from, ownerUrl: (await empty()).ownerUrl, target: path.join(folder, 'four') })), /no tables of Pasarela/)
    t.same(readdirSync(folder).sort(), ['one', 'three', 'two.tar'], 'nothing half made is left')
  })

  await t.test('by schedule the newest are kept, and what else lies there is left alone', async t => {
    const where = temporaryFolder(t)
    for (const name of ['pasarela-2026-01-01T00-00-00Z.tar', 'pasarela-2026-01-02T00-00-00Z.tar', 'notes.tar']) writeFileSync(path.join(where, name), '')
    const config = loadConfig({ PASARELA_DATA_DIR: temporaryFolder(t), PASARELA_MASTER_KEYS: masterKeys, BACKUP_KEEP: '2' })
    const done = await scheduledBackup({ config, documents: hub.documents, ownerUrl: database.ownerUrl, folder: where, now: new Date('2026-11-21T03:00:00Z'), signal: new AbortController().signal })
    t.match(done, { file: 'pasarela-2026-11-21T03-00-00Z.tar', rows: total, documents_missing: 0, removed: 1 })
    t.same(readdirSync(where).sort(), ['notes.tar', 'pasarela-2026-01-02T00-00-00Z.tar', 'pasarela-2026-11-21T03-00-00Z.tar'])
    t.ok(existsSync(path.join(where, done.file)))
  })
})

/** The twin talks to the same providers. */
function urlsOfSimulators ({ config }: Hub): Record<string, string> {
  const pairs = (prefix: string, values: Readonly<Record<string, unknown>>) => Object.entries(values).map(([id, value]) => [`${prefix}${id.toUpperCase()}`, String(value)])
  return Object.fromEntries([...pairs('PASARELA_PROVIDER_URL_', config.providerUrls), ...pairs('PASARELA_PROVIDER_RATE_', config.providerRates)])
}
