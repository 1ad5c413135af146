import t from 'tap'
import type { ConnectionContext, HttpExchange, RetrySafety } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { call } from './http.ts'
import { card, closesAgents, key, open, type Opened, order, refused, returnUrl, simulated, soon } from './testing/simulated.ts'

const { payments, webhooks } = stripe

closesAgents(t)

t.test('the mode is in the keys', async t => {
  const mode = (secret: string, publishable: string) => stripe.detectMode({ secret_key: secret, publishable_key: publishable })
  t.equal(mode('sk_test_1', 'pk_test_1'), 'test')
  t.equal(mode('rk_live_1', 'pk_live_1'), 'live')
  t.equal(mode('sk_live_1', 'pk_test_1'), 'contradictory')
  t.equal(mode('rk_test_1', ''), 'test')
  t.equal(mode('', 'pk_live_1'), 'live')
  t.equal(mode('xsk_test_1', 'pk'), undefined)
})

t.test('test proves the credentials; in live mode it only reads', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const proof = await stripe.test(context)
  t.match(proof, { mode: 'test', account: { id: /^acct_/, country: 'MX', currency: 'MXN', name: 'Simulated shop' } })
  t.equal(proof.evidence.length, 2)
  t.same(context.exchanges.map(({ method }) => method), ['GET', 'POST', 'POST'])
  t.match(String(context.exchanges[1]?.requestBody), /^amount=1000&currency=mxn/, 'the smallest amount of the account’s own currency')
  t.equal(context.exchanges.some(({ requestHeaders }) => 'idempotency-key' in requestHeaders), false, 'the SDK makes up no key')

  const live = open(simulator, { mode: 'live' })
  t.match(await stripe.test(live), { mode: 'live', account: { id: /^acct_/ } })
  t.same(live.exchanges.map(({ method }) => method), ['GET', 'GET'])

  const restricted = open(simulator, { credentials: { secret_key: 'rk_test_51restricted0000000' } })
  const denied = { error: { type: 'invalid_request_error', message: "The provided key 'rk_test_***' does not have the required permissions for this endpoint on account 'acct_1AbC'." } }
  const withoutAccount: ConnectionContext = { ...restricted, http: request => request.url.endsWith('/account') ? Promise.resolve({ status: 403, headers: {}, body: Buffer.from(JSON.stringify(denied)) }) : restricted.http(request) }
  t.match(await stripe.test(withoutAccount), { account: { id: 'acct_1AbC', currency: undefined }, evidence: [{ en: /restricted key/ }, { en: /USD/ }] })
  const full: ConnectionContext = { ...withoutAccount, credentials: { ...restricted.credentials, secret_key: 'sk_test_51full0000000' } }
  t.match(await refused(stripe.test(full)), { code: 'permission_denied' }, 'a full key that may not read its account is no full key')

  const wrong = await refused(stripe.test(open(simulator, { credentials: simulator.wrongCredentials('test') })))
  t.match(wrong, { code: 'invalid_credentials', reached: 'answered', httpStatus: 401, providerMessage: /Invalid API Key/ })
  const readonly = await refused(stripe.test(open(simulator, { credentials: { secret_key: 'rk_test_51readonly00000000' } })))
  t.match(readonly, { code: 'permission_denied', reached: 'answered', httpStatus: 403, providerMessage: /permissions/ })
  const crossed = open(simulator, { mode: 'live', credentials: simulator.credentials('test') })
  t.match(await refused(stripe.test(crossed)), { code: 'invalid_credentials', reached: 'nowhere' })
  t.equal(crossed.exchanges.length, 0)
  const none = open(simulator, { credentials: { secret_key: '' } })
  t.match(await refused(payments.getPayment(none, 'pi_1')), { code: 'invalid_credentials', reached: 'nowhere' })
})

