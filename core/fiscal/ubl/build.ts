import type { Invoice, InvoiceLine, InvoiceParty } from '../../adapter/invoicing.ts'
import { between, Decimal, fixed, rounded, sum, zero } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { type Amounts, amountsOf, type Change } from '../es/amounts.ts'
import { residenceOf, taxName } from '../es/codes.ts'
import { normalNif } from '../es/nif.ts'
import { classOf } from '../es/verifactu/from-invoice.ts'
import { escapeAttribute, escapeText } from '../xml/write.ts'

const root = (name: 'Invoice' | 'CreditNote'): string => `urn:oasis:names:specification:ubl:schema:xsd:${name}-2`
const cbcNamespace = 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'
const cacNamespace = 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'

type Xml = string
/** An element of text, with attributes; nothing where there is no text. */
function cbc (name: string, value: string | undefined, attributes: Record<string, string> = {}): Xml {
  if (value === undefined || value.trim() === '') return ''
  return `<cbc:${name}${Object.entries(attributes).map(([key, text]) => ` ${key}="${escapeAttribute(text)}"`).join('')}>${escapeText(value)}</cbc:${name}>`
}
/** An element of others; nothing where there is nothing in it. */
const cac = (name: string, ...children: readonly Xml[]): Xml => {
  const content = children.join('')
  return content === '' ? '' : `<cac:${name}>${content}</cac:${name}>`
}

/** BT-151, BT-118: a code of UNCL5305, with its rate in per cent. */
interface Category { id: string, rate: Decimal, reason?: string }

/**
 * The same invoice as UBL 2.1 under EN 16931-1:2017, the syntax in which the copy of Spain's B2B invoices goes to the public solution
 * (RD 238/2026; Orden HAC/1028/2026). What EN 16931 has no place for is told as docs/verifactu.md says: IRPF as an amount paid before,
 * the recargo de equivalencia as a charge. Throws FiscalError `tax_not_supported` for what it cannot say at all, and what `amountsOf` throws.
 */
export function buildUbl (invoice: Invoice): Buffer {
  const amounts = amountsOf(invoice)
  const credits = invoice.kind === 'credit_note'
  const name = credits ? 'CreditNote' : 'Invoice'
  const { es, payment, currency } = invoice
  const money = (tag: string, value: Decimal): Xml => cbc(tag, fixed(value.isZero() ? zero : value, 2), { currencyID: currency })
  const books = totalsOf(invoice, amounts)
  const { corrective } = es ?? {}
  const corrected = corrective?.number === undefined ? undefined : `${corrective.series ?? ''}${corrective.number}`
  const notes = [es?.description, ...(es?.legalLiterals ?? []), es?.additionalInformation, ...amounts.withheld.map(({ code, rate, amount }) => `Retención ${taxName(code)} ${between(rate, 0, 4)} %: ${fixed(amount, 2)} ${currency}`)]
    .filter((text): text is string => text !== undefined && text.trim() !== '')
  const type = credits ? '381' : corrective !== undefined ? '384' : '380'
  const due = payment?.due
  const body = [
    cbc('CustomizationID', 'urn:cen.eu:en16931:2017'),
    cbc('ID', `${invoice.series ?? ''}${invoice.number ?? ''}`), cbc('IssueDate', es?.issuedOn), credits ? '' : cbc('DueDate', due),
    cbc(credits ? 'CreditNoteTypeCode' : 'InvoiceTypeCode', type),
    cbc('Note', notes.join('\n')), cbc('DocumentCurrencyCode', currency), currency === 'EUR' ? '' : cbc('TaxCurrencyCode', 'EUR'), cbc('BuyerReference', es?.fileReference),
    es?.period === undefined ? '' : cac('InvoicePeriod', cbc('StartDate', es.period.start), cbc('EndDate', es.period.end)),
    es?.transactionReference === undefined ? '' : cac('OrderReference', cbc('ID', es.transactionReference)),
    corrected === undefined ? '' : cac('BillingReference', cac('InvoiceDocumentReference', cbc('ID', corrected), cbc('IssueDate', corrective?.issuedOn))),
    es?.contractReference === undefined ? '' : cac('ContractDocumentReference', cbc('ID', es.contractReference)),
    cac('AccountingSupplierParty', partyOf(invoice.issuer, books.outside)), cac('AccountingCustomerParty', partyOf(invoice.customer, books.outside)),
    es?.operationDate === undefined ? '' : cac('Delivery', cbc('ActualDeliveryDate', es.operationDate)),
    meansOf(invoice, credits), cac('PaymentTerms', cbc('Note', payment?.conditions ?? (due === undefined ? 'Al contado' : `Vence el ${due}`))),
    ...books.changes.map(({ charge, reason, amount, category }) => cac('AllowanceCharge', cbc('ChargeIndicator', String(charge)), cbc('AllowanceChargeReason', reason), money('Amount', amount), categoryOf('TaxCategory', category))),
    cac('TaxTotal', money('TaxAmount', books.tax), ...books.groups.map(({ category, base, amount }) => cac('TaxSubtotal', money('TaxableAmount', base), money('TaxAmount', amount), categoryOf('TaxCategory', category, true)))),
    currency === 'EUR' ? '' : cac('TaxTotal', cbc('TaxAmount', fixed(books.tax.times(invoice.exchangeRate ?? 1), 2), { currencyID: 'EUR' })),
    cac('LegalMonetaryTotal',
      money('LineExtensionAmount', books.lines), money('TaxExclusiveAmount', books.net), money('TaxInclusiveAmount', books.net.plus(books.tax)),
      books.allowances.isZero() ? '' : money('AllowanceTotalAmount', books.allowances), books.charges.isZero() ? '' : money('ChargeTotalAmount', books.charges),
      amounts.taxesWithheld.isZero() ? '' : money('PrepaidAmount', amounts.taxesWithheld), books.rounding.isZero() ? '' : money('PayableRoundingAmount', books.rounding), money('PayableAmount', amounts.total)),
    ...invoice.lines.map((line, index) => lineOf(invoice, line, amounts, index, { credits, money, category: books.categories[index]! }))
  ].join('')
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${root(name)}" xmlns:cac="${cacNamespace}" xmlns:cbc="${cbcNamespace}">${body}</${name}>`)
}

