import { Refusal } from './config-kinds.ts'
import type { Kind } from './config-kinds.ts'
import { nearest } from './config-nearest.ts'
import { familyId, familySuffix, variables } from './config-table.ts'
import type { Variable } from './config-table.ts'

type Table = typeof variables
type Value<V> = V extends { kind: Kind<infer T> } ? V extends { default: string } | { defaultFrom: object } ? T : T | undefined : never
type FamilyValue<V> = V extends { kind: Kind<infer T> } ? Readonly<Record<string, T>> : never
type Capitalized<S extends string> = S extends `${infer Word}_${infer Rest}` ? `${Capitalize<Lowercase<Word>>}${Capitalized<Rest>}` : Capitalize<Lowercase<S>>

/** `PASARELA_DATA_DIR` → `dataDir`, `PASARELA_PROVIDER_URL_<ID>` → `providerUrls`. */
export type KeyOf<Name extends string> =
  Name extends `PASARELA_${infer Rest}` ? KeyOf<Rest>
    : Name extends `${infer Family}_<ID>` ? `${Uncapitalize<Capitalized<Family>>}s`
      : Uncapitalize<Capitalized<Name>>

/**
 * What the environment says, read and checked. A family such as `PASARELA_PROVIDER_URL_<ID>` is a map by id in lower case with its
 * underscores: `PASARELA_PROVIDER_URL_BANK_TRANSFER` is `providerUrls.bank_transfer`. Times are in milliseconds.
 */
export type Config = {
  readonly [Name in keyof Table as KeyOf<Name>]: Name extends `${string}_<ID>` ? FamilyValue<Table[Name]> : Value<Table[Name]>
}

export interface ConfigProblem {
  readonly name: string
  /** What is wrong and what is expected; holds no secret. */
  readonly message: string
}

/** Everything that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor (problems: readonly ConfigProblem[]) {
    super(['The configuration is not usable:', ...problems.map(({ name, message }) => `  ${name}: ${message}`)].join('\n'))
    this.problems = problems
  }
}

const prefix = 'PASARELA_'
const table = new Map<string, Variable>(Object.entries(variables))

/** An empty variable counts as absent. Throws a ConfigError that lists every problem. */
export function loadConfig (env: Readonly<Record<string, string | undefined>>): Config {
  const given = new Map(Object.entries(env).flatMap(([name, value]) => value?.trim() ? [[name, value.trim()] as const] : []))
  const problems: ConfigProblem[] = []

  function read (name: string, variable: Variable, text: string): unknown {
    try {
      return Object.freeze(variable.kind.read(text))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push({ name, message: `${quote(variable, text)} ${error.message}; expected ${variable.kind.expected}` })
    }
  }

  const entries = [...table].map(([name, variable]) => {
    if (isFamily(name)) return [keyOf(name), Object.freeze(Object.fromEntries(members(name, given.keys()).map(([full, id]) => [id, read(full, variable, given.get(full)!)])))]
    const text = given.get(name) ?? variable.default ?? variable.defaultFrom?.of(other => given.has(other))
    return [keyOf(name), text === undefined ? undefined : read(name, variable, text)]
  })
  problems.push(...[...given.keys()].filter(isMistyped).map(name => ({ name, message: `is not a variable of the hub; did you mean ${suggestion(name)}?` })))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(Object.fromEntries(entries)) as Config
}

/** One line a variable, for the start of the log. Of a secret it says only whether it is set. */
export function describeConfig (config: Config): string[] {
  const values = config as Readonly<Record<string, unknown>>
  return [...table].flatMap(([name, variable]) => {
    const value = values[keyOf(name)]
    if (!isFamily(name)) return [`${name}: ${shown(variable, value)}`]
    return Object.entries(value as object).map(([id, member]) => `${name.replace('<ID>', id.toUpperCase())}: ${shown(variable, member)}`)
  })
}

/** The key in `Config`: the same rule as the type `KeyOf`. */
export function keyOf (name: string): string {
  const bare = (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase()
  const plural = bare.endsWith('_<id>') ? bare.replace('_<id>', 's') : bare
  return plural.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

export function isFamily (name: string): boolean {
  return name.endsWith(familySuffix)
}

/** The given names that belong to a family, with their ids. */
function members (family: string, names: Iterable<string>): Array<[name: string, id: string]> {
  const stem = family.slice(0, -'<ID>'.length)
  return [...names].flatMap(name => {
    const id = name.startsWith(stem) ? name.slice(stem.length) : ''
    return familyId.test(id) ? [[name, id.toLowerCase()] as [string, string]] : []
  })
}

/** Only names that carry our prefix can be told from somebody else's. */
function isMistyped (name: string): boolean {
  if (!name.toUpperCase().startsWith(prefix) || table.has(name)) return false
  return ![...table.keys()].some(known => isFamily(known) && members(known, [name]).length > 0)
}

/** With a family, the part of the name that may be anything is not held against it. */
function suggestion (name: string): string {
  const bare = (text: string) => text.toUpperCase().replace(prefix, '')
  return nearest(bare(name), [...table.keys()].map(known => {
    const stem = bare(known).replace('<ID>', '')
    return { name: known, text: isFamily(known) && bare(name).length > stem.length ? stem + bare(name).slice(stem.length) : stem }
  }))
}

/** Neither a secret nor a URL, which may hold a password, is repeated. */
function quote (variable: Variable, text: string): string {
  if (variable.secret || text.includes('://') || text.includes('@')) return 'the value'
  return JSON.stringify(text.length > 24 ? text.slice(0, 24) + '…' : text)
}

function shown (variable: Variable, value: unknown): string {
  if (value === undefined) return 'not set'
  if (variable.secret) return 'set'
  const show = variable.kind.show ?? String
  const isDefault = variable.default !== undefined && show(variable.kind.read(variable.default)) === show(value)
  return show(value) + (isDefault ? ' (default)' : '')
}
