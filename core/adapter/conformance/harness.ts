import type { Collected } from '../checkout.ts'
import type { ConnectionContext, Mode } from '../context.ts'
import type { CreateCustomerInput, SavedMethodSnapshot } from '../customers.ts'
import type { Adapter } from '../define.ts'
import type { HttpExchange } from '../http-client.ts'
import type { CertificateUpload, DocumentInRegister, Invoice, IssueInput } from '../invoicing.ts'
import type { OperationName } from '../manifest.ts'
import type { Money } from '../money.ts'
import type { CreatePaymentInput, MethodInput, PaymentSnapshot } from '../payments.ts'
import type { ProviderProblem } from '../problems.ts'
import type { SubmitRecordsInput } from '../records.ts'
import type { Simulator } from '../simulator.ts'
import type { SubscriptionSnapshot } from '../subscriptions.ts'

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
  /** Owed by an adapter with records. */
  records?: RecordSamples
  webhooks?: WebhookSamples
  /** Owed by an adapter that connects by OAuth. */
  oauth?: OAuthSamples
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
  /** What a customer must have here beside a name and a mail. */
  customer?: Partial<Pick<CreateCustomerInput, 'phone' | 'taxId'>>
  /** What else a payment needs here; its `customer` is told with a page of the provider's, too. */
  more?: Partial<Pick<CreatePaymentInput, 'customer' | 'description' | 'returnUrl' | 'statementDescriptor' | 'metadata'>>
  /** The amount of an ordinary payment; chosen from the manifest's rules when absent. */
  amount?: Money
  /** To sweep; the manifest's when absent. */
  currencies?: readonly string[]
  /** Makes happen now what the provider does later, where `processing` comes before `succeeded`. */
  settle?: (snapshot: PaymentSnapshot, simulator: Simulator) => unknown
  /**
   * The body of an answer with another word in place of the payment's status, one that nobody ever heard of. Owed where the word is
   * not a JSON string (XML) or not `providerStatus` verbatim.
   */
  strangeStatus?: (body: string, providerStatus: string) => string
  /**
   * How many objects the provider keeps under our reference: sessions, links, customers, plans, subscriptions. Read from its books
   * or with its own SDK, never with the adapter. Owed by an adapter that makes any of them.
   */
  made?: (reference: string, simulator: Simulator, context: ConnectionContext) => number | Promise<number>

  /** Operations that send nothing, because the provider keeps no such object: a page that is an address signed by us. */
  sendsNothing?: readonly OperationName[]
  /** True where only the whole of a payment goes back: then a part is refused as `unsupported`. */
  wholeRefunds?: boolean

  // What follows is optional: what is there is tried.

  /** Cash at a counter. */
  voucher?: VoucherSamples
  /** The payer's bank sends the money. */
  transfer?: TransferSamples
  /** A method whose bank asks the payer in the shop's own page, where there is no page to come back to. */
  inPage?: { method: MethodInput }
  saved?: SavedMethodSamples
  /**
   * What a payer does on a page of the provider's; resolves to the provider's id of the payment, where a link opened the page.
   * `fill`: the same, with what the page asked for an invoice. Owed where the manifest has `collects`.
   */
  checkout?: { pay: (page: { providerReference: string, url?: string }, simulator: Simulator, context: ConnectionContext) => unknown, fill?: (page: { providerReference: string, url?: string }, typed: Collected, simulator: Simulator, context: ConnectionContext) => unknown }
  subscription?: SubscriptionSamples
  dispute?: DisputeSamples
}

/** What else is told with a payment by this method. */
type More = Partial<Pick<CreatePaymentInput, 'customer' | 'description' | 'amount'>>

export interface VoucherSamples {
  method: MethodInput
  more?: More
  /** Somebody pays it. */
  pay: (snapshot: PaymentSnapshot, simulator: Simulator, context: ConnectionContext) => unknown
  /** Nobody did, and its time is over. */
  expire?: (snapshot: PaymentSnapshot, simulator: Simulator, context: ConnectionContext) => unknown
  /** False where the provider cannot give cash back: then a refund is refused as `unsupported`. */
  refundable?: boolean
  /** False where the provider alone says when it ends. */
  endIsChosen?: boolean
}

export interface TransferSamples {
  method: MethodInput
  more?: More
  /** So much arrives. */
  send: (snapshot: PaymentSnapshot, amount: Money, simulator: Simulator, context: ConnectionContext) => unknown
  /** False where only the whole amount is taken. */
  parts?: boolean
}

