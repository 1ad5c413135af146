import type { ConnectionContext, Mode, NextAction, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, iso, neverHeardOf } from './asking.ts'
import { failureOf } from './errors.ts'
import { markOf, referenceOf } from './marks.ts'
import type { Payment, Refund } from './objects.ts'

/** Of which account the answer is: a test user's production token answers `live_mode: true`, which proves nothing (QUIRKS.md). */
export type Whose = Pick<ConnectionContext, 'mode' | 'credentials'>

export function modeOf (liveMode: boolean | undefined, { mode, credentials }: Whose): Mode | undefined {
  if (liveMode === undefined) return undefined
  if (!liveMode) return 'test'
  return mode === 'test' && !isTestToken(credentials) ? undefined : 'live'
}

export const isTestToken = ({ access_token: token }: Readonly<Record<string, string>>): boolean => token?.startsWith('TEST-') === true

/** A payment in our words: it is one attempt. Throws ProviderError `unknown` for a word that we never read of. */
export function snapshotOf (payment: Payment, whose: Whose): PaymentSnapshot {
  const status = statusOf(payment)
  const amount = moneyOf(payment.transaction_amount, payment.currency_id)
  const held = Number(markOf(payment.metadata, 'held') ?? Number.NaN)
  const nextAction = status === 'requires_action' ? nextActionOf(payment) : undefined
  const reference = referenceOf(payment.external_reference)
  const mode = modeOf(payment.live_mode, whose)
  const createdAt = dateOf(payment.date_created)
  const card = payment.payer?.type === 'customer' ? markOf(payment.metadata, 'card') ?? payment.card?.id : undefined
  return {
    providerReference: String(payment.id),
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: payment.status,
    // Captured in part, `transaction_amount` is what was taken.
    amount: Number.isSafeInteger(held) && held > amount.amount ? { ...amount, amount: held } : amount,
    amountCapturable: status === 'authorized' ? amount.amount : 0,
    amountCaptured: status === 'succeeded' ? amount.amount : 0,
    amountRefunded: moneyOf(payment.transaction_amount_refunded ?? 0, payment.currency_id).amount,
    disputed: isDisputed(payment),
    ...(mode !== undefined && { mode }),
    ...(nextAction !== undefined && { nextAction }),
    ...(status === 'requires_payment_method' && { error: failureOf(payment) }),
    ...(status === 'expired' && { error: { code: 'expired' as const, providerCode: 'expired' } }),
    method: methodOf(payment),
    ...(card !== undefined && card !== null && (status === 'succeeded' || status === 'authorized') && { savedMethodReference: String(card) }),
    ...(payment.payer?.type === 'customer' && payment.payer.id && { customerProviderReference: String(payment.payer.id) }),
    ...(payment.refunds && { refunds: payment.refunds.map(refund => refundSnapshot(refund, payment.currency_id)) }),
    ...(createdAt !== undefined && { createdAt })
  }
}

/** Source: facts section 3.5, read 2026-11-21. A rejected one leaves room for another attempt, which is another payment of theirs. */
function statusOf (payment: Payment): ProviderPaymentStatus {
  switch (payment.status) {
    case 'pending': return waitsForPayer(payment) ? 'requires_action' : 'processing'
    case 'in_process': return 'processing'
    case 'authorized': return 'authorized'
    case 'approved':
    case 'refunded':
    case 'in_mediation':
    case 'charged_back': return 'succeeded'
    case 'rejected': return 'requires_payment_method'
    case 'cancelled': return payment.status_detail === 'expired' ? 'expired' : 'canceled'
    default: throw neverHeardOf(payment.status)
  }
}

const paysOutside = new Set(['ticket', 'atm', 'bank_transfer', 'pix'])

function waitsForPayer (payment: Payment): boolean {
  return payment.status_detail === 'pending_challenge' || paysOutside.has(payment.payment_type_id ?? '')
}

