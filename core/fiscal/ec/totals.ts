import type { EcInvoice, EcWithholding, Invoice, InvoiceLine } from '../../adapter/invoicing.ts'
import { Decimal, decimal, fixed, productOf, rounded, sum, zero } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { dayOf } from './clock.ts'
import { exempt as exemptCode, ivaRateOn, ivaRates, ivaRatesOn, notSubject, taxCodes, untaxed, withheldIva, withheldTaxes } from './tables.ts'

/** A unified invoice before its amounts are computed. */
export type EcDraft = Omit<Invoice, 'lines' | 'totals' | 'localTaxes' | 'issuedAt' | 'ec'> & { issuedAt: Date | string, lines: EcLineDraft[], ec: EcInvoice }
export type EcLineDraft = Omit<InvoiceLine, 'taxes' | 'mx'> & { taxes: TaxDraft[] }
type TaxDraft = Omit<InvoiceLine['taxes'][number], 'base' | 'amount'> & { base?: string, amount?: string }

/**
 * The invoice with its amounts as the comprobante will have them. Each line is rounded to cents, its taxes too, and totals are sums of
 * what the lines say: so the document agrees with itself wherever the SRI adds it up (message 52).
 * Throws FiscalError `kind_not_built`, `value_invalid`, `tax_not_supported`.
 */
export function withEcTotals (draft: EcDraft): Invoice {
  const { kind, ec } = draft
  if (kind === 'withholding') return withholdingTotals(draft)
  const day = dayOf(new Date(draft.issuedAt))
  const goodsOnly = kind === 'delivery_note'
  const lines = draft.lines.map((line, index) => goodsOnly ? { ...line, taxes: [] } : lineOf(line, day, `lines[${index}]`))
  const nets = goodsOnly ? [] : lines.map(netOf)
  const discount = goodsOnly ? zero : sum(lines.map(({ discount: less }) => new Decimal(less ?? 0).toDecimalPlaces(2)))
  const taxes = sum(lines.flatMap(line => line.taxes.map(({ amount }) => new Decimal(amount))))
  const net = sum(nets)
  const tip = ec.tip === undefined ? zero : amountOf(ec.tip, 'ec.tip')
  const { lines: _, issuedAt, ...rest } = draft
  return {
    ...rest,
    issuedAt: new Date(issuedAt),
    lines,
    totals: { subtotal: fixed(net.plus(discount), 2), discount: fixed(discount, 2), taxes: fixed(taxes, 2), withheld: '0.00', total: fixed(net.plus(taxes).plus(tip), 2) }
  }
}

/** precioTotalSinImpuesto: after its discount, in cents. */
export function netOf ({ quantity, unitPrice, discount = '0' }: Pick<InvoiceLine, 'quantity' | 'unitPrice' | 'discount'>): Decimal {
  const gross = rounded(productOf(quantity, unitPrice), 2)
  return discount === '0' ? gross : gross.minus(new Decimal(discount).toDecimalPlaces(2))
}

function lineOf (line: EcLineDraft, day: string, path: string): InvoiceLine {
  const quantity = amountOf(line.quantity, `${path}.quantity`)
  amountOf(line.unitPrice, `${path}.unit_price`)
  if (line.discount !== undefined) amountOf(line.discount, `${path}.discount`)
  const net = netOf(line)
  if (net.lessThan(0)) throw invalid('El descuento es mayor que la línea.', 'The discount is larger than the line.', `${path}.discount`)
  const counted = line.taxes.map((tax, index) => ({ tax, of: taxOf(tax, day, `${path}.taxes[${index}]`) }))
  const amountOfTax = ({ tax, of: { percent } }: typeof counted[number], base: Decimal): Decimal =>
    (tax.quota === true ? quantity.times(amountOf(tax.rate, path)) : base.times(percent).div(100)).toDecimalPlaces(2)
  const baseOf = ({ tax }: typeof counted[number], otherwise: Decimal, index: number): Decimal => tax.base === undefined ? otherwise : amountOf(tax.base, `${path}.taxes[${index}].base`).toDecimalPlaces(2)
  // IVA is taken of the price with ICE in it (Ley de Régimen Tributario Interno, art. 58).
  const ice = sum(counted.map((one, index) => one.of.code === '3' ? amountOfTax(one, baseOf(one, net, index)) : zero))
  return {
    ...line,
    taxes: counted.map((one, index) => {
      const base = baseOf(one, one.of.code === '2' ? net.plus(ice) : net, index)
      return { ...one.tax, base: fixed(base, 2), amount: fixed(amountOfTax(one, base), 2) }
    })
  }
}

