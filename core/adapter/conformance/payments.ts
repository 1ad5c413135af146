import { money } from '../money.ts'
import { paymentStatuses, type PaymentSnapshot } from '../payments.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { payer } from './payer.ts'
import type { Opened, Session } from './session.ts'

/** Every declared capability of the payments family, end to end through the simulator. */
export function paymentPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { manifest } = plan.harness.adapter
  const { family, samples, plain, pay, paid, authorized, lookup } = payer(plan)
  const { strangeStatus = (body, word) => body.replaceAll(JSON.stringify(word), '"never_heard_of"') } = samples
  const half = money(plain.amount / 2, plain.currency)
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'payments', name, because, keep })

  /** What became of a payment whose payer came back, as the hub finds out. */
  const arrived = async (session: Session, context: Opened, { input, payment: { providerReference } }: { input: { reference: string }, payment: PaymentSnapshot }): Promise<PaymentSnapshot> => {
    const seen = await family.getPayment(context, providerReference)
    return seen.approval === undefined || family.completePayment === undefined ? seen : await family.completePayment(context, { idempotencyKey: session.key(), providerReference, reference: input.reference })
  }
  const wellFormed = (snapshot: PaymentSnapshot) => {
    check(snapshot.providerReference, 'the snapshot has no providerReference')
    check(paymentStatuses.includes(snapshot.status), `${shown(snapshot.status)} is not a status of ours`)
    check(snapshot.providerStatus, "the snapshot does not keep the provider's own status")
    for (const part of [snapshot.amount.amount, snapshot.amountCapturable, snapshot.amountCaptured, snapshot.amountRefunded ?? 0]) {
      check(Number.isSafeInteger(part) && part >= 0, `${part} is not an integer of minor units`)
    }
  }

  promise('a payment by the approved method succeeds and tells what was asked', 'amount, currency and reference are compared before a payment counts as paid', async session => {
    const context = session.open()
    const { input, payment } = await paid(session, context)
    wellFormed(payment)
    same(payment.amount, { ...input.amount }, 'amount')
    same(payment.amountCaptured, input.amount.amount, 'amountCaptured')
    same(payment.amountCapturable, 0, 'amountCapturable')
    check(payment.reference === input.reference || payment.reference === undefined, `the reference comes back as ${shown(payment.reference)}`)
    check(payment.mode === undefined || payment.mode === context.mode, `a ${context.mode} payment says that it is ${payment.mode}`)
    check(payment.error === undefined, `a paid payment has an error: ${shown(payment.error)}`)
    same(session.simulator.effects(input.reference).charges, 1, "charges in the provider's books")
    const read = await family.getPayment(context, payment.providerReference)
    wellFormed(read)
    same([read.providerReference, read.status, read.amount, read.amountCaptured], [payment.providerReference, payment.status, payment.amount, payment.amountCaptured], 'getPayment tells the same')
  })

  promise('a payment that does not exist is not_found', 'the resolver must be able to believe it', async session => {
    const context = session.open()
    const { payment } = await paid(session, context)
    const error = await refusal(family.getPayment(context, payment.providerReference.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, last => last === 'x' ? 'y' : 'x')), 'getPayment of an unknown id')
    reached(error, ['answered'], 'the provider answered')
    same(error.code, 'not_found', 'code')
  })

  promise('a status never heard of is nobody knows', 'providers add words without asking, and a default of paid gives goods away', async session => {
    const context = session.open()
    const { payment } = await paid(session, context)
    let told = 0
    const changed: Opened = {
      ...context,
      async http (request) {
        const response = await context.http(request)
        const body = Buffer.from(response.body).toString()
        const strange = strangeStatus(body, payment.providerStatus)
        if (strange !== body) told++
        return { ...response, body: Buffer.from(strange) }
      }
    }
    const asked = family.getPayment(changed, payment.providerReference)
    await asked.catch(() => {})
    check(told > 0, `${shown(payment.providerStatus)} stands in no answer as it is; the harness owes payments.strangeStatus`)
    const error = await refusal(asked, `getPayment when the provider says never_heard_of instead of ${payment.providerStatus}`)
    reached(error, ['unknown'], 'an unknown status')
  })

  for (const { method, code } of samples.declined) {
    promise(`a decline is an answer: ${code} (${shown(method.token ?? method.type)})`, 'the payer is told, and may try another way', async session => {
      const context = session.open()
      const { input, asked } = pay(session, context, { method })
      const payment = await asked
      wellFormed(payment)
      check(['requires_payment_method', 'failed', 'canceled'].includes(payment.status), `a declined payment is ${payment.status}`)
      same(payment.error?.code, code, 'error.code')
      check(payment.error?.providerCode, "the provider's own code is not kept beside ours")
      const mapped = manifest.errors[payment.error.providerCode]
      check(mapped === undefined || mapped === code, `the manifest maps ${payment.error.providerCode} to ${mapped}, the adapter to ${code}`)
      same(payment.amountCaptured, 0, 'amountCaptured')
      same(session.simulator.effects(input.reference).charges, 0, "charges in the provider's books")
    })
  }

  if (capabilities.has('find_payment')) {
    promise('a payment is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
      const context = session.open()
      await paid(session, context)
      const { input, payment } = await paid(session, context)
      await paid(session, context)
      const found = await family.findPayment?.(context, lookup(session, input.reference))
      same(found?.providerReference, payment.providerReference, 'the payment found')
      same(found?.amount, { ...input.amount }, 'its amount')
      same(await family.findPayment?.(context, lookup(session, session.id('pay'))), undefined, 'a reference that was never used')
    })
  }

  if (capabilities.has('confirm_payment')) {
    promise('after a decline the same payment can be paid another way', 'that is what confirmPayment declares', async session => {
      const context = session.open()
      const declined = samples.declined[0]
      check(declined, 'the harness names no declined method')
      const { input, asked } = pay(session, context, { method: declined.method })
      const first = await asked
      const payment = await family.confirmPayment?.(context, {
        idempotencyKey: session.key(),
        providerReference: first.providerReference,
        reference: input.reference,
        attempt: 2,
        amount: input.amount,
        method: samples.approved,
        returnUrl: input.returnUrl
      })
      same([payment?.providerReference, payment?.status, payment?.amountCaptured], [first.providerReference, 'succeeded', input.amount.amount], 'the same payment, now paid')
      same(session.simulator.effects(input.reference).charges, 1, "charges in the provider's books")
    })
  }

  const { redirect } = samples
  if (redirect !== undefined) {
    promise('a payer who is sent away comes back paid', 'three-domain secure and bank pages', async session => {
      const context = session.open()
      const { input, asked } = pay(session, context, { method: redirect.method })
      const waiting = await asked
      wellFormed(waiting)
      same(waiting.status, 'requires_action', 'status before')
      check(waiting.nextAction?.type === 'redirect' && URL.canParse(waiting.nextAction.url), `nextAction is ${shown(waiting.nextAction)}, not a redirect with a URL`)
      same(session.simulator.effects(input.reference).charges, 0, 'charges before')
      await redirect.complete(waiting, session.simulator)
      const after = await arrived(session, context, { input, payment: waiting })
      same([after.status, after.amountCaptured], ['succeeded', input.amount.amount], 'status after')
    })
    if (capabilities.has('complete_payment')) {
      promise('what the payer agreed to is taken when it is asked for, once, and by no look', 'audits and abandoned attempts are looked at too', async session => {
        const context = session.open()
        const { input, payment } = await agreed(plan, session, context)
        const charges = () => session.simulator.effects(input.reference).charges
        for (let look = 0; look < 2; look++) {
          const seen = await family.getPayment(context, payment.providerReference)
          same([seen.status, seen.amountCaptured, charges()], ['processing', 0, 0], 'status, captured and charges by a look')
          check(seen.approval, 'the snapshot does not say that the payer agreed')
        }
        await family.findPayment?.(context, lookup(session, input.reference)).catch(() => {})
        await family.listPayments?.(context, { from: new Date(session.now().getTime() - 60_000), to: new Date(session.now().getTime() + 60_000) })
        same(charges(), 0, 'charges after every look there is')
        const asked = () => family.completePayment!(context, { idempotencyKey: session.key(), providerReference: payment.providerReference, reference: input.reference })
        for (const told of [...await Promise.all([asked(), asked()]), await asked()]) same([told.status, told.amountCaptured, told.approval], ['succeeded', input.amount.amount, undefined], 'what each who asks is told')
        same(charges(), 1, 'charges of three who asked, each with a key of its own')
      })
    }
  }

  if (capabilities.has('capture')) {
    const capture = (session: Session, context: Opened, from: { input: { reference: string }, payment: PaymentSnapshot }, amount = plain) =>
      family.capture!(context, { idempotencyKey: session.key(), providerReference: from.payment.providerReference, reference: from.input.reference, amount })

    promise('a held payment is captured whole', 'the hold said so', async session => {
      const context = session.open()
      const held = await authorized(session, context)
      wellFormed(held.payment)
      same([held.payment.amountCapturable, held.payment.amountCaptured], [plain.amount, 0], 'held, not taken')
      const captured = await capture(session, context, held)
      same([captured.status, captured.amountCaptured, captured.amountCapturable], ['succeeded', plain.amount, 0], 'after the capture')
      same(session.simulator.effects(held.input.reference).captures, 1, "captures in the provider's books")
    })
    promise('a held payment is captured in part, and the rest is let go', 'fewer goods were sent than ordered', async session => {
      const context = session.open()
      const held = await authorized(session, context)
      const captured = await capture(session, context, held, half)
      same([captured.status, captured.amountCaptured, captured.amountCapturable], ['succeeded', half.amount, 0], 'after the capture')
      const read = await family.getPayment(context, held.payment.providerReference)
      same([read.status, read.amountCaptured, read.amountCapturable], ['succeeded', half.amount, 0], 'read back')
    })
    promise('more than is held is not captured', 'an error that is told as success loses the difference', async session => {
      const context = session.open()
      const held = await authorized(session, context)
      const error = await refusal(capture(session, context, held, money(plain.amount * 2, plain.currency)), 'capture of twice the amount')
      reached(error, ['answered', 'nowhere'], 'the provider refused')
      same(session.simulator.effects(held.input.reference).captures, 0, "captures in the provider's books")
    })
  }

  if (capabilities.has('cancel')) {
    promise('a payment that is not taken yet is canceled', 'the hold on the card ends', async session => {
      const context = session.open()
      const held = await cancelable(plan, session, context)
      const canceled = await family.cancel!(context, { idempotencyKey: session.key(), providerReference: held.payment.providerReference, reference: held.input.reference, reason: 'requested_by_customer' })
      same([canceled.status, canceled.amountCapturable, canceled.amountCaptured], ['canceled', 0, 0], 'after the cancellation')
      same((await family.getPayment(context, held.payment.providerReference)).status, 'canceled', 'read back')
      same(session.simulator.effects(held.input.reference).cancellations, 1, "cancellations in the provider's books")
    })
    promise('a paid payment is not canceled', 'money that was taken goes back by a refund', async session => {
      const context = session.open()
      const { input, payment } = await paid(session, context)
      const outcome = await family.cancel!(context, { idempotencyKey: session.key(), providerReference: payment.providerReference, reference: input.reference }).catch((error: unknown) => error)
      const told = outcome as { status?: string, reached?: string }
      check(told.status !== 'canceled' || session.simulator.effects(input.reference).cancellations === 1, 'cancel() says canceled, but the provider kept the money')
      check(told.reached !== 'unknown', `a refusal is told as if nobody knew: ${shown(outcome)}`)
    })
  }

  if (capabilities.has('refund')) {
    const refund = (session: Session, context: Opened, from: { input: { reference: string }, payment: PaymentSnapshot }, amount = plain, refundReference = session.id('ref')) =>
      family.refund!(context, { idempotencyKey: session.key(), refundReference, reference: from.input.reference, providerReference: from.payment.providerReference, amount, reason: 'requested_by_customer' })

    for (const [what, amount] of samples.wholeRefunds === true ? [['whole', plain]] as const : [['whole', plain], ['half', half]] as const) {
      promise(`a payment is refunded (${what})`, 'the money goes back once, and only what was asked', async session => {
        const context = session.open()
        const from = await paid(session, context)
        const refundReference = session.id('ref')
        const made = await refund(session, context, from, amount, refundReference)
        check(made.status === 'succeeded' || made.status === 'pending', `the refund is ${made.status} (${made.providerStatus})`)
        same(made.amount, { ...amount }, 'amount')
        check(made.refundReference === undefined || made.refundReference === refundReference, `our refund id comes back as ${shown(made.refundReference)}`)
        check(made.paymentProviderReference === undefined || made.paymentProviderReference === from.payment.providerReference, `the refund names another payment: ${shown(made.paymentProviderReference)}`)
        same(session.simulator.effects(from.input.reference).refunds, 1, "refunds in the provider's books")
        const read = await family.getPayment(context, from.payment.providerReference)
        check(read.amountRefunded === undefined || made.status === 'pending' || read.amountRefunded === amount.amount, `amountRefunded is ${read.amountRefunded}, not ${amount.amount}`)
        if (capabilities.has('get_refund')) {
          const again = await family.getRefund!(context, made.providerReference)
          same([again.providerReference, again.amount], [made.providerReference, made.amount], 'getRefund tells the same')
        }
      })
    }
    if (samples.wholeRefunds === true) {
      promise('a part is not refunded, and nothing is', 'an error that is told as success promises money', async session => {
        const context = session.open()
        const from = await paid(session, context)
        const error = await refusal(refund(session, context, from, half), 'the refund of a half')
        reached(error, ['answered', 'nowhere'], 'nothing went back')
        same(error.code, 'unsupported', 'code')
        same(session.simulator.effects(from.input.reference).refunds, 0, "refunds in the provider's books")
      })
    } else {
      promise('two halves are two refunds', 'a second partial refund is not a repetition of the first', async session => {
        const context = session.open()
        const from = await paid(session, context)
        const first = await refund(session, context, from, half)
        const second = await refund(session, context, from, half)
        check(first.providerReference !== second.providerReference, 'the second refund is answered with the first')
        same(session.simulator.effects(from.input.reference).refunds, 2, "refunds in the provider's books")
      })
    }
    promise('more than was paid is not refunded', 'an error that is told as success promises money', async session => {
      const context = session.open()
      const from = await paid(session, context)
      const outcome = await refund(session, context, from, money(plain.amount * 2, plain.currency)).catch((error: unknown) => error)
      const told = outcome as { status?: string, reached?: string }
      check(told.status === 'failed' || told.reached === 'answered' || told.reached === 'nowhere', `it is told as ${shown(outcome)}`)
      same(session.simulator.effects(from.input.reference).refunds, 0, "refunds in the provider's books")
    })
    if (capabilities.has('find_refund')) {
      promise('a refund is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
        const context = session.open()
        const from = await paid(session, context)
        const refundReference = session.id('ref')
        const part = samples.wholeRefunds === true ? plain : half
        const made = await refund(session, context, from, part, refundReference)
        const others = samples.wholeRefunds === true ? [] : [(await refund(session, context, from, half)).providerReference]
        const where = { ...lookup(session, from.input.reference), providerReference: from.payment.providerReference, amount: part }
        same((await family.findRefund?.(context, { ...where, refundReference, others }))?.providerReference, made.providerReference, 'the refund found')
        same(await family.findRefund?.(context, { ...where, refundReference: session.id('ref'), others: [made.providerReference, ...others] }), undefined, 'a reference that was never used')
      })
    }
  }
  return drafts
}

/** A payment whose payer agreed on the provider's page. */
export async function agreed (plan: Plan, session: Session, context: Opened) {
  const { samples, pay } = payer(plan)
  const { redirect } = samples
  check(redirect, 'the harness names no redirect, so no payer can agree')
  const { input, asked } = pay(session, context, { method: redirect.method })
  const payment = await asked
  await redirect.complete(payment, session.simulator)
  return { input, payment }
}

/** A payment that can still be canceled: held, or waiting for its payer. */
export async function cancelable (plan: Plan, session: Session, context: Opened) {
  const { samples, authorized, pay } = payer(plan)
  if (plan.capabilities.has('capture')) return authorized(session, context)
  const { input, asked } = pay(session, context, { method: samples.redirect?.method })
  return { input, payment: await asked }
}
