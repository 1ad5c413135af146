import { Ajv, type Options } from 'ajv'
import formats from 'ajv-formats'
import fp from 'fastify-plugin'
import { numericFormats } from '../core/pan.ts'

export interface ValidationOptions {
  /** Annotations of our schemas that validate nothing, beyond those of OpenAPI: Ajv refuses unknown words, to find typing errors. */
  annotations?: readonly string[]
}

/** OpenAPI's words beside JSON Schema's. */
const openApiWords = ['example', 'xml', 'externalDocs', 'discriminator']

/**
 * A body must be exactly what the schema says: nothing is converted (`"5"` is no number) and nothing unknown is dropped.
 * What stands in the URL and in headers is text, so there `?limit=5` becomes a number and `?status=a` a list of one.
 */
export const validation = fp<ValidationOptions>(async (app, { annotations = [] }) => {
  const common: Options = { allErrors: true, removeAdditional: false, useDefaults: true, strictTypes: false, strictTuples: false }
  const strict = ajv({ ...common, coerceTypes: false }, annotations)
  const lax = ajv({ ...common, coerceTypes: 'array' }, annotations)
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : lax).compile(schema as object))
}, { name: 'pasarela-validation' })

function ajv (options: Options, annotations: readonly string[]): Ajv {
  const instance = new Ajv(options)
  formats.default(instance)
  for (const word of [...openApiWords, ...annotations]) instance.addKeyword(word)
  instance.addFormat('decimal', /^-?\d{1,18}(?:\.\d{1,10})?$/)
  for (const [name, pattern] of Object.entries(numericFormats)) instance.addFormat(name, pattern)
  return instance
}
