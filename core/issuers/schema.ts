import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { taxCountries } from '../tax-ids.ts'

const text = (maxLength: number, options: object = {}) => Type.String({ minLength: 1, maxLength, ...options })

/** What a series numbers. */
export const documents = ['invoice', 'credit_note', 'debit_note', 'payment_receipt', 'global_invoice', 'transfer', 'withholding', 'delivery_note', 'purchase_settlement', 'sale'] as const
export type Document = typeof documents[number]

export const Address = Type.Object({
  street: Type.Optional(text(200)),
  city: Type.Optional(text(100)),
  region: Type.Optional(text(100)),
  postal_code: Type.Optional(text(10)),
  country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' }))
}, closed)

const Code = Type.String({ pattern: '^[A-Za-z0-9_-]{1,20}$' })

const DefaultSeries = Type.Unsafe<Partial<Record<Document, string>>>({
  type: 'object',
  properties: Object.fromEntries(documents.map(document => [document, { type: 'string', maxLength: 60 }])),
  additionalProperties: false,
  description: 'For each kind of document the series that is used when nobody names one.'
})

export const Till = Type.Object({ code: Code, name: Type.Optional(text(100)) }, closed)
export const Branch = Type.Object({
  code: { ...Code, description: 'Ecuador: the three digits of the establecimiento; of a till, those of the punto de emisión.' },
  name: Type.Optional(text(100)),
  postal_code: Type.Optional(text(10, { description: 'Where its documents are issued, when it is another than the issuer’s.' })),
  address: Type.Optional(Address),
  tills: Type.Optional(Type.Array(Till, { maxItems: 200 })),
  default_series: Type.Optional(DefaultSeries)
}, { ...closed, title: 'Branch' })
export type Branch = Static<typeof Branch>

const Mx = Type.Object({
  timezone: Type.Optional(text(60, { description: 'IANA name, only where the postal code does not tell it: at the northern border.' })),
  receipts: Type.Optional(oneOf(['automatic', 'manual'], { description: '`automatic`: a payment of a PPD invoice gets its complemento de pago by itself. `manual` when absent; an invoice may say otherwise.' })),
  payment_forms: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }), Type.String({ pattern: '^\\d{2}$' }), { maxProperties: 40, description: 'c_FormaPago by payment method (`{"paypal": "06"}`), where yours is another than the usual one.' }))
}, closed)
const Ec = Type.Object({
  special_taxpayer: Type.Optional(text(13, { description: 'Contribuyente especial: number of the resolution.' })),
  keeps_accounting: Type.Optional(Type.Boolean({ description: 'Obligado a llevar contabilidad.' })),
  withholding_agent: Type.Optional(text(8, { description: 'Agente de retención: number of the resolution.' })),
  rimpe: Type.Optional(oneOf(['entrepreneur', 'popular_business'])),
  signature: Type.Optional(oneOf(['sha1', 'sha256'], { description: 'Digest and signature of its comprobantes; sha1 when absent, which is what the SRI’s Ficha Técnica specifies.' }))
}, closed)
const Es = Type.Object({
  person: Type.Optional(oneOf(['natural', 'legal'])),
  residence: Type.Optional(oneOf(['resident', 'eu', 'foreign'])),
  registration: Type.Optional(text(20, { description: 'Datos registrales, as they fit into a Facturae.' })),
  first_surname: Type.Optional(text(40, { description: 'Of a person; then `legal_name` is the given name alone.' })),
  second_surname: Type.Optional(text(40)),
  iban: Type.Optional(text(42, { description: 'Where its invoices are paid when they do not say otherwise.' })),
  bic: Type.Optional(text(11))
}, closed)

const MailWishes = Type.Object({
  send: Type.Optional(Type.Boolean({ description: 'Invoices are mailed to their customer as soon as they are issued, where there is an address.' })),
  language: Type.Optional(oneOf(['es', 'en'], { description: 'es when absent.' })),
  reply_to: Type.Optional(Type.String({ format: 'email', maxLength: 254, description: 'Where answers go; `email` when absent.' })),
  cc: Type.Optional(Type.Array(Type.String({ format: 'email', maxLength: 254 }), { maxItems: 5, description: 'Who also gets what is sent by itself.' }))
}, closed)

