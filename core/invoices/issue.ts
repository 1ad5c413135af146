import type { ConnectionContext } from '../adapter/context.ts'
import type { DocumentSnapshot, InvoicingFamily, Invoice as InvoiceModel, IssueInput } from '../adapter/invoicing.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordUse, withSigner } from '../certificates/sign.ts'
import type { OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { storeDocument } from '../documents/service.ts'
import { recordEvents } from '../events/record.ts'
import { FiscalError } from '../fiscal/errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, connectionsTried, finishOperation, insertOperation, lastEnded, recordedCall } from '../operations/call.ts'
import { chooseRoute } from '../routing-rules/choose.ts'
import { applyFact } from './apply.ts'
import { engineOf } from './engines.ts'
import { certificateToUse, hold, letGo } from './held.ts'
import { change, open } from './locked.ts'
import { ForeignDocument } from './engine.ts'
import { carryOnCancellation } from './cancel.ts'
import { openInvoice, sealCustomer } from './delegate.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import { eventData } from './view.ts'

/**
 * Carries an invoice on from wherever it stands: seals it, sends it, finds out what became of it, follows its cancellation.
 * Safe to run at any moment and in several places at once: the timer's lease lets one in, and every step is written down
 * under the row's lock before the next one acts.
 */
export async function carryOnInvoice (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, 'invoice', id, hub.now(), leaseMs)
    return timer && { tries: timer.tries, row: await queries.findInvoice(db, id) }
  })
  if (claimed === undefined) return
  const { tries } = claimed
  if (claimed.row === undefined) return
  const row = await openInvoice(hub, claimed.row)
  try {
    const done = await step(hub, row)
    if (done !== 'done') await postpone(hub, row, tries, done)
  } catch (error) {
    hub.log.error({ err: error, invoice: publicId('invoice', id) }, 'an invoice could not be carried on')
    await postpone(hub, row, tries, 'later')
  }
}

/** While one carries it on the others keep away, ms: longer than a PAC's slowest answer. */
const leaseMs = 120_000

/** `held`: it waits for a person, who was told. `mute`: nobody can be asked what became of it. */
type Done = 'done' | 'later' | 'held' | 'mute'

async function step (hub: Hub, row: InvoiceRow): Promise<Done> {
  switch (row.status as InvoiceStatus) {
    case 'queued': return await goOn(hub, await seal(hub, row))
    case 'signed': return row.pending_kind === null ? await goOn(hub, await stillTrusted(hub, row)) : await find(hub, row)
    case 'unknown':
    case 'submitted': return await find(hub, row)
    case 'issued':
    case 'cancel_requested':
    case 'cancel_pending_acceptance':
    case 'cancel_rejected': return await carryOnCancellation(hub, row)
    default:
      await inTenant(hub.db, row.tenant_id, async db => { await clearTimer(db, 'invoice', row.id) })
      return 'done'
  }
}

/** To the provider, where there is something to send. */
async function goOn (hub: Hub, sealed: InvoiceRow | 'held' | undefined): Promise<Done> {
  if (sealed === undefined || sealed === 'held') return sealed ?? 'later'
  return sealed.status === 'signed' ? await send(hub, sealed) : 'done'
}

/** What was sealed and not sent: sealed anew where another certificate has taken over from one that was refused. */
async function stillTrusted (hub: Hub, row: InvoiceRow): Promise<InvoiceRow | 'held' | undefined> {
  if (row.sealed === null) return row
  const certificateId = await inTenant(hub.db, row.tenant_id, async db => await certificateToUse(hub, db, row))
  return certificateId === 'held' || certificateId === null ? 'held' : certificateId === row.certificate_id ? row : await seal(hub, row)
}

