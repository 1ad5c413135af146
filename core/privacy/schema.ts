import { type Static, Type } from 'typebox'
import { closed, Instant, Mode, Nullable, oneOf } from '../http-schema.ts'
import { taxCountries } from '../tax-ids.ts'

export const Person = Type.Object({
  country: Type.Optional(oneOf(taxCountries, { description: 'Of the tax id; looked for in all of them when absent.' })),
  tax_id: Type.Optional(Type.String({ minLength: 5, maxLength: 20 })),
  customer: Type.Optional(Type.String({ maxLength: 60, description: 'A customer of yours, and whoever has their tax id.' }))
}, { ...closed, description: 'One person: by tax id or as a customer, one of both.' })
export type Person = Static<typeof Person>

const Anything = Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }))

export const PersonExport = Type.Object({
  object: Type.Literal('person_export'),
  mode: Mode,
  customers: Anything,
  sales: Anything,
  fiscal_data: Anything,
  invoices: Anything,
  payments: Anything,
  mails: Anything,
  notices: Anything,
  exported_at: Instant
}, { title: 'PersonExport', description: 'All that is kept about one person.' })
export type PersonExport = Static<typeof PersonExport>

const why = ['law', 'not_issued', 'open_sale', 'open_subscription', 'being_sent'] as const

export const Erasure = Type.Object({
  object: Type.Literal('person_erasure'),
  mode: Mode,
  erased: Type.Object({ customers: Type.Integer(), sales: Type.Integer(), fiscal_data: Type.Integer(), mails: Type.Integer(), notices: Type.Integer(), events: Type.Integer(), operations: Type.Integer(), inbound_events: Type.Integer() }, { description: '`events`, `operations`, `inbound_events`: of what happened to these objects, what was said and of whom; the facts stay. At once what is older than four days; the rest may still be on its way to a webhook endpoint, and follows by itself after four days.' }),
  kept: Type.Array(Type.Object({
    id: Type.String(),
    reason: oneOf(why, {
      description: '`law`: an issued document, or a payment, which the law wants kept; `not_issued`: an invoice that was not stamped yet, which you may change; `open_sale`: its invoice is still to be made; `open_subscription`: cancel it first; `being_sent`: ask again when it went out.'
    }),
    until: Nullable(Instant)
  })),
  erased_at: Instant
}, { title: 'PersonErasure' })
export type Erasure = Static<typeof Erasure>
export type Kept = Erasure['kept'][number]
