import { assertHolds, assertNotTestKey } from '../access/limits.ts'
import { type Passwords, passwords as standard } from '../access/passwords.ts'
import { type Access, type Role, scopesOfRole, systemAccess } from '../access/principal.ts'
import { insertUser } from '../access/queries.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import type { Letter } from '../notifications/letter.ts'
import { prepareMail } from '../notifications/service.ts'
import { assertRoleFits, hashFor } from '../users/service.ts'
import * as queries from './queries.ts'
import type { InvitationRow } from './queries.ts'
import type { AcceptInvitation, Invitation, InvitationAccepted, InvitationMade, InvitationSeen, ListInvitations, NewInvitation } from './schema.ts'
import { makeToken, readToken } from './token.ts'

export const invitationMs = 7 * 24 * 3600_000

type House = Pick<Hub, 'db' | 'now' | 'vault' | 'publicUrl' | 'wake' | 'config'>
type Asking = Pick<Access, 'requestId' | 'address' | 'language'>

/**
 * Asks somebody by mail to join the tenant, and gives the link as well: once, for whoever has no mail server. An open invitation
 * of the same mail ends with it.
 */
export async function invite (hub: House, access: Access, body: NewInvitation, idempotency: Idempotency | null): Promise<InvitationMade> {
  assertNotTestKey(access)
  assertHolds(access, scopesOfRole[body.role])
  const email = body.email.toLowerCase()
  const language = body.language ?? access.language
  const now = hub.now()
  const id = newUuid(now)
  const expiresAt = new Date(now.getTime() + invitationMs)
  const tenant = await inTenant(hub.db, access.tenantId, async db => {
    await assertRoleFits(db, body.role)
    if (await queries.isUser(db, email)) throw taken()
    return await queries.openTenant(db)
  })
  if (tenant === undefined) throw new HubError('invalid_state', { detail: { es: 'La organización está suspendida.', en: 'The tenant is suspended.' } })
  const { token, hash } = makeToken(access.tenantId)
  const url = `${hub.publicUrl()}/invitations#${token}`
  const mail = hub.config.smtpUrl === undefined
    ? undefined
    : await prepareMail(hub, access.tenantId, {
      mode: 'live', subjectType: 'invitation', subjectId: id, automatic: false, documents: [],
      recipients: [{ kind: 'to', address: email, ...(body.name !== undefined && { name: body.name }) }],
      letter: letterOf({ language, url, tenant: tenant.name, ...(body.name !== undefined && { name: body.name }), until: expiresAt })
    })
  const row = await inTenant(hub.db, access.tenantId, async db => {
    await queries.revokePending(db, { email }, now)
    await queries.insertInvitation(db, { id, email, name: body.name ?? null, role: body.role, language, tokenHash: hash, invitedBy: access.principal.id, now, expiresAt })
    await mail?.insert(db)
    await recordChange(db, access, now, { action: 'invitation.created', subjectType: 'invitation', subjectId: publicId('invitation', id), detail: { email, role: body.role } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('invitation', id))
    return (await queries.findInvitation(db, id))!
  })
  if (mail !== undefined) hub.wake('mail', [{ tenantId: access.tenantId, id: mail.id }])
  return { ...show(row, now), url, mail: mail === undefined ? null : publicId('mail', mail.id) }
}

export async function getInvitation (hub: House, access: Access, publicInvitationId: string): Promise<Invitation> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findInvitation(db, uuidOf('invitation', publicInvitationId)))
  if (row === undefined) throw new HubError('not_found')
  return show(row, hub.now())
}

export async function listInvitations (hub: House, access: Access, query: ListInvitations): Promise<{ data: Invitation[], next_cursor: string | null }> {
  const window = idWindow('invitation', query)
  const now = hub.now()
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listInvitations(db, window, { now, ...(query.status !== undefined && { status: query.status }) }))
  return pageOf('invitation', window, rows, row => show(row, now))
}

/** The link leads nowhere from now on. */
export async function revokeInvitation (hub: House, access: Access, publicInvitationId: string): Promise<void> {
  assertNotTestKey(access)
  const id = uuidOf('invitation', publicInvitationId)
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.findInvitation(db, id)
    if (row === undefined) throw new HubError('not_found')
    assertHolds(access, scopesOfRole[row.role as Role])
    if (await queries.revokePending(db, { id }, now) === 0) throw new HubError('invalid_state', { detail: { es: 'La invitación ya no está pendiente.', en: 'The invitation is no longer pending.' } })
    await recordChange(db, access, now, { action: 'invitation.revoked', subjectType: 'invitation', subjectId: publicInvitationId })
  })
}

