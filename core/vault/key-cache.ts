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
    const started = load()
    loading.set(name, started)
    try {
      const value = await started
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
      return await (loading.get(name) ?? fill(name, load))
    },
    get size () {
      return held.size
    }
  }
}
