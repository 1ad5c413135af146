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
