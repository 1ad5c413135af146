import { createHash, createHmac, createPublicKey, generateKeyPairSync, timingSafeEqual, verify as verifySignature, X509Certificate } from 'node:crypto'
import { crc32 } from 'node:zlib'
import conekta from '../adapters/conekta/adapter.ts'
import kushki from '../adapters/kushki/adapter.ts'
import mercadopago from '../adapters/mercadopago/adapter.ts'
import paypal from '../adapters/paypal/adapter.ts'
import payu from '../adapters/payu/adapter.ts'
import stripe from '../adapters/stripe/adapter.ts'
import wompi from '../adapters/wompi/adapter.ts'
import { simulators } from '../adapters/simulators.ts'
import { closeHttpAgents } from '../core/adapter/http-client.ts'
import type { Adapter, MethodInput, RawWebhook, Simulator, WebhookScheme } from '../core/adapter/index.ts'
import { id, key, openConnection } from '../test/support/connection.ts'
import { type Result, round, temporaryFolder } from './support.ts'

interface Subject {
  adapter: Adapter & { webhooks: WebhookScheme }
  method: MethodInput
  currency?: string
  /** The bare primitive that its scheme stands on, over what it signs. */
  primitive: string
  bare: (delivery: Delivery) => () => unknown
}

interface Delivery { raw: RawWebhook, secret: string, key: string | undefined }

const header = (name: string) => ({ raw }: Delivery): string => raw.headers[name] ?? ''
const hmac = (text: (delivery: Delivery) => string | Uint8Array) => (delivery: Delivery) => {
  const signed = text(delivery)
  const expected = createHmac('sha256', delivery.secret).update(signed).digest()
  return () => timingSafeEqual(createHmac('sha256', delivery.secret).update(signed).digest(), expected)
}
const hash = (algorithm: string, text: (delivery: Delivery) => string) => (delivery: Delivery) => {
  const signed = text(delivery)
  return () => createHash(algorithm).update(signed).digest('hex')
}
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233', tax_id: '1020304050' }

const subjects: Subject[] = [
  { adapter: stripe, method: { type: 'card', token: 'pm_card_visa' }, primitive: 'HMAC-SHA256 of the body', bare: hmac(({ raw }) => raw.body) },
  {
    adapter: conekta, method: { type: 'card', token: 'tok_test_visa_4242' }, primitive: 'RSA-2048 verification of the body',
    bare: delivery => {
      const [publicKey, signature] = [createPublicKey(delivery.secret), Buffer.from(header('digest')(delivery), 'base64')]
      return () => verifySignature('sha256', delivery.raw.body, publicKey, signature)
    }
  },
  { adapter: mercadopago, method: { type: 'card', token: 'sim-token-visa-APRO' }, primitive: 'HMAC-SHA256 of the manifest', bare: hmac(delivery => `id:12345678901;request-id:${header('x-request-id')(delivery)};ts:1742505638683;`) },
  {
    adapter: paypal, method: { type: 'card', token: 'vault-visa' }, primitive: 'RSA-2048 verification of the message, with the CRC32 of the body',
    bare: delivery => {
      const { publicKey } = new X509Certificate(delivery.key!)
      const [transmission, time, signature] = ['paypal-transmission-id', 'paypal-transmission-time', 'paypal-transmission-sig'].map(name => header(name)(delivery)) as [string, string, string]
      return () => verifySignature('sha256', Buffer.from(`${transmission}|${time}|${delivery.secret}|${crc32(delivery.raw.body)}`), publicKey, Buffer.from(signature, 'base64'))
    }
  },
  { adapter: payu, method: { type: 'card', token: 'sim-VISA-APPROVED', details: { payment_method: 'VISA' } }, primitive: 'MD5 of the signed fields', bare: hash('md5', ({ secret }) => `${secret}~508029~pay_0123456789abcdef0123456789abcdef~199.0~MXN~4`) },
  { adapter: wompi, method: { type: 'card', token: 'tok_test_sim_approved' }, currency: 'COP', primitive: 'SHA-256 of the signed properties', bare: hash('sha256', ({ secret }) => `1234-1610641025-49201APPROVED44900001530291411${secret}`) },
  { adapter: kushki, method: { type: 'card', token: 'sim_approved' }, primitive: 'HMAC-SHA256 of the body', bare: hmac(({ raw }) => raw.body) }
]

