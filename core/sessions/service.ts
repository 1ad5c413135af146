import type { Passwords } from '../access/passwords.ts'
import { type Access, type Role, scopesOfRole } from '../access/principal.ts'
import { csrfTokenOf, makeSessionToken } from '../access/sessions.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { LoginRow, OpenSessionRow } from './queries.ts'
import type { ListSessions, Login, OpenSession, Session } from './schema.ts'

type House = Pick<Hub, 'db' | 'now' | 'config' | 'log'>

export type Caller = Pick<Access, 'requestId' | 'address' | 'language'> & { userAgent: string | undefined }

/**
 * Opens a session. Whether a mail is known shows neither in the answer nor in the work: one question to the database and
 * one derivation, then the same refusal.
 */
export async function login (hub: House, passwords: Passwords, caller: Caller, body: Login): Promise<{ token: string, session: OpenSession }> {
  const email = body.email.toLowerCase()
  const tenantId = body.tenant === undefined ? null : parseId('tenant', body.tenant) ?? nobody
  const candidates = await queries.findLogins(hub.db, email, tenantId)
  const checked = await passwords.check(body.password, candidates.map(candidate => candidate.password_hash))
  const opened = candidates.flatMap((candidate, index) => checked[index]?.matches === true ? [{ ...candidate, outdated: checked[index].outdated }] : [])
  const [found, ...others] = opened
  if (found === undefined) throw new HubError('login_failed')
  if (others.length > 0) throw whichTenant(opened)
  return await open(hub, passwords, caller, email, body.password, found)
}

/** A tenant that never is: the question is asked all the same. */
const nobody = '00000000-0000-0000-0000-000000000000'

async function open (hub: House, passwords: Passwords, caller: Caller, email: string, password: string, found: LoginRow & { outdated: boolean }): Promise<{ token: string, session: OpenSession }> {
  const { tenant_id: tenantId, user_id: userId, password_hash: passwordHash } = found
  const fresh = found.outdated ? await passwords.hash(password, passwordHash) : undefined
  const { token, hash } = makeSessionToken()
  const now = hub.now()
  const id = newUuid(now)
  const row = await inTenant(hub.db, tenantId, async db => {
    if (!await queries.lockActiveUser(db, userId, passwordHash)) throw new HubError('login_failed')
    if (fresh !== undefined) await queries.updatePasswordHash(db, userId, fresh)
    await queries.insertSession(db, {
      id, userId, tokenHash: hash, address: caller.address, userAgent: caller.userAgent?.slice(0, 300) ?? null, now, expiresAt: new Date(now.getTime() + hub.config.sessionTtl)
    })
    const row = (await queries.findOpenSession(db, id))!
    await recordChange(db, accessOf(row, tenantId, caller), now, { action: 'session.opened', subjectType: 'session', subjectId: publicId('session', id), detail: { email } })
    return row
  })
  return { token, session: showOpenSession(row, tenantId, token) }
}

/** The session of the request, and a token for its page that was loaded anew. */
export async function currentSession (hub: House, access: Access, token: string | undefined): Promise<OpenSession> {
  const { sessionId } = access.principal
  const row = sessionId === undefined || token === undefined ? undefined : await inTenant(hub.db, access.tenantId, async db => await queries.findOpenSession(db, uuidOf('session', sessionId)))
  if (row === undefined || token === undefined) throw new HubError('not_found')
  return showOpenSession(row, access.tenantId, token)
}

/** One's own, wherever they are open. */
export async function listSessions (hub: House, access: Access, query: ListSessions): Promise<{ data: Session[], next_cursor: string | null }> {
  const userId = requireUserId(access)
  const window = idWindow('session', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listOpenSessions(db, userId, window, hub.now()))
  return pageOf('session', window, rows, row => ({
    id: publicId('session', row.id),
    object: 'session',
    current: publicId('session', row.id) === access.principal.sessionId,
    address: row.address,
    user_agent: row.user_agent,
    created_at: row.created_at.toISOString(),
    last_seen_at: row.last_seen_at.toISOString(),
    expires_at: row.expires_at.toISOString()
  }))
}

/** Ends one of one's own sessions; true when it is the one of this request. */
export async function endSession (hub: House, access: Access, which: string): Promise<boolean> {
  const userId = requireUserId(access)
  const publicSessionId = which === 'current' ? access.principal.sessionId! : which
  const only = uuidOf('session', publicSessionId)
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    if (await queries.revokeSessions(db, { userId, only }, now) === 0) throw new HubError('not_found')
    await recordChange(db, access, now, { action: 'session.ended', subjectType: 'session', subjectId: publicSessionId })
  })
  return publicSessionId === access.principal.sessionId
}

function requireUserId ({ principal }: Access): string {
  if (principal.type !== 'user') throw new HubError('not_found', { detail: { es: 'Una clave de API no tiene sesiones.', en: 'An API key has no sessions.' } })
  return uuidOf('user', principal.id)
}

/** Only who knows the password learns where it fits. */
function whichTenant (opened: readonly LoginRow[]): HubError {
  return new HubError('tenant_required', {
    detail: { es: 'Este correo entra en varias organizaciones: elija una en `tenant`.', en: 'This mail opens several tenants: choose one in `tenant`.' },
    errors: opened.map(row => ({ path: 'tenant', message: `${publicId('tenant', row.tenant_id)} ${row.tenant_name}` }))
  })
}

function accessOf (row: OpenSessionRow, tenantId: string, caller: Caller): Access {
  const role = row.role as Role
  const principal = { type: 'user' as const, id: publicId('user', row.user_id), homeTenantId: tenantId, role, email: row.email, sessionId: publicId('session', row.id), scopes: scopesOfRole[role] }
  return { principal, tenantId, mode: 'test', requestId: caller.requestId, address: caller.address, language: caller.language }
}

function showOpenSession (row: OpenSessionRow, tenantId: string, token: string): OpenSession {
  return {
    id: publicId('session', row.id),
    object: 'session',
    user: { id: publicId('user', row.user_id), email: row.email, name: row.name, role: row.role as Role },
    tenant: { id: publicId('tenant', tenantId), name: row.tenant_name, kind: row.tenant_kind as 'tenant' },
    scopes: [...scopesOfRole[row.role as Role]],
    csrf_token: csrfTokenOf(token),
    expires_at: row.expires_at.toISOString()
  }
}
