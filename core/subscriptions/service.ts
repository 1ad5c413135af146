import type { Access } from '../access/principal.ts'
import type { Adapter } from '../adapter/define.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { findMethod, holdCustomer } from '../customers/queries.ts'
import { usableMethod } from '../customers/methods.ts'
import { customerNamed, namesOf } from '../customers/service.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { storable } from '../db/storable.ts'
import { HubError, invalidField } from '../errors.ts'
import { checkOf, prepareFiscalData } from '../fiscal-data/service.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { insertOperation, recordedCall } from '../operations/call.ts'
import { refusal } from '../operations/problem.ts'
import { requireMethod, requirePayments } from '../payments/plan.ts'
import { findPlan } from '../plans/queries.ts'
import { planNamed } from '../plans/service.ts'
import { assertAmount } from '../routing-rules/can-take.ts'
import { chooseRoute } from '../routing-rules/choose.ts'
import { assertPublicUrl } from '../urls.ts'
import { applyFact } from './apply.ts'
import { begin, cancelDecision, type Decision, firstLook, stateError } from './begin.ts'
import { type CancelAt, isFinal, type PendingKind } from './machine.ts'
import { afterwards, changeAt, type Performed, perform } from './perform.ts'
import { ProviderError } from '../adapter/problems.ts'
import * as queries from './queries.ts'
import type { Change, SubscriptionRow } from './queries.ts'
import { resolveSubscription } from './resolver.ts'
import type { Cycle, ListCycles, ListSubscriptions, NewSubscription, PatchSubscription, Preview, PreviewChange, ResolveReview, Subscription } from './schema.ts'
import { openNextAction, showCycle, showPreview, showSubscription } from './view.ts'

/** Subscribes a customer to a plan. Throws 4xx before anything is written; after the intent is committed it always answers with the subscription. */
export async function createSubscription (hub: Hub, access: Access, given: NewSubscription, idempotency: Idempotency | null): Promise<Subscription> {
  const body = storable(given)
  // A first run of the same request got as far as its intent and died: what it began is the answer.
  if (idempotency?.subject !== undefined) {
    const invoice = await checkOf(hub, access.tenantId, uuidOf('subscription', idempotency.subject), body.invoice)
    return { ...await begunBefore(hub, access, idempotency.subject), ...(invoice !== undefined && { invoice }) }
  }
  if (body.return_url !== undefined) assertPublicUrl(access.mode, body.return_url, 'return_url')
  const { tenantId } = access
  const { customer, plan, connection, adapter, methodId, quantity } = await choose(hub, access, body)
  const now = hub.now()
  const id = newUuid(now)
  const key = publicId('operation', newUuid(now))
  // Its cycles are invoiced alike; lines hold for those that cost what the plan does.
  const fiscal = await prepareFiscalData(hub, access, body.invoice, { subject: { type: 'subscription', id }, amount: plan.amount * quantity, currency: plan.currency })
  const row = await inTenant(hub.db, tenantId, async db => {
    if (await holdCustomer(db, customer.id) === undefined) throw invalidField('customer', 'no such customer')
    if ((await loadSealed(db, connection.id))?.enabled !== true) throw new HubError('connection_not_usable')
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: 'create_subscription', subjectId: id, idempotencyKey: key, requestId: access.requestId })
    const inserted = await queries.insertSubscription(db, {
      id,
      mode: access.mode,
      connection_id: connection.id,
      provider: connection.provider,
      customer_id: customer.id,
      plan_id: plan.id,
      payment_method_id: methodId,
      quantity,
      trial_days: body.trial_days ?? plan.trial_days,
      return_url: body.return_url ?? null,
      reference: body.reference ?? null,
      metadata: body.metadata ?? {}
    }, { kind: 'create_subscription', change: {}, operationId, key, since: now })
    await fiscal?.insert(db)
    await setTimer(db, 'subscription', id, firstLook(hub, now))
    await audit(db, access, now, id, 'created', { customer: body.customer, plan: body.plan, quantity })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('subscription', id))
    return inserted
  })
  return { ...await show(hub, access, (await perform(hub, connection, row, access.requestId)).row), ...(fiscal !== undefined && { invoice: fiscal.check }) }
}

