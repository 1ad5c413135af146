/**
 * Conekta's objects, as far as the adapter reads them.
 * Source: OpenAPI 2.3.0 (github.com/conekta/openapi), schemas order_response, charge_response, customer_response and the rest; read 2026-11-21.
 */

export interface List<T> {
  object: 'list'
  has_more: boolean
  next_page_url?: string | null
  data: T[]
}

export interface Order {
  id: string
  object: 'order'
  livemode: boolean
  amount: number
  amount_refunded?: number
  currency: string
  /** null while there is no charge. */
  payment_status?: string | null
  is_refundable?: boolean
  created_at: number
  metadata?: Record<string, unknown>
  customer_info?: { customer_id?: string, name?: string, email?: string, phone?: string }
  charges?: List<Charge> | null
  checkout?: Checkout | null
  next_action?: { type?: string, redirect_to_url?: { url?: string } } | null
}

export interface Charge {
  id: string
  object: 'charge'
  status: string
  amount: number
  currency: string
  created_at: number
  paid_at?: number | null
  reference_id?: string | null
  failure_code?: string | null
  failure_message?: string | null
  order_id: string
  payment_method?: ChargeMethod | null
  refunds?: List<Refund> | null
  chargeback?: Chargeback | null
}

/** Of every kind at once: `object` tells which. */
export interface ChargeMethod {
  object: string
  type?: string
  brand?: string
  last4?: string
  account_type?: string
  /** More than 16 digits: never a number. */
  reference?: string
  barcode_url?: string
  expires_at?: number
  product_type?: string
  store_name?: string
  service_name?: string
  clabe?: string
  bank?: string
  redirect_url?: string
  tracking_code?: string | null
}

export interface Refund {
  id: string
  object: 'refund'
  /** Negative. */
  amount: number
  created_at: number
  status?: string
}

export interface Chargeback {
  id: string
  status: string
  reason?: string
  created_at?: number
  evidence_due_by?: number
  files?: unknown[] | null
}

export interface Checkout {
  id: string
  object: 'checkout'
  livemode: boolean
  name: string
  url?: string
  status?: string
  expires_at?: number
  type?: string
  recurrent?: boolean
  slug?: string
}

export interface Customer {
  id: string
  object: 'customer'
  livemode: boolean
  name: string
  email?: string
  created_at: number
  custom_reference?: string
  metadata?: Record<string, unknown>
}

export interface Source {
  id: string
  object: string
  type: string
  created_at: number
  last4?: string
  brand?: string
  exp_month?: string
  exp_year?: string
}

export interface Plan {
  id: string
  object: 'plan'
  amount: number
  currency: string
  interval: string
  frequency: number
  name: string
  trial_period_days?: number | null
}

export interface Subscription {
  id: string
  object: 'subscription'
  status: string
  plan_id: string
  customer_id: string
  card_id?: string
  charge_id?: string | null
  last_billing_cycle_order_id?: string | null
  created_at: number
  subscription_start?: number | null
  billing_cycle_start?: number | null
  billing_cycle_end?: number | null
  trial_start?: number | null
  trial_end?: number | null
  canceled_at?: number | null
  paused_at?: number | null
}

export interface ConektaEvent {
  id: string
  object: 'event'
  type: string
  livemode?: boolean
  created_at?: number
  data?: { object?: { object?: string, id?: string } & Record<string, unknown>, action?: string }
}

export interface Transaction {
  id: string
  object: string
  livemode: boolean
  amount: number
  fee: number
  net: number
  currency: string
  type: string
  status: string
  charge: string
  created_at: number
}

export interface Webhook {
  id: string
  url: string
  active?: boolean
  subscribed_events?: string[]
}

export interface WebhookKey {
  id: string
  active?: boolean
  created_at?: number
  public_key?: string
}
