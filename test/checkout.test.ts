/** Pages, disputes, transfers and charges without the payer, through the whole application against Stripe's simulator: every webhook real, every page clicked. */
import t from 'tap'
import { payPage } from '../adapters/stripe/testing/payer.ts'
import { loadSealed } from '../core/connections/open.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { parseId } from '../core/ids.ts'
import { card, order, testApp } from './support/app.ts'
import { eventually } from './support/eventually.ts'

const page = { amount: 19900, currency: 'MXN', success_url: 'https://shop.test/done', description: 'Room 12', reference: 'R-12' }

t.setTimeout(240_000)

t.test('against Stripe', async t => {
  const app = await testApp(t, { env: { RESOLVER_SCHEDULE: '500ms,1s,2s,5s' } })
  const shop = await app.tenant()
  const must = async (method: 'GET' | 'POST', path: string, body?: object) => await app.must(method, path, { key: shop.testKey, ...(body !== undefined && { body }) })
  const of = async (origin: string) => ((await must('GET', '/v1/payments?limit=100')).data as any[]).filter(payment => payment.origin?.id === origin)
  const inTheEnd = async (path: string, what: object) => {
    await app.quiet()
    return await eventually(`${path} is ${JSON.stringify(what)}`, async () => {
      const found = await must('GET', path)
      return Object.entries(what).every(([name, value]) => found[name] === value) && found
    })
  }

  t.test('a checkout session: paid by card, told by webhooks, one payment that can be refunded', async t => {
    const session = await must('POST', '/v1/checkout_sessions', { ...page, lines: [{ name: 'Room', quantity: 1, unit_amount: 19900 }], customer: { email: 'ana@shop.example' } })
    t.match(session, { status: 'open', url: /^http/, provider: 'stripe' })
    await payPage(session.url)
    t.match(await inTheEnd(`/v1/checkout_sessions/${session.id}`, { status: 'complete' }), { payment: /^pay_/, payer: { email: 'ana@shop.example' } })
    const payments = await of(session.id)
    t.match(payments, [{ status: 'succeeded', amount: 19900, amount_captured: 19900, reference: 'R-12', method: { type: 'card', last4: '4242' } }])
    t.equal(payments.length, 1)
    await must('POST', `/v1/payments/${payments[0].id}/refunds`, { amount: 900 })
    await app.quiet()
    t.match(await must('GET', `/v1/payments/${payments[0].id}`), { amount_refunded: 900, status: 'succeeded' })
    t.same((await must('GET', '/v1/inbound_events?limit=100&status=unmatched')).data, [])
  })

  t.test('declined, and then paid with another card: one payment', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    await payPage(session.url, { card: '4000000000009995' }).catch(() => {})
    await payPage(session.url)
    await inTheEnd(`/v1/checkout_sessions/${session.id}`, { status: 'complete' })
    t.match(await of(session.id), [{ status: 'succeeded', amount_captured: 19900 }])
    t.equal((await of(session.id)).length, 1)
  })

  t.test('what the adapter would not send names the field', async t => {
    const soon = new Date(Date.now() + 60_000).toISOString()
    t.match(await shop.client('POST', '/v1/checkout_sessions', { body: { ...page, expires_at: soon } }), { status: 422, body: { code: 'provider_refused', errors: [{ path: 'expires_at' }] } })
  })

  t.test('cut sockets around the making of a page: one page', async t => {
    for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'error_500'] as const) {
      app.simulator.inject({ kind, method: 'POST', path: '/v1/checkout/sessions' })
      const answer = await shop.client('POST', '/v1/checkout_sessions', { body: { ...page, reference: kind } })
      t.match([answer.status, answer.body.status], [202, 'unknown'], kind)
      const session = await eventually('it is known', async () => {
        const found = await must('GET', `/v1/checkout_sessions/${answer.body.id}`)
        return found.status !== 'unknown' && found
      }, { withinMs: 30_000 })
      t.match(session, { status: 'open', url: /^http/ }, kind)
      await payPage(session.url)
      await inTheEnd(`/v1/checkout_sessions/${session.id}`, { status: 'complete' })
      t.equal((await of(session.id)).length, 1, kind)
    }
  })

  t.test('ended by hand', async t => {
    const session = await must('POST', '/v1/checkout_sessions', page)
    t.match(await must('POST', `/v1/checkout_sessions/${session.id}/expire`), { status: 'expired', url: null })
    await app.quiet()
    t.match(await must('GET', `/v1/checkout_sessions/${session.id}`), { status: 'expired', payment: null })
  })

  t.test('a payment link, paid twice, and then full', async t => {
    const link = await must('POST', '/v1/payment_links', { amount: 5000, currency: 'MXN', description: 'Donation', max_payments: 2 })
    for (let n = 0; n < 2; n++) await payPage(link.url)
    const full = await inTheEnd(`/v1/payment_links/${link.id}`, { status: 'complete' })
    t.match(full, { totals: { payments: 2, amount: 10000 }, url: null })
    t.equal((await of(link.id)).length, 2)
  })

  t.test('a link that ended before we heard of its last payment has had them all', async t => {
    const link = await must('POST', '/v1/payment_links', { amount: 5000, currency: 'MXN', max_payments: 2 })
    app.simulator.deliver({ how: 'hold' })
    for (let n = 0; n < 2; n++) await payPage(link.url)
    t.match(await must('POST', `/v1/payment_links/${link.id}/expire`), { status: 'expired', totals: { payments: 0 } })
    app.simulator.deliver({ how: 'release' })
    app.simulator.deliver({ how: 'now' })
    t.match(await inTheEnd(`/v1/payment_links/${link.id}`, { status: 'complete' }), { totals: { payments: 2, amount: 10000 } })
    t.equal((await must('GET', `/v1/events?subject=${link.id}&type=payment_link.complete`)).data.length, 1, 'and that is told once')
  })

  t.test('a link that is ended takes no more', async t => {
    const link = await must('POST', '/v1/payment_links', { amount: 5000, currency: 'MXN' })
    t.match(await must('POST', `/v1/payment_links/${link.id}/expire`), { status: 'expired' })
  })

  t.test('a dispute: opened, answered, won', async t => {
    const payment = await must('POST', '/v1/payments', { ...order, method: card('pm_card_createDispute') })
    const [dispute] = await eventually('it is told', async () => {
      const { data } = await must('GET', `/v1/disputes?payment=${payment.id}`)
      return data.length > 0 && data
    })
    t.match(dispute, { status: 'needs_response', reason: 'fraudulent', amount: order.amount, evidence_due_by: /Z$/, payment: payment.id })
    t.match(await must('GET', `/v1/payments/${payment.id}`), { disputed: true, dispute: { id: dispute.id } })
    await must('POST', `/v1/disputes/${dispute.id}/evidence`, { explanation: 'winning_evidence', submit: true })
    t.match(await inTheEnd(`/v1/disputes/${dispute.id}`, { evidence_submitted: true }), { evidence: { explanation: 'winning_evidence' } })
    const other = await must('POST', '/v1/payments', { ...order, method: card('pm_card_createDispute') })
    const [lost] = await eventually('it is told', async () => {
      const { data } = await must('GET', `/v1/disputes?payment=${other.id}`)
      return data.length > 0 && data
    })
    t.match(await must('POST', `/v1/disputes/${lost.id}/accept`), { status: 'accepted' })
    await app.quiet()
    t.match(await must('GET', `/v1/payments/${other.id}`), { dispute: { status: 'accepted' } })
  })

  t.test('a charge without the payer that the bank wants them for: they finish it on our page and the bank’s', async t => {
    const customer = await must('POST', '/v1/customers', { name: 'Ana', email: 'ana@shop.example' })
    const method = await must('POST', `/v1/customers/${customer.id}/payment_methods`, { type: 'card', token: 'pm_card_authenticationRequired', return_url: 'https://shop.test/saved' })
    t.match(method, { status: 'requires_action', next_action: { type: 'redirect' } })
    await fetch(method.next_action.url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'outcome=complete' })
    await inTheEnd(`/v1/customers/${customer.id}/payment_methods/${method.id}`, { status: 'active' })
    const payment = await must('POST', '/v1/payments', { amount: 19900, currency: 'MXN', off_session: true, method: { type: 'card', payment_method: method.id }, reference: 'gym' })
    t.match(payment, { status: 'requires_action', error: { code: 'authentication_required' }, next_action: { type: 'redirect', url: `${app.url}/pay/` }, customer: { id: customer.id } })
    const { url } = payment.next_action
    const pressed = await fetch(url, { method: 'POST', redirect: 'manual' })
    t.equal(pressed.status, 303)
    const shown = await (await fetch(url)).text()
    const bank = /<a class="button" href="([^"]+)">/.exec(shown)![1]!.replaceAll('&amp;', '&')
    t.match(bank, app.simulator.url)
    const back = await fetch(bank, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'outcome=complete' })
    t.match(back.headers.get('location'), url.split('?')[0], 'and back to our page')
    t.match(await (await fetch(back.headers.get('location')!)).text(), /The payment is made/)
    t.match(await must('GET', `/v1/payments/${payment.id}`), { status: 'succeeded', next_action: null })
  })

  t.test('a client secret brings the connection’s publishable key', async t => {
    const payment = await must('POST', '/v1/payments', { amount: 19900, currency: 'MXN' })
    t.match(payment, { status: 'requires_payment_method', next_action: { type: 'client_secret', client_secret: /^pi_.*_secret_/, publishable_key: /^pk_test_/ } })
    t.match((await must('GET', `/v1/payments/${payment.id}`)).next_action, { publishable_key: /^pk_test_/ })
  })

  t.test('an OXXO voucher, and a SPEI transfer that comes in parts', async t => {
    const voucher = await must('POST', '/v1/payments', { amount: 19900, currency: 'MXN', method: { type: 'oxxo' }, customer: { name: 'Ana Pérez', email: 'ana@shop.example' }, expires_at: new Date(Date.now() + 3 * 24 * 3600_000).toISOString() })
    t.match(voucher, { status: 'requires_action', next_action: { type: 'voucher', reference: /^\d+$/, expires_at: /Z$/ } })
    const customer = await must('POST', '/v1/customers', { name: 'Eva', email: 'eva@shop.example' })
    const transfer = await must('POST', '/v1/payments', { amount: 19900, currency: 'MXN', method: { type: 'spei' }, customer: customer.id })
    t.match(transfer, { status: 'requires_action', amount_received: 0, amount_remaining: 19900, next_action: { type: 'bank_transfer', clabe: /^\d{18}$/ } })
    const { provider_reference: payer } = (await app.database.owner.selectFrom('counterparts').select('provider_reference').where('owner_id', '=', parseId('customer', customer.id)!).executeTakeFirstOrThrow())
    const sealed = await inTenant(app.hub.db, shop.uuid, async db => await loadSealed(db, parseId('connection', shop.connection)!))
    const { secret_key: key } = (await app.hub.open(sealed!)).credentials
    const fund = async (amount: number) => await fetch(`${app.simulator.url}/v1/test_helpers/customers/${payer}/fund_cash_balance`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: new URLSearchParams({ amount: String(amount), currency: 'mxn' }) })
    t.equal((await fund(5000)).status, 200)
    t.match(await inTheEnd(`/v1/payments/${transfer.id}`, { amount_received: 5000 }), { status: 'requires_action', amount_remaining: 14900, next_action: { amount_remaining: 14900 } })
    t.equal((await fund(14900)).status, 200)
    t.match(await inTheEnd(`/v1/payments/${transfer.id}`, { status: 'succeeded' }), { amount_received: 19900, amount_remaining: 0, amount_captured: 19900 })
  })

  t.test('nothing came that we could not use, and nobody was alarmed', async t => {
    await app.quiet()
    const { data } = await must('GET', '/v1/inbound_events?limit=100')
    t.same(data.filter(({ status }: { status: string }) => status === 'unmatched' || status === 'parked' || status === 'retrying').map(({ event_type: type, reason }: { event_type: string, reason: string }) => [type, reason]), [])
    t.same((await must('GET', '/v1/alerts?limit=100')).data.map(({ kind }: { kind: string }) => kind).filter((kind: string) => !kind.startsWith('dispute_')), [])
  })
})
