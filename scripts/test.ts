/**
 * `npm test`: one PostgreSQL for all test files, a migrated template in it, and at the end one line with the counts.
 * Arguments name files, folders or patterns: `npm test -- core/payments` or `node scripts/test.ts core/db/pool.test.ts`.
 */
import { chmodSync, existsSync, globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { isAlive, runningPostmaster } from '../core/db/postmaster.ts'
import { ensureTemplate, startTestCluster, type TestCluster } from '../test/support/cluster.ts'
import { bundlePackages } from './test-bundles.ts'
import { runTestFiles, type TestFile } from './test-files.ts'

const checkout = path.join(import.meta.dirname, '..')
const prefix = 'pasarela-test-run-'

sweep()
const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`))
chmodSync(folder, 0o755) // as root, the server runs as nobody and must get in
const embedded = await startTestCluster(folder)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
let ended: TestFile[] = []
try {
  const cluster: TestCluster = { url: embedded.url, template: await ensureTemplate(embedded.url) }
  const files = wanted(process.argv.slice(2))
  const bundles = path.join(folder, 'bundles')
  ended = await runTestFiles(files, {
    cwd: checkout,
    // One more than there are cores: some wait for a timer or a browser most of the time.
    jobs: availableParallelism() + 1,
    timeoutMs: 600_000,
    // Each file is a process of its own that reads most of the hub: what is compiled once is kept.
    env: {
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'pasarela-test-compiled'),
      ...process.env,
      ...(files.length > 20 && { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${await bundlePackages(bundles)}`, TEST_BUNDLES: bundles }),
      PASARELA_TEST_CLUSTER: JSON.stringify(cluster)
    },
    signal: stop.signal,
    onEnd: say
  })
} finally {
  await embedded.stop()
  rmSync(folder, { recursive: true, force: true })
  rmSync(embedded.data, { recursive: true, force: true })
}
const count = (of: 'passed' | 'failed'): number => ended.reduce((sum, file) => sum + file[of], 0)
if (ended.length > 20) console.log(`slowest: ${ended.toSorted((one, other) => other.ms - one.ms).slice(0, 60).map(({ name, ms }) => `${name} ${Math.round(ms / 1000)} s`).join(', ')}`)
console.log(`${count('passed')} passed, ${count('failed')} failed`)
process.exitCode = ended.length > 0 && count('failed') === 0 ? 0 : 1

/** The test files that the arguments name: files, folders, or patterns; all of them when none is named. */
function wanted (given: readonly string[]): string[] {
  const all = globSync('{core,plugins,adapters,migrations,scripts,sdk,tenants-ui,test}/**/*.test.ts', { cwd: checkout, exclude: name => /(^|\/)(node_modules|dist|\.tap|tap-testdir.*)$/.test(name) }).toSorted()
  if (given.length === 0) return spread(all)
  const named = given.flatMap(argument => {
    const name = path.relative(checkout, path.resolve(argument))
    const found = all.filter(file => file === name || file.startsWith(`${name}/`) || path.matchesGlob(file, name))
    if (found.length === 0) throw new Error(`no test file is called ${argument}`)
    return found
  })
  return [...new Set(named)]
}

/** The stories of the whole (`test/`) start servers of their own and take longest: they begin early, and as few as can be at a time. */
function spread (files: readonly string[]): string[] {
  const isStory = (file: string): boolean => file.startsWith('test/')
  const stories = files.filter(isStory)
  const others = files.filter(file => !isStory(file))
  const between = Math.floor(others.length * 0.8 / Math.max(1, stories.length))
  return [...stories.flatMap((story, n) => [story, ...others.slice(n * between, (n + 1) * between)]), ...others.slice(stories.length * between)]
}

function say ({ name, passed, failed, failures, ms }: TestFile): void {
  if (failed === 0 && !process.stdout.isTTY) return
  console.log(`${failed === 0 ? 'ok' : 'FAILED'} ${name}: ${passed} passed, ${failed} failed, ${Math.round(ms)} ms`)
  for (const { name, diagnosis } of failures) console.log(`failed: ${name} ${diagnosis.slice(0, 4000)}`)
}

/** Ends and removes what a runner left that was killed outright. */
function sweep (): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    if (!pid || isAlive(Number(pid))) continue
    const left = path.join(tmpdir(), name)
    try {
      const server = existsSync(path.join(left, 'pg')) ? runningPostmaster(path.join(left, 'pg')) : undefined
      if (server) process.kill(server.pid, 'SIGQUIT')
      rmSync(left, { recursive: true, force: true, maxRetries: 5 })
    } catch {} // another user's
  }
}
