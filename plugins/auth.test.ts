import Fastify from 'fastify'
import { sql } from 'kysely'
import t from 'tap'
import { accessApp, type AccessApp, type OpenedSession } from '../test/support/access-app.ts'
import { makeKey } from '../core/access/keys.ts'
import { roles, type Scope, scopes, scopesOfRole } from '../core/access/principal.ts'
import type { HubInstance } from '../core/http.ts'
import { supportRoutes } from '../core/support/routes.ts'
import { auth } from './auth.ts'

/** One route for each scope, that says who asks. */
async function echo (app: HubInstance): Promise<void> {
  const show = (request: { requireAccess: () => { tenantId: string, mode: string, principal: { id: string } } }) => {
    const { tenantId, mode, principal } = request.requireAccess()
    return { tenantId, mode, who: principal.id }
  }
  for (const scope of scopes) app.get(`/v1/echo/${scope.replace(':', '/')}`, { config: { scope } }, async request => show(request))
  app.post('/v1/echo', { config: { scope: 'payments:write' } }, async request => show(request))
  app.get('/v1/home', { config: { anyone: true, home: true } }, async request => show(request))
  app.get('/v1/open', { config: { public: true } }, async request => ({ known: request.access !== null }))
  app.post('/v1/open', { config: { public: true } }, async request => ({ known: request.access !== null }))
}
const path = (scope: Scope) => `/v1/echo/${scope.replace(':', '/')}`
const payments = path('payments:read')

let house: AccessApp
t.before(async () => {
  house = await accessApp(t, {
    routes: async app => {
      await echo(app)
      await supportRoutes(app)
    }
  })
})

async function enter (session: OpenedSession, tenant: string): Promise<void> {
  const answer = await house.ask('POST', '/v1/support_access', { session, body: { tenant, reason: 'they called about a payment', kind: 'repair', minutes: 10 } })
  if (answer.status !== 201) throw new Error(`support was not let in: ${JSON.stringify(answer.body)}`)
}

t.test('every role gets what its scopes say, and nothing else', async t => {
  const tenant = await house.tenant()
  for (const role of roles) {
    const atPlatform = role === 'platform_admin' || role === 'support'
    const { session } = await house.person(role, atPlatform ? undefined : tenant)
    if (role === 'support') await enter(session, tenant.id)
    const allowed = await Promise.all(scopes.map(async scope => (await house.ask('GET', path(scope), { session, ...(atPlatform && { tenant: tenant.id }) })).status))
    t.same(allowed, scopes.map(scope => scopesOfRole[role].has(scope) ? 200 : 403), role)
  }
})

t.test('every key gets what its scopes say, and nothing else', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant, ['payments:read', 'alerts:write'])
  const allowed = await Promise.all(scopes.map(async scope => (await house.ask('GET', path(scope), { key })).status))
  t.same(scopes.filter((_, index) => allowed[index] === 200), ['payments:read', 'alerts:write'])
  t.match((await house.ask('GET', path('users:read'), { key })).body, { code: 'forbidden', detail: 'The scope users:read is missing.' })
})

t.test('without a credential that is ours there is a 401 that says how', async t => {
  const unknown = makeKey('test').key
  const shown: [string, Record<string, string>][] = [
    ['nothing', {}],
    ['an unknown key', { authorization: `Bearer ${unknown}` }],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['rubbish', { authorization: 'Bearer x' }],
    ['an empty header', { authorization: '' }],
    ['an unknown session', { cookie: `pasarela_session=${'a'.repeat(43)}` }],
    ['a broken session', { cookie: 'pasarela_session=../../etc' }]
  ]
  for (const [what, headers] of shown) {
    const answer = await house.ask('GET', payments, { headers })
    t.match(answer, { status: 401, body: { code: 'unauthenticated' }, headers: { 'www-authenticate': 'Bearer realm="pasarela"' } }, what)
  }
})

t.test('a key is no good from the moment it is revoked', async t => {
  const tenant = await house.tenant()
  const { id, key } = await house.key(tenant)
  t.equal((await house.ask('GET', payments, { key })).status, 200)
  await house.ask('DELETE', `/v1/api_keys/${id}`, { key: house.platformKey, tenant: tenant.id })
  t.equal((await house.ask('GET', payments, { key })).status, 401)
})

