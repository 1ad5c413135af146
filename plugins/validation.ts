import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { Ajv, type AnySchema, type Options, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import fp from 'fastify-plugin'
import { numericFormats } from '../core/pan.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Compiles what no request has needed yet; throws where a schema is none. */
    compileSchemas: () => void
  }
}

export interface ValidationOptions {
  /** Annotations of our schemas that validate nothing, beyond those of OpenAPI: Ajv refuses unknown words, to find typing errors. */
  annotations?: readonly string[]
}

/** OpenAPI's words beside JSON Schema's. */
const openApiWords = ['example', 'xml', 'externalDocs', 'discriminator']

/**
 * A body must be exactly what the schema says: nothing is converted (`"5"` is no number) and nothing unknown is dropped.
 * What stands in the URL and in headers is text, so there `?limit=5` becomes a number and `?status=a` a list of one.
 *
 * Schemas are compiled when the first request needs them: all of them at once take two seconds of a core, at each start.
 */
export const validation = fp<ValidationOptions>(async (app, { annotations = [] }) => {
  const common: Options = { allErrors: true, removeAdditional: false, useDefaults: true, strictTypes: false, strictTuples: false }
  const strict = ajv({ ...common, coerceTypes: false }, annotations)
  const lax = ajv({ ...common, coerceTypes: 'array' }, annotations)
  const later: (() => void)[] = []
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const compiled = once(() => (httpPart === 'body' ? strict : lax).compile(schema as AnySchema))
    later.push(compiled)
    const validate = ((data: unknown) => {
      const judge = compiled()
      const isValid = judge(data)
      validate.errors = judge.errors
      return isValid
    }) as ValidateFunction
    return validate
  })
  const serializers = once(() => SerializerSelector()(app.getSchemas(), {}))
  app.setSerializerCompiler(route => {
    const compiled = once(() => serializers()({ ...route, httpStatus: route.httpStatus ?? '' }))
    later.push(compiled)
    return data => compiled()(data)
  })
  app.decorate('compileSchemas', () => { for (const compile of later) compile() })
}, { name: 'pasarela-validation' })

function ajv (options: Options, annotations: readonly string[]): Ajv {
  const instance = new Ajv(options)
  formats.default(instance)
  for (const word of [...openApiWords, ...annotations]) instance.addKeyword(word)
  instance.addFormat('decimal', /^-?\d{1,18}(?:\.\d{1,10})?$/)
  for (const [name, pattern] of Object.entries(numericFormats)) instance.addFormat(name, pattern)
  return instance
}

function once<T> (make: () => T): () => T {
  let made: { of: T } | undefined
  return () => (made ??= { of: make() }).of
}
