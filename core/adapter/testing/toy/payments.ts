import { type ConnectionContext, type ListRange, type NextAction, type PaymentSnapshot, type PaymentsFamily, ProviderError, type ProviderPaymentStatus, type ProviderProblem, type RefundSnapshot } from '../../index.ts'
import type { ToyClient } from './client.ts'
import { toyManifest } from './manifest.ts'
import type { WireMove, WirePayment, WireRefund } from './wire.ts'

const statuses: Record<string, ProviderPaymentStatus> = {
  open: 'requires_payment_method', declined: 'requires_payment_method', waiting: 'requires_action', held: 'authorized', paid: 'succeeded', canceled: 'canceled', too_late: 'expired'
}

export function toyPayments ({ bug, call, first, wireAmount, moneyOf }: ToyClient) {
  function snapshotOf (payment: WirePayment): PaymentSnapshot {
    const half = bug === 'half_is_paid' && payment.received > 0 && payment.status === 'waiting'
    const status = half || (bug === 'voucher_is_paid' && payment.slip !== undefined && payment.status === 'waiting') ? 'succeeded' : bug === 'voucher_hangs' && payment.status === 'too_late' ? 'requires_action' : statuses[payment.status]
    if (status === undefined) {
      if (bug !== 'unknown_is_paid') throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: payment.status })
    }
    const part = (wire: number) => moneyOf(wire, payment.currency).amount
    const code = toyManifest.errors[payment.error ?? ''] as ProviderProblem | undefined
    const away = payment.error === 'wants_payer'
    if (bug === 'decline_throws' && payment.error !== undefined && !away) throw new ProviderError({ code: code ?? 'card_declined', reached: 'answered', providerCode: payment.error })
    return {
      providerReference: payment.id,
      reference: payment.reference,
      status: status ?? 'succeeded',
      providerStatus: payment.status,
      amount: moneyOf(payment.amount, payment.currency),
      amountCapturable: payment.status === 'held' ? part(payment.amount) : 0,
      amountCaptured: part(payment.captured),
      amountRefunded: part(payment.refunded),
      method: { type: payment.method },
      ...payment.account !== undefined && bug !== 'forgets_received' && { amountReceived: part(payment.received) },
      ...payment.saved_method !== undefined && bug !== 'forgets_saved' && { savedMethodReference: payment.saved_method },
      ...payment.error !== undefined && { error: { code: away && bug === 'away_is_declined' ? 'card_declined' as const : code ?? 'card_declined', providerCode: payment.error } },
      nextAction: nextActionOf(payment)
    }
  }

  function nextActionOf (payment: WirePayment): NextAction | undefined {
    const { slip, account, redirect_url: url, ask } = payment
    if (payment.error === 'wants_payer' && bug !== 'away_is_declined') return { type: 'client_secret', client_secret: payment.client_secret }
    if (payment.status !== 'waiting') return undefined
    if (slip !== undefined) {
      const until = new Date(slip.until).toISOString()
      return { type: 'voucher', reference: slip.number, expires_at: bug === 'local_expiry' ? until.replace('Z', '') : until }
    }
    if (account !== undefined) return { type: 'bank_transfer', clabe: bug === 'bad_clabe' ? account.clabe.replace(/.$/, last => String((Number(last) + 1) % 10)) : account.clabe, amount_remaining: moneyOf(account.missing, payment.currency).amount }
    if (ask !== undefined) return bug === 'leaves_page' ? { type: 'redirect', url: 'https://bank.toy.test/' } : { type: 'sdk_challenge', data: { ask } }
    return url === undefined ? undefined : { type: 'redirect', url }
  }

  function refundOf (refund: WireRefund): RefundSnapshot {
    return { providerReference: refund.id, refundReference: refund.reference, paymentProviderReference: refund.payment, status: 'succeeded', providerStatus: 'done', amount: moneyOf(refund.amount, refund.currency) }
  }

  const between = ({ from, to, cursor }: ListRange) => `from=${from.getTime()}&to=${to.getTime()}${cursor === undefined ? '' : `&after=${cursor}`}`
  async function page<T> (context: ConnectionContext, path: string, range: ListRange): Promise<{ data: T[], next?: string }> {
    const { data, next } = await call(context, 'GET', `${path}?${between(range)}`) as { data: T[], next?: string }
    return { data, ...next !== undefined && bug !== 'first_page_only' && { next } }
  }

  return {
    async createPayment (context, input) {
      return snapshotOf(await call(context, 'POST', '/v1/payments', {
        amount: wireAmount(input.amount),
        currency: input.amount.currency,
        reference: input.reference,
        method: input.method?.type,
        token: input.method?.token,
        hold: input.capture === 'manual',
        away: input.offSession,
        return_url: input.returnUrl,
        until: bug === 'own_expiry' ? undefined : input.expiresAt?.getTime(),
        customer: input.customer?.provider_reference,
        keep: input.saveMethod
      }, input.idempotencyKey) as WirePayment)
    },
    getPayment: async (context, id) => snapshotOf(await call(context, 'GET', `/v1/payments/${encodeURIComponent(id)}`) as WirePayment),
    async findPayment (context, { reference }) {
      const found = await first<WirePayment>(context, '/v1/payments', bug === 'finds_another' ? undefined : reference)
      return found && snapshotOf(found)
    },
    confirmPayment: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/confirm`, { token: input.method.token }, input.idempotencyKey) as WirePayment),
    capture: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/capture`, { amount: bug === 'forgets_part' ? undefined : wireAmount(input.amount) }, input.idempotencyKey) as WirePayment),
    cancel: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/cancel`, {}, input.idempotencyKey) as WirePayment),
    refund: async (context, input) => refundOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/refunds`, { amount: wireAmount(input.amount), reference: input.refundReference }, input.idempotencyKey) as WireRefund),
    getRefund: async (context, id) => refundOf(await call(context, 'GET', `/v1/refunds/${encodeURIComponent(id)}`) as WireRefund),
    async findRefund (context, { refundReference }) {
      const found = await first<WireRefund>(context, '/v1/refunds', bug === 'wrong_refund' ? '' : refundReference)
      return found && refundOf(found)
    },
    async listPayments (context, range) {
      const { data, next } = await page<WirePayment>(context, '/v1/payments', range)
      return { data: data.map(snapshotOf), next }
    },
    async listTransactions (context, range) {
      const { data, next } = await page<WireMove>(context, '/v1/moves', range)
      return {
        data: data.map(move => ({
          providerReference: move.id,
          type: move.kind,
          amount: moneyOf(bug === 'refund_positive' ? Math.abs(move.amount) : move.amount, move.currency),
          fee: moneyOf(move.fee, move.currency).amount,
          net: moneyOf(bug === 'fee_added' ? move.amount + move.fee : move.net, move.currency).amount,
          reference: move.reference,
          paymentProviderReference: move.payment,
          at: new Date(move.created)
        })),
        next
      }
    }
  } satisfies PaymentsFamily
}
