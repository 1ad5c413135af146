import { sign } from 'node:crypto'
import { cardNamed, takeToken } from './cards.ts'
import { clabe } from './clabe.ts'
import { type Account, type Charge, hasCharge, invalid, type Json, missing, notFound, type Order, Refusal, signingKey, type World } from './world.ts'

/** What happens to orders. Written from facts section 2 and the OpenAPI document 2.3.0 (its schemas and examples). */

const dayS = 86_400
export const list = (data: Json[] = []): Json => ({ object: 'list', has_more: false, total: data.length, data })

// --- events ----------------------------------------------------------------------------------------------------------

export function tell (world: World, account: Account, type: string, object: Json, only?: string): void {
  const event = {
    id: world.hex(), object: 'event', type, livemode: account.livemode, created_at: world.now(), webhook_status: 'pending', webhook_logs: [],
    data: type === 'webhook_ping' ? { action: 'ping' } : { object: structuredClone(object), previous_attributes: {} }
  }
  account.events.push(event)
  for (const hook of account.webhooks) {
    if (only !== undefined && hook.id !== only) continue
    if (!hook.active || (hook.subscribed_events.length > 0 && !hook.subscribed_events.includes(type))) continue
    world.deliveries.send(() => ({ url: hook.url, ...signedWith(event, signer(world, account).private_key) }))
  }
  world.changed()
}

/** `DIGEST`: RSA, PKCS #1 v1.5, SHA-256, over the body. Source: facts section 2.5. */
export function signedWith (event: Json, privateKey: string): { headers: Record<string, string>, body: Buffer } {
  const body = Buffer.from(JSON.stringify(event))
  return { headers: { 'content-type': 'application/json', 'user-agent': 'Conekta/Webhook', digest: sign('sha256', body, privateKey).toString('base64') }, body }
}

/** The newest active key; what nobody asked for yet is made now. */
export function signer (world: World, account: Account): Json {
  const known = account.webhookKeys.findLast(({ active }) => active)
  if (known !== undefined) return known
  const { privateKey, publicKey } = signingKey()
  const key = { id: world.id('whk_'), active: true, created_at: world.now(), livemode: account.livemode, object: 'webhook_key', public_key: publicKey, private_key: privateKey }
  account.webhookKeys.push(key)
  world.changed()
  return key
}

/** Each payment is told twice, as a charge and as its order. */
export function tellOrder (world: World, account: Account, order: Order, charge: Charge | undefined, what: string): void {
  order.updated_at = world.now()
  if (charge !== undefined) tell(world, account, `charge.${what === 'pending_payment' ? 'created' : what}`, charge)
  tell(world, account, `order.${what}`, order)
}

// --- orders ----------------------------------------------------------------------------------------------------------

export function createOrder (world: World, account: Account, asked: Json): Order {
  const total = checkOrder(asked)
  const id = world.id('ord_')
  const known = asked.customer_info.customer_id === undefined ? undefined : account.customers.find(({ id }) => id === asked.customer_info.customer_id)
  if (asked.customer_info.customer_id !== undefined && known === undefined) throw new Refusal(422, 'parameter_validation.customer_info.customer_id.not_found', 'The customer does not exist.', { param: 'customer_info[customer_id]' })
  const order: Order = {
    livemode: account.livemode, amount: total, currency: asked.currency, payment_status: null, amount_refunded: 0, split_payment: false,
    customer_info: known === undefined
      ? { name: asked.customer_info.name, email: asked.customer_info.email, phone: asked.customer_info.phone, object: 'customer_info' }
      : { name: known.name, email: known.email, phone: known.phone, customer_id: known.id, object: 'customer_info' },
    object: 'order', id, metadata: { ...asked.metadata }, is_refundable: false, created_at: world.now(), updated_at: world.now(),
    line_items: list(asked.line_items.map((line: Json) => ({ name: line.name, unit_price: line.unit_price, quantity: line.quantity, ...(line.description !== undefined && { description: line.description }), object: 'line_item', id: world.id('line_item_'), parent_id: id, metadata: {}, antifraud_info: {} }))),
    charges: list() as Order['charges']
  }
  account.ledger[id] = { preAuthorize: asked.pre_authorize === true, charges: 0, captures: 0, captured: 0, refunds: 0, cancellations: 0 }
  if (asked.checkout !== undefined) order.checkout = hostedCheckout(world, account, order, asked.checkout)
  const planned = (asked.charges ?? []) as Json[]
  for (const charge of planned) checkCharge(account, order, charge)
  account.orders.push(order)
  world.changed()
  tell(world, account, 'order.created', order)
  for (const charge of planned) addCharge(world, account, order, charge, asked)
  return order
}

