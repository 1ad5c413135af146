import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { ProviderTransaction, TransactionPage } from '../adapter/payments.ts'
import { isProviderError } from '../adapter/problems.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { checkedRange, connectionOf, listingError, requireListing } from './connection.ts'
import { startMatching } from './matching/run.ts'
import * as queries from './queries.ts'
import type { NewTransaction, TransactionRow } from './queries.ts'
import type { BalanceTransaction, ListBalanceTransactions, Range, TransactionReading } from './schema.ts'

export const transactionTimer = 'balance_transactions'
export const everyMs = 24 * 3600_000
/** A payout is told, and a date corrected, days after the movement: so far back is read again each time. */
const overlapMs = 7 * everyMs
/** Of a connection that was never read. */
const firstMs = 30 * everyMs
/** One stretch of time is read to its end before the next begins. */
const stretchMs = 7 * everyMs
/** A provider that always has a next page is not followed for ever. */
const pagesAtMost = 20_000
/** As many pages as a request waits for. */
const pagesInRequest = 50
const leaseMs = 10 * 60_000
const retryMs = [10, 30, 60, 180].map(minutes => minutes * 60_000)

interface Read { seen: number, stored: number, changed: number, complete: boolean, readUntil: Date }

/** Reads the books of a connection now. What is read again changes nothing twice. */
export async function readTransactionsNow (hub: Hub, access: Access, publicConnectionId: string, given: Range): Promise<TransactionReading> {
  const connection = await connectionOf(hub, access, publicConnectionId)
  requireListing(hub, connection, 'listTransactions')
  const now = hub.now()
  const range = checkedRange(given, await usualRange(hub, connection, now), now)
  await inTenant(hub.db, access.tenantId, async db => {
    await recordChange(db, access, now, { action: 'connection.transactions_read', subjectType: 'connection', subjectId: publicConnectionId, detail: { from: range.from, to: range.to } })
  })
  const read = await readRange(hub, connection, range, { requestId: access.requestId, pages: pagesInRequest }).catch((error: unknown) => {
    throw isProviderError(error) ? listingError(error, connection.provider) : error
  })
  // What is left is the job's, which goes on from where it was read; and whoever asked once wants it kept up.
  await inTenant(hub.db, access.tenantId, async db => { await setTimer(db, transactionTimer, connection.id, read.complete ? new Date(now.getTime() + everyMs) : now) })
  if (!read.complete) hub.wake(transactionTimer, [{ tenantId: access.tenantId, id: connection.id }])
  return {
    object: 'transaction_reading', connection: publicConnectionId, from: range.from.toISOString(), to: range.to.toISOString(),
    seen: read.seen, stored: read.stored, changed: read.changed, complete: read.complete, read_until: read.readUntil.toISOString()
  }
}

/** The daily job of a connection. */
export async function readTransactionsJob (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => {
    const claimed = await claimTimer(db, transactionTimer, connectionId, now, leaseMs)
    return claimed && { tries: claimed.tries, connection: await loadSealed(db, connectionId) }
  })
  if (found === undefined) return
  const { tries, connection } = found
  const later = async (ms: number) => await inTenant(hub.db, tenantId, async db => { await setTimer(db, transactionTimer, connectionId, new Date(hub.now().getTime() + ms)) })
  if (connection === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, transactionTimer, connectionId) })
  // A later version of its adapter may be able to.
  if (hub.adapters.get(connection.provider)?.payments?.listTransactions === undefined) return await later(7 * everyMs)
  try {
    await readRange(hub, connection, await usualRange(hub, connection, now), { requestId: transactionTimer, pages: Infinity })
    await inTenant(hub.db, tenantId, async db => { await startMatching(db, connection.mode, now) })
    await later(everyMs)
  } catch (error) {
    hub.log.warn({ err: error, connection: publicId('connection', connectionId) }, 'the books of a connection could not be read yet')
    const delayMs = retryMs[tries - 1]
    if (delayMs === undefined) return await later(everyMs)
    await inTenant(hub.db, tenantId, async db => { await retryTimer(db, transactionTimer, connectionId, new Date(hub.now().getTime() + delayMs)) })
  }
}

async function usualRange (hub: Pick<Hub, 'db'>, connection: SealedConnection, now: Date): Promise<{ from: Date, to: Date }> {
  const until = await inTenant(hub.db, connection.tenantId, async db => await queries.readUntil(db, connection.id))
  // However long ago: a range that is asked for by hand is bounded, this one must leave no gap.
  return { from: new Date(until === undefined ? now.getTime() - firstMs : Math.min(until.getTime(), now.getTime()) - overlapMs), to: now }
}

