import { sign, verify as verifySignature, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import paypal from './adapter.ts'
import { certificatePath, messageOf, ownRoots, trustedLeaf } from './signature.ts'
import { chainFor, signer, subjects } from './simulator/certificates.ts'
import { certificateName } from './simulator/world.ts'
import { closesAgents, id, key, open, order, refused, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments, webhooks } = paypal
const webhookId = '4JH86294D6297924G'
const now = new Date('2026-11-21T10:00:00Z')
const body = JSON.stringify({ id: 'WH-1', event_type: 'PAYMENT.CAPTURE.COMPLETED', resource: { id: '3C679366HH908993F', supplementary_data: { related_ids: { order_id: '5O190127TN364715T' } } } })
const genuine = { id: 'dfb3be50-fd74-11e4-8bf3-77339302725b', time: '2026-11-21T09:59:00Z', webhookId, body, algorithm: 'SHA256withRSA' }
const signatureOf = ({ id, time, webhookId, body }: typeof genuine, privateKey = signer().privateKey) => sign('sha256', Buffer.from(messageOf(id, time, webhookId, Buffer.from(body))), privateKey).toString('base64')
const signature = signatureOf(genuine)
const verify = (told: typeof genuine & { signature?: string }, { secrets = [webhookId], key = signer().leaf, at = now, settings = {} }: { secrets?: string[], key?: string | undefined, at?: Date, settings?: object } = {}) => webhooks.verify({
  url: 'https://hub.test/hooks/1', body: Buffer.from(told.body), secrets, now: at, settings: { ...settings }, ...(key !== '' && { key }),
  headers: { 'paypal-transmission-id': told.id, 'paypal-transmission-time': told.time, 'paypal-transmission-sig': told.signature ?? signature, 'paypal-auth-algo': told.algorithm, 'paypal-cert-url': `https://api.sandbox.paypal.com${certificateName}` }
})

t.test('a transmission is RSA over id, time, webhook and the CRC32 of the body', async t => {
  t.equal(crc32('123456789'), 3_421_780_262, 'the standard check value')
  t.same(verify(genuine), { verdict: 'unverifiable', dedupeKey: genuine.id, eventType: 'PAYMENT.CAPTURE.COMPLETED' }, 'the body is not signed, so it is only asked about')
  t.equal(verify(genuine, { secrets: ['3TR748995U920805P'] }).verdict, 'refused', 'of another webhook')
  t.equal(verify(genuine, { secrets: ['WH-1'] }).verdict, 'refused', 'an event’s id is no webhook’s')
  t.equal(verify(genuine, { key: '' }).verdict, 'refused', 'without its certificate')
  t.equal(verify(genuine, { key: chainFor(subjects.sandbox).leaf }).verdict, 'refused', 'by another certificate')
  t.equal(verify({ ...genuine, algorithm: 'none' }).verdict, 'refused')
  t.equal(verify({ ...genuine, body: `${body} ` }).verdict, 'refused', 'a space more is another CRC')
  t.equal(verify(genuine, { settings: { webhook_max_age_hours: 96 }, at: new Date('2026-11-26T10:00:00Z') }).verdict, 'refused', 'five days old')
  t.equal(verify(genuine, { settings: { webhook_max_age_hours: 96 }, at: new Date('2026-11-24T10:00:00Z') }).verdict, 'unverifiable', 'three days old: PayPal still tries')
  t.equal(verify(genuine, { at: new Date('2041-01-01T00:00:00Z') }).verdict, 'refused', 'its certificate is over')
})

t.test('what the CRC lets through acts on nothing: it only names what is asked', async t => {
  for (const event of webhooks.parse({ url: '', headers: {}, body: Buffer.from(body) })) t.same(event, { type: 'payment', providerReference: '5O190127TN364715T' })
})

/** The same CRC32 by choosing letters: each pair differs in one bit, and a CRC is linear in its bits. */
function ofTheSameCrc (wanted: number, made: (letters: string) => string): Buffer {
  const places = 48
  const letters = Array.from({ length: places }, () => 'b')
  const of = (flipped: readonly number[]) => crc32(made(letters.map((letter, i) => flipped.includes(i) ? 'c' : letter).join('')))
  const base = of([])
  // Each row: what flipping it changes, and which flips it is made of.
  const rows = letters.map((_, i) => ({ change: (of([i]) ^ base) >>> 0, flips: new Set([i]) }))
  const flips = new Set<number>()
  let left = (base ^ wanted) >>> 0
  const toggle = (into: Set<number>, from: Set<number>) => { for (const i of from) if (!into.delete(i)) into.add(i) }
  for (let bit = 31; bit >= 0; bit--) {
    const mask = 2 ** bit
    const has = (value: number) => Math.floor(value / mask) % 2 === 1
    const pivot = rows.splice(rows.findIndex(({ change }) => has(change)), 1)[0]!
    for (const row of rows) if (has(row.change)) { row.change = (row.change ^ pivot.change) >>> 0; toggle(row.flips, pivot.flips) }
    if (has(left)) { left = (left ^ pivot.change) >>> 0; toggle(flips, pivot.flips) }
  }
  return Buffer.from(made(letters.map((letter, i) => flips.has(i) ? 'c' : letter).join('')))
}

t.test('another body of the same CRC passes the signature: it says whom to ask about, and no more', async t => {
  const forged = ofTheSameCrc(crc32(body), letters => JSON.stringify({ id: 'WH-2', event_type: 'PAYMENT.CAPTURE.COMPLETED', resource: { id: 'STOLEN1234567', status: 'COMPLETED', amount: { currency_code: 'MXN', value: '999999.00' }, custom_id: `pay_${'0'.repeat(31)}1`, note: letters, supplementary_data: { related_ids: { order_id: '9AB12345CD678901E' } } } }))
  t.equal(crc32(forged), crc32(body))
  t.notSame(forged, Buffer.from(body))
  const told = webhooks.verify({ url: '', body: forged, secrets: [webhookId], now, settings: {}, key: signer().leaf, headers: { 'paypal-transmission-id': genuine.id, 'paypal-transmission-time': genuine.time, 'paypal-transmission-sig': signature, 'paypal-auth-algo': genuine.algorithm, 'paypal-cert-url': `https://api.sandbox.paypal.com${certificateName}` } })
  t.same(told, { verdict: 'unverifiable', dedupeKey: genuine.id, eventType: 'PAYMENT.CAPTURE.COMPLETED' }, 'never verified; and under the transmission’s own id, which counts once')
  t.same(webhooks.parse({ url: '', headers: {}, body: forged }), [{ type: 'payment', providerReference: '9AB12345CD678901E', reference: `pay_${'0'.repeat(31)}1` }], 'no amount, no state')
})

const vectors = join(process.env.PASARELA_ORACLE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'specs/vectors/webhook_vectors.json')
t.test('PayPal’s own published vectors', { skip: !existsSync(vectors) && 'no PASARELA_ORACLE_DATA' }, async t => {
  const { paypal: told } = JSON.parse(readFileSync(vectors, 'utf8')) as { paypal: { cert_url: string, public_key_pem: string, vectors: { transmission_id: string, transmission_time: string, webhook_id: string, crc32: number, message: string, transmission_sig: string, body?: string }[] } }
  t.equal(certificatePath(told.cert_url, 'test'), '/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77')
  for (const vector of told.vectors) {
    t.ok(verifySignature('sha256', Buffer.from(vector.message), told.public_key_pem, Buffer.from(vector.transmission_sig, 'base64')), vector.webhook_id)
    t.equal(vector.message, `${vector.transmission_id}|${vector.transmission_time}|${vector.webhook_id}|${vector.crc32}`)
    if (vector.body !== undefined) t.equal(messageOf(vector.transmission_id, vector.transmission_time, vector.webhook_id, Buffer.from(vector.body)), vector.message)
  }
})

t.test('of 2,000 changes of what is signed none passes', async t => {
  const flip = (text: string) => fc.tuple(fc.integer({ min: 0, max: text.length - 1 }), fc.integer({ min: 1, max: 127 })).map(([at, mask]) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ mask) + text.slice(at + 1))
  const changed = fc.oneof(
    flip(body).map(body => ({ ...genuine, signature, body })), flip(genuine.id).map(id => ({ ...genuine, signature, id })), flip(genuine.time).map(time => ({ ...genuine, signature, time })),
    flip(signature).map(signature => ({ ...genuine, signature })), fc.integer({ min: 0, max: signature.length - 1 }).map(end => ({ ...genuine, signature: signature.slice(0, end) })),
    fc.constantFrom(' ', '=', 'A', '\n', '|').chain(more => fc.constantFrom({ ...genuine, signature: signature + more }, { ...genuine, signature, id: genuine.id + more }, { ...genuine, signature, time: genuine.time + more }, { ...genuine, signature, body: body + more }))
  )
  let tried = 0
  fc.assert(fc.property(changed, forged => {
    tried++
    return verify(forged).verdict === 'refused'
  }), { numRuns: 2000, seed: 20_261_121 })
  t.equal(tried, 2000)
  fc.assert(fc.property(flip(webhookId), forged => verify({ ...genuine, signature }, { secrets: [forged] }).verdict === 'refused'), { numRuns: 200, seed: 7 })
})

