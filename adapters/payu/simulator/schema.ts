import { type TSchema, Type } from 'typebox'

/**
 * What PayU's twin takes, by command. PayU publishes no specification: this is our reading of facts/payments.md section 4, not an
 * oracle. A field that is not here is refused, so that an invented one is noticed.
 */

const closed = { additionalProperties: false }
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const Text = Type.String({ maxLength: 255 })
const Value = Type.Object({ value: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?$' })]), currency: Type.String({ pattern: '^[A-Z]{3}$' }) }, closed)
const Values = Type.Object({ TX_VALUE: Value, TX_TAX: optional(Value), TX_TAX_RETURN_BASE: optional(Value) }, closed)
const Person = Type.Object({ merchantBuyerId: optional(Text), fullName: optional(Text), emailAddress: optional(Text), contactPhone: optional(Text), dniNumber: optional(Text), dniType: optional(Text) }, closed)
const Country = Type.String({ pattern: '^[A-Z]{2}$' })

const NewOrder = Type.Object({
  accountId: Text,
  referenceCode: Type.String({ minLength: 1, maxLength: 255 }),
  description: Type.String({ minLength: 1, maxLength: 255 }),
  language: Type.String({ pattern: '^(es|en|pt)$' }),
  signature: Text,
  notifyUrl: optional(Type.String({ maxLength: 2048 })),
  additionalValues: Values,
  buyer: optional(Person)
}, closed)

export const Payment = Type.Object({
  order: NewOrder,
  payer: optional(Person),
  creditCard: optional(Type.Object({ processWithoutCvv2: optional(Type.Boolean()), number: optional(Text), securityCode: optional(Text), expirationDate: optional(Text), name: optional(Text) }, closed)),
  creditCardTokenId: optional(Text),
  extraParameters: optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
  type: Type.String({ pattern: '^(AUTHORIZATION|AUTHORIZATION_AND_CAPTURE)$' }),
  paymentMethod: Text,
  paymentCountry: Country,
  expirationDate: optional(Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d$' })),
  deviceSessionId: optional(Text),
  ipAddress: optional(Text),
  cookie: optional(Text),
  userAgent: optional(Type.String({ maxLength: 1024 }))
}, closed)

export const FollowUp = Type.Object({
  order: Type.Object({ id: Type.Union([Type.Integer(), Type.String({ pattern: '^\\d+$' })]) }, closed),
  type: Type.String({ pattern: '^(CAPTURE|VOID|REFUND|PARTIAL_REFUND)$' }),
  parentTransactionId: Text,
  reason: optional(Text),
  additionalValues: optional(Values)
}, closed)

const frame = { language: Text, test: Type.Boolean(), merchant: Type.Object({ apiKey: Text, apiLogin: Text }, closed) }
const command = (name: string, more: Record<string, TSchema> = {}) => Type.Object({ ...frame, command: Type.Literal(name), ...more }, closed)

export const commands: Record<'payments' | 'reports', Record<string, TSchema>> = {
  payments: {
    PING: command('PING'),
    SUBMIT_TRANSACTION: command('SUBMIT_TRANSACTION', { transaction: Type.Union([Payment, FollowUp]) }),
    CREATE_TOKEN: command('CREATE_TOKEN', { creditCardToken: Type.Object({ payerId: Text, name: Text, identificationNumber: optional(Text), paymentMethod: Text, number: Text, expirationDate: Text }, closed) }),
    GET_TOKENS: command('GET_TOKENS', { creditCardTokenInformation: Type.Object({ payerId: optional(Text), creditCardTokenId: optional(Text), startDate: optional(Text), endDate: optional(Text) }, closed) })
  },
  reports: {
    PING: command('PING'),
    ORDER_DETAIL: command('ORDER_DETAIL', { details: Type.Object({ orderId: Type.Integer() }, closed) }),
    ORDER_DETAIL_BY_REFERENCE_CODE: command('ORDER_DETAIL_BY_REFERENCE_CODE', { details: Type.Object({ referenceCode: Text }, closed) }),
    TRANSACTION_RESPONSE_DETAIL: command('TRANSACTION_RESPONSE_DETAIL', { details: Type.Object({ transactionId: Text }, closed) })
  }
}
