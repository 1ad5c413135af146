import fc from 'fast-check'
import t from 'tap'
import type { ConnectionContext } from '../../core/adapter/index.ts'
import kushki from './adapter.ts'
import { amountOnWire, minorOf, numberOnWire, totalOf } from './amounts.ts'
import { currencies } from './countries.ts'
import { after } from './plans.ts'
import { momentsIn } from './rows.ts'
import { ana, answering, card, closesAgents, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'

closesAgents(t)
const { payments } = kushki
const whole = { amount: 19_990, currency: 'MXN' }
const dayMs = 86_400_000
const back = (context: ConnectionContext, providerReference: string, amount = whole) => payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: 'pay_1', providerReference, amount })
const later = <T extends ConnectionContext>(context: T, days: number): T => ({ ...context, now: () => new Date(Date.now() + days * dayMs) })

t.test('a card: what is asked, and with which id', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ taxBreakdown: [{ type: 'IVA', amount: 2757 }], orderReference: 'A-1', metadata: { room: '12' } })
  const paid = await payments.createPayment(context, input)
  t.match(paid, { status: 'succeeded', providerStatus: 'APPROVAL', providerReference: /^\d{18}$/, reference: input.reference, amountCaptured: 19_990, method: { type: 'card', brand: 'mastercard', last4: '5480', funding: 'credit' } })
  t.same(sent(context), {
    token: 'sim_approved',
    amount: { subtotalIva: 172.33, subtotalIva0: 0, iva: 27.57, ice: 0, currency: 'MXN' },
    metadata: { room: '12', pasarela_payment: input.reference, pasarela_attempt: '1', pasarela_order: 'A-1' },
    contactDetails: { email: ana.email, documentType: 'RFC', documentNumber: ana.tax_id, firstName: 'Ana', lastName: 'Pérez', phoneNumber: ana.phone },
    fullResponse: 'v2'
  })
  const [write] = context.exchanges
  t.equal(write?.requestHeaders['private-merchant-id'], context.credentials.private_merchant_id)
  t.equal(write?.requestHeaders['idempotency-key'], input.idempotencyKey)
  const without = open(simulator, { settings: { idempotency_header: false } })
  await payments.createPayment(without, order())
  t.equal(without.exchanges[0]?.requestHeaders['idempotency-key'], undefined)
  for (const [method, more, param] of [
    [{ type: 'card', token: 'x' }, {}, 'method.token'], [{ type: 'oxxo' }, {}, 'method.type'], [card(), { amount: { amount: 100, currency: 'BRL' } }, 'currency'], [card(), { taxBreakdown: [{ type: 'iva', amount: 20_000 }] }, 'tax_breakdown'],
    [card(), { installments: 60 }, 'installments'], [{ type: 'cash' }, { capture: 'manual' }, 'capture'], [{ type: 'pse' }, {}, 'method.type']
  ] as const) t.match(await refused(payments.createPayment(context, order({ method, ...more } as object))), { reached: 'nowhere', param }, param)
})

t.test('instalments, as each country wants them', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const asked = async (currency: string, more: object = {}, on = context) => {
    t.match(await payments.createPayment(on, order({ amount: { amount: 500_000, currency }, installments: 6, ...more })), { status: 'succeeded' })
    const { months, deferred } = sent(on)
    return { months, deferred }
  }
  for (const currency of ['MXN', 'PEN', 'USD']) t.same(await asked(currency), { months: undefined, deferred: { graceMonths: '00', creditType: '01', months: 6 } }, currency)
  for (const currency of ['COP', 'CLP']) t.same(await asked(currency), { months: 6, deferred: undefined }, currency)
  t.same(await asked('USD', { method: { ...card(), details: { grace_months: '03', credit_type: '05' } } }), { months: undefined, deferred: { graceMonths: '03', creditType: '05', months: 6 } }, 'grace without interest')
  t.same(await asked('MXN', {}, open(simulator, { settings: { deferred_countries: 'EC' } })), { months: 6, deferred: undefined }, 'the setting decides')
  t.same(await asked('USD', {}, open(simulator, { settings: { country: 'CL' } })), { months: 6, deferred: undefined }, 'dollars of an account in Chile')
  t.equal(simulator.rows().every(row => row.number_of_months === 6), true)
})

