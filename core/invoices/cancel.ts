import type { Access } from '../access/principal.ts'
import type { DocumentInRegister, DocumentSnapshot, Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { certificateFor } from '../certificates/queries.ts'
import { recordUse, withSigner } from '../certificates/sign.ts'
import { loadSealed, type OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { documentsOf } from '../documents/queries.ts'
import { readBytes, storeDocument } from '../documents/service.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import type { Idempotency } from '../idempotency/service.ts'
import { recordSubject } from '../idempotency/service.ts'
import { parseId, publicId, uuidOf } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, lastSent, recordedCall } from '../operations/call.ts'
import { applyFact } from './apply.ts'
import { nameless, withCustomerOf } from './delegate.ts'
import { engineOf } from './engines.ts'
import { change, open } from './locked.ts'
import type { Teller } from './machine.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { CancelInvoice } from './schema.ts'

/**
 * Asks for a cancellation: the request is signed, its intent committed, and the job sends it. It is cancelled only when the
 * authority's register says so; until then it is asked for.
 */
export async function cancelInvoice (hub: Hub, access: Access, publicInvoiceId: string, body: CancelInvoice, idempotency: Idempotency | null): Promise<string> {
  const id = uuidOf('invoice', publicInvoiceId)
  if (idempotency?.subject !== undefined) return id
  const { tenantId } = access
  const row = await inTenant(hub.db, tenantId, async db => await queries.findInvoice(db, id))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  if (row.status !== 'issued' && row.status !== 'cancel_rejected') throw stateError(row)
  const adapter = hub.adapters.get(row.provider ?? '')
  const engine = engineOf(row.country)
  if (adapter?.invoicing?.cancel === undefined) throw new HubError('capability_not_supported', engine.insteadOfCancelling === undefined ? {} : { detail: engine.insteadOfCancelling })
  const motive = engine.motives[body.motive]
  if (motive === undefined) throw invalidField('motive', `is one of ${Object.keys(engine.motives).join(', ')}`)
  if (motive.needsSubstitute !== (body.substitute !== undefined)) throw invalidField('substitute', motive.needsSubstitute ? `motive ${body.motive} needs the document that replaces it` : `motive ${body.motive} takes none`)
  const substitute = body.substitute === undefined ? undefined : await substituteOf(hub, access, row, body.substitute)
  const now = hub.now()
  const { issuer } = row.model as unknown as InvoiceModel
  // The one in use now: that which sealed the invoice may have expired since.
  const key = adapter.invoicing.seals === 'hub' && engine.cancellation !== undefined
    ? await inTenant(hub.db, tenantId, async db => await recordUse(db, now, (await certificateFor(db, row.issuer_id, now))?.id ?? noCertificate(), { purpose: 'cancel_invoice', subjectId: publicInvoiceId }))
    : undefined
  const sealed = key !== undefined
    ? await withSigner(hub, tenantId, key, async signer =>
      await engine.cancellation!({ issuerTaxId: issuer.taxId, fiscalId: row.fiscal_id!, motive: body.motive, at: now, ...(substitute !== undefined && { substitute }) }, { ...signer, at: now }))
    : null
  await inTenant(hub.db, tenantId, async db => {
    const locked = await queries.lockInvoice(db, id)
    if (locked === undefined || (locked.status !== 'issued' && locked.status !== 'cancel_rejected') || locked.pending_kind !== null) throw stateError(locked ?? row)
    const key = `pasarela-${publicInvoiceId}-cancel-${locked.version}`
    await applyFact(hub, db, locked, { type: 'asked', what: 'cancel', motive: body.motive, substitute: substitute ?? null },
      { cancel_sealed: sealed, cancel_asked_at: now, pending_key: key, pending_since: now })
    await setTimer(db, 'invoice', id, now)
    await recordChange(db, access, now, { action: 'invoice.cancel_asked', subjectType: 'invoice', subjectId: publicInvoiceId, detail: { motive: body.motive, substitute: substitute ?? null } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicInvoiceId)
  })
  hub.wake('invoice', [{ tenantId, id }])
  return id
}

function noCertificate (): never {
  throw new HubError('certificate_not_usable')
}

/** Already stamped, by the same issuer, and related to this one as its substitute: the authority checks no less. */
async function substituteOf (hub: Hub, access: Access, row: InvoiceRow, named: string): Promise<string> {
  const id = parseId('invoice', named)
  const substitute = await inTenant(hub.db, access.tenantId, async db => id === undefined ? await queries.findByFiscalId(db, access.mode, named) : await queries.findInvoice(db, id))
  if (substitute === undefined || substitute.mode !== access.mode) throw invalidField('substitute', 'is no invoice of yours')
  if (substitute.status !== 'issued' || substitute.fiscal_id === null) throw invalidField('substitute', 'is not issued')
  if (substitute.issuer_id !== row.issuer_id) throw invalidField('substitute', 'is of another issuer')
  const related = (substitute.model as unknown as InvoiceModel).related ?? []
  if (!related.some(({ type, fiscalId }) => type === '04' && fiscalId === row.fiscal_id)) throw invalidField('substitute', 'does not name the cancelled document with relation 04')
  return substitute.fiscal_id
}

const stateError = (row: InvoiceRow): HubError => row.pending_kind !== null || row.status === 'unknown'
  ? new HubError('outcome_unknown')
  : new HubError('invalid_state', { detail: { es: `La factura está ${row.status}.`, en: `The invoice is ${row.status}.` } })

/** The job's part: sends what was asked for, and asks until the register has decided. */
export async function carryOnCancellation (hub: Hub, row: InvoiceRow): Promise<'done' | 'later'> {
  const opened = await open(hub, row)
  if (opened === undefined) return 'later'
  if (row.pending_kind === 'cancel') {
    const sentBefore = await inTenant(hub.db, row.tenant_id, async db => await lastSent(db, row.id, 'cancel_document'))
    // What was sent and not answered is looked up before it is sent again.
    if (sentBefore === undefined || sentBefore.getTime() < row.pending_since!.getTime()) return await send(hub, row, opened)
    const asked = await askRegister(hub, row, opened)
    if (asked === undefined || asked.row.pending_kind !== 'cancel') return asked === undefined ? 'later' : waits(asked.row)
    const { manifest } = opened.adapter
    const safety = manifest.retry_safety.cancel_document ?? 'never'
    const settled = hub.now().getTime() - sentBefore.getTime() >= manifest.settles_within_ms
    return safety === 'natural-key' || (safety === 'query-first' && settled) ? await send(hub, asked.row, opened) : 'later'
  }
  const asked = await askRegister(hub, row, opened)
  return asked === undefined ? 'later' : waits(asked.row)
}

const waits = (row: InvoiceRow): 'done' | 'later' => row.status === 'cancel_requested' || row.status === 'cancel_pending_acceptance' || row.pending_kind !== null ? 'later' : 'done'

async function send (hub: Hub, row: InvoiceRow, opened: OpenConnection): Promise<'done' | 'later'> {
  const family = opened.adapter.invoicing!
  const operation = await change(hub, row, async (db, locked) => {
    const operationId = await insertOperation(db, hub.now(), { connection: opened, kind: 'cancel_document', subjectId: row.id, idempotencyKey: row.pending_key!, requestId: 'invoice' })
    return await queries.updateInvoice(db, locked.id, { pending_operation_id: operationId }, hub.now())
  })
  if (operation === undefined) return 'later'
  const result = await callProvider(hub, opened, 'cancel_document', async context => await family.cancel!(context, {
    idempotencyKey: operation.pending_key as IdempotencyKey,
    reference: publicId('invoice', row.id),
    providerReference: row.provider_reference!,
    motive: row.cancel_motive!,
    ...documentOf(row, undefined),
    ...(row.cancel_substitute !== null && { substitute: row.cancel_substitute }),
    ...(row.cancel_sealed !== null && { sealed: row.cancel_sealed })
  }))
  const insert = result.ok && result.value.document !== undefined ? await keepReceipt(hub, row, result.value) : undefined
  const after = await change(hub, row, async (db, locked) => {
    await finishOperation(db, operation.pending_operation_id!, result.report)
    if (locked.pending_operation_id !== operation.pending_operation_id) return locked
    if (result.ok) {
      await insert?.(db)
      return (await applyFact(hub, db, locked, { type: 'told', by: 'provider', status: result.value.status }, { messages: result.value.messages })).row
    }
    const { error } = result
    if (error.reached === 'unknown') return (await applyFact(hub, db, locked, { type: 'no_answer' })).row
    if (error.reached === 'nowhere' || error.code === 'rate_limited' || error.code === 'provider_unavailable' || error.code === 'not_found') return locked
    return (await applyFact(hub, db, locked, { type: 'refused' }, { messages: [{ code: error.providerCode ?? error.code, message: error.providerMessage ?? error.message }] })).row
  }, { anyVersion: true })
  return after === undefined ? 'later' : waits(after)
}

/** The provider's own mirror of the register, and the register itself where the tenant has a connection to it: the register's word counts. */
export async function askRegister (hub: Hub, row: InvoiceRow, opened: OpenConnection | undefined): Promise<{ row: InvoiceRow } | undefined> {
  const register = await registerOf(hub, row)
  let latest: InvoiceRow | undefined
  let tellers = 0
  for (const [connection, by] of [[opened, 'provider'], [register, 'authority']] as [OpenConnection | undefined, Teller][]) {
    const [look, getCancellation] = [connection?.adapter.register?.look, connection?.adapter.invoicing?.getCancellation]
    if (connection === undefined || (look ?? getCancellation) === undefined) continue
    tellers++
    const document = documentOf(row, await tailOf(hub, row))
    const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection, kind: look === undefined ? 'get_cancellation' : 'look_up_document', subjectId: row.id, requestId: 'invoice' },
      async context => look === undefined ? await getCancellation!(context, row.provider_reference!, document) : await look(context, document))
    if (!result.ok) {
      if (by === 'authority' && result.error.code === 'not_found') await tellUnknown(hub, row)
      continue
    }
    const snapshot = result.value
    const insert = snapshot.document === undefined ? undefined : await keepReceipt(hub, row, snapshot)
    latest = await change(hub, row, async (db, locked) => {
      const { row: applied, outcome } = await applyFact(hub, db, locked, { type: 'told', by, status: snapshot.status }, { messages: snapshot.messages })
      if (outcome.do === 'apply' && outcome.statusChanged) await insert?.(db)
      return await keepHandling(hub, db, withCustomerOf(applied, locked), snapshot)
    }, { anyVersion: true }) ?? latest
  }
  // Nobody can be asked: it stands as it stood.
  if (tellers === 0) return { row }
  return latest && { row: latest }
}

