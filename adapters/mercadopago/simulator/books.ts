import { createHmac } from 'node:crypto'
import { cardNamed, cardOfToken, useToken } from './cards.ts'
import { type Account, at, bad, cents, type Json, liveMode, notFound, type Notice, Refusal, sites, type World } from './world.ts'

/** What happens to payments. Written from facts section 3 and the OpenAPI document of 2026-06. */

const dayMs = 86_400_000

// --- notifications ---------------------------------------------------------------------------------------------------

export function tell (world: World, account: Account, type: string, action: string, dataId: string): void {
  const id = world.digits(12)
  const shared = { api_version: 'v1', date_created: at(world.now()), id, live_mode: liveMode(account), type, user_id: String(account.id) }
  const body = type === 'topic_chargebacks_wh'
    ? { actions: [action], ...shared, data: { checkout: 'PRO', id: Number(dataId), payment_id: account.chargebacks.find(({ id }) => id === dataId)?.payments[0], site_id: account.site } }
    : { action, ...shared, data: { id: dataId } }
  const notice: Notice = { id, type, dataId, body }
  account.notices.push(notice)
  const panel = account.hooks.map(url => ({ url, secret: secretOf(account.token) }))
  for (const { url: hook, secret } of [...panel, ...world.appHooks(account)]) {
    world.deliveries.send(() => {
      const { headers, body, query } = signedWith(world, notice, secret, world.now())
      return { url: `${hook}?${query}`, headers, body }
    })
  }
  world.changed()
}

/** The secret that the panel shows for this application. */
export const secretOf = (token: string): string => createHmac('sha256', 'the simulator').update(token).digest('hex')

/** Source: facts section 3.7. */
export function signedWith (world: World, { type, dataId, body }: Notice, secret: string, now: Date): { headers: Record<string, string>, body: Buffer, query: string } {
  const requestId = `${world.hex(8)}-${world.hex(4)}-4${world.hex(3)}-8${world.hex(3)}-${world.hex(12)}`
  const ts = String(now.getTime())
  const v1 = createHmac('sha256', secret).update(`id:${dataId};request-id:${requestId};ts:${ts};`).digest('hex')
  return { headers: { 'content-type': 'application/json', 'user-agent': 'MercadoPago WebHook v1.0 payment', 'x-request-id': requestId, 'x-signature': `ts=${ts},v1=${v1}` }, body: Buffer.from(JSON.stringify(body)), query: `data.id=${dataId}&type=${type}` }
}

// --- payments --------------------------------------------------------------------------------------------------------

export function createPayment (world: World, account: Account, asked: Json, { operation = 'regular_payment', charges = true } = {}): Json {
  const card = checkPayment(world, account, asked)
  const { currency, methods } = sites[account.site]!
  const named = card === undefined ? undefined : cardNamed(card)
  const method = named?.brand ?? String(asked.payment_method_id)
  const type = named?.type ?? methods[method]!
  const id = world.digits(11)
  const payment: Json = {
    id, date_created: at(world.now()), date_approved: null, date_last_updated: at(world.now()), date_of_expiration: asked.date_of_expiration ?? null, money_release_date: null, operation_type: operation,
    issuer_id: asked.issuer_id ?? null, payment_method_id: method, payment_type_id: type, status: 'pending', status_detail: 'pending_waiting_payment', currency_id: currency, description: asked.description ?? null, live_mode: liveMode(account),
    payer: { id: String(asked.payer?.id ?? world.digits(9)), email: asked.payer?.email ?? null, identification: asked.payer?.identification ?? {}, type: asked.payer?.type ?? null },
    metadata: asked.metadata ?? {}, additional_info: asked.additional_info ?? {}, external_reference: asked.external_reference ?? null, transaction_amount: asked.transaction_amount, transaction_amount_refunded: 0, coupon_amount: 0,
    transaction_details: { net_received_amount: 0, total_paid_amount: asked.transaction_amount, overpaid_amount: 0, external_resource_url: null, installment_amount: 0, payment_method_reference_id: null, financial_institution: asked.transaction_details?.financial_institution ?? null },
    fee_details: [], captured: asked.capture !== false, binary_mode: false, statement_descriptor: asked.statement_descriptor ?? null, installments: asked.installments ?? 1, refunds: [], callback_url: asked.callback_url ?? null,
    card: named === undefined ? {} : { id: account.tokens[asked.token]?.saved ?? null, first_six_digits: named.bin, last_four_digits: named.last4, expiration_month: 11, expiration_year: 2031, cardholder: { name: named.holder, identification: {} } }
  }
  account.payments.push(payment)
  account.ledger[id] = { charges: 0, captures: 0, refunds: 0, cancellations: 0, asked: asked.transaction_amount }
  if (named !== undefined) {
    useToken(account, asked.token)
    judge(world, account, payment, named.verdict, charges)
  } else waitOutside(world, payment)
  tell(world, account, 'payment', 'payment.created', String(id))
  return payment
}

