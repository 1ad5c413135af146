import { checkAmount, checkCurrency } from './amounts.ts'
import { invalid, missing, missingIn } from './errors.ts'
import { emit } from './events.ts'
import { cancel, capture, checkConfirmable, confirm, endAttempt, unexpected } from './intent-machine.ts'
import { methodData, methodFromData, useMethod, type MethodData } from './payment-methods.ts'
import type { IntentRecord, MethodRecord, PaymentIntent } from './objects.ts'
import { anything, atLeast, boolean, created, either, email, expand, listOf, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text, unsettable, url, type Check, type Values } from './params.ts'
import { route, type Versioned } from './routing.ts'
import { page } from './shelf.ts'
import { allowedTypesSince, asyncCaptureSince, automaticMethodsSince, since } from './versions.ts'
import { refer, type Call } from './world.ts'
import { changes } from './customers.ts'

/** At most 22 characters, at least 5, a letter among them, and none of `< > \ ' " *`. Source: https://docs.stripe.com/get-started/account/statement-descriptors, read 2026-11. */
function descriptor (least: number): Check<string> {
  return (value, param) => {
    const words = text()(value, param)
    if (words.length > 22) throw invalid('The statement descriptor must be at most 22 characters.', { param })
    if (words.length < least) throw invalid(`The statement descriptor must be at least ${least} characters.`, { param })
    if (/[<>\\'"*]/.test(words)) throw invalid("The statement descriptor must not contain any of: < > \\ ' \" *", { param })
    if (!/[A-Za-z]/.test(words)) throw invalid('The statement descriptor must contain at least one letter.', { param })
    return words
  }
}

const address = object({ city: text(), country: text(), line1: text(), line2: text(), postal_code: text(), state: text() })
const shipping = object({ address: needed(address), name: needed(text()), carrier: text(), phone: text(), tracking_number: text() })
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
  payment_method_options: openObject,
  receipt_email: unsettable(email),
  setup_future_usage: unsettable(futureUsage),
  shipping: unsettable(shipping)
}

