import { Value } from 'typebox/value'
import type { Money } from '../../core/adapter/money.ts'
import type { Effects, Simulator } from '../../core/adapter/simulator.ts'
import { openBooks, sumOfEffects } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, routeOf, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { advance, due, keptOf } from './simulator/billing.ts'
import { minor, settle, signedWith } from './simulator/books.ts'
import { type Call, routes } from './simulator/routes.ts'
import { schemas } from './simulator/schema.ts'
import { type Account, badBody, type Json, Refusal, type Row, type World } from './simulator/world.ts'

export interface KushkiSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
  /** Hours by which the dates of the list are off UTC: Kushki does not say of which zone they are. */
  zoneHours?: number
  /** Tickets in which no time can be read. */
  opaqueTickets?: boolean
}

export interface KushkiSimulator extends Simulator {
  /** Cash was paid, a transfer came; or not. By the ticket or the token. */
  settle: (name: string, status?: 'approvedTransaction' | 'declinedTransaction' | 'expiredTransaction') => void
  /** Schedules charge what is due by then. */
  advance: (privateId: string, to: Date) => void
  /** From now on its card is this one (`failing`, `approved`): as if the bank had blocked it, or the payer paid the bank. */
  turn: (privateId: string, subscription: string, card: string) => void
  /** Kushki tries the last period again. */
  retry: (privateId: string, subscription: string) => void
  /** As if the tenant had entered it in the console: all of the account's webhooks go there. */
  sendEventsTo: (publicId: string, url: string) => void
  /** From now on what is new is not in the list yet; `true`: now it is. */
  index: (shown: boolean) => void
  /** How many kept cards carry this reference of a subscription. */
  made: (reference: string) => number
  rows: () => readonly Row[]
  cards: () => readonly Json[]
  requests: () => readonly { method: string, path: string, headers: Record<string, string>, body: string }[]
}