/** A PAC hands a stamp over within hours. What the register does not know after days nobody else can check, and the customer cannot deduct. */
const registeredWithinMs = 3 * 24 * 3600_000

async function tellUnknown (hub: Hub, row: InvoiceRow): Promise<void> {
  const now = hub.now()
  if (row.stamped_at === null || now.getTime() - row.stamped_at.getTime() < registeredWithinMs) return
  await inTenant(hub.db, row.tenant_id, async db => {
    await raiseAlert(db, now, { kind: 'invoice_not_registered', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('invoice', row.id), detail: { fiscal_id: row.fiscal_id, provider: row.provider } })
  })
}

/** What the receiver did with it is news, and changes nothing of the document; sent back, a person has to correct it. */
async function keepHandling (hub: Pick<Hub, 'now'>, db: TenantDb, row: InvoiceRow, { handling, messages }: DocumentSnapshot): Promise<InvoiceRow> {
  if (handling === undefined || handling.code === row.provider_status) return row
  const now = hub.now()
  if (handling.refused) await raiseAlert(db, now, { kind: 'invoice_rejected', severity: 'warning', mode: row.mode as 'test', subjectId: publicId('invoice', row.id), detail: { messages: row.delegated ? nameless(messages, row) : messages } })
  return await queries.updateInvoice(db, row.id, { provider_status: handling.code, messages: row.delegated ? nameless(messages, row) : messages }, now)
}

