import type { OperationName } from '../manifest.ts'
import { pages } from './checkout.ts'
import { BrokenPromise, check, same } from './check.ts'
import { keepers } from './customers.ts'
import type { Draft, Plan } from './draft.ts'
import { payer } from './payer.ts'
import { repeatPromises, type WriteKind } from './repeats.ts'
import type { Opened, Session } from './session.ts'
import { subscribers } from './subscriptions.ts'

/** What is made beside payments, each as something that can be sent, lost and asked for: it is found again, and not made twice. */
export function moreWrites (plan: Plan): Draft[] {
  const { capabilities, harness } = plan
  const { manifest } = harness.adapter
  const { family, samples, lookup } = payer(plan)
  const { checkoutInput, linkInput, opened } = pages(plan)
  const { customerInput, saveInput } = keepers(plan)
  const { planInput, ready, subscribed } = subscribers(plan)
  const { saved, made } = samples
  const reads = harness.reads ?? (({ method }) => ['GET', 'HEAD'].includes(method))
  const kind = (operation: OperationName, counts: string, prepare: WriteKind['prepare']) =>
    !capabilities.has(operation) ? [] : samples.sendsNothing?.includes(operation) === true ? nothingSent({ operation, counts, prepare, reads }) : repeatPromises({ operation, counts, prepare, reads, safety: manifest.retry_safety[operation] })
  const makes = (['create_checkout', 'create_payment_link', 'create_customer', 'create_plan', 'create_subscription'] as const).filter(operation => capabilities.has(operation))
  if (makes.length === 0) return []
  if (made === undefined) {
    return [{ promise: 'contract', name: 'the harness counts what is made', because: 'what is not counted may be made twice', keep: async () => { throw new BrokenPromise(`harness.payments.made is missing, and the adapter has ${makes.join(', ')}`) } }]
  }
  const kept = ({ simulator }: Session, context: Opened, reference: string) => async () => await made(reference, simulator, context)

  return [
    ...kind('create_checkout', 'sessions', async (session, context) => {
      const input = checkoutInput(session)
      return {
        context,
        send: () => family.createCheckout!(context, input),
        lookup: family.findCheckout && (() => family.findCheckout!(context, lookup(session, input.reference))),
        happened: kept(session, context, input.reference)
      }
    }),
    ...kind('create_payment_link', 'links', async (session, context) => {
      const input = linkInput(session)
      return {
        context,
        send: () => family.createPaymentLink!(context, input),
        lookup: family.findPaymentLink && (() => family.findPaymentLink!(context, lookup(session, input.reference))),
        happened: kept(session, context, input.reference)
      }
    }),
    ...kind('create_customer', 'customers', async (session, context) => {
      const input = customerInput(session)
      return {
        context,
        send: () => family.createCustomer!(context, input),
        lookup: family.findCustomer && (() => family.findCustomer!(context, lookup(session, input.reference))),
        happened: kept(session, context, input.reference)
      }
    }),
    ...kind('create_plan', 'plans', async (session, context) => {
      const input = planInput(session)
      return {
        context,
        send: () => family.createPlan!(context, input),
        lookup: family.findPlan && (() => family.findPlan!(context, lookup(session, input.reference))),
        happened: kept(session, context, input.reference)
      }
    }),
    ...kind('create_subscription', 'subscriptions', async (session, context) => {
      const input = await ready(session, context, saved)
      return {
        context,
        send: () => family.createSubscription!(context, input),
        lookup: family.findSubscription && (() => family.findSubscription!(context, { ...lookup(session, input.reference), customerProviderReference: input.customerProviderReference })),
        happened: kept(session, context, input.reference)
      }
    }),
    ...saved === undefined || !capabilities.has('list_methods')
      ? []
      : kind('save_method', 'methods', async (session, context) => {
        const customer = await family.createCustomer!(context, customerInput(session))
        const input = saveInput(session, saved, customer, saved.token)
        const list = () => family.listMethods!(context, { customerProviderReference: customer.providerReference })
        return {
          context,
          send: () => family.saveMethod!(context, input),
          lookup: async () => (await list())[0],
          happened: async () => (await list()).length
        }
      }),
    ...!capabilities.has('get_checkout')
      ? []
      : kind('expire_checkout', 'ends', async (session, context) => {
        const { input, page } = await opened(session, context)
        const key = session.key()
        const lookup = async () => {
          const now = await family.getCheckout!(context, page.providerReference)
          return now.status === 'expired' ? now : undefined
        }
        return {
          context,
          send: () => family.expireCheckout!(context, { idempotencyKey: key, providerReference: page.providerReference, reference: input.reference }),
          lookup,
          happened: async () => await lookup() === undefined ? 0 : 1
        }
      }),
    ...!capabilities.has('get_subscription')
      ? []
      : kind('cancel_subscription', 'cancellations', async (session, context) => {
        const { input, subscription } = await subscribed(session, context, saved)
        const key = session.key()
        const lookup = async () => {
          const now = await family.getSubscription!(context, subscription.providerReference)
          return now.status === 'canceled' ? now : undefined
        }
        return {
          context,
          send: () => family.cancelSubscription!(context, { idempotencyKey: key, providerReference: subscription.providerReference, reference: input.reference, at: 'now' }),
          lookup,
          happened: async () => await lookup() === undefined ? 0 : 1
        }
      })
  ]
}

/** Where nothing is sent, nothing can be lost. */
function nothingSent ({ operation, prepare, reads }: Omit<WriteKind, 'safety'>): Draft[] {
  return [{
    promise: 'idempotency',
    name: `${operation}: nothing is sent, and the same again is the same`,
    because: 'what the harness says of the provider is looked after',
    async keep (session) {
      const context = session.open()
      const { send } = await prepare(session, context)
      const [first, second] = [await send(), await send()]
      same(second.providerReference, first.providerReference, 'the second answer is about the same object')
      check(context.exchanges.every(exchange => reads(exchange)), 'it sends a write after all')
    }
  }]
}