t.test('a certificate is named by an address of PayPal’s, or by none', async t => {
  const path = '/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77'
  for (const [mode, host] of [['test', 'api.sandbox.paypal.com'], ['test', 'api-m.sandbox.paypal.com'], ['live', 'api.paypal.com'], ['live', 'api-m.paypal.com']] as const) t.equal(certificatePath(`https://${host}${path}`, mode), path, host)
  const refused = [
    `http://api.sandbox.paypal.com${path}`, `https://api.paypal.com${path}`, `https://api.sandbox.paypal.com.evil.example${path}`, `https://evil.example${path}`, `https://api.sandbox.paypal.com:8443${path}`, `https://api.sandbox.paypal.com@evil.example${path}`,
    `https://u:p@api.sandbox.paypal.com${path}`, `https://api.sandbox.paypal.com${path}?x=1`, `https://api.sandbox.paypal.com${path}#x`, 'https://api.sandbox.paypal.com/v1/notifications/certs/../../x/CERT-360caa42-fca2a594', 'https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42/../x',
    'https://api.sandbox.paypal.com/v1/notifications/certs/%2e%2e/CERT-360caa42', `https://xapi.sandbox.paypal.com${path}`, `https://www.paypal.com${path}`, `https://API.sandbox.paypal.com\\@evil.example${path}`, `//api.sandbox.paypal.com${path}`, `https://аpi.sandbox.paypal.com${path}`, `https://api.sandbox.paypal.com.${path}`, 'https://api.sandbox.paypal.com/', '', 'file:///etc/passwd', 'https://127.0.0.1/v1/notifications/certs/CERT-360caa42-fca2a594'
  ]
  for (const address of refused) t.equal(certificatePath(address, 'test'), undefined, address)
  t.equal(webhooks.keyName({ url: '', body: Buffer.of(), headers: {} }, 'test'), undefined)
})