t.test('the split of an amount always adds up, in every currency, and is read back', async t => {
  const tax = fc.constantFrom('IVA', 'ice', 'IAC', 'propina', 'tasa aeroportuaria', 'agencia de viaje', 'ISR')
  fc.assert(fc.property(fc.constantFrom(...currencies), fc.integer({ min: 1, max: 9_999_999_999 }), fc.array(fc.tuple(tax, fc.integer({ min: 0, max: 100 })), { maxLength: 4 }), (currency, amount, percents) => {
    const taxes = percents.map(([type, percent]) => ({ type, amount: Math.floor(amount * percent / 1000) }))
    const wire = amountOnWire({ amount, currency }, taxes)
    return totalOf(wire, currency) === amount && minorOf(numberOnWire(amount, currency), currency) === amount && (currency === 'COP') === (wire.ice === undefined) && (wire.iva > 0 || wire.subtotalIva === 0)
  }), { numRuns: 500, seed: 20_261_121 })
  t.equal(minorOf(0.1 + 0.2, 'USD'), 30, 'the tail of a sum')
  t.equal(minorOf(10.005, 'USD'), undefined, 'not a rounded cent')
  t.equal(minorOf(1990.5, 'CLP'), undefined, 'there is no half a peso in Chile')
  t.equal(minorOf('19.90', 'USD'), 1990)
  t.equal(minorOf(-1, 'USD'), undefined)
  t.equal(minorOf(1, 'UF'), undefined)
  t.match(await refused(payments.createPayment(open(await simulated(t), { settings: { cop_whole: true } }), order({ amount: { amount: 150, currency: 'COP' } }))), { code: 'amount_invalid' })
})

t.test('what Kushki says that it charged is compared, not what was asked', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const other = answering(context, 201, { ticketNumber: '170384522771700083', details: { transactionStatus: 'APPROVAL', requestAmount: 1999, currencyCode: 'MXN' } })
  t.match(await payments.createPayment(other as typeof context, order()), { amount: { amount: 199_900 }, amountCaptured: 199_900 }, 'ten times as much is told as it is')
  t.match(await payments.createPayment(answering(context, 201, { ticketNumber: '170384522771700083' }) as typeof context, order()), { amount: whole, status: 'succeeded' }, 'where it says nothing, what was asked')
  t.match(await refused(payments.createPayment(answering(context, 201, {}) as typeof context, order())), { reached: 'unknown' })
  t.match(await refused(payments.createPayment(answering(context, 201, { ticketNumber: '170384522771700083', details: { transactionStatus: 'BRAND_NEW' } }) as typeof context, order())), { reached: 'unknown' })
})

t.test('a ticket is found by its time, whatever the zone of the list, or by looking back', async t => {
  const now = new Date('2026-11-21T12:00:00Z')
  const ms = Date.UTC(2026, 10, 20)
  t.same(momentsIn(`${ms}00083`, now), [new Date(ms)])
  t.same(momentsIn(`66${ms}731`, now), [new Date(ms)], 'after two other digits')
  t.same(momentsIn('999999999999999999', now), [])
  t.same(momentsIn('1938000000', now), [])
  for (const options of [{ zoneHours: -5 }, { zoneHours: 5.5 }, { opaqueTickets: true }]) {
    const simulator = await simulated(t, options)
    const context = open(simulator)
    const input = order()
    const { providerReference } = await payments.createPayment(context, input)
    t.match(await payments.getPayment(context, providerReference), { status: 'succeeded', reference: input.reference }, JSON.stringify(options))
    t.match(await payments.findPayment(context, { reference: input.reference, ...soon() }), { providerReference })
    t.equal((await payments.listPayments(context, soon())).data.length, 1)
    t.equal((await payments.listPayments(context, { from: new Date(Date.now() - dayMs), to: new Date(Date.now() - 3_600_000) })).data.length, 0, 'what is outside is left out')
  }
})

t.test('pages of the list, each payment once', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { list_limit: 2 } })
  const made = []
  for (let n = 0; n < 5; n++) made.push((await payments.createPayment(context, order())).providerReference)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await payments.listPayments(context, { ...soon(), ...(cursor !== undefined && { cursor }) })
    seen.push(...page.data.map(({ providerReference }) => providerReference))
    cursor = page.next
  } while (cursor !== undefined)
  t.same(seen.toSorted(), made.toSorted())
  t.match(await payments.getPayment(context, made[0]!), { status: 'succeeded' }, 'the oldest is on the last page')
})

