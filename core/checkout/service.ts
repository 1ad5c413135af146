import type { Access } from '../access/principal.ts'
import type { CreateCheckoutInput } from '../adapter/checkout.ts'
import type { PayerInput } from '../adapter/payments.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { startTimer, setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import { checkOf, type PreparedFiscalData, prepareFiscalData } from '../fiscal-data/service.ts'
import type { InvoiceCheck } from '../fiscal-data/schema.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { insertOperation } from '../operations/call.ts'
import { chooseConnection, type Chosen, type Wanted } from '../payments/choose-connection.ts'
import { assertSum, checkoutLines, futureMoment } from '../payments/details.ts'
import { openCustomer } from '../payments/payer.ts'
import { sumByOrigin, sumByOrigins } from '../payments/queries.ts'
import { firstLook, invoiceNamed, providerKey, throwProviderError } from '../payments/service.ts'
import { reserve } from '../receivables/books.ts'
import { assertPublicUrl } from '../urls.ts'
import { pageTimer } from './apply.ts'
import { hasPages, neededMethods, pageCalls, type PagePlan, sealPagePlan } from './calls.ts'
import { pullPage } from './look.ts'
import { chooseOwn, ownLinkUrl } from './own-link.ts'
import { beginExpire, performCall } from './perform.ts'
import * as queries from './queries.ts'
import type { PageKind, PageRow } from './queries.ts'
import { resolvePage } from './resolver.ts'
import type { CheckoutSession, ListPages, NewCheckoutSession, NewPaymentLink, PaymentLink } from './schema.ts'
import { showLink, showSession } from './view.ts'

/** `body.invoice_id`: the invoice that it collects. */
export async function createCheckoutSession (hub: Hub, access: Access, body: NewCheckoutSession, idempotency: Idempotency | null): Promise<CheckoutSession> {
  const { row, invoice } = await createPage(hub, access, 'checkout_session', body, idempotency)
  return { ...showSession(row, access.language), ...(invoice !== undefined && { invoice }) }
}

/** One that collects an invoice (`body.invoice_id`) is paid once. */
export async function createPaymentLink (hub: Hub, access: Access, body: NewPaymentLink, idempotency: Idempotency | null): Promise<PaymentLink> {
  if (body.invoice_id !== undefined && (body.max_payments ?? 1) !== 1) throw invalidField('max_payments', 'is 1 where it collects an invoice')
  const { row, invoice } = await createPage(hub, access, 'payment_link', body.invoice_id === undefined ? body : { ...body, max_payments: 1 }, idempotency)
  return { ...await withTotals(hub, access, row), ...(invoice !== undefined && { invoice }) }
}

type PageBody = NewCheckoutSession & NewPaymentLink

/**
 * A page at the provider. Throws 4xx before anything is written, and when the provider refuses it: then there is no page. When
 * nobody knows, it is answered as `unknown`, and the resolver finds out.
 */
