import t from 'tap'
import fc from 'fast-check'
import type Stripe from 'stripe'
import { checkDigit } from './cash.ts'
import { endOfDay } from './vouchers.ts'
import { eventTypes, failure, formOf, sdk, start, submit } from './testing.ts'

const payer = { name: 'Ana Luna', email: 'ana@shop.test' }
const voucher = (more: object = {}, details: object = {}) => ({
  amount: 25_000, currency: 'mxn', confirm: true, allowed_payment_method_types: ['oxxo'], payment_method_data: { type: 'oxxo', billing_details: { ...payer, ...details } }, metadata: { payment: 'pay_1' }, ...more
}) as Stripe.PaymentIntentCreateParams

t.test('a voucher is paid at the shop', async t => {
  let now = Date.parse('2026-11-20T20:00:00Z')
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const made = await stripe.paymentIntents.create(voucher({ payment_method_options: { oxxo: { expires_after_days: 2 } } }))
  t.match(made, { status: 'requires_action', latest_charge: null, payment_method_types: ['oxxo'], payment_method_options: { oxxo: { expires_after_days: 2 } }, next_action: { type: 'oxxo_display_details', oxxo_display_details: { number: /^\d{32}$/, expires_after: Date.parse('2026-11-22T23:59:59-06:00') / 1000 } } })
  const page = made.next_action!.oxxo_display_details!.hosted_voucher_url!
  const shown = await (await fetch(page)).text()
  t.match(shown, /\$250\.00 MXN[\s\S]*22 November 2026 at 23:59[\s\S]*Pay at the shop[\s\S]*Let it expire/)
  t.equal(simulator.effects('pay_1').charges, 0)
  t.match(await submit(page, { outcome: 'pay' }), { status: 200, text: /Paid/ })
  const paid = await stripe.paymentIntents.retrieve(made.id, { expand: ['latest_charge.balance_transaction'] })
  t.match(paid, { status: 'succeeded', amount_received: 25_000, next_action: null, latest_charge: { id: /^py_/, payment_method_details: { type: 'oxxo', oxxo: { number: made.next_action!.oxxo_display_details!.number } }, balance_transaction: { type: 'payment', fee: 1392, net: 23_608 } } })
  t.equal((await fetch(page)).status, 404, 'a voucher is paid once')
  t.match(await failure(stripe.refunds.create({ payment_intent: made.id })), { code: 'charge_not_refundable', statusCode: 400 })
  t.strictSame(await eventTypes(stripe, 'payment_intent'), ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.succeeded'])
  now += 1000
})

t.test('a voucher that nobody pays ends on its day, and another can be given', async t => {
  let now = Date.parse('2026-11-20T20:00:00Z')
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const made = await stripe.paymentIntents.create(voucher({ payment_method_options: { oxxo: { expires_after_days: 1 } } }, { email: 'fill_never@shop.test' }))
  now = Date.parse('2026-11-21T23:59:58-06:00')
  simulator.advance()
  t.equal((await stripe.paymentIntents.retrieve(made.id)).status, 'requires_action')
  now += 1000
  simulator.advance()
  t.match(await stripe.paymentIntents.retrieve(made.id), { status: 'requires_payment_method', payment_method: null, next_action: null, last_payment_error: { code: 'payment_intent_payment_attempt_expired', payment_method: { type: 'oxxo' } } })
  t.strictSame((await eventTypes(stripe, 'payment_intent')).at(-1), 'payment_intent.payment_failed')
  t.equal((await stripe.charges.list()).data.length, 0)
  const again = await stripe.paymentIntents.confirm(made.id, { payment_method_data: { type: 'oxxo', billing_details: payer } })
  t.match(again, { status: 'requires_action', last_payment_error: null })
  t.equal(simulator.payVoucher(made.id), 'succeeded')
  t.throws(() => simulator.payVoucher(made.id), /no voucher/)
  const canceled = await stripe.paymentIntents.create(voucher())
  await stripe.paymentIntents.cancel(canceled.id)
  now += 9 * 86_400_000
  simulator.advance()
  t.equal((await stripe.paymentIntents.retrieve(canceled.id)).status, 'canceled', 'what is canceled does not expire')
})

t.test('a voucher of a customer with a clock of its own ends by that clock', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const began = Date.parse('2030-01-01T12:00:00Z') / 1000
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: began })
  const customer = (await stripe.customers.create({ test_clock: clock.id })).id
  const [left, paid] = [await stripe.paymentIntents.create(voucher({ customer })), await stripe.paymentIntents.create(voucher({ customer }))]
  t.match(left, { created: began, next_action: { oxxo_display_details: { expires_after: Date.parse('2030-01-04T23:59:59-06:00') / 1000 } } })
  simulator.payVoucher(paid.id)
  simulator.advanceClock(clock.id, began + 4 * 86_400)
  t.match(await stripe.paymentIntents.retrieve(left.id), { status: 'requires_payment_method', last_payment_error: { code: 'payment_intent_payment_attempt_expired' } })
  t.equal((await stripe.paymentIntents.retrieve(paid.id)).status, 'succeeded')
})

