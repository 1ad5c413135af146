import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'
import { invitationRoutes } from './routes.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t, { publicUrl: 'https://pay.example', routes: invitationRoutes }) })
const tokenOf = (url: string): string => url.slice(url.indexOf('#') + 1)
const accept = async (token: string, body: object = {}) => await house.ask('POST', '/v1/invitations/accept', { body: { token, name: 'Ana', password: 'a long password', ...body } })
const lookUp = async (token: string) => await house.ask('POST', '/v1/invitations/look_up', { body: { token } })

t.test('the platform makes a tenant and invites its admin, who chooses a password and is in', async t => {
  const tenant = await house.tenant('Hotel Azul')
  const made = await house.ask('POST', '/v1/invitations', { session: await house.login(house.platformAdmin.email, house.platformAdmin.password), tenant: tenant.id, body: { email: 'Ana@Azul.example', role: 'tenant_admin', name: 'Ana' } })
  t.match(made, { status: 201, body: { id: /^ivt_/, object: 'invitation', email: 'ana@azul.example', role: 'tenant_admin', status: 'pending', mail: null, url: /^https:\/\/pay\.example\/invitations#[\w-]{64}$/ } })
  const token = tokenOf(made.body.url)
  t.match(await lookUp(token), { status: 200, body: { tenant: { id: tenant.id, name: 'Hotel Azul' }, email: 'ana@azul.example', role: 'tenant_admin' } })
  t.match(await accept(token, { password: 'short' }), { status: 400, body: { errors: [{ path: 'password' }] } })
  t.match(await accept(token), { status: 201, body: { tenant: { id: tenant.id }, email: 'ana@azul.example' } })
  t.ok(await house.login('ana@azul.example', 'a long password'))
  t.equal((await accept(token)).status, 404, 'a link is good once')
  const shown = (await house.ask('GET', `/v1/invitations/${made.body.id}`, { key: house.platformKey, tenant: tenant.id })).body
  t.match(shown, { status: 'accepted', user: /^usr_/ })
  t.notMatch(JSON.stringify(shown), token)
  const { body: audit } = await house.ask('GET', '/v1/audit_log?action=invitation.accepted', { key: house.platformKey, tenant: tenant.id })
  t.match(audit.data, [{ actor: { type: 'system', id: shown.user }, detail: { email: 'ana@azul.example' } }])
  t.notMatch(JSON.stringify(audit), token)
})

t.test('a link that is wrong, over, revoked or replaced tells and does nothing', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const invite = async (email: string) => (await house.ask('POST', '/v1/invitations', { session, body: { email, role: 'viewer' } })).body
  const first = await invite('b@over.example')
  const second = await invite('b@over.example')
  const revoked = await invite('c@over.example')
  t.equal((await house.ask('DELETE', `/v1/invitations/${revoked.id}`, { session })).status, 204)
  t.equal((await house.ask('DELETE', `/v1/invitations/${revoked.id}`, { session })).status, 409)
  for (const [what, token] of [['replaced', tokenOf(first.url)], ['revoked', tokenOf(revoked.url)], ['wrong', tokenOf(second.url).replace(/.$/, end => end === 'A' ? 'B' : 'A')], ['of nobody', 'A'.repeat(64)]] as const) {
    t.equal((await lookUp(token)).status, 404, what)
    t.equal((await accept(token)).status, 404, what)
  }
  t.equal((await lookUp(tokenOf(second.url))).status, 200)
  house.advance(8 * 24 * 3600_000)
  t.equal((await accept(tokenOf(second.url))).status, 404, 'after a week')
  const again = await house.person('tenant_admin', tenant)
  const listed = async (status: string) => (await house.ask('GET', `/v1/invitations?status=${status}`, { session: again.session })).body.data.map(({ email }: { email: string }) => email)
  t.same([await listed('pending'), await listed('expired'), (await listed('revoked')).toSorted()], [[], ['b@over.example'], ['b@over.example', 'c@over.example']])
})

t.test('nobody invites into more than they have, or whoever is here already', async t => {
  const tenant = await house.tenant()
  const admin = await house.person('tenant_admin', tenant)
  const viewer = await house.person('viewer', tenant)
  const invite = async (asked: object, body: object) => (await house.ask('POST', '/v1/invitations', { ...asked, body: { email: 'x@more.example', role: 'viewer', ...body } })).status
  t.equal(await invite({ session: viewer.session }, {}), 403)
  t.equal(await invite({ session: admin.session }, { role: 'support' }), 403)
  t.equal(await invite({ key: house.platformKey, tenant: tenant.id }, { role: 'platform_admin' }), 400)
  t.equal(await invite({ session: admin.session }, { email: viewer.email }), 409)
  const { key } = await house.key(tenant, ['users:read', 'users:write'], 'test')
  t.equal(await invite({ key }, {}), 403, 'a test key reaches no people')
  t.equal(await invite({ session: admin.session }, { email: 'no mail' }), 400)
})

t.test('of two who accept one link in the same moment one is let in', async t => {
  const tenant = await house.tenant()
  const { url } = (await house.ask('POST', '/v1/invitations', { key: house.platformKey, tenant: tenant.id, body: { email: 'race@two.example', role: 'viewer' } })).body
  const answers = await Promise.all([accept(tokenOf(url)), accept(tokenOf(url), { password: 'another password' })])
  t.same(answers.map(({ status }) => status).toSorted(), [201, 404])
})