async function createPage (hub: Hub, access: Access, kind: PageKind, given: NewCheckoutSession | NewPaymentLink, idempotency: Idempotency | null): Promise<{ row: PageRow, invoice?: InvoiceCheck | undefined }> {
  // A first run of the same request got as far as its intent and died: what it began is the answer.
  if (idempotency?.subject !== undefined) {
    const row = await read(hub, access, kind, idempotency.subject)
    return { row, invoice: await checkOf(hub, access.tenantId, row.id, given.invoice) }
  }
  const body = storable(given) as PageBody
  const { tenantId } = access
  const now = hub.now()
  const expiresAt = checked(access, body, now)
  const invoiceId = invoiceNamed(body.invoice_id)
  if (invoiceId !== null && body.capture === 'manual') throw invalidField('capture', 'an invoice is paid, not held')
  if (invoiceId !== null && body.invoice !== undefined) throw invalidField('invoice', 'is of payments that will be invoiced, and invoice_id of one whose invoice is there')
  const customerId = typeof body.customer === 'string' ? uuidOfCustomer(body.customer) : null
  const { connection, adapter } = await connectionFor(hub, tenantId, kind, body, {
    mode: access.mode,
    amount: body.amount,
    currency: body.currency,
    capture: body.capture ?? 'automatic',
    ...(body.connection !== undefined && { connection: body.connection }),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
    customer: typeof body.customer === 'string' ? [body.customer] : []
  })
  for (const [index, type] of (body.methods ?? []).entries()) {
    if (!adapter.manifest.methods.some(method => method.type === type)) throw invalidField(`methods[${index}]`, `${adapter.manifest.name} does not offer ${type}`, 'method_not_supported')
  }
  const id = newUuid(now)
  const url = hasPages(adapter, kind) ? undefined : await ownLinkUrl(hub, { tenantId, id, createdAt: now })
  const fiscal = await prepareFiscalData(hub, access, body.invoice, { subject: { type: kind, id }, amount: body.amount, currency: body.currency, offered: adapter.manifest.collects, language: body.locale })
  const customer = await openCustomer(hub, access, connection, body.customer)
  const plan = planOf(kind, id, body, expiresAt, customer, now, fiscal)
  const sealed = await sealPagePlan(hub, tenantId, id, plan)
  const calls = pageCalls(adapter, kind)
  const { idempotencyKey } = plan.input
  const operationId = await inTenant(hub.db, tenantId, async db => {
    await assertStillThere(db, connection)
    // First: the lock of the invoice comes before everything that this writes.
    if (invoiceId !== null) await reserve(db, { invoiceId, mode: access.mode, currency: body.currency, amount: body.amount })
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: calls.names.create, subjectId: id, idempotencyKey, requestId: access.requestId })
    await queries.insertPage(db, {
      id,
      kind,
      mode: access.mode,
      connection_id: connection.id,
      provider: connection.provider,
      ...(url !== undefined && { url }),
      // Until the provider answers, nobody knows whether there is a page.
      status: 'unknown',
      amount: body.amount,
      currency: body.currency,
      capture: body.capture ?? 'automatic',
      lines: body.lines ?? null,
      methods: body.methods ?? null,
      reference: body.reference ?? null,
      description: body.description ?? null,
      statement_descriptor: body.statement_descriptor ?? null,
      metadata: body.metadata ?? {},
      customer: customerId === null ? body.customer ?? null : null,
      customer_id: customerId,
      success_url: body.success_url ?? null,
      cancel_url: body.cancel_url ?? null,
      collect_tax_id: body.collect_tax_id ?? false,
      save_method: body.save_method ?? false,
      locale: body.locale ?? null,
      max_payments: body.max_payments ?? null,
      invoice_id: invoiceId,
      expires_at: expiresAt ?? null,
      pending_kind: 'create',
      pending_operation_id: operationId,
      pending_sealed: sealed,
      pending_since: now,
      created_at: now,
      updated_at: now
    })
    await fiscal?.insert(db)
    await setTimer(db, pageTimer, id, firstLook(hub, now))
    await recordChange(db, access, now, { action: `${kind}.created`, subjectType: kind, subjectId: publicId(kind, id), detail: { amount: body.amount, currency: body.currency } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId(kind, id))
    return operationId
  })
  const { row, error } = await performCall(hub, connection, { pageId: id, operationId, operation: calls.names.create, call: calls.create(plan.input), requestId: access.requestId })
  if (row.status === 'failed' && error !== undefined) throwProviderError(error, row.provider)
  return { row, invoice: fiscal?.check }
}

/** Whose provider has such pages; for a link where none has, one that is paid on a page of ours. Throws what was in the way of the first. */
async function connectionFor (hub: Hub, tenantId: string, kind: PageKind, body: PageBody, wanted: Omit<Wanted, 'needs'>): Promise<Chosen> {
  try {
    return await chooseConnection(hub, tenantId, { ...wanted, needs: neededMethods[kind] })
  } catch (error) {
    const own = kind === 'payment_link' && isNoPage(error) ? await chooseOwn(hub, tenantId, body, wanted) : undefined
    if (own === undefined) throw error
    return own
  }
}

const isNoPage = (error: unknown): boolean => error instanceof HubError && (error.code === 'capability_not_supported' || error.code === 'connection_not_usable')

