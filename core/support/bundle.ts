import { createHash, timingSafeEqual } from 'node:crypto'
import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { loadSealed, withDefaults } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, publicId, uuidOf } from '../ids.ts'
import { isExpunged, openBody } from '../inbound/body.ts'
import { findInbound, findRefused } from '../inbound/queries.ts'
import { verifyWith } from '../inbound/receive.ts'
import type { KeptExchange } from '../operations/call.ts'
import { version } from '../version.ts'
import { bodyWithoutPeople, withoutPeople } from './people.ts'
import * as queries from './queries.ts'
import type { Bundle, BundledHook, BundledOperation, Transition } from './schema.ts'

/** A webhook as it is stored, believed or refused. */
interface StoredHook {
  id: string, url: string, headers: Record<string, string>, bodySealed: string, bodyBytes: number | undefined, verdict: BundledHook['verdict'], reason: string | null, status: string, eventType: string | null, receivedAt: Date
}

/**
 * One webhook and all that came of it, as one document that may leave the house: without secrets and personal data, and still so that it
 * can be replayed (`test/support/replay-bundle.ts`) and proven. The bytes as they came stay in the hub; the bundle has their MAC, what
 * the verifier says of them today, and a seal over itself.
 * @throws HubError not_found; invalid_state when what was sent is no longer kept.
 */
export async function buildBundle (hub: Hub, access: Access, publicInboundId: string): Promise<Bundle> {
  const { tenantId } = access
  const id = uuidOf('inbound', publicInboundId)
  const found = await inTenant(hub.db, tenantId, async db => {
    const stored = await findInbound(db, id)
    const refused = stored === undefined ? await findRefused(db, id) : undefined
    const row = stored ?? refused
    if (row?.mode !== access.mode) throw new HubError('not_found')
    const subjects = stored?.subject_id == null ? [] : await queries.subjectsOf(db, stored.subject_id)
    const subjectType = (stored?.subject_type ?? 'payment') as IdKind
    const subjectId = subjects[0] === undefined ? undefined : publicId(subjectType, subjects[0])
    return {
      row,
      subjectId,
      subjectType,
      request: subjects[0] === undefined || subjectType !== 'payment' ? undefined : await queries.requestOf(db, subjects[0]),
      connection: await loadSealed(db, row.connection_id),
      hooks: subjects.length > 0
        ? (await queries.hooksOf(db, subjects)).map(hookOf)
        : [stored !== undefined ? hookOf({ ...stored, url: await queries.inboundUrl(db, id) ?? '' }) : ofRefused(refused!)],
      events: subjects.length === 0 ? [] : await queries.eventsOf(db, subjects),
      operations: subjects.length === 0 ? [] : await queries.operationsOf(db, subjects),
      alerts: await queries.alertsOf(db, [publicInboundId, publicId('connection', row.connection_id), ...subjects.flatMap(uuid => [publicId(subjectType, uuid), publicId('refund', uuid)])])
    }
  }, { accessMode: 'read only' })
  if (isExpunged(found.row.body_sealed)) throw new HubError('invalid_state', { detail: { es: 'Lo que se envió ya no se conserva (RETENTION_PAYLOADS).', en: 'What was sent is no longer kept (RETENTION_PAYLOADS).' } })
  const adapter = hub.adapters.get(found.row.provider)
  // What an adapter cannot clean does not leave.
  if (adapter === undefined) throw new HubError('provider_unknown')
  const secret = found.connection === undefined || adapter.manifest.webhooks === null ? undefined : (await hub.open(found.connection).catch(() => undefined))?.credentials[adapter.manifest.webhooks.secret]
  const hooks = await Promise.all(found.hooks.filter(({ bodySealed }) => !isExpunged(bodySealed)).map(async hook => await bundled(hub, tenantId, adapter, hook, { secret, settings: withDefaults(adapter, found.connection?.settings ?? {}) })))
  const open: Omit<Bundle, 'seal'> = {
    object: 'incident_bundle',
    version: 1,
    made_at: hub.now().toISOString(),
    pasarela: version,
    provider: { id: adapter.manifest.id, mode: found.row.mode as Mode, manifest: createHash('sha256').update(canonical(adapter.manifest)).digest('hex') },
    incident: publicInboundId,
    subject: found.subjectId === undefined ? null : { id: found.subjectId, type: found.subjectType, request: requestOf(found.request) },
    hooks,
    transitions: found.events.map(({ type, data, created_at: at }) => transitionOf(type, data as Record<string, unknown>, at)),
    events: found.events.map(row => ({ id: publicId('event', row.id), type: row.type, at: row.created_at.toISOString(), data: withoutPeople(row.data) })),
    alerts: found.alerts.map(row => ({ kind: row.kind, severity: row.severity, times: row.times, at: row.created_at.toISOString(), resolved_at: row.resolved_at?.toISOString() ?? null })),
    operations: found.operations.map(({ id, started_at: from, finished_at: to, exchanges, ...row }): BundledOperation => ({
      id: publicId('operation', id), ...row, started_at: from.toISOString(), finished_at: to?.toISOString() ?? null, exchanges: (exchanges as unknown as KeptExchange[]).map(exchange => bundledExchange(adapter, exchange))
    }))
  }
  return { ...open, seal: await sealOf(hub, tenantId, open) }
}