/** Webhooks verified in a second, by provider: what each adapter adds to the primitive that its scheme stands on. */
export async function verify (): Promise<Result[]> {
  const folder = temporaryFolder()
  const results: Result[] = []
  try {
    for (const subject of subjects) {
      const { manifest } = subject.adapter
      const start = simulators[manifest.id]
      if (start === undefined) continue
      const simulator = await start({ port: 0, stateFile: `${folder.path}/${manifest.id}.json` } as Parameters<typeof start>[0])
      try {
        results.push(await measured(subject, simulator))
      } finally {
        await simulator.close()
      }
    }
    return results
  } finally {
    closeHttpAgents()
    folder.remove()
  }
}

async function measured ({ adapter, method, currency = 'MXN', primitive, bare }: Subject, simulator: Simulator): Promise<Result> {
  const { manifest, webhooks, payments } = adapter
  const context = openConnection(adapter, simulator, { settings: { report_lag_minutes: 0, poll_ms: 0 } })
  const { sign, secret } = await secretsOf(adapter, context)
  const made = await payments!.createPayment(context, { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 5_000_000, currency }, method, capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back' })
  if (made.status === 'processing') await payments!.getPayment(context, made.providerReference)
  const now = new Date()
  const { headers, body, query } = simulator.signedWebhook({ secret: sign, now })
  const raw: RawWebhook = { url: `https://hub.example/hooks/x${query === undefined ? '' : `?${query}`}`, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])), body }
  const name = webhooks.keyName?.(raw, 'test')
  const publishedKey = name === undefined ? undefined : simulator.publishedKey?.(name)
  const input = { ...raw, secrets: [secret], now, settings: context.settings, ...(publishedKey !== undefined && { key: publishedKey }) }
  const verdict = webhooks.verify(input)
  if (verdict.verdict === 'refused') throw new Error(`${manifest.id} refuses what it signed: ${verdict.reason}`)
  const calls = { verified: () => webhooks.verify(input), primitive: bare({ raw, secret, key: publishedKey }) }
  const perSecond = { verified: 0, primitive: 0 }
  // In turns, so that what else the machine does falls on both.
  for (let turn = 0; turn < turns; turn++) {
    for (const which of ['primitive', 'verified'] as const) {
      const rate = rateOf(calls[which], turn === 0 ? 100 : 300)
      if (turn > 0) perSecond[which] += rate / (turns - 1)
    }
  }
  return {
    name: `${manifest.id}: webhooks verified ÷ its primitive`, baseline: `${primitive}, with node:crypto, one after another`, value: round(perSecond.verified / perSecond.primitive), unit: '×',
    detail: { verified_per_second: round(perSecond.verified, 0), primitive_per_second: round(perSecond.primitive, 0), body_bytes: body.length }
  }
}

const turns = 5

function rateOf (call: () => unknown, ms: number): number {
  const from = performance.now()
  let times = 0
  let took = 0
  while (took < ms) {
    for (let i = 0; i < 50; i++) call()
    times += 50
    took = performance.now() - from
  }
  return times / took * 1000
}

/** What the provider signs with, and what verifies it. */
async function secretsOf ({ manifest, webhooks }: Subject['adapter'], context: ReturnType<typeof openConnection>): Promise<{ sign: string, secret: string }> {
  if (manifest.id === 'conekta') {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
    return { sign: pair.privateKey, secret: pair.publicKey }
  }
  const known = context.credentials[manifest.webhooks!.secret]
  const secret = known ?? (await webhooks.register!(context, { url: 'http://127.0.0.1:9/', events: manifest.webhooks!.events })).secret!
  return { sign: secret, secret }
}
