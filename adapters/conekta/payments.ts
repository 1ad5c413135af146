import { type ConfirmPaymentInput, type ConnectionContext, type CreatePaymentInput, type PaymentSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { partOnWire } from './amounts.ts'
import { every, orDone, page, seconds } from './asking.ts'
import { checkouts } from './checkouts.ts'
import { customers, keepSource } from './customers.ts'
import { disputes } from './disputes.ts'
import { ConektaRefusal } from './errors.ts'
import { post, segment } from './http.ts'
import { links } from './links.ts'
import { heldOf, markOf, referenceOf } from './marks.ts'
import type { Order, Transaction } from './objects.ts'
import { chargeParams, chargeReference, orderParams } from './order-params.ts'
import { findOrder, mustBe, readOrder } from './orders.ts'
import { refunds } from './refunds.ts'
import { subscriptionOfOrder, subscriptions } from './subscriptions.ts'
import { transactions } from './transactions.ts'
import { chargeOf, chargesOf, snapshotOf } from './wire.ts'

/** An order is the payment; each charge of it is an attempt. */
const own = {
  createPayment: async (context, input) => {
    const source = await kept(context, input)
    const order = await asked(() => post<Order>(context, '/orders', orderParams(input, context.settings, context.now(), source)))
    return away(input, snapshotOf(mustBe(order)))
  },

  getPayment: read,

  findPayment: async (context, lookup) => {
    const order = await findOrder(context, lookup, order => markOf(order.metadata, 'payment') === lookup.reference)
    return order === undefined ? undefined : told(context, order)
  },

  /** Another charge of the same order: Conekta itself refuses one too many. */
  confirmPayment: async (context, input) => {
    const before = await readOrder(context, input.providerReference)
    const reference = chargeReference(input)
    // Sent before, and its answer lost: then it is there.
    if (chargesOf(before).some(charge => charge.reference_id === reference)) return told(context, before)
    const source = await kept(context, input)
    try {
      await post(context, `/orders/${segment(input.providerReference)}/charges`, chargeParams(input, context.settings, context.now(), source))
    } catch (thrown) {
      if (!(thrown instanceof ConektaRefusal && thrown.declined)) throw thrown
      if (thrown.order !== undefined) return snapshotOf(thrown.order)
    }
    return away(input, await told(context, await readOrder(context, input.providerReference)))
  },

  capture: async (context, input) => {
    const amount = partOnWire(input.amount)
    const order = await orDone(() => post<Order>(context, `/orders/${segment(input.providerReference)}/capture`, { amount }), () => readIf(context, input.providerReference, ['succeeded']))
    return told(context, mustBe(order))
  },

  cancel: async (context, input) => {
    const order = await orDone(() => post<Order>(context, `/orders/${segment(input.providerReference)}/cancel`), () => readIf(context, input.providerReference, ['canceled']))
    return snapshotOf(mustBe(order))
  },

  listPayments: async (context, { from, to, cursor }) => {
    const { data, next } = await page<Order>(context, '/orders', { 'created_at.gte': seconds(from), 'created_at.lte': seconds(to) }, cursor)
    const listed = await Promise.all(data.map(order => told(context, order)))
    return { data: listed, ...(next !== undefined && { next }) }
  }
} satisfies PaymentsFamily

export const payments = { ...own, ...refunds, ...checkouts, ...links, ...customers, ...subscriptions, ...disputes, ...transactions } satisfies PaymentsFamily

/**
 * The truth about a payment. The order of a subscription's period carries no mark of ours (Conekta makes it); its reference is found
 * through its customer.
 */
async function read (context: ConnectionContext, providerReference: string): Promise<PaymentSnapshot> {
  const order = await readOrder(context, providerReference)
  const snapshot = await told(context, order)
  if (referenceOf(order.metadata) !== undefined || order.customer_info?.customer_id === undefined) return snapshot
  const reference = await subscriptionOfOrder(context, order)
  return reference === undefined ? snapshot : { ...snapshot, reference }
}

/** Of an order that was held and is taken, how much: the balance knows, where the order may not (QUIRKS.md). */
async function told (context: ConnectionContext, order: Order): Promise<PaymentSnapshot> {
  const snapshot = snapshotOf(order)
  const charge = chargeOf(order)
  if (heldOf(order.metadata) === undefined || snapshot.status !== 'succeeded' || charge === undefined) return snapshot
  const moves = await every<Transaction>(context, '/transactions', { charge_id: charge.id, type: 'capture' })
  const taken = moves.reduce((sum, move) => sum + Math.abs(move.amount), 0)
  return taken === 0 ? snapshot : snapshotOf(order, { captured: taken })
}

async function readIf (context: ConnectionContext, id: string, statuses: readonly PaymentSnapshot['status'][]): Promise<Order | undefined> {
  const order = await readOrder(context, id)
  return statuses.includes(snapshotOf(order).status) ? order : undefined
}

/** A decline is an answer: 402 brings the order that it left behind. Without it nobody could ever find that order again. */
async function asked (write: () => Promise<Order>): Promise<Order> {
  try {
    return await write()
  } catch (thrown) {
    if (thrown instanceof ConektaRefusal && thrown.order !== undefined) return declinedOrder(thrown)
    throw thrown
  }
}

/** The order of a refusal need not say yet that it was declined, nor why. */
function declinedOrder ({ order, providerCode, providerMessage }: ConektaRefusal): Order {
  const charges = chargesOf(order!)
  const why = (charge: typeof charges[number]) => charge.status === 'declined' && !charge.failure_code ? { ...charge, failure_code: providerCode ?? null, failure_message: providerMessage ?? null } : charge
  if (charges.length > 0) return { ...order!, payment_status: order!.payment_status ?? 'declined', charges: { ...order!.charges!, data: charges.map(why) } }
  const blank = { id: '', object: 'charge' as const, status: 'declined', amount: order!.amount, currency: order!.currency, created_at: order!.created_at, order_id: order!.id, failure_code: providerCode ?? null, failure_message: providerMessage ?? null }
  return { ...order!, payment_status: 'declined', charges: { object: 'list', has_more: false, data: [blank] } }
}

/** A card that is to be kept becomes a source of the customer's first: a token is good for one use. */
async function kept (context: ConnectionContext, input: CreatePaymentInput | ConfirmPaymentInput): Promise<string | undefined> {
  if (!('saveMethod' in input) || input.saveMethod !== true || input.method?.type !== 'card' || !/^tok_/.test(input.method.token ?? '')) return undefined
  const customer = input.customer?.provider_reference
  if (customer === undefined) throw new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: 'customer', providerMessage: 'a method is saved for a customer' })
  // An amount that is refused is refused before anything is kept.
  partOnWire(input.amount)
  return (await keepSource(context, customer, input.method.token!)).id
}

/** The payer was not there, and the bank wants them: a redirect finishes it, and `error` says why. */
function away ({ offSession }: CreatePaymentInput | ConfirmPaymentInput, snapshot: PaymentSnapshot): PaymentSnapshot {
  return offSession === true && snapshot.nextAction?.type === 'redirect' ? { ...snapshot, error: { code: 'authentication_required', providerCode: 'next_action' } } : snapshot
}
