import { useMemo } from 'react'
import { useLanguage } from './language.tsx'

/** How many decimals Intl and ISO 4217 give a currency. */
export const digitsOf = (currency: string): number => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2

const steps = [['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const

export interface Formats {
  /** Minor units of `currency`. */
  money: (amount: number, currency: string) => string
  number: (value: number, options?: Intl.NumberFormatOptions) => string
  percent: (share: number) => string
  date: (instant: string | Date) => string
  dateTime: (instant: string | Date) => string
  time: (instant: string | Date) => string
  /** `hace 3 minutos`, from `now`. */
  ago: (instant: string | Date, now?: Date) => string
  list: (values: readonly string[]) => string
  /** `México` for MX. A code that nobody knows is shown as it is. */
  country: (code: string) => string
  currency: (code: string) => string
}

/** Everything that people read as a number, a date or a name of a country, in the tenant's locale. */
export function useFormats (): Formats {
  const { locale } = useLanguage()
  return useMemo(() => formatsOf(locale), [locale])
}

export function formatsOf (locale: string): Formats {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })
  const list = new Intl.ListFormat(locale, { type: 'conjunction' })
  const countries = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' })
  const currencies = new Intl.DisplayNames(locale, { type: 'currency', fallback: 'code' })
  const instantOf = (instant: string | Date): Date => typeof instant === 'string' ? new Date(instant) : instant
  return {
    money: (amount, currency) => new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(amount / 10 ** digitsOf(currency)) + ` ${currency}`,
    number: (value, options) => new Intl.NumberFormat(locale, options).format(value),
    percent: share => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(share),
    date: instant => date.format(instantOf(instant)),
    dateTime: instant => dateTime.format(instantOf(instant)),
    time: instant => time.format(instantOf(instant)),
    ago: (instant, now = new Date()) => {
      const seconds = (instantOf(instant).getTime() - now.getTime()) / 1000
      const [unit, length] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? steps[steps.length - 1]!
      return relative.format(Math.trunc(seconds / length), unit)
    },
    list: values => list.format(values),
    country: code => countries.of(code) ?? code,
    currency: code => currencies.of(code) ?? code
  }
}
