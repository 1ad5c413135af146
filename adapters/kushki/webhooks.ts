import { createHash } from 'node:crypto'
import type { PaymentSnapshot, ProviderEvent, RawWebhook, Verdict, WebhookScheme } from '../../core/adapter/index.ts'
import { dateOf, numberOf } from './asking.ts'
import { markOf } from './marks.ts'
import type { Row, WaitingState } from './objects.ts'
import { isSigned, momentOf } from './signature.ts'
import { subscriptionName } from './subscriptions.ts'
import { rowOfState } from './waiting.ts'
import { nameOf, referenceOf, refundOf, snapshotOf } from './wire.ts'

/** The names by which Kushki's console lets one ask for them. Source: facts section 6.5; docs.kushki.com, notifications, read 2026-11-21. */
export const events = ['approvedTransaction', 'declinedTransaction', 'succesfullCharge', 'declinedCharge', 'failedRetry', 'lastRetry', 'subscriptionDelete']

/** Nobody says how often and how late Kushki repeats, but that each repetition is signed anew its sender shows: half an hour. */
export const defaultToleranceS = 1800

const validation = 'url.validation'

/**
 * The signature covers all of the body, so what it tells may be believed. There is no documented API to register an address: the tenant does
 * it in the console, which also shows the secret.
 */
export const webhooks = {
  verify: ({ body, headers, secrets, now, settings }): Verdict => {
    const refused = (reason: string): Verdict => ({ verdict: 'refused', reason })
    const id = headers['x-kushki-id']
    const signature = headers['x-kushki-signature']
    // Kushki asks of a new address, without a signature, whether it answers 200: `{}`. It says nothing, and nothing follows from it.
    if (signature === undefined && settings.url_validation !== false && isEmptyObject(body)) return { verdict: 'unverifiable', dedupeKey: validation, eventType: validation }
    if (signature === undefined) return refused(headers['x-kushki-simplesignature'] === undefined ? 'no X-Kushki-Signature' : 'the simple signature does not cover the body')
    const moment = momentOf(id)
    if (id === undefined || moment === undefined) return refused('no time in X-Kushki-Id')
    const told = objectOf(body)
    if (told === undefined) return refused('no JSON object')
    const signed = isSigned(body, id, signature, secrets) || (settings.reserialised === true && isSigned(JSON.stringify(told), id, signature, secrets))
    if (!signed) return refused('no secret of this connection made the signature')
    const toleranceMs = numberOf(settings, 'webhook_tolerance_s', defaultToleranceS) * 1000
    if (Math.abs(now.getTime() - moment.getTime()) > toleranceMs) return refused('it is too old, or of a time to come')
    // There is no id of an event: what it says is its name, however often it is sent.
    return { verdict: 'verified', dedupeKey: createHash('sha256').update(JSON.stringify(told)).digest('hex'), eventType: typeOf(told) }
  },

  parse: ({ body }: RawWebhook): ProviderEvent[] => {
    const told = objectOf(body)
    if (told === undefined || Object.keys(told).length === 0) return [{ type: 'connection', what: 'ping' }]
    return [eventOf(told)]
  }
} satisfies WebhookScheme

type Told = Record<string, unknown>

function eventOf (told: Told): ProviderEvent {
  if (typeof told.name === 'string' && typeof told.event === 'object' && told.event !== null) return subscriptionEvent(told.name, told.event as Told)
  if (typeof told.ticket_number === 'string') return cardEvent(told as Row)
  if (typeof told.ticketNumber === 'string' && typeof told.status === 'string' && (told.pin !== undefined || told.identification !== undefined)) return paymentEvent(rowOfState(told as WaitingState, 'cash'))
  if (typeof told.token === 'string' && typeof told.status === 'string') return paymentEvent(rowOfState(told as WaitingState, 'transfer'))
  return { type: 'ignored', why: 'nothing that changes anything of ours' }
}

function cardEvent (row: Row): ProviderEvent {
  const sale = row.sale_ticket_number
  switch (row.transaction_type) {
    case 'SALE':
    case 'PREAUTHORIZATION': return paymentEvent(row)
    // Of a capture or a void the payment is asked: whether a hold was let go or money came back only its own kind says.
    case 'CAPTURE':
    case 'VOID': return sale === undefined || sale === '' ? { type: 'ignored', why: `a ${row.transaction_type} that names no payment` } : named(sale, row)
    case 'REFUND': {
      const refund = orNothing(() => refundOf(row))
      if (sale === undefined || sale === '') return { type: 'ignored', why: 'a REFUND that names no payment' }
      return refund === undefined ? named(sale, row) : { ...named(sale, row), type: 'refund', refund }
    }
    default: return { type: 'ignored', why: `${String(row.transaction_type)} changes nothing of ours` }
  }
}

function paymentEvent (row: Row): ProviderEvent {
  const name = nameOf(row)
  if (name === undefined) return { type: 'ignored', why: 'it names no payment' }
  // A word that we never read of, or an amount that is missing: then Kushki is asked.
  const snapshot = orNothing((): PaymentSnapshot => snapshotOf(row, [], undefined))
  return { ...named(name, row), ...(snapshot !== undefined && { snapshot }) }
}

function named (providerReference: string, row: Row): Extract<ProviderEvent, { type: 'payment' }> {
  const reference = referenceOf(row)
  const occurredAt = dateOf(row.created)
  return { type: 'payment', providerReference, ...(reference !== undefined && { reference }), ...(occurredAt !== undefined && { occurredAt }) }
}

/** A period was charged or was not, or the kept card is gone. Which charge it was Kushki is asked. */
function subscriptionEvent (name: string, event: Told): ProviderEvent {
  const id = event.subscriptionId ?? event.subscription_id
  const reference = markOf(event.metadata, 'subscription') ?? markOf(event.subscription_metadata, 'subscription')
  if ((typeof id !== 'string' && typeof id !== 'number') || reference === undefined) return { type: 'ignored', why: `${name} of no subscription of ours` }
  const providerReference = subscriptionName(reference, String(id))
  return {
    type: 'subscription',
    providerReference,
    reference,
    ...(name === 'subscriptionDelete' && { snapshot: { providerReference, reference, status: 'canceled' as const, providerStatus: name, cancelAtPeriodEnd: false } })
  }
}

function typeOf (told: Told): string {
  const word = (value: unknown, otherwise: string): string => typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : otherwise
  if (typeof told.name === 'string') return `subscription.${word(told.name, 'unknown')}`
  if (typeof told.ticket_number === 'string') return `card.${word(told.transaction_type, 'unknown')}.${word(told.transaction_status, 'unknown')}`
  return word(told.status, 'unknown')
}

function orNothing<T> (make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function objectOf (body: Uint8Array): Told | undefined {
  try {
    const told: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return typeof told === 'object' && told !== null && !Array.isArray(told) ? told as Told : undefined
  } catch {
    return undefined
  }
}

function isEmptyObject (body: Uint8Array): boolean {
  const told = body.length <= 16 ? objectOf(body) : undefined
  return told !== undefined && Object.keys(told).length === 0
}
