import { type TSchema, Type } from 'typebox'

/**
 * What Kushki's twin takes, by route. Kushki publishes no specification that can be had: these JSON schemas are our reading of
 * facts/payments.md section 6, not an oracle. A field that is not here is refused, so that an invented one is noticed.
 */

const closed = { additionalProperties: false }
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const Text = Type.String({ minLength: 1, maxLength: 255 })
const Currency = Type.String({ pattern: '^(USD|COP|PEN|CLP|UF|MXN)$' })
const Part = Type.Number({ minimum: 0 })
const Amount = Type.Object({
  subtotalIva: Part, subtotalIva0: Part, iva: Part, ice: optional(Part), currency: Currency,
  extraTaxes: optional(Type.Object({ propina: optional(Part), tasaAeroportuaria: optional(Part), agenciaDeViaje: optional(Part), iac: optional(Part) }, closed))
}, closed)
const Metadata = Type.Record(Type.String(), Type.String({ maxLength: 255 }))
const Contact = Type.Object({
  email: optional(Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$' })), documentType: optional(Type.String({ pattern: '^[A-Z]{2,6}$' })), documentNumber: optional(Text), firstName: optional(Text), lastName: optional(Text),
  phoneNumber: optional(Type.String({ pattern: '^\\+?\\d{5,20}$' }))
}, closed)
const Full = Type.Literal('v2')
const Secure = Type.Object({ cavv: optional(Text), eci: optional(Text), xid: optional(Text), specificationVersion: optional(Text), directoryServerTransactionID: optional(Text), acceptRisk: optional(Text) }, closed)
const charge = {
  amount: Amount, metadata: optional(Metadata), contactDetails: optional(Contact), fullResponse: optional(Full), months: optional(Type.Integer({ minimum: 2, maximum: 48 })),
  deferred: optional(Type.Object({ graceMonths: Type.String({ pattern: '^\\d\\d$' }), creditType: Type.String({ pattern: '^\\d{2,3}$' }), months: Type.Integer({ minimum: 2, maximum: 48 }) }, closed)),
  threeDomainSecure: optional(Secure)
}
const Day = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$' })
const Periodicity = Type.String({ pattern: '^(daily|weekly|monthly|bimonthly|quarterly|halfYearly|yearly|custom)$' })

export const schemas = {
  cardToken: Type.Object({
    card: Type.Object({ name: Text, number: Type.String({ pattern: '^\\d{13,19}$' }), cvv: Type.String({ pattern: '^\\d{3,4}$' }), expiryMonth: Type.String({ pattern: '^\\d\\d$' }), expiryYear: Type.String({ pattern: '^\\d\\d$' }) }, closed),
    totalAmount: Type.Number({ exclusiveMinimum: 0 }), currency: Currency, isDeferred: optional(Type.Boolean()), months: optional(Type.Integer())
  }, closed),
  charge: Type.Object({ token: Text, ...charge }, closed),
  keptCharge: Type.Object(charge, closed),
  capture: Type.Object({ ticketNumber: Type.String({ pattern: '^\\d{16,20}$' }), amount: optional(Amount), fullResponse: optional(Full) }, closed),
  back: Type.Object({ fullResponse: optional(Full), amount: optional(Amount) }, closed),
  keep: Type.Object({ token: Text, planName: Text, periodicity: Periodicity, amount: Amount, contactDetails: Contact, startDate: Day, metadata: optional(Metadata) }, closed),
  change: Type.Object({ planName: optional(Text), periodicity: optional(Periodicity), amount: optional(Amount), contactDetails: optional(Contact), startDate: optional(Day), metadata: optional(Metadata) }, closed),
  cashToken: Type.Object({ name: Text, lastName: Text, identification: Text, documentType: Text, totalAmount: Type.Number({ exclusiveMinimum: 0 }), currency: Currency, email: Text, description: optional(Text) }, closed),
  cashInit: Type.Object({ token: Text, amount: Amount, expirationDate: optional(Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' })), metadata: optional(Metadata) }, closed),
  transferToken: Type.Object({
    bankId: optional(Text), callbackUrl: optional(Type.String({ pattern: '^https?://' })), userType: Type.String({ pattern: '^[01]$' }), documentType: Text, documentNumber: Text, email: Text, currency: Currency, amount: Amount, paymentDescription: Text
  }, closed),
  transferInit: Type.Object({ token: Text, amount: Amount, metadata: optional(Metadata) }, closed),
  nothing: Type.Object({}, closed)
}
export type SchemaName = keyof typeof schemas
