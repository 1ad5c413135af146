/**
 * Mercado Pago's objects, as far as the adapter reads them. Source: the official OpenAPI document of 2026-06, whose gaps (refunds,
 * fee_details, payment_method.data, three_ds_info …) are filled from facts section 3 and npm mercadopago 3.6; read 2026-11-21.
 */

type Maybe<T> = T | null | undefined

export interface Payment {
  id: number
  date_created?: Maybe<string>
  date_approved?: Maybe<string>
  date_last_updated?: Maybe<string>
  date_of_expiration?: Maybe<string>
  money_release_date?: Maybe<string>
  payment_method_id?: Maybe<string>
  payment_type_id?: Maybe<string>
  status: string
  status_detail?: Maybe<string>
  currency_id: string
  live_mode?: boolean
  captured?: boolean
  external_reference?: Maybe<string>
  metadata?: Maybe<Record<string, unknown>>
  payer?: Maybe<{ id?: Maybe<string | number>, type?: Maybe<string> }>
  transaction_amount: number
  transaction_amount_refunded?: Maybe<number>
  fee_details?: Maybe<{ type?: string, amount?: number, fee_payer?: string }[]>
  transaction_details?: Maybe<TransactionDetails>
  card?: Maybe<{ id?: Maybe<string | number>, last_four_digits?: Maybe<string> }>
  refunds?: Maybe<Refund[]>
  barcode?: Maybe<{ content?: Maybe<string> }>
  payment_method?: Maybe<{ id?: Maybe<string>, data?: Maybe<{ reference_id?: Maybe<string>, external_reference_id?: Maybe<string>, external_resource_url?: Maybe<string> }> }>
  point_of_interaction?: Maybe<{ transaction_data?: Maybe<{ qr_code?: Maybe<string>, qr_code_base64?: Maybe<string>, ticket_url?: Maybe<string> }> }>
  three_ds_info?: Maybe<{ external_resource_url?: Maybe<string>, creq?: Maybe<string> }>
}

interface TransactionDetails {
  external_resource_url?: Maybe<string>
  payment_method_reference_id?: Maybe<string>
  verification_code?: Maybe<string>
  digitable_line?: Maybe<string>
  barcode?: Maybe<{ content?: Maybe<string> }>
  net_received_amount?: Maybe<number>
  total_paid_amount?: Maybe<number>
}

export interface Refund {
  id: number
  payment_id: number
  amount: number
  status?: Maybe<string>
  date_created?: Maybe<string>
}

export interface Preference {
  id: string
  init_point?: string
  sandbox_init_point?: string
  items: { title: string, quantity: number, unit_price: number, currency_id?: string }[]
  external_reference?: Maybe<string>
  date_created?: Maybe<string>
  expires?: Maybe<boolean>
  expiration_date_to?: Maybe<string>
  payer?: Maybe<{ name?: Maybe<string>, surname?: Maybe<string>, email?: Maybe<string> }>
}

export interface Customer {
  id: string
  email?: Maybe<string>
  first_name?: Maybe<string>
  last_name?: Maybe<string>
  metadata?: Maybe<Record<string, unknown>>
  live_mode?: boolean
}

export interface Card {
  id: string | number
  customer_id?: string
  last_four_digits?: Maybe<string>
  expiration_month?: Maybe<number>
  expiration_year?: Maybe<number>
  payment_method?: Maybe<{ id?: string, payment_type_id?: string }>
  issuer?: Maybe<{ id?: string | number }>
}

export interface CardToken {
  id: string
  first_six_digits?: Maybe<string>
}

export interface Plan {
  id: string
  reason?: string
  status?: string
  auto_recurring: AutoRecurring
  date_created?: Maybe<string>
}

export interface AutoRecurring {
  frequency: number
  frequency_type: string
  transaction_amount: number
  currency_id: string
  free_trial?: Maybe<{ frequency?: number, frequency_type?: string }>
}

export interface Subscription {
  id: string
  status: string
  reason?: string
  external_reference?: Maybe<string>
  payer_email?: Maybe<string>
  date_created?: Maybe<string>
  last_modified?: Maybe<string>
  next_payment_date?: Maybe<string>
  init_point?: string
  auto_recurring: AutoRecurring
}

/** One period's claim: what the SDK calls an invoice. */
export interface AuthorizedPayment {
  id: number | string
  preapproval_id: string
  status: string
  date_created?: Maybe<string>
  debit_date?: Maybe<string>
  next_retry_date?: Maybe<string>
  retry_attempt?: Maybe<number>
  transaction_amount: number
  currency_id: string
  payment?: Maybe<{ id?: Maybe<number | string>, status?: string, status_detail?: string }>
}

export interface Chargeback {
  id: string | number
  payments?: Maybe<(number | string | { id?: number | string })[]>
  currency?: Maybe<string>
  amount: number
  reason_code?: Maybe<string>
  reason_description?: Maybe<string>
  coverage_applied?: Maybe<boolean>
  documentation_required?: Maybe<boolean>
  documentation_status?: Maybe<string>
  date_documentation_deadline?: Maybe<string>
  date_created?: Maybe<string>
  live_mode?: boolean
}
