import { exponentOf, type Money } from '../../../core/adapter/money.ts'
import type { Effects } from '../../../core/adapter/simulator.ts'
import { wireDigits } from './amounts.ts'
import type { World } from './world.ts'

/**
 * What really happened under one of our references: a payment counts when its id or any value of its metadata is the reference,
 * a refund also when it carries the reference itself.
 */
export function effectsOf (world: World, reference: string): Effects {
  const effects: Effects = { charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 }
  const counted = new Set<string>()
  for (const id of new Set([reference, ...world.references.get(reference) ?? []])) {
    const books = world.intents.get(id)
    const intent = books?.paymentIntents.get(id)
    if (books === undefined || intent === undefined) continue
    effects.captures += intent.captures
    if (intent.wire.status === 'canceled') effects.cancellations++
    for (const chargeId of intent.charges) {
      if (books.charges.get(chargeId)?.status === 'succeeded') effects.charges++
      for (const refundId of books.refundsByCharge.get(chargeId) ?? []) {
        const status = books.refunds.get(refundId)?.status
        if (status !== 'failed' && status !== 'canceled') effects.refunds++
        counted.add(refundId)
      }
    }
  }
  for (const { test, live } of world.accounts.values()) {
    for (const refund of [...test.refunds.items, ...live.refunds.items]) {
      if (!counted.has(refund.id) && refund.status !== 'failed' && refund.status !== 'canceled' && (refund.id === reference || Object.values(refund.metadata).includes(reference))) effects.refunds++
    }
  }
  return effects
}

/** What the payer was asked for, as Stripe reads the wire, in ISO 4217 minor units. */
export function chargedOf (world: World, reference: string): Money | undefined {
  for (const id of new Set([reference, ...world.references.get(reference) ?? []])) {
    const intent = world.intents.get(id)?.paymentIntents.get(id)
    if (intent === undefined) continue
    const currency = intent.wire.currency.toUpperCase()
    return { amount: intent.wire.amount * 10 ** (exponentOf(currency) - wireDigits(intent.wire.currency)), currency }
  }
}
