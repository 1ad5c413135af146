import type { WebhookScheme } from '../adapter/webhooks.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import { newUuid } from '../ids.ts'
import { sealBody } from './body.ts'
import type { Collector } from './collector.ts'
import { withoutCredentials } from './headers.ts'
import { storeRefused } from './refused.ts'
import type { PublishedKeys } from './published-keys.ts'
import type { HookTarget, HookTargets } from './targets.ts'

export interface Received {
  token: string
  body: Buffer
  headers: Record<string, string>
  url: string
  address: string
}

export type Reception =
  | { verdict: 'stored', fresh: boolean, answer: { status: number, body: string, contentType: string } }
  /** The caller learns nothing more: an unknown token and a wrong signature look the same. */
  | { verdict: 'refused' }

export interface InboundDeps {
  hub: Hub
  targets: HookTargets
  collector: Collector
  keys: PublishedKeys
  count: (provider: string, verdict: 'verified' | 'unverifiable' | 'refused' | 'duplicate' | 'unknown_token') => void
}

const empty = { status: 200, body: '', contentType: 'text/plain' }

/** Raw bytes → verified → stored → only then answered. Whatever throws here makes the provider send it again. */
export async function receive ({ hub, targets, collector, keys, count }: InboundDeps, hook: Received): Promise<Reception> {
  const remembered = await targets.find(hook.token)
  if (remembered === undefined || remembered.adapter.webhooks === 'provider-has-none') {
    count('unknown', 'unknown_token')
    return { verdict: 'refused' }
  }
  const now = hub.now()
  const plain = { body: hook.body, headers: hook.headers, url: hook.url }
  const key = await keys.of(remembered.adapter, remembered.mode, plain)
  const raw = { ...plain, ...(key !== undefined && { key }) }
  let target: HookTarget | undefined = remembered
  let verdict = verify(target, raw, now)
  if (verdict.verdict === 'refused') {
    // What was remembered may be older than a secret that was replaced a moment ago.
    target = await targets.find(hook.token, { anew: true })
    if (target === undefined) {
      count('unknown', 'unknown_token')
      return { verdict: 'refused' }
    }
    verdict = verify(target, raw, now)
  }
  if (verdict.verdict === 'refused') {
    count(target.provider, 'refused')
    await storeRefused(hub, target, hook, verdict.reason)
    return { verdict: 'refused' }
  }
  const id = newUuid(now)
  const { fresh } = await collector.store({
    tenantId: target.tenantId,
    connectionId: target.connectionId,
    id,
    mode: target.mode,
    provider: target.provider,
    verdict: verdict.verdict,
    eventType: cut(verdict.eventType, 200),
    dedupeKey: cut(verdict.dedupeKey, 500),
    bodySealed: await sealBody(hub.vault, target.tenantId, id, hook.body),
    headers: JSON.stringify(withoutCredentials(hook.headers)),
    // The token is the secret of the address: what is kept is where it was called, not with what.
    url: hook.url.replace(/^[^?]*/, '/hooks/:token')
  })
  count(target.provider, fresh ? verdict.verdict : 'duplicate')
  if (fresh) hub.wake('inbound', [{ tenantId: target.tenantId, id }])
  return { verdict: 'stored', fresh, answer: (target.adapter.webhooks as WebhookScheme).acknowledge?.(raw) ?? empty }
}

/** PostgreSQL's text has no NUL: with one in it the event could never be stored, and would come again for days. */
const cut = (text: string, most: number): string => storable(text.slice(0, most))

/** An adapter that throws has not verified anything. */
function verify (target: HookTarget, raw: { body: Buffer, headers: Record<string, string>, url: string, key?: string }, now: Date) {
  const { webhooks } = target.adapter
  if (webhooks === 'provider-has-none') return { verdict: 'refused' as const, reason: 'this provider sends none' }
  const secrets = target.secrets.filter(({ validUntil }) => validUntil > now.getTime()).map(({ value }) => value).filter(value => value !== '')
  if (secrets.length === 0) return { verdict: 'refused' as const, reason: 'the connection has no webhook secret' }
  try {
    const verdict = webhooks.verify({ ...raw, secrets, now, settings: target.settings })
    if (verdict.verdict !== 'refused' && (verdict.dedupeKey === '' || verdict.eventType === '')) return { verdict: 'refused' as const, reason: 'the event has no id or type' }
    return verdict
  } catch (error) {
    return { verdict: 'refused' as const, reason: `verification failed: ${error instanceof Error ? error.message : 'unknown'}`.slice(0, 300) }
  }
}
