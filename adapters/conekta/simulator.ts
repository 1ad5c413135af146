import type { Money } from '../../core/adapter/money.ts'
import type { Simulator } from '../../core/adapter/simulator.ts'
import { openBooks, sumOfEffects } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, type JudgedExchange, routeOf, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { billDue } from './simulator/billing.ts'
import { approve, decline, dispute, expire, openCharge, orderOf, settleRefund, signedWith } from './simulator/books.ts'
import { pages } from './simulator/pages.ts'
import { payPage } from './simulator/payer.ts'
import { type Route, routes } from './simulator/routes.ts'
import { type Account, type Json, newAccount, notFound, type Order, Refusal, type World } from './simulator/world.ts'

export type Judged = JudgedExchange<Json>

export interface ConektaSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
  /** Takes addresses of this machine for webhooks, which Conekta refuses: for the demo and for tests that listen there. */
  localHooks?: boolean
  /** Told of every answered request. */
  judge?: (exchange: Judged) => void
}

export interface ConektaSimulator extends Simulator {
  /** The cash is handed over, the transfer arrives, the bank's page is confirmed: the open charge is paid. */
  pay: (order: string) => void
  /** Nobody paid in time. */
  expire: (order: string) => void
  /** At the bank's page, 3-D Secure. */
  authenticate: (order: string, agrees: boolean) => void
  /** A payer pays a hosted page or a link with a card; gives the order. */
  payPage: (reference: string, token?: string) => string
  /** The payer's bank takes the money back; gives `order/chargeback`. */
  dispute: (order: string) => string
  /** A refund that waited is done. */
  settleRefund: (order: string) => void
  /** Bills what is due by the clock. */
  bill: () => void
  /** How many objects carry this reference. */
  made: (reference: string) => number
  /** The account's orders, as they are. */
  orders: () => readonly Order[]
  requests: () => readonly { method: string, path: string, body: string }[]
}

const contentType = 'application/vnd.conekta-v2.3.0+json; charset=utf-8'