const confirming = {
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

/** The same parameters, but the list of types has the name of the version: the other name is unknown there. */
function byVersion<T> (before: Check<T>, after: Check<T>): Versioned<T> {
  return { at: version => since(version, allowedTypesSince) ? after : before }
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
  route('GET', '/v1/payment_intents/:id', object({ client_secret: text(), expand }), (call, params, { id }) => {
    const { wire } = find(call, id!)
    if (params.client_secret !== undefined && params.client_secret !== wire.client_secret) {
      throw invalid('The client_secret provided does not match the client_secret associated with the PaymentIntent.', { code: 'payment_intent_invalid_parameter', param: 'client_secret' })
    }
    return wire
  }),
  route('POST', '/v1/payment_intents/:id', updateParams, update),
  route('POST', '/v1/payment_intents/:id/confirm', confirmParams, (call, params, { id }) => {
    const intent = find(call, id!)
    checkConfirmable(intent)
    change(intent, params)
    confirm(call, intent, chosenMethod(call, intent, params))
    return { ...intent.wire }
  }),
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
    cancel(call, intent, params.cancellation_reason ?? null)
    return { ...intent.wire }
  })
]

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
  const { world, books } = call
  if (params.customer !== undefined && books.customers.get(params.customer) === undefined) throw missingIn('customer', params.customer, 'customer')
  const chosen = given(params)
  const automatic = params.automatic_payment_methods ?? (chosen === undefined && params.confirmation_method !== 'manual' && since(call.version, automaticMethodsSince) ? { enabled: true } : undefined)
  // A method that does not exist refuses the request before there is a payment.
  const method = params.payment_method === undefined ? undefined : useMethod(call, params.payment_method, 'payment_method')
  const fresh = params.payment_method_data === undefined ? method : methodFromData(call, params.payment_method_data)
  const id = world.id('pi_3')
  const createdAt = world.now()
  const wire: PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: chosen ?? null,
    amount: params.amount,
    amount_capturable: 0,
    amount_details: noTip,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: automatic?.enabled === true ? { allow_redirects: params.automatic_payment_methods?.allow_redirects ?? 'always', enabled: true } : null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: params.capture_method ?? (since(call.version, asyncCaptureSince) ? 'automatic_async' : 'automatic'),
    client_secret: `${id}_secret_${world.id('', 25)}`,
    confirmation_method: params.confirmation_method ?? 'automatic',
    created: createdAt,
    currency: params.currency.toLowerCase(),
    customer: params.customer ?? null,
    customer_account: null,
    description: params.description ?? null,
    excluded_payment_method_types: params.excluded_payment_method_types ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: books.livemode,
    managed_payments: null,
    metadata: params.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: fresh?.id ?? null,
    payment_method_configuration_details: automatic?.enabled === true ? { id: `pmc_1${books.account.slice(5)}`, parent: null } : null,
    payment_method_options: options(params.payment_method_options),
    payment_method_types: chosen ?? ['card'],
    payment_record: null,
    processing: null,
    receipt_email: params.receipt_email ?? null,
    review: null,
    setup_future_usage: params.setup_future_usage ?? null,
    shipping: params.shipping ?? null,
    source: null,
    statement_descriptor: params.statement_descriptor ?? null,
    statement_descriptor_suffix: params.statement_descriptor_suffix ?? null,
    status: fresh === undefined ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: params.transfer_group ?? null
  }
  const intent: IntentRecord = { id, created: createdAt, wire, charges: [], returnUrl: null, offSession: false, errorOnAction: false, attempt: null, authenticated: false, captures: 0 }
  books.paymentIntents.add(intent)
  world.intents.set(id, books)
  refer(world, intent)
  if (params.confirm === true) circumstances(intent, params)
  emit(call, 'payment_intent.created', { ...wire })
  if (params.confirm === true) confirm(call, intent, fresh)
  return { ...wire }
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
  if (params.customer !== undefined && call.books.customers.get(params.customer) === undefined) throw missingIn('customer', params.customer, 'customer')
  const before = { ...wire }
  const method = chosenMethod(call, intent, params)
  change(intent, params)
  if (params.amount !== undefined) wire.amount = params.amount
  if (params.currency !== undefined) wire.currency = params.currency.toLowerCase()
  if (params.customer !== undefined) wire.customer = params.customer
  if (params.description !== undefined) wire.description = params.description
  if (params.statement_descriptor !== undefined) wire.statement_descriptor = params.statement_descriptor
  if (params.statement_descriptor_suffix !== undefined) wire.statement_descriptor_suffix = params.statement_descriptor_suffix
  if (params.transfer_group !== undefined) wire.transfer_group = params.transfer_group
  wire.metadata = mergeMetadata(wire.metadata, params.metadata)
  if (method !== undefined && method.id !== before.payment_method) {
    wire.payment_method = method.id
    wire.status = 'requires_confirmation'
    endAttempt(call, intent)
    intent.authenticated = false
  }
  if (Object.keys(changes(before, wire)).length > 0) refer(call.world, intent)
  return { ...wire }
}

/** What `confirm` and `update` may both say. */
function change (intent: IntentRecord, params: Partial<Confirm>): void {
  const { wire } = intent
  const chosen = given(params)
  if (chosen !== undefined) {
    wire.payment_method_types = chosen
    wire.allowed_payment_method_types = chosen
    wire.automatic_payment_methods = null
  }
  if (params.capture_method !== undefined) wire.capture_method = params.capture_method
  if (params.payment_method_options !== undefined) wire.payment_method_options = options(params.payment_method_options)
  if (params.receipt_email !== undefined) wire.receipt_email = params.receipt_email
  if (params.setup_future_usage !== undefined) wire.setup_future_usage = params.setup_future_usage
  if (params.shipping !== undefined) wire.shipping = params.shipping
  circumstances(intent, params)
}

function circumstances (intent: IntentRecord, params: Partial<Confirm>): void {
  if (params.return_url !== undefined) intent.returnUrl = params.return_url
  if (params.off_session !== undefined) intent.offSession = params.off_session !== false
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

const noTip = { tip: {} }
const plainCard = { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' }
const plainOptions = { card: plainCard }

function options (params: Record<string, unknown> | undefined): Record<string, unknown> {
  if (params === undefined) return plainOptions
  return { ...params, card: { ...plainCard, ...params.card as object | undefined } }
}
