import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import mercadopago from './adapter.ts'
import { refusalReason } from './signature.ts'
import { closesAgents, open, order, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments, webhooks } = mercadopago
const secret = 'your_secret_key_here'
const requestId = '2066ca19-c6f1-498a-be75-1923005edd06'
const ts = '1742505638683'
const now = new Date(Number(ts) + 1000)
/** Source: facts section 3.7, accepted by the official library. */
const v1 = '3376cb55bc5bf870e8c0c9c3e5987f0a260517ed03ae61a077bcfa05ce44c446'
const body = JSON.stringify({ id: 12345, live_mode: true, type: 'payment', date_created: '2026-01-15T10:30:00.000-04:00', user_id: 44444, api_version: 'v1', action: 'payment.updated', data: { id: '123456' } })

interface Delivery { query?: string, headers?: Record<string, string | undefined>, body?: string, secrets?: string[], now?: Date, settings?: object }
const verify = ({ query = 'data.id=123456&type=payment', headers = {}, body: bytes = body, secrets = [secret], now: at = now, settings = {} }: Delivery = {}) => webhooks.verify({
  url: `https://hub.test/hooks/1?${query}`,
  body: Buffer.from(bytes),
  headers: Object.fromEntries(Object.entries({ 'x-request-id': requestId, 'x-signature': `ts=${ts},v1=${v1}`, ...headers }).filter(([, value]) => value !== undefined)) as Record<string, string>,
  secrets, now: at, settings: { ...settings }
})

t.test('the manifest is signed: id, request and moment, as they are written', async t => {
  t.same(verify(), { verdict: 'verified', dedupeKey: 'payment:123456:12345', eventType: 'payment.updated' })
  t.equal(verify({ headers: { 'x-signature': ` v1=${v1} , ts=${ts} ` } }).verdict, 'verified', 'in whatever order')
  t.equal(verify({ body: '{}' }).verdict, 'verified', 'the body is not covered')
  const broken: [string, Delivery][] = [
    ['another id', { query: 'data.id=123457&type=payment' }],
    ['no id', { query: 'type=payment' }],
    ['another request', { headers: { 'x-request-id': 'another' } }],
    ['no request', { headers: { 'x-request-id': undefined } }],
    ['no signature', { headers: { 'x-signature': undefined } }],
    ['an empty one', { headers: { 'x-signature': 'ts=,v1=' } }],
    ['two of them', { headers: { 'x-signature': `ts=${ts},v1=${v1},v1=${v1}` } }],
    ['in capitals', { headers: { 'x-signature': `ts=${ts},v1=${v1.toUpperCase()}` } }],
    ['another secret', { secrets: ['another_secret_key'] }],
    ['the empty secret', { secrets: [''] }],
    ['an hour later', { now: new Date(now.getTime() + 3_600_000) }],
    ['an hour before', { now: new Date(now.getTime() - 3_600_000) }],
    ['of no type', { query: 'data.id=123456', body: '[]' }]
  ]
  for (const [what, delivery] of broken) t.equal(verify(delivery).verdict, 'refused', what)
  t.equal(verify({ now: new Date(now.getTime() + 3_600_000), settings: { webhook_tolerance_s: 7200 } }).verdict, 'verified', 'as long as the setting says')
  t.match(verify({ body: '[]' }), { eventType: 'payment' }, 'the type of the address')
})

t.test('seconds or milliseconds, any case of the id, and no request where there is none', async t => {
  const seconds = { id: 'ORDTST01M2V0', requestId, header: 'ts=1704908010,v1=508012efbabc59370281b70c75ea0c99158c75484c56c68d194bccd26e9b7b6d' }
  const at = { secrets: [secret], now: new Date(1_704_908_010_000), toleranceS: 10 }
  t.equal(refusalReason(seconds, at), undefined)
  t.match(refusalReason({ ...seconds, id: 'ordtst01m2v0' }, at), /no secret/, 'in lower case another one')
  const lower = { id: 'ORD01JQ4S4KY8HWQ6NA5PXB65B3D3', requestId, header: `ts=${ts},v1=633f91233312dd391ec75fa0bea539cfc2d6c4918873305b84a96cc1c58db71c` }
  t.equal(refusalReason(lower, { ...at, now }), undefined, 'signed in lower case, sent in capitals')
  t.match(refusalReason({ ...seconds, requestId: undefined }, at), /no secret/)
  t.match(refusalReason(seconds, { ...at, secrets: [] }), /no secret to verify with/)
})

