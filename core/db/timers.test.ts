import { randomUUID } from 'node:crypto'
import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { inTenant } from './in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from './timers.ts'

const day = new Date('2026-11-20T12:00:00Z')
const after = (ms: number) => new Date(day.getTime() + ms)

t.test('a row is handed to one job at a time, comes back after a crash, and counts how often', async t => {
  const { db } = await testDatabase(t)
  const [tenant, other, id] = [randomUUID(), randomUUID(), randomUUID()]
  const claim = async (now: Date, of = tenant) => await inTenant(db, of, async tx => await claimTimer(tx, 'invoice', id, now, 60_000))
  t.equal(await claim(day), undefined, 'nothing was set')
  await inTenant(db, tenant, async tx => { await setTimer(tx, 'invoice', id, after(5000)) })
  t.equal(await claim(day), undefined, 'not yet')
  t.equal(await claim(after(5000), other), undefined, 'not another tenant’s, whatever ids it knows')
  t.same((await Promise.all([1, 2, 3, 4].map(async () => await claim(after(5000))))).filter(claimed => claimed !== undefined), [{ tries: 1 }], 'four jobs, one gets it')
  t.equal(await claim(after(63_000)), undefined, 'within the lease')
  t.same(await claim(after(65_000)), { tries: 2 }, 'after it')
  await inTenant(db, tenant, async tx => { await retryTimer(tx, 'invoice', id, after(70_000)) })
  t.same(await claim(after(70_000)), { tries: 3 })
  await inTenant(db, tenant, async tx => { await setTimer(tx, 'invoice', id, after(80_000)) })
  t.same(await claim(after(80_000)), { tries: 1 }, 'set anew, it counts anew')
  await inTenant(db, tenant, async tx => { await clearTimer(tx, 'invoice', id) })
  t.equal(await claim(after(900_000)), undefined)
})
