import { type Static, Type } from 'typebox'
import type { ProviderProblem } from '../adapter/problems.ts'
import { Amount, closed, Currency, Instant, Metadata, Mode, Nullable, oneOf } from '../http-schema.ts'

/**
 * Refusals that a tenant may want tried elsewhere. Not among them: what nobody knows the outcome of, what is against the law of
 * the networks to try again (a suspected fraud), and what would be refused anywhere.
 */
export const failoverClasses = [
  'provider_unavailable', 'rate_limited', 'invalid_credentials', 'permission_denied', 'merchant_balance_insufficient', 'unsupported', 'amount_invalid', 'limit_exceeded',
  'card_declined', 'insufficient_funds', 'expired_card', 'incorrect_cvc', 'invalid_card', 'authentication_failed'
] as const satisfies readonly ProviderProblem[]

const Country = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2, upper case.' })
const MethodType = Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' })
const Name = Type.String({ minLength: 1, maxLength: 254 })
const Family = oneOf(['payments', 'invoicing'])
const MinorUnits = Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 })

const many = <T extends Parameters<typeof Type.Array>[0]>(item: T) => Type.Array(item, { minItems: 1, maxItems: 200, uniqueItems: true })
/** One may be written without its brackets; it is read back with them. */
const oneOrMany = <T extends Parameters<typeof Type.Array>[0]>(item: T, description: string) => Type.Union([item, many(item)], { description })

const metadataKey = { pattern: '^[^\\[\\]]{1,40}$' }
const MetadataValue = Type.String({ maxLength: 500 })

export const NewMatch = Type.Object({
  family: Type.Optional(Type.Unsafe<'payments' | 'invoicing'>({ ...Family, default: 'payments' })),
  currency: Type.Optional(oneOrMany(Currency, 'ISO 4217.')),
  country: Type.Optional(oneOrMany(Country, 'Of the payer (`country` of the payment); of an invoice, where it is valid.')),
  method: Type.Optional(oneOrMany(MethodType, 'Type of the payment method, such as `card`.')),
  amount: Type.Optional(Type.Object({ min: Type.Optional(MinorUnits), max: Type.Optional(MinorUnits) }, { ...closed, minProperties: 1, description: 'Inclusive, in minor units of the currency asked about: name `currency` beside it.' })),
  metadata: Type.Optional(Type.Record(Type.String(metadataKey), Type.Union([MetadataValue, many(MetadataValue)]), { minProperties: 1, maxProperties: 20, description: 'Each key must have one of its values.' })),
  customer: Type.Optional(oneOrMany(Name, 'Id of a customer (`cus_…`) or a mail address.')),
  issuer: Type.Optional(oneOrMany(Name, 'Of an invoice: id of the issuer (`iss_…`) or its tax id.')),
  series: Type.Optional(oneOrMany(Name, 'Of an invoice.'))
}, closed)
export type NewMatch = Static<typeof NewMatch>

const Failover = Type.Object({
  on: Type.Array(oneOf(failoverClasses), { uniqueItems: true, maxItems: failoverClasses.length, description: 'Refusals after which the next connection is tried. One that could not be reached at all always is; one whose outcome is not known never.' })
}, closed)

export const NewRule = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
  enabled: Type.Optional(Type.Boolean({ default: true })),
  match: Type.Optional(NewMatch),
  connections: Type.Array(Type.String({ maxLength: 60 }), { minItems: 1, maxItems: 20, uniqueItems: true, description: 'In the order in which they are tried.' }),
  failover: Type.Optional(Failover)
}, closed)
export type NewRule = Static<typeof NewRule>

export const PutRouting = Type.Object({
  version: Type.Optional(Type.Integer({ minimum: 0, description: 'The version that was read: a list that somebody changed since is not written over (409). `If-Match` says the same.' })),
  rules: Type.Array(NewRule, { maxItems: 2000 })
}, closed)
export type PutRouting = Static<typeof PutRouting>

