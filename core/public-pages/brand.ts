import { contrast, inkOn, isColour, readableOn } from '../colour.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { nativeIssuer } from '../issuers/native.ts'
import { findIssuer, type IssuerRow, logoOf } from '../issuers/queries.ts'
import { findTenant } from '../tenants/queries.ts'

/** Whose page it is: the name, the colour and the logo that its documents and mails have. */
export interface Brand {
  name: string
  /** ISO 3166: how numbers and days are written. */
  country: string
  /** `#rrggbb` */
  colour?: string
  /** Where its logo is served, below the page's own address. */
  logo?: string
}

/** Changes with the logo, so that a browser may keep what it has. */
const logoVersion = ({ updated_at: at }: IssuerRow): string => at.getTime().toString(36)

/** For whoever has the issuer already. `page`: the path of the page. */
export function brandOfIssuer (issuer: IssuerRow, page: string): Brand {
  return {
    name: issuer.trade_name ?? issuer.legal_name,
    country: issuer.country,
    ...(issuer.colour !== null && isColour(issuer.colour) && { colour: issuer.colour }),
    ...(issuer.logo_bytes !== null && { logo: `${page}/logo?v=${logoVersion(issuer)}` })
  }
}

interface Whose { tenantId: string, mode: Mode, currency: string, issuerId?: string | null | undefined }

/** The issuer that is named; without one the tenant's, where it can be only one; else the tenant's name alone. `page`: the path of the page. */
export async function brandOf (hub: Pick<Hub, 'db'>, whose: Whose, page: string): Promise<Brand> {
  return await inTenant(hub.db, whose.tenantId, async db => {
    const issuer = await issuerFor(db, whose)
    if (issuer !== undefined) return brandOfIssuer(issuer, page)
    const tenant = await findTenant(db)
    return { name: tenant?.name ?? '', country: tenant?.country ?? 'MX' }
  })
}

export async function brandLogo (hub: Pick<Hub, 'db'>, whose: Whose): Promise<{ bytes: Buffer, type: string } | undefined> {
  return await inTenant(hub.db, whose.tenantId, async db => {
    const issuer = await issuerFor(db, whose)
    return issuer === undefined ? undefined : await logoOf(db, issuer.id)
  })
}

async function issuerFor (db: Parameters<typeof findIssuer>[0], { mode, currency, issuerId }: Whose): Promise<IssuerRow | undefined> {
  if (issuerId != null) return await findIssuer(db, issuerId)
  const native = await nativeIssuer(db, mode, currency)
  return typeof native === 'string' ? undefined : native
}

/** The grounds of style.css. */
const grounds = { light: '#ffffff', dark: '#14181d' } as const

/**
 * The colour as a button has it, with an ink that can be read on it, and as links and rims have it, readable on either ground (WCAG 2.2,
 * 1.4.3 and 1.4.11). Nothing of the tenant's stands in it but six hexadecimal digits.
 */
export function brandStyle (colour: string | undefined): string {
  if (colour === undefined) return ''
  const [light, dark] = [readableOn(colour, grounds.light), readableOn(colour, grounds.dark)]
  // One that melts into the ground gets a rim that does not.
  const rim = (ground: string, readable: string) => contrast(colour, ground) >= 3 ? colour : readable
  return `:root{--fill:${colour};--on-fill:${inkOn(colour)};--accent:${light};--rim:${rim(grounds.light, light)}}@media(prefers-color-scheme:dark){:root{--accent:${dark};--rim:${rim(grounds.dark, dark)}}}`
}
