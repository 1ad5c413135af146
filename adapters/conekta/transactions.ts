import type { PaymentsFamily, ProviderTransaction } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, pageWithin } from './asking.ts'
import type { Transaction } from './objects.ts'

/**
 * The movements of the balance. Each names its charge; which transfer paid it out is not told.
 * Source: OpenAPI 2.3.0, schema transaction_response (and the words in its description), read 2026-11-21.
 */
export const transactions = {
  listTransactions: async (context, range) => pageWithin<Transaction, ProviderTransaction>(context, '/transactions', {}, range, items => items.map(moveOf))
} satisfies Partial<PaymentsFamily>

/** `sign`: how the balance moves, whatever sign the wire has. Liquidations only pass money on within Conekta. */
const kinds: Record<string, { type: ProviderTransaction['type'], sign: 1 | -1 | 0 }> = {
  capture: { type: 'payment', sign: 1 }, capture_reversal: { type: 'payment', sign: -1 },
  refund: { type: 'refund', sign: -1 }, refund_reversal: { type: 'refund', sign: 1 },
  chargeback: { type: 'dispute', sign: -1 }, chargeback_reversal: { type: 'dispute', sign: 1 }, won_chargeback: { type: 'dispute', sign: 1 },
  payout: { type: 'payout', sign: -1 }, payout_reversal: { type: 'payout', sign: 1 }, transferred: { type: 'payout', sign: -1 }
}

function moveOf (move: Transaction): ProviderTransaction {
  const { type, sign } = kinds[move.type] ?? { type: 'other' as const, sign: 0 as const }
  const { amount: size, currency } = moneyOf(Math.abs(move.amount), move.currency)
  const amount = sign === 0 ? moneyOf(move.amount, move.currency).amount : sign * size
  const fee = Math.abs(move.fee)
  // Told only where it adds up: some movements count their fee elsewhere.
  const adds = move.net === amount - fee
  return {
    providerReference: move.id,
    type,
    amount: { amount, currency },
    ...(adds && { fee, net: move.net }),
    ...(typeof move.charge === 'string' && move.charge !== '' && { paymentProviderReference: move.charge }),
    at: dateOf(move.created_at)!
  }
}
