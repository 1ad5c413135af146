import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import Stripe from 'stripe'
import t from 'tap'
import type { Verdict } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'

const { verify, parse } = stripe.webhooks

const secret = 'whsec_test_secret'
const seconds = 1_700_000_000
const event = { id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', created: seconds, livemode: false, data: { object: {} as object } }
const body = Buffer.from(JSON.stringify(event, null, 2))

function signed (bytes: Uint8Array, secrets = [secret], at = seconds): string {
  return [`t=${at}`, ...secrets.map(each => 'v1=' + createHmac('sha256', each).update(`${at}.`).update(bytes).digest('hex'))].join(',')
}

interface Given { body?: Uint8Array, header?: string | undefined, secrets?: string[], at?: number, settings?: Record<string, unknown> }

function judged (given: Given = {}): Verdict {
  const header = 'header' in given ? given.header : signed(given.body ?? body)
  return verify({
    body: given.body ?? body,
    headers: header === undefined ? {} : { 'stripe-signature': header },
    url: '/hook',
    secrets: given.secrets ?? [secret],
    now: new Date((given.at ?? seconds) * 1000),
    settings: given.settings ?? { webhook_tolerance_seconds: 300 }
  })
}

/** What the official SDK says of the same material. */
function bySdk (given: Required<Pick<Given, 'body' | 'header'>>, at = seconds): boolean {
  try {
    Stripe.webhooks.constructEvent(Buffer.from(given.body), given.header ?? '', secret, 300, undefined, at * 1000)
    return true
  } catch {
    return false
  }
}

t.test('a true one is verified, and its event id is what tells doubles', async t => {
  t.same(judged(), { verdict: 'verified', dedupeKey: 'evt_1', eventType: 'payment_intent.succeeded' })
  t.equal(bySdk({ body, header: signed(body) }), true, 'the SDK agrees')
  const bySdkSigned = Stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret, timestamp: seconds })
  t.equal(judged({ header: bySdkSigned }).verdict, 'verified', 'and we take what the SDK signs')
})

t.test('the published vectors', async t => {
  const path = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
  if (!existsSync(path)) return t.comment(`skipped: no ${path}`)
  const [vector, primitive] = JSON.parse(readFileSync(path, 'utf8')).stripe
  const payload = Buffer.from(vector.payload)
  const verdict = judged({ body: payload, header: vector.header, secrets: [vector.secret], at: vector.timestamp })
  t.match(verdict, { verdict: 'refused', reason: 'signed by Stripe, but not an event' }, 'the signature holds; the body is only half an event')
  t.match(judged({ body: payload, header: vector.header.replace(/.$/, '1'), secrets: [vector.secret], at: vector.timestamp }), { reason: /no signature matches/ })
  for (const [text, hmac] of Object.entries(primitive.hmac)) t.equal(createHmac('sha256', 'test_secret').update(text).digest('hex'), hmac)
})

t.test('two secrets while one replaces the other, on their side or ours', async t => {
  t.equal(judged({ header: signed(body, ['whsec_other', secret]) }).verdict, 'verified')
  t.equal(judged({ secrets: ['whsec_other', secret] }).verdict, 'verified')
  t.equal(judged({ secrets: [secret, 'whsec_other'] }).verdict, 'verified')
  t.equal(judged({ header: `${signed(body)},v0=${'a'.repeat(64)}` }).verdict, 'verified', 'other schemes are passed over')
})

