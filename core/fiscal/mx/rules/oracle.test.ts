import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { writeXml } from '../../xml/write.ts'
import { buildCfdi } from '../build.ts'
import { ask, oracle, oracleData, satXml } from '../fixtures/oracle.ts'
import { readCfdi } from '../read.ts'
import { unprovoked } from './describe.ts'
import { abroad, creditNote, income, receipt, toEverybody, transfer } from './fixtures/valid.ts'
import { validateCfdi } from './validate.ts'

const errors = (given: unknown, options: Parameters<typeof validateCfdi>[1]) => validateCfdi(given, options).filter(({ level }) => level === 'error')

t.test('what was sealed and stamped breaks no rule, with its own Fecha as now', oracle(), async t => {
  const folders = [oracleData('cfdi/sealed'), oracleData('cfdi/pac-fixtures/satcfdi-finkok')]
  const files = folders.flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.xml')).map(name => path.join(folder, name))).filter(file => readFileSync(file, 'utf8').includes('<cfdi:Comprobante'))
  t.ok(files.length >= 5, `${files.length} files`)
  for (const file of files) {
    const bytes = readFileSync(file)
    const { Fecha } = readCfdi(bytes).comprobante
    t.same(errors(bytes, { now: new Date(`${Fecha}Z`), zone: 'UTC' }), [], path.basename(file))
  }
})

t.test('documents named by the code that they were made to provoke give that code', oracle(), async t => {
  const folder = oracleData('cfdi/negative/cfdi-error')
  // They were made when CFDI 4.0 began; the one about Año names a year that was the future then.
  const now = new Date('2022-03-01T18:00:00Z')
  for (const file of readdirSync(folder).filter(name => name.endsWith('.xml')).sort()) {
    const code = path.basename(file, '.xml')
    await t.test(code, { skip: unprovoked[code] ?? false }, async t => {
      const text = readFileSync(path.join(folder, file), 'utf8').replaceAll('%fecha-timbrado%', '2022-03-01T11:30:00')
      const found = errors(text, { now, zone: 'America/Mexico_City', rate: currency => currency === 'USD' ? '20.50' : undefined })
      t.ok(found.some(finding => finding.code === code), `${code}: ${found.map(({ code }) => code).join(' ')}`)
    })
  }
})

t.test('what the SAT’s schema refuses, we refuse', oracle('xmllint'), async t => {
  const schema = satXml('4/cfdv40.xsd')
  const pagos = satXml('Pagos/Pagos20.xsd')
  const folder = t.testdir({ 'all.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="http://www.sat.gob.mx/cfd/4" schemaLocation="${schema}"/><xs:import namespace="http://www.sat.gob.mx/Pagos20" schemaLocation="${pagos}"/></xs:schema>` })
  // Before the seal its three attributes are missing, which the schema does not forgive.
  const texts = [income, creditNote, transfer, toEverybody, abroad, receipt].map(make => writeXml({ root: buildCfdi(make()), before: [], after: [] }).replace(' Version="4.0"', ' Version="4.0" NoCertificado="30001000000500003416" Certificado="QQ==" Sello="QQ=="'))
  const refused = (text: string): boolean => {
    try {
      ask('xmllint', ['--noout', '--nonet', '--schema', path.join(folder, 'all.xsd'), '-'], Buffer.from(text))
      return false
    } catch {
      return true
    }
  }
  const now = new Date('2026-11-20T18:00:00Z')
  const structural = (text: string) => errors(text.replace(/ (Sello|Certificado)="QQ=="/g, ''), { now })
  for (const text of texts) t.same([refused(text), structural(text)], [false, []])

  const attribute = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.constantFrom('', ' ', 'x', '0', '-1', '1.1234567', '99', '001', '1e3', '+5', '.5', '2026-02-30T10:00:00', '2026-11-20T11:30:00Z', 'x'.repeat(400), 'a|b', 'MXN', 'Tasa', '12345', 'x y', ' 5 ')).map(([text, which, value]) => {
    const found = [...text.matchAll(/ (\w+)="([^"]*)"/gu)].filter(([, name]) => !['Sello', 'Certificado', 'NoCertificado'].includes(name!))
    const chosen = found[which % found.length]!
    return `${text.slice(0, chosen.index)} ${chosen[1]}="${value}"${text.slice(chosen.index + chosen[0].length)}`
  })
  const removal = fc.tuple(fc.constantFrom(...texts), fc.nat()).map(([text, which]) => {
    const found = [...text.matchAll(/ (?!xmlns|xsi)(\w+)="([^"]*)"/gu)].filter(([, name]) => !['Sello', 'Certificado', 'NoCertificado'].includes(name!))
    const chosen = found[which % found.length]!
    return text.slice(0, chosen.index) + text.slice(chosen.index + chosen[0].length)
  })
  let refusals = 0
  fc.assert(fc.property(fc.oneof(attribute, removal), text => {
    const bad = refused(text)
    if (bad) refusals++
    return !bad || structural(text).length > 0
  }), { numRuns: 250, seed: 20261120 })
  t.ok(refusals > 60, `${refusals} were refused by the schema`)
})
