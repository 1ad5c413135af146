import { Group, Select, TextInput } from '@mantine/core'
import { digitsOf } from '../i18n/format.ts'
import { texts } from '../i18n/texts.ts'
import { useTexts } from '../i18n/language.tsx'

const words = texts({ es: { currency: 'Moneda' }, en: { currency: 'Currency' } })

/** What people take money in, where we have providers; the rest of ISO 4217 goes by the API. */
const currencies = ['MXN', 'USD', 'EUR', 'COP', 'BRL', 'ARS', 'CLP', 'PEN', 'UYU', 'GTQ', 'CRC', 'BOB', 'DOP', 'PYG']
const ofCountry: Record<string, string> = { MX: 'MXN', CO: 'COP', BR: 'BRL', AR: 'ARS', CL: 'CLP', PE: 'PEN', UY: 'UYU', EC: 'USD', US: 'USD', ES: 'EUR', GT: 'GTQ', CR: 'CRC', BO: 'BOB', DO: 'DOP', PY: 'PYG' }

/** In which currency people of a country think. */
export const currencyOf = (country: string): string => ofCountry[country] ?? 'USD'

/** Minor units of what a person typed, with points or commas; undefined when it is no amount of that currency. No float touches it. */
export function minorUnits (typed: string, currency: string): number | undefined {
  const [, whole, decimals = ''] = /^(\d{1,3}(?:[.,]\d{3})+|\d+)(?:[.,](\d*))?$/.exec(typed.replace(/[\s\u00a0$]/g, '')) ?? []
  const digits = digitsOf(currency)
  if (whole === undefined || decimals.length > digits) return undefined
  const amount = Number(whole.replace(/[.,]/g, '') + decimals.padEnd(digits, '0'))
  return Number.isSafeInteger(amount) && amount > 0 ? amount : undefined
}

/** Minor units as one types them: `199.00`. */
export function typedAmount (amount: number, currency: string): string {
  const digits = digitsOf(currency)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** An amount of money; with `onCurrency` its currency may be chosen. */
export function AmountInput ({ label, description, value, currency, onChange, onCurrency, error, name = 'amount', required = true }: { label: string, description?: string, value: string, currency: string, onChange: (value: string) => void, onCurrency?: (currency: string) => void, error?: string | undefined, name?: string, required?: boolean }) {
  const text = useTexts(words)
  const input = <TextInput name={name} label={label} description={description} value={value} error={error} required={required} withAsterisk={false} inputMode='decimal' autoComplete='off' flex={1} onChange={event => onChange(event.currentTarget.value)} {...(onCurrency === undefined && { rightSection: <span className='nums'>{currency}</span>, rightSectionWidth: 56, rightSectionPointerEvents: 'none' as const })} />
  if (onCurrency === undefined) return input
  return (
    <Group gap='sm' align='flex-start' wrap='nowrap'>
      {input}
      <Select label={text.currency} data={currencies.includes(currency) ? currencies : [currency, ...currencies]} value={currency} onChange={next => { if (next !== null) onCurrency(next) }} allowDeselect={false} searchable w={110} />
    </Group>
  )
}
