import type { Access } from '../access/principal.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, neverCalled } from '../operations/call.ts'
import { isRefused, problemOf } from '../operations/problem.ts'
import { chooseRoute } from '../routing-rules/choose.ts'
import { assertPublicUrl } from '../urls.ts'
import { applyMethodFact, macOf, type PreparedMethodFact, prepareMethodFact, providerUse } from './apply-method.ts'
import { makeCustomer } from './at-provider.ts'
import type { MethodFact } from './method-machine.ts'
import * as queries from './queries.ts'
import type { CustomerRow, MethodRow } from './queries.ts'
import type { ListPaymentMethods, NewPaymentMethod, PaymentMethod } from './schema.ts'
import { findOrThrow, namesOf } from './service.ts'
import { methodSubject, openNextAction, showMethod } from './view.ts'

/** What the call that saves a method takes along: sealed until its outcome is known. */
export interface SaveRequest { token: string, returnUrl?: string }
const requestUse = 'payment_method_request'

/** Keeps a payer's method at a provider, for later charges. The answer tells whether the payer must agree first. */
export async function saveMethod (hub: Hub, access: Access, publicCustomerId: string, body: NewPaymentMethod, idempotency: Idempotency | null): Promise<PaymentMethod> {
  if (idempotency?.subject !== undefined) return await getMethod(hub, access, publicCustomerId, idempotency.subject)
  if (body.return_url !== undefined) assertPublicUrl(access.mode, body.return_url, 'return_url')
  const { tenantId } = access
  const customerId = uuidOf('customer', publicCustomerId)
  const customer = await inTenant(hub.db, tenantId, async db => await findOrThrow(db, access, customerId))
  const { first: { connection, adapter } } = await chooseRoute(hub, tenantId, {
    family: 'payments', mode: access.mode, method: body.type, needs: ['createCustomer', 'saveMethod'], customer: namesOf(customer), ...(body.connection !== undefined && { connection: body.connection })
  })
  if (!adapter.manifest.methods.some(({ type }) => type === body.type)) throw invalidField('type', `${adapter.manifest.name} does not offer ${body.type}`, 'method_not_supported')
  const now = hub.now()
  const id = newUuid(now)
  const operationId = newUuid(now)
  const request: SaveRequest = { token: body.token, ...(body.return_url !== undefined && { returnUrl: body.return_url }) }
  const sealed = await hub.vault.seal(tenantId, methodSubject(id), requestUse, JSON.stringify(request))
  const intent = await inTenant(hub.db, tenantId, async db => {
    if (await queries.holdCustomer(db, customerId) === undefined) throw new HubError('not_found')
    if ((await loadSealed(db, connection.id))?.enabled !== true) throw new HubError('connection_not_usable')
    const key = publicId('operation', operationId)
    const operation = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: 'save_method', subjectId: id, idempotencyKey: key, requestId: access.requestId })
    const row = await queries.insertMethod(db, {
      id, mode: access.mode, customer_id: customerId, connection_id: connection.id, provider: connection.provider, type: body.type
    }, { pending_key: key, pending_operation_id: operation, pending_sealed: sealed }, now)
    await setTimer(db, 'payment_method', id, new Date(now.getTime() + hub.config.resolverSchedule[0]!))
    await recordChange(db, access, now, { action: 'payment_method.saved', subjectType: 'payment_method', subjectId: publicId('payment_method', id), detail: { customer: publicCustomerId, type: body.type } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('payment_method', id))
    return row
  })
  const { row } = await sendSave(hub, connection, intent, request, intent.pending_operation_id!, access.requestId)
  return await show(hub, access, row)
}

/** Calls the provider and applies what came of it, in one transaction with the operation's report. It never repeats by itself. */
export async function sendSave (hub: Hub, connection: SealedConnection, row: MethodRow, request: SaveRequest, operationId: string, requestId: string): Promise<{ row: MethodRow, error?: ProviderError }> {
  const { tenant_id: tenantId, id } = row
  const opened = await hub.open(connection).catch((cause: unknown) => {
    hub.log.error({ err: cause }, 'a connection did not open')
    return undefined
  })
  const made = opened && await makeCustomer(hub, opened, row.customer_id, requestId)
  const result = opened === undefined || made?.ok !== true
    ? undefined
    : await callProvider(hub, opened, 'save_method', async context => await opened.adapter.payments!.saveMethod!(context, {
      idempotencyKey: row.pending_key as IdempotencyKey,
      reference: publicId('payment_method', id),
      customerProviderReference: made.reference,
      type: row.type,
      ...request
    }))
  const error = result === undefined ? made?.ok === false ? made.error : undefined : result.ok ? undefined : result.error
  const fact: MethodFact = result?.ok === true ? { type: 'answer', snapshot: result.value } : factOf(error, result === undefined)
  const prepared = await prepareMethodFact(hub, tenantId, id, fact)
  const applied = await inTenant(hub.db, tenantId, async db => {
    const locked = (await queries.lockMethod(db, id))!
    await finishOperation(db, operationId, result?.report ?? { ...neverCalled(hub), ...(error !== undefined && { errorCode: error.code }) })
    // Somebody else has told the end of this call already.
    if (!('snapshot' in fact) && locked.pending_key !== row.pending_key) return { row: locked }
    return await applyMethodFact(hub, db, locked, prepared)
  })
  return { row: applied.row, ...(error !== undefined && { error }) }
}

