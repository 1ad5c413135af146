import { type Static, Type } from 'typebox'
import { closed, Mode, Nullable, oneOf } from '../http-schema.ts'
import { InvoiceTax } from '../invoices/schema.ts'

export const periodicities = ['daily', 'weekly', 'biweekly', 'monthly', 'bimonthly'] as const

const days = (description: string) => Type.Integer({ minimum: 1, maximum: 60, description })

const fields = {
  payments: oneOf(['ignore', 'record', 'invoice'], {
    description: 'What becomes of a payment that took money: nothing; a sale, whose document a person decides (`record`, when absent); or a sale that is invoiced by itself where the buyer’s data is known, and otherwise waits for it and then for the global invoice.'
  }),
  issuer: Nullable(Type.String({ maxLength: 60, description: 'Who sells where nobody says it; your only issuer when null.' })),
  self_invoice: Type.Object({
    days: days('How long the buyer’s link is good; 7 when absent.'),
    // The law's month: the global invoice holds what has no invoice of its own by then.
    open_on_global_day: oneOf(['wait', 'include'], { description: 'What becomes of a sale whose link is still open when its global invoice is made: it waits for its link and goes into the next one (`wait`, when absent), or it goes into this one and the link ends.' })
  }, closed),
  global_invoice: Type.Object({
    automatic: Type.Boolean({ description: 'Made by itself after each period; true when absent.' }),
    periodicity: oneOf(periodicities, { description: 'monthly when absent. bimonthly is for the régimen 621 alone (c_Periodicidad 05).' }),
    day: Type.Integer({ minimum: 1, maximum: 28, description: 'Of the month after a monthly or bimonthly period; 1 when absent. The others are made on the day after their period.' })
  }, closed),
  orphan_hours: Type.Integer({ minimum: 1, maximum: 720, description: 'So long a buyer may correct the data of an online sale whose invoice was refused, and never beyond the last day of the month; then it goes into the global invoice. 72 when absent.' }),
  preflight: oneOf(['refuse', 'let_through'], { description: 'What happens to a payment whose fiscal data breaks rules; `refuse` when absent.' }),
  fiscal_data: oneOf(['keep', 'delegate'], { description: '`delegate`: once an invoice is stamped, the buyer’s fiscal data stays in no column here; the stamped bytes are kept encrypted. `keep` when absent.' }),
  line: Type.Object({
    description: Type.String({ minLength: 1, maxLength: 1000 }),
    product_key: Type.String({ pattern: '^\\d{8}$', description: 'c_ClaveProdServ' }),
    unit_key: Type.String({ pattern: '^[A-Z0-9]{2,3}$', description: 'c_ClaveUnidad' }),
    taxes: Type.Array(InvoiceTax, { maxItems: 5 })
  }, { ...closed, description: 'How a sale whose lines nobody told is described: its amount has these taxes in it.' })
}

export const PutSalesSettings = Type.Object({
  payments: Type.Optional(fields.payments),
  issuer: Type.Optional(fields.issuer),
  self_invoice: Type.Optional(Type.Partial(fields.self_invoice, closed)),
  global_invoice: Type.Optional(Type.Partial(fields.global_invoice, closed)),
  orphan_hours: Type.Optional(fields.orphan_hours),
  preflight: Type.Optional(fields.preflight),
  fiscal_data: Type.Optional(fields.fiscal_data),
  line: Type.Optional(Type.Partial(fields.line, closed))
}, closed)
export type PutSalesSettings = Static<typeof PutSalesSettings>

export const SalesSettings = Type.Object({ object: Type.Literal('sales_settings'), mode: Mode, ...fields }, { title: 'SalesSettings' })
export type SalesSettings = Static<typeof SalesSettings>
