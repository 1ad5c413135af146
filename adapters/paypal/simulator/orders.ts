import { type Account, find, invalid, iso, type Json, linksTo, money, notFound, tell, tellCapture, units, unprocessable, type World } from './world.ts'

/** Orders, what is held and taken of them, and what goes back. Written from the OpenAPI documents of orders v2 and payments v2, and facts section 5. */

const hourMs = 3_600_000

/** Cards that every account of the simulator keeps, by the end of their name: what the bank says of each. */
export const behaviours = ['visa', '5120', '5400', '5110', '9500', '5100', '5200', '3ds', 'refused', 'pending'] as const
const cardShown = { last_digits: '1111', brand: 'VISA', type: 'CREDIT', expiry: '2031-12' }

export function createOrder (world: World, account: Account, body: Json, key: string | undefined): Json {
  if (!['CAPTURE', 'AUTHORIZE'].includes(body.intent)) throw invalid('INVALID_PARAMETER_VALUE', '/intent')
  if (!Array.isArray(body.purchase_units) || body.purchase_units.length !== 1) throw invalid('INVALID_ARRAY_MIN_ITEMS', '/purchase_units')
  const [asked] = body.purchase_units as Json[]
  const total = units(asked!.amount, '/purchase_units/@reference_id==\'default\'/amount/value')
  for (const [field, most] of [['custom_id', 127], ['invoice_id', 127], ['description', 127], ['soft_descriptor', 22]] as const) if (asked![field] !== undefined && (asked![field].length < 1 || asked![field].length > most)) throw invalid('INVALID_STRING_MAX_LENGTH', `/purchase_units/0/${field}`)
  if (asked!.items !== undefined) {
    const items = (asked!.items as Json[]).reduce((sum, { quantity, unit_amount: unit }) => sum + Number(quantity) * units(unit), 0)
    if (asked!.amount.breakdown?.item_total === undefined) throw unprocessable('ITEM_TOTAL_REQUIRED')
    if (items !== units(asked!.amount.breakdown.item_total)) throw unprocessable('ITEM_TOTAL_MISMATCH')
    if (items !== total) throw unprocessable('AMOUNT_MISMATCH')
  }
  const source = (body.payment_source ?? {}) as Json
  if (body.payment_source !== undefined && key === undefined) throw invalid('PAYPAL_REQUEST_ID_REQUIRED', 'PayPal-Request-Id')
  if (asked!.invoice_id !== undefined && account.captures.some(({ invoice_id: invoice, status }) => invoice === asked!.invoice_id && status !== 'DECLINED')) throw unprocessable('DUPLICATE_INVOICE_ID')
  const name = Object.keys(source)[0] ?? 'paypal'
  const vaultId = source[name]?.vault_id as string | undefined
  const behaviour = vaultId === undefined ? undefined : behaviourOf(account, vaultId)
  if (behaviour === 'refused') throw unprocessable('INSTRUMENT_DECLINED')
  const id = world.id()
  const now = iso(world.now())
  const order: Json = {
    id, intent: body.intent, status: 'CREATED', create_time: now, update_time: now,
    payment_source: { [name]: name === 'card' ? { ...cardShown } : vaultId === undefined ? {} : { email_address: 'ana@shop.test', account_id: 'QYR5Z8XDVJNXQ', account_status: 'VERIFIED', name: { given_name: 'Ana', surname: 'Pérez' } } },
    purchase_units: [{ reference_id: asked!.reference_id ?? 'default', amount: asked!.amount, payee: { merchant_id: account.merchant }, ...(asked!.custom_id !== undefined && { custom_id: asked!.custom_id }), ...(asked!.invoice_id !== undefined && { invoice_id: asked!.invoice_id }), ...(asked!.description !== undefined && { description: asked!.description }), ...(asked!.items !== undefined && { items: asked!.items }) }],
    links: [{ href: `${world.url()}/v2/checkout/orders/${id}`, rel: 'self', method: 'GET' }]
  }
  account.orders.push(order)
  account.ledger[id] = { charges: 0, captures: 0, refunds: 0, cancellations: 0, source: source[name] ?? {}, expiresAt: world.now().getTime() + 3 * hourMs }
  if (behaviour === undefined || behaviour === '3ds') {
    order.status = 'PAYER_ACTION_REQUIRED'
    order.links.push({ href: `${world.url()}/checkoutnow?token=${id}`, rel: 'payer-action', method: 'GET' })
    return order
  }
  move(world, account, order, behaviour)
  return order
}

