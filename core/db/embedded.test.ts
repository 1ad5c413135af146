import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startEmbedded, type Embedded } from './embedded.ts'
import { asUser, installed, postgresBinaries } from './postgres-binaries.ts'

const root = process.getuid?.() === 0
const settings = { fsync: 'off', shared_buffers: '16MB', max_connections: '20' }
const start = async (dataDir: string): Promise<Embedded> => await startEmbedded({ dataDir, settings })

/** A folder that the server's user may enter, removed at the end with everything that was noted in it. */
function folder (t: Test, mode = 0o755): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pasarela-embedded-'))
  chmodSync(made, mode)
  t.teardown(() => {
    const note = path.join(made, 'pg-location')
    if (existsSync(note)) rmSync(path.dirname(readFileSync(note, 'utf8').trim()), { recursive: true, force: true })
    rmSync(made, { recursive: true, force: true })
  })
  return made
}

async function ask (url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

t.test('one data folder, through its life', async t => {
  const dataDir = folder(t)
  let embedded: Embedded

  await t.test('starts while another PostgreSQL, or anything, has port 5432', async t => {
    const other = createServer().listen(5432, '127.0.0.1')
    await Promise.race([once(other, 'listening'), once(other, 'error')]) // an error: somebody really has it
    t.teardown(() => { other.close() })
    embedded = await start(dataDir)
    t.not(embedded.port, 5432)
    t.equal(embedded.reused, false)
    t.match((await ask(embedded.url, 'select version(), usesuper from pg_user'))[0], { version: /PostgreSQL 18/, usesuper: true })
    t.equal(statSync(path.join(dataDir, 'pg-password')).mode & 0o777, 0o600, 'the password is nobody else\'s')
    t.same(await ask(embedded.url, "select lower('Ñ') = 'ñ' as knows"), [{ knows: true }], 'lower() knows more than ASCII')
  })

  await t.test('a second start while it runs uses the same server', async t => {
    const second = await start(dataDir)
    t.match(second, { port: embedded.port, pid: embedded.pid, reused: true })
  })

  await t.test('a start with another password says so', async t => {
    const file = path.join(dataDir, 'pg-password')
    const password = readFileSync(file)
    writeFileSync(file, 'wrong')
    await t.rejects(start(dataDir), /does not accept the owner's password/)
    writeFileSync(file, password)
  })

  await t.test('stops soon although connections are open and busy', async t => {
    await ask(embedded.url, 'create table kept (n int); insert into kept values (7)')
    const busy = new pg.Client({ connectionString: embedded.url })
    const idle = new pg.Client({ connectionString: embedded.url })
    for (const client of [busy, idle]) {
      client.on('error', () => {})
      await client.connect()
    }
    await idle.query('begin')
    const cut = t.rejects(busy.query('select pg_sleep(60)'), 'the query that runs is cut')
    const from = performance.now()
    await embedded.stop()
    t.ok(performance.now() - from < 30_000, 'long before the query would have ended')
    await cut
    await t.rejects(ask(embedded.url, 'select 1'), /ECONNREFUSED/, 'nothing listens any more')
    t.notOk(existsSync(path.join(embedded.data, 'postmaster.pid')), 'it ended in order')
    await t.resolves(embedded.stop(), 'a second stop is nothing')
  })

  await t.test('a second start finds the data', async t => {
    embedded = await start(dataDir)
    t.equal(embedded.reused, false)
    t.same(await ask(embedded.url, 'select n from kept'), [{ n: 7 }])
  })

  await t.test('a pid file left by a server that was killed is no obstacle', async t => {
    process.kill(embedded.pid, 'SIGKILL')
    embedded = await start(dataDir)
    t.same(await ask(embedded.url, 'select n from kept'), [{ n: 7 }])
    await embedded.stop()
  })

  await t.test('nor one whose pid now is somebody else, as in a container that was killed', async t => {
    writeFileSync(path.join(embedded.data, 'postmaster.pid'), `${process.pid}\n${embedded.data}\n1\n${embedded.port}\n\n127.0.0.1\n\nready   \n`)
    embedded = await start(dataDir)
    t.equal(embedded.reused, false)
    t.same(await ask(embedded.url, 'select n from kept'), [{ n: 7 }])
    await embedded.stop()
  })

  await t.test('a folder of another major version is refused with what to do', async t => {
    const file = path.join(embedded.data, 'PG_VERSION')
    const version = readFileSync(file)
    writeFileSync(file, '17\n')
    await t.rejects(start(dataDir), /made by PostgreSQL 17 .* restore a backup/)
    writeFileSync(file, version)
  })

  await t.test('a server that cannot start says why', async t => {
    await t.rejects(startEmbedded({ dataDir, settings: { shared_buffers: 'many' } }), /shared_buffers/)
  })
})

t.test('two processes that start at once on an empty folder share one server, which outlives their kill -9', async t => {
  const dataDir = folder(t)
  const children = [hold(dataDir), hold(dataDir)]
  const [one, two] = await Promise.all(children.map(async child => await firstLine(child)))
  t.equal(one?.pid, two?.pid, 'one server')
  t.equal([one, two].filter(found => found?.reused === false).length, 1, 'one of them started it')
  for (const child of children) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const third = await start(dataDir)
  t.match(third, { pid: one?.pid, reused: true }, 'the next start finds it')
  await third.stop()
  await t.rejects(ask(third.url, 'select 1'), /ECONNREFUSED/, 'and may stop it')
})

t.test('as root, below a folder that only root may enter', { skip: !root && 'not root' }, async t => {
  const dataDir = folder(t, 0o700)
  const first = await start(dataDir)
  t.notOk(first.data.startsWith(dataDir), 'the data are elsewhere')
  t.equal(readFileSync(path.join(dataDir, 'pg-location'), 'utf8').trim(), first.data, 'and the folder says where')
  await ask(first.url, 'create table kept (n int)')
  await first.stop()
  const second = await start(dataDir)
  t.same(await ask(second.url, 'select count(*)::int as n from kept'), [{ n: 0 }], 'the second start finds them')
  await second.stop()
})

t.test('binaries that only root may reach, without the links that npm drops, are copied whole', { skip: !root && 'not root' }, async t => {
  const hidden = folder(t, 0o700)
  const name = `test-${process.pid}`
  t.teardown(() => { rmSync(`/var/lib/pasarela/postgres-0-${name}`, { recursive: true, force: true }) })
  const native = path.join(hidden, 'package', 'native')
  cpSync(installed().folder, native, { recursive: true, verbatimSymlinks: true })
  const link = 'lib/libpq.so.5'
  if (lstatSync(path.join(native, link), { throwIfNoEntry: false })) unlinkSync(path.join(native, link))
  const runAs = { uid: 65534, gid: 65534 }
  const copy = postgresBinaries(runAs, { folder: native, version: '0', name })
  t.not(copy.folder, native)
  t.ok(lstatSync(path.join(copy.folder, link)).isSymbolicLink())
  t.ok(asUser(runAs, '"$0" --version', path.join(copy.folder, 'bin/postgres')), 'the server\'s user can run it')
  t.same(postgresBinaries(runAs, { folder: native, version: '0', name }), copy, 'it is made once')
})

/** A process that starts the server, tells, and waits for its end. */
function hold (dataDir: string): ChildProcess {
  const script = `
    import { startEmbedded } from ${JSON.stringify(new URL('embedded.ts', import.meta.url).href)}
    const { pid, port, reused } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, settings: ${JSON.stringify(settings)} })
    console.log(JSON.stringify({ pid, port, reused }))
    process.stdin.resume()`
  return spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH } })
}

async function firstLine (child: ChildProcess): Promise<{ pid: number, port: number, reused: boolean }> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    if (text.includes('\n')) return JSON.parse(text)
  }
  throw new Error('the process ended without a word')
}
