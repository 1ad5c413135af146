import { type Static, Type } from 'typebox'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const storeCreditStatuses = ['active', 'redeemed', 'expired', 'void'] as const

export const NewStoreCredit = Type.Object({
  amount: Amount,
  currency: Currency,
  customer: Type.Optional(Type.String({ maxLength: 60 })),
  expires_at: Type.Optional({ ...Instant, description: '365 days from now when absent.' }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewStoreCredit = Static<typeof NewStoreCredit>

export const RedeemStoreCredit = Type.Object({
  amount: Type.Optional({ ...Amount, description: 'All that is left when absent.' }),
  sale: Type.Optional(Type.String({ maxLength: 60 })),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200 }))
}, closed)
export type RedeemStoreCredit = Static<typeof RedeemStoreCredit>

export const StoreCredit = Type.Object({
  id: Type.String(),
  object: Type.Literal('store_credit'),
  mode: Mode,
  status: oneOf(storeCreditStatuses),
  code: Type.String({ description: 'Whoever has it may spend it.' }),
  currency: Type.String(),
  amount: Type.Integer({ description: 'As it was given, minor units.' }),
  balance: Type.Integer(),
  customer: Nullable(Type.String()),
  sale: Nullable(Type.String({ description: 'The sale that was refunded.' })),
  reason: Nullable(Type.String()),
  metadata: Metadata,
  events: Type.Optional(Type.Array(Type.Object({ type: oneOf(['issued', 'redeemed', 'restored', 'expired', 'voided']), amount: Type.Integer(), balance: Type.Integer(), sale: Nullable(Type.String()), reference: Nullable(Type.String()), created_at: Instant }))),
  expires_at: Instant,
  created_at: Instant
}, { title: 'StoreCredit' })
export type StoreCredit = Static<typeof StoreCredit>

export const ListStoreCredits = Type.Object({ ...listQuery, status: Type.Optional(oneOf(storeCreditStatuses)), code: Type.Optional(Type.String({ maxLength: 40 })), sale: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListStoreCredits = Static<typeof ListStoreCredits>
export const StoreCreditPage = pageOf(StoreCredit)
