import type { RawWebhook, Verdict, Verification, WebhookScheme } from '../adapter/webhooks.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import { newUuid } from '../ids.ts'
import { sealBody } from './body.ts'
import type { Collector, HookRow, StoredHook } from './collector.ts'
import { withoutCredentials, withoutToken } from './headers.ts'
import { storeRefused } from './refused.ts'
import { keepShadow, lookBeside } from './shadow.ts'
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
  count: (provider: string, verdict: 'verified' | 'unverifiable' | 'refused' | 'duplicate' | 'unknown_token') => void
}

const empty = { status: 200, body: '', contentType: 'text/plain' }

/** Raw bytes → verified → stored → only then answered. Whatever throws here makes the provider send it again. */
export async function receive ({ hub, targets, collector, count }: InboundDeps, hook: Received): Promise<Reception> {
  const remembered = await targets.find(hook.token)
  if (remembered === undefined || remembered.adapter.webhooks === 'provider-has-none') {
    count('unknown', 'unknown_token')
    return { verdict: 'refused' }
  }
  const now = hub.now()
  const plain = { body: hook.body, headers: hook.headers, url: hook.url }
  const key = await hub.publishedKeys.of(remembered.adapter, remembered.mode, plain)
  const raw = { ...plain, ...(key !== undefined && { key }) }
  let target: HookTarget | undefined = remembered
  let { verdict, input } = verify(target, raw, now)
  if (verdict.verdict === 'refused') {
    // What was remembered may be older than a secret that was replaced a moment ago.
    target = await targets.find(hook.token, { anew: true })
    if (target === undefined) {
      count('unknown', 'unknown_token')
      return { verdict: 'refused' }
    }
    ({ verdict, input } = verify(target, raw, now))
  }
  const beside = lookBeside(target, input, verdict.verdict)
  if (verdict.verdict === 'refused') {
    count(target.provider, 'refused')
    const id = await storeRefused(hub, target, hook, verdict.reason)
    if (beside !== undefined) await keepShadow(hub, target, id, beside)
    return { verdict: 'refused' }
  }
  const { fresh, eventId } = await keepHook({ hub, collector, count }, target, hook, verdict, newUuid(now))
  if (beside !== undefined) await keepShadow(hub, target, eventId, beside)
  return { verdict: 'stored', fresh, answer: (target.adapter.webhooks as WebhookScheme).acknowledge?.(raw) ?? empty }
}

/** Stores what was verified, for one connection, and wakes its job. */
export async function keepHook ({ hub, collector, count }: Pick<InboundDeps, 'hub' | 'collector' | 'count'>, target: HookTarget, hook: Pick<Received, 'body' | 'headers' | 'url'>, verdict: Passed, id: string): Promise<StoredHook> {
  const stored = await collector.store(hookRow(target, hook, verdict, { id, bodySealed: await sealBody(hub.vault, target.tenantId, id, hook.body) }))
  count(target.provider, stored.fresh ? verdict.verdict : 'duplicate')
  if (stored.fresh) hub.wake('inbound', [{ tenantId: target.tenantId, id }])
  return stored
}

/** What is kept of a hook that was believed. */
export function hookRow (target: HookTarget, { headers, url }: Pick<Received, 'headers' | 'url'>, verdict: Passed, { id, bodySealed }: { id: string, bodySealed: string }): HookRow {
  return {
    tenantId: target.tenantId,
    connectionId: target.connectionId,
    id,
    mode: target.mode,
    provider: target.provider,
    verdict: verdict.verdict,
    eventType: cut(verdict.eventType, 200),
    dedupeKey: cut(verdict.dedupeKey, 500),
    bodySealed,
    headers: JSON.stringify(withoutCredentials(headers)),
    url: withoutToken(url)
  }
}

/** PostgreSQL's text has no NUL: with one in it the event could never be stored, and would come again for days. */
const cut = (text: string, most: number): string => storable(text.slice(0, most))

export type Passed = Exclude<Verdict, { verdict: 'refused' }>

function verify (target: HookTarget, raw: RawWebhook & { key?: string }, now: Date): { verdict: Verdict, input: Verification } {
  const secrets = target.secrets.filter(({ validUntil }) => validUntil > now.getTime()).map(({ value }) => value).filter(value => value !== '')
  return verifyWith({ adapter: target.adapter, settings: target.settings, secrets }, raw, now)
}

/** An adapter that throws has not verified anything. */
export function verifyWith ({ adapter: { webhooks }, settings, secrets }: Pick<HookTarget, 'adapter' | 'settings'> & { secrets: string[] }, raw: RawWebhook & { key?: string }, now: Date): { verdict: Verdict, input: Verification } {
  const input = { ...raw, secrets, now, settings }
  const refused = (reason: string) => ({ verdict: { verdict: 'refused' as const, reason }, input })
  if (webhooks === 'provider-has-none') return refused('this provider sends none')
  if (secrets.length === 0) return refused('the connection has no webhook secret')
  try {
    const verdict = webhooks.verify(input)
    if (verdict.verdict !== 'refused' && (verdict.dedupeKey === '' || verdict.eventType === '')) return refused('the event has no id or type')
    return { verdict, input }
  } catch (error) {
    return refused(`verification failed: ${error instanceof Error ? error.message : 'unknown'}`.slice(0, 300))
  }
}