t.test('what is sent: one request, our key, our version, ours in the metadata, nothing of the SDK’s own', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({
    method: card('pm_card_visa'), returnUrl, orderReference: 'A-1', description: 'Pedido 1', statementDescriptor: 'PEDIDO 1', attempt: 3,
    metadata: { room: '12', pasarela_payment: 'forged', pasarela_other: 'dropped' }
  })
  const snapshot = await payments.createPayment(context, input)
  t.equal(context.exchanges.length, 1)
  const [{ requestHeaders, requestBody, method, url }] = context.exchanges as [HttpExchange]
  t.same([method, url], ['POST', `${simulator.url}/v1/payment_intents`])
  t.equal(requestHeaders['idempotency-key'], input.idempotencyKey)
  t.equal(requestHeaders['stripe-version'], '2026-10-28.endive')
  t.match(requestHeaders['user-agent'], /^pasarela/)
  t.same(Object.keys(requestHeaders).filter(name => name.startsWith('x-stripe')), [])
  const form = Object.fromEntries(new URLSearchParams(String(requestBody)))
  t.same(form, {
    amount: '109900', currency: 'mxn', capture_method: 'automatic', 'allowed_payment_method_types[0]': 'card', confirm: 'true',
    payment_method: 'pm_card_visa', return_url: returnUrl, description: 'Pedido 1', statement_descriptor_suffix: 'PEDIDO 1', 'expand[0]': 'latest_charge',
    'metadata[room]': '12', 'metadata[pasarela_payment]': input.reference, 'metadata[pasarela_attempt]': '3', 'metadata[pasarela_order]': 'A-1'
  })
  t.match(snapshot, {
    providerReference: /^pi_/, reference: input.reference, status: 'succeeded', providerStatus: 'succeeded', amount: { amount: 109_900, currency: 'MXN' },
    amountCapturable: 0, amountCaptured: 109_900, amountRefunded: 0, disputed: false, mode: 'test', method: { type: 'card', brand: 'visa', last4: '4242' },
    transactionReference: /^ch_/, error: undefined, nextAction: undefined
  })
  t.ok(snapshot.createdAt instanceof Date)

  await payments.getPayment(context, snapshot.providerReference)
  t.equal(context.exchanges[1]?.requestHeaders['idempotency-key'], undefined)
})

t.test('the same key gives the first answer again; with other parameters it is a conflict', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ method: card('pm_card_visa') })
  const first = await payments.createPayment(context, input)
  t.same(await payments.createPayment(context, input), first)
  t.match(await refused(payments.createPayment(context, { ...input, amount: { amount: 5000, currency: 'MXN' } })), { code: 'idempotency_conflict', reached: 'answered' })
  t.equal(simulator.effects(input.reference).charges, 1)
})

t.test('without a method the payment waits for one, in the payer’s browser', async t => {
  const context = open(await simulated(t))
  const opened = await payments.createPayment(context, order())
  t.match(opened, {
    status: 'requires_payment_method',
    error: undefined,
    nextAction: { type: 'client_secret', client_secret: /^pi_.*_secret_/, publishable_key: /^pk_test_51/ }
  })
  const paid = await payments.confirmPayment(context, {
    idempotencyKey: key(), providerReference: opened.providerReference, reference: opened.reference ?? '', attempt: 2, amount: opened.amount, method: card('pm_card_mastercard')
  })
  t.match(paid, { status: 'succeeded', providerReference: opened.providerReference, method: { brand: 'mastercard' } })
})

