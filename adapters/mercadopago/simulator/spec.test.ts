/** The adapter through everything it does, and the official document as the judge of what was said in both directions. */
import t from 'tap'
import mercadopago from '../adapter.ts'
import { officialSpec } from '../../../test/support/official-spec.ts'
import type { Judged } from '../simulator.ts'
import { ana, card, closesAgents, id, key, open, order, refused, simulated, soon } from '../testing/simulated.ts'
import { routes } from './routes.ts'

closesAgents(t)
const { payments } = mercadopago
const spec = officialSpec({
  files: ['mercadopago/spec3.json'],
  error: () => 'Error',
  keyHeader: 'X-Idempotency-Key',
  nullIsAbsent: true,
  // The documentation, the facts (sections 3.2, 3.3) or the official library have these.
  alsoSent: {
    PaymentRequest: ['three_d_secure_mode', 'transaction_details'],
    PaymentPayer: ['first_name', 'last_name', 'entity_type', 'address'],
    PaymentAdditionalInfo: ['ip_address'],
    PreferenceRequest: ['metadata'],
    CardTokenRequest: ['card_id', 'customer_id']
  },
  // Not where a customer or a saved card is named.
  optional: { PaymentPayer: ['email'], CardTokenRequest: ['card_number', 'expiration_month', 'expiration_year', 'security_code', 'cardholder'] }
})
/** Of the libraries and Mercado Libre's own API, not of this document. */
const outside = ['GET /users/me', 'GET /v1/chargebacks/search', 'GET /authorized_payments/search', 'DELETE /v1/customers/{id}']

/** Where the document describes another thing: the documentation lists a chargeback's payments as ids, and a list of plans is no list of subscriptions. */
function asDescribed (exchange: Judged): Judged {
  const { path, status, answer } = exchange
  // An error's causes are objects in true answers, and text here.
  if (status >= 400) return { ...exchange, answer: { ...answer, cause: [] } }
  if (path === '/v1/chargebacks/{id}') return { ...exchange, answer: { ...answer, payments: answer.payments.map((id: number) => ({ id })) } }
  if (path === '/preapproval_plan/search') return { ...exchange, answer: { ...answer, results: answer.results.map((plan: object) => ({ ...plan, status: 'pending' })) } }
  return exchange
}

