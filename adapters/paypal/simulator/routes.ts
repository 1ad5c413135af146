import { changeSubscription, createPlan, createProduct, createSubscription, subscriptionShown } from './billing.ts'
import { behaviours, captureHeld, complete, createOrder, readOrder, refund, refundShown, shown, voidHeld } from './orders.ts'
import { type Account, find, invalid, type Json, linksTo, notFound, Refusal, tell, unprocessable, type World } from './world.ts'

/** Each route of the API that is played. The names in braces are those of the OpenAPI documents. */
export interface Call {
  world: World
  account: Account
  /** As it was asked, with its query. */
  path: string
  id: string
  body: Json
  query: URLSearchParams
  key: string | undefined
  text: string
  contentType: string
  localHooks: boolean
}

export interface Route {
  method: string
  path: string
  /** 204: nothing is told. */
  status: number
  /** A repetition with the same PayPal-Request-Id is answered with what was answered. */
  keyed?: boolean
  run: (call: Call) => Json
}

const page = (call: Call, items: Json[], name: string, size = 20): Json => {
  const [number, count] = [Number(call.query.get('page') ?? 1), Number(call.query.get('page_size') ?? size)]
  if (!Number.isInteger(number) || number < 1 || !Number.isInteger(count) || count < 1) throw invalid('INVALID_PARAMETER_VALUE', '/page')
  return { [name]: items.slice((number - 1) * count, number * count), total_items: items.length, total_pages: Math.max(1, Math.ceil(items.length / count)), links: linksTo(call.world, call.path) }
}

const within = (text: string, from: string | null, to: string | null): boolean => (from === null || Date.parse(text) >= Date.parse(from)) && (to === null || Date.parse(text) <= Date.parse(to))

