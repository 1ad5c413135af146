import fc from 'fast-check'
import t from 'tap'
import { instantOf, localTime, zoneOf } from './zones.ts'

t.test('the zone of a postal code', async t => {
  const zones = {
    '06000': 'America/Mexico_City', 22000: 'America/Tijuana', 23400: 'America/Mazatlan', 77500: 'America/Cancun', 83000: 'America/Hermosillo', 31000: 'America/Chihuahua', 32000: 'America/Ciudad_Juarez',
    32880: 'America/Ojinaga', 26000: 'America/Matamoros', 25000: 'America/Monterrey', 88000: 'America/Matamoros', 87000: 'America/Monterrey', 63000: 'America/Mazatlan', 63732: 'America/Bahia_Banderas', 97000: 'America/Merida'
  }
  for (const [postalCode, zone] of Object.entries(zones)) t.equal(zoneOf(postalCode), zone, postalCode)
  for (const none of ['00000', '17000', '19999', '', '6000', '060000', 'ABCDE']) t.equal(zoneOf(none), undefined, none)
})

t.test('summer time: not in the country, but at the border', async t => {
  const noon = new Date('2026-07-01T18:00:00Z')
  const times = { '06000': '12:00', 22000: '11:00', 77500: '13:00', 83000: '11:00', 32000: '12:00', 26000: '13:00', 31000: '12:00' }
  for (const [postalCode, time] of Object.entries(times)) t.equal(localTime(noon, zoneOf(postalCode)!), `2026-07-01T${time}:00`, postalCode)
  t.equal(localTime(new Date('2022-07-01T18:00:00Z'), 'America/Mexico_City'), '2022-07-01T13:00:00', 'until October of 2022')
})

t.test('a local time and its instant', async t => {
  const zones = fc.constantFrom('America/Mexico_City', 'America/Tijuana', 'America/Cancun', 'America/Ciudad_Juarez', 'America/Hermosillo')
  await fc.assert(fc.asyncProperty(zones, fc.date({ min: new Date('2022-01-01T00:00:00Z'), max: new Date('2030-01-01T00:00:00Z'), noInvalidDate: true }), async (zone, date) => {
    const local = localTime(date, zone)
    return localTime(instantOf(local, zone), zone) === local
  }))
  t.equal(instantOf('2026-03-08T02:30:00', 'America/Tijuana').toISOString(), '2026-03-08T10:30:00.000Z', 'an hour that is skipped is the one after it')
  t.equal(instantOf('2026-11-01T01:30:00', 'America/Tijuana').toISOString(), '2026-11-01T08:30:00.000Z', 'of one that happens twice it is the first')
  for (const none of ['', '2026-07-01', '2026-13-01T00:00:00', '2026-07-01T00:00:00Z', ' 2026-07-01T00:00:00']) t.ok(Number.isNaN(instantOf(none, 'America/Cancun').getTime()), none)
})
