import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { bootstrap } from '../access/first-run.ts'
import type { Simulator } from '../adapter/simulator.ts'
import type { Hub } from '../hub.ts'
import { Client } from './client.ts'

/** `first-run.json`: how to get in. Written once, readable by its owner only; the url is kept true at every start. */
export interface FirstRun {
  url: string
  platform_key?: string
  platform_user?: string
  platform_password?: string
  tenant_id?: string
  api_key_test?: string
  /** The demo tenant's admin. */
  user?: string
  password?: string
  connections?: Record<string, string>
  /** What a payment provider's simulator lets in, where the demo tenant has no connection to it. */
  simulated?: Record<string, Record<string, string>>
  /** When the demo tenant was given something to look at. */
  furnished_at?: string
}

/** What the demo tenant has to show, once: after the server said that it is up, since it takes some seconds (shop.ts). */
export async function furnish ({ made, file, log, signal }: { made: FirstRun, file: string, log: Pick<Logger, 'warn'>, signal: AbortSignal }): Promise<void> {
  if (made.api_key_test === undefined || made.furnished_at !== undefined) return
  const { furnishShop } = await import('./shop.ts')
  await furnishShop({ made, log, signal })
  if (!signal.aborted) save(file, { ...made, furnished_at: new Date().toISOString() })
}

/** Makes the platform, and in demo mode a tenant that is connected to the simulators, through the same API that everybody uses. */
export async function firstRun ({ hub, url, file, demo, simulators = {} }: { hub: Hub, url: string, file: string, demo: boolean, simulators?: Readonly<Record<string, Pick<Simulator, 'credentials'>>> }): Promise<FirstRun> {
  const { made } = await bootstrap(hub)
  // Read after: another process on the same folder may have made the platform, and written how to get in, meanwhile.
  const before: FirstRun = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as FirstRun : { url }
  let now: FirstRun = { ...before, url, ...(made !== null && { platform_key: made.key.key, platform_user: made.user.email, platform_password: made.user.password }) }
  save(file, now)
  if (!demo || now.platform_key === undefined) return now
  if (now.tenant_id === undefined) {
    now = { ...now, ...await demoTenant(url, now.platform_key) }
    save(file, now)
  }
  await demoConnections(hub, now)
  now.simulated = simulatedCredentials(hub, simulators, now.simulated ?? {})
  save(file, now)
  return now
}

async function demoTenant (url: string, platformKey: string): Promise<Pick<FirstRun, 'tenant_id' | 'api_key_test' | 'user' | 'password' | 'connections'>> {
  const platform = new Client(url, platformKey)
  const tenant = await platform.post<{ id: string }>('/v1/tenants', { name: 'Demo', country: 'MX' })
  const inTenant = platform.as(tenant.id)
  const password = randomBytes(12).toString('base64url')
  const user = 'demo@pasarela.local'
  await inTenant.post('/v1/users', { email: user, name: 'Demo', role: 'tenant_admin', password })
  const key = await inTenant.post<{ key: string }>('/v1/api_keys', { label: 'Demo', mode: 'test' })
  return { tenant_id: tenant.id, api_key_test: key.key, user, password, connections: {} }
}

/** A connection to each simulator, tested and with its webhook registered where this start listens. */
async function demoConnections (hub: Hub, made: FirstRun): Promise<void> {
  const client = new Client(made.url, made.api_key_test!)
  const connections = made.connections ??= {}
  for (const { manifest } of hub.adapters.list()) {
    const credentials = demoCredentials[manifest.id]
    if (credentials === undefined) continue
    if (connections[manifest.id] === undefined) {
      const connection = await client.post<{ id: string }>('/v1/connections', { provider: manifest.id, mode: 'test', label: `${manifest.name} (simulator)`, credentials })
      connections[manifest.id] = connection.id
    }
    const id = connections[manifest.id]!
    const known = await client.get<{ webhook_url: string, tested_at: string | null, webhook: { url: string | null } }>(`/v1/connections/${id}`)
    if (known.webhook.url === known.webhook_url || (manifest.webhooks === null && known.tested_at !== null)) continue
    await client.post(`/v1/connections/${id}/test`, {})
    if (manifest.webhooks !== null) await client.post(`/v1/connections/${id}/webhook`, {})
  }
}

/** A simulator keeps its accounts, so what was once lent is good at the next start. */
function simulatedCredentials (hub: Hub, simulators: Readonly<Record<string, Pick<Simulator, 'credentials'>>>, known: Record<string, Record<string, string>>): Record<string, Record<string, string>> {
  const missing = hub.adapters.list().filter(({ manifest: { id, families } }) => families.includes('payments') && simulators[id] !== undefined && demoCredentials[id] === undefined && known[id] === undefined)
  return { ...known, ...Object.fromEntries(missing.map(({ manifest: { id } }) => [id, simulators[id]!.credentials('test')])) }
}

/** Well-formed for the provider, good only at its simulator. */
const demoCredentials: Record<string, Record<string, string>> = {
  finkok: { username: 'demo@pasarela.example', password: 'Finkok-demo-1' },
  sat_status: {},
  sri: {},
  stripe: { secret_key: 'sk_test_pasareladdemo0000000000001', publishable_key: 'pk_test_pasareladdemo0000000000001' }
}

function save (file: string, content: FirstRun): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}
