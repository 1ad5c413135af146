import type { Access } from '../access/principal.ts'
import type { MethodInput, PayerInput } from '../adapter/payments.ts'
import type { SealedConnection } from '../connections/open.ts'
import { customerAt } from '../customers/at-provider.ts'
import { openSavedMethod } from '../customers/methods.ts'
import type { CustomerRow } from '../customers/queries.ts'
import { customerNamed } from '../customers/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { PaymentRow } from './queries.ts'
import type { NewPayment } from './schema.ts'

/** Who pays and with what, as the adapter is told it, and as the payment keeps it. */
export interface Payer {
  customer?: PayerInput
  method?: MethodInput
  /** Public id of the one connection that knows them; absent: any. */
  connection?: string
  columns: Pick<PaymentRow, 'customer' | 'customer_id' | 'payment_method_id'>
}

type Acting = Pick<Access, 'tenantId' | 'mode' | 'requestId'>
export type PayerBody = Pick<NewPayment, 'customer' | 'method' | 'connection'>

/**
 * Opens what a body names: `cus_…` becomes the provider's own customer, `pmt_…` the provider's own method. Both are of one
 * connection: the method's own, or the one that `choose` says. Throws 4xx that names the field.
 */
export async function openPayer (hub: Hub, acting: Acting, body: PayerBody, choose: () => Promise<SealedConnection>): Promise<Payer> {
  const { customer, method } = body
  if (method?.payment_method !== undefined) return await openSaved(hub, acting, body, method.payment_method)
  const shared = method === undefined ? {} : { method: method as MethodInput }
  if (typeof customer !== 'string') {
    return { ...shared, ...(customer !== undefined && { customer: customer as PayerInput }), columns: { customer: customer ?? null, customer_id: null, payment_method_id: null } }
  }
  const row = await inTenant(hub.db, acting.tenantId, async db => await customerNamed(db, acting, customer))
  const connection = await choose()
  return {
    ...shared,
    customer: payerInput(row, await customerAt(hub, connection, row.id, acting.requestId)),
    connection: publicId('connection', connection.id),
    columns: { customer: null, customer_id: row.id, payment_method_id: null }
  }
}

async function openSaved (hub: Hub, acting: Acting, { customer, method, connection }: PayerBody, name: string): Promise<Payer> {
  if (method!.token !== undefined) throw invalidField('method.payment_method', 'is instead of token, not beside it')
  if (typeof customer === 'object') throw invalidField('customer', 'must be the customer whose method it is (cus_…), or be left out')
  const saved = await openSavedMethod(hub, acting, { method: name, type: method!.type, ...(customer !== undefined && { customer }) })
  const kept = publicId('connection', saved.connectionId)
  if (connection !== undefined && connection !== kept) throw invalidField('connection', `the saved method is kept at ${kept}`)
  const row = await inTenant(hub.db, acting.tenantId, async db => await customerNamed(db, acting, publicId('customer', saved.customerId)))
  return {
    customer: payerInput(row, saved.customerProviderReference),
    method: { type: saved.type, token: saved.token },
    connection: kept,
    columns: { customer: null, customer_id: saved.customerId, payment_method_id: saved.id }
  }
}

/** A payer as the adapter is told it: what was typed, or the provider's own customer, made there when it is first needed. */
export async function openCustomer (hub: Hub, acting: Acting, connection: SealedConnection, customer: NewPayment['customer']): Promise<PayerInput | undefined> {
  return (await openPayer(hub, acting, customer === undefined ? {} : { customer }, async () => connection)).customer
}

const payerInput = ({ name, email, phone, tax_id: taxId }: CustomerRow, reference: string | undefined): PayerInput => ({
  ...(name !== null && { name }), ...(email !== null && { email }), ...(phone !== null && { phone }), ...(taxId !== null && { tax_id: taxId }), ...(reference !== undefined && { provider_reference: reference })
})

/** The same question about a payment that is there, at its own connection. */
export function payerOf (row: PaymentRow): PayerBody {
  const customer = row.customer_id === null ? row.customer as NewPayment['customer'] | null : publicId('customer', row.customer_id)
  return { connection: publicId('connection', row.connection_id), ...(customer !== null && customer !== undefined && { customer }) }
}
