import fc from 'fast-check'
import t from 'tap'
import { parseAmount } from './amounts.ts'
import { CsvError, decodeText, type Delimiter, delimiters, readCsv } from './csv.ts'
import { parseClock, parseMoment } from './dates.ts'
import { hintsIn, normalReference, normalTrackingKey } from './entry.ts'

const point = { decimal: '.', exponent: 2 } as const
const comma = { decimal: ',', exponent: 2 } as const

t.test('amounts as banks write them', async t => {
  const cases: [string, number | undefined, 'point' | 'comma'][] = [
    ['1234.56', 123456, 'point'], ['1,234.56', 123456, 'point'], ['$1,234.56', 123456, 'point'], ['$ 1,234,567.8', 123456780, 'point'], ['1234', 123400, 'point'], ['.50', 50, 'point'], ['0.00', 0, 'point'],
    ['(1,234.56)', -123456, 'point'], ['($1,234.56)', -123456, 'point'], ['$(5.00)', -500, 'point'], ['-1,234.56', -123456, 'point'], ['1,234.56-', -123456, 'point'], ['-$12.00', -1200, 'point'], ['$-12.00', -1200, 'point'], ['+12.00', 1200, 'point'], ['−3.00', -300, 'point'],
    ['MXN 1,000.00', 100000, 'point'], ['1,000.00 MXN', 100000, 'point'], ["'1,000.00", 100000, 'point'], ["1'000.00", 100000, 'point'], ['12.500', 1250, 'point'], ['-0.00', 0, 'point'],
    ['1.234,56', 123456, 'comma'], ['1 234,56', 123456, 'comma'], ['1 234,56 €', 123456, 'comma'], ['-1.234.567,89', -123456789, 'comma'],
    ['', undefined, 'point'], ['-', undefined, 'point'], ['  ', undefined, 'comma']
  ]
  for (const [text, minor, how] of cases) t.equal(parseAmount(text, how === 'point' ? point : comma), minor, JSON.stringify(text))
  for (const bad of ['12,34.56', '1,2345.00', '1.234,56', '1.2.3', 'abc', '1,234,56', '12.345', '(-5.00)', '--5', '5..0', '1e5', '٣', '()', '$', '99999999999999999.00', '1,234 567.00', '0x10', 'NaN', 'Infinity']) {
    t.throws(() => parseAmount(bad, point), RangeError, JSON.stringify(bad))
  }
  t.throws(() => parseAmount('1,234.56', comma), RangeError, 'with a comma for decimals')
  t.equal(parseAmount('1500', { decimal: '.', exponent: 0 }), 1500)
  t.throws(() => parseAmount('1500.5', { decimal: '.', exponent: 0 }), RangeError)
  t.equal(parseAmount('1.234', { decimal: '.', exponent: 3 }), 1234)
})

t.test('whatever the marks, the amount is the same', async t => {
  const minor = fc.integer({ min: 0, max: 999_999_999_999 })
  const grouped = (whole: string, mark: string) => whole.replace(/\B(?=(\d{3})+$)/g, mark)
  fc.assert(fc.property(minor, fc.constantFrom('.', ','), fc.constantFrom('', 'group', ' ', '\u00a0', "'"), fc.constantFrom('', '-', '()', 'end'), fc.constantFrom('', '$', 'MXN '), (amount, decimal, group, sign, symbol) => {
    const [whole, cents] = [String(Math.floor(amount / 100)), String(amount % 100).padStart(2, '0')]
    const body = `${grouped(whole, group === 'group' ? (decimal === '.' ? ',' : '.') : group)}${decimal}${cents}`
    const text = sign === '()' ? `(${symbol}${body})` : sign === 'end' ? `${symbol}${body}-` : `${sign}${symbol}${body}`
    const expected = sign === '' || amount === 0 ? amount : -amount
    return parseAmount(text, { decimal: decimal as '.', exponent: 2 }) === expected
  }), { numRuns: 500 })
  // Nothing else is ever an amount: it is read, or refused, and never something that is not a number.
  fc.assert(fc.property(fc.string({ maxLength: 30, unit: fc.constantFrom(...'0123456789.,-+()$ \'€MXN') }), text => {
    try {
      const read = parseAmount(text, point)
      return read === undefined || Number.isSafeInteger(read)
    } catch (error) {
      return error instanceof RangeError
    }
  }), { numRuns: 1000 })
  t.pass('properties hold')
})

