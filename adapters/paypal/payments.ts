import { type CreatePaymentInput, type PaymentSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { moneyOf, onWire } from './amounts.ts'
import { ifThere, oursIn, refusal } from './asking.ts'
import { disputes } from './disputes.ts'
import { findInNews, findInReport, mustBeComplete } from './finding.ts'
import { call, get, post, segment } from './http.ts'
import type { Order, Refund } from './objects.ts'
import { complete, mustBeOrder, orderIdOf, orderParams, read, readCapture, readOrder, takenBy } from './orders.ts'
import { subscriptions } from './subscriptions.ts'
import { listPayments, listTransactions } from './transactions.ts'
import { vault } from './vault.ts'
import { authorizationsOf, capturesOf, captureOf, refundSnapshot, refundsOf, snapshotOf } from './wire.ts'

/** An order is the payment; another attempt is another order. */
const own = {
  createPayment: async (context, input) => {
    const order = mustBeOrder(await post<Order>(context, '/v2/checkout/orders', orderParams(input, context.settings), input.idempotencyKey))
    return completed(input, snapshotOf(order))
  },

  getPayment: read,

  completePayment: complete,

  /** PayPal lists no orders: what it told in events comes first, then its report, which is up to three hours late. */
  findPayment: async (context, lookup) => {
    const found = [...await findInNews(context, lookup), ...await findInReport(context, lookup)]
    if (found.length === 0) mustBeComplete(context, lookup)
    const told: PaymentSnapshot[] = []
    for (const id of new Set(found)) {
      const snapshot = await ifThere(() => read(context, id))
      if (snapshot?.reference === lookup.reference) told.push(snapshot)
    }
    return told.find(({ status }) => status === 'succeeded' || status === 'authorized') ?? told.toSorted((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))[0]
  },

  /** All at once: what is not taken is let go (`final_capture`). */
  capture: async (context, input) => {
    const amount = onWire(input.amount)
    const held = authorizationsOf(await readOrder(context, input.providerReference)).at(-1)
    if (held === undefined) throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: 'no authorization' })
    // PayPal itself would take up to 115 % of it.
    if (moneyOf(held.amount).amount < input.amount.amount) throw refusal('amount', 'more than is held', 'amount_invalid')
    await post(context, `/v2/payments/authorizations/${segment(held.id)}/capture`, { amount, final_capture: true }, input.idempotencyKey)
    return snapshotOf(await readOrder(context, input.providerReference))
  },

  cancel: async (context, input) => {
    const order = await readOrder(context, input.providerReference)
    const held = authorizationsOf(order).at(-1)
    if (held?.status === 'VOIDED') return snapshotOf(order)
    // An order that nobody approved cannot be taken back by its shop: it ends by itself.
    if (held === undefined || capturesOf(order).length > 0) throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: order.status, providerMessage: 'only an authorization is voided; an order that nobody approves ends after three hours' })
    await call(context, { method: 'POST', path: `/v2/payments/authorizations/${segment(held.id)}/void`, key: input.idempotencyKey })
    return snapshotOf(await readOrder(context, input.providerReference))
  },

  refund: async (context, input) => {
    const amount = onWire(input.amount)
    const capture = await takenBy(context, input.providerReference)
    const made = await post<Refund>(context, `/v2/payments/captures/${segment(capture.id)}/refund`, { amount, custom_id: input.refundReference }, input.idempotencyKey)
    if (typeof made.id !== 'string' || typeof made.status !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    return { ...refundSnapshot(made.amount === undefined ? { ...made, amount } : made, input.providerReference), refundReference: input.refundReference }
  },

  getRefund: async (context, providerReference) => {
    const refund = await get<Refund>(context, `/v2/payments/refunds/${segment(providerReference)}`)
    const captureId = upOf(refund)
    if (captureId === undefined) return refundSnapshot(refund)
    const order = orderIdOf(await readCapture(context, captureId))
    return refundSnapshot(refund, order ?? `capture:${captureId}`)
  },

  findRefund: async (context, lookup) => {
    // Of a payment without an order PayPal lists no refunds: nobody knows.
    if (captureOf(lookup.providerReference) !== undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'refunds of a subscription’s payment are not listed' })
    const found = refundsOf(await readOrder(context, lookup.providerReference)).find(({ custom_id: ours }) => oursIn(ours) === lookup.refundReference)
    return found === undefined ? undefined : refundSnapshot(found, lookup.providerReference)
  },

  listTransactions,
  listPayments
} satisfies PaymentsFamily

export const payments = { ...own, ...vault, ...subscriptions, ...disputes } satisfies PaymentsFamily

/** Of which capture a refund is: its link "up". */
function upOf ({ links = [] }: Refund): string | undefined {
  return /\/captures\/(\w+)$/.exec(links.find(({ rel }) => rel === 'up')?.href ?? '')?.[1]
}

/** What only we know of what was asked: which kept method paid, and that the payer was away. */
function completed ({ method, offSession, saveMethod, customer }: CreatePaymentInput, snapshot: PaymentSnapshot): PaymentSnapshot {
  const kept = saveMethod === true && method?.token !== undefined && (snapshot.status === 'succeeded' || snapshot.status === 'authorized')
  return {
    ...snapshot,
    ...(kept && { savedMethodReference: method.token!, ...(customer?.provider_reference !== undefined && { customerProviderReference: customer.provider_reference }) }),
    ...(offSession === true && snapshot.nextAction?.type === 'redirect' && { error: { code: 'authentication_required', providerCode: 'PAYER_ACTION_REQUIRED' } })
  }
}
