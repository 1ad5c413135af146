import type { CheckoutSnapshot } from './checkout.ts'
import type { ConnectionContext, Mode } from './context.ts'
import type { SavedMethodSnapshot } from './customers.ts'
import type { DisputeSnapshot } from './disputes.ts'
import type { DocumentSnapshot } from './invoicing.ts'
import type { PaymentSnapshot, RefundSnapshot } from './payments.ts'
import type { CycleSnapshot, SubscriptionSnapshot } from './subscriptions.ts'

export interface RawWebhook {
  /** The bytes as they came: nothing parsed or re-serialised them. */
  body: Uint8Array
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
  /** As the provider called it, with its query. */
  url: string
}

export interface Verification extends RawWebhook {
  /** Every secret that is valid now: two while one replaces another. Empty means that nothing can be verified. */
  secrets: readonly string[]
  now: Date
  settings: Readonly<Record<string, unknown>>
  /** What `fetchKey` gave for this delivery; absent when it names none, or when it could not be had. */
  key?: string
}

/** As much of a connection as reading a published key needs: no credentials. */
export type KeySource = Pick<ConnectionContext, 'mode' | 'origin' | 'http' | 'now'> & {
  /** The operator pointed the provider elsewhere (a simulator): then whatever is served there is the provider's own. */
  readonly redirected: boolean
}

export type Verdict =
  /** Signed by one of the secrets, and fresh. */
  | { verdict: 'verified', dedupeKey: string, eventType: string }
  /** `reason` is for support, not for the caller. */
  | { verdict: 'refused', reason: string }
  /** The scheme signs nothing, or not the body: its only effect is that the provider is asked. */
  | { verdict: 'unverifiable', dedupeKey: string, eventType: string }

/**
 * A webhook in our words. `snapshot` is what the event said then; the hub asks for the truth unless it is decisive.
 * `providerReference` is always the payment's (or document's), also of a refund or a dispute, whose own is beside it.
 */
export type ProviderEvent =
  | { type: 'payment', providerReference: string, reference?: string, occurredAt?: Date, snapshot?: PaymentSnapshot }
  | { type: 'refund', providerReference: string, reference?: string, occurredAt?: Date, refund: RefundSnapshot }
  | { type: 'dispute', providerReference: string, reference?: string, occurredAt?: Date, dispute: DisputeSnapshot }
  /** A dispute of which only its own id is told: the provider is asked for it, and so for the payment that it is about. */
  | { type: 'dispute_named', providerReference: string, occurredAt?: Date }
  /** `providerReference` is the session's or link's own. `reference` is our id of it. */
  | { type: 'checkout', providerReference: string, reference?: string, occurredAt?: Date, snapshot?: CheckoutSnapshot }
  /** `providerReference` is the subscription's own, also of a cycle. `reference` is our subscription id. */
  | { type: 'subscription', providerReference: string, reference?: string, occurredAt?: Date, snapshot?: SubscriptionSnapshot, cycle?: CycleSnapshot }
  /** A saved method, or its set-up. */
  | { type: 'saved_method', providerReference: string, reference?: string, occurredAt?: Date, snapshot?: SavedMethodSnapshot }
  | { type: 'document', providerReference: string, reference?: string, occurredAt?: Date, snapshot?: DocumentSnapshot }
  | { type: 'connection', what: 'ping' | 'revoked' }
  | { type: 'ignored', why: string }

export interface WebhookScheme {
  /** Pure and constant-time where it compares. There is no way to skip it. */
  verify: (input: Verification) => Verdict
  /**
   * Where a delivery names the key that signed it (the address of a certificate): that name, if it is one of the provider's own and
   * of this mode. Pure. Undefined: it names none, and nothing is fetched.
   */
  keyName?: (raw: RawWebhook, mode: Mode) => string | undefined
  /** Reads that key from the provider's own origin, never from an address of the delivery's, and checks whose it is. The hub keeps it for hours. */
  fetchKey?: (source: KeySource, name: string) => Promise<string>
  /**
   * Other verifiers of the same deliveries, by name. A connection may let one run beside `verify`: its verdict is kept and counted, and
   * decides nothing, until somebody has seen that it may.
   */
  shadows?: Readonly<Record<string, (input: Verification) => Verdict>>
  /** Whose account a delivery to the operator's own application is about (`Adapter.oauth`). Pure; the body may be anything. */
  accountOf?: (raw: RawWebhook) => { account: string, mode?: Mode } | undefined
  /** Pure. Called only for what `verify` let through. */
  parse: (raw: RawWebhook) => ProviderEvent[]
  /** Registers `url` at the provider by its API. `secret` is what it will sign with, when it tells. */
  register?: (context: ConnectionContext, input: { url: string, events: readonly string[] }) => Promise<{ providerReference: string, secret?: string }>
  unregister?: (context: ConnectionContext, providerReference: string) => Promise<void>
  /** Makes the provider send a real, signed event, harmlessly. Test mode only. `providerReference` is what `register` gave. */
  provoke?: (context: ConnectionContext, providerReference: string) => Promise<void>
  /** What the provider wants to read as an answer; an empty 200 when absent. */
  acknowledge?: (events: RawWebhook) => { status: number, body: string, contentType: string }
}
