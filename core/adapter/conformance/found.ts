import { check, same, shown } from './check.ts'

interface Thing {
  providerReference: string
  reference?: string
}

/** What is found by our reference is that thing, and a reference that was never used finds nothing. */
export async function foundAlone (find: (reference: string) => Promise<Thing | undefined>, made: Thing, references: { ours: string, unused: string }): Promise<void> {
  const found = await find(references.ours)
  same(found?.providerReference, made.providerReference, 'what is found')
  check(found?.reference === undefined || found.reference === references.ours, `it says that it is ${shown(found?.reference)}`)
  same(await find(references.unused), undefined, 'a reference that was never used')
}

/** Every page of a list. */
export async function everyPage<T> (list: (cursor: string | undefined) => Promise<{ data: T[], next?: string }>): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < 50; page++) {
    const { data, next } = await list(cursor)
    all.push(...data)
    if (next === undefined) return all
    check(next !== cursor, 'the next page is the same again')
    cursor = next
  }
  check(false, 'the list has no end')
  return all
}
