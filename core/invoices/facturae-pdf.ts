import { paymentMeans, taxName } from '../fiscal/es/codes.ts'
import { addressAt, allAt, childAt, nameAt, readFacturae, textAt } from '../fiscal/es/read.ts'
import { qrHeading, qrLegend, qrSideMm } from '../fiscal/es/verifactu/qr.ts'
import type { XmlElement } from '../fiscal/xml/element.ts'
import type { PrintOptions } from './pdf.ts'
import { drawQr } from './qr.ts'
import { sheet } from './sheet.ts'

/**
 * The printed representation of a Facturae, made from the signed document alone: what RD 1619/2012 (arts. 6, 7, 15) wants on an
 * invoice, and the public bodies that it is for. Where its issuer keeps records for the AEAT its QR stands at the top, with its legend
 * (Orden HAC/1177/2024, art. 21). Paper is A4 unless asked otherwise.
 */
export async function printFacturae (xml: Uint8Array, { verificationUrl = '', language = 'es', size = 'A4', colour = '#1f3a5f', footer, logo, canceled = false, test = false }: Partial<PrintOptions>): Promise<Buffer> {
  const { invoice, seller, buyer } = readFacturae(xml)
  const say = words[language]
  const at = (...path: string[]): string => textAt(invoice, ...path)
  const currency = at('InvoiceIssueData', 'InvoiceCurrencyCode')
  const number = [at('InvoiceHeader', 'InvoiceSeriesCode'), at('InvoiceHeader', 'InvoiceNumber')].filter(text => text !== '').join(' ')
  const corrective = childAt(invoice, 'InvoiceHeader', 'Corrective')
  const kind = corrective !== undefined ? say.corrective : at('InvoiceHeader', 'InvoiceDocumentType') === 'FA' ? say.simplified : say.invoice
  const page = sheet({ size, colour, title: `${kind} ${number}`, author: nameAt(seller), legend: say.legend, ...(canceled ? { across: say.canceled } : test && { across: say.test }) })
  const { doc, margin, width } = page

  const top = doc.y
  let left = margin
  if (logo !== undefined) {
    doc.image(logo.bytes, margin, top, { fit: [110, 54] })
    left += 122
  }
  doc.font('Helvetica-Bold').fontSize(13).fillColor(colour).text(nameAt(seller), left, top, { width: width - (left - margin) - 190 })
  doc.font('Helvetica').fontSize(8).fillColor('#000000').text(`NIF ${textAt(seller, 'TaxIdentification', 'TaxIdentificationNumber')}`).text(addressAt(seller)).text(textAt(seller, 'LegalEntity', 'RegistrationData', 'AdditionalRegistrationData'))
  const afterSeller = doc.y
  doc.font('Helvetica-Bold').fontSize(11).fillColor(colour).text(`${kind} ${number}`, margin + width - 185, top, { width: 185, align: 'right' })
  doc.font('Helvetica').fontSize(8).fillColor('#000000').text(`${say.date}: ${at('InvoiceIssueData', 'IssueDate')}`, { width: 185, align: 'right' }).text('Facturae 3.2.2', { width: 185, align: 'right' })
  const beside = verificationUrl === '' ? doc.y : taxQr(doc, verificationUrl, margin + width, doc.y + 4)
  doc.y = Math.max(afterSeller, beside, top + (logo === undefined ? 0 : 58))

  page.heading(say.buyer)
  page.pairs([
    [say.name, nameAt(buyer)], ['NIF', textAt(buyer, 'TaxIdentification', 'TaxIdentificationNumber')], [say.address, addressAt(buyer)],
    ...allAt(buyer, 'AdministrativeCentres', 'AdministrativeCentre').map(centre => [say.roles[textAt(centre, 'RoleTypeCode')] ?? 'DIR3', textAt(centre, 'CentreCode')] as const),
    [say.order, at('InvoiceIssueData', 'ReceiverTransactionReference')], [say.file, at('InvoiceIssueData', 'FileReference')], [say.contract, at('InvoiceIssueData', 'ReceiverContractReference')],
    [say.operation, at('InvoiceIssueData', 'OperationDate')], [say.period, periodAt(childAt(invoice, 'InvoiceIssueData', 'InvoicingPeriod'))], [say.description, at('InvoiceIssueData', 'InvoiceDescription')]
  ])
  if (corrective !== undefined) {
    page.heading(say.corrects)
    page.pairs([
      [say.number, [textAt(corrective, 'InvoiceSeriesCode'), textAt(corrective, 'InvoiceNumber')].filter(text => text !== '').join(' ')], [say.date, textAt(corrective, 'InvoiceIssueDate')], [say.reason, textAt(corrective, 'ReasonDescription')],
      [say.method, textAt(corrective, 'CorrectionMethodDescription')], [say.period, periodAt(childAt(corrective, 'TaxPeriod'))], [say.note, textAt(corrective, 'AdditionalReasonDescription')]
    ])
  }

  page.heading(say.lines)
  page.table([[say.description, 7], [say.quantity, 1.6, 'right'], [say.price, 2, 'right'], [say.discount, 1.7, 'right'], [say.tax, 2.4], [say.amount, 2, 'right']], allAt(invoice, 'Items', 'InvoiceLine').map(line => [
    [textAt(line, 'ItemDescription'), textAt(line, 'ArticleCode'), textAt(line, 'AdditionalLineItemInformation'), periodAt(childAt(line, 'LineItemPeriod')), textAt(line, 'SpecialTaxableEvent', 'SpecialTaxableEventReason')].filter(text => text !== '').join('\n'),
    grouped(textAt(line, 'Quantity')), grouped(textAt(line, 'UnitPriceWithoutTax')),
    [...allAt(line, 'DiscountsAndRebates', 'Discount').map(one => `-${grouped(textAt(one, 'DiscountAmount'))}`), ...allAt(line, 'Charges', 'Charge').map(one => `+${grouped(textAt(one, 'ChargeAmount'))}`)].join('\n'),
    [...allAt(line, 'TaxesOutputs', 'Tax').map(taxText), ...allAt(line, 'TaxesWithheld', 'Tax').map(tax => `${say.withheld} ${taxText(tax)}`)].join('\n'), grouped(textAt(line, 'GrossAmount'))
  ]))

  page.heading(say.totals)
  const total = (name: string): string => grouped(at('InvoiceTotals', name))
  page.table([[say.tax, 4], [say.base, 3, 'right'], [say.amount, 3, 'right']], [
    ...allAt(invoice, 'TaxesOutputs', 'Tax').flatMap(tax => [
      [taxText(tax), grouped(textAt(tax, 'TaxableBase', 'TotalAmount')), grouped(textAt(tax, 'TaxAmount', 'TotalAmount'))],
      ...(childAt(tax, 'EquivalenceSurcharge') === undefined ? [] : [[`${say.surcharge} ${percent(textAt(tax, 'EquivalenceSurcharge'))}`, grouped(textAt(tax, 'TaxableBase', 'TotalAmount')), grouped(textAt(tax, 'EquivalenceSurchargeAmount', 'TotalAmount'))]])
    ]),
    ...allAt(invoice, 'TaxesWithheld', 'Tax').map(tax => [`${say.withheld} ${taxText(tax)}`, grouped(textAt(tax, 'TaxableBase', 'TotalAmount')), `-${grouped(textAt(tax, 'TaxAmount', 'TotalAmount'))}`])
  ])
  doc.moveDown(0.5)
  page.sums([
    [say.gross, total('TotalGrossAmount')],
    ...allAt(invoice, 'InvoiceTotals', 'GeneralDiscounts', 'Discount').map(one => [textAt(one, 'DiscountReason'), `-${grouped(textAt(one, 'DiscountAmount'))}`] as const),
    ...allAt(invoice, 'InvoiceTotals', 'GeneralSurcharges', 'Charge').map(one => [textAt(one, 'ChargeReason'), grouped(textAt(one, 'ChargeAmount'))] as const),
    [say.beforeTaxes, total('TotalGrossAmountBeforeTaxes')], [say.taxes, total('TotalTaxOutputs')], ...(Number(at('InvoiceTotals', 'TotalTaxesWithheld')) === 0 ? [] : [[say.withheld, `-${total('TotalTaxesWithheld')}`] as const]),
    [say.total, `${total('InvoiceTotal')} ${currency}`]
  ])
  page.pairs([[say.rate, at('InvoiceIssueData', 'ExchangeRateDetails', 'ExchangeRate')]])

  const installments = allAt(invoice, 'PaymentDetails', 'Installment')
  if (installments.length > 0) {
    page.heading(say.payment)
    for (const one of installments) {
      page.pairs([[say.due, textAt(one, 'InstallmentDueDate')], [say.amount, `${grouped(textAt(one, 'InstallmentAmount'))} ${currency}`], [say.means, paymentMeans[textAt(one, 'PaymentMeans')] ?? textAt(one, 'PaymentMeans')],
        ['IBAN', textAt(one, 'AccountToBeCredited', 'IBAN') || textAt(one, 'AccountToBeDebited', 'IBAN')]])
    }
  }
  const notes = [...allAt(invoice, 'LegalLiterals', 'LegalReference').map(one => textAt(one)), at('AdditionalData', 'InvoiceAdditionalInformation'), footer ?? ''].filter(text => text !== '')
  if (notes.length > 0) {
    page.heading(say.notes)
    doc.font('Helvetica').fontSize(7.5).fillColor('#333333').text(notes.join('\n'), margin, doc.y, { width })
  }
  return await page.end()
}

