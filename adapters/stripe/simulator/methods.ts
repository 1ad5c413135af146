import { cardByNumber, cardByToken, type TestCard } from './cards.ts'
import { invalid, missingIn, StripeError } from './errors.ts'
import type { MethodRecord, MethodType } from './objects.ts'
import { address, metadata, needed, object, oneOf, openObject, text, unsettable, type Checked } from './params.ts'
import { wanted } from './shelf.ts'
import { countryOf, type Call } from './world.ts'

/** Payment methods: what they are made of. Source: https://docs.stripe.com/api/payment_methods/create, read 2026-11. */
export const billingDetails = object({ address: unsettable(address), email: unsettable(text()), name: unsettable(text()), phone: unsettable(text()), tax_id: unsettable(text()) })
const card = object({ token: text(), number: text(), exp_month: text(), exp_year: text(), cvc: text(), networks: openObject })

export const methodFields = {
  type: needed(text()),
  allow_redisplay: oneOf('always', 'limited', 'unspecified'),
  billing_details: billingDetails,
  card,
  customer_balance: openObject,
  metadata,
  oxxo: openObject
}

/** The part of a payment method that a PaymentIntent takes as `payment_method_data`. */
export const methodData = object({ ...methodFields, radar_options: openObject })
export type MethodData = Checked<typeof methodData>

/** The types that an account of this country has switched on. Source: https://docs.stripe.com/payments/payment-methods/payment-method-support, read 2026-11. */
export function activated (call: Call): readonly MethodType[] {
  return countryOf(call) === 'MX' ? ['card', 'oxxo', 'customer_balance'] : ['card']
}

export function notActivated (type: string, param: string): StripeError {
  return invalid(`The payment method type "${type}" is invalid. Please ensure the provided type is activated in your dashboard ` +
    '(https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any preview features that you are trying to use. See https://stripe.com/docs/payments/payment-methods/integration-options for supported payment method, country, and currency combinations.', { param })
}

export function findMethod ({ books }: Call, id: string): MethodRecord {
  return wanted(books.paymentMethods, id, 'PaymentMethod', 'payment_method')
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
  return newCard(call, test, {})
}

/** `direct`: `POST /v1/payment_methods`, which may carry a number here; inside a payment only a token may. */
export function methodFromData (call: Call, data: MethodData, direct = false): MethodRecord {
  const at = (name: string) => direct ? name : `payment_method_data[${name}]`
  if (!activated(call).includes(data.type as MethodType)) throw notActivated(data.type, at('type'))
  if (data.type === 'oxxo') checkVoucherPayer(data, at)
  if (data.type !== 'card') return newMethod(call, data.type as MethodType, data)
  if (data.card === undefined) throw invalid(`Missing required param: ${at('card')}.`, { code: 'parameter_missing', param: at('card') })
  const { token, number } = data.card
  if (token !== undefined) {
    const record = call.books.tokens.get(token)
    if (record?.wire.used === true) throw invalid(`You cannot use a Stripe token more than once: ${token}.`, { code: 'token_already_used', param: at('card') })
    if (record !== undefined) {
      record.wire = { ...record.wire, used: true }
      return newCard(call, cardByNumber(record.number)!, data, record.card)
    }
    const test = token.startsWith('tok_') ? cardByToken(token) : undefined
    if (test === undefined || (call.books.livemode && !call.world.testCardsInLive)) throw missingIn('token', token, at('card'))
    return newCard(call, test, data)
  }
  if (number === undefined) throw invalid(`Missing required param: ${at('card')}[number].`, { code: 'parameter_missing', param: `${at('card')}[number]` })
  if (!direct) {
    throw new StripeError(402, { type: 'invalid_request_error', message: 'Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable testing raw card data APIs, see https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.' })
  }
  return newCard(call, checkNumber(number), data, data.card)
}

/** "The first and last names must each be a minimum of 2 characters." Source: https://docs.stripe.com/payments/oxxo/accept-a-payment?payment-ui=direct-api, read 2026-11. */
function checkVoucherPayer ({ billing_details: details }: MethodData, at: (name: string) => string): void {
  for (const name of ['name', 'email'] as const) {
    const param = `${at('billing_details')}[${name}]`
    if ((details?.[name] ?? null) === null) throw invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  }
  if (details!.name!.trim().split(/\s+/).filter(part => part.length >= 2).length < 2) {
    throw invalid('The name must contain a first and a last name of at least 2 characters each.', { code: 'parameter_invalid', param: `${at('billing_details')}[name]` })
  }
}

export function usedUp (): StripeError {
  return invalid('The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. ' +
    'It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.', { param: 'payment_method' })
}

/** The test card behind a method; what is no card behaves like a card that is always good. */
export function cardOf (record: MethodRecord): TestCard {
  return cardByToken(`pm_card_${record.testName === '' ? 'visa' : record.testName}`)!
}

export function newCard (call: Call, test: TestCard, data: Partial<MethodData>, given: Record<string, unknown> = {}): MethodRecord {
  return newMethod(call, 'card', data, { test, card: cardObject(test, given) })
}

function newMethod (call: Call, type: MethodType, data: Partial<MethodData>, of?: { test: TestCard, card: Record<string, unknown> }): MethodRecord {
  const { world, books } = call
  const id = world.id('pm_1')
  const created = world.now()
  return books.paymentMethods.add({
    id,
    created,
    number: of?.test.number ?? '',
    testName: of?.test.name ?? '',
    consumed: false,
    detached: false,
    setUp: false,
    wire: {
      id,
      object: 'payment_method',
      allow_redisplay: data.allow_redisplay ?? 'unspecified',
      billing_details: data.billing_details === undefined ? noDetails : { ...noDetails, ...data.billing_details },
      [type]: of?.card ?? {},
      created,
      customer: null,
      customer_account: null,
      livemode: books.livemode,
      metadata: data.metadata ?? {},
      type
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

export function cardObject (test: TestCard, given: Record<string, unknown>): Record<string, unknown> {
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

export function checkNumber (number: string): TestCard {
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
