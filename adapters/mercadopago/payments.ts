import { type ConnectionContext, type CreatePaymentInput, type MethodInput, type PaymentSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire, partOnWire } from './amounts.ts'
import { before, orDone, page, refusal, stamp } from './asking.ts'
import { attempts, mustBe, readPayment } from './attempts.ts'
import { checkCard, chooseCard, isSavedCard } from './cards.ts'
import { checkouts } from './checkouts.ts'
import { homeOf } from './countries.ts'
import { customers } from './customers.ts'
import { disputes } from './disputes.ts'
import { numbered, post, put } from './http.ts'
import { links } from './links.ts'
import { markOf } from './marks.ts'
import type { Payment } from './objects.ts'
import { paymentParams } from './payment-params.ts'
import { refunds } from './refunds.ts'
import { subscriptions } from './subscriptions.ts'
import { transactions } from './transactions.ts'
import { snapshotOf } from './wire.ts'

/** Each attempt is a payment of Mercado Pago's own, and all of one payment of ours carry its `external_reference`. */
const own = {
  createPayment: async (context, input) => {
    const asked = withMethod(input)
    const home = await before(() => homeOf(context))
    const isCard = asked.method.type === 'card'
    if (isCard) checkCard(asked, context.settings)
    // Whatever is refused is refused before a token is used or a card is kept.
    if (!isCard || !repeatsWithAnotherToken(asked)) paymentParams(asked, home, context.settings)
    const wire = chargeOnWire(asked.amount, asked.method.type, home, context.settings)
    try {
      const card = isCard ? await before(() => chooseCard(context, asked, wire)) : undefined
      const made = await post<Payment>(context, '/v1/payments', paymentParams(asked, home, context.settings, card), input.idempotencyKey)
      return away(input, snapshotOf(mustBe(made), context))
    } catch (thrown) {
      const there = await madeBefore(context, asked, thrown)
      if (there === undefined) throw thrown
      return away(input, there)
    }
  },

  getPayment: async (context, providerReference) => snapshotOf(await readPayment(context, providerReference), context),

  findPayment: async (context, lookup) => {
    const all = (await attempts(context, lookup)).map(payment => snapshotOf(payment, context))
    return all.find(({ status }) => status === 'succeeded' || status === 'authorized') ?? all[0]
  },

  capture: async (context, input) => {
    const wire = partOnWire(input.amount)
    return snapshotOf(await orDone(() => change(context, input.providerReference, { capture: true, transaction_amount: wire }), () => readIf(context, input.providerReference, 'succeeded')), context)
  },

  cancel: async (context, input) =>
    snapshotOf(await orDone(() => change(context, input.providerReference, { status: 'cancelled' }), () => readIf(context, input.providerReference, 'canceled')), context),

  listPayments: async (context, { from, to, cursor }) => {
    const { data, next } = await page<Payment>(context, '/v1/payments/search', { sort: 'date_created', criteria: 'asc', range: 'date_created', begin_date: stamp(from), end_date: stamp(to) }, cursor)
    return { data: data.map(payment => snapshotOf(mustBe(payment), context)), ...(next !== undefined && { next }) }
  }
} satisfies PaymentsFamily

export const payments = { ...own, ...refunds, ...checkouts, ...links, ...customers, ...subscriptions, ...disputes, ...transactions } satisfies PaymentsFamily

const change = async (context: ConnectionContext, id: string, body: object): Promise<Payment> => mustBe(await put<Payment>(context, `/v1/payments/${numbered(id)}`, body))

async function readIf (context: ConnectionContext, id: string, status: PaymentSnapshot['status']): Promise<Payment | undefined> {
  const payment = await readPayment(context, id)
  return snapshotOf(payment, context).status === status ? payment : undefined
}

/** There is no payment without a method here: it would wait for one at nobody's. */
function withMethod (input: CreatePaymentInput): CreatePaymentInput & { method: MethodInput } {
  if (input.method === undefined) throw refusal('method', 'a payment of Mercado Pago’s is made with its method')
  return { ...input, method: input.method }
}

/** A saved card is charged by a token that is made for the charge: the same key would then carry another body. */
const repeatsWithAnotherToken = ({ method, saveMethod }: CreatePaymentInput & { method: MethodInput }): boolean => method.type === 'card' && (isSavedCard(method.token) || saveMethod === true)

/**
 * A key that was seen with another token, a payment that was "already posted", a token that was used: the attempt may have been made the
 * first time, and only its answer lost. It is looked for before a refusal is believed. Undefined: the refusal stands.
 */
async function madeBefore (context: ConnectionContext, asked: CreatePaymentInput & { method: MethodInput }, thrown: unknown): Promise<PaymentSnapshot | undefined> {
  if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered') return undefined
  const seen = thrown.code === 'idempotency_conflict' || thrown.code === 'duplicate'
  if (!seen && !repeatsWithAnotherToken(asked)) return undefined
  const found = (await attempts(context, { reference: asked.reference })).find(({ metadata }) => markOf(metadata, 'attempt') === String(asked.attempt))
  if (found !== undefined) return snapshotOf(found, context)
  // Seen there, and not found here: nobody knows.
  if (seen) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: thrown.providerCode, providerMessage: thrown.providerMessage, httpStatus: thrown.httpStatus, cause: thrown })
  return undefined
}

/** The payer was not there, and the bank wants them. */
function away ({ offSession }: CreatePaymentInput, snapshot: PaymentSnapshot): PaymentSnapshot {
  return offSession === true && snapshot.nextAction?.type === 'sdk_challenge' ? { ...snapshot, error: { code: 'authentication_required', providerCode: 'pending_challenge' } } : snapshot
}
