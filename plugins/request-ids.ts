import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { newUuid } from '../core/ids.ts'

/** Options of `fastify()`: our own ids only. A caller's id would let it choose what is found in our logs, so it stands beside ours. */
export function requestIdOptions (now: () => Date) {
  return {
    genReqId: () => `req_${newUuid(now()).replaceAll('-', '')}`,
    requestIdHeader: false,
    childLoggerFactory: (logger: FastifyBaseLogger, bindings: { reqId?: unknown }, options: object, request: IncomingMessage) =>
      logger.child({ request_id: bindings.reqId, ...callerIds(request) }, options)
  } as const
}

/** `Request-Id` on every response. Register it first. */
export const requestIds = fp(async app => {
  app.addHook('onRequest', async (request, reply) => { reply.header('request-id', request.id) })
}, { name: 'pasarela-request-ids' })

function callerIds ({ headers }: IncomingMessage): Record<string, string> {
  const ids = { caller_request_id: headers['x-request-id'], traceparent: headers.traceparent }
  return Object.fromEntries(Object.entries(ids).flatMap(([name, value]) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? [[name, value]] : []))
}
