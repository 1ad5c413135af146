import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { problemText } from '../adapter/problem-text.ts'
import { type ProviderError, providerProblems } from '../adapter/problems.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { changeColumns, recordChange } from '../audit/record.ts'
import { type SealedConnection, loadSealed } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { HubError, invalidField } from '../errors.ts'
import { checkOf, type PreparedFiscalData, prepareFiscalData } from '../fiscal-data/service.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseAnyId, parseId, publicId, uuidOf } from '../ids.ts'
import { insertOperation } from '../operations/call.ts'
import { reserve } from '../receivables/books.ts'
import { assertPublicUrl } from '../urls.ts'
import { applyFact } from './apply.ts'
import { chooseConnection, type Chosen, type Wanted } from './choose-connection.ts'
import { checkedDetails, detailInput } from './details.ts'
import { otherwiseOf } from './fail-over.ts'
import { isTerminal } from './machine.ts'
import { type Performed, perform } from './perform.ts'
import { openPayer, type Payer, payerOf } from './payer.ts'
import { returnLink } from './pay-link.ts'
import { callOf, openMethod, type Plan, requireMethod, requirePayments, sealMethod, sealPlan } from './plan.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'
import { resolvePayment } from './resolver.ts'
import type { CancelPayment, ConfirmPayment, ListPayments, NewPayment, Payment, ResolveReview } from './schema.ts'
import { openNextAction, showPayment, toldNextAction, waitsForPerson } from './view.ts'

/** A payment that a page of ours begins: whoever sends the same form twice begins the same one, since it has its id beforehand. */
export interface BegunOnPage { id: string, origin: { type: queries.PaymentOrigin, id: string } }

