/** Connections to PostgreSQL, and what its values become in JavaScript. */
import pg from 'pg'
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import { connectionLost } from './errors.ts'
import type { Database } from './schema.ts'

export interface PoolOptions {
  url: string
  /** Connections at most. */
  max?: number
  /** Seen in pg_stat_activity. */
  applicationName?: string
  /** The server ends a statement that takes longer; left out, no statement is ended. */
  statementTimeoutMs?: number
  /** How long to wait for a free connection, or for a new one. */
  connectionTimeoutMs?: number
  /** True: idle connections do not keep the process alive. */
  exitOnIdle?: boolean
  /** Told of a connection that broke. The pool has replaced it already: this is for the log. */
  onError?: (error: Error) => void
}

/** A broken connection never ends the process: the query that was running fails, an idle connection is replaced. */
export function createPool (options: PoolOptions): pg.Pool {
  const { url, max = 10, applicationName = 'pasarela', statementTimeoutMs, connectionTimeoutMs = 10_000, exitOnIdle = false, onError = () => {} } = options
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: connectionTimeoutMs,
    // What a connection has prepared and planned is worth keeping through a quiet hour.
    idleTimeoutMillis: 600_000,
    keepAlive: true,
    allowExitOnIdle: exitOnIdle,
    types: { getTypeParser },
    ...(statementTimeoutMs === undefined ? {} : { statement_timeout: statementTimeoutMs })
  })
  pool.on('error', onError)
  // The pool listens to idle connections only; one that breaks while it is checked out, between two queries, is ours.
  pool.on('connect', client => { client.on('error', connectionLost) })
  return pool
}

/** Kysely over a pool. Ending the pool ends it; `destroy()` ends the pool. */
export function kyselyOf<Tables = Database> (pool: pg.Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool) }) })
}

/** The few statements that every request makes: calls of our own functions. */
const isHot = (text: string): boolean => text.includes(' app.') || text.includes(' gate.')

/** Lets each connection prepare the hot statements once, under a name, instead of parsing and planning them every time. */
function preparing (pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  const names = new Map<string, string>()
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `hot ${names.size}`
    names.set(text, name)
    return name
  }
  return {
    options: pool.options,
    async connect () {
      const client = await pool.connect().catch((error: Error) => {
        if (!pool.ended) connectionLost(error)
        throw error
      })
      const query = ((text: unknown, values?: unknown[]) => typeof text === 'string' && values !== undefined && values.length > 0 && isHot(text)
        ? client.query({ name: nameOf(text), text, values })
        : (client.query as (...all: unknown[]) => unknown)(text, values)) as PostgresPoolClient['query']
      const known = wrapped.get(client) ?? {
        query,
        // Kysely says so when a connection is not fit to be used again, such as one whose rollback failed.
        release: (destroy?: boolean) => { client.release(destroy) }
      }
      wrapped.set(client, known)
      return known
    },
    end: async () => { await pool.end() }
  }
}

const textArray = pg.types.getTypeParser(1009 as never) as (text: string) => unknown // text[]

/** By type oid: what pg would answer as a text, as a float, or as midnight where the server happens to stand. */
const parsers: Record<number, (text: string) => unknown> = {
  20: safeInteger, // int8: amounts and counts
  1016: text => deep(textArray(text), safeInteger),
  1082: text => text, // date: a day has no time zone
  1182: textArray,
  1231: textArray // numeric[]: numeric is a text, so is its array
}

function getTypeParser (oid: number, format?: 'text' | 'binary'): any {
  return (format !== 'binary' && parsers[oid]) || pg.types.getTypeParser(oid, format as 'text')
}

function safeInteger (text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} from the database is beyond 2^53: select it as text`)
  return value
}

function deep (value: unknown, parse: (text: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map(item => deep(item, parse))
  return typeof value === 'string' ? parse(value) : value
}
