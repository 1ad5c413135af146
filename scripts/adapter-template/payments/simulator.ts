import { randomBytes } from 'node:crypto'
import { createDeliveries, type Effects, type SimulatedAnswer, type SimulatedRequest, serveSimulator, type Simulator } from '../../../core/adapter/index.ts'

/**
 * A twin of Acme, written from its documentation and never from the adapter: true paths, bodies, errors, signatures.
 * `serveSimulator` brings the faults and `createDeliveries` the order of events, so this file is only the provider.
 */
export async function startAcmeSimulator (): Promise<Simulator> {
  const accounts = new Map<string, { id: string }>()
  const books = new Map<string, Effects>()
  const deliveries = createDeliveries()

  function answer ({ method, url, headers }: SimulatedRequest): SimulatedAnswer {
    const account = accounts.get((headers['authorization'] ?? '').replace(/^Bearer /, ''))
    if (account === undefined) return json(401, { code: 'unauthorized', message: 'Invalid API key' })
    if (method === 'GET' && url.pathname === '/v1/account') return json(200, account)
    return json(404, { code: 'not_found', message: `the simulator does not answer ${method} ${url.pathname} yet` })
  }

  const server = await serveSimulator(answer)
  return {
    ...server,
    async close () {
      deliveries.close()
      await server.close()
    },
    credentials (mode) {
      const key = `acme_${mode}_${randomBytes(12).toString('hex')}`
      accounts.set(key, { id: `acct_${accounts.size + 1}` })
      return { api_key: key, webhook_secret: randomBytes(16).toString('hex') }
    },
    wrongCredentials: mode => ({ api_key: `acme_${mode}_nobodyknowsit` }),
    // Count here what really happens; the suite compares it with what the adapter says.
    effects: reference => books.get(reference) ?? { charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 },
    charged: () => undefined,
    signedWebhook () {
      throw new Error('the simulator signs no webhook yet')
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled
  }
}

function json (status: number, body: unknown): SimulatedAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
