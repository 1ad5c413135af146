import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'
import type { JudgedRequest } from './api.ts'
import { allowedTypesSince, since } from './versions.ts'

/**
 * Stripe's own specification as a judge beside the simulator, for tests. The files are not part of the project:
 * `$PASARELA_ORACLE_DATA/specs/stripe` (MANIFEST.md says where they come from); without them there is no judge.
 */
export interface Spec {
  /** What is wrong with a request, or undefined. */
  request: (request: JudgedRequest) => string | undefined
  /** What is wrong with an object that a schema of that name describes, or undefined. */
  response: (schema: string, value: unknown) => string | undefined
  /** What an object lacks, or has of another kind, beside Stripe's newest sample of it (2026-07-29); undefined when it is alike. */
  sample: (value: unknown) => string | undefined
}

type Json = Record<string, unknown>

const ajvOptions = { strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false, validateSchema: false } as const

export function openSpec (data = process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../../shared/data')): Spec | undefined {
  const folder = join(data, 'specs/stripe')
  if (!existsSync(folder)) return undefined
  return { request: requestJudge(join(folder, 'derived')), response: responseJudge(join(folder, 'spec3.2023-09-12.yaml')), sample: sampleJudge(join(folder, 'fixtures3.2026-07-29.json')) }
}

/** The newest types for what they were generated for, the requests of 2023-08-16 for the rest. */
function requestJudge (folder: string): Spec['request'] {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json
  const newest = new Map([['/v1/payment_intents', 'PICreate'], ['/v1/refunds', 'RefundCreate'], ['/v1/checkout/sessions', 'CSCreate']].map(([route, name]) => {
    const ajv = new Ajv({ ...ajvOptions, coerceTypes: true })
    return [route, ajv.compile(read(`${name}.2026-10-28.endive.schema.json`))] as const
  }))
  const older = withNull(read('requests-only.2023-09-12.json')) as Json
  const ajv = new Ajv({ ...ajvOptions, coerceTypes: true })
  ajv.addSchema({ ...older, $id: 'doc' })
  const compiled = new Map<string, ValidateFunction | undefined>()
  return ({ method, route, version, params }) => {
    if (method !== 'POST') return undefined
    const copy = structuredClone(params)
    const exact = since(version, allowedTypesSince) ? newest.get(route) : undefined
    if (exact !== undefined) return complaint(exact, copy)
    if (!compiled.has(route)) compiled.set(route, olderRequest(ajv, older, route))
    const judge = compiled.get(route)
    if (judge === undefined) return undefined
    // What Stripe has added since: the specification of 2023 cannot know it.
    for (const name of ['allowed_payment_method_types', 'api_version', ...addedSince[route] ?? []]) delete copy[name]
    if (route === '/v1/payment_links') copy.line_items = (copy.line_items as Json[]).map(({ price_data: data, ...line }) => data === undefined ? line : { ...line, price: 'price_inline' })
    if (copy.enabled_events !== undefined) copy.enabled_events = ['*']
    return complaint(judge, copy)
  }
}

const addedSince: Record<string, string[]> = {
  '/v1/invoiceitems': ['pricing'],
  '/v1/payment_links': ['inactive_message', 'restrictions'],
  '/v1/subscriptions': ['billing_mode'],
  '/v1/subscriptions/:id/resume': ['billing_cycle_anchor']
}

function olderRequest (ajv: Ajv, doc: Json, route: string): ValidateFunction | undefined {
  const shape = route.replaceAll(/:\w+/g, '{}')
  const path = Object.keys(doc.paths as Json).find(each => each.replaceAll(/\{\w+\}/g, '{}') === shape)
  if (path === undefined) return undefined
  const pointer = `/paths/${escape(path)}/post/requestBody/content/${escape('application/x-www-form-urlencoded')}/schema`
  return ajv.getSchema(`doc#${pointer}`)
}

/** Shown only when asked for, of one type only, or gone since: an invoice names its subscription in `parent` (2025-03-31.basil). */
const notAlways: Record<string, string[]> = { charge: ['refunds'], customer_cash_balance_transaction: ['funded'], invoice: ['subscription'], payment_method: ['card'] }

function sampleJudge (path: string): Spec['sample'] {
  const { resources } = JSON.parse(readFileSync(path, 'utf8')) as { resources: Record<string, Json> }
  return value => {
    const given = JSON.parse(JSON.stringify(value)) as Json
    const name = String(given.object)
    const sample = resources[name]
    if (sample === undefined) return `there is no sample of ${name}`
    const wrong = Object.keys(sample).filter(key => notAlways[name]?.includes(key) !== true).flatMap(key => {
      if (!(key in given)) return [`${key} is not there`]
      const [found, wanted] = [kindOf(given[key]), kindOf(sample[key])]
      // An id, or the object behind it.
      if (found === 'object' && wanted === 'string' && typeof (given[key] as Json).id === 'string') return []
      return found === wanted || found === 'null' || wanted === 'null' ? [] : [`${key} is a ${found}, not a ${wanted}`]
    })
    return wrong.length === 0 ? undefined : wrong.join('; ')
  }
}

function kindOf (value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
}

/** Schemas are cut out of the YAML one by one, as they are needed: reading all of it takes many seconds. */
function responseJudge (path: string): Spec['response'] {
  const blocks = new Map<string, string>()
  for (const block of readFileSync(path, 'utf8').split(/^(?= {0,4}\w[\w.]*:)/m)) {
    const name = /^ {4}([\w.]+):\n/.exec(block)?.[1]
    if (name !== undefined) blocks.set(name, block)
  }
  const ajv = new Ajv(ajvOptions)
  const known = new Set<string>()
  const learn = (name: string): void => {
    if (known.has(name)) return
    known.add(name)
    const schema = withNull((parse(blocks.get(name) ?? `${name}: {}`) as Json)[name]) as Json
    const linked = JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '')) as Json
    ajv.addSchema({ ...linked, $id: name })
    for (const [, next] of JSON.stringify(schema).matchAll(/#\/components\/schemas\/([\w.]+)/g)) learn(next!)
  }
  return (schema, value) => {
    learn(schema)
    return complaint(ajv.getSchema(schema)!, value)
  }
}

function complaint (judge: ValidateFunction, value: unknown): string | undefined {
  return judge(value) === true ? undefined : judge.errors?.slice(0, 5).map(error => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`).join('; ')
}

/** OpenAPI 3.0 says `nullable`, JSON Schema does not know it. */
function withNull (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withNull)
  if (typeof schema !== 'object' || schema === null) return schema
  // An id or the object behind it, which is judged on its own where it is wanted: following every one leads through the whole API.
  if ('x-expansionResources' in schema) return { type: ['string', 'object', ...('nullable' in schema ? ['null'] : [])] }
  const { nullable, ...rest } = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withNull(value)])) as Json
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest
}

function escape (pointer: string): string {
  return pointer.replaceAll('~', '~0').replaceAll('/', '~1')
}
