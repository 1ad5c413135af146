import { eventTypes } from '../events/types.ts'
import { dataName, eventName, eventSchema, exampleEvent, type ObjectKind, objectKinds, shownType, typesOf } from './catalogue.ts'

export interface OpenApiEvents {
  schemas: Record<string, object>
  examples: Record<string, object>
  webhooks: Record<string, object>
}

/** The `webhooks` of the OpenAPI document: one for each type, and `AnyEvent`, whichever it is. */
export function openApiEvents (): OpenApiEvents {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  return {
    schemas: {
      ...Object.fromEntries(objectKinds.map(kind => [eventName(kind), eventSchema(kind)])),
      AnyEvent: { description: 'What a delivery carries; `type` tells which.', oneOf: objectKinds.map(kind => ref(eventName(kind))) }
    },
    examples: Object.fromEntries(objectKinds.map(kind => [eventName(kind), { summary: shownType(kind), value: exampleEvent(shownType(kind)) }])),
    webhooks: Object.fromEntries(objectKinds.flatMap(kind => typesOf(kind).map(type => [type, {
      post: {
        operationId: `event_${type.replace('.', '_')}`,
        tags: ['Webhooks'],
        summary: eventTypes[type].en,
        security: [],
        requestBody: { required: true, content: { 'application/json': { schema: ref(eventName(kind)), examples: { recorded: { $ref: `#/components/examples/${eventName(kind)}` } } } } },
        responses: { '2XX': { description: 'Taken. Anything else, a redirect too, is a failure and is tried again.' }, 410: { description: 'Gone: the endpoint is disabled.' } }
      }
    }])))
  }
}

/** `docs/events.md` */
export function eventsMarkdown (): string {
  return `${[
    '# Events',
    'Made from the code by `npm run generate`; do not edit it.',
    'Every change becomes an event, written in the same transaction. It reaches you as a signed webhook ([partner’s guide](sdk.md#webhooks)), in `GET /v1/events`, and, kind and id only, in `GET /v1/stream`. The same list is at `GET /v1/event_types`; `GET /v1/event_types/{type}` has the JSON Schema of `data` and an example.',
    'The envelope is always the same: `id` (`evt_…`, the same over all attempts: keep it to know a repeat), `type`, `timestamp`, `tenant_id`, `mode`, `data`. `data` is the object as it was at that moment, in English. New fields and new types may come: pass over what you do not know. What is personal of a customer, and the code of a store credit, is in no event: ask for the object by its id.',
    ...objectKinds.map(section)
  ].join('\n\n')}\n`
}

function section (kind: ObjectKind): string {
  const properties = (eventSchema(kind).properties as Record<string, { properties?: Record<string, unknown> }>).data?.properties ?? {}
  return [
    `## ${kind}`,
    ['| Type | When |', '| --- | --- |', ...typesOf(kind).map(type => `| \`${type}\` | ${eventTypes[type].en} |`)].join('\n'),
    `\`data\` is \`${dataName(kind)}\` of the OpenAPI document: ${Object.keys(properties).map(name => `\`${name}\``).join(', ')}.`,
    ['```json', JSON.stringify(exampleEvent(shownType(kind)), null, 2), '```'].join('\n')
  ].join('\n\n')
}
