import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { levels } from './forecast.ts'

const Credentials = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,40}$' }), Type.String({ maxLength: 20_000 }), { maxProperties: 20, description: 'The fields of the provider’s credential form (`GET /v1/providers/:id`). Write-only.' })
const Settings = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,40}$' }), Type.Union([Type.String({ maxLength: 2000 }), Type.Integer(), Type.Boolean()]), { maxProperties: 50 })
const Label = Type.String({ minLength: 1, maxLength: 80 })

export const NewConnection = Type.Object({
  provider: Type.String({ pattern: '^[a-z][a-z0-9_]{1,30}$' }),
  mode: Mode,
  label: Type.Optional(Label),
  credentials: Credentials,
  settings: Type.Optional(Settings)
}, closed)
export type NewConnection = Static<typeof NewConnection>

export const PatchConnection = Type.Object({ label: Type.Optional(Label), enabled: Type.Optional(Type.Boolean()), settings: Type.Optional(Settings), shadow_scheme: Type.Optional(Nullable(Type.String({ pattern: '^[a-z][a-z0-9_]{0,40}$', description: 'Another verifier of the provider (`shadow_schemes`) that looks at every webhook beside the true one and only reports. Null: none.' }))) }, { ...closed, minProperties: 1 })
export type PatchConnection = Static<typeof PatchConnection>

export const ReplaceCredentials = Type.Object({
  credentials: Credentials,
  overlap_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 7 * 24 * 3600, default: 24 * 3600, description: 'How long the webhook secret before stays valid beside the new one.' }))
}, closed)
export type ReplaceCredentials = Static<typeof ReplaceCredentials>

/** `reconnect`: a person must consent again at the provider (`POST /v1/connections/oauth` with this connection). */
const healths = ['untested', 'healthy', 'failing', 'reconnect', 'disabled'] as const

const LocalLine = Type.String()
const ErrorSeen = Type.Object({ code: Type.String(), message: Type.String(), provider_code: Nullable(Type.String()), at: Instant })

export const Credential = Type.Object({
  fingerprint: Type.String({ description: 'The same secret has the same fingerprint in one tenant, and another elsewhere.' }),
  hint: Type.String(),
  version: Type.Integer(),
  since: Instant,
  valid_until: Nullable(Instant)
})

export const StampReading = Type.Object({
  left: Type.Integer(),
  per_day: Nullable(Type.Number({ description: 'Used a day, over the last four weeks; null while that is not known.' })),
  days_left: Nullable(Type.Integer({ description: 'For how many days they last at that.' })),
  level: oneOf(levels, { description: 'By STAMPS_LOW and STAMPS_LOW_DAYS.' }),
  read_at: Instant
}, { title: 'StampReading' })
export type StampReading = Static<typeof StampReading>

export const ListStamps = Type.Object(listQuery, closed)
export type ListStamps = Static<typeof ListStamps>
export const StampPage = pageOf(StampReading)

export const Connection = Type.Object({
  id: Type.String(),
  object: Type.Literal('connection'),
  provider: Type.String(),
  mode: Mode,
  label: Type.String(),
  enabled: Type.Boolean(),
  settings: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer(), Type.Boolean()])),
  account: Nullable(Type.Object({ id: Type.String(), country: Type.Optional(Type.String()), name: Type.Optional(Type.String()), currency: Type.Optional(Type.String()) })),
  credentials: Type.Record(Type.String(), Credential),
  webhook_url: Type.String(),
  webhook: Type.Object({ registered: Type.Boolean(), url: Nullable(Type.String({ description: 'Where the provider was told to send: another than `webhook_url` after a move.' })), registered_at: Nullable(Instant), provider_reference: Nullable(Type.String()), first_event_at: Nullable(Instant), last_event_at: Nullable(Instant) }),
  auth: oneOf(['keys', 'oauth'], { description: 'How it is connected: with keys, or by consent at the provider.' }),
  reconnect: Nullable(Type.Object({ since: Instant, reason: Type.String() }, { description: 'Consent is needed again, since then. While the credentials still hold, payments go on.' })),
  shadow_scheme: Nullable(Type.String()),
  health: oneOf(healths),
  tested_at: Nullable(Instant),
  stamps: Nullable(StampReading),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Connection' })
