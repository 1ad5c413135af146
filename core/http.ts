import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { Access, Scope } from './access/principal.ts'
import type { Hub } from './hub.ts'
import type { Idempotency } from './idempotency/service.ts'

/** The Fastify instance that routes are written against. */
export type HubInstance = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

declare module 'fastify' {
  interface FastifyInstance {
    hub: Hub
  }
  interface FastifyRequest {
    /** Who asks, for which tenant, in which mode; null on a public route without a credential. */
    access: Access | null
    /** The same, or 401. */
    requireAccess: () => Access
    /** Whether the same credential would be let in again, to the same tenant and mode and under the same support access: for answers that do not end. */
    isStillAllowed: () => Promise<boolean>
    idempotency: Idempotency | null
  }
  interface FastifyContextConfig {
    /** What the credential must be allowed to do. A route without one is refused at start unless it says `public`. */
    scope?: Scope
    public?: boolean
    /** Acts in no tenant but the caller's home (the platform's own things). */
    home?: boolean
    /** A partner's key that names no tenant acts at home, for what is the partner's own. */
    partnerHome?: boolean
  }
}
