import { timeFor } from '../agenda.ts'
import { display, smallest } from '../amounts.ts'
import { invalid } from '../errors.ts'
import { automaticTypes, methodOptions } from '../intents.ts'
import { activated, notActivated } from '../methods.ts'
import type { CheckoutSession, CustomField, Line, Metadata, MethodType, PassedOn, SessionRecord } from '../objects.ts'
import { anything, boolean, created, email, expand, integer, listOf, mergeMetadata, metadata, noTax, notSimulated, object, oneOf, openObject, paging, text, url, type Values } from '../params.ts'
import { lineItem } from '../expand.ts'
import { byVersion, route } from '../routing.ts'
import { newSetup } from '../setup-intents.ts'
import { named, page, wanted } from '../shelf.ts'
import { allowedTypesSince, since } from '../versions.ts'
import type { Call } from '../world.ts'
import { lineItems, newLines, totalOf } from './lines.ts'
import { expire, notOpen, watchSession } from './session-machine.ts'
import { customFields, paymentIntentData, setupIntentData, subscriptionData, taxIdCollection } from './shapes.ts'

const types = listOf(text())
const creating = {
  adaptive_pricing: anything,
  after_expiration: anything,
  allow_promotion_codes: boolean,
  automatic_tax: noTax,
  billing_address_collection: oneOf('auto', 'required'),
  branding_settings: anything,
  cancel_url: text(),
  client_reference_id: text({ max: 200 }),
  consent_collection: openObject,
  currency: text(),
  custom_fields: customFields,
  custom_text: anything,
  customer: text(),
  customer_creation: oneOf('always', 'if_required'),
  customer_email: email,
  customer_update: object({ address: oneOf('auto', 'never'), name: oneOf('auto', 'never'), shipping: oneOf('auto', 'never') }),
  discounts: notSimulated,
  excluded_payment_method_types: types,
  expand,
  expires_at: integer,
  integration_identifier: text(),
  invoice_creation: openObject,
  line_items: lineItems,
  locale: text(),
  metadata,
  mode: oneOf('payment', 'setup', 'subscription'),
  name_collection: anything,
  optional_items: notSimulated,
  origin_context: text(),
  payment_intent_data: paymentIntentData,
  payment_method_collection: oneOf('always', 'if_required'),
  payment_method_configuration: text(),
  payment_method_data: openObject,
  payment_method_options: methodOptions,
  permissions: anything,
  phone_number_collection: object({ enabled: boolean }),
  redirect_on_completion: text(),
  return_url: url,
  saved_payment_method_options: openObject,
  setup_intent_data: setupIntentData,
  shipping_address_collection: openObject,
  shipping_options: notSimulated,
  submit_type: oneOf('auto', 'book', 'donate', 'pay', 'subscribe'),
  subscription_data: subscriptionData,
  success_url: text(),
  tax_id_collection: taxIdCollection,
  ui_mode: text(),
  wallet_options: anything
}
type Types = { payment_method_types?: string[], allowed_payment_method_types?: string[] }
type Create = Values<typeof creating> & Types
const createParams = byVersion<Create>(object({ ...creating, payment_method_types: types }), object({ ...creating, allowed_payment_method_types: types }))

/** From half an hour to a day. Source: https://docs.stripe.com/api/checkout/sessions/create, read 2026-11. */
const shortestSeconds = 1800
const longestSeconds = 86_400
const mostLines = { payment: 100, subscription: 20 }

export const sessionRoutes = [
  route('POST', '/v1/checkout/sessions', createParams, (call, params) => {
    const { mode } = params as { mode: CheckoutSession['mode'] }
    const lines = mode === 'setup' ? [] : newLines(call, params.line_items!, mode, mostLines[mode])
    return { ...newSession(call, { ...params, mode, lines, passedOn: passedOn(params) }).wire }
  }, prepare),
  route('GET', '/v1/checkout/sessions', object({
    ...paging, created, customer: text(), customer_details: object({ email: text() }), payment_intent: text(), payment_link: text(), status: oneOf('complete', 'expired', 'open'), subscription: text()
  }), ({ books }, params) => page(books.sessions, params, '/v1/checkout/sessions', 'checkout.session', each => each.wire, ({ wire }) =>
    (params.customer === undefined || wire.customer === params.customer) && (params.payment_intent === undefined || wire.payment_intent === params.payment_intent) &&
    (params.payment_link === undefined || wire.payment_link === params.payment_link) && (params.status === undefined || wire.status === params.status) &&
    (params.subscription === undefined || wire.subscription === params.subscription) && (params.customer_details?.email === undefined || wire.customer_details?.email === params.customer_details.email))),
  route('GET', '/v1/checkout/sessions/:id', object({ expand }), (call, _, { id }) => find(call, id!).wire),
  route('POST', '/v1/checkout/sessions/:id', object({ expand, metadata }), (call, params, { id }) => {
    const { wire } = find(call, id!)
    wire.metadata = mergeMetadata(wire.metadata, params.metadata)
    return { ...wire }
  }),
  route('POST', '/v1/checkout/sessions/:id/expire', object({ expand }), (call, _, { id }) => {
    const session = find(call, id!)
    if (session.wire.status !== 'open') throw notOpen(session)
    expire(call, session)
    return { ...session.wire }
  }),
  route('GET', '/v1/checkout/sessions/:id/line_items', object(paging), ({ books }, params, { id }) => {
    const all = wanted(books.sessions, id!, 'checkout.session', 'session').lines.map(line => lineItem(books, line))
    return { object: 'list', url: `/v1/checkout/sessions/${id}/line_items`, has_more: all.length > (params.limit ?? 10), data: all.slice(0, params.limit ?? 10) }
  })
]

