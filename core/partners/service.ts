import { assertNotTestKey, assertPlatform } from '../access/limits.ts'
import { type Access, isPlatformStaff } from '../access/principal.ts'
import { findPlatform } from '../access/queries.ts'
import type { MadeApiKey, NewApiKey } from '../api-keys/schema.ts'
import { issueApiKey } from '../api-keys/service.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { PartnerRow } from './queries.ts'
import type { Grant, ListPartners, NewPartner, Partner } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

/** Partners live in the platform's tenant; whom they serve is each tenant's own row. */
export async function createPartner (hub: House, access: Access, body: NewPartner, idempotency: Idempotency | null): Promise<Partner> {
  assertPlatform(access)
  const begun = idempotency?.subject === undefined ? undefined : parseId('partner', idempotency.subject)
  const now = hub.now()
  const id = newUuid(now)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    if (begun !== undefined) return (await queries.findPartner(db, begun))!
    await queries.insertPartner(db, { id, name: body.name, now })
    await recordChange(db, access, now, { action: 'partner.created', subjectType: 'partner', subjectId: publicId('partner', id), detail: { name: body.name } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('partner', id))
    return (await queries.findPartner(db, id))!
  })
  return showPartner(row)
}

/** To the platform all of them, to a tenant those that act for it. */
export async function listPartners (hub: House, access: Access, query: ListPartners): Promise<{ data: Partner[], next_cursor: string | null }> {
  const window = idWindow('partner', query)
  const platform = await platformOf(hub)
  const all = isPlatformStaff(access.principal) && access.tenantId === platform
  const granted = all ? undefined : await inTenant(hub.db, access.tenantId, queries.listGrants)
  if (granted?.length === 0) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, platform, async db => await queries.listPartners(db, window, granted))
  return pageOf('partner', window, rows, showPartner)
}

export async function createPartnerKey (hub: House, access: Access, publicPartnerId: string, body: NewApiKey, idempotency: Idempotency | null): Promise<MadeApiKey> {
  assertPlatform(access)
  const partnerId = uuidOf('partner', publicPartnerId)
  await assertPartner(hub, access.tenantId, partnerId)
  return await issueApiKey(hub, access, { kind: 'partner', partnerId }, body, idempotency)
}

export async function grantTenant (hub: House, access: Access, publicPartnerId: string, publicTenantId: string): Promise<Grant> {
  const { partnerId, tenantId } = await consenting(hub, access, publicPartnerId, publicTenantId)
  await assertPartner(hub, await platformOf(hub), partnerId)
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await queries.insertGrant(db, partnerId, now)) await recordChange(db, access, now, { action: 'partner.granted', subjectType: 'partner', subjectId: publicPartnerId })
  })
  return { object: 'partner_grant', partner: publicPartnerId, tenant: publicTenantId }
}

/** From the next request on the partner no longer acts for the tenant. */
export async function withdrawTenant (hub: House, access: Access, publicPartnerId: string, publicTenantId: string): Promise<void> {
  const { partnerId, tenantId } = await consenting(hub, access, publicPartnerId, publicTenantId)
  await inTenant(hub.db, tenantId, async db => {
    if (!await queries.deleteGrant(db, partnerId)) throw new HubError('not_found')
    await recordChange(db, access, hub.now(), { action: 'partner.withdrawn', subjectType: 'partner', subjectId: publicPartnerId })
  })
}

/** Consent is the tenant's: its own people give and take it, or the platform for them. */
async function consenting (hub: House, access: Access, publicPartnerId: string, publicTenantId: string): Promise<{ partnerId: string, tenantId: string }> {
  assertNotTestKey(access)
  const partnerId = uuidOf('partner', publicPartnerId)
  const tenantId = uuidOf('tenant', publicTenantId)
  const theirs = isPlatformStaff(access.principal) ? await queries.isTenant(hub.db, tenantId) : tenantId === access.principal.homeTenantId
  if (!theirs) throw new HubError('not_found')
  return { partnerId, tenantId }
}

async function assertPartner (hub: House, platformTenantId: string, partnerId: string): Promise<void> {
  if (await inTenant(hub.db, platformTenantId, async db => await queries.findPartner(db, partnerId)) === undefined) throw new HubError('not_found')
}

async function platformOf (hub: House): Promise<string> {
  const id = await findPlatform(hub.db)
  if (id === undefined) throw new HubError('unavailable', { internal: { problem: 'there is no platform tenant: bootstrap did not run' } })
  return id
}

function showPartner (row: PartnerRow): Partner {
  return { id: publicId('partner', row.id), object: 'partner', name: row.name, created_at: row.created_at.toISOString() }
}
