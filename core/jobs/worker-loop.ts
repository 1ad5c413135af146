import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'bullmq'
import { endsWithin } from './timers.ts'

const retryMs = 1_000
const abandonMs = 500

export interface WorkerLoop {
  /** Resolves once the worker listens. */
  ready: Promise<void>
  /** Takes no further job; resolves when those it holds have ended. */
  stop: () => Promise<void>
  /** Lets go of the connections while handlers still run: their jobs' locks expire, and another worker takes them. */
  abandon: () => Promise<void>
}

/**
 * Keeps one worker alive. BullMQ's worker outlives a lost connection, but not a failure while it first connects: it
 * remembers that for ever, so it is made anew. Nor may its main loop end in silence.
 */
export function keepWorking (create: () => Worker, onError: (error: Error) => void): WorkerLoop {
  const stopping = new AbortController()
  let worker = create()
  let connecting = true
  const ready = Promise.withResolvers<void>()

  const ended = (async () => {
    for (;;) {
      try {
        await worker.waitUntilReady()
        connecting = false
        if (stopping.signal.aborted) break
        ready.resolve()
        await worker.run()
      } catch (error) {
        onError(error as Error)
      }
      if (stopping.signal.aborted) break
      await endsWithin(worker.close(true), abandonMs)
      await setTimeout(retryMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) break
      worker = create()
      connecting = true
    }
    await worker.close()
  })()
  ended.catch(onError)

  return {
    ready: ready.promise,
    stop: async () => {
      stopping.abort()
      // Closed while it connects, a worker opens its LISTEN connection all the same and never gives it back.
      if (!connecting) await worker.close()
      await ended
    },
    abandon: async () => {
      await endsWithin(worker.getBackend().close(true), abandonMs)
    }
  }
}