/** Not sent at all: what it stands on could not be made, or the stored credentials do not open. */
function factOf (error: ProviderError | undefined, unsent: boolean): MethodFact {
  if (error === undefined) return { type: 'refused', problem: { code: 'invalid_credentials', message: 'the stored credentials do not open' } }
  if (error.reached === 'nowhere' || isRefused(error)) return { type: 'refused', problem: unsent ? { ...problemOf(error), message: error.providerMessage ?? 'the customer could not be made at the provider' } : problemOf(error) }
  return { type: 'no_answer' }
}

export async function openRequest (hub: Pick<Hub, 'vault'>, row: MethodRow): Promise<SaveRequest> {
  return JSON.parse(await hub.vault.openText(row.tenant_id, methodSubject(row.id), requestUse, row.pending_sealed!)) as SaveRequest
}

export async function getMethod (hub: Hub, access: Access, publicCustomerId: string, publicMethodId: string): Promise<PaymentMethod> {
  const found = await inTenant(hub.db, access.tenantId, async db => await findMethodOrThrow(db, access, publicCustomerId, publicMethodId))
  return await show(hub, access, found.row, found.customer)
}

export async function listMethods (hub: Hub, access: Access, publicCustomerId: string, query: ListPaymentMethods): Promise<{ data: PaymentMethod[], next_cursor: string | null }> {
  const window = idWindow('payment_method', query)
  const { customer, rows } = await inTenant(hub.db, access.tenantId, async db => {
    const customer = await findOrThrow(db, access, uuidOf('customer', publicCustomerId))
    return { customer, rows: await queries.listMethods(db, customer.id, window, query.status) }
  })
  return pageOf('payment_method', window, rows, row => showMethod(row, access.language, { isDefault: customer.default_method_id === row.id }))
}

/** What is used where no method is named. */
export async function makeDefault (hub: Hub, access: Access, publicCustomerId: string, publicMethodId: string): Promise<PaymentMethod> {
  const { row, customer } = await inTenant(hub.db, access.tenantId, async db => {
    const { row, customer } = await findMethodOrThrow(db, access, publicCustomerId, publicMethodId)
    if (row.status !== 'active') throw stateError(row)
    await queries.setDefaultMethod(db, customer.id, row.id, hub.now())
    await recordChange(db, access, hub.now(), { action: 'customer.default_payment_method', subjectType: 'customer', subjectId: publicCustomerId, detail: { payment_method: publicMethodId } })
    return { row, customer: { ...customer, default_method_id: row.id } }
  })
  return await show(hub, access, row, customer)
}

/** Never used again from now on. It is taken away at the provider as well, by the job when that does not succeed at once. */
export async function removeMethod (hub: Hub, access: Access, publicCustomerId: string, publicMethodId: string): Promise<void> {
  const id = await inTenant(hub.db, access.tenantId, async db => {
    const { row } = await findMethodOrThrow(db, access, publicCustomerId, publicMethodId)
    const locked = (await queries.lockMethod(db, row.id))!
    await applyMethodFact(hub, db, locked, { fact: { type: 'removed' } })
    await recordChange(db, access, hub.now(), { action: 'payment_method.removed', subjectType: 'payment_method', subjectId: publicMethodId })
    return row.id
  })
  hub.wake('payment_method', [{ tenantId: access.tenantId, id }])
}

// --- for payments, checkout and subscriptions -------------------------------------------------------------------------

/** A saved method as a charge needs it. `token` is the provider's own id of it. */
export interface OpenedMethod {
  id: string
  connectionId: string
  customerId: string
  type: string
  token: string
  /** Absent where the provider keeps no customers. */
  customerProviderReference?: string
}

/**
 * The method `pmt_…` for a charge: where it is kept, the provider's id of it and of its customer. Throws a 400 that names
 * `path` when there is none such, when it is another customer's, of another type, or cannot be used now.
 */
