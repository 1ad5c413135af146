import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'
import { requestHash } from '../core/idempotency/request-hash.ts'
import type { Idempotency, IdempotencyService } from '../core/idempotency/service.ts'
import type {} from '../core/http.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false`: this POST changes nothing (a validation, a login), so it takes no Idempotency-Key. */
    idempotency?: false
  }
}

export interface IdempotencyPluginOptions {
  service: IdempotencyService
  leaseMs: number
  /** Bytes or parsed parts that stand for a body which Fastify has not parsed (multipart), in a stable order. */
  bodyOf?: (request: FastifyRequest) => Promise<unknown>
  /** Calls `work` every `ms` until the function that it returns is called. */
  every?: (ms: number, work: () => Promise<void>) => () => void
}

const keptHeaders = ['content-type', 'content-language', 'content-disposition', 'location', 'retry-after'] as const
const hashes = new WeakMap<FastifyRequest, Buffer>()

/**
 * Idempotency-Key on every POST under /v1. It stands last before the handler, after each check that may refuse the
 * request (a refusal leaves the key free, and nobody is shown an answer that they may not ask for), and last before the
 * answer is sent. Register it before routes; a request without `access` has no tenant to keep a key for.
 */
export const idempotency = fp<IdempotencyPluginOptions>(async (app, { service, leaseMs, bodyOf = async request => request.body, every = realEvery }) => {
  if (!app.hasRequestDecorator('idempotency')) app.decorateRequest('idempotency', null)

  app.addHook('onRoute', route => {
    if (![route.method].flat().includes('POST') || !isApi(route.url) || route.config?.idempotency === false) return
    // Before validation, which fills in defaults: those may change between two releases, and the request did not.
    route.preValidation = [...asList(route.preValidation), hashRequest]
    route.preHandler = [...asList(route.preHandler), begin]
    route.onSend = [...asList(route.onSend), end]
    route.onResponse = [...asList(route.onResponse), abandon]
  })

  async function hashRequest (request: FastifyRequest): Promise<void> {
    const key = keyOf(request)
    if (key === undefined) return
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new HubError('idempotency_key_invalid')
    hashes.set(request, requestHash({ method: request.method, url: request.url, body: await bodyOf(request) }))
  }

  async function begin (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const key = keyOf(request)
    const hash = hashes.get(request)
    if (key === undefined || hash === undefined || request.access === null) return
    const begun = await service.begin({ tenantId: request.access.tenantId, mode: request.access.mode, key }, hash)
    if ('run' in begun) {
      request.idempotency = begun.run
      return
    }
    const { status, headers, body } = begun.replay
    return await reply.code(status).headers({ ...headers, 'idempotent-replayed': 'true' }).send(body)
  }

  async function end (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const run = take(request)
    if (run === null) return payload
    const headers = Object.fromEntries(keptHeaders.flatMap(name => reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : []))
    const body = payload === undefined || payload === null ? null : payload
    if (body !== null && typeof body !== 'string' && !Buffer.isBuffer(body)) {
      const failure = new HubError('internal', { internal: { problem: 'a POST under /v1 answers with a stream: give the route {config: {idempotency: false}}' } })
      await service.end(run, { status: 500, headers: {}, body: null }, failure.code)
      throw failure
    }
    await service.end(run, { status: reply.statusCode, headers, body }, request.failure?.code)
    return payload
  }

  /** A handler that took the socket over, or a reply whose hooks failed, left its key behind. */
  async function abandon (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const run = take(request)
    if (run !== null) await service.end(run, { status: reply.statusCode, headers: {}, body: null }, 'unavailable')
  }

  const stop = every(Math.max(1, Math.floor(leaseMs / 3)), service.renew)
  app.addHook('onClose', async () => {
    stop()
    await service.renew() // the last try to keep what could not be kept
  })
}, { name: 'pasarela-idempotency', dependencies: ['pasarela-errors'] })

/** The run of this request, once: whoever takes it, ends it. Services keep the object that they were given. */
function take (request: FastifyRequest): Idempotency | null {
  const run = request.idempotency
  request.idempotency = null
  return run
}

function keyOf (request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  return Array.isArray(header) ? header.join(', ') : header
}

function isApi (url: string): boolean {
  return url === '/v1' || url.startsWith('/v1/')
}

function asList<T> (hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : [hooks].flat() as T[]
}

function realEvery (ms: number, work: () => Promise<void>): () => void {
  const timer = setInterval(() => { void work() }, ms)
  timer.unref()
  return () => { clearInterval(timer) }
}