export const routes: Route[] = [
  { method: 'POST', path: '/v2/checkout/orders', status: 201, keyed: true, run: ({ world, account, body, key }) => shown(createOrder(world, account, body, key)) },
  { method: 'GET', path: '/v2/checkout/orders/{id}', status: 200, run: ({ world, account, id }) => shown(readOrder(world, account, id)) },
  { method: 'POST', path: '/v2/checkout/orders/{id}/capture', status: 201, keyed: true, run: ({ world, account, id }) => shown(complete(world, account, readOrder(world, account, id), 'CAPTURE')) },
  { method: 'POST', path: '/v2/checkout/orders/{id}/authorize', status: 201, keyed: true, run: ({ world, account, id }) => shown(complete(world, account, readOrder(world, account, id), 'AUTHORIZE')) },
  { method: 'GET', path: '/v2/payments/authorizations/{authorization_id}', status: 200, run: ({ account, id }) => find(account.authorizations, id) },
  { method: 'POST', path: '/v2/payments/authorizations/{authorization_id}/capture', status: 201, keyed: true, run: ({ world, account, id, body }) => captureHeld(world, account, find(account.authorizations, id), body) },
  { method: 'POST', path: '/v2/payments/authorizations/{authorization_id}/void', status: 200, run: ({ world, account, id }) => { const held = find(account.authorizations, id); voidHeld(world, account, held); return held } },
  { method: 'GET', path: '/v2/payments/captures/{capture_id}', status: 200, run: ({ account, id }) => find(account.captures, id) },
  { method: 'POST', path: '/v2/payments/captures/{capture_id}/refund', status: 201, keyed: true, run: ({ world, account, id, body }) => refund(world, account, find(account.captures, id), body) },
  { method: 'GET', path: '/v2/payments/refunds/{refund_id}', status: 200, run: ({ account, id }) => refundShown(find(account.refunds, id)) },

  { method: 'POST', path: '/v3/vault/payment-tokens', status: 201, keyed: true, run: keeps },
  { method: 'GET', path: '/v3/vault/payment-tokens', status: 200, run: lists },
  { method: 'DELETE', path: '/v3/vault/payment-tokens/{id}', status: 204, run: call => { const gone = find(call.account.kept, call.id); call.account.kept = call.account.kept.filter(kept => kept !== gone); return {} } },

  { method: 'POST', path: '/v1/catalogs/products', status: 201, keyed: true, run: ({ world, account, body }) => createProduct(world, account, body) },
  { method: 'GET', path: '/v1/catalogs/products/{product_id}', status: 200, run: ({ account, id }) => find(account.products, id) },
  { method: 'POST', path: '/v1/billing/plans', status: 201, keyed: true, run: ({ world, account, body }) => createPlan(world, account, body) },
  { method: 'GET', path: '/v1/billing/plans', status: 200, run: call => page(call, call.account.plans.filter(({ product_id: product }) => [null, product].includes(call.query.get('product_id'))).map(({ id, product_id, name, status, create_time }) => ({ id, product_id, name, status, create_time, links: linksTo(call.world, `/v1/billing/plans/${String(id)}`) })), 'plans') },
  { method: 'GET', path: '/v1/billing/plans/{id}', status: 200, run: ({ account, id }) => find(account.plans, id) },
  { method: 'POST', path: '/v1/billing/subscriptions', status: 201, keyed: true, run: ({ world, account, body }) => createSubscription(world, account, body) },
  { method: 'GET', path: '/v1/billing/subscriptions/{id}', status: 200, run: ({ account, id }) => subscriptionShown(find(account.subscriptions, id)) },
  ...['cancel', 'suspend', 'activate'].map((verb): Route => ({ method: 'POST', path: `/v1/billing/subscriptions/{id}/${verb}`, status: 204, run: ({ world, account, id, body }) => { changeSubscription(world, account, find(account.subscriptions, id), verb, body); return {} } })),
  { method: 'GET', path: '/v1/billing/subscriptions/{id}/transactions', status: 200, run: ({ world, account, id, query, path }) => { const { transactions } = find(account.subscriptions, id); return { transactions: transactions.filter(({ time }: Json) => within(time, query.get('start_time'), query.get('end_time'))), total_items: transactions.length, total_pages: 1, links: linksTo(world, path) } } },

  { method: 'GET', path: '/v1/customer/disputes', status: 200, run: disputes },
  { method: 'GET', path: '/v1/customer/disputes/{id}', status: 200, run: ({ account, id }) => find(account.disputes, id, 'dispute_id') },
  { method: 'POST', path: '/v1/customer/disputes/{id}/provide-evidence', status: 200, run: evidence },
  { method: 'POST', path: '/v1/customer/disputes/{id}/accept-claim', status: 200, run: accept },

  { method: 'GET', path: '/v1/reporting/transactions', status: 200, run: report },
  { method: 'GET', path: '/v1/reporting/balances', status: 200, run: ({ world, account }) => { mayReport(world); return { balances: [{ currency: 'MXN', primary: true, total_balance: { currency_code: 'MXN', value: '0.00' } }], account_id: account.merchant, as_of_time: world.now().toISOString(), last_refresh_time: world.now().toISOString() } } },

  { method: 'GET', path: '/v1/notifications/webhooks', status: 200, run: ({ account }) => ({ webhooks: account.webhooks }) },
  { method: 'POST', path: '/v1/notifications/webhooks', status: 201, run: hooks },
  { method: 'GET', path: '/v1/notifications/webhooks/{webhook_id}', status: 200, run: ({ account, id }) => find(account.webhooks, id) },
  { method: 'PATCH', path: '/v1/notifications/webhooks/{webhook_id}', status: 200, run: ({ account, id, body }) => { const hook = find(account.webhooks, id); for (const { path, value } of body as Json[]) hook[String(path).slice(1)] = value; return hook } },
  { method: 'DELETE', path: '/v1/notifications/webhooks/{webhook_id}', status: 204, run: call => { const gone = find(call.account.webhooks, call.id); call.account.webhooks = call.account.webhooks.filter(hook => hook !== gone); return {} } },
  { method: 'GET', path: '/v1/notifications/webhooks-events', status: 200, run: ({ world, account, query, path }) => { const events = account.events.filter(({ event_type: type, create_time: at }) => [null, type].includes(query.get('event_type')) && within(at, query.get('start_time'), query.get('end_time'))); return { events: events.toReversed().slice(0, Number(query.get('page_size') ?? 10)), count: events.length, links: linksTo(world, path) } } }
]

function keeps (call: Call): Json {
  const { world, account, body } = call
  const token = body.payment_source?.token
  if (token?.type !== 'SETUP_TOKEN' || typeof token.id !== 'string') throw invalid('INVALID_PARAMETER_VALUE', '/payment_source/token/type')
  const customer = body.customer?.id ?? world.id()
  if (!/^[0-9a-zA-Z_-]{1,22}$/.test(customer)) throw invalid('INVALID_STRING_MAX_LENGTH', '/customer/id')
  const behaviour = /^setup-(\w+)$/i.exec(token.id)?.[1]?.toLowerCase()
  if (behaviour === undefined || !(behaviours as readonly string[]).includes(behaviour)) throw unprocessable('TOKEN_ID_NOT_FOUND')
  // A test token is good any number of times, but not twice for one customer.
  if (account.used.includes(`${customer} ${behaviour}`)) throw unprocessable('TOKEN_ALREADY_USED')
  if (behaviour === 'refused') throw unprocessable('INSTRUMENT_DECLINED')
  account.used.push(`${customer} ${behaviour}`)
  const tokenId = world.id().toLowerCase()
  const kept = { id: tokenId, customer: { id: customer }, payment_source: { card: { last_digits: '1111', brand: 'VISA', expiry: '2031-12' } }, links: linksTo(world, `/v3/vault/payment-tokens/${tokenId}`), behaviour }
  account.kept.push(kept)
  tell(world, account, 'VAULT.PAYMENT-TOKEN.CREATED', 'payment_token', keptShown(kept))
  return keptShown(kept)
}

