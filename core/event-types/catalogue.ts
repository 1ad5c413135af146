import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type TObject, type TSchema, Type } from 'typebox'
import { Alert } from '../alerts/schema.ts'
import { Certificate } from '../certificates/schema.ts'
import { CheckoutSession, PaymentLink } from '../checkout/schema.ts'
import { PaymentMethod } from '../customers/schema.ts'
import { Dispute } from '../disputes/schema.ts'
import { type EventType, eventTypes, objectOf } from '../events/types.ts'
import { Instant, Mode, Nullable, oneOf } from '../http-schema.ts'
import { Invoice, InvoiceCustomer } from '../invoices/schema.ts'
import { Payment, Refund } from '../payments/schema.ts'
import { Plan } from '../plans/schema.ts'
import { CompletenessAudit } from '../reconciliation/schema.ts'
import { GlobalInvoice, Sale } from '../sales/schema.ts'
import { StoreCredit } from '../store-credits/schema.ts'
import { Cycle, Subscription } from '../subscriptions/schema.ts'

/** What `data` of each kind of event holds: the object as the API shows it, less what no event may carry, and what only the event knows. */

const Id = Type.String()

function without (schema: TObject, names: readonly string[], more: Record<string, TSchema> = {}): TObject {
  return Type.Object({ ...Object.fromEntries(Object.entries(schema.properties).filter(([name]) => !names.includes(name))), ...more } as Record<string, TSchema>)
}

const brief = (object: string, more: Record<string, TSchema>): TObject => Type.Object({ id: Id, object: Type.Literal(object), ...more })

const data = {
  payment: without(Payment, [], {
    failover: Type.Optional(Type.Object({ from: Id, to: Id, attempt: Type.Integer(), error_code: Nullable(Type.String()) }, { description: 'Of `payment.failed_over`: from which connection to which.' }))
  }),
  refund: Refund,
  dispute: Dispute,
  subscription: without(Subscription, [], {
    cycle: Type.Optional(Cycle),
    change: Type.Optional(Type.Object({ kind: Type.Optional(Type.String()), asked: Nullable(Type.Record(Type.String(), Type.Unknown())), error: Type.Object({ code: Type.String(), message: Type.String() }) }, { description: 'Of `subscription.change_failed`: what was asked for, and why it was not done.' }))
  }),
  plan: Plan,
  checkout_session: CheckoutSession,
  payment_link: PaymentLink,
  customer: brief('customer', { mode: Mode }),
  payment_method: PaymentMethod,
  invoice: without(Invoice, ['lines', 'branch', 'till', 'local_taxes', 'mx', 'ec', 'es', 'send', 'documents', 'verification_url', 'customer'], { customer: Type.Optional(InvoiceCustomer) }),
  sale: without(Sale, ['lines', 'totals', 'customer']),
  global_invoice: GlobalInvoice,
  store_credit: without(StoreCredit, ['code', 'events']),
  connection: brief('connection', {
    provider: Type.String(),
    mode: Mode,
    health: Type.Optional(oneOf(['untested', 'healthy', 'failing', 'disabled'])),
    error_code: Type.Optional(Nullable(Type.String())),
    changed: Type.Optional(Type.Array(Type.String(), { description: 'Of `connection.updated`: names of what is new, without their values.' })),
    reason: Type.Optional(Type.String({ description: 'Of `connection.reconnect`: why the consent is over.' })),
    works_until: Type.Optional(Nullable(Instant)),
    webhooks: Type.Optional(Type.Object({
      refused: Type.Integer(), taken: Type.Integer(), share: Type.Number(), share_before: Nullable(Type.Number()), since: Instant, reason: Nullable(Type.String())
    }, { description: 'Of `connection.webhooks_refused`.' })),
    stamps: Type.Optional(Type.Object({
      stamps_left: Type.Integer(), per_day: Nullable(Type.Number()), days_left: Nullable(Type.Number()), level: Type.String()
    }, { description: 'Of `connection.stamps_low`.' }))
  }),
  certificate: Certificate,
  alert: Alert,
  mail: brief('mail', { status: oneOf(['sent', 'refused', 'parked']), about: Type.String({ description: 'Id of what it is about.' }), automatic: Type.Boolean(), notice: Type.Optional(Id) }),
  notice: brief('notice', { status: oneOf(['sent', 'refused', 'parked', 'unknown']), kind: Type.String(), channel: Type.String(), about: Type.String({ description: 'Id of what it is about.' }) }),
  bank_statement: brief('bank_statement', { mode: Mode, bank_account: Id, entries_count: Type.Integer(), from: Nullable(Type.String()), to: Nullable(Type.String()) }),
  completeness_audit: without(CompletenessAudit, ['missed_payments', 'foreign_payments'])
} as const satisfies Record<ObjectKind, TObject>

/** Every object that events are about. */
export type ObjectKind = EventType extends `${infer Kind}.${string}` ? Kind : never
export const objectKinds = Object.keys(data) as ObjectKind[]

