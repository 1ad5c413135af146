import type { CheckoutLine, CheckoutSnapshot, CreateCheckoutInput, CreatePaymentLinkInput, PaymentLinkSnapshot } from './checkout.ts'
import type { ConnectionContext, Mode } from './context.ts'
import type { CreateCustomerInput, CustomerSnapshot, SavedMethodSnapshot, SaveMethodInput, UpdateCustomerInput } from './customers.ts'
import type { AcceptDisputeInput, DisputeSnapshot, SubmitEvidenceInput } from './disputes.ts'
import type { Money } from './money.ts'
import type { ProviderProblem } from './problems.ts'
import type { CancelSubscriptionInput, ChangeSubscriptionInput, CreatePlanInput, CreateSubscriptionInput, CycleSnapshot, PlanSnapshot, ProrationPreview, SubscriptionSnapshot, UpdateSubscriptionInput } from './subscriptions.ts'

/** What a payment can be, at any provider. `unknown` is ours alone: an adapter never answers it, it throws. */
export const paymentStatuses = ['requires_payment_method', 'requires_action', 'processing', 'authorized', 'succeeded', 'canceled', 'failed', 'expired'] as const
export type ProviderPaymentStatus = typeof paymentStatuses[number]

export type NextAction =
  | { type: 'redirect', url: string }
  /** `account`: whose page scripts it needs, where the key is a platform's (Stripe.js: stripeAccount). `url`: a page of the provider's that does the same. */
  | { type: 'client_secret', client_secret: string, publishable_key?: string, account?: string, url?: string }
  | { type: 'voucher', reference: string, barcode_url?: string, url?: string, expires_at: string }
  | { type: 'bank_transfer', clabe?: string, account?: string, bic?: string, bank?: string, beneficiary?: string, reference?: string, amount?: number, currency?: string, amount_remaining?: number, url?: string, expires_at?: string }
  | { type: 'qr', data: string, image?: string, expires_at?: string }
  | { type: 'wallet_push', expires_at?: string }
  | { type: 'sdk_challenge', data: Record<string, unknown> }

/**
 * Chosen by the hub once per operation and the same on every repetition. An adapter forwards it; it never makes one.
 */
export type IdempotencyKey = string & { readonly __brand: 'IdempotencyKey' }

/** How the payer pays: `type` is one of the manifest's methods; a card comes only as a provider's token. */
export interface MethodInput {
  type: string
  /** The provider's token or saved-method id. Never a card number. */
  token?: string
  [field: string]: unknown
}

export interface PayerInput {
  name?: string
  email?: string
  phone?: string
  tax_id?: string
  /** The provider's own customer id, where one is known. */
  provider_reference?: string
}

export interface Repeatable {
  idempotencyKey: IdempotencyKey
}

/** A customer as the provider knows it. */
export interface CustomerReference {
  customerProviderReference: string
}

export interface CreatePaymentInput extends Repeatable {
  /** Our payment id: kept by the provider where it can be searched and comes back in webhooks. */
  reference: string
  /** Which attempt of the payment this is, from 1: a new transaction at providers that cannot confirm again. */
  attempt: number
  amount: Money
  /** Absent: the payment is opened and waits for a method. */
  method?: MethodInput
  capture: 'automatic' | 'manual'
  offSession?: boolean
  /** The tenant's own order number, shown where the provider shows one. */
  orderReference?: string
  description?: string
  statementDescriptor?: string
  customer?: PayerInput
  /** Where the payer's browser returns after a redirect. */
  returnUrl?: string
  metadata?: Record<string, string>
  /** What is sold: told to providers that show or require it. Sums to `amount`. */
  lines?: CheckoutLine[]
  /** How much of `amount` is tax, by kind, where the provider takes it. */
  taxBreakdown?: { type: string, amount: number }[]
  /** Months without interest, or the card's own plan, where country and card allow. */
  installments?: number
  /** Keeps the method for later charges of `customer.provider_reference`. */
  saveMethod?: boolean
  /** When a voucher or a transfer's instructions end, where the provider lets one choose. */
  expiresAt?: Date
}

export interface ConfirmPaymentInput extends Repeatable {
  providerReference: string
  reference: string
  attempt: number
  amount: Money
  method: MethodInput
  returnUrl?: string
  offSession?: boolean
  /** As it was told with the payment: a voucher needs the payer's name. */
  customer?: PayerInput
  expiresAt?: Date
  installments?: number
}

export interface CapturePaymentInput extends Repeatable {
  providerReference: string
  reference: string
  /** At most what is authorised; the rest is released. */
  amount: Money
}

/** Of a payment whose payer agreed. */
export interface CompletePaymentInput extends Repeatable {
  providerReference: string
  reference: string
}

export interface CancelPaymentInput extends Repeatable {
  providerReference: string
  reference: string
  reason?: 'requested_by_customer' | 'duplicate' | 'fraudulent' | 'abandoned'
}

export interface RefundInput extends Repeatable {
  /** Our refund id. */
  refundReference: string
  /** Our payment id. */
  reference: string
  providerReference: string
  amount: Money
  reason?: 'requested_by_customer' | 'duplicate' | 'fraudulent'
}

