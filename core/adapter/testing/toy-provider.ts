import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type ConnectionContext, createDeliveries, type Effects, errorOfStatus, fromWire, type HttpResponse, jsonOf, type Manifest, type Money, type PaymentSnapshot, type PaymentsFamily, ProviderError, type ProviderPaymentStatus, type ProviderProblem, type RefundSnapshot, retryAfterMs, type SimulatedAnswer, type SimulatedRequest, type Simulator, serveSimulator, toWire, type WebhookScheme } from '../index.ts'
import type { Adapter } from '../define.ts'

/** A provider that does not exist, spoken to in full: what tests of the suite and of the hub use where no true provider matters. */

const sample = { es: 'de juguete', en: 'toy' }

export const toyManifest: Manifest = {
  id: 'toy',
  name: 'Toy',
  families: ['payments'],
  experimental: false,
  countries: ['MX'],
  currencies: ['MXN', 'CLP', 'KWD', 'UGX'],
  methods: [{ type: 'card' }],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://api.toy.test' }, live: { api: 'https://api.toy.test' } },
  credentials: {
    properties: {
      api_key: { type: 'string', title: sample, help: sample, where: sample, pattern: '^toy_(test|live)_[a-z0-9]{8,40}$', secret: true, kind: 'text' },
      shop: { type: 'string', title: sample, help: sample, where: sample, pattern: '^shop_(test|live)_[a-z0-9]{8,40}$', secret: false, kind: 'text' },
      webhook_secret: { type: 'string', title: sample, help: sample, where: sample, pattern: '^hook_[0-9a-f]{32}$', secret: true, kind: 'text' }
    },
    required: ['api_key', 'shop']
  },
  settings: { properties: {} },
  setup_steps: [],
  webhooks: { events: ['payment.changed'], secret: 'webhook_secret', signs: 'body', answer_within_ms: 5000, manual_steps: [] },
  rate_limits: { test: 50, live: 50 },
  timeouts_ms: { default: 5000 },
  retry_safety: {
    create_payment: 'idempotency-key', confirm_payment: 'idempotency-key', capture: 'idempotency-key', cancel: 'idempotency-key', refund: 'idempotency-key',
    register_webhook: 'query-first'
  },
  idempotency_window_ms: 86_400_000,
  settles_within_ms: 60_000,
  amounts: { MXN: { minimum: 1000 }, KWD: { multipleOf: 10 }, UGX: { exponent: 2, multipleOf: 100 } },
  errors: { no_funds: 'insufficient_funds', too_small: 'amount_invalid', bad_key: 'invalid_credentials', gone: 'not_found', wrong_state: 'invalid_state', too_much: 'amount_invalid' },
  sources: [{ title: 'This file', url: 'https://github.com/pasarela', read_on: '2026-11-20' }]
}

/** Ways to be wrong, each of which one promise of the suite must notice. */
export type ToyBug =
  | 'own_keys' | 'constant_key' | 'failed_on_timeout' | 'paid_on_garbage' | 'unsigned_webhook' | 'stale_webhook' | 'first_secret_only' | 'empty_secret' | 'reserialised_body'
  | 'float_amounts' | 'cents_everywhere' | 'rounds' | 'leaky_scrub' | 'scrubs_everything' | 'finds_another' | 'live_writes' | 'unknown_is_paid' | 'keeps_state' | 'decline_throws'
  | 'plain_error' | 'wrong_key_is_outage' | 'loose_mode' | 'rate_limit_unknown' | 'leaky_log' | 'random_dedupe' | 'made_up_retries' | 'wrong_refund' | 'forgets_part'

interface WirePayment {
  id: string
  status: string
  amount: number
  currency: string
  captured: number
  refunded: number
  reference: string
  error?: string
  redirect_url?: string
  client_secret: string
}

interface WireRefund {
  id: string
  payment: string
  amount: number
  currency: string
  reference: string
}

const statuses: Record<string, ProviderPaymentStatus> = {
  open: 'requires_payment_method', declined: 'requires_payment_method', waiting: 'requires_action', held: 'authorized', paid: 'succeeded', canceled: 'canceled'
}

