import type { ConnectionContext } from '../context.ts'
import { isProviderError } from '../problems.ts'
import type { CreatePlanInput, CreateSubscriptionInput, CycleSnapshot, SubscriptionSnapshot } from '../subscriptions.ts'
import { subscriptionStatuses } from '../subscriptions.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import { keepers } from './customers.ts'
import type { Draft, Plan } from './draft.ts'
import { foundAlone } from './found.ts'
import type { SavedMethodSamples } from './harness.ts'
import { payer } from './payer.ts'
import type { Session } from './session.ts'

/** Whoever pays every month. */
export function subscribers (plan: Plan) {
  const { plain, samples } = payer(plan)
  const keeper = keepers(plan)
  const approve = samples.subscription?.approve
  const { family } = keeper
  const planInput = (session: Session, trialDays?: number): CreatePlanInput => ({ idempotencyKey: session.key(), reference: session.id('pln'), name: 'Membresía', amount: plain, interval: 'month', intervalCount: 1, ...trialDays !== undefined && { trialDays } })
  const ready = async (session: Session, context: ConnectionContext, given: SavedMethodSamples | undefined, more: Partial<CreateSubscriptionInput> = {}, token = given?.token) => {
    const saved = approve === undefined ? given : undefined
    const asked = planInput(session, more.trialDays)
    const made = await family.createPlan!(context, asked)
    const customer = saved === undefined || token === undefined ? (await keeper.known(session, context)).customer : undefined
    const kept = customer === undefined ? await keeper.kept(session, context, saved!, token) : undefined
    const input: CreateSubscriptionInput = {
      idempotencyKey: session.key(),
      reference: session.id('sub'),
      customerProviderReference: (customer ?? kept?.customer)!.providerReference,
      planReference: asked.reference,
      planProviderReference: made.providerReference,
      quantity: 1,
      ...kept !== undefined && { methodProviderReference: kept.method.providerReference },
      ...more
    }
    return input
  }
  return {
    ...keeper,
    plain,
    planInput,
    ready,
    async subscribed (session: Session, context: ConnectionContext, saved: SavedMethodSamples | undefined, more?: Partial<CreateSubscriptionInput>, token?: string) {
      const input = await ready(session, context, saved, more, token)
      const subscription = await family.createSubscription!(context, input)
      if (saved === undefined || approve === undefined) return { input, subscription }
      await approve(subscription, session.simulator, context)
      return { input, subscription: await family.getSubscription!(context, subscription.providerReference) }
    }
  }
}

