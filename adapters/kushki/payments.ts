import { type CapturePaymentInput, type ConnectionContext, type CreatePaymentInput, type MethodInput, type PaymentSnapshot, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { amountOnWire, check } from './amounts.ts'
import { dateOf, neverHeardOf, refusal, unreadable } from './asking.ts'
import { customers, keepCard } from './customers.ts'
import { KushkiRefusal } from './errors.ts'
import { call, segment } from './http.ts'
import { markOf, objectOf } from './marks.ts'
import type { Charged, Row } from './objects.ts'
import { type ChargeParams, chargeParams, isKept, mailOf } from './params.ts'
import { refunds } from './refunds.ts'
import { limitOf, pageOf, readerOf, rowsBetween, widened, type Window } from './rows.ts'
import { subscriptions } from './subscriptions.ts'
import { createWaiting, isTransferToken, readTransfer } from './waiting.ts'
import { approvedOf, askedOf, captureOf, failureOf, isBack, nameOf, referenceOf, rowOfDetails, snapshotOf, statusOf } from './wire.ts'

/** A charge is one attempt and has a ticket; the next attempt is another charge. */
const own = {
  createPayment: async (context, input) => {
    const { method } = input
    if (method === undefined) throw refusal('method', 'a charge of Kushki’s has a method from the beginning')
    if (method.type === 'card') return await chargeCard(context, input, method)
    if (input.capture === 'manual') throw refusal('capture', `only a card is held, not ${method.type}`, 'unsupported')
    return await createWaiting(context, input, method)
  },

  getPayment: async (context, providerReference) => {
    if (isTransferToken(providerReference)) return await readTransfer(context, providerReference)
    const reader = readerOf(context)
    const row = await reader.ticket(providerReference)
    if (!isPayment(row)) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: row.transaction_type })
    return snapshotOf(row, await reader.about(row), context.mode)
  },

  findPayment: async (context, { reference, from, to }) => {
    const best = bestOf(marked(await rowsBetween(context, { from, to }), { from, to }, row => markOf(row.metadata, 'payment') === reference))
    return best === undefined ? undefined : snapshotOf(best, await readerOf(context).about(best), context.mode)
  },

  capture: async (context, input) => {
    const { providerReference, amount } = input
    check(amount, context.settings)
    const reader = readerOf(context)
    const row = await reader.ticket(providerReference)
    const about = await reader.about(row)
    const before = snapshotOf(row, about, context.mode)
    if (before.status !== 'authorized') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: before.providerStatus, providerMessage: `it is ${before.status}` })
    if (amount.amount > before.amountCapturable || amount.currency !== before.amount.currency) throw refusal('amount', `${before.amountCapturable} ${before.amount.currency} are held`, 'amount_invalid')
    const captured = await captureTicket(context, row, input)
    return snapshotOf(row, [...about, captured], context.mode)
  },

  cancel: async (context, { providerReference, idempotencyKey }) => {
    if (isTransferToken(providerReference)) throw refusal('payment', 'a transfer cannot be called back at Kushki', 'unsupported')
    const reader = readerOf(context)
    const row = await reader.ticket(providerReference)
    const about = await reader.about(row)
    const before = snapshotOf(row, about, context.mode)
    if (before.status === 'canceled') return before
    if (before.status === 'requires_action') throw new ProviderError({ code: 'unsupported', reached: 'answered', providerCode: before.providerStatus, providerMessage: 'cash ends by itself' })
    if (before.status !== 'authorized') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: before.providerStatus, providerMessage: 'only a held card is let go' })
    const answer = await call<Charged>(context, { method: 'DELETE', path: `/v1/charges/${segment(providerReference)}`, body: { fullResponse: 'v2' }, key: 'private', idempotencyKey })
    const voided: Row = rowOfDetails(answer.details ?? {}, { ticket_number: answer.ticketNumber ?? `${providerReference}/void`, sale_ticket_number: providerReference, transaction_type: 'VOID', transaction_status: 'APPROVAL', currency_code: before.amount.currency, request_amount: row.request_amount })
    return snapshotOf(row, [...about, { ...voided, transaction_type: 'VOID' }], context.mode)
  },

  /** Each page of Kushki's list; the list has other transactions, too, and a margin of hours. */
  listPayments: async (context, { from, to, cursor }) => {
    const { rows, next } = await listPage(context, { from, to, cursor })
    const reader = readerOf(context)
    const data: PaymentSnapshot[] = []
    for (const row of rows) {
      if (!isPayment(row) || nameOf(row) === undefined) continue
      const about = row.transaction_type === 'PREAUTHORIZATION' ? await reader.about(row) : []
      const snapshot = readable(row, () => snapshotOf(row, about, context.mode))
      if (snapshot !== undefined) data.push(snapshot)
    }
    return { data, ...next }
  },

  /** Movements: what was charged, captured and given back. Kushki tells its fees elsewhere. */
  listTransactions: async (context, { from, to, cursor }) => {
    const { rows, next } = await listPage(context, { from, to, cursor })
    const reader = readerOf(context)
    const data = []
    for (const row of rows) {
      const money = readable(row, () => statusOf(row) === 'succeeded' ? { amount: approvedOf(row), currency: askedOf(row).currency } : undefined)
      if (money === undefined || row.ticket_number === undefined) continue
      const back = isBack(row)
      if (row.transaction_type !== 'SALE' && row.transaction_type !== 'CAPTURE' && !back) continue
      // A hold that was let go moved nothing.
      if (row.transaction_type === 'VOID' && await isOfHold(reader, row)) continue
      const payment = row.sale_ticket_number || nameOf(row)
      const reference = back ? undefined : markOf(row.metadata, 'payment')
      data.push({
        providerReference: row.ticket_number,
        type: back ? 'refund' as const : 'payment' as const,
        amount: back ? { ...money, amount: -money.amount } : money,
        ...(reference !== undefined && { reference }),
        ...(payment !== undefined && { paymentProviderReference: payment }),
        at: dateOf(row.created)!
      })
    }
    return { data, ...next }
  }
} satisfies PaymentsFamily

