import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { cancelInvoice } from '../invoices/cancel.ts'
import { engineOf } from '../invoices/engines.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import { findInvoice, type InvoiceRow } from '../invoices/queries.ts'
import type { ChangeInvoice } from '../invoices/schema.ts'
import { makeInvoice } from '../invoices/service.ts'
import { findIssuer, type IssuerRow, listIssuers } from '../issuers/queries.ts'
import { conceptOf, exactly, leftOf, type Ticket } from './amounts.ts'
import { globalTimer, move, ownAccess, saleTimer, scheduleTimer } from './apply.ts'
import { formOf, publicAtLarge } from './documents.ts'
import { localDay, nextGlobalAt, type Period, periodOf, plusDays, startOfDay, zoneOfIssuer } from './period.ts'
import * as queries from './queries.ts'
import type { GlobalRow, SaleRow } from './queries.ts'
import type { GlobalInvoice, ListGlobalInvoices, NewGlobalInvoice, Tender } from './schema.ts'
import { settingsOf } from './settings.ts'
import { showGlobal } from './view.ts'

const leaseMs = 120_000
const retryMs = [1, 10, 60, 6 * 60].map(minutes => minutes * 60_000)
/** Tickets of one document: beyond that there is another of the same period. */
const ticketsAtMost = 1000

// --- when -------------------------------------------------------------------------------------------------------------------

/** The day has come: what waits of the periods that have ended goes into global invoices. Safe to run at any moment and in several places at once. */
export async function makeDueGlobals (hub: Hub, tenantId: string, issuerId: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, scheduleTimer, issuerId, hub.now(), leaseMs))
  if (claimed === undefined) return
  const now = hub.now()
  const leasedUntil = new Date(now.getTime() + leaseMs)
  const { issuer, settings } = await inTenant(hub.db, tenantId, async db => {
    const issuer = await findIssuer(db, issuerId)
    return { issuer, settings: issuer && await settingsOf(db, issuer.mode) }
  })
  if (issuer === undefined || settings === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, scheduleTimer, issuerId) })
  const { global_invoice: rhythm, self_invoice: links } = settings
  if (rhythm.automatic) await takeTickets(hub, tenantId, issuer, periodBefore(localDay(now, zoneOfIssuer(issuer)), rhythm), links.open_on_global_day === 'include')
  await inTenant(hub.db, tenantId, async db => {
    const first = rhythm.automatic ? await queries.firstWaiting(db, issuerId) : undefined
    if (first === undefined) return await clearTimer(db, scheduleTimer, issuerId, leasedUntil)
    await retryTimer(db, scheduleTimer, issuerId, nextGlobalAt(first, rhythm, zoneOfIssuer(issuer), now), leasedUntil)
  })
}

/** The newest period whose global invoice is due on that day or was before. */
function periodBefore (today: string, rhythm: Parameters<typeof periodOf>[1]): Period {
  let period = periodOf(today, rhythm)
  while (period.madeOn > today) period = periodOf(plusDays(period.from, -1), rhythm)
  return period
}

/** By hand: of the period in which a day lies, once it is over. */
export async function createGlobals (hub: Hub, access: Access, body: NewGlobalInvoice): Promise<{ data: GlobalInvoice[], next_cursor: null }> {
  const { issuer, settings } = await inTenant(hub.db, access.tenantId, async db => {
    const settings = await settingsOf(db, access.mode)
    const wanted = body.issuer ?? settings.issuer
    const id = wanted === null ? undefined : parseId('issuer', wanted)
    const issuers = await listIssuers(db, { limit: 2, mode: access.mode, country: 'MX' })
    const issuer = wanted === null ? issuers.length === 1 ? issuers[0] : undefined : id === undefined ? undefined : await findIssuer(db, id)
    if (issuer?.mode !== access.mode || issuer.country !== 'MX') throw invalidField('issuer', wanted === null && issuers.length > 1 ? 'you have several: say which' : 'is no issuer of Mexico of yours')
    return { issuer, settings }
  })
  const period = periodOf(body.period.day, { ...settings.global_invoice, ...(body.period.periodicity !== undefined && { periodicity: body.period.periodicity }) })
  if (period.periodicity === '05' && issuer.regime !== '621') throw invalidField('period.periodicity', 'bimonthly is for the régimen 621 alone')
  if (period.to >= localDay(hub.now(), zoneOfIssuer(issuer))) throw invalidField('period.day', `lies in a period that ends on ${period.to}: its global invoice is made after that`)
  const rows = await takeTickets(hub, access.tenantId, issuer, period, settings.self_invoice.open_on_global_day === 'include', access)
  return { data: rows.map(showGlobal), next_cursor: null }
}

