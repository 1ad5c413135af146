/** What the rows say of the same money, as facts to be judged: the only place that reads them for it. */
import { sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import { parseAnyId, publicId } from '../../ids.ts'
import { toMinor } from '../../sales/amounts.ts'
import { allocate, type Fact, type Part } from './judge.ts'

export interface Days { provider: number, bank: number, document: number }

/** What a look at some rows found: facts, and keys of what is no fact of its own any more. */
export interface Found { facts: Fact[], gone: { leg: Fact['leg'], key: string }[] }

export const nothing: Found = { facts: [], gone: [] }
export const together = (...all: Found[]): Found => ({ facts: all.flatMap(({ facts }) => facts), gone: all.flatMap(({ gone }) => gone) })

const dayMs = 86_400_000
const later = (moment: Date, days: number): Date => new Date(moment.getTime() + days * dayMs)
const keyOf = (kind: 'payment' | 'refund' | 'dispute' | 'transaction' | 'sale' | 'invoice' | 'entry', id: string): string => `${kind}:${id}`
const grouped = <Row, Key>(rows: readonly Row[], key: (row: Row) => Key): Map<Key, Row[]> => Map.groupBy(rows, key)

/** An invoice in one of these is valid for the authority. */
const valid = sql`('issued', 'cancel_requested', 'cancel_pending_acceptance', 'cancel_rejected')`

// --- the provider's books ---------------------------------------------------------------------------------------------

interface Move { id: string, type: string, amount: number, currency: string, payment_id: string | null, refund_id: string | null, connection_id: string, occurred_at: Date }
const partOf = ({ id, amount, currency }: Move): Part => ({ id: publicId('balance_transaction', id), amount, currency })

/**
 * Payments with their refunds and disputes, beside the movements of `booked` connections: those whose books can be read. Money that a
 * payment has at the bank (transfers of one's own) and in documents is judged with it.
 */
export async function factsOfPayments (db: TenantDb, mode: Mode, ids: readonly string[], { booked, days }: { booked: ReadonlySet<string>, days: Days }): Promise<Found> {
  if (ids.length === 0) return nothing
  const payments = await db.selectFrom('payments').select(['id', 'connection_id', 'amount_captured', 'amount_refunded', 'currency', 'created_at', 'updated_at'])
    .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('id', 'in', [...ids]).execute()
  const own = payments.map(({ id }) => id)
  if (own.length === 0) return nothing
  const refunds = grouped(await db.selectFrom('refunds').select(['id', 'payment_id', 'connection_id', 'status', 'amount', 'currency', 'created_at', 'updated_at'])
    .where('tenant_id', '=', db.tenantId).where('payment_id', 'in', own).execute(), row => row.payment_id)
  const disputes = grouped(await db.selectFrom('disputes').select(['id', 'payment_id', 'connection_id', 'status', 'amount', 'currency', 'opened_at', 'updated_at'])
    .where('tenant_id', '=', db.tenantId).where('payment_id', 'in', own).execute(), row => row.payment_id)
  const moves = grouped(await db.selectFrom('balance_transactions').select(['id', 'type', 'amount', 'currency', 'payment_id', 'refund_id', 'connection_id', 'occurred_at'])
    .where('tenant_id', '=', db.tenantId).where('payment_id', 'in', own).orderBy('id').execute(), row => row.payment_id!)

  const found: Found = { facts: [], gone: [] }
  for (const payment of payments) {
    const told = moves.get(payment.id) ?? []
    const typed = (type: string): Move[] => told.filter(move => move.type === type)
    const due = (changed: Date): Date => later(changed, days.provider)
    if (booked.has(payment.connection_id) || told.length > 0) {
      found.facts.push({
        leg: 'provider', key: keyOf('payment', payment.id), subject: publicId('payment', payment.id), connectionId: payment.connection_id, since: payment.created_at, dueAt: due(payment.updated_at),
        expected: { amount: payment.amount_captured, currency: payment.currency }, found: typed('payment').map(partOf)
      })
    }
    const given = (refunds.get(payment.id) ?? []).filter(({ connection_id: connection }) => booked.has(connection) || told.length > 0)
    const succeeded = given.filter(({ status }) => status === 'succeeded').map(refund => ({ ...refund, amount: -refund.amount }))
    const named = grouped(typed('refund').filter(({ refund_id: id }) => id !== null), move => move.refund_id!)
    const { of: allocated, left } = allocate(succeeded.filter(({ id }) => !named.has(id)), typed('refund').filter(({ refund_id: id }) => id === null))
    for (const refund of given) {
      const parts = [...named.get(refund.id) ?? [], ...[allocated.get(refund.id)].filter(move => move !== undefined)]
      found.facts.push({
        leg: 'provider', key: keyOf('refund', refund.id), subject: publicId('refund', refund.id), connectionId: refund.connection_id, since: refund.created_at, dueAt: due(refund.updated_at),
        expected: { amount: refund.status === 'succeeded' ? -refund.amount : 0, currency: refund.currency }, found: parts.map(partOf)
      })
    }
    const disputed = disputes.get(payment.id) ?? []
    const disputeMoves = typed('dispute')
    if (disputed.length > 0 || disputeMoves.length > 0) {
      const last = disputed.map(({ updated_at: at }) => at).toSorted((one, other) => other.getTime() - one.getTime())[0]
      found.facts.push({
        leg: 'provider', key: keyOf('dispute', payment.id), subject: publicId('payment', payment.id), connectionId: payment.connection_id, since: disputed[0]?.opened_at ?? disputeMoves[0]!.occurred_at, dueAt: due(last ?? disputeMoves[0]!.occurred_at),
        expected: { amount: disputed.reduce((sum, { status, amount }) => sum - (takes(status) ? amount : 0), 0), currency: disputed[0]?.currency ?? payment.currency }, found: disputeMoves.map(partOf)
      })
    }
    const lone = [...left, ...typed('other')]
    const counted = told.filter(move => !lone.includes(move))
    found.facts.push(...lone.map(loneFact))
    found.gone.push(...counted.map(({ id }) => ({ leg: 'provider' as const, key: keyOf('transaction', id) })))
  }
  return together(found, await factsOfTransfers(db, payments, days), await factsOfInvoicedPayments(db, payments))
}

/** While it goes on, and when it was lost, the money is gone; won, or only a warning, it is not. */
const takes = (status: string): boolean => status !== 'won' && !status.startsWith('warning_')

const loneFact = (move: Move): Fact => ({
  leg: 'provider', key: keyOf('transaction', move.id), subject: publicId('balance_transaction', move.id), connectionId: move.connection_id, since: move.occurred_at, dueAt: null, expected: null, found: [partOf(move)]
})

/** Movements that belong to nothing of ours; those of payments are told with their payment. Fees and payouts are looked at elsewhere. */
export async function factsOfMoves (db: TenantDb, mode: Mode, ids: readonly string[]): Promise<Found & { payments: string[], payouts: { connectionId: string, payout: string }[] }> {
  if (ids.length === 0) return { ...nothing, payments: [], payouts: [] }
  const moves = await db.selectFrom('balance_transactions').select(['id', 'type', 'amount', 'currency', 'payment_id', 'refund_id', 'connection_id', 'occurred_at', 'payout'])
    .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('id', 'in', [...ids]).execute()
  const lone = moves.filter(({ payment_id: payment, type }) => payment === null && type !== 'fee' && type !== 'payout')
  const payouts = new Map(moves.flatMap(({ connection_id: connectionId, payout }) => payout === null ? [] : [[`${connectionId}:${payout}`, { connectionId, payout }] as const]))
  return { facts: lone.map(loneFact), gone: [], payments: [...new Set(moves.flatMap(({ payment_id: id }) => id ?? []))], payouts: [...payouts.values()] }
}

// --- payouts ----------------------------------------------------------------------------------------------------------

export interface Payout { key: string, payout: string, connectionId: string, amount: number, currency: string, paidOutAt: Date, content: { count: number, net: number } }

/** Payouts that left the provider's balance and did not come back, with what is in them. */
export async function readPayouts (db: TenantDb, mode: Mode, { only, from, after, limit }: { only?: readonly { connectionId: string, payout: string }[], from?: Date, after?: { at: Date, key: string }, limit: number }): Promise<Payout[]> {
  if (only?.length === 0) return []
  const { rows } = await sql<{ connection_id: string, payout: string, currency: string, out: number, paid_out_at: Date, content: number, net: number }>`
    with told as (
      select connection_id, payout, currency, -sum(amount)::bigint as out, min(occurred_at) as paid_out_at
      from balance_transactions
      where tenant_id = ${db.tenantId} and mode = ${mode} and type = 'payout' and payout is not null
        ${only === undefined ? sql`` : sql`and (connection_id, payout) in (select * from unnest(${only.map(({ connectionId }) => connectionId)}::uuid[], ${only.map(({ payout }) => payout)}::text[]))`}
        ${from === undefined ? sql`` : sql`and occurred_at >= ${from}`}
      group by connection_id, payout, currency
    ), page as (
      select * from told ${after === undefined ? sql`` : sql`where (paid_out_at, connection_id || ':' || payout) > (${after.at}, ${after.key})`}
      order by paid_out_at, connection_id || ':' || payout limit ${limit}
    )
    select p.*, c.content, c.net from page p cross join lateral (
      select count(*)::int as content, coalesce(sum(coalesce(b.net, b.amount - coalesce(b.fee, 0))), 0)::bigint as net from balance_transactions b
      where b.tenant_id = ${db.tenantId} and b.payout = p.payout and b.connection_id = p.connection_id and b.currency = p.currency and b.type <> 'payout'
    ) c order by p.paid_out_at, p.connection_id || ':' || p.payout`.execute(db)
  return rows.map(row => ({
    key: `${row.connection_id}:${row.payout}`, payout: row.payout, connectionId: row.connection_id, amount: Number(row.out), currency: row.currency, paidOutAt: row.paid_out_at, content: { count: row.content, net: Number(row.net) }
  }))
}

/** A payout beside its movements, where the provider tells which are in it. */
export function contentFacts (payouts: readonly Payout[]): Fact[] {
  return payouts.filter(({ content, amount }) => content.count > 0 && amount > 0).map(({ key, payout, connectionId, amount, currency, paidOutAt, content }) => ({
    leg: 'payout', key, subject: payout, connectionId, since: paidOutAt, dueAt: null, expected: { amount: content.net, currency }, found: [{ id: payout, amount, currency }]
  }))
}

// --- the bank ---------------------------------------------------------------------------------------------------------

interface PaidPayment { id: string, connection_id: string, amount_captured: number, currency: string, created_at: Date, updated_at: Date }

/** Payments by transfer to an account of one's own, beside the entries that statements brought for them. */
async function factsOfTransfers (db: TenantDb, payments: readonly PaidPayment[], days: Days): Promise<Found> {
  const ids = payments.map(({ id }) => id)
  const transfers = await db.selectFrom('bank_transfers').select('payment_id').distinct().where('tenant_id', '=', db.tenantId).where('payment_id', 'in', ids).execute()
  if (transfers.length === 0) return nothing
  const byTransfer = new Set(transfers.map(row => row.payment_id))
  const entries = grouped(await db.selectFrom('bank_entries').select(['id', 'payment_id', 'amount', 'currency']).where('tenant_id', '=', db.tenantId).where('payment_id', 'in', ids)
    .where('direction', '=', 'credit').where('status', 'in', ['matched', 'review']).orderBy('id').execute(), row => row.payment_id!)
  return {
    facts: payments.filter(({ id }) => byTransfer.has(id)).map(payment => ({
      leg: 'bank', key: keyOf('payment', payment.id), subject: publicId('payment', payment.id), connectionId: payment.connection_id, since: payment.created_at, dueAt: later(payment.updated_at, days.bank),
      expected: { amount: payment.amount_captured, currency: payment.currency },
      found: (entries.get(payment.id) ?? []).map(({ id, amount, currency }) => ({ id: publicId('bank_entry', id), amount, currency }))
    })),
    gone: []
  }
}

/** Credits that are no payment's and no payout's. Those that a person set aside are nobody's question. */
export async function factsOfEntries (db: TenantDb, mode: Mode, ids: readonly string[]): Promise<Found & { payments: string[], firstDay: string | undefined }> {
  if (ids.length === 0) return { ...nothing, payments: [], firstDay: undefined }
  const { rows } = await sql<{ id: string, amount: number, currency: string, booked_on: string, status: string, payment_id: string | null, payout_key: string | null }>`
    select e.id, e.amount, e.currency, e.booked_on::text as booked_on, e.status, e.payment_id, p.payout_key
    from bank_entries e left join payout_entries p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${db.tenantId} and e.mode = ${mode} and e.direction = 'credit' and e.id = any(${ids}::uuid[])`.execute(db)
  const isNobodys = (row: typeof rows[number]): boolean => (row.status === 'unknown' || row.status === 'new') && row.payment_id === null && row.payout_key === null
  return {
    facts: rows.filter(isNobodys).map(({ id, amount, currency, booked_on: day }) => ({
      leg: 'bank', key: keyOf('entry', id), subject: publicId('bank_entry', id), connectionId: null, since: new Date(`${day}T12:00:00Z`), dueAt: null, expected: null, found: [{ id: publicId('bank_entry', id), amount: Number(amount), currency }]
    })),
    gone: rows.filter(row => !isNobodys(row)).map(({ id }) => ({ leg: 'bank' as const, key: keyOf('entry', id) })),
    payments: rows.flatMap(({ payment_id: id }) => id ?? []),
    firstDay: rows.map(({ booked_on: day }) => day).toSorted()[0]
  }
}

// --- fiscal documents -------------------------------------------------------------------------------------------------

/** So long a document may be on its way before it is missing. */
const makingDays = 3
/** The longest period of a global invoice is two months (c_Periodicidad 05), and it is made in the days after. */
const globalDays = 65

/** Sales: what was kept of each, beside what valid documents say of it. */
export async function factsOfSales (db: TenantDb, mode: Mode, ids: readonly string[], days: Days): Promise<Found> {
  if (ids.length === 0) return nothing
  const { rows } = await sql<{
    id: string, currency: string, total: string, refunded: string, document: string, document_amount: string, paid_at: Date | null, sold_at: Date, updated_at: Date, link_expires_at: Date | null, orphan_at: Date | null,
    payment_id: string | null, connection_id: string | null, invoice_id: string | null, is_valid: boolean | null, credited: string
  }>`
    with told as (
      select s.*, case when s.document in ('in_global', 'leaving_global') then g.invoice_id else s.invoice_id end as by_invoice
      from sales s left join global_invoices g on g.tenant_id = s.tenant_id and g.id = s.global_id
      where s.tenant_id = ${db.tenantId} and s.mode = ${mode} and s.id = any(${ids}::uuid[])
    )
    select t.id, t.currency, t.total::text as total, t.refunded::text as refunded, t.document, t.document_amount::text as document_amount, t.paid_at, t.sold_at, t.updated_at, t.link_expires_at, t.orphan_at,
      t.payment_id, p.connection_id, t.by_invoice as invoice_id, i.status in ${valid} as is_valid,
      coalesce((select sum(n.total) from invoices n where n.tenant_id = t.tenant_id and n.sale_id = t.id and n.related_id = t.by_invoice and n.kind = 'credit_note' and n.status in ${valid}), 0)::text as credited
    from told t left join invoices i on i.tenant_id = t.tenant_id and i.id = t.by_invoice left join payments p on p.tenant_id = t.tenant_id and p.id = t.payment_id`.execute(db)
  return {
    facts: rows.map(row => {
      const minor = (amount: string): number => toMinor(amount, row.currency)
      const kept = row.paid_at === null ? 0 : minor(row.total) - minor(row.refunded)
      const told = row.document === 'elsewhere'
        ? [{ id: publicId('sale', row.id), amount: kept, currency: row.currency }]
        : row.is_valid === true && row.invoice_id !== null && tells.has(row.document) ? [{ id: publicId('invoice', row.invoice_id), amount: minor(row.document_amount) - minor(row.credited), currency: row.currency }] : []
      return {
        leg: 'document', key: keyOf('sale', row.id), subject: publicId('sale', row.id), connectionId: row.connection_id, since: row.paid_at ?? row.sold_at, dueAt: dueOf(row, days),
        expected: { amount: kept, currency: row.currency }, found: told
      }
    }),
    // A payment that became a sale is told by it.
    gone: rows.flatMap(({ payment_id: id }) => id === null ? [] : { leg: 'document' as const, key: keyOf('payment', id) })
  }
}

const tells: ReadonlySet<string> = new Set(['invoiced', 'in_global', 'leaving_global'])

function dueOf (sale: { document: string, paid_at: Date | null, sold_at: Date, updated_at: Date, link_expires_at: Date | null, orphan_at: Date | null }, days: Days): Date {
  const paidAt = sale.paid_at ?? sale.sold_at
  switch (sale.document) {
    case 'undecided': return later(paidAt, days.document)
    case 'link': return later(sale.link_expires_at ?? paidAt, makingDays)
    case 'correcting': return later(sale.orphan_at ?? paidAt, makingDays)
    case 'global_pending': return later(paidAt, globalDays)
    default: return later(sale.updated_at, makingDays)
  }
}

/** Payments that no sale tells of, and that an invoice names. */
async function factsOfInvoicedPayments (db: TenantDb, payments: readonly (PaidPayment & { amount_refunded: number })[]): Promise<Found> {
  const { rows } = await sql<{ payment_id: string, id: string, currency: string, told: string, is_valid: boolean }>`
    select i.payment_id, i.id, i.currency, (i.total - i.amount_credited)::text as told, i.status in ${valid} as is_valid
    from invoices i where i.tenant_id = ${db.tenantId} and i.payment_id = any(${payments.map(({ id }) => id)}::uuid[]) and i.kind = 'invoice' and i.sale_id is null
      and not exists (select from sales s where s.tenant_id = i.tenant_id and s.payment_id = i.payment_id) order by i.id`.execute(db)
  const documents = grouped(rows, row => row.payment_id)
  return {
    facts: payments.filter(({ id }) => documents.has(id)).map(payment => ({
      leg: 'document', key: keyOf('payment', payment.id), subject: publicId('payment', payment.id), connectionId: payment.connection_id, since: payment.created_at, dueAt: later(payment.updated_at, makingDays),
      expected: { amount: payment.amount_captured - payment.amount_refunded, currency: payment.currency },
      found: documents.get(payment.id)!.filter(row => row.is_valid).map(row => ({ id: publicId('invoice', row.id), amount: toMinor(row.told, row.currency), currency: row.currency }))
    })),
    gone: []
  }
}

/** Invoices that are paid later (PPD, or with a day on which they are due), beside the money that came for them; and whose money theirs is. */
export async function factsOfInvoices (db: TenantDb, mode: Mode, ids: readonly string[]): Promise<Found & { payments: string[], sales: string[] }> {
  if (ids.length === 0) return { ...nothing, payments: [], sales: [] }
  const { rows } = await sql<{ id: string, currency: string, owed: string, paid: string, due: string | null, issued_at: Date | null, created_at: Date, payment_id: string | null, sale_id: string | null, related_sale: string | null, is_owed: boolean, parts: { id: string, amount: string }[] }>`
    select i.id, i.currency, (i.total - i.amount_credited)::text as owed, i.amount_paid::text as paid, i.due::text as due, i.issued_at, i.created_at, i.payment_id, i.sale_id,
      (select r.sale_id from invoices r where r.tenant_id = i.tenant_id and r.id = i.related_id) as related_sale,
      i.kind = 'invoice' and i.status in ${valid} and i.sale_id is null and i.payment_id is null and (i.due is not null or i.amount_paid > 0)
        and not exists (select from global_invoices g where g.tenant_id = i.tenant_id and g.invoice_id = i.id) as is_owed
    from invoices i where i.tenant_id = ${db.tenantId} and i.mode = ${mode} and i.id = any(${ids}::uuid[])`.execute(db)
  const { rows: ofGlobals } = await sql<{ id: string }>`
    select s.id from global_invoices g join sales s on s.tenant_id = g.tenant_id and s.global_id = g.id where g.tenant_id = ${db.tenantId} and g.invoice_id = any(${ids}::uuid[])`.execute(db)
  return {
    facts: rows.filter(row => row.is_owed).map(row => {
      const since = row.issued_at ?? row.created_at
      const paid = toMinor(row.paid, row.currency)
      return {
        leg: 'document', key: keyOf('invoice', row.id), subject: publicId('invoice', row.id), connectionId: null, since, dueAt: row.due === null ? later(since, 30) : later(new Date(`${row.due.slice(0, 10)}T12:00:00Z`), 1),
        expected: { amount: toMinor(row.owed, row.currency), currency: row.currency }, found: paid === 0 ? [] : [{ id: publicId('invoice', row.id), amount: paid, currency: row.currency }]
      }
    }),
    gone: rows.filter(row => !row.is_owed).map(({ id }) => ({ leg: 'document' as const, key: keyOf('invoice', id) })),
    payments: rows.flatMap(({ payment_id: id }) => id ?? []),
    sales: [...new Set([...rows.flatMap(({ sale_id: id, related_sale: related }) => [id ?? [], related ?? []].flat()), ...ofGlobals.map(({ id }) => id)])]
  }
}

/** What an item's key names, to look at it again. */
export function keysOf (items: readonly { leg: string, key: string }[]): Record<'payments' | 'refunds' | 'moves' | 'sales' | 'invoices', string[]> & { payouts: { connectionId: string, payout: string }[] } {
  const of = (leg: string | undefined, kinds: readonly string[]): string[] => [...new Set(items.flatMap(item => {
    const [kind, id] = item.key.split(':') as [string, string]
    return (leg === undefined || item.leg === leg) && kinds.includes(kind) ? id : []
  }))]
  return {
    payments: of(undefined, ['payment', 'dispute']),
    refunds: of('provider', ['refund']),
    moves: of('provider', ['transaction']),
    sales: of('document', ['sale']),
    invoices: of('document', ['invoice']),
    payouts: items.filter(({ leg, key }) => leg === 'payout' || (leg === 'bank' && !/^(payment|entry):/.test(key))).map(({ key }) => ({ connectionId: key.slice(0, 36), payout: key.slice(37) }))
  }
}

/** A refund is judged with its payment. */
export async function paymentsOfRefunds (db: TenantDb, refundIds: readonly string[]): Promise<string[]> {
  if (refundIds.length === 0) return []
  return (await db.selectFrom('refunds').select('payment_id').distinct().where('tenant_id', '=', db.tenantId).where('id', 'in', [...refundIds]).execute()).map(row => row.payment_id)
}

export async function salesOfPayments (db: TenantDb, paymentIds: readonly string[]): Promise<string[]> {
  if (paymentIds.length === 0) return []
  return (await db.selectFrom('sales').select('id').where('tenant_id', '=', db.tenantId).where('payment_id', 'in', [...paymentIds]).execute()).map(({ id }) => id)
}

/** Whose money an event of ours is about. */
export function subjectsOf (rows: readonly { type: string, subject_id: string, data: unknown }[]): { payments: string[], sales: string[], invoices: string[], refunds: string[] } {
  const payments = new Set<string>()
  const refunds = new Set<string>()
  const sales = new Set<string>()
  const invoices = new Set<string>()
  for (const { type, subject_id: id, data } of rows) {
    const object = type.slice(0, type.indexOf('.'))
    const named = (data as { payment?: unknown } | null)?.payment
    const payment = typeof named === 'string' ? parseAnyId(named) : undefined
    if (payment?.kind === 'payment') payments.add(payment.uuid)
    if (object === 'payment') payments.add(id)
    else if (object === 'refund') refunds.add(id)
    else if (object === 'sale') sales.add(id)
    else if (object === 'invoice') invoices.add(id)
  }
  return { payments: [...payments], refunds: [...refunds], sales: [...sales], invoices: [...invoices] }
}
