import fc from 'fast-check'
import t from 'tap'
import { endOfLocalDay, localDay, localInstant } from './local-time.ts'

const zones = ['America/Mexico_City', 'America/Tijuana', 'Europe/Madrid', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Auckland', 'UTC']

t.test('a clock on the wall and the instant that it shows', async t => {
  t.equal(localInstant('2026-11-21', '23:59:59', 'America/Mexico_City').toISOString(), '2026-11-22T05:59:59.000Z')
  t.equal(localInstant('2026-07-01', '12:00:00', 'Europe/Madrid').toISOString(), '2026-07-01T10:00:00.000Z')
  t.equal(localInstant('2026-10-25', '02:30:00', 'Europe/Madrid').toISOString(), '2026-10-25T00:30:00.000Z', 'shown twice: the first time')
  t.equal(localInstant('2026-03-29', '02:30:00', 'Europe/Madrid').toISOString(), '2026-03-29T01:30:00.000Z', 'never shown: as much later as was left out')
  t.equal(localDay(new Date('2026-11-22T05:59:59Z'), 'America/Mexico_City'), '2026-11-21')
  t.equal(endOfLocalDay(new Date('2026-11-21T12:00:00Z'), 'America/Mexico_City', 3).toISOString(), '2026-11-25T05:59:59.000Z')
  t.equal(endOfLocalDay(new Date('2026-02-27T12:00:00Z'), 'UTC', 2).toISOString(), '2026-03-01T23:59:59.000Z')
  t.throws(() => localInstant('2026-13-01', '00:00:00', 'UTC'), RangeError)
  t.throws(() => localDay(new Date(), 'Mars/Olympus'), RangeError)
})

t.test('whatever the zone and the day, its last second is of that day, and the next is not', async t => {
  fc.assert(fc.property(fc.constantFrom(...zones), fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }), (zone, at) => {
    const end = endOfLocalDay(at, zone)
    return localDay(end, zone) === localDay(at, zone) && localDay(new Date(end.getTime() + 1000), zone) !== localDay(at, zone) && end >= new Date(Math.floor(at.getTime() / 1000) * 1000)
  }), { numRuns: 300 })
  t.pass('properties hold')
})
