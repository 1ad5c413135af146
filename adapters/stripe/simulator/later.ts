export interface Timers {
  set: (run: () => void, ms: number) => unknown
  clear: (timer: unknown) => void
}

export const realTimers: Timers = {
  set: (run, ms) => setTimeout(run, ms).unref(),
  clear: timer => clearTimeout(timer as NodeJS.Timeout)
}

interface Waiting { timer: unknown, step: () => void, due: number }

/** Node runs a longer timer at once. */
const longestMs = 2 ** 31 - 1

/** What Stripe does on its own some time after a request. */
export class Later {
  readonly #timers: Timers
  readonly #now: () => number
  readonly #soon = new Set<Waiting>()
  readonly #dated = new Set<Waiting>()

  constructor (timers: Timers, now: () => number) {
    this.#timers = timers
    this.#now = now
  }

  /** Something that takes a moment. */
  add (ms: number, step: () => void): void {
    this.#wait(this.#soon, ms, { timer: undefined, step, due: 0 })
  }

  /** Something that happens at a time (seconds). */
  at (due: number, step: () => void): void {
    this.#wait(this.#dated, Math.max(0, due - this.#now()) * 1000, { timer: undefined, step, due })
  }

  /** Lets every moment pass at once, and what is due by the clock happen, in its order. */
  advance (): void {
    for (const each of [...this.#soon]) this.#run(this.#soon, each)
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#run(this.#dated, next)
  }

  stop (): void {
    for (const each of [...this.#soon, ...this.#dated]) this.#timers.clear(each.timer)
    this.#soon.clear()
    this.#dated.clear()
  }

  #next (): Waiting | undefined {
    let first: Waiting | undefined
    for (const each of this.#dated) if (each.due <= this.#now() && (first === undefined || each.due < first.due)) first = each
    return first
  }

  #wait (among: Set<Waiting>, ms: number, waiting: Waiting): void {
    waiting.timer = this.#timers.set(() => {
      if (ms > longestMs) this.#wait(among, ms - longestMs, waiting)
      else this.#run(among, waiting)
    }, Math.min(ms, longestMs))
    among.add(waiting)
  }

  #run (among: Set<Waiting>, waiting: Waiting): void {
    if (!among.delete(waiting)) return
    this.#timers.clear(waiting.timer)
    waiting.step()
  }
}
