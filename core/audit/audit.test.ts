import { sql } from 'kysely'
import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'
import { inTenant } from '../db/in-tenant.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

t.test('nobody changes what is on the record, the application included', async t => {
  const tenant = await house.tenant()
  const attempts = {
    update: sql`update audit_log set action = 'nothing.happened'`,
    delete: sql`delete from audit_log`,
    truncate: sql`truncate audit_log`
  }
  for (const [name, attempt] of Object.entries(attempts)) {
    await t.rejects(inTenant(house.hub.db, tenant.uuid, async db => await attempt.execute(db)), { code: '42501' }, name)
  }
  await t.rejects(inTenant(house.hub.db, tenant.uuid, async db => await sql`insert into audit_log (tenant_id, id, actor_type, actor_id, action, subject_type, subject_id) values (${house.platformTenantId}, gen_random_uuid(), 'system', 'x', 'x', 'x', 'x')`.execute(db)),
    { code: '42501' }, 'nor writes it for another tenant')
})

t.test('it is read newest first, by what was changed, by whom, and by how', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const made = await house.ask('POST', '/v1/api_keys', { session: admin.session, body: { mode: 'test' } })
  await house.ask('DELETE', `/v1/api_keys/${made.body.id}`, { session: admin.session })
  const actions = async (query: string) => (await house.ask('GET', `/v1/audit_log?${query}`, { session: admin.session })).body.data.map((line: { action: string }) => line.action)
  t.same(await actions(''), ['api_key.revoked', 'api_key.created', 'session.opened', 'user.created', 'tenant.created'])
  t.same(await actions(`subject=${made.body.id}`), ['api_key.revoked', 'api_key.created'])
  t.same(await actions(`actor=${admin.id}`), ['api_key.revoked', 'api_key.created', 'session.opened'])
  t.same(await actions('action=api_key.*'), ['api_key.revoked', 'api_key.created'])
  t.same(await actions('action=api_key.revoked'), ['api_key.revoked'])
  t.same(await actions('limit=2'), ['api_key.revoked', 'api_key.created'])
  const { body } = await house.ask('GET', `/v1/audit_log?subject=${made.body.id}&limit=1`, { session: admin.session })
  t.match(body, { data: [{ id: /^aud_/, actor: { type: 'user', id: admin.id }, request_id: /^req_/, address: '127.0.0.1', created_at: String }], next_cursor: String })
  t.same(await actions(`cursor=${body.next_cursor}&limit=1`), ['api_key.created'])
  for (const query of ['action=*', 'action=%25', 'limit=0', 'limit=101', 'cursor=x', 'unknown=1']) t.equal((await house.ask('GET', `/v1/audit_log?${query}`, { session: admin.session })).status, 400, query)
})

t.test('who asked is told apart: the platform acting for a tenant stands there by name', async t => {
  const tenant = await house.tenant()
  const staff = await house.person('platform_admin')
  await house.ask('POST', '/v1/api_keys', { session: staff.session, tenant: tenant.id, body: { mode: 'test' } })
  const { body } = await house.ask('GET', '/v1/audit_log?action=api_key.created', { key: house.platformKey, tenant: tenant.id })
  t.match(body.data, [{ actor: { type: 'user', id: staff.id } }])
})
