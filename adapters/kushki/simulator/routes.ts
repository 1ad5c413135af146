import { change, chargeKept, forget, keep, keptOf } from './billing.ts'
import { capture, cards, charge, enter, giveBack, major, total, useToken } from './books.ts'
import type { SchemaName } from './schema.ts'
import { type Account, badBody, type Json, Refusal, type World } from './world.ts'

/** Each route of the API that is played. */
export interface Call {
  world: World
  account: Account
  id: string
  body: Json
  query: URLSearchParams
  /** Hours by which the list's dates are off, as the account's zone. */
  zoneMs: number
  /** What the list does not show yet. */
  hidden: ReadonlySet<string>
}

export interface Route {
  method: string
  path: string
  key: 'public' | 'private'
  status: number
  takes?: SchemaName
  run: (call: Call) => Json | Json[]
}

export const routes: Route[] = [
  { method: 'POST', path: '/card/v1/tokens', key: 'public', status: 201, takes: 'cardToken', run: makesToken },
  { method: 'POST', path: '/card/v1/charges', key: 'private', status: 201, takes: 'charge', run: ({ world, account, body }) => charge(world, account, { ...asked(body), type: 'SALE', card: useToken(account, body.token) }) },
  { method: 'POST', path: '/card/v1/preAuthorization', key: 'private', status: 201, takes: 'charge', run: ({ world, account, body }) => charge(world, account, { ...asked(body), type: 'PREAUTHORIZATION', card: useToken(account, body.token) }) },
  { method: 'POST', path: '/card/v1/capture', key: 'private', status: 201, takes: 'capture', run: ({ world, account, body }) => capture(world, account, body) },
  { method: 'DELETE', path: '/v1/charges/{id}', key: 'private', status: 201, takes: 'back', run: ({ world, account, id, body }) => giveBack(world, account, id, body) },
  {
    method: 'DELETE', path: '/v1/refund/{id}', key: 'private', status: 200, takes: 'back', run: ({ world, account, id, body }) => {
      giveBack(world, account, id, body)
      return { code: 'K000', message: 'El reembolso solicitado se realizó con éxito.' }
    }
  },
  { method: 'POST', path: '/subscriptions/v1/card', key: 'private', status: 201, takes: 'keep', run: ({ world, account, body }) => keep(world, account, body) },
  { method: 'GET', path: '/subscriptions/v1/card/search/{id}', key: 'private', status: 200, run: ({ account, id }) => keptOf(account, id).shown },
  { method: 'POST', path: '/subscriptions/v1/card/{id}', key: 'private', status: 201, takes: 'keptCharge', run: ({ world, account, id, body }) => chargeKept(world, account, id, 'SALE', body) },
  { method: 'POST', path: '/subscriptions/v1/card/{id}/authorize', key: 'private', status: 201, takes: 'keptCharge', run: ({ world, account, id, body }) => chargeKept(world, account, id, 'PREAUTHORIZATION', body) },
  { method: 'POST', path: '/subscriptions/v1/card/{id}/capture', key: 'private', status: 201, takes: 'capture', run: ({ world, account, body }) => capture(world, account, body) },
  { method: 'PATCH', path: '/subscriptions/v1/card/{id}', key: 'private', status: 200, takes: 'change', run: ({ world, account, id, body }) => change(world, account, id, body) },
  { method: 'DELETE', path: '/subscriptions/v1/card/{id}', key: 'private', status: 200, run: ({ world, account, id }) => forget(world, account, id) },
  { method: 'POST', path: '/cash/v1/tokens', key: 'public', status: 201, takes: 'cashToken', run: ({ world, account, body }) => ({ token: kept(world, account.cash, body) }) },
  { method: 'POST', path: '/cash/v1/charges/init', key: 'private', status: 201, takes: 'cashInit', run: beginsCash },
  { method: 'GET', path: '/transfer/v1/bankList', key: 'public', status: 200, run: () => [{ code: '0', name: 'A continuación seleccione su banco' }, { code: '1007', name: 'BANCOLOMBIA' }] },
  { method: 'POST', path: '/transfer/v1/tokens', key: 'public', status: 201, takes: 'transferToken', run: ({ world, account, body }) => ({ token: kept(world, account.transfers, body) }) },
  { method: 'POST', path: '/transfer/v1/init', key: 'private', status: 201, takes: 'transferInit', run: beginsTransfer },
  { method: 'GET', path: '/transfer/v1/status/{id}', key: 'private', status: 200, run: ({ account, id }) => stateOf(account.transfers, id) },
  { method: 'GET', path: '/analytics/v1/transactions-list', key: 'private', status: 200, run: lists }
]

