import t, { type Test } from 'tap'
import { paperApp, type PaperShop } from '../payments/fixtures/paper-app.ts'
import { uuidOf } from '../ids.ts'
import { resolvePage } from './resolver.ts'

const page = { amount: 19900, currency: 'MXN', success_url: 'http://shop.test/done', cancel_url: 'http://shop.test/cart', reference: 'order-1', description: 'Two things' }
const link = { amount: 5000, currency: 'MXN', description: 'A donation' }
const minute = 60_000

t.setTimeout(240_000)

t.test('checkout sessions', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const shop = await app.shop()
  const { must, ask } = shop
  const later = async (ms: number) => {
    app.advance(ms)
    return await app.work()
  }
  const origins = async (id: string) => (await must('GET', `/v1/payments?limit=100&origin=${id}`)).data as { id: string }[]

  t.test('made, paid, read back: one payment with the page as its origin', async t => {
    const lines = [{ name: 'Shirt', quantity: 2, unit_amount: 9000 }, { name: 'Bag', description: 'Blue', quantity: 1, unit_amount: 1900 }]
    const answer = await ask('POST', '/v1/checkout_sessions', { ...page, lines, metadata: { cart: 'c1' }, methods: ['card', 'oxxo'], customer: { email: 'ana@example.com' }, statement_descriptor: 'SHOP MX', collect_tax_id: true, locale: 'es' })
    t.equal(answer.status, 201)
    const session = answer.body
    t.match(session, { object: 'checkout_session', mode: 'test', status: 'open', url: /^https:\/\/pay\.paper\.test\//, payment: null, amount: 19900, lines, methods: ['card', 'oxxo'], success_url: page.success_url, cancel_url: page.cancel_url, metadata: { cart: 'c1' }, provider: 'paper' })
    const { input } = paper.sessions.get(session.provider_reference)!
    t.match(input, {
      reference: session.id, orderReference: 'order-1', amount: { amount: 19900, currency: 'MXN' }, successUrl: page.success_url, cancelUrl: page.cancel_url, capture: 'automatic', methods: ['card', 'oxxo'],
      lines: [{ name: 'Shirt', quantity: 2, unitAmount: 9000 }, { name: 'Bag', description: 'Blue', quantity: 1, unitAmount: 1900 }], statementDescriptor: 'SHOP MX', collectTaxId: true, locale: 'es', customer: { email: 'ana@example.com' }
    })
    paper.pay(session.provider_reference)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open' }, 'asked a moment ago: not again')
    app.advance(5_000)
    const read = await must('GET', `/v1/checkout_sessions/${session.id}`)
    t.match(read, { status: 'complete', url: null, payer: { name: 'Ana', email: 'ana@example.com' } })
    const payment = await must('GET', `/v1/payments/${read.payment}`)
    t.match(payment, { status: 'succeeded', amount: 19900, amount_captured: 19900, origin: { type: 'checkout_session', id: session.id }, reference: 'order-1', metadata: { cart: 'c1' }, description: 'Two things', statement_descriptor: 'SHOP MX', customer: { email: 'ana@example.com' }, lines, method: { type: 'card', last4: '4242' } })
    t.same(await shop.events(session.id), ['checkout_session.open', 'checkout_session.complete'])
    t.same(await shop.events(payment.id), ['payment.succeeded'])
    const { data } = await must('GET', `/v1/payments/${payment.id}/timeline`)
    t.match(data.map(({ what }: { what: string }) => what), /payment\.adopted/)
    t.match(data.map(({ what }: { what: string }) => what), /attempt 1: succeeded/)
    const refund = await must('POST', `/v1/payments/${payment.id}/refunds`, { amount: 100 })
    t.match(refund, { status: 'succeeded', payment: payment.id }, 'it is a payment like any other')
    t.match(await must('GET', `/v1/payments/${payment.id}`), { amount_refunded: 100 })
    t.equal((await origins(session.id)).length, 1)
  })

  t.test('webhook, second delivery, payment event and reading back at the same moment: one payment', async t => {
    for (let round = 0; round < 5; round++) {
      const session = await must('POST', '/v1/checkout_sessions', page)
      const payment = paper.pay(session.provider_reference)
      const { input, ...snapshot } = paper.sessions.get(session.provider_reference)!
      const told = { type: 'checkout' as const, providerReference: session.provider_reference, reference: session.id, snapshot }
      const paid = { type: 'payment' as const, providerReference: payment.providerReference, reference: session.id, snapshot: payment }
      app.advance(5_000)
      await shop.tell(told)
      await shop.tell(told)
      await shop.tell(paid)
      await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: session.id })
      await Promise.all([app.work(), must('GET', `/v1/checkout_sessions/${session.id}`), must('GET', `/v1/checkout_sessions/${session.id}`), resolvePage(app.hub, shop.tenantId, uuidOf('checkout_session', session.id))])
      await app.work()
      const made = await origins(session.id)
      t.equal(made.length, 1)
      t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'complete', payment: made[0]!.id })
      t.same((await shop.events(made[0]!.id)).filter(type => type === 'payment.succeeded').length, 1)
      t.same((await shop.events(session.id)).filter(type => type === 'checkout_session.complete').length, 1)
    }
    const { data } = await must('GET', '/v1/inbound_events?limit=100')
    t.same([...new Set(data.map(({ status }: { status: string }) => status))], ['processed'])
  })

  t.test('the payment’s webhook alone is enough, and the page follows', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    const payment = paper.pay(session.provider_reference)
    await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: session.id, snapshot: payment })
    await app.work()
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'complete', payment: (await origins(session.id))[0]!.id })
  })

  t.test('without any webhook the worker finds it', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    paper.pay(session.provider_reference)
    await later(11 * minute)
    t.equal((await origins(session.id)).length, 1)
  })

  t.test('held on the page, captured and cancelled here', async t => {
    const session = await must('POST', '/v1/checkout_sessions', { ...page, capture: 'manual' })
    paper.pay(session.provider_reference)
    app.advance(5_000)
    const { payment } = await must('GET', `/v1/checkout_sessions/${session.id}`)
    t.match(await must('GET', `/v1/payments/${payment}`), { status: 'authorized', amount_capturable: 19900, capture: 'manual' })
    t.match(await must('POST', `/v1/payments/${payment}/capture`, { amount: 10000 }), { status: 'succeeded', amount_captured: 10000 })
    t.match(await ask('POST', `/v1/payments/${payment}/confirm`, { method: { type: 'card', token: 'tok' } }), { status: 409, body: { code: 'invalid_state' } })
  })

  t.test('a voucher on the page: complete is not paid, and the payment tells', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    const nextAction = { type: 'voucher' as const, reference: '9999 1111', expires_at: '2027-01-01T00:00:00Z' }
    const payment = paper.pay(session.provider_reference, { status: 'requires_action', providerStatus: 'requires_action', amountCaptured: 0, nextAction })
    app.advance(5_000)
    const { status, payment: id } = await must('GET', `/v1/checkout_sessions/${session.id}`)
    t.equal(status, 'complete')
    t.match(await must('GET', `/v1/payments/${id}`), { status: 'requires_action', next_action: nextAction })
    paper.change(payment.providerReference, { status: 'succeeded', amountCaptured: 19900 })
    await later(11 * minute)
    t.match(await must('GET', `/v1/payments/${id}`), { status: 'succeeded' }, 'polled like any other')
    t.match(await ask('POST', `/v1/payments/${id}/confirm`, { method: { type: 'card', token: 'tok' } }), { status: 409 })
  })

  t.test('a declined card on the page, then another one', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    const declined = paper.charge(19900, 'MXN', { reference: session.id, status: 'requires_payment_method', providerStatus: 'declined', amountCaptured: 0, error: { code: 'card_declined' } })
    await shop.tell({ type: 'payment', providerReference: declined.providerReference, reference: session.id, snapshot: declined })
    await app.work()
    const [first] = await origins(session.id)
    t.match(await must('GET', `/v1/payments/${first!.id}`), { status: 'requires_payment_method', error: { code: 'card_declined' } })
    t.same(await shop.events(first!.id), ['payment.requires_payment_method'])
    t.match(await ask('POST', `/v1/payments/${first!.id}/confirm`, { method: { type: 'card', token: 'tok' } }), { status: 409, body: { code: 'invalid_state' } }, 'it is paid on its page')
    const paid = paper.pay(session.provider_reference)
    app.advance(5_000)
    const { payment } = await must('GET', `/v1/checkout_sessions/${session.id}`)
    t.match(await must('GET', `/v1/payments/${payment}`), { status: 'succeeded', provider_reference: paid.providerReference }, 'the session’s payment is the one that has money')
    const again = paper.charge(19900, 'MXN', { reference: session.id })
    await shop.tell({ type: 'payment', providerReference: again.providerReference, reference: session.id, snapshot: again })
    await app.work()
    const second = (await origins(session.id)).find(({ id }) => id !== first!.id && id !== payment)!
    t.same(await shop.alerts(second.id), ['payment_review'], 'paid twice is a person’s')
    t.equal((await must('GET', `/v1/checkout_sessions/${session.id}`)).payment, payment)
  })

  for (const [what, changes, reason] of [
    ['another amount', { amount: { amount: 100, currency: 'MXN' }, amountCaptured: 100 }, 'amount_mismatch'],
    ['another currency', { amount: { amount: 19900, currency: 'USD' } }, 'currency_mismatch'],
    ['the other mode', { mode: 'live' as const }, 'mode_mismatch']
  ] as const) {
    t.test(`${what} on the page is no payment of ours until a person says so`, async t => {
      const session = await must('POST', '/v1/checkout_sessions', page)
      paper.pay(session.provider_reference, changes)
      app.advance(5_000)
      const { payment } = await must('GET', `/v1/checkout_sessions/${session.id}`)
      t.match(await must('GET', `/v1/payments/${payment}`), { status: 'requires_payment_method', amount: 19900, currency: 'MXN', amount_captured: 0, review: { reason } })
      t.same(await shop.alerts(payment), [reason === 'amount_mismatch' ? 'amount_mismatch' : 'payment_review'])
      t.same(await shop.events(payment), ['payment.review'])
      if (reason === 'amount_mismatch') t.match(await must('POST', `/v1/payments/${payment}/resolve_review`, { decision: 'accept_provider', reason: 'agreed with the buyer' }), { status: 'succeeded', amount: 100, review: null })
    })
  }

  t.test('a page of another amount than asked is not believed', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    const { input, ...snapshot } = paper.sessions.get(session.provider_reference)!
    await shop.tell({ type: 'checkout', providerReference: session.provider_reference, reference: session.id, snapshot: { ...snapshot, status: 'expired', amount: { amount: 1, currency: 'MXN' } } })
    await app.work()
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open' })
    t.same(await shop.alerts(session.id), ['checkout_review'])
  })

  t.test('400 and 422 name the field, and nothing is made', async t => {
    const before = paper.calls.length
    const cases: [object, number, string, string?][] = [
      [{ lines: [{ name: 'Shirt', quantity: 1, unit_amount: 19899 }] }, 400, 'lines'],
      [{ success_url: 'ftp://shop.test' }, 400, 'success_url'],
      [{ cancel_url: 'https://me:secret@shop.test/' }, 400, 'cancel_url'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 400, 'expires_at'],
      [{ save_method: true }, 400, 'save_method'],
      [{ save_method: true, customer: { email: 'a@example.com' } }, 400, 'save_method'],
      [{ customer: `cus_${'0'.repeat(32)}` }, 400, 'customer'],
      [{ statement_descriptor: 'A NAME THAT IS FAR TOO LONG' }, 400, 'statement_descriptor'],
      [{ currency: 'ZZZ' }, 400, 'currency'],
      [{ currency: 'EUR' }, 422, 'currency', 'currency_not_supported'],
      [{ amount: 999 }, 422, 'amount', 'amount_invalid'],
      [{ methods: ['card', 'bitcoin'] }, 422, 'methods[1]', 'method_not_supported'],
      [{ connection: 'con_00000000000070008000000000000000' }, 422, 'connection', 'connection_not_usable'],
      [{ max_payments: 3 }, 400, 'max_payments']
    ]
    for (const [change, status, path, code = 'request_invalid'] of cases) {
      const answer = await ask('POST', '/v1/checkout_sessions', { ...page, ...change })
      t.match([answer.status, answer.body.code], [status, code], JSON.stringify(change))
      t.equal(answer.body.errors?.[0]?.path, path, JSON.stringify(change))
    }
    const live = await app.shop({ mode: 'live' })
    t.match(await live.ask('POST', '/v1/checkout_sessions', page), { status: 400, body: { code: 'url_not_https', errors: [{ path: 'success_url' }] } })
    t.equal(paper.calls.length, before)
  })

  t.test('an account that was taken away: its pages are left alone', async t => {
    const leaving = await app.shop()
    const session = await leaving.must('POST', '/v1/checkout_sessions', page)
    const payment = await leaving.must('POST', '/v1/payments', { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'tok' } })
    await leaving.tell({ type: 'payment', providerReference: payment.provider_reference })
    await app.work()
    await leaving.must('DELETE', `/v1/connections/${leaving.connection}`)
    await later(24 * 3600_000 + 60_000)
    const timers = await app.database.owner.selectFrom('timers').select(['kind', 'id']).where('tenant_id', '=', leaving.tenantId).execute()
    t.same(timers.filter(({ kind }) => kind === 'checkout_page' || kind === 'dispute_listing'), [])
    app.advance(5_000)
    t.match(await leaving.must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open' })
  })

  for (const kind of ['before', 'after'] as const) {
    t.test(`no answer to its making (${kind}): unknown, then one page`, async t => {
      const count = paper.sessions.size
      paper.lose('create_checkout', kind)
      const answer = await ask('POST', '/v1/checkout_sessions', page)
      t.match([answer.status, answer.body.status, answer.body.url], [202, 'unknown', null])
      t.match((await ask('POST', `/v1/checkout_sessions/${answer.body.id}/expire`)).body, { code: 'outcome_unknown' })
      await later(6_000)
      const session = await must('GET', `/v1/checkout_sessions/${answer.body.id}`)
      t.match(session, { status: 'open', url: /^https/ })
      t.equal(paper.sessions.size, count + 1)
      t.same(await shop.events(session.id), ['checkout_session.open'])
    })
  }

  t.test('a lost answer, and the webhook comes first', async t => {
    paper.lose('create_checkout', 'after')
    const session = await must('POST', '/v1/checkout_sessions', page)
    const [id, made] = [...paper.sessions].at(-1)!
    paper.pay(id)
    await shop.tell({ type: 'checkout', providerReference: id, reference: session.id, snapshot: (({ input, ...rest }) => rest)(paper.sessions.get(id)!) })
    await app.work()
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'complete', provider_reference: id, payment: /^pay_/ })
    t.equal(made.reference, session.id)
    t.equal((await origins(session.id)).length, 1)
  })

  t.test('never made, and nobody waits for it any more: failed', async t => {
    paper.lose('create_checkout', 'before')
    paper.fail('find_checkout', { code: 'provider_unavailable', reached: 'nowhere' })
    const count = paper.sessions.size
    const session = await must('POST', '/v1/checkout_sessions', page)
    t.equal((await later(3600_000)) > 0, true)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'unknown' })
    await later(16_000)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'failed', error: { code: 'provider_unavailable' }, url: null })
    t.same(await shop.events(session.id), ['checkout_session.failed'])
    t.equal(paper.sessions.size, count)
    t.equal(await app.work(), 0)
  })

  t.test('a provider that cannot be asked to the end of the schedule: a person is told, and asking again is in their hand', async t => {
    paper.lose('create_checkout', 'after')
    for (let n = 0; n < 3; n++) paper.fail('find_checkout', { code: 'provider_unavailable', reached: 'nowhere' })
    const session = await must('POST', '/v1/checkout_sessions', page)
    for (const ms of [6_000, 16_000, 61_000]) await later(ms)
    t.same(await shop.alerts(session.id), ['checkout_review'])
    await later(3600_000)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open', url: /^https/ })
  })

  t.test('refused by the provider, or out of reach: an error, and no page', async t => {
    paper.fail('create_checkout', { code: 'invalid_request', reached: 'answered', providerCode: 'url_invalid', providerMessage: 'Not a good URL' })
    t.match(await ask('POST', '/v1/checkout_sessions', page), { status: 422, body: { code: 'provider_refused', provider: { id: 'paper', code: 'url_invalid' } } })
    paper.fail('create_checkout', { code: 'provider_unavailable', reached: 'nowhere' })
    t.match(await ask('POST', '/v1/checkout_sessions', page), { status: 502, body: { code: 'provider_unavailable' } })
    t.match((await must('GET', '/v1/checkout_sessions?status=failed&limit=2')).data, [{ status: 'failed', error: { code: 'provider_unavailable' } }, { status: 'failed', error: { code: 'invalid_request', provider_code: 'url_invalid' } }])
    t.equal(await app.work(), 0)
  })

  t.test('the same Idempotency-Key: one page', async t => {
    const count = paper.sessions.size
    const [one, two] = [await ask('POST', '/v1/checkout_sessions', page, { idempotencyKey: 'once' }), await ask('POST', '/v1/checkout_sessions', page, { idempotencyKey: 'once' })]
    t.equal(one.body.id, two.body.id)
    t.equal(paper.sessions.size, count + 1)
  })

  t.test('a process that died in the middle: the same request finds what it began', async t => {
    paper.lose('create_checkout', 'after')
    const session = await must('POST', '/v1/checkout_sessions', page, { idempotencyKey: 'died' })
    const count = paper.sessions.size
    await app.database.owner.updateTable('idempotency_keys').set({ answer_status: null, answer_sealed: null, leased_until: new Date(0), owner: '0198aaaa-0000-7000-8000-00000000dead' }).where('key', '=', 'died').execute()
    t.match(await must('POST', '/v1/checkout_sessions', page, { idempotencyKey: 'died' }), { id: session.id, status: 'unknown' })
    await later(6_000)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open' })
    t.equal(paper.sessions.size, count)
  })

  t.test('ended by hand', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    t.match(await must('POST', `/v1/checkout_sessions/${session.id}/expire`), { status: 'expired', url: null })
    t.match(await must('POST', `/v1/checkout_sessions/${session.id}/expire`), { status: 'expired' }, 'again: as it is')
    t.same(await shop.events(session.id), ['checkout_session.open', 'checkout_session.expired'])
    const paid = await must('POST', '/v1/checkout_sessions', page)
    paper.pay(paid.provider_reference)
    t.match(await must('POST', `/v1/checkout_sessions/${paid.id}/expire`), { status: 'complete', payment: /^pay_/ }, 'too late: it was paid, and that is the answer')
    t.match(await ask('POST', `/v1/checkout_sessions/${paid.id}/expire`), { status: 409, body: { code: 'invalid_state' } })
    for (const kind of ['before', 'after'] as const) {
      const open = await must('POST', '/v1/checkout_sessions', page)
      paper.lose('expire_checkout', kind)
      t.match(await must('POST', `/v1/checkout_sessions/${open.id}/expire`), { status: 'open' })
      t.match((await ask('POST', `/v1/checkout_sessions/${open.id}/expire`)).status, 409)
      await later(6_000)
      t.match(await must('GET', `/v1/checkout_sessions/${open.id}`), { status: 'expired' }, kind)
    }
  })

  t.test('its time is over: the provider is asked, and where its own clock does nothing, we end it', async t => {
    const expires_at = new Date(app.hub.now().getTime() + 30 * minute).toISOString()
    const [byProvider, byUs] = [await must('POST', '/v1/checkout_sessions', { ...page, expires_at }), await must('POST', '/v1/checkout_sessions', { ...page, expires_at })]
    t.equal(byUs.expires_at, expires_at)
    await later(29 * minute)
    t.match(await must('GET', `/v1/checkout_sessions/${byUs.id}`), { status: 'open' })
    const held = paper.sessions.get(byProvider.provider_reference)!
    paper.sessions.set(byProvider.provider_reference, { ...held, status: 'expired', providerStatus: 'expired' })
    const ended = paper.count('expire_checkout')
    await later(2 * minute)
    t.match(await must('GET', `/v1/checkout_sessions/${byProvider.id}`), { status: 'expired' })
    t.match(await must('GET', `/v1/checkout_sessions/${byUs.id}`), { status: 'expired' })
    t.equal(paper.count('expire_checkout'), ended + 1)
    t.equal(await app.work(), 0)
  })

  t.test('paid at the last moment: complete, not expired', async t => {
    const expires_at = new Date(app.hub.now().getTime() + 30 * minute).toISOString()
    const session = await must('POST', '/v1/checkout_sessions', { ...page, expires_at })
    paper.pay(session.provider_reference)
    await later(31 * minute)
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'complete', payment: /^pay_/ })
  })

  t.test('a customer that is kept goes along, made at the provider when it is first needed', async t => {
    const customer = (await must('POST', '/v1/customers', { name: 'Ana', email: 'ana@example.com' })).id
    const session = await must('POST', '/v1/checkout_sessions', { ...page, customer, save_method: true })
    t.match(session, { customer: { id: customer }, save_method: true })
    t.match(paper.sessions.get(session.provider_reference)!.input, { saveMethod: true, customer: { name: 'Ana', customerProviderReference: /^cusp_/ } })
    paper.pay(session.provider_reference)
    app.advance(5_000)
    const { payment } = await must('GET', `/v1/checkout_sessions/${session.id}`)
    t.match(await must('GET', `/v1/payments/${payment}`), { customer: { id: customer } })
  })

  t.test('lists: newest first, by status and by reference', async t => {
    await must('POST', '/v1/checkout_sessions', { ...page, reference: 'listed' })
    t.match((await must('GET', '/v1/checkout_sessions?reference=listed')).data, [{ reference: 'listed', status: 'open' }])
    t.match(await ask('GET', '/v1/payments?origin=nothing'), { status: 400, body: { errors: [{ path: 'origin' }] } })
    const { data, next_cursor: cursor } = await must('GET', '/v1/checkout_sessions?limit=2')
    t.equal(data.length, 2)
    const next = await must('GET', `/v1/checkout_sessions?limit=2&cursor=${cursor}`)
    t.notMatch(next.data.map(({ id }: { id: string }) => id), data.map(({ id }: { id: string }) => id))
  })

  t.test('another tenant, and the other mode, see nothing and change nothing', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    const made = await must('POST', '/v1/payment_links', link)
    await strangers(t, await app.shop(), [session.id, made.id])
    await strangers(t, await app.shop({ mode: 'live' }), [session.id, made.id])
    const other = await app.shop()
    const payment = paper.charge(19900, 'MXN', { reference: session.id })
    await other.tell({ type: 'payment', providerReference: payment.providerReference, reference: session.id, snapshot: payment })
    await other.tell({ type: 'checkout', providerReference: session.provider_reference, reference: session.id, snapshot: { providerReference: session.provider_reference, reference: session.id, status: 'expired', providerStatus: 'x', amount: { amount: 19900, currency: 'MXN' } } })
    await app.work()
    t.same((await other.must('GET', '/v1/inbound_events')).data.map(({ status }: { status: string }) => status), ['unmatched', 'unmatched'])
    t.same((await other.must('GET', '/v1/payments')).data, [])
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'open', payment: null })
  })

  t.test('nothing secret was logged', async t => { t.notMatch(app.logged(), /hook_[0-9a-f]{16}|paper_test_/) })
})

