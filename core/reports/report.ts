import type { FastifyReply } from 'fastify'
import type { Access } from '../access/principal.ts'
import { idWindow, type WindowQuery } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { invalidField } from '../errors.ts'
import { keysetPages } from '../export/pages.ts'
import { type ExportQuery, isFile, sendExport } from '../export/send.ts'
import type { Column, Table, Totals } from '../export/table.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, parseAnyId, publicId, uuidOf } from '../ids.ts'
import type { ReportFilter } from './queries.ts'

export interface ReportQuery extends WindowQuery, ExportQuery { connection?: string, provider?: string, currency?: string }

/** One report: the same rows and the same totals, as pages of JSON and as files. */
export interface Report<Query extends ReportQuery, Raw extends { id: string }, Row, Line> {
  name: string
  title: { es: string, en: string }
  columns: readonly Column<Row>[]
  totalColumns: readonly Column<Line>[]
  /** Whose id a row may have, and so a cursor. */
  ids: readonly IdKind[]
  kindOf: (raw: Raw) => IdKind
  filter: (query: Query) => object
  list: (db: TenantDb, filter: ReportFilter, limit: number) => Promise<readonly Raw[]>
  show: (raw: Raw) => Row
  /** Of everything, asked of the database. */
  sum: (db: TenantDb, filter: ReportFilter) => Promise<Line[]>
  /** The same of rows that pass by. */
  gather: () => Pick<Totals<Row, Line>, 'add' | 'lines'>
}

export interface Page<Row, Line> { data: Row[], totals: Line[] | null, next_cursor: string | null }

/** A page of it with its totals; or a file with every row, which is read from the database as its reader takes it. */
export async function runReport<Query extends ReportQuery, Raw extends { id: string }, Row, Line> (
  hub: Pick<Hub, 'db' | 'now'>, access: Access, report: Report<Query, Raw, Row, Line>, query: Query, reply: FastifyReply
) {
  const { limit, before, ...rest } = windowOf(report.ids, query)
  const filter: ReportFilter = {
    mode: access.mode, ...rest, ...(before !== undefined && { before }), ...report.filter(query),
    ...(query.connection !== undefined && { connectionId: uuidOf('connection', query.connection) }),
    ...(query.provider !== undefined && { provider: query.provider }),
    ...(query.currency !== undefined && { currency: query.currency })
  }
  const read = async <T>(work: (db: TenantDb) => Promise<T>): Promise<T> => await inTenant(hub.db, access.tenantId, work, { accessMode: 'read only' })

  if (isFile(query)) {
    const pages = keysetPages(async (last, atMost) => await read(async db => await report.list(db, { ...filter, ...(last !== undefined && { before: last }) }, atMost)), raw => raw.id)
    const table: Table<Row> = { name: report.name, title: report.title, columns: report.columns, pages: shown(pages, report.show), totals: { columns: report.totalColumns, ...report.gather() } }
    return await sendExport(reply, access, query, table, { now: hub.now() })
  }
  return await read(async (db): Promise<Page<Row, Line>> => {
    const rows = await report.list(db, filter, limit)
    const page = rows.slice(0, limit - 1)
    const last = page.at(-1)
    return {
      data: page.map(report.show),
      totals: query.cursor === undefined ? await report.sum(db, filter) : null,
      next_cursor: rows.length > page.length && last !== undefined ? publicId(report.kindOf(last), last.id) : null
    }
  })
}

async function * shown<Raw, Row> (pages: AsyncIterable<readonly Raw[]>, show: (raw: Raw) => Row): AsyncGenerator<Row[]> {
  for await (const page of pages) yield page.map(show)
}

/** As `idWindow`, where rows are of several kinds. */
function windowOf (kinds: readonly IdKind[], { cursor, ...query }: ReportQuery): { limit: number, before?: string, from?: string } {
  const window = idWindow(kinds[0]!, { ...query, limit: query.limit ?? 100 })
  if (cursor === undefined) return window
  const id = parseAnyId(cursor)
  if (id === undefined || !kinds.includes(id.kind)) throw invalidField('cursor', 'is not a cursor of this list')
  const before = [id.uuid, window.before].filter(each => each !== undefined).sort()[0]!
  return { ...window, before }
}

/** Sums by a key, in the order of the keys. */
export function sumsBy<Line extends object> (empty: (key: string) => Line): { of: (key: string) => Line, lines: () => Line[] } {
  const sums = new Map<string, Line>()
  return {
    of: key => {
      const line = sums.get(key) ?? empty(key)
      sums.set(key, line)
      return line
    },
    lines: () => [...sums].sort(([a], [b]) => a < b ? -1 : 1).map(([, line]) => line)
  }
}