const asked = ({ amount, metadata, deferred, months }: Json): { amount: Json, metadata?: Json, deferred?: Json, months?: number } => ({ amount, metadata, deferred, months })

function makesToken ({ world, account, body }: Call): Json {
  const { number } = body.card
  const card = Object.hasOwn(cards, number) ? number : '4349003000047015'
  if (cards[card]!.atToken === true) throw new Refusal(402, cards[card]!.code!, cards[card]!.message!)
  const token = `${world.hex(28)}tok`
  account.tokens[token] = { card, used: false }
  world.changed()
  return { token }
}

function kept (world: World, shelf: Record<string, Json>, body: Json): string {
  const token = `t${world.hex(31)}`
  shelf[token] = { ...body, token, status: 'requestedToken' }
  world.changed()
  return token
}

function stateOf (shelf: Record<string, Json>, token: string): Json {
  const state = shelf[token]
  if (state === undefined) throw new Refusal(400, 'K006', 'El token no existe')
  return state
}

/** A token is begun once. */
function begins ({ world, account, body }: Call, shelf: Record<string, Json>, method: 'cash' | 'transfer', more: Json): Json {
  const state = stateOf(shelf, body.token)
  if (state.status !== 'requestedToken') throw new Refusal(400, '577', 'El token ya fue usado')
  const sum = total(body.amount)
  if (sum <= 0 || body.amount.currency !== state.currency) throw badBody('amount')
  if (method === 'cash' && major(sum, state.currency) !== state.totalAmount) throw new Refusal(400, '220', 'El monto es diferente al del token')
  const row = enter(world, account, { transaction_type: 'SALE', transaction_status: 'INITIALIZED', payment_method: method, currency_code: state.currency, request_amount: major(sum, state.currency), approved_transaction_amount: 0, amount: body.amount, metadata: body.metadata ?? {}, ...(method === 'transfer' && { token: body.token }), ...more })
  Object.assign(state, { status: 'initializedTransaction', ticketNumber: row.ticket_number, amount: body.amount, totalAmount: row.request_amount, metadata: body.metadata ?? {}, created: row.created, transactionReference: row.transaction_reference, ...more })
  return state
}

function beginsCash (call: Call): Json {
  const { world, body } = call
  const expiration = Date.parse(`${(body.expirationDate as string | undefined)?.replace(' ', 'T') ?? new Date(world.now().getTime() + 7 * 86_400_000).toISOString().slice(0, 19)}Z`)
  if (!(expiration >= world.now().getTime() + 86_400_000 - 120_000)) throw new Refusal(400, 'C004', 'La fecha de expiración no es válida')
  const { ticketNumber, pin, transactionReference } = begins(call, call.account.cash, 'cash', { pin: String(2_011_000_000 + world.serial()), expiration })
  return { ticketNumber, pin, pdfUrl: `${world.url()}/pages/${ticketNumber as string}.pdf`, transactionReference, status: 'initializedTransaction' }
}

const clabe = '646180132800000009'

function beginsTransfer (call: Call): Json {
  const { world, account, body } = call
  const { currency, bankId } = stateOf(account.transfers, body.token)
  if (currency === 'COP' && (bankId === undefined || bankId === '0')) throw badBody('bankId')
  const { transactionReference } = begins(call, account.transfers, 'transfer', {})
  return { transactionReference, ...(currency === 'MXN' ? { clabe } : { redirectUrl: `${world.url()}/pages/bank/${body.token as string}` }) }
}

/** Newest first. Dates are of the account's zone, without saying so. */
function lists ({ account, query, zoneMs, hidden }: Call): Json {
  const [from, to] = ['from', 'to'].map(name => Date.parse(`${query.get(name) ?? ''}Z`) - zoneMs)
  const [limit, offset] = [Number(query.get('limit') ?? 100), Number(query.get('offset') ?? 0)]
  if (Number.isNaN(from) || Number.isNaN(to) || !(limit >= 1 && limit <= 500) || !(offset >= 0)) throw badBody('from, to, limit, offset')
  const within = account.rows.filter(({ created, ticket_number: ticket }) => created >= from! && created <= to! && !hidden.has(ticket)).toReversed()
  return { data: within.slice(offset, offset + limit).map(row => ({ ...row, created: new Date(row.created).toISOString() })), total: within.length }
}
