import { createPublicKey, sign, verify } from 'node:crypto'
import webpush from 'web-push'
import { createHttpClient } from '../../adapter/http-client.ts'
import { asProviderError } from '../../adapter/problems.ts'
import { inTenant } from '../../db/in-tenant.ts'
import type { Hub } from '../../hub.ts'
import { publicId } from '../../ids.ts'
import { PrivateAddress, publicAddressOf, publicLookup } from '../../net-guard.ts'
import { shortOf } from '../letters.ts'
import { endSubscription, subscriptionsOf } from '../push/queries.ts'
import type { Channel, NoticeToSend, OpenChannel, SendResult, Target } from './channel.ts'

export interface PushKeys { endpoint: string, p256dh: string, auth: string }

/**
 * Web push: RFC 8030 (the request), RFC 8291 and 8188 (aes128gcm), RFC 8292 (VAPID), all by the library `web-push`. A repeat replaces
 * what came before it, at the service by its Topic and on the screen by its tag, so a lost answer is simply sent again.
 */
export const webPush: Channel = {
  type: 'web_push',
  guarantee: 'at_least_once',
  configuredFor: (_, row) => row !== undefined,
  addressOf: ({ push }) => push,
  send: async (hub, channel, notice) => {
    const subscriptions = await inTenant(hub.db, notice.tenantId, async db => await subscriptionsOf(db, channel.row.id, notice.content.address))
    const done = new Map((notice.content.targets ?? []).map(target => [target.id, target]))
    const results: { target: Target, result: SendResult }[] = []
    for (const row of subscriptions) {
      const id = publicId('push_subscription', row.id)
      const before = done.get(id)
      if (before !== undefined && before.state !== 'waiting') continue
      const keys = JSON.parse(await hub.vault.openText(row.tenant_id, id, subscriptionUse, row.sealed!)) as PushKeys
      const result = await sendTo(hub, channel, notice, keys)
      const gone = result.code === '404' || result.code === '410'
      if (gone) await inTenant(hub.db, notice.tenantId, async db => { await endSubscription(db, row.id, 'gone', hub.now()) })
      const state = result.outcome === 'sent' ? 'sent' : gone ? 'gone' : result.outcome === 'refused' ? 'refused' : 'waiting'
      const target: Target = { id, state, ...(result.code !== undefined && { code: result.code }) }
      done.set(id, target)
      results.push({ target, result })
    }
    return summed([...done.values()], results.map(({ result }) => result))
  },
  test: async (_, { settings, secrets }) => {
    const ok = isPair(settings.public_key, secrets.private_key!)
    return ok ? { ok, evidence: [{ es: 'Las llaves VAPID hacen juego. Los navegadores se suscriben con la pública.', en: 'The VAPID keys are a pair. Browsers subscribe with the public one.' }] } : { ok, evidence: [], code: 'keys_differ' }
  }
}

export const subscriptionUse = 'push_subscription'

/** Of one addressee at several browsers: whoever waits decides, then whoever has it. Exported for its test. */
export function summed (targets: Target[], results: readonly SendResult[]): SendResult {
  const waiting = results.filter(({ outcome }) => outcome === 'later' || outcome === 'unknown')
  const codes = { ...(results.findLast(({ code }) => code !== undefined) ?? {}) }
  const last = { ...(codes.code !== undefined && { code: codes.code }), ...(codes.said !== undefined && { said: codes.said }) }
  if (waiting.length > 0) {
    const { code, said } = waiting.at(-1)!
    const retryAfterMs = Math.max(0, ...waiting.map(({ retryAfterMs = 0 }) => retryAfterMs))
    return {
      outcome: waiting.some(({ outcome }) => outcome === 'unknown') ? 'unknown' : 'later', targets, ...(code !== undefined && { code }), ...(said !== undefined && { said }),
      ...(retryAfterMs > 0 && { retryAfterMs }), ...(waiting.some(({ channelFault }) => channelFault === true) && { channelFault: true })
    }
  }
  if (targets.some(({ state }) => state === 'sent')) return { outcome: 'sent', targets }
  return { outcome: 'refused', targets, code: 'no_subscription', ...last }
}

