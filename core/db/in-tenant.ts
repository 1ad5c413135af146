/** The only way to a query on tenant data: a transaction in which the database itself shows one tenant and no other. */
import {
  CompiledQuery, PostgresDialect, PostgresDriver, TransactionBuilder, type IsolationLevel, type Kysely,
  type PostgresDialectConfig, type Transaction, type TransactionSettings
} from 'kysely'
import { traceparent } from '../telemetry/spans.ts'
import type { Database } from './schema.ts'

/** What queries take. Only `inTenant` makes one. */
export type TenantDb = Transaction<Database> & { readonly tenantId: string }

export interface InTenantOptions {
  isolationLevel?: IsolationLevel
  accessMode?: 'read only' | 'read write'
}

/**
 * Runs `work` in a transaction that sees the rows of `tenantId` only. Commits when it resolves, rolls back when it
 * throws. Repeats nothing: see `isSerializationFailure`.
 */
export async function inTenant<T> (db: Kysely<Database>, tenantId: string, work: (db: TenantDb) => Promise<T>, options: InTenantOptions = {}): Promise<T> {
  // A second `begin` would be a warning, and its commit would end the outer transaction.
  if (db.isTransaction) throw new Error('inTenant was called inside a transaction: pass the pool\'s Kysely, or use the transaction you have')
  if (!uuid.test(tenantId)) throw new TypeError('the tenant id is not a UUID')
  // The builder asks `driver` only to begin, commit and roll back; connections come from `db`'s own executor.
  let transaction = new TransactionBuilder<Database>({ config: { dialect }, dialect, driver: new TenantDriver(tenantId), executor: db.getExecutor() })
  if (options.isolationLevel) transaction = transaction.setIsolationLevel(options.isolationLevel)
  if (options.accessMode) transaction = transaction.setAccessMode(options.accessMode)
  return await transaction.execute(async trx => await work(Object.assign(trx, { tenantId })))
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Begins and sets the tenant in one message to the server: one round trip instead of two for every transaction. */
class TenantDriver extends PostgresDriver {
  readonly #tenantId: string

  constructor (tenantId: string) {
    super(noConfig)
    this.#tenantId = tenantId
  }

  override async beginTransaction (connection: Connection, { isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    const begin = ['begin', isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean).join(' ')
    try {
      // `local`: the setting ends with the transaction, so the connection's next user does not inherit it.
      await connection.executeQuery(CompiledQuery.raw(`${begin}; set local app.tenant_id = '${this.#tenantId}'${traced()}`))
    } catch (error) {
      // The first half may have happened; a connection must not go back to the pool inside a transaction.
      await this.rollbackTransaction(connection as never).catch(() => {}) // then it is broken, and marked to be thrown away
      throw error
    }
  }
}

/** What the transaction writes remembers the trace that wrote it (the columns `trace`); digits and dashes only. */
function traced (): string {
  const trace = traceparent()
  return trace === null ? '' : `; set local app.trace = '${trace}'`
}

type Connection = Parameters<PostgresDriver['beginTransaction']>[0]

/** No pool: the driver below never takes a connection, and the builder wants a dialect only to hand it on. */
const noConfig = {} as PostgresDialectConfig
const dialect = new PostgresDialect(noConfig)
