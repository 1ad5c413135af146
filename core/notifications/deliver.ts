import MailComposer from 'nodemailer/lib/mail-composer'
import type { Mode } from '../adapter/context.ts'
import { type NewAlert, raiseAlert } from '../alerts/raise.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { findDocument } from '../documents/queries.ts'
import { readBytes } from '../documents/service.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { logoOf } from '../issuers/queries.ts'
import { oneLine, renderLetter } from './letter.ts'
import { afterAttempt, statusOf } from './machine.ts'
import * as queries from './queries.ts'
import type { MailRow } from './queries.ts'
import { contentOf, eventData, type MailContent, seal } from './service.ts'
import { noteChannel } from './channels/health.ts'
import { mailRoute } from './channels/mail.ts'
import type { MailSettings } from './settings.ts'
import { type Attempt, attemptAtMostMs, handOver } from './smtp.ts'

/**
 * Hands one mail over to the mail server, to whoever has not got it yet. The attempt is on record before it begins: after a
 * crash, as after an answer that never came, it goes out once more under the same Message-ID (at least once, and recognisable).
 */
export async function deliverMail (hub: Hub, tenantId: string, id: string): Promise<void> {
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const now = hub.now()
    const timer = await claimTimer(db, 'mail', id, now, attemptAtMostMs({ timeoutMs: hub.config.smtpTimeoutMs }) + 60_000)
    const row = timer && await queries.lockMail(db, id)
    if (timer === undefined || row === undefined) return undefined
    if (row.status !== 'queued' && row.status !== 'sending') {
      await forget(hub, db, row)
      return undefined
    }
    // Found in the middle: whoever was at it is gone, and what they had sent nobody knows.
    const uncertain = row.uncertain || row.status === 'sending'
    await queries.updateMail(db, id, { status: 'sending', attempted_at: now, uncertain }, now, { attempt: true })
    return { row: { ...row, uncertain }, tries: timer.tries }
  })
  if (claimed === undefined) return
  const { row, tries } = claimed
  const content = await contentOf(hub, row)
  if (content === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, 'mail', id) })
  const attempt = await attempted(hub, row, content)
  await settle(hub, row, content, attempt, hub.config.mailSchedule[tries - 1])
}

async function attempted (hub: Hub, row: MailRow, content: MailContent): Promise<Attempt> {
  const nowhere = (code: string, said: string): Attempt => ({ accepted: [], refused: [], failure: { reached: 'nowhere', final: false, code, said } })
  try {
    const settings = await mailRoute(hub, row.tenant_id, row.mode as Mode)
    if (settings === undefined) return nowhere('not_configured', 'neither the tenant nor the operator names a mail server')
    const bytes = await messageOf(hub, settings, row, content)
    const attempt = await handOver(settings, content.recipients.filter(({ state }) => state === 'waiting').map(({ address }) => address), bytes)
    const fault = attempt.failure !== undefined && channelFaults.has(attempt.failure.code) ? attempt.failure.code : undefined
    if (settings.channelId !== undefined && (fault !== undefined || attempt.accepted.length > 0)) await noteChannel(hub, { tenantId: row.tenant_id, mode: row.mode as Mode, id: settings.channelId, type: 'mail' }, fault)
    return attempt
  } catch (error) {
    // Before anything was sent: a document that the storage does not give.
    hub.log.error({ err: error, mail: publicId('mail', row.id) }, 'a mail could not be put together')
    return nowhere('not_made', 'it could not be put together')
  }
}

/** Not the mail but the tenant's own server or login is wrong (RFC 4954 §4 and §6). */
const channelFaults = new Set(['530', '534', '535', '538', 'EAUTH', 'ENOAUTH', 'EPRIVATE', 'EDNS'])

