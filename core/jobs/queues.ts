/**
 * The queues: what wakes a worker as soon as there is work. They are a fast copy and never the truth. What has work is a
 * row with `next_run_at`; a job holds that row's ids, may be lost at any time, and is then made again by the sweeper.
 */
import type { Queue } from 'bullmq'
import { publicId } from '../ids.ts'
import { isTracing, traceparent } from '../telemetry/spans.ts'
import { queueTelemetry } from '../telemetry/queue-telemetry.ts'
import { atWork, noteWork } from '../telemetry/work.ts'
import { jobKinds, type JobKind, type JobRef } from './kinds.ts'
import { quietErrors, type JobsLog } from './log.ts'
import { createPostgresStore } from './postgres-store.ts'
import { createRedisStore } from './redis-store.ts'
import { boundedBy, endsWithin } from './timers.ts'
import { keepWorking, type WorkerLoop } from './worker-loop.ts'

export interface QueuesOptions<Kind extends string = JobKind> {
  /** Of the role `pasarela_queue`. */
  databaseQueueUrl: string
  /** `redis://` or `rediss://` moves the queues there. */
  queueUrl?: string | undefined
  /** A job is its worker's for so long; the worker renews it while it lives. */
  lockMs: number
  /** How often workers look for jobs whose lock expired. A killed worker's job is back after `lockMs` + 2 × `stalledMs` at most. */
  stalledMs: number
  log: JobsLog
  kinds?: readonly Kind[]
}

export interface EnqueueOptions {
  /**
   * Lets a row be queued again while a job of an earlier round still runs. Without it the row's next job waits for the
   * sweeper (see `jobId`). Only for a caller that made new work for a row it knows to be busy.
   */
  round?: number
  /** Under which name the board shows the job, and how many of its queue stay there when they have ended, with what they told. Only where every job has an id of its own (`round`). */
  board?: { name: string, kept: number }
}

export interface Job extends JobRef {
  /** 1, and one more each time a worker died or stalled while it held this job. */
  attempt: number
}
export type JobHandler = (job: Job) => Promise<unknown>
export interface WorkOptions {
  concurrency: number
  /** The board shows what the handler answered, or that it failed and why: for jobs that are kept. */
  told?: boolean
}
export interface JobCounts { waiting: number, active: number }

export interface Queues<Kind extends string = JobKind> {
  /**
   * After the commit, for the rows that have work now. Never rejects and never takes long: a queue that is away is
   * logged, the caller's work is committed, and the sweeper brings the rows. There is no delay: work for later is a
   * `next_run_at` (a delayed job would occupy the id, and so hold back work that cannot wait).
   */
  enqueue: (kind: Kind, jobs: readonly JobRef[], options?: EnqueueOptions) => Promise<void>
  /**
   * Gives `handler` the jobs of a kind. It may get a row that has nothing to do any more, or get one twice at once (a
   * lock that expired): it locks the row and looks. What it throws is logged and ends the job.
   */
  work: (kind: Kind, handler: JobHandler, options: WorkOptions) => void
  /** Takes no further jobs, lets handlers end within the bound, closes every connection. Jobs cut off go to another worker. */
  close: (boundMs?: number) => Promise<void>
  /** Resolves when the store answers and every worker listens; rejects when that takes too long. */
  ready: () => Promise<void>
  counts: () => Promise<Record<Kind, JobCounts>>
  /** For bull-board. */
  readonly boardQueues: Queue[]
}

const enqueueMs = 5_000
const readyMs = 10_000
const closeMs = 20_000
const bulkSize = 1_000
const keptEvents = 1_000 // per queue; nothing of ours reads them

