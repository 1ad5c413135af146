import { priceData, priceOf, type PriceData } from '../billing/prices.ts'
import { invalid } from '../errors.ts'
import type { Line } from '../objects.ts'
import { atLeast, boolean, integer, listOf, needed, notSimulated, object, text } from '../params.ts'
import type { Books, Call } from '../world.ts'

const adjustable = object({ enabled: needed(boolean), maximum: integer, minimum: integer })

/** The positions of a session or of a link. */
export const lineItems = listOf(object({ adjustable_quantity: adjustable, dynamic_tax_rates: notSimulated, price: text(), price_data: priceData, quantity: atLeast(1), tax_rates: notSimulated }))

export interface GivenLine { price?: string, price_data?: PriceData, quantity?: number, adjustable_quantity?: { enabled: boolean, maximum?: number, minimum?: number } }

/** All in one currency, and of the kind that the mode takes. */
export function newLines (call: Call, given: GivenLine[], mode: 'payment' | 'subscription', most: number): Line[] {
  if (given.length > most) throw invalid(`Array line_items exceeded maximum ${most} allowed elements.`, { param: 'line_items' })
  const lines = given.map((each, i): Line => ({
    id: call.world.id('li_1'),
    price: priceOf(call, each, `line_items[${i}]`).id,
    quantity: each.quantity ?? missingQuantity(i),
    adjustable: each.adjustable_quantity === undefined ? null : { enabled: each.adjustable_quantity.enabled, maximum: each.adjustable_quantity.maximum ?? 99, minimum: each.adjustable_quantity.minimum ?? 0 }
  }))
  const prices = lines.map(each => call.books.prices.get(each.price)!)
  const other = prices.find(each => each.currency !== prices[0]!.currency)
  if (other !== undefined) throw invalid(`All prices on a Checkout Session must have the same currency: ${prices[0]!.currency} and ${other.currency} were given.`, { param: 'line_items' })
  if (mode === 'payment' && prices.some(each => each.recurring !== null)) {
    throw invalid('You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.', { param: 'line_items' })
  }
  if (mode === 'subscription' && !prices.some(each => each.recurring !== null)) throw invalid('You must provide at least one recurring price in `subscription` mode when using prices.', { param: 'line_items' })
  return lines
}

export function totalOf (books: Books, lines: Line[]): { amount: number, currency: string } {
  const prices = lines.map(line => books.prices.get(line.price)!)
  return { amount: lines.reduce((sum, line, i) => sum + prices[i]!.unit_amount * line.quantity, 0), currency: prices[0]!.currency }
}

function missingQuantity (i: number): never {
  throw invalid(`Missing required param: line_items[${i}][quantity].`, { code: 'parameter_missing', param: `line_items[${i}][quantity]` })
}
