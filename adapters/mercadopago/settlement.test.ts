/** The movements out of the settlement report. */
import t from 'tap'
import type { ConnectionMemory } from '../../core/adapter/index.ts'
import mercadopago from './adapter.ts'
import { minorOfText } from './amounts.ts'
import { answering, closesAgents, id, key, open, order, refused, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments } = mercadopago
const settings = { transactions_source: 'settlement_report' }
const noon = new Date('2026-11-19T12:00:00Z')
const hours = (n: number): Date => new Date(noon.getTime() + n * 3_600_000)
const range = { from: hours(-24 * 7), to: hours(36) }

function memory (): ConnectionMemory & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return { kept, get: name => kept.get(name) || undefined, set: (name, value) => { kept.set(name, value) } }
}

/** Somebody sold the day before yesterday, and reads the books the day after. */
async function shop (t: Parameters<typeof simulated>[0], options: { reportMs?: number } = {}) {
  let at = noon
  const simulator = await simulated(t, { now: () => at, ...options })
  const credentials = simulator.credentials('test')
  const kept = memory()
  const context = open(simulator, { settings, credentials, now: () => at, memory: kept })
  const paid = await payments.createPayment(context, order())
  const asked = { idempotencyKey: key(), refundReference: id('ref'), reference: paid.reference!, providerReference: paid.providerReference, amount: { amount: 3000, currency: 'MXN' } }
  const refund = await payments.refund(context, asked)
  simulator.withdraw(credentials.access_token!, 50)
  at = hours(36)
  return { simulator, context, credentials, kept, paid, refund, moveTo: (moment: Date) => { at = moment } }
}

t.test('what came in with all that was held back, what went back under its own name, and what was taken out', async t => {
  const { context, paid, refund } = await shop(t)
  const { data, next } = await payments.listTransactions(context, range)
  t.equal(next, undefined)
  t.match(data.map(({ type, amount }) => [type, amount.amount, amount.currency]), [['payment', 10_050, 'MXN'], ['refund', -3000, 'MXN'], ['payout', -5000, 'MXN']])
  const [came, back, out] = data as [typeof data[0], typeof data[0], typeof data[0]]
  t.match(came, { providerReference: paid.providerReference, reference: paid.reference!, paymentProviderReference: paid.providerReference, at: noon, availableAt: Date })
  t.equal(came.net, came.amount.amount - came.fee!)
  t.ok(came.fee! > 0)
  t.match(back, { providerReference: refund.providerReference, paymentProviderReference: paid.providerReference, fee: 0, net: -3000 })
  t.match(out, { providerReference: /\/withdrawal$/, payout: String })
})

t.test('both sources give the same names, so a change of source doubles nothing', async t => {
  const { simulator, context, credentials } = await shop(t)
  const report = await payments.listTransactions(context, range)
  const own = await payments.listTransactions(open(simulator, { credentials, now: () => hours(36) }), range)
  const names = ({ data }: typeof report) => data.filter(({ type }) => type !== 'payout').map(({ providerReference, amount, net }) => [providerReference, amount.amount, net ?? amount.amount])
  t.same(names(report), names(own))
})

t.test('a report is asked for once, and fetched when it is there; until then nothing is told as empty', async t => {
  const { simulator, context, moveTo } = await shop(t, { reportMs: 4 * 60_000 })
  const asked = () => simulator.requests().filter(({ method, path }) => method === 'POST' && path.endsWith('/settlement_report')).length
  for (const minutes of [0, 2]) {
    moveTo(new Date(hours(36).getTime() + minutes * 60_000))
    t.match(await refused(payments.listTransactions(context, range)), { code: 'conflict', reached: 'answered', providerCode: 'report_pending', retryAfterMs: 300_000 })
    t.equal(asked(), 1)
  }
  moveTo(new Date(hours(36).getTime() + 5 * 60_000))
  // The hub's range ends now, and now is later: it is still the same file.
  t.equal((await payments.listTransactions(context, { ...range, to: new Date(hours(36).getTime() + 5 * 60_000) })).data.length, 3)
  t.equal(asked(), 1)
  const other = { ...context, memory: undefined } as never as typeof context
  t.equal((await payments.listTransactions(other, range)).data.length, 3, 'another process finds the file')
  t.equal(asked(), 1)
})