/** Throws the ProviderError of a call that failed; what was read before it is kept. */
async function readRange (hub: Hub, connection: SealedConnection, { from, to }: { from: Date, to: Date }, { requestId, pages }: { requestId: string, pages: number }): Promise<Read> {
  const { tenantId, id } = connection
  const opened = await hub.open(connection)
  const known = await inTenant(hub.db, tenantId, async db => await queries.readUntil(db, id))
  const read: Read = { seen: 0, stored: 0, changed: 0, complete: true, readUntil: from }
  let left = pages
  for (let start = from.getTime(); start < to.getTime(); start += stretchMs) {
    const stretch = { from: new Date(start), to: new Date(Math.min(start + stretchMs, to.getTime())) }
    let cursor: string | undefined
    for (let page = 0; ; page++) {
      if (left-- <= 0) return { ...read, complete: false }
      if (page >= pagesAtMost) throw new Error(`more than ${pagesAtMost} pages of movements in a week`)
      const told = await listPage(hub, opened, { ...stretch, ...(cursor !== undefined && { cursor }) }, requestId)
      const { stored, changed } = await inTenant(hub.db, tenantId, async db => {
        if (pages === Infinity) await retryTimer(db, transactionTimer, id, new Date(hub.now().getTime() + leaseMs))
        return await queries.upsertTransactions(db, await linked(db, connection, told.data), hub.now())
      })
      read.seen += told.data.length
      read.stored += stored
      read.changed += changed
      // A provider that gives the same cursor again has no more to say.
      if (told.next === undefined || told.next === cursor) break
      cursor = told.next
    }
    read.readUntil = stretch.to
    // A range of the past, with a gap between it and what was read, does not close the gap.
    const joins = known === undefined || from <= known
    if (joins) await inTenant(hub.db, tenantId, async db => { await queries.markRead(db, id, stretch.to, hub.now()) })
  }
  return read
}

async function listPage (hub: Hub, connection: OpenConnection, range: { from: Date, to: Date, cursor?: string }, requestId: string): Promise<TransactionPage> {
  const list = connection.adapter.payments!.listTransactions!
  const result = await recordedCall<TransactionPage>(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection, kind: 'list_transactions', subjectId: connection.id, requestId }, async context => await list(context, range))
  if (!result.ok) throw result.error
  return result.value
}

/** The rows of a page, with what they are about where that is ours. A movement that is told twice in one page is one. */
async function linked (db: TenantDb, connection: SealedConnection, moves: readonly ProviderTransaction[]): Promise<NewTransaction[]> {
  const byReference = [...new Map(moves.map(move => [move.providerReference, move])).values()]
  const named = (kind: 'payment' | 'refund') => byReference.flatMap(({ reference }) => (reference === undefined ? undefined : parseId(kind, reference)) ?? [])
  const payments = await queries.paymentsAt(db, connection.id, named('payment'))
  const refunds = await queries.refundsAt(db, connection.id, named('refund'))
  const known = await queries.paymentsByProviderReference(db, connection.id, byReference.flatMap(({ paymentProviderReference }) => paymentProviderReference ?? []))
  return byReference.map(move => {
    const refundId = move.reference === undefined ? undefined : parseId('refund', move.reference)
    const named = move.reference === undefined ? undefined : parseId('payment', move.reference)
    const refund = refundId !== undefined && refunds.has(refundId) ? refundId : null
    const payment = refund !== null ? refunds.get(refund)! : named !== undefined && payments.has(named) ? named : known.get(move.paymentProviderReference ?? '') ?? null
    return {
      id: newUuid(move.at),
      mode: connection.mode,
      connection_id: connection.id,
      provider: connection.provider,
      provider_reference: move.providerReference,
      type: move.type,
      amount: move.amount.amount,
      currency: move.amount.currency,
      fee: move.fee ?? null,
      net: move.net ?? null,
      payout: move.payout ?? null,
      payment_id: payment,
      refund_id: refund,
      payment_provider_reference: move.paymentProviderReference ?? null,
      occurred_at: move.at,
      available_at: move.availableAt ?? null
    }
  })
}

export async function listBalanceTransactions (hub: Pick<Hub, 'db'>, access: Access, query: ListBalanceTransactions): Promise<{ data: BalanceTransaction[], next_cursor: string | null }> {
  const { from = query.created_from, to = query.created_to, ...rest } = query
  const window = idWindow('balance_transaction', { ...rest, ...(from !== undefined && { created_from: from }), ...(to !== undefined && { created_to: to }) })
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listTransactions(db, access.mode, window, {
    ...(query.connection !== undefined && { connectionId: uuidOf('connection', query.connection) }),
    ...(query.payment !== undefined && { paymentId: uuidOf('payment', query.payment) }),
    ...(query.payout !== undefined && { payout: query.payout }),
    ...(query.type !== undefined && { type: query.type })
  }))
  return pageOf('balance_transaction', window, rows, show)
}

export async function getBalanceTransaction (hub: Pick<Hub, 'db'>, access: Access, id: string): Promise<BalanceTransaction> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findTransaction(db, access.mode, uuidOf('balance_transaction', id)))
  if (row === undefined) throw new HubError('not_found')
  return show(row)
}

function show (row: TransactionRow): BalanceTransaction {
  return {
    id: publicId('balance_transaction', row.id),
    object: 'balance_transaction',
    mode: row.mode as Mode,
    type: row.type as BalanceTransaction['type'],
    amount: row.amount,
    currency: row.currency,
    fee: row.fee,
    net: row.net,
    payout: row.payout,
    payment: row.payment_id && publicId('payment', row.payment_id),
    refund: row.refund_id && publicId('refund', row.refund_id),
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    provider_reference: row.provider_reference,
    occurred_at: row.occurred_at.toISOString(),
    available_at: row.available_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
