import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { accessApp } from '../../test/support/access-app.ts'
import { type EventType, eventTypes, objectOf } from '../events/types.ts'
import { idPrefixes } from '../ids.ts'
import { dataSchema, exampleEvent, type ObjectKind, objectKinds, typesOf } from './catalogue.ts'
import { openApiEvents } from './describe.ts'
import { eventTypeRoutes } from './routes.ts'

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv)
/** Closed: a field that nobody described is a failure, too. */
const checks = new Map(objectKinds.map(kind => [kind, ajv.compile({ ...JSON.parse(JSON.stringify(dataSchema(kind))) as object, additionalProperties: false })]))
const types = Object.keys(eventTypes) as EventType[]

t.test('every type has its object, its sentence in two languages, and an example that is as its schema says', t => {
  t.same(objectKinds.flatMap(typesOf).sort(), types.toSorted(), 'no type without an object, no object without a type')
  for (const type of types) {
    const kind = objectOf(type) as ObjectKind
    t.ok(kind in idPrefixes, `${kind} has ids`)
    t.match(eventTypes[type], { es: /^\S.{3,}\.$/, en: /^\S.{3,}\.$/ }, type)
    const { data, ...envelope } = exampleEvent(type)
    const check = checks.get(kind)!
    t.ok(check(data), `${type}: ${ajv.errorsText(check.errors)}`)
    t.match(envelope, { id: /^evt_/, type, mode: 'test', tenant_id: /^ten_/ })
    t.equal((data as { object: string }).object, kind)
  }
  t.end()
})

t.test('the document has a webhook for each type, and one name for whichever it is', t => {
  const { webhooks, schemas } = openApiEvents()
  t.same(Object.keys(webhooks).sort(), types.toSorted())
  t.equal((schemas.AnyEvent as { oneOf: object[] }).oneOf.length, objectKinds.length)
  const written = readFileSync(path.join(import.meta.dirname, '../../docs/events.md'), 'utf8')
  for (const type of types) t.ok(written.includes(`\`${type}\``), type)
  t.end()
})

t.test('the list is there for whoever has a credential, in their language', async t => {
  const house = await accessApp(t, { routes: eventTypeRoutes })
  const { key } = await house.key(await house.tenant(), ['payments:read'])
  const { body } = await house.ask('GET', '/v1/event_types', { key, headers: { 'accept-language': 'es' } })
  t.same(body.data.map(({ type }: { type: string }) => type), types)
  t.match(body.data.find(({ type }: { type: string }) => type === 'payment.succeeded'), { object: 'event_type', about: 'payment', description: 'El dinero se cobró.' })
  const { body: detail } = await house.ask('GET', '/v1/event_types/payment.succeeded', { key })
  t.match(detail, { description: 'The money was taken.', data_schema: { type: 'object', properties: { amount: { type: 'integer' } } }, example: { type: 'payment.succeeded', data: { object: 'payment', status: 'succeeded' } } })
  t.ok(ajv.compile(detail.data_schema)(detail.example.data))
  t.equal((await house.ask('GET', '/v1/event_types/payment.nothing', { key })).status, 404)
  t.equal((await house.ask('GET', '/v1/event_types/constructor', { key })).status, 404)
  t.equal((await house.ask('GET', '/v1/event_types')).status, 401)
})