async function strangers (t: Test, other: PaperShop, ids: string[]): Promise<void> {
  for (const id of ids) {
    const collection = id.startsWith('chk_') ? 'checkout_sessions' : 'payment_links'
    t.match(await other.ask('GET', `/v1/${collection}/${id}`), { status: 404, body: { code: 'not_found' } })
    t.match(await other.ask('POST', `/v1/${collection}/${id}/expire`), { status: 404, body: { code: 'not_found' } })
    t.same((await other.must('GET', `/v1/${collection}`)).data, [])
  }
}

t.test('payment links', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const shop = await app.shop()
  const { must, ask } = shop
  const later = async (ms: number) => {
    app.advance(ms)
    return await app.work()
  }

  t.test('paid by several, each payment once, with totals', async t => {
    const answer = await ask('POST', '/v1/payment_links', { ...link, lines: [{ name: 'Seat', quantity: 2, unit_amount: 2500 }], reference: 'fund', metadata: { drive: 'spring' } })
    t.equal(answer.status, 201)
    const made = answer.body
    t.match(made, { object: 'payment_link', status: 'open', url: /^https/, max_payments: null, invoice: null, totals: { payments: 0, amount: 0 } })
    for (let n = 0; n < 3; n++) {
      const { payment, session } = paper.payLink(made.provider_reference)
      const told = { type: 'checkout' as const, providerReference: session.providerReference, reference: made.id, snapshot: session }
      await shop.tell(told)
      await shop.tell(n === 1 ? { ...told, reference: undefined as never } : told)
      await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: made.id, snapshot: payment })
      await app.work()
    }
    t.match(await must('GET', `/v1/payment_links/${made.id}`), { status: 'open', totals: { payments: 3, amount: 15000 } })
    const { data } = await must('GET', '/v1/payments')
    t.equal(data.length, 3)
    t.match(data[0], { status: 'succeeded', origin: { type: 'payment_link', id: made.id }, reference: 'fund', metadata: { drive: 'spring' } })
    t.match((await must('GET', '/v1/payment_links')).data, [{ id: made.id, totals: { payments: 3 } }])
  })

  t.test('as many as may pay: complete', async t => {
    const made = await must('POST', '/v1/payment_links', { ...link, max_payments: 2 })
    t.match(paper.links.get(made.provider_reference)!.input, { maxPayments: 2 })
    for (let n = 0; n < 2; n++) {
      const { payment } = paper.payLink(made.provider_reference)
      await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: made.id, snapshot: payment })
      await app.work()
    }
    t.match(await must('GET', `/v1/payment_links/${made.id}`), { status: 'complete', url: null, totals: { payments: 2, amount: 10000 } })
    t.same(await shop.events(made.id), ['payment_link.open', 'payment_link.complete'])
    t.equal(paper.links.get(made.provider_reference)!.status, 'inactive', 'closed at the provider, too')
  })

  t.test('another amount than the link’s is a person’s', async t => {
    const made = await must('POST', '/v1/payment_links', link)
    const { payment } = paper.payLink(made.provider_reference, { amount: { amount: 1, currency: 'MXN' }, amountCaptured: 1 })
    await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: made.id, snapshot: payment })
    await app.work()
    t.match((await must('GET', '/v1/payments?limit=1')).data, [{ status: 'requires_payment_method', review: { reason: 'amount_mismatch' }, origin: { id: made.id } }])
    t.match(await must('GET', `/v1/payment_links/${made.id}`), { totals: { payments: 0, amount: 0 } })
  })

  t.test('ended by hand, and by its time', async t => {
    const made = await must('POST', '/v1/payment_links', link)
    t.match(await must('POST', `/v1/payment_links/${made.id}/expire`), { status: 'expired' })
    const timed = await must('POST', '/v1/payment_links', { ...link, expires_at: new Date(app.hub.now().getTime() + 3600_000).toISOString() })
    await later(3540_000)
    t.match(await must('GET', `/v1/payment_links/${timed.id}`), { status: 'open' })
    await later(120_000)
    t.match(await must('GET', `/v1/payment_links/${timed.id}`), { status: 'expired' })
    const { payment } = paper.payLink(timed.provider_reference)
    await shop.tell({ type: 'payment', providerReference: payment.providerReference, reference: timed.id, snapshot: payment })
    await app.work()
    t.match(await must('GET', `/v1/payment_links/${timed.id}`), { status: 'expired', totals: { payments: 1 } }, 'who was paying at that moment has paid')
  })

  for (const kind of ['before', 'after'] as const) {
    t.test(`no answer to its making (${kind}): one link`, async t => {
      const count = paper.links.size
      paper.lose('create_payment_link', kind)
      const answer = await ask('POST', '/v1/payment_links', link)
      t.match([answer.status, answer.body.status], [202, 'unknown'])
      await later(6_000)
      t.match(await must('GET', `/v1/payment_links/${answer.body.id}`), { status: 'open' })
      t.equal(paper.links.size, count + 1)
    })
  }

  t.test('a session is not a link, and has no page without a way back', async t => {
    const made = await must('POST', '/v1/payment_links', link)
    t.match(await ask('GET', `/v1/checkout_sessions/${made.id}`), { status: 404 })
    t.match(await ask('GET', `/v1/checkout_sessions/${made.id.replace('lnk_', 'chk_')}`), { status: 404 })
    t.match(await ask('POST', '/v1/checkout_sessions', link), { status: 400, body: { errors: [{ path: /success_url/ }] } })
    t.match(await ask('POST', '/v1/payment_links', { ...link, cancel_url: 'http://shop.test' }), { status: 400 })
  })
})
