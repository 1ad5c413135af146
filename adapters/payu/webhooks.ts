import type { ProviderEvent, RawWebhook, Verdict, WebhookScheme } from '../../core/adapter/index.ts'
import { type Digest, digests, refusalReason } from './signature.ts'

/** A confirmation has no name: PayU sends one for each transaction that came to an end. Source: facts section 4.4, read 2026-11-21. */
export const events = ['confirmation']

const states: Record<string, string> = { 4: 'approved', 5: 'expired', 6: 'declined' }

/**
 * The sign covers five fields and not the order's number, nor the transaction's: whatever stands there, its only effect is that PayU
 * is asked. There is no API to register an address: the account has one, or each payment brings it (setting `confirmation_url`).
 */
export const webhooks = {
  verify: ({ body, headers, secrets, settings }): Verdict => {
    if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return { verdict: 'refused', reason: 'not a form' }
    const fields = fieldsOf(body)
    const only = digests.find(digest => digest === settings.confirmation_digest) as Digest | undefined
    const reason = refusalReason(fields, { keys: secrets, ...(only !== undefined && { only }) })
    if (reason !== undefined) return { verdict: 'refused', reason }
    const state = fields.get('state_pol')!
    // The same sale may be declined first and approved then, by another transaction. What is signed is part of the key, so that nobody
    // else can use one up.
    const dedupeKey = [fields.get('transaction_id') ?? '', fields.get('reference_sale'), state].join(':').slice(0, 400)
    return { verdict: 'verified', dedupeKey, eventType: `confirmation.${states[state] ?? state}` }
  },

  parse: ({ body }: RawWebhook): ProviderEvent[] => {
    const fields = fieldsOf(body)
    const order = fields.get('reference_pol') ?? ''
    const reference = fields.get('reference_sale')
    if (!/^\d{1,20}$/.test(order) || reference === null) return [{ type: 'ignored', why: 'a confirmation that names no order' }]
    return [{ type: 'payment', providerReference: order, reference }]
  }
} satisfies WebhookScheme

const fieldsOf = (body: Uint8Array): URLSearchParams => new URLSearchParams(new TextDecoder().decode(body))
