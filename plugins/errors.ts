import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Socket } from 'node:net'
import { isDatabaseAway } from '../core/db/errors.ts'
import { errorCatalogue, HubError, type ErrorCode } from '../core/errors.ts'
import { fieldErrors, type ValidationIssue } from './field-errors.ts'
import { languageOf, type Language } from './language.ts'
import { problemBody, problemType, type ProblemBody } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the sentences in the answer, by Accept-Language. */
    readonly language: Language
    /** The error that this request is being answered with. */
    failure: HubError | null
  }
}

/**
 * Every failure leaves as `application/problem+json` (RFC 9457) in the caller's language, with nothing of ours in it but
 * what `HubError` says is public. What we did not foresee is `internal`, and written to the log with its stack.
 */
export const errors = fp(async app => {
  app.decorateRequest('language', {
    getter (this: FastifyRequest): Language { return languageOf(this.headers['accept-language']) }
  } as never)
  app.decorateRequest('failure', null)

  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))
  const allowedMethods = knownRoutes(app)
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(request.url)
    if (allowed.length === 0) return answerError(new HubError('not_found', { detail: { es: 'Esa ruta no existe.', en: 'There is no such path.' } }), request, reply)
    reply.header('allow', allowed.join(', '))
    return answerError(new HubError('method_not_allowed'), request, reply)
  })
}, { name: 'pasarela-errors', dependencies: ['pasarela-request-ids'] })

/** Options of `fastify()` for what goes wrong before there is a route: a bad URL, bytes that are not HTTP. */
export const errorOptions = { frameworkErrors: answerError, clientErrorHandler }

async function answerError (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const language = languageOf(request.headers['accept-language'])
  const failure = failureOf(error, language)
  request.failure = failure
  note(error, failure, request)
  if (failure.retryAfterMs !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000))))
  if (failure.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="pasarela"')
  const body: ProblemBody = problemBody(failure, language, request.id)
  return await reply.code(failure.status).headers({ 'request-id': request.id, 'content-language': language, vary: vary(reply), 'cache-control': 'no-store' })
    .type('application/problem+json').serializer(JSON.stringify as (payload: unknown) => string).send(body)
}

function vary (reply: FastifyReply): string {
  const present = String(reply.getHeader('vary') ?? '').split(',').map(name => name.trim()).filter(Boolean)
  return [...new Set([...present, 'Accept-Language'])].join(', ')
}

function failureOf (error: unknown, language: Language): HubError {
  if (error instanceof HubError) return error
  if (!(error instanceof Error)) return new HubError('internal', { cause: error })
  // Nobody knows how far it got. The same request may come again: with its Idempotency-Key it goes on from there.
  if (isDatabaseAway(error)) return new HubError('unavailable', { retryAfterMs: 1000, cause: error })
  const { code, statusCode, validation } = error as Partial<FastifyError> & { validation?: ValidationIssue[] }
  if (validation !== undefined) return new HubError('request_invalid', { errors: fieldErrors(validation, language), cause: error })
  // Only Fastify's own errors are read by their status: a provider's or a library's error may carry one as well.
  const known = typeof code === 'string' && code.startsWith('FST_') ? fastifyCodes[code] ?? codeOfStatus[statusCode ?? 500] : undefined
  if (known !== undefined) return new HubError(known, { cause: error })
  // Fastify's JSON parser refuses `__proto__` with a plain SyntaxError.
  if (error instanceof SyntaxError && statusCode === 400) return new HubError('json_invalid', { cause: error })
  return new HubError('internal', { cause: error })
}

const fastifyCodes: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'json_invalid',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json_invalid',
  FST_ERR_HANDLER_TIMEOUT: 'unavailable'
}

const codeOfStatus: Record<number, ErrorCode> = {
  400: 'request_invalid', 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 405: 'method_not_allowed', 406: 'request_invalid', 409: 'conflict',
  413: 'payload_too_large', 414: 'request_invalid', 415: 'unsupported_media_type', 429: 'rate_limited', 503: 'unavailable'
}

function note (error: unknown, failure: HubError, request: FastifyRequest): void {
  const fields = { code: failure.code, err: error, ...(Object.keys(failure.internal).length > 0 && { internal: failure.internal }) }
  if (failure.code === 'internal') request.log.error(fields, 'a request failed')
  else if (failure.status >= 500) request.log.warn(fields, 'a request failed')
  else request.log.info({ code: failure.code, ...(failure.errors && { fields: failure.errors.map(({ path }) => path) }), ...(fields.internal && { internal: fields.internal }) }, 'a request was refused')
}

/** Which methods a path takes. Asked only when nothing was found, so a walk over all routes is cheap enough. */
function knownRoutes (app: FastifyInstance): (url: string) => string[] {
  const routes = new Map<string, { pattern: RegExp, methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    // What takes any path names none.
    if (url === '/*') return
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const name of [method].flat()) route.methods.add(name)
    routes.set(url, route)
  })
  return url => {
    const path = url.split('?')[0] ?? url
    const found = [...routes.values()].filter(({ pattern }) => pattern.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
  }
}

function patternOf (url: string): RegExp {
  const pattern = url.split('/').map(segment => {
    if (segment === '*') return '.*'
    return segment.split(/(:\w+(?:\([^)]*\))?)/).map(part => part.startsWith(':') ? '[^/]+' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('')
  }).join('/')
  return new RegExp(`^${pattern}/?$`)
}

/** The bytes were not HTTP, or came too slowly: there is no request to answer, only a socket. */
function clientErrorHandler (error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] = error.code === 'HPE_HEADER_OVERFLOW' ? [431, 'Request Header Fields Too Large'] : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? [408, 'Request Timeout'] : [400, 'Bad Request']
  const body = JSON.stringify({ type: problemType('request_invalid'), title: errorCatalogue.request_invalid.en, status, code: 'request_invalid', detail: `${reason}.` })
  socket.end(`HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}
