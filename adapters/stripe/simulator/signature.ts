import { createHmac } from 'node:crypto'

/**
 * `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`: HMAC-SHA256 of `t.body` under the whole secret, one v1 per secret that is good.
 * Source: https://docs.stripe.com/webhooks#verify-manually, read 2026-11 (vectors: payments.md 1.5).
 */
export function sign (body: string | Uint8Array, secrets: string[], seconds: number): string {
  const digests = secrets.map(secret => 'v1=' + createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex'))
  return [`t=${seconds}`, ...digests].join(',')
}

/** As Stripe's own deliveries begin. */
export function webhookHeaders (signature: string): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    accept: '*/*; q=0.5, application/xml',
    'cache-control': 'no-cache',
    'stripe-signature': signature
  }
}
