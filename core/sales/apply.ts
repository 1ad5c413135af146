import { type Access, systemAccess } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { advanceTimer, setTimer, startTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { findIssuer } from '../issuers/queries.ts'
import { daysOf, loadSwitches } from '../notifications/switches/switches.ts'
import { isGivenBack } from './amounts.ts'
import { hasDocument, type SaleDocument, type SaleFact, statusOf, transition } from './machine.ts'
import { nextGlobalAt, zoneOfIssuer } from './period.ts'
import * as queries from './queries.ts'
import type { SaleChanges, SaleRow } from './queries.ts'
import { settingsOf } from './settings.ts'
import { eventData } from './view.ts'

export const saleTimer = 'sale'
export const globalTimer = 'global_invoice'
/** Of an issuer: when its next global invoices are made. */
export const scheduleTimer = 'global_schedule'

/** What sales do by themselves. */
export const ownAccess = (tenantId: string, mode: Mode): Access => systemAccess('sales', { tenantId, mode, requestId: 'sales', address: '', language: 'es' })

/**
 * Moves a sale whose row this transaction has locked: document, state, event and what is to be looked at next change together.
 * Undefined when the fact says nothing of one that stands as it does; then nothing was written.
 */
export async function move (hub: Pick<Hub, 'now'>, db: TenantDb, row: SaleRow, fact: SaleFact | undefined, changes: SaleChanges = {}): Promise<SaleRow | undefined> {
  const now = hub.now()
  const document = fact === undefined ? row.document as SaleDocument : transition(row.document as SaleDocument, fact)
  if (document === undefined) return undefined
  const paidAt = changes.paid_at ?? row.paid_at
  const status = statusOf({
    paid: paidAt !== null, canceled: row.status === 'canceled', refundedAll: isGivenBack({ refunded: changes.refunded ?? row.refunded, total: row.total }), document
  })
  const saved = await queries.updateSale(db, row.id, { ...changes, document, status }, now)
  const type = status !== row.status ? `sale.${status}` as const : saved.refunded !== row.refunded ? 'sale.partially_refunded' : undefined
  if (type !== undefined) await recordEvents(db, now, [{ type, mode: row.mode as Mode, subjectId: row.id, data: eventData(saved) }])
  await plan(hub, db, saved)
  // Whoever did this tells the buyer in the next moment; should they die, the job does. And what was refunded may have to be credited.
  if (fact === 'link_made' || fact === 'invoice_rejected') await setTimer(db, saleTimer, row.id, now)
  if (changes.refunded !== undefined && hasDocument(document)) await setTimer(db, saleTimer, row.id, now)
  return saved
}

/** When it is looked at next: what waits for a day waits for its issuer's, the rest for its own. A look that somebody wanted sooner stays. */
export async function plan (hub: Pick<Hub, 'now'>, db: TenantDb, row: SaleRow): Promise<void> {
  if (row.document === 'global_pending' && row.country === 'MX') await planGlobal(hub, db, row)
  const at = await nextLook(hub, db, row)
  if (at !== undefined) await advanceTimer(db, saleTimer, row.id, at)
}

/** Days before a link ends on which its buyer is reminded, the farthest first. */
export async function reminderDays (db: TenantDb, mode: Mode): Promise<number[]> {
  return daysOf(await loadSwitches(db, mode), 'self_invoice_reminder')
}

const dayMs = 86_400_000

/** Undefined: when somebody wakes it. */
export async function nextLook (hub: Pick<Hub, 'now'>, db: TenantDb, row: SaleRow): Promise<Date | undefined> {
  const now = hub.now()
  if (isGivenBack(row) && !hasDocument(row.document as SaleDocument)) return undefined
  switch (row.document as SaleDocument) {
    case 'link': {
      const ends = row.link_expires_at!
      const reminders = (await reminderDays(db, row.mode as Mode)).map(day => new Date(ends.getTime() - day * dayMs)).filter(at => at > now)
      return reminders[0] ?? ends
    }
    case 'correcting': return row.orphan_at ?? undefined
    // Whoever takes it down decides it in the next moment; should they die, the job does.
    case 'undecided': return row.status === 'paid' && row.requires_invoice !== null ? new Date(now.getTime() + 60_000) : undefined
    case 'invoicing': return row.invoice_id === null ? now : undefined
    default: return undefined
  }
}

/** The day of its issuer's next global invoices, if nobody has set it yet. */
export async function planGlobal (hub: Pick<Hub, 'now'>, db: TenantDb, row: Pick<SaleRow, 'issuer_id' | 'mode' | 'paid_at'>): Promise<void> {
  const issuer = await findIssuer(db, row.issuer_id)
  const { global_invoice: rhythm } = await settingsOf(db, row.mode as Mode)
  if (issuer === undefined || !rhythm.automatic || row.paid_at === null) return
  await startTimer(db, scheduleTimer, row.issuer_id, nextGlobalAt(row.paid_at, rhythm, zoneOfIssuer(issuer), hub.now()))
}
