import { type Static, Type } from 'typebox'
import { closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { EcInvoiceBody, EcLine } from './ecuador-schema.ts'
import { invoiceStatuses } from './machine.ts'
import { EsCorrective, EsCustomer, EsInvoiceBody, EsLine } from './spain-schema.ts'

const Id = Type.String({ maxLength: 60 })
const Text = (maxLength: number, description?: string) => Type.String({ minLength: 1, maxLength, ...(description !== undefined && { description }) })

/** Decimal quantities and prices are strings: no float ever touches a fiscal amount. */
export const Decimal = (description?: string) => Type.String({ pattern: '^\\d{1,18}(\\.\\d{1,6})?$', ...(description !== undefined && { description }) })

export const Status = oneOf(invoiceStatuses)

export const Address = Type.Object({
  street: Type.Optional(Text(200)), city: Type.Optional(Text(100)), region: Type.Optional(Text(100)), postal_code: Type.Optional(Text(12)), country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' }))
}, closed)

export const InvoiceCustomer = Type.Object({
  name: Text(300, 'As the tax authority has it: in Mexico in capitals, without the corporate suffix.'),
  tax_id: Text(40),
  tax_id_type: Type.Optional(Text(20)),
  address: Type.Optional(Address),
  email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  mx: Type.Optional(Type.Object({
    regime: Type.Optional(Type.String({ pattern: '^\\d{3}$', description: 'c_RegimenFiscal' })),
    cfdi_use: Type.Optional(Type.String({ pattern: '^[A-Z0-9]{3,4}$', description: 'c_UsoCFDI' })),
    residence: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$', description: 'c_Pais, of a foreign receiver' })),
    foreign_tax_id: Type.Optional(Text(40))
  }, closed)),
  es: Type.Optional(EsCustomer)
}, closed)

export const InvoiceTax = Type.Object({
  type: Text(20, 'IVA, ISR, IEPS … of the country'),
  rate: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,6})?$', description: 'A fraction: 0.16' }),
  withheld: Type.Optional(Type.Boolean()),
  exempt: Type.Optional(Type.Boolean()),
  quota: Type.Optional(Type.Boolean({ description: '`rate` is an amount a unit, not a fraction.' })),
  base: Type.Optional(Decimal('Where the law’s base is not the line’s amount.')),
  code: Type.Optional(Type.String({ pattern: '^[0-9A-Z]{1,10}$', description: 'The authority’s own code where the rate does not tell it. Ecuador: ICE by table 18; IVA 6, not subject.' }))
}, closed)

export const InvoiceLine = Type.Object({
  description: Text(1000),
  quantity: Decimal(),
  unit_price: Decimal('Before taxes.'),
  discount: Type.Optional(Decimal('Of the whole line.')),
  sku: Type.Optional(Text(100)),
  unit: Type.Optional(Text(20)),
  taxes: Type.Array(InvoiceTax, { maxItems: 10 }),
  mx: Type.Optional(Type.Object({
    product_key: Type.String({ pattern: '^\\d{8}$', description: 'c_ClaveProdServ' }),
    unit_key: Type.String({ pattern: '^[A-Z0-9]{2,3}$', description: 'c_ClaveUnidad' }),
    tax_object: Type.Optional(Type.String({ pattern: '^0\\d$', description: 'c_ObjetoImp; 02 when there are taxes, 01 when there are none' })),
    customs: Type.Optional(Type.Array(Text(40, 'Pedimento: `15  48  3009  0001234`'), { minItems: 1, maxItems: 100, description: 'Numbers of customs declarations (pedimentos).' })),
    property: Type.Optional(Type.Array(Text(150), { minItems: 1, maxItems: 20, description: 'Numbers of the cuenta predial, of a rent.' })),
    third_party: Type.Optional(Type.Object({ tax_id: Text(13), name: Text(300), regime: Type.String({ pattern: '^\\d{3}$' }), postal_code: Type.String({ pattern: '^\\d{5}$' }) }, { ...closed, description: 'On whose account it is sold.' }))
  }, closed)),
  ec: Type.Optional(EcLine),
  es: Type.Optional(EsLine)
}, closed)

