import t from 'tap'
import { testApp } from '../../test/support/app.ts'
import { eventually } from '../../test/support/eventually.ts'
import { testHub } from '../../test/support/hub.ts'
import type { InvoicingFamily } from '../adapter/invoicing.ts'
import type { Adapter } from '../adapter/define.ts'
import type { Hub } from '../hub.ts'
import { createConnection } from '../connections/service.ts'
import { uuidOf } from '../ids.ts'
import { createPayment } from '../payments/service.ts'
import { chooseRoute } from './choose.ts'
import { decideRouting } from './decide.ts'
import type { Decide, NewRule } from './schema.ts'
import { getRouting, putRouting, versionOf } from './service.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'pm_card_visa' } }

t.test('rules of a tenant', async t => {
  const made = await testHub(t)
  const { hub, database } = made
  const shop = async () => {
    const tenant = await made.tenant()
    const [a, b, c] = [await tenant.connect(), await tenant.connect(), await tenant.connect()] as const
    return {
      ...tenant, a, b, c,
      put: async (...rules: NewRule[]) => await putRouting(hub, tenant.access, { rules }, undefined),
      decide: async (question: Decide = {}) => await decideRouting(hub, tenant.access, { currency: 'MXN', amount: 19900, method: 'card', ...question }),
      paid: async (body: object = {}) => (await createPayment(hub, tenant.access, { ...order, ...body }, null)).connection
    }
  }

  t.test('none yet: version 0, and the oldest connection', async t => {
    const { access, a, b, c, decide, paid } = await shop()
    t.same(await getRouting(hub, access), { object: 'routing', mode: 'test', version: 0, rules: [], updated_at: null })
    t.equal(await paid(), a)
    t.match(await decide(), { connection: a, rule: null, failover: null, error: null, rules: [], not_chosen: [{ connection: b, reason: 'older_first' }, { connection: c, reason: 'older_first' }] })
  })

  t.test('the own bank, however old, is no place for a payment that says nothing of its method', async t => {
    const { access, connect } = await made.tenant()
    const bank = (await createConnection(hub, access, { provider: 'bank_transfer', mode: 'test', credentials: {} }, null)).id
    const open = { amount: 19900, currency: 'MXN' }
    const decide = async (question: Decide = {}) => await decideRouting(hub, access, { ...open, ...question })
    t.match(await decide(), { connection: null, error: { code: 'connection_not_usable', detail: /own bank/ }, not_chosen: [{ connection: bank, reason: 'own_bank' }] })
    await t.rejects(createPayment(hub, access, open, null), { code: 'connection_not_usable' })
    const stripe = await connect()
    t.match(await decide(), { connection: stripe, rule: null, not_chosen: [{ connection: bank, reason: 'own_bank' }] })
    t.equal((await createPayment(hub, access, open, null)).connection, stripe)
    t.match(await decide({ method: 'card' }), { connection: stripe, not_chosen: [{ connection: bank, reason: 'method' }] })
    t.match(await decide({ method: 'bank_transfer' }), { connection: bank })
    t.match(await decide({ connection: bank }), { connection: bank })
    await putRouting(hub, access, { rules: [{ match: { amount: { min: 1_000_000 }, currency: 'MXN' }, connections: [bank] }] }, undefined)
    t.match(await decide({ amount: 1_000_000 }), { connection: bank, rule: { name: 'rule 1' } }, 'a rule may')
    t.match(await decide(), { connection: stripe })
  })

  t.test('read back as they were written, with their lists made out', async t => {
    const { access, a, b, put } = await shop()
    const written = await put({ name: 'big', match: { currency: 'MXN', amount: { min: 100_000 }, metadata: { channel: 'web' } }, connections: [b, a], failover: { on: ['card_declined'] } }, { connections: [a] })
    t.match(written, {
      version: 1,
      rules: [
        { name: 'big', enabled: true, match: { currency: ['MXN'], amount: { min: 100_000 }, metadata: { channel: ['web'] } }, connections: [b, a], failover: { on: ['card_declined'] } },
        { name: 'rule 2', enabled: true, match: {}, connections: [a], failover: { on: [] } }
      ]
    })
    t.same((await getRouting(hub, access)).rules, written.rules)
  })

  t.test('the first that matches decides, and a decision is what a payment follows', async t => {
    const { a, b, c, put, decide, paid } = await shop()
    await put(
      { name: 'large', match: { currency: 'MXN', amount: { min: 100_000 } }, connections: [c] },
      { name: 'phone', match: { metadata: { channel: ['phone', 'fax'] } }, connections: [b] },
      { name: 'Spain', match: { country: 'ES' }, connections: [c] },
      { name: 'Ana', match: { customer: 'Ana@Example.com' }, connections: [b] },
      { name: 'rest', connections: [a, b] }
    )
    const cases: [object, string, string][] = [
      [{ amount: 100_000 }, c, 'large'],
      [{ amount: 99_999 }, a, 'rest'],
      [{ metadata: { channel: 'fax' } }, b, 'phone'],
      [{ metadata: { channel: 'fax' }, amount: 100_000 }, c, 'large'],
      [{ country: 'ES' }, c, 'Spain'],
      [{ customer: { email: 'ana@example.com' } }, b, 'Ana'],
      [{}, a, 'rest']
    ]
    for (const [body, connection, rule] of cases) {
      const { customer, ...rest } = body as { customer?: { email: string } }
      t.match(await decide({ ...rest, ...(customer !== undefined && { customer: customer.email }) }), { connection, rule: { name: rule } }, JSON.stringify(body))
      t.equal(await paid(body), connection, JSON.stringify(body))
    }
    t.match((await decide()).connections, [{ connection: a, breaker: 'closed' }, { connection: b }])
  })

  t.test('why every other rule and connection did not', async t => {
    const { a, b, c, put, decide } = await shop()
    await put(
      { name: 'off', enabled: false, connections: [a] },
      { name: 'dollars', match: { currency: 'USD', method: 'oxxo' }, connections: [a] },
      { name: 'gone', connections: [c] },
      { name: 'this', match: { currency: ['MXN', 'USD'] }, connections: [b, a], failover: { on: ['card_declined'] } },
      { name: 'hidden', connections: [a] }
    )
    await database.owner.updateTable('connections').set({ enabled: false }).where('id', '=', uuidOf('connection', c)).execute()
    hub.usable.forget((await database.owner.selectFrom('connections').select('tenant_id').where('id', '=', uuidOf('connection', c)).executeTakeFirstOrThrow()).tenant_id)
    t.match(await decide(), {
      connection: b,
      connections: [{ connection: b }, { connection: a }],
      rule: { index: 3, name: 'this' },
      failover: { on: ['card_declined'] },
      rules: [
        { index: 0, outcome: 'disabled' },
        { index: 1, outcome: 'not_matched', failed: ['currency', 'method'] },
        { index: 2, outcome: 'no_connection', connections: [{ connection: c, reason: 'disabled' }] },
        { index: 3, outcome: 'chosen', failed: [] },
        { index: 4, outcome: 'shadowed' }
      ],
      not_chosen: [{ connection: a, reason: 'later_in_order' }, { connection: c, reason: 'disabled', message: 'It is disabled.' }],
      left_out: 0
    })
    const none = await decide({ explain: 'none' })
    t.match(none, { connection: b, rules: [], not_chosen: [], left_out: 0 })
    t.match(await decide({ connection: a }), { connection: a, rule: null, rules: [{ outcome: 'disabled' }, { outcome: 'not_asked' }, {}, {}, {}], not_chosen: [{ connection: b, reason: 'not_named' }, {}] })
    t.match(await decide({ connection: c }), { connection: null, error: { code: 'connection_not_usable', detail: 'is disabled', path: 'connection' } })
    t.match(await decide({ method: 'bitcoin' }), { connection: null, error: { code: 'method_not_supported', path: 'method.type' }, rules: [{}, {}, {}, { outcome: 'no_connection', connections: [{ reason: 'method' }, { reason: 'method' }] }, {}] })
    t.match(await decide({ amount: 1 }), { connection: null, error: { code: 'amount_invalid' } })
    await t.rejects(decide({ currency: 'ZZZ' }), { code: 'request_invalid' })
  })

  t.test('of many rules the first are explained, and how many are left out is said', async t => {
    const { a, b, put, decide } = await shop()
    await put(...Array.from({ length: 200 }, (_, n): NewRule => ({ match: { metadata: { n: String(n) } }, connections: [n === 150 ? b : a] })))
    const some = await decide({ metadata: { n: '150' } })
    t.match(some, { connection: b, rule: { index: 150 }, left_out: 149 })
    t.match(some.rules.at(-1), { index: 150, outcome: 'chosen' })
    t.match(await decide({ metadata: { n: '150' }, explain: 'all' }), { left_out: 0, rules: { length: 200 } })
  })

  t.test('a rule whose connections cannot do it is passed over; without any rule left the oldest is used', async t => {
    const { tenantId, a, b, c, put, decide, paid } = await shop()
    await put({ name: 'one', connections: [b] }, { name: 'two', connections: [c] })
    const disable = async (id: string) => {
      await database.owner.updateTable('connections').set({ enabled: false }).where('id', '=', uuidOf('connection', id)).execute()
      hub.usable.forget(tenantId)
    }
    t.equal(await paid(), b)
    await disable(b)
    t.equal(await paid(), c)
    await disable(c)
    t.equal(await paid(), a)
    t.match(await decide(), { connection: a, rule: null })
    await disable(a)
    t.match(await decide(), { connection: null, error: { code: 'connection_not_usable' } })
  })

  t.test('what is wrong is named by rule and field, and nothing is written', async t => {
    const { access, a, put } = await shop()
    const stranger = await shop()
    const live = await (await made.tenant()).connect('live')
    await t.rejects(put(
      { connections: [a] },
      { connections: [a, stranger.a] },
      { connections: [live] },
      { match: { currency: ['MXN', 'XYZ'] }, connections: [a] },
      { match: { amount: { min: 2, max: 1 } }, connections: [a] },
      { match: { series: 'A' }, connections: [a] },
      { match: { family: 'invoicing', method: 'card' }, connections: [a] }
    ), {
      code: 'request_invalid',
      errors: [
        { path: 'rules[1].connections[1]', message: 'there is no such connection in this mode' }, { path: 'rules[2].connections[0]', message: 'there is no such connection in this mode' },
        { path: 'rules[3].match.currency', message: /XYZ/ }, { path: 'rules[4].match.amount' }, { path: 'rules[5].match.series' }, { path: 'rules[6].match.method' }, { path: 'rules[6].connections[0]', message: /invoices/ }
      ]
    })
    t.equal((await getRouting(hub, access)).version, 0)
  })

  t.test('a list that was changed meanwhile is not written over, and every change is audited', async t => {
    const { access, tenantId, a, b } = await shop()
    const put = async (version: number | undefined, ...rules: NewRule[]) => await putRouting(hub, access, { rules }, version)
    await put(0, { name: 'x', connections: [a] }, { name: 'y', connections: [a] })
    await t.rejects(put(0, { name: 'lost', connections: [a] }), { code: 'conflict', status: 409 })
    await put(1, { name: 'y', connections: [b] }, { name: 'z', connections: [a] })
    const both = await Promise.allSettled([put(2, { name: 'p', connections: [a] }), put(2, { name: 'q', connections: [a] })])
    t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    t.match(await put(undefined), { version: 4, rules: [] }, 'who names no version writes over what there is')
    const lines = await database.owner.selectFrom('audit_log').select(['action', 'actor_id', 'detail']).where('tenant_id', '=', tenantId).where('action', '=', 'routing.replaced').orderBy('id').execute()
    t.match(lines.map(({ detail }) => detail), [{ version: 1, rules: 2, added: ['x', 'y'], removed: [], changed: [] }, { version: 2, added: ['z'], removed: ['x'], changed: ['y'] }, { version: 3 }, { version: 4, rules: 0 }])
    t.same(['"3"', '3', 'W/"3"', '*', undefined, '"abc"'].map(versionOf), [3, 3, 3, undefined, undefined, -1])
  })

  t.test('test and live never mix', async t => {
    const { access, a, b, put } = await shop()
    await put({ connections: [b] })
    const live = { ...access, mode: 'live' as const }
    t.match(await getRouting(hub, live), { mode: 'live', version: 0, rules: [] })
    await t.rejects(putRouting(hub, live, { rules: [{ connections: [a] }] }, undefined), { code: 'request_invalid' })
    t.match(await decideRouting(hub, live, { currency: 'MXN' }), { mode: 'live', connection: null, not_chosen: [] })
    t.match(await decideRouting(hub, live, { currency: 'MXN', connection: a }), { connection: null, error: { code: 'connection_not_usable', detail: /is a test connection/ } })
  })

  t.test('invoices follow rules of their own', async t => {
    const { access, tenantId, a, b, c } = await shop()
    const pac = withInvoicing(hub)
    await putRouting(pac, access, {
      rules: [
        { name: 'payments', connections: [a] },
        { name: 'series B', match: { family: 'invoicing', country: 'MX', series: 'B' }, connections: [c] },
        { name: 'issuer', match: { family: 'invoicing', issuer: ['AAA010101AAA'] }, connections: [b] }
      ]
    }, undefined)
    const chosen = async (wanted: object) => (await chooseRoute(pac, tenantId, { family: 'invoicing', mode: 'test', country: 'MX', ...wanted })).first.connection.id
    t.equal(await chosen({ series: 'B', issuer: ['iss_1', 'AAA010101AAA'] }), uuidOf('connection', c))
    t.equal(await chosen({ series: 'A', issuer: ['iss_1', 'AAA010101AAA'] }), uuidOf('connection', b))
    t.equal(await chosen({ series: 'A', issuer: ['iss_2'] }), uuidOf('connection', a), 'the oldest that issues there')
    t.equal(await chosen({ connection: b }), uuidOf('connection', b))
    await t.rejects(chosen({ country: 'EC' }), { code: 'connection_not_usable', errors: [{ path: 'country' }] })
    await t.rejects(chooseRoute(hub, tenantId, { family: 'invoicing', mode: 'test', country: 'MX' }), { code: 'connection_not_usable' }, 'one that issues none is never taken')
    t.match(await decideRouting(pac, access, { family: 'invoicing', country: 'MX', series: 'B' }), { family: 'invoicing', connection: c, rule: { name: 'series B' }, rules: [{ outcome: 'not_matched', failed: ['family'] }, { outcome: 'chosen' }, { outcome: 'not_matched', failed: ['issuer'] }] })
  })
})

