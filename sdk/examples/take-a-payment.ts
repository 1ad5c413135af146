/** Takes a payment, tells a decline from a mistake of ours, and gives half of it back. */
import { type Client, InvalidRequestError, type Schemas } from '@pasarela/client'

export interface Order { id: string, amount: number, currency: string, token: string }

export async function takePayment (pasarela: Client, order: Order): Promise<Schemas['Payment']> {
  try {
    return await pasarela.post('/v1/payments', {
      body: { amount: order.amount, currency: order.currency, reference: order.id, method: { type: 'card', token: order.token } },
      // Yours, so that a second click, or a restart between sending and noting the answer, is the same payment.
      idempotencyKey: `order-${order.id}`
    })
  } catch (error) {
    // `errors` names each field, such as `lines[0].quantity`: show it beside the field of your form.
    if (error instanceof InvalidRequestError && error.errors.some(({ path }) => path === 'amount')) throw new RangeError(`${order.amount} cannot be charged`, { cause: error })
    throw error
  }
}

/** A declined payment is an answer, not an error: `status` tells. */
export function whatNow (payment: Schemas['Payment']): string {
  switch (payment.status) {
    case 'succeeded': return 'paid'
    case 'requires_payment_method': return `declined: ${payment.error?.message ?? 'try another card'}`
    case 'requires_action': return 'send the payer to next_action'
    case 'unknown': return 'wait for the webhook: the provider is being asked'
    default: return payment.status
  }
}

export async function refundHalf (pasarela: Client, payment: Schemas['Payment']): Promise<Schemas['Refund']> {
  return await pasarela.post('/v1/payments/{id}/refunds', { path: { id: payment.id }, body: { amount: Math.floor(payment.amount_captured / 2), reason: 'requested_by_customer' } })
}

/** The totals of a day, by currency, in minor units: the list is read page after page. */
export async function takenSince (pasarela: Client, since: Date): Promise<Map<string, number>> {
  const totals = new Map<string, number>()
  for await (const { currency, amount_captured: captured, amount_refunded: refunded } of pasarela.list('/v1/payments', { query: { created_from: since.toISOString(), status: 'succeeded', limit: 100 } })) {
    totals.set(currency, (totals.get(currency) ?? 0) + captured - refunded)
  }
  return totals
}
