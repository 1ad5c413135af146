import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { PaymentSnapshot, ProviderListing } from '../adapter/payments.ts'
import { isProviderError } from '../adapter/problems.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidAt, uuidOf } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { compareListed, type Compared } from './compare.ts'
import { checkedRange, connectionOf, listingError, requireListing } from './connection.ts'
import * as queries from './queries.ts'
import type { AuditRow } from './queries.ts'
import type { CompletenessAudit, ListCompletenessAudits, Range } from './schema.ts'
import { everyMs } from './transactions.ts'

export const auditTimer = 'completeness_audit'
/** Payments go on to change for days after they were made (a capture, a voucher, a refund): so far back is compared each time. */
const windowMs = 8 * everyMs
/** A webhook of the last minutes may be on its way. */
const graceMs = 5 * 60_000
const pagesInRequest = 20
/** A provider that always has a next page is not followed for ever. */
const paymentsAtMost = 500_000
const shownAtMost = 100
const leaseMs = 10 * 60_000
const retryMs = [10, 30, 60, 180].map(minutes => minutes * 60_000)

/**
 * Compares what the provider lists with what we hold, now. Waits for so many pages; a longer one goes on as a job, and is
 * `running` until then.
 */
export async function startAudit (hub: Hub, access: Access, publicConnectionId: string, given: Range, idempotency: Idempotency | null): Promise<CompletenessAudit> {
  if (idempotency?.subject !== undefined) return await getAudit(hub, access, idempotency.subject)
  const connection = await connectionOf(hub, access, publicConnectionId)
  requireListing(hub, connection, 'listPayments')
  const now = hub.now()
  const range = checkedRange(given, { from: new Date(now.getTime() - windowMs), to: now }, now)
  const id = newUuid(now)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const audit = await queries.insertAudit(db, { id, mode: connection.mode, connectionId: connection.id, provider: connection.provider, trigger: 'request', ...range, now })
    // If this process ends before the audit does, the job takes it up.
    await setTimer(db, auditTimer, connection.id, new Date(now.getTime() + leaseMs))
    await recordChange(db, access, now, { action: 'connection.audited', subjectType: 'connection', subjectId: publicConnectionId, detail: { audit: publicId('completeness_audit', id), from: range.from, to: range.to } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('completeness_audit', id))
    return audit
  })
  const after = await bringOn(hub, connection, row, pagesInRequest).catch(async (error: unknown) => {
    await endFailed(hub, row, error)
    throw isProviderError(error) ? listingError(error, connection.provider) : error
  })
  await inTenant(hub.db, access.tenantId, async db => { await setTimer(db, auditTimer, connection.id, after.status === 'running' ? now : new Date(now.getTime() + everyMs)) })
  if (after.status === 'running') hub.wake(auditTimer, [{ tenantId: access.tenantId, id: connection.id }])
  return show(after)
}

/** The daily job of a connection; it also ends what a request began. */
export async function auditJob (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => {
    const claimed = await claimTimer(db, auditTimer, connectionId, now, leaseMs)
    return claimed && { tries: claimed.tries, connection: await loadSealed(db, connectionId), ...await queries.lastAudits(db, connectionId) }
  })
  if (found === undefined) return
  const { tries, connection, running, completedTo } = found
  const later = async (ms: number) => await inTenant(hub.db, tenantId, async db => { await setTimer(db, auditTimer, connectionId, new Date(hub.now().getTime() + ms)) })
  if (connection === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, auditTimer, connectionId) })
  // A later version of its adapter may be able to.
  if (hub.adapters.get(connection.provider)?.payments?.listPayments === undefined) return await later(7 * everyMs)
  const to = new Date(now.getTime() - graceMs)
  // After a long silence of ours there is no gap.
  const from = new Date(Math.min(to.getTime() - windowMs, completedTo?.getTime() ?? Infinity))
  const row = running ?? await inTenant(hub.db, tenantId, async db => await queries.insertAudit(db, { id: newUuid(now), mode: connection.mode, connectionId, provider: connection.provider, trigger: 'schedule', from, to, now }))
  try {
    await bringOn(hub, connection, row, Infinity)
    await later(everyMs)
  } catch (error) {
    hub.log.warn({ err: error, connection: publicId('connection', connectionId) }, 'a connection could not be audited yet')
    const delayMs = retryMs[tries - 1]
    if (delayMs !== undefined) return await inTenant(hub.db, tenantId, async db => { await retryTimer(db, auditTimer, connectionId, new Date(hub.now().getTime() + delayMs)) })
    await endFailed(hub, row, error)
    await later(everyMs)
  }
}

