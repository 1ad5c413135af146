import type { Mode } from '../adapter/context.ts'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import * as accounts from '../bank-accounts/queries.ts'
import type { TransferRow } from '../bank-accounts/queries.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { applyFact } from '../payments/apply.ts'
import type { Fact } from '../payments/machine.ts'
import * as payments from '../payments/queries.ts'
import { judge, type Verdict } from './judge.ts'
import * as queries from './queries.ts'
import type { EntryRow } from './queries.ts'

/**
 * Finds out what one credit is for, and books it: entry, expected transfer, payment, event and alert change together or not at all. Safe
 * to run at any moment and in several places at once: the entry's lock lets only one of them do it.
 */
export async function matchEntry (hub: Pick<Hub, 'db' | 'now' | 'config' | 'wake'>, tenantId: string, entryId: string): Promise<void> {
  const invoiceId = await inTenant(hub.db, tenantId, async db => {
    const entry = await queries.lockEntry(db, entryId)
    if (entry?.status !== 'new') return null
    const transfer = await meantBy(db, entry)
    if (transfer === undefined) {
      await queries.updateEntry(db, entryId, { status: 'unknown', reason: entry.reference === null ? 'no_reference' : 'no_such_reference' }, hub.now())
      return null
    }
    return (await book(hub, db, entry, transfer)).invoiceId
  })
  if (invoiceId !== null) hub.wake('receivable', [{ tenantId, id: invoiceId }])
}

/** The transfer that an entry is: by all it says, exactly; else by its reference; else one that it hints at, of just this amount. */
export function choose (entry: Pick<EntryRow, 'reference' | 'hints' | 'amount' | 'currency'> & { day: string }, all: ReadonlyMap<string, TransferRow>): TransferRow | undefined {
  // What was asked for after the money came is not what it is for.
  const found = new Map([...all].filter(([, transfer]) => dayBefore(transfer.created_at) <= entry.day))
  const named = [...new Set([entry.reference, ...entry.hints])].flatMap(reference => (reference === null ? undefined : found.get(reference)) ?? [])
  const fitting = named.filter(transfer => transfer.amount === entry.amount && transfer.currency === entry.currency)
  const open = fitting.filter(transfer => transfer.status === 'open')
  if (open.length === 1) return open[0]
  const stated = entry.reference === null ? undefined : found.get(entry.reference)
  return stated ?? (open.length === 0 && fitting.length === 1 ? fitting[0] : undefined)
}

/** The day before, anywhere: clocks and calendars of two places differ by less. */
const dayBefore = (at: Date): string => new Date(at.getTime() - 36 * 3_600_000).toISOString().slice(0, 10)

async function meantBy (db: TenantDb, entry: EntryRow): Promise<TransferRow | undefined> {
  return choose({ ...entry, day: entry.booked_on }, await accounts.findByReferences(db, entry.bank_account_id, [entry.reference ?? [], entry.hints].flat()))
}

/** Books an entry on a transfer. The entry is locked. `byHand`: a person says that they belong together. */
export async function book (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, entry: EntryRow, { id: transferId, payment_id: paymentId }: TransferRow, { byHand = false } = {}): Promise<{ invoiceId: string | null }> {
  const now = hub.now()
  // The payment first, then its transfer: whoever cancels locks only the transfer.
  const payment = (await payments.lockPayment(db, paymentId))!
  const transfer = (await accounts.lockTransfer(db, transferId))!
  const account = (await accounts.findAccount(db, transfer.bank_account_id, { deleted: true }))!
  const verdict = judge({
    entry: { amount: entry.amount, currency: entry.currency, day: entry.booked_on, at: entry.booked_at },
    transfer: { amount: transfer.amount, currency: transfer.currency, status: transfer.status, amountReceived: transfer.amount_received, expiresAt: transfer.expires_at },
    payment: { amount: payment.amount, currency: payment.currency, status: payment.known_status, amountCaptured: payment.amount_captured, underReview: payment.review !== null },
    timeZone: account.time_zone
  })
  const mark = entry.tracking_key ?? publicId('bank_entry', entry.id)
  const fact = factOf(verdict, { entry, transfer, payment, mark })
  const applied = fact === undefined ? undefined : await applyFact(hub, db, payment, { fact, nextActionSealed: verdict.verdict === 'review' ? payment.next_action_sealed : null })
  // Only what the machine took for paid is paid; it compares once more.
  const paid = verdict.verdict === 'confirms' || (verdict.verdict === 'settles' && applied?.row.status === 'succeeded' && applied.row.review === null)
  if (paid) await accounts.updateTransfer(db, transferId, { status: 'paid', amount_received: entry.amount, transaction_reference: mark }, now)
  else if (verdict.verdict === 'review' && verdict.adds) await accounts.updateTransfer(db, transferId, { amount_received: verdict.total }, now)
  await queries.updateEntry(db, entry.id, {
    status: paid ? 'matched' : 'review',
    reason: verdict.verdict === 'review' ? verdict.reason : !paid ? 'mismatch' : byHand ? 'by_hand' : verdict.verdict === 'confirms' ? 'confirms' : null,
    transfer_id: transferId,
    payment_id: paymentId,
    suggested_payment_id: null
  }, now)
  return { invoiceId: payment.invoice_id }
}

function factOf (verdict: Verdict, { entry, transfer, payment, mark }: { entry: EntryRow, transfer: TransferRow, payment: payments.PaymentRow, mark: string }): Fact | undefined {
  if (verdict.verdict === 'confirms') return undefined
  const exact = verdict.verdict === 'settles'
  const amount = exact ? entry.amount : verdict.total
  const snapshot: PaymentSnapshot = {
    providerReference: publicId('bank_transfer', transfer.id),
    reference: publicId('payment', payment.id),
    status: 'succeeded',
    // Of what a person has to look at each one is another, so that none is taken for the one that was judged before.
    providerStatus: exact ? 'credited' : `credited ${mark}`,
    amount: { amount, currency: entry.currency },
    amountCapturable: 0,
    amountCaptured: amount,
    mode: transfer.mode as Mode,
    method: { type: 'bank_transfer' },
    transactionReference: mark
  }
  return { type: 'credited', snapshot, ...(!exact && { doubt: verdict.doubt }) }
}
