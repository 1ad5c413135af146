import type { Money } from './money.ts'

/**
 * A simulator is a provider's twin on loopback: a real HTTP server that speaks the provider's true wire format and keeps
 * its own books. Tests, the demo mode and the conformance suite use it through this interface; adapters never see it.
 */
export interface Simulator {
  /** Origin without a trailing slash, e.g. `http://127.0.0.1:41234`. */
  readonly url: string
  close: () => Promise<void>

  /** Credentials (the manifest's form fields) of an account that exists here. Each call may open a new account. */
  credentials: (mode: 'test' | 'live') => Record<string, string>
  /** Well-formed credentials that the provider refuses. */
  wrongCredentials: (mode: 'test' | 'live') => Record<string, string>

  /** The next `times` requests (default 1) that match meet this fault. */
  inject: (fault: Fault) => void
  clearFaults: () => void

  /** What really happened in the provider's books under one of our references, whatever was answered. */
  effects: (reference: string) => Effects
  /**
   * What was really asked of the payer under our reference, read from the wire as the provider reads it and told in ISO 4217
   * minor units. The suite compares: an adapter that multiplies and divides by the same wrong number agrees with itself.
   */
  charged?: (reference: string) => Money | undefined

  /**
   * The application of the operator who runs this simulator, always the same one: the fields of the manifest's `oauth.app`. Its owners come
   * back to `redirect`, and it is told of their accounts at `hook`; both are asked for when they are needed.
   */
  operator?: (mode: 'test' | 'live', at: { redirect: () => string, hook: () => string }) => Record<string, string>

  /** A webhook delivery as the provider would send it for its newest event, signed with the given secret at `now`. */
  signedWebhook: (options: { secret: string, now: Date, type?: string }) => SignedWebhook

  /** The key of this name, as the provider publishes it and as `fetchKey` would give it. */
  publishedKey?: (name: string) => string | undefined

  /** How events leave from now on. */
  deliver: (order: DeliveryOrder) => void
  /** Resolves when no delivery is due or under way. */
  settled: () => Promise<void>
}

export interface SignedWebhook {
  headers: Record<string, string>
  body: Uint8Array
  /** What the provider adds to the hook's URL, where its scheme needs it: `data.id=1&type=payment`. */
  query?: string
}

export interface Fault {
  /**
   * `refuse_connection`: the socket is closed before the request is read. `cut_before`: read, nothing done, socket cut.
   * `cut_after`: done, socket cut before any answer. `cut_mid_body`: done, the answer's body ends early.
   * `garbage`: done, answered 200 with a body that is not the provider's. `error_500`: done, answered 5xx.
   * `error_500_before`: nothing done, answered 5xx. `rate_limit`: 429 with Retry-After. `slow`: done, answered after `ms`.
   */
  kind: 'refuse_connection' | 'cut_before' | 'cut_after' | 'cut_mid_body' | 'garbage' | 'error_500' | 'error_500_before' | 'rate_limit' | 'slow'
  method?: string
  /** Substring of the path. */
  path?: string
  times?: number
  ms?: number
}

export interface Effects {
  /** Charges that took or reserved money. */
  charges: number
  captures: number
  refunds: number
  cancellations: number
  /** Fiscal documents stamped (invoicing). */
  stamps: number
}

export interface DeliveryOrder {
  /** `now`: as they happen. `hold`: kept until `release`. `duplicate`: each twice. `shuffle`: held, then in random order (seeded). */
  how: 'now' | 'hold' | 'duplicate' | 'shuffle' | 'release'
  seed?: number
}
