import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const EventTypes = Type.Array(Type.String({ maxLength: 80, pattern: '^(\\*|[a-z_]+\\.([a-z_.]+|\\*))$' }), {
  minItems: 1, maxItems: 50, uniqueItems: true, description: 'One type each, or all of an object (`payment.*`), or all (`*`).'
})

export const Filter = Type.Object({
  field: Type.String({ maxLength: 120, pattern: '^[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+){0,5}$', description: 'Path below `data`, such as `currency` or `customer.id`.' }),
  op: oneOf(['in', 'not_in', 'gte', 'lte'], { description: '`gte` and `lte` compare with the one value, and only numbers.' }),
  values: Type.Array(Type.Unsafe<string | number | boolean | null>({ type: ['string', 'number', 'boolean', 'null'], maxLength: 200 }), { minItems: 1, maxItems: 50 })
}, closed)
export type Filter = Static<typeof Filter>
const Filters = Type.Array(Filter, { maxItems: 10, description: 'All must hold. Without any, every event of the types is sent.' })

const Ordering = oneOf(['none', 'per_object'], { description: '`per_object`: the next event of an object waits until the one before is delivered or given up. Otherwise an event may overtake another that is tried again.' })
const Url = Type.String({ maxLength: 2000, description: 'https; in test mode http as well. It must lead to the internet.' })
const Label = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' })

export const NewEndpoint = Type.Object({
  url: Url,
  label: Type.Optional(Label),
  event_types: EventTypes,
  filters: Type.Optional(Filters),
  ordering: Type.Optional(Ordering),
  enabled: Type.Optional(Type.Boolean({ default: true })),
  asymmetric: Type.Optional(Type.Boolean({ default: false, description: 'Sign with Ed25519 (`v1a`) beside HMAC (`v1`), for receivers that should hold no secret.' })),
  secret: Type.Optional(Type.String({ maxLength: 120, writeOnly: true, description: 'A secret of your own: `whsec_` and 24 to 64 bytes in base64. One is made otherwise.' }))
}, closed)
export type NewEndpoint = Static<typeof NewEndpoint>

export const PatchEndpoint = Type.Object({
  url: Type.Optional(Url),
  label: Type.Optional(Nullable(Label)),
  event_types: Type.Optional(EventTypes),
  filters: Type.Optional(Filters),
  ordering: Type.Optional(Ordering),
  enabled: Type.Optional(Type.Boolean({ description: '`true` enables again one that was disabled, whatever the reason; `recover` then sends what it missed.' }))
}, { ...closed, minProperties: 1 })
export type PatchEndpoint = Static<typeof PatchEndpoint>

const endpointFields = {
  id: Type.String(),
  object: Type.Literal('webhook_endpoint'),
  mode: Mode,
  partner: Nullable(Type.String({ description: 'Whose it is, when it is a partner’s: it gets the events of every tenant that the partner serves.' })),
  url: Type.String(),
  label: Nullable(Type.String()),
  event_types: Type.Array(Type.String()),
  filters: Type.Array(Filter),
  ordering: Ordering,
  status: oneOf(['enabled', 'disabled']),
  disabled_reason: Nullable(oneOf(['by_person', 'gone', 'failing'], { description: '`gone`: it answered 410; `failing`: for days it took nothing.' })),
  disabled_at: Nullable(Instant),
  signing_keys: Type.Array(Type.Object({
    hint: Type.String({ description: 'What may be shown of the secret.' }),
    public_key: Nullable(Type.String({ description: '`whpk_…`: verifies `v1a`.' })),
    valid_until: Nullable(Instant)
  }), { description: 'Each of them signs every delivery. Newest first.' }),
  created_at: Instant,
  updated_at: Instant
}
export const Endpoint = Type.Object(endpointFields, { ...closed, title: 'WebhookEndpoint' })
export type Endpoint = Static<typeof Endpoint>
export const MadeEndpoint = Type.Object({ ...endpointFields, secret: Type.String({ description: 'Shown this once.' }) }, { ...closed, title: 'WebhookEndpointWithSecret' })
export type MadeEndpoint = Static<typeof MadeEndpoint>
export const ListEndpoints = Type.Object(listQuery, closed)
export type ListEndpoints = Static<typeof ListEndpoints>
export const EndpointPage = pageOf(Endpoint)

export const RotateSecret = Type.Object({
  overlap_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 7 * 86_400, default: 86_400, description: 'How long the secret before signs beside the new one.' })),
  secret: NewEndpoint.properties.secret
}, closed)
export type RotateSecret = Static<typeof RotateSecret>

export const Recover = Type.Object({ since: Instant }, closed)
export type Recover = Static<typeof Recover>
export const Recovered = Type.Object({
  object: Type.Literal('webhook_recovery'),
  endpoint: Type.String(),
  since: Instant,
  retried: Type.Integer({ description: 'Deliveries that had failed and are sent again.' }),
  created: Type.Integer({ description: 'Events that the endpoint wants and never had: it was disabled then, or asked for other types.' }),
  complete: Type.Boolean({ description: '`false`: there is more. Ask again with the same `since`.' })
}, { ...closed, title: 'WebhookRecovery' })
export type Recovered = Static<typeof Recovered>

