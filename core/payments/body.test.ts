import t from 'tap'
import { paperApp } from './fixtures/paper-app.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'tok' } }
const lines = [{ name: 'Shirt', quantity: 2, unit_amount: 9000 }, { name: 'Bag', quantity: 1, unit_amount: 1900 }]

t.setTimeout(240_000)

t.test('what a payment carries beside its amount', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const shop = await app.shop()
  const { ask, must } = shop
  const last = () => paper.inputs.at(-1)!

  t.test('is kept, shown, and told to the adapter', async t => {
    const expires_at = new Date(app.hub.now().getTime() + 3600_000).toISOString()
    const body = { ...order, lines, tax_breakdown: [{ type: 'iva', amount: 2745 }], installments: 6, statement_descriptor: 'SHOP MX', expires_at }
    const payment = await must('POST', '/v1/payments', body)
    t.match(payment, { lines, tax_breakdown: body.tax_breakdown, installments: 6, statement_descriptor: 'SHOP MX', expires_at, save_method: false, origin: null, dispute: null })
    t.match(last(), { lines: [{ name: 'Shirt', quantity: 2, unitAmount: 9000 }, { name: 'Bag', quantity: 1, unitAmount: 1900 }], taxBreakdown: body.tax_breakdown, installments: 6, statementDescriptor: 'SHOP MX', expiresAt: new Date(expires_at) })
    t.same((await must('GET', `/v1/payments/${payment.id}`)).lines, lines)
    const bare = await must('POST', '/v1/payments', order)
    t.match(bare, { lines: null, tax_breakdown: null, installments: null, success_url: null, cancel_url: null, expires_at: null })
    t.same(Object.keys(last()).filter(name => ['lines', 'taxBreakdown', 'installments', 'expiresAt', 'saveMethod', 'returnUrl', 'customer'].includes(name)), [])
  })

  t.test('goes with a later attempt as well, and with its repetition', async t => {
    const expires_at = new Date(app.hub.now().getTime() + 3600_000).toISOString()
    const customer = { name: 'Ana Pérez', email: 'ana@shop.test' }
    const { method, ...bare } = order
    const payment = await must('POST', '/v1/payments', { ...bare, customer, expires_at, installments: 3 })
    paper.lose('confirm_payment', 'before')
    t.match(await must('POST', `/v1/payments/${payment.id}/confirm`, { method }), { status: 'unknown' })
    const carried = { customer, expiresAt: new Date(expires_at), installments: 3 }
    t.match(last(), carried)
    app.advance(6_000)
    await app.work()
    t.match(last(), carried)
    t.ok(last().expiresAt instanceof Date)
  })

  t.test('is repeated exactly after a lost answer, its date too', async t => {
    const expires_at = new Date(app.hub.now().getTime() + 3600_000).toISOString()
    paper.lose('create_payment', 'before')
    const payment = await must('POST', '/v1/payments', { ...order, expires_at, lines })
    app.advance(6_000)
    await app.work()
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded' })
    t.match(last(), { expiresAt: new Date(expires_at), lines: [{ name: 'Shirt' }, { name: 'Bag' }] })
    t.ok(last().expiresAt instanceof Date)
  })

  t.test('400 names the field', async t => {
    const before = paper.calls.length
    const cases: [object, string][] = [
      [{ lines: [{ name: 'Shirt', quantity: 1, unit_amount: 19899 }] }, 'lines'],
      [{ lines: [{ name: 'Shirt', quantity: 0, unit_amount: 19900 }] }, 'lines[0].quantity'],
      [{ lines: [{ name: 'Shirt', quantity: 1.5, unit_amount: 19900 }] }, 'lines[0].quantity'],
      [{ lines: [{ quantity: 1, unit_amount: 19900 }] }, 'lines[0].name'],
      [{ lines: [] }, 'lines'],
      [{ tax_breakdown: [{ type: 'iva', amount: 20000 }] }, 'tax_breakdown'],
      [{ installments: 0 }, 'installments'],
      [{ statement_descriptor: 'MORE THAN TWENTY-TWO CHARS' }, 'statement_descriptor'],
      [{ statement_descriptor: 'BAD * NAME' }, 'statement_descriptor'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      [{ success_url: 'javascript:alert(1)' }, 'success_url'],
      [{ cancel_url: 'http://shop.test/cart' }, 'cancel_url'],
      [{ success_url: 'http://shop.test/a', return_url: 'http://shop.test/b' }, 'success_url'],
      [{ save_method: true }, 'save_method'],
      [{ save_method: true, customer: { email: 'a@example.com' } }, 'save_method'],
      [{ customer: `cus_${'0'.repeat(32)}` }, 'customer'],
      [{ customer: 'Ana' }, 'customer'],
      [{ method: { type: 'card', payment_method: `pmt_${'0'.repeat(32)}` } }, 'method.payment_method'],
      [{ method: { type: 'card', payment_method: 'pm_visa' } }, 'method.payment_method']
    ]
    for (const [change, path] of cases) {
      const answer = await ask('POST', '/v1/payments', { ...order, ...change })
      t.equal(answer.status, 400, JSON.stringify(change))
      t.ok((answer.body.errors as { path: string }[] | undefined)?.some(error => error.path === path), `${JSON.stringify(change)}: ${answer.text}`)
    }
    t.equal(paper.calls.length, before)
  })

  t.test('a customer and a saved method, by their ids', async t => {
    const customer = (await must('POST', '/v1/customers', { name: 'Ana', email: 'ana@example.com' })).id
    const first = await must('POST', '/v1/payments', { ...order, customer, save_method: true })
    t.match(first, { status: 'succeeded', customer: { id: customer }, save_method: true })
    t.match(last(), { saveMethod: true, customer: { name: 'Ana', email: 'ana@example.com', provider_reference: /^cusp_/ } })
    const known = last().customer!.provider_reference
    await must('POST', '/v1/payments', { ...order, customer })
    t.equal(last().customer!.provider_reference, known, 'made at the provider once')
    t.equal(paper.count('create_customer'), 1)
    const saved = await must('POST', `/v1/customers/${customer}/payment_methods`, { type: 'card', token: 'tok_new' })
    t.match(saved, { status: 'active' })
    const method = { type: 'card', payment_method: saved.id }
    const charged = await must('POST', '/v1/payments', { amount: 5000, currency: 'MXN', method, off_session: true })
    t.match(charged, { status: 'succeeded', customer: { id: customer }, method: { type: 'card', payment_method: saved.id } })
    t.match(last(), { offSession: true, method: { type: 'card', token: /^pm_/ }, customer: { provider_reference: known } })
    paper.script = () => ({ status: 'requires_payment_method', amountCaptured: 0, error: { code: 'card_declined' } })
    const declined = await must('POST', '/v1/payments', { ...order, customer })
    paper.script = () => ({})
    t.match(await must('POST', `/v1/payments/${declined.id}/confirm`, { method }), { status: 'succeeded', attempts: 2, method: { payment_method: saved.id }, customer: { id: customer } })
    t.match(last().method, { token: /^pm_/ })

    const other = (await must('POST', '/v1/customers', { name: 'Eva' })).id
    t.match(await ask('POST', '/v1/payments', { ...order, customer: other, method }), { status: 400, body: { errors: [{ path: 'method.payment_method' }] } }, 'another customer’s')
    t.match(await ask('POST', '/v1/payments', { ...order, method: { ...method, token: 'tok' } }), { status: 400, body: { errors: [{ path: 'method.payment_method' }] } })
    t.match(await ask('POST', '/v1/payments', { ...order, method: { ...method, type: 'oxxo' } }), { status: 400, body: { errors: [{ path: 'method.payment_method' }] } })
    const stranger = await app.shop()
    t.match(await stranger.ask('POST', '/v1/payments', { ...order, customer }), { status: 400, body: { errors: [{ path: 'customer' }] } })
    t.match(await stranger.ask('POST', '/v1/payments', { ...order, method }), { status: 400, body: { errors: [{ path: 'method.payment_method' }] } })
    const elsewhere = (await must('POST', '/v1/connections', { provider: 'paper', mode: 'test', credentials: { api_key: 'paper_test_123456789', webhook_secret: 'x' } })).id
    t.match(await ask('POST', '/v1/payments', { ...order, method, connection: elsewhere }), { status: 400, body: { errors: [{ path: 'connection' }] } }, 'kept at the other account')
  })

  t.test('one address for a payment that was made, and another for one that was not', async t => {
    paper.script = () => ({ status: 'requires_action', amountCaptured: 0, nextAction: { type: 'redirect', url: 'https://bank.test/3ds' } })
    const payment = await must('POST', '/v1/payments', { ...order, success_url: 'http://shop.test/thanks', cancel_url: 'http://shop.test/cart' })
    paper.script = () => ({})
    t.match(payment, { success_url: 'http://shop.test/thanks', cancel_url: 'http://shop.test/cart', return_url: null })
    const { returnUrl } = last()
    t.match(returnUrl, `${app.url}/pay/`)
    const back = async (url = returnUrl!) => {
      const answer = await fetch(url, { redirect: 'manual' })
      return [answer.status, answer.headers.get('location')]
    }
    t.same(await back(), [303, 'http://shop.test/cart'], 'given up')
    paper.change(payment.provider_reference, { status: 'succeeded', amountCaptured: 19900 })
    t.same(await back(), [303, 'http://shop.test/thanks'], 'the provider is asked')
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded' })
    t.equal((await back(returnUrl!.replace(/.{4}\/return$/, 'AAAA/return')))[0], 404, 'a changed link')
    t.equal((await back(returnUrl!.replace('/return', '')))[0], 404, 'it finishes nothing')
    app.advance(31 * 24 * 3600_000)
    t.equal((await back())[0], 404, 'too late')
    await must('POST', '/v1/payments', { ...order, return_url: 'http://shop.test/back' })
    t.equal(last().returnUrl, 'http://shop.test/back', 'one’s own goes as it is')
  })

  t.test('a transfer that comes in parts', async t => {
    const nextAction = { type: 'bank_transfer' as const, clabe: '646180111812345678', amount_remaining: 19900 }
    paper.script = () => ({ status: 'requires_action', providerStatus: 'requires_action', amountCaptured: 0, amountReceived: 0, nextAction })
    const payment = await must('POST', '/v1/payments', { ...order, method: { type: 'spei' } })
    paper.script = () => ({})
    t.match(payment, { status: 'requires_action', amount_received: 0, amount_remaining: 19900 })
    for (const [received, remaining] of [[5000, 14900], [12000, 7900]] as const) {
      const snapshot = paper.change(payment.provider_reference, { amountReceived: received, nextAction: { ...nextAction, amount_remaining: remaining } })
      await shop.tell({ type: 'payment', providerReference: snapshot.providerReference, reference: payment.id, snapshot })
      await app.work()
      t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'requires_action', amount_received: received, amount_remaining: remaining, amount_captured: 0, next_action: { amount_remaining: remaining } })
    }
    const snapshot = paper.change(payment.provider_reference, { status: 'succeeded', providerStatus: 'succeeded', amountReceived: 19900, amountCaptured: 19900 })
    await shop.tell({ type: 'payment', providerReference: snapshot.providerReference, reference: payment.id, snapshot })
    await app.work()
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', amount_received: 19900, amount_remaining: 0 })
    t.same(await shop.events(payment.id), ['payment.requires_action', 'payment.partially_funded', 'payment.partially_funded', 'payment.succeeded'])
  })

  t.test('a review that was resolved by a run that died answers the payment', async t => {
    const order2 = { ...order }
    paper.script = () => ({ amount: { amount: 100, currency: 'MXN' }, amountCaptured: 100 })
    const payment = await must('POST', '/v1/payments', order2)
    paper.script = () => ({})
    t.match(payment, { review: { reason: 'amount_mismatch' } })
    const body = { decision: 'accept_provider', reason: 'agreed' }
    const path = `/v1/payments/${payment.id}/resolve_review`
    t.match(await must('POST', path, body, { idempotencyKey: 'judge' }), { status: 'succeeded', amount: 100 })
    // As a process that died before it could answer leaves its key.
    await app.database.owner.updateTable('idempotency_keys').set({ answer_status: null, answer_sealed: null, leased_until: new Date(0), owner: '0198aaaa-0000-7000-8000-00000000dead' }).where('key', '=', 'judge').execute()
    t.match(await ask('POST', path, body, { idempotencyKey: 'judge' }), { status: 200, body: { status: 'succeeded', amount: 100, review: null } })
    t.match(await ask('POST', path, body, { idempotencyKey: 'other' }), { status: 409, body: { code: 'invalid_state' } })
  })
})