/** The card that pays, if one does; or why it is refused. */
function checkPayment (world: World, account: Account, asked: Json): string | undefined {
  const { currency, methods } = sites[account.site]!
  const amount = asked.transaction_amount
  if (amount === undefined || amount === null) throw bad('transaction_amount attribute can\'t be null', 4023)
  if (typeof amount !== 'number') throw bad('transaction_amount attribute must be numeric', 4024)
  if (!(amount > 0) || (currency === 'CLP' ? !Number.isInteger(amount) : cents(amount) !== amount)) throw bad('Invalid transaction_amount', 4037)
  if (asked.currency_id !== undefined) throw bad('The name of the following parameters is wrong : [currency_id]', 8)
  const known = asked.payer?.type === 'customer' ? account.customers.find(({ id }) => id === asked.payer.id) : undefined
  if (asked.payer?.type === 'customer' && known === undefined) throw bad('Customer not found', 2002)
  if (known === undefined && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(asked.payer?.email ?? ''))) throw bad('payer.email must be a valid email', 4050)
  if (String(asked.statement_descriptor ?? '').length > 22) throw bad('Invalid statement_descriptor', 3015)
  if (Object.values(asked.metadata ?? {}).some(value => typeof value === 'object')) throw bad('metadata attribute must be a valid JSON', 4022)
  const ends = asked.date_of_expiration
  if (ends !== undefined && !(Date.parse(ends) > world.now().getTime() && Date.parse(ends) < world.now().getTime() + 30 * dayMs && /T.*[+-]\d\d:\d\d$/.test(ends))) throw bad('Invalid date_of_expiration', 4390)
  if (asked.token !== undefined) {
    const card = cardOfToken(account, asked.token)
    const saved = account.tokens[asked.token]?.saved
    if (saved !== undefined && !known?.cards.some((one: Json) => one.id === saved)) throw bad('Invalid users involved', 2034)
    const { brand } = cardNamed(card)
    if (asked.payment_method_id !== undefined && asked.payment_method_id !== brand) throw bad('Invalid payment_method_id', 3028)
    if (!Number.isInteger(asked.installments) || asked.installments < 1) throw bad('Invalid installments', 4033)
    if (asked.three_d_secure_mode !== undefined && !['optional', 'mandatory', 'not_supported'].includes(asked.three_d_secure_mode)) throw bad('Invalid three_d_secure_mode')
    return card
  }
  if (methods[asked.payment_method_id] === undefined) throw bad('Cannot infer Payment Method', 2131)
  if (asked.capture === false) throw bad('capture is not supported by this payment method')
  if (asked.payment_method_id === 'pse') {
    if (!asked.transaction_details?.financial_institution || !asked.callback_url || !asked.additional_info?.ip_address || !['individual', 'association'].includes(asked.payer?.entity_type) || !asked.payer?.identification?.number) throw bad('Missing data for PSE', 4390)
  }
  return undefined
}

