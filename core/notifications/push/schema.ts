import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../../http-schema.ts'

/** As a browser's `subscription.toJSON()` has it. */
const BrowserSubscription = Type.Object({
  endpoint: Type.String({ maxLength: 2000 }),
  expirationTime: Type.Optional(Nullable(Type.Number())),
  keys: Type.Object({ p256dh: Type.String({ pattern: '^[A-Za-z0-9_-]{87}=?$' }), auth: Type.String({ pattern: '^[A-Za-z0-9_-]{22}(==)?$' }) }, closed)
}, closed)

export const NewSubscription = Type.Object({
  subscription: BrowserSubscription,
  customer: Type.Optional(Type.String({ maxLength: 60, description: 'Whose browser it is (cus_…). Left out by a person who is logged in: their own.' }))
}, closed)
export type NewSubscription = Static<typeof NewSubscription>

export const PushSubscription = Type.Object({
  id: Type.String(),
  object: Type.Literal('push_subscription'),
  mode: Mode,
  channel: Type.String(),
  owner: Type.Object({ type: oneOf(['customer', 'user']), id: Type.String() }),
  service: Type.String({ description: 'Host of the push service. The rest of the address is not shown.' }),
  created_at: Instant
}, { title: 'PushSubscription' })
export type PushSubscription = Static<typeof PushSubscription>

export const ListSubscriptions = Type.Object({ ...listQuery, customer: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListSubscriptions = Static<typeof ListSubscriptions>
export const SubscriptionPage = pageOf(PushSubscription)
