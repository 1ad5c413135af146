import type { SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { changeSubscription, createCustomer, createPlan, createSubscription, updateSubscription } from './billing.ts'
import { addCharge, cancel, capture, checkCharge, checkEnd, checkLines, checkoutOf, createOrder, hasOpen, orderOf, refund, signer, tell, uuid } from './books.ts'
import { cardNamed, makeToken, takeToken } from './cards.ts'
import { type Account, hasCharge, invalid, type Json, missing, notFound, Refusal, type World } from './world.ts'

/** Each route of the API that is played. The names in braces are those of the OpenAPI document. */
export interface Call {
  world: World
  account: Account
  id: string
  sub: string
  body: Json
  query: URLSearchParams
  path: string
  localHooks: boolean
}

export interface Route {
  method: SimulatedRequest['method']
  /** As the OpenAPI document has it: `/orders/{id}/capture`. */
  path: string
  run: (call: Call) => Json
}

const find = (shelf: Json[], id: string): Json => {
  const found = shelf.find(item => item.id === id)
  if (found === undefined) throw notFound()
  return found
}
const customerOf = ({ account, id }: Call): Json => find(account.customers, id)
const subscriptionOf = ({ account, id, sub }: Call): Json => {
  const found = find(account.subscriptions, sub)
  if (found.customer_id !== id) throw notFound()
  return found
}

export const routes: Route[] = [
  { method: 'GET', path: '/companies/current', run: ({ account }) => ({ id: account.company, name: 'Tienda Conekta', active: true, account_status: 'active', parent_company_id: null, onboarding_status: 'approved', documents: [], created_at: 1_677_606_189, object: 'company' }) },
  { method: 'POST', path: '/tokens', run: makesToken },

  { method: 'GET', path: '/orders', run: call => paged(call, call.account.orders.filter(order => ordersMatch(order, call.query))) },
  { method: 'POST', path: '/orders', run: ({ world, account, body }) => createOrder(world, account, body) },
  { method: 'GET', path: '/orders/{id}', run: ({ account, id }) => orderOf(account, id) },
  { method: 'POST', path: '/orders/{id}/charges', run: charges },
  { method: 'POST', path: '/orders/{id}/capture', run: ({ world, account, id, body }) => capture(world, account, orderOf(account, id), body.amount) },
  { method: 'POST', path: '/orders/{id}/cancel', run: ({ world, account, id }) => cancel(world, account, orderOf(account, id)) },
  { method: 'POST', path: '/orders/{id}/refunds', run: ({ world, account, id, body }) => refund(world, account, orderOf(account, id), body) },

  { method: 'GET', path: '/checkouts', run: call => paged(call, call.account.checkouts) },
  { method: 'POST', path: '/checkouts', run: makesLink },
  { method: 'GET', path: '/checkouts/{id}', run: ({ account, id }) => find(account.checkouts, id) },
  { method: 'PUT', path: '/checkouts/{id}/cancel', run: ({ world, account, id }) => endCheckout(world, find(account.checkouts, id)) },

  { method: 'GET', path: '/customers', run: call => paged(call, call.account.customers.filter(customer => searched(customer, call.query.get('search')))) },
  { method: 'POST', path: '/customers', run: ({ world, account, body }) => createCustomer(world, account, body) },
  { method: 'GET', path: '/customers/{id}', run: customerOf },
  { method: 'PUT', path: '/customers/{id}', run: call => { const { name, email, phone, national_id, metadata } = call.body; return Object.assign(customerOf(call), JSON.parse(JSON.stringify({ name, email, phone, national_id, metadata }))) } },
  { method: 'DELETE', path: '/customers/{id}', run: call => { const gone = customerOf(call); call.account.customers = call.account.customers.filter(customer => customer !== gone); return { ...gone, deleted: true } } },
  { method: 'GET', path: '/customers/{id}/payment_sources', run: call => paged(call, customerOf(call).payment_sources.data) },
  { method: 'POST', path: '/customers/{id}/payment_sources', run: keepsCard },
  {
    method: 'DELETE', path: '/customers/{id}/payment_sources/{payment_method_id}', run: call => {
      const sources = customerOf(call).payment_sources
      const gone = find(sources.data, call.sub)
      sources.data = sources.data.filter((source: Json) => source !== gone)
      return gone
    }
  },

  { method: 'POST', path: '/plans', run: ({ world, account, body }) => createPlan(world, account, body) },
  { method: 'GET', path: '/plans', run: call => paged(call, call.account.plans) },
  { method: 'GET', path: '/plans/{id}', run: ({ account, id }) => find(account.plans, id) },
  { method: 'GET', path: '/customers/{customer_id}/subscriptions', run: call => paged(call, call.account.subscriptions.filter(({ customer_id: owner }) => owner === customerOf(call).id)) },
  { method: 'POST', path: '/customers/{customer_id}/subscriptions', run: call => createSubscription(call.world, call.account, customerOf(call), call.body) },
  { method: 'GET', path: '/customers/{customer_id}/subscriptions/{id}', run: subscriptionOf },
  { method: 'PUT', path: '/customers/{customer_id}/subscriptions/{id}', run: call => updateSubscription(call.account, customerOf(call), subscriptionOf(call), call.body) },
  { method: 'GET', path: '/customers/{customer_id}/subscriptions/{id}/events', run: call => { const { id } = subscriptionOf(call); return paged(call, call.account.events.filter(({ data }) => data.object?.id === id)) } },
  ...['cancel', 'pause', 'resume'].map((verb): Route => ({ method: 'POST', path: `/customers/{customer_id}/subscriptions/{id}/${verb}`, run: call => changeSubscription(call.world, call.account, subscriptionOf(call), verb) })),

  { method: 'GET', path: '/transactions', run: call => paged(call, call.account.transactions.filter(move => (['charge', 'type', 'currency', 'id'] as const).every(name => [null, move[name]].includes(call.query.get(name === 'charge' ? 'charge_id' : name))))) },
  { method: 'GET', path: '/events', run: call => paged(call, call.account.events) },

  { method: 'GET', path: '/webhooks', run: call => paged(call, call.account.webhooks.filter(({ url }) => [null, url].includes(call.query.get('url')))) },
  { method: 'POST', path: '/webhooks', run: hooks },
  { method: 'GET', path: '/webhooks/{id}', run: ({ account, id }) => find(account.webhooks, id) },
  { method: 'PUT', path: '/webhooks/{id}', run: call => { const { url, subscribed_events, active } = call.body; if (url !== undefined) checkHook(call); return Object.assign(find(call.account.webhooks, call.id), JSON.parse(JSON.stringify({ url, subscribed_events, active }))) } },
  { method: 'DELETE', path: '/webhooks/{id}', run: ({ account, id }) => { const gone = find(account.webhooks, id); account.webhooks = account.webhooks.filter(hook => hook !== gone); return gone } },
  { method: 'POST', path: '/webhooks/{id}/test', run: ({ world, account, id }) => { const hook = find(account.webhooks, id); tell(world, account, 'webhook_ping', {}, hook.id); return hook } },
  { method: 'GET', path: '/webhook_keys', run: call => paged(call, call.account.webhookKeys.map(shownKey)) },
  { method: 'POST', path: '/webhook_keys', run: ({ world, account }) => shownKey(signer(world, account)) }
]

const shownKey = ({ private_key: _, ...key }: Json): Json => key

function makesToken ({ world, account, body }: Call): Json {
  if (body.card === undefined && body.checkout === undefined) throw missing('card')
  const id = makeToken(world, account, body.card)
  return { id, livemode: account.livemode, used: false, object: 'token', ...(body.checkout !== undefined && { checkout: checkoutOf(world, account, uuid(world), { name: id, type: 'Integration', allowed_payment_methods: ['card'] }) }) }
}

function charges ({ world, account, id, body }: Call): Json {
  const order = orderOf(account, id)
  if (hasOpen(order)) throw hasCharge()
  checkCharge(account, order, body)
  return addCharge(world, account, order, body)
}

function makesLink ({ world, account, body }: Call): Json {
  for (const field of ['name', 'type', 'expires_at', 'order_template']) if (body[field] === undefined) throw missing(field)
  if (body.type !== 'PaymentLink') throw invalid('type', 'invalid')
  if (typeof body.recurrent !== 'boolean') throw missing('recurrent')
  if (!Array.isArray(body.allowed_payment_methods) || body.allowed_payment_methods.some((name: string) => !['card', 'cash', 'bank_transfer', 'bnpl', 'pay_by_bank'].includes(name))) throw invalid('allowed_payment_methods', 'invalid')
  checkEnd(world, body.expires_at, 'expires_at')
  checkLines(body.order_template.line_items)
  if (!['MXN', 'USD'].includes(body.order_template.currency)) throw invalid('order_template.currency', 'currency_not_supported')
  const id = uuid(world)
  const checkout = { ...checkoutOf(world, account, id, body), ...(body.payments_limit_count !== undefined && { payments_limit_count: body.payments_limit_count }) }
  account.checkouts.push(checkout)
  account.templates[id] = body.order_template
  world.changed()
  return checkout
}

function endCheckout (world: World, checkout: Json): Json {
  if (checkout.status !== 'Issued') throw new Refusal(422, 'parameter_validation.checkout.cannot_be_cancelled', 'The checkout can not be cancelled.')
  checkout.status = 'Cancelled'
  world.changed()
  return checkout
}

function keepsCard (call: Call): Json {
  const { world, account, body } = call
  const customer = customerOf(call)
  if (body.type !== 'card') throw invalid('type', 'invalid')
  if (typeof body.token_id !== 'string') throw missing('token_id')
  // A test token is good any number of times, but not twice for one customer.
  const once = `${String(customer.id)} ${String(body.token_id)}`
  if (account.kept.includes(once)) throw new Refusal(422, 'processing.tokenization.used', 'The token has already been used.', { param: 'token_id' })
  const card = takeToken(account, body.token_id)
  account.kept.push(once)
  const { brand, last4, account_type } = cardNamed(card)
  const source = { id: world.id('src_'), object: 'payment_source', type: 'card', created_at: world.now(), parent_id: customer.id, last4, bin: '424242', card_type: account_type.toLowerCase(), exp_month: '12', exp_year: '31', brand, name: customer.name, default: customer.payment_sources.data.length === 0, visible_on_checkout: true, payment_source_status: 'active' }
  account.sources[source.id] = card
  customer.payment_sources.data.push(source)
  customer.default_payment_source_id ??= source.id
  world.changed()
  return source
}

function checkHook ({ body, localHooks }: Call): void {
  if (typeof body.url !== 'string' || !URL.canParse(body.url)) throw invalid('url', 'invalid')
  // The specification's own pattern. The demo listens on the machine itself, so it may be told to look away.
  if (!localHooks && /localhost|127\.0\.0\.1/.test(body.url)) throw invalid('url', 'invalid')
}

function hooks (call: Call): Json {
  const { world, account, body } = call
  checkHook(call)
  const hook = { id: world.id('webhk_'), object: 'webhook', url: body.url, livemode: account.livemode, active: true, status: 'listening', description: '', subscribed_events: body.subscribed_events ?? [] }
  account.webhooks.push(hook)
  world.changed()
  return hook
}

function ordersMatch (order: Json, query: URLSearchParams): boolean {
  const bounds: [string, string, 1 | -1][] = [['created_at.gte', 'created_at', 1], ['created_at.lte', 'created_at', -1], ['updated_at.gte', 'updated_at', 1], ['updated_at.lte', 'updated_at', -1]]
  return bounds.every(([name, field, sign]) => query.get(name) === null || (order[field] - Number(query.get(name))) * sign >= 0) && [null, order.payment_status].includes(query.get('payment_status')) && searched(order, query.get('search'))
}

const searched = (item: Json, word: string | null): boolean => word === null || JSON.stringify([item.id, item.name, item.email, item.custom_reference, item.customer_info, item.metadata]).includes(word)

/** Newest first; `next` is the last id of the page before. */
function paged ({ query, path, world }: Call, items: Json[]): Json {
  const limit = Number(query.get('limit') ?? 20)
  if (!Number.isInteger(limit) || limit < 1 || limit > 250) throw invalid('limit', 'invalid')
  const all = items.toReversed()
  const start = query.get('next') === null ? 0 : all.findIndex(({ id }) => id === query.get('next')) + 1
  const data = all.slice(start, start + limit)
  const more = start + limit < all.length
  const next = new URLSearchParams([...query].filter(([name]) => name !== 'next'))
  next.set('next', data.at(-1)?.id ?? '')
  return { object: 'list', has_more: more, next_page_url: more ? `${world.url()}${path}?${next}` : null, previous_page_url: null, data }
}
