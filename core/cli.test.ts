import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text as all } from 'node:stream/consumers'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { askAt, order, testApp, type TestApp } from '../test/support/app.ts'
import { makeCsd } from '../test/support/csd.ts'
import { testDatabase, type TestDatabase } from '../test/support/database.ts'
import { eventually } from '../test/support/eventually.ts'
import { testHub } from '../test/support/hub.ts'
import { bootstrap } from './access/first-run.ts'
import { commands } from './cli/commands.ts'
import { type Command, Refused } from './cli/command.ts'
import { withDatabase } from './cli/database.ts'
import { runCli } from './cli/run.ts'
import { loadConfig } from './config.ts'
import { startEmbedded } from './db/embedded.ts'
import { inTenant } from './db/in-tenant.ts'
import { setTimer } from './db/timers.ts'
import { parseId, publicId } from './ids.ts'
import { databaseKeyStore } from './vault/database-store.ts'
import { parseMasterKeys } from './vault/master-keys.ts'
import { createVault } from './vault/vault.ts'

interface Ran { code: number | undefined, stdout: string, stderr: string, lines: any[] }

async function run (argv: string[], env: Record<string, string> = {}, table?: readonly Command[]): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const code = await runCli(argv, { env, stdout: text => { stdout += text }, stderr: text => { stderr += text }, ...(table !== undefined && { commands: table }) })
  const lines = argv.includes('--json') ? stdout.split('\n').filter(Boolean).map(line => JSON.parse(line)) : []
  return { code, stdout, stderr, lines }
}

const envOf = (t: Test, { appUrl }: Pick<TestDatabase, 'appUrl'>, masterKeys = key('k1')): Record<string, string> => ({ DATABASE_APP_URL: appUrl, PASARELA_DATA_DIR: t.testdir(), PASARELA_MASTER_KEYS: masterKeys })
const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

