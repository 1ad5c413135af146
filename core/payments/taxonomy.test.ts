/** Every row of the unified error taxonomy and of the next-action table, as a caller of the API meets it. */
import t from 'tap'
import type { NextAction } from '../adapter/payments.ts'
import { providerProblems, type ProviderProblem, type Reached, type RetryClass } from '../adapter/problems.ts'
import { uuidOf } from '../ids.ts'
import { paperApp } from './fixtures/paper-app.ts'

const order = { amount: 19900, currency: 'MXN', method: { type: 'card', token: 'tok' } }

/** How each problem arrives, and what a new payment is then. `failed`: no other method would mend it. */
const rows: Record<ProviderProblem, { reached: Reached, status: string, retry: RetryClass }> = {
  card_declined: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  insufficient_funds: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  expired_card: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  incorrect_cvc: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  invalid_card: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  authentication_required: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  authentication_failed: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  fraud_suspected: { reached: 'answered', status: 'failed', retry: 'never' },
  limit_exceeded: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  unsupported: { reached: 'answered', status: 'failed', retry: 'after_user_action' },
  amount_invalid: { reached: 'answered', status: 'failed', retry: 'after_user_action' },
  invalid_request: { reached: 'answered', status: 'failed', retry: 'never' },
  invalid_credentials: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  permission_denied: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  not_found: { reached: 'answered', status: 'requires_payment_method', retry: 'never' },
  invalid_state: { reached: 'answered', status: 'requires_payment_method', retry: 'never' },
  already_refunded: { reached: 'answered', status: 'requires_payment_method', retry: 'never' },
  duplicate: { reached: 'answered', status: 'failed', retry: 'never' },
  idempotency_conflict: { reached: 'answered', status: 'failed', retry: 'never' },
  conflict: { reached: 'unknown', status: 'unknown', retry: 'after_lookup' },
  expired: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  merchant_balance_insufficient: { reached: 'answered', status: 'requires_payment_method', retry: 'after_user_action' },
  rate_limited: { reached: 'nowhere', status: 'requires_payment_method', retry: 'backoff' },
  provider_unavailable: { reached: 'nowhere', status: 'requires_payment_method', retry: 'backoff' },
  timeout_unknown: { reached: 'unknown', status: 'unknown', retry: 'after_lookup' },
  unknown: { reached: 'unknown', status: 'unknown', retry: 'after_lookup' }
}

t.setTimeout(240_000)

