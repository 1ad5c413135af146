import type { ConnectionContext, Mode } from './context.ts'
import type { IdempotencyKey } from './payments.ts'

/**
 * The unified fiscal document. Decimal quantities and prices are strings: fiscal arithmetic is decimal, never float.
 * Totals are computed once, in the core, never by an adapter. Country parts (`mx`, `ec`, `es`) say what only that law asks.
 */
export interface Invoice {
  /** Our invoice id. */
  reference: string
  country: 'MX' | 'EC' | 'ES'
  /** `transfer`: goods move, nothing is sold (Mexico: traslado). */
  kind: 'invoice' | 'credit_note' | 'debit_note' | 'payment_receipt' | 'global_invoice' | 'transfer' | 'withholding'
  series?: string
  number?: string
  issuedAt: Date
  issuer: InvoiceParty
  customer: InvoiceParty
  currency: string
  exchangeRate?: string
  lines: InvoiceLine[]
  totals: { subtotal: string, discount: string, taxes: string, withheld: string, total: string }
  payment?: { method?: string, form?: string, due?: string, conditions?: string }
  related?: { type: string, fiscalId: string }[]
  /** Of a state or a town, outside the national taxes. `rate` is a fraction. */
  localTaxes?: { name: string, rate: string, amount: string, withheld?: boolean }[]
  mx?: MxInvoice
  ec?: Record<string, unknown>
  es?: Record<string, unknown>
}

/** What only a CFDI asks. */
export interface MxInvoice {
  /** c_Exportacion; 01 when absent. */
  export?: string
  /** Of a global invoice: c_Periodicidad, c_Meses, the year. */
  global?: { periodicity: string, months: string, year: number | string }
  /** LugarExpedicion; the issuer's postal code when absent. */
  postalCode?: string
  /** IANA zone of the place of issue; that of the postal code when absent. */
  zone?: string
  confirmation?: string
  /** How lines are rounded; `currency` when absent. */
  rounding?: 'currency' | 'six'
  /** Of a payment receipt. */
  payments?: MxPayment[]
  [other: string]: unknown
}

/** A payment that a complemento de pago tells of. */
export interface MxPayment {
  paidAt: Date | string
  /** c_FormaPago, never 99. */
  form: string
  currency: string
  /** Pesos for one unit of `currency`. */
  exchangeRate?: string
  /** What the documents were paid, together, when absent. */
  amount?: string
  operationNumber?: string
  documents: {
    fiscalId: string
    series?: string
    number?: string
    currency: string
    /** Pesos for one unit of the document's currency on the day of the payment. */
    exchangeRate?: string
    /** Which of its payments this is, from 1. */
    part: number
    /** What was open before. */
    balance: string
    /** What of it was paid, in the document's currency. */
    amount: string
    /** Of the whole document: the payment carries its share. */
    taxes?: { total: string, charged: DocumentTax[], withheld: DocumentTax[] }
    taxObject?: string
  }[]
}

/** In the words of the law: tax and factor by their keys, `rate` absent where it is exempt. */
export interface DocumentTax { tax: string, factor: string, rate?: string, base: string }

export interface InvoiceParty {
  name: string
  taxId: string
  taxIdType?: string
  address?: { street?: string, city?: string, region?: string, postalCode?: string, country?: string }
  email?: string
  mx?: { regime?: string, cfdiUse?: string, residence?: string, foreignTaxId?: string }
  es?: Record<string, unknown>
}

export interface InvoiceLine {
  description: string
  quantity: string
  unitPrice: string
  discount?: string
  sku?: string
  unit?: string
  /** `quota`: `rate` is an amount for each unit, not a fraction. */
  taxes: { type: string, rate: string, base: string, amount: string, withheld?: boolean, exempt?: boolean, quota?: boolean }[]
  mx?: {
    productKey: string
    unitKey: string
    taxObject: string
    /** Sold on another's account. */
    thirdParty?: { taxId: string, name: string, regime: string, postalCode: string }
    /** Numbers of customs declarations (pedimentos). */
    customs?: string[]
    /** Numbers of the cuenta predial, of a rent. */
    property?: string[]
  }
}

export type DocumentStatus = 'submitted' | 'issued' | 'rejected' | 'cancel_requested' | 'cancel_pending_acceptance' | 'canceled' | 'cancel_rejected'

