import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Static } from 'typebox'
import { type Catalogues, isCatalogueName, isValid, openCatalogues } from '../fiscal/catalogues/catalogues.ts'
import { type CatalogueName, type Entry, titles } from '../fiscal/catalogues/entries.ts'
import type { CatalogueList, CatalogueQuery, CatalogueView } from './schema.ts'
import { type AnyCatalogue, findTable, tables } from './tables.ts'

const opened = new Map<string, Catalogues>()

/** The SAT's catalogues of the project and those that the operator imported into the data folder; read once for the life of the process. */
export function cataloguesOf (dataDir: string): Catalogues {
  let known = opened.get(dataDir)
  if (known === undefined) opened.set(dataDir, known = openCatalogues(path.join(dataDir, 'catalogues')))
  return known
}

const headOf = ({ name, title, source, edition }: AnyCatalogue) => ({ object: 'catalogue' as const, name, title, source, edition })

export function listCatalogues (catalogues: Catalogues): Static<typeof CatalogueList> {
  const mexican = Object.keys(titles).flatMap(name => catalogues.get(name as CatalogueName) ?? [])
  return { data: [...mexican, ...tables].map(catalogue => ({ ...headOf(catalogue), entries: catalogue.entries.length })), next_cursor: null }
}

/** Undefined for a name that is none; `missing` for a large one that nobody imported. */
export function findCatalogue (catalogues: Catalogues, name: string): AnyCatalogue | 'missing' | undefined {
  return isCatalogueName(name) ? catalogues.get(name) ?? 'missing' : findTable(name)
}

/** Of a Mexican catalogue days before CFDI 4.0 count as its first; of the others a day is a day. */
const isValidIn = ({ name }: AnyCatalogue, entry: Entry, on: string): boolean =>
  isCatalogueName(name) ? isValid(entry, on) : (entry.valid_from === null || entry.valid_from <= on) && (entry.valid_to === null || on <= entry.valid_to)

/** Entries in the order of the authority; a cursor is where the next page begins. */
export function viewCatalogue (catalogue: AnyCatalogue, { on, search, limit = 3000, cursor = '0' }: Static<typeof CatalogueQuery>): Static<typeof CatalogueView> {
  const words = search === undefined ? [] : plain(search).split(' ').filter(word => word !== '')
  const start = Number(cursor)
  const texts = words.length === 0 ? undefined : searchable(catalogue)
  const data: Entry[] = []
  let next: string | null = null
  for (let index = start; index < catalogue.entries.length; index++) {
    const entry = catalogue.entries[index]!
    if (on !== undefined && !isValidIn(catalogue, entry, on)) continue
    if (texts !== undefined && !(plain(entry.code).startsWith(words.join(' ')) || words.every(word => texts[index]!.includes(word)))) continue
    if (data.length === limit) {
      next = String(index)
      break
    }
    data.push(entry)
  }
  return { ...headOf(catalogue), data, next_cursor: next }
}

const texts = new WeakMap<AnyCatalogue, string[]>()

function searchable (catalogue: AnyCatalogue): string[] {
  let known = texts.get(catalogue)
  if (known === undefined) texts.set(catalogue, known = catalogue.entries.map(({ text }) => plain(text)))
  return known
}

function plain (text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

const fingerprints = new WeakMap<AnyCatalogue, string>()

/** Of this catalogue and this question: the same until either changes. */
export function etagOf (catalogue: AnyCatalogue, query: Static<typeof CatalogueQuery>): string {
  let print = fingerprints.get(catalogue)
  if (print === undefined) fingerprints.set(catalogue, print = createHash('sha256').update(JSON.stringify(catalogue)).digest('base64url'))
  const { on, search, limit, cursor } = query
  return `"${createHash('sha256').update(JSON.stringify([print, on, search, limit, cursor])).digest('base64url').slice(0, 22)}"`
}
