import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { sql } from 'kysely'
import { testDatabase } from '/work/main/test/support/database.ts'
import { newUuid } from '/work/main/core/ids.ts'
import { insertPayments } from '/work/main/core/reports/fixtures/many-payments.ts'
t.test('x', async t => {
  const database = await testDatabase(t)
  const tenantId = randomUUID()
  let s = performance.now()
  await insertPayments(database.owner, { tenantId, connectionId: newUuid(new Date()), count: 100000, until: new Date(), overDays: 30 })
  console.error('insert', performance.now() - s)
  const child = fork('/work/main/core/reports/fixtures/export-process.ts', [database.appUrl, tenantId], { execArgv: process.execArgv, env: { ...process.env, NODE_OPTIONS: process.env.CHILD_OPTS ?? '' } })
  const [{ port }] = await once(child, 'message') as [{ port: number }]
  const mem = async (l: string) => console.error(l, await (await fetch(`http://127.0.0.1:${port}/memory`)).text())
  await mem('start')
  for (const f of ['csv', 'json', 'xlsx']) {
    s = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/${f}`)
    let n = 0
    for await (const c of answer.body!) n += c.length
    console.error(f, n, performance.now() - s)
    await mem(f)
  }
  const tr = process.hrtime()
  child.disconnect(); await once(child, 'exit')
  t.ok(true)
})
