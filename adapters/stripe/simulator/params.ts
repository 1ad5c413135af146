import { invalid, StripeError } from './errors.ts'

/**
 * Checks of form parameters, built once and run per request. Every refusal is Stripe's: type, code, param and sentence.
 * Source: https://docs.stripe.com/error-codes and answers quoted in public issues, read 2026-11.
 */
export type Check<T = unknown> = (value: unknown, param: string) => T
type Needed = { readonly needed: true }
type Fields = Record<string, Check>

export type Values<F extends Fields> =
  { [K in keyof F as F[K] extends Needed ? K : never]: ReturnType<F[K]> } &
  { [K in keyof F as F[K] extends Needed ? never : K]?: ReturnType<F[K]> }

export type Checked<C> = C extends Check<infer T> ? T : never

export function needed<T> (check: Check<T>): Check<T> & Needed {
  return Object.assign((value: unknown, param: string) => check(value, param), { needed: true as const })
}

/** A closed set of parameters: what is not in it is refused. */
export function object<F extends Fields> (fields: F): Check<Values<F>> {
  const names = new Map(Object.entries(fields))
  const required = [...names].filter(([, check]) => 'needed' in check).map(([name]) => name)
  return (value, param) => {
    const given = hash(value, param)
    const result: Record<string, unknown> = {}
    for (const name in given) {
      if (!names.has(name)) throw unknown(Object.keys(given).filter(key => !names.has(key)).map(key => child(param, key)))
    }
    for (const name of required) {
      if (given[name] === undefined) throw invalid(`Missing required param: ${child(param, name)}.`, { code: 'parameter_missing', param: child(param, name) })
    }
    for (const name in given) result[name] = names.get(name)!(given[name], child(param, name))
    return result as Values<F>
  }
}

/** Known members are judged, others are taken as they are: for hashes with one member per payment method type. */
export function openWith<F extends Fields> (fields: F): Check<Values<F> & Record<string, unknown>> {
  return (value, param) => {
    const result: Record<string, unknown> = { ...hash(value, param) }
    for (const [name, check] of Object.entries(fields)) if (result[name] !== undefined) result[name] = check(result[name], child(param, name))
    return result as Values<F> & Record<string, unknown>
  }
}

/** Parameters that the simulator takes and does not act upon. */
export const anything: Check<unknown> = value => value

/** What would change an amount in a way that the simulator does not know is refused, never ignored. */
export const notSimulated: Check<undefined> = (value, param) => {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return undefined
  throw invalid(`\`${param}\` is not simulated.`, { param })
}

/** Stripe Tax, switched off. */
export const noTax: Check<{ enabled: false }> = (value, param) => {
  if (hash(value, param).enabled === 'true') throw invalid(`\`${param}[enabled]\` is not simulated.`, { param: `${param}[enabled]` })
  return { enabled: false }
}

/** An object whose members are not looked at. */
export const openObject: Check<Record<string, unknown>> = (value, param) => hash(value, param)

export function text (rules: { max?: number } = {}): Check<string> {
  const max = rules.max ?? 5000
  return (value, param) => {
    if (typeof value !== 'string') throw invalid(`Invalid string: ${JSON.stringify(value)}`, { param })
    if (value === '') throw empty(param)
    if (value.length > max) throw invalid(`Invalid string: ${value.slice(0, 20)}...${value.slice(-4)}; must be at most ${max} characters`, { param })
    return value
  }
}

export const integer: Check<number> = (value, param) => {
  if (value === '') throw empty(param)
  if (typeof value !== 'string' || !/^[+-]?\d{1,16}$/.test(value)) {
    throw invalid(`Invalid integer: ${typeof value === 'string' ? value : JSON.stringify(value)}`, { code: 'parameter_invalid_integer', param })
  }
  return Number(value)
}

export function atLeast (minimum: number): Check<number> {
  return (value, param) => {
    const number = integer(value, param)
    if (number < minimum) throw invalid(`This value must be greater than or equal to ${minimum}.`, { code: 'parameter_invalid_integer', param })
    return number
  }
}

export function between (minimum: number, maximum: number): Check<number> {
  return (value, param) => {
    const number = atLeast(minimum)(value, param)
    if (number > maximum) throw invalid(`This value must be less than or equal to ${maximum}.`, { code: 'parameter_invalid_integer', param })
    return number
  }
}

export const boolean: Check<boolean> = (value, param) => {
  if (value === 'true') return true
  if (value === 'false') return false
  if (value === '') throw empty(param)
  throw invalid(`Invalid boolean: ${typeof value === 'string' ? value : JSON.stringify(value)}`, { param })
}

export function oneOf<const T extends string> (...values: T[]): Check<T> {
  return (value, param) => {
    if (value === '') throw empty(param)
    if (!values.includes(value as T)) {
      const last = values.length > 1 ? `${values.slice(0, -1).join(', ')}${values.length > 2 ? ',' : ''} or ${values.at(-1)}` : values[0]
      throw invalid(`Invalid ${param}: must be one of ${last}`, { param })
    }
    return value as T
  }
}

