import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { newUuid } from '../core/ids.ts'

/** Options of `fastify()`: our own ids only. A caller's id would let it choose what is found in our logs. */
export function requestIdOptions (now: () => Date) {
  return { genReqId: () => `req_${newUuid(now()).replaceAll('-', '')}`, requestIdHeader: false, requestIdLogLabel: 'request_id' } as const
}

/** `Request-Id` on every response, and the caller's own ids in the log beside it. Register it first. */
export const requestIds = fp(async app => {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id)
    const theirs = callerIds(request)
    if (Object.keys(theirs).length > 0) request.log = request.log.child(theirs)
  })
}, { name: 'pasarela-request-ids' })

function callerIds ({ headers }: FastifyRequest): Record<string, string> {
  const ids = { caller_request_id: headers['x-request-id'], traceparent: headers['traceparent'] }
  return Object.fromEntries(Object.entries(ids).flatMap(([name, value]) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? [[name, value]] : []))
}
