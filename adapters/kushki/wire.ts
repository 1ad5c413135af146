import type { Mode, NextAction, PaymentProblem, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus } from '../../core/adapter/index.ts'
import { minorOf, moneyOf, totalOf } from './amounts.ts'
import { dateOf, neverHeardOf } from './asking.ts'
import { problemOf } from './errors.ts'
import { markOf } from './marks.ts'
import type { ChargedDetails, Row } from './objects.ts'

const brands: Record<string, string> = { 'master card': 'mastercard', 'american express': 'amex' }

/** As other providers call it. */
export function brandOf (told: string): string {
  const brand = told.toLowerCase()
  return brands[brand] ?? brand
}

/** Our names of Kushki's ways to pay. */
export function methodOf (row: Row): string {
  const word = row.payment_method?.toLowerCase()
  if (word === 'cash') return 'cash'
  if (word === 'transfer') return transferMethods[row.currency_code ?? ''] ?? 'transfer'
  return 'card'
}

/** A transfer is PSE in Colombia, SPEI in Mexico, the bank's own page in Chile. Source: facts section 6.2. */
export const transferMethods: Record<string, string> = { COP: 'pse', MXN: 'spei', CLP: 'transfer' }

/** The name of a payment to us: its ticket; a transfer has only its token. */
export function nameOf (row: Row): string | undefined {
  const transfer = row.payment_method?.toLowerCase() === 'transfer'
  return (transfer ? row.token : undefined) ?? (row.ticket_number === '' ? undefined : row.ticket_number)
}

/** Our id: of the payment, or of the subscription that it is a period of. */
export const referenceOf = (row: Row): string | undefined => markOf(row.metadata, 'payment') ?? markOf(row.metadata, 'subscription') ?? markOf(row.subscription_metadata, 'subscription')

/** What was asked for. Throws `unknown` where nothing says it. */
export function askedOf (row: Row): { amount: number, currency: string } {
  const currency = row.currency_code ?? ''
  const amount = minorOf(row.request_amount, currency) ?? minorOf(row.approved_transaction_amount, currency) ?? totalOf(row.amount, currency)
  return amount === undefined ? moneyOf(undefined, currency) : { amount, currency }
}

export const approvedOf = (row: Row): number => minorOf(row.approved_transaction_amount, row.currency_code ?? '') ?? askedOf(row).amount

const isDone = ({ transaction_status: status }: Row): boolean => status === 'APPROVAL'
const isType = (type: string) => (row: Row): boolean => row.transaction_type === type
export const isBack = (row: Row): boolean => row.transaction_type === 'VOID' || row.transaction_type === 'REFUND'

/** The capture of a hold, where there is one. */
export const captureOf = (about: readonly Row[]): Row | undefined => about.find(row => isType('CAPTURE')(row) && isDone(row))

/**
 * A transaction in our words. `about`: its captures, voids and refunds, as far as they are known; what came back is told by itself, and not
 * summed: it is known for its own day only. Throws `unknown` for a word that we never read of.
 */
export function snapshotOf (row: Row, about: readonly Row[], mode: Mode | undefined): PaymentSnapshot {
  const held = row.transaction_type === 'PREAUTHORIZATION'
  const asked = askedOf(row)
  const capture = held ? captureOf(about) : undefined
  const voided = held && capture === undefined && about.some(other => isBack(other) && isDone(other))
  const status = voided ? 'canceled' : capture !== undefined ? 'succeeded' : statusOf(row, held)
  const taken = status !== 'succeeded' ? 0 : capture === undefined ? approvedOf(row) : approvedOf(capture)
  const nextAction = status === 'requires_action' ? actionOf(row) : undefined
  const reference = referenceOf(row)
  const createdAt = dateOf(row.created)
  const type = methodOf(row)
  const last4 = /^\d{4}$/.exec(row.last_four_digits ?? '')?.[0]
  const funding = /^(credit|debit|prepaid)/.exec(row.card_type?.toLowerCase() ?? '')?.[1] as 'credit' | undefined
  const back = status === 'succeeded' ? about.filter(isBack) : []
  return {
    providerReference: nameOf(row)!,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: row.transaction_status!,
    amount: asked,
    amountCapturable: status === 'authorized' ? approvedOf(row) : 0,
    amountCaptured: taken,
    ...(back.length > 0 && { refunds: back.map(other => refundOf(other)) }),
    ...(mode !== undefined && { mode }),
    ...(nextAction !== undefined && { nextAction }),
    ...((status === 'requires_payment_method' || status === 'failed') && { error: failureOf(row.response_code, row.response_text) }),
    method: {
      type,
      ...(row.payment_brand !== undefined && row.payment_brand !== '' && { brand: brandOf(row.payment_brand) }),
      ...(last4 !== undefined && { last4 }),
      ...(funding !== undefined && { funding })
    },
    ...(row.subscription_id !== undefined && row.subscription_id !== '' && { savedMethodReference: row.subscription_id }),
    ...(capture?.ticket_number !== undefined && { transactionReference: capture.ticket_number }),
    ...(createdAt !== undefined && { createdAt })
  }
}

