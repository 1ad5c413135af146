import type { Money } from '../../core/adapter/money.ts'
import type { Simulator } from '../../core/adapter/simulator.ts'
import { openBooks, sumOfEffects } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, type JudgedExchange, routeOf, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { approveSubscription, billDue } from './simulator/billing.ts'
import { signer } from './simulator/certificates.ts'
import { approve, settle } from './simulator/orders.ts'
import { type Route, routes } from './simulator/routes.ts'
import { type Account, certificateName, iso, type Json, linksTo, notFound, places, Refusal, signedWith, tell, units, type World } from './simulator/world.ts'

export type Judged = JudgedExchange<Json, Json | undefined>

export interface PaypalSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
  /** Takes webhook addresses without HTTPS, which PayPal refuses: for the demo and for tests that listen on this machine. */
  localHooks?: boolean
  /** False: the app lacks Transaction Search. */
  reports?: boolean
  /** Told of every answered request. */
  judge?: (exchange: Judged) => void
}

export interface PaypalSimulator extends Simulator {
  /** The payer agrees on PayPal's page, to an order or a subscription. `funding`: `refused`: what they chose is refused when it is taken; `impossible`: and there is nothing else to choose. */
  approve: (id: string, funding?: string) => void
  /** A capture that waited is done. */
  settle: (order: string) => void
  /** The payer complains; gives the dispute. */
  dispute: (order: string) => string
  /** Every token that was lent is forgotten. */
  forgetTokens: () => void
  /** Bills what is due by the clock. */
  bill: () => void
  made: (reference: string) => number
  orders: () => readonly Json[]
  requests: () => readonly { method: string, path: string, body: string, headers: Record<string, string> }[]
}

