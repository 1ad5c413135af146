/** Kushki's countries and their currencies. Source: facts section 6.1, read 2026-11-21; Brazil is left out: its currency stands in no fact. */
export const currencies = ['MXN', 'COP', 'PEN', 'CLP', 'USD'] as const

const homes: Record<string, string> = { MXN: 'MX', COP: 'CO', PEN: 'PE', CLP: 'CL', USD: 'EC' }

export const countries = Object.values(homes)

/** The kind of document that a payer has where nothing else is said. */
const documents: Record<string, string> = { EC: 'CI', CO: 'CC', PE: 'DNI', CL: 'RUT', MX: 'RFC' }

type Settings = Readonly<Record<string, unknown>>

/** The account's country: as the setting says, else that of the currency. */
export const countryOf = (settings: Settings, currency: string): string => typeof settings.country === 'string' && settings.country !== 'by_currency' ? settings.country : homes[currency] ?? 'EC'

/** What a card that is only kept is told to be charged in. */
export function currencyOf (settings: Settings): string {
  const found = Object.entries(homes).find(([, country]) => country === settings.country)?.[0]
  return found ?? (typeof settings.currency === 'string' ? settings.currency : 'USD')
}

export const documentType = (settings: Settings, currency: string): string => typeof settings.document_type === 'string' && settings.document_type !== '' ? settings.document_type : documents[countryOf(settings, currency)] ?? 'CC'
