import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const AuditLine = Type.Object({
  id: Type.String(),
  object: Type.Literal('audit_line'),
  actor: Type.Object({ type: oneOf(['user', 'api_key', 'system']), id: Type.String() }, closed),
  action: Type.String(),
  subject: Type.Object({ type: Type.String(), id: Type.String() }, closed),
  detail: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  request_id: Nullable(Type.String()),
  address: Nullable(Type.String()),
  created_at: Instant
}, { ...closed, title: 'AuditLine' })
export type AuditLine = Static<typeof AuditLine>

export const ListAudit = Type.Object({
  ...listQuery,
  subject: Type.Optional(Type.String({ maxLength: 80, description: 'Id of what was changed.' })),
  actor: Type.Optional(Type.String({ maxLength: 80, description: 'Id of the user or key that changed it.' })),
  action: Type.Optional(Type.String({ maxLength: 80, pattern: '^[a-z_]+\\.([a-z_]+|\\*)$', description: 'Such as `api_key.revoked`, or `api_key.*`.' }))
}, closed)
export type ListAudit = Static<typeof ListAudit>
export const AuditPage = pageOf(AuditLine)