export interface EcTax {
  /** codigo */
  code: string
  /** codigoPorcentaje */
  percentCode: string
  /** tarifa */
  percent: string
}

const knownTaxes = new Map<string, EcTax>()

/** A tax in the SRI's words on that day; the answers for a day are few, and asked for with every line. Throws FiscalError `tax_not_supported`. */
export function taxOf (tax: Parameters<typeof readTax>[0], day: string, path: string): EcTax {
  const key = `${day} ${tax.type} ${tax.rate} ${tax.withheld} ${tax.exempt} ${tax.quota} ${tax.code}`
  let known = knownTaxes.get(key)
  if (known === undefined) {
    known = readTax(tax, day, path)
    if (knownTaxes.size >= 1000) knownTaxes.clear()
    knownTaxes.set(key, known)
  }
  return known
}

/** Throws FiscalError `tax_not_supported`, with what may be said instead. */
function readTax ({ type, rate, withheld = false, exempt = false, quota = false, code: given }: Pick<TaxDraft, 'type' | 'rate' | 'withheld' | 'exempt' | 'quota' | 'code'>, day: string, path: string): EcTax {
  const code = taxCodes[type.toUpperCase()]
  if (code === undefined) throw unsupported(`El impuesto «${type}» no es IVA, ICE ni IRBPNR.`, `The tax "${type}" is none of IVA, ICE and IRBPNR.`, `${path}.type`)
  if (withheld) throw unsupported('Lo que se retiene va en un comprobante de retención (kind: withholding), no en la factura.', 'What is withheld goes in a comprobante de retención (kind: withholding), not in the invoice.', `${path}.withheld`)
  const fraction = decimal(rate)
  if (fraction === undefined) throw invalid('La tarifa no es un número.', 'The rate is not a number.', `${path}.rate`)
  const percent = quota ? rate : fraction.times(100).toString()
  if (code !== '2') {
    const percentCode = given ?? (code === '5' ? '5001' : undefined)
    if (percentCode === undefined || !/^\d{1,4}$/.test(percentCode)) throw unsupported('El ICE pide su código de la tabla 18 del SRI (code).', 'ICE asks for its code of the SRI’s table 18 (code).', `${path}.code`)
    return { code, percentCode, percent }
  }
  if (exempt || given === exemptCode) return { code, percentCode: exemptCode, percent: '0' }
  if (given === notSubject) return { code, percentCode: notSubject, percent: '0' }
  const known = given === undefined ? ivaRateOn(percent, day) : ivaRates.find(one => one.code === given && Number(one.percent) === Number(percent))
  if (known === undefined || (given !== undefined && !ivaRatesOn(day).includes(known))) {
    const rates = [...new Set(ivaRatesOn(day).map(one => `${one.percent} %`))].join(', ')
    throw unsupported(`El ${day} no hay IVA del ${percent} %${given === undefined ? '' : ` con el código ${given}`}. Hay: ${rates}; o exempt; o code "6", no objeto.`,
      `On ${day} there is no IVA of ${percent} %${given === undefined ? '' : ` with the code ${given}`}. There is: ${rates}; or exempt; or code "6", not subject.`, `${path}.rate`)
  }
  return { code, percentCode: known.code, percent: known.percent }
}