t.test('every decline is an answer, in our words, and the next card may still pay', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [token, code, providerCode] of [
    ['chargeDeclined', 'card_declined', 'generic_decline'],
    ['chargeDeclinedInsufficientFunds', 'insufficient_funds', 'insufficient_funds'],
    ['chargeDeclinedLostCard', 'fraud_suspected', 'lost_card'],
    ['chargeDeclinedStolenCard', 'fraud_suspected', 'stolen_card'],
    ['chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['chargeDeclinedProcessingError', 'provider_unavailable', 'processing_error'],
    ['chargeDeclinedVelocityLimitExceeded', 'limit_exceeded', 'card_velocity_exceeded'],
    ['chargeDeclinedFraudulent', 'fraud_suspected', 'fraudulent'],
    ['radarBlock', 'fraud_suspected', 'fraudulent']
  ] as const) {
    for (const prefix of ['pm_card_', 'tok_']) {
      const input = order({ method: card(prefix + token), returnUrl })
      const declined = await payments.createPayment(context, input)
      t.match(declined, { status: 'requires_payment_method', reference: input.reference, amountCaptured: 0, error: { code, providerCode, message: /./ }, method: { type: 'card', last4: /^\d{4}$/ } }, prefix + token)
      t.match(await payments.getPayment(context, declined.providerReference), { error: { code, providerCode } })
    }
  }
  const declined = await payments.createPayment(context, order({ method: card('pm_card_chargeDeclined') }))
  const again = { providerReference: declined.providerReference, reference: declined.reference ?? '', amount: declined.amount }
  t.match(await payments.confirmPayment(context, { ...again, idempotencyKey: key(), attempt: 2, method: card('pm_card_chargeDeclinedInsufficientFunds') }), { error: { code: 'insufficient_funds' } })
  t.match(await payments.confirmPayment(context, { ...again, idempotencyKey: key(), attempt: 3, method: card('pm_card_visa') }), { status: 'succeeded', error: undefined })
})

t.test('3-D Secure: a redirect when there is a page to return to, and what the payer did there', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [outcome, expected] of [['complete', { status: 'succeeded', error: undefined }], ['fail', { status: 'requires_payment_method', error: { code: 'authentication_failed' } }]] as const) {
    const asked = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required'), returnUrl }))
    t.equal(asked.status, 'requires_action')
    if (asked.nextAction?.type !== 'redirect') throw new Error('no redirect')
    const answer = await fetch(asked.nextAction.url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `outcome=${outcome}` })
    t.match(answer.headers.get('location'), returnUrl)
    t.match(await payments.getPayment(context, asked.providerReference), expected)
  }
  const inPage = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required') }))
  t.match(inPage.nextAction, { type: 'sdk_challenge', data: { client_secret: /_secret_/, publishable_key: /^pk_test_51/, provider_type: 'use_stripe_sdk' } })
})

t.test('reserve, capture a part, release the rest', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ method: card('pm_card_visa'), capture: 'manual' })
  const held = await payments.createPayment(context, input)
  t.match(held, { status: 'authorized', amountCapturable: 109_900, amountCaptured: 0 })
  const capture = { providerReference: held.providerReference, reference: input.reference }
  t.match(await refused(payments.capture(context, { ...capture, idempotencyKey: key(), amount: { amount: 200_000, currency: 'MXN' } })), { code: 'amount_invalid', reached: 'answered' })
  const captured = await payments.capture(context, { ...capture, idempotencyKey: key(), amount: { amount: 60_000, currency: 'MXN' } })
  t.match(captured, { status: 'succeeded', amount: { amount: 109_900 }, amountCapturable: 0, amountCaptured: 60_000 })
  t.match(await refused(payments.capture(context, { ...capture, idempotencyKey: key(), amount: { amount: 1000, currency: 'MXN' } })), { code: 'invalid_state', reached: 'answered' })
  t.match(await refused(payments.cancel(context, { ...capture, idempotencyKey: key() })), { code: 'invalid_state', reached: 'answered' })

  const other = await payments.createPayment(context, order({ method: card('pm_card_visa'), capture: 'manual' }))
  t.match(await payments.cancel(context, { idempotencyKey: key(), providerReference: other.providerReference, reference: '', reason: 'abandoned' }), { status: 'canceled', amountCapturable: 0, nextAction: undefined })
})

