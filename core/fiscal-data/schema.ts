import { type Static, Type } from 'typebox'
import { collectFields } from '../adapter/checkout.ts'
import { closed, oneOf } from '../http-schema.ts'
import { Decimal, Finding, InvoiceCustomer, InvoiceLine, Text } from './content.ts'

const given = {
  issuer: Type.Optional(Type.String({ maxLength: 60, description: 'Whose document it is: its country says by which law. The only one that you have when absent.' })),
  series: Type.Optional(Type.String({ maxLength: 60, description: 'Id or code; that of the till, the branch or the issuer when absent.' })),
  branch: Type.Optional(Type.String({ maxLength: 20 })),
  till: Type.Optional(Type.String({ maxLength: 20 })),
  customer: Type.Optional(InvoiceCustomer),
  lines: Type.Optional(Type.Array(InvoiceLine, { minItems: 1, maxItems: 1000, description: 'What is sold, in the words of the law. With their taxes they sum to what is charged. Made of the payment’s own `lines` when absent.' })),
  form: Type.Optional(Text(10, 'How it is paid, by the law’s list (Mexico: c_FormaPago); as the method tells when absent.')),
  exchange_rate: Type.Optional(Decimal('Units of the country’s currency for one of the payment’s.')),
  send: Type.Optional(Type.Boolean({ description: 'Mail it to its customer; as the issuer wishes when absent.' })),
  on_invalid: Type.Optional(oneOf(['refuse', 'let_through'], { description: 'What happens when it breaks rules of the authority: nothing is charged and the answer is `invoice_invalid`, or it is charged all the same and the answer tells the rules. As your settings say when absent.' }))
}

const description = 'Of what will be invoiced: whose the document is and what is sold. It is checked by the authority’s rules before anything is charged, and kept sealed.'

/** What a payment that will be invoiced brings with it. */
export const InvoiceData = Type.Object(given, { ...closed, title: 'InvoiceData', description })
export type InvoiceData = Static<typeof InvoiceData>

/** The same of a page at the provider, which may ask the buyer itself. */
export const PageInvoiceData = Type.Object({
  ...given,
  collect: Type.Optional(Type.Boolean({ description: 'The page asks the buyer for what the document needs, as far as the provider’s page can. What was typed there goes before `customer`.' }))
}, { ...closed, title: 'PageInvoiceData', description })
export type PageInvoiceData = Static<typeof PageInvoiceData>

/** What the answer says of it. */
export const InvoiceCheck = Type.Object({
  ok: Type.Boolean({ description: 'False: it breaks the rules in `errors`, and was let through.' }),
  errors: Type.Array(Finding),
  collects: Type.Optional(Type.Array(oneOf(collectFields), { description: 'What the provider’s page asks the buyer for. Empty: it cannot ask.' }))
}, { title: 'InvoiceCheck', description: 'In the answer that made it, where `invoice` was sent.' })
export type InvoiceCheck = Static<typeof InvoiceCheck>

/** What is kept of it, sealed. */
export interface FiscalData extends Omit<InvoiceData, 'issuer' | 'on_invalid'> {
  country: 'MX' | 'EC' | 'ES'
  /** Public id. */
  issuer: string
}
