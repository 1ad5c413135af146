import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/**
 * Figures of the dashboard: how many, and how much, per hour and per day. Every change of what is counted writes what it takes away and
 * what it adds (a delta) in its own transaction, as a new row that no other transaction waits for; a schedule adds the deltas up. A figure
 * is the sum of both, so it is exact at any moment, whichever path wrote the change and however late it comes: it counts in the hour of
 * what was changed. Writes to the counted tables wait while this migration counts what is there.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table report_deltas (
      tenant_id uuid not null,
      id bigint generated always as identity,
      mode text not null check (mode in ('test', 'live')),
      hour timestamptz not null,
      -- payment, refund, dispute, invoice, operation, fee, webhook
      subject text not null,
      connection_id uuid not null,
      -- A status, an outcome, a type.
      label text not null,
      -- A method, a kind.
      detail text not null,
      currency text not null,
      -- Of how long a call took: quarters of a power of two of its milliseconds.
      bucket smallint not null,
      count bigint not null,
      -- Minor units; of a call milliseconds.
      amount bigint not null,
      -- Of a payment what was captured, in minor units.
      captured bigint not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`
    create table report_figures (
      tenant_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      grain text not null check (grain in ('hour', 'day')),
      subject text not null,
      -- The first instant of the hour or of the day, UTC.
      at timestamptz not null,
      connection_id uuid not null,
      label text not null,
      detail text not null,
      currency text not null,
      bucket smallint not null,
      count bigint not null,
      amount bigint not null,
      captured bigint not null,
      primary key (tenant_id, mode, grain, subject, at, connection_id, label, detail, currency, bucket)
    )`.execute(db)

  await createTriggers(db)
  await countWhatIsThere(db)

  await tenantTable(db, 'report_deltas', { app: ['select', 'insert'], gate: ['select', 'insert', 'delete'] })
  await tenantTable(db, 'report_figures', { app: ['select'], gate: ['select', 'insert', 'update'] })

  // In one statement, so that whoever reads sees a delta either as it is or added up, never twice and never not at all.
  await gateFunction(db, {
    signature: 'fold_report_deltas(p_limit integer)',
    returns: 'bigint',
    volatility: 'volatile',
    body: `
      with taken as (
        delete from report_deltas d using (select tenant_id, id from report_deltas limit p_limit) t where d.tenant_id = t.tenant_id and d.id = t.id returning d.*
      ), written as (
        insert into report_figures as f (tenant_id, mode, grain, subject, at, connection_id, label, detail, currency, bucket, count, amount, captured)
        select t.tenant_id, t.mode, g.grain, t.subject, g.at, t.connection_id, t.label, t.detail, t.currency, t.bucket, sum(t.count), sum(t.amount), sum(t.captured)
        from taken t cross join lateral (values ('hour', t.hour), ('day', date_trunc('day', t.hour, 'UTC'))) as g (grain, at)
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        -- In one order, so that two who add up wait for each other and do not lock each other out.
        order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        on conflict (tenant_id, mode, grain, subject, at, connection_id, label, detail, currency, bucket)
          do update set count = f.count + excluded.count, amount = f.amount + excluded.amount, captured = f.captured + excluded.captured
      )
      select count(*) from taken`
  })

  // What a provider or a PAC charges by its contract, where it does not tell it call by call.
  await sql`
    create table connection_costs (
      tenant_id uuid not null,
      id uuid not null,
      connection_id uuid not null,
      kind text not null check (kind in ('payment', 'document')),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      -- Of payments: one method, or all ('').
      method text not null default '',
      from_day date not null,
      percent numeric(9, 6) not null default 0 check (percent between 0 and 100),
      fixed bigint not null default 0 check (fixed >= 0),
      vat_percent numeric(9, 6) not null default 0 check (vat_percent between 0 and 100),
      created_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, connection_id, kind, currency, method, from_day),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'connection_costs', { app: ['select', 'insert', 'delete'] })
  await sql`create index if not exists invoices_in_order on invoices (tenant_id, mode, id desc)`.execute(db)
  await sql`create index if not exists refunds_in_order on refunds (tenant_id, mode, id desc)`.execute(db)
}

const hourOf = (at: string): string => `date_trunc('hour', ${at}, 'UTC')`
const nobody = "'00000000-0000-0000-0000-000000000000'::uuid"

/** Of a row (`new`, `old` or a table's alias), what it counts as: subject, label, detail, currency, bucket, count, amount, captured. */
const counted = {
  payments: (row: string) => ({
    hour: hourOf(`${row}.created_at`), connection: `${row}.connection_id`, subject: 'payment',
    label: `${row}.status || case when ${row}.amount_captured > 0 then '/captured' when ${row}.status = 'requires_payment_method' and ${row}.error is not null then '/declined' else '' end`,
    detail: `coalesce(${row}.method ->> 'type', '')`, currency: `${row}.currency`, bucket: '0', count: '1', amount: `${row}.amount`, captured: `${row}.amount_captured`
  }),
  refunds: (row: string) => ({ hour: hourOf(`${row}.created_at`), connection: `${row}.connection_id`, subject: 'refund', label: `${row}.status`, detail: "''", currency: `${row}.currency`, bucket: '0', count: '1', amount: `${row}.amount`, captured: '0' }),
  disputes: (row: string) => ({ hour: hourOf(`${row}.created_at`), connection: `${row}.connection_id`, subject: 'dispute', label: `${row}.status`, detail: "''", currency: `${row}.currency`, bucket: '0', count: '1', amount: `${row}.amount`, captured: '0' }),
  invoices: (row: string) => ({ hour: hourOf(`${row}.created_at`), connection: `coalesce(${row}.connection_id, ${nobody})`, subject: 'invoice', label: `${row}.status`, detail: `${row}.country || '/' || ${row}.kind`, currency: `${row}.currency`, bucket: '0', count: '1', amount: '0', captured: '0' }),
  operations: (row: string) => ({
    hour: hourOf(`${row}.started_at`), connection: `${row}.connection_id`, subject: 'operation', label: `${row}.outcome`, detail: `${row}.kind`, currency: "''",
    bucket: `floor(4 * ln(greatest(${row}.duration_ms, 1)) / ln(2))::smallint`, count: '1', amount: `${row}.duration_ms`, captured: '0'
  }),
  // What it cost: what is left of an amount is told as its net; a movement that is itself a fee is nothing else.
  balance_transactions: (row: string) => ({
    hour: hourOf(`${row}.occurred_at`), connection: `${row}.connection_id`, subject: 'fee', label: `${row}.type`, detail: "''", currency: `${row}.currency`, bucket: '0', count: '1',
    amount: `case when ${row}.type = 'fee' then -coalesce(${row}.net, ${row}.amount - coalesce(${row}.fee, 0)) else ${row}.fee end`, captured: '0'
  }),
  webhooks: (label: string) => (row: string) => ({ hour: hourOf(`${row}.received_at`), connection: `${row}.connection_id`, subject: 'webhook', label, detail: "''", currency: "''", bucket: '0', count: '1', amount: '0', captured: '0' })
}
type Counted = ReturnType<typeof counted.payments>