/** Where the payer finds what is needed. Source: facts section 3.3. */
function waitOutside (world: World, payment: Json): void {
  const { id, payment_method_id: method, transaction_details: told } = payment
  const digits = `${world.digits(14)}`
  if (method === 'pix') {
    payment.status_detail = 'pending_waiting_transfer'
    payment.date_of_expiration ??= at(new Date(world.now().getTime() + dayMs))
    payment.point_of_interaction = { type: 'PIX', transaction_data: { qr_code: `00020126580014br.gov.bcb.pix0136${world.hex(32)}5204000053039865802BR`, qr_code_base64: Buffer.from(`png ${id}`).toString('base64'), ticket_url: `${world.url()}/ticket/${id}` } }
    return
  }
  payment.date_of_expiration ??= at(new Date(world.now().getTime() + 3 * dayMs))
  if (method === 'clabe') {
    payment.status_detail = 'pending_waiting_transfer'
    payment.payment_method = { id: 'clabe', type: 'bank_transfer', data: { reference_id: digits, external_reference_id: digits.slice(0, 7), external_resource_url: `${world.url()}/ticket/${id}` } }
    return
  }
  if (method === 'pse') {
    payment.status_detail = 'pending_waiting_transfer'
    told.external_resource_url = `${world.url()}/bank/${id}`
    payment.date_of_expiration = null
    return
  }
  told.external_resource_url = `${world.url()}/ticket/${id}`
  told.payment_method_reference_id = digits
  told.verification_code = digits.slice(0, 10)
  told.barcode = { content: `93${digits}00` }
}

/** What the bank says of a card. `charges` is false where its own clock decides later. */
function judge (world: World, account: Account, payment: Json, { status, detail }: { status: string, detail: string }, charges: boolean): void {
  if (status === 'approved' && charges) return approve(world, account, payment, false)
  payment.status = status
  payment.status_detail = detail
  if (detail === 'pending_challenge') payment.three_ds_info = { external_resource_url: `${world.url()}/challenge/${payment.id}`, creq: Buffer.from(`creq ${payment.id}`).toString('base64') }
}

function touched (world: World, account: Account, payment: Json, told: boolean): void {
  payment.date_last_updated = at(world.now())
  if (told) tell(world, account, 'payment', 'payment.updated', String(payment.id))
  world.changed()
}

export function approve (world: World, account: Account, payment: Json, told = true): void {
  account.ledger[payment.id]!.charges++
  delete payment.three_ds_info
  if (payment.captured) take(world, payment)
  else Object.assign(payment, { status: 'authorized', status_detail: 'pending_capture' })
  touched(world, account, payment, told)
}

function take (world: World, payment: Json): void {
  const amount = payment.transaction_amount
  // 3.49 % and 4.00, with 16 % of tax: as Mercado Pago's floats come.
  const fee = cents(Math.min(amount, (amount * 0.0349 + 4) * 1.16))
  Object.assign(payment, { status: 'approved', status_detail: 'accredited', captured: true, date_approved: at(world.now()), money_release_date: at(new Date(world.now().getTime() + 14 * dayMs)), fee_details: [{ type: 'mercadopago_fee', amount: fee, fee_payer: 'collector' }] })
  Object.assign(payment.transaction_details, { net_received_amount: cents(amount - fee), total_paid_amount: amount })
}

export function reject (world: World, account: Account, payment: Json, detail: string): void {
  Object.assign(payment, { status: 'rejected', status_detail: detail })
  delete payment.three_ds_info
  touched(world, account, payment, true)
}

export function expire (world: World, account: Account, payment: Json): void {
  Object.assign(payment, { status: 'cancelled', status_detail: 'expired' })
  touched(world, account, payment, true)
}

export function updatePayment (world: World, account: Account, payment: Json, asked: Json): Json {
  const ledger = account.ledger[payment.id]!
  if (asked.status !== undefined) {
    if (asked.status !== 'cancelled') throw bad('Invalid status')
    if (!['pending', 'in_process', 'authorized'].includes(payment.status)) throw bad('The action requested is not valid for the current payment state', 2063)
    Object.assign(payment, { status: 'cancelled', status_detail: 'by_collector' })
    ledger.cancellations++
  } else if (asked.capture === true) {
    if (payment.status !== 'authorized') throw bad('The action requested is not valid for the current payment state', 2063)
    const amount = asked.transaction_amount ?? payment.transaction_amount
    if (typeof amount !== 'number' || !(amount > 0) || amount > payment.transaction_amount) throw bad('Invalid transaction_amount', 4037)
    payment.transaction_amount = amount
    ledger.captures++
    take(world, payment)
  } else throw bad('Nothing to update')
  touched(world, account, payment, true)
  return payment
}

// --- refunds and chargebacks -----------------------------------------------------------------------------------------

