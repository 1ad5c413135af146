import { type ConnectionContext, type PaymentsFamily, ProviderError, type SavedMethodSnapshot, type SaveMethodInput } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { askedBetween, everyOne, keyed, lately, orDone, orTruth, refusal } from './asking.ts'
import { problemOf, StripeRefusal } from './errors.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { cardOf, methodNameOf, presenceOf } from './methods.ts'
import { nextActionOf, type StripeJs, stripeJsOf } from './next-action.ts'
import { expanded, idOf, neverHeardOf } from './wire-parts.ts'

/** Cards that are kept for charges while the payer is away. Source: https://docs.stripe.com/payments/save-and-reuse, read 2026-11-21. */
export const savedMethods = {
  saveMethod: async (context, input) => {
    const params = setupParams(input)
    const setup = await orTruth(async () => {
      try {
        return await call<Stripe.SetupIntent>(context, (stripe, as) => stripe.setupIntents.create(params, keyed(as, input)))
      } catch (thrown) {
        if (thrown instanceof StripeRefusal && thrown.declinedSetup !== undefined) return thrown.declinedSetup
        throw thrown
      }
    }, () => findSetup(context, input))
    return setupOf(setup, stripeJsOf(context))
  },

  getSetup: async (context, setupReference) => setupOf(await call(context, (stripe, as) => stripe.setupIntents.retrieve(setupReference, { expand }, as)), stripeJsOf(context)),

  listMethods: async (context, { customerProviderReference }) => {
    const page = await call(context, (stripe, as) => stripe.customers.listPaymentMethods(customerProviderReference, { limit: 100 }, as))
    return page.data.map(savedMethodOf)
  },

  removeMethod: async (context, input) => {
    const gone = async () => await detached(context, input.providerReference) ? true : undefined
    const write = async () => {
      await call(context, (stripe, as) => stripe.paymentMethods.detach(input.providerReference, {}, keyed(as, input)))
      return true
    }
    await orTruth(() => orDone(write, gone), gone)
  }
} satisfies Partial<PaymentsFamily>

const expand = ['payment_method']

/** Set-ups of a customer are few, and listed at once. */
async function findSetup (context: ConnectionContext, { customerProviderReference: customer, reference }: SaveMethodInput): Promise<Stripe.SetupIntent | undefined> {
  const created = askedBetween(lately(context.now()))
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.setupIntents.list({ customer, created, expand: ['data.payment_method'], ...page }, as)),
    setup => setup.metadata?.[metadataKeys.method] === reference)
  return found
}

/** Gone, or nobody's: Stripe refuses to detach what is detached already, without a code of its own. */
async function detached (context: ConnectionContext, id: string): Promise<boolean> {
  try {
    return (await call(context, (stripe, as) => stripe.paymentMethods.retrieve(id, {}, as))).customer === null
  } catch (thrown) {
    return thrown instanceof ProviderError && thrown.code === 'not_found'
  }
}

function setupParams (input: SaveMethodInput): Stripe.SetupIntentCreateParams {
  if (input.type !== 'card') throw refusal('type', 'Stripe keeps cards', 'unsupported')
  return {
    customer: input.customerProviderReference,
    usage: 'off_session',
    allowed_payment_method_types: ['card'],
    confirm: true,
    ...cardOf({ type: input.type, token: input.token }) as Pick<Stripe.SetupIntentCreateParams, 'payment_method' | 'payment_method_data'>,
    ...presenceOf(input) as Pick<Stripe.SetupIntentCreateParams, 'return_url' | 'use_stripe_sdk'>,
    metadata: metadataOf(undefined, { method: input.reference }),
    expand
  }
}

const statuses: Record<string, SavedMethodSnapshot['status']> = {
  succeeded: 'active',
  requires_action: 'requires_action',
  processing: 'requires_action',
  requires_confirmation: 'failed',
  // A card that was refused: Stripe lets go of it.
  requires_payment_method: 'failed',
  canceled: 'failed'
}

/** Throws `unknown` for a status that is not in the documentation that we read. */
export function setupOf (setup: Stripe.SetupIntent, js: StripeJs = {}): SavedMethodSnapshot {
  const status = Object.hasOwn(statuses, setup.status) ? statuses[setup.status] : undefined
  if (status === undefined) throw neverHeardOf(setup.status)
  const refused = setup.last_setup_error?.payment_method
  const method = expanded(setup.payment_method) ?? refused
  const told = method === undefined ? { providerReference: idOf(setup.payment_method) ?? '', type: 'card' } : savedMethodOf(method)
  return {
    ...told,
    status,
    nextAction: status === 'requires_action' ? nextActionOf(setup, js) : undefined,
    error: setup.last_setup_error === null || setup.last_setup_error === undefined ? undefined : problemOf(setup.last_setup_error),
    setupReference: setup.id
  }
}

export function savedMethodOf (method: Stripe.PaymentMethod): SavedMethodSnapshot {
  const { card } = method
  return {
    providerReference: method.id,
    status: 'active',
    type: methodNameOf(method.type),
    brand: card?.brand,
    last4: card?.last4 ?? undefined,
    expMonth: card?.exp_month,
    expYear: card?.exp_year
  }
}