t.test('refunds: part, rest, too much, pending, failed; found by our reference', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ method: card('pm_card_visa') })
  const { providerReference } = await payments.createPayment(context, input)
  const refund = (amount: number, refundReference: string, at = providerReference) =>
    payments.refund(context, { idempotencyKey: key(), refundReference, reference: input.reference, providerReference: at, amount: { amount, currency: 'MXN' }, reason: 'requested_by_customer' })
  const part = await refund(9_900, 'ref_1')
  t.match(part, { providerReference: /^re_/, refundReference: 'ref_1', paymentProviderReference: providerReference, status: 'succeeded', amount: { amount: 9_900, currency: 'MXN' }, error: undefined })
  t.match(await payments.getRefund(context, part.providerReference), { status: 'succeeded' })
  t.equal((await payments.getPayment(context, providerReference)).amountRefunded, 9_900)
  t.match(await refused(refund(100_001, 'ref_2')), { reached: 'answered' })
  await refund(100_000, 'ref_3')
  t.match(await refused(refund(1, 'ref_4')), { code: 'already_refunded', reached: 'answered' })
  const lookup = { reference: input.reference, providerReference, ...soon() }
  t.match(await payments.findRefund(context, { ...lookup, refundReference: 'ref_3' }), { amount: { amount: 100_000 } })
  t.equal(await payments.findRefund(context, { ...lookup, refundReference: 'ref_2' }), undefined)

  const slow = await payments.createPayment(context, order({ method: card('pm_card_pendingRefund') }))
  const waiting = await refund(1_000, 'ref_5', slow.providerReference)
  t.equal(waiting.status, 'pending')
  const failing = await payments.createPayment(context, order({ method: card('pm_card_refundFail') }))
  const doomed = await refund(1_000, 'ref_6', failing.providerReference)
  simulator.advance()
  t.equal((await payments.getRefund(context, waiting.providerReference)).status, 'succeeded')
  t.match(await payments.getRefund(context, doomed.providerReference), { status: 'failed', error: { code: 'invalid_card', providerCode: 'expired_or_canceled_card' } })
})

t.test('what cannot be sent is refused before it leaves', async t => {
  const context = open(await simulated(t))
  const tooMany = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`k${i}`, 'v']))
  for (const [name, input, expected] of [
    ['below the minimum', { amount: { amount: 999, currency: 'MXN' } }, { code: 'amount_invalid', param: 'amount' }],
    ['below the minimum of COP', { amount: { amount: 199_999, currency: 'COP' } }, { code: 'amount_invalid' }],
    ['a hundredth of an ariary', { amount: { amount: 150_050, currency: 'MGA' } }, { code: 'amount_invalid' }],
    ['a thousandth of a dinar', { amount: { amount: 10_001, currency: 'KWD' } }, { code: 'amount_invalid' }],
    ['nothing', { amount: { amount: 0, currency: 'PEN' } }, { code: 'amount_invalid' }],
    ['a currency that Stripe has not', { amount: { amount: 1000, currency: 'VES' } }, { code: 'unsupported' }],
    ['another method', { method: { type: 'boleto' } }, { code: 'unsupported', param: 'method.type' }],
    ['a descriptor without a letter', { statementDescriptor: '1234' }, { code: 'invalid_request', param: 'statement_descriptor' }],
    ['a descriptor with a star', { statementDescriptor: 'SHOP* 1' }, { code: 'invalid_request', param: 'statement_descriptor' }],
    ['a long descriptor', { statementDescriptor: 'A'.repeat(23) }, { code: 'invalid_request', param: 'statement_descriptor' }],
    ['a source', { method: card('src_1') }, { code: 'invalid_request', param: 'method.token' }],
    ['no token', { method: { type: 'card' } }, { code: 'invalid_request', param: 'method.token' }],
    ['a card number', { method: card('4242424242424242') }, { code: 'invalid_request', param: 'method.token' }],
    ['too many metadata', { metadata: tooMany }, { code: 'invalid_request', param: 'metadata' }],
    ['a long metadata key', { metadata: { ['k'.repeat(41)]: 'v' } }, { code: 'invalid_request' }],
    ['a metadata key with brackets', { metadata: { 'a[b]': 'v' } }, { code: 'invalid_request', param: 'metadata.a[b]' }],
    ['a long metadata value', { metadata: { k: 'v'.repeat(501) } }, { code: 'invalid_request', param: 'metadata.k' }]
  ] as const) {
    const error = await refused(payments.createPayment(context, order(input)))
    t.match(error, { ...expected, reached: 'nowhere' }, name)
  }
  t.equal(context.exchanges.length, 0)

  const colombian = open(await simulated(t), { settings: { cop_minimum: 50 } })
  t.match(await payments.createPayment(colombian, order({ amount: { amount: 100_000, currency: 'COP' }, method: card('pm_card_visa') })), { status: 'succeeded', amount: { amount: 100_000, currency: 'COP' } })
})