const columns = 'tenant_id, mode, hour, connection_id, subject, label, detail, currency, bucket, count, amount, captured'
const selected = (row: string, { hour, connection, subject, label, detail, currency, bucket, count, amount, captured }: Counted, sign: '' | '-'): string =>
  `${row}.tenant_id, ${row}.mode, ${hour}, ${connection}, '${subject}', ${label}, ${detail}, ${currency}, ${bucket}, ${sign}${count}, ${sign}(${amount}), ${sign}(${captured})`

/** Which rows count at all. A call that runs, or a movement that says nothing of a cost, does not. */
const counts: Readonly<Record<string, (row: string) => string>> = {
  operations: row => `${row}.finished_at is not null and ${row}.duration_ms is not null`,
  balance_transactions: row => `(${row}.type = 'fee' or ${row}.fee is not null)`
}

/** What makes it another figure when it changes. Everything else costs a trigger's condition and nothing more. */
const watched: Readonly<Record<string, (row: string) => string>> = {
  payments: row => `${row}.status, ${row}.amount, ${row}.currency, ${row}.amount_captured, ${row}.connection_id, ${row}.error is null, ${row}.method ->> 'type'`,
  refunds: row => `${row}.status, ${row}.amount, ${row}.currency, ${row}.connection_id`,
  disputes: row => `${row}.status, ${row}.amount, ${row}.currency, ${row}.connection_id`,
  invoices: row => `${row}.status, ${row}.currency, ${row}.connection_id, ${row}.country, ${row}.kind`,
  operations: row => `${row}.outcome, ${row}.duration_ms, ${row}.finished_at is null, ${row}.connection_id, ${row}.kind`,
  balance_transactions: row => `${row}.type, ${row}.amount, ${row}.fee, ${row}.net, ${row}.currency`
}

