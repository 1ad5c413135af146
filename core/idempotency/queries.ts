import { type Kysely, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

export interface KeyName { tenantId: string, mode: Mode, key: string }
export interface OwnedKey extends KeyName { owner: string }

export interface Claim extends OwnedKey {
  requestHash: Buffer
  now: Date
  leasedUntil: Date
  expiresAt: Date
}

export type ClaimOutcome =
  | { outcome: 'claimed' | 'running' | 'mismatch' }
  | { outcome: 'taken_over', known_subject: string | null }
  | { outcome: 'done', status: number, sealed: string }

/** One round trip, outside a transaction: the function names the tenant itself, under row-level security all the same. */
export async function claimKey (db: Kysely<Database>, claim: Claim): Promise<ClaimOutcome> {
  const { rows } = await sql<ClaimOutcome>`
    select * from app.claim_idempotency_key(${claim.tenantId}, ${claim.mode}, ${claim.key}, ${claim.requestHash}, ${claim.owner},
      ${claim.now}, ${claim.leasedUntil}, ${claim.expiresAt})`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('app.claim_idempotency_key gave no row')
  return row
}

export async function finishKey (db: Kysely<Database>, { tenantId, mode, key, owner }: OwnedKey, answer: { status: number, sealed: string }): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select app.finish_idempotency_key(${tenantId}, ${mode}, ${key}, ${owner}, ${answer.status}, ${answer.sealed}) as done`.execute(db)
  return rows[0]?.done === true
}

export async function releaseKey (db: Kysely<Database>, { tenantId, mode, key, owner }: OwnedKey, now: Date, handOver: boolean): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select app.release_idempotency_key(${tenantId}, ${mode}, ${key}, ${owner}, ${now}, ${handOver}) as done`.execute(db)
  return rows[0]?.done === true
}

export async function renewLeases (db: Kysely<Database>, owner: string, until: Date): Promise<void> {
  await sql`select gate.renew_idempotency_leases(${owner}, ${until})`.execute(db)
}

/** False when the key is no longer this run's. */
export async function setSubject (db: TenantDb, { mode, key, owner }: OwnedKey, subject: string): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('idempotency_keys').set({ subject })
    .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('key', '=', key)
    .where('owner', '=', owner).where('answer_status', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
