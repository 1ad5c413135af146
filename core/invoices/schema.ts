import { type Static, Type } from 'typebox'
import { closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { invoiceStatuses } from './machine.ts'

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
  es: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
}, closed)

export const InvoiceTax = Type.Object({
  type: Text(20, 'IVA, ISR, IEPS … of the country'),
  rate: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,6})?$', description: 'A fraction: 0.16' }),
  withheld: Type.Optional(Type.Boolean()),
  exempt: Type.Optional(Type.Boolean()),
  quota: Type.Optional(Type.Boolean({ description: '`rate` is an amount a unit, not a fraction.' })),
  base: Type.Optional(Decimal('Where the law’s base is not the line’s amount.'))
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
    tax_object: Type.Optional(Type.String({ pattern: '^0\\d$', description: 'c_ObjetoImp; 02 when there are taxes, 01 when there are none' }))
  }, closed))
}, closed)

export const InvoicePayment = Type.Object({
  method: Type.Optional(Text(10, 'Mexico: PUE or PPD')),
  form: Type.Optional(Text(10, 'Mexico: c_FormaPago')),
  due: Type.Optional(Type.String({ format: 'date' })),
  conditions: Type.Optional(Text(1000))
}, closed)

const content = {
  country: oneOf(['MX', 'EC', 'ES']),
  kind: Type.Optional(oneOf(['invoice', 'credit_note', 'debit_note', 'global_invoice', 'transfer'], { default: 'invoice' })),
  issuer: Type.Optional(Type.String({ maxLength: 60, description: 'The only one of the tenant when absent.' })),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'Chosen by the routing rules when absent.' })),
  series: Type.Optional(Type.String({ maxLength: 60, description: 'Id or code; the issuer’s default when absent.' })),
  customer: InvoiceCustomer,
  lines: Type.Array(InvoiceLine, { minItems: 1, maxItems: 1000 }),
  payment: Type.Optional(InvoicePayment),
  currency: Currency,
  exchange_rate: Type.Optional(Decimal('Units of the country’s currency for one of `currency`.')),
  related: Type.Optional(Type.Array(Type.Object({ type: Text(10), fiscal_id: Text(60) }, closed), { maxItems: 100 })),
  local_taxes: Type.Optional(Type.Array(Type.Object({ name: Text(100), rate: Decimal(), amount: Decimal(), withheld: Type.Optional(Type.Boolean()) }, closed), { maxItems: 20 })),
  payment_id: Type.Optional(Type.String({ maxLength: 60, description: 'The payment that this invoice covers.' })),
  mx: Type.Optional(Type.Object({
    export: Type.Optional(Type.String({ pattern: '^0[1-4]$' })),
    global: Type.Optional(Type.Object({ periodicity: Type.String({ pattern: '^0[1-5]$' }), months: Type.String({ pattern: '^\\d{2}$' }), year: Type.Integer({ minimum: 2022, maximum: 2100 }) }, closed)),
    postal_code: Type.Optional(Type.String({ pattern: '^\\d{5}$', description: 'LugarExpedicion; the issuer’s when absent.' }))
  }, closed)),
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
  series: Type.Optional(Id),
  reference: Type.Optional(Text(200)),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewCreditNote = Static<typeof NewCreditNote>

export const NewInvoicePayment = Type.Object({
  amount: Type.Optional(Decimal('In the invoice’s currency; all that is open when absent.')),
  form: Text(10, 'Mexico: c_FormaPago, never 99'),
  paid_at: Type.Optional(Instant),
  payment: Type.Optional(Type.String({ maxLength: 60, description: 'The payment of ours that paid it.' })),
  operation_number: Type.Optional(Text(100)),
  series: Type.Optional(Id)
}, closed)
export type NewInvoicePayment = Static<typeof NewInvoicePayment>

export const SendInvoice = Type.Object({ to: Type.Optional(Type.Array(Type.String({ format: 'email', maxLength: 254 }), { minItems: 1, maxItems: 10, description: 'The customer’s address when absent.' })), message: Type.Optional(Text(2000)) }, closed)
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
  amount_paid: Type.String(),
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
