import { plan, unplan } from '../agenda.ts'
import { cardByToken } from '../cards.ts'
import { addTaxId, newCustomer } from '../customers.ts'
import { invalid, StripeError } from '../errors.ts'
import { emit } from '../events.ts'
import { newIntent } from '../intents.ts'
import { cancel, confirm } from '../intent-machine.ts'
import { checkNumber, methodFromData, newCard } from '../methods.ts'
import type { CheckoutSession, CustomField, IntentRecord, MethodRecord, MethodType, Payer, SessionRecord, SetupRecord } from '../objects.ts'
import { quiet } from '../outcomes.ts'
import { cancelSetup, confirmSetup } from '../setup-machine.ts'
import type { Call } from '../world.ts'

/** How the payer wants to pay. */
export interface Choice {
  type: MethodType
  /** A number, or the name of a test card: `pm_card_visa`. */
  card?: string
}

/** Where the payer goes next; undefined: the page again, which says why. */
export type Next = string | undefined

/**
 * The payer pays. A decline leaves the session open; a voucher completes it unpaid.
 * Source: https://docs.stripe.com/payments/checkout/how-checkout-works, read 2026-11.
 */
export function pay (call: Call, session: SessionRecord, choice: Choice, payer: Payer): Next {
  const { wire } = session
  session.notice = null
  const refused = quiet(() => {
    checkOpen(call, session)
    checkPayer(session, payer, choice)
    session.begun.payer = payer
    const customer = customerFor(call, session, payer)
    if (wire.mode === 'payment' && wire.amount_total === 0) return complete(call, session)
    const method = methodFor(call, session, choice, payer)
    if (wire.mode === 'setup') setUp(call, session, method, customer)
    else if (wire.mode === 'subscription') call.world.subscribe(call, session, method, customer!)
    else payNow(call, session, method, customer)
  })
  if (refused !== undefined) session.notice = refused.message
  return next(call, session)
}

/** A 3-D Secure page, a voucher, or the shop again. */
export function next (call: Call, session: SessionRecord): Next {
  const { books } = call
  const { wire } = session
  const intent = books.paymentIntents.get(wire.payment_intent ?? intentOf(call, session) ?? '')?.wire
  const action = intent?.next_action ?? books.setupIntents.get(wire.setup_intent ?? '')?.wire.next_action
  if (action?.type === 'redirect_to_url') return action.redirect_to_url.url
  if (action?.type === 'oxxo_display_details') return action.oxxo_display_details.hosted_voucher_url
  if (action?.type === 'display_bank_transfer_instructions') return action.display_bank_transfer_instructions.hosted_instructions_url
  return wire.status === 'complete' ? successAddress(session) : undefined
}

export function successAddress ({ id, wire }: SessionRecord): string | undefined {
  return wire.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', id)
}

export function expire (call: Call, session: SessionRecord): void {
  const { books } = call
  const { wire } = session
  unplan(call, 'session', session.id)
  wire.status = 'expired'
  wire.url = null
  const intent = books.paymentIntents.get(wire.payment_intent ?? '')
  if (intent !== undefined) quiet(() => cancel(call, intent, 'expired'))
  const setup = books.setupIntents.get(wire.setup_intent ?? '')
  if (setup !== undefined) quiet(() => cancelSetup(call, setup, null))
  emit(call, 'checkout.session.expired', { ...wire })
}

/** The payment of a session has moved. */
export function intentMoved (call: Call, session: SessionRecord, intent: IntentRecord): void {
  const { wire } = session
  const { status, next_action: action } = intent.wire
  const done = status === 'succeeded' || status === 'requires_capture'
  if (wire.status === 'open') {
    if (done || (status === 'requires_action' && action?.type !== 'redirect_to_url' && action?.type !== 'use_stripe_sdk')) complete(call, session, status === 'succeeded')
    else if (status === 'requires_payment_method') session.notice = (intent.wire.last_payment_error as { message?: string } | null)?.message ?? null
  } else if (wire.status === 'complete' && wire.payment_status === 'unpaid') {
    if (status === 'succeeded') {
      wire.payment_status = 'paid'
      // A hold that is captured is no news of the page.
      if (intent.captures === 0) emit(call, 'checkout.session.async_payment_succeeded', { ...wire })
    } else if (status === 'requires_payment_method' || status === 'canceled') emit(call, 'checkout.session.async_payment_failed', { ...wire })
  }
}