t.test('the vectors', { skip: !existsSync(vectors()) && 'no PASARELA_ORACLE_DATA' }, async t => {
  const { mercadopago: all } = JSON.parse(readFileSync(vectors(), 'utf8')) as { mercadopago: { secret: string, data_id: string, x_request_id: string, ts: string, v1: string }[] }
  for (const { secret, data_id: id, x_request_id: requestId, ts, v1 } of all) {
    const at = Number(ts) > 1e12 ? Number(ts) : Number(ts) * 1000
    t.equal(refusalReason({ id, requestId, header: `ts=${ts},v1=${v1}` }, { secrets: [secret], now: new Date(at), toleranceS: 10 }), undefined, id)
  }
})

function vectors (): string {
  return join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
}

t.test('of 2,000 changes of what is signed none passes', async t => {
  const flip = (text: string) => fc.tuple(fc.integer({ min: 0, max: text.length - 1 }), fc.integer({ min: 1, max: 127 })).map(([at, mask]) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ mask) + text.slice(at + 1))
  const cut = (text: string) => fc.integer({ min: 0, max: text.length - 1 }).map(end => text.slice(0, end))
  const more = (text: string) => fc.constantFrom('0', 'a', ' ', ';', 'id:1;').map(end => text + end)
  const changed = (text: string) => fc.oneof(flip(text), cut(text), more(text)).filter(other => other !== text)
  const forged = fc.oneof(
    changed('123456').map(id => ({ id, requestId, ts, v1 })),
    changed(requestId).map(requestId => ({ id: '123456', requestId, ts, v1 })),
    changed(ts).map(ts => ({ id: '123456', requestId, ts, v1 })),
    changed(v1).map(v1 => ({ id: '123456', requestId, ts, v1 }))
  ).filter(({ v1: given, ts: at }) => given.trim() !== v1 || at.trim() !== ts)
  let tried = 0
  const own = fc.oneof(forged, changed('123456').map(id => ({ id, requestId, ts, v1 })), changed(requestId).map(requestId => ({ id: '123456', requestId, ts, v1 })))
  fc.assert(fc.property(own, ({ id, requestId, ts, v1 }) => {
    tried++
    return refusalReason({ id, requestId, header: `ts=${ts},v1=${v1}` }, { secrets: [secret], now, toleranceS: 1e12 }) !== undefined
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
})

t.test('what is not signed never says more than what to ask about', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.json(), fc.constantFrom('payment', 'topic_chargebacks_wh', 'subscription_preapproval', 'mp-connect', 'order', ''), (body, type) => {
    const events = webhooks.parse({ url: `https://hub.test/hooks/1?data.id=7&type=${type}`, headers: {}, body: Buffer.from(body) })
    return events.every(event => !('snapshot' in event) && !('refund' in event) && !('dispute' in event) && (!('providerReference' in event) || event.providerReference === '7'))
  }), { numRuns: 300, seed: 20_261_121 }))
})

t.test('what is told, in our words', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const told = (type: string) => {
    const { headers, body, query } = simulator.signedWebhook({ secret, now: new Date(), type })
    const raw = { url: `https://hub.test/hooks/1?${query!}`, headers, body }
    t.equal(webhooks.verify({ ...raw, secrets: [secret], now: new Date(), settings: {} }).verdict, 'verified', type)
    return webhooks.parse(raw)
  }
  const paid = await payments.createPayment(context, order())
  t.match(told('payment'), [{ type: 'payment', providerReference: paid.providerReference, occurredAt: Date }])
  const chargeback = simulator.dispute(paid.providerReference)
  t.match(told('topic_chargebacks_wh'), [{ type: 'dispute_named', providerReference: chargeback }], 'eighteen digits, none lost')
  const parse = (type: string, body: object) => webhooks.parse({ url: `/hooks/1?data.id=1&type=${type}`, headers: {}, body: Buffer.from(JSON.stringify(body)) })
  t.same(parse('payment', { action: 'test.created' }), [{ type: 'connection', what: 'ping' }])
  t.same(parse('mp-connect', { action: 'application.deauthorized' }), [{ type: 'connection', what: 'revoked' }])
  for (const type of ['mp-connect', 'topic_merchant_order_wh', 'subscription_authorized_payment', 'order']) t.match(parse(type, {}), [{ type: 'ignored' }], type)
  t.match(webhooks.parse({ url: '/hooks/1', headers: {}, body: Buffer.from('') }), [{ type: 'ignored' }])
})
