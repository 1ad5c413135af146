import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const Id = Type.String({ maxLength: 60 })

export const transactionTypes = ['payment', 'refund', 'dispute', 'fee', 'payout', 'other'] as const

export const BalanceTransaction = Type.Object({
  id: Type.String(),
  object: Type.Literal('balance_transaction'),
  mode: Mode,
  type: oneOf(transactionTypes),
  amount: Type.Integer({ description: 'Minor units, signed as it moved the balance: a refund is negative.' }),
  currency: Type.String({ description: 'In which the provider settles; it may not be the payment’s.' }),
  fee: Nullable(Type.Integer()),
  net: Nullable(Type.Integer()),
  payout: Nullable(Type.String({ description: 'The provider’s id of the transfer to the bank that holds it.' })),
  payment: Nullable(Type.String()),
  refund: Nullable(Type.String()),
  connection: Type.String(),
  provider: Type.String(),
  provider_reference: Type.String(),
  occurred_at: Instant,
  available_at: Nullable(Instant),
  created_at: Instant,
  updated_at: Instant
}, { title: 'BalanceTransaction' })
export type BalanceTransaction = Static<typeof BalanceTransaction>

export const ListBalanceTransactions = Type.Object({
  ...listQuery,
  connection: Type.Optional(Id),
  payment: Type.Optional(Id),
  payout: Type.Optional(Type.String({ maxLength: 255 })),
  type: Type.Optional(oneOf(transactionTypes)),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'When the money moved, inclusive; `created_from` is the same.' })),
  to: Type.Optional(Type.String({ format: 'date-time' }))
}, closed)
export type ListBalanceTransactions = Static<typeof ListBalanceTransactions>
export const BalanceTransactionPage = pageOf(BalanceTransaction)

/** What a run covers; the days since the last one when left out. */
export const Range = Type.Object({
  from: Type.Optional(Instant),
  to: Type.Optional(Instant)
}, { ...closed, description: 'At most 31 days. Left out: what the daily run would cover.' })
export type Range = Static<typeof Range>

export const TransactionReading = Type.Object({
  object: Type.Literal('transaction_reading'),
  connection: Type.String(),
  from: Instant,
  to: Instant,
  seen: Type.Integer(),
  stored: Type.Integer({ description: 'That were not known.' }),
  changed: Type.Integer({ description: 'That were known otherwise, such as without their payout.' }),
  complete: Type.Boolean({ description: 'False: there is more than one answer waits for; ask again from `read_until`.' }),
  read_until: Instant
}, { title: 'TransactionReading' })
export type TransactionReading = Static<typeof TransactionReading>

export const CompletenessAudit = Type.Object({
  id: Type.String(),
  object: Type.Literal('completeness_audit'),
  mode: Mode,
  connection: Type.String(),
  provider: Type.String(),
  trigger: oneOf(['schedule', 'request']),
  status: oneOf(['running', 'completed', 'failed']),
  from: Instant,
  to: Instant,
  checked: Type.Integer({ description: 'Payments of yours in the provider’s list.' }),
  missed: Type.Integer({ description: 'Of them, those at which something had happened that nobody had told us.' }),
  repaired: Type.Integer({ description: 'Of these, those that now are as the provider has them.' }),
  foreign: Type.Integer({ description: 'Payments in the list that did not come through here. Nothing is done about them.' }),
  unheard: Type.Integer({ description: 'Payments of yours that are right, although no webhook ever spoke of them.' }),
  missed_payments: Type.Array(Type.Object({
    payment: Nullable(Type.String()), provider_reference: Type.String(), was: Nullable(Type.String()), provider_status: Type.String(), status: Nullable(Type.String()), repaired: Type.Boolean(), why: Nullable(Type.String())
  }), { description: 'The first 100.' }),
  foreign_payments: Type.Array(Type.Object({
    provider_reference: Type.String(), provider_status: Type.String(), amount: Type.Integer(), currency: Type.String(), reference: Nullable(Type.String()), created_at: Nullable(Instant)
  }), { description: 'The first 100.' }),
  error: Nullable(Type.Object({ code: Type.String(), provider_code: Nullable(Type.String()) })),
  started_at: Instant,
  finished_at: Nullable(Instant)
}, { title: 'CompletenessAudit' })
export type CompletenessAudit = Static<typeof CompletenessAudit>

export const ListCompletenessAudits = Type.Object({ ...listQuery, connection: Type.Optional(Id), status: Type.Optional(oneOf(['running', 'completed', 'failed'])) }, closed)
export type ListCompletenessAudits = Static<typeof ListCompletenessAudits>
export const CompletenessAuditPage = pageOf(CompletenessAudit)
