import { createHmac, randomBytes } from 'node:crypto'
import { closeInOrder, createDeliveries, type CsdFiles, type Effects, isStamp, type SatModel, type SatStamp, type SatWorld, serveSimulator, type SignedWebhook, type SimulatedAnswer, type SimulatedRequest, type Simulator, sumOf } from '../../core/adapter/index.ts'
import { type Client, complementOf, missing, modelOf, object, Refused, type Team, type Wire } from './simulator/model.ts'

/**
 * Gigstack's API v2 over the tax authority that it shares with the PACs' simulators: clients, income and egress invoices,
 * payments with automation, receipts with their portal, webhooks in both signatures, and its Stripe app, which invoices charges
 * by itself. Written from docs.gigstack.io and its CLI. Where these are silent it does the worst that a provider may: it can
 * forget idempotency keys, and says "canceled" as soon as the request was taken.
 */
export interface GigstackSimulator extends Simulator {
  /** Keys are forgotten: what is sent again is done again. */
  forgetful: (on: boolean) => void
  /** How webhooks are signed from now on. */
  signs: (how: 'standard' | 'legacy') => void
  /** Gigstack's own id of an invoice instead of the UUID, as its documentation shows. */
  ownIds: (on: boolean) => void
  /** The customer opens the page of a receipt and says who it is; resolves to the UUID. */
  selfInvoice: (url: string, customer: Wire) => Promise<string>
  /** How many receipts bear this reference. */
  receiptsOf: (reference: string) => number
  /** A charge in the Stripe account that is linked to the team of this key: Gigstack invoices it. Resolves to the UUID. */
  stripeCharge: (apiKey: string, charge: { paymentIntent: string, client: Wire, items: Wire[], use: string }) => Promise<string>
}

export interface GigstackSimulatorOptions {
  world: SatWorld
  port?: number
  now?: () => Date
  /** On file in every team that is opened. */
  csd?: CsdFiles
}

interface Invoice {
  id: string
  shelf: 'income' | 'egress' | 'payment'
  stamp: SatStamp
  model: SatModel
  client: Client
  metadata: Wire
  payments: string[]
  createdAt: number
  requested: boolean
  paid: string[]
  file: string
}

interface Account extends Team {
  livemode: boolean
  csd?: { files: CsdFiles, rfc: string }
  clients: Client[]
  invoices: Invoice[]
  payments: Wire[]
  receipts: Wire[]
  webhooks: { id: string, url: string, events: string[], secret: string }[]
  answers: Map<string, unknown>
  folios: Map<string, number>
}

