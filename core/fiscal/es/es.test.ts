import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import type { Invoice } from '../../adapter/invoicing.ts'
import { Decimal } from '../decimal.ts'
import { ask, oracle, oracleData } from '../mx/fixtures/oracle.ts'
import { refusal } from '../mx/fixtures/refusal.ts'
import { testSigner } from '../xades/fixtures/signer.ts'
import { facturaeProfile } from '../xades/profiles.ts'
import { signVerified } from '../xades/verify.ts'
import { elements, firstElement, textOf, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { xmlFile } from '../xml/written.ts'
import { amountsOf, unifiedTotals } from './amounts.ts'
import { buildFacturae } from './build.ts'
import { checkFacturae } from './check.ts'
import { alpha3 } from './codes.ts'
import { anyInvoice, toTheTown } from './fixtures/invoices.ts'
import { inspectNif, normalNif } from './nif.ts'
import { nameOfPerson } from './person.ts'
import { facturaeFindings, isIban } from './rules.ts'

const written = (invoice: Invoice): Buffer => xmlFile(buildFacturae(invoice))
const at = (of: XmlElement | undefined, ...names: string[]): XmlElement | undefined => names.reduce<XmlElement | undefined>((found, name) => found === undefined ? undefined : firstElement(found, '', name), of)
const text = (of: XmlElement | undefined, ...names: string[]): string => textOf(at(of, ...names)!)
const broken = (changes: Partial<Invoice>, level = 'error'): string[] => facturaeFindings(toTheTown(changes)).filter(finding => finding.level === level).map(({ code, path }) => `${code.replace('ES-FACTURAE-', '')} ${path}`)

t.test('an invoice to a public body', async t => {
  t.same(facturaeFindings(toTheTown()), [])
  const { root } = parseXml(written(toTheTown()))
  t.equal(root.qname, 'fe:Facturae')
  t.equal(text(root, 'FileHeader', 'Batch', 'BatchIdentifier'), 'B6541001117F26')
  const invoice = at(root, 'Invoices', 'Invoice')!
  t.same(elements(at(root, 'Parties', 'BuyerParty', 'AdministrativeCentres')!).map(centre => [text(centre, 'RoleTypeCode'), text(centre, 'CentreCode')]), [['01', 'L01280796'], ['02', 'LA0007407'], ['03', 'LA0007408']])
  t.equal(text(root, 'Parties', 'SellerParty', 'LegalEntity', 'AddressInSpain', 'Province'), 'Málaga', 'from the postal code')
  // 10 × 100 = 1000.00; 3 × 33.333333 − 5 = 94.999999. IVA 210.00 + 9.50, IRPF 150.00.
  t.same(elements(at(invoice, 'InvoiceTotals')!).map(element => [element.name, textOf(element)]), [
    ['TotalGrossAmount', '1095.00'], ['TotalGeneralDiscounts', '0.00'], ['TotalGeneralSurcharges', '0.00'], ['TotalGrossAmountBeforeTaxes', '1095.00'], ['TotalTaxOutputs', '219.50'], ['TotalTaxesWithheld', '150.00'],
    ['InvoiceTotal', '1164.50'], ['TotalOutstandingAmount', '1164.50'], ['TotalExecutableAmount', '1164.50']
  ])
  t.equal(text(elements(at(invoice, 'Items')!)[1], 'GrossAmount'), '94.999999', 'lines are not rounded to cents')
  t.same(unifiedTotals(amountsOf(toTheTown())), { subtotal: '1100.00', discount: '5.00', taxes: '219.50', withheld: '150.00', total: '1164.50' })
  t.equal(text(invoice, 'PaymentDetails', 'Installment', 'AccountToBeCredited', 'IBAN'), 'ES9121000418450200051332')
})

t.test('a rectificativa says how much less', async t => {
  const note = toTheTown({ kind: 'credit_note', series: 'R26', es: { issuedOn: '2026-11-21', corrective: { reason: '83', method: '02', period: { start: '2026-11-01', end: '2026-11-30' }, series: 'F26', number: '17', issuedOn: '2026-11-20' } } })
  t.same(facturaeFindings({ ...note, payment: {} }), [])
  const invoice = at(parseXml(written(note)).root, 'Invoices', 'Invoice')
  t.equal(text(invoice, 'InvoiceHeader', 'InvoiceClass'), 'OR')
  t.equal(text(invoice, 'InvoiceHeader', 'Corrective', 'ReasonDescription'), 'Base imponible modificada por descuentos y bonificaciones')
  t.equal(text(invoice, 'InvoiceHeader', 'Corrective', 'CorrectionMethodDescription'), 'Rectificación por diferencias')
  t.equal(text(invoice, 'InvoiceTotals', 'InvoiceTotal'), '-1164.50')
  t.equal(text(at(invoice, 'Items', 'InvoiceLine'), 'Quantity'), '-10')
  t.equal(text(at(invoice, 'Items', 'InvoiceLine'), 'UnitPriceWithoutTax'), '100.00')
  t.equal(unifiedTotals(amountsOf(note)).total, '1164.50', 'to our side it is an amount')
  t.equal(at(invoice, 'PaymentDetails'), undefined)
})

t.test('what the law, the schema or FACe would refuse, each with its code and its place', async t => {
  const base = toTheTown()
  const line = base.lines[0]!
  const cases: readonly (readonly [string[], Partial<Invoice>])[] = [
    [['CUSTOMER-NIF customer.tax_id'], { customer: { ...base.customer, taxId: 'P2807900A' } }],
    [['CUSTOMER-NIF customer.tax_id'], { customer: { ...base.customer, taxId: 'XAXX010101000' } }],
    [['SELLER-NIF issuer'], { issuer: { ...base.issuer, taxId: 'B65410012' } }],
    [['ADDRESS customer.address.street', 'ADDRESS customer.address.postal_code'], { customer: { ...base.customer, address: { city: 'Madrid' } } }],
    [['POSTAL-CODE customer.address.postal_code'], { customer: { ...base.customer, address: { ...base.customer.address, postalCode: '99999' } } }],
    [['COUNTRY customer.address.country'], { customer: { ...base.customer, taxId: 'XX123', address: { ...base.customer.address, country: 'XK' } } }],
    [['DIR3 customer.es.dir3.processing_unit'], { customer: { ...base.customer, es: { dir3: { accountingOffice: 'L01280796', managingBody: 'L01280796' } } } }],
    [['DIR3 customer.es.dir3'], { customer: { ...base.customer, es: { dir3: { accountingOffice: 'L0128 796', managingBody: 'L01280796', processingUnit: 'L01280796' } } } }],
    [['SURNAME customer.name'], { customer: { ...base.customer, taxId: '93471790C', name: 'María', es: {} } }],
    [['LENGTH customer.name'], { customer: { ...base.customer, name: 'x'.repeat(81) } }],
    [['LINE-TAX lines[0].taxes'], { lines: [{ ...line, taxes: [] }] }],
    [['IRPF lines[0].taxes[1]'], { lines: [{ ...line, taxes: [line.taxes[0]!, { ...line.taxes[1]!, withheld: false }] }] }],
    [['RATE lines[0].taxes[0].rate'], { lines: [{ ...line, taxes: [{ ...line.taxes[0]!, rate: '21' }] }] }],
    [['VALUE lines[0].taxes[0]'], { lines: [{ ...line, taxes: [{ ...line.taxes[0]!, type: 'ISR' }] }] }],
    [['VALUE lines[0].discount'], { lines: [{ ...line, discount: '1000.01' }] }],
    [['VALUE lines[0].taxes[0]'], { lines: [{ ...line, taxes: [{ ...line.taxes[0]!, quota: true }] }] }],
    [['VALUE lines[0].taxes'], { lines: [{ ...line, taxes: [{ ...line.taxes[0]!, type: 'IGIC' }, { ...line.taxes[0]!, type: 'RE' }] }] }],
    [['EXCHANGE exchange_rate'], { currency: 'USD' }],
    [['CORRECTIVE es.corrective'], { kind: 'credit_note' }],
    [['KIND kind'], { kind: 'debit_note' }],
    [['IBAN es.account.iban'], { es: { issuedOn: '2026-11-21' } }],
    [['IBAN es.account.iban'], { es: { ...base.es!, account: { iban: 'ES9121000418450200051333' } } }],
    [['PAYMENT payment.form'], { payment: { form: '99' } }],
    [['PERIOD es.period'], { es: { ...base.es!, period: { start: '2026-02-01', end: '2026-01-01' } } }],
    [['SIMPLIFIED es.document'], { es: { ...base.es!, document: 'FA' }, lines: [{ ...line, quantity: '100' }] }],
    [['ATTACHMENT es.attachments[0].format', 'ATTACHMENT es.attachments[0].data'], { es: { ...base.es!, attachments: [{ format: 'exe', data: '!' }] } }],
    [['LENGTH number'], { number: '1'.repeat(21) }]
  ]
  for (const [codes, changes] of cases) t.same(broken(changes), codes, codes.join(', '))
  const corrective = { reason: '83', method: '02', period: { start: '2026-11-01', end: '2026-11-30' }, series: 'R', number: '17' }
  const note = (changes: object): string[] => broken({ kind: 'credit_note', series: 'R26', payment: {}, es: { issuedOn: '2026-11-21', corrective: { ...corrective, ...changes } } })
  t.same(note({}), [])
  t.same(note({ reason: '99' }), ['CORRECTIVE-REASON es.corrective.reason'])
  t.same(note({ method: '05' }), ['CORRECTIVE-METHOD es.corrective.method'])
  t.same(note({ method: '01' }), ['CORRECTIVE-METHOD es.corrective.method'])
  t.same(note({ series: 'R26' }), ['CORRECTIVE-SERIES series'], 'a series of its own')
  t.same(broken({ lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0', base: '0', amount: '0', exempt: true }] }] }, 'warning'), ['EXEMPT lines[0].es.special'])
  for (const { message } of facturaeFindings(toTheTown({ kind: 'debit_note', currency: 'USD', payment: { form: 'x' } }))) t.ok(message.es.length > 10 && message.en.length > 10)
})

t.test('names of persons, IBANs, countries', async t => {
  t.same(nameOfPerson('María de la Fuente López', undefined), { name: 'María', first: 'de la Fuente', second: 'López' })
  t.same(nameOfPerson('José Luis Pérez de Ayala Ruiz', undefined), { name: 'José Luis Pérez', first: 'de Ayala', second: 'Ruiz' })
  t.same(nameOfPerson('Ana Gil', undefined), { name: 'Ana', first: 'Gil' })
  t.same(nameOfPerson('Cher', undefined), { name: 'Cher' })
  t.same(nameOfPerson('José Luis', { firstSurname: 'Pérez de Ayala', secondSurname: 'Ruiz' }), { name: 'José Luis', first: 'Pérez de Ayala', second: 'Ruiz' })
  t.ok(isIban('ES91 2100 0418 4502 0005 1332'))
  t.notOk(isIban('ES91 2100 0418 4502 0005 1333'))
  t.same([alpha3('ES'), alpha3('DE'), alpha3('XK')], ['ESP', 'DEU', undefined])
})

t.test('the amounts agree with themselves', async () => {
  await fc.assert(fc.asyncProperty(anyInvoice, async invoice => {
    assert.deepEqual(facturaeFindings(invoice).filter(({ level }) => level === 'error'), [])
    const { subtotal, discount, taxes, withheld, total } = unifiedTotals(amountsOf(invoice))
    assert.equal(new Decimal(subtotal).minus(discount).plus(taxes).minus(withheld).toFixed(2), total)
    const root = at(parseXml(written(invoice)).root, 'Invoices', 'Invoice')
    const value = (...names: string[]): Decimal => new Decimal(text(root, ...names))
    const cents = (a: Decimal, b: Decimal, tolerance = 0): void => { assert.ok(a.minus(b).abs().lte(tolerance), `${a.toString()} is not ${b.toString()}`) }
    // The checks of Orden HAP/1650/2015, annex II, on what was written.
    const lines = elements(at(root, 'Items')!)
    let gross = new Decimal(0)
    for (const line of lines) {
      const part = (list: string, name: string): Decimal => at(line, list) === undefined ? new Decimal(0) : Decimal.sum(0, ...elements(at(line, list)!).map(each => text(each, name)))
      cents(new Decimal(text(line, 'Quantity')).times(text(line, 'UnitPriceWithoutTax')), new Decimal(text(line, 'TotalCost')), 1e-8)
      cents(new Decimal(text(line, 'TotalCost')).minus(part('DiscountsAndRebates', 'DiscountAmount')).plus(part('Charges', 'ChargeAmount')), new Decimal(text(line, 'GrossAmount')))
      gross = gross.plus(text(line, 'GrossAmount'))
    }
    cents(gross.toDecimalPlaces(2, Decimal.ROUND_HALF_UP), value('InvoiceTotals', 'TotalGrossAmount'), gross.lt(0) ? 0.01 : 0)
    cents(value('InvoiceTotals', 'TotalGrossAmount').minus(value('InvoiceTotals', 'TotalGeneralDiscounts')).plus(value('InvoiceTotals', 'TotalGeneralSurcharges')), value('InvoiceTotals', 'TotalGrossAmountBeforeTaxes'))
    let outputs = new Decimal(0)
    for (const tax of elements(at(root, 'TaxesOutputs')!)) {
      const [base, rate, amount] = [text(tax, 'TaxableBase', 'TotalAmount'), text(tax, 'TaxRate'), text(tax, 'TaxAmount', 'TotalAmount')]
      cents(new Decimal(base).times(rate).div(100), new Decimal(amount), 0.005)
      outputs = outputs.plus(amount).plus(at(tax, 'EquivalenceSurchargeAmount') === undefined ? 0 : text(tax, 'EquivalenceSurchargeAmount', 'TotalAmount'))
    }
    cents(outputs, value('InvoiceTotals', 'TotalTaxOutputs'))
    cents(value('InvoiceTotals', 'TotalGrossAmountBeforeTaxes').plus(outputs).minus(value('InvoiceTotals', 'TotalTaxesWithheld')), value('InvoiceTotals', 'InvoiceTotal'))
  }), { numRuns: 150 })
})

t.test('every document that is built and signed is valid by the schema, and verifies', oracle('xmllint', 'xmlsec1'), async t => {
  const folder = temporaryFolder(t)
  const signer = testSigner()
  const files: string[] = []
  await fc.assert(fc.asyncProperty(anyInvoice, async invoice => {
    const file = path.join(folder, `${files.length}.xsig`)
    writeFileSync(file, await signVerified(buildFacturae(invoice), facturaeProfile(), signer, { at: new Date('2026-11-21T10:00:00Z'), zone: 'Europe/Madrid', id: 'x' }))
    files.push(file)
  }), { numRuns: 100 })
  ask('xmllint', ['--nonet', '--noout', '--schema', oracleData('facturae/xsd/Facturaev3_2_2.xsd'), ...files])
  ask('xmlsec1', ['--verify', '--insecure', '--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo', ...files])
  t.ok(files.length >= 100)
})

t.test('a Facturae that is written already is judged too', async t => {
  const found = (xml: Buffer | string): string[] => checkFacturae(Buffer.from(xml)).map(({ code, path }) => `${code.replace('ES-FACTURAE-', '')} ${path}`)
  const xml = written(toTheTown()).toString()
  t.same(found(xml), [])
  for (const [from, to, wanted] of [
    ['<TotalCost>1000.00', '<TotalCost>1001.00', ['AMOUNT Items.InvoiceLine[0].TotalCost', 'AMOUNT Items.InvoiceLine[0].GrossAmount']], ['<InvoiceTotal>1164.50', '<InvoiceTotal>1164.51', ['AMOUNT InvoiceTotals.InvoiceTotal', 'AMOUNT FileHeader.Batch.TotalInvoicesAmount']],
    ['>P2807900B<', '>P2807900A<', ['CUSTOMER-NIF Parties.BuyerParty.TaxIdentification.TaxIdentificationNumber']], ['<RoleTypeCode>02', '<RoleTypeCode>04', ['DIR3 Parties.BuyerParty.AdministrativeCentres']],
    ['ES9121', 'ES9221', ['IBAN Invoice.PaymentDetails']], ['<SchemaVersion>3.2.2', '<SchemaVersion>3.3', ['VERSION FileHeader.SchemaVersion']], ['<Invoice>', '<Invoice/><Invoice>', ['DOCUMENT ']]
  ] as const) t.same(found(xml.replace(from, to)), wanted, to)
  await fc.assert(fc.property(anyInvoice, invoice => { assert.deepEqual(checkFacturae(written(invoice)), []) }), { numRuns: 60 })
})

t.test('the sums of FACe’s own sample hold, to the cent', oracle(), async t => {
  const paths = (file: string): string[] => checkFacturae(readFileSync(oracleData('facturae/samples', file))).map(({ path }) => path)
  t.same(paths('face-official-sample-321.xsig').filter(path => path.startsWith('InvoiceTotals')), [])
  t.same(paths('gobl-invoice-face.xml'), [])
  t.same(paths('gobl-invoice-vat-irpf.xml'), ['InvoiceTotals.InvoiceTotal'], 'gobl leaves what is withheld in InvoiceTotal; the schema’s own documentation takes it off')
})

t.test('NIF, NIE and CIF of the vectors', oracle(), async t => {
  for (const [value, expected] of readFileSync(oracleData('vectors/es-nif.tsv'), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split('\t'))) {
    t.equal(inspectNif(normalNif(value!)).digit, expected === 'OK', value!)
  }
})

t.test('the same bytes as ever', async t => {
  const file = new URL('./fixtures/ayuntamiento.xml', import.meta.url)
  const xml = written(toTheTown())
  if (process.argv.includes('--update') || !existsSync(file)) writeFileSync(file, xml)
  t.equal(xml.toString(), readFileSync(file, 'utf8'))
  t.equal(refusal(() => buildFacturae(toTheTown({ lines: [{ description: 'x', quantity: '1', unitPrice: 'x', taxes: [] }] }))), 'value_invalid lines[0].unit_price')
})
