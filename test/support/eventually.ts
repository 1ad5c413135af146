import { setTimeout as pause } from 'node:timers/promises'

export interface Patience {
  /** At the latest, ms. */
  withinMs?: number
  /** Between two looks, ms. */
  everyMs?: number
}

/**
 * Looks until what it sees is there: anything but `false`, `undefined` and `null`, which it gives back. Bounded; says what
 * was waited for, and the last thing that went wrong. A test never sleeps for a time that somebody guessed.
 */
export async function eventually<T> (what: string, look: () => T | Promise<T>, { withinMs = 10_000, everyMs = 20 }: Patience = {}): Promise<Exclude<T, false | undefined | null>> {
  const end = performance.now() + withinMs
  let failure: unknown
  for (;;) {
    failure = undefined
    const seen = await Promise.resolve().then(look).catch((error: unknown) => { failure = error })
    if (failure === undefined && seen !== undefined && seen !== null && seen !== false) return seen as Exclude<T, false | undefined | null>
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms for this, in vain: ${what}`, failure === undefined ? {} : { cause: failure })
    await pause(everyMs)
  }
}
