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

/** What an invoice needs of the buyer, where a page of the provider's can ask for it. */
export const collectFields = ['tax_id', 'name', 'postal_code', 'regime', 'use'] as const
export type CollectField = typeof collectFields[number]

/** A question whose answers are the law's: the page shows the labels, and the value comes back. */
export interface CollectChoices {
  label: string
  choices: readonly { value: string, label: string }[]
}

/** What a page asks for, of the fields that the manifest's `collects` names. The buyer may leave all of it empty. */
export interface CollectInput {
  tax_id?: true
  /** As the authority has it. */
  name?: true
  /** Of where the buyer is registered; the whole address where the page asks for one. */
  postal_code?: true
  regime?: CollectChoices
  use?: CollectChoices
}

/** What the buyer typed, as it was typed; absent what was left empty. */
export interface Collected {
  tax_id?: string
  name?: string
  email?: string
  address?: { street?: string, city?: string, region?: string, postal_code?: string, country?: string }
  /** Of the choices. */
  regime?: string
  use?: string
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
  /** What an invoice needs is asked for on the page: only what the manifest's `collects` names. */
  collect?: CollectInput
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
  /** What was typed where the page asked for what an invoice needs: once it is complete. */
  collected?: Collected
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
