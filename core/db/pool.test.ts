import { sql } from 'kysely'
import type pg from 'pg'
import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { isDatabaseAway } from './errors.ts'
import { inTenant } from './in-tenant.ts'
import { createPool, kyselyOf } from './pool.ts'

t.test('a connection whose rollback failed is thrown away: it may still be in another tenant’s transaction', async t => {
  const released: unknown[] = []
  const client = {
    query: async (text: string | { text: string }) => {
      if (/rollback/.test(typeof text === 'string' ? text : text.text)) throw new Error('the connection broke')
      return { rows: [], command: 'SELECT' }
    },
    release: (destroy?: boolean) => { released.push(destroy) }
  }
  const db = kyselyOf({ options: {}, connect: async () => client, end: async () => {} } as unknown as pg.Pool)
  await t.rejects(inTenant(db, '0198aaaa-0000-7000-8000-00000000000a', async () => { throw new Error('work failed') }))
  t.same(released, [true])
})

t.test('a database that went away is told from one that said no', async t => {
  const { appUrl, superUrl } = await testDatabase(t)
  const pool = createPool({ url: appUrl, max: 2 })
  const admin = createPool({ url: superUrl, max: 1 })
  t.teardown(async () => { await Promise.all([pool.end(), admin.end()]) })
  const db = kyselyOf(pool)
  const failure = async (work: Promise<unknown>): Promise<unknown> => await work.then(() => t.fail('it worked'), (error: unknown) => error)
  const tenant = '0198aaaa-0000-7000-8000-00000000000a'
  t.notOk(isDatabaseAway(await failure(sql`select nonsense`.execute(db))), 'a wrong statement')
  t.notOk(isDatabaseAway(await failure(inTenant(db, tenant, async () => { throw new Error('of the work itself') }))))
  const cutOff = await failure(inTenant(db, tenant, async trx => {
    const { rows: [row] } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
    await admin.query('select pg_terminate_backend($1)', [row!.pid])
    await sql`select 1`.execute(trx)
    await sql`select 1`.execute(trx)
  }))
  t.ok(isDatabaseAway(cutOff), String(cutOff))
  t.ok(isDatabaseAway(new Error('wrapped', { cause: cutOff })))
  const nowhere = createPool({ url: 'postgres://a:b@127.0.0.1:1/c', max: 1 })
  t.teardown(async () => { await nowhere.end() })
  t.ok(isDatabaseAway(await failure(sql`select 1`.execute(kyselyOf(nowhere)))), 'nobody listens')
  t.same((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }], 'and the pool goes on')
})
