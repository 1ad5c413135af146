export interface KeyCache<T> {
  /** The cached value, or what `load` gives. Callers who ask for the same name at once share one load; a failure is not kept. */
  get: (name: string, load: () => Promise<T>) => Promise<T>
  /** How many values are held, expired ones included. */
  readonly size: number
}

/** Least recently used goes first; nothing outlives `ttlMs`. */
export function createKeyCache<T> (options: { maxEntries: number, ttlMs: number, now: () => Date }): KeyCache<T> {
  const { maxEntries, ttlMs, now } = options
  const held = new Map<string, { value: T, until: number }>()
  const loading = new Map<string, Promise<T>>()

  async function fill (name: string, load: () => Promise<T>): Promise<T> {
    try {
      const value = await load()
      held.set(name, { value, until: now().getTime() + ttlMs })
      if (held.size > maxEntries) held.delete(held.keys().next().value!)
      return value
    } finally {
      loading.delete(name)
    }
  }

  return {
    async get (name, load) {
      const entry = held.get(name)
      held.delete(name)
      if (entry !== undefined && now().getTime() < entry.until) {
        held.set(name, entry)
        return entry.value
      }
      const flight = loading.get(name) ?? fill(name, load)
      // `fill` has not finished: it awaits at least once before it clears its flight.
      loading.set(name, flight)
      return await flight
    },
    get size () {
      return held.size
    }
  }
}
