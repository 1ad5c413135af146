/** Upper bounds of what is counted together, ms; the last counts whatever took longer. What lies between two is about a third apart. */
export const bounds = [5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400, 550, 750, 1000, 1400, 2000, 2800, 4000, 5500, 7500, 10_000, 14_000, 20_000, 25_000, 30_000, 40_000, 60_000, 90_000, 120_000] as const

/** A count for each bound, and one more for what is longer than the last. */
export const noDurations = (): number[] => Array.from({ length: bounds.length + 1 }, () => 0)

/** Which of the counts a call of this length belongs to. */
export function placeOf (durationMs: number): number {
  const place = bounds.findIndex(bound => durationMs <= bound)
  return place === -1 ? bounds.length : place
}

/**
 * How long the call took that is longer than `share` (0.95) of them all, in ms; null when there was none. Between two bounds it is
 * taken to be spread evenly; nothing is said to be longer than the longest that was seen.
 */
export function percentile (durations: readonly number[], longestMs: number, share: number): number | null {
  const all = durations.reduce((sum, count) => sum + count, 0)
  if (all === 0) return null
  let left = share * all
  const place = durations.findIndex(count => {
    if (count >= left) return true
    left -= count
    return false
  })
  const from = place === 0 ? 0 : bounds[place - 1]!
  const to = Math.min(bounds[place] ?? longestMs, longestMs)
  return Math.round(Math.min(longestMs, from + Math.max(0, to - from) * (left / durations[place]!)))
}
