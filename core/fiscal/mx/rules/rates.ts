import { type Catalogues, isValid } from '../../catalogues/catalogues.ts'
import { Decimal } from '../../decimal.ts'

export type Direction = 'transferred' | 'withheld'

interface Row { min: Decimal | undefined, max: Decimal, valid_from: string | null, valid_to: string | null }

const known = new WeakMap<Catalogues, Map<string, Row[]>>()

function rowsOf (catalogues: Catalogues): Map<string, Row[]> {
  let rows = known.get(catalogues)
  if (rows === undefined) {
    rows = new Map()
    for (const { tax, factor, min, max, withheld, transferred, valid_from, valid_to } of catalogues.get('c_TasaOCuota').entries) {
      const row = { min: min === null ? undefined : new Decimal(min), max: new Decimal(max), valid_from, valid_to }
      for (const direction of [...transferred ? ['transferred'] : [], ...withheld ? ['withheld'] : []]) {
        const key = `${tax} ${factor} ${direction}`
        rows.set(key, [...rows.get(key) ?? [], row])
      }
    }
    known.set(catalogues, rows)
  }
  return rows
}

/**
 * Whether c_TasaOCuota has that rate on that day: one of the fixed ones, or inside of a range. The catalogue keeps only the
 * present row of what changes every year (the quota of IEPS, since 2026-01-01): a day before the first row is judged by it.
 */
export function allowsRate (catalogues: Catalogues, { tax, factor, direction, value, on }: { tax: string, factor: string, direction: Direction, value: Decimal, on: string }): boolean {
  const rows = rowsOf(catalogues).get(`${tax} ${factor} ${direction}`) ?? []
  const now = rows.filter(row => isValid(row, on))
  const first = rows.map(({ valid_from }) => valid_from ?? '').sort()[0]
  const judged = now.length > 0 ? now : rows.filter(({ valid_from }) => (valid_from ?? '') === first)
  return judged.some(({ min, max }) => min === undefined ? value.equals(max) : value.greaterThanOrEqualTo(min) && value.lessThanOrEqualTo(max))
}