t.test('refused, each for its reason', async t => {
  const good = signed(body)
  const v1 = good.split(',')[1]
  for (const [reason, given] of [
    [/no secret/, { secrets: [] }],
    [/no secret/, { secrets: [''], header: signed(body, ['']) }],
    [/no signature matches/, { secrets: ['', 'whsec_b'], header: signed(body, ['']) }],
    [/no Stripe-Signature/, { header: undefined }],
    [/no Stripe-Signature/, { header: '' }],
    [/no signature matches/, { secrets: ['whsec_other'] }],
    [/no signature matches/, { body: Buffer.from(JSON.stringify(event)), header: good }],
    [/no signature matches/, { body: Buffer.concat([body, Buffer.from('\n')]), header: good }],
    [/no single time/, { header: `${good},t=${seconds}` }],
    [/no single time/, { header: `t=1,${good}` }],
    [/no single time/, { header: String(v1) }],
    [/no single time/, { header: `t=0${seconds},${v1}` }],
    [/no single time/, { header: `t=${seconds}.0,${v1}` }],
    [/no single time/, { header: `t=-1,${v1}` }],
    [/no v1/, { header: `t=${seconds}` }],
    [/no v1/, { header: good.replace('v1=', 'v0=') }],
    [/no v1/, { header: good.replace('v1=', 'v1=00') }],
    [/no v1/, { header: good.replace(/[a-f]/, letter => letter.toUpperCase()) }],
    [/malformed/, { header: good.replace(',', ', ') }],
    [/malformed/, { header: `${good},` }],
    [/malformed/, { header: `${good},nonsense` }],
    [/malformed/, { header: good.replace('v1=', 'v1==') }],
    [/too long/, { header: `${good},${Array(20).fill(v1).join(',')}` }],
    [/too long/, { header: `${good},x=${'1'.repeat(5000)}` }],
    [/301 s ago/, { at: seconds + 301 }],
    [/301 s ahead/, { at: seconds - 301 }],
    [/61 s ago/, { at: seconds + 61, settings: { webhook_tolerance_seconds: 60 } }],
    [/301 s ago/, { at: seconds + 301, settings: {} }],
    [/301 s ago/, { at: seconds + 301, settings: { webhook_tolerance_seconds: 0 } }],
    [/301 s ago/, { at: seconds + 301, settings: { webhook_tolerance_seconds: '9999' } }],
    [/not an event/, { body: Buffer.from('[]') }],
    [/not an event/, { body: Buffer.from('null') }],
    [/not an event/, { body: Buffer.from('{"id":1,"type":"x"}') }],
    [/not an event/, { body: Buffer.from([0xff, 0xfe]) }]
  ] as [RegExp, Given][]) t.match(judged(given), { verdict: 'refused', reason }, String(reason))
  t.equal(judged({ at: seconds + 300 }).verdict, 'verified')
  t.equal(judged({ at: seconds - 300 }).verdict, 'verified')
})

t.test('2,000 mutations of what is signed: none is accepted', async t => {
  const header = signed(body)
  let accepted = 0
  let more = 0
  const edit = fc.record({ inHeader: fc.boolean(), at: fc.nat(), how: fc.constantFrom('flip', 'drop', 'insert', 'swap', 'cut') as fc.Arbitrary<'flip' | 'drop' | 'insert' | 'swap' | 'cut'>, byte: fc.integer({ min: 1, max: 255 }) })
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), edits => {
    let bytes: Buffer = Buffer.from(body)
    let text: Buffer = Buffer.from(header)
    for (const { inHeader, ...change } of edits) {
      if (inHeader) text = mutated(text, change)
      else bytes = mutated(bytes, change)
    }
    if (bytes.equals(body) && text.equals(Buffer.from(header))) return
    const given = { body: bytes, header: text.toString('latin1') }
    const ours = judged(given).verdict !== 'refused'
    if (ours) accepted++
    if (bySdk(given) && !ours) more++
  }), { numRuns: 2000, endOnFailure: true })
  t.equal(accepted, 0)
  t.comment(`the SDK took ${more} of them`)
})

function mutated (bytes: Buffer, { at, how, byte }: { at: number, how: string, byte: number }): Buffer {
  const i = at % Math.max(1, bytes.length)
  const rest = Buffer.from(bytes)
  if (how === 'flip') rest[i] = (rest[i] ?? 0) ^ byte
  if (how === 'swap' && i + 1 < rest.length) [rest[i], rest[i + 1]] = [rest[i + 1] as number, rest[i] as number]
  if (how === 'drop') return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1)])
  if (how === 'insert') return Buffer.concat([bytes.subarray(0, i), Buffer.from([byte]), bytes.subarray(i)])
  if (how === 'cut') return bytes.subarray(0, i)
  return rest
}

