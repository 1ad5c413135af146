import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Alert } from '../alerts/schema.ts'
import { listAlerts } from '../alerts/service.ts'
import { figuresOf } from '../connections/health-figures.ts'
import { listConnections } from '../connections/queries.ts'
import { healthOf } from '../connections/view.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { listInbound } from '../inbound/service.ts'
import { listOperations } from '../operations/service.ts'
import { maskName, withoutPeople } from './people.ts'
import * as queries from './queries.ts'
import type { ListOverview, MaskedConnection, MaskedInbound, MaskedOperation, OfTenant, Overview } from './schema.ts'

interface Page<T> { data: T[], next_cursor: string | null }

/** Where something is wrong, over all tenants, and how far behind the queues are: counts, and masked names. */
export async function overview (hub: Pick<Hub, 'db' | 'now'>, access: Access, { limit = 50, cursor }: ListOverview): Promise<Overview> {
  const after = cursor === undefined ? null : parseId('tenant', cursor)
  if (after === undefined) throw invalidField('cursor', 'is not a cursor of this list')
  const now = hub.now()
  const [rows, queues] = await Promise.all([queries.overview(hub.db, now, access.mode, after, limit + 1), queries.queueHealth(hub.db, now)])
  const page = rows.slice(0, limit)
  return {
    object: 'support_overview',
    mode: access.mode,
    queues: queues.map(row => ({ queue: row.kind, waiting: Number(row.waiting), oldest_seconds: Math.round(row.oldest_seconds) })),
    data: page.map(row => ({
      tenant: publicId('tenant', row.tenant_id),
      name: maskName(row.name),
      status: row.status as 'active',
      alerts: { critical: Number(row.critical), warning: Number(row.warning), info: Number(row.info), kinds: row.kinds },
      connections: { total: Number(row.connections), failing: Number(row.failing), reconnect: Number(row.reconnect) },
      calls_last_hour: { total: Number(row.calls), failed: Number(row.failed) },
      refused_webhooks_last_day: Number(row.refused_webhooks),
      last_webhook_at: row.last_webhook_at?.toISOString() ?? null,
      support_entered: Number(row.entered)
    })),
    next_cursor: rows.length > limit ? publicId('tenant', page.at(-1)!.tenant_id) : null
  }
}

export async function maskedConnections (hub: Hub, access: Access, { tenant, ...query }: OfTenant): Promise<Page<MaskedConnection>> {
  const there = await inThe(hub, access, tenant)
  const window = idWindow('connection', query)
  const now = hub.now()
  const rows = await inTenant(hub.db, there.tenantId, async db => {
    const rows = await listConnections(db, { ...window, mode: access.mode })
    const shown = []
    for (const row of rows.slice(0, window.limit)) {
      const error = row.last_error as { code: string, provider_code: string | null, at: string } | null
      const masked: MaskedConnection = {
        id: publicId('connection', row.id),
        provider: row.provider,
        mode: row.mode as Mode,
        health: healthOf(row),
        failures_in_row: row.failures_in_row,
        last_success_at: row.last_success_at?.toISOString() ?? null,
        last_error: error === null ? null : { code: error.code, provider_code: error.provider_code, at: error.at },
        last_webhook_at: row.last_event_at?.toISOString() ?? null,
        last_hour: await figuresOf(db, row.id, now, hourMs),
        last_day: await figuresOf(db, row.id, now, 24 * hourMs)
      }
      shown.push({ id: row.id, masked })
    }
    return shown
  })
  return pageOf('connection', window, rows, ({ masked }) => masked)
}

const hourMs = 3600_000

export async function maskedInbound (hub: Hub, access: Access, { tenant, ...query }: OfTenant): Promise<Page<MaskedInbound>> {
  const page = await listInbound(hub, await inThe(hub, access, tenant), query)
  return { ...page, data: page.data.map(({ provider_event_id: _, ...event }) => ({ ...event, reason: withoutPeople(event.reason) as string | null })) }
}

export async function maskedOperations (hub: Hub, access: Access, { tenant, ...query }: OfTenant): Promise<Page<MaskedOperation>> {
  const page = await listOperations(hub, await inThe(hub, access, tenant), query)
  return { ...page, data: page.data.map(({ idempotency_key: _, ...operation }) => operation) }
}

/** What a detail may show of: codes and figures. */
const shownDetail = new Set([
  'error_code', 'provider_code', 'code', 'event_type', 'refused', 'taken', 'unmatched', 'share', 'share_before', 'percent', 'threshold_percent', 'minutes', 'ended', 'failed', 'p50_ms', 'p95_ms', 'longest_ms', 'calls', 'threshold_seconds', 'in_row',
  'last_webhook_at', 'hours', 'threshold_hours', 'payments_meanwhile', 'stamps_left', 'per_day', 'days_left', 'level', 'days', 'valid_to', 'since', 'pending', 'status', 'missed', 'repaired', 'kind', 'expires_at'
])

export async function maskedAlerts (hub: Pick<Hub, 'db' | 'now'>, access: Access, { tenant, ...query }: OfTenant): Promise<Page<Alert>> {
  const page = await listAlerts(hub, await inThe(hub, access, tenant), query)
  return { ...page, data: page.data.map(alert => ({ ...alert, detail: Object.fromEntries(Object.entries(alert.detail).filter(([name]) => shownDetail.has(name))) })) }
}

/** The same person, looking at that tenant from outside. */
async function inThe (hub: Pick<Hub, 'db'>, access: Access, tenant: string): Promise<Access> {
  const id = parseId('tenant', tenant)
  if (id === undefined || await queries.findTenant(hub.db, id) === undefined) throw invalidField('tenant', 'is not the id of a tenant')
  return { ...access, tenantId: id }
}
