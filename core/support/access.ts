import { type Access, isPlatformStaff, systemAccess } from '../access/principal.ts'
import { raiseAlert, resolveAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseAnyId, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { SupportAccessRow } from './queries.ts'
import type { ListSupportAccess, NewSupportAccess, SupportAccess } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

const accessTimer = 'support_access'
const minuteMs = 60_000
const notAPerson = { es: 'Solo una persona de soporte, con su sesión, pide acceso a los datos de una organización.', en: 'Only a person of support, logged in, asks for access to the data of a tenant.' }

/**
 * Lets a person of support into one tenant, for a while and for a reason that the tenant reads: in its audit log, in
 * `GET /v1/support_access`, and as an alert that stands as long as the access does.
 */
export async function openAccess (hub: House, access: Access, body: NewSupportAccess, idempotency: Idempotency | null): Promise<SupportAccess> {
  const { principal } = access
  if (principal.type !== 'user' || principal.role !== 'support') throw new HubError('forbidden', { detail: notAPerson })
  const tenantId = parseId('tenant', body.tenant)
  const tenant = tenantId === undefined ? undefined : await queries.findTenant(hub.db, tenantId)
  if (tenant?.kind !== 'tenant') throw invalidField('tenant', 'is not the id of a tenant')
  const now = hub.now()
  const userId = uuidOf('user', principal.id)
  // The Idempotency-Key is the platform's, the row is the tenant's: the key learns the id first.
  const begun = idempotency?.subject === undefined ? undefined : parseId('support_access', idempotency.subject)
  const id = begun ?? newUuid(now)
  const userName = await inTenant(hub.db, principal.homeTenantId, async db => {
    if (begun === undefined && idempotency !== null) await recordSubject(db, idempotency, publicId('support_access', id))
    return await queries.nameOfUser(db, userId) ?? principal.id
  })
  const row = await inTenant(hub.db, tenant.id, async db => {
    const made = begun === undefined ? undefined : await queries.findAccess(db, id)
    if (made !== undefined) return made
    const kind = body.kind ?? 'look'
    const expiresAt = new Date(now.getTime() + body.minutes * minuteMs)
    const row = await queries.insertAccess(db, { id, user_id: userId, user_name: userName, kind, reason: body.reason, created_at: now, expires_at: expiresAt })
    const detail = { kind, reason: body.reason, user: userName, expires_at: expiresAt.toISOString() }
    await recordChange(db, access, now, { action: 'support_access.opened', subjectType: 'support_access', subjectId: publicId('support_access', id), detail })
    await raiseAlert(db, now, { kind: 'support_entered', severity: 'info', mode: 'live', subjectId: publicId('support_access', id), detail })
    await setTimer(db, accessTimer, id, expiresAt)
    return row
  })
  return showAccess(row, now)
}

/** A tenant sees who was in its data; a person of support sees where they were; the platform sees all. */
export async function listAccess (hub: House, access: Access, query: ListSupportAccess): Promise<{ data: SupportAccess[], next_cursor: string | null }> {
  const window = idWindow('support_access', query)
  const rows = isPlatformStaff(access.principal) && access.tenantId === access.principal.homeTenantId
    ? await queries.listAccessOf(hub.db, personOf(access), window)
    : await inTenant(hub.db, access.tenantId, async db => await queries.listAccess(db, window))
  return pageOf('support_access', window, rows, row => showAccess(row, hub.now()))
}

/** Before its time, by the tenant or by who opened it. Repeating it changes nothing. */
export async function endAccess (hub: House, access: Access, publicAccessId: string): Promise<SupportAccess> {
  const id = uuidOf('support_access', publicAccessId)
  const tenantId = isPlatformStaff(access.principal) ? (await queries.listAccessOf(hub.db, personOf(access), { id }))[0]?.tenant_id : access.tenantId
  if (tenantId === undefined) throw new HubError('not_found')
  if (!isPlatformStaff(access.principal) && !access.principal.scopes.has('users:write')) throw new HubError('forbidden', { detail: { es: 'Falta el permiso users:write.', en: 'The scope users:write is missing.' } })
  const now = hub.now()
  return showAccess(await inTenant(hub.db, tenantId, async db => {
    const before = await queries.findAccess(db, id)
    if (before === undefined) throw new HubError('not_found')
    return await end(db, access, before, access.principal.id, now) ?? before
  }), now)
}

/** Its time is over. */
export async function endSupportAccess (hub: House, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, accessTimer, id, now, minuteMs) === undefined) return
    const row = await queries.findAccess(db, id)
    if (row === undefined || row.ended_at !== null) return await clearTimer(db, accessTimer, id)
    await end(db, systemAccess('clock', { tenantId, mode: 'live', requestId: accessTimer, address: accessTimer, language: 'en' }), row, 'time', now)
  })
}

async function end (db: TenantDb, access: Access, row: SupportAccessRow, by: string, now: Date): Promise<SupportAccessRow | undefined> {
  const ended = await queries.endAccess(db, row.id, by, by === 'time' || now > row.expires_at ? row.expires_at : now)
  if (ended === undefined) return undefined
  const subjectId = publicId('support_access', row.id)
  await recordChange(db, access, now, { action: by === 'time' ? 'support_access.expired' : 'support_access.ended', subjectType: 'support_access', subjectId, detail: { user: row.user_name } })
  await resolveAlert(db, now, 'support_entered', subjectId)
  await clearTimer(db, accessTimer, row.id)
  return ended
}

export interface Use { method: string, route: string, params: Record<string, string>, query: Record<string, unknown> }

/** One line in the tenant's audit log for each request under an access, before it is answered: by which route, about which object. */
export async function recordUse (hub: House, access: Access, { method, route, params, query }: Use): Promise<void> {
  const read = method === 'GET' || method === 'HEAD'
  // What was searched for may be a person's name: only our own ids are written down, and of the rest that it was asked.
  const told = (given: Record<string, unknown>) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === 'string' && parseAnyId(value) !== undefined ? value : '…']))
  await inTenant(hub.db, access.tenantId, async db => {
    await recordChange(db, access, hub.now(), {
      action: read ? 'support_access.read' : 'support_access.wrote',
      subjectType: 'support_access',
      subjectId: access.principal.supportAccessId!,
      detail: { method, route, mode: access.mode, ...(Object.keys(params).length > 0 && { object: told(params) }), ...(Object.keys(query).length > 0 && { query: told(query) }) }
    })
  })
}

const personOf = ({ principal }: Access): string | null => principal.role === 'support' ? uuidOf('user', principal.id) : null

function showAccess (row: SupportAccessRow, now: Date): SupportAccess {
  return {
    id: publicId('support_access', row.id),
    object: 'support_access',
    tenant: publicId('tenant', row.tenant_id),
    user: publicId('user', row.user_id),
    user_name: row.user_name,
    kind: row.kind as SupportAccess['kind'],
    reason: row.reason,
    status: row.ended_at === null && row.expires_at > now ? 'open' : 'ended',
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    ended_by: row.ended_by
  }
}
