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
  { type: 'use_stripe_sdk', use_stripe_sdk: Record<string, unknown> } |
  { type: 'oxxo_display_details', oxxo_display_details: { expires_after: number, hosted_voucher_url: string, number: string } } |
  { type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: TransferInstructions }

export interface TransferInstructions {
  amount_remaining: number
  currency: string
  financial_addresses: object[]
  hosted_instructions_url: string
  reference: string
  type: 'mx_bank_transfer'
}

/** What a payment or a set-up was made for. */
export interface Owner { kind: 'session' | 'invoice' | 'subscription', id: string }

/** A PaymentIntent and what Stripe knows of it without showing it. */
export interface IntentRecord {
  id: string
  created: number
  wire: PaymentIntent
  charges: string[]
  returnUrl: string | null
  offSession: boolean
  errorOnAction: boolean
  /** The page that waits for the payer: an authentication, a voucher, the instructions of a transfer. */
  attempt: string | null
  owner: Owner | null
  /** What has come so far of a transfer. */
  funded: number
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
  payment_method_details: { type: string, [type: string]: unknown }
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
  /** Of a card; the other types have a member of their name without content. */
  card?: Record<string, unknown>
  created: number
  customer: string | null
  customer_account: null
  livemode: boolean
  metadata: Metadata
  type: MethodType
  [type: string]: unknown
}

export type MethodType = 'card' | 'oxxo' | 'customer_balance'

export interface MethodRecord {
  id: string
  created: number
  wire: PaymentMethod
  /** The test card behind it (its number), which decides what happens; empty for what is no card. */
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
  balance: number
  currency: string | null
  invoice_prefix: string
  invoice_settings: { custom_fields: unknown, default_payment_method: string | null, footer: string | null, rendering_options: unknown }
  next_invoice_sequence: number
  test_clock: string | null
  [more: string]: unknown
}

export interface TaxId {
  id: string
  object: 'tax_id'
  created: number
  customer: string
  type: string
  value: string
  [more: string]: unknown
}

/** A customer's money with the merchant, and the account number that it is sent to. */
export interface CashRecord {
  /** The customer's id. */
  id: string
  created: number
  clabe: string
  reference: string
  available: Record<string, number>
  mode: 'automatic' | 'manual'
  /** Whether the customer has a mode of its own. */
  chosen: boolean
}

export interface CashTransaction {
  id: string
  object: 'customer_cash_balance_transaction'
  created: number
  currency: string
  customer: string
  customer_account: null
  ending_balance: number
  livemode: boolean
  net_amount: number
  type: 'funded' | 'applied_to_payment' | 'unapplied_from_payment'
  [details: string]: unknown
}

export interface SetupIntent {
  id: string
  object: 'setup_intent'
  client_secret: string
  created: number
  customer: string | null
  last_setup_error: object | null
  metadata: Metadata
  next_action: NextAction | null
  payment_method: string | null
  payment_method_types: string[]
  status: 'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'processing' | 'succeeded' | 'canceled'
  usage: 'off_session' | 'on_session'
  [more: string]: unknown
}

export interface SetupRecord {
  id: string
  created: number
  wire: SetupIntent
  returnUrl: string | null
  attempt: string | null
  authenticated: boolean
  owner: Owner | null
}

export interface Product {
  id: string
  object: 'product'
  active: boolean
  created: number
  default_price: string | null
  description: string | null
  metadata: Metadata
  name: string
  [more: string]: unknown
}

export type Interval = 'day' | 'week' | 'month' | 'year'

export interface Recurring {
  interval: Interval
  interval_count: number
  meter: null
  trial_period_days: number | null
  usage_type: 'licensed'
}

export interface Price {
  id: string
  object: 'price'
  active: boolean
  created: number
  currency: string
  lookup_key: string | null
  metadata: Metadata
  nickname: string | null
  product: string
  recurring: Recurring | null
  type: 'one_time' | 'recurring'
  unit_amount: number
  [more: string]: unknown
}

/** A position of a session or a link. */
export interface Line {
  id: string
  price: string
  quantity: number
  adjustable: { enabled: boolean, maximum: number | null, minimum: number | null } | null
}

