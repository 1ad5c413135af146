import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import kushki from './adapter.ts'
import { momentOf, signatureOf } from './signature.ts'
import { ana, card, closesAgents, id, key, open, order, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments, webhooks } = kushki
const secret = 'kushki_webhook_secret'
const sentAt = '1702500000'
const now = new Date(1_702_500_000_000)
const vector = '{"ticket_number":"182812681810192871","transaction_status":"APPROVAL","approved_transaction_amount":100}'
const signature = 'ae1b08186961b84144ce691a454808023e8b530bba9432145b59760d4908f54d'
const simple = createHmac('sha256', secret).update(sentAt).digest('hex')

interface Sent { body?: string | Uint8Array, headers?: Record<string, string | undefined>, secrets?: string[], at?: Date, settings?: Record<string, unknown> }
const verify = ({ body = vector, headers = {}, secrets = [secret], at = now, settings = {} }: Sent = {}) => {
  const all = { 'x-kushki-key': 'm', 'x-kushki-id': sentAt, 'x-kushki-signature': signature, 'x-kushki-simplesignature': simple, ...headers }
  return webhooks.verify({ url: 'https://hub.test/hooks/1', body: Buffer.from(body), headers: Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)), secrets, now: at, settings })
}
const parse = (told: object) => webhooks.parse({ url: '', headers: {}, body: Buffer.from(JSON.stringify(told)) })

t.test('the vector, which was computed by the documented rule: nobody publishes one', async t => {
  t.match(verify(), { verdict: 'verified' })
  t.equal(signatureOf(vector, sentAt, secret), signature)
  t.equal(verify({ headers: { 'x-kushki-signature': signature.toUpperCase() } }).verdict, 'verified')
  t.equal(verify({ secrets: ['another', secret] }).verdict, 'verified', 'while one replaces another')
  const path = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
  if (!existsSync(path)) return
  const { kushki: known } = JSON.parse(readFileSync(path, 'utf8')) as { kushki: Record<'secret' | 'x_kushki_id' | 'body' | 'x_kushki_signature' | 'x_kushki_simple_signature', string> }
  t.equal(signatureOf(known.body, known.x_kushki_id, known.secret), known.x_kushki_signature)
  t.equal(simple, known.x_kushki_simple_signature)
})

t.test('the simple signature is never enough, nor is anything else but the whole one', async t => {
  t.match(verify({ headers: { 'x-kushki-signature': undefined } }), { verdict: 'refused', reason: /simple signature/ })
  t.equal(verify({ headers: { 'x-kushki-signature': simple } }).verdict, 'refused', 'not in the other’s place either')
  t.equal(verify({ headers: { 'x-kushki-signature': undefined, 'x-kushki-simplesignature': undefined } }).verdict, 'refused')
  t.equal(verify({ headers: { 'x-kushki-simplesignature': 'wrong' } }).verdict, 'verified', 'it is never looked at')
  t.equal(verify({ headers: { 'x-kushki-id': undefined } }).verdict, 'refused')
  for (const time of ['', '170250000', '17025000000', '1702500000.0', ' 1702500000', '01702500000', 'abc']) t.equal(verify({ headers: { 'x-kushki-id': time, 'x-kushki-signature': signatureOf(vector, time, secret) } }).verdict, 'refused', `the time ${time}`)
  t.equal(verify({ headers: { 'x-kushki-id': '1702500000000', 'x-kushki-signature': signatureOf(vector, '1702500000000', secret) } }).verdict, 'verified', 'milliseconds are a time, too')
  t.same(momentOf('1702500000'), momentOf('1702500000000'))
  for (const secrets of [[], [''], ['kushki_webhook_secreT']]) t.equal(verify({ secrets }).verdict, 'refused')
  t.equal(verify({ headers: { 'x-kushki-signature': signatureOf(vector, sentAt, '') }, secrets: ['', secret] }).verdict, 'refused', 'an empty secret')
  t.equal(verify({ at: new Date(now.getTime() + 29 * 60_000) }).verdict, 'verified')
  t.equal(verify({ at: new Date(now.getTime() + 31 * 60_000) }).verdict, 'refused')
  t.equal(verify({ at: new Date(now.getTime() - 31 * 60_000) }).verdict, 'refused', 'a time to come')
  t.equal(verify({ at: new Date(now.getTime() + 31 * 60_000), settings: { webhook_tolerance_s: 7200 } }).verdict, 'verified', 'the setting decides')
})

t.test('a body that was written anew passes only where the setting says so', async t => {
  const spaced = JSON.stringify(JSON.parse(vector), null, 2)
  t.equal(verify({ body: spaced }).verdict, 'refused')
  t.equal(verify({ body: spaced, settings: { reserialised: true } }).verdict, 'verified')
  t.equal(verify({ body: spaced.replace('100', '1'), settings: { reserialised: true } }).verdict, 'refused')
})