t.test("the payer's e-mail decides in test mode", async t => {
  let now = Date.parse('2026-11-20T20:00:00Z')
  const simulator = await start(t, { now: () => new Date(now), asyncMs: 3_600_000 })
  const stripe = sdk(simulator)
  const make = async (email: string) => (await stripe.paymentIntents.create(voucher({}, { email }))).id
  const status = async (id: string) => (await stripe.paymentIntents.retrieve(id)).status
  const paid = await make('succeed_immediately@shop.test')
  const expired = await make('expire_immediately@shop.test')
  const later = await make('expire_with_delay@shop.test')
  const usual = await make('ana@shop.test')
  const never = await make('fill_never@shop.test')
  simulator.advance()
  t.strictSame(await Promise.all([paid, expired, later, usual, never].map(status)), ['succeeded', 'requires_payment_method', 'requires_action', 'requires_action', 'requires_action'])
  now += 180_000
  simulator.advance()
  t.strictSame(await Promise.all([later, usual, never].map(status)), ['requires_payment_method', 'succeeded', 'requires_action'])
  const still = await start(t, { now: () => new Date(now), rules: { vouchersPayThemselves: false } })
  const untouched = (await sdk(still).paymentIntents.create(voucher())).id
  now += 200_000
  still.advance()
  t.equal(still.ledger().payments.find(each => each.id === untouched)!.status, 'requires_action')
})

t.test('what a voucher is not', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const refused: [Stripe.PaymentIntentCreateParams, object][] = [
    [voucher({ amount: 999 }), { code: 'amount_too_small' }],
    [voucher({ amount: 1_000_001 }), { code: 'amount_too_large', param: 'amount' }],
    [voucher({ currency: 'usd' }), { param: 'currency' }],
    [voucher({ capture_method: 'manual' }), { param: 'capture_method' }],
    [voucher({ setup_future_usage: 'off_session' }), { param: 'setup_future_usage' }],
    [voucher({}, { name: undefined }), { code: 'parameter_missing', param: 'payment_method_data[billing_details][name]' }],
    [voucher({}, { name: 'Ana' }), { param: 'payment_method_data[billing_details][name]' }],
    [voucher({}, { email: undefined }), { param: 'payment_method_data[billing_details][email]' }],
    [voucher({ payment_method_options: { oxxo: { expires_after_days: 8 } } }), { param: 'payment_method_options[oxxo][expires_after_days]' }],
    [voucher({ allowed_payment_method_types: ['card'] }), { code: 'payment_intent_incompatible_payment_method' }]
  ]
  for (const [params, error] of refused) t.match(await failure(stripe.paymentIntents.create(params)), { statusCode: 400, ...error }, JSON.stringify(error))
  const elsewhere = await start(t, { country: 'US' })
  t.match(await failure(sdk(elsewhere).paymentIntents.create(voucher())), { message: /"oxxo" is invalid/ })
})

t.test('the end of a day in Mexico City', async t => {
  for (const [now, end] of [['2026-11-20T05:59:59Z', '2026-11-19'], ['2026-11-20T06:00:00Z', '2026-11-20'], ['2026-07-01T12:00:00Z', '2026-07-01']] as const) {
    t.equal(endOfDay(Date.parse(now) / 1000), Date.parse(`${end}T23:59:59-06:00`) / 1000, now)
  }
})

