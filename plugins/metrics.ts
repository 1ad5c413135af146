import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type {} from '@fastify/swagger'
import { Gauge, Histogram } from 'prom-client'
import { HubError } from '../core/errors.ts'
import type {} from '../core/http.ts'
import type { Metrics } from '../core/metrics.ts'

export interface MetricsPluginOptions {
  metrics: Metrics
  /** Who may read `/metrics`: this machine and support staff, when left out. */
  allow?: (request: FastifyRequest) => boolean
  /** A bearer token that may, too, and nothing else. */
  token?: string | undefined
}

/** How long requests take, by route template (never by URL: each id would be a series), and `/metrics`. */
export const metrics = fp<MetricsPluginOptions>(async (app, { metrics: { registry }, allow = fromHereOrStaff, token }) => {
  const registers = [registry]
  const duration = new Histogram({
    name: 'pasarela_http_request_seconds', help: 'How long requests take', labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], registers
  })
  const inFlight = new Gauge({ name: 'pasarela_http_requests_in_flight', help: 'Requests being answered', registers })
  const open = new WeakSet<FastifyRequest>()
  const closed = (request: FastifyRequest): void => { if (open.delete(request)) inFlight.dec() }

  app.addHook('onRequest', async request => {
    open.add(request)
    inFlight.inc()
  })
  app.addHook('onRequestAbort', async request => { closed(request) })
  app.addHook('onResponse', async (request, reply) => {
    closed(request)
    duration.observe({ method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })

  app.get('/metrics', { config: { rateLimit: false, public: true }, schema: { hide: true } }, async (request, reply) => {
    if (!allow(request) && !(token !== undefined && shows(request, token))) throw new HubError('forbidden')
    return await reply.type(registry.contentType).send(await registry.metrics())
  })
}, { name: 'pasarela-metrics', dependencies: ['pasarela-errors'] })

function shows ({ headers: { authorization } }: FastifyRequest, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return authorization !== undefined && timingSafeEqual(hash(authorization), hash(`Bearer ${token}`))
}

/** The socket's own address: behind a trusted proxy `request.ip` is what the proxy says, and then it is no neighbour. */
function fromHereOrStaff (request: FastifyRequest): boolean {
  const loopback = (address: string | undefined) => address !== undefined && /^(?:127\.|::1$|::ffff:127\.)/.test(address)
  if (loopback(request.socket.remoteAddress) && loopback(request.ip) && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined) return true
  const principal = request.access?.principal
  return principal?.role === 'platform_admin' || principal?.role === 'support' || principal?.keyKind === 'platform'
}
