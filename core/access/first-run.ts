import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { recordSystemChange } from '../audit/record-system.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { HubError } from '../errors.ts'
import { newUuid, publicId } from '../ids.ts'
import { makeKey } from './keys.ts'
import { type Passwords, passwords as standard } from './passwords.ts'
import { scopes } from './principal.ts'
import { findPlatform, insertApiKey, insertTenant, insertUser } from './queries.ts'

interface Home { readonly db: Kysely<Database>, readonly now: () => Date }

export interface BootstrapOptions {
  name?: string
  country?: string
  email?: string
  /** Made up when left out. */
  password?: string
  passwords?: Passwords
}

export interface Bootstrap {
  /** UUID of the platform tenant. */
  platformTenantId: string
  /** What this call made, with its secrets; null when the platform was there already. */
  made: { user: { id: string, email: string, password: string }, key: { id: string, key: string } } | null
}

/**
 * The platform's own tenant, its first administrator and its first key, when there is none. Processes that start at once
 * end with one: the unique index `one_platform` lets one transaction through, and it holds all three.
 */
export async function bootstrap (hub: Home, options: BootstrapOptions = {}): Promise<Bootstrap> {
  const { name = 'Pasarela', country = 'MX', email = 'admin@pasarela.local', password = randomBytes(15).toString('base64url'), passwords = standard } = options
  const there = await findPlatform(hub.db)
  if (there !== undefined) return { platformTenantId: there, made: null }
  const passwordHash = await passwords.hash(password)
  const now = hub.now()
  const tenantId = newUuid(now)
  const userId = newUuid(now)
  try {
    return await inTenant(hub.db, tenantId, async db => {
      await insertTenant(db, { kind: 'platform', name, country, hostName: null, now })
      await recordSystemChange(db, now, 'first-run', { action: 'tenant.created', subjectType: 'tenant', subjectId: publicId('tenant', tenantId), detail: { kind: 'platform', name, country } })
      await insertUser(db, { id: userId, email: email.toLowerCase(), name: 'Administrator', role: 'platform_admin', passwordHash, now })
      await recordSystemChange(db, now, 'first-run', { action: 'user.created', subjectType: 'user', subjectId: publicId('user', userId), detail: { email: email.toLowerCase(), role: 'platform_admin' } })
      const key = await insertPlatformKey(db, now, 'first-run', 'First key')
      return { platformTenantId: tenantId, made: { user: { id: publicId('user', userId), email: email.toLowerCase(), password }, key } }
    })
  } catch (error) {
    if (!isUniqueViolation(error, 'one_platform')) throw error
    const winner = await findPlatform(hub.db)
    if (winner === undefined) throw error
    return { platformTenantId: winner, made: null }
  }
}

/** Another key of the platform, for an operator who lost the first: for the command line, on the machine itself. */
export async function makePlatformKey (hub: Home, label: string): Promise<{ id: string, key: string }> {
  const tenantId = await findPlatform(hub.db)
  if (tenantId === undefined) throw new HubError('not_found')
  return await inTenant(hub.db, tenantId, async db => await insertPlatformKey(db, hub.now(), 'command-line', label))
}

async function insertPlatformKey (db: TenantDb, now: Date, actor: string, label: string): Promise<{ id: string, key: string }> {
  const { key, hash, hint } = makeKey('live')
  const id = newUuid(now)
  await insertApiKey(db, { id, kind: 'platform', partnerId: null, mode: 'live', label, hint, hash, scopes, expiresAt: null, now })
  await recordSystemChange(db, now, actor, { action: 'api_key.created', subjectType: 'api_key', subjectId: publicId('api_key', id), detail: { kind: 'platform', mode: 'live', hint } })
  return { id: publicId('api_key', id), key }
}
