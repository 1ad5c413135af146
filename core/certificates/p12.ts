import { Worker } from 'node:worker_threads'
import { HubError } from '../errors.ts'
import type { OpenedP12, P12Outcome, P12Problem, P12Task } from './p12-worker.ts'

export type { OpenedP12 } from './p12-worker.ts'

export interface P12Limits {
  /** Rounds of a key derivation at most: programs write 1,024 to 600,000. Far above, the file is made to cost. */
  maxRounds?: number
  /** From its turn on. */
  timeLimitMs?: number
}

export type P12Failure = { problem: P12Problem | 'time', detail: string }

const atOnce = 2
/** Longer, and who comes last would wait minutes. */
const longestLine = 30
let free = atOnce
const waiting: (() => void)[] = []

/**
 * Opens a `.p12` in a thread, two at a time in a process, so that no file keeps the server from answering. Never throws for what
 * is in the file; throws `unavailable` when too many wait already.
 */
export async function openP12 (bytes: Uint8Array, passphrases: readonly string[], { maxRounds = 1_000_000, timeLimitMs = 20_000 }: P12Limits = {}): Promise<{ opened: OpenedP12 } | P12Failure> {
  if (waiting.length >= longestLine) throw new HubError('unavailable', { retryAfterMs: 10_000 })
  if (free > 0) free--
  else await new Promise<void>(resolve => { waiting.push(resolve) })
  try {
    return await inThread({ bytes: Uint8Array.from(bytes), passphrases: [...passphrases], maxRounds }, timeLimitMs)
  } finally {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
}

async function inThread (task: P12Task, timeLimitMs: number): Promise<P12Outcome | P12Failure> {
  const worker = new Worker(new URL('./p12-worker.ts', import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 4 }, stdout: true, stderr: true })
  const { promise, resolve } = Promise.withResolvers<P12Outcome | P12Failure>()
  const timer = setTimeout(() => { resolve({ problem: 'time', detail: `${timeLimitMs / 1000}` }) }, timeLimitMs)
  worker.once('message', resolve)
  // Out of memory, or out of stack: the thread ends, the process does not.
  worker.once('error', error => { resolve({ problem: 'unreadable', detail: error.message }) })
  worker.once('exit', code => { resolve({ problem: 'unreadable', detail: `the thread ended with ${code}` }) })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