t.test('a certificate is PayPal’s, current, and leads to a root', async t => {
  const ours = signer()
  const roots = ownRoots(ours.chain)
  const trusted = (pem: string, more: object = {}) => { try { return trustedLeaf(pem, { mode: 'test', now, anchors: roots, ...more }) } catch (error) { return (error as Error).message } }
  t.equal(new X509Certificate(trusted(ours.chain)).fingerprint256, new X509Certificate(ours.leaf).fingerprint256)
  t.equal(roots.length, 1)
  t.match(trusted(ours.chain, { anchors: undefined }), /nobody known issued/, 'no public authority made it')
  t.match(trusted(ours.leaf), /nobody known issued/, 'the authority between is missing')
  t.match(trusted(ours.chain, { mode: 'live' }), /issued to/, 'of the other environment')
  t.match(trusted(ours.chain, { now: new Date('2041-01-01T00:00:00Z') }), /not valid/)
  t.match(trusted(chainFor(subjects.sandbox, { to: new Date('2026-01-01T00:00:00Z') }).chain), /not valid/)
  const evil = chainFor('messageverificationcerts.sandbox.paypal.com.evil.example')
  t.match(trusted(evil.chain, { anchors: ownRoots(evil.chain) }), /issued to/)
  const other = chainFor(subjects.sandbox)
  t.match(trusted(other.chain), /nobody known issued/, 'of another root')
  t.match(trusted(other.leaf + ours.chain.slice(ours.leaf.length)), /nobody known issued/, 'the chain of another')
  t.match(trusted('nothing'), /no certificate/)
})

