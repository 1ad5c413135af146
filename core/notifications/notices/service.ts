import type { Access } from '../../access/principal.ts'
import type { Mode } from '../../adapter/context.ts'
import { recordChange } from '../../audit/record.ts'
import { idWindow, pageOf } from '../../db/id-window.ts'
import { inTenant } from '../../db/in-tenant.ts'
import { setTimer } from '../../db/timers.ts'
import { HubError, invalidField } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { type IdKind, parseAnyId, publicId, uuidOf } from '../../ids.ts'
import type { NoticeKind } from '../catalogue.ts'
import type { NoticeContent } from '../channels/channel.ts'
import { contentOf, retryMail } from '../service.ts'
import { openNotice, sealNotice } from './content.ts'
import { isRepeatable } from './machine.ts'
import * as queries from './queries.ts'
import type { NoticeRow } from './queries.ts'
import type { ListNotices, Notice } from './schema.ts'

type House = Pick<Hub, 'db' | 'vault' | 'now' | 'wake'>

export async function getNotice (hub: House, access: Access, publicNoticeId: string): Promise<Notice> {
  const id = uuidOf('notice', publicNoticeId)
  return await show(hub, await inTenant(hub.db, access.tenantId, async db => visible(await queries.findNotice(db, id), access)))
}

/** What was told or is to be, newest first. */
export async function listNotices (hub: House, access: Access, query: ListNotices): Promise<{ data: Notice[], next_cursor: string | null }> {
  const window = idWindow('notice', query)
  const about = query.about === undefined ? undefined : parseAnyId(query.about)?.uuid
  if (query.about !== undefined && about === undefined) throw invalidField('about', 'is not an id')
  const { status, kind, channel } = query
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listNotices(db, {
    ...window, mode: access.mode, ...(status !== undefined && { status }), ...(kind !== undefined && { kind }), ...(channel !== undefined && { channel }), ...(about !== undefined && { subjectId: about })
  }))
  const page = pageOf('notice', window, rows, async row => await show(hub, row))
  return { ...page, data: await Promise.all(page.data) }
}

/** Once more, because a person says so: also what is `unknown`, which the addressee may then get twice. */
export async function retryNotice (hub: Hub, access: Access, publicNoticeId: string): Promise<Notice> {
  const id = uuidOf('notice', publicNoticeId)
  const before = await inTenant(hub.db, access.tenantId, async db => visible(await queries.findNotice(db, id), access))
  if (before.channel === 'mail') {
    await retryMail(hub, access, publicId('mail', id))
    return await getNotice(hub, access, publicNoticeId)
  }
  if (before.own_content === null || !isRepeatable(before.own_status as 'sent')) throw notNow(before)
  const content = await openNotice(hub, access.tenantId, id, before.own_content)
  const waiting: NoticeContent = { ...content, ...(content.targets !== undefined && { targets: content.targets.filter(({ state }) => state === 'sent') }) }
  const sealed = await sealNotice(hub, access.tenantId, id, waiting)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = visible(await queries.lockNotice(db, id), access)
    // Somebody else was faster, or it has been forgotten meanwhile.
    if (locked.own_content !== before.own_content) throw notNow(locked)
    const now = hub.now()
    await queries.updateNotice(db, id, { status: 'queued', content_sealed: sealed, error_code: null, provider_reference: null, ended_at: null }, now)
    await setTimer(db, 'notice', id, now)
    await recordChange(db, access, now, { action: 'notice.retried', subjectType: 'notice', subjectId: publicNoticeId, detail: { before: before.status } })
    return (await queries.findNotice(db, id))!
  })
  hub.wake('notice', [{ tenantId: access.tenantId, id }])
  return await show(hub, row)
}

const notNow = ({ status }: NoticeRow): HubError => new HubError('invalid_state', { detail: { es: `El aviso está ${status}: no hay qué repetir.`, en: `The notice is ${status}: there is nothing to repeat.` } })

function visible (row: NoticeRow | undefined, access: Access): NoticeRow {
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function show (hub: Pick<Hub, 'vault'>, row: NoticeRow): Promise<Notice> {
  const { subject, addressee, said, places } = row.channel === 'mail' ? await mailPart(hub, row) : await ownPart(hub, row)
  return {
    id: publicId('notice', row.id),
    object: 'notice',
    mode: row.mode as Mode,
    kind: row.kind as NoticeKind,
    channel: row.channel as Notice['channel'],
    audience: row.audience as Notice['audience'],
    status: row.status,
    about: publicId(row.subject_type as IdKind, row.subject_id),
    occasion: row.occasion === '' ? null : row.occasion,
    subject,
    addressee,
    mail: row.channel === 'mail' ? publicId('mail', row.id) : null,
    places,
    provider_reference: row.provider_reference,
    uncertain: row.uncertain,
    attempts: row.attempts,
    error: row.error_code === null ? null : { code: row.error_code, message: said },
    next_attempt_at: row.status === 'queued' ? row.due_at?.toISOString() ?? null : null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null
  }
}

type Opened = Pick<Notice, 'subject' | 'addressee' | 'places'> & { said: string | null }
const forgotten: Opened = { subject: null, addressee: null, said: null, places: [] }

async function mailPart (hub: Pick<Hub, 'vault'>, row: NoticeRow): Promise<Opened> {
  const content = await contentOf(hub, { ...row, content_sealed: row.mail_content })
  return content === undefined ? forgotten : { subject: content.letter.subject, addressee: content.recipients[0]?.address ?? null, said: content.said ?? null, places: [] }
}

async function ownPart (hub: Pick<Hub, 'vault'>, row: NoticeRow): Promise<Opened> {
  if (row.own_content === null) return forgotten
  const { letter, address, said = null, targets = [] } = await openNotice(hub, row.tenant_id, row.id, row.own_content)
  const addressee = row.channel === 'web_push' ? publicId(row.audience === 'admin' ? 'user' : 'customer', address) : `+${address}`
  return { subject: letter.heading, addressee, said, places: targets.map(({ id, state, code = null }) => ({ id, state, code })) }
}