t.test('each attempt is a charge of its own; one with money on it is the one that is found', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const first = order({ method: card('declined') })
  const declined = await payments.createPayment(context, first)
  t.match(declined, { status: 'requires_payment_method', error: { code: 'card_declined', providerCode: '017' }, providerReference: /^\d{18}$/ })
  t.match(await payments.getPayment(context, declined.providerReference), { status: 'requires_payment_method', error: { providerCode: '017' } })
  const paid = await payments.createPayment(context, { ...first, attempt: 2, method: card() })
  await payments.createPayment(context, { ...first, attempt: 3, method: card('funds') })
  t.match(await payments.findPayment(context, { reference: first.reference, ...soon() }), { providerReference: paid.providerReference })
  t.equal(simulator.effects(first.reference).charges, 1)
  t.match(await refused(payments.createPayment(context, order({ method: card('bare') }))), { code: 'card_declined', reached: 'answered', providerCode: '017' }, 'a decline that made no transaction')
})

t.test('a token that is sent again: the charge that it made is the answer, and never a second one', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const token = async () => {
    const answer = await fetch(`${simulator.url}/card/v1/tokens`, { method: 'POST', headers: { 'public-merchant-id': context.credentials.public_merchant_id! }, body: JSON.stringify({ card: { name: 'Ana', number: '5451951574925480', cvv: '123', expiryMonth: '12', expiryYear: '30' }, totalAmount: 199.9, currency: 'MXN', isDeferred: false }) })
    return { type: 'card', token: (await answer.json() as { token: string }).token }
  }
  const input = order({ method: await token() })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/charges' })
  t.match(await refused(payments.createPayment(context, input)), { reached: 'unknown' })
  t.match(await payments.createPayment(context, input), { status: 'succeeded', reference: input.reference }, 'the socket was cut around it')
  t.equal(simulator.effects(input.reference).charges, 1)
  t.match(await refused(payments.createPayment(context, { ...order(), method: input.method! })), { reached: 'answered', providerCode: '577', param: 'method.token' }, 'another payment’s token')
  const hidden = order({ method: await token() })
  simulator.index(false)
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/charges' })
  t.match(await refused(payments.createPayment(context, hidden)), { reached: 'unknown' })
  t.equal(await payments.findPayment(context, { reference: hidden.reference, ...soon() }), undefined, 'the list is a report, and late')
  t.ok(kushki.manifest.settles_within_ms >= 900_000, 'so nobody believes it before a quarter of an hour is over')
  simulator.index(true)
  t.match(await payments.findPayment(context, { reference: hidden.reference, ...soon() }), { status: 'succeeded' })
  t.equal(simulator.effects(hidden.reference).charges, 1)
})

t.test('a list that hides what is looked for proves nothing', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const hiding = (...fields: string[]): typeof context => ({
    ...context,
    http: async request => {
      const answer = await context.http(request)
      if (!request.url.includes('transactions-list')) return answer
      const { data } = JSON.parse(Buffer.from(answer.body).toString()) as { data: Record<string, unknown>[] }
      return { ...answer, body: Buffer.from(JSON.stringify(data.map(row => Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name)))))) }
    }
  })
  t.equal(await payments.findPayment(hiding('metadata'), { reference: 'pay_never', ...soon() }), undefined, 'in an empty list nothing is')
  const paid = await payments.createPayment(context, order())
  t.match(await refused(payments.findPayment(hiding('metadata'), { reference: paid.reference!, ...soon() })), { reached: 'unknown' }, 'without metadata nobody knows whose the money is')
  t.equal(await payments.findPayment(context, { reference: 'pay_never', ...soon() }), undefined, 'with it, it is certain')
  t.match(await refused(payments.createPayment(hiding('metadata'), order({ method: { type: 'card', token: 'used_token' } }))), { reached: 'unknown' }, 'a token that was used may have been used by this attempt')
  await back(context, paid.providerReference, { amount: 1000, currency: 'MXN' })
  const lookup = { reference: paid.reference!, refundReference: 'ref_1', providerReference: paid.providerReference, amount: { amount: 1000, currency: 'MXN' }, ...soon() }
  t.match(await refused(payments.findRefund(hiding('sale_ticket_number'), lookup)), { reached: 'unknown' }, 'a refund that names no sale may be it')
  t.match(await payments.findRefund(context, lookup), { status: 'succeeded' })
  t.match(await refused(payments.listPayments(hiding('created'), soon())), { reached: 'unknown' }, 'an audit passes over nothing')
  Object.assign(simulator.rows()[0]!, { currency_code: 'BRL' })
  t.match(await refused(payments.listPayments(context, soon())), { reached: 'unknown' }, 'ours, and unreadable')
  Object.assign(simulator.rows()[0]!, { metadata: {} })
  t.same((await payments.listPayments(context, soon())).data, [], 'somebody else’s')
})