interface Books {
  categories: Category[]
  /** All of it outside the scope of VAT: then nobody is named by a VAT number (BR-O-02). */
  outside: boolean
  changes: { charge: boolean, reason: string, amount: Decimal, category: Category }[]
  groups: { category: Category, base: Decimal, amount: Decimal }[]
  lines: Decimal
  allowances: Decimal
  charges: Decimal
  net: Decimal
  tax: Decimal
  /** What the sums of rounded lines differ by from the invoice's own total. */
  rounding: Decimal
}

const cents = (value: Decimal): Decimal => rounded(value, 2)

/** By EN 16931's own arithmetic (BR-CO-10 … BR-CO-17), on lines that are rounded to cents. */
function totalsOf (invoice: Invoice, amounts: Amounts): Books {
  const categories = invoice.lines.map((line, index) => categoryOfLine(invoice, line, amounts, index))
  const nets = amounts.lines.map(({ gross }) => cents(gross))
  const lines = sum(nets)
  const groups = new Map<string, { category: Category, base: Decimal }>()
  const group = (category: Category): { category: Category, base: Decimal } => {
    const key = `${category.id} ${category.rate.toString()}`
    let found = groups.get(key)
    if (found === undefined) groups.set(key, found = { category, base: zero })
    return found
  }
  categories.forEach((category, index) => {
    const into = group(category)
    into.base = into.base.plus(nets[index]!)
  })
  const changes: Books['changes'] = []
  const shared = [...groups.values()].map(({ category, base }) => ({ category, base }))
  // A discount of the whole invoice is of each tax, by its base, as in the Facturae.
  const share = (list: readonly Change[], charge: boolean): void => {
    for (const { reason, amount } of list) {
      let left = cents(amount)
      for (const [index, { category, base }] of shared.entries()) {
        const part = index === shared.length - 1 ? left : cents(lines.isZero() ? zero : amount.times(base).div(lines))
        left = left.minus(part)
        if (part.isZero()) continue
        changes.push({ charge, reason, amount: part, category })
        const into = group(category)
        into.base = charge ? into.base.plus(part) : into.base.minus(part)
      }
    }
  }
  share(amounts.discounts, false)
  share(amounts.charges, true)
  for (const { surcharge } of amounts.outputs) {
    if (surcharge === undefined) continue
    const category: Category = { id: 'E', rate: zero, reason: 'Recargo de equivalencia (arts. 154 a 163 LIVA)' }
    changes.push({ charge: true, reason: `Recargo de equivalencia ${between(surcharge.rate, 0, 4)} %`, amount: surcharge.amount, category })
    const into = group(category)
    into.base = into.base.plus(surcharge.amount)
  }
  const taxed = [...groups.values()].map(({ category, base }) => ({ category, base, amount: cents(base.times(category.rate).div(100)) }))
  const ids = new Set(taxed.map(({ category: { id } }) => id))
  if (ids.has('O') && ids.size > 1) throw new FiscalError('tax_not_supported', { es: 'EN 16931 no admite líneas no sujetas junto a otras (BR-O-11).', en: 'EN 16931 takes no lines outside the scope of VAT beside others (BR-O-11).' }, 'lines')
  const [allowances, charges] = [false, true].map(charge => sum(changes.filter(change => change.charge === charge).map(({ amount }) => amount))) as [Decimal, Decimal]
  const net = lines.minus(allowances).plus(charges)
  const tax = sum(taxed.map(({ amount }) => amount))
  return { categories, outside: ids.has('O'), changes, groups: taxed, lines, allowances, charges, net, tax, rounding: amounts.total.minus(net.plus(tax).minus(amounts.taxesWithheld)) }
}