/** All that a body names, and where it is billed: at the method's own connection, the named one, or as the tenant's routing says. */
async function choose (hub: Hub, access: Access, body: NewSubscription) {
  const quantity = body.quantity ?? 1
  const { customer, plan, named, usual } = await inTenant(hub.db, access.tenantId, async db => {
    const customer = await customerNamed(db, access, body.customer)
    const plan = await planNamed(db, access, body.plan)
    const named = body.payment_method === undefined ? undefined : await usableMethod(db, access, { method: body.payment_method, customer: publicId('customer', customer.id), path: 'payment_method' })
    const usual = named === undefined && customer.default_method_id !== null ? await findMethod(db, customer.default_method_id) : undefined
    return { customer, plan, named, usual: usual?.status === 'active' ? usual : undefined }
  })
  const amount = plan.amount * quantity
  if (!Number.isSafeInteger(amount)) throw invalidField('quantity', 'is too much of this plan', 'amount_invalid')
  const wanted = { family: 'payments', mode: access.mode, amount, currency: plan.currency, needs: ['createCustomer', 'createPlan', 'createSubscription'], customer: namesOf(customer), ...(body.metadata !== undefined && { metadata: body.metadata }) } as const
  const at = body.connection ?? (named && publicId('connection', named.connection_id))
  if (named !== undefined && at !== publicId('connection', named.connection_id)) throw invalidField('connection', 'is not where the payment method is kept', 'connection_not_usable')
  // Where the default method is kept goes before where the rules would send a new payer; when it cannot, they decide.
  const usually = at === undefined && usual !== undefined ? await chooseRoute(hub, access.tenantId, { ...wanted, connection: publicId('connection', usual.connection_id) }).catch(notThere) : undefined
  const { first } = usually ?? await chooseRoute(hub, access.tenantId, { ...wanted, ...(at !== undefined && { connection: at }) })
  const method = named ?? (usual?.connection_id === first.connection.id ? usual : undefined)
  return { customer, plan, quantity, connection: first.connection as SealedConnection, adapter: first.adapter, methodId: method?.id ?? null }
}

function notThere (error: unknown): undefined {
  if (!(error instanceof HubError)) throw error
}

export async function getSubscription (hub: Hub, access: Access, publicSubscriptionId: string): Promise<Subscription> {
  return await show(hub, access, await find(hub, access, publicSubscriptionId))
}

export async function listSubscriptions (hub: Hub, access: Access, query: ListSubscriptions): Promise<{ data: Subscription[], next_cursor: string | null }> {
  const window = idWindow('subscription', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listSubscriptions(db, {
    ...window,
    mode: access.mode,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.reference !== undefined && { reference: query.reference }),
    ...(query.customer !== undefined && { customerId: uuidOf('customer', query.customer) }),
    ...(query.plan !== undefined && { planId: uuidOf('plan', query.plan) })
  }))
  return pageOf('subscription', window, rows, row => showSubscription(row, access.language))
}

export async function listCycles (hub: Hub, access: Access, publicSubscriptionId: string, query: ListCycles): Promise<{ data: Cycle[], next_cursor: string | null }> {
  const window = idWindow('cycle', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    const row = await findOrThrow(db, access, uuidOf('subscription', publicSubscriptionId))
    return await queries.listCycles(db, row.id, window)
  })
  return pageOf('cycle', window, rows, row => showCycle(row, access.language))
}

/** Ends it now, or when what is paid for is over. While the outcome of the call before is unknown it is noted, and carried out when it is known. */
export async function cancelSubscription (hub: Hub, access: Access, publicSubscriptionId: string, at: CancelAt, idempotency: Idempotency | null = null): Promise<Subscription> {
  if (idempotency?.subject !== undefined) return await begunBefore(hub, access, idempotency.subject)
  const row = await find(hub, access, publicSubscriptionId)
  if (row.pending_kind !== null) await resolveSubscription(hub, access.tenantId, row.id)
  const noted = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, row.id)
    if (locked.pending_kind === null) return undefined
    await audit(db, access, hub.now(), row.id, 'cancel_wanted', { at })
    if (idempotency !== null) await recordSubject(db, idempotency, publicSubscriptionId)
    return (await applyFact(hub, db, locked, { fact: { type: 'cancel_wanted', at }, nextActionSealed: null })).row
  })
  if (noted !== undefined) return await show(hub, access, noted)
  const decide = cancelDecision(at)
  const done = await begin(hub, access, row.id, (row, adapter) => {
    if (at === 'period_end' && row.known_status !== 'active' && row.known_status !== 'trialing' && row.known_status !== 'past_due' && row.known_status !== 'paused' && !isFinal(row.known_status as 'canceled')) {
      throw invalidField('at', `no period is paid for: the subscription is ${row.known_status}`, 'invalid_state')
    }
    return decide(row, adapter)
  }, recorded(hub, access, row.id, 'canceled', { at }, idempotency))
  return await settled(hub, access, done)
}

