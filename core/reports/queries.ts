import { type RawBuilder, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'

/** Of every report. Ids bound the time; see `idWindow`. */
export interface ReportFilter {
  mode: Mode
  before?: string
  from?: string
  connectionId?: string
  provider?: string
  currency?: string
}

type Condition = RawBuilder<unknown>
const all = (conditions: readonly (Condition | undefined)[]): Condition => sql.join(conditions.filter(condition => condition !== undefined), sql` and `)
const when = <T>(value: T | undefined, condition: (value: T) => Condition): Condition | undefined => value === undefined ? undefined : condition(value)

/** Of a table with the columns that every counted row has. */
const common = (db: TenantDb, alias: string, filter: ReportFilter): (Condition | undefined)[] => {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  return [
    sql`${column('tenant_id')} = ${db.tenantId}`, sql`${column('mode')} = ${filter.mode}`,
    when(filter.before, id => sql`${column('id')} < ${id}::uuid`),
    when(filter.from, id => sql`${column('id')} >= ${id}::uuid`),
    when(filter.connectionId, id => sql`${column('connection_id')} = ${id}::uuid`),
    when(filter.provider, provider => sql`${column('provider')} = ${provider}`)
  ]
}
const ofCurrency = (alias: string, { currency }: ReportFilter): Condition | undefined => when(currency, code => sql`${sql.ref(`${alias}.currency`)} = ${code}`)

// --- what it cost -----------------------------------------------------------------------------------------------------

/** What a movement in the provider's books took: as app.counted_balance_transactions counts it. */
const cost = sql`case when b.type = 'fee' then -coalesce(b.net, b.amount - coalesce(b.fee, 0)) else b.fee end`

/** What the provider told of one payment, in one currency: that in which it settles. */
const told = (db: TenantDb) => sql`left join lateral (
  select b.currency, sum(${cost})::bigint as fee from balance_transactions b
  where b.tenant_id = ${db.tenantId} and b.payment_id = p.id and (b.type = 'fee' or b.fee is not null) group by b.currency order by b.currency limit 1
) told on true`

/** What the connection's costs say of it: the line for its method before the line for all, the latest that had begun. Rounded for each payment, as providers do. */
const expected = (db: TenantDb) => sql`left join lateral (
  select e.commission + round(e.commission * e.vat_percent / 100) as fee, round(e.commission * e.vat_percent / 100) as vat
  from (select round(p.amount_captured * c.percent / 100) + c.fixed as commission, c.vat_percent from connection_costs c
    where c.tenant_id = ${db.tenantId} and c.connection_id = p.connection_id and c.kind = 'payment' and c.currency = p.currency
      and c.method in ('', p.method ->> 'type') and c.from_day <= (p.created_at at time zone 'UTC')::date and p.amount_captured > 0
    order by c.method <> '' desc, c.from_day desc limit 1) e
) expected on true`

// --- transactions -----------------------------------------------------------------------------------------------------

export interface TransactionFilter extends ReportFilter { type?: 'payment' | 'refund', status?: string, method?: string, reference?: string }

export interface TransactionRow {
  id: string
  type: 'payment' | 'refund'
  payment_id: string
  status: string
  amount: number
  currency: string
  amount_captured: number
  amount_refunded: number
  told_fee: number | null
  told_currency: string | null
  expected_fee: number | null
  method: string | null
  provider: string
  connection_id: string
  provider_reference: string | null
  reference: string | null
  description: string | null
  invoice_id: string | null
  disputed: boolean
  created_at: Date
  succeeded_at: Date | null
}

const paymentsOf = (db: TenantDb, filter: TransactionFilter): Condition => all([
  ...common(db, 'p', filter), ofCurrency('p', filter),
  when(filter.status, status => sql`p.status = ${status}`),
  when(filter.method, method => sql`p.method ->> 'type' = ${method}`),
  when(filter.reference, reference => sql`p.reference = ${reference}`)
])
const refundsOf = (db: TenantDb, filter: TransactionFilter): Condition => all([
  ...common(db, 'r', filter), ofCurrency('r', filter), sql`p.tenant_id = r.tenant_id and p.id = r.payment_id`,
  when(filter.status, status => sql`r.status = ${status}`),
  when(filter.method, method => sql`p.method ->> 'type' = ${method}`),
  when(filter.reference, reference => sql`p.reference = ${reference}`)
])

/** Payments and refunds, newest first: each branch goes by its own index, and only what is shown is looked up further. */
export async function listTransactions (db: TenantDb, filter: TransactionFilter, limit: number): Promise<TransactionRow[]> {
  const payments = sql`(select p.id, 'payment' as type, p.id as payment_id, p.status, p.amount, p.currency, p.amount_captured, p.amount_refunded, p.method, p.provider, p.connection_id, p.provider_reference,
      p.reference, p.description, p.invoice_id, p.disputed, p.created_at, p.succeeded_at, p.tenant_id
    from payments p where ${paymentsOf(db, filter)} order by p.id desc limit ${limit})`
  const refunds = sql`(select r.id, 'refund' as type, r.payment_id, r.status, r.amount, r.currency, 0::bigint as amount_captured, case when r.status = 'succeeded' then r.amount else 0 end as amount_refunded, p.method, r.provider, r.connection_id,
      r.provider_reference, p.reference, r.reason as description, p.invoice_id, p.disputed, r.created_at, null::timestamptz as succeeded_at, r.tenant_id
    from refunds r, payments p where ${refundsOf(db, filter)} order by r.id desc limit ${limit})`
  const { rows } = await sql<TransactionRow>`
    select p.id, p.type, p.payment_id, p.status, p.amount, p.currency, p.amount_captured, p.amount_refunded, told.fee as told_fee, told.currency as told_currency, expected.fee::bigint as expected_fee,
      p.method ->> 'type' as method, p.provider, p.connection_id, p.provider_reference, p.reference, p.description,
      coalesce(p.invoice_id, (select i.id from invoices i where i.tenant_id = p.tenant_id and i.payment_id = p.payment_id and i.status in ${stampedStatuses} order by i.id limit 1)) as invoice_id,
      p.disputed, p.created_at, p.succeeded_at
    from (select * from (${union(filter.type === 'refund' ? undefined : payments, filter.type === 'payment' ? undefined : refunds)}) u order by id desc limit ${limit}) p
    ${told(db)} ${expected(db)} order by p.id desc`.execute(db)
  return rows
}

const union = (...branches: readonly (Condition | undefined)[]): Condition => sql.join(branches.filter(branch => branch !== undefined), sql` union all `)

const stampedStatuses = sql`('issued', 'cancel_requested', 'cancel_pending_acceptance', 'cancel_rejected')`

export interface TransactionSums {
  payments: { currency: string, count: number, amount: number, captured: number }[]
  refunds: { currency: string, count: number, amount: number }[]
  fees: { currency: string, fee: number }[]
}

/** The same rows, summed: in three questions, each of one pass. */
export async function sumTransactions (db: TenantDb, filter: TransactionFilter): Promise<TransactionSums> {
  const none = { rows: [] }
  const payments = filter.type === 'refund'
    ? none
    : await sql<TransactionSums['payments'][number]>`
      select p.currency, count(*) as count, sum(p.amount)::bigint as amount, sum(p.amount_captured)::bigint as captured from payments p where ${paymentsOf(db, filter)} group by p.currency`.execute(db)
  const refunds = filter.type === 'payment'
    ? none
    : await sql<TransactionSums['refunds'][number]>`
      select r.currency, count(*) as count, coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0)::bigint as amount from refunds r, payments p where ${refundsOf(db, filter)} group by r.currency`.execute(db)
  const fees = filter.type === 'refund'
    ? none
    : await sql<TransactionSums['fees'][number]>`
      select coalesce(told.currency, p.currency) as currency, sum(coalesce(told.fee, expected.fee))::bigint as fee from payments p ${toldOfAll(db, filter)} ${expected(db)}
      where ${paymentsOf(db, filter)} and coalesce(told.fee, expected.fee) is not null group by 1`.execute(db)
  return { payments: payments.rows, refunds: refunds.rows, fees: fees.rows }
}

/** As `told`, of all payments of the window at once: one pass and a join instead of a look-up for each. */
const toldOfAll = (db: TenantDb, filter: ReportFilter) => sql`left join (
  select distinct on (b.payment_id) b.payment_id, b.currency, sum(${cost})::bigint as fee from balance_transactions b
  where ${all([
    sql`b.tenant_id = ${db.tenantId} and b.payment_id is not null and (b.type = 'fee' or b.fee is not null)`,
    when(filter.before, id => sql`b.payment_id < ${id}::uuid`), when(filter.from, id => sql`b.payment_id >= ${id}::uuid`)
  ])} group by b.payment_id, b.currency order by b.payment_id, b.currency
) told on told.payment_id = p.id`

// --- fees -------------------------------------------------------------------------------------------------------------

export interface FeeFilter extends ReportFilter { kind?: 'payment' | 'adjustment' | 'document', source?: 'provider' | 'expected' | 'none' }

export interface FeeRow {
  id: string
  kind: 'payment' | 'adjustment' | 'document'
  type: string
  amount: number | null
  amount_currency: string | null
  told_fee: number | null
  told_currency: string | null
  expected_fee: number | null
  expected_vat: number | null
  expected_currency: string | null
  provider: string | null
  connection_id: string | null
  reference: string | null
  at: Date
}

const documentCost = (db: TenantDb) => sql`left join lateral (
  select c.currency, c.fixed + round(c.fixed * c.vat_percent / 100) as fee, round(c.fixed * c.vat_percent / 100) as vat from connection_costs c
  where c.tenant_id = ${db.tenantId} and c.connection_id = i.connection_id and c.kind = 'document' and c.from_day <= (i.created_at at time zone 'UTC')::date
  order by c.from_day desc, c.currency limit 1
) expected on true`

/** One branch for each kind; the columns are those of FeeRow. A filter of currency is of what the fee is in. */
function feeBranches (db: TenantDb, filter: FeeFilter, lookUp: Condition, order: (alias: string) => Condition): Condition[] {
  const wants = (kind: FeeFilter['kind']) => filter.kind === undefined || filter.kind === kind
  const money = (feeCurrency: Condition) => when(filter.currency, code => sql`${feeCurrency} = ${code}`)
  const source = (tells: Condition, expects: Condition) => when(filter.source, wanted => wanted === 'provider' ? tells : wanted === 'expected' ? sql`not (${tells}) and ${expects}` : sql`not (${tells}) and not (${expects})`)
  return [
    ...wants('payment')
      ? [sql`(select p.id, 'payment' as kind, coalesce(p.method ->> 'type', 'unknown') as type, p.amount_captured as amount, p.currency as amount_currency, told.fee as told_fee, told.currency as told_currency,
          expected.fee::bigint as expected_fee, expected.vat::bigint as expected_vat, p.currency as expected_currency, p.provider, p.connection_id, p.reference, p.created_at as at
        from payments p ${lookUp} ${expected(db)}
        where ${all([...common(db, 'p', filter), sql`p.amount_captured > 0`, money(sql`coalesce(told.currency, p.currency)`), source(sql`told.fee is not null`, sql`expected.fee is not null`)])} ${order('p')})`]
      : [],
    ...wants('adjustment')
      ? [sql`(select b.id, 'adjustment' as kind, b.type, b.amount, b.currency as amount_currency, coalesce((${cost})::bigint, 0) as told_fee, b.currency as told_currency,
          null::bigint as expected_fee, null::bigint as expected_vat, null::text as expected_currency, b.provider, b.connection_id, b.provider_reference as reference, b.occurred_at as at
        from balance_transactions b
        where ${all([...common(db, 'b', filter), sql`b.payment_id is null and (b.type in ('fee', 'other') or coalesce(b.fee, 0) <> 0)`, money(sql`b.currency`), source(sql`true`, sql`false`)])} ${order('b')})`]
      : [],
    ...wants('document')
      ? [sql`(select i.id, 'document' as kind, i.kind as type, null::bigint as amount, null::text as amount_currency, null::bigint as told_fee, null::text as told_currency,
          expected.fee::bigint as expected_fee, expected.vat::bigint as expected_vat, expected.currency as expected_currency, i.provider, i.connection_id, concat_ws('', i.series, i.number) as reference, i.created_at as at
        from invoices i ${documentCost(db)}
        where ${all([...common(db, 'i', filter), sql`i.stamped_at is not null and expected.fee is not null`, money(sql`expected.currency`), source(sql`false`, sql`true`)])} ${order('i')})`]
      : []
  ]
}

export async function listFees (db: TenantDb, filter: FeeFilter, limit: number): Promise<FeeRow[]> {
  const branches = feeBranches(db, filter, told(db), alias => sql`order by ${sql.ref(`${alias}.id`)} desc limit ${limit}`)
  const { rows } = await sql<FeeRow>`select * from (${union(...branches)}) u order by id desc limit ${limit}`.execute(db)
  return rows
}

export interface FeeSum { currency: string, kind: FeeRow['kind'], told: number, expected: number, vat: number, unknown: number }

export async function sumFees (db: TenantDb, filter: FeeFilter): Promise<FeeSum[]> {
  const branches = feeBranches(db, filter, toldOfAll(db, filter), () => sql``)
  const { rows } = await sql<FeeSum>`
    select coalesce(told_currency, expected_currency, amount_currency) as currency, kind, coalesce(sum(told_fee), 0)::bigint as told,
      coalesce(sum(expected_fee) filter (where told_fee is null), 0)::bigint as expected, coalesce(sum(expected_vat) filter (where told_fee is null), 0)::bigint as vat,
      count(*) filter (where told_fee is null and expected_fee is null) as unknown
    from (${union(...branches)}) u group by 1, 2`.execute(db)
  return rows
}

// --- invoices ---------------------------------------------------------------------------------------------------------

export interface InvoiceFilter extends ReportFilter { status?: string, stamped?: boolean, kind?: string, country?: string, issuerId?: string, series?: string, customerTaxId?: string }

export interface InvoiceRow {
  id: string
  kind: string
  country: string
  status: string
  stamped_at: Date | null
  issuer_id: string
  series: string | null
  number: string | null
  fiscal_id: string | null
  provider_status: string | null
  message: { code?: string, message?: string } | null
  review: string | null
  customer_tax_id: string
  delegated: boolean
  currency: string
  total: string
  amount_paid: string
  amount_credited: string
  connection_id: string | null
  provider: string | null
  payment_id: string | null
  sale_id: string | null
  reference: string | null
  cancel_motive: string | null
  cancel_asked_at: Date | null
  canceled_at: Date | null
  issued_at: Date | null
  created_at: Date
}

const invoicesOf = (db: TenantDb, filter: InvoiceFilter): Condition => all([
  ...common(db, 'i', filter), ofCurrency('i', filter),
  when(filter.status, status => sql`i.status = ${status}`),
  when(filter.stamped, stamped => stamped ? sql`i.stamped_at is not null` : sql`i.stamped_at is null`),
  when(filter.kind, kind => sql`i.kind = ${kind}`),
  when(filter.country, country => sql`i.country = ${country}`),
  when(filter.issuerId, id => sql`i.issuer_id = ${id}::uuid`),
  when(filter.series, series => sql`i.series = ${series}`),
  when(filter.customerTaxId, taxId => sql`i.customer_tax_id = ${taxId}`)
])

export async function listInvoices (db: TenantDb, filter: InvoiceFilter, limit: number): Promise<InvoiceRow[]> {
  const { rows } = await sql<InvoiceRow>`
    select i.id, i.kind, i.country, i.status, i.stamped_at, i.issuer_id, i.series, i.number, i.fiscal_id, i.provider_status, i.messages -> -1 as message, i.review, i.customer_tax_id, i.delegated, i.currency, i.total,
      i.amount_paid, i.amount_credited, i.connection_id, i.provider, i.payment_id, i.sale_id, i.reference, i.cancel_motive, i.cancel_asked_at, i.canceled_at, i.issued_at, i.created_at
    from invoices i where ${invoicesOf(db, filter)} order by i.id desc limit ${limit}`.execute(db)
  return rows
}

export interface InvoiceSum { currency: string, kind: string, state: 'stamped' | 'unstamped' | 'canceled', count: number, total: string }

export async function sumInvoices (db: TenantDb, filter: InvoiceFilter): Promise<InvoiceSum[]> {
  const { rows } = await sql<InvoiceSum>`
    select i.currency, i.kind, case when i.status = 'canceled' then 'canceled' when i.stamped_at is not null then 'stamped' else 'unstamped' end as state, count(*) as count, sum(i.total) as total
    from invoices i where ${invoicesOf(db, filter)} group by 1, 2, 3`.execute(db)
  return rows
}

// --- costs of a connection --------------------------------------------------------------------------------------------

const selectCosts = (db: TenantDb) => db.selectFrom('connection_costs').select(['connection_id', 'kind', 'currency', 'method', 'from_day', 'percent', 'fixed', 'vat_percent']).where('tenant_id', '=', db.tenantId)
export type CostRow = Awaited<ReturnType<ReturnType<typeof selectCosts>['executeTakeFirstOrThrow']>>

/** Of one connection, or of all: a method's before the one for all, the latest first. */
export async function listCosts (db: TenantDb, connectionId?: string): Promise<CostRow[]> {
  return await selectCosts(db).$if(connectionId !== undefined, q => q.where('connection_id', '=', connectionId!)).orderBy('kind', 'desc').orderBy('currency').orderBy('method', 'desc').orderBy('from_day', 'desc').execute()
}

export async function replaceCosts (db: TenantDb, connectionId: string, rows: readonly (CostRow & { id: string })[], now: Date): Promise<void> {
  await db.deleteFrom('connection_costs').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).execute()
  if (rows.length > 0) await db.insertInto('connection_costs').values(rows.map(row => ({ ...row, tenant_id: db.tenantId, created_at: now }))).execute()
}

