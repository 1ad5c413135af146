/**
 * How migrations make tenant isolation: the one helper, frozen by convention like a migration itself. A change here
 * would change what a fresh database gets and leave the old ones as they are: add a function instead, and use it
 * in a new migration.
 */
import { sql, type Kysely } from 'kysely'

type Verb = 'select' | 'insert' | 'update' | 'delete'

/** A whole table's privilege, or that of some columns: `'update(status, updated_at)'`. */
export type Privilege = Verb | `${Exclude<Verb, 'delete'>}(${string})`

export interface TenantTableOptions {
  /** The column that holds the tenant's id. */
  tenantColumn?: string
  /** What the application may do to the rows of its tenant. */
  app: Privilege[]
  /** What gate functions may do, across tenants. Left out, they cannot see the table. */
  gate?: Privilege[]
  /** Says that the table is partitioned, so that a slip in its `create table` is found here. */
  partitioned?: boolean
}

/**
 * Row-level security, forced, so that it holds for the owner as well: a data migration that must see rows does
 * `set local role pasarela_gate`, or it silently changes nothing.
 */
export async function tenantTable (db: Kysely<any>, name: string, options: TenantTableOptions): Promise<void> {
  const { tenantColumn = 'tenant_id', app, gate = [], partitioned } = options
  if (partitioned && !(await isPartitioned(db, name))) throw new Error(`${name} is not partitioned`)
  const table = sql.table(name)
  const mine = sql`${sql.ref(tenantColumn)} = nullif(current_setting('app.tenant_id', true), '')::uuid`
  await forceRowSecurity(db, name)
  await sql`create policy tenant on ${table} to pasarela_app using (${mine}) with check (${mine})`.execute(db)
  await grant(db, name, app, 'pasarela_app')
  if (gate.length > 0) {
    await sql`create policy gate on ${table} to pasarela_gate using (true) with check (true)`.execute(db)
    await grant(db, name, gate, 'pasarela_gate')
  }
}

export interface GateFunctionOptions {
  /** Name and arguments, without the schema and without default values: `find_key(p_hash bytea)`. */
  signature: string
  /** For example `table (tenant_id uuid, role text)`. */
  returns: string
  language?: 'sql' | 'plpgsql'
  volatility: 'immutable' | 'stable' | 'volatile'
  body: string
  /** Whose rights it has. There is only one kind. */
  as?: 'gate'
}

/**
 * A function that looks across tenants, callable by the application. It has the rights of `pasarela_gate`, which may do
 * only what `tenantTable(..., {gate})` gave. Each one is a hole in the wall: list it in the docs.
 */
export async function gateFunction (db: Kysely<any>, options: GateFunctionOptions): Promise<void> {
  const { signature, returns, language = 'sql', volatility, body } = options
  if (/\bdefault\b/i.test(signature)) throw new Error(`gate.${signature}: default values are not supported`)
  if (body.includes('$gate$')) throw new Error(`gate.${signature}: the body may not contain $gate$`)
  const call = sql.raw(`gate.${signature}`)
  // Only here may the gate role create anything, and only for these few statements.
  await sql`grant create on schema gate to pasarela_gate`.execute(db)
  await sql`set local role pasarela_gate`.execute(db)
  await sql`create or replace function ${call} returns ${sql.raw(returns)} language ${sql.raw(language)} ${sql.raw(volatility)}
    security definer set search_path = public, pg_temp as ${sql.raw(`$gate$${body}$gate$`)}`.execute(db)
  await sql`revoke all on function ${call} from public`.execute(db)
  await sql`grant execute on function ${call} to pasarela_app`.execute(db)
  await sql`reset role`.execute(db)
  await sql`revoke create on schema gate from pasarela_gate`.execute(db)
}

/** A function of one tenant's hot path: several statements in one round trip, with the caller's rights, so row-level security holds. Planned once per connection: a partitioned table is pruned when it runs. */
export async function appFunction (db: Kysely<any>, signature: string, returns: string, body: string): Promise<void> {
  const call = sql.raw(`app.${signature}`)
  await sql`create or replace function ${call} returns ${sql.raw(returns)} language plpgsql volatile security invoker
    set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as ${sql.raw(`$app$${body}$app$`)}`.execute(db)
  await sql`revoke all on function ${call} from public`.execute(db)
  await sql`grant execute on function ${call} to pasarela_app`.execute(db)
}

/**
 * Monthly partitions of a table that is `partition by range (id)` with UUIDv7 ids, whose first 48 bits are milliseconds:
 * the id is the month. What fits none goes to the default partition. Nobody gets a privilege on a partition: the
 * policies are the parent's, and a partition that is granted directly shows every tenant.
 */
export async function monthPartitions (db: Kysely<any>, table: string, fromMonth: Date | string, count: number): Promise<void> {
  const from = new Date(fromMonth) // '2026-11' reads as its first instant UTC
  if (Number.isNaN(from.getTime())) throw new Error(`${String(fromMonth)} is not a month such as 2026-11`)
  for (let index = 0; index < count; index++) {
    const start = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + index))
    const end = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + index + 1))
    const name = `${table}_y${start.getUTCFullYear()}m${String(start.getUTCMonth() + 1).padStart(2, '0')}`
    await partition(db, table, name, sql`for values from (${sql.lit(firstId(start))}) to (${sql.lit(firstId(end))})`)
  }
  await partition(db, table, `${table}_default`, sql`default`)
}

/** The smallest UUIDv7 of an instant. */
export function firstId (instant: Date): string {
  const hex = instant.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

async function partition (db: Kysely<any>, table: string, name: string, bounds: ReturnType<typeof sql>): Promise<void> {
  await sql`create table if not exists ${sql.table(name)} partition of ${sql.table(table)} ${bounds}`.execute(db)
  await forceRowSecurity(db, name)
}

async function forceRowSecurity (db: Kysely<any>, table: string): Promise<void> {
  await sql`alter table ${sql.table(table)} enable row level security, force row level security`.execute(db)
}

async function grant (db: Kysely<any>, table: string, privileges: Privilege[], role: 'pasarela_app' | 'pasarela_gate'): Promise<void> {
  if (privileges.length === 0) return
  await sql`grant ${sql.raw(privileges.join(', '))} on ${sql.table(table)} to ${sql.raw(role)}`.execute(db)
}

async function isPartitioned (db: Kysely<any>, table: string): Promise<boolean> {
  const { rows } = await sql<{ relkind: string }>`select relkind from pg_class where oid = to_regclass(${table})`.execute(db)
  return rows[0]?.relkind === 'p'
}
