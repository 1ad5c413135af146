import { type ConnectionContext, type CreateCustomerInput, type CustomerSnapshot, type PaymentsFamily, ProviderError, type SavedMethodSnapshot } from '../../core/adapter/index.ts'
import { every, first, refusal } from './asking.ts'
import { keepCard } from './cards.ts'
import { homeOf } from './countries.ts'
import { del, get, post, put, segment } from './http.ts'
import { markOf, metadataOf } from './marks.ts'
import type { Card, Customer } from './objects.ts'
import { namesOf } from './payment-params.ts'
import { modeOf } from './wire.ts'

/** Customers, of whom there is one for each mail, and their cards. Source: OpenAPI document, schemas CustomerRequest and Card, read 2026-11-21. */
export const customers = {
  createCustomer: async (context, input) => {
    if (input.email === undefined) throw refusal('email', 'Mercado Pago knows customers by their mail')
    const body = { email: input.email, ...await fieldsOf(context, input), metadata: metadataOf(input.metadata, { customer: input.reference }) }
    try {
      return customerOf(await post<Customer>(context, '/v1/customers', body), context)
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.code === 'duplicate')) throw thrown
      return customerOf(await known(context, input.email, input.reference, body, thrown), context)
    }
  },

  updateCustomer: async (context, { customerProviderReference: id, email, metadata, ...input }) => {
    const before = await get<Customer>(context, `/v1/customers/${segment(id)}`)
    const changes = { ...(email !== undefined && email !== before.email && { email }), ...await fieldsOf(context, input), ...(metadata !== undefined && { metadata: { ...before.metadata, ...metadataOf(metadata, {}) } }) }
    return customerOf(await put<Customer>(context, `/v1/customers/${segment(id)}`, changes), context)
  },

  /** Only by mail is there a filter, so without one all are looked through. */
  findCustomer: async (context, { reference, email }) => {
    const found = await first<Customer>(context, '/v1/customers/search', email === undefined ? {} : { email }, ({ metadata }) => markOf(metadata, 'customer') === reference)
    return found === undefined ? undefined : customerOf(found, context)
  },

  deleteCustomer: async (context, { customerProviderReference }) => {
    const tail = context.settings.customer_delete_path === 'delete' ? '/delete' : ''
    await gone(context, `/v1/customers/${segment(customerProviderReference)}${tail}`)
  },

  saveMethod: async (context, input) => {
    if (input.type !== 'card') throw refusal('type', 'Mercado Pago keeps cards', 'unsupported')
    return methodOf(await keepCard(context, input.customerProviderReference, input.token))
  },

  listMethods: async (context, { customerProviderReference }) => {
    const cards = await get<Card[]>(context, `/v1/customers/${segment(customerProviderReference)}/cards`)
    if (!Array.isArray(cards)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    return cards.map(methodOf)
  },

  removeMethod: async (context, { customerProviderReference, providerReference }) => {
    await gone(context, `/v1/customers/${segment(customerProviderReference)}/cards/${segment(providerReference)}`)
  }
} satisfies Partial<PaymentsFamily>

export async function readCustomer (context: ConnectionContext, id: string): Promise<Customer> {
  return await get<Customer>(context, `/v1/customers/${segment(id)}`)
}

async function fieldsOf (context: ConnectionContext, { name, phone, taxId }: Pick<CreateCustomerInput, 'name' | 'phone' | 'taxId'>): Promise<object> {
  return {
    ...namesOf(name),
    ...(phone !== undefined && { phone: { number: phone } }),
    ...(taxId !== undefined && { identification: { type: (await homeOf(context)).identification(taxId), number: taxId } })
  }
}

/** One of this mail is there. It is ours already; or nobody's of ours, and may become it; or another of ours, whose cards are not this one's. */
async function known (context: ConnectionContext, email: string, reference: string, body: object, thrown: ProviderError): Promise<Customer> {
  const [there] = (await every<Customer>(context, '/v1/customers/search', { email })).filter(customer => customer.email?.toLowerCase() === email.toLowerCase())
  const mark = markOf(there?.metadata, 'customer')
  if (there !== undefined && mark === reference) return there
  if (there !== undefined && mark === undefined && context.settings.existing_customers !== 'refuse') {
    const { email: _, ...changes } = body as { email: string }
    return await put<Customer>(context, `/v1/customers/${segment(there.id)}`, changes)
  }
  throw new ProviderError({ code: 'duplicate', reached: 'answered', param: 'email', providerCode: thrown.providerCode, providerMessage: 'another customer of this account has the same mail', httpStatus: thrown.httpStatus })
}

/** What is gone cannot go twice. */
async function gone (context: ConnectionContext, path: string): Promise<void> {
  try {
    await del(context, path)
  } catch (thrown) {
    if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
  }
}

function customerOf (customer: Customer, context: ConnectionContext): CustomerSnapshot {
  if (typeof customer.id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const reference = markOf(customer.metadata, 'customer')
  const name = [customer.first_name, customer.last_name].filter(Boolean).join(' ')
  const mode = modeOf(customer.live_mode, context)
  return { providerReference: customer.id, ...(reference !== undefined && { reference }), ...(name !== '' && { name }), ...(customer.email && { email: customer.email }), ...(mode !== undefined && { mode }) }
}

const brands: Record<string, string> = { master: 'mastercard', debmaster: 'mastercard', debvisa: 'visa' }

function methodOf (card: Card): SavedMethodSnapshot {
  const brand = card.payment_method?.id
  return {
    providerReference: String(card.id),
    status: 'active',
    type: 'card',
    ...(brand !== undefined && { brand: brands[brand] ?? brand }),
    ...(card.last_four_digits && { last4: card.last_four_digits }),
    ...(card.expiration_month && { expMonth: card.expiration_month }),
    ...(card.expiration_year && { expYear: card.expiration_year })
  }
}
