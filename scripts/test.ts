/**
 * `npm test`: one PostgreSQL for all test files, a migrated template in it, tap, and at the end one line with the counts.
 * Arguments go to tap: `npm test -- core/money` or `npm run -s types && node scripts/test.ts core/db/pool.test.ts`.
 */
import { spawn } from 'node:child_process'
import { chmodSync, createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { isAlive, runningPostmaster } from '../core/db/postmaster.ts'
import { ensureTemplate, startTestCluster, type TestCluster } from '../test/support/cluster.ts'
import { countTap, type Run } from './count-tap.ts'

const checkout = path.join(import.meta.dirname, '..')
const prefix = 'pasarela-test-run-'
const killAfterMs = 15_000

sweep()
const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`))
chmodSync(folder, 0o755) // as root, the server runs as nobody and must get in
const embedded = await startTestCluster(folder)
let status = 1
let run: Run = { passed: 0, failed: 0, failures: [], files: [] }
try {
  const cluster: TestCluster = { url: embedded.url, template: await ensureTemplate(embedded.url) }
  const tapFile = path.join(folder, 'all.tap')
  status = await runTap(cluster, tapFile)
  if (existsSync(tapFile)) run = await countTap(createReadStream(tapFile))
} finally {
  await embedded.stop()
  rmSync(folder, { recursive: true, force: true })
  rmSync(embedded.data, { recursive: true, force: true })
}
if (run.files.length > 20) console.log(`slowest: ${run.files.slice(0, 20).map(({ name, ms }) => `${name} ${Math.round(ms / 1000)} s`).join(', ')}`)
for (const { name, diagnosis } of run.failures) console.log(`failed: ${name} ${diagnosis.slice(0, 2000)}`)
console.log(`${run.passed} passed, ${run.failed} failed`)
process.exitCode = status

/** Resolves with what the process should exit with: tap's code, or 128 + the signal as a shell would say it. */
async function runTap (cluster: TestCluster, tapFile: string): Promise<number> {
  const given = process.argv.slice(2)
  const reporter = given.some(argument => /^(-R|--reporter)/.test(argument)) ? [] : ['--reporter=terse']
  const tap = spawn(process.execPath, [path.join(checkout, 'node_modules/tap/dist/esm/run.mjs'), ...reporter, `--output-file=${tapFile}`, ...given], {
    cwd: checkout,
    stdio: ['inherit', process.stdout.isTTY ? 'inherit' : 'pipe', 'inherit'],
    // Each file is a process of its own that reads most of the hub: what is compiled once is kept.
    env: { NODE_COMPILE_CACHE: path.join(tmpdir(), 'pasarela-test-compiled'), ...process.env, PASARELA_TEST_CLUSTER: JSON.stringify(cluster) }
  })
  const written = tap.stdout ? withoutProgress(tap.stdout) : undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      tap.kill(signal)
      setTimeout(() => tap.kill('SIGKILL'), killAfterMs).unref()
    })
  }
  const code = await new Promise<number>((resolve, reject) => {
    tap.once('error', reject)
    tap.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
  await written
  return code
}

/** The reporter draws its progress again and again, terminal or not: in a log only what it says in between is wanted. */
async function withoutProgress (output: Readable): Promise<void> {
  let blank = true
  for await (const raw of createInterface({ input: output })) {
    const line = raw.replaceAll(/\x1b\[[?\d]*[A-Za-z]/g, '') // eslint-disable-line no-control-regex
    if (/^(Asserts|Suites): |^# (No coverage|\{ total|time=)/.test(line) || (blank && line === '')) continue
    blank = line === ''
    console.log(line)
  }
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
