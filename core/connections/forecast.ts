/** What an account had at a moment. */
export interface Reading { left: number, at: Date }

const dayMs = 24 * 3600_000
/** So far back is use looked at: four weeks hold each day of the week equally often. */
export const forecastWindowMs = 28 * dayMs
/** Less than this tells nothing of a day. */
const leastMs = dayMs

export interface Forecast {
  /** Stamps used a day. */
  perDay: number | null
  daysLeft: number | null
}

/**
 * For how many days the stamps last, by the use of the weeks before. Only what went down counts: what was bought in between
 * is no use undone. Null while less than a day is known, or nothing was used. `readings`: oldest first, the last is now.
 */
export function forecast (readings: readonly Reading[]): Forecast {
  const last = readings.at(-1)
  const within = last === undefined ? [] : readings.filter(({ at }) => last.at.getTime() - at.getTime() <= forecastWindowMs)
  const first = within[0]
  if (last === undefined || first === undefined || last.at.getTime() - first.at.getTime() < leastMs) return { perDay: null, daysLeft: null }
  const used = within.reduce((sum, { left }, index) => sum + Math.max(0, (within[index - 1]?.left ?? left) - left), 0)
  const perDay = used / ((last.at.getTime() - first.at.getTime()) / dayMs)
  return { perDay, daysLeft: perDay === 0 ? null : Math.max(0, last.left) / perDay }
}

export const levels = ['ok', 'low', 'critical', 'empty'] as const
export type Level = typeof levels[number]

/** How bad it is: by what is left and by how long it lasts, whichever is worse. Urgent is a fifth of the limits. */
export function levelOf (left: number, { daysLeft }: Forecast, { low, lowDays }: { low: number, lowDays: number }): Level {
  if (left <= 0) return 'empty'
  const under = (part: number): boolean => left <= low / part || (daysLeft !== null && daysLeft <= lowDays / part)
  return under(5) ? 'critical' : under(1) ? 'low' : 'ok'
}