export function refund (world: World, account: Account, payment: Json, { amount }: Json): Json {
  if (!['approved', 'in_mediation'].includes(payment.status)) throw bad('The action requested is not valid for the current payment state', 2063)
  const given = payment.refunds.reduce((sum: number, refund: Json) => sum + (refund.status === 'rejected' ? 0 : refund.amount), 0)
  const left = cents(payment.transaction_amount - given)
  const asked = amount ?? left
  if (typeof asked !== 'number' || !(asked > 0) || cents(asked) !== asked || asked > left) throw bad('The amount to refund is not valid')
  const byCard = payment.payment_type_id.endsWith('_card')
  const made: Json = { id: world.digits(10), payment_id: payment.id, amount: asked, metadata: {}, source: { id: String(account.id), name: 'Tienda', type: 'collector' }, date_created: at(world.now()), unique_sequence_number: null, refund_mode: 'standard', adjustment_amount: 0, status: byCard ? 'approved' : 'in_process', reason: null, label: null, partition_details: [] }
  payment.refunds.push(made)
  account.ledger[payment.id]!.refunds++
  if (byCard) gaveBack(payment, asked)
  touched(world, account, payment, true)
  return made
}

function gaveBack (payment: Json, amount: number): void {
  payment.transaction_amount_refunded = cents(payment.transaction_amount_refunded + amount)
  const whole = payment.transaction_amount_refunded >= payment.transaction_amount
  Object.assign(payment, whole ? { status: 'refunded', status_detail: 'refunded' } : { status_detail: 'partially_refunded' })
}

/** The transfer back arrived. */
export function settleRefund (world: World, account: Account, payment: Json): void {
  for (const refund of payment.refunds as Json[]) {
    if (refund.status !== 'in_process') continue
    refund.status = 'approved'
    gaveBack(payment, refund.amount)
  }
  touched(world, account, payment, true)
}

export function dispute (world: World, account: Account, payment: Json): string {
  if (payment.status !== 'approved') throw new Error('nothing was paid')
  Object.assign(payment, { status: 'charged_back', status_detail: 'in_process' })
  // Eighteen digits: more than a JSON number carries.
  const id = `2${world.digits(14)}000`
  account.chargebacks.push({
    id, payments: [payment.id], currency: payment.currency_id, amount: payment.transaction_amount, reason_code: '4855', reason_description: 'Goods or services not provided', coverage_applied: false, coverage_elegible: true, documentation_required: true,
    documentation_status: 'not_supplied', documentation: {}, date_documentation_deadline: at(new Date(world.now().getTime() + 7 * dayMs)), date_created: at(world.now()), date_last_updated: at(world.now()), live_mode: liveMode(account)
  })
  touched(world, account, payment, true)
  tell(world, account, 'topic_chargebacks_wh', 'changed_case_status', id)
  return id
}

export function decideDispute (world: World, account: Account, payment: Json, won: boolean): void {
  payment.status_detail = won ? 'reimbursed' : 'settled'
  const chargeback = account.chargebacks.find(({ payments }) => payments.includes(payment.id))!
  Object.assign(chargeback, { documentation_status: won ? 'valid' : 'invalid', coverage_applied: won, date_last_updated: at(world.now()) })
  touched(world, account, payment, true)
  tell(world, account, 'topic_chargebacks_wh', 'changed_case_status', chargeback.id)
}

export function paymentOf (account: Account, id: string): Json {
  if (!/^\d+$/.test(id)) throw bad('Invalid payment_id', 4019)
  const payment = account.payments.find(payment => String(payment.id) === id)
  if (payment === undefined) throw notFound('Payment', 2000)
  return payment
}

/** The same key with the same body is the same answer; with another it is refused. */
export function once (account: Account, key: string | undefined, asked: string, act: () => Json): Json {
  if (key === undefined || !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(key)) throw bad('Header X-Idempotency-Key can\'t be null', 4292)
  const known = account.keys[key]
  if (known !== undefined && known.asked !== asked) throw new Refusal(409, 'The idempotency key was used with another request')
  if (known !== undefined) return known.answer
  const answer = act()
  account.keys[key] = { asked, answer: structuredClone(answer) }
  return answer
}