/** Takes a payment. Throws 4xx before anything is written; after the intent is committed it always answers with the payment. */
export async function createPayment (hub: Hub, access: Access, given: NewPayment, idempotency: Idempotency | null, page?: BegunOnPage): Promise<Payment> {
  const body = storable(given)
  // A first run of the same request got as far as its intent and died: what it began is the answer.
  if (idempotency?.subject !== undefined) return await answered(hub, access, await getPayment(hub, access, idempotency.subject), body)
  const { tenantId } = access
  const now = hub.now()
  const id = page?.id ?? newUuid(now)
  const details = checkedDetails(access, body, now)
  const invoiceId = invoiceNamed(body.invoice_id)
  if (invoiceId !== null && body.invoice !== undefined) throw invalidField('invoice', 'is of a payment that will be invoiced, and invoice_id of one whose invoice is there')
  const fiscal = await prepareFiscalData(hub, access, body.invoice, { subject: { type: 'payment', id }, amount: body.amount, currency: body.currency })
  const payer = await openPayer(hub, access, body, async () => (await chooseConnection(hub, tenantId, wantedOf(access, body))).connection)
  if (body.save_method === true && payer.columns.customer_id === null) throw invalidField('save_method', 'needs a customer that is kept: customer must be a cus_…')
  const attemptId = newUuid(now)
  const capture = body.capture ?? 'automatic'
  const returnUrl = body.return_url ?? (body.success_url === undefined ? undefined : await returnLink(hub, { tenant_id: tenantId, id }))
  const plan: Plan = {
    kind: 'create_payment',
    input: {
      idempotencyKey: providerKey('attempt', attemptId),
      reference: publicId('payment', id),
      attempt: 1,
      amount: { amount: body.amount, currency: body.currency },
      capture,
      ...(payer.method !== undefined && { method: payer.method }),
      ...(body.off_session !== undefined && { offSession: body.off_session }),
      ...(body.reference !== undefined && { orderReference: body.reference }),
      ...(body.description !== undefined && { description: body.description }),
      ...(body.statement_descriptor !== undefined && { statementDescriptor: body.statement_descriptor }),
      ...(payer.customer !== undefined && { customer: payer.customer }),
      ...(returnUrl !== undefined && { returnUrl }),
      ...(body.metadata !== undefined && { metadata: body.metadata }),
      ...detailInput(details)
    }
  }
  const sealed = await sealPlan(hub, tenantId, id, plan)
  const methodSealed = body.off_session === true && payer.method !== undefined ? await sealMethod(hub, tenantId, id, payer.method) : null
  const { row, chosen: { connection, adapter, route } } = await commitIntent(hub, access, payer.connection === undefined ? body : { ...body, connection: payer.connection }, idempotency, { fiscal, origin: page?.origin }, ({ connection, route }) => {
    const operationId = newUuid(now)
    const { idempotencyKey } = plan.input
    const method = shownMethod(body.method)
    const shared = { mode: access.mode, connection_id: connection.id, provider: connection.provider }
    return {
      payment: {
        ...shared,
        tenant_id: tenantId,
        id,
        // Until the provider answers, the outcome is not known: that is what a reader is told.
        status: 'unknown',
        known_status: 'requires_payment_method',
        amount: body.amount,
        currency: body.currency,
        capture,
        method,
        reference: body.reference ?? null,
        description: body.description ?? null,
        statement_descriptor: body.statement_descriptor ?? null,
        ...payer.columns,
        ...details,
        method_sealed: methodSealed,
        return_url: body.return_url ?? null,
        off_session: body.off_session ?? false,
        metadata: body.metadata ?? {},
        invoice_id: invoiceId,
        exchange_rate: body.exchange_rate ?? null,
        attempts: 1,
        pending_kind: 'create_payment',
        pending_operation_id: operationId,
        pending_key: idempotencyKey,
        pending_sealed: sealed,
        pending_since: now,
        next_run_at: firstLook(hub, now),
        created_at: now,
        updated_at: now
      },
      attempt: { id: attemptId, payment_id: id, number: 1, connection_id: connection.id, status: 'unknown', idempotency_key: idempotencyKey, method, created_at: now, updated_at: now },
      operation: { ...shared, id: operationId, kind: 'create_payment', subject_id: id, idempotency_key: idempotencyKey, request_id: access.requestId, started_at: now },
      audit: changeColumns(access, now, { action: 'payment.created', subjectType: 'payment', subjectId: publicId('payment', id), detail: { amount: body.amount, currency: body.currency, connection: publicId('connection', connection.id), ...(invoiceId !== null && { invoice: body.invoice_id }), ...(route.rule !== null && { rule: route.rule.rule.name, routing_version: route.rulesVersion }) } })
    }
  })
  const otherwise = otherwiseOf(route, plan, access.requestId)
  const done = await perform(hub, { connection, row, kind: 'create_payment', operationId: row.pending_operation_id!, call: callOf(adapter, plan), ...(otherwise !== undefined && { otherwise }) })
  return { ...await show(hub, access, done.row), ...(fiscal !== undefined && { invoice: fiscal.check }) }
}

/** With what the first run would have said of the invoice's data. */
async function answered (hub: Hub, access: Access, payment: Payment, body: NewPayment): Promise<Payment> {
  const invoice = await checkOf(hub, access.tenantId, uuidOf('payment', payment.id), body.invoice)
  return { ...payment, ...(invoice !== undefined && { invoice }) }
}

/** Chooses the connection and commits the intent on it. When the connection changed between the two, it chooses anew, once. */
async function commitIntent (hub: Hub, access: Access, body: NewPayment, idempotency: Idempotency | null, also: Also, intentOn: (chosen: Chosen) => queries.Intent): Promise<{ row: PaymentRow, chosen: Chosen }> {
  const wanted = wantedOf(access, body)
  for (const anew of [false, true]) {
    const chosen = await chooseConnection(hub, access.tenantId, wanted, { anew })
    try {
      return { row: await writeIntent(hub, chosen.connection.version, intentOn(chosen), idempotency, also), chosen }
    } catch (error) {
      if (queries.isKeyLost(error)) throw new HubError('idempotency_in_progress', { retryAfterMs: 1000 })
      if (!queries.isConnectionChanged(error)) throw error
    }
  }
  throw new HubError('conflict')
}

/** What is written with the intent. */
interface Also { fiscal: PreparedFiscalData | undefined, origin: BegunOnPage['origin'] | undefined }

