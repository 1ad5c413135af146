import type { Mode } from '../adapter/context.ts'

/** What a key or a role may do. `read` and `write` are separate; write does not imply read. */
export const scopes = [
  'payments:read', 'payments:write', 'connections:read', 'connections:write', 'invoices:read', 'invoices:write',
  'events:read', 'inbound:read', 'inbound:write', 'operations:read', 'alerts:read', 'alerts:write', 'audit:read',
  'users:read', 'users:write', 'api_keys:read', 'api_keys:write', 'tenants:read', 'tenants:write', 'queues:read', 'queues:write'
] as const
export type Scope = typeof scopes[number]

export type Role = 'platform_admin' | 'support' | 'tenant_admin' | 'tenant_member' | 'viewer'

/** Who is asking. Home is where the credential lives; it may act elsewhere (a partner, the platform) by naming a tenant. */
export interface Principal {
  type: 'user' | 'api_key'
  /** Public id: usr_… or key_…. */
  id: string
  homeTenantId: string
  /** Of a user. */
  role?: Role
  email?: string
  sessionId?: string
  /** Of an API key. */
  keyKind?: 'tenant' | 'partner' | 'platform'
  partnerId?: string
  scopes: ReadonlySet<Scope>
}

/** Where and how a request acts. Every service takes it: the tenant is never guessed from a body. */
export interface Access {
  principal: Principal
  tenantId: string
  mode: Mode
  requestId: string
  address: string
  language: 'es' | 'en'
}

const reads = scopes.filter(scope => scope.endsWith(':read') && !scope.startsWith('tenants') && !scope.startsWith('queues'))

/** What each role may do in the tenant it acts in. */
export const scopesOfRole: Record<Role, ReadonlySet<Scope>> = {
  platform_admin: new Set(scopes),
  support: new Set([...reads.filter(scope => scope !== 'api_keys:read'), 'inbound:write', 'alerts:write', 'tenants:read', 'queues:read']),
  tenant_admin: new Set(scopes.filter(scope => !scope.startsWith('tenants:') && !scope.startsWith('queues:'))),
  tenant_member: new Set([...reads.filter(scope => scope !== 'audit:read' && scope !== 'api_keys:read'), 'payments:write', 'invoices:write', 'alerts:write']),
  viewer: new Set(['payments:read', 'connections:read', 'invoices:read', 'events:read', 'inbound:read', 'alerts:read'])
}

export function isScope (value: string): value is Scope {
  return (scopes as readonly string[]).includes(value)
}
