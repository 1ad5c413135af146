import { createHash } from 'node:crypto'
import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'
import type {} from '../core/http.ts'
import { createKnownGood } from './known-good.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts an attempt to log in, by address and by e-mail. Throws rate_limited. Call it before the password is checked. */
    limitLogin: (request: FastifyRequest, email: string) => Promise<void>
  }
}

export interface RateLimitOptions {
  /** Of one API key or session. */
  perMinuteKey: number
  /** Of one address, for requests without a valid credential. */
  perMinuteAddress: number
  /** Of one address to /hooks. Providers send many tenants' webhooks from a few addresses. */
  perMinuteHooksAddress: number
  login?: { perAddress: number, perEmail: number, windowMs: number }
  /** `redis://…`: all processes count together. Without it each counts for itself. */
  redisUrl?: string | undefined
}

const minuteMs = 60_000
const { normalizeIP } = fastifyRateLimit

type Limiter = ReturnType<import('fastify').FastifyInstance['createRateLimit']>

/**
 * Register it BEFORE the plugin that authenticates (which works in `onRequest`). The order in a request is then:
 * 1. `onRequest`, before authentication: an address that has used up its requests without a valid credential is refused,
 *    right or wrong credential alike, or guessing would go on. A credential that was good a moment ago still passes:
 *    behind one address there may be a whole company.
 * 2. authentication.
 * 3. `preParsing`, before the body is read: counts the key or session; without one, the address.
 * 4. `onResponse`: a request that authentication refused (401) never came to 3, so it is counted against its address here.
 * When Redis is away nothing is refused: the limits protect us from load, and are no reason to stop taking payments.
 */
export const rateLimit = fp<RateLimitOptions>(async (app, options) => {
  const { perMinuteKey, perMinuteAddress, perMinuteHooksAddress, redisUrl } = options
  const login = options.login ?? { perAddress: 200, perEmail: 60, windowMs: 15 * minuteMs }
  const redis = redisUrl === undefined ? undefined : new (await import('ioredis')).Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1, connectTimeout: 2000, commandTimeout: 500, lazyConnect: true })
  if (redis !== undefined) {
    redis.on('error', err => { app.log.warn({ err }, 'the rate limiter cannot reach Redis; nothing is limited until it can') })
    await redis.connect().catch(() => {}) // it goes on trying; the listener above has said so
    app.addHook('onClose', async () => { redis.disconnect() })
  }
  await app.register(fastifyRateLimit, { global: false, skipOnError: true, nameSpace: 'pasarela-limit-', ...(redis && { redis }) })

  const limiter = (bucket: string, max: number, timeWindow: number, keyOf: (request: FastifyRequest) => string): Limiter =>
    app.createRateLimit({ max, timeWindow, keyGenerator: request => `${bucket}:${keyOf(request)}` })
  const byKey = limiter('key', perMinuteKey, minuteMs, request => request.access?.principal.sessionId ?? request.access?.principal.id ?? '')
  const byAddress = limiter('address', perMinuteAddress, minuteMs, addressOf)
  const byHooksAddress = limiter('hooks', perMinuteHooksAddress, minuteMs, addressOf)
  const knownGood = createKnownGood({ maxEntries: 10_000 })

  app.addHook('onRequest', async (request, reply) => {
    if (isExempt(request) || isHook(request)) return
    const peek = await byAddress(request, { increment: false })
    if (!peek.isAllowed && peek.remaining <= 0 && !knownGood.has(credentialOf(request))) throw refusal(reply, peek)
  })

  app.addHook('preParsing', async (request, reply) => {
    if (isExempt(request)) return
    const authenticated = (request.access ?? null) !== null
    if (authenticated) knownGood.add(credentialOf(request))
    const count = await (isHook(request) ? byHooksAddress : authenticated ? byKey : byAddress)(request)
    counted.add(request)
    if (count.isAllowed) return
    if (count.isExceeded) throw refusal(reply, count)
    reply.headers({ 'ratelimit-limit': count.max, 'ratelimit-remaining': count.remaining, 'ratelimit-reset': count.ttlInSeconds })
  })

  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode === 401 && !counted.has(request) && !isExempt(request) && !isHook(request)) await byAddress(request)
  })

  const emails = new WeakMap<FastifyRequest, string>()
  const loginByAddress = limiter('login-address', login.perAddress, login.windowMs, addressOf)
  const loginByEmail = limiter('login-email', login.perEmail, login.windowMs, request => emails.get(request) ?? '')
  app.decorate('limitLogin', async (request, email) => {
    emails.set(request, hash(email.trim().toLowerCase()))
    for (const limit of [loginByAddress, loginByEmail]) {
      const count = await limit(request)
      if (!count.isAllowed && count.isExceeded) throw new HubError('rate_limited', { retryAfterMs: count.ttl })
    }
  })
}, { name: 'pasarela-rate-limit', dependencies: ['pasarela-errors'] })

const counted = new WeakSet<FastifyRequest>()

/** `config: {rateLimit: false}` on a route: health checks and metrics. */
function isExempt (request: FastifyRequest): boolean {
  return request.routeOptions.config?.rateLimit === false
}

function isHook (request: FastifyRequest): boolean {
  return request.url.startsWith('/hooks/')
}

/** An IPv6 caller has a whole /64. */
function addressOf (request: FastifyRequest): string {
  return normalizeIP(request.ip, 64)
}

/** What the caller shows to be recognised, hashed: never kept as it is. */
function credentialOf ({ headers }: FastifyRequest): string | undefined {
  const shown = headers.authorization ?? headers.cookie
  return shown === undefined ? undefined : hash(shown)
}

function hash (text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function refusal (reply: FastifyReply, { max, ttl, ttlInSeconds }: { max: number, ttl: number, ttlInSeconds: number }): HubError {
  reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': 0, 'ratelimit-reset': ttlInSeconds })
  return new HubError('rate_limited', { retryAfterMs: ttl })
}