const transfer = (customer: string, more: object = {}) => ({
  amount: 100_000, currency: 'mxn', customer, confirm: true, allowed_payment_method_types: ['customer_balance'], payment_method_data: { type: 'customer_balance' },
  payment_method_options: { customer_balance: { funding_type: 'bank_transfer', bank_transfer: { type: 'mx_bank_transfer' } } }, ...more
}) as Stripe.PaymentIntentCreateParams
const clabeOf = (intent: Stripe.PaymentIntent) => intent.next_action!.display_bank_transfer_instructions!.financial_addresses![0]!.spei!.clabe

t.test('a transfer comes in parts, exactly, or with too much', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = (await stripe.customers.create({ email: 'ana@shop.test' })).id
  const made = await stripe.paymentIntents.create(transfer(customer))
  t.match(made, { status: 'requires_action', next_action: { type: 'display_bank_transfer_instructions', display_bank_transfer_instructions: { type: 'mx_bank_transfer', currency: 'mxn', amount_remaining: 100_000, reference: /^\d{7}$/, financial_addresses: [{ type: 'spei', supported_networks: ['spei'], spei: { bank_code: '002', clabe: /^002\d{15}$/ } }] } } })
  t.equal(Number(clabeOf(made).at(-1)), checkDigit(clabeOf(made).slice(0, 17)))
  t.match(await stripe.testHelpers.customers.fundCashBalance(customer, { amount: 30_000, currency: 'mxn' }), { object: 'customer_cash_balance_transaction', type: 'funded', net_amount: 30_000, ending_balance: 30_000 })
  t.match(await stripe.paymentIntents.retrieve(made.id), { status: 'requires_action', amount_received: 0, next_action: { display_bank_transfer_instructions: { amount_remaining: 70_000 } } })
  await stripe.testHelpers.customers.fundCashBalance(customer, { amount: 80_000, currency: 'mxn' })
  t.match(await stripe.paymentIntents.retrieve(made.id, { expand: ['latest_charge'] }), { status: 'succeeded', amount_received: 100_000, latest_charge: { payment_method_details: { type: 'customer_balance' } } })
  t.match(await stripe.customers.retrieveCashBalance(customer), { available: { mxn: 10_000 }, settings: { reconciliation_mode: 'automatic' } })
  t.match((await stripe.customers.listCashBalanceTransactions(customer)).data.map(each => [each.type, each.net_amount]), [['applied_to_payment', -70_000], ['funded', 80_000], ['applied_to_payment', -30_000], ['funded', 30_000]])
  t.strictSame((await eventTypes(stripe)).filter(type => /^(payment_intent|cash_balance)/.test(type)), ['payment_intent.created', 'payment_intent.requires_action', 'payment_intent.partially_funded', 'payment_intent.succeeded', 'cash_balance.funds_available'])

  const second = await stripe.paymentIntents.create(transfer(customer))
  t.equal(clabeOf(second), clabeOf(made), 'the account number is the customer\'s')
  t.match(second.next_action!.display_bank_transfer_instructions, { amount_remaining: 90_000 }, 'what is left over pays first')
  t.match(await stripe.paymentIntents.cancel(second.id), { status: 'canceled' })
  t.match(await stripe.customers.retrieveCashBalance(customer), { available: { mxn: 10_000 } }, 'and comes back')
  t.match(await stripe.paymentIntents.create(transfer(customer, { amount: 10_000 })), { status: 'succeeded' }, 'enough pays at once')
  t.match(await stripe.refunds.create({ payment_intent: made.id, amount: 5000 }), { status: 'pending', destination_details: { type: 'mx_bank_transfer' } })
  t.match(await stripe.customers.createFundingInstructions(customer, { currency: 'mxn', funding_type: 'bank_transfer', bank_transfer: { type: 'mx_bank_transfer' } }), { object: 'funding_instructions', bank_transfer: { country: 'MX', financial_addresses: [{ spei: { clabe: clabeOf(made) } }] } })
})