export interface CheckoutSession {
  id: string
  object: 'checkout.session'
  amount_subtotal: number | null
  amount_total: number | null
  cancel_url: string | null
  created: number
  currency: string | null
  custom_fields: CustomField[]
  customer: string | null
  customer_creation: 'always' | 'if_required' | null
  customer_details: Record<string, unknown> | null
  customer_email: string | null
  expires_at: number
  invoice: string | null
  livemode: boolean
  metadata: Metadata
  mode: 'payment' | 'setup' | 'subscription'
  payment_intent: string | null
  payment_link: string | null
  payment_method_types: string[]
  payment_status: 'paid' | 'unpaid' | 'no_payment_required'
  setup_intent: string | null
  status: 'open' | 'complete' | 'expired'
  subscription: string | null
  success_url: string | null
  url: string | null
  [more: string]: unknown
}

export interface CustomField {
  key: string
  label: { custom: string, type: 'custom' }
  optional: boolean
  type: 'dropdown' | 'numeric' | 'text'
  dropdown?: { default_value: string | null, options: { label: string, value: string }[], value: string | null }
  numeric?: { default_value: string | null, maximum_length: number | null, minimum_length: number | null, value: string | null }
  text?: { default_value: string | null, maximum_length: number | null, minimum_length: number | null, value: string | null }
}

/** What a session or a link passes on to what it makes. */
export interface PassedOn {
  payment: { metadata?: Metadata, description?: string, capture_method?: PaymentIntent['capture_method'], setup_future_usage?: string, statement_descriptor_suffix?: string, receipt_email?: string }
  subscription: { metadata?: Metadata, description?: string, trial_period_days?: number, trial_end?: number, trial_settings?: { end_behavior: { missing_payment_method: TrialEnd } } }
  setup: { metadata?: Metadata, description?: string }
  methodOptions: Record<string, unknown>
}

/** What a payer types on a hosted page. */
export interface Payer {
  email: string | null
  name: string | null
  phone: string | null
  business: string | null
  taxId: { type: string, value: string } | null
  address: { line1: string | null, line2: string | null, city: string | null, state: string | null, postal_code: string | null, country: string | null } | null
  fields: Record<string, string>
}

export interface SessionRecord {
  id: string
  created: number
  wire: CheckoutSession
  lines: Line[]
  passedOn: PassedOn
  /** What the page has begun and the session does not yet show. */
  begun: { customer: string | null, subscription: string | null, payer: Payer | null }
  /** Said to the payer on the page: why the last attempt failed. */
  notice: string | null
}

export interface PaymentLink {
  id: string
  object: 'payment_link'
  active: boolean
  after_completion: { type: 'hosted_confirmation' | 'redirect', hosted_confirmation?: { custom_message: string | null }, redirect?: { url: string } }
  currency: string
  metadata: Metadata
  restrictions: { completed_sessions: { count: number, limit: number } } | null
  url: string
  [more: string]: unknown
}

export interface PaymentLinkRecord {
  id: string
  created: number
  wire: PaymentLink
  lines: Line[]
  passedOn: PassedOn
}

export type TrialEnd = 'cancel' | 'create_invoice' | 'pause'

export interface SubscriptionItem {
  id: string
  object: 'subscription_item'
  created: number
  current_period_start: number
  current_period_end: number
  metadata: Metadata
  price: Price
  quantity: number
  subscription: string
  [more: string]: unknown
}

export interface Subscription {
  id: string
  object: 'subscription'
  billing_cycle_anchor: number
  cancel_at: number | null
  cancel_at_period_end: boolean
  canceled_at: number | null
  cancellation_details: { comment: string | null, feedback: string | null, reason: string | null }
  collection_method: 'charge_automatically' | 'send_invoice'
  created: number
  currency: string
  customer: string
  days_until_due: number | null
  default_payment_method: string | null
  ended_at: number | null
  items: { object: 'list', data: SubscriptionItem[], has_more: false, total_count: number, url: string }
  latest_invoice: string | null
  livemode: boolean
  metadata: Metadata
  pause_collection: { behavior: 'keep_as_draft' | 'mark_uncollectible' | 'void', resumes_at: number | null } | null
  payment_settings: { payment_method_options: unknown, payment_method_types: string[] | null, save_default_payment_method: 'off' | 'on_subscription' }
  pending_setup_intent: string | null
  start_date: number
  status: 'incomplete' | 'incomplete_expired' | 'trialing' | 'active' | 'past_due' | 'canceled' | 'unpaid' | 'paused'
  test_clock: string | null
  trial_end: number | null
  trial_settings: { end_behavior: { missing_payment_method: TrialEnd } }
  trial_start: number | null
  [more: string]: unknown
}

