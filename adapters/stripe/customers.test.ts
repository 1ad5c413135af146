import t from 'tap'
import type { CustomerSnapshot } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { setupOf } from './saved-methods.ts'
import { card, closesAgents, id, key, open, type Opened, order, refused, returnUrl, sent, simulated, soon } from './testing/simulated.ts'

const { payments } = stripe

closesAgents(t)

const known = (context: Opened, more = {}) => payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), name: 'Ana Pérez', email: 'ana@shop.example', ...more })
const save = (context: Opened, customer: CustomerSnapshot, token: string, more = {}) =>
  payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: customer.providerReference, type: 'card', token, ...more })

t.test('a customer: made, changed, found, forgotten', async t => {
  const context = open(await simulated(t))
  const input = { idempotencyKey: key(), reference: id('cus'), name: 'Ana Pérez', email: 'ana@shop.example', phone: '+525512345678', taxId: 'XAXX010101000', metadata: { room: '12' } }
  const customer = await payments.createCustomer(context, input)
  t.match(sent(context), { name: 'Ana Pérez', email: 'ana@shop.example', phone: '+525512345678', 'metadata[room]': '12', 'metadata[pasarela_customer]': input.reference, 'metadata[pasarela_tax_id]': 'XAXX010101000' })
  t.match(customer, { providerReference: /^cus_/, reference: input.reference, name: 'Ana Pérez', email: 'ana@shop.example', mode: 'test' })
  t.match(await payments.createCustomer(context, input), { providerReference: customer.providerReference }, 'the same key')
  const at = { customerProviderReference: customer.providerReference }
  t.match(await payments.updateCustomer(context, { ...at, idempotencyKey: key(), name: 'Ana María' }), { name: 'Ana María', email: 'ana@shop.example', reference: input.reference })
  t.match(await payments.findCustomer(context, { reference: input.reference, ...soon() }), { providerReference: customer.providerReference })
  t.equal(await payments.findCustomer(context, { reference: id('cus'), ...soon() }), undefined)
  await payments.deleteCustomer(context, { ...at, idempotencyKey: key() })
  await payments.deleteCustomer(context, { ...at, idempotencyKey: key() })
  t.equal(await payments.findCustomer(context, { reference: input.reference, ...soon() }), undefined, 'gone')
  t.match(await refused(payments.updateCustomer(context, { ...at, idempotencyKey: key(), name: 'x' })), { code: 'not_found', reached: 'answered' })
})

t.test('a card is kept, charged while the payer is away, and removed', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const customer = await known(context)
  const kept = await save(context, customer, 'pm_card_visa', { returnUrl })
  t.match(sent(context), { customer: customer.providerReference, usage: 'off_session', confirm: 'true', 'allowed_payment_method_types[0]': 'card', return_url: returnUrl, 'metadata[pasarela_method]': /^pmt_/ })
  t.match(kept, { providerReference: /^pm_/, status: 'active', type: 'card', brand: 'visa', last4: '4242', expMonth: Number, expYear: Number, setupReference: /^seti_/, error: undefined, nextAction: undefined })
  t.match(await payments.getSetup(context, String(kept.setupReference)), { status: 'active', providerReference: kept.providerReference })
  t.match(await payments.listMethods(context, { customerProviderReference: customer.providerReference }), [{ providerReference: kept.providerReference, last4: '4242' }])
  const charge = () => payments.createPayment(context, order({ method: card(kept.providerReference), offSession: true, customer: { provider_reference: customer.providerReference } }))
  t.match(await charge(), { status: 'succeeded', customerProviderReference: customer.providerReference })
  const remove = { idempotencyKey: key(), customerProviderReference: customer.providerReference, providerReference: kept.providerReference }
  await payments.removeMethod(context, remove)
  await payments.removeMethod(context, { ...remove, idempotencyKey: key() })
  await payments.removeMethod(context, { ...remove, idempotencyKey: key(), providerReference: 'pm_none' })
  t.same(await payments.listMethods(context, { customerProviderReference: customer.providerReference }), [])
  t.match(await refused(charge()), { reached: 'answered' })
  const other = await known(context)
  const theirs = await save(context, other, 'pm_card_mastercard')
  t.match(await refused(payments.createPayment(context, order({ method: card(theirs.providerReference), offSession: true, customer: { provider_reference: customer.providerReference } }))), { reached: 'answered' }, 'another’s card')
})

t.test('a bank that refuses or asks first', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const customer = await known(context)
  for (const [token, code] of [['chargeDeclinedInsufficientFunds', 'insufficient_funds'], ['chargeDeclinedStolenCard', 'fraud_suspected'], ['chargeDeclinedExpiredCard', 'expired_card'], ['chargeDeclinedIncorrectCvc', 'incorrect_cvc']] as const) {
    t.match(await save(context, customer, `pm_card_${token}`), { status: 'failed', error: { code, providerCode: /./, message: /./ }, nextAction: undefined }, token)
  }
  t.match(await save(context, customer, 'tok_visa'), { status: 'active', last4: '4242' }, 'what Stripe.js made')
  const inPage = await save(context, customer, 'pm_card_authenticationRequired')
  t.match(inPage, { status: 'requires_action', nextAction: { type: 'sdk_challenge', data: { client_secret: /^seti_.*_secret_/, publishable_key: /^pk_test_/ } } })
  const away = await save(context, customer, 'pm_card_authenticationRequired', { returnUrl })
  t.match(away, { status: 'requires_action', nextAction: { type: 'redirect', url: /^http/ } })
  if (away.nextAction?.type !== 'redirect') throw new Error('no page')
  await fetch(away.nextAction.url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'outcome=complete' })
  t.match(await payments.getSetup(context, String(away.setupReference)), { status: 'active', nextAction: undefined })

  t.match(await refused(save(context, customer, 'pm_card_visa', { type: 'oxxo' })), { code: 'unsupported', reached: 'nowhere', param: 'type' })
  t.match(await refused(save(context, customer, '4242424242424242')), { code: 'invalid_request', reached: 'nowhere', param: 'method.token' })
  t.throws(() => setupOf({ id: 'seti_1', status: 'brand_new' } as never), { code: 'unknown', reached: 'unknown' })
})

t.test('a card is kept while it pays', async t => {
  const context = open(await simulated(t))
  const customer = await known(context)
  const paid = await payments.createPayment(context, order({ method: card('pm_card_visa'), saveMethod: true, customer: { provider_reference: customer.providerReference }, returnUrl }))
  t.match(sent(context), { setup_future_usage: 'off_session' })
  t.match(paid, { status: 'succeeded', savedMethodReference: /^pm_/ })
  const plain = await payments.createPayment(context, order({ method: card('pm_card_visa'), customer: { provider_reference: customer.providerReference }, returnUrl }))
  t.equal(plain.savedMethodReference, undefined, 'what was not to be kept is not')
  t.match(await payments.listMethods(context, { customerProviderReference: customer.providerReference }), [{ providerReference: paid.savedMethodReference }])
})