export const InvoicePayment = Type.Object({
  method: Type.Optional(Text(10, 'Mexico: PUE or PPD')),
  form: Type.Optional(Text(10, 'Mexico: c_FormaPago')),
  due: Type.Optional(Type.String({ format: 'date' })),
  conditions: Type.Optional(Text(1000))
}, closed)

const content = {
  country: oneOf(['MX', 'EC', 'ES']),
  kind: Type.Optional(oneOf(['invoice', 'credit_note', 'debit_note', 'global_invoice', 'transfer', 'withholding', 'delivery_note', 'purchase_settlement'], { default: 'invoice', description: 'The last three: Ecuador’s retención, guía de remisión and liquidación de compra.' })),
  issuer: Type.Optional(Type.String({ maxLength: 60, description: 'The only one of the tenant when absent.' })),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'Chosen by the routing rules when absent.' })),
  series: Type.Optional(Type.String({ maxLength: 60, description: 'Id or code; that of the till, the branch or the issuer when absent.' })),
  branch: Type.Optional(Type.String({ maxLength: 20, description: 'Of the issuer: chooses the series, and where it is issued.' })),
  till: Type.Optional(Type.String({ maxLength: 20, description: 'Of the branch: chooses the series.' })),
  customer: InvoiceCustomer,
  lines: Type.Array(InvoiceLine, { maxItems: 1000, description: 'At least one; of a withholding none.' }),
  payment: Type.Optional(InvoicePayment),
  currency: Currency,
  exchange_rate: Type.Optional(Decimal('Units of the country’s currency for one of `currency`.')),
  related: Type.Optional(Type.Array(Type.Object({ type: Text(10), fiscal_id: Text(60) }, closed), { maxItems: 100 })),
  local_taxes: Type.Optional(Type.Array(Type.Object({ name: Text(100), rate: Decimal('A fraction: 0.03 for 3 %.'), amount: Type.Optional(Decimal('Computed from `rate` when absent.')), withheld: Type.Optional(Type.Boolean()) }, closed), { maxItems: 20 })),
  payment_id: Type.Optional(Type.String({ maxLength: 60, description: 'The payment that this invoice covers.' })),
  mx: Type.Optional(Type.Object({
    export: Type.Optional(Type.String({ pattern: '^0[1-4]$' })),
    global: Type.Optional(Type.Object({ periodicity: Type.String({ pattern: '^0[1-5]$' }), months: Type.String({ pattern: '^\\d{2}$' }), year: Type.Integer({ minimum: 2022, maximum: 2100 }) }, closed)),
    postal_code: Type.Optional(Type.String({ pattern: '^\\d{5}$', description: 'LugarExpedicion; the branch’s or the issuer’s when absent.' })),
    zone: Type.Optional(Text(60, 'IANA zone of the place of issue, where its postal code does not tell it.')),
    rounding: Type.Optional(oneOf(['currency', 'six'], { description: 'How the amounts of lines are rounded: to the currency’s decimals (when absent), or to six.' })),
    confirmation: Type.Optional(Type.String({ pattern: '^[0-9A-Za-z]{5}$', description: 'Of the PAC, for amounts beyond its limits.' })),
    receipts: Type.Optional(oneOf(['automatic', 'manual'], { description: 'Of a PPD invoice: whether payments get their complemento de pago by themselves; as the issuer says when absent.' }))
  }, closed)),
  send: Type.Optional(Type.Boolean({ description: 'Mail it to its customer as soon as it is issued; as its issuer wishes (`mail.send`) when absent.' })),
  ec: Type.Optional(EcInvoiceBody),
  es: Type.Optional(EsInvoiceBody),
  reference: Type.Optional(Text(200, 'Your own number.')),
  metadata: Type.Optional(Metadata)
}

