import { type ConnectionContext, type CreatePaymentInput, type MethodInput, type NextAction, type PaymentSnapshot, ProviderError } from '../../core/adapter/index.ts'
import { amountOnWire, check, numberOnWire, totalOf } from './amounts.ts'
import { dayMs, numberOf, refusal, unreadable } from './asking.ts'
import { call, segment } from './http.ts'
import { metadataOf } from './marks.ts'
import type { CashInit, Row, TransferInit, WaitingState } from './objects.ts'
import { detailsOf, documentOf, mailOf, namesOf } from './params.ts'
import { snapshotOf, transferMethods } from './wire.ts'

/**
 * Cash and transfers, offered where the operator takes what is experimental: the facts have gaps here (the fields of answers and webhooks,
 * the account of SPEI). Both begin with a token that we ask for ourselves, and are made by the second request. Source: facts section 6.2.
 */
export async function createWaiting (context: ConnectionContext, input: CreatePaymentInput, method: MethodInput): Promise<PaymentSnapshot> {
  check(input.amount, context.settings)
  if (method.type === 'cash') return await createCash(context, input, method)
  if (!(Object.values(transferMethods).includes(method.type))) throw refusal('method.type', 'Kushki pays with card, cash, pse, spei and transfer here', 'unsupported')
  if (transferMethods[input.amount.currency] !== method.type) throw refusal('method.type', `not in ${input.amount.currency}`, 'unsupported')
  return await createTransfer(context, input, method)
}

const description = ({ description, orderReference }: CreatePaymentInput): string => (description ?? orderReference ?? 'Pago').slice(0, 100)

const marksOf = ({ metadata, reference, attempt, orderReference }: CreatePaymentInput, ends?: Date) => metadataOf(metadata, { payment: reference, attempt: String(attempt), order: orderReference, ends: ends?.toISOString() })

/** The token's own request makes nothing: whatever it met, nobody owes anything. */
async function tokenOf (context: ConnectionContext, path: string, body: object): Promise<string> {
  try {
    const { token } = await call<{ token?: string }>(context, { method: 'POST', path, body, key: 'public' })
    if (typeof token !== 'string' || token === '') throw unreadable()
    return token
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'unknown') throw thrown
    throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: thrown.providerCode, httpStatus: thrown.httpStatus, cause: thrown })
  }
}

async function createCash (context: ConnectionContext, input: CreatePaymentInput, method: MethodInput): Promise<PaymentSnapshot> {
  const { settings, now } = context
  const { amount, customer } = input
  const wire = amountOnWire(amount, input.taxBreakdown)
  const { documentType, documentNumber } = documentOf(customer, settings, amount, detailsOf(method))
  const ends = input.expiresAt ?? new Date(now().getTime() + numberOf(settings, 'cash_days', 3) * dayMs)
  // "At least one day after the creation" (api-docs.kushkipagos.com, cash-in init, read 2026-11-21).
  if (ends.getTime() < now().getTime() + dayMs - 60_000) throw refusal('expires_at', 'Kushki’s cash can be paid for a day at least')
  const metadata = marksOf(input, ends)
  const token = await tokenOf(context, '/cash/v1/tokens', {
    ...namesOf(customer), identification: documentNumber, documentType, totalAmount: numberOnWire(amount.amount, amount.currency), currency: amount.currency, email: mailOf(customer, settings, amount.currency), description: description(input)
  })
  const made = await call<CashInit>(context, { method: 'POST', path: '/cash/v1/charges/init', body: { token, amount: wire, expirationDate: ends.toISOString().slice(0, 19).replace('T', ' '), metadata }, key: 'private', idempotencyKey: input.idempotencyKey })
  if (typeof made.ticketNumber !== 'string' || typeof made.pin !== 'string') throw unreadable()
  const snapshot = snapshotOf({ ticket_number: made.ticketNumber, transaction_type: 'SALE', transaction_status: 'INITIALIZED', payment_method: 'cash', currency_code: amount.currency, amount: wire, metadata }, [], context.mode)
  const nextAction: NextAction = { type: 'voucher', reference: made.pin, ...(isUrl(made.pdfUrl) && { url: made.pdfUrl }), expires_at: ends.toISOString() }
  return { ...snapshot, nextAction }
}

