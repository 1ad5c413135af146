/** What Kushki's twin refuses, keeps and delivers: by its wire alone, without the adapter. Its rules are our reading of the facts: there is no official specification. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startKushkiSimulator } from './simulator.ts'

async function started (t: { teardown: (end: () => unknown) => void }, options: Parameters<typeof startKushkiSimulator>[0] = {}) {
  const simulator = await startKushkiSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  const keys = simulator.credentials('test')
  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = { 'private-merchant-id': keys.private_merchant_id! }): Promise<{ status: number, body: any }> => {
    const answer = await fetch(`${simulator.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: await answer.json() }
  }
  const publicly = { 'public-merchant-id': keys.public_merchant_id! }
  const tokenOf = async (number: string) => await ask('POST', '/card/v1/tokens', { card: { name: 'Ana', number, cvv: '123', expiryMonth: '12', expiryYear: '30' }, totalAmount: 100.5, currency: 'MXN', isDeferred: false }, publicly)
  return { simulator, keys, ask, publicly, tokenOf }
}
const amount = { subtotalIva: 0, subtotalIva0: 100.5, iva: 0, ice: 0, currency: 'MXN' }
const charge = { token: 'sim_approved', amount, metadata: { a: 'b' }, fullResponse: 'v2' }

t.test('what is refused, and how', async t => {
  const { ask, publicly, simulator } = await started(t)
  t.match(await ask('GET', '/analytics/v1/transactions-list?from=2026-01-01T00:00:00&to=2026-01-02T00:00:00', undefined, publicly), { status: 403, body: { message: /identity-based policy/ } }, 'the public id does not list')
  t.match(await ask('GET', '/card/v1/nothing'), { status: 403, body: { message: 'Missing Authentication Token' } })
  t.match(await ask('GET', '/analytics/v1/transactions-list'), { status: 400, body: { code: 'K001' } }, 'no dates')
  const cases: [string, object][] = [
    ['an unknown field', { ...charge, reference: 'A-1' }], ['no amount', { ...charge, amount: undefined }], ['cents as an integer of another currency', { ...charge, amount: { ...amount, currency: 'EUR' } }], ['half a cent', { ...charge, amount: { ...amount, subtotalIva0: 100.555 } }],
    ['nothing', { ...charge, amount: { ...amount, subtotalIva0: 0 } }], ['ICE in COP', { ...charge, amount: { ...amount, currency: 'COP' } }], ['half a peso of Chile', { ...charge, amount: { ...amount, currency: 'CLP' } }], ['a number in the metadata', { ...charge, metadata: { a: 1 } }],
    ['one month', { ...charge, months: 1 }], ['a creditType that is a number', { ...charge, deferred: { graceMonths: '00', creditType: 1, months: 3 } }]
  ]
  for (const [what, body] of cases) t.match(await ask('POST', '/card/v1/charges', body), { status: 400, body: { code: 'K001' } }, what)
  t.match(await ask('POST', '/card/v1/charges', { ...charge, token: 'nobodys' }), { status: 400, body: { code: '577' } })
  t.match(await ask('DELETE', '/v1/charges/170384522771700083', { fullResponse: 'v2' }), { status: 400, body: { code: 'K010' } })
  t.equal(simulator.rows().length, 0, 'nothing was charged')
})

t.test('the sandbox’s cards; a token is good for one use', async t => {
  const { ask, tokenOf } = await started(t)
  t.match(await tokenOf('4574441215190335'), { status: 402, body: { code: '017' } }, 'declined with the token')
  for (const [number, code] of [['5451951574925480', undefined], ['4349003000047015', '017'], ['4349001210846432', '021'], ['4349003243371321', '022'], ['4349001386781322', '023']] as const) {
    const { token } = (await tokenOf(number)).body
    const answer = await ask('POST', '/card/v1/charges', { ...charge, token })
    if (code === undefined) t.match(answer, { status: 201, body: { ticketNumber: /^\d{18}$/, details: { transactionStatus: 'APPROVAL', responseCode: '000', requestAmount: 100.5 } } })
    else t.match(answer, { status: 400, body: { code, ticketNumber: /^\d{18}$/ } }, number)
    t.match(await ask('POST', '/card/v1/charges', { ...charge, token }), { status: 400, body: { code: '577' } }, 'the second time')
  }
})

t.test('holds, captures and what goes back', async t => {
  const { ask } = await started(t)
  const { ticketNumber } = (await ask('POST', '/card/v1/preAuthorization', charge)).body
  t.match(await ask('POST', '/card/v1/capture', { ticketNumber, amount: { ...amount, subtotalIva0: 101 }, fullResponse: 'v2' }), { status: 400, body: { code: 'K012' } })
  const captured = (await ask('POST', '/card/v1/capture', { ticketNumber, amount, fullResponse: 'v2' })).body
  t.match(captured, { details: { transactionType: 'CAPTURE' } })
  t.match(await ask('POST', '/card/v1/capture', { ticketNumber, amount }), { status: 400 }, 'once')
  t.match(await ask('DELETE', `/v1/charges/${ticketNumber as string}`, {}), { status: 400 }, 'a hold that was captured is not let go')
  t.match(await ask('DELETE', `/v1/charges/${captured.ticketNumber as string}`, { amount: { ...amount, subtotalIva0: 100 } }), { status: 201, body: { details: { transactionType: 'VOID' } } })
  t.match(await ask('DELETE', `/v1/charges/${captured.ticketNumber as string}`, { amount: { ...amount, subtotalIva0: 1 } }), { status: 400, body: { code: '220' } }, 'more than is left')
  t.match(await ask('DELETE', `/v1/refund/${captured.ticketNumber as string}`), { status: 200, body: { code: 'K000' } })
  const { data, total } = (await ask('GET', `/analytics/v1/transactions-list?from=${new Date(Date.now() - 60_000).toISOString().slice(0, -1)}&to=${new Date(Date.now() + 60_000).toISOString().slice(0, -1)}&limit=2&offset=1`)).body
  t.equal(total, 4)
  t.same(data.map((row: any) => row.transaction_type), ['VOID', 'CAPTURE'], 'newest first, by pages')
})

t.test('webhooks are signed over the whole body; the books outlive a start', async t => {
  const stateFile = join(tmpdir(), `kushki-${process.pid}.json`)
  t.teardown(() => { rmSync(stateFile, { force: true }) })
  const { simulator, keys, ask } = await started(t, { stateFile })
  const heard: { headers: any, body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  simulator.sendEventsTo(keys.public_merchant_id!, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const { ticketNumber } = (await ask('POST', '/card/v1/charges', charge)).body
  await simulator.settled()
  t.equal(heard.length, 1)
  const { headers, body } = heard[0]!
  t.match(JSON.parse(body), { ticket_number: ticketNumber, transaction_status: 'APPROVAL', transaction_type: 'SALE', approved_transaction_amount: 100.5, currency_code: 'MXN', metadata: { a: 'b' } })
  const sign = (text: string) => createHmac('sha256', keys.webhook_secret!).update(text).digest('hex')
  t.equal(headers['x-kushki-signature'], sign(`${body}.${headers['x-kushki-id'] as string}`))
  t.equal(headers['x-kushki-simplesignature'], sign(headers['x-kushki-id']))
  t.equal(headers['x-kushki-key'], keys.public_merchant_id)
  await simulator.close()
  const again = await startKushkiSimulator({ stateFile })
  t.teardown(() => again.close())
  t.match(again.rows(), [{ ticket_number: ticketNumber }])
})
