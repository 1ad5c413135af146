import t from 'tap'
import { accessApp, type AccessApp } from '../../test/support/access-app.ts'

let house: AccessApp
t.before(async () => { house = await accessApp(t) })

t.test('the platform makes a tenant, and it is whole', async t => {
  const { status, body } = await house.ask('POST', '/v1/tenants', { key: house.platformKey, body: { name: 'Hotel Sol', country: 'MX', host_name: 'pagos.hotelsol.mx' } })
  t.equal(status, 201)
  t.match(body, { id: /^ten_[0-9a-f]{32}$/, object: 'tenant', name: 'Hotel Sol', country: 'MX', host_name: 'pagos.hotelsol.mx', status: 'active', created_at: String })
  t.same((await house.ask('GET', `/v1/tenants/${body.id}`, { key: house.platformKey })).body, body)
  t.same((await house.ask('GET', '/v1/tenants/current', { key: house.platformKey, tenant: body.id })).body, body)
  const audit = await house.ask('GET', '/v1/audit_log', { key: house.platformKey, tenant: body.id })
  t.match(audit.body.data, [{ action: 'tenant.created', subject: { type: 'tenant', id: body.id }, actor: { type: 'api_key' } }])
})

t.test('what is wrong is refused and makes nothing', async t => {
  const before = (await house.ask('GET', '/v1/tenants', { key: house.platformKey })).body.data.length
  for (const body of [{}, { name: 'X' }, { name: 'X', country: 'mx' }, { name: ' ', country: 'MX' }, { name: 'X', country: 'MX', kind: 'platform' }, { name: 'X', country: 'MX', host_name: 'http://x.mx' }]) {
    t.equal((await house.ask('POST', '/v1/tenants', { key: house.platformKey, body })).status, 400, JSON.stringify(body))
  }
  t.match(await house.ask('POST', '/v1/tenants', { key: house.platformKey, body: { name: 'X', country: 'MX', host_name: 'pagos.hotelsol.mx' } }), { status: 409, body: { code: 'already_exists', errors: [{ path: 'host_name' }] } })
  t.equal((await house.ask('GET', '/v1/tenants', { key: house.platformKey })).body.data.length, before)
})

t.test('a partner makes a tenant and serves it from then on', async t => {
  const partner = await house.partner()
  const made = await house.ask('POST', '/v1/tenants', { key: partner.key, body: { name: 'Gimnasio', country: 'CO' } })
  t.equal(made.status, 201)
  t.equal((await house.ask('GET', '/v1/events', { key: partner.key, tenant: made.body.id })).status, 200)
  const other = await house.tenant()
  t.same((await house.ask('GET', '/v1/tenants', { key: partner.key })).body.data.map((tenant: { id: string }) => tenant.id), [made.body.id], 'it lists its own')
  t.equal((await house.ask('GET', `/v1/tenants/${made.body.id}`, { key: partner.key })).status, 200)
  t.equal((await house.ask('GET', `/v1/tenants/${other.id}`, { key: partner.key })).status, 404, 'and knows of no other')
  t.equal((await house.ask('PATCH', `/v1/tenants/${made.body.id}`, { key: partner.key, body: { status: 'suspended' } })).status, 403)
  t.match((await house.ask('GET', '/v1/audit_log', { key: house.platformKey, tenant: made.body.id })).body.data, [{ action: 'partner.granted' }, { action: 'tenant.created' }])
})

t.test('a tenant’s people and keys make and list none', async t => {
  const tenant = await house.tenant()
  const { session } = await house.person('tenant_admin', tenant)
  for (const asked of [{ session }, { key: (await house.key(tenant)).key }]) {
    t.equal((await house.ask('POST', '/v1/tenants', { ...asked, body: { name: 'X', country: 'MX' } })).status, 403)
    t.equal((await house.ask('GET', '/v1/tenants', asked)).status, 403)
    t.equal((await house.ask('GET', `/v1/tenants/${tenant.id}`, asked)).status, 403)
    t.equal((await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { ...asked, body: { name: 'Y' } })).status, 403)
    t.match((await house.ask('GET', '/v1/tenants/current', asked)).body, { id: tenant.id }, 'but know their own')
  }
})

t.test('pages follow each other without a gap, and time and status narrow them', async t => {
  const own = await accessApp(t)
  const tenants = []
  for (let index = 0; index < 5; index++) {
    tenants.push(await own.tenant())
    own.advance(1000)
  }
  const ids = tenants.map(({ id }) => id).reverse()
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const { body } = await own.ask('GET', `/v1/tenants?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`, { key: own.platformKey })
    seen.push(...body.data.map((tenant: { id: string }) => tenant.id))
    cursor = body.next_cursor
  } while (cursor !== null)
  t.same(seen, ids)
  const third = (await own.ask('GET', `/v1/tenants/${ids[2]}`, { key: own.platformKey })).body.created_at
  const listed = async (query: string) => (await own.ask('GET', `/v1/tenants?${query}`, { key: own.platformKey })).body.data?.map((tenant: { id: string }) => tenant.id)
  t.same(await listed(`created_from=${third}`), ids.slice(0, 3), 'from is inclusive')
  t.same(await listed(`created_to=${third}`), ids.slice(2), 'to as well')
  t.same(await listed('created_to=0001-01-01T00:00:00Z'), [], 'before all ids')
  await own.ask('PATCH', `/v1/tenants/${ids[0]}`, { key: own.platformKey, body: { status: 'suspended' } })
  t.same(await listed('status=suspended'), [ids[0]])
  t.equal((await own.ask('GET', '/v1/tenants?cursor=pay_1', { key: own.platformKey })).status, 400)
  t.equal((await own.ask('GET', '/v1/tenants?created_from=2026-12-31T23:59:60Z', { key: own.platformKey })).status, 400, 'a leap second is no 500')
})

t.test('a change says what it was before, and none is no line', async t => {
  const tenant = await house.tenant('Before')
  await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: house.platformKey, body: { name: 'After', host_name: 'after.example.com' } })
  await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: house.platformKey, body: { name: 'After' } })
  const { body } = await house.ask('GET', '/v1/audit_log?action=tenant.changed', { key: house.platformKey, tenant: tenant.id })
  t.equal(body.data.length, 1)
  t.match(body.data[0].detail, { before: { name: 'Before', host_name: null }, after: { name: 'After', host_name: 'after.example.com' } })
  t.match((await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: house.platformKey, body: { host_name: null } })).body, { host_name: null })
})

t.test('the platform itself is no tenant to be managed', async t => {
  const id = `ten_${house.platformTenantId.replaceAll('-', '')}`
  t.equal((await house.ask('PATCH', `/v1/tenants/${id}`, { key: house.platformKey, body: { status: 'suspended' } })).status, 404)
  t.equal((await house.ask('GET', `/v1/tenants/${id}`, { key: house.platformKey })).status, 404)
  t.equal((await house.ask('PATCH', '/v1/tenants/rubbish', { key: house.platformKey, body: { status: 'suspended' } })).status, 404)
})

t.test('a platform key of test mode stops no tenant that is live', async t => {
  const tenant = await house.tenant()
  const { body } = await house.ask('POST', '/v1/api_keys', { key: house.platformKey, body: { mode: 'test' } })
  t.equal(body.kind, 'platform')
  t.equal((await house.ask('PATCH', `/v1/tenants/${tenant.id}`, { key: body.key, body: { status: 'suspended' } })).status, 403)
})
