import { timeFor } from './agenda.ts'
import { book } from './balance.ts'
import type { Decline } from './cards.ts'
import { emit } from './events.ts'
import { chargeFee } from './fees.ts'
import { cardOf } from './methods.ts'
import type { Charge, IntentRecord, MethodRecord } from './objects.ts'
import { created, email, expand, mergeMetadata, metadata, object, openObject, paging, text, unsettable } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import { countryOf, type Call } from './world.ts'

/** An authorisation is good for seven days. Source: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method, read 2026-11. */
export const holdSeconds = 7 * 86_400

export const chargeRoutes = [
  route('GET', '/v1/charges', object({ ...paging, created, customer: text(), payment_intent: text(), transfer_group: text() }), ({ books }, params) =>
    page(books.charges, params, '/v1/charges', 'charge', each => each, each =>
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (params.customer === undefined || each.customer === params.customer) && (params.transfer_group === undefined || each.transfer_group === params.transfer_group))),
  route('GET', '/v1/charges/:id', object({ expand }), (call, _, { id }) => findCharge(call, id!)),
  route('POST', '/v1/charges/:id', object({ customer: text(), description: unsettable(text()), expand, fraud_details: openObject, metadata, receipt_email: unsettable(email), shipping: openObject, transfer_group: text() }), (call, params, { id }) => {
    const charge = findCharge(call, id!)
    const before = { ...charge }
    const { metadata: given, expand: _, ...values } = params
    Object.assign(charge, values, { metadata: mergeMetadata(charge.metadata, given) })
    emit(call, 'charge.updated', { ...charge }, given === undefined ? {} : { metadata: before.metadata })
    return { ...charge }
  })
]

export function findCharge ({ books }: Call, id: string, param = 'id'): Charge {
  return wanted(books.charges, id, 'charge', param)
}

/** Asks the issuer: one charge per attempt, successful or not. Cash and transfers are a charge once they have come. */
export function newCharge (call: Call, intent: IntentRecord, method: MethodRecord, decline: Decline | undefined): Charge {
  const { world, books } = call
  const { wire } = intent
  const created = timeFor(call, wire.customer)
  const captured = decline === undefined && wire.capture_method !== 'manual'
  const isCard = method.wire.type === 'card'
  const charge: Charge = {
    id: world.id(isCard ? 'ch_3' : 'py_3'),
    object: 'charge',
    amount: wire.amount,
    amount_captured: captured ? wire.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.wire.billing_details,
    calculated_statement_descriptor: !isCard ? null : wire.statement_descriptor_suffix === null ? 'SIMULATED' : `SIMULATED* ${wire.statement_descriptor_suffix}`.slice(0, 22),
    captured,
    created,
    currency: wire.currency,
    customer: wire.customer,
    description: wire.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: books.livemode,
    metadata: wire.metadata,
    on_behalf_of: null,
    outcome: outcome(decline, cardOf(method).risk, isCard),
    paid: decline === undefined,
    payment_intent: wire.id,
    payment_method: method.id,
    payment_method_details: isCard ? { type: 'card', card: cardDetails(call, intent, method, decline, created) } : otherDetails(intent, method),
    radar_options: {},
    receipt_email: wire.receipt_email,
    receipt_number: null,
    receipt_url: decline === undefined ? `${world.url()}/receipts/${wire.id}` : null,
    refunded: false,
    review: null,
    shipping: wire.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: wire.statement_descriptor,
    statement_descriptor_suffix: wire.statement_descriptor_suffix,
    status: decline === undefined ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: wire.transfer_group
  }
  intent.charges.push(charge.id)
  return books.charges.add(charge)
}

function cardDetails ({ world }: Call, intent: IntentRecord, method: MethodRecord, decline: Decline | undefined, created: number): Record<string, unknown> {
  const { wire } = intent
  const card = method.wire.card!
  const checks = card.checks as { cvc_check: string | null }
  const plan = (wire.payment_method_options.card as { installments?: { plan?: object | null } | null } | undefined)?.installments?.plan ?? null
  return {
    amount_authorized: decline === undefined ? wire.amount : null,
    authorization_code: decline === undefined ? '123456' : null,
    brand: card.brand,
    ...(wire.capture_method === 'manual' && decline === undefined ? { capture_before: created + holdSeconds } : {}),
    checks: { ...checks, ...(checks.cvc_check === 'unchecked' ? { cvc_check: 'pass' } : {}) },
    country: card.country,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint,
    funding: card.funding,
    incremental_authorization: { status: 'unavailable' },
    installments: plan === null ? null : { plan },
    last4: card.last4,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: card.brand,
    network_token: { used: false },
    network_transaction_id: null,
    overcapture: { maximum_amount_capturable: wire.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: intent.authenticated
      ? { authentication_flow: 'challenge', electronic_commerce_indicator: '05', exemption_indicator: null, result: 'authenticated', result_reason: null, transaction_id: world.id('', 20), version: '2.2.0' }
      : null,
    transaction_link_id: null,
    wallet: null
  }
}

function otherDetails ({ wire }: IntentRecord, method: MethodRecord): Charge['payment_method_details'] {
  const { type } = method.wire
  const voucher = wire.next_action?.type === 'oxxo_display_details' ? wire.next_action.oxxo_display_details.number : null
  return { type, [type]: type === 'oxxo' ? { number: voucher } : {} }
}

/**
 * The money's line in the balance. With `automatic_async` it comes a moment after the answer, announced by `charge.updated`.
 * Source: https://docs.stripe.com/payments/payment-intents/asynchronous-capture, read 2026-11.
 */
export function settle (call: Call, charge: Charge, asynchronous: boolean): void {
  const enter = () => {
    const method = call.books.paymentMethods.get(charge.payment_method)!.wire.type
    charge.balance_transaction = book(call, {
      type: method === 'card' ? 'charge' : 'payment',
      source: charge.id,
      amount: charge.amount_captured,
      currency: charge.currency,
      description: charge.description as string | null,
      fees: chargeFee(countryOf(call), method, charge.amount_captured, charge.currency)
    })
  }
  if (!asynchronous) return enter()
  call.afterwards.push(() => {
    enter()
    emit(call, 'charge.updated', { ...charge }, { balance_transaction: null })
  })
}

function outcome (decline: Decline | undefined, risk: string | undefined, isCard: boolean): object {
  const common = { advice_code: decline?.advice ?? null, network_advice_code: null, network_decline_code: decline?.network ?? null, risk_level: isCard ? risk ?? 'normal' : 'not_assessed', ...(isCard ? { risk_score: risk === 'highest' ? 92 : risk === 'elevated' ? 71 : 22 } : {}) }
  if (decline === undefined) return { ...common, network_status: 'approved_by_network', reason: risk === 'elevated' ? 'elevated_risk_level' : null, seller_message: 'Payment complete.', type: 'authorized' }
  if (decline.blocked === true) return { ...common, network_status: 'not_sent_to_network', reason: 'highest_risk_level', seller_message: 'Stripe blocked this payment as too risky.', type: 'blocked' }
  const reason = decline.declineCode ?? decline.code
  return { ...common, network_status: 'declined_by_network', reason, seller_message: `The bank returned the decline code \`${reason}\`.`, type: 'issuer_declined' }
}
