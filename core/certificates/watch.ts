import { raiseAlert } from '../alerts/raise.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import * as queries from './queries.ts'
import type { CertificateRow } from './queries.ts'
import { showCertificate } from './view.ts'

const kind = 'certificate'
const dayMs = 24 * 3600_000
const leaseMs = 60_000

/** Days before its end at which a person is told, once each. 0: it has ended. */
export const warningDays = [60, 30, 15, 7, 1, 0] as const

const severityOf = (days: number): 'info' | 'warning' | 'critical' => days > 30 ? 'info' : days > 7 ? 'warning' : 'critical'

type Watched = Pick<CertificateRow, 'valid_to' | 'active_from' | 'switched_at' | 'warned_days'>

/** The narrowest warning that is due; undefined when none is, or it was given. */
export function dueWarning ({ valid_to: validTo, warned_days: warned }: Watched, now: Date): number | undefined {
  const due = warningDays.findLast(days => now.getTime() >= endOf(validTo, days))
  return due === undefined || (warned !== null && warned <= due) ? undefined : due
}

/** At its last second it is still valid: it has ended in the next one. */
const endOf = (validTo: Date, days: number): number => validTo.getTime() - days * dayMs + (days === 0 ? 1000 : 0)

/** When it wants to be looked at next; undefined when nothing is to come. */
export function nextLook (row: Watched, now: Date): Date | undefined {
  const warnings = warningDays.filter(days => row.warned_days === null || days < row.warned_days).map(days => endOf(row.valid_to, days))
  const turn = row.switched_at === null ? [row.active_from.getTime()] : []
  // What is past and not yet told is due at once; of several past warnings only the narrowest is given.
  const past = dueWarning(row, now) !== undefined ? [now.getTime()] : []
  const next = Math.min(...past, ...turn, ...warnings.filter(moment => moment > now.getTime()))
  return Number.isFinite(next) ? new Date(next) : undefined
}

export async function setWatch (db: TenantDb, id: string, row: Watched, now: Date): Promise<void> {
  const next = nextLook(row, now)
  if (next === undefined) await clearTimer(db, kind, id)
  else await setTimer(db, kind, id, next)
}

/**
 * Tells that a certificate's turn has come, and that its end is near when nothing of the same issuer takes its place then. Asked
 * anew at each step, so that a successor that was deleted meanwhile counts no more.
 */
export async function watchCertificate (hub: Pick<Hub, 'db' | 'now'>, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, kind, id, now, leaseMs) === undefined) return
    const row = await queries.lockCertificate(db, now, id)
    if (row === undefined || row.deleted_at !== null) return await clearTimer(db, kind, id)
    const data = (status: CertificateRow['status'] = row.status) => showCertificate({ ...row, status }, now, 'en')
    const changes: queries.CertificateChanges = {}
    if (row.switched_at === null && row.active_from <= now && row.status !== 'scheduled') {
      changes.switched_at = now
      if (row.status === 'active') await recordEvents(db, now, [{ type: 'certificate.activated', mode: row.mode, subjectId: id, data: data() }])
    }
    const days = dueWarning(row, now)
    if (days !== undefined) {
      changes.warned_days = days
      const successor = row.issuer_id === null ? undefined : await queries.certificateFor(db, row.issuer_id, new Date(row.valid_to.getTime() + 1000))
      if (successor === undefined) {
        const detail = { days, valid_to: row.valid_to.toISOString(), label: row.label, tax_id: row.tax_id, number: row.number }
        await raiseAlert(db, now, { kind: days === 0 ? 'certificate_expired' : 'certificate_expiring', severity: severityOf(days), mode: row.mode, subjectId: publicId('certificate', id), step: String(days), detail })
        await recordEvents(db, now, [{ type: days === 0 ? 'certificate.expired' : 'certificate.expiring', mode: row.mode, subjectId: id, data: data() }])
      }
    }
    if (Object.keys(changes).length > 0) await queries.updateCertificate(db, id, changes, now)
    await setWatch(db, id, { ...row, ...changes } as Watched, now)
  })
}
