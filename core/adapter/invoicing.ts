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
  /** `transfer`: goods move, nothing is sold (Mexico: traslado). The last three: Ecuador's retención, guía de remisión, liquidación de compra. */
  kind: 'invoice' | 'credit_note' | 'debit_note' | 'payment_receipt' | 'global_invoice' | 'transfer' | 'withholding' | 'delivery_note' | 'purchase_settlement'
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
  ec?: EcInvoice
  es?: EsInvoice
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
    /** Computed in the core: what is open after it, units of the document's currency for one of the payment's, and its share of the taxes. */
    remaining?: string
    equivalence?: string
    share?: { tax: string, factor: string, rate?: string, base: string, amount?: string, withheld: boolean }[]
  }[]
}

/** What only a comprobante of the SRI asks. Days are `AAAA-MM-DD`. */
export interface EcInvoice {
  /** Ambiente: 1 pruebas, 2 producción. */
  environment: '1' | '2'
  /** Of the series: establecimiento and punto de emisión. */
  establishment?: string
  point?: string
  /** Clave de acceso, once the document has its number. */
  accessKey?: string
  /** Signed with SHA-256 instead of SHA-1. */
  sha256?: boolean
  /** RUC of who runs the system that issues it (Anexo 26). */
  operatorRuc?: string
  additionalInfo?: { name: string, value: string }[]
  /** One of the whole total when absent, by `payment.form`. */
  payments?: { form: string, total: string, term?: string, unit?: string }[]
  tip?: string
  /** Of an invoice whose goods travel: `001-001-000000001`. */
  deliveryNote?: string
  /** Transport services: the vehicle. */
  plate?: string
  /** Collected for others, outside the total. */
  thirdPartyItems?: { concept: string, total: string }[]
  /** Of a credit note. */
  reason?: string
  /** What a credit or debit note changes. */
  modified?: { document: string, number: string, issuedOn: string }
  withholding?: EcWithholding
  delivery?: EcDelivery
}

export interface EcWithholding {
  /** `mm/aaaa` */
  period: string
  relatedParty?: boolean
  /** Of one from abroad: 01 natural, 02 legal. */
  subjectType?: string
  documents: {
    /** codSustento of the ATS */
    support: string
    document: string
    number: string
    issuedOn: string
    registeredOn?: string
    authorization?: string
    subtotal: string
    total: string
    /** Taxes that the document charged. */
    taxes: { type: string, rate: string, code?: string, base: string, amount?: string, exempt?: boolean }[]
    withheld: { type: string, code: string, base: string, percent: string, amount?: string }[]
    payments: { form: string, total: string }[]
  }[]
}

export interface EcDelivery {
  from: string
  startsOn: string
  endsOn: string
  plate: string
  carrier: { name: string, taxId: string, taxIdType?: string }
  reason: string
  route?: string
  destinationEstablishment?: string
  customsDocument?: string
  /** The sale whose goods these are. */
  support?: { document: string, number: string, authorization?: string, issuedOn: string }
}

/** What only a Facturae asks. Days are `AAAA-MM-DD`, rates fractions. */
export interface EsInvoice {
  /** By the calendar of the mainland. */
  issuedOn: string
  /** FC: complete, FA: simplified. FC when absent. */
  document?: 'FC' | 'FA'
  operationDate?: string
  period?: EsPeriod
  language?: string
  description?: string
  transactionReference?: string
  contractReference?: string
  fileReference?: string
  /** Of a factura rectificativa. */
  corrective?: {
    /** ReasonCode: 01–16, 80–85. */
    reason: string
    /** CorrectionMethod: 01–04. By differences (02) it says how much less. */
    method: string
    period: EsPeriod
    series?: string
    number?: string
    issuedOn?: string
    note?: string
  }
  /** What the record for the AEAT says otherwise than the invoice tells; `url`, where its QR leads, once the record is made. */
  verifactu?: {
    type?: string
    regime?: string
    exemption?: string
    description?: string
    withoutRecipient?: boolean
    substitutes?: { number: string, issuedOn: string }[]
    /** Of the invoice that this one takes the place of: base and tax (surcharges apart) in euros. */
    rectified?: { base: string, tax: string, surcharge?: string }
    url?: string
  }
  /** Of the whole invoice, beside those of its lines. */
  discounts?: EsCharge[]
  charges?: EsCharge[]
  /** Where it is to be paid, or from where it is collected (PaymentMeans 02). */
  account?: { iban: string, bic?: string }
  attachments?: { format: string, data: string, description?: string, compression?: string }[]
  legalLiterals?: string[]
  additionalInformation?: string
}

export interface EsPeriod { start: string, end: string }

/** `rate` is of the amount that it is taken off; with both, `amount` counts. */
export interface EsCharge { reason: string, rate?: string, amount?: string }

