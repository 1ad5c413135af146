import { type Static, Type } from 'typebox'
import { Alert } from '../alerts/schema.ts'
import { Health } from '../connections/schema.ts'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { InboundEvent } from '../inbound/schema.ts'
import { Operation } from '../operations/schema.ts'

const Kind = oneOf(['look', 'repair'], { description: '`look` only reads; `repair` may also replay webhooks and acknowledge alerts.' })

export const NewSupportAccess = Type.Object({
  tenant: Type.String({ maxLength: 60, description: 'Whose data.' }),
  reason: Type.String({ minLength: 10, maxLength: 500, pattern: '\\S', description: 'Why, in words that the tenant will read.' }),
  kind: Type.Optional(Kind),
  minutes: Type.Integer({ minimum: 1, maximum: 480, description: 'Eight hours at most.' })
}, closed)
export type NewSupportAccess = Static<typeof NewSupportAccess>

export const SupportAccess = Type.Object({
  id: Type.String(),
  object: Type.Literal('support_access'),
  tenant: Type.String(),
  user: Type.String(),
  user_name: Type.String(),
  kind: Kind,
  reason: Type.String(),
  status: oneOf(['open', 'ended']),
  created_at: Instant,
  expires_at: Instant,
  ended_at: Nullable(Instant),
  ended_by: Nullable(Type.String({ description: 'Id of who ended it; `time` when its time was over.' }))
}, { ...closed, title: 'SupportAccess' })
export type SupportAccess = Static<typeof SupportAccess>

export const ListSupportAccess = Type.Object(listQuery, closed)
export type ListSupportAccess = Static<typeof ListSupportAccess>
export const SupportAccessPage = pageOf(SupportAccess)

// --- across tenants, masked -------------------------------------------------------------------------------------------------

export const ListOverview = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })), cursor: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListOverview = Static<typeof ListOverview>

const Count = Type.Integer()
const TroubledTenant = Type.Object({
  tenant: Type.String(),
  name: Type.String({ description: 'Masked: the first letter of each word.' }),
  status: oneOf(['active', 'suspended']),
  alerts: Type.Object({ critical: Count, warning: Count, info: Count, kinds: Type.Record(Type.String(), Count) }, { description: 'That stand, acknowledged or not.' }),
  connections: Type.Object({ total: Count, failing: Count, reconnect: Count }),
  calls_last_hour: Type.Object({ total: Count, failed: Count }),
  refused_webhooks_last_day: Count,
  last_webhook_at: Nullable(Instant),
  support_entered: Type.Integer({ description: 'How many accesses of support are open.' })
})
export const Overview = Type.Object({
  object: Type.Literal('support_overview'),
  mode: Mode,
  queues: Type.Array(Type.Object({ queue: Type.String(), waiting: Count, oldest_seconds: Count })),
  data: Type.Array(TroubledTenant, { description: 'Tenants where something is wrong, by id.' }),
  next_cursor: Nullable(Type.String())
}, { title: 'SupportOverview' })
export type Overview = Static<typeof Overview>

const tenant = Type.String({ maxLength: 60, description: 'Whose.' })
export const OfTenant = Type.Object({ ...listQuery, tenant }, closed)
export type OfTenant = Static<typeof OfTenant>

const { health, last_success_at: lastSuccess, failures_in_row: failures, last_hour: lastHour, last_day: lastDay } = Health.properties
export const MaskedConnection = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  mode: Mode,
  health,
  failures_in_row: failures,
  last_success_at: lastSuccess,
  last_error: Nullable(Type.Object({ code: Type.String(), provider_code: Nullable(Type.String()), at: Instant })),
  last_webhook_at: Nullable(Instant),
  last_hour: lastHour,
  last_day: lastDay
}, { title: 'MaskedConnection' })
export type MaskedConnection = Static<typeof MaskedConnection>
export const MaskedConnectionPage = pageOf(MaskedConnection)

export const MaskedInbound = Type.Omit(InboundEvent, ['provider_event_id'])
export type MaskedInbound = Static<typeof MaskedInbound>
export const MaskedInboundPage = pageOf(MaskedInbound)

export const MaskedOperation = Type.Omit(Operation, ['idempotency_key'])
export type MaskedOperation = Static<typeof MaskedOperation>
export const MaskedOperationPage = pageOf(MaskedOperation)

/** `detail` has codes and figures only. */
export const MaskedAlertPage = pageOf(Alert)

// --- one incident -----------------------------------------------------------------------------------------------------------

const Verdict = oneOf(['verified', 'unverifiable', 'refused'])
const Hook = Type.Object({
  id: Type.String(),
  url: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  body: Type.String({ description: 'Without secrets and personal data.' }),
  body_bytes: Type.Integer({ description: 'Of what came.' }),
  whole: Type.Boolean({ description: 'False: of a refused webhook only the first 16 KiB were kept.' }),
  body_mac: Type.String({ description: 'Of the bytes as they came, under a key of the tenant’s: only the hub can compute it.' }),
  verdict: Verdict,
  reason: Nullable(Type.String()),
  status: Type.String(),
  event_type: Nullable(Type.String()),
  received_at: Instant,
  checked_again: Nullable(Type.Object({ verdict: Verdict, reason: Nullable(Type.String()) }, { description: 'What the bytes as they came are worth with the connection’s secret of today, at the moment when they came. Null: it cannot be said (part of the bytes is gone, or the key is not the connection’s).' }))
}, closed)
export type BundledHook = Static<typeof Hook>

const Transition = Type.Object({ type: Type.String(), subject: Type.String(), status: Nullable(Type.String()), review: Nullable(Type.String()), amount: Nullable(Type.Integer()), at: Instant }, closed)
export type Transition = Static<typeof Transition>

export const Bundle = Type.Object({
  object: Type.Literal('incident_bundle'),
  version: Type.Literal(1),
  made_at: Instant,
  pasarela: Type.String({ description: 'Version of the hub.' }),
  provider: Type.Object({ id: Type.String(), mode: Mode, manifest: Type.String({ description: 'SHA-256 of the adapter’s manifest: another one may read the same bytes otherwise.' }) }, closed),
  incident: Type.String({ description: 'Id of the webhook that it is about.' }),
  subject: Nullable(Type.Object({ id: Type.String(), type: Type.String(), request: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'Of a payment: what was asked for, without whose it is.' }) }, closed)),
  hooks: Type.Array(Hook, { description: 'All of the subject, oldest first; the incident is one of them.' }),
  transitions: Type.Array(Transition),
  events: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  alerts: Type.Array(Type.Object({ kind: Type.String(), severity: Type.String(), times: Type.Integer(), at: Instant, resolved_at: Nullable(Instant) }, closed)),
  operations: Type.Array(Type.Unsafe<BundledOperation>({ type: 'object', additionalProperties: true })),
  seal: Type.String({ description: 'Over all of the above, under a key of the tenant’s: a changed bundle is found (`pasarela incidents verify`).' })
}, { ...closed, title: 'IncidentBundle' })
export type Bundle = Static<typeof Bundle>

export interface BundledOperation {
  id: string, kind: string, outcome: string, error_code: string | null, provider_code: string | null, http_status: number | null, started_at: string, finished_at: string | null
  exchanges: { method: string, url: string, status?: number, request?: string, response?: string, error?: string }[]
}
