import type { EsPeriod, Invoice, InvoiceParty } from '../../adapter/invoicing.ts'
import { between, betweenText, Decimal, fixed } from '../decimal.ts'
import { element, joined, nothing, textElement, type WrittenXml, writtenXml, type Xml } from '../xml/written.ts'
import { type Amounts, amountsOf, type Change, type TaxAmounts } from './amounts.ts'
import { alpha3, correctionMethods, correctionReasons, facturae322, provinceOf, residenceOf, unitsOfMeasure } from './codes.ts'
import { inspectNif, normalNif } from './nif.ts'
import { nameOfPerson } from './person.ts'

/** An element of text; nothing where there is none. Children of a Facturae are unqualified. */
const leaf = (name: string, value: string | undefined): Xml => value === undefined || value === '' ? nothing : textElement(name, value)

/** An element of others; nothing where there is nothing in it. */
function el (name: string, ...children: readonly (Xml | readonly Xml[])[]): Xml {
  let content = ''
  for (const child of children) content += typeof child === 'string' ? child : joined(child as readonly Xml[])
  return content === '' ? nothing : element(name, content as Xml)
}

/**
 * Facturae 3.2.2 of one invoice, unsigned, its elements in the order of the schema. What the schema would refuse is said before by
 * `facturaeFindings`; this writes what it is given. Throws what `amountsOf` throws.
 */
export function buildFacturae (invoice: Invoice): WrittenXml {
  const amounts = amountsOf(invoice)
  const write = writer(invoice)
  const total = write.amount('TotalAmount', amounts.total)
  return writtenXml('Facturae', joined([
    el('FileHeader',
      leaf('SchemaVersion', '3.2.2'), leaf('Modality', 'I'), leaf('InvoiceIssuerType', 'EM'),
      el('Batch', leaf('BatchIdentifier', batchIdentifier(invoice)), leaf('InvoicesCount', '1'), el('TotalInvoicesAmount', total), el('TotalOutstandingAmount', total), el('TotalExecutableAmount', total), leaf('InvoiceCurrencyCode', invoice.currency))),
    el('Parties', party('SellerParty', invoice.issuer), party('BuyerParty', invoice.customer)),
    el('Invoices', invoiceElement(invoice, amounts, write))
  ]), { namespace: ['fe', facturae322] })
}

/** Unique for an issuer: its NIF, the number and the series. */
export function batchIdentifier ({ issuer, number = '', series = '' }: Pick<Invoice, 'issuer' | 'number' | 'series'>): string {
  return `${normalNif(issuer.taxId)}${number}${series}`
}

/** A rectificativa by differences says how much less: its amounts are below zero. */
export const isNegative = ({ kind, es }: Pick<Invoice, 'kind' | 'es'>): boolean => kind === 'credit_note' && es?.corrective?.method !== '01'

function writer (invoice: Invoice) {
  const sign = isNegative(invoice) ? -1 : 1
  const rate = invoice.currency === 'EUR' ? undefined : new Decimal(invoice.exchangeRate ?? 1)
  const cents = (value: Decimal): string => fixed(signed(value), 2)
  const upToEight = (value: Decimal): string => between(signed(value), 2, 8)
  const signed = (value: Decimal): Decimal => sign === 1 || value.isZero() ? value : value.negated()
  return {
    sign,
    cents,
    upToEight,
    /** TotalAmount, with its worth in euros where it is in another currency. */
    amount: (name: string, value: Decimal, exact = false): Xml => joined([leaf(name, exact ? upToEight(value) : cents(value)), rate === undefined ? nothing : leaf('EquivalentInEuros', cents(value.times(rate)))])
  }
}
type Writer = ReturnType<typeof writer>

