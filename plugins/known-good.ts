export interface KnownGood {
  add: (entry: string | undefined) => void
  has: (entry: string | undefined) => boolean
}

/** A bounded set that forgets what was added longest ago. Only spares a credential a queue: it opens nothing by itself. */
export function createKnownGood ({ maxEntries }: { maxEntries: number }): KnownGood {
  const entries = new Set<string>()
  return {
    add (entry) {
      if (entry === undefined) return
      entries.delete(entry)
      entries.add(entry)
      if (entries.size > maxEntries) entries.delete(entries.values().next().value ?? entry)
    },
    has: entry => entry !== undefined && entries.has(entry)
  }
}
