import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Something that a program written against the contract before would trip over. */
export interface Breaking {
  /** `POST /v1/payments` and the field, or the schema and the field: `Payment.status`. What CHANGELOG.md has to name. */
  where: string
  what: string
}

type Json = Record<string, any>

/** `in`: what a caller sends must still be taken. `out`: what a caller reads must still be there. */
type Direction = 'in' | 'out'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

/** What of `before` does not hold any more in `after`: two OpenAPI 3.1 documents. New things break nobody. */
export function breakingChanges (before: Json, after: Json): Breaking[] {
  const found = new Map<string, Breaking>()
  const compare = comparer(before, after, (where, what) => found.set(`${where} ${what}`, { where, what }))
  for (const [route, item] of Object.entries<Json>(before.paths ?? {})) {
    for (const method of methods) {
      const old = item[method] as Json | undefined
      if (old === undefined) continue
      const name = `${method.toUpperCase()} ${route}`
      const now = after.paths?.[route]?.[method] as Json | undefined
      if (now === undefined) compare.tell(name, 'is gone')
      else compare.operation(name, old, now)
    }
  }
  for (const [type, item] of Object.entries<Json>(before.webhooks ?? {})) {
    const now = after.webhooks?.[type]?.post as Json | undefined
    if (now === undefined) compare.tell(type, 'is not sent any more')
    else compare.content(type, item.post.requestBody, now.requestBody, 'out')
  }
  return [...found.values()].sort((one, other) => one.where < other.where ? -1 : one.where > other.where ? 1 : one.what < other.what ? -1 : 1)
}

