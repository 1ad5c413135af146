import { exponentOf } from '../adapter/money.ts'

export type Language = 'es' | 'en'

/** Numbers and days are written as the seller's country writes them, in the reader's language. */
export const localeOf = (language: Language, country: string): string => `${language}-${/^[A-Z]{2}$/.test(country) ? country : 'MX'}`

/** Minor units as people read them: cents wherever there are some, and the currency's code beside a bare `$`, which many currencies have. */
export function amountText (minor: number, currency: string, { language, country = 'MX' }: { language: Language, country?: string }): string {
  const digits = exponentOf(currency)
  const whole = minor % 10 ** digits === 0
  const text = new Intl.NumberFormat(localeOf(language, country), { style: 'currency', currency, ...(!whole && { minimumFractionDigits: digits, maximumFractionDigits: digits }) }).format(minor / 10 ** digits)
  return /(?<![A-Z])\$/.test(text) ? `${text} ${currency}` : text
}

export const dayText = (at: Date, { language, country = 'MX', zone }: { language: Language, country?: string, zone: string }): string =>
  new Intl.DateTimeFormat(localeOf(language, country), { dateStyle: 'long', timeZone: zone }).format(at)

export const momentText = (at: Date, { language, country = 'MX', zone }: { language: Language, country?: string, zone: string }): string =>
  new Intl.DateTimeFormat(localeOf(language, country), { dateStyle: 'long', timeStyle: 'short', timeZone: zone }).format(at)
