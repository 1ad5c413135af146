import { type Static, Type } from 'typebox'
import { closed, Mode, oneOf } from '../../http-schema.ts'
import { audiences, catalogue, type Audience, type ChannelType, type NoticeKind, noticeKinds } from '../catalogue.ts'
import { Kind } from '../notices/schema.ts'
import type { KindSwitches } from './switches.ts'

const Days = Type.Array(Type.Integer({ minimum: 1, maximum: 60 }), { maxItems: 5, uniqueItems: true })

/** Only what the catalogue has: a switch that would do nothing is refused. */
function switchesSchema (kind: NoticeKind) {
  const { channels, days } = catalogue[kind]
  const ofAudience = (audience: Audience) => {
    const known = channels[audience]
    return known === undefined ? {} : { [audience]: Type.Optional(Type.Object(Object.fromEntries((Object.keys(known) as ChannelType[]).map(channel => [channel, Type.Optional(Type.Boolean())])), closed)) }
  }
  return Type.Object({ ...Object.assign({}, ...audiences.map(ofAudience)), ...(days !== undefined && { days: Type.Optional(Days) }) }, closed)
}

const notices = Type.Unsafe<Partial<Record<NoticeKind, KindSwitches>>>(Type.Object(Object.fromEntries(noticeKinds.map(kind => [kind, Type.Optional(switchesSchema(kind))])), closed))

const fields = {
  language: oneOf(['es', 'en'], { description: 'In which the tenant’s own people are written to.' }),
  admin_emails: Type.Array(Type.String({ format: 'email', maxLength: 254 }), { maxItems: 10, uniqueItems: true, description: 'Who is written to as the administrator; its users of that role when empty.' }),
  told_by_provider: Type.Array(Type.Object({ connection: Type.String({ maxLength: 60 }), kinds: Type.Array(Kind, { minItems: 1, uniqueItems: true }) }, closed), { maxItems: 20, description: 'What a provider mails to the buyer itself (Stripe’s receipts, a PAC’s invoices): it is not mailed a second time.' })
}

export const PutSettings = Type.Object({ language: Type.Optional(fields.language), admin_emails: Type.Optional(fields.admin_emails), told_by_provider: Type.Optional(fields.told_by_provider), notices: Type.Optional(notices) }, { ...closed, description: 'All of them: what is left out is as the catalogue has it.' })
export type PutSettings = Static<typeof PutSettings>

export const NotificationSettings = Type.Object({
  object: Type.Literal('notification_settings'),
  mode: Mode,
  ...fields,
  notices: Type.Unsafe<Record<NoticeKind, KindSwitches>>({ type: 'object', additionalProperties: true, description: 'Every kind of notice: to whom by which channel, and the days of those that have some.' })
}, { title: 'NotificationSettings' })
export type NotificationSettings = Static<typeof NotificationSettings>
