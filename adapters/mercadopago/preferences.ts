import { type CheckoutLine, type ConnectionContext, type Money, type PayerInput, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire, moneyOf } from './amounts.ts'
import { dateOf, every, isWithin, refusal, stamp, windowOf } from './asking.ts'
import { homeOf } from './countries.ts'
import { get, post, put, segment } from './http.ts'
import { metadataOf } from './marks.ts'
import type { Preference } from './objects.ts'
import { itemsOf, outside } from './payment-params.ts'
import { isTestToken } from './wire.ts'

/** Checkout Pro: a preference is a page, and its `init_point` is the link. Source: facts section 3.2, schema PreferenceRequest; read 2026-11-21. */

interface Page {
  reference: string
  amount: Money
  lines?: CheckoutLine[]
  description?: string
  orderReference?: string
  capture: 'automatic' | 'manual'
  methods?: string[]
  statementDescriptor?: string
  metadata?: Record<string, string>
  successUrl?: string
  cancelUrl?: string
  expiresAt?: Date
  customer?: PayerInput
}

export async function createPreference (context: ConnectionContext, input: Page): Promise<Preference> {
  if (input.capture === 'manual') throw refusal('capture', 'a page of Checkout Pro takes the money at once', 'unsupported')
  const home = await homeOf(context)
  chargeOnWire(input.amount, 'page', home, context.settings)
  const title = input.description ?? input.orderReference ?? 'Pago'
  const excluded = excludedTypes(input.methods)
  const { customer } = input
  const [name, ...rest] = (customer?.name ?? '').trim().split(/\s+/)
  return must(await post<Preference>(context, '/checkout/preferences', {
    items: itemsOf(input.lines, input.amount, title).map(item => ({ ...item, currency_id: home.currency })),
    external_reference: input.reference,
    metadata: metadataOf(input.metadata, { order: input.orderReference }),
    ...(customer !== undefined && { payer: { ...(name && { name }), ...(rest.length > 0 && { surname: rest.join(' ') }), ...(customer.email !== undefined && { email: customer.email }) } }),
    ...(input.successUrl !== undefined && { back_urls: { success: input.successUrl, pending: input.successUrl, failure: input.cancelUrl ?? input.successUrl }, ...(/^https:/.test(input.successUrl) && { auto_return: 'approved' }) }),
    ...(excluded.length > 0 && { payment_methods: { excluded_payment_types: excluded.map(id => ({ id })) } }),
    ...(input.statementDescriptor !== undefined && { statement_descriptor: input.statementDescriptor.slice(0, 22) }),
    ...(input.expiresAt !== undefined && { expires: true, expiration_date_to: stamp(input.expiresAt) })
  }))
}

export const readPreference = async (context: ConnectionContext, id: string): Promise<Preference> => must(await get<Preference>(context, `/checkout/preferences/${segment(id)}`))

/** By our reference. The list tells less of each than the preference itself. */
export async function findPreference (context: ConnectionContext, { reference, from, to }: { reference: string, from: Date, to: Date }): Promise<Preference | undefined> {
  const listed = await every<Preference>(context, '/checkout/preferences/search', { external_reference: reference })
  for (const { id } of listed) {
    const found = await readPreference(context, id)
    if (found.external_reference === reference && (found.date_created == null || isWithin(found.date_created, windowOf({ from, to })))) return found
  }
  return undefined
}

/** The end is now: `expiration_date_to` in the past closes the page. The items are required of every change (schema PreferenceRequest). */
export async function endPreference (context: ConnectionContext, preference: Preference): Promise<Preference> {
  const items = preference.items.map(({ title, quantity, unit_price, currency_id: currency }) => ({ title, quantity, unit_price, ...(currency !== undefined && { currency_id: currency }) }))
  return must(await put<Preference>(context, `/checkout/preferences/${segment(preference.id)}`, { items, expires: true, expiration_date_to: stamp(context.now()) }))
}

export function isOver ({ expires, expiration_date_to: end }: Preference, now: Date): boolean {
  const at = dateOf(end)
  return expires === true && at !== undefined && at <= now
}

export function urlOf ({ init_point: url, sandbox_init_point: sandbox }: Preference, { credentials }: ConnectionContext): string {
  return (isTestToken(credentials) ? sandbox ?? url : url)!
}

export function amountOf ({ items }: Preference): Money {
  const [{ currency_id: currency } = {}] = items
  if (currency === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: 'a preference without a currency' })
  const amount = items.reduce((sum, { unit_price: price, quantity }) => sum + moneyOf(price, currency).amount * quantity, 0)
  return { amount, currency }
}

function must (preference: Preference): Preference {
  if (typeof preference.id !== 'string' || typeof preference.init_point !== 'string' || !Array.isArray(preference.items)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return preference
}

const cardTypes = ['credit_card', 'debit_card', 'prepaid_card']
const typesOf: Record<string, string[]> = { card: cardTypes, oxxo: ['ticket'], paycash: ['ticket'], efecty: ['ticket'], boleto: ['ticket'], bancomer: ['atm'], banamex: ['atm'], spei: ['bank_transfer'], pse: ['bank_transfer'], pix: ['bank_transfer'] }

/** A page leaves out what is not named; by kind, not by name, for the kinds alone are the same in every country. */
function excludedTypes (methods: readonly string[] | undefined): string[] {
  if (methods === undefined) return []
  const named = methods.flatMap(type => {
    const types = typesOf[type]
    if (types === undefined || (type !== 'card' && outside[type] === undefined)) throw refusal('methods', `a page of Mercado Pago’s does not offer ${type}`, 'unsupported')
    return types
  })
  return [...new Set(Object.values(typesOf).flat())].filter(type => !named.includes(type))
}