t.test('a hold: captured in part once, let go once', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const hold = async (on = context, more: object = {}) => await payments.createPayment(on, order({ capture: 'manual', ...more }))
  const take = (providerReference: string, amount: number, on: ConnectionContext = context) => payments.capture(on, { idempotencyKey: key(), providerReference, reference: 'pay_1', amount: { amount, currency: 'MXN' } })
  const held = await hold()
  t.match(held, { status: 'authorized', amountCapturable: 19_990 })
  const captured = await take(held.providerReference, 15_000)
  t.match(captured, { providerReference: held.providerReference, status: 'succeeded', amountCaptured: 15_000, amountCapturable: 0, transactionReference: /^\d{18}$/ })
  t.match(await payments.getPayment(context, held.providerReference), { status: 'succeeded', amountCaptured: 15_000, transactionReference: captured.transactionReference })
  t.match(await refused(take(held.providerReference, 1000)), { code: 'invalid_state', reached: 'answered' })
  t.match(await refused(payments.cancel(context, { idempotencyKey: key(), providerReference: held.providerReference, reference: 'pay_1' })), { code: 'invalid_state' })
  t.match(await back(context, held.providerReference, { amount: 5000, currency: 'MXN' }), { status: 'succeeded', amount: { amount: 5000 }, paymentProviderReference: held.providerReference })
  t.match(context.exchanges.findLast(({ method }) => method === 'DELETE')?.url, new RegExp(`/v1/charges/${captured.transactionReference!}$`), 'of a captured hold, the capture goes back')
  const other = await hold()
  const cancel = () => payments.cancel(context, { idempotencyKey: key(), providerReference: other.providerReference, reference: 'pay_1' })
  t.match(await cancel(), { status: 'canceled' })
  t.match(await cancel(), { status: 'canceled' })
  t.equal(context.exchanges.filter(({ method }) => method === 'DELETE').length, 2)
  const movements = (await payments.listTransactions(context, soon())).data
  t.same(movements.map(({ type, amount }) => [type, amount.amount]).toSorted(), [['payment', 15_000], ['refund', -5000]].toSorted(), 'a hold that was let go moved nothing')
  t.ok(movements.every(({ paymentProviderReference: payment }) => payment === held.providerReference || payment === captured.transactionReference))
})

t.test('a refund: today a void, later a refund; a part where the country has it; found by its amount', async t => {
  let at = Date.now() - dayMs
  const simulator = await simulated(t, { now: () => new Date(at) })
  const context = { ...open(simulator), now: () => new Date(at) }
  const paid = await payments.createPayment(context, order())
  t.match(await back(context, paid.providerReference, { amount: 5000, currency: 'MXN' }), { status: 'succeeded', providerStatus: 'APPROVAL' })
  t.same(sent(context as never), { fullResponse: 'v2', amount: { subtotalIva: 0, subtotalIva0: 50, iva: 0, ice: 0, currency: 'MXN' } })
  at += 7 * 3_600_000
  const second = await back(context, paid.providerReference, { amount: 5000, currency: 'MXN' })
  t.same(simulator.rows().map(row => row.transaction_type), ['SALE', 'VOID', 'REFUND'])
  const where = { reference: 'pay_1', refundReference: 'ref_1', providerReference: paid.providerReference, amount: { amount: 5000, currency: 'MXN' }, from: new Date(at - 8 * 3_600_000), to: new Date(at) }
  t.match(await payments.findRefund(context, { ...where, others: [simulator.rows()[1]!.ticket_number] }), { providerReference: second.providerReference })
  t.equal(await payments.findRefund(context, { ...where, others: simulator.rows().map(row => row.ticket_number) }), undefined)
  t.match(await payments.getRefund(context, second.providerReference), { status: 'succeeded', amount: { amount: 5000 }, paymentProviderReference: paid.providerReference })
  t.match(await refused(payments.getRefund(context, paid.providerReference)), { code: 'not_found' }, 'a sale is no refund')
  t.match(await refused(back(context, paid.providerReference, { amount: 10_000, currency: 'MXN' })), { reached: 'answered', code: 'amount_invalid' })
  const dollars = await payments.createPayment(context, order({ amount: { amount: 1990, currency: 'USD' }, taxBreakdown: [{ type: 'iva', amount: 213 }] }))
  t.match(await refused(back(context, dollars.providerReference, { amount: 990, currency: 'USD' })), { code: 'unsupported', reached: 'answered' }, 'not in Ecuador')
  const peru = { ...context, settings: { ...context.settings, country: 'PE' } }
  t.match(await back(peru, dollars.providerReference, { amount: 995, currency: 'USD' }), { status: 'succeeded', amount: { amount: 995 } })
  t.same(sent(context as never).amount, { subtotalIva: 8.88, subtotalIva0: 0, iva: 1.07, ice: 0, currency: 'USD' }, 'a part is taxed as the whole was')
})

