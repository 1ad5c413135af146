import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

type Json = Record<string, any>

/** Whether a value is as a schema of the document says, with every `$ref` into it. */
export function compilerOf (document: Json): (schema: Json, value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateFormats: true })
  formats.default(ajv)
  ajv.addSchema({ $id: 'doc', components: document.components }, 'doc')
  const known = new Map<string, ReturnType<typeof ajv.compile>>()
  return (schema, value) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"doc#/components/')
    if (!known.has(text)) known.set(text, ajv.compile(JSON.parse(text.replace(/"doc#\/components\/schemas\/(\w+)"/g, '"doc#/components/schemas/$1"')) as object))
    return known.get(text)!(value) === true
  }
}

/** The schema of a body or an answer as JSON; undefined when it has none. */
export function jsonOf (holder: Json | undefined): Json | undefined {
  return holder?.content?.['application/json']?.schema
}

export function schemaAt (document: Json, schema: Json): Json {
  let node = schema
  for (let hops = 0; typeof node?.$ref === 'string' && hops < 20; hops++) node = (node.$ref as string).split('/').slice(1).reduce((place: Json, part) => place?.[part], document)
  return node ?? {}
}