function behaviourOf (account: Account, vaultId: string): string {
  const kept = account.kept.find(({ id }) => id === vaultId)
  const own = /^vault-(\w+)$/.exec(vaultId)?.[1]
  if (kept === undefined && (own === undefined || !(behaviours as readonly string[]).includes(own))) throw unprocessable('TOKEN_ID_NOT_FOUND')
  return kept?.behaviour ?? own!
}

export function readOrder (world: World, account: Account, id: string): Json {
  const order = find(account.orders, id)
  if (['CREATED', 'PAYER_ACTION_REQUIRED', 'APPROVED'].includes(order.status) && account.ledger[id]!.expiresAt < world.now().getTime()) throw notFound()
  return order
}

/** Takes, or holds, the money of an order. */
function move (world: World, account: Account, order: Json, behaviour: string): void {
  const [unit] = order.purchase_units as [Json]
  const declined = /^\d{4}$/.test(behaviour)
  const now = iso(world.now())
  const common = {
    id: world.id(), amount: { currency_code: unit.amount.currency_code, value: unit.amount.value }, ...(unit.custom_id !== undefined && { custom_id: unit.custom_id }), ...(unit.invoice_id !== undefined && { invoice_id: unit.invoice_id }), create_time: now, update_time: now,
    ...(declined && { processor_response: { response_code: behaviour } }), supplementary_data: { related_ids: { order_id: order.id } }
  }
  order.status = 'COMPLETED'
  order.update_time = now
  order.links = order.links.filter(({ rel }: Json) => rel === 'self')
  const ledger = account.ledger[order.id]!
  if (order.intent === 'AUTHORIZE') {
    const authorization = { ...common, status: declined ? 'DENIED' : 'CREATED', expiration_time: iso(new Date(world.now().getTime() + 29 * 24 * hourMs)) }
    unit.payments = { authorizations: [authorization] }
    account.authorizations.push(authorization)
    if (!declined) {
      ledger.charges++
      tell(world, account, 'PAYMENT.AUTHORIZATION.CREATED', 'authorization', authorization)
    }
    return
  }
  const capture = captured(account, common, behaviour)
  unit.payments = { captures: [capture] }
  if (!declined) ledger.charges++
  tell(world, account, 'CHECKOUT.ORDER.COMPLETED', 'checkout-order', order)
  tellCapture(world, account, capture)
  if (capture.status === 'COMPLETED') book(world, account, capture)
}

function captured (account: Account, common: Json, behaviour: string): Json {
  const gross = units(common.amount)
  const fee = Math.max(1, Math.round(gross * 0.034))
  const currency = common.amount.currency_code as string
  const capture: Json = {
    ...common, status: /^\d{4}$/.test(behaviour) ? 'DECLINED' : behaviour === 'pending' ? 'PENDING' : 'COMPLETED', ...(behaviour === 'pending' && { status_details: { reason: 'PENDING_REVIEW' } }),
    final_capture: true, disbursement_mode: 'INSTANT', seller_protection: { status: 'ELIGIBLE', dispute_categories: ['ITEM_NOT_RECEIVED'] },
    seller_receivable_breakdown: { gross_amount: common.amount, paypal_fee: money(fee, currency), net_amount: money(gross - fee, currency) }
  }
  account.captures.push(capture)
  return capture
}

export function settle (world: World, account: Account, capture: Json): void {
  capture.status = 'COMPLETED'
  delete capture.status_details
  tellCapture(world, account, capture)
  book(world, account, capture)
}

