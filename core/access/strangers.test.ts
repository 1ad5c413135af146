import t from 'tap'
import { accessApp, type AccessApp, type Asked } from '../../test/support/access-app.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { inTenant } from '../db/in-tenant.ts'
import { recordEvents } from '../events/record.ts'
import { newUuid, publicId } from '../ids.ts'
import { insertOperation } from '../operations/call.ts'

/**
 * A second tenant's administrator knows every id of the first, and its partner too. Each route with an id in it answers
 * them as it answers an id that does not exist, word for word, and changes nothing.
 */
type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

async function victim () {
  const tenant = await house.tenant()
  const person = await house.person('tenant_admin', tenant)
  const key = await house.key(tenant)
  const subjectId = newUuid(house.hub.now())
  const now = house.hub.now()
  const ids = await inTenant(house.hub.db, tenant.uuid, async db => {
    await raiseAlert(db, now, { kind: 'amount_mismatch', severity: 'info', mode: 'test', subjectId: 'pay_1' })
    await recordEvents(db, now, [{ type: 'payment.succeeded', mode: 'test', subjectId, data: {} }])
    const operation = await insertOperation(db, now, { connection: { id: subjectId, mode: 'test', adapter: { manifest: { id: 'stripe' } } } as never, kind: 'create_payment', subjectId })
    const alert = await db.selectFrom('alerts').select('id').executeTakeFirstOrThrow()
    const event = await db.selectFrom('events').select('id').executeTakeFirstOrThrow()
    return { operation: publicId('operation', operation), alert: publicId('alert', alert.id), event: publicId('event', event.id) }
  })
  return { tenant, person, key, ...ids }
}

const absent = (prefix: string) => `${prefix}_${'0'.repeat(32)}`

t.test('what is not yours and what is not there are one answer', async t => {
  const theirs = await victim()
  const ours = await victim()
  const partner = await house.partner()
  await house.ask('PUT', `/v1/partners/${partner.id}/tenants/${ours.tenant.id}`, { key: house.platformKey })
  const routes: [Method, (id: string) => string, theirs: string, absent: string, body?: object][] = [
    ['GET', id => `/v1/users/${id}`, theirs.person.id, absent('usr')],
    ['PATCH', id => `/v1/users/${id}`, theirs.person.id, absent('usr'), { name: 'Mine now' }],
    ['DELETE', id => `/v1/sessions/${id}`, theirs.person.session.id, absent('ses')],
    ['DELETE', id => `/v1/api_keys/${id}`, theirs.key.id, absent('key')],
    ['POST', id => `/v1/alerts/${id}/acknowledge`, theirs.alert, absent('alt')],
    ['GET', id => `/v1/events/${id}`, theirs.event, absent('evt')],
    ['GET', id => `/v1/operations/${id}`, theirs.operation, absent('op')],
    ['PUT', id => `/v1/partners/${partner.id}/tenants/${id}`, theirs.tenant.id, absent('ten')],
    ['DELETE', id => `/v1/partners/${partner.id}/tenants/${id}`, theirs.tenant.id, absent('ten')],
    ['GET', id => `/v1/tenants/${id}`, theirs.tenant.id, absent('ten')],
    ['PATCH', id => `/v1/tenants/${id}`, theirs.tenant.id, absent('ten'), { name: 'Mine now' }]
  ]
  const strangers: [string, Asked][] = [['another tenant’s admin', { session: ours.person.session }], ['a partner of another tenant', { key: partner.key, tenant: ours.tenant.id }]]
  const before = await everything(theirs.tenant.uuid)
  for (const [who, asked] of strangers) {
    for (const [method, path, known, none, body] of routes) {
      const ask = async (id: string) => {
        const answer = await house.ask(method, path(id), { ...asked, ...(body && { body }) })
        const { request_id: _, ...rest } = answer.body
        return { status: answer.status, ...rest }
      }
      const answered = await ask(known)
      t.ok([403, 404].includes(answered.status), `${who}: ${method} ${path(':id')}`)
      t.same(answered, await ask(none), `${who}: ${method} ${path(':id')} does not tell that it is there`)
    }
    for (const path of ['/v1/users', '/v1/api_keys', '/v1/audit_log', '/v1/alerts', '/v1/events', '/v1/operations', '/v1/sessions', '/v1/tenants', '/v1/partners']) {
      const { body } = await house.ask('GET', path, asked)
      t.notMatch(JSON.stringify(body), new RegExp([theirs.tenant.id, theirs.person.id, theirs.key.id, theirs.alert, theirs.event, theirs.operation, theirs.person.session.id].join('|')), `${who}: GET ${path}`)
    }
    const filters = [`/v1/audit_log?subject=${theirs.key.id}`, `/v1/audit_log?actor=${theirs.person.id}`, `/v1/events?subject=${theirs.operation}`, `/v1/operations?subject=${theirs.operation}`]
    for (const path of filters) t.same((await house.ask('GET', path, { session: ours.person.session })).body.data, [], path)
  }
  t.same(await everything(theirs.tenant.uuid), before, 'and nothing has changed')
})

t.test('naming the tenant does not help', async t => {
  const theirs = await victim()
  const ours = await victim()
  for (const path of ['/v1/users', '/v1/api_keys', '/v1/audit_log', '/v1/alerts', '/v1/events', '/v1/operations', '/v1/tenants/current', '/v1/partners']) {
    t.equal((await house.ask('GET', path, { session: ours.person.session, tenant: theirs.tenant.id })).status, 403, path)
  }
  t.equal((await house.ask('POST', '/v1/api_keys', { session: ours.person.session, tenant: theirs.tenant.id, body: { mode: 'test' } })).status, 403)
  t.equal((await house.ask('POST', '/v1/users', { session: ours.person.session, tenant: theirs.tenant.id, body: { email: 'x@example.com', name: 'X', role: 'viewer', password: 'a long password' } })).status, 403)
})

async function everything (tenantId: string): Promise<unknown> {
  const { owner } = house.database
  const rows = await Promise.all((['users', 'sessions', 'api_keys', 'alerts', 'audit_log', 'partner_tenants'] as const).map(async table => await owner.selectFrom(table).selectAll().where('tenant_id', '=', tenantId).orderBy(table === 'partner_tenants' ? 'partner_id' : 'id').execute()))
  const tenant = await owner.selectFrom('tenants').selectAll().where('id', '=', tenantId).execute()
  return JSON.parse(JSON.stringify([tenant, ...rows]))
}
