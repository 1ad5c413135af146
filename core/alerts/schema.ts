import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Status = oneOf(['open', 'acknowledged'])
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
  acknowledged_by: Nullable(Type.String())
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