/** In one round trip; that of an invoice's payment in the transaction that reserves its part of what is due, of one that will be invoiced with its data, and of a page's with where it began. */
async function writeIntent (hub: Hub, connectionVersion: number, intent: queries.Intent, idempotency: Idempotency | null, { fiscal, origin }: Also): Promise<PaymentRow> {
  const { tenant_id: tenantId, invoice_id: invoiceId, mode, currency, amount } = intent.payment
  if (invoiceId === null && fiscal === undefined && origin === undefined) return await queries.beginPayment(hub.db, connectionVersion, intent, idempotency)
  return await inTenant(hub.db, tenantId, async db => {
    if (invoiceId !== null) await reserve(db, { invoiceId, mode: mode as Mode, currency, amount })
    const row = await queries.beginPayment(db, connectionVersion, intent, idempotency)
    await fiscal?.insert(db)
    return origin === undefined ? row : await queries.setOrigin(db, row, origin)
  })
}

/** Throws a 400 for what is no id of an invoice; whether it is one of the tenant's is asked under its lock. */
export function invoiceNamed (name: string | undefined): string | null {
  if (name === undefined) return null
  const id = parseId('invoice', name)
  if (id === undefined) throw invalidField('invoice_id', 'is no invoice of yours')
  return id
}

/** What is asked of a connection for this payment. */
function wantedOf (access: Access, body: NewPayment): Wanted {
  return {
    mode: access.mode,
    amount: body.amount,
    currency: body.currency,
    capture: body.capture ?? 'automatic',
    customer: customerNames(body.customer),
    ...(body.connection !== undefined && { connection: body.connection }),
    ...(body.method !== undefined && { method: body.method.type }),
    ...(body.country !== undefined && { country: body.country }),
    ...(body.metadata !== undefined && { metadata: body.metadata })
  }
}

/** What a routing rule may call the payer: the id of a customer that is kept, or the mail. */
function customerNames (customer: NewPayment['customer']): string[] {
  if (typeof customer === 'string') return [customer]
  return customer?.email === undefined ? [] : [customer.email.toLowerCase()]
}

/** Another attempt after a decline, or the first one of a payment that was opened without a method. */
export async function confirmPayment (hub: Hub, access: Access, publicPaymentId: string, body: ConfirmPayment, idempotency: Idempotency | null = null): Promise<Payment> {
  if (idempotency?.subject !== undefined) return await begunBefore(hub, access, idempotency.subject)
  if (body.return_url !== undefined) assertPublicUrl(access.mode, body.return_url, 'return_url')
  const id = uuidOf('payment', publicPaymentId)
  const seen = await settleFirst(hub, access, id)
  const payer = await openPayer(hub, access, { ...payerOf(seen), method: body.method }, async () => await connectionOf(hub, seen))
  const done = await attemptAgain(hub, access, seen, { payer, ...(body.return_url !== undefined && { returnUrl: body.return_url }), offSession: body.off_session ?? false }, idempotency)
  return await show(hub, access, done.row)
}

/** The payer finishes an off-session charge on our page: the same method once more, and this time they are there. */
export async function finishPayment (hub: Hub, row: PaymentRow, { requestId, returnUrl }: { requestId: string, returnUrl: string }): Promise<PaymentRow> {
  const acting = { tenantId: row.tenant_id, mode: row.mode as Mode, requestId }
  const seen = await settleFirst(hub, acting, row.id)
  if (seen.method_sealed === null) throw stateError(seen, 'be finished')
  const payer = await openPayer(hub, acting, payerOf(seen), async () => await connectionOf(hub, seen))
  const method = await openMethod(hub, seen.tenant_id, seen.id, seen.method_sealed)
  const columns = { ...payer.columns, payment_method_id: seen.payment_method_id }
  return (await attemptAgain(hub, acting, seen, { payer: { ...payer, method, columns }, returnUrl, offSession: false }, null)).row
}