// --- which ------------------------------------------------------------------------------------------------------------------

/**
 * Takes what waits and was paid by the end of that period, late ones of periods before too, into global invoices: one for each
 * branch and currency, of so many tickets. Each is a transaction of its own: a ticket is in one or in none.
 */
async function takeTickets (hub: Hub, tenantId: string, issuer: IssuerRow, period: Period, endLinks: boolean, access?: Access): Promise<GlobalRow[]> {
  const before = startOfDay(plusDays(period.to, 1), zoneOfIssuer(issuer))
  if (endLinks) {
    await inTenant(hub.db, tenantId, async db => {
      for (const row of await queries.lockOpenLinks(db, issuer.id, before)) if (row.link_connection_id === null) await move(hub, db, row, 'to_global', { link_made_at: null })
    })
  }
  const made: GlobalRow[] = []
  for (;;) {
    const rows = await inTenant(hub.db, tenantId, async db => {
      const waiting = await queries.lockWaiting(db, issuer.id, before, ticketsAtMost)
      const groups = Map.groupBy(waiting, ({ branch, currency }) => `${branch ?? ''} ${currency}`)
      const globals: GlobalRow[] = []
      for (const sales of groups.values()) globals.push(...await takeGroup(hub, db, issuer, period, sales, access))
      return { globals, all: waiting.length < ticketsAtMost }
    })
    made.push(...rows.globals)
    if (rows.all || rows.globals.length === 0) break
  }
  hub.wake('global_invoice', made.map(({ id }) => ({ tenantId, id })))
  return made
}

async function takeGroup (hub: Hub, db: TenantDb, issuer: IssuerRow, period: Period, sales: readonly SaleRow[], access?: Access): Promise<GlobalRow[]> {
  const now = hub.now()
  const left = sales.filter(sale => leftOf(sale).gt(0))
  const [first] = left
  if (first === undefined) return []
  const id = newUuid(now)
  const total = left.reduce((sum, sale) => sum.plus(leftOf(sale)), new Decimal(0))
  const row = await queries.insertGlobal(db, {
    id, mode: issuer.mode, issuer_id: issuer.id, branch: first.branch, currency: first.currency, status: 'making', periodicity: period.periodicity, months: period.months, year: period.year,
    period_from: period.from, period_to: period.to, tickets: left.length, total: total.toFixed(), created_at: now
  })
  for (const sale of left) await move(hub, db, sale, 'taken', { global_id: id, document_amount: leftOf(sale).toFixed() })
  await setTimer(db, globalTimer, id, now)
  if (access !== undefined) await recordChange(db, access, now, { action: 'global_invoice.created', subjectType: 'global_invoice', subjectId: publicId('global_invoice', id), detail: { period: `${period.from}/${period.to}`, tickets: left.length } })
  return [row]
}

// --- what becomes of it --------------------------------------------------------------------------------------------------------

/** Carries a global invoice on: makes its document, hears what became of it, and lets go the tickets that get an invoice of their own (motive 04). */
export async function carryOnGlobal (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, globalTimer, id, hub.now(), leaseMs))
  if (claimed === undefined) return
  const leasedUntil = new Date(hub.now().getTime() + leaseMs)
  try {
    while (await step(hub, tenantId, id) === 'again') { /* each step is written before the next */ }
    await inTenant(hub.db, tenantId, async db => { await clearTimer(db, globalTimer, id, leasedUntil) })
  } catch (error) {
    hub.log.error({ err: error, global_invoice: publicId('global_invoice', id) }, 'a global invoice could not be carried on')
    await inTenant(hub.db, tenantId, async db => {
      const row = await queries.findGlobal(db, id)
      if (row !== undefined && error instanceof HubError) await raiseAlert(db, hub.now(), { kind: 'global_invoice_stuck', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('global_invoice', id), detail: { reason: error.code, ...(error.errors !== undefined && { errors: error.errors.slice(0, 20) }) } })
      await retryTimer(db, globalTimer, id, new Date(hub.now().getTime() + retryMs[Math.min(claimed.tries, retryMs.length) - 1]!), leasedUntil)
    })
  }
}

type Done = 'again' | 'done'

async function step (hub: Hub, tenantId: string, id: string): Promise<Done> {
  const { row, invoice } = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.findGlobal(db, id)
    return { row, invoice: row?.invoice_id == null ? undefined : await findInvoice(db, row.invoice_id) }
  })
  if (row === undefined || row.status === 'canceled') return 'done'
  if (invoice === undefined) return await make(hub, row)
  const status = invoice.status as InvoiceStatus
  if (status === 'canceled') return await letGo(hub, row, invoice)
  if (row.status === 'replacing') return status === 'cancel_rejected' ? await keep(hub, row) : status === 'issued' ? await askToCancel(hub, row) : 'done'
  if (row.status === 'making' && isStamped(status)) return await nowIssued(hub, row)
  return row.status === 'issued' ? await leavers(hub, row) : 'done'
}

