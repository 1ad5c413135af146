import { type ConnectionContext, type CustomerSnapshot, type IdempotencyKey, type Lookup, type PayerInput, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { askedBetween, everyOne, keyed, lately, orTruth } from './asking.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { modeOf } from './wire-parts.ts'

export const customers = {
  createCustomer: async (context, input) => {
    const params = { name: input.name, email: input.email, phone: input.phone, metadata: metadataOf(input.metadata, { customer: input.reference, taxId: input.taxId }) }
    return orTruth(async () => customerOf(await call(context, (stripe, as) => stripe.customers.create(params, keyed(as, input)))),
      () => find(context, { reference: input.reference, ...lately(context.now()) }))
  },

  updateCustomer: async (context, input) => {
    const params = { name: input.name, email: input.email, phone: input.phone, metadata: metadataOf(input.metadata, { taxId: input.taxId }) }
    const id = input.customerProviderReference
    return customerOf(await orTruth(() => call<Stripe.Customer>(context, (stripe, as) => stripe.customers.update(id, params, keyed(as, input))), async () => {
      const now = await call<Stripe.Customer | Stripe.DeletedCustomer>(context, (stripe, as) => stripe.customers.retrieve(id, {}, as))
      const told = Object.entries({ name: input.name, email: input.email, phone: input.phone, ...params.metadata }).filter(([, value]) => value !== undefined)
      return !now.deleted && told.every(([name, value]) => ({ ...now.metadata, ...now })[name] === value) ? now : undefined
    }))
  },

  findCustomer: find,

  /** For ever, with the customer's cards; subscriptions end at once. DELETE takes no key: one that is gone is done. */
  deleteCustomer: async (context, { customerProviderReference }) => {
    try {
      await call(context, (stripe, as) => stripe.customers.del(customerProviderReference, {}, as))
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
    }
  }
} satisfies Partial<PaymentsFamily>

async function find (context: ConnectionContext, lookup: Lookup): Promise<CustomerSnapshot | undefined> {
  const found = await findRaw(context, lookup, 'customer')
  return found === undefined ? undefined : customerOf(found)
}

async function findRaw (context: ConnectionContext, { reference, from, to }: Lookup, key: keyof typeof metadataKeys): Promise<Stripe.Customer | undefined> {
  const created = askedBetween({ from, to })
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.customers.list({ created, ...page }, as)), customer => customer.metadata?.[metadataKeys[key]] === reference)
  return found
}

/**
 * A customer for a payment that needs one and names none, made under the payment's own key: a repetition finds the same. `metadataKey`
 * says of what `reference` is the id.
 */
export async function customerFor (
  context: ConnectionContext, { reference, metadataKey, customer, idempotencyKey }: { reference: string, metadataKey: 'payment' | 'checkout', customer?: PayerInput, idempotencyKey: IdempotencyKey }
): Promise<string> {
  const params = { name: customer?.name, email: customer?.email, phone: customer?.phone, metadata: { [metadataKeys[metadataKey]]: reference } }
  const made = await orTruth(() => call<Stripe.Customer>(context, (stripe, as) => stripe.customers.create(params, keyed(as, { idempotencyKey }, 'customer'))),
    () => findRaw(context, { reference, ...lately(context.now()) }, metadataKey))
  return made.id
}

/** The tax id is in the metadata: Stripe's own wants its kind and refuses what it does not know as one. */
function customerOf (customer: Stripe.Customer): CustomerSnapshot {
  return {
    providerReference: customer.id,
    reference: customer.metadata?.[metadataKeys.customer],
    name: customer.name ?? undefined,
    email: customer.email ?? undefined,
    mode: modeOf(customer.livemode)
  }
}