function find ({ books }: Call, id: string): SessionRecord {
  return wanted(books.sessions, id, 'checkout.session', 'session')
}

function prepare (call: Call, params: Create): void {
  const missing = (param: string) => invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  if (params.mode === undefined) throw missing('mode')
  if (params.ui_mode !== undefined && params.ui_mode !== 'hosted_page' && params.ui_mode !== 'hosted') throw invalid(`Only hosted pages are simulated, not ui_mode ${params.ui_mode}.`, { param: 'ui_mode' })
  if (params.success_url === undefined) throw missing('success_url')
  for (const name of ['success_url', 'cancel_url'] as const) if (params[name] !== undefined) url(params[name].replaceAll('{CHECKOUT_SESSION_ID}', 'cs'), name)
  if (params.customer !== undefined && params.customer_email !== undefined) throw invalid('You may only specify one of these parameters: customer, customer_email.', { code: 'parameters_exclusive', param: 'customer' })
  if (params.customer !== undefined) named(call.books.customers, params.customer, 'customer', 'customer')
  if (params.customer_creation !== undefined && (params.customer !== undefined || params.mode === 'subscription')) {
    throw invalid(params.customer === undefined ? '`customer_creation` can only be used in `payment` and `setup` mode.' : 'You may only specify one of these parameters: customer, customer_creation.', { param: 'customer_creation' })
  }
  if (params.tax_id_collection?.enabled === true && params.customer !== undefined && params.customer_update?.name !== 'auto') {
    throw invalid('Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.', { param: 'customer_update' })
  }
  if (params.mode === 'setup') {
    if (params.line_items !== undefined) throw invalid('`line_items` cannot be used in `setup` mode.', { param: 'line_items' })
    if (given(params) === undefined && params.currency === undefined) throw missing('currency')
  } else if (params.line_items === undefined || params.line_items.length === 0) throw missing('line_items')
  for (const [name, mode] of [['payment_intent_data', 'payment'], ['subscription_data', 'subscription'], ['setup_intent_data', 'setup']] as const) {
    if (params[name] !== undefined && params.mode !== mode) throw invalid(`You can not pass \`${name}\` in \`${params.mode}\` mode.`, { param: name })
  }
  checkExpiry(call, params.expires_at)
  checkTypes(call, params)
}

function checkExpiry ({ world }: Call, at: number | undefined): void {
  if (at === undefined) return
  const left = at - world.now()
  if (left < shortestSeconds) throw invalid('The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.', { param: 'expires_at' })
  if (left > longestSeconds) throw invalid('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.', { param: 'expires_at' })
}

function checkTypes (call: Call, params: Create): void {
  const name = since(call.version, allowedTypesSince) ? 'allowed_payment_method_types' : 'payment_method_types'
  for (const type of given(params) ?? []) {
    if (!activated(call).includes(type as MethodType)) throw notActivated(type, name)
    if (type === 'card') continue
    if (params.mode !== 'payment') throw invalid(`The payment method \`${type}\` cannot be used in \`${params.mode}\` mode.`, { param: name })
    const currency = params.line_items?.[0]?.price_data?.currency ?? call.books.prices.get(params.line_items?.[0]?.price ?? '')?.currency
    if (currency !== undefined && currency.toLowerCase() !== 'mxn') throw invalid(`The payment method \`${type}\` cannot be used with the currency \`${currency.toLowerCase()}\`. It supports: mxn.`, { param: name })
    if (type === 'customer_balance' && params.customer === undefined) throw invalid('The payment method `customer_balance` requires a customer.', { code: 'parameter_missing', param: 'customer' })
    if (type === 'customer_balance' && params.payment_method_options?.customer_balance?.funding_type === undefined) {
      throw invalid('Missing required param: payment_method_options[customer_balance][funding_type].', { code: 'parameter_missing', param: 'payment_method_options[customer_balance][funding_type]' })
    }
    if (params.payment_intent_data?.capture_method === 'manual') throw invalid(`The payment method \`${type}\` does not support \`capture_method=manual\`.`, { param: 'payment_intent_data[capture_method]' })
    if (params.payment_intent_data?.setup_future_usage !== undefined) throw invalid(`The payment method \`${type}\` does not support \`setup_future_usage\`.`, { param: 'payment_intent_data[setup_future_usage]' })
  }
}

