import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

t.test('the platform makes partners and their keys', async t => {
  const { status, body } = await house.ask('POST', '/v1/partners', { key: house.platformKey, body: { name: 'GoAdmin' } })
  t.equal(status, 201)
  t.match(body, { id: /^par_/, object: 'partner', name: 'GoAdmin' })
  const made = await house.ask('POST', `/v1/partners/${body.id}/api_keys`, { key: house.platformKey, body: { mode: 'live', label: 'Server' } })
  t.match(made, { status: 201, body: { kind: 'partner', partner: body.id, mode: 'live', key: /^pas_live_/ } })
  t.ok((await house.ask('GET', '/v1/partners', { key: house.platformKey })).body.data.some((partner: { id: string }) => partner.id === body.id))
  t.equal((await house.ask('POST', `/v1/partners/par_${'0'.repeat(32)}/api_keys`, { key: house.platformKey, body: { mode: 'test' } })).status, 404)
  t.match((await house.ask('GET', '/v1/audit_log?action=partner.*', { key: house.platformKey })).body.data.at(0), { action: 'partner.created', subject: { id: body.id } })
})

t.test('a partner’s key holds nothing that outlives a tenant’s consent', async t => {
  const { body: { id } } = await house.ask('POST', '/v1/partners', { key: house.platformKey, body: { name: 'X' } })
  for (const scope of ['users:write', 'api_keys:write', 'partners:write', 'queues:write']) {
    t.equal((await house.ask('POST', `/v1/partners/${id}/api_keys`, { key: house.platformKey, body: { mode: 'test', scopes: [scope] } })).status, 403, scope)
  }
})

t.test('a tenant’s admin gives and takes its own consent, and nobody else’s', async t => {
  const [ours, theirs] = [await house.tenant(), await house.tenant()]
  const { session } = await house.person('tenant_admin', ours)
  const member = await house.person('tenant_member', ours)
  const partner = await house.partner()
  const grant = (tenant: { id: string }) => `/v1/partners/${partner.id}/tenants/${tenant.id}`
  const serves = async (tenant: { id: string }) => (await house.ask('GET', '/v1/events', { key: partner.key, tenant: tenant.id })).status === 200

  t.equal((await house.ask('PUT', grant(ours), { session: member.session })).status, 403)
  t.equal((await house.ask('PUT', grant(theirs), { session })).status, 404)
  t.notOk(await serves(theirs))
  t.same((await house.ask('GET', '/v1/partners', { session })).body.data, [])

  t.same((await house.ask('PUT', grant(ours), { session })).body, { object: 'partner_grant', partner: partner.id, tenant: ours.id })
  t.equal((await house.ask('PUT', grant(ours), { session })).status, 200, 'again changes nothing')
  t.ok(await serves(ours))
  t.match((await house.ask('GET', '/v1/partners', { session })).body.data, [{ id: partner.id }])

  t.equal((await house.ask('DELETE', grant(ours), { session })).status, 204)
  t.notOk(await serves(ours))
  t.equal((await house.ask('DELETE', grant(ours), { session })).status, 404)
  t.same((await house.ask('GET', '/v1/audit_log?action=partner.*', { session })).body.data.map((line: { action: string }) => line.action), ['partner.withdrawn', 'partner.granted'], 'one line for each change')
})

t.test('nobody but the platform makes partners or their keys', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const partner = await house.partner()
  const body = { mode: 'test', scopes: ['payments:read'] }
  t.equal((await house.ask('POST', '/v1/partners', { session, body: { name: 'Mine' } })).status, 403)
  t.equal((await house.ask('POST', `/v1/partners/${partner.id}/api_keys`, { session, body })).status, 403)
  t.equal((await house.ask('POST', '/v1/partners', { key: partner.key, body: { name: 'Mine' } })).status, 403)
  t.equal((await house.ask('POST', `/v1/partners/${partner.id}/api_keys`, { key: partner.key, body })).status, 403)
  t.equal((await house.ask('PUT', `/v1/partners/${partner.id}/tenants/${tenant.id}`, { key: partner.key })).status, 403)
})

t.test('a test key lets nobody in: a partner may have live keys', async t => {
  const tenant = await house.tenant()
  const partner = await house.partner()
  const { key } = await house.key(tenant, ['partners:write'])
  t.equal((await house.ask('PUT', `/v1/partners/${partner.id}/tenants/${tenant.id}`, { key })).status, 403)
})

t.test('what is not there cannot be granted', async t => {
  const tenant = await house.tenant()
  const partner = await house.partner()
  const nothing = '0'.repeat(32)
  const platform = `ten_${house.platformTenantId.replaceAll('-', '')}`
  for (const path of [`/v1/partners/par_${nothing}/tenants/${tenant.id}`, `/v1/partners/${partner.id}/tenants/ten_${nothing}`, `/v1/partners/${partner.id}/tenants/${platform}`]) {
    t.equal((await house.ask('PUT', path, { key: house.platformKey })).status, 404, path)
  }
})
