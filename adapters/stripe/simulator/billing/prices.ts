import { checkCurrency } from '../amounts.ts'
import { invalid, missingIn } from '../errors.ts'
import { emit } from '../events.ts'
import type { Interval, Price } from '../objects.ts'
import { anything, atLeast, boolean, created, expand, listOf, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text, unsettable, type Check, type Checked } from '../params.ts'
import { route } from '../routing.ts'
import { page, wanted } from '../shelf.ts'
import type { Call } from '../world.ts'
import { changes } from '../customers.ts'
import { newProduct } from './new-product.ts'

const recurring = object({
  interval: needed(oneOf('day', 'week', 'month', 'year')),
  interval_count: atLeast(1),
  meter: text(),
  trial_period_days: atLeast(0),
  usage_type: oneOf('licensed', 'metered')
})

/** A decimal of whole minor units: fractions of a centavo are Stripe's, not the simulator's. */
const wholeDecimal: Check<number> = (value, param) => {
  if (typeof value !== 'string' || !/^\d{1,12}(\.0+)?$/.test(value)) throw invalid(`Invalid decimal: ${String(value)}`, { param })
  return Math.trunc(Number(value))
}

const productData = object({ name: needed(text()), active: boolean, description: text(), id: text(), images: anything, metadata, statement_descriptor: text(), tax_code: text(), tax_details: anything, unit_label: text() })
const taxBehavior = oneOf('exclusive', 'inclusive', 'unspecified')

/** What a price is made of wherever one is given in line. */
export const priceShape = {
  currency: needed(text()),
  currency_options: openObject,
  custom_unit_amount: openObject,
  metadata,
  recurring,
  tax_behavior: taxBehavior,
  unit_amount: atLeast(0),
  unit_amount_decimal: wholeDecimal
}

/** `price_data`: a price for one use. */
export const priceData = object({ ...priceShape, product: text(), product_data: productData })
export type PriceData = Checked<typeof priceData>

/** Three years at most. Source: https://docs.stripe.com/api/prices/create, read 2026-11. */
const longest: Record<Interval, number> = { day: 1095, week: 156, month: 36, year: 3 }

export const priceRoutes = [
  route('POST', '/v1/prices', object({
    ...priceShape,
    active: boolean,
    billing_scheme: oneOf('per_unit', 'tiered'),
    expand,
    lookup_key: text({ max: 200 }),
    nickname: text(),
    product: text(),
    product_data: productData,
    tiers: anything,
    tiers_mode: text(),
    transfer_lookup_key: boolean,
    transform_quantity: anything
  }), (call, params) => {
    if (params.tiers !== undefined || params.billing_scheme === 'tiered') throw invalid('Tiered prices are not simulated.', { param: 'tiers' })
    const { lookup_key: lookupKey = null } = params
    const holder = lookupKey === null ? undefined : call.books.prices.items.find(each => each.lookup_key === lookupKey)
    if (holder !== undefined) {
      if (params.transfer_lookup_key !== true) throw invalid(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: 'lookup_key' })
      holder.lookup_key = null
    }
    const price = newPrice(call, params, '')
    Object.assign(price, { active: params.active ?? true, lookup_key: lookupKey, nickname: params.nickname ?? null })
    emit(call, 'price.created', { ...price })
    return { ...price }
  }),
  route('GET', '/v1/prices', object({ ...paging, active: boolean, created, currency: text(), lookup_keys: listOf(text()), product: text(), recurring: object({ interval: text(), meter: text(), usage_type: text() }), type: oneOf('one_time', 'recurring') }), ({ books }, params) =>
    page(books.prices, params, '/v1/prices', 'price', each => each, each =>
      (params.active === undefined || each.active === params.active) && (params.currency === undefined || each.currency === params.currency) &&
      (params.lookup_keys === undefined || (each.lookup_key !== null && params.lookup_keys.includes(each.lookup_key))) && (params.product === undefined || each.product === params.product) &&
      (params.type === undefined || each.type === params.type) && (params.recurring?.interval === undefined || each.recurring?.interval === params.recurring.interval))),
  route('GET', '/v1/prices/:id', object({ expand }), ({ books }, _, { id }) => wanted(books.prices, id!, 'price', 'price')),
  route('POST', '/v1/prices/:id', object({
    active: boolean, currency_options: openObject, expand, lookup_key: unsettable(text({ max: 200 })), metadata, nickname: unsettable(text()), tax_behavior: taxBehavior, transfer_lookup_key: boolean
  }), (call, params, { id }) => {
    const price = wanted(call.books.prices, id!, 'price', 'price')
    const before = { ...price }
    const { metadata: given, expand: _, transfer_lookup_key: __, currency_options: ___, ...values } = params
    Object.assign(price, values, { metadata: mergeMetadata(price.metadata, given) })
    emit(call, 'price.updated', { ...price }, changes(before, price))
    return { ...price }
  })
]