const keptShown = ({ behaviour: _, ...kept }: Json): Json => kept

function lists (call: Call): Json {
  const owner = call.query.get('customer_id')
  const kept = call.account.kept.filter(({ customer }) => customer.id === owner)
  if (kept.length === 0) throw notFound()
  return { customer: { id: owner }, ...page(call, kept.map(keptShown), 'payment_tokens', 5) }
}

function disputes ({ world, account, query, path }: Call): Json {
  const listed = account.disputes.filter(({ create_time: at }) => within(at, query.get('start_time'), null))
  const [start, size] = [Number(query.get('next_page_token') ?? 0), Number(query.get('page_size') ?? 10)]
  const links = start + size < listed.length ? [{ href: `https://api-m.sandbox.paypal.com/v1/customer/disputes?next_page_token=${start + size}`, rel: 'next', method: 'GET' }] : []
  return { items: listed.slice(start, start + size).map(({ dispute_id, create_time, update_time, reason, status, dispute_amount, dispute_life_cycle_stage }) => ({ dispute_id, create_time, update_time, reason, status, dispute_amount, dispute_life_cycle_stage })), links: [...linksTo(world, path), ...links] }
}

function evidence ({ world, account, id, text, contentType }: Call): Json {
  const dispute = find(account.disputes, id, 'dispute_id')
  if (!contentType.startsWith('multipart/form-data; boundary=')) throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE')
  const input = /name="input"[^\r]*\r\nContent-Type: application\/json\r\n\r\n([^\r]*)\r\n/.exec(text)?.[1]
  const { evidences } = JSON.parse(input ?? '{}') as { evidences?: Json[] }
  if (!Array.isArray(evidences) || evidences.length === 0) throw invalid('MISSING_REQUIRED_PARAMETER', '/evidences')
  if (dispute.status !== 'WAITING_FOR_SELLER_RESPONSE' && dispute.status !== 'OPEN') throw unprocessable('DISPUTE_STATUS_NOT_VALID')
  dispute.evidences = [...dispute.evidences ?? [], ...evidences.map(each => ({ ...each, source: 'SUBMITTED_BY_SELLER' }))]
  dispute.status = 'UNDER_REVIEW'
  tell(world, account, 'CUSTOMER.DISPUTE.UPDATED', 'dispute', dispute)
  return { links: linksTo(world, `/v1/customer/disputes/${id}`) }
}

function accept ({ world, account, id }: Call): Json {
  const dispute = find(account.disputes, id, 'dispute_id')
  if (dispute.status === 'RESOLVED') throw unprocessable('DISPUTE_ALREADY_RESOLVED')
  Object.assign(dispute, { status: 'RESOLVED', dispute_outcome: { outcome_code: 'ACCEPTED', amount_refunded: dispute.dispute_amount } })
  tell(world, account, 'CUSTOMER.DISPUTE.RESOLVED', 'dispute', dispute)
  return { links: linksTo(world, `/v1/customer/disputes/${id}`) }
}

function mayReport ({ reports }: World): void {
  if (!reports) throw new Refusal(403, 'NOT_AUTHORIZED', { issue: 'PERMISSION_DENIED' })
}

function report (call: Call): Json {
  mayReport(call.world)
  const [from, to] = [call.query.get('start_date'), call.query.get('end_date')]
  if (from === null || to === null || Date.parse(to) - Date.parse(from) > 31 * 86_400_000) throw invalid('INVALID_PARAMETER_VALUE', '/end_date')
  const rows = call.account.report.filter(({ transaction_info: { transaction_initiation_date: at } }) => within(at, from, to))
  const { total_items, total_pages, transaction_details } = page(call, rows, 'transaction_details', 100)
  return { transaction_details, account_number: call.account.merchant, start_date: from, end_date: to, page: Number(call.query.get('page') ?? 1), total_items, total_pages, links: linksTo(call.world, call.path) }
}

function hooks ({ world, account, body, localHooks }: Call): Json {
  if (!URL.canParse(body.url) || !Array.isArray(body.event_types) || body.event_types.length === 0) throw invalid('INVALID_PARAMETER_VALUE', '/url')
  // PayPal wants HTTPS, and no address of the machine itself. The demo listens there, so it may be told to look away.
  if (!localHooks && !body.url.startsWith('https://')) throw invalid('INVALID_PARAMETER_VALUE', '/url')
  if (account.webhooks.some(({ url }) => url === body.url)) throw invalid('WEBHOOK_URL_ALREADY_EXISTS', '/url')
  const id = world.id()
  const hook = { id, url: body.url, event_types: body.event_types, links: linksTo(world, `/v1/notifications/webhooks/${id}`) }
  account.webhooks.push(hook)
  return hook
}
