import fc from 'fast-check'
import t from 'tap'
import { accessApp, type AccessApp, type OpenedSession, type TestTenant } from '../../test/support/access-app.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { inTenant } from '../db/in-tenant.ts'
import { endSupportAccess } from './access.ts'
import { uuidOf } from '../ids.ts'
import { bodyWithoutPeople, maskName, withoutPeople } from './people.ts'
import { supportRoutes } from './routes.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t, { routes: supportRoutes }) })

const reason = 'they called: a payment of this morning is missing'
const open = async (session: OpenedSession, tenant: TestTenant, more: object = {}) => await house.ask('POST', '/v1/support_access', { session, body: { tenant: tenant.id, reason, minutes: 30, ...more } })
const alerts = async (tenant: TestTenant) => await inTenant(house.hub.db, tenant.uuid, async db => await db.selectFrom('alerts').select(['kind', 'severity', 'resolved_at', 'detail']).where('tenant_id', '=', db.tenantId).execute())

t.test('support enters with a reason, for a while, and the tenant sees each step', async t => {
  const tenant = await house.tenant()
  const other = await house.tenant()
  const { session, id: user } = await house.person('support')
  const admin = await house.person('tenant_admin', tenant)
  const read = async (path = '/v1/events', asked: TestTenant = tenant) => await house.ask('GET', path, { session, tenant: asked.id })

  t.match(await read(), { status: 403, body: { code: 'support_access_required', detail: /POST \/v1\/support_access/ } })
  const made = await open(session, tenant)
  t.match(made, { status: 201, body: { id: /^sac_/, tenant: tenant.id, user, kind: 'look', reason, status: 'open', ended_at: null } })
  t.equal((await read()).status, 200)
  t.equal((await read('/v1/events', other)).status, 403, 'one tenant is not another')
  t.match(await alerts(tenant), [{ kind: 'support_entered', severity: 'info', resolved_at: null, detail: { reason } }])
  t.equal((await read(`/v1/events?subject=${made.body.id}&type=payment.failed`)).status, 200)
  t.equal((await read('/v1/alerts/alt_00000000000070008000000000000000')).status, 404)

  // As the tenant sees it.
  t.match((await house.ask('GET', '/v1/support_access', { session: admin.session })).body.data, [{ id: made.body.id, user, reason, status: 'open' }])
  const log = async () => (await house.ask('GET', `/v1/audit_log?subject=${made.body.id}`, { session: admin.session })).body.data as { action: string, actor: { id: string }, detail: Record<string, unknown> }[]
  t.match((await log()).toReversed(), [
    { action: 'support_access.opened', actor: { id: user }, detail: { reason, kind: 'look' } },
    { action: 'support_access.read', detail: { method: 'GET', route: '/v1/events' } },
    { action: 'support_access.read', detail: { route: '/v1/events', query: { subject: made.body.id, type: '…' } } },
    { action: 'support_access.read', detail: { route: '/v1/alerts/:id', object: { id: 'alt_00000000000070008000000000000000' } } }
  ], 'by route and object; what was searched for is not written down')

  t.match(await house.ask('POST', `/v1/support_access/${made.body.id}/end`, { session: admin.session, body: {} }), { status: 200, body: { status: 'ended', ended_by: admin.id } })
  t.equal((await read()).status, 403, 'from the next request on')
  t.match(await house.ask('POST', `/v1/support_access/${made.body.id}/end`, { session, body: {} }), { status: 200, body: { ended_by: admin.id } }, 'again changes nothing')
  t.equal((await log())[0]!.action, 'support_access.ended')
  t.match(await alerts(tenant), [{ resolved_at: Date }])
})

