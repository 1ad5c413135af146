import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'
import { get } from './http.ts'

/** A Mercado Pago account lives in one country, whose currency every payment of it is in: `currency_id` is never sent. */
export interface Home {
  currency: string
  /** Mercado Libre's name of the country. */
  site: string
  /** What a tax id of so many characters is called. Source: GET /v1/identification_types by country, read 2026-11-21. */
  identification: (digits: string) => string
}

const longest = (limit: number, short: string, long: string) => (digits: string) => digits.length > limit ? long : short

/** Source: facts section 3.4 and the sites of Mercado Libre, read 2026-11-21. */
export const homes: Record<string, Home> = {
  MX: { currency: 'MXN', site: 'MLM', identification: longest(13, 'RFC', 'CURP') },
  BR: { currency: 'BRL', site: 'MLB', identification: longest(11, 'CPF', 'CNPJ') },
  AR: { currency: 'ARS', site: 'MLA', identification: longest(9, 'DNI', 'CUIT') },
  CO: { currency: 'COP', site: 'MCO', identification: () => 'CC' },
  CL: { currency: 'CLP', site: 'MLC', identification: () => 'RUT' },
  PE: { currency: 'PEN', site: 'MPE', identification: longest(8, 'DNI', 'RUC') },
  UY: { currency: 'UYU', site: 'MLU', identification: () => 'CI' }
}

/** The account, as `GET /users/me` tells it. Source: npm mercadopago 3.6 (client User), read 2026-11-21. */
export interface Me {
  id?: number
  nickname?: string
  email?: string
  site_id?: string
  country_id?: string
  tags?: string[]
}

export const readMe = async (context: ConnectionContext): Promise<Me> => await get<Me>(context, '/users/me')

export function countryOf ({ site_id: site, country_id: country }: Me): string | undefined {
  return Object.keys(homes).find(code => homes[code]!.site === site) ?? (country !== undefined && country in homes ? country : undefined)
}

/**
 * Whose money it is: what the last test of the connection said, else the account itself. A number that was meant in one currency and is
 * charged in another is the worst mistake that can be made here, so an unknown country charges nothing.
 */
export async function homeOf (context: ConnectionContext): Promise<Home> {
  const known = context.account?.country
  const country = known !== undefined && known in homes ? known : countryOf(await readMe(context))
  const home = country === undefined ? undefined : homes[country]
  if (home === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'currency', providerMessage: 'the country of this account is not known' })
  return home
}
