import { cardByNumber, cardByToken, type TestCard } from './cards.ts'
import { invalid, missing, missingIn, StripeError } from './errors.ts'
import { emit } from './events.ts'
import type { MethodRecord, PaymentMethod, TokenRecord } from './objects.ts'
import { expand, metadata, mergeMetadata, needed, object, oneOf, openObject, paging, text, unsettable, type Checked } from './params.ts'
import { route } from './routing.ts'
import { page } from './shelf.ts'
import type { Call } from './world.ts'

const address = unsettable(object({ city: unsettable(text()), country: unsettable(text()), line1: unsettable(text()), line2: unsettable(text()), postal_code: unsettable(text()), state: unsettable(text()) }))
const billingDetails = object({ address, email: unsettable(text()), name: unsettable(text()), phone: unsettable(text()), tax_id: unsettable(text()) })
const card = object({ token: text(), number: text(), exp_month: text(), exp_year: text(), cvc: text(), networks: openObject })

/** The part of a payment method that a PaymentIntent takes as `payment_method_data`. */
export const methodData = object({
  type: needed(text()),
  allow_redisplay: oneOf('always', 'limited', 'unspecified'),
  billing_details: billingDetails,
  card,
  metadata,
  radar_options: openObject
})
export type MethodData = Checked<typeof methodData>

/** Types that the account has switched on so far. */
const activated = new Set(['card'])

export const paymentMethodRoutes = [
  route('POST', '/v1/payment_methods', object({
    type: needed(text()),
    allow_redisplay: oneOf('always', 'limited', 'unspecified'),
    billing_details: billingDetails,
    card,
    customer: text(),
    expand,
    metadata
  }), (call, params) => methodFromData(call, params, true).wire),
  route('GET', '/v1/payment_methods', object({ ...paging, customer: text(), type: text() }), ({ books }, params) =>
    page(books.paymentMethods, params, '/v1/payment_methods', 'PaymentMethod', each => each.wire,
      each => each.wire.customer !== null && (params.customer === undefined || each.wire.customer === params.customer))),
  route('GET', '/v1/customers/:id/payment_methods', object({ ...paging, type: text() }), ({ books }, params, { id }) =>
    page(books.paymentMethods, params, `/v1/customers/${id}/payment_methods`, 'PaymentMethod', each => each.wire, each => each.wire.customer === id)),
  route('GET', '/v1/payment_methods/:id', object({ expand }), (call, _, { id }) => useMethod(call, id!, 'payment_method', missing).wire),
  route('POST', '/v1/payment_methods/:id', object({ billing_details: billingDetails, card: openObject, expand, metadata }), (call, params, { id }) => {
    const record = findMethod(call, id!)
    record.wire = {
      ...record.wire,
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
    const { customer } = record.wire
    record.wire = { ...record.wire, customer: null }
    record.detached = true
    emit(call, 'payment_method.detached', record.wire, { customer })
    return record.wire
  }),
  route('POST', '/v1/tokens', object({ card: needed(object({ number: needed(text()), exp_month: needed(text()), exp_year: needed(text()), cvc: text(), name: text(), currency: text() })) }), (call, params) => {
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
  }),
  route('GET', '/v1/tokens/:id', object({}), ({ books }, _, { id }) => {
    const record = books.tokens.get(id!)
    if (record === undefined) throw missing('token', id!, 'token')
    return record.wire
  })
]

export function findMethod ({ books }: Call, id: string): MethodRecord {
  const record = books.paymentMethods.get(id)
  if (record === undefined) throw missing('PaymentMethod', id, 'payment_method')
  return record
}

/** An existing method, or a new one for each use of a published test name such as `pm_card_visa`. */
export function useMethod (call: Call, id: string, param: string, absent: (noun: string, id: string, param: string) => Error = missingIn): MethodRecord {
  const known = call.books.paymentMethods.get(id)
  if (known !== undefined) return known
  const test = id.startsWith('pm_card_') ? cardByToken(id) : undefined
  if (test === undefined) throw absent('PaymentMethod', id, param)
  if (call.books.livemode && !call.world.testCardsInLive) {
    throw invalid(`No such PaymentMethod: '${id}'; a similar object exists in test mode, but a live mode key was used to make this request.`, { code: 'resource_missing', param })
  }
  return newMethod(call, test, {})
}

/** `direct`: `POST /v1/payment_methods`, which may carry a number here; inside a payment only a token may. */
export function methodFromData (call: Call, data: MethodData, direct = false): MethodRecord {
  const at = (name: string) => direct ? name : `payment_method_data[${name}]`
  if (!activated.has(data.type)) {
    throw invalid(`The payment method type "${data.type}" is invalid. Please ensure the provided type is activated in your dashboard ` +
      '(https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any preview features that you are trying to use. See https://stripe.com/docs/payments/payment-methods/integration-options for supported payment method, country, and currency combinations.', { param: at('type') })
  }
  if (data.card === undefined) throw invalid(`Missing required param: ${at('card')}.`, { code: 'parameter_missing', param: at('card') })
  const { token, number } = data.card
  if (token !== undefined) {
    const record = call.books.tokens.get(token)
    if (record?.wire.used === true) throw invalid(`You cannot use a Stripe token more than once: ${token}.`, { code: 'token_already_used', param: at('card') })
    if (record !== undefined) {
      record.wire = { ...record.wire, used: true }
      return newMethod(call, cardByNumber(record.number)!, data, record.card)
    }
    const test = token.startsWith('tok_') ? cardByToken(token) : undefined
    if (test === undefined || (call.books.livemode && !call.world.testCardsInLive)) throw missingIn('token', token, at('card'))
    return newMethod(call, test, data)
  }
  if (number === undefined) throw invalid(`Missing required param: ${at('card')}[number].`, { code: 'parameter_missing', param: `${at('card')}[number]` })
  if (!direct) {
    throw new StripeError(402, { type: 'invalid_request_error', message: 'Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable testing raw card data APIs, see https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.' })
  }
  return newMethod(call, checkNumber(number), data, data.card)
}

/** Saves a method with a customer. The published cards that decline do so here already. */
export function attach (call: Call, id: string, customerId: string): PaymentMethod {
  const { books } = call
  if (books.customers.get(customerId) === undefined) throw missingIn('customer', customerId, 'customer')
  const record = useMethod(call, id, 'payment_method', missing)
  if (record.wire.customer === customerId) return record.wire
  if (record.wire.customer !== null) throw invalid('The payment method you provided has already been attached to a customer.', { code: 'payment_method_unexpected_state' })
  if (record.consumed || record.detached) throw usedUp()
  const test = cardOf(record)
  if (test.decline !== undefined && test.refusedAt === 'attach') {
    const { code, declineCode, message, param } = test.decline
    throw new StripeError(402, { type: 'card_error', message, code, ...(declineCode === undefined ? {} : { decline_code: declineCode }), ...(param === undefined ? {} : { param }) })
  }
  record.wire = { ...record.wire, customer: customerId }
  emit(call, 'payment_method.attached', record.wire)
  return record.wire
}

export function usedUp (): StripeError {
  return invalid('The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. ' +
    'It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.', { param: 'payment_method' })
}

export function cardOf (record: MethodRecord): TestCard {
  return cardByToken(`pm_card_${record.testName}`)!
}

function newMethod (call: Call, test: TestCard, data: Partial<MethodData>, given: Record<string, unknown> = {}): MethodRecord {
  const { world, books } = call
  const id = world.id('pm_1')
  const created = world.now()
  return books.paymentMethods.add({
    id,
    created,
    number: test.number,
    testName: test.name,
    consumed: false,
    detached: false,
    setUp: false,
    wire: {
      id,
      object: 'payment_method',
      allow_redisplay: data.allow_redisplay ?? 'unspecified',
      billing_details: data.billing_details === undefined ? noDetails : { ...noDetails, ...data.billing_details },
      card: cardObject(test, given),
      created,
      customer: null,
      customer_account: null,
      livemode: books.livemode,
      metadata: data.metadata ?? {},
      type: 'card'
    }
  })
}

const noDetails = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null
}

