import t from 'tap'
import type { NextAction, PaymentSnapshot } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { voucherDays } from './methods.ts'
import { card, closesAgents, key, open, order, refused, returnUrl, sent, simulated } from './testing/simulated.ts'

const { payments } = stripe

closesAgents(t)

const oxxo = { type: 'oxxo' }
const spei = { type: 'spei' }
const ana = { name: 'Ana Pérez', email: 'fill_never@shop.example' }
const action = <T extends NextAction['type']>(payment: PaymentSnapshot, type: T) => {
  if (payment.nextAction?.type !== type) throw new Error(`it is ${JSON.stringify(payment.nextAction)}`)
  return payment.nextAction as Extract<NextAction, { type: T }>
}

t.test('the days of a voucher are counted in Mexico City', async t => {
  // 2026-11-20 23:30 there is 2026-11-21 05:30 in UTC.
  const now = new Date('2026-11-21T05:30:00Z')
  for (const [asked, days, why] of [
    [undefined, undefined, 'not asked'],
    ['2026-11-23T05:59:59Z', 2, '23:59:59 of the 22nd there is that day'],
    ['2026-11-23T05:59:00Z', 2, '23:59 too'],
    ['2026-11-23T05:58:00Z', 1, 'a minute before, the last end that is not later is that of the 21st'],
    ['2026-11-21T18:00:00Z', 1, 'tomorrow noon there: tomorrow is the earliest'],
    ['2026-11-21T05:45:00Z', 1, 'in a quarter of an hour'],
    ['2026-12-30T00:00:00Z', 7, 'a week at most']
  ] as const) t.equal(voucherDays(asked === undefined ? undefined : new Date(asked), now), days, why)
  t.throws(() => voucherDays(now, now), { code: 'invalid_request', reached: 'nowhere', param: 'expires_at' })
})

t.test('OXXO: a voucher, paid in cash or not at all', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const expiresAt = new Date(Date.now() + 3 * 86_400_000)
  const input = order({ method: oxxo, customer: ana, expiresAt, description: 'Pedido 7' })
  const waiting = await payments.createPayment(context, input)
  t.match(sent(context), {
    'allowed_payment_method_types[0]': 'oxxo', 'payment_method_data[type]': 'oxxo', 'payment_method_data[billing_details][name]': 'Ana Pérez',
    'payment_method_data[billing_details][email]': ana.email, 'payment_method_options[oxxo][expires_after_days]': /^[23]$/, confirm: 'true'
  })
  t.match(waiting, { status: 'requires_action', amountCaptured: 0, reference: input.reference })
  const voucher = action(waiting, 'voucher')
  t.match(voucher, { reference: /^\d{14,}$/, url: /^http/, expires_at: /Z$/ })
  t.equal(new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Mexico_City', timeStyle: 'short' }).format(new Date(voucher.expires_at)), '23:59', 'the end of a day there, told as a moment')
  t.ok(Date.parse(voucher.expires_at) <= expiresAt.getTime() + 60_000, 'no later than asked')

  const paid = await payments.createPayment(context, order({ method: oxxo, customer: { ...ana, email: 'succeed_immediately@shop.example' } }))
  simulator.advance()
  t.match(await payments.getPayment(context, paid.providerReference), { status: 'succeeded', amountCaptured: 109_900, method: { type: 'oxxo' } })
  const refund = { idempotencyKey: key(), refundReference: 'ref_1', reference: paid.reference ?? '', providerReference: paid.providerReference, amount: { amount: 1000, currency: 'MXN' } }
  t.match(await refused(payments.refund(context, refund)), { code: 'unsupported', reached: 'answered' }, 'cash does not go back')

  const late = await payments.createPayment(context, order({ method: oxxo, customer: { ...ana, email: 'expire_immediately@shop.example' } }))
  simulator.advance()
  const expired = await payments.getPayment(context, late.providerReference)
  t.match(expired, { status: 'expired', providerStatus: 'requires_payment_method', error: { code: 'expired', providerCode: 'payment_intent_payment_attempt_expired' }, amountCaptured: 0 })
  const again = await payments.confirmPayment(context, { idempotencyKey: key(), providerReference: late.providerReference, reference: late.reference ?? '', attempt: 2, amount: late.amount, method: card('pm_card_visa') })
  t.match(again, { status: 'succeeded', providerReference: late.providerReference, method: { type: 'card' } }, 'the same intent, paid another way')

  const opened = await payments.createPayment(context, order())
  const confirm = { providerReference: opened.providerReference, reference: opened.reference ?? '', amount: opened.amount, customer: ana }
  t.match(await payments.confirmPayment(context, { ...confirm, idempotencyKey: key(), attempt: 2, method: oxxo }), { status: 'requires_action', nextAction: { type: 'voucher' } })
  const other = await payments.createPayment(context, order())
  const toSpei = { ...confirm, providerReference: other.providerReference, reference: other.reference ?? '', idempotencyKey: key(), attempt: 2, method: spei }
  t.match(await payments.confirmPayment(context, toSpei), { status: 'requires_action', nextAction: { type: 'bank_transfer' }, customerProviderReference: /^cus_/ }, 'a customer is made for an intent that has none')
})

