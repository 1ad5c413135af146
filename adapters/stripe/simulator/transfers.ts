import { cashOf, cashView, instructionsFor, move } from './cash.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import type { CashRecord, CashTransaction, IntentRecord, MethodRecord } from './objects.ts'
import { openDoor, received } from './outcomes.ts'
import type { Call } from './world.ts'

/**
 * SPEI: the payer sends money to the customer's own account number; what comes is applied to open payments, a payment may be funded in parts,
 * and what is too much stays in the customer's balance.
 * Source: https://docs.stripe.com/payments/customer-balance/reconciliation and https://docs.stripe.com/payments/mx-bank-transfers, read 2026-11.
 */
export function checkTransfer (intent: IntentRecord): void {
  const { wire } = intent
  if (wire.customer === null) throw invalid('A customer is required to use the payment method `customer_balance`.', { code: 'parameter_missing', param: 'customer', payment_intent: { ...wire } })
  if (wire.currency !== 'mxn') throw invalid(`The payment method \`customer_balance\` cannot be used with the currency \`${wire.currency}\` for this account. It supports: mxn.`, { code: 'payment_intent_incompatible_payment_method', param: 'currency', payment_intent: { ...wire } })
  if (wire.capture_method === 'manual') throw invalid('The payment method `customer_balance` does not support `capture_method=manual`.', { code: 'payment_intent_invalid_parameter', param: 'capture_method', payment_intent: { ...wire } })
  const options = wire.payment_method_options.customer_balance as { funding_type?: string | null, bank_transfer?: { type?: string } | null } | undefined
  const missing = (options?.funding_type ?? null) === null ? 'funding_type' : (options!.bank_transfer ?? null) === null ? 'bank_transfer' : undefined
  if (missing !== undefined) {
    const param = `payment_method_options[customer_balance][${missing}]`
    throw invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  }
  if (options!.bank_transfer!.type !== 'mx_bank_transfer') throw invalid(`The bank transfer type \`${options!.bank_transfer!.type}\` is not available for accounts in this country.`, { param: 'payment_method_options[customer_balance][bank_transfer][type]' })
}

/** What the balance holds pays at once. */
export function askForTransfer (call: Call, intent: IntentRecord, method: MethodRecord): void {
  const { wire } = intent
  const cash = cashOf(call, wire.customer!)
  wire.payment_method = method.id
  const page = openDoor(call, intent, 'transfer', '/bank_transfer')
  wire.status = 'requires_action'
  show(intent, cash, page)
  const has = cash.available[wire.currency] ?? 0
  if (has >= wire.amount) return apply(call, intent, cash, wire.amount)
  emit(call, 'payment_intent.requires_action', { ...wire })
  if (has > 0) apply(call, intent, cash, has)
  call.world.moved.intent(call, intent)
}

/** A transfer arrives. Payments that it names come first, then one of exactly the sum, then the oldest. */
export function fund (call: Call, customer: string, amount: number, currency: string, reference: string | null): CashTransaction {
  const cash = cashOf(call, customer)
  const entry = move(call, cash, 'funded', amount, currency, { bank_transfer: { reference, type: 'mx_bank_transfer' } })
  if (cash.mode === 'manual') return entry
  const open = call.books.paymentIntents.items.filter(each => each.wire.customer === customer && each.wire.currency === currency && awaitsTransfer(each))
  const named = ({ id, wire }: IntentRecord) => reference !== null && [id, wire.description].some(each => each !== null && each !== '' && reference.includes(each))
  const rank = (each: IntentRecord) => named(each) ? 0 : remaining(each) === amount ? 1 : 2
  for (const each of open.sort((a, b) => rank(a) - rank(b) || a.created - b.created)) {
    const has = cash.available[currency]!
    if (has > 0) apply(call, each, cash, Math.min(has, remaining(each)))
  }
  if (cash.available[currency]! > 0) emit(call, 'cash_balance.funds_available', cashView(call.books, cash))
  return entry
}

/** What was applied to a payment that is canceled goes back to the balance. */
export function giveBack (call: Call, intent: IntentRecord): void {
  if (intent.funded === 0 || intent.wire.customer === null) return
  move(call, cashOf(call, intent.wire.customer), 'unapplied_from_payment', intent.funded, intent.wire.currency, { payment_intent: intent.id })
  intent.funded = 0
}

export function awaitsTransfer ({ wire }: IntentRecord): boolean {
  return wire.status === 'requires_action' && wire.next_action?.type === 'display_bank_transfer_instructions'
}

export function remaining (intent: IntentRecord): number {
  return intent.wire.amount - intent.funded
}

/** Applies from the balance to a payment: `POST /v1/payment_intents/:id/apply_customer_balance` as well. */
export function apply (call: Call, intent: IntentRecord, cash: CashRecord, amount: number): void {
  const { wire } = intent
  move(call, cash, 'applied_to_payment', -amount, wire.currency, { payment_intent: intent.id })
  intent.funded += amount
  if (remaining(intent) > 0) {
    show(intent, cash)
    emit(call, 'payment_intent.partially_funded', { ...wire })
    call.world.moved.intent(call, intent)
  } else received(call, intent, call.books.paymentMethods.get(wire.payment_method!)!)
}

function show (intent: IntentRecord, cash: CashRecord, page?: string): void {
  const { wire } = intent
  const shown = wire.next_action?.type === 'display_bank_transfer_instructions' ? wire.next_action.display_bank_transfer_instructions.hosted_instructions_url : ''
  wire.next_action = { type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: instructionsFor(cash, remaining(intent), wire.currency, page ?? shown) }
}
