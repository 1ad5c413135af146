import { checkAmount, checkCurrency } from './amounts.ts'
import { cashOf } from './cash.ts'
import { changes } from './customers.ts'
import { invalid, missing, missingIn } from './errors.ts'
import { automaticTypes, methodOptions, newIntent, optionsOf } from './intents.ts'
import { cancel, capture, checkConfirmable, confirm } from './intent-machine.ts'
import { activated, methodData, methodFromData, notActivated, useMethod, type MethodData } from './methods.ts'
import type { IntentRecord, MethodRecord, MethodType, PaymentIntent } from './objects.ts'
import { endAttempt, unexpected } from './outcomes.ts'
import { anything, atLeast, boolean, created, descriptor, either, email, expand, listOf, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text, unsettable, url, type Values } from './params.ts'
import { byVersion, forBrowsers, route } from './routing.ts'
import { named, page } from './shelf.ts'
import { apply, awaitsTransfer, giveBack, remaining } from './transfers.ts'
import { endVoucher } from './vouchers.ts'
import { allowedTypesSince, asyncCaptureSince, automaticMethodsSince, since } from './versions.ts'
import { refer, type Call } from './world.ts'

const shippingAddress = object({ city: text(), country: text(), line1: text(), line2: text(), postal_code: text(), state: text() })
const shipping = object({ address: needed(shippingAddress), name: needed(text()), carrier: text(), phone: text(), tracking_number: text() })
const captureMethod = oneOf('automatic', 'automatic_async', 'manual')
const futureUsage = oneOf('off_session', 'on_session')
const amount = atLeast(1)
const types = listOf(text())
const offSession = either(value => value === 'true' || value === 'false', boolean, oneOf('one_off', 'recurring'))

const common = {
  amount_details: anything,
  application_fee_amount: anything,
  capture_method: captureMethod,
  excluded_payment_method_types: unsettable(types),
  expand,
  payment_details: anything,
  payment_method: text(),
  payment_method_data: methodData,
  payment_method_options: methodOptions,
  receipt_email: unsettable(email),
  setup_future_usage: unsettable(futureUsage),
  shipping: unsettable(shipping)
}

const confirming = {
  client_secret: text(),
  confirmation_token: text(),
  error_on_requires_action: boolean,
  mandate: text(),
  mandate_data: anything,
  off_session: offSession,
  radar_options: openObject,
  return_url: url,
  use_stripe_sdk: boolean
}

const creating = {
  ...common,
  ...confirming,
  amount: needed(amount),
  currency: needed(text()),
  automatic_payment_methods: object({ enabled: needed(boolean), allow_redirects: oneOf('always', 'never') }),
  confirm: boolean,
  confirmation_method: oneOf('automatic', 'manual'),
  customer: text(),
  description: unsettable(text({ max: 1000 })),
  metadata,
  on_behalf_of: text(),
  payment_method_configuration: text(),
  statement_descriptor: unsettable(descriptor(5)),
  statement_descriptor_suffix: unsettable(descriptor(1)),
  transfer_data: openObject,
  transfer_group: text()
}

const updating = {
  ...common,
  amount,
  currency: text(),
  customer: text(),
  description: unsettable(text({ max: 1000 })),
  metadata,
  payment_method_configuration: text(),
  statement_descriptor: unsettable(descriptor(5)),
  statement_descriptor_suffix: unsettable(descriptor(1)),
  transfer_data: openObject,
  transfer_group: text()
}

type Types = { payment_method_types?: string[], allowed_payment_method_types?: string[] }
const createParams = byVersion<Values<typeof creating>>(object({ ...creating, payment_method_types: types }), object({ ...creating, allowed_payment_method_types: types }))
const updateParams = byVersion<Values<typeof updating>>(object({ ...updating, payment_method_types: types }), object({ ...updating, allowed_payment_method_types: types }))
const confirmFields = { ...common, ...confirming, amount_to_confirm: amount }
const confirmParams = byVersion<Values<typeof confirmFields>>(object({ ...confirmFields, payment_method_types: types }), object({ ...confirmFields, allowed_payment_method_types: types }))

