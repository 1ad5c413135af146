import type { Mode } from '../adapter/context.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { eraseFiscalData } from '../fiscal-data/service.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { isStamped, type InvoiceStatus } from '../invoices/machine.ts'
import { findInvoice } from '../invoices/queries.ts'
import { findIssuer } from '../issuers/queries.ts'
import { isGivenBack, leftOf } from './amounts.ts'
import { move, nextLook, ownAccess, reminderDays, saleTimer } from './apply.ts'
import { buyerOf } from './buyer.ts'
import { creditRefunds, makeInvoiceOf, uncredited } from './documents.ts'
import type { SaleDocument } from './machine.ts'
import { tellBuyer } from './notices.ts'
import { localDay, orphanAt, zoneOfIssuer } from './period.ts'
import * as queries from './queries.ts'
import type { SaleRow } from './queries.ts'
import { decide } from './service.ts'
import { settingsOf } from './settings.ts'

/** While one is at it the others keep away, ms. */
const leaseMs = 60_000
const retryMs = [1, 10, 60, 6 * 60].map(minutes => minutes * 60_000)
const dayMs = 86_400_000

/**
 * Carries a sale on from wherever it stands: hears what became of its invoice, reminds the buyer, sends it into the global invoice
 * when its link or its buyer's time is over, credits what was refunded. Safe to run at any moment and in several places at once.
 */
export async function lookAfterSale (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const leasedUntil = new Date(now.getTime() + leaseMs)
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, saleTimer, id, now, leaseMs))
  if (claimed === undefined) return
  try {
    while (await step(hub, tenantId, id) === 'again') { /* each step is written before the next */ }
    await inTenant(hub.db, tenantId, async db => {
      const row = await queries.lockSale(db, id)
      const at = row && await nextLook(hub, db, row)
      // Only if nobody has woken it anew since: then it runs once more.
      if (at === undefined) await clearTimer(db, saleTimer, id, leasedUntil)
      else await retryTimer(db, saleTimer, id, at, leasedUntil)
    })
  } catch (error) {
    if (error instanceof HubError && error.code !== 'conflict') await tellStuck(hub, tenantId, id, error)
    else hub.log.error({ err: error, sale: publicId('sale', id) }, 'a sale could not be carried on')
    const at = new Date(hub.now().getTime() + retryMs[Math.min(claimed.tries, retryMs.length) - 1]!)
    await inTenant(hub.db, tenantId, async db => { await retryTimer(db, saleTimer, id, at, leasedUntil) })
  }
}

type Done = 'again' | 'done'

async function step (hub: Hub, tenantId: string, id: string): Promise<Done> {
  const row = await inTenant(hub.db, tenantId, async db => await queries.findSale(db, id))
  if (row === undefined) return 'done'
  // Nobody is asked whose invoice it is when everything went back.
  if (isGivenBack(row) && ['undecided', 'link', 'correcting'].includes(row.document)) return 'done'
  switch (row.document as SaleDocument) {
    case 'undecided': return await decideNow(hub, row)
    case 'link': return await awaitBuyer(hub, row)
    case 'invoicing': return row.invoice_id === null ? await invoiceNow(hub, row) : await hearOfInvoice(hub, row)
    case 'correcting': return await awaitCorrection(hub, row)
    case 'invoiced': return await hearOfInvoice(hub, row)
    case 'in_global': return await creditInGlobal(hub, row)
    default: return 'done'
  }
}

/** Only if it still stands as it was read: otherwise the next look finds it as it stands. */
async function change (hub: Hub, row: SaleRow, work: (db: TenantDb, locked: SaleRow) => Promise<unknown>): Promise<Done> {
  await inTenant(hub.db, row.tenant_id, async db => {
    const locked = (await queries.lockSale(db, row.id))!
    if (locked.version === row.version) await work(db, locked)
  })
  return 'again'
}

