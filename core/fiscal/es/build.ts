import type { EsPeriod, Invoice, InvoiceParty } from '../../adapter/invoicing.ts'
import { between, Decimal, fixed } from '../decimal.ts'
import type { XmlElement } from '../xml/element.ts'
import { type Amounts, amountsOf, type Change, type TaxAmounts } from './amounts.ts'
import { alpha3, correctionMethods, correctionReasons, facturae322, provinceOf, residenceOf } from './codes.ts'
import { inspectNif, normalNif } from './nif.ts'
import { nameOfPerson } from './person.ts'

type Child = XmlElement | string | undefined

/** `undefined` and '' write nothing. Children of a Facturae are unqualified. */
function el (name: string, ...children: readonly (Child | readonly Child[])[]): XmlElement | undefined {
  const present = children.flat().filter((child): child is XmlElement | string => child !== undefined && child !== '')
  if (present.length === 0) return undefined
  return { kind: 'element', qname: name, name, namespace: '', namespaces: [], attributes: [], children: present.map(child => typeof child === 'string' ? { kind: 'text', value: child } : child) }
}

/**
 * Facturae 3.2.2 of one invoice, unsigned, its elements in the order of the schema. What the schema would refuse is said before by
 * `facturaeFindings`; this writes what it is given. Throws what `amountsOf` throws.
 */
export function buildFacturae (invoice: Invoice): XmlElement {
  const amounts = amountsOf(invoice)
  const write = writer(invoice)
  const total = write.amount('TotalAmount', amounts.total)
  const root = el('Facturae',
    el('FileHeader',
      el('SchemaVersion', '3.2.2'), el('Modality', 'I'), el('InvoiceIssuerType', 'EM'),
      el('Batch', el('BatchIdentifier', batchIdentifier(invoice)), el('InvoicesCount', '1'), el('TotalInvoicesAmount', total), el('TotalOutstandingAmount', total), el('TotalExecutableAmount', total), el('InvoiceCurrencyCode', invoice.currency))),
    el('Parties', party('SellerParty', invoice.issuer), party('BuyerParty', invoice.customer)),
    el('Invoices', invoiceElement(invoice, amounts, write)))!
  return { ...root, qname: 'fe:Facturae', namespace: facturae322, namespaces: [['fe', facturae322]] }
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
  const signed = (value: Decimal): Decimal => value.isZero() ? value : value.times(sign)
  return {
    sign,
    cents,
    upToEight,
    /** TotalAmount, with its worth in euros where it is in another currency. */
    amount: (name: string, value: Decimal, exact = false): (XmlElement | undefined)[] => [el(name, exact ? upToEight(value) : cents(value)), rate === undefined ? undefined : el('EquivalentInEuros', cents(value.times(rate)))]
  }
}
type Writer = ReturnType<typeof writer>

function invoiceElement (invoice: Invoice, amounts: Amounts, write: Writer): XmlElement | undefined {
  const { es, number, series, currency, exchangeRate } = invoice
  const issuedOn = es?.issuedOn ?? ''
  return el('Invoice',
    el('InvoiceHeader',
      el('InvoiceNumber', number ?? '0'), el('InvoiceSeriesCode', series), el('InvoiceDocumentType', es?.document ?? 'FC'), el('InvoiceClass', es?.corrective === undefined ? 'OO' : 'OR'), corrective(invoice)),
    el('InvoiceIssueData',
      el('IssueDate', issuedOn), el('OperationDate', es?.operationDate), period('InvoicingPeriod', es?.period), el('InvoiceCurrencyCode', currency),
      currency === 'EUR' ? undefined : el('ExchangeRateDetails', el('ExchangeRate', exchangeRate ?? '1'), el('ExchangeRateDate', es?.operationDate ?? issuedOn)),
      el('TaxCurrencyCode', 'EUR'), el('LanguageName', es?.language ?? 'es'), el('InvoiceDescription', es?.description), el('ReceiverTransactionReference', es?.transactionReference),
      el('FileReference', es?.fileReference), el('ReceiverContractReference', es?.contractReference)),
    el('TaxesOutputs', amounts.outputs.map(tax => taxElement(tax, write, false))),
    el('TaxesWithheld', amounts.withheld.map(tax => taxElement(tax, write, false))),
    totals(amounts, write),
    el('Items', invoice.lines.map((_, index) => lineElement(invoice, amounts, index, write))),
    payment(invoice, amounts, write),
    el('LegalLiterals', (es?.legalLiterals ?? []).map(text => el('LegalReference', text))),
    el('AdditionalData',
      el('RelatedDocuments', (es?.attachments ?? []).map(({ format, data, description, compression }) => el('Attachment',
        el('AttachmentCompressionAlgorithm', compression ?? 'NONE'), el('AttachmentFormat', format), el('AttachmentEncoding', 'BASE64'), el('AttachmentDescription', description), el('AttachmentData', data)))),
      el('InvoiceAdditionalInformation', es?.additionalInformation)))
}

