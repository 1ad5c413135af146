import { invalid } from './errors.ts'

/**
 * What Stripe takes as an amount. Source: https://docs.stripe.com/currencies, read 2026-11 (facts: payments.md 1.4).
 * Amounts are in Stripe's unit, which is not ISO 4217's for ISK and UGX (sent with two decimals that must be 00).
 */
const zeroDecimal = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '))
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '))
const wholeOnly = new Set(['isk', 'ugx'])

const twoDecimal = new Set(('usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd ' +
  'egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mro mur mvr mwk mxn ' +
  'myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs wst xcd ' +
  'yer zar zmw').split(' '))

/** Smallest charge, in Stripe's unit. */
const minimum: Record<string, number> = {
  usd: 50, aed: 200, ars: 50, aud: 50, bgn: 100, brl: 50, cad: 50, chf: 50, cop: 50, czk: 1500, dkk: 250, eur: 50, gbp: 30, hkd: 400, huf: 17500,
  inr: 50, jpy: 50, mxn: 1000, myr: 200, nok: 300, nzd: 50, pln: 200, ron: 200, sek: 300, sgd: 50, thb: 1000
}

const cardDigits = 12

export function checkCurrency (currency: string): string {
  const code = currency.toLowerCase()
  if (!zeroDecimal.has(code) && !threeDecimal.has(code) && !twoDecimal.has(code)) {
    const all = [...twoDecimal, ...zeroDecimal, ...threeDecimal].join(', ')
    throw invalid(`Invalid currency: ${code}. Stripe currently supports these currencies: ${all}`, { param: 'currency' })
  }
  return code
}

/** An amount that can be charged at all. */
export function checkAmount (amount: number, currency: string, param = 'amount'): void {
  const least = minimum[currency] ?? 1
  if (amount < least) throw invalid(`Amount must be at least ${display(least, currency)} ${currency}`, { code: 'amount_too_small', param })
  const most = 10 ** cardDigits - 1
  if (amount > most) throw invalid(`Amount must be no more than ${display(most, currency)}`, { code: 'amount_too_large', param })
  checkUnit(amount, currency, param)
}

/** American Express takes nine digits. */
export function checkAmexAmount (amount: number, currency: string): void {
  if (amount > 999_999_999) throw invalid(`Amount must be no more than ${display(999_999_999, currency)}`, { code: 'amount_too_large', param: 'amount' })
}

/** Smaller sums are not charged: an invoice puts them on the customer's balance. */
export function smallest (currency: string): number {
  return minimum[currency] ?? 1
}

export function checkUnit (amount: number, currency: string, param = 'amount'): void {
  if (threeDecimal.has(currency) && amount % 10 !== 0) {
    throw invalid(`Invalid amount: the least-significant digit must be 0 for ${currency.toUpperCase()}.`, { param })
  }
  if (wholeOnly.has(currency) && amount % 100 !== 0) {
    throw invalid(`Invalid integer: ${currency.toUpperCase()} amounts must end in 00, as the currency has no minor unit.`, { code: 'parameter_invalid_integer', param })
  }
}

/** As Stripe writes money in its sentences. */
export function display (amount: number, currency: string): string {
  const decimals = zeroDecimal.has(currency) ? 0 : threeDecimal.has(currency) ? 3 : 2
  const figure = (amount / 10 ** decimals).toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
  return `${symbols[currency] ?? '$'}${figure}`
}

const symbols: Record<string, string> = { eur: '€', gbp: '£', jpy: '¥', inr: '₹' }

/** How many decimals an amount of this currency has on the wire. */
export function wireDigits (currency: string): number {
  return zeroDecimal.has(currency) ? 0 : threeDecimal.has(currency) ? 3 : 2
}
