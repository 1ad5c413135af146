import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What a tenant signs with: the public part in clear, the private key sealed in a table of its own, and each use of it. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table certificates (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      issuer_id uuid,
      kind text not null check (kind in ('csd', 'p12')),
      label text not null,
      holder_name text,
      tax_id text,
      tax_country text,
      number text,
      serial text not null,
      fingerprint text not null,
      key_bits integer not null,
      valid_from timestamptz not null,
      valid_to timestamptz not null,
      -- DER; the chain nearest first.
      certificate bytea not null,
      chain bytea[] not null default '{}',
      report jsonb not null,
      -- When its turn begins: of the valid ones whose turn has come, the last is in use.
      active_from timestamptz not null,
      -- That its turn came was told.
      switched_at timestamptz,
      -- The last of 60, 30, 15, 7, 1 and 0 days before its end that was looked at.
      warned_days integer,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index certificates_once on certificates (tenant_id, mode, fingerprint) where deleted_at is null`.execute(db)
  await sql`create index certificates_in_order on certificates (tenant_id, mode, id desc)`.execute(db)
  await sql`create index certificates_of_issuer on certificates (tenant_id, issuer_id, active_from desc) where deleted_at is null`.execute(db)
  await tenantTable(db, 'certificates', { app: ['select', 'insert', 'update'] })

  await sql`
    create table certificate_keys (
      tenant_id uuid not null,
      certificate_id uuid not null,
      -- PKCS#8.
      key_sealed text not null,
      -- The encrypted key file and its passphrase: what a PAC that seals for the tenant is given, by consent.
      file_sealed text not null,
      primary key (tenant_id, certificate_id),
      foreign key (tenant_id, certificate_id) references certificates (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'certificate_keys', { app: ['select', 'insert', 'delete'] })

  // No foreign key: one row for each signature, and each would lock the certificate's row. What was done stays done: no update.
  await sql`
    create table certificate_uses (
      tenant_id uuid not null,
      id uuid not null,
      certificate_id uuid not null,
      purpose text not null,
      subject_id text not null,
      created_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index certificate_uses_in_order on certificate_uses (tenant_id, certificate_id, id desc)`.execute(db)
  await tenantTable(db, 'certificate_uses', { app: ['select', 'insert'] })

  await sql`
    create table certificate_consents (
      tenant_id uuid not null,
      id uuid not null,
      certificate_id uuid not null,
      connection_id uuid not null,
      -- Which sentence was agreed to.
      text_version text not null,
      given_by text not null,
      given_at timestamptz not null,
      withdrawn_at timestamptz,
      primary key (tenant_id, id),
      foreign key (tenant_id, certificate_id) references certificates (tenant_id, id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await sql`create unique index certificate_consents_once on certificate_consents (tenant_id, certificate_id, connection_id) where withdrawn_at is null`.execute(db)
  await tenantTable(db, 'certificate_consents', { app: ['select', 'insert', 'update'] })
}
