/**
 * Writes down what the API is asked and answers while tests run, for the examples of the OpenAPI document:
 *
 *     RECORD_TO=/tmp/answers NODE_OPTIONS="--import $PWD/scripts/record-answers.ts" npm test -- core/payments test/checkout.test.ts
 *     node --conditions=pasarela scripts/openapi-examples.ts /tmp/answers
 */
import diagnostics from 'node:diagnostics_channel'
import { appendFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** One line of the recording. */
export interface Recorded {
  method: string
  /** As the route is written: `/v1/payments/:id`. */
  url: string
  status: number
  /** JSON of a body that was JSON, as it was when it was checked. */
  body?: string | undefined
  answer?: string | undefined
}

const folder = process.env.RECORD_TO
/** Of each operation and status, in each process: enough to choose from. */
const keptAtMost = 3

if (folder !== undefined) {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${process.pid}.jsonl`)
  const kept = new Map<string, number>()
  const bodies = new WeakMap<FastifyRequest, string>()
  diagnostics.subscribe('fastify.initialization', message => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('preHandler', async request => {
      if (typeof request.body === 'object' && request.body !== null && !Buffer.isBuffer(request.body)) bodies.set(request, JSON.stringify(request.body))
    })
    fastify.addHook('onSend', async (request, reply, payload) => {
      const { url } = request.routeOptions
      if (url?.startsWith('/v1/') && request.method !== 'HEAD') {
        const key = `${request.method} ${url} ${reply.statusCode}`
        const count = kept.get(key) ?? 0
        kept.set(key, count + 1)
        const isJson = /json/.test(String(reply.getHeader('content-type') ?? ''))
        const row: Recorded = { method: request.method, url, status: reply.statusCode, body: bodies.get(request), answer: isJson && typeof payload === 'string' ? payload : undefined }
        if (count < keptAtMost) appendFileSync(file, `${JSON.stringify(row)}\n`)
      }
      return payload
    })
  })
}
