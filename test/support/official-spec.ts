import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js'
import { parse } from 'yaml'
import type { JudgedExchange } from '../../core/adapter/simulator-server.ts'

/**
 * A provider's own OpenAPI documents as a judge of what its adapter and its simulator say to each other. They are not part of the project:
 * `$PASARELA_ORACLE_DATA/specs/…` (MANIFEST.md says where they come from); without them there is no judge.
 */
export interface OfficialSpec {
  /** What is wrong with an exchange, or undefined. */
  complaint: (exchange: Exchange) => string | undefined
  /** Whether the documents know the operation. */
  knows: (method: string, path: string) => boolean
}

export type Exchange = JudgedExchange<any, any>

type Json = Record<string, any>

export interface SpecOptions {
  /** Below `specs/`: JSON or YAML. */
  files: readonly string[]
  /** Of answers; requests are JSON. */
  mediaType?: string
  /** The schema of a refusal of a status, where the operation names none: a component. */
  error: (status: number) => string
  /** Of a refusal only its shape is judged, and that its issue is one that the operation names: what is said of an issue is nobody's contract. */
  issues?: boolean
  /** The header that makes a repetition safe: it is sent where, and only where, the operation knows it. */
  keyHeader?: string
  /** What a component leaves out of its requests, and the documentation has. Anything else that is not named is complained of. */
  alsoSent?: Readonly<Record<string, readonly string[]>>
  /** What a component requires, and the documentation does not. */
  optional?: Readonly<Record<string, readonly string[]>>
  /** In answers, what is absent is told as null. */
  nullIsAbsent?: boolean
}

const ajvOptions = { strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false, validateSchema: false } as const

export function officialSpec (options: SpecOptions, data = process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data')): OfficialSpec | undefined {
  const paths = options.files.map(file => join(data, 'specs', file))
  if (!paths.every(path => existsSync(path))) return undefined
  const documents = paths.map(path => documentJudge(documentOf(path), options))
  const of = (method: string, path: string) => documents.find(document => document.operation(method, path) !== undefined)
  return {
    knows: (method, path) => of(method, path) !== undefined,
    complaint (exchange) {
      const { method, path } = exchange
      return of(method, path)?.complaint(exchange) ?? (of(method, path) === undefined ? `${method} ${path} is not in the document` : undefined)
    }
  }
}

function documentOf (path: string): Json {
  const text = readFileSync(path, 'utf8')
  return (path.endsWith('.json') ? JSON.parse(text) : parse(text)) as Json
}

function documentJudge (doc: Json, { mediaType = 'application/json', error, issues = false, keyHeader, alsoSent = {}, optional = {}, nullIsAbsent = false }: SpecOptions) {
  const ajv = new Ajv2019(ajvOptions)
  const compiled = new Map<string, ValidateFunction>()
  const rules = (closed: boolean): Rules => ({ closed, alsoSent, optional, nullIsAbsent: nullIsAbsent && !closed })
  const componentsOf = (closed: boolean) => {
    const all = (part: boolean) => Object.fromEntries(Object.entries(doc.components.schemas as Json).map(([name, schema]) => [name, draft(schema, rules(closed), { name, part })]))
    return { schemas: all(false), parts: all(true) }
  }
  const components = new Map<boolean, Json>()
  const judge = (name: string, schema: Json, closed: boolean): ValidateFunction => {
    if (!components.has(closed)) components.set(closed, componentsOf(closed))
    const known = compiled.get(name) ?? ajv.compile({ ...draft(schema, rules(closed)), components: components.get(closed) })
    compiled.set(name, known)
    return known
  }
  /** What is named elsewhere in the document. */
  const meant = (thing: Json | undefined): Json | undefined => typeof thing?.$ref === 'string' ? thing.$ref.slice(2).split('/').reduce((inside: Json, part: string) => inside[part] as Json, doc) : thing
  const operation = (method: string, path: string): Json | undefined => (doc.paths as Json)[path]?.[method.toLowerCase()]
  /** An issue that the operation's answer of this status does not name, where it names any. */
  const unnamed = (method: string, path: string, response: Json | undefined, { details = [] }: Json): string | undefined => {
    const named = new Set<string>()
    const seen = new Set<unknown>()
    const look = (thing: unknown): void => {
      if (typeof thing !== 'object' || thing === null || seen.has(thing)) return
      seen.add(thing)
      const schema = thing as Json
      if (typeof schema.$ref === 'string') look(meant(schema))
      if (Array.isArray(schema.issue?.enum)) for (const word of schema.issue.enum) named.add(word)
      for (const inner of Object.values(schema)) look(inner)
    }
    look(response)
    const strange = named.size === 0 ? [] : details.map(({ issue }: Json) => issue).filter((issue: string) => !named.has(issue))
    return strange.length === 0 ? undefined : `${method} ${path} never refuses with ${strange.join(', ')}`
  }

  return {
    operation,
    complaint ({ method, path, body, headers, status, answer }: Exchange): string | undefined {
      const described = operation(method, path)!
      const asks = meant(described.requestBody)?.content['application/json']?.schema as Json | undefined
      // What is refused may be wrong in any way.
      if (status < 400) {
        const wrong = asks === undefined ? undefined : problems(judge(`${method} ${path} request`, asks, true), body ?? {})
        if (wrong !== undefined) return `${method} ${path} is asked with ${wrong}`
        const keyed = described.parameters?.some((parameter: Json) => meant(parameter)?.name === keyHeader) === true
        if (keyHeader !== undefined && keyed !== (headers[keyHeader.toLowerCase()] !== undefined)) return `${method} ${path} ${keyed ? 'lacks' : 'has'} an idempotency key`
      }
      const response = meant(described.responses[String(status)] ?? (status >= 400 ? described.responses['4XX'] : undefined))
      if (issues && status >= 400) return problems(judge(`error ${status}`, { $ref: `#/components/schemas/${error(status)}` }, false), answer) ?? unnamed(method, path, response, answer)
      const answers = response?.content?.[mediaType]?.schema as Json | undefined
      if (answers === undefined) {
        if (status >= 400) return problems(judge(`error ${status}`, { $ref: `#/components/schemas/${error(status)}` }, false), answer)
        return response !== undefined && answer === undefined ? undefined : `${method} ${path} never answers ${status}`
      }
      const validate = judge(`${method} ${path} ${status}`, answers, false)
      // A list is sometimes described as one of its items.
      const wrong = Array.isArray(answer) && answers.type === 'object' ? answer.map(item => problems(validate, item)).find(Boolean) : problems(validate, answer)
      return wrong === undefined ? undefined : `${method} ${path} answers ${status} with ${wrong}`
    }
  }
}

