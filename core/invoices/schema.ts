import { type Static, Type } from 'typebox'
import { closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { Decimal, Finding, InvoiceCustomer, InvoiceLine, Text } from '../fiscal-data/content.ts'
import { EcInvoiceBody } from './ecuador-schema.ts'
import { invoiceStatuses } from './machine.ts'
import { EsCorrective, EsInvoiceBody } from './spain-schema.ts'

export { Address, Decimal, Finding, InvoiceCustomer, InvoiceLine, InvoiceTax } from '../fiscal-data/content.ts'

const Id = Type.String({ maxLength: 60 })

export const Status = oneOf(invoiceStatuses)

export const InvoicePayment = Type.Object({
  method: Type.Optional(Text(10, 'Mexico: PUE or PPD')),
  form: Type.Optional(Text(10, 'Mexico: c_FormaPago')),
  due: Type.Optional(Type.String({ format: 'date' })),
  conditions: Type.Optional(Text(1000))
}, closed)

const LocalTax = Type.Object({ name: Text(100), rate: Decimal('A fraction: 0.03 for 3 %.'), amount: Type.Optional(Decimal('Computed from `rate` when absent.')), withheld: Type.Optional(Type.Boolean()) }, closed)

const MxInvoiceBody = Type.Object({
  export: Type.Optional(Type.String({ pattern: '^0[1-4]$' })),
  global: Type.Optional(Type.Object({ periodicity: Type.String({ pattern: '^0[1-5]$' }), months: Type.String({ pattern: '^\\d{2}$' }), year: Type.Integer({ minimum: 2022, maximum: 2100 }) }, closed)),
  postal_code: Type.Optional(Type.String({ pattern: '^\\d{5}$', description: 'LugarExpedicion; the branch’s or the issuer’s when absent.' })),
  zone: Type.Optional(Text(60, 'IANA zone of the place of issue, where its postal code does not tell it.')),
  rounding: Type.Optional(oneOf(['currency', 'six'], { description: 'How the amounts of lines are rounded: to the currency’s decimals (when absent), or to six.' })),
  confirmation: Type.Optional(Type.String({ pattern: '^[0-9A-Za-z]{5}$', description: 'Of the PAC, for amounts beyond its limits.' })),
  receipts: Type.Optional(oneOf(['automatic', 'manual'], { description: 'Of a PPD invoice: whether payments get their complemento de pago by themselves; as the issuer says when absent.' }))
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
  local_taxes: Type.Optional(Type.Array(LocalTax, { maxItems: 20 })),
  payment_id: Type.Optional(Type.String({ maxLength: 60, description: 'The payment that this invoice covers.' })),
  mx: Type.Optional(MxInvoiceBody),
  send: Type.Optional(Type.Boolean({ description: 'Mail it to its customer as soon as it is issued; as its issuer wishes (`mail.send`) when absent.' })),
  ec: Type.Optional(EcInvoiceBody),
  es: Type.Optional(EsInvoiceBody),
  reference: Type.Optional(Text(200, 'Your own number.')),
  metadata: Type.Optional(Metadata)
}

export const NewInvoice = Type.Object({ ...content, draft: Type.Optional(Type.Boolean({ default: false, description: 'Kept unissued, without a number.' })) }, { ...closed, title: 'NewInvoice' })
export type NewInvoice = Static<typeof NewInvoice>

export const ChangeInvoice = Type.Object(content, { ...closed, title: 'ChangeInvoice' })
export type ChangeInvoice = Static<typeof ChangeInvoice>

export const CancelInvoice = Type.Object({
  motive: Text(10, 'Mexico: 01 with a substitute, 02 without relation, 03 not carried out, 04 nominative in a global invoice.'),
  substitute: Type.Optional(Type.String({ maxLength: 60, description: 'The invoice (inv_…) or the fiscal id that replaces it: already issued, related to this one by 04.' }))
}, closed)
export type CancelInvoice = Static<typeof CancelInvoice>

export const ResolveInvoiceReview = Type.Object({
  decision: oneOf(['mark_issued', 'mark_rejected', 'dismiss'],
    { description: 'Of what nobody can be asked about, or what was compared by hand. `mark_issued`: the authority has it, under `fiscal_id`, which is asked for where that can be; `mark_rejected`: it has not, and the document can be corrected and issued again under its number; `dismiss`: the review ends and our state stays.' }),
  fiscal_id: Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: 'With `mark_issued`: UUID, clave de acceso, registry number of FACe.' })),
  reason: Type.String({ minLength: 3, maxLength: 1000 })
}, closed)
export type ResolveInvoiceReview = Static<typeof ResolveInvoiceReview>

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

export const Validation = Type.Object({ ok: Type.Boolean(), errors: Type.Array(Finding), warnings: Type.Array(Finding), totals: Nullable(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })) }, { title: 'InvoiceValidation' })
export type Validation = Static<typeof Validation>

/** What was asked, as it was: closed on the way in, open on the way out, so that what an older version took is shown as well. */
const asAsked = <T>(description: string) => Nullable(Type.Unsafe<T>({ type: 'object', additionalProperties: true, description }))

export const Invoice = Type.Object({
  id: Type.String(),
  object: Type.Literal('invoice'),
  mode: Mode,
  country: Type.String(),
  kind: Type.String(),
  status: Status,
  review: Nullable(Type.String({ description: 'Why a person must look at it.' })),
  issuer: Type.String(),
  connection: Nullable(Type.String({ description: 'By which it went; before that the one that was asked for, if any.' })),
  provider: Nullable(Type.String()),
  series: Nullable(Type.String({ description: 'Of its number; while it has none, the one that was asked for, as it was named.' })),
  number: Nullable(Type.String()),
  branch: Nullable(Type.String()),
  till: Nullable(Type.String()),
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
  local_taxes: Type.Array(LocalTax),
  mx: asAsked<Static<typeof MxInvoiceBody>>('What only a CFDI has, as it was asked for.'),
  ec: asAsked<EcInvoiceBody>('What only a comprobante of the SRI has, as it was asked for.'),
  es: asAsked<EsInvoiceBody>('What only a Facturae has, as it was asked for; in lists without its attachments.'),
  send: Nullable(Type.Boolean({ description: 'Whether it is mailed when it is issued; null: as its issuer wishes.' })),
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
  payment_id: Type.Optional(Id),
  about: Type.Optional(Type.String({ maxLength: 60, description: 'What was made of one invoice: its credit notes, payment receipts and substitutes.' }))
}, closed)
export type ListInvoices = Static<typeof ListInvoices>
export const InvoicePage = pageOf(Invoice)