t.test('the error taxonomy', async t => {
  const app = await paperApp(t)
  const { paper } = app
  const { ask, must } = await app.shop()
  t.same(Object.keys(rows).sort(), Object.keys(providerProblems).sort(), 'every code has a row')

  for (const [code, { reached, status, retry }] of Object.entries(rows) as [ProviderProblem, typeof rows[ProviderProblem]][]) {
    t.test(`${code}: of a new payment`, async t => {
      paper.fail('create_payment', { code, reached, providerCode: `their_${code}`, providerMessage: 'their words' })
      const answer = await ask('POST', '/v1/payments', order, { headers: { 'accept-language': 'en' } })
      if (reached === 'unknown') {
        t.match([answer.status, answer.body.status, answer.body.error], [202, 'unknown', null], 'nobody knows: nothing is said of it')
        return
      }
      t.match([answer.status, answer.body.status], [201, status])
      t.match(answer.body.error, { code, retry, provider_code: `their_${code}`, provider_message: 'their words' })
      const spanish = await must('GET', `/v1/payments/${answer.body.id}`, undefined, { headers: { 'accept-language': 'es' } })
      t.ok(spanish.error.message.length > 10 && answer.body.error.message.length > 10)
      t.not(spanish.error.message, answer.body.error.message, 'in the language of the caller')
      if (status === 'requires_payment_method') t.match(await must('POST', `/v1/payments/${answer.body.id}/confirm`, { method: order.method }), { status: 'succeeded', attempts: 2, error: null }, 'another attempt may pay')
      else t.match(await ask('POST', `/v1/payments/${answer.body.id}/confirm`, { method: order.method }), { status: 409, body: { code: 'invalid_state' } })
    })

    t.test(`${code}: of a capture, and of a refund`, async t => {
      const held = await must('POST', '/v1/payments', { ...order, capture: 'manual' })
      paper.fail('capture', { code, reached, providerCode: `their_${code}` })
      const captured = await ask('POST', `/v1/payments/${held.id}/capture`)
      if (reached === 'unknown') t.match([captured.status, captured.body.status], [202, 'unknown'])
      else t.match([captured.status, captured.body.code, captured.body.provider], reached === 'nowhere' ? [502, 'provider_unavailable', { id: 'paper' }] : [422, 'provider_refused', { id: 'paper', code: `their_${code}` }])
      const payment = await must('POST', '/v1/payments', order)
      paper.fail('refund', { code, reached, providerCode: `their_${code}` })
      const refund = await ask('POST', `/v1/payments/${payment.id}/refunds`, { amount: 100 })
      if (reached === 'unknown') t.match([refund.status, refund.body.status], [202, 'unknown'])
      else t.match([refund.status, refund.body.status, refund.body.error], [201, 'failed', { code, retry }])
      t.match(await must('GET', `/v1/payments/${payment.id}`), { amount_refunded: 0 })
    })
  }

  t.test('a decline is an answer as well as a refusal', async t => {
    for (const code of ['card_declined', 'insufficient_funds', 'expired_card', 'incorrect_cvc', 'invalid_card', 'authentication_failed', 'fraud_suspected', 'limit_exceeded', 'unsupported', 'expired'] as const) {
      paper.script = () => ({ status: 'requires_payment_method', providerStatus: 'declined', amountCaptured: 0, error: { code, providerCode: `their_${code}`, message: 'their words' } })
      const answer = await ask('POST', '/v1/payments', order)
      t.match([answer.status, answer.body.status, answer.body.error], [201, 'requires_payment_method', { code, retry: providerProblems[code], provider_code: `their_${code}` }], code)
    }
    paper.script = () => ({})
  })
})

const actions: Record<NextAction['type'], NextAction> = {
  redirect: { type: 'redirect', url: 'https://bank.test/3ds' },
  client_secret: { type: 'client_secret', client_secret: 'pp_secret_1', publishable_key: 'pk_test_1' },
  voucher: { type: 'voucher', reference: '9900 1122 3344', barcode_url: 'https://paper.test/bar.png', expires_at: '2027-01-01T05:59:59Z' },
  bank_transfer: { type: 'bank_transfer', clabe: '646180111812345678', bank: 'STP', reference: '1234567', amount_remaining: 19900 },
  qr: { type: 'qr', data: '00020126', image: 'https://paper.test/qr.png' },
  wallet_push: { type: 'wallet_push', expires_at: '2027-01-01T05:59:59Z' },
  sdk_challenge: { type: 'sdk_challenge', data: { type: 'three_d_secure', server_transaction_id: 'x' } }
}

t.test('the next-action table', async t => {
  const app = await paperApp(t)
  const { paper, database } = app
  const { ask, must } = await app.shop()
  for (const [type, nextAction] of Object.entries(actions)) {
    t.test(type, async t => {
      paper.script = () => ({ status: 'requires_action', providerStatus: 'requires_action', amountCaptured: 0, nextAction })
      const answer = await ask('POST', '/v1/payments', order)
      t.match([answer.status, answer.body.status], [201, 'requires_action'])
      t.same(answer.body.next_action, nextAction)
      t.same((await must('GET', `/v1/payments/${answer.body.id}`)).next_action, nextAction, 'and when it is read')
      t.same((await must('GET', '/v1/payments?limit=1')).data[0].next_action, null, 'not in lists')
      const { next_action_sealed: sealed } = await database.owner.selectFrom('payments').select('next_action_sealed').where('id', '=', uuidOf('payment', answer.body.id)).executeTakeFirstOrThrow()
      t.match(sealed, /^ey[\w-]+\.\./, 'sealed')
      paper.change(answer.body.provider_reference, { status: 'succeeded', amountCaptured: 19900, nextAction: undefined } as never)
      app.advance(11 * 60_000)
      await app.work()
      t.match(await must('GET', `/v1/payments/${answer.body.id}`), { status: 'succeeded', next_action: null }, 'gone when there is nothing to do')
    })
  }
})
