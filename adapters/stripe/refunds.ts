import { type ConnectionContext, type PaymentsFamily, ProviderError, type RefundInput, type RefundSnapshot } from '../../core/adapter/index.ts'
import { partOnWire } from './amounts.ts'
import { everyOne, keyed, orTruth } from './asking.ts'
import { call } from './http.ts'
import { metadataOf, metadataKeys } from './metadata.ts'
import { refundOf } from './wire.ts'

export const refunds = {
  refund: async (context, input) => {
    const params = {
      payment_intent: input.providerReference,
      amount: partOnWire(input.amount),
      reason: input.reason,
      metadata: metadataOf(undefined, { refund: input.refundReference, payment: input.reference })
    }
    try {
      return await orTruth(async () => refundOf(await call(context, (stripe, as) => stripe.refunds.create(params, keyed(as, input)))), () => find(context, input))
    } catch (thrown) {
      throw await whyRefused(context, input, thrown)
    }
  },

  getRefund: async (context, providerReference) => refundOf(await call(context, (stripe, as) => stripe.refunds.retrieve(providerReference, {}, as))),

  findRefund: find
} satisfies Partial<PaymentsFamily>

async function find (context: ConnectionContext, { refundReference, providerReference }: { refundReference: string, providerReference: string }): Promise<RefundSnapshot | undefined> {
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.refunds.list({ payment_intent: providerReference, ...page }, as)),
    refund => refund.metadata?.[metadataKeys.refund] === refundReference)
  return found === undefined ? undefined : refundOf(found)
}

/** Cash that was handed over in a shop does not go back, whatever Stripe calls it: the refusal is `unsupported`. */
async function whyRefused (context: ConnectionContext, { providerReference }: RefundInput, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered' || thrown.code !== 'invalid_request') return thrown
  try {
    const intent = await call(context, (stripe, as) => stripe.paymentIntents.retrieve(providerReference, { expand: ['latest_charge'] }, as))
    const charge = intent.latest_charge
    if (typeof charge !== 'object' || charge?.payment_method_details?.type !== 'oxxo') return thrown
    const { providerCode, providerMessage, httpStatus } = thrown
    return new ProviderError({ code: 'unsupported', reached: 'answered', param: 'method', providerCode, providerMessage, httpStatus })
  } catch {
    return thrown
  }
}
