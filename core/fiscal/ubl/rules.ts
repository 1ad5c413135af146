import { Decimal, sum, zero } from '../decimal.ts'
import { attribute, elements, firstElement, textOf, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'

/** A rule of EN 16931-1:2017 (its own id, as in the CEN's validation artefacts) that does not hold. */
export interface UblFinding { rule: string, note: string }

const cbcNamespace = 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'
const cacNamespace = 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2'

/**
 * The rules of EN 16931 that a machine can check in what is written: presence, arithmetic, tax categories. They were written here from
 * the standard's text; they are not the CEN's own Schematron, which no package that we use brings, and the order of elements is that
 * of UBL 2.1. Throws XmlError.
 */
export function ublFindings (bytes: Uint8Array): UblFinding[] {
  const { root } = parseXml(bytes)
  const found: UblFinding[] = []
  const owes = (rule: string, truth: boolean, note: string): void => { if (!truth) found.push({ rule, note }) }
  const credits = root.name === 'CreditNote'
  const at = (of: XmlElement | undefined, ...path: string[]): XmlElement | undefined => path.reduce<XmlElement | undefined>((here, name, index) => here && firstElement(here, index === path.length - 1 && isBasic(name) ? cbcNamespace : cacNamespace, name), of)
  const text = (of: XmlElement | undefined, ...path: string[]): string => {
    const element = at(of, ...path)
    return element === undefined ? '' : textOf(element)
  }
  const number = (of: XmlElement | undefined, ...path: string[]): Decimal => /^-?\d+(\.\d+)?$/.test(text(of, ...path)) ? new Decimal(text(of, ...path)) : zero
  const all = (of: XmlElement | undefined, name: string): XmlElement[] => of === undefined ? [] : elements(of, cacNamespace, name)

  owes('UBL', root.name === 'Invoice' || credits, `the root is ${root.qname}`)
  owes('UBL-ORDER', inOrder(root), 'elements stand in another order than that of UBL 2.1')
  owes('BR-01', text(root, 'CustomizationID') !== '', 'CustomizationID')
  owes('BR-02', text(root, 'ID') !== '', 'number')
  owes('BR-03', /^\d{4}-\d\d-\d\d$/.test(text(root, 'IssueDate')), 'date of issue')
  owes('BR-04', text(root, credits ? 'CreditNoteTypeCode' : 'InvoiceTypeCode') !== '', 'type')
  owes('BR-05', /^[A-Z]{3}$/.test(text(root, 'DocumentCurrencyCode')), 'currency')
  for (const [party, name, address, country] of [['AccountingSupplierParty', 'BR-06', 'BR-08', 'BR-09'], ['AccountingCustomerParty', 'BR-07', 'BR-10', 'BR-11']] as const) {
    const of = at(root, party, 'Party')
    owes(name, text(of, 'PartyLegalEntity', 'RegistrationName') !== '', `${party}: name`)
    owes(address, at(of, 'PostalAddress') !== undefined, `${party}: address`)
    owes(country, /^[A-Z]{2}$/.test(text(of, 'PostalAddress', 'Country', 'IdentificationCode')), `${party}: country`)
    const vat = text(of, 'PartyTaxScheme', 'CompanyID')
    owes('BR-CO-09', vat === '' || /^[A-Z]{2}/.test(vat), `${party}: the VAT number has no country`)
    const endpoint = of && firstElement(of, cbcNamespace, 'EndpointID')
    owes(party === 'AccountingSupplierParty' ? 'BR-62' : 'BR-63', endpoint === undefined || attribute(endpoint, 'schemeID') !== undefined, `${party}: the electronic address has no scheme`)
  }
  const seller = at(root, 'AccountingSupplierParty', 'Party')
  owes('BR-CO-26', text(seller, 'PartyTaxScheme', 'CompanyID') !== '' || text(seller, 'PartyLegalEntity', 'CompanyID') !== '', 'the seller has no identifier')

  const lines = all(root, credits ? 'CreditNoteLine' : 'InvoiceLine')
  owes('BR-16', lines.length > 0, 'there are no lines')
  for (const [index, line] of lines.entries()) {
    const say = (what: string): string => `line ${index + 1}: ${what}`
    const quantity = firstElement(line, cbcNamespace, credits ? 'CreditedQuantity' : 'InvoicedQuantity')
    owes('BR-21', text(line, 'ID') !== '', say('id'))
    owes('BR-22', quantity !== undefined, say('quantity'))
    owes('BR-23', quantity !== undefined && attribute(quantity, 'unitCode') !== undefined, say('unit'))
    owes('BR-24', text(line, 'LineExtensionAmount') !== '', say('net amount'))
    owes('BR-25', text(line, 'Item', 'Name') !== '', say('name'))
    owes('BR-26', text(line, 'Price', 'PriceAmount') !== '', say('price'))
    owes('BR-27', !number(line, 'Price', 'PriceAmount').isNeg(), say('the price is below zero'))
    owes('BR-CO-04', text(line, 'Item', 'ClassifiedTaxCategory', 'ID') !== '', say('tax category'))
    for (const change of all(line, 'AllowanceCharge')) owes('BR-CO-23', text(change, 'AllowanceChargeReason') !== '', say('an allowance or charge has no reason'))
  }
  const changes = all(root, 'AllowanceCharge')
  const changed = (charge: string): Decimal => sum(changes.filter(change => text(change, 'ChargeIndicator') === charge).map(change => number(change, 'Amount')))
  for (const change of changes) {
    owes('BR-32', text(change, 'TaxCategory', 'ID') !== '', 'an allowance or charge has no tax category')
    owes('BR-33', text(change, 'AllowanceChargeReason') !== '', 'an allowance or charge has no reason')
  }
  const total = at(root, 'LegalMonetaryTotal')
  const same = (rule: string, name: string, value: Decimal): void => { owes(rule, number(total, name).equals(value), `${name} says ${text(total, name)}, and is ${value.toFixed(2)}`) }
  same('BR-CO-10', 'LineExtensionAmount', sum(lines.map(line => number(line, 'LineExtensionAmount'))))
  same('BR-CO-11', 'AllowanceTotalAmount', changed('false'))
  same('BR-CO-12', 'ChargeTotalAmount', changed('true'))
  same('BR-CO-13', 'TaxExclusiveAmount', number(total, 'LineExtensionAmount').minus(number(total, 'AllowanceTotalAmount')).plus(number(total, 'ChargeTotalAmount')))
  const currency = text(root, 'DocumentCurrencyCode')
  const taxTotals = all(root, 'TaxTotal')
  const taxTotal = taxTotals.find(one => attribute(firstElement(one, cbcNamespace, 'TaxAmount') ?? one, 'currencyID') === currency)
  const groups = all(taxTotal, 'TaxSubtotal')
  owes('BR-CO-18', groups.length > 0, 'there is no breakdown of tax')
  owes('BR-53', text(root, 'TaxCurrencyCode') === '' || taxTotals.some(one => attribute(firstElement(one, cbcNamespace, 'TaxAmount') ?? one, 'currencyID') === text(root, 'TaxCurrencyCode')), 'the tax in the currency of the books is missing')
  owes('BR-CO-14', number(taxTotal, 'TaxAmount').equals(sum(groups.map(group => number(group, 'TaxAmount')))), 'the tax is not the sum of its breakdown')
  same('BR-CO-15', 'TaxInclusiveAmount', number(total, 'TaxExclusiveAmount').plus(number(taxTotal, 'TaxAmount')))
  same('BR-CO-16', 'PayableAmount', number(total, 'TaxInclusiveAmount').minus(number(total, 'PrepaidAmount')).plus(number(total, 'PayableRoundingAmount')))
  owes('BR-CO-25', !number(total, 'PayableAmount').gt(0) || text(root, 'DueDate') !== '' || text(root, 'PaymentTerms', 'Note') !== '', 'neither a due date nor terms')
  for (const group of groups) taxGroup(group, { lines, changes, outside: groups.length })
  const means = at(root, 'PaymentMeans')
  owes('BR-49', means === undefined || text(means, 'PaymentMeansCode') !== '', 'means of payment without a code')
  owes('BR-61', !['30', '58'].includes(text(means, 'PaymentMeansCode')) || text(means, 'PayeeFinancialAccount', 'ID') !== '', 'a transfer without an account')
  return found

  function taxGroup (group: XmlElement, { lines, changes, outside }: { lines: XmlElement[], changes: XmlElement[], outside: number }): void {
    const [id, rate, reason] = [text(group, 'TaxCategory', 'ID'), number(group, 'TaxCategory', 'Percent'), text(group, 'TaxCategory', 'TaxExemptionReason')]
    const rule = ({ S: 'S', Z: 'Z', E: 'E', AE: 'AE', K: 'IC', G: 'G', O: 'O', L: 'AF', M: 'AG' } as Readonly<Record<string, string>>)[id]
    if (rule === undefined) return owes('BR-CL-17', false, `${id} is no tax category`)
    const own = (of: XmlElement, ...path: string[]): boolean => text(of, ...path, 'ID') === id && number(of, ...path, 'Percent').equals(rate)
    const base = sum(lines.filter(line => own(line, 'Item', 'ClassifiedTaxCategory')).map(line => number(line, 'LineExtensionAmount')))
      .plus(sum(changes.filter(change => own(change, 'TaxCategory')).map(change => text(change, 'ChargeIndicator') === 'true' ? number(change, 'Amount') : number(change, 'Amount').negated())))
    owes(`BR-${rule}-08`, number(group, 'TaxableAmount').equals(base), `${id} ${rate.toString()}: the base says ${text(group, 'TaxableAmount')}, and is ${base.toFixed(2)}`)
    owes('BR-CO-17', number(group, 'TaxAmount').equals(base.times(rate).div(100).toDecimalPlaces(2, Decimal.ROUND_HALF_UP)), `${id} ${rate.toString()}: the tax is not its rate of the base`)
    if (['S', 'Z', 'L', 'M'].includes(id)) owes(`BR-${rule}-10`, reason === '', `${id} gives a reason for no exemption`)
    else {
      owes(`BR-${rule}-10`, reason !== '', `${id} gives no reason`)
      owes(`BR-${rule}-09`, number(group, 'TaxAmount').isZero(), `${id} has tax`)
    }
    if (id === 'S') owes('BR-S-05', rate.gt(0), 'S has no rate')
    if (id !== 'O') return
    owes('BR-O-11', outside === 1, 'O stands beside other categories')
    owes('BR-O-02', ['AccountingSupplierParty', 'AccountingCustomerParty'].every(party => at(root, party, 'Party', 'PartyTaxScheme') === undefined), 'O with a VAT number')
  }
}

/** Of the last name in a path: components that hold text begin otherwise than those that hold others; the few that are both are asked for by hand. */
const aggregates = new Set(['Party', 'PartyTaxScheme', 'PartyLegalEntity', 'PostalAddress', 'Country', 'LegalMonetaryTotal', 'PaymentMeans', 'TaxTotal'])
const isBasic = (name: string): boolean => !aggregates.has(name)

/** UBL 2.1 (OASIS, 2013-11-04): the order of what stands in the root, as far as it is written here. */
const order = ['CustomizationID', 'ProfileID', 'ID', 'IssueDate', 'DueDate', 'InvoiceTypeCode', 'CreditNoteTypeCode', 'Note', 'TaxPointDate', 'DocumentCurrencyCode', 'TaxCurrencyCode', 'AccountingCost', 'BuyerReference', 'InvoicePeriod', 'OrderReference', 'BillingReference',
  'ContractDocumentReference', 'AccountingSupplierParty', 'AccountingCustomerParty', 'Delivery', 'PaymentMeans', 'PaymentTerms', 'AllowanceCharge', 'TaxTotal', 'LegalMonetaryTotal', 'InvoiceLine', 'CreditNoteLine']

function inOrder (root: XmlElement): boolean {
  const places = elements(root).map(({ name }) => order.indexOf(name))
  return places.every((place, index) => place >= 0 && (index === 0 || place >= places[index - 1]!))
}