t.test('every currency goes there and comes back as it was', async t => {
  const context = open(await simulated(t))
  for (const currency of stripe.manifest.currencies) {
    const rule = stripe.manifest.amounts[currency] ?? {}
    const amount = Math.max(rule.minimum ?? 0, 5_000_00)
    const paid = await payments.createPayment(context, order({ amount: { amount, currency }, method: card('pm_card_visa') }))
    if (paid.amount.amount !== amount || paid.amountCaptured !== amount || paid.amount.currency !== currency) t.fail(`${currency}: ${JSON.stringify(paid)}`)
  }
  t.pass(`${stripe.manifest.currencies.length} currencies`)
})

t.test('what Stripe refuses, and how far it got', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  t.match(await refused(payments.getPayment(context, 'pi_none')), { code: 'not_found', reached: 'answered', httpStatus: 404, providerCode: 'resource_missing' })
  t.match(await refused(payments.createPayment(context, order({ method: card('pm_1nobodys') }))), { code: 'not_found', reached: 'answered', param: 'payment_method' })
  t.match(await refused(payments.createPayment(context, order({ description: 'x'.repeat(100_000) }))), { reached: 'answered' }, 'a description of 100,000 letters')
  t.match(await refused(payments.getPayment(context, 'pi_../../account')), { code: 'not_found' }, 'an id cannot leave its place in the path')
  t.match(context.exchanges.at(-1)?.url, /payment_intents\/pi_..%2F..%2Faccount/)
  simulator.inject({ kind: 'rate_limit' })
  const limited = await refused(payments.createPayment(context, order()))
  t.match(limited, { code: 'rate_limited', reached: 'nowhere', httpStatus: 429 })
  t.ok((limited.retryAfterMs ?? 0) > 0)
})

t.test('whatever is cut: one request each, unknown, and the search tells what happened', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { timeoutMs: 300 })
  const from = new Date()
  for (const [kind, done] of [
    ['refuse_connection', false], ['cut_before', false], ['error_500_before', false],
    ['cut_after', true], ['cut_mid_body', true], ['garbage', true], ['error_500', true], ['slow', true]
  ] as const) {
    const input = order({ method: card('pm_card_visa'), returnUrl })
    simulator.inject({ kind, method: 'POST', ms: 5_000 })
    const before = context.exchanges.length
    t.match(await refused(payments.createPayment(context, input)), { reached: 'unknown', code: 'timeout_unknown' }, kind)
    t.equal(context.exchanges.length - before, 1, `${kind}: nothing is sent twice`)
    simulator.clearFaults()
    const lookup = { reference: input.reference, from, to: new Date() }
    const found = await payments.findPayment(context, lookup)
    if (done) t.match(found, { status: 'succeeded', reference: input.reference, amountRefunded: 0 }, kind)
    else t.equal(found, undefined, kind)
    t.equal(simulator.effects(input.reference).charges, done ? 1 : 0)
    if (kind === 'slow') {
      t.match(await refused(payments.createPayment(context, input)), { code: 'conflict', reached: 'unknown', providerCode: 'idempotency_key_in_use' }, 'the first is still under way')
    } else {
      t.match(await payments.createPayment(context, input), { status: 'succeeded' }, `${kind}: the same key, once more`)
      t.equal(simulator.effects(input.reference).charges, 1, kind)
    }

    const paid = await payments.createPayment(context, order({ method: card('pm_card_visa') }))
    const refund = { idempotencyKey: key(), refundReference: `ref_${kind}`, reference: paid.reference ?? '', providerReference: paid.providerReference, amount: { amount: 500, currency: 'MXN' } }
    simulator.inject({ kind, method: 'POST', ms: 5_000 })
    t.match(await refused(payments.refund(context, refund)), { reached: 'unknown' }, kind)
    simulator.clearFaults()
    const refunded = await payments.findRefund(context, { ...refund, ...soon() })
    t.equal(refunded?.refundReference, done ? refund.refundReference : undefined, kind)
  }
})

