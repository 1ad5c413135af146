import { type ConnectionContext, type CreatePaymentLinkInput, type PaymentLinkSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire } from './amounts.ts'
import { first, orDone, refusal } from './asking.ts'
import { allowedOf, endOf, isIssued } from './checkouts.ts'
import { get, post, put, segment } from './http.ts'
import { metadataOf } from './marks.ts'
import type { Checkout } from './objects.ts'
import { lineItems } from './order-params.ts'
import { modeOf } from './wire.ts'

/**
 * A payment link is a checkout of its own; each payer of it makes an order, with the metadata of the template. The link itself shows
 * neither amount nor metadata again, so its name carries the end of our reference. Source: OpenAPI 2.3.0, schemas checkout and
 * checkout_response, read 2026-11-21.
 */
export const links = {
  createPaymentLink: async (context, input) => linkOf(must(await post<Checkout>(context, '/checkouts', linkParams(input, context))), input.reference),

  getPaymentLink: async (context, providerReference) => linkOf(must(await get<Checkout>(context, `/checkouts/${segment(providerReference)}`))),

  findPaymentLink: async (context, { reference }) => {
    const ends = nameEnd(reference)
    const found = await first<Checkout & { created_at?: number }>(context, '/checkouts', {}, ({ name }) => name.endsWith(ends))
    return found === undefined ? undefined : linkOf(found, reference)
  },

  expirePaymentLink: async (context, { providerReference }) => {
    const end = () => put<Checkout>(context, `/checkouts/${segment(providerReference)}/cancel`)
    const there = async () => {
      const link = must(await get<Checkout>(context, `/checkouts/${segment(providerReference)}`))
      return isIssued(link.status) ? undefined : link
    }
    return linkOf(must(await orDone(end, there)))
  }
} satisfies Partial<PaymentsFamily>

function linkParams (input: CreatePaymentLinkInput, context: ConnectionContext): object {
  const wire = chargeOnWire(input.amount, 'card', context.settings)
  if (input.capture === 'manual') throw refusal('capture', 'a link of Conekta’s takes the money at once', 'unsupported')
  return {
    type: 'PaymentLink',
    name: named(input.description ?? input.orderReference ?? 'Pago', input.reference),
    recurrent: input.maxPayments !== 1,
    ...(input.maxPayments !== undefined && input.maxPayments > 1 && { payments_limit_count: input.maxPayments }),
    expires_at: endOf(input.expiresAt, context),
    allowed_payment_methods: allowedOf(input.methods),
    needs_shipping_contact: false,
    ...(input.successUrl !== undefined && { success_url: input.successUrl }),
    order_template: {
      currency: input.amount.currency,
      line_items: lineItems(input.lines, { ...input.amount, amount: wire }, input.description ?? input.orderReference),
      metadata: metadataOf(input.metadata, { link: input.reference, order: input.orderReference })
    }
  }
}

/** The last twelve characters of our reference: 48 bits, read by the payer as a folio. */
function nameEnd (reference: string): string {
  return ` · ${reference.slice(-12).toUpperCase()}`
}

function named (text: string, reference: string): string {
  const end = nameEnd(reference)
  return text.slice(0, 120 - end.length) + end
}

function must (checkout: Checkout): Checkout {
  if (checkout.object !== 'checkout' || typeof checkout.url !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return checkout
}

function linkOf (checkout: Checkout, reference?: string): PaymentLinkSnapshot {
  const word = checkout.status ?? 'unknown'
  return {
    providerReference: checkout.id,
    ...(reference !== undefined && { reference }),
    status: isIssued(checkout.status) ? 'active' : 'inactive',
    providerStatus: word,
    url: checkout.url!,
    mode: modeOf(checkout.livemode)
  }
}
