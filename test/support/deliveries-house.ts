/** Webhooks out, with everything but a worker: a test sends what is due when it wants, and moves the clock. */
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import type { Mode } from '../../core/adapter/context.ts'
import { loadConfig } from '../../core/config.ts'
import { inTenant } from '../../core/db/in-tenant.ts'
import { createDeliverer, type Deliverer } from '../../core/deliveries/deliver.ts'
import { deliveryRoutes } from '../../core/deliveries/routes.ts'
import { recordEvents } from '../../core/events/record.ts'
import { newUuid } from '../../core/ids.ts'
import { createMetrics } from '../../core/metrics.ts'
import { databaseKeyStore } from '../../core/vault/database-store.ts'
import { parseMasterKeys } from '../../core/vault/master-keys.ts'
import { createVault } from '../../core/vault/vault.ts'
import { accessApp, type AccessApp, type TestTenant } from './access-app.ts'
import type { Teardown } from './database.ts'

export interface DeliveriesHouse extends AccessApp {
  deliverer: Deliverer
  /** Sends until nothing is due; how much that was. */
  deliver: () => Promise<number>
  /** Writes an event about an object, as a change of it does. */
  happens: (tenant: TestTenant, type: string, options?: { subject?: string, data?: object, mode?: Mode }) => Promise<void>
  /** Every line that was logged. */
  logged: () => string
}

export async function deliveriesHouse (t: Teardown, env: Record<string, string> = {}): Promise<DeliveriesHouse> {
  const house = await accessApp(t, { routes: deliveryRoutes })
  const { hub } = house
  const lines: string[] = []
  Object.assign(hub, {
    config: loadConfig({ PASARELA_DEMO: 'false', WEBHOOK_PRIVATE_ADDRESSES: 'true', ...env }),
    vault: createVault({ keyring: parseMasterKeys(`test:${randomBytes(32).toString('base64')}`), store: databaseKeyStore(hub.db), now: hub.now }),
    metrics: createMetrics({ processMetrics: false }),
    log: pino({ level: 'debug' }, { write: line => { lines.push(line) } })
  })
  const deliverer = createDeliverer(hub, { random: () => 0.5 })
  t.teardown(async () => { await deliverer.stop() })
  return {
    ...house,
    deliverer,
    deliver: async () => await sendAll(deliverer),
    happens: async (tenant, type, { subject = newUuid(hub.now()), data = { object: type.split('.')[0], currency: 'MXN', amount: 100 }, mode = 'test' } = {}) => {
      await inTenant(hub.db, tenant.uuid, async db => { await recordEvents(db, hub.now(), [{ type, mode, subjectId: subject, data } as never]) })
    },
    logged: () => lines.join('')
  }
}

export async function sendAll (deliverer: Deliverer): Promise<number> {
  let sent = 0
  for (let claimed = await deliverer.claim(); claimed > 0; claimed = await deliverer.claim()) {
    sent += claimed
    await deliverer.idle()
  }
  return sent
}
