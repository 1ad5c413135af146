import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { oracle, oracleData } from '../mx/fixtures/oracle.ts'
import { accessKey, checkDigit, citedBy, codeOf, readAccessKey } from './access-key.ts'
import { inspectRuc } from './ruc.ts'

t.test('the Ficha’s own examples', async t => {
  t.match(readAccessKey('0211202401050306179800120010020000000677300995216'), {
    date: '02112024', document: '01', ruc: '0503061798001', environment: '2', establishment: '001', point: '002', sequential: '000000067', code: '73009952', emission: '1'
  })
  t.ok(readAccessKey('0403201301179226110400110015010000000081234567816'))
  t.equal(readAccessKey('0403201301176815353000110015010000000081234567816'), undefined, 'a misprint of the manual')
  t.equal(checkDigit('201120260117900116740011001001000050632097222331'), '1', '10 becomes 1')
  t.match(citedBy(readAccessKey('0211202401050306179800120010020000000677300995216')!), { document: '01', number: '001-002-000000067', issuedOn: '2024-11-02' })
})

t.test('every vector', oracle(), async t => {
  const file = oracleData('vectors/sri-clave-acceso.tsv')
  if (!existsSync(file)) return t.comment('no vectors')
  for (const [clave = '', expected, source = ''] of readFileSync(file, 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split('\t'))) {
    if (expected === 'DVCASE') t.equal(checkDigit(clave.slice(0, 48)), clave.split('->')[1], source)
    else t.equal(readAccessKey(clave) !== undefined, expected === 'OK', `${clave} (${source})`)
  }
  for (const [value = '', , expected, note] of readFileSync(oracleData('vectors/sri-cedula-ruc.tsv'), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split('\t'))) {
    const { shape, digit } = inspectRuc(value)
    t.same([shape, digit], [true, expected === 'OK'], `${value} ${note}`)
  }
})

t.test('what is written is read', async () => {
  const digits = (length: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map(all => all.join(''))
  fc.assert(fc.property(fc.record({
    date: digits(8), document: digits(2), ruc: digits(13), environment: digits(1), establishment: digits(3), point: digits(3), sequential: digits(9), code: fc.uuid().map(codeOf), emission: fc.constant('1')
  }), fc.integer({ min: 0, max: 48 }), (parts, at) => {
    const key = accessKey(parts)
    if (JSON.stringify(readAccessKey(key)) !== JSON.stringify(parts)) throw new Error(key)
    const other = key.slice(0, at) + String((Number(key[at]) + 1) % 10) + key.slice(at + 1)
    // 10 and 1 share a digit, so a change of one place can go unseen where the remainder is 10 or 1.
    if (readAccessKey(other) !== undefined && checkDigit(key.slice(0, 48)) !== '1') throw new Error(`${other} passes too`)
  }), { numRuns: 500 })
})

t.test('a clave cannot be made of parts that are none', async t => {
  t.throws(() => accessKey({ ...readAccessKey('0211202401050306179800120010020000000677300995216')!, ruc: '1' }), RangeError)
  t.not(codeOf('inv_1'), codeOf('inv_2'))
  t.equal(codeOf('inv_1'), codeOf('inv_1'))
})
