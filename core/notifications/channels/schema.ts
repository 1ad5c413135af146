import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../../http-schema.ts'
import { noticeKinds } from '../catalogue.ts'
import { ChannelName } from '../notices/schema.ts'

const Label = Type.String({ minLength: 1, maxLength: 80 })

const valueNames = ['sender', 'amount', 'reference', 'url', 'until', 'days', 'number', 'reason', 'message', 'name'] as const
const LanguageCode = Type.String({ pattern: '^[a-z]{2,3}(_[A-Z]{2})?$', description: 'As the template has it at Meta: `es_MX`.' })
const Template = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9_]{1,512}$', description: 'As it was approved.' }),
  languages: Type.Object({ es: Type.Optional(LanguageCode), en: Type.Optional(LanguageCode) }, { ...closed, minProperties: 1 }),
  parameters: Type.Optional(Type.Array(oneOf(valueNames), { maxItems: 10, description: 'What `{{1}}`, `{{2}}` … of its body are; the kind’s own order when absent.' }))
}, { ...closed, title: 'WhatsappTemplate' })
const Templates = Type.Object(Object.fromEntries(noticeKinds.map(kind => [kind, Type.Optional(Template)])) as Record<typeof noticeKinds[number], ReturnType<typeof Type.Optional<typeof Template>>>, { ...closed, description: 'For each kind of notice the template that tells it. A kind without one is not told by WhatsApp.' })

const from = Type.String({ format: 'email', maxLength: 254, description: 'Address that mails come from, and that bounces go to.' })
const url = Type.String({ pattern: '^smtps?://', maxLength: 500, description: '`smtps://user:password@host` or `smtp://…` with STARTTLS. Write-only.' })
const phoneNumberId = Type.String({ pattern: '^\\d{5,30}$', description: 'Id of the sending number at Meta, not the number.' })
const accessToken = Type.String({ minLength: 20, maxLength: 1000, description: 'Of a system user, with `whatsapp_business_messaging`. Write-only.' })
const appSecret = Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Of the app at Meta, which signs the webhooks that tell what became of a message. Without it none is believed. Write-only.' })
const version = Type.String({ pattern: '^v\\d{1,3}\\.\\d{1,2}$', description: 'Of the Graph API; the server’s when absent.' })
const countryCode = Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Put before numbers of ten digits that have none: `52`.' })
const subject = Type.String({ pattern: '^(mailto:[^@\\s]+@[^@\\s]+|https://\\S+)$', maxLength: 250, description: 'Whom a push service may write to about its traffic (RFC 8292 §2.1).' })

export const NewChannel = Type.Object({
  type: ChannelName,
  label: Type.Optional(Label),
  mail: Type.Optional(Type.Object({ url, from }, { ...closed, description: 'The tenant’s own mail server. Without this channel mails go through the operator’s.' })),
  whatsapp: Type.Optional(Type.Object({ phone_number_id: phoneNumberId, access_token: accessToken, app_secret: Type.Optional(appSecret), graph_version: Type.Optional(version), country_code: Type.Optional(countryCode), templates: Type.Optional(Templates) }, closed)),
  web_push: Type.Optional(Type.Object({ subject }, { ...closed, description: 'The keys are made here.' }))
}, { ...closed, description: 'What the channel needs stands under the name of its type.' })
export type NewChannel = Static<typeof NewChannel>

export const PatchChannel = Type.Object({
  label: Type.Optional(Label),
  enabled: Type.Optional(Type.Boolean()),
  mail: Type.Optional(Type.Object({ url: Type.Optional(url), from: Type.Optional(from) }, { ...closed, minProperties: 1 })),
  whatsapp: Type.Optional(Type.Object({ phone_number_id: Type.Optional(phoneNumberId), access_token: Type.Optional(accessToken), app_secret: Type.Optional(appSecret), graph_version: Type.Optional(version), country_code: Type.Optional(countryCode), templates: Type.Optional(Templates) }, { ...closed, minProperties: 1 })),
  web_push: Type.Optional(Type.Object({ subject: Type.Optional(subject) }, { ...closed, minProperties: 1 }))
}, { ...closed, minProperties: 1 })
export type PatchChannel = Static<typeof PatchChannel>

export const NotificationChannel = Type.Object({
  id: Type.String(),
  object: Type.Literal('notification_channel'),
  mode: Mode,
  type: ChannelName,
  label: Type.String(),
  enabled: Type.Boolean(),
  guarantee: oneOf(['at_least_once', 'at_most_once'], { description: 'What becomes of a notice whose answer was lost: it is sent again in a way by which it is known for the same, or it is `unknown` until a person decides.' }),
  settings: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'What is no secret.' }),
  credentials: Type.Record(Type.String(), Type.Object({ fingerprint: Type.String(), hint: Type.String() })),
  public_key: Nullable(Type.String({ description: 'Of web push: `applicationServerKey` of `pushManager.subscribe()`.' })),
  webhook: Nullable(Type.Object({ url: Type.String(), verify_token: Type.String() }, { description: 'Of WhatsApp: the callback URL and verify token for Meta’s dashboard, field `messages`.' })),
  health: oneOf(['untested', 'healthy', 'failing']),
  last_error: Nullable(Type.String()),
  tested_at: Nullable(Instant),
  created_at: Instant,
  updated_at: Instant
}, { title: 'NotificationChannel' })
export type NotificationChannel = Static<typeof NotificationChannel>

export const ListChannels = Type.Object(listQuery, closed)
export type ListChannels = Static<typeof ListChannels>
export const ChannelPage = pageOf(NotificationChannel)

export const ChannelTestResult = Type.Object({
  ok: Type.Boolean(),
  health: oneOf(['healthy', 'failing']),
  evidence: Type.Array(Type.String(), { description: 'What was done and seen, one line each.' }),
  error: Nullable(Type.Object({ code: Type.String(), message: Nullable(Type.String()) }))
}, { title: 'NotificationChannelTest' })
export type ChannelTestResult = Static<typeof ChannelTestResult>