/** The total, or why it is refused. */
function checkOrder ({ currency, customer_info: customer, line_items: lines, metadata = {}, checkout, charges }: Json): number {
  if (currency === undefined) throw missing('currency')
  if (!['MXN', 'USD'].includes(currency)) throw invalid('currency', 'currency_not_supported')
  if (customer === undefined) throw missing('customer_info')
  if (customer.customer_id === undefined) for (const field of ['name', 'email', 'phone']) if (typeof customer[field] !== 'string' || customer[field] === '') throw missing(`customer_info.${field}`)
  if (customer.email !== undefined && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(customer.email)) throw invalid('customer_info.email', 'invalid')
  const total = checkLines(lines)
  if (Object.keys(metadata).length > 100 || Object.values(metadata).some(value => typeof value === 'object' || String(value).length > 249)) throw invalid('metadata', 'invalid')
  if (checkout !== undefined) {
    if (!['Integration', 'HostedPayment'].includes(checkout.type)) throw invalid('checkout.type', 'invalid')
    if (checkout.allowed_payment_methods?.some((name: string) => !['cash', 'card', 'bank_transfer', 'bnpl', 'pay_by_bank', 'apple', 'google'].includes(name))) throw invalid('checkout.allowed_payment_methods', 'invalid')
  }
  if (charges !== undefined && total < (currency === 'MXN' ? 300 : 1)) throw new Refusal(422, 'parameter_validation.combo.order.currency_type.card.minimum', 'The amount is too small.', { param: 'amount' })
  return total
}

export function checkLines (lines: unknown): number {
  if (!Array.isArray(lines) || lines.length === 0) throw missing('line_items')
  for (const { name, unit_price: price, quantity } of lines as Json[]) {
    if (typeof name !== 'string' || name.length < 3 || name.length > 249) throw invalid('line_items.name', 'invalid')
    if (!Number.isInteger(price) || price < 0 || price > 2_147_483_647) throw invalid('line_items.unit_price', 'invalid')
    if (!Number.isInteger(quantity) || quantity < 1) throw invalid('line_items.quantity', 'invalid')
  }
  return (lines as Json[]).reduce((sum, { unit_price: price, quantity }) => sum + price * quantity, 0)
}

/** From five minutes to a year. */
export function checkEnd (world: World, at: unknown, param: string): void {
  if (!Number.isInteger(at) || Number(at) < world.now() + 290 || Number(at) > world.now() + 365 * dayS + 10) throw invalid(param, 'invalid')
}

function hostedCheckout (world: World, account: Account, order: Order, asked: Json): Json {
  if (asked.expires_at !== undefined) checkEnd(world, asked.expires_at, 'checkout.expires_at')
  const id = uuid(world)
  const checkout = checkoutOf(world, account, id, { name: asked.name ?? `ord-${order.id}`, type: asked.type, ...asked })
  account.checkouts.push(checkout)
  account.templates[id] = { order: order.id }
  return checkout
}

export function checkoutOf (world: World, account: Account, id: string, asked: Json): Json {
  const slug = id.replaceAll('-', '')
  return {
    id, name: asked.name, livemode: account.livemode, emails_sent: 0, paid_payments_count: 0, sms_sent: 0, status: 'Issued', type: asked.type, recurrent: asked.recurrent === true, starts_at: world.now(),
    expires_at: asked.expires_at ?? world.now() + 3 * dayS, allowed_payment_methods: asked.allowed_payment_methods ?? ['card', 'cash', 'bank_transfer'], exclude_card_networks: [], needs_shipping_contact: false,
    monthly_installments_enabled: false, monthly_installments_options: [], force_3ds_flow: false, can_not_expire: false, metadata: {}, object: 'checkout', slug,
    url: `${world.url()}/checkout/${slug}`, ...(asked.success_url !== undefined && { success_url: asked.success_url }), ...(asked.failure_url !== undefined && { failure_url: asked.failure_url })
  }
}

