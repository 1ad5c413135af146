import { invalid, missing, missingIn, StripeError } from './errors.ts'
import { emit } from './events.ts'
import { billingDetails, cardObject, cardOf, checkNumber, findMethod, methodFields, methodFromData, usedUp, useMethod } from './methods.ts'
import type { MethodRecord, PaymentMethod, TokenRecord } from './objects.ts'
import { expand, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text } from './params.ts'
import { forBrowsers, route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import type { Books, Call } from './world.ts'

export const paymentMethodRoutes = [
  forBrowsers(route('POST', '/v1/payment_methods', object({ ...methodFields, customer: text(), expand }), (call, params) => methodFromData(call, params, true).wire), 'free'),
  route('GET', '/v1/payment_methods', object({ ...paging, customer: text(), type: text() }), ({ books }, params) =>
    page(books.paymentMethods, params, '/v1/payment_methods', 'PaymentMethod', each => each.wire, each =>
      each.wire.customer !== null && (params.customer === undefined || each.wire.customer === params.customer) && (params.type === undefined || each.wire.type === params.type))),
  route('GET', '/v1/customers/:id/payment_methods', object({ ...paging, allow_redisplay: text(), type: text() }), ({ books }, params, { id }) => {
    wanted(books.customers, id!, 'customer', 'customer')
    return page(books.paymentMethods, params, `/v1/customers/${id}/payment_methods`, 'PaymentMethod', each => each.wire,
      each => each.wire.customer === id && (params.type === undefined || each.wire.type === params.type))
  }),
  route('GET', '/v1/customers/:id/payment_methods/:method', object({ expand }), ({ books }, _, { id, method }) => {
    const record = books.paymentMethods.get(method!)
    if (record === undefined || record.wire.customer !== id) throw missing('PaymentMethod', method!, 'payment_method')
    return record.wire
  }),
  route('GET', '/v1/payment_methods/:id', object({ expand }), (call, _, { id }) => useMethod(call, id!, 'payment_method', missing).wire),
  route('POST', '/v1/payment_methods/:id', object({ allow_redisplay: oneOf('always', 'limited', 'unspecified'), billing_details: billingDetails, card: openObject, expand, metadata }), (call, params, { id }) => {
    const record = findMethod(call, id!)
    record.wire = {
      ...record.wire,
      allow_redisplay: params.allow_redisplay ?? record.wire.allow_redisplay,
      billing_details: { ...record.wire.billing_details, ...params.billing_details },
      metadata: mergeMetadata(record.wire.metadata, params.metadata)
    }
    emit(call, 'payment_method.updated', record.wire)
    return record.wire
  }),
  route('POST', '/v1/payment_methods/:id/attach', object({ customer: needed(text()), expand }), (call, params, { id }) => attach(call, id!, params.customer)),
  route('POST', '/v1/payment_methods/:id/detach', object({ expand }), (call, _, { id }) => {
    const record = findMethod(call, id!)
    if (record.wire.customer === null) throw invalid('The payment method you provided is not attached to a customer so detachment is impossible.')
    return detach(call, record)
  }),
  forBrowsers(route('POST', '/v1/tokens', object({ card: needed(object({ number: needed(text()), exp_month: needed(text()), exp_year: needed(text()), cvc: text(), name: text(), currency: text() })) }), (call, params) => {
    const found = checkNumber(params.card.number)
    const { world, books } = call
    const { networks: _, display_brand: __, generated_from: ___, three_d_secure_usage: ____, regulated_status: _____, checks: ______, ...shape } = cardObject(found, params.card)
    const record: TokenRecord = {
      id: world.id('tok_1'),
      created: world.now(),
      number: found.number,
      card: params.card,
      wire: { id: '', object: 'token', card: { id: world.id('card_1'), object: 'card', ...shape, cvc_check: params.card.cvc === undefined ? null : 'unchecked', metadata: {}, name: params.card.name ?? null }, client_ip: null, created: world.now(), livemode: books.livemode, type: 'card', used: false }
    }
    record.wire.id = record.id
    books.tokens.add(record)
    return record.wire
  }), 'free'),
  route('GET', '/v1/tokens/:id', object({}), ({ books }, _, { id }) => wanted(books.tokens, id!, 'token', 'token').wire)
]

/** Saves a method with a customer. The published cards that decline do so here already. */
export function attach (call: Call, id: string, customerId: string): PaymentMethod {
  const { books } = call
  if (books.customers.get(customerId) === undefined) throw missingIn('customer', customerId, 'customer')
  const record = useMethod(call, id, 'payment_method', missing)
  if (record.wire.customer === customerId) return record.wire
  if (record.wire.customer !== null) throw invalid('The payment method you provided has already been attached to a customer.', { code: 'payment_method_unexpected_state' })
  if (record.consumed || record.detached) throw usedUp()
  if (record.wire.type !== 'card') throw invalid(`This PaymentMethod of type ${record.wire.type} is not saveable. It can only be used once.`, { code: 'payment_method_unexpected_state', param: 'payment_method' })
  refuseAtAttach(record)
  keep(call, record, customerId)
  return record.wire
}

/** The published cards that are refused when they are saved. */
export function refuseAtAttach (record: MethodRecord): void {
  const test = cardOf(record)
  if (test.decline === undefined || test.refusedAt !== 'attach') return
  const { code, declineCode, message, param } = test.decline
  throw new StripeError(402, { type: 'card_error', message, code, ...(declineCode === undefined ? {} : { decline_code: declineCode }), ...(param === undefined ? {} : { param }) })
}

export function keep (call: Call, record: MethodRecord, customer: string): void {
  record.wire = { ...record.wire, customer }
  emit(call, 'payment_method.attached', record.wire)
}

/** Nobody charges it from now on. */
export function detach (call: Call, record: MethodRecord): PaymentMethod {
  const { customer } = record.wire
  record.wire = { ...record.wire, customer: null }
  record.detached = true
  forget(call.books, record.id)
  emit(call, 'payment_method.detached', record.wire, { customer })
  return record.wire
}

function forget (books: Books, id: string): void {
  for (const customer of books.customers.items) {
    if (customer.invoice_settings.default_payment_method === id) customer.invoice_settings = { ...customer.invoice_settings, default_payment_method: null }
  }
  for (const { wire } of books.subscriptions.items) if (wire.default_payment_method === id) wire.default_payment_method = null
}