t.test('a voucher needs to know who pays, and pesos', async t => {
  const context = open(await simulated(t))
  for (const [customer, param] of [[undefined, 'customer.name'], [{ email: 'a@b.mx' }, 'customer.name'], [{ name: 'Ana', email: 'a@b.mx' }, 'customer.name'], [{ name: 'A B', email: 'a@b.mx' }, 'customer.name'], [{ name: 'Ana de la Paz' }, 'customer.email'], [{ name: 'Ana Paz', email: '' }, 'customer.email']] as const) {
    t.match(await refused(payments.createPayment(context, order({ method: oxxo, customer }))), { code: 'invalid_request', reached: 'nowhere', param })
  }
  for (const method of [oxxo, spei]) {
    t.match(await refused(payments.createPayment(context, order({ method, customer: ana, amount: { amount: 5000, currency: 'USD' } }))), { code: 'unsupported', reached: 'nowhere', param: 'currency' })
  }
  t.equal(context.exchanges.length, 0, 'and no customer is made for what cannot be sent')
})

t.test('SPEI: a CLABE of the payer’s own, paid in parts', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ method: spei, customer: ana })
  const waiting = await payments.createPayment(context, input)
  t.match(context.exchanges.map(({ url }) => new URL(url).pathname), ['/v1/customers', '/v1/payment_intents'], 'a customer is made as needed')
  t.match(context.exchanges.map(({ requestHeaders }) => requestHeaders['idempotency-key']), [`${input.idempotencyKey}-customer`, input.idempotencyKey], 'under our key')
  t.match(sent(context), {
    customer: /^cus_/, 'payment_method_data[type]': 'customer_balance', 'payment_method_options[customer_balance][funding_type]': 'bank_transfer',
    'payment_method_options[customer_balance][bank_transfer][type]': 'mx_bank_transfer'
  })
  t.match(waiting, { status: 'requires_action', amountCaptured: 0, amountReceived: 0, customerProviderReference: /^cus_/ })
  t.match(action(waiting, 'bank_transfer'), { clabe: /^\d{18}$/, bank: /./, reference: /./, amount_remaining: 109_900, url: /^http/ })
  const customer = String(waiting.customerProviderReference)
  t.equal((await payments.createPayment(context, input)).customerProviderReference, customer, 'the same key, the same customer')

  await fund(simulator.url, context.credentials.secret_key, customer, 40_000)
  const part = await payments.getPayment(context, waiting.providerReference)
  t.match(part, { status: 'requires_action', amountCaptured: 0, amountReceived: 40_000 })
  t.equal(action(part, 'bank_transfer').amount_remaining, 69_900)
  await fund(simulator.url, context.credentials.secret_key, customer, 69_900)
  t.match(await payments.getPayment(context, waiting.providerReference), { status: 'succeeded', amountCaptured: 109_900, amountReceived: 109_900, method: { type: 'spei' } })

  const known = await payments.createPayment(context, order({ method: spei, customer: { provider_reference: customer } }))
  t.equal(action(known, 'bank_transfer').clabe, action(waiting, 'bank_transfer').clabe, 'one CLABE for each customer')
})

async function fund (url: string, secret: string | undefined, customer: string, amount: number): Promise<void> {
  const answer = await fetch(`${url}/v1/test_helpers/customers/${customer}/fund_cash_balance`, {
    method: 'POST', headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-www-form-urlencoded' }, body: `amount=${amount}&currency=mxn`
  })
  if (!answer.ok) throw new Error(await answer.text())
}

t.test('meses sin intereses', async t => {
  const context = open(await simulated(t))
  const months = (installments: number, more = {}) => payments.createPayment(context, order({ method: card('pm_card_mx'), installments, returnUrl, ...more }))
  t.match(await months(6), { status: 'succeeded' })
  t.match(sent(context), { 'payment_method_options[card][installments][enabled]': 'true', 'payment_method_options[card][installments][plan][type]': 'fixed_count', 'payment_method_options[card][installments][plan][interval]': 'month', 'payment_method_options[card][installments][plan][count]': '6' })
  t.match(await months(1), { status: 'succeeded' })
  t.notOk(Object.keys(sent(context)).some(name => name.includes('installments')), 'one month is none')
  const before = context.exchanges.length
  t.match(await refused(months(5)), { code: 'unsupported', reached: 'nowhere', param: 'installments' })
  t.match(await refused(months(3, { amount: { amount: 50_000, currency: 'USD' } })), { code: 'unsupported', reached: 'nowhere', param: 'installments' })
  t.equal(context.exchanges.length, before)
})

