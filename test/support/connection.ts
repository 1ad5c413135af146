/** An open connection for tests of adapters, as the hub would hand it over. */
import { type Adapter, type ConnectionContext, createHttpClient, type HttpExchange, type IdempotencyKey } from '../../core/adapter/index.ts'
import { issuerRfc, sealedCancellation } from './cfdi.ts'

export interface ConnectionOptions extends Partial<Pick<ConnectionContext, 'credentials' | 'settings' | 'mode' | 'now' | 'account'>> {
  onExchange?: (exchange: HttpExchange) => void
  timeoutMs?: number
}

/** With the manifest's defaults for every setting that is not given. */
export function openConnection ({ manifest }: Pick<Adapter, 'manifest'>, simulator: { url: string, credentials: (mode: 'test' | 'live') => Record<string, string> }, { settings, mode = 'test', credentials = simulator.credentials(mode), now = () => new Date(), account, onExchange, timeoutMs = 5000 }: ConnectionOptions = {}): ConnectionContext {
  return {
    connectionId: 'con_x',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), ...settings },
    account,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: timeoutMs, ...(onExchange !== undefined && { onExchange }) }),
    now,
    log: { debug () {}, info () {}, warn () {} }
  }
}

/** A sealed document as the hub would send it, and how it would look for it. */
export function issueInput (sealed: Uint8Array, number: string) {
  const shared = { reference: `inv_${number}`, naturalKey: { issuerTaxId: issuerRfc, series: 'A', number }, sealed }
  return { input: { ...shared, idempotencyKey: `key_${number}` as IdempotencyKey }, lookup: { ...shared, from: new Date(), to: new Date() } }
}

/** What the hub would ask to cancel a document of `sealedInvoice`. */
export async function cancelInput (fiscalId: string, motive = '02') {
  return { idempotencyKey: `cancel_${fiscalId}` as IdempotencyKey, reference: 'inv_1', providerReference: fiscalId, fiscalId, issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00', motive, sealed: await sealedCancellation(fiscalId, motive) }
}