/** A payment as the provider tells it at one moment. Amounts are in our minor units. */
export interface PaymentSnapshot {
  providerReference: string
  /** Our payment id as the provider keeps it; absent when the provider's object carries none. */
  reference?: string
  status: ProviderPaymentStatus
  /** The provider's own word. */
  providerStatus: string
  /** What was asked. */
  amount: Money
  /** Reserved and not yet captured. */
  amountCapturable: number
  amountCaptured: number
  /** Undefined when the provider does not say it with the payment. */
  amountRefunded?: number
  /** Those that the provider tells with the payment: where no webhook names a refund, one made in its dashboard is known by them. */
  refunds?: readonly RefundSnapshot[]
  disputed?: boolean
  mode?: Mode
  nextAction?: NextAction
  /** The payer agreed, and the provider leaves it to us to take the money (`completePayment`): which agreement it is, in the provider's words. Looking never takes it. */
  approval?: string
  /** Why the last attempt failed. */
  error?: PaymentProblem
  method?: { type: string, brand?: string, last4?: string, wallet?: string, funding?: 'credit' | 'debit' | 'prepaid' }
  /** The saved method that paid, for the next charge: with `saveMethod` it becomes one of the customer's, by this name once. Told by the answer, or by each look. */
  savedMethodReference?: string
  /** The provider's customer, where it told one. */
  customerProviderReference?: string
  /** Received so far of a transfer that may come in parts; `amountCaptured` counts only what is complete. */
  amountReceived?: number
  /** The provider's id of the money movement (Stripe: charge), when it differs. */
  transactionReference?: string
  createdAt?: Date
}

export interface PaymentProblem {
  code: ProviderProblem
  providerCode?: string
  message?: string
}

export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'

export interface RefundSnapshot {
  providerReference: string
  /** Our refund id as the provider keeps it; absent for a refund made in the provider's own dashboard. */
  refundReference?: string
  paymentProviderReference?: string
  status: RefundStatus
  providerStatus: string
  amount: Money
  error?: PaymentProblem
  createdAt?: Date
}

/** Where to look for an object whose creation was not answered. */
export interface Lookup {
  reference: string
  /** The object was asked for no earlier than this. */
  from: Date
  to: Date
}

export interface RefundLookup extends Lookup {
  refundReference: string
  /** Absent when it is not known: then there can be no refund. */
  providerReference: string
  /** What was to go back. */
  amount?: Money
  /** The provider's ids of this payment's other refunds: where a refund keeps no reference of ours, one of `amount` that is none of these is it. */
  others?: readonly string[]
}

export interface CustomerLookup extends Lookup {
  /** At providers that look for customers by mail. */
  email?: string
}

export interface SubscriptionLookup extends Lookup {
  /** Whose it is: at providers whose subscriptions are only listed by customer. */
  customerProviderReference?: string
}

export interface ProviderTransaction {
  providerReference: string
  type: 'payment' | 'refund' | 'dispute' | 'fee' | 'payout' | 'other'
  /** Signed as it moved the balance: a refund is negative. In the currency that was settled. */
  amount: Money
  fee?: number
  net?: number
  /** Our payment or refund id, where the provider tells it with the movement. */
  reference?: string
  /** The payment that it is about, by the provider's id. */
  paymentProviderReference?: string
  /** The payout that contains it. */
  payout?: string
  availableAt?: Date
  at: Date
}

/** What exists at the provider, however it came to be: for finding what no webhook told us. */
export interface ProviderListing<T> {
  data: T[]
  next?: string
}

export interface ListRange { from: Date, to: Date, cursor?: string }

export interface TransactionPage {
  data: ProviderTransaction[]
  next?: string
}

/**
 * The payments family. A method that exists is the capability; leaving one out IS the declaration that it is missing.
 * A decline is an answer (a snapshot with `error`), not an exception. Exceptions are ProviderError only.
 */
