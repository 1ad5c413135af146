import t, { type Test } from 'tap'
import type Stripe from 'stripe'
import type { CreateSubscriptionInput } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { cycleOf } from './cycles.ts'
import { closesAgents, id, key, open, type Opened, refused, sent, simulated, soon } from './testing/simulated.ts'

const { payments } = stripe

closesAgents(t)

const amount = { amount: 49_900, currency: 'MXN' }

/** A plan, a customer with a card, and a clock that the test moves. */
async function gym (t: Test, token = 'pm_card_visa') {
  let ahead = 0
  const now = () => new Date(Date.now() + ahead)
  const simulator = await simulated(t, { now })
  const context = open(simulator, { now })
  const plan = await payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'Membresía', amount, interval: 'month', intervalCount: 1 })
  const customer = await payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), name: 'Ana' })
  const method = await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: customer.providerReference, type: 'card', token })
  const input = (more: Partial<CreateSubscriptionInput> = {}): CreateSubscriptionInput => ({
    idempotencyKey: key(), reference: id('sub'), customerProviderReference: customer.providerReference, planReference: String(plan.reference), planProviderReference: plan.providerReference, quantity: 1,
    methodProviderReference: method.providerReference, ...more
  })
  const pass = (to: Date) => {
    for (const hours of [0, 2]) {
      ahead = to.getTime() + hours * 3_600_000 - Date.now()
      simulator.advance()
    }
  }
  return { simulator, context, plan, customer, method, input, pass }
}

const on = ({ providerReference, reference }: { providerReference: string, reference?: string }) => ({ providerReference, reference: String(reference), idempotencyKey: key() })

t.test('a plan is a recurring price, made with its product in one request', async t => {
  const context = open(await simulated(t))
  const input = { idempotencyKey: key(), reference: id('pln'), name: 'Trimestral', amount, interval: 'month' as const, intervalCount: 3, trialDays: 7 }
  const plan = await payments.createPlan(context, input)
  t.match(sent(context), { unit_amount: '49900', currency: 'mxn', 'recurring[interval]': 'month', 'recurring[interval_count]': '3', 'product_data[name]': 'Trimestral', 'metadata[pasarela_plan]': input.reference })
  t.equal(context.exchanges.length, 1)
  t.match(plan, { providerReference: /^price_/, reference: input.reference, amount, interval: 'month', intervalCount: 3 })
  t.match(await payments.findPlan(context, { reference: input.reference, ...soon() }), { providerReference: plan.providerReference })
  t.equal(await payments.findPlan(context, { reference: id('pln'), ...soon() }), undefined)
  t.match(await refused(payments.createPlan(context, { ...input, idempotencyKey: key(), amount: { amount: 999, currency: 'MXN' } })), { code: 'amount_invalid', reached: 'nowhere' })
})

t.test('with a saved card: paid at once, and every month, by payments that name it', async t => {
  const { context, input, method, pass } = await gym(t)
  const asked = input({ metadata: { branch: 'Roma' } })
  const made = await payments.createSubscription(context, asked)
  t.match(sent(context), { 'items[0][price]': /^price_/, 'items[0][quantity]': '1', payment_behavior: 'allow_incomplete', off_session: 'true', default_payment_method: method.providerReference, 'metadata[pasarela_subscription]': asked.reference, 'metadata[branch]': 'Roma' })
  t.match(made, { providerReference: /^sub_/, reference: asked.reference, status: 'active', cancelAtPeriodEnd: false, mode: 'test', nextAction: undefined, latestCycle: { status: 'paid', amount, attempts: Number, paymentProviderReference: /^pi_/ } })
  const paid = await payments.getPayment(context, String(made.latestCycle?.paymentProviderReference))
  t.match(paid, { status: 'succeeded', amountCaptured: 49_900, reference: asked.reference }, 'found through its invoice: Stripe copies no metadata to it')
  t.match((await payments.listPayments(context, soon())).data, [{ providerReference: paid.providerReference, reference: undefined }], 'a list does not look for it')

  pass(new Date(Number(made.currentPeriodEnd) + 86_400_000))
  const cycles = await payments.listCycles(context, made.providerReference)
  t.match(cycles, [{ status: 'paid', amount }, { status: 'paid', amount }])
  t.same(cycles[0]?.periodStart, made.currentPeriodEnd, 'what is billed is the period that begins')
  t.match(await payments.getPayment(context, String(cycles[0]?.paymentProviderReference)), { reference: asked.reference })
  t.same((await payments.getSubscription(context, made.providerReference)).currentPeriodStart, made.currentPeriodEnd)
})