/** A twin of Kushki's API on loopback, written from facts/payments.md section 6: our reading, for there is no official specification (simulator/schema.ts). */
export async function startKushkiSimulator ({ port, now = () => new Date(), seed, stateFile, zoneHours = 0, opaqueTickets = false }: KushkiSimulatorOptions = {}): Promise<KushkiSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ privateId }) => privateId })
  const { digest, everywhere, serial } = books
  const deliveries = createDeliveries()
  const requests: { method: string, path: string, headers: Record<string, string>, body: string }[] = []
  const hidden = new Set<string>()
  let indexed = true
  const world: World = {
    accounts: books.accounts,
    now,
    url: () => server.url,
    serial,
    hex: length => digest().slice(0, length),
    // Eighteen digits: the time, and a number. Or none that could be a time.
    ticket: () => {
      const ticket = opaqueTickets ? `9${String(serial()).padStart(17, '9')}` : `${now().getTime()}${String(serial() % 100_000).padStart(5, '0')}`
      if (!indexed) hidden.add(ticket)
      return ticket
    },
    deliveries,
    changed: books.changed
  }
  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function accountOf (headers: Record<string, string>, key: 'public' | 'private'): Account {
    const given = headers[`${key}-merchant-id`]
    const account = [...world.accounts.values()].find(({ publicId, privateId }) => given !== undefined && given === (key === 'public' ? publicId : privateId))
    if (account === undefined) throw gatewayRefusal('User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action')
    return account
  }

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    requests.push({ method, path: url.pathname + url.search, headers, body })
    const told = (status: number, answer: Json | Json[]): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) })
    try {
      const found = routeOf(routes, method, url.pathname)
      if (found === undefined) throw gatewayRefusal('Missing Authentication Token')
      const { route, id } = found
      const account = accountOf(headers, route.key)
      const asked = body === '' ? {} : parsed(body)
      if (route.takes !== undefined && !Value.Check(schemas[route.takes], asked)) {
        const [error] = [...Value.Errors(schemas[route.takes], asked)]
        throw badBody(`${error?.instancePath ?? ''} ${error?.message ?? ''}`)
      }
      const call: Call = { world, account, id, body: asked, query: url.searchParams, zoneMs: zoneHours * 3_600_000, hidden }
      return told(route.status, route.run(call))
    } catch (error) {
      if (error instanceof Refusal) return told(error.status, error.body)
      throw error
    }
  }

  /** What a reference of ours brought about: read among the values of the metadata, so that the books need not know our marks. */
  const under = (reference: string) => everywhere(account => {
    const sales = account.rows.filter(row => row.transaction_type !== 'CAPTURE' && Object.values(row.metadata ?? {}).includes(reference))
    return sales.map(sale => ({ sale, about: account.rows.filter(row => row.sale_ticket_number === sale.ticket_number || account.rows.some(capture => capture.sale_ticket_number === sale.ticket_number && capture.ticket_number === row.sale_ticket_number)) }))
  })
  const opened = (mode: 'test' | 'live'): Account => {
    const account: Account = { publicId: digest().slice(0, 32), privateId: digest().slice(0, 32), secret: digest().slice(0, 40), merchant: `20000000${String(serial()).padStart(12, '0')}`, mode, rows: [], tokens: {}, cards: [], cash: {}, transfers: {}, told: [] }
    world.accounts.set(account.privateId, account)
    world.changed()
    return account
  }

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    credentials (mode) {
      const { publicId, privateId, secret } = opened(mode)
      return { public_merchant_id: publicId, private_merchant_id: privateId, webhook_secret: secret }
    },
    wrongCredentials: () => ({ public_merchant_id: digest().slice(0, 32), private_merchant_id: digest().slice(0, 32), webhook_secret: digest().slice(0, 40) }),
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects (reference): Effects {
      return sumOfEffects(under(reference).map(({ sale, about }) => {
        const done = (...types: string[]) => about.filter(row => types.includes(row.transaction_type) && row.transaction_status === 'APPROVAL').length
        const isHold = sale.transaction_type === 'PREAUTHORIZATION'
        const letGo = isHold ? about.filter(row => row.transaction_type === 'VOID' && row.sale_ticket_number === sale.ticket_number).length : 0
        return { charges: sale.transaction_status === 'APPROVAL' ? 1 : 0, captures: done('CAPTURE'), refunds: done('VOID', 'REFUND') - letGo, cancellations: letGo }
      }))
    },
    charged (reference): Money | undefined {
      const [found] = under(reference)
      return found && { amount: minor(found.sale.request_amount, found.sale.currency_code), currency: found.sale.currency_code }
    },
    signedWebhook ({ secret, now, type }) {
      const newest = [...world.accounts.values()].flatMap(account => account.told.map(told => ({ account, ...told }))).filter(({ body }) => type === undefined || (body.name ?? body.transaction_type ?? body.status) === type).toSorted((a, b) => a.at - b.at).at(-1)
      if (newest === undefined) throw new Error('nothing has happened yet: there is no event to deliver')
      return signedWith(newest.body, newest.account, secret, now)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    settle (name, status = 'approvedTransaction') {
      for (const account of world.accounts.values()) {
        const state = account.transfers[name] ?? Object.values(account.cash).find(({ ticketNumber }) => ticketNumber === name)
        if (state !== undefined) return settle(world, account, state, status)
      }
      throw new Error(`there is no ${name}`)
    },
    advance: (privateId, to) => { advance(world, world.accounts.get(privateId)!, to) },
    turn: (privateId, subscription, card) => { keptOf(world.accounts.get(privateId)!, subscription).card = card },
    retry: (privateId, subscription) => {
      const account = world.accounts.get(privateId)!
      due(world, account, keptOf(account, subscription))
    },
    sendEventsTo (publicId, url) {
      const account = [...world.accounts.values()].find(account => account.publicId === publicId)
      if (account === undefined) throw new Error(`nobody has the id ${publicId}`)
      account.hookUrl = url
    },
    index (shown) {
      indexed = shown
      if (shown) hidden.clear()
    },
    made: reference => everywhere(({ cards }) => cards.filter(({ shown }) => Object.values(shown.metadata as Json).includes(reference))).length,
    rows: () => everywhere(({ rows }) => rows),
    cards: () => everywhere(({ cards }) => cards.map(({ shown }) => shown)),
    requests: () => requests
  }
}

const gatewayRefusal = (message: string): Refusal => {
  const refusal = new Refusal(403, '', message)
  delete refusal.body.code
  return refusal
}

function parsed (body: string): Json {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch {}
  throw badBody('no JSON')
}
