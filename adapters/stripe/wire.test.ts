import fc from 'fast-check'
import type Stripe from 'stripe'
import t from 'tap'
import { exponentOf, ProviderError } from '../../core/adapter/index.ts'
import { amounts, chargeOnWire, currencies, moneyOf, partOnWire, probeAmount } from './amounts.ts'
import { errors, problemOf, refusalOf, StripeRefusal } from './errors.ts'
import { scrub } from './scrub.ts'
import { refundOf, snapshotOf } from './wire.ts'

const base = {
  id: 'pi_1', object: 'payment_intent', amount: 5000, amount_capturable: 0, amount_received: 0, currency: 'mxn', status: 'succeeded', livemode: false,
  created: 1_700_000_000, metadata: {}, client_secret: 'pi_1_secret_x', latest_charge: null, last_payment_error: null, next_action: null, payment_method: null
}
const intent = (more: object) => snapshotOf({ ...base, ...more } as unknown as Stripe.PaymentIntent, { publishableKey: 'pk_test_1' })

t.test('every status of a payment intent', async t => {
  for (const [wire, status] of [
    [{ status: 'requires_payment_method' }, 'requires_payment_method'],
    [{ status: 'requires_payment_method', last_payment_error: { type: 'card_error', code: 'card_declined' } }, 'requires_payment_method'],
    [{ status: 'requires_payment_method', last_payment_error: { code: 'payment_intent_payment_attempt_expired' } }, 'expired'],
    [{ status: 'requires_confirmation' }, 'requires_payment_method'],
    [{ status: 'requires_action' }, 'requires_action'],
    [{ status: 'processing' }, 'processing'],
    [{ status: 'requires_capture', amount_capturable: 5000 }, 'authorized'],
    [{ status: 'succeeded', amount_received: 5000 }, 'succeeded'],
    [{ status: 'canceled', cancellation_reason: null }, 'canceled'],
    [{ status: 'canceled', cancellation_reason: 'abandoned' }, 'canceled'],
    [{ status: 'canceled', cancellation_reason: 'expired' }, 'expired'],
    [{ status: 'canceled', cancellation_reason: 'automatic' }, 'expired']
  ] as const) t.match(intent(wire), { status, providerStatus: wire.status }, JSON.stringify(wire))
  for (const status of ['brand_new', '', null, undefined]) {
    t.throws(() => intent({ status }), { code: 'unknown', reached: 'unknown' }, 'a status that we never saw is nobody’s success')
  }
})

t.test('every next action', async t => {
  const action = (what: object | null) => intent({ status: 'requires_action', next_action: what }).nextAction
  t.same(action({ type: 'redirect_to_url', redirect_to_url: { url: 'https://bank.example', return_url: 'x' } }), { type: 'redirect', url: 'https://bank.example' })
  t.same(action({ type: 'use_stripe_sdk', use_stripe_sdk: {} }), { type: 'sdk_challenge', data: { client_secret: 'pi_1_secret_x', publishable_key: 'pk_test_1', provider_type: 'use_stripe_sdk' } })
  t.match(action({ type: 'oxxo_display_details', oxxo_display_details: { number: '123', hosted_voucher_url: 'https://v', expires_after: 1_700_000_000 } }),
    { type: 'voucher', reference: '123', url: 'https://v', expires_at: '2023-11-14T22:13:20.000Z' })
  t.match(action({ type: 'boleto_display_details', boleto_display_details: { number: '9', hosted_voucher_url: null, expires_at: null } }), { type: 'voucher', reference: '9' })
  t.match(action({ type: 'pix_display_qr_code', pix_display_qr_code: { data: 'q', image_url_png: 'https://p', expires_at: 1 } }), { type: 'qr', data: 'q', image: 'https://p' })
  t.match(action({ type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: { type: 'mx_bank_transfer', currency: 'mxn', amount_remaining: 5000, reference: 'R', hosted_instructions_url: 'https://h', financial_addresses: [{ type: 'spei', spei: { clabe: '646180111812345678', bank_name: 'STP' } }] } }),
    { type: 'bank_transfer', clabe: '646180111812345678', bank: 'STP', amount_remaining: 5000, reference: 'R', url: 'https://h' })
  t.same(action({ type: 'brand_new' }), { type: 'sdk_challenge', data: { client_secret: 'pi_1_secret_x', publishable_key: 'pk_test_1', provider_type: 'brand_new' } }, 'one that we never saw is left to Stripe.js')
  t.equal(action(null), undefined)
  t.same(snapshotOf({ ...base, status: 'requires_payment_method' } as unknown as Stripe.PaymentIntent, { publishableKey: 'pk_test_1', account: 'acct_1' }).nextAction, { type: 'client_secret', client_secret: 'pi_1_secret_x', publishable_key: 'pk_test_1', account: 'acct_1' }, 'of a connected account')
  t.equal(intent({ status: 'succeeded' }).nextAction, undefined)
  t.equal(intent({ status: 'requires_payment_method', client_secret: undefined }).nextAction, undefined)
})