t.test('days and clocks', async t => {
  for (const text of ['21/11/2026', '21-11-2026', '21.11.2026', '21/11/26', "'21112026'", '21112026', '21/nov/2026', '21/nov./2026', '21-NOV-26', '2026-11-21', '2026/11/21']) t.same(parseMoment(text, 'dmy'), { day: '2026-11-21' }, text)
  t.same(parseMoment('11/21/2026', 'mdy'), { day: '2026-11-21' })
  t.same(parseMoment('20261121', 'ymd'), { day: '2026-11-21' })
  t.same(parseMoment('21/11/2026 13:45', 'dmy'), { day: '2026-11-21', time: '13:45:00' })
  t.same(parseMoment('2026-11-21T13:45:10', 'ymd'), { day: '2026-11-21', time: '13:45:10' })
  for (const bad of ['31/02/2026', '11/21/2026', '00/01/2026', 'hoy', '', '21/11', '21/11/202', '32/01/2026', '1/1/1/2026', '21/xyz/2026', '29/02/2025', '99999999']) t.equal(parseMoment(bad, 'dmy'), undefined, bad)
  t.same(['13:45', '1:05:09 pm', '12:00 a.m.', '24:00', '7:61', 'x'].map(parseClock), ['13:45:00', '13:05:09', '00:00:00', undefined, undefined, undefined])
  fc.assert(fc.property(fc.date({ min: new Date('1990-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }), fc.constantFrom('/', '-', '.'), (at, mark) => {
    const day = at.toISOString().slice(0, 10)
    const [y, m, d] = day.split('-') as [string, string, string]
    return parseMoment([d, m, y].join(mark), 'dmy')?.day === day && parseMoment([m, d, y].join(mark), 'mdy')?.day === day && parseMoment([y, m, d].join(mark), 'ymd')?.day === day && parseMoment(d + m + y, 'dmy')?.day === day
  }), { numRuns: 200 })
})

t.test('tables', async t => {
  t.same(readCsv('a,b\r\n"x, ""y""\nz",2\n\n,\nc', ',').map(({ line, cells }) => [line, ...cells]), [[1, 'a', 'b'], [2, 'x, "y"\nz', '2'], [6, 'c']])
  t.throws(() => readCsv('a,"b', ','), CsvError)
  t.same(readCsv('a\tb"c"\td', '\t')[0]?.cells, ['a', 'b"c"', 'd'], 'a quote within a cell is a quote')
  const cell = fc.string({ maxLength: 12, unit: fc.constantFrom(...'ab "\n,;|\tñ$1') })
  fc.assert(fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 }), fc.constantFrom(...delimiters), (rows, delimiter: Delimiter) => {
    const written = rows.map(cells => cells.map(text => /["\n\r]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text).join(delimiter)).join('\r\n')
    const expected = rows.filter(cells => cells.some(text => text.trim() !== ''))
    return JSON.stringify(readCsv(written, delimiter).map(({ cells }) => cells)) === JSON.stringify(expected)
  }), { numRuns: 300 })
  t.equal(decodeText(Buffer.from('Depósitos')), 'Depósitos')
  t.equal(decodeText(Buffer.from('Depósitos', 'latin1')), 'Depósitos')
  t.equal(decodeText(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Día', 'utf16le')])), 'Día')
})

t.test('references and tracking keys', async t => {
  t.same(['1234567', '0001234567', "'0000012", '12345678', '12A', '', '0000000', undefined].map(normalReference), ['1234567', '1234567', '12', undefined, undefined, undefined, undefined, undefined])
  t.same(hintsIn(['SPEI 137 9990008Yaris', 'folio 0001234567 y 12345678', undefined, '9990008']), ['9990008', '1234567'])
  t.same(['mban 01002511', 'NOTPROVIDED', '0000000', '123', '2026112140014BMOV0000000001', 'a b', 'x'.repeat(40)].map(normalTrackingKey), ['MBAN01002511', undefined, undefined, undefined, '2026112140014BMOV0000000001', undefined, undefined])
})
