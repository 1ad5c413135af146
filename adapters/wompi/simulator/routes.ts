import type { SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { cardOf, cards, createTransaction, takeAcceptance, voidIt } from './books.ts'
import { type Account, invalid, type Json, notFound, Refusal, type World } from './world.ts'

/** Each route of the API that is played. */
export interface Call {
  world: World
  account: Account
  isPrivate: boolean
  id: string
  body: Json
  query: URLSearchParams
}

export interface Route {
  method: SimulatedRequest['method']
  path: string
  /** Which key it is opened with; `either` where both do. */
  key: 'public' | 'private' | 'either'
  status: number
  run: (call: Call) => Json | Json[]
}

const find = (shelf: Json[], id: string): Json => {
  const found = shelf.find(item => String(item.id) === id)
  if (found === undefined) throw notFound()
  return found
}
const shown = ({ card: _, ...source }: Json): Json => source

export const routes: Route[] = [
  { method: 'GET', path: '/v1/merchants/{id}', key: 'either', status: 200, run: merchant },
  { method: 'POST', path: '/v1/tokens/cards', key: 'public', status: 201, run: makesToken },
  { method: 'GET', path: '/v1/pse/financial_institutions', key: 'either', status: 200, run: () => [['1', 'Banco que aprueba'], ['2', 'Banco que declina'], ['3', 'Banco que simula un error']].map(([code, name]) => ({ financial_institution_code: code, financial_institution_name: name })) },
  { method: 'POST', path: '/v1/transactions', key: 'either', status: 201, run: ({ world, account, body, isPrivate }) => createTransaction(world, account, body, isPrivate) },
  { method: 'GET', path: '/v1/transactions', key: 'private', status: 200, run: lists },
  { method: 'GET', path: '/v1/transactions/{id}', key: 'either', status: 200, run: ({ account, id }) => find(account.transactions, id) },
  { method: 'POST', path: '/v1/transactions/{id}/void', key: 'private', status: 201, run: ({ world, account, id, body }) => voidIt(world, account, find(account.transactions, id) as Account['transactions'][number], body) },
  { method: 'POST', path: '/v1/payment_sources', key: 'private', status: 201, run: keeps },
  { method: 'GET', path: '/v1/payment_sources/{id}', key: 'private', status: 200, run: ({ account, id }) => shown(find(account.sources, id)) },
  { method: 'PUT', path: '/v1/payment_sources/{id}/void', key: 'private', status: 200, run: voidsSource },
  { method: 'POST', path: '/v1/payment_links', key: 'private', status: 201, run: makesLink },
  { method: 'GET', path: '/v1/payment_links/{id}', key: 'either', status: 200, run: ({ account, id }) => find(account.links, id) },
  {
    method: 'PATCH', path: '/v1/payment_links/{id}', key: 'private', status: 200, run: ({ account, id, body }) => {
      if (typeof body.active !== 'boolean') throw invalid({ active: ['No está presente'] })
      return Object.assign(find(account.links, id), { active: body.active })
    }
  }
]

function merchant ({ world, account, id }: Call): Json {
  if (id !== account.publicKey) throw notFound()
  const token = (type: string): Json => {
    const given = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ type, jti: world.hex(12) })).toString('base64url')}.${world.hex(20)}`
    account.acceptances = [...account.acceptances.slice(-400), given]
    return { acceptance_token: given, permalink: `https://wompi.com/assets/downloadble/${type}.pdf`, type }
  }
  return {
    id: account.id, name: 'Tienda Wompi', legal_name: 'Tienda Wompi S.A.S.', legal_id: '9001723102-4', legal_id_type: 'NIT', active: true, public_key: account.publicKey, accepted_currencies: ['COP'],
    accepted_payment_methods: ['CARD', 'NEQUI', 'PSE', 'BANCOLOMBIA_TRANSFER', 'BANCOLOMBIA_COLLECT', 'BANCOLOMBIA_QR'],
    presigned_acceptance: token('END_USER_POLICY'), presigned_personal_data_auth: token('PERSONAL_DATA_AUTH')
  }
}

