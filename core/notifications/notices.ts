import type { Mode } from '../adapter/context.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, newUuid, publicId } from '../ids.ts'
import { findIssuer } from '../issuers/queries.ts'
import { type Audience, catalogue, type ChannelType, type NoticeData, type NoticeKind } from './catalogue.ts'
import type { Addressee, NoticeContent } from './channels/channel.ts'
import { channels } from './channels/index.ts'
import { type ChannelRow, channelsInUse } from './channels/queries.ts'
import type { Letter } from './letter.ts'
import { letterOf, valuesOf } from './letters.ts'
import * as queries from './notices/queries.ts'
import { sealNotice } from './notices/content.ts'
import { subscriptionsOf } from './push/queries.ts'
import { prepareMail } from './service.ts'
import { daysOf, isOn, loadSwitches, type Switches } from './switches/switches.ts'

export type { Audience, ChannelType, NoticeData, NoticeKind } from './catalogue.ts'
export type { Addressee } from './channels/channel.ts'
export { letterOf } from './letters.ts'

/** Something that somebody is to be told, by every channel by which the tenant wants it told. */
export interface NewNotice<K extends NoticeKind = NoticeKind> {
  kind: K
  mode: Mode
  /** What it is about, by kind and UUID. */
  subjectType: IdKind
  subjectId: string
  /** What makes it another telling of the same kind about the same thing: `day_3`. */
  occasion?: string
  addressee: Addressee
  /** `buyer` when absent. */
  audience?: Audience
  /** Whose name, logo and colours it carries. */
  issuerId?: string
  data: NoticeData[K]
  /** Attached to the mail: documents by UUID, in this order. */
  documents?: string[]
  /** The mail's own text, where the kind's is not enough: an invoice's. */
  letter?: Letter
  /** Only by these. */
  only?: readonly ChannelType[]
  /** The connection (UUID) whose provider may have told it by mail itself, as the tenant's settings say. */
  connectionId?: string
  /** Not by itself but because a person asked: `automatic` of the mail. */
  byHand?: boolean
}

/**
 * What became of it, by channel. `queued`: a job sends it, and `id` is where its outcome is seen. `already_told`: by `id`, before.
 * The rest is never sent: the tenant has no such channel for it, wants it not, has no address, or its provider told it.
 */
export interface Told {
  channel: ChannelType
  /** Public id (`ntc_…`). */
  id: string | null
  status: 'queued' | 'already_told' | 'not_configured' | 'switched_off' | 'no_address' | 'told_by_provider'
}

export interface PreparedNotice {
  /** Puts it into the outbox, in the caller's transaction: it is told if and only if that commits, and once whatever repeats it. */
  insert: (db: TenantDb) => Promise<Told[]>
  /** After the commit; when it is never called the sweeper does it. */
  wake: () => void
}

type Ready = { channel: ChannelType, row: queries.NewNoticeRow, put: (db: TenantDb) => Promise<void> }
type House = Pick<Hub, 'db' | 'vault' | 'now' | 'config' | 'publicUrl' | 'wake'>

/** Decides by which channels it goes and seals what is said: outside of the caller's transaction, because the vault has its own. */
export async function prepareNotice<K extends NoticeKind> (hub: House, tenantId: string, notice: NewNotice<K>): Promise<PreparedNotice> {
  const { kind, mode, addressee, audience = 'buyer' } = notice
  const known = await inTenant(hub.db, tenantId, async db => {
    const rows = await channelsInUse(db, mode)
    const push = rows.find(({ type }) => type === 'web_push')
    const pushable = push !== undefined && addressee.push !== undefined && (await subscriptionsOf(db, push.id, addressee.push)).length > 0
    const issuer = notice.issuerId === undefined ? undefined : await findIssuer(db, notice.issuerId)
    return { switches: await loadSwitches(db, mode), rows, pushable, issuer, tenant: notice.data.sender === undefined && issuer === undefined ? await queries.tenantName(db) : undefined }
  })
  const { issuer } = known
  const sender = notice.data.sender ?? issuer?.trade_name ?? issuer?.legal_name ?? known.tenant
  const data = { ...notice.data, ...(sender !== undefined && { sender }) }
  const replyTo = issuer?.mail.reply_to ?? issuer?.email ?? undefined
  const letter: Letter = notice.letter ?? {
    ...letterOf(kind, data, addressee.language, audience),
    test: mode === 'test',
    ...(issuer?.colour != null && { colour: issuer.colour }),
    ...(replyTo !== undefined && audience === 'buyer' && { replyTo }),
    ...(addressee.name !== undefined && audience === 'buyer' && { greeting: addressee.language === 'es' ? `Hola ${addressee.name}:` : `Hello ${addressee.name},` })
  }
  const plans = (Object.keys(catalogue[kind].channels[audience] ?? {}) as ChannelType[]).filter(channel => notice.only?.includes(channel) ?? true)
    .map(channel => ({ channel, ...planOf(hub, notice, channel, known) }))
  const ready = await Promise.all(plans.map(async ({ channel, address }) => address === undefined ? undefined : await readyFor(hub, tenantId, notice, { channel, address, data, letter })))
  let told: Told[] = []
  return {
    insert: async db => {
      const results: Told[] = []
      for (const [index, { channel, status }] of plans.entries()) {
        const made = ready[index]
        results.push(made === undefined ? { channel, id: null, status } : await tell(db, made))
      }
      told = results
      return results
    },
    wake: () => {
      const queued = (of: (channel: ChannelType) => boolean) => told.filter(({ channel, status }) => status === 'queued' && of(channel)).map(({ channel, id }) => ({ tenantId, id: ready.find(made => made?.channel === channel && publicId('notice', made.row.id) === id)!.row.id }))
      hub.wake('mail', queued(channel => channel === 'mail'))
      hub.wake('notice', queued(channel => channel !== 'mail'))
    }
  }
}

