import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { ProviderError, ProviderProblem } from '../adapter/problems.ts'
import type { ConnectionContext } from '../adapter/context.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, finishOperation, neverCalled, reportColumns } from '../operations/call.ts'
import { type Applied, applyFact, applyUnlessMoved, prepare } from './apply.ts'
import { failOver, type Otherwise } from './fail-over.ts'
import type { Fact, PendingKind } from './machine.ts'
import { pullPayment } from './pull.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'

/** A call whose intent is committed: what is sent, and where its answer belongs. */
export interface Performance {
  connection: SealedConnection
  kind: PendingKind
  operationId: string
  /** As the intent left it: if it moved since, the answer may be old news. */
  row: PaymentRow
  call: (context: ConnectionContext) => Promise<PaymentSnapshot>
  /** Of a new payment: where it may be tried next. */
  otherwise?: Otherwise
}

export type Performed = Applied & { error?: ProviderError }

/**
 * Calls the provider and applies what came of it, in one transaction with the operation's report. It never repeats; what is
 * proven not to have been charged is tried at the next connection, where there is one.
 */
export async function perform (hub: Hub, work: Performance): Promise<Performed> {
  const { connection } = work
  const { id: paymentId, tenant_id: tenantId } = work.row
  const opened = await hub.open(connection).catch((cause: unknown) => {
    hub.log.error({ err: cause }, 'a connection did not open')
    return undefined
  })
  const result = opened === undefined ? undefined : await callProvider(hub, opened, work.kind, work.call)
  const fact = result === undefined ? credentialsDoNotOpen : result.ok ? undefined : factOfError(result.error, work.row.attempts)
  const prepared = await prepare(hub, work.row, fact ?? { type: 'answer', snapshot: (result as { value: PaymentSnapshot }).value, current: true })
  const report = result?.report ?? neverCalled(hub)
  const next = work.otherwise === undefined ? undefined : await failOver(hub, { ...work, otherwise: work.otherwise }, prepared, report)
  if (next !== undefined) return await perform(hub, next)
  const applied = await applyUnlessMoved(hub, work.row, prepared, { id: work.operationId, report: reportColumns(report) }) ?? await inTenant(hub.db, tenantId, async db => {
    const row = await queries.lockPayment(db, paymentId)
    if (row === undefined) throw new Error(`payment ${paymentId} vanished`)
    await finishOperation(db, work.operationId, report)
    // Somebody else (a webhook, the resolver) has told this operation's end already: then this answer settles nothing new.
    const mine = row.pending_operation_id === work.operationId
    if (prepared.fact.type === 'answer') {
      const current = row.version === work.row.version
      return await applyFact(hub, db, row, { ...prepared, fact: mine ? { ...prepared.fact, current } : { type: 'pulled', snapshot: prepared.fact.snapshot, current } })
    }
    return mine ? await applyFact(hub, db, row, prepared) : { row, outcome: { do: 'ignore' as const, why: 'the operation was settled meanwhile' } }
  })
  const told = { ...applied, ...(result !== undefined && !result.ok && { error: result.error }) }
  if (applied.row.invoice_id !== null) hub.wake('receivable', [{ tenantId, id: applied.row.invoice_id }])
  const approved = result?.ok === true && result.value.approval !== undefined
  const asks = approved || applied.outcome.do === 'pull' || (applied.outcome.do === 'apply' && applied.outcome.pull === true)
  if (!asks || result?.ok !== true) return told
  // An answer that came after other news only says that there is news: the newest is asked for, now or by the resolver. And what was agreed to is taken.
  try {
    const pulled = await pullPayment(hub, connection, paymentId, { requestId: 'answer', providerReference: result.value.providerReference })
    return { ...told, ...pulled }
  } catch (error) {
    hub.log.warn({ err: error, payment: publicId('payment', paymentId) }, 'the newest word on a payment could not be had yet')
    await inTenant(hub.db, tenantId, async db => await queries.scheduleResolve(db, 'payments', paymentId, hub.now(), 0))
    hub.wake('payment', [{ tenantId, id: paymentId }])
    return told
  }
}

const credentialsDoNotOpen: Fact = { type: 'nowhere', problem: { code: 'invalid_credentials', message: 'the stored credentials do not open' } }

/** Problems of the payment itself, which no other card would mend. */
const endsPayment = new Set<ProviderProblem>(['amount_invalid', 'invalid_request', 'unsupported', 'duplicate', 'idempotency_conflict', 'fraud_suspected'])

/** What an error of a call that moves money says of it: the call itself and its repetition are read alike. */
export function factOfError (error: ProviderError, attempts: number): Exclude<Fact, { snapshot: PaymentSnapshot }> {
  const problem = {
    code: error.code,
    ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
    ...(error.providerMessage !== undefined && { message: error.providerMessage })
  }
  switch (error.reached) {
    case 'unknown': return { type: 'no_answer' }
    case 'nowhere': return { type: 'nowhere', problem }
    // A field of the payer's method can be mended by another method; a second attempt never ends what a first one left open.
    case 'answered': {
      const ofMethod = /payment_method|token|source|card/.test(error.param ?? '')
      return ofMethod
        ? { type: 'refused', problem: { ...problem, code: 'invalid_card' }, ends: false }
        : { type: 'refused', problem, ends: attempts === 1 && endsPayment.has(error.code) }
    }
  }
}
