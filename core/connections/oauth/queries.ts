import { sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { TenantDb } from '../../db/in-tenant.ts'

export interface NewState {
  id: string
  stateHash: Buffer
  provider: string
  mode: Mode
  connectionId: string
  renews: boolean
  label: string | null
  returnUrl: string | null
  language: string
  startedByType: string
  startedBy: string
  verifierSealed: string
  createdAt: Date
  expiresAt: Date
}

export async function insertState (db: TenantDb, state: NewState): Promise<void> {
  await db.insertInto('oauth_states').values({
    tenant_id: db.tenantId,
    id: state.id,
    state_hash: state.stateHash,
    provider: state.provider,
    mode: state.mode,
    connection_id: state.connectionId,
    renews: state.renews,
    label: state.label,
    return_url: state.returnUrl,
    language: state.language,
    started_by_type: state.startedByType,
    started_by: state.startedBy,
    verifier_sealed: state.verifierSealed,
    created_at: state.createdAt,
    expires_at: state.expiresAt
  }).execute()
}

/** What was begun and is long over. */
export async function forgetStates (db: TenantDb, endedBefore: Date): Promise<void> {
  await db.deleteFrom('oauth_states').where('tenant_id', '=', db.tenantId).where('expires_at', '<', endedBefore).execute()
}

const states = (db: TenantDb) => db.selectFrom('oauth_states as s').innerJoin('tenants as t', 't.id', 's.tenant_id').selectAll('s').select('t.name as tenant_name').where('s.tenant_id', '=', db.tenantId)
export type StateRow = Awaited<ReturnType<ReturnType<typeof states>['executeTakeFirstOrThrow']>>

/** Held by the caller until its transaction ends: of two that come with one state, the second sees what the first made of it. */
export async function lockState (db: TenantDb, stateHash: Buffer): Promise<StateRow | undefined> {
  return await states(db).where('s.state_hash', '=', stateHash).forUpdate('s').executeTakeFirst()
}

export async function changeState (db: TenantDb, id: string, changes: { browser_hash?: Buffer, used_at?: Date, outcome?: string }): Promise<void> {
  await db.updateTable('oauth_states').set(changes).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function findByAccount (db: TenantDb, provider: string, mode: Mode, account: string): Promise<string | undefined> {
  const row = await db.selectFrom('connections').select('id').where('tenant_id', '=', db.tenantId).where('provider', '=', provider).where('mode', '=', mode)
    .where('oauth_account', '=', account).where('deleted_at', 'is', null).executeTakeFirst()
  return row?.id
}

export interface GrantChanges {
  refreshSealed: string | null
  grantedBy?: string
  expiresAt: Date | null
  now: Date
}

/** A new set of tokens: one more generation, and nothing is owed or doubted any more. */
export async function putGrant (db: TenantDb, connectionId: string, { refreshSealed, grantedBy, expiresAt, now }: GrantChanges): Promise<void> {
  const fresh = { refresh_sealed: refreshSealed, expires_at: expiresAt, refresh_begun_at: null, over_in_row: 0, proved_at: null }
  await db.insertInto('oauth_grants').values({ tenant_id: db.tenantId, connection_id: connectionId, granted_by: grantedBy ?? 'system', granted_at: now, ...fresh })
    .onConflict(oc => oc.columns(['tenant_id', 'connection_id']).doUpdateSet({
      ...fresh,
      generation: sql`oauth_grants.generation + 1`,
      ...(grantedBy === undefined ? { refreshed_at: now } : { granted_by: grantedBy, granted_at: now })
    })).execute()
}

export async function lockGrant (db: TenantDb, connectionId: string) {
  return await db.selectFrom('oauth_grants').selectAll().where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).forUpdate().executeTakeFirst()
}
export type GrantRow = NonNullable<Awaited<ReturnType<typeof lockGrant>>>

export async function changeGrant (db: TenantDb, connectionId: string, changes: { refresh_begun_at?: Date | null, proved_at?: Date, over_in_row?: number, refresh_sealed?: null }): Promise<void> {
  await db.updateTable('oauth_grants').set(changes).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).execute()
}

/** How many connections, of any tenant, live on this account's consent to the operator's application. */
export async function countGranted (db: TenantDb, provider: string, mode: Mode, account: string): Promise<number> {
  const { rows } = await sql<{ connections: string }>`select count(*) as connections from gate.find_granted(${provider}, ${mode}, ${account})`.execute(db)
  return Number(rows[0]?.connections ?? 0)
}