export interface SubscriptionRecord {
  id: string
  created: number
  wire: Subscription
  /** Until it is announced, changes are part of its making. */
  announced: boolean
}

export interface InvoiceLine {
  id: string
  object: 'line_item'
  amount: number
  currency: string
  description: string
  invoice: string
  period: { start: number, end: number }
  quantity: number
  [more: string]: unknown
}

export interface Invoice {
  id: string
  object: 'invoice'
  amount_due: number
  amount_paid: number
  amount_remaining: number
  attempt_count: number
  attempted: boolean
  auto_advance: boolean
  automatically_finalizes_at: number | null
  billing_reason: string
  collection_method: 'charge_automatically' | 'send_invoice'
  created: number
  currency: string
  customer: string
  default_payment_method: string | null
  due_date: number | null
  ending_balance: number | null
  hosted_invoice_url: string | null
  lines: { object: 'list', data: InvoiceLine[], has_more: false, total_count: number, url: string }
  livemode: boolean
  metadata: Metadata
  next_payment_attempt: number | null
  number: string | null
  parent: { type: 'subscription_details', quote_details: null, subscription_details: { metadata: Metadata, subscription: string, subscription_proration_date?: number } } | null
  starting_balance: number
  status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void'
  status_transitions: { finalized_at: number | null, marked_uncollectible_at: number | null, paid_at: number | null, voided_at: number | null }
  total: number
  [more: string]: unknown
}

export interface InvoiceItem {
  id: string
  object: 'invoiceitem'
  amount: number
  created: number
  currency: string
  customer: string
  date: number
  description: string
  invoice: string | null
  metadata: Metadata
  parent: { type: 'subscription_details', subscription_details: { subscription: string, subscription_item?: string } } | null
  period: { start: number, end: number }
  proration: boolean
  quantity: number
  [more: string]: unknown
}

export interface InvoicePayment {
  id: string
  object: 'invoice_payment'
  amount_paid: number | null
  amount_requested: number
  created: number
  currency: string
  invoice: string
  is_default: boolean
  livemode: boolean
  payment: { type: 'payment_intent', payment_intent: string }
  status: 'open' | 'paid' | 'canceled'
  status_transitions: { canceled_at: number | null, paid_at: number | null }
}

export interface ClockRecord {
  id: string
  created: number
  /** Where it stands, while it is advancing too. */
  now: number
  wire: { id: string, object: 'test_helpers.test_clock', created: number, deletes_after: number, frozen_time: number, livemode: boolean, name: string | null, status: 'advancing' | 'ready', status_details: object }
}

export interface Dispute {
  id: string
  object: 'dispute'
  amount: number
  /** Shown as the objects themselves. */
  balance_transactions: string[]
  charge: string
  created: number
  currency: string
  evidence: Record<string, unknown>
  evidence_details: { due_by: number, enhanced_eligibility: object, has_evidence: boolean, past_due: boolean, submission_count: number, submission_method: 'manual' | 'not_submitted' }
  is_charge_refundable: boolean
  livemode: boolean
  metadata: Metadata
  payment_intent: string
  reason: string
  status: 'lost' | 'needs_response' | 'under_review' | 'warning_closed' | 'warning_needs_response' | 'warning_under_review' | 'won'
  [more: string]: unknown
}

export interface Payout {
  id: string
  object: 'payout'
  amount: number
  arrival_date: number
  balance_transaction: string | null
  created: number
  currency: string
  metadata: Metadata
  reconciliation_status: 'completed' | 'in_progress' | 'not_applicable'
  status: 'paid' | 'pending' | 'in_transit' | 'canceled' | 'failed'
  [more: string]: unknown
}

export interface BalanceTransaction {
  id: string
  object: 'balance_transaction'
  amount: number
  available_on: number
  balance_type: 'payments'
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
  type: 'adjustment' | 'charge' | 'payment' | 'payment_refund' | 'payout' | 'refund' | 'refund_failure'
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
  /** Takes the events of the accounts that are connected to this one, not its own. */
  connect: boolean
  /** The secret before the last roll, good until then (seconds). */
  previous: { secret: string, until: number } | null
}

export interface EventRecord {
  id: string
  created: number
  /** Where it happened. */
  account: string
  type: string
  apiVersion: string
  livemode: boolean
  object: object
  previous: object | undefined
  request: { id: string | null, idempotency_key: string | null }
  /** Endpoints that have not taken it yet. */
  undelivered: string[]
}
