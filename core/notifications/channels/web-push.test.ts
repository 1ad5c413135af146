import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import webpush from 'web-push'
import { pushServer } from '../../../test/support/push-server.ts'
import { fitting, meaningOf, newVapidKeys, summed } from './web-push.ts'

const now = new Date('2026-11-21T12:00:00Z')

t.test('what a push service answers', t => {
  for (const status of [200, 201, 202, 204]) t.same(meaningOf(status, undefined, now), { outcome: 'sent' })
  for (const status of [400, 404, 410, 413]) t.same(meaningOf(status, undefined, now), { outcome: 'refused', code: String(status) })
  for (const status of [401, 403]) t.same(meaningOf(status, undefined, now), { outcome: 'later', code: String(status), channelFault: true })
  for (const status of [429, 500, 503]) t.same(meaningOf(status, undefined, now), { outcome: 'later', code: String(status) })
  t.match(meaningOf(429, '120', now), { retryAfterMs: 120_000 })
  t.match(meaningOf(503, 'Sat, 21 Nov 2026 12:05:00 GMT', now), { retryAfterMs: 300_000 })
  t.match(meaningOf(429, '99999999', now), { retryAfterMs: 24 * 3600_000 }, 'a day at most')
  for (const odd of ['soon', '-5', 'Sat, 21 Nov 2026 11:00:00 GMT']) t.notOk('retryAfterMs' in meaningOf(429, odd, now), odd)
  t.end()
})

t.test('of several browsers: while one waits it is not over; one is enough', t => {
  const target = (state: 'waiting' | 'sent' | 'gone' | 'refused') => ({ id: state, state })
  t.match(summed([target('sent'), target('waiting')], [{ outcome: 'sent' }, { outcome: 'later', code: '429', retryAfterMs: 5000 }]), { outcome: 'later', code: '429', retryAfterMs: 5000 })
  t.match(summed([target('sent'), target('gone')], [{ outcome: 'sent' }, { outcome: 'refused', code: '410' }]), { outcome: 'sent' })
  t.match(summed([target('gone')], [{ outcome: 'refused', code: '410' }]), { outcome: 'refused', code: '410' })
  t.match(summed([], []), { outcome: 'refused', code: 'no_subscription' })
  t.match(summed([target('waiting')], [{ outcome: 'unknown', code: 'timeout_unknown' }]), { outcome: 'unknown' })
  t.end()
})

t.test('a message always fits, and stays JSON', t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 6000 }), fc.string({ unit: 'binary', maxLength: 400 }), (body, title) => {
    const text = fitting({ title, body, url: 'https://hub.example/x', tag: 'ntc_1' })
    return Buffer.byteLength(text) <= 3900 && JSON.parse(text).tag === 'ntc_1'
  }), { numRuns: 200 })
  t.equal(JSON.parse(fitting({ title: 'a', body: 'b', tag: 'c' })).body, 'b')
  t.end()
})

t.test('the twin of a push service proves who sends, and only the browser reads it', async t => {
  const service = await pushServer(t)
  const keys = newVapidKeys()
  const browser = service.browser(keys.publicKey)
  const vapidDetails = { subject: 'mailto:a@b.example', ...keys }
  const post = async (options: object = {}, change: (headers: Record<string, string>) => void = () => {}, payload = '{"title":"ñ"}', subscription = browser.subscription) => {
    const { headers, body } = webpush.generateRequestDetails(subscription, payload, { vapidDetails, TTL: 60, contentEncoding: 'aes128gcm', ...options })
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])) as Record<string, string>
    delete sent['content-length']
    change(sent)
    return (await fetch(subscription.endpoint, { method: 'POST', headers: sent, body: new Uint8Array(body as Buffer) })).status
  }
  t.equal(await post(), 201)
  t.match(browser.received, [{ message: { title: 'ñ' } }])
  t.equal(await post({ vapidDetails: { ...vapidDetails, ...newVapidKeys() } }), 403, 'another sender’s key')
  t.equal(await post({}, headers => { delete headers.authorization }), 401)
  t.equal(await post({}, headers => { headers.authorization = headers.authorization!.replace(/\.[\w-]{10}/, '.AAAAAAAAAA') }).catch(() => 500) === 201, false, 'a changed token')
  t.equal(await post({}, headers => { delete headers.ttl }), 400)
  t.equal(await post({}, headers => { headers['content-encoding'] = 'aesgcm' }), 400)
  t.equal(await post({}, () => {}, 'x'.repeat(4200)), 413)
  t.equal(await post({}, () => {}, '{}', { ...browser.subscription, endpoint: `${service.url}/wpush/v2/nobody` }), 404)
  // Encrypted for another browser.
  const other = service.browser(keys.publicKey)
  t.equal(await post({}, () => {}, '{}', { ...browser.subscription, keys: other.subscription.keys }), 500)
  t.equal(browser.received.length, 1)
})

t.test('the twin decrypts what is encrypted by hand after RFC 8291, section 3.4', async t => {
  const service = await pushServer(t)
  const keys = newVapidKeys()
  const browser = service.browser(keys.publicKey)
  const sender = createECDH('prime256v1')
  const senderKey = sender.generateKeys()
  const theirs = Buffer.from(browser.subscription.keys.p256dh, 'base64url')
  const salt = randomBytes(16)
  const hkdf = (secret: Buffer, salt: Buffer, info: Buffer, length: number) => Buffer.from(hkdfSync('sha256', secret, salt, info, length))
  const ikm = hkdf(sender.computeSecret(theirs), Buffer.from(browser.subscription.keys.auth, 'base64url'), Buffer.concat([Buffer.from('WebPush: info\0'), theirs, senderKey]), 32)
  const cipher = createCipheriv('aes-128-gcm', hkdf(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16), hkdf(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12))
  const record = Buffer.concat([cipher.update(Buffer.concat([Buffer.from('{"a":1}'), Buffer.from([2, 0, 0])])), cipher.final(), cipher.getAuthTag()])
  const body = Buffer.concat([salt, Buffer.from([0, 0, 16, 0, senderKey.length]), senderKey, record])
  const { headers } = webpush.generateRequestDetails(browser.subscription, 'x', { vapidDetails: { subject: 'https://b.example', ...keys }, contentEncoding: 'aes128gcm' })
  const response = await fetch(browser.subscription.endpoint, { method: 'POST', headers: { authorization: String(headers.Authorization), ttl: '0', 'content-encoding': 'aes128gcm' }, body })
  t.equal(response.status, 201)
  t.match(browser.received, [{ message: { a: 1 } }])
})
