import { invalid } from './errors.ts'
import { isEventType } from './event-types.ts'
import type { EndpointRecord } from './objects.ts'
import { boolean, expand, listOf, mergeMetadata, metadata, needed, object, paging, text, unsettable, url, type Check } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import { isVersion } from './versions.ts'
import type { Call, World } from './world.ts'

/** Source: https://docs.stripe.com/webhooks, "up to 16", read 2026-11. */
const most = 16
const overlapSeconds = 86_400

const eventType: Check<string> = (value, param) => {
  const type = text()(value, param)
  if (!isEventType(type)) throw invalid(`Invalid ${param}: must be one of the event types of the API, or *. ${type} is not.`, { param })
  return type
}

const someEvents: Check<string[]> = (value, param) => {
  const types = listOf(eventType)(value, param)
  if (types.length === 0) throw invalid(`Invalid array: ${param} must not be empty`, { code: 'parameter_invalid_empty', param })
  return types
}

const version: Check<string> = (value, param) => {
  const named = text()(value, param)
  if (!isVersion(named)) throw invalid(`Invalid API version: ${named}`, { param })
  return named
}

export const webhookEndpointRoutes = [
  route('POST', '/v1/webhook_endpoints', object({
    url: needed(url),
    enabled_events: needed(someEvents),
    api_version: version,
    connect: boolean,
    description: unsettable(text()),
    expand,
    metadata
  }), (call, params) => {
    const { world, books } = call
    if (books.endpoints.items.length >= most) {
      throw invalid(`You have reached the maximum of ${most} ${books.livemode ? 'live' : 'test'} webhook endpoints.`)
    }
    const id = world.id('we_1')
    const record = books.endpoints.add({
      id,
      created: world.now(),
      secret: world.id('whsec_', 32),
      previous: null,
      connect: params.connect ?? false,
      wire: {
        id,
        object: 'webhook_endpoint',
        api_version: params.api_version ?? null,
        application: null,
        created: world.now(),
        description: params.description ?? null,
        enabled_events: params.enabled_events,
        livemode: books.livemode,
        metadata: params.metadata ?? {},
        status: 'enabled',
        url: params.url
      }
    })
    return { ...record.wire, secret: record.secret }
  }, checkUrl),
  route('GET', '/v1/webhook_endpoints', object(paging), ({ books }, params) =>
    page(books.endpoints, params, '/v1/webhook_endpoints', 'webhook endpoint', each => each.wire)),
  route('GET', '/v1/webhook_endpoints/:id', object({ expand }), (call, _, { id }) => find(call, id!).wire),
  route('POST', '/v1/webhook_endpoints/:id', object({
    url,
    enabled_events: someEvents,
    description: unsettable(text()),
    disabled: boolean,
    expand,
    metadata
  }), (call, params, { id }) => {
    const record = find(call, id!)
    const { disabled, metadata: given, expand: _, ...values } = params
    record.wire = {
      ...record.wire,
      ...values,
      ...(disabled === undefined ? {} : { status: disabled ? 'disabled' as const : 'enabled' as const }),
      metadata: mergeMetadata(record.wire.metadata, given)
    }
    return record.wire
  }, checkUrl),
  route('DELETE', '/v1/webhook_endpoints/:id', object({}), (call, _, { id }) => {
    const record = find(call, id!)
    call.books.endpoints.remove(record.id)
    return { id: record.id, object: 'webhook_endpoint', deleted: true }
  })
]

/** The Dashboard's "roll secret": the old one signs beside the new one for a day. Source: https://docs.stripe.com/webhooks#roll-endpoint-secrets, read 2026-11. */
export function rollSecret (world: World, endpointId: string, overlap = overlapSeconds): string {
  for (const { test, live } of world.accounts.values()) {
    const record = test.endpoints.get(endpointId) ?? live.endpoints.get(endpointId)
    if (record === undefined) continue
    record.previous = { secret: record.secret, until: world.now() + overlap }
    record.secret = world.id('whsec_', 32)
    world.changed()
    return record.secret
  }
  throw new Error(`there is no webhook endpoint ${endpointId}`)
}

/** Live mode wants https. (Stripe also refuses addresses that are not public; on loopback there would be none left.) */
function checkUrl ({ books }: Call, params: { url?: string }): void {
  if (params.url === undefined) return
  const { protocol } = new URL(params.url)
  if (protocol !== 'https:' && (books.livemode || protocol !== 'http:')) {
    throw invalid(books.livemode ? 'Invalid URL: The URL must start with https for live mode webhook endpoints.' : 'Invalid URL: The URL must start with http or https.', { code: 'url_invalid', param: 'url' })
  }
}

function find ({ books }: Call, id: string): EndpointRecord {
  return wanted(books.endpoints, id, 'webhook endpoint', 'webhook_endpoint')
}