export const EndpointHealth = Type.Object({
  object: Type.Literal('webhook_endpoint_health'),
  endpoint: Type.String(),
  breaker: oneOf(['closed', 'open', 'half_open'], { description: '`open`: too many failures in a row, nothing is sent before `resumes_at`; then one delivery tries (`half_open`).' }),
  resumes_at: Nullable(Instant),
  consecutive_failures: Type.Integer(),
  failing_since: Nullable(Instant),
  last_success_at: Nullable(Instant),
  last_failure_at: Nullable(Instant),
  pending: Type.Integer({ description: 'Deliveries that wait, those that are tried again included.' }),
  oldest_pending_at: Nullable(Instant),
  last_24_hours: Type.Object({ succeeded: Type.Integer(), failed: Type.Integer(), success_rate: Nullable(Type.Number({ description: 'Attempts that succeeded, from 0 to 1; null without any.' })), mean_ms: Nullable(Type.Integer()) }),
  p50_ms: Nullable(Type.Integer({ description: 'Of the last attempt of each of the newest 500 deliveries.' })),
  p95_ms: Nullable(Type.Integer()),
  hours: Type.Array(Type.Object({ hour: Instant, succeeded: Type.Integer(), failed: Type.Integer() }))
}, { ...closed, title: 'WebhookEndpointHealth' })
export type EndpointHealth = Static<typeof EndpointHealth>

const Status = oneOf(['pending', 'succeeded', 'failed'])
const deliveryFields = {
  id: Type.String(),
  object: Type.Literal('delivery'),
  mode: Mode,
  endpoint: Type.String(),
  event: Type.String({ description: 'Also the header `webhook-id`.' }),
  event_type: Type.String(),
  tenant: Type.String({ description: 'Whose event it is.' }),
  test: Type.Boolean(),
  status: Status,
  attempts: Type.Integer(),
  last_attempt: Nullable(Type.Object({ at: Instant, http_status: Nullable(Type.Integer()), error: Nullable(Type.String()), duration_ms: Nullable(Type.Integer()) })),
  error: Nullable(Type.String({ description: '`timeout`, `refused_address`, `dns`, `connect`, `tls`, `cut`, `invalid_answer`, `redirect`, `status`, `no_secret` of the last attempt; or why there was none: `endpoint_disabled`, `consent_withdrawn`, `event_gone`.' })),
  next_attempt_at: Nullable(Instant),
  created_at: Instant,
  ended_at: Nullable(Instant)
}
export const Delivery = Type.Object(deliveryFields, { ...closed, title: 'Delivery' })
export type Delivery = Static<typeof Delivery>
export const DeliveryDetail = Type.Object({
  ...deliveryFields,
  log: Type.Array(Type.Object({
    at: Instant,
    duration_ms: Type.Integer(),
    http_status: Nullable(Type.Integer()),
    error: Nullable(Type.String()),
    response: Nullable(Type.Object({ headers: Type.Record(Type.String(), Type.String()), body: Type.String({ description: 'The first kilobyte, without secrets.' }) }))
  }), { description: 'The newest 20 attempts, oldest first.' })
}, { ...closed, title: 'DeliveryDetail' })
export type DeliveryDetail = Static<typeof DeliveryDetail>

const filters = {
  endpoint: Type.Optional(Type.String({ maxLength: 60 })),
  event: Type.Optional(Type.String({ maxLength: 60 })),
  status: Type.Optional(Status),
  event_type: Type.Optional(Type.String({ maxLength: 80, pattern: '^[a-z_]+\\.([a-z_.]+|\\*)$', description: 'One type, or all of an object: `payment.*`.' }))
}
export const ListDeliveries = Type.Object({ ...listQuery, ...filters }, closed)
export type ListDeliveries = Static<typeof ListDeliveries>
export const DeliveryPage = pageOf(Delivery)

const { limit: _limit, ...window } = listQuery
export const ReplayDeliveries = Type.Object({
  ...window,
  ...filters,
  status: Type.Optional(oneOf(['succeeded', 'failed'], { description: '`failed` unless said otherwise: `succeeded` sends again what was taken already.' })),
  dry_run: Type.Optional(Type.Boolean({ description: 'Counts, and sends nothing.' }))
}, closed)
export type ReplayDeliveries = Static<typeof ReplayDeliveries>
export const ReplayedDeliveries = Type.Object({ dry_run: Type.Boolean(), matched: Type.Integer(), replayed: Type.Integer(), next_cursor: Nullable(Type.String()) }, { ...closed, title: 'ReplayedDeliveries' })
export type ReplayedDeliveries = Static<typeof ReplayedDeliveries>