t.test('a stored 500: the truth is read in its place, and where there is none it stays unknown', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const replay: ConnectionContext = {
    ...context,
    http: request => request.method === 'POST'
      ? Promise.resolve({ status: 500, headers: { 'idempotent-replayed': 'true' }, body: Buffer.from('{"error":{"type":"api_error"}}') })
      : context.http(request)
  }
  const input = order({ method: card('pm_card_visa'), capture: 'manual' })
  t.match(await refused(payments.createPayment(replay, input)), { reached: 'unknown', httpStatus: 500 })
  const held = await payments.createPayment(context, input)
  t.match(await payments.createPayment(replay, input), { status: 'authorized', providerReference: held.providerReference })
  const on = { providerReference: held.providerReference, reference: input.reference }
  const capture = { ...on, idempotencyKey: key(), amount: held.amount }
  t.match(await refused(payments.capture(replay, capture)), { reached: 'unknown' })
  t.match(await refused(payments.cancel(replay, { ...on, idempotencyKey: key() })), { reached: 'unknown' })
  await payments.capture(context, capture)
  t.match(await payments.capture(replay, capture), { status: 'succeeded' })
  t.match(await payments.confirmPayment(replay, { ...capture, attempt: 1, method: card('pm_card_visa') }), { status: 'succeeded' })
  const refund = { ...on, idempotencyKey: key(), refundReference: 'ref_stored', amount: { amount: 500, currency: 'MXN' } }
  t.match(await refused(payments.refund(replay, refund)), { reached: 'unknown' })
  await payments.refund(context, refund)
  t.match(await payments.refund(replay, refund), { refundReference: 'ref_stored', status: 'succeeded' })
})

t.test('a search reads every page, and does not say "none" of what it could not read', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const first = order()
  await payments.createPayment(context, first)
  for (let i = 0; i < 250; i++) await payments.createPayment(context, order())
  const before = context.exchanges.length
  const from = new Date(Date.now() - 1000)
  t.match(await payments.findPayment(context, { reference: first.reference, from, to: new Date() }), { reference: first.reference })
  t.equal(context.exchanges.length - before, 3)
  t.equal(await payments.findPayment(context, { reference: 'nobody', from, to: new Date() }), undefined)
  t.equal(await payments.findPayment(context, { reference: first.reference, from: new Date(Date.now() - 7_200_000), to: new Date(Date.now() - 3_600_000) }), undefined, 'outside the time')

  const item = { id: 'pi_x', object: 'payment_intent', metadata: {} }
  const endless: ConnectionContext = { ...context, http: async () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ object: 'list', has_more: true, data: [item] })) }) }
  t.match(await refused(payments.findPayment(endless, { reference: 'nobody', from, to: new Date() })), { code: 'timeout_unknown', reached: 'unknown' })
})

