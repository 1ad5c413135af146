import {
  type ConnectionContext, type CreatePlanInput, type CycleSnapshot, type Interval, type Money, type PaymentsFamily, type PlanSnapshot, ProviderError, type SubscriptionSnapshot, type SubscriptionStatus, type UpdateSubscriptionInput
} from '../../core/adapter/index.ts'
import { chargeOnWire, moneyOf, partOnWire } from './amounts.ts'
import { dateOf, every, first, neverHeardOf, orDone, refusal } from './asking.ts'
import { tokenOfCard } from './cards.ts'
import { homeOf } from './countries.ts'
import { readCustomer } from './customers.ts'
import { failureOf } from './errors.ts'
import { get, post, put, segment } from './http.ts'
import { quantityOf, referenceOf, subscriptionMark } from './marks.ts'
import type { AuthorizedPayment, AutoRecurring, Card, Plan, Subscription } from './objects.ts'

/**
 * Plans are templates; a subscription (preapproval) is made on its own terms, so that a quantity and a change of plan are possible. Its
 * `external_reference` is our id and the quantity, and every payment of it carries the same. Source: facts section 3.2, schemas
 * SubscriptionPlanRequest, SubscriptionRequest and AuthorizedPayment; npm mercadopago 3.6 (invoices); read 2026-11-21.
 */
export const subscriptions = {
  createPlan: async (context, input) => {
    chargeOnWire(input.amount, 'plan', await homeOf(context), context.settings)
    const body = { reason: named(input.name, input.reference), auto_recurring: { ...everySo(input), transaction_amount: partOnWire(input.amount), currency_id: input.amount.currency, ...trialOf(input.trialDays) }, back_url: backUrl(context) }
    return planOf(mustBePlan(await post<Plan>(context, '/preapproval_plan', body)), input)
  },

  findPlan: async (context, { reference }) => {
    const found = await first<Plan>(context, '/preapproval_plan/search', { status: 'active' }, ({ reason }) => reason?.endsWith(nameEnd(reference)) === true)
    return found === undefined ? undefined : planOf(mustBePlan(found), { reference })
  },

  createSubscription: async (context, input) => {
    const plan = mustBePlan(await get<Plan>(context, `/preapproval_plan/${segment(input.planProviderReference)}`))
    const email = await mailOf(context, input.customerProviderReference)
    const card = input.methodProviderReference === undefined ? undefined : await cardToken(context, input.customerProviderReference, input.methodProviderReference)
    const trialDays = input.trialDays ?? daysOf(plan.auto_recurring.free_trial)
    const body = {
      reason: plainName(plan.reason ?? 'Suscripción'),
      external_reference: subscriptionMark(input.reference, input.quantity),
      payer_email: email,
      auto_recurring: { ...termsOf(plan.auto_recurring), transaction_amount: times(plan.auto_recurring, input.quantity), ...trialOf(trialDays) },
      back_url: input.returnUrl ?? backUrl(context),
      ...(card === undefined ? { status: 'pending' } : { card_token_id: card, status: 'authorized' })
    }
    return await told(context, must(await post<Subscription>(context, '/preapproval', body)))
  },

  getSubscription: async (context, providerReference) => await told(context, await read(context, providerReference)),

  findSubscription: async (context, { reference, customerProviderReference }) => {
    const payer = customerProviderReference === undefined ? {} : { payer_email: await mailOf(context, customerProviderReference) }
    const found = await first<Subscription>(context, '/preapproval/search', payer, ({ external_reference: ours }) => referenceOf(ours) === reference)
    // The list tells less of each than the subscription itself.
    return found === undefined ? undefined : await told(context, await read(context, found.id))
  },

  updateSubscription: async (context, input) => {
    if (input.proration === 'prorate' && (input.quantity !== undefined || input.planProviderReference !== undefined)) throw refusal('proration', 'Mercado Pago charges a change from the next period', 'unsupported')
    const now = await read(context, input.providerReference)
    const changes = { ...await newTerms(context, input, now), ...(input.methodProviderReference !== undefined && { card_token_id: await newCard(context, now, input.methodProviderReference) }) }
    if (Object.keys(changes).length === 0) return await told(context, now)
    return await told(context, must(await put<Subscription>(context, `/preapproval/${segment(input.providerReference)}`, changes)))
  },

  cancelSubscription: async (context, { providerReference, at }) => {
    if (at === 'period_end') throw refusal('at', 'Mercado Pago ends a subscription at once', 'unsupported')
    return await become(context, providerReference, 'cancelled')
  },

  pauseSubscription: async (context, { providerReference }) => await become(context, providerReference, 'paused'),

  resumeSubscription: async (context, { providerReference }) => await become(context, providerReference, 'authorized'),

  listCycles: async (context, subscriptionProviderReference) => (await invoices(context, subscriptionProviderReference)).slice(0, cyclesAtMost).map(cycleOf)
} satisfies Partial<PaymentsFamily>

