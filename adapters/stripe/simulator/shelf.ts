import { invalid, missing, missingIn } from './errors.ts'
import type { CreatedRange } from './params.ts'

/** Objects of one kind in the order of their making, and by id. */
export class Shelf<T extends { id: string, created: number }> {
  items: T[] = []
  readonly #places = new Map<string, number>()
  /** What was deleted by its owner. */
  readonly removed = new Set<string>()
  /** The oldest are forgotten beyond this. */
  readonly keep: number

  constructor (keep = Infinity) {
    this.keep = keep
  }

  add (item: T): T {
    this.#places.set(item.id, this.items.push(item) - 1)
    if (this.items.length > this.keep * 1.2) this.replace(this.items.slice(-this.keep))
    return item
  }

  get (id: string): T | undefined {
    const place = this.#places.get(id)
    return place === undefined ? undefined : this.items[place]
  }

  remove (id: string): void {
    this.removed.add(id)
    this.replace(this.items.filter(item => item.id !== id))
  }

  replace (items: T[]): void {
    this.items = items
    this.#places.clear()
    items.forEach((item, place) => this.#places.set(item.id, place))
  }

  place (id: string): number | undefined {
    return this.#places.get(id)
  }
}

/** The object of the path: 404 when it is not there. */
export function wanted<T extends { id: string, created: number }> (shelf: Shelf<T>, id: string, noun: string, param = 'id'): T {
  const found = shelf.get(id)
  if (found === undefined) throw missing(noun, id, param)
  return found
}

/** An object that a parameter names: 400 when it is not there. */
export function named<T extends { id: string, created: number }> (shelf: Shelf<T>, id: string, noun: string, param: string): T {
  const found = shelf.get(id)
  if (found === undefined) throw missingIn(noun, id, param)
  return found
}

export interface Paging {
  limit?: number
  starting_after?: string
  ending_before?: string
  created?: CreatedRange
}

export interface List {
  object: 'list'
  url: string
  has_more: boolean
  data: object[]
}

/** Newest first, by cursor. Source: https://docs.stripe.com/api/pagination, read 2026-11. */
export function page<T extends { id: string, created: number }> (
  shelf: Shelf<T>, paging: Paging, url: string, noun: string, view: (item: T) => object, matches: (item: T) => boolean = () => true
): List {
  const { limit = 10, starting_after: after, ending_before: before } = paging
  if (after !== undefined && before !== undefined) {
    throw invalid('You may only specify one of these parameters: starting_after, ending_before.', { code: 'parameters_exclusive' })
  }
  const fits = (item: T) => inRange(item.created, paging.created) && matches(item)
  const found: T[] = []
  if (before === undefined) {
    for (let i = (after === undefined ? shelf.items.length : cursor(shelf, after, noun, 'starting_after')) - 1; i >= 0 && found.length <= limit; i--) {
      const item = shelf.items[i]!
      if (fits(item)) found.push(item)
    }
  } else {
    for (let i = cursor(shelf, before, noun, 'ending_before') + 1; i < shelf.items.length && found.length <= limit; i++) {
      const item = shelf.items[i]!
      if (fits(item)) found.push(item)
    }
  }
  const data = found.slice(0, limit)
  if (before !== undefined) data.reverse()
  return { object: 'list', url, has_more: found.length > limit, data: data.map(view) }
}

function cursor<T extends { id: string, created: number }> (shelf: Shelf<T>, id: string, noun: string, param: string): number {
  const place = shelf.place(id)
  if (place === undefined) throw invalid(`No such ${noun}: '${id}'`, { code: 'resource_missing', param })
  return place
}

function inRange (created: number, range: CreatedRange | undefined): boolean {
  if (range === undefined) return true
  if (typeof range === 'number') return created === range
  return (range.gt === undefined || created > range.gt) && (range.gte === undefined || created >= range.gte) &&
    (range.lt === undefined || created < range.lt) && (range.lte === undefined || created <= range.lte)
}
