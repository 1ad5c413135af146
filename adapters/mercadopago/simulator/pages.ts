import type { SimulatedAnswer, SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { approve, reject } from './books.ts'
import { payPreference } from './routes.ts'
import type { Account, Json, World } from './world.ts'

/** The pages that a payer sees: the bank's question, a ticket, Checkout Pro. Plain forms with one button each. */
export function pages (world: World, { method, url, body }: SimulatedRequest): SimulatedAnswer | undefined {
  const [, kind, name = ''] = url.pathname.split('/')
  const pressed = method === 'POST' ? new URLSearchParams(body).get('outcome') ?? 'yes' : undefined
  if (url.pathname.endsWith('/checkout/v1/redirect')) return hosted(world, url.searchParams.get('pref_id') ?? '', pressed)
  switch (kind) {
    case 'challenge':
    case 'bank': return bank(world, name, pressed, kind)
    case 'ticket': return ticket(world, name, pressed)
    case 'subscriptions': return html('Suscripción.')
    case 'thanks': return html('Gracias.')
    default: return undefined
  }
}

function find (world: World, id: string): [Account, Json] | undefined {
  for (const account of world.accounts.values()) {
    const payment = account.payments.find(payment => String(payment.id) === id)
    if (payment !== undefined) return [account, payment]
  }
  return undefined
}

function bank (world: World, id: string, pressed: string | undefined, kind: string): SimulatedAnswer {
  const found = find(world, id)
  if (found === undefined || found[1].status !== 'pending') return html('No hay nada que pagar.', 404)
  const [account, payment] = found
  if (pressed === undefined) return html(`<p>Pago ${id}: ${payment.transaction_amount} ${payment.currency_id}</p>${form('yes', 'Autorizar')}${form('no', 'Rechazar')}`)
  if (pressed === 'yes') approve(world, account, payment)
  else reject(world, account, payment, kind === 'bank' ? 'rejected_by_bank' : 'cc_rejected_3ds_challenge')
  return { status: 303, headers: { location: String(payment.callback_url ?? `${world.url()}/thanks`) } }
}

function ticket (world: World, id: string, pressed: string | undefined): SimulatedAnswer {
  const found = find(world, id)
  if (found === undefined) return html('No existe.', 404)
  const [account, payment] = found
  if (pressed !== undefined && payment.status === 'pending') approve(world, account, payment)
  return html(payment.status === 'pending' ? `<p>${payment.transaction_details.barcode?.content ?? 'CLABE 722969010000000001'}</p>${form('yes', 'Pagar')}` : 'Pagado.')
}

function hosted (world: World, id: string, pressed: string | undefined): SimulatedAnswer {
  for (const account of world.accounts.values()) {
    const preference = account.preferences.find(preference => preference.id === id)
    if (preference === undefined) continue
    if (preference.expires && Date.parse(preference.expiration_date_to) <= world.now().getTime()) return html('Esta página ya no recibe pagos.', 410)
    if (pressed === undefined) return html(`<h1>${String(preference.items[0].title).replaceAll('<', '&lt;')}</h1>${form('yes', 'Pagar con la tarjeta de prueba APRO')}`)
    payPreference(world, account, preference, 'sim-token-visa-APRO')
    return { status: 303, headers: { location: String(preference.back_urls?.success ?? `${world.url()}/thanks`) } }
  }
  return html('No existe.', 404)
}

const form = (outcome: string, label: string) => `<form method="post"><button name="outcome" value="${outcome}">${label}</button></form>`
const html = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><title>Mercado Pago</title>${body}` })