const fields = {
  legal_name: text(300, { description: 'Mexico: as the SAT has it, in capitals and without “SA DE CV”.' }),
  trade_name: text(300),
  regime: text(10, { description: 'Mexico: c_RegimenFiscal.' }),
  postal_code: text(10, { description: 'Mexico: LugarExpedicion; it also tells the time zone.' }),
  address: Address,
  email: Type.String({ format: 'email', maxLength: 254 }),
  phone: text(30),
  website: Type.String({ format: 'uri', maxLength: 300 }),
  branches: Type.Array(Branch, { maxItems: 500 }),
  logo: Type.Object({ data: Type.String({ maxLength: 300_000, description: 'PNG or JPEG of 200 KB at most, in Base64.' }) }, closed),
  colour: Type.String({ pattern: '^#[0-9A-Fa-f]{6}$' }),
  ticket_footer: text(1000),
  connection: Type.String({ maxLength: 60, description: 'The connection that issues when nobody names one.' }),
  mail: MailWishes,
  mx: Mx,
  ec: Ec,
  es: Es
}

export const NewIssuer = Type.Object({
  country: oneOf(taxCountries),
  tax_id: text(20, { description: 'RFC, RUC or NIF.' }),
  legal_name: fields.legal_name,
  trade_name: Type.Optional(fields.trade_name),
  regime: Type.Optional(fields.regime),
  postal_code: Type.Optional(fields.postal_code),
  address: Type.Optional(fields.address),
  email: Type.Optional(fields.email),
  phone: Type.Optional(fields.phone),
  website: Type.Optional(fields.website),
  branches: Type.Optional(fields.branches),
  logo: Type.Optional(fields.logo),
  colour: Type.Optional(fields.colour),
  ticket_footer: Type.Optional(fields.ticket_footer),
  connection: Type.Optional(fields.connection),
  mail: Type.Optional(fields.mail),
  mx: Type.Optional(fields.mx),
  ec: Type.Optional(fields.ec),
  es: Type.Optional(fields.es)
}, closed)
export type NewIssuer = Static<typeof NewIssuer>

/** What is left out stays; `null` empties; a list or an object takes the place of the one before. Country and tax id do not change: that would be another issuer. */
export const PatchIssuer = Type.Object({
  legal_name: Type.Optional(fields.legal_name),
  trade_name: Type.Optional(Nullable(fields.trade_name)),
  regime: Type.Optional(Nullable(fields.regime)),
  postal_code: Type.Optional(Nullable(fields.postal_code)),
  address: Type.Optional(Nullable(fields.address)),
  email: Type.Optional(Nullable(fields.email)),
  phone: Type.Optional(Nullable(fields.phone)),
  website: Type.Optional(Nullable(fields.website)),
  branches: Type.Optional(fields.branches),
  logo: Type.Optional(Nullable(fields.logo)),
  colour: Type.Optional(Nullable(fields.colour)),
  ticket_footer: Type.Optional(Nullable(fields.ticket_footer)),
  default_series: Type.Optional(DefaultSeries),
  connection: Type.Optional(Nullable(fields.connection)),
  mail: Type.Optional(fields.mail),
  mx: Type.Optional(fields.mx),
  ec: Type.Optional(fields.ec),
  es: Type.Optional(fields.es)
}, { ...closed, minProperties: 1 })
export type PatchIssuer = Static<typeof PatchIssuer>

export const Issuer = Type.Object({
  id: Type.String(),
  object: Type.Literal('issuer'),
  mode: Mode,
  country: oneOf(taxCountries),
  tax_id: Type.String(),
  legal_name: Type.String(),
  trade_name: Nullable(Type.String()),
  regime: Nullable(Type.String()),
  postal_code: Nullable(Type.String()),
  address: Nullable(Address),
  email: Nullable(Type.String()),
  phone: Nullable(Type.String()),
  website: Nullable(Type.String()),
  branches: Type.Array(Branch),
  logo: Nullable(Type.Object({ content_type: Type.String(), bytes: Type.Integer(), url: Type.String() })),
  colour: Nullable(Type.String()),
  ticket_footer: Nullable(Type.String()),
  default_series: DefaultSeries,
  certificate: Nullable(Type.String({ description: 'The certificate in use now; another is chosen by `POST /v1/certificates/{id}/activate`.' })),
  connection: Nullable(Type.String()),
  mail: MailWishes,
  mx: Mx,
  ec: Ec,
  es: Es,
  warnings: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), { description: 'What is taken as it is and should be looked at.' }),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Issuer' })
export type Issuer = Static<typeof Issuer>

export const ListIssuers = Type.Object({ ...listQuery, country: Type.Optional(oneOf(taxCountries)), tax_id: Type.Optional(Type.String({ maxLength: 20 })) }, closed)
export type ListIssuers = Static<typeof ListIssuers>
export const IssuerPage = pageOf(Issuer)