async function connectionOf (hub: Pick<Hub, 'db'>, row: PaymentRow): Promise<SealedConnection> {
  const connection = await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, row.connection_id))
  if (connection === undefined) throw new HubError('connection_not_usable')
  return connection
}

async function attemptAgain (hub: Hub, acting: Acting, seen: PaymentRow, given: { payer: Payer, returnUrl?: string, offSession: boolean }, idempotency: Idempotency | null): Promise<Performed> {
  const { payer, offSession } = given
  const method = payer.method!
  const now = hub.now()
  const attemptId = newUuid(now)
  const idempotencyKey = providerKey('attempt', attemptId)
  const returnUrl = given.returnUrl ?? seen.return_url ?? (seen.success_url === null ? undefined : await returnLink(hub, seen))
  const methodSealed = offSession ? await sealMethod(hub, seen.tenant_id, seen.id, method) : undefined
  const finishes = waitsForPerson(seen, await toldNextAction(hub, seen))
  return await begin(hub, acting, seen.id, async (row, connection) => {
    if (row.status !== 'requires_payment_method' && !(finishes && row.status === 'requires_action')) throw stateError(row, 'confirm')
    const family = requirePayments(connection.adapter)
    // A page's payment is paid on the page; of a cycle only the provider's own object pays the cycle.
    if (row.origin_type !== null && (row.origin_type !== 'subscription' || family.confirmPayment === undefined)) throw stateError(row, 'confirm')
    const { manifest } = connection.adapter
    if (!manifest.methods.some(({ type }) => type === method.type)) throw invalidField('method.type', `${manifest.name} does not offer ${method.type}`, 'method_not_supported')
    const number = row.attempts + 1
    const shared = { idempotencyKey, reference: publicId('payment', row.id), attempt: number, amount: { amount: row.amount, currency: row.currency }, method, ...(returnUrl !== undefined && { returnUrl }), offSession }
    const plan: Plan = row.provider_reference !== null && family.confirmPayment !== undefined
      ? {
          kind: 'confirm_payment',
          input: {
            ...shared,
            providerReference: row.provider_reference,
            ...(payer.customer !== undefined && { customer: payer.customer }),
            ...(row.expires_at !== null && { expiresAt: row.expires_at }),
            ...(row.installments !== null && { installments: row.installments })
          }
        }
      : {
          kind: 'create_payment',
          input: {
            ...shared,
            capture: row.capture as 'automatic' | 'manual',
            metadata: row.metadata as Record<string, string>,
            ...(row.reference !== null && { orderReference: row.reference }),
            ...(row.description !== null && { description: row.description }),
            ...(row.statement_descriptor !== null && { statementDescriptor: row.statement_descriptor }),
            ...(payer.customer !== undefined && { customer: payer.customer }),
            ...detailInput(row)
          }
        }
    return { plan, attempt: { id: attemptId, number, method: { type: method.type }, paymentMethodId: payer.columns.payment_method_id, offSession, ...(methodSealed !== undefined && { methodSealed }) } }
  }, idempotency)
}

/** Takes what was authorised, or part of it; the rest is released. */
export async function capturePayment (hub: Hub, access: Access, publicPaymentId: string, amount: number | undefined, idempotency: Idempotency | null = null): Promise<Payment> {
  if (idempotency?.subject !== undefined) return await begunBefore(hub, access, idempotency.subject)
  const id = uuidOf('payment', publicPaymentId)
  await settleFirst(hub, access, id)
  const idempotencyKey = providerKey('operation', newUuid(hub.now()))
  const done = await begin(hub, access, id, async (row, connection) => {
    requireMethod(requirePayments(connection.adapter).capture)
    if (row.status !== 'authorized') throw stateError(row, 'capture')
    const wanted = amount ?? row.amount_capturable
    if (wanted > row.amount_capturable) throw invalidField('amount', `at most ${row.amount_capturable} can be captured`, 'amount_invalid')
    return { plan: { kind: 'capture', input: { idempotencyKey, reference: publicId('payment', id), providerReference: knownReference(row), amount: { amount: wanted, currency: row.currency } } } }
  }, idempotency)
  throwUnlessDone(done)
  return await show(hub, access, done.row)
}

