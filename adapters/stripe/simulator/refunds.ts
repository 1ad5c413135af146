import { book } from './balance.ts'
import { checkUnit } from './amounts.ts'
import { findCharge } from './charges.ts'
import { checkNotDisputed } from './disputes.ts'
import { cardOf } from './methods.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import { refundable } from './intent-machine.ts'
import type { Charge, Refund } from './objects.ts'
import { anything, atLeast, boolean, created, expand, mergeMetadata, metadata, object, oneOf, paging, text } from './params.ts'
import { route } from './routing.ts'
import { named, page, wanted } from './shelf.ts'
import { quietly, type Books, type Call, type World } from './world.ts'

const fields = object({
  amount: atLeast(1),
  charge: text(),
  currency: text(),
  customer: text(),
  expand,
  instructions_email: text(),
  metadata,
  origin: anything,
  payment_intent: text(),
  reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer'),
  refund_application_fee: boolean,
  reverse_transfer: boolean
})

export const refundRoutes = [
  route('POST', '/v1/refunds', fields, (call, params) => {
    const charge = chargeToRefund(call, params)
    checkNotDisputed(call, charge)
    const left = charge.amount_captured - charge.amount_refunded
    if (left <= 0) throw invalid(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' })
    const amount = params.amount ?? left
    refundable(amount, left, charge.currency)
    checkUnit(amount, charge.currency)
    return create(call, charge, amount, params.reason ?? null, params.metadata ?? {})
  }, (_, params) => {
    if (params.charge === undefined && params.payment_intent === undefined) {
      throw invalid('One of the following params should be provided for this request: payment_intent or charge.', { code: 'parameter_missing' })
    }
  }),
  route('GET', '/v1/refunds', object({ ...paging, created, charge: text(), payment_intent: text() }), ({ books }, params) =>
    page(books.refunds, params, '/v1/refunds', 'refund', each => each, each =>
      (params.charge === undefined || each.charge === params.charge) && (params.payment_intent === undefined || each.payment_intent === params.payment_intent))),
  route('GET', '/v1/charges/:id/refunds', object(paging), (call, params, { id }) => {
    findCharge(call, id!)
    return page(call.books.refunds, params, `/v1/charges/${id}/refunds`, 'refund', each => each, each => each.charge === id)
  }),
  route('GET', '/v1/refunds/:id', object({ expand }), (call, _, { id }) => find(call, id!)),
  route('POST', '/v1/refunds/:id', object({ expand, metadata }), (call, params, { id }) => {
    const refund = find(call, id!)
    const before = refund.metadata
    refund.metadata = mergeMetadata(before, params.metadata)
    updated(call, refund, { metadata: before })
    return { ...refund }
  }),
  route('POST', '/v1/refunds/:id/cancel', object({ expand }), (call, _, { id }) => {
    const refund = find(call, id!)
    if (refund.status !== 'requires_action' && refund.status !== 'pending') {
      throw invalid(`You cannot cancel this refund because it has a status of ${refund.status}.`, { code: 'refund_unexpected_state' })
    }
    call.books.fates.delete(refund.id)
    end(call, refund, 'canceled')
    return { ...refund }
  })
]

function create (call: Call, charge: Charge, amount: number, reason: string | null, given: Record<string, string>): Refund {
  const { world, books } = call
  const method = books.paymentMethods.get(charge.payment_method)!
  const isCard = method.wire.type === 'card'
  // A transfer goes back by transfer, which takes its time.
  const fate = isCard ? cardOf(method).refund : 'pending_then_succeeds'
  const refund: Refund = {
    id: world.id('re_3'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: isCard
      ? { card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' }, type: 'card' }
      : { mx_bank_transfer: { reference: null, reference_status: 'pending' }, type: 'mx_bank_transfer' },
    metadata: given,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: fate === 'pending_then_succeeds' ? 'pending' : 'succeeded',
    transfer_reversal: null,
    ...(fate === 'pending_then_succeeds' ? { pending_reason: 'processing' } : {})
  }
  refund.balance_transaction = book(call, { type: isCard ? 'refund' : 'payment_refund', source: refund.id, amount: -amount, currency: charge.currency, description: `REFUND FOR CHARGE (${charge.description as string | null ?? charge.id})` })
  books.refunds.add(refund)
  const siblings = books.refundsByCharge.get(charge.id)
  if (siblings === undefined) books.refundsByCharge.set(charge.id, [refund.id])
  else siblings.push(refund.id)
  const before = { amount_refunded: charge.amount_refunded, refunded: charge.refunded }
  charge.amount_refunded += amount
  charge.refunded = charge.amount_refunded >= charge.amount_captured
  emit(call, 'refund.created', { ...refund })
  emit(call, 'charge.refunded', { ...charge }, before)
  if (fate === undefined) call.afterwards.push(() => referenceArrives(call, refund))
  else {
    books.fates.set(refund.id, fate === 'pending_then_succeeds' ? 'succeeded' : 'failed')
    watchRefund(world, books, refund.id)
  }
  return { ...refund }
}

/** The refund goes on by itself some time later, unless it was canceled. */
export function watchRefund (world: World, books: Books, id: string): void {
  world.later.add(world.asyncMs, () => {
    const fate = books.fates.get(id)
    const refund = books.refunds.get(id)
    if (fate === undefined || refund === undefined) return
    books.fates.delete(id)
    quietly(world, books, call => {
      if (fate === 'failed') return end(call, refund, 'failed')
      refund.status = 'succeeded'
      delete refund.pending_reason
      updated(call, refund, { status: 'pending' })
    })
  })
}

/** The money does not reach the payer and is put back. Source: https://docs.stripe.com/refunds#failed-refunds, read 2026-11. */
function end (call: Call, refund: Refund, status: 'failed' | 'canceled'): void {
  const charge = findCharge(call, refund.charge)
  const before = { status: refund.status }
  refund.status = status
  delete refund.pending_reason
  if (status === 'failed') refund.failure_reason = 'expired_or_canceled_card'
  refund.failure_balance_transaction = book(call, { type: 'refund_failure', source: refund.id, amount: refund.amount, currency: refund.currency, description: null })
  charge.amount_refunded -= refund.amount
  charge.refunded = false
  updated(call, refund, before)
  if (status === 'failed') emit(call, 'refund.failed', { ...refund })
}

function referenceArrives (call: Call, refund: Refund): void {
  const before = refund.destination_details
  refund.destination_details = { card: { reference: '7425931030401234567890', reference_status: 'available', reference_type: 'acquirer_reference_number', type: 'refund' }, type: 'card' }
  updated(call, refund, { destination_details: before })
}

function updated (call: Call, refund: Refund, before: object): void {
  const shown = { ...refund }
  emit(call, 'refund.updated', shown, before)
  emit(call, 'charge.refund.updated', shown, before)
}

function chargeToRefund (call: Call, params: { charge?: string, payment_intent?: string }): Charge {
  const { books } = call
  if (params.payment_intent !== undefined) {
    const intent = named(books.paymentIntents, params.payment_intent, 'payment_intent', 'payment_intent')
    const charge = books.charges.get(intent.wire.latest_charge ?? '')
    if (charge === undefined || charge.status !== 'succeeded' || !charge.captured) {
      throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, { param: 'payment_intent' })
    }
    if (params.charge !== undefined && params.charge !== charge.id) throw invalid(`Charge ${params.charge} does not belong to PaymentIntent ${intent.id}.`, { param: 'charge' })
    return refundableMethod(books, charge)
  }
  const charge = named(books.charges, params.charge!, 'charge', 'charge')
  if (charge.status !== 'succeeded' || !charge.captured) {
    throw invalid(`This PaymentIntent (${charge.payment_intent}) does not have a successful charge to refund.`, { param: 'charge' })
  }
  return refundableMethod(books, charge)
}

/** Cash that was paid at a shop has no way back. Source: https://docs.stripe.com/payments/oxxo, "refunds: no", read 2026-11. */
function refundableMethod (books: Books, charge: Charge): Charge {
  const { type } = books.paymentMethods.get(charge.payment_method)!.wire
  if (type === 'oxxo') throw invalid(`Payments made with ${type} cannot be refunded.`, { code: 'charge_not_refundable', param: 'payment_intent' })
  return charge
}

function find ({ books }: Call, id: string): Refund {
  return wanted(books.refunds, id, 'refund', 'refund')
}
