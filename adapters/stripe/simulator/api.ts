import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '../../../core/adapter/simulator.ts'
import { accountRoutes } from './account.ts'
import { forbidden, secretKeyRequired, type Access, type Keys } from './accounts.ts'
import { balanceRoutes } from './balance.ts'
import { clockRoutes } from './billing/clocks.ts'
import { invoiceItemRoutes } from './billing/invoice-items.ts'
import { invoiceRoutes } from './billing/invoices.ts'
import { priceRoutes } from './billing/prices.ts'
import { productRoutes } from './billing/products.ts'
import { subscriptionRoutes } from './billing/subscriptions.ts'
import { cashRoutes } from './cash-routes.ts'
import { chargeRoutes } from './charges.ts'
import { paymentLinkRoutes } from './checkout/links.ts'
import { sessionRoutes } from './checkout/sessions.ts'
import { customerRoutes } from './customers.ts'
import { disputeRoutes } from './disputes.ts'
import { errorJson, invalid, StripeError } from './errors.ts'
import { eventRoutes } from './event-routes.ts'
import { decode } from './form.ts'
import { begin, checkKey, replay, type StoredAnswer } from './idempotency.ts'
import type { RequestEntry, RequestLog } from './log.ts'
import { paymentIntentRoutes } from './payment-intents.ts'
import { paymentMethodRoutes } from './payment-methods.ts'
import { payoutRoutes } from './payouts.ts'
import { refundRoutes } from './refunds.ts'
import { expanded } from './expand.ts'
import { inVersion } from './render.ts'
import type { Route } from './routing.ts'
import { setupIntentRoutes } from './setup-intents.ts'
import { isVersion } from './versions.ts'
import { weatherFor, type Weather } from './weather.ts'
import { webhookEndpointRoutes } from './webhook-endpoints.ts'
import { finish, type Call, type World } from './world.ts'

/** A request as an outside judge sees it (the official specification, in tests). */
export interface JudgedRequest {
  method: string
  /** The route, `/v1/payment_intents/:id`. */
  route: string
  version: string
  params: Record<string, unknown>
}

export interface ApiOptions {
  world: World
  keys: Keys
  log: RequestLog
  /** How fast and how well it answers just now. */
  weather: Weather
  validate: ((request: JudgedRequest) => string | undefined) | undefined
  onBug: (error: unknown) => void
}

interface Answer { status: number, body: string, headers: Record<string, string> }

const routes: Route[] = [
  ...accountRoutes, ...balanceRoutes, ...cashRoutes, ...chargeRoutes, ...clockRoutes, ...customerRoutes, ...disputeRoutes, ...eventRoutes, ...invoiceItemRoutes, ...invoiceRoutes, ...paymentIntentRoutes,
  ...paymentLinkRoutes, ...paymentMethodRoutes, ...payoutRoutes, ...priceRoutes, ...productRoutes, ...refundRoutes, ...sessionRoutes, ...setupIntentRoutes, ...subscriptionRoutes, ...webhookEndpointRoutes
]

/** Faults that the gate in front has chosen for a request. */
export const metFaults = new WeakMap<object, Fault>()

export function api (app: FastifyInstance, options: ApiOptions): void {
  for (const route of routes) {
    app.route({ method: route.method, url: route.path, handler: (request, reply) => handle(options, route, request, reply) })
  }
  app.setNotFoundHandler((request, reply) => handle(options, undefined, request, reply))
}

function handle (options: ApiOptions, route: Route | undefined, request: FastifyRequest, reply: FastifyReply): unknown {
  const { world } = options
  const { fault, delayMs } = weatherFor(options.weather, metFaults.get(request.raw))
  const requestId = world.id('req_', 14)
  const url = request.raw.url!
  const mark = url.indexOf('?')
  const entry = options.log.add({
    at: world.now(),
    method: request.method,
    path: mark === -1 ? url : url.slice(0, mark),
    key: null,
    idempotencyKey: null,
    version: null,
    params: {},
    status: null,
    requestId,
    fault: fault?.kind ?? null
  })
  if (delayMs === 0) return met(options, route, request, reply, entry, fault)
  // A provider is slow on both sides of what it does.
  return new Promise(resolve => { setTimeout(resolve, delayMs / 2) })
    .then(() => met(options, route, request, reply, entry, fault ?? { kind: 'slow', ms: delayMs / 2 }))
}

