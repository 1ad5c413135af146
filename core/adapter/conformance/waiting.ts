import { type Money, money } from '../money.ts'
import type { MethodInput, NextAction, PaymentSnapshot } from '../payments.ts'
import { plainAmount } from './amount-rules.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { payer } from './payer.ts'
import type { Session } from './session.ts'

const dayMs = 86_400_000

/** Payments that wait: for cash, for a transfer, for a question in the shop's own page. */
export function waitingPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, samples, plain, pay } = payer(plan)
  const { manifest } = plan.harness.adapter
  const { transfer, inPage } = samples
  /** In a currency of the method's. */
  const inItsOwn = <T extends { method: MethodInput, more?: { amount?: Money } }>(sample: T): T & { more: { amount: Money } } => {
    const [currency = plain.currency] = manifest.methods.find(({ type }) => type === sample.method.type)?.currencies ?? []
    return { ...sample, more: { amount: currency === plain.currency ? plain : plainAmount(manifest, currency), ...sample.more } }
  }
  const voucher = samples.voucher && inItsOwn(samples.voucher)
  const drafts: Draft[] = []
  const promise = (group: string) => (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: group, name, because, keep })

  const waits = (session: Session, payment: PaymentSnapshot, reference: string) => {
    same([payment.status, payment.amountCaptured], ['requires_action', 0], 'while it waits')
    same(session.simulator.effects(reference).charges, 0, "charges in the provider's books")
  }

  if (voucher !== undefined) {
    const { method, more } = voucher
    const promised = promise('vouchers')
    promised('a voucher tells how and until when it is paid', 'the payer writes the number down, and the shop keeps the goods so long', async session => {
      const { input, asked } = pay(session, session.open(), { method, ...more })
      const payment = await asked
      waits(session, payment, input.reference)
      const action = actionOf(payment, 'voucher')
      check(action.reference, 'the voucher has no reference')
      check(/Z$/.test(action.expires_at) && Date.parse(action.expires_at) > session.now().getTime(), `it expires at ${shown(action.expires_at)}, which is no moment to come, told in UTC`)
    })
    if (voucher.endIsChosen !== false) {
      promised('a voucher ends when it was asked to, as well as the provider can', 'what is sold until Friday is not kept until Sunday', async session => {
        const expiresAt = new Date(session.now().getTime() + 5 * dayMs)
        const { asked } = pay(session, session.open(), { method, ...more, expiresAt })
        const ends = Date.parse(actionOf(await asked, 'voucher').expires_at)
        check(Math.abs(ends - expiresAt.getTime()) <= dayMs, `asked to end at ${expiresAt.toISOString()}, it ends at ${new Date(ends).toISOString()}`)
      })
    }
    promised('a voucher that is paid succeeds', 'then the goods are sent', async session => {
      const context = session.open()
      const { input, asked } = pay(session, context, { method, ...more })
      const payment = await asked
      await voucher.pay(payment, session.simulator, context)
      const after = await family.getPayment(context, payment.providerReference)
      same([after.status, after.amountCaptured, after.method?.type ?? method.type], ['succeeded', input.amount.amount, method.type], 'after the payment')
    })
    const { expire } = voucher
    if (expire !== undefined) {
      promised('a voucher that nobody pays expires', 'else it hangs for ever, and the goods with it', async session => {
        const context = session.open()
        const { input, asked } = pay(session, context, { method, ...more })
        const payment = await asked
        await expire(payment, session.simulator, context)
        const after = await family.getPayment(context, payment.providerReference)
        same([after.status, after.amountCaptured], ['expired', 0], 'afterwards')
        same(session.simulator.effects(input.reference).charges, 0, "charges in the provider's books")
      })
    }
    if (voucher.refundable === false && capabilities.has('refund')) {
      promised('cash that does not go back is refused as unsupported', 'the tenant must know that it pays it back itself', async session => {
        const context = session.open()
        const { input, asked } = pay(session, context, { method, ...more })
        const payment = await asked
        await voucher.pay(payment, session.simulator, context)
        const error = await refusal(family.refund!(context, {
          idempotencyKey: session.key(), refundReference: session.id('ref'), reference: input.reference, providerReference: payment.providerReference, amount: input.amount
        }), 'the refund of a voucher')
        reached(error, ['answered', 'nowhere'], 'nothing went back')
        same(error.code, 'unsupported', 'code')
      })
    }
  }

  if (transfer !== undefined) {
    const { method, more } = inItsOwn(transfer)
    const promised = promise('transfers')
    promised('a transfer tells where the money goes', 'one wrong digit and it is somebody else’s', async session => {
      const { input, asked } = pay(session, session.open(), { method, ...more })
      const payment = await asked
      waits(session, payment, input.reference)
      const action = actionOf(payment, 'bank_transfer')
      check(action.clabe ?? action.account ?? action.url, `nothing says where: ${shown(action)}`)
      check(action.clabe === undefined || isClabe(action.clabe), `${action.clabe ?? ''} is no CLABE: 18 digits, of which the last checks the others`)
      check([undefined, input.amount.amount].includes(action.amount_remaining), `${String(action.amount_remaining)} remains of ${input.amount.amount}`)
    })
    promised('a transfer that arrives succeeds', 'then the goods are sent', async session => {
      const context = session.open()
      const { input, asked } = pay(session, context, { method, ...more })
      const payment = await asked
      await transfer.send(payment, input.amount, session.simulator, context)
      const after = await family.getPayment(context, payment.providerReference)
      same([after.status, after.amountCaptured], ['succeeded', input.amount.amount], 'after the transfer')
    })
    if (transfer.parts !== false) {
      promised('a transfer in two parts is paid when both are there', 'half the money is not the price', async session => {
        const context = session.open()
        const { input, asked } = pay(session, context, { method, ...more })
        const payment = await asked
        const { amount, currency } = input.amount
        const part = money(Math.floor(amount / 4), currency)
        const rest = money(amount - part.amount, currency)
        await transfer.send(payment, part, session.simulator, context)
        const between = await family.getPayment(context, payment.providerReference)
        same([between.status, between.amountCaptured], ['requires_action', 0], 'after the first part')
        same([between.amountReceived, actionOf(between, 'bank_transfer').amount_remaining ?? rest.amount], [part.amount, rest.amount], 'received, and what remains')
        await transfer.send(payment, rest, session.simulator, context)
        const after = await family.getPayment(context, payment.providerReference)
        same([after.status, after.amountCaptured], ['succeeded', input.amount.amount], 'after the second part')
      })
    }
  }

  if (inPage !== undefined) {
    promise('payments')('without a page to come back to, the bank asks in the shop’s own page', 'a redirect would leave the payer at the bank', async session => {
      const { input, asked } = pay(session, session.open(), { method: inPage.method, returnUrl: undefined })
      const payment = await asked
      waits(session, payment, input.reference)
      const action = payment.nextAction
      check(action?.type === 'sdk_challenge' || action?.type === 'client_secret', `nextAction is ${shown(action)}: it leads away from the page`)
      check(action.type === 'client_secret' || Object.keys(action.data).length > 0, 'the page is told nothing to ask with')
    })
  }
  return drafts
}

export function actionOf<T extends NextAction['type']> (payment: PaymentSnapshot, type: T): Extract<NextAction, { type: T }> {
  check(payment.nextAction?.type === type, `nextAction is ${shown(payment.nextAction)}, not a ${type}`)
  return payment.nextAction as Extract<NextAction, { type: T }>
}

/** Source: Banxico, circular 3/2012, annex: weights 3, 7, 1 over the first 17 digits, each product modulo 10. */
function isClabe (digits: string): boolean {
  if (!/^\d{18}$/.test(digits)) return false
  const sum = [...digits.slice(0, 17)].reduce((sum, digit, i) => sum + Number(digit) * [3, 7, 1][i % 3]! % 10, 0)
  return (10 - sum % 10) % 10 === Number(digits[17])
}
