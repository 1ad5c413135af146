import type { ConnectionContext } from '../adapter/context.ts'
import type { TlsIdentity } from '../adapter/http.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import type { FoundRecord, RecordOutcome } from '../adapter/records.ts'
import { raiseAlert, resolveAlert } from '../alerts/raise.ts'
import { tlsIdentity } from '../certificates/identity.ts'
import { certificateFor } from '../certificates/queries.ts'
import { recordUse } from '../certificates/sign.ts'
import { loadSealed, type OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { recordDay } from '../fiscal/es/verifactu/from-invoice.ts'
import { recordsPerSending } from '../fiscal/es/verifactu/model.ts'
import { incidentRetrySeconds } from '../fiscal/es/verifactu/obligations.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { callProvider, finishOperation, insertOperation, recordedCall } from '../operations/call.ts'
import { appendEvent, switchIfDue } from './chain.ts'
import * as queries from './queries.ts'
import type { ChainRow, RecordRow } from './queries.ts'
import { signChained } from './sign.ts'

/**
 * Looks after one chain: signs what is kept, finds out what became of what was sent, sends what waits. One step at a time, in the order
 * of the chain; each is written down under the chain's lock. Safe to run at any moment and in several places at once.
 */
export async function lookAfterChain (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, 'verifactu', id, hub.now(), leaseMs)
    const chain = timer && await queries.findChain(db, id)
    const issuer = chain && await findIssuer(db, chain.issuer_id)
    return timer && { tries: timer.tries, chain, issuer }
  })
  if (claimed === undefined) return
  const { tries, chain, issuer } = claimed
  if (chain === undefined || issuer === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, 'verifactu', id) })
  try {
    const next = await step(hub, tenantId, chain, issuer)
    await sealAnswered(hub, tenantId, chain)
    if (next === 'again') await inTenant(hub.db, tenantId, async db => { await setTimer(db, 'verifactu', id, hub.now()) })
    else if (next === 'later') await later(hub, tenantId, chain, tries)
    else await rest(hub, tenantId, chain.id)
  } catch (error) {
    hub.log.error({ err: error, chain: publicId('verifactu_chain', id) }, 'a chain of records could not be looked after')
    await later(hub, tenantId, chain, tries)
  }
}

/** While one looks after it the others keep away, ms: longer than the authority's slowest answer. */
const leaseMs = 180_000

/** `again`: there is more to do at once. `later`: it did not work, and is tried again. `done`: until the next moment that is due. */
type Next = 'again' | 'later' | 'done'

async function step (hub: Hub, tenantId: string, before: ChainRow, issuer: IssuerRow): Promise<Next> {
  const chain = await inTenant(hub.db, tenantId, async db => await summarize(hub, db, await switchIfDue(hub, db, (await queries.lockChain(db, before.id))!, issuer), issuer))
  const signed = await signChained(hub, tenantId, chain, issuer)
  if (signed === 'more') return 'again'
  const states = await inTenant(hub.db, tenantId, async db => await queries.openStates(db, chain.id))
  if (states.has('sending') || states.has('unknown')) return await settle(hub, tenantId, chain, issuer)
  if (signed === 'no_certificate') return 'later'
  if (!states.has('pending') || (chain.next_send_at !== null && chain.next_send_at > hub.now())) return 'done'
  return await send(hub, tenantId, chain, issuer)
}

/** When it is due next: told under the lock, so that what is chained meanwhile is not forgotten. */
async function rest (hub: Hub, tenantId: string, chainId: string): Promise<void> {
  await inTenant(hub.db, tenantId, async db => {
    const chain = (await queries.lockChain(db, chainId))!
    const states = await queries.openStates(db, chainId)
    const now = hub.now()
    const due: Date[] = []
    if (states.has('unsigned') || states.has('sending') || states.has('unknown')) due.push(now)
    if (states.has('pending')) due.push(chain.next_send_at !== null && chain.next_send_at > now ? chain.next_send_at : now)
    if (chain.system === 'no_verifactu') due.push(new Date((chain.summarized_at ?? now).getTime() + summaryMs))
    if (chain.next_system !== null) due.push(new Date(now.getTime() + hourMs))
    if (due.length === 0) await clearTimer(db, 'verifactu', chainId)
    else await setTimer(db, 'verifactu', chainId, new Date(Math.min(...due.map(at => at.getTime()))))
  })
}

const hourMs = 3600_000
/** A system that does not submit sums its events up every six hours at most (Orden HAC/1177/2024, art. 9.3). */
const summaryMs = 6 * hourMs