const pointsPerMm = 72 / 25.4

/** 35 mm a side (30 to 40 are asked for) with 6 mm of white around it, its heading above and its legend below; gives where it ends. */
function taxQr (doc: PDFKit.PDFDocument, url: string, right: number, top: number): number {
  const side = qrSideMm * pointsPerMm
  const white = 6 * pointsPerMm
  const wide = side + 2 * white
  const left = right - wide
  doc.font('Helvetica-Bold').fontSize(8).fillColor('#000000').text(qrHeading, left, top, { width: wide, align: 'center' })
  drawQr(doc, url, { x: left + white, y: doc.y + white, side, quiet: 0 })
  const below = doc.y + wide
  // In Spanish whatever the language of the rest: the order gives the words.
  if (url.includes('/ValidarQR?')) doc.font('Helvetica').fontSize(6.5).text(qrLegend, left, below - white / 2, { width: wide, align: 'center' }).font('Helvetica-Bold').text('VERI*FACTU', { width: wide, align: 'center' })
  else doc.y = below
  return doc.y
}

const taxText = (tax: XmlElement): string => `${taxName(textAt(tax, 'TaxTypeCode'))} ${percent(textAt(tax, 'TaxRate'))}`
const percent = (rate: string): string => `${rate.replace(/\.?0+$/, '').replace('.', ',')} %`
const periodAt = (of: XmlElement | undefined): string => of === undefined ? '' : `${textAt(of, 'StartDate')} – ${textAt(of, 'EndDate')}`

