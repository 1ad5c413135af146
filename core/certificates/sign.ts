import { createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import * as queries from './queries.ts'
import type { KeyRow } from './queries.ts'

/** Why the key is opened, and for what. */
export interface Use {
  /** `seal_invoice`, `cancel_invoice` … */
  purpose: string
  /** Public id of what is signed. */
  subjectId: string
}

/** RSA PKCS #1 v1.5 with this digest: what CFDI, SRI, Facturae and FACe's tokens ask for. */
export type SignatureAlgorithm = 'RSA-SHA1' | 'RSA-SHA256' | 'RSA-SHA512'

/** What signs, as long as the function that was given it runs. The key itself is not in it. */
export interface Signer {
  /** DER. */
  certificate: Uint8Array
  /** DER, nearest first: who issued it, and who issued that one. */
  chain: Uint8Array[]
  /** NoCertificado; null for a `.p12` of another authority. */
  number: string | null
  taxId: string | null
  sign: (bytes: Uint8Array, algorithm: SignatureAlgorithm) => Promise<Buffer>
}

const signAsync = promisify(signBytes) as (algorithm: string, data: Uint8Array, key: KeyObject) => Promise<Buffer>

/**
 * Opens a certificate's key for `work`, and nowhere else. The use is on record, committed, before the key opens. Throws
 * `certificate_not_usable` when it was deleted or is not valid now, and whatever `work` throws.
 */
export async function signWith<T> (hub: Pick<Hub, 'db' | 'now' | 'vault'>, tenantId: string, certificateId: string, use: Use, work: (signer: Signer) => T | Promise<T>): Promise<T> {
  const row = await inTenant(hub.db, tenantId, async db => await recordUse(db, hub.now(), certificateId, use))
  return await withSigner(hub, tenantId, row, work)
}

/** The first half of `signWith`, in a transaction of the caller's own. */
export async function recordUse (db: TenantDb, now: Date, certificateId: string, use: Use): Promise<KeyRow> {
  const row = await queries.findKey(db, certificateId)
  if (row === undefined || now > row.valid_to || now < row.valid_from) throw new HubError('certificate_not_usable', { internal: { certificate: certificateId, use } })
  await queries.insertUse(db, { id: newUuid(now), certificateId, purpose: use.purpose, subjectId: use.subjectId }, now)
  return row
}

/** The second half, after the commit. */
export async function withSigner<T> (hub: Pick<Hub, 'vault'>, tenantId: string, row: KeyRow, work: (signer: Signer) => T | Promise<T>): Promise<T> {
  const pkcs8 = Buffer.from(await hub.vault.open(tenantId, publicId('certificate', row.id), keyUse, row.key_sealed))
  let key: KeyObject | undefined = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  pkcs8.fill(0)
  try {
    return await work({
      certificate: row.certificate,
      chain: row.chain,
      number: row.number,
      taxId: row.tax_id,
      sign: async (bytes, algorithm) => {
        if (key === undefined) throw new Error('a signature was asked for after the work had ended')
        return await signAsync(algorithm, bytes, key)
      }
    })
  } finally {
    key = undefined
  }
}

/** What the two secrets of a certificate are sealed for. */
export const keyUse = 'private_key'
export const fileUse = 'key_file'
