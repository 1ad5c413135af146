import openapiTypes, { astToString } from 'openapi-typescript'
import { errorCatalogue } from '../core/errors.ts'

/**
 * `sdk/schema.ts`: the types of every path, component and webhook of the OpenAPI document, and the codes of its errors.
 * The SDK ships it; nothing in it is there at run time.
 */
export async function sdkTypes (openapi: string): Promise<string> {
  // A field with a default may be left out of a request: defaultNonNullable would make it required there, too.
  const tree = await openapiTypes(JSON.parse(openapi), { alphabetize: false, defaultNonNullable: false, silent: true })
  const codes = Object.keys(errorCatalogue).map(code => `  | '${code}'`).join('\n')
  return `// Made from docs/openapi.json by scripts/generate.ts; do not edit it.\n${astToString(tree)}\n/** The \`code\` of an error. A later server may send another. */\nexport type ErrorCode =\n${codes}\n`
}
