import pg from 'pg'
import type { Logger } from 'pino'

export interface Doorbell {
  /** From now on nobody need ring: this process looks by itself. */
  awake: () => void
  /** Resolves once whoever writes an event rings. */
  asleep: () => Promise<void>
  isAwake: () => boolean
  close: () => Promise<void>
}

const againMs = 1000
/** The same as in migrations/0033_deliveries.ts. */
const lock = 'hashtext(\'pasarela deliveries\')'

/**
 * NOTIFY makes commits wait for each other, so events are announced only while every worker sleeps: one that is awake holds a
 * lock, shared with the others, which ends with its connection. A pooler that gives connections per transaction makes it deaf; then
 * a new event waits for the next look.
 */
export function createDoorbell ({ url, log, rung }: { url: string, log: Logger, rung: () => void }): Doorbell {
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let up = false

  async function connect (): Promise<void> {
    const next = new pg.Client({ connectionString: url, application_name: 'pasarela deliveries', keepAlive: true })
    const lost = (error?: Error): void => {
      if (closed || (client !== next && client !== undefined)) return
      client = undefined
      up = false
      if (error !== undefined) log.warn({ err: error }, 'new events are not heard of at once; trying again')
      next.end().catch(() => {})
      clearTimeout(timer)
      timer = setTimeout(() => { void connect() }, againMs)
    }
    next.on('error', lost)
    next.on('end', () => { lost() })
    next.on('notification', rung)
    try {
      await next.connect()
      await next.query('listen deliveries_due')
      if (closed) return await next.end()
      client = next
      rung()
    } catch (error) {
      lost(error as Error)
    }
  }
  const connecting = connect()

  let last: Promise<unknown> = connecting
  /** One after the other: a client does not queue them by itself. */
  const say = (holder: pg.Client, what: string): Promise<unknown> => (last = last.then(async () => await holder.query(what)).catch(() => { if (client === holder) up = false }))

  return {
    awake: () => {
      if (up || client === undefined) return
      up = true
      // Waits at most for a transaction that is writing an event.
      void say(client, `select pg_advisory_lock_shared(${lock})`)
    },
    asleep: async () => {
      if (!up || client === undefined) return
      up = false
      await say(client, `select pg_advisory_unlock_shared(${lock})`)
    },
    isAwake: () => up,
    close: async () => {
      closed = true
      clearTimeout(timer)
      await connecting
      await client?.end().catch(() => {})
    }
  }
}