/** No claim is made until it is resumed. */
export async function pauseSubscription (hub: Hub, access: Access, publicSubscriptionId: string, idempotency: Idempotency | null = null): Promise<Subscription> {
  return await change(hub, access, publicSubscriptionId, 'paused', (row, adapter) => {
    requireMethod(requirePayments(adapter).pauseSubscription)
    if (row.known_status === 'paused') return undefined
    if (!goesOn(row)) throw stateError(row, 'pause')
    return { kind: 'pause_subscription', change: {} }
  }, idempotency)
}

/** Takes back a pause, or a cancel that waits for the end of the period. */
export async function resumeSubscription (hub: Hub, access: Access, publicSubscriptionId: string, idempotency: Idempotency | null = null): Promise<Subscription> {
  return await change(hub, access, publicSubscriptionId, 'resumed', (row, adapter) => {
    requireMethod(requirePayments(adapter).resumeSubscription)
    const waits = row.known_status === 'paused' || row.cancel_at_period_end
    if (!waits && goesOn(row)) return undefined
    if (!waits || isFinal(row.known_status as 'canceled')) throw stateError(row, 'resume')
    return { kind: 'resume_subscription', change: {} }
  }, idempotency)
}

/** Another plan, quantity or payment method. What it costs is told by `previewChange`, as the provider computes it. */
export async function patchSubscription (hub: Hub, access: Access, publicSubscriptionId: string, given: PatchSubscription): Promise<Subscription> {
  const body = storable(given)
  const row = await find(hub, access, publicSubscriptionId)
  const wanted = await wantedChange(hub, access, row, body)
  if (body.reference !== undefined || body.metadata !== undefined) await patchLabels(hub, access, row.id, body)
  if (Object.keys(wanted).length === 0) return await getSubscription(hub, access, publicSubscriptionId)
  return await change(hub, access, publicSubscriptionId, 'changed', (row, adapter) => {
    requireMethod(requirePayments(adapter).updateSubscription)
    const asked = still(row, wanted)
    if (Object.keys(asked).length === 0) return undefined
    if (!goesOn(row)) throw stateError(row, 'change')
    return { kind: 'update_subscription', change: { ...asked, proration: body.proration ?? 'prorate' } }
  }, null, { ...wanted, ...(body.proration !== undefined && { proration: body.proration }) })
}

/** What a change would cost. Nothing is changed; the plan's price may come to be at the provider. */
export async function previewChange (hub: Hub, access: Access, publicSubscriptionId: string, body: PreviewChange): Promise<Preview> {
  const row = await find(hub, access, publicSubscriptionId)
  const wanted = await wantedChange(hub, access, row, body)
  const { connection, family } = await connectionOf(hub, row)
  const preview = requireMethod(family.previewUpdate)
  if (row.provider_reference === null || !goesOn(row)) throw stateError(row, 'change')
  const opened = await hub.open(connection)
  const providerReference = row.provider_reference
  const input = await changeAt(hub, opened, row, { ...wanted, proration: body.proration ?? 'prorate' }, access.requestId).catch((error: unknown) => {
    throw error instanceof ProviderError ? refusal(error, row.provider) : error
  })
  const result = await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection: opened, kind: 'preview_update', subjectId: row.id, requestId: access.requestId },
    async context => await preview(context, { ...input, reference: publicSubscriptionId, providerReference }))
  if (!result.ok) throw refusal(result.error, row.provider)
  return showPreview(row, result.value)
}