t.test('everything that is said is as the document has it', { skip: spec === undefined && 'no PASARELA_ORACLE_DATA' }, async t => {
  const heard: Judged[] = []
  let ahead = 0
  const simulator = await simulated(t, { judge: exchange => heard.push(exchange), reportMs: 60_000, now: () => new Date(Date.now() + ahead) })
  const context = open(simulator, { settings: { back_url: 'https://shop.example/back', invoice_search_path: 'list', customer_delete_path: 'delete' } })
  const on = (more: object = {}) => ({ idempotencyKey: key(), ...more })
  await mercadopago.test(context)
  const customer = await payments.createCustomer(context, { ...on(), reference: id('cus'), ...ana, phone: '5522997233', taxId: 'XAXX010101000', metadata: { room: '12' } })
  const of = { customerProviderReference: customer.providerReference }
  await payments.updateCustomer(context, { ...on(), ...of, name: 'Ana María' })
  await payments.findCustomer(context, { ...soon(), reference: 'cus_none', email: ana.email })
  const saved = await payments.saveMethod(context, { ...on(), ...of, reference: id('pmt'), type: 'card', token: 'sim-token-visa-APRO' })
  await payments.listMethods(context, of)

  const paid = await payments.createPayment(context, order({ orderReference: 'A-1', statementDescriptor: 'TIENDA', installments: 3, lines: [{ name: 'Mesa', quantity: 1, unitAmount: 10_050 }] }))
  await payments.createPayment(context, order({ method: { type: 'card', token: saved.providerReference }, customer: { provider_reference: customer.providerReference } }))
  for (const holder of ['FUND', 'CHAL', 'CONT']) await payments.createPayment(context, order({ method: card(holder) }))
  for (const type of ['oxxo', 'spei', 'paycash', 'banamex']) await payments.createPayment(context, order({ method: { type }, expiresAt: new Date(Date.now() + 86_400_000) }))
  const tax = { ...ana, tax_id: '12345678909' }
  const brazil = open(simulator, { credentials: simulator.account({ mode: 'test', site: 'MLB' }) })
  for (const type of ['pix', 'boleto']) await payments.createPayment(brazil, order({ amount: { amount: 10_050, currency: 'BRL' }, customer: tax, method: { type, details: { zip_code: '01310100' } } }))
  const colombia = open(simulator, { credentials: simulator.account({ mode: 'test', site: 'MCO' }) })
  await payments.createPayment(colombia, order({ amount: { amount: 500_000, currency: 'COP' }, customer: tax, returnUrl: 'https://shop.example/r', method: { type: 'pse', details: { bank: '1007', ip_address: '190.0.0.1' } } }))
  await payments.findPayment(context, { ...soon(), reference: paid.reference! })
  for (const part of [5000, 5050]) {
    const { providerReference } = await payments.refund(context, { ...on(), refundReference: id('ref'), reference: paid.reference!, providerReference: paid.providerReference, amount: { amount: part, currency: 'MXN' } })
    await payments.getRefund(context, providerReference)
  }
  await payments.findRefund(context, { ...soon(), reference: paid.reference!, refundReference: id('ref'), providerReference: paid.providerReference, amount: { amount: 5000, currency: 'MXN' } })
  await refused(payments.refund(context, { ...on(), refundReference: id('ref'), reference: paid.reference!, providerReference: paid.providerReference, amount: { amount: 1, currency: 'MXN' } }))
  const held = await payments.createPayment(context, order({ capture: 'manual' }))
  await payments.capture(context, { ...on(), providerReference: held.providerReference, reference: held.reference!, amount: { amount: 5000, currency: 'MXN' } })
  const canceled = await payments.createPayment(context, order({ capture: 'manual' }))
  await payments.cancel(context, { ...on(), providerReference: canceled.providerReference, reference: canceled.reference! })
  const lost = await payments.createPayment(context, order())
  await payments.getDispute(context, simulator.dispute(lost.providerReference))
  await payments.listDisputes(context, soon())
  await payments.listTransactions(context, soon())
  const kept = new Map<string, string>()
  const report = { ...context, settings: { ...context.settings, transactions_source: 'settlement_report' }, memory: { get: (name: string) => kept.get(name), set: (name: string, value: string) => { kept.set(name, value) } } }
  const yesterday = { from: new Date(Date.now() - 2 * 86_400_000), to: new Date(Date.now() - 86_400_000) }
  for (let times = 0; times < 2; times++) await refused(payments.listTransactions(report, yesterday))
  ahead = 61_000
  t.same(await payments.listTransactions(report, yesterday), { data: [] })
  ahead = 0

  const page = { ...on(), reference: id('chk'), amount: { amount: 20_000, currency: 'MXN' }, capture: 'automatic' as const, description: 'Pedido 1', customer: ana, successUrl: 'https://shop.example/ok', cancelUrl: 'https://shop.example/no' }
  const first = await payments.createCheckout(context, page)
  simulator.payPage(first.providerReference)
  await payments.getCheckout(context, first.providerReference)
  const second = await payments.createCheckout(context, { ...page, reference: id('chk'), methods: ['card', 'oxxo'], expiresAt: new Date(Date.now() + 3_600_000) })
  await payments.findCheckout(context, { ...soon(), reference: second.reference! })
  await payments.expireCheckout(context, { ...on(), providerReference: second.providerReference, reference: second.reference! })
  const link = await payments.createPaymentLink(context, { ...page, reference: id('lnk') })
  await payments.expirePaymentLink(context, { ...on(), providerReference: link.providerReference, reference: link.reference! })

  const plan = await payments.createPlan(context, { ...on(), reference: id('pln'), name: 'Gimnasio', amount: { amount: 49_990, currency: 'MXN' }, interval: 'month', intervalCount: 1, trialDays: 0 })
  await payments.findPlan(context, { ...soon(), reference: 'pln_none' })
  const reference = `sub_${'0'.repeat(31)}1`
  const subscription = await payments.createSubscription(context, { ...on(), reference, ...of, planReference: 'pln', planProviderReference: plan.providerReference, quantity: 2, methodProviderReference: saved.providerReference })
  const its = { ...on(), providerReference: subscription.providerReference, reference }
  await payments.createSubscription(context, { ...on(), reference: `sub_${'0'.repeat(31)}2`, ...of, planReference: 'pln', planProviderReference: plan.providerReference, quantity: 1, trialDays: 14 })
  await payments.findSubscription(context, { ...soon(), reference, ...of })
  await payments.listCycles(context, subscription.providerReference)
  t.match(await payments.updateSubscription(context, { ...its, quantity: 3, proration: 'none' }), { status: 'active', reference })
  await payments.updateSubscription(context, { ...its, proration: 'none', methodProviderReference: saved.providerReference })
  await payments.pauseSubscription(context, its)
  await payments.resumeSubscription(context, its)
  await payments.cancelSubscription(context, { ...its, at: 'now' })
  await payments.removeMethod(context, { ...on(), ...of, providerReference: saved.providerReference })
  await payments.deleteCustomer(context, { ...on(), ...of })

  const wrong = heard.filter(({ method, path }) => !outside.includes(`${method} ${path}`)).flatMap(exchange => spec!.complaint(asDescribed(exchange)) ?? [])
  t.same([...new Set(wrong)], [], 'nothing is said otherwise')
  t.ok(heard.length > 80, `${heard.length} exchanges were judged`)
  const played = new Set(heard.map(({ method, path }) => `${method} ${path}`))
  t.same(routes.map(({ method, path }) => `${method} ${path}`).filter(name => !played.has(name)), ['DELETE /v1/customers/{id}', 'GET /authorized_payments/search', 'GET /v1/account/settlement_report/{file_name}'], 'what nobody asked for, and a file that is no JSON')
})

t.test('a judge that accepts everything is none', { skip: spec === undefined && 'no PASARELA_ORACLE_DATA' }, async t => {
  const key = { 'x-idempotency-key': '2066ca19-c6f1-498a-be75-1923005edd06' }
  const good = { method: 'POST', path: '/v1/payments', status: 201, headers: key, answer: { id: 1, status: 'approved' }, body: { transaction_amount: 100.5, payer: { email: 'a@b.mx' } } }
  t.equal(spec!.complaint(good), undefined)
  t.match(spec!.complaint({ ...good, headers: {} }), /lacks an idempotency key/)
  t.match(spec!.complaint({ ...good, answer: { id: 1, status: 'paid' } }), /answers 201/)
  for (const [what, body] of Object.entries({
    'an amount in text': { ...good.body, transaction_amount: '100.50' },
    'no payer': { transaction_amount: 1 },
    'a currency': { ...good.body, currency_id: 'MXN' },
    'a descriptor that is too long': { ...good.body, statement_descriptor: 'x'.repeat(23) },
    'no instalment': { ...good.body, installments: 0 }
  })) t.match(spec!.complaint({ ...good, body }), /is asked with/, what)
})
