import { type Static, Type } from 'typebox'
import { closed, Instant, Mode } from '../../http-schema.ts'

export const BeginOAuth = Type.Object({
  provider: Type.String({ pattern: '^[a-z][a-z0-9_]{1,30}$' }),
  mode: Mode,
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'Renews this connection: only with the account that it has.' })),
  return_url: Type.Optional(Type.String({ maxLength: 2000, description: 'Where the person goes afterwards, with `status` (`connected`, `denied` or `failed`), `connection` and `reason` in its query. A page of ours when absent.' }))
}, closed)
export type BeginOAuth = Static<typeof BeginOAuth>

export const OAuthBegun = Type.Object({
  object: Type.Literal('oauth_begun'),
  url: Type.String({ description: 'Where the person who owns the account goes, in a browser, once.' }),
  expires_at: Instant
}, { title: 'OAuthBegun' })
export type OAuthBegun = Static<typeof OAuthBegun>