t.test('the charge knows of refunds, disputes and the card', async t => {
  const charge = { id: 'ch_1', amount_refunded: 100, disputed: true, payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242', wallet: { type: 'apple_pay' } } } }
  t.match(intent({ latest_charge: charge }), { transactionReference: 'ch_1', amountRefunded: 100, disputed: true, method: { type: 'card', brand: 'visa', last4: '4242', wallet: 'apple_pay' } })
  t.match(intent({ latest_charge: 'ch_1' }), { transactionReference: 'ch_1', amountRefunded: undefined, disputed: undefined, method: undefined })
})

t.test('what Radar blocked is told by the charge alone', async t => {
  const error = { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' }
  const charge = { id: 'ch_1', amount_refunded: 0, disputed: false, payment_method_details: { type: 'card', card: {} } }
  const declined = (type: string) => intent({ status: 'requires_payment_method', last_payment_error: error, latest_charge: { ...charge, outcome: { type } } }).error
  t.match(declined('blocked'), { code: 'fraud_suspected', providerCode: 'generic_decline' })
  t.match(declined('issuer_declined'), { code: 'card_declined' })
})

t.test('transfers in parts, saved methods, references', async t => {
  const waiting = { status: 'requires_action', next_action: { type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: { amount_remaining: 1500, currency: 'mxn', reference: null, hosted_instructions_url: null } } }
  t.match(intent(waiting), { amountReceived: 3500, amountCaptured: 0 })
  t.match(intent({ payment_method_types: ['customer_balance'], amount_received: 5000 }), { amountReceived: 5000 })
  t.equal(intent({ payment_method_types: ['card'], amount_received: 5000 }).amountReceived, undefined)
  const kept = { customer: 'cus_1', payment_method: 'pm_1', setup_future_usage: 'off_session' }
  t.match(intent(kept), { savedMethodReference: 'pm_1', customerProviderReference: 'cus_1' })
  t.equal(intent({ ...kept, setup_future_usage: null }).savedMethodReference, undefined)
  t.equal(intent({ ...kept, status: 'requires_action' }).savedMethodReference, undefined, 'not before it is paid')
  for (const [metadata, reference] of [[{ pasarela_payment: 'pay_1', pasarela_checkout: 'chk_1' }, 'pay_1'], [{ pasarela_checkout: 'chk_1' }, 'chk_1'], [{ pasarela_link: 'lnk_1' }, 'lnk_1'], [{ order: '1' }, undefined]] as const) t.equal(intent({ metadata }).reference, reference)
})

t.test('refunds', async t => {
  const refund = (more: object) => refundOf({ id: 're_1', amount: 100, currency: 'usd', created: 1, metadata: null, payment_intent: null, ...more } as unknown as Stripe.Refund)
  for (const status of ['pending', 'requires_action', 'succeeded', 'failed', 'canceled']) t.equal(refund({ status }).status, status)
  for (const status of ['brand_new', null]) t.throws(() => refund({ status }), { code: 'unknown', reached: 'unknown' })
  t.match(refund({ status: 'failed', failure_reason: 'insufficient_funds' }).error, { code: 'merchant_balance_insufficient' })
  t.match(refund({ status: 'failed', failure_reason: 'brand_new' }).error, { code: 'unknown', providerCode: 'brand_new' })
})

t.test('any amount that can be said comes back as it was; any other is refused, never rounded', async t => {
  const none = { cop_minimum: 50 }
  for (const currency of currencies) {
    const rule = amounts[currency] ?? {}
    const wireExponent = rule.exponent ?? exponentOf(currency)
    fc.assert(fc.property(fc.integer({ min: 1, max: 999_999_999 }), amount => {
      let wire: number
      try {
        wire = partOnWire({ amount, currency })
      } catch (thrown) {
        const exact = amount * 10 ** wireExponent % 10 ** exponentOf(currency) === 0
        const step = amount * 10 ** (wireExponent - exponentOf(currency)) % (rule.multipleOf ?? 1) === 0
        return thrown instanceof ProviderError && thrown.reached === 'nowhere' && !(exact && step)
      }
      const back = moneyOf(wire, currency.toLowerCase())
      return Number.isSafeInteger(wire) && back.amount === amount && back.currency === currency && wire / 10 ** wireExponent === amount / 10 ** exponentOf(currency)
    }), { numRuns: 200 })
    const minimum = currency === 'COP' ? 50 : rule.minimum ?? 1
    if (minimum > 1) t.throws(() => chargeOnWire({ amount: minimum - 1, currency }, none), { code: 'amount_invalid', reached: 'nowhere' }, currency)
    if (minimum > 1) t.doesNotThrow(() => chargeOnWire({ amount: minimum, currency }, none), currency)
    t.doesNotThrow(() => chargeOnWire(probeAmount(currency, none), none), currency)
  }
  for (const [amount, currency, wire] of [
    [10_99, 'USD', 1099], [5_000_000, 'COP', 5_000_000], [500, 'JPY', 500], [5000, 'CLP', 5000], [5, 'ISK', 500], [1000, 'UGX', 100_000], [500, 'MGA', 5], [5120, 'KWD', 5120], [199_00, 'MXN', 19_900]
  ] as const) t.equal(partOnWire({ amount, currency }), wire, currency)
  t.throws(() => moneyOf(150, 'isk'), { code: 'unknown', reached: 'unknown' })
  t.throws(() => chargeOnWire({ amount: 199_999, currency: 'COP' }, {}), { code: 'amount_invalid' })
})

const answer = (status: number, error: object | string, headers = {}) =>
  refusalOf({ status, headers, body: Buffer.from(typeof error === 'string' ? error : JSON.stringify({ error })) }, new Date('2026-11-20T10:00:00Z'))

t.test('every code of the table, as a decline and as an error', async t => {
  for (const [code, ours] of Object.entries(errors)) {
    if (['lock_timeout', 'rate_limit', 'idempotency_key_in_use'].includes(code)) continue
    const error = answer(400, { type: 'invalid_request_error', code, message: 'm', param: 'p' })
    t.match(error, { code: ours, reached: 'answered', providerCode: code, providerMessage: 'm', param: 'p', httpStatus: 400 }, code)
    t.match(problemOf({ type: 'card_error', code: 'card_declined', decline_code: code, message: 'm' }), { code: ours, providerCode: code, message: 'm' }, code)
  }
  t.match(problemOf({ code: 'card_declined', decline_code: 'brand_new' }), { code: 'card_declined', providerCode: 'brand_new' })
  t.match(problemOf({ code: 'incorrect_cvc', decline_code: 'generic_decline' }), { code: 'incorrect_cvc', providerCode: 'incorrect_cvc' })
  t.match(problemOf({ type: 'card_error' }), { code: 'card_declined', providerCode: 'card_error' })
})

t.test('how far an answer says that it got', async t => {
  const declined = answer(402, { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', payment_intent: base })
  t.match(declined, { code: 'fraud_suspected', reached: 'answered', providerCode: 'lost_card', declined: { id: 'pi_1' } })
  t.match(answer(402, { type: 'card_error', code: 'incorrect_number' }), { code: 'invalid_card', reached: 'answered', declined: undefined })
  t.equal((answer(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', payment_intent: base }) as StripeRefusal).declined, undefined, 'a refusal that is no decline is no answer')
  for (const [status, error, expected] of [
    [400, { type: 'invalid_request_error' }, { code: 'invalid_request', reached: 'answered' }],
    [400, { type: 'idempotency_error' }, { code: 'idempotency_conflict', reached: 'answered' }],
    [400, { type: 'invalid_request_error', code: 'rate_limit' }, { code: 'rate_limited', reached: 'nowhere' }],
    [401, { type: 'invalid_request_error' }, { code: 'invalid_credentials', reached: 'answered' }],
    [403, { type: 'invalid_request_error' }, { code: 'permission_denied', reached: 'answered' }],
    [404, { type: 'invalid_request_error', code: 'resource_missing' }, { code: 'not_found', reached: 'answered' }],
    [404, '<html>', { code: 'not_found', reached: 'answered' }],
    [408, '', { reached: 'unknown' }],
    [409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }, { code: 'conflict', reached: 'unknown' }],
    [409, { type: 'invalid_request_error', code: 'lock_timeout' }, { code: 'rate_limited', reached: 'nowhere' }],
    [424, { type: 'api_error' }, { code: 'timeout_unknown', reached: 'unknown' }],
    [429, { type: 'invalid_request_error', code: 'lock_timeout' }, { code: 'rate_limited', reached: 'nowhere' }],
    [429, 'slow down', { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 2000 }],
    [500, { type: 'api_error', code: 'card_declined' }, { code: 'timeout_unknown', reached: 'unknown' }],
    [502, '<html>', { code: 'timeout_unknown', reached: 'unknown' }],
    [400, 'null', { code: 'invalid_request', reached: 'answered' }]
  ] as const) t.match(answer(status, error, { 'retry-after': '2' }), expected, `${status} ${JSON.stringify(error)}`)
})

t.test('scrubbing takes time in proportion to the length, whatever is in it', async t => {
  for (const filler of ['x', '"', '=', 'a.', '@', '%40', '4', '_secret_', '"name":"', '\\']) {
    const start = performance.now()
    scrub(filler.repeat(200_000 / filler.length), { secret_key: 'sk_test_51abcdefgh' })
    const ms = performance.now() - start
    t.ok(ms < 10_000, `${filler}: ${ms.toFixed(0)} ms for 200 kB`)
  }
})

t.test('a scrubbed transcript holds no secret, no card and nobody’s name', async t => {
  const credentials = { publishable_key: 'pk_test_51abcdefgh', secret_key: 'sk_test_51+abc/def', webhook_secret: 'whsec_abc+def/ghi=' }
  const transcript = [
    'POST /v1/payment_intents Authorization: Bearer sk_test_51+abc/def', '{"authorization":"Bearer other_key_1"}', `authorization: Basic ${Buffer.from('sk_test_51+abc/def:').toString('base64')}`,
    'key=sk_test_51%2Babc%2Fdef', '"message":"Invalid API Key provided: rk_live_abcdef"', '"secret":"whsec_abc+def/ghi="', '"client_secret":"pi_3abc_secret_Zz9"', 'client_secret=pi_3abc_secret_Zz9&x=1',
    'payment_method_data[card][number]=4242424242424242&payment_method_data[card][cvc]=123', 'payment_method_data%5Bcard%5D%5Bnumber%5D=5555555555554444', '{"number":"378282246310005","cvc":"737"}', 'note 4000056655665556 here',
    '"billing_details":{"address":{"line1":"Calle 1","line2":null,"postal_code":"06600"},"email":"ana.perez@example.com","name":"Ana \\"A\\" Pérez","phone":"+525512345678"}',
    '{"hosted_invoice_url":"https://invoice.stripe.com/i/acct_1/test_Zz9","customer_name":"Ana","metadata":{"pasarela_tax_id":"XAXX010101000"}}', 'evidence[customer_name]=Ana+Perez&metadata[pasarela_tax_id]=XAXX010101000',
    'shipping[name]=Ana+Perez&shipping[phone]=%2B52&shipping[address][line1]=Calle+1&receipt_email=ana.perez%40example.com', 'name=Ana+Perez&email=ana.perez@example.com'
  ].join('\n')
  const scrubbed = scrub(transcript, credentials)
  for (const secret of ['sk_test_51', 'other_key_1', 'abc%2Fdef', 'rk_live_abc', 'abc+def', 'Zz9', '4242424242424242', '5555555555554444', '378282246310005', '737', '4000056655665556', '=123', 'Ana', 'ana', 'Pérez', 'perez', 'Calle', '06600', '5512345678', 'XAXX010101000', Buffer.from('sk_test_51+abc/def:').toString('base64')]) {
    t.equal(scrubbed.includes(secret), false, `${secret} is gone`)
  }
  for (const kept of ['POST /v1/payment_intents', 'pi_3abc', 'example.com', '"line2":null']) t.match(scrubbed, kept)
  const plain = '{"id":"pi_3abc","amount":109900,"created":1700000000,"clabe":"646180111812345678","brand":"visa"}'
  t.equal(scrub(plain, credentials), plain, 'what is no secret stays as it is')
})
