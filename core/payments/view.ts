import type { Mode } from '../adapter/context.ts'
import type { NextAction, PaymentProblem, PaymentSnapshot } from '../adapter/payments.ts'
import { providerProblems } from '../adapter/problems.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { Review } from './machine.ts'
import { problemText } from '../adapter/problem-text.ts'
import type { PaymentRow, RefundRow } from './queries.ts'
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
    amount_refunded: row.amount_refunded,
    capture: row.capture as Payment['capture'],
    method: row.method as Payment['method'],
    reference: row.reference,
    description: row.description,
    statement_descriptor: row.statement_descriptor,
    customer: row.customer as Payment['customer'],
    return_url: row.return_url,
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
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
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

export function showProblem (problem: PaymentProblem | null, language: Language): Payment['error'] {
  if (problem === null) return null
  return {
    code: problem.code,
    message: problemText[problem.code][language],
    retry: providerProblems[problem.code],
    provider_code: problem.providerCode ?? null,
    provider_message: problem.message ?? null
  }
}

const use = 'next_action'

/** What the payer does next may hold a client secret, so it is kept sealed. Null when there is nothing to do. */
export async function sealNextAction (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, snapshot: PaymentSnapshot): Promise<string | null> {
  if (snapshot.nextAction === undefined) return null
  return await hub.vault.seal(tenantId, publicId('payment', paymentId), use, JSON.stringify(snapshot.nextAction))
}

/** Open only while there is something to do: a finished payment's action is of no use to anybody. */
export async function openNextAction (hub: Pick<Hub, 'vault'>, row: PaymentRow): Promise<NextAction | null> {
  const waits = row.status === 'requires_action' || row.status === 'requires_payment_method' || row.status === 'processing'
  if (row.next_action_sealed === null || !waits) return null
  return JSON.parse(await hub.vault.openText(row.tenant_id, publicId('payment', row.id), use, row.next_action_sealed)) as NextAction
}