t.test('the other route of refunds answers K000 and no ticket: the list has it', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { refund_route: 'refund' } })
  const paid = await payments.createPayment(context, order())
  t.match(await back(context, paid.providerReference), { status: 'succeeded', amount: whole, providerReference: simulator.rows().at(-1)!.ticket_number })
  t.match(await refused(back(context, paid.providerReference)), { code: 'already_refunded' })
  simulator.index(false)
  const other = await payments.createPayment(context, order())
  simulator.index(true)
  simulator.index(false)
  t.match(await refused(back(context, other.providerReference)), { reached: 'unknown' }, 'it is not in the list yet: nobody knows')
  simulator.index(true)
  t.equal(simulator.effects(other.reference!).refunds, 1)
  t.match(await refused(back(answering(context, 200, { code: 'X', message: 'otra cosa' }) as typeof context, (await payments.createPayment(context, order())).providerReference)), { reached: 'unknown' })
})

t.test('a void that was made in the console is known with its payment', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const paid = await payments.createPayment(context, order())
  await fetch(`${simulator.url}/v1/charges/${paid.providerReference}`, { method: 'DELETE', headers: { 'private-merchant-id': context.credentials.private_merchant_id! } })
  t.match(await payments.getPayment(context, paid.providerReference), { status: 'succeeded', amountCaptured: 19_990, refunds: [{ status: 'succeeded', amount: whole }] })
})

t.test('cash and transfers', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const waits = (type: string, currency: string, more: object = {}, details = {}) => payments.createPayment(context, order({ method: { type, details }, amount: { amount: 500_000, currency }, ...more }))
  const expiresAt = new Date(Date.now() + 5 * dayMs)
  const cash = await waits('cash', 'COP', { expiresAt })
  t.match(cash, { status: 'requires_action', nextAction: { type: 'voucher', reference: /^\d+$/, url: /\.pdf$/, expires_at: expiresAt.toISOString() } })
  t.match(await payments.getPayment(context, cash.providerReference), { status: 'requires_action', nextAction: { type: 'voucher', reference: (cash.nextAction as { reference: string }).reference }, method: { type: 'cash' } })
  t.match(await refused(payments.cancel(context, { idempotencyKey: key(), providerReference: cash.providerReference, reference: 'pay_1' })), { code: 'unsupported' })
  t.match(await refused(waits('cash', 'COP', { expiresAt: new Date(Date.now() + 3_600_000) })), { param: 'expires_at', reached: 'nowhere' })
  t.match(await refused(waits('cash', 'COP', { customer: { email: 'a@b.co' } })), { param: 'customer.tax_id' })
  const pse = await waits('pse', 'COP', {}, { bank: '1007' })
  t.match(pse, { status: 'requires_action', providerReference: /^t\w+$/, nextAction: { type: 'redirect', url: /\/bank\// }, method: { type: 'pse' } })
  simulator.settle(pse.providerReference)
  t.match(await payments.getPayment(context, pse.providerReference), { status: 'succeeded', amountCaptured: 500_000, reference: pse.reference })
  t.match(await payments.findPayment(context, { reference: pse.reference!, ...soon() }), { providerReference: pse.providerReference, status: 'succeeded' }, 'the list names it by the same token')
  t.match(await refused(back(context, pse.providerReference, { amount: 500_000, currency: 'COP' })), { code: 'unsupported' })
  t.match(await refused(waits('pse', 'COP')), { param: 'method.details.bank' })
  const chile = await waits('transfer', 'CLP')
  simulator.settle(chile.providerReference, 'declinedTransaction')
  t.match(await payments.getPayment(context, chile.providerReference), { status: 'failed', amountCaptured: 0 })
  t.match(await waits('spei', 'MXN', { returnUrl: undefined }), { nextAction: { type: 'bank_transfer', clabe: '646180132800000009', amount_remaining: 500_000 } }, 'the one number that is a CLABE')
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/cash/v1/tokens' })
  t.match(await refused(waits('cash', 'COP')), { reached: 'nowhere', code: 'provider_unavailable' }, 'a token is not a payment')
  const lost = order({ method: { type: 'cash' }, amount: { amount: 500_000, currency: 'COP' } })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/cash/v1/charges/init' })
  t.match(await refused(payments.createPayment(context, lost)), { reached: 'unknown' })
  t.match(await payments.findPayment(context, { reference: lost.reference, ...soon() }), { status: 'requires_action', nextAction: { type: 'voucher' } })
  const silent = { ...context, http: async () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ status: 'approvedTransaction' })) }) }
  t.match(await refused(payments.getPayment(silent, pse.providerReference)), { reached: 'unknown' }, 'approved, of nobody knows how much')
})

