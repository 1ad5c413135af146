import type { CheckoutLine, CheckoutSnapshot, CheckoutStatus, ConnectionContext, CreateCheckoutInput, Lookup, PaymentsFamily, PayerInput } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { chargeOnWire, moneyOf, priceOnWire } from './amounts.ts'
import { askedBetween, everyOne, keyed, lately, orDone, orTruth, refusal, wrongState } from './asking.ts'
import { collectedOf, collectParams } from './collect.ts'
import { customerFor } from './customers.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { bankTransfer, needsCustomer, stripeNameOf } from './methods.ts'
import { descriptorOf, sumsTo } from './params.ts'
import { dateOf, idOf, modeOf, neverHeardOf } from './wire-parts.ts'

/**
 * Pages of Stripe's on which one payer pays once. Our id of the session is in the metadata of the session and of its payment intent,
 * so `PaymentSnapshot.reference` of that payment is the session's id, in webhooks and lists too.
 */
export const checkout = {
  createCheckout: async (context, input) => {
    const params = sessionParams(input, context)
    if (params.customer === undefined && needsCustomer(input.methods ?? [])) {
      params.customer = await customerFor(context, { ...input, metadataKey: 'checkout' })
      delete params.customer_email
    }
    if (params.tax_id_collection !== undefined && params.customer !== undefined) params.customer_update = { name: 'auto' }
    return orTruth(async () => checkoutOf(await call(context, (stripe, as) => stripe.checkout.sessions.create(params, keyed(as, input)))),
      () => find(context, { reference: input.reference, ...lately(context.now()) }))
  },

  getCheckout: read,

  findCheckout: find,

  /** Of a link each payer has a page of their own, which the payment names: https://docs.stripe.com/api/checkout/sessions/list, read 2026-11-21. */
  async getCheckoutOf (context, paymentProviderReference) {
    const { data: [made] } = await call(context, (stripe, as) => stripe.checkout.sessions.list({ payment_intent: paymentProviderReference, limit: 1 }, as))
    return made === undefined ? undefined : checkoutOf(made)
  },

  /** Of one that is expired already the answer is that; of one that was paid, that it cannot be. */
  expireCheckout: async (context, input) => {
    const expired = async () => {
      const session = await read(context, input.providerReference)
      return session.status === 'complete' ? wrongState(session.providerStatus) : session.status === 'expired' ? session : undefined
    }
    const write = async () => checkoutOf(await call(context, (stripe, as) => stripe.checkout.sessions.expire(input.providerReference, {}, keyed(as, input))))
    return orTruth(() => orDone(write, expired), expired)
  }
} satisfies Partial<PaymentsFamily>

async function read (context: ConnectionContext, providerReference: string): Promise<CheckoutSnapshot> {
  return checkoutOf(await call(context, (stripe, as) => stripe.checkout.sessions.retrieve(providerReference, {}, as)))
}

async function find (context: ConnectionContext, { reference, from, to }: Lookup): Promise<CheckoutSnapshot | undefined> {
  const created = askedBetween({ from, to })
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.checkout.sessions.list({ created, ...page }, as)),
    session => session.metadata?.[metadataKeys.checkout] === reference)
  return found === undefined ? undefined : checkoutOf(found)
}

const minuteMs = 60_000

/** Source: the type Checkout.SessionCreateParams of stripe 23.1.0 (API 2026-10-28.endive). */
function sessionParams (input: CreateCheckoutInput, context: ConnectionContext): Stripe.Checkout.SessionCreateParams {
  const { reference, orderReference: order, expiresAt, methods, customer } = input
  if (input.saveMethod === true && customer?.provider_reference === undefined) throw refusal('customer', 'a method is saved for a customer')
  return {
    mode: 'payment',
    line_items: lineItemsOf(input, context.settings),
    success_url: input.successUrl,
    cancel_url: input.cancelUrl,
    client_reference_id: reference,
    metadata: metadataOf(input.metadata, { checkout: reference, order }),
    payment_intent_data: {
      ...intentDataOf(input, metadataOf(input.metadata, { checkout: reference, order })),
      ...(input.saveMethod === true ? { setup_future_usage: 'off_session' } : {})
    },
    ...(customer?.provider_reference !== undefined ? { customer: customer.provider_reference } : { customer_email: customer?.email }),
    ...(expiresAt === undefined ? {} : { expires_at: expiryOf(expiresAt, context.now()) }),
    ...(methods === undefined ? {} : { allowed_payment_method_types: methods.map(type => stripeNameOf(type, 'methods')) }),
    ...(needsCustomer(methods ?? []) ? { payment_method_options: { customer_balance: bankTransfer } } : {}),
    ...(input.collectTaxId === true ? { tax_id_collection: { enabled: true } } : {}),
    ...collectParams(input.collect),
    locale: input.locale
  }
}

