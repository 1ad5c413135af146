import { plan } from './agenda.ts'
import { cardOf } from './methods.ts'
import type { Decline } from './cards.ts'
import { findCharge, holdSeconds, newCharge, settle } from './charges.ts'
import { openDispute } from './disputes.ts'
import { docUrl, invalid, StripeError, type ErrorBody } from './errors.ts'
import { emit } from './events.ts'
import type { Charge, IntentRecord, MethodRecord, PaymentIntent } from './objects.ts'
import { keep } from './payment-methods.ts'
import type { Call, DoorKind } from './world.ts'

/** How an attempt to pay ends, whatever it is paid with. Who asked for the payment is told each time. */
export function unexpected (intent: IntentRecord, message: string): StripeError {
  return invalid(message, { code: 'payment_intent_unexpected_state', payment_intent: { ...intent.wire } })
}

/** A page on which the payer goes on. Answers its address. */
export function openDoor (call: Call, intent: IntentRecord, kind: DoorKind, path: string): string {
  const { world, books } = call
  endAttempt(call, intent)
  intent.attempt = world.id('payatt_3')
  world.doors.set(intent.attempt, { books, kind, id: intent.id })
  return `${world.url()}${path}/${intent.attempt}?client_secret=${intent.wire.client_secret}`
}

export function endAttempt ({ world }: Call, intent: IntentRecord): void {
  if (intent.attempt !== null) world.doors.delete(intent.attempt)
  intent.attempt = null
  intent.wire.next_action = null
}

/** The money is there, or is reserved. */
export function received (call: Call, intent: IntentRecord, method: MethodRecord): void {
  const { wire } = intent
  const made = newCharge(call, intent, method, undefined)
  endAttempt(call, intent)
  const manual = wire.capture_method === 'manual'
  wire.latest_charge = made.id
  wire.payment_method = method.id
  wire.status = manual ? 'requires_capture' : 'succeeded'
  if (manual) wire.amount_capturable = wire.amount
  else wire.amount_received = wire.amount
  const asynchronous = wire.capture_method === 'automatic_async' && method.wire.type === 'card'
  if (!manual && !asynchronous) settle(call, made, false)
  emit(call, 'charge.succeeded', { ...made })
  if (wire.setup_future_usage !== null && wire.customer !== null) save(call, intent, method)
  else if (method.wire.customer === null) method.consumed = true
  emit(call, manual ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded', { ...wire })
  if (asynchronous) settle(call, made, true)
  if (manual) plan(call, 'hold', intent.id, intent.created + holdSeconds, wire.customer)
  else disputed(call, method, made)
  call.world.moved.intent(call, intent)
}

/** A charge that was held is taken. */
export function taken (call: Call, intent: IntentRecord, amount: number): void {
  const { wire } = intent
  const held = findCharge(call, wire.latest_charge!)
  held.captured = true
  held.amount_captured = amount
  settle(call, held, false)
  // What is not captured is released without a refund: amount_refunded stays 0 (seen in an answer of 2025-07, API 2025-06-30).
  wire.amount_capturable = 0
  wire.amount_received = amount
  wire.status = 'succeeded'
  intent.captures++
  emit(call, 'charge.captured', { ...held })
  emit(call, 'payment_intent.succeeded', { ...wire })
  disputed(call, call.books.paymentMethods.get(held.payment_method)!, held)
  call.world.moved.intent(call, intent)
}

function disputed (call: Call, method: MethodRecord, charge: Charge): void {
  const { dispute } = cardOf(method)
  if (dispute !== undefined) call.afterwards.push(() => openDispute(call, charge, dispute))
}

function save (call: Call, intent: IntentRecord, method: MethodRecord): void {
  if (intent.wire.setup_future_usage === 'off_session' && (intent.authenticated || cardOf(method).authentication === undefined)) method.setUp = true
  if (method.wire.customer === null) keep(call, method, intent.wire.customer!)
}

/** Back to `requires_payment_method` without a charge: an authentication that failed, a voucher that nobody paid. */
export function attemptFailed (call: Call, intent: IntentRecord, code: string, message: string): void {
  const { wire } = intent
  const method = call.books.paymentMethods.get(wire.payment_method ?? '')?.wire
  endAttempt(call, intent)
  wire.last_payment_error = { code, doc_url: docUrl(code), message, payment_method: method, type: 'invalid_request_error' }
  wire.status = 'requires_payment_method'
  wire.payment_method = null
  emit(call, 'payment_intent.payment_failed', { ...wire })
  call.world.moved.intent(call, intent)
}

/** Back to `requires_payment_method`; the request that asked is answered 402. */
export function decline (call: Call, intent: IntentRecord, method: MethodRecord, why: Decline): never {
  const { wire } = intent
  endAttempt(call, intent)
  const made = newCharge(call, intent, method, why)
  const body: ErrorBody = { ...cardError(why), charge: made.id }
  intent.authenticated = false
  wire.latest_charge = made.id
  wire.last_payment_error = { ...body, doc_url: docUrl(why.code), payment_method: method.wire }
  wire.payment_method = null
  wire.status = 'requires_payment_method'
  emit(call, 'charge.failed', { ...made })
  const shown: PaymentIntent = { ...wire }
  emit(call, 'payment_intent.payment_failed', shown)
  call.world.moved.intent(call, intent)
  throw new StripeError(402, { ...body, payment_intent: shown, payment_method: method.wire })
}

export function cardError (why: Decline): ErrorBody {
  return {
    type: 'card_error',
    message: why.message,
    code: why.code,
    ...(why.declineCode === undefined ? {} : { decline_code: why.declineCode }),
    ...(why.param === undefined ? {} : { param: why.param }),
    ...(why.advice === undefined ? {} : { advice_code: why.advice }),
    ...(why.network === undefined ? {} : { network_decline_code: why.network })
  }
}

/** A refusal that nobody waits for: it stands in the payment. Answers it. */
export function quiet (attempt: () => void): StripeError | undefined {
  try {
    attempt()
  } catch (error) {
    if (error instanceof StripeError) return error
    throw error
  }
}