/** Releases an authorisation or ends an open payment. While the outcome is unknown it is noted and carried out when it is known. */
export async function cancelPayment (hub: Hub, access: Access, publicPaymentId: string, reason: CancelPayment['reason'], idempotency: Idempotency | null = null): Promise<Payment> {
  if (idempotency?.subject !== undefined) return await begunBefore(hub, access, idempotency.subject)
  const id = uuidOf('payment', publicPaymentId)
  await resolveIfPending(hub, access, id)
  const noted = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (locked.review !== null) throw new HubError('under_review')
    const here = locked.provider_reference === null && !isTerminal(locked.status as 'canceled')
    if (idempotency !== null && (locked.pending_kind !== null || here)) await recordSubject(db, idempotency, publicPaymentId)
    if (locked.pending_kind !== null) {
      await recordChange(db, access, hub.now(), { action: 'payment.cancel_wanted', subjectType: 'payment', subjectId: publicId('payment', id), ...(reason !== undefined && { detail: { reason } }) })
      return (await applyFact(hub, db, locked, { fact: { type: 'cancel_wanted' } })).row
    }
    if (!here) return undefined
    await recordChange(db, access, hub.now(), { action: 'payment.canceled', subjectType: 'payment', subjectId: publicId('payment', id), ...(reason !== undefined && { detail: { reason } }) })
    return (await applyFact(hub, db, locked, { fact: { type: 'canceled_here' } })).row
  })
  if (noted !== undefined) return await show(hub, access, noted)
  const done = await cancelAtProvider(hub, access, id, reason, idempotency)
  throwUnlessDone(done)
  return await show(hub, access, done.row)
}

async function cancelAtProvider (hub: Hub, access: Access, id: string, reason: CancelPayment['reason'], idempotency: Idempotency | null = null): Promise<Performed> {
  const idempotencyKey = providerKey('operation', newUuid(hub.now()))
  return await begin(hub, access, id, async (row, connection) => {
    requireMethod(requirePayments(connection.adapter).cancel)
    if (row.status === 'unknown' || isTerminal(row.status as 'canceled')) throw stateError(row, 'cancel')
    return { plan: { kind: 'cancel', input: { idempotencyKey, reference: publicId('payment', id), providerReference: knownReference(row), ...(reason !== undefined && { reason }) } } }
  }, idempotency)
}

/** A person ends a review, or closes a payment by hand: with a reason, and on the record. */
export async function resolveReview (hub: Hub, access: Access, publicPaymentId: string, body: ResolveReview, idempotency: Idempotency | null = null): Promise<Payment> {
  // A first run decided and died before it could say so.
  if (idempotency?.subject !== undefined) return await getPayment(hub, access, idempotency.subject)
  const id = uuidOf('payment', publicPaymentId)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    const byHand = body.decision.startsWith('mark_')
    // Where the money comes to the tenant's own account nobody else can say that it is there.
    const ownBank = hub.adapters.get(locked.provider)?.manifest.own_bank === true
    if (byHand && locked.review === null && locked.status !== 'unknown' && !ownBank) throw stateError(locked, 'close by hand')
    const { row, outcome } = await applyFact(hub, db, locked, { fact: { type: 'decided', decision: body.decision } })
    if (outcome.do !== 'apply') throw new HubError('invalid_state', { detail: { es: `No se puede: ${outcome.do === 'ignore' ? outcome.why : ''}`, en: `Not possible: ${outcome.do === 'ignore' ? outcome.why : ''}` } })
    await recordChange(db, access, hub.now(), {
      action: `payment.review_${body.decision}`,
      subjectType: 'payment',
      subjectId: publicId('payment', id),
      detail: { reason: body.reason, before: { status: locked.status, amount: locked.amount, review: locked.review }, after: { status: row.status, amount: row.amount } }
    })
    if (idempotency !== null) await recordSubject(db, idempotency, publicPaymentId)
    return row
  })
  return await show(hub, access, row)
}

