import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { HubError } from '../errors.ts'
import { type IdKind, publicId } from '../ids.ts'
import { keepListening, stopListening } from './queries.ts'
import { objectOf } from './types.ts'

/** What is told of an event: enough to ask for it, and nothing that is anybody's secret. */
export interface Heard {
  /** The event's type. */
  kind: string
  /** Of what it is about. */
  id: string
  /** Of the event itself. */
  event: string
}

export interface Listener {
  heard: (change: Heard) => void
  /** Something may have been missed. */
  missed: () => void
}

export interface Streams {
  /** From when it resolves on, everything that is written is heard; what it gives ends that. Throws `rate_limited` when too many listen. */
  open: (tenantId: string, mode: Mode, listener: Listener) => Promise<() => void>
  /** A notification, as the database sends it. */
  hear: (payload: string) => void
  /** The database was not heard for a while. */
  resumed: () => void
  close: () => Promise<void>
}

export interface StreamsOptions {
  db: Kysely<Database>
  log: Logger
  perTenant?: number
  perProcess?: number
  /** Calls `work` every `ms` until what it gives is called. */
  every?: (ms: number, work: () => Promise<void>) => () => void
}

/** How long the database believes that somebody listens here, s; it is told anew three times as often. */
const leaseSeconds = 60

/** Who listens to what in this process. The database is told by tenant, so that it sends a word only where somebody listens. */
export function createStreams ({ db, log, perTenant = 50, perProcess = 2_000, every = realEvery }: StreamsOptions): Streams {
  const process = randomUUID()
  const tenants = new Map<string, Set<{ mode: Mode, listener: Listener }>>()
  let count = 0
  let closed = false

  const keep = async (tenantId: string): Promise<void> => { await inTenant(db, tenantId, async db => { await keepListening(db, process, leaseSeconds) }) }
  const leave = async (tenantId: string): Promise<void> => {
    await inTenant(db, tenantId, async db => { await stopListening(db, process) })
      .catch((error: unknown) => { log.warn({ err: error }, 'the end of a stream could not be noted; its lease ends by itself') })
  }
  const stop = every(leaseSeconds / 3 * 1000, async () => {
    for (const tenantId of tenants.keys()) {
      await keep(tenantId).catch((error: unknown) => {
        log.warn({ err: error }, 'the lease of a stream could not be renewed')
        for (const { listener } of tenants.get(tenantId) ?? []) listener.missed()
      })
    }
  })

  return {
    open: async (tenantId, mode, listener) => {
      if (closed) throw new HubError('unavailable', { retryAfterMs: 1000 })
      const known = tenants.get(tenantId) ?? new Set()
      if (known.size >= perTenant || count >= perProcess) throw new HubError('rate_limited', { retryAfterMs: 30_000 })
      tenants.set(tenantId, known)
      const entry = { mode, listener }
      known.add(entry)
      count++
      const end = (): void => {
        if (!known.delete(entry)) return
        count--
        if (known.size > 0 || tenants.get(tenantId) !== known) return
        tenants.delete(tenantId)
        if (!closed) void leave(tenantId)
      }
      try {
        await keep(tenantId)
      } catch (error) {
        end()
        throw error
      }
      return end
    },
    hear: payload => {
      const [tenantId = '', mode, kind = '', subject = '', event = ''] = payload.split(':')
      const listening = tenants.get(tenantId)
      if (listening === undefined) return
      const change: Heard = { kind, id: publicId(objectOf(kind) as IdKind, subject), event: publicId('event', event) }
      for (const entry of listening) if (entry.mode === mode) entry.listener.heard(change)
    },
    resumed: () => { for (const listening of tenants.values()) for (const { listener } of listening) listener.missed() },
    close: async () => {
      closed = true
      stop()
      await Promise.all([...tenants.keys()].map(leave))
      tenants.clear()
    }
  }
}

function realEvery (ms: number, work: () => Promise<void>): () => void {
  const timer = setInterval(() => { void work() }, ms)
  timer.unref()
  return () => { clearInterval(timer) }
}
