import { invalidField, momentOf } from '../errors.ts'
import { type IdKind, parseId, publicId, uuidAt } from '../ids.ts'

/** A page of a list in the order of its ids, newest first: a UUIDv7 is also the moment, so time needs no index of its own. */
export interface IdWindow {
  /** One more than is shown: whether there is a next page. */
  limit: number
  /** Exclusive. */
  before?: string
  /** Inclusive. */
  from?: string
}

export interface WindowQuery { limit?: number, cursor?: string, created_from?: string, created_to?: string }

export function idWindow (kind: IdKind, query: WindowQuery): IdWindow {
  const cursor = query.cursor === undefined ? undefined : parseId(kind, query.cursor)
  if (query.cursor !== undefined && cursor === undefined) throw invalidField('cursor', 'is not a cursor of this list')
  const from = query.created_from === undefined ? undefined : uuidAt(since1970(momentOf('created_from', query.created_from)))
  const to = query.created_to === undefined ? undefined : uuidAt(since1970(momentOf('created_to', query.created_to), 1))
  const before = [cursor, to].filter(id => id !== undefined).sort()[0]
  return { limit: (query.limit ?? 20) + 1, ...(before !== undefined && { before }), ...(from !== undefined && { from }) }
}

export function pageOf<Row extends { id: string }, Shown> (kind: IdKind, window: IdWindow, rows: readonly Row[], show: (row: Row) => Shown): { data: Shown[], next_cursor: string | null } {
  const page = rows.slice(0, window.limit - 1)
  return { data: page.map(show), next_cursor: rows.length > page.length ? publicId(kind, page.at(-1)!.id) : null }
}

/** Nothing is older than the first UUIDv7. */
const since1970 = (moment: Date, plusMs = 0): Date => new Date(Math.max(0, moment.getTime() + plusMs))
