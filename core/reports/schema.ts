import { type Static, Type } from 'typebox'
import { paymentStatuses } from '../adapter/payments.ts'
import { exportQuery } from '../export/send.ts'
import { closed, Instant, listQuery, Mode, Nullable, oneOf } from '../http-schema.ts'
import { invoiceStatuses } from '../invoices/machine.ts'

const Id = Type.String({ maxLength: 60 })
const Minor = (description: string) => Type.Integer({ description: `Minor units. ${description}` })
const currency = Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' }))
const provider = Type.Optional(Type.String({ maxLength: 40 }))

/** Every report: a window of time, a format, and pages when it is JSON. */
const reportQuery = {
  ...listQuery,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  ...exportQuery,
  connection: Type.Optional(Id),
  provider,
  currency
}

const pageWith = <Row extends Parameters<typeof Type.Array>[0], Line extends Parameters<typeof Type.Array>[0]>(row: Row, line: Line) => Type.Object({
  data: Type.Array(row),
  totals: Nullable(Type.Array(line, { description: 'Of everything that the filters let through, not of the page alone; null from the second page on.' })),
  next_cursor: Nullable(Type.String())
})

// --- transactions -----------------------------------------------------------------------------------------------------

export const refundStatuses = ['unknown', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const

export const TransactionsQuery = Type.Object({
  ...reportQuery,
  type: Type.Optional(oneOf(['payment', 'refund'])),
  status: Type.Optional(oneOf([...new Set([...paymentStatuses, ...refundStatuses])])),
  method: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,40}$', description: 'Of a refund that of its payment.' })),
  reference: Type.Optional(Type.String({ maxLength: 200 }))
}, closed)
export type TransactionsQuery = Static<typeof TransactionsQuery>

const feeSource = Nullable(oneOf(['provider', 'expected'], { description: '`provider`: it told; `expected`: what the connection’s costs say, because it has told nothing.' }))

export const TransactionRow = Type.Object({
  id: Type.String({ description: 'Of the payment or of the refund.' }),
  type: oneOf(['payment', 'refund']),
  payment: Type.String(),
  status: Type.String(),
  amount: Minor('As asked; of a refund what went back.'),
  currency: Type.String(),
  captured: Minor('Of a payment what was taken; of a refund 0.'),
  refunded: Minor('Of a payment what went back so far, its refunds being rows of their own; of a refund its amount once it succeeded.'),
  fee: Nullable(Minor('In `fee_currency`, taxes included.')),
  fee_currency: Nullable(Type.String({ description: 'In which the provider settles.' })),
  fee_source: feeSource,
  net: Nullable(Minor('What this row moved: what was captured less its fee, where one is known; of a refund what went back, negative. Null where the fee is in another currency.')),
  method: Nullable(Type.String()),
  provider: Type.String(),
  connection: Type.String(),
  provider_reference: Nullable(Type.String()),
  reference: Nullable(Type.String()),
  description: Nullable(Type.String()),
  invoice: Nullable(Type.String({ description: 'The invoice that it paid, or that was made of it.' })),
  disputed: Type.Boolean(),
  created_at: Instant,
  succeeded_at: Nullable(Instant)
}, { title: 'TransactionRow' })
export type TransactionRow = Static<typeof TransactionRow>

export const TransactionTotal = Type.Object({
  currency: Type.String(),
  payments: Type.Integer(),
  amount: Minor('Of all payments, paid or not.'),
  captured: Minor('Taken.'),
  refunds: Type.Integer(),
  refunded: Minor('By refunds that succeeded.'),
  fees: Minor('Charged in this currency, told or expected.'),
  net: Minor('Captured less refunded less fees.')
}, { title: 'TransactionTotal' })
export type TransactionTotal = Static<typeof TransactionTotal>
export const TransactionPage = pageWith(TransactionRow, TransactionTotal)

// --- fees -------------------------------------------------------------------------------------------------------------

export const feeKinds = ['payment', 'adjustment', 'document'] as const

export const FeesQuery = Type.Object({
  ...reportQuery,
  kind: Type.Optional(oneOf(feeKinds)),
  source: Type.Optional(oneOf(['provider', 'expected', 'none']))
}, closed)
export type FeesQuery = Static<typeof FeesQuery>

export const FeeRow = Type.Object({
  id: Type.String({ description: 'Of the payment, of the movement in the provider’s books, or of the invoice.' }),
  kind: oneOf(feeKinds, { description: '`payment`: what taking it cost; `adjustment`: what the provider’s books have beside payments: fees of its own, corrections; `document`: what the PAC takes for a stamp.' }),
  type: Type.String({ description: 'Of a payment its method, of an adjustment its type, of a document its kind.' }),
  amount: Nullable(Minor('Of a payment what was captured, of an adjustment what it moved, signed; in `amount_currency`.')),
  amount_currency: Nullable(Type.String()),
  fee: Nullable(Minor('In `currency`, taxes included. Null: nobody told, and the connection has no costs.')),
  vat: Nullable(Minor('The tax in an expected fee.')),
  currency: Nullable(Type.String()),
  source: oneOf(['provider', 'expected', 'none']),
  expected: Nullable(Minor('What the connection’s costs say, also where the provider told: to compare.')),
  provider: Nullable(Type.String()),
  connection: Nullable(Type.String()),
  reference: Nullable(Type.String()),
  at: Instant
}, { title: 'FeeRow' })
export type FeeRow = Static<typeof FeeRow>

