import type { FastifyInstance } from 'fastify'
import type { DeliveryOrder, Fault } from '../../../core/adapter/simulator.ts'
import type { StripeSimulator } from '../simulator.ts'

const faultKinds = ['refuse_connection', 'cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before', 'rate_limit', 'slow']
const orders = ['now', 'hold', 'duplicate', 'shuffle', 'release']

/** The simulator's levers over HTTP, for the demo and for other processes. Nothing of this is Stripe's. */
export function control (app: FastifyInstance, simulator: () => StripeSimulator): void {
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
  app.post<{ Params: { intent: string }, Body: { outcome?: string } }>('/_simulator/3ds/:intent', (request, reply) => {
    try {
      return { status: simulator().authenticate(request.params.intent, request.body?.outcome !== 'fail') }
    } catch (error) {
      return reply.code(404).send({ message: (error as Error).message })
    }
  })
  app.post('/_simulator/advance', (_, reply) => {
    simulator().advance()
    return reply.code(204).send()
  })
  app.post('/_simulator/settled', async (_, reply) => {
    await simulator().settled()
    return reply.code(204).send()
  })
}
