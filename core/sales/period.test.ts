import t from 'tap'
import fc from 'fast-check'
import { localDay, orphanAt, periodOf, plusDays, startOfDay, zoneOfIssuer } from './period.ts'
import { periodicities } from './settings-schema.ts'

const day = fc.integer({ min: 0, max: 3650 }).map(days => plusDays('2024-01-01', days))
const rhythm = fc.record({ automatic: fc.constant(true), periodicity: fc.constantFrom(...periodicities), day: fc.integer({ min: 1, max: 28 }) })

t.test('periods follow each other without a gap, and each is told by the law’s keys', async t => {
  const dates = { automatic: true, day: 3 } as const
  t.same(periodOf('2026-02-11', { ...dates, periodicity: 'monthly' }), { periodicity: '04', months: '02', year: 2026, from: '2026-02-01', to: '2026-02-28', madeOn: '2026-03-03' })
  t.same(periodOf('2026-12-31', { ...dates, periodicity: 'bimonthly' }), { periodicity: '05', months: '18', year: 2026, from: '2026-11-01', to: '2026-12-31', madeOn: '2027-01-03' })
  t.same(periodOf('2026-01-31', { ...dates, periodicity: 'bimonthly' }).months, '13')
  t.same(periodOf('2026-11-16', { ...dates, periodicity: 'biweekly' }), { periodicity: '03', months: '11', year: 2026, from: '2026-11-16', to: '2026-11-30', madeOn: '2026-12-01' })
  t.same(periodOf('2026-11-21', { ...dates, periodicity: 'weekly' }), { periodicity: '02', months: '11', year: 2026, from: '2026-11-16', to: '2026-11-22', madeOn: '2026-11-23' })
  t.same(periodOf('2026-11-21', { ...dates, periodicity: 'daily' }), { periodicity: '01', months: '11', year: 2026, from: '2026-11-21', to: '2026-11-21', madeOn: '2026-11-22' })
  fc.assert(fc.property(day, rhythm, (on, wanted) => {
    const period = periodOf(on, wanted)
    const [before, after] = [periodOf(plusDays(period.from, -1), wanted), periodOf(plusDays(period.to, 1), wanted)]
    return period.from <= on && on <= period.to && period.madeOn > period.to && before.to === plusDays(period.from, -1) && after.from === plusDays(period.to, 1) &&
      periodOf(period.from, wanted).to === period.to && periodOf(period.to, wanted).from === period.from
  }))
  t.pass('for any day and rhythm')
})

t.test('a day is the issuer’s, and so is the last one of its month', async t => {
  t.equal(zoneOfIssuer({ mx: {}, postal_code: '22000' }), 'America/Tijuana')
  t.equal(zoneOfIssuer({ mx: { timezone: 'America/Cancun' }, postal_code: '22000' }), 'America/Cancun')
  t.equal(localDay(new Date('2026-11-01T05:30:00Z'), 'America/Mexico_City'), '2026-10-31')
  t.equal(startOfDay('2026-11-01', 'America/Mexico_City').toISOString(), '2026-11-01T06:00:00.000Z')
  const zone = 'America/Mexico_City'
  t.equal(orphanAt(new Date('2026-11-10T12:00:00Z'), 72, zone).toISOString(), '2026-11-13T12:00:00.000Z', 'three days')
  t.equal(orphanAt(new Date('2026-11-29T12:00:00Z'), 72, zone).toISOString(), '2026-11-30T06:00:00.000Z', 'or when the last day begins')
  t.equal(orphanAt(new Date('2026-11-30T12:00:00Z'), 72, zone).toISOString(), '2026-12-01T06:00:00.000Z', 'on it, when it ends')
  fc.assert(fc.property(fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }), fc.integer({ min: 1, max: 720 }), (at, hours) => {
    const end = orphanAt(at, hours, zone)
    return end > at && end.getTime() - at.getTime() <= hours * 3600_000 && (localDay(end, zone).slice(0, 7) === localDay(at, zone).slice(0, 7) || localDay(new Date(end.getTime() - 1), zone).slice(0, 7) === localDay(at, zone).slice(0, 7))
  }))
  t.pass('for any moment')
})
