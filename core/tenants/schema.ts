import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const Country = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2, upper case.' })
const Name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' })
const HostName = Type.String({ maxLength: 253, pattern: '^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$', description: 'Where the tenant’s people and buyers reach the hub; in lower case.' })
const Status = oneOf(['active', 'suspended'])

export const NewTenant = Type.Object({ name: Name, country: Country, host_name: Type.Optional(HostName) }, closed)
export type NewTenant = Static<typeof NewTenant>

export const PatchTenant = Type.Object({ name: Type.Optional(Name), host_name: Type.Optional(Nullable(HostName)), status: Type.Optional(Status) }, { ...closed, minProperties: 1 })
export type PatchTenant = Static<typeof PatchTenant>

export const Tenant = Type.Object({
  id: Type.String(),
  object: Type.Literal('tenant'),
  name: Type.String(),
  country: Type.String(),
  host_name: Nullable(Type.String()),
  status: Status,
  created_at: Instant
}, { ...closed, title: 'Tenant' })
export type Tenant = Static<typeof Tenant>

export const ListTenants = Type.Object({ ...listQuery, status: Type.Optional(Status) }, closed)
export type ListTenants = Static<typeof ListTenants>
export const TenantPage = pageOf(Tenant)
