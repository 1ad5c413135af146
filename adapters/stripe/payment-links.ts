import { type ConnectionContext, type CreatePaymentLinkInput, type Lookup, type PaymentLinkSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { everyOne, keyed, lately, orTruth, refusal } from './asking.ts'
import { intentDataOf, lineItemsOf } from './checkout.ts'
import { collectParams } from './collect.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { stripeNameOf } from './methods.ts'
import { modeOf } from './wire-parts.ts'

/**
 * Pages of Stripe's that may be paid many times: each payer gets a checkout session of it. Stripe copies the link's metadata to those
 * sessions, and what `payment_intent_data` holds to their payments: all of them carry our id of the link.
 * A link never ends by itself at Stripe: the hub calls `expirePaymentLink` when `expiresAt` has come.
 */
export const links = {
  createPaymentLink: async (context, input) => {
    const params = linkParams(input, context)
    return orTruth(async () => linkOf(await call(context, (stripe, as) => stripe.paymentLinks.create(params, keyed(as, input)))),
      () => find(context, { reference: input.reference, ...lately(context.now()) }))
  },

  getPaymentLink: read,

  findPaymentLink: find,

  expirePaymentLink: async (context, input) => orTruth(
    async () => linkOf(await call(context, (stripe, as) => stripe.paymentLinks.update(input.providerReference, { active: false, expand }, keyed(as, input)))),
    async () => {
      const link = await read(context, input.providerReference)
      return link.status === 'inactive' ? link : undefined
    })
} satisfies Partial<PaymentsFamily>

const expand = ['line_items']

async function read (context: ConnectionContext, providerReference: string): Promise<PaymentLinkSnapshot> {
  return linkOf(await call(context, (stripe, as) => stripe.paymentLinks.retrieve(providerReference, { expand }, as)))
}

/** Stripe lists links newest first and by no time, so all of them are looked through: up to 2,000. */
async function find (context: ConnectionContext, { reference }: Pick<Lookup, 'reference'> & Partial<Lookup>): Promise<PaymentLinkSnapshot | undefined> {
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.paymentLinks.list({ ...page }, as)), link => link.metadata[metadataKeys.link] === reference)
  return found === undefined ? undefined : read(context, found.id)
}

/** Inline prices since 2025-07-30.basil: product, price and link in one request. Source: the type PaymentLinkCreateParams of stripe 23.1.0. */
function linkParams (input: CreatePaymentLinkInput, { settings, now }: ConnectionContext): Stripe.PaymentLinkCreateParams {
  const { reference, orderReference: order, successUrl, maxPayments, methods } = input
  const metadata = metadataOf(input.metadata, { link: reference, order })
  if (methods?.includes('spei')) throw refusal('methods', 'Stripe takes no transfers on payment links', 'unsupported')
  if (input.expiresAt !== undefined && input.expiresAt <= now()) throw refusal('expires_at', 'it is over')
  return {
    line_items: lineItemsOf(input, settings),
    metadata,
    payment_intent_data: intentDataOf(input, metadata),
    ...(successUrl === undefined ? {} : { after_completion: { type: 'redirect', redirect: { url: successUrl } } }),
    ...(maxPayments === undefined ? {} : { restrictions: { completed_sessions: { limit: maxPayments } } }),
    ...(methods === undefined ? {} : { payment_method_types: methods.map(type => stripeNameOf(type, 'methods')) }),
    ...(input.collectTaxId === true ? { tax_id_collection: { enabled: true } } : {}),
    ...collectParams(input.collect),
    expand
  }
}

function linkOf (link: Stripe.PaymentLink): PaymentLinkSnapshot {
  const lines = link.line_items?.data
  if (lines === undefined || typeof link.active !== 'boolean') throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: 'a payment link without its lines' })
  return {
    providerReference: link.id,
    reference: link.metadata[metadataKeys.link],
    status: link.active ? 'active' : 'inactive',
    providerStatus: link.active ? 'active' : 'inactive',
    url: link.url,
    amount: moneyOf(lines.reduce((sum, line) => sum + line.amount_total, 0), link.currency),
    mode: modeOf(link.livemode)
  }
}