/** A person ends a review, or closes by hand what nobody knows. Nothing is sent to the provider, except the question how it stands when its word is accepted. */
export async function resolveReview (hub: Hub, access: Access, publicSubscriptionId: string, body: ResolveReview, idempotency: Idempotency | null = null): Promise<Subscription> {
  // A first run decided and died before it could say so.
  if (idempotency?.subject !== undefined) return await getSubscription(hub, access, idempotency.subject)
  const { decision, reason } = storable(body)
  const id = uuidOf('subscription', publicSubscriptionId)
  const { applied, connection } = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (decision === 'mark_canceled' && locked.review === null && locked.status !== 'unknown') throw stateError(locked, 'close by hand')
    const applied = await applyFact(hub, db, locked, { fact: { type: 'decided', decision }, nextActionSealed: null })
    const { row, outcome } = applied
    if (outcome.do !== 'apply') throw new HubError('invalid_state', { detail: { es: `No se puede: ${outcome.why}`, en: `Not possible: ${outcome.why}` } })
    await audit(db, access, hub.now(), id, `review_${decision}`, { reason, before: { status: locked.status, review: locked.review }, after: { status: row.status } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicSubscriptionId)
    return { applied, connection: await loadSealed(db, locked.connection_id) }
  })
  if (connection !== undefined) await afterwards(hub, connection, applied, access.requestId)
  return await getSubscription(hub, access, publicSubscriptionId)
}

// --- shared -----------------------------------------------------------------------------------------------------------

/** Something is owed for it now or will be. */
const goesOn = (row: SubscriptionRow): boolean => row.known_status === 'active' || row.known_status === 'trialing' || row.known_status === 'past_due'

async function change (hub: Hub, access: Access, publicSubscriptionId: string, what: string, decide: (row: SubscriptionRow, adapter: Adapter) => Decision, idempotency: Idempotency | null, detail: object = {}): Promise<Subscription> {
  if (idempotency?.subject !== undefined) return await begunBefore(hub, access, idempotency.subject)
  const { id } = await settleFirst(hub, access, publicSubscriptionId)
  // It may not be the one that the provider would change. Ending it stays possible.
  const reviewed: typeof decide = (row, adapter) => {
    if (row.review !== null) throw new HubError('under_review')
    return decide(row, adapter)
  }
  return await settled(hub, access, await begin(hub, access, id, reviewed, recorded(hub, access, id, what, detail, idempotency)))
}

/** What of a change is named and another than it is. Throws a 400 that names the field. */
async function wantedChange (hub: Hub, access: Access, row: SubscriptionRow, body: { plan?: string, quantity?: number, payment_method?: string }): Promise<Change> {
  const { plan, now } = await inTenant(hub.db, access.tenantId, async db => {
    const now = (await findPlan(db, row.plan_id))!
    const same = body.plan === undefined || body.plan === publicId('plan', row.plan_id)
    const plan = same ? now : await planNamed(db, access, body.plan!)
    if (body.payment_method !== undefined) {
      const method = await usableMethod(db, access, { method: body.payment_method, customer: publicId('customer', row.customer_id), path: 'payment_method' })
      if (method.connection_id !== row.connection_id) throw invalidField('payment_method', 'is kept at another connection than the subscription')
    }
    return { plan, now }
  })
  if (plan.currency !== now.currency) throw invalidField('plan', `is in ${plan.currency}, and the subscription in ${now.currency}`, 'currency_not_supported')
  const amount = plan.amount * (body.quantity ?? row.quantity)
  if (!Number.isSafeInteger(amount)) throw invalidField('quantity', 'is too much of this plan', 'amount_invalid')
  const { connection, adapter } = await connectionOf(hub, row)
  assertAmount(adapter, connection, amount, plan.currency)
  return still(row, {
    ...(body.plan !== undefined && { plan: body.plan }), ...(body.quantity !== undefined && { quantity: body.quantity }), ...(body.payment_method !== undefined && { paymentMethod: body.payment_method })
  })
}

