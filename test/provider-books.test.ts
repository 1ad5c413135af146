/** What no webhook told, and the books, at each provider of Latin America that can be asked: the audit finds it, and every movement belongs to a payment of ours. */
import t from 'tap'
import { startConektaSimulator } from '../adapters/conekta/simulator.ts'
import { startKushkiSimulator } from '../adapters/kushki/simulator.ts'
import { startMercadoPagoSimulator } from '../adapters/mercadopago/simulator.ts'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { startWompiSimulator } from '../adapters/wompi/simulator.ts'
import { createConnection, patchConnection } from '../core/connections/service.ts'
import { createPayment, getPayment } from '../core/payments/service.ts'
import { createRefund } from '../core/payments/refunds.ts'
import { startAudit } from '../core/reconciliation/audits.ts'
import { listBalanceTransactions, readTransactionsNow } from '../core/reconciliation/transactions.ts'
import { testHub } from './support/hub.ts'

t.setTimeout(120_000)

let clock = () => new Date()
const now = () => clock()
const conekta = await startConektaSimulator({ seed: 7, now })
const kushki = await startKushkiSimulator({ seed: 7, now })
const mercadopago = await startMercadoPagoSimulator({ seed: 7, now, reportMs: 4 * 60_000 })
const paypal = await startPaypalSimulator({ seed: 7, now })
const wompi = await startWompiSimulator({ seed: 7 })
const simulators = { conekta, kushki, mercadopago, paypal, wompi }
t.teardown(async () => { for (const simulator of Object.values(simulators)) await simulator.close() })
const env = Object.fromEntries(Object.entries(simulators).flatMap(([id, { url }]) => [[`PASARELA_PROVIDER_URL_${id.toUpperCase()}`, url], [`PASARELA_PROVIDER_RATE_${id.toUpperCase()}`, '10000']]))
const made = await testHub(t, { env: { ...env, PASARELA_EXPERIMENTAL: '1', RESOLVER_SCHEDULE: '5s,15s,1m' } })
const { hub, advance } = made
clock = hub.now

const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233', tax_id: '1020304050' }

interface Desk { provider: keyof typeof simulators, amount: number, currency: string, waits: object, card: object, pay: (reference: string) => void, books: boolean, refunds: boolean, fees: boolean }
const desks: Desk[] = [
  { provider: 'conekta', amount: 19_900, currency: 'MXN', waits: { type: 'oxxo' }, card: { type: 'card', token: 'tok_test_visa_4242' }, pay: conekta.pay, books: true, refunds: true, fees: true },
  { provider: 'mercadopago', amount: 19_900, currency: 'MXN', waits: { type: 'oxxo' }, card: { type: 'card', token: 'sim-token-visa-APRO' }, pay: mercadopago.pay, books: true, refunds: true, fees: true },
  { provider: 'kushki', amount: 19_900, currency: 'MXN', waits: { type: 'spei' }, card: { type: 'card', token: 'sim_approved' }, pay: kushki.settle, books: true, refunds: true, fees: false },
  { provider: 'paypal', amount: 19_900, currency: 'MXN', waits: { type: 'card', token: 'vault-pending' }, card: { type: 'card', token: 'vault-visa' }, pay: paypal.settle, books: true, refunds: true, fees: true },
  { provider: 'wompi', amount: 5_000_000, currency: 'COP', waits: { type: 'pse', details: { bank: '1' } }, card: { type: 'card', token: 'tok_test_sim_approved' }, pay: reference => { wompi.settle(reference) }, books: false, refunds: false, fees: false }
]

for (const { provider, amount, currency, waits, card, pay, books, refunds, fees } of desks) {
  t.test(provider, async t => {
    const { access } = await made.tenant()
    const { id: connection } = await createConnection(hub, access, { provider, mode: 'test', credentials: simulators[provider].credentials('test') }, null)
    const sell = async (method: object) => await createPayment(hub, access, { amount, currency, customer: ana, connection, method, return_url: 'https://shop.example/back' } as never, null)
    const paid = await sell(card)
    const waiting = await sell(waits)
    t.match(waiting.status, /requires_action|processing/)
    pay(waiting.provider_reference!)
    t.match(await getPayment(hub, access, waiting.id), { amount_captured: 0 }, 'nobody told us')
    advance(2000)
    const first = await startAudit(hub, access, connection, {}, null)
    const missed = first.missed_payments.filter(({ payment }) => payment === waiting.id)
    t.match([first.status, first.foreign, missed], ['completed', 0, [{ status: 'succeeded', repaired: true }]], JSON.stringify(first))
    t.match(await getPayment(hub, access, waiting.id), { status: 'succeeded', amount_captured: amount, review: null })
    t.match(await startAudit(hub, access, connection, {}, null), { status: 'completed', checked: 2, missed: 0 }, 'a second look finds nothing more')
    if (!books) return void await t.rejects(readTransactionsNow(hub, access, connection, {}), { code: 'capability_not_supported' })

    if (refunds) t.match(await createRefund(hub, access, paid.id, { amount: 5000 } as never, null), { status: 'succeeded' })
    advance(2000)
    t.match(await readTransactionsNow(hub, access, connection, {}), { complete: true, stored: 3, changed: 0 })
    t.match(await readTransactionsNow(hub, access, connection, {}), { complete: true, stored: 0, changed: 0 }, 'read again it doubles nothing')
    const { data } = await listBalanceTransactions(hub, access, { limit: 100, connection } as never)
    t.same(data.filter(({ type }) => type === 'payment').map(({ payment }) => payment).toSorted(), [paid.id, waiting.id].toSorted(), 'each movement is of a payment of ours')
    for (const row of data) if (row.type === 'payment' && fees) t.ok(row.fee! > 0 && row.net === row.amount - row.fee!, `${row.amount} less ${row.fee!} is ${row.net!}`)
    t.match(data.filter(({ type }) => type === 'refund'), [{ amount: -5000, payment: paid.id }])
  })
}

t.test('mercadopago, by its settlement report', async t => {
  const { access } = await made.tenant()
  const { id: connection } = await createConnection(hub, access, { provider: 'mercadopago', mode: 'test', credentials: mercadopago.credentials('test') }, null)
  const { id } = await createPayment(hub, access, { amount: 19_900, currency: 'MXN', customer: ana, connection, method: { type: 'card', token: 'sim-token-visa-APRO' } }, null)
  t.match(await readTransactionsNow(hub, access, connection, {}), { stored: 1 }, 'today, out of the payments')
  await patchConnection(hub, access, connection, { settings: { transactions_source: 'settlement_report' } } as never)
  advance(30 * 3_600_000)
  await t.rejects(readTransactionsNow(hub, access, connection, {}), { code: 'provider_refused' }, 'the report is being made')
  // Whatever the hub asks of which days: each report is made, and then read.
  for (let times = 0; times < 12; times++) {
    advance(5 * 60_000)
    const read = await readTransactionsNow(hub, access, connection, {}).catch(() => undefined)
    if (read === undefined) continue
    t.match(read, { complete: true, stored: 0 }, 'the same names as before: nothing is doubled')
    t.match((await listBalanceTransactions(hub, access, { limit: 100, connection } as never)).data, [{ type: 'payment', payment: id, fee: Number, net: Number }])
    return
  }
  t.fail('the report never came')
})
