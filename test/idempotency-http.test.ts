/** Idempotency-Key, over real HTTP, the queue, the provider and all: whoever repeats a request never does it twice. */
import t, { type Test } from 'tap'
import { type Answer, type AppTenant, card, order, testApp } from './support/app.ts'
import { dump, leaks } from './support/leaks.ts'

const pan = '4242424242424242'

t.setTimeout(560_000)

t.test('Idempotency-Key', async t => {
  const app = await testApp(t)
  const { simulator, database: { owner } } = app
  const [tenant, other] = [await app.tenant(), await app.tenant()]
  const { client } = tenant
  const slowly = (path: string) => { simulator.inject({ kind: 'slow', method: 'POST', path, ms: 150 }) }
  const twenty = async (ask: (index: number) => Promise<Answer>) => await Promise.all(Array.from({ length: 20 }, async (_, index) => await ask(index)))
  const paymentsOf = async (of: AppTenant, reference: string) => await owner.selectFrom('payments').select(['id', 'status']).where('tenant_id', '=', of.uuid).where('reference', '=', reference).execute()
  const charges = () => simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/v1/payment_intents').length

  /** Of many at once: all that were answered say the same, the others were told to wait. */
  const oneAnswer = (t: Test, answers: Answer[], status: number): any => {
    const answered = answers.filter(answer => answer.status === status)
    const waiting = answers.filter(answer => answer.status === 409)
    t.ok(answered.length > 0, 'somebody was answered')
    t.equal(answered.length + waiting.length, answers.length, `nothing else: ${[...new Set(answers.map(answer => answer.status))].join()}`)
    t.same(waiting.filter(({ body, headers }) => body.code !== 'idempotency_in_progress' || headers.get('retry-after') === null), [])
    t.equal(new Set(answered.map(({ text }) => text)).size, 1, 'and all the same')
    t.equal(answered.filter(({ headers }) => headers.get('idempotent-replayed') !== 'true').length, 1, 'one ran; what was repeated says so')
    return answered[0]!.body
  }

  t.test('twenty at once with one key: one payment, one charge', async t => {
    slowly('/v1/payment_intents')
    const payment = oneAnswer(t, await twenty(async () => await client('POST', '/v1/payments', { body: { ...order, reference: 'twenty' }, idempotencyKey: 'twenty' })), 201)
    t.match(payment, { status: 'succeeded' })
    t.equal((await paymentsOf(tenant, 'twenty')).length, 1)
    t.match(simulator.effects(payment.id), { charges: 1 })
    const later = await client('POST', '/v1/payments', { body: { ...order, reference: 'twenty' }, idempotencyKey: 'twenty' })
    t.match([later.status, later.headers.get('idempotent-replayed'), later.body], [201, 'true', payment])
  })

  t.test('over two processes of the installation as well', async t => {
    const beside = await testApp(t, { beside: app })
    slowly('/v1/payment_intents')
    const payment = oneAnswer(t, await twenty(async index => await (index % 2 === 0 ? app : beside).ask('POST', '/v1/payments', { key: tenant.testKey, body: { ...order, reference: 'two' }, idempotencyKey: 'two' })), 201)
    t.equal((await paymentsOf(tenant, 'two')).length, 1)
    t.match(simulator.effects(payment.id), { charges: 1 })
  })

  t.test('the key of another body, or of another path, is refused and does nothing', async t => {
    const first = await client('POST', '/v1/payments', { body: { ...order, reference: 'mismatch' }, idempotencyKey: 'mismatch' })
    const before = charges()
    const answers = [
      await client('POST', '/v1/payments', { body: { ...order, amount: 19901, reference: 'mismatch' }, idempotencyKey: 'mismatch' }),
      await client('POST', `/v1/payments/${first.body.id}/refunds`, { body: {}, idempotencyKey: 'mismatch' }),
      await client('POST', `/v1/payments/${first.body.id}/cancel`, { body: {}, idempotencyKey: 'mismatch' })
    ]
    for (const answer of answers) t.match([answer.status, answer.body], [422, { code: 'idempotency_mismatch' }])
    t.equal(charges(), before)
    t.match(simulator.effects(first.body.id), { charges: 1, refunds: 0 })
    const reordered = await client('POST', '/v1/payments', { body: '{"reference": "mismatch", "method": {"token":"pm_card_visa","type":"card"},"currency":"MXN","amount":19900}', headers: { 'content-type': 'application/json' }, idempotencyKey: 'mismatch' })
    t.match([reordered.status, reordered.body.id], [201, first.body.id], 'the same body, written otherwise, is the same')
  })

  t.test('a decline is repeated, not tried again', async t => {
    const ask = async () => await client('POST', '/v1/payments', { body: { ...order, method: card('pm_card_visa_chargeDeclinedInsufficientFunds') }, idempotencyKey: 'declined' })
    const first = await ask()
    t.match([first.status, first.body], [201, { status: 'requires_payment_method', error: { code: 'insufficient_funds' } }])
    const before = charges()
    const second = await ask()
    t.same([second.status, second.text, second.headers.get('idempotent-replayed')], [201, first.text, 'true'])
    t.equal(charges(), before)
    const refused = async () => await client('POST', `/v1/payments/${first.body.id}/capture`, { body: {}, idempotencyKey: 'declined-capture' })
    const one = await refused()
    t.match([one.status, one.body], [409, { code: 'invalid_state' }])
    t.equal((await refused()).text, one.text, 'and so is a refusal of what was tried, request id included')
  })

  t.test('what was refused before anything was tried leaves the key free', async t => {
    const wrong: [body: object | string, headers?: Record<string, string>][] = [[{ ...order, amount: -1 }], [{ ...order, amount: 1.5 }], [{ ...order, surprise: true }], ['{', { 'content-type': 'application/json' }], [{}]]
    for (const [body, headers] of wrong) t.equal((await client('POST', '/v1/payments', { body, idempotencyKey: 'corrected', ...(headers && { headers }) })).status, 400)
    t.equal((await app.ask('POST', '/v1/payments', { body: order, idempotencyKey: 'corrected' })).status, 401)
    t.equal((await app.ask('POST', '/v1/payments', { key: await tenant.key({ scopes: ['payments:read'] }), body: order, idempotencyKey: 'corrected' })).status, 403)
    t.same(await owner.selectFrom('idempotency_keys').select('key').where('key', '=', 'corrected').execute(), [])
    t.equal((await client('POST', '/v1/payments', { body: order, idempotencyKey: 'corrected' })).status, 201)
    for (const key of ['', 'with space', 'ñ', 'x'.repeat(256)]) {
      const answer = await client('POST', '/v1/payments', { body: order, headers: { 'idempotency-key': Buffer.from(key).toString('latin1') } })
      t.match([answer.status, answer.body], [400, { code: 'idempotency_key_invalid' }], JSON.stringify(key.slice(0, 12)))
    }
  })

  t.test('twenty refunds at once with one key are one', async t => {
    const payment = await client('POST', '/v1/payments', { body: order })
    slowly('/v1/refunds')
    const refund = oneAnswer(t, await twenty(async () => await client('POST', `/v1/payments/${payment.body.id}/refunds`, { body: { amount: 500 }, idempotencyKey: 'refund' })), 201)
    t.match(refund, { amount: 500, status: 'succeeded' })
    t.match(simulator.effects(payment.body.id), { refunds: 1 })
    t.match((await client('GET', `/v1/payments/${payment.body.id}`)).body, { amount_refunded: 500 })
  })

  t.test('twenty connections at once with one key are one, and so are keys, which are shown again', async t => {
    const credentials = simulator.credentials('test')
    const connection = oneAnswer(t, await twenty(async () => await client('POST', '/v1/connections', { body: { provider: 'stripe', mode: 'test', credentials }, idempotencyKey: 'connect' })), 201)
    t.equal((await client('GET', `/v1/connections/${connection.id}`)).status, 200)
    t.equal((await owner.selectFrom('connections').select('id').where('tenant_id', '=', tenant.uuid).execute()).length, 2, 'the tenant’s first and this one')
    const made = oneAnswer(t, await twenty(async () => await client('POST', '/v1/api_keys', { body: { mode: 'test' }, idempotencyKey: 'a-key' })), 201)
    t.match(made.key, /^pas_test_/)
    t.same(leaks(made.key, await dump(app.database.superUrl)), [], 'the kept answer is sealed')
  })

  t.test('a key is one tenant’s, in one mode', async t => {
    const mine = await client('POST', '/v1/payments', { body: { ...order, reference: 'shared' }, idempotencyKey: 'shared' })
    const theirs = await other.client('POST', '/v1/payments', { body: { ...order, amount: 5000, reference: 'shared' }, idempotencyKey: 'shared' })
    t.match([mine.status, theirs.status, theirs.body.amount], [201, 201, 5000])
    t.not(mine.body.id, theirs.body.id)
    const live = await app.ask('POST', '/v1/payments', { key: await tenant.key({ mode: 'live' }), body: { ...order, reference: 'shared' }, idempotencyKey: 'shared' })
    t.match([live.status, live.body], [422, { code: 'connection_not_usable' }], 'no answer of test mode')
  })

  t.test('a card number is refused wherever it stands, and leaves no trace', async t => {
    const spaced = pan.replace(/(....)(?=.)/g, '$1 ')
    const bodies: object[] = [
      { ...order, method: card(pan) },
      { ...order, description: `card ${spaced}` },
      { ...order, metadata: { reference: pan } },
      { ...order, metadata: { note: spaced.replaceAll(' ', '-') } },
      { ...order, metadata: { [pan]: 'x' } },
      { ...order, customer: { name: pan } },
      { ...order, card: { number: pan, cvc: '123' } },
      { ...order, amount: Number(pan) }
    ]
    const before = charges()
    for (const [index, body] of bodies.entries()) {
      const answer = await client('POST', '/v1/payments', { body, idempotencyKey: `pan-${index}` })
      t.match([answer.status, answer.body], [400, { code: 'card_number_refused' }], `body ${index}`)
      t.notMatch(answer.text, /4242/)
    }
    t.equal((await client('POST', '/v1/connections', { body: { provider: 'stripe', mode: 'test', label: pan, credentials: {} } })).body.code, 'card_number_refused')
    await client('GET', `/v1/payments?reference=${pan}`)
    await client('GET', `/v1/payments/${pan}`)
    await app.quiet()
    const places = [...await dump(app.database.superUrl), { where: 'log', text: app.logged() }]
    for (const form of [pan, spaced, spaced.replaceAll(' ', '-')]) t.same(leaks(form, places), [], 'nowhere')
    t.equal(charges(), before)
    t.equal((await client('POST', '/v1/payments', { body: order, idempotencyKey: 'pan-0' })).status, 201, 'and its key is free')
  })
})