/** Throws a 400 that names the field. Gives back when the page ends. */
function checked (access: Access, body: PageBody, now: Date): Date | undefined {
  if (body.lines !== undefined) assertSum(body.lines, body.amount)
  for (const field of ['success_url', 'cancel_url'] as const) {
    const url = body[field]
    if (url !== undefined) assertPublicUrl(access.mode, url, field)
  }
  if (body.save_method === true && typeof body.customer !== 'string') throw invalidField('save_method', 'needs a customer that is kept: customer must be a cus_…')
  return body.expires_at === undefined ? undefined : futureMoment('expires_at', body.expires_at, now)
}

function uuidOfCustomer (name: string): string {
  const id = parseId('customer', name)
  if (id === undefined) throw invalidField('customer', 'no such customer')
  return id
}

/** It may have been taken away since it was chosen. */
async function assertStillThere (db: TenantDb, { id }: SealedConnection): Promise<void> {
  const connection = await loadSealed(db, id)
  if (connection?.enabled !== true) throw invalidField('connection', 'is not usable any more', 'connection_not_usable')
}

function planOf (kind: PageKind, id: string, body: PageBody, expiresAt: Date | undefined, customer: PayerInput | undefined, now: Date, fiscal: PreparedFiscalData | undefined): PagePlan {
  const page = {
    idempotencyKey: providerKey('operation', newUuid(now)),
    reference: publicId(kind, id),
    amount: { amount: body.amount, currency: body.currency },
    capture: body.capture ?? 'automatic',
    ...(body.lines !== undefined && { lines: checkoutLines(body.lines) }),
    ...(body.description !== undefined && { description: body.description }),
    ...(body.reference !== undefined && { orderReference: body.reference }),
    ...(body.methods !== undefined && { methods: body.methods }),
    ...(body.statement_descriptor !== undefined && { statementDescriptor: body.statement_descriptor }),
    ...(body.metadata !== undefined && { metadata: body.metadata }),
    ...(body.collect_tax_id !== undefined && { collectTaxId: body.collect_tax_id }),
    ...(fiscal?.collect !== undefined && { collect: fiscal.collect }),
    ...(expiresAt !== undefined && { expiresAt })
  }
  if (kind === 'payment_link') {
    return { kind, input: { ...page, ...(body.success_url !== undefined && { successUrl: body.success_url }), ...(body.max_payments !== undefined && { maxPayments: body.max_payments }) } }
  }
  const input: CreateCheckoutInput = {
    ...page,
    successUrl: body.success_url,
    ...(body.cancel_url !== undefined && { cancelUrl: body.cancel_url }),
    ...(customer !== undefined && { customer: { ...customer, ...(customer.provider_reference !== undefined && { customerProviderReference: customer.provider_reference }) } }),
    ...(body.save_method !== undefined && { saveMethod: body.save_method }),
    ...(body.locale !== undefined && { locale: body.locale })
  }
  return { kind, input }
}

/** An open session may have been paid a moment ago: the provider is asked, unless it was asked just now. */
export async function getCheckoutSession (hub: Hub, access: Access, id: string): Promise<CheckoutSession> {
  return showSession(await freshly(hub, access, await read(hub, access, 'checkout_session', id)), access.language)
}

export async function getPaymentLink (hub: Hub, access: Access, id: string): Promise<PaymentLink> {
  const row = await read(hub, access, 'payment_link', id)
  return await withTotals(hub, access, row.status === 'unknown' ? await settledFirst(hub, access, row) : row)
}

export async function listCheckoutSessions (hub: Hub, access: Access, query: ListPages): Promise<{ data: CheckoutSession[], next_cursor: string | null }> {
  const { window, rows } = await list(hub, access, 'checkout_session', query)
  return pageOf('checkout_session', window, rows, row => showSession(row, access.language))
}

export async function listPaymentLinks (hub: Hub, access: Access, query: ListPages): Promise<{ data: PaymentLink[], next_cursor: string | null }> {
  const { window, rows } = await list(hub, access, 'payment_link', query)
  const sums = await inTenant(hub.db, access.tenantId, async db => await sumByOrigins(db, rows.map(({ id }) => id)))
  return pageOf('payment_link', window, rows, row => showLink(row, access.language, sums.get(row.id) ?? { count: 0, amount: 0 }))
}

