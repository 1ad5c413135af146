/** The server as it is started in production: a process of its own, that can be told to stop, or killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Teardown } from './database.ts'

export interface ServerProcess {
  /** Where it listens; known once it is up. */
  url: string
  pid: number
  /** Resolves when it serves; rejects when it ends instead. */
  up: Promise<void>
  ended: Promise<{ code: number | null, signal: NodeJS.Signals | null }>
  /** All that it wrote. */
  output: () => string
  kill: (signal: NodeJS.Signals) => void
}

const checkout = path.join(import.meta.dirname, '../..')
/** What a server gets of our own environment: where things are, and how the runner loads packages (scripts/test-bundles.ts). */
const passed = Object.fromEntries(['PATH', 'HOME', 'TMPDIR', 'NODE_OPTIONS', 'TEST_BUNDLES'].map(name => [name, process.env[name]]))

/** Starts core/server.ts with this environment and nothing of the test runner's. It is killed at teardown. */
export function startServer (t: Teardown, env: Record<string, string>): ServerProcess {
  return startProcess(t, { entry: 'core/server.ts', says: /Pasarela is up at (\S+)/ }, env)
}

/** Starts core/worker.ts in the same way; it takes no requests. LOG_LEVEL must let `info` through, or nobody hears that it is up. */
export function startWorker (t: Teardown, env: Record<string, string>): ServerProcess {
  return startProcess(t, { entry: 'core/worker.ts', says: /the worker works/ }, env)
}

function startProcess (t: Teardown, { entry, says }: { entry: string, says: RegExp }, env: Record<string, string>): ServerProcess {
  const child = spawn(process.execPath, ['--max-semi-space-size=64', '--conditions=pasarela', entry], {
    cwd: checkout,
    env: { ...passed, NODE_COMPILE_CACHE: path.join(tmpdir(), 'pasarela-test-compiled'), PASARELA_CONSOLE: 'false', PASARELA_DEMO_SHOP: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  const ended = new Promise<{ code: number | null, signal: NodeJS.Signals | null }>(resolve => child.once('close', (code, signal) => resolve({ code, signal })))
  const server: ServerProcess = {
    url: `http://127.0.0.1:${env.PORT}`,
    pid: child.pid!,
    ended,
    output: () => output,
    kill: signal => { child.kill(signal) },
    up: new Promise<void>((resolve, reject) => {
      const read = (chunk: string): void => {
        output += chunk
        const said = says.exec(output)
        if (said === null) return
        if (env.PORT === '0' && said[1] !== undefined) server.url = said[1]
        resolve()
      }
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read)
      void ended.then(({ code, signal }) => reject(new Error(`the server ended before it was up (${signal ?? code}):\n${output.slice(-3000)}`)))
    })
  }
  server.up.catch(() => {}) // whoever waits for it is told
  t.teardown(async () => { await end(child, ended) })
  return server
}

async function end (child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}

/** Free a moment ago, and below the ports that systems hand out by themselves: no other test's server comes to sit there while ours is down. */
export async function freePort (): Promise<number> {
  const port = randomInt(10_000, 32_768)
  const server = createServer()
  const free = await new Promise<boolean>(resolve => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)))
  if (!free) return await freePort()
  await new Promise<void>(resolve => server.close(() => resolve()))
  return port
}
