import t from 'tap'
import { accessApp, type AccessApp, type TestTenant } from '../../test/support/access-app.ts'
import { inTenant } from '../db/in-tenant.ts'
import { type NewAlert, raiseAlert } from './raise.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

const raise = async (tenant: TestTenant, alert: Partial<NewAlert> = {}) => await inTenant(house.hub.db, tenant.uuid, async db =>
  await raiseAlert(db, house.hub.now(), { kind: 'amount_mismatch', severity: 'critical', mode: 'test', subjectId: 'pay_1', detail: { provider_amount: 1 }, ...alert }))

t.test('an alert is seen, acknowledged once, and raised anew when it happens again', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_member', tenant)
  await raise(tenant)
  await raise(tenant)
  const list = async (query = '') => (await house.ask('GET', `/v1/alerts?${query}`, { session })).body.data
  const [alert, ...others] = await list()
  t.same(others, [], 'the same thing twice is one alert')
  t.match(alert, { id: /^alt_/, object: 'alert', mode: 'test', status: 'open', kind: 'amount_mismatch', severity: 'critical', subject: 'pay_1', detail: { provider_amount: 1 }, times: 2, acknowledged_by: null, message: /another amount/ })

  const done = await house.ask('POST', `/v1/alerts/${alert.id}/acknowledge`, { session })
  t.match(done, { status: 200, body: { status: 'acknowledged', acknowledged_by: /^usr_/, acknowledged_at: String } })
  t.same((await house.ask('POST', `/v1/alerts/${alert.id}/acknowledge`, { session })).body, done.body, 'again changes nothing')
  t.equal((await house.ask('GET', `/v1/audit_log?subject=${alert.id}`, { key: house.platformKey, tenant: tenant.id })).body.data.length, 1)

  await raise(tenant)
  t.same((await list('status=open')).length, 1)
  t.same((await list('status=acknowledged')).map(({ id }: { id: string }) => id), [alert.id])
})

t.test('it speaks the reader’s language, and narrows', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  await raise(tenant)
  await raise(tenant, { kind: 'connection_failing', severity: 'warning', subjectId: 'con_1' })
  const list = async (query: string, headers = {}) => (await house.ask('GET', `/v1/alerts?${query}`, { key, headers })).body.data
  t.match(await list('severity=warning', { 'accept-language': 'es' }), [{ message: /^La conexión con el proveedor falla/ }])
  t.match(await list('kind=amount_mismatch'), [{ subject: 'pay_1' }])
  t.match(await list('subject=con_1'), [{ kind: 'connection_failing' }])
})

t.test('each mode sees its own, and what is of none', async t => {
  const tenant = await house.tenant()
  await raise(tenant, { mode: 'live', subjectId: 'pay_live' })
  await house.database.owner.insertInto('alerts').values({ tenant_id: tenant.uuid, id: '0198aaaa-0000-7000-8000-0000000000ff', kind: 'certificate_expiring', severity: 'info', dedupe_key: 'c', created_at: new Date(), last_at: new Date() }).execute()
  const [test, live] = [await house.key(tenant), await house.key(tenant, undefined, 'live')]
  const list = async (key: string) => (await house.ask('GET', '/v1/alerts', { key })).body.data
  t.same((await list(test.key)).map(({ kind, mode, subject }: Record<string, unknown>) => ({ kind, mode, subject })), [{ kind: 'certificate_expiring', mode: null, subject: null }])
  const [alert] = (await list(live.key)).filter(({ mode }: { mode: string }) => mode === 'live')
  t.equal((await house.ask('POST', `/v1/alerts/${alert.id}/acknowledge`, { key: test.key })).status, 404)
})

t.test('a viewer looks and does not acknowledge', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('viewer', tenant)
  await raise(tenant)
  const [alert] = (await house.ask('GET', '/v1/alerts', { session })).body.data
  t.equal((await house.ask('POST', `/v1/alerts/${alert.id}/acknowledge`, { session })).status, 403)
})

t.test('thresholds are read and replaced, by who keeps the connections; what is misspelt is told', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  const member = await house.person('tenant_member', tenant)
  const put = async (rules: object, asked: object = { session }) => await house.ask('PUT', '/v1/alert_settings', { ...asked, body: { rules } })
  t.match(await house.ask('GET', '/v1/alert_settings', { session: member.session }), { status: 200, body: { object: 'alert_settings', mode: 'test', updated_at: null, rules: { payments_failing: { enabled: true, percent: 5 }, stamping_failing: { in_row: 3 } } } })
  t.match(await put({ webhooks_silent: { hours: 48 } }), { status: 200, body: { updated_at: String, rules: { webhooks_silent: { enabled: true, hours: 48, at_least: 5 } } } })
  t.match((await house.ask('GET', '/v1/alert_settings', { session, mode: 'live' })).body.rules, { webhooks_silent: { hours: 24 } }, 'each mode has its own')
  t.match((await put({})).body.rules, { webhooks_silent: { hours: 24 } }, 'what is not named has its default again')
  t.equal((await put({}, { session: member.session })).status, 403)
  for (const rules of [{ payments_failing: { percent: 0 } }, { payment_failing: {} }, { provider_slow: { second: 3 } }, { webhooks_silent: { hours: '24' } }]) t.equal((await put(rules)).status, 400, JSON.stringify(rules))
})

t.test('one alert is read by its id, by its own tenant and in its mode', async t => {
  const [tenant, other] = [await house.tenant(), await house.tenant()]
  const [{ key }, live, stranger] = [await house.key(tenant), await house.key(tenant, undefined, 'live'), await house.key(other)]
  await raise(tenant)
  const [alert] = (await house.ask('GET', '/v1/alerts', { key })).body.data
  t.same((await house.ask('GET', `/v1/alerts/${alert.id}`, { key })).body, alert)
  for (const asked of [live, stranger]) t.equal((await house.ask('GET', `/v1/alerts/${alert.id}`, { key: asked.key })).status, 404)
})