/** Its document, once: the tickets as they stand, each less what was given back. */
async function make (hub: Hub, row: GlobalRow): Promise<Done> {
  const { sales, issuer } = await inTenant(hub.db, row.tenant_id, async db => ({ sales: await queries.lockTickets(db, row.id), issuer: (await findIssuer(db, row.issuer_id))! }))
  const tickets: Ticket[] = sales.map(sale => ({ number: sale.ticket, net: new Decimal(sale.document_amount), model: sale.model as unknown as Pick<InvoiceModel, 'lines'> }))
  const total = tickets.reduce((sum, { net }) => sum.plus(net), new Decimal(0))
  const body = bodyOf(row, issuer, sales)
  const lines = exactly(tickets.map(conceptOf), total, lines => new Decimal(engineOf('MX').model({ ...body, lines: [...lines] }, { issuer, kind: 'global_invoice', reference: 'global', issuedAt: hub.now() }).totals.total))
  if (lines === undefined) throw new HubError('internal', { internal: { global: publicId('global_invoice', row.id) } })
  await makeInvoice(hub, ownAccess(row.tenant_id, row.mode as Mode), { ...body, lines }, {
    kind: 'global_invoice', idempotency: null, globalId: row.id,
    also: async (db, invoice) => {
      const locked = (await queries.lockGlobal(db, row.id))!
      if (locked.status !== 'making' || locked.invoice_id !== null) throw new HubError('conflict')
      await queries.updateGlobal(db, row.id, { invoice_id: invoice.id, tickets: tickets.length, total: total.toFixed() }, hub.now())
    }
  })
  return 'done'
}

function bodyOf (row: GlobalRow, issuer: IssuerRow, sales: readonly SaleRow[]): ChangeInvoice {
  const byForm = new Map<string, number>()
  for (const { tenders } of sales) for (const { form, amount } of tenders as unknown as Tender[]) byForm.set(form, (byForm.get(form) ?? 0) + (amount ?? 0))
  const branch = issuer.branches.find(({ code }) => code === row.branch)
  const customer = publicAtLarge(issuer)
  const rate = sales.findLast(sale => sale.exchange_rate !== null)?.exchange_rate ?? undefined
  return {
    country: 'MX',
    kind: 'global_invoice',
    issuer: publicId('issuer', issuer.id),
    // Its postal code is that of the place of issue (CFDI40147).
    customer: branch?.postal_code === undefined ? customer : { ...customer, address: { postal_code: branch.postal_code } },
    lines: [],
    currency: row.currency,
    // That of its newest ticket: a document has one.
    ...(rate !== undefined && { exchange_rate: rate }),
    payment: { method: 'PUE', form: formOf([...byForm].map(([form, amount]) => ({ form, amount }))) ?? '01' },
    ...(row.branch !== null && { branch: row.branch }),
    mx: { rounding: 'six', global: { periodicity: row.periodicity, months: row.months, year: row.year } },
    reference: publicId('global_invoice', row.id),
    send: false
  }
}

async function nowIssued (hub: Hub, row: GlobalRow): Promise<Done> {
  await inTenant(hub.db, row.tenant_id, async db => {
    const locked = (await queries.lockGlobal(db, row.id))!
    if (locked.status !== 'making') return
    const now = hub.now()
    const saved = await queries.updateGlobal(db, row.id, { status: 'issued' }, now)
    await recordEvents(db, now, [{ type: 'global_invoice.issued', mode: row.mode as Mode, subjectId: row.id, data: showGlobal(saved) }])
    // Given back while it was being made: that is credited now.
    for (const sale of await queries.lockTickets(db, row.id)) if (leftOf(sale).lt(sale.document_amount)) await setTimer(db, saleTimer, sale.id, now)
  })
  return 'again'
}

async function leavers (hub: Hub, row: GlobalRow): Promise<Done> {
  const leaving = await inTenant(hub.db, row.tenant_id, async db => {
    const locked = (await queries.lockGlobal(db, row.id))!
    if (locked.status !== 'issued' || !(await queries.lockTickets(db, row.id)).some(({ document }) => document === 'leaving_global')) return false
    await queries.updateGlobal(db, row.id, { status: 'replacing' }, hub.now())
    return true
  })
  return leaving ? await askToCancel(hub, row) : 'done'
}

