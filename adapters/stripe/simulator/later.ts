export interface Timers {
  set: (run: () => void, ms: number) => unknown
  clear: (timer: unknown) => void
}

export const realTimers: Timers = {
  set: (run, ms) => setTimeout(run, ms).unref(),
  clear: timer => clearTimeout(timer as NodeJS.Timeout)
}

interface Waiting { timer: unknown, step: () => void, due: number }

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
    this.#wait(this.#soon, ms, 0, step)
  }

  /** Something that happens at a time (seconds). */
  at (due: number, step: () => void): void {
    this.#wait(this.#dated, Math.max(0, due - this.#now()) * 1000, due, step)
  }

  /** Lets every moment pass at once, and what is due by the clock happen. */
  advance (): void {
    for (const each of [...this.#soon]) this.#run(this.#soon, each)
    for (const each of [...this.#dated]) if (each.due <= this.#now()) this.#run(this.#dated, each)
  }

  stop (): void {
    for (const each of [...this.#soon, ...this.#dated]) this.#timers.clear(each.timer)
    this.#soon.clear()
    this.#dated.clear()
  }

  #wait (among: Set<Waiting>, ms: number, due: number, step: () => void): void {
    const waiting: Waiting = { timer: undefined, step, due }
    waiting.timer = this.#timers.set(() => this.#run(among, waiting), ms)
    among.add(waiting)
  }

  #run (among: Set<Waiting>, waiting: Waiting): void {
    if (!among.delete(waiting)) return
    this.#timers.clear(waiting.timer)
    waiting.step()
  }
}
