/** A hub with its real HTTP side, so that the simulator's webhooks arrive; its clock and its worker are in the test's hand. */
import { createHmac, randomBytes } from 'node:crypto'
import { buildApp } from '../../core/app.ts'
import { inTenant } from '../../core/db/in-tenant.ts'
import { createConnection, getConnection, registerWebhook } from '../../core/connections/service.ts'
import { loadSealed } from '../../core/connections/open.ts'
import type { Hub } from '../../core/hub.ts'
import { uuidOf } from '../../core/ids.ts'
import { type Collector, createCollector } from '../../core/inbound/collector.ts'
import { jobHandlers } from '../../core/job-handlers.ts'
import type { JobRef } from '../../core/jobs/kinds.ts'
import type { StripeSimulatorOptions } from '../../adapters/stripe/simulator.ts'
import type { Teardown } from './database.ts'
import { testHub, type TestHub, type TestTenant } from './hub.ts'

export interface HookedHub extends TestHub {
  url: string
  /** Webhooks that were handed to the collector, and the statements that it sent, each one commit. */
  collected: () => { rows: number, commits: number }
  /** From now on what is woken is done at once, side by side, each job twice: as with several workers and a sweeper. */
  busy: (on: boolean) => void
  /** Resolves when nothing that was woken is under way; throws what a job threw. */
  idle: () => Promise<void>
  /** A tenant with a connection whose webhook the simulator calls. */
  shop: () => Promise<Shop>
}

export interface Shop extends TestTenant {
  connection: string
  /** Where its provider calls. */
  hookUrl: string
  /** What its provider signs with. */
  secret: () => Promise<string>
  /** As its owner in the provider's dashboard, with the same key. */
  stripe: (method: 'GET' | 'POST', path: string, form?: Record<string, string>) => Promise<any>
  /** Signs and sends a webhook. `secret`: of another connection; `headers`: beside the signature. */
  send: (event: object | string | Buffer, options?: { secret?: string, headers?: Record<string, string>, url?: string, signature?: string }) => Promise<Response>
}

export async function hookedHub (t: Teardown, options: { env?: Record<string, string>, simulator?: StripeSimulatorOptions } = {}): Promise<HookedHub> {
  const made = await testHub(t, options)
  let url = ''
  let working = false
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  const run = (work: Promise<void>): void => {
    const done = work.catch((error: unknown) => { failures.push(error) }).finally(() => underWay.delete(done))
    underWay.add(done)
  }
  const hub: Hub = {
    ...made.hub,
    publicUrl: () => url,
    wake: (kind, jobs: JobRef[]) => {
      if (!working) return
      for (const { tenantId, id } of [...jobs, ...jobs]) {
        run(jobHandlers[kind as keyof typeof jobHandlers].run(hub, tenantId, id))
      }
    }
  }
  let commits = 0
  let rows = 0
  const counted = made.hub.db.withPlugin({
    transformQuery: ({ node }) => {
      commits++
      return node
    },
    transformResult: async ({ result }) => result
  })
  const inner = createCollector({ db: counted, now: hub.now })
  const collector: Collector = {
    ...inner,
    store: async row => {
      rows++
      return await inner.store(row)
    }
  }
  const app = await buildApp({ hub, appUrl: made.database.appUrl, collector })
  t.teardown(async () => { await app.close() })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
  const idle = async () => {
    while (underWay.size > 0) await Promise.all(underWay)
    if (failures.length > 0) throw failures.splice(0)[0]
  }
  t.teardown(async () => {
    working = false
    await idle()
  })

  async function shop (): Promise<Shop> {
    const tenant = await made.tenant()
    const suffix = randomBytes(12).toString('hex')
    const key = `sk_test_${suffix}`
    const { id: connection } = await createConnection(hub, tenant.access, { provider: 'stripe', mode: 'test', credentials: { secret_key: key, publishable_key: `pk_test_${suffix}` } }, null)
    await registerWebhook(hub, tenant.access, connection)
    const { webhook_url: hookUrl } = await getConnection(hub, tenant.access, connection)
    const secret = async () => {
      const sealed = await inTenant(hub.db, tenant.tenantId, async db => await loadSealed(db, uuidOf('connection', connection)))
      return (await hub.open(sealed!)).credentials.webhook_secret!
    }
    return {
      ...tenant,
      connection,
      hookUrl,
      secret,
      stripe: async (method, path, form) => {
        const answer = await fetch(`${made.simulator.url}${path}`, { method, headers: { authorization: `Bearer ${key}` }, ...(form !== undefined && { body: new URLSearchParams(form) }) })
        const body = await answer.json() as { error?: { message: string } }
        if (body.error !== undefined) throw new Error(body.error.message)
        return body
      },
      send: async (event, options = {}) => {
        const body = Buffer.isBuffer(event) ? event : Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
        const signature = options.signature ?? signatureOf(body, options.secret ?? await secret(), hub.now())
        return await fetch(options.url ?? hookUrl, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/json', 'stripe-signature': signature, ...options.headers } })
      }
    }
  }
  return { ...made, hub, url, collected: () => ({ rows, commits }), busy: on => { working = on }, idle, shop }
}

/** As Stripe signs: https://docs.stripe.com/webhooks#verify-manually, read 2026-11-20. */
export function signatureOf (body: Buffer, secret: string, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')}`
}