function comparer (before: Json, after: Json, tell: (where: string, what: string) => void) {
  const open = new Set<string>()
  const deref = (document: Json, node: Json): { node: Json, name: string | undefined } => {
    let name: string | undefined
    for (let hops = 0; typeof node?.$ref === 'string' && hops < 20; hops++) {
      const parts = node.$ref.split('/').slice(1)
      name = parts[1] === 'schemas' ? parts.at(-1) : name
      node = parts.reduce((place: Json, part: string) => place?.[part], document) ?? {}
    }
    return { node: node ?? {}, name }
  }

  function operation (name: string, old: Json, now: Json): void {
    parameters(name, old, now)
    if (Array.isArray(old.security) && old.security.length === 0 && !(Array.isArray(now.security) && now.security.length === 0)) tell(name, 'needs a credential now')
    if (old.requestBody !== undefined) {
      if (now.requestBody === undefined) tell(`${name} body`, 'is not taken any more')
      else content(`${name} body`, old.requestBody, now.requestBody, 'in')
    }
    if (deref(after, now.requestBody).node.required === true && deref(before, old.requestBody).node.required !== true) tell(`${name} body`, 'is required now')
    for (const [status, answer] of Object.entries<Json>(old.responses ?? {})) {
      if (!/^2/.test(status)) continue
      const next = now.responses?.[status] as Json | undefined
      if (next === undefined) tell(name, `does not answer ${status} any more`)
      else content(name, answer, next, 'out')
    }
  }

  function parameters (name: string, old: Json, now: Json): void {
    const listed = (document: Json, { parameters = [] }: Json) => new Map<string, Json>(parameters.map((one: Json) => deref(document, one).node).map((one: Json) => [`${one.in} ${one.name}`, one]))
    const [was, is] = [listed(before, old), listed(after, now)]
    for (const [key, parameter] of was) {
      const next = is.get(key)
      if (next === undefined) tell(`${name} ${parameter.name}`, 'is not taken any more')
      else {
        if (next.required === true && parameter.required !== true) tell(`${name} ${parameter.name}`, 'is required now')
        schema(`${name} ${parameter.name}`, parameter.schema ?? {}, next.schema ?? {}, 'in')
      }
    }
    for (const [key, parameter] of is) if (!was.has(key) && parameter.required === true) tell(`${name} ${parameter.name}`, 'is new and required')
  }

  function content (where: string, old: Json, now: Json, direction: Direction): void {
    const [was, is] = [deref(before, old).node.content ?? {}, deref(after, now).node.content ?? {}]
    for (const [type, media] of Object.entries<Json>(was)) {
      if (is[type] === undefined) tell(where, `${direction === 'in' ? 'is not taken' : 'is not given'} as ${type} any more`)
      else schema(where, media.schema ?? {}, is[type].schema ?? {}, direction)
    }
  }

  /** Whatever stands in `anyOf` and `oneOf`, less null. */
  function variants (document: Json, node: Json): { nullable: boolean, of: Json[] } {
    const { node: plain } = deref(document, node)
    const union = plain.anyOf ?? plain.oneOf
    if (Array.isArray(union)) {
      const each = union.map((one: Json) => variants(document, one))
      return { nullable: each.some(one => one.nullable), of: each.flatMap(one => one.of) }
    }
    if (plain.type === 'null') return { nullable: true, of: [] }
    if (Array.isArray(plain.type)) {
      return { nullable: plain.type.includes('null'), of: plain.type.filter((type: string) => type !== 'null').map((type: string) => ({ ...plain, type })) }
    }
    return { nullable: false, of: [node] }
  }

  function schema (where: string, old: Json, now: Json, direction: Direction): void {
    const [was, is] = [variants(before, old), variants(after, now)]
    if (direction === 'in' && was.nullable && !is.nullable && is.of.length > 0) tell(where, 'may not be null any more')
    if (direction === 'out' && !was.nullable && is.nullable) tell(where, 'may be null now')
    const [from, to] = direction === 'in' ? [was.of, is.of] : [is.of, was.of]
    for (const one of from) {
      const tries = to.map(other => attempt(() => direction === 'in' ? single(where, one, other, direction) : single(where, other, one, direction)))
      const best = tries.toSorted((a, b) => a.length - b.length)[0]
      if (best === undefined) {
        if (to.length > 0 || from.length > 0) tell(where, direction === 'in' ? 'has lost a form that was taken' : 'has a form that was never given')
      } else for (const [place, what] of best) tell(place, what)
    }
  }

  /** What would be told, without telling it. */
  function attempt (work: () => void): [string, string][] {
    const kept: [string, string][] = []
    const outer = tell
    tell = (where, what) => { kept.push([where, what]) }
    try {
      work()
    } finally {
      tell = outer
    }
    return kept
  }

  function single (where: string, old: Json, now: Json, direction: Direction): void {
    const [{ node: was, name: before_ }, { node: is, name }] = [deref(before, old), deref(after, now)]
    const place = name !== undefined && name === before_ ? name : where
    const pair = `${direction} ${before_ ?? ''} ${name ?? ''}`
    if (before_ !== undefined && name !== undefined) {
      if (open.has(pair)) return
      open.add(pair)
    }
    try {
      const types = direction === 'in' ? [was.type, is.type] : [is.type, was.type]
      if (is.type !== undefined && was.type !== undefined && types[0] !== types[1] && !(types[0] === 'integer' && types[1] === 'number')) return tell(place, `was ${was.type} and is ${is.type}`)
      if (direction === 'in') narrowed(place, was, is)
      if (was.properties !== undefined || is.properties !== undefined) properties(place, was, is, direction)
      if (was.items !== undefined && is.items !== undefined) schema(`${place}[]`, was.items, is.items, direction)
      const [values, more] = [valuesOf(was), valuesOf(is)]
      if (values !== undefined && more !== undefined) schema(`${place}.*`, values, more, direction)
    } finally {
      if (before_ !== undefined && name !== undefined) open.delete(pair)
    }
  }

  function narrowed (place: string, was: Json, is: Json): void {
    const [had, has] = [choicesOf(was), choicesOf(is)]
    if (has !== undefined && had === undefined && was.type !== undefined) tell(place, `takes only ${has.join(', ')} now`)
    if (had !== undefined && has !== undefined) for (const value of had) if (!has.includes(value)) tell(place, `does not take ${JSON.stringify(value)} any more`)
    for (const key of ['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties']) if (is[key] !== undefined && (was[key] === undefined || is[key] < was[key])) tell(place, `${key} is ${is[key]} now`)
    for (const key of ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties']) if (is[key] !== undefined && is[key] > (was[key] ?? (/Length|Items|Properties/.test(key) ? 0 : -Infinity))) tell(place, `${key} is ${is[key]} now`)
    for (const key of ['pattern', 'format']) if (is[key] !== undefined && is[key] !== was[key]) tell(place, `${key} is ${is[key]} now`)
    if (is.additionalProperties === false && was.additionalProperties !== false && was.properties !== undefined) tell(place, 'takes no other fields any more')
  }

  function properties (place: string, was: Json, is: Json, direction: Direction): void {
    const [had, has] = [was.properties as Json ?? {}, is.properties as Json ?? {}]
    const [needed, needs] = [new Set<string>(was.required ?? []), new Set<string>(is.required ?? [])]
    for (const [name, old] of Object.entries<Json>(had)) {
      const next = has[name] as Json | undefined
      if (next === undefined) {
        if (direction === 'out') tell(`${place}.${name}`, 'is gone')
        else if (is.additionalProperties === false) tell(`${place}.${name}`, 'is not taken any more')
        continue
      }
      if (direction === 'out' && needed.has(name) && !needs.has(name)) tell(`${place}.${name}`, 'may be absent now')
      schema(`${place}.${name}`, old, next, direction)
    }
    if (direction === 'in') for (const name of needs) if (!needed.has(name)) tell(`${place}.${name}`, had[name] === undefined ? 'is new and required' : 'is required now')
  }

  return { operation, content, tell: (where: string, what: string) => { tell(where, what) } }
}

const choicesOf = (schema: Json): unknown[] | undefined => schema.enum ?? (schema.const === undefined ? undefined : [schema.const])

/** Of a record: what its values are. */
function valuesOf (schema: Json): Json | undefined {
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties
  const patterns = Object.values<Json>(schema.patternProperties ?? {})
  return patterns.length === 1 ? patterns[0] : undefined
}

/** What the Unreleased part of the changelog names as breaking. */
export function namedBreaking (changelog: string): string[] {
  const unreleased = /^## \[Unreleased\]\s*$([\s\S]*?)(?=^## \[|$(?![\s\S]))/m.exec(changelog)?.[1] ?? ''
  return unreleased.split('\n').filter(line => /^\s*[-*]\s+\**breaking\b/i.test(line))
}

/** Those of which no such line says where: the whole place in backticks, or the route or schema that it is part of. */
export function unnamed (changes: readonly Breaking[], lines: readonly string[]): Breaking[] {
  const places = new Set(lines.flatMap(line => [...line.matchAll(/`([^`]+)`/g)].map(([, place]) => place)))
  return changes.filter(({ where }) => !places.has(where) && !places.has(wholeOf(where)))
}

/** `Payment` of `Payment.status`, `POST /v1/payments` of `POST /v1/payments body.amount`. */
export function wholeOf (where: string): string {
  const [, route] = /^([A-Z]+ \S+)/.exec(where) ?? []
  return route ?? where.split(/[.[]/)[0]!
}

/** The contract alone: no words, no examples. */
export function contractOf (document: Json): Json {
  const words = new Set(['description', 'summary', 'example', 'examples', 'externalDocs', 'tags', 'info', 'servers'])
  const strip = (node: any, inProperties = false): any => {
    if (Array.isArray(node)) return node.map(item => strip(item))
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).filter(([key]) => inProperties || !words.has(key)).map(([key, value]) => [key, strip(value, key === 'properties' || key === 'responses' || key === 'schemas')]))
  }
  const { paths, webhooks, components } = strip(document)
  return { openapi: document.openapi, paths, webhooks, components }
}

if (import.meta.main) {
  const root = path.join(import.meta.dirname, '..')
  const baseline = path.join(root, 'docs/openapi.baseline.json')
  const current = JSON.parse(readFileSync(path.join(root, 'docs/openapi.json'), 'utf8')) as Json
  if (process.argv.includes('--release')) {
    writeFileSync(baseline, `${JSON.stringify(contractOf(current))}\n`)
    console.log('docs/openapi.baseline.json is the contract of now: what breaks from here on must be named in CHANGELOG.md')
  } else if (!existsSync(baseline)) {
    console.error('docs/openapi.baseline.json is missing: node scripts/openapi-breaking.ts --release')
    process.exitCode = 1
  } else {
    const changes = breakingChanges(JSON.parse(readFileSync(baseline, 'utf8')) as Json, contractOf(current))
    const silent = unnamed(changes, namedBreaking(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8')))
    for (const { where, what } of silent) console.error(`\`${where}\` ${what}: a line of CHANGELOG.md's Unreleased that begins with **breaking** must name it`)
    if (silent.length > 0) process.exitCode = 1
  }
}