/** One category for a line. Other taxes than IVA, IGIC and IPSI are no VAT, and EN 16931 has no place for them. */
function categoryOfLine (invoice: Invoice, line: InvoiceLine, { lines }: Amounts, index: number): Category {
  const outputs = lines[index]!.outputs
  const refuse = (es: string, en: string): FiscalError => new FiscalError('tax_not_supported', { es, en }, `lines[${index}].taxes`)
  if (outputs.length === 0) return { id: 'O', rate: zero, reason: line.es?.special?.reason ?? 'Operación no sujeta' }
  if (outputs.length > 1) throw refuse('EN 16931 admite un solo impuesto por línea.', 'EN 16931 takes a single tax on a line.')
  const { code, rate } = outputs[0]!
  if (!['01', '02', '03'].includes(code)) throw refuse(`EN 16931 no tiene lugar para el impuesto ${taxName(code)}.`, `EN 16931 has no place for the tax ${taxName(code)}.`)
  const reason = line.es?.special?.reason
  const { exemption, qualification } = rate.isZero() ? classOf(invoice, line, code) : { qualification: 'S1', exemption: undefined }
  if (exemption === 'E5') return { id: 'K', rate: zero, reason: reason ?? 'Entrega intracomunitaria exenta' }
  if (exemption === 'E2') return { id: 'G', rate: zero, reason: reason ?? 'Exportación exenta' }
  if (exemption !== undefined) return { id: 'E', rate: zero, reason: reason ?? 'Operación exenta' }
  if (qualification === 'S2') return { id: 'AE', rate: zero, reason: 'Inversión del sujeto pasivo' }
  if (qualification?.startsWith('N') === true) return { id: 'O', rate: zero, reason: reason ?? 'Operación no sujeta' }
  return { id: code === '03' ? 'L' : code === '02' ? 'M' : rate.isZero() ? 'Z' : 'S', rate }
}

/** With the reason only in the breakdown: there BT-120 stands. */
function categoryOf (name: 'TaxCategory' | 'ClassifiedTaxCategory', { id, rate, reason }: Category, told = false): Xml {
  return cac(name, cbc('ID', id), id === 'O' ? '' : cbc('Percent', between(rate, 2, 4)), told ? cbc('TaxExemptionReason', reason) : '', cac('TaxScheme', cbc('ID', 'VAT')))
}