export interface EsParty {
  person?: 'natural' | 'legal'
  residence?: 'resident' | 'eu' | 'foreign'
  /** Of a natural person: then `name` is the given name alone. */
  firstSurname?: string
  secondSurname?: string
  tradeName?: string
  /** Datos registrales, in one text. */
  registration?: string
  phone?: string
  website?: string
  /** Codes of the public bodies that a public buyer is billed by: FACe asks for the first three. */
  dir3?: { accountingOffice?: string, managingBody?: string, processingUnit?: string, proposingBody?: string }
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
  /** Of an issuer of Ecuador. Addresses on one line: of the head office, and of the establishment when it is another. */
  ec?: { tradeName?: string, headOffice?: string, establishmentAddress?: string, specialTaxpayer?: string, keepsAccounting?: boolean, withholdingAgent?: string, rimpe?: 'entrepreneur' | 'popular_business' }
  es?: EsParty
}

export interface InvoiceLine {
  description: string
  quantity: string
  unitPrice: string
  discount?: string
  sku?: string
  unit?: string
  /** Quantity × unit price as the document writes it, before the discount. Computed in the core. */
  amount?: string
  /** `quota`: `rate` is an amount for each unit, not a fraction. `code`: the authority's own, where the rate does not tell it. */
  taxes: { type: string, rate: string, base: string, amount: string, withheld?: boolean, exempt?: boolean, quota?: boolean, code?: string }[]
  ec?: { auxiliaryCode?: string, details?: { name: string, value: string }[] }
  /** `special`: why it is exempt or not taxable (SpecialTaxableEvent 01, 02). */
  es?: { discounts?: EsCharge[], charges?: EsCharge[], special?: { code: string, reason: string }, period?: EsPeriod, information?: string }
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
  /** The authority's own paper about it, kept beside it, where it gives one (SRI: autorización). */
  authorization?: Uint8Array
  /** When the authority made it a fiscal document, where the document itself does not say so. */
  authorizedAt?: Date
  /** The authority's findings, verbatim, in its language. */
  messages: { code: string, message: string }[]
  mode?: Mode
  /** It was rejected for its signature or certificate, by this message: what the same certificate signs next would be too. */
  refusedSignature?: { code: string, message: string }
  /** What the receiver did with it since, where the authority passes that on: it changes nothing of the document. */
  handling?: { code: string, text: string, refused: boolean }
  /** Payments of another provider that it covers, where the provider invoices these by itself. `provider` is an adapter's id. */
  charges?: { provider: string, providerReference: string }[]
}

/** A certificate with its key, as the tax authority's programs write them. Handed over only by recorded consent. */
export interface CertificateUpload {
  idempotencyKey: IdempotencyKey
  /** DER. */
  certificate: Uint8Array
  /** PKCS#8, encrypted with the passphrase. */
  key: Uint8Array
  passphrase: string
  /** Of its holder. */
  taxId: string
}

/** What the authority's list says of a customer, as far as the provider tells; what is absent was not compared. */
export interface CustomerCheck {
  ok: boolean
  matches: { taxId?: boolean, name?: boolean, postalCode?: boolean, regime?: boolean }
  /** The provider's own words. */
  message?: string
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
  /**
   * `sent`: the bytes that are asked about, where the hub seals: an answer about an earlier attempt is not one about them.
   * Absent where the provider tells nothing of a document once it is stamped.
   */
  get?: (context: ConnectionContext, providerReference: string, sent?: { sealed: Uint8Array }) => Promise<DocumentSnapshot>
  /**
   * By natural key; undefined when the provider certainly has none. It is asked before any repeat: nothing is stamped twice.
   * Absent where the provider cannot be asked, and `unsupported` is thrown where it cannot be asked about this one: then a repeat
   * must be harmless (`natural-key`, `idempotency-key`).
   */
  find?: (context: ConnectionContext, lookup: DocumentLookup) => Promise<DocumentSnapshot | undefined>
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
  /** Asks the authority's list through the provider. Some charge a stamp for it. */
  checkCustomer?: (context: ConnectionContext, customer: { taxId: string, name: string, postalCode: string, regime: string }) => Promise<CustomerCheck>
  /** Where the provider seals: puts the certificate on file there. The same again replaces it by itself. */
  uploadCertificate?: (context: ConnectionContext, upload: CertificateUpload) => Promise<{ number?: string, expiresAt?: Date }>
  /**
   * The payment provider (an adapter's id) whose charges this account invoices by itself, as the connection's settings declare.
   * Of such a charge the hub never issues an invoice: it listens, and links what the provider made.
   */
  invoicesChargesOf?: (settings: Readonly<Record<string, unknown>>) => string | undefined
  /** Stamps left, certificate on file: whatever the provider tells of the account. */
  status?: (context: ConnectionContext) => Promise<{ stampsLeft?: number, certificateExpiresAt?: Date }>
}

/** The tax authority's own register of documents: the referee of what a provider says of them. */
export interface RegisterFamily {
  /** `issued`: valid, whatever else is under way. Throws `not_found` (answered) for one that the register does not know (yet). */
  look: (context: ConnectionContext, document: DocumentInRegister) => Promise<DocumentSnapshot>
}
