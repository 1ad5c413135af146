import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Verdict = oneOf(['verified', 'unverifiable', 'refused'])
const Status = oneOf(['received', 'retrying', 'processed', 'ignored', 'unmatched', 'parked', 'refused'])

export const InboundEvent = Type.Object({
  id: Type.String(),
  object: Type.Literal('inbound_event'),
  mode: Mode,
  connection: Type.String(),
  provider: Type.String(),
  verdict: Verdict,
  event_type: Nullable(Type.String()),
  provider_event_id: Nullable(Type.String()),
  status: Status,
  reason: Nullable(Type.String()),
  attempts: Type.Integer(),
  duplicates: Type.Integer({ description: 'How often the same event came again.' }),
  shadow: Nullable(Type.Object({ scheme: Type.String(), verdict: Verdict, reason: Nullable(Type.String()), agrees: Type.Boolean() }, { description: 'What the second verifier said, where one runs beside (`shadow_scheme` of the connection). It decides nothing.' })),
  payment: Nullable(Type.String()),
  subject: Nullable(Type.String({ description: 'Id of what it is about: a payment, a checkout session, a subscription …' })),
  received_at: Instant,
  processed_at: Nullable(Instant),
  next_run_at: Nullable(Instant)
}, { title: 'InboundEvent' })
export type InboundEvent = Static<typeof InboundEvent>

export const InboundEventDetail = Type.Object({
  ...InboundEvent.properties,
  headers: Type.Record(Type.String(), Type.String()),
  body: Type.String({ description: 'Scrubbed: secrets and personal data are taken out.' }),
  address: Nullable(Type.String())
}, { title: 'InboundEventDetail' })
export type InboundEventDetail = Static<typeof InboundEventDetail>

export const ListInbound = Type.Object({
  ...listQuery,
  connection: Type.Optional(Type.String({ maxLength: 60 })),
  verdict: Type.Optional(Verdict),
  status: Type.Optional(Status),
  event_type: Type.Optional(Type.String({ maxLength: 200 }))
}, closed)
export type ListInbound = Static<typeof ListInbound>
export const InboundPage = pageOf(InboundEvent)

export const ReplayMany = Type.Object({
  dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only count.' })),
  cursor: Type.Optional(Type.String({ maxLength: 60, description: '`next_cursor` of the call before: goes on behind what it replayed.' })),
  connection: Type.Optional(Type.String({ maxLength: 60 })),
  verdict: Type.Optional(oneOf(['verified', 'unverifiable', 'refused'], { description: '`refused`: those that verify with the secrets of today. `matched` counts them.' })),
  status: Type.Optional(oneOf(['received', 'retrying', 'processed', 'ignored', 'unmatched', 'parked'])),
  event_type: Type.Optional(Type.String({ maxLength: 200 })),
  created_from: Type.Optional(Instant),
  created_to: Type.Optional(Instant)
}, closed)
export type ReplayMany = Static<typeof ReplayMany>
export const Replayed = Type.Object({ dry_run: Type.Boolean(), matched: Type.Integer(), replayed: Type.Integer(), next_cursor: Nullable(Type.String()) }, { title: 'Replayed' })
export type Replayed = Static<typeof Replayed>