/** After a failure: soon at first, and at least once an hour for as long as it lasts. A person is told after an hour. */
async function later (hub: Hub, tenantId: string, chain: ChainRow, tries: number): Promise<void> {
  const now = hub.now()
  const waitMs = Math.min(hub.config.resolverSchedule[tries - 1] ?? incidentRetrySeconds * 1000, incidentRetrySeconds * 1000)
  await inTenant(hub.db, tenantId, async db => {
    await retryTimer(db, 'verifactu', chain.id, new Date(now.getTime() + waitMs))
    const since = (await queries.findChain(db, chain.id))?.outage_since
    if (since != null && now.getTime() - since.getTime() >= hourMs) {
      await raiseAlert(db, now, { kind: 'verifactu_stuck', severity: 'critical', mode: chain.mode, subjectId: publicId('issuer', chain.issuer_id), detail: { reason: 'outage', since: since.toISOString() } })
    }
  })
}

/** The registro resumen of a system that does not submit, when its time has come. The chain is locked. */
async function summarize (hub: Hub, db: TenantDb, chain: ChainRow, issuer: IssuerRow): Promise<ChainRow> {
  const now = hub.now()
  const since = chain.summarized_at
  if (chain.system !== 'no_verifactu' || since === null || now.getTime() - since.getTime() < summaryMs) return chain
  const { altas, anulaciones, tax, total, first, last } = await queries.periodOf(db, chain.id, since, now)
  const events = await queries.eventCounts(db, chain.id, since)
  const named = async (position: number | null) => {
    const row = position === null ? undefined : await queries.recordAt(db, chain.id, position)
    return row && { nif: chain.nif, number: row.number, date: row.date, huella: row.huella }
  }
  const [from, to] = [await named(first), await named(last)]
  await queries.updateChain(db, chain.id, { summarized_at: now }, now)
  const after = await appendEvent(hub, db, { ...chain, summarized_at: now }, issuer, { type: 'summary', events: events.length === 0 ? [{ type: '10', count: 0 }] : events, ...(from !== undefined && { first: from }), ...(to !== undefined && { last: to }), altas, tax, total, anulaciones })
  return { ...after, summarized_at: now }
}

/** Buyers whose data the tenant delegates stand in no column in clear once their record is done with. */
async function sealAnswered (hub: Hub, tenantId: string, chain: ChainRow): Promise<void> {
  const rows = await inTenant(hub.db, tenantId, async db => await queries.toSeal(db, chain, 200))
  for (const row of rows) {
    const seal = async (text: string): Promise<string> => await hub.vault.seal(tenantId, publicId('verifactu_record', row.id), recordUseName, text)
    const xml = await seal(row.xml!)
    const signed = row.signed === null ? null : await seal(row.signed)
    await inTenant(hub.db, tenantId, async db => { await queries.sealRecord(db, row.id, xml, signed) })
  }
}

/** What sealed records are sealed for. */
export const recordUseName = 'verifactu_record'

// --- sending ----------------------------------------------------------------------------------------------------------------

/** The connection that it goes out through, with the issuer's own certificate for the authority to see. */
async function open (hub: Hub, tenantId: string, chain: ChainRow, issuer: IssuerRow): Promise<OpenConnection | undefined> {
  const now = hub.now()
  const sealed = await inTenant(hub.db, tenantId, async db => {
    const id = chain.connection_id ?? await firstConnection(hub, db, chain)
    return id === undefined ? undefined : await loadSealed(db, id)
  })
  const opened = sealed?.enabled === true ? await hub.open(sealed).catch(() => undefined) : undefined
  if (opened?.adapter.records === undefined) {
    await inTenant(hub.db, tenantId, async db => { await raiseAlert(db, now, { kind: 'verifactu_stuck', severity: 'critical', mode: chain.mode, subjectId: publicId('issuer', issuer.id), detail: { reason: 'no_connection' } }) })
    return undefined
  }
  const key = await inTenant(hub.db, tenantId, async db => {
    const certificate = await certificateFor(db, issuer.id, now)
    return certificate && await recordUse(db, now, certificate.id, { purpose: 'submit_records', subjectId: publicId('connection', opened.id) })
  })
  // Without one a representative may still submit: whose certificate it is, the adapter knows.
  return key === undefined ? opened : lent(opened, await tlsIdentity(hub, tenantId, key))
}

async function firstConnection (hub: Hub, db: TenantDb, chain: ChainRow): Promise<string | undefined> {
  for (const adapter of hub.adapters.list()) {
    if (adapter.records === undefined || !adapter.manifest.countries.includes('ES')) continue
    const id = await queries.connectionTo(db, chain.mode, adapter.manifest.id)
    if (id !== undefined) return id
  }
}

/** Every request of it shows this certificate; the adapter never sees the key. */
function lent (opened: OpenConnection, identity: TlsIdentity): OpenConnection {
  return {
    ...opened,
    context (operation, onExchange): ConnectionContext {
      const context = opened.context(operation, onExchange)
      return { ...context, http: async request => await context.http({ identity, ...request }) }
    }
  }
}