t.test('Kushki tries a new address with {} and no signature: it is answered, and says nothing', async t => {
  const bare = { 'x-kushki-id': undefined, 'x-kushki-signature': undefined, 'x-kushki-simplesignature': undefined, 'x-kushki-key': undefined }
  for (const body of ['{}', '{ }', '{}\n']) {
    t.match(verify({ body, headers: bare }), { verdict: 'unverifiable', dedupeKey: 'url.validation' })
    t.same(webhooks.parse({ url: '', headers: {}, body: Buffer.from(body) }), [{ type: 'connection', what: 'ping' }])
  }
  t.equal(verify({ body: '{}', headers: bare, settings: { url_validation: false } }).verdict, 'refused')
  for (const body of ['{"a":1}', '[]', 'null', '', '{}'.padEnd(40), vector]) t.equal(verify({ body, headers: bare }).verdict, 'refused', body.trim())
  t.equal(verify({ body: '{}' }).verdict, 'refused', 'with a signature of something else')
})

t.test('of 2,000 changes of what is signed none passes', async t => {
  const bytes = Buffer.from(vector)
  const spot = fc.nat(bytes.length - 1)
  const hex = fc.constantFrom(...'0123456789abcdef')
  const forged: fc.Arbitrary<Sent> = fc.oneof(
    fc.tuple(spot, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => ({ body: bytes.map((byte, i) => i === at ? byte ^ mask : byte) })),
    fc.tuple(spot, fc.integer({ min: 0, max: 255 })).map(([at, byte]) => ({ body: Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at)]) })),
    spot.map(at => ({ body: Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]) })),
    spot.map(at => ({ body: bytes.subarray(0, at) })),
    fc.constantFrom(' ', '\n', '\0', '\uFEFF', '{}', '.1702500000').map(more => ({ body: Buffer.concat([bytes, Buffer.from(more)]) })),
    fc.constantFrom(' ', '\n', '\uFEFF').map(more => ({ body: Buffer.concat([Buffer.from(more), bytes]) })),
    fc.integer({ min: 1, max: 10_000_000 }).map(amount => ({ body: vector.replace('100}', `${amount}}`) })).filter(({ body }) => body !== vector),
    fc.constantFrom('DECLINED', 'INITIALIZED', 'approval').map(status => ({ body: vector.replace('APPROVAL', status) })),
    fc.bigInt({ min: 10n ** 15n, max: 10n ** 18n }).map(ticket => ({ body: vector.replace('182812681810192871', String(ticket)) })),
    fc.integer({ min: -900, max: 900 }).filter(by => by !== 0).map(by => ({ headers: { 'x-kushki-id': String(1_702_500_000 + by) } })),
    fc.constantFrom('1702500000000', '01702500000', '1702500000 ', '1702500000.').map(time => ({ headers: { 'x-kushki-id': time } })),
    fc.tuple(fc.nat(63), hex).map(([at, digit]) => ({ headers: { 'x-kushki-signature': signature.slice(0, at) + digit + signature.slice(at + 1) } })).filter(({ headers }) => headers['x-kushki-signature'] !== signature),
    fc.nat(63).map(length => ({ headers: { 'x-kushki-signature': signature.slice(0, length) } })),
    fc.string({ minLength: 1, maxLength: 40 }).filter(text => text !== secret).map(text => ({ secrets: [text] })),
    // The same bytes, divided elsewhere between body and time.
    fc.constant({ body: `${vector}.1702500000`, headers: { 'x-kushki-id': '' } })
  )
  let tried = 0
  fc.assert(fc.property(forged, sent => {
    tried++
    return verify(sent).verdict === 'refused'
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
})

t.test('a redelivery is the same event, though its time and signature are others', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  await payments.createPayment(context, order())
  const told = (at: Date) => {
    const raw = { url: 'https://hub.test/hooks/1', ...simulator.signedWebhook({ secret: context.credentials.webhook_secret!, now: at }) }
    const verdict = webhooks.verify({ ...raw, secrets: [context.credentials.webhook_secret!], now: at, settings: context.settings })
    return verdict.verdict === 'refused' ? verdict.reason : verdict.dedupeKey
  }
  t.equal(told(new Date()), told(new Date(Date.now() + 60_000)))
})

