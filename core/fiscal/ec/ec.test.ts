import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { Decimal, sum } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { oracle, oracleData } from '../mx/fixtures/oracle.ts'
import { testSigner } from '../xades/fixtures/signer.ts'
import { sriProfile } from '../xades/profiles.ts'
import { signVerified } from '../xades/verify.ts'
import { xmlFile } from '../xml/written.ts'
import { buildComprobante, versionOf } from './build.ts'
import { ecInvoices, issuedAt, numbered, sampleInvoice } from './fixtures/arbitrary.ts'
import { allAt, headOf, readComprobante, textAt } from './read.ts'
import { ecFindings } from './rules.ts'
import { documentTypes, type EcKind } from './tables.ts'
import { type EcDraft, withEcTotals } from './totals.ts'

const kinds = Object.keys(documentTypes) as EcKind[]
const newer: Record<EcKind, string> = { invoice: 'factura_V', purchase_settlement: 'LiquidacionCompra_V', credit_note: 'NotaCredito_V', debit_note: 'NotaDebito_V', delivery_note: 'GuiaRemision_V', withholding: 'ComprobanteRetencion_V' }
const official: Partial<Record<EcKind, string>> = { invoice: 'FACTURA_V_', credit_note: 'NOTACREDITO_V_', debit_note: 'NOTADEBITO_V_', delivery_note: 'GUIAREMISION_V_' }
const ids = ['--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties', '--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:KeyInfo']

const codes = (draft: EcDraft, level = 'error'): string[] => ecFindings(withEcTotals(draft), issuedAt).filter(finding => finding.level === level).map(({ code, path }) => `${code} ${path}`)
const refused = (draft: EcDraft): string => {
  try {
    withEcTotals(draft)
  } catch (error) {
    if (error instanceof FiscalError) return `${error.reason} ${error.path}`
    throw error
  }
  return 'computed'
}

t.test('what the builder makes validates, unsigned and signed, and verifies with 3/3 references', oracle('xmllint', 'xmlsec1'), async t => {
  const folder = temporaryFolder(t)
  const signer = testSigner()
  for (const kind of kinds) {
    const models = fc.sample(ecInvoices(kind), { numRuns: 60, seed: 20261121 })
    const dir = path.join(folder, kind)
    mkdirSync(dir)
    const bySchema = new Map<string, string[]>()
    const wants = (schema: string, file: string, content: string | Buffer): void => {
      writeFileSync(path.join(dir, file), content)
      bySchema.set(schema, [...bySchema.get(schema) ?? [], path.join(dir, file)])
    }
    const signed: string[] = []
    for (const [index, model] of models.entries()) {
      t.same(ecFindings(model, issuedAt).filter(({ level }) => level === 'error'), [], `${kind} ${index}: no rule is broken`)
      const version = versionOf(model)
      wants(`xsd/${newer[kind]}${version}.xsd`, `${index}.xml`, xmlFile(buildComprobante(model)))
      if (index >= 6) continue
      // The originals of the SRI know neither agenteRetencion nor RIMPE.
      const { withholdingAgent, rimpe, ...old } = model.issuer.ec ?? {}
      const xml = await signVerified(buildComprobante({ ...model, issuer: { ...model.issuer, ec: old } }), sriProfile({ sha256: index % 2 === 1 }), signer, { at: issuedAt, zone: 'America/Guayaquil', id: `s${index}` })
      const schema = official[kind]
      if (schema === undefined) writeFileSync(path.join(dir, `s${index}.xml`), xml)
      else wants(`xsd-official/${schema}${version.replaceAll('.', '_')}.xsd`, `s${index}.xml`, xml)
      signed.push(path.join(dir, `s${index}.xml`))
    }
    for (const [schema, files] of bySchema) {
      const { status, stderr } = spawnSync('xmllint', ['--nonet', '--noout', '--schema', oracleData('sri', schema), ...files])
      t.equal(status, 0, `${schema}: ${stderr.toString().split('\n').filter(line => !line.endsWith(' validates') && !line.includes('XML 1.1')).slice(0, 4).join('\n')}`)
    }
    const { root } = documentTypes[kind]
    for (const file of signed) {
      const { status, stderr } = spawnSync('xmlsec1', ['--verify', '--insecure', '--id-attr:id', root, ...ids, file])
      t.same([status, /References \(ok\/all\): 3\/3/.test(stderr.toString())], [0, true], file)
    }
    // One letter of the content changed, and it does not.
    const [file] = signed
    const bad = path.join(dir, 'bad.xml')
    writeFileSync(bad, spawnSync('sed', ['s/<estab>001</<estab>002</', file!]).stdout)
    t.not(spawnSync('xmlsec1', ['--verify', '--insecure', '--id-attr:id', root, ...ids, bad]).status, 0, `${kind} changed`)
  }
})

