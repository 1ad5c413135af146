import { book } from './balance.ts'
import type { Decline } from './cards.ts'
import { missing } from './errors.ts'
import { emit } from './events.ts'
import type { Charge, IntentRecord, MethodRecord } from './objects.ts'
import { cardOf } from './payment-methods.ts'
import { created, email, expand, mergeMetadata, metadata, object, openObject, paging, text, unsettable } from './params.ts'
import { route } from './routing.ts'
import { page } from './shelf.ts'
import type { Call } from './world.ts'

/** An authorisation is good for seven days. Source: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method, read 2026-11. */
export const holdSeconds = 7 * 86_400

export const chargeRoutes = [
  route('GET', '/v1/charges', object({ ...paging, created, customer: text(), payment_intent: text(), transfer_group: text() }), ({ books }, params) =>
    page(books.charges, params, '/v1/charges', 'charge', each => each, each =>
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (params.customer === undefined || each.customer === params.customer) && params.transfer_group === undefined)),
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
  const charge = books.charges.get(id)
  if (charge === undefined) throw missing('charge', id, param)
  return charge
}

/** Asks the issuer: one charge per attempt, successful or not. */
export function newCharge (call: Call, intent: IntentRecord, method: MethodRecord, decline: Decline | undefined): Charge {
  const { world, books } = call
  const { wire } = intent
  const test = cardOf(method)
  const created = world.now()
  const captured = decline === undefined && wire.capture_method !== 'manual'
  const card = method.wire.card
  const charge: Charge = {
    id: world.id('ch_3'),
    object: 'charge',
    amount: wire.amount,
    amount_captured: captured ? wire.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.wire.billing_details,
    calculated_statement_descriptor: wire.statement_descriptor_suffix === null ? 'SIMULATED' : `SIMULATED* ${wire.statement_descriptor_suffix}`.slice(0, 22),
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
    outcome: outcome(decline, test.risk),
    paid: decline === undefined,
    payment_intent: wire.id,
    payment_method: method.id,
    payment_method_details: {
      type: 'card',
      card: {
        amount_authorized: decline === undefined ? wire.amount : null,
        authorization_code: decline === undefined ? '123456' : null,
        brand: card.brand,
        ...(wire.capture_method === 'manual' && decline === undefined ? { capture_before: created + holdSeconds } : {}),
        checks: { ...(card.checks as object), ...((card.checks as { cvc_check: string | null }).cvc_check === 'unchecked' ? { cvc_check: 'pass' } : {}) },
        country: card.country,
        exp_month: card.exp_month,
        exp_year: card.exp_year,
        extended_authorization: { status: 'disabled' },
        fingerprint: card.fingerprint,
        funding: card.funding,
        incremental_authorization: { status: 'unavailable' },
        installments: null,
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
    },
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

/**
 * The money's line in the balance. With `automatic_async` it comes a moment after the answer, announced by `charge.updated`.
 * Source: https://docs.stripe.com/payments/payment-intents/asynchronous-capture, read 2026-11.
 */
export function settle (call: Call, charge: Charge, asynchronous: boolean): void {
  const enter = () => {
    charge.balance_transaction = book(call, 'charge', charge.id, charge.amount_captured, charge.currency, charge.description as string | null)
  }
  if (!asynchronous) return enter()
  call.afterwards.push(() => {
    enter()
    emit(call, 'charge.updated', { ...charge }, { balance_transaction: null })
  })
}

function outcome (decline: Decline | undefined, risk: string | undefined): object {
  const common = { advice_code: decline?.advice ?? null, network_advice_code: null, network_decline_code: decline?.network ?? null, risk_level: risk ?? 'normal', risk_score: risk === 'highest' ? 92 : risk === 'elevated' ? 71 : 22 }
  if (decline === undefined) return { ...common, network_status: 'approved_by_network', reason: risk === 'elevated' ? 'elevated_risk_level' : null, seller_message: 'Payment complete.', type: 'authorized' }
  if (decline.blocked === true) return { ...common, network_status: 'not_sent_to_network', reason: 'highest_risk_level', seller_message: 'Stripe blocked this payment as too risky.', type: 'blocked' }
  const reason = decline.declineCode ?? decline.code
  return { ...common, network_status: 'declined_by_network', reason, seller_message: `The bank returned the decline code \`${reason}\`.`, type: 'issuer_declined' }
}
