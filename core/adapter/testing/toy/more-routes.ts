import type { Collected, SimulatedAnswer } from '../../index.ts'
import { type Account, type Books, type Input, json, keep, listed, openPayment, problem } from './books.ts'
import { dayMs, monthMs, type WireCustomer, type WireDispute, type WirePayment, type WirePeriod, type WirePlan, type WireSubscription } from './wire.ts'

interface Asked { method: string, named: string, verb: string, input: Input, query: URLSearchParams }

/** Pages, customers, plans, subscriptions and disputes. */
export const moreRoutes: Record<string, (books: Books, account: Account, asked: Asked) => SimulatedAnswer> = {
  sessions: pages,
  links: pages,
  pages,

  customers (books, account, { method, named, verb, input, query }) {
    if (named === '' && method === 'GET') return listed(account.customers, query)
    if (named === '') {
      const made: WireCustomer = { id: books.id('cu'), name: input['name'], email: input['email'], reference: input['reference'] }
      account.customers.push(made)
      return json(200, made)
    }
    const customer = account.customers.find(({ id }) => id === named)
    if (customer === undefined) return problem(404, 'gone', 'no such customer')
    if (verb === 'methods') return method === 'GET' ? json(200, { data: account.methods.filter(each => each.customer === named) }) : json(200, keep(books, account, named, input['token']))
    if (method === 'DELETE') account.customers = account.customers.filter(each => each !== customer)
    else Object.assign(customer, input)
    return json(200, customer)
  },

  methods (_books, account, { method, named }) {
    if (named === '') return json(200, { data: account.methods })
    const found = account.methods.find(({ id }) => id === named)
    if (found === undefined) return problem(404, 'gone', 'no such method')
    if (method === 'DELETE') account.methods = account.methods.filter(each => each !== found)
    return json(200, found)
  },

  plans (books, account, { method, input, query }) {
    if (method === 'GET') return listed(account.plans, query)
    const plan = { id: books.id('pl'), ...input } as unknown as WirePlan
    account.plans.push(plan)
    return json(200, plan)
  },

  subscriptions (books, account, { method, named, verb, input, query }) {
    if (named === '' && method === 'GET') return listed(account.subscriptions, query)
    if (named === '') return subscribe(books, account, input)
    const found = named === 'any' ? account.subscriptions[0] : account.subscriptions.find(({ id }) => id === named)
    if (found === undefined) return problem(404, 'gone', 'no such subscription')
    const plan = account.plans.find(({ id }) => id === found.plan)!
    if (verb === 'periods') return json(200, { data: account.periods.filter(({ subscription }) => subscription === found.id) })
    if (verb === 'preview' || verb === 'preview_and_bill') {
      const extra = (input['quantity'] - found.quantity) * plan.amount
      if (verb === 'preview_and_bill') bill(books, account, found, extra)
      return json(200, { due: extra + input['quantity'] * plan.amount, currency: plan.currency, lines: [{ text: 'rest of the month', amount: extra, extra: true }, { text: 'next month', amount: input['quantity'] * plan.amount, extra: false }] })
    }
    if (verb === 'cancel' && found.state === 'canceled') return problem(409, 'wrong_state', 'it is canceled')
    if (verb === 'cancel') Object.assign(found, { state: 'canceled', canceled: Date.now() })
    if (verb === 'end') found.ends_with_period = true
    if (verb === 'pause') found.state = 'paused'
    if (verb === 'resume') found.state = 'active'
    if (verb === 'change') {
      if (input['now'] === true) bill(books, account, found, (input['quantity'] - found.quantity) * plan.amount)
      found.quantity = input['quantity'] ?? found.quantity
    }
    return json(200, verb === 'pretend_end' ? { ...found, ends_with_period: true } : found)
  },

  disputes (_books, account, { named, verb, input, query }) {
    if (named === '') return listed(account.disputes, query.has('from') ? query : new URLSearchParams())
    const dispute = account.disputes.find(({ id }) => id === named)
    if (dispute === undefined) return problem(404, 'gone', 'no such dispute')
    if (verb === 'evidence') dispute.state = input['send'] === true ? 'sent' : dispute.state
    if (verb === 'give_up') dispute.state = 'given_up'
    return json(200, dispute)
  }
}

