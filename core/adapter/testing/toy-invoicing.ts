import { createHash, randomUUID } from 'node:crypto'
import type { Adapter } from '../define.ts'
import { type ConnectionContext, type DocumentSnapshot, type DocumentStatus, type Effects, errorOfStatus, type InvoicingFamily, jsonOf, type Manifest, ProviderError, type SimulatedAnswer, type SimulatedRequest, type Simulator, serveSimulator } from '../index.ts'

/** A stamping provider that does not exist: it takes sealed documents and knows a repetition by issuer, series and number. */

const sample = { es: 'de juguete', en: 'toy' }

export const toyInvoicingManifest: Manifest = {
  id: 'toy_stamps',
  name: 'Toy stamps',
  families: ['invoicing'],
  experimental: false,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://test.stamps.test' }, live: { api: 'https://stamps.test' } },
  credentials: {
    properties: {
      user: { type: 'string', title: sample, help: sample, where: sample, pattern: '^[a-z0-9]{4,40}$', secret: false, kind: 'text' },
      password: { type: 'string', title: sample, help: sample, where: sample, pattern: '^\\S{8,60}$', secret: true, kind: 'text' }
    },
    required: ['user', 'password']
  },
  settings: { properties: {} },
  setup_steps: [],
  webhooks: null,
  rate_limits: { test: 20, live: 20 },
  timeouts_ms: { default: 5000 },
  retry_safety: { issue: 'natural-key', cancel_document: 'query-first', upload_certificate: 'natural-key', self_invoice: 'natural-key' },
  idempotency_window_ms: 0,
  settles_within_ms: 60_000,
  amounts: {},
  errors: { bad_login: 'invalid_credentials', no_document: 'not_found', wrong_passphrase: 'invalid_request' },
  sources: [{ title: 'This file', url: 'https://github.com/pasarela', read_on: '2026-11-20' }]
}

export type ToyInvoicingBug = 'stamps_anew' | 'finds_none' | 'finds_any' | 'rejected_on_timeout' | 'other_bytes' | 'rejection_throws' | 'cancels_nothing' | 'leaky_scrub' | 'any_passphrase' | 'keeps_the_key' | 'checks_nobody' | 'links_anew'

interface WireDocument {
  uuid: string
  state: 'stamped' | 'rejected' | 'canceled'
  number: string
  xml: string
  faults: { code: string, message: string }[]
}

const states: Record<WireDocument['state'], DocumentStatus> = { stamped: 'issued', rejected: 'rejected', canceled: 'canceled' }

export function toyInvoicingAdapter (bug?: ToyInvoicingBug): Adapter {
  async function call (context: ConnectionContext, method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const { user = '', password = '' } = context.credentials
    const response = await context.http({ method, url: `${context.origin()}${path}`, headers: { authorization: `Basic ${btoa(`${user}:${password}`)}`, 'content-type': 'application/json' }, body }).catch((error: ProviderError) => {
      throw bug === 'rejected_on_timeout' ? new ProviderError({ code: 'invalid_request', reached: 'answered', cause: error }) : error
    })
    const general = errorOfStatus(response, context.now())
    if (general === undefined) return jsonOf(response)
    if (general.reached !== 'answered') throw general
    const { code, message } = jsonOf(response) as { code: string, message: string }
    throw new ProviderError({ code: toyInvoicingManifest.errors[code] ?? general.code, reached: 'answered', providerCode: code, providerMessage: message, httpStatus: response.status })
  }

  function snapshotOf (document: WireDocument): DocumentSnapshot {
    const status = states[document.state]
    if (status === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: document.state })
    if (bug === 'rejection_throws' && status === 'rejected') throw new ProviderError({ code: 'invalid_request', reached: 'answered' })
    return {
      providerReference: document.uuid,
      ...status !== 'rejected' && { fiscalId: document.uuid },
      status,
      providerStatus: document.state,
      document: Buffer.from(bug === 'other_bytes' ? document.xml.replace('  ', `${' '.repeat(1 + Math.floor(performance.now()) % 7)}\t`) : document.xml),
      messages: document.faults
    }
  }

  const invoicing: InvoicingFamily = {
    seals: 'hub',
    async issue (context, { sealed, naturalKey }) {
      const number = `${naturalKey.issuerTaxId}-${naturalKey.series ?? ''}-${naturalKey.number ?? ''}${bug === 'stamps_anew' ? `#${randomUUID()}` : ''}`
      return snapshotOf(await call(context, 'POST', '/documents', JSON.stringify({ number, xml: Buffer.from(sealed ?? []).toString() })) as WireDocument)
    },
    get: async (context, uuid) => snapshotOf(await call(context, 'GET', `/documents/${uuid}`) as WireDocument),
    async find (context, { naturalKey }) {
      if (bug === 'finds_none') return undefined
      const number = `${naturalKey.issuerTaxId}-${naturalKey.series ?? ''}-${naturalKey.number ?? ''}`
      const found = await call(context, 'GET', `/documents?number=${bug === 'finds_any' ? '' : encodeURIComponent(number)}`) as WireDocument[]
      return found[0] && snapshotOf(found[0])
    },
    async cancel (context, { fiscalId, motive }) {
      if (bug === 'cancels_nothing') return { ...snapshotOf(await call(context, 'GET', `/documents/${fiscalId}`) as WireDocument), status: 'canceled' }
      return snapshotOf(await call(context, 'POST', `/documents/${fiscalId}/cancel`, JSON.stringify({ motive })) as WireDocument)
    },
    async download (context, uuid) {
      return Buffer.from((await call(context, 'GET', `/documents/${uuid}`) as WireDocument).xml)
    },
    async uploadCertificate (context, { certificate, key, passphrase }) {
      const files = { certificate: Buffer.from(certificate).toString('base64'), key: Buffer.from(key).toString('base64'), passphrase }
      await call(context, 'POST', '/certificates', JSON.stringify(files)).catch((error: unknown) => { if (bug !== 'any_passphrase') throw error })
      return {}
    },
    async checkCustomer (context, { taxId, name }) {
      const { ok } = await call(context, 'GET', `/customers?${new URLSearchParams({ taxId, name }).toString()}`) as { ok: boolean }
      return { ok: ok || bug === 'checks_nobody', matches: { name: ok } }
    },
    async selfInvoice (context, { reference }) {
      return await call(context, 'POST', '/links', JSON.stringify({ sale: bug === 'links_anew' ? `${reference}#${randomUUID()}` : reference })) as { url: string }
    },
    status: async context => ({ stampsLeft: (await call(context, 'GET', '/account') as { left: number }).left })
  }

  return {
    manifest: toyInvoicingManifest,
    detectMode: () => undefined,
    async test (context) {
      const { id } = await call(context, 'GET', '/account') as { id: string }
      return { account: { id }, mode: context.mode, evidence: [{ es: `Se leyó la cuenta ${id}.`, en: `The account ${id} was read.` }] }
    },
    invoicing,
    webhooks: 'provider-has-none',
    scrub (exchange, { password = '' }) {
      const transcript = bug === 'keeps_the_key' ? exchange : exchange.replace(/("(?:key|passphrase)":")[^"]*/g, '$1[redacted]')
      if (password === '' || bug === 'leaky_scrub') return transcript.replaceAll(password === '' ? '\0' : password, '[redacted]')
      return transcript.replaceAll(password, '[redacted]').replace(/\b(basic) [\w+/]+=*/gi, '$1 [redacted]')
    }
  }
}

