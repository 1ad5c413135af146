import { type ConnectionContext, type Lookup, ProviderError } from '../../core/adapter/index.ts'
import { first, windowOf } from './asking.ts'
import { get, segment } from './http.ts'
import type { Order } from './objects.ts'
import { snapshotOf } from './wire.ts'

/** The order, as it stands. */
export async function readOrder (context: ConnectionContext, id: string): Promise<Order> {
  return mustBe(await get<Order>(context, `/orders/${segment(id)}`))
}

/** An answer that is no order hides what happened. */
export function mustBe (order: Order): Order {
  if (order.object !== 'order' || typeof order.id !== 'string' || typeof order.amount !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return order
}

/** By our mark, among the orders of a time: the list takes `created_at`; what its `search` looks through is not written down. */
export async function findOrder (context: ConnectionContext, lookup: Pick<Lookup, 'from' | 'to'>, matches: (order: Order) => boolean): Promise<Order | undefined> {
  const { from, to } = windowOf(lookup)
  const range = { 'created_at.gte': from, 'created_at.lte': to }
  let newest: Order | undefined
  // One with money on it comes before all others.
  const paid = await first<Order>(context, '/orders', range, order => {
    if (!matches(order)) return false
    if (newest === undefined || order.created_at > newest.created_at) newest = order
    const { status } = snapshotOf(order)
    return status === 'succeeded' || status === 'authorized'
  })
  return paid ?? newest
}
