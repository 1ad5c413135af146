/** The way out, of the server and of the worker: everything that was opened is closed, in order, within a bound. */
import type { JobsLog } from './log.ts'
import { endsWithin, realAfter, type After } from './timers.ts'

/** Lower first; those of one number together. Embedded PostgreSQL is the last to go: everything before may still need it. */
export const shutdownOrder = { listener: 10, http: 20, workers: 30, sweeper: 40, pools: 50, database: 60 } as const

export interface ShutdownOptions {
  /** For all steps together. Let it be less than what the supervisor waits before it kills (Docker: 10 s, Kubernetes: 30 s). */
  graceMs: number
  log: JobsLog
  exit?: (code: number) => void
  now?: () => number
  after?: After
}

export interface Shutdown {
  /** `close` is told how long it has; it is not waited for any longer. */
  add: (name: string, close: (boundMs: number) => unknown, order: number) => void
  /** Runs the steps and ends the process: 0, or `code`, or 1 when a step failed or was cut off. Asked a second time, it ends at once. */
  run: (reason: string, code?: number) => Promise<void>
  /** Runs on SIGTERM and SIGINT. */
  listen: () => void
  /** Aborted as soon as the shutdown begins. */
  readonly signal: AbortSignal
}

interface Step { name: string, close: (boundMs: number) => unknown, order: number }

/**
 * Ctrl-C below npm arrives twice: once from the terminal, which tells the whole process group, and once from npm, which
 * passes it on. The same signal again within this time is the same Ctrl-C.
 */
const echoMs = 500
const signalNumbers: Record<string, number> = { SIGINT: 2, SIGTERM: 15 }

export function createShutdown ({ graceMs, log, exit = code => { process.exit(code) }, now = Date.now, after = realAfter }: ShutdownOptions): Shutdown {
  const steps: Step[] = []
  const controller = new AbortController()
  let begun: { reason: string, at: number } | undefined

  async function run (reason: string, code = 0): Promise<void> {
    if (begun) {
      if (begun.reason === reason && now() - begun.at < echoMs) return
      log.warn({ reason }, 'asked again to stop: ending at once')
      exit(signalNumbers[reason] === undefined ? 1 : 128 + signalNumbers[reason])
      return
    }
    begun = { reason, at: now() }
    log.info({ reason, graceMs }, 'stopping')
    controller.abort()
    const clean = await inOrder(steps, graceMs)
    log.info({ reason, clean }, 'stopped')
    exit(clean ? code : Math.max(code, 1))
  }

  /**
   * Half of the time belongs to the steps in equal parts, so that the first to hang leaves the others theirs; the rest
   * goes to whoever needs it first.
   */
  async function inOrder (steps: readonly Step[], graceMs: number): Promise<boolean> {
    const groups = [...Map.groupBy(steps, step => step.order)].sort(([a], [b]) => a - b).map(([, group]) => group)
    const reservedMs = graceMs / 2 / Math.max(groups.length, 1)
    const end = now() + graceMs
    let clean = true
    for (const [index, group] of groups.entries()) {
      const boundMs = Math.max(end - now() - reservedMs * (groups.length - 1 - index), reservedMs)
      const results = await Promise.all(group.map(async step => await closes(step, boundMs)))
      clean &&= results.every(Boolean)
    }
    return clean
  }

  async function closes ({ name, close }: Step, boundMs: number): Promise<boolean> {
    const from = now()
    let failed = false
    const closed = Promise.resolve().then(() => close(boundMs)).catch((err: unknown) => {
      failed = true
      log.error({ err, step: name }, 'a step of the shutdown failed')
    })
    if (!await endsWithin(closed, boundMs, after)) {
      log.error({ step: name, boundMs }, 'a step of the shutdown took too long; going on without it')
      return false
    }
    log.debug({ step: name, ms: now() - from }, 'closed')
    return !failed
  }

  return {
    add: (name, close, order) => { steps.push({ name, close, order }) },
    run,
    listen: () => {
      for (const signal of Object.keys(signalNumbers)) process.on(signal, () => run(signal))
    },
    signal: controller.signal
  }
}