export interface ToyInvoicingSimulator extends Simulator {
  /** How many places there are where a customer may invoice itself for this sale. */
  links: (sale: string) => number
}

/** It knows one customer, and the passphrase of every key is `good-passphrase`. */
export async function startToyInvoicingSimulator (): Promise<ToyInvoicingSimulator> {
  const accounts = new Map<string, { id: string, documents: WireDocument[] }>()
  const links = new Map<string, string>()
  const books = new Map<string, Effects>()
  const effectsOf = (number: string): Effects => {
    const key = number.split('#')[0] as string
    const found = books.get(key) ?? { charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 }
    books.set(key, found)
    return found
  }

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    const account = accounts.get(atob((headers['authorization'] ?? '').replace('Basic ', '')))
    if (account === undefined) return json(401, { code: 'bad_login', message: 'no such user' })
    const [, kind, uuid, verb] = url.pathname.split('/')
    if (kind === 'account') return json(200, { id: account.id, left: 1000 - account.documents.length })
    if (kind === 'certificates') return (JSON.parse(body) as { passphrase: string }).passphrase === 'good-passphrase' ? json(200, {}) : json(422, { code: 'wrong_passphrase', message: 'the key does not open' })
    if (kind === 'customers') return json(200, { ok: url.searchParams.get('name') === 'ANA' })
    if (kind === 'links') {
      const { sale } = JSON.parse(body) as { sale: string }
      const link = links.get(sale) ?? `https://stamps.test/links/${randomUUID()}`
      links.set(sale, link)
      return json(200, { url: link })
    }
    if (uuid === undefined && method === 'GET') return json(200, account.documents.filter(({ number }) => ['', number].includes(url.searchParams.get('number') ?? '')))
    if (uuid === undefined) {
      const { number, xml } = JSON.parse(body) as { number: string, xml: string }
      if (xml.includes('wrong')) return json(200, { uuid: randomUUID(), state: 'rejected', number, xml, faults: [{ code: 'CFDI40102', message: 'El resultado de la digestión debe ser igual al valor del sello.' }] })
      const known = account.documents.find(document => document.number === number)
      if (known !== undefined) return json(200, known)
      const document: WireDocument = { uuid: randomUUID(), state: 'stamped', number, xml: `${xml}  <!-- stamped -->`, faults: [] }
      account.documents.push(document)
      effectsOf(number).stamps++
      return json(200, document)
    }
    const document = account.documents.find(document => document.uuid === uuid)
    if (document === undefined) return json(404, { code: 'no_document', message: 'no such document' })
    if (verb === 'cancel' && document.state !== 'canceled') {
      document.state = 'canceled'
      effectsOf(document.number).cancellations++
    }
    return json(200, document)
  }

  const server = await serveSimulator(answer)
  return {
    ...server,
    credentials () {
      const user = randomUUID().slice(0, 8)
      const password = createHash('sha256').update(user).digest('base64url').slice(0, 16)
      accounts.set(`${user}:${password}`, { id: `acct_${user}`, documents: [] })
      return { user, password }
    },
    wrongCredentials: () => ({ user: 'nobody', password: 'wrong-password' }),
    effects: number => ({ ...effectsOf(number) }),
    links: sale => [...links.keys()].filter(key => key.split('#')[0] === sale).length,
    signedWebhook () { throw new Error('this provider sends none') },
    deliver () {},
    settled: async () => {}
  }
}

function json (status: number, body: unknown): SimulatedAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