function lineOf (invoice: Invoice, line: InvoiceLine, { lines }: Amounts, index: number, { credits, money, category }: { credits: boolean, money: (tag: string, value: Decimal) => Xml, category: Category }): Xml {
  const { gross, discounts, charges } = lines[index]!
  const unit = units[line.unit ?? ''] ?? 'C62'
  const period = line.es?.period
  const change = (charge: boolean) => ({ reason, amount }: Change): Xml => cents(amount).isZero() ? '' : cac('AllowanceCharge', cbc('ChargeIndicator', String(charge)), cbc('AllowanceChargeReason', reason), money('Amount', cents(amount)))
  return cac(credits ? 'CreditNoteLine' : 'InvoiceLine',
    cbc('ID', String(index + 1)), cbc('Note', line.es?.information), cbc(credits ? 'CreditedQuantity' : 'InvoicedQuantity', line.quantity, { unitCode: unit }), money('LineExtensionAmount', cents(gross)),
    period === undefined ? '' : cac('InvoicePeriod', cbc('StartDate', period.start), cbc('EndDate', period.end)),
    ...discounts.map(change(false)), ...charges.map(change(true)),
    cac('Item', cbc('Name', [...line.description.replace(/\s+/g, ' ').trim()].slice(0, 200).join('')), line.sku === undefined ? '' : cac('SellersItemIdentification', cbc('ID', line.sku)), categoryOf('ClassifiedTaxCategory', category)),
    cac('Price', cbc('PriceAmount', line.unitPrice, { currencyID: invoice.currency })))
}

/** UnitOfMeasure of a Facturae → UN/ECE Recommendation 20. */
const units: Readonly<Record<string, string>> = { '01': 'C62', '02': 'HUR', '03': 'KGM', '04': 'LTR', '05': 'C62', '06': 'BX', 14: 'XBK', 15: 'CLT', 16: 'CMT', 18: 'DZN', 21: 'GRM', 22: 'KMT', 25: 'MTR', 26: 'MMT', 33: 'MTQ', 34: 'SEC', 35: 'WTT', 36: 'KWH' }

function partyOf (party: InvoiceParty, outside: boolean): Xml {
  const { es, address, email, taxId } = party
  const country = address?.country ?? 'ES'
  const residence = es?.residence ?? ({ R: 'resident', U: 'eu', E: 'foreign' } as const)[residenceOf(country)]
  const name = [party.name, es?.firstSurname, es?.secondSurname].filter(part => part !== undefined && part !== '').join(' ')
  const bare = residence === 'resident' ? normalNif(taxId) : taxId.toUpperCase().replace(/[\s.\-/]/g, '')
  const prefix = residence === 'resident' ? 'ES' : country === 'GR' ? 'EL' : country
  const vat = outside || residence === 'foreign' ? undefined : bare.startsWith(prefix) && residence === 'eu' ? bare : `${prefix}${bare}`
  return cac('Party',
    cbc('EndpointID', email, { schemeID: 'EM' }), es?.tradeName === undefined ? '' : cac('PartyName', cbc('Name', es.tradeName)),
    cac('PostalAddress', cbc('StreetName', address?.street), cbc('CityName', address?.city), cbc('PostalZone', address?.postalCode), cbc('CountrySubentity', address?.region), cac('Country', cbc('IdentificationCode', country))),
    vat === undefined ? '' : cac('PartyTaxScheme', cbc('CompanyID', vat), cac('TaxScheme', cbc('ID', 'VAT'))),
    cac('PartyLegalEntity', cbc('RegistrationName', name), cbc('CompanyID', bare), cbc('CompanyLegalForm', es?.registration)),
    cac('Contact', cbc('Telephone', es?.phone), cbc('ElectronicMail', email)))
}

/** PaymentMeans of a Facturae → UNCL4461. A transfer without an account is of no defined kind (BR-61). */
function meansOf ({ payment, es }: Invoice, credits: boolean): Xml {
  const iban = es?.account?.iban.replace(/\s/g, '')
  const code = ({ '01': '10', '02': '59', '04': iban === undefined ? '1' : '58', 11: '20', 19: '48' } as Readonly<Record<string, string>>)[payment?.form ?? ''] ?? '1'
  return cac('PaymentMeans', cbc('PaymentMeansCode', code), credits ? cbc('PaymentDueDate', payment?.due) : '',
    code === '58' ? cac('PayeeFinancialAccount', cbc('ID', iban), es?.account?.bic === undefined ? '' : cac('FinancialInstitutionBranch', cbc('ID', es.account.bic))) : '')
}
