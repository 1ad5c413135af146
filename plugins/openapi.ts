import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type {} from '../core/http.ts'
import { Problem } from './problem.ts'

/** Of the document: schemas and examples below `components`, and `webhooks` by their names. */
export interface OpenApiEvents { schemas: Record<string, object>, examples: Record<string, object>, webhooks: Record<string, object> }

export interface OpenApiOptions {
  title?: string
  version: string
  description?: string
  /** Name of the cookie that holds a session. */
  sessionCookie: string
  /** What is sent out: each type of event is one of the document's webhooks. */
  events?: OpenApiEvents
}

/** The words of the API, in the order in which a newcomer meets them. */
const tags = [
  ['Providers', 'What can be connected, and how'], ['Connections', 'A tenant’s account at a provider'], ['Payments', 'Money in'], ['Refunds', 'Money back'], ['Disputes', 'Money that a buyer wants back through their bank'],
  ['Checkout sessions', 'A page where one buyer pays'], ['Payment links', 'A page where many may'], ['Customers', 'Who pays, and the methods that they saved'], ['Subscriptions', 'Plans, and what is paid again and again'],
  ['Routing', 'Which connection is asked, and why'], ['Bank accounts', 'Where transfers come in'], ['Bank statements', 'What the bank says came in'], ['Reconciliation', 'What the provider’s books say, and what no webhook told'], ['Reports', 'Rows and sums'],
  ['Issuers', 'Fiscal identities, and the series that number their documents'], ['Certificates', 'What documents are signed with'], ['Invoices', 'Fiscal documents'], ['VERI*FACTU', 'Spain: the chained records of invoices'], ['Documents', 'The files themselves'],
  ['Sales', 'Money that a document must cover'], ['Self-invoicing', 'The buyer’s own page'], ['Global invoices', 'Mexico: one document for all sales without one'], ['Store credit', 'Vouchers with a balance'], ['Catalogues', 'The keys that tax authorities publish'],
  ['Events', 'What happened, in our words'], ['Webhooks', 'What is sent to your endpoints'], ['Webhooks out', 'Your endpoints, and what became of each delivery'], ['Inbound webhooks', 'Webhooks that providers sent'], ['Operations', 'Every call to a provider'],
  ['Alerts', 'What needs a person'], ['Notices', 'Who is told what, and by which channel'], ['Mails', 'What was mailed, and what became of it'], ['Privacy', 'All that is kept of a person'], ['Support', 'What support sees, and how it enters a tenant’s data'],
  ['Tenants', 'Tenants, users, API keys, sessions, audit'], ['Server', 'Health']
] as const

/** Shown by reference in every operation under /v1, so that the document stays readable. */
const parameters = {
  IdempotencyKey: header('Idempotency-Key', 'Makes it safe to send the request again: the first answer is repeated (`Idempotent-Replayed: true`). The same key with another body is refused with 422, and while the first request runs with 409.', { type: 'string', minLength: 1, maxLength: 255 }),
  Tenant: header('Pasarela-Tenant', 'The tenant to act for. Needed with a partner key and with the platform key.', { type: 'string' }),
  Mode: header('Pasarela-Mode', 'With a session: which mode to act in. An API key has its mode already.', { type: 'string', enum: ['test', 'live'] }),
  AcceptLanguage: header('Accept-Language', 'Language of sentences for people.', { type: 'string', enum: ['es', 'en'], default: 'en' })
}
const problem = { $ref: '#/components/responses/Problem' }
const problemAnswer = { description: 'It was refused or failed; `code` says why.', headers: { 'Request-Id': { schema: { type: 'string' } } }, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }

