import { clockFor, plan, timeFor, unplan } from './agenda.ts'
import { display } from './amounts.ts'
import { digits } from './ids.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import type { IntentRecord, MethodRecord } from './objects.ts'
import { attemptFailed, openDoor, received, unexpected } from './outcomes.ts'
import type { Call } from './world.ts'

/**
 * OXXO: the payer gets a number, pays it in cash at a shop until the end of a day, and Stripe hears of it on the next.
 * Source: https://docs.stripe.com/payments/oxxo/accept-a-payment?payment-ui=direct-api, read 2026-11; limits: payments.md 1.3.
 */
const least = 1_000
const most = 1_000_000
const defaultDays = 3
const testSeconds = 180
const daySeconds = 86_400
/** Mexico City has no summer time since 2022-10-30: UTC-6 all year. */
const mexicoCitySeconds = -6 * 3600

export function checkVoucher (intent: IntentRecord): void {
  const { wire } = intent
  if (wire.currency !== 'mxn') throw invalid(`The payment method \`oxxo\` cannot be used with the currency \`${wire.currency}\`. It supports: mxn.`, { code: 'payment_intent_incompatible_payment_method', param: 'currency', payment_intent: { ...wire } })
  if (wire.amount < least) throw invalid(`Amount must be at least ${display(least, 'mxn')} mxn`, { code: 'amount_too_small', param: 'amount' })
  if (wire.amount > most) throw invalid(`Amount must be no more than ${display(most, 'mxn')} mxn`, { code: 'amount_too_large', param: 'amount' })
  if (wire.capture_method === 'manual') throw invalid('The payment method `oxxo` does not support `capture_method=manual`.', { code: 'payment_intent_invalid_parameter', param: 'capture_method', payment_intent: { ...wire } })
  if (wire.setup_future_usage !== null) throw invalid('The payment method `oxxo` does not support `setup_future_usage`.', { code: 'payment_intent_invalid_parameter', param: 'setup_future_usage', payment_intent: { ...wire } })
}

export function giveVoucher (call: Call, intent: IntentRecord, method: MethodRecord): void {
  const { world, books } = call
  const { wire } = intent
  const now = timeFor(call, wire.customer)
  const fate = fateOf(String(method.wire.billing_details.email))
  const days = (wire.payment_method_options.oxxo as { expires_after_days?: number } | undefined)?.expires_after_days ?? defaultDays
  const expires = fate === 'expires' ? now : fate === 'expires_later' ? now + testSeconds : endOfDay(now + days * daySeconds)
  const hosted = openDoor(call, intent, 'voucher', '/oxxo/voucher')
  wire.payment_method = method.id
  wire.status = 'requires_action'
  wire.next_action = { type: 'oxxo_display_details', oxxo_display_details: { expires_after: expires, hosted_voucher_url: hosted, number: digits(world.id, 32) } }
  plan(call, 'voucher_expires', intent.id, fate === 'expires' ? null : expires, wire.customer)
  const byItself = fate === 'paid_later' && world.rules.vouchersPayThemselves && clockFor(books, wire.customer) === undefined
  if (!books.livemode && (fate === 'paid' || byItself)) plan(call, 'voucher_paid', intent.id, fate === 'paid' ? null : now + testSeconds)
  emit(call, 'payment_intent.requires_action', { ...wire })
  world.moved.intent(call, intent)
}

/** The cash is there. */
export function payVoucher (call: Call, intent: IntentRecord): void {
  const method = waiting(call, intent)
  endVoucher(call, intent)
  received(call, intent, method)
}

export function expireVoucher (call: Call, intent: IntentRecord): void {
  waiting(call, intent)
  endVoucher(call, intent)
  attemptFailed(call, intent, 'payment_intent_payment_attempt_expired', 'The latest payment attempt of this PaymentIntent has expired. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.')
}

export function hasVoucher ({ wire }: IntentRecord): boolean {
  return wire.status === 'requires_action' && wire.next_action?.type === 'oxxo_display_details'
}

/** Nothing happens by itself any more. */
export function endVoucher (call: Call, intent: IntentRecord): void {
  unplan(call, 'voucher_expires', intent.id)
  unplan(call, 'voucher_paid', intent.id)
}

function waiting (call: Call, intent: IntentRecord): MethodRecord {
  const method = call.books.paymentMethods.get(intent.wire.payment_method ?? '')
  if (!hasVoucher(intent) || method === undefined) throw unexpected(intent, `This PaymentIntent has no voucher that waits to be paid: its status is ${intent.wire.status}.`)
  return method
}

/** In test mode the payer's e-mail decides. */
function fateOf (email: string): 'paid' | 'paid_later' | 'expires' | 'expires_later' | 'never' {
  if (/succeed_immediately@/.test(email)) return 'paid'
  if (/expire_immediately@/.test(email)) return 'expires'
  if (/expire_with_delay@/.test(email)) return 'expires_later'
  if (/fill_never@/.test(email)) return 'never'
  return 'paid_later'
}

/** 23:59:59 of that day in Mexico City. */
export function endOfDay (at: number): number {
  return Math.floor((at + mexicoCitySeconds) / daySeconds) * daySeconds + daySeconds - 1 - mexicoCitySeconds
}
