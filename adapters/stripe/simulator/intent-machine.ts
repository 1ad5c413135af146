import { unplan } from './agenda.ts'
import { checkAmexAmount, display } from './amounts.ts'
import { declines } from './cards.ts'
import { findCharge } from './charges.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import { cardOf, usedUp } from './methods.ts'
import type { IntentRecord, MethodRecord } from './objects.ts'
import { attemptFailed, decline, endAttempt, openDoor, quiet, received, taken, unexpected } from './outcomes.ts'
import { askForTransfer, checkTransfer, giveBack } from './transfers.ts'
import { checkVoucher, endVoucher, giveVoucher } from './vouchers.ts'
import type { Call } from './world.ts'

/**
 * What a PaymentIntent does. Source: https://docs.stripe.com/payments/paymentintents/lifecycle and the sentences
 * of real answers quoted in public issues, read 2026-11.
 */
const confirmable = new Set(['requires_payment_method', 'requires_confirmation', 'requires_action'])
const cancelable = ['requires_payment_method', 'requires_capture', 'requires_confirmation', 'requires_action', 'processing']

export function checkConfirmable (intent: IntentRecord): void {
  const { wire } = intent
  if (!confirmable.has(wire.status)) {
    throw unexpected(intent, wire.status === 'succeeded'
      ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
      : wire.status === 'canceled'
        ? 'You cannot confirm this PaymentIntent because it has a status of canceled. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.'
        : `This PaymentIntent's status is ${wire.status}: it has already been confirmed.`)
  }
}

export function confirm (call: Call, intent: IntentRecord, method: MethodRecord | undefined): void {
  const { wire } = intent
  checkConfirmable(intent)
  if (method === undefined) {
    throw unexpected(intent, "You cannot confirm this PaymentIntent because it's missing a payment method. " + (wire.customer === null
      ? 'You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.'
      : `To confirm the PaymentIntent with ${wire.customer}, specify a payment method attached to this customer along with the customer ID.`))
  }
  checkUse(intent, method)
  if (wire.automatic_payment_methods !== null && wire.automatic_payment_methods.allow_redirects !== 'never' && intent.returnUrl === null && !intent.offSession && intent.owner === null) {
    throw invalid('This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, ' +
      "you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` " +
      'when creating Setup Intents and Payment Intents.', { payment_intent: { ...wire } })
  }
  if (method.wire.type === 'oxxo') checkVoucher(intent)
  if (method.wire.type === 'customer_balance') checkTransfer(intent)
  if (method.wire.type === 'card') checkCard(intent, method)
  endVoucher(call, intent)
  giveBack(call, intent)
  wire.last_payment_error = null
  if (method.wire.type === 'oxxo') return giveVoucher(call, intent, method)
  if (method.wire.type === 'customer_balance') return askForTransfer(call, intent, method)
  wire.payment_method = method.id
  if (call.books.livemode && !call.world.testCardsInLive) return decline(call, intent, method, declines.testCardInLiveMode)
  if (!intent.authenticated && wantsAuthentication(intent, method)) {
    if (intent.offSession) return decline(call, intent, method, declines.authenticationRequired)
    if (intent.errorOnAction) return decline(call, intent, method, declines.authenticationNotHandled)
    return askForAuthentication(call, intent)
  }
  charge(call, intent, method)
}

/** The payer has come back from their bank. */
export function authenticate (call: Call, intent: IntentRecord, success: boolean): void {
  const { wire } = intent
  const method = call.books.paymentMethods.get(wire.payment_method ?? '')
  if (wire.status !== 'requires_action' || method?.wire.type !== 'card') return
  if (!success) return attemptFailed(call, intent, 'payment_intent_authentication_failure', 'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.')
  endAttempt(call, intent)
  intent.authenticated = true
  if (wire.confirmation_method === 'manual') wire.status = 'requires_confirmation'
  else quiet(() => charge(call, intent, method))
}

export function capture (call: Call, intent: IntentRecord, amount: number | undefined, final: boolean): void {
  const { wire } = intent
  if (wire.status !== 'requires_capture') {
    throw unexpected(intent, `This PaymentIntent could not be captured because it has a status of ${wire.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`)
  }
  const asked = amount ?? wire.amount_capturable
  if (asked > wire.amount_capturable) {
    throw invalid('The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge. Contact us via https://support.stripe.com/contact/ for help.',
      { code: 'amount_too_large', param: 'amount_to_capture', payment_intent: { ...wire } })
  }
  if (!final) {
    throw invalid('This PaymentIntent does not support multicapture: `final_capture` must be true.', { code: 'payment_intent_invalid_parameter', param: 'final_capture', payment_intent: { ...wire } })
  }
  unplan(call, 'hold', intent.id)
  taken(call, intent, asked)
}

