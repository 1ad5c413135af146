import { type Static, Type } from 'typebox'
import { collectFields } from './checkout.ts'
import { providerProblems } from './problems.ts'

const closed = { additionalProperties: false }
const oneOf = <const T extends string>(values: readonly T[], options: object = {}) => Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })

const Text = Type.Object({ es: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) }, closed)

/** Every call that an adapter can make. The name is what operations, timeouts and retry safety are keyed by. */
export const operationNames = [
  'test', 'create_payment', 'get_payment', 'find_payment', 'confirm_payment', 'complete_payment', 'capture', 'cancel', 'refund', 'get_refund',
  'find_refund', 'list_transactions', 'list_payments', 'create_checkout', 'get_checkout', 'find_checkout', 'expire_checkout', 'get_checkout_of', 'create_payment_link', 'get_payment_link',
  'find_payment_link', 'expire_payment_link', 'create_customer', 'update_customer', 'find_customer', 'delete_customer', 'save_method', 'get_setup',
  'list_methods', 'remove_method', 'create_plan', 'find_plan', 'create_subscription', 'get_subscription', 'find_subscription', 'update_subscription',
  'preview_update', 'cancel_subscription', 'pause_subscription', 'resume_subscription', 'list_cycles', 'get_dispute', 'list_disputes',
  'submit_evidence', 'accept_dispute',
  'register_webhook', 'unregister_webhook', 'provoke_webhook', 'exchange_code', 'refresh_grant', 'prove_grant', 'revoke_grant',
  'issue', 'get_document', 'find_document', 'validate_document', 'cancel_document', 'get_cancellation', 'download',
  'credit_note', 'payment_receipt', 'self_invoice', 'register_sale', 'global_invoice', 'account_status', 'upload_certificate', 'check_customer', 'look_up_document',
  'submit_records', 'find_records'
] as const
export type OperationName = typeof operationNames[number]

/**
 * How one operation may be repeated when its outcome is not known.
 * `idempotency-key`: with the same key, within `idempotency_window_ms`. `natural-key`: the provider refuses a second one by
 * our reference. `query-first`: only after asking. `never`: a person decides.
 */
export const retrySafeties = ['idempotency-key', 'natural-key', 'query-first', 'never'] as const
export type RetrySafety = typeof retrySafeties[number]

/** One field of the credential form: a flat JSON Schema property that draws the form, validates and masks. */
const CredentialField = Type.Object({
  type: Type.Literal('string'),
  title: Text,
  help: Text,
  /** Where in the provider's own dashboard it is found. */
  where: Text,
  pattern: Type.Optional(Type.String()),
  minLength: Type.Optional(Type.Integer()),
  maxLength: Type.Optional(Type.Integer()),
  placeholder: Type.Optional(Type.String()),
  /** Write-only: stored sealed, read back as a fingerprint. */
  secret: Type.Boolean(),
  kind: oneOf(['text', 'cer+key', 'p12'])
}, closed)

const AmountRuleSchema = Type.Object({
  exponent: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
  multipleOf: Type.Optional(Type.Integer({ minimum: 1 })),
  minimum: Type.Optional(Type.Integer({ minimum: 0 })),
  maximum: Type.Optional(Type.Integer({ minimum: 1 }))
}, closed)

const Origins = Type.Record(Type.String({ pattern: '^[a-z_]+$' }), Type.String({ pattern: '^https://[^/]+$' }))

