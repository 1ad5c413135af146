import pg from 'pg'
import type { Logger } from 'pino'

export interface Changes {
  close: () => Promise<void>
}

const againMs = 1000

/**
 * Hears of connections that changed in other processes (NOTIFY carries ids only). While it is deaf nothing is wrong for
 * longer than the few seconds that anything is remembered.
 */
export function listenChanges ({ url, log, changed }: { url: string, log: Logger, changed: (tenantId: string, connectionId: string) => void }): Changes {
  let closed = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined

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
    next.on('notification', ({ payload }) => {
      const [tenantId, connectionId] = payload?.split(':') ?? []
      if (tenantId !== undefined && connectionId !== undefined) changed(tenantId, connectionId)
    })
    try {
      await next.connect()
      await next.query('listen connection_changed')
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