t.test('to look is to change nothing; to repair takes saying so', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('support')
  await inTenant(house.hub.db, tenant.uuid, async db => { await raiseAlert(db, house.hub.now(), { kind: 'webhooks_missed', severity: 'warning', mode: 'test', subjectId: 'con_x' }) })
  await open(session, tenant)
  const [alert] = (await house.ask('GET', '/v1/alerts?kind=webhooks_missed', { session, tenant: tenant.id })).body.data
  const acknowledge = async () => (await house.ask('POST', `/v1/alerts/${alert.id}/acknowledge`, { session, tenant: tenant.id })).status
  t.equal(await acknowledge(), 403)
  await open(session, tenant, { kind: 'repair' })
  t.equal(await acknowledge(), 200)
  t.equal((await house.ask('PUT', '/v1/alert_settings', { session, tenant: tenant.id, body: { rules: {} } })).status, 403, 'and what is not a repair not even then')
  const lines = await house.database.owner.selectFrom('audit_log').select(['action', 'detail']).where('tenant_id', '=', tenant.uuid).where('action', '=', 'support_access.wrote').execute()
  t.match(lines, [{ detail: { method: 'POST', route: '/v1/alerts/:id/acknowledge', object: { id: alert.id } } }], 'what was refused is no write')
})

t.test('its time is over by itself, and eight hours are the most', async t => {
  const own = await accessApp(t, { routes: supportRoutes })
  const tenant = await own.tenant()
  const { session } = await own.person('support')
  const enter = async (body: object) => await own.ask('POST', '/v1/support_access', { session, body: { tenant: tenant.id, reason, ...body } })
  const made = (await enter({ minutes: 30 })).body
  const read = async () => (await own.ask('GET', '/v1/events', { session, tenant: tenant.id })).status
  t.equal(await read(), 200)
  own.advance(30 * 60_000)
  t.equal(await read(), 403, 'without any job')
  await endSupportAccess(own.hub, tenant.uuid, uuidOf('support_access', made.id))
  t.match((await own.ask('GET', '/v1/support_access', { session })).body.data, [{ id: made.id, status: 'ended', ended_by: 'time', ended_at: made.expires_at }])
  t.match(await own.database.owner.selectFrom('audit_log').select(['actor_type', 'actor_id']).where('action', '=', 'support_access.expired').execute(), [{ actor_type: 'system', actor_id: 'clock' }])
  t.same(await own.database.owner.selectFrom('timers').select('id').where('kind', '=', 'support_access').execute(), [])
  for (const body of [{ minutes: 481 }, { minutes: 0 }, { minutes: 30, reason: 'because' }, { minutes: 30, reason: ' '.repeat(20) }, { minutes: 30, kind: 'everything' }]) t.equal((await enter(body)).status, 400, JSON.stringify(body))
})

t.test('who may enter, and who may end it', async t => {
  const [tenant, other] = [await house.tenant(), await house.tenant()]
  const [one, two] = [await house.person('support'), await house.person('support')]
  const stranger = await house.person('tenant_admin', other)
  const member = await house.person('tenant_member', tenant)
  t.match(await house.ask('POST', '/v1/support_access', { key: house.platformKey, body: { tenant: tenant.id, reason, minutes: 5 } }), { status: 403, body: { detail: /person of support/ } }, 'a program has no reason')
  t.equal((await open(stranger.session, tenant)).status, 403)
  t.equal((await open(one.session, { id: `ten_${house.platformTenantId.replaceAll('-', '')}`, uuid: house.platformTenantId })).status, 400, 'the platform is nobody’s customer')
  t.equal((await open(one.session, { id: `ten_${'0'.repeat(32)}`, uuid: '' })).status, 400)
  const { body: { id } } = await open(one.session, tenant)
  const end = async (asked: object) => await house.ask('POST', `/v1/support_access/${id}/end`, { body: {}, ...asked })
  t.equal((await end({ session: stranger.session })).status, 404, 'another tenant’s admin learns nothing')
  t.equal((await end({ session: two.session })).status, 404, 'nor does a colleague')
  t.equal((await end({ session: member.session })).status, 403)
  t.equal((await house.ask('GET', '/v1/events', { session: two.session, tenant: tenant.id })).status, 403, 'a colleague asks for their own')
  t.same((await house.ask('GET', '/v1/support_access', { session: two.session })).body.data, [])
  t.match((await house.ask('GET', '/v1/support_access', { key: house.platformKey })).body.data[0], { id })
  t.same((await house.ask('GET', '/v1/support_access', { session: stranger.session })).body.data, [])
  t.match(await end({ session: one.session }), { status: 200, body: { status: 'ended' } })
})

