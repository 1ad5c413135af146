import { setTimeout as pause } from 'node:timers/promises'

export interface Patience {
  /** At the latest, ms. */
  withinMs?: number
  /** Between two looks, ms. */
  everyMs?: number
}

/** Of a time in which nobody looked only so much counts: the machine may have stood still, and what is waited for with it. */
const standstillMs = 5_000

/**
 * Looks until what it sees is there: anything but `false`, `undefined` and `null`, which it gives back. Bounded; says what
 * was waited for, and the last thing that went wrong. A test never sleeps for a time that somebody guessed.
 */
export async function eventually<T> (what: string, look: () => T | Promise<T>, { withinMs = 30_000, everyMs = 20 }: Patience = {}): Promise<Exclude<T, false | undefined | null>> {
  let waited = 0
  let before = performance.now()
  let failure: unknown
  for (;;) {
    failure = undefined
    const seen = await Promise.resolve().then(look).catch((error: unknown) => { failure = error })
    if (failure === undefined && seen !== undefined && seen !== null && seen !== false) return seen as Exclude<T, false | undefined | null>
    const now = performance.now()
    waited += Math.min(now - before, standstillMs)
    before = now
    if (waited > withinMs) throw new Error(`waited ${withinMs} ms for this, in vain: ${what}`, failure === undefined ? {} : { cause: failure })
    await pause(everyMs)
  }
}