/** Whoever took it down died before it went the way that they said. */
async function decideNow (hub: Hub, row: SaleRow): Promise<Done> {
  if (row.status !== 'paid' || row.requires_invoice === null) return 'done'
  try {
    const after = await decide(hub, ownAccess(row.tenant_id, row.mode as Mode), row, row.requires_invoice)
    return after.document === 'undecided' ? 'done' : 'again'
  } catch (error) {
    if (error instanceof HubError && error.code === 'invoice_invalid' && row.country === 'MX') return await refused(hub, row, problemsOf(error))
    throw error
  }
}

async function awaitBuyer (hub: Hub, row: SaleRow): Promise<Done> {
  const now = hub.now()
  const ends = row.link_expires_at!
  if (ends <= now) {
    // What is left alone at a provider goes into the global invoice that it makes.
    return await change(hub, row, async (db, locked) => await move(hub, db, locked, locked.link_connection_id === null ? 'to_global' : 'made_elsewhere', { link_made_at: null, link_url: null }))
  }
  const madeAt = row.link_made_at!.getTime()
  await tellBuyer(hub, row, 'self_invoice_link', { occasion: String(madeAt) })
  const days = await inTenant(hub.db, row.tenant_id, async db => await reminderDays(db, row.mode as Mode))
  // The nearest that is due; one that was missed for a nearer one is not made up for.
  const due = days.filter(day => ends.getTime() - day * dayMs <= now.getTime()).at(-1)
  // A link that is good for no longer than that was told of a moment ago.
  if (due === undefined || ends.getTime() - due * dayMs - madeAt < dayMs / 2) return 'done'
  await tellBuyer(hub, row, 'self_invoice_reminder', { occasion: `day_${due}_${madeAt}`, daysLeft: due })
  return 'done'
}

/** It left its global invoice: the data was checked before. */
async function invoiceNow (hub: Hub, row: SaleRow): Promise<Done> {
  const { invoice: customer } = await buyerOf(hub, row)
  if (customer === undefined) throw new HubError('conflict')
  try {
    await makeInvoiceOf(hub, ownAccess(row.tenant_id, row.mode as Mode), row, customer)
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'invoice_invalid') throw error
    // The rules have changed since it was checked.
    return await refused(hub, row, problemsOf(error))
  }
  return 'again'
}

const problemsOf = ({ errors = [] }: HubError): { code: string, message: string }[] => errors.map(({ code, path, message }) => ({ code: code ?? path, message: typeof message === 'string' ? message : message.es }))

async function hearOfInvoice (hub: Hub, row: SaleRow): Promise<Done> {
  const invoice = await inTenant(hub.db, row.tenant_id, async db => await findInvoice(db, row.invoice_id!))
  if (invoice === undefined) return 'done'
  const status = invoice.status as InvoiceStatus
  if (status === 'canceled') {
    return await change(hub, row, async (db, locked) => {
      await move(hub, db, locked, 'invoice_canceled', { invoice_id: null, document_amount: '0', requires_invoice: null })
      await raiseAlert(db, hub.now(), { kind: 'sale_without_document', severity: 'warning', mode: row.mode as Mode, subjectId: publicId('sale', row.id), detail: { invoice: publicId('invoice', invoice.id), reason: 'invoice_canceled' } })
    })
  }
  if (row.document === 'invoiced') return await credit(hub, row, invoice.id)
  if (isStamped(status)) {
    return await change(hub, row, async (db, locked) => {
      await move(hub, db, locked, 'invoice_issued', { document_amount: invoice.total, invoiced_at: hub.now(), problem: null, orphan_at: null, ...(invoice.delegated && { buyer_sealed: null, person: null }) })
      // Whose document it is stands in the document alone.
      if (invoice.delegated && locked.payment_id !== null) await eraseFiscalData(db, { subjects: [locked.payment_id] }, hub.now())
    })
  }
  if (status === 'rejected' && row.document === 'invoicing') return await refused(hub, row, invoice.messages as unknown as { code: string, message: string }[])
  return 'done'
}