export async function openSavedMethod (hub: Pick<Hub, 'adapters' | 'db' | 'vault'>, access: Pick<Access, 'tenantId' | 'mode'>, { method, customer, type, path = 'method.payment_method' }: { method: string, customer?: string, type?: string, path?: string }): Promise<OpenedMethod> {
  const { row, counterpart } = await inTenant(hub.db, access.tenantId, async db => {
    const row = await usableMethod(db, access, { method, path, ...(customer !== undefined && { customer }), ...(type !== undefined && { type }) })
    return { row, counterpart: await queries.findCounterpart(db, 'customer', row.customer_id, row.connection_id) }
  })
  const reference = counterpart?.provider_reference ?? undefined
  if (reference === undefined && hub.adapters.get(row.provider)?.payments?.createCustomer !== undefined) throw invalidField(path, 'the provider no longer has its customer', 'conflict')
  return {
    id: row.id,
    connectionId: row.connection_id,
    customerId: row.customer_id,
    type: row.type,
    token: await openProviderReference(hub, row),
    ...(reference !== undefined && { customerProviderReference: reference })
  }
}

/** The row only, for who has to know the connection first. */
export async function usableMethod (db: TenantDb, { mode }: Pick<Access, 'mode'>, { method, customer, type, path }: { method: string, customer?: string, type?: string, path: string }): Promise<MethodRow> {
  const id = parseId('payment_method', method)
  const row = id === undefined ? undefined : await queries.findMethod(db, id)
  if (row?.mode !== mode || row.status === 'removed') throw invalidField(path, 'no such payment method')
  if (customer !== undefined && publicId('customer', row.customer_id) !== customer) throw invalidField(path, 'is another customer’s')
  if (type !== undefined && row.type !== type) throw invalidField(path, `is of the type ${row.type}`)
  if (row.status !== 'active' || row.provider_sealed === null) throw invalidField(path, `is ${row.status}, not active`, 'conflict')
  return row
}

export async function openProviderReference (hub: Pick<Hub, 'vault'>, row: MethodRow): Promise<string> {
  return await hub.vault.openText(row.tenant_id, methodSubject(row.id), providerUse, row.provider_sealed!)
}

// --- shared -----------------------------------------------------------------------------------------------------------

/** By what the provider calls it, or by our own id in the event. Of this connection only. */
export async function matchMethod (hub: Pick<Hub, 'db' | 'vault'>, connection: SealedConnection, { reference, providerReference, setupReference }: { reference?: string, providerReference?: string, setupReference?: string }): Promise<MethodRow | undefined> {
  const mac = providerReference === undefined ? undefined : await macOf(hub, connection.tenantId, providerReference)
  const named = reference === undefined ? undefined : parseId('payment_method', reference)
  return await inTenant(hub.db, connection.tenantId, async db => {
    const byName = named === undefined ? undefined : await queries.findMethod(db, named)
    // An event of one account never touches a method of another.
    if (byName?.connection_id === connection.id) return byName
    const setups = [setupReference, providerReference].filter(setup => setup !== undefined)
    for (const setup of setups.length === 0 ? [undefined] : setups) {
      const row = await queries.matchMethod(db, connection.id, { ...(mac !== undefined && { mac }), ...(setup !== undefined && { setupReference: setup }) })
      if (row !== undefined) return row
    }
  })
}

/** Applies a fact under the row's lock. */
export async function applyLocked (hub: Hub, tenantId: string, id: string, fact: MethodFact) {
  const prepared: PreparedMethodFact = await prepareMethodFact(hub, tenantId, id, fact)
  return await inTenant(hub.db, tenantId, async db => await applyMethodFact(hub, db, (await queries.lockMethod(db, id))!, prepared))
}

async function findMethodOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, publicCustomerId: string, publicMethodId: string): Promise<{ row: MethodRow, customer: CustomerRow }> {
  const customer = await findOrThrow(db, access, uuidOf('customer', publicCustomerId))
  const row = await queries.findMethod(db, uuidOf('payment_method', publicMethodId))
  if (row?.customer_id !== customer.id || row.status === 'removed') throw new HubError('not_found')
  return { row, customer }
}

async function show (hub: Hub, access: Access, row: MethodRow, known?: CustomerRow): Promise<PaymentMethod> {
  const customer = known ?? await inTenant(hub.db, access.tenantId, async db => await queries.findAnyCustomer(db, row.customer_id))
  return showMethod(row, access.language, { isDefault: customer?.default_method_id === row.id, nextAction: await openNextAction(hub, row) })
}

const stateError = (row: MethodRow) => new HubError('invalid_state', { detail: { es: `El método de pago está en estado ${row.status}.`, en: `The payment method is ${row.status}.` } })
