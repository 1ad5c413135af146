import t from 'tap'
import type Stripe from 'stripe'
import stripe from './adapter.ts'
import { card, closesAgents, key, open, order, simulated, soon } from './testing/simulated.ts'
import { transactionOf } from './transactions.ts'

const { payments } = stripe

closesAgents(t)

const base = { id: 'txn_1', object: 'balance_transaction', amount: 5000, available_on: 1_700_500_000, created: 1_700_000_000, currency: 'mxn', fee: 480, fee_details: [], net: 4520, reporting_category: 'charge', source: 'ch_1', status: 'available', type: 'charge' }
const move = (more: object, payout?: string) => transactionOf({ ...base, ...more } as unknown as Stripe.BalanceTransaction, payout)

t.test('every kind of movement', t => {
  for (const [more, type] of [
    [{ type: 'charge' }, 'payment'], [{ type: 'payment' }, 'payment'], [{ type: 'refund' }, 'refund'], [{ type: 'payment_refund' }, 'refund'], [{ type: 'refund_failure' }, 'refund'],
    [{ type: 'adjustment', reporting_category: 'dispute' }, 'dispute'], [{ type: 'adjustment', reporting_category: 'dispute_reversal' }, 'dispute'], [{ type: 'adjustment', reporting_category: 'other_adjustment' }, 'other'],
    [{ type: 'stripe_fee' }, 'fee'], [{ type: 'tax_fee' }, 'fee'], [{ type: 'payout' }, 'payout'], [{ type: 'payout_failure' }, 'payout'], [{ type: 'brand_new' }, 'other']
  ] as const) t.equal(move(more).type, type, JSON.stringify(more))
  t.match(move({ source: { id: 'ch_1', object: 'charge', metadata: { pasarela_payment: 'pay_1' }, payment_intent: 'pi_1' } }, 'po_1'), {
    providerReference: 'txn_1', amount: { amount: 5000, currency: 'MXN' }, fee: 480, net: 4520, reference: 'pay_1', paymentProviderReference: 'pi_1', payout: 'po_1', availableAt: new Date(1_700_500_000_000), at: new Date(1_700_000_000_000)
  })
  t.match(move({ type: 'refund', amount: -1000, fee: 0, net: -1000, source: { id: 're_1', object: 'refund', metadata: { pasarela_refund: 'ref_1', pasarela_payment: 'pay_1' }, payment_intent: 'pi_1' } }), { amount: { amount: -1000 }, reference: 'ref_1', paymentProviderReference: 'pi_1' })
  t.match(move({ type: 'payout', amount: -4520, source: 'po_9' }), { payout: 'po_9' })
  t.end()
})

t.test('what moved, with fee and net, and what is listed of payments', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  await stripe.test(context)
  const input = order({ method: card('pm_card_mx') })
  const paid = await payments.createPayment(context, input)
  await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: input.reference, providerReference: paid.providerReference, amount: { amount: 9_900, currency: 'MXN' } })
  const { data } = await payments.listTransactions(context, soon())
  const [payment] = data.filter(({ type }) => type === 'payment')
  t.match(payment, { reference: input.reference, paymentProviderReference: paid.providerReference, amount: { amount: 109_900, currency: 'MXN' } })
  t.ok((payment?.fee ?? 0) > 0, `a fee of ${payment?.fee}`)
  t.equal(payment?.net, 109_900 - (payment?.fee ?? 0))
  t.match(data.filter(({ type }) => type === 'refund'), [{ reference: 'ref_1', paymentProviderReference: paid.providerReference, amount: { amount: -9_900 } }])

  const listed = await payments.listPayments(context, soon())
  t.match(listed.data, [{ reference: input.reference, amountRefunded: 9_900 }], 'and the probe of the connection test is none')
  t.same((await payments.listPayments(context, { from: new Date(Date.now() - 7_200_000), to: new Date(Date.now() - 3_600_000) })).data, [])
})

t.test('page by page', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (let i = 0; i < 130; i++) await payments.createPayment(context, order())
  const range = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 5000) }
  const first = await payments.listPayments(context, range)
  const second = await payments.listPayments(context, { ...range, cursor: String(first.next) })
  t.same([first.data.length, second.data.length, second.next], [100, 30, undefined])
  t.equal(new Set([...first.data, ...second.data].map(({ providerReference }) => providerReference)).size, 130)
})

t.test('the payout of each movement', async t => {
  const context = open(await simulated(t))
  const list = (data: object[], more = false) => ({ object: 'list', has_more: more, data })
  const txn = (n: number, more: object = {}) => ({ ...base, id: `txn_${n}`, ...more })
  const asked: string[] = []
  const answers = (path: URL): object => {
    asked.push(path.pathname.split('/').at(-1) + (path.searchParams.get('payout') ?? ''))
    if (path.pathname.endsWith('/payouts')) return list([{ id: 'po_3', automatic: true }, { id: 'po_m', automatic: false }, { id: 'po_2', automatic: true }, { id: 'po_1', automatic: true }])
    if (path.searchParams.has('payout')) return list({ po_1: [txn(1)], po_2: [txn(2), txn(3)], po_3: [txn(9)] }[String(path.searchParams.get('payout'))] ?? [])
    return list([txn(4, { status: 'pending' }), txn(3), txn(2), txn(1), txn(5, { type: 'payout', source: 'po_0' })])
  }
  const told = { ...context, http: async ({ url }: { url: string }) => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(answers(new URL(url)))) }) }
  const { data } = await payments.listTransactions(told as typeof context, soon())
  t.same(data.map(({ providerReference, payout }) => [providerReference, payout]), [['txn_4', undefined], ['txn_3', 'po_2'], ['txn_2', 'po_2'], ['txn_1', 'po_1'], ['txn_5', 'po_0']])
  t.same(asked, ['balance_transactions', 'payouts', 'balance_transactionspo_1', 'balance_transactionspo_2'], 'oldest payout first, and no more than needed')

  const denied = {
    ...context, http: async ({ url }: { url: string }) => new URL(url).pathname.endsWith('/payouts')
      ? { status: 403, headers: {}, body: Buffer.from('{"error":{"type":"invalid_request_error"}}') }
      : { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answers(new URL(url)))) }
  }
  t.equal((await payments.listTransactions(denied as typeof context, soon())).data.length, 5, 'a key that may not read payouts')
})
