import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { unzip } from '../../test/support/xlsx.ts'
import { newUuid } from '../ids.ts'
import { insertPayments } from './fixtures/many-payments.ts'

const rows = 100_000
const mostBytes = 150 * 1024 * 1024

t.test(`${rows} rows in every format, with less than 150 MB of memory`, async t => {
  const database = await testDatabase(t)
  const tenantId = randomUUID()
  await insertPayments(database.owner, { tenantId, connectionId: newUuid(new Date()), count: rows, until: new Date(), overDays: 30 })
  const child = fork(path.join(import.meta.dirname, 'fixtures/export-process.ts'), [database.appUrl, tenantId], { execArgv: process.execArgv, env: { ...process.env, NODE_OPTIONS: '' } })
  t.teardown(async () => {
    const gone = once(child, 'exit')
    child.disconnect()
    await gone
  })
  const [{ port }] = await once(child, 'message') as [{ port: number }]
  const get = async (what: string): Promise<Buffer> => {
    const answer = await fetch(`http://127.0.0.1:${port}/${what}`)
    t.equal(answer.status, 200, what)
    return await buffer(Readable.fromWeb(answer.body as never))
  }
  const csv = (await get('csv')).toString()
  t.equal(csv.split('\r\n').length, rows + 2)
  const { data, totals } = JSON.parse((await get('json')).toString())
  t.equal(data.length, rows)
  t.match(totals, [{ currency: 'MXN', payments: rows, captured: data.reduce((sum: number, row: { captured: number }) => sum + row.captured, 0) }])
  t.equal(new Set(data.map(({ id }: { id: string }) => id)).size, rows, 'each once')
  const sheets = await unzip(await get('xlsx'))
  t.equal(sheets.get('xl/worksheets/sheet1.xml')!.split('<row ').length, rows + 2)
  const { peak_bytes: peak } = JSON.parse((await get('memory')).toString())
  t.ok(peak < mostBytes, `${Math.round(peak / 1024 / 1024)} MB at the most`)
  t.comment(`${Math.round(peak / 1024 / 1024)} MB at the most, the process itself included`)
})
