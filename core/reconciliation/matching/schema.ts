import { type Static, Type } from 'typebox'
import { exportQuery } from '../../export/send.ts'
import { closed, Instant, Mode, Nullable, oneOf } from '../../http-schema.ts'
import { itemStatuses, legs } from './judge.ts'

const Id = Type.String({ maxLength: 60 })

export const resolutions = ['accepted', 'corrected', 'written_off'] as const
export const ages = ['0-1', '2-7', '8-30', '31+'] as const

export const ReconciliationItem = Type.Object({
  id: Type.String(),
  object: Type.Literal('reconciliation_item'),
  mode: Mode,
  leg: oneOf(legs, { description: '`provider`: your payment, refund or dispute beside the provider’s books. `payout`: a payout beside the movements in it. `bank`: a payout or a transfer beside the bank’s statement. `document`: money kept beside the valid fiscal documents.' }),
  subject: Type.String({ description: 'What it is about: the id of a payment, refund, sale, invoice, bank entry or movement, or the provider’s id of a payout.' }),
  connection: Nullable(Type.String()),
  status: oneOf(itemStatuses),
  currency: Type.String(),
  expected: Nullable(Type.Integer({ description: 'Minor units, signed; null where nobody expected it.' })),
  found_currency: Nullable(Type.String()),
  found: Nullable(Type.Integer()),
  difference: Type.Integer({ description: 'What was found less what was expected, in minor units; 0 where the currencies differ.' }),
  parts: Type.Array(Type.Object({ id: Type.String(), amount: Type.Integer(), currency: Type.String() }), { description: 'What was found: movements, bank entries, documents. The first 50.' }),
  since: Type.String({ format: 'date-time', description: 'When the money moved.' }),
  due_at: Nullable(Type.String({ format: 'date-time', description: 'Until when it need not be found.' })),
  age_days: Type.Integer(),
  resolution: Nullable(Type.Object({ action: oneOf(resolutions), reason: Type.String(), by: Type.String(), at: Instant, reopened_at: Nullable(Type.String({ format: 'date-time', description: 'Something else was found after it was resolved: it is open again.' })) })),
  updated_at: Instant
}, { title: 'ReconciliationItem' })
export type ReconciliationItem = Static<typeof ReconciliationItem>

const filters = {
  leg: Type.Optional(oneOf(legs)),
  status: Type.Optional(oneOf([...itemStatuses, 'exception'], { description: '`exception`: whatever somebody has to look at.' })),
  resolved: Type.Optional(Type.Boolean()),
  connection: Type.Optional(Id),
  currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' })),
  subject: Type.Optional(Type.String({ maxLength: 255 })),
  age: Type.Optional(oneOf(ages, { description: 'Days since the money moved.' })),
  created_from: Type.Optional(Type.String({ format: 'date-time', description: 'When the money moved.' })),
  created_to: Type.Optional(Instant)
}

export const ListItems = Type.Object({
  ...filters,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(Type.String({ maxLength: 60 })),
  ...exportQuery
}, closed)
export type ListItems = Static<typeof ListItems>
export type ItemFilters = Omit<ListItems, 'limit' | 'cursor' | 'format' | 'download'>

const Total = Type.Object({ leg: oneOf(legs), status: oneOf(itemStatuses), resolved: Type.Boolean(), currency: Type.String(), count: Type.Integer(), expected: Type.Integer(), found: Type.Integer({ description: 'Of those found in `currency`.' }), difference: Type.Integer() })

export const ReconciliationPage = Type.Object({
  data: Type.Array(ReconciliationItem),
  next_cursor: Nullable(Type.String()),
  totals: Type.Array(Total, { description: 'Of all that the filters let through, in minor units.' }),
  ageing: Type.Array(Type.Object({ age: oneOf(ages), currency: Type.String(), count: Type.Integer(), difference: Type.Integer() }), { description: 'Of the exceptions among them that nobody has resolved.' }),
  last_run_at: Nullable(Instant)
}, { title: 'ReconciliationReport' })
export type ReconciliationPage = Static<typeof ReconciliationPage>

export const ResolveItem = Type.Object({
  action: oneOf(resolutions, { description: '`accepted`: it is as it should be. `corrected`: it was put right elsewhere. `written_off`: the difference is borne.' }),
  reason: Type.String({ minLength: 3, maxLength: 500, pattern: '\\S' })
}, closed)
export type ResolveItem = Static<typeof ResolveItem>

export const RunReconciliation = Type.Object({ from: Type.Optional(Type.String({ format: 'date-time', description: 'Everything since then is looked at again; left out: only what changed.' })) }, closed)
export type RunReconciliation = Static<typeof RunReconciliation>
export const ReconciliationRun = Type.Object({ object: Type.Literal('reconciliation_run'), mode: Mode, status: oneOf(['queued']), from: Nullable(Instant), last_run_at: Nullable(Instant) }, { title: 'ReconciliationRun' })
export type ReconciliationRun = Static<typeof ReconciliationRun>

const day = (description: string) => Type.Integer({ minimum: 0, maximum: 120, description })
const fields = {
  absolute: Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Minor units by which an amount may be off; 0 when absent.' }),
  percent: Type.Number({ minimum: 0, maximum: 100, description: 'Per cent of what is expected by which it may be off; the larger of the two counts. 0 when absent.' }),
  other_currency: oneOf(['mismatch', 'accept'], { description: '`accept`: a movement that the provider settled in another currency counts as found. `mismatch` when absent.' }),
  days: Type.Object({
    provider: day('After which a payment has to be in the provider’s books; 3 when absent.'),
    bank: day('After which a payout or a transfer has to be on a statement; 5 when absent.'),
    document: day('After which a sale that nobody decided on has to have a document; 31 when absent.')
  }, closed),
  alert_after_days: day('An exception that nobody resolved for so long raises an alert; 2 when absent.')
}
export const PutReconciliationSettings = Type.Object({
  absolute: Type.Optional(fields.absolute),
  percent: Type.Optional(fields.percent),
  other_currency: Type.Optional(fields.other_currency),
  days: Type.Optional(Type.Partial(fields.days, closed)),
  alert_after_days: Type.Optional(fields.alert_after_days)
}, closed)
export type PutReconciliationSettings = Static<typeof PutReconciliationSettings>
export const ReconciliationSettings = Type.Object({ object: Type.Literal('reconciliation_settings'), mode: Mode, ...fields }, { title: 'ReconciliationSettings' })
export type ReconciliationSettings = Static<typeof ReconciliationSettings>