/** `/openapi.json`, and the same to browse and try at `/docs`. Register it before the routes. */
export const openapi = fp<OpenApiOptions>(async (app, { title = 'Pasarela', version, description = 'Payments and electronic invoices through one API, whatever the provider behind it.', sessionCookie, events = { schemas: {}, examples: {}, webhooks: {} } }) => {
  app.addSchema(Problem)
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: '/' }],
      tags: tags.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          api_key: { type: 'http', scheme: 'bearer', description: 'An API key: `pas_test_…` or `pas_live_…`.' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'A login in the browser.' }
        }
      },
      security: [{ api_key: [] }, { session: [] }]
    },
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => typeof json.$id === 'string' ? json.$id : `def-${index}` },
    transform: ({ schema, url, route }) => ({ schema: documented(schema, url, route), url }),
    transformObject: document => 'openapiObject' in document ? complete(document.openapiObject as Document, events) as never : document.swaggerObject
  })
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    uiConfig: { deepLinking: true, persistAuthorization: false, tryItOutEnabled: false },
    staticCSP: "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  })
  app.get('/openapi.json', { config: { public: true }, schema: { hide: true } }, async () => openApiDocument(app))
}, { name: 'pasarela-openapi', dependencies: ['pasarela-errors'] })

type Schema = FastifySchema & { hide?: boolean, operationId?: string, description?: string, security?: unknown }

function documented (schema: Schema | undefined, url: string, { method, config }: RouteOptions): Schema {
  const published = ['/v1', '/hooks', '/health', '/ready'].some(prefix => url === prefix || url.startsWith(`${prefix}/`))
  if (!published || schema?.hide === true || [method].flat().includes('HEAD')) return { hide: true } as Schema
  const needs = config?.scope === undefined ? [] : [`Needs the scope \`${config.scope}\`.`]
  return {
    ...schema,
    operationId: schema?.operationId ?? operationId([method].flat()[0] ?? 'get', url),
    description: [schema?.description, ...needs].filter(Boolean).join('\n\n'),
    ...((config?.public === true || !url.startsWith('/v1')) && { security: [] })
  } as Schema
}

/** `POST /v1/payments/:id/capture` is `post_payments_by_id_capture`. */
export function operationId (method: string, url: string): string {
  const words = url.split('/').filter(part => part !== '' && part !== 'v1').map(part => part.startsWith(':') ? `by_${part.slice(1)}` : part === '*' ? 'any' : part)
  return [method, ...words].join('_').replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase().replace(/\W+/g, '_')
}

interface Operation { operationId?: string, parameters?: object[], requestBody?: Holder, responses?: Record<string, object> }
interface Document { paths?: Record<string, Record<string, Operation>>, components?: Record<string, Record<string, object>>, [key: string]: unknown }

function complete (document: Document, events: OpenApiEvents): Document {
  const seen = new Map<string, string>()
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item)) {
      const name = `${method.toUpperCase()} ${path}`
      const id = operation.operationId ?? ''
      if (seen.has(id)) throw new Error(`${name} and ${seen.get(id)} both have the operationId ${id}`)
      seen.set(id, name)
      if (path.startsWith('/v1/')) completeOperation(operation, method, path)
      else if (path.startsWith('/hooks/')) operation.responses = { ...operation.responses, 401: problem, 413: problem }
    }
  }
  const schemas: Record<string, object> = { ...document.components?.schemas }
  const paths = named(document.paths ?? {}, schemas) as Document['paths']
  for (const [name, schema] of Object.entries(events.schemas)) schemas[name] ??= named(schema, schemas, name) as object
  const examples = { ...events.examples }
  for (const item of Object.values(paths ?? {})) for (const operation of Object.values(item)) addExamples(operation, examples)
  return { ...document, paths, webhooks: events.webhooks, components: { ...document.components, schemas, parameters, responses: { Problem: problemAnswer }, examples } }
}

/** Chosen out of real requests and answers by scripts/openapi-examples.ts. */
interface Examples { schemas: Record<string, unknown>, bodies: Record<string, unknown>, answers: Record<string, Record<string, unknown>> }
let chosen: Examples | undefined