export async function createQueues<Kind extends string = JobKind> (options: QueuesOptions<Kind>): Promise<Queues<Kind>> {
  const { log, lockMs, stalledMs, kinds = jobKinds as readonly string[] as readonly Kind[] } = options
  const report = quietErrors({ log })
  let closed = false
  const onError = (error: Error, where: string): void => { if (!closed) report(error, where) }
  const store = openStore(options, onError)
  const telemetry = isTracing() ? { telemetry: queueTelemetry() } : {}
  const queues = new Map(kinds.map(kind => [kind, store.createQueue(kind, {
    // The row is the truth: nothing is kept of a job that ended, or its id could not be queued again. Retries are the row's.
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    streams: { events: { maxLen: keptEvents } },
    ...telemetry
  })]))
  for (const [kind, queue] of queues) queue.on('error', error => { onError(error, kind) })
  const loops = new Map<Kind, WorkerLoop>()
  const running = new Map<Kind, number>()
  let closing: Promise<void> | undefined

  async function closeNow (boundMs: number): Promise<void> {
    if (!await endsWithin(Promise.all([...loops.values()].map(async loop => await loop.stop())), boundMs * 0.8)) {
      log.warn({ running: Object.fromEntries([...running].filter(([, count]) => count > 0)) }, 'jobs were still running when the time was up; another worker will take them')
      await Promise.all([...loops.values()].map(async loop => await loop.abandon()))
    }
    closed = true // until here a handler could still enqueue
    const connections = Promise.allSettled([...queues.values()].map(async queue => await queue.close())).then(store.close)
    if (!await endsWithin(connections, boundMs * 0.2)) log.warn({}, 'connections of the queues were left open')
  }

  try {
    await boundedBy(Promise.all([store.check(), ...[...queues.values()].map(async queue => await queue.waitUntilReady())]), readyMs, 'connecting to the queues')
  } catch (error) {
    await closeNow(1_000)
    throw error
  }

  return {
    enqueue: async (kind, jobs, { round, board } = {}) => {
      if (closed || jobs.length === 0) return
      const queue = queueOf(queues, kind)
      const alone = isTracing() && traceparent() === null // then BullMQ does not say whose the job is
      const entries = jobs.map(({ tenantId, id, trace }) => ({
        name: board === undefined ? kind as string : board.name,
        data: { tenantId, id },
        opts: { jobId: jobId(kind, id, round), ...(board !== undefined && { removeOnComplete: { count: board.kept }, removeOnFail: { count: board.kept } }), ...(alone && trace !== undefined && { telemetry: { metadata: trace } }) }
      }))
      try {
        for (let start = 0; start < entries.length; start += bulkSize) {
          const some = entries.slice(start, start + bulkSize)
          const [only] = some
          const added: Promise<unknown> = only && some.length === 1 ? queue.add(only.name, only.data, only.opts) : queue.addBulk(some)
          await boundedBy(added, enqueueMs, 'enqueueing')
        }
      } catch (error) {
        onError(error as Error, kind)
      }
    },

    work: (kind, handler, { concurrency, told = false }) => {
      queueOf(queues, kind)
      if (closing) throw new Error('the queues are closing')
      if (loops.has(kind)) throw new Error(`jobs of kind ${kind} have a handler already`)
      running.set(kind, 0)
      const create = (): ReturnType<typeof store.createWorker> => {
        const worker = store.createWorker(kind, async job => await atWork({}, async () => {
          const { tenantId, id } = job.data as JobRef
          noteWork({ ...(tenantId.length === 36 && { tenant: publicId('tenant', tenantId) }), job: jobId(kind, id) })
          running.set(kind, (running.get(kind) ?? 0) + 1)
          try {
            const answer = await handler({ tenantId, id, attempt: job.attemptsStarted })
            if (told) return answer
          } catch (err) {
            // Told, not rethrown: BullMQ gives some errors' names and messages a meaning (delay, rate limit), and has no retry to decide on.
            log.error({ err, kind, tenantId, id, attempt: job.attemptsStarted }, 'a job failed; its row says when it runs again')
            if (told) throw new Error(`failed: ${err instanceof Error ? err.message : String(err)}`)
          } finally {
            running.set(kind, (running.get(kind) ?? 0) - 1)
          }
        }), {
          autorun: false,
          concurrency,
          lockDuration: lockMs,
          stalledInterval: stalledMs,
          runRetryDelay: 1_000,
          // A job that takes its worker down comes back each time: whether that goes on is for its row to say (`attempt` tells).
          maxStalledCount: 2 ** 31 - 1,
          ...telemetry
        })
        worker.on('error', error => { onError(error, kind) })
        worker.on('stalled', id => { log.warn({ kind, job: id }, 'a job lost its worker and was queued again') })
        return worker
      }
      loops.set(kind, keepWorking(create, error => { onError(error, kind) }))
    },

    close: async (boundMs = closeMs) => await (closing ??= closeNow(boundMs)),

    ready: async () => {
      await boundedBy(Promise.all([store.check(), ...[...loops.values()].map(async loop => await loop.ready)]), readyMs, 'the queues')
    },

    counts: async () => {
      const counted = [...queues].map(async ([kind, queue]) => {
        const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
        return [kind, { waiting, active }] as const
      })
      return Object.fromEntries(await Promise.all(counted)) as Record<Kind, JobCounts>
    },

    boardQueues: [...queues.values()]
  }
}

/**
 * A row is in the queue at most once: BullMQ ignores a job whose id it has, waiting or running. So a row that gets new
 * work while its job runs would wait for nobody, if the queue were all there is. It is not: the handler that ran leaves
 * the row with its `next_run_at` due, and the sweeper enqueues it once the id is free. (BullMQ's own ids of digits only
 * are forbidden, and so is a colon.)
 */
function jobId (kind: string, id: string, round?: number): string {
  return round === undefined ? `${kind}.${id}` : `${kind}.${id}.${round}`
}

function openStore ({ databaseQueueUrl, queueUrl }: QueuesOptions<string>, onError: (error: Error, where: string) => void): ReturnType<typeof createPostgresStore> {
  if (queueUrl === undefined) return createPostgresStore({ url: databaseQueueUrl, onError })
  if (/^rediss?:\/\//.test(queueUrl)) return createRedisStore({ url: queueUrl, onError })
  throw new Error('QUEUE_URL must begin with redis:// or rediss://; without it the queues are in PostgreSQL')
}

function queueOf<Kind extends string> (queues: Map<Kind, Queue>, kind: Kind): Queue {
  const queue = queues.get(kind)
  if (!queue) throw new Error(`there is no queue for jobs of kind ${kind}`)
  return queue
}
