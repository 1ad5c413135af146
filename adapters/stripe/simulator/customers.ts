import { missing } from './errors.ts'
import { emit } from './events.ts'
import type { Customer } from './objects.ts'
import { anything, created, email, expand, integer, mergeMetadata, metadata, object, openObject, paging, text, unsettable } from './params.ts'
import { route } from './routing.ts'
import { page } from './shelf.ts'
import type { Call } from './world.ts'
import { attach } from './payment-methods.ts'

const fields = {
  address: unsettable(openObject),
  balance: integer,
  description: unsettable(text()),
  email: unsettable(email),
  expand,
  invoice_settings: openObject,
  metadata,
  name: unsettable(text({ max: 256 })),
  payment_method: text(),
  phone: unsettable(text({ max: 20 })),
  preferred_locales: anything,
  shipping: unsettable(openObject),
  tax_exempt: anything
}

export const customerRoutes = [
  route('POST', '/v1/customers', object(fields), (call, params) => {
    const { world, books } = call
    const { payment_method: method, metadata: given, expand: _, ...values } = params
    const customer: Customer = {
      id: world.id('cus_', 14),
      object: 'customer',
      address: null,
      balance: 0,
      created: world.now(),
      currency: null,
      default_source: null,
      delinquent: false,
      description: null,
      discount: null,
      email: null,
      invoice_prefix: world.id('', 8).toUpperCase(),
      invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
      livemode: books.livemode,
      metadata: given ?? {},
      name: null,
      next_invoice_sequence: 1,
      phone: null,
      preferred_locales: [],
      shipping: null,
      tax_exempt: 'none',
      test_clock: null,
      ...values
    }
    books.customers.add(customer)
    emit(call, 'customer.created', { ...customer })
    if (method !== undefined) attach(call, method, customer.id)
    return { ...customer }
  }),
  route('GET', '/v1/customers', object({ ...paging, created, email: text() }), ({ books }, params) =>
    page(books.customers, params, '/v1/customers', 'customer', each => each, each => params.email === undefined || each.email === params.email)),
  route('GET', '/v1/customers/:id', object({ expand }), (call, _, { id }) => findCustomer(call, id!)),
  route('POST', '/v1/customers/:id', object({ ...fields, default_source: text() }), (call, params, { id }) => {
    const customer = findCustomer(call, id!)
    const before = { ...customer }
    const { metadata: given, payment_method: _, expand: __, ...values } = params
    Object.assign(customer, values, { metadata: mergeMetadata(customer.metadata, given) })
    emit(call, 'customer.updated', { ...customer }, changes(before, customer))
    return { ...customer }
  }),
  route('DELETE', '/v1/customers/:id', object({}), (call, _, { id }) => {
    const customer = findCustomer(call, id!)
    call.books.customers.remove(customer.id)
    emit(call, 'customer.deleted', { ...customer })
    return { id: customer.id, object: 'customer', deleted: true }
  })
]

export function findCustomer ({ books }: Call, id: string, param = 'id'): Customer {
  const customer = books.customers.get(id)
  if (customer === undefined) throw missing('customer', id, param)
  return customer
}

/** What an update event says of the time before it. */
export function changes (before: object, after: object): object {
  const old = before as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(after)) if (old[key] !== value) result[key] = old[key]
  return result
}
