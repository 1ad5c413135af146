import type { Mode, NextAction, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, endOfDay, neverHeardOf } from './asking.ts'
import { failureOf } from './errors.ts'
import type { Transaction } from './objects.ts'

/** Our names of the methods, and Wompi's. `PCOL` and the rest are told of a page's payments, and not offered by themselves. */
export const wireNames = {
  card: 'CARD', pse: 'PSE', nequi: 'NEQUI', bancolombia_transfer: 'BANCOLOMBIA_TRANSFER', bancolombia_qr: 'BANCOLOMBIA_QR', cash: 'BANCOLOMBIA_COLLECT', daviplata: 'DAVIPLATA', bnpl: 'BANCOLOMBIA_BNPL', su_plus: 'SU_PLUS'
} as const

const ourNames: Record<string, string> = { ...Object.fromEntries(Object.entries(wireNames).map(([ours, wire]) => [wire, ours])), PCOL: 'puntos_colombia' }

/** A payment's reference is our id; from the second attempt on with its number, because Wompi takes a reference once. */
export const referenceOnWire = (reference: string, attempt: number): string => attempt > 1 ? `${reference}-${attempt}` : reference

/** Our id in a reference, where it is one: a link's payments have references of Wompi's own making. */
export function referenceOf (wire: string): string | undefined {
  return /^([a-z]{2,5}_[0-9a-z]{16,40})(?:-\d{1,4})?$/i.exec(wire)?.[1]
}

interface Told {
  /** Our id, where Wompi's object tells it only elsewhere: with the link that was paid. */
  reference?: string
  mode: Mode
  /** When cash that nobody pays ends, where the answer does not say. */
  ends?: Date
  collectDays?: number
}

/** A transaction in our words. Throws ProviderError `unknown` for a word that we never read of. */
export function snapshotOf (transaction: Transaction, told: Told): PaymentSnapshot {
  const { id, status: word, amount_in_cents: cents, payment_method_type: wireMethod, payment_method: method } = transaction
  const amount = moneyOf(cents, transaction.currency)
  const nextAction = word === 'PENDING' ? nextActionOf(transaction, told) : undefined
  const status = statusOf(transaction, nextAction)
  const error = word === 'DECLINED' || word === 'ERROR' ? failureOf(transaction) : undefined
  const reference = referenceOf(transaction.reference) ?? told.reference
  const createdAt = dateOf(transaction.created_at)
  const funding = /^(credit|debit|prepaid)/.exec(method?.extra?.card_type?.toLowerCase() ?? '')?.[1] as 'credit' | undefined
  const redeemed = method?.extra?.redeemed_amount_in_cents_pcol
  const last4 = /^\d{4}$/.exec(method?.extra?.last_four ?? '')?.[0]
  return {
    providerReference: id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: word,
    amount,
    amountCapturable: 0,
    amountCaptured: status === 'succeeded' ? amount.amount : 0,
    amountRefunded: word === 'VOIDED' ? amount.amount : 0,
    // One that was voided in the panel is known by this.
    ...(word === 'VOIDED' && { refunds: [refundOf(transaction)] }),
    ...(isPart(transaction) && redeemed !== undefined && { amountReceived: moneyOf(redeemed, transaction.currency).amount }),
    mode: told.mode,
    ...(nextAction !== undefined && { nextAction }),
    ...(error !== undefined && { error }),
    method: {
      type: ourNames[wireMethod] ?? wireMethod.toLowerCase(),
      ...(method?.extra?.brand !== undefined && { brand: method.extra.brand.toLowerCase() }),
      ...(last4 !== undefined && { last4 }),
      ...(funding !== undefined && { funding })
    },
    ...(typeof transaction.payment_source_id === 'number' && { savedMethodReference: String(transaction.payment_source_id) }),
    ...(createdAt !== undefined && { createdAt })
  }
}

/** Source: facts section 7.2, and "final states of a transaction" of the guide, read 2026-11-21. */
function statusOf (transaction: Transaction, nextAction: NextAction | undefined): ProviderPaymentStatus {
  switch (transaction.status) {
    case 'PENDING': return nextAction === undefined ? 'processing' : 'requires_action'
    case 'APPROVED': return isPart(transaction) ? 'processing' : 'succeeded'
    // Taken and given back on the same day: two movements, not none.
    case 'VOIDED': return 'succeeded'
    // Another attempt is another transaction, which may be approved.
    case 'DECLINED':
    case 'ERROR': return transaction.payment_method_type !== 'CARD' && failureOf(transaction).code === 'expired' ? 'expired' : 'requires_payment_method'
    default: throw neverHeardOf(transaction.status)
  }
}

/** Points that pay only a part: `APPROVED` is then not paid, the rest comes by a second transaction. */
function isPart ({ payment_method: method }: Transaction): boolean {
  return (method?.extra?.remaining_amount_in_cents ?? 0) > 0
}

/** What the payer does, once it is told: after a moment, so the transaction is looked at until then. Source: facts section 7.2. */
export function nextActionOf (transaction: Transaction, { ends, collectDays = 1 }: Pick<Told, 'ends' | 'collectDays'> = {}): NextAction | undefined {
  const { extra } = transaction.payment_method ?? {}
  // One that was kept is charged without asking.
  if (transaction.payment_method_type === 'NEQUI' && typeof transaction.payment_source_id !== 'number') return { type: 'wallet_push', ...expiry(transaction, ends) }
  if (extra === undefined) return undefined
  if (extra.async_payment_url !== undefined) return { type: 'redirect', url: extra.async_payment_url }
  if (extra.qr_image !== undefined) return { type: 'qr', data: extra.qr_id ?? transaction.id, image: `data:image/svg+xml;base64,${extra.qr_image}`, ...expiry(transaction, ends) }
  if (extra.business_agreement_code !== undefined && extra.payment_intention_identifier !== undefined) {
    const at = dateOf(transaction.expiration_time) ?? ends ?? endOfDay(dateOf(transaction.created_at) ?? new Date(0), collectDays)
    return { type: 'voucher', reference: `${extra.business_agreement_code}-${extra.payment_intention_identifier}`, expires_at: at.toISOString() }
  }
  if (extra.url !== undefined) return { type: 'redirect', url: extra.url }
  if (extra.url_services !== undefined) return { type: 'sdk_challenge', data: { url_services: extra.url_services } }
  if (extra.three_ds_auth !== undefined) return { type: 'sdk_challenge', data: { three_ds_auth: extra.three_ds_auth } }
  return undefined
}

function expiry ({ expiration_time: told }: Transaction, ends: Date | undefined): { expires_at?: string } {
  const at = dateOf(told) ?? ends
  return at === undefined ? {} : { expires_at: at.toISOString() }
}

/** There is no object of a void: it is named after its transaction. */
export const refundReference = (transactionId: string): string => `${transactionId}/void`

export function refundOf (transaction: Transaction, status: RefundSnapshot['status'] = 'succeeded', word = transaction.status): RefundSnapshot {
  return {
    providerReference: refundReference(transaction.id),
    paymentProviderReference: transaction.id,
    status,
    providerStatus: word,
    amount: moneyOf(transaction.amount_in_cents, transaction.currency)
  }
}