/** What has a name is shown by one example for all, a page by a page of one. */
function addExamples (operation: Operation, examples: Record<string, object>): void {
  const { schemas, bodies, answers } = chosen ??= JSON.parse(readFileSync(path.join(import.meta.dirname, 'openapi-examples.json'), 'utf8')) as Examples
  const id = operation.operationId ?? ''
  const body = mediaOf(operation.requestBody)
  if (body !== undefined && bodies[id] !== undefined) body.examples = { recorded: { value: bodies[id] } }
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    const media = mediaOf(response as Holder)
    if (media === undefined) continue
    const { $ref, properties } = media.schema ?? {}
    // A page, and nothing beside it.
    const item = properties?.next_cursor === undefined || Object.keys(properties).length > 2 ? undefined : properties.data?.items?.$ref
    const name = ($ref ?? item)?.split('/').at(-1)
    if (name === undefined) {
      if (answers[id]?.[status] !== undefined) media.examples = { recorded: { value: answers[id][status] } }
    } else if (schemas[name] !== undefined) {
      const key = $ref === undefined ? `${name}Page` : name
      examples[key] = { value: $ref === undefined ? { data: [schemas[name]], next_cursor: null } : schemas[name] }
      media.examples = { recorded: { $ref: `#/components/examples/${key}` } }
    }
  }
}

interface Media { schema?: { $ref?: string, properties?: { next_cursor?: object, data?: { items?: { $ref?: string } } } }, examples?: object }
interface Holder { content?: Record<string, Media> }
const mediaOf = (holder: Holder | undefined): Media | undefined => holder?.content?.['application/json']

/** Values of these keys are data, not schemas. */
const data: ReadonlySet<string> = new Set(['example', 'examples', 'default', 'enum', 'const'])

/**
 * A schema with a title is written once, below `components`, and named everywhere else: the document stays readable and a
 * generated client has a type of that name. Throws where two shapes have one title.
 */
function named (value: unknown, schemas: Record<string, object>, own?: string): unknown {
  if (Array.isArray(value)) return value.map(item => named(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  const inner: Record<string, unknown> = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, data.has(key) ? child : named(child, schemas)]))
  // As @fastify/swagger writes it of routes.
  if (typeof inner.const === 'string' && inner.type === 'string') {
    inner.enum = [inner.const]
    delete inner.const
  }
  const { title, type } = inner
  if (typeof title !== 'string' || title === own || type !== 'object' || !/^[A-Z]\w*$/.test(title)) return inner
  const known = schemas[title]
  if (known !== undefined && canonical(known) !== canonical(inner)) throw new Error(`two schemas of different shape have the title ${title}`)
  schemas[title] = inner
  return { $ref: `#/components/schemas/${title}` }
}

function completeOperation (operation: Operation, method: string, path: string): void {
  const names = [...(method === 'post' ? ['IdempotencyKey'] : []), 'Tenant', 'Mode', 'AcceptLanguage']
  operation.parameters = [...(operation.parameters ?? []), ...names.map(name => ({ $ref: `#/components/parameters/${name}` }))]
  const codes = ['400', '401', '403', ...(path.includes('{') ? ['404'] : []), ...(method === 'get' ? [] : ['409', '422']), '429', '500']
  operation.responses = { ...Object.fromEntries(codes.map(code => [code, problem])), ...operation.responses }
}

/** The same text whatever the order of the keys. */
const canonical = (schema: object): string => JSON.stringify(schema, (_key, value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value) ? sorted(value as Record<string, unknown>) : value)

/** What is published, in an order that does not depend on how the routes were registered. */
export function openApiDocument (app: FastifyInstance): object {
  const { openapi, info, servers, tags, security, paths, webhooks, components, ...rest } = app.swagger() as unknown as Document
  const methods = ['get', 'post', 'put', 'patch', 'delete']
  const sortedPaths = Object.entries(sorted(paths ?? {})).map(([path, item]) => [path, Object.fromEntries(methods.flatMap(method => item[method] === undefined ? [] : [[method, item[method]]]))])
  const sortedComponents = Object.entries(sorted(components ?? {})).map(([kind, entries]) => [kind, sorted(entries)])
  return { openapi, info, servers, tags, security, paths: Object.fromEntries(sortedPaths), webhooks, components: Object.fromEntries(sortedComponents), ...rest }
}

function sorted<T> (record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1))
}

function header (name: string, description: string, schema: object): object {
  return { name, in: 'header', required: false, description, schema }
}
