import type { Mode } from './context.ts'
import type { Money } from './money.ts'
import type { CustomerReference, PayerInput, Repeatable } from './payments.ts'

/** A position that the payer reads: unit price in minor units, tax included, times a whole quantity. */
export interface CheckoutLine {
  name: string
  description?: string
  quantity: number
  unitAmount: number
}

interface HostedPage extends Repeatable {
  /** Our id of the session or link: kept by the provider, and on every payment that comes of it (`PaymentSnapshot.reference`). */
  reference: string
  /** Equals the sum of the lines where lines are given. */
  amount: Money
  lines?: CheckoutLine[]
  description?: string
  orderReference?: string
  capture: 'automatic' | 'manual'
  /** Types of the manifest's methods; absent: what the account offers. */
  methods?: string[]
  statementDescriptor?: string
  metadata?: Record<string, string>
  /** The buyer's tax id is asked for on the page, where the provider can. */
  collectTaxId?: boolean
}

/** A page at the provider on which one payer pays once. */
export interface CreateCheckoutInput extends HostedPage {
  successUrl: string
  cancelUrl?: string
  expiresAt?: Date
  customer?: PayerInput & Partial<CustomerReference>
  /** The method is kept for later charges of `customer`, which must be a saved one. */
  saveMethod?: boolean
  locale?: 'es' | 'en'
}

export type CheckoutStatus = 'open' | 'complete' | 'expired'

export interface CheckoutSnapshot {
  providerReference: string
  reference?: string
  status: CheckoutStatus
  providerStatus: string
  url?: string
  amount: Money
  /** The payment that the page made, once there is one. Complete is not paid: a voucher may still be open. */
  paymentProviderReference?: string
  /** The link that opened this session, where one did (Stripe: payment_link). */
  linkProviderReference?: string
  expiresAt?: Date
  /** What the payer typed. */
  payer?: PayerInput
  mode?: Mode
}

/** A page at the provider that may be paid many times. */
export interface CreatePaymentLinkInput extends HostedPage {
  /** Where the payer goes afterwards; absent: the provider's own thank-you page. */
  successUrl?: string
  /** How many may pay; absent: any number. */
  maxPayments?: number
  expiresAt?: Date
}

export interface PaymentLinkSnapshot {
  providerReference: string
  reference?: string
  status: 'active' | 'inactive'
  providerStatus: string
  url: string
  /** Absent where the provider does not tell it again: then only the payments that come of it say. */
  amount?: Money
  mode?: Mode
}