function problems (validate: ValidateFunction, value: unknown): string | undefined {
  return validate(value) === true ? undefined : validate.errors?.slice(0, 5).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`).join('; ')
}

interface Rules extends Pick<Required<SpecOptions>, 'alsoSent' | 'optional' | 'nullIsAbsent'> {
  /** A property that nobody names is refused: for what we send. */
  closed: boolean
}

/**
 * JSON Schema of OpenAPI 3.0: `nullable`, `exclusiveMinimum: true`, and a `oneOf` that a discriminator decides (its branches are so open
 * that an object fits several). `part`: of a whole, which alone may be closed.
 */
function draft (schema: unknown, rules: Rules, { name = '', part = false }: { name?: string, part?: boolean } = {}): Json {
  const inner = (value: unknown, part = false): unknown => Array.isArray(value) ? value.map(item => inner(item, part)) : typeof value === 'object' && value !== null ? draft(value, rules, { part }) : value
  const { nullable, discriminator, oneOf, anyOf, allOf, example, examples, properties, required, exclusiveMinimum, minimum, $ref, ...rest } = schema as Json
  const made: Json = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inner(value)]))
  if ($ref !== undefined) made.$ref = part ? String($ref).replace('/schemas/', '/parts/') : $ref
  if (properties !== undefined) {
    made.properties = Object.fromEntries(Object.entries(properties as Json).map(([key, value]) => [key, inner(value)]))
    if (rules.closed) for (const also of rules.alsoSent[name] ?? []) made.properties[also] = {}
  }
  if (Array.isArray(required)) made.required = required.filter(key => !(rules.optional[name] ?? []).includes(String(key)))
  if (minimum !== undefined) made[exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = minimum
  if (allOf !== undefined) made.allOf = inner(allOf, true)
  if (anyOf !== undefined) made.anyOf = inner(anyOf, part)
  if (oneOf !== undefined && discriminator?.mapping !== undefined) {
    const { propertyName, mapping } = discriminator as { propertyName: string, mapping: Record<string, string> }
    made.required = [...made.required ?? [], propertyName]
    made.properties = { ...made.properties, [propertyName]: { enum: Object.keys(mapping) } }
    made.allOf = [...made.allOf ?? [], ...Object.entries(mapping).map(([value, name]) => ({ if: { properties: { [propertyName]: { const: value } } }, then: { $ref: `#/components/schemas/${name.split('/').at(-1)}` } }))]
  } else if (oneOf !== undefined) made.anyOf = inner(oneOf, part)
  if (rules.closed && !part && (properties !== undefined || allOf !== undefined) && made.additionalProperties === undefined) made.unevaluatedProperties = false
  return nullable === true || (rules.nullIsAbsent && properties === undefined && $ref === undefined) ? { anyOf: [made, { type: 'null' }] } : made
}
