import type { EsCharge, Invoice, InvoiceLine } from '../../adapter/invoicing.ts'
import { Decimal, decimal, productOf, rounded, sum, zero } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { surcharge, taxCode } from './codes.ts'

/** A discount or a charge with its amount. `rate` in per cent. */
export interface Change { reason: string, rate?: Decimal, amount: Decimal }

export interface TaxAmounts {
  code: string
  /** Per cent. */
  rate: Decimal
  base: Decimal
  amount: Decimal
  /** Recargo de equivalencia, per cent. */
  surcharge?: { rate: Decimal, amount: Decimal }
}

export interface LineAmounts {
  cost: Decimal
  discounts: Change[]
  charges: Change[]
  gross: Decimal
  outputs: TaxAmounts[]
  withheld: TaxAmounts[]
}

export interface Amounts {
  lines: LineAmounts[]
  /** Sum of the lines, after their own discounts and charges. */
  gross: Decimal
  discounts: Change[]
  charges: Change[]
  totalDiscounts: Decimal
  totalCharges: Decimal
  beforeTaxes: Decimal
  outputs: TaxAmounts[]
  withheld: TaxAmounts[]
  taxOutputs: Decimal
  taxesWithheld: Decimal
  total: Decimal
}

/**
 * The amounts of a Facturae. Lines keep up to eight decimals, nothing of them is rounded to cents; each tax is computed once, on the
 * sum of its lines, and rounded there: so that FACe's arithmetic check (Orden HAP/1650/2015, annex II) comes to the same sums.
 * Discounts and charges of the whole invoice are shared out over the taxes by their bases. All positive: the writer puts the sign of
 * a rectificativa by differences. Throws FiscalError `value_invalid`, `tax_not_supported` with the place in the API's words.
 */
export function amountsOf (invoice: Pick<Invoice, 'lines' | 'es'>): Amounts {
  const lines = invoice.lines.map(lineAmounts)
  const exactGross = sum(lines.map(({ gross }) => gross))
  const gross = cents(exactGross)
  const discounts = changes(invoice.es?.discounts, gross, 'es.discounts', cents)
  const charges = changes(invoice.es?.charges, gross, 'es.charges', cents)
  const totalDiscounts = sum(discounts.map(({ amount }) => amount))
  const totalCharges = sum(charges.map(({ amount }) => amount))
  const beforeTaxes = gross.minus(totalDiscounts).plus(totalCharges)
  if (beforeTaxes.lt(0)) throw invalid('es.discounts', 'Los descuentos superan el importe.', 'The discounts are more than the amount.')
  const part = exactGross.isZero() || exactGross.equals(beforeTaxes) ? undefined : beforeTaxes.div(exactGross)
  const outputs = grouped(lines.map(line => line.outputs), part)
  const withheld = grouped(lines.map(line => line.withheld), part)
  const taxOutputs = sum(outputs.flatMap(({ amount, surcharge }) => surcharge === undefined ? [amount] : [amount, surcharge.amount]))
  const taxesWithheld = sum(withheld.map(({ amount }) => amount))
  return { lines, gross, discounts, charges, totalDiscounts, totalCharges, beforeTaxes, outputs, withheld, taxOutputs, taxesWithheld, total: beforeTaxes.plus(taxOutputs).minus(taxesWithheld) }
}

/** Totals of the unified model: subtotal less discount, plus taxes, less what is withheld, is the total. */
export function unifiedTotals ({ lines, charges, beforeTaxes, taxOutputs, taxesWithheld, total }: Amounts): Invoice['totals'] {
  const subtotal = cents(sum(lines.flatMap(line => [line.cost, ...line.charges.map(({ amount }) => amount)]))).plus(sum(charges.map(({ amount }) => amount)))
  return { subtotal: subtotal.toFixed(2), discount: subtotal.minus(beforeTaxes).toFixed(2), taxes: taxOutputs.toFixed(2), withheld: taxesWithheld.toFixed(2), total: total.toFixed(2) }
}

const cents = (value: Decimal): Decimal => rounded(value, 2)
const eight = (value: Decimal): Decimal => rounded(value, 8)
const percent = (rate: Decimal): Decimal => rate.times(100)
/** So much per cent of it, exactly. */
const share = (value: Decimal, rate: Decimal): Decimal => value.times(rate).times(hundredth)
const hundredth = new Decimal('0.01')

const invalid = (path: string, es: string, en: string): FiscalError => new FiscalError('value_invalid', { es, en }, path)

function number (text: string, path: string): Decimal {
  const value = decimal(text)
  if (value === undefined) throw invalid(path, `«${text}» no es un número.`, `"${text}" is not a number.`)
  return value
}

const rates = new Map<string, Decimal>()

