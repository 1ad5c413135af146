import { Decimal, sum } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import type { XmlElement } from '../xml/element.ts'
import { correctionMethods, correctionReasons } from './codes.ts'
import { inspectNif, normalNif } from './nif.ts'
import { allAt, childAt, readFacturae, textAt } from './read.ts'
import { type FacturaeFinding, isIban } from './rules.ts'

/**
 * What FACe would refuse in a Facturae that is written already, by whatever program: tax ids, the three bodies, the arithmetic of Orden
 * HAP/1650/2015 (annex II), fixed texts. The schema itself is not looked at. Throws XmlError; a finding for what is no Facturae of one invoice.
 */
export function checkFacturae (bytes: Uint8Array): FacturaeFinding[] {
  const found: FacturaeFinding[] = []
  const say = (code: string, path: string, es: string, en: string): void => { found.push({ code: `ES-FACTURAE-${code}`, level: 'error', path, message: { es, en } }) }
  let read
  try {
    read = readFacturae(bytes)
  } catch (error) {
    if (!(error instanceof FiscalError)) throw error
    say('DOCUMENT', '', error.text.es, error.text.en)
    return found
  }
  const { root, invoice, seller, buyer } = read
  if (!['3.2', '3.2.1', '3.2.2'].includes(textAt(root, 'FileHeader', 'SchemaVersion'))) say('VERSION', 'FileHeader.SchemaVersion', 'La versión es 3.2, 3.2.1 o 3.2.2.', 'The version is 3.2, 3.2.1 or 3.2.2.')
  for (const [party, code, path] of [[seller, 'SELLER-NIF', 'Parties.SellerParty'], [buyer, 'CUSTOMER-NIF', 'Parties.BuyerParty']] as const) {
    const nif = textAt(party, 'TaxIdentification', 'TaxIdentificationNumber')
    if (textAt(party, 'TaxIdentification', 'ResidenceTypeCode') !== 'R') continue
    const { shape, digit } = inspectNif(normalNif(nif))
    if (!shape || !digit) say(code, `${path}.TaxIdentification.TaxIdentificationNumber`, `«${nif}» no es un NIF correcto.`, `"${nif}" is no right NIF.`)
  }
  const roles = allAt(buyer, 'AdministrativeCentres', 'AdministrativeCentre').map(centre => textAt(centre, 'RoleTypeCode'))
  if (roles.length > 0) for (const role of ['01', '02', '03'].filter(role => !roles.includes(role))) say('DIR3', 'Parties.BuyerParty.AdministrativeCentres', `Falta el centro con papel ${role}.`, `The centre of role ${role} is missing.`)
  arithmetic(root, invoice, say)
  const corrective = childAt(invoice, 'InvoiceHeader', 'Corrective')
  if (corrective !== undefined) {
    for (const [code, text, known] of [['ReasonCode', 'ReasonDescription', correctionReasons], ['CorrectionMethod', 'CorrectionMethodDescription', correctionMethods]] as const) {
      if (known[textAt(corrective, code)] !== textAt(corrective, text)) say('CORRECTIVE-TEXT', `Invoice.InvoiceHeader.Corrective.${text}`, `El texto de ${textAt(corrective, code)} es «${known[textAt(corrective, code)] ?? '—'}».`, `The text of ${textAt(corrective, code)} is "${known[textAt(corrective, code)] ?? '—'}".`)
    }
  }
  for (const account of allAt(invoice, 'PaymentDetails', 'Installment').flatMap(one => [textAt(one, 'AccountToBeCredited', 'IBAN'), textAt(one, 'AccountToBeDebited', 'IBAN')]).filter(iban => iban !== '')) {
    if (!isIban(account)) say('IBAN', 'Invoice.PaymentDetails', `«${account}» no es un IBAN.`, `"${account}" is no IBAN.`)
  }
  return found
}

type Say = (code: string, path: string, es: string, en: string) => void

/** Within half a cent of each rounding, as programs round in different places. */
function arithmetic (root: XmlElement, invoice: XmlElement, say: Say): void {
  const number = (of: XmlElement | undefined, ...path: string[]): Decimal => {
    const text = textAt(of, ...path)
    return /^-?\d+(?:\.\d+)?$/.test(text) ? new Decimal(text) : new Decimal(0)
  }
  const differs = (path: string, written: Decimal, computed: Decimal, tolerance: number): void => {
    if (written.minus(computed).abs().gt(tolerance)) say('AMOUNT', path, `Dice ${written.toString()} y la suma da ${computed.toString()}.`, `It says ${written.toString()} and the sum is ${computed.toString()}.`)
  }
  const total = (name: string): Decimal => number(invoice, 'InvoiceTotals', name)
  const lines = allAt(invoice, 'Items', 'InvoiceLine')
  for (const [index, line] of lines.entries()) {
    const part = (list: string, one: string): Decimal => sum(allAt(line, list, one).map(each => number(each, `${one}Amount`)))
    differs(`Items.InvoiceLine[${index}].TotalCost`, number(line, 'TotalCost'), number(line, 'Quantity').times(number(line, 'UnitPriceWithoutTax')), 0.01)
    differs(`Items.InvoiceLine[${index}].GrossAmount`, number(line, 'GrossAmount'), number(line, 'TotalCost').minus(part('DiscountsAndRebates', 'Discount')).plus(part('Charges', 'Charge')), 0.01)
  }
  differs('InvoiceTotals.TotalGrossAmount', total('TotalGrossAmount'), sum(lines.map(line => number(line, 'GrossAmount'))), 0.01)
  differs('InvoiceTotals.TotalGrossAmountBeforeTaxes', total('TotalGrossAmountBeforeTaxes'), total('TotalGrossAmount').minus(total('TotalGeneralDiscounts')).plus(total('TotalGeneralSurcharges')), 0)
  const taxes = (list: string): XmlElement[] => allAt(invoice, list, 'Tax')
  for (const [list, name] of [['TaxesOutputs', 'TotalTaxOutputs'], ['TaxesWithheld', 'TotalTaxesWithheld']] as const) {
    for (const [index, tax] of taxes(list).entries()) differs(`${list}.Tax[${index}].TaxAmount`, number(tax, 'TaxAmount', 'TotalAmount'), number(tax, 'TaxableBase', 'TotalAmount').times(number(tax, 'TaxRate')).div(100), 0.01)
    differs(`InvoiceTotals.${name}`, total(name), sum(taxes(list).flatMap(tax => [number(tax, 'TaxAmount', 'TotalAmount'), number(tax, 'EquivalenceSurchargeAmount', 'TotalAmount')])), 0.01)
  }
  differs('InvoiceTotals.InvoiceTotal', total('InvoiceTotal'), total('TotalGrossAmountBeforeTaxes').plus(total('TotalTaxOutputs')).minus(total('TotalTaxesWithheld')), 0)
  differs('FileHeader.Batch.TotalInvoicesAmount', number(root, 'FileHeader', 'Batch', 'TotalInvoicesAmount', 'TotalAmount'), total('InvoiceTotal'), 0)
}
