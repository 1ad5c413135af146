import { assertNotTestKey, assertPlatform } from '../access/limits.ts'
import { type Access, isPlatformStaff } from '../access/principal.ts'
import { insertTenant } from '../access/queries.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { insertGrant, isServed } from '../partners/queries.ts'
import * as queries from './queries.ts'
import type { TenantRow } from './queries.ts'
import type { ListTenants, NewTenant, PatchTenant, Tenant } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

/** The platform makes a tenant for anybody; a partner makes one that it serves from the first moment. */
export async function createTenant (hub: House, access: Access, body: NewTenant, idempotency: Idempotency | null): Promise<Tenant> {
  const { partnerId } = access.principal
  if (partnerId === undefined) assertPlatform(access)
  const now = hub.now()
  // The new tenant's rows and the Idempotency-Key of who makes it are never in one transaction: the key learns the id first,
  // and a run that finds an id there makes that tenant and no other.
  const begun = idempotency?.subject === undefined ? undefined : parseId('tenant', idempotency.subject)
  const id = begun ?? newUuid(now)
  if (begun !== undefined) {
    const made = await inTenant(hub.db, id, queries.findTenant)
    if (made !== undefined) return showTenant(made)
  } else if (idempotency !== null) {
    await inTenant(hub.db, access.tenantId, async db => await recordSubject(db, idempotency, publicId('tenant', id)))
  }
  const row = await inTenant(hub.db, id, async db => {
    await insertTenant(db, { kind: 'tenant', name: body.name, country: body.country, hostName: body.host_name ?? null, now })
    await recordChange(db, access, now, { action: 'tenant.created', subjectType: 'tenant', subjectId: publicId('tenant', id), detail: { ...body } })
    if (partnerId !== undefined) {
      await insertGrant(db, partnerId, now)
      await recordChange(db, access, now, { action: 'partner.granted', subjectType: 'partner', subjectId: publicId('partner', partnerId) })
    }
    return (await queries.findTenant(db))!
  }).catch(hostNameTaken)
  return showTenant(row)
}

export async function listTenants (hub: House, access: Access, query: ListTenants): Promise<{ data: Tenant[], next_cursor: string | null }> {
  const { partnerId } = access.principal
  if (partnerId === undefined) assertPlatform(access)
  const window = idWindow('tenant', query)
  const rows = await queries.listTenants(hub.db, window, { partnerId: partnerId ?? null, status: query.status ?? null })
  return pageOf('tenant', window, rows, showTenant)
}

export async function getTenant (hub: House, access: Access, publicTenantId: string): Promise<Tenant> {
  const id = uuidOf('tenant', publicTenantId)
  const { partnerId } = access.principal
  const mayRead = isPlatformStaff(access.principal) || (partnerId !== undefined && await isServed(hub.db, partnerId, id))
  if (!mayRead) throw new HubError('not_found')
  return showTenant(known(await inTenant(hub.db, id, queries.findTenant)))
}

/** The one that the request acts in. */
export async function currentTenant (hub: House, access: Access): Promise<Tenant> {
  const row = await inTenant(hub.db, access.tenantId, queries.findTenant)
  if (row === undefined) throw new HubError('not_found')
  return showTenant(row)
}

/** A suspended tenant's keys and sessions are refused from the next request on. */
export async function patchTenant (hub: House, access: Access, publicTenantId: string, body: PatchTenant): Promise<Tenant> {
  assertPlatform(access)
  assertNotTestKey(access)
  const id = uuidOf('tenant', publicTenantId)
  const now = hub.now()
  const row = await inTenant(hub.db, id, async db => {
    const before = known(await queries.lockTenant(db))
    const changed = Object.fromEntries(Object.entries(body).filter(([name, value]) => before[name as keyof TenantRow] !== value)) as PatchTenant
    if (Object.keys(changed).length === 0) return before
    await recordChange(db, access, now, {
      action: 'tenant.changed', subjectType: 'tenant', subjectId: publicTenantId, detail: { before: Object.fromEntries(Object.keys(changed).map(name => [name, before[name as keyof TenantRow]])), after: changed }
    })
    return await queries.updateTenant(db, changed, now)
  }).catch(hostNameTaken)
  return showTenant(row)
}

/** The platform is no tenant that anybody manages. */
function known<Row extends { kind: string }> (row: Row | undefined): Row {
  if (row?.kind !== 'tenant') throw new HubError('not_found')
  return row
}

function hostNameTaken (error: unknown): never {
  if (!isUniqueViolation(error, 'tenants_host_name_key')) throw error
  throw new HubError('already_exists', { errors: [{ path: 'host_name', message: 'is taken' }] })
}

function showTenant (row: TenantRow): Tenant {
  return {
    id: publicId('tenant', row.id),
    object: 'tenant',
    name: row.name,
    country: row.country,
    host_name: row.host_name,
    status: row.status as Tenant['status'],
    created_at: row.created_at.toISOString()
  }
}
