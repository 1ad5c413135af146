import {
  type ConnectionContext, type CreateSubscriptionInput, type CycleSnapshot, type IdempotencyKey, type PaymentsFamily, ProviderError, type SubscriptionSnapshot, type SubscriptionStatus, type UpdateSubscriptionInput
} from '../../core/adapter/index.ts'
import { amountOnWire, check } from './amounts.ts'
import { dateOf, dayMs, neverHeardOf, numberOf, refusal } from './asking.ts'
import { isOver, readKept } from './customers.ts'
import { KushkiRefusal } from './errors.ts'
import { call, segment } from './http.ts'
import { markOf, metadataOf, objectOf } from './marks.ts'
import type { Charged, KeptCard, Row } from './objects.ts'
import { contactOf } from './params.ts'
import { after, intervalOf, periodicityOf, type Plan, planNamed, plans } from './plans.ts'
import { rowsBetween } from './rows.ts'
import { approvedOf, askedOf, failureOf, statusOf } from './wire.ts'

/**
 * A kept card is a subscription that nobody charges; a subscription of ours gives it a schedule. So one kept card pays one subscription, and
 * goes on being a kept card when that ends. The steps, each of which may be repeated: the card is marked as ours; the first period is
 * charged on demand; then the schedule begins with the second period. Nothing is scheduled before the first period is paid.
 * Source: facts section 6.2, docs.kushki.com (manage scheduled charges), read 2026-11-21.
 */
export const subscriptions = {
  ...plans,

  createSubscription: async (context, input) => {
    const id = input.methodProviderReference
    if (id === undefined) throw refusal('payment_method', 'a subscription of Kushki’s is paid by a saved card')
    const plan = planNamed(input.planProviderReference)
    const amount = { ...plan.amount, amount: plan.amount.amount * input.quantity }
    check(amount, context.settings)
    const card = await readKept(context, id)
    if (isOver(card)) throw new ProviderError({ code: 'invalid_state', reached: 'answered', param: 'payment_method', providerMessage: 'the card is kept no more' })
    const ours = markOf(card.metadata, 'subscription') === input.reference
    if (!ours && isScheduled(card)) throw new ProviderError({ code: 'conflict', reached: 'answered', param: 'payment_method', providerCode: 'scheduled', providerMessage: 'this card pays another subscription: save it once more' })
    const marked = ours ? card : await mark(context, id, card, input)
    const trialEnds = dateOf(markOf(marked.metadata, 'trialEnds'))
    const first = trialEnds !== undefined ? undefined : (ours ? await firstCharge(context, id, marked, input.reference) : undefined) ?? await chargeFirst(context, id, input, amount)
    if (first !== undefined && statusOf(first) !== 'succeeded') return snapshotOf(context, id, marked, input.reference, [first])
    const begins = trialEnds ?? after(beganOf(marked, context), plan.interval, plan.intervalCount)
    const scheduled = isScheduled(marked) ? marked : await afterMoney(first !== undefined, () => schedule(context, id, marked, { plan, amount, begins }))
    return snapshotOf(context, id, scheduled, input.reference, first === undefined ? [] : [first])
  },

  getSubscription: async (context, providerReference) => {
    const { reference, id } = named(providerReference)
    const card = await readKept(context, id)
    return snapshotOf(context, id, card, reference, await cyclesOf(context, id, card, reference))
  },

  /** By the charge of its first period: Kushki lists no subscriptions. One that is half made is not there yet, and is finished by asking for it again. */
  findSubscription: async (context, { reference, from, to }) => {
    const rows = await rowsBetween(context, { from, to })
    const id = rows.find(row => markOf(row.metadata, 'subscription') === reference && row.subscription_id)?.subscription_id
    if (id === undefined) return undefined
    const card = await readKept(context, id)
    const cycles = rows.filter(row => isCycleOf(row, id, reference))
    const paid = cycles.some(row => statusOf(row) === 'succeeded')
    return paid && !isScheduled(card) && markOf(card.metadata, 'canceled') === undefined ? undefined : snapshotOf(context, id, card, reference, cycles)
  },

  updateSubscription: async (context, input) => {
    const { reference, id } = named(input.providerReference)
    if (input.methodProviderReference !== undefined && input.methodProviderReference !== id) throw refusal('payment_method', 'Kushki changes a card only with a new token: end this subscription and begin another', 'unsupported')
    const card = await readKept(context, id)
    const cycles = await cyclesOf(context, id, card, reference)
    const before = snapshotOf(context, id, card, reference, cycles)
    if (before.status === 'canceled') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: before.providerStatus })
    if (input.planProviderReference === undefined && input.quantity === undefined) return before
    if (input.proration === 'prorate') throw refusal('proration', 'Kushki charges a change from the next period', 'unsupported')
    return snapshotOf(context, id, await change(context, id, card, input), reference, cycles)
  },

  /** The card stays kept: it only has no schedule any more. With the setting `cancel_by: delete` Kushki forgets both. */
  cancelSubscription: async (context, { providerReference, at, idempotencyKey }) => {
    if (at === 'period_end') throw refusal('at', 'Kushki ends a subscription at once', 'unsupported')
    const { reference, id } = named(providerReference)
    const card = await readKept(context, id)
    const before = snapshotOf(context, id, card, reference, [])
    if (before.status === 'canceled') return before
    if (context.settings.cancel_by === 'delete') {
      await call<object>(context, { method: 'DELETE', path: `/subscriptions/v1/card/${segment(id)}`, key: 'private', idempotencyKey, mayBeEmpty: true })
      return { ...before, status: 'canceled', providerStatus: 'deleted', canceledAt: context.now() }
    }
    const metadata = { ...ownMetadata(card), ...metadataOf(undefined, { canceled: context.now().toISOString() }) }
    const ended = await patch(context, id, { periodicity: 'custom', metadata })
    if (isScheduled(ended)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: ended.periodicity, providerMessage: 'Kushki still has a schedule for it: use the setting cancel_by: delete' })
    return snapshotOf(context, id, ended, reference, [])
  },

  /** Newest first, as far back as the setting `cycles_days` says: Kushki lists charges by their dates only. */
  listCycles: async (context, providerReference) => {
    const { reference, id } = named(providerReference)
    const card = await readKept(context, id)
    return periodsOf(await cyclesOf(context, id, card, reference), card).map(period => cycleOf(period, card, providerReference)).slice(0, cyclesAtMost)
  }
} satisfies Partial<PaymentsFamily>