t.test('a document agrees with itself', async () => {
  fc.assert(fc.property(ecInvoices('invoice'), model => {
    const read = readComprobante(xmlFile(buildComprobante(model)))
    const head = headOf(read)
    const of = (name: string) => new Decimal(textAt(head, name))
    const lines = read.all('detalles', 'detalle')
    const nets = lines.map(line => {
      const net = new Decimal(textAt(line, 'cantidad')).times(textAt(line, 'precioUnitario')).toDecimalPlaces(2).minus(textAt(line, 'descuento'))
      if (!net.equals(textAt(line, 'precioTotalSinImpuesto'))) throw new Error('a line does not multiply')
      return net
    })
    const taxes = allAt(head, 'totalConImpuestos', 'totalImpuesto').map(tax => new Decimal(textAt(tax, 'valor')))
    const perLine = lines.flatMap(line => allAt(line, 'impuestos', 'impuesto')).map(tax => new Decimal(textAt(tax, 'valor')))
    if (!sum(nets).equals(of('totalSinImpuestos'))) throw new Error('totalSinImpuestos')
    if (!sum(taxes).equals(sum(perLine))) throw new Error('taxes of lines and of the whole differ')
    if (!sum([...nets, ...taxes, of('propina')]).equals(of('importeTotal'))) throw new Error('importeTotal')
    if (!sum(allAt(head, 'pagos', 'pago').map(paid => new Decimal(textAt(paid, 'total')))).equals(of('importeTotal'))) throw new Error('pagos')
    if (textAt(read.root, 'infoTributaria', 'claveAcceso').length !== 49) throw new Error('clave')
  }), { numRuns: 200 })
})

t.test('rates are of a day', async t => {
  const on = (day: string, rate: string) => refused(sampleInvoice({ issuedAt: `${day}T17:00:00Z`, lines: [{ ...sampleInvoice().lines[0]!, taxes: [{ type: 'IVA', rate }] }] }))
  t.equal(on('2024-03-31', '0.12'), 'computed')
  t.equal(on('2024-04-01', '0.12'), 'tax_not_supported lines[0].taxes[0].rate')
  t.equal(on('2024-04-01', '0.15'), 'computed')
  t.equal(on('2026-11-21', '0.16'), 'tax_not_supported lines[0].taxes[0].rate')
  t.equal(withEcTotals(sampleInvoice()).totals.total, '115.00')
  const iced = withEcTotals(sampleInvoice({ lines: [{ ...sampleInvoice().lines[0]!, taxes: [{ type: 'ICE', rate: '0.1', code: '3023' }, { type: 'IVA', rate: '0.15' }] }] }))
  t.match(iced.lines[0]!.taxes, [{ amount: '10.00' }, { base: '110.00', amount: '16.50' }], 'IVA is taken of the price with ICE')
})

t.test('the clock is that of Guayaquil', async t => {
  const late = numbered(sampleInvoice({ issuedAt: '2026-11-22T03:30:00Z' }))
  t.match(late.ec!.accessKey, /^21112026/)
  t.equal(textAt(headOf(readComprobante(xmlFile(buildComprobante(late)))), 'fechaEmision'), '21/11/2026')
})