export interface PaymentsFamily {
  createPayment: (context: ConnectionContext, input: CreatePaymentInput) => Promise<PaymentSnapshot>
  /** The truth about one payment. Like every look it moves no money. */
  getPayment: (context: ConnectionContext, providerReference: string) => Promise<PaymentSnapshot>
  /**
   * By our reference; undefined when the provider certainly has none. Owed where a create is not answered for sure. Where each
   * attempt is an object of its own: one that has money on it before all others, else the newest attempt.
   */
  findPayment?: (context: ConnectionContext, lookup: Lookup) => Promise<PaymentSnapshot | undefined>
  /** Another attempt on the same provider object. Absent: the hub creates a new one. */
  confirmPayment?: (context: ConnectionContext, input: ConfirmPaymentInput) => Promise<PaymentSnapshot>
  /** Takes, or holds, what the payer agreed to, at a provider whose snapshots have an `approval`. */
  completePayment?: (context: ConnectionContext, input: CompletePaymentInput) => Promise<PaymentSnapshot>
  capture?: (context: ConnectionContext, input: CapturePaymentInput) => Promise<PaymentSnapshot>
  cancel?: (context: ConnectionContext, input: CancelPaymentInput) => Promise<PaymentSnapshot>
  refund?: (context: ConnectionContext, input: RefundInput) => Promise<RefundSnapshot>
  getRefund?: (context: ConnectionContext, providerReference: string) => Promise<RefundSnapshot>
  findRefund?: (context: ConnectionContext, lookup: RefundLookup) => Promise<RefundSnapshot | undefined>
  /** Movements of the balance, with fees and payouts. */
  listTransactions?: (context: ConnectionContext, range: ListRange) => Promise<TransactionPage>
  /** Payments by creation time, oldest or newest first, whole: the webhook completeness audit compares it with what we heard. */
  listPayments?: (context: ConnectionContext, range: ListRange) => Promise<ProviderListing<PaymentSnapshot>>
  createCheckout?: (context: ConnectionContext, input: CreateCheckoutInput) => Promise<CheckoutSnapshot>
  getCheckout?: (context: ConnectionContext, providerReference: string) => Promise<CheckoutSnapshot>
  findCheckout?: (context: ConnectionContext, lookup: Lookup) => Promise<CheckoutSnapshot | undefined>
  expireCheckout?: (context: ConnectionContext, input: Repeatable & { providerReference: string, reference: string }) => Promise<CheckoutSnapshot>
  /** The page that made a payment, by the provider's id of the payment: owed where pages collect. A link's payers have one each. Undefined when no page made it. */
  getCheckoutOf?: (context: ConnectionContext, paymentProviderReference: string) => Promise<CheckoutSnapshot | undefined>
  createPaymentLink?: (context: ConnectionContext, input: CreatePaymentLinkInput) => Promise<PaymentLinkSnapshot>
  getPaymentLink?: (context: ConnectionContext, providerReference: string) => Promise<PaymentLinkSnapshot>
  findPaymentLink?: (context: ConnectionContext, lookup: Lookup) => Promise<PaymentLinkSnapshot | undefined>
  expirePaymentLink?: (context: ConnectionContext, input: Repeatable & { providerReference: string, reference: string }) => Promise<PaymentLinkSnapshot>
  createCustomer?: (context: ConnectionContext, input: CreateCustomerInput) => Promise<CustomerSnapshot>
  updateCustomer?: (context: ConnectionContext, input: UpdateCustomerInput) => Promise<CustomerSnapshot>
  findCustomer?: (context: ConnectionContext, lookup: CustomerLookup) => Promise<CustomerSnapshot | undefined>
  deleteCustomer?: (context: ConnectionContext, input: Repeatable & CustomerReference) => Promise<void>
  saveMethod?: (context: ConnectionContext, input: SaveMethodInput) => Promise<SavedMethodSnapshot>
  /** The outcome of a set-up that needed the payer. */
  getSetup?: (context: ConnectionContext, setupReference: string) => Promise<SavedMethodSnapshot>
  listMethods?: (context: ConnectionContext, input: CustomerReference) => Promise<SavedMethodSnapshot[]>
  removeMethod?: (context: ConnectionContext, input: Repeatable & CustomerReference & { providerReference: string }) => Promise<void>
  createPlan?: (context: ConnectionContext, input: CreatePlanInput) => Promise<PlanSnapshot>
  findPlan?: (context: ConnectionContext, lookup: Lookup) => Promise<PlanSnapshot | undefined>
  createSubscription?: (context: ConnectionContext, input: CreateSubscriptionInput) => Promise<SubscriptionSnapshot>
  getSubscription?: (context: ConnectionContext, providerReference: string) => Promise<SubscriptionSnapshot>
  findSubscription?: (context: ConnectionContext, lookup: SubscriptionLookup) => Promise<SubscriptionSnapshot | undefined>
  updateSubscription?: (context: ConnectionContext, input: UpdateSubscriptionInput) => Promise<SubscriptionSnapshot>
  previewUpdate?: (context: ConnectionContext, input: Omit<UpdateSubscriptionInput, 'idempotencyKey'>) => Promise<ProrationPreview>
  cancelSubscription?: (context: ConnectionContext, input: CancelSubscriptionInput) => Promise<SubscriptionSnapshot>
  pauseSubscription?: (context: ConnectionContext, input: ChangeSubscriptionInput) => Promise<SubscriptionSnapshot>
  resumeSubscription?: (context: ConnectionContext, input: ChangeSubscriptionInput) => Promise<SubscriptionSnapshot>
  /** Newest first, at most 100. */
  listCycles?: (context: ConnectionContext, subscriptionProviderReference: string) => Promise<CycleSnapshot[]>
  getDispute?: (context: ConnectionContext, providerReference: string) => Promise<DisputeSnapshot>
  listDisputes?: (context: ConnectionContext, range: ListRange) => Promise<ProviderListing<DisputeSnapshot>>
  submitEvidence?: (context: ConnectionContext, input: SubmitEvidenceInput) => Promise<DisputeSnapshot>
  acceptDispute?: (context: ConnectionContext, input: AcceptDisputeInput) => Promise<DisputeSnapshot>
}