const cyclesAtMost = 100

// --- plans -----------------------------------------------------------------------------------------------------------

/** The last twelve characters of our id end the name, by which a plan is found: it has no field for a reference. */
const nameEnd = (reference: string): string => ` · ${reference.slice(-12).toUpperCase()}`
const named = (name: string, reference: string): string => name.slice(0, 200) + nameEnd(reference)
const plainName = (reason: string): string => reason.replace(/ · [0-9A-F]{12}$/, '')

/** Months and days are all there is: a year is twelve, a week is seven. */
function everySo ({ interval, intervalCount }: Pick<CreatePlanInput, 'interval' | 'intervalCount'>): { frequency: number, frequency_type: 'months' | 'days' } {
  const [each, type] = ({ day: [1, 'days'], week: [7, 'days'], month: [1, 'months'], year: [12, 'months'] } as const)[interval]
  return { frequency: each * intervalCount, frequency_type: type }
}

const trialOf = (days: number | undefined): object => days === undefined || days <= 0 ? {} : { free_trial: { frequency: days, frequency_type: 'days' } }
const daysOf = (trial: AutoRecurring['free_trial']): number => (trial?.frequency ?? 0) * (trial?.frequency_type === 'months' ? 30 : 1)
const termsOf = ({ frequency, frequency_type: type, currency_id: currency }: AutoRecurring): object => ({ frequency, frequency_type: type, currency_id: currency })

function times ({ transaction_amount: wire, currency_id: currency }: AutoRecurring, quantity: number): number {
  const { amount } = moneyOf(wire, currency)
  return partOnWire({ amount: amount * quantity, currency })
}

/** Where the payer of a page comes back to; a plan cannot be made without. */
function backUrl ({ settings }: ConnectionContext): string {
  return typeof settings.back_url === 'string' && settings.back_url !== '' ? settings.back_url : 'https://www.mercadopago.com'
}