const teamData = { legalName: 'ESCUELA KEMPER URGATE', taxSystem: '601', zip: '42501' }
const random = (prefix: string): string => `${prefix}_${randomBytes(6).toString('hex')}`
const jwt = (claims: object): string => [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + `.${randomBytes(24).toString('base64url')}`

/** A key that is always there, for the demo. */
export const demoKey = `${['{"alg":"HS256","typ":"JWT"}', '{"livemode":false,"team":"team_demo","key_id":"key_test_demo"}'].map(text => Buffer.from(text).toString('base64url')).join('.')}.ZGVtby1vbi10aGlzLW1hY2hpbmU`

export async function startGigstackSimulator ({ world, port, csd, now = () => new Date() }: GigstackSimulatorOptions): Promise<GigstackSimulator> {
  const accounts = new Map<string, Account>()
  const files = new Map<string, { type: string, bytes: Buffer }>()
  const cancellations = new Map<string, number>()
  const deliveries = createDeliveries()
  let newest: Wire | undefined
  let [forgetful, ownIds] = [false, false]
  let shape: 'standard' | 'legacy' = 'standard'

  const server = await serveSimulator(answer, port === undefined ? {} : { port })
  open(demoKey, 'team_demo', false)

  function open (key: string, id: string, livemode: boolean): void {
    const opened = csd === undefined ? undefined : world.openCsd(csd)
    accounts.set(key, { id, ...teamData, livemode, ...(csd !== undefined && opened !== undefined && 'rfc' in opened && { csd: { files: csd, rfc: opened.rfc } }), clients: [], invoices: [], payments: [], receipts: [], webhooks: [], answers: new Map(), folios: new Map() })
  }

  async function answer (request: SimulatedRequest): Promise<SimulatedAnswer> {
    const { method, url, headers, body, bytes } = request
    const file = files.get(url.pathname)
    if (file !== undefined && method === 'GET') return { status: 200, headers: { 'content-type': file.type }, body: file.bytes }
    if (url.pathname === '/autofactura' && method === 'GET') return { status: 200, headers: { 'content-type': 'text/html' }, body: '<form><label>RFC <input name="tax_id"></label></form>' }
    if (!url.pathname.startsWith('/v2/')) return json(404, refusal('resource_not_found', 'Route not found'))
    const account = accounts.get(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '')
    if (account === undefined) return json(401, refusal('invalid_token', 'Token is invalid or expired'))
    const team = url.searchParams.get('team')
    if (team !== null && team !== account.id) return json(403, refusal('forbidden', 'Access denied'))
    const path = url.pathname.slice('/v2'.length)
    try {
      const route = routes.find(each => each.method === method && each.path.test(path))
      if (route === undefined) throw new Refused(404, 'resource_not_found', 'Route not found')
      const isForm = (headers['content-type'] ?? '').startsWith('multipart/')
      const given = body === '' ? {} : isForm ? { form: bytes.toString('latin1') } : JSON.parse(body) as Wire
      return await route.run({ account, url, given, id: decodeURIComponent(route.path.exec(path)?.[1] ?? ''), part: route.path.exec(path)?.[1] ?? '' })
    } catch (error) {
      if (error instanceof Refused) return json(error.status, { message: error.message, error: { code: error.code, message: error.message, ...(error.details.length > 0 && { details: error.details }) } })
      if (error instanceof SyntaxError) return json(400, refusal('invalid_request_body', 'Request body format invalid'))
      throw error
    }
  }

  interface Call { account: Account, url: URL, given: Wire, id: string, part: string }
  type Run = (call: Call) => SimulatedAnswer | Promise<SimulatedAnswer>
  const routes: { method: string, path: RegExp, run: Run }[] = [
    { method: 'GET', path: /^\/teams$/, run: ({ account }) => list([shownTeam(account)]) },
    { method: 'GET', path: /^\/teams\/([^/]+)$/, run: ({ account, id }) => id === account.id ? ok('Team retrieved successfully', shownTeam(account)) : notFound() },
    { method: 'POST', path: /^\/teams\/([^/]+)\/sat-connection$/, run: ({ account, given }) => connectSat(account, String(given.form ?? '')) },
    { method: 'POST', path: /^\/clients$/, run: ({ account, given }) => ok('Client created successfully', makeClient(account, given), 201) },
    { method: 'GET', path: /^\/clients\/search$/, run: ({ account, url }) => list(account.clients.filter(client => JSON.stringify(client).includes(url.searchParams.get('q') ?? ''))) },
    {
      method: 'POST', path: /^\/clients\/validate\/([^/]+)$/, run: ({ account, id }) => {
        const client = account.clients.find(each => each.id === id) ?? notThere()
        const listed = satList.get(String(client.tax_id))
        const isValid = listed !== undefined && listed.name === client.legal_name && listed.zip === (client.address as Wire | undefined)?.zip && listed.regime === client.tax_system
        return ok('Client validated', { ...client, is_valid: isValid })
      }
    },
    { method: 'POST', path: /^\/invoices\/(income|egress)$/, run: async ({ account, given, part }) => await once(account, given, async () => shown(account, await invoice(account, given, part as 'income' | 'egress', []))) },
    { method: 'GET', path: /^\/invoices\/(income|egress|payment)$/, run: ({ account, url, part }) => page(account.invoices.filter(({ shelf }) => shelf === part).map(each => shown(account, each)), url) },
    {
      method: 'GET', path: /^\/invoices\/(?:income|egress|payment)\/([^/]+)$/, run: ({ account, url, id }) => {
        const found = account.invoices.find(each => each.id === id && url.pathname.includes(`/${each.shelf}/`)) ?? notThere()
        return ok('Invoice retrieved successfully', shown(account, found))
      }
    },
    {
      method: 'GET', path: /^\/invoices\/([^/]+)\/files$/, run: ({ account, id }) => {
        const { file } = account.invoices.find(each => each.id === id) ?? notThere()
        return ok('Files retrieved successfully', { xml: `${server.url}${file}.xml`, pdf: `${server.url}${file}.pdf` })
      }
    },
    { method: 'DELETE', path: /^\/invoices\/([^/]+)$/, run: ({ account, given, id }) => cancel(account, account.invoices.find(each => each.id === id) ?? notThere(), given) },
    { method: 'POST', path: /^\/payments\/register$/, run: async ({ account, given }) => await once(account, given, async () => await registerPayment(account, given)) },
    { method: 'GET', path: /^\/payments\/([^/]+)$/, run: ({ account, id }) => ok('Payment retrieved successfully', account.payments.find(each => each.id === id) ?? notThere()) },
    { method: 'POST', path: /^\/receipts$/, run: async ({ account, given }) => await once(account, given, async () => makeReceipt(account, given)) },
    { method: 'GET', path: /^\/receipts$/, run: ({ account, url }) => page(account.receipts, url) },
    { method: 'POST', path: /^\/receipts\/([^/]+)\/stamp$/, run: async ({ account, given, id }) => ok('Receipt stamped successfully', shown(account, await stampReceipt(account, account.receipts.find(each => each.id === id) ?? notThere(), given))) },
    { method: 'GET', path: /^\/webhooks$/, run: ({ account }) => list(account.webhooks.map(({ secret, ...webhook }) => webhook)) },
    {
      method: 'POST', path: /^\/webhooks$/, run: ({ account, given }) => {
        if (typeof given.url !== 'string') throw missing('url')
        const webhook = { id: random('wh'), url: given.url, events: (given.events ?? []) as string[], secret: `whsec_${randomBytes(24).toString('base64')}` }
        account.webhooks.push(webhook)
        return ok('Webhook created successfully', { ...webhook, status: 'active' }, 201)
      }
    },
    {
      method: 'DELETE', path: /^\/webhooks\/([^/]+)$/, run: ({ account, id }) => {
        if (!account.webhooks.some(webhook => webhook.id === id)) notThere()
        account.webhooks = account.webhooks.filter(webhook => webhook.id !== id)
        return ok('Webhook deleted successfully', { id })
      }
    }
  ]

  /** What was done with a key is answered again, and not done again. */
  async function once (account: Account, given: Wire, work: () => Promise<unknown>): Promise<SimulatedAnswer> {
    const { idempotency_key: key } = given
    if (typeof key !== 'string' || forgetful) return ok('Created successfully', await work(), 201)
    if (!account.answers.has(key)) account.answers.set(key, await work())
    return ok('Created successfully', account.answers.get(key), 201)
  }

  function makeClient (account: Account, given: Wire): Client {
    const { search: _, ...fields } = given
    const client = { ...fields, id: random('client'), is_valid: false, livemode: account.livemode } as unknown as Client
    account.clients.push(client)
    tell(account, 'customer.created', client)
    return client
  }

  /** By id, or found; one that is found stays as it was. */
  function clientOf (account: Account, given: unknown): Client {
    const wanted = object(given, 'client')
    if (typeof wanted.id === 'string') return account.clients.find(each => each.id === wanted.id) ?? notThere()
    const { on_key: key, on_value: value, auto_create: create } = (wanted.search ?? {}) as Wire
    const found = typeof key === 'string' ? account.clients.find(each => each[key] === value) : undefined
    if (found !== undefined) return found
    if (typeof key === 'string' && create !== true) notThere()
    return makeClient(account, wanted)
  }

  function folioOf (account: Account, series: unknown, number: unknown): { series: string, number: string } {
    const named = typeof series === 'string' ? series : 'GS'
    const next = number === undefined || number === null ? (account.folios.get(named) ?? 0) + 1 : Number(number)
    account.folios.set(named, Math.max(account.folios.get(named) ?? 0, next))
    return { series: named, number: String(next) }
  }

  async function keep (account: Account, model: SatModel, about: Pick<Invoice, 'shelf' | 'client' | 'metadata' | 'payments'>): Promise<Invoice> {
    const { csd } = account
    if (csd === undefined) throw new Refused(422, 'operation_not_allowed', 'SAT connection required: upload your CSD')
    const stamp = await world.issue('gigstack', model, csd.files)
    if (!isStamp(stamp)) throw new Refused(422, 'cfdi_service_error', `${stamp.code}: ${stamp.message}`)
    const made: Invoice = { ...about, id: ownIds ? random('invoice') : stamp.uuid.toLowerCase(), stamp, model, createdAt: Math.floor(now().getTime() / 1000), requested: false, paid: [], file: `/files/${randomBytes(16).toString('hex')}` }
    account.invoices.unshift(made)
    files.set(`${made.file}.xml`, { type: 'application/xml', bytes: Buffer.from(stamp.xml) })
    files.set(`${made.file}.pdf`, { type: 'application/pdf', bytes: Buffer.from(`%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n% CFDI ${stamp.uuid}\ntrailer<</Root 1 0 R>>\n%%EOF\n`) })
    tell(account, 'invoice.created', shown(account, made))
    return made
  }

  async function invoice (account: Account, given: Wire, shelf: 'income' | 'egress', payments: string[]): Promise<Invoice> {
    if (account.csd === undefined) throw new Refused(422, 'operation_not_allowed', 'SAT connection required: upload your CSD')
    const client = clientOf(account, given.client)
    const model = modelOf(given, { kind: shelf === 'income' ? 'invoice' : 'credit_note', team: account, rfc: account.csd.rfc, client, folio: folioOf(account, given.series, given.folio_number) })
    return await keep(account, model, { shelf, client, metadata: (given.metadata ?? {}) as Wire, payments })
  }

  async function registerPayment (account: Account, given: Wire): Promise<Wire> {
    const client = clientOf(account, given.client)
    const payment: Wire = { id: random('payment'), client, status: 'succeeded', currency: given.currency ?? 'MXN', payment_form: given.payment_form, metadata: given.metadata ?? {}, items: given.items, payment_processor: 'api', invoices: [], receipts: [], livemode: account.livemode }
    account.payments.push(payment)
    switch (given.automation_type ?? 'none') {
      case 'none': break
      case 'pue_invoice': {
        payment.invoices = [(await invoice(account, { ...given, client: { id: client.id }, payment_method: 'PUE' }, 'income', [String(payment.id)])).id]
        break
      }
      case 'receipt': {
        payment.receipts = [makeReceipt(account, given).id]
        break
      }
      case 'ppd_invoice_and_complement': {
        const [named] = (given.invoices ?? []) as string[]
        // Without an invoice that is there, it makes one.
        const about = account.invoices.find(each => each.stamp.uuid.toLowerCase() === named?.toLowerCase() || each.id === named) ?? await invoice(account, { ...given, client: { id: client.id }, payment_method: 'PPD', payment_form: '99' }, 'income', [String(payment.id)])
        const amount = sumOf((given.items as Wire[]).map(({ unit_price: price }) => String(price)))
        const total = about.stamp.total
        const { serie, folio } = (given.invoice_config ?? {}) as Wire
        const complement = complementOf(about.model, {
          uuid: about.stamp.uuid, total, balance: sumOf([total], about.paid), part: about.paid.length + 1, amount, form: String(given.payment_form),
          paidAt: typeof given.paid_at === 'number' ? new Date(given.paid_at * 1000) : now(), folio: folioOf(account, serie, folio)
        })
        const made = await keep(account, complement, { shelf: 'payment', client, metadata: (given.metadata ?? {}) as Wire, payments: [String(payment.id)] })
        about.paid.push(amount)
        payment.invoices = [about.id, made.id]
        break
      }
      default: throw new Refused(400, 'invalid_field_value', 'Field value invalid', [{ field: 'automation_type', message: 'is not one' }])
    }
    tell(account, 'payment.succeeded', payment)
    return payment
  }

  function makeReceipt (account: Account, given: Wire): Wire {
    if (!Array.isArray(given.items) || given.items.length === 0) throw missing('items')
    const id = random('receipt')
    const created = Math.floor(now().getTime() / 1000)
    const receipt: Wire = { id, status: 'pending', currency: given.currency ?? 'MXN', periodicity: given.periodicity ?? 'month', payment_form: given.payment_form ?? '01', items: given.items, metadata: given.metadata ?? {}, created, created_at: created, validUntil: created + 30 * 86_400, url: `${server.url}/autofactura?id=${id}`, livemode: account.livemode }
    account.receipts.unshift(receipt)
    tell(account, 'receipt.created', receipt)
    return receipt
  }

  async function stampReceipt (account: Account, receipt: Wire, customer: Wire): Promise<Invoice> {
    if (receipt.status !== 'pending') throw new Refused(409, 'resource_conflict', 'The receipt was stamped already')
    const { use, ...client } = customer
    const made = await invoice(account, { client, use: use ?? 'G03', items: receipt.items, currency: receipt.currency, payment_form: receipt.payment_form, payment_method: 'PUE', metadata: receipt.metadata }, 'income', [])
    receipt.status = 'completed'
    receipt.invoices = [made.id]
    tell(account, 'receipt.completed', receipt)
    return made
  }

  function cancel (account: Account, found: Invoice, { motive, replacement }: Wire): SimulatedAnswer {
    const { stamp } = found
    if (typeof motive !== 'string') throw missing('motive')
    const { folios: [told] } = world.cancelFor({ issuer: stamp.issuer, uuid: stamp.uuid, motive, ...(typeof replacement === 'string' && { substitute: replacement }) })
    if (told!.code !== '201' && told!.code !== '202') throw new Refused(422, 'cfdi_service_error', `${told!.code}: the SAT did not take the cancellation`)
    if (told!.code === '201') cancellations.set(keyOf(stamp), (cancellations.get(keyOf(stamp)) ?? 0) + 1)
    found.requested = true
    tell(account, 'invoice.canceled', shown(account, found))
    return ok('Invoice canceled successfully', { uuid: found.id, status: statusOf(found) })
  }

  /** Too early, as users complain; valid again when the receiver refused. */
  function statusOf ({ stamp, requested }: Invoice): string {
    const { EstatusCancelacion } = world.status({ re: stamp.issuer, rr: stamp.receiver, tt: stamp.total, id: stamp.uuid })
    return requested && EstatusCancelacion !== 'Solicitud rechazada' ? 'canceled' : 'stamped'
  }

  function shown (account: Account, invoice: Invoice): Wire {
    const { stamp, client, model } = invoice
    return {
      uuid: invoice.id, client: { id: client.id, name: client.name, tax_id: client.tax_id }, status: statusOf(invoice), currency: model.currency, total: Number(stamp.total), series: stamp.series, folio_number: Number(stamp.folio), invoice_type: { income: 'I', egress: 'E', payment: 'P' }[invoice.shelf],
      payment_method: model.payment?.method, payments: invoice.payments, metadata: invoice.metadata, created_at: invoice.createdAt, livemode: account.livemode, owner: 'user_simulated'
    }
  }

  const shownTeam = (account: Account): Wire => ({ id: account.id, name: account.legalName, legal_name: account.legalName, tax_id: account.csd?.rfc ?? '', tax_system: account.taxSystem, livemode: account.livemode })

  function connectSat (account: Account, form: string): SimulatedAnswer {
    const parts = new Map([...form.matchAll(/name="(\w+)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n([\s\S]*?)\r\n--/g)].map(([, name, content]) => [name!, content!]))
    const bytes = (name: string): Buffer => {
      const content = parts.get(name)
      if (content === undefined) throw missing(name)
      return Buffer.from(content, 'latin1')
    }
    const known: CsdFiles = { certificate: bytes('cert'), key: bytes('key'), passphrase: bytes('password').toString() }
    const opened = world.openCsd(known)
    if (!('rfc' in opened)) throw new Refused(400, 'invalid_file_format', opened.message)
    account.csd = { files: known, rfc: opened.rfc }
    return ok('SAT connection established', { rfc: opened.rfc, serial_number: opened.noCertificado, expires_at: opened.validTo.getTime() })
  }

  function tell (account: Account, type: string, resource: object): void {
    const event: Wire = { id: random('evt'), type, created: now().getTime(), livemode: account.livemode, data: { object: resource } }
    if (type.startsWith('invoice.')) newest = event
    for (const { url, events, secret } of account.webhooks) {
      if (events.length > 0 && !events.includes(type)) continue
      deliveries.send(() => {
        const { headers, body } = signed(event, secret, now())
        return { url, headers, body }
      })
    }
  }

  function signed (event: Wire, secret: string, at: Date): SignedWebhook {
    const body = Buffer.from(JSON.stringify(event))
    if (shape === 'legacy') return { headers: { 'content-type': 'application/json', 'X-Gigstack-Signature': createHmac('sha256', secret).update(body).digest('hex') }, body }
    const [id, timestamp] = [String(event.id), String(Math.floor(at.getTime() / 1000))]
    const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
    return { headers: { 'content-type': 'application/json', 'Webhook-Id': id, 'Webhook-Timestamp': timestamp, 'Webhook-Signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}` }, body }
  }

  return {
    ...server,
    close: closeInOrder(deliveries, server),
    credentials (mode) {
      const team = random('team')
      const key = jwt({ livemode: mode === 'live', team, key_id: `key_${mode}_1` })
      open(key, team, mode === 'live')
      return { api_key: key }
    },
    wrongCredentials: mode => ({ api_key: jwt({ livemode: mode === 'live', team: 'team_of_nobody' }) }),
    effects: (reference): Effects => ({ charges: 0, captures: 0, refunds: 0, cancellations: cancellations.get(reference) ?? 0, stamps: world.ledger().filter(stamp => stamp.pac === 'gigstack' && keyOf(stamp) === reference).length }),
    signedWebhook ({ secret, now: at }) {
      if (newest === undefined) throw new Error('nothing has happened yet')
      return signed(newest, secret, at)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    forgetful: on => { forgetful = on },
    ownIds: on => { ownIds = on },
    signs: how => { shape = how },
    receiptsOf: reference => [...accounts.values()].flatMap(({ receipts }) => receipts).filter(({ metadata }) => Object.values(metadata as Wire).includes(reference)).length,
    async selfInvoice (url, customer) {
      const id = new URL(url).searchParams.get('id')
      const account = [...accounts.values()].find(({ receipts }) => receipts.some(receipt => receipt.id === id))
      if (account === undefined) throw new Error(`no receipt is at ${url}`)
      return (await stampReceipt(account, account.receipts.find(receipt => receipt.id === id)!, customer)).stamp.uuid
    },
    async stripeCharge (apiKey, { paymentIntent, client, items, use }) {
      const account = accounts.get(apiKey)
      if (account === undefined) throw new Error('no team has this key')
      const payment: Wire = { id: random('payment'), status: 'succeeded', payment_processor: 'stripe', payment_processor_details: { payment_intent: paymentIntent }, metadata: {}, invoices: [] }
      account.payments.push(payment)
      const made = await invoice(account, { client: { search: { on_key: 'tax_id', on_value: client.tax_id, auto_create: true }, ...client }, items, use, payment_form: '04', payment_method: 'PUE' }, 'income', [String(payment.id)])
      payment.invoices = [made.id]
      return made.stamp.uuid
    }
  }
}

/** Whom the SAT's list has, for checks. */
const satList = new Map([['IVD920810GU2', { name: 'INNOVACION VALOR Y DESARROLLO', zip: '63901', regime: '601' }]])

const keyOf = ({ issuer, series, folio }: SatStamp): string => `${issuer}-${series}-${folio}`
const refusal = (code: string, message: string): object => ({ message, error: { code, message } })
const json = (status: number, body: unknown): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) })
const ok = (message: string, data: unknown, status = 200): SimulatedAnswer => json(status, { message, data })
const list = (data: unknown[]): SimulatedAnswer => json(200, { message: 'Retrieved successfully', data, has_more: false, next: null, total_results: data.length })
const notFound = (): SimulatedAnswer => json(404, refusal('resource_not_found', 'Requested resource not found'))

function notThere (): never {
  throw new Refused(404, 'resource_not_found', 'Requested resource not found')
}

/** Newest first, from where the cursor stands. */
function page (all: Wire[], url: URL): SimulatedAnswer {
  const { searchParams } = url
  const [limit, start] = [Math.min(100, Number(searchParams.get('limit') ?? 10)), Number(searchParams.get('next') ?? 0)]
  const [series, since] = [searchParams.get('series'), Number(searchParams.get('created[gte]') ?? 0)]
  const matching = all.filter(item => (series === null || item.series === series) && Number(item.created_at) >= since)
  const more = start + limit < matching.length
  return json(200, { message: 'Retrieved successfully', data: matching.slice(start, start + limit), has_more: more, next: more ? String(start + limit) : null, total_results: matching.length })
}
