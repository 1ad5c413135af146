import { generateKeyPairSync, sign as nodeSign } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { newWebhookSecret, signWebhook, type VerifyOptions, verifyWebhook, WebhookVerificationError } from './webhooks.ts'

const secret = newWebhookSecret()
const other = newWebhookSecret()
const at = new Date('2026-11-21T12:00:00Z')
const clock: VerifyOptions = { now: () => at }
const event = { id: 'evt_1', type: 'payment.succeeded', timestamp: at.toISOString(), tenant_id: 'ten_1', mode: 'test', data: { description: 'año € 😀' } }
const body = JSON.stringify(event)
const signed = async (secrets: string | string[] = secret, timestamp = at) => await signWebhook(body, { id: 'evt_1', timestamp, secrets })
const reasonOf = async (work: Promise<unknown>): Promise<string> => await work.then(() => 'verified', (error: unknown) => error instanceof WebhookVerificationError ? error.reason : String(error))

t.test('what is signed here verifies here and in the reference library, and the other way round', async t => {
  const headers = await signed()
  t.same(await verifyWebhook(body, headers, secret, clock), event)
  t.same(await verifyWebhook(new TextEncoder().encode(body), new Headers(headers), secret, clock), event)
  const now = new Date()
  t.same(new Webhook(secret).verify(body, await signed(secret, now)), event)
  const theirs = { 'webhook-id': 'evt_1', 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign('evt_1', now, body) }
  t.same(await verifyWebhook(body, theirs, secret), event)
})

t.test('Ed25519 (v1a): Node’s own signature verifies, and ours by the public key alone', async t => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pub = `whpk_${publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32)
  const headers = await signed([secret, `whsk_${seed.toString('base64')}`])
  t.match(headers['webhook-signature'], /^v1,\S+ v1a,\S+$/)
  t.same(await verifyWebhook(body, headers, pub, clock), event)
  t.same(await verifyWebhook(body, headers, secret, clock), event)
  const seconds = String(at.getTime() / 1000)
  const node = nodeSign(null, Buffer.from(`evt_1.${seconds}.${body}`), privateKey).toString('base64')
  t.same(await verifyWebhook(body, { 'webhook-id': 'evt_1', 'webhook-timestamp': seconds, 'webhook-signature': `v1a,${node}` }, pub, clock), event)
  t.equal(await reasonOf(verifyWebhook(body, { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1a,', 'v1,') }, pub, clock)), 'signature_mismatch', 'a signature of the other kind')
})

t.test('while secrets rotate, either side may have two', async t => {
  t.same(await verifyWebhook(body, await signed([other, secret]), secret, clock), event)
  t.same(await verifyWebhook(body, await signed(), [other, secret], clock), event)
  t.same(await verifyWebhook(body, { 'Webhook-Id': 'evt_1', 'WEBHOOK-TIMESTAMP': ['1795262400'], 'webhook-signature': (await signed())['webhook-signature'] }, secret, clock), event, 'as Node and others hand headers over')
})

t.test('whatever is changed, it does not verify', async t => {
  const headers = await signed()
  const flips = fc.record({ part: fc.constantFrom('body', 'webhook-id', 'webhook-timestamp', 'webhook-signature'), place: fc.nat(200), by: fc.integer({ min: 1, max: 9 }) })
  await fc.assert(fc.asyncProperty(flips, async ({ part, place, by }) => {
    const flip = (text: string): string => {
      const n = place % text.length
      return text.slice(0, n) + String.fromCharCode((text.charCodeAt(n) + by) % 0x7f || 1) + text.slice(n + 1)
    }
    const changed = part === 'body' ? [flip(body), headers] as const : [body, { ...headers, [part]: flip(headers[part as 'webhook-id']) }] as const
    const reason = await reasonOf(verifyWebhook(changed[0], changed[1], secret, clock))
    if (reason === 'verified') throw new Error(`${part} was changed at ${place}`)
  }), { numRuns: 200, examples: [[{ part: 'webhook-signature', place: 45, by: 1 }]] })
  t.pass('200 changes, one of them in bits that Base64 leaves over')
})

t.test('it fails closed, and says why', async t => {
  const headers = await signed()
  const verify = async (given: Parameters<typeof verifyWebhook>[1], secrets: string | string[] = secret, options = clock) => await reasonOf(verifyWebhook(body, given, secrets, options))
  t.equal(await verify(headers, []), 'no_secret')
  for (const bad of ['', 'whsec_', 'whsec_AA==', `whsec_${'A'.repeat(40)}!`, secret.slice(6), 'whpk_AAAA', `whpk_${secret.slice(6, -2)}`]) t.equal(await verify(headers, bad), 'secret_invalid', bad)
  t.equal(await verify(headers, other), 'signature_mismatch')
  for (const name of Object.keys(headers)) t.equal(await verify({ ...headers, [name]: undefined }), 'headers_missing', name)
  for (const timestamp of ['', ' ', '1e9', '-5', '12.5', 'x']) t.match(await verify({ ...headers, 'webhook-timestamp': timestamp }), /headers_missing|timestamp_invalid/, timestamp)
  for (const signature of ['v1', 'v1,', ',', 'v1,!!', `v2,${headers['webhook-signature'].slice(3)}`, 'v1,AAAA']) t.equal(await verify({ ...headers, 'webhook-signature': signature }), 'signature_mismatch', signature)
  const later = (seconds: number): VerifyOptions => ({ now: () => new Date(at.getTime() + seconds * 1000) })
  t.equal(await verify(headers, secret, later(301)), 'too_old')
  t.equal(await verify(headers, secret, later(-301)), 'too_new')
  t.equal(await verify(headers, secret, later(299)), 'verified')
  t.equal(await verify(headers, secret, { ...later(301), toleranceSeconds: 400 }), 'verified')
  t.equal(await reasonOf(verifyWebhook('no json', await signWebhook('no json', { id: 'x', timestamp: at, secrets: secret }), secret, clock)), 'body_invalid')
  await t.rejects(signWebhook(body, { id: 'x', timestamp: at, secrets: [] }), WebhookVerificationError)
})
