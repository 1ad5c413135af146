import { createSign, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import conekta from './adapter.ts'
import { publicKeyText, refusalReason } from './signature.ts'
import { ana, card, closesAgents, id, key, open, order, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments, webhooks } = conekta
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
const digestOf = (body: string, algorithm = 'RSA-SHA256') => createSign(algorithm).update(body).sign(privateKey, 'base64')
const verify = (body: string, digest: string | undefined, secrets: string[] = [publicKey]) =>
  webhooks.verify({ url: 'https://hub.test/hooks/1', body: Buffer.from(body), headers: digest === undefined ? {} : { digest }, secrets, now: new Date(), settings: {} })
const body = JSON.stringify({ id: '63fe3d2ddd', object: 'event', type: 'order.paid', data: { object: { object: 'order' } } })

t.test('a DIGEST is RSA, PKCS #1 v1.5, SHA-256 over the bytes', async t => {
  t.same(verify(body, digestOf(body)), { verdict: 'verified', dedupeKey: '63fe3d2ddd', eventType: 'order.paid' })
  t.equal(verify(body.replace('{', '{ '), digestOf(body)).verdict, 'refused', 'a space more is another body')
  t.equal(verify(body, digestOf(body, 'RSA-SHA1')).verdict, 'refused', 'another digest is another scheme')
  t.equal(verify(body, undefined).verdict, 'refused')
  t.equal(verify('[]', digestOf('[]')).verdict, 'refused', 'signed, but no event')
  t.equal(verify(body, digestOf(body), ['nonsense', publicKey]).verdict, 'verified', 'a key that cannot be read spoils no other')
  const small = generateKeyPairSync('rsa', { modulusLength: 1024, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  t.equal(verify(body, createSign('RSA-SHA256').update(body).sign(small.privateKey, 'base64'), [small.publicKey]).verdict, 'refused', 'a key of 1024 bits')
})

t.test('the public key is read however it is written', async t => {
  const oneLine = publicKey.trim().split('\n').join('\\n')
  for (const text of [publicKey, oneLine, publicKey.replaceAll('\n', ' '), publicKey.replaceAll('\n', '\r\n'), publicKeyText(publicKey)]) {
    t.equal(verify(body, digestOf(body), [text]).verdict, 'verified', JSON.stringify(text.slice(0, 40)))
    t.ok(new RegExp(conekta.manifest.credentials.properties.webhook_public_key!.pattern!, 'u').test(text), 'and the form takes it')
  }
})

t.test('the digest of Conekta’s own pages', { skip: !existsSync(vectors()) && 'no PASARELA_ORACLE_DATA' }, async t => {
  const { conekta: vector } = JSON.parse(readFileSync(vectors(), 'utf8')) as { conekta: { public_key_pem: string, digest_header: string } }
  // Its body is not published: so much can be said, that key and digest are taken as such, and that it fits no other body.
  t.equal(refusalReason({ body: Buffer.from(body), header: vector.digest_header, keys: [vector.public_key_pem] }), 'no key of this connection made the DIGEST')
})

function vectors (): string {
  return join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
}

t.test('of 2,000 changes of body or digest none passes', async t => {
  const digest = digestOf(body)
  const flip = (text: string) => fc.tuple(fc.integer({ min: 0, max: text.length - 1 }), fc.integer({ min: 1, max: 127 })).map(([at, mask]) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ mask) + text.slice(at + 1))
  const changed = fc.oneof(
    flip(body).map(body => ({ body, digest })),
    flip(digest).map(digest => ({ body, digest })),
    fc.integer({ min: 0, max: digest.length - 1 }).map(end => ({ body, digest: digest.slice(0, end) })),
    fc.constantFrom(' ', '=', 'A', '\n', ',').map(more => ({ body, digest: digest + more }))
  ).filter(forged => forged.body !== body || forged.digest !== digest)
  let tried = 0
  fc.assert(fc.property(changed, forged => {
    tried++
    return verify(forged.body, forged.digest).verdict === 'refused'
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
})

t.test('what is told, in our words', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const told = (type: string) => {
    const { headers, body } = simulator.signedWebhook({ secret: privateKey, now: new Date(), type })
    const raw = { url: 'https://hub.test/hooks/1', headers, body }
    t.equal(webhooks.verify({ ...raw, secrets: [publicKey], now: new Date(), settings: {} }).verdict, 'verified', type)
    return webhooks.parse(raw)
  }
  const asked = order()
  const paid = await payments.createPayment(context, asked)
  t.match(told('order.paid'), [{ type: 'payment', providerReference: paid.providerReference, reference: asked.reference, snapshot: { status: 'succeeded', amountCaptured: 109_900 } }])
  t.match(told('charge.paid'), [{ type: 'ignored' }], 'the same payment, told twice: one family is acted on')
  await payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: asked.reference, providerReference: paid.providerReference, amount: { amount: 9900, currency: 'MXN' } })
  t.match(told('order.partially_refunded'), [{ type: 'payment', snapshot: { amountRefunded: 9900 } }, { type: 'refund', providerReference: paid.providerReference, refund: { amount: { amount: 9900 }, status: 'succeeded' } }])
  const lost = await payments.createPayment(context, order())
  simulator.dispute(lost.providerReference)
  t.match(told('order.charged_back'), [{ type: 'payment', snapshot: { disputed: true } }, { type: 'dispute', providerReference: lost.providerReference, dispute: { reason: 'product_not_received', status: 'needs_response' } }])
  t.match(told('charge.chargeback.created'), [{ type: 'payment', providerReference: lost.providerReference, snapshot: undefined }], 'the charge names its order, which is asked')
  const voucher = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
  simulator.expire(voucher.providerReference)
  t.match(told('order.expired'), [{ type: 'payment', snapshot: { status: 'expired' } }])
  const held = await payments.createPayment(context, order({ capture: 'manual' }))
  await payments.capture(context, { idempotencyKey: key(), providerReference: held.providerReference, reference: held.reference!, amount: { amount: 100, currency: 'MXN' } })
  t.match(told('order.paid'), [{ type: 'payment', providerReference: held.providerReference, snapshot: undefined }], 'what was taken of what was held only the balance says: it is asked')
  await payments.createPayment(context, order({ method: card('tok_test_card_declined'), customer: ana }))
  t.match(told('order.declined'), [{ type: 'payment', snapshot: { status: 'requires_payment_method', error: { code: 'card_declined' } } }])
  const parse = (event: object) => webhooks.parse({ url: '', headers: {}, body: Buffer.from(JSON.stringify(event)) })
  t.same(parse({ id: '1', type: 'webhook_ping', data: { action: 'ping' } }), [{ type: 'connection', what: 'ping' }])
  t.match(parse({ id: '1', type: 'payout.paid', data: { object: { object: 'payout' } } }), [{ type: 'ignored' }])
  t.match(parse({ id: '1', type: 'order.paid', data: { object: { object: 'order', id: 'ord_1', amount: 1, currency: 'MXN', livemode: false, payment_status: 'brand_new', created_at: 1 } } }), [{ type: 'payment', providerReference: 'ord_1', snapshot: undefined }], 'a word never heard of makes the hub ask')
})

t.test('an address is registered once, and other people’s key stays', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const url = 'https://hub.example/hooks/1'
  const first = await webhooks.register(context, { url, events: ['order.paid'] })
  const again = await webhooks.register(context, { url, events: ['order.paid', 'order.expired'] })
  t.same([again.providerReference, again.secret], [first.providerReference, first.secret])
  t.equal(simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/webhook_keys').length, 1)
  await webhooks.unregister(context, first.providerReference)
  await webhooks.unregister(context, first.providerReference)
  t.match(await webhooks.register(context, { url: 'http://127.0.0.1:1/hooks/1', events: ['order.paid'] }).catch((error: unknown) => error), { code: 'invalid_request', reached: 'answered' }, 'an address of the machine itself is refused, as by Conekta')
})