export function cancel (call: Call, intent: IntentRecord, reason: string | null): void {
  const { wire } = intent
  if (!cancelable.includes(wire.status)) {
    throw unexpected(intent, `You cannot cancel this PaymentIntent because it has a status of ${wire.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${cancelable.join(', ')}.`)
  }
  const held = wire.status === 'requires_capture' ? findCharge(call, wire.latest_charge!) : undefined
  endAttempt(call, intent)
  endVoucher(call, intent)
  unplan(call, 'hold', intent.id)
  giveBack(call, intent)
  wire.status = 'canceled'
  wire.canceled_at = call.world.now()
  wire.cancellation_reason = reason
  wire.amount_capturable = 0
  if (held !== undefined) {
    // The hold is let go: Stripe shows it as a refund of the charge that was never captured.
    held.amount_refunded = held.amount
    held.refunded = true
    emit(call, 'charge.refunded', { ...held }, { amount_refunded: 0, refunded: false })
  }
  emit(call, 'payment_intent.canceled', { ...wire })
  call.world.moved.intent(call, intent)
}

/** An authorisation that nobody captures ends by itself when its seven days are over. */
export function holdEnds (call: Call, id: string): void {
  const intent = call.books.paymentIntents.get(id)
  if (intent?.wire.status === 'requires_capture') cancel(call, intent, 'automatic')
}

function checkUse (intent: IntentRecord, method: MethodRecord): void {
  const { wire } = intent
  if (!wire.payment_method_types.includes(method.wire.type)) {
    throw invalid(`The PaymentMethod provided (${method.wire.type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: ${wire.payment_method_types.join(', ')}. ` +
      `Alternatively update the allowed payment_method_types for this PaymentIntent to include "${method.wire.type}".`, { code: 'payment_intent_incompatible_payment_method', param: 'payment_method', payment_intent: { ...wire } })
  }
  if (method.wire.customer !== null && method.wire.customer !== wire.customer) {
    throw invalid(wire.customer === null
      ? `The PaymentMethod ${method.id} belongs to the Customer ${method.wire.customer}. Please include the Customer in the \`customer\` parameter on the PaymentIntent.`
      : `The PaymentMethod ${method.id} does not belong to the Customer ${wire.customer}.`, { param: 'payment_method' })
  }
  if (method.wire.customer === null && (method.consumed || method.detached)) throw usedUp()
}

function checkCard ({ wire }: IntentRecord, method: MethodRecord): void {
  if (wire.statement_descriptor !== null) {
    throw invalid('The `statement_descriptor` parameter is not supported for card payments. Use `statement_descriptor_suffix` instead.', { code: 'payment_intent_invalid_parameter', param: 'statement_descriptor', payment_intent: { ...wire } })
  }
  if (method.wire.card!.brand === 'amex') checkAmexAmount(wire.amount, wire.currency)
}

function wantsAuthentication (intent: IntentRecord, method: MethodRecord): boolean {
  const { authentication } = cardOf(method)
  if (authentication === 'always') return true
  if (authentication === 'until_set_up') return !(method.setUp && (intent.offSession || intent.owner?.kind === 'invoice'))
  const asked = (intent.wire.payment_method_options.card as { request_three_d_secure?: string } | undefined)?.request_three_d_secure
  return authentication === 'if_asked' && (asked === 'any' || asked === 'challenge')
}

/** With a `return_url` the payer is sent to a page; without one, Stripe.js shows it. */
function askForAuthentication (call: Call, intent: IntentRecord): void {
  const { wire } = intent
  const page = openDoor(call, intent, 'authentication', '/redirect/authenticate')
  wire.status = 'requires_action'
  wire.next_action = intent.returnUrl === null
    ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', source: intent.attempt, stripe_js: page } }
    : { type: 'redirect_to_url', redirect_to_url: { return_url: intent.returnUrl, url: page } }
  emit(call, 'payment_intent.requires_action', { ...wire })
  call.world.moved.intent(call, intent)
}

function charge (call: Call, intent: IntentRecord, method: MethodRecord): void {
  const { decline: why } = cardOf(method)
  endAttempt(call, intent)
  if (why !== undefined) return decline(call, intent, method, why)
  received(call, intent, method)
}

export function refundable (amount: number, left: number, currency: string): void {
  if (amount > left) {
    throw invalid(`Refund amount (${display(amount, currency)}) is greater than unrefunded amount on charge (${display(left, currency)})`, { param: 'amount' })
  }
}