/** Page by page from where it stands; what a page told is kept with the place of the next. Throws what the provider's call threw. */
async function bringOn (hub: Hub, connection: SealedConnection, begun: AuditRow, pages: number): Promise<AuditRow> {
  const { tenantId } = connection
  const opened = await hub.open(connection)
  const list = requireListing(hub, connection, 'listPayments')
  const listens = await inTenant(hub.db, tenantId, async db => await queries.listensAt(db, connection.id))
  const fromId = uuidAt(begun.from_at)
  let row = begun
  for (let page = 0; page < pages && row.status === 'running'; page++) {
    const range = { from: row.from_at, to: row.to_at, ...(row.cursor !== null && { cursor: row.cursor }) }
    const result = await recordedCall<ProviderListing<PaymentSnapshot>>(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'list_payments', subjectId: row.id, requestId: auditTimer }, async context => await list(context, range))
    if (!result.ok) throw result.error
    const { data, next } = result.value
    const compared = await compareListed(hub, connection, data, { listens, heardFrom: fromId })
    const last = next === undefined || next === row.cursor || row.checked + row.foreign_count + data.length >= paymentsAtMost
    const saved = await inTenant(hub.db, tenantId, async db => {
      const after = await queries.updateAudit(db, row, added(row, compared, last ? undefined : next, hub.now()))
      if (after?.status === 'completed') await tell(hub, db, after)
      if (pages === Infinity) await retryTimer(db, auditTimer, connection.id, new Date(hub.now().getTime() + leaseMs))
      return after ?? await queries.findAudit(db, row.id)
    })
    row = saved!
  }
  return row
}

interface Detail { missed: CompletenessAudit['missed_payments'], foreign: CompletenessAudit['foreign_payments'] }

function added (row: AuditRow, { checked, missed, foreign, unheard }: Compared, next: string | undefined, now: Date): queries.AuditChanges {
  const before = row.detail as unknown as Detail
  return {
    checked: row.checked + checked,
    missed: row.missed + missed.length,
    repaired: row.repaired + missed.filter(({ repaired }) => repaired).length,
    foreign_count: row.foreign_count + foreign.length,
    unheard: row.unheard + unheard,
    detail: JSON.stringify({ missed: [...before.missed, ...missed].slice(0, shownAtMost), foreign: [...before.foreign, ...foreign].slice(0, shownAtMost) }),
    ...(next === undefined ? { status: 'completed', finished_at: now, cursor: null } : { cursor: next })
  }
}

async function tell (hub: Pick<Hub, 'now'>, db: Parameters<typeof recordEvents>[0], row: AuditRow): Promise<void> {
  const mode = row.mode as Mode
  const { missed_payments: _, foreign_payments: __, ...counts } = show(row)
  await recordEvents(db, hub.now(), [{ type: 'completeness_audit.completed', mode, subjectId: row.id, data: counts }])
  if (row.missed === 0) return
  await raiseAlert(db, hub.now(), {
    kind: 'webhooks_missed', severity: row.repaired < row.missed ? 'critical' : 'warning', mode, subjectId: publicId('connection', row.connection_id),
    detail: { audit: publicId('completeness_audit', row.id), checked: row.checked, missed: row.missed, repaired: row.repaired }
  })
}

async function endFailed (hub: Pick<Hub, 'db' | 'now'>, { tenant_id: tenantId, id }: AuditRow, error: unknown): Promise<void> {
  const told = isProviderError(error) ? { code: error.code, provider_code: error.providerCode ?? null } : { code: 'unknown', provider_code: null }
  await inTenant(hub.db, tenantId, async db => {
    const row = await queries.findAudit(db, id)
    if (row !== undefined) await queries.updateAudit(db, row, { status: 'failed', error: JSON.stringify(told), finished_at: hub.now() })
  })
}

export async function getAudit (hub: Pick<Hub, 'db'>, access: Access, publicAuditId: string): Promise<CompletenessAudit> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findAudit(db, uuidOf('completeness_audit', publicAuditId)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return show(row)
}

export async function listAudits (hub: Pick<Hub, 'db'>, access: Access, query: ListCompletenessAudits): Promise<{ data: CompletenessAudit[], next_cursor: string | null }> {
  const window = idWindow('completeness_audit', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listAudits(db, access.mode, window, {
    ...(query.connection !== undefined && { connectionId: uuidOf('connection', query.connection) }), ...(query.status !== undefined && { status: query.status })
  }))
  return pageOf('completeness_audit', window, rows, show)
}

function show (row: AuditRow): CompletenessAudit {
  const { missed, foreign } = row.detail as unknown as Detail
  return {
    id: publicId('completeness_audit', row.id),
    object: 'completeness_audit',
    mode: row.mode as Mode,
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    trigger: row.trigger as 'schedule',
    status: row.status as 'completed',
    from: row.from_at.toISOString(),
    to: row.to_at.toISOString(),
    checked: row.checked,
    missed: row.missed,
    repaired: row.repaired,
    foreign: row.foreign_count,
    unheard: row.unheard,
    missed_payments: missed,
    foreign_payments: foreign,
    error: row.error as CompletenessAudit['error'],
    started_at: row.started_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null
  }
}
