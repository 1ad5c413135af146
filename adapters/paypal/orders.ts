import { type CompletePaymentInput, type ConnectionContext, type CreatePaymentInput, type PaymentSnapshot, ProviderError } from '../../core/adapter/index.ts'
import { onWire, type WireMoney } from './amounts.ts'
import { refusal, strange } from './asking.ts'
import { PaypalRefusal } from './errors.ts'
import { get, post, segment } from './http.ts'
import type { Capture, Order } from './objects.ts'
import { captureOf, capturedAlone, snapshotOf } from './wire.ts'

/** What an order is asked for. Source: OpenAPI document of orders v2 (2024-02), schema order_request, and facts section 5.2; read 2026-11-21. */
export function orderParams (input: CreatePaymentInput, settings: Readonly<Record<string, unknown>>): object {
  const amount = onWire(input.amount)
  if (input.installments !== undefined && input.installments > 1) throw refusal('installments', 'PayPal offers them to the payer on its own page', 'unsupported')
  return {
    intent: input.capture === 'manual' ? 'AUTHORIZE' : 'CAPTURE',
    purchase_units: [{
      reference_id: 'default',
      custom_id: input.reference,
      // An account refuses a second one of the same name: a net below the key.
      invoice_id: `${input.reference}-${input.attempt}`,
      amount: { ...amount, ...breakdownOf(input, amount) },
      ...(text(input.description ?? input.orderReference, 127) !== undefined && { description: text(input.description ?? input.orderReference, 127) }),
      ...(text(input.statementDescriptor, 22) !== undefined && { soft_descriptor: text(input.statementDescriptor, 22) }),
      ...(input.lines !== undefined && input.lines.length > 0 && { items: input.lines.map(line => ({ name: line.name.slice(0, 127), quantity: String(line.quantity), unit_amount: onWire({ amount: line.unitAmount, currency: input.amount.currency }, 'lines'), ...(text(line.description, 127) !== undefined && { description: text(line.description, 127) }) })) })
    }],
    payment_source: sourceParams(input, settings)
  }
}

const text = (value: string | undefined, most: number): string | undefined => value === undefined || value.trim() === '' ? undefined : value.slice(0, most)

function breakdownOf ({ lines, amount: asked }: CreatePaymentInput, amount: WireMoney): object {
  if (lines === undefined || lines.length === 0) return {}
  const sum = lines.reduce((sum, { quantity, unitAmount }) => sum + quantity * unitAmount, 0)
  if (sum !== asked.amount) throw refusal('lines', `they are ${sum} ${asked.currency} together, not ${asked.amount}`)
  return { breakdown: { item_total: amount } }
}

/** The wallet's page, or a kept wallet or card. */
function sourceParams (input: CreatePaymentInput, settings: Readonly<Record<string, unknown>>): object {
  const { method, offSession, returnUrl } = input
  const type = method?.type ?? 'paypal'
  if (type !== 'paypal' && type !== 'card') throw refusal('method.type', 'PayPal pays with paypal and card here', 'unsupported')
  const token = method?.token
  if (token !== undefined && !/^[0-9a-zA-Z_-]{1,255}$/.test(token)) throw refusal('method.token', 'not a kept method of PayPal’s')
  const pages = returnUrl === undefined ? {} : { return_url: returnUrl, cancel_url: returnUrl }
  if (type === 'card') {
    // Thirteen to nineteen digits alone are a card's number: never sent.
    if (token === undefined || /^\d{13,19}$/.test(token)) throw refusal('method.token', 'a card comes as a kept one of PayPal’s vault')
    return {
      card: {
        vault_id: token,
        stored_credential: offSession === true ? { payment_initiator: 'MERCHANT', payment_type: 'UNSCHEDULED', usage: 'SUBSEQUENT' } : { payment_initiator: 'CUSTOMER', payment_type: 'ONE_TIME', usage: 'SUBSEQUENT' },
        ...(returnUrl !== undefined && offSession !== true && { experience_context: pages })
      }
    }
  }
  if (token !== undefined) return { paypal: { vault_id: token } }
  if (offSession === true) throw refusal('method.token', 'whoever is away pays with a kept method')
  const customer = input.customer?.provider_reference
  if (input.saveMethod === true && customer === undefined) throw refusal('customer', 'a method is saved for a customer')
  const brand = settings.brand_name
  return {
    paypal: {
      experience_context: {
        ...pages,
        user_action: 'PAY_NOW',
        shipping_preference: 'NO_SHIPPING',
        ...(settings.immediate_payment === true && { payment_method_preference: 'IMMEDIATE_PAYMENT_REQUIRED' }),
        ...(typeof brand === 'string' && brand !== '' && { brand_name: brand })
      },
      ...(input.saveMethod === true && { attributes: { customer: { id: customer }, vault: { store_in_vault: 'ON_SUCCESS', usage_type: 'MERCHANT' } } })
    }
  }
}

