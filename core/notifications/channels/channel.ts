import type { Hub } from '../../hub.ts'
import { publicId } from '../../ids.ts'
import type { ChannelType, NoticeKind } from '../catalogue.ts'
import type { Letter } from '../letter.ts'
import type { ChannelRow } from './queries.ts'

/** Whom a notice goes to, in every way that is known. A channel takes what it needs. */
export interface Addressee {
  email?: string
  phone?: string
  /** Whose web-push subscriptions: the UUID of a customer, or of a user. */
  push?: string
  name?: string
  language: 'es' | 'en'
  /** By mail, beside them. */
  cc?: readonly string[]
}

/** What is sealed of a notice that does not go by mail: frozen, so that every attempt says the same. */
export interface NoticeContent {
  address: string
  letter: Pick<Letter, 'language' | 'heading' | 'paragraphs' | 'actions' | 'test'>
  values: Record<string, string>
  /** Where one addressee is reached at several places: what became of each. */
  targets?: Target[]
  /** The other side's own words at the last attempt; they may name people. */
  said?: string
}

export interface Target { id: string, state: 'waiting' | 'sent' | 'gone' | 'refused', code?: string }

export interface NoticeToSend {
  tenantId: string
  /** Public id: goes along where the channel lets it, so that a repeat is recognised. */
  id: string
  kind: NoticeKind
  content: NoticeContent
}

/** One attempt, as every channel tells it. */
export interface SendResult {
  /**
   * `sent`: the service has taken it. `refused`: it never will, as it is. `later`: it was not taken this time, and that is known.
   * `unknown`: nobody knows whether it was taken.
   */
  outcome: 'sent' | 'refused' | 'later' | 'unknown'
  /** The service's own id of the message. */
  reference?: string
  /** The service's code, or a word of ours. */
  code?: string
  said?: string
  /** No sooner than this. */
  retryAfterMs?: number
  /** Not this notice but the channel is at fault: its token, its keys. */
  channelFault?: boolean
  targets?: Target[]
}

export interface ChannelTest { ok: boolean, evidence: { es: string, en: string }[], code?: string, said?: string }

/** A channel whose credentials are open, for one use. */
export interface OpenChannel {
  row: ChannelRow
  settings: Record<string, any>
  secrets: Record<string, string>
}

/** The one interface of all channels. Mail is one too: its job is the outbox's own, because one mail has several recipients. */
export interface Channel {
  readonly type: ChannelType
  /**
   * What becomes of a notice whose answer was lost, or whose process died in the middle. `at_least_once`: it goes again, in a
   * way by which the addressee's program knows it for the same. `at_most_once`: the service cannot know a repeat, so it is `unknown`
   * until a person decides.
   */
  readonly guarantee: 'at_least_once' | 'at_most_once'
  /** Whether it can tell this kind at all as it is set up. `row` is undefined where the tenant has no such channel. */
  configuredFor: (hub: Pick<Hub, 'config'>, row: ChannelRow | undefined, kind: NoticeKind) => boolean
  /** Where it would go, in one spelling; undefined when this addressee cannot be reached. */
  addressOf: (addressee: Addressee, row: ChannelRow | undefined) => string | undefined
  /** Never throws for what the network or the service does. Mail's is `deliverMail`. */
  send?: (hub: Hub, channel: OpenChannel, notice: NoticeToSend) => Promise<SendResult>
  /** Proves the credentials; sends nothing to anybody. */
  test: (hub: Hub, channel: OpenChannel) => Promise<ChannelTest>
}

const use = 'notification_channel'

export async function sealSecrets (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, secrets: Record<string, string>): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('notification_channel', id), use, JSON.stringify(secrets))
}

export async function openChannel (hub: Pick<Hub, 'vault'>, row: ChannelRow): Promise<OpenChannel> {
  const secrets = row.secrets_sealed === null ? {} : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('notification_channel', row.id), use, row.secrets_sealed)) as Record<string, string>
  return { row, settings: row.settings as Record<string, any>, secrets }
}
