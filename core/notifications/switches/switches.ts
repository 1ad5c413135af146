import type { Mode } from '../../adapter/context.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import { type Audience, catalogue, type ChannelType, type NoticeKind, noticeKinds } from '../catalogue.ts'
import { findSettings } from './queries.ts'

/** What a tenant said of one kind; what it did not say is the catalogue's. */
export interface KindSwitches {
  buyer?: Partial<Record<ChannelType, boolean>>
  admin?: Partial<Record<ChannelType, boolean>>
  days?: number[]
}

/** As they are kept: only what differs from the catalogue is needed. */
export interface StoredSettings {
  /** In which language the tenant's own people are written to. */
  language?: 'es' | 'en'
  /** Who is written to as the administrator; its administrators when empty. */
  admin_emails?: string[]
  notices?: Partial<Record<NoticeKind, KindSwitches>>
  /** What a provider tells the buyer by mail itself, by the id of the connection: it is not told twice. */
  told_by_provider?: { connection: string, kinds: NoticeKind[] }[]
}

export type Switches = Required<Pick<StoredSettings, 'language' | 'admin_emails' | 'told_by_provider'>> & { notices: Record<NoticeKind, KindSwitches> }

/** The catalogue with what the tenant says of it. */
export function switchesOf (stored: StoredSettings): Switches {
  return {
    language: stored.language ?? 'es',
    admin_emails: stored.admin_emails ?? [],
    told_by_provider: stored.told_by_provider ?? [],
    notices: Object.fromEntries(noticeKinds.map(kind => {
      const { channels, days } = catalogue[kind]
      const said = stored.notices?.[kind]
      const own = (audience: Audience) => channels[audience] === undefined ? {} : { [audience]: { ...channels[audience], ...said?.[audience] } }
      return [kind, { ...own('buyer'), ...own('admin'), ...(days !== undefined && { days: said?.days ?? [...days] }) }]
    })) as Record<NoticeKind, KindSwitches>
  }
}

export async function loadSwitches (db: TenantDb, mode: Mode): Promise<Switches> {
  return switchesOf((await findSettings(db, mode) ?? {}) as StoredSettings)
}

export const isOn = (switches: Switches, kind: NoticeKind, audience: Audience, channel: ChannelType): boolean => switches.notices[kind][audience]?.[channel] === true

/** By any channel. */
export const isTold = (switches: Switches, kind: NoticeKind, audience: Audience): boolean => Object.values(switches.notices[kind][audience] ?? {}).includes(true)

/** Days before or after, the farthest first; none twice. */
export const daysOf = (switches: Switches, kind: NoticeKind): number[] => [...new Set(switches.notices[kind].days ?? [])].sort((a, b) => b - a)
