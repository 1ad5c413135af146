import { publicId } from '../ids.ts'
import type { Vault } from '../vault/vault.ts'

const use = 'inbound-body'

/** A provider's bytes as they came may hold what lets somebody pay or sign in (Stripe's client_secret), so they are kept sealed. */
export async function sealBody (vault: Pick<Vault, 'seal'>, tenantId: string, id: string, body: Buffer): Promise<string> {
  return await vault.seal(tenantId, publicId('inbound', id), use, body)
}

/** Empty when it was expunged (`isExpunged`). */
export async function openBody (vault: Pick<Vault, 'open'>, tenantId: string, id: string, sealed: string): Promise<Buffer> {
  if (isExpunged(sealed)) return Buffer.alloc(0)
  return Buffer.from(await vault.open(tenantId, publicId('inbound', id), use, sealed))
}

/** After RETENTION_PAYLOADS, or when a person was erased, what was sent is gone: even an empty body is something when it is sealed. */
export const isExpunged = (sealed: string): boolean => sealed === ''
