import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/** Accounts that a person connected with a button: what was begun, what was granted, and whether it still holds. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table connections
      -- Whose account was granted; null where the connection has keys. No tenant can write it.
      add column oauth_account text,
      -- A person must consent again, since then and because of this; null while the grant holds.
      add column reconnect_since timestamptz,
      add column reconnect_reason text,
      -- The name of the adapter's other verifier of webhooks, which only reports; null: none runs.
      add column shadow_scheme text`.execute(db)
  // The same account a second time is the same connection, renewed.
  await sql`create unique index connections_by_oauth_account on connections (tenant_id, provider, mode, oauth_account) where oauth_account is not null and deleted_at is null`.execute(db)
  await sql`create index connections_of_oauth_account on connections (oauth_account, provider, mode) where oauth_account is not null and deleted_at is null`.execute(db)

  await sql`
    create table oauth_states (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      -- SHA-256 of what the provider gives back.
      state_hash bytea not null,
      provider text not null,
      mode text not null check (mode in ('test', 'live')),
      -- Of the connection that there will be, or that is renewed.
      connection_id uuid not null,
      renews boolean not null,
      label text,
      return_url text,
      language text not null,
      started_by_type text not null,
      started_by text not null,
      -- Of PKCE (RFC 7636).
      verifier_sealed text not null,
      -- SHA-256 of the cookie of the one browser that went on from our page.
      browser_hash bytea,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      used_at timestamptz,
      outcome text,
      primary key (tenant_id, id),
      unique (tenant_id, state_hash)
    )`.execute(db)
  await sql`create index oauth_states_by_end on oauth_states (tenant_id, expires_at)`.execute(db)
  await tenantTable(db, 'oauth_states', { app: ['select', 'insert', 'update', 'delete'] })

  await sql`
    create table oauth_grants (
      tenant_id uuid not null,
      connection_id uuid not null,
      -- One more with each set of tokens: whoever asked with older ones has nothing to say any more.
      generation integer not null default 1,
      refresh_sealed text,
      granted_by text not null,
      granted_at timestamptz not null,
      -- Of the credentials; null: they do not end.
      expires_at timestamptz,
      refreshed_at timestamptz,
      -- A renewal was sent, and its end is not known.
      refresh_begun_at timestamptz,
      proved_at timestamptz,
      -- How often in a row a proof said that it is over.
      over_in_row integer not null default 0,
      primary key (tenant_id, connection_id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'oauth_grants', { app: ['select', 'insert', 'update', 'delete'] })

  // A webhook to the operator's application names an account and no tenant.
  await gateFunction(db, {
    signature: 'find_granted(p_provider text, p_mode text, p_account text)',
    returns: 'table (tenant_id uuid, connection_id uuid, settings jsonb, shadow_scheme text)',
    volatility: 'stable',
    body: `
      select c.tenant_id, c.id, c.settings, c.shadow_scheme from connections c
      where c.oauth_account = p_account and c.provider = p_provider and c.mode = p_mode and c.deleted_at is null
      order by c.id limit 100`
  })
}
