import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'
import { every, stamp, windowOf } from './asking.ts'
import { get, numbered } from './http.ts'
import type { Payment } from './objects.ts'

export async function readPayment (context: ConnectionContext, id: string): Promise<Payment> {
  return mustBe(await get<Payment>(context, `/v1/payments/${numbered(id)}`))
}

/** An answer that is no payment hides what happened. */
export function mustBe (payment: Payment): Payment {
  if (typeof payment.id !== 'number' || typeof payment.status !== 'string' || typeof payment.transaction_amount !== 'number' || typeof payment.currency_id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return payment
}

/** All attempts under our reference, the newest first. */
export async function attempts (context: ConnectionContext, { reference, from, to }: { reference: string, from?: Date, to?: Date }): Promise<Payment[]> {
  const window = from === undefined || to === undefined ? undefined : windowOf({ from, to })
  const range = window === undefined ? {} : { range: 'date_created', begin_date: stamp(window.from), end_date: stamp(window.to) }
  const found = await every<Payment>(context, '/v1/payments/search', { sort: 'date_created', criteria: 'desc', external_reference: reference, ...range })
  return found.map(mustBe).filter(payment => payment.external_reference === reference)
}