export const NewInvoice = Type.Object({ ...content, draft: Type.Optional(Type.Boolean({ default: false, description: 'Kept unissued, without a number.' })) }, closed)
export type NewInvoice = Static<typeof NewInvoice>

export const ChangeInvoice = Type.Object(content, closed)
export type ChangeInvoice = Static<typeof ChangeInvoice>

export const CancelInvoice = Type.Object({
  motive: Text(10, 'Mexico: 01 with a substitute, 02 without relation, 03 not carried out, 04 nominative in a global invoice.'),
  substitute: Type.Optional(Type.String({ maxLength: 60, description: 'The invoice (inv_…) or the fiscal id that replaces it: already issued, related to this one by 04.' }))
}, closed)
export type CancelInvoice = Static<typeof CancelInvoice>

export const NewCreditNote = Type.Object({
  lines: Type.Optional(Type.Array(InvoiceLine, { minItems: 1, maxItems: 1000, description: 'What is credited; all of it when absent.' })),
  relation: Type.Optional(Type.String({ pattern: '^0\\d$', default: '01', description: 'Mexico: 01 credit note, 03 return, 07 advance.' })),
  form: Type.Optional(Text(10)),
  reason: Type.Optional(Text(300, 'Ecuador: motivo. Spain: a note beside the reason code.')),
  es: Type.Optional(EsCorrective),
  series: Type.Optional(Id),
  reference: Type.Optional(Text(200)),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewCreditNote = Static<typeof NewCreditNote>

export const NewInvoicePayment = Type.Object({
  amount: Type.Optional(Decimal('In the invoice’s currency; all that is open when absent.')),
  form: Type.Optional(Text(10, 'Mexico: c_FormaPago, never 99; that of `payment`’s method when absent.')),
  exchange_rate: Type.Optional(Decimal('Units of the country’s currency for one of the foreign one on the day of the payment. Required where the invoice or `payment` is in another currency.')),
  paid_at: Type.Optional(Instant),
  payment: Type.Optional(Type.String({ maxLength: 60, description: 'The payment of ours that paid it: succeeded, and for no more than it took.' })),
  operation_number: Type.Optional(Text(100)),
  series: Type.Optional(Id)
}, closed)
export type NewInvoicePayment = Static<typeof NewInvoicePayment>

const MailAddress = Type.String({ format: 'email', maxLength: 254 })
export const NewInvoicePaymentLink = Type.Object({
  partial: Type.Optional(Type.Boolean({ default: false, description: 'The payer may pay a part of what is due.' })),
  minimum: Type.Optional(Type.Integer({ minimum: 1, maximum: 9_007_199_254_740_991, description: 'Minor units: the least that a part may be, but for the last.' })),
  methods: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }), { minItems: 1, maxItems: 20, uniqueItems: true, description: 'Which methods are offered; all that your connections can take when absent.' })),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'The one connection that is used; as your routing rules say when absent.' })),
  success_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000, description: 'Offered to the payer when it is paid.' })),
  expires_at: Type.Optional(Type.String({ format: 'date-time' }))
}, closed)
export type NewInvoicePaymentLink = Static<typeof NewInvoicePaymentLink>

export const InvoicePaymentLink = Type.Object({
  object: Type.Literal('invoice_payment_link'),
  invoice: Type.String(),
  mode: Mode,
  status: oneOf(['open', 'paid', 'closed', 'expired']),
  url: Type.String({ description: 'Where the customer pays. Whoever has it may pay, and see what is due; nothing else.' }),
  amount_due: Type.String(),
  currency: Type.String(),
  due: Nullable(Type.String()),
  payment_status: oneOf(['unpaid', 'partly_paid', 'paid', 'not_applicable']),
  partial: Type.Boolean(),
  minimum: Nullable(Type.Integer()),
  methods: Nullable(Type.Array(Type.String())),
  connection: Nullable(Type.String()),
  success_url: Nullable(Type.String()),
  expires_at: Nullable(Instant)
}, { title: 'InvoicePaymentLink' })
export type InvoicePaymentLink = Static<typeof InvoicePaymentLink>