t.test('a key is no good from the moment it expires', async t => {
  const late = await accessApp(t, { routes: echo })
  const tenant = await late.tenant()
  const expires = new Date(late.hub.now().getTime() + 60_000).toISOString()
  const { body } = await late.ask('POST', '/v1/api_keys', { key: late.platformKey, tenant: tenant.id, body: { mode: 'test', expires_at: expires } })
  t.equal((await late.ask('GET', payments, { key: body.key })).status, 200)
  late.advance(60_000)
  t.equal((await late.ask('GET', payments, { key: body.key })).status, 401)
})

t.test('a suspended tenant’s keys and people are refused at once, and come back with it', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const { session } = await house.person('tenant_admin', tenant)
  const suspend = async (status: string) => await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: house.platformKey, body: { status } })
  t.equal((await suspend('suspended')).status, 200)
  t.match(await house.ask('GET', payments, { key }), { status: 403, body: { detail: 'The tenant is suspended.' } })
  t.equal((await house.ask('GET', payments, { session })).status, 403)
  t.equal((await house.ask('GET', payments, { key: house.platformKey, tenant: tenant.id })).status, 200, 'the platform still sees to it')
  await suspend('active')
  t.equal((await house.ask('GET', payments, { key })).status, 200)
})

t.test('a partner acts for the tenants that let it, in its key’s mode', async t => {
  const [ours, theirs] = [await house.tenant(), await house.tenant()]
  const partner = await house.partner()
  const act = async (tenant?: string) => await house.ask('GET', payments, { key: partner.key, ...(tenant !== undefined && { tenant }) })
  t.match(await act(), { status: 400, body: { code: 'tenant_required' } })
  t.equal((await act(ours.id)).status, 403, 'not yet')
  await house.ask('PUT', `/v1/partners/${partner.id}/tenants/${ours.id}`, { key: house.platformKey })
  t.match(await act(ours.id), { status: 200, body: { tenantId: ours.uuid, mode: 'test' } })

  const unserved = await act(theirs.id)
  const unknown = await act(`ten_${'0'.repeat(32)}`)
  const rubbish = await act('rubbish')
  for (const answer of [unserved, unknown, rubbish]) t.equal(answer.status, 403)
  t.same(unknown.body.detail, unserved.body.detail, 'nobody learns which tenants there are')
  t.same(rubbish.body.detail, unserved.body.detail)
  t.equal((await act(`ten_${house.platformTenantId.replaceAll('-', '')}`)).status, 403, 'not for the platform')

  await house.ask('DELETE', `/v1/partners/${partner.id}/tenants/${ours.id}`, { key: house.platformKey })
  t.equal((await act(ours.id)).status, 403, 'no longer')
})

t.test('support sees a tenant that it has entered, and changes no money', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('support')
  t.match(await house.ask('GET', payments, { session, tenant: tenant.id }), { status: 403, body: { code: 'support_access_required' } }, 'not before it has said why')
  await enter(session, tenant.id)
  t.match(await house.ask('GET', payments, { session, tenant: tenant.id }), { status: 200, body: { tenantId: tenant.uuid } })
  t.equal((await house.ask('POST', '/v1/echo', { session, tenant: tenant.id, body: {} })).status, 403)
})

t.test('the mode is the key’s, or what a person says', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { key } = await house.key(tenant, undefined, 'live')
  t.match((await house.ask('GET', payments, { session })).body, { mode: 'test' })
  t.match((await house.ask('GET', payments, { session, mode: 'live' })).body, { mode: 'live' })
  t.match((await house.ask('GET', payments, { key })).body, { mode: 'live' })
  t.match(await house.ask('GET', payments, { key, mode: 'test' }), { status: 400, body: { errors: [{ path: 'Pasarela-Mode' }] } })
})

t.test('a change by cookie needs the token that only our page knows', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const other = await house.person('tenant_admin', tenant)
  const post = async (csrf: string | null) => await house.ask('POST', '/v1/echo', { session, csrf, body: {} })
  t.equal((await post(session.csrf)).status, 200)
  t.match(await post(null), { status: 403, body: { code: 'csrf_failed' } })
  t.match(await post(''), { status: 403, body: { code: 'csrf_failed' } })
  t.match(await post(other.session.csrf), { status: 403, body: { code: 'csrf_failed' } }, 'not another session’s')
  t.equal((await house.ask('GET', payments, { session, csrf: null })).status, 200, 'reading needs none')
  const { key } = await house.key(tenant)
  t.equal((await house.ask('POST', '/v1/echo', { key, body: {} })).status, 200, 'no browser sends a bearer by itself')
})

