import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/**
 * `POST …/capture` without a body means the same as with `{}`, also when the client says `application/json` of nothing.
 * Only where the schema asks for no field: a body that is needed is still missed.
 */
export const emptyBody = fp(async app => {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request: FastifyRequest, body: string, done: (error: Error | null, body?: unknown) => void) => {
    if (body.trim() === '') done(null)
    else void parse(request, body, done)
  })
  app.addHook('preValidation', async request => {
    const schema = request.routeOptions.schema?.body as { type?: string, required?: string[] } | undefined
    if (schema?.type === 'object' && (schema.required?.length ?? 0) === 0 && (request.body === undefined || request.body === null)) request.body = {}
  })
}, { name: 'pasarela-empty-body' })
