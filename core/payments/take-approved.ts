import { createHash } from 'node:crypto'
import type { IdempotencyKey, PaymentSnapshot } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import type { OpenConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation } from '../operations/call.ts'
import { isTerminal } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'

/**
 * At some providers the payer only agrees, and who sells takes the money (PayPal: an order that is APPROVED). No look does that: here it
 * is asked for, on the record, and only while the payment is wanted and goes on at this very object. One agreement has one key, so
 * whoever meets it (a webhook, the resolver, the payer's return, all at once) asks the same. Gives what the provider then says, or
 * `looked`, with the error where that is not known: the next look asks again.
 */
export async function takeApproved (hub: Hub, opened: OpenConnection, { tenantId, id }: { tenantId: string, id: string }, looked: PaymentSnapshot, requestId: string): Promise<{ snapshot: PaymentSnapshot, error?: ProviderError }> {
  const completePayment = opened.adapter.payments?.completePayment
  if (looked.approval === undefined || completePayment === undefined) return { snapshot: looked }
  const reference = publicId('payment', id)
  const { providerReference, approval } = looked
  const idempotencyKey = `${reference}-${createHash('sha256').update(`${providerReference} ${approval}`).digest('hex').slice(0, 24)}` as IdempotencyKey
  // A cancel that was asked for in this moment comes before it or after it, not between.
  const operationId = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.lockPayment(db, id)
    return row !== undefined && isWanted(row, looked) ? await insertOperation(db, hub.now(), { connection: opened, kind: 'complete_payment', subjectId: id, idempotencyKey, requestId }) : undefined
  })
  if (operationId === undefined) return { snapshot: looked }
  const result = await callProvider(hub, opened, 'complete_payment', async context => await completePayment(context, { idempotencyKey, providerReference, reference }))
  await inTenant(hub.db, tenantId, async db => await finishOperation(db, operationId, result.report))
  return result.ok ? { snapshot: result.value } : { snapshot: looked, error: result.error }
}

/** Of another amount or another object nothing is taken, nor while a further attempt is on its way: it may have been paid. */
function isWanted (row: PaymentRow, { providerReference, amount, reference }: PaymentSnapshot): boolean {
  return !isTerminal(row.status as 'canceled') && row.review === null && row.cancel_wanted_at === null && (row.pending_kind === null || row.attempts === 1) &&
    (row.provider_reference === null || row.provider_reference === providerReference) &&
    (reference === undefined || reference === publicId('payment', row.id)) &&
    amount.amount === row.amount && amount.currency === row.currency
}
