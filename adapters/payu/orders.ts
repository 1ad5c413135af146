import { type ConnectionContext, type PaymentSnapshot, ProviderError } from '../../core/adapter/index.ts'
import { notFound } from './errors.ts'
import { command } from './http.ts'
import type { Envelope, Order } from './objects.ts'
import { snapshotOf } from './wire.ts'

/** The order, as it stands. Numbers only are orders: another word need not be asked for. */
export async function readOrder (context: ConnectionContext, id: string): Promise<Order> {
  if (!/^\d{1,15}$/.test(id)) throw notFound('ORDER_DETAIL')
  const payload = payloadOf(await asked(context, 'ORDER_DETAIL', { orderId: Number(id) }))
  const order = (Array.isArray(payload) ? payload[0] : payload) as Order | undefined
  if (order === undefined || order === null) throw notFound('ORDER_DETAIL')
  return mustBe(order)
}

/** Every order of a reference: each attempt is one. */
export async function ordersOf (context: ConnectionContext, referenceCode: string): Promise<Order[]> {
  const payload = payloadOf(await asked(context, 'ORDER_DETAIL_BY_REFERENCE_CODE', { referenceCode }))
  const orders = payload === null || payload === undefined ? [] : Array.isArray(payload) ? payload as Order[] : [payload as Order]
  return orders.map(mustBe).filter(order => order.referenceCode === undefined || order.referenceCode === null || order.referenceCode === referenceCode)
}

/** One with money on it before all others, else the newest. */
export async function bestOf (context: ConnectionContext, referenceCode: string): Promise<PaymentSnapshot | undefined> {
  const told = (await ordersOf(context, referenceCode)).toSorted((a, b) => Number(b.id) - Number(a.id)).map(order => seen(context, order))
  const rank = (status: PaymentSnapshot['status']) => ['succeeded', 'authorized', 'processing', 'requires_action'].indexOf(status)
  return told.toSorted((a, b) => (rank(a.status) + 10) % 10 - (rank(b.status) + 10) % 10)[0]
}

/** In our words; its refunds only where the account's orders are known to show them. */
export const seen = (context: ConnectionContext, order: Order): PaymentSnapshot => snapshotOf(order, { listed: context.settings.refunds_are_listed === true })

/** "There is none" may be said as an error, too. */
async function asked (context: ConnectionContext, name: string, details: object): Promise<Envelope> {
  try {
    return await command(context, 'reports', name, { details })
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.code === 'not_found') return { code: 'SUCCESS', result: null }
    throw thrown
  }
}

const payloadOf = ({ result }: Envelope): unknown => result?.payload

function mustBe (order: Order): Order {
  if (typeof order !== 'object' || (typeof order.id !== 'number' && typeof order.id !== 'string')) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return order
}