const issuerOf = (chain: ChainRow, issuer: IssuerRow) => ({ name: issuer.legal_name.slice(0, 120), taxId: chain.nif })

/** The next batch: its intent committed, then sent, then what became of each. */
async function send (hub: Hub, tenantId: string, chain: ChainRow, issuer: IssuerRow): Promise<Next> {
  const opened = await open(hub, tenantId, chain, issuer)
  if (opened === undefined) return 'later'
  const family = opened.adapter.records!
  const batch = await inTenant(hub.db, tenantId, async db => {
    const locked = (await queries.lockChain(db, chain.id))!
    const states = await queries.openStates(db, chain.id)
    const now = hub.now()
    if (states.has('sending') || states.has('unknown') || (locked.next_send_at !== null && locked.next_send_at > now)) return undefined
    const records = await queries.nextRecords(db, chain.id, ['pending'], Math.min(locked.batch_size, recordsPerSending))
    if (records.length === 0) return undefined
    const key = `pasarela-${publicId('verifactu_chain', chain.id)}-${records[0]!.position}-${records.at(-1)!.position}` as IdempotencyKey
    const operationId = await insertOperation(db, now, { connection: opened, kind: 'submit_records', subjectId: chain.id, idempotencyKey: key, requestId: 'verifactu' })
    const incident = locked.outage_since !== null
    await queries.updateRecords(db, records.map(({ id }) => id), { status: 'sending', operation_id: operationId, sent_at: now, ...(incident && { incident }) })
    return { records, key, operationId, incident, lastDay: locked.next_system === null ? null : locked.last_day }
  })
  if (batch === undefined) return 'done'
  const { records, key, operationId, incident, lastDay } = batch
  const result = await callProvider(hub, opened, 'submit_records', async context => await family.submit(context, {
    idempotencyKey: key, issuer: issuerOf(chain, issuer), incident, ...(lastDay !== null && { lastDay: recordDay(lastDay) }), records: records.map(({ xml, number, date }) => ({ xml: xml!, reference: { number, date } }))
  }))
  return await inTenant(hub.db, tenantId, async db => {
    await queries.lockChain(db, chain.id)
    await finishOperation(db, operationId, result.report)
    if (!result.ok) return await failed(hub, db, chain, records, result.error)
    const { outcomes, waitSeconds, receipt } = result.value
    const now = hub.now()
    for (const [index, outcome] of outcomes.entries()) await judged(hub, db, chain, records[index]!, outcome, receipt)
    // From the answer, as the order counts it; never less than the authority says.
    await queries.updateChain(db, chain.id, { wait_seconds: waitSeconds, next_send_at: new Date(now.getTime() + waitSeconds * 1000), outage_since: null, batch_size: recordsPerSending }, now)
    await resolveAlert(db, now, 'verifactu_stuck', publicId('issuer', chain.issuer_id))
    return 'done'
  })
}

/** One record's outcome. A duplicate is looked at before it is believed: it may be this very record, whose answer was lost. */
async function judged (hub: Hub, db: TenantDb, chain: ChainRow, record: RecordRow, outcome: RecordOutcome, receipt: string | undefined): Promise<void> {
  const now = hub.now()
  const told = { error_code: outcome.code ?? null, error_message: await spoken(db, chain, outcome.message), answered_at: now }
  if (outcome.duplicate === true && record.error_code !== outcome.code) return await queries.updateRecords(db, [record.id], { ...told, status: 'unknown' })
  await queries.updateRecords(db, [record.id], { ...told, status: outcome.status, receipt: receipt ?? null })
  if (outcome.status !== 'accepted') await tellRefused(db, now, chain, record, outcome)
}

/** The authority's words; where the tenant delegates its buyers' data its code alone, for the words may name them. */
async function spoken (db: TenantDb, chain: ChainRow, message: string | undefined): Promise<string | null> {
  return message === undefined || await queries.isDelegated(db, chain.mode) ? null : message.slice(0, 1500)
}

async function tellRefused (db: TenantDb, now: Date, chain: ChainRow, record: RecordRow, { status, code, message }: RecordOutcome): Promise<void> {
  await raiseAlert(db, now, {
    kind: 'verifactu_refused', severity: status === 'rejected' ? 'critical' : 'warning', mode: chain.mode, subjectId: publicId('verifactu_record', record.id),
    detail: { invoice: publicId('invoice', record.invoice_id), status, code, message: await spoken(db, chain, message) }
  })
}

/** Errors of the authority's that lie in the message itself: one record may spoil it for all of its batch. */
const spoilt = /^(?:4102|4103|4106|4113|4114|4119|4136|4137|4138)$/

