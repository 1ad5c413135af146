import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, newUuid, parseAnyId, publicId, uuidOf } from '../ids.ts'
import type { Letter } from './letter.ts'
import type { Recipient } from './machine.ts'
import * as queries from './queries.ts'
import type { MailRow } from './queries.ts'
import type { ListMails, Mail } from './schema.ts'

/** What is sealed of a mail: whom it goes to, what it says, and what the servers answered. */
export interface MailContent {
  messageId: string
  recipients: Recipient[]
  letter: Letter
  /** The server's own words about the whole of the last attempt. */
  said?: string
}

export interface NewMail {
  /** UUID of the notice that goes by it; left out for a mail that is none. */
  id?: string
  mode: Mode
  /** What it is about. */
  subjectType: IdKind
  subjectId: string
  issuerId?: string
  /** Sent by itself: at most one about the same thing. */
  automatic: boolean
  recipients: Pick<Recipient, 'kind' | 'address' | 'name'>[]
  letter: Letter
  /** Documents, by id, in the order in which they are attached. */
  documents: string[]
}

/**
 * Seals a mail and gives the function that puts it into the outbox, in the caller's transaction; `hub.wake('mail', …)` after
 * it. Rejects there with a unique violation when an automatic one is there already.
 */
export async function prepareMail (hub: Pick<Hub, 'vault' | 'now' | 'publicUrl'>, tenantId: string, mail: NewMail): Promise<{ id: string, insert: (db: TenantDb) => Promise<void> }> {
  const now = hub.now()
  const id = mail.id ?? newUuid(now)
  const content: MailContent = {
    // Frozen, so that every attempt is the same mail to whoever gets it.
    messageId: `<${publicId('mail', id)}@${new URL(hub.publicUrl()).hostname}>`,
    recipients: once(mail.recipients).map(recipient => ({ ...recipient, state: 'waiting' })),
    letter: mail.letter
  }
  const sealed = await seal(hub, tenantId, id, content)
  return {
    id,
    insert: async db => {
      await queries.insertMail(db, {
        id, mode: mail.mode, subject_type: mail.subjectType, subject_id: mail.subjectId, issuer_id: mail.issuerId ?? null, automatic: mail.automatic, content_sealed: sealed, documents: mail.documents, of_notice: mail.id !== undefined, created_at: now
      })
      await setTimer(db, 'mail', id, now)
    }
  }
}

/** Nobody gets it twice because they were named twice. */
function once <T extends { address: string }> (recipients: readonly T[]): T[] {
  const seen = new Set<string>()
  return recipients.filter(({ address }) => {
    const name = address.toLowerCase()
    if (seen.has(name)) return false
    return seen.add(name)
  })
}

const use = 'mail'

export async function seal (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, content: MailContent): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('mail', id), use, JSON.stringify(content))
}

/** Undefined when it was forgotten. */
export async function contentOf (hub: Pick<Hub, 'vault'>, row: Pick<MailRow, 'tenant_id' | 'id' | 'content_sealed'>): Promise<MailContent | undefined> {
  return row.content_sealed === null ? undefined : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('mail', row.id), use, row.content_sealed)) as MailContent
}

export async function getMail (hub: Hub, access: Access, publicMailId: string): Promise<Mail> {
  const id = uuidOf('mail', publicMailId)
  return await show(hub, await inTenant(hub.db, access.tenantId, async db => await visible(await queries.findMail(db, id), access)))
}

/** What went out or is to, newest first. */
export async function listMails (hub: Hub, access: Access, query: ListMails): Promise<{ data: Mail[], next_cursor: string | null }> {
  const window = idWindow('mail', query)
  const about = query.about === undefined ? undefined : parseAnyId(query.about)?.uuid
  if (query.about !== undefined && about === undefined) throw invalidField('about', 'is not an id')
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listMails(db, {
    ...window, mode: access.mode, ...(query.status !== undefined && { status: query.status }), ...(about !== undefined && { subjectId: about })
  }))
  const page = pageOf('mail', window, rows, async row => await show(hub, row))
  return { ...page, data: await Promise.all(page.data) }
}

/** Once more, to whoever did not get it. Repeating it is safe: it is queued once, under the same Message-ID. */
export async function retryMail (hub: Hub, access: Access, publicMailId: string): Promise<Mail> {
  const id = uuidOf('mail', publicMailId)
  const before = await inTenant(hub.db, access.tenantId, async db => await visible(await queries.findMail(db, id), access))
  const content = await contentOf(hub, before)
  if (content === undefined || (before.status !== 'parked' && !content.recipients.some(({ state }) => state === 'refused'))) throw notNow(before)
  const waiting: MailContent = { ...content, recipients: content.recipients.map(recipient => recipient.state === 'sent' ? recipient : { ...recipient, state: 'waiting' }) }
  const sealed = await seal(hub, access.tenantId, id, waiting)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await visible(await queries.lockMail(db, id), access)
    // Somebody else was faster, or it has been forgotten meanwhile.
    if (locked.content_sealed !== before.content_sealed) throw notNow(locked)
    const now = hub.now()
    await queries.updateMail(db, id, { status: 'queued', content_sealed: sealed, error_code: null, ended_at: null }, now)
    await setTimer(db, 'mail', id, now)
    await recordChange(db, access, now, { action: 'mail.retried', subjectType: 'mail', subjectId: publicMailId, detail: { before: before.status } })
    return (await queries.findMail(db, id))!
  })
  hub.wake('mail', [{ tenantId: access.tenantId, id }])
  return await show(hub, row)
}

const notNow = ({ status }: MailRow): HubError => new HubError('invalid_state', { detail: { es: `El correo está ${status}: no hay a quién repetirlo.`, en: `The mail is ${status}: there is nobody to send it to again.` } })

async function visible (row: MailRow | undefined, access: Access): Promise<MailRow> {
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

export async function show (hub: Pick<Hub, 'vault'>, row: MailRow): Promise<Mail> {
  const content = await contentOf(hub, row)
  return {
    id: publicId('mail', row.id),
    object: 'mail',
    mode: row.mode as Mode,
    status: row.status as Mail['status'],
    about: publicId(row.subject_type as IdKind, row.subject_id),
    automatic: row.automatic,
    notice: row.of_notice ? publicId('notice', row.id) : null,
    subject: content?.letter.subject ?? null,
    recipients: (content?.recipients ?? []).map(({ address, kind, state, code = null, said = null }) => ({ address, kind, state, code, said })),
    attachments: row.documents.map(id => publicId('document', id)),
    message_id: content?.messageId ?? '',
    uncertain: row.uncertain,
    attempts: row.attempts,
    error: row.error_code === null ? null : { code: row.error_code, message: content?.said ?? null },
    next_attempt_at: row.status === 'queued' ? row.due_at?.toISOString() ?? null : null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null
  }
}

/** For events: no address and no word of it stands in clear. */
export const eventData = (row: MailRow, status: string): object => ({ id: publicId('mail', row.id), object: 'mail', status, about: publicId(row.subject_type as IdKind, row.subject_id), automatic: row.automatic, ...(row.of_notice && { notice: publicId('notice', row.id) }) })
