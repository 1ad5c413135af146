import t from 'tap'
import type { Identity } from './authenticate.ts'
import { actAs, type Wish } from './act-as.ts'
import type { Principal } from './principal.ts'

const home = '0198aaaa-0000-7000-8000-000000000001'
const other = '0198aaaa-0000-7000-8000-000000000002'

const who = {
  tenantKey: { type: 'api_key', keyKind: 'tenant', keyMode: 'live' },
  partnerKey: { type: 'api_key', keyKind: 'partner', keyMode: 'test', partnerId: 'p' },
  platformKey: { type: 'api_key', keyKind: 'platform', keyMode: 'live' },
  platformTestKey: { type: 'api_key', keyKind: 'platform', keyMode: 'test' },
  admin: { type: 'user', role: 'tenant_admin' },
  platformAdmin: { type: 'user', role: 'platform_admin' },
  support: { type: 'user', role: 'support' },
  supportInside: { type: 'user', role: 'support', supportAccessId: 'sac_x' }
} as const satisfies Record<string, Partial<Principal>>
type Who = keyof typeof who

function decide (name: Who, { named, homeStatus = 'active', ...wish }: Partial<Wish> & { named?: Identity['named'], homeStatus?: Identity['homeStatus'] }): string {
  const principal: Principal = { id: 'x', homeTenantId: home, scopes: new Set(), ...who[name] }
  const identity: Identity = { principal, credentialId: 'x', homeStatus, mode: principal.keyMode, named, seenLately: true }
  try {
    const { tenantId, mode } = actAs(identity, { namesTenant: named !== undefined, mode: undefined, home: false, ...wish })
    return `${tenantId === home ? 'home' : tenantId === other ? 'other' : tenantId} ${mode}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

const own: Identity['named'] = { id: home, status: 'active', served: false }
const stranger: Identity['named'] = { id: other, status: 'active', served: false }
const served: Identity['named'] = { id: other, status: 'active', served: true }
const asleep: Identity['named'] = { id: other, status: 'suspended', served: true }

const tenants: [what: string, who: Who, how: Parameters<typeof decide>[1], result: string][] = [
  ['a tenant’s key acts at home', 'tenantKey', {}, 'home live'],
  ['and may name its home', 'tenantKey', { named: own }, 'home live'],
  ['but no other', 'tenantKey', { named: stranger }, 'forbidden'],
  ['not even one that a partner serves', 'tenantKey', { named: served }, 'forbidden'],
  ['nor one that does not exist', 'tenantKey', { namesTenant: true }, 'forbidden'],
  ['a person neither', 'admin', { named: stranger }, 'forbidden'],
  ['a partner must name a tenant', 'partnerKey', {}, 'tenant_required'],
  ['that it serves', 'partnerKey', { named: served }, 'other test'],
  ['not one that it does not', 'partnerKey', { named: stranger }, 'forbidden'],
  ['not one that does not exist', 'partnerKey', { namesTenant: true }, 'forbidden'],
  ['not the platform, where its key lives', 'partnerKey', { named: own }, 'forbidden'],
  ['not a suspended one', 'partnerKey', { named: asleep }, 'forbidden'],
  ['a route about its own things takes it home', 'partnerKey', { home: true }, 'home test'],
  ['whatever it names', 'partnerKey', { home: true, named: served }, 'home test'],
  ['the platform acts for any tenant', 'platformKey', { named: stranger }, 'other live'],
  ['a suspended one too', 'platformKey', { named: asleep }, 'other live'],
  ['its people as well', 'platformAdmin', { named: stranger }, 'other test'],
  ['support does not, without an access that is in force', 'support', { named: stranger }, 'support_access_required'],
  ['and does with one', 'supportInside', { named: stranger }, 'other test'],
  ['it is at home without', 'support', { named: own }, 'home test'],
  ['and learns of no tenant that does not exist', 'support', { namesTenant: true }, 'forbidden'],
  ['but not for one that does not exist', 'platformKey', { namesTenant: true }, 'forbidden'],
  ['a suspended tenant’s key is refused', 'tenantKey', { homeStatus: 'suspended' }, 'forbidden'],
  ['its people too', 'admin', { homeStatus: 'suspended' }, 'forbidden']
]
for (const [what, name, how, result] of tenants) t.test(what, async t => { t.equal(decide(name, how), result) })

const modes: [what: string, who: Who, mode: string | undefined, result: string][] = [
  ['a person says the mode', 'admin', 'live', 'home live'],
  ['or is in test', 'admin', undefined, 'home test'],
  ['a key’s mode is the key’s', 'tenantKey', undefined, 'home live'],
  ['which a header may repeat', 'tenantKey', 'live', 'home live'],
  ['and not contradict: somebody would think that they test', 'tenantKey', 'test', 'request_invalid'],
  ['a test key never gets to live', 'platformTestKey', 'live', 'request_invalid'],
  ['the platform’s live key may test', 'platformKey', 'test', 'home test'],
  ['an unknown mode is refused', 'admin', 'production', 'request_invalid'],
  ['in any letters', 'admin', 'LIVE', 'request_invalid'],
  ['an empty one too', 'admin', '', 'request_invalid']
]
for (const [what, name, mode, result] of modes) t.test(what, async t => { t.equal(decide(name, { mode }), result) })
