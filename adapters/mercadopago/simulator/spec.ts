import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js'
import type { Judged } from '../simulator.ts'

/**
 * Mercado Pago's own OpenAPI document as a judge of what is said in both directions, for tests. It is not part of the project:
 * `$PASARELA_ORACLE_DATA/specs/mercadopago/spec3.json`; without it there is no judge.
 */
export interface Spec {
  /** What is wrong with an exchange, or undefined. */
  complaint: (exchange: Judged) => string | undefined
  knows: (method: string, path: string) => boolean
}

type Json = Record<string, any>

/**
 * What the document leaves out of its requests and the documentation, the facts (sections 3.2, 3.3) or the official library have: by the
 * schema's name. Anything else that the document does not name is complained of.
 */
const alsoSent: Record<string, string[]> = {
  PaymentRequest: ['three_d_secure_mode', 'transaction_details'],
  PaymentPayer: ['first_name', 'last_name', 'entity_type', 'address'],
  PaymentAdditionalInfo: ['ip_address'],
  PreferenceRequest: ['metadata'],
  CardTokenRequest: ['card_id', 'customer_id']
}

/** What the document requires, and the documentation does not where a customer or a saved card is named. */
const optional: Record<string, string[]> = { PaymentPayer: ['email'], CardTokenRequest: ['card_number', 'expiration_month', 'expiration_year', 'security_code', 'cardholder'] }

export function openSpec (data = process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../../shared/data')): Spec | undefined {
  const path = join(data, 'specs/mercadopago/spec3.json')
  if (!existsSync(path)) return undefined
  const doc = JSON.parse(readFileSync(path, 'utf8')) as Json
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false, validateSchema: false })
  const compiled = new Map<string, ValidateFunction>()
  const judge = (name: string, schema: Json, closed: boolean): ValidateFunction => {
    const known = compiled.get(name) ?? ajv.compile({ ...draft(schema, closed), components: { schemas: Object.fromEntries(Object.entries(doc.components.schemas as Json).map(([name, schema]) => [name, draft(schema, closed, name)])) } })
    compiled.set(name, known)
    return known
  }
  const operation = (method: string, path: string): Json | undefined => (doc.paths as Json)[path]?.[method.toLowerCase()]

  return {
    knows: (method, path) => operation(method, path) !== undefined,
    complaint ({ method, path, body, headers, status, answer }) {
      const described = operation(method, path)
      if (described === undefined) return `${method} ${path} is not in the document`
      const asks = described.requestBody?.content['application/json']?.schema as Json | undefined
      // What is refused may be wrong in any way.
      if (status < 400) {
        const wrong = asks === undefined ? undefined : problems(judge(`${method} ${path} request`, asks, true), body ?? {})
        if (wrong !== undefined) return `${method} ${path} is asked with ${wrong}`
        const keyed = described.parameters?.some(({ name }: Json) => name === 'X-Idempotency-Key') === true
        if (keyed !== (headers['x-idempotency-key'] !== undefined)) return `${method} ${path} ${keyed ? 'lacks' : 'has'} an idempotency key`
      }
      if (status >= 400) return problems(judge('error', { $ref: '#/components/schemas/Error' }, false), { ...answer, cause: [] })
      const answers = described.responses[String(status)]?.content?.['application/json']?.schema as Json | undefined
      if (answers === undefined) return `${method} ${path} never answers ${status}`
      // A list is described as one of its items where it is one of refunds.
      const wrong = Array.isArray(answer) && answers.type === 'object' ? answer.map(item => problems(judge(`${method} ${path} ${status}`, answers, false), item)).find(Boolean) : problems(judge(`${method} ${path} ${status}`, answers, false), answer)
      return wrong === undefined ? undefined : `${method} ${path} answers ${status} with ${wrong}`
    }
  }
}

function problems (validate: ValidateFunction, value: unknown): string | undefined {
  return validate(value) === true ? undefined : validate.errors?.slice(0, 5).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`).join('; ')
}

/** JSON Schema of the document: `nullable` of 3.0 in a document of 3.1. `closed`: a property that nobody names is refused, for what we send. */
function draft (schema: unknown, closed: boolean, name = ''): Json {
  const inner = (value: unknown): unknown => Array.isArray(value) ? value.map(inner) : typeof value === 'object' && value !== null ? draft(value, closed) : value
  const { nullable, properties, required, example: _, examples: __, ...rest } = schema as Json
  const made: Json = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inner(value)]))
  if (properties !== undefined) {
    made.properties = Object.fromEntries(Object.entries(properties as Json).map(([key, value]) => [key, inner(value)]))
    if (closed) for (const also of alsoSent[name] ?? []) made.properties[also] = {}
    if (closed && made.additionalProperties === undefined) made.additionalProperties = false
  }
  if (Array.isArray(required)) made.required = required.filter(key => !(optional[name] ?? []).includes(String(key)))
  // Of an answer, what is absent is told as null throughout.
  return nullable === true || (!closed && properties === undefined && made.$ref === undefined) ? { anyOf: [made, { type: 'null' }] } : made
}
