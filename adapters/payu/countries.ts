import { type ConnectionContext, type MethodInput, ProviderError } from '../../core/adapter/index.ts'

export const countries = ['MX', 'CO', 'AR', 'BR', 'CL', 'PA', 'PE'] as const
export type Country = typeof countries[number]

const countryOfCurrency: Record<string, Country | undefined> = { MXN: 'MX', COP: 'CO', ARS: 'AR', BRL: 'BR', CLP: 'CL', PEN: 'PE' }

/** In which the days of a country's vouchers are counted; PayU writes local times without a zone (QUIRKS.md). */
export const zoneOf: Record<Country, string> = {
  MX: 'America/Mexico_City', CO: 'America/Bogota', AR: 'America/Argentina/Buenos_Aires', BR: 'America/Sao_Paulo', CL: 'America/Santiago', PA: 'America/Panama', PE: 'America/Lima'
}

export interface Way {
  /** PayU's name of it. */
  wire: string
  country: Country
  currency: string
  kind: 'cash' | 'transfer' | 'bank_page' | 'push'
  /** In our minor units. */
  limits?: { minimum: number, maximum: number }
}

/** What is paid with beside cards. Source: facts section 4.3, read 2026-11-21. */
export const ways: Record<string, Way> = {
  oxxo: { wire: 'OXXO', country: 'MX', currency: 'MXN', kind: 'cash' },
  seven_eleven: { wire: 'SEVEN_ELEVEN', country: 'MX', currency: 'MXN', kind: 'cash' },
  cash: { wire: 'OTHERS_CASH', country: 'MX', currency: 'MXN', kind: 'cash' },
  spei: { wire: 'SPEI', country: 'MX', currency: 'MXN', kind: 'transfer' },
  efecty: { wire: 'EFECTY', country: 'CO', currency: 'COP', kind: 'cash', limits: { minimum: 2_000_000, maximum: 600_000_000 } },
  baloto: { wire: 'BALOTO', country: 'CO', currency: 'COP', kind: 'cash' },
  pse: { wire: 'PSE', country: 'CO', currency: 'COP', kind: 'bank_page' },
  nequi: { wire: 'NEQUI', country: 'CO', currency: 'COP', kind: 'push' },
  boleto: { wire: 'BOLETO_BANCARIO', country: 'BR', currency: 'BRL', kind: 'cash' }
}

/** Where a payment is charged, and the account that it goes to: a merchant has one account for each country. */
export function accountFor (context: Pick<ConnectionContext, 'credentials' | 'settings'>, currency: string, method?: MethodInput): { country: Country, accountId: string } {
  const { credentials, settings } = context
  const country = ways[method?.type ?? '']?.country ?? countryOfCurrency[currency] ?? dollarCountry(credentials, settings)
  const accountId = credentials[accountField(country)]
  if (accountId === undefined || accountId === '') throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'currency', providerMessage: `the connection has no PayU account of ${country}` })
  return { country, accountId }
}

export const accountField = (country: Country): string => `account_id_${country.toLowerCase()}`

/** Dollars are charged in every country: the setting says where, else Panama, else where there is an account. */
function dollarCountry (credentials: Readonly<Record<string, string>>, settings: Readonly<Record<string, unknown>>): Country {
  const chosen = countries.find(country => country === settings.usd_country)
  return chosen ?? (['PA', ...countries] as const).find(country => (credentials[accountField(country)] ?? '') !== '') ?? 'PA'
}

/** Whether a list of the settings (`AR,BR`) names the country. */
export function names (setting: unknown, country: string): boolean {
  return typeof setting === 'string' && setting.split(',').includes(country)
}
