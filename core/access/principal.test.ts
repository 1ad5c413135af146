import t from 'tap'
import { defaultScopes, grantableScopes, keyKinds, roles, scopes, scopesOfRole } from './principal.ts'

/** What each role may do, written out: a change of the rule that nobody meant is seen here. */
const table: Record<typeof scopes[number], string> = {
  //                    platform_admin support tenant_admin tenant_member viewer
  'payments:read': 'P S A M V',
  'payments:write': 'P - A M -',
  'customers:read': 'P S A M V',
  'customers:write': 'P - A M -',
  'subscriptions:read': 'P S A M V',
  'subscriptions:write': 'P - A M -',
  'connections:read': 'P S A M V',
  'connections:write': 'P - A - -',
  'invoices:read': 'P S A M V',
  'invoices:write': 'P - A M -',
  'certificates:read': 'P S A M V',
  'certificates:write': 'P - A - -',
  'issuers:read': 'P S A M V',
  'issuers:write': 'P - A - -',
  'events:read': 'P S A M V',
  'webhooks:read': 'P S A M -',
  'webhooks:write': 'P - A - -',
  'inbound:read': 'P S A M V',
  'inbound:write': 'P S A - -',
  'operations:read': 'P S A M -',
  'alerts:read': 'P S A M V',
  'alerts:write': 'P S A M -',
  'reports:read': 'P S A M V',
  'audit:read': 'P S A - -',
  'users:read': 'P S A M -',
  'users:write': 'P - A - -',
  'api_keys:read': 'P - A - -',
  'api_keys:write': 'P - A - -',
  'partners:read': 'P S A - -',
  'partners:write': 'P - A - -',
  'tenants:read': 'P S - - -',
  'tenants:write': 'P - - - -',
  'queues:read': 'P S - - -',
  'queues:write': 'P - - - -',
  'support:read': 'P S - - -',
  'support:write': 'P S - - -'
}

t.test('each role may do what the table says', async t => {
  for (const scope of scopes) {
    t.equal(roles.map((role, index) => scopesOfRole[role].has(scope) ? 'PSAMV'[index] : '-').join(' '), table[scope], scope)
  }
})

t.test('no key of a tenant reaches beyond it', async t => {
  t.notOk([...grantableScopes.tenant].some(scope => /^(tenants|queues|support):/.test(scope)))
})

t.test('a partner can make nothing that outlives the tenant’s consent', async t => {
  t.notOk([...grantableScopes.partner].some(scope => /^(users|api_keys|partners|audit|queues|support):/.test(scope)))
})

t.test('a new key gets what it may hold, and of a tenant what takes payments and issues invoices', async t => {
  for (const kind of keyKinds) t.ok(defaultScopes[kind].every(scope => grantableScopes[kind].has(scope)), kind)
  t.same(defaultScopes.tenant, [
    'payments:read', 'payments:write', 'customers:read', 'customers:write', 'subscriptions:read', 'subscriptions:write', 'connections:read', 'connections:write', 'invoices:read', 'invoices:write', 'certificates:read', 'certificates:write', 'issuers:read', 'issuers:write', 'events:read', 'webhooks:read', 'webhooks:write', 'inbound:read', 'inbound:write',
    'operations:read', 'alerts:read', 'alerts:write', 'reports:read'
  ])
})
