import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Static } from 'typebox'
import { type Catalogue, type Catalogues, isCatalogueName, isValid, openCatalogues } from '../fiscal/catalogues/catalogues.ts'
import { type CatalogueName, titles } from '../fiscal/catalogues/entries.ts'
import type { CatalogueList, CatalogueQuery, CatalogueView } from './schema.ts'

const opened = new Map<string, Catalogues>()

/** The project's catalogues and those that the operator imported into the data folder; read once for the life of the process. */
export function cataloguesOf (dataDir: string): Catalogues {
  let known = opened.get(dataDir)
  if (known === undefined) opened.set(dataDir, known = openCatalogues(path.join(dataDir, 'catalogues')))
  return known
}

const headOf = ({ name, title, source, edition }: Catalogue) => ({ object: 'catalogue' as const, name, title, source, edition })

export function listCatalogues (catalogues: Catalogues): Static<typeof CatalogueList> {
  const data = Object.keys(titles).flatMap(name => {
    const catalogue = catalogues.get(name as CatalogueName)
    return catalogue === undefined ? [] : [{ ...headOf(catalogue), entries: catalogue.entries.length }]
  })
  return { data, next_cursor: null }
}

/** Undefined for a name that is none; `missing` for a large one that nobody imported. */
export function findCatalogue (catalogues: Catalogues, name: string): Catalogue | 'missing' | undefined {
  return isCatalogueName(name) ? catalogues.get(name) ?? 'missing' : undefined
}

/** Entries in the order of the authority; a cursor is where the next page begins. */
export function viewCatalogue (catalogue: Catalogue, { on, search, limit = 3000, cursor = '0' }: Static<typeof CatalogueQuery>): Static<typeof CatalogueView> {
  const words = search === undefined ? [] : plain(search).split(' ').filter(word => word !== '')
  const start = Number(cursor)
  const texts = words.length === 0 ? undefined : searchable(catalogue)
  const data: Catalogue['entries'][number][] = []
  let next: string | null = null
  for (let index = start; index < catalogue.entries.length; index++) {
    const entry = catalogue.entries[index]!
    if (on !== undefined && !isValid(entry, on)) continue
    if (texts !== undefined && !(plain(entry.code).startsWith(words.join(' ')) || words.every(word => texts[index]!.includes(word)))) continue
    if (data.length === limit) {
      next = String(index)
      break
    }
    data.push(entry)
  }
  return { ...headOf(catalogue), data, next_cursor: next }
}

const texts = new WeakMap<Catalogue, string[]>()

function searchable (catalogue: Catalogue): string[] {
  let known = texts.get(catalogue)
  if (known === undefined) texts.set(catalogue, known = catalogue.entries.map(({ text }) => plain(text)))
  return known
}

function plain (text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

const fingerprints = new WeakMap<Catalogue, string>()

/** Of this catalogue and this question: the same until either changes. */
export function etagOf (catalogue: Catalogue, query: Static<typeof CatalogueQuery>): string {
  let print = fingerprints.get(catalogue)
  if (print === undefined) fingerprints.set(catalogue, print = createHash('sha256').update(JSON.stringify(catalogue)).digest('base64url'))
  const { on, search, limit, cursor } = query
  return `"${createHash('sha256').update(JSON.stringify([print, on, search, limit, cursor])).digest('base64url').slice(0, 22)}"`
}
