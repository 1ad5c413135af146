import type { Money } from '../adapter/money.ts'

/** Ways to tell somebody something. */
export const channelTypes = ['mail', 'whatsapp', 'web_push'] as const
export type ChannelType = typeof channelTypes[number]

/** The other side of the sale, or the people of the tenant. */
export const audiences = ['buyer', 'admin'] as const
export type Audience = typeof audiences[number]

interface About {
  /** Whose name stands as the sender; the issuer's or the tenant's when absent. */
  sender?: string
  /** The tenant's own name of the sale or the payment. */
  reference?: string
}

export interface NoticeLine { name: string, quantity: number, unitAmount: number }

/** What each kind says. Dates are local ones of whoever reads them: `2026-12-14`. */
export interface NoticeData {
  payment_received: About & { amount: Money, description?: string, lines?: readonly NoticeLine[], method?: string, url?: string, payer?: string }
  payment_failed: About & { amount: Money, reason?: string, url?: string, payer?: string }
  payment_pending: About & { amount: Money, url?: string, until?: string, payer?: string }
  refund: About & { amount: Money, reason?: string, payer?: string }
  invoice: About & { number: string, total: string, url?: string }
  self_invoice_link: About & { amount: Money, url: string, until: string }
  self_invoice_reminder: About & { amount: Money, url: string, until: string, daysLeft: number }
  correct_your_data: About & { amount: Money, url: string, problem?: string, until?: string }
  alert: About & { message: string, severity: string, subject: string, url?: string }
}
export type NoticeKind = keyof NoticeData

/** What a template of WhatsApp can be filled with, by name. */
export type ValueName = 'sender' | 'amount' | 'reference' | 'url' | 'until' | 'days' | 'number' | 'reason' | 'message' | 'name'

interface Entry {
  audiences: readonly Audience[]
  /** By which channels it can be told to whom, and whether it is unless the tenant says otherwise. */
  channels: Partial<Record<Audience, Partial<Record<ChannelType, boolean>>>>
  /** Days, where the kind is told some days after or before something; their defaults. */
  days?: readonly number[]
  /** `{{1}}`, `{{2}}` … of its template at WhatsApp, unless the channel says otherwise. */
  whatsapp: readonly ValueName[]
}

const asked = { mail: true, whatsapp: true, web_push: true }
const unasked = { mail: false, whatsapp: false, web_push: false }

/**
 * Every kind of notice. What follows an event by itself is off until a tenant wants it; what somebody has to be told so that a
 * sale ends in its document is on, by every channel that is set up.
 */
export const catalogue: Readonly<Record<NoticeKind, Entry>> = {
  payment_received: { audiences: ['buyer', 'admin'], channels: { buyer: unasked, admin: { mail: false, web_push: false } }, whatsapp: ['sender', 'amount', 'reference'] },
  payment_failed: { audiences: ['buyer', 'admin'], channels: { buyer: unasked, admin: { mail: false, web_push: false } }, whatsapp: ['sender', 'amount', 'reference'] },
  // So many days after it was begun, while it is open.
  payment_pending: { audiences: ['buyer', 'admin'], channels: { buyer: unasked, admin: { mail: false, web_push: false } }, days: [1], whatsapp: ['sender', 'amount', 'url'] },
  refund: { audiences: ['buyer', 'admin'], channels: { buyer: unasked, admin: { mail: false, web_push: false } }, whatsapp: ['sender', 'amount', 'reference'] },
  invoice: { audiences: ['buyer'], channels: { buyer: asked }, whatsapp: ['sender', 'number', 'amount', 'url'] },
  self_invoice_link: { audiences: ['buyer'], channels: { buyer: asked }, whatsapp: ['sender', 'amount', 'url', 'until'] },
  // So many days before the link ends.
  self_invoice_reminder: { audiences: ['buyer'], channels: { buyer: asked }, days: [3, 1], whatsapp: ['sender', 'amount', 'url', 'until'] },
  correct_your_data: { audiences: ['buyer'], channels: { buyer: asked }, whatsapp: ['sender', 'amount', 'url'] },
  alert: { audiences: ['admin'], channels: { admin: { mail: false, web_push: false } }, whatsapp: ['message'] }
}

export const noticeKinds = Object.keys(catalogue) as NoticeKind[]
