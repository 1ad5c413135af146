import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '../../../test/support/folder.ts'
import { attribute, elements, firstElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { writeElement, writeXml } from '../xml/write.ts'
import { buildCfdi } from './build.ts'
import { cadenaOriginal } from './cadena.ts'
import { anyCfdi, comprobantes } from './fixtures/arbitrary.ts'
import { ask, oracle, satXml } from './fixtures/oracle.ts'
import { refusal } from './fixtures/refusal.ts'
import type { Comprobante } from './model.ts'
import { cfdi } from './namespaces.ts'
import { readCfdi } from './read.ts'

const [sample] = fc.sample(comprobantes, { numRuns: 1, seed: 7 }) as [Comprobante]
const bytesOf = (comprobante: Comprobante): Buffer => Buffer.from(writeXml({ root: buildCfdi(comprobante), before: [], after: [] }))

t.test('what is built is read back as the same model, with nothing out of place', async t => {
  await fc.assert(fc.asyncProperty(anyCfdi, async comprobante => {
    const { comprobante: read, misplaced } = readCfdi(bytesOf(comprobante))
    assert.deepEqual(JSON.parse(JSON.stringify(read)), comprobante)
    assert.deepEqual(misplaced, [])
  }), { numRuns: 100 })
  t.pass()
})

t.test('white space in values is collapsed, but between the groups of a pedimento', async t => {
  const { comprobante } = readCfdi(bytesOf({
    ...sample, CondicionesDePago: ' a \t\r\n b\u00a0 ', Conceptos: [{ ...sample.Conceptos[0]!, InformacionAduanera: [{ NumeroPedimento: '10  47  3807  8003832' }] }]
  }))
  t.equal(comprobante.CondicionesDePago, 'a b\u00a0', 'a no-break space is no white space')
  t.equal(comprobante.Conceptos[0]!.InformacionAduanera![0]!.NumeroPedimento, '10  47  3807  8003832')
})

t.test('the cadena of a bank may have bars, and nothing else may', async t => {
  const paid = { FechaPago: '2026-07-01T12:00:00', FormaDePagoP: '03', MonedaP: 'MXN', TipoCambioP: '1', Monto: '1.00', TipoCadPago: '01', CertPago: 'QQ==', CadPago: '||01|260701|40012||', SelloPago: 'QQ==', DoctoRelacionado: [{ IdDocumento: '00000000-0000-4000-8000-000000000000', MonedaDR: 'MXN', EquivalenciaDR: '1', NumParcialidad: '1', ImpSaldoAnt: '1.00', ImpPagado: '1.00', ImpSaldoInsoluto: '0.00', ObjetoImpDR: '01' }] }
  const receipt = (changes: object = {}): Comprobante => ({ ...sample, Complemento: { Pagos: { Version: '2.0', Totales: { MontoTotalPagos: '1.00' }, Pago: [{ ...paid, ...changes }] } } })
  const built = bytesOf(receipt())
  t.match(String(built), /CadPago="\|\|01\|260701\|40012\|\|"/)
  t.match(cadenaOriginal(parseXml(built).root), /QQ==\|\|\|01\|260701\|40012\|\|\|QQ==/, 'as the SAT’s own tables write it')
  t.equal(refusal(() => buildCfdi(receipt({ NumOperacion: 'a|b' }))), 'value_invalid Complemento.Pagos.Pago[0].NumOperacion')
})

t.test('the order of the schema: traslados first in a line, last in the document', async t => {
  const taxes = { Traslados: [{ Base: '1', Impuesto: '002', TipoFactor: 'Tasa', TasaOCuota: '0.160000', Importe: '0.16' }], Retenciones: [{ Base: '1', Impuesto: '001', TipoFactor: 'Tasa', TasaOCuota: '0.100000', Importe: '0.10' }] }
  const root = buildCfdi({ ...sample, Conceptos: [{ ...sample.Conceptos[0]!, Impuestos: taxes }], Impuestos: { Traslados: taxes.Traslados, Retenciones: [{ Impuesto: '001', Importe: '0.10' }] } })
  const names = (of: ReturnType<typeof firstElement>) => elements(of!).map(({ name }) => name)
  const [concepto] = elements(firstElement(root, cfdi, 'Conceptos')!)
  t.same(names(firstElement(concepto!, cfdi, 'Impuestos')), ['Traslados', 'Retenciones'])
  t.same(names(firstElement(root, cfdi, 'Impuestos')), ['Retenciones', 'Traslados'])
})

t.test('every namespace is declared on the root, with its schema', async t => {
  const root = buildCfdi({ ...sample, Complemento: { Donatarias: { version: '1.1', noAutorizacion: '1', fechaAutorizacion: '2020-01-01', leyenda: 'x' } } })
  t.same(root.namespaces.map(([prefix]) => prefix).filter(prefix => prefix !== 'iedu'), ['cfdi', 'donat', 'xsi'])
  t.match(writeElement(root), /^<cfdi:Comprobante xmlns:cfdi="http:\/\/www.sat.gob.mx\/cfd\/4" .*xsi:schemaLocation="http:\/\/www.sat.gob.mx\/cfd\/4 http:\/\/www.sat.gob.mx\/sitio_internet\/cfd\/4\/cfdv40.xsd /)
  t.equal(writeElement(root).match(/xmlns:/g)?.length, root.namespaces.length, 'and nowhere else')
})

t.test('a complement that comes as XML goes through: prefixes of the SAT on the root, others where they are', async t => {
  const { root: foreign } = parseXml(Buffer.from('<r xmlns:cce20="http://www.sat.gob.mx/ComercioExterior20" xmlns:q="urn:q"><cce20:ComercioExterior Version="2.0" ClaveDePedimento="A1" CertificadoOrigen="0" TipoCambioUSD="17" TotalUSD="1" q:note="&lt;"/></r>'))
  const built = buildCfdi({ ...sample, Complemento: { Otros: elements(foreign) }, Addenda: elements(parseXml(Buffer.from('<a xmlns:x="urn:x" xmlns="urn:d"><x:b><c/></x:b></a>')).root) })
  t.ok(built.namespaces.some(([prefix]) => prefix === 'cce20'))
  const again = readCfdi(Buffer.from(writeElement(built)))
  t.same(again.misplaced, [])
  t.equal(attribute(again.comprobante.Complemento!.Otros![0]!, 'TotalUSD'), '1')
  t.equal(again.comprobante.Addenda![0]!.children.length, 1)
  t.match(cadenaOriginal(again.root), /\|2\.0\|A1\|0\|17\|1\|\|$/, 'its cadena is known')
  t.match(again.comprobante.Addenda![0]!.children[0], { namespace: 'urn:d' })
})

t.test('what cannot be built says why and where', async t => {
  t.equal(refusal(() => buildCfdi({ ...sample, TipoDeComprobante: 'N' })), 'kind_not_built TipoDeComprobante')
  t.equal(refusal(() => buildCfdi({ ...sample, Emisor: { ...sample.Emisor, RegimenFiscal: '' } })), 'structure Emisor.RegimenFiscal')
  t.equal(refusal(() => buildCfdi({ ...sample, Conceptos: [] })), 'structure Conceptos')
  t.equal(refusal(() => buildCfdi({ ...sample, Receptor: undefined as never })), 'structure Receptor')
  t.equal(refusal(() => buildCfdi({ ...sample, CondicionesDePago: 'a|b' })), 'value_invalid CondicionesDePago', 'a bar divides the cadena')
  for (const odd of ['\u0000', '\u0008', '\ufffe', '\ud800']) t.equal(refusal(() => buildCfdi({ ...sample, CondicionesDePago: odd })), 'value_invalid CondicionesDePago')
  t.equal(refusal(() => buildCfdi({ ...sample, Conceptos: [sample.Conceptos[0]!, { ...sample.Conceptos[0]!, Importe: 5 as never }] })), 'value_invalid Conceptos[1].Importe')
})

t.test('what has no place in a CFDI is found when it is read', async t => {
  const xml = bytesOf(sample).toString()
  const kindsOf = (text: string) => readCfdi(Buffer.from(text)).misplaced.map(({ kind, path }) => `${kind} ${path}`)
  t.same(kindsOf(xml.replace('<cfdi:Emisor ', '<cfdi:Emisor Otro="1" ')), ['unexpected_attribute /Comprobante/Emisor/@Otro'])
  t.same(kindsOf(xml.replace(/ RegimenFiscal="\d+"/, '')), ['missing_attribute /Comprobante/Emisor/@RegimenFiscal'])
  t.same(kindsOf(xml.replace(/(<cfdi:Emisor [^>]*>)(<cfdi:Receptor [^>]*>)/, '$2$1')), ['unexpected_element /Comprobante/Emisor'])
  t.same(kindsOf(xml.replace(/(<cfdi:Emisor [^>]*>)/, '$1$1')), ['repeated_element /Comprobante/Emisor'])
  t.same(kindsOf(xml.replace(/(<cfdi:Emisor [^>]*>)/, '')), ['missing_element /Comprobante/Emisor'])
  t.same(kindsOf(xml.replace('<cfdi:Conceptos>', '<cfdi:Conceptos>x')), ['unexpected_text /Comprobante/Conceptos'])
  t.same(kindsOf(xml.replace('<cfdi:Conceptos>', '<cfdi:Conceptos><cfdi:Otro/>')), ['unexpected_element /Comprobante/Conceptos/Otro'])
  t.same(kindsOf(xml.replace('</cfdi:Conceptos>', '</cfdi:Conceptos><x xmlns="urn:x"/>')), ['unexpected_element /Comprobante/x'])
  t.equal(refusal(() => readCfdi(Buffer.from('<a/>'))), 'not_a_cfdi')
  t.equal(refusal(() => readCfdi(Buffer.from('<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/3" Version="3.3"/>'))), 'version_not_supported')
})

t.test('xmllint: what is built is valid by the SAT’s schemas', oracle('xmllint'), async t => {
  const folder = temporaryFolder(t)
  const schema = path.join(folder, 'all.xsd')
  const imports = [['cfd/4', '4/cfdv40.xsd'], ['Pagos20', 'Pagos/Pagos20.xsd'], ['implocal', 'implocal/implocal.xsd'], ['donat', 'donat/donat11.xsd'], ['leyendasFiscales', 'leyendasFiscales/leyendasFisc.xsd'], ['iedu', 'iedu/iedu.xsd']]
  writeFileSync(schema, `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${imports.map(([name, file]) => `<xs:import namespace="http://www.sat.gob.mx/${name}" schemaLocation="${satXml(file!)}"/>`).join('')}</xs:schema>`)
  const seal = { Sello: 'AAAA', NoCertificado: '30001000000500003416', Certificado: 'AAAA' }
  const files = fc.sample(anyCfdi, 60).map((comprobante, index) => {
    const file = path.join(folder, `${index}.xml`)
    writeFileSync(file, bytesOf({ ...comprobante, ...seal }))
    return file
  })
  ask('xmllint', ['--noout', '--nonet', '--schema', schema, ...files])
  t.pass(`${files.length} documents`)
})
