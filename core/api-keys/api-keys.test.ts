import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'
import { scopes } from '../access/principal.ts'
import { createIdempotency } from '../idempotency/service.ts'
import { memoryDataKeyStore } from '../vault/memory-store.ts'
import { parseMasterKeys } from '../vault/master-keys.ts'
import { createVault } from '../vault/vault.ts'
import { createApiKey } from './service.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

t.test('a key is shown once', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { status, body } = await house.ask('POST', '/v1/api_keys', { session, body: { label: 'Shop', mode: 'live', scopes: ['payments:read'] } })
  t.equal(status, 201)
  t.match(body, { id: /^key_/, object: 'api_key', kind: 'tenant', mode: 'live', label: 'Shop', scopes: ['payments:read'], status: 'active', key: /^pas_live_[0-9A-Za-z]{43}$/ })
  const { key, ...shown } = body
  t.equal(shown.hint, `${key.slice(0, 13)}…${key.slice(-4)}`)
  t.same((await house.ask('GET', '/v1/api_keys', { session })).body.data, [shown])
  const all = JSON.stringify([await house.ask('GET', '/v1/api_keys', { session }), await house.ask('GET', '/v1/audit_log', { session }), await house.database.owner.selectFrom('api_keys').selectAll().execute()])
  t.notMatch(all, key)
})

t.test('a new tenant with its key in two calls, for automation', async t => {
  const tenant = await house.ask('POST', '/v1/tenants', { key: house.platformKey, body: { name: 'Automated', country: 'MX' } })
  const made = await house.ask('POST', '/v1/api_keys', { key: house.platformKey, tenant: tenant.body.id, body: { mode: 'test', scopes: ['payments:write', 'payments:read'] } })
  t.match(made, { status: 201, body: { kind: 'tenant', mode: 'test' } })
  t.match((await house.ask('GET', '/v1/tenants/current', { key: made.body.key })).body, { id: tenant.body.id })
})

t.test('without scopes a key gets those of payments and invoices that its maker has', async t => {
  const tenant = await house.tenant()
  const made = async (asked: object) => (await house.ask('POST', '/v1/api_keys', { ...asked, body: { mode: 'test' } })).body.scopes
  const usual = ['payments:read', 'payments:write', 'customers:read', 'customers:write', 'subscriptions:read', 'subscriptions:write', 'connections:read', 'connections:write', 'invoices:read', 'invoices:write', 'certificates:read', 'certificates:write', 'issuers:read', 'issuers:write', 'events:read', 'webhooks:read', 'webhooks:write', 'inbound:read', 'inbound:write', 'operations:read', 'alerts:read', 'alerts:write', 'reports:read']
  t.same(await made({ key: house.platformKey, tenant: tenant.id }), usual)
  const { key } = await house.key(tenant, ['api_keys:write', 'payments:read'])
  t.same(await made({ key }), ['payments:read'])
  const poor = await house.key(tenant, ['api_keys:write'])
  t.equal((await house.ask('POST', '/v1/api_keys', { key: poor.key, body: { mode: 'test' } })).status, 403)
})

t.test('nobody grants what they do not have', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { key } = await house.key(tenant, ['api_keys:write', 'payments:read'])
  const make = async (asked: object, wanted: string[]) => (await house.ask('POST', '/v1/api_keys', { ...asked, body: { mode: 'test', scopes: wanted } })).status
  t.equal(await make({ key }, ['payments:read']), 201)
  t.equal(await make({ key }, ['payments:write']), 403)
  t.equal(await make({ key }, ['payments:read', 'users:write']), 403)
  for (const scope of ['tenants:read', 'tenants:write', 'queues:read', 'queues:write']) {
    t.equal(await make({ session }, [scope]), 403, scope)
    t.equal(await make({ key: house.platformKey, tenant: tenant.id }, [scope]), 403, `${scope} is for no key of a tenant, whoever makes it`)
  }
  for (const role of ['tenant_member', 'viewer'] as const) t.equal(await make({ session: (await house.person(role, tenant)).session }, ['payments:read']), 403, role)
  t.equal(await make({ session: (await house.person('support')).session, tenant: tenant.id }, ['payments:read']), 403, 'support')
})

