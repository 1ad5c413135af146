import { timeFor } from './agenda.ts'
import { endSubscription, isOver } from './billing/status.ts'
import { invalid, missing } from './errors.ts'
import { emit } from './events.ts'
import type { Customer, TaxId } from './objects.ts'
import { address, anything, created, email, expand, integer, listOf, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text, unsettable, type Checked } from './params.ts'
import { route } from './routing.ts'
import { named, page, wanted } from './shelf.ts'
import type { Call } from './world.ts'
import { attach, detach } from './payment-methods.ts'

const invoiceSettings = object({ custom_fields: anything, default_payment_method: unsettable(text()), footer: unsettable(text()), rendering_options: anything })
const taxId = object({ type: needed(text()), value: needed(text()) })

const fields = {
  address: unsettable(address),
  balance: integer,
  business_name: unsettable(text({ max: 150 })),
  cash_balance: object({ settings: object({ reconciliation_mode: oneOf('automatic', 'manual', 'merchant_default') }) }),
  description: unsettable(text()),
  email: unsettable(email),
  expand,
  individual_name: unsettable(text({ max: 150 })),
  invoice_prefix: text({ max: 12 }),
  invoice_settings: invoiceSettings,
  metadata,
  name: unsettable(text({ max: 256 })),
  next_invoice_sequence: integer,
  payment_method: text(),
  phone: unsettable(text({ max: 20 })),
  preferred_locales: listOf(text()),
  shipping: unsettable(openObject),
  tax_exempt: unsettable(oneOf('exempt', 'none', 'reverse'))
}

export const customerRoutes = [
  route('POST', '/v1/customers', object({ ...fields, tax_id_data: listOf(taxId), test_clock: text() }), (call, { payment_method: method, tax_id_data: taxIds = [], ...params }) => {
    const customer = newCustomer(call, params)
    for (const each of taxIds) addTaxId(call, customer.id, each)
    if (method !== undefined) attach(call, method, customer.id)
    if (params.invoice_settings !== undefined) setDefault(call, customer, params.invoice_settings)
    return { ...customer }
  }),
  route('GET', '/v1/customers', object({ ...paging, created, email: text({ max: 512 }), test_clock: text() }), ({ books }, params) =>
    page(books.customers, params, '/v1/customers', 'customer', each => each, each =>
      (params.email === undefined || each.email === params.email) && (params.test_clock === undefined ? each.test_clock === null : each.test_clock === params.test_clock))),
  route('GET', '/v1/customers/:id', object({ expand }), ({ books }, _, { id }) => books.customers.get(id!) ?? gone(books.customers.removed.has(id!), id!)),
  route('POST', '/v1/customers/:id', object({ ...fields, default_source: text() }), (call, params, { id }) => {
    const customer = findCustomer(call, id!)
    const before = { ...customer }
    const { metadata: given, payment_method: _, expand: __, invoice_settings: settings, cash_balance: ___, ...values } = params
    if (settings !== undefined) setDefault(call, customer, settings)
    Object.assign(customer, values, { metadata: mergeMetadata(customer.metadata, given) })
    emit(call, 'customer.updated', { ...customer }, changes(before, customer))
    return { ...customer }
  }),
  route('DELETE', '/v1/customers/:id', object({}), (call, _, { id }) => {
    removeCustomer(call, findCustomer(call, id!))
    return { id, object: 'customer', deleted: true }
  }),
  route('POST', '/v1/customers/:id/tax_ids', object({ type: needed(text()), value: needed(text()), expand }), (call, params, { id }) => {
    findCustomer(call, id!)
    return addTaxId(call, id!, params)
  }),
  route('GET', '/v1/customers/:id/tax_ids', object(paging), ({ books }, params, { id }) =>
    page(books.taxIds, params, `/v1/customers/${id}/tax_ids`, 'tax_id', each => each, each => each.customer === id)),
  route('GET', '/v1/customers/:id/tax_ids/:tax', object({ expand }), ({ books }, _, { tax }) => wanted(books.taxIds, tax!, 'tax_id')),
  route('DELETE', '/v1/customers/:id/tax_ids/:tax', object({}), (call, _, { tax }) => {
    const found = wanted(call.books.taxIds, tax!, 'tax_id')
    call.books.taxIds.remove(found.id)
    emit(call, 'customer.tax_id.deleted', { ...found })
    return { id: found.id, object: 'tax_id', deleted: true }
  })
]

type Given = Partial<Omit<Checked<ReturnType<typeof object<typeof fields>>>, 'payment_method'>> & { test_clock?: string }

/** A customer that the API makes, or a page. */
export function newCustomer (call: Call, { metadata: given, expand: _, invoice_settings: __, cash_balance: ___, ...values }: Given): Customer {
  const { world, books } = call
  if (values.test_clock !== undefined) named(books.clocks, values.test_clock, 'test_clock', 'test_clock')
  const customer: Customer = {
    id: world.id('cus_', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: world.now(),
    currency: null,
    customer_account: null,
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
  customer.created = timeFor(call, customer.id)
  emit(call, 'customer.created', { ...customer })
  return customer
}

export function findCustomer ({ books }: Call, id: string, param = 'id'): Customer {
  return wanted(books.customers, id, 'customer', param)
}

/** A customer goes with its subscriptions and its saved methods. Source: https://docs.stripe.com/api/customers/delete, read 2026-11. */
export function removeCustomer (call: Call, customer: Customer): void {
  const { books } = call
  for (const record of books.subscriptions.items) if (record.wire.customer === customer.id && !isOver(record)) endSubscription(call, record, 'canceled', 'cancellation_requested')
  for (const record of books.paymentMethods.items) if (record.wire.customer === customer.id) detach(call, record)
  books.customers.remove(customer.id)
  emit(call, 'customer.deleted', { ...customer })
}

function setDefault (call: Call, customer: Customer, settings: Checked<typeof invoiceSettings>): void {
  const method = settings.default_payment_method
  if (typeof method === 'string' && call.books.paymentMethods.get(method)?.wire.customer !== customer.id) {
    throw invalid(`The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`, { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' })
  }
  customer.invoice_settings = { ...customer.invoice_settings, ...settings as Partial<Customer['invoice_settings']> }
}

export function addTaxId (call: Call, customer: string, { type, value }: { type: string, value: string }): TaxId {
  const { world, books } = call
  const added = books.taxIds.add({
    id: world.id('txi_1'),
    object: 'tax_id',
    country: /^([a-z]{2})_/.exec(type)?.[1]?.toUpperCase() ?? null,
    created: world.now(),
    customer,
    customer_account: null,
    livemode: books.livemode,
    owner: { customer, customer_account: null, type: 'customer' },
    type,
    value,
    verification: { status: type === 'eu_vat' ? 'pending' : 'unavailable', verified_address: null, verified_name: null }
  })
  emit(call, 'customer.tax_id.created', { ...added })
  return added
}

function gone (removed: boolean, id: string): object {
  if (!removed) throw missing('customer', id, 'id')
  return { id, object: 'customer', deleted: true }
}

/** What an update event says of the time before it. */
export function changes (before: object, after: object): object {
  const old = before as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(after)) if (old[key] !== value) result[key] = old[key]
  return result
}