/** As amounts are written in Spain: 1.234,50. */
function grouped (amount: string): string {
  const [whole = '0', decimals] = amount.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, '.')}${decimals === undefined ? '' : `,${decimals}`}`
}

const words = {
  es: {
    invoice: 'Factura', simplified: 'Factura simplificada', corrective: 'Factura rectificativa', date: 'Fecha de expedición', buyer: 'Cliente', name: 'Nombre', address: 'Domicilio', order: 'Pedido', file: 'Expediente', contract: 'Contrato',
    operation: 'Fecha de operación', period: 'Periodo', description: 'Descripción', corrects: 'Rectifica a', number: 'Número', reason: 'Motivo', method: 'Método', note: 'Nota', lines: 'Detalle', quantity: 'Cantidad', price: 'Precio', discount: 'Dto. / cargo',
    tax: 'Impuesto', amount: 'Importe', withheld: 'Retención', totals: 'Importes', base: 'Base', surcharge: 'Recargo de equivalencia', gross: 'Importe bruto', beforeTaxes: 'Base imponible', taxes: 'Impuestos', total: 'Total', rate: 'Tipo de cambio',
    payment: 'Pago', due: 'Vencimiento', means: 'Medio', notes: 'Observaciones', legend: 'Representación de una factura electrónica Facturae firmada; el original es el XML', canceled: 'ANULADA', test: 'PRUEBA',
    roles: { '01': 'Oficina contable', '02': 'Órgano gestor', '03': 'Unidad tramitadora', '04': 'Órgano proponente' } as Readonly<Record<string, string>>
  },
  en: {
    invoice: 'Invoice', simplified: 'Simplified invoice', corrective: 'Corrective invoice', date: 'Issued on', buyer: 'Customer', name: 'Name', address: 'Address', order: 'Order', file: 'File', contract: 'Contract',
    operation: 'Date of supply', period: 'Period', description: 'Description', corrects: 'Corrects', number: 'Number', reason: 'Reason', method: 'Method', note: 'Note', lines: 'Lines', quantity: 'Quantity', price: 'Price', discount: 'Discount / charge',
    tax: 'Tax', amount: 'Amount', withheld: 'Withheld', totals: 'Amounts', base: 'Base', surcharge: 'Equivalence surcharge', gross: 'Gross amount', beforeTaxes: 'Taxable base', taxes: 'Taxes', total: 'Total', rate: 'Exchange rate',
    payment: 'Payment', due: 'Due', means: 'Means', notes: 'Notes', legend: 'Printout of a signed electronic invoice (Facturae); the XML is the original', canceled: 'ANNULLED', test: 'TEST',
    roles: { '01': 'Accounting office', '02': 'Managing body', '03': 'Processing unit', '04': 'Proposing body' } as Readonly<Record<string, string>>
  }
} as const