const pascal = (kind: string): string => kind.split('_').map(word => word[0]!.toUpperCase() + word.slice(1)).join('')

/** Names of the two schemas of a kind in the OpenAPI document: of its data, and of the whole event. */
export const dataName = (kind: ObjectKind): string => `${pascal(kind)}EventData`
export const eventName = (kind: ObjectKind): string => `${pascal(kind)}Event`

export const typesOf = (kind: ObjectKind): EventType[] => (Object.keys(eventTypes) as EventType[]).filter(type => objectOf(type) === kind)

/** JSON Schema of `data`, with its name. */
export const dataSchema = (kind: ObjectKind): TObject => Type.Object(data[kind].properties as Record<string, TSchema>, { title: dataName(kind) })

/** JSON Schema of a whole event about one kind of object. */
export const eventSchema = (kind: ObjectKind): TObject => Type.Object({
  id: Type.String({ description: 'The same over all attempts and endpoints.' }),
  type: oneOf(typesOf(kind)),
  timestamp: Instant,
  tenant_id: Type.String(),
  mode: Mode,
  data: dataSchema(kind)
}, { title: eventName(kind) })

// --- examples -----------------------------------------------------------------------------------------------------------

/** Recorded from runs against the simulators; ids and hosts are made up. */
let recorded: Record<string, Record<string, unknown>> | undefined

const beside: Partial<Record<EventType, Record<string, unknown>>> = {
  'payment.failed_over': { status: 'unknown', failover: { from: 'con_01a1ffa159b3704ebdf3b1bf68fcac39', to: 'con_01a1ffa15a047259baa86ff0c550e271', attempt: 2, error_code: 'provider_unavailable' } },
  'subscription.change_failed': { change: { kind: 'update', asked: { quantity: 2, proration: 'prorate' }, error: { code: 'not_found', message: 'The provider does not know that object.' } } },
  'connection.updated': { changed: ['label'] },
  'connection.enabled': { health: 'untested' },
  'connection.disabled': { health: 'disabled' },
  'connection.untested': { health: 'untested' },
  'connection.healthy': { health: 'healthy', error_code: null },
  'connection.failing': { health: 'failing', error_code: 'invalid_credentials' },
  'connection.reconnect': { reason: 'expired', works_until: null },
  'connection.webhooks_refused': { webhooks: { refused: 18, taken: 2, share: 0.9, share_before: 0, since: '2026-11-21T19:00:00.000Z', reason: 'Stripe-Signature header has no v1 signature' } },
  'connection.stamps_low': { stamps: { stamps_left: 40, per_day: 12.5, days_left: 3, level: 'low' } },
  'alert.acknowledged': { acknowledged_at: '2026-11-21T20:00:00.000Z', acknowledged_by: 'usr_01a1ff9b0c5470c5a01222fd772d3458' },
  'alert.resolved': { resolved_at: '2026-11-21T21:00:00.000Z' }
}

const alert = {
  id: 'alt_01a1ff9b0c5472ac8047bc6927f67446', object: 'alert', mode: 'test', status: 'open', kind: 'connection_failing', severity: 'critical', message: 'The connection to the provider is failing. Test its credentials.',
  subject: 'con_01a1ff9b0c54712aa0c52f1eda9c5401', detail: { error_code: 'invalid_credentials', provider_code: null }, times: 1, created_at: '2026-11-21T19:35:13.748Z', last_at: '2026-11-21T19:35:13.748Z', acknowledged_at: null, acknowledged_by: null, resolved_at: null
}

/** `data` of an event of the type: the recorded object, in the state that the type tells. */
export function exampleData (type: EventType): Record<string, unknown> {
  recorded ??= JSON.parse(readFileSync(path.join(import.meta.dirname, 'examples.json'), 'utf8')) as Record<string, Record<string, unknown>>
  const kind = objectOf(type) as ObjectKind
  const told = type.slice(kind.length + 1)
  const statuses = (data[kind].properties as Record<string, { enum?: string[] }>).status?.enum
  return {
    ...(kind === 'alert' ? alert : recorded[kind]),
    ...(statuses?.includes(told) === true && { status: told }),
    ...((type === 'subscription.renewed' || type === 'subscription.payment_failed') && { cycle: recorded.cycle }),
    ...beside[type]
  }
}

/** The type that was recorded, to show the kind by. */
export function shownType (kind: ObjectKind): EventType {
  const { status } = exampleData(typesOf(kind)[0]!) as { status?: string }
  const types = typesOf(kind)
  const recordedAs = kind === 'alert' ? 'opened' : recorded?.[kind]?.status ?? status
  return types.find(type => type === `${kind}.${String(recordedAs)}`) ?? types[0]!
}

export function exampleEvent (type: EventType): Record<string, unknown> {
  return { id: 'evt_01a1ff9b0c547a9db1d4f2b0c9a3e615', type, timestamp: '2026-11-21T19:35:13.934Z', tenant_id: 'ten_01a1ff9476b07035a24663deb84df507', mode: 'test', data: exampleData(type) }
}
