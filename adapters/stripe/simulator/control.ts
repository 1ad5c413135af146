import { Ajv } from 'ajv'
import type { FastifyInstance } from 'fastify'
import type { DeliveryOrder, Fault } from '../../../core/adapter/simulator.ts'
import type { StripeSimulator } from '../simulator.ts'
import { StripeError } from './errors.ts'
import type { WeatherSettings } from './weather.ts'

const faultKinds = ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before', 'rate_limit', 'slow']
const weather = { p50: { type: 'number', exclusiveMinimum: 0 }, p99: { type: 'number', exclusiveMinimum: 0 }, faultRate: { type: 'number', minimum: 0, maximum: 1 }, faults: { type: 'array', items: { enum: faultKinds } }, seed: { type: 'integer' } }
const orders = ['now', 'hold', 'duplicate', 'shuffle', 'release']

/** Of all simulators of a process: a judge of one's own would take longer to make than all the rest of one. */
const judge = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }) // as Fastify's own

/** The simulator's levers over HTTP, for the demo and for other processes. Nothing of this is Stripe's. */
export function control (app: FastifyInstance, simulator: () => StripeSimulator): void {
  app.setValidatorCompiler(({ schema }) => judge.compile(schema as object))
  app.addContentTypeParser('application/json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'))
  app.post<{ Body: Fault }>('/_simulator/faults', { schema: { body: { type: 'object', required: ['kind'], properties: { kind: { enum: faultKinds } } } } }, (request, reply) => {
    simulator().inject(request.body)
    return reply.code(204).send()
  })
  app.delete('/_simulator/faults', (_, reply) => {
    simulator().clearFaults()
    return reply.code(204).send()
  })
  app.post<{ Body: DeliveryOrder }>('/_simulator/deliver', { schema: { body: { type: 'object', required: ['how'], properties: { how: { enum: orders }, seed: { type: 'integer' } } } } }, (request, reply) => {
    simulator().deliver(request.body)
    return reply.code(204).send()
  })
  app.get<{ Querystring: { reference?: string } }>('/_simulator/effects', request => simulator().effects(request.query.reference ?? ''))
  app.get<{ Querystring: { last?: string } }>('/_simulator/requests', request => simulator().requests(Number(request.query.last ?? 100)))
  app.get('/_simulator/ledger', () => simulator().ledger())
  app.post<{ Body: WeatherSettings }>('/_simulator/weather', { schema: { body: { type: 'object', additionalProperties: false, properties: weather } } }, (request, reply) => {
    simulator().weather(request.body)
    return reply.code(204).send()
  })
  const lever = <B = Record<string, never>>(path: string, pull: (id: string, body: B) => unknown) =>
    app.post<{ Params: { id: string }, Body: B }>(`/_simulator/${path}/:id`, (request, reply) => {
      try {
        return pull(request.params.id, (request.body ?? {}) as B)
      } catch (error) {
        return reply.code(error instanceof StripeError ? 409 : 404).send({ message: (error as Error).message })
      }
    })
  lever<{ outcome?: string }>('3ds', (id, body) => ({ status: simulator().authenticate(id, body.outcome !== 'fail') }))
  lever<{ outcome?: string }>('voucher', (id, body) => ({ status: body.outcome === 'expire' ? simulator().expireVoucher(id) : simulator().payVoucher(id) }))
  lever<{ amount: number, currency?: string, reference?: string }>('fund', (id, { amount, ...options }) => {
    simulator().fund(id, amount, options)
    return { funded: amount }
  })
  lever<Parameters<StripeSimulator['completeCheckout']>[1]>('checkout', (id, body) => simulator().completeCheckout(id, body))
  lever<{ to: number }>('clock', (id, { to }) => {
    simulator().advanceClock(id, to)
    return { frozen_time: to }
  })
  lever<Parameters<StripeSimulator['dispute']>[1]>('dispute', (id, body) => simulator().dispute(id, body))
  lever<{ verdict: 'won' | 'lost' | 'escalated' }>('verdict', (id, { verdict }) => ({ status: simulator().decideDispute(id, verdict) }))
  app.post<{ Body: { secret_key: string, early?: boolean } }>('/_simulator/payout', { schema: { body: { type: 'object', required: ['secret_key'] } } }, request => simulator().payOut(request.body.secret_key, { early: request.body.early }))
  app.post<{ Body: { platform_key: string, secret_key?: string, country?: string } }>('/_simulator/connect', { schema: { body: { type: 'object', required: ['platform_key'] } } }, request =>
    ({ account: simulator().connect(request.body.platform_key, { secretKey: request.body.secret_key, country: request.body.country }) }))
  app.post('/_simulator/advance', (_, reply) => {
    simulator().advance()
    return reply.code(204).send()
  })
  app.post('/_simulator/settled', async (_, reply) => {
    await simulator().settled()
    return reply.code(204).send()
  })
}
