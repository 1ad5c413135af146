import { keep, refuseAtAttach } from '../payment-methods.ts'
import { attempt, intentOf } from '../billing/invoicing.ts'
import { newSubscription } from '../billing/subscription-machine.ts'
import { timeFor } from '../agenda.ts'
import { invalid } from '../errors.ts'
import type { IntentRecord, MethodRecord, SessionRecord, SubscriptionRecord } from '../objects.ts'
import type { Call } from '../world.ts'
import { complete } from './session-machine.ts'

/** A hosted page sells a subscription: it begins with the first try and goes on with the next, until it is paid. */
export function subscribe (call: Call, session: SessionRecord, method: MethodRecord, customer: string): void {
  const { books } = call
  refuseAtAttach(method)
  keep(call, method, customer)
  const record = books.subscriptions.get(session.begun.subscription ?? '') ?? begin(call, session, customer, method)
  const { wire } = record
  wire.default_payment_method = method.id
  const invoice = books.invoices.get(wire.latest_invoice!)!
  const intent = intentOf(call, invoice)
  if (intent === undefined || invoice.status === 'paid') return done(call, session, record)
  intent.returnUrl = `${call.world.url()}/c/pay/${session.id}/return`
  const refused = attempt(call, invoice, method)
  if (refused !== undefined) throw refused
}

function begin (call: Call, session: SessionRecord, customer: string, method: MethodRecord): SubscriptionRecord {
  const { books } = call
  const { subscription } = session.passedOn
  const once = session.lines.filter(line => books.prices.get(line.price)!.recurring === null)
  if (once.length > 0) throw invalid('One-time prices beside recurring ones are not simulated.')
  const record = newSubscription(call, {
    customer,
    items: session.lines.map(line => ({ price: books.prices.get(line.price)!, quantity: line.quantity })),
    metadata: subscription.metadata,
    description: subscription.description,
    behavior: 'default_incomplete',
    trialEnd: subscription.trial_end ?? (subscription.trial_period_days === undefined ? undefined : timeFor(call, customer) + subscription.trial_period_days * 86_400),
    trialSettings: subscription.trial_settings,
    method: method.id
  })
  session.begun.subscription = record.id
  return record
}

/** The first invoice of a subscription that a page sells is paid. */
export function firstInvoicePaid (call: Call, intent: IntentRecord): void {
  if (intent.wire.status !== 'succeeded' || intent.owner?.kind !== 'invoice') return
  const subscription = call.books.invoices.get(intent.owner.id)?.parent?.subscription_details.subscription
  const session = subscription === undefined ? undefined : call.books.sessions.items.find(each => each.begun.subscription === subscription && each.wire.status === 'open')
  if (session !== undefined) done(call, session, call.books.subscriptions.get(subscription!)!)
}

function done (call: Call, session: SessionRecord, { wire }: SubscriptionRecord): void {
  Object.assign(session.wire, { subscription: wire.id, invoice: wire.latest_invoice })
  complete(call, session, true)
}
