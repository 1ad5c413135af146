import t, { type Test } from 'tap'
import { runTestFiles } from './test-files.ts'

function files (t: Test, of: Record<string, string>) {
  const cwd = t.testdir(of)
  return { names: Object.keys(of), options: { cwd, jobs: 2, timeoutMs: 60_000, env: process.env } }
}

const good = "console.log('ok 1 - fine\\n1..1')"

t.test('each file counts; one that ends badly without a word has failed', async t => {
  const { names, options } = files(t, { 'a.mjs': good, 'b.mjs': `${good}; process.exitCode = 3`, 'c.mjs': "console.log('not ok 1 - wrong\\n1..1'); process.exitCode = 1", 'd.mjs': '', 'e.mjs': "console.log('ok 1'); process.exit(0)" })
  const told: string[] = []
  const ended = await runTestFiles(names, { ...options, onEnd: ({ name }) => told.push(name) })
  t.same(told.toSorted(), names)
  t.same(Object.fromEntries(ended.map(({ name, passed, failed, failures }) => [name, [passed, failed, failures.map(({ diagnosis }) => diagnosis)]])), {
    'a.mjs': [1, 0, []], 'b.mjs': [1, 1, ['exit 3']], 'c.mjs': [0, 1, ['']], 'd.mjs': [0, 1, ['it printed no whole TAP']], 'e.mjs': [1, 1, ['it printed no whole TAP']]
  })
})

t.test('a file that does not end is ended, and what a file started ends with it', async t => {
  // Its output ends when nobody holds it any more.
  const starts = "import { spawn } from 'node:child_process'; spawn('sleep', ['1000'], { stdio: 'inherit' }).unref();"
  const { names, options } = files(t, { 'a.mjs': `${starts} setInterval(() => {}, 1000)`, 'b.mjs': `${starts} ${good}` })
  const ended = await runTestFiles(names, { ...options, timeoutMs: 3000 })
  t.same(ended.map(({ name, passed, failures }) => [name, passed, failures.map(({ diagnosis }) => diagnosis)]).toSorted(), [['a.mjs', 0, ['not done after 3000 ms']], ['b.mjs', 1, []]])
})

t.test('a run that is ended ends its files, and says that the others did not run', async t => {
  const forever = 'setInterval(() => {}, 1000)'
  const { names, options } = files(t, { 'a.mjs': forever, 'b.mjs': forever, 'c.mjs': forever })
  const stop = new AbortController()
  const running = runTestFiles(names, { ...options, signal: stop.signal })
  setImmediate(() => stop.abort())
  t.same((await running).map(({ failures: [failure] }) => failure?.diagnosis).toSorted(), ['the run ended before it', 'the run was ended', 'the run was ended'])
})