t.test('webhooks are registered with our version, removed, and provoked; the deliveries verify', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const received: { headers: Record<string, string>, body: Buffer }[] = []
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk)).on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks) })
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`

  const first = await webhooks.register(context, { url, events: stripe.manifest.webhooks?.events ?? [] })
  t.match(first, { providerReference: /^we_/, secret: /^whsec_/ })
  t.match(new URLSearchParams(String(context.exchanges[0]?.requestBody)).get('api_version'), '2026-10-28.endive')
  const second = await webhooks.register(context, { url, events: stripe.manifest.webhooks?.events ?? [] })
  await webhooks.unregister(context, first.providerReference)
  t.pass('removing what is already gone is no error')

  await webhooks.provoke(context)
  await payments.createPayment(context, order({ method: card('pm_card_visa') }))
  await simulator.settled()
  t.ok(received.length >= 4, `${received.length} deliveries, each once`)
  t.equal(new Set(received.map(({ body }) => JSON.parse(body.toString()).id)).size, received.length)
  const types = new Set<string>()
  for (const { headers, body } of received) {
    const raw = { body, headers, url }
    const verdict = webhooks.verify({ ...raw, secrets: [String(second.secret)], now: new Date(), settings: context.settings })
    t.equal(verdict.verdict, 'verified')
    t.equal(webhooks.verify({ ...raw, secrets: [String(first.secret)], now: new Date(), settings: context.settings }).verdict, 'refused')
    for (const event of webhooks.parse(raw)) types.add(event.type)
  }
  t.same([...types].sort(), ['connection', 'payment'])
  t.match(await refused(webhooks.provoke(open(simulator, { mode: 'live' }))), { code: 'unsupported', reached: 'nowhere' })
})

t.test('no secret and no person is left in a scrubbed transcript of all that went over the wire', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  await payments.createPayment(context, order({ method: card('pm_card_visa'), returnUrl }))
  await payments.createPayment(context, order())
  await webhooks.register(context, { url: 'https://hub.example/hook', events: ['charge.succeeded'] })
  await refused(payments.getPayment(context, 'pi_none'))
  const transcript = context.exchanges.map(({ requestHeaders, requestBody, responseBody }) =>
    `${JSON.stringify(requestHeaders)}\n${String(requestBody)}\n${Buffer.from(responseBody ?? []).toString()}`).join('\n')
  const secret = context.credentials.secret_key ?? ''
  t.match(transcript, secret, 'it was there')
  const scrubbed = stripe.scrub(transcript, context.credentials)
  t.notMatch(scrubbed, secret)
  t.notMatch(scrubbed, /_secret_(?!\[secret\])/)
  t.notMatch(scrubbed, /whsec_/)
  t.notMatch(scrubbed, /Bearer (?!\[secret\])/)
  t.match(scrubbed, /pi_3/, 'ids stay')
})

t.test('two hundred calls at once on twenty accounts: each goes out with its own key', async t => {
  const simulator = await simulated(t)
  const contexts = Array.from({ length: 20 }, () => open(simulator))
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const context = contexts[i % 20] as Opened
    await payments.createPayment(context, order({ method: card(i % 3 === 0 ? 'pm_card_chargeDeclined' : 'pm_card_visa') }))
  }))
  for (const { exchanges, credentials } of contexts) {
    t.equal(exchanges.length, 10)
    t.equal(exchanges.every(({ requestHeaders }) => requestHeaders.authorization === `Bearer ${credentials.secret_key}`), true)
  }
})

t.test('an SDK call without its pass leaves nothing', async t => {
  const context = open(await simulated(t))
  t.match(await refused(call(context, stripe => stripe.accounts.retrieveCurrent())), { code: 'unknown' })
  let kept: Parameters<Parameters<typeof call>[1]> | undefined
  await call(context, async (...pass) => { kept = pass })
  t.match(await kept?.[0].accounts.retrieveCurrent({}, kept[1]).catch(error => error), { detail: { message: /outside of call/ } }, 'nor with one that is over')
  t.equal(context.exchanges.length, 0)
})

t.test('retry safety covers every write', async t => {
  const safe: RetrySafety[] = Object.values(stripe.manifest.retry_safety)
  t.notMatch(safe, ['never'])
  t.equal(stripe.manifest.idempotency_window_ms, 86_400_000)
})
