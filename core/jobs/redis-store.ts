import { Queue, Worker } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import type { QueueStore, StoreOptions } from './store.ts'
import { endsWithin } from './timers.ts'

const prefix = 'pasarela'
const quitMs = 1_000

/** For a deployment that outgrew its database's queues. The rows stay the truth: a Redis that lost everything is swept full again. */
export function createRedisStore ({ url, onError }: StoreOptions): QueueStore {
  const opened: Redis[] = []
  const open = (options: RedisOptions): Redis => {
    const redis = new Redis(url, { ...options, retryStrategy: times => Math.min(times * 100, 2_000) })
    redis.on('error', (error: Error) => { onError(error, 'redis') })
    opened.push(redis)
    return redis
  }
  // Who enqueues is told at once that Redis is away; a worker waits for it. Each worker blocks on a copy of `consumer`.
  const producer = open({ maxRetriesPerRequest: 1 })
  let consumer: Redis | undefined

  return {
    createQueue: (name, options) => new Queue(name, { ...options, prefix, connection: producer }),
    createWorker: (name, processor, options) => {
      consumer ??= open({ maxRetriesPerRequest: null })
      return new Worker(name, processor, { ...options, prefix, connection: consumer })
    },
    check: async () => { await producer.ping() },
    close: async () => {
      await Promise.all(opened.map(async redis => {
        if (redis.status !== 'ready' || !await endsWithin(redis.quit(), quitMs)) redis.disconnect()
      }))
    }
  }
}
