import type { Money } from '../../core/adapter/money.ts'
import type { Simulator } from '../../core/adapter/simulator.ts'
import { openBooks, sumOfEffects } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, type JudgedExchange, routeOf, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { billDue } from './simulator/billing.ts'
import { approve, decideDispute, dispute, expire, reject, secretOf, settleRefund, signedWith } from './simulator/books.ts'
import { oauthTwin, type OAuthRules } from './simulator/oauth.ts'
import { pages } from './simulator/pages.ts'
import { payPreference, type Route, routes } from './simulator/routes.ts'
import { type Account, bad, type Json, newAccount, notFound, Refusal, sites, type World } from './simulator/world.ts'

export type Judged = JudgedExchange<Json>

export interface MercadoPagoSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
  /** Where accounts are opened; MLM (Mexico) when absent. */
  site?: string
  /** How long a settlement report takes to be made, ms. */
  reportMs?: number
  /** Told of every answered request. */
  judge?: (exchange: Judged) => void
}

export interface MercadoPagoSimulator extends Simulator {
  /** Credentials of a new account of this country; of a test user: its production token. */
  account: (options: { mode: 'test' | 'live', site?: string, testUser?: boolean }) => Record<string, string>
  /** What a person does in the panel: where the account's notifications go. */
  notify: (token: string, url: string) => void
  /** What the panel shows as the secret of an account's notifications. */
  secret: (token: string) => string
  /** The cash is handed over, the transfer arrives, the bank's page is confirmed. */
  pay: (payment: string) => void
  expire: (payment: string) => void
  /** At the bank's page, 3-D Secure. */
  authenticate: (payment: string, agrees: boolean) => void
  /** A payer pays a page or a link with a card; gives the payment. */
  payPage: (preference: string, token?: string) => string
  /** The payer's bank takes the money back; gives the chargeback. */
  dispute: (payment: string) => string
  decideDispute: (payment: string, won: boolean) => void
  /** A refund that waited is done. */
  settleRefund: (payment: string) => void
  /** Money is taken out of the account, in the panel. */
  withdraw: (token: string, amount: number) => void
  /** Given back in the panel. */
  refundByHand: (payment: string, amount: number) => Promise<void>
  /** Bills what is due by the clock. */
  bill: () => void
  /** A new application of an operator's: what its panel shows. `redirects`: where its sellers may be sent back to. */
  application: (redirects: string[]) => { client_id: string, client_secret: string, webhook_secret: string }
  /** Where the application is told of its sellers from now on. */
  hookUp: (client: string, url: string) => void
  /** A seller takes back what they allowed. */
  revoke: (seller: string) => void
  oauthRules: OAuthRules
  /** How many objects carry this reference. */
  made: (reference: string) => number
  payments: () => readonly Json[]
  requests: () => readonly { method: string, path: string, body: string, headers: Record<string, string> }[]
}

const tokenForm = /^(?:APP_USR|TEST)-\d{16}-\d{6}-[0-9a-f]{32}-\d{6,12}$/

