import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { LocalText, Mode } from '../adapter/context.ts'
import type { SignatureMethod } from '../fiscal/xml/algorithms.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import type { PrintOptions } from './pdf.ts'
import type { InvoiceRow } from './queries.ts'
import type { ChangeInvoice, NewCreditNote } from './schema.ts'

/** A broken rule of the law, with the authority's own code. */
export interface Finding {
  code: string
  level: 'error' | 'warning'
  /** In the body that the caller sent, as far as it can be told. */
  path: string
  message: { es: string, en: string }
}

/** What a document is sealed with. The key never leaves `core/certificates`: `sign` runs there. */
export interface Seal {
  /** DER. */
  certificate: Uint8Array
  /** DER, nearest first: the authorities above it, as far as the tenant gave them. */
  chain: readonly Uint8Array[]
  sign: (bytes: Uint8Array, algorithm: SignatureMethod) => Promise<Buffer>
  /** The moment of signing, where the document says it. */
  at: Date
}

export interface Stamped {
  fiscalId: string
  stampedAt: Date
}

/**
 * What a country's law makes of the unified model. Formats and rules live in `core/fiscal`; this is how invoices reach them.
 * Pure, but for the signature.
 */
export interface Making {
  issuer: IssuerRow
  kind: string
  reference: string
  issuedAt: Date
  series?: string
  number?: string
  /** RUC of whoever runs this hub, where its comprobantes must say so. */
  operatorRuc?: string
  /** As it was sent before and rejected: what names it stays, as far as the law wants it so. */
  before?: InvoiceModel
}

export interface ReceiptInput {
  issuer: IssuerRow
  /** The invoice that is paid. */
  about: InvoiceRow
  /** Decimals, in the invoice's currency. `balance`: what was open before. */
  amount: string
  balance: string
  /** Which of its payments this is, from 1. */
  part: number
  form: string
  paidAt: Date
  issuedAt: Date
  reference: string
  operationNumber?: string
  /** Paid in another currency than the invoice's: so much of it. */
  paidIn?: { currency: string, amount: string }
  /** Units of the country's currency for one of the foreign one, on the day of the payment. */
  exchangeRate?: string
}

export interface CountryEngine {
  /** The unified model of what was asked, its totals computed. Throws a 400 that names the field for what cannot be computed. */
  model: (body: ChangeInvoice, making: Making) => InvoiceModel
  /** The receipt of a payment; absent where the law knows none. */
  receipt?: (input: ReceiptInput) => InvoiceModel
  /** Whether its tenant wants the receipts of payments to be issued by themselves. */
  automaticReceipts?: (body: ChangeInvoice, issuer: IssuerRow) => boolean
  /** The law's key for how a payment was made; undefined where the method does not tell. */
  formOf?: (method: { type: string, funding?: string } | null, issuer?: IssuerRow) => string | undefined
  /** What needs no exchange rate. */
  homeCurrency?: string
  /** Every broken rule, before money or stamps are spent. `dataDir`: where the operator's catalogues are. Never throws. */
  findings: (model: InvoiceModel, now: Date, dataDir?: string) => Finding[]
  /** The document, sealed. Its bytes are kept and sent as they are. */
  seal: (model: InvoiceModel, seal: Seal) => Promise<Buffer>
  /**
   * What came back must be the document that was sent, with a stamp that holds. Throws an Error that says what differs.
   * `sealed` is absent where the provider sealed: then its totals and parties are compared with the model. `told`: what the
   * provider said beside it, and when, for documents that carry no word of the authority.
   */
  stamped: (model: InvoiceModel, sealed: Buffer | null, returned: Uint8Array, told: { fiscalId?: string, at: Date }) => Stamped
  /** The unified model of a document that another system made; undefined for a kind that is no invoice. Throws for what is no document. */
  read?: (document: Uint8Array, reference: string) => InvoiceModel | undefined
  /** The signed request to cancel; absent where the law has none. */
  cancellation?: (input: { issuerTaxId: string, fiscalId: string, motive: string, substitute?: string, at: Date }, seal: Seal) => Promise<Buffer>
  /** What to do where the law knows no cancellation by a program. */
  insteadOfCancelling?: LocalText
  /** What a credit note of its country says that the invoice did not. */
  credit?: (note: ChangeInvoice, asked: NewCreditNote, about: InvoiceRow) => ChangeInvoice
  /** The law keeps its documents so long. */
  retentionYears?: number
  /** Motives that may be given, and which needs a substitute. */
  motives: Readonly<Record<string, { needsSubstitute: boolean }>>
  /** What a QR code holds: anybody may check the document there. */
  verificationUrl?: (model: InvoiceModel, fiscalId: string, document: Uint8Array, mode: Mode) => string
  /** What a person reads and files, made from the document alone. */
  print?: (document: Uint8Array, options: PrintOptions) => Promise<Buffer>
  /** The same invoice as UBL 2.1 under EN 16931. Throws a 422 for what that cannot say. */
  ubl?: (model: InvoiceModel) => Buffer
  /** `A-123.xml` … */
  fileName: (model: InvoiceModel, fiscalId: string) => string
}

/** The document that came back is not the one that was sent. */
export class ForeignDocument extends Error {
  override readonly name = 'ForeignDocument'
}
