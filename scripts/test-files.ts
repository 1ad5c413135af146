import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { countTap, type Run } from './count-tap.ts'

export interface TestFile extends Run {
  name: string
  ms: number
}

export interface TestFilesOptions {
  cwd: string
  /** How many at a time. */
  jobs: number
  /** A file that takes longer is ended with all that it started, and has failed. */
  timeoutMs: number
  env: NodeJS.ProcessEnv
  /** Ends what runs; what did not run has failed. */
  signal?: AbortSignal
  /** Told of each file as it ends. */
  onEnd?: (file: TestFile) => void
}

/**
 * Each file is a process of its own that prints TAP. Started as plain Node, without tap's runner: its loaders
 * (transpiling, coverage) would cost more than most of our files need to run.
 */
export async function runTestFiles (names: readonly string[], options: TestFilesOptions): Promise<TestFile[]> {
  const ended: TestFile[] = []
  const waiting = names.values()
  const worker = async (): Promise<void> => {
    for (const name of waiting) {
      const file = options.signal?.aborted ? lost(name, 'the run ended before it') : await runTestFile(name, options)
      ended.push(file)
      options.onEnd?.(file)
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, worker))
  return ended
}

async function runTestFile (name: string, { cwd, timeoutMs, env, signal }: TestFilesOptions): Promise<TestFile> {
  const from = performance.now()
  const child = spawn(process.execPath, ['--max-semi-space-size=64', '--conditions=pasarela', name], {
    cwd,
    env: { ...env, TAP: '1', TAP_TIMEOUT: String(timeoutMs / 1000) },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true // a group of its own, so that its servers end with it
  })
  let ended: string | undefined
  const killGroup = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {} // it is gone
  }
  const end = (why: string): void => {
    ended = why
    killGroup()
  }
  const timer = setTimeout(() => end(`not done after ${timeoutMs} ms`), timeoutMs)
  const abort = (): void => end('the run was ended')
  signal?.addEventListener('abort', abort)
  child.once('exit', killGroup) // what it left behind would hold its output open
  const exited = new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(String(error)))
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${code ?? signal}`))
  })
  const run = await countTap(child.stdout)
  const exit = ended ?? await exited
  clearTimeout(timer)
  signal?.removeEventListener('abort', abort)
  const ms = performance.now() - from
  if (run.failed === 0 && (exit !== undefined || run.unread)) {
    const { failures, failed } = lost(name, exit ?? 'it printed no whole TAP')
    return { ...run, name, ms, failures, failed }
  }
  return { ...run, name, ms }
}

function lost (name: string, why: string): TestFile {
  return { name, ms: 0, passed: 0, failed: 1, unread: false, failures: [{ name, diagnosis: why }] }
}
