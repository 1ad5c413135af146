import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })
const password = 'a long password'

t.test('an admin adds people to the own tenant', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { status, body } = await house.ask('POST', '/v1/users', { session, body: { email: 'Ana@Example.com', name: 'Ana', role: 'tenant_member', password } })
  t.equal(status, 201)
  t.match(body, { id: /^usr_/, object: 'user', email: 'ana@example.com', role: 'tenant_member', status: 'active' })
  t.notMatch(JSON.stringify(body), /password|scrypt/)
  t.same((await house.ask('GET', `/v1/users/${body.id}`, { session })).body, body)
  t.ok(await house.login('ANA@example.com', password), 'mail has no case')
  t.match(await house.ask('POST', '/v1/users', { session, body: { email: 'ana@example.com', name: 'Ana', role: 'viewer', password } }), { status: 409, body: { code: 'already_exists' } })
  const elsewhere = await house.tenant()
  t.equal((await house.ask('POST', '/v1/users', { key: house.platformKey, tenant: elsewhere.id, body: { email: 'ana@example.com', name: 'Ana', role: 'viewer', password } })).status, 201, 'one person, two tenants')
})

t.test('bad people are refused', async t => {
  const tenant = await house.tenant()
  const good = { email: 'x@example.com', name: 'X', role: 'viewer', password }
  for (const wrong of [{ email: 'x' }, { name: '' }, { role: 'owner' }, { password: 'too short' }, { password: 'x'.repeat(201) }, { status: 'active' }]) {
    t.equal((await house.ask('POST', '/v1/users', { key: house.platformKey, tenant: tenant.id, body: { ...good, ...wrong } })).status, 400, JSON.stringify(wrong))
  }
})

t.test('roles of the platform exist only there', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const make = async (role: string, asked: object) => (await house.ask('POST', '/v1/users', { ...asked, body: { email: `${role}@roles.example`, name: 'X', role, password } })).status
  for (const role of ['platform_admin', 'support']) {
    t.equal(await make(role, { session }), 403, `no admin of a tenant makes ${role}`)
    t.equal(await make(role, { key: house.platformKey, tenant: tenant.id }), 400, `nor does the platform make ${role} in a tenant`)
  }
  t.equal(await make('tenant_admin', { key: house.platformKey }), 400, 'and at the platform there are no roles of tenants')
  const { id } = await house.person('viewer', tenant)
  t.equal((await house.ask('PATCH', `/v1/users/${id}`, { session, body: { role: 'support' } })).status, 403)
  t.equal((await house.ask('PATCH', `/v1/users/${id}`, { key: house.platformKey, tenant: tenant.id, body: { role: 'support' } })).status, 400)
})

t.test('nobody gives a role, or takes over a person, that has more than they do', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const { key } = await house.key(tenant, ['users:read', 'users:write', 'payments:read'], 'live')
  const make = async (role: string) => (await house.ask('POST', '/v1/users', { key, body: { email: `${role}@more.example`, name: 'X', role, password } })).status
  t.equal(await make('tenant_admin'), 403)
  t.equal(await make('viewer'), 403, 'a viewer sees invoices, this key does not')
  t.equal((await house.ask('PATCH', `/v1/users/${admin.id}`, { key, body: { password: 'taken over!' } })).status, 403)
  t.equal((await house.ask('PATCH', `/v1/users/${admin.id}`, { key, body: { status: 'disabled' } })).status, 403)
  t.ok(await house.login(admin.email, admin.password))
})

t.test('a test key makes and changes nobody: people reach live mode', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const viewer = await house.person('viewer', tenant)
  const all = (await house.ask('GET', '/v1/sessions/current', { session })).body.scopes
  const { key } = await house.key(tenant, all, 'test')
  t.equal((await house.ask('POST', '/v1/users', { key, body: { email: 'x@testkey.example', name: 'X', role: 'viewer', password } })).status, 403)
  t.equal((await house.ask('PATCH', `/v1/users/${viewer.id}`, { key, body: { role: 'tenant_admin' } })).status, 403)
  t.equal((await house.ask('GET', '/v1/users', { key })).status, 200)
})

t.test('a person who is disabled is out at once, and stays out', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const member = await house.person('tenant_member', tenant)
  const set = async (status: string) => await house.ask('PATCH', `/v1/users/${member.id}`, { session: admin.session, body: { status } })
  t.match((await set('disabled')).body, { status: 'disabled' })
  t.equal((await house.ask('GET', '/v1/events', { session: member.session })).status, 401)
  await t.rejects(house.login(member.email, member.password), /login_failed/)
  await set('active')
  t.equal((await house.ask('GET', '/v1/events', { session: member.session })).status, 401, 'the old session does not rise again')
  t.ok(await house.login(member.email, member.password))
})

t.test('a new role counts from the next request', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const viewer = await house.person('viewer', tenant)
  t.equal((await house.ask('GET', '/v1/users', { session: viewer.session })).status, 403)
  await house.ask('PATCH', `/v1/users/${viewer.id}`, { session: admin.session, body: { role: 'tenant_member' } })
  t.equal((await house.ask('GET', '/v1/users', { session: viewer.session })).status, 200)
})

