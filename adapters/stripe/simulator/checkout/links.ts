import { changes } from '../customers.ts'
import { invalid } from '../errors.ts'
import { emit } from '../events.ts'
import { activated, notActivated } from '../methods.ts'
import type { MethodType, PaymentLink, PaymentLinkRecord } from '../objects.ts'
import { anything, atLeast, boolean, expand, integer, listOf, mergeMetadata, metadata, needed, noTax, notSimulated, object, oneOf, openObject, paging, text, unsettable, url, type Checked } from '../params.ts'
import { lineItem } from '../expand.ts'
import { route } from '../routing.ts'
import { page, wanted } from '../shelf.ts'
import type { Call } from '../world.ts'
import { lineItems, newLines, totalOf } from './lines.ts'
import { newSession, passedOn } from './sessions.ts'
import { customFields, paymentIntentData, subscriptionData, taxIdCollection } from './shapes.ts'

const afterCompletion = object({ type: needed(oneOf('hosted_confirmation', 'redirect')), hosted_confirmation: object({ custom_message: text({ max: 500 }) }), redirect: object({ url: needed(text()) }) })
const restrictions = object({ completed_sessions: needed(object({ limit: needed(atLeast(1)) })) })

const common = {
  after_completion: afterCompletion,
  allow_promotion_codes: boolean,
  automatic_tax: noTax,
  billing_address_collection: oneOf('auto', 'required'),
  custom_fields: customFields,
  custom_text: anything,
  customer_creation: oneOf('always', 'if_required'),
  expand,
  inactive_message: unsettable(text({ max: 500 })),
  invoice_creation: openObject,
  metadata,
  payment_intent_data: paymentIntentData,
  payment_method_collection: oneOf('always', 'if_required'),
  payment_method_options: openObject,
  payment_method_types: listOf(text()),
  phone_number_collection: object({ enabled: needed(boolean) }),
  restrictions: unsettable(restrictions),
  shipping_address_collection: openObject,
  submit_type: oneOf('auto', 'book', 'donate', 'pay', 'subscribe'),
  subscription_data: subscriptionData,
  tax_id_collection: taxIdCollection
}

/** "Up to 20 line items are supported." */
const mostLines = 20

export const paymentLinkRoutes = [
  route('POST', '/v1/payment_links', object({
    ...common, application_fee_amount: integer, consent_collection: openObject, currency: text(), line_items: needed(lineItems), managed_payments: openObject, name_collection: anything,
    on_behalf_of: text(), optional_items: notSimulated, shipping_options: notSimulated, transfer_data: openObject
  }), (call, params) => {
    const { world, books } = call
    checkTypes(call, params.payment_method_types)
    const recurring = params.line_items.some(each => each.price_data?.recurring !== undefined || (books.prices.get(each.price ?? '')?.recurring ?? null) !== null)
    const lines = newLines(call, params.line_items, recurring ? 'subscription' : 'payment', mostLines)
    const { currency } = totalOf(books, lines)
    const id = world.id('plink_1')
    const code = world.id(books.livemode ? '' : 'test_', 18)
    const wire: PaymentLink = {
      id,
      object: 'payment_link',
      active: true,
      after_completion: completion(params.after_completion),
      allow_promotion_codes: params.allow_promotion_codes ?? false,
      application: null,
      application_fee_amount: null,
      application_fee_percent: null,
      automatic_tax: { enabled: false, liability: null },
      billing_address_collection: params.billing_address_collection ?? 'auto',
      consent_collection: null,
      currency,
      custom_fields: params.custom_fields ?? [],
      custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
      customer_creation: params.customer_creation ?? 'if_required',
      inactive_message: params.inactive_message ?? null,
      invoice_creation: { enabled: false, invoice_data: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: null, metadata: {}, rendering_options: null } },
      livemode: books.livemode,
      managed_payments: null,
      metadata: params.metadata ?? {},
      on_behalf_of: null,
      optional_items: null,
      payment_intent_data: params.payment_intent_data === undefined ? null : { ...noIntentData, ...params.payment_intent_data },
      payment_method_collection: params.payment_method_collection ?? 'always',
      payment_method_options: params.payment_method_options ?? null,
      payment_method_types: params.payment_method_types ?? null,
      phone_number_collection: params.phone_number_collection ?? { enabled: false },
      restrictions: params.restrictions == null ? null : { completed_sessions: { count: 0, limit: params.restrictions.completed_sessions.limit } },
      shipping_address_collection: null,
      shipping_options: [],
      submit_type: params.submit_type ?? 'auto',
      subscription_data: recurring ? { description: null, invoice_settings: { issuer: { type: 'self' } }, metadata: {}, trial_period_days: null, trial_settings: null, ...params.subscription_data } : null,
      tax_id_collection: { required: 'never', enabled: false, ...params.tax_id_collection },
      transfer_data: null,
      url: `${world.url()}/b/${code}`
    }
    books.paymentLinks.add({ id, created: world.now(), wire, lines, passedOn: passedOn(params) })
    world.doors.set(code, { books, kind: 'link', id })
    emit(call, 'payment_link.created', { ...wire })
    return { ...wire }
  }),
  route('GET', '/v1/payment_links', object({ ...paging, active: boolean }), ({ books }, params) =>
    page(books.paymentLinks, params, '/v1/payment_links', 'payment_link', each => each.wire, each => params.active === undefined || each.wire.active === params.active)),
  route('GET', '/v1/payment_links/:id', object({ expand }), (call, _, { id }) => find(call, id!).wire),
  route('POST', '/v1/payment_links/:id', object({
    ...common, active: boolean, line_items: listOf(object({ id: needed(text()), quantity: atLeast(1), adjustable_quantity: openObject }))
  }), (call, params, { id }) => {
    const record = find(call, id!)
    const { wire } = record
    const before = { ...wire }
    checkTypes(call, params.payment_method_types)
    const { metadata: given, expand: _, line_items: changed = [], after_completion: after, restrictions: limit, payment_intent_data: data, subscription_data: subscription, payment_method_options: __, ...values } = params
    for (const { id: line, quantity } of changed) {
      const found = record.lines.find(each => each.id === line)
      if (found === undefined) throw invalid(`No such line item: '${line}'`, { code: 'resource_missing', param: 'line_items' })
      if (quantity !== undefined) found.quantity = quantity
    }
    Object.assign(wire, values, { metadata: mergeMetadata(wire.metadata, given) })
    if (after !== undefined) wire.after_completion = completion(after)
    if (limit !== undefined) wire.restrictions = limit === null ? null : { completed_sessions: { count: wire.restrictions?.completed_sessions.count ?? 0, limit: limit.completed_sessions.limit } }
    if (data !== undefined) {
      record.passedOn.payment = { ...record.passedOn.payment, ...data }
      wire.payment_intent_data = { ...noIntentData, ...record.passedOn.payment }
    }
    if (subscription !== undefined) record.passedOn.subscription = { ...record.passedOn.subscription, ...subscription }
    emit(call, 'payment_link.updated', { ...wire }, changes(before, wire))
    return { ...wire }
  }),
  route('GET', '/v1/payment_links/:id/line_items', object(paging), (call, params, { id }) => {
    const all = find(call, id!).lines.map(line => lineItem(call.books, line))
    return { object: 'list', url: `/v1/payment_links/${id}/line_items`, has_more: all.length > (params.limit ?? 10), data: all.slice(0, params.limit ?? 10) }
  })
]