t.test('a bearer counts before a cookie, good or bad', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const { id, key } = await house.key(tenant)
  t.match((await house.ask('POST', '/v1/echo', { key, session, csrf: null, body: {} })).body, { who: id })
  t.equal((await house.ask('GET', payments, { key: makeKey('test').key, session })).status, 401)
})

t.test('a refused request’s body is never read', async t => {
  const answer = await house.ask('POST', '/v1/echo', { headers: { 'content-type': 'application/json' }, body: Buffer.from('{ not json') })
  t.equal(answer.status, 401)
})

t.test('a public route knows who asks when it can, and never minds', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('viewer', tenant)
  const { key } = await house.key(tenant)
  const open = async (asked: Parameters<typeof house.ask>[2]) => (await house.ask('GET', '/v1/open', asked))
  t.match(await open({ key }), { status: 200, body: { known: true } })
  t.match(await open({ session }), { status: 200, body: { known: true } })
  t.match(await open({}), { status: 200, body: { known: false } })
  t.match(await open({ key: makeKey('test').key }), { status: 200, body: { known: false } })
  t.match(await open({ headers: { authorization: 'Bearer provider-token' } }), { status: 200, body: { known: false } })
  t.match(await open({ key, tenant: 'ten_x' }), { status: 200, body: { known: false } })
  t.match((await house.ask('POST', '/v1/open', { session, csrf: null, body: {} })).body, { known: false }, 'a cookie without its token changes nothing in anybody’s name')
})

t.test('a path that is not there says so to anybody', async t => {
  const { key } = await house.key(await house.tenant())
  for (const asked of [{}, { key }, { key: makeKey('test').key }, { key, tenant: 'ten_x' }]) t.equal((await house.ask('GET', '/v1/nowhere', asked)).status, 404)
  t.equal((await house.ask('DELETE', '/v1/users', { key })).status, 405)
})

t.test('when a credential was last used is kept, to the minute', async t => {
  const own = await accessApp(t, { routes: echo })
  const tenant = await own.tenant()
  const { key } = await own.key(tenant)
  const { session } = await own.person('viewer', tenant)
  const login = own.hub.now()
  own.advance(600_000)
  // Somebody else holds the rows: whoever waited for them would hang here.
  const answered = Promise.withResolvers<number[]>()
  const letGo = Promise.withResolvers<undefined>()
  const holding = own.database.owner.transaction().execute(async trx => {
    await sql`select 1 from api_keys, sessions for update`.execute(trx)
    const asked = [{ key }, { key }, { key }, { session }].map(async each => (await own.ask('GET', payments, each)).status)
    answered.resolve(await Promise.all(asked))
    await letGo.promise
  })
  t.same(await answered.promise, [200, 200, 200, 200], 'no request waits for it')
  let closed = false
  const closing = own.app.close().then(() => { closed = true })
  await sql`select 1`.execute(own.database.owner)
  t.notOk(closed, 'the end of the process does')
  letGo.resolve(undefined)
  await Promise.all([holding, closing])
  const used = await own.database.owner.selectFrom('api_keys').select('last_used_at').where('tenant_id', '=', tenant.uuid).executeTakeFirstOrThrow()
  const seen = await own.database.owner.selectFrom('sessions').select('last_seen_at').where('tenant_id', '=', tenant.uuid).executeTakeFirstOrThrow()
  t.ok(used.last_used_at! > login)
  t.ok(seen.last_seen_at > login)
})

t.test('a route under /v1 that says nothing about who may use it stops the start', async t => {
  for (const config of [undefined, {}, { public: true, scope: 'payments:read' as const }]) {
    const app = Fastify()
    app.decorate('hub', house.hub)
    await app.register(auth)
    t.throws(() => app.get('/v1/forgotten', { ...(config && { config }) }, async () => 'x'), /GET \/v1\/forgotten must have one of/)
    t.doesNotThrow(() => app.get('/elsewhere', async () => 'x'))
  }
})
