/**
 * Stripe's objects as they go over the wire in the newest version, as far as the simulator fills them.
 * Source: the types of npm stripe 23.1.0, 2026-10-28. Members that hold objects are replaced, never changed in place: events keep the old ones.
 */
export type Metadata = Record<string, string>

export interface PaymentIntent {
  id: string
  object: 'payment_intent'
  allowed_payment_method_types: string[] | null
  amount: number
  amount_capturable: number
  amount_details: object
  amount_received: number
  application: null
  application_fee_amount: null
  automatic_payment_methods: { allow_redirects: string, enabled: boolean } | null
  canceled_at: number | null
  cancellation_reason: string | null
  capture_method: 'automatic' | 'automatic_async' | 'manual'
  client_secret: string
  confirmation_method: 'automatic' | 'manual'
  created: number
  currency: string
  customer: string | null
  customer_account: null
  description: string | null
  excluded_payment_method_types: string[] | null
  last_payment_error: object | null
  latest_charge: string | null
  livemode: boolean
  managed_payments: null
  metadata: Metadata
  next_action: NextAction | null
  on_behalf_of: null
  payment_method: string | null
  payment_method_configuration_details: object | null
  payment_method_options: Record<string, unknown>
  payment_method_types: string[]
  payment_record: null
  processing: null
  receipt_email: string | null
  review: null
  setup_future_usage: string | null
  shipping: object | null
  source: null
  statement_descriptor: string | null
  statement_descriptor_suffix: string | null
  status: 'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'processing' | 'requires_capture' | 'succeeded' | 'canceled'
  transfer_data: null
  transfer_group: string | null
}

export type NextAction =
  { type: 'redirect_to_url', redirect_to_url: { url: string, return_url: string } } |
  { type: 'use_stripe_sdk', use_stripe_sdk: Record<string, unknown> }

/** A PaymentIntent and what Stripe knows of it without showing it. */
export interface IntentRecord {
  id: string
  created: number
  wire: PaymentIntent
  charges: string[]
  returnUrl: string | null
  offSession: boolean
  errorOnAction: boolean
  /** The authentication that waits for the payer. */
  attempt: string | null
  /** The payer has authenticated this payment method for this payment. */
  authenticated: boolean
  /** Calls of `capture` that did something. */
  captures: number
}

export interface Charge {
  id: string
  object: 'charge'
  amount: number
  amount_captured: number
  amount_refunded: number
  balance_transaction: string | null
  billing_details: object
  captured: boolean
  created: number
  currency: string
  customer: string | null
  failure_code: string | null
  failure_message: string | null
  livemode: boolean
  metadata: Metadata
  outcome: object
  paid: boolean
  payment_intent: string
  payment_method: string
  payment_method_details: { type: 'card', card: Record<string, unknown> }
  receipt_email: string | null
  refunded: boolean
  status: 'succeeded' | 'pending' | 'failed'
  [more: string]: unknown
}

export interface Refund {
  id: string
  object: 'refund'
  amount: number
  balance_transaction: string | null
  charge: string
  created: number
  currency: string
  customer: string | null
  customer_account: null
  destination_details: object
  metadata: Metadata
  payment_intent: string | null
  payment_method: string | null
  reason: string | null
  receipt_number: null
  source_transfer_reversal: null
  status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'
  transfer_reversal: null
  failure_reason?: string
  failure_balance_transaction?: string
  pending_reason?: string
}

export interface PaymentMethod {
  id: string
  object: 'payment_method'
  allow_redisplay: string
  billing_details: Record<string, unknown>
  card: Record<string, unknown>
  created: number
  customer: string | null
  customer_account: null
  livemode: boolean
  metadata: Metadata
  type: 'card'
}

export interface MethodRecord {
  id: string
  created: number
  wire: PaymentMethod
  /** The test card behind it (its number), which decides what happens. */
  number: string
  testName: string
  /** Used without a customer: it may not be used again. */
  consumed: boolean
  detached: boolean
  /** Saved with authentication for later payments without the payer. */
  setUp: boolean
}

export interface Token {
  id: string
  object: 'token'
  card: object
  client_ip: null
  created: number
  livemode: boolean
  type: 'card'
  used: boolean
}

export interface TokenRecord { id: string, created: number, wire: Token, number: string, card: Record<string, unknown> }

export interface Customer {
  id: string
  object: 'customer'
  created: number
  email: string | null
  livemode: boolean
  metadata: Metadata
  name: string | null
  [more: string]: unknown
}

export interface BalanceTransaction {
  id: string
  object: 'balance_transaction'
  amount: number
  available_on: number
  created: number
  currency: string
  description: string | null
  exchange_rate: null
  fee: number
  fee_details: object[]
  net: number
  reporting_category: string
  source: string
  status: 'pending' | 'available'
  type: 'charge' | 'refund' | 'refund_failure'
}

export interface WebhookEndpoint {
  id: string
  object: 'webhook_endpoint'
  api_version: string | null
  application: null
  created: number
  description: string | null
  enabled_events: string[]
  livemode: boolean
  metadata: Metadata
  status: 'enabled' | 'disabled'
  url: string
}

export interface EndpointRecord {
  id: string
  created: number
  wire: WebhookEndpoint
  secret: string
  /** The secret before the last roll, good until then (seconds). */
  previous: { secret: string, until: number } | null
}

export interface EventRecord {
  id: string
  created: number
  type: string
  apiVersion: string
  livemode: boolean
  object: object
  previous: object | undefined
  request: { id: string | null, idempotency_key: string | null }
  /** Endpoints that have not taken it yet. */
  undelivered: string[]
}
