import { type Static, Type } from 'typebox'
import { Field, Text } from '../fiscal-data/content.ts'
import { closed, oneOf } from '../http-schema.ts'

/** What only a comprobante of the SRI asks, in the words of the API. */

const Amount = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,2})?$' })
const Day = Type.String({ format: 'date' })
const DocumentNumber = Type.String({ pattern: '^\\d{3}-\\d{3}-\\d{9}$', description: '001-001-000000001' })
const Paid = { form: Type.String({ pattern: '^\\d{2}$', description: 'Table 24' }), total: Amount }

const Withholding = Type.Object({
  period: Type.String({ pattern: '^\\d{2}/\\d{4}$', description: 'periodoFiscal: mm/yyyy' }),
  related_party: Type.Optional(Type.Boolean()),
  subject_type: Type.Optional(oneOf(['01', '02'])),
  documents: Type.Array(Type.Object({
    support: Type.String({ pattern: '^\\d{2}$', description: 'codSustento of the ATS' }),
    document: Type.String({ pattern: '^\\d{1,3}$', description: 'codDocSustento: 01 factura …' }),
    number: DocumentNumber,
    issued_on: Day,
    registered_on: Type.Optional(Day),
    authorization: Type.Optional(Type.String({ pattern: '^\\d{10,49}$' })),
    subtotal: Amount,
    total: Amount,
    taxes: Type.Array(Type.Object({ type: Text(10), rate: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,6})?$' }), code: Type.Optional(Type.String({ pattern: '^\\d{1,4}$' })), exempt: Type.Optional(Type.Boolean()), base: Amount }, closed), { minItems: 1, maxItems: 10 }),
    withheld: Type.Array(Type.Object({
      type: oneOf(['RENTA', 'IVA', 'ISD']), code: Text(5, 'RENTA: of the form 103; IVA: table 20'), base: Amount, percent: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,2})?$', description: 'In percent: 1.75' })
    }, closed), { minItems: 1, maxItems: 20 }),
    payments: Type.Array(Type.Object(Paid, closed), { minItems: 1, maxItems: 10 })
  }, closed), { minItems: 1, maxItems: 50 })
}, closed)

const Delivery = Type.Object({
  from: Text(300, 'dirPartida'),
  starts_on: Day,
  ends_on: Day,
  plate: Text(20),
  carrier: Type.Object({ name: Text(300), tax_id: Text(20), tax_id_type: Type.Optional(Text(20)) }, closed),
  reason: Text(300, 'motivoTraslado'),
  route: Type.Optional(Text(300)),
  destination_establishment: Type.Optional(Type.String({ pattern: '^\\d{3}$' })),
  customs_document: Type.Optional(Text(20)),
  support: Type.Optional(Type.Object({ document: Type.String({ pattern: '^\\d{2}$' }), number: DocumentNumber, authorization: Type.Optional(Type.String({ pattern: '^\\d{10,49}$' })), issued_on: Day }, closed))
}, closed)

export const EcInvoiceBody = Type.Object({
  additional_info: Type.Optional(Type.Array(Field, { maxItems: 15, description: 'infoAdicional; “RUC Proveedor” is written by the hub and counts.' })),
  payments: Type.Optional(Type.Array(Type.Object({ ...Paid, term: Type.Optional(Type.String({ pattern: '^\\d{1,5}$' })), unit: Type.Optional(Text(10, 'unidadTiempo: dias, meses …')) }, closed), { minItems: 1, maxItems: 20, description: 'Where it is paid in parts; the whole by payment.form when absent.' })),
  tip: Type.Optional(Amount),
  delivery_note: Type.Optional(DocumentNumber),
  plate: Type.Optional(Text(20, 'Transport: the vehicle')),
  third_party_items: Type.Optional(Type.Array(Type.Object({ concept: Text(300), total: Amount }, closed), { maxItems: 50, description: 'otrosRubrosTerceros: collected for others, outside the total (version 2.1.0).' })),
  reason: Type.Optional(Text(300, 'motivo of a credit note')),
  modified: Type.Optional(Type.Object({ document: Type.String({ pattern: '^\\d{2}$' }), number: DocumentNumber, issued_on: Day }, closed)),
  withholding: Type.Optional(Withholding),
  delivery: Type.Optional(Delivery)
}, { ...closed, title: 'EcInvoiceBody' })
export type EcInvoiceBody = Static<typeof EcInvoiceBody>