/** Chooses who stamps it, builds it and, where the hub seals, seals it: once, and the bytes are kept. */
async function seal (hub: Hub, row: InvoiceRow): Promise<InvoiceRow | 'held' | undefined> {
  const { tenant_id: tenantId } = row
  const model = row.model as unknown as InvoiceModel
  const { first: { connection, adapter } } = await chooseRoute(hub, tenantId, wantedOf(row))
  let sealed: Buffer | null = null
  let certificateId = row.certificate_id
  if (adapter.invoicing!.seals === 'hub') {
    if (certificateId === null) throw new Error('the invoice names no certificate')
    const key = await inTenant(hub.db, tenantId, async db => {
      const use = await certificateToUse(hub, db, row)
      return use === 'held' || use === null ? undefined : await recordUse(db, hub.now(), use, { purpose: 'seal_invoice', subjectId: publicId('invoice', row.id) })
    })
    if (key === undefined) return 'held'
    certificateId = key.id
    try {
      sealed = await withSigner(hub, tenantId, key, async signer => await engineOf(row.country).seal(model, { ...signer, at: hub.now() }))
    } catch (error) {
      if (!(error instanceof FiscalError)) throw error
      // It cannot be sealed as it is, or what was sealed does not verify: nothing leaves, and it is said what is wrong.
      const messages = [{ code: error.reason, message: error.text.es }]
      return await change(hub, row, async (db, locked) => (await applyFact(hub, db, locked, { type: 'told', by: 'provider', status: 'rejected' }, { messages })).row)
    }
  }
  const known = { connection_id: connection.id, provider: adapter.manifest.id, sealed, ...(certificateId !== null && { certificate_id: certificateId }) }
  return await change(hub, row, async (db, locked) => locked.status === 'signed' ? await queries.updateInvoice(db, row.id, known, hub.now()) : (await applyFact(hub, db, locked, { type: 'signed' }, known)).row)
}

/** Writes the intent, commits, sends, and applies what came of it. */
async function send (hub: Hub, row: InvoiceRow): Promise<Done> {
  const opened = await open(hub, row)
  // Its connection is gone or does not open: nothing was sent, so another may.
  if (opened === undefined) return await moveOn(hub, row) ? 'done' : 'later'
  const key = row.pending_key ?? `pasarela-${publicId('invoice', row.id)}-${row.version}`
  const asked = await change(hub, row, async (db, locked) => {
    const operationId = await insertOperation(db, hub.now(), { connection: opened, kind: 'issue', subjectId: row.id, idempotencyKey: key, requestId: 'invoice' })
    return (await applyFact(hub, db, locked, { type: 'asked', what: 'issue' }, { pending_operation_id: operationId, pending_key: key, pending_since: hub.now() })).row
  })
  if (asked === undefined) return 'done'
  return await issue(hub, asked, opened)
}

/**
 * The call itself, whose intent is committed. `unsure`: an earlier call may have stamped it, so that whatever falls short of a
 * stamp now proves nothing: it stays unknown, and is asked about again.
 */
async function issue (hub: Hub, row: InvoiceRow, opened: OpenConnection, { unsure = false }: { unsure?: boolean } = {}): Promise<Done> {
  const operationId = row.pending_operation_id!
  const family = opened.adapter.invoicing!
  const result = await callProvider(hub, opened, 'issue', async context => await family.issue(context, inputOf(row, family)))
  if (result.ok && !(unsure && result.value.status === 'rejected')) return await told(hub, row, result.value, opened, async db => { await finishOperation(db, operationId, result.report) })
  const after = await change(hub, row, async (db, locked) => {
    await finishOperation(db, operationId, result.report)
    const mine = locked.pending_operation_id === operationId
    if (!mine) return locked
    const fact = unsure || result.ok ? { type: 'no_answer' as const } : factOf(result.error)
    return (await applyFact(hub, db, locked, fact, result.ok ? {} : messagesOf(result.error))).row
  }, { anyVersion: true })
  if (after?.status !== 'signed' || result.ok) return after?.status === 'rejected' ? 'done' : 'later'
  const { error } = result
  return await moveOn(hub, after, error.reached === 'answered' ? error.code : undefined) ? 'done' : 'later'
}

/**
 * To the next of the rule's connections, when it is proven that none before did stamp: the call never got there, it was turned
 * away with a refusal after which the tenant wants another tried, or the provider knows nothing of it after its settling time.
 * Only between those that take the same bytes: a document that another one seals would be another document.
 */