/** From 30 minutes to 24 hours ahead. Source: https://docs.stripe.com/api/checkout/sessions/create, read 2026-11-21. */
function expiryOf (expiresAt: Date, now: Date): number {
  const ahead = expiresAt.getTime() - now.getTime()
  if (ahead < 30 * minuteMs || ahead > 24 * 60 * minuteMs) throw refusal('expires_at', 'Stripe keeps a page open for 30 minutes to 24 hours')
  return Math.floor(expiresAt.getTime() / 1000)
}

interface HostedPage extends Pick<CreateCheckoutInput, 'amount' | 'lines' | 'description' | 'capture' | 'statementDescriptor' | 'orderReference'> {}

/** What the payer reads on the page and pays: the lines, or one of our making. Stripe makes product and price of each. */
export function lineItemsOf ({ amount, lines, description, orderReference }: HostedPage, settings: Readonly<Record<string, unknown>>) {
  chargeOnWire(amount, settings)
  if (lines !== undefined && lines.length > 0) sumsTo(lines, amount)
  const shown: CheckoutLine[] = lines !== undefined && lines.length > 0 ? lines : [{ name: description ?? orderReference ?? 'Pago', quantity: 1, unitAmount: amount.amount }]
  return shown.map(({ name, description, quantity, unitAmount }, i) => ({
    quantity,
    price_data: {
      currency: amount.currency.toLowerCase(),
      unit_amount: priceOnWire({ amount: unitAmount, currency: amount.currency }, `lines[${i}].unit_amount`),
      product_data: { name, ...(description === undefined || description === '' ? {} : { description }) }
    }
  }))
}

/** Of the payment intent that the page will make. */
export function intentDataOf (input: HostedPage, metadata: Record<string, string>) {
  return {
    ...(input.capture === 'manual' ? { capture_method: 'manual' as const } : {}),
    ...(input.description === undefined ? {} : { description: input.description }),
    ...descriptorOf(input.statementDescriptor),
    metadata
  }
}

const statuses = new Set<string | null>(['open', 'complete', 'expired'] satisfies CheckoutStatus[])

/** `complete` and `unpaid` is a voucher or a transfer that is still open: the payment tells. */
export function checkoutOf (session: Stripe.Checkout.Session): CheckoutSnapshot {
  if (!statuses.has(session.status)) throw neverHeardOf(session.status)
  return {
    providerReference: session.id,
    reference: session.metadata?.[metadataKeys.checkout] ?? session.metadata?.[metadataKeys.link],
    status: session.status as CheckoutStatus,
    providerStatus: `${String(session.status)} (${session.payment_status})`,
    url: session.url ?? undefined,
    amount: moneyOf(session.amount_total ?? 0, session.currency ?? ''),
    paymentProviderReference: idOf(session.payment_intent),
    linkProviderReference: idOf(session.payment_link),
    expiresAt: dateOf(session.expires_at),
    payer: payerOf(session.customer_details),
    collected: collectedOf(session),
    mode: modeOf(session.livemode)
  }
}

function payerOf (details: Stripe.Checkout.Session.CustomerDetails | null): PayerInput | undefined {
  if (details === null || details === undefined) return undefined
  const told: PayerInput = {}
  if (details.name) told.name = details.name
  if (details.email) told.email = details.email
  if (details.phone) told.phone = details.phone
  const taxId = details.tax_ids?.[0]?.value
  if (taxId) told.tax_id = taxId
  return Object.keys(told).length === 0 ? undefined : told
}