export function mustBeOrder (order: Order): Order {
  if (typeof order.id !== 'string' || typeof order.status !== 'string' || !Array.isArray(order.purchase_units)) throw strange('not an order')
  return order
}

export const readOrder = async (context: ConnectionContext, id: string): Promise<Order> => mustBeOrder(await get<Order>(context, `/v2/checkout/orders/${segment(id)}`))

export async function readCapture (context: ConnectionContext, id: string): Promise<Capture> {
  const capture = await get<Capture>(context, `/v2/payments/captures/${segment(id)}`)
  if (typeof capture.id !== 'string' || typeof capture.status !== 'string') throw strange('not a capture')
  return capture
}

export const orderIdOf = (capture: Capture): string | undefined => capture.supplementary_data?.related_ids?.order_id

/** The truth about a payment, by its order, or by a capture of it. */
export async function read (context: ConnectionContext, providerReference: string): Promise<PaymentSnapshot> {
  const captureId = captureOf(providerReference)
  if (captureId === undefined) return snapshotOf(await readOrder(context, providerReference))
  const capture = await readCapture(context, captureId)
  const order = orderIdOf(capture)
  return order === undefined ? capturedAlone(capture) : snapshotOf(await readOrder(context, order))
}

/**
 * What its payer approved is taken, or held: PayPal leaves that to the shop, and after three hours the approval is void. An order is
 * captured once whoever asks (`ORDER_ALREADY_CAPTURED`), so asking twice is no second charge. Source: facts section 5.4, read 2026-11-21.
 */
export async function complete (context: ConnectionContext, { providerReference, idempotencyKey }: CompletePaymentInput): Promise<PaymentSnapshot> {
  const order = await readOrder(context, providerReference)
  if (order.status !== 'APPROVED') return snapshotOf(order)
  const verb = order.intent === 'AUTHORIZE' ? 'authorize' : 'capture'
  try {
    return snapshotOf(mustBeOrder(await post<Order>(context, `/v2/checkout/orders/${segment(order.id)}/${verb}`, {}, idempotencyKey)))
  } catch (thrown) {
    if (!(thrown instanceof PaypalRefusal) || thrown.reached !== 'answered') throw thrown
    return notCompleted(context, order, thrown)
  }
}

async function notCompleted (context: ConnectionContext, order: Order, refused: PaypalRefusal): Promise<PaymentSnapshot> {
  const { code, providerCode, providerMessage, redirect } = refused
  const error = { code, ...(providerCode !== undefined && { providerCode }), ...(providerMessage !== undefined && { message: providerMessage }) }
  const { approval: _, ...before } = snapshotOf(order)
  switch (code) {
    // Somebody else was faster, or is at it.
    case 'invalid_state':
    case 'conflict': return snapshotOf(await readOrder(context, order.id))
    case 'expired': return { ...before, status: 'expired', error }
    case 'card_declined':
    case 'insufficient_funds':
    case 'expired_card':
    case 'limit_exceeded':
    case 'authentication_required':
      return { ...before, status: redirect === undefined ? 'requires_payment_method' : 'requires_action', ...(redirect !== undefined && { nextAction: { type: 'redirect', url: redirect } }), error }
    case 'fraud_suspected': return { ...before, status: 'failed', error }
    default: throw refused
  }
}

/** Of a payment whose capture is asked for or whose money goes back: the capture that took it. */
export async function takenBy (context: ConnectionContext, providerReference: string): Promise<Capture> {
  const id = captureOf(providerReference)
  if (id !== undefined) return readCapture(context, id)
  const captures = (await readOrder(context, providerReference)).purchase_units?.[0]?.payments?.captures ?? []
  const taken = captures.findLast(({ status }) => ['COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'PENDING'].includes(status))
  if (taken === undefined) throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: 'CAPTURE_STATUS_NOT_VALID' })
  return taken
}
