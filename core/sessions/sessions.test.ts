import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'
import { createPasswords } from '../access/passwords.ts'
import { login as enter } from './service.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

const login = async (body: object, headers: Record<string, string> = {}) => await house.ask('POST', '/v1/sessions', { body, headers })

t.test('mail and password open a session', async t => {
  const tenant = await house.tenant('Hotel Luna')
  const { id, email, password } = await house.person('tenant_admin', tenant)
  const { status, body, headers } = await login({ email, password })
  t.equal(status, 201)
  t.match(body, { id: /^ses_/, object: 'session', user: { id, email, role: 'tenant_admin' }, tenant: { id: tenant.id, name: 'Hotel Luna', kind: 'tenant' }, csrf_token: String, expires_at: String })
  t.match(String(headers['set-cookie']), /^pasarela_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
  t.equal(headers['cache-control'], 'no-store')
  const token = /pasarela_session=([^;]+)/.exec(String(headers['set-cookie']))![1]!
  t.notMatch(JSON.stringify(body), token, 'pages never see the token')
  const row = await house.database.owner.selectFrom('sessions').select(['token_hash', 'address', 'user_agent']).where('tenant_id', '=', tenant.uuid).orderBy('id', 'desc').executeTakeFirstOrThrow()
  t.notMatch(row.token_hash.toString('latin1'), token, 'nor does the database keep it')
})

t.test('over https the cookie stays there', async t => {
  const secure = await accessApp(t, { publicUrl: 'https://pay.example.com' })
  const { email, password } = secure.platformAdmin
  const { headers } = await secure.ask('POST', '/v1/sessions', { body: { email, password } })
  t.match(String(headers['set-cookie']), /; Secure/)
})

t.test('a wrong password and an unknown mail are one answer and the same work', async t => {
  const { email, password } = await house.person('viewer', await house.tenant())
  const work = async (body: object) => {
    const before = house.derivations()
    const answer = await login(body)
    return { status: answer.status, code: answer.body.code, detail: answer.body.detail, derivations: house.derivations() - before, cookie: answer.headers['set-cookie'] }
  }
  const unknown = await work({ email: 'nobody@example.com', password })
  const wrong = await work({ email, password: 'wrong password' })
  t.match(unknown, { status: 401, code: 'login_failed', derivations: 1, cookie: undefined })
  t.same(wrong, unknown)
  t.same(await work({ email, password, tenant: `ten_${'0'.repeat(32)}` }), unknown, 'a tenant that is not theirs')
  t.same(await work({ email, password, tenant: 'rubbish' }), unknown)
})

t.test('a person of several tenants says which, and only who knows the password is asked', async t => {
  const [one, two] = [await house.tenant('One'), await house.tenant('Two')]
  const email = 'contador@example.com'
  const make = async (tenant: { id: string }, password: string) => await house.ask('POST', '/v1/users', { key: house.platformKey, tenant: tenant.id, body: { email, name: 'C', role: 'viewer', password } })
  await make(one, 'the same password')
  await make(two, 'the same password')
  const before = house.derivations()
  t.match(await login({ email, password: 'wrong password' }), { status: 401, body: { code: 'login_failed' } })
  t.equal(house.derivations() - before, 1, 'as much work as for one tenant or none')
  const asked = await login({ email, password: 'the same password' })
  t.match(asked, { status: 400, body: { code: 'tenant_required' } })
  t.same(asked.body.errors.map(({ message }: { message: string }) => message).sort(), [`${one.id} One`, `${two.id} Two`].sort())
  t.match(await login({ email, password: 'the same password', tenant: two.id }), { status: 201, body: { tenant: { id: two.id } } })

  const third = await house.tenant('Three')
  await make(third, 'a password of its own')
  t.match(await login({ email, password: 'a password of its own' }), { status: 201, body: { tenant: { id: third.id } } }, 'a password that fits once is enough')
})

t.test('a suspended tenant lets nobody in', async t => {
  const tenant = await house.tenant()
  const { email, password } = await house.person('viewer', tenant)
  await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: house.platformKey, body: { status: 'suspended' } })
  t.match(await login({ email, password }), { status: 401, body: { code: 'login_failed' } })
})

