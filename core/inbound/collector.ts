import { sql, type Kysely } from 'kysely'
import type { Database } from '../db/schema.ts'

/** A verified webhook on its way to the disk. */
export interface HookRow {
  tenantId: string
  connectionId: string
  id: string
  mode: string
  provider: string
  verdict: 'verified' | 'unverifiable'
  eventType: string
  dedupeKey: string
  /** By `sealBody`. */
  bodySealed: string
  headers: string
  url: string
}

export interface StoredHook {
  /** False: an event with this key was stored before, and this one only counts. */
  fresh: boolean
  eventId: string
}

export interface CollectorOptions {
  db: Kysely<Database>
  now: () => Date
  /** Batches under way at once. */
  maxInFlight?: number
  maxBatch?: number
}

export interface Collector {
  /** Resolves when the row is committed. Rejects when it is not: then the provider must be told to send it again. */
  store: (row: HookRow) => Promise<StoredHook>
  /** Resolves when nothing is waiting or under way. */
  idle: () => Promise<void>
}

interface Waiting { row: HookRow, resolve: (stored: StoredHook) => void, reject: (error: unknown) => void }

/**
 * Group commit: webhooks that arrive together, of any tenants, share one insert and one commit. While a batch is under way
 * the next one gathers, so the batch grows with the load and a lone webhook waits for nobody.
 */
export function createCollector ({ db, now, maxInFlight = 2, maxBatch = 128 }: CollectorOptions): Collector {
  let waiting: Waiting[] = []
  let inFlight = 0
  let scheduled = false
  const idlers: (() => void)[] = []

  function schedule (): void {
    if (scheduled || inFlight >= maxInFlight || waiting.length === 0) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      flush()
      schedule()
    })
  }

  function flush (): void {
    const batch: Waiting[] = []
    const later: Waiting[] = []
    const keys = new Set<string>()
    for (const item of waiting) {
      // One statement cannot count the same key twice, so its second delivery waits for the next batch.
      const key = `${item.row.connectionId} ${item.row.dedupeKey}`
      if (batch.length < maxBatch && !keys.has(key)) {
        keys.add(key)
        batch.push(item)
      } else later.push(item)
    }
    waiting = later
    if (batch.length === 0) return
    inFlight++
    void write(batch).finally(() => {
      inFlight--
      schedule()
      if (inFlight === 0 && waiting.length === 0) for (const resolve of idlers.splice(0)) resolve()
    })
  }

  async function write (batch: Waiting[]): Promise<void> {
    try {
      const stored = await storeHooks(db, batch.map(({ row }) => row), now())
      batch.forEach((item, index) => item.resolve(stored[index]!))
    } catch (error) {
      // A database that is away refuses each of them as well: the senders are told at once, and come again.
      if (batch.length === 1 || !isAboutRows(error)) return batch.forEach(item => item.reject(error))
      // One poisoned row must not refuse the others: each alone, and only the bad one fails.
      for (const item of batch) await write([item])
    }
  }

  return {
    store: async row => await new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject })
      schedule()
    }),
    idle: async () => {
      if (inFlight > 0 || waiting.length > 0) await new Promise<void>(resolve => idlers.push(resolve))
    }
  }
}

/** SQLSTATE classes that speak of what was sent, or of a lock that another batch held: each row alone may do better. */
const isAboutRows = (error: unknown): boolean => {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^(21|22|23|40|42|54)...$/.test(code)
}

/** One statement, one commit. Always in the order of the keys, so that two batches with the same duplicates wait for each other and do not lock each other out. */
export async function storeHooks (db: Kysely<Database>, given: readonly HookRow[], now: Date): Promise<StoredHook[]> {
  const keyOf = (row: HookRow) => `${row.connectionId} ${row.dedupeKey}`
  const rows = given.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1)
  const column = <K extends keyof HookRow>(name: K) => rows.map(row => row[name])
  const { rows: stored } = await sql<{ event_id: string, fresh: boolean }>`
    select event_id, fresh from gate.store_hooks(
      ${column('tenantId')}::uuid[], ${column('connectionId')}::uuid[], ${column('id')}::uuid[], ${column('mode')}::text[], ${column('provider')}::text[],
      ${column('verdict')}::text[], ${column('eventType')}::text[], ${column('dedupeKey')}::text[], ${column('bodySealed')}::text[], ${column('headers')}::text[], ${column('url')}::text[], ${now})`.execute(db)
  const fresh = new Set(stored.filter(row => row.fresh).map(row => row.event_id))
  return given.map(row => ({ fresh: fresh.has(row.id), eventId: row.id }))
}
