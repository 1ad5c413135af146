import { HubError } from '../errors.ts'

export interface FailureCounter {
  /** Throws `rate_limited` when the key has failed too often. */
  check: (key: string) => void
  failed: (key: string) => void
  forget: (key: string) => void
}

export interface FailureOptions { most: number, windowMs: number, now: () => Date, keysMost?: number }

/**
 * Slows down guessing: so many failures of one key in a window, counted in this process. It counts what was typed, known
 * or not, so that it tells nobody which mails exist.
 */
export function createFailureCounter ({ most, windowMs, now, keysMost = 10_000 }: FailureOptions): FailureCounter {
  const counts = new Map<string, { failures: number, until: number }>()
  const current = (key: string) => {
    const count = counts.get(key)
    return count !== undefined && count.until > now().getTime() ? count : undefined
  }
  return {
    check (key) {
      const count = current(key)
      if (count !== undefined && count.failures >= most) throw new HubError('rate_limited', { retryAfterMs: count.until - now().getTime() })
    },
    failed (key) {
      const count = current(key)
      if (count !== undefined) {
        count.failures++
        return
      }
      counts.delete(key) // what is set again stands last, so the first is the oldest
      if (counts.size >= keysMost) counts.delete(counts.keys().next().value!)
      counts.set(key, { failures: 1, until: now().getTime() + windowMs })
    },
    forget (key) { counts.delete(key) }
  }
}
