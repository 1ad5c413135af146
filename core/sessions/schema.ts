import { type Static, Type } from 'typebox'
import { roles } from '../access/principal.ts'
import { closed, Instant, listQuery, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const Login = Type.Object({
  email: Type.String({ format: 'email', maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 200, writeOnly: true }),
  tenant: Type.Optional(Type.String({ maxLength: 60, description: 'Needed only when mail and password open several tenants; the answer then lists them.' }))
}, closed)
export type Login = Static<typeof Login>

export const OpenSession = Type.Object({
  id: Type.String(),
  object: Type.Literal('session'),
  user: Type.Object({ id: Type.String(), email: Type.String(), name: Type.String(), role: oneOf(roles) }, closed),
  tenant: Type.Object({ id: Type.String(), name: Type.String(), kind: oneOf(['tenant', 'platform']) }, closed),
  scopes: Type.Array(Type.String(), { description: 'What the user may do.' }),
  csrf_token: Type.String({ description: 'Send it as X-CSRF-Token with every POST, PUT, PATCH and DELETE.' }),
  expires_at: Instant
}, { ...closed, title: 'OpenSession' })
export type OpenSession = Static<typeof OpenSession>

export const Session = Type.Object({
  id: Type.String(),
  object: Type.Literal('session'),
  current: Type.Boolean(),
  address: Nullable(Type.String()),
  user_agent: Nullable(Type.String()),
  created_at: Instant,
  last_seen_at: Instant,
  expires_at: Instant
}, { ...closed, title: 'Session' })
export type Session = Static<typeof Session>

export const ListSessions = Type.Object(listQuery, closed)
export type ListSessions = Static<typeof ListSessions>
export const SessionPage = pageOf(Session)