t.test('it teaches: alone, with help, and for each command', async t => {
  for (const argv of [[], ['help'], ['--help']]) {
    const { code, stdout, stderr } = await run(argv)
    t.same([code, stderr], [0, ''])
    for (const { name, summary } of commands) t.match(stdout, new RegExp(`${name} +${summary}`))
  }
  t.match(await run(['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\S*\n$/, stderr: '' })
  t.match((await run(['--version', '--json'])).lines, [{ version: String }])
  for (const { name, options = {}, about, examples = [] } of commands) {
    t.ok(about.length > 0 && examples.length > 0, `${name} says when it is used, and shows how`)
    for (const { line } of examples) t.match(line, name)
    const long = await run(['help', ...name.split(' ')])
    t.equal(long.code, 0)
    t.same(await run([...name.split(' '), '--help']), long)
    for (const option of Object.keys(options)) t.match(long.stdout, `--${option}`)
  }
  t.match((await run(['help', 'keys'])).stdout, /rotate-master[^]*platform|platform[^]*rotate-master/)
})

t.test('wrong use ends with 2, says what is wrong, and leaves standard output empty', async t => {
  const table: [string[], RegExp][] = [
    [['tenant', 'list'], /Did you mean `pasarela tenants list`/],
    [['tenants'], /tenants is not complete[^]*tenants create/],
    [['tenants', 'crate'], /no command tenants crate[^]*tenants create/],
    [['--frobnicate'], /--frobnicate/],
    [['migrate', '--force'], /--force/],
    [['tenants', 'list', 'all'], /all is one word too many/],
    [['tenants', 'list', '--status', 'asleep'], /--status must be one of active, suspended/],
    [['tenants', 'list', '--status'], /--status/],
    [['tenants', 'create', '--name', 'x'], /--country is missing/],
    [['tenants', 'create', '--name', ' ', '--country', 'mx'], /--name[^]*--country/],
    [['keys', 'platform'], /--label is missing/],
    [['keys', 'platform', '--label', ' '], /--label must have/],
    [['hooks', 'replay'], /--tenant is missing/],
    [['incidents', 'export', '--tenant', 'ten_1'], /ID/],
    [['incidents', 'export', '--tenant', 'ten_1', 'inb_1'], /--tenant must be the id/],
    [['hooks', 'replay', '--tenant', 'ten_1'], /--tenant must be the id/],
    [['hooks', 'replay', '--tenant', 'ten_1', '--from', 'yesterday'], /--from/],
    [['hooks', 'replay', '--tenant', 'ten_1', '--status', 'refused'], /--status must be one of received/],
    [['hooks', 'replay', '--tenant', 'ten_1', '--mode', 'both'], /--mode must be test or live/],
    [['jobs'], /jobs is not complete[^]*jobs run/],
    [['jobs', 'run'], /NAME is missing/],
    [['jobs', 'run', 'stamps', 'disputes'], /at most 1 NAME/],
    [['jobs', 'run', 'stamps', '--tenant', 'ten_1'], /--tenant must be the id/],
    [['backup'], /--to is missing/],
    [['restore', '--into', 'postgres://x@y/z'], /--from is missing/],
    [['restore', '--from', 'x', '--into', 'mysql://x'], /--into must be a URL/]
  ]
  for (const [argv, message] of table) t.match(await run(argv), { code: 2, stdout: '', stderr: message }, argv.join(' '))
})

t.test('a later command is one line in the table, and its files come as arguments', async t => {
  const verify: Command = {
    name: 'verify', group: 'Files', summary: 'Check', about: [], args: { name: 'FILE', min: 1, max: 2 },
    run: async ({ args, out }) => {
      for (const file of args) out.json({ file, ok: file !== 'bad.xml' })
      out.say('said to a person')
      if (args.includes('gone.xml')) throw new Refused('gone.xml is not there')
      return args.includes('bad.xml') ? 1 : 0
    }
  }
  t.match(await run(['verify', 'a.xml', 'bad.xml', '--json'], {}, [verify]), { code: 1, stdout: '{"file":"a.xml","ok":true}\n{"file":"bad.xml","ok":false}\n', stderr: '' })
  t.match(await run(['--json', 'verify', 'a.xml'], {}, [verify]), { code: 0, lines: [{ file: 'a.xml' }] })
  t.match(await run(['verify', 'a.xml'], {}, [verify]), { code: 0, stdout: 'said to a person\n' })
  t.match(await run(['verify', 'gone.xml', '--json'], {}, [verify]), { code: 1, stderr: 'gone.xml is not there\n' })
  t.match(await run(['verify'], {}, [verify]), { code: 2, stderr: /FILE is missing/ })
  t.match(await run(['verify', 'a', 'b', 'c'], {}, [verify]), { code: 2, stderr: /at most 2 FILE/ })
})

t.test('adapters are listed without a database', async t => {
  const { code, lines } = await run(['adapters', 'list', '--json'])
  t.equal(code, 0)
  t.match(lines.find(({ id }) => id === 'stripe'), { families: ['payments'], capabilities: ['test', 'create_payment'] })
  t.match(await run(['adapters', 'list'], { PASARELA_ADAPTERS: 'no-such-package' }), { code: 1, stdout: '', stderr: /no-such-package/ })
})

t.test('what is not configured, migrated or set up is said in a sentence', async t => {
  const none = t.testdir()
  t.match(await run(['tenants', 'list'], { PASARELA_DATA_DIR: none }), { code: 1, stdout: '', stderr: /There is no database in .* yet[^]*pasarela migrate/ })
  t.match(await run(['tenants', 'list', '--json'], { PORT: 'x', PASARELA_DATA_DIRR: 'y' }), { code: 1, stdout: '', stderr: /PORT[^]*PASARELA_DATA_DIR/ })
  t.match(await run(['tenants', 'list'], { PASARELA_DATA_DIR: none, DATABASE_APP_URL: 'postgres://a:b@127.0.0.1:1/x' }), { code: 1, stderr: /cannot be reached/ })
  t.match(await run(['migrate'], { PASARELA_DATA_DIR: none, DATABASE_APP_URL: 'postgres://a:b@127.0.0.1:1/x' }), { code: 1, stderr: /DATABASE_URL is not set/ })
  const empty = await testDatabase(t, { migrated: false })
  t.match(await run(['tenants', 'list'], envOf(t, { appUrl: empty.superUrl })), { code: 1, stderr: /pasarela migrate/ })
  t.match(await run(['tenants', 'list'], { PASARELA_DATA_DIR: none, DATABASE_URL: empty.ownerUrl }), { code: 1, stderr: /DATABASE_APP_URL is not set[^]*pasarela migrate/ })
  const fresh = await testDatabase(t)
  for (const argv of [['tenants', 'list'], ['keys', 'platform', '--label', 'x'], ['tenants', 'create', '--name', 'x', '--country', 'MX']]) {
    t.match(await run(argv, envOf(t, fresh)), { code: 1, stdout: '', stderr: /start the server once/ })
  }
})

t.test('migrate says what it applied, and a second run that there is nothing to do', async t => {
  const { ownerUrl, appUrl, queueUrl } = await testDatabase(t, { migrated: false })
  const env = { DATABASE_URL: ownerUrl, DATABASE_APP_URL: appUrl, DATABASE_QUEUE_URL: queueUrl, PASARELA_DATA_DIR: t.testdir() }
  const first = await run(['migrate', '--json'], env)
  t.match(first, { code: 0, lines: [{ applied: [/^0001_/] }] })
  t.match(await run(['migrate', '--json'], env), { code: 0, stdout: '{"applied":[]}\n' })
  t.match(await run(['migrate'], env), { code: 0, stdout: 'Nothing to do: the database is up to date.\n' })
})

t.test('tenants are made and listed, and the audit log names the command line', async t => {
  const database = await testDatabase(t)
  await bootstrap({ db: database.db, now: () => new Date() })
  const env = envOf(t, database)
  t.match(await run(['tenants', 'list'], env), { code: 0, stdout: 'There are no tenants.\n' })
  t.match(await run(['tenants', 'list', '--json'], env), { code: 0, stdout: '' })
  const made = await run(['tenants', 'create', '--name', 'Café "Ñ"', '--country', 'MX', '--json'], env)
  t.match(made, { code: 0, stderr: '', lines: [{ id: /^ten_/, name: 'Café "Ñ"', country: 'MX', status: 'active' }] })
  const other = await run(['tenants', 'create', '--name', 'Second', '--country', 'ES', '--host-name', 'pay.example.es'], env)
  t.match(other.stdout, /^ten_[0-9a-f]{32}\n$/)
  t.match(await run(['tenants', 'create', '--name', 'Third', '--country', 'ES', '--host-name', 'pay.example.es'], env), { code: 1, stdout: '', stderr: /host_name: is taken/ })
  t.same((await run(['tenants', 'list', '--json'], env)).lines.map(({ name }) => name), ['Second', 'Café "Ñ"'])
  t.same((await run(['tenants', 'list', '--status', 'suspended', '--json'], env)).lines, [])
  const audit = await database.owner.selectFrom('audit_log').select(['actor_type', 'actor_id', 'action']).where('subject_id', '=', made.lines[0].id).execute()
  t.same(audit, [{ actor_type: 'system', actor_id: 'command-line', action: 'tenant.created' }])
})

t.test('hooks are counted, and replayed by the workers of a running server', async t => {
  const it = await testApp(t)
  const shop = await it.tenant()
  const stranger = await it.tenant({ connect: false })
  t.equal((await shop.client('POST', '/v1/payments', { body: order })).status, 201)
  await it.quiet()
  const env = envOf(t, it.database, it.masterKeys)
  const replay = async (...more: string[]) => await run(['hooks', 'replay', '--tenant', shop.id, '--json', ...more], env)
  const before = await attempts(it)
  t.ok(before.length > 1)
  t.match(await replay('--dry-run'), { code: 0, stderr: '', lines: [{ dry_run: true, matched: before.length, replayed: 0 }] })
  t.match((await replay('--dry-run', '--event-type', 'payment_intent.succeeded', '--status', 'processed', '--connection', shop.connection)).lines, [{ matched: 1 }])
  for (const nothing of [['--status', 'parked'], ['--mode', 'live'], ['--to', '2020-01-01T00:00:00Z'], ['--from', new Date(Date.now() + 60_000).toISOString(), '--to', '2099-01-01T00:00:00Z']]) {
    t.match(await replay(...nothing), { code: 0, lines: [{ matched: 0, replayed: 0 }] }, nothing.join(' '))
  }
  t.match((await run(['hooks', 'replay', '--tenant', stranger.id, '--json'], env)).lines, [{ matched: 0 }])
  t.match(await run(['hooks', 'replay', '--tenant', publicId('tenant', '0198aaaa-0000-7000-8000-00000000000a')], env), { code: 1, stdout: '', stderr: /no such thing/ })

  // One of them as a bundle, which this hub knows again, and no other tenant's does.
  const [hook] = (await shop.client('GET', '/v1/inbound_events?event_type=payment_intent.succeeded')).body.data
  const bundle = await run(['incidents', 'export', '--tenant', shop.id, hook.id], env)
  t.same([bundle.code, bundle.stderr], [0, ''])
  const file = path.join(t.testdir(), 'incident.json')
  writeFileSync(file, bundle.stdout)
  t.match(JSON.parse(bundle.stdout), { object: 'incident_bundle', incident: hook.id, hooks: [{ verdict: 'verified' }] })
  t.match(await run(['incidents', 'verify', '--tenant', shop.id, '--json', file], env), { code: 0, lines: [{ ok: true }] })
  t.match(await run(['incidents', 'verify', '--tenant', stranger.id, file], env), { code: 1, stdout: /NOT seal/ })
  writeFileSync(file, JSON.stringify((await shop.client('GET', `/v1/inbound_events/${hook.id}/bundle`)).body))
  t.match(await run(['incidents', 'verify', '--tenant', shop.id, '--json', file], env), { code: 0, lines: [{ ok: true }] }, 'over HTTP it is the same')
  t.match(await run(['incidents', 'export', '--tenant', stranger.id, hook.id], env), { code: 1, stdout: '', stderr: /no webhook of this tenant/ })
  t.match(await run(['incidents', 'verify', '--tenant', shop.id, path.join(t.testdir(), 'nothing')], env), { code: 1, stderr: /cannot be read/ })
  t.same(await it.database.owner.selectFrom('audit_log').select('actor_id').where('action', '=', 'inbound_event.exported').execute(), [{ actor_id: 'command-line' }])
  t.same(await attempts(it), before, 'counting changes nothing')

  t.match(await replay('--event-type', 'payment_intent.succeeded', '--from', '2020-01-01T00:00:00Z'), { code: 0, lines: [{ dry_run: false, matched: 1, replayed: 1 }] })
  await eventually('the event is processed once more', async () => (await attempts(it)).some(({ status, at }) => status === 'processed' && !before.some(earlier => earlier.at === at)))
  t.match((await shop.client('GET', '/v1/payments')).body.data, [{ status: 'succeeded', amount_captured: order.amount }], 'and changed nothing')

  await it.close()
  await sql`
    insert into inbound_events select (jsonb_populate_record(e, jsonb_build_object('id', uuidv7(), 'status', 'parked', 'next_run_at', null, 'received_at', timestamptz '2026-01-01' + n * interval '1 second'))).*
    from inbound_events e, generate_series(1, 2500) n where e.id = (select id from inbound_events limit 1)`.execute(it.database.owner)
  const parked = ['--status', 'parked'] as const
  t.match(await replay(...parked, '--dry-run'), { code: 0, lines: [{ matched: 2500, replayed: 0 }] })
  t.match(await replay(...parked), { code: 0, lines: [{ matched: 2500, replayed: 2500 }] }, 'more than the service takes at a time')
  t.match((await replay(...parked, '--dry-run')).lines, [{ matched: 0 }])
  const all = 2500 + before.length
  t.match(await replay('--from', '2020-01-01T00:00:00Z'), { code: 0, lines: [{ matched: all, replayed: all }] }, 'those that still match afterwards are not replayed twice in place of the others')
})

t.test('what runs by itself is listed, and run by hand', async t => {
  const { hub, database, masterKeys, tenant } = await testHub(t)
  await bootstrap(hub)
  const { tenantId, connect } = await tenant()
  const connection = parseId('connection', await connect())!
  await inTenant(hub.db, tenantId, async db => { await setTimer(db, 'balance_transactions', connection, new Date(Date.now() + 86_400_000)) })
  const env = { ...envOf(t, database, masterKeys), PASARELA_PROVIDER_URL_STRIPE: hub.config.providerUrls.stripe! }
  const named = async (name: string) => (await run(['jobs', 'list', '--json'], env)).lines.find(job => job.name === name)
  t.match(await named('months-ahead'), { type: 'schedule', every_seconds: 86_400, due_at: null, last: null })
  t.match(await named('provider-transactions'), { type: 'rows', queues: ['balance_transactions'], planned: 1, due: 0 })
  t.match(await run(['jobs', 'run', 'months-ahead'], env), { code: 0, stderr: '', stdout: /^months-ahead succeeded in \d+ ms\. made 0\n$/ })
  t.match(await run(['jobs', 'run', 'months-ahead', '--json'], env), { code: 0, lines: [{ name: 'months-ahead', outcome: 'succeeded', counts: { made: 0 } }] })
  t.match(await named('months-ahead'), { due_at: String, last: { outcome: 'succeeded', counts: { made: 0 }, error: null } })
  t.match(await run(['jobs', 'list'], env), { code: 0, stdout: /months-ahead +succeeded .*, next .*made 0[^]*provider-transactions +1 planned, 0 due, next/ })
  t.match(await run(['jobs', 'run', 'provider-transactions', '--tenant', publicId('tenant', tenantId), '--json'], env), { code: 0, lines: [{ tenant: publicId('tenant', tenantId), outcome: 'succeeded', brought_forward: 1, rows: 1, failed: 0 }] })
  t.match(await run(['jobs', 'run', 'provider-transactions', '--tenant', publicId('tenant', '0198aaaa-0000-7000-8000-00000000000a')], env), { code: 1, stdout: '', stderr: /no such thing/ })
  t.match(await run(['jobs', 'run', 'mail'], env), { code: 0, stdout: 'mail: 0 rows looked at, 0 failed, in' })
  t.match(await run(['jobs', 'run', 'retension'], env), { code: 2, stdout: '', stderr: /Did you mean `retention`/ })
  t.match(await run(['jobs', 'run', 'retention', '--tenant', publicId('tenant', tenantId)], env), { code: 2, stderr: /takes no --tenant/ })
  t.match(await run(['jobs', 'run', 'backup'], env), { code: 2, stderr: /BACKUP_DIR[^]*pasarela backup --to/ })
  const broken = { ...env, DATABASE_URL: database.ownerUrl, BACKUP_DIR: path.join(import.meta.filename, 'no folder') }
  t.match(await run(['jobs', 'run', 'backup', '--json'], broken), { code: 1, stderr: /ENOTDIR/, lines: [{ name: 'backup', outcome: 'failed' }] })
  t.match((await run(['jobs', 'list', '--due', '--json'], broken)).lines.find(({ name }) => name === 'backup'), { last: { outcome: 'failed', error: String } })
})

t.test('a backup is made and restored, and says what is wrong with it', async t => {
  const database = await testDatabase(t)
  await bootstrap({ db: database.db, now: () => new Date() })
  const masterKeys = key('k1')
  const env = { ...envOf(t, database, masterKeys), DATABASE_URL: database.ownerUrl, DATABASE_QUEUE_URL: database.queueUrl }
  const made = await run(['tenants', 'create', '--name', 'Café "Ñ"', '--country', 'MX', '--json'], env)
  const id = (await database.owner.selectFrom('tenants').select('id').where('name', '=', made.lines[0].name).executeTakeFirstOrThrow()).id
  const vault = createVault({ keyring: parseMasterKeys(masterKeys), store: databaseKeyStore(database.db), now: () => new Date() })
  await vault.seal(id, 'subject', 'use', 'secret')
  const target = path.join(t.testdir(), 'whole.tar')
  t.match(await run(['backup', '--to', target, '--json'], env), { code: 0, lines: [{ target, documents: 0, documents_missing: [], master_keys: [{ id: 'k1', data_keys: 1, opens: true }] }] })
  t.match(await run(['backup', '--to', target], env), { code: 1, stdout: '', stderr: /is there already/ })
  t.match(await run(['backup', '--to', `${target}.2.tar`], { ...env, PASARELA_MASTER_KEYS: key('k9') }), { code: 1, stderr: /master key k1, which opens 1 data keys, is not in this configuration/ })
  const { DATABASE_URL: _owner, ...ownerless } = env
  t.match(await run(['backup', '--to', `${target}.3.tar`], ownerless), { code: 1, stderr: /DATABASE_URL is not set/ })
  const empty = await testDatabase(t, { migrated: false })
  t.match(await run(['restore', '--from', target, '--into', empty.ownerUrl], { ...env, PASARELA_MASTER_KEYS: key('k9') }), { code: 1, stdout: '', stderr: /master key k1.*is not here/ })
  t.match(await run(['restore', '--from', target, '--into', database.ownerUrl], env), { code: 1, stdout: '', stderr: /not empty/ })
  const restored = await run(['restore', '--from', target, '--into', empty.ownerUrl, '--json'], env)
  t.match(restored, { code: 0, lines: [{ documents: 0, migrated: [] }] })
  t.match(restored.stderr, /whole, made[^]*tenants: 2 rows/)
  t.same((await run(['tenants', 'list', '--json'], { ...env, DATABASE_APP_URL: empty.appUrl })).lines.map(({ name }) => name), ['Café "Ñ"'], 'and the logins are what they were')
})

t.test('a platform key is printed once, and opens', async t => {
  const it = await testApp(t)
  const { code, stdout, stderr } = await run(['keys', 'platform', '--label', 'Spring'], envOf(t, it.database, it.masterKeys))
  t.equal(code, 0)
  t.match(stdout, /^pas_live_\w+\n$/)
  t.notMatch(stderr, stdout.trim())
  t.match(await askAt(it.url, 'GET', '/v1/tenants', { key: stdout.trim() }), { status: 200 })
})

t.test('master keys: all data keys move to the first one; what does not open is listed, and ends with 1', async t => {
  const database = await testDatabase(t)
  await bootstrap({ db: database.db, now: () => new Date() })
  const [k1, k2, k3] = [key('k1'), key('k2'), key('k3')]
  const env = envOf(t, database, k1)
  const tenants = await Promise.all(['A', 'B', 'C'].map(async name => (await run(['tenants', 'create', '--name', name, '--country', 'MX', '--json'], env)).lines[0].id as string))
  const uuids = (await database.owner.selectFrom('tenants').select(['id']).where('kind', '=', 'tenant').execute()).map(({ id }) => id)
  const store = databaseKeyStore(database.db)
  const vaultOf = (keys: string) => createVault({ keyring: parseMasterKeys(keys), store, now: () => new Date() })
  const sealed = await Promise.all(uuids.map(async tenant => await vaultOf(k1).seal(tenant, 'subject', 'use', `secret of ${tenant}`)))
  const rotate = async (keys: string) => await run(['keys', 'rotate-master', '--json'], { ...env, PASARELA_MASTER_KEYS: keys })

  t.match(await rotate(`${k2},${k1}`), { code: 0, stderr: /3 under k2/, lines: [{ master_key: 'k2', rewrapped: 3, failed: 0, complete: true, failures: [] }] })
  t.match(await rotate(`${k2},${k1}`), { code: 0, lines: [{ rewrapped: 0, complete: true }] })
  for (const [index, tenant] of uuids.entries()) t.equal(await vaultOf(k2).openText(tenant, 'subject', 'use', sealed[index]!), `secret of ${tenant}`)

  await database.owner.updateTable('data_keys').set({ wrapped: 'not a key', master_key_id: 'k1' }).where('tenant_id', '=', uuids[1]!).execute()
  const broken = await rotate(`${k3},${k2}`)
  t.match(broken, { code: 1, lines: [{ rewrapped: 2, failed: 1, complete: false, failures: [{ tenant: publicId('tenant', uuids[1]!) }] }] })
  t.ok(tenants.includes(broken.lines[0].failures[0].tenant))
  t.match(await rotate(k1), { code: 1, lines: [{ rewrapped: 0, failed: 2, complete: false, failures: [{ reason: 'unknown_key' }, { reason: 'unknown_key' }] }] }, 'a ring without the key that wraps')
  t.match(await run(['keys', 'rotate-master'], { ...env, PASARELA_MASTER_KEYS: k1 }), { code: 1, stdout: /keep the older master keys/ })
  for (const text of [broken.stdout, broken.stderr]) t.notMatch(text, new RegExp([k1, k2, k3].map(each => each.split(':')[1]!.slice(0, 12).replaceAll('+', '\\+')).join('|')))
})

t.test('with files it works from an empty folder, without a server and without configuration', async t => {
  const { cer, key, passphrase } = makeCsd({ rfc: 'EKU9003173C9', name: 'ESCUELA KEMPER URGATE' })
  const cwd = t.testdir()
  for (const [name, bytes] of Object.entries({ 'a.cer': cer, 'a.key': key, 'pass.txt': passphrase })) writeFileSync(path.join(cwd, name), bytes)
  const child = spawn(process.execPath, ['--conditions=pasarela', path.join(import.meta.dirname, 'cli.ts'), 'certificate', 'a.cer', 'a.key', '--passphrase-file', 'pass.txt', '--json'], { cwd, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, code] = await Promise.all([all(child.stdout), all(child.stderr), new Promise(resolve => { child.once('exit', resolve) })])
  t.same([code, stderr], [0, ''])
  t.match(JSON.parse(stdout), { ok: true, kind: 'csd' }, 'one object and nothing else')
  t.same(readdirSync(cwd).sort(), ['a.cer', 'a.key', 'pass.txt'], 'and leaves nothing behind')
})

t.test('the bundled database: started and stopped when nobody uses it, and left alone when somebody does', async t => {
  const dataDir = t.testdir()
  const pasarela = async (...argv: string[]): Promise<Ran> => {
    const child = spawn(process.execPath, ['--conditions=pasarela', path.join(import.meta.dirname, 'cli.ts'), ...argv], { env: { PATH: process.env.PATH, PASARELA_DATA_DIR: dataDir }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, code] = await Promise.all([all(child.stdout), all(child.stderr), new Promise<number>(resolve => { child.once('exit', code => { resolve(code ?? -1) }) })])
    return { code, stdout, stderr, lines: [] }
  }
  t.match(await pasarela('migrate'), { code: 0, stdout: /^0001_/ })
  const running = await startEmbedded({ dataDir })
  t.teardown(async () => {
    await running.stop()
    // Where root alone may enter the folder of the test, the server's files are elsewhere.
    if (!running.data.startsWith(dataDir)) rmSync(path.dirname(running.data), { recursive: true, force: true })
  })
  t.equal(running.reused, false, 'it was stopped')
  t.match(await pasarela('tenants', 'list', '--json'), { code: 1, stdout: '', stderr: /start the server once/ })
  const again = await startEmbedded({ dataDir })
  t.same([again.reused, again.pid], [true, running.pid], 'it was left running')

  await running.stop()
  const notes: string[] = []
  const server = await withDatabase(loadConfig({ PASARELA_DATA_DIR: dataDir }), { make: false, note: line => notes.push(line) }, async ({ ownerUrl }) => {
    const client = new pg.Client({ connectionString: ownerUrl })
    await client.connect()
    return client
  })
  t.match(notes, [/another process has begun to use it/])
  t.match((await server.query('select 1 as here')).rows, [{ here: 1 }], 'whoever came meanwhile keeps it')
  await server.end()
  await (await startEmbedded({ dataDir })).stop()
})

/** Every inbound event of the one tenant that has some. */
async function attempts ({ database }: TestApp): Promise<{ id: string, status: string, at: string | undefined }[]> {
  const rows = await database.owner.selectFrom('inbound_events').select(['id', 'status', 'processed_at']).orderBy('id').execute()
  return rows.map(({ id, status, processed_at: at }) => ({ id, status, at: at?.toISOString() }))
}
