import { type CheckoutLine, type CheckoutSnapshot, type CollectInput, type ConnectionContext, type Money, type PaymentLinkSnapshot, type PaymentsFamily } from '../../index.ts'
import type { ToyClient } from './client.ts'
import type { WirePage } from './wire.ts'

const states = { open: 'open', paid: 'complete', ended: 'expired' } as const

export function toyPages ({ bug, call, first, wireAmount, moneyOf }: ToyClient) {
  const sessionOf = (page: WirePage): CheckoutSnapshot => ({
    providerReference: page.id, reference: page.reference, status: states[page.state], providerStatus: page.state, url: page.url, amount: moneyOf(page.amount, page.currency), paymentProviderReference: page.payment, collected: page.asks ? page.typed : bug === 'types_for_payers' && page.payment !== undefined ? { tax_id: 'XAXX010101000' } : undefined
  })
  const linkOf = (page: WirePage): PaymentLinkSnapshot => ({
    providerReference: page.id, reference: page.reference, status: page.state === 'ended' ? 'inactive' : 'active', providerStatus: page.state, url: page.url, amount: moneyOf(page.amount, page.currency)
  })
  const make = async (context: ConnectionContext, kind: WirePage['kind'], { amount, reference, lines, collect, idempotencyKey }: { amount: Money, reference: string, lines?: CheckoutLine[], collect?: CollectInput, idempotencyKey: string }) =>
    await call(context, 'POST', `/v1/${kind}s`, {
      amount: wireAmount(bug === 'page_amount' ? { ...amount, amount: amount.amount / 2 } : amount),
      currency: amount.currency,
      reference,
      lines: bug === 'any_lines' ? undefined : lines?.map(({ quantity, unitAmount }) => ({ quantity, price: wireAmount({ ...amount, amount: unitAmount }) })),
      asks: collect !== undefined && bug !== 'asks_nothing',
      nameless: bug === 'nameless_page_payment' || bug === 'nameless_link_payment'
    }, bug === 'page_without_key' ? undefined : idempotencyKey) as WirePage
  const read = async (context: ConnectionContext, id: string) => await call(context, 'GET', `/v1/pages/${encodeURIComponent(id)}`) as WirePage
  const end = async (context: ConnectionContext, id: string, key: string) => await call(context, 'POST', `/v1/pages/${encodeURIComponent(id)}/end`, {}, key) as WirePage

  return {
    createCheckout: async (context, input) => sessionOf(await make(context, 'session', input)),
    getCheckout: async (context, id) => sessionOf(await read(context, id)),
    async findCheckout (context, { reference }) {
      const found = await first<WirePage>(context, '/v1/sessions', bug === 'finds_any_page' ? undefined : reference)
      return found && sessionOf(found)
    },
    async getCheckoutOf (context, payment) {
      const { data: [made] } = await call(context, 'GET', `/v1/pages?payment=${encodeURIComponent(payment)}`) as { data: WirePage[] }
      if (made === undefined) return undefined
      return sessionOf(bug === 'first_payer_only' && made.typed !== undefined ? { ...made, typed: { ...made.typed, tax_id: 'EKU9003173C9' } } : made)
    },
    async expireCheckout (context, { providerReference, idempotencyKey }) {
      if (bug === 'page_stays') return { ...sessionOf(await read(context, providerReference)), status: 'expired' }
      if (bug !== 'ends_paid_page') return sessionOf(await end(context, providerReference, idempotencyKey))
      const page = await end(context, providerReference, idempotencyKey).catch(() => read(context, providerReference))
      return { ...sessionOf(page), status: 'expired' }
    },
    createPaymentLink: async (context, input) => linkOf(await make(context, 'link', input)),
    getPaymentLink: async (context, id) => linkOf(await read(context, id)),
    async findPaymentLink (context, { reference }) {
      const found = await first<WirePage>(context, '/v1/links', bug === 'finds_any_link' ? undefined : reference)
      return found && linkOf(found)
    },
    async expirePaymentLink (context, { providerReference, idempotencyKey }) {
      if (bug === 'link_stays') return { ...linkOf(await read(context, providerReference)), status: 'inactive' }
      return linkOf(await end(context, providerReference, idempotencyKey))
    }
  } satisfies Partial<PaymentsFamily>
}
