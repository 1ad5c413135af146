import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { compilerOf, jsonOf, schemaAt } from './openapi-validate.ts'
import { sampleOf } from './openapi-sample.ts'
import type { Recorded } from './record-answers.ts'

/** What plugins/openapi.ts shows: by the name of a schema, and by operation where its shape has no name. */
export interface Examples {
  schemas: Record<string, unknown>
  bodies: Record<string, unknown>
  answers: Record<string, Record<string, unknown>>
}

type Json = Record<string, any>

/** Of what was recorded, for every schema and operation, the one that says most and is as the document says. What was kept before and is still valid stays where nothing new is found. */
export function chooseExamples (document: Json, recorded: readonly Recorded[], before: Examples): Examples {
  const isValid = compilerOf(document)
  const best = new Map<string, { value: unknown, score: number }>()
  const offer = (key: string, schema: Json, value: unknown): void => {
    if (value === undefined || !isValid(schema, value)) return
    const score = richness(value)
    if (score > (best.get(key)?.score ?? -1)) best.set(key, { value, score })
  }
  const cleaner = createCleaner()
  const seen = recorded.map(row => ({ ...row, operation: document.paths[row.url.replace(/:(\w+)/g, '{$1}')]?.[row.method.toLowerCase()] as Json | undefined }))
    .filter(({ operation }) => operation !== undefined)
  for (const { operation, status, body, answer } of seen) {
    const id = operation!.operationId as string
    const taken = jsonOf(operation!.requestBody)
    if (status < 300 && body !== undefined && taken !== undefined) {
      const value = cleaner(body)
      offer(`bodies ${id}`, taken, value)
    }
    const given = jsonOf(operation!.responses[String(status)])
    if (status >= 300 || answer === undefined || given === undefined) continue
    const value = cleaner(answer)
    offer(`answers ${id} ${status}`, given, shortened(value))
    for (const { name, found } of namedParts(document, given, value)) offer(`schemas ${name}`, { $ref: `#/components/schemas/${name}` }, found)
  }
  const of = (kind: string): [string, unknown][] => [...best].filter(([key]) => key.startsWith(`${kind} `)).map(([key, { value }]) => [key.slice(kind.length + 1), value])
  const kept = <T>(old: Record<string, T>, fresh: [string, T][], isStill: (key: string, value: T) => boolean): Record<string, T> =>
    Object.fromEntries([...Object.entries(old).filter(([key, value]) => isStill(key, value)), ...fresh].sort(([a], [b]) => a < b ? -1 : 1))

  const operations = new Map<string, Json>(Object.values<Json>(document.paths).flatMap(item => Object.values<Json>(item)).map(operation => [operation.operationId, operation]))
  const schemas = kept(before.schemas, of('schemas'), (name, value) => document.components.schemas[name] !== undefined && isValid({ $ref: `#/components/schemas/${name}` }, value))
  const bodies = kept(before.bodies, of('bodies'), (id, value) => jsonOf(operations.get(id)?.requestBody) !== undefined && isValid(jsonOf(operations.get(id)?.requestBody)!, value))
  const flat = kept(Object.fromEntries(Object.entries(before.answers).flatMap(([id, each]) => Object.entries(each).map(([status, value]) => [`${id} ${status}`, value]))), of('answers'), (key, value) => {
    const [id = '', status = ''] = key.split(' ')
    const schema = jsonOf(operations.get(id)?.responses[status])
    return schema !== undefined && isValid(schema, value)
  })
  const answers: Examples['answers'] = {}
  for (const [key, value] of Object.entries(flat)) {
    const [id = '', status = ''] = key.split(' ')
    // What has a name, or is a page of what has one, is shown by that.
    if (nameOf(jsonOf(operations.get(id)?.responses[status])) !== undefined) continue
    answers[id] = { ...answers[id], [status]: value }
  }
  fill(document, operations, isValid, { schemas, bodies, answers })
  return { schemas, bodies, answers }
}

/** What nobody recorded is made up, as far as what comes out is as the document says. The next recording replaces it. */
function fill (document: Json, operations: ReadonlyMap<string, Json>, isValid: (schema: Json, value: unknown) => boolean, { schemas, bodies, answers }: Examples): void {
  const made = (schema: Json): unknown => {
    const value = sampleOf(document, schema)
    return isValid(schema, value) ? value : undefined
  }
  for (const [id, operation] of operations) {
    const body = jsonOf(operation.requestBody)
    if (body !== undefined && bodies[id] === undefined) bodies[id] = made(body)
    for (const [status, answer] of Object.entries<Json>(operation.responses)) {
      const schema = jsonOf(answer)
      if (!/^2/.test(status) || schema === undefined) continue
      const name = nameOf(schema)
      if (name !== undefined) schemas[name] ??= made({ $ref: `#/components/schemas/${name}` })
      else if (answers[id]?.[status] === undefined) answers[id] = { ...answers[id], [status]: made(schema) }
    }
  }
}