t.test('what a card’s notification says', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const newest = () => webhooks.parse({ url: '', ...simulator.signedWebhook({ secret: 'x', now: new Date() }) })
  const paid = await payments.createPayment(context, order())
  t.match(newest(), [{ type: 'payment', providerReference: paid.providerReference, reference: paid.reference, snapshot: { status: 'succeeded', amountCaptured: 19_990, amount: { amount: 19_990, currency: 'MXN' } } }])
  await payments.createPayment(context, order({ method: card('funds') }))
  t.match(newest(), [{ type: 'payment', snapshot: { status: 'requires_payment_method', error: { code: 'insufficient_funds' } } }])
  const held = await payments.createPayment(context, order({ capture: 'manual' }))
  t.match(newest(), [{ type: 'payment', snapshot: { status: 'authorized', amountCapturable: 19_990 } }])
  await payments.capture(context, { idempotencyKey: key(), providerReference: held.providerReference, reference: held.reference!, amount: { amount: 19_990, currency: 'MXN' } })
  t.same(Object.keys(newest()[0]!).includes('snapshot'), false, 'of a capture the payment is asked')
  t.match(newest(), [{ type: 'payment', providerReference: held.providerReference }])
  await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: paid.reference!, providerReference: paid.providerReference, amount: { amount: 1000, currency: 'MXN' } })
  t.match(newest(), [{ type: 'payment', providerReference: paid.providerReference }], 'of a void, too: it may have let a hold go')
  const row = { ticket_number: '2', sale_ticket_number: paid.providerReference, transaction_type: 'REFUND', transaction_status: 'APPROVAL', currency_code: 'MXN', request_amount: 10, approved_transaction_amount: 10 }
  t.match(parse(row), [{ type: 'refund', providerReference: paid.providerReference, refund: { providerReference: '2', status: 'succeeded', amount: { amount: 1000 } } }])
  t.match(parse({ ...row, transaction_status: 'BRAND_NEW' }), [{ type: 'payment', providerReference: paid.providerReference }], 'a word that nobody knows makes the hub ask')
  t.match(parse({ ...row, sale_ticket_number: undefined }), [{ type: 'ignored' }])
  t.notOk('snapshot' in parse({ ticket_number: '1', transaction_type: 'SALE', transaction_status: 'APPROVAL', currency_code: 'MXN' })[0]!, 'approved, of nobody knows how much')
  t.match(parse({ ticket_number: '1', transaction_type: 'CHARGEBACK' }), [{ type: 'ignored' }])
})

t.test('what those of cash, transfers and subscriptions say', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const newest = () => webhooks.parse({ url: '', ...simulator.signedWebhook({ secret: 'x', now: new Date() }) })
  const waits = (type: string, currency: string, details = {}) => payments.createPayment(context, order({ method: { type, details }, amount: { amount: 500_000, currency } }))
  const cash = await waits('cash', 'COP')
  simulator.settle(cash.providerReference)
  t.match(newest(), [{ type: 'payment', providerReference: cash.providerReference, reference: cash.reference, snapshot: { status: 'succeeded', amountCaptured: 500_000, method: { type: 'cash' } } }])
  const other = await waits('cash', 'COP')
  simulator.settle(other.providerReference, 'expiredTransaction')
  t.match(newest(), [{ type: 'payment', snapshot: { status: 'expired', amountCaptured: 0 } }])
  const pse = await waits('pse', 'COP', { bank: '1007' })
  simulator.settle(pse.providerReference)
  t.match(newest(), [{ type: 'payment', providerReference: pse.providerReference, reference: pse.reference, snapshot: { status: 'succeeded', amountCaptured: 500_000, method: { type: 'pse' } } }])
  const method = (await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type: 'card', token: 'sim_approved' })).providerReference
  const plan = await payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'x', amount: { amount: 100, currency: 'USD' }, interval: 'month', intervalCount: 1 })
  const made = await payments.createSubscription(context, { idempotencyKey: key(), reference: id('sub'), customerProviderReference: ana.email, planReference: 'pln_1', planProviderReference: plan.providerReference, quantity: 1, methodProviderReference: method })
  simulator.advance(context.credentials.private_merchant_id!, new Date(Date.now() + 33 * 86_400_000))
  const said = webhooks.parse({ url: '', ...simulator.signedWebhook({ secret: 'x', now: new Date(), type: 'succesfullCharge' }) })
  t.same(said, [{ type: 'subscription', providerReference: made.providerReference, reference: made.reference }])
  const charge = webhooks.parse({ url: '', ...simulator.signedWebhook({ secret: 'x', now: new Date(), type: 'SALE' }) })
  t.match(charge, [{ type: 'payment', reference: made.reference, snapshot: { status: 'succeeded' } }], 'and the charge itself names the subscription')
  await payments.removeMethod(context, { idempotencyKey: key(), customerProviderReference: ana.email, providerReference: method })
  t.match(newest(), [{ type: 'subscription', providerReference: made.providerReference, snapshot: { status: 'canceled' } }])
  t.match(parse({ name: 'succesfullCharge', event: { subscriptionId: '1' } }), [{ type: 'ignored' }], 'of somebody else’s subscription')
  t.match(parse({ hello: 1 }), [{ type: 'ignored' }])
})
