import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Notices: one thing told to one addressee by one channel; the channels with their credentials, the switches, and who is reached by web push. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table notification_channels (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      type text not null check (type in ('mail', 'whatsapp', 'web_push')),
      label text not null,
      enabled boolean not null default true,
      -- What is no secret.
      settings jsonb not null default '{}',
      -- All of the credentials as one value, and what of each may be shown.
      secrets_sealed text,
      hints jsonb not null default '{}',
      health text not null default 'untested' check (health in ('untested', 'healthy', 'failing')),
      last_error text,
      tested_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  // Which one is used is never a question.
  await sql`create unique index notification_channels_one on notification_channels (tenant_id, mode, type) where deleted_at is null`.execute(db)
  await tenantTable(db, 'notification_channels', { app: ['select', 'insert', 'update'] })

  await sql`
    create table notification_settings (
      tenant_id uuid not null references tenants (id),
      mode text not null check (mode in ('test', 'live')),
      settings jsonb not null,
      -- Whether anything is told because of an event or an alert: most tenants' events are looked at no further.
      tells_events boolean not null,
      tells_alerts boolean not null,
      updated_at timestamptz not null,
      primary key (tenant_id, mode)
    )`.execute(db)
  await tenantTable(db, 'notification_settings', { app: ['select', 'insert', 'update'] })

  await sql`
    create table push_subscriptions (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      -- It was made with the key of this channel and is of use with no other.
      channel_id uuid not null,
      owner_type text not null check (owner_type in ('customer', 'user')),
      owner_id uuid not null,
      -- The address is a capability: it is kept sealed, and found again by its mac.
      endpoint_mac bytea not null,
      -- Host of the push service.
      service text not null,
      sealed text,
      created_at timestamptz not null,
      ended_at timestamptz,
      ended_why text,
      primary key (tenant_id, id),
      foreign key (tenant_id, channel_id) references notification_channels (tenant_id, id)
    )`.execute(db)
  await sql`create unique index push_subscriptions_once on push_subscriptions (tenant_id, channel_id, endpoint_mac) where ended_at is null`.execute(db)
  await sql`create index push_subscriptions_by_owner on push_subscriptions (tenant_id, owner_id) where ended_at is null`.execute(db)
  await tenantTable(db, 'push_subscriptions', { app: ['select', 'insert', 'update'] })

  await sql`
    create table notices (
      tenant_id uuid not null references tenants (id),
      -- One that goes by mail is that mail: the row in mails has the same id, and says what became of it.
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      kind text not null,
      channel text not null check (channel in ('mail', 'whatsapp', 'web_push')),
      audience text not null check (audience in ('buyer', 'admin')),
      -- What it is about.
      subject_type text not null,
      subject_id uuid not null,
      -- What makes it another notice of the same kind about the same thing: the reminder of the third day.
      occasion text not null,
      -- The address itself is sealed.
      addressee_mac bytea not null,
      status text not null check (status in ('queued', 'sending', 'sent', 'refused', 'parked', 'unknown')),
      uncertain boolean not null default false,
      attempts integer not null default 0,
      content_sealed text,
      provider_reference text,
      error_code text,
      created_at timestamptz not null,
      attempted_at timestamptz,
      ended_at timestamptz,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  // Told once, whatever repeats the work that tells it.
  await sql`create unique index notices_once on notices (tenant_id, kind, subject_id, addressee_mac, channel, occasion)`.execute(db)
  await sql`create index notices_by_subject on notices (tenant_id, subject_id, id desc)`.execute(db)
  await tenantTable(db, 'notices', { app: ['select', 'insert', 'update'] })

  // The mail of a notice is told once by the notice's own key: several kinds of them are about one thing.
  await sql`alter table mails add column of_notice boolean not null default false`.execute(db)
  await sql`drop index mails_automatic_once`.execute(db)
  await sql`create unique index mails_automatic_once on mails (tenant_id, subject_id) where automatic and not of_notice`.execute(db)

  // Whatever path writes the event or raises the alert, what has to be told of it is looked at, and no path can forget it.
  // With the caller's rights, so row-level security holds.
  await sql`
    create function app.event_told() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      if exists (select from notification_settings where tenant_id = new.tenant_id and mode = new.mode and tells_events) then
        insert into timers (tenant_id, kind, id, due_at) values (new.tenant_id, 'event_notice', new.id, new.created_at) on conflict do nothing;
      end if;
      return null;
    end $app$`.execute(db)
  await sql`
    create function app.alert_told() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      if exists (select from notification_settings where tenant_id = new.tenant_id and (new.mode is null or mode = new.mode) and tells_alerts) then
        insert into timers (tenant_id, kind, id, due_at) values (new.tenant_id, 'alert_notice', new.id, new.created_at) on conflict do nothing;
      end if;
      return null;
    end $app$`.execute(db)
  for (const name of ['event_told()', 'alert_told()']) {
    await sql`revoke all on function ${sql.raw(`app.${name}`)} from public`.execute(db)
    await sql`grant execute on function ${sql.raw(`app.${name}`)} to pasarela_app`.execute(db)
  }
  await sql`create trigger events_told after insert on events for each row
    when (new.type in ('payment.succeeded', 'payment.failed', 'payment.expired', 'payment.requires_payment_method', 'payment.requires_action', 'payment.processing', 'refund.succeeded')) execute function app.event_told()`.execute(db)
  // An alert that a notice did not get through is not told by a notice.
  await sql`create trigger alerts_told after insert on alerts for each row when (new.kind !~ '^(notice|mail)_') execute function app.alert_told()`.execute(db)
}