function invoiceElement (invoice: Invoice, amounts: Amounts, write: Writer): Xml {
  const { es, number, series, currency, exchangeRate } = invoice
  const issuedOn = es?.issuedOn ?? ''
  return el('Invoice',
    el('InvoiceHeader',
      leaf('InvoiceNumber', number ?? '0'), leaf('InvoiceSeriesCode', series), leaf('InvoiceDocumentType', es?.document ?? 'FC'), leaf('InvoiceClass', es?.corrective === undefined ? 'OO' : 'OR'), corrective(invoice)),
    el('InvoiceIssueData',
      leaf('IssueDate', issuedOn), leaf('OperationDate', es?.operationDate), period('InvoicingPeriod', es?.period), leaf('InvoiceCurrencyCode', currency),
      currency === 'EUR' ? nothing : el('ExchangeRateDetails', leaf('ExchangeRate', exchangeRate ?? '1'), leaf('ExchangeRateDate', es?.operationDate ?? issuedOn)),
      leaf('TaxCurrencyCode', 'EUR'), leaf('LanguageName', es?.language ?? 'es'), leaf('InvoiceDescription', es?.description), leaf('ReceiverTransactionReference', es?.transactionReference),
      leaf('FileReference', es?.fileReference), leaf('ReceiverContractReference', es?.contractReference)),
    el('TaxesOutputs', amounts.outputs.map(tax => taxElement(tax, write, false))),
    el('TaxesWithheld', amounts.withheld.map(tax => taxElement(tax, write, false))),
    totals(amounts, write),
    el('Items', invoice.lines.map((_, index) => lineElement(invoice, amounts, index, write))),
    payment(invoice, amounts, write),
    el('LegalLiterals', (es?.legalLiterals ?? []).map(text => leaf('LegalReference', text))),
    el('AdditionalData',
      el('RelatedDocuments', (es?.attachments ?? []).map(({ format, data, description, compression }) => el('Attachment',
        leaf('AttachmentCompressionAlgorithm', compression ?? 'NONE'), leaf('AttachmentFormat', format), leaf('AttachmentEncoding', 'BASE64'), leaf('AttachmentDescription', description), leaf('AttachmentData', data)))),
      leaf('InvoiceAdditionalInformation', es?.additionalInformation)))
}

function corrective ({ es }: Invoice): Xml {
  const given = es?.corrective
  if (given === undefined) return nothing
  return el('Corrective',
    leaf('InvoiceNumber', given.number), leaf('InvoiceSeriesCode', given.series), leaf('ReasonCode', given.reason), leaf('ReasonDescription', correctionReasons[given.reason]), period('TaxPeriod', given.period),
    leaf('CorrectionMethod', given.method), leaf('CorrectionMethodDescription', correctionMethods[given.method]), leaf('AdditionalReasonDescription', given.note), leaf('InvoiceIssueDate', given.issuedOn))
}

const period = (name: string, given: EsPeriod | undefined): Xml => given === undefined ? nothing : el(name, leaf('StartDate', given.start), leaf('EndDate', given.end))

function totals ({ gross, discounts, charges, totalDiscounts, totalCharges, beforeTaxes, taxOutputs, taxesWithheld, total }: Amounts, write: Writer): Xml {
  const cents = (name: string, value: Decimal) => leaf(name, write.cents(value))
  return el('InvoiceTotals',
    cents('TotalGrossAmount', gross), changesElement('GeneralDiscounts', 'Discount', discounts, write), changesElement('GeneralSurcharges', 'Charge', charges, write),
    cents('TotalGeneralDiscounts', totalDiscounts), cents('TotalGeneralSurcharges', totalCharges), cents('TotalGrossAmountBeforeTaxes', beforeTaxes), cents('TotalTaxOutputs', taxOutputs),
    cents('TotalTaxesWithheld', taxesWithheld), cents('InvoiceTotal', total), cents('TotalOutstandingAmount', total), cents('TotalExecutableAmount', total))
}

function lineElement (invoice: Invoice, { lines }: Amounts, index: number, write: Writer): Xml {
  const line = invoice.lines[index]!
  const { cost, discounts, charges, gross, outputs, withheld } = lines[index]!
  const { special, information } = line.es ?? {}
  return el('InvoiceLine',
    leaf('ItemDescription', line.description), leaf('Quantity', `${write.sign === 1 || Number(line.quantity) === 0 ? '' : '-'}${betweenText(line.quantity, 0, 10)}`), leaf('UnitOfMeasure', unitOf(line.unit)), leaf('UnitPriceWithoutTax', betweenText(line.unitPrice, 2, 8)),
    leaf('TotalCost', write.upToEight(cost)), changesElement('DiscountsAndRebates', 'Discount', discounts, write), changesElement('Charges', 'Charge', charges, write), leaf('GrossAmount', write.upToEight(gross)),
    el('TaxesWithheld', withheld.map(tax => taxElement(tax, write, true))), el('TaxesOutputs', outputs.map(tax => taxElement(tax, write, true))), period('LineItemPeriod', line.es?.period),
    leaf('AdditionalLineItemInformation', information), special === undefined ? nothing : el('SpecialTaxableEvent', leaf('SpecialTaxableEventCode', special.code), leaf('SpecialTaxableEventReason', special.reason)), leaf('ArticleCode', line.sku))
}

/** UnitOfMeasure by its code; 01 is units, 05 others. */
const unitOf = (unit: string | undefined): string => unit === undefined ? '01' : unitsOfMeasure[unit] === undefined ? '05' : unit

function changesElement (list: string, one: 'Discount' | 'Charge', changes: readonly Change[], write: Writer): Xml {
  return el(list, changes.map(({ reason, rate, amount }) => el(one, leaf(`${one}Reason`, reason), rate === undefined ? nothing : leaf(`${one}Rate`, between(rate, 2, 8)), leaf(`${one}Amount`, write.upToEight(amount)))))
}