function mustBePlan (plan: Plan): Plan {
  if (typeof plan.id !== 'string' || typeof plan.auto_recurring?.transaction_amount !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return plan
}

function planOf ({ id, auto_recurring: terms }: Plan, { reference, ...asked }: { reference: string, interval?: Interval, intervalCount?: number }): PlanSnapshot {
  const { frequency, frequency_type: type } = terms
  const [interval, intervalCount]: [Interval, number] = asked.interval !== undefined
    ? [asked.interval, asked.intervalCount!]
    : type === 'months'
      ? frequency % 12 === 0 ? ['year', frequency / 12] : ['month', frequency]
      : frequency % 7 === 0 ? ['week', frequency / 7] : ['day', frequency]
  return { providerReference: id, reference, amount: moneyOf(terms.transaction_amount, terms.currency_id), interval, intervalCount }
}

// --- subscriptions ---------------------------------------------------------------------------------------------------

async function mailOf (context: ConnectionContext, customer: string): Promise<string> {
  const { email } = await readCustomer(context, customer)
  if (!email) throw refusal('customer.email', 'a subscription is of a mail')
  return email
}

/** Read first: a card of somebody else is not found at this customer. */
async function cardToken (context: ConnectionContext, customer: string, card: string): Promise<string> {
  if (context.settings.saved_card_token === 'browser') throw refusal('payment_method', 'this account charges a saved card only with a token that its payer’s page made of it', 'unsupported')
  await get<Card>(context, `/v1/customers/${segment(customer)}/cards/${segment(card)}`)
  return await tokenOfCard(context, customer, card)
}

async function newCard (context: ConnectionContext, { payer_email: email }: Subscription, card: string): Promise<string> {
  const customer = email ? await first<{ id: string, email?: string | null }>(context, '/v1/customers/search', { email }, one => one.email === email) : undefined
  if (customer === undefined) throw refusal('payment_method', 'the subscription’s customer is not found')
  return await cardToken(context, customer.id, card)
}

async function newTerms (context: ConnectionContext, input: UpdateSubscriptionInput, now: Subscription): Promise<object> {
  if (input.quantity === undefined && input.planProviderReference === undefined) return {}
  const before = quantityOf(now.external_reference)
  const quantity = input.quantity ?? before
  const unit = input.planProviderReference === undefined ? unitOf(now.auto_recurring, before) : await planTerms(context, input.planProviderReference, now.auto_recurring)
  return { auto_recurring: { ...termsOf(now.auto_recurring), transaction_amount: partOnWire({ amount: unit.amount * quantity, currency: unit.currency }) }, external_reference: subscriptionMark(input.reference, quantity) }
}

function unitOf ({ transaction_amount: wire, currency_id: currency }: AutoRecurring, quantity: number): Money {
  const { amount } = moneyOf(wire, currency)
  if (amount % quantity !== 0) throw refusal('quantity', 'what one costs cannot be told any more; name the plan')
  return { amount: amount / quantity, currency }
}

/** How often is asked is not changed: nothing says what the period that runs would become. */
async function planTerms (context: ConnectionContext, plan: string, now: AutoRecurring): Promise<Money> {
  const { auto_recurring: next } = mustBePlan(await get<Plan>(context, `/preapproval_plan/${segment(plan)}`))
  if (next.frequency !== now.frequency || next.frequency_type !== now.frequency_type) throw refusal('plan', 'a subscription keeps how often it is charged', 'unsupported')
  return moneyOf(next.transaction_amount, next.currency_id)
}

const read = async (context: ConnectionContext, id: string): Promise<Subscription> => must(await get<Subscription>(context, `/preapproval/${segment(id)}`))

function must (subscription: Subscription): Subscription {
  if (typeof subscription.id !== 'string' || typeof subscription.status !== 'string' || typeof subscription.auto_recurring !== 'object') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return subscription
}

/** What the state is that was asked for, it need not be asked for again. */
async function become (context: ConnectionContext, id: string, status: 'cancelled' | 'paused' | 'authorized'): Promise<SubscriptionSnapshot> {
  const there = async () => {
    const now = await read(context, id)
    return now.status === status ? now : undefined
  }
  return await told(context, await orDone(async () => must(await put<Subscription>(context, `/preapproval/${segment(id)}`, { status })), there))
}

/** Newest first. */
async function invoices (context: ConnectionContext, preapproval: string): Promise<AuthorizedPayment[]> {
  const path = context.settings.invoice_search_path === 'list' ? '/authorized_payments' : '/authorized_payments/search'
  const listed = await every<AuthorizedPayment>(context, path, { preapproval_id: preapproval })
  return listed.filter(({ preapproval_id: of }) => of === preapproval).toSorted((a, b) => beganAt(b) - beganAt(a))
}

const beganAt = ({ debit_date: due, date_created: made }: AuthorizedPayment): number => dateOf(due ?? made)?.getTime() ?? 0

/** With its periods, which other objects hold. */
async function told (context: ConnectionContext, subscription: Subscription): Promise<SubscriptionSnapshot> {
  return subscriptionOf(subscription, await invoices(context, subscription.id), context.now())
}

export function subscriptionOf (subscription: Subscription, cycles: readonly AuthorizedPayment[], now: Date): SubscriptionSnapshot {
  const [latest] = cycles
  const started = dateOf(subscription.date_created)
  const trialDays = daysOf(subscription.auto_recurring.free_trial)
  const trialEndsAt = started === undefined || trialDays === 0 ? undefined : new Date(started.getTime() + trialDays * 86_400_000)
  const status = statusOf(subscription, cycles, trialEndsAt !== undefined && trialEndsAt > now)
  const reference = referenceOf(subscription.external_reference)
  const cycle = latest === undefined ? undefined : cycleOf(latest)
  const dates = {
    currentPeriodStart: latest === undefined ? started : dateOf(latest.debit_date ?? latest.date_created),
    currentPeriodEnd: dateOf(subscription.next_payment_date),
    canceledAt: status === 'canceled' ? dateOf(subscription.last_modified) ?? now : undefined,
    trialEndsAt
  }
  return {
    providerReference: subscription.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: subscription.status,
    cancelAtPeriodEnd: false,
    ...Object.fromEntries(Object.entries(dates).filter(([, at]) => at !== undefined)),
    ...(status === 'incomplete' && cycle === undefined && subscription.init_point !== undefined && { nextAction: { type: 'redirect' as const, url: subscription.init_point } }),
    ...(cycle !== undefined && { latestCycle: cycle }),
    ...(cycle?.error !== undefined && { error: cycle.error })
  }
}

/** `authorized` says that there is a card, not that it pays: the periods say that. Source: facts section 3.2 and the subscription pages, read 2026-11-21. */
function statusOf ({ status }: Subscription, cycles: readonly AuthorizedPayment[], inTrial: boolean): SubscriptionStatus {
  switch (status) {
    case 'pending': return 'incomplete'
    case 'paused': return 'paused'
    case 'cancelled': return 'canceled'
    case 'authorized': {
      const [latest] = cycles
      if (latest !== undefined && cycleStatus(latest) !== 'paid' && isTried(latest)) return cycles.some(cycle => cycleStatus(cycle) === 'paid') ? 'past_due' : 'incomplete'
      return inTrial ? 'trialing' : 'active'
    }
    default: throw neverHeardOf(status)
  }
}

const isTried = ({ payment }: AuthorizedPayment): boolean => payment?.id !== undefined && payment.id !== null

function cycleStatus ({ status, payment }: AuthorizedPayment): CycleSnapshot['status'] {
  switch (status) {
    case 'scheduled':
    case 'recycling': return 'open'
    case 'processed': return payment?.status === 'approved' ? 'paid' : payment?.status === 'rejected' || payment?.status === 'cancelled' ? 'uncollectible' : 'open'
    case 'cancelled': return 'void'
    default: throw neverHeardOf(status)
  }
}

function cycleOf (invoice: AuthorizedPayment): CycleSnapshot {
  const status = cycleStatus(invoice)
  const periodStart = dateOf(invoice.debit_date ?? invoice.date_created)
  const nextAttemptAt = status === 'open' ? dateOf(invoice.next_retry_date) : undefined
  return {
    providerReference: String(invoice.id),
    subscriptionProviderReference: invoice.preapproval_id,
    status,
    amount: moneyOf(invoice.transaction_amount, invoice.currency_id),
    ...(periodStart !== undefined && { periodStart }),
    ...(isTried(invoice) && { paymentProviderReference: String(invoice.payment!.id) }),
    attempts: isTried(invoice) ? (invoice.retry_attempt ?? 0) + 1 : 0,
    ...(nextAttemptAt !== undefined && { nextAttemptAt }),
    ...(invoice.payment?.status === 'rejected' && { error: failureOf(invoice.payment) })
  }
}