function met (options: ApiOptions, route: Route | undefined, request: FastifyRequest, reply: FastifyReply, entry: RequestEntry, fault: Fault | undefined): unknown {
  if (fault !== undefined) return withFault(options, route, request, reply, entry, fault)
  const answer = answerOf(options, route, request, entry)
  entry.status = answer.status
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}

function withFault (options: ApiOptions, route: Route | undefined, request: FastifyRequest, reply: FastifyReply, entry: RequestEntry, fault: Fault): unknown {
  const { world } = options
  const { socket } = request.raw
  const ready = { 'content-type': 'application/json', 'request-id': entry.requestId }
  const broken = errorJson({ type: 'api_error', message: 'An unknown error occurred' }, entry.requestId, false, world.now())
  const send = (answer: Answer) => reply.code(answer.status).headers(answer.headers).send(answer.body)
  switch (fault.kind) {
    case 'refuse_connection':
    case 'cut_before':
      reply.hijack()
      socket.destroy()
      return reply
    case 'error_500_before':
      return send({ status: 500, headers: ready, body: broken })
    case 'rate_limit':
      return send({
        status: 429,
        headers: { ...ready, 'retry-after': String(Math.max(1, Math.ceil((fault.ms ?? 1000) / 1000))), 'stripe-rate-limited-reason': 'global-rate', 'stripe-should-retry': 'true' },
        body: errorJson({ type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.' }, entry.requestId, false, world.now())
      })
    case 'cut_after':
      answerOf(options, route, request, entry)
      reply.hijack()
      socket.destroy()
      return reply
    case 'cut_mid_body': {
      const answer = answerOf(options, route, request, entry)
      const bytes = Buffer.from(answer.body)
      reply.hijack()
      reply.raw.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length })
      reply.raw.write(bytes.subarray(0, bytes.length >> 1), () => socket.destroy())
      return reply
    }
    case 'garbage':
      answerOf(options, route, request, entry)
      return send({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body><h1>It works!</h1></body></html>' })
    case 'error_500': {
      // Stripe keeps the 500 of an endpoint that had begun to execute: a repeat with the same key gets it again.
      const answer = answerOf(options, route, request, entry, { status: 500, body: broken })
      return send(answer)
    }
    case 'slow': {
      const hold: { release?: () => void } = {}
      const answer = answerOf(options, route, request, entry, undefined, hold)
      return new Promise<void>(resolve => {
        setTimeout(() => {
          hold.release?.()
          send(answer)
          resolve()
        }, fault.ms ?? 1000)
      }).then(() => reply)
    }
  }
}

/** `instead` is kept and answered in place of a success; `hold` keeps the idempotency key in use until it is released. */
function answerOf (options: ApiOptions, route: Route | undefined, request: FastifyRequest, entry: RequestEntry, instead?: { status: number, body: string }, hold?: { release?: () => void }): Answer {
  const { world } = options
  const headers: Record<string, string> = { 'content-type': 'application/json', 'request-id': entry.requestId }
  let access: Access | undefined
  let kept: StoredAnswer | undefined
  const fail = (error: unknown): Answer => {
    if (!(error instanceof StripeError)) options.onBug(error)
    const { status, body, headers: more } = error instanceof StripeError
      ? error
      : { status: 500, headers: {}, body: { type: 'api_error' as const, message: `The simulator failed: ${error instanceof Error ? error.message : String(error)}` } }
    return { status, body: errorJson(body, entry.requestId, access?.books.livemode ?? false, world.now()), headers: { ...headers, ...more } }
  }
  try {
    access = options.keys.open(authorizationOf(request), request.headers['stripe-account'] as string | undefined)
    entry.key = access.hash
    const { books } = access
    const version = versionOf(request, world)
    headers['stripe-version'] = version
    entry.version = version
    const { key: keyParam, ...params } = paramsOf(request)
    if (keyParam !== undefined && !access.publishable) params.key = keyParam
    entry.params = params
    if (route === undefined) throw invalid(`Unrecognized request URL (${request.method}: ${entry.path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`, {}, 404)
    if (access.publishable) checkBrowser(route, params)
    if (access.readOnly && request.method !== 'GET') throw forbidden(access)
    const key = request.method === 'POST' ? request.headers['idempotency-key'] as string | undefined : undefined
    if (key !== undefined) {
      checkKey(key)
      entry.idempotencyKey = key
      headers['idempotency-key'] = key
      const first = replay(books.idempotency, key, entry.path, params, world.now())
      if (first !== undefined) {
        return { ...first.answer!, headers: { ...headers, 'original-request': first.requestId, 'idempotent-replayed': 'true' } }
      }
      headers['original-request'] = entry.requestId
    }
    const checked = route.params(version)(params, '')
    const complaint = options.validate?.({ method: request.method, route: route.path, version, params })
    if (complaint !== undefined) throw invalid(`Against the official specification: ${complaint}`)
    const call: Call = { world, books, version, request: { id: entry.requestId, idempotency_key: key ?? null }, afterwards: [] }
    const path = request.params as Record<string, string>
    route.prepare?.(call, checked as never, path)
    if (key !== undefined) kept = begin(books.idempotency, key, entry.path, params, entry.requestId, world.now())
    const answer = execute(call, route, checked, path, headers, fail)
    if (request.method !== 'GET') world.changed()
    if (instead !== undefined && answer.status < 400) Object.assign(answer, instead)
    if (kept !== undefined) {
      const store = kept
      const done = () => { store.answer = { status: answer.status, body: answer.body } }
      if (hold === undefined) done()
      else hold.release = done
    }
    return answer
  } catch (error) {
    return fail(error)
  }
}

function execute (call: Call, route: Route, checked: unknown, path: Record<string, string>, headers: Record<string, string>, fail: (error: unknown) => Answer): Answer {
  let answer: Answer
  try {
    const made = route.run(call, checked as never, path) as { id?: string }
    if (route.method === 'POST') sign(call, made.id)
    const result = expanded(made, (checked as { expand?: string[] }).expand, call.books)
    answer = { status: 200, body: JSON.stringify(inVersion(result, call.version)), headers }
  } catch (error) {
    if (error instanceof StripeError && error.body.payment_intent !== undefined) {
      sign(call, (error.body.payment_intent as { id: string }).id)
      answer = fail(new StripeError(error.status, { ...error.body, payment_intent: inVersion(error.body.payment_intent, call.version) }, error.headers))
    } else answer = fail(error)
  }
  finish(call)
  return answer
}

/** Remembers which key made an object. */
function sign ({ books, request }: Call, id: string | undefined): void {
  if (id !== undefined && request.idempotency_key !== null && !books.madeBy.has(id)) books.madeBy.set(id, request.idempotency_key)
}

/** Stripe.js sends its key as a parameter. */
function authorizationOf (request: FastifyRequest): string | undefined {
  const header = request.headers.authorization
  const body = typeof request.body === 'string' ? request.body : request.raw.url!.split('?')[1] ?? ''
  const key = header === undefined ? new URLSearchParams(body).get('key') : null
  return key !== null && key.startsWith('pk_') ? `Bearer ${key}` : header
}

function checkBrowser (route: Route, params: Record<string, unknown>): void {
  if (route.browser === undefined || (route.browser === 'with_secret' && typeof params.client_secret !== 'string')) throw secretKeyRequired()
}

function versionOf (request: FastifyRequest, world: World): string {
  const version = request.headers['stripe-version'] as string | undefined
  if (version === undefined || version === '') return world.apiVersion
  if (!isVersion(version)) throw invalid(`Invalid Stripe API version: ${version}`)
  return version
}

function paramsOf (request: FastifyRequest): Record<string, unknown> {
  if (request.method !== 'POST') {
    const url = request.raw.url!
    const mark = url.indexOf('?')
    return mark === -1 ? {} : decode(url.slice(mark + 1))
  }
  const type = request.headers['content-type']
  if (request.body !== undefined && request.body !== '' && type?.startsWith('application/x-www-form-urlencoded') !== true) {
    throw invalid('Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.')
  }
  return decode(typeof request.body === 'string' ? request.body : '')
}
