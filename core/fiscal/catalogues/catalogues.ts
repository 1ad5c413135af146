import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type All, type CatalogueName, type Entry, type Large, shapes, type Small, titles } from './entries.ts'

/** A catalogue with where its entries come from. */
export interface Catalogue<E extends Entry = Entry> {
  name: CatalogueName
  title: string
  /** What it was made from, with its version. */
  source: string
  /** Day of the edition, `AAAA-MM-DD`. */
  edition: string
  entries: readonly E[]
}

export interface Catalogues {
  /** Undefined for a large one that nobody imported. */
  get: <N extends CatalogueName>(name: N) => (N extends keyof Small ? Catalogue<All[N]> : Catalogue<All[N]> | undefined)
  /**
   * The entry of that code that is valid on that local day (`AAAA-MM-DD`). A day before CFDI 4.0 counts as its first day:
   * version 4.0 was never judged by older catalogues.
   */
  lookup: <N extends CatalogueName>(name: N, code: string, on: string) => All[N] | undefined
  /** Whether the code may be used on that day. A large catalogue that was not imported says yes to whatever has the right shape. */
  allows: (name: CatalogueName, code: string, on: string) => boolean
}

/** CFDI 4.0 entered into force: https://www.sat.gob.mx, Anexo 20 of RMF 2022. */
const firstDay = '2022-01-01'
const ours = path.join(import.meta.dirname, 'data')

/** The project's catalogues and, where `folder` has them, the large ones (`scripts/import-catalogues.ts --to`). Files are read at first use. */
export function openCatalogues (folder?: string): Catalogues {
  const read = new Map<CatalogueName, Catalogue | undefined>()
  const indexes = new Map<CatalogueName, Map<string, Entry[]>>()

  const get = (name: CatalogueName): Catalogue | undefined => {
    if (!read.has(name)) read.set(name, load(name, name in shapes ? folder : ours))
    return read.get(name)
  }
  const index = (name: CatalogueName): Map<string, Entry[]> | undefined => {
    const known = indexes.get(name)
    if (known !== undefined) return known
    const catalogue = get(name)
    if (catalogue === undefined) return undefined
    const made = Map.groupBy(catalogue.entries, ({ code }) => code)
    indexes.set(name, made)
    return made
  }
  const lookup = (name: CatalogueName, code: string, on: string): Entry | undefined => index(name)?.get(code)?.find(entry => isValid(entry, on))
  return {
    get: get as Catalogues['get'],
    lookup: lookup as Catalogues['lookup'],
    allows: (name, code, on) => get(name) === undefined ? shapes[name as keyof Large].test(code) : lookup(name, code, on) !== undefined
  }
}

/** Whether a document of that local day may use the entry. */
export function isValid ({ valid_from, valid_to }: Pick<Entry, 'valid_from' | 'valid_to'>, on: string): boolean {
  const day = on < firstDay ? firstDay : on
  return (valid_from === null || valid_from <= day) && (valid_to === null || valid_to >= day)
}

function load (name: CatalogueName, folder: string | undefined): Catalogue | undefined {
  if (folder === undefined) return undefined
  const file = path.join(folder, `${name}.json`)
  if (!existsSync(file)) return undefined
  const { source, edition, entries } = JSON.parse(readFileSync(file, 'utf8')) as Omit<Catalogue, 'name' | 'title'>
  return { name, title: titles[name], source, edition, entries }
}

/** Those that the project carries, shared by whoever needs no more. */
export const catalogues: Catalogues = openCatalogues()

export function isCatalogueName (name: string): name is CatalogueName {
  return Object.hasOwn(titles, name)
}