t.test('without a card: the payer pays the first period in the page or at Stripe’s', async t => {
  const { context, input } = await gym(t)
  const made = await payments.createSubscription(context, input({ methodProviderReference: undefined }))
  t.match(sent(context), { payment_behavior: 'default_incomplete', 'payment_settings[save_default_payment_method]': 'on_subscription' })
  t.match(made, { status: 'incomplete', nextAction: { type: 'client_secret', client_secret: /_secret_/, publishable_key: /^pk_test_/, url: /^http/ }, latestCycle: { status: 'open' } })
  t.match(await payments.getSubscription(context, made.providerReference), { status: 'incomplete', nextAction: { type: 'client_secret' } })
  const trial = await payments.createSubscription(context, input({ methodProviderReference: undefined, trialDays: 14 }))
  t.match(trial, { status: 'trialing', trialEndsAt: Date })
  const found = await payments.findSubscription(context, { reference: String(made.reference), ...soon() })
  t.match(found, { providerReference: made.providerReference, status: 'incomplete', nextAction: { type: 'client_secret' } })
})

t.test('a card that the bank refuses, or asks the payer about', async t => {
  const poor = await gym(t, 'pm_card_chargeCustomerFail')
  t.match(await payments.createSubscription(poor.context, poor.input()), { status: 'incomplete', error: { code: 'card_declined' }, nextAction: { type: 'client_secret', url: /^http/ }, latestCycle: { status: 'open', attempts: 1 } })
  const asking = await gym(t)
  const three = await payments.saveMethod(asking.context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: asking.customer.providerReference, type: 'card', token: 'pm_card_authenticationRequired', returnUrl: 'https://shop.example/return' })
  if (three.nextAction?.type !== 'redirect') throw new Error('no page')
  await fetch(three.nextAction.url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ outcome: 'complete' }) })
  const made = await payments.createSubscription(asking.context, asking.input({ methodProviderReference: three.providerReference }))
  t.match(made, { status: 'incomplete', nextAction: { type: /sdk_challenge|client_secret|redirect/ } })
})

t.test('a renewal that fails: past due, tried again', async t => {
  const { context, input, customer, pass } = await gym(t)
  const made = await payments.createSubscription(context, input())
  const failing = await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: customer.providerReference, type: 'card', token: 'pm_card_chargeCustomerFail' })
  t.match(await payments.updateSubscription(context, { ...on(made), proration: 'none', methodProviderReference: failing.providerReference }), { status: 'active' })
  pass(new Date(Number(made.currentPeriodEnd) + 1000))
  const late = await payments.getSubscription(context, made.providerReference)
  t.match(late, { status: 'past_due', latestCycle: { status: 'open', nextAttemptAt: Date }, error: { code: 'card_declined' }, nextAction: { type: 'client_secret', url: /^http/ } })
  t.ok(Number(late.latestCycle?.attempts) >= 1)
})

t.test('changed, previewed, paused, ended', async t => {
  const { context, input, plan } = await gym(t)
  const made = await payments.createSubscription(context, input())
  const preview = await payments.previewUpdate(context, { providerReference: made.providerReference, reference: String(made.reference), quantity: 2, proration: 'prorate' })
  t.match(preview, { amountDue: { currency: 'MXN' }, lines: [{ description: String, amount: Number, proration: Boolean, periodStart: Date, periodEnd: Date }] })
  t.equal(preview.prorated, preview.lines.filter(({ proration }) => proration).reduce((sum, line) => sum + line.amount, 0))
  t.ok(preview.prorated > 40_000 && preview.prorated <= 49_900, `one more for nearly a month: ${preview.prorated}`)
  await payments.updateSubscription(context, { ...on(made), quantity: 2, proration: 'prorate', planProviderReference: plan.providerReference })
  t.match(sent(context), { 'items[0][id]': /^si_/, 'items[0][quantity]': '2', 'items[0][price]': plan.providerReference, proration_behavior: 'create_prorations' })

  t.match(await payments.pauseSubscription(context, on(made)), { status: 'paused', providerStatus: 'active' })
  t.match(sent(context), { 'pause_collection[behavior]': 'void' })
  t.match(await payments.resumeSubscription(context, on(made)), { status: 'active' })
  t.match(await payments.cancelSubscription(context, { ...on(made), at: 'period_end' }), { status: 'active', cancelAtPeriodEnd: true })
  t.match(await payments.resumeSubscription(context, on(made)), { status: 'active', cancelAtPeriodEnd: false }, 'taken back')
  const cancel = () => payments.cancelSubscription(context, { ...on(made), at: 'now' })
  t.match(await cancel(), { status: 'canceled', canceledAt: Date })
  t.match(await cancel(), { status: 'canceled' })
  for (const late of [
    () => payments.pauseSubscription(context, on(made)),
    () => payments.updateSubscription(context, { ...on(made), quantity: 3, proration: 'none' }),
    () => payments.cancelSubscription(context, { ...on(made), at: 'period_end' })
  ]) t.match(await refused(late()), { code: /invalid_state|not_found/, reached: 'answered' })
  t.match(await refused(payments.getSubscription(context, 'sub_none')), { code: 'not_found', reached: 'answered' })
})

