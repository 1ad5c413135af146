/**
 * Kushki's objects, as far as the adapter reads them. Source: facts section 6; the names of a transaction's fields are those of the card
 * webhook, which the list of transactions shares (docs.kushki.com, notifications, read 2026-11-21).
 */

/** A transaction: in the list, and in a webhook of a card. */
export interface Row {
  ticket_number?: string
  /** Of a capture, a void or a refund: what it is about. */
  sale_ticket_number?: string
  transaction_type?: string
  transaction_status?: string
  transaction_reference?: string
  payment_method?: string
  created?: number | string
  currency_code?: string
  request_amount?: number | string
  approved_transaction_amount?: number | string
  iva_value?: number | string
  amount?: unknown
  metadata?: unknown
  subscription_id?: string
  subscription_metadata?: unknown
  response_code?: string
  response_text?: string
  payment_brand?: string
  last_four_digits?: string
  card_type?: string
  number_of_months?: number | string
  /** Of cash. */
  pin?: string
  expiration?: number | string
  /** Of a transfer. */
  token?: string
}

/** The answer to a charge, a hold, a capture, a void. `details` comes with `fullResponse`. */
export interface Charged {
  ticketNumber?: string
  transactionReference?: string
  details?: ChargedDetails
  /** Of a refund that tells no more. */
  code?: string
  message?: string
}

export interface ChargedDetails {
  transactionStatus?: string
  transactionType?: string
  responseCode?: string
  responseText?: string
  requestAmount?: number
  approvedTransactionAmount?: number
  amount?: unknown
  currencyCode?: string
  created?: number | string
  paymentBrand?: string
  lastFourDigits?: string
  maskedCardNumber?: string
  cardType?: string
}

export interface CashInit {
  ticketNumber?: string
  pin?: string
  pdfUrl?: string
  transactionReference?: string
}

export interface TransferInit {
  redirectUrl?: string
  transactionReference?: string
  ticketNumber?: string
  [field: string]: unknown
}

/** The state of a transfer, and its webhook. Of cash: its webhook. */
export interface WaitingState {
  status?: string
  token?: string
  ticketNumber?: string
  amount?: unknown
  totalAmount?: number
  currency?: string
  created?: number | string
  expiration?: number | string
  metadata?: unknown
  pin?: string
  pdfUrl?: string
  responseText?: string
  [field: string]: unknown
}

export interface KeptCard {
  subscriptionId?: string
  planName?: string
  periodicity?: string
  startDate?: number | string
  created?: number | string
  amount?: unknown
  metadata?: unknown
  active?: boolean
  status?: string
  lastFourDigits?: string
  maskedCardNumber?: string
  paymentBrand?: string
  cardType?: string
}