async function moveOn (hub: Hub, row: InvoiceRow, refusal?: ProviderError['code']): Promise<boolean> {
  const { first, next, failoverOn } = await chooseRoute(hub, row.tenant_id, wantedOf(row))
  if (refusal !== undefined && !failoverOn.includes(refusal)) return false
  const seals = hub.adapters.get(row.provider!)?.invoicing?.seals
  const others = [first, ...next].filter(({ connection, adapter }) => connection.id !== row.connection_id && adapter.invoicing?.seals === seals)
  const tried = new Set(await inTenant(hub.db, row.tenant_id, async db => await connectionsTried(db, row.id, 'issue')))
  const untried = others.find(({ connection }) => !tried.has(connection.id))
  // When all were tried it waits, and then begins with another: one that was down may be well again.
  const other = untried ?? (row.pending_kind === null ? others[0] : undefined)
  if (other === undefined) return false
  const moved = await inTenant(hub.db, row.tenant_id, async db => {
    const locked = await queries.lockInvoice(db, row.id)
    if (locked?.version !== row.version) return false
    // Of one that was looked for and is certainly not there: it is as if it had never been sent.
    const unsent = locked.pending_kind === null ? locked : (await applyFact(hub, db, locked, { type: 'not_done' })).row
    if (unsent.status !== 'signed') return false
    if (untried !== undefined) await setTimer(db, 'invoice', row.id, hub.now())
    await queries.updateInvoice(db, row.id, { connection_id: other.connection.id, provider: other.adapter.manifest.id }, hub.now())
    return untried !== undefined
  })
  if (moved) hub.wake('invoice', [{ tenantId: row.tenant_id, id: row.id }])
  return moved
}

/** What the routing rules are asked with. */
function wantedOf (row: InvoiceRow) {
  const { issuer } = row.model as unknown as InvoiceModel
  const { connection } = row.body as { connection?: string }
  return {
    family: 'invoicing' as const, mode: row.mode as 'test', country: row.country, currency: row.currency, metadata: row.metadata as Record<string, string>, issuer: [publicId('issuer', row.issuer_id), issuer.taxId],
    ...(row.series !== null && { series: row.series }),
    ...(connection !== undefined && { connection })
  }
}

/** A refusal that says nothing about the document: it is sent again when the account or the provider is well. */
const isOurs = (error: ProviderError): boolean => ['rate_limited', 'provider_unavailable', 'invalid_credentials', 'permission_denied', 'limit_exceeded', 'no_stamps_left'].includes(error.code)

const factOf = (error: ProviderError): { type: 'no_answer' | 'not_done' | 'refused' } =>
  ({ type: error.reached === 'unknown' ? 'no_answer' : error.reached === 'nowhere' || isOurs(error) ? 'not_done' : 'refused' })

/** What was answered; and that nobody has an account to send it with, which only people can mend. */
const messagesOf = (error: ProviderError) => error.reached === 'answered' || error.code === 'invalid_credentials'
  ? { messages: [{ code: error.providerCode ?? error.code, message: error.providerMessage ?? error.message }] }
  : {}

function inputOf (row: InvoiceRow, family: InvoicingFamily): IssueInput {
  const model = row.model as unknown as InvoiceModel
  const shared = { idempotencyKey: row.pending_key as IdempotencyKey, reference: publicId('invoice', row.id), naturalKey: naturalKeyOf(row) }
  return family.seals === 'hub' ? { ...shared, sealed: row.sealed! } : { ...shared, model: { ...model, issuedAt: new Date(model.issuedAt) } }
}

function naturalKeyOf (row: InvoiceRow): IssueInput['naturalKey'] {
  const { issuer } = row.model as unknown as InvoiceModel
  return { issuerTaxId: issuer.taxId, ...(row.series !== null && { series: row.series }), ...(row.number !== null && { number: row.number }) }
}

