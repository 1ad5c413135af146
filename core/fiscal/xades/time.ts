const formats = new Map<string, Intl.DateTimeFormat>()

/** `2026-11-21T10:00:00-05:00`: an instant by the clock of a place, with that clock's offset. */
export function zonedTime (at: Date, zone: string): string {
  let format = formats.get(zone)
  if (format === undefined) {
    formats.set(zone, format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'longOffset'
    }))
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const offset = parts.get('timeZoneName')!.replace('GMT', '')
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}T${parts.get('hour')}:${parts.get('minute')}:${parts.get('second')}${offset === '' ? '+00:00' : offset}`
}
