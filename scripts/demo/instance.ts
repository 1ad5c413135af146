import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { variables } from '../../core/config-table.ts'
import { runningPostmaster } from '../../core/db/postmaster.ts'
import type { FirstRun } from '../../core/demo/first-run.ts'
import { eventually, Unexpected } from './expect.ts'

const root = path.join(import.meta.dirname, '../..')
const startMs = 90_000
const stopMs = 10_000

/** One installation in a folder of its own: what `npm start` runs, with nothing of this machine's configuration. */
export class Instance {
  readonly dataDir: string
  #child: ChildProcess | undefined
  #exited: Promise<number | null> = Promise.resolve(null)

  constructor () {
    this.dataDir = mkdtempSync(path.join(tmpdir(), 'pasarela-demo-'))
    // Below root, PostgreSQL runs as another user, which must get through. What is secret in here has its own mode.
    chmodSync(this.dataDir, 0o711)
  }

  get firstRunFile (): string {
    return path.join(this.dataDir, 'first-run.json')
  }

  get logFile (): string {
    return path.join(this.dataDir, 'server.log')
  }

  firstRun (): FirstRun | undefined {
    return existsSync(this.firstRunFile) ? JSON.parse(readFileSync(this.firstRunFile, 'utf8')) as FirstRun : undefined
  }

  /** Resolves when it says that it is up. */
  async start (): Promise<FirstRun> {
    const log = createWriteStream(this.logFile, { flags: 'a' })
    const child = spawn(process.execPath, ['--conditions=pasarela', 'core/server.ts'], { cwd: root, env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    this.#exited = new Promise(resolve => {
      child.once('exit', code => { resolve(code) }).once('error', () => { resolve(null) })
    })
    const look = async (): Promise<string> => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Unexpected('the server starts', 'a running process', `it ended with ${child.exitCode ?? child.signalCode}`)
      return output
    }
    await eventually('the server says that it is up', look, /Pasarela is up at/, startMs)
    return this.firstRun()!
  }

  /** As a supervisor stops it. Answers its exit code and how long it took. */
  async stop (): Promise<{ code: number | null, ms: number }> {
    const child = this.#child
    const from = performance.now()
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return { code: child?.exitCode ?? null, ms: 0 }
    const killer = setTimeout(() => child.kill('SIGKILL'), stopMs)
    child.kill('SIGTERM')
    const code = await this.#exited
    clearTimeout(killer)
    return { code, ms: performance.now() - from }
  }

  /** The last lines that the server wrote. */
  log (lines = 20): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : ''
  }

  /** Nothing stays: neither a process nor a file. */
  async remove (): Promise<void> {
    await this.stop()
    const note = path.join(this.dataDir, 'pg-location')
    const data = existsSync(note) ? readFileSync(note, 'utf8').trim() : path.join(this.dataDir, 'pg')
    const left = existsSync(data) ? runningPostmaster(data) : undefined // the server was killed before it could stop its database
    if (left !== undefined) {
      process.kill(left.pid, 'SIGQUIT')
      await eventually('the database ends', async () => runningPostmaster(data) === undefined, true, stopMs)
    }
    if (existsSync(note)) rmSync(path.dirname(data), { recursive: true, force: true })
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  #environment (): NodeJS.ProcessEnv {
    const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('PASARELA_') && !Object.hasOwn(variables, name))
    return {
      ...Object.fromEntries(ours),
      PORT: '0',
      LOG_LEVEL: 'warn',
      PASARELA_DEMO_SHOP: 'false', // what it shows is its own
      PASARELA_DATA_DIR: this.dataDir,
      // As in production, only sooner: nobody wants to watch a demo wait.
      RESOLVER_SCHEDULE: '1s,2s,5s,15s,1m',
      SWEEP_INTERVAL_MS: '500'
    }
  }
}
