import type { Invoice, InvoiceLine } from '../../../adapter/invoicing.ts'
import { Decimal, fixed, sum, zero } from '../../decimal.ts'
import { type Amounts, amountsOf, type TaxAmounts } from '../amounts.ts'
import { isNegative } from '../build.ts'
import { residenceOf, surcharge as surchargeTax, taxCode } from '../codes.ts'
import { normalNif } from '../nif.ts'
import type { Alta, Detail, Recipient, RecordName } from './model.ts'

/** aaaa-mm-dd as records write it. */
export const recordDay = (day: string): string => day.split('-').reverse().join('-')

/** What the invoice is known by at the AEAT: series and number as one text, as they are printed. */
export const recordNameOf = ({ issuer, series = '', number = '', es }: Pick<Invoice, 'issuer' | 'series' | 'number' | 'es'>): RecordName => ({ nif: normalNif(issuer.taxId), number: `${series}${number}`, date: recordDay(es?.issuedOn ?? '') })

/**
 * The registro de alta of an invoice. Amounts are in euros; what is withheld (IRPF) is no part of them. Kinds, causes and regimes that
 * nobody named are told from the invoice: see docs/verifactu.md. Throws what `amountsOf` throws.
 */
export function altaOf (invoice: Invoice): Alta {
  const amounts = amountsOf(invoice)
  const { es, customer } = invoice
  const asked = es?.verifactu
  const type = asked?.type ?? typeOf(invoice)
  const named = type !== 'F2' && type !== 'R5'
  const euros = inEuros(invoice)
  const details = detailsOf(invoice, amounts, euros)
  const { corrective } = es ?? {}
  const isCorrective = type.startsWith('R')
  const substitutes = isCorrective && corrective?.method === '01'
  const operationDate = es?.operationDate !== undefined && es.operationDate !== es.issuedOn ? recordDay(es.operationDate) : undefined
  const rectified = corrective?.number === undefined ? undefined : { nif: normalNif(invoice.issuer.taxId), number: `${corrective.series ?? ''}${corrective.number}`, date: recordDay(corrective.issuedOn ?? '') }
  return {
    kind: 'alta',
    name: recordNameOf(invoice),
    reference: invoice.reference,
    issuerName: nameOf(invoice.issuer).slice(0, 120),
    type,
    ...(isCorrective && { corrective: substitutes ? 'S' as const : 'I' as const }),
    ...(isCorrective && rectified !== undefined && { rectified: [rectified] }),
    ...(type === 'F3' && { substituted: (asked?.substitutes ?? []).map(({ number, issuedOn }) => ({ nif: normalNif(invoice.issuer.taxId), number, date: recordDay(issuedOn) })) }),
    ...(substitutes && asked?.rectified !== undefined && { rectifiedAmounts: asked.rectified }),
    ...(operationDate !== undefined && { operationDate }),
    description: [...(asked?.description ?? es?.description ?? invoice.lines[0]?.description ?? 'Factura')].slice(0, 500).join(''),
    ...(named && es?.document === 'FA' && { qualified: true }),
    ...(asked?.withoutRecipient === true && { withoutRecipient: true }),
    recipients: named ? [recipientOf(customer)] : [],
    details,
    tax: cents(sum(details.flatMap(({ amount, surcharge }) => [new Decimal(amount ?? 0), new Decimal(surcharge?.amount ?? 0)]))),
    total: cents(sum(details.flatMap(({ base, amount, surcharge }) => [new Decimal(base), new Decimal(amount ?? 0), new Decimal(surcharge?.amount ?? 0)])))
  }
}

const cents = (value: Decimal): string => fixed(value.isZero() ? zero : value, 2)

/** Amounts of the record: in euros, below zero in a rectificativa by differences. */
function inEuros (invoice: Invoice): (value: Decimal) => Decimal {
  const rate = invoice.currency === 'EUR' ? undefined : new Decimal(invoice.exchangeRate ?? 1)
  const sign = isNegative(invoice) ? -1 : 1
  return value => (rate === undefined ? value : value.times(rate)).times(sign)
}

/**
 * F1, or a rectificativa by the reason that it gives (art. 80 LIVA): 80–84 R1, 85 (bankruptcy) R2, any other R4. A simplified one stays
 * F1: its buyer is identified, and it says so (FacturaSimplificadaArt7273).
 */
function typeOf ({ es }: Invoice): string {
  const reason = es?.corrective?.reason
  if (reason === undefined) return 'F1'
  return reason === '85' ? 'R2' : /^8[0-4]$/.test(reason) ? 'R1' : 'R4'
}

const nameOf = ({ name, es }: Invoice['issuer']): string => [name, es?.firstSurname, es?.secondSurname].filter(part => part !== undefined && part !== '').join(' ')

/** A NIF of Spain, a NIF-IVA of the Union, or what the country of residence gave. */
function recipientOf (customer: Invoice['customer']): Recipient {
  const name = [...nameOf(customer)].slice(0, 120).join('')
  const country = customer.address?.country ?? 'ES'
  const residence = customer.es?.residence ?? ({ R: 'resident', U: 'eu', E: 'foreign' } as const)[residenceOf(country)]
  const id = customer.taxId.toUpperCase().replace(/[\s.\-/]/g, '')
  if (residence === 'resident') return { name, nif: normalNif(customer.taxId) }
  // Greece's numbers begin with EL (Directive 2006/112/EC, art. 215).
  const prefix = country === 'GR' ? 'EL' : country
  if (residence === 'eu') return { name, other: { country, type: '02', id: (id.startsWith(prefix) ? id : `${prefix}${id}`).slice(0, 20) } }
  return { name, other: { country, type: '04', id: id.slice(0, 20) } }
}