export function toyAdapter (bug?: ToyBug): Adapter {
  let remembered: string | undefined

  async function call (context: ConnectionContext, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, key?: string): Promise<unknown> {
    let secret = context.credentials['api_key'] ?? ''
    if (bug === 'keeps_state') secret = remembered ??= secret
    if (bug === 'leaky_log') context.log.info({ authorization: `Bearer ${secret}` }, 'asking')
    const response = await sent()
    if (response.status >= 400) throw refusalOf(response, context.now())
    return bug === 'paid_on_garbage' ? lenient(response) : jsonOf(response)

    async function sent (again = true): Promise<HttpResponse> {
      try {
        return await context.http({
          method,
          url: `${context.origin()}${path}`,
          headers: {
            authorization: `Bearer ${secret}`,
            'content-type': 'application/json',
            ...key !== undefined && { 'idempotency-key': bug === 'own_keys' ? randomBytes(8).toString('hex') : bug === 'constant_key' ? 'key' : key }
          },
          body: body === undefined ? undefined : JSON.stringify(body)
        })
      } catch (error) {
        if (bug === 'made_up_retries' && again) return sent(false)
        if (bug === 'failed_on_timeout') throw new ProviderError({ code: 'provider_unavailable', reached: 'answered', cause: error })
        if (bug === 'plain_error') throw new Error('no answer', { cause: error })
        throw error
      }
    }
  }

  function refusalOf (response: HttpResponse, now: Date): ProviderError {
    if (response.status === 429 && bug === 'rate_limit_unknown') return new ProviderError({ code: 'rate_limited', reached: 'unknown', retryAfterMs: retryAfterMs(response.headers, now) })
    const general = errorOfStatus(response, now) as ProviderError
    if (general.reached !== 'answered') return general
    const { code, message } = jsonOf(response) as { code: string, message: string }
    const ours = bug === 'wrong_key_is_outage' && code === 'bad_key' ? 'provider_unavailable' : toyManifest.errors[code] as ProviderProblem | undefined
    return new ProviderError({ code: ours ?? general.code, reached: 'answered', providerCode: code, providerMessage: message, httpStatus: response.status })
  }

  function wireAmount (amount: Money): number {
    if (bug === 'float_amounts') return Math.trunc(amount.amount / 100 * 100)
    if (bug === 'cents_everywhere') return amount.amount * (amount.currency === 'CLP' ? 100 : 1)
    const rule = toyManifest.amounts[amount.currency]
    if (bug === 'rounds' && amount.currency === 'KWD') return Math.round(amount.amount / 10) * 10
    try {
      return toWire(amount, rule)
    } catch (cause) {
      throw new ProviderError({ code: 'amount_invalid', reached: 'nowhere', cause })
    }
  }

  function moneyOf (wire: number, currency: string): Money {
    if (bug === 'cents_everywhere') return { amount: wire / (currency === 'CLP' ? 100 : 1), currency }
    return fromWire(wire, currency, toyManifest.amounts[currency])
  }

  function snapshotOf (payment: WirePayment): PaymentSnapshot {
    const status = statuses[payment.status]
    if (status === undefined) {
      if (bug !== 'unknown_is_paid') throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: payment.status })
    }
    const part = (wire: number) => moneyOf(wire, payment.currency).amount
    const code = toyManifest.errors[payment.error ?? ''] as ProviderProblem | undefined
    if (bug === 'decline_throws' && payment.error !== undefined) throw new ProviderError({ code: code ?? 'card_declined', reached: 'answered', providerCode: payment.error })
    return {
      providerReference: payment.id,
      reference: payment.reference,
      status: status ?? 'succeeded',
      providerStatus: payment.status,
      amount: moneyOf(payment.amount, payment.currency),
      amountCapturable: payment.status === 'held' ? part(payment.amount) : 0,
      amountCaptured: part(payment.captured),
      amountRefunded: part(payment.refunded),
      ...payment.error !== undefined && { error: { code: code ?? 'card_declined', providerCode: payment.error } },
      ...payment.redirect_url !== undefined && { nextAction: { type: 'redirect' as const, url: payment.redirect_url } }
    }
  }

  function refundOf (refund: WireRefund): RefundSnapshot {
    return { providerReference: refund.id, refundReference: refund.reference, paymentProviderReference: refund.payment, status: 'succeeded', providerStatus: 'done', amount: moneyOf(refund.amount, refund.currency) }
  }

  const payments: PaymentsFamily = {
    async createPayment (context, input) {
      return snapshotOf(await call(context, 'POST', '/v1/payments', {
        amount: wireAmount(input.amount), currency: input.amount.currency, reference: input.reference, token: input.method?.token, hold: input.capture === 'manual'
      }, input.idempotencyKey) as WirePayment)
    },
    getPayment: async (context, id) => snapshotOf(await call(context, 'GET', `/v1/payments/${encodeURIComponent(id)}`) as WirePayment),
    async findPayment (context, { reference }) {
      const { data } = await call(context, 'GET', bug === 'finds_another' ? '/v1/payments' : `/v1/payments?reference=${encodeURIComponent(reference)}`) as { data: WirePayment[] }
      return data[0] && snapshotOf(data[0])
    },
    confirmPayment: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/confirm`, { token: input.method.token }, input.idempotencyKey) as WirePayment),
    capture: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/capture`, { amount: bug === 'forgets_part' ? undefined : wireAmount(input.amount) }, input.idempotencyKey) as WirePayment),
    cancel: async (context, input) => snapshotOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/cancel`, {}, input.idempotencyKey) as WirePayment),
    refund: async (context, input) => refundOf(await call(context, 'POST', `/v1/payments/${input.providerReference}/refunds`, { amount: wireAmount(input.amount), reference: input.refundReference }, input.idempotencyKey) as WireRefund),
    getRefund: async (context, id) => refundOf(await call(context, 'GET', `/v1/refunds/${encodeURIComponent(id)}`) as WireRefund),
    async findRefund (context, { refundReference }) {
      const { data } = await call(context, 'GET', `/v1/refunds?reference=${bug === 'wrong_refund' ? '' : encodeURIComponent(refundReference)}`) as { data: WireRefund[] }
      return data[0] && refundOf(data[0])
    },
    async listTransactions (context) {
      const { data } = await call(context, 'GET', '/v1/payments') as { data: WirePayment[] }
      return { data: data.map(payment => ({ providerReference: payment.id, type: 'payment' as const, amount: moneyOf(payment.amount, payment.currency), reference: payment.reference, at: context.now() })) }
    }
  }

  const webhooks: WebhookScheme = {
    verify ({ body, headers, secrets, now }) {
      const match = /^t=([0-9]{10}),s=([0-9a-f]{64})$/.exec(headers['toy-signature'] ?? '')
      if (bug === 'unsigned_webhook' && match === null) return { verdict: 'verified', dedupeKey: 'none', eventType: 'none' }
      if (match === null) return { verdict: 'refused', reason: 'no signature' }
      const [, time = '', signature = ''] = match
      if (bug !== 'stale_webhook' && Math.abs(now.getTime() / 1000 - Number(time)) > 300) return { verdict: 'refused', reason: 'stale' }
      const text = Buffer.from(body).toString()
      const signed = bug === 'reserialised_body' ? JSON.stringify(parsed(text) ?? '') : text
      const usable = bug === 'empty_secret' ? secrets : secrets.filter(secret => secret !== '')
      const good = (bug === 'first_secret_only' ? usable.slice(0, 1) : usable).some(secret => timingSafeEqual(Buffer.from(signature, 'hex'), signatureOf(secret, time, bug === 'reserialised_body' ? signed : body)))
      if (!good) return { verdict: 'refused', reason: 'another signature' }
      const event = parsed(text) as { id?: string, type?: string } | undefined
      if (event?.id === undefined || event.type === undefined) return { verdict: 'refused', reason: 'not an event' }
      return { verdict: 'verified', dedupeKey: bug === 'random_dedupe' ? randomBytes(8).toString('hex') : event.id, eventType: event.type }
    },
    parse ({ body }) {
      const { data } = JSON.parse(Buffer.from(body).toString()) as { data: WirePayment }
      return [{ type: 'payment', providerReference: data.id, reference: data.reference }]
    },
    async register (context, { url, events }) {
      const hook = await call(context, 'POST', '/v1/hooks', { url, events }) as { id: string, secret: string }
      return { providerReference: hook.id, secret: hook.secret }
    },
    unregister: async (context, id) => { await call(context, 'DELETE', `/v1/hooks/${id}`) },
    acknowledge: () => ({ status: 200, body: 'OK', contentType: 'text/plain' })
  }

  return {
    manifest: toyManifest,
    detectMode (credentials) {
      const modes = [credentials['api_key'], credentials['shop']].map(value => /^(?:toy|shop)_(test|live)_/.exec(value ?? '')?.[1] as 'test' | 'live' | undefined)
      const [key, shop] = modes
      if (bug !== 'loose_mode' && key !== undefined && shop !== undefined && key !== shop) return 'contradictory'
      return key ?? shop
    },
    async test (context) {
      const account = await call(context, 'GET', '/v1/account') as { id: string }
      if (bug === 'live_writes') await call(context, 'POST', '/v1/payments', { amount: 1000, currency: 'MXN', reference: 'probe', token: 'tok_ok' })
      return { account: { id: account.id }, mode: context.mode, evidence: [{ es: `Se leyó la cuenta ${account.id}.`, en: `The account ${account.id} was read.` }] }
    },
    payments,
    webhooks,
    scrub (transcript, credentials) {
      if (bug === 'scrubs_everything') return ''
      if (bug === 'leaky_scrub') return transcript
      const bare = Object.entries(credentials).reduce((text, [name, value]) => name === 'shop' || value === '' ? text : text.replaceAll(value, '[redacted]'), transcript)
      return bare.replace(/(toy|hook|cs)_[a-z0-9_]{8,}/g, '[redacted]')
    }
  }
}

/** Any account is an answer to someone who forgets to look. */
function lenient (response: HttpResponse): unknown {
  try {
    return jsonOf(response)
  } catch {
    return { id: 'pay_0', status: 'paid', amount: 0, currency: 'MXN', captured: 0, refunded: 0, reference: '', client_secret: '' }
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}

function signatureOf (secret: string, time: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${time}.`).update(body).digest()
}

