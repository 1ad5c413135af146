import { fromWire, type Money, ProviderError, toWire } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'

/** Wompi charges pesos, in hundredths, as ISO 4217 counts them too. Source: facts section 7.1, read 2026-11-21. */
export const currencies = ['COP'] as const

/** 1,500 pesos: what merchants see, not published. The setting `cop_minimum` decides (QUIRKS.md). */
export const defaultMinimum = 150_000

export const amounts = { COP: { minimum: defaultMinimum } }

/** Wompi's `amount_in_cents` for a charge. */
export function chargeOnWire (money: Money, settings: Readonly<Record<string, unknown>>): number {
  if (money.currency !== 'COP') throw refusal('currency', 'Wompi charges Colombian pesos', 'unsupported')
  const minimum = typeof settings.cop_minimum === 'number' ? settings.cop_minimum : 1
  if (money.amount < Math.max(minimum, 1)) throw refusal('amount', `${money.amount} COP is below the minimum of ${minimum}`, 'amount_invalid')
  return toWire(money)
}

/** What Wompi counted, in our minor units. */
export function moneyOf (wire: number, currency: string): Money {
  try {
    return fromWire(wire, currency.toUpperCase())
  } catch (cause) {
    throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${wire} ${currency}`, cause })
  }
}
