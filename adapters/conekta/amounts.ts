import { fromWire, type Money, ProviderError, toWire } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'

/** Conekta counts centavos, as we do. Source: OpenAPI 2.3.0; USD where the account settles it. Read 2026-11-21. */
export const currencies = ['MXN', 'USD'] as const

/** `unit_price` is an int32 (OpenAPI 2.3.0, schema product), and one line carries the whole amount. */
const maximum = 2_147_483_647

/** Not published: 3 pesos is what its older pages named. The setting `mxn_minimum` decides (QUIRKS.md). */
export const defaultMinimum = 300

export const amounts = { MXN: { minimum: defaultMinimum, maximum }, USD: { maximum } }

/** Conekta's integer, without a look at the minimum: for captures, refunds and plans. */
export function partOnWire (money: Money, param = 'amount'): number {
  if (!(currencies as readonly string[]).includes(money.currency)) throw refusal('currency', `Conekta charges ${currencies.join(' and ')}`, 'unsupported')
  if (!(money.amount > 0)) throw refusal(param, `${money.amount} is not an amount to move`, 'amount_invalid')
  if (money.amount > maximum) throw refusal(param, `${money.amount} is more than Conekta can say`, 'amount_invalid')
  return toWire(money)
}

/** Conekta's integer for a charge by this method. */
export function chargeOnWire (money: Money, type: string, settings: Readonly<Record<string, unknown>>): number {
  const wire = partOnWire(money)
  const minimum = money.currency === 'MXN' && typeof settings.mxn_minimum === 'number' ? settings.mxn_minimum : 1
  if (money.amount < minimum) throw refusal('amount', `${money.amount} ${money.currency} is below the minimum of ${minimum}`, 'amount_invalid')
  const most = settings.cash_maximum
  if (isCash(type) && typeof most === 'number' && money.amount > most) throw refusal('amount', `in cash at most ${most} ${money.currency}`, 'amount_invalid')
  return wire
}

export const isCash = (type: string): boolean => type === 'oxxo' || type === 'cash'

/** What Conekta counted, in our minor units. */
export function moneyOf (wire: number, currency: string): Money {
  try {
    return fromWire(wire, currency.toUpperCase())
  } catch (cause) {
    throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${wire} ${currency}`, cause })
  }
}