t.test('one who can administer always remains', async t => {
  const tenant = await house.tenant()
  const first = await house.person('tenant_admin', tenant)
  const change = async (id: string, body: object) => await house.ask('PATCH', `/v1/users/${id}`, { key: house.platformKey, tenant: tenant.id, body })
  t.match(await change(first.id, { status: 'disabled' }), { status: 409, body: { code: 'invalid_state' } })
  t.equal((await change(first.id, { role: 'viewer' })).status, 409)
  t.equal((await change(first.id, { name: 'Still here' })).status, 200)

  const second = await house.person('tenant_admin', tenant)
  t.equal((await change(first.id, { role: 'viewer' })).status, 200, 'with another one it may go')
  t.equal((await change(second.id, { status: 'disabled' })).status, 409)
  t.equal((await change(first.id, { status: 'disabled' })).status, 200, 'who is no admin may go')
})

t.test('of two who step down in the same moment one remains', async t => {
  for (let round = 0; round < 5; round++) {
    const tenant = await house.tenant()
    const admins = [await house.person('tenant_admin', tenant), await house.person('tenant_admin', tenant)]
    const answers = await Promise.all(admins.map(async ({ id, session }) => await house.ask('PATCH', `/v1/users/${id}`, { session, body: { role: 'viewer' } })))
    t.same(answers.map(({ status }) => status).sort(), [200, 409])
  }
})

t.test('the last administrator of the platform remains too', async t => {
  const { id } = house.platformAdmin
  t.equal((await house.ask('PATCH', `/v1/users/${id}`, { key: house.platformKey, body: { role: 'support' } })).status, 409)
})

t.test('everybody sees and changes themselves', async t => {
  const tenant = await house.tenant()
  const viewer = await house.person('viewer', tenant)
  const me = async (method: 'GET' | 'PATCH', body?: object) => await house.ask(method, '/v1/users/me', { session: viewer.session, ...(body && { body }) })
  t.match((await me('GET')).body, { id: viewer.id, role: 'viewer' })
  t.match((await me('PATCH', { name: 'New name' })).body, { name: 'New name' })
  t.equal((await me('PATCH', { role: 'tenant_admin' })).status, 400, 'but not what they may do')
  t.equal((await me('PATCH', { current_password: viewer.password })).status, 400)
  t.equal((await house.ask('GET', '/v1/users/me', { key: (await house.key(tenant)).key })).status, 404, 'a key is no person')
})

t.test('a new password needs the present one, and ends every other session', async t => {
  const tenant = await house.tenant()
  const member = await house.person('tenant_member', tenant)
  const elsewhere = await house.login(member.email, member.password)
  const change = async (body: object) => await house.ask('PATCH', '/v1/users/me', { session: member.session, body })
  t.match(await change({ password: 'a new password' }), { status: 400, body: { errors: [{ path: 'current_password' }] } })
  t.match(await change({ password: 'a new password', current_password: 'guess' }), { status: 400 })
  t.equal((await change({ password: 'a new password', current_password: member.password })).status, 200)
  t.equal((await house.ask('GET', '/v1/users/me', { session: member.session })).status, 200, 'this one goes on')
  t.equal((await house.ask('GET', '/v1/users/me', { session: elsewhere })).status, 401)
  await t.rejects(house.login(member.email, member.password), /login_failed/)
  t.ok(await house.login(member.email, 'a new password'))
})

t.test('who holds a session cannot guess its password for long', async t => {
  const tenant = await house.tenant()
  const member = await house.person('tenant_member', tenant)
  const guess = async (present: string) => (await house.ask('PATCH', '/v1/users/me', { session: member.session, body: { password: 'mine from now on', current_password: present } })).status
  for (let index = 0; index < 10; index++) t.equal(await guess(`guess ${index}`), 400)
  t.equal(await guess(member.password), 429, 'not even the right one, until a while has passed')
})

t.test('an admin’s new password for somebody ends all their sessions; one’s own asks for the present one', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const member = await house.person('tenant_member', tenant)
  t.equal((await house.ask('PATCH', `/v1/users/${member.id}`, { session: admin.session, body: { password: 'reset by admin' } })).status, 200)
  t.equal((await house.ask('GET', '/v1/users/me', { session: member.session })).status, 401)
  t.ok(await house.login(member.email, 'reset by admin'))
  t.equal((await house.ask('PATCH', `/v1/users/${admin.id}`, { session: admin.session, body: { password: 'no present one' } })).status, 400)
})

t.test('a change is told with what was before and who did it, and without secrets', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const member = await house.person('tenant_member', tenant)
  await house.ask('PATCH', `/v1/users/${member.id}`, { session: admin.session, body: { role: 'viewer', password: 'another password' } })
  const { body } = await house.ask('GET', `/v1/audit_log?subject=${member.id}&action=user.changed`, { session: admin.session })
  t.match(body.data, [{ actor: { type: 'user', id: admin.id }, detail: { before: { role: 'tenant_member' }, after: { role: 'viewer' }, password: 'replaced' } }])
  t.notMatch(JSON.stringify((await house.ask('GET', '/v1/audit_log', { session: admin.session })).body), /another password|scrypt/)
})

t.test('lists narrow by role and status', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const viewer = await house.person('viewer', tenant)
  const listed = async (query: string) => (await house.ask('GET', `/v1/users?${query}`, { session })).body.data.map((user: { id: string }) => user.id)
  t.equal((await listed('')).length, 2)
  t.same(await listed('role=viewer'), [viewer.id])
  t.same(await listed('status=disabled'), [])
})
