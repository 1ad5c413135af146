import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Access, Scope } from '../core/access/principal.ts'
import { HubError } from '../core/errors.ts'

export interface QueueBoardOptions {
  queues: readonly Queue[]
  accessOf: (request: FastifyRequest) => Access | null
  /** The page to log in at; it gets `?next=` with the way back. */
  loginUrl: string
}

const mounts: ReadonlyArray<{ prefix: string, scope: Scope, readOnlyMode: boolean }> = [
  { prefix: '/admin/queues', scope: 'queues:read', readOnlyMode: true },
  { prefix: '/admin/queues/manage', scope: 'queues:write', readOnlyMode: false }
]

/** bull-board has an inline style; the fonts that it would load from Google are not let in. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

/**
 * The queues, for people: to look at with `queues:read` (support), to change under `/manage` with `queues:write`
 * (platform admins). Its writes carry the session's cookie and no CSRF token, so they must come from its own pages:
 * the plugin that authenticates must leave `/admin/queues` out of its CSRF check.
 */
export const queueBoard = fp<QueueBoardOptions>(async (app, { queues, accessOf, loginUrl }) => {
  for (const { prefix, scope, readOnlyMode } of mounts) {
    const serverAdapter = new FastifyAdapter().setBasePath(prefix)
    createBullBoard({
      queues: queues.map(queue => new BullMQAdapter(queue, { readOnlyMode })),
      serverAdapter,
      options: { uiConfig: { boardTitle: readOnlyMode ? 'Pasarela queues' : 'Pasarela queues (manage)', hideDocsLink: true, miscLinks: [readOnlyMode ? { text: 'Manage', url: '/admin/queues/manage' } : { text: 'Only look', url: '/admin/queues' }] } }
    })
    await app.register(async board => {
      board.addHook('onRoute', route => { route.config = { ...route.config, public: true } }) // judged here
      board.addHook('onRequest', async (request, reply) => await guard(request, reply, scope))
      await board.register(serverAdapter.registerPlugin(), { prefix })
    })
  }

  async function guard (request: FastifyRequest, reply: FastifyReply, scope: Scope): Promise<unknown> {
    reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-store' })
    const access = accessOf(request)
    if (access === null) {
      if (request.method === 'GET' && request.headers.accept?.includes('text/html')) return await reply.redirect(`${loginUrl}?next=${encodeURIComponent(request.url)}`)
      return await refuse(reply, request, new HubError('unauthenticated'))
    }
    if (!access.principal.scopes.has(scope)) return await refuse(reply, request, new HubError('forbidden'))
    if (request.method !== 'GET' && request.method !== 'HEAD' && !fromOurPage(request)) return await refuse(reply, request, new HubError('csrf_failed'))
  }

  /** bull-board has an error handler of its own, which would make a 500 of these. */
  async function refuse (reply: FastifyReply, request: FastifyRequest, failure: HubError): Promise<unknown> {
    return await app.errorHandler(failure as never, request, reply)
  }
}, { name: 'pasarela-queue-board', dependencies: ['pasarela-errors'] })

/** Browsers say where a request comes from; what does not say so is refused. */
function fromOurPage ({ headers, host }: FastifyRequest): boolean {
  if (headers['sec-fetch-site'] !== undefined) return headers['sec-fetch-site'] === 'same-origin'
  return headers.origin !== undefined && URL.parse(headers.origin)?.host === host
}
