import type { Mode } from '../adapter/context.ts'
import type { NextAction, PaymentProblem } from '../adapter/payments.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { showProblem } from '../operations/problem.ts'
import type { CustomerRow, MethodRow } from './queries.ts'
import type { Customer, PaymentMethod } from './schema.ts'

export function showCustomer (row: CustomerRow): Customer {
  return {
    id: publicId('customer', row.id),
    object: 'customer',
    mode: row.mode as Mode,
    name: row.name,
    email: row.email,
    phone: row.phone,
    tax_id: row.tax_id,
    address: row.address as Customer['address'],
    reference: row.reference,
    metadata: row.metadata as Record<string, string>,
    default_payment_method: row.default_method_id && publicId('payment_method', row.default_method_id),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** For events, which nobody can change afterwards: what was forgotten would live on in them. */
export const showForgettable = (row: CustomerRow) => ({ id: publicId('customer', row.id), object: 'customer', mode: row.mode })

export function showMethod (row: MethodRow, language: 'es' | 'en', { isDefault, nextAction = null }: { isDefault: boolean, nextAction?: NextAction | null }): PaymentMethod {
  return {
    id: publicId('payment_method', row.id),
    object: 'payment_method',
    mode: row.mode as Mode,
    customer: publicId('customer', row.customer_id),
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    type: row.type,
    status: row.status as PaymentMethod['status'],
    brand: row.brand,
    last4: row.last4,
    exp_month: row.exp_month,
    exp_year: row.exp_year,
    default: isDefault,
    next_action: nextAction as PaymentMethod['next_action'],
    error: showProblem(row.error as PaymentProblem | null, language),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

export const methodSubject = (id: string): string => publicId('payment_method', id)
export const nextActionUse = 'next_action'

/** Open only while there is something to do. */
export async function openNextAction (hub: Pick<Hub, 'vault'>, row: MethodRow): Promise<NextAction | null> {
  if (row.next_action_sealed === null || row.status !== 'requires_action') return null
  return JSON.parse(await hub.vault.openText(row.tenant_id, methodSubject(row.id), nextActionUse, row.next_action_sealed)) as NextAction
}