export const payments = { ...own, ...refunds, ...customers, ...subscriptions } satisfies PaymentsFamily

const isPayment = ({ transaction_type: type }: Row): boolean => type === 'SALE' || type === 'PREAUTHORIZATION' || type === undefined

async function isOfHold (reader: ReturnType<typeof readerOf>, { sale_ticket_number: sale }: Row): Promise<boolean> {
  if (sale === undefined || sale === '') return false
  try {
    return (await reader.ticket(sale)).transaction_type === 'PREAUTHORIZATION'
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.code === 'not_found') return false
    throw thrown
  }
}

/** What cannot be read is an error where it is ours, and somebody else's business where it is not (another currency, another product). */
function readable<T> (row: Row, read: () => T): T | undefined {
  try {
    return read()
  } catch (thrown) {
    if (referenceOf(row) !== undefined) throw thrown
    return undefined
  }
}

async function listPage (context: ConnectionContext, { from, to, cursor = '0' }: { from: Date, to: Date, cursor?: string }): Promise<{ rows: Row[], next: { next?: string } }> {
  const offset = /^\d{1,9}$/.test(cursor) ? Number(cursor) : 0
  const rows = await pageOf(context, widened(context, { from, to }), offset)
  const within = rows.filter(row => {
    const at = dateOf(row.created)
    // Without a date nobody knows whether it belongs here: an audit must not pass over it.
    if (at === undefined) throw unreadable()
    return at >= from && at <= to
  })
  return { rows: within, next: rows.length < limitOf(context) ? {} : { next: String(offset + rows.length) } }
}

/**
 * Those that carry what is looked for. That the list shows metadata is our reading: where nothing in it ever does, and there is money of that
 * time in it, nobody may say that something is not there.
 */
function marked (rows: readonly Row[], { from, to }: Window, isIt: (row: Row) => boolean): Row[] {
  const found = rows.filter(row => isPayment(row) && nameOf(row) !== undefined && isIt(row))
  const blind = rows.every(({ metadata }) => Object.keys(objectOf(metadata) ?? {}).length === 0)
  const money = rows.some(row => {
    const at = dateOf(row.created)
    return isPayment(row) && row.transaction_status !== 'DECLINED' && (at === undefined || (at >= from && at <= to))
  })
  if (found.length === 0 && blind && money) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'the list of transactions shows no metadata: whether one of them is ours nobody knows' })
  return found
}

const ranks = ['APPROVAL', 'approvedTransaction', 'INITIALIZED', 'initializedTransaction', 'requestedToken']

/** One with money on it before all others, then one that waits, else the newest. */
export function bestOf (rows: readonly Row[]): Row | undefined {
  const newest = rows.toSorted((a, b) => (dateOf(b.created)?.getTime() ?? 0) - (dateOf(a.created)?.getTime() ?? 0))
  for (const status of ranks) {
    const found = newest.find(row => row.transaction_status === status)
    if (found !== undefined) return found
  }
  return newest[0]
}

// --- cards -----------------------------------------------------------------------------------------------------------

async function chargeCard (context: ConnectionContext, input: CreatePaymentInput, method: MethodInput): Promise<PaymentSnapshot> {
  const params = chargeParams(context, input, method)
  const token = method.token!
  return input.saveMethod === true && !isKept(token) ? await keepAndCharge(context, input, method) : await charge(context, input, params, token)
}

/** Stands where the number of a card that is about to be kept will be: only its form matters. */
const keptPlace = '0000000000000000'

/**
 * A token is good for one thing: the card is kept first, and what is kept is charged. So whatever answer is lost, a token that is sent again
 * is refused (577), and nothing is kept or charged twice.
 */