t.test('we never accept what the SDK refuses', async () => {
  const part = fc.oneof(fc.constantFrom(`t=${seconds}`, 't=1', 't=', 'v1=', 'v0=ab', 'x', '', signed(body).split(',')[1] as string), fc.string())
  fc.assert(fc.property(fc.array(part, { maxLength: 4 }), fc.constantFrom(',', ', ', ''), (parts, glue) => {
    const header = parts.join(glue)
    return judged({ header }).verdict === 'refused' || bySdk({ body, header })
  }), { numRuns: 2000 })
})

const events = (type: string, object: object, more: object = {}) =>
  parse({ body: Buffer.from(JSON.stringify({ ...event, type, data: { object }, ...more })), headers: {}, url: '/' })

const intent = {
  id: 'pi_1', object: 'payment_intent', amount: 5000, amount_capturable: 0, amount_received: 5000, currency: 'mxn', status: 'succeeded', livemode: true,
  created: seconds, metadata: { pasarela_payment: 'pay_1' }, client_secret: 'pi_1_secret_x', latest_charge: 'ch_1', last_payment_error: null, next_action: null
}

t.test('events in our words', async t => {
  const occurredAt = new Date(seconds * 1000)
  t.match(events('payment_intent.succeeded', intent), [{
    type: 'payment', providerReference: 'pi_1', reference: 'pay_1', occurredAt,
    snapshot: { status: 'succeeded', mode: 'live', amountCaptured: 5000, amountRefunded: undefined, transactionReference: 'ch_1' }
  }])
  t.match(events('payment_intent.payment_failed', { ...intent, status: 'brand_new' }), [{ type: 'payment', providerReference: 'pi_1', snapshot: undefined }], 'a status that we never saw: the hub asks')
  t.same(events('payment_intent.canceled', { ...intent, metadata: { pasarela_probe: 'con_1' } }), [{ type: 'connection', what: 'ping' }])
  t.match(events('charge.refunded', { id: 'ch_1', object: 'charge', payment_intent: 'pi_1', metadata: { pasarela_payment: 'pay_1' } }), [{ type: 'payment', providerReference: 'pi_1', reference: 'pay_1' }])
  t.match(events('charge.succeeded', { id: 'ch_1', object: 'charge', payment_intent: null }), [{ type: 'ignored' }])
  const refund = { id: 're_1', object: 'refund', amount: 100, currency: 'mxn', status: 'succeeded', created: seconds, payment_intent: { id: 'pi_1' }, metadata: { pasarela_refund: 'ref_1', pasarela_payment: 'pay_1' } }
  for (const type of ['refund.created', 'charge.refund.updated']) {
    t.match(events(type, refund), [{ type: 'refund', providerReference: 'pi_1', reference: 'pay_1', refund: { providerReference: 're_1', refundReference: 'ref_1', status: 'succeeded', amount: { amount: 100, currency: 'MXN' } } }])
  }
  t.match(events('refund.updated', { ...refund, status: null }), [{ type: 'payment', providerReference: 'pi_1' }])
  t.match(events('refund.updated', { ...refund, payment_intent: null }), [{ type: 'ignored' }])
  t.match(events('charge.dispute.created', { id: 'dp_1', object: 'dispute', payment_intent: 'pi_1', status: 'needs_response' }), [{ type: 'dispute', providerReference: 'pi_1', disputeReference: 'dp_1', status: 'needs_response' }])
  for (const [type, object] of [['customer.created', { object: 'customer' }], ['payout.paid', { object: 'payout' }], ['v2.x', {}]] as const) t.match(events(type, object), [{ type: 'ignored' }])
  for (const text of ['', '{', '[]', '{}', '{"type":"x"}', '{"type":"x","data":{}}']) t.match(parse({ body: Buffer.from(text), headers: {}, url: '/' }), [{ type: 'ignored' }])
})

t.test('each event that we ask for is one that we read', async t => {
  for (const type of stripe.manifest.webhooks?.events ?? []) {
    const object = type.startsWith('payment_intent') ? intent : type.includes('dispute') ? { object: 'dispute', payment_intent: 'pi_1' } : type.startsWith('charge') ? { object: 'charge', payment_intent: 'pi_1' } : { object: 'refund', status: 'pending', amount: 1, currency: 'mxn', payment_intent: 'pi_1' }
    t.notMatch(events(type, object), [{ type: 'ignored' }], type)
  }
})
