export interface Page<Item> {
  data: Item[]
  next_cursor: string | null
}

/** Every item of a list, page after page; `pages()` for the pages themselves. Nothing is asked before it is wanted. */
export class List<Item> implements AsyncIterable<Item> {
  readonly #page: (cursor: string | undefined) => Promise<Page<Item>>

  constructor (page: (cursor: string | undefined) => Promise<Page<Item>>) {
    this.#page = page
  }

  async * pages (): AsyncGenerator<Page<Item>, void, undefined> {
    let cursor: string | undefined
    do {
      const page = await this.#page(cursor)
      yield page
      // A server that gives the same place twice would be read for ever.
      if (page.next_cursor === cursor) return
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield * page.data
  }

  /** The first of them, in one array: never more than `max`. */
  async take (max: number): Promise<Item[]> {
    const items: Item[] = []
    if (max < 1) return items
    for await (const item of this) if (items.push(item) >= max) break
    return items
  }
}
