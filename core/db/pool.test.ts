import type pg from 'pg'
import t from 'tap'
import { inTenant } from './in-tenant.ts'
import { kyselyOf } from './pool.ts'

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
