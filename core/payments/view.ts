import type { Mode } from '../adapter/context.ts'
import type { NextAction, PaymentProblem, PaymentSnapshot } from '../adapter/payments.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { showProblem } from '../operations/problem.ts'
import { isTerminal, type PaymentStatus, type Review } from './machine.ts'
import { payLink } from './pay-link.ts'
import type { PaymentOrigin, PaymentRow, RefundRow } from './queries.ts'
import type { Payment, Refund } from './schema.ts'

type Language = 'es' | 'en'

/** A payment as the API shows it. `nextAction` is opened only for who asked for the payment itself. */
export function showPayment (row: PaymentRow, language: Language, nextAction: NextAction | null = null): Payment {
  return {
    id: publicId('payment', row.id),
    object: 'payment',
    mode: row.mode as Mode,
    status: row.status as Payment['status'],
    amount: row.amount,
    currency: row.currency,
    amount_capturable: row.amount_capturable,
    amount_captured: row.amount_captured,
    amount_received: row.amount_received,
    amount_remaining: isTerminal(row.status as PaymentStatus) || row.status === 'authorized' ? 0 : Math.max(0, row.amount - row.amount_received),
    amount_refunded: row.amount_refunded,
    capture: row.capture as Payment['capture'],
    method: row.method === null ? null : { ...row.method as { type: string }, ...(row.payment_method_id !== null && { payment_method: publicId('payment_method', row.payment_method_id) }) },
    origin: row.origin_type === null ? null : { type: row.origin_type as PaymentOrigin, id: publicId(row.origin_type as PaymentOrigin, row.origin_id!) },
    reference: row.reference,
    description: row.description,
    statement_descriptor: row.statement_descriptor,
    customer: showCustomer(row),
    return_url: row.return_url,
    success_url: row.success_url,
    cancel_url: row.cancel_url,
    lines: row.lines as Payment['lines'],
    tax_breakdown: row.tax_breakdown as Payment['tax_breakdown'],
    installments: row.installments,
    expires_at: row.expires_at === null ? null : new Date(row.expires_at).toISOString(),
    save_method: row.save_method,
    invoice_id: row.invoice_id === null ? null : publicId('invoice', row.invoice_id),
    metadata: row.metadata as Record<string, string>,
    provider: row.provider,
    connection: publicId('connection', row.connection_id),
    provider_reference: row.provider_reference,
    provider_status: row.provider_status,
    attempts: row.attempts,
    next_action: nextAction as Payment['next_action'],
    error: showProblem(row.error as PaymentProblem | null, language),
    review: row.review as Review | null,
    disputed: row.disputed,
    dispute: row.dispute as Payment['dispute'],
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** As it was sent, with the id of the customer that is kept, where it is one. */
export function showCustomer (row: Pick<PaymentRow, 'customer' | 'customer_id'>): Record<string, unknown> | null {
  if (row.customer_id === null) return row.customer as Record<string, unknown> | null
  return { id: publicId('customer', row.customer_id), ...row.customer as object | null }
}

export function showRefund (row: RefundRow, language: Language): Refund {
  return {
    id: publicId('refund', row.id),
    object: 'refund',
    mode: row.mode as Mode,
    payment: publicId('payment', row.payment_id),
    status: row.status as Refund['status'],
    amount: row.amount,
    currency: row.currency,
    reason: row.reason,
    metadata: row.metadata as Record<string, string>,
    origin: row.origin as Refund['origin'],
    provider: row.provider,
    connection: publicId('connection', row.connection_id),
    provider_reference: row.provider_reference,
    provider_status: row.provider_status,
    error: showProblem(row.error as PaymentProblem | null, language),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

const use = 'next_action'

/** What the payer does next may hold a client secret, so it is kept sealed. Null when there is nothing to do. */
export async function sealNextAction (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, snapshot: PaymentSnapshot): Promise<string | null> {
  if (snapshot.nextAction === undefined) return null
  return await hub.vault.seal(tenantId, publicId('payment', paymentId), use, JSON.stringify(snapshot.nextAction))
}

/** Open only while there is something to do: a finished payment's action is of no use to anybody. */
export async function openNextAction (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, row: PaymentRow): Promise<NextAction | null> {
  const waits = row.status === 'requires_action' || row.status === 'requires_payment_method' || row.status === 'processing'
  if (!waits) return null
  const told = await toldNextAction(hub, row)
  if (!waitsForPerson(row, told)) return told
  return { type: 'redirect', url: told?.type === 'client_secret' && told.url !== undefined ? told.url : await payLink(hub, row) }
}

/** What the provider said last. */
export async function toldNextAction (hub: Pick<Hub, 'vault'>, row: PaymentRow): Promise<NextAction | null> {
  return row.next_action_sealed === null ? null : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('payment', row.id), use, row.next_action_sealed)) as NextAction
}

/** An off-session charge that only the payer can finish, and for which there is only a key for a script, or nothing. */
export function waitsForPerson (row: Pick<PaymentRow, 'status' | 'method_sealed'>, told: NextAction | null): boolean {
  return row.status === 'requires_action' && row.method_sealed !== null && (told === null || told.type === 'client_secret')
}