const cyclesAtMost = 100

/** Our id first, so that one kept card may have paid one after another. */
export const subscriptionName = (reference: string, id: string): string => `${reference}/${id}`

function named (providerReference: string): { reference: string, id: string } {
  const [, reference, id] = /^(\w{4,60})\/([\w-]{6,30})$/.exec(providerReference) ?? []
  if (reference === undefined || id === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'subscription' })
  return { reference, id }
}

export const isScheduled = ({ periodicity }: KeptCard): boolean => periodicity !== 'custom'

const ownMetadata = ({ metadata }: KeptCard): Record<string, string> => Object.fromEntries(Object.entries(objectOf(metadata) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))

const beganOf = ({ metadata }: KeptCard, { now }: ConnectionContext): Date => dateOf(markOf(metadata, 'began')) ?? now()

/** What is sent replaces what was there, so it is always whole; what Kushki then has is read. */
async function patch (context: ConnectionContext, id: string, body: object): Promise<KeptCard> {
  await call<object>(context, { method: 'PATCH', path: `/subscriptions/v1/card/${segment(id)}`, body, key: 'private', mayBeEmpty: true })
  return await readKept(context, id)
}

/** Whose the card is from now on. It costs nothing and schedules nothing. */
async function mark (context: ConnectionContext, id: string, card: KeptCard, { reference, trialDays, planReference, quantity, metadata }: CreateSubscriptionInput): Promise<KeptCard> {
  const now = context.now()
  const trialEnds = trialDays !== undefined && trialDays > 0 ? new Date(now.getTime() + trialDays * dayMs).toISOString() : undefined
  const customer = markOf(card.metadata, 'customer')
  return await patch(context, id, { metadata: metadataOf(metadata, { customer, subscription: reference, plan: planReference, quantity: String(quantity), began: now.toISOString(), trialEnds }) })
}

