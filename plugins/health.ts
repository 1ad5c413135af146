import fp from 'fastify-plugin'
import { Type } from 'typebox'
import type {} from '@fastify/swagger'
import { HubError } from '../core/errors.ts'
import type {} from '../core/http.ts'
import { boundedBy } from '../core/jobs/timers.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on `/ready` says no, so that nobody sends more. Call it before `close`; `close` does it as well. */
    stopTraffic: () => void
  }
}

export interface HealthOptions {
  /** Each throws, or rejects, when it cannot be worked with: `{database, migrations, queue}`. */
  checks: Record<string, () => Promise<void>>
  /** A check that takes longer has failed. */
  timeoutMs?: number
}

/** `/health`: this process is up (restart it otherwise). `/ready`: it can work (send it requests). Neither needs a credential. */
export const health = fp<HealthOptions>(async (app, { checks, timeoutMs = 2000 }) => {
  let stopping = false
  app.decorate('stopTraffic', () => { stopping = true })
  app.addHook('preClose', async () => { stopping = true })
  const route = { config: { rateLimit: false as const, public: true }, logLevel: 'warn' as const }

  app.get('/health', { ...route, schema: { tags: ['Server'], summary: 'Whether the process is up', response: { 200: Type.Object({ status: Type.Literal('ok') }) } } }, async () => ({ status: 'ok' }))

  app.get('/ready', { ...route, schema: { tags: ['Server'], summary: 'Whether it can work', description: '503 while something that it needs is away, and while it stops: `errors` names what.', response: { 200: Type.Object({ status: Type.Literal('ready'), checks: Type.Record(Type.String(), Type.String()) }) } } }, async request => {
    if (stopping) throw new HubError('unavailable', { detail: { es: 'El servicio se está deteniendo.', en: 'The service is stopping.' } })
    const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => ({ name, failure: await failureOf(check, timeoutMs) })))
    const failed = results.filter(({ failure }) => failure !== undefined)
    for (const { name, failure } of failed) request.log.warn({ err: failure, check: name }, 'not ready')
    // Names only: why is nothing for strangers.
    if (failed.length > 0) throw new HubError('unavailable', { retryAfterMs: 1000, errors: failed.map(({ name }) => ({ path: name, message: request.language === 'es' ? 'no está listo' : 'is not ready' })) })
    return { status: 'ready', checks: Object.fromEntries(results.map(({ name }) => [name, 'ok'])) }
  })
}, { name: 'pasarela-health', dependencies: ['pasarela-errors'] })

async function failureOf (check: () => Promise<void>, timeoutMs: number): Promise<unknown> {
  try {
    await boundedBy(Promise.resolve().then(check), timeoutMs, 'the check')
    return undefined
  } catch (error) {
    return error ?? new Error('failed without a reason')
  }
}
