import { publicId } from '../ids.ts'
import type { Vault } from '../vault/vault.ts'

const use = 'inbound-body'

/** A provider's bytes as they came may hold what lets somebody pay or sign in (Stripe's client_secret), so they are kept sealed. */
export async function sealBody (vault: Pick<Vault, 'seal'>, tenantId: string, id: string, body: Buffer): Promise<string> {
  return await vault.seal(tenantId, publicId('inbound', id), use, body)
}

export async function openBody (vault: Pick<Vault, 'open'>, tenantId: string, id: string, sealed: string): Promise<Buffer> {
  return Buffer.from(await vault.open(tenantId, publicId('inbound', id), use, sealed))
}
