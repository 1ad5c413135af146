import type { Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { createHttpClient } from '../adapter/http-client.ts'
import type { RawWebhook } from '../adapter/webhooks.ts'

/** Keys that providers publish and deliveries name: read once, from the provider's own origin, and kept. */
export interface PublishedKeys {
  /** Undefined: the delivery names none, or it cannot be had now. Never throws: without its key a delivery is refused, and comes again. */
  of: (adapter: Adapter, mode: Mode, raw: RawWebhook) => Promise<string | undefined>
}

const keptMs = 6 * 3600_000
/** What could not be had is not asked for again at once: names are chosen by whoever calls. */
const missedMs = 30_000
const atMost = 500
const fetchesAtOnce = 4

/** One per process. `providerUrls`: the operator's own origin for an adapter, by its id. */
export function createPublishedKeys ({ providerUrls, now }: { providerUrls: Readonly<Record<string, string>>, now: () => Date }): PublishedKeys {
  const known = new Map<string, { key: string | undefined, until: number }>()
  const asking = new Map<string, Promise<string | undefined>>()

  async function fetchKey ({ manifest, webhooks }: Adapter, mode: Mode, name: string): Promise<string | undefined> {
    if (webhooks === 'provider-has-none' || webhooks.fetchKey === undefined) return undefined
    const override = providerUrls[manifest.id]
    const origins: Readonly<Record<string, string>> = manifest.base_urls[mode]
    const http = createHttpClient({ allowedOrigins: override === undefined ? Object.values(origins) : [override], defaultTimeoutMs: 5000, userAgent: 'Pasarela/0.1', now })
    const origin = (which = 'api') => {
      const declared = origins[which]
      if (declared === undefined) throw new Error(`${manifest.id} declares no origin ${which}`)
      return override ?? declared
    }
    return await webhooks.fetchKey({ mode, origin, http, now, redirected: override !== undefined }, name).catch(() => undefined)
  }

  return {
    async of (adapter, mode, raw) {
      if (adapter.webhooks === 'provider-has-none') return undefined
      const name = adapter.webhooks.keyName?.(raw, mode)
      if (name === undefined) return undefined
      const id = `${adapter.manifest.id} ${mode} ${name}`
      const kept = known.get(id)
      if (kept !== undefined && kept.until > now().getTime()) return kept.key
      const asked = asking.get(id) ?? (asking.size >= fetchesAtOnce
        ? undefined
        : fetchKey(adapter, mode, name).then(key => {
          if (known.size >= atMost) known.clear()
          known.set(id, { key, until: now().getTime() + (key === undefined ? missedMs : keptMs) })
          return key
        }).finally(() => asking.delete(id)))
      if (asked === undefined) return undefined
      asking.set(id, asked)
      return await asked
    }
  }
}