/** For whoever holds the link. One that is wrong, over, accepted or revoked get one answer. */
export async function lookUp (hub: House, token: string): Promise<InvitationSeen> {
  const { tenantId, hash } = readToken(token)
  const found = await inTenant(hub.db, tenantId, async db => ({ row: await queries.findByToken(db, hash), tenant: await queries.openTenant(db) }))
  const row = open(found.row, hub.now())
  if (found.tenant === undefined) throw over()
  return { object: 'invitation_seen', tenant: { id: publicId('tenant', tenantId), name: found.tenant.name }, email: row.email, name: row.name, role: row.role as Role, expires_at: row.expires_at.toISOString() }
}

/** Makes the user. Of two who accept at once one is let in. */
export async function accept (hub: House, asking: Asking, body: AcceptInvitation, passwords: Passwords = standard): Promise<InvitationAccepted> {
  const { tenantId, hash } = readToken(body.token)
  const seen = await lookUp(hub, body.token)
  // Only behind a link that holds: the derivation is expensive.
  const passwordHash = await hashFor(hub, passwords, seen.email, body.password)
  const now = hub.now()
  const userId = newUuid(now)
  await inTenant(hub.db, tenantId, async db => {
    const row = open(await queries.findByToken(db, hash, { lock: true }), now)
    await insertUser(db, { id: userId, email: row.email, name: body.name, role: row.role as Role, passwordHash, now })
    await queries.markAccepted(db, row.id, userId, now)
    const access = systemAccess(publicId('user', userId), { ...asking, tenantId, mode: 'live' })
    await recordChange(db, access, now, { action: 'invitation.accepted', subjectType: 'invitation', subjectId: publicId('invitation', row.id), detail: { email: row.email, role: row.role } })
  }).catch((error: unknown) => {
    throw isUniqueViolation(error) ? taken() : error
  })
  return { object: 'invitation_accepted', tenant: seen.tenant, email: seen.email }
}

function open (row: InvitationRow | undefined, now: Date): InvitationRow {
  if (row?.status !== 'pending' || row.expires_at <= now) throw over()
  return row
}

const over = (): HubError => new HubError('not_found', { detail: { es: 'Esta invitación ya no vale: pida otra a quien le invitó.', en: 'This invitation is no longer good: ask whoever invited you for another.' } })
const taken = (): HubError => new HubError('already_exists', { errors: [{ path: 'email', message: 'belongs to a user here' }] })

function letterOf ({ language, url, tenant, name, until }: { language: 'es' | 'en', url: string, tenant: string, name?: string, until: Date }): Letter {
  const day = until.toISOString().slice(0, 10)
  const es = language === 'es'
  return {
    language,
    sender: tenant,
    subject: es ? `${tenant} le invita a Pasarela` : `${tenant} invites you to Pasarela`,
    heading: es ? `Le invitan a ${tenant}` : `You are invited to ${tenant}`,
    ...(name !== undefined && { greeting: es ? `Hola ${name}:` : `Hello ${name},` }),
    paragraphs: [es ? 'Con este enlace elige su contraseña y entra. Es solo para usted: no lo reenvíe.' : 'With this link you choose your password and sign in. It is for you alone: do not forward it.'],
    facts: [[es ? 'Vale hasta' : 'Valid until', es ? day.split('-').reverse().join('/') : day]],
    actions: [{ label: es ? 'Aceptar la invitación' : 'Accept the invitation', url }],
    footer: [es ? 'Si no esperaba esta invitación, no tiene que hacer nada.' : 'If you did not expect this invitation, there is nothing to do.'],
    test: false
  }
}

function show (row: InvitationRow, now: Date): Invitation {
  return {
    id: publicId('invitation', row.id),
    object: 'invitation',
    email: row.email,
    name: row.name,
    role: row.role as Role,
    status: row.status === 'pending' && row.expires_at <= now ? 'expired' : row.status as Invitation['status'],
    invited_by: row.invited_by,
    user: row.user_id === null ? null : publicId('user', row.user_id),
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString()
  }
}
