import { ProviderError } from './problems.ts'

export interface RateLimiterOptions {
  /** Monotonic milliseconds. */
  now?: () => number
  /** Calls back once after `ms`; what it returns calls that off. */
  setTimer?: (callback: () => void, ms: number) => () => void
  /**
   * How much of a second's allowance may go out at once. Small, because a provider counts per second: in any second at
   * most `(1 + burstSeconds) × perSecond` requests leave.
   */
  burstSeconds?: number
  /** How many may wait for one key. */
  maxWaiting?: number
}

export interface RateLimiter {
  /**
   * Resolves, first come first served, when one more request of `key` may leave. Rejects at once with `rate_limited`
   * (reached: nowhere) when that would take longer than `maxWaitMs`.
   */
  take: (key: string, perSecond: number, maxWaitMs: number) => Promise<void>
  /** The provider asked for silence (`Retry-After`): nothing of `key` leaves for `ms`, and who cannot wait so long is refused now. */
  pause: (key: string, ms: number) => void
  /** Refuses all who wait and calls off every timer. */
  close: () => void
  /** Keys that are remembered now: a rested one is forgotten. */
  readonly size: number
}

interface Waiter {
  resolve: () => void
  reject: (error: ProviderError) => void
  /** By when it must leave, ms. */
  deadline: number
}

interface Bucket {
  perSecond: number
  tokens: number
  /** When `tokens` was true. In the future while paused: nothing is earned in a pause. */
  at: number
  waiting: Waiter[]
  /** Index of the first in `waiting`: shifting a long array for each one would cost its length. */
  head: number
  stop: (() => void) | undefined
}

const sweepFloor = 1024

/** A token bucket per key, in memory: the limits of one process. */
export function createRateLimiter (options: RateLimiterOptions = {}): RateLimiter {
  const now = options.now ?? (() => performance.now())
  const setTimer = options.setTimer ?? defaultTimer
  const burstSeconds = options.burstSeconds ?? 0.2
  const maxWaiting = options.maxWaiting ?? 10_000
  const buckets = new Map<string, Bucket>()
  let sweepAt = sweepFloor

  const capacity = (bucket: Bucket) => Math.max(1, bucket.perSecond * burstSeconds)
  const waiters = (bucket: Bucket) => bucket.waiting.length - bucket.head

  function bucketOf (key: string, perSecond: number): Bucket {
    let bucket = buckets.get(key)
    if (bucket === undefined) {
      if (buckets.size >= sweepAt) sweep()
      bucket = { perSecond, tokens: 0, at: now(), waiting: [], head: 0, stop: undefined }
      bucket.tokens = capacity(bucket)
      buckets.set(key, bucket)
    }
    return bucket
  }

  function sweep (): void {
    for (const [key, bucket] of buckets) {
      refill(bucket)
      if (waiters(bucket) === 0 && bucket.at <= now() && bucket.tokens >= capacity(bucket)) buckets.delete(key)
    }
    sweepAt = Math.max(sweepFloor, buckets.size * 2)
  }

  function refill (bucket: Bucket): void {
    const time = now()
    if (time <= bucket.at) return
    bucket.tokens = Math.min(capacity(bucket), bucket.tokens + (time - bucket.at) / 1000 * bucket.perSecond)
    bucket.at = time
  }

  /** How long until `place` more tokens (1 is the next) are there, ms. */
  const waitFor = (bucket: Bucket, place: number) =>
    Math.max(0, bucket.at - now()) + Math.max(0, place - bucket.tokens) / bucket.perSecond * 1000

  const ready = (bucket: Bucket) => bucket.tokens >= 1 - 1e-9 && bucket.at <= now()

  function arm (bucket: Bucket): void {
    bucket.stop?.()
    bucket.stop = undefined
    if (waiters(bucket) > 0) bucket.stop = setTimer(() => { release(bucket) }, Math.ceil(waitFor(bucket, 1)))
  }

  function release (bucket: Bucket): void {
    bucket.stop = undefined
    refill(bucket)
    while (waiters(bucket) > 0 && ready(bucket)) {
      bucket.tokens -= 1
      const next = bucket.waiting[bucket.head++] as Waiter
      next.resolve()
    }
    const mostlyGone = bucket.head > 256 && bucket.head * 2 > bucket.waiting.length
    if (mostlyGone || waiters(bucket) === 0) {
      bucket.waiting.splice(0, bucket.head)
      bucket.head = 0
    }
    arm(bucket)
  }

  function take (key: string, perSecond: number, maxWaitMs: number): Promise<void> {
    if (!(perSecond > 0)) throw new RangeError('perSecond must be above zero')
    const bucket = bucketOf(key, perSecond)
    refill(bucket)
    bucket.perSecond = perSecond
    if (waiters(bucket) === 0 && ready(bucket)) {
      bucket.tokens -= 1
      return Promise.resolve()
    }
    const wait = waitFor(bucket, waiters(bucket) + 1)
    if (wait > maxWaitMs || waiters(bucket) >= maxWaiting) return Promise.reject(tooMany(wait))
    return new Promise((resolve, reject) => {
      bucket.waiting.push({ resolve, reject, deadline: now() + maxWaitMs })
      if (bucket.stop === undefined) arm(bucket)
    })
  }

  function pause (key: string, ms: number): void {
    const bucket = bucketOf(key, buckets.get(key)?.perSecond ?? 1)
    refill(bucket)
    bucket.tokens = Math.min(bucket.tokens, 1)
    bucket.at = Math.max(bucket.at, now() + ms)
    const staying: Waiter[] = []
    for (const waiter of bucket.waiting.slice(bucket.head)) {
      const wait = waitFor(bucket, staying.length + 1)
      if (now() + wait > waiter.deadline) waiter.reject(tooMany(wait))
      else staying.push(waiter)
    }
    bucket.waiting = staying
    bucket.head = 0
    arm(bucket)
  }

  function close (): void {
    for (const bucket of buckets.values()) {
      bucket.stop?.()
      for (const waiter of bucket.waiting.slice(bucket.head)) waiter.reject(tooMany(waitFor(bucket, 1)))
    }
    buckets.clear()
  }

  return { take, pause, close, get size () { return buckets.size } }
}

function tooMany (waitMs: number): ProviderError {
  return new ProviderError({ code: 'rate_limited', reached: 'nowhere', retryAfterMs: Math.ceil(waitMs) })
}

function defaultTimer (callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms)
  return () => { clearTimeout(timer) }
}