export function passedOn (params: Pick<Create, 'payment_intent_data' | 'subscription_data' | 'setup_intent_data' | 'payment_method_options'>): PassedOn {
  const { payment_intent_data: payment = {}, subscription_data: subscription = {}, setup_intent_data: setup = {} } = params
  return { payment, subscription, setup, methodOptions: params.payment_method_options ?? {} }
}

export type NewSession = Partial<Omit<Create, 'mode' | 'line_items' | 'custom_fields'>> & {
  mode: CheckoutSession['mode']
  lines: Line[]
  passedOn: PassedOn
  custom_fields?: CustomField[]
  link?: string
}

/** A page on which one payer pays once. */
export function newSession (call: Call, asked: NewSession): SessionRecord {
  const { world, books } = call
  const { mode, lines } = asked
  const created = timeFor(call, asked.customer ?? null)
  const total = mode === 'setup' ? undefined : totalOf(books, lines)
  if (mode === 'payment' && total!.amount > 0 && total!.amount < smallest(total!.currency)) {
    throw invalid(`The Checkout Session's total amount due must add up to at least ${display(smallest(total!.currency), total!.currency)} ${total!.currency}`, { code: 'amount_too_small', param: 'line_items' })
  }
  const id = world.id(`cs_${books.livemode ? 'live' : 'test'}_a1`, 58)
  const chosen = given(asked)
  const automatic = mode !== 'payment'
    ? ['card']
    : automaticTypes(call, { ...total!, captureMethod: asked.passedOn.payment.capture_method ?? 'automatic_async', setupFutureUsage: asked.passedOn.payment.setup_future_usage, customer: asked.customer, options: asked.payment_method_options })
  const wire: CheckoutSession = {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: asked.allow_promotion_codes ?? null,
    allowed_payment_method_types: chosen ?? null,
    amount_subtotal: total?.amount ?? null,
    amount_total: total?.amount ?? null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: asked.billing_address_collection ?? null,
    cancel_url: asked.cancel_url ?? null,
    client_reference_id: asked.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created,
    currency: total?.currency ?? asked.currency?.toLowerCase() ?? null,
    currency_conversion: null,
    custom_fields: asked.custom_fields ?? [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: asked.customer ?? null,
    customer_account: null,
    customer_creation: mode === 'subscription' || asked.customer !== undefined ? (mode === 'subscription' && asked.customer === undefined ? 'always' : null) : asked.customer_creation ?? 'if_required',
    customer_details: asked.customer_email === undefined ? null : { address: null, business_name: null, email: asked.customer_email, individual_name: null, name: null, phone: null, tax_exempt: 'none', tax_ids: null },
    customer_email: asked.customer_email ?? null,
    discounts: [],
    expires_at: asked.expires_at ?? created + longestSeconds,
    integration_identifier: asked.integration_identifier ?? null,
    invoice: null,
    invoice_creation: mode === 'payment' ? { enabled: false, invoice_data: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: null, metadata: {}, rendering_options: null } } : null,
    livemode: books.livemode,
    locale: asked.locale ?? null,
    managed_payments: null,
    metadata: asked.metadata ?? {},
    mode,
    origin_context: null,
    payment_intent: null,
    payment_link: asked.link ?? null,
    payment_method_collection: mode === 'subscription' ? asked.payment_method_collection ?? 'always' : 'if_required',
    payment_method_configuration_details: chosen === undefined ? { id: `pmc_1${books.account.slice(5)}`, parent: null } : null,
    payment_method_options: asked.payment_method_options ?? { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: chosen ?? automatic,
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: asked.phone_number_collection?.enabled ?? false },
    recovered_from: null,
    saved_payment_method_options: mode === 'setup' ? null : { allow_redisplay_filters: ['always'], payment_method_remove: 'disabled', payment_method_save: null },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: asked.submit_type ?? null,
    subscription: null,
    success_url: asked.success_url ?? null,
    ...(asked.tax_id_collection === undefined ? {} : { tax_id_collection: { required: 'never', ...asked.tax_id_collection } }),
    total_details: total === undefined ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${world.url()}/c/pay/${id}`,
    wallet_options: null
  }
  const session: SessionRecord = { id, created, wire, lines, passedOn: asked.passedOn, begun: { customer: null, subscription: null, payer: null }, notice: null }
  books.sessions.add(session)
  world.doors.set(id, { books, kind: 'session', id })
  if (mode === 'setup') {
    const setup: { description?: string, metadata?: Metadata } = asked.passedOn.setup
    wire.setup_intent = newSetup(call, { customer: wire.customer, description: setup.description ?? null, metadata: setup.metadata ?? {}, types: ['card'], usage: 'off_session', owner: { kind: 'session', id } }).id
  }
  watchSession(call, session)
  return session
}

function given (params: Types): string[] | undefined {
  return params.payment_method_types ?? params.allowed_payment_method_types
}