/** Plans, and those who pay them period by period. */
export function subscriptionPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, samples, plain, planInput, subscribed, known } = subscribers(plan)
  const { lookup } = payer(plan)
  const { saved } = samples
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'subscriptions', name, because, keep })
  const has = capabilities.has.bind(capabilities)
  const lacks = new Set(samples.subscription?.lacks)

  if (has('create_plan')) {
    promise('a plan is made as it was asked', 'its price is taken every month', async session => {
      const input = planInput(session)
      const made = await family.createPlan!(session.open(), input)
      check(made.providerReference, 'the snapshot has no providerReference')
      same([made.amount, made.interval, made.intervalCount], [{ ...input.amount }, 'month', 1], 'what it costs, and how often')
    })
    if (has('find_plan')) {
      promise('a plan is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
        const context = session.open()
        await family.createPlan!(context, planInput(session))
        const input = planInput(session)
        const made = await family.createPlan!(context, input)
        await foundAlone(reference => family.findPlan!(context, lookup(session, reference)), made, { ours: input.reference, unused: session.id('pln') })
      })
    }
  }
  if (!has('create_subscription') || !has('create_plan') || !has('create_customer')) return drafts

  const wellFormed = (subscription: SubscriptionSnapshot) => {
    check(subscription.providerReference && subscription.providerStatus, 'it has no providerReference or no providerStatus')
    check(subscriptionStatuses.includes(subscription.status), `${shown(subscription.status)} is not a status of ours`)
  }
  const running = async (session: Session, context: ConnectionContext, more?: Partial<CreateSubscriptionInput>) => {
    const { input, subscription } = await subscribed(session, context, saved, more)
    wellFormed(subscription)
    same(subscription.status, 'active', 'status')
    return { input, subscription, on: { providerReference: subscription.providerReference, reference: input.reference } }
  }
  const read = async (context: ConnectionContext, providerReference: string) => await family.getSubscription!(context, providerReference)
  /** A period that was paid, by a payment that names the subscription. */
  const paidBy = async (context: ConnectionContext, cycle: CycleSnapshot | undefined, amount: number, reference: string) => {
    check(cycle, 'there is no such period')
    same([cycle.status, cycle.amount.amount], ['paid', amount], 'the period')
    check(cycle.paymentProviderReference, 'the period does not say which payment paid it')
    const payment = await family.getPayment(context, cycle.paymentProviderReference)
    same([payment.status, payment.amountCaptured], ['succeeded', amount], 'its payment')
    same(payment.reference, reference, 'the reference of its payment: our id of the subscription')
  }

  if (has('get_subscription')) {
    promise('a subscription that does not exist is not_found', 'the resolver must be able to believe it', async session => {
      const context = session.open()
      const { subscription } = await subscribed(session, context, saved)
      const error = await refusal(read(context, subscription.providerReference.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, last => last === 'x' ? 'y' : 'x')), 'getSubscription of an unknown id')
      reached(error, ['answered'], 'the provider answered')
      same(error.code, 'not_found', 'code')
    })
  }
  if (has('find_subscription')) {
    promise('a subscription is found by our reference, and only that one', 'after a cut socket the reference is all we have', async session => {
      const context = session.open()
      await subscribed(session, context, saved)
      const { input, subscription } = await subscribed(session, context, saved)
      await foundAlone(reference => family.findSubscription!(context, { ...lookup(session, reference), customerProviderReference: input.customerProviderReference }), subscription, { ours: input.reference, unused: session.id('sub') })
    })
  }
  promise('without a saved method the first period waits for the payer, or it is refused', 'nobody is charged who left no card', async session => {
    const context = session.open()
    const asked = subscribed(session, context, undefined)
    const outcome = await asked.catch((error: unknown) => error)
    if (isProviderError(outcome)) return reached(outcome, ['answered', 'nowhere'], 'it is refused')
    const { subscription } = await asked
    wellFormed(subscription)
    same(subscription.status, 'incomplete', 'status')
    check(subscription.nextAction, 'nothing tells the payer what to do')
  })
  if (!lacks.has('trial')) {
    promise('in its trial nothing is charged', 'the first month is free', async session => {
      const context = session.open()
      const { subscription } = await subscribed(session, context, saved, { trialDays: 14 })
      same(subscription.status, 'trialing', 'status')
      const ends = subscription.trialEndsAt?.getTime() ?? 0
      check(Math.abs(ends - session.now().getTime() - 14 * 86_400_000) < 86_400_000, `a trial of 14 days ends at ${shown(subscription.trialEndsAt)}`)
      if (has('list_cycles')) check((await family.listCycles!(context, subscription.providerReference)).every(({ amount }) => amount.amount === 0), 'something is asked for')
    })
  }
  if (saved === undefined || !has('save_method') || !has('get_subscription')) return drafts

  promise('with a saved method the first period is paid at once, by a payment that names the subscription', 'else nobody knows whose money it is', async session => {
    const context = session.open()
    const { input, subscription } = await running(session, context)
    const { currentPeriodStart: start, currentPeriodEnd: end } = subscription
    check(start !== undefined && end !== undefined && end > start, `its period is ${shown([start, end])}`)
    const again = await read(context, subscription.providerReference)
    same([again.providerReference, again.status], [subscription.providerReference, 'active'], 'read back')
    if (!has('list_cycles')) return
    const cycles = await family.listCycles!(context, subscription.providerReference)
    same([cycles.length, cycles[0]?.subscriptionProviderReference], [1, subscription.providerReference], 'its periods')
    await paidBy(context, cycles[0], plain.amount, input.reference)
  })
  if (has('list_cycles') && !lacks.has('quantity')) {
    promise('two of a plan cost twice', 'a quantity that is dropped is half the money', async session => {
      const context = session.open()
      const { input, subscription } = await running(session, context, { quantity: 2 })
      await paidBy(context, (await family.listCycles!(context, subscription.providerReference))[0], 2 * plain.amount, input.reference)
    })
  }
  const { failing } = saved
  if (failing !== undefined) {
    promise('a first period that the bank refuses leaves it incomplete, and says why', 'who did not pay has no access', async session => {
      const context = session.open()
      const { subscription } = await subscribed(session, context, saved, {}, failing.token)
      same(subscription.status, 'incomplete', 'status')
      check(subscription.error, 'nothing says why')
      if (has('list_cycles')) check((await family.listCycles!(context, subscription.providerReference)).every(({ status }) => status !== 'paid'), 'a period counts as paid')
    })
  }
  if (has('cancel_subscription')) {
    promise('it is canceled now, once', 'no charge comes after it', async session => {
      const context = session.open()
      const { on } = await running(session, context)
      const cancel = () => family.cancelSubscription!(context, { ...on, idempotencyKey: session.key(), at: 'now' })
      const canceled = await cancel()
      same(canceled.status, 'canceled', 'after the cancellation')
      check(canceled.canceledAt, 'nothing says when')
      same((await cancel()).status, 'canceled', 'after a second one')
      same((await read(context, on.providerReference)).status, 'canceled', 'read back')
    })
    if (!lacks.has('period_end')) {
      promise('it is canceled at the end of its period, and runs until then', 'what was paid is used', async session => {
        const context = session.open()
        const { on } = await running(session, context)
        const canceled = await family.cancelSubscription!(context, { ...on, idempotencyKey: session.key(), at: 'period_end' })
        same([canceled.status, canceled.cancelAtPeriodEnd], ['active', true], 'after the cancellation')
        const again = await read(context, on.providerReference)
        same([again.status, again.cancelAtPeriodEnd], ['active', true], 'read back')
      })
    }
  }
  if (has('pause_subscription') && has('resume_subscription')) {
    promise('it is paused, and goes on', 'the gym is closed in August', async session => {
      const context = session.open()
      const { on } = await running(session, context)
      same((await family.pauseSubscription!(context, { ...on, idempotencyKey: session.key() })).status, 'paused', 'after the pause')
      same((await read(context, on.providerReference)).status, 'paused', 'read back')
      same((await family.resumeSubscription!(context, { ...on, idempotencyKey: session.key() })).status, 'active', 'after it goes on')
      same((await read(context, on.providerReference)).status, 'active', 'read back')
    })
  }
  if (has('preview_update') && !lacks.has('quantity')) {
    promise('what a change would cost is told, and changes nothing', 'proration is told, never guessed', async session => {
      const context = session.open()
      const { on } = await running(session, context)
      const preview = await family.previewUpdate!(context, { ...on, quantity: 3, proration: 'prorate' })
      same(preview.amountDue.currency, plain.currency, 'its currency')
      const sum = preview.lines.filter(({ proration }) => proration).reduce((sum, { amount }) => sum + amount, 0)
      check(Number.isSafeInteger(preview.amountDue.amount) && preview.lines.length > 0 && sum === preview.prorated, `its prorated lines are ${sum}, it says ${preview.prorated}`)
      check(preview.prorated > 0, `two more for a month cost ${preview.prorated}`)
      if (has('list_cycles')) same((await family.listCycles!(context, on.providerReference)).length, 1, 'its periods afterwards')
    })
  }
  if (has('update_subscription') && has('list_cycles') && !lacks.has('quantity') && samples.subscription?.advance !== undefined) {
    const { advance } = samples.subscription
    promise('a change without proration costs nothing now, and counts from the next period', 'the tenant chose so', async session => {
      const context = session.open()
      const { input, subscription, on } = await running(session, context)
      const changed = await family.updateSubscription!(context, { ...on, idempotencyKey: session.key(), quantity: 2, proration: 'none' })
      same([changed.providerReference, changed.status], [subscription.providerReference, 'active'], 'after the change')
      same((await family.listCycles!(context, on.providerReference)).length, 1, 'its periods at once')
      await advance(later(subscription.currentPeriodEnd), session.simulator, context)
      await paidBy(context, (await family.listCycles!(context, on.providerReference))[0], 2 * plain.amount, input.reference)
    })
  }
  if (has('list_cycles') && samples.subscription?.advance !== undefined) {
    const { advance } = samples.subscription
    promise('the next period is paid when it begins, and told newest first', 'that is what a subscription is', async session => {
      const context = session.open()
      const { input, subscription, on } = await running(session, context)
      await advance(later(subscription.currentPeriodEnd), session.simulator, context)
      const cycles = await family.listCycles!(context, on.providerReference)
      same(cycles.length, 2, 'its periods')
      check(cycles[0]?.providerReference !== cycles[1]?.providerReference && cycles[0]?.paymentProviderReference !== cycles[1]?.paymentProviderReference, 'both periods are one')
      check((cycles[0]?.periodStart ?? 0) > (cycles[1]?.periodStart ?? 0), `they begin at ${shown(cycles.map(({ periodStart }) => periodStart))}`)
      for (const cycle of cycles) await paidBy(context, cycle, plain.amount, input.reference)
      const after = await read(context, on.providerReference)
      check(after.currentPeriodEnd !== undefined && subscription.currentPeriodEnd !== undefined && after.currentPeriodEnd > subscription.currentPeriodEnd, `its period still ends at ${shown(after.currentPeriodEnd)}`)
    })
    if (has('cancel_subscription') && !lacks.has('period_end')) {
      promise('canceled at the end of its period it ends then, without a charge', 'nobody pays for what he left', async session => {
        const context = session.open()
        const { subscription, on } = await running(session, context)
        await family.cancelSubscription!(context, { ...on, idempotencyKey: session.key(), at: 'period_end' })
        await advance(later(subscription.currentPeriodEnd), session.simulator, context)
        same((await read(context, on.providerReference)).status, 'canceled', 'after its period')
        same((await family.listCycles!(context, on.providerReference)).length, 1, 'its periods')
      })
    }
  }
  if (has('list_methods')) {
    promise('another’s subscription does not use this customer’s method', 'cards belong to their customers', async session => {
      const context = session.open()
      const { input } = await subscribed(session, context, saved)
      const { customer } = await known(session, context)
      const asked = family.createSubscription!(context, { ...input, idempotencyKey: session.key(), reference: session.id('sub'), customerProviderReference: customer.providerReference })
      const outcome = await asked.catch((error: unknown) => error) as { status?: string, reached?: string }
      check(outcome.status !== 'active' && outcome.reached !== 'unknown', `it is told as ${shown(outcome)}`)
    })
  }
  return drafts
}

/** Well into the next period: providers take an hour to finish an invoice. */
function later (end: Date | undefined): Date {
  check(end, 'nothing says when its period ends')
  return new Date(end.getTime() + 2 * 86_400_000)
}
