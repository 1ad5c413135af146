import { exponentOf, type Money, money, ProviderError } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'
import { currencies } from './countries.ts'

/**
 * Amounts are JSON numbers in major units, split by what they are taxed with; the total is the sum. (The card-present API counts in
 * another way and is not ours.) Source: facts section 6.1, read 2026-11-21.
 */
export interface WireAmount {
  subtotalIva: number
  subtotalIva0: number
  iva: number
  /** Not told in Colombian pesos. */
  ice?: number
  currency: string
  extraTaxes?: Partial<Record<ExtraTax, number>>
}

type ExtraTax = 'propina' | 'tasaAeroportuaria' | 'agenciaDeViaje' | 'iac'

/** Twelve digits: no limit is published, and so many a JSON number surely tells apart. */
export const amounts = Object.fromEntries(currencies.map(currency => [currency, { maximum: currency === 'CLP' ? 9_999_999_999 : 999_999_999_999 }]))

/** Our minor units as Kushki's number. Exact: the text of the decimal is made first, nothing is divided. */
export function numberOnWire (minor: number, currency: string): number {
  const exponent = exponentOf(currency)
  const digits = String(minor).padStart(exponent + 1, '0')
  return Number(exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`)
}

/** Kushki's number in our minor units. Undefined for what is no amount of that currency; the tail of a sum of floats (0.30000000000000004) is none of it. */
export function minorOf (wire: unknown, currency: string): number | undefined {
  if (!(currencies as readonly string[]).includes(currency)) return undefined
  const value = typeof wire === 'string' && /^\d{1,13}(\.\d+)?$/.test(wire) ? Number(wire) : wire
  if (typeof value !== 'number' || !(value >= 0 && value < 1e13)) return undefined
  const minor = Math.round(value * 10 ** exponentOf(currency))
  return Math.abs(numberOnWire(minor, currency) - value) <= Math.max(value, 1) * 4 * Number.EPSILON ? minor : undefined
}

/** What Kushki counted. Throws ProviderError `unknown` where it cannot be said exactly. */
export function moneyOf (wire: unknown, currency: string): Money {
  const minor = minorOf(wire, currency)
  if (minor === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${String(wire)} ${currency}` })
  return money(minor, currency)
}

/** Refused where Kushki cannot say it. */
export function check ({ amount, currency }: Money, settings: Readonly<Record<string, unknown>>, param = 'amount'): void {
  if (!(currencies as readonly string[]).includes(currency)) throw refusal('currency', `Kushki charges ${currencies.join(', ')}`, 'unsupported')
  if (!Number.isSafeInteger(amount) || amount <= 0) throw refusal(param, `${amount} is not an amount to move`, 'amount_invalid')
  if (amount > amounts[currency]!.maximum) throw refusal(param, `${amount} ${currency} is more than Kushki can say`, 'amount_invalid')
  if (currency === 'COP' && settings.cop_whole === true && amount % 100 !== 0) throw refusal(param, 'this account takes whole pesos', 'amount_invalid')
}

/** Kinds of tax, by what the hub's callers call them. */
const kinds: [RegExp, 'iva' | 'ice' | ExtraTax][] = [
  [/^(iva|vat|igv)/, 'iva'], [/^ice/, 'ice'], [/^(iac|inc|consum)/, 'iac'], [/^(propina|tip)/, 'propina'], [/^tasa/, 'tasaAeroportuaria'], [/^agencia/, 'agenciaDeViaje']
]

/** The split: what is no tax is the base of the IVA where there is any, else the base without. Unknown taxes stay in the base. */
export function amountOnWire (total: Money, taxes: readonly { type: string, amount: number }[] = []): WireAmount {
  const { currency } = total
  const parts: Partial<Record<'iva' | 'ice' | ExtraTax, number>> = {}
  for (const { type, amount } of taxes) {
    const kind = kinds.find(([pattern]) => pattern.test(type.toLowerCase()))?.[1]
    // ICE is not told in Colombian pesos, and IAC is Colombia's.
    if (kind === undefined || (kind === 'ice' && currency === 'COP') || (kind === 'iac' && currency !== 'COP')) continue
    parts[kind] = (parts[kind] ?? 0) + amount
  }
  const base = total.amount - Object.values(parts).reduce((sum, part) => sum + part, 0)
  if (base < 0) throw refusal('tax_breakdown', 'the taxes are more than the amount', 'amount_invalid')
  const { iva = 0, ice = 0, ...extra } = parts
  const wire = (minor: number): number => numberOnWire(minor, currency)
  const extraTaxes = Object.fromEntries(Object.entries(extra).map(([name, minor]) => [name, wire(minor)]))
  return {
    subtotalIva: wire(iva > 0 ? base : 0),
    subtotalIva0: wire(iva > 0 ? 0 : base),
    iva: wire(iva),
    ...(currency !== 'COP' && { ice: wire(ice) }),
    currency,
    ...(Object.keys(extraTaxes).length > 0 && { extraTaxes })
  }
}

/** A part of what was charged, taxed as the whole was. */
export function partOnWire (part: Money, whole: number, iva: number): WireAmount {
  const ofIt = whole === 0 ? 0 : Number((BigInt(iva) * BigInt(part.amount) + BigInt(whole) / 2n) / BigInt(whole))
  return amountOnWire(part, ofIt > 0 ? [{ type: 'iva', amount: ofIt }] : [])
}

/** The sum of a split, in minor units. Undefined where a part is unreadable, or of another currency. */
export function totalOf (wire: unknown, currency: unknown): number | undefined {
  if (typeof wire !== 'object' || wire === null) return undefined
  const { extraTaxes, currency: own, ...parts } = wire as Record<string, unknown>
  const code = typeof own === 'string' ? own : currency
  if (typeof code !== 'string' || (typeof currency === 'string' && currency !== code)) return undefined
  const numbers = [...Object.entries(parts), ...Object.entries(typeof extraTaxes === 'object' && extraTaxes !== null ? extraTaxes : {})].filter(([, part]) => typeof part === 'number').map(([, part]) => minorOf(part, code))
  return numbers.length === 0 || numbers.includes(undefined) ? undefined : (numbers as number[]).reduce((sum, part) => sum + part, 0)
}