t.test('kept cards: charged, held, captured and forgotten', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const kept = await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token: 'sim_approved' })
  t.match(kept, { status: 'active', type: 'card', providerReference: /^\d{16}$/, last4: '5480', brand: 'mastercard' })
  t.match(simulator.cards()[0], { periodicity: 'custom', contactDetails: { email: ana.email } }, 'nobody charges it but us')
  const input = order({ method: { type: 'card', token: kept.providerReference }, offSession: true, customer: { provider_reference: ana.email }, installments: 3 })
  t.match(await payments.createPayment(context, input), { status: 'succeeded', savedMethodReference: kept.providerReference })
  t.equal(sent(context).token, undefined, 'its number stands in the path')
  for (const setting of ['subscription', 'card']) {
    const on = open(simulator, { credentials: { ...context.credentials }, settings: { capture_of_kept: setting } })
    const held = await payments.createPayment(on, order({ method: { type: 'card', token: kept.providerReference }, capture: 'manual' }))
    t.match(held, { status: 'authorized' })
    t.match(await payments.capture(on, { idempotencyKey: key(), providerReference: held.providerReference, reference: 'pay_1', amount: whole }), { status: 'succeeded' })
    t.match(on.exchanges.at(-1)?.url, setting === 'card' ? /\/card\/v1\/capture$/ : /\/subscriptions\/v1\/card\/\d+\/capture$/)
  }
  const remove = () => payments.removeMethod(context, { idempotencyKey: key(), customerProviderReference: ana.email, providerReference: kept.providerReference })
  await remove()
  await remove()
  t.match(await refused(payments.createPayment(context, order({ method: { type: 'card', token: kept.providerReference } }))), { reached: 'answered' })
  t.match(await refused(payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token: 'sim_blocked' })), { code: 'card_declined', reached: 'answered' })
  t.match(await refused(payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus') })), { param: 'email', reached: 'nowhere' })
})

t.test('a card that is kept with its payment, whatever answer is lost: one card, one charge', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ saveMethod: true })
  const paid = await payments.createPayment(context, input)
  t.match(paid, { status: 'succeeded', savedMethodReference: /^\d{16}$/ })
  t.equal(simulator.cards().length, 1)
  const token = async () => {
    const answer = await fetch(`${simulator.url}/card/v1/tokens`, { method: 'POST', headers: { 'public-merchant-id': context.credentials.public_merchant_id! }, body: JSON.stringify({ card: { name: 'Ana', number: '5451951574925480', cvv: '123', expiryMonth: '12', expiryYear: '30' }, totalAmount: 199.9, currency: 'MXN' }) })
    return { type: 'card', token: (await answer.json() as { token: string }).token }
  }
  const keeping = order({ saveMethod: true, method: await token() })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/subscriptions/v1/card' })
  t.match(await refused(payments.createPayment(context, keeping)), { reached: 'nowhere' }, 'the answer to the keeping is lost: nothing was charged, and that is said')
  t.match(await refused(payments.createPayment(context, keeping)), { reached: 'answered', providerCode: '577' })
  t.equal(simulator.cards().length, 2, 'and not kept again')
  t.equal(simulator.effects(keeping.reference).charges, 0)
  const charging = order({ saveMethod: true, method: await token() })
  simulator.inject({ kind: 'slow', ms: 1, method: 'POST', path: '/subscriptions/v1/card' })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/subscriptions/v1/card' })
  t.match(await refused(payments.createPayment(context, charging)), { reached: 'unknown' }, 'the answer to the charge is lost')
  t.match(await payments.createPayment(context, charging), { status: 'succeeded', savedMethodReference: /^\d{16}$/ }, 'sent again, it is found')
  t.equal(simulator.effects(charging.reference).charges, 1)
  t.equal(simulator.cards().length, 3)
})

