import type { SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { createPlan, createSubscription, updateSubscription } from './billing.ts'
import { reports } from './reports.ts'
import { createPayment, once, paymentOf, refund, updatePayment } from './books.ts'
import { brandOfBin, cardNamed, cardOfToken, issuerOf, makeToken, shownToken, typeOf, useToken } from './cards.ts'
import { type Account, at, bad, cents, type Json, liveMode, notFound, sites, type World } from './world.ts'

/** Each route of the API that is played. The names in braces are those of the OpenAPI document. */
export interface Call {
  world: World
  account: Account
  id: string
  sub: string
  body: Json
  raw: string
  headers: Record<string, string>
  query: URLSearchParams
}

export interface Route {
  method: SimulatedRequest['method']
  path: string
  /** Of a success; 200 when absent. */
  status?: number
  /** The answer is this kind of text, not JSON. */
  text?: string
  run: (call: Call) => Json
}

const find = (shelf: Json[], id: string, what = 'Resource'): Json => {
  const found = shelf.find(item => String(item.id) === id)
  if (found === undefined) throw notFound(what)
  return found
}
const customerOf = ({ account, id }: Call): Json => find(account.customers, id, 'Customer')
const shown = ({ card_behind: _, ...subscription }: Json): Json => subscription
const isHttps = (url: unknown): boolean => typeof url === 'string' && /^https?:\/\//.test(url)

export const routes: Route[] = [
  { method: 'GET', path: '/users/me', run: ({ account }) => ({ id: account.id, nickname: account.testUser ? `TESTUSER${account.id}` : `TIENDA${account.id}`, email: account.testUser ? `test_user_${account.id}@testuser.com` : `tienda${account.id}@shop.example`, country_id: sites[account.site]!.country, site_id: account.site, tags: account.testUser ? ['normal', 'test_user'] : ['normal'], user_type: 'normal' }) },

  { method: 'POST', path: '/v1/payments', status: 201, run: call => once(call.account, call.headers['x-idempotency-key'], `payment ${call.raw}`, () => createPayment(call.world, call.account, call.body)) },
  { method: 'GET', path: '/v1/payments/search', run: searchPayments },
  { method: 'GET', path: '/v1/payments/{id}', run: ({ account, id }) => paymentOf(account, id) },
  { method: 'PUT', path: '/v1/payments/{id}', run: ({ world, account, id, body }) => updatePayment(world, account, paymentOf(account, id), body) },
  { method: 'POST', path: '/v1/payments/{id}/refunds', status: 201, run: call => once(call.account, call.headers['x-idempotency-key'], `refund ${call.id} ${call.raw}`, () => refund(call.world, call.account, paymentOf(call.account, call.id), call.body)) },
  { method: 'GET', path: '/v1/payments/{id}/refunds', run: ({ account, id }) => paymentOf(account, id).refunds },
  { method: 'GET', path: '/v1/payments/{id}/refunds/{refund_id}', run: ({ account, id, sub }) => find(paymentOf(account, id).refunds, sub, 'Refund') },
  { method: 'GET', path: '/v1/payment_methods/installments', run: installments },

  { method: 'POST', path: '/checkout/preferences', status: 201, run: makesPreference },
  { method: 'GET', path: '/checkout/preferences/search', run: ({ account, query }) => ({ ...paged(query, account.preferences.filter(({ external_reference: ours }) => [null, ours].includes(query.get('external_reference'))).map(({ id, external_reference, items, date_created }) => ({ id, external_reference, items, date_created })), 'elements') }) },
  { method: 'GET', path: '/checkout/preferences/{id}', run: ({ account, id }) => find(account.preferences, id, 'Preference') },
  { method: 'PUT', path: '/checkout/preferences/{id}', run: changesPreference },

  { method: 'POST', path: '/v1/customers', status: 201, run: makesCustomer },
  { method: 'GET', path: '/v1/customers/search', run: ({ account, query }) => paged(query, account.customers.filter(({ email }) => [null, email].includes(query.get('email')))) },
  { method: 'GET', path: '/v1/customers/{id}', run: customerOf },
  { method: 'PUT', path: '/v1/customers/{id}', run: call => { const { first_name, last_name, phone, identification, metadata, description } = call.body; if (call.body.email !== undefined) throw bad('Invalid parameter: email can not be changed', '106'); return Object.assign(customerOf(call), JSON.parse(JSON.stringify({ first_name, last_name, phone, identification, metadata, description })), { date_last_updated: at(call.world.now()) }) } },
  { method: 'DELETE', path: '/v1/customers/{id}', run: forgets },
  { method: 'DELETE', path: '/v1/customers/{id}/delete', run: forgets },
  { method: 'POST', path: '/v1/customers/{customer_id}/cards', status: 201, run: keepsCard },
  { method: 'GET', path: '/v1/customers/{customer_id}/cards', run: call => customerOf(call).cards },
  { method: 'GET', path: '/v1/customers/{customer_id}/cards/{id}', run: call => find(customerOf(call).cards, call.sub, 'Card') },
  { method: 'DELETE', path: '/v1/customers/{customer_id}/cards/{id}', run: call => { const customer = customerOf(call); const gone = find(customer.cards, call.sub, 'Card'); customer.cards = customer.cards.filter((card: Json) => card !== gone); call.world.changed(); return gone } },
  { method: 'POST', path: '/v1/card_tokens', status: 201, run: ({ world, account, body }) => makeToken(world, account, body) },
  { method: 'GET', path: '/v1/card_tokens/{id}', run: ({ world, account, id }) => shownToken(world, account, id) },

  { method: 'POST', path: '/preapproval_plan', status: 201, run: ({ world, account, body }) => createPlan(world, account, body) },
  { method: 'GET', path: '/preapproval_plan/search', run: ({ account, query }) => paged(query, account.plans.filter(({ status }) => [null, status].includes(query.get('status')))) },
  { method: 'GET', path: '/preapproval_plan/{id}', run: ({ account, id }) => find(account.plans, id, 'Plan') },
  { method: 'POST', path: '/preapproval', status: 201, run: ({ world, account, body }) => shown(createSubscription(world, account, body)) },
  { method: 'GET', path: '/preapproval/search', run: ({ account, query }) => paged(query, account.subscriptions.filter(({ payer_email: payer }) => [null, payer].includes(query.get('payer_email'))).map(shown)) },
  { method: 'GET', path: '/preapproval/{id}', run: ({ account, id }) => shown(find(account.subscriptions, id, 'Preapproval')) },
  { method: 'PUT', path: '/preapproval/{id}', run: ({ world, account, id, body }) => shown(updateSubscription(world, account, find(account.subscriptions, id, 'Preapproval'), body)) },
  ...['/authorized_payments', '/authorized_payments/search'].map((path): Route => ({ method: 'GET', path, run: ({ account, query }) => paged(query, account.invoices.filter(({ preapproval_id: of }) => [null, of].includes(query.get('preapproval_id')))) })),

  ...reports,

  { method: 'GET', path: '/v1/chargebacks/search', run: ({ account, query }) => paged(query, account.chargebacks.filter(({ payments }) => query.get('payment_id') === null || payments.includes(Number(query.get('payment_id'))))) },
  { method: 'GET', path: '/v1/chargebacks/{id}', run: ({ account, id }) => find(account.chargebacks, id, 'Chargeback') }
]

function paged (query: URLSearchParams, items: Json[], shelf: 'results' | 'elements' = 'results'): Json {
  const [limit, offset] = [Number(query.get('limit') ?? 30), Number(query.get('offset') ?? 0)]
  if (!Number.isInteger(limit) || limit < 1 || limit > 100 || !Number.isInteger(offset) || offset < 0) throw bad('Invalid limit or offset')
  return { paging: { total: items.length, limit, offset }, [shelf]: items.slice(offset, offset + limit) }
}

function searchPayments ({ account, query }: Call): Json {
  const [sort, criteria, range] = [query.get('sort'), query.get('criteria'), query.get('range')]
  if (sort === null || !['asc', 'desc'].includes(criteria ?? '')) throw bad('sort and criteria are required')
  const [from, to] = [query.get('begin_date'), query.get('end_date')].map(date => date === null ? undefined : Date.parse(date))
  if (range !== null && ![from, to].every(Number.isFinite)) throw bad('Invalid range')
  const found = account.payments.filter(payment => {
    if (range !== null && !(Date.parse(payment[range]) >= from! && Date.parse(payment[range]) <= to!)) return false
    return [null, payment.external_reference].includes(query.get('external_reference')) && [null, payment.status].includes(query.get('status'))
  })
  const sorted = found.map((payment, index) => ({ payment, index })).sort((a, b) => Date.parse(a.payment[sort]) - Date.parse(b.payment[sort]) || a.index - b.index).map(({ payment }) => payment)
  return paged(query, criteria === 'desc' ? sorted.reverse() : sorted)
}

function installments ({ query }: Call): Json {
  const brand = brandOfBin(query.get('bin') ?? '')
  if (brand === undefined) return []
  return [{ payment_method_id: brand, payment_type_id: typeOf(brand), issuer: issuerOf(brand), payer_costs: [{ installments: 1, installment_rate: 0, installment_amount: Number(query.get('amount')), total_amount: Number(query.get('amount')) }] }]
}

function checkItems (account: Account, items: unknown): void {
  if (!Array.isArray(items) || items.length === 0) throw bad('items needed')
  const { currency } = sites[account.site]!
  for (const { title, quantity, unit_price: price, currency_id: of } of items as Json[]) {
    if (typeof title !== 'string' || title === '') throw bad('invalid_items: title')
    if (!Number.isInteger(quantity) || quantity < 1) throw bad('invalid_items: quantity')
    if (typeof price !== 'number' || !(price > 0) || (currency === 'CLP' ? !Number.isInteger(price) : cents(price) !== price)) throw bad('invalid_items: unit_price')
    if (of !== undefined && of !== currency) throw bad('invalid_items: currency_id')
  }
}

function checkPreference (account: Account, body: Json): void {
  checkItems(account, body.items)
  if (body.auto_return !== undefined && !isHttps(body.back_urls?.success)) throw bad('auto_return invalid. back_url.success must be defined', 'invalid_auto_return')
  if (body.expiration_date_to !== undefined && !(/T.*[+-]\d\d:\d\d$/.test(body.expiration_date_to) && Number.isFinite(Date.parse(body.expiration_date_to)))) throw bad('Invalid expiration_date_to')
}

function makesPreference ({ world, account, body }: Call): Json {
  checkPreference(account, body)
  const id = `${account.id}-${world.hex(8)}-${world.hex(4)}-4${world.hex(3)}-8${world.hex(3)}-${world.hex(12)}`
  const preference = {
    ...body, id, collector_id: account.id, client_id: '1', init_point: `${world.url()}/checkout/v1/redirect?pref_id=${id}`, sandbox_init_point: `${world.url()}/sandbox/checkout/v1/redirect?pref_id=${id}`, date_created: at(world.now()), last_updated: at(world.now()),
    expires: body.expires === true, total_amount: cents(body.items.reduce((sum: number, { quantity, unit_price: price }: Json) => sum + quantity * price, 0)), external_reference: body.external_reference ?? '', payer: body.payer ?? {}, metadata: body.metadata ?? {}
  }
  account.preferences.push(preference)
  world.changed()
  return preference
}

function changesPreference ({ world, account, id, body }: Call): Json {
  const preference = find(account.preferences, id, 'Preference')
  checkPreference(account, { ...preference, ...body })
  world.changed()
  return Object.assign(preference, body, { last_updated: at(world.now()) })
}

/** What the payer of a page does; gives the payment's id. */
export function payPreference (world: World, account: Account, preference: Json, token: string): string {
  if (preference.expires && Date.parse(preference.expiration_date_to) <= world.now().getTime()) throw new Error('the page is over')
  const payment = createPayment(world, account, { transaction_amount: preference.total_amount, token, installments: 1, description: preference.items[0].title, external_reference: preference.external_reference, metadata: preference.metadata, payer: { email: preference.payer.email ?? 'ana@shop.test' } })
  return String(payment.id)
}

function makesCustomer ({ world, account, body }: Call): Json {
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(body.email ?? ''))) throw bad('invalid email', '102')
  if (account.customers.some(({ email }) => email === body.email)) throw bad('the customer already exist', '101')
  const now = at(world.now())
  const customer = {
    id: `${world.digits(10)}-${world.hex(14)}`, email: body.email, first_name: body.first_name ?? null, last_name: body.last_name ?? null, phone: body.phone ?? { area_code: null, number: null }, identification: body.identification ?? { type: null, number: null }, address: {}, date_registered: null, description: body.description ?? null, date_created: now,
    date_last_updated: now, metadata: body.metadata ?? {}, default_card: null, cards: [], addresses: [], live_mode: liveMode(account)
  }
  account.customers.push(customer)
  world.changed()
  return customer
}

function forgets (call: Call): Json {
  const gone = customerOf(call)
  call.account.customers = call.account.customers.filter(customer => customer !== gone)
  call.world.changed()
  return gone
}

function keepsCard (call: Call): Json {
  const { world, account, body } = call
  const customer = customerOf(call)
  if (typeof body.token !== 'string') throw bad('token is required', '140')
  const once = `${customer.id} ${body.token}`
  if (account.kept.includes(once)) throw bad('invalid card token, it was used', 3003)
  const name = cardOfToken(account, body.token)
  useToken(account, body.token)
  account.kept.push(once)
  const { brand, bin, last4, type, holder } = cardNamed(name)
  const id = String(world.digits(13))
  const card = { id, customer_id: customer.id, first_six_digits: bin, last_four_digits: last4, expiration_month: 11, expiration_year: 2031, date_created: at(world.now()), date_last_updated: at(world.now()), cardholder: { name: holder, identification: {} }, payment_method: { id: brand, name: brand, payment_type_id: type }, issuer: issuerOf(brand), security_code: { mode: 'mandatory', length: 3 }, live_mode: liveMode(account) }
  account.cards[id] = name
  customer.cards.push(card)
  customer.default_card ??= id
  world.changed()
  return card
}
