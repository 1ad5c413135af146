import { type Static, Type } from 'typebox'
import { Charges, Period, Text } from '../fiscal-data/content.ts'
import { closed, oneOf } from '../http-schema.ts'

/** What only a Facturae asks, in the words of the API. Rates are fractions: 0.04 is 4 %. */

const Day = Type.String({ format: 'date' })
const SignedAmount = Type.String({ pattern: '^-?\\d{1,12}(\\.\\d{1,2})?$' })

export const EsCorrective = Type.Object({
  reason: Type.Optional(Type.String({ pattern: '^(?:0[1-9]|1[0-6]|8[0-5])$', default: '16', description: 'ReasonCode: 01–16 (RD 1619/2012), 80–85 (art. 80 LIVA)' })),
  method: Type.Optional(oneOf(['01', '02', '03', '04'], { default: '02', description: 'CorrectionMethod: 01 in full, 02 differences, 03 volume discount, 04 authorised by the AEAT' })),
  period: Type.Optional({ ...Period, description: 'In which the correction takes effect; the month of the corrected invoice when absent.' }),
  series: Type.Optional(Text(20, 'Of the corrected invoice, where it is not one of ours.')),
  number: Type.Optional(Text(20)),
  issued_on: Type.Optional(Day),
  note: Type.Optional(Text(2500))
}, closed)

export const EsInvoiceBody = Type.Object({
  document: Type.Optional(oneOf(['FC', 'FA'], { description: 'FC complete (when absent), FA simplified' })),
  operation_date: Type.Optional(Day),
  period: Type.Optional(Period),
  language: Type.Optional(oneOf(['es', 'ca', 'eu', 'gl', 'en', 'fr', 'de', 'pt', 'it'])),
  description: Type.Optional(Text(2500)),
  transaction_reference: Type.Optional(Text(20, 'The buyer’s order.')),
  contract_reference: Type.Optional(Text(20, 'The buyer’s contract.')),
  file_reference: Type.Optional(Text(20, 'The buyer’s file (expediente).')),
  corrective: Type.Optional(EsCorrective),
  verifactu: Type.Optional(Type.Object({
    type: Type.Optional(oneOf(['F1', 'F2', 'F3', 'R1', 'R2', 'R3', 'R4', 'R5'], { description: 'TipoFactura; told from the invoice when absent.' })),
    regime: Type.Optional(Type.String({ pattern: '^\\d{2}$', description: 'ClaveRegimen; 01 when absent, 02 for exports, 18 with the recargo de equivalencia.' })),
    exemption: Type.Optional(Type.String({ pattern: '^E[1-8]$', description: 'OperacionExenta; told from the provision that a line names when absent.' })),
    description: Type.Optional(Text(500, 'DescripcionOperacion; `description` or the first line when absent.')),
    rectified: Type.Optional(Type.Object({ base: SignedAmount, tax: SignedAmount, surcharge: Type.Optional(SignedAmount) }, { ...closed, description: 'Of the invoice that a rectificativa íntegra (corrective.method 01) takes the place of, in euros; that of its record when absent, where it is one of ours.' })),
    without_recipient: Type.Optional(Type.Boolean({ description: 'Art. 6.1.d RD 1619/2012: an F2 or R5 whose buyer need not be named, over 3,000 € too.' })),
    substitutes: Type.Optional(Type.Array(Type.Object({ number: Text(60, 'Series and number.'), issued_on: Day }, closed), { maxItems: 1000, description: 'Of an F3: the simplified invoices that it replaces.' }))
  }, { ...closed, description: 'What the record for the AEAT says otherwise, where the issuer keeps records (VERI*FACTU).' })),
  discounts: Charges('Of the whole invoice.'),
  charges: Charges('Of the whole invoice.'),
  account: Type.Optional(Type.Object({ iban: Text(42), bic: Type.Optional(Text(11)) }, { ...closed, description: 'Where it is paid, or collected from (payment.form 02); the issuer’s (`es.iban`) when absent.' })),
  attachments: Type.Optional(Type.Array(Type.Object({
    format: oneOf(['xml', 'doc', 'gif', 'rtf', 'pdf', 'xls', 'jpg', 'bmp', 'tiff', 'html']), data: Type.String({ maxLength: 5_000_000, contentEncoding: 'base64' }), description: Type.Optional(Text(2500)), compression: Type.Optional(oneOf(['ZIP', 'GZIP', 'NONE']))
  }, closed), { maxItems: 5 })),
  legal_literals: Type.Optional(Type.Array(Text(250), { maxItems: 20 })),
  additional_information: Type.Optional(Text(2500))
}, { ...closed, title: 'EsInvoiceBody' })
export type EsInvoiceBody = Static<typeof EsInvoiceBody>