interface Account {
  id: string
  payments: WirePayment[]
  refunds: WireRefund[]
  hooks: { id: string, url: string, secret: string }[]
  answers: Map<string, SimulatedAnswer>
}

/** The provider's side. It knows nothing of the adapter above but the wire. */
export async function startToySimulator ({ extraStatus }: { extraStatus?: string } = {}): Promise<Simulator & { pay: (id: string) => void }> {
  let serial = 0
  const accounts = new Map<string, Account>()
  const books = new Map<string, Effects>()
  const asked = new Map<string, Money>()
  const events: { id: string, type: string, data: WirePayment }[] = []
  const deliveries = createDeliveries()
  const id = (prefix: string) => `${prefix}_${(++serial).toString(36).padStart(6, '0')}x${randomBytes(4).toString('hex')}`
  const effectsOf = (reference: string): Effects => {
    const found = books.get(reference) ?? { charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 }
    books.set(reference, found)
    return found
  }

  const tell = (account: Account, payment: WirePayment) => {
    const event = { id: id('evt'), type: 'payment.changed', data: { ...payment, client_secret: '' } }
    events.push(event)
    for (const { url, secret } of account.hooks) deliveries.send(() => ({ url, ...signed(event, secret, new Date()) }))
  }

  const settle = (account: Account, payment: WirePayment, token: string | undefined, hold: boolean) => {
    delete payment.error
    delete payment.redirect_url
    if (token === undefined) payment.status = 'open'
    else if (token === 'tok_no_funds') Object.assign(payment, { status: 'declined', error: 'no_funds' })
    else if (token === 'tok_bank') Object.assign(payment, { status: 'waiting', redirect_url: `${server.url}/bank/${payment.id}` })
    else {
      payment.status = extraStatus ?? (hold ? 'held' : 'paid')
      payment.captured = hold ? 0 : payment.amount
      effectsOf(payment.reference).charges++
    }
    tell(account, payment)
  }

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const key = /^Bearer (toy_(?:test|live)_[a-z0-9]+)$/.exec(request.headers['authorization'] ?? '')?.[1]
    const account = accounts.get(key ?? '')
    if (account === undefined) return problem(401, 'bad_key', 'no such key')
    const once = request.headers['idempotency-key']
    const known = once === undefined ? undefined : account.answers.get(once)
    if (known !== undefined) return known
    const told = act(account, request)
    if (once !== undefined) account.answers.set(once, told)
    return told
  }

  function act (account: Account, { method, url, body }: SimulatedRequest): SimulatedAnswer {
    const input = body === '' ? {} : JSON.parse(body) as Record<string, any>
    const [, , kind = '', named = '', verb = ''] = url.pathname.split('/')
    const wanted = url.searchParams.get('reference')
    const listed = <T extends { reference: string }>(all: T[]) => json(200, { data: all.filter(({ reference }) => wanted === null || wanted === '' || reference === wanted) })
    if (kind === 'account') return json(200, { id: account.id })
    if (kind === 'hooks' && method === 'POST') {
      const hook = { id: id('hk'), url: input['url'] as string, secret: `hook_${randomBytes(16).toString('hex')}` }
      account.hooks.push(hook)
      return json(200, hook)
    }
    if (kind === 'hooks') {
      account.hooks = account.hooks.filter(hook => hook.id !== named)
      return json(200, {})
    }
    if (kind === 'refunds') {
      if (named === '') return listed(account.refunds)
      const refund = account.refunds.find(refund => refund.id === named)
      return refund === undefined ? problem(404, 'gone', 'no such refund') : json(200, refund)
    }
    if (named === '' && method === 'GET') return listed(account.payments)
    if (named === '') {
      const { amount, currency } = input
      if (!Number.isInteger(amount) || (currency === 'KWD' && amount % 10 !== 0) || (currency === 'UGX' && amount % 100 !== 0)) return problem(422, 'too_small', 'no such amount')
      if (currency === 'MXN' && amount < 1000) return problem(422, 'too_small', 'at least 10.00')
      const payment: WirePayment = { id: id('pay'), status: 'open', amount, currency, captured: 0, refunded: 0, reference: input['reference'], client_secret: `cs_${randomBytes(12).toString('hex')}` }
      account.payments.push(payment)
      asked.set(payment.reference, fromWire(amount, currency, toyManifest.amounts[currency]))
      settle(account, payment, input['token'], input['hold'] === true)
      return json(200, payment)
    }
    const payment = account.payments.find(payment => payment.id === named)
    if (payment === undefined) return problem(404, 'gone', 'no such payment')
    if (verb === '') return json(200, payment)
    const effects = effectsOf(payment.reference)
    if (verb === 'confirm') {
      if (payment.status !== 'declined' && payment.status !== 'open') return problem(409, 'wrong_state', payment.status)
      settle(account, payment, input['token'], false)
    }
    if (verb === 'capture') {
      if (payment.status !== 'held') return problem(409, 'wrong_state', payment.status)
      if (input['amount'] > payment.amount) return problem(422, 'too_much', 'more than is held')
      Object.assign(payment, { status: 'paid', captured: input['amount'] ?? payment.amount })
      effects.captures++
    }
    if (verb === 'cancel') {
      if (payment.status === 'paid' || payment.status === 'canceled') return problem(409, 'wrong_state', payment.status)
      payment.status = 'canceled'
      effects.cancellations++
    }
    if (verb === 'refunds') {
      if (payment.status !== 'paid' || payment.refunded + input['amount'] > payment.captured) return problem(422, 'too_much', 'more than is left')
      const refund: WireRefund = { id: id('rf'), payment: payment.id, amount: input['amount'], currency: payment.currency, reference: input['reference'] }
      payment.refunded += refund.amount
      account.refunds.push(refund)
      effects.refunds++
      return json(200, refund)
    }
    tell(account, payment)
    return json(200, payment)
  }

  const server = await serveSimulator(answer)
  return {
    ...server,
    async close () {
      deliveries.close()
      await server.close()
    },
    credentials (mode) {
      const name = randomBytes(8).toString('hex')
      accounts.set(`toy_${mode}_${name}`, { id: `acct_${name}`, payments: [], refunds: [], hooks: [], answers: new Map() })
      return { api_key: `toy_${mode}_${name}`, shop: `shop_${mode}_${name}`, webhook_secret: `hook_${randomBytes(16).toString('hex')}` }
    },
    wrongCredentials: mode => ({ api_key: `toy_${mode}_0000000000000000`, shop: `shop_${mode}_0000000000000000` }),
    effects: reference => ({ ...effectsOf(reference) }),
    charged: reference => asked.get(reference),
    signedWebhook ({ secret, now }) {
      const event = events.at(-1)
      if (event === undefined) throw new Error('nothing has happened yet')
      return signed(event, secret, now)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    /** What the payer does at the bank's page. */
    pay (id) {
      for (const account of accounts.values()) {
        const payment = account.payments.find(payment => payment.id === id)
        if (payment !== undefined) settle(account, payment, 'tok_ok', false)
      }
    }
  }
}

function signed (event: object, secret: string, now: Date): { headers: Record<string, string>, body: Uint8Array } {
  const body = Buffer.from(JSON.stringify(event, null, 1))
  const time = String(Math.floor(now.getTime() / 1000))
  return { headers: { 'content-type': 'application/json', 'toy-signature': `t=${time},s=${signatureOf(secret, time, body).toString('hex')}` }, body }
}

function json (status: number, body: unknown): SimulatedAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function problem (status: number, code: string, message: string): SimulatedAnswer {
  return json(status, { code, message })
}