export function setupMoved (call: Call, session: SessionRecord, setup: SetupRecord): void {
  if (session.wire.status !== 'open') return
  if (setup.wire.status === 'succeeded') complete(call, session)
  else if (setup.wire.status === 'requires_payment_method') session.notice = (setup.wire.last_setup_error as { message?: string } | null)?.message ?? null
}

/** The page has done its part. */
export function complete (call: Call, session: SessionRecord, paid = false): void {
  const { books, world } = call
  const { wire } = session
  unplan(call, 'session', session.id)
  wire.status = 'complete'
  wire.url = null
  wire.customer = session.begun.customer ?? wire.customer
  const nothing = wire.mode === 'setup' || wire.amount_total === 0 || (wire.mode === 'subscription' && trial(session))
  wire.payment_status = nothing ? 'no_payment_required' : paid ? 'paid' : 'unpaid'
  const payer = session.begun.payer
  if (payer !== null) {
    wire.customer_details = { ...wire.customer_details, ...detailsOf(call, session, payer) }
    wire.custom_fields = wire.custom_fields.map(field => filled(field, payer.fields[field.key] ?? ''))
    if (payer.taxId !== null && wire.customer !== null) addTaxId(call, wire.customer, payer.taxId)
  }
  const link = books.paymentLinks.get(wire.payment_link ?? '')?.wire
  if (link?.restrictions != null) {
    const { count, limit } = link.restrictions.completed_sessions
    link.restrictions = { completed_sessions: { count: count + 1, limit } }
    // The limit is reached: the link shows that it is no longer there.
    if (count + 1 >= limit) link.active = false
    emit(call, 'payment_link.updated', { ...link })
  }
  emit(call, 'checkout.session.completed', { ...wire })
  world.changed()
}

function payNow (call: Call, session: SessionRecord, method: MethodRecord, customer: string | null): void {
  const { wire, passedOn: { payment, methodOptions } } = session
  const known = call.books.paymentIntents.get(wire.payment_intent ?? '')
  const intent = known ?? newIntent(call, {
    amount: wire.amount_total!,
    currency: wire.currency!,
    customer,
    types: wire.payment_method_types,
    captureMethod: payment.capture_method ?? 'automatic_async',
    description: payment.description,
    descriptorSuffix: payment.statement_descriptor_suffix,
    metadata: payment.metadata,
    options: methodOptions,
    owner: { kind: 'session', id: session.id },
    receiptEmail: payment.receipt_email,
    setupFutureUsage: payment.setup_future_usage
  })
  wire.payment_intent = intent.id
  intent.returnUrl = `${call.world.url()}/c/pay/${session.id}/return`
  intent.authenticated = false
  confirm(call, intent, method)
}

function setUp (call: Call, session: SessionRecord, method: MethodRecord, customer: string | null): void {
  const setup = call.books.setupIntents.get(session.wire.setup_intent!)!
  setup.wire.customer = customer
  setup.returnUrl = `${call.world.url()}/c/pay/${session.id}/return`
  setup.authenticated = false
  confirmSetup(call, setup, method)
}

/** Who has none gets one where it is wanted, or where something is kept for later. */
function customerFor (call: Call, session: SessionRecord, payer: Payer): string | null {
  const { wire, passedOn } = session
  const known = wire.customer ?? session.begun.customer
  if (known !== null) return known
  const wanted = wire.customer_creation === 'always' || wire.mode === 'subscription' || passedOn.payment.setup_future_usage !== undefined
  if (!wanted) return null
  const made = newCustomer(call, { email: payer.email ?? wire.customer_email, name: payer.business ?? payer.name, phone: payer.phone })
  session.begun.customer = made.id
  return made.id
}

function methodFor (call: Call, { wire }: SessionRecord, { type, card = '4242424242424242' }: Choice, payer: Payer): MethodRecord {
  if (!wire.payment_method_types.includes(type)) throw invalid(`This page does not take ${type}.`)
  const billing = { email: payer.email ?? wire.customer_email ?? emailOf(call, wire.customer), name: payer.name, phone: payer.phone }
  if (type !== 'card') return methodFromData(call, { type, billing_details: billing })
  if (call.books.livemode && !call.world.testCardsInLive) throw invalid('Your card was declined. Your request was in live mode, but used a known test card.')
  const test = cardByToken(card) ?? checkNumber(card)
  return newCard(call, test, { billing_details: billing }, { exp_month: 12, exp_year: call.world.now() / 31_557_600 + 1973 | 0, cvc: '123' })
}