/** A twin of Mercado Pago's API on loopback, written from facts/payments.md section 3 and its OpenAPI document of 2026-06. */
export async function startMercadoPagoSimulator ({ port, now = () => new Date(), seed, stateFile, site = 'MLM', reportMs = 0, judge }: MercadoPagoSimulatorOptions = {}): Promise<MercadoPagoSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ token }) => token })
  const { digest, everywhere } = books
  const deliveries = createDeliveries()
  const requests: { method: string, path: string, body: string, headers: Record<string, string> }[] = []
  const world: World = {
    accounts: books.accounts,
    now,
    url: () => server.url,
    digits: count => Number(`${1 + Number(BigInt(`0x${digest()}`) % 9n)}${BigInt(`0x${digest()}`).toString().slice(-(count - 1))}`),
    hex: count => digest().slice(0, count),
    reportMs,
    deliveries,
    appHooks: account => oauth.hooksOf(account),
    changed: books.changed
  }
  const oauth = oauthTwin(world, site)
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function accountOf (authorization: string | undefined): Account {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
    if (token === undefined || !tokenForm.test(token) || token.includes('-00000000')) throw new Refusal(401, 'invalid access token')
    const granted = oauth.accountOf(token)
    if (granted === 'refused') throw new Refusal(401, 'invalid access token')
    if (granted !== undefined) return granted
    const known = world.accounts.get(token) ?? newAccount(world, token, site)
    world.accounts.set(token, known)
    return known
  }

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const { method, url, headers, body: raw } = request
    const page = pages(world, request)
    if (page !== undefined) return page
    requests.push({ method, path: url.pathname + url.search, body: raw, headers })
    const granted = oauth.answer(request)
    if (granted !== undefined) return granted
    let route: Route | undefined
    let asked: Json | undefined
    const told = (status: number, answer: Json): SimulatedAnswer => {
      if (route !== undefined) judge?.({ method, path: route.path, body: asked, headers, status, answer: JSON.parse(JSON.stringify(answer)) as Json })
      return { status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body: JSON.stringify(answer) }
    }
    try {
      const account = accountOf(headers.authorization)
      // Its own libraries end some paths with a slash.
      const found = routeOf(routes, method, url.pathname.replace(/\/$/, ''))
      if (found === undefined) throw notFound()
      route = found.route
      asked = raw === '' ? undefined : parsed(raw)
      const made = route.run({ world, account, ...found, body: asked ?? {}, raw, headers, query: url.searchParams })
      if (route.text !== undefined) return { status: 200, headers: { 'content-type': route.text }, body: made.text as string }
      return told(route.status ?? 200, made)
    } catch (error) {
      if (error instanceof Refusal) return told(error.status, error.body)
      throw error
    }
  }

  const holder = (id: string): [Account, Json] => {
    for (const account of world.accounts.values()) {
      const payment = account.payments.find(payment => String(payment.id) === id)
      if (payment !== undefined) return [account, payment]
    }
    throw new Error(`there is no payment ${id}`)
  }
  const under = (reference: string) => everywhere(account => account.payments.filter(({ external_reference: ours }) => ours === reference || String(ours).startsWith(`${reference}-`)).map(payment => ({ account, payment })))
  const waiting = (id: string): [Account, Json] => {
    const found = holder(id)
    if (found[1].status !== 'pending') throw new Error(`nothing of ${id} is waited for`)
    return found
  }
  const open: MercadoPagoSimulator['account'] = ({ mode, site: where = site, testUser = false }) => {
    const token = `${mode === 'test' && !testUser ? 'TEST' : 'APP_USR'}-${world.digits(16)}-112110-${digest().slice(0, 32).replace(/^0/, '1')}-${world.digits(9)}`
    world.accounts.set(token, newAccount(world, token, where, testUser))
    return { access_token: token, webhook_secret: secretOf(token) }
  }

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    account: open,
    credentials: mode => open({ mode }),
    wrongCredentials: mode => ({ access_token: `${mode === 'test' ? 'TEST' : 'APP_USR'}-${world.digits(16)}-112110-00000000${digest().slice(0, 24)}-${world.digits(9)}`, webhook_secret: digest() }),
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects: reference => sumOfEffects(under(reference).map(({ account, payment }) => account.ledger[payment.id]!)),
    charged (reference): Money | undefined {
      const [found] = under(reference)
      if (found === undefined) return undefined
      const { asked } = found.account.ledger[found.payment.id]!
      return { amount: found.payment.currency_id === 'CLP' ? asked : Math.round(asked * 100), currency: found.payment.currency_id }
    },
    signedWebhook ({ secret, now, type }) {
      const notice = everywhere(({ notices }) => notices).filter(notice => type === undefined || notice.type === type).toSorted((a, b) => Date.parse(a.body.date_created) - Date.parse(b.body.date_created)).at(-1)
      if (notice === undefined) throw new Error('nothing has happened yet: there is nothing to notify of')
      return signedWith(world, notice, secret, now)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    notify: (token, url) => { accountOf(`Bearer ${token}`).hooks = [url] },
    secret: secretOf,
    pay: id => { approve(world, ...waiting(id)) },
    expire: id => { expire(world, ...waiting(id)) },
    authenticate: (id, agrees) => {
      if (agrees) approve(world, ...waiting(id))
      else reject(world, ...waiting(id), 'cc_rejected_3ds_challenge')
    },
    payPage: (id, token = 'sim-token-visa-APRO') => {
      for (const account of world.accounts.values()) {
        const preference = account.preferences.find(preference => preference.id === id)
        if (preference !== undefined) return payPreference(world, account, preference, token)
      }
      throw new Error(`there is no page ${id}`)
    },
    dispute: id => dispute(world, ...holder(id)),
    decideDispute: (id, won) => { decideDispute(world, ...holder(id), won) },
    withdraw: (token, amount) => {
      const account = accountOf(`Bearer ${token}`)
      account.withdrawals = [...account.withdrawals ?? [], { id: world.digits(10), amount, currency_id: sites[account.site]!.currency, date: now().toISOString() }]
    },
    settleRefund: id => { settleRefund(world, ...holder(id)) },
    refundByHand: async (id, amount) => {
      const [{ token }] = holder(id)
      const key = `00000000-0000-4000-8000-${digest().slice(0, 12)}`
      const answer = await fetch(`${server.url}/v1/payments/${id}/refunds`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'x-idempotency-key': key }, body: JSON.stringify({ amount }) })
      if (!answer.ok) throw new Error(await answer.text())
    },
    bill: () => { for (const account of world.accounts.values()) billDue(world, account) },
    application: redirects => shownTo(oauth.register(() => redirects)),
    operator: (mode, { redirect, hook }) => shownTo(oauth.register(() => [redirect()], { hook, client: mode === 'test' ? '7000000000000001' : '7000000000000002' })),
    hookUp: oauth.hookUp,
    revoke: oauth.revoke,
    oauthRules: oauth.rules,
    made: reference => everywhere(({ preferences, customers, plans, subscriptions }) => [
      ...preferences.filter(({ external_reference: ours }) => ours === reference),
      ...customers.filter(({ metadata }) => Object.values(metadata).includes(reference)),
      ...plans.filter(({ reason }) => reason.endsWith(reference.slice(-12).toUpperCase())),
      ...subscriptions.filter(({ external_reference: ours }) => String(ours).startsWith(reference))
    ]).length,
    payments: () => everywhere(({ payments }) => payments),
    requests: () => requests
  }
}

function parsed (body: string): Json {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch {}
  throw bad('Malformed JSON')
}

/** What an application's panel shows. */
const shownTo = ({ client_id, client_secret, webhook_secret }: Record<'client_id' | 'client_secret' | 'webhook_secret', string>) => ({ client_id, client_secret, webhook_secret })
