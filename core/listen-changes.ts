import pg from 'pg'
import type { Logger } from 'pino'

export interface Changes {
  close: () => Promise<void>
}

const againMs = 1000

export interface ListenOptions {
  url: string
  log: Logger
  /** What to do with what is heard, by the name of the channel: letters and underscores. */
  channels: Readonly<Record<string, (payload: string) => void>>
  /** It hears again, and may have missed something. */
  resumed?: () => void
}

/**
 * Hears what other processes tell (NOTIFY carries ids only), by one connection for all channels. While it is deaf nothing may
 * be wrong for longer than the few seconds that anything is remembered.
 */
export function listenChanges ({ url, log, channels, resumed = () => {} }: ListenOptions): Changes {
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let was = false

  async function connect (): Promise<void> {
    const next = new pg.Client({ connectionString: url, application_name: 'pasarela changes', keepAlive: true })
    client = next
    const lost = (error?: Error) => {
      if (closed || client !== next) return
      client = undefined
      if (error !== undefined) log.warn({ err: error }, 'changes are not heard; trying again')
      next.end().catch(() => {})
      timer = setTimeout(() => { void connect() }, againMs)
    }
    next.on('error', lost)
    next.on('end', () => { lost() })
    next.on('notification', ({ channel, payload }) => { channels[channel]?.(payload ?? '') })
    try {
      await next.connect()
      for (const channel of Object.keys(channels)) await next.query(`listen ${channel}`)
      if (was) resumed()
      was = true
    } catch (error) {
      lost(error as Error)
    }
  }

  void connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => {})
    }
  }
}
