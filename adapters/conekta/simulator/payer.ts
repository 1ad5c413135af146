import { addCharge, createOrder } from './books.ts'
import type { World } from './world.ts'

/** By the order of a hosted page, or the checkout of a link. */
export function payPage (world: World, reference: string, token: string): string {
  for (const account of world.accounts.values()) {
    const hosted = account.orders.find(({ id, checkout }) => checkout !== undefined && (id === reference || checkout.id === reference))
    const checkout = hosted?.checkout ?? account.checkouts.find(({ id }) => id === reference)
    if (checkout === undefined) continue
    if (checkout.status !== 'Issued') throw new Error(`the page is ${String(checkout.status)}`)
    const order = hosted ?? createOrder(world, account, { customer_info: { name: 'Ana Pérez', email: 'ana@shop.test', phone: '5522997233' }, ...account.templates[checkout.id] })
    addCharge(world, account, order, { payment_method: { type: 'card', token_id: token } })
    if (hosted === undefined) {
      checkout.paid_payments_count++
      if (!checkout.recurrent || checkout.paid_payments_count >= (checkout.payments_limit_count ?? Infinity)) checkout.status = 'Finalized'
    }
    return order.id
  }
  throw new Error(`there is no page ${reference}`)
}