/** A fiscal document as the provider or the authority tells it at one moment. */
export interface DocumentSnapshot {
  /** '' of a document that was rejected and that the provider does not keep. */
  providerReference: string
  /** Our invoice id as the provider keeps it, where it does. */
  reference?: string
  /** The authority's identifier: UUID, clave de acceso, registry code. */
  fiscalId?: string
  status: DocumentStatus
  providerStatus: string
  /** The signed document exactly as received: re-serialising it would break its signature. */
  document?: Uint8Array
  /** The authority's findings, verbatim, in its language. */
  messages: { code: string, message: string }[]
  mode?: Mode
}

/**
 * What is handed over. `hub`: the core built and sealed the document; `provider`: the provider seals the model with a
 * certificate that was uploaded to it.
 */
export type IssueInput = {
  idempotencyKey: IdempotencyKey
  reference: string
  /** The natural key by which a repeat is recognised: issuer's tax id, series, number, and for a sealed one its digest. */
  naturalKey: { issuerTaxId: string, series?: string, number?: string, sha256?: string }
} & ({ sealed: Uint8Array, model?: undefined } | { model: Invoice, sealed?: undefined })

export interface DocumentLookup {
  reference: string
  naturalKey: IssueInput['naturalKey']
  /** The very bytes that were sent, where the hub seals: some providers are asked with them. */
  sealed?: Uint8Array
  fiscalId?: string
  from: Date
  to: Date
}

export interface CancelDocumentInput extends DocumentInRegister {
  idempotencyKey: IdempotencyKey
  reference: string
  providerReference: string
  /** The law's motive code (Mexico: 01–04). */
  motive: string
  /** Fiscal id of the document that replaces it. */
  substitute?: string
  /** The signed cancellation, where the hub seals. */
  sealed?: Uint8Array
}

/** By which the authority's register is asked about a document (Mexico: expresión impresa). */
export interface DocumentInRegister {
  fiscalId: string
  issuerTaxId: string
  customerTaxId: string
  /** Decimal, as the document writes it. */
  total: string
  /** The last characters of its seal, where the register asks for them. */
  sealTail?: string
}

export interface InvoicingFamily {
  /** `hub`: takes the document that the core built and sealed. `provider`: takes the model. */
  seals: 'hub' | 'provider'
  issue: (context: ConnectionContext, input: IssueInput) => Promise<DocumentSnapshot>
  get: (context: ConnectionContext, providerReference: string) => Promise<DocumentSnapshot>
  /** By natural key; undefined when the provider certainly has none. It is asked before any repeat: nothing is stamped twice. */
  find: (context: ConnectionContext, lookup: DocumentLookup) => Promise<DocumentSnapshot | undefined>
  validate?: (context: ConnectionContext, input: IssueInput) => Promise<DocumentSnapshot['messages']>
  cancel?: (context: ConnectionContext, input: CancelDocumentInput) => Promise<DocumentSnapshot>
  /** What became of a cancellation, and of the document in the authority's register as this provider sees it. */
  getCancellation?: (context: ConnectionContext, providerReference: string, document: DocumentInRegister) => Promise<DocumentSnapshot>
  download?: (context: ConnectionContext, providerReference: string, format: 'xml' | 'pdf') => Promise<Uint8Array>
  creditNote?: (context: ConnectionContext, input: IssueInput & { related: string }) => Promise<DocumentSnapshot>
  paymentReceipt?: (context: ConnectionContext, input: IssueInput & { related: string }) => Promise<DocumentSnapshot>
  selfInvoice?: (context: ConnectionContext, input: { idempotencyKey: IdempotencyKey, reference: string, model: Invoice }) => Promise<{ url: string, expiresAt?: Date }>
  registerSale?: (context: ConnectionContext, input: { idempotencyKey: IdempotencyKey, reference: string, model: Invoice }) => Promise<{ providerReference: string }>
  globalInvoice?: (context: ConnectionContext, input: IssueInput) => Promise<DocumentSnapshot>
  /** Stamps left, certificate on file: whatever the provider tells of the account. */
  status?: (context: ConnectionContext) => Promise<{ stampsLeft?: number, certificateExpiresAt?: Date }>
}

/** The tax authority's own register of documents: the referee of what a provider says of them. */
export interface RegisterFamily {
  /** `issued`: valid, whatever else is under way. Throws `not_found` (answered) for one that the register does not know (yet). */
  look: (context: ConnectionContext, document: DocumentInRegister) => Promise<DocumentSnapshot>
}