function book (world: World, account: Account, capture: Json, code = 'T0006', reference?: [string, string]): void {
  const { paypal_fee: fee } = capture.seller_receivable_breakdown
  account.report.push({ transaction_info: { paypal_account_id: 'QYR5Z8XDVJNXQ', transaction_id: capture.id, transaction_event_code: code, transaction_initiation_date: iso(world.now()), transaction_updated_date: iso(world.now()), transaction_amount: capture.amount, fee_amount: { ...fee, value: `-${String(fee.value)}` }, transaction_status: 'S', ...(capture.custom_id !== undefined && { custom_field: capture.custom_id }), ...(capture.invoice_id !== undefined && { invoice_id: capture.invoice_id }), ...(reference !== undefined && { paypal_reference_id: reference[1], paypal_reference_id_type: reference[0] }) } })
}

/** A subscription's charge: a capture that no order made. */
export function charge (world: World, account: Account, amount: Json, customId: string | undefined, subscription: string): Json {
  const now = iso(world.now())
  const capture = captured(account, { id: world.id(), amount, ...(customId !== undefined && { custom_id: customId }), create_time: now, update_time: now }, 'visa')
  book(world, account, capture, 'T0002', ['SUB', subscription])
  return capture
}

/** The payer's part, on the page. */
export function approve (world: World, account: Account, order: Json, funding = 'visa'): void {
  if (order.status !== 'PAYER_ACTION_REQUIRED' && order.status !== 'CREATED' && order.status !== 'APPROVED') throw new Error(`the order is ${String(order.status)}`)
  order.status = 'APPROVED'
  order.update_time = iso(new Date(Math.max(world.now().getTime(), Date.parse(order.update_time) + 1000)))
  order.funding = funding
  const [name] = Object.keys(order.payment_source) as [string]
  const asked = account.ledger[order.id]!.source
  if (name === 'paypal') {
    order.payment_source.paypal = { email_address: 'ana@shop.test', account_id: 'QYR5Z8XDVJNXQ', account_status: 'VERIFIED', name: { given_name: 'Ana', surname: 'Pérez' } }
    if (asked.attributes?.vault?.store_in_vault === 'ON_SUCCESS') {
      const token = { id: world.id().toLowerCase(), customer: { id: asked.attributes.customer.id }, payment_source: { paypal: { email_address: 'ana@shop.test' } }, behaviour: 'visa' }
      account.kept.push(token)
      order.payment_source.paypal.attributes = { vault: { id: token.id, status: 'VAULTED', customer: token.customer, links: linksTo(world, `/v3/vault/payment-tokens/${token.id}`) } }
    }
  }
  tell(world, account, 'CHECKOUT.ORDER.APPROVED', 'checkout-order', shown(order))
}

export const shown = ({ funding: _, ...order }: Json): Json => order

/** What was approved is taken or held. */
export function complete (world: World, account: Account, order: Json, intent: 'CAPTURE' | 'AUTHORIZE'): Json {
  if (order.intent !== intent) throw unprocessable('ACTION_DOES_NOT_MATCH_INTENT')
  if (order.status === 'COMPLETED') throw unprocessable(intent === 'CAPTURE' ? 'ORDER_ALREADY_CAPTURED' : 'ORDER_ALREADY_AUTHORIZED')
  if (order.status !== 'APPROVED') throw unprocessable('ORDER_NOT_APPROVED')
  if (order.funding === 'refused') throw unprocessable('INSTRUMENT_DECLINED', { links: [{ href: `${world.url()}/checkoutnow?token=${String(order.id)}`, rel: 'redirect', method: 'GET' }] })
  if (order.funding === 'impossible') throw unprocessable('PAYER_CANNOT_PAY')
  move(world, account, order, order.funding ?? 'visa')
  return order
}

