import t from 'tap'
import fc from 'fast-check'
import { day, hour, pacApp } from '../invoices/fixtures/pac-app.ts'
import { forecast, levelOf } from './forecast.ts'

const at = (days: number): Date => new Date(Date.UTC(2026, 10, 1) + days * day)
const limits = { low: 100, lowDays: 14 }

t.test('how long they last is told by what was used', t => {
  t.same(forecast([]), { perDay: null, daysLeft: null })
  t.same(forecast([{ left: 100, at: at(0) }, { left: 90, at: at(0.5) }]), { perDay: null, daysLeft: null }, 'half a day tells nothing')
  t.same(forecast([{ left: 100, at: at(0) }, { left: 90, at: at(1) }, { left: 80, at: at(2) }]), { perDay: 10, daysLeft: 8 })
  t.same(forecast([{ left: 20, at: at(0) }, { left: 10, at: at(1) }, { left: 1010, at: at(1.5) }, { left: 1000, at: at(2) }]), { perDay: 10, daysLeft: 100 }, 'bought in between')
  t.same(forecast([{ left: 5, at: at(0) }, { left: 5, at: at(9) }]), { perDay: 0, daysLeft: null }, 'nothing used: no end in sight')
  t.same(forecast([{ left: 9000, at: at(0) }, { left: 120, at: at(30) }, { left: 100, at: at(50) }]), { perDay: 1, daysLeft: 100 }, 'only of the last four weeks')
  const readings = fc.array(fc.record({ left: fc.integer({ min: 0, max: 1e6 }), days: fc.double({ min: 0.01, max: 5, noNaN: true }) }), { minLength: 1, maxLength: 20 })
  fc.assert(fc.property(readings, steps => {
    let moment = 0
    const { perDay, daysLeft } = forecast(steps.map(({ left, days }) => ({ left, at: at(moment += days) })))
    return (perDay === null || (perDay >= 0 && Number.isFinite(perDay))) && (daysLeft === null || (daysLeft >= 0 && Number.isFinite(daysLeft)))
  }), { numRuns: 200 })
  t.end()
})

t.test('by number or by days, whichever is worse', t => {
  const cases: [number, number | null, string][] = [[1000, null, 'ok'], [101, 15, 'ok'], [100, null, 'low'], [1000, 14, 'low'], [20, null, 'critical'], [1000, 2.8, 'critical'], [0, null, 'empty'], [-1, 5, 'empty']]
  for (const [left, daysLeft, level] of cases) t.equal(levelOf(left, { perDay: null, daysLeft }, limits), level, `${left} ${daysLeft}`)
  t.end()
})

t.test('the account at the PAC is asked on a schedule and after issuing', async t => {
  const app = await pacApp(t, { env: { STAMPS_READ_EVERY: '6h', STAMPS_READ_AFTER: '15m' } })
  const { pac, pass } = app
  const shop = await app.issuerShop()
  const stamps = async () => (await shop.must('GET', `/v1/connections/${shop.pac}`)).stamps
  const alerts = async () => (await shop.must('GET', `/v1/alerts?subject=${shop.pac}&limit=50`)).data.map(({ kind, severity, detail, times }: any) => [kind, severity, detail.level, times])
  pac.stampsLeft = 130

  t.equal(await stamps(), null, 'nobody has asked')
  await shop.must('POST', `/v1/connections/${shop.pac}/test`)
  await app.work()
  t.match(await stamps(), { left: 130, per_day: null, days_left: null, level: 'ok', read_at: /T/ })
  t.equal(pac.statusAsked, 1)

  await Promise.all(Array.from({ length: 10 }, async () => await shop.issue()))
  t.equal(pac.statusAsked, 1, 'not with each invoice')
  await pass(16 * 60_000)
  t.equal(pac.statusAsked, 2, 'once for all of them')
  t.match(await stamps(), { left: 120, level: 'ok' })
  await pass(5 * hour)
  t.equal(pac.statusAsked, 2)
  await pass(hour)
  t.equal(pac.statusAsked, 3)
  t.same(await alerts(), [])

  await t.test('each step down is told once, and not again after more were bought', async t => {
    pac.stampsLeft = 100
    await pass(day)
    t.match(await stamps(), { left: 100, per_day: 23.8, days_left: 4, level: 'low' })
    t.same(await alerts(), [['stamps_low', 'warning', 'low', 1]])
    pac.stampsLeft = 95
    await pass(6 * hour)
    t.same(await alerts(), [['stamps_low', 'warning', 'low', 1]], 'as bad as before')
    pac.stampsLeft = 20
    await pass(6 * hour)
    t.same(await alerts(), [['stamps_low', 'critical', 'critical', 1], ['stamps_low', 'warning', 'low', 1]])
    pac.stampsLeft = 5000
    await pass(6 * hour)
    t.match(await stamps(), { left: 5000, level: 'ok' })
    pac.stampsLeft = 0
    await pass(6 * hour)
    t.match(await stamps(), { left: 0, level: 'empty', days_left: 0 })
    t.same((await alerts())[0], ['stamps_low', 'critical', 'empty', 1])
    t.equal((await shop.events(shop.pac)).filter(type => type === 'connection.stamps_low').length, 3)
  })

  await t.test('a PAC that does not answer is asked again, and nothing is made up', async t => {
    const before = await stamps()
    pac.stampsLeft = undefined
    const asked = pac.statusAsked
    await pass(6 * hour)
    await pass(11 * 60_000)
    await pass(61 * 60_000)
    t.equal(pac.statusAsked, asked + 3)
    t.same(await stamps(), before)
    pac.stampsLeft = 900
    await pass(5 * hour)
    t.match(await stamps(), { left: 900 })
  })

  await t.test('the history is kept, in pages, and is nobody else’s', async t => {
    const page = await shop.must('GET', `/v1/connections/${shop.pac}/stamps?limit=3`)
    t.same(page.data.map(({ left }: { left: number }) => left), [900, 0, 5000])
    const next = await shop.must('GET', `/v1/connections/${shop.pac}/stamps?limit=100&cursor=${page.next_cursor}`)
    t.equal(next.data.at(-1).left, 130)
    const stranger = await app.shop({ connect: false })
    t.equal((await stranger.ask('GET', `/v1/connections/${shop.pac}/stamps`)).status, 404)
    t.match((await shop.ask('GET', `/v1/connections/${shop.pac}/stamps?cursor=x`)), { status: 400, body: { errors: [{ path: 'cursor' }] } })
  })

  await t.test('a connection that is switched off or gone is asked nothing', async t => {
    const asked = pac.statusAsked
    await shop.must('PATCH', `/v1/connections/${shop.pac}`, { enabled: false })
    await pass(day)
    t.equal(pac.statusAsked, asked)
    await shop.must('DELETE', `/v1/connections/${shop.pac}`)
    await pass(day)
    t.equal(pac.statusAsked, asked)
  })
})