/** What stands behind the rate of a line: taxed, reversed, exempt, not taxable. */
export type Class = Pick<Detail, 'qualification' | 'exemption'>

/** One for each tax, rate, surcharge and reason. */
function detailsOf (invoice: Invoice, { lines, outputs, gross, beforeTaxes }: Amounts, euros: (value: Decimal) => Decimal): Detail[] {
  const details: Detail[] = []
  const without = lines.map((line, index) => line.outputs.length === 0 ? index : -1).filter(index => index !== -1)
  for (const group of outputs) {
    if (!group.rate.isZero()) {
      details.push(taxed(invoice, group, euros))
      continue
    }
    const members = invoice.lines.map((line, index) => ({ line, amounts: lines[index]! })).filter(({ amounts }) => amounts.outputs.some(({ code, rate }) => code === group.code && rate.isZero()))
    details.push(...untaxed(invoice, group, members.map(({ line, amounts }) => ({ line, gross: amounts.gross })), euros))
  }
  // Lines that name no tax at all are not taxable.
  if (without.length > 0) {
    const part = gross.isZero() ? new Decimal(1) : beforeTaxes.div(gross)
    details.push({ tax: '01', regime: regimeOf(invoice, '01', {}, false) ?? '01', qualification: 'N1', base: cents(euros(sum(without.map(index => lines[index]!.gross)).times(part))) })
  }
  return details
}

function taxed (invoice: Invoice, { code, rate, base, amount, surcharge }: TaxAmounts, euros: (value: Decimal) => Decimal): Detail {
  const tax = taxOf(code)
  return {
    tax, ...regime(regimeOf(invoice, tax, {}, surcharge !== undefined)), qualification: 'S1', rate: fixed(rate, 2), base: cents(euros(base)), amount: cents(euros(amount)),
    ...(surcharge !== undefined && { surcharge: { rate: fixed(surcharge.rate, 2), amount: cents(euros(surcharge.amount)) } })
  }
}

/** A group without tax, in its parts by reason; the last one takes what rounding leaves. */
function untaxed (invoice: Invoice, { code, base }: TaxAmounts, members: readonly { line: InvoiceLine, gross: Decimal }[], euros: (value: Decimal) => Decimal): Detail[] {
  const classes = new Map<string, { of: Class, gross: Decimal }>()
  for (const { line, gross } of members) {
    const of = classOf(invoice, line, code)
    const key = `${of.qualification ?? ''}${of.exemption ?? ''}`
    const known = classes.get(key)
    classes.set(key, { of, gross: known === undefined ? gross : known.gross.plus(gross) })
  }
  const all = sum([...classes.values()].map(({ gross }) => gross))
  let left = base
  return [...classes.values()].map(({ of, gross }, index) => {
    const part = index === classes.size - 1 ? left : new Decimal(fixed(all.isZero() ? zero : base.times(gross).div(all), 2))
    left = left.minus(part)
    const tax = taxOf(code)
    return { tax, ...regime(regimeOf(invoice, tax, of, false)), ...of, ...(of.qualification?.startsWith('S') === true && { rate: '0.00' }), base: cents(euros(part)), ...(of.qualification?.startsWith('S') === true && { amount: '0.00' }) }
  })
}

const regime = (value: string | undefined) => value === undefined ? {} : { regime: value }

/** TaxTypeCode of a Facturae → Impuesto. */
const taxOf = (code: string): string => ['01', '02', '03'].includes(code) ? code : '05'

/** ClaveRegimen, which only IVA, IPSI and IGIC have (1245, 1260): 02 for exports, 18 with the recargo de equivalencia, 01 otherwise. */
function regimeOf ({ es }: Invoice, tax: string, { exemption }: Class, surcharge: boolean): string | undefined {
  if (tax === '05') return undefined
  return es?.verifactu?.regime ?? (surcharge ? '18' : exemption === 'E2' || exemption === 'E3' ? '02' : '01')
}

/** By the provision that the line names; an exemption without one is that of art. 20 LIVA (E1). */
export function classOf ({ es }: Invoice, line: InvoiceLine, code: string): Class {
  const special = line.es?.special
  const tax = line.taxes.find(({ type, withheld }) => withheld !== true && type.toUpperCase() !== surchargeTax && taxCode(type) === code)
  const article = Number(/art[íi]?c?u?l?o?s?\.?\s*(\d{1,3})/i.exec(special?.reason ?? '')?.[1])
  if (special?.code === '02') return { qualification: article >= 68 && article <= 70 ? 'N2' : 'N1' }
  if (tax?.exempt === true || special?.code === '01') {
    return { exemption: es?.verifactu?.exemption ?? (article === 21 ? 'E2' : article === 22 ? 'E3' : article === 23 || article === 24 ? 'E4' : article === 25 ? 'E5' : article === 20 || Number.isNaN(article) ? 'E1' : 'E6') }
  }
  // The words that the law wants on such an invoice (RD 1619/2012, art. 6.1.m).
  return { qualification: (es?.legalLiterals ?? []).some(text => /inversi[óo]n del sujeto pasivo/i.test(text)) ? 'S2' : 'S1' }
}