t.test('a page that is loaded anew gets its token again', async t => {
  const { session } = await house.person('tenant_admin', await house.tenant())
  const { status, body } = await house.ask('GET', '/v1/sessions/current', { session, csrf: null })
  t.match({ status, body }, { status: 200, body: { id: session.id, csrf_token: session.csrf } })
  t.ok(body.scopes.includes('payments:read'), 'and what to show')
})

t.test('logging out ends the session and takes the cookie back', async t => {
  const { session } = await house.person('viewer', await house.tenant())
  t.equal((await house.ask('DELETE', '/v1/sessions/current', { session, csrf: null })).status, 403, 'no other site logs anybody out')
  const { status, headers } = await house.ask('DELETE', '/v1/sessions/current', { session })
  t.equal(status, 204)
  t.match(String(headers['set-cookie']), /^pasarela_session=; .*Expires=Thu, 01 Jan 1970/)
  t.equal((await house.ask('GET', '/v1/sessions/current', { session })).status, 401)
})

t.test('everybody sees their own sessions and ends them, nobody else’s', async t => {
  const tenant = await house.tenant()
  const mine = await house.person('tenant_admin', tenant)
  const colleague = await house.person('viewer', tenant)
  const other = await house.login(mine.email, mine.password)
  const { body } = await house.ask('GET', '/v1/sessions', { session: mine.session })
  t.same(body.data.map(({ id, current }: { id: string, current: boolean }) => ({ id, current })), [{ id: other.id, current: false }, { id: mine.session.id, current: true }])
  t.equal((await house.ask('DELETE', `/v1/sessions/${colleague.session.id}`, { session: mine.session })).status, 404, 'not even an admin by this way')
  t.equal((await house.ask('DELETE', `/v1/sessions/${other.id}`, { session: mine.session })).status, 204)
  t.equal((await house.ask('GET', '/v1/sessions', { session: other })).status, 401)
  t.equal((await house.ask('DELETE', `/v1/sessions/${other.id}`, { session: mine.session })).status, 404)
  t.equal((await house.ask('GET', '/v1/sessions', { session: colleague.session })).status, 200)
})

t.test('a session ends by itself', async t => {
  const late = await accessApp(t)
  const session = await late.login(late.platformAdmin.email, late.platformAdmin.password)
  late.advance(late.hub.config.sessionTtl - 1000)
  t.equal((await late.ask('GET', '/v1/sessions/current', { session })).status, 200)
  late.advance(1000)
  t.equal((await late.ask('GET', '/v1/sessions/current', { session })).status, 401)
})

t.test('a key has no sessions', async t => {
  const { key } = await house.key(await house.tenant())
  for (const [method, url] of [['GET', '/v1/sessions'], ['GET', '/v1/sessions/current'], ['DELETE', '/v1/sessions/current']] as const) t.equal((await house.ask(method, url, { key })).status, 404)
})

t.test('logins and logouts are on the record', async t => {
  const tenant = await house.tenant()
  const { id, session } = await house.person('tenant_admin', tenant)
  await house.ask('DELETE', '/v1/sessions/current', { session })
  const { body } = await house.ask('GET', `/v1/audit_log?actor=${id}`, { key: house.platformKey, tenant: tenant.id })
  t.match(body.data, [{ action: 'session.ended', subject: { id: session.id } }, { action: 'session.opened', subject: { id: session.id }, actor: { type: 'user', id }, address: '127.0.0.1' }])
})

t.test('an old hash is made anew at the login', async t => {
  const tenant = await house.tenant()
  const old = createPasswords({ costs: { ln: 4, r: 8, p: 1 } })
  const today = createPasswords({ costs: { ln: 5, r: 8, p: 1 } })
  const { email } = await house.person('viewer', tenant)
  await house.database.owner.updateTable('users').set({ password_hash: await old.hash('an old password') }).where('email', '=', email).execute()
  const caller = { requestId: 'r', address: '127.0.0.1', language: 'en' as const, userAgent: undefined }
  await enter(house.hub, today, caller, { email, password: 'an old password' })
  const { password_hash: hash } = await house.database.owner.selectFrom('users').select('password_hash').where('email', '=', email).executeTakeFirstOrThrow()
  t.match(hash, /^\$scrypt\$ln=5,/)
  t.ok(await enter(house.hub, today, caller, { email, password: 'an old password' }))
})
