import type { WireMoney } from './amounts.ts'

/** PayPal's objects, as far as the adapter reads them. Source: OpenAPI documents of 2024-02 (github.com/paypal/paypal-rest-api-specifications), read 2026-11-21. */

export interface Link { href: string, rel: string, method?: string }

export interface Order {
  id: string
  status: string
  intent?: string
  create_time?: string
  update_time?: string
  purchase_units?: PurchaseUnit[]
  payment_source?: Record<string, SourceShown | undefined>
  links?: Link[]
}

export interface PurchaseUnit {
  reference_id?: string
  custom_id?: string
  invoice_id?: string
  amount?: WireMoney
  payments?: { captures?: Capture[], authorizations?: Authorization[], refunds?: Refund[] }
}

export interface SourceShown {
  last_digits?: string
  brand?: string
  type?: string
  expiry?: string
  account_id?: string
  email_address?: string
  attributes?: { vault?: { id?: string, status?: string, customer?: { id?: string } } }
}

interface Movement {
  id: string
  status: string
  status_details?: { reason?: string }
  amount: WireMoney
  custom_id?: string
  invoice_id?: string
  create_time?: string
  update_time?: string
  links?: Link[]
  processor_response?: { response_code?: string }
  supplementary_data?: { related_ids?: { order_id?: string, authorization_id?: string, capture_id?: string } }
}

export interface Capture extends Movement {
  final_capture?: boolean
  seller_receivable_breakdown?: { paypal_fee?: WireMoney, net_amount?: WireMoney }
}
export interface Authorization extends Movement { expiration_time?: string }
export interface Refund extends Movement {}

export interface PaymentToken {
  id: string
  customer?: { id?: string }
  payment_source?: Record<string, SourceShown | undefined>
}

export interface Plan {
  id: string
  product_id: string
  name: string
  status?: string
  billing_cycles: { tenure_type: string, sequence: number, total_cycles?: number, frequency: { interval_unit: string, interval_count?: number }, pricing_scheme?: { fixed_price?: WireMoney } }[]
}

export interface Subscription {
  id: string
  status: string
  status_update_time?: string
  plan_id: string
  start_time?: string
  quantity?: string
  custom_id?: string
  create_time?: string
  billing_info?: {
    outstanding_balance?: WireMoney
    cycle_executions?: { tenure_type: string, sequence: number, cycles_completed: number, cycles_remaining?: number }[]
    last_payment?: { amount?: WireMoney, time?: string }
    next_billing_time?: string
    failed_payments_count?: number
    last_failed_payment?: { amount?: WireMoney, time?: string, reason_code?: string, next_payment_retry_time?: string }
  }
  links?: Link[]
}

export interface SubscriptionTransaction {
  id: string
  status: string
  amount_with_breakdown: { gross_amount: WireMoney }
  time: string
}

export interface ReportRow {
  transaction_info: {
    transaction_id: string
    paypal_reference_id?: string
    paypal_reference_id_type?: string
    transaction_event_code?: string
    transaction_initiation_date?: string
    transaction_amount?: WireMoney
    fee_amount?: WireMoney
    transaction_status?: string
    custom_field?: string
    invoice_id?: string
  }
}

export interface Dispute {
  dispute_id: string
  create_time?: string
  status: string
  dispute_state?: string
  reason: string
  dispute_life_cycle_stage?: string
  dispute_amount?: WireMoney
  disputed_transactions?: { seller_transaction_id?: string, custom?: string }[]
  dispute_outcome?: { outcome_code?: string }
  seller_response_due_date?: string
  evidences?: { source?: string }[]
  money_movements?: { affected_party?: string, amount?: WireMoney, type?: string, reason?: string }[]
}

export interface PaypalEvent {
  id: string
  event_type: string
  create_time?: string
  resource_type?: string
  resource?: Record<string, unknown> & { id?: string, custom_id?: string, links?: Link[], supplementary_data?: { related_ids?: { order_id?: string } } }
}

export interface Webhook { id: string, url: string, event_types?: { name: string }[] }