/** A new price of a product that exists, or of one that is given with it. `at` names the hash in which it stands. */
export function newPrice (call: Call, data: PriceData, at: string): Price {
  const { world, books } = call
  const name = (param: string) => at === '' ? param : `${at}[${param}]`
  const currency = checkCurrency(data.currency)
  const amount = data.unit_amount ?? data.unit_amount_decimal
  if (data.custom_unit_amount !== undefined) throw invalid('Prices that the payer chooses (`custom_unit_amount`) are not simulated.', { param: name('custom_unit_amount') })
  if (amount === undefined) throw invalid(`Missing required param: ${name('unit_amount')}.`, { code: 'parameter_missing', param: name('unit_amount') })
  if (data.unit_amount !== undefined && data.unit_amount_decimal !== undefined) throw invalid('You may only specify one of these parameters: unit_amount, unit_amount_decimal.', { code: 'parameters_exclusive', param: name('unit_amount') })
  if ((data.product === undefined) === (data.product_data === undefined)) throw invalid(`You must provide one of \`${name('product')}\` and \`${name('product_data')}\`.`, { code: 'parameter_missing', param: name('product') })
  if (data.product !== undefined && books.products.get(data.product) === undefined) throw missingIn('product', data.product, name('product'))
  const { recurring: every } = data
  if (every?.usage_type === 'metered') throw invalid('Metered prices are not simulated.', { param: name('recurring[usage_type]') })
  const count = every?.interval_count ?? 1
  if (every !== undefined && count > longest[every.interval]) throw invalid('The maximum interval is three years.', { param: name('recurring[interval_count]') })
  const product = data.product ?? newProduct(call, { ...data.product_data!, active: at === '' }).id
  return books.prices.add({
    id: world.id('price_1'),
    object: 'price',
    // One that was given in line is for that use only.
    active: at === '' || at === 'default_price_data',
    billing_scheme: 'per_unit',
    created: world.now(),
    currency,
    custom_unit_amount: null,
    livemode: books.livemode,
    lookup_key: null,
    metadata: data.metadata ?? {},
    nickname: null,
    product,
    recurring: every === undefined ? null : { interval: every.interval, interval_count: count, meter: null, trial_period_days: every.trial_period_days ?? null, usage_type: 'licensed' },
    tax_behavior: data.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: every === undefined ? 'one_time' : 'recurring',
    unit_amount: amount,
    unit_amount_decimal: String(amount)
  })
}

/** The price that a position names, or the one that it brings. */
export function priceOf (call: Call, { price, price_data: data }: { price?: string, price_data?: PriceData }, at: string): Price {
  if ((price === undefined) === (data === undefined)) throw invalid(`You must specify exactly one of \`${at}[price]\` and \`${at}[price_data]\`.`, { code: 'parameter_missing', param: `${at}[price]` })
  if (data !== undefined) return newPrice(call, data, `${at}[price_data]`)
  const found = call.books.prices.get(price!)
  if (found === undefined) throw missingIn('price', price!, `${at}[price]`)
  if (!found.active) throw invalid('The price specified is inactive. This field only accepts active prices.', { param: `${at}[price]` })
  return found
}
