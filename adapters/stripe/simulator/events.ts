import type { EndpointRecord, EventRecord } from './objects.ts'
import type { Books, Call, World } from './world.ts'
import { inVersion } from './render.ts'

/**
 * Records what happened and hands it to the endpoints that want it.
 * An event keeps the object as it is now: callers pass a copy, or an object that they will not change again.
 */
export function emit (call: Call, type: string, object: object, previous?: object): void {
  if (call.held !== undefined) {
    call.held.push(() => emit({ ...call, held: undefined }, type, object, previous))
    return
  }
  const { world, books } = call
  const event: EventRecord = {
    id: world.id('evt_3'),
    created: world.now(),
    account: books.account,
    type,
    apiVersion: world.apiVersion,
    livemode: books.livemode,
    object,
    previous,
    request: call.request,
    undelivered: []
  }
  const homes = listening(world, books).filter(({ endpoint }) => wants(endpoint, type))
  event.undelivered = homes.map(({ endpoint }) => endpoint.id)
  books.events.add(event)
  for (const home of homes) world.deliveries.add(home.books, event, home.endpoint.id)
}

/** The endpoints of the account, and those of its platforms that want the events of connected accounts. */
export function listening (world: World, books: Books): { books: Books, endpoint: EndpointRecord }[] {
  const found = books.endpoints.items.filter(({ connect }) => !connect).map(endpoint => ({ books, endpoint }))
  for (const id of world.accounts.get(books.account)?.platforms ?? []) {
    const platform = world.accounts.get(id)
    const theirs = books.livemode ? platform?.live : platform?.test
    if (theirs !== undefined) for (const endpoint of theirs.endpoints.items) if (endpoint.connect) found.push({ books: theirs, endpoint })
  }
  return found
}

export function eventView (event: EventRecord, version = event.apiVersion, connect = false): object {
  return {
    id: event.id,
    object: 'event',
    ...(connect ? { account: event.account } : {}),
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
  return JSON.stringify(eventView(event, endpoint?.wire.api_version ?? event.apiVersion, endpoint?.connect), null, 2)
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
