import { createPayment, tell } from './books.ts'
import { cardNamed } from './cards.ts'
import { type Account, at, bad, cents, type Json, sites, type World } from './world.ts'

/** Plans, subscriptions and their invoices. Written from facts section 3.2, the OpenAPI document and the SDK's types. */

export function createPlan (world: World, account: Account, asked: Json): Json {
  if (typeof asked.reason !== 'string' || asked.reason === '') throw bad('Parameters passed are invalid: reason')
  if (!/^https:\/\//.test(String(asked.back_url ?? ''))) throw bad('Invalid value for back_url, must be a valid URL')
  checkTerms(account, asked.auto_recurring)
  const id = world.hex(32)
  const plan = { id, collector_id: account.id, application_id: 1, reason: asked.reason, status: 'active', auto_recurring: asked.auto_recurring, back_url: asked.back_url, date_created: at(world.now()), last_modified: at(world.now()), init_point: `${world.url()}/subscriptions/checkout?preapproval_plan_id=${id}` }
  account.plans.push(plan)
  world.changed()
  return plan
}

function checkTerms (account: Account, terms: Json | undefined): void {
  if (terms === undefined || !Number.isInteger(terms.frequency) || terms.frequency < 1 || !['months', 'days'].includes(terms.frequency_type)) throw bad('Invalid auto_recurring')
  if (typeof terms.transaction_amount !== 'number' || !(terms.transaction_amount > 0) || cents(terms.transaction_amount) !== terms.transaction_amount) throw bad('Invalid auto_recurring.transaction_amount')
  if (terms.currency_id !== sites[account.site]!.currency) throw bad('Invalid auto_recurring.currency_id')
}

export function createSubscription (world: World, account: Account, asked: Json): Json {
  if (!/@/.test(String(asked.payer_email ?? ''))) throw bad('payer_email is required')
  if (typeof asked.reason !== 'string') throw bad('reason is required')
  checkTerms(account, asked.auto_recurring)
  const status = asked.status ?? 'pending'
  if (!['pending', 'authorized'].includes(status)) throw bad('Invalid status')
  if (status === 'authorized' && asked.card_token_id === undefined) throw bad('card_token_id is required')
  const id = world.hex(32)
  const subscription: Json = {
    id, payer_id: world.digits(9), payer_email: asked.payer_email, collector_id: account.id, application_id: 1, status, reason: asked.reason, external_reference: asked.external_reference ?? null, back_url: asked.back_url ?? null, date_created: at(world.now()), last_modified: at(world.now()),
    auto_recurring: { ...asked.auto_recurring, start_date: at(world.now()) }, summarized: { charged_quantity: 0, charged_amount: 0 }, next_payment_date: at(world.now()), payment_method_id: null, init_point: `${world.url()}/subscriptions/checkout?preapproval_id=${id}`
  }
  if (asked.card_token_id !== undefined) withCard(account, subscription, asked.card_token_id)
  account.subscriptions.push(subscription)
  tell(world, account, 'subscription_preapproval', 'created', id)
  if (status === 'authorized') start(world, account, subscription)
  world.changed()
  return subscription
}

function withCard (account: Account, subscription: Json, token: string): void {
  const saved = account.tokens[token]
  if (saved === undefined || saved.used) throw bad('Card token service not found')
  saved.used = true
  subscription.card_id = saved.saved === undefined ? null : Number(saved.saved)
  subscription.payment_method_id = cardNamed(saved.card).brand
  subscription.card_behind = saved.card
}

function start (world: World, account: Account, subscription: Json): void {
  const trial = subscription.auto_recurring.free_trial
  if (trial === undefined) return bill(world, account, subscription, world.now())
  subscription.next_payment_date = at(after(world.now(), trial.frequency, trial.frequency_type))
}

function after (from: Date, frequency: number, type: string): Date {
  const next = new Date(from)
  if (type === 'months') next.setUTCMonth(next.getUTCMonth() + frequency)
  else next.setUTCDate(next.getUTCDate() + frequency)
  return next
}

/** A period's claim, and the payment that pays it: its reference is the subscription's. */
function bill (world: World, account: Account, subscription: Json, due: Date): void {
  const terms = subscription.auto_recurring
  const token = `sim-token-${String(subscription.card_behind).replace(' ', '-')}`
  const payment = createPayment(world, account, {
    transaction_amount: terms.transaction_amount, token, installments: 1, description: subscription.reason, external_reference: subscription.external_reference, payer: { email: subscription.payer_email }, metadata: { preapproval_id: subscription.id }
  }, { operation: 'recurring_payment' })
  const paid = payment.status === 'approved'
  const id = world.digits(10)
  account.invoices.push({
    id, type: 'scheduled', preapproval_id: subscription.id, reason: subscription.reason, external_reference: subscription.external_reference, status: paid ? 'processed' : 'recycling', status_detail: null, date_created: at(world.now()), last_modified: at(world.now()),
    debit_date: at(due), retry_attempt: 0, ...(!paid && { next_retry_date: at(new Date(world.now().getTime() + 3_600_000)) }), transaction_amount: terms.transaction_amount, currency_id: terms.currency_id, payment: { id: payment.id, status: payment.status, status_detail: payment.status_detail }
  })
  subscription.next_payment_date = at(after(due, terms.frequency, terms.frequency_type))
  if (paid) {
    subscription.summarized.charged_quantity++
    subscription.summarized.charged_amount = cents(subscription.summarized.charged_amount + terms.transaction_amount)
  }
  tell(world, account, 'subscription_authorized_payment', 'created', String(id))
}

/** What is due by now is billed. */
export function billDue (world: World, account: Account): void {
  for (const subscription of account.subscriptions) {
    while (subscription.status === 'authorized' && Date.parse(subscription.next_payment_date) <= world.now().getTime()) bill(world, account, subscription, new Date(subscription.next_payment_date))
  }
}

export function updateSubscription (world: World, account: Account, subscription: Json, asked: Json): Json {
  if (subscription.status === 'cancelled') throw bad('You can not modify a cancelled preapproval.')
  if (asked.auto_recurring !== undefined) {
    checkTerms(account, asked.auto_recurring)
    subscription.auto_recurring = { ...subscription.auto_recurring, ...asked.auto_recurring }
  }
  if (asked.card_token_id !== undefined) withCard(account, subscription, asked.card_token_id)
  if (asked.external_reference !== undefined) subscription.external_reference = asked.external_reference
  if (asked.status !== undefined) {
    if (!['authorized', 'paused', 'cancelled'].includes(asked.status)) throw bad('Invalid status')
    if (asked.status === 'authorized' && subscription.payment_method_id === null) throw bad('card_token_id is required')
    subscription.status = asked.status
  }
  subscription.last_modified = at(world.now())
  tell(world, account, 'subscription_preapproval', 'updated', subscription.id)
  return subscription
}
