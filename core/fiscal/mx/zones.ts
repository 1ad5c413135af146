/**
 * The time zone of a postal code: Fecha is the local time of LugarExpedicion, and a PAC refuses one that lies in the future there.
 *
 * The rule is the Ley de los Husos Horarios en los Estados Unidos Mexicanos (DOF 2022-10-28), and the decree of 2022-11-30 for
 * Ojinaga, Coyame del Sotol and Manuel Benavides; how each zone's hour changed before and since is in IANA's data, which Node brings.
 * The first two digits of a postal code are the state (SEPOMEX). The municipalities of the northern border, which keep a
 * summer time, lie in ranges of their own; of these only those are listed that are beyond doubt. One that is missing gives a
 * Fecha an hour too early, which is accepted within 72 hours; a wrong one could give the future. So an issuer at the border
 * may say its zone.
 */
const zones: readonly (readonly [zone: string, prefixes: string])[] = [
  ['America/Tijuana', '21 22'],
  ['America/Mazatlan', '23 63 80 81 82'],
  ['America/Hermosillo', '83 84 85'],
  ['America/Cancun', '77'],
  ['America/Chihuahua', '31 32 33'],
  ['America/Merida', '24 97'],
  ['America/Monterrey', '25 26 27 64 65 66 67 87 88 89'],
  ['America/Mexico_City', '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 20 28 29 30 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 ' +
    '50 51 52 53 54 55 56 57 58 59 60 61 62 68 69 70 71 72 73 74 75 76 78 79 86 90 91 92 93 94 95 96 98 99'],
  // Bahía de Banderas (Nayarit) keeps the hour of the centre.
  ['America/Bahia_Banderas', '6373'],
  // Juárez, Guadalupe, Práxedis G. Guerrero; Ascensión and Janos.
  ['America/Ciudad_Juarez', '320 321 322 323 324 325 326 327 3182 3183 3184'],
  ['America/Ojinaga', '3288'],
  // Coahuila: Piedras Negras, Nava, Acuña, Zaragoza, Allende. Nuevo León: Anáhuac. Tamaulipas: Matamoros and Valle Hermoso,
  // Nuevo Laredo, Miguel Alemán, Guerrero and Mier, Camargo and Gustavo Díaz Ordaz, Reynosa, Río Bravo.
  ['America/Matamoros', '260 2617 262 2645 2653 6503 873 874 875 880 881 882 883 884 885 886 887 889']
]

const byPrefix = new Map(zones.flatMap(([zone, prefixes]) => prefixes.split(' ').map(prefix => [prefix, zone] as const)))

/** The IANA zone of a Mexican postal code; undefined when no state has such codes. */
export function zoneOf (postalCode: string): string | undefined {
  if (!/^\d{5}$/.test(postalCode)) return undefined
  return byPrefix.get(postalCode.slice(0, 4)) ?? byPrefix.get(postalCode.slice(0, 3)) ?? byPrefix.get(postalCode.slice(0, 2))
}

/** What the clocks of the zone show, as `AAAA-MM-DDThh:mm:ss`. Throws RangeError for a zone that is none. */
export function localTime (at: Date, zone: string): string {
  return new Date(at.getTime() + offsetMs(at, zone)).toISOString().slice(0, 19)
}

/**
 * The instant at which the clocks of the zone show `local`. An hour that a change of time skips is read as the hour after it,
 * one that happens twice as the first. An invalid Date when `local` is not `AAAA-MM-DDThh:mm:ss`.
 */
export function instantOf (local: string, zone: string): Date {
  const asUtc = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(local) ? `${local}Z` : Number.NaN)
  if (Number.isNaN(asUtc.getTime())) return asUtc
  const before = asUtc.getTime() - offsetMs(new Date(asUtc.getTime() - 86_400_000), zone)
  if (localTime(new Date(before), zone) === local) return new Date(before)
  const after = asUtc.getTime() - offsetMs(new Date(asUtc.getTime() + 86_400_000), zone)
  return new Date(localTime(new Date(after), zone) === local ? after : before)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Local time minus UTC at that instant. */
function offsetMs (at: Date, zone: string): number {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(at))!
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}
