/** A small app to register plugins on: ids, errors, and a stand-in for authentication that believes a header. */
import Fastify, { type FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import { type Access, type Principal, type Scope, scopes } from '../../core/access/principal.ts'
import { HubError } from '../../core/errors.ts'
import type {} from '../../core/http.ts'
import { createLogger } from '../../core/log.ts'
import { errorOptions, errors } from '../../plugins/errors.ts'
import { requestIdOptions, requestIds } from '../../plugins/request-ids.ts'
import type { Teardown } from './database.ts'

export interface HttpAppOptions {
  destination?: DestinationStream
  now?: () => Date
  /** Registered before authentication. */
  early?: (app: FastifyInstance) => Promise<void>
}

export const tenantA = '0198aaaa-0000-7000-8000-00000000000a'

/** `Authorization: Bearer <JSON>` is the access, such as `{"tenantId": "…", "mode": "test"}`; `Bearer bad` is refused. */
export async function httpApp (t: Teardown, { destination = { write () {} }, now = () => new Date(), early }: HttpAppOptions = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({ ...requestIdOptions(now), ...errorOptions, loggerInstance: createLogger({ level: 'info', destination }), bodyLimit: 10_000 }) as never
  t.teardown(async () => { await app.close() })
  await app.register(requestIds)
  await app.register(errors)
  await early?.(app)
  app.decorateRequest('access', null)
  app.addHook('onRequest', async request => {
    const shown = request.headers.authorization?.replace(/^Bearer /, '')
    if (shown === 'bad') throw new HubError('unauthenticated')
    request.access = shown === undefined ? null : accessOf(JSON.parse(shown))
  })
  return app
}

export function bearer (access: Partial<Access> & { id?: string, role?: Principal['role'], scopes?: Scope[] } = {}): { authorization: string } {
  return { authorization: `Bearer ${JSON.stringify(access)}` }
}

function accessOf (given: Partial<Access> & { id?: string, role?: Principal['role'], scopes?: Scope[] }): Access {
  const { id = 'key_1', role, scopes: allowed = scopes, ...rest } = given
  const principal: Principal = { type: role === undefined ? 'api_key' : 'user', id, homeTenantId: tenantA, scopes: new Set(allowed), ...(role && { role }) }
  return { principal, tenantId: tenantA, mode: 'test', requestId: 'req_1', address: '127.0.0.1', language: 'en', ...rest }
}
