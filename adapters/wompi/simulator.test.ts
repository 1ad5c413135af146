/** What Wompi's twin refuses, keeps and delivers: by its wire alone, without the adapter. Its rules are our reading of the guides: there is no official specification. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startWompiSimulator, type WompiSimulator } from './simulator.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
type Keys = Record<string, string>

async function started (t: { teardown: (end: () => unknown) => void }, options: Parameters<typeof startWompiSimulator>[0] = {}): Promise<{ simulator: WompiSimulator, keys: Keys, ask: (method: string, path: string, body?: object, key?: string) => Promise<{ status: number, body: any }>, order: (more?: object) => Promise<object> }> {
  const simulator = await startWompiSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  const keys = simulator.credentials('test')
  const ask = async (method: string, path: string, body?: object, key = keys.public_key!) => {
    const answer = await fetch(`${simulator.url}/v1${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: await answer.json() }
  }
  let serial = 0
  const order = async (more: object = {}): Promise<object> => {
    const { data } = (await ask('GET', `/merchants/${keys.public_key!}`)).body
    const reference = `A-${++serial}`
    return {
      acceptance_token: data.presigned_acceptance.acceptance_token, accept_personal_auth: data.presigned_personal_data_auth.acceptance_token, amount_in_cents: 4_990_000, currency: 'COP', customer_email: 'a@b.co', reference,
      signature: sha256(`${reference}4990000COP${keys.integrity_secret!}`), payment_method: { type: 'CARD', token: 'tok_test_sim_approved', installments: 1 }, ...more
    }
  }
  return { simulator, keys, ask, order }
}

t.test('what is refused, and how', async t => {
  const { keys, ask, order, simulator } = await started(t)
  t.match(await ask('GET', '/transactions?reference=x'), { status: 401, body: { error: { type: 'INVALID_ACCESS_TOKEN' } } }, 'the public key does not list')
  t.match(await ask('GET', '/transactions/1-2-3'), { status: 404, body: { error: { type: 'NOT_FOUND_ERROR' } } })
  t.match(await ask('GET', '/merchants/pub_test_nobody'), { status: 404 })
  t.match(await ask('GET', '/transactions', undefined, keys.private_key), { status: 422 }, 'neither a reference nor days')
  const cases: [string, object][] = [
    ['signature', { signature: sha256('A-14990000COP') }], ['amount_in_cents', { amount_in_cents: 100 }], ['amount_in_cents', { amount_in_cents: 4_990_000.5 }], ['currency', { currency: 'USD' }], ['customer_email', { customer_email: 'nobody' }],
    ['acceptance_token', { acceptance_token: undefined }], ['accept_personal_auth', { accept_personal_auth: 'eyJ' }], ['token', { payment_method: { type: 'CARD', token: 'tok_test_nobody', installments: 1 } }],
    ['payment_method.installments', { payment_method: { type: 'CARD', token: 'tok_test_sim_approved' } }], ['payment_method.phone_number', { payment_method: { type: 'NEQUI', phone_number: '6011234567' } }],
    ['payment_method.financial_institution_code', { payment_method: { type: 'PSE', user_type: 0, user_legal_id_type: 'CC', user_legal_id: '1', financial_institution_code: '99', payment_description: 'x' } }], ['payment_method', { payment_method: { type: 'OXXO' } }]
  ]
  for (const [field, more] of cases) {
    const answer = await ask('POST', '/transactions', await order(more))
    t.match(answer, { status: 422, body: { error: { type: 'INPUT_VALIDATION_ERROR' } } }, field)
    t.ok(answer.body.error.messages[field], field)
  }
  t.equal(simulator.transactions().length, 0, 'nothing was charged')
  const once = await order()
  t.match(await ask('POST', '/transactions', once), { status: 201, body: { data: { status: 'PENDING', finalized_at: null } } }, 'never at once')
  t.match(await ask('POST', '/transactions', { ...await order(), ...once, acceptance_token: undefined }), { status: 422 })
  t.match((await ask('POST', '/transactions', once)).body.error.messages, { reference: ['La referencia ya ha sido usada'] })
})

t.test('the sandbox’s cards; a token is good for two uses', async t => {
  const { ask, order, keys } = await started(t)
  for (const [number, status] of [['4242424242424242', 'APPROVED'], ['4111111111111111', 'DECLINED'], ['5555555555554444', 'ERROR']] as const) {
    const token = (await ask('POST', '/tokens/cards', { number, cvc: '123', exp_month: '08', exp_year: '28', card_holder: 'José Pérez' })).body.data.id
    const method = { payment_method: { type: 'CARD', token, installments: 1 } }
    const { id } = (await ask('POST', '/transactions', await order(method))).body.data
    t.match(await ask('GET', `/transactions/${id}`), { body: { data: { status } } }, number)
    t.equal((await ask('POST', '/transactions', await order(method))).status, 201)
    t.equal((await ask('POST', '/transactions', await order(method))).status, 422, 'the third time')
    const voided = await ask('POST', `/transactions/${id}/void`, {}, keys.private_key)
    if (status === 'APPROVED') t.match(voided, { status: 201, body: { data: { status: 'APPROVED', transaction: { status: 'VOIDED' } } } })
    else t.equal(voided.status, 422)
  }
})

t.test('events are signed, and told to the one address; the books outlive a start', async t => {
  const stateFile = join(tmpdir(), `wompi-${process.pid}.json`)
  t.teardown(() => { rmSync(stateFile, { force: true }) })
  const { simulator, keys, ask, order } = await started(t, { stateFile })
  const heard: { headers: any, body: any }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    heard.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
    response.end()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  simulator.sendEventsTo(keys.public_key!, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const { id } = (await ask('POST', '/transactions', await order())).body.data
  await simulator.settled()
  t.equal(heard.length, 1)
  const { headers, body } = heard[0]!
  t.match(body, { event: 'transaction.updated', environment: 'test', data: { transaction: { id, status: 'APPROVED' } } })
  t.equal(headers['x-event-checksum'], body.signature.checksum)
  t.equal(body.signature.checksum, sha256(`${id as string}APPROVED4990000${body.timestamp as number}${keys.events_secret!}`))
  await simulator.close()
  const again = await startWompiSimulator({ stateFile })
  t.teardown(() => again.close())
  t.match(again.transactions(), [{ id, status: 'APPROVED' }])
})