t.test('whose money it is, when several wait', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = (await stripe.customers.create({})).id
  const make = async (amount: number, description?: string) => (await stripe.paymentIntents.create(transfer(customer, { amount, description }))).id
  const oldest = await make(50_000)
  const exact = await make(20_000)
  const named = await make(30_000, 'PEDIDO 77')
  const status = async () => Promise.all([oldest, exact, named].map(async id => (await stripe.paymentIntents.retrieve(id)).status === 'succeeded'))
  simulator.fund(customer, 20_000)
  t.strictSame(await status(), [false, true, false])
  simulator.fund(oldest, 30_000, { reference: 'pago PEDIDO 77' })
  t.strictSame(await status(), [false, true, true])
  simulator.fund(customer, 50_000)
  t.strictSame(await status(), [true, true, true])
  await stripe.customers.updateCashBalance(customer, { settings: { reconciliation_mode: 'manual' } })
  const byHand = await make(10_000)
  simulator.fund(customer, 10_000)
  t.equal((await stripe.paymentIntents.retrieve(byHand)).status, 'requires_action')
  t.equal((await stripe.paymentIntents.applyCustomerBalance(byHand)).status, 'succeeded')
})

t.test('the page of a transfer', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = (await stripe.customers.create({})).id
  const made = await stripe.paymentIntents.create(transfer(customer, { return_url: 'https://shop.test/back' }))
  const page = made.next_action!.display_bank_transfer_instructions!.hosted_instructions_url!
  const shown = await (await fetch(page)).text()
  t.match(shown, new RegExp(clabeOf(made)))
  t.strictSame(formOf(shown), { amount: '1000.00' })
  t.match(await submit(page, { amount: '400' }), { text: /\$400\.00 MXN of \$1,000\.00 MXN has arrived/ })
  t.match(await submit(page, { amount: 'x' }), { status: 400 })
  t.match(await submit(page), { text: /has arrived[\s\S]*https:\/\/shop\.test\/back/ })
  t.equal((await stripe.paymentIntents.retrieve(made.id)).status, 'succeeded')
})

t.test('what a transfer needs', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = (await stripe.customers.create({})).id
  for (const [params, error] of [
    [transfer(customer, { customer: undefined }), { param: 'customer' }],
    [transfer(customer, { payment_method_options: undefined }), { param: 'payment_method_options[customer_balance][funding_type]' }],
    [transfer(customer, { payment_method_options: { customer_balance: { funding_type: 'bank_transfer' } } }), { param: 'payment_method_options[customer_balance][bank_transfer]' }],
    [transfer(customer, { payment_method_options: { customer_balance: { funding_type: 'bank_transfer', bank_transfer: { type: 'eu_bank_transfer' } } } }), { param: 'payment_method_options[customer_balance][bank_transfer][type]' }],
    [transfer(customer, { currency: 'usd' }), { param: 'currency' }]
  ] as const) t.match(await failure(stripe.paymentIntents.create(params)), { statusCode: 400, ...error }, JSON.stringify(error))
  const live = sdk(simulator, 'sk_live_transfers000001')
  t.match(await failure(live.testHelpers.customers.fundCashBalance((await live.customers.create({})).id, { amount: 1, currency: 'mxn' })), { statusCode: 403 })
})

t.test('no transfer is lost or counted twice, however they come', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1000, max: 60_000 }), { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 6 }), async (payments, transfers) => {
    const customer = (await stripe.customers.create({})).id
    for (const amount of payments) await stripe.paymentIntents.create(transfer(customer, { amount }))
    for (const amount of transfers) simulator.fund(customer, amount)
    const intents = (await stripe.paymentIntents.list({ customer })).data
    const applied = intents.reduce((sum, each) => sum + each.amount - (each.next_action?.display_bank_transfer_instructions?.amount_remaining ?? 0), 0)
    const left = (await stripe.customers.retrieveCashBalance(customer)).available?.mxn ?? 0
    const funded = transfers.reduce((sum, each) => sum + each, 0)
    return applied + left === funded && (left === 0 || intents.every(each => each.status === 'succeeded'))
  }), { numRuns: 25 })
})