/** The same bytes at every attempt, as long as the issuer's logo is the same. */
async function messageOf (hub: Hub, settings: MailSettings, row: MailRow, { letter, recipients, messageId }: MailContent): Promise<Buffer> {
  const { logo, documents } = await inTenant(hub.db, row.tenant_id, async db => ({
    logo: row.issuer_id === null ? undefined : await logoOf(db, row.issuer_id),
    documents: await Promise.all(row.documents.map(async id => (await findDocument(db, id))!))
  }))
  const cid = 'logo@pasarela'
  const { subject, text, html } = renderLetter(letter, logo === undefined ? {} : { logo: cid })
  const attached = await Promise.all(documents.map(async document => ({ filename: document.name, contentType: document.content_type, content: await readBytes(hub, document) })))
  const named = (kind: string) => recipients.filter(recipient => recipient.kind === kind).map(({ address, name }) => ({ address, name: oneLine(name ?? '') }))
  return await new MailComposer({
    from: { name: oneLine(letter.sender), address: settings.from },
    to: named('to'),
    cc: named('cc'),
    ...(letter.replyTo !== undefined && { replyTo: { name: '', address: letter.replyTo } }),
    subject,
    text,
    html,
    attachments: [...attached, ...(logo === undefined ? [] : [{ filename: `logo.${logo.type.split('/')[1]}`, contentType: logo.type, content: logo.bytes, cid, contentDisposition: 'inline' }])],
    messageId,
    date: row.created_at,
    // No answer by a machine is wanted (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    baseBoundary: publicId('mail', row.id),
    disableFileAccess: true,
    disableUrlAccess: true
  }).compile().build()
}

/** `delayMs`: until the next attempt; undefined: there is none any more. */
async function settle (hub: Hub, row: MailRow, content: MailContent, attempt: Attempt, delayMs: number | undefined): Promise<void> {
  const { failure } = attempt
  const recipients = afterAttempt(content.recipients, attempt)
  const status = statusOf(recipients, { again: delayMs !== undefined })
  const refused = recipients.filter(({ state }) => state === 'refused')
  const code = failure?.code ?? recipients.find(({ state, code }) => state !== 'sent' && code !== undefined)?.code?.toString() ?? null
  const { said: _, ...rest } = content
  const sealed = await seal(hub, row.tenant_id, row.id, { ...rest, recipients, ...(failure !== undefined && { said: failure.said }) })
  // The server's words may name people: only its number is logged.
  if (failure !== undefined || refused.length > 0) hub.log.warn({ mail: publicId('mail', row.id), code, reached: failure?.reached, refused: refused.length, status }, 'a mail did not go out to all')
  await inTenant(hub.db, row.tenant_id, async db => {
    const now = hub.now()
    const locked = await queries.lockMail(db, row.id)
    // Claimed by another, after our lease: theirs is the newer word.
    if (locked?.status !== 'sending' || locked.attempts !== row.attempts + 1) return
    const ended = status !== 'queued'
    await queries.updateMail(db, row.id, { status, content_sealed: sealed, error_code: code, ...(failure?.reached === 'unknown' && { uncertain: true }), ...(ended && { ended_at: now }) }, now)
    if (!ended) return await retryTimer(db, 'mail', row.id, new Date(now.getTime() + delayMs!))
    await setTimer(db, 'mail', row.id, new Date(now.getTime() + hub.config.mailKeep))
    await recordEvents(db, now, [{ type: `mail.${status}`, mode: row.mode as Mode, subjectId: row.id, data: eventData(row, status) }])
    const alert = (kind: NewAlert['kind'], severity: NewAlert['severity']): NewAlert =>
      ({ kind, severity, mode: row.mode as Mode, subjectId: publicId('mail', row.id), detail: { about: publicId(row.subject_type as 'invoice', row.subject_id), code, refused: refused.length, recipients: recipients.length } })
    if (status === 'parked') await raiseAlert(db, now, alert('mail_parked', 'critical'))
    else if (refused.length > 0) await raiseAlert(db, now, alert('mail_refused', 'warning'))
  })
}

/** Who got it and what it said was kept long enough. */
async function forget (hub: Hub, db: TenantDb, row: MailRow): Promise<void> {
  const until = (row.ended_at ?? row.updated_at).getTime() + hub.config.mailKeep
  if (until > hub.now().getTime() + 1000) return await retryTimer(db, 'mail', row.id, new Date(until))
  await queries.updateMail(db, row.id, { content_sealed: null }, hub.now())
  await clearTimer(db, 'mail', row.id)
}
