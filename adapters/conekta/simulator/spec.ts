import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js'
import { parse } from 'yaml'
import type { Judged } from '../simulator.ts'

/**
 * Conekta's own OpenAPI document as a judge of what is said in both directions, for tests. It is not part of the project:
 * `$PASARELA_ORACLE_DATA/specs/conekta/api.yaml`; without it there is no judge.
 */
export interface Spec {
  /** What is wrong with an exchange, or undefined. */
  complaint: (exchange: Judged) => string | undefined
  /** Whether the document knows the operation. */
  knows: (method: string, path: string) => boolean
}

type Json = Record<string, any>

const mediaType = 'application/vnd.conekta-v2.3.0+json'

export function openSpec (data = process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../../shared/data')): Spec | undefined {
  const path = join(data, 'specs/conekta/api.yaml')
  if (!existsSync(path)) return undefined
  const doc = parse(readFileSync(path, 'utf8')) as Json
  const { schemas } = doc.components as { schemas: Json }
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false, validateSchema: false })
  const compiled = new Map<string, ValidateFunction>()
  const judge = (name: string, schema: Json, closed: boolean): ValidateFunction => {
    const known = compiled.get(name) ?? ajv.compile({ ...draft(schema, closed), components: { schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, draft(schema, closed)])) } })
    compiled.set(name, known)
    return known
  }
  const operation = (method: string, path: string): Json | undefined => (doc.paths as Json)[path]?.[method.toLowerCase()]

  return {
    knows: (method, path) => operation(method, path) !== undefined,
    complaint ({ method, path, body, status, answer }) {
      const described = operation(method, path)
      if (described === undefined) return `${method} ${path} is not in the document`
      const asks = described.requestBody?.content['application/json']?.schema as Json | undefined
      // What Conekta refuses may be wrong in any way.
      if (asks !== undefined && status < 400) {
        const wrong = problems(judge(`${method} ${path} request`, asks, true), body ?? {})
        if (wrong !== undefined) return `${method} ${path} is asked with ${wrong}`
      }
      const answers = (described.responses[String(status)] ?? described.responses['4XX'])?.content?.[mediaType]?.schema as Json | undefined
      if (answers === undefined) return status >= 400 ? problems(judge('error', schemas.error as Json, false), answer) : `${method} ${path} never answers ${status}`
      const wrong = problems(judge(`${method} ${path} ${status}`, answers, false), answer)
      return wrong === undefined ? undefined : `${method} ${path} answers ${status} with ${wrong}`
    }
  }
}

function problems (validate: ValidateFunction, value: unknown): string | undefined {
  return validate(value) === true ? undefined : validate.errors?.slice(0, 5).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`).join('; ')
}

/**
 * JSON Schema of OpenAPI 3.0: `nullable`, `exclusiveMinimum: true`, and a `oneOf` that a discriminator decides (its branches are so open
 * that an object fits several). `closed`: a property that the document does not name is refused, for what we send.
 */
function draft (schema: unknown, closed: boolean, inside = false): Json {
  const inner = (value: unknown, within = false): unknown => Array.isArray(value) ? value.map(item => inner(item, within)) : typeof value === 'object' && value !== null ? draft(value, closed, within) : value
  const { nullable, discriminator, oneOf, allOf, example, examples, properties, exclusiveMinimum, minimum, ...rest } = schema as Json
  const made: Json = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, inner(value)]))
  if (properties !== undefined) made.properties = Object.fromEntries(Object.entries(properties as Json).map(([name, value]) => [name, inner(value)]))
  if (minimum !== undefined) made[exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = minimum
  if (allOf !== undefined) made.allOf = inner(allOf, true)
  if (oneOf !== undefined && discriminator?.mapping !== undefined) {
    const { propertyName, mapping } = discriminator as { propertyName: string, mapping: Record<string, string> }
    made.required = [...made.required ?? [], propertyName]
    made.properties = { ...made.properties, [propertyName]: { enum: Object.keys(mapping) } }
    made.allOf = [...made.allOf ?? [], ...Object.entries(mapping).map(([value, name]) => ({ if: { properties: { [propertyName]: { const: value } } }, then: { $ref: `#/components/schemas/${name.split('/').at(-1)}` } }))]
  } else if (oneOf !== undefined) made.anyOf = inner(oneOf)
  // A part of a whole may not close it.
  if (closed && !inside && (properties !== undefined || allOf !== undefined) && made.additionalProperties === undefined) made.unevaluatedProperties = false
  return nullable === true ? { anyOf: [made, { type: 'null' }] } : made
}