/** Source: facts section 6.5; cash and transfers have words of their own. */
export function statusOf (row: Row, held = false): ProviderPaymentStatus {
  const card = methodOf(row) === 'card'
  switch (row.transaction_status) {
    case 'APPROVAL':
    case 'approvedTransaction': return held ? 'authorized' : 'succeeded'
    // Another attempt is another charge, which may be approved.
    case 'DECLINED':
    case 'declinedTransaction': return card ? 'requires_payment_method' : 'failed'
    case 'INITIALIZED':
    case 'initializedTransaction':
    case 'requestedToken': return card ? 'processing' : 'requires_action'
    case 'EXPIRED':
    case 'expiredTransaction': return 'expired'
    default: throw neverHeardOf(row.transaction_status)
  }
}

export function failureOf (code: string | undefined, text: string | undefined): PaymentProblem {
  return { code: problemOf(code, text), providerCode: code ?? 'DECLINED', ...(text !== undefined && text !== '' && { message: text }) }
}

/** What the payer does with cash, as far as the list tells it again. */
function actionOf (row: Row): NextAction | undefined {
  const ends = dateOf(row.expiration) ?? dateOf(markOf(row.metadata, 'ends'))
  return row.pin !== undefined && row.pin !== '' && ends !== undefined ? { type: 'voucher', reference: row.pin, expires_at: ends.toISOString() } : undefined
}

/** A void or a refund. It carries nothing of ours. */
export function refundOf (row: Row): RefundSnapshot {
  const asked = askedOf(row)
  const createdAt = dateOf(row.created)
  const status = refundStatus(row.transaction_status)
  return {
    providerReference: row.ticket_number!,
    ...(row.sale_ticket_number !== undefined && { paymentProviderReference: row.sale_ticket_number }),
    status,
    providerStatus: row.transaction_status!,
    amount: { ...asked, amount: status === 'succeeded' ? approvedOf(row) : asked.amount },
    ...(status === 'failed' && { error: failureOf(row.response_code, row.response_text) }),
    ...(createdAt !== undefined && { createdAt })
  }
}

export function refundStatus (word: string | undefined): RefundStatus {
  switch (word) {
    case 'APPROVAL': return 'succeeded'
    case 'INITIALIZED': return 'pending'
    case 'DECLINED': return 'failed'
    default: throw neverHeardOf(word)
  }
}

/** The details of an answer, in the words of the list. */
export function rowOfDetails (details: ChargedDetails, more: Row): Row {
  const { currencyCode, requestAmount, approvedTransactionAmount, amount, created, paymentBrand, lastFourDigits, maskedCardNumber, cardType, transactionStatus, transactionType, responseCode, responseText } = details
  const last4 = lastFourDigits ?? maskedCardNumber?.slice(-4)
  return {
    ...more,
    ...(currencyCode !== undefined && { currency_code: currencyCode }),
    ...(requestAmount !== undefined && { request_amount: requestAmount }),
    ...(approvedTransactionAmount !== undefined && { approved_transaction_amount: approvedTransactionAmount }),
    ...(amount !== undefined && requestAmount === undefined && approvedTransactionAmount === undefined && { amount }),
    ...(created !== undefined && { created }),
    ...(paymentBrand !== undefined && { payment_brand: paymentBrand }),
    ...(last4 !== undefined && { last_four_digits: last4 }),
    ...(cardType !== undefined && { card_type: cardType }),
    ...(transactionStatus !== undefined && { transaction_status: transactionStatus }),
    ...(transactionType !== undefined && { transaction_type: transactionType }),
    ...(responseCode !== undefined && { response_code: responseCode }),
    ...(responseText !== undefined && { response_text: responseText })
  }
}
