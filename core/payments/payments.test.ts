import t from 'tap'
import { testHub } from '../../test/support/hub.ts'
import { createRefund } from './refunds.ts'
import { cancelPayment, capturePayment, confirmPayment, createPayment, getPayment } from './service.ts'
import { paymentTimeline } from './timeline.ts'

const card = (token: string) => ({ type: 'card', token })
const order = { amount: 19900, currency: 'MXN' }

t.test('payments against the simulator', async t => {
  const made = await testHub(t, { env: { RESOLVER_SCHEDULE: '5s,15s,1m', LOG_LEVEL: 'debug' } })
  const { hub, simulator } = made
  const tenant = await made.tenant()
  const { access } = tenant
  await tenant.connect()

  t.test('a card that is accepted: captured once, with the provider’s reference', async t => {
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), reference: 'A-1' }, null)
    t.match(payment, { status: 'succeeded', amount_captured: 19900, amount_refunded: 0, provider: 'stripe', error: null, next_action: null })
    t.match(payment.provider_reference, /^pi_/)
    t.match(payment.method, { type: 'card', brand: 'visa', last4: '4242' })
    t.match(simulator.effects(payment.id), { charges: 1 })
    const { data } = await paymentTimeline(hub, access, payment.id)
    t.same(data.map(entry => entry.what), ['attempt 1: succeeded', 'create_payment: succeeded', 'payment.created', 'payment.succeeded'])
  })

  t.test('a decline and then an approval are one payment with two attempts', async t => {
    const declined = await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclinedInsufficientFunds') }, null)
    t.match(declined, { status: 'requires_payment_method', error: { code: 'insufficient_funds', retry: 'after_user_action' } })
    const approved = await confirmPayment(hub, access, declined.id, { method: card('pm_card_visa') })
    t.match(approved, { id: declined.id, status: 'succeeded', attempts: 2, error: null })
    t.match(simulator.effects(declined.id), { charges: 1 })
  })

  t.test('authorised, captured in part, refunded in part, and never more than that', async t => {
    const held = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
    t.match(held, { status: 'authorized', amount_capturable: 19900, amount_captured: 0 })
    await t.rejects(capturePayment(hub, access, held.id, 20000), { code: 'amount_invalid' })
    const captured = await capturePayment(hub, access, held.id, 15000)
    t.match(captured, { status: 'succeeded', amount_captured: 15000, amount_capturable: 0 })
    const refund = await createRefund(hub, access, held.id, { amount: 5000, reason: 'requested_by_customer' }, null)
    t.match(refund, { status: 'succeeded', amount: 5000, payment: held.id })
    t.equal((await getPayment(hub, access, held.id)).amount_refunded, 5000)
    await t.rejects(createRefund(hub, access, held.id, { amount: 10001 }, null), { code: 'amount_invalid' })
    const rest = await createRefund(hub, access, held.id, {}, null)
    t.equal(rest.amount, 10000)
    t.equal((await getPayment(hub, access, held.id)).amount_refunded, 15000)
    await t.rejects(createRefund(hub, access, held.id, {}, null), { code: 'amount_invalid' })
  })

  t.test('an authorisation is released', async t => {
    const held = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
    t.match(await cancelPayment(hub, access, held.id, 'requested_by_customer'), { status: 'canceled' })
    await t.rejects(capturePayment(hub, access, held.id, undefined), { code: 'invalid_state' })
  })

  t.test('3-D Secure waits for the payer', async t => {
    const waiting = await createPayment(hub, access, { ...order, method: card('pm_card_authenticationRequired'), return_url: 'http://shop.test/back' }, null)
    t.match(waiting, { status: 'requires_action', next_action: { type: 'redirect' } })
    simulator.authenticate(waiting.provider_reference!, true)
    made.advance(11 * 60_000)
    await made.work()
    t.match(await getPayment(hub, access, waiting.id), { status: 'succeeded', next_action: null }, 'found out by asking, without any webhook')
  })

  for (const kind of ['cut_before', 'cut_after', 'cut_mid_body', 'garbage', 'error_500', 'error_500_before'] as const) {
    t.test(`no answer (${kind}): unknown, and then exactly one charge`, async t => {
      simulator.inject({ kind, method: 'POST', path: '/v1/payment_intents' })
      const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa') }, null)
      t.match(payment, { status: 'unknown' })
      made.advance(6_000)
      await made.work()
      t.match(await getPayment(hub, access, payment.id), { status: 'succeeded', amount_captured: 19900 })
      t.match(simulator.effects(payment.id), { charges: 1 })
    })
    t.test(`a capture without an answer (${kind}) is done once`, async t => {
      const held = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
      simulator.inject({ kind, method: 'POST', path: '/capture' })
      t.match(await capturePayment(hub, access, held.id, 15000), { status: 'unknown' })
      made.advance(6_000)
      await made.work()
      t.match(await getPayment(hub, access, held.id), { status: 'succeeded', amount_captured: 15000 })
    })
    t.test(`a refund without an answer (${kind}) is done once`, async t => {
      const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa') }, null)
      simulator.inject({ kind, method: 'POST', path: '/v1/refunds' })
      t.match(await createRefund(hub, access, payment.id, { amount: 100 }, null), { status: 'unknown' })
      made.advance(6_000)
      await made.work()
      t.match(await getPayment(hub, access, payment.id), { amount_refunded: 100 })
      t.match(simulator.effects(payment.id), { refunds: 1 })
    })
  }

  t.test('a confirm without an answer is one charge', async t => {
    for (const kind of ['cut_before', 'cut_after'] as const) {
      const declined = await createPayment(hub, access, { ...order, method: card('pm_card_visa_chargeDeclined') }, null)
      simulator.inject({ kind, method: 'POST', path: '/confirm' })
      t.match(await confirmPayment(hub, access, declined.id, { method: card('pm_card_visa') }), { status: 'unknown' })
      made.advance(6_000)
      await made.work()
      t.match(await getPayment(hub, access, declined.id), { status: 'succeeded', attempts: 2 }, kind)
      t.match(simulator.effects(declined.id), { charges: 1 })
    }
  })

  t.test('canceled while nobody knew: it is not sent again, and what was taken is released or told', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/v1/payment_intents', times: 1 })
    const held = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
    t.match(held, { status: 'unknown' })
    const wanted = await cancelPayment(hub, access, held.id, undefined)
    t.match(wanted, { status: 'unknown' })
    made.advance(60_000)
    await made.work()
    t.match(await getPayment(hub, access, held.id), { status: 'canceled' })
    t.match(simulator.effects(held.id), { cancellations: 1 })
  })

  t.test('a new operation first settles the one before', async t => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payment_intents' })
    const held = await createPayment(hub, access, { ...order, method: card('pm_card_visa'), capture: 'manual' }, null)
    t.match(held, { status: 'unknown' })
    t.match(await capturePayment(hub, access, held.id, undefined), { status: 'succeeded', amount_captured: 19900 })
  })

  t.test('what the provider would refuse is refused before anything is written', async t => {
    await t.rejects(createPayment(hub, access, { amount: 999, currency: 'MXN', method: card('pm_card_visa') }, null), { code: 'amount_invalid', errors: [{ path: 'amount' }] })
    await t.rejects(createPayment(hub, access, { amount: 100, currency: 'ZZZ', method: card('pm_card_visa') }, null), { code: 'request_invalid', errors: [{ path: 'currency' }] })
    await t.rejects(createPayment(hub, access, { ...order, method: { type: 'bitcoin' } }, null), { code: 'method_not_supported' })
    await t.rejects(createPayment(hub, access, { ...order, connection: 'con_00000000000070008000000000000000' }, null), { code: 'connection_not_usable' })
  })

  t.test('another tenant who knows the id sees nothing', async t => {
    const payment = await createPayment(hub, access, { ...order, method: card('pm_card_visa') }, null)
    const other = await made.tenant()
    await other.connect()
    const attempts: (() => Promise<unknown>)[] = [
      async () => await getPayment(hub, other.access, payment.id),
      async () => await capturePayment(hub, other.access, payment.id, undefined),
      async () => await cancelPayment(hub, other.access, payment.id, undefined),
      async () => await confirmPayment(hub, other.access, payment.id, { method: card('pm_card_visa') }),
      async () => await createRefund(hub, other.access, payment.id, {}, null),
      async () => await paymentTimeline(hub, other.access, payment.id)
    ]
    for (const attempt of attempts) await t.rejects(attempt, { code: 'not_found' })
    await t.rejects(getPayment(hub, { ...access, mode: 'live' }, payment.id), { code: 'not_found' }, 'nor the other mode')
  })

  t.test('no secret is in what was logged', async t => {
    t.notMatch(made.logged(), /sk_test_[0-9a-f]{24}/)
  })
})
