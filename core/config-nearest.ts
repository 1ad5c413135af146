/** The name whose text needs the fewest typing errors to become `text`. */
export function nearest (text: string, candidates: ReadonlyArray<{ name: string, text: string }>): string {
  return candidates.map(candidate => ({ ...candidate, distance: distance(text, candidate.text) }))
    .reduce((best, candidate) => candidate.distance < best.distance ? candidate : best).name
}

/** Levenshtein: letters inserted, left out or replaced. */
function distance (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