/** `reimbursed`: the bank gave it back to the seller, or Mercado Pago covered it. */
function isDisputed ({ status, status_detail: detail }: Payment): boolean {
  return status === 'in_mediation' || (status === 'charged_back' && detail !== 'reimbursed')
}

const names: Record<string, string> = { clabe: 'spei', bolbradesco: 'boleto', pec: 'boleto', boleto: 'boleto' }
const cards = new Set(['credit_card', 'debit_card', 'prepaid_card'])
const brands: Record<string, string> = { master: 'mastercard', debmaster: 'mastercard', debvisa: 'visa' }
const funding: Record<string, 'credit' | 'debit' | 'prepaid'> = { credit_card: 'credit', debit_card: 'debit', prepaid_card: 'prepaid' }

function methodOf ({ payment_method_id: id, payment_type_id: type, card }: Payment): NonNullable<PaymentSnapshot['method']> {
  const name = id ?? type ?? 'unknown'
  if (!cards.has(type ?? '')) return { type: names[name] ?? name }
  return { type: 'card', brand: brands[name] ?? name, ...(card?.last_four_digits && { last4: card.last_four_digits }), funding: funding[type!]! }
}

/** Where each way of paying keeps what its payer needs. Source: facts section 3.3, read 2026-11-21. */
function nextActionOf (payment: Payment): NextAction | undefined {
  const { transaction_details: told, barcode, payment_method: method, payment_method_id: id, point_of_interaction: interaction, three_ds_info: challenge } = payment
  const ends = iso(payment.date_of_expiration)
  const expires = ends === undefined ? {} : { expires_at: ends }
  if (payment.status_detail === 'pending_challenge') {
    if (!challenge?.external_resource_url) return undefined
    return { type: 'sdk_challenge', data: { external_resource_url: challenge.external_resource_url, ...(challenge.creq && { creq: challenge.creq }) } }
  }
  const url = told?.external_resource_url ?? method?.data?.external_resource_url ?? undefined
  if (id === 'pix') {
    const { qr_code: data, qr_code_base64: image } = interaction?.transaction_data ?? {}
    return data ? { type: 'qr', data, ...(image && { image: `data:image/png;base64,${image}` }), ...expires } : undefined
  }
  if (id === 'clabe') {
    // The CLABE itself is on Mercado Pago's page: no document shows it in the answer.
    const reference = method?.data?.reference_id ?? method?.data?.external_reference_id
    return url === undefined ? undefined : { type: 'bank_transfer', url, ...(reference && { reference }), ...expires }
  }
  if (payment.payment_type_id === 'ticket' || payment.payment_type_id === 'atm') {
    const code = told?.barcode?.content ?? barcode?.content ?? undefined
    const said = id === 'efecty' ? told?.verification_code ?? told?.payment_method_reference_id : told?.digitable_line ?? told?.payment_method_reference_id ?? told?.verification_code
    return { type: 'voucher', reference: said ?? code ?? String(payment.id), ...(url !== undefined && { url }), expires_at: ends ?? '' }
  }
  return url === undefined ? undefined : { type: 'redirect', url }
}

// --- refunds ---------------------------------------------------------------------------------------------------------

/** A refund is asked for within its payment: both are its name to us. */
export const refundReference = ({ id, payment_id: payment }: Refund): string => `${payment}/${id}`

const refundStatuses: Record<string, RefundStatus> = { approved: 'succeeded', in_process: 'pending', pending: 'pending', rejected: 'failed', cancelled: 'canceled' }

export function refundSnapshot (refund: Refund, currency: string): RefundSnapshot {
  const word = refund.status ?? 'approved'
  const status = refundStatuses[word]
  if (status === undefined) throw neverHeardOf(word)
  const createdAt = dateOf(refund.date_created)
  return {
    providerReference: refundReference(refund),
    paymentProviderReference: String(refund.payment_id),
    status,
    providerStatus: word,
    amount: moneyOf(refund.amount, currency),
    ...(createdAt !== undefined && { createdAt })
  }
}