/** A day: who was not online until then is told nothing that is old. */
const ttlSeconds = 24 * 3600
/** What a push service takes is 4096 bytes with what encryption adds (RFC 8030 §7.2, RFC 8291 §4). */
const payloadAtMost = 3900

async function sendTo (hub: Pick<Hub, 'config' | 'now'>, { settings, secrets }: OpenChannel, { id, content }: NoticeToSend, { endpoint, p256dh, auth }: PushKeys): Promise<SendResult> {
  const short = shortOf(content.letter)
  const payload = fitting({ ...short, tag: id })
  const url = new URL(endpoint)
  const allowPrivate = hub.config.noticePrivateAddresses
  try {
    // A literal address is connected to without being looked up.
    await publicAddressOf(url.hostname, { allowPrivate })
  } catch (error) {
    return error instanceof PrivateAddress ? { outcome: 'refused', code: error.code } : { outcome: 'later', code: 'not_reached' }
  }
  try {
    const { headers, body } = webpush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
      vapidDetails: { subject: settings.subject, publicKey: settings.public_key, privateKey: secrets.private_key! }, TTL: ttlSeconds, urgency: 'normal', contentEncoding: 'aes128gcm', topic: id.slice(-32)
    })
    const send = createHttpClient({ allowedOrigins: [url.origin], defaultTimeoutMs: hub.config.noticeTimeoutMs, now: hub.now, ...(!allowPrivate && { lookup: publicLookup }) })
    const response = await send({ method: 'POST', url: url.href, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])), body: body as Buffer, maxBytes: 64 * 1024 })
    return meaningOf(response.status, response.headers['retry-after'], hub.now(), response.headers.location)
  } catch (thrown) {
    const { reached, code } = asProviderError(thrown)
    return reached === 'nowhere' ? { outcome: 'later', code: 'not_reached' } : { outcome: 'unknown', code }
  }
}

/** RFC 8030 §5, §7.2, §7.3, §8.4; RFC 8292 §4.2 for what is wrong with the keys. */
export function meaningOf (status: number, retryAfter: string | undefined, now: Date, reference?: string): SendResult {
  if (status >= 200 && status < 300) return { outcome: 'sent', ...(reference !== undefined && { reference }) }
  const code = String(status)
  if (status === 401 || status === 403) return { outcome: 'later', code, channelFault: true }
  if (status === 429 || status >= 500) return { outcome: 'later', code, ...waitOf(retryAfter, now) }
  return { outcome: 'refused', code }
}

/** Seconds or a date (RFC 9110 §10.2.3); a day at most. */
function waitOf (retryAfter: string | undefined, now: Date): { retryAfterMs?: number } {
  if (retryAfter === undefined) return {}
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now.getTime()
  return Number.isFinite(ms) && ms > 0 ? { retryAfterMs: Math.min(ms, 24 * 3600_000) } : {}
}

/** JSON that is short enough, at the cost of its body's end. */
export function fitting (message: { title: string, body: string, url?: string, tag: string }): string {
  const title = message.title.slice(0, 200)
  let body = message.body.slice(0, 2000)
  for (;;) {
    const text = JSON.stringify({ ...message, title, body: body.toWellFormed() })
    if (Buffer.byteLength(text) <= payloadAtMost || body === '') return text
    body = body.slice(0, Math.floor(body.length * 0.8))
  }
}

export function newVapidKeys (): { publicKey: string, privateKey: string } {
  return webpush.generateVAPIDKeys()
}

/** Whether what the one signs the other verifies. */
function isPair (publicKey: string, privateKey: string): boolean {
  try {
    const point = Buffer.from(publicKey, 'base64url')
    const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33, 65).toString('base64url') }
    const said = Buffer.from('pasarela')
    return verify('sha256', said, createPublicKey({ key: jwk, format: 'jwk' }), sign('sha256', said, { key: { ...jwk, d: privateKey }, format: 'jwk' } as never))
  } catch {
    return false
  }
}
