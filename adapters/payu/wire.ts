import type { NextAction, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus, Money } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { type Country, ways, zoneOf } from './countries.ts'
import { failureOf, isKnownCode, neverHeardOf } from './errors.ts'
import { momentOf } from './methods.ts'
import type { Order, Transaction, TransactionResponse } from './objects.ts'

const asks = new Set(['AUTHORIZATION_AND_CAPTURE', 'AUTHORIZATION'])
const isRefund = ({ type }: Transaction): boolean => type === 'REFUND' || type === 'PARTIAL_REFUND'
const stateOf = ({ transactionResponse }: Transaction): string => transactionResponse?.state ?? ''
const isApproved = (transaction: Transaction): boolean => stateOf(transaction) === 'APPROVED'

export const dateOf = (at: number | string | null | undefined): Date | undefined => {
  const ms = typeof at === 'number' || /^\d{10,14}$/.test(at ?? '') ? Number(at) : typeof at === 'string' ? Date.parse(at) : NaN
  return Number.isNaN(ms) ? undefined : new Date(ms)
}

export interface Asked { amount: Money, reference: string, type: string, paymentMethod: string, country: string }

/** The answer to a payment that was asked for: it tells neither the amount nor the order's status. */
export function answered (response: TransactionResponse, asked: Asked): PaymentSnapshot {
  const { amount, reference, type, paymentMethod, country } = asked
  const transaction: Transaction = { id: response.transactionId ?? '', type, paymentMethod, paymentCountry: country, transactionResponse: response }
  if (response.orderId === undefined || response.orderId === null) throw neverHeardOf('an answer without an order')
  return snapshotFrom({ id: response.orderId, referenceCode: reference, transactions: [transaction] }, amount)
}

/** An order in our words: it is the payment; the transactions are what happened to it. Throws `unknown` for a word that we never read of. */
export function snapshotOf (order: Order, options: { listed?: boolean } = {}): PaymentSnapshot {
  const value = order.additionalValues?.TX_VALUE ?? mainOf(order)?.additionalValues?.TX_VALUE
  if (value === undefined || value === null) throw neverHeardOf('an order without a value')
  return snapshotFrom(order, moneyOf(value), options)
}

/** The transaction that says most of how the order is paid: approved before waiting before failed, the newest of each. */
export function mainOf ({ transactions }: Order): Transaction | undefined {
  const tries = (transactions ?? []).filter(({ type }) => asks.has(type ?? '')).toReversed()
  return tries.find(isApproved) ?? tries.find(one => ['PENDING', 'SUBMITTED'].includes(stateOf(one))) ?? tries[0]
}

const orderStatuses = new Set(['NEW', 'IN_PROGRESS', 'AUTHORIZED', 'CAPTURED', 'CANCELLED', 'DECLINED', 'REFUNDED', 'CHARGEBACK'])

function snapshotFrom (order: Order, amount: Money, { listed = false }: { listed?: boolean } = {}): PaymentSnapshot {
  const main = mainOf(order)
  if (main === undefined) throw neverHeardOf('an order without a transaction')
  if (order.status !== undefined && order.status !== null && !orderStatuses.has(order.status)) throw neverHeardOf(order.status)
  const response = main.transactionResponse ?? {}
  const captures = (order.transactions ?? []).filter(one => one.type === 'CAPTURE' && isApproved(one))
  const nextAction = nextActionOf(main, amount)
  const status = statusOf(order, main, { captured: captures.length > 0, waits: nextAction !== undefined })
  const taken = captures.reduce((sum, one) => sum + (one.additionalValues?.TX_VALUE ? moneyOf(one.additionalValues.TX_VALUE).amount : amount.amount), 0)
  const paid = status !== 'succeeded' ? 0 : main.type === 'AUTHORIZATION' && taken > 0 ? taken : amount.amount
  const refunds = refundsOf(order).map(one => refundSnapshot(order, one, { amount: paid, currency: amount.currency }))
  const back = refunds.reduce((sum, refund) => sum + (refund.status === 'succeeded' ? refund.amount.amount : 0), 0)
  const failed = status === 'requires_payment_method' || status === 'expired' || status === 'canceled'
  const createdAt = dateOf(order.creationDate) ?? dateOf(response.operationDate)
  return {
    providerReference: String(order.id),
    ...(typeof order.referenceCode === 'string' && { reference: order.referenceCode }),
    status,
    providerStatus: stateOf(main),
    amount,
    amountCapturable: status === 'authorized' ? amount.amount : 0,
    amountCaptured: paid,
    amountRefunded: refunds.length === 0 && order.status === 'REFUNDED' ? paid : back,
    ...(listed && refunds.length > 0 && { refunds }),
    ...(order.status === 'CHARGEBACK' && { disputed: true }),
    ...(status === 'requires_action' && nextAction !== undefined && { nextAction }),
    ...(failed && ['DECLINED', 'ERROR', 'EXPIRED'].includes(stateOf(main)) && { error: failureOf(stateOf(main) === 'EXPIRED' ? { ...response, responseCode: response.responseCode && isKnownCode(response.responseCode) ? response.responseCode : 'EXPIRED_TRANSACTION' } : response) }),
    method: methodOf(main),
    ...(main.id !== '' && { transactionReference: main.id }),
    ...(createdAt !== undefined && { createdAt })
  }
}

