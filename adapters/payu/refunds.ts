import { type ConnectionContext, type Money, money, type PaymentSnapshot, type PaymentsFamily, ProviderError, type RefundSnapshot } from '../../core/adapter/index.ts'
import { decimalOf, wireValue } from './amounts.ts'
import { names } from './countries.ts'
import { notFound, refusal } from './errors.ts'
import { isWhole } from './methods.ts'
import type { Order, Transaction } from './objects.ts'
import { readOrder, seen } from './orders.ts'
import { followUp, must, reasonText, submit } from './submit.ts'
import { mainOf, refundReference, refundsOf, refundSnapshot } from './wire.ts'

/** Clocks differ, and a request may have been slow. */
const beforeMs = 60_000
const afterMs = 120_000

/** "Minimum refund 100 COP". Source: facts section 4.2, read 2026-11-21. */
const colombianMinimum = 10_000

/**
 * PayU reviews a refund for one to three days; its answer names no transaction, and it keeps no reference of ours. It is known by its
 * order, its amount and its moment.
 */
export const refunds = {
  refund: async (context, input) => {
    decimalOf(input.amount)
    const order = await readOrder(context, input.providerReference)
    const before = seen(context, order)
    const whole = refusedOrWhole(context, order, before, input.amount)
    const known = new Set(refundsOf(order).map(({ id }) => id))
    const part = whole ? {} : { additionalValues: { TX_VALUE: { ...wireValue(input.amount), value: decimalOf(input.amount) } } }
    const asked = context.now()
    const response = await submit(context, { ...followUp(order, whole ? 'REFUND' : 'PARTIAL_REFUND'), reason: reasonText(input.reason), ...part })
    must(response)
    const after = await readOrder(context, input.providerReference)
    const made = refundsOf(after).find(one => !known.has(one.id) && amountOf(one, before) === input.amount.amount)
    return made === undefined ? unlisted(input.providerReference, input.amount, asked) : refundSnapshot(after, made, input.amount)
  },

  getRefund: async (context, providerReference) => {
    const [orderId = '', id = ''] = providerReference.split('/')
    const order = await readOrder(context, orderId)
    const paid = seen(context, order)
    const hidden = /^~(\d{1,15})~([A-Z]{3})~(\d{10,14})$/.exec(id)
    if (hidden !== null) {
      const amount = money(Number(hidden[1]), hidden[2]!)
      const asked = new Date(Number(hidden[3]))
      const now = refundsOf(order).find(one => amountOf(one, paid) === amount.amount && isWithin(one, asked, undefined))
      return now === undefined ? unlisted(orderId, amount, asked) : { ...refundSnapshot(order, now, amount), providerReference }
    }
    const refund = refundsOf(order).find(one => one.id === id)
    if (refund === undefined) throw notFound('REFUND')
    return refundSnapshot(order, refund, money(paid.amountCaptured, paid.amount.currency))
  },

  findRefund: async (context, { providerReference, amount, others = [], from, to }) => {
    if (amount === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'a refund is found by its amount here' })
    const order = await readOrder(context, providerReference)
    const paid = seen(context, order)
    const found = refundsOf(order).find(one => amountOf(one, paid) === amount.amount && isWithin(one, from, to) && !others.includes(refundReference(order, one)))
    if (found !== undefined) return refundSnapshot(order, found, amount)
    // Whether one that is under review is shown nobody wrote down: not seen is then not known, and a person decides.
    if (context.settings.refunds_are_listed !== true) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'PayU may not show a refund before it is reviewed: look in its panel' })
    return undefined
  }
} satisfies Partial<PaymentsFamily>

/** Asked for and accepted, and not among the order's transactions yet. */
function unlisted (order: string, amount: Money, asked: Date): RefundSnapshot {
  return { providerReference: `${order}/~${amount.amount}~${amount.currency}~${asked.getTime()}`, paymentProviderReference: order, status: 'pending', providerStatus: 'PENDING_REVIEW', amount, createdAt: asked }
}

function amountOf (refund: Transaction, { amountCaptured, amount: { currency } }: PaymentSnapshot): number {
  return refundSnapshot({ id: 0 }, refund, money(amountCaptured, currency)).amount.amount
}

function isWithin ({ transactionResponse }: Transaction, from: Date, to: Date | undefined): boolean {
  const at = transactionResponse?.operationDate
  // One without a moment may be it: better no second one than two.
  if (typeof at !== 'number') return true
  return at >= from.getTime() - beforeMs && (to === undefined || at <= to.getTime() + afterMs)
}

/** Refused here what PayU refuses, by its better name. True: it is all of the money, which PayU gives back without naming an amount. */
function refusedOrWhole (context: ConnectionContext, order: Order, paid: PaymentSnapshot, { amount, currency }: Money): boolean {
  const answered = (code: 'invalid_state' | 'already_refunded' | 'amount_invalid') => new ProviderError({ code, reached: 'answered', providerCode: order.status ?? paid.providerStatus, param: 'amount' })
  if (paid.status !== 'succeeded') throw answered('invalid_state')
  if (currency !== paid.amount.currency) throw refusal('currency', `it was paid in ${paid.amount.currency}`)
  const gone = refundsOf(order).map(one => refundSnapshot(order, one, paid.amount)).reduce((sum, one) => sum + (one.status === 'failed' ? 0 : one.amount.amount), 0)
  if (paid.amountCaptured - gone <= 0 || order.status === 'REFUNDED') throw answered('already_refunded')
  if (amount > paid.amountCaptured - gone) throw answered('amount_invalid')
  const country = mainOf(order)?.paymentCountry ?? ''
  if (country === 'CO' && amount < colombianMinimum) throw refusal('amount', 'PayU Colombia gives back 100 pesos or more', 'amount_invalid')
  const whole = amount === paid.amountCaptured
  if (!whole && names(context.settings.whole_refund_countries, country) && !isWhole(amount, currency)) throw refusal('amount', `PayU ${country} gives back whole units only`, 'amount_invalid')
  return whole
}
