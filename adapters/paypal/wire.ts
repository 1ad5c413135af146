import type { NextAction, PaymentProblem, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, neverHeardOf, oursIn, strange } from './asking.ts'
import { failureOf } from './errors.ts'
import type { Authorization, Capture, Order, PurchaseUnit, Refund, SourceShown } from './objects.ts'

export const unitOf = (order: Order): PurchaseUnit => order.purchase_units?.[0] ?? {}
export const capturesOf = (order: Order): Capture[] => unitOf(order).payments?.captures ?? []
export const authorizationsOf = (order: Order): Authorization[] => unitOf(order).payments?.authorizations ?? []
export const refundsOf = (order: Order): Refund[] => unitOf(order).payments?.refunds ?? []

/** A payment that no order made (a subscription's) is known by its capture. */
export const captureName = (id: string): string => `capture:${id}`
export const captureOf = (providerReference: string): string | undefined => /^capture:(\w{1,50})$/.exec(providerReference)?.[1]

type Part = 'taken' | 'waits' | 'refused'

/** Source: facts section 5.4 and the schema capture_status, read 2026-11-21. */
const captureStatuses: Record<string, Part> = { COMPLETED: 'taken', PARTIALLY_REFUNDED: 'taken', REFUNDED: 'taken', PENDING: 'waits', DECLINED: 'refused', FAILED: 'refused' }
const authorizationStatuses: Record<string, ProviderPaymentStatus> = { CREATED: 'authorized', PENDING: 'processing', CAPTURED: 'processing', PARTIALLY_CAPTURED: 'processing', DENIED: 'failed', VOIDED: 'canceled', EXPIRED: 'expired' }

const partOf = ({ status }: Capture): Part => {
  const part = Object.hasOwn(captureStatuses, status) ? captureStatuses[status] : undefined
  if (part === undefined) throw neverHeardOf(status)
  return part
}

export const isTaken = (capture: Capture): boolean => partOf(capture) === 'taken'

/** An order in our words. Approved is not paid. Throws `unknown` for a word that we never read of. */
export function snapshotOf (order: Order): PaymentSnapshot {
  const unit = unitOf(order)
  if (unit.amount === undefined) throw strange('an order without an amount')
  const amount = moneyOf(unit.amount)
  const captures = capturesOf(order)
  const taken = captures.filter(isTaken)
  const authorization = authorizationsOf(order).at(-1)
  const { status, word, problem } = statusOf(order, captures, authorization)
  const captured = taken.reduce((sum, capture) => sum + moneyOf(capture.amount).amount, 0)
  const refunds = refundsOf(order).map(refund => refundSnapshot(refund))
  const nextAction = status === 'requires_action' ? redirectOf(order) : undefined
  const [type, source] = sourceOf(order)
  const vault = source?.attributes?.vault
  const reference = oursIn(unit.custom_id)
  const createdAt = dateOf(order.create_time)
  const movement = taken.at(-1) ?? captures.at(-1)
  return {
    providerReference: order.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: word,
    amount,
    amountCapturable: status === 'authorized' ? moneyOf(authorization!.amount).amount : 0,
    amountCaptured: captured,
    amountRefunded: refunds.filter(({ status }) => status === 'succeeded').reduce((sum, { amount }) => sum + amount.amount, 0),
    refunds,
    ...(nextAction !== undefined && { nextAction }),
    ...(status === 'processing' && order.status === 'APPROVED' && { approval: order.update_time ?? order.status }),
    ...(problem !== undefined && { error: problem }),
    ...(type !== undefined && { method: methodOf(type, source) }),
    ...(vault?.id !== undefined && { savedMethodReference: vault.id }),
    ...(vault?.customer?.id !== undefined && { customerProviderReference: vault.customer.id }),
    ...(movement !== undefined && { transactionReference: movement.id }),
    ...(createdAt !== undefined && { createdAt })
  }
}

interface Told { status: ProviderPaymentStatus, word: string, problem?: PaymentProblem }