const noIntentData = { capture_method: null, description: null, metadata: {}, setup_future_usage: null, statement_descriptor: null, statement_descriptor_suffix: null, transfer_group: null }

/** Each visit opens a page of its own. */
export function visit (call: Call, { id, wire, lines, passedOn }: PaymentLinkRecord): string {
  const { redirect } = wire.after_completion
  const session = newSession(call, {
    mode: wire.subscription_data === null ? 'payment' : 'subscription',
    lines: lines.map(line => ({ ...line, id: call.world.id('li_1') })),
    passedOn,
    link: id,
    metadata: wire.metadata,
    success_url: redirect?.url,
    custom_fields: structuredClone(wire.custom_fields) as never,
    customer_creation: wire.subscription_data === null ? wire.customer_creation as 'always' | 'if_required' : undefined,
    payment_method_options: passedOn.methodOptions,
    ...(wire.payment_method_types === null ? {} : { allowed_payment_method_types: wire.payment_method_types as string[] }),
    tax_id_collection: wire.tax_id_collection as Checked<typeof taxIdCollection>,
    submit_type: wire.submit_type as 'auto',
    billing_address_collection: wire.billing_address_collection as 'auto' | 'required',
    phone_number_collection: wire.phone_number_collection as { enabled: boolean }
  })
  return session.wire.url!
}

function find ({ books }: Call, id: string): PaymentLinkRecord {
  return wanted(books.paymentLinks, id, 'payment_link', 'payment_link')
}

function checkTypes (call: Call, types: string[] | undefined): void {
  for (const type of types ?? []) if (!activated(call).includes(type as MethodType)) throw notActivated(type, 'payment_method_types')
}

function completion (given: Checked<typeof afterCompletion> | undefined): PaymentLink['after_completion'] {
  if (given?.type !== 'redirect') return { hosted_confirmation: { custom_message: given?.hosted_confirmation?.custom_message ?? null }, type: 'hosted_confirmation' }
  if (given.redirect === undefined) throw invalid('Missing required param: after_completion[redirect].', { code: 'parameter_missing', param: 'after_completion[redirect]' })
  return { redirect: { url: url(given.redirect.url.replaceAll('{CHECKOUT_SESSION_ID}', 'cs'), 'after_completion[redirect][url]') && given.redirect.url }, type: 'redirect' }
}