/** A connection to the authority's own status service, where the tenant has one. */
async function registerOf (hub: Hub, row: InvoiceRow): Promise<OpenConnection | undefined> {
  const id = await inTenant(hub.db, row.tenant_id, async db => await queries.findRegister(db, row.mode as 'test', registers[row.country] ?? ''))
  const sealed = id === undefined ? undefined : await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, id))
  return sealed && await hub.open(sealed).catch(() => undefined)
}

const registers: Readonly<Record<string, string>> = { MX: 'sat_status' }

function documentOf (row: InvoiceRow, sealTail: string | undefined): DocumentInRegister {
  const model = row.model as unknown as InvoiceModel
  return { fiscalId: row.fiscal_id!, issuerTaxId: model.issuer.taxId, customerTaxId: model.customer.taxId, total: model.totals.total, ...(sealTail !== undefined && { sealTail }) }
}

/** The last characters of the seal, which the register wants to be told. */
async function tailOf (hub: Hub, row: InvoiceRow): Promise<string | undefined> {
  const [xml] = (await inTenant(hub.db, row.tenant_id, async db => await documentsOf(db, 'invoice', row.id))).filter(({ kind }) => kind === 'xml')
  if (xml === undefined) return undefined
  return /\sSello="[^"]*([^"]{8})"/.exec((await readBytes(hub, xml)).toString('utf8'))?.[1]
}

/** The authority's acknowledgement (acuse), as it came. */
async function keepReceipt (hub: Hub, row: InvoiceRow, snapshot: DocumentSnapshot) {
  return await storeDocument(hub, row.tenant_id, {
    mode: row.mode as 'test', kind: 'receipt', subjectType: 'invoice', subjectId: row.id, name: `acuse-${row.fiscal_id}.xml`, contentType: 'application/xml', bytes: snapshot.document!, encrypt: row.delegated
  })
}