async function list (hub: Hub, access: Access, kind: PageKind, query: ListPages) {
  const window = idWindow(kind, query)
  const connectionId = query.connection === undefined ? undefined : uuidOf('connection', query.connection)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listPages(db, {
    ...window,
    kind,
    mode: access.mode,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.reference !== undefined && { reference: query.reference }),
    ...(connectionId !== undefined && { connectionId })
  }))
  return { window, rows }
}

async function withTotals (hub: Hub, access: Access, row: PageRow): Promise<PaymentLink> {
  return showLink(row, access.language, await inTenant(hub.db, access.tenantId, async db => await sumByOrigin(db, row.id)))
}

async function read (hub: Hub, access: Access, kind: PageKind, publicPageId: string): Promise<PageRow> {
  return await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, kind, uuidOf(kind, publicPageId)))
}

/** A page of the other mode is as absent as another tenant's. */
async function findOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, kind: PageKind, id: string, find = queries.findPage): Promise<PageRow> {
  const row = await find(db, id)
  if (row?.mode !== access.mode || row.kind !== kind) throw new HubError('not_found')
  return row
}

/** Who reads in a loop does not ask the provider in a loop, ms. */
const askAgainMs = 3_000

async function freshly (hub: Hub, access: Access, row: PageRow): Promise<PageRow> {
  const now = hub.now()
  const asked = row.checked_at ?? row.created_at
  if (row.status === 'unknown') return await settledFirst(hub, access, row)
  if (row.status !== 'open' || now.getTime() - asked.getTime() < askAgainMs) return row
  const connection = await inTenant(hub.db, access.tenantId, async db => {
    await queries.markChecked(db, row.id, now)
    return await loadSealed(db, row.connection_id)
  })
  if (connection === undefined) return row
  return await pullPage(hub, connection, row, access.requestId).catch((error: unknown) => {
    hub.log.warn({ err: error, page: publicId('checkout_session', row.id) }, 'the newest word on a page could not be had')
    return row
  })
}

/** Nobody knows whether there is a page. When no job is at it any more, the provider is asked now. */
async function settledFirst (hub: Hub, access: Access, row: PageRow): Promise<PageRow> {
  await inTenant(hub.db, access.tenantId, async db => { await startTimer(db, pageTimer, row.id, hub.now()) })
  await resolvePage(hub, access.tenantId, row.id)
  return await inTenant(hub.db, access.tenantId, async db => (await queries.findPage(db, row.id))!)
}

export async function expireCheckoutSession (hub: Hub, access: Access, id: string, idempotency: Idempotency | null): Promise<CheckoutSession> {
  return showSession(await expirePage(hub, access, 'checkout_session', id, idempotency), access.language)
}

export async function expirePaymentLink (hub: Hub, access: Access, id: string, idempotency: Idempotency | null): Promise<PaymentLink> {
  return await withTotals(hub, access, await expirePage(hub, access, 'payment_link', id, idempotency))
}

/** Nobody may pay on it any more. Who is paying at this moment may still come through: then it is complete, or the payment is there. */
async function expirePage (hub: Hub, access: Access, kind: PageKind, publicPageId: string, idempotency: Idempotency | null): Promise<PageRow> {
  const found = await read(hub, access, kind, publicPageId)
  const seen = found.status === 'unknown' ? await settledFirst(hub, access, found) : found
  // A first run got as far as its intent and died, or it had ended by then: what became of it is the answer.
  if (idempotency?.subject !== undefined || seen.status === 'expired') return seen
  const begun = await beginExpire(hub, access.tenantId, seen.id, access.requestId, async (db, row) => {
    await recordChange(db, access, hub.now(), { action: `${kind}.expired`, subjectType: kind, subjectId: publicPageId })
    if (idempotency !== null) await recordSubject(db, idempotency, publicPageId)
    return row
  })
  const { row, error } = await performCall(hub, begun.connection, begun.work)
  if (error === undefined || error.reached === 'unknown' || row.status !== 'open') return row
  // The provider says no: most often it has ended already, and that is news.
  const now = await pullPage(hub, begun.connection, row, access.requestId).catch(() => row)
  if (now.status === 'open') throwProviderError(error, row.provider)
  return now
}