t.test('each rule is told, with its place', async t => {
  const customer = sampleInvoice().customer
  const line = sampleInvoice().lines[0]!
  const cases: [Partial<EcDraft>, string][] = [
    [{ currency: 'EUR' }, 'EC-CURRENCY currency'],
    [{ issuer: { name: 'X', taxId: '1792146739001' } }, 'EC-ISSUER-ADDRESS issuer'],
    [{ issuer: { name: 'X', taxId: '1790011674002', ec: { headOffice: 'Q' } } }, 'EC-ISSUER-RUC issuer'],
    [{ customer: { ...customer, taxId: '9999999999999', name: 'CONSUMIDOR FINAL' } }, 'EC-FINAL-CONSUMER-AMOUNT customer.tax_id'],
    [{ customer: { ...customer, taxIdType: '04', taxId: '1790011674' } }, 'EC-CUSTOMER-RUC customer.tax_id'],
    [{ customer: { ...customer, taxId: '9910034065' } }, 'EC-CUSTOMER-CEDULA customer.tax_id'],
    [{ customer: { ...customer, taxIdType: 'dni' } }, 'EC-CUSTOMER-ID-TYPE customer.tax_id_type'],
    [{ lines: [{ ...line, description: 'x'.repeat(301) }] }, 'EC-LINE-DESCRIPTION lines[0].description'],
    [{ lines: [{ ...line, taxes: [] }] }, 'EC-LINE-IVA lines[0].taxes'],
    [{ payment: { form: '03' } }, 'EC-PAYMENT-FORM payment.form'],
    [{ ec: { environment: '1', payments: [{ form: '20', total: '1.00' }] } }, 'EC-PAYMENT-TOTAL ec.payments'],
    [{ ec: { environment: '1', additionalInfo: [{ name: 'Ruc  Proveedor', value: '1' }] } }, 'EC-RESERVED-FIELD ec.additional_info[0].name'],
    [{ ec: { environment: '1', operatorRuc: '1790011674001', additionalInfo: Array.from({ length: 15 }, (_, n) => ({ name: `n${n}`, value: 'v' })) } }, 'EC-ADDITIONAL-INFO ec.additional_info'],
    [{ issuedAt: '2026-11-22T05:00:01Z' }, 'EC-DATE '],
    [{ issuedAt: '2026-08-01T15:00:00Z' }, 'EC-DATE '],
    [{ kind: 'credit_note', ec: { environment: '1', reason: 'x' } }, 'EC-MODIFIED related'],
    [{ kind: 'credit_note', ec: { environment: '1', modified: { document: '01', number: '001-001-000000001', issuedOn: '2026-11-01' } } }, 'EC-REASON ec.reason'],
    [{ kind: 'delivery_note' }, 'EC-DELIVERY ec.delivery'],
    [{ kind: 'transfer' }, 'EC-KIND kind'],
    [{ lines: Array.from({ length: 900 }, () => ({ ...line, description: 'ñ'.repeat(200) })) }, 'EC-SIZE lines']
  ]
  for (const [changes, expected] of cases) t.same(codes(sampleInvoice(changes)), [expected], expected)
  t.same(codes(sampleInvoice()), [])
  t.same(codes(sampleInvoice({ customer: { ...customer, taxId: '1793189906001' } }), 'warning'), ['EC-CUSTOMER-ID-DIGIT customer.tax_id'], 'an active RUC that fails modulus 11')
  t.same(codes(sampleInvoice({ ec: { environment: '2' } }), 'warning'), ['EC-PROVIDER-RUC '])
  t.equal(refused(sampleInvoice({ lines: [{ ...line, discount: '1000' }] })), 'value_invalid lines[0].discount')
  t.equal(refused(sampleInvoice({ lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0.15', withheld: true }] }] })), 'tax_not_supported lines[0].taxes[0].withheld')
  for (const { message } of ecFindings(withEcTotals(sampleInvoice({ currency: 'EUR', kind: 'credit_note' })), issuedAt)) t.ok(message.es !== '' && message.en !== '' && message.es !== message.en)
})