function statusOf (order: Order, captures: readonly Capture[], authorization: Authorization | undefined): Told {
  const parts = captures.map(capture => [capture, partOf(capture)] as const)
  const by = (wanted: Part) => parts.findLast(([, part]) => part === wanted)?.[0]
  const [taken, waits, refused] = [by('taken'), by('waits'), by('refused')]
  if (taken !== undefined) return { status: 'succeeded', word: taken.status }
  if (waits !== undefined) return { status: 'processing', word: waits.status }
  if (refused !== undefined) return { status: 'failed', word: refused.status, problem: failureOf(refused.processor_response?.response_code ?? refused.status_details?.reason) }
  if (authorization !== undefined) {
    const status = Object.hasOwn(authorizationStatuses, authorization.status) ? authorizationStatuses[authorization.status] : undefined
    if (status === undefined) throw neverHeardOf(authorization.status)
    return { status, word: authorization.status, ...(status === 'failed' && { problem: failureOf(authorization.processor_response?.response_code ?? authorization.status_details?.reason) }), ...(status === 'expired' && { problem: { code: 'expired', providerCode: 'EXPIRED' } }) }
  }
  switch (order.status) {
    case 'CREATED':
    case 'SAVED':
    case 'PAYER_ACTION_REQUIRED': return { status: redirectOf(order) === undefined ? 'requires_payment_method' : 'requires_action', word: order.status }
    // Agreed to, and not taken yet.
    case 'APPROVED': return { status: 'processing', word: order.status }
    case 'VOIDED': return { status: 'canceled', word: order.status }
    default: throw neverHeardOf(order.status)
  }
}

/** Where the payer agrees: the wallet's page, or the bank's (3-D Secure). */
function redirectOf ({ links = [] }: Order): NextAction | undefined {
  const link = links.find(({ rel }) => rel === 'payer-action') ?? links.find(({ rel }) => rel === 'approve')
  return link === undefined ? undefined : { type: 'redirect', url: link.href }
}

function sourceOf ({ payment_source: source = {} }: Order): [string | undefined, SourceShown | undefined] {
  const [name] = Object.keys(source)
  return name === undefined ? [undefined, undefined] : [name, source[name]]
}

const funding: Record<string, 'credit' | 'debit' | 'prepaid'> = { CREDIT: 'credit', DEBIT: 'debit', PREPAID: 'prepaid' }

function methodOf (type: string, source: SourceShown | undefined): NonNullable<PaymentSnapshot['method']> {
  const kind = funding[source?.type ?? '']
  return {
    type,
    ...(type === 'paypal' && { wallet: 'paypal' }),
    ...(source?.brand !== undefined && { brand: source.brand.toLowerCase() }),
    ...(source?.last_digits !== undefined && { last4: source.last_digits }),
    ...(kind !== undefined && { funding: kind })
  }
}

/** A capture that no order made, as a payment: a subscription's. */
export function capturedAlone (capture: Capture): PaymentSnapshot {
  const part = partOf(capture)
  const amount = moneyOf(capture.amount)
  const reference = oursIn(capture.custom_id)
  const createdAt = dateOf(capture.create_time)
  return {
    providerReference: captureName(capture.id),
    ...(reference !== undefined && { reference }),
    status: part === 'taken' ? 'succeeded' : part === 'waits' ? 'processing' : 'failed',
    providerStatus: capture.status,
    amount,
    amountCapturable: 0,
    amountCaptured: part === 'taken' ? amount.amount : 0,
    // How much of it went back is not told with it, unless it is all.
    ...(capture.status === 'REFUNDED' && { amountRefunded: amount.amount }),
    ...(part === 'refused' && { error: failureOf(capture.processor_response?.response_code ?? capture.status_details?.reason) }),
    method: { type: 'paypal', wallet: 'paypal' },
    transactionReference: capture.id,
    ...(createdAt !== undefined && { createdAt })
  }
}

const refundStatuses: Record<string, RefundStatus> = { COMPLETED: 'succeeded', PENDING: 'pending', FAILED: 'failed', CANCELLED: 'canceled' }

export function refundSnapshot (refund: Refund, paymentProviderReference?: string): RefundSnapshot {
  const status = Object.hasOwn(refundStatuses, refund.status) ? refundStatuses[refund.status] : undefined
  if (status === undefined) throw neverHeardOf(refund.status)
  const reference = oursIn(refund.custom_id)
  const createdAt = dateOf(refund.create_time)
  return {
    providerReference: refund.id,
    ...(reference !== undefined && reference.startsWith('ref_') && { refundReference: reference }),
    ...(paymentProviderReference !== undefined && { paymentProviderReference }),
    status,
    providerStatus: refund.status,
    amount: moneyOf(refund.amount),
    ...(status === 'failed' && { error: failureOf(refund.status_details?.reason, 'invalid_state') }),
    ...(createdAt !== undefined && { createdAt })
  }
}
