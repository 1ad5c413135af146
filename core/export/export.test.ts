import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import Fastify from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { eventually } from '../../test/support/eventually.ts'
import { readCsv } from '../../test/support/csv.ts'
import { readXlsx, unzip } from '../../test/support/xlsx.ts'
import { errorOptions, errors } from '../../plugins/errors.ts'
import { requestIdOptions, requestIds } from '../../plugins/request-ids.ts'
import { withoutFormula } from './csv.ts'
import type { After } from '../jobs/timers.ts'
import { keysetPages } from './pages.ts'
import { exportQuery, type Format, sendExport, streamOf } from './send.ts'
import { type Column, decimalOf, type Table } from './table.ts'
import { xlsxOf } from './xlsx.ts'

const now = new Date('2026-11-21T19:00:00.000Z')
interface Row { id: string, note: string | null, amount: number, currency: string, total: string, at: string, day: string, good: boolean }
const columns: readonly Column<Row>[] = [
  { name: 'id', kind: 'text', of: row => row.id },
  { name: 'note', kind: 'text', of: row => row.note, title: { es: 'Nota', en: 'Note' } },
  { name: 'amount', kind: 'money', of: row => row.amount, currency: row => row.currency },
  { name: 'total', kind: 'decimal', of: row => row.total },
  { name: 'at', kind: 'instant', of: row => row.at },
  { name: 'day', kind: 'day', of: row => row.day },
  { name: 'good', kind: 'boolean', of: row => row.good }
]

async function * inPages (rows: readonly Row[], size = 3): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size)
}

const tableOf = (rows: readonly Row[]): Table<Row> => {
  let sum = 0
  return {
    name: 'rows', title: { es: 'Filas', en: 'Rows' }, columns, pages: inPages(rows),
    totals: { columns: [{ name: 'sum', kind: 'integer', of: (line: { sum: number }) => line.sum }], add: row => { sum += row.amount }, lines: () => [{ sum }] }
  }
}
const streamed = (format: Format, table: Table<Row>, after?: After): Readable => streamOf(format, table, { language: 'en', now, stalledMs: 60_000, ...(after !== undefined && { after }) })

const arbitraryRow: fc.Arbitrary<Row> = fc.record({
  id: fc.uuid(),
  note: fc.option(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom('=1+1', '-2', '\t=x', 'a,"b"\r\nc', '_x0041_', '<b>&amp;</b>', 'año 🛍️', ' spaced '))),
  amount: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
  currency: fc.constantFrom('MXN', 'CLP', 'KWD'),
  total: fc.integer({ min: 0, max: 1e9 }).map(cents => decimalOf(cents, 'MXN')),
  at: fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }).map(date => new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()),
  day: fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }).map(date => date.toISOString().slice(0, 10)),
  good: fc.boolean()
})

t.test('every format says every row, whatever is in it, and the totals of exactly those rows', async t => {
  await fc.assert(fc.asyncProperty(fc.array(arbitraryRow, { maxLength: 10 }), async rows => {
    const sum = rows.reduce((all, row) => all + row.amount, 0)
    t.same(JSON.parse(await text(streamed('json', tableOf(rows)))), { data: rows, totals: [{ sum }] })

    const [names, ...records] = readCsv(await text(streamed('csv', tableOf(rows))))
    t.same(names, ['id', 'note', 'amount', 'amount_decimal', 'total', 'at', 'day', 'good'])
    t.same(records, rows.map(row => [row.id, withoutFormula(row.note ?? ''), String(row.amount), decimalOf(row.amount, row.currency), row.total, row.at, row.day, String(row.good)]))

    const [sheet, totals] = await readXlsx(await buffer(streamed('xlsx', tableOf(rows))))
    t.equal(sheet!.name, 'Rows')
    t.same(sheet!.rows[0], ['Id', 'Note', 'Amount (minor units)', 'Amount', 'Total', 'At', 'Day', 'Good'])
    t.same(sheet!.rows.slice(1), rows.map(row => [row.id, row.note === '' ? null : row.note && inXml(row.note), row.amount, Number(decimalOf(row.amount, row.currency)), Number(row.total), row.at, `${row.day}T00:00:00.000Z`, row.good]))
    t.same(totals, { name: 'Totals', rows: [['Sum'], [sum]] })
  }), { numRuns: 60 })
})