function cardObject (test: TestCard, given: Record<string, unknown>): Record<string, unknown> {
  return {
    brand: test.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: given.cvc === undefined ? null : test.cvcFails === true ? 'fail' : 'unchecked' },
    country: test.country,
    display_brand: test.brand === 'amex' ? 'american_express' : test.brand,
    exp_month: Number(given.exp_month ?? 11),
    exp_year: Number(given.exp_year ?? 2034),
    fingerprint: `sim${test.number.slice(-13)}`,
    funding: test.funding,
    generated_from: null,
    last4: test.number.slice(-4),
    networks: { available: [test.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: test.name !== 'amex_threeDSecureNotSupported' && test.brand !== 'amex' },
    wallet: null
  }
}

function checkNumber (number: string): TestCard {
  const digits = number.replaceAll(/[ -]/g, '')
  const test = cardByNumber(digits)
  if (test !== undefined) return test
  throw luhn(digits)
    ? invalid('Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.', { type: 'card_error', code: 'card_declined', decline_code: 'test_mode_live_card', param: 'number' }, 402)
    : invalid('Your card number is incorrect.', { type: 'card_error', code: 'incorrect_number', param: 'number' }, 402)
}

function luhn (digits: string): boolean {
  if (!/^\d{12,19}$/.test(digits)) return false
  const sum = [...digits].reverse().reduce((total, each, i) => total + (i % 2 === 0 ? Number(each) : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(each)]!), 0)
  return sum % 10 === 0
}