export type Connection = Static<typeof Connection>

export const ListConnections = Type.Object({ ...listQuery, provider: Type.Optional(Type.String({ maxLength: 40 })), health: Type.Optional(oneOf(healths)) }, closed)
export type ListConnections = Static<typeof ListConnections>
export const ConnectionPage = pageOf(Connection)

export const TestResult = Type.Object({
  ok: Type.Boolean(),
  health: oneOf(healths),
  mode: Mode,
  account: Connection.properties.account,
  evidence: Type.Array(LocalLine, { description: 'What was done and seen, one line each.' }),
  error: Nullable(ErrorSeen),
  operation: Type.String()
}, { title: 'ConnectionTest' })
export type TestResult = Static<typeof TestResult>

/** Exact counts; times are read from counts between bounds, so a percentile is right to about a third. */
const Figures = Type.Object({
  from: Instant,
  calls: Type.Integer(),
  succeeded: Type.Integer(),
  refused: Type.Integer({ description: 'The provider said no, such as a declined card: it is well.' }),
  unknown: Type.Integer({ description: 'No whole answer came: it may have acted.' }),
  nowhere: Type.Integer({ description: 'It was not reached, or our own limit held it back.' }),
  success_rate: Nullable(Type.Number({ description: 'Succeeded of all calls, 0 to 1.' })),
  answered_rate: Nullable(Type.Number({ description: 'Answered of all calls, yes or no: how well the provider is.' })),
  p50_ms: Nullable(Type.Integer()),
  p95_ms: Nullable(Type.Integer()),
  longest_ms: Nullable(Type.Integer()),
  payments: Type.Object({ ended: Type.Integer(), failed: Type.Integer(), failure_rate: Nullable(Type.Number()) }, { description: 'Payment attempts that were begun in this time and have ended; the newest 20,000 at most.' }),
  webhooks: Type.Object({ taken: Type.Integer({ description: 'At most 20,000 are counted.' }), refused: Type.Integer(), unmatched: Type.Integer(), refused_share: Nullable(Type.Number()) })
})
export type Figures = Static<typeof Figures>

export const Health = Type.Object({
  health: oneOf(healths),
  tested_at: Nullable(Instant),
  last_success_at: Nullable(Instant),
  last_error: Nullable(ErrorSeen),
  failures_in_row: Type.Integer(),
  breaker: Type.Object({
    state: oneOf(['closed', 'open', 'half_open']),
    opens_after: Type.Integer({ description: 'Failures in a row.' }),
    probe_at: Nullable(Instant)
  }, { description: 'While it is open another connection goes first, where one can; then one call tries this one again.' }),
  last_hour: Figures,
  last_day: Figures,
  webhook: Type.Object({
    registered: Type.Boolean(), first_event_at: Nullable(Instant), last_event_at: Nullable(Instant), refused: Type.Integer(), last_refused_at: Nullable(Instant),
    shadow: Nullable(Type.Object({ scheme: Type.String(), agreed: Type.Integer(), differed: Type.Integer(), since: Nullable(Instant) }, { description: 'How often the second verifier said what the true one said.' }))
  })
}, { title: 'ConnectionHealth' })
export type Health = Static<typeof Health>

export const Setup = Type.Object({
  done: Type.Boolean(),
  steps: Type.Array(Type.Object({
    id: oneOf(['credentials', 'test', 'webhook', 'event']),
    status: oneOf(['done', 'failed', 'waiting', 'todo', 'manual']),
    title: Type.String(),
    detail: Type.Array(Type.String()),
    at: Nullable(Instant)
  }))
}, { title: 'Setup' })
export type Setup = Static<typeof Setup>
