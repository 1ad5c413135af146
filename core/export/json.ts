import type { Table } from './table.ts'

/** `{"data": [...], "totals": [...]}` with every row, page by page; the totals come last, for they are those of the rows before them. */
export async function * jsonOf<Row> ({ pages, totals }: Table<Row>): AsyncGenerator<string> {
  yield '{"data":['
  let first = true
  for await (const page of pages) {
    for (const row of page) totals?.add(row)
    yield `${first ? '' : ','}\n${page.map(row => JSON.stringify(row)).join(',\n')}`
    first = false
  }
  yield `\n]${totals === undefined ? '' : `,"totals":${JSON.stringify(totals.lines())}`}}\n`
}
