import { type ConnectionContext, type ListRange, type PaymentSnapshot, type PaymentsFamily, type ProviderListing, type ProviderTransaction, type TransactionPage } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, ifThere, oursIn } from './asking.ts'
import { rangeMs, reportPage } from './finding.ts'
import type { ReportRow } from './objects.ts'
import { read } from './orders.ts'
import { captureName } from './wire.ts'

/**
 * The movements of the balance, from Transaction Search: 31 days at a time, 500 on a page, up to three hours late.
 * Source: OpenAPI document of reporting v1 (2024-02) and the list of transaction event codes, read 2026-11-21.
 */
export async function listTransactions (context: ConnectionContext, range: ListRange): Promise<TransactionPage> {
  const { rows, next } = await pageOf(context, range)
  return { data: rows.flatMap(row => moveOf(row) ?? []), ...(next !== undefined && { next }) }
}

/** Payments by the report, each as its order tells it: orders themselves are not listed. */
export const listPayments: NonNullable<PaymentsFamily['listPayments']> = async (context, range): Promise<ProviderListing<PaymentSnapshot>> => {
  const { rows, next } = await pageOf(context, range)
  const paid = rows.filter(({ transaction_info: { transaction_event_code: code = '', transaction_status: status } }) => code.startsWith('T00') && status !== 'D')
  const told = new Map<string, PaymentSnapshot>()
  for (const { transaction_info: { transaction_id: id } } of paid) {
    const snapshot = await ifThere(() => read(context, captureName(id)))
    if (snapshot !== undefined) told.set(snapshot.providerReference, snapshot)
  }
  return { data: [...told.values()], ...(next !== undefined && { next }) }
}

/** The cursor: which part of the range, and which page of it. */
async function pageOf (context: ConnectionContext, { from, to, cursor }: ListRange): Promise<{ rows: ReportRow[], next?: string }> {
  const [, part = '0', page = '1'] = /^(\d{1,4})-(\d{1,6})$/.exec(cursor ?? '') ?? []
  const begin = from.getTime() + Number(part) * rangeMs
  const end = Math.min(begin + rangeMs, to.getTime())
  const { transaction_details: rows = [], total_pages: pages = 1 } = await reportPage(context, { from: new Date(begin), to: new Date(end) }, Number(page))
  const next = Number(page) < pages ? `${part}-${Number(page) + 1}` : end < to.getTime() ? `${Number(part) + 1}-1` : undefined
  return { rows, ...(next !== undefined && { next }) }
}

/** By the first digits of the event code. T00 payments, T01 fees, T04 withdrawals, T11 reversals, T12 adjustments. */
function kindOf (code: string): ProviderTransaction['type'] {
  if (code === 'T1107') return 'refund'
  if (code === 'T1106' || code === 'T1108' || code.startsWith('T12')) return 'dispute'
  if (code.startsWith('T00')) return 'payment'
  if (code.startsWith('T01')) return 'fee'
  if (code.startsWith('T04') || code.startsWith('T20')) return 'payout'
  return 'other'
}

/** Undefined: it moved nothing (denied, or only pending). An id alone is "not unique in the reporting system": its code is told beside it. */
function moveOf ({ transaction_info: info }: ReportRow): ProviderTransaction | undefined {
  if (info.transaction_amount === undefined || info.transaction_status === 'D' || info.transaction_status === 'P') return undefined
  const code = info.transaction_event_code ?? ''
  const type = kindOf(code)
  const amount = moneyOf(info.transaction_amount)
  const fee = info.fee_amount === undefined ? undefined : moneyOf(info.fee_amount)
  // A charge of a fee is negative there. `-0` is nobody's amount.
  const charged = fee === undefined || fee.currency !== amount.currency ? undefined : fee.amount === 0 ? 0 : -fee.amount
  const about = type === 'payment' ? info.transaction_id : info.paypal_reference_id_type === 'TXN' ? info.paypal_reference_id : undefined
  const reference = oursIn(info.custom_field)
  const at = dateOf(info.transaction_initiation_date)
  if (at === undefined) return undefined
  return {
    providerReference: `${info.transaction_id}:${code}`,
    type,
    amount,
    ...(charged !== undefined && { fee: charged, net: amount.amount - charged }),
    ...(reference !== undefined && { reference }),
    ...(about !== undefined && { paymentProviderReference: about }),
    at
  }
}
