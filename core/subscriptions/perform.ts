import type { IdempotencyKey } from '../adapter/payments.ts'
import { ProviderError } from '../adapter/problems.ts'
import type { SubscriptionSnapshot } from '../adapter/subscriptions.ts'
import type { OpenConnection, SealedConnection } from '../connections/open.ts'
import { makeCustomer } from '../customers/at-provider.ts'
import type { Made } from '../customers/counterpart.ts'
import { openSavedMethod } from '../customers/methods.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { type CallResult, callProvider, finishOperation, neverCalled } from '../operations/call.ts'
import { isRefused, problemOf } from '../operations/problem.ts'
import { findPlan } from '../plans/queries.ts'
import { makePlan } from '../plans/service.ts'
import { requireMethod, requirePayments } from '../payments/plan.ts'
import { type Applied, applyFact, nameOf, prepare } from './apply.ts'
import type { Fact, PendingKind } from './machine.ts'
import { adoptCyclePayments } from './payments.ts'
import { pullSubscription } from './pull.ts'
import * as queries from './queries.ts'
import type { SubscriptionRow } from './queries.ts'

export type Performed = Pick<Applied, 'row'> & { error?: ProviderError }

/** Sends the pending call of a subscription and applies what came of it, in one transaction with the operation's report. It never repeats. */
export async function perform (hub: Hub, connection: SealedConnection, row: SubscriptionRow, requestId: string): Promise<Performed> {
  const { id, tenant_id: tenantId } = row
  const opened = await hub.open(connection).catch((cause: unknown) => {
    hub.log.error({ err: cause }, 'a connection did not open')
    return undefined
  })
  const result: CallResult<SubscriptionSnapshot> = opened === undefined ? unsent(hub, credentialsDoNotOpen) : await send(hub, opened, row, row.pending_operation_id!, requestId)
  const fact: Fact = result.ok ? { type: 'answer', snapshot: result.value, current: true } : factOfError(result.error)
  const prepared = await prepare(hub, tenantId, id, fact)
  const applied = await inTenant(hub.db, tenantId, async db => {
    const locked = (await queries.lockSubscription(db, id))!
    await finishOperation(db, row.pending_operation_id!, result.report)
    // Somebody else (a webhook, the resolver) has told this operation's end already: then this answer settles nothing new.
    const mine = locked.pending_operation_id === row.pending_operation_id
    if (fact.type !== 'answer') return mine ? await applyFact(hub, db, locked, prepared) : undefined
    const current = locked.version === row.version
    return await applyFact(hub, db, locked, { ...prepared, fact: mine ? { ...fact, current } : { type: 'pulled', snapshot: fact.snapshot, current } })
  })
  const error = result.ok ? {} : { error: result.error }
  if (applied !== undefined) await afterwards(hub, connection, applied, requestId)
  return { row: await inTenant(hub.db, tenantId, async db => (await queries.findSubscription(db, id))!), ...error }
}

/**
 * What an applied answer leaves to ask: the newest word where it may be old, and the payments of its cycles. When that fails
 * the job does it, a moment later.
 */
export async function afterwards (hub: Hub, connection: SealedConnection, { row, outcome }: Applied, requestId: string): Promise<void> {
  try {
    if (outcome.do === 'pull' || (outcome.do === 'apply' && outcome.pull === true)) await pullSubscription(hub, connection, row.id, requestId)
    await adoptCyclePayments(hub, connection, row.id, requestId)
  } catch (error) {
    hub.log.warn({ err: error, subscription: nameOf(row) }, 'the newest word on a subscription could not be had yet')
    await inTenant(hub.db, row.tenant_id, async db => await setTimer(db, 'subscription', row.id, hub.now()))
    hub.wake('subscription', [{ tenantId: row.tenant_id, id: row.id }])
  }
}

const credentialsDoNotOpen = new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', providerMessage: 'the stored credentials do not open' })

function unsent (hub: Pick<Hub, 'now'>, error: ProviderError): CallResult<SubscriptionSnapshot> {
  return { ok: false, error, report: { ...neverCalled(hub), errorCode: error.code, providerCode: error.providerCode ?? null } }
}

/** What an error of a call says of it: the call itself and its repetition are read alike. */
export function factOfError (error: ProviderError): Exclude<Fact, { snapshot: SubscriptionSnapshot }> {
  if (error.reached === 'nowhere') return { type: 'nowhere', problem: problemOf(error) }
  return isRefused(error) ? { type: 'refused', problem: problemOf(error) } : { type: 'no_answer' }
}

/**
 * The pending call, with what it stands on at the provider: the customer, the plan's price, the saved method. Each is made
 * once. `operationId` is the call's own row: who has fallen behind while those were made does not send any more.
 */