function corrective ({ es }: Invoice): XmlElement | undefined {
  const given = es?.corrective
  if (given === undefined) return undefined
  return el('Corrective',
    el('InvoiceNumber', given.number), el('InvoiceSeriesCode', given.series), el('ReasonCode', given.reason), el('ReasonDescription', correctionReasons[given.reason]), period('TaxPeriod', given.period),
    el('CorrectionMethod', given.method), el('CorrectionMethodDescription', correctionMethods[given.method]), el('AdditionalReasonDescription', given.note), el('InvoiceIssueDate', given.issuedOn))
}

const period = (name: string, given: EsPeriod | undefined): XmlElement | undefined => given === undefined ? undefined : el(name, el('StartDate', given.start), el('EndDate', given.end))

function totals ({ gross, discounts, charges, totalDiscounts, totalCharges, beforeTaxes, taxOutputs, taxesWithheld, total }: Amounts, write: Writer): XmlElement | undefined {
  const cents = (name: string, value: Decimal) => el(name, write.cents(value))
  return el('InvoiceTotals',
    cents('TotalGrossAmount', gross), changesElement('GeneralDiscounts', 'Discount', discounts, write), changesElement('GeneralSurcharges', 'Charge', charges, write),
    cents('TotalGeneralDiscounts', totalDiscounts), cents('TotalGeneralSurcharges', totalCharges), cents('TotalGrossAmountBeforeTaxes', beforeTaxes), cents('TotalTaxOutputs', taxOutputs),
    cents('TotalTaxesWithheld', taxesWithheld), cents('InvoiceTotal', total), cents('TotalOutstandingAmount', total), cents('TotalExecutableAmount', total))
}

function lineElement (invoice: Invoice, { lines }: Amounts, index: number, write: Writer): XmlElement | undefined {
  const line = invoice.lines[index]!
  const { cost, discounts, charges, gross, outputs, withheld } = lines[index]!
  const { special, information } = line.es ?? {}
  return el('InvoiceLine',
    el('ItemDescription', line.description), el('Quantity', between(new Decimal(line.quantity).times(write.sign), 0, 10)), el('UnitOfMeasure', unitOf(line.unit)), el('UnitPriceWithoutTax', between(new Decimal(line.unitPrice), 2, 8)),
    el('TotalCost', write.upToEight(cost)), changesElement('DiscountsAndRebates', 'Discount', discounts, write), changesElement('Charges', 'Charge', charges, write), el('GrossAmount', write.upToEight(gross)),
    el('TaxesWithheld', withheld.map(tax => taxElement(tax, write, true))), el('TaxesOutputs', outputs.map(tax => taxElement(tax, write, true))), period('LineItemPeriod', line.es?.period),
    el('AdditionalLineItemInformation', information), special === undefined ? undefined : el('SpecialTaxableEvent', el('SpecialTaxableEventCode', special.code), el('SpecialTaxableEventReason', special.reason)), el('ArticleCode', line.sku))
}

/** UnitOfMeasure by its code; 01 is units, 05 others. */
const unitOf = (unit: string | undefined): string => unit === undefined ? '01' : /^(?:0[1-9]|[12]\d|3[0-6])$/.test(unit) ? unit : '05'

