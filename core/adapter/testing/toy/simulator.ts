import { randomBytes } from 'node:crypto'
import { type Collected, createDeliveries, type Effects, type Money, type SimulatedAnswer, type SimulatedRequest, type Simulator, serveSimulator } from '../../index.ts'
import { type Account, type Books, json, listed, move, newAccount, openPayment, problem, settle, tryPayment } from './books.ts'
import { advance, moreRoutes, openDispute, payPage } from './more-routes.ts'
import { signatureOf } from './webhooks.ts'
import type { WirePayment, WireRefund } from './wire.ts'

/** The toy's other side: what payers and banks do there. */
export interface ToySimulator extends Simulator {
  /** At the bank's page: of a payment, or of a method that is to be kept. */
  pay: (id: string) => void
  /** So much arrives, in the wire's units; all of it when absent. */
  send: (payment: string, amount?: number) => void
  /** Nobody paid the voucher. */
  expire: (payment: string) => void
  /** A payer pays a page; gives the payment. */
  payPage: (id: string, typed?: Collected) => string
  advance: (apiKey: string, to: Date) => void
  dispute: (payment: string) => string
  /** How many objects carry this reference. */
  made: (reference: string) => number
}

/** The provider's side. It knows nothing of the adapter but the wire. */
export async function startToySimulator ({ extraStatus }: { extraStatus?: string } = {}): Promise<ToySimulator> {
  let serial = 0
  const accounts = new Map<string, Account>()
  const effects = new Map<string, Effects>()
  const events: { id: string, type: string, data: WirePayment }[] = []
  const deliveries = createDeliveries()
  const books: Books = {
    url: () => server.url,
    id: prefix => `${prefix}_${(++serial).toString(36).padStart(6, '0')}x${randomBytes(4).toString('hex')}`,
    asked: new Map<string, Money>(),
    effectsOf (reference) {
      const found = effects.get(reference) ?? { charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 }
      effects.set(reference, found)
      return found
    },
    tell (account, payment) {
      if (extraStatus !== undefined && payment.status === 'paid') payment.status = extraStatus
      const event = { id: books.id('evt'), type: 'payment.changed', data: { ...payment, client_secret: '' } }
      events.push(event)
      for (const { url, secret } of account.hooks) deliveries.send(() => ({ url, ...signed(event, secret, new Date()) }))
    }
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
    const more = moreRoutes[kind]
    if (more !== undefined) return more(books, account, { method, named: decodeURIComponent(named), verb, input, query: url.searchParams })
    if (kind === 'account') return json(200, { id: account.id })
    if (kind === 'moves') return listed(account.moves, url.searchParams)
    if (kind === 'hooks' && method === 'POST') {
      const hook = { id: books.id('hk'), url: input['url'] as string, secret: `hook_${randomBytes(16).toString('hex')}` }
      account.hooks.push(hook)
      return json(200, hook)
    }
    if (kind === 'hooks') {
      account.hooks = account.hooks.filter(hook => hook.id !== named)
      return json(200, {})
    }
    if (kind === 'refunds') {
      if (named === '') return listed(account.refunds, url.searchParams)
      const refund = account.refunds.find(refund => refund.id === named)
      return refund === undefined ? problem(404, 'gone', 'no such refund') : json(200, refund)
    }
    if (named === '' && method === 'GET') return listed(account.payments, url.searchParams)
    if (named === '') {
      const opened = openPayment(books, account, input)
      return 'id' in opened ? json(200, opened) : opened
    }
    const payment = account.payments.find(payment => payment.id === named)
    return payment === undefined ? problem(404, 'gone', 'no such payment') : verb === '' ? json(200, payment) : act2(account, payment, verb, input)
  }

  function act2 (account: Account, payment: WirePayment, verb: string, input: Record<string, any>): SimulatedAnswer {
    const told = books.effectsOf(payment.reference)
    if (verb === 'confirm') {
      if (payment.status !== 'declined' && payment.status !== 'open') return problem(409, 'wrong_state', payment.status)
      tryPayment(books, account, payment, input)
      return json(200, payment)
    }
    if (verb === 'capture') {
      if (payment.status !== 'held') return problem(409, 'wrong_state', payment.status)
      if (input['amount'] > payment.amount) return problem(422, 'too_much', 'more than is held')
      Object.assign(payment, { status: 'paid', captured: input['amount'] ?? payment.amount })
      move(books, account, 'payment', payment, payment.captured, payment.reference)
      told.captures++
    }
    if (verb === 'cancel') {
      if (payment.status === 'paid' || payment.status === 'canceled') return problem(409, 'wrong_state', payment.status)
      payment.status = 'canceled'
      told.cancellations++
    }
    if (verb === 'refunds') {
      if (payment.slip !== undefined) return problem(422, 'cash_stays', 'cash does not go back')
      if (payment.status !== 'paid' || payment.refunded + input['amount'] > payment.captured) return problem(422, 'too_much', 'more than is left')
      const refund: WireRefund = { id: books.id('rf'), payment: payment.id, amount: input['amount'], currency: payment.currency, reference: input['reference'], created: Date.now() }
      payment.refunded += refund.amount
      account.refunds.push(refund)
      move(books, account, 'refund', payment, -refund.amount, refund.reference)
      told.refunds++
      return json(200, refund)
    }
    books.tell(account, payment)
    return json(200, payment)
  }

  function found (id: string): { account: Account, payment: WirePayment } {
    for (const account of accounts.values()) {
      const payment = account.payments.find(payment => payment.id === id)
      if (payment !== undefined) return { account, payment }
    }
    throw new Error(`no payment ${id}`)
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
      accounts.set(`toy_${mode}_${name}`, newAccount(`acct_${name}`))
      return { api_key: `toy_${mode}_${name}`, shop: `shop_${mode}_${name}`, webhook_secret: `hook_${randomBytes(16).toString('hex')}` }
    },
    wrongCredentials: mode => ({ api_key: `toy_${mode}_0000000000000000`, shop: `shop_${mode}_0000000000000000` }),
    effects: reference => ({ ...books.effectsOf(reference) }),
    charged: reference => books.asked.get(reference),
    signedWebhook ({ secret, now }) {
      const event = events.at(-1)
      if (event === undefined) throw new Error('nothing has happened yet')
      return signed(event, secret, now)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    pay (id) {
      for (const { methods } of accounts.values()) {
        const method = methods.find(method => method.id === id)
        if (method !== undefined) {
          method.state = 'kept'
          delete method.ask_url
          return
        }
      }
      const { account, payment } = found(id)
      tryPayment(books, account, payment, { token: 'tok_ok' })
    },
    send (id, amount) {
      const { account, payment } = found(id)
      payment.received += amount ?? payment.amount
      if (payment.account !== undefined) payment.account.missing = payment.amount - payment.received
      if (payment.received >= payment.amount) settle(books, account, payment, false)
      books.tell(account, payment)
    },
    expire (id) {
      const { account, payment } = found(id)
      payment.status = 'too_late'
      books.tell(account, payment)
    },
    payPage (id, typed) {
      for (const account of accounts.values()) {
        const page = account.pages.find(page => page.id === id)
        if (page !== undefined) return payPage(books, account, page, page.reference.startsWith('lnk_'), typed)
      }
      throw new Error(`no page ${id}`)
    },
    advance: (apiKey, to) => { advance(books, accounts.get(apiKey)!, to) },
    dispute (id) {
      const { account, payment } = found(id)
      return openDispute(books, account, payment)
    },
    made: reference => [...accounts.values()].reduce((sum, { pages, customers, plans, subscriptions }) => sum + [pages, customers, plans, subscriptions].flat().filter(each => each.reference === reference).length, 0)
  }
}

function signed (event: object, secret: string, now: Date): { headers: Record<string, string>, body: Uint8Array } {
  const body = Buffer.from(JSON.stringify(event, null, 1))
  const time = String(Math.floor(now.getTime() / 1000))
  return { headers: { 'content-type': 'application/json', 'toy-signature': `t=${time},s=${signatureOf(secret, time, body).toString('hex')}` }, body }
}
