import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { WebhookScheme } from '../../index.ts'
import type { ToyClient } from './client.ts'
import type { WirePayment } from './wire.ts'

export function toyWebhooks ({ bug, call }: ToyClient): WebhookScheme {
  return {
    verify ({ body, headers, secrets, now }) {
      const match = /^t=([0-9]{10}),s=([0-9a-f]{64})$/.exec(headers['toy-signature'] ?? '')
      if (bug === 'unsigned_webhook' && match === null) return { verdict: 'verified', dedupeKey: 'none', eventType: 'none' }
      if (match === null) return { verdict: 'refused', reason: 'no signature' }
      const [, time = '', signature = ''] = match
      if (bug !== 'stale_webhook' && Math.abs(now.getTime() / 1000 - Number(time)) > 300) return { verdict: 'refused', reason: 'stale' }
      const text = Buffer.from(body).toString()
      const signed = bug === 'reserialised_body' ? JSON.stringify(parsed(text) ?? '') : text
      const usable = bug === 'empty_secret' ? secrets : secrets.filter(secret => secret !== '')
      const good = (bug === 'first_secret_only' ? usable.slice(0, 1) : usable).some(secret => timingSafeEqual(Buffer.from(signature, 'hex'), signatureOf(secret, time, bug === 'reserialised_body' ? signed : body)))
      if (!good) return { verdict: 'refused', reason: 'another signature' }
      const event = parsed(text) as { id?: string, type?: string } | undefined
      if (event?.id === undefined || event.type === undefined) return { verdict: 'refused', reason: 'not an event' }
      return { verdict: 'verified', dedupeKey: bug === 'random_dedupe' ? randomBytes(8).toString('hex') : event.id, eventType: event.type }
    },
    parse ({ body }) {
      const { data } = JSON.parse(Buffer.from(body).toString()) as { data: WirePayment }
      return [{ type: 'payment', providerReference: data.id, reference: data.reference }]
    },
    async register (context, { url, events }) {
      const hook = await call(context, 'POST', '/v1/hooks', { url, events }) as { id: string, secret: string }
      return { providerReference: hook.id, secret: hook.secret }
    },
    unregister: async (context, id) => { await call(context, 'DELETE', `/v1/hooks/${id}`) },
    acknowledge: () => ({ status: 200, body: 'OK', contentType: 'text/plain' })
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}

export function signatureOf (secret: string, time: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest()
}