/** The schema's name, or that of the items of a page that holds nothing else. */
export function nameOf (schema: Json | undefined): string | undefined {
  const page = schema?.properties?.next_cursor !== undefined && Object.keys(schema.properties).length === 2
  const ref = schema?.$ref ?? (page ? schema.properties.data?.items?.$ref : undefined)
  return typeof ref === 'string' ? ref.split('/').at(-1) : undefined
}

/** Whatever of the answer has a schema with a name: the whole, the items of a list, and what lies within. */
function * namedParts (document: Json, schema: Json, value: unknown): Generator<{ name: string, found: unknown }> {
  if (schema.$ref !== undefined) yield { name: schema.$ref.split('/').at(-1), found: value }
  const plain = schemaAt(document, schema)
  for (const one of [...plain.anyOf ?? [], ...plain.oneOf ?? []]) if (value !== null) yield * namedParts(document, one, value)
  if (Array.isArray(value) && plain.items !== undefined) for (const item of value.slice(0, 20)) yield * namedParts(document, plain.items, item)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, child] of Object.entries<Json>(plain.properties ?? {})) if (name in value) yield * namedParts(document, child, (value as Json)[name])
  }
}

/** How much there is to see; of two, the one that is not needlessly long. */
function richness (value: unknown): number {
  const text = JSON.stringify(value)
  const filled = (one: unknown): number => {
    if (typeof one !== 'object' || one === null) return one === null || one === '' || one === false || one === 0 ? 0 : 1
    return (Array.isArray(one) ? one.slice(0, 2) : Object.values(one)).reduce<number>((sum, item) => sum + filled(item), 0)
  }
  return text.length > 12_000 ? -1 : filled(value) - text.length / 400
}

/** Lists of many alike are shown by their first. */
function shortened (value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 2).map(shortened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, shortened(child)]))
}

const fillers = /^(password|current_password|code|client_secret|verify_token|csrf_token|secret|token|key|hook_token)$/

/** Ids become others, hosts examples, and what is a secret, or looks like one, becomes dots: even one that was only ever good in a test. */
function createCleaner (): (json: string) => unknown {
  const ids = new Map<string, string>()
  const digits = (text: string): string => createHash('sha256').update(text).digest('hex')
  const idFor = (id: string, prefix: string): string => {
    if (!ids.has(id)) ids.set(id, `${prefix}_01a1ff9b0c547${digits(`a${ids.size}`).slice(0, 3)}8${digits(`b${ids.size}`).slice(0, 15)}`)
    return ids.get(id)!
  }
  return json => {
    const text = json
      .replace(/\b([a-z]{2,3})_[0-9a-f]{32}\b/g, (id, prefix: string) => idFor(id, prefix))
      .replace(/https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?/g, 'https://pasarela.example.com')
      .replace(/([\w-]+)\.test\b/g, '$1.example.com')
      .replace(/(\/(?:hooks|autofactura)\/)[\w.-]{20,}/g, '$1…')
      .replace(/\b(pas_(?:test|live)_|sk_test_|sk_live_|whsec_|APP_USR-|TEST-|key_)(?![0-9a-f]{32}\b)[\w-]{8,}/g, '$1…')
    const hide = (value: unknown, name = ''): unknown => {
      if (typeof value === 'string') {
        if (fillers.test(name) && value.length > 12 && !/^(pm_card|tok_|src_)/.test(value)) return '…'
        return value.length > 400 ? `${value.slice(0, 60)}…` : value
      }
      if (Array.isArray(value)) return value.map(item => hide(item, name))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, key === 'credentials' && typeof child === 'object' && child !== null && !Array.isArray(child) ? Object.fromEntries(Object.keys(child).map(one => [one, '…'])) : hide(child, key)]))
    }
    return hide(JSON.parse(text))
  }
}

if (import.meta.main) {
  const root = path.join(import.meta.dirname, '..')
  // Without a recording only what is missing is made up.
  const folder = process.argv[2]
  const target = path.join(root, 'plugins/openapi-examples.json')
  const recorded = (folder === undefined ? [] : readdirSync(folder)).filter(name => name.endsWith('.jsonl')).sort().flatMap(name => readFileSync(path.join(folder!, name), 'utf8').split('\n').flatMap(line => {
    try {
      return [JSON.parse(line) as Recorded]
    } catch {
      return [] // a process was killed while it wrote
    }
  })).filter(({ url }) => typeof url === 'string')
  const document = JSON.parse(readFileSync(path.join(root, 'docs/openapi.json'), 'utf8')) as Json
  const before = JSON.parse(readFileSync(target, 'utf8')) as Examples
  const chosen = chooseExamples(document, recorded, before)
  writeFileSync(target, `${JSON.stringify(chosen, null, 1)}\n`)
  console.log(`${Object.keys(chosen.schemas).length} schemas, ${Object.keys(chosen.bodies).length} bodies, ${Object.keys(chosen.answers).length} answers. Now: npm run generate`)
}
