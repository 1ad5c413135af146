/** Two providers whose owners may consent, and an operator who has an application at each: what the hub's environment says of them. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { type MercadoPagoSimulator, startMercadoPagoSimulator } from '../../adapters/mercadopago/simulator.ts'
import { startStripeSimulator, type StripeSimulator } from '../../adapters/stripe/simulator.ts'
import type { Teardown } from './database.ts'
import { temporaryFolder } from './folder.ts'

export interface Operator {
  mercadopago: MercadoPagoSimulator
  stripe: StripeSimulator
  env: Record<string, string>
  applications: { mercadopago: Record<string, string>, stripe: Record<string, string> }
  /** Once the hub listens: where people come back to; and whose clock counts. */
  at: (url: string, now?: () => Date) => void
}

/** Test mode only. */
export async function operator (t: Teardown): Promise<Operator> {
  let clock = () => new Date()
  const now = () => clock()
  const mercadopago = await startMercadoPagoSimulator({ now })
  t.teardown(async () => { await mercadopago.close() })
  const stripe = await startStripeSimulator({ webhookRetryBaseMs: 20, asyncMs: 10, now })
  t.teardown(async () => { await stripe.close() })
  const redirects: string[] = []
  const applications = { mercadopago: mercadopago.application(redirects), stripe: { ...stripe.application('test', redirects), webhook_secret: 'whsec_OfThePlatformsEndpoint' } }
  const folder = temporaryFolder(t)
  const file = (provider: keyof typeof applications): string => {
    const name = path.join(folder, `${provider}.json`)
    writeFileSync(name, JSON.stringify({ test: applications[provider] }), { mode: 0o600 })
    return name
  }
  return {
    mercadopago,
    stripe,
    applications,
    env: {
      PASARELA_PROVIDER_URL_MERCADOPAGO: mercadopago.url,
      PASARELA_PROVIDER_URL_STRIPE: stripe.url,
      PASARELA_PROVIDER_RATE_MERCADOPAGO: '10000',
      PASARELA_OPERATOR_FILE_MERCADOPAGO: file('mercadopago'),
      PASARELA_OPERATOR_FILE_STRIPE: file('stripe')
    },
    at (url, now) {
      for (const provider of Object.keys(applications)) redirects.push(`${url}/v1/oauth/${provider}/callback`)
      if (now !== undefined) clock = now
    }
  }
}
