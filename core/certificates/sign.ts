import { createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { createKeyCache, type KeyCache } from '../vault/key-cache.ts'
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
export async function withSigner<T> (hub: Pick<Hub, 'now' | 'vault'>, tenantId: string, row: KeyRow, work: (signer: Signer) => T | Promise<T>): Promise<T> {
  const key = await openKeys(hub).get(`${tenantId}:${row.id}`, async () => {
    const pkcs8 = Buffer.from(await hub.vault.open(tenantId, publicId('certificate', row.id), keyUse, row.key_sealed))
    try {
      return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    } finally {
      pkcs8.fill(0)
    }
  })
  let ended = false
  try {
    return await work({
      certificate: row.certificate,
      chain: row.chain,
      number: row.number,
      taxId: row.tax_id,
      sign: async (bytes, algorithm) => {
        if (ended) throw new Error('a signature was asked for after the work had ended')
        return await signAsync(algorithm, bytes, key)
      }
    })
  } finally {
    ended = true
  }
}

const caches = new WeakMap<object, KeyCache<KeyObject>>()

/**
 * A key's first signature costs as much again as every later one, so it stays open for a few minutes, as credentials do. Whether
 * it may be used is asked of the database each time: a deleted certificate signs nothing more.
 */
function openKeys ({ vault, now }: Pick<Hub, 'now' | 'vault'>): KeyCache<KeyObject> {
  let cache = caches.get(vault)
  if (cache === undefined) caches.set(vault, cache = createKeyCache<KeyObject>({ maxEntries: 500, ttlMs: 5 * 60_000, now }))
  return cache
}

/** What the two secrets of a certificate are sealed for. */
export const keyUse = 'private_key'
export const fileUse = 'key_file'
