import t from 'tap'
import { paymentForm, post, start } from './testing.ts'

t.test('a key gives its first answer again, failures included', async t => {
  let now = 1_700_000_000_000
  const simulator = await start(t, { now: () => new Date(now) })
  const pay = (key: string, form: string, path = '/v1/payment_intents') => post(simulator, path, form, { 'idempotency-key': key })
  const reference = `${paymentForm}&metadata[payment]=p`
  const first = await pay('a', reference)
  t.equal(first.headers.get('idempotent-replayed'), null)
  const again = await pay('a', reference)
  t.strictSame(again.body, first.body)
  t.equal(again.headers.get('idempotent-replayed'), 'true')
  t.equal(again.headers.get('original-request'), first.headers.get('request-id'))
  t.not(again.headers.get('request-id'), first.headers.get('request-id'))
  t.equal(simulator.effects('p').charges, 1)
  t.equal((await pay('a', `metadata[payment]=p&${paymentForm}`)).headers.get('idempotent-replayed'), 'true', 'the order of parameters does not matter')

  t.match(await pay('a', `${reference}&description=other`), { status: 400, body: { error: { type: 'idempotency_error' } } })
  t.match(await pay('a', reference, '/v1/customers'), { status: 400, body: { error: { type: 'idempotency_error' } } })
  t.equal(simulator.effects('p').charges, 1)

  const declined = paymentForm.replace('pm_card_visa', 'pm_card_chargeDeclined')
  const refused = await pay('b', declined)
  t.equal(refused.status, 402)
  t.strictSame((await pay('b', declined)).body, refused.body, 'a decline is kept')

  t.equal((await pay('c', 'amount=x&currency=mxn')).status, 400)
  t.equal((await pay('c', reference)).status, 200, 'a refusal before execution is not')
  t.match(await pay('k'.repeat(256), reference), { status: 400 })

  const other = await post(simulator, '/v1/payment_intents', reference, { 'idempotency-key': 'a', authorization: 'Bearer sk_test_another0account' })
  t.not(other.body.id, first.body.id, 'keys belong to an account')
  t.equal((await post(simulator, '/v1/payment_intents', reference, { 'idempotency-key': 'd', authorization: 'Bearer sk_test_invalid0000000' })).status, 401)
  t.equal((await pay('d', reference)).headers.get('idempotent-replayed'), null)

  now += 24 * 3_600_000
  t.equal((await pay('a', reference)).headers.get('idempotent-replayed'), 'true', 'after 24 hours still')
  now += 1000
  t.equal((await pay('a', reference)).headers.get('idempotent-replayed'), null, 'then it is a new request')
})

t.test('many at once with one key: one is executed', async t => {
  const simulator = await start(t)
  const answers = await Promise.all(Array.from({ length: 30 }, () => post(simulator, '/v1/payment_intents', `${paymentForm}&metadata[payment]=p`, { 'idempotency-key': 'k' })))
  t.equal(new Set(answers.map(({ body }) => body.id ?? body.error.code)).size, 1)
  t.equal(simulator.effects('p').charges, 1)
})