export async function send (hub: Hub, opened: OpenConnection, row: SubscriptionRow, operationId: string, requestId: string): Promise<CallResult<SubscriptionSnapshot>> {
  const family = requirePayments(opened.adapter)
  const reference = nameOf(row)
  const idempotencyKey = row.pending_key as IdempotencyKey
  const kind = row.pending_kind as PendingKind
  const change = queries.changeOf(row)
  try {
    if (kind === 'create_subscription') {
      const customer = standing(await makeCustomer(hub, opened, row.customer_id, requestId), 'customer')
      const plan = await planAt(hub, opened, row.plan_id, requestId)
      const method = await methodToken(hub, row, row.payment_method_id && publicId('payment_method', row.payment_method_id))
      await aboutToSend(hub, row, operationId)
      return await callProvider(hub, opened, kind, async context => await requireMethod(family.createSubscription)(context, {
        idempotencyKey,
        reference,
        customerProviderReference: customer,
        planReference: publicId('plan', row.plan_id),
        planProviderReference: plan,
        quantity: row.quantity,
        metadata: row.metadata as Record<string, string>,
        ...(method !== undefined && { methodProviderReference: method }),
        ...(row.trial_days !== null && { trialDays: row.trial_days }),
        ...(row.return_url !== null && { returnUrl: row.return_url })
      }))
    }
    const known = { idempotencyKey, reference, providerReference: row.provider_reference! }
    switch (kind) {
      case 'update_subscription': {
        const input = { ...known, ...await changeAt(hub, opened, row, change, requestId) }
        await aboutToSend(hub, row, operationId)
        return await callProvider(hub, opened, kind, async context => await requireMethod(family.updateSubscription)(context, input))
      }
      case 'cancel_subscription': return await callProvider(hub, opened, kind, async context => await requireMethod(family.cancelSubscription)(context, { ...known, at: change.at ?? 'now' }))
      case 'pause_subscription': return await callProvider(hub, opened, kind, async context => await requireMethod(family.pauseSubscription)(context, known))
      case 'resume_subscription': return await callProvider(hub, opened, kind, async context => await requireMethod(family.resumeSubscription)(context, known))
    }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return unsent(hub, error)
  }
}

/** From now on it may have acted. Throws when somebody else has sent it meanwhile, or told its end. */
async function aboutToSend (hub: Hub, row: SubscriptionRow, operationId: string): Promise<void> {
  const mine = await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await queries.lockSubscription(db, row.id)
    if (locked?.pending_key !== row.pending_key || (await queries.lastCall(db, row.id, row.pending_kind as PendingKind))?.id !== operationId) return false
    await queries.markSent(db, operationId, hub.now())
    return true
  })
  if (!mine) throw new ProviderError({ code: 'conflict', reached: 'unknown', providerMessage: 'somebody else has sent it meanwhile' })
}

/** What a change asks for, in the provider's words. Throws the ProviderError of what it stands on. */
export async function changeAt (hub: Hub, opened: OpenConnection, row: SubscriptionRow, change: queries.Change, requestId: string) {
  const plan = change.plan === undefined ? undefined : await planAt(hub, opened, parseId('plan', change.plan)!, requestId)
  const method = await methodToken(hub, row, change.paymentMethod ?? null)
  return {
    proration: change.proration ?? 'prorate' as const,
    ...(plan !== undefined && { planProviderReference: plan }),
    ...(change.quantity !== undefined && { quantity: change.quantity }),
    ...(method !== undefined && { methodProviderReference: method })
  }
}

async function planAt (hub: Hub, opened: OpenConnection, planId: string, requestId: string): Promise<string> {
  const plan = (await inTenant(hub.db, opened.tenantId, async db => await findPlan(db, planId)))!
  return standing(await makePlan(hub, opened, plan, requestId), 'plan')
}

/** As a thrown error: the call that stands on it was not sent, and whether it may be is known from how far this one got. */
function standing (made: Made, what: string): string {
  if (made.ok) return made.reference
  const { error } = made
  throw new ProviderError({ code: error.code, reached: error.reached, providerCode: error.providerCode, providerMessage: error.providerMessage ?? `the ${what} could not be made at the provider`, cause: error })
}

async function methodToken (hub: Hub, row: SubscriptionRow, method: string | null): Promise<string | undefined> {
  if (method === null || method === '') return undefined
  try {
    return (await openSavedMethod(hub, { tenantId: row.tenant_id, mode: row.mode as 'test' }, { method, path: 'payment_method' })).token
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    throw new ProviderError({ code: 'invalid_card', reached: 'nowhere', providerMessage: 'the payment method was removed', cause: error })
  }
}
