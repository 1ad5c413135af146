import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { type Output, Refused } from './command.ts'

export interface DatabaseUrls {
  /** The owner; absent where only the roles' URLs are configured. */
  ownerUrl: string | undefined
  appUrl: string | undefined
  queueUrl: string | undefined
}

export interface DatabaseOptions {
  /** Make the bundled database when there is none yet. */
  make: boolean
  note: Output['note']
}

/**
 * The database that the server of this configuration uses. The bundled one is started when it does not run, and stopped
 * again unless somebody else has come to use it meanwhile; one that was running is left running.
 */
export async function withDatabase<T> (config: Config, { make, note }: DatabaseOptions, work: (urls: DatabaseUrls) => Promise<T>): Promise<T> {
  const { databaseUrl: ownerUrl, databaseAppUrl: appUrl, databaseQueueUrl: queueUrl } = config
  if (ownerUrl !== undefined || appUrl !== undefined || queueUrl !== undefined) return await work({ ownerUrl, appUrl, queueUrl })
  if (!make && !isThere(config.dataDir)) {
    throw new Refused(`There is no database in ${config.dataDir} yet: start the server once or run \`pasarela migrate\`, or name another PASARELA_DATA_DIR or DATABASE_URL.`)
  }
  const { startEmbedded } = await import('../db/embedded.ts')
  const embedded = await startEmbedded({ dataDir: config.dataDir })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => await (closing ??= (async () => {
    if (embedded.reused) return
    if (await othersUse(embedded.url)) note('the bundled PostgreSQL keeps running: another process has begun to use it')
    else await embedded.stop()
  })())
  const interrupted = (): void => { void close().finally(() => process.exit(130)) }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  try {
    return await work({ ownerUrl: embedded.url, appUrl: undefined, queueUrl: undefined })
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupted)
    await close()
  }
}

function isThere (dataDir: string): boolean {
  return existsSync(path.join(dataDir, 'pg')) || existsSync(path.join(dataDir, 'pg-location'))
}

/** A server that was started while we worked found the database running, and must not lose it. */
async function othersUse (url: string): Promise<boolean> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'pasarela cli' })
  client.on('error', () => {}) // the query then fails
  try {
    await client.connect()
    const { rows } = await client.query<{ others: boolean }>("select exists (select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()) as others")
    return rows[0]?.others === true
  } catch {
    return false // nobody answers: nothing to spare
  } finally {
    await client.end().catch(() => {})
  }
}