/** Locked, so that two who write its costs come one after the other. Of either mode; deleted or not: what it took before is still reported. */
export async function lockConnection (db: TenantDb, id: string): Promise<{ mode: string } | undefined> {
  return await db.selectFrom('connections').select('mode').where('tenant_id', '=', db.tenantId).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

export async function findConnection (db: TenantDb, id: string): Promise<{ mode: string } | undefined> {
  return await db.selectFrom('connections').select('mode').where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

/** Of those that were ever there: what a deleted one took is still reported. */
export async function nameConnections (db: TenantDb, mode: Mode): Promise<{ id: string, provider: string, label: string }[]> {
  return await db.selectFrom('connections').select(['id', 'provider', 'label']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).execute()
}

export async function countAlerts (db: TenantDb, mode: Mode): Promise<{ open: number, critical: number, acknowledged: number }> {
  const { rows } = await sql<{ open: number, critical: number, acknowledged: number }>`
    select count(*) filter (where acknowledged_at is null) as open, count(*) filter (where acknowledged_at is null and severity = 'critical') as critical, count(*) filter (where acknowledged_at is not null) as acknowledged
    from alerts where tenant_id = ${db.tenantId} and (mode = ${mode} or mode is null) and resolved_at is null`.execute(db)
  return rows[0]!
}

// --- figures ----------------------------------------------------------------------------------------------------------

export interface FigureRow { at: Date, subject: string, connection_id: string, label: string, detail: string, currency: string, bucket: number, count: number, amount: number, captured: number }

/** What is wanted of the time between `from` and `to`, both full hours (UTC): whole days by the day, what is left by the hour. */
export interface FigureFilter { mode: Mode, from: Date, to: Date, subjects: readonly string[], interval: 'hour' | 'day' | 'none', connectionId?: string }

const dayMs = 24 * 3600_000

/**
 * The figures, with what has not been added up yet: one statement, so one snapshot, in which every delta is either itself or added up.
 * `at`: the hour or day of the series; `from` when there is none.
 */
export async function figures (db: TenantDb, { mode, from, to, subjects, interval, connectionId }: FigureFilter): Promise<FigureRow[]> {
  const firstDay = new Date(Math.ceil(from.getTime() / dayMs) * dayMs)
  const lastDay = new Date(Math.max(firstDay.getTime(), Math.floor(to.getTime() / dayMs) * dayMs))
  const days = interval !== 'hour' && firstDay < to && firstDay < lastDay
  const of = (grain: 'hour' | 'day', start: Date, end: Date) => sql`
    select subject, at, connection_id, label, detail, currency, bucket, count, amount, captured from report_figures
    where tenant_id = ${db.tenantId} and mode = ${mode} and grain = ${grain} and subject = any(${[...subjects]}::text[]) and at >= ${start} and at < ${end} ${ofConnection}`
  const ofConnection = connectionId === undefined ? sql`` : sql`and connection_id = ${connectionId}::uuid`
  const parts = days
    ? [...from < firstDay ? [of('hour', from, firstDay)] : [], of('day', firstDay, lastDay), ...lastDay < to ? [of('hour', lastDay, to)] : []]
    : [of('hour', from, to)]
  const at = interval === 'none' ? sql`${from}::timestamptz` : sql`date_trunc(${sql.lit(interval)}, at, 'UTC')`
  const { rows } = await sql<FigureRow>`
    select ${at} as at, subject, connection_id, label, detail, currency, bucket, sum(count)::bigint as count, sum(amount)::bigint as amount, sum(captured)::bigint as captured
    from (${sql.join(parts, sql` union all `)} union all
      select subject, hour, connection_id, label, detail, currency, bucket, count, amount, captured from report_deltas
      where tenant_id = ${db.tenantId} and mode = ${mode} and subject = any(${[...subjects]}::text[]) and hour >= ${from} and hour < ${to} ${ofConnection}) f
    group by 1, 2, 3, 4, 5, 6, 7 having sum(count) <> 0 or sum(amount) <> 0 or sum(captured) <> 0`.execute(db)
  return rows
}

/** Adds up so many deltas of all tenants; how many there were. */
export async function foldDeltas (db: Parameters<ReturnType<typeof sql>['execute']>[0], limit: number): Promise<number> {
  const { rows } = await sql<{ folded: number }>`select gate.fold_report_deltas(${limit}) as folded`.execute(db)
  return rows[0]!.folded
}