t.test('a test key makes, sees and ends nothing of live mode', async t => {
  const tenant = await house.tenant()
  const mine = await house.key(tenant, ['api_keys:read', 'api_keys:write', 'payments:read'])
  const live = await house.key(tenant, ['payments:read'], 'live')
  t.match(await house.ask('POST', '/v1/api_keys', { key: mine.key, body: { mode: 'live', scopes: ['payments:read'] } }), { status: 403, body: { detail: 'A test key cannot make a live key.' } })
  t.same((await house.ask('GET', '/v1/api_keys', { key: mine.key })).body.data.map(({ id }: { id: string }) => id), [mine.id])
  t.same((await house.ask('GET', '/v1/api_keys?mode=live', { key: mine.key })).body.data, [])
  t.equal((await house.ask('DELETE', `/v1/api_keys/${live.id}`, { key: mine.key })).status, 404)
})

t.test('a revoked key stays in the list, and revoking it again changes nothing', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { id } = await house.key(tenant)
  const first = await house.ask('DELETE', `/v1/api_keys/${id}`, { session })
  t.match(first, { status: 200, body: { id, status: 'revoked', revoked_at: String } })
  t.same((await house.ask('DELETE', `/v1/api_keys/${id}`, { session })).body, first.body)
  const listed = async (status: string) => (await house.ask('GET', `/v1/api_keys?status=${status}`, { session })).body.data.map((key: { id: string }) => key.id)
  t.same([await listed('revoked'), await listed('active'), await listed('expired')], [[id], [], []])
  t.equal((await house.ask('GET', '/v1/audit_log?action=api_key.revoked', { session })).body.data.length, 1)
})

t.test('what is wrong is refused', async t => {
  const tenant = await house.tenant()
  for (const body of [{}, { mode: 'prod' }, { mode: 'test', scopes: [] }, { mode: 'test', scopes: ['money:all'] }, { mode: 'test', scopes: ['payments:read', 'payments:read'] }, { mode: 'test', expires_at: '2020-01-01T00:00:00Z' }, { mode: 'test', expires_at: '2099-12-31T23:59:60Z' }, { mode: 'test', kind: 'platform' }]) {
    t.equal((await house.ask('POST', '/v1/api_keys', { key: house.platformKey, tenant: tenant.id, body })).status, 400, JSON.stringify(body))
  }
})

t.test('the platform’s own keys are made at home, by the platform', async t => {
  const made = await house.ask('POST', '/v1/api_keys', { key: house.platformKey, body: { mode: 'live' } })
  t.match(made.body, { kind: 'platform', scopes: [...scopes] })
  t.equal((await house.ask('GET', '/v1/tenants', { key: made.body.key })).status, 200)
  const tenant = await house.tenant()
  const { id } = await house.key(tenant)
  t.notOk((await house.ask('GET', '/v1/api_keys?limit=100', { key: house.platformKey })).body.data.some((key: { id: string }) => key.id === id), 'a tenant’s are the tenant’s')
})

t.test('a key that nobody saw, because the process died, is ended by the one that replaces it', async t => {
  const tenant = await house.tenant()
  const keyring = parseMasterKeys(`k1:${randomBytes(32).toString('base64')}`)
  const vault = createVault({ keyring, store: memoryDataKeyStore(), now: house.hub.now })
  const service = createIdempotency({ db: house.hub.db, vault, now: house.hub.now, owner: randomUUID(), leaseMs: 10_000, keepMs: 60_000, onError: error => { throw error } })
  const access = { principal: { type: 'api_key' as const, id: 'key_x', homeTenantId: tenant.uuid, keyKind: 'tenant' as const, keyMode: 'test' as const, scopes: new Set(scopes) }, tenantId: tenant.uuid, mode: 'test' as const, requestId: 'r', address: '127.0.0.1', language: 'en' as const }
  const begun = await service.begin({ tenantId: tenant.uuid, mode: 'test', key: 'once' }, Buffer.alloc(32))
  if (!('run' in begun)) throw new Error('it ran before')
  const body = { mode: 'test' as const }
  const lost = await createApiKey(house.hub, access, body, begun.run)
  const shown = await createApiKey(house.hub, access, body, { ...begun.run, subject: lost.id })
  t.equal((await house.ask('GET', '/v1/events', { key: lost.key })).status, 401)
  t.equal((await house.ask('GET', '/v1/events', { key: shown.key })).status, 200)
})
