import { type Static, Type } from 'typebox'
import { HubError } from '../errors.ts'
import { type EventType, eventTypes, isEventType, objectOf } from '../events/types.ts'
import type { HubInstance } from '../http.ts'
import { Nullable } from '../http-schema.ts'
import { dataSchema, exampleEvent, type ObjectKind } from './catalogue.ts'

const fields = {
  object: Type.Literal('event_type'),
  type: Type.String({ description: 'Never given another meaning.' }),
  about: Type.String({ description: 'The kind of object that it is about, and that `data` shows.' }),
  description: Type.String({ description: 'In the language of Accept-Language.' })
}
const EventTypeShown = Type.Object(fields, { title: 'EventType' })
const AnyObject = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })
const EventTypeDetail = Type.Object({ ...fields, data_schema: AnyObject, example: AnyObject }, { title: 'EventTypeDetail', description: 'With the JSON Schema of `data`, and an event as an example.' })
const EventTypePage = Type.Object({ data: Type.Array(EventTypeShown), next_cursor: Nullable(Type.String()) })

const tags = ['Events']

/** What can happen: the same for everybody, so any credential will do. */
export async function eventTypeRoutes (app: HubInstance): Promise<void> {
  app.get('/v1/event_types', { config: { anyone: true }, schema: { tags, summary: 'List the types of events', description: 'All of them, in one page: the closed list.', response: { 200: EventTypePage } } }, async request =>
    ({ data: (Object.keys(eventTypes) as EventType[]).map(type => show(type, request.language)), next_cursor: null }))

  app.get('/v1/event_types/:type', { config: { anyone: true }, schema: { tags, summary: 'Read a type of event', params: Type.Object({ type: Type.String({ maxLength: 80 }) }), response: { 200: EventTypeDetail } } }, async request => {
    const { type } = request.params
    if (!isEventType(type)) throw new HubError('not_found')
    return { ...show(type, request.language), data_schema: dataSchema(objectOf(type) as ObjectKind) as unknown as Record<string, unknown>, example: exampleEvent(type) }
  })
}

const show = (type: EventType, language: 'es' | 'en'): Static<typeof EventTypeShown> => ({ object: 'event_type', type, about: objectOf(type), description: eventTypes[type][language] })