/** The sending as a whole did not go through. Nothing of the chain changes: the same records go again, in the same order. */
async function failed (hub: Hub, db: TenantDb, chain: ChainRow, records: readonly RecordRow[], error: ProviderError): Promise<Next> {
  const now = hub.now()
  const ids = records.map(({ id }) => id)
  if (error.reached !== 'answered') {
    await queries.updateRecords(db, ids, { status: error.reached === 'unknown' ? 'unknown' : 'pending', incident: true })
    if (chain.outage_since === null) await queries.updateChain(db, chain.id, { outage_since: now }, now)
    return 'later'
  }
  const [code, message] = [error.providerCode ?? error.code, error.providerMessage ?? error.message]
  if (spoilt.test(code) && records.length === 1) {
    const outcome: RecordOutcome = { status: 'rejected', code, message }
    await queries.updateRecords(db, ids, { status: 'rejected', error_code: code, error_message: await spoken(db, chain, message), answered_at: now })
    await queries.updateChain(db, chain.id, { batch_size: recordsPerSending }, now)
    await tellRefused(db, now, chain, records[0]!, outcome)
    return 'again'
  }
  await queries.updateRecords(db, ids, { status: 'pending' })
  if (spoilt.test(code)) {
    // Halved until the one that spoils it is alone.
    await queries.updateChain(db, chain.id, { batch_size: Math.ceil(records.length / 2) }, now)
    return 'again'
  }
  await raiseAlert(db, now, { kind: 'verifactu_stuck', severity: 'critical', mode: chain.mode, subjectId: publicId('issuer', chain.issuer_id), detail: { reason: 'refused', code, message } })
  return 'later'
}

// --- what became of it ------------------------------------------------------------------------------------------------------

/** What was sent and not answered: the authority is asked what it has, before anything is sent again. */
async function settle (hub: Hub, tenantId: string, chain: ChainRow, issuer: IssuerRow): Promise<Next> {
  const opened = await open(hub, tenantId, chain, issuer)
  if (opened === undefined) return 'later'
  const unsure = await inTenant(hub.db, tenantId, async db => await queries.nextRecords(db, chain.id, ['sending', 'unknown'], recordsPerSending))
  const askedAt = hub.now()
  const looked = await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'find_records', subjectId: chain.id, requestId: 'verifactu' },
    async context => await opened.adapter.records!.find(context, { issuer: issuerOf(chain, issuer), records: unsure.map(({ number, date, operation_date: operated }) => ({ number, date, ...(operated !== null && { operationDate: operated }) })) }))
  if (!looked.ok) return 'later'
  const known = new Map(looked.value.map(one => [`${one.number}|${one.date}`, one]))
  const settledMs = opened.adapter.manifest.settles_within_ms
  return await inTenant(hub.db, tenantId, async db => {
    await queries.lockChain(db, chain.id)
    const now = hub.now()
    let waits = false
    for (const record of unsure) {
      const verdict = await verdictOf(db, chain, record, known.get(`${record.number}|${record.date}`))
      if (verdict === 'not_there' && askedAt.getTime() - record.sent_at!.getTime() < settledMs && record.error_code !== '3000') waits = true
      else if (verdict === 'not_there' || verdict === 'foreign') {
        // Told to be there already, and what is there is another's: a person has to look.
        const outcome = record.error_code === '3000' ? { status: 'rejected' as const, code: '3000', ...(record.error_message !== null && { message: record.error_message }) } : undefined
        await queries.updateRecords(db, [record.id], outcome === undefined ? { status: 'pending', incident: true } : { status: 'rejected', answered_at: now })
        if (outcome !== undefined) await tellRefused(db, now, chain, record, outcome)
      } else {
        await queries.updateRecords(db, [record.id], { status: verdict.status, error_code: verdict.code ?? null, error_message: await spoken(db, chain, verdict.message), answered_at: now })
        if (verdict.status !== 'accepted') await tellRefused(db, now, chain, record, verdict)
      }
    }
    return waits ? 'later' : 'done'
  })
}

/** Whether what the authority has of the invoice is this record, or one of ours that came after it. */
async function verdictOf (db: TenantDb, chain: ChainRow, record: RecordRow, found: FoundRecord | undefined): Promise<RecordOutcome | 'not_there' | 'foreign'> {
  if (found === undefined) return 'not_there'
  const errors = found.status === 'accepted_with_errors' ? { status: 'accepted_with_errors' as const, ...(found.code !== undefined && { code: found.code }), ...(found.message !== undefined && { message: found.message }) } : { status: 'accepted' as const }
  if (found.huella === record.huella) return errors
  // Of an annulment the authority may show the record that it annulled.
  if (record.kind === 'anulacion' && found.status === 'annulled') return { status: 'accepted' }
  const ours = await queries.huellasOf(db, chain.id, record.number, record.date)
  const shown = ours.find(({ huella }) => huella === found.huella)
  if (shown === undefined) return 'foreign'
  return shown.position > record.position ? { status: 'accepted' } : 'not_there'
}