function checkOpen (call: Call, { wire }: SessionRecord): void {
  if (wire.status !== 'open') throw invalid(`This page is ${wire.status}.`)
  const link = call.books.paymentLinks.get(wire.payment_link ?? '')?.wire
  if (link?.restrictions != null && link.restrictions.completed_sessions.count >= link.restrictions.completed_sessions.limit) throw invalid('This link is no longer active.')
}

function checkPayer ({ wire }: SessionRecord, payer: Payer, { type }: Choice): void {
  if (payer.email === null && wire.customer_email === null && wire.customer === null) throw invalid('Your e-mail is needed.')
  if (wire.billing_address_collection === 'required' && (payer.address?.country == null || payer.address.line1 === null || payer.address.postal_code === null)) throw invalid('Your billing address is needed.')
  checkTaxId(wire, payer)
  if (type === 'oxxo' && (payer.name ?? '').trim().split(/\s+/).length < 2) throw invalid('Your first and last name are needed.')
  for (const field of wire.custom_fields) {
    const value = payer.fields[field.key] ?? ''
    if (value === '' && !field.optional) throw invalid(`${field.label.custom} is needed.`)
    if (value !== '' && field.type === 'numeric' && !/^\d+$/.test(value)) throw invalid(`${field.label.custom} takes digits.`)
    if (value !== '' && field.type === 'dropdown' && !field.dropdown!.options.some(option => option.value === value)) throw invalid(`${field.label.custom} is not one of the choices.`)
    const rules = field.text ?? field.numeric
    if (value !== '' && (value.length < (rules?.minimum_length ?? 0) || value.length > (rules?.maximum_length ?? 255))) throw invalid(`${field.label.custom} is too short or too long.`)
  }
}

/** Who buys as a business says its legal name with its tax id, in the shape of that kind. */
function checkTaxId (wire: CheckoutSession, { taxId, business }: Payer): void {
  if (taxId === null) return
  if ((wire.tax_id_collection as { enabled: boolean } | undefined)?.enabled !== true) throw invalid('This page asks for no tax id.')
  if (business === null) throw invalid('Your business name is needed.')
  const shape = taxShapes[taxId.type]
  if (shape !== undefined && !shape.test(taxId.value)) throw invalid(`Your tax id is not a valid ${taxId.type}.`)
}

/** Examples of each kind: https://docs.stripe.com/billing/customer/tax-ids, read 2026-11. */
const taxShapes: Record<string, RegExp> = { mx_rfc: /^[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3}$/i, ec_ruc: /^\d{13}$/, es_cif: /^[A-Z]\d{7}[A-Z0-9]$/i }

function detailsOf (call: Call, { wire }: SessionRecord, payer: Payer): Record<string, unknown> {
  return {
    address: payer.address,
    business_name: payer.business,
    email: payer.email ?? wire.customer_email ?? emailOf(call, wire.customer),
    individual_name: payer.name,
    name: payer.business ?? payer.name,
    phone: payer.phone,
    tax_exempt: 'none',
    tax_ids: payer.taxId === null ? [] : [payer.taxId]
  }
}

function filled (field: CustomField, value: string): CustomField {
  const part = field[field.type]!
  return { ...field, [field.type]: { ...part, value: value === '' ? null : value } }
}

function emailOf ({ books }: Call, customer: string | null): string | null {
  return customer === null ? null : books.customers.get(customer)?.email ?? null
}

function trial ({ passedOn: { subscription } }: SessionRecord): boolean {
  return subscription.trial_period_days !== undefined || subscription.trial_end !== undefined
}

/** The payment of a subscription's first invoice. */
function intentOf ({ books }: Call, session: SessionRecord): string | undefined {
  const invoice = books.subscriptions.get(session.begun.subscription ?? '')?.wire.latest_invoice
  return books.invoicePayments.items.findLast(each => each.invoice === invoice)?.payment.payment_intent
}

export function watchSession (call: Call, session: SessionRecord): void {
  plan(call, 'session', session.id, session.wire.expires_at, session.wire.customer)
}

export function sessionEnds (call: Call, id: string): void {
  const session = call.books.sessions.get(id)
  if (session?.wire.status === 'open') expire(call, session)
}

/** `POST …/expire` refuses what is over. */
export function notOpen ({ wire }: SessionRecord): StripeError {
  return invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${wire.status}.`)
}
