/**
 * All rows of a list that goes by its ids, newest first, page by page. `read` opens and ends a transaction of its own for each
 * page: a reader that is slow holds no connection, no lock and no snapshot of the database, only one page in memory. A row's id never
 * changes, so each comes once; what is made after the first page is not seen.
 */
export async function * keysetPages<Row> (read: (before: string | undefined, limit: number) => Promise<readonly Row[]>, keyOf: (row: Row) => string, pageRows = 500): AsyncGenerator<readonly Row[]> {
  let before: string | undefined
  while (true) {
    const page = await read(before, pageRows)
    if (page.length > 0) yield page
    if (page.length < pageRows) return
    before = keyOf(page.at(-1)!)
  }
}