/** What became of one whose answer never came, or came as "later"? The PAC is asked before anything is sent again. */
async function find (hub: Hub, row: InvoiceRow): Promise<Done> {
  const opened = await open(hub, row)
  if (opened === undefined) return 'later'
  const family = opened.adapter.invoicing!
  const since = row.pending_since ?? row.created_at
  const sent = row.sealed === null ? undefined : { sealed: row.sealed }
  const lookedAt = hub.now()
  const look = row.provider_reference === null
    ? family.find && (async (context: ConnectionContext) => await family.find!(context, { reference: publicId('invoice', row.id), naturalKey: naturalKeyOf(row), from: since, to: lookedAt, ...sent }))
    : family.get && (async (context: ConnectionContext) => await family.get!(context, row.provider_reference!, sent))
  let mute = look === undefined
  let notThere = false
  if (look !== undefined) {
    const looked = await recordedCall<DocumentSnapshot | undefined>(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'find_document', subjectId: row.id, requestId: 'resolver' }, look)
    notThere = !looked.ok && looked.error.code === 'not_found' && looked.error.reached === 'answered'
    if (!looked.ok && !notThere && looked.error.code !== 'unsupported') return 'later'
    mute = !looked.ok && !notThere
    if (looked.ok && looked.value !== undefined) return await told(hub, row, looked.value, opened, async () => {})
  }
  if (row.pending_kind === null) return notThere && await isLost(hub, row, opened) ? await send(hub, row) : 'later'

  // It does not know it, or cannot be asked. Whether exactly these bytes may be sent once more is the manifest's word.
  const { manifest } = opened.adapter
  const safety = manifest.retry_safety.issue ?? 'never'
  const ageMs = hub.now().getTime() - since.getTime()
  const endedAt = await inTenant(hub.db, row.tenant_id, async db => await lastEnded(db, row.id, 'issue', manifest.timeouts_ms.issue ?? manifest.timeouts_ms.default)) ?? since
  const settled = lookedAt.getTime() - endedAt.getTime() >= manifest.settles_within_ms
  // Proven: it was looked for when it would have been there.
  const absent = !mute && settled
  if (absent && await moveOn(hub, row)) return 'done'
  const repeatable = safety === 'natural-key' || (safety === 'idempotency-key' ? ageMs < manifest.idempotency_window_ms : safety === 'query-first' && settled)
  if (!repeatable) return mute && safety === 'never' ? 'mute' : 'later'
  // On the record, under the row's lock, before it leaves: whoever comes next finds that it was sent a moment ago.
  const mine = await change(hub, row, async (db, locked) => {
    const operationId = await insertOperation(db, hub.now(), { connection: opened, kind: 'issue', subjectId: row.id, idempotencyKey: row.pending_key!, requestId: 'resolver' })
    return await queries.updateInvoice(db, locked.id, { pending_operation_id: operationId }, hub.now())
  })
  return mine === undefined ? 'done' : await issue(hub, mine, opened, { unsure: !absent })
}

/**
 * Taken, and a day later still nobody knows it (the SRI promises an answer within 24 hours): the same bytes go out again, where
 * the provider tells a repetition by the document itself.
 */
async function isLost (hub: Hub, row: InvoiceRow, { adapter: { manifest } }: OpenConnection): Promise<boolean> {
  if (row.status !== 'submitted' || manifest.retry_safety.issue !== 'natural-key') return false
  const endedAt = await inTenant(hub.db, row.tenant_id, async db => await lastEnded(db, row.id, 'issue', manifest.timeouts_ms.issue ?? manifest.timeouts_ms.default))
  return endedAt !== undefined && hub.now().getTime() - endedAt.getTime() >= dayMs
}

