import { createConfig, lintFromString } from '@redocly/openapi-core'
import { compilerOf, jsonOf } from './openapi-validate.ts'

type Json = Record<string, any>

/** Redocly's recommended rules, all of them but these. */
const off = {
  // /health and /ready refuse nobody: the one that cannot work answers 503.
  'operation-4xx-response': 'off',
  // `AnyEvent` is whichever event a webhook carries: it is there for the types of clients.
  'no-unused-components': 'off'
} as const

/** Stricter than recommended: what we promise of every route. */
const on = {
  'operation-description': 'off',
  'operation-operationId': 'error',
  'operation-operationId-unique': 'error',
  'operation-parameters-unique': 'error',
  'operation-tag-defined': 'error',
  'no-ambiguous-paths': 'off', // /v1/users/me and /v1/users/{id}: the fixed one goes first
  'no-invalid-media-type-examples': 'off', // `examplesThatLie` does it, with formats
  'tag-description': 'error'
} as const

/** What is wrong with the document, a line each. */
export async function lint (source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'], rules: { ...off, ...on } })
  const problems = await lintFromString({ source, config })
  const document = JSON.parse(source) as Json
  return [...problems.map(({ severity, ruleId, message, location }) => `${severity} ${ruleId}: ${message} (${location[0]?.pointer ?? ''})`), ...incomplete(document), ...examplesThatLie(document)]
}

export const operationsOf = (document: Json): { name: string, operation: Json }[] =>
  Object.entries<Json>(document.paths).flatMap(([path, item]) => Object.entries<Json>(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })))

/** Every operation says who may, what comes back in which form, and how it is refused. */
function incomplete (document: Json): string[] {
  return operationsOf(document).flatMap(({ name, operation }) => {
    const answers = Object.entries<Json>(operation.responses)
    const said: string[] = []
    if (operation.tags?.length !== 1) said.push('has not one tag')
    if (!answers.some(([status]) => /^[23]/.test(status))) said.push('says nothing of success')
    for (const [status, { content }] of answers) {
      if (/^2/.test(status) && status !== '204' && content === undefined && !name.includes(' /hooks/')) said.push(`${status} does not say in which form`)
    }
    if (name.includes(' /v1/')) for (const status of ['400', '401', '403', '429', '500']) if (operation.responses[status]?.$ref !== '#/components/responses/Problem') said.push(`${status} is no problem+json`)
    if (/^(POST|PUT|PATCH) \/v1\//.test(name) && operation.requestBody !== undefined && Object.values<Json>(operation.requestBody.content).some(({ schema }) => schema === undefined)) said.push('takes a body of no shape')
    return said.map(what => `${name} ${what}`)
  })
}

/** Of each JSON body and answer: its examples, with what stands behind a reference. */
export function * examplesOf (document: Json): Generator<{ where: string, schema: Json, examples: unknown[] }> {
  for (const { name, operation } of operationsOf(document)) {
    for (const [where, holder] of [[`${name} body`, operation.requestBody], ...Object.entries<Json>(operation.responses).filter(([status]) => /^2/.test(status)).map(([status, answer]) => [`${name} ${status}`, answer])] as [string, Json | undefined][]) {
      const schema = jsonOf(holder)
      if (schema === undefined) continue
      const examples = Object.values<Json>(holder!.content['application/json'].examples ?? {}).map(example => example.$ref === undefined ? example.value : document.components.examples[example.$ref.split('/').at(-1)].value)
      yield { where, schema, examples }
    }
  }
}

function examplesThatLie (document: Json): string[] {
  const isValid = compilerOf(document)
  return [...examplesOf(document)].flatMap(({ where, schema, examples }) => examples.every(example => isValid(schema, example)) ? [] : [`${where}: its example is not as its schema says`])
}

/** Bodies and answers that nothing is shown of. */
export const withoutExample = (document: Json): string[] => [...examplesOf(document)].filter(({ examples }) => examples.length === 0).map(({ where }) => where)
