import type { EndpointRecord, EventRecord } from './objects.ts'
import type { Books, Call } from './world.ts'
import { inVersion } from './render.ts'

/**
 * Records what happened and hands it to the endpoints that want it.
 * An event keeps the object as it is now: callers pass a copy, or an object that they will not change again.
 */
export function emit (call: Call, type: string, object: object, previous?: object): void {
  const { world, books } = call
  const event: EventRecord = {
    id: world.id('evt_3'),
    created: world.now(),
    type,
    apiVersion: world.apiVersion,
    livemode: books.livemode,
    object,
    previous,
    request: call.request,
    undelivered: []
  }
  for (const endpoint of books.endpoints.items) {
    if (wants(endpoint, type)) event.undelivered.push(endpoint.id)
  }
  books.events.add(event)
  for (const id of event.undelivered) world.deliveries.add(books, event, id)
}

export function eventView (event: EventRecord, version = event.apiVersion): object {
  return {
    id: event.id,
    object: 'event',
    api_version: version,
    created: event.created,
    data: {
      object: inVersion(event.object, version),
      ...(event.previous === undefined ? {} : { previous_attributes: event.previous })
    },
    livemode: event.livemode,
    pending_webhooks: event.undelivered.length,
    request: event.request,
    type: event.type
  }
}

/** Deliveries carry the event in the endpoint's version, pretty-printed as Stripe does. */
export function eventBody (event: EventRecord, endpoint: EndpointRecord | undefined): string {
  return JSON.stringify(eventView(event, endpoint?.wire.api_version ?? event.apiVersion), null, 2)
}

export function newestEvent (shelves: Iterable<Books>, type?: string): EventRecord | undefined {
  let newest: EventRecord | undefined
  for (const books of shelves) {
    const event = books.events.items.findLast(each => type === undefined || each.type === type)
    if (event !== undefined && (newest === undefined || event.created >= newest.created)) newest = event
  }
  return newest
}

function wants (endpoint: EndpointRecord, type: string): boolean {
  const { status, enabled_events: types } = endpoint.wire
  return status === 'enabled' && (types.includes('*') || types.includes(type))
}
