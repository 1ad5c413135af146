import type { OperationName } from '../manifest.ts'
import type { Effects } from '../simulator.ts'
import type { Draft, Plan } from './draft.ts'
import { payer } from './payer.ts'
import { agreed, cancelable } from './payments.ts'
import { repeatPromises, type WriteKind } from './repeats.ts'
import type { Session } from './session.ts'

/** The writes of the payments family, each as something that can be sent, lost and asked for. */
export function paymentWrites (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { manifest } = plan.harness.adapter
  const { family, input, paid, authorized, lookup } = payer(plan)
  const reads = plan.harness.reads ?? (({ method }) => ['GET', 'HEAD'].includes(method))
  const counted = ({ simulator }: Session, reference: string, counts: keyof Effects) => () => simulator.effects(reference)[counts]
  const kind = (operation: OperationName, counts: keyof Effects, prepare: WriteKind['prepare']) =>
    capabilities.has(operation) ? repeatPromises({ operation, counts, prepare, reads, safety: manifest.retry_safety[operation] }) : []

  return [
    ...kind('create_payment', 'charges', async (session, context) => {
      const asked = input(session)
      return {
        context,
        send: () => family.createPayment(context, asked),
        lookup: family.findPayment && (() => family.findPayment!(context, lookup(session, asked.reference))),
        happened: counted(session, asked.reference, 'charges')
      }
    }),
    ...kind('complete_payment', 'charges', async (session, context) => {
      const { input, payment } = await agreed(plan, session, context)
      const asked = { idempotencyKey: session.key(), providerReference: payment.providerReference, reference: input.reference }
      return {
        context,
        send: () => family.completePayment!(context, asked),
        async lookup () {
          const truth = await family.getPayment(context, payment.providerReference)
          return truth.approval === undefined ? truth : undefined
        },
        happened: counted(session, input.reference, 'charges')
      }
    }),
    ...kind('capture', 'captures', async (session, context) => {
      const { input, payment } = await authorized(session, context)
      const asked = { idempotencyKey: session.key(), providerReference: payment.providerReference, reference: input.reference, amount: input.amount }
      return {
        context,
        send: () => family.capture!(context, asked),
        async lookup () {
          const truth = await family.getPayment(context, payment.providerReference)
          return truth.status === 'authorized' ? undefined : truth
        },
        happened: counted(session, input.reference, 'captures')
      }
    }),
    ...kind('cancel', 'cancellations', async (session, context) => {
      const { input, payment } = await cancelable(plan, session, context)
      const asked = { idempotencyKey: session.key(), providerReference: payment.providerReference, reference: input.reference }
      return {
        context,
        send: () => family.cancel!(context, asked),
        async lookup () {
          const truth = await family.getPayment(context, payment.providerReference)
          return truth.status === 'canceled' ? truth : undefined
        },
        happened: counted(session, input.reference, 'cancellations')
      }
    }),
    ...kind('refund', 'refunds', async (session, context) => {
      const { input, payment } = await paid(session, context)
      const asked = { idempotencyKey: session.key(), refundReference: session.id('ref'), reference: input.reference, providerReference: payment.providerReference, amount: input.amount }
      return {
        context,
        send: () => family.refund!(context, asked),
        lookup: family.findRefund && (() => family.findRefund!(context, { ...lookup(session, input.reference), refundReference: asked.refundReference, providerReference: payment.providerReference, amount: asked.amount, others: [] })),
        happened: counted(session, input.reference, 'refunds')
      }
    })
  ]
}
