const formats = new Map<string, Intl.DateTimeFormat>()

/** `2026-11-21T10:00:00-05:00`: an instant by the clock of a place, with that clock's offset. */
export function zonedTime (at: Date, zone: string): string {
  const offset = offsetAt(at, zone)
  const sign = offset < 0 ? '-' : '+'
  return `${new Date(at.getTime() + offset * minuteMs).toISOString().slice(0, 19)}${sign}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
}

const two = (number: number): string => number < 10 ? `0${number}` : String(number)

const minuteMs = 60_000
/** Clocks are only ever changed at a quarter of an hour of UTC. */
const stepMs = 15 * minuteMs
const last = new Map<string, { step: number, offset: number }>()

/** Minutes ahead of UTC. Asking Intl takes longer than all the rest of a signature's strings, so the last answer is kept for its quarter of an hour. */
function offsetAt (at: Date, zone: string): number {
  const step = Math.floor(at.getTime() / stepMs)
  const known = last.get(zone)
  if (known?.step === step) return known.offset
  let format = formats.get(zone)
  if (format === undefined) formats.set(zone, format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }))
  const [, sign, hours = '0', minutes = '0'] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(format.format(at))!
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  last.set(zone, { step, offset })
  return offset
}