function makesToken ({ world, account, body }: Call): Json {
  for (const field of ['number', 'cvc', 'exp_month', 'exp_year', 'card_holder']) if (typeof body[field] !== 'string' || body[field] === '') throw invalid({ [field]: ['No está presente'] })
  if (!/^\d{13,19}$/.test(body.number)) throw invalid({ number: ['Formato inválido'] })
  const id = `tok_${account.mode}_${account.id}_${world.hex(24)}`
  account.tokens[id] = { card: Object.hasOwn(cards, body.number) ? body.number : 'broken', used: 0 }
  world.changed()
  return { id, created_at: world.now().toISOString(), brand: 'VISA', name: `VISA-${String(body.number).slice(-4)}`, last_four: String(body.number).slice(-4), bin: String(body.number).slice(0, 6), exp_year: body.exp_year, exp_month: body.exp_month, card_holder: body.card_holder, expires_at: world.now().toISOString() }
}

/** By reference, or by days with their pages. */
function lists ({ account, query }: Call): Json[] {
  const reference = query.get('reference')
  if (reference !== null) return account.transactions.filter(transaction => transaction.reference === reference)
  const [from, until, page, size] = ['from_date', 'until_date', 'page', 'page_size'].map(name => query.get(name))
  if (from == null || until == null || page == null || size == null) throw invalid({ reference: ['No está presente'] })
  if (!/^\d{4}-\d\d-\d\d$/.test(from) || !/^\d{4}-\d\d-\d\d$/.test(until) || !(Number(size) >= 1 && Number(size) <= 50) || !(Number(page) >= 1)) throw invalid({ from_date: ['Formato inválido'] })
  const within = account.transactions.filter(({ created_at: at }) => at.slice(0, 10) >= from && at.slice(0, 10) <= until)
  const ordered = query.get('order') === 'ASC' ? within : within.toReversed()
  return ordered.slice((Number(page) - 1) * Number(size), Number(page) * Number(size))
}

function keeps ({ world, account, body }: Call): Json {
  if (!['CARD', 'NEQUI'].includes(body.type)) throw invalid({ type: ['No está incluido en la lista'] })
  if (typeof body.customer_email !== 'string' || !body.customer_email.includes('@')) throw invalid({ customer_email: ['Formato inválido'] })
  const phone = /^nequi_test_(3\d{9})$/.exec(String(body.token))?.[1]
  if (body.type === 'NEQUI' && phone === undefined) throw invalid({ token: ['El token de Nequi no existe'] })
  const card = body.type === 'CARD' ? cardOf(account, body.token) : undefined
  takeAcceptance(account, body)
  const source = {
    id: 3000 + world.serial(), type: body.type, token: body.token, status: body.type === 'NEQUI' ? 'PENDING' : 'AVAILABLE', customer_email: body.customer_email,
    public_data: card === undefined ? { type: 'NEQUI' } : { type: 'CARD', brand: cards[card]!.brand, last_four: cards[card]!.last_four, exp_month: '12', exp_year: '31' },
    ...(card === undefined ? { phone_number: phone } : { card })
  }
  account.sources.push(source)
  world.changed()
  return shown(source)
}

function voidsSource ({ account, id, world }: Call): Json {
  const source = find(account.sources, id)
  if (source.status === 'VOIDED') throw new Refusal(422, 'UNPROCESSABLE', 'La fuente de pago ya fue anulada')
  source.status = 'VOIDED'
  world.changed()
  return shown(source)
}

function makesLink ({ world, account, body }: Call): Json {
  for (const field of ['name', 'description']) if (typeof body[field] !== 'string' || body[field] === '') throw invalid({ [field]: ['No está presente'] })
  for (const field of ['single_use', 'collect_shipping']) if (typeof body[field] !== 'boolean') throw invalid({ [field]: ['No está presente'] })
  if (body.currency !== 'COP') throw invalid({ currency: ['No está incluido en la lista'] })
  if (body.amount_in_cents !== undefined && (!Number.isSafeInteger(body.amount_in_cents) || body.amount_in_cents < 150_000)) throw invalid({ amount_in_cents: ['Debe ser mayor a 150000'] })
  if (typeof body.sku === 'string' && body.sku.length > 36) throw invalid({ sku: ['Es demasiado largo'] })
  const { name, description, single_use, collect_shipping, amount_in_cents, currency, sku, expires_at, redirect_url } = body
  const at = world.now().toISOString()
  const link = { id: `${account.mode}_${world.hex(6)}`, active: true, name, description, single_use, collect_shipping, amount_in_cents: amount_in_cents ?? null, currency, sku: sku ?? null, expires_at: expires_at ?? null, redirect_url: redirect_url ?? null, image_url: null, taxes: [], created_at: at, updated_at: at }
  account.links.push(link)
  world.changed()
  return link
}
