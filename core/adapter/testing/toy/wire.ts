import type { Collected, Money } from '../../index.ts'

/** The toy's objects as they go over the wire. */

export interface WirePayment {
  id: string
  status: string
  amount: number
  currency: string
  captured: number
  refunded: number
  received: number
  reference: string
  method: string
  created: number
  error?: string
  redirect_url?: string
  ask?: string
  slip?: { number: string, until: number }
  account?: { clabe: string, missing: number }
  saved_method?: string
  disputed?: boolean
  client_secret: string
}

export interface WireRefund {
  id: string
  payment: string
  amount: number
  currency: string
  reference: string
  created: number
}

export interface WirePage {
  id: string
  kind: 'session' | 'link'
  state: 'open' | 'paid' | 'ended'
  url: string
  amount: number
  currency: string
  reference: string
  payment?: string
  /** It asks for what an invoice needs. */
  asks: boolean
  typed?: Collected
}

export interface WireCustomer { id: string, name?: string, email?: string, reference: string }

export interface WireMethod {
  id: string
  customer: string
  token: string
  state: 'kept' | 'asks' | 'refused'
  last4: string
  ask_url?: string
  error?: string
}

export interface WirePlan { id: string, amount: number, currency: string, every: string, times: number, reference: string }

export interface WirePeriod { id: string, subscription: string, state: 'open' | 'paid', amount: number, currency: string, start: number, end: number, payment?: string, tries: number }

export interface WireSubscription {
  id: string
  customer: string
  plan: string
  method?: string
  quantity: number
  state: 'incomplete' | 'trial' | 'active' | 'paused' | 'canceled'
  start: number
  end: number
  trial_end?: number
  ends_with_period: boolean
  canceled?: number
  error?: string
  pay_url?: string
  reference: string
  next_quantity?: number
}

export interface WireDispute { id: string, payment: string, state: 'open' | 'sent' | 'given_up', why: string, amount: number, currency: string, until: number, draft: boolean, created: number }

export interface WireMove { id: string, kind: 'payment' | 'refund', amount: number, fee: number, net: number, currency: string, payment: string, reference: string, created: number }

export const monthMs = 30 * 86_400_000
export const dayMs = 86_400_000

/** What a payment was of, as the provider reads it. */
export type Asked = Map<string, Money>
