import { type CheckoutSnapshot, type CheckoutStatus, type ConnectionContext, type CreateCheckoutInput, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire, moneyOf } from './amounts.ts'
import { dateOf, neverHeardOf, orDone, refusal, seconds } from './asking.ts'
import { post, put, segment } from './http.ts'
import { markOf, metadataOf } from './marks.ts'
import type { Checkout, Order } from './objects.ts'
import { customerInfo, lineItems } from './order-params.ts'
import { findOrder, mustBe, readOrder } from './orders.ts'
import { chargesOf, modeOf } from './wire.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** A hosted page is an order with a `checkout`: the order is its name, and the payment that comes of it. Source: facts section 2.2, read 2026-11-21. */
export const checkouts = {
  createCheckout: async (context, input) => pageOf(mustBe(await post<Order>(context, '/orders', hostedParams(input, context)))),

  getCheckout: async (context, providerReference) => pageOf(await readOrder(context, providerReference)),

  findCheckout: async (context, lookup) => {
    const order = await findOrder(context, lookup, order => markOf(order.metadata, 'checkout') === lookup.reference)
    return order === undefined ? undefined : pageOf(order)
  },

  expireCheckout: async (context, { providerReference }) => {
    const page = await readOrder(context, providerReference)
    const now = pageOf(page)
    if (now.status === 'expired') return now
    if (now.status === 'complete') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: page.payment_status ?? 'charged' })
    await orDone<unknown>(() => put<Checkout>(context, `/checkouts/${segment(page.checkout!.id)}/cancel`), () => whenEnded(context, providerReference))
    return pageOf(await readOrder(context, providerReference))
  }
} satisfies Partial<PaymentsFamily>

async function whenEnded (context: ConnectionContext, providerReference: string): Promise<CheckoutSnapshot | undefined> {
  const page = pageOf(await readOrder(context, providerReference))
  return page.status === 'expired' ? page : undefined
}

function hostedParams (input: CreateCheckoutInput, context: ConnectionContext): object {
  const { settings } = context
  const wire = chargeOnWire(input.amount, 'card', settings)
  if (input.saveMethod === true && input.customer?.customerProviderReference === undefined && input.customer?.provider_reference === undefined) throw refusal('customer', 'a method is saved for a customer')
  return {
    currency: input.amount.currency,
    customer_info: customerInfo(input.customer, settings),
    line_items: lineItems(input.lines, { ...input.amount, amount: wire }, input.description ?? input.orderReference),
    metadata: metadataOf(input.metadata, { checkout: input.reference, order: input.orderReference, held: input.capture === 'manual' ? `manual ${wire}` : undefined }),
    ...(input.capture === 'manual' && { pre_authorize: true }),
    checkout: {
      type: 'HostedPayment',
      name: (input.description ?? input.orderReference ?? 'Pago').slice(0, 249),
      allowed_payment_methods: allowedOf(input.capture === 'manual' ? ['card'] : input.methods),
      success_url: input.successUrl,
      failure_url: input.cancelUrl ?? input.successUrl,
      expires_at: endOf(input.expiresAt, context),
      ...(input.saveMethod === true && { force_save_card: true })
    }
  }
}

const pageNames: Record<string, string> = { card: 'card', oxxo: 'cash', cash: 'cash', spei: 'bank_transfer', pay_by_bank: 'pay_by_bank' }

/** Conekta's names of the methods on its pages; all of ours when none is named. */
export function allowedOf (methods: readonly string[] | undefined): string[] {
  const names = (methods ?? ['card', 'cash', 'spei']).map(type => {
    const name = pageNames[type]
    if (name === undefined) throw refusal('methods', `Conekta's pages do not offer ${type}`, 'unsupported')
    return name
  })
  return [...new Set(names)]
}

/** From 5 minutes to 365 days (OpenAPI 2.3.0). None asked: as many days as the setting says. */
export function endOf (expiresAt: Date | undefined, { settings, now }: ConnectionContext): number {
  const days = typeof settings.page_days === 'number' ? settings.page_days : 30
  const at = expiresAt ?? new Date(now().getTime() + days * dayMs)
  const ahead = at.getTime() - now().getTime()
  if (ahead < 5 * minuteMs || ahead > 365 * dayMs) throw refusal('expires_at', 'a page of Conekta’s ends in 5 minutes to 365 days')
  return seconds(at)
}

function pageOf (order: Order): CheckoutSnapshot {
  const { checkout, customer_info: payer } = order
  if (checkout === null || checkout === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'no_checkout' })
  const reference = markOf(order.metadata, 'checkout')
  const status = statusOf(order, checkout)
  const expiresAt = dateOf(checkout.expires_at)
  return {
    providerReference: order.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: `${checkout.status ?? 'unknown'}/${order.payment_status ?? 'no_charge'}`,
    ...(checkout.url !== undefined && { url: checkout.url }),
    amount: moneyOf(order.amount, order.currency),
    ...(status === 'complete' && { paymentProviderReference: order.id }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(payer !== undefined && { payer: { ...(payer.name !== undefined && { name: payer.name }), ...(payer.email !== undefined && { email: payer.email }), ...(payer.phone !== undefined && { phone: payer.phone }) } }),
    mode: modeOf(order.livemode)
  }
}

/** A page is complete when its payer has done what the page asks: a voucher may still be open. A decline leaves it open for another try. */
function statusOf (order: Order, checkout: Checkout): CheckoutStatus {
  if (chargesOf(order).some(({ status }) => status !== 'declined' && status !== 'expired' && status !== 'canceled')) return 'complete'
  return isIssued(checkout.status) ? 'open' : 'expired'
}

/** Only `Issued` stands in the documentation; the other words are those of its dashboard (QUIRKS.md). */
export function isIssued (word: string | undefined): boolean {
  switch (word?.toLowerCase()) {
    case 'issued': return true
    case 'expired':
    case 'cancelled':
    case 'canceled':
    case 'finalized':
    case 'completed':
    case 'paid':
    case 'inactive': return false
    default: throw neverHeardOf(word)
  }
}