/** The provider's word on the document: checked, stored, applied. */
export async function told (hub: Hub, row: InvoiceRow, snapshot: DocumentSnapshot, opened: OpenConnection, also: (db: TenantDb) => Promise<void>): Promise<Done> {
  const { tenant_id: tenantId } = row
  const known = { messages: snapshot.messages, ...(snapshot.providerReference !== '' && { provider_reference: snapshot.providerReference }), provider_status: snapshot.providerStatus }
  const fact = { type: 'told' as const, by: 'provider' as const, status: snapshot.status }
  const isNew = !isStamped(row.status as InvoiceStatus) && isStamped(snapshot.status as InvoiceStatus)
  if (!isNew) {
    await change(hub, row, async (db, locked) => {
      await also(db)
      const { row: applied, outcome } = await applyFact(hub, db, locked, { ...fact, ...(snapshot.fiscalId !== undefined && { fiscalId: snapshot.fiscalId }) }, known)
      if (snapshot.refusedSignature !== undefined && outcome.do === 'apply' && applied.status === 'rejected') await hold(db, applied, snapshot.refusedSignature, hub.now())
      return applied
    }, { anyVersion: true })
    return snapshot.status === 'submitted' ? 'later' : 'done'
  }
  const bytes = snapshot.document ?? await download(hub, row, snapshot, opened)
  const engine = engineOf(row.country)
  const model = row.model as unknown as InvoiceModel
  let stamp
  try {
    stamp = engine.stamped(model, row.sealed, bytes, { ...(snapshot.fiscalId !== undefined && { fiscalId: snapshot.fiscalId }), at: snapshot.authorizedAt ?? hub.now() })
  } catch (error) {
    if (!(error instanceof ForeignDocument)) throw error
    // Never taken for ours, never sent again by itself: a person looks at what the provider gave.
    await change(hub, row, async (db, locked) => {
      await also(db)
      await raiseAlert(db, hub.now(), { kind: 'invoice_review', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('invoice', row.id), detail: { reason: 'other_document', differs: error.message, provider_reference: snapshot.providerReference } })
      const saved = await queries.updateInvoice(db, locked.id, { review: 'other_document', provider_reference: snapshot.providerReference, messages: [{ code: 'other_document', message: error.message }] }, hub.now())
      if (locked.review === null) await recordEvents(db, hub.now(), [{ type: 'invoice.review', mode: saved.mode as 'test', subjectId: saved.id, data: eventData(saved) }])
      return saved
    }, { anyVersion: true })
    return 'later'
  }
  const kept = { encrypt: row.delegated, ...(engine.retentionYears !== undefined && { years: engine.retentionYears }) }
  const customer = row.delegated ? await sealCustomer(hub, row) : {}
  const insert = await storeDocument(hub, tenantId, {
    mode: row.mode as 'test', kind: 'xml', subjectType: 'invoice', subjectId: row.id, name: engine.fileName(model, stamp.fiscalId), contentType: 'application/xml', bytes, ...kept
  })
  const insertPaper = snapshot.authorization === undefined
    ? undefined
    : await storeDocument(hub, tenantId, { mode: row.mode as 'test', kind: 'receipt', subjectType: 'invoice', subjectId: row.id, name: `autorizacion-${stamp.fiscalId}.xml`, contentType: 'application/xml', bytes: snapshot.authorization, ...kept })
  let held: string[] = []
  await change(hub, row, async (db, locked) => {
    await also(db)
    const applied = await applyFact(hub, db, locked, { ...fact, fiscalId: stamp.fiscalId }, { ...known, ...customer, stamped_at: stamp.stampedAt })
    // Told twice (the answer and the resolver at once): one of them keeps the bytes.
    if (applied.outcome.do === 'apply' && !isStamped(locked.status as InvoiceStatus)) {
      await insert(db)
      await insertPaper?.(db)
      if (row.sealed !== null) held = await letGo(db, applied.row, hub.now())
    }
    return applied.row
  }, { anyVersion: true })
  hub.wake('invoice', held.map(id => ({ tenantId, id })))
  return 'done'
}

async function download (hub: Hub, row: InvoiceRow, snapshot: DocumentSnapshot, opened: OpenConnection): Promise<Uint8Array> {
  const { download } = opened.adapter.invoicing!
  if (download === undefined) throw new Error(`${opened.adapter.manifest.id} says that it is stamped, and gives no document`)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'download', subjectId: row.id, requestId: 'invoice' },
    async context => await download(context, snapshot.providerReference, 'xml'))
  if (!result.ok) throw result.error
  return result.value
}

/**
 * Nothing was settled: later again, and at the end of the schedule a person is told, and it is still looked at daily. Where nobody
 * can be asked, a person is told at once: `resolveReview` ends it.
 */
async function postpone (hub: Hub, row: InvoiceRow, tries: number, how: Exclude<Done, 'done'>): Promise<void> {
  const now = hub.now()
  if (how === 'held') return await inTenant(hub.db, row.tenant_id, async db => { await retryTimer(db, 'invoice', row.id, new Date(now.getTime() + heldMs)) })
  const delayMs = how === 'mute' ? undefined : hub.config.resolverSchedule[tries]
  await inTenant(hub.db, row.tenant_id, async db => {
    await retryTimer(db, 'invoice', row.id, new Date(now.getTime() + (delayMs ?? dayMs)))
    if (delayMs === undefined) await raiseAlert(db, now, { kind: 'invoice_unresolved', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('invoice', row.id), detail: { status: row.status, since: row.pending_since, ...(how === 'mute' && { reason: 'nobody_can_be_asked' }) } })
  })
}

/** How soon one that waits for a person sees that they have acted. */
const heldMs = 5 * 60_000

const dayMs = 24 * 3600_000
