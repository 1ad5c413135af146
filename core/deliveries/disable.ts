import type { Mode } from '../adapter/context.ts'
import { raiseAlert, raiseLasting, resolveAlert } from '../alerts/raise.ts'
import { recordSystemChange } from '../audit/record-system.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import * as queries from './queries.ts'
import type { SettledEndpoint } from './queries.ts'

type House = Pick<Hub, 'db' | 'now' | 'log'>

const hourMs = 3600_000

/** Nothing more is sent to it; what waited has failed, until somebody enables it and recovers. Said once, by an alert. */
export async function disableEndpoint (hub: House, endpoint: SettledEndpoint, reason: 'gone' | 'failing'): Promise<void> {
  const id = publicId('webhook_endpoint', endpoint.id)
  const now = hub.now()
  await inTenant(hub.db, endpoint.tenant_id, async db => {
    if (!await queries.disable(db, endpoint.id, reason, now)) return
    const failed = await queries.failPending(db, endpoint.id, now)
    const detail = { reason, failing_since: endpoint.failing_since?.toISOString() ?? null, waiting: failed }
    await resolveAlert(db, now, 'webhook_endpoint_failing', id)
    await raiseAlert(db, now, { kind: 'webhook_endpoint_disabled', severity: 'critical', mode: endpoint.mode as Mode, subjectId: id, detail })
    await recordSystemChange(db, now, 'deliveries', { action: 'webhook_endpoint.disabled', subjectType: 'webhook_endpoint', subjectId: id, detail })
  })
}

/** A pause of minutes is for the breaker alone; one that lasts is for a person. */
export async function tellFailing (hub: House, endpoint: SettledEndpoint): Promise<void> {
  const now = hub.now()
  if (endpoint.failing_since === null || now.getTime() - endpoint.failing_since.getTime() < hourMs) return
  await inTenant(hub.db, endpoint.tenant_id, async db => {
    await raiseLasting(db, now, {
      kind: 'webhook_endpoint_failing', severity: 'warning', mode: endpoint.mode as Mode, subjectId: publicId('webhook_endpoint', endpoint.id),
      detail: { failing_since: endpoint.failing_since!.toISOString(), failures_in_a_row: endpoint.consecutive_failures }
    })
  })
}

/** It took something again. */
export async function tellWell (hub: House, endpoint: Pick<SettledEndpoint, 'tenant_id' | 'id'>): Promise<void> {
  await inTenant(hub.db, endpoint.tenant_id, async db => { await resolveAlert(db, hub.now(), 'webhook_endpoint_failing', publicId('webhook_endpoint', endpoint.id)) })
}