t.test('lines, tax and descriptor', async t => {
  const context = open(await simulated(t))
  const lines = [{ name: 'Silla', quantity: 2, unitAmount: 40_000 }, { name: 'Envío', quantity: 1, unitAmount: 29_900 }]
  t.match(await payments.createPayment(context, order({ method: card('pm_card_visa'), lines, orderReference: 'A-7', taxBreakdown: [{ type: 'IVA', amount: 15_159 }] })), { status: 'succeeded' })
  t.match(sent(context), {
    'amount_details[line_items][0][product_name]': 'Silla', 'amount_details[line_items][0][quantity]': '2', 'amount_details[line_items][0][unit_cost]': '40000', 'amount_details[line_items][1][unit_cost]': '29900',
    'payment_details[order_reference]': 'A-7', 'metadata[pasarela_tax]': 'IVA 15159'
  })
  t.notOk(Object.keys(sent(context)).some(name => name.includes('[tax]')), 'Stripe would add the tax on top of the lines')
  await payments.createPayment(context, order({ method: card('pm_card_visa'), taxBreakdown: [{ type: 'IVA', amount: 15_000 }, { type: 'IEPS', amount: 500 }] }))
  t.match(sent(context), { 'amount_details[tax][total_tax_amount]': '15500', 'metadata[pasarela_tax]': 'IVA 15000, IEPS 500' })
  const before = context.exchanges.length
  for (const [more, param] of [
    [{ lines: [{ name: 'Silla', quantity: 1, unitAmount: 40_000 }] }, 'lines'],
    [{ lines: [{ name: 'Silla', quantity: 1, unitAmount: 110_000 }, { name: 'Rebaja', quantity: 1, unitAmount: -100 }] }, 'lines[1].unit_amount'],
    [{ lines: Array.from({ length: 201 }, () => ({ name: 'x', quantity: 1, unitAmount: 100 })), amount: { amount: 20_100, currency: 'MXN' } }, 'lines'],
    [{ statementDescriptor: 'PÉREZ' }, 'statement_descriptor'],
    [{ method: oxxo, customer: ana, statementDescriptor: 'ABC' }, 'statement_descriptor'],
    [{ saveMethod: true }, 'customer']
  ] as const) t.match(await refused(payments.createPayment(context, order(more as object))), { reached: 'nowhere', param }, JSON.stringify(more).slice(0, 60))
  t.equal(context.exchanges.length, before)
})

t.test('3-D Secure: in the page, or by redirect', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const inPage = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required') }))
  t.match(inPage.nextAction, { type: 'sdk_challenge', data: { client_secret: /_secret_/, publishable_key: /^pk_test_/, provider_type: 'use_stripe_sdk' } })
  const opened = await payments.createPayment(context, order())
  t.match(opened.nextAction, { type: 'client_secret', client_secret: /_secret_/, publishable_key: context.credentials.publishable_key }, 'a card that is typed in the page')
  const away = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required'), returnUrl }))
  t.match(away.nextAction, { type: 'redirect', url: /^http/ })
  simulator.authenticate(away.providerReference, false)
  t.match(await payments.getPayment(context, away.providerReference), { status: 'requires_payment_method', error: { code: 'authentication_failed' }, nextAction: { type: 'client_secret' } })
})

t.test('what Radar blocks is suspected of fraud, in the answer and read back', async t => {
  const context = open(await simulated(t))
  for (const token of ['pm_card_radarBlock', 'pm_card_riskLevelHighest']) {
    const blocked = await payments.createPayment(context, order({ method: card(token), returnUrl }))
    if (blocked.status === 'succeeded') continue
    t.match(blocked, { status: 'requires_payment_method', error: { code: 'fraud_suspected' } }, token)
    t.match(await payments.getPayment(context, blocked.providerReference), { error: { code: 'fraud_suspected' } }, token)
  }
})

t.test('off session: paid, or asked of the person', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const customer = await payments.createCustomer(context, { idempotencyKey: key(), reference: 'cus_1', name: 'Ana' })
  const away = (token: string, more = {}) => payments.createPayment(context, order({ method: card(token), offSession: true, customer: { provider_reference: customer.providerReference }, ...more }))
  t.match(await away('pm_card_visa'), { status: 'succeeded' })

  const asked = await away('pm_card_authenticationRequired', { returnUrl })
  t.match(asked, { status: 'requires_action', error: { code: 'authentication_required' }, nextAction: { type: 'redirect', url: /^http/ } }, 'a page to finish at')
  simulator.authenticate(asked.providerReference, true)
  t.match(await payments.getPayment(context, asked.providerReference), { status: 'succeeded' })

  const alone = await away('pm_card_authenticationRequired')
  t.match(alone, { status: 'requires_payment_method', error: { code: 'authentication_required' }, nextAction: { type: 'client_secret', client_secret: /_secret_/ } }, 'without a page: in the shop’s')
  const input = order({ method: card('pm_card_authenticationRequired'), offSession: true, returnUrl, customer: { provider_reference: customer.providerReference } })
  const first = await payments.createPayment(context, input)
  t.match(await payments.createPayment(context, input), { providerReference: first.providerReference, status: 'requires_action' }, 'the same key, the same answer')
  t.equal(simulator.effects(input.reference).charges, 0)
})
