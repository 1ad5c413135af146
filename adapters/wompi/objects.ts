/** Wompi's objects, as far as the adapter reads them. Source: its API reference and guides (docs.wompi.co), copies read 2026-11-21; facts section 7. */

export interface Transaction {
  id: string
  created_at?: string
  finalized_at?: string | null
  amount_in_cents: number
  reference: string
  currency: string
  status: string
  status_message?: string | null
  payment_method_type: string
  payment_method?: { type?: string, installments?: number, extra?: Extra } | null
  payment_link_id?: string | null
  payment_source_id?: number | null
  /** Not in the documentation of the answer; read where it is told. */
  expiration_time?: string | null
}

export interface Extra {
  brand?: string
  last_four?: string
  name?: string
  card_type?: string
  processor_response_code?: string
  async_payment_url?: string
  url?: string
  url_services?: Record<string, unknown>
  qr_id?: string
  qr_image?: string
  business_agreement_code?: string | number
  payment_intention_identifier?: string | number
  three_ds_auth?: unknown
  remaining_amount_in_cents?: number
  redeemed_amount_in_cents_pcol?: number
}

export interface Merchant {
  id?: number
  name?: string
  active?: boolean
  public_key?: string
  accepted_payment_methods?: string[]
  presigned_acceptance?: Acceptance
  presigned_personal_data_auth?: Acceptance
}

export interface Acceptance { acceptance_token?: string, permalink?: string, type?: string }

export interface Source {
  id: number
  type: string
  status: string
  customer_email?: string
  public_data?: { type?: string, brand?: string, last_four?: string, exp_month?: string, exp_year?: string }
}

export interface Link {
  id: string
  active: boolean
  name: string
  single_use?: boolean
  amount_in_cents?: number | null
  currency?: string
  sku?: string | null
  expires_at?: string | null
}

export interface Voided {
  status?: string
  status_message?: string | null
  transaction?: Transaction
}

export interface WompiEvent {
  event?: unknown
  data?: Record<string, unknown>
  environment?: unknown
  signature?: { properties?: unknown, checksum?: unknown }
  timestamp?: unknown
  sent_at?: unknown
}
