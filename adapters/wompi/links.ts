import { type ConnectionContext, type CreatePaymentLinkInput, type PaymentLinkSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire, moneyOf } from './amounts.ts'
import { dateOf, refusal } from './asking.ts'
import { checkLines } from './checkouts.ts'
import { call, segment } from './http.ts'
import type { Link } from './objects.ts'

/**
 * A link that many may pay, or one. Its `sku` (36 characters) holds our id, and by it its payments are known as its own. Links are not
 * listed: one whose answer is lost cannot be found, and nobody has its address. Source: facts section 7.2, reference read 2026-11-21.
 */
export const links = {
  createPaymentLink: async (context, input) => linkOf(context, await call<Link>(context, { method: 'POST', path: '/payment_links', body: linkParams(context, input), key: 'private' })),

  getPaymentLink: async (context, providerReference) => linkOf(context, await call<Link>(context, { method: 'GET', path: `/payment_links/${segment(providerReference)}`, key: 'private' })),

  expirePaymentLink: async (context, { providerReference }) => linkOf(context, await call<Link>(context, { method: 'PATCH', path: `/payment_links/${segment(providerReference)}`, body: { active: false }, key: 'private' }))
} satisfies Partial<PaymentsFamily>

function linkParams ({ settings }: ConnectionContext, input: CreatePaymentLinkInput): object {
  if (input.capture === 'manual') throw refusal('capture', 'Wompi takes the money at once', 'unsupported')
  if (input.maxPayments !== undefined && input.maxPayments > 1) throw refusal('max_payments', 'a link of Wompi’s is paid once, or by anybody', 'unsupported')
  if (input.methods !== undefined) throw refusal('methods', 'Wompi’s page offers what the account has; it cannot be narrowed', 'unsupported')
  checkLines(input.lines, input.amount)
  if (input.reference.length > 36) throw refusal('reference', 'Wompi keeps 36 characters')
  const name = input.description ?? input.orderReference ?? 'Pago'
  return {
    name: name.slice(0, 64),
    description: (input.lines?.map(line => `${line.quantity} × ${line.name}`).join(', ') ?? name).slice(0, 250),
    single_use: input.maxPayments === 1,
    collect_shipping: false,
    currency: input.amount.currency,
    amount_in_cents: chargeOnWire(input.amount, settings),
    sku: input.reference,
    // In UTC, without its letter. Source: guide of payment links.
    ...(input.expiresAt !== undefined && { expires_at: input.expiresAt.toISOString().slice(0, 19) }),
    ...(input.successUrl !== undefined && { redirect_url: input.successUrl })
  }
}

function linkOf (context: ConnectionContext, link: Link): PaymentLinkSnapshot {
  if (typeof link.id !== 'string' || typeof link.active !== 'boolean') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const ends = dateOf(link.expires_at && /Z$|[+-]\d\d:?\d\d$|UTC$/.test(link.expires_at) ? link.expires_at : link.expires_at && `${link.expires_at}Z`)
  const isOver = ends !== undefined && ends <= context.now()
  return {
    providerReference: link.id,
    ...(link.sku && { reference: link.sku }),
    status: link.active && !isOver ? 'active' : 'inactive',
    providerStatus: link.active ? isOver ? 'expired' : 'active' : 'inactive',
    url: `${context.origin('checkout')}/l/${segment(link.id)}`,
    ...(typeof link.amount_in_cents === 'number' && { amount: moneyOf(link.amount_in_cents, link.currency ?? 'COP') }),
    mode: context.mode
  }
}