function pages (books: Books, account: Account, { method, named, verb, input, query }: Asked): SimulatedAnswer {
  const payment = query.get('payment')
  if (named === '' && method === 'GET') return payment === null ? listed(account.pages, query) : json(200, { data: [...account.pages, ...account.visits].filter(page => page.payment === payment) })
  if (named === '') {
    const { amount, currency, reference, lines, nameless, asks } = input
    const sum = (lines as { quantity: number, price: number }[] | undefined)?.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
    if (sum !== undefined && sum !== amount) return problem(422, 'wrong_lines', 'lines and amount differ')
    const id = books.id('pg')
    const page = { id, kind: 'session' as const, state: 'open' as const, url: `${books.url()}/page/${id}`, amount, currency, reference, nameless: nameless === true, asks: asks === true }
    account.pages.push(page)
    return json(200, page)
  }
  const page = account.pages.find(({ id }) => id === named)
  if (page === undefined) return problem(404, 'gone', 'no such page')
  if (verb === 'end' && page.state === 'paid') return problem(409, 'wrong_state', 'it is paid')
  if (verb === 'end') page.state = 'ended'
  return json(200, page)
}

/** What a payer does there; of a link any number may. */
export function payPage (books: Books, account: Account, page: Account['pages'][number], many: boolean, typed: Collected = {}): string {
  const payment = openPayment(books, account, { amount: page.amount, currency: page.currency, reference: page.nameless ? 'somebody' : page.reference, token: 'tok_ok' }) as WirePayment
  const paid = { state: 'paid' as const, payment: payment.id, ...page.asks && { typed } }
  if (many) account.visits.push({ ...page, ...paid, id: books.id('pg') })
  else Object.assign(page, paid)
  return payment.id
}

function subscribe (books: Books, account: Account, { customer, plan: planId, method, quantity, trial_days: trial, reference, nameless, any_method: lend }: Input): SimulatedAnswer {
  const saved = account.methods.find(({ id }) => id === method)
  if (method !== undefined && (saved === undefined || (saved.customer !== customer && lend !== true))) return problem(422, 'not_theirs', 'not a method of this customer')
  const start = Date.now()
  const made: Account['subscriptions'][number] = {
    id: books.id('su'), customer, plan: planId, method, quantity, state: 'active', start, end: start + monthMs, ends_with_period: false, reference, nameless: nameless === true
  }
  account.subscriptions.push(made)
  if (trial !== undefined) Object.assign(made, { state: 'trial', trial_end: start + trial * dayMs, end: start + trial * dayMs })
  else if (method === undefined) Object.assign(made, { state: 'incomplete', pay_url: `${books.url()}/pay/${made.id}` })
  else if (!bill(books, account, made).paid) Object.assign(made, { state: 'incomplete', error: 'no_funds' })
  return json(200, made)
}

function bill (books: Books, account: Account, subscription: Account['subscriptions'][number], amount?: number): { paid: boolean } {
  const plan = account.plans.find(({ id }) => id === subscription.plan)!
  const claim = amount ?? subscription.quantity * plan.amount
  const saved = account.methods.find(({ id }) => id === subscription.method)
  const payment = openPayment(books, account, { amount: claim, currency: plan.currency, reference: subscription.nameless ? 'somebody' : subscription.reference, token: saved?.token }) as WirePayment
  const paid = payment.status === 'paid'
  const period: WirePeriod = { id: books.id('pe'), subscription: subscription.id, state: paid ? 'paid' : 'open', amount: claim, currency: plan.currency, start: subscription.start, end: subscription.end, payment: payment.id, tries: 1 }
  account.periods.push(period)
  return { paid }
}

/** The time of one account passes: periods end, and the next ones are billed. */
export function advance (books: Books, account: Account, to: Date): void {
  for (const subscription of account.subscriptions) {
    while (subscription.state === 'active' && subscription.end < to.getTime()) {
      if (subscription.ends_with_period) Object.assign(subscription, { state: 'canceled', canceled: subscription.end } satisfies Partial<WireSubscription>)
      else {
        Object.assign(subscription, { start: subscription.end, end: subscription.end + monthMs })
        bill(books, account, subscription)
      }
    }
  }
}

export function openDispute (books: Books, account: Account, payment: WirePayment): string {
  const dispute: WireDispute = { id: books.id('di'), payment: payment.id, state: 'open', why: 'fraudulent', amount: payment.amount, currency: payment.currency, until: Date.now() + 7 * dayMs, draft: false, created: Date.now() }
  account.disputes.push(dispute)
  payment.disputed = true
  return dispute.id
}
