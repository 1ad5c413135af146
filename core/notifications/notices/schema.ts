import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../../http-schema.ts'
import { audiences, channelTypes, noticeKinds } from '../catalogue.ts'
import { noticeStatuses } from './machine.ts'

export const Kind = oneOf(noticeKinds)
export const ChannelName = oneOf(channelTypes)
const Status = oneOf(noticeStatuses, { description: '`sent`: the service has taken it; `refused`: it never will, as it is; `parked`: it is not tried any more; `unknown`: no answer came, and the service cannot know a repeat, so a person decides.' })

export const Notice = Type.Object({
  id: Type.String(),
  object: Type.Literal('notice'),
  mode: Mode,
  kind: Kind,
  channel: ChannelName,
  audience: oneOf(audiences),
  status: Status,
  about: Type.String({ description: 'What it is about: a payment, an invoice, a sale.' }),
  occasion: Nullable(Type.String({ description: 'What makes it another notice of its kind about the same thing.' })),
  subject: Nullable(Type.String({ description: 'What it says first; null once it was forgotten (MAIL_KEEP).' })),
  addressee: Nullable(Type.String({ description: 'A mail address, a telephone number, or whose browsers (cus_…, usr_…).' })),
  mail: Nullable(Type.String({ description: 'The mail by which it goes: there stand its recipients and attachments.' })),
  places: Type.Array(Type.Object({ id: Type.String(), state: oneOf(['waiting', 'sent', 'gone', 'refused']), code: Nullable(Type.String()) }), { description: 'By web push: what became of it at each browser.' }),
  provider_reference: Nullable(Type.String({ description: 'The service’s own id of the message.' })),
  uncertain: Type.Boolean({ description: 'An answer was lost once. By mail and web push it is sent again, in a way by which it is known for the same.' }),
  attempts: Type.Integer(),
  error: Nullable(Type.Object({ code: Type.String(), message: Nullable(Type.String()) })),
  next_attempt_at: Nullable(Instant),
  created_at: Instant,
  ended_at: Nullable(Instant)
}, { title: 'Notice' })
export type Notice = Static<typeof Notice>

export const ListNotices = Type.Object({ ...listQuery, status: Type.Optional(Status), kind: Type.Optional(Kind), channel: Type.Optional(ChannelName), about: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListNotices = Static<typeof ListNotices>
export const NoticePage = pageOf(Notice)

/** In the answer that caused it: what became of a notice by each channel. */
export const NoticeTold = Type.Object({
  channel: ChannelName,
  id: Nullable(Type.String()),
  status: oneOf(['queued', 'already_told', 'not_configured', 'switched_off', 'no_address', 'told_by_provider'])
}, { title: 'NoticeTold' })
