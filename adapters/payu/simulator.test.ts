/** What PayU's twin refuses, keeps and delivers: by its wire alone, without the adapter. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type PayuSimulator, type PayuSimulatorOptions, startPayuSimulator } from './simulator.ts'

async function started (t: { teardown: (end: () => unknown) => void }, options: PayuSimulatorOptions = {}) {
  const simulator = await startPayuSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return { simulator, ...asking(simulator, simulator.credentials('test')) }
}

function asking (simulator: PayuSimulator, own: Record<string, string>) {
  const merchant = { apiKey: own.api_key, apiLogin: own.api_login }
  const ask = async (command: string, body: object = {}, api = 'payments') => await (await fetch(`${simulator.url}/${api}-api/4.0/service.cgi`, { method: 'POST', body: JSON.stringify({ language: 'es', command, merchant, test: false, ...body }) })).json() as any
  const sign = (reference: string, value: string, currency: string) => createHash('md5').update([own.api_key, own.merchant_id, reference, value, currency].join('~')).digest('hex')
  const submit = async (transaction: object) => await ask('SUBMIT_TRANSACTION', { transaction })
  const payment = ({ reference = 'A-1', value = 1000, currency = 'MXN', country = 'MX', order = {}, ...more }: any = {}) => ({
    order: { accountId: own[`account_id_${String(country).toLowerCase()}`], referenceCode: reference, description: 'Mesa', language: 'es', signature: sign(reference, String(value), currency), additionalValues: { TX_VALUE: { value, currency } }, ...order },
    creditCardTokenId: 'sim-VISA-APPROVED', type: 'AUTHORIZATION_AND_CAPTURE', paymentMethod: 'VISA', paymentCountry: country, ...more
  })
  return { ask, submit, payment, own }
}

t.test('what is refused, and how', async t => {
  const { simulator, ask, submit, payment, own } = await started(t)
  t.match(await ask('PING'), { code: 'SUCCESS' })
  t.match(await asking(simulator, simulator.wrongCredentials('test')).ask('PING'), { code: 'ERROR', error: 'Invalid credentials', transactionResponse: null })
  t.match(await ask('NOTHING'), { code: 'ERROR', error: /Invalid request format/ })
  t.match(await ask('PING', { invented: true }), { code: 'ERROR' })
  const cases: [string, object, RegExp][] = [
    ['a signature of another amount', payment({ order: { additionalValues: { TX_VALUE: { value: 999, currency: 'MXN' } } } }), /signature/],
    ['an account of another country', payment({ order: { accountId: own.account_id_co } }), /account/],
    ['a currency of another country', payment({ currency: 'COP' }), /currency/],
    ['decimals in Chile', payment({ currency: 'CLP', country: 'CL', value: 10.5 }), /CLP/],
    ['three decimals', payment({ value: 10.123 }), /amount/],
    ['a hold in Colombia', payment({ currency: 'COP', country: 'CO', type: 'AUTHORIZATION' }), /not supported/],
    ['a token of nobody', payment({ creditCardTokenId: 'nobody' }), /token/],
    ['a token of another brand', payment({ paymentMethod: 'MASTERCARD' }), /match/],
    ['cash that is held', payment({ paymentMethod: 'OXXO', type: 'AUTHORIZATION' }), /not supported/],
    ['PSE without a bank', payment({ paymentMethod: 'PSE', country: 'CO', currency: 'COP' }), /FINANCIAL_INSTITUTION_CODE/],
    ['EFECTY of 19,999', payment({ paymentMethod: 'EFECTY', country: 'CO', currency: 'COP', value: 19_999 }), /EFECTY/],
    ['a way to pay that there is not', payment({ paymentMethod: 'BITCOIN' }), /not available/]
  ]
  for (const [what, transaction, error] of cases) t.match(await submit(transaction), { code: 'ERROR', error, transactionResponse: null }, what)
  t.equal(simulator.orders().length, 0, 'and nothing is kept')
})

t.test('one step, two steps, and what follows', async t => {
  const { ask, submit, payment } = await started(t)
  const { transactionResponse: paid } = await submit(payment())
  t.match(paid, { state: 'APPROVED', responseCode: 'APPROVED', orderId: Number, transactionId: String })
  const { transactionResponse: held } = await submit(payment({ reference: 'A-2', type: 'AUTHORIZATION' }))
  const of = (answer: any, type: string, more: object = {}) => ({ order: { id: String(answer.orderId) }, type, parentTransactionId: answer.transactionId, ...more })
  const value = (value: string) => ({ additionalValues: { TX_VALUE: { value, currency: 'MXN' } } })
  t.match(await submit(of(held, 'CAPTURE', value('1001'))), { code: 'ERROR' })
  t.match(await submit(of(held, 'CAPTURE', value('400'))), { transactionResponse: { state: 'APPROVED' } })
  t.match(await submit(of(held, 'VOID')), { code: 'ERROR', error: /status/ })
  t.match(await submit(of(held, 'PARTIAL_REFUND', { reason: 'x', ...value('400.50') })), { code: 'ERROR' })
  t.match(await submit(of(held, 'PARTIAL_REFUND', { reason: 'x', ...value('300') })), { transactionResponse: { state: 'PENDING', pendingReason: 'PENDING_REVIEW', transactionId: null } })
  t.match(await submit(of(held, 'PARTIAL_REFUND', { reason: 'x', ...value('101') })), { code: 'ERROR' }, 'what waits is counted')
  t.match(await submit(of(held, 'REFUND', { reason: 'x' })), { code: 'ERROR', error: /already/ })
  t.match(await submit(of(held, 'PARTIAL_REFUND', value('1'))), { code: 'ERROR', error: /reason/ })
  t.match(await ask('ORDER_DETAIL', { details: { orderId: held.orderId } }, 'reports'), { result: { payload: { status: 'CAPTURED', referenceCode: 'A-2', transactions: [{ type: 'AUTHORIZATION' }, { type: 'CAPTURE' }, { type: 'PARTIAL_REFUND' }] } } })
  t.match(await ask('ORDER_DETAIL_BY_REFERENCE_CODE', { details: { referenceCode: 'A-1' } }, 'reports'), { result: { payload: [{ id: paid.orderId }] } })
  t.match(await ask('ORDER_DETAIL_BY_REFERENCE_CODE', { details: { referenceCode: 'none' } }, 'reports'), { code: 'SUCCESS', result: null })
  t.match(await ask('TRANSACTION_RESPONSE_DETAIL', { details: { transactionId: paid.transactionId } }, 'reports'), { result: { payload: { state: 'APPROVED' } } })
})

t.test('a token is made of a card, and says what its holder’s name says', async t => {
  const { ask, submit, payment } = await started(t)
  const { creditCardToken } = await ask('CREATE_TOKEN', { creditCardToken: { payerId: '10', name: 'REJECTED', identificationNumber: '1', paymentMethod: 'VISA', number: '4111111111111111', expirationDate: '2030/12' } })
  t.match(creditCardToken, { creditCardTokenId: /^[0-9a-f-]{36}$/, maskedNumber: '411111******1111', number: null })
  t.match(await submit(payment({ creditCardTokenId: creditCardToken.creditCardTokenId })), { transactionResponse: { state: 'DECLINED', responseCode: 'ENTITY_DECLINED' } })
  t.match(await ask('GET_TOKENS', { creditCardTokenInformation: { creditCardTokenId: creditCardToken.creditCardTokenId } }), { creditCardTokenList: [{ paymentMethod: 'VISA' }] })
})

t.test('a confirmation leaves for each end, signed, to where the order or the account says', async t => {
  const { simulator, submit, payment, own } = await started(t, { digest: 'sha1' })
  const heard: { type: string | undefined, path: string | undefined, fields: URLSearchParams }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    heard.push({ type: request.headers['content-type'], path: request.url, fields: new URLSearchParams(Buffer.concat(chunks).toString()) })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  simulator.confirmAt(`${url}/account`)
  await submit(payment({ value: 150.26 }))
  await submit(payment({ value: 150, order: { notifyUrl: `${url}/order` }, creditCardTokenId: 'sim-VISA-REJECTED' }))
  const { transactionResponse: waiting } = await submit(payment({ paymentMethod: 'OXXO' }))
  await simulator.settled()
  t.equal(heard.length, 2, 'nothing is told of what waits')
  simulator.expire(String(waiting.orderId))
  await simulator.settled()
  t.same(heard.map(({ path, fields }) => [path, fields.get('state_pol'), fields.get('value')]), [['/account', '4', '150.26'], ['/order', '6', '150.00'], ['/account', '5', '1000.00']])
  for (const { type, fields } of heard) {
    t.equal(type, 'application/x-www-form-urlencoded')
    const value = fields.get('value')!.replace(/0$/, '')
    t.equal(fields.get('sign'), createHash('sha1').update([own.api_key, own.merchant_id, 'A-1', value, 'MXN', fields.get('state_pol')].join('~')).digest('hex'))
  }
})

t.test('the books are kept between two starts', async t => {
  const stateFile = join(t.testdir(), 'payu.json')
  const first = await startPayuSimulator({ seed: 7, stateFile })
  const own = first.credentials('test')
  const { submit, payment } = asking(first, own)
  const { transactionResponse } = await submit(payment())
  await first.close()
  const second = await startPayuSimulator({ seed: 7, stateFile })
  t.teardown(() => second.close())
  const again = asking(second, own)
  t.match(await again.ask('ORDER_DETAIL', { details: { orderId: transactionResponse.orderId } }, 'reports'), { result: { payload: { status: 'CAPTURED' } } })
  t.not((await again.submit(payment({ reference: 'A-2' }))).transactionResponse.orderId, transactionResponse.orderId, 'and no number is given twice')
})

t.test('a payer presses the buttons of the bank', async t => {
  const { simulator, ask, submit, payment } = await started(t)
  const extraParameters = { FINANCIAL_INSTITUTION_CODE: '1007', USER_TYPE: 'N', PSE_REFERENCE1: '127.0.0.1', PSE_REFERENCE2: 'CC', PSE_REFERENCE3: '1', RESPONSE_URL: 'https://shop.example/back' }
  const { transactionResponse } = await submit(payment({ paymentMethod: 'PSE', country: 'CO', currency: 'COP', value: 5000, extraParameters }))
  const page = transactionResponse.extraParameters.BANK_URL
  t.match(await (await fetch(page)).text(), /button/)
  t.equal((await fetch(page, { method: 'POST', body: 'outcome=no', redirect: 'manual' })).headers.get('location'), 'https://shop.example/back')
  t.match(await ask('ORDER_DETAIL', { details: { orderId: transactionResponse.orderId } }, 'reports'), { result: { payload: { status: 'DECLINED' } } })
  t.equal((await fetch(`${simulator.url}/nothing`)).status, 404)
})