export const FeeTotal = Type.Object({
  currency: Type.String(),
  told: Minor('Fees of payments that providers told.'),
  expected: Minor('Expected fees of payments of which no provider told.'),
  vat: Minor('The tax in what is expected.'),
  adjustments: Minor('Fees that belong to no payment.'),
  documents: Minor('What PACs take.'),
  total: Minor('All of them.'),
  unknown: Type.Integer({ description: 'Rows of which neither is known, by the currency of their amount.' })
}, { title: 'FeeTotal' })
export type FeeTotal = Static<typeof FeeTotal>
export const FeePage = pageWith(FeeRow, FeeTotal)

// --- invoices ---------------------------------------------------------------------------------------------------------

export const InvoicesQuery = Type.Object({
  ...reportQuery,
  status: Type.Optional(oneOf(invoiceStatuses)),
  stamped: Type.Optional(Type.Boolean({ description: 'Whether the authority has it (a cancelled one was stamped).' })),
  kind: Type.Optional(Type.String({ maxLength: 30 })),
  country: Type.Optional(oneOf(['MX', 'EC', 'ES'])),
  issuer: Type.Optional(Id),
  series: Type.Optional(Type.String({ maxLength: 40, description: 'Its code.' })),
  customer_tax_id: Type.Optional(Type.String({ maxLength: 40 }))
}, closed)
export type InvoicesQuery = Static<typeof InvoicesQuery>

export const InvoiceReportRow = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  country: Type.String(),
  status: oneOf(invoiceStatuses),
  stamped: Type.Boolean(),
  issuer: Type.String(),
  series: Nullable(Type.String()),
  number: Nullable(Type.String()),
  fiscal_id: Nullable(Type.String({ description: 'UUID, clave de acceso or registry number.' })),
  authority_status: Nullable(Type.String({ description: 'In the words of the authority or of the provider that asks it.' })),
  authority_code: Nullable(Type.String({ description: 'Of the last message, such as why it was refused.' })),
  authority_message: Nullable(Type.String()),
  review: Nullable(Type.String()),
  customer_tax_id: Nullable(Type.String({ description: 'Null where buyers’ fiscal data is delegated.' })),
  currency: Type.String(),
  amount: Minor('Its total.'),
  paid: Minor('What came and stayed.'),
  credited: Minor('By credit notes.'),
  connection: Nullable(Type.String()),
  provider: Nullable(Type.String()),
  payment: Nullable(Type.String()),
  sale: Nullable(Type.String()),
  reference: Nullable(Type.String()),
  cancel_motive: Nullable(Type.String()),
  cancel_asked_at: Nullable(Instant),
  canceled_at: Nullable(Instant),
  issued_at: Nullable(Instant),
  stamped_at: Nullable(Instant),
  created_at: Instant
}, { title: 'InvoiceReportRow' })
export type InvoiceReportRow = Static<typeof InvoiceReportRow>

export const InvoiceTotal = Type.Object({
  currency: Type.String(),
  kind: Type.String(),
  stamped: Type.Integer({ description: 'Valid: the authority has it, and it was not cancelled.' }),
  stamped_amount: Minor('Of those.'),
  unstamped: Type.Integer(),
  unstamped_amount: Minor('Of those.'),
  canceled: Type.Integer(),
  canceled_amount: Minor('Of those.')
}, { title: 'InvoiceTotal' })
export type InvoiceTotal = Static<typeof InvoiceTotal>
export const InvoiceReportPage = pageWith(InvoiceReportRow, InvoiceTotal)

// --- costs ------------------------------------------------------------------------------------------------------------

const Percent = Type.String({ pattern: '^\\d{1,2}(\\.\\d{1,6})?$' })

export const Cost = Type.Object({
  kind: Type.Optional(oneOf(['payment', 'document'], { default: 'payment', description: '`document`: what a PAC takes for each stamp.' })),
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  method: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,40}$', description: 'Only for payments by this method; it goes before the line for all of them.' })),
  from: Type.Optional(Type.String({ format: 'date', description: 'The first day (UTC) it is for; from the beginning when absent.' })),
  percent: Type.Optional(Type.String({ ...Percent, description: 'Of the amount: `3.6` is 3.6 %.' })),
  fixed: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991, description: 'Minor units, for each.' })),
  vat_percent: Type.Optional(Type.String({ ...Percent, description: 'On top of both: `16`.' }))
}, closed)
export type Cost = Static<typeof Cost>

export const PutCosts = Type.Object({ costs: Type.Array(Cost, { maxItems: 100 }) }, closed)
export type PutCosts = Static<typeof PutCosts>

