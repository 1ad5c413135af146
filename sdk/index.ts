/** `@pasarela/client`: the typed client of the API. It runs in Node 20 or newer and in browsers. */
export { createClient, type Client, type ClientOptions, type CallOptions, type Download, type Options, type Success } from './client.ts'
export {
  AuthenticationError, ConflictError, ConnectionError, IdempotencyError, InvalidRequestError, NotFoundError, PasarelaError, PermissionError, ProviderError, RateLimitError, ServerError,
  type FieldError, type Problem
} from './errors.ts'
export type { Page } from './pages.ts'
export type { RetryOptions } from './retry.ts'
export type { Change, StreamOptions } from './stream.ts'
export type { components, ErrorCode, operations, paths } from './schema.ts'

/** The shapes of the API by their names: `Schemas['Payment']`. */
export type Schemas = import('./schema.ts').components['schemas']