export const ManifestSchema = Type.Object({
  id: Type.String({ pattern: '^[a-z][a-z0-9_]{1,30}$' }),
  name: Type.String({ minLength: 1 }),
  families: Type.Array(oneOf(['payments', 'invoicing', 'register', 'records']), { minItems: 1, uniqueItems: true }),
  /** Facts are incomplete: offered only when the operator sets PASARELA_EXPERIMENTAL=1. */
  experimental: Type.Boolean(),
  /** ISO 3166-1 alpha-2. */
  countries: Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), { minItems: 1 }),
  currencies: Type.Array(Type.String({ pattern: '^[A-Z]{3}$' })),
  methods: Type.Array(Type.Object({
    type: Type.String({ pattern: '^[a-z][a-z0-9_]*$' }),
    currencies: Type.Optional(Type.Array(Type.String())),
    countries: Type.Optional(Type.Array(Type.String())),
    /** Its facts are incomplete: it is offered only where the operator offers what is experimental. */
    experimental: Type.Optional(Type.Boolean())
  }, closed)),
  /** What its pages can ask the buyer for, so that the payment can be invoiced. */
  collects: Type.Optional(Type.Array(oneOf(collectFields), { minItems: 1, uniqueItems: true })),
  modes: Type.Array(oneOf(['test', 'live']), { minItems: 1, uniqueItems: true }),
  base_urls: Type.Object({ test: Origins, live: Origins }, closed),
  credentials: Type.Object({
    properties: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), CredentialField),
    required: Type.Array(Type.String())
  }, closed),
  /** A flat JSON Schema of the connection's settings, each with a default and a description. */
  settings: Type.Object({
    properties: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Type.Object({
      type: oneOf(['string', 'integer', 'boolean']),
      description: Text,
      default: Type.Union([Type.String(), Type.Integer(), Type.Boolean()]),
      enum: Type.Optional(Type.Array(Type.String())),
      /** Anchored; the default matches it. */
      pattern: Type.Optional(Type.String()),
      minimum: Type.Optional(Type.Integer()),
      maximum: Type.Optional(Type.Integer())
    }, closed))
  }, closed),
  setup_steps: Type.Array(Text),
  /**
   * True: there is no provider; payers send the money to the tenant's own bank account. The hub lends its book of expected transfers
   * (`ConnectionContext.book`), and the tenant's bank statements, or a person, say what was paid.
   */
  own_bank: Type.Optional(Type.Boolean()),
  /** Connecting with a button beside keys, where the provider lets a person consent (`Adapter.oauth`). */
  oauth: Type.Optional(Type.Object({
    /** What stands on the button. */
    button: Text,
    /** The operator's application at the provider: what PASARELA_OPERATOR_FILE_<ID> holds for each mode. */
    app: Type.Object({
      properties: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Type.Object({ title: Text, where: Text, pattern: Type.Optional(Type.String()), secret: Type.Boolean() }, closed)),
      required: Type.Array(Type.String())
    }, closed),
    /** How long before their end credentials are renewed, ms: as long as a person has to consent again when that fails. 0: they do not end. */
    refresh_ahead_ms: Type.Integer({ minimum: 0 }),
    /** What the operator does once. */
    operator_steps: Type.Array(Text)
  }, closed)),
  webhooks: Type.Union([Type.Object({
    /** The provider's names of the events that we ask for. */
    events: Type.Array(Type.String(), { minItems: 1 }),
    /** The credential that holds the secret or public key which verifies. */
    secret: Type.String(),
    /** What the signature covers: `body`: all of it; `partial`: some of it, so the provider is always asked; `none`. */
    signs: oneOf(['body', 'partial', 'none']),
    /** The provider gives up waiting after this long. */
    answer_within_ms: Type.Integer({ minimum: 1000 }),
    /** How to register by hand, where the API cannot. */
    manual_steps: Type.Array(Text)
  }, closed), Type.Null()]),
  /** Requests per second that one connection may send. */
  rate_limits: Type.Object({ test: Type.Number({ exclusiveMinimum: 0 }), live: Type.Number({ exclusiveMinimum: 0 }) }, closed),
  /** Whole exchange, ms; `default` and any operation. */
  timeouts_ms: Type.Intersect([Type.Object({ default: Type.Integer({ minimum: 100 }) }), Type.Record(Type.String(), Type.Integer({ minimum: 100 }))]),
  /** Every operation that changes something at the provider. */
  retry_safety: Type.Unsafe<Partial<Record<OperationName, RetrySafety>>>({
    type: 'object', propertyNames: { enum: [...operationNames] }, additionalProperties: { enum: [...retrySafeties] }
  }),
  /** How long the provider remembers an idempotency key, ms. 0: it has none. */
  idempotency_window_ms: Type.Integer({ minimum: 0 }),
  /** An object that cannot be found this long after it was asked for was never made, ms. */
  settles_within_ms: Type.Integer({ minimum: 0 }),
  /** A payment that nobody paid ends there without a trace: one that was known, and is not found any more, has expired. Only where the money is taken by a call of ours. */
  forgets_unpaid: Type.Optional(Type.Boolean()),
  /** Per currency, where the provider counts, rounds or limits in its own way. Dated in `sources`. */
  amounts: Type.Record(Type.String({ pattern: '^[A-Z]{3}$' }), AmountRuleSchema),
  /** The provider's codes in our vocabulary. */
  errors: Type.Record(Type.String(), oneOf(Object.keys(providerProblems) as (keyof typeof providerProblems)[])),
  sources: Type.Array(Type.Object({ title: Type.String(), url: Type.String({ pattern: '^https://' }), read_on: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }) }, closed), { minItems: 1 })
}, closed)

export type Manifest = Static<typeof ManifestSchema>
