import type { WireValue } from './amounts.ts'

/** As the wire has them. Source: facts section 4, and PayU's own SDKs; read 2026-11-21. Everything may be null. */

export interface Envelope {
  code?: string
  error?: string | null
  transactionResponse?: TransactionResponse | null
  result?: { payload?: unknown } | null
  creditCardTokenList?: CardToken[] | null
  [name: string]: unknown
}

export interface TransactionResponse {
  orderId?: number | string | null
  transactionId?: string | null
  state?: string | null
  responseCode?: string | null
  pendingReason?: string | null
  responseMessage?: string | null
  paymentNetworkResponseErrorMessage?: string | null
  trazabilityCode?: string | null
  authorizationCode?: string | null
  operationDate?: number | string | null
  extraParameters?: Record<string, unknown> | null
}

export interface Transaction {
  id: string
  type?: string | null
  parentTransactionId?: string | null
  paymentMethod?: string | null
  paymentCountry?: string | null
  creditCard?: { maskedNumber?: string | null } | null
  transactionResponse?: TransactionResponse | null
  extraParameters?: Record<string, unknown> | null
  additionalValues?: { TX_VALUE?: WireValue | null } | null
}

export interface Order {
  id: number | string
  referenceCode?: string | null
  status?: string | null
  creationDate?: number | string | null
  isTest?: boolean | null
  transactions?: Transaction[] | null
  additionalValues?: { TX_VALUE?: WireValue | null } | null
}

export interface CardToken {
  creditCardTokenId: string
  paymentMethod?: string | null
  maskedNumber?: string | null
}
