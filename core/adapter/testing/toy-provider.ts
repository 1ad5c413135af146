import { collectFields } from '../checkout.ts'
import type { Adapter } from '../define.ts'
import type { ToyBug } from './toy/bugs.ts'
import { toyClient } from './toy/client.ts'
import { toyCustomers } from './toy/customers.ts'
import { toyDisputes } from './toy/disputes.ts'
import { toyManifest } from './toy/manifest.ts'
import { toyPages } from './toy/pages.ts'
import { toyPayments } from './toy/payments.ts'
import { toySubscriptions } from './toy/subscriptions.ts'
import { toyWebhooks } from './toy/webhooks.ts'

export type { ToyBug } from './toy/bugs.ts'
export { toyManifest } from './toy/manifest.ts'
export { startToySimulator, type ToySimulator } from './toy/simulator.ts'

/** A provider that does not exist, spoken to in full: what tests of the suite and of the hub use where no true provider matters. */
export function toyAdapter (bug?: ToyBug): Adapter {
  const client = toyClient(bug)
  return {
    manifest: { ...toyManifest, collects: [...collectFields] },
    detectMode (credentials) {
      const modes = [credentials['api_key'], credentials['shop']].map(value => /^(?:toy|shop)_(test|live)_/.exec(value ?? '')?.[1] as 'test' | 'live' | undefined)
      const [key, shop] = modes
      if (bug !== 'loose_mode' && key !== undefined && shop !== undefined && key !== shop) return 'contradictory'
      return key ?? shop
    },
    async test (context) {
      const account = await client.call(context, 'GET', '/v1/account') as { id: string }
      if (bug === 'live_writes') await client.call(context, 'POST', '/v1/payments', { amount: 1000, currency: 'MXN', reference: 'probe', token: 'tok_ok' })
      return { account: { id: account.id }, mode: context.mode, evidence: [{ es: `Se leyó la cuenta ${account.id}.`, en: `The account ${account.id} was read.` }] }
    },
    payments: { ...toyPayments(client), ...toyPages(client), ...toyCustomers(client), ...toySubscriptions(client), ...toyDisputes(client) },
    webhooks: toyWebhooks(client),
    scrub (transcript, credentials) {
      if (bug === 'scrubs_everything') return ''
      if (bug === 'leaky_scrub') return transcript
      const bare = Object.entries(credentials).reduce((text, [name, value]) => name === 'shop' || value === '' ? text : text.replaceAll(value, '[redacted]'), transcript)
      return bare.replace(/(toy|hook|cs)_[a-z0-9_]{8,}/g, '[redacted]')
    }
  }
}