/** What of it is not so already: asked for twice, it is done once. */
function still (row: SubscriptionRow, { plan, quantity, paymentMethod }: Change): Change {
  return {
    ...(plan !== undefined && plan !== publicId('plan', row.plan_id) && { plan }),
    ...(quantity !== undefined && quantity !== row.quantity && { quantity }),
    ...(paymentMethod !== undefined && (row.payment_method_id === null || paymentMethod !== publicId('payment_method', row.payment_method_id)) && { paymentMethod })
  }
}

async function patchLabels (hub: Hub, access: Access, id: string, { reference, metadata }: PatchSubscription): Promise<void> {
  await inTenant(hub.db, access.tenantId, async db => {
    const row = await lockOrThrow(db, access, id)
    await queries.saveSubscription(db, { ...row, ...(reference !== undefined && { reference }), ...(metadata !== undefined && { metadata }), updated_at: hub.now() })
    await audit(db, access, hub.now(), id, 'labelled', { ...(reference !== undefined && { reference }) })
  })
}

async function connectionOf (hub: Hub, row: SubscriptionRow) {
  const connection = await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, row.connection_id))
  const adapter = connection && hub.adapters.get(connection.provider)
  if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
  return { connection, adapter, family: requirePayments(adapter) }
}

/** Before any new operation the old one must have an end: asks the provider now, and refuses when even it does not know. */
async function settleFirst (hub: Hub, access: Access, publicSubscriptionId: string): Promise<SubscriptionRow> {
  const seen = await find(hub, access, publicSubscriptionId)
  if (seen.pending_kind === null) return seen
  await resolveSubscription(hub, access.tenantId, seen.id)
  const row = await find(hub, access, publicSubscriptionId)
  if (row.pending_kind === null) return row
  const ageMs = hub.now().getTime() - row.pending_since!.getTime()
  const timeouts = hub.adapters.get(row.provider)?.manifest.timeouts_ms
  throw new HubError(ageMs < (timeouts?.default ?? 30_000) ? 'operation_in_progress' : 'outcome_unknown')
}

/** A first run of the same request wrote its intent and died. What came of it is the answer, not that it cannot be done twice. */
async function begunBefore (hub: Hub, access: Access, publicSubscriptionId: string): Promise<Subscription> {
  const row = await find(hub, access, publicSubscriptionId)
  if (row.pending_kind !== null) await resolveSubscription(hub, access.tenantId, row.id)
  return await getSubscription(hub, access, publicSubscriptionId)
}

/** A change that the provider refused, or that never reached it, is the caller's to know: nothing changed. */
async function settled (hub: Hub, access: Access, done: Performed): Promise<Subscription> {
  if (done.error !== undefined && done.row.pending_kind === null && done.error.reached !== 'unknown') throw refusal(done.error, done.row.provider)
  return await show(hub, access, done.row)
}

const recorded = (hub: Hub, access: Access, id: string, what: string, detail: object, idempotency: Idempotency | null) => async (db: TenantDb, kind: PendingKind | undefined): Promise<void> => {
  if (kind !== undefined) await audit(db, access, hub.now(), id, what, detail)
  if (idempotency !== null) await recordSubject(db, idempotency, publicId('subscription', id))
}

async function audit (db: TenantDb, access: Access, now: Date, id: string, what: string, detail: object): Promise<void> {
  await recordChange(db, access, now, { action: `subscription.${what}`, subjectType: 'subscription', subjectId: publicId('subscription', id), detail: { ...detail } })
}

const find = async (hub: Pick<Hub, 'db'>, access: Access, publicSubscriptionId: string): Promise<SubscriptionRow> =>
  await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('subscription', publicSubscriptionId)))

/** A subscription of the other mode is as absent as another tenant's. */
async function findOrThrow (db: TenantDb, { mode }: { mode: Mode }, id: string): Promise<SubscriptionRow> {
  const row = await queries.findSubscription(db, id)
  if (row?.mode !== mode) throw new HubError('not_found')
  return row
}

async function lockOrThrow (db: TenantDb, { mode }: { mode: Mode }, id: string): Promise<SubscriptionRow> {
  const row = await queries.lockSubscription(db, id)
  if (row?.mode !== mode) throw new HubError('not_found')
  return row
}

async function show (hub: Hub, access: Access, row: SubscriptionRow): Promise<Subscription> {
  return showSubscription(row, access.language, await openNextAction(hub, row))
}
