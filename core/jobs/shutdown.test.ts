import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { manualAfter } from './fixtures/manual-after.ts'
import { silent } from './fixtures/silent.ts'
import { inbox, until } from './fixtures/waiting.ts'
import { createShutdown } from './shutdown.ts'

interface Stopping { lines: string[], take: (count: number) => Promise<string[]>, kill: (signal: NodeJS.Signals) => void, exited: Promise<[number | null, string | null]> }

async function start (t: { teardown: (work: () => void) => void }, graceMs: number, drain: string): Promise<Stopping> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'fixtures/stopping-process.ts'), String(graceMs), drain], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const said = inbox<string>()
  createInterface({ input: child.stdout }).on('line', said.put)
  await said.take(1)
  const exited = once(child, 'close', { signal: AbortSignal.timeout(30_000) }) as Promise<[number | null, string | null]>
  return { lines: said.items, take: said.take, kill: signal => { child.kill(signal) }, exited }
}

t.test('SIGTERM closes everything in order and exits with 0', async t => {
  const child = await start(t, 5_000, 'works')
  child.kill('SIGTERM')
  t.same(await child.exited, [0, null])
  t.same(child.lines, ['ready', 'stopping', 'listener', 'workers', 'pools', 'database', 'stopped'])
})

t.test('a step that hangs is left behind, the others have their turn, and the exit code tells', async t => {
  const child = await start(t, 400, 'hangs')
  child.kill('SIGINT')
  t.same(await child.exited, [1, null])
  t.same(child.lines, ['ready', 'stopping', 'listener', 'workers', 'workers: a step of the shutdown took too long; going on without it', 'pools', 'database', 'stopped'])
})

t.test('a step that fails does not keep the others from closing', async t => {
  const child = await start(t, 5_000, 'fails')
  child.kill('SIGTERM')
  t.same(await child.exited, [1, null])
  t.same(child.lines.slice(-3), ['pools', 'database', 'stopped'])
})

t.test('a second signal ends at once', async t => {
  const child = await start(t, 60_000, 'hangs')
  child.kill('SIGTERM')
  await child.take(4)
  child.kill('SIGINT')
  t.same(await child.exited, [130, null])
  t.equal(child.lines.at(-1), 'asked again to stop: ending at once')
})

t.test('the echo of a Ctrl-C, which npm passes on, is not a second one', async t => {
  let time = 0
  const exits: number[] = []
  const clock = manualAfter()
  const shutdown = createShutdown({ graceMs: 1_000, log: silent, exit: code => { exits.push(code) }, now: () => time, after: clock.after })
  shutdown.add('hangs', () => new Promise(() => {}), 10)
  const run = shutdown.run('SIGINT')
  t.ok(shutdown.signal.aborted)
  await shutdown.run('SIGINT')
  t.same(exits, [])
  time = 600
  await shutdown.run('SIGINT')
  t.same(exits, [130])
  clock.fire()
  await run
})

t.test('each step is told how long it has: what is left, less what is kept for those after it', async t => {
  let time = 0
  const bounds: Record<string, number> = {}
  const exits: number[] = []
  const clock = manualAfter()
  const shutdown = createShutdown({ graceMs: 1_000, log: silent, exit: code => { exits.push(code) }, now: () => time, after: clock.after })
  const step = (name: string, takes: number) => (boundMs: number) => {
    bounds[name] = boundMs
    time += takes
  }
  shutdown.add('a', step('a', 100), 1)
  shutdown.add('b', (boundMs: number) => { step('b', boundMs)(boundMs); return new Promise(() => {}) }, 2)
  shutdown.add('c', step('c', 0), 3)
  shutdown.add('c too', step('c too', 0), 3)
  shutdown.add('d', step('d', 0), 4)
  const run = shutdown.run('the database is gone', 3)
  await until('b hangs', async () => bounds.b !== undefined)
  clock.fire()
  await run
  t.same(bounds, { a: 625, b: 650, c: 125, 'c too': 125, d: 250 })
  t.same(exits, [3])
})