/** A twin of PayPal's REST API on loopback, written from facts/payments.md section 5 and the OpenAPI documents of 2024-02. */
export async function startPaypalSimulator ({ port, now = () => new Date(), seed, stateFile, localHooks = false, reports = true, judge }: PaypalSimulatorOptions = {}): Promise<PaypalSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ clientId }) => clientId, toJson: account => ({ ...account, tokens: [] }), fromJson: kept => ({ ...kept, tokens: new Set() }) })
  const { digest, everywhere } = books
  const deliveries = createDeliveries()
  const requests: { method: string, path: string, body: string, headers: Record<string, string> }[] = []
  const world: World = {
    accounts: books.accounts,
    now,
    url: () => server.url,
    id: () => BigInt(`0x${digest()}`).toString(36).toUpperCase().slice(2, 19).padEnd(17, '7'),
    deliveries,
    reports
  }
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function token ({ headers, body }: SimulatedRequest): SimulatedAnswer {
    const [clientId = '', secret = ''] = Buffer.from(/^Basic (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '', 'base64').toString().split(':')
    const known = world.accounts.get(clientId)
    if (!/^A[A-Za-z0-9_-]{19,}$/.test(clientId) || !/^E[A-Za-z0-9_-]{19,}$/.test(secret) || secret.startsWith('Einvalid') || (known !== undefined && known.secret !== secret)) return json(401, { error: 'invalid_client', error_description: 'Client Authentication failed' })
    if (new URLSearchParams(body).get('grant_type') !== 'client_credentials') return json(400, { error: 'unsupported_grant_type', error_description: 'unsupported grant_type' })
    const account = known ?? { clientId, secret, merchant: merchantId(digest()), tokens: new Set<string>(), orders: [], ledger: {}, captures: [], authorizations: [], refunds: [], kept: [], used: [], products: [], plans: [], subscriptions: [], disputes: [], report: [], events: [], webhooks: [], answers: {} }
    world.accounts.set(clientId, account)
    const lent = `A21AA${digest()}${digest().slice(0, 20)}`
    account.tokens.add(lent)
    return json(200, { scope: 'https://uri.paypal.com/services/payments/payment', access_token: lent, token_type: 'Bearer', app_id: 'APP-80W284485P519543T', expires_in: 32_400, nonce: `2026${digest().slice(0, 12)}` })
  }

  function accountOf (authorization: string | undefined): Account {
    const lent = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
    const account = lent === undefined ? undefined : [...world.accounts.values()].find(({ tokens }) => tokens.has(lent))
    if (account === undefined) throw new Refusal(401, 'AUTHENTICATION_FAILURE')
    return account
  }

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const { method, url, headers, body } = request
    const { pathname, searchParams } = url
    if (pathname === certificateName) return { status: 200, headers: { 'content-type': 'application/x-x509-ca-cert' }, body: signer().chain }
    if (pathname === '/checkoutnow' || pathname === '/webapps/billing/subscriptions') return payerPage(method, searchParams.get('token') ?? searchParams.get('ba_token') ?? '')
    requests.push({ method, path: pathname + url.search, body, headers })
    if (method === 'POST' && pathname === '/v1/oauth2/token') return token(request)
    let route: Route | undefined
    let asked: Json | undefined
    const told = (status: number, answer: Json | undefined): SimulatedAnswer => {
      if (route !== undefined) judge?.({ method, path: route.path, body: asked, headers, status, answer: answer && JSON.parse(JSON.stringify(answer)) as Json })
      books.changed()
      return answer === undefined ? { status } : json(status, answer)
    }
    try {
      const account = accountOf(headers.authorization)
      const found = routeOf(routes, method, pathname)
      if (found === undefined) throw notFound()
      route = found.route
      const contentType = headers['content-type'] ?? ''
      asked = body === '' || !contentType.startsWith('application/json') ? undefined : parsed(body)
      const key = headers['paypal-request-id']
      const slot = route.keyed === true && key !== undefined ? `${pathname} ${key}` : undefined
      const before = slot === undefined ? undefined : account.answers[slot]
      // "A successful response to an idempotent request returns the HTTP 200 OK status code".
      if (before !== undefined) return told(before.status < 300 ? 200 : before.status, before.body)
      const result = structuredClone(route.run({ world, account, path: pathname + url.search, id: found.id, body: asked ?? {}, query: searchParams, key, text: body, contentType, localHooks }))
      if (slot !== undefined) account.answers[slot] = { status: route.status, body: result }
      return told(route.status, route.status === 204 ? undefined : result)
    } catch (error) {
      if (error instanceof Refusal) return told(error.status, error.body)
      throw error
    }
  }

  /** What the payer sees: one page, two buttons. */
  function payerPage (method: string, id: string): SimulatedAnswer {
    if (method !== 'POST') return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<!doctype html><title>PayPal</title><form method="post"><button>Pagar</button></form>' }
    try {
      agree(id)
    } catch {
      return { status: 410, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<!doctype html><title>PayPal</title>Ya no se puede pagar.' }
    }
    const back = everywhere(({ ledger }) => ledger[id] === undefined ? [] : [ledger[id].source.experience_context?.return_url as string | undefined])[0]
    return { status: 303, headers: { location: back ?? 'https://www.paypal.com' } }
  }

  const holder = (id: string): [Account, Json] => {
    for (const account of world.accounts.values()) {
      const order = account.orders.find(order => order.id === id)
      if (order !== undefined) return [account, order]
    }
    throw new Error(`there is no order ${id}`)
  }
  function agree (id: string, funding?: string): void {
    for (const account of world.accounts.values()) {
      const subscription = account.subscriptions.find(each => each.id === id)
      if (subscription !== undefined) return approveSubscription(world, account, subscription)
    }
    const [account, order] = holder(id)
    const authenticates = order.payment_source.card !== undefined
    approve(world, account, order, funding ?? (authenticates ? 'visa' : undefined))
  }
  const under = (reference: string) => everywhere(account => account.orders.filter(({ purchase_units: [unit] }) => unit.custom_id === reference).map(order => ({ account, order })))
  const capture = (id: string): [Account, Json] => {
    const [account, order] = holder(id)
    const { id: captureId } = order.purchase_units[0].payments.captures.at(-1)
    return [account, account.captures.find(each => each.id === captureId)!]
  }

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    credentials: () => ({ client_id: `A${digest()}`, client_secret: `E${digest()}` }),
    wrongCredentials: () => ({ client_id: `A${digest()}`, client_secret: `Einvalid${digest()}` }),
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects: reference => sumOfEffects(under(reference).map(({ account, order }) => account.ledger[order.id]!)),
    charged (reference): Money | undefined {
      const amount = under(reference)[0]?.order.purchase_units[0].amount as Json | undefined
      // ISO 4217 has two decimals of the forint and the New Taiwan dollar, and none of the yen.
      return amount && { amount: units(amount) * (places(amount.currency_code) === 0 && amount.currency_code !== 'JPY' ? 100 : 1), currency: amount.currency_code }
    },
    signedWebhook ({ secret, now, type }) {
      const event = everywhere(({ events }) => events).filter(event => type === undefined || event.event_type === type).at(-1)
      if (event === undefined) throw new Error('nothing has happened yet: there is no event to deliver')
      return signedWith(event, secret, now)
    },
    publishedKey: name => name === certificateName ? signer().leaf : undefined,
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    approve: agree,
    settle: id => { settle(world, ...capture(id)) },
    dispute (order) {
      const [account, taken] = capture(order)
      const at = iso(world.now())
      const id = `PP-D-${String(account.disputes.length + 27_803)}${world.id().slice(0, 4)}`
      const dispute = {
        dispute_id: id, create_time: at, update_time: at, reason: 'MERCHANDISE_OR_SERVICE_NOT_RECEIVED', status: 'WAITING_FOR_SELLER_RESPONSE', dispute_state: 'REQUIRED_ACTION', dispute_life_cycle_stage: 'CHARGEBACK', dispute_channel: 'INTERNAL',
        dispute_amount: taken.amount, disputed_transactions: [{ buyer_transaction_id: world.id(), seller_transaction_id: taken.id, create_time: at, transaction_status: 'COMPLETED', gross_amount: taken.amount, ...(taken.custom_id !== undefined && { custom: taken.custom_id }), buyer: { name: 'Ana' }, seller: { merchant_id: account.merchant } }],
        seller_response_due_date: iso(new Date(world.now().getTime() + 10 * 86_400_000)), links: linksTo(world, `/v1/customer/disputes/${id}`)
      }
      account.disputes.push(dispute)
      tell(world, account, 'CUSTOMER.DISPUTE.CREATED', 'dispute', dispute)
      return dispute.dispute_id
    },
    forgetTokens: () => { for (const account of world.accounts.values()) account.tokens.clear() },
    bill: () => { for (const account of world.accounts.values()) billDue(world, account) },
    made: reference => everywhere(({ plans, subscriptions }) => [...plans.filter(({ product_id: product }) => product === reference), ...subscriptions.filter(({ custom_id: ours }) => ours === reference)]).length,
    orders: () => everywhere(({ orders }) => orders),
    requests: () => requests
  }
}

/** Thirteen letters and digits that nobody mistakes for one another. */
const merchantId = (hex: string): string => [...hex.slice(0, 26).matchAll(/../g)].map(([pair]) => '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'[Number.parseInt(pair, 16) % 32]).join('')

const json = (status: number, body: Json): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json', 'paypal-debug-id': 'f1d8c0dd7b7d4' }, body: JSON.stringify(body) })

function parsed (body: string): Json {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null) return json
  } catch {}
  throw new Refusal(400, 'INVALID_REQUEST', { issue: 'MALFORMED_REQUEST_JSON' })
}
