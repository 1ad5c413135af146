import { type ConnectionContext, type PaymentsFamily, ProviderError, type RefundSnapshot, type RefundStatus } from '../../core/adapter/index.ts'
import { dateOf, dayOf } from './asking.ts'
import { failureOf } from './errors.ts'
import { call, segment } from './http.ts'
import type { Transaction, Voided } from './objects.ts'
import { readTransaction } from './transactions.ts'
import { refundOf, refundReference } from './wire.ts'

/**
 * Wompi has no refunds: a card's transaction is voided, whole, on the day it was approved; anything else the tenant pays back itself.
 * Source: facts section 7.2 and the reference (`POST /transactions/{id}/void`), read 2026-11-21.
 */
export const refunds = {
  refund: async (context, { providerReference, amount }) => {
    const before = await readTransaction(context, providerReference)
    check(context, before, amount)
    const answer = await call<Voided>(context, {
      method: 'POST', path: `/transactions/${segment(providerReference)}/void`, body: context.settings.void_sends_amount === false ? {} : { amount_in_cents: before.amount_in_cents }, key: 'private'
    })
    const status = voidStatus(answer)
    const failed = { ...before, status: 'DECLINED', status_message: answer.status_message ?? null, payment_method: null }
    return { ...refundOf(before, status, answer.status ?? answer.transaction?.status ?? 'unknown'), ...(status === 'failed' && { error: failureOf(failed) }) }
  },

  getRefund: async (context, providerReference) => {
    const transaction = await readTransaction(context, providerReference.replace(/\/void$/, ''))
    return refundNow(transaction)
  },

  findRefund: async (context, { providerReference, others = [] }) => {
    const transaction = await readTransaction(context, providerReference)
    if (transaction.status !== 'VOIDED' || others.includes(refundReference(transaction.id))) return undefined
    return refundOf(transaction)
  }
} satisfies Partial<PaymentsFamily>

function refundNow (transaction: Transaction): RefundSnapshot {
  if (transaction.status === 'VOIDED') return refundOf(transaction)
  // It was asked for and did not come: until the day is over it may.
  if (transaction.status === 'APPROVED') return refundOf(transaction, 'pending')
  throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: transaction.status })
}

/** Everything that makes Wompi refuse is known beforehand, by a better name than it has for it. */
function check ({ now, settings }: ConnectionContext, transaction: Transaction, { amount, currency }: { amount: number, currency: string }): void {
  const refuse = (code: 'unsupported' | 'already_refunded' | 'amount_invalid' | 'invalid_state', sentence: string): never => {
    throw new ProviderError({ code, reached: 'answered', providerCode: transaction.status, providerMessage: sentence })
  }
  if (transaction.status === 'VOIDED') refuse('already_refunded', 'it was voided already')
  if (transaction.status !== 'APPROVED') refuse('invalid_state', `it is ${transaction.status}`)
  if (amount > transaction.amount_in_cents || currency !== transaction.currency) refuse('amount_invalid', 'more than was paid')
  if (transaction.payment_method_type !== 'CARD') refuse('unsupported', 'Wompi gives back only what a card paid: pay it back by a transfer')
  if (amount !== transaction.amount_in_cents) refuse('unsupported', 'Wompi voids a payment whole, and has no refunds of a part')
  const paidAt = dateOf(transaction.finalized_at) ?? dateOf(transaction.created_at)
  if (settings.void_same_day !== false && paidAt !== undefined && dayOf(paidAt) !== dayOf(now())) refuse('unsupported', 'Wompi voids a payment on its own day only, in Colombia’s time')
}

/** The answer tells of the void, and of the transaction as it is then. */
function voidStatus ({ status, transaction }: Voided): RefundStatus {
  if (transaction?.status === 'VOIDED') return 'succeeded'
  switch (status) {
    case 'APPROVED': return transaction === undefined ? 'succeeded' : 'pending'
    case 'VOIDED': return 'succeeded'
    case 'PENDING': return 'pending'
    case 'DECLINED':
    case 'ERROR': return 'failed'
    default: throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', ...(status !== undefined && { providerCode: status }) })
  }
}
