import { type ConnectionContext, type CustomerSnapshot, type Lookup, type PaymentsFamily, ProviderError, type SavedMethodSnapshot, type UpdateCustomerInput } from '../../core/adapter/index.ts'
import { every, first, refusal, windowOf } from './asking.ts'
import { ConektaRefusal } from './errors.ts'
import { del, post, put, segment } from './http.ts'
import { markOf, metadataOf } from './marks.ts'
import type { Customer, Source } from './objects.ts'
import { customerInfo } from './order-params.ts'
import { modeOf } from './wire.ts'

/** Customers and the cards that are kept for them. Source: OpenAPI 2.3.0, schemas customer and payment_source, read 2026-11-21. */
export const customers = {
  createCustomer: async (context, input) => {
    const known = { ...(input.name !== undefined && { name: input.name }), ...(input.email !== undefined && { email: input.email }), ...(input.phone !== undefined && { phone: input.phone }) }
    return customerOf(await post<Customer>(context, '/customers', {
      ...customerInfo(known, context.settings),
      custom_reference: input.reference,
      ...(input.taxId !== undefined && { national_id: input.taxId }),
      metadata: metadataOf(input.metadata, { customer: input.reference })
    }))
  },

  updateCustomer: async (context, input) => customerOf(await put<Customer>(context, `/customers/${segment(input.customerProviderReference)}`, changesOf(input))),

  findCustomer: async (context, lookup) => {
    const found = await find(context, lookup)
    return found === undefined ? undefined : customerOf(found)
  },

  deleteCustomer: async (context, { customerProviderReference }) => { await gone(context, `/customers/${segment(customerProviderReference)}`) },

  saveMethod: async (context, input) => {
    if (input.type !== 'card') throw refusal('type', 'Conekta keeps cards', 'unsupported')
    try {
      return methodOf(await keepSource(context, input.customerProviderReference, input.token))
    } catch (thrown) {
      // The bank or Conekta's own judgement: an answer.
      if (!(thrown instanceof ConektaRefusal && thrown.declined) || isUsedToken(thrown)) throw thrown
      return { providerReference: input.token, status: 'failed', type: 'card', error: { code: thrown.code, ...(thrown.providerCode !== undefined && { providerCode: thrown.providerCode }), ...(thrown.providerMessage !== undefined && { message: thrown.providerMessage }) } }
    }
  },

  listMethods: async (context, { customerProviderReference }) => {
    const sources = await every<Source>(context, `/customers/${segment(customerProviderReference)}/payment_sources`)
    return sources.filter(({ type }) => type === 'card').map(methodOf)
  },

  removeMethod: async (context, { customerProviderReference, providerReference }) => {
    await gone(context, `/customers/${segment(customerProviderReference)}/payment_sources/${segment(providerReference)}`)
  }
} satisfies Partial<PaymentsFamily>

/** A token becomes a source: once, for a token is good for one use. */
export async function keepSource (context: ConnectionContext, customer: string, token: string): Promise<Source> {
  const source = await post<Source>(context, `/customers/${segment(customer)}/payment_sources`, { type: 'card', token_id: token })
  if (typeof source.id !== 'string' || source.type !== 'card') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return source
}

const isUsedToken = ({ providerCode }: ProviderError): boolean => providerCode?.endsWith('tokenization.used') === true

/** First where the search finds it at once; then, because nobody wrote down what it looks through, in the list itself. */
async function find (context: ConnectionContext, lookup: Lookup): Promise<Customer | undefined> {
  const is = (customer: Customer) => markOf(customer.metadata, 'customer') === lookup.reference || customer.custom_reference === lookup.reference
  const since = windowOf(lookup).from
  return await first<Customer>(context, '/customers', { search: lookup.reference }, is, { since }) ?? await first<Customer>(context, '/customers', {}, is, { since })
}

function changesOf ({ name, email, phone, taxId, metadata }: UpdateCustomerInput): object {
  return {
    ...(name !== undefined && { name }), ...(email !== undefined && { email }), ...(phone !== undefined && { phone }),
    ...(taxId !== undefined && { national_id: taxId }), ...(metadata !== undefined && { metadata: metadataOf(metadata, {}) })
  }
}

/** What is gone cannot go twice. */
async function gone (context: ConnectionContext, path: string): Promise<void> {
  try {
    await del(context, path)
  } catch (thrown) {
    if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
  }
}

function customerOf (customer: Customer): CustomerSnapshot {
  if (customer.object !== 'customer' || typeof customer.id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const reference = markOf(customer.metadata, 'customer') ?? customer.custom_reference
  return { providerReference: customer.id, ...(reference !== undefined && { reference }), name: customer.name, ...(customer.email !== undefined && { email: customer.email }), mode: modeOf(customer.livemode) }
}

function methodOf (source: Source): SavedMethodSnapshot {
  const year = Number(source.exp_year)
  return {
    providerReference: source.id,
    status: 'active',
    type: 'card',
    ...(source.brand !== undefined && { brand: source.brand.toLowerCase() }),
    ...(source.last4 !== undefined && { last4: source.last4 }),
    ...(source.exp_month !== undefined && { expMonth: Number(source.exp_month) }),
    ...(source.exp_year !== undefined && { expYear: year < 100 ? 2000 + year : year })
  }
}