async function keepAndCharge (context: ConnectionContext, input: CreatePaymentInput, method: MethodInput): Promise<PaymentSnapshot> {
  const { customer, amount: { currency }, reference } = input
  const params = chargeParams(context, input, { ...method, token: keptPlace })
  const email = mailOf(customer, context.settings, currency)
  let id
  try {
    id = await keepCard(context, { token: method.token!, email, customer, currency, reference, idempotencyKey: `${input.idempotencyKey}-keep` })
  } catch (thrown) {
    if (!(thrown instanceof ProviderError)) throw thrown
    if (thrown.providerCode === '577') return await madeBefore(context, input) ?? raise(thrown)
    if (thrown.reached !== 'unknown') throw thrown
    // Nothing was charged: whoever has no number cannot charge it. The payer types the card once more.
    throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: thrown.providerCode, httpStatus: thrown.httpStatus, providerMessage: 'whether the card was kept nobody knows; nothing was charged', cause: thrown })
  }
  return await charge(context, input, params, id)
}

async function charge (context: ConnectionContext, input: CreatePaymentInput, params: ChargeParams, token: string): Promise<PaymentSnapshot> {
  const { capture, idempotencyKey } = input
  const held = capture === 'manual'
  const path = isKept(token) ? `/subscriptions/v1/card/${segment(token)}${held ? '/authorize' : ''}` : held ? '/card/v1/preAuthorization' : '/card/v1/charges'
  const asked: Row = {
    transaction_type: held ? 'PREAUTHORIZATION' : 'SALE', transaction_status: 'APPROVAL', payment_method: 'card', currency_code: input.amount.currency, amount: params.amount, metadata: params.metadata, ...(isKept(token) && { subscription_id: token })
  }
  try {
    return answered(context, await call<Charged>(context, { method: 'POST', path, body: params, key: 'private', idempotencyKey }), asked)
  } catch (thrown) {
    if (!(thrown instanceof KushkiRefusal)) throw thrown
    // The token was used before: by this very attempt, whose answer was lost, or by somebody else's.
    if (thrown.providerCode === '577') return await madeBefore(context, input) ?? raise(thrown)
    if (thrown.ticketNumber === undefined) throw thrown
    const declined = { ...asked, ticket_number: thrown.ticketNumber, transaction_status: 'DECLINED', response_code: thrown.providerCode, response_text: thrown.providerMessage }
    return { ...snapshotOf(declined, [], context.mode), error: failureOf(thrown.providerCode, thrown.providerMessage) }
  }
}

const raise = (thrown: Error): never => { throw thrown }

/** What Kushki says that it charged; where it does not say, what was asked. */
function answered (context: ConnectionContext, answer: Charged, asked: Row): PaymentSnapshot {
  const { ticketNumber, details } = answer
  if (typeof ticketNumber !== 'string' || ticketNumber === '') throw unreadable()
  const row = rowOfDetails(details ?? {}, { ...asked, ticket_number: ticketNumber })
  if (row.transaction_status !== 'APPROVAL' && row.transaction_status !== 'DECLINED' && row.transaction_status !== 'INITIALIZED') throw neverHeardOf(row.transaction_status)
  return snapshotOf({ ...row, transaction_type: asked.transaction_type! }, [], context.mode)
}

const lookBackMs = 2 * 86_400_000

/** A charge of this very attempt, when there is one with money on it or a decline of its own. */
async function madeBefore (context: ConnectionContext, { reference, attempt, amount }: CreatePaymentInput): Promise<PaymentSnapshot | undefined> {
  const now = context.now()
  const window = { from: new Date(now.getTime() - lookBackMs), to: now }
  const best = bestOf(marked(await rowsBetween(context, window), window, row => markOf(row.metadata, 'payment') === reference && markOf(row.metadata, 'attempt') === String(attempt)))
  if (best === undefined) return undefined
  const told = snapshotOf(best, await readerOf(context).about(best), context.mode)
  return told.amount.amount === amount.amount && told.amount.currency === amount.currency ? told : undefined
}

/** A hold of a kept card is captured where the card is kept (setting `capture_of_kept`). */
async function captureTicket (context: ConnectionContext, row: Row, { providerReference, amount, idempotencyKey }: CapturePaymentInput): Promise<Row> {
  const kept = row.subscription_id && context.settings.capture_of_kept !== 'card' ? row.subscription_id : undefined
  const path = kept === undefined ? '/card/v1/capture' : `/subscriptions/v1/card/${segment(kept)}/capture`
  const answer = await call<Charged>(context, { method: 'POST', path, body: { ticketNumber: providerReference, amount: amountOnWire(amount), fullResponse: 'v2' }, key: 'private', idempotencyKey })
  if (typeof answer.ticketNumber !== 'string') throw unreadable()
  const captured = rowOfDetails(answer.details ?? {}, { ticket_number: answer.ticketNumber, sale_ticket_number: providerReference, transaction_status: 'APPROVAL', currency_code: amount.currency, amount: amountOnWire(amount) })
  const told = { ...captured, transaction_type: 'CAPTURE' }
  if (captureOf([told]) === undefined) throw neverHeardOf(captured.transaction_status)
  return told
}