const tables = ['payments', 'refunds', 'disputes', 'invoices', 'operations', 'balance_transactions'] as const

async function createTriggers (db: Kysely<unknown>): Promise<void> {
  for (const table of tables) {
    const [counting, watching] = [counts[table] ?? (() => 'true'), watched[table]!]
    const insert = (row: 'new' | 'old', sign: '' | '-') => `if ${counting(row)} then insert into report_deltas (${columns}) values (${selected(row, counted[table](row), sign)}); end if;`
    await triggerFunction(db, `counted_${table}`, `
      begin
        ${insert('new', '')}
        return null;
      end`)
    await triggerFunction(db, `recounted_${table}`, `
      begin
        ${insert('old', '-')}
        ${insert('new', '')}
        return null;
      end`)
    await sql`create trigger counted after insert on ${sql.table(table)} for each row when (${sql.raw(counting('new'))}) execute function ${sql.raw(`app.counted_${table}()`)}`.execute(db)
    await sql`create trigger recounted after update on ${sql.table(table)} for each row when ((${sql.raw(watching('old'))}) is distinct from (${sql.raw(watching('new'))})) execute function ${sql.raw(`app.recounted_${table}()`)}`.execute(db)
  }

  // Webhooks come in batches of many tenants: one statement for all of them.
  const grouped = (label: string, hour: string, n: string, from: string) => `
    insert into report_deltas (${columns})
      select r.tenant_id, r.mode, ${hour}, r.connection_id, 'webhook', '${label}', '', '', 0, ${n}, 0, 0 from ${from} group by r.tenant_id, r.mode, ${hour}, r.connection_id;`
  await triggerFunction(db, 'counted_webhooks', `
    begin
      ${grouped('accepted', hourOf('r.received_at'), 'count(*)', 'fresh r')}
      return null;
    end`)
  await sql`create trigger counted after insert on inbound_events referencing new table as fresh for each statement execute function app.counted_webhooks()`.execute(db)
  // What a person must look at; the usual ends are no figure, and cost nothing here.
  await triggerFunction(db, 'recounted_webhooks', `
    begin
      if old.status in ('parked', 'unmatched') then insert into report_deltas (${columns}) values (${selected('old', counted.webhooks('old.status')('old'), '-')}); end if;
      if new.status in ('parked', 'unmatched') then insert into report_deltas (${columns}) values (${selected('new', counted.webhooks('new.status')('new'), '')}); end if;
      return null;
    end`)
  await sql`create trigger recounted after update on inbound_events for each row
    when (old.status is distinct from new.status and (old.status in ('parked', 'unmatched') or new.status in ('parked', 'unmatched'))) execute function app.recounted_webhooks()`.execute(db)
  // A duplicate counts in the hour of the event that it repeats, which its id tells.
  await triggerFunction(db, 'counted_duplicates', `
    begin
      insert into report_deltas (${columns})
        select new.tenant_id, c.mode, ${hourOf(instantOf('new.event_id'))}, new.connection_id, 'webhook', 'duplicate', '', '', 0, new.duplicates - old.duplicates, 0, 0
        from connections c where c.tenant_id = new.tenant_id and c.id = new.connection_id;
      return null;
    end`)
  await sql`create trigger counted after update on inbound_seen for each row when (old.duplicates is distinct from new.duplicates) execute function app.counted_duplicates()`.execute(db)
  await triggerFunction(db, 'counted_refused', `
    begin
      insert into report_deltas (${columns}) values (new.tenant_id, new.mode, ${hourOf('new.slot')}, new.connection_id, 'webhook', 'refused', '', '', 0, new.refused - case when tg_op = 'UPDATE' then old.refused else 0 end, 0, 0);
      return null;
    end`)
  await sql`create trigger counted after insert or update on inbound_refused_slots for each row execute function app.counted_refused()`.execute(db)
}