t.test('today is not in it yet, and a range of today asks for nothing', async t => {
  const { simulator, context, moveTo } = await shop(t)
  moveTo(hours(2))
  const before = simulator.requests().length
  t.same(await payments.listTransactions(context, { from: hours(-2), to: hours(2) }), { data: [] })
  t.equal(simulator.requests().length, before)
})

t.test('what the account configured otherwise is read, or told by its name', async t => {
  const { context } = await shop(t)
  const file = (csv: string, list: object = [{ begin_date: '2026-11-12T00:00:00Z', end_date: '2026-11-20T23:59:59Z', file_name: 'a.csv' }]) => {
    const made = answering(context, 200, list)
    return { ...made, http: async (request: { url: string }) => request.url.endsWith('a.csv') ? { status: 200, headers: {}, body: Buffer.from(csv) } : { status: 200, headers: {}, body: Buffer.from(JSON.stringify(list)) } } as typeof context
  }
  const header = 'SOURCE_ID,TRANSACTION_TYPE,TRANSACTION_AMOUNT,TRANSACTION_CURRENCY,TRANSACTION_DATE,SETTLEMENT_NET_AMOUNT'
  const until = { from: range.from, to: hours(24) }
  const row = (type: string, gross: string, net: string, currency = 'MXN') => `7,${type},${gross},${currency},2026-11-19T08:00:00.000-04:00,${net}`
  const read = async (...rows: string[]) => (await payments.listTransactions(file(`\uFEFF${[header, ...rows].join('\r\n')}\r\n`), until)).data
  t.match(await read(row('SETTLEMENT', '100.50', '90.00')), [{ type: 'payment', fee: 1050, net: 9000, at: noon }], 'commas, and lines as Windows ends them')
  t.match(await read(row('SETTLEMENT', '5000.00', '4500.00', 'CLP')), [{ amount: { amount: 5000, currency: 'CLP' }, fee: 500 }], 'Chile’s peso is whole')
  t.match(await read(row('CHARGEBACK', '-100.50', '-100.50'), row('DISPUTE', '100.50', '100.50')), [{ type: 'dispute', amount: { amount: -10_050 } }, { type: 'dispute', amount: { amount: 10_050 }, providerReference: '7/chargeback#2' }], 'taken, and given back')
  t.match(await read(row('CASHBACK', '1.00', '1.00'), row('CASHBACK', '1.00', '1.00')), [{ type: 'other', providerReference: '7/cashback' }, { providerReference: '7/cashback#2' }], 'two equal rows are two')
  t.match(await refused(payments.listTransactions(file(header.replace('TRANSACTION_TYPE', 'TIPO')), until)), { providerCode: 'report_columns', providerMessage: /lacks TRANSACTION_TYPE/ })
  t.match(await refused(payments.listTransactions(file(`${header}\n${row('SETTLEMENT', '1,5', '1')}`), until).then(({ data }) => { if (data.length === 0) throw new Error('left out') })).catch((error: unknown) => error), Error, 'a line of another length is no row')
  t.match(await refused(payments.listTransactions(file(`${header}\n${row('SETTLEMENT', '1.005', '1')}`), until)), { code: 'unknown', reached: 'unknown' }, 'half a cent is not read as one')
  t.match(await refused(payments.listTransactions(answering(context, 404, { message: 'config_not_found_for_user', status: 404 }), range)), { code: 'not_found', reached: 'answered' })
})

t.test('signed decimals', async t => {
  t.same(['-8.85', '70.15', '0.00', '-0.00', '819'].map(text => minorOfText(text, 'MXN')), [-885, 7015, 0, 0, 81_900])
  for (const text of ['', '1,5', '1e3', '--1', '1.005']) t.throws(() => minorOfText(text, 'MXN'), { code: 'unknown' }, text)
})
