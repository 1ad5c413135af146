import type { HttpClient } from './http.ts'
import type { TransferBook } from './transfer-book.ts'

export type Mode = 'test' | 'live'

export interface AdapterLog {
  debug: (fields: object, message: string) => void
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
}

/** An open connection: all that an adapter is given, and all that it may use. It keeps nothing between calls. */
export interface ConnectionContext {
  readonly connectionId: string
  readonly mode: Mode
  /** The fields of the credential form, decrypted for the time of one operation. */
  readonly credentials: Readonly<Record<string, string>>
  /** The operator's own secret for this provider, where one account of the operator serves every tenant. */
  readonly operator?: string | undefined
  /** Present where a person connected the account by OAuth: whose account that is. Nothing that a tenant can set. */
  readonly grant?: { readonly account: string }
  /** The connection's own settings, valid against the manifest's `settings` schema, with defaults filled in. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What the last successful `test` read back. */
  readonly account: Readonly<ProviderAccount> | undefined
  /** The provider's origin by its name in `base_urls` (`api` when absent); the operator may have pointed it elsewhere. */
  readonly origin: (name?: string) => string
  readonly http: HttpClient
  /** What the hub keeps for this connection between calls, in memory alone: a token that the provider lends for hours. Absent: ask anew each time. */
  readonly memory?: ConnectionMemory
  /** Lent to an adapter whose manifest says `own_bank`, and to no other. */
  readonly book?: TransferBook
  readonly now: () => Date
  readonly log: AdapterLog
}

/** Forgotten when its time is over, when the credentials change, and with the process. */
export interface ConnectionMemory {
  get: (name: string) => string | undefined
  /** An empty value forgets. */
  set: (name: string, value: string, ttlMs: number) => void
}

/** The account behind the credentials, as the provider tells it. */
export interface ProviderAccount {
  id: string
  country?: string
  name?: string
  /** The currency in which the provider settles, where it says so. */
  currency?: string
}

/** What `test` proved. Thrown errors mean that it proved the opposite. */
export interface ConnectionTest {
  account: ProviderAccount
  mode: Mode
  /** What was done and seen, one line each, shown to the tenant: `es` and `en`. */
  evidence: LocalText[]
}

export interface LocalText {
  es: string
  en: string
}
