import { exponentOf } from '../adapter/money.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { ChangeInvoice } from '../invoices/schema.ts'
import type { SalesSettings } from './settings-schema.ts'

type Line = ChangeInvoice['lines'][number]
type Tax = Line['taxes'][number]

const one = new Decimal(1)
const six = (value: Decimal): string => value.toDecimalPlaces(6, Decimal.ROUND_HALF_UP).toFixed(6)

/** `11600` of MXN is `116.00`. */
export const fromMinor = (minor: number, currency: string): Decimal => new Decimal(minor).div(new Decimal(10).pow(exponentOf(currency)))
export const toMinor = (amount: Decimal | string, currency: string): number => new Decimal(amount).times(new Decimal(10).pow(exponentOf(currency))).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber()

/** What is left of a sale after what went back. */
export const leftOf = ({ total, refunded }: { total: string, refunded: string }): Decimal => new Decimal(total).minus(refunded)

/** Nothing of it is left to tell in a document. */
export const isGivenBack = (sale: { total: string, refunded: string }): boolean => leftOf(sale).lte(0)

/** What a fraction of taxes is on top of the price. */
const rateOf = (taxes: readonly Tax[]): Decimal => taxes.reduce((sum, { rate, exempt, withheld, quota }) => exempt === true || withheld === true || quota === true ? sum : sum.plus(rate), new Decimal(0))

/** One line whose price with its taxes is that amount: for a sale whose lines nobody told. Its document is rounded by `six`. */
export function lineOfAmount (amount: Decimal, { description, product_key: productKey, unit_key: unitKey, taxes }: SalesSettings['line'], { country = 'MX', said }: { country?: 'MX' | 'EC' | 'ES', said?: string | undefined } = {}): Line {
  const own = country === 'MX' ? taxes : usualTaxes[country]
  return { description: said ?? description, quantity: '1', unit_price: six(amount.div(one.plus(rateOf(own)))), taxes: own, ...(country === 'MX' && { mx: { product_key: productKey, unit_key: unitKey } }) }
}

/** The general rate: Ecuador 15 % since 2024-04-01 (decreto ejecutivo 198), Spain 21 % (Ley 37/1992, art. 90). */
const usualTaxes: Readonly<Record<'EC' | 'ES', Tax[]>> = { EC: [{ type: 'IVA', rate: '0.15' }], ES: [{ type: 'IVA', rate: '0.21' }] }

/** What a ticket is in a global invoice: its value, and its taxes each on its base. */
export interface Ticket {
  number: string
  /** What is left of it after refunds, with taxes. */
  net: Decimal
  model: Pick<InvoiceModel, 'lines'>
}

/**
 * The concept of one ticket: 01010101, ACT, `Venta` and the ticket's number are the engine's (guía de llenado del CFDI global). Its
 * bases are scaled so that value and taxes sum to what is left of the ticket.
 */
export function conceptOf ({ number, net, model }: Ticket): Line {
  const groups = new Map<string, { tax: Tax, base: Decimal }>()
  let value = new Decimal(0)
  for (const line of model.lines) {
    const own = new Decimal(line.amount ?? new Decimal(line.quantity).times(line.unitPrice)).minus(line.discount ?? 0)
    value = value.plus(own)
    for (const { type, rate, base, exempt, quota, withheld } of line.taxes) {
      if (withheld === true) continue
      const key = [type, new Decimal(rate === '' ? 0 : rate).toFixed(6), exempt, quota].join()
      const group = groups.get(key) ?? { tax: { type, rate, ...(exempt === true && { exempt }), ...(quota === true && { quota }) }, base: new Decimal(0) }
      groups.set(key, { ...group, base: group.base.plus(base) })
    }
  }
  const taxed = [...groups.values()].reduce((sum, { tax, base }) => tax.exempt === true ? sum : sum.plus(base.times(tax.rate)), value)
  const factor = taxed.isZero() ? one : net.div(taxed)
  return {
    description: 'Venta',
    quantity: '1',
    unit_price: six(value.times(factor)),
    sku: number,
    taxes: [...groups.values()].map(({ tax, base }) => ({ ...tax, base: six(base.times(factor)) })),
    mx: { product_key: '01010101', unit_key: 'ACT' }
  }
}

/**
 * Lines whose document comes to exactly that total. Each sum (the values, each tax) is rounded to the cent by itself, so that together
 * they may be a cent or two off: then the value of the largest line is moved by as little as turns its sum's rounding, and its taxes
 * stay on the bases that they had. Undefined where that does not help.
 */
export function exactly (lines: readonly Line[], total: Decimal, totalOf: (lines: readonly Line[]) => Decimal): Line[] | undefined {
  const off = total.minus(totalOf(lines))
  if (off.isZero()) return [...lines]
  const largest = lines.reduce((best, line, index) => new Decimal(line.unit_price).gt(lines[best]!.unit_price) ? index : best, 0)
  for (const step of steps) {
    const delta = new Decimal(off.isNegative() ? `-${step}` : step)
    const moved = lines.map((line, index) => index === largest ? by(line, delta) : line)
    if (totalOf(moved).eq(total)) return moved
  }
  return undefined
}

const steps = ['0.000001', '0.00001', '0.0001', '0.001', '0.002', '0.003', '0.005', '0.01', '0.015', '0.02', '0.03']

/** Of one unit, as all lines here are. */
function by (line: Line, delta: Decimal): Line {
  return { ...line, unit_price: six(new Decimal(line.unit_price).plus(delta)), taxes: line.taxes.map(tax => tax.quota === true ? tax : { ...tax, base: tax.base ?? line.unit_price }) }
}

/** The part of it that goes back, as a line of a credit note with the taxes of what was sold. */
export function lineOfRefund (amount: Decimal, ticket: Omit<Ticket, 'net'>, description: string): Line {
  const concept = conceptOf({ ...ticket, net: amount })
  return { ...concept, description }
}