export function uuid (world: World): string {
  const hex = (world.hex() + world.hex()).slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

// --- charges ---------------------------------------------------------------------------------------------------------

const wireTypes = ['card', 'cash', 'oxxo_cash', 'spei', 'pay_by_bank']

/** What is refused before anything is made. A token is looked at, and used only by the charge itself. */
export function checkCharge (account: Account, order: Order, { amount, payment_method: method }: Json): void {
  if (method === undefined) throw missing('charges.payment_method')
  if (!wireTypes.includes(method.type)) throw invalid('charges.payment_method.type', 'invalid')
  if (amount !== undefined && amount !== order.amount) throw new Refusal(422, 'parameter_validation.charges.amount.invalid', 'The charges do not add up to the order.', { param: 'charges[0][amount]' })
  if (account.ledger[order.id]!.preAuthorize && method.type !== 'card') throw invalid('pre_authorize', 'invalid')
  if (method.monthly_installments !== undefined && ![3, 6, 9, 12, 18, 24].includes(method.monthly_installments)) throw invalid('charges.payment_method.monthly_installments', 'invalid')
  if (method.type !== 'card') {
    if (order.currency !== 'MXN') throw invalid('currency', 'currency_not_supported')
    if (['cash', 'oxxo_cash'].includes(method.type) && order.amount > 1_000_000) throw new Refusal(422, 'parameter_validation.combo.order.currency_type.oxxo.maximum', 'The amount is too large.', { param: 'amount' })
    if (method.type === 'pay_by_bank' && method.product_type !== 'bbva_pay_by_bank') throw invalid('charges.payment_method.product_type', 'invalid')
    return
  }
  if (method.payment_source_id === undefined && typeof method.token_id !== 'string') throw missing('charges.payment_method.token_id')
  if (method.payment_source_id === undefined) return
  const owner = account.customers.find(({ payment_sources: sources }) => sources.data.some(({ id }: Json) => id === method.payment_source_id))
  if (owner === undefined || owner.id !== order.customer_info.customer_id) throw new Refusal(422, 'parameter_validation.payment_method.payment_source_id.not_found', 'The payment source does not exist.', { param: 'charges[0][payment_method][payment_source_id]' })
}

export function addCharge (world: World, account: Account, order: Order, { payment_method: method, reference_id: reference }: Json, { return_url: returnUrl }: Json = {}): Charge {
  const card = method.type !== 'card' ? undefined : method.payment_source_id === undefined ? takeToken(account, method.token_id) : account.sources[method.payment_source_id]!
  const charge: Charge = {
    id: world.hex(), livemode: account.livemode, created_at: world.now(), currency: order.currency, object: 'charge', description: 'Payment from order', status: 'pending_payment', amount: order.amount,
    customer_id: order.customer_info.customer_id ?? '', order_id: order.id, is_refundable: false, paid_at: null, reference_id: reference ?? null,
    ...(method.monthly_installments !== undefined && { monthly_installments: method.monthly_installments }),
    payment_method: card === undefined ? outside(world, method) : cardShown(card)
  }
  order.charges.data.push(charge)
  order.charges.total = order.charges.data.length
  if (card === undefined) return pending(world, account, order, charge)
  const { verdict } = cardNamed(card)
  switch (verdict.says) {
    case 'yes': return approve(world, account, order, charge)
    case 'ask':
      order.next_action = { type: 'redirect_to_url', redirect_to_url: { url: `${world.url()}/3ds/${order.id}`, return_url: returnUrl ?? `${world.url()}/thanks` } }
      return pending(world, account, order, charge)
    case 'no':
      decline(world, account, order, charge, verdict)
      throw new Refusal(402, verdict.code, verdict.message, { data: structuredClone(order) })
  }
}

function pending (world: World, account: Account, order: Order, charge: Charge): Charge {
  order.payment_status = 'pending_payment'
  tellOrder(world, account, order, charge, 'pending_payment')
  return charge
}

export function approve (world: World, account: Account, order: Order, charge: Charge): Charge {
  const ledger = account.ledger[order.id]!
  delete order.next_action
  ledger.charges++
  if (ledger.preAuthorize) {
    charge.status = order.payment_status = 'pre_authorized'
    tellOrder(world, account, order, charge, 'pre_authorized')
    return charge
  }
  take(world, account, order, charge, charge.amount)
  return charge
}

/** Money comes in: the balance moves, and the charge counts as paid. */
function take (world: World, account: Account, order: Order, charge: Charge, amount: number): void {
  charge.status = order.payment_status = 'paid'
  charge.paid_at = world.now()
  charge.is_refundable = order.is_refundable = true
  account.ledger[order.id]!.captured = amount
  // 2.9 % and 2.50 pesos, with 16 % of tax.
  const fee = Math.min(amount, Math.round((amount * 0.029 + 250) * 1.16))
  move(world, account, order, charge, 'capture', amount, fee)
  if (order.checkout !== undefined) Object.assign(order.checkout, { status: 'Finalized', paid_payments_count: 1 })
  tellOrder(world, account, order, charge, 'paid')
}

function move (world: World, account: Account, order: Order, charge: Charge, type: string, amount: number, fee: number): void {
  const net = ['refund', 'chargeback'].includes(type) ? -amount - fee : amount - fee
  account.transactions.push({ id: world.hex(), object: 'transaction', livemode: account.livemode, amount, fee, net, currency: order.currency, type, status: 'pending', charge: charge.id, created_at: world.now() })
}

export function decline (world: World, account: Account, order: Order, charge: Charge, { failure, message }: { failure: string, message: string }): void {
  charge.status = order.payment_status = 'declined'
  charge.failure_code = failure
  charge.failure_message = message
  delete order.next_action
  tellOrder(world, account, order, charge, 'declined')
}

function cardShown (name: string): Json {
  const { brand, last4, account_type } = cardNamed(name)
  return { object: 'card_payment', type: account_type.toLowerCase(), account_type, auth_code: '867372', brand, country: 'MX', exp_month: '12', exp_year: '2031', fraud_indicators: [], issuer: 'BANAMEX', last4, name: 'Ana Pérez' }
}

let transfers = 0

function outside (world: World, method: Json): Json {
  const ends = method.expires_at ?? world.now() + 30 * dayS
  switch (method.type) {
    case 'spei': {
      // 646 is STP, 734 Finco Pay: both were seen in true answers.
      const [bank, code] = transfers++ % 2 === 0 ? ['STP', '646180'] : ['FINCO PAY', '734180']
      const number = clabe(`${code}${world.digits(11)}`)
      return {
        object: 'bank_transfer_payment', type: 'spei', bank, clabe: number, description: null, executed_at: null, expires_at: ends, issuing_account_bank: null, issuing_account_number: null, issuing_account_holder_name: null,
        issuing_account_tax_id: null, payment_attempts: [], receiving_account_holder_name: null, receiving_account_number: number, receiving_account_bank: bank, receiving_account_tax_id: null, reference_number: null, tracking_code: null
      }
    }
    case 'oxxo_cash':
      return { object: 'cash_payment', type: 'oxxo', service_name: 'OxxoPay', store_name: 'OXXO', reference: `93000${world.digits(9)}`, barcode_url: `${world.url()}/barcodes/${world.hex()}.png`, expires_at: ends, auth_code: null, cashier_id: null, store: null, agreement: '1234567' }
    case 'cash':
      return { object: 'cash_payment', type: 'cash', service_name: 'Cash', store_names: ['7 Eleven', 'Farmacias del Ahorro', 'CIRCLE K', 'Soriana'], reference: `10001${world.digits(15)}`, barcode_url: `${world.url()}/barcodes/${world.hex()}.png`, expires_at: ends, product_type: 'cash_in' }
    default: {
      const reference = world.digits(20)
      return { object: 'pay_by_bank_payment', type: 'pay_by_bank', product_type: 'bbva_pay_by_bank', reference, expires_at: ends, redirect_url: `${world.url()}/bank/${reference}`, deep_link: `${world.url()}/bank/${reference}?app=1` }
    }
  }
}

// --- what follows ----------------------------------------------------------------------------------------------------

export function openCharge ({ charges }: Order): Charge | undefined {
  return charges.data.findLast(({ status }) => status === 'pending_payment')
}

export function capture (world: World, account: Account, order: Order, amount: unknown): Order {
  if (!Number.isInteger(amount) || Number(amount) < 1) throw invalid('amount', 'invalid')
  const charge = order.charges.data.findLast(({ status }) => status === 'pre_authorized')
  if (charge === undefined) throw hasCharge()
  if (Number(amount) > charge.amount) throw new Refusal(422, 'parameter_validation.capture.amount.maximum', 'More than what is held.', { param: 'amount' })
  account.ledger[order.id]!.captures++
  take(world, account, order, charge, Number(amount))
  return order
}

export function cancel (world: World, account: Account, order: Order): Order {
  if (!['pre_authorized', 'pending_payment', null].includes(order.payment_status)) throw hasCharge()
  const charge = order.charges.data.findLast(({ status }) => status === 'pre_authorized' || status === 'pending_payment')
  if (charge !== undefined) charge.status = 'canceled'
  order.payment_status = 'canceled'
  delete order.next_action
  account.ledger[order.id]!.cancellations++
  tellOrder(world, account, order, charge, 'canceled')
  return order
}

export function expire (world: World, account: Account, order: Order): void {
  const charge = openCharge(order)
  if (charge !== undefined) charge.status = 'expired'
  order.payment_status = 'expired'
  tellOrder(world, account, order, charge, 'expired')
}

export function refund (world: World, account: Account, order: Order, { amount, reason }: Json): Order {
  if (!Number.isInteger(amount) || amount < 1) throw invalid('amount', 'invalid')
  if (typeof reason !== 'string' || reason === '') throw missing('reason')
  const charge = order.charges.data.findLast(({ status }) => ['paid', 'partially_refunded'].includes(status))
  if (charge === undefined || !order.is_refundable) throw new Refusal(428, 'precondition_required.combo.order.is_not_returnable', 'The order can not be returned.')
  const ledger = account.ledger[order.id]!
  const given = (charge.refunds?.data ?? []).reduce((sum: number, { amount }: Json) => sum - amount, 0)
  if (amount > ledger.captured - given) throw new Refusal(422, 'parameter_validation.refund.amount.maximum', 'More than what is left.', { param: 'amount' })
  const byCard = charge.payment_method.object === 'card_payment'
  charge.refunds ??= list()
  charge.refunds.data.push({
    id: world.hex(), object: 'refund', amount: -amount, created_at: world.now(), ...(byCard ? { auth_code: '867372', status: 'refunded' } : { status: 'pending', expires_at: world.now() + 30 * dayS })
  })
  ledger.refunds++
  if (!byCard) {
    order.updated_at = world.now()
    world.changed()
    return order
  }
  gaveBack(world, account, order, charge, amount)
  return order
}

function gaveBack (world: World, account: Account, order: Order, charge: Charge, amount: number): void {
  order.amount_refunded += amount
  const whole = order.amount_refunded >= account.ledger[order.id]!.captured
  charge.status = order.payment_status = whole ? 'refunded' : 'partially_refunded'
  if (whole) charge.is_refundable = order.is_refundable = false
  move(world, account, order, charge, 'refund', amount, 0)
  tellOrder(world, account, order, charge, order.payment_status)
}

/** The payer fetched the cash, or the transfer back arrived. */
export function settleRefund (world: World, account: Account, order: Order): void {
  for (const charge of order.charges.data) {
    for (const refund of charge.refunds?.data ?? []) {
      if (refund.status !== 'pending') continue
      refund.status = 'refunded'
      gaveBack(world, account, order, charge, -refund.amount)
    }
  }
}

export function dispute (world: World, account: Account, order: Order): string {
  const charge = order.charges.data.findLast(({ status }) => status === 'paid')
  if (charge === undefined) throw new Error('nothing was paid')
  charge.chargeback = { id: world.hex(), object: 'chargeback', status: 'action_required', reason: 'product_not_received', note: null, followup_status: null, files: [], charge_id: charge.id, created_at: world.now(), evidence_due_by: world.now() + 7 * dayS }
  charge.status = order.payment_status = 'charged_back'
  move(world, account, order, charge, 'chargeback', charge.amount, 0)
  order.updated_at = world.now()
  tell(world, account, 'charge.chargeback.created', charge)
  tell(world, account, 'order.charged_back', order)
  return `${order.id}/${String(charge.chargeback.id)}`
}

export function orderOf (account: Account, id: string): Order {
  const order = account.orders.find(order => order.id === id)
  if (order === undefined) throw notFound()
  return order
}

/** Money is on it, or is waited for: no other charge may come. */
export function hasOpen ({ charges }: Order): boolean {
  return charges.data.some(({ status }) => !['declined', 'expired', 'canceled'].includes(status))
}