async function askToCancel (hub: Hub, row: GlobalRow): Promise<Done> {
  // 04: operación nominativa relacionada en la factura global (SAT, cancelación 2022).
  await cancelInvoice(hub, ownAccess(row.tenant_id, row.mode as Mode), publicId('invoice', row.invoice_id!), { motive: '04' }, null)
  return 'done'
}

/** The authority did not let it go: what it tells stands, and the buyer's invoice cannot be. */
async function keep (hub: Hub, row: GlobalRow): Promise<Done> {
  await inTenant(hub.db, row.tenant_id, async db => {
    const locked = (await queries.lockGlobal(db, row.id))!
    if (locked.status !== 'replacing') return
    for (const sale of await queries.lockTickets(db, row.id)) {
      if (sale.document !== 'leaving_global') continue
      await move(hub, db, sale, 'kept')
      await raiseAlert(db, hub.now(), { kind: 'global_invoice_stuck', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('sale', sale.id), detail: { reason: 'cancel_rejected', global_invoice: publicId('global_invoice', row.id) } })
    }
    await queries.updateGlobal(db, row.id, { status: 'issued' }, hub.now())
  })
  return 'again'
}

/** It is cancelled: those that wanted it get their invoices, and the rest a new one. Cancelled by somebody else, all wait for the next. */
async function letGo (hub: Hub, row: GlobalRow, invoice: InvoiceRow): Promise<Done> {
  const mode = row.mode as Mode
  const notes = await inTenant(hub.db, row.tenant_id, async db => {
    const locked = (await queries.lockGlobal(db, row.id))!
    if (locked.invoice_id !== invoice.id) return []
    const now = hub.now()
    const own = locked.status === 'replacing'
    const sales = await queries.lockTickets(db, row.id)
    for (const sale of sales.filter(({ document }) => document === 'leaving_global')) await move(hub, db, sale, 'freed', { global_id: null, document_amount: '0' })
    const rest = sales.filter(({ document }) => document === 'in_global')
    const left = own ? rest.filter(sale => leftOf(sale).gt(0)) : []
    for (const sale of rest) {
      if (left.includes(sale)) await move(hub, db, sale, undefined, { document_amount: leftOf(sale).toFixed() })
      else await move(hub, db, sale, 'freed', { global_id: null, document_amount: '0' })
    }
    if (!own) await raiseAlert(db, now, { kind: 'global_invoice_stuck', severity: 'warning', mode, subjectId: publicId('global_invoice', row.id), detail: { reason: 'canceled_elsewhere', invoice: publicId('invoice', invoice.id), tickets: rest.length } })
    const saved = await queries.updateGlobal(db, row.id, {
      status: left.length === 0 ? 'canceled' : 'making', invoice_id: null, former_invoices: [...locked.former_invoices, invoice.id], tickets: left.length, total: left.reduce((sum, sale) => sum.plus(leftOf(sale)), new Decimal(0)).toFixed()
    }, now)
    await recordEvents(db, now, [{ type: left.length === 0 ? 'global_invoice.canceled' : 'global_invoice.replaced', mode, subjectId: row.id, data: showGlobal(saved) }])
    return await queries.creditNotesOf(db, invoice.id)
  })
  // What they credited is no longer told by any document: the new one is made of what is left.
  for (const note of notes.filter(({ status }) => status === 'issued')) {
    await cancelInvoice(hub, ownAccess(row.tenant_id, mode), publicId('invoice', note.id), { motive: '02' }, null).catch((error: unknown) => {
      hub.log.error({ err: error, invoice: publicId('invoice', note.id) }, 'a credit note of a replaced global invoice could not be cancelled')
    })
  }
  return 'again'
}

// --- reading ------------------------------------------------------------------------------------------------------------------

export async function getGlobal (hub: Hub, access: Access, publicGlobalId: string): Promise<GlobalInvoice> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findGlobal(db, uuidOf('global_invoice', publicGlobalId)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return showGlobal(row)
}

export async function listGlobals (hub: Hub, access: Access, query: ListGlobalInvoices): Promise<{ data: GlobalInvoice[], next_cursor: string | null }> {
  const window = idWindow('global_invoice', query)
  const issuerId = query.issuer === undefined ? undefined : parseId('issuer', query.issuer)
  if (query.issuer !== undefined && issuerId === undefined) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listGlobals(db, { ...window, mode: access.mode, ...(issuerId !== undefined && { issuerId }), ...(query.status !== undefined && { status: query.status }) }))
  return pageOf('global_invoice', window, rows, showGlobal)
}
