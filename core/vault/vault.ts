import { createHmac } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { generateDataKey, importDataKey, unwrap, wrap } from './data-keys.ts'
import type { DataKey } from './data-keys.ts'
import type { DataKeyRow, DataKeyStore } from './data-key-store.ts'
import { createKeyCache } from './key-cache.ts'
import type { Keyring } from './master-keys.ts'
import { rotate } from './rotate.ts'
import type { Rotation, RotationCount } from './rotate.ts'
import * as sealing from './seal.ts'
import { VaultError } from './vault-error.ts'

export interface Vault {
  /** `version` is 1 when left out, here and in `open`. */
  seal: (tenant: string, subject: string, use: string, plaintext: Uint8Array | string, version?: number) => Promise<string>
  open: (tenant: string, subject: string, use: string, jwe: string, version?: number) => Promise<Uint8Array>
  /** `open`, of a value that was sealed as text. */
  openText: (tenant: string, subject: string, use: string, jwe: string, version?: number) => Promise<string>
  /** 12 hex digits by which a tenant recognises a secret: the same secret gives another fingerprint at another tenant. */
  fingerprint: (tenant: string, plaintext: Uint8Array | string) => Promise<string>
  /** HMAC-SHA256 under a key that only this tenant has: signs what is handed out and comes back, for one `use`. */
  mac: (tenant: string, use: string, text: string) => Promise<Buffer>
  rotate: (progress?: (count: RotationCount) => void) => Promise<Rotation>
}

export interface VaultOptions {
  keyring: Keyring
  store: DataKeyStore
  now: () => Date
  /** How long a data key stays open in memory. */
  cacheSeconds?: number
  /** How many data keys stay open in memory. */
  cacheSize?: number
  newId?: () => string
}

/** Seals and opens the secrets of tenants, each with the tenant's own data key, made when it is first needed. */
export function createVault (options: VaultOptions): Vault {
  const { keyring, store, now, cacheSeconds = 300, cacheSize = 1000, newId = uuidv7 } = options
  const bounds = { maxEntries: cacheSize, ttlMs: cacheSeconds * 1000, now }
  const dataKeys = createKeyCache<DataKey>(bounds)
  const currentIds = createKeyCache<string>(bounds)

  async function openRow (tenant: string, row: DataKeyRow): Promise<DataKey> {
    return importDataKey(row.id, await unwrap(keyring, { tenant, id: row.id }, row.wrapped))
  }

  async function insertNew (tenant: string): Promise<DataKeyRow> {
    const id = newId()
    const bytes = generateDataKey()
    const wrapped = await wrap(keyring.current, { tenant, id }, bytes)
    bytes.fill(0)
    return await store.insert(tenant, { id, wrapped, masterKeyId: keyring.current.id })
  }

  async function keyById (tenant: string, id: string): Promise<DataKey> {
    return await dataKeys.get(cacheName(tenant, id), async () => {
      const row = await store.byId(tenant, id)
      if (row === undefined) throw new VaultError('unknown_key', 'the tenant has no data key of that id')
      return await openRow(tenant, row)
    })
  }

  async function currentKey (tenant: string): Promise<DataKey> {
    const id = await currentIds.get(tenant, async () => {
      const row = await store.current(tenant) ?? await insertNew(tenant)
      await dataKeys.get(cacheName(tenant, row.id), async () => await openRow(tenant, row))
      return row.id
    })
    return await keyById(tenant, id)
  }

  async function open (tenant: string, subject: string, use: string, jwe: string, version = 1): Promise<Uint8Array> {
    const asked = sealing.sealedWith(jwe)
    // Another tenant's key cannot be had here (row-level security), so this is all that can be said of a row copied across.
    if (asked.tenant !== tenant) throw new VaultError('misplaced', 'the sealed value belongs elsewhere: tid differ')
    return sealing.open(await keyById(tenant, asked.dataKeyId), { tenant, subject, use, version }, jwe)
  }

  return {
    async seal (tenant, subject, use, plaintext, version = 1) {
      return sealing.seal(await currentKey(tenant), { tenant, subject, use, version }, plaintext)
    },
    open,
    async openText (tenant, subject, use, jwe, version) {
      return Buffer.from(await open(tenant, subject, use, jwe, version)).toString('utf8')
    },
    async fingerprint (tenant, plaintext) {
      const { fingerprintKey } = await currentKey(tenant)
      return createHmac('sha256', fingerprintKey).update(plaintext).digest('hex').slice(0, 12)
    },
    async mac (tenant, use, text) {
      const { fingerprintKey } = await currentKey(tenant)
      // Length first, so that no use and text read as another use and text; and never the input of a fingerprint.
      return createHmac('sha256', createHmac('sha256', fingerprintKey).update(`mac ${use.length} ${use}`).digest()).update(text).digest()
    },
    rotate: async progress => await rotate(keyring, store, progress)
  }
}

/** Unambiguous, whatever the two hold: an id comes out of a header that nobody has proved yet. */
function cacheName (tenant: string, id: string): string {
  return JSON.stringify([tenant, id])
}