function taxElement ({ code, rate, base, amount, surcharge }: TaxAmounts, write: Writer, exact: boolean): Xml {
  return el('Tax',
    leaf('TaxTypeCode', code), leaf('TaxRate', between(rate, 2, 8)), el('TaxableBase', write.amount('TotalAmount', base, exact)), el('TaxAmount', write.amount('TotalAmount', amount, exact)),
    ...surcharge === undefined ? [] : [leaf('EquivalenceSurcharge', fixed(surcharge.rate, 2)), el('EquivalenceSurchargeAmount', write.amount('TotalAmount', surcharge.amount, exact))])
}

function payment ({ kind, payment, es, totals }: Invoice, { total }: Amounts, write: Writer): Xml {
  const { form, due } = payment ?? {}
  if (form === undefined || kind === 'credit_note' || totals === undefined) return nothing
  const account = (name: string): Xml => es?.account === undefined ? nothing : el(name, leaf('IBAN', es.account.iban.replace(/\s/g, '')), leaf('BIC', es.account.bic === undefined ? undefined : es.account.bic.toUpperCase().padEnd(11, 'X')))
  return el('PaymentDetails', el('Installment',
    leaf('InstallmentDueDate', due ?? es?.issuedOn), leaf('InstallmentAmount', write.cents(total)), leaf('PaymentMeans', form), form === '02' ? nothing : account('AccountToBeCredited'), form === '02' ? account('AccountToBeDebited') : nothing))
}

function party (name: string, given: InvoiceParty): Xml {
  const { es, address } = given
  const country = address?.country ?? 'ES'
  const taxId = country === 'ES' ? normalNif(given.taxId) : given.taxId.replace(/\s/g, '')
  const natural = isNatural(given)
  const place = addressElement(given)
  const contact = el('ContactDetails', leaf('Telephone', es?.phone), leaf('WebAddress', es?.website), leaf('ElectronicMail', given.email))
  const registration = es?.registration === undefined ? nothing : el('RegistrationData', leaf('AdditionalRegistrationData', es.registration.slice(0, 20)))
  const person = natural ? nameOfPerson(given.name, es) : undefined
  return el(name,
    el('TaxIdentification', leaf('PersonTypeCode', natural ? 'F' : 'J'), leaf('ResidenceTypeCode', es?.residence === undefined ? residenceOf(country) : { resident: 'R', eu: 'U', foreign: 'E' }[es.residence]), leaf('TaxIdentificationNumber', taxId)),
    el('AdministrativeCentres', centresOf(given).map(([role, code]) => el('AdministrativeCentre', leaf('CentreCode', code), leaf('RoleTypeCode', role), place))),
    person !== undefined
      ? el('Individual', leaf('Name', person.name), leaf('FirstSurname', person.first ?? '-'), leaf('SecondSurname', person.second), place, contact)
      : el('LegalEntity', leaf('CorporateName', given.name), leaf('TradeName', es?.tradeName), registration, place, contact))
}

/** RoleTypeCode and code of each public body: 01 oficina contable, 02 órgano gestor, 03 unidad tramitadora, 04 órgano proponente. */
export function centresOf ({ es }: InvoiceParty): [role: string, code: string][] {
  const { accountingOffice, managingBody, processingUnit, proposingBody } = es?.dir3 ?? {}
  return ([['01', accountingOffice], ['02', managingBody], ['03', processingUnit], ['04', proposingBody]] as const).filter((pair): pair is readonly ['01', string] => pair[1] !== undefined).map(([role, code]) => [role, code.toUpperCase()])
}

export function isNatural ({ taxId, es, address }: InvoiceParty): boolean {
  if (es?.person !== undefined) return es.person === 'natural'
  return (address?.country ?? 'ES') === 'ES' && inspectNif(normalNif(taxId)).person === 'natural'
}

function addressElement ({ address = {} }: InvoiceParty): Xml {
  const { street = '-', city = '-', region, postalCode = '00000', country = 'ES' } = address
  const code = leaf('CountryCode', alpha3(country) ?? country)
  if (country !== 'ES') return el('OverseasAddress', leaf('Address', street), leaf('PostCodeAndTown', `${postalCode} ${city}`.trim()), leaf('Province', region ?? city.slice(0, 20)), code)
  const province = region !== undefined && region.length <= 20 ? region : provinceOf(postalCode) ?? region?.slice(0, 20) ?? '-'
  return el('AddressInSpain', leaf('Address', street), leaf('PostCode', postalCode), leaf('Town', city), leaf('Province', province), code)
}