/** The first period, on demand. A decline is an answer: a row that says so. */
async function chargeFirst (context: ConnectionContext, id: string, { reference, idempotencyKey, customerProviderReference }: CreateSubscriptionInput, amount: { amount: number, currency: string }): Promise<Row> {
  const wire = amountOnWire(amount)
  const row: Row = { transaction_type: 'SALE', transaction_status: 'APPROVAL', payment_method: 'card', currency_code: amount.currency, amount: wire, subscription_id: id, metadata: metadataOf(undefined, { subscription: reference }), created: context.now().getTime() }
  try {
    const { ticketNumber, details } = await call<Charged>(context, {
      method: 'POST',
      path: `/subscriptions/v1/card/${segment(id)}`,
      body: { amount: wire, metadata: metadataOf(undefined, { subscription: reference }), contactDetails: contactOf({ provider_reference: customerProviderReference }, context.settings, amount.currency), fullResponse: 'v2' },
      key: 'private',
      idempotencyKey: `${idempotencyKey}-first` as IdempotencyKey
    })
    if (typeof ticketNumber !== 'string' || ticketNumber === '') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    const told = { ...row, ticket_number: ticketNumber, ...(details?.transactionStatus !== undefined && { transaction_status: details.transactionStatus }), ...(details?.created !== undefined && { created: details.created }) }
    statusOf(told)
    return told
  } catch (thrown) {
    if (!(thrown instanceof KushkiRefusal) || thrown.ticketNumber === undefined) throw thrown
    return { ...row, ticket_number: thrown.ticketNumber, transaction_status: 'DECLINED', response_code: thrown.providerCode, response_text: thrown.providerMessage }
  }
}

/** The charge of the first period, when a first run of the same request made it. */
async function firstCharge (context: ConnectionContext, id: string, card: KeptCard, reference: string): Promise<Row | undefined> {
  const rows = (await rowsBetween(context, { from: beganOf(card, context), to: context.now() })).filter(row => isCycleOf(row, id, reference))
  return rows.find(row => statusOf(row) === 'succeeded') ?? rows[0]
}

/** Money has moved: whatever fails now is not known to have failed, and is asked for again. */
async function afterMoney<T> (moved: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!moved || !(thrown instanceof ProviderError) || thrown.reached === 'unknown') throw thrown
    throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerCode: thrown.providerCode, providerMessage: thrown.providerMessage ?? 'the first period was charged, and the schedule not begun', httpStatus: thrown.httpStatus, cause: thrown })
  }
}

async function schedule (context: ConnectionContext, id: string, card: KeptCard, { plan, amount, begins }: { plan: Plan, amount: { amount: number, currency: string }, begins: Date }): Promise<KeptCard> {
  return await patch(context, id, { planName: plan.name, periodicity: periodicityOf(plan.interval, plan.intervalCount), amount: amountOnWire(amount), startDate: begins.toISOString().slice(0, 10), metadata: ownMetadata(card) })
}

async function change (context: ConnectionContext, id: string, card: KeptCard, { planProviderReference, quantity }: UpdateSubscriptionInput): Promise<KeptCard> {
  const many = Number(markOf(card.metadata, 'quantity') ?? '1')
  const plan = planProviderReference === undefined ? undefined : planNamed(planProviderReference)
  const unit = plan?.amount ?? unitOf(card, many)
  const amount = { ...unit, amount: unit.amount * (quantity ?? many) }
  check(amount, context.settings)
  const metadata = { ...ownMetadata(card), ...metadataOf(undefined, { quantity: String(quantity ?? many), plan: plan?.reference }) }
  return await patch(context, id, { amount: amountOnWire(amount), ...(plan !== undefined && { planName: plan.name, periodicity: periodicityOf(plan.interval, plan.intervalCount) }), metadata })
}

function unitOf (card: KeptCard, many: number): { amount: number, currency: string } {
  const currency = (objectOf(card.amount) as { currency?: string } | undefined)?.currency ?? ''
  const { amount } = askedOf({ currency_code: currency, amount: card.amount })
  return { amount: amount / many, currency }
}

// --- what it is ---------------------------------------------------------------------------------------------------------

/** A charge of one of its periods: not one that a payment asked of the same kept card. */
function isCycleOf (row: Row, id: string, reference: string): boolean {
  return row.subscription_id === id && row.transaction_type === 'SALE' && markOf(row.metadata, 'payment') === undefined &&
    (markOf(row.metadata, 'subscription') ?? markOf(row.subscription_metadata, 'subscription')) === reference
}

async function cyclesOf (context: ConnectionContext, id: string, card: KeptCard, reference: string): Promise<Row[]> {
  if (markOf(card.metadata, 'subscription') !== reference) return []
  const now = context.now()
  const from = new Date(Math.max(beganOf(card, context).getTime() - 60_000, now.getTime() - numberOf(context.settings, 'cycles_days', 70) * dayMs))
  const rows = (await rowsBetween(context, { from, to: now })).filter(row => isCycleOf(row, id, reference))
  return rows.toSorted((a, b) => (dateOf(b.created)?.getTime() ?? 0) - (dateOf(a.created)?.getTime() ?? 0))
}

