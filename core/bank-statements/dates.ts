export const dateOrders = ['dmy', 'mdy', 'ymd'] as const
export type DateOrder = typeof dateOrders[number]

/** Of Spanish and English statements, by their first three letters. */
const months = new Map([['ene', 1], ['jan', 1], ['feb', 2], ['mar', 3], ['abr', 4], ['apr', 4], ['may', 5], ['jun', 6], ['jul', 7], ['ago', 8], ['aug', 8], ['sep', 9], ['set', 9], ['oct', 10], ['nov', 11], ['dic', 12], ['dec', 12]])

export interface Moment {
  /** `2026-11-21` */
  day: string
  /** `13:45:00`, where it is told. */
  time?: string
}

/**
 * A day as banks write it (`21/11/2026`, `21-nov-26`, `22/jun./2026`, `'21112026'`, `2026-11-21`), with the time of day that may follow.
 * Undefined for what is none, a 31st of February included. A year of two digits is of this century.
 */
export function parseMoment (text: string, order: DateOrder): Moment | undefined {
  const clean = text.replace(/['"]/g, '').trim()
  const [date = '', clock] = clean.split(/[\sT]+/, 2)
  const day = parseDay(date, order)
  if (day === undefined) return undefined
  const time = clock === undefined ? undefined : parseClock(clock)
  return { day, ...(time !== undefined && { time }) }
}

function parseDay (text: string, order: DateOrder): string | undefined {
  const compact = /^\d{8}$/.test(text)
  const parts = compact
    ? order === 'ymd' ? [text.slice(0, 4), text.slice(4, 6), text.slice(6)] : [text.slice(0, 2), text.slice(2, 4), text.slice(4)]
    : text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').split(/[/.-]+/).filter(part => part !== '')
  if (parts.length !== 3) return undefined
  // Who writes the year first, with four digits, means the month next, whatever was said.
  const means = /^\d{4}$/.test(parts[0]!) ? 'ymd' : order
  const [year, month, day] = means === 'ymd' ? [parts[0]!, parts[1]!, parts[2]!] : means === 'mdy' ? [parts[2]!, parts[0]!, parts[1]!] : [parts[2]!, parts[1]!, parts[0]!]
  if (!/^(?:\d{2}|\d{4})$/.test(year) || !/^\d{1,2}$/.test(day)) return undefined
  const monthNumber = /^\d{1,2}$/.test(month) ? Number(month) : months.get(month.slice(0, 3))
  if (monthNumber === undefined) return undefined
  const fullYear = year.length === 2 ? 2000 + Number(year) : Number(year)
  const at = new Date(Date.UTC(fullYear, monthNumber - 1, Number(day)))
  const isReal = at.getUTCFullYear() === fullYear && at.getUTCMonth() === monthNumber - 1 && at.getUTCDate() === Number(day)
  return isReal && fullYear >= 1990 && fullYear <= 2100 ? at.toISOString().slice(0, 10) : undefined
}

/** `13:45`, `13:45:10`, `1:45 pm` without its space. Undefined for what is none. */
export function parseClock (text: string): string | undefined {
  const [, hour, minute, second = '00', half] = /^'?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*([ap])?\.?\s*m?\.?'?$/i.exec(text.trim()) ?? []
  if (hour === undefined || minute === undefined) return undefined
  const hours = half === undefined ? Number(hour) : Number(hour) % 12 + (half.toLowerCase() === 'p' ? 12 : 0)
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  return `${String(hours).padStart(2, '0')}:${minute}:${second}`
}
