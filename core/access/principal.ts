import type { Mode } from '../adapter/context.ts'

/** What a key or a role may do. `read` and `write` are separate; write does not imply read. */
export const scopes = [
  'payments:read', 'payments:write', 'customers:read', 'customers:write', 'subscriptions:read', 'subscriptions:write', 'connections:read', 'connections:write', 'invoices:read', 'invoices:write', 'certificates:read', 'certificates:write', 'issuers:read', 'issuers:write',
  'events:read', 'webhooks:read', 'webhooks:write', 'inbound:read', 'inbound:write', 'operations:read', 'alerts:read', 'alerts:write', 'reports:read', 'audit:read',
  'users:read', 'users:write', 'api_keys:read', 'api_keys:write', 'partners:read', 'partners:write', 'tenants:read', 'tenants:write',
  'queues:read', 'queues:write', 'support:read', 'support:write'
] as const
export type Scope = typeof scopes[number]

export const roles = ['platform_admin', 'support', 'tenant_admin', 'tenant_member', 'viewer'] as const
export type Role = typeof roles[number]

export const keyKinds = ['tenant', 'partner', 'platform'] as const
export type KeyKind = typeof keyKinds[number]

/** Who is asking. Home is where the credential lives; it may act elsewhere (a partner, the platform) by naming a tenant. */
export interface Principal {
  type: 'user' | 'api_key'
  /** Public id: usr_… or key_…. */
  id: string
  homeTenantId: string
  /** Of a user. */
  role?: Role
  /** A person of support who is in a tenant's data: under which access. */
  supportAccessId?: string
  email?: string
  sessionId?: string
  /** Of an API key. */
  keyKind?: KeyKind
  keyMode?: Mode
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

/** No person and no key of the tenant's: a job, a payer or a buyer on our page. The audit log names it by `actor`. */
export function systemAccess (actor: string, acting: Omit<Access, 'principal'>): Access {
  return { ...acting, principal: { type: 'system' as 'user', id: actor, homeTenantId: acting.tenantId, scopes: new Set() } }
}

const reads = scopes.filter(scope => scope.endsWith(':read') && !scope.startsWith('tenants') && !scope.startsWith('queues') && !scope.startsWith('support'))

/** What each role may do in the tenant it acts in. */
export const scopesOfRole: Record<Role, ReadonlySet<Scope>> = {
  platform_admin: new Set(scopes),
  support: new Set([...reads.filter(scope => scope !== 'api_keys:read'), 'inbound:write', 'alerts:write', 'tenants:read', 'queues:read', 'support:read', 'support:write']),
  tenant_admin: new Set(scopes.filter(scope => !/^(tenants|queues|support):/.test(scope))),
  tenant_member: new Set([...reads.filter(scope => scope !== 'audit:read' && scope !== 'api_keys:read' && scope !== 'partners:read'), 'payments:write', 'customers:write', 'subscriptions:write', 'invoices:write', 'alerts:write']),
  viewer: new Set(['payments:read', 'certificates:read', 'issuers:read', 'customers:read', 'subscriptions:read', 'connections:read', 'invoices:read', 'events:read', 'inbound:read', 'alerts:read', 'reports:read'])
}

/** What a program needs to take payments and issue invoices: what a new key gets when nobody says more. */
const programScopes = scopes.filter(scope => !/^(audit|users|api_keys|partners|tenants|queues|support):/.test(scope))

/**
 * What a key of each kind may hold at all. A partner's may not make users or keys: those would outlive the tenant's
 * consent.
 */
export const grantableScopes: Record<KeyKind, ReadonlySet<Scope>> = {
  tenant: new Set(scopes.filter(scope => !/^(tenants|queues|support):/.test(scope))),
  partner: new Set([...programScopes, 'tenants:read', 'tenants:write']),
  platform: new Set(scopes)
}

/** What a new key gets when its maker names no scopes, as far as the maker holds them. */
export const defaultScopes: Record<KeyKind, readonly Scope[]> = {
  tenant: programScopes,
  partner: [...grantableScopes.partner],
  platform: scopes
}

export function isScope (value: string): value is Scope {
  return (scopes as readonly string[]).includes(value)
}

/** The people who run the hub, and their programs: they may act for any tenant, as far as their scopes go; support only where it has entered. */
export function isPlatformStaff ({ role, keyKind }: Principal): boolean {
  return role === 'platform_admin' || role === 'support' || keyKind === 'platform'
}
