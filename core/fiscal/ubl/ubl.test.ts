import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Invoice } from '../../adapter/invoicing.ts'
import { FiscalError } from '../errors.ts'
import { anyInvoice, toTheTown } from '../es/fixtures/invoices.ts'
import { buildUbl } from './build.ts'
import { ublFindings } from './rules.ts'

const line = toTheTown().lines[0]!
const tax = (type: string, rate: string, more: object = {}) => ({ type, rate, base: '0', amount: '0', ...more })
const textOf = (invoice: Invoice): string => buildUbl(invoice).toString()

t.test('an invoice as UBL says what the Facturae says', async t => {
  const text = textOf(toTheTown())
  t.same(ublFindings(Buffer.from(text)), [])
  t.match(text, /<cbc:CustomizationID>urn:cen\.eu:en16931:2017<.*<cbc:ID>F2617<.*<cbc:IssueDate>2026-11-21<.*<cbc:DueDate>2026-12-21<.*<cbc:InvoiceTypeCode>380</)
  t.match(text, /<cbc:CompanyID>ESB65410011<.*<cbc:CompanyID>ESP2807900B</)
  t.match(text, /<cbc:PaymentMeansCode>58<.*<cbc:ID>ES9121000418450200051332</)
  t.match(text, /<cbc:TaxInclusiveAmount currencyID="EUR">1314\.50<.*<cbc:PrepaidAmount currencyID="EUR">150\.00<.*<cbc:PayableAmount currencyID="EUR">1164\.50</, 'what is withheld is as paid before')
  t.match(text, /Retención IRPF 15 %: 150\.00 EUR/)
})

t.test('each kind of tax has its category', async t => {
  const of = (taxes: ReturnType<typeof tax>[], special?: { code: string, reason: string }, more: Partial<Invoice> = {}): string => {
    const bytes = buildUbl(toTheTown({ lines: [{ ...line, taxes, ...special !== undefined && { es: { special } } }], ...more }))
    t.same(ublFindings(bytes), [])
    return [...bytes.toString().matchAll(/<cac:TaxSubtotal>.*?<cac:TaxCategory><cbc:ID>(\w+)</g)].map(([, id]) => id).join(' ')
  }
  t.same([
    of([tax('IVA', '0.21')]), of([tax('IGIC', '0.07')]), of([tax('IPSI', '0.04')]), of([tax('IVA', '0', { exempt: true })]), of([tax('IVA', '0', { exempt: true })], { code: '01', reason: 'Art. 21 LIVA' }), of([tax('IVA', '0', { exempt: true })], { code: '01', reason: 'Art. 25 LIVA' }),
    of([]), of([tax('IVA', '0')], { code: '02', reason: 'Art. 69 LIVA' }), of([tax('IVA', '0')], undefined, { es: { issuedOn: '2026-11-21', legalLiterals: ['Inversión del sujeto pasivo'] } }), of([tax('IVA', '0.21'), tax('RE', '0.052')])
  ], ['S', 'L', 'M', 'E', 'G', 'K', 'O', 'O', 'AE', 'S E'])
  t.throws(() => buildUbl(toTheTown({ lines: [line, { ...line, taxes: [] }] })), /outside the scope of VAT/)
  t.throws(() => buildUbl(toTheTown({ lines: [{ ...line, taxes: [tax('IE', '0.1')] }] })), /no place for the tax IE/)
})

t.test('a rectificativa names what it corrects; other currencies give the tax in euros', async t => {
  const corrective = { reason: '83', method: '02', period: { start: '2026-11-01', end: '2026-11-30' }, series: 'F26', number: '17', issuedOn: '2026-11-20' }
  const note = textOf(toTheTown({ kind: 'credit_note', es: { issuedOn: '2026-11-21', corrective } }))
  t.match(note, /^<\?xml[^>]*>\n<CreditNote .*<cbc:CreditNoteTypeCode>381<.*<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>F2617<\/cbc:ID><cbc:IssueDate>2026-11-20<.*<cbc:CreditedQuantity unitCode="C62">10</)
  t.same(ublFindings(Buffer.from(note)), [])
  t.match(textOf(toTheTown({ es: { issuedOn: '2026-11-21', corrective: { ...corrective, method: '01' } } })), /<cbc:InvoiceTypeCode>384</)
  const dollars = textOf(toTheTown({ currency: 'USD', exchangeRate: '0.5' }))
  t.match(dollars, /<cbc:TaxAmount currencyID="USD">219\.50<.*<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">109\.75</)
  t.same(ublFindings(Buffer.from(dollars)), [])
})

t.test('whatever is written holds by the rules; what is changed does not', async t => {
  let written = 0
  fc.assert(fc.property(anyInvoice, invoice => {
    let bytes: Buffer
    try {
      bytes = buildUbl(invoice)
    } catch (error) {
      if (error instanceof FiscalError) return
      throw error
    }
    written++
    assert.deepEqual(ublFindings(bytes), [])
  }), { numRuns: 150 })
  t.ok(written > 75, `${written} of 150`)
  const text = textOf(toTheTown())
  const rules = (from: string | RegExp, to: string): string[] => ublFindings(Buffer.from(text.replace(from, to))).map(({ rule }) => rule)
  t.same(rules('<cbc:ID>F2617</cbc:ID>', ''), ['BR-02'])
  t.same(rules(/<cac:PostalAddress>.*?<\/cac:PostalAddress>/, ''), ['BR-08', 'BR-09'])
  t.same(rules('>1164.50</cbc:PayableAmount>', '>1164.51</cbc:PayableAmount>'), ['BR-CO-16'])
  t.same(rules('>210.00</cbc:TaxAmount>', '>211.00</cbc:TaxAmount>'), ['BR-CO-14', 'BR-CO-17'])
  t.same(rules('ESB65410011', '123'), ['BR-CO-09'])
  t.same(rules(/(<cac:PaymentTerms>.*?<\/cac:PaymentTerms>)(.*)(<cac:TaxTotal>)/, '$2$1$3'), [], 'terms stand before the tax')
  t.same(rules(/(<cbc:ID>F2617<\/cbc:ID>)(<cbc:IssueDate>.*?<\/cbc:IssueDate>)/, '$2$1'), ['UBL-ORDER'])
  t.same(rules(/<cac:PayeeFinancialAccount>.*?<\/cac:PayeeFinancialAccount>/, ''), ['BR-61'])
})