export async function getPayment (hub: Hub, access: Access, publicPaymentId: string): Promise<Payment> {
  const row = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('payment', publicPaymentId)))
  return await show(hub, access, row)
}

export async function listPayments (hub: Hub, access: Access, query: ListPayments): Promise<{ data: Payment[], next_cursor: string | null }> {
  const window = idWindow('payment', query)
  const connectionId = query.connection === undefined ? undefined : uuidOf('connection', query.connection)
  const origin = query.origin === undefined ? undefined : parseAnyId(query.origin)
  if (query.origin !== undefined && origin === undefined) throw invalidField('origin', 'is not an id')
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listPayments(db, {
    ...window,
    mode: access.mode,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.reference !== undefined && { reference: query.reference }),
    ...(connectionId !== undefined && { connectionId }),
    ...(origin !== undefined && { originId: origin.uuid })
  }))
  return pageOf('payment', window, rows, row => showPayment(row, access.language))
}

// --- shared -----------------------------------------------------------------------------------------------------------

/** Who acts, as far as a call on a payment needs to know. */
type Acting = Pick<Access, 'tenantId' | 'mode' | 'requestId'>

interface Begun {
  plan: Plan
  attempt?: { id: string } & queries.NextAttempt
}

/**
 * Writes the intent of one more call on an existing payment, commits, then calls. `decide` runs under the row's lock and
 * throws when the payment's state does not allow it.
 */
async function begin (hub: Hub, access: Acting, id: string, decide: (row: PaymentRow, connection: SealedConnection & { adapter: NonNullable<ReturnType<Hub['adapters']['get']>> }) => Promise<Begun>, idempotency: Idempotency | null): Promise<Performed> {
  const { tenantId } = access
  const now = hub.now()
  // Sealing may need the database itself, so it is not done inside the transaction that holds the lock: decide, seal, decide again.
  const load = async (db: TenantDb, row: PaymentRow) => {
    const connection = await loadSealed(db, row.connection_id)
    const adapter = connection && hub.adapters.get(connection.provider)
    if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
    return { ...connection, adapter }
  }
  const first = await inTenant(hub.db, tenantId, async db => {
    const row = await findOrThrow(db, access, id)
    return await decide(row, await load(db, row))
  })
  const sealed = await sealPlan(hub, tenantId, id, first.plan)
  const intent = await inTenant(hub.db, tenantId, async db => {
    const row = await lockOrThrow(db, access, id)
    if (row.pending_kind !== null) throw new HubError('operation_in_progress')
    if (row.review !== null) throw new HubError('under_review')
    const connection = await load(db, row)
    const { plan, attempt } = await decide(row, connection)
    if (JSON.stringify(plan) !== JSON.stringify(first.plan)) throw new HubError('conflict')
    if (attempt !== undefined && row.invoice_id !== null) await reserve(db, { invoiceId: row.invoice_id, mode: access.mode, currency: row.currency, amount: row.amount, except: id })
    const operationId = await insertOperation(db, now, { connection, kind: plan.kind, subjectId: id, idempotencyKey: plan.input.idempotencyKey, requestId: access.requestId })
    const pending = await queries.markPending(db, id, { kind: plan.kind, operationId, idempotencyKey: plan.input.idempotencyKey, sealed, since: now, nextRunAt: firstLook(hub, now) },
      attempt)
    if (isPerson(access)) await recordChange(db, access, now, { action: `payment.${actions[plan.kind]}`, subjectType: 'payment', subjectId: publicId('payment', id), ...(plan.kind === 'capture' && { detail: { amount: plan.input.amount.amount } }) })
    if (attempt !== undefined) {
      await queries.insertAttempt(db, { id: attempt.id, paymentId: id, number: attempt.number, connectionId: connection.id, idempotencyKey: plan.input.idempotencyKey, method: attempt.method, now })
    }
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('payment', id))
    return { connection, plan, operationId, row: pending }
  })
  return await perform(hub, { ...intent, kind: intent.plan.kind, call: callOf(intent.connection.adapter, intent.plan) })
}

const actions = { create_payment: 'confirmed', confirm_payment: 'confirmed', capture: 'captured', cancel: 'canceled' } as const

