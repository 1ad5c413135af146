import type { MethodType } from './objects.ts'

/** What Stripe keeps of a charge: a share and a fixed sum in the account's own currency, and the tax on both where it is charged. */
interface Tariff {
  currency: string
  card: Rate
  oxxo?: Rate
  customer_balance?: Rate
  /** Kept for a dispute, won or lost. */
  dispute: number
  /** Share of the fee that is added as tax, and what it is called. */
  tax?: { share: number, name: string }
}

interface Rate { share: number, fixed: number, most?: number }

/**
 * Domestic cards, without what single contracts agree. Source: https://stripe.com/{mx,us,br,ca,gb,es}/pricing and, for Mexico's other methods,
 * https://stripe.com/es-mx/pricing/local-payment-methods, read 2026-11. Since 2025-06-17 the fee of a dispute is kept when it is won too.
 */
const tariffs: Record<string, Tariff> = {
  MX: { currency: 'mxn', card: { share: 0.036, fixed: 300 }, oxxo: { share: 0.036, fixed: 300 }, customer_balance: { share: 0, fixed: 700 }, dispute: 30_000, tax: { share: 0.16, name: 'VAT' } },
  US: { currency: 'usd', card: { share: 0.029, fixed: 30 }, customer_balance: { share: 0.005, fixed: 0, most: 500 }, dispute: 1500 },
  BR: { currency: 'brl', card: { share: 0.0399, fixed: 39 }, dispute: 5500 },
  CA: { currency: 'cad', card: { share: 0.029, fixed: 30 }, dispute: 1500 },
  GB: { currency: 'gbp', card: { share: 0.015, fixed: 20 }, dispute: 2000 }
}
const euro: Tariff = { currency: 'eur', card: { share: 0.015, fixed: 25 }, dispute: 2000 }
/** Accounts of countries that Stripe does not serve exist here only, in the US' tariff. */
const others: Record<string, string> = { EC: 'usd', CO: 'cop', CL: 'clp', PE: 'pen', AR: 'ars' }

/** What the home currency's fixed sums are worth in another one, roughly: enough for figures that are told apart. */
const perDollar: Record<string, number> = { usd: 1, mxn: 18, brl: 5, cad: 1.36, gbp: 0.79, eur: 0.92, cop: 4000, clp: 9.4, pen: 3.7, ars: 1000, jpy: 1.5, gtq: 7.7, crc: 510, dop: 59 }

export interface FeeDetail { amount: number, application: null, currency: string, description: string, type: 'stripe_fee' | 'tax' }

export function homeCurrency (country: string): string {
  return tariffs[country]?.currency ?? others[country] ?? 'eur'
}

export function chargeFee (country: string, method: MethodType, amount: number, currency: string): FeeDetail[] {
  const tariff = tariffOf(country)
  const rate = tariff[method] ?? tariff.card
  const fixed = converted(rate.fixed, tariff.currency, currency)
  const fee = Math.round(amount * rate.share) + fixed
  return withTax(tariff, rate.most === undefined ? fee : Math.min(fee, converted(rate.most, tariff.currency, currency)), currency, 'Stripe processing fees')
}

export function disputeFee (country: string, currency: string): FeeDetail[] {
  const tariff = tariffOf(country)
  return withTax(tariff, converted(tariff.dispute, tariff.currency, currency), currency, 'Dispute fee')
}

function tariffOf (country: string): Tariff {
  return tariffs[country] ?? (others[country] === undefined ? euro : tariffs.US!)
}

function converted (amount: number, from: string, to: string): number {
  return from === to ? amount : Math.round(amount / (perDollar[from] ?? 1) * (perDollar[to] ?? 1))
}

function withTax ({ tax }: Tariff, fee: number, currency: string, description: string): FeeDetail[] {
  if (fee === 0) return []
  const details: FeeDetail[] = [{ amount: fee, application: null, currency, description, type: 'stripe_fee' }]
  if (tax !== undefined) details.push({ amount: Math.round(fee * tax.share), application: null, currency, description: tax.name, type: 'tax' })
  return details
}