export function captureHeld (world: World, account: Account, held: Json, body: Json): Json {
  if (held.status === 'VOIDED') throw unprocessable('AUTHORIZATION_VOIDED')
  if (held.status !== 'CREATED') throw unprocessable('AUTHORIZATION_ALREADY_CAPTURED')
  const amount = body.amount ?? held.amount
  if (amount.currency_code !== held.amount.currency_code) throw unprocessable('AUTH_CAPTURE_CURRENCY_MISMATCH')
  if (units(amount) > Math.floor(units(held.amount) * 1.15)) throw unprocessable('MAX_CAPTURE_AMOUNT_EXCEEDED')
  const order = find(account.orders, held.supplementary_data.related_ids.order_id)
  const now = iso(world.now())
  const capture = captured(account, { id: world.id(), amount, ...(held.custom_id !== undefined && { custom_id: held.custom_id }), create_time: now, update_time: now, supplementary_data: { related_ids: { order_id: order.id, authorization_id: held.id } } }, 'visa')
  capture.final_capture = body.final_capture === true
  held.status = units(amount) < units(held.amount) && body.final_capture !== true ? 'PARTIALLY_CAPTURED' : 'CAPTURED'
  order.purchase_units[0].payments.captures = [...order.purchase_units[0].payments.captures ?? [], capture]
  account.ledger[order.id]!.captures++
  tellCapture(world, account, capture)
  book(world, account, capture)
  return capture
}

export function voidHeld (world: World, account: Account, held: Json): void {
  if (held.status === 'VOIDED') throw unprocessable('PREVIOUSLY_VOIDED')
  if (held.status !== 'CREATED') throw unprocessable('PREVIOUSLY_CAPTURED')
  held.status = 'VOIDED'
  account.ledger[held.supplementary_data.related_ids.order_id]!.cancellations++
  tell(world, account, 'PAYMENT.AUTHORIZATION.VOIDED', 'authorization', held)
}

export function refund (world: World, account: Account, capture: Json, body: Json): Json {
  if (capture.status === 'REFUNDED') throw unprocessable('CAPTURE_FULLY_REFUNDED')
  if (!['COMPLETED', 'PARTIALLY_REFUNDED'].includes(capture.status)) throw unprocessable('REFUND_NOT_ALLOWED')
  const amount = body.amount ?? capture.amount
  if (amount.currency_code !== capture.amount.currency_code) throw unprocessable('REFUND_CAPTURE_CURRENCY_MISMATCH')
  const asked = units(amount)
  const before = account.refunds.filter(({ of }) => of === capture.id).reduce((sum, refund) => sum + units(refund.amount), 0)
  if (before + asked > units(capture.amount)) throw unprocessable('REFUND_AMOUNT_EXCEEDED')
  const now = iso(world.now())
  const made: Json = {
    id: world.id(), of: capture.id, status: 'COMPLETED', amount, ...(body.custom_id !== undefined && { custom_id: body.custom_id }), create_time: now, update_time: now,
    seller_payable_breakdown: { gross_amount: amount, net_amount: amount, total_refunded_amount: money(before + asked, amount.currency_code) },
    links: [{ href: `${world.url()}/v2/payments/refunds/x`, rel: 'self', method: 'GET' }, { href: `${world.url()}/v2/payments/captures/${String(capture.id)}`, rel: 'up', method: 'GET' }]
  }
  made.links[0].href = `${world.url()}/v2/payments/refunds/${String(made.id)}`
  account.refunds.push(made)
  capture.status = before + asked === units(capture.amount) ? 'REFUNDED' : 'PARTIALLY_REFUNDED'
  const orderId = capture.supplementary_data?.related_ids?.order_id as string | undefined
  if (orderId !== undefined) {
    const payments = find(account.orders, orderId).purchase_units[0].payments
    payments.refunds = [...payments.refunds ?? [], refundShown(made)]
    account.ledger[orderId]!.refunds++
  }
  account.report.push({ transaction_info: { transaction_id: made.id, paypal_reference_id: capture.id, paypal_reference_id_type: 'TXN', transaction_event_code: 'T1107', transaction_initiation_date: now, transaction_amount: { ...amount, value: `-${String(amount.value)}` }, transaction_status: 'S', ...(made.custom_id !== undefined && { custom_field: made.custom_id }) } })
  tell(world, account, 'PAYMENT.CAPTURE.REFUNDED', 'refund', refundShown(made))
  return refundShown(made)
}

export const refundShown = ({ of: _, ...refund }: Json): Json => refund
