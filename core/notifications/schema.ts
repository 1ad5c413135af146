import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const mailStatuses = ['queued', 'sending', 'sent', 'refused', 'parked'] as const
const Status = oneOf(mailStatuses, { description: '`sent`: the mail server has taken it for at least one recipient, and each recipient says what became of theirs; `parked`: it is not tried any more.' })

export const Mail = Type.Object({
  id: Type.String(),
  object: Type.Literal('mail'),
  mode: Mode,
  status: Status,
  about: Type.String({ description: 'What it is about: an invoice, a payment.' }),
  automatic: Type.Boolean(),
  notice: Nullable(Type.String({ description: 'The notice that goes by it.' })),
  subject: Nullable(Type.String()),
  recipients: Type.Array(Type.Object({
    address: Type.String(),
    kind: oneOf(['to', 'cc']),
    state: oneOf(['waiting', 'sent', 'refused']),
    code: Nullable(Type.Integer({ description: 'What the mail server answered.' })),
    said: Nullable(Type.String())
  }), { description: 'Empty once the content was forgotten (MAIL_KEEP).' }),
  attachments: Type.Array(Type.String({ description: 'Documents.' })),
  message_id: Type.String({ description: 'The same at every attempt.' }),
  uncertain: Type.Boolean({ description: 'It was handed over once without an answer, so it may arrive twice, under one Message-ID.' }),
  attempts: Type.Integer(),
  error: Nullable(Type.Object({ code: Type.String(), message: Nullable(Type.String()) })),
  next_attempt_at: Nullable(Instant),
  created_at: Instant,
  ended_at: Nullable(Instant)
}, { title: 'Mail' })
export type Mail = Static<typeof Mail>

export const ListMails = Type.Object({ ...listQuery, status: Type.Optional(Status), about: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListMails = Static<typeof ListMails>
export const MailPage = pageOf(Mail)
