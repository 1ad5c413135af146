/**
 * Plays one incident back: a hub of its own, a provider that answers as it did then (from the recorded calls), the same webhooks in the
 * same order, and at the end the transitions of both, to be compared. The bundle is what `GET /v1/inbound_events/{id}/bundle` or
 * `pasarela incidents export` wrote.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createConnection, getConnection } from '../../core/connections/service.ts'
import { uuidOf } from '../../core/ids.ts'
import { listInbound } from '../../core/inbound/service.ts'
import { createPayment } from '../../core/payments/service.ts'
import type { NewPayment } from '../../core/payments/schema.ts'
import { transitionOf } from '../../core/support/bundle.ts'
import type { Bundle, Transition } from '../../core/support/schema.ts'
import type { Teardown } from './database.ts'
import { hookedHub, signatureOf } from './hooked-hub.ts'

export interface Replay {
  /** What each webhook was worth then and now, oldest first. */
  verdicts: { then: { verdict: string, reason: string | null }, now: { verdict: string, reason: string | null } }[]
  /** Without the times: what happened then, and what happens now. */
  transitions: { then: Omit<Transition, 'at'>[], now: Omit<Transition, 'at'>[] }
  alerts: { then: string[], now: string[] }
  /** Calls that the recording has no answer to: the code of today asks something else. */
  unanswered: string[]
}

interface Provider {
  credentials: () => Record<string, string>
  /** The name of the credential that webhooks are signed with. */
  secret: string
  sign: (body: Buffer, secret: string, at: Date) => Record<string, string>
  method: () => NewPayment['method']
}

/** How to stand in for a provider: an account that is nobody's, and a signature of the scrubbed bytes. A new one is one more line. */
const providers: Record<string, Provider> = {
  stripe: {
    credentials: () => {
      const suffix = randomBytes(12).toString('hex')
      return { secret_key: `sk_test_${suffix}`, publishable_key: `pk_test_${suffix}`, webhook_secret: `whsec_${randomBytes(16).toString('hex')}` }
    },
    secret: 'webhook_secret',
    sign: (body, secret, at) => ({ 'stripe-signature': signatureOf(body, secret, at) }),
    method: () => ({ type: 'card', token: 'pm_card_visa' }) as NewPayment['method']
  }
}

export async function replayBundle (t: Teardown, bundle: Bundle): Promise<Replay> {
  const provider = providers[bundle.provider.id]
  if (provider === undefined) throw new Error(`say in test/support/replay-bundle.ts how to stand in for ${bundle.provider.id}`)
  const recorded = await recordedProvider(t, bundle)
  const made = await hookedHub(t, { env: { [`PASARELA_PROVIDER_URL_${bundle.provider.id.toUpperCase()}`]: recorded.url } })
  const { hub } = made
  const tenant = await made.tenant()
  const credentials = provider.credentials()
  const connection = await createConnection(hub, tenant.access, { provider: bundle.provider.id, mode: 'test', credentials }, null)
  const { webhook_url: url } = await getConnection(hub, tenant.access, connection.id)

  const asked = bundle.subject?.type === 'payment' ? bundle.subject.request as { amount: number, currency: string, capture: 'automatic' | 'manual', method: { type: string | null } } : undefined
  // Whether the method was there from the start is seen in what was sent.
  const withMethod = bundle.operations.find(({ kind }) => kind === 'create_payment')?.exchanges.some(({ request = '' }) => request.includes('payment_method='))
  const payment = asked && await createPayment(hub, tenant.access, { amount: asked.amount, currency: asked.currency, capture: asked.capture, ...(withMethod === true && { method: provider.method() }) } as NewPayment, null)
  for (const hook of bundle.hooks) {
    const body = Buffer.from(recorded.renamed(hook.body))
    // What the real signature was worth is in the bundle; the scrubbed bytes get one that is worth the same.
    const secret = hook.verdict === 'refused' ? `whsec_${randomBytes(16).toString('hex')}` : credentials[provider.secret]!
    await fetch(url, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/json', ...provider.sign(body, secret, hub.now()) } })
    await made.work()
  }
  const inbound = (await listInbound(hub, tenant.access, { limit: 100 })).data.toReversed()
  const rows = payment === undefined ? [] : await made.database.owner.selectFrom('events').select(['type', 'data', 'created_at']).where('tenant_id', '=', tenant.tenantId).where('subject_id', '=', uuidOf('payment', payment.id)).orderBy('id').execute()
  const alerts = await made.database.owner.selectFrom('alerts').select('kind').where('tenant_id', '=', tenant.tenantId).orderBy('id').execute()
  const timeless = ({ at: _, ...transition }: Transition) => transition
  return {
    verdicts: bundle.hooks.map(({ verdict, reason }, index) => ({ then: { verdict, reason }, now: { verdict: inbound[index]?.verdict ?? 'nothing', reason: inbound[index]?.reason ?? null } })),
    transitions: { then: bundle.transitions.map(timeless), now: rows.map(row => timeless(transitionOf(row.type, row.data as Record<string, unknown>, row.created_at))) },
    alerts: { then: bundle.alerts.map(({ kind }) => kind), now: alerts.map(({ kind }) => kind) },
    unanswered: recorded.unanswered
  }
}

const ownIds = /\b[a-z]{2,3}_[0-9a-f]{32}\b/g

/**
 * Answers each request as the first recorded one of the same method and path that was not answered yet; the last one goes on. Our own
 * ids are others now: which one is which is learnt from where they stand in what is sent, and what the provider says names the new ones.
 */
async function recordedProvider (t: Teardown, bundle: Bundle): Promise<{ url: string, unanswered: string[], renamed: (text: string) => string }> {
  const answers = new Map<string, { status: number, request: string, body: string }[]>()
  for (const { method, url, status, request, response } of bundle.operations.flatMap(({ exchanges }) => exchanges)) {
    if (status === undefined) continue
    const name = `${method} ${new URL(url).pathname}`
    answers.set(name, [...answers.get(name) ?? [], { status, request: request ?? '', body: response ?? '' }])
  }
  const names = new Map<string, string>()
  const renamed = (text: string) => text.replace(ownIds, id => names.get(id) ?? id)
  const unanswered: string[] = []
  const server = createServer((request, reply) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => { parts.push(part) })
    request.on('end', () => {
      const name = `${request.method} ${new URL(request.url!, 'http://x').pathname}`
      const left = answers.get(name)
      const answer = left !== undefined && left.length > 1 ? left.shift() : left?.[0]
      if (answer === undefined) unanswered.push(name)
      const sent = Buffer.concat(parts).toString('utf8').match(ownIds) ?? []
      for (const [index, id] of (answer?.request.match(ownIds) ?? []).entries()) if (sent[index] !== undefined) names.set(id, sent[index])
      reply.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' }).end(renamed(answer?.body ?? '{"error":{"type":"invalid_request_error","message":"not in the recording"}}'))
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, unanswered, renamed }
}
