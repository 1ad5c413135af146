import { createPostgresBackend, Queue, Worker } from 'bullmq'
import pg from 'pg'
import type { QueueStore, StoreOptions } from './store.ts'
import { sharingOneListener } from './shared-listener.ts'
import { realAfter } from './timers.ts'

/** For the queries of all queues and workers together; all workers hold one more, to be notified on. */
const connectionsForQueries = 8
const connectTimeoutMs = 10_000
const queryTimeoutMs = 30_000
const reconnectMs = 500

/**
 * BullMQ's tables in schema `bullmq`, made by `pasarela migrate`. One pool for the whole process: with a connection
 * string instead, each queue and each worker opens a pool of its own, 120 connections for 15 kinds.
 */
export function createPostgresStore ({ url, onError }: StoreOptions): QueueStore {
  const connection = new PatientPool({
    connectionString: url,
    max: connectionsForQueries + 1,
    options: '-c search_path=bullmq', // BullMQ sets it only on pools that it makes itself
    application_name: 'pasarela queues',
    keepAlive: true, // also lets BullMQ notice a connection that died silently under a LISTEN
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs
  })
  connection.setMaxListeners(0) // every queue and worker listens to the pool
  connection.on('error', error => { onError(error, 'pool') })
  // Between two queries a connection that is checked out has no other listener, and its end would be the process's.
  connection.on('connect', client => { client.on('error', error => { onError(error, 'connection') }) })

  const ofWorkers = sharingOneListener(connection)
  return {
    // BullMQ types a queue by its store; what is used of it here, and by bull-board, is the same for both.
    createQueue: (name, options) => new Queue(name, { ...options, connection }, createPostgresBackend) as unknown as Queue,
    createWorker: (name, processor, options) => new Worker(name, processor, { ...options, connection: ofWorkers }, createPostgresBackend) as unknown as Worker,
    check: async () => {
      const { rows: [may] } = await connection.query<{ temporary: boolean, database: string, user: string }>(`
        select has_database_privilege(current_database(), 'temporary') as temporary, current_database() as database, current_user as user`)
      // BullMQ's bulk insert makes temporary tables; without the right to, every job would be late by a sweep, and fail there too.
      if (!may?.temporary) throw new Error(`The queues need temporary tables; as the owner of the database: grant temporary on database "${may?.database}" to "${may?.user}"`)
    },
    close: async () => { if (!connection.ended) await connection.end() }
  }
}

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void

/**
 * A worker asks for its next job again as soon as an attempt failed, unless it failed with ECONNREFUSED. While a server
 * starts, stops or has no connection left ("the database system is starting up"), that would be a busy loop: here a
 * connection that failed takes its time to say so.
 */
class PatientPool extends pg.Pool {
  override connect (): Promise<pg.PoolClient>
  override connect (callback: ConnectCallback): void
  override connect (callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback) {
      super.connect((error, client, done) => {
        if (error && !this.ending) realAfter(reconnectMs, () => callback(error, client, done))
        else callback(error, client, done)
      })
      return
    }
    return new Promise((resolve, reject) => {
      this.connect((error, client) => {
        if (error || !client) reject(error ?? new Error('the pool gave no connection'))
        else resolve(client)
      })
    })
  }
}