export interface Check { name: 'seal' | 'bytes' | 'scrubbed', ok: boolean, detail: string }

/**
 * Is this bundle what the hub made, and of what came? The seal; the MAC of the bytes that the hub still has; and that cleaning those
 * bytes once more gives the body of the bundle.
 */
export async function checkBundle (hub: Hub, tenantId: string, bundle: Bundle): Promise<Check[]> {
  const { seal, ...open } = bundle
  const checks: Check[] = [same(seal, await sealOf(hub, tenantId, open)) ? { name: 'seal', ok: true, detail: 'this tenant’s hub made it, and nobody changed it' } : { name: 'seal', ok: false, detail: 'it was changed, or made for another tenant or by another hub' }]
  const adapter = hub.adapters.get(bundle.provider.id)
  for (const hook of bundle.hooks) {
    const id = uuidOf('inbound', hook.id)
    const row = await inTenant(hub.db, tenantId, async db => await findInbound(db, id) ?? await findRefused(db, id))
    if (row === undefined || isExpunged(row.body_sealed)) {
      checks.push({ name: 'bytes', ok: false, detail: `${hook.id}: what came is no longer kept` })
      continue
    }
    const raw = await openBody(hub.vault, tenantId, id, row.body_sealed)
    const kept = same(hook.body_mac, await bodyMac(hub, tenantId, raw))
    checks.push({ name: 'bytes', ok: kept, detail: `${hook.id}: ${kept ? 'it is of the bytes that came' : 'other bytes came'}` })
    const clean = adapter !== undefined && cleanBody(adapter, raw.toString('utf8')) === hook.body
    checks.push({ name: 'scrubbed', ok: clean, detail: `${hook.id}: ${clean ? 'its body is those bytes, cleaned' : 'its body is not what cleaning gives today'}` })
  }
  return checks
}

// --- parts ------------------------------------------------------------------------------------------------------------------

function hookOf (row: { id: string, url: string, headers: unknown, body_sealed: string, verdict: string, reason: string | null, status: string, event_type: string, received_at: Date }): StoredHook {
  return { id: row.id, url: row.url, headers: row.headers as Record<string, string>, bodySealed: row.body_sealed, bodyBytes: undefined, verdict: row.verdict as 'verified', reason: row.reason, status: row.status, eventType: row.event_type, receivedAt: row.received_at }
}

const ofRefused = (row: NonNullable<Awaited<ReturnType<typeof findRefused>>>): StoredHook => ({
  id: row.id, url: '/hooks/:token', headers: row.headers as Record<string, string>, bodySealed: row.body_sealed, bodyBytes: row.body_bytes, verdict: 'refused', reason: row.reason, status: 'refused', eventType: null, receivedAt: row.received_at
})

