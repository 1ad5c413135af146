import type { DocumentSnapshot } from '../adapter/invoicing.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { certificateFor, findStanding, markRefused, markTrusted } from '../certificates/queries.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { connectionsTried } from '../operations/call.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'

/**
 * An authority that refuses a signature for its certificate refuses the next one too (SRI 39, 40; Ficha Técnica v2.34). So what the
 * certificate signs waits, unsent and under its number, until another certificate takes over, a person activates this one again, or
 * the one that was refused is issued again by hand and goes through.
 */

/** In the transaction that writes the refusal. */
export async function hold (db: TenantDb, row: InvoiceRow, { code, message }: DocumentSnapshot['messages'][number], now: Date): Promise<void> {
  const id = row.certificate_id
  if (id === null) return
  await markRefused(db, id, `${code} ${message}`.trim().slice(0, 500), now)
  await raiseAlert(db, now, { kind: 'certificate_refused', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('certificate', id), detail: { invoice: publicId('invoice', row.id), code, message } })
}

/** In the transaction that writes that one went through: what waited is due now. Gives whom to wake. */
export async function letGo (db: TenantDb, row: InvoiceRow, now: Date): Promise<string[]> {
  return row.certificate_id !== null && await markTrusted(db, row.certificate_id, now) ? await wakeHeld(db, row.issuer_id, now) : []
}

/** What of an issuer is numbered and was not sent yet is looked at now. */
export async function wakeHeld (db: TenantDb, issuerId: string, now: Date): Promise<string[]> {
  const ids = await queries.unsentOf(db, issuerId)
  for (const id of ids) await setTimer(db, 'invoice', id, now)
  return ids
}

/** With which certificate it goes out: its own, or the one that has taken over from a refused one. `held`: with none for now. */
export async function certificateToUse (hub: Pick<Hub, 'now'>, db: TenantDb, row: InvoiceRow): Promise<string | 'held' | null> {
  const id = row.certificate_id
  if (id === null || await findStanding(db, id) !== 'refused') return id
  const now = hub.now()
  const other = await certificateFor(db, row.issuer_id, now)
  if (other !== undefined && other.id !== id && await findStanding(db, other.id) === 'trusted') return other.id
  // Sent before, and queued again: by a person, who wants to know whether it goes through now.
  if ((await connectionsTried(db, row.id, 'issue')).length > 0) return id
  await queries.updateInvoice(db, row.id, { messages: [waiting] }, now)
  return 'held'
}

const waiting = { code: 'certificate_refused', message: 'La autoridad rechazó la firma de otro documento con este certificado: este espera, con su número y sin enviarse, hasta que se active otro certificado o el rechazado se emita de nuevo con éxito.' }
