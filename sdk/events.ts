import type { components } from './schema.ts'

/** What happened: the envelope of a webhook and of `GET /v1/events`. Its `type` tells what `data` is. */
export type WebhookEvent = components['schemas']['AnyEvent']
export type WebhookEventType = WebhookEvent['type']
/** An event of one type: `WebhookEventOf<'payment.succeeded'>`. */
export type WebhookEventOf<T extends WebhookEventType> = Extract<WebhookEvent, { type: T }> extends never ? Distribute<WebhookEvent, T> : Extract<WebhookEvent, { type: T }>

type Distribute<E, T> = E extends { type: infer U } ? T extends U ? E & { type: T } : never : never
