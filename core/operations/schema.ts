import { type Static, Type } from 'typebox'
import { operationNames } from '../adapter/manifest.ts'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Outcome = oneOf(['running', 'succeeded', 'refused', 'unknown', 'nowhere'], {
  description: '`refused`: the provider said no; `unknown`: it may have acted; `nowhere`: it was never reached.'
})

const shown = {
  id: Type.String(),
  object: Type.Literal('operation'),
  mode: Mode,
  connection: Type.String(),
  provider: Type.String(),
  kind: Type.String({ description: 'What was asked, such as `create_payment`.' }),
  subject: Nullable(Type.String({ description: 'Id of the payment, refund or connection that it was for.' })),
  outcome: Outcome,
  error_code: Nullable(Type.String()),
  provider_code: Nullable(Type.String({ description: 'The provider’s own code, verbatim.' })),
  http_status: Nullable(Type.Integer()),
  duration_ms: Nullable(Type.Integer()),
  idempotency_key: Nullable(Type.String({ description: 'The key that the provider was given.' })),
  request_id: Nullable(Type.String()),
  started_at: Instant,
  finished_at: Nullable(Instant)
}

export const Operation = Type.Object(shown, { ...closed, title: 'Operation' })
export type Operation = Static<typeof Operation>

const Exchange = Type.Object({
  method: Type.String(),
  url: Type.String(),
  status: Type.Optional(Type.Integer()),
  duration_ms: Type.Number(),
  request: Type.Optional(Type.String()),
  response: Type.Optional(Type.String()),
  error: Type.Optional(Type.String())
}, closed)

export const OperationDetail = Type.Object({ ...shown, exchanges: Type.Array(Exchange, { description: 'What was said, without secrets.' }) }, { ...closed, title: 'OperationDetail' })
export type OperationDetail = Static<typeof OperationDetail>

export const ListOperations = Type.Object({
  ...listQuery,
  connection: Type.Optional(Type.String({ maxLength: 60 })),
  kind: Type.Optional(oneOf(operationNames)),
  outcome: Type.Optional(Outcome),
  subject: Type.Optional(Type.String({ maxLength: 60, description: 'Id of the payment, refund or connection.' }))
}, closed)
export type ListOperations = Static<typeof ListOperations>
export const OperationPage = pageOf(Operation)
