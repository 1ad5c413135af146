import { assertHolds, assertNotTestKey } from '../access/limits.ts'
import { type Passwords, passwords as standard } from '../access/passwords.ts'
import { type Access, type Role, scopesOfRole } from '../access/principal.ts'
import { insertUser } from '../access/queries.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { findLogins, revokeSessions } from '../sessions/queries.ts'
import type { FailureCounter } from './failures.ts'
import * as queries from './queries.ts'
import type { UserRow } from './queries.ts'
import type { ListUsers, NewUser, PatchSelf, PatchUser, User } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

const platformRoles: ReadonlySet<Role> = new Set(['platform_admin', 'support'])

export async function createUser (hub: House, access: Access, body: NewUser, idempotency: Idempotency | null, passwords: Passwords = standard): Promise<User> {
  if (idempotency?.subject !== undefined) return await getUser(hub, access, idempotency.subject)
  assertNotTestKey(access)
  assertHolds(access, scopesOfRole[body.role])
  const email = body.email.toLowerCase()
  await inTenant(hub.db, access.tenantId, async db => await assertRoleFits(db, body.role))
  const passwordHash = await hashFor(hub, passwords, email, body.password)
  const now = hub.now()
  const id = newUuid(now)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    await insertUser(db, { id, email, name: body.name, role: body.role, passwordHash, now })
    await recordChange(db, access, now, { action: 'user.created', subjectType: 'user', subjectId: publicId('user', id), detail: { email, role: body.role } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('user', id))
    return (await queries.findUser(db, id))!
  }).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error
    throw new HubError('already_exists', { errors: [{ path: 'email', message: 'belongs to a user here' }] })
  })
  return showUser(row)
}

export async function getUser (hub: House, access: Access, publicUserId: string): Promise<User> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findUser(db, uuidOf('user', publicUserId)))
  if (row === undefined) throw new HubError('not_found')
  return showUser(row)
}

export async function listUsers (hub: House, access: Access, query: ListUsers): Promise<{ data: User[], next_cursor: string | null }> {
  const window = idWindow('user', query)
  const rows = await inTenant(hub.db, access.tenantId, async db =>
    await queries.listUsers(db, window, { ...(query.status !== undefined && { status: query.status }), ...(query.role !== undefined && { role: query.role }) }))
  return pageOf('user', window, rows, showUser)
}

/** Whoever is disabled, or gets a password from somebody else, is out at once. One who can administer always remains. */
export async function patchUser (hub: House, access: Access, publicUserId: string, body: PatchUser, passwords: Passwords = standard): Promise<User> {
  assertNotTestKey(access)
  const id = uuidOf('user', publicUserId)
  if (body.password !== undefined && access.principal.id === publicUserId) throw invalidField('password', 'change your own with PATCH /v1/users/me, which asks for the present one')
  const known = await getUser(hub, access, publicUserId)
  if (body.role !== undefined) assertHolds(access, scopesOfRole[body.role])
  const passwordHash = body.password === undefined ? undefined : await hashFor(hub, passwords, known.email, body.password)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const kept: Role = await queries.tenantKind(db) === 'platform' ? 'platform_admin' : 'tenant_admin'
    const { user, peers } = await queries.lockWithPeers(db, id, kept)
    if (user === undefined) throw new HubError('not_found')
    // To set a person's password is to become them.
    assertHolds(access, scopesOfRole[user.role as Role])
    if (body.role !== undefined) await assertRoleFits(db, body.role)
    const remains = (body.role ?? user.role) === kept && (body.status ?? user.status) === 'active'
    if (!remains && peers.length === 1 && peers[0] === id) throw lastOne()
    const changed = { ...(differs(body.name, user.name) && { name: body.name! }), ...(differs(body.role, user.role) && { role: body.role! }), ...(differs(body.status, user.status) && { status: body.status! }) }
    if (Object.keys(changed).length === 0 && passwordHash === undefined) return user
    if (changed.status === 'disabled' || passwordHash !== undefined) await revokeSessions(db, { userId: id }, now)
    await recordChange(db, access, now, {
      action: 'user.changed',
      subjectType: 'user',
      subjectId: publicUserId,
      detail: { before: Object.fromEntries(Object.keys(changed).map(name => [name, user[name as keyof UserRow]])), after: changed, ...(passwordHash !== undefined && { password: 'replaced' }) }
    })
    return await queries.updateUser(db, id, { ...changed, ...(passwordHash !== undefined && { password_hash: passwordHash }) }, now)
  })
  return showUser(row)
}

