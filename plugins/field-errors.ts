import type { FieldError } from '../core/errors.ts'
import type { Language } from './language.ts'

/** An Ajv error, as Fastify hands it over. */
export interface ValidationIssue {
  keyword: string
  instancePath: string
  schemaPath?: string
  params: Record<string, unknown>
  message?: string
}

const most = 50

/** Every field that is wrong, once each, with a sentence that says what is expected. */
export function fieldErrors (issues: readonly ValidationIssue[], language: Language): FieldError[] {
  const byPath = new Map<string, FieldError>()
  // An `anyOf` reports itself and each branch; its own line says least.
  for (const issue of issues.toSorted((a, b) => Number(isWrapper(a)) - Number(isWrapper(b)))) {
    const path = pathOf(issue)
    const inside = isWrapper(issue) && [...byPath.keys()].some(other => other === path || other.startsWith(path === '' ? '' : `${path}.`) || other.startsWith(`${path}[`))
    if (!byPath.has(path) && !inside) byPath.set(path, { path, message: sentence(issue, language) })
  }
  return [...byPath.values()].slice(0, most)
}

function isWrapper ({ keyword }: ValidationIssue): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'if' || keyword === 'propertyNames'
}

/** `/lines/0/x` as `lines[0].x`; of a missing or unknown property, that property. */
function pathOf ({ instancePath, params }: ValidationIssue): string {
  const segments = instancePath.split('/').slice(1).map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  const named = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName
  if (typeof named === 'string') segments.push(named)
  return segments.reduce((path, segment) => /^\d+$/.test(segment) ? `${path}[${segment}]` : path === '' ? segment : `${path}.${segment}`, '')
}

type Say = (params: Record<string, any>) => string

const sentences: Record<string, Record<Language, Say>> = {
  required: { en: () => 'is required', es: () => 'es obligatorio' },
  additionalProperties: { en: () => 'is not a known field', es: () => 'no es un campo conocido' },
  unevaluatedProperties: { en: () => 'is not a known field', es: () => 'no es un campo conocido' },
  propertyNames: { en: () => 'is not an allowed name', es: () => 'no es un nombre permitido' },
  type: { en: ({ type }) => `must be ${list(type, 'or')}`, es: ({ type }) => `debe ser ${list([type].flat().map(name => spanishTypes[name] ?? name), 'o')}` },
  enum: { en: ({ allowedValues }) => `must be one of: ${list(allowedValues)}`, es: ({ allowedValues }) => `debe ser uno de: ${list(allowedValues)}` },
  const: { en: ({ allowedValue }) => `must be ${allowedValue}`, es: ({ allowedValue }) => `debe ser ${allowedValue}` },
  minimum: { en: ({ limit }) => `must be at least ${limit}`, es: ({ limit }) => `debe ser al menos ${limit}` },
  maximum: { en: ({ limit }) => `must be at most ${limit}`, es: ({ limit }) => `debe ser como máximo ${limit}` },
  exclusiveMinimum: { en: ({ limit }) => `must be greater than ${limit}`, es: ({ limit }) => `debe ser mayor que ${limit}` },
  exclusiveMaximum: { en: ({ limit }) => `must be less than ${limit}`, es: ({ limit }) => `debe ser menor que ${limit}` },
  multipleOf: { en: ({ multipleOf }) => `must be a multiple of ${multipleOf}`, es: ({ multipleOf }) => `debe ser múltiplo de ${multipleOf}` },
  minLength: { en: ({ limit }) => limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`, es: ({ limit }) => limit === 1 ? 'no debe estar vacío' : `debe tener al menos ${limit} caracteres` },
  maxLength: { en: ({ limit }) => `must have at most ${limit} characters`, es: ({ limit }) => `debe tener como máximo ${limit} caracteres` },
  pattern: { en: ({ pattern }) => `must match the pattern ${pattern}`, es: ({ pattern }) => `debe seguir el patrón ${pattern}` },
  format: { en: ({ format }) => `must be a valid ${format}`, es: ({ format }) => `debe ser un valor válido de formato ${format}` },
  minItems: { en: ({ limit }) => `must have at least ${limit} items`, es: ({ limit }) => `debe tener al menos ${limit} elementos` },
  maxItems: { en: ({ limit }) => `must have at most ${limit} items`, es: ({ limit }) => `debe tener como máximo ${limit} elementos` },
  uniqueItems: { en: () => 'must not hold the same item twice', es: () => 'no debe repetir elementos' },
  minProperties: { en: ({ limit }) => `must have at least ${limit} fields`, es: ({ limit }) => `debe tener al menos ${limit} campos` },
  maxProperties: { en: ({ limit }) => `must have at most ${limit} fields`, es: ({ limit }) => `debe tener como máximo ${limit} campos` },
  anyOf: { en: () => 'has none of the accepted shapes', es: () => 'no tiene ninguna de las formas aceptadas' },
  oneOf: { en: () => 'must have exactly one of the accepted shapes', es: () => 'debe tener exactamente una de las formas aceptadas' },
  not: { en: () => 'is not allowed', es: () => 'no está permitido' }
}

const spanishTypes: Record<string, string> = { string: 'texto', integer: 'un número entero', number: 'un número', boolean: 'verdadero o falso', object: 'un objeto', array: 'una lista', null: 'nulo' }

function sentence ({ keyword, params, message }: ValidationIssue, language: Language): string {
  return sentences[keyword]?.[language](params) ?? message ?? (language === 'es' ? 'no es válido' : 'is not valid')
}

function list (values: unknown, word?: string): string {
  const texts = [values].flat().map(String)
  return word === undefined ? texts.join(', ') : texts.join(` ${word} `)
}
