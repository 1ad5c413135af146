import { Value } from 'typebox/value'
import type { Money } from '../../core/adapter/money.ts'
import type { Simulator } from '../../core/adapter/simulator.ts'
import { openBooks, sumOfEffects } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { follow, pay, reviewRefunds, settle, signed } from './simulator/books.ts'
import { holder, pages } from './simulator/pages.ts'
import { commands } from './simulator/schema.ts'
import { type Account, countryOf, hundredths, type Json, type Order, Refusal, type World } from './simulator/world.ts'

export interface PayuSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
  /** The account's digest of confirmations. */
  digest?: 'md5' | 'sha1' | 'sha256'
  /** Whether an order shows a refund that is under review (true), or only once it is decided. Nobody wrote it down. */
  showsRefunds?: boolean
}

export interface PayuSimulator extends Simulator {
  /** The cash is handed over, the transfer arrives, the payer agrees in the app or at the bank. */
  pay: (order: string) => void
  expire: (order: string) => void
  decline: (order: string) => void
  /** PayU has reviewed the refunds that wait. */
  reviewRefunds: (order: string, approved: boolean) => void
  /** The payer's bank takes the money back. */
  chargeBack: (order: string) => void
  /** A payer pays on the page that this URL opens. */
  payPage: (url: string, outcome?: string) => Promise<void>
  /** Where confirmations go that no order names: the account's own setting. */
  confirmAt: (url: string | undefined) => void
  orders: () => readonly Order[]
  requests: () => readonly { path: string, body: string }[]
}