t.test('a subscription: the first period at once, the schedule from the second', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const keep = async (token = 'sim_approved') => (await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token })).providerReference
  const plan = await payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'Gimnasio', amount: { amount: 49_900, currency: 'MXN' }, interval: 'month', intervalCount: 1 })
  const begin = (method: string, more: object = {}) => payments.createSubscription(context, { idempotencyKey: key(), reference: id('sub'), customerProviderReference: ana.email, planReference: 'pln_1', planProviderReference: plan.providerReference, quantity: 2, methodProviderReference: method, ...more })
  const card = await keep()
  const made = await begin(card)
  t.match(made, { status: 'active', latestCycle: { status: 'paid', amount: { amount: 99_800, currency: 'MXN' } } })
  t.match(simulator.cards()[0], { periodicity: 'monthly', planName: 'Gimnasio', amount: { subtotalIva0: 998 }, startDate: after(new Date(), 'month', 1).toISOString().slice(0, 10) })
  t.match(await refused(begin(card)), { code: 'conflict', reached: 'answered', param: 'payment_method' }, 'a card that pays one subscription pays no second')
  t.equal(simulator.rows().length, 1)
  simulator.advance(context.credentials.private_merchant_id!, new Date(Date.now() + 33 * dayMs))
  t.match(await payments.listCycles(context, made.providerReference), [{ status: 'paid' }, { status: 'paid' }])
  const [cycle] = await payments.listCycles(context, made.providerReference)
  t.match(await payments.getPayment(context, cycle!.paymentProviderReference!), { reference: made.reference, status: 'succeeded', amountCaptured: 99_800 })
  await payments.createPayment(context, order({ method: { type: 'card', token: card } }))
  t.equal((await payments.listCycles(context, made.providerReference)).length, 2, 'a payment by the same card is no period')
  t.match(await payments.updateSubscription(context, { idempotencyKey: key(), providerReference: made.providerReference, reference: made.reference!, quantity: 3, proration: 'none' }), { status: 'active' })
  t.match(simulator.cards()[0], { amount: { subtotalIva0: 1497 }, metadata: { pasarela_quantity: '3' } })
  t.match(await refused(payments.updateSubscription(context, { idempotencyKey: key(), providerReference: made.providerReference, reference: made.reference!, quantity: 4, proration: 'prorate' })), { code: 'unsupported' })
  const end = await payments.cancelSubscription(context, { idempotencyKey: key(), providerReference: made.providerReference, reference: made.reference!, at: 'now' })
  t.match(end, { status: 'canceled', canceledAt: Date })
  const rows = simulator.rows().length
  simulator.advance(context.credentials.private_merchant_id!, new Date(Date.now() + 400 * dayMs))
  t.equal(simulator.rows().length, rows, 'nothing is charged after it')
  t.match(await payments.createPayment(context, order({ method: { type: 'card', token: card } })), { status: 'succeeded' }, 'the card stays kept')
  const next = await begin(card)
  t.match(next, { status: 'active' }, 'and may pay another subscription now')
  t.match(await payments.getSubscription(context, made.providerReference), { status: 'canceled' }, 'which is not the first one')
  const trial = await begin(await keep(), { trialDays: 14 })
  t.match(trial, { status: 'trialing', trialEndsAt: Date })
  t.match(await payments.getSubscription(later(context, 15), trial.providerReference), { status: 'active' })
  const poor = await begin(await keep('sim_failing'))
  t.match(poor, { status: 'incomplete', error: { code: 'insufficient_funds' } })
  t.match(simulator.cards().at(-1), { periodicity: 'custom' }, 'what was not paid is not scheduled')
  const gone = open(simulator, { credentials: { ...context.credentials }, settings: { cancel_by: 'delete' } })
  t.match(await payments.cancelSubscription(gone, { idempotencyKey: key(), providerReference: next.providerReference, reference: next.reference!, at: 'now' }), { status: 'canceled' })
  t.match(simulator.cards()[0], { active: false })
})

