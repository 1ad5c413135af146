import type { CheckoutLine, CreatePaymentInput, Money } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { chargeOnWire, priceOnWire } from './amounts.ts'
import { refusal } from './asking.ts'
import { metadataOf } from './metadata.ts'
import { confirmationOf, stripeNameOf } from './methods.ts'

/** What comes back with every payment intent: the charge knows of refunds, disputes and the card. */
export const expand = ['latest_charge']

/** Source: the type PaymentIntentCreateParams of stripe 23.1.0 (API 2026-10-28.endive). */
export function createParams (input: CreatePaymentInput, settings: Readonly<Record<string, unknown>>, now: Date): Stripe.PaymentIntentCreateParams {
  const { method } = input
  const type = stripeNameOf(method?.type ?? 'card')
  return {
    amount: chargeOnWire(input.amount, settings),
    currency: input.amount.currency.toLowerCase(),
    capture_method: input.capture,
    // `payment_method_types` is gone since 2026-09-30.endive.
    allowed_payment_method_types: [type],
    metadata: metadataOf(input.metadata, { payment: input.reference, attempt: String(input.attempt), order: input.orderReference, tax: taxNote(input) }),
    description: input.description,
    ...descriptorOf(input.statementDescriptor, type),
    customer: input.customer?.provider_reference,
    ...savingOf(input),
    ...detailsOf(input),
    ...(method === undefined ? {} : { confirm: true, ...confirmationOf({ ...input, method }, now) }),
    expand
  }
}

function savingOf (input: CreatePaymentInput): Pick<Stripe.PaymentIntentCreateParams, 'setup_future_usage'> {
  if (input.saveMethod !== true) return {}
  if (input.customer?.provider_reference === undefined) throw refusal('customer', 'a method is saved for a customer')
  return { setup_future_usage: 'off_session' }
}

/**
 * On a card's statement ours follows the account's own prefix and `* `: 22 characters in all, of which the prefix takes 2 to 10;
 * `statement_descriptor` is refused for cards. Source: https://docs.stripe.com/get-started/account/statement-descriptors, read 2026-11-21.
 */
export function descriptorOf (text: string | undefined, type = 'card'): { statement_descriptor?: string, statement_descriptor_suffix?: string } {
  if (text === undefined) return {}
  const sound = text.length <= 22 && /[A-Za-z]/.test(text) && !/[<>\\'"*]|[^\x20-\x7e]/.test(text)
  if (!sound) throw refusal('statement_descriptor', 'at most 22 plain characters, with a letter and without < > \\ \' " *')
  if (type === 'card') return { statement_descriptor_suffix: text }
  if (text.length < 5) throw refusal('statement_descriptor', 'at least 5 characters')
  return { statement_descriptor: text }
}

/**
 * Lines for the networks' level 2 and 3 data. Stripe adds tax on top of the lines, ours include it; so where lines are told, the
 * tax goes into the metadata. Source: https://docs.stripe.com/payments/payment-line-items, read 2026-11-21.
 */
function detailsOf ({ lines, taxBreakdown, amount, orderReference }: CreatePaymentInput): Pick<Stripe.PaymentIntentCreateParams, 'amount_details' | 'payment_details'> {
  if (lines !== undefined && lines.length > 0) {
    sumsTo(lines, amount)
    if (lines.length > 200) throw refusal('lines', 'Stripe takes 200')
    const items = lines.map((line, i) => ({ product_name: line.name.slice(0, 1024), quantity: line.quantity, unit_cost: priceOnWire({ amount: line.unitAmount, currency: amount.currency }, `lines[${i}].unit_amount`) }))
    return { amount_details: { line_items: items }, ...(orderReference === undefined ? {} : { payment_details: { order_reference: orderReference } }) }
  }
  const tax = taxOf(taxBreakdown)
  return tax === undefined ? {} : { amount_details: { tax: { total_tax_amount: priceOnWire({ amount: tax, currency: amount.currency }, 'tax_breakdown') } } }
}

function taxOf (breakdown: CreatePaymentInput['taxBreakdown']): number | undefined {
  return breakdown === undefined || breakdown.length === 0 ? undefined : breakdown.reduce((sum, { amount }) => sum + amount, 0)
}

function taxNote ({ taxBreakdown = [] }: CreatePaymentInput): string | undefined {
  return taxBreakdown.length === 0 ? undefined : taxBreakdown.map(({ type, amount }) => `${type} ${amount}`).join(', ').slice(0, 500)
}

/** Refuses lines that are not what is asked for: on a page of Stripe's the lines are the amount. */
export function sumsTo (lines: readonly CheckoutLine[], { amount, currency }: Money): void {
  const sum = lines.reduce((sum, line) => sum + line.quantity * line.unitAmount, 0)
  if (sum !== amount) throw refusal('lines', `they are ${sum} ${currency} together, not ${amount}`)
}
