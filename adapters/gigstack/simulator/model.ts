import { productOf, type SatModel, sumOf } from '../../../core/adapter/index.ts'

/** A refusal in Gigstack's words. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: string
  readonly details: { field: string, message: string }[]

  constructor (status: number, code: string, message: string, details: { field: string, message: string }[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

export const missing = (field: string): Refused => new Refused(400, 'missing_required_field', 'Required field missing', [{ field, message: 'is required' }])
const wrong = (field: string, message: string): Refused => new Refused(400, 'invalid_field_value', 'Field value invalid', [{ field, message }])

export type Wire = Record<string, unknown>

export interface Team { id: string, legalName: string, taxSystem: string, zip: string }
export interface Client extends Wire { id: string, tax_id?: string, legal_name?: string }

export const object = (value: unknown, field: string): Wire => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw missing(field)
  return value as Wire
}

const optional = (value: unknown): string | undefined => value === undefined || value === null || value === '' ? undefined : String(value)

function required (value: unknown, field: string): string {
  const told = optional(value)
  if (told === undefined) throw missing(field)
  return told
}

function decimal (value: unknown, field: string): string {
  const told = optional(value)
  if (told === undefined) throw missing(field)
  if (!/^\d{1,18}(\.\d{1,6})?$/.test(told)) throw wrong(field, 'must be a number of at most six decimals')
  return told
}

/** The document that Gigstack makes of a request: amounts are its own, from quantities, prices and rates. */
export function modelOf (body: Wire, { kind, team, rfc, client, folio }: { kind: 'invoice' | 'credit_note', team: Team, rfc: string, client: Client, folio: { series: string, number: string } }): SatModel {
  const items = Array.isArray(body.items) ? body.items as unknown[] : []
  if (items.length === 0) throw missing('items')
  const global = body.global === undefined ? undefined : object(body.global, 'global')
  const zip = optional((client.address as Wire | undefined)?.zip)
  return {
    reference: 'simulated',
    country: 'MX',
    kind: global === undefined ? kind : 'global_invoice',
    series: folio.series,
    number: folio.number,
    issuer: { name: team.legalName, taxId: rfc, address: { postalCode: team.zip }, mx: { regime: team.taxSystem } },
    customer: {
      name: required(client.legal_name, 'client.legal_name'),
      taxId: required(client.tax_id, 'client.tax_id'),
      ...(zip !== undefined && { address: { postalCode: zip } }),
      mx: { regime: required(client.tax_system, 'client.tax_system'), cfdiUse: required(body.use ?? client.use, 'use') }
    },
    currency: optional(body.currency) ?? 'MXN',
    ...(optional(body.exchange_rate) !== undefined && { exchangeRate: String(body.exchange_rate) }),
    payment: { form: required(body.payment_form, 'payment_form'), method: optional(body.payment_method) ?? 'PUE' },
    ...(Array.isArray(body.related_documents) && {
      related: (body.related_documents as Wire[]).flatMap(({ relationship, documents }) => (documents as string[]).map(fiscalId => ({ type: String(relationship), fiscalId })))
    }),
    lines: items.map((item, index) => lineOf(object(item, `items[${index}]`), `items[${index}]`)),
    mx: { postalCode: team.zip, export: optional(body.exports) ?? '01', ...(global !== undefined && { global: { periodicity: String(global.periodicity), months: String(global.months), year: Number(global.year) } }) }
  }
}

function lineOf (item: Wire, at: string): SatModel['lines'][number] {
  const third = item.third_party === undefined ? undefined : object(item.third_party, `${at}.third_party`)
  return {
    description: required(item.description, `${at}.description`),
    quantity: decimal(item.quantity, `${at}.quantity`),
    unitPrice: decimal(item.unit_price, `${at}.unit_price`),
    ...(optional(item.discount) !== undefined && { discount: decimal(item.discount, `${at}.discount`) }),
    ...(optional(item.sku) !== undefined && { sku: String(item.sku) }),
    ...(optional(item.unit_name) !== undefined && { unit: String(item.unit_name) }),
    taxes: (Array.isArray(item.taxes) ? item.taxes as Wire[] : []).map((tax, index) => {
      const place = `${at}.taxes[${index}]`
      const type = required(tax.type, `${place}.type`).toUpperCase()
      if (!['IVA', 'ISR', 'IEPS'].includes(type)) throw wrong(`${place}.type`, 'must be IVA, ISR or IEPS')
      if (tax.inclusive === true) throw wrong(`${place}.inclusive`, 'the simulator knows no prices with taxes in them')
      const exempt = tax.factor === 'Exento'
      return { type, rate: exempt ? '0' : decimal(tax.rate, `${place}.rate`), withheld: tax.withholding === true, ...(exempt && { exempt }), ...(tax.factor === 'Cuota' && { quota: true }) }
    }),
    mx: {
      productKey: required(item.product_key, `${at}.product_key`),
      unitKey: required(item.unit_key, `${at}.unit_key`),
      taxObject: required(item.taxability, `${at}.taxability`),
      ...(third !== undefined && { thirdParty: { taxId: String(third.tax_id), name: String(third.legal_name), regime: String(third.tax_system), postalCode: String(third.zip) } })
    }
  }
}

const keys: Readonly<Record<string, string>> = { ISR: '001', IVA: '002', IEPS: '003' }

/** The complement of one payment of an invoice that was made before. */
export function complementOf (invoice: SatModel, { uuid, total, balance, part, amount, form, paidAt, folio }: { uuid: string, total: string, balance: string, part: number, amount: string, form: string, paidAt: Date, folio: { series: string, number: string } }): SatModel {
  const shares = invoice.lines.flatMap(line => {
    const base = productOf(line.quantity, line.unitPrice, 2)
    return line.taxes.map(({ type, rate, withheld = false, exempt = false }) => ({ withheld, tax: keys[type]!, factor: exempt ? 'Exento' : 'Tasa', ...(!exempt && { rate: productOf(rate, '1', 6) }), base }))
  })
  const grouped = [...Map.groupBy(shares, ({ withheld, tax, factor, rate = '' }) => `${withheld} ${tax} ${factor} ${rate}`).values()].map(group => ({ ...group[0]!, base: sumOf(group.map(({ base }) => base)) }))
  const of = (withheld: boolean) => grouped.filter(share => share.withheld === withheld).map(({ withheld: _, ...share }) => share)
  return {
    reference: 'simulated',
    country: 'MX',
    kind: 'payment_receipt',
    ...folio,
    issuer: invoice.issuer,
    customer: { ...invoice.customer, mx: { ...invoice.customer.mx, cfdiUse: 'CP01' } },
    currency: 'XXX',
    lines: [],
    mx: {
      postalCode: invoice.mx!.postalCode!,
      payments: [{ paidAt, form, currency: invoice.currency, amount, documents: [{ fiscalId: uuid, series: invoice.series!, number: invoice.number!, currency: invoice.currency, part, balance, amount, taxes: { total, charged: of(false), withheld: of(true) } }] }]
    }
  }
}