export const paymentIntentRoutes = [
  route('POST', '/v1/payment_intents', createParams, create, prepareCreate),
  route('GET', '/v1/payment_intents', object({ ...paging, created, customer: text() }), ({ books }, params) =>
    page(books.paymentIntents, params, '/v1/payment_intents', 'payment_intent', each => each.wire, each => params.customer === undefined || each.wire.customer === params.customer)),
  forBrowsers(route('GET', '/v1/payment_intents/:id', object({ client_secret: text(), expand }), (call, params, { id }) => {
    const { wire } = find(call, id!)
    checkSecret(wire, params.client_secret)
    return wire
  }), 'with_secret'),
  route('POST', '/v1/payment_intents/:id', updateParams, update),
  forBrowsers(route('POST', '/v1/payment_intents/:id/confirm', confirmParams, (call, params, { id }) => {
    const intent = find(call, id!)
    checkSecret(intent.wire, params.client_secret)
    checkConfirmable(intent)
    const method = chosenMethod(call, intent, params)
    change(intent, params, method)
    confirm(call, intent, method)
    return { ...intent.wire }
  }), 'with_secret'),
  route('POST', '/v1/payment_intents/:id/capture', object({
    amount_details: anything,
    amount_to_capture: amount,
    application_fee_amount: anything,
    expand,
    final_capture: boolean,
    metadata,
    payment_details: anything,
    statement_descriptor: descriptor(5),
    statement_descriptor_suffix: descriptor(1),
    transfer_data: openObject
  }), (call, params, { id }) => {
    const intent = find(call, id!)
    capture(call, intent, params.amount_to_capture, params.final_capture ?? true)
    if (params.metadata !== undefined) {
      intent.wire.metadata = mergeMetadata(intent.wire.metadata, params.metadata)
      refer(call.world, intent)
    }
    return { ...intent.wire }
  }),
  route('POST', '/v1/payment_intents/:id/cancel', object({ cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'), expand }), (call, params, { id }) => {
    const intent = find(call, id!)
    if (intent.owner !== null && call.books.sessions.get(intent.owner.id)?.wire.status === 'open') throw unexpected(intent, 'You cannot cancel a PaymentIntent that was created by a Checkout Session that is still open. Expire the Checkout Session instead.')
    if (intent.owner?.kind === 'invoice') throw unexpected(intent, 'You cannot cancel a PaymentIntent that belongs to an invoice. Void the invoice instead.')
    cancel(call, intent, params.cancellation_reason ?? null)
    return { ...intent.wire }
  }),
  route('POST', '/v1/payment_intents/:id/apply_customer_balance', object({ amount, currency: text(), expand }), (call, params, { id }) => {
    const intent = find(call, id!)
    if (!awaitsTransfer(intent)) throw unexpected(intent, `You cannot apply a cash balance to this PaymentIntent because it has a status of ${intent.wire.status}.`)
    const cash = cashOf(call, intent.wire.customer!)
    const has = Math.min(cash.available[intent.wire.currency] ?? 0, remaining(intent))
    if (has === 0 || (params.amount ?? 0) > has) throw invalid('The cash balance of the customer is insufficient.', { code: 'insufficient_funds', param: 'amount' })
    apply(call, intent, cash, params.amount ?? has)
    return { ...intent.wire }
  })
]

function checkSecret (wire: PaymentIntent, secret: string | undefined): void {
  if (secret === undefined || secret === wire.client_secret) return
  throw invalid('The client_secret provided does not match the client_secret associated with the PaymentIntent.', { code: 'payment_intent_invalid_parameter', param: 'client_secret' })
}

/** Another method: what was under way with the old one ends. */
function abandon (call: Call, intent: IntentRecord): void {
  endAttempt(call, intent)
  endVoucher(call, intent)
  giveBack(call, intent)
  intent.authenticated = false
}

export function find (call: Call, id: string, param = 'intent'): IntentRecord {
  const intent = call.books.paymentIntents.get(id)
  if (intent !== undefined) return intent
  const elsewhere = call.world.intents.get(id)
  throw missing('payment_intent', id, param, elsewhere?.account === call.books.account ? elsewhere.livemode : undefined)
}

type Create = Values<typeof creating> & Types
type Confirm = Values<typeof confirmFields> & Types
type Update = Values<typeof updating> & Types

function prepareCreate (call: Call, params: Create): void {
  checkAmount(params.amount, checkCurrency(params.currency))
  if (params.confirm !== true) {
    for (const name of ['off_session', 'return_url', 'mandate', 'mandate_data', 'error_on_requires_action'] as const) {
      if (params[name] !== undefined) throw invalid(`You may only set \`${name}\` on a PaymentIntent when \`confirm\` is true.`, { code: 'parameter_invalid', param: name })
    }
  }
  if (params.automatic_payment_methods?.enabled === true && given(params) !== undefined) {
    const name = since(call.version, allowedTypesSince) ? 'allowed_payment_method_types' : 'payment_method_types'
    throw invalid(`You may only specify one of these parameters: automatic_payment_methods, ${name}.`, { code: 'parameters_exclusive', param: 'automatic_payment_methods' })
  }
  if (params.automatic_payment_methods?.enabled === true && params.confirmation_method === 'manual') {
    throw invalid('When automatic_payment_methods is enabled, confirmation_method must be automatic.', { param: 'confirmation_method' })
  }
  if (params.confirm === true && params.payment_method === undefined && params.payment_method_data === undefined && params.confirmation_token === undefined) {
    throw invalid("You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.", { code: 'payment_intent_unexpected_state' })
  }
  if (params.confirmation_token !== undefined) throw missingIn('ConfirmationToken', params.confirmation_token, 'confirmation_token')
}

function create (call: Call, params: Create): PaymentIntent {
  const { books } = call
  if (params.customer !== undefined) named(books.customers, params.customer, 'customer', 'customer')
  const chosen = given(params)
  if (chosen !== undefined) checkTypes(call, chosen, params.currency)
  const automatic = params.automatic_payment_methods ?? (chosen === undefined && params.confirmation_method !== 'manual' && since(call.version, automaticMethodsSince) ? { enabled: true } : undefined)
  // A method that does not exist refuses the request before there is a payment.
  const method = params.payment_method === undefined ? undefined : useMethod(call, params.payment_method, 'payment_method')
  const fresh = params.payment_method_data === undefined ? method : methodFromData(call, params.payment_method_data)
  const intent = newIntent(call, {
    amount: params.amount,
    currency: params.currency,
    customer: params.customer,
    types: chosen,
    automatic: automatic?.enabled === true ? automatic : undefined,
    captureMethod: params.capture_method ?? (since(call.version, asyncCaptureSince) ? 'automatic_async' : 'automatic'),
    confirmationMethod: params.confirmation_method,
    description: params.description,
    metadata: params.metadata,
    method: fresh,
    options: params.payment_method_options,
    receiptEmail: params.receipt_email,
    setupFutureUsage: params.setup_future_usage,
    shipping: params.shipping,
    excludedTypes: params.excluded_payment_method_types,
    descriptor: params.statement_descriptor,
    descriptorSuffix: params.statement_descriptor_suffix,
    transferGroup: params.transfer_group,
    circumstances: made => { if (params.confirm === true) circumstances(made, params) }
  })
  if (params.confirm === true) confirm(call, intent, fresh)
  return { ...intent.wire }
}

/** Types that the account has, in a currency that they take. */
function checkTypes (call: Call, types: string[], currency: string): void {
  const name = since(call.version, allowedTypesSince) ? 'allowed_payment_method_types' : 'payment_method_types'
  for (const type of types) {
    if (!activated(call).includes(type as MethodType)) throw notActivated(type, name)
    if (type !== 'card' && currency.toLowerCase() !== 'mxn') throw invalid(`The currency provided (${currency.toLowerCase()}) is invalid for one or more payment method types on this PaymentIntent. ${type} supports the following currencies: mxn.`, { code: 'parameter_invalid', param: 'currency' })
  }
}

/** Amount and method only before confirmation; description, metadata and the like always. */
function update (call: Call, params: Update, { id }: Record<string, string>): PaymentIntent {
  const intent = find(call, id!)
  const { wire } = intent
  const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  for (const name of ['amount', 'currency', 'customer', 'payment_method', 'payment_method_data', 'capture_method', 'setup_future_usage'] as const) {
    if (params[name] !== undefined && !open.includes(wire.status)) {
      throw unexpected(intent, `This PaymentIntent's ${name} could not be updated because it has a status of ${wire.status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: ${open.join(', ')}.`)
    }
  }
  if (params.amount !== undefined || params.currency !== undefined) {
    checkAmount(params.amount ?? wire.amount, params.currency === undefined ? wire.currency : checkCurrency(params.currency))
  }
  if (params.customer !== undefined) named(call.books.customers, params.customer, 'customer', 'customer')
  const before = { ...wire }
  const method = chosenMethod(call, intent, params)
  change(intent, params, method)
  if (params.amount !== undefined) wire.amount = params.amount
  if (params.currency !== undefined) wire.currency = params.currency.toLowerCase()
  if (params.customer !== undefined) wire.customer = params.customer
  if (wire.automatic_payment_methods !== null) wire.payment_method_types = automaticTypes(call, { amount: wire.amount, currency: wire.currency, captureMethod: wire.capture_method, setupFutureUsage: wire.setup_future_usage, customer: wire.customer, options: wire.payment_method_options })
  if (params.description !== undefined) wire.description = params.description
  if (params.statement_descriptor !== undefined) wire.statement_descriptor = params.statement_descriptor
  if (params.statement_descriptor_suffix !== undefined) wire.statement_descriptor_suffix = params.statement_descriptor_suffix
  if (params.transfer_group !== undefined) wire.transfer_group = params.transfer_group
  wire.metadata = mergeMetadata(wire.metadata, params.metadata)
  if (method !== undefined && method.id !== before.payment_method) {
    wire.payment_method = method.id
    wire.status = 'requires_confirmation'
    abandon(call, intent)
  }
  if (Object.keys(changes(before, wire)).length > 0) refer(call.world, intent)
  return { ...wire }
}

/** What `confirm` and `update` may both say. */
function change (intent: IntentRecord, params: Partial<Confirm>, method: MethodRecord | undefined): void {
  const { wire } = intent
  const chosen = given(params)
  if (chosen !== undefined) {
    wire.payment_method_types = chosen
    wire.allowed_payment_method_types = chosen
    wire.automatic_payment_methods = null
  }
  if (params.capture_method !== undefined) wire.capture_method = params.capture_method
  if (params.receipt_email !== undefined) wire.receipt_email = params.receipt_email
  if (params.setup_future_usage !== undefined) wire.setup_future_usage = params.setup_future_usage
  if (params.shipping !== undefined) wire.shipping = params.shipping
  if (params.payment_method_options !== undefined || chosen !== undefined) wire.payment_method_options = optionsOf({ ...wire.payment_method_options, ...params.payment_method_options }, wire, method)
  circumstances(intent, params)
}

function circumstances (intent: IntentRecord, params: Partial<Confirm>): void {
  if (params.return_url !== undefined) intent.returnUrl = params.return_url
  // Of this attempt, not of the intent. Source: https://docs.stripe.com/api/payment_intents/confirm, read 2026-11.
  intent.offSession = params.off_session !== undefined && params.off_session !== false
  if (params.error_on_requires_action !== undefined) intent.errorOnAction = params.error_on_requires_action
}

function chosenMethod (call: Call, intent: IntentRecord, params: { payment_method?: string, payment_method_data?: MethodData }): MethodRecord | undefined {
  const fresh = params.payment_method_data !== undefined
    ? methodFromData(call, params.payment_method_data)
    : params.payment_method === undefined ? undefined : useMethod(call, params.payment_method, 'payment_method')
  if (fresh !== undefined) {
    if (fresh.id !== intent.wire.payment_method) intent.authenticated = false
    return fresh
  }
  return intent.wire.payment_method === null ? undefined : call.books.paymentMethods.get(intent.wire.payment_method)
}

function given (params: Types): string[] | undefined {
  return params.payment_method_types ?? params.allowed_payment_method_types
}
