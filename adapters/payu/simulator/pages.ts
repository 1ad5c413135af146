import type { SimulatedAnswer, SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { pay, settle } from './books.ts'
import { type Account, countryOf, hash, type Order, type World } from './world.ts'

/** What a payer sees: WebCheckout, the bank's page of PSE, the receipt of a voucher. Plain forms with a button each. */
export function pages (world: World, { method, url, body }: SimulatedRequest): SimulatedAnswer | undefined {
  const pressed = method === 'POST' ? new URLSearchParams(body).get('outcome') : undefined
  if (url.pathname.startsWith('/ppp-web-gateway-payu')) return checkout(world, method === 'POST' && pressed === null ? new URLSearchParams(body) : url.searchParams, pressed ?? undefined)
  const [, kind, name = ''] = url.pathname.split('/')
  if (kind === 'receipt') return html(`Comprobante ${name.replaceAll(/\D/g, '')}`)
  if (kind !== 'bank') return undefined
  const found = holder(world, Number(name))
  if (found === undefined) return html('No hay nada que pagar.', 404)
  if (pressed === undefined || pressed === null) return html(`<p>Orden ${found[1].id}</p>${form('yes', 'Autorizar')}${form('no', 'Rechazar')}`)
  const back = String(found[1].transactions[0]!.extraParameters?.RESPONSE_URL ?? world.url())
  settle(world, ...found, pressed === 'yes' ? 'APPROVED' : 'DECLINED')
  return { status: 303, headers: { location: back } }
}

export function holder (world: World, id: number): [Account, Order] | undefined {
  for (const account of world.accounts.values()) {
    const order = account.orders.find(order => order.id === id)
    if (order !== undefined) return [account, order]
  }
  return undefined
}

/** The form's own signature is all that it checks: whoever has no API key opens no page. */
function checkout (world: World, fields: URLSearchParams, pressed: string | undefined): SimulatedAnswer {
  const field = (name: string) => fields.get(name) ?? ''
  const account = [...world.accounts.values()].find(({ merchantId }) => merchantId === field('merchantId'))
  const country = Object.entries(account?.accounts ?? {}).find(([, id]) => id === field('accountId'))?.[0]
  const signed = account !== undefined && (['md5', 'sha1', 'sha256'] as const).some(digest => hash(digest, account.apiKey, account.merchantId, field('referenceCode'), field('amount'), field('currency')) === field('signature'))
  if (account === undefined || country === undefined || !signed || countryOf[country]?.currencies.includes(field('currency')) !== true) return html('Los datos del comercio o la firma no son válidos.', 400)
  for (const name of ['description', 'tax', 'taxReturnBase', 'responseUrl', 'test']) if (!fields.has(name)) return html(`Falta ${name}.`, 400)
  if (pressed === undefined) return html(`<h1>${field('description').replaceAll('<', '&lt;')}</h1><p>${field('amount')} ${field('currency')}</p>${form('APPROVED', 'Pagar con la tarjeta de prueba')}${form('REJECTED', 'Pagar con una tarjeta que rechaza')}`)
  const value = Number(field('amount'))
  const answer = pay(world, account, {
    order: { accountId: field('accountId'), referenceCode: field('referenceCode'), description: field('description'), language: 'es', signature: field('signature'), ...(fields.has('confirmationUrl') && { notifyUrl: field('confirmationUrl') }), additionalValues: { TX_VALUE: { value: field('amount'), currency: field('currency') } } },
    creditCardTokenId: `sim-VISA-${pressed}`, type: 'AUTHORIZATION_AND_CAPTURE', paymentMethod: 'VISA', paymentCountry: country
  })
  const state = answer.state === 'APPROVED' ? '4' : '6'
  // The response page's own rule: one decimal, half to even.
  const tenths = value * 10
  const even = Math.abs(tenths % 1 - 0.5) < 1e-9 ? 2 * Math.round(tenths / 2) : Math.round(tenths)
  const back = new URL(field('responseUrl'))
  const told = { merchantId: account.merchantId, referenceCode: field('referenceCode'), TX_VALUE: field('amount'), currency: field('currency'), transactionState: state, reference_pol: String(answer.orderId), signature: hash(world.digest, account.apiKey, account.merchantId, field('referenceCode'), (even / 10).toFixed(1), field('currency'), state) }
  for (const [name, text] of Object.entries(told)) back.searchParams.set(name, text)
  return { status: 303, headers: { location: back.href } }
}

const form = (outcome: string, label: string) => `<form method="post"><button name="outcome" value="${outcome}">${label}</button></form>`
const html = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><title>PayU</title>${body}` })
