import { type Static, Type } from 'typebox'
import { roles } from '../access/principal.ts'
import { closed, Instant, listQuery, oneOf, pageOf } from '../http-schema.ts'

export const Email = Type.String({ format: 'email', maxLength: 254 })
export const NewPassword = Type.String({ minLength: 10, maxLength: 200, writeOnly: true })
const Name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' })
const Role = oneOf(roles, { description: 'In a tenant: tenant_admin, tenant_member or viewer. At the platform: platform_admin or support.' })
const Status = oneOf(['active', 'disabled'])

export const NewUser = Type.Object({ email: Email, name: Name, role: Role, password: NewPassword }, closed)
export type NewUser = Static<typeof NewUser>

export const PatchUser = Type.Object({ name: Type.Optional(Name), role: Type.Optional(Role), status: Type.Optional(Status), password: Type.Optional(NewPassword) }, { ...closed, minProperties: 1 })
export type PatchUser = Static<typeof PatchUser>

export const PatchSelf = Type.Object({
  name: Type.Optional(Name),
  password: Type.Optional(NewPassword),
  current_password: Type.Optional(Type.String({ maxLength: 200, writeOnly: true, description: 'Needed with `password`.' }))
}, { ...closed, minProperties: 1 })
export type PatchSelf = Static<typeof PatchSelf>

export const User = Type.Object({
  id: Type.String(),
  object: Type.Literal('user'),
  email: Type.String(),
  name: Type.String(),
  role: Role,
  status: Status,
  created_at: Instant,
  updated_at: Instant
}, { ...closed, title: 'User' })
export type User = Static<typeof User>

export const ListUsers = Type.Object({ ...listQuery, status: Type.Optional(Status), role: Type.Optional(Role) }, closed)
export type ListUsers = Static<typeof ListUsers>
export const UserPage = pageOf(User)