function changesElement (list: string, one: 'Discount' | 'Charge', changes: readonly Change[], write: Writer): XmlElement | undefined {
  return el(list, changes.map(({ reason, rate, amount }) => el(one, el(`${one}Reason`, reason), rate === undefined ? undefined : el(`${one}Rate`, between(rate, 2, 8)), el(`${one}Amount`, write.upToEight(amount)))))
}

function taxElement ({ code, rate, base, amount, surcharge }: TaxAmounts, write: Writer, exact: boolean): XmlElement | undefined {
  return el('Tax',
    el('TaxTypeCode', code), el('TaxRate', between(rate, 2, 8)), el('TaxableBase', write.amount('TotalAmount', base, exact)), el('TaxAmount', write.amount('TotalAmount', amount, exact)),
    ...surcharge === undefined ? [] : [el('EquivalenceSurcharge', fixed(surcharge.rate, 2)), el('EquivalenceSurchargeAmount', write.amount('TotalAmount', surcharge.amount, exact))])
}

function payment ({ kind, payment, es, totals }: Invoice, { total }: Amounts, write: Writer): XmlElement | undefined {
  const { form, due } = payment ?? {}
  if (form === undefined || kind === 'credit_note' || totals === undefined) return undefined
  const account = (name: string): XmlElement | undefined => es?.account === undefined ? undefined : el(name, el('IBAN', es.account.iban.replace(/\s/g, '')), el('BIC', es.account.bic === undefined ? undefined : es.account.bic.toUpperCase().padEnd(11, 'X')))
  return el('PaymentDetails', el('Installment',
    el('InstallmentDueDate', due ?? es?.issuedOn), el('InstallmentAmount', write.cents(total)), el('PaymentMeans', form), form === '02' ? undefined : account('AccountToBeCredited'), form === '02' ? account('AccountToBeDebited') : undefined))
}

function party (name: string, given: InvoiceParty): XmlElement | undefined {
  const { es, address } = given
  const country = address?.country ?? 'ES'
  const taxId = country === 'ES' ? normalNif(given.taxId) : given.taxId.replace(/\s/g, '')
  const natural = isNatural(given)
  const place = addressElement(given)
  const contact = el('ContactDetails', el('Telephone', es?.phone), el('WebAddress', es?.website), el('ElectronicMail', given.email))
  const registration = es?.registration === undefined ? undefined : el('RegistrationData', el('AdditionalRegistrationData', es.registration.slice(0, 20)))
  const person = nameOfPerson(given.name, es)
  return el(name,
    el('TaxIdentification', el('PersonTypeCode', natural ? 'F' : 'J'), el('ResidenceTypeCode', es?.residence === undefined ? residenceOf(country) : { resident: 'R', eu: 'U', foreign: 'E' }[es.residence]), el('TaxIdentificationNumber', taxId)),
    el('AdministrativeCentres', centresOf(given).map(([role, code]) => el('AdministrativeCentre', el('CentreCode', code), el('RoleTypeCode', role), place))),
    natural
      ? el('Individual', el('Name', person.name), el('FirstSurname', person.first ?? '-'), el('SecondSurname', person.second), place, contact)
      : el('LegalEntity', el('CorporateName', given.name), el('TradeName', es?.tradeName), registration, place, contact))
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

function addressElement ({ address = {} }: InvoiceParty): XmlElement | undefined {
  const { street = '-', city = '-', region, postalCode = '00000', country = 'ES' } = address
  const code = el('CountryCode', alpha3(country) ?? country)
  if (country !== 'ES') return el('OverseasAddress', el('Address', street), el('PostCodeAndTown', `${postalCode} ${city}`.trim()), el('Province', region ?? city.slice(0, 20)), code)
  const province = region !== undefined && region.length <= 20 ? region : provinceOf(postalCode) ?? region?.slice(0, 20) ?? '-'
  return el('AddressInSpain', el('Address', street), el('PostCode', postalCode), el('Town', city), el('Province', province), code)
}
