import type { ConnectionContext, Mode, ProviderAccount } from './context.ts'

/** The operator's application at the provider: the fields that the manifest's `oauth.app` names, of one mode. */
export type OAuthApp = Readonly<Record<string, string>>

export interface AuthorizeInput {
  mode: Mode
  /** As `ConnectionContext.origin`. */
  origin: (name?: string) => string
  app: OAuthApp
  /** Comes back with the person, whatever they decide. */
  state: string
  redirectUri: string
  /** PKCE, S256 (RFC 7636). */
  codeChallenge: string
}

/** What a person allowed us. */
export interface OAuthGrant {
  /** Whose account it is. A connection never moves to another one. */
  account: ProviderAccount
  mode: Mode
  /** Fields of the credential form: kept sealed, and handed to every call. */
  credentials: Readonly<Record<string, string>>
  /** Kept apart from the credentials: only `refresh` gets it. */
  refreshToken?: string
  /** Of the credentials. Absent: they do not end by themselves. */
  expiresAt?: Date
}

/** The provider says that the grant itself is over (revoked, expired, used up): only a person can give another. */
export interface GrantOver {
  /** The provider's own word. */
  over: string
}

/**
 * Connecting by a button instead of by keys (RFC 6749, authorization code). Nothing here decides by silence: an outage, or an application
 * of the operator's that is refused, is thrown as ProviderError and says nothing of the grant.
 */
export interface OAuthFlow {
  /** Where the person consents. Pure. */
  authorizeUrl: (input: AuthorizeInput) => string
  /** A code for a grant, once. `context` has no credentials of its own. Throws when the code is refused. */
  exchange: (context: ConnectionContext, app: OAuthApp, input: { code: string, redirectUri: string, codeVerifier: string }) => Promise<OAuthGrant>
  /** Owed where credentials expire. The provider may act and its answer be lost: then the same token is tried again, and may be over. */
  refresh?: (context: ConnectionContext, app: OAuthApp, refreshToken: string) => Promise<OAuthGrant | GrantOver>
  /** Whether the credentials still open the account. Only reads, in either mode. */
  prove: (context: ConnectionContext) => Promise<{ account: string } | GrantOver>
  /** Gives it back, where the provider lets an application do that. What was given back before is no error. */
  revoke?: (context: ConnectionContext, app: OAuthApp, account: string) => Promise<void>
  /** Credentials that are the operator's, the same for every tenant: never stored with a connection, added when one is opened. */
  operated?: (app: OAuthApp) => Readonly<Record<string, string>>
}

export function isGrantOver (answer: object): answer is GrantOver {
  return 'over' in answer
}
