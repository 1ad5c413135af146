import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import t from 'tap'
import yauzl from 'yauzl'
import { testDatabase } from '../../test/support/database.ts'
import { newUuid } from '../ids.ts'
import { insertPayments } from './fixtures/many-payments.ts'

const rows = 100_000
const mostBytes = 150 * 1024 * 1024

t.test(`${rows} rows in every format, with less than 150 MB of memory`, async t => {
  const database = await testDatabase(t)
  const tenantId = randomUUID()
  await insertPayments(database.owner, { tenantId, connectionId: newUuid(new Date()), count: rows, until: new Date(), overDays: 30 })
  // V8 lets garbage lie for as long as there is room, so it is given little: what is held at once must fit in this.
  const child = fork(path.join(import.meta.dirname, 'fixtures/export-process.ts'), [database.appUrl, tenantId], { execArgv: [...process.execArgv, '--max-old-space-size=64', '--max-semi-space-size=2'], env: { ...process.env, NODE_OPTIONS: '' } })
  t.teardown(async () => {
    const gone = once(child, 'exit')
    child.disconnect()
    await gone
  })
  const [{ port }] = await once(child, 'message') as [{ port: number }]
  const get = async (what: string): Promise<Readable> => {
    const answer = await fetch(`http://127.0.0.1:${port}/${what}`)
    t.equal(answer.status, 200, what)
    return Readable.fromWeb(answer.body as never)
  }
  t.equal(await occurrences('\r\n', await get('csv')), rows + 1, 'a line each, and the names')
  t.equal(await occurrences('{"id":', await get('json')), rows)
  const zip = await yauzl.fromBufferPromise(await buffer(await get('xlsx')))
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName === 'xl/worksheets/sheet1.xml') t.equal(await occurrences('<row ', await zip.openReadStreamPromise(entry)), rows + 1)
    if (entry.fileName === 'xl/worksheets/sheet2.xml') t.match((await buffer(await zip.openReadStreamPromise(entry))).toString(), new RegExp(`<v>${rows}</v>`), 'the totals count them')
  }
  const { peak_bytes: peak } = JSON.parse((await buffer(await get('memory'))).toString())
  t.ok(peak < mostBytes, `${Math.round(peak / 1024 / 1024)} MB at the most`)
  t.comment(`${Math.round(peak / 1024 / 1024)} MB at the most, the process itself included`)
})

async function occurrences (what: string, stream: AsyncIterable<Buffer>): Promise<number> {
  let count = 0
  let left = ''
  for await (const chunk of stream) {
    const text = left + chunk.toString('latin1')
    count += text.split(what).length - 1
    left = text.slice(Math.max(0, text.lastIndexOf(what) + what.length, text.length - what.length + 1))
  }
  return count
}
