import type { SimulatedAnswer, SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { approve, decline, openCharge } from './books.ts'
import { payPage } from './payer.ts'
import type { Account, Order, World } from './world.ts'

/** The pages that a payer sees: the bank's question, the hosted page, the bank's app. Plain forms with one button each. */
export function pages (world: World, { method, url, body }: SimulatedRequest): SimulatedAnswer | undefined {
  const [, kind, name = ''] = url.pathname.split('/')
  const pressed = method === 'POST' ? new URLSearchParams(body).get('outcome') ?? 'yes' : undefined
  switch (kind) {
    case '3ds': return bank(world, find(world, order => order.id === name), pressed)
    case 'bank': return bank(world, find(world, ({ charges }) => charges.data.some(({ payment_method: { reference } }) => reference === name)), pressed)
    case 'checkout': return hosted(world, name, pressed)
    case 'barcodes': return { status: 200, headers: { 'content-type': 'text/plain' }, body: name }
    case 'thanks': return html('Gracias.')
    default: return undefined
  }
}

function find (world: World, is: (order: Order) => boolean): [Account, Order] | undefined {
  for (const account of world.accounts.values()) {
    const order = account.orders.find(is)
    if (order !== undefined) return [account, order]
  }
  return undefined
}

function bank (world: World, found: [Account, Order] | undefined, pressed: string | undefined): SimulatedAnswer {
  const charge = found && openCharge(found[1])
  if (found === undefined || charge === undefined) return html('No hay nada que pagar.', 404)
  const [account, order] = found
  if (pressed === undefined) return html(`<p>Pedido ${order.id}: ${order.amount / 100} ${order.currency}</p>${form('yes', 'Autorizar')}${form('no', 'Rechazar')}`)
  const back = order.next_action?.redirect_to_url.return_url ?? `${world.url()}/thanks`
  if (pressed === 'yes') approve(world, account, order, charge)
  else decline(world, account, order, charge, { failure: 'declined_by_3ds', message: 'The payer did not authenticate.' })
  return { status: 303, headers: { location: String(back) } }
}

function hosted (world: World, slug: string, pressed: string | undefined): SimulatedAnswer {
  for (const { checkouts } of world.accounts.values()) {
    const checkout = checkouts.find(checkout => checkout.slug === slug)
    if (checkout === undefined) continue
    if (checkout.status !== 'Issued') return html('Esta página ya no recibe pagos.', 410)
    if (pressed === undefined) return html(`<h1>${String(checkout.name).replaceAll('<', '&lt;')}</h1>${form('yes', 'Pagar con la tarjeta de prueba 4242')}`)
    payPage(world, checkout.id, 'tok_test_visa_4242')
    return { status: 303, headers: { location: String(checkout.success_url ?? `${world.url()}/thanks`) } }
  }
  return html('No existe.', 404)
}

const form = (outcome: string, label: string) => `<form method="post"><button name="outcome" value="${outcome}">${label}</button></form>`
const html = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><title>Conekta</title>${body}` })