/** A twin of Conekta's API on loopback, written from facts/payments.md section 2 and its OpenAPI document 2.3.0. */
export async function startConektaSimulator ({ port, now = () => new Date(), seed, stateFile, localHooks = false, judge }: ConektaSimulatorOptions = {}): Promise<ConektaSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ key }) => key })
  const { digest, everywhere } = books
  const deliveries = createDeliveries()
  const requests: { method: string, path: string, body: string }[] = []
  const world: World = {
    accounts: books.accounts,
    now: () => Math.floor(now().getTime() / 1000),
    url: () => server.url,
    id: prefix => `${prefix}2${BigInt(`0x${digest().slice(0, 20)}`).toString(36).padStart(16, '0').slice(-16)}`,
    hex: () => digest().slice(0, 24),
    digits: count => BigInt(`0x${digest()}`).toString().slice(-count).padStart(count, '0'),
    deliveries,
    changed: books.changed
  }

  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  /** `key_…` says nothing of the mode to anyone but Conekta: here a key that begins with `key_live` is a live one. */
  function accountOf (authorization: string | undefined): Account {
    const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1]
    const key = basic === undefined ? /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] : Buffer.from(basic, 'base64').toString().replace(/:$/, '')
    if (key === undefined || !/^key_[A-Za-z0-9]{8,200}$/.test(key) || key.startsWith('key_invalid')) throw new Refusal(401, key === undefined ? 'authentication.missing_key' : 'authentication.invalid_key', 'Please include your access key in your request.')
    const known = world.accounts.get(key) ?? newAccount(world, key, key.startsWith('key_live'))
    world.accounts.set(key, known)
    return known
  }

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const { method, url, headers, body } = request
    const page = pages(world, request)
    if (page !== undefined) return page
    requests.push({ method, path: url.pathname + url.search, body })
    let route: Route | undefined
    let asked: Json | undefined
    const told = (status: number, answer: Json): SimulatedAnswer => {
      if (route !== undefined) judge?.({ method, path: route.path, body: asked, headers, status, answer: JSON.parse(JSON.stringify(answer)) as Json })
      return { status, headers: { 'content-type': contentType, 'conekta-media-type': 'conekta-v2.3.0; format=application/json' }, body: JSON.stringify(answer) }
    }
    try {
      const account = accountOf(headers.authorization)
      const found = routeOf(routes, method, url.pathname)
      if (found === undefined) throw notFound()
      route = found.route
      asked = body === '' ? undefined : parsed(body)
      return told(200, route.run({ world, account, ...found, body: asked ?? {}, query: url.searchParams, path: url.pathname, localHooks }))
    } catch (error) {
      if (error instanceof Refusal) return told(error.status, error.body)
      throw error
    }
  }

  const holder = (order: string): [Account, Order] => {
    const account = [...world.accounts.values()].find(({ orders }) => orders.some(({ id }) => id === order))
    if (account === undefined) throw new Error(`there is no order ${order}`)
    return [account, orderOf(account, order)]
  }
  const under = (reference: string) => everywhere(account => account.orders.filter(({ metadata }) => Object.values(metadata).includes(reference)).map(order => ({ account, order })))
  const waiting = (order: string) => {
    const [account, found] = holder(order)
    const charge = openCharge(found)
    if (charge === undefined) throw new Error(`nothing of ${order} is waited for`)
    return { account, order: found, charge }
  }
  const key = (mode: 'test' | 'live') => ({ private_key: `key_${mode === 'live' ? 'live' : ''}${digest().slice(0, 18)}` })

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    credentials: key,
    wrongCredentials: () => ({ private_key: `key_invalid${digest().slice(0, 10)}` }),
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects: reference => sumOfEffects(under(reference).map(({ account, order }) => account.ledger[order.id]!)),
    charged (reference): Money | undefined {
      const [found] = under(reference)
      return found && { amount: found.order.amount, currency: found.order.currency }
    },
    signedWebhook ({ secret, type }) {
      const event = everywhere(({ events }) => events).filter(event => type === undefined || event.type === type).toSorted((a, b) => a.created_at - b.created_at).at(-1)
      if (event === undefined) throw new Error('nothing has happened yet: there is no event to deliver')
      return signedWith(event, secret)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    pay: id => {
      const { account, order, charge } = waiting(id)
      if (charge.payment_method.object === 'bank_transfer_payment') Object.assign(charge.payment_method, { tracking_code: `CNK${world.digits(12)}`, executed_at: now().toISOString() })
      approve(world, account, order, charge)
    },
    expire: id => { expire(world, ...holder(id)) },
    authenticate: (id, agrees) => {
      const { account, order, charge } = waiting(id)
      if (agrees) approve(world, account, order, charge)
      else decline(world, account, order, charge, { failure: 'declined_by_3ds', message: 'The payer did not authenticate.' })
    },
    payPage: (reference, token = 'tok_test_visa_4242') => payPage(world, reference, token),
    dispute: id => dispute(world, ...holder(id)),
    settleRefund: id => { settleRefund(world, ...holder(id)) },
    bill: () => { for (const account of world.accounts.values()) billDue(world, account) },
    made: reference => everywhere(({ orders, customers, plans, subscriptions, templates }) => [
      ...orders.filter(({ metadata, checkout }) => checkout !== undefined && Object.values(metadata).includes(reference)),
      ...customers.filter(({ custom_reference: ours }) => ours === reference),
      ...plans.filter(({ id }) => id === reference),
      ...subscriptions.filter(({ plan_id: plan }) => plan.startsWith(`${reference}-`)),
      ...Object.values(templates).filter(({ metadata }) => Object.values(metadata ?? {}).includes(reference))
    ]).length,
    orders: () => everywhere(({ orders }) => orders),
    requests: () => requests
  }
}

function parsed (body: string): Json {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch {}
  throw new Refusal(422, 'parameter_validation.body.invalid', 'The body is not JSON.')
}