t.test('a stored 500: what was done is read, and what was not stays unknown', async t => {
  const { context, input, customer, plan } = await gym(t)
  const replay: Opened = {
    ...context,
    http: request => request.method === 'POST' ? Promise.resolve({ status: 500, headers: { 'idempotent-replayed': 'true' }, body: Buffer.from('{"error":{"type":"api_error"}}') }) : context.http(request)
  }
  const asked = input()
  t.match(await refused(payments.createSubscription(replay, asked)), { reached: 'unknown' })
  const made = await payments.createSubscription(context, asked)
  t.match(await payments.createSubscription(replay, asked), { providerReference: made.providerReference })
  const change = { ...on(made), quantity: 2, proration: 'none' as const, planProviderReference: plan.providerReference }
  const save = { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: customer.providerReference, type: 'card', token: 'pm_card_mastercard' }
  for (const [name, act] of Object.entries({
    change: (at: Opened) => payments.updateSubscription(at, change),
    pause: (at: Opened) => payments.pauseSubscription(at, on(made)),
    resume: (at: Opened) => payments.resumeSubscription(at, on(made)),
    end: (at: Opened) => payments.cancelSubscription(at, { ...on(made), at: 'period_end' }),
    rename: (at: Opened) => payments.updateCustomer(at, { idempotencyKey: key(), customerProviderReference: customer.providerReference, name: 'Ana María', taxId: 'XAXX010101000' }),
    save: (at: Opened) => payments.saveMethod(at, save)
  })) {
    if (name !== 'resume') t.match(await refused(act(replay)), { reached: 'unknown' }, `${name}: not done`)
    const done = await act(context)
    t.match(await act(replay), { providerReference: done.providerReference }, `${name}: done`)
  }
})

t.test('an invoice in our words', t => {
  const base = { id: 'in_1', status: 'paid', amount_due: 5000, currency: 'mxn', attempt_count: 1, next_payment_attempt: null, period_start: 1, period_end: 2, parent: { subscription_details: { subscription: 'sub_1', metadata: null } }, lines: { data: [] } }
  const cycle = (more: object) => cycleOf({ ...base, ...more } as unknown as Stripe.Invoice)
  for (const status of ['draft', 'open', 'paid', 'uncollectible', 'void']) t.equal(cycle({ status })?.status, status)
  for (const status of ['brand_new', null]) t.throws(() => cycle({ status }), { code: 'unknown', reached: 'unknown' })
  t.match(cycle({}), { periodStart: new Date(1000), periodEnd: new Date(2000), paymentProviderReference: undefined }, 'without lines its own period')
  const payment = (id: string, status: string, usual: boolean) => ({ status, is_default: usual, payment: { type: 'payment_intent', payment_intent: id } })
  for (const [data, expected] of [
    [[payment('pi_1', 'canceled', true), payment('pi_2', 'paid', false)], 'pi_2'], [[payment('pi_1', 'open', false), payment('pi_2', 'open', true)], 'pi_2'], [[payment('pi_1', 'open', false)], 'pi_1'],
    [[{ status: 'paid', is_default: true, payment: { type: 'payment_record', payment_record: 'pr_1' } }], undefined]
  ] as const) t.equal(cycle({ payments: { data } })?.paymentProviderReference, expected)
  t.equal(cycle({ parent: { subscription_details: null } }), undefined, 'of no subscription')
  t.end()
})
