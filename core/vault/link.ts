import { timingSafeEqual } from 'node:crypto'
import { type IdKind, parseId, publicId } from '../ids.ts'
import type { Vault } from './vault.ts'

/** What links of a sort are for, which the MAC covers, and the kind of thing that they name. */
export interface LinkSort { use: string, kind: IdKind }

/** The second of a moment, as a claim has it. */
export const secondOf = (at: Date): number => Math.floor(at.getTime() / 1000)

/** One thing of one tenant, and a second: until when the link is good, or when it was made. */
export interface LinkClaim { tenantId: string, id: string, second: number }

const said = ({ kind }: LinkSort, { tenantId, id, second }: LinkClaim): string => `${publicId('tenant', tenantId)}.${publicId(kind, id)}.${second}`

/** What stands in the address of a page that somebody may open without a key: a claim and its MAC under a key of the tenant's own. */
export async function linkToken (vault: Pick<Vault, 'mac'>, sort: LinkSort, claim: LinkClaim): Promise<string> {
  const text = said(sort, claim)
  return `${text}.${(await vault.mac(claim.tenantId, sort.use, text)).toString('base64url')}`
}

/**
 * What a token claims; undefined when it has not its shape. Nothing of it is believed before `genuine` resolves to true, and that is
 * asked only once the thing was found: it asks for the tenant's key, and a made-up tenant must not get one made.
 */
export function readLinkToken (vault: Pick<Vault, 'mac'>, sort: LinkSort, token: string): LinkClaim & { genuine: () => Promise<boolean> } | undefined {
  const [tenant = '', thing = '', second = '', mac = ''] = token.split('.')
  const [tenantId, id] = [parseId('tenant', tenant), parseId(sort.kind, thing)]
  if (tenantId === undefined || id === undefined || !/^\d{1,12}$/.test(second)) return undefined
  const claim = { tenantId, id, second: Number(second) }
  return {
    ...claim,
    genuine: async () => {
      const expected = await vault.mac(tenantId, sort.use, said(sort, claim))
      const given = Buffer.from(mac, 'base64url')
      return given.length === expected.length && timingSafeEqual(given, expected)
    }
  }
}
