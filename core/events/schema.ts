import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, pageOf } from '../http-schema.ts'

/** One type, or all of an object. */
export const EventTypePattern = Type.String({ maxLength: 80, pattern: '^[a-z_]+\\.([a-z_.]+|\\*)$' })

/** The envelope, the same here and in a delivery. */
export const Event = Type.Object({
  id: Type.String(),
  type: Type.String({ description: 'Such as `payment.succeeded`.' }),
  timestamp: Instant,
  tenant_id: Type.String(),
  mode: Mode,
  data: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'The object as it was at that moment.' })
}, { ...closed, title: 'Event' })
export type Event = Static<typeof Event>

export const ListEvents = Type.Object({
  ...listQuery,
  type: Type.Optional(Type.String({ maxLength: 80, pattern: '^[a-z_]+\\.([a-z_.]+|\\*)$', description: 'One type, or all of an object: `payment.*`.' })),
  subject: Type.Optional(Type.String({ maxLength: 60, description: 'Id of the payment, refund, connection … that it is about.' }))
}, closed)
export type ListEvents = Static<typeof ListEvents>
export const EventPage = pageOf(Event)