/** Source: facts section 4.5, read 2026-11-21. */
function statusOf (order: Order, main: Transaction, { captured, waits }: { captured: boolean, waits: boolean }): ProviderPaymentStatus {
  const { responseCode } = main.transactionResponse ?? {}
  switch (stateOf(main)) {
    case 'APPROVED':
      if (main.type !== 'AUTHORIZATION' || captured) return 'succeeded'
      // A hold that ended: by a VOID of ours, or by time.
      return order.status === 'CANCELLED' || (order.transactions ?? []).some(one => one.type === 'VOID' && isApproved(one)) ? 'canceled' : order.status === 'CAPTURED' || order.status === 'REFUNDED' || order.status === 'CHARGEBACK' ? 'succeeded' : 'authorized'
    case 'PENDING':
    case 'SUBMITTED': return waits && responseCode !== 'PENDING_TRANSACTION_REVIEW' ? 'requires_action' : 'processing'
    case 'EXPIRED': return responseCode === 'ABANDONED_TRANSACTION' ? 'canceled' : 'expired'
    case 'DECLINED':
      if (responseCode === 'ABANDONED_TRANSACTION') return 'canceled'
      if (responseCode === 'EXPIRED_TRANSACTION') return 'expired'
      return 'requires_payment_method'
    // What went wrong is known, or nobody knows whether the bank has acted.
    case 'ERROR':
      if (isKnownCode(responseCode)) return 'requires_payment_method'
      throw neverHeardOf(responseCode ?? 'ERROR')
    default: throw neverHeardOf(stateOf(main))
  }
}

const typeOfWire: Record<string, string | undefined> = Object.fromEntries(Object.entries(ways).map(([type, { wire }]) => [wire, type]))

function methodOf ({ paymentMethod, creditCard }: Transaction): { type: string, brand?: string, last4?: string } {
  const way = typeOfWire[paymentMethod ?? '']
  if (way !== undefined) return { type: way }
  const last4 = /(\d{4})$/.exec(creditCard?.maskedNumber ?? '')?.[1]
  return { type: 'card', ...(paymentMethod && { brand: paymentMethod.toLowerCase() }), ...(last4 !== undefined && { last4 }) }
}

function nextActionOf (main: Transaction, amount: Money): NextAction | undefined {
  const told = { ...main.extraParameters, ...main.transactionResponse?.extraParameters }
  const text = (name: string): string | undefined => typeof told[name] === 'string' || typeof told[name] === 'number' ? String(told[name]) : undefined
  const country = (main.paymentCountry ?? 'MX') as Country
  const ends = expiryOf(told.EXPIRATION_DATE, zoneOf[country] ?? zoneOf.MX)
  const url = text('URL_PAYMENT_RECEIPT_HTML') ?? text('URL_BOLETO_BANCARIO')
  const clabe = text('SPEI_CLABE_ACCOUNT_NUMBER')
  const bank = text('BANK_URL')
  if (bank !== undefined) return { type: 'redirect', url: bank }
  if (clabe !== undefined) {
    // The CLABE is everybody's who is paid by PayU: only the reference tells whose money it is, and only the exact amount is taken.
    const reference = main.transactionResponse?.trazabilityCode
    return { type: 'bank_transfer', clabe, ...(text('SPEI_BANK_NAME') !== undefined && { bank: text('SPEI_BANK_NAME')! }), ...(typeof reference === 'string' && { reference }), amount_remaining: amount.amount, ...(url !== undefined && { url }), ...(ends !== undefined && { expires_at: ends }) }
  }
  const reference = text('REFERENCE') ?? text('BAR_CODE')
  if (reference !== undefined) return { type: 'voucher', reference, ...(url !== undefined && { url }), expires_at: ends ?? '' }
  const way = ways[typeOfWire[main.paymentMethod ?? ''] ?? '']
  return way?.kind === 'push' ? { type: 'wallet_push', ...(ends !== undefined && { expires_at: ends }) } : undefined
}

/** Cash tells a number of milliseconds, SPEI a local time in text. */
function expiryOf (value: unknown, timeZone: string): string | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{12,14}$/.test(value))) return new Date(Number(value)).toISOString()
  return typeof value === 'string' ? momentOf(value.slice(0, 19), timeZone)?.toISOString() : undefined
}

// --- refunds ---------------------------------------------------------------------------------------------------------

export const refundsOf = ({ transactions }: Order): Transaction[] => (transactions ?? []).filter(isRefund)

const refundStatuses: Record<string, RefundStatus | undefined> = { PENDING: 'pending', SUBMITTED: 'pending', APPROVED: 'succeeded', DECLINED: 'failed', ERROR: 'failed', EXPIRED: 'failed' }

export const refundReference = (order: Order, { id }: Transaction): string => `${order.id}/${id}`

/** `paid`: what a refund without an amount of its own gives back. */
export function refundSnapshot (order: Order, refund: Transaction, paid: Money): RefundSnapshot {
  const status = refundStatuses[stateOf(refund)]
  if (status === undefined) throw neverHeardOf(stateOf(refund))
  const value = refund.additionalValues?.TX_VALUE
  const createdAt = dateOf(refund.transactionResponse?.operationDate)
  return {
    providerReference: refundReference(order, refund),
    paymentProviderReference: String(order.id),
    status,
    providerStatus: stateOf(refund),
    amount: value === undefined || value === null ? paid : moneyOf(value),
    ...(status === 'failed' && { error: failureOf(refund.transactionResponse ?? {}) }),
    ...(createdAt !== undefined && { createdAt })
  }
}
