/** Customers, saved methods and subscriptions over HTTP, with the worker that runs them and Stripe's simulator behind. */
import t from 'tap'
import { type Answer, type AppTenant, card, testApp, type TestApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

t.setTimeout(240_000)
const monthly = { name: 'Gym', amount: 49900, currency: 'MXN', interval: 'month' }

t.test('customers, saved methods and subscriptions over HTTP', async t => {
  const app: TestApp = await testApp(t, { env: { RESOLVER_SCHEDULE: '300ms,500ms,1s,1s,1s,1s,1s,1s', INBOUND_SCHEDULE: '200ms,500ms,1s,1s' } })
  const tenant: AppTenant = await app.tenant()
  const { client } = tenant
  const post = async (path: string, body: object, idempotencyKey?: string): Promise<Answer> => await client('POST', path, { body, ...(idempotencyKey !== undefined && { idempotencyKey }) })
  const read = async (path: string) => (await client('GET', path)).body
  const stripePosts = (path: string) => app.simulator.requests().filter(request => request.method === 'POST' && request.path === path).length
  const parties = async (token: string | null = 'pm_card_visa') => {
    const customer = (await post('/v1/customers', { name: 'Ana', email: 'ana@example.com' })).body.id as string
    const plan = (await post('/v1/plans', monthly)).body.id as string
    if (token !== null) await post(`/v1/customers/${customer}/payment_methods`, card(token))
    return { customer, plan }
  }
  const known = async (id: string, status: string) => await eventually(`${id} is ${status}`, async () => {
    const found = await read(`/v1/subscriptions/${id}`)
    return found.status === status && found
  }, { withinMs: 30_000 })
  t.beforeEach(() => { app.simulator.clearFaults() })

  t.test('the same key twice is one of each', async t => {
    const customer = await post('/v1/customers', { name: 'Ana' }, 'c-1')
    t.equal(customer.status, 201)
    t.match(await post('/v1/customers', { name: 'Ana' }, 'c-1'), { status: 201, body: { id: customer.body.id } })
    t.match(await post('/v1/customers', { name: 'Bea' }, 'c-1'), { status: 422, body: { code: 'idempotency_mismatch' } })
    const plan = await post('/v1/plans', monthly, 'p-1')
    t.match(await post('/v1/plans', monthly, 'p-1'), { status: 201, body: { id: plan.body.id } })
    const path = `/v1/customers/${customer.body.id}/payment_methods`
    const before = stripePosts('/v1/setup_intents')
    const method = await post(path, card('pm_card_visa'), 'm-1')
    t.match(method, { status: 201, body: { status: 'active', default: true } })
    t.match(await post(path, card('pm_card_visa'), 'm-1'), { status: 201, body: { id: method.body.id } })
    t.equal(stripePosts('/v1/setup_intents') - before, 1)
    const body = { customer: customer.body.id, plan: plan.body.id, payment_method: method.body.id }
    const made = await post('/v1/subscriptions', body, 's-1')
    t.match(made, { status: 201, body: { status: 'active', payment_method: method.body.id } })
    t.match(await post('/v1/subscriptions', body, 's-1'), { status: 201, body: { id: made.body.id } })
    t.equal(stripePosts('/v1/subscriptions'), 1)
    t.match(await read(`/v1/subscriptions?customer=${customer.body.id}`), { data: [{ id: made.body.id }], next_cursor: null })
  })

  t.test('ten at once with one key are one; with ten keys they are ten, for one customer and one price', async t => {
    const asked = await parties()
    const before = { subscriptions: stripePosts('/v1/subscriptions'), prices: stripePosts('/v1/prices'), customers: stripePosts('/v1/customers') }
    const one = await Promise.all(Array.from({ length: 10 }, async () => await post('/v1/subscriptions', asked, 'all')))
    t.equal(new Set(one.filter(({ status }) => status === 201).map(({ body }) => body.id)).size, 1)
    t.ok(one.every(({ status, body }) => status === 201 || body.code === 'idempotency_in_progress'))
    t.equal(stripePosts('/v1/subscriptions') - before.subscriptions, 1)
    const many = await Promise.all(Array.from({ length: 10 }, async (_, index) => await post('/v1/subscriptions', asked, `each-${index}`)))
    t.same(many.map(({ status, body }) => [status, body.status]), Array(10).fill([201, 'active']))
    t.equal(new Set(many.map(({ body }) => body.provider_reference)).size, 10)
    t.equal(stripePosts('/v1/prices') - before.prices, 1)
    t.equal(stripePosts('/v1/customers') - before.customers, 0)
  })

  t.test('a first price and a first customer, wanted by five at once', async t => {
    const asked = await parties(null)
    const before = { prices: stripePosts('/v1/prices'), customers: stripePosts('/v1/customers') }
    const made = await Promise.all(Array.from({ length: 5 }, async (_, index) => await post('/v1/subscriptions', asked, `first-${asked.plan}-${index}`)))
    t.same(made.map(({ status, body }) => [status, body.status, body.next_action?.type]), Array(5).fill([201, 'incomplete', 'client_secret']))
    t.same([stripePosts('/v1/prices') - before.prices, stripePosts('/v1/customers') - before.customers], [1, 1])
  })

  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body'] as const) {
    t.test(`202 when nobody answers (${kind}); then one subscription, by itself`, async t => {
      const asked = await parties()
      app.simulator.inject({ kind, method: 'POST', path: '/v1/subscriptions' })
      const unknown = await post('/v1/subscriptions', asked, `unknown-${kind}`)
      t.match(unknown, { status: 202, body: { status: 'unknown', pending: 'create' } })
      await known(unknown.body.id, 'active')
      t.match(await post('/v1/subscriptions', asked, `unknown-${kind}`), { status: 202, body: { id: unknown.body.id } }, 'the first answer again')
      t.match(await eventually('its payment is here', async () => {
        const { data } = await read(`/v1/subscriptions/${unknown.body.id}/cycles`)
        return data[0]?.payment !== null && data
      }), [{ status: 'paid', payment: /^pay_/ }])
      t.match(await read(`/v1/events?type=subscription.created&subject=${unknown.body.id}`), { data: [{ type: 'subscription.created' }] })
    })
  }

  t.test('canceled while nobody knows', async t => {
    const asked = await parties()
    app.simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/subscriptions' })
    app.simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/subscriptions', times: 2 })
    const unknown = await post('/v1/subscriptions', asked)
    t.match(await post(`/v1/subscriptions/${unknown.body.id}/cancel`, { at: 'now' }), { status: 202, body: { status: 'unknown' } })
    await known(unknown.body.id, 'canceled')
  })

  t.test('cancel, pause, resume, change: 200, with the field that is wrong', async t => {
    const asked = await parties()
    const { id } = (await post('/v1/subscriptions', asked)).body
    t.match(await post(`/v1/subscriptions/${id}/pause`, {}), { status: 200, body: { status: 'paused' } })
    t.match(await post(`/v1/subscriptions/${id}/resume`, {}), { status: 200, body: { status: 'active' } })
    t.match(await post(`/v1/subscriptions/${id}/preview`, { quantity: 2 }), { status: 200, body: { currency: 'MXN', lines: [] } })
    t.match(await client('PATCH', `/v1/subscriptions/${id}`, { body: { quantity: 2, proration: 'none' } }), { status: 200, body: { quantity: 2 } })
    t.match(await client('PATCH', `/v1/subscriptions/${id}`, { body: { quantity: 0 } }), { status: 400, body: { errors: [{ path: /quantity/ }] } })
    t.match(await client('PATCH', `/v1/subscriptions/${id}`, { body: {} }), { status: 400 })
    t.match(await post(`/v1/subscriptions/${id}/resolve_review`, { decision: 'mark_canceled', reason: 'by hand' }), { status: 409, body: { code: 'invalid_state' } })
    t.match(await post(`/v1/subscriptions/${id}/resolve_review`, { decision: 'mark_canceled', reason: '' }), { status: 400, body: { errors: [{ path: /reason/ }] } })
    t.match(await post(`/v1/subscriptions/${id}/cancel`, { at: 'later' }), { status: 400, body: { errors: [{ path: /at/ }] } })
    t.match(await post(`/v1/subscriptions/${id}/cancel`, { at: 'period_end' }), { status: 200, body: { cancel_at_period_end: true } })
    t.match(await post(`/v1/subscriptions/${id}/cancel`, {}), { status: 200, body: { status: 'canceled' } })
    t.match(await post(`/v1/subscriptions/${id}/pause`, {}), { status: 409, body: { code: 'invalid_state' } })
    t.match(await post('/v1/subscriptions', { ...asked, plan: 'pln_nothing' }), { status: 400, body: { errors: [{ path: 'plan' }] } })
    t.match(await post(`/v1/plans/${asked.plan}/archive`, {}), { status: 200, body: { status: 'archived' } })
    t.match(await post('/v1/subscriptions', asked), { status: 400, body: { errors: [{ path: 'plan', message: 'is archived' }] } })
    t.match(await post('/v1/customers', { card: '4242424242424242' }), { status: 400, body: { code: 'card_number_refused' } })
    t.match(await post(`/v1/customers/${asked.customer}/payment_methods`, { type: 'card', token: '4242 4242 4242 4242' }), { status: 400, body: { code: 'card_number_refused' } })
  })

  t.test('a second tenant, and the other mode, know nothing of it', async t => {
    const asked = await parties()
    const { id } = (await post('/v1/subscriptions', asked)).body
    const [method] = (await read(`/v1/customers/${asked.customer}/payment_methods`)).data
    const stranger = await app.tenant()
    const live = await tenant.key({ mode: 'live' })
    const paths: ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?][] = [
      ['GET', `/v1/customers/${asked.customer}`], ['PATCH', `/v1/customers/${asked.customer}`, { name: 'X' }], ['DELETE', `/v1/customers/${asked.customer}`],
      ['GET', `/v1/customers/${asked.customer}/payment_methods`], ['POST', `/v1/customers/${asked.customer}/payment_methods`, card('pm_card_visa')], ['GET', `/v1/customers/${asked.customer}/payment_methods/${method.id}`],
      ['POST', `/v1/customers/${asked.customer}/payment_methods/${method.id}/default`], ['DELETE', `/v1/customers/${asked.customer}/payment_methods/${method.id}`],
      ['GET', `/v1/plans/${asked.plan}`], ['POST', `/v1/plans/${asked.plan}/archive`], ['GET', `/v1/subscriptions/${id}`], ['GET', `/v1/subscriptions/${id}/cycles`], ['PATCH', `/v1/subscriptions/${id}`, { quantity: 2 }],
      ['POST', `/v1/subscriptions/${id}/preview`, { quantity: 2 }], ['POST', `/v1/subscriptions/${id}/cancel`, { at: 'now' }], ['POST', `/v1/subscriptions/${id}/pause`], ['POST', `/v1/subscriptions/${id}/resume`],
      ['POST', `/v1/subscriptions/${id}/resolve_review`, { decision: 'mark_canceled', reason: 'I am a stranger' }]
    ]
    for (const [key, who] of [[stranger.testKey, 'another tenant'], [live, 'the live key']] as const) {
      for (const [method, path, body] of paths) t.equal((await app.ask(method, path, { key, ...(body && { body }) })).status, 404, `${who}: ${method} ${path.replace(/_[0-9a-f]{32}/g, '_…')}`)
      t.match(await app.ask('POST', '/v1/subscriptions', { key, body: asked }), { status: 400, body: { errors: [{ path: 'customer', message: 'no such customer' }] } }, who)
      for (const list of ['customers', 'plans', 'subscriptions']) t.same((await app.ask('GET', `/v1/${list}`, { key })).body.data, [], `${who}: ${list}`)
    }
    t.match(await read(`/v1/subscriptions/${id}`), { status: 'active', quantity: 1 })
    const [reader, writer] = [await tenant.key({ scopes: ['subscriptions:read', 'customers:read'] }), await tenant.key({ scopes: ['payments:write'] })]
    t.equal((await app.ask('GET', `/v1/subscriptions/${id}`, { key: reader })).status, 200)
    t.equal((await app.ask('POST', `/v1/subscriptions/${id}/cancel`, { key: reader, body: { at: 'now' } })).status, 403)
    t.equal((await app.ask('GET', `/v1/customers/${asked.customer}`, { key: writer })).status, 403)
  })

  t.test('a saved method pays, without the payer', async t => {
    const { customer } = await parties()
    const [method] = (await read(`/v1/customers/${customer}/payment_methods`)).data
    const paid = await post('/v1/payments', { amount: 12300, currency: 'MXN', customer, method: { type: 'card', payment_method: method.id }, off_session: true })
    t.match(paid, { status: 201, body: { status: 'succeeded', amount_captured: 12300 } })
    t.equal((await client('DELETE', `/v1/customers/${customer}/payment_methods/${method.id}`)).status, 204)
    t.match(await post('/v1/payments', { amount: 12300, currency: 'MXN', customer, method: { type: 'card', payment_method: method.id } }), { status: 400, body: { errors: [{ path: 'method.payment_method' }] } })
    t.equal((await client('DELETE', `/v1/customers/${customer}`)).status, 204)
    t.equal((await client('GET', `/v1/customers/${customer}`)).status, 404)
    t.match(await read(`/v1/payments/${paid.body.id}`), { status: 'succeeded' }, 'its payments stay')
  })

  await app.quiet()
})
