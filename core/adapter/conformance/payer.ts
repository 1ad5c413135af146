import type { ConnectionContext } from '../context.ts'
import type { Money } from '../money.ts'
import type { CreatePaymentInput, Lookup, PaymentSnapshot, PaymentsFamily } from '../payments.ts'
import { plainAmount } from './amount-rules.ts'
import { check, shown } from './check.ts'
import type { Plan } from './draft.ts'
import type { PaymentSamples } from './harness.ts'
import type { Opened, Session } from './session.ts'

export interface Payer {
  family: PaymentsFamily
  samples: PaymentSamples
  /** The currencies to try, those in which the approved method works. */
  sweep: string[]
  plain: Money
  input: (session: Session, more?: Partial<CreatePaymentInput>) => CreatePaymentInput
  /** Asks for a payment by the approved method; what was asked is there even when the answer is not. */
  pay: (session: Session, context: ConnectionContext, more?: Partial<CreatePaymentInput>) => { input: CreatePaymentInput, asked: Promise<PaymentSnapshot> }
  paid: (session: Session, context: Opened, more?: Partial<CreatePaymentInput>) => Promise<{ input: CreatePaymentInput, payment: PaymentSnapshot }>
  authorized: (session: Session, context: Opened) => Promise<{ input: CreatePaymentInput, payment: PaymentSnapshot }>
  lookup: (session: Session, reference: string) => Lookup
}

const minuteMs = 60_000

/** Pays as the harness says that one pays here. */
export function payer ({ harness, transcript }: Plan): Payer {
  const { manifest, payments: family } = harness.adapter
  const samples = harness.payments
  if (family === undefined || samples === undefined) throw new Error('payer() is for payments')
  const only = manifest.methods.find(({ type }) => type === samples.approved.type)?.currencies
  const sweep = [...samples.currencies ?? manifest.currencies].filter(currency => only === undefined || only.includes(currency))
  const plain = samples.amount ?? plainAmount(manifest, sweep[0] ?? 'MXN')

  const input: Payer['input'] = (session, more) => ({
    idempotencyKey: session.key(),
    reference: session.id('pay'),
    attempt: 1,
    amount: plain,
    method: samples.approved,
    capture: 'automatic',
    returnUrl: 'https://shop.test/return',
    ...samples.more,
    ...more
  })
  const remembered = async (asked: Promise<PaymentSnapshot>) => {
    const payment = await asked
    if (payment.nextAction?.type === 'client_secret') transcript.secrets.add(payment.nextAction.client_secret)
    return payment
  }
  const pay: Payer['pay'] = (session, context, more) => {
    const asked = input(session, more)
    return { input: asked, asked: remembered(family.createPayment(context, asked)) }
  }
  return {
    family,
    samples,
    sweep,
    plain,
    input,
    pay,
    async paid (session, context, more) {
      const { input, asked } = pay(session, context, more)
      let payment = await asked
      if (payment.status === 'processing' && samples.settle !== undefined) {
        await samples.settle(payment, session.simulator)
        payment = await family.getPayment(context, payment.providerReference)
      }
      check(payment.status === 'succeeded', `the approved method ends as ${payment.status} (${payment.providerStatus}): ${shown(payment.error)}`)
      return { input, payment }
    },
    async authorized (session, context) {
      const { input, asked } = pay(session, context, { capture: 'manual' })
      const payment = await asked
      check(payment.status === 'authorized', `capture: 'manual' ends as ${payment.status} (${payment.providerStatus}), not authorized`)
      return { input, payment }
    },
    lookup: ({ now }, reference) => ({ reference, from: new Date(now().getTime() - minuteMs), to: new Date(now().getTime() + minuteMs) })
  }
}
