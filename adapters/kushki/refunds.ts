import { type ConnectionContext, type Money, type PaymentsFamily, ProviderError, type RefundSnapshot } from '../../core/adapter/index.ts'
import { check, minorOf, partOnWire } from './amounts.ts'
import { names, refusal, unreadable } from './asking.ts'
import { countryOf } from './countries.ts'
import { call, segment } from './http.ts'
import type { Charged, Row } from './objects.ts'
import { readerOf, rowsBetween } from './rows.ts'
import { isTransferToken } from './waiting.ts'
import { approvedOf, captureOf, isBack, methodOf, refundOf, rowOfDetails, snapshotOf } from './wire.ts'

/**
 * `DELETE /v1/charges/{ticket}` voids what was charged today and gives back what is older: Kushki decides, and says which it was. A refund
 * carries nothing of ours: it is known by its ticket, and found by payment and amount. Source: facts section 6.2, docs.kushki.com (voids
 * and refunds), read 2026-11-21.
 */
export const refunds = {
  refund: async (context, { providerReference, amount, idempotencyKey }) => {
    check(amount, context.settings)
    if (isTransferToken(providerReference)) throw notByCard()
    const reader = readerOf(context)
    const row = await reader.ticket(providerReference)
    const about = await reader.about(row)
    const whole = assess(context, row, about, amount)
    const ticket = context.settings.refund_captured_by === 'preauthorization' ? providerReference : captureOf(about)?.ticket_number ?? providerReference
    const part = amount.amount < whole ? { amount: partOnWire(amount, approvedOf(row), minorOf(row.iva_value, amount.currency) ?? 0) } : {}
    const path = context.settings.refund_route === 'refund' ? '/v1/refund' : '/v1/charges'
    const answer = await call<Charged>(context, { method: 'DELETE', path: `${path}/${segment(ticket)}`, body: { fullResponse: 'v2', ...part }, key: 'private', idempotencyKey })
    return await told(context, answer, { providerReference, amount, ticket })
  },

  getRefund: async (context, providerReference) => {
    const row = await readerOf(context).ticket(providerReference)
    if (!isBack(row)) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: row.transaction_type })
    return refundOf(row)
  },

  findRefund: async (context, { providerReference, amount, others = [], from, to }) => {
    if (isTransferToken(providerReference)) return undefined
    const rows = await rowsBetween(context, { from, to })
    const sales = await ticketsOf(context, providerReference, rows)
    const found = rows.filter(row => isBack(row) && sales.has(row.sale_ticket_number ?? '') && !others.includes(row.ticket_number ?? '')).map(row => ({ ...refundOf(row), paymentProviderReference: providerReference }))
    const isIt = (refund: RefundSnapshot): boolean => refund.status !== 'failed' && (amount === undefined || refund.amount.amount === amount.amount)
    const ours = found.find(isIt)
    // One that names no sale may be it: that all of them do is our reading.
    if (ours === undefined && rows.some(row => isBack(row) && !row.sale_ticket_number && !others.includes(row.ticket_number ?? '') && isIt(refundOf(row)))) throw unreadable()
    return ours
  }
} satisfies Partial<PaymentsFamily>

const notByCard = (): ProviderError => refusal('payment', 'Kushki gives back what a card paid: pay this back by a transfer', 'unsupported')

/** The payment's own ticket, and that of its capture, which may be of another day. */
async function ticketsOf (context: ConnectionContext, ticket: string, rows: readonly Row[]): Promise<Set<string>> {
  const near = captureOf(rows.filter(({ sale_ticket_number: sale }) => sale === ticket))?.ticket_number
  if (near !== undefined) return new Set([ticket, near])
  const reader = readerOf(context)
  const capture = captureOf(await reader.about(await reader.ticket(ticket)))?.ticket_number
  return new Set(capture === undefined ? [ticket] : [ticket, capture])
}

/** Everything that surely makes Kushki refuse is said beforehand, by a better name than it has for it. Gives what may go back at most. */
function assess (context: ConnectionContext, row: Row, about: readonly Row[], { amount, currency }: Money): number {
  const { status, amountCaptured, amount: asked } = snapshotOf(row, about, undefined)
  const answered = (code: 'invalid_state' | 'already_refunded' | 'unsupported' | 'amount_invalid', sentence: string) => new ProviderError({ code, reached: 'answered', providerCode: row.transaction_status, providerMessage: sentence })
  if (methodOf(row) !== 'card') throw answered('unsupported', 'Kushki gives back what a card paid: pay this back by a transfer')
  if (status !== 'succeeded') throw answered('invalid_state', `it is ${status}`)
  if (currency !== asked.currency || amount > amountCaptured) throw answered('amount_invalid', 'more than was paid')
  // Known of its own day only; Kushki knows the rest.
  const back = about.filter(isBack).map(other => refundOf(other)).filter(refund => refund.status !== 'failed').reduce((sum, refund) => sum + refund.amount.amount, 0)
  if (back >= amountCaptured) throw answered('already_refunded', 'all of it went back already')
  if (amount > amountCaptured - back) throw answered('amount_invalid', 'more than is left of it')
  const country = countryOf(context.settings, currency)
  if (amount < amountCaptured && !names(context.settings.partial_refund_countries, country)) throw answered('unsupported', `Kushki gives back no part in ${country}`)
  return amountCaptured
}

/** The answer names the refund; where it does not (`K000`), the list does, a moment later. */
async function told (context: ConnectionContext, answer: Charged, { providerReference, amount, ticket }: { providerReference: string, amount: Money, ticket: string }): Promise<RefundSnapshot> {
  const { ticketNumber, details } = answer
  if (typeof ticketNumber === 'string' && ticketNumber !== '' && ticketNumber !== ticket) {
    const row = rowOfDetails(details ?? {}, { ticket_number: ticketNumber, sale_ticket_number: providerReference, transaction_status: 'INITIALIZED', currency_code: amount.currency, amount: partOnWire(amount, 0, 0) })
    return { ...refundOf(row), paymentProviderReference: providerReference }
  }
  if (answer.code !== undefined && answer.code !== 'K000') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: answer.code, providerMessage: answer.message })
  const rows = await rowsBetween(context, { from: new Date(context.now().getTime() - 60_000), to: context.now() })
  const newest = rows.filter(row => isBack(row) && row.sale_ticket_number === ticket && refundOf(row).amount.amount === amount.amount)
  // Two of one amount: which is the new one only who knows the others can say.
  if (newest.length !== 1) throw unreadable()
  return { ...refundOf(newest[0]!), paymentProviderReference: providerReference }
}