/** Tokens as the provider's form gives them to the browser. */
export interface SavedMethodSamples {
  type: string
  token: string
  /** Is refused when it is to be kept. */
  declined?: { token: string, code: ProviderProblem }
  /** The bank asks the payer first; `complete` does what the payer would. */
  challenged?: { token: string, complete: (snapshot: SavedMethodSnapshot, simulator: Simulator, context: ConnectionContext) => unknown }
  /** Is kept, but a charge while the payer is away needs the payer. */
  needsPayer?: { token: string }
  /** Is kept, and every charge of it is refused. */
  failing?: { token: string }
}

export interface SubscriptionSamples {
  /** The payer agrees on a page of the provider's, where no saved method can pay: does there what the payer would. */
  approve?: (snapshot: SubscriptionSnapshot, simulator: Simulator, context: ConnectionContext) => unknown
  /** What the provider has no word for: more than one of a plan, free days, an end with the period. */
  lacks?: readonly ('quantity' | 'trial' | 'period_end')[]
  /** Makes the provider's time pass, for this account: periods end, invoices are paid. */
  advance?: (to: Date, simulator: Simulator, context: ConnectionContext) => unknown
}

export interface DisputeSamples {
  /** What is paid with, where a test method brings the dispute; the approved one when absent. */
  method?: MethodInput
  /** The payer's bank takes the money of this payment back; resolves to the provider's id of the dispute. */
  open: (payment: PaymentSnapshot, simulator: Simulator, context: ConnectionContext) => string | Promise<string>
}

export type Document = IssueInput extends infer Input ? Input extends unknown ? Omit<Input, 'idempotencyKey' | 'reference'> : never : never

export interface InvoicingSamples {
  /** The nth document: different numbers, different natural keys. */
  document: (n: number) => Document
  /** A document that the authority rejects. */
  rejected?: (n: number) => Document
  /** What a cancellation needs beside the document: the law's motive, and what the hub would have signed. */
  cancellation: { motive: string, sealed?: (fiscalId: string) => Uint8Array | Promise<Uint8Array> }
  /** What every sample document says of itself in the authority's register. */
  register: Omit<DocumentInRegister, 'fiscalId'>
  /** Under which word the simulator's books keep a document; our reference when absent. */
  booked?: (input: IssueInput) => string
  /** Owed where the provider seals: the certificate that it seals the sample documents with. */
  certificate?: Omit<CertificateUpload, 'idempotencyKey'>
  /** Owed by one that checks customers: one that the authority's list has so, and one that it has otherwise. */
  customer?: Record<'right' | 'wrong', { taxId: string, name: string, postalCode: string, regime: string }>
  /** Owed by one that lets customers invoice themselves: what was sold, and how many links there are for it in the provider's books. */
  selfInvoice?: { model: (n: number) => Invoice, made: (reference: string, simulator: Simulator) => number }
  /** The provider packs its answers (ZIP in base64), so that no text of them names the document. */
  packed?: boolean
}

export interface WebhookSamples {
  /** Two secrets, where they cannot be made from the simulator's own: how the provider signs, and what verifies it. */
  secrets?: readonly { sign: string, verify: string }[]
  /** False where the scheme signs no time, so that nothing is ever stale. */
  timed?: boolean
}

export interface OAuthSamples {
  /** A new application of an operator's, whose sellers may be sent back to this address: the fields of the manifest's `oauth.app`. */
  application: (simulator: Simulator, mode: Mode, redirectUri: string) => Record<string, string>
  /** What the account's owner does on the provider's page; resolves to where the browser is sent. */
  consent: (url: string, decision: 'allow' | 'deny', simulator: Simulator, account?: string) => Promise<string>
  /** The owner takes it back, at the provider. */
  revoke: (account: string, simulator: Simulator) => unknown
  /** A secret of that shape that is not the application's. */
  wrongSecret: (secret: string) => string
  /** False where the provider knows no PKCE. */
  pkce?: boolean
}

/** Records as the core writes them. */
export interface RecordSamples {
  issuer: { name: string, taxId: string }
  /** So many, of invoices whose numbers begin with `prefix`. */
  records: (prefix: string, count: number, now: Date) => SubmitRecordsInput['records']
  /** One that the authority refuses. */
  refused: (session: { simulator: Simulator }, prefix: string, now: Date) => SubmitRecordsInput['records'][number]
}