t.test('over HTTP', async t => {
  const app = await testApp(t)
  const tenant = await app.tenant()
  const stranger = await app.tenant()
  const { client, connection } = tenant
  const { id: second } = (await client('POST', '/v1/connections', { body: { provider: 'stripe', mode: 'test', credentials: app.simulator.credentials('test') } })).body

  const made = await client('PUT', '/v1/routing', { body: { rules: [{ name: 'second first', match: { currency: 'MXN' }, connections: [second, connection] }] } })
  t.match(made, { status: 200, body: { version: 1, rules: [{ name: 'second first' }] } })
  t.equal(made.headers.get('etag'), '"1"')
  t.match((await client('POST', '/v1/payments', { body: order })).body, { status: 'succeeded', connection: second }, 'the very next payment follows it')
  t.match(await client('GET', '/v1/routing'), { status: 200, body: { version: 1 } })

  const put = async (headers: Record<string, string>, body: object) => await client('PUT', '/v1/routing', { headers, body })
  t.match(await put({ 'if-match': '"0"' }, { rules: [] }), { status: 409, body: { code: 'conflict', detail: /version 1/ } })
  t.match(await put({}, { version: 7, rules: [] }), { status: 409 })
  t.match(await put({ 'if-match': '"1"' }, { rules: [{ name: 'both', connections: [connection, second] }] }), { status: 200, body: { version: 2 } })

  const wrong: [object, string][] = [
    [{ rules: [{ connections: [connection] }, { connections: [] }] }, 'rules[1].connections'],
    [{ rules: [{ connections: [connection], failover: { on: ['timeout_unknown'] } }] }, 'rules[0].failover.on[0]'],
    [{ rules: [{ connections: [connection], match: { colour: 'red' } }] }, 'rules[0].match.colour'],
    [{ rules: [{ connections: [connection], match: { currency: 'mxn' } }] }, 'rules[0].match.currency'],
    [{ rules: [{ connections: [connection], match: { amount: { min: 1.5 } } }] }, 'rules[0].match.amount.min'],
    [{ rules: [{ connections: [stranger.connection] }] }, 'rules[0].connections[0]'],
    [{}, 'rules']
  ]
  for (const [body, path] of wrong) {
    const answer = await client('PUT', '/v1/routing', { body })
    t.match([answer.status, answer.body.code], [400, 'request_invalid'], path)
    t.ok(answer.body.errors.some((error: { path: string }) => error.path === path), `${path} in ${JSON.stringify(answer.body.errors)}`)
  }

  const asked = app.simulator.requests().length
  t.match(await client('POST', '/v1/routing/decide', { body: { amount: 19900, currency: 'MXN', method: { type: 'card' } } }), { status: 200, body: { connection, rule: { name: 'both' }, connections: [{ connection }, { connection: second }] } })
  t.match((await client('POST', '/v1/routing/decide', { headers: { 'accept-language': 'es' }, body: { currency: 'MXN' } })).body.not_chosen, [{ connection: second, reason: 'later_in_order', message: 'Está después en la regla.' }])
  t.equal(app.simulator.requests().length, asked, 'nobody is asked')

  t.match((await stranger.client('GET', '/v1/routing')).body, { version: 0, rules: [] })
  const theirs = await stranger.client('POST', '/v1/routing/decide', { body: { currency: 'MXN', connection } })
  const nobodys = await stranger.client('POST', '/v1/routing/decide', { body: { currency: 'MXN', connection: `con_${'0'.repeat(32)}` } })
  t.same(theirs.body, nobodys.body, 'another tenant’s connection is as absent as one that never was')
  const reader = await tenant.key({ scopes: ['connections:read'] })
  t.equal((await app.ask('PUT', '/v1/routing', { key: reader, body: { rules: [] } })).status, 403)
  t.equal((await app.ask('POST', '/v1/routing/decide', { key: reader, body: { currency: 'MXN' } })).status, 200)

  const beside = await testApp(t, { beside: app })
  const there = async () => (await beside.ask('POST', '/v1/routing/decide', { key: tenant.testKey, body: { currency: 'MXN', amount: 19900 } })).body
  t.match(await there(), { version: 2, connection })
  await client('PUT', '/v1/routing', { body: { rules: [{ connections: [second] }] } })
  await eventually('the other process has heard of it', async () => (await there()).version === 3)
  t.match(await there(), { connection: second })
  const health = await client('GET', `/v1/connections/${connection}/health`)
  t.match(health.body.breaker, { state: 'closed', opens_after: 5, probe_at: null })
})

/** Every connection issues invoices in Mexico, too. */
function withInvoicing (hub: Hub): Hub {
  const stripe = hub.adapters.get('stripe')!
  const adapter = { ...stripe, manifest: { ...stripe.manifest, countries: ['MX'] }, invoicing: { issue: async () => { throw new Error('not here') } } as unknown as InvoicingFamily } as Adapter
  return { ...hub, adapters: { ...hub.adapters, get: (id: string) => id === 'stripe' ? adapter : undefined, list: () => [adapter] } }
}
