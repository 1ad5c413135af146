import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Status = oneOf(['open', 'acknowledged', 'resolved'], { description: '`resolved`: the cause is gone; the hub saw that by itself.' })
const Severity = oneOf(['info', 'warning', 'critical'])

export const Alert = Type.Object({
  id: Type.String(),
  object: Type.Literal('alert'),
  mode: Nullable(Mode),
  status: Status,
  kind: Type.String(),
  severity: Severity,
  message: Type.String({ description: 'What it means, for a person, in the language of Accept-Language.' }),
  subject: Nullable(Type.String({ description: 'Id of what it is about.' })),
  detail: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  times: Type.Integer({ description: 'How often it was raised while open.' }),
  created_at: Instant,
  last_at: Instant,
  acknowledged_at: Nullable(Instant),
  acknowledged_by: Nullable(Type.String()),
  resolved_at: Nullable(Instant)
}, { ...closed, title: 'Alert' })
export type Alert = Static<typeof Alert>

export const ListAlerts = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  severity: Type.Optional(Severity),
  kind: Type.Optional(Type.String({ maxLength: 60 })),
  subject: Type.Optional(Type.String({ maxLength: 80 }))
}, closed)
export type ListAlerts = Static<typeof ListAlerts>
export const AlertPage = pageOf(Alert)

const enabled = Type.Optional(Type.Boolean({ default: true, description: 'Off: it is not looked at, and what stands of it ends.' }))
const percent = (given: number) => Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: given, description: 'In percent.' }))
const atLeast = (given: number, what: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: given, description: `How many ${what} there must be to speak of a share at all.` }))
const minutes = (given: number) => Type.Optional(Type.Integer({ minimum: 15, maximum: 1440, default: given, description: 'How far back is looked.' }))

/** Every rule with a threshold, and what each is when nobody says otherwise. */
export const AlertRules = Type.Object({
  payments_failing: Type.Optional(Type.Object({ enabled, percent: percent(5), at_least: atLeast(10, 'ended attempts'), minutes: minutes(60) }, { ...closed, description: 'More of the payment attempts of a connection failed than this, of those that ended.' })),
  provider_slow: Type.Optional(Type.Object({ enabled, seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 120, default: 30 })), at_least: atLeast(3, 'calls'), minutes: minutes(30) }, { ...closed, description: 'One call in twenty took longer than this (the 95th percentile).' })),
  stamping_failing: Type.Optional(Type.Object({ enabled, in_row: Type.Optional(Type.Integer({ minimum: 2, maximum: 100, default: 3 })) }, { ...closed, description: 'So many documents in a row were not stamped, within a day.' })),
  webhooks_silent: Type.Optional(Type.Object({ enabled, hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 720, default: 24 })), at_least: atLeast(5, 'webhooks in the week before') }, { ...closed, description: 'No webhook for so long, where there used to be some.' })),
  webhooks_refused: Type.Optional(Type.Object({ enabled, percent: percent(10), at_least: atLeast(5, 'refused ones') }, { ...closed, description: 'Suddenly so many webhooks are refused: this share, and three times that of the day before.' })),
  webhooks_unmatched: Type.Optional(Type.Object({ enabled, percent: percent(20), at_least: atLeast(10, 'unmatched ones'), minutes: minutes(60) }, { ...closed, description: 'So many webhooks are about nothing of ours.' })),
  stamps_low: Type.Optional(Type.Object({ enabled, left: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'STAMPS_LOW when absent.' })), days: Type.Optional(Type.Integer({ minimum: 0, maximum: 365, description: 'STAMPS_LOW_DAYS when absent.' })) }, { ...closed, description: 'Few stamps are left at a PAC.' })),
  queue_old: Type.Optional(Type.Object({ enabled, minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1440, default: 10 })) }, { ...closed, description: 'Background work waits for so long. Of the whole hub: looked at in the platform’s own tenant only.' }))
}, { ...closed, title: 'AlertRules' })
export type AlertRules = Static<typeof AlertRules>

export const AlertSettings = Type.Object({ object: Type.Literal('alert_settings'), mode: Mode, rules: AlertRules, updated_at: Nullable(Instant) }, { ...closed, title: 'AlertSettings' })
export type AlertSettings = Static<typeof AlertSettings>
export const PutAlertSettings = Type.Object({ rules: AlertRules }, closed)
export type PutAlertSettings = Static<typeof PutAlertSettings>