t.test('a certificate is read from PayPal’s own origin, and only there', async t => {
  const simulator = await simulated(t)
  const asked: string[] = []
  const context = open(simulator)
  const http: typeof context.http = async request => { asked.push(request.url); return await context.http(request) }
  const source = { mode: 'test' as const, origin: (name?: string) => { t.equal(name, 'certificates'); return simulator.url }, http, now: () => now, redirected: true }
  t.equal(new X509Certificate(await webhooks.fetchKey(source, certificateName)).subject, `CN=${subjects.sandbox}`)
  await t.rejects(webhooks.fetchKey({ ...source, redirected: false }, certificateName), 'where nobody pointed PayPal elsewhere only a public root counts')
  await t.rejects(webhooks.fetchKey(source, '/v1/notifications/certs/CERT-unknown-1'))
  t.same(new Set(asked.map(url => new URL(url).origin)), new Set([simulator.url]))
})

t.test('what is told, in our words', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const told = (type: string) => {
    const { headers, body } = simulator.signedWebhook({ secret: webhookId, now: new Date(), type })
    t.equal(webhooks.verify({ url: '', headers, body, secrets: [webhookId], now: new Date(), settings: {}, key: simulator.publishedKey!(certificateName)! }).verdict, 'unverifiable', type)
    return webhooks.parse({ url: '', headers, body })
  }
  const asked = order()
  const paid = await payments.createPayment(context, asked)
  t.match(told('PAYMENT.CAPTURE.COMPLETED'), [{ type: 'payment', providerReference: paid.providerReference, reference: asked.reference, snapshot: undefined }])
  t.match(told('CHECKOUT.ORDER.COMPLETED'), [{ type: 'payment', providerReference: paid.providerReference }])
  await payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: asked.reference, providerReference: paid.providerReference, amount: { amount: 9900, currency: 'MXN' } })
  const [back] = told('PAYMENT.CAPTURE.REFUNDED')
  t.match(back, { type: 'payment', providerReference: /^capture:/ })
  t.match(await payments.getPayment(context, (back as { providerReference: string }).providerReference), { providerReference: paid.providerReference, reference: asked.reference, amountRefunded: 9900, refunds: [{ amount: { amount: 9900 } }] }, 'a capture leads to its payment')
  const disputed = simulator.dispute(paid.providerReference)
  t.match(told('CUSTOMER.DISPUTE.CREATED'), [{ type: 'dispute_named', providerReference: disputed }])
  const parse = (event: object) => webhooks.parse({ url: '', headers: {}, body: Buffer.from(JSON.stringify(event)) })
  t.match(parse({ event_type: 'PAYMENT.SALE.COMPLETED', resource: { id: '1', billing_agreement_id: 'I-BW452GLLEP1G' } }), [{ type: 'subscription', providerReference: 'I-BW452GLLEP1G' }])
  t.match(parse({ event_type: 'BILLING.SUBSCRIPTION.CANCELLED', resource: { id: 'I-BW452GLLEP1G' } }), [{ type: 'subscription', providerReference: 'I-BW452GLLEP1G' }])
  t.match(parse({ event_type: 'VAULT.PAYMENT-TOKEN.DELETED', resource: { id: '8kk8451t' } }), [{ type: 'saved_method', providerReference: '8kk8451t' }])
  for (const event of [{}, { event_type: 'INVOICING.INVOICE.PAID', resource: { id: 'INV2-1' } }, { event_type: 'PAYMENT.SALE.COMPLETED', resource: { id: '1' } }, { event_type: 'CUSTOMER.DISPUTE.CREATED' }]) t.match(parse(event), [{ type: 'ignored' }])
})

t.test('a webhook id that is none of the app’s is told when the connection is tested', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { providerReference } = await webhooks.register(context, { url: 'https://hub.example/hooks/1', events: ['CHECKOUT.ORDER.APPROVED'] })
  const using = (id: string) => open(simulator, { credentials: { ...context.credentials, webhook_id: id } })
  t.match(await paypal.test(using(providerReference)), { mode: 'test' })
  t.match(await refused(paypal.test(using('5O190127TN364715T'))), { code: 'invalid_credentials', param: 'webhook_id', providerMessage: /not that of an event/ })
})

t.test('an address is registered once', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const url = 'https://hub.example/hooks/1'
  const first = await webhooks.register(context, { url, events: ['PAYMENT.CAPTURE.COMPLETED'] })
  t.equal(first.secret, first.providerReference, 'what verifies is the webhook’s own id')
  t.same(await webhooks.register(context, { url, events: ['PAYMENT.CAPTURE.COMPLETED', 'CUSTOMER.DISPUTE.CREATED'] }), first)
  await webhooks.unregister(context, first.providerReference)
  await webhooks.unregister(context, first.providerReference)
})