export interface TaxTotal extends EcTax { base: Decimal, amount: Decimal }

/** What each rate comes to, in the order of the tables. */
export function taxTotals (invoice: Pick<Invoice, 'lines' | 'issuedAt'>): TaxTotal[] {
  const day = dayOf(new Date(invoice.issuedAt))
  const totals = new Map<string, TaxTotal>()
  for (const [line, { taxes }] of invoice.lines.entries()) {
    for (const [index, tax] of taxes.entries()) {
      const known = taxOf(tax, day, `lines[${line}].taxes[${index}]`)
      const key = `${known.code} ${known.percentCode}`
      const before = totals.get(key)
      totals.set(key, { ...known, base: (before?.base ?? zero).plus(tax.base), amount: (before?.amount ?? zero).plus(tax.amount) })
    }
  }
  return [...totals.values()].sort((one, other) => Number(one.code) - Number(other.code) || Number(one.percentCode) - Number(other.percentCode))
}

/** Its total is what is withheld. */
function withholdingTotals (draft: EcDraft): Invoice {
  const { ec, issuedAt, ...rest } = draft
  if (ec.withholding === undefined) throw invalid('Un comprobante de retención lleva ec.withholding.', 'A comprobante de retención holds ec.withholding.', 'ec.withholding')
  const documents = ec.withholding.documents.map((document, index) => withheldOf(document, `ec.withholding.documents[${index}]`))
  const withheld = fixed(sum(documents.flatMap(({ withheld }) => withheld.map(({ amount }) => new Decimal(amount!)))), 2)
  return {
    ...rest,
    issuedAt: new Date(issuedAt),
    lines: [],
    ec: { ...ec, withholding: { ...ec.withholding, documents } },
    totals: { subtotal: '0.00', discount: '0.00', taxes: '0.00', withheld, total: withheld }
  }
}

type Supporting = EcWithholding['documents'][number]

function withheldOf (document: Supporting, path: string): Supporting {
  for (const name of ['subtotal', 'total'] as const) amountOf(document[name], `${path}.${name}`)
  return {
    ...document,
    taxes: document.taxes.map((tax, index) => {
      const { percent } = taxOf(tax, document.issuedOn, `${path}.taxes[${index}]`)
      return { ...tax, amount: fixed(amountOf(tax.base, `${path}.taxes[${index}].base`).times(percent).div(100), 2) }
    }),
    withheld: document.withheld.map((one, index) => {
      const here = `${path}.withheld[${index}]`
      if (withheldTaxes[one.type.toUpperCase()] === undefined) throw unsupported(`«${one.type}» no es RENTA, IVA ni ISD.`, `"${one.type}" is none of RENTA, IVA and ISD.`, `${here}.type`)
      const of = withheldTaxes[one.type.toUpperCase()] === '2' ? withheldIva[one.code] : undefined
      if (of !== undefined && Number(of) !== Number(one.percent)) throw invalid(`El código ${one.code} de IVA retiene el ${of} %.`, `Code ${one.code} of IVA withholds ${of} %.`, `${here}.percent`)
      return { ...one, amount: fixed(amountOf(one.base, `${here}.base`).times(amountOf(one.percent, `${here}.percent`)).div(100), 2) }
    })
  }
}

function amountOf (text: string, path: string): Decimal {
  const value = decimal(text)
  if (value === undefined) throw invalid('No es un número decimal.', 'It is not a decimal number.', path)
  return value
}

const invalid = (es: string, en: string, path: string): FiscalError => new FiscalError('value_invalid', { es, en }, path)
const unsupported = (es: string, en: string, path: string): FiscalError => new FiscalError('tax_not_supported', { es, en }, path)

/** How a subtotal of IVA is named on paper: `IVA 15 %`, `NO OBJETO DE IVA`. */
export const rateName = (percentCode: string, percent: string): string => untaxed[percentCode] ?? `${Number(percent)}%`