/** The address, or why there is nothing to send. */
function planOf (hub: Pick<Hub, 'config'>, notice: NewNotice, channel: ChannelType, { switches, rows, pushable }: { switches: Switches, rows: readonly ChannelRow[], pushable: boolean }): { address?: string, status: Told['status'] } {
  const { kind, addressee, audience = 'buyer', connectionId } = notice
  if (!isOn(switches, kind, audience, channel)) return { status: 'switched_off' }
  const row = rows.find(({ type }) => type === channel)
  if (!channels[channel].configuredFor(hub, row, kind)) return { status: 'not_configured' }
  const byProvider = connectionId !== undefined && audience === 'buyer' && channel === 'mail' &&
    switches.told_by_provider.some(({ connection, kinds }) => connection === publicId('connection', connectionId) && kinds.includes(kind))
  if (byProvider) return { status: 'told_by_provider' }
  const address = channels[channel].addressOf(addressee, row)
  return address === undefined || (channel === 'web_push' && !pushable) ? { status: 'no_address' } : { address, status: 'queued' }
}

async function readyFor (hub: House, tenantId: string, notice: NewNotice, { channel, address, data, letter }: { channel: ChannelType, address: string, data: NoticeData[NoticeKind], letter: Letter }): Promise<Ready> {
  const now = hub.now()
  const { kind, mode, addressee, audience = 'buyer', subjectType, subjectId, occasion = '', documents = [], issuerId, byHand = false } = notice
  const id = newUuid(now)
  const [mac, made] = await Promise.all([
    hub.vault.mac(tenantId, 'notice-addressee', `${channel} ${address}`),
    channel === 'mail'
      ? prepareMail(hub, tenantId, {
        id,
        mode,
        subjectType,
        subjectId,
        automatic: !byHand,
        recipients: [{ kind: 'to', address: addressee.email!, ...(addressee.name !== undefined && { name: addressee.name }) }, ...(addressee.cc ?? []).map(address => ({ kind: 'cc' as const, address }))],
        letter,
        documents,
        ...(issuerId !== undefined && { issuerId })
      })
      : sealNotice(hub, tenantId, id, contentOf(data, address, letter, addressee.name))
  ])
  const row = { id, mode, kind, channel, audience, subject_type: subjectType, subject_id: subjectId, occasion, addressee_mac: mac, created_at: now }
  return typeof made === 'string'
    ? { channel, row: { ...row, content_sealed: made }, put: async db => { await setTimer(db, 'notice', id, now) } }
    : { channel, row: { ...row, content_sealed: null }, put: made.insert }
}

function contentOf (data: NoticeData[NoticeKind], address: string, { language, heading, paragraphs, actions, test }: Letter, name: string | undefined): NoticeContent {
  return { address, letter: { language, heading, paragraphs, actions, test }, values: valuesOf(data, language, name) }
}

async function tell (db: TenantDb, { channel, row, put }: Ready): Promise<Told> {
  if (!await queries.insertNotice(db, row)) {
    const before = await queries.findTold(db, row)
    return { channel, id: before === undefined ? null : publicId('notice', before), status: 'already_told' }
  }
  await put(db)
  return { channel, id: publicId('notice', row.id), status: 'queued' }
}

/** The days of a kind that has some, as the tenant has them, the farthest first: of `self_invoice_reminder` 3 and 1 unless it says otherwise. */
export async function noticeDays (db: TenantDb, mode: Mode, kind: NoticeKind): Promise<number[]> {
  return daysOf(await loadSwitches(db, mode), kind)
}

/** Tells the people of the tenant: one notice for each address. `wake` and `insert` are those of all of them. */
export async function prepareAdminNotice<K extends NoticeKind> (hub: House, tenantId: string, notice: Omit<NewNotice<K>, 'addressee' | 'audience'>): Promise<PreparedNotice> {
  const { switches, people } = await inTenant(hub.db, tenantId, async db => ({ switches: await loadSwitches(db, notice.mode), people: await queries.administrators(db) }))
  const { language, admin_emails: named } = switches
  const addressees: Addressee[] = named.length === 0
    ? people.map(({ id, email }) => ({ email, push: id, language }))
    : [...named.map(email => ({ email, language })), ...people.map(({ id }) => ({ push: id, language }))]
  const prepared = await Promise.all(addressees.map(async addressee => await prepareNotice(hub, tenantId, { ...notice, audience: 'admin', addressee })))
  return {
    insert: async db => {
      const told: Told[] = []
      for (const one of prepared) told.push(...await one.insert(db))
      return told
    },
    wake: () => { for (const one of prepared) one.wake() }
  }
}