t.test('from outside support sees that something is wrong, and nobody’s name or words', async t => {
  const tenant = await house.tenant('Flores de María')
  const quiet = await house.tenant('Quiet Shop')
  const { session } = await house.person('support')
  await inTenant(house.hub.db, tenant.uuid, async db => { await raiseAlert(db, house.hub.now(), { kind: 'WARN_BILLING_DATA', severity: 'warning', mode: 'test', subjectId: 'sal_x', detail: { messages: ['the RFC of Ana Pérez'], error_code: 'CFDI40147' } }) })
  const { status, body } = await house.ask('GET', '/v1/support/overview', { session })
  t.equal(status, 200)
  t.match(body.data.find((row: { tenant: string }) => row.tenant === tenant.id), { name: 'F••••• d• M••••', alerts: { warning: 1, kinds: { WARN_BILLING_DATA: 1 } } })
  t.notOk(body.data.some((row: { tenant: string }) => row.tenant === quiet.id), 'only where something is wrong')
  t.notMatch(JSON.stringify(body), /Flores|Ana/)
  t.same((await house.ask('GET', `/v1/support/alerts?tenant=${tenant.id}`, { session })).body.data[0].detail, { error_code: 'CFDI40147' })
  t.same((await house.ask('GET', `/v1/support/operations?tenant=${tenant.id}`, { session })).body.data, [])
  t.equal((await house.ask('GET', '/v1/support/alerts?tenant=ten_x', { session })).status, 400)
  t.equal((await house.ask('GET', '/v1/support/alerts', { session })).status, 400)
  const page = (await house.ask('GET', '/v1/support/overview?limit=1', { session })).body
  t.equal(page.data.length, 1)
  if (page.next_cursor !== null) t.ok((await house.ask('GET', `/v1/support/overview?limit=1&cursor=${page.next_cursor}`, { session })).body.data.every(({ tenant }: { tenant: string }) => tenant > page.data[0].tenant))
  const admin = await house.person('tenant_admin', tenant)
  for (const path of ['overview', `alerts?tenant=${tenant.id}`, `inbound_events?tenant=${tenant.id}`]) t.equal((await house.ask('GET', `/v1/support/${path}`, { session: admin.session })).status, 403, path)
  const lines = await house.database.owner.selectFrom('audit_log').select('id').where('tenant_id', '=', tenant.uuid).where('action', 'like', 'support_access.%').execute()
  t.same(lines, [], 'looking from outside is not entering')
})

t.test('what tells of a person is taken out, and the shape stays', async t => {
  const order = { amount: 19900, currency: 'MXN', status: 'paid', customer: { name: 'Ana Pérez', email: 'ana@example.com', address: { line1: 'Calle 1', city: 'Quito', country: 'EC' } }, metadata: { table: '7', pasarela_payment: 'pay_1' }, note: 'call ana@example.com', items: [{ description: 'a gift for Ana', qty: 1 }] }
  t.same(withoutPeople(order), { amount: 19900, currency: 'MXN', status: 'paid', customer: { name: '[personal]', email: '[personal]', address: { line1: '[personal]', city: '[personal]', country: 'EC' } }, metadata: { table: '[personal]', pasarela_payment: 'pay_1' }, note: '[personal]', items: [{ description: '[personal]', qty: 1 }] })
  t.equal(bodyWithoutPeople('email_buyer=ana%40example.com&value=150.00&state_pol=4&nickname_buyer=Ana'), 'email_buyer=ana%40example.com&value=150.00&state_pol=4&nickname_buyer=Ana'.replace('ana%40example.com', encodeURIComponent('[personal]')).replace('=Ana', '=Ana'))
  t.equal(bodyWithoutPeople('hello ana@example.com'), 'hello [personal]')
  fc.assert(fc.property(fc.jsonValue(), fc.emailAddress(), (value, mail) => {
    const clean = bodyWithoutPeople(JSON.stringify({ value, customer: { email: mail, tax_id: mail }, text: `to ${mail}.` }))
    return !clean.includes(JSON.stringify(mail).slice(1, -1)) && Object.keys(JSON.parse(clean) as object).join() === 'value,customer,text'
  }), { numRuns: 200 })
  t.equal(maskName('Ñandú 2 S.A.'), 'Ñ•••• 2 S.A.')
})