export async function getSelf (hub: House, access: Access): Promise<User> {
  return await getUser(hub, access, requireUser(access))
}

export interface SelfTools {
  passwords: Passwords
  /** Of guesses at the present password by whoever holds the session. */
  failures: FailureCounter
}

/** One's own name and password. The new password ends every other session. */
export async function patchSelf (hub: House, access: Access, body: PatchSelf, tools: SelfTools): Promise<User> {
  const publicUserId = requireUser(access)
  const id = uuidOf('user', publicUserId)
  if (body.name === undefined && body.password === undefined) throw invalidField('password', 'is required')
  const replaced = body.password === undefined ? undefined : await replacePassword(hub, access, id, body.password, body.current_password ?? '', tools)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    if (replaced !== undefined) {
      if (await queries.lockPasswordHash(db, id) !== replaced.before) throw new HubError('conflict')
      await revokeSessions(db, { userId: id, except: uuidOf('session', access.principal.sessionId!) }, now)
    }
    await recordChange(db, access, now, {
      action: 'user.changed', subjectType: 'user', subjectId: publicUserId, detail: { ...(body.name !== undefined && { after: { name: body.name } }), ...(replaced !== undefined && { password: 'changed' }) }
    })
    return await queries.updateUser(db, id, { ...(body.name !== undefined && { name: body.name }), ...(replaced !== undefined && { password_hash: replaced.after }) }, now)
  })
  return showUser(row)
}

async function replacePassword (hub: House, access: Access, id: string, password: string, present: string, { passwords, failures }: SelfTools): Promise<{ before: string, after: string }> {
  failures.check(id)
  const before = await inTenant(hub.db, access.tenantId, async db => await queries.passwordHashOf(db, id))
  const [checked] = await passwords.check(present, before === undefined ? [] : [before])
  if (before === undefined || checked?.matches !== true) {
    failures.failed(id)
    throw invalidField('current_password', 'is not the present password')
  }
  return { before, after: await passwords.hash(password, before) }
}

/** With the salt that the person has elsewhere: see `Passwords.check`. */
export async function hashFor (hub: Pick<Hub, 'db'>, passwords: Passwords, email: string, password: string): Promise<string> {
  const [elsewhere] = await findLogins(hub.db, email, null)
  return await passwords.hash(password, elsewhere?.password_hash)
}

export async function assertRoleFits (db: TenantDb, role: Role): Promise<void> {
  if (platformRoles.has(role) !== (await queries.tenantKind(db) === 'platform')) throw invalidField('role', platformRoles.has(role) ? 'is a role of the platform' : 'is a role of tenants')
}

function requireUser ({ principal }: Access): string {
  if (principal.type !== 'user') throw new HubError('not_found', { detail: { es: 'Una clave de API no es una persona.', en: 'An API key is no person.' } })
  return principal.id
}

function lastOne (): HubError {
  return new HubError('invalid_state', { detail: { es: 'Es el último administrador: nombre antes a otro.', en: 'This is the last administrator: name another first.' } })
}

function differs (wanted: string | undefined, present: string): boolean {
  return wanted !== undefined && wanted !== present
}

function showUser (row: UserRow): User {
  return {
    id: publicId('user', row.id),
    object: 'user',
    email: row.email,
    name: row.name,
    role: row.role as Role,
    status: row.status as User['status'],
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
