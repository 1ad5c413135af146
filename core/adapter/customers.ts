import type { Mode } from './context.ts'
import type { CustomerReference, NextAction, PaymentProblem, Repeatable } from './payments.ts'

export interface CreateCustomerInput extends Repeatable {
  /** Our customer id: kept by the provider where it can be searched. */
  reference: string
  name?: string
  email?: string
  phone?: string
  taxId?: string
  metadata?: Record<string, string>
}

export interface UpdateCustomerInput extends Omit<CreateCustomerInput, 'reference'>, CustomerReference {}

export interface CustomerSnapshot {
  providerReference: string
  reference?: string
  name?: string
  email?: string
  mode?: Mode
}

/** Keeps a payer's method for later charges. `token` is what the provider's own form gave the browser. */
export interface SaveMethodInput extends Repeatable, CustomerReference {
  /** Our payment-method id. */
  reference: string
  type: string
  token: string
  returnUrl?: string
}

export interface SavedMethodSnapshot {
  /** What a later charge names as `method.token`. */
  providerReference: string
  /** `requires_action`: the payer must first agree at the bank. */
  status: 'active' | 'requires_action' | 'failed'
  type: string
  brand?: string
  last4?: string
  expMonth?: number
  expYear?: number
  nextAction?: NextAction
  error?: PaymentProblem
  /** The provider's id of the set-up, by which its outcome is asked for (Stripe: seti_…). */
  setupReference?: string
}
