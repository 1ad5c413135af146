import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Who issues: the fiscal identities of a tenant, and the series that number their documents. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table issuers (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      country text not null check (country in ('MX', 'EC', 'ES')),
      tax_id text not null,
      legal_name text not null,
      trade_name text,
      regime text,
      postal_code text,
      address jsonb,
      email text,
      phone text,
      website text,
      -- [{code, name, postal_code, address, tills: [{code, name}], default_series}]
      branches jsonb not null default '[]',
      logo bytea,
      logo_type text check (logo_type in ('image/png', 'image/jpeg')),
      colour text,
      ticket_footer text,
      -- {document: series id}
      default_series jsonb not null default '{}',
      connection_id uuid,
      mx jsonb not null default '{}',
      ec jsonb not null default '{}',
      es jsonb not null default '{}',
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      primary key (tenant_id, id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await sql`create unique index issuers_once on issuers (tenant_id, mode, country, tax_id) where deleted_at is null`.execute(db)
  await tenantTable(db, 'issuers', { app: ['select', 'insert', 'update'] })
  await sql`alter table certificates add foreign key (tenant_id, issuer_id) references issuers (tenant_id, id)`.execute(db)

  await sql`
    create table series (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      issuer_id uuid not null,
      document text not null,
      -- Empty: of the whole issuer, of the whole branch.
      branch text not null default '',
      till text not null default '',
      prefix text not null default '',
      digits integer not null default 0 check (digits between 0 and 12),
      -- What must not be there twice, so that no two series give out the same number.
      numbering text not null,
      next_number bigint not null default 1 check (next_number >= 1),
      last_number bigint not null check (last_number >= 1),
      active boolean not null default true,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, issuer_id, numbering),
      foreign key (tenant_id, issuer_id) references issuers (tenant_id, id)
    )`.execute(db)
  // Never deleted: a number that was given out is never given out again.
  await tenantTable(db, 'series', { app: ['select', 'insert', 'update'] })
}