export const Match = Type.Object({
  family: Type.Optional(Family),
  currency: Type.Optional(Type.Array(Type.String())),
  country: Type.Optional(Type.Array(Type.String())),
  method: Type.Optional(Type.Array(Type.String())),
  amount: Type.Optional(Type.Object({ min: Type.Optional(Type.Integer()), max: Type.Optional(Type.Integer()) })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
  customer: Type.Optional(Type.Array(Type.String())),
  issuer: Type.Optional(Type.Array(Type.String())),
  series: Type.Optional(Type.Array(Type.String()))
})

export const Routing = Type.Object({
  object: Type.Literal('routing'),
  mode: Mode,
  version: Type.Integer({ description: '0 while no list was written.' }),
  rules: Type.Array(Type.Object({
    name: Type.String(),
    enabled: Type.Boolean(),
    match: Match,
    connections: Type.Array(Type.String()),
    failover: Failover
  })),
  updated_at: Nullable(Instant)
}, { title: 'Routing' })
export type Routing = Static<typeof Routing>

export const Decide = Type.Object({
  family: Type.Optional(Type.Unsafe<'payments' | 'invoicing'>({ ...Family, default: 'payments' })),
  amount: Type.Optional(Amount),
  currency: Type.Optional(Currency),
  method: Type.Optional(Type.Union([MethodType, Type.Object({ type: MethodType }, closed)])),
  country: Type.Optional(Country),
  customer: Type.Optional(Name),
  metadata: Type.Optional(Metadata),
  issuer: Type.Optional(Name),
  series: Type.Optional(Name),
  capture: Type.Optional(oneOf(['automatic', 'manual'])),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'As in a payment: named, so that no rule is asked.' })),
  explain: Type.Optional(oneOf(['none', 'some', 'all'], { default: 'some', description: 'How much of what was not chosen is explained: nothing, the first 50 rules and connections, or all.' }))
}, closed)
export type Decide = Static<typeof Decide>

const breaker = oneOf(['closed', 'open', 'half_open'])

export const notChosenReasons = [
  'later_in_order', 'breaker_open', 'not_in_rule', 'older_first', 'own_bank', 'not_named', 'disabled', 'not_there', 'provider_unknown', 'capability', 'currency', 'method', 'amount', 'country'
] as const
export type NotChosenReason = typeof notChosenReasons[number]

const Reason = oneOf(notChosenReasons)

export const Decision = Type.Object({
  object: Type.Literal('routing_decision'),
  mode: Mode,
  family: Family,
  version: Type.Integer({ description: 'Of the list of rules.' }),
  connection: Nullable(Type.String({ description: 'The one that is asked first; null when none can.' })),
  connections: Type.Array(Type.Object({ connection: Type.String(), provider: Type.String(), label: Type.String(), breaker }), { description: 'In the order in which they are tried, each after the first only when nothing was charged before.' }),
  rule: Nullable(Type.Object({ index: Type.Integer(), name: Type.String() }, { description: 'The one that decided; null: none did, so the oldest connection that can is used.' })),
  failover: Nullable(Failover),
  error: Nullable(Type.Object({ code: Type.String(), detail: Type.String(), path: Type.Optional(Type.String()) }, { description: 'What a payment would be told, when no connection can.' })),
  rules: Type.Array(Type.Object({
    index: Type.Integer(),
    name: Type.String(),
    outcome: oneOf(['chosen', 'not_matched', 'shadowed', 'no_connection', 'disabled', 'not_asked']),
    failed: Type.Array(Type.String(), { description: 'Fields of `match` that do not hold.' }),
    connections: Type.Array(Type.Object({ connection: Type.String(), reason: Reason }), { description: 'Of a rule that matches and names none that can: why not.' })
  })),
  not_chosen: Type.Array(Type.Object({ connection: Type.String(), provider: Type.String(), label: Type.String(), reason: Reason, message: Type.String() })),
  left_out: Type.Integer({ description: 'Rules and connections that are not explained here; ask with `explain: "all"`.' })
}, { title: 'RoutingDecision' })
export type Decision = Static<typeof Decision>