export const SendInvoice = Type.Object({
  to: Type.Optional(Type.Union([MailAddress, Type.Array(MailAddress, { minItems: 1, maxItems: 10 })], { description: 'An address or several; the customer’s when absent.' })),
  cc: Type.Optional(Type.Array(MailAddress, { maxItems: 10 })),
  language: Type.Optional(oneOf(['es', 'en'], { description: 'Of the mail and of the PDF; the issuer’s (`mail.language`) when absent.' })),
  message: Type.Optional(Text(2000, 'Your own words, above the facts.'))
}, closed)
export type SendInvoice = Static<typeof SendInvoice>

export const PrintQuery = Type.Object({ size: Type.Optional(oneOf(['letter', 'a4'], { default: 'letter' })), language: Type.Optional(oneOf(['es', 'en'], { default: 'es' })) }, closed)
export type PrintQuery = Static<typeof PrintQuery>

const Message = Type.Object({ code: Type.String(), message: Type.String() })

export const Finding = Type.Object({ code: Type.String(), level: oneOf(['error', 'warning']), path: Type.String(), message: Type.String() }, { title: 'Finding' })
export const Validation = Type.Object({ ok: Type.Boolean(), errors: Type.Array(Finding), warnings: Type.Array(Finding), totals: Nullable(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })) }, { title: 'InvoiceValidation' })
export type Validation = Static<typeof Validation>

export const Invoice = Type.Object({
  id: Type.String(),
  object: Type.Literal('invoice'),
  mode: Mode,
  country: Type.String(),
  kind: Type.String(),
  status: Status,
  review: Nullable(Type.String({ description: 'Why a person must look at it.' })),
  issuer: Type.String(),
  connection: Nullable(Type.String()),
  provider: Nullable(Type.String()),
  series: Nullable(Type.String()),
  number: Nullable(Type.String()),
  fiscal_id: Nullable(Type.String()),
  customer: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  lines: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  totals: Type.Object({ subtotal: Type.String(), discount: Type.String(), taxes: Type.String(), withheld: Type.String(), total: Type.String() }),
  currency: Type.String(),
  exchange_rate: Nullable(Type.String()),
  payment: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  payment_status: oneOf(['unpaid', 'partly_paid', 'paid', 'not_applicable']),
  amount_paid: Type.String({ description: 'What came and stayed: refunds and disputes take it back.' }),
  amount_credited: Type.String({ description: 'By credit notes.' }),
  amount_due: Type.String(),
  due: Nullable(Type.String()),
  related: Type.Array(Type.Object({ type: Type.String(), fiscal_id: Type.String() })),
  payment_id: Nullable(Type.String()),
  about: Nullable(Type.String({ description: 'The invoice that a credit note or a payment receipt is about.' })),
  authority_messages: Type.Array(Message),
  cancellation: Nullable(Type.Object({ motive: Type.String(), substitute: Nullable(Type.String()), asked_at: Instant, canceled_at: Nullable(Instant) })),
  verification_url: Nullable(Type.String()),
  documents: Type.Array(Type.Object({ id: Type.String(), kind: Type.String(), name: Type.String() })),
  reference: Nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  issued_at: Nullable(Instant),
  stamped_at: Nullable(Instant),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Invoice' })
export type Invoice = Static<typeof Invoice>

export const ListInvoices = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  kind: Type.Optional(Type.String({ maxLength: 30 })),
  issuer: Type.Optional(Id),
  customer_tax_id: Type.Optional(Type.String({ maxLength: 40 })),
  fiscal_id: Type.Optional(Type.String({ maxLength: 60 })),
  reference: Type.Optional(Type.String({ maxLength: 200 })),
  payment_id: Type.Optional(Id)
}, closed)
export type ListInvoices = Static<typeof ListInvoices>
export const InvoicePage = pageOf(Invoice)