/** A twin of PayU Latam's command API on loopback, written from facts/payments.md section 4. */
export async function startPayuSimulator ({ port, now = () => new Date(), seed, stateFile, digest = 'md5', showsRefunds = true }: PayuSimulatorOptions = {}): Promise<PayuSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ apiLogin }) => apiLogin })
  const { digest: random } = books
  const deliveries = createDeliveries()
  const requests: { path: string, body: string }[] = []
  const digits = (count: number) => BigInt(`0x${random()}`).toString().slice(-count).padStart(count, '7')
  const world: World = {
    accounts: books.accounts,
    now: () => now().getTime(),
    url: () => server.url,
    uuid: () => random().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
    digits,
    // No two orders of one twin have the same number.
    orderId: () => 1_400_000_000 + books.serial(),
    confirmationUrl: undefined,
    digest,
    showsRefunds,
    deliveries,
    changed: books.changed
  }
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  const json = (body: Json): SimulatedAnswer => ({ status: 200, headers: { 'content-type': 'application/json;charset=UTF-8' }, body: JSON.stringify(body) })
  const failed = (error: string): SimulatedAnswer => json({ code: 'ERROR', error, transactionResponse: null })

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const page = pages(world, request)
    if (page !== undefined) {
      world.changed()
      return page
    }
    const api = /^\/(payments|reports)-api\/4\.0\/service\.cgi$/.exec(request.url.pathname)?.[1] as 'payments' | 'reports' | undefined
    if (api === undefined || request.method !== 'POST') return { status: 404, body: 'Not found' }
    requests.push({ path: request.url.pathname, body: request.body })
    let body: Json
    try {
      body = JSON.parse(request.body) as Json
    } catch {
      return failed('Invalid request format')
    }
    const account = world.accounts.get(String(body.merchant?.apiLogin))
    if (account === undefined || account.apiKey !== body.merchant?.apiKey) return failed('Invalid credentials')
    const schema = commands[api][String(body.command)]
    if (schema === undefined || !Value.Check(schema, body)) return failed(`Invalid request format${schema === undefined ? '' : `: ${[...Value.Errors(schema, body)].map(error => error.instancePath).join(' ')}`}`)
    try {
      const answered = json({ code: 'SUCCESS', error: null, ...run(account, body) })
      world.changed()
      return answered
    } catch (error) {
      if (error instanceof Refusal) return failed(error.message)
      throw error
    }
  }

  function run (account: Account, body: Json): Json {
    switch (body.command) {
      case 'PING': return { transactionResponse: null }
      case 'SUBMIT_TRANSACTION': return { transactionResponse: 'parentTransactionId' in body.transaction ? follow(world, account, body.transaction) : pay(world, account, body.transaction) }
      case 'CREATE_TOKEN': return createToken(account, body.creditCardToken)
      case 'GET_TOKENS': return { creditCardTokenList: tokensOf(account, body.creditCardTokenInformation.creditCardTokenId) }
      case 'ORDER_DETAIL': return { result: payload(account.orders.filter(({ id }) => id === body.details.orderId)[0]) }
      case 'ORDER_DETAIL_BY_REFERENCE_CODE': {
        const found = account.orders.filter(({ referenceCode }) => referenceCode === body.details.referenceCode)
        return { result: payload(found.length === 0 ? undefined : found) }
      }
      case 'TRANSACTION_RESPONSE_DETAIL': return { result: payload(account.orders.flatMap(({ transactions }) => transactions).find(({ id }) => id === body.details.transactionId)?.transactionResponse) }
      default: throw new Refusal('Invalid request format')
    }
  }

  const payload = (found: Order | Order[] | Json | undefined): Json | null => found === undefined ? null : { payload: JSON.parse(JSON.stringify(found), (name, value: unknown) => name === 'transactions' ? (value as Json[]).filter(({ hidden }) => hidden !== true) : value) as Json }

  function createToken (account: Account, { name, paymentMethod, number, payerId, identificationNumber }: Json): Json {
    const id = world.uuid()
    account.tokens[id] = { brand: paymentMethod, name, last4: String(number).slice(-4) }
    return { creditCardToken: { creditCardTokenId: id, name, payerId, identificationNumber: identificationNumber ?? null, paymentMethod, number: null, expirationDate: null, maskedNumber: `${String(number).slice(0, 6)}******${String(number).slice(-4)}` } }
  }

  const tokensOf = (account: Account, asked: string | undefined): Json[] => {
    const kept = Object.entries(account.tokens).map(([creditCardTokenId, { brand, last4 }]) => ({ creditCardTokenId, paymentMethod: brand, maskedNumber: `411111******${last4}` }))
    const brand = /^sim-([A-Z]+)-[A-Z_]+$/.exec(asked ?? '')?.[1]
    return [...kept, ...brand === undefined ? [] : [{ creditCardTokenId: asked!, paymentMethod: brand, maskedNumber: '411111******1111' }]].filter(({ creditCardTokenId }) => asked === undefined || creditCardTokenId === asked)
  }

  function credentials (): Record<string, string> {
    const account: Account = {
      merchantId: `5${digits(6)}`, apiLogin: `a${random().slice(0, 15)}`, apiKey: `k${random().slice(0, 25)}`, accounts: Object.fromEntries(Object.keys(countryOf).map(country => [country, `6${digits(5)}`])),
      orders: [], confirmations: [], tokens: {}, ledger: {}
    }
    world.accounts.set(account.apiLogin, account)
    world.changed()
    return { merchant_id: account.merchantId, api_login: account.apiLogin, api_key: account.apiKey, ...Object.fromEntries(Object.entries(account.accounts).map(([country, id]) => [`account_id_${country.toLowerCase()}`, id])) }
  }

  const everywhere = (): { account: Account, order: Order }[] => [...world.accounts.values()].flatMap(account => account.orders.map(order => ({ account, order })))
  const under = (reference: string) => everywhere().filter(({ order }) => order.referenceCode === reference)
  const at = (order: string): [Account, Order] => {
    const found = holder(world, Number(order))
    if (found === undefined) throw new Error(`there is no order ${order}`)
    world.changed()
    return found
  }

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    credentials,
    wrongCredentials: () => ({ ...credentials(), api_key: `w${random().slice(0, 25)}` }),
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects: reference => sumOfEffects(under(reference).map(({ account, order }) => account.ledger[order.id]!)),
    charged (reference): Money | undefined {
      const value = under(reference)[0]?.order.additionalValues.TX_VALUE
      if (value === undefined) return undefined
      const cents = hundredths(value.value)
      return { amount: value.currency === 'CLP' ? cents / 100 : cents, currency: value.currency }
    },
    signedWebhook ({ secret }) {
      const newest = [...world.accounts.values()].flatMap(({ confirmations }) => confirmations).toSorted((a, b) => Number(a.reference_pol) - Number(b.reference_pol)).at(-1)
      if (newest === undefined) throw new Error('nothing has come to an end yet')
      const { headers, body } = signed(newest, secret, digest)
      return { headers, body: Buffer.from(body) }
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    pay: order => { settle(world, ...at(order), 'APPROVED') },
    expire: order => { settle(world, ...at(order), 'EXPIRED') },
    decline: order => { settle(world, ...at(order), 'DECLINED') },
    reviewRefunds: (order, approved) => { reviewRefunds(at(order)[1], approved) },
    chargeBack: order => { at(order)[1].status = 'CHARGEBACK' },
    async payPage (url, outcome = 'APPROVED') {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `outcome=${outcome}`, redirect: 'manual' })
      if (answer.status !== 303) throw new Error(`the page answers ${answer.status}`)
    },
    confirmAt: url => { world.confirmationUrl = url },
    orders: () => everywhere().map(({ order }) => order),
    requests: () => requests
  }
}