async function bundled (hub: Hub, tenantId: string, adapter: Adapter, hook: StoredHook, { secret, settings }: { secret: string | undefined, settings: Record<string, unknown> }): Promise<BundledHook> {
  const raw = await openBody(hub.vault, tenantId, hook.id, hook.bodySealed)
  const whole = hook.bodyBytes === undefined || hook.bodyBytes === raw.length
  const verifiable = whole && secret !== undefined && adapter.webhooks !== 'provider-has-none' && adapter.webhooks.keyName === undefined
  const { verdict } = verifiable ? verifyWith({ adapter, settings, secrets: [secret] }, { body: raw, headers: hook.headers, url: hook.url }, hook.receivedAt) : { verdict: undefined }
  return {
    id: publicId('inbound', hook.id),
    url: bodyWithoutPeople(hook.url),
    headers: cleanHeaders(hook.headers),
    body: cleanBody(adapter, raw.toString('utf8')),
    body_bytes: hook.bodyBytes ?? raw.length,
    whole,
    body_mac: await bodyMac(hub, tenantId, raw),
    verdict: hook.verdict,
    reason: withoutPeople(hook.reason) as string | null,
    status: hook.status,
    event_type: hook.eventType,
    received_at: hook.receivedAt.toISOString(),
    checked_again: verdict === undefined ? null : { verdict: verdict.verdict, reason: verdict.verdict === 'refused' ? verdict.reason : null }
  }
}

/** Where it came from and through whom is of no use in a replay, and may tell of people. */
const aboutTheWay = /^(?:x-forwarded|x-real|forwarded$|via$|cf-|true-client|x-client|x-amzn|host$|user-agent$|content-length$|connection$|accept)/
const cleanHeaders = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !aboutTheWay.test(name)).map(([name, value]) => [name, withoutPeople(value) as string]))

const cleanBody = (adapter: Adapter, text: string): string => bodyWithoutPeople(adapter.scrub(text, {}))

const bundledExchange = (adapter: Adapter, { method, url, status, request, response, error }: KeptExchange): BundledOperation['exchanges'][number] => ({
  method,
  url: bodyWithoutPeople(url),
  ...(status !== undefined && { status }),
  ...(request !== undefined && { request: cleanBody(adapter, request) }),
  ...(response !== undefined && { response: cleanBody(adapter, response) }),
  ...(error !== undefined && { error })
})

const requestOf = (row: Awaited<ReturnType<typeof queries.requestOf>>): Record<string, unknown> =>
  row === undefined ? {} : { amount: row.amount, currency: row.currency, capture: row.capture, off_session: row.off_session, method: { type: (row.method as { type?: string } | null)?.type ?? null } }

/** What a step did to the object, without whose it is: two runs of one story have the same. */
export function transitionOf (type: string, data: Record<string, unknown>, at: Date): Transition {
  const { status, review, amount } = data as { status?: string, review?: { reason?: string } | null, amount?: number }
  return { type, subject: type.split('.')[0]!, status: status ?? null, review: review?.reason ?? null, amount: typeof amount === 'number' ? amount : null, at: at.toISOString() }
}

const sealOf = async (hub: Pick<Hub, 'vault'>, tenantId: string, bundle: Omit<Bundle, 'seal'>): Promise<string> => (await hub.vault.mac(tenantId, 'incident-bundle', canonical(bundle))).toString('base64url')
const bodyMac = async (hub: Pick<Hub, 'vault'>, tenantId: string, raw: Buffer): Promise<string> => (await hub.vault.mac(tenantId, 'incident-body', raw.toString('base64'))).toString('base64url')

function same (given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** JSON whose fields stand in the order of their names: the same for whoever wrote and read it in between. */
function canonical (value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => typeof item === 'object' && item !== null && !Array.isArray(item)
    ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1))
    : item)
}