/** The buyer may correct the data, for a while; the tenant is warned. */
async function refused (hub: Hub, row: SaleRow, problem: { code: string, message: string }[]): Promise<Done> {
  const now = hub.now()
  const done = await change(hub, row, async (db, locked) => {
    const issuer = (await findIssuer(db, row.issuer_id))!
    const settings = await settingsOf(db, row.mode as Mode)
    const until = row.payment_type === 'in_person' && row.link_expires_at !== null && row.link_expires_at > now ? row.link_expires_at : orphanAt(now, settings.orphan_hours, zoneOfIssuer(issuer))
    // The page that the buyer has stays the same.
    const moved = await move(hub, db, locked, 'invoice_rejected', { problem, orphan_at: until, link_made_at: locked.link_made_at ?? now, link_expires_at: until })
    if (moved === undefined) return
    await raiseAlert(db, now, { kind: 'WARN_BILLING_DATA', severity: 'warning', mode: row.mode as Mode, subjectId: publicId('sale', row.id), detail: { ticket: row.ticket, messages: problem, correct_until: until.toISOString() } })
  })
  const after = await inTenant(hub.db, row.tenant_id, async db => (await queries.findSale(db, row.id))!)
  if (after.document === 'correcting') await tellBuyer(hub, after, 'correct_your_data', { occasion: occasionOf(after), problem: problem[0]?.message })
  return done
}

/** Once for each refusal, whatever else changes meanwhile. */
const occasionOf = (row: SaleRow): string => `until_${row.orphan_at!.getTime()}`

async function awaitCorrection (hub: Hub, row: SaleRow): Promise<Done> {
  const invoice = row.invoice_id === null ? undefined : await inTenant(hub.db, row.tenant_id, async db => await findInvoice(db, row.invoice_id!))
  if (invoice !== undefined && isStamped(invoice.status as InvoiceStatus)) return await hearOfInvoice(hub, row)
  // Corrected by somebody, and on its way again.
  if (invoice !== undefined && invoice.status !== 'rejected') return 'done'
  if (row.orphan_at === null || row.orphan_at > hub.now()) {
    // Killed between the change and the mail: it is told now, and once.
    await tellBuyer(hub, row, 'correct_your_data', { occasion: occasionOf(row), problem: (row.problem as { message: string }[] | null)?.[0]?.message })
    return 'done'
  }
  return await change(hub, row, async (db, locked) => {
    // Under the sale's lock, which whoever issues it again needs as well.
    const still = locked.invoice_id === null ? undefined : await findInvoice(db, locked.invoice_id)
    if (still === undefined || still.status === 'rejected') await move(hub, db, locked, 'to_global', { invoice_id: null, orphan_at: null, link_made_at: null })
  })
}

async function creditInGlobal (hub: Hub, row: SaleRow): Promise<Done> {
  const global = await inTenant(hub.db, row.tenant_id, async db => await queries.findGlobal(db, row.global_id!))
  return global?.status === 'issued' && global.invoice_id !== null ? await credit(hub, row, global.invoice_id) : 'done'
}

async function credit (hub: Hub, row: SaleRow, invoiceId: string): Promise<Done> {
  const { due, refusedBefore } = await inTenant(hub.db, row.tenant_id, async db => ({ due: await uncredited(db, row, invoiceId), refusedBefore: await queries.hasRejectedNote(db, row.id, invoiceId) }))
  if (due.lte(0)) return 'done'
  // The authority refused one: another of the same would only use up numbers. A person corrects that one.
  if (refusedBefore) throw new HubError('invoice_invalid')
  await creditRefunds(hub, ownAccess(row.tenant_id, row.mode as Mode), row, invoiceId)
  return 'done'
}

async function tellStuck (hub: Hub, tenantId: string, id: string, error: HubError): Promise<void> {
  hub.log.warn({ err: error, sale: publicId('sale', id) }, 'a sale cannot be carried on')
  await inTenant(hub.db, tenantId, async db => {
    const row = await queries.findSale(db, id)
    if (row === undefined) return
    const owes = leftOf(row).lt(row.document_amount)
    await raiseAlert(db, hub.now(), {
      kind: owes ? 'credit_note_missing' : 'sale_without_document', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('sale', id),
      detail: { reason: error.code, ...(error.errors !== undefined && { errors: error.errors }), since: localDay(row.updated_at, 'UTC') }
    })
  })
}