async function createTransfer (context: ConnectionContext, input: CreatePaymentInput, method: MethodInput): Promise<PaymentSnapshot> {
  const { settings } = context
  const { amount, customer, returnUrl } = input
  const told = detailsOf(method)
  const wire = amountOnWire(amount, input.taxBreakdown)
  if (method.type === 'pse' && told.bank === undefined) throw refusal('method.details.bank', 'PSE wants the bank that the payer chose')
  if (method.type !== 'spei' && returnUrl === undefined) throw refusal('return_url', 'Kushki wants to know where the payer comes back to')
  const metadata = marksOf(input, input.expiresAt)
  const token = await tokenOf(context, '/transfer/v1/tokens', {
    ...(told.bank !== undefined && { bankId: told.bank }),
    ...(returnUrl !== undefined && { callbackUrl: returnUrl }),
    userType: told.user_type === '1' || told.user_type === 'company' ? '1' : '0',
    ...documentOf(customer, settings, amount, told),
    email: mailOf(customer, settings, amount.currency),
    currency: amount.currency,
    amount: wire,
    paymentDescription: description(input)
  })
  const made = await call<TransferInit>(context, { method: 'POST', path: '/transfer/v1/init', body: { token, amount: wire, metadata }, key: 'private', idempotencyKey: input.idempotencyKey })
  const nextAction = actionOf(made, amount.amount, input.expiresAt)
  if (nextAction === undefined && made.transactionReference === undefined) throw unreadable()
  const snapshot = transferSnapshot({ status: 'initializedTransaction', token, amount: wire, currency: amount.currency, metadata }, context.mode)
  return { ...snapshot, ...(nextAction !== undefined && { nextAction }) }
}

/** A page of the bank's; or an account, in a field that no fact names: the one number that is a CLABE. */
function actionOf (made: TransferInit, amount: number, ends: Date | undefined): NextAction | undefined {
  const { redirectUrl } = made
  if (isUrl(redirectUrl)) return { type: 'redirect', url: redirectUrl }
  const clabes = [...new Set(Object.values(made).filter((value): value is string => typeof value === 'string' && isClabe(value)))]
  return clabes.length === 1 ? { type: 'bank_transfer', clabe: clabes[0]!, amount_remaining: amount, ...(ends !== undefined && { expires_at: ends.toISOString() }) } : undefined
}

const isUrl = (text: unknown): text is string => typeof text === 'string' && /^https?:/.test(text) && URL.canParse(text)

/** Source: Banxico, circular 3/2012, annex: weights 3, 7, 1 over the first 17 digits, each product modulo 10. */
function isClabe (text: string): boolean {
  if (!/^\d{18}$/.test(text)) return false
  const sum = [...text.slice(0, 17)].reduce((sum, digit, i) => sum + Number(digit) * [3, 7, 1][i % 3]! % 10, 0)
  return (10 - sum % 10) % 10 === Number(text[17])
}

/** A transfer is named by its token, which has letters; a ticket has none. */
export const isTransferToken = (providerReference: string): boolean => /[a-z]/i.test(providerReference) && /^[\w-]{8,100}$/.test(providerReference)

export async function readTransfer (context: ConnectionContext, token: string): Promise<PaymentSnapshot> {
  return transferSnapshot({ token, ...await call<WaitingState>(context, { method: 'GET', path: `/transfer/v1/status/${segment(token)}`, key: 'private' }) }, context.mode)
}

/** Throws `unknown` where the amount is not told: a payment is never believed without. */
export function transferSnapshot (state: WaitingState, mode: PaymentSnapshot['mode']): PaymentSnapshot {
  return snapshotOf(rowOfState(state, 'transfer'), [], mode)
}

/** The state of a transfer or of cash, in the words of the list. */
export function rowOfState (state: WaitingState, method: 'transfer' | 'cash'): Row {
  const { token, ticketNumber, status, amount, totalAmount, currency, created, expiration, metadata, pin, responseText } = state
  const code = currency ?? (typeof amount === 'object' && amount !== null ? (amount as { currency?: string }).currency : undefined)
  return {
    transaction_type: 'SALE',
    payment_method: method,
    ...(token !== undefined && { token }),
    ...(ticketNumber !== undefined && { ticket_number: ticketNumber }),
    ...(status !== undefined && { transaction_status: status }),
    ...(code !== undefined && { currency_code: code }),
    ...(totalOf(amount, code) === undefined ? { request_amount: totalAmount } : { amount }),
    ...(created !== undefined && { created }),
    ...(expiration !== undefined && { expiration }),
    ...(metadata !== undefined && { metadata }),
    ...(pin !== undefined && { pin }),
    ...(responseText !== undefined && { response_text: responseText })
  }
}
