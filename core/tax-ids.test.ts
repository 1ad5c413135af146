import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { isCedula } from './fiscal/ec/ruc.ts'
import { inspectTaxId, normalTaxId, type TaxCountry } from './tax-ids.ts'

const data = path.resolve(process.env.PASARELA_ORACLE_DATA ?? '../shared/data', 'vectors')

t.test('RFC: shape, person and digit', async t => {
  const good: [string, string][] = [
    ['CAMA911215CJ0', 'natural'], ['COSC8001137NA', 'natural'], ['SORC591116FJ6', 'natural'], ['AÑÑ801231JK0', 'natural'],
    ['DIM8701081LA', 'legal'], ['A&A050908GT0', 'legal'], ['SAT970701NN3', 'legal'], ['EKU9003173C9', 'legal'], ['LAN7008173R5', 'legal'], ['JES900109Q90', 'legal']
  ]
  for (const [rfc, person] of good) t.same(inspectTaxId('MX', rfc), { shape: true, digit: true, person: rfc.length === 12 ? 'legal' : person }, rfc)
  t.same(inspectTaxId('MX', 'AAA010101AAA'), { shape: true, digit: false, person: 'legal' }, 'is doubted')
  t.same(inspectTaxId('MX', 'XAXX010101000'), { shape: true, digit: false, person: 'generic' })
  t.same(inspectTaxId('MX', 'XEXX010101000').person, 'generic')
  for (const rfc of ['', 'EKU900317', 'EKU9013173C9', 'EKU9002303C9', 'EKU900230C9', 'eku9003173c9', 'EKU9003173C9X', '1KU9003173C9', 'EKU9003173CB']) {
    t.same(inspectTaxId('MX', rfc), { shape: false, digit: false, person: null }, rfc)
  }
})

t.test('an RFC with another last digit is of the right shape and doubted', async t => {
  for (const digit of '0123456789A') t.same(inspectTaxId('MX', `EKU9003173C${digit}`), { shape: true, digit: digit === '9', person: 'legal' }, digit)
})

t.test('as people write it', async t => {
  const cases: [TaxCountry, string, string][] = [
    ['MX', ' eku-900317-3c9 ', 'EKU9003173C9'], ['MX', 'a&a 050908 gt0', 'A&A050908GT0'], ['MX', 'n\u0303ab010101aa1', 'ÑAB010101AA1'],
    ['ES', 'ES-B65.410.011', 'B65410011'], ['ES', '00000000-t', '00000000T'], ['EC', '1790011674-001', '1790011674001']
  ]
  for (const [country, text, normal] of cases) t.equal(normalTaxId(country, text), normal, text)
})

t.test('RUC, cédula and NIF against the published vectors', { skip: existsSync(data) ? false : `no reference data in ${data}` }, async t => {
  for (const [value, kind, expected] of rows('sri-cedula-ruc.tsv')) {
    const found = inspectTaxId('EC', value!)
    if (kind === 'cedula') t.equal(isCedula(value!), expected === 'OK', value!)
    else t.match(found, expected === 'OK' ? { shape: true, digit: true } : expected === 'OK-FAILS-MOD11' ? { shape: true, digit: false } : { digit: false }, `${value} ${expected}`)
  }
  for (const [value, expected] of rows('es-nif.tsv')) {
    const { shape, digit } = inspectTaxId('ES', normalTaxId('ES', value!))
    t.equal(shape && digit, expected === 'OK', value!)
  }
})

t.test('Ecuador and Spain without the vectors', async t => {
  for (const id of ['1710034065', '0962467429', '1710034065001', '1790011674001', '1760013210001', '9999999999999']) t.match(inspectTaxId('EC', id), { shape: true, digit: true }, id)
  t.match(inspectTaxId('EC', '1793189906001'), { shape: true, digit: false, person: 'legal' }, 'an active RUC that fails the modulus')
  for (const id of ['9910034065', '171003406', '17100340650011', '1710034065002', 'A710034065']) t.match(inspectTaxId('EC', id), { shape: false }, id)
  for (const id of ['00000000T', 'X5102754C', 'Y4174455S', 'B65410011', 'K9514336H', 'Q2826004J']) t.match(inspectTaxId('ES', id), { shape: true, digit: true }, id)
  for (const id of ['00000000A', 'X5102755C', 'B65410012', 'Q28260044']) t.match(inspectTaxId('ES', id), { shape: true, digit: false }, id)
  for (const id of ['', '0000000T', 'I12345678', 'B6541001']) t.match(inspectTaxId('ES', id), { shape: false }, id)
})

function rows (file: string): string[][] {
  return readFileSync(path.join(data, file), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split('\t'))
}