/** A kept card and its schedule, in our words. `cycles`: newest first, as far as they are known. */
function snapshotOf ({ mode, now }: ConnectionContext, id: string, card: KeptCard, reference: string, cycles: readonly Row[]): SubscriptionSnapshot {
  const providerReference = subscriptionName(reference, id)
  const [period] = periodsOf(cycles, card)
  const latest = period && cycleOf(period, card, providerReference)
  const status = statusOfCard(card, reference, cycles, now())
  const trialEndsAt = dateOf(markOf(card.metadata, 'trialEnds'))
  const canceledAt = status === 'canceled' ? dateOf(markOf(card.metadata, 'canceled')) ?? now() : undefined
  const times = latest?.periodStart !== undefined ? { currentPeriodStart: latest.periodStart, ...(latest.periodEnd !== undefined && { currentPeriodEnd: latest.periodEnd }) } : status === 'trialing' ? { currentPeriodStart: dateOf(markOf(card.metadata, 'began')), currentPeriodEnd: trialEndsAt } : {}
  return {
    providerReference,
    reference,
    status,
    providerStatus: card.status ?? card.periodicity!,
    ...Object.fromEntries(Object.entries(times).filter(([, at]) => at !== undefined)),
    cancelAtPeriodEnd: false,
    ...(canceledAt !== undefined && { canceledAt }),
    ...(trialEndsAt !== undefined && { trialEndsAt }),
    ...(latest !== undefined && { latestCycle: latest }),
    ...(latest?.error !== undefined && { error: latest.error }),
    mode
  }
}

function statusOfCard (card: KeptCard, reference: string, cycles: readonly Row[], now: Date): SubscriptionStatus {
  // Another subscription has the card since, so this one is over.
  if (markOf(card.metadata, 'subscription') !== reference || isOver(card) || markOf(card.metadata, 'canceled') !== undefined) return 'canceled'
  if (!isScheduled(card)) return 'incomplete'
  if (intervalOf(card.periodicity!) === undefined) throw neverHeardOf(card.periodicity)
  const trialEnds = dateOf(markOf(card.metadata, 'trialEnds'))
  if (trialEnds !== undefined && trialEnds > now) return 'trialing'
  return cycles[0] !== undefined && statusOf(cycles[0]) !== 'succeeded' ? 'past_due' : 'active'
}

/** What was tried for one period: Kushki makes another transaction each time. */
interface Period { first: Row, newest: Row, attempts: number }

/** Newest first. A charge belongs to the period before it while that is not paid, and until the next one is nearly due. */
function periodsOf (cycles: readonly Row[], card: KeptCard): Period[] {
  const every = intervalOf(card.periodicity ?? '')
  const timeOf = (row: Row): number => dateOf(row.created)?.getTime() ?? 0
  const periods: Period[] = []
  for (const row of cycles.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const last = periods.at(-1)
    const since = last === undefined ? 0 : timeOf(row) - timeOf(last.first)
    const length = last === undefined || every === undefined ? Infinity : after(new Date(timeOf(last.first)), every.interval, every.count).getTime() - timeOf(last.first)
    if (last === undefined || statusOf(last.newest) === 'succeeded' || since > 0.8 * length) periods.push({ first: row, newest: row, attempts: 1 })
    else Object.assign(last, { newest: row, attempts: last.attempts + 1 })
  }
  return periods.toReversed()
}

/** It keeps the name of its first charge, whatever is tried after it. */
function cycleOf ({ first, newest, attempts }: Period, card: KeptCard, subscriptionProviderReference: string): CycleSnapshot {
  const asked = askedOf(newest)
  const status = statusOf(newest)
  const periodStart = dateOf(first.created)
  const every = intervalOf(card.periodicity ?? '')
  return {
    providerReference: first.ticket_number!,
    subscriptionProviderReference,
    status: status === 'succeeded' ? 'paid' : 'open',
    amount: { ...asked, amount: status === 'succeeded' ? approvedOf(newest) : asked.amount },
    ...(periodStart !== undefined && { periodStart }),
    ...(periodStart !== undefined && every !== undefined && { periodEnd: after(periodStart, every.interval, every.count) }),
    paymentProviderReference: newest.ticket_number!,
    attempts,
    ...(status !== 'succeeded' && { error: failureOf(newest.response_code, newest.response_text) })
  }
}
