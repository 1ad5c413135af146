import { createPrivateKey } from 'node:crypto'
import type { TlsIdentity } from '../adapter/http.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { KeyRow } from './queries.ts'
import { keyUse } from './sign.ts'

const pem = (der: Uint8Array): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`

/**
 * A certificate with its key, to show to an authority that asks who calls (mutual TLS). It goes to the hub's own HTTP client and to
 * nobody else: the key proves who we are, and does not leave. The use is on record before (`recordUse`), as for a signature.
 */
export async function tlsIdentity (hub: Pick<Hub, 'vault'>, tenantId: string, row: KeyRow): Promise<TlsIdentity> {
  const pkcs8 = Buffer.from(await hub.vault.open(tenantId, publicId('certificate', row.id), keyUse, row.key_sealed))
  try {
    return {
      certificate: [row.certificate, ...row.chain].map(pem).join(''),
      key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }) as string
    }
  } finally {
    pkcs8.fill(0)
  }
}
