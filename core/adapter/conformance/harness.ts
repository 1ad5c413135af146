import type { Adapter } from '../define.ts'
import type { HttpExchange } from '../http-client.ts'
import type { IssueInput } from '../invoicing.ts'
import type { Money } from '../money.ts'
import type { CreatePaymentInput, MethodInput, PaymentSnapshot } from '../payments.ts'
import type { ProviderProblem } from '../problems.ts'
import type { Simulator } from '../simulator.ts'

/** What the suite must be told, because only the author knows it. */
export interface Harness {
  adapter: Adapter
  /** A fresh one each time; the suite closes it. */
  simulator: () => Promise<Simulator>
  now?: () => Date
  /** Beside the manifest's defaults. */
  settings?: Record<string, unknown>
  /** Whether an exchange only reads, where the method does not tell (SOAP, token endpoints). GET and HEAD when absent. */
  reads?: (exchange: HttpExchange) => boolean
  /** Owed by an adapter with payments. */
  payments?: PaymentSamples
  /** Owed by an adapter with invoicing. */
  invoicing?: InvoicingSamples
  webhooks?: WebhookSamples
  /** Whole exchange, ms. */
  timeoutMs?: number
}

export interface PaymentSamples {
  /** Is paid at once. */
  approved: MethodInput
  /** Are refused, and why in our words. */
  declined: readonly { method: MethodInput, code: ProviderProblem }[]
  /** Sends the payer away; `complete` does there what the payer would do. */
  redirect?: { method: MethodInput, complete: (snapshot: PaymentSnapshot, simulator: Simulator) => unknown }
  /** What else a payment needs here. */
  more?: Partial<Pick<CreatePaymentInput, 'customer' | 'description' | 'returnUrl' | 'statementDescriptor' | 'metadata'>>
  /** The amount of an ordinary payment; chosen from the manifest's rules when absent. */
  amount?: Money
  /** To sweep; the manifest's when absent. */
  currencies?: readonly string[]
  /** Makes happen now what the provider does later, where `processing` comes before `succeeded`. */
  settle?: (snapshot: PaymentSnapshot, simulator: Simulator) => unknown
}

export type Document = IssueInput extends infer Input ? Input extends unknown ? Omit<Input, 'idempotencyKey' | 'reference'> : never : never

export interface InvoicingSamples {
  /** The nth document: different numbers, different natural keys. */
  document: (n: number) => Document
  /** A document that the authority rejects. */
  rejected?: (n: number) => Document
  /** What a cancellation needs beside the document: the law's motive, and what the hub would have signed. */
  cancellation: { motive: string, sealed?: Uint8Array }
  /** Under which word the simulator's books keep a document; our reference when absent. */
  booked?: (input: IssueInput) => string
}

export interface WebhookSamples {
  /** Two secrets, where they cannot be made from the simulator's own: how the provider signs, and what verifies it. */
  secrets?: readonly { sign: string, verify: string }[]
  /** False where the scheme signs no time, so that nothing is ever stale. */
  timed?: boolean
}
