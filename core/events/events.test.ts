import t from 'tap'
import { accessApp, type AccessApp, type TestTenant } from '../../test/support/access-app.ts'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import { newUuid, publicId } from '../ids.ts'
import { recordEvents } from './record.ts'
import type { EventType } from './types.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

const record = async (tenant: TestTenant, type: EventType, subjectId: string, mode: Mode = 'test') => await inTenant(house.hub.db, tenant.uuid, async db =>
  await recordEvents(db, house.hub.now(), [{ type, mode, subjectId, data: { object: type.split('.')[0], nested: { amount: 1 } } }]))

t.test('what happened is told in the envelope of deliveries', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  await record(tenant, 'payment.succeeded', newUuid(house.hub.now()))
  const { body: { data: [event] } } = await house.ask('GET', '/v1/events', { key })
  t.same(Object.keys(event), ['id', 'type', 'timestamp', 'tenant_id', 'mode', 'data'])
  t.match(event, { id: /^evt_/, type: 'payment.succeeded', tenant_id: tenant.id, mode: 'test', data: { object: 'payment', nested: { amount: 1 } } })
  t.same((await house.ask('GET', `/v1/events/${event.id}`, { key })).body, event)
})

t.test('by type, by all types of an object, and by what it is about', async t => {
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  const [payment, refund] = [newUuid(house.hub.now()), newUuid(house.hub.now())]
  await record(tenant, 'payment.processing', payment)
  await record(tenant, 'payment.succeeded', payment)
  await record(tenant, 'payment_link.open', refund)
  await record(tenant, 'refund.succeeded', refund)
  const types = async (query: string) => (await house.ask('GET', `/v1/events?${query}`, { key })).body.data.map(({ type }: { type: string }) => type)
  t.same(await types('type=payment.succeeded'), ['payment.succeeded'])
  t.same(await types('type=payment.*'), ['payment.succeeded', 'payment.processing'])
  t.same(await types('type=paymen_.*'), [], 'an underscore is no wildcard')
  t.same(await types(`subject=${publicId('payment', payment)}`), ['payment.succeeded', 'payment.processing'])
  t.same(await types(`subject=${publicId('refund', refund)}&type=refund.*`), ['refund.succeeded'])
  for (const query of ['type=*', 'type=payment', 'type=pay%25.*', 'subject=x']) t.equal((await house.ask('GET', `/v1/events?${query}`, { key })).status, 400, query)
})

t.test('the other mode’s are not there', async t => {
  const tenant = await house.tenant()
  const [test, live] = [await house.key(tenant), await house.key(tenant, undefined, 'live')]
  await record(tenant, 'payment.succeeded', newUuid(house.hub.now()), 'live')
  t.same((await house.ask('GET', '/v1/events', { key: test.key })).body, { data: [], next_cursor: null })
  const [{ id }] = (await house.ask('GET', '/v1/events', { key: live.key })).body.data
  t.equal((await house.ask('GET', `/v1/events/${id}`, { key: test.key })).status, 404)
})
