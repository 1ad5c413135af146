import { type Static, Type } from 'typebox'
import { keyKinds, scopes } from '../access/principal.ts'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Scope = oneOf(scopes)

export const NewApiKey = Type.Object({
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  mode: Mode,
  scopes: Type.Optional(Type.Array(Scope, {
    minItems: 1, maxItems: scopes.length, uniqueItems: true,
    description: 'What the key may do; nobody can grant what they do not have. Left out: read and write of payments, connections, invoices, events, inbound, operations and alerts, as far as its maker has them.'
  })),
  expires_at: Type.Optional(Instant)
}, closed)
export type NewApiKey = Static<typeof NewApiKey>

const shown = {
  id: Type.String(),
  object: Type.Literal('api_key'),
  kind: oneOf(keyKinds, { description: '`tenant`: acts for its tenant; `partner`: for each tenant that granted it; `platform`: for all.' }),
  partner: Nullable(Type.String()),
  mode: Mode,
  status: oneOf(['active', 'expired', 'revoked']),
  label: Type.String(),
  hint: Type.String({ description: 'The beginning and the end of the key, by which to recognise it.' }),
  scopes: Type.Array(Type.String()),
  created_at: Instant,
  expires_at: Nullable(Instant),
  last_used_at: Nullable(Instant),
  revoked_at: Nullable(Instant)
}

export const ApiKey = Type.Object(shown, { ...closed, title: 'ApiKey' })
export type ApiKey = Static<typeof ApiKey>

export const MadeApiKey = Type.Object({ ...shown, key: Type.String({ description: 'The key itself: shown this once.' }) }, { ...closed, title: 'MadeApiKey' })
export type MadeApiKey = Static<typeof MadeApiKey>

export const ListApiKeys = Type.Object({ ...listQuery, mode: Type.Optional(Mode), status: Type.Optional(oneOf(['active', 'expired', 'revoked'])) }, closed)
export type ListApiKeys = Static<typeof ListApiKeys>
export const ApiKeyPage = pageOf(ApiKey)