/** The resolver carries out what a person asked for before; that was recorded then. */
const isPerson = (access: Acting): access is Access => 'principal' in access

/** For the resolver: a cancel that was asked for while nobody knew. */
export async function carryOutCancel (hub: Hub, tenantId: string, row: PaymentRow): Promise<Performed> {
  return await cancelAtProvider(hub, { tenantId, mode: row.mode, requestId: 'resolver' } as Access, row.id, undefined)
}

/** A first run of the same request wrote its intent and died. What came of it is the answer, not that it cannot be done twice. */
async function begunBefore (hub: Hub, access: Access, publicPaymentId: string): Promise<Payment> {
  return await show(hub, access, await resolveIfPending(hub, access, uuidOf('payment', publicPaymentId)))
}

/** Before any new operation the old one must have an end: asks the provider now, and refuses when even it does not know. */
export async function settleFirst (hub: Hub, access: Pick<Access, 'tenantId' | 'mode'>, id: string): Promise<PaymentRow> {
  const row = await resolveIfPending(hub, access, id)
  if (row.pending_kind !== null) {
    const ageMs = hub.now().getTime() - (row.pending_since?.getTime() ?? 0)
    const timeouts = hub.adapters.get(row.provider)?.manifest.timeouts_ms
    throw new HubError(ageMs < (timeouts?.default ?? 30_000) ? 'operation_in_progress' : 'outcome_unknown')
  }
  if (row.review !== null) throw new HubError('under_review')
  return row
}

async function resolveIfPending (hub: Hub, access: Pick<Access, 'tenantId' | 'mode'>, id: string): Promise<PaymentRow> {
  const find = async () => await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, id))
  const row = await find()
  if (row.pending_kind === null) return row
  await resolvePayment(hub, access.tenantId, id, { carryOutCancel })
  return await find()
}

/** A payment of the other mode is as absent as another tenant's. */
export async function findOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<PaymentRow> {
  const row = await queries.findPayment(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

export async function lockOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<PaymentRow> {
  const row = await queries.lockPayment(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function show (hub: Hub, access: Access, row: PaymentRow): Promise<Payment> {
  return showPayment(row, access.language, await openNextAction(hub, row))
}

/** What a key becomes at the provider: ours, once per operation, the same on every repetition. */
export function providerKey (kind: 'attempt' | 'operation' | 'refund', uuid: string): IdempotencyKey {
  return publicId(kind, uuid) as IdempotencyKey
}

export const firstLook = (hub: Pick<Hub, 'config'>, now: Date): Date => new Date(now.getTime() + hub.config.resolverSchedule[0]!)

function shownMethod (method: NewPayment['method']): { type: string } | null {
  return method === undefined ? null : { type: method.type }
}

function knownReference (row: PaymentRow): string {
  if (row.provider_reference === null) throw new HubError('invalid_state')
  return row.provider_reference
}

function stateError (row: PaymentRow, action: string): HubError {
  if (row.review !== null) return new HubError('under_review')
  return new HubError('invalid_state', { detail: { es: `El pago está en estado ${row.status}; no admite: ${action}.`, en: `The payment is ${row.status}; it cannot ${action}.` } })
}

/** A capture or cancel that the provider refused, or that never reached it, is the caller's to know: nothing changed. */
function throwUnlessDone (done: Performed): void {
  if (done.error !== undefined) throwProviderError(done.error, done.row.provider)
}

export function throwProviderError (error: ProviderError, provider: string): void {
  if (error.reached === 'unknown') return
  const options = { provider: { id: provider, code: error.providerCode, message: error.providerMessage }, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }), cause: error }
  // What the adapter itself would not send (a field that its provider does not take) is no outage.
  const outage = error.reached === 'nowhere' && providerProblems[error.code] === 'backoff'
  throw new HubError(outage ? 'provider_unavailable' : 'provider_refused', { ...options, ...(error.param !== undefined && { errors: [{ path: error.param, message: error.providerMessage ?? problemText[error.code] }] }) })
}