/** Per cent of a fraction. There are few, and each stands on every line. */
function rateOf (fraction: string, path: string): Decimal {
  let rate = rates.get(fraction)
  if (rate === undefined) {
    rate = percent(number(fraction, path))
    if (rates.size >= 1000) rates.clear()
    rates.set(fraction, rate)
  }
  return rate
}

function lineAmounts (line: InvoiceLine, index: number): LineAmounts {
  const path = `lines[${index}]`
  number(line.quantity, `${path}.quantity`)
  number(line.unitPrice, `${path}.unit_price`)
  const cost = eight(productOf(line.quantity, line.unitPrice))
  const discount = line.discount === undefined ? zero : number(line.discount, `${path}.discount`)
  const discounts = [...discount.isZero() ? [] : [{ reason: 'Descuento', amount: discount }], ...changes(line.es?.discounts, cost, `${path}.es.discounts`, eight)]
  const charges = changes(line.es?.charges, cost, `${path}.es.charges`, eight)
  const gross = charges.reduce((sum, { amount }) => sum.plus(amount), discounts.reduce((sum, { amount }) => sum.minus(amount), cost))
  if (gross.isNeg() && !gross.isZero()) throw invalid(`${path}.discount`, 'El descuento supera el importe de la línea.', 'The discount is more than the amount of the line.')
  const taxes = line.taxes.map((tax, at) => {
    const place = `${path}.taxes[${at}]`
    if (tax.quota === true) throw new FiscalError('tax_not_supported', { es: 'Facturae no tiene impuestos por unidad.', en: 'Facturae has no taxes by unit.' }, place)
    const rate = tax.exempt === true ? zero : rateOf(tax.rate, `${place}.rate`)
    if (tax.type.toUpperCase() === surcharge) return { tax, code: surcharge, rate }
    const code = taxCode(tax.type)
    if (code === undefined) throw new FiscalError('tax_not_supported', { es: `Facturae no conoce el impuesto «${tax.type}».`, en: `Facturae does not know the tax "${tax.type}".` }, place)
    return { tax, code, rate }
  })
  const of = ({ code, rate }: { code: string, rate: Decimal }): TaxAmounts => ({ code, rate, base: gross, amount: eight(share(gross, rate)) })
  const outputs = taxes.filter(({ tax, code }) => tax.withheld !== true && code !== surcharge).map(of)
  const extra = taxes.filter(({ code }) => code === surcharge)
  if (extra.length > 0) {
    const vat = outputs.filter(({ code }) => code === '01')
    if (extra.length > 1 || vat.length !== 1) throw new FiscalError('tax_not_supported', { es: 'El recargo de equivalencia va una vez, junto a un IVA.', en: 'The recargo de equivalencia stands once, beside one IVA.' }, `${path}.taxes`)
    const { rate } = extra[0]!
    vat[0]!.surcharge = { rate, amount: eight(share(gross, rate)) }
  }
  return { cost, discounts, charges, gross, outputs, withheld: taxes.filter(({ tax, code }) => tax.withheld === true && code !== surcharge).map(of) }
}

function changes (given: readonly EsCharge[] | undefined, of: Decimal, path: string, round: (value: Decimal) => Decimal): Change[] {
  return (given ?? []).map(({ reason, rate, amount }, index) => {
    const place = `${path}[${index}]`
    if (rate === undefined && amount === undefined) throw invalid(place, 'Falta el importe o el porcentaje.', 'The amount or the rate is missing.')
    const part = rate === undefined ? undefined : number(rate, `${place}.rate`)
    return { reason, ...part !== undefined && { rate: percent(part) }, amount: amount === undefined ? round(of.times(part!)) : number(amount, `${place}.amount`) }
  })
}

/** One entry for each tax, rate and surcharge, in the order in which they come. */
function grouped (lines: readonly (readonly TaxAmounts[])[], part: Decimal | undefined): TaxAmounts[] {
  const groups = new Map<string, { code: string, rate: Decimal, surcharge: Decimal | undefined, exact: Decimal }>()
  for (const { code, rate, base, surcharge } of lines.flat()) {
    const key = `${code} ${rate.toString()} ${surcharge?.rate.toString() ?? ''}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { code, rate, surcharge: surcharge?.rate, exact: base })
    else group.exact = group.exact.plus(base)
  }
  return [...groups.values()].map(({ code, rate, surcharge, exact }) => {
    const base = cents(part === undefined ? exact : exact.times(part))
    const of = (rate: Decimal): Decimal => cents(share(base, rate))
    return { code, rate, base, amount: of(rate), ...surcharge !== undefined && { surcharge: { rate: surcharge, amount: of(surcharge) } } }
  })
}
