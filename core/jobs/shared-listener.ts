import { EventEmitter } from 'node:events'
import type pg from 'pg'

/**
 * What workers get for a pool, all of one process together. BullMQ lets each worker keep a connection of its own to be
 * notified on, although all of them LISTEN to the same channel: a connection for each kind of job, in every process. Here
 * one connection listens, and each worker has an ear on it.
 */
export function sharingOneListener (pool: pg.Pool): pg.Pool {
  const ears = new Set<Ear>()
  let listener: Promise<Listener> | undefined

  /** The connection that listens, opened when it is first needed and after it broke. */
  async function open (): Promise<Listener> {
    const client = await pool.connect()
    client.on('notification', message => { for (const ear of [...ears]) ear.emit('notification', message) })
    client.once('error', error => {
      listener = undefined
      client.release(true)
      // Each worker lets go of its ear, asks for another, and looks whether it missed something.
      for (const ear of [...ears]) if (ear.listenerCount('error') > 0) ear.emit('error', error)
    })
    return { client, channels: new Map() }
  }

  async function listen (ear: Ear, text: string): Promise<void> {
    ears.add(ear)
    listener ??= open().catch((error: unknown) => {
      listener = undefined
      throw error
    })
    const { client, channels } = await listener
    if (!channels.has(text)) {
      channels.set(text, client.query(text).catch((error: unknown) => {
        channels.delete(text)
        throw error
      }))
    }
    await channels.get(text)
  }

  function leave (ear: Ear): void {
    ears.delete(ear)
    if (ears.size > 0 || listener === undefined) return
    const last = listener
    listener = undefined
    last.then(({ client }) => {
      client.removeAllListeners('notification').removeAllListeners('error').on('error', () => {})
      client.release(true)
    }, () => {})
  }

  class Ear extends EventEmitter {
    async query (text: string, values?: unknown[]): Promise<unknown> {
      if (/^\s*LISTEN \w+/m.test(text)) return await listen(this, text)
      // How BullMQ names its connection; this one is everybody's.
      if (text.includes("set_config('application_name'")) return { rows: [] }
      return await pool.query(text, values)
    }

    release (): void {
      leave(this)
    }
  }

  return {
    options: { keepAlive: true },
    query: async (text: string, values?: unknown[]) => await pool.query(text, values),
    connect: async () => new Ear(),
    on: (event: 'error', heard: (error: Error) => void) => pool.on(event, heard),
    end: async () => {}
  } as unknown as pg.Pool
}

interface Listener {
  client: pg.PoolClient
  /** What it listens to already, by the statement that says so. */
  channels: Map<string, Promise<unknown>>
}
