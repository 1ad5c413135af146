import type { Money } from '../../core/adapter/money.ts'
import type { Effects, Simulator } from '../../core/adapter/simulator.ts'
import { openBooks } from '../../core/adapter/simulator-books.ts'
import { closeInOrder, createDeliveries, routeOf, serveSimulator, type SimulatedAnswer, type SimulatedRequest } from '../../core/adapter/simulator-server.ts'
import { settle, signedWith } from './simulator/books.ts'
import { pages, payPage } from './simulator/pages.ts'
import { routes } from './simulator/routes.ts'
import { type Account, type Json, notFound, Refusal, type Says, type Transaction, type World } from './simulator/world.ts'

export interface WompiSimulatorOptions {
  port?: number
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Keeps the books between starts. */
  stateFile?: string
}

export interface WompiSimulator extends Simulator {
  /** The payer acts, or the method's bank answers: as the sandbox's data say, unless told. */
  settle: (transaction: string, says?: Says) => void
  /** A payer pays a signed page or a link; gives the transaction. */
  payPage: (address: string, card?: string) => string
  /** As if the tenant had pasted it into the panel: all of the account's events go there. */
  sendEventsTo: (publicKey: string, url: string) => void
  /** The owner of a Nequi account agrees. */
  agree: (source: string) => void
  /** How many links carry this reference. */
  made: (reference: string) => number
  transactions: () => readonly Transaction[]
  requests: () => readonly { method: string, path: string, body: string }[]
}

/** A twin of Wompi's API on loopback, written from facts/payments.md section 7 and copies of its guides: our reading, for there is no official specification. */
export async function startWompiSimulator ({ port, now = () => new Date(), seed, stateFile }: WompiSimulatorOptions = {}): Promise<WompiSimulator> {
  const books = openBooks<Account>({ seed, stateFile, keyOf: ({ publicKey }) => publicKey })
  const { digest, everywhere, serial } = books
  const deliveries = createDeliveries()
  const requests: { method: string, path: string, body: string }[] = []
  const world: World = {
    accounts: books.accounts,
    now,
    url: () => server.url,
    serial,
    hex: length => digest().slice(0, length),
    deliveries,
    changed: books.changed
  }

  const server = await serveSimulator(answer, port === undefined ? {} : { port })

  function accountOf (authorization: string | undefined): { account: Account, isPrivate: boolean } {
    const key = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
    const account = [...world.accounts.values()].find(({ publicKey, privateKey }) => key === publicKey || key === privateKey)
    if (account === undefined) throw new Refusal(401, 'INVALID_ACCESS_TOKEN', 'La llave no es válida')
    return { account, isPrivate: key === account.privateKey }
  }

  function answer (request: SimulatedRequest): SimulatedAnswer {
    const { method, url, headers, body } = request
    const page = pages(world, request)
    if (page !== undefined) return page
    requests.push({ method, path: url.pathname + url.search, body })
    const told = (status: number, answer: Json): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(answer) })
    try {
      const { account, isPrivate } = accountOf(headers.authorization)
      const found = routeOf(routes, method, url.pathname)
      if (found === undefined) throw notFound()
      const { route, id } = found
      if (route.key !== 'either' && (route.key === 'private') !== isPrivate) throw new Refusal(401, 'INVALID_ACCESS_TOKEN', `Se requiere la llave ${route.key === 'private' ? 'privada' : 'pública'}`)
      const data = route.run({ world, account, isPrivate, id, body: body === '' ? {} : parsed(body), query: url.searchParams })
      return told(route.status, { data, meta: {} })
    } catch (error) {
      if (error instanceof Refusal) return told(error.status, error.body)
      throw error
    }
  }

  const holder = (id: string): [Account, Transaction] => {
    for (const account of world.accounts.values()) {
      const transaction = account.transactions.find(transaction => transaction.id === id)
      if (transaction !== undefined) return [account, transaction]
    }
    throw new Error(`there is no transaction ${id}`)
  }
  /** Under a reference of ours: its attempts, the tries of its page, the payers of its link. */
  const under = (reference: string) => everywhere(account => account.transactions.filter(transaction => transaction.reference === reference || transaction.reference.startsWith(`${reference}-`) ||
    account.links.some(({ id, sku }) => sku === reference && id === transaction.payment_link_id)).map(transaction => ({ transaction, ledger: account.ledger[transaction.id]! })))
  const opened = (mode: 'test' | 'live'): Account => {
    const word = mode === 'live' ? 'prod' : 'test'
    const account: Account = {
      id: 10_000 + serial(), mode: word, publicKey: `pub_${word}_${digest().slice(0, 32)}`, privateKey: `prv_${word}_${digest().slice(0, 32)}`, integrity: `${word}_integrity_${digest().slice(0, 32)}`, events: `${word}_events_${digest().slice(0, 32)}`,
      transactions: [], links: [], sources: [], tokens: {}, ledger: {}, told: [], acceptances: []
    }
    world.accounts.set(account.publicKey, account)
    world.changed()
    return account
  }

  return {
    url: server.url,
    close: closeInOrder(deliveries, books, server),
    credentials (mode) {
      const { publicKey, privateKey, integrity, events } = opened(mode)
      return { public_key: publicKey, private_key: privateKey, integrity_secret: integrity, events_secret: events }
    },
    wrongCredentials (mode) {
      const word = mode === 'live' ? 'prod' : 'test'
      const any = () => `invalid${digest().slice(0, 25)}`
      return { public_key: `pub_${word}_${any()}`, private_key: `prv_${word}_${any()}`, integrity_secret: `${word}_integrity_${any()}`, events_secret: `${word}_events_${any()}` }
    },
    inject: server.inject,
    clearFaults: server.clearFaults,
    effects (reference): Effects {
      const all = under(reference)
      return { charges: all.reduce((sum, { ledger }) => sum + ledger.charges, 0), captures: 0, refunds: all.reduce((sum, { ledger }) => sum + ledger.voids, 0), cancellations: 0, stamps: 0 }
    },
    charged (reference): Money | undefined {
      const [found] = under(reference)
      return found && { amount: found.transaction.amount_in_cents, currency: found.transaction.currency }
    },
    signedWebhook ({ secret, type }) {
      // Maps keep their order, and clocks may stand still: the newest is the last of its account.
      const event = everywhere(({ told }) => told).filter(event => type === undefined || event.event === type).toSorted((a, b) => a.sent_at.localeCompare(b.sent_at)).at(-1)
      if (event === undefined) throw new Error('nothing has happened yet: there is no event to deliver')
      return signedWith(event, secret)
    },
    deliver: deliveries.deliver,
    settled: deliveries.settled,
    settle: (id, says) => { settle(world, ...holder(id), says) },
    payPage: (address, card = 'approved') => payPage(world, address, card).id,
    sendEventsTo (publicKey, url) {
      const account = world.accounts.get(publicKey)
      if (account === undefined) throw new Error(`nobody has the key ${publicKey}`)
      account.eventsUrl = url
    },
    agree (id) {
      for (const { sources } of world.accounts.values()) for (const source of sources) if (String(source.id) === id) source.status = 'AVAILABLE'
    },
    made: reference => everywhere(({ links }) => links.filter(({ sku }) => sku === reference)).length,
    transactions: () => everywhere(({ transactions }) => transactions),
    requests: () => requests
  }
}

function parsed (body: string): Json {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch {}
  throw new Refusal(422, 'INPUT_VALIDATION_ERROR', 'El cuerpo no es JSON')
}