t.test('a period that is tried again is one period, of several charges', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const account = context.credentials.private_merchant_id!
  const method = (await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token: 'sim_approved' })).providerReference
  const plan = await payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'Gimnasio', amount: { amount: 49_900, currency: 'MXN' }, interval: 'month', intervalCount: 1 })
  const made = await payments.createSubscription(context, { idempotencyKey: key(), reference: id('sub'), customerProviderReference: ana.email, planReference: 'pln_1', planProviderReference: plan.providerReference, quantity: 1, methodProviderReference: method })
  simulator.turn(account, method, 'failing')
  simulator.advance(account, new Date(Date.now() + 33 * dayMs))
  simulator.retry(account, method)
  t.match(await payments.getSubscription(context, made.providerReference), { status: 'past_due', error: { code: 'insufficient_funds' }, latestCycle: { status: 'open', attempts: 2 } })
  const [open_] = await payments.listCycles(context, made.providerReference)
  simulator.turn(account, method, 'approved')
  simulator.retry(account, method)
  t.match(await payments.getSubscription(context, made.providerReference), { status: 'active' })
  const cycles = await payments.listCycles(context, made.providerReference)
  t.match(cycles, [{ providerReference: open_!.providerReference, status: 'paid', attempts: 3 }, { status: 'paid', attempts: 1 }])
  t.equal(cycles.length, 2)
  t.match(await payments.getPayment(context, cycles[0]!.paymentProviderReference!), { status: 'succeeded', reference: made.reference })
})

t.test('a subscription whose answer is lost anywhere: one first period, one schedule', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const plan = await payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'Gimnasio', amount: { amount: 49_900, currency: 'MXN' }, interval: 'month', intervalCount: 1 })
  for (const [method, nth] of [['PATCH', 1], ['POST', 1], ['PATCH', 2]] as const) {
    for (const kind of ['cut_after', 'cut_before', 'error_500'] as const) {
      const card = (await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token: 'sim_approved' })).providerReference
      const input = { idempotencyKey: key(), reference: id('sub'), customerProviderReference: ana.email, planReference: 'pln_1', planProviderReference: plan.providerReference, quantity: 1, methodProviderReference: card }
      for (let before = 1; before < nth; before++) simulator.inject({ kind: 'slow', ms: 1, method, path: card })
      simulator.inject({ kind, method, path: card })
      const why = `${kind} at ${method} ${nth}`
      t.match(await refused(payments.createSubscription(context, input)), { reached: 'unknown' }, why)
      const found = await payments.findSubscription(context, { reference: input.reference, ...soon() })
      t.equal(found?.status, nth === 2 && kind !== 'cut_before' ? 'active' : undefined, `${why}: half made is not there yet`)
      t.match(await payments.createSubscription(context, input), { status: 'active' }, why)
      t.match(await payments.findSubscription(context, { reference: input.reference, ...soon() }), { status: 'active' }, why)
      t.equal(simulator.effects(input.reference).charges, 1, why)
    }
  }
})

t.test('days at the end of months', async t => {
  t.equal(after(new Date('2026-01-31T10:00:00Z'), 'month', 1).toISOString(), '2026-02-28T10:00:00.000Z')
  t.equal(after(new Date('2024-02-29T10:00:00Z'), 'year', 1).toISOString(), '2025-02-28T10:00:00.000Z')
  t.equal(after(new Date('2026-11-30T10:00:00Z'), 'month', 3).toISOString(), '2027-02-28T10:00:00.000Z')
  t.equal(after(new Date('2026-12-31T10:00:00Z'), 'week', 1).toISOString(), '2027-01-07T10:00:00.000Z')
  t.match(await refused(payments.createPlan(open(await simulated(t)), { idempotencyKey: key(), reference: id('pln'), name: 'x', amount: whole, interval: 'month', intervalCount: 5 })), { param: 'interval' })
})

t.test('a lying public id is found by the connection’s test; the ids say nothing of the mode', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  t.equal(kushki.detectMode(context.credentials), undefined)
  t.match(await kushki.test(context), { account: { id: context.credentials.public_merchant_id }, mode: 'test' })
  t.match(await refused(kushki.test(open(simulator, { credentials: { ...context.credentials, public_merchant_id: 'a'.repeat(32) } }))), { code: 'invalid_credentials', param: 'public_merchant_id' })
  const closed = { ...context, http: async (request: Parameters<typeof context.http>[0]) => request.url.includes('bankList') ? { status: 400, headers: {}, body: Buffer.from('{"code":"K026","message":"Deshabilitado"}') } : await context.http(request) }
  t.equal((await kushki.test(closed)).evidence.length, 3, 'an account without transfers')
})