/** The moment in a UUIDv7, for PostgreSQL 16, which cannot tell. */
const instantOf = (id: string): string => `to_timestamp(('x' || substr(replace(${id}::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)`

/** With the rights of whoever makes the change, so that row-level security holds. */
async function triggerFunction (db: Kysely<unknown>, name: string, body: string): Promise<void> {
  const call = sql.raw(`app.${name}()`)
  await sql`create function ${call} returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as ${sql.raw(`$app$${body}$app$`)}`.execute(db)
  await sql`revoke all on function ${call} from public`.execute(db)
  await sql`grant execute on function ${call} to pasarela_app`.execute(db)
}

/** Row-level security hides every row from the owner of the tables, unless it is not forced; so it is not, for as long as this counts. */
async function countWhatIsThere (db: Kysely<unknown>): Promise<void> {
  const grains = 'cross join lateral (values (\'hour\', r.hour), (\'day\', date_trunc(\'day\', r.hour, \'UTC\'))) as g (grain, at)'
  const add = async (rows: string) => await sql`
    insert into report_figures (tenant_id, mode, grain, subject, at, connection_id, label, detail, currency, bucket, count, amount, captured)
    select r.tenant_id, r.mode, g.grain, r.subject, g.at, r.connection_id, r.label, r.detail, r.currency, r.bucket, sum(r.count), sum(r.amount), sum(r.captured)
    from (${sql.raw(rows)}) as r (${sql.raw(columns)}) ${sql.raw(grains)} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`.execute(db)
  const source = [...tables, 'inbound_events', 'inbound_seen', 'inbound_refused_slots', 'connections']
  for (const table of source) await sql`alter table ${sql.table(table)} no force row level security`.execute(db)
  for (const table of tables) await add(`select ${selected('x', counted[table]('x'), '')} from ${table} x where ${(counts[table] ?? (() => 'true'))('x')}`)
  const webhook = (label: string, hour: string, mode: string, n: string) => `x.tenant_id, ${mode}, ${hour}, x.connection_id, 'webhook', ${label}, '', '', 0::smallint, ${n}, 0, 0`
  await add(`
    select ${webhook("'accepted'", hourOf('x.received_at'), 'x.mode', '1')} from inbound_events x
    union all select ${webhook('x.status', hourOf('x.received_at'), 'x.mode', '1')} from inbound_events x where x.status in ('parked', 'unmatched')
    union all select ${webhook("'duplicate'", hourOf(instantOf('x.event_id')), 'c.mode', 'x.duplicates')} from inbound_seen x join connections c on c.tenant_id = x.tenant_id and c.id = x.connection_id where x.duplicates > 0
    union all select ${webhook("'refused'", hourOf('x.slot'), 'x.mode', 'x.refused')} from inbound_refused_slots x`)
  for (const table of source) await sql`alter table ${sql.table(table)} force row level security`.execute(db)
}
