import { randomBytes } from 'node:crypto'
import { Client } from '../core/demo/client.ts'

export interface Shop {
  tenant: string
  /** Of the new tenant. */
  key: string
  client: Client
}

/** A new tenant with an API key. */
export async function shop (port: number | string, platformKey: string): Promise<Shop> {
  const url = `http://127.0.0.1:${port}`
  const platform = new Client(url, platformKey)
  const tenant = await platform.post<{ id: string }>('/v1/tenants', { name: 'Bench', country: 'MX' })
  const { key } = await platform.as(tenant.id).post<{ key: string }>('/v1/api_keys', { label: 'bench', mode: 'test' })
  return { tenant: tenant.id, key, client: new Client(url, key) }
}

/** Connects an account of its own at the simulated Stripe. */
export async function connectStripe ({ client }: Shop, credentials: Record<string, string> = {}): Promise<{ id: string, webhook_url: string }> {
  const suffix = randomBytes(12).toString('hex')
  return await client.post('/v1/connections', { provider: 'stripe', mode: 'test', credentials: { secret_key: `sk_test_${suffix}`, publishable_key: `pk_test_${suffix}`, ...credentials } })
}
