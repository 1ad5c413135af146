import type { Mode } from './context.ts'
import type { Money } from './money.ts'
import type { Repeatable } from './payments.ts'

/**
 * `warning_*`: an inquiry, no money has moved yet · `needs_response`: evidence may be sent until `evidenceDueBy` · `accepted`: we gave in.
 */
export const disputeStatuses = ['warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response', 'under_review', 'won', 'lost', 'accepted'] as const
export type DisputeStatus = typeof disputeStatuses[number]

export const disputeReasons = ['fraudulent', 'duplicate', 'product_not_received', 'product_unacceptable', 'subscription_canceled', 'credit_not_processed', 'unrecognized', 'incorrect_amount', 'general'] as const
export type DisputeReason = typeof disputeReasons[number]

export interface DisputeSnapshot {
  providerReference: string
  paymentProviderReference: string
  /** Our payment id as the provider keeps it. */
  reference?: string
  status: DisputeStatus
  providerStatus: string
  reason: DisputeReason
  providerReason?: string
  amount: Money
  /** After this moment evidence is no longer taken. */
  evidenceDueBy?: Date
  /** Whether evidence was sent. */
  evidenceSubmitted?: boolean
  /** The provider's own fee, minor units of `amount`'s currency. */
  fee?: number
  createdAt?: Date
  mode?: Mode
}

/** Texts only: files are uploaded in the provider's own dashboard. */
export interface DisputeEvidence {
  productDescription?: string
  customerName?: string
  customerEmail?: string
  shippingCarrier?: string
  shippingTrackingNumber?: string
  shippingDate?: string
  refundPolicyDisclosure?: string
  explanation?: string
}

export interface SubmitEvidenceInput extends Repeatable {
  providerReference: string
  reference: string
  evidence: DisputeEvidence
  /** False keeps it as a draft at the provider. */
  submit: boolean
}

export interface AcceptDisputeInput extends Repeatable {
  providerReference: string
  reference: string
}
