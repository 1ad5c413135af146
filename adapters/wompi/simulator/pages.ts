import type { SimulatedAnswer, SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { cards, enter, settle } from './books.ts'
import { type Account, type Json, sha256, type Transaction, type World } from './world.ts'

/** What the payer sees: the bank's question, Wompi's own page, a link. Plain forms with one button each. */
export function pages (world: World, { method, url, body }: SimulatedRequest): SimulatedAnswer | undefined {
  const [, kind, name = ''] = url.pathname.split('/')
  const pressed = method === 'POST' ? new URLSearchParams(body).get('outcome') ?? 'yes' : undefined
  if (kind === 'pages') return bank(world, name, pressed)
  if (kind !== 'p' && kind !== 'l') return kind === 'thanks' ? html('Gracias.') : undefined
  if (pressed === undefined) return html(form('yes', 'Pagar con la tarjeta de prueba 4242') + form('no', 'Pagar con la tarjeta de prueba 4111'))
  try {
    const paid = payPage(world, url.href, pressed === 'yes' ? 'approved' : 'declined')
    return { status: 303, headers: { location: `${String(paid.redirect_url ?? `${world.url()}/thanks`)}?id=${paid.id}&env=test` } }
  } catch (error) {
    return html(error instanceof Error ? error.message : 'No', 422)
  }
}

function bank (world: World, name: string, pressed: string | undefined): SimulatedAnswer {
  const page = `${world.url()}/pages/${name}`
  for (const account of world.accounts.values()) {
    const transaction = account.transactions.find(({ payment_method: { extra } }) => extra?.async_payment_url === page || extra?.url === page)
    if (transaction === undefined || transaction.status !== 'PENDING') continue
    if (pressed === undefined) return html(`<p>${transaction.amount_in_cents / 100} COP</p>${form('yes', 'Autorizar')}${form('no', 'Rechazar')}`)
    settle(world, account, transaction, pressed === 'yes' ? undefined : { status: 'DECLINED', message: 'El pagador canceló en el banco' })
    return { status: 303, headers: { location: String(transaction.redirect_url ?? `${world.url()}/thanks`) } }
  }
  return html('No hay nada que pagar.', 404)
}

/** A payer pays a signed page or a link with a card. Throws what the page would say instead. */
export function payPage (world: World, address: string, card: string): Transaction {
  const url = new URL(address)
  const [, kind, name] = url.pathname.split('/')
  const asked = kind === 'l' ? ofLink(world, name!) : ofPage(world, url.searchParams)
  const { brand, last_four: last, says } = cards[card]!
  const extra = { brand, last_four: last, name: `${brand}-${last}`, card_type: 'CREDIT', ...(says.code !== undefined && { processor_response_code: says.code }) }
  const { id } = enter(world, asked.account, { customer_email: 'ana@shop.test', currency: 'COP', payment_method: { type: 'CARD', installments: 1 }, ...asked.body }, says, extra)
  return asked.account.transactions.find(transaction => transaction.id === id)!
}

function ofPage (world: World, query: URLSearchParams): { account: Account, body: Json } {
  const account = [...world.accounts.values()].find(({ publicKey }) => publicKey === query.get('public-key'))
  if (account === undefined) throw new Error('la llave pública no existe')
  const [reference, amount, ends] = [query.get('reference') ?? '', query.get('amount-in-cents') ?? '', query.get('expiration-time')]
  if (query.get('signature:integrity') !== sha256(`${reference}${amount}${query.get('currency') ?? ''}${ends ?? ''}${account.integrity}`)) throw new Error('la firma es inválida')
  if (query.get('currency') !== 'COP' || !/^\d+$/.test(amount) || Number(amount) < 150_000) throw new Error('el monto es inválido')
  if (ends !== null && Date.parse(ends) <= world.now().getTime()) throw new Error('la página venció')
  // On the page a declined payer tries again under the same reference.
  if (account.transactions.some(transaction => transaction.reference === reference && transaction.status !== 'DECLINED' && transaction.status !== 'ERROR')) throw new Error('la referencia ya ha sido usada')
  return { account, body: { reference, amount_in_cents: Number(amount), redirect_url: query.get('redirect-url') } }
}

function ofLink (world: World, id: string): { account: Account, body: Json } {
  for (const account of world.accounts.values()) {
    const link = account.links.find(link => link.id === id)
    if (link === undefined) continue
    if (!link.active || (link.expires_at !== null && Date.parse(`${link.expires_at as string}Z`) <= world.now().getTime())) throw new Error('el link no está activo')
    const paid = account.transactions.some(transaction => transaction.payment_link_id === id && transaction.status === 'APPROVED')
    if (link.single_use && paid) throw new Error('el link ya fue pagado')
    return { account, body: { reference: `${id}_${Math.floor(world.now().getTime() / 1000)}_${world.hex(11)}`, amount_in_cents: link.amount_in_cents, payment_link_id: id, redirect_url: link.redirect_url } }
  }
  throw new Error(`no existe el link ${id}`)
}

const form = (outcome: string, label: string): string => `<form method="post"><button name="outcome" value="${outcome}">${label}</button></form>`
const html = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><title>Wompi</title>${body}` })