export function listOf<T> (item: Check<T>): Check<T[]> {
  return (value, param) => {
    if (value === '') return []
    const items = Array.isArray(value) ? value : isHash(value) && Object.keys(value).every(key => /^\d+$/.test(key)) ? Object.values(value) : undefined
    if (items === undefined) throw invalid('Invalid array', { param })
    return items.map((each, i) => item(each, `${param}[${i}]`))
  }
}

/** An empty string unsets the parameter. */
export function unsettable<T> (check: Check<T>): Check<T | null> {
  return (value, param) => value === '' ? null : check(value, param)
}

export function either<A, B> (isFirst: (value: unknown) => boolean, first: Check<A>, second: Check<B>): Check<A | B> {
  return (value, param) => isFirst(value) ? first(value, param) : second(value, param)
}

/** Up to 50 keys of 40 characters, values of 500. Source: https://docs.stripe.com/api/metadata, read 2026-11. */
export const metadata: Check<Record<string, string>> = (value, param) => {
  if (value === '') return {}
  const given = hash(value, param)
  const result: Record<string, string> = {}
  for (const key in given) {
    const each = given[key]
    if (typeof each !== 'string') throw invalid(`Invalid string: ${JSON.stringify(each)}`, { param: child(param, key) })
    if (key.length > 40) throw invalid(`Metadata keys can be at most 40 characters: ${key}`, { param: child(param, key) })
    if (each.length > 500) throw invalid(`Metadata values can have up to 500 characters, but you passed in a value that is ${each.length} characters. Invalid value: ${each.slice(0, 20)}...`, { param: child(param, key) })
    result[key] = each
  }
  if (Object.keys(result).length > 50) throw invalid(`Metadata can have up to 50 keys, but you passed in ${Object.keys(result).length} keys.`, { param })
  return result
}

/** New metadata over the old: an empty value removes its key, an empty `metadata` removes all. */
export function mergeMetadata (old: Record<string, string>, given: Record<string, string> | undefined): Record<string, string> {
  if (given === undefined) return old
  if (Object.keys(given).length === 0) return {}
  const merged = { ...old, ...given }
  for (const key in given) if (given[key] === '') delete merged[key]
  return merged
}

export const expand = listOf(text())

/** An absolute URL with a scheme. */
export const url: Check<string> = (value, param) => {
  const address = text()(value, param)
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) throw invalid('Invalid URL: An explicit scheme (such as https) must be provided.', { code: 'url_invalid', param })
  if (!URL.canParse(address)) throw invalid('Not a valid URL', { code: 'url_invalid', param })
  return address
}

export const email: Check<string> = (value, param) => {
  const address = text({ max: 512 })(value, param)
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) throw invalid(`Invalid email address: ${address}`, { code: 'email_invalid', param })
  return address
}

const range = object({ gt: integer, gte: integer, lt: integer, lte: integer })
export type CreatedRange = number | Checked<typeof range>
export const created: Check<CreatedRange> = either(value => typeof value === 'string', integer, range)

/** An object's address: every part may be left out or unset. */
export const address = object({
  city: unsettable(text()), country: unsettable(text()), line1: unsettable(text()), line2: unsettable(text()), postal_code: unsettable(text()), state: unsettable(text())
})

/** At most 22 characters, at least 5, a letter among them, and none of `< > \ ' " *`. Source: https://docs.stripe.com/get-started/account/statement-descriptors, read 2026-11. */
export function descriptor (least: number): Check<string> {
  return (value, param) => {
    const words = text()(value, param)
    if (words.length > 22) throw invalid('The statement descriptor must be at most 22 characters.', { param })
    if (words.length < least) throw invalid(`The statement descriptor must be at least ${least} characters.`, { param })
    if (/[<>\\'"*]/.test(words)) throw invalid("The statement descriptor must not contain any of: < > \\ ' \" *", { param })
    if (!/[A-Za-z]/.test(words)) throw invalid('The statement descriptor must contain at least one letter.', { param })
    return words
  }
}

/** Cursor and size of a list. */
export const paging = {
  limit: between(1, 100),
  starting_after: text(),
  ending_before: text(),
  expand
}

function hash (value: unknown, param: string): Record<string, unknown> {
  if (Array.isArray(value)) return { ...value } as Record<string, unknown>
  if (!isHash(value)) throw invalid('Invalid object', { param })
  return value
}

function isHash (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function child (param: string, name: string): string {
  return param === '' ? name : `${param}[${name}]`
}

function unknown (params: string[]): StripeError {
  return invalid(`Received unknown parameter${params.length > 1 ? 's' : ''}: ${params.join(', ')}`, { code: 'parameter_unknown', param: params[0] ?? '' })
}

function empty (param: string): StripeError {
  return invalid(`You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. ` +
    `You should remove '${param}' from your request or supply a non-empty value.`, { code: 'parameter_invalid_empty', param })
}
