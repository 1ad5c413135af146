/** Days and clocks of a place. A voucher's or a transfer's last day ends where its payer lives. */

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf (timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' })
    formats.set(timeZone, format)
  }
  return format
}

/** What a calendar and a clock on the wall show, as if it were UTC. */
function wallMs (at: Date, timeZone: string): number {
  const parts = Object.fromEntries(formatOf(timeZone).formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute, parts.second)
}

/** The day of the calendar, `2026-11-21`. Throws RangeError for what is no IANA time zone. */
export function localDay (at: Date, timeZone: string): string {
  return new Date(wallMs(at, timeZone)).toISOString().slice(0, 10)
}

/**
 * The instant at which the clock on the wall shows this (`2026-11-21`, `23:59:59`). Where it shows it twice, the first time; where it
 * leaves it out, as much later as it leaves out. Throws RangeError for what is no time.
 */
export function localInstant (day: string, time: string, timeZone: string): Date {
  const wall = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(wall)) throw new RangeError(`${day} ${time} is no time`)
  const offsetAt = (ms: number) => wallMs(new Date(ms), timeZone) - Math.floor(ms / 1000) * 1000
  // The offsets a day before and a day after are all that it can be.
  const candidates = [offsetAt(wall - 86_400_000), offsetAt(wall + 86_400_000)].map(offset => wall - offset).sort((a, b) => a - b)
  const shown = candidates.find(ms => wallMs(new Date(ms), timeZone) === Math.floor(wall / 1000) * 1000)
  return new Date(shown ?? candidates[1]!)
}

/** The last second of the day so many days after the one in which `from` falls. */
export function endOfLocalDay (from: Date, timeZone: string, days = 0): Date {
  const [year, month, day] = localDay(from, timeZone).split('-').map(Number)
  const last = new Date(Date.UTC(year!, month! - 1, day! + days)).toISOString().slice(0, 10)
  return localInstant(last, '23:59:59', timeZone)
}
