import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { HubError } from '../errors.ts'
import { oneOf } from '../http-schema.ts'
import { type After, realAfter } from '../jobs/timers.ts'
import { csvOf } from './csv.ts'
import { jsonOf } from './json.ts'
import type { Table } from './table.ts'
import { xlsxOf } from './xlsx.ts'

export const formats = ['json', 'csv', 'xlsx'] as const
export type Format = typeof formats[number]

/** For the query of a route that exports. */
export const exportQuery = {
  format: Type.Optional(oneOf(formats, { default: 'json', description: '`csv` and `xlsx` are files with every row; `json` is a page, unless `download` is set.' })),
  download: Type.Optional(Type.Boolean({ description: 'With `format=json`: every row in one file, as `{data, totals}`.' }))
}
export interface ExportQuery { format?: Format, download?: boolean }

export const contentTypes = { json: 'application/json', csv: 'text/csv', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' } as const

/** The answer of a route that exports: a page of this schema, or a file. */
export const exported = <Page extends Parameters<typeof Type.Array>[0]>(page: Page, description: string) => ({
  description,
  content: {
    'application/json': { schema: page },
    'text/csv': { schema: Type.Unsafe<Readable>({ type: 'string', description: 'One line per row, after a line of names.' }) },
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { schema: Type.Unsafe<Readable>({ type: 'string', format: 'binary', description: 'A workbook: the rows, and the totals on a sheet of their own.' }) }
  }
} as const)

/** Whether the answer is a file with every row; otherwise it is a page. */
export const isFile = ({ format = 'json', download = false }: ExportQuery): boolean => format !== 'json' || download

/** So many files may one tenant read at once from one process: each holds a page of rows in memory. */
const filesAtOnce = 4
/** A reader that takes nothing for so long is cut. */
const stalledAfterMs = 60_000

const open = new WeakMap<FastifyInstance['server'], Map<string, number>>()

/** Of the request's `Access`. */
export interface Reader { tenantId: string, mode: 'test' | 'live', language: 'es' | 'en' }

export interface SendOptions { now: Date, stalledMs?: number }

/**
 * Answers with the file that the query asks for, in constant memory. What fails half-way cuts the connection, so that nobody takes
 * a part for the whole. Throws `rate_limited` when the tenant reads as many as it may already.
 */
export async function sendExport<Row> (reply: FastifyReply, access: Reader, { format = 'json' }: ExportQuery, table: Table<Row>, { now, stalledMs = stalledAfterMs }: SendOptions): Promise<Readable> {
  reply.type(format === 'xlsx' ? contentTypes.xlsx : `${contentTypes[format]}; charset=utf-8`)
    .header('content-disposition', `attachment; filename="${table.name.replace(/[^\w.-]/g, '_')}-${access.mode}-${now.toISOString().slice(0, 10)}.${format}"`)
    .header('cache-control', 'private, no-store')
  // Fastify would read the whole file to throw it away.
  if (reply.request.method === 'HEAD') return Readable.from([])
  const leave = enter(reply.server.server, access.tenantId)
  const stream = streamOf(format, table, { language: access.language, now, stalledMs })
  stream.once('close', leave)
  return stream
}

/** The file as a stream; it fails when its reader takes nothing for `stalledMs`. */
export function streamOf<Row> (format: Format, table: Table<Row>, { language, now, stalledMs, after = realAfter }: { language: 'es' | 'en', now: Date, stalledMs: number, after?: After }): Readable {
  const watch = watchReader(stalledMs, after)
  const watched = { ...table, pages: watch.pages(table.pages) }
  const stream = format === 'xlsx' ? xlsxOf(watched, { language, now }) : Readable.from(format === 'csv' ? csvOf(watched) : jsonOf(watched), { objectMode: false })
  watch.begin(stream)
  return stream
}

/** Cuts a stream whose reader does not want the next page. */
function watchReader (ms: number, after: After): { pages: <Row>(pages: AsyncIterable<readonly Row[]>) => AsyncGenerator<readonly Row[]>, begin: (stream: Readable) => void } {
  let cancel = (): void => {}
  let stream: Readable | undefined
  const rest = (): void => { cancel() }
  const wait = (): void => {
    rest()
    // Whoever ended it while a page was on its way: nobody is waited for.
    if (stream?.destroyed === true) return
    cancel = after(ms, () => { stream?.destroy(new Error('the reader of an export took nothing for too long')) })
  }
  return {
    async * pages (pages) {
      rest()
      for await (const page of pages) {
        wait()
        yield page
        rest()
      }
      // What is still on its way to the reader.
      wait()
    },
    begin: made => {
      stream = made.once('close', rest)
      wait()
    }
  }
}

function enter (server: FastifyInstance['server'], tenantId: string): () => void {
  const counts = open.get(server) ?? new Map<string, number>()
  open.set(server, counts)
  const count = counts.get(tenantId) ?? 0
  if (count >= filesAtOnce) throw new HubError('rate_limited', { retryAfterMs: 10_000 })
  counts.set(tenantId, count + 1)
  return () => {
    const left = counts.get(tenantId)! - 1
    if (left === 0) counts.delete(tenantId)
    else counts.set(tenantId, left)
  }
}