/** XML has no way to say these. */
const inXml = (given: string): string => given.toWellFormed().replace(/[^\t\n\r -\uFFFD]/g, '')

t.test('what somebody wrote is never computed by the spreadsheet that opens it', async t => {
  for (const evil of ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(1)', '\t=1', '\r=1', '\n=1', ' =1', '＝1', '＋1', '－1', '＠1', '\u200b=1']) t.equal(withoutFormula(evil), `'${evil}`, JSON.stringify(evil))
  for (const good of ['1-2', 'a=b', 'tel. +52', '', '199.00']) t.equal(withoutFormula(good), good)
  const row: Row = { id: '=1', note: '=cmd()', amount: -5, currency: 'MXN', total: '-1.00', at: now.toISOString(), day: '2026-11-21', good: true }
  const [, record] = readCsv(await text(streamed('csv', tableOf([row]))))
  t.same(record?.slice(0, 5), ["'=1", "'=cmd()", '-5', '-0.05', '-1.00'], 'a number of ours keeps its sign')
  const sheet = (await unzip(await buffer(streamed('xlsx', tableOf([row]))))).get('xl/worksheets/sheet1.xml')!
  t.notMatch(sheet, /<f[> ]/, 'there is no formula in it')
})

t.test('money gets its point by its currency, in whole numbers', async t => {
  for (const [amount, currency, said] of [[199900, 'MXN', '1999.00'], [-5, 'MXN', '-0.05'], [0, 'EUR', '0.00'], [5000, 'CLP', '5000'], [1, 'KWD', '0.001'], [9_007_199_254_740_991, 'USD', '90071992547409.91']] as const) t.equal(decimalOf(amount, currency), said)
})

t.test('a sheet that is full is followed by another, and a number with more digits than Excel keeps stays whole', async t => {
  const rows = Array.from({ length: 7 }, (_none, index): Row => ({ id: String(index), note: null, amount: 9_007_199_254_740_991, currency: 'MXN', total: '1.00', at: now.toISOString(), day: '2026-11-21', good: true }))
  const sheets = await readXlsx(await buffer(xlsxOf(tableOf(rows), { language: 'es', now, sheetRows: 3 })))
  t.same(sheets.map(({ name, rows }) => [name, rows.length]), [['Filas', 4], ['Filas 2', 4], ['Filas 3', 2], ['Totales', 2]])
  t.same(sheets.slice(0, 3).flatMap(({ rows }) => rows.slice(1)).map(([id]) => id), rows.map(({ id }) => id))
  t.equal(sheets[0]!.rows[1]![2], '9007199254740991')
  t.equal((await readXlsx(await buffer(xlsxOf(tableOf(rows.slice(0, 3)), { language: 'es', now, sheetRows: 3 })))).length, 2, 'just full, nothing follows')
})

t.test('pages go on by the key of the last row, until one is not full', async t => {
  const all = ['e', 'd', 'c', 'b', 'a']
  for (const [size, asked] of [[2, [undefined, 'd', 'b']], [5, [undefined, 'a']], [9, [undefined]]] as const) {
    const from: (string | undefined)[] = []
    const seen: string[] = []
    for await (const page of keysetPages(async (before, limit) => {
      from.push(before)
      return all.filter(id => before === undefined || id < before).slice(0, limit)
    }, id => id, size)) seen.push(...page)
    t.same(seen, all)
    t.same(from, asked)
  }
})

const aRow = (index: number): Row => ({ id: String(index), note: 'x'.repeat(2000), amount: 1, currency: 'MXN', total: '1.00', at: now.toISOString(), day: '2026-11-21', good: true })

/** Rows without end, and whether somebody ended them. */
function endless (): { table: Table<Row>, ended: Promise<void>, given: () => number } {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let given = 0
  async function * pages (): AsyncGenerator<readonly Row[]> {
    try {
      while (true) {
        given += 100
        // Random, so that what is packed is not small.
        yield Array.from({ length: 100 }, (_none, index) => ({ ...aRow(index), note: Buffer.from(crypto.getRandomValues(new Uint8Array(1000))).toString('hex') }))
        await new Promise(setImmediate)
      }
    } finally {
      resolve()
    }
  }
  return { table: { ...tableOf([]), pages: pages() }, ended, given: () => given }
}

/** Reads until the first rows were asked for. */
async function begin (stream: Readable, rows: ReturnType<typeof endless>): Promise<void> {
  while (rows.given() === 0) {
    stream.read()
    await new Promise(setImmediate)
  }
}

for (const format of ['json', 'csv', 'xlsx'] as const) {
  t.test(`${format}: a reader that goes ends the reading of rows, one that stops is cut, and a failure is no end of a file`, async t => {
    const left = endless()
    const stream = streamed(format, left.table)
    await begin(stream, left)
    stream.destroy()
    await left.ended

    const stalled = endless()
    let late = (): void => {}
    const cut = streamed(format, stalled.table, (_ms, run) => {
      late = run
      return () => { late = () => {} }
    })
    const error = once(cut, 'error')
    await begin(cut, stalled)
    // The pages that fit on the way are taken; then nobody wants the next.
    for (let turns = 0; turns < 1000; turns++) await new Promise(setImmediate)
    while (!cut.destroyed) {
      late()
      await new Promise(setImmediate)
    }
    t.match(await error, [{ message: /took nothing for too long/ }])
    await stalled.ended
    t.ok(stalled.given() <= 1000, `no more was read than the buffers on the way take: ${stalled.given()} rows`)

    async function * failing (): AsyncGenerator<readonly Row[]> {
      yield [aRow(1)]
      throw new Error('the database went away')
    }
    await t.rejects(buffer(streamed(format, { ...tableOf([]), pages: failing() })), /went away/)
  })
}

t.test('over HTTP: name, type, nothing read for HEAD, and so many at once per tenant', async t => {
  const app = Fastify({ ...errorOptions, ...requestIdOptions(() => now) })
  for (const plugin of [requestIds, errors]) await app.register(plugin)
  const made: ReturnType<typeof endless>[] = []
  app.get<{ Querystring: { format?: Format, tenant?: string, short?: string } }>('/rows', { schema: { querystring: { type: 'object', properties: { ...exportQuery, tenant: { type: 'string' }, short: { type: 'string' } } } } }, async (request, reply) => {
    const { format = 'json', tenant = 'a', short } = request.query
    const rows = endless()
    if (short === undefined) made.push(rows)
    return await sendExport(reply, { tenantId: tenant, mode: 'test', language: 'en' }, { format }, short === undefined ? rows.table : tableOf([aRow(1)]), { now })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => { await app.close() })
  const answer = await app.inject('/rows?format=csv&short=1')
  t.match(answer.headers, { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="rows-test-2026-11-21.csv"', 'cache-control': 'private, no-store' })
  t.equal(readCsv(answer.body).length, 2)
  const head = await app.inject({ method: 'HEAD', url: '/rows?format=xlsx' })
  t.match(head, { statusCode: 200, body: '', headers: { 'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' } })
  t.equal(made.pop()?.given(), 0)

  const sockets = Array.from({ length: 4 }, () => connect((app.server.address() as AddressInfo).port, '127.0.0.1'))
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.write('GET /rows?format=csv HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
  }
  t.equal((await app.inject('/rows?format=csv&short=1')).statusCode, 429, 'a fifth')
  t.equal((await app.inject('/rows?format=csv&short=1&tenant=b')).statusCode, 200, 'another tenant’s is another matter')
  sockets[0]!.destroy()
  await eventually('a reader that went makes room', async () => (await app.inject('/rows?format=csv&short=1')).statusCode === 200)
  t.ok(true, 'and did')
})
