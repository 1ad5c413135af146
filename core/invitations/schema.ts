import { type Static, Type } from 'typebox'
import { roles } from '../access/principal.ts'
import { closed, Instant, listQuery, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { Email, NewPassword } from '../users/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' })
const Role = oneOf(roles, { description: 'In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support.' })
const Status = oneOf(['pending', 'accepted', 'revoked', 'expired'])
const Language = oneOf(['es', 'en'])
const Token = Type.String({ minLength: 64, maxLength: 64, pattern: '^[\\w-]{64}$', writeOnly: true, description: 'What stands behind the # of the link.' })

export const NewInvitation = Type.Object({
  email: Email,
  role: Role,
  name: Type.Optional(Name),
  language: Type.Optional({ ...Language, description: 'Of the mail; that of the request when absent.' })
}, closed)
export type NewInvitation = Static<typeof NewInvitation>

const shown = {
  id: Type.String(),
  object: Type.Literal('invitation'),
  email: Type.String(),
  name: Nullable(Type.String()),
  role: Role,
  status: Status,
  invited_by: Type.String({ description: 'Id of the user or key.' }),
  user: Nullable(Type.String({ description: 'Who they became by accepting.' })),
  created_at: Instant,
  expires_at: Instant
}
export const Invitation = Type.Object(shown, { ...closed, title: 'Invitation' })
export type Invitation = Static<typeof Invitation>

export const InvitationMade = Type.Object({
  ...shown,
  url: Type.String({ description: 'The link of the mail, shown once: whoever has it becomes this user.' }),
  mail: Nullable(Type.String({ description: 'The mail on its way; null where no mail server is set up: give them the link yourself.' }))
}, { ...closed, title: 'InvitationMade' })
export type InvitationMade = Static<typeof InvitationMade>

export const ListInvitations = Type.Object({ ...listQuery, status: Type.Optional(Status) }, closed)
export type ListInvitations = Static<typeof ListInvitations>
export const InvitationPage = pageOf(Invitation)

export const LookUpInvitation = Type.Object({ token: Token }, closed)
export const InvitationSeen = Type.Object({
  object: Type.Literal('invitation_seen'),
  tenant: Type.Object({ id: Type.String(), name: Type.String() }, closed),
  email: Type.String(),
  name: Nullable(Type.String()),
  role: Role,
  expires_at: Instant
}, { ...closed, title: 'InvitationSeen', description: 'What whoever holds the link may know before they accept.' })
export type InvitationSeen = Static<typeof InvitationSeen>

export const AcceptInvitation = Type.Object({ token: Token, name: Name, password: NewPassword }, closed)
export type AcceptInvitation = Static<typeof AcceptInvitation>
export const InvitationAccepted = Type.Object({
  object: Type.Literal('invitation_accepted'),
  tenant: Type.Object({ id: Type.String(), name: Type.String() }, closed),
  email: Type.String()
}, { ...closed, title: 'InvitationAccepted', description: 'The user exists: log in with the mail and the password, at `POST /v1/sessions`.' })
export type InvitationAccepted = Static<typeof InvitationAccepted>
