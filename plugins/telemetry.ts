import type { Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type {} from '../core/http.ts'
import { publicId } from '../core/ids.ts'
import { beginTraceWith, failSpan, isTracing, openSpan, SpanKind, withinSpan } from '../core/telemetry/spans.ts'
import { parseTraceparent } from '../core/telemetry/traceparent.ts'
import { atWork, noteWork, type Work } from '../core/telemetry/work.ts'

interface Followed { work: Work, span?: Span, enter: (run: () => void) => void }

/** Asked every few seconds by machines: they would be most of what is traced. */
const untraced = new Set(['/health', '/ready', '/metrics'])

/**
 * What a request is about, for every line that is logged and every span that is opened until it is answered. Register it
 * right after the request ids. A `traceparent` of the caller goes on in ours; of who calls `/hooks` it does not, for
 * providers trace for themselves. A trace that begins here has the id of the request.
 */
export const telemetry = fp(async app => {
  const followed = new WeakMap<FastifyRequest, Followed>()

  app.addHook('onRequest', (request, _reply, done) => {
    const about = follow(request)
    followed.set(request, about)
    about.enter(done)
  })

  // The body's last byte comes from the socket, which knows of no request: what follows is put back where it belongs.
  app.addHook('preValidation', (request, _reply, done) => {
    const about = followed.get(request)
    if (about === undefined) return done()
    about.enter(() => {
      noteWork(known(request))
      done()
    })
  })

  app.addHook('onResponse', async (request, reply) => {
    const span = followed.get(request)?.span
    if (span === undefined) return
    span.setAttribute('http.response.status_code', reply.statusCode)
    if (reply.statusCode >= 500) failSpan(span, String(reply.statusCode))
    span.end()
  })
  app.addHook('onRequestAbort', async request => {
    const span = followed.get(request)?.span
    if (span === undefined) return
    failSpan(span, 'aborted')
    span.end()
  })
}, { name: 'pasarela-telemetry', dependencies: ['pasarela-request-ids'] })

function follow (request: FastifyRequest): Followed {
  const { method, id } = request
  const route = request.routeOptions.url ?? 'none'
  const work: Work = { request_id: id }
  if (!isTracing() || untraced.has(route)) return { work, enter: run => { atWork(work, run) } }
  const given = route.startsWith('/hooks/') ? undefined : request.headers.traceparent
  const parent = parseTraceparent(given) === undefined ? null : given as string
  if (parent === null && /^req_[0-9a-f]{32}$/.test(id)) beginTraceWith(id.slice(4))
  // By route and never by URL: that holds tokens, ids and what people search for.
  const { span, within } = openSpan(`${method} ${route}`, { kind: SpanKind.SERVER, parent, attributes: { 'http.request.method': method, 'http.route': route, 'pasarela.request_id': id } })
  return { work, span, enter: run => { withinSpan(within, () => { atWork(work, run) }) } }
}

/** Whose request it is, and which connection's. */
function known ({ access, routeOptions, params }: FastifyRequest): Work {
  const { id } = (params ?? {}) as { id?: unknown }
  return {
    ...(access !== null && access !== undefined && { tenant: publicId('tenant', access.tenantId) }),
    ...(routeOptions.url?.startsWith('/v1/connections/:id') === true && typeof id === 'string' && /^con_[0-9a-f]{32}$/.test(id) && { connection: id })
  }
}
