import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { maskSecret } from '../vault/mask-secret.ts'
import { publicKeyOf, type SigningKey } from './sign.ts'

const use = 'webhook-signing'

/** What a person may see of a signing key. */
export interface KeyHint { hint: string, public_key: string | null, until: string | null }

export async function sealKeys (hub: Pick<Hub, 'vault'>, tenantId: string, endpointId: string, keys: readonly SigningKey[]): Promise<{ secrets_sealed: string, hints: KeyHint[] }> {
  return {
    secrets_sealed: await hub.vault.seal(tenantId, publicId('webhook_endpoint', endpointId), use, JSON.stringify(keys)),
    hints: keys.map(({ secret, seed, until }) => ({ hint: maskSecret(secret), public_key: seed === undefined ? null : publicKeyOf(seed), until: until ?? null }))
  }
}

/** Newest first. */
export async function openKeys (hub: Pick<Hub, 'vault'>, tenantId: string, endpointId: string, sealed: string): Promise<SigningKey[]> {
  return JSON.parse(await hub.vault.openText(tenantId, publicId('webhook_endpoint', endpointId), use, sealed)) as SigningKey[]
}

/** `key` is the newest from now on; the others sign beside it until `until`, or until they would have ended anyway. */
export function rotated (keys: readonly SigningKey[], key: SigningKey, now: Date, until: Date): SigningKey[] {
  const old = keys.map(before => ({ ...before, until: before.until !== undefined && Date.parse(before.until) < until.getTime() ? before.until : until.toISOString() }))
  return [key, ...old.filter(before => Date.parse(before.until) > now.getTime())].slice(0, keysAtMost)
}

/** Each one is a signature in every header. */
const keysAtMost = 5
