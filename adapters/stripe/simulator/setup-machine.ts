import { cardError, quiet } from './outcomes.ts'
import { declines, type Decline } from './cards.ts'
import { docUrl, invalid, StripeError, type ErrorBody } from './errors.ts'
import { emit } from './events.ts'
import { cardOf, usedUp } from './methods.ts'
import type { MethodRecord, SetupIntent, SetupRecord } from './objects.ts'
import { keep } from './payment-methods.ts'
import type { Call } from './world.ts'

/** What a SetupIntent does: a card is authenticated now and charged later. Source: https://docs.stripe.com/payments/setupintents/lifecycle, read 2026-11. */
const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']

export function confirmSetup (call: Call, setup: SetupRecord, method: MethodRecord | undefined): void {
  const { wire } = setup
  if (!open.includes(wire.status)) throw unexpectedSetup(setup, `You cannot confirm this SetupIntent because it has ${wire.status === 'succeeded' ? 'already succeeded' : `a status of ${wire.status}`}.`)
  if (method === undefined) throw unexpectedSetup(setup, "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.")
  if (!wire.payment_method_types.includes(method.wire.type)) {
    throw invalid(`The PaymentMethod provided (${method.wire.type}) is not allowed for this SetupIntent.`, { code: 'setup_intent_invalid_parameter', param: 'payment_method' })
  }
  if (method.wire.customer !== null && method.wire.customer !== wire.customer) throw invalid(`The PaymentMethod ${method.id} does not belong to the Customer ${wire.customer}.`, { param: 'payment_method' })
  if (method.wire.customer === null && (method.consumed || method.detached)) throw usedUp()
  endSetupAttempt(call, setup)
  wire.payment_method = method.id
  wire.last_setup_error = null
  wire.latest_attempt = call.world.id('setatt_1')
  if (call.books.livemode && !call.world.testCardsInLive) return refuse(call, setup, method, declines.testCardInLiveMode)
  if (!setup.authenticated && ['always', 'until_set_up'].includes(cardOf(method).authentication ?? '')) return ask(call, setup)
  complete(call, setup, method)
}

export function authenticateSetup (call: Call, setup: SetupRecord, success: boolean): void {
  const { wire } = setup
  const method = call.books.paymentMethods.get(wire.payment_method ?? '')
  if (wire.status !== 'requires_action' || method === undefined) return
  endSetupAttempt(call, setup)
  if (success) {
    setup.authenticated = true
    quiet(() => complete(call, setup, method))
  } else {
    failed(call, setup, method, { type: 'invalid_request_error', code: 'setup_intent_authentication_failure', message: 'The latest attempt to set up the payment method has failed because authentication failed.' })
  }
}

export function cancelSetup (call: Call, setup: SetupRecord, reason: string | null): void {
  const { wire } = setup
  if (!open.includes(wire.status)) throw unexpectedSetup(setup, `You cannot cancel this SetupIntent because it has a status of ${wire.status}. Only a SetupIntent with one of the following statuses may be canceled: ${open.join(', ')}.`)
  endSetupAttempt(call, setup)
  wire.status = 'canceled'
  wire.cancellation_reason = reason
  emit(call, 'setup_intent.canceled', { ...wire })
}

export function unexpectedSetup ({ wire }: SetupRecord, message: string): StripeError {
  return invalid(message, { code: 'setup_intent_unexpected_state', setup_intent: { ...wire } })
}

export function endSetupAttempt ({ world }: Call, setup: SetupRecord): void {
  if (setup.attempt !== null) world.doors.delete(setup.attempt)
  setup.attempt = null
  setup.wire.next_action = null
}

function ask (call: Call, setup: SetupRecord): void {
  const { world, books } = call
  const { wire } = setup
  setup.attempt = world.id('setatt_3')
  world.doors.set(setup.attempt, { books, kind: 'setup', id: setup.id })
  const page = `${world.url()}/redirect/authenticate/${setup.attempt}?client_secret=${wire.client_secret}`
  wire.status = 'requires_action'
  wire.next_action = setup.returnUrl === null
    ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', source: setup.attempt, stripe_js: page } }
    : { type: 'redirect_to_url', redirect_to_url: { return_url: setup.returnUrl, url: page } }
  emit(call, 'setup_intent.requires_action', { ...wire })
  world.moved.setup(call, setup)
}

function complete (call: Call, setup: SetupRecord, method: MethodRecord): void {
  const { wire } = setup
  const { decline, refusedAt } = cardOf(method)
  if (decline !== undefined && refusedAt === 'attach') return refuse(call, setup, method, decline)
  if (wire.usage === 'off_session') method.setUp = true
  if (wire.customer !== null && method.wire.customer === null) keep(call, method, wire.customer)
  wire.status = 'succeeded'
  emit(call, 'setup_intent.succeeded', { ...wire })
  call.world.moved.setup(call, setup)
}

function refuse (call: Call, setup: SetupRecord, method: MethodRecord, why: Decline): never {
  const body = cardError(why)
  const shown = failed(call, setup, method, body)
  throw new StripeError(402, { ...body, payment_method: method.wire, setup_intent: shown })
}

function failed (call: Call, setup: SetupRecord, method: MethodRecord, error: ErrorBody): SetupIntent {
  const { wire } = setup
  setup.authenticated = false
  wire.status = 'requires_payment_method'
  wire.payment_method = null
  wire.last_setup_error = { ...error, doc_url: docUrl(error.code!), payment_method: method.wire }
  const shown = { ...wire }
  emit(call, 'setup_intent.setup_failed', shown)
  call.world.moved.setup(call, setup)
  return shown
}