export const Costs = Type.Object({
  object: Type.Literal('connection_costs'),
  connection: Type.String(),
  costs: Type.Array(Type.Object({
    kind: oneOf(['payment', 'document']),
    currency: Type.String(),
    method: Nullable(Type.String()),
    from: Nullable(Type.String({ format: 'date' })),
    percent: Type.String(),
    fixed: Type.Integer(),
    vat_percent: Type.String()
  }))
}, { title: 'ConnectionCosts' })
export type Costs = Static<typeof Costs>

// --- dashboard --------------------------------------------------------------------------------------------------------

const window = {
  from: Type.Optional(Type.String({ format: 'date-time', description: 'Inclusive, to the hour; the first instant of 30 days ago when absent.' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'Exclusive, to the end of its hour; now when absent.' })),
  interval: Type.Optional(oneOf(['hour', 'day'], { description: 'Of the series, in UTC; by the hour up to three days when absent.' }))
}

export const DashboardQuery = Type.Object({ ...window, connection: Type.Optional(Id) }, closed)
export type DashboardQuery = Static<typeof DashboardQuery>

const Rate = Nullable(Type.Number({ minimum: 0, maximum: 1, description: 'A fraction; null where there was nothing.' }))
const Latency = Type.Object({ p50_ms: Nullable(Type.Integer()), p95_ms: Nullable(Type.Integer()), p99_ms: Nullable(Type.Integer()), mean_ms: Nullable(Type.Integer()) }, { description: 'Percentiles to within a tenth.' })

export const Dashboard = Type.Object({
  object: Type.Literal('dashboard'),
  mode: Mode,
  from: Instant,
  to: Instant,
  interval: oneOf(['hour', 'day']),
  payments: Type.Object({
    total: Type.Integer(),
    by_status: Type.Record(Type.String(), Type.Integer()),
    declined: Type.Integer({ description: 'Of those that wait for another method: how many were declined.' }),
    success_rate: Rate
  }, { description: 'Made in this time, as they stand now. The rate: taken or authorised, of those and the failed, expired and declined.' }),
  volume: Type.Array(Type.Object({
    currency: Type.String(), payments: Type.Integer({ description: 'That took money.' }), captured: Minor('Taken.'), refunds: Type.Integer(), refunded: Minor('By refunds made in this time that succeeded.'), net: Minor('Captured less refunded.'), disputes: Type.Integer(), disputed: Minor('Of disputes opened in this time.')
  })),
  methods: Type.Array(Type.Object({ method: Nullable(Type.String()), currency: Type.String(), payments: Type.Integer(), captured: Minor('Taken.'), success_rate: Rate })),
  connections: Type.Array(Type.Object({
    connection: Nullable(Type.String()), provider: Nullable(Type.String()), label: Nullable(Type.String()), payments: Type.Integer(), success_rate: Rate,
    calls: Type.Integer(), errors: Type.Integer({ description: 'Calls that ended badly: refused, not sent, or of unknown outcome.' }), latency: Latency
  })),
  stamping: Type.Object({
    stamped: Type.Integer(), rejected: Type.Integer(), canceled: Type.Integer(), waiting: Type.Integer({ description: 'Neither: on their way, or drafts.' }),
    calls: Type.Integer({ description: 'That asked a PAC or an authority for a document.' }), errors: Type.Integer(), error_rate: Rate
  }),
  fees: Type.Array(Type.Object({ currency: Type.String(), told: Minor('By providers, for movements of this time.'), expected: Minor('By the costs of connections, for all that was captured; rounded once, so the report, which rounds each, may differ by some units.'), documents: Minor('What PACs take for what was stamped.') })),
  webhooks: Type.Object({ accepted: Type.Integer(), duplicates: Type.Integer(), refused: Type.Integer(), parked: Type.Integer(), unmatched: Type.Integer() }),
  alerts: Type.Object({ open: Type.Integer(), critical: Type.Integer(), acknowledged: Type.Integer({ description: 'Seen, and not over.' }) }, { description: 'As they stand now.' }),
  series: Type.Array(Type.Object({
    at: Instant, payments: Type.Integer(), succeeded: Type.Integer(), failed: Type.Integer(), stamped: Type.Integer(), rejected: Type.Integer(),
    volume: Type.Array(Type.Object({ currency: Type.String(), captured: Type.Integer(), refunded: Type.Integer() }))
  }))
}, { title: 'Dashboard' })
export type Dashboard = Static<typeof Dashboard>

export const FiguresQuery = Type.Object(window, closed)
export type FiguresQuery = Static<typeof FiguresQuery>

export const ConnectionFigures = Type.Object({
  object: Type.Literal('connection_figures'),
  connection: Type.String(),
  from: Instant,
  to: Instant,
  interval: oneOf(['hour', 'day']),
  series: Type.Array(Type.Object({
    at: Instant, accepted: Type.Integer(), duplicates: Type.Integer({ description: 'Counted when the event that they repeat came.' }), refused: Type.Integer(), parked: Type.Integer(), unmatched: Type.Integer(),
    calls: Type.Integer(), errors: Type.Integer(), p50_ms: Nullable(Type.Integer()), p95_ms: Nullable(Type.Integer())
  }, { description: 'Every interval has its line, with noughts where nothing was.' }))
}, { title: 'ConnectionFigures' })
export type ConnectionFigures = Static<typeof ConnectionFigures>
