import { type Account, countryOf, hash, hundredths, type Json, type Order, Refusal, type Transaction, twoDecimals, type World } from './world.ts'

const dayMs = 86_400_000
const cash = new Set(['OXXO', 'SEVEN_ELEVEN', 'OTHERS_CASH', 'EFECTY', 'BALOTO', 'BOLETO_BANCARIO'])
const brands = new Set(['VISA', 'MASTERCARD', 'AMEX', 'DINERS', 'CODENSA', 'NARANJA', 'ELO'])
/** How long a voucher may be paid when nobody says otherwise. */
const usualDays = (country: string) => country === 'AR' ? 15 : 7
const offsets: Record<string, string> = { MX: '-06:00', CO: '-05:00', BR: '-03:00', AR: '-03:00', CL: '-03:00', PA: '-05:00', PE: '-05:00' }

/** A new order and its first transaction. */
export function pay (world: World, account: Account, asked: Json): Json {
  const { order: told, type, paymentMethod, paymentCountry: country } = asked
  const rules = countryOf[country]
  if (rules === undefined || account.accounts[country] !== String(told.accountId)) throw new Refusal('The account does not exist for the merchant in this country')
  const { value, currency } = told.additionalValues.TX_VALUE
  const cents = hundredths(value)
  const signed = [account.apiKey, account.merchantId, told.referenceCode, String(value), currency]
  if (!(['md5', 'sha1', 'sha256'] as const).some(digest => hash(digest, ...signed) === told.signature)) throw new Refusal('The signature is invalid')
  if (!rules.currencies.includes(currency)) throw new Refusal(`The currency ${currency} is not supported in ${country}`)
  if (currency === 'CLP' && cents % 100 !== 0) throw new Refusal('The value of the amount is invalid: CLP has no decimals')
  if (type === 'AUTHORIZATION' && !rules.twoStep) throw new Refusal(`AUTHORIZATION is not supported in ${country}`)
  const card = cardOf(account, asked)
  const order: Order = {
    id: world.orderId(), accountId: Number(told.accountId), status: 'IN_PROGRESS', referenceCode: told.referenceCode, description: told.description, language: told.language, notifyUrl: told.notifyUrl ?? null,
    creationDate: world.now(), isTest: false, buyer: told.buyer ?? null, transactions: [], additionalValues: { TX_VALUE: { value: cents / 100, currency } }
  }
  const transaction = transactionOf(world, { type, paymentMethod, paymentCountry: country, cents, currency, maskedNumber: card?.maskedNumber })
  order.transactions.push(transaction)
  const response = transaction.transactionResponse
  if (card !== undefined) answerCard(response, card.outcome)
  else instruct(world, { order, transaction, asked, country, cents })
  account.orders.push(order)
  account.ledger[order.id] = { charges: 0, captures: 0, refunds: 0, cancellations: 0 }
  ended(world, account, order, transaction)
  return { ...response, orderId: order.id, transactionId: transaction.id, extraParameters: response.extraParameters ?? null }
}

function cardOf (account: Account, asked: Json): { maskedNumber: string, outcome: string } | undefined {
  if (!brands.has(asked.paymentMethod)) return undefined
  const token = String(asked.creditCardTokenId ?? '')
  const known = account.tokens[token]
  // `sim-VISA-APPROVED`: this simulator's own, good at every account; the last word is what the bank says.
  const [, brand, outcome] = /^sim-([A-Z]+)-([A-Z_]+)$/.exec(token) ?? []
  if (known === undefined && brand === undefined) throw new Refusal('The token does not exist')
  if ((known?.brand ?? brand) !== asked.paymentMethod) throw new Refusal('The payment method does not match the token')
  return { maskedNumber: `411111******${known?.last4 ?? '1111'}`, outcome: known?.name ?? outcome! }
}

/** Names that the sandbox documents (APPROVED, REJECTED, PENDING), and any other response code. */
function answerCard (response: Json, outcome: string): void {
  if (outcome === 'APPROVED') return approveResponse(response)
  if (outcome === 'PENDING') return void Object.assign(response, { state: 'PENDING', pendingReason: 'PENDING_REVIEW', responseCode: 'PENDING_TRANSACTION_REVIEW' })
  const code = outcome === 'REJECTED' ? 'ENTITY_DECLINED' : outcome
  Object.assign(response, { state: code === 'INTERNAL_PAYMENT_PROVIDER_ERROR' || code === 'ERROR' ? 'ERROR' : 'DECLINED', responseCode: code, paymentNetworkResponseCode: '51', paymentNetworkResponseErrorMessage: 'Declined' })
}

function approveResponse (response: Json): void {
  Object.assign(response, { state: 'APPROVED', pendingReason: null, responseCode: 'APPROVED', paymentNetworkResponseCode: '00', authorizationCode: 'MOCK-CREDIBANCO-1624365236' })
}

/** What a payer is told who pays elsewhere. */
function instruct (world: World, { order, transaction, asked, country, cents }: { order: Order, transaction: Transaction, asked: Json, country: string, cents: number }): void {
  const { paymentMethod } = asked
  if (asked.type !== 'AUTHORIZATION_AND_CAPTURE') throw new Refusal(`AUTHORIZATION is not supported with ${String(paymentMethod)}`)
  const response = transaction.transactionResponse
  const ends = asked.expirationDate === undefined ? world.now() + usualDays(country) * dayMs : Date.parse(`${String(asked.expirationDate)}${offsets[country]}`)
  if (!(ends > world.now())) throw new Refusal('The expiration date is invalid')
  const receipts = { URL_PAYMENT_RECEIPT_HTML: `${world.url()}/receipt/${order.id}`, URL_PAYMENT_RECEIPT_PDF: `${world.url()}/receipt/${order.id}.pdf` }
  if (cash.has(paymentMethod)) {
    if (paymentMethod === 'EFECTY' && (cents < 2_000_000 || cents > 600_000_000)) throw new Refusal('The value of the amount is invalid: EFECTY takes from 20000 to 6000000 COP')
    Object.assign(response, {
      state: 'PENDING', responseCode: 'PENDING_TRANSACTION_CONFIRMATION', pendingReason: 'AWAITING_NOTIFICATION',
      extraParameters: { REFERENCE: world.digits(14), BAR_CODE: world.digits(40), EXPIRATION_DATE: ends, PAYMENT_WAY_ID: '4', BANK_REFERENCED_CODE: 'CASH', ...receipts }
    })
  } else if (paymentMethod === 'SPEI') {
    const local = new Date(ends - 6 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    Object.assign(response, {
      state: 'PENDING', responseCode: 'PENDING_PAYMENT_IN_ENTITY', pendingReason: 'AWAITING_PAYMENT_IN_ENTITY', trazabilityCode: world.digits(5),
      extraParameters: { SPEI_CLABE_ACCOUNT_NUMBER: '646180132800000009', SPEI_BANK_NAME: 'STP', EXPIRATION_DATE: local, ...receipts }
    })
  } else if (paymentMethod === 'PSE') {
    const told = asked.extraParameters ?? {}
    for (const name of ['FINANCIAL_INSTITUTION_CODE', 'USER_TYPE', 'PSE_REFERENCE1', 'PSE_REFERENCE2', 'PSE_REFERENCE3', 'RESPONSE_URL']) if (told[name] === undefined) throw new Refusal(`The parameter ${name} is required`)
    transaction.extraParameters = { ...told }
    Object.assign(response, { state: 'PENDING', responseCode: 'PENDING_TRANSACTION_CONFIRMATION', pendingReason: 'AWAITING_NOTIFICATION', trazabilityCode: world.digits(7), extraParameters: { BANK_URL: `${world.url()}/bank/${order.id}` } })
  } else if (paymentMethod === 'NEQUI') {
    if (asked.payer?.contactPhone === undefined) throw new Refusal('The parameter contactPhone is required')
    Object.assign(response, { state: 'PENDING', responseCode: 'PENDING_TRANSACTION_CONFIRMATION', pendingReason: 'AWAITING_NOTIFICATION' })
  } else {
    throw new Refusal(`The payment method ${String(paymentMethod)} is not available`)
  }
}

interface NewTransaction { type: string, paymentMethod: string, paymentCountry: string, cents: number, currency: string, parent?: string, maskedNumber?: string | undefined }

function transactionOf (world: World, { type, paymentMethod, paymentCountry, cents, currency, parent, maskedNumber }: NewTransaction): Transaction {
  return {
    id: world.uuid(), order: null, creditCard: maskedNumber === undefined ? null : { maskedNumber }, type, parentTransactionId: parent ?? null, paymentMethod, paymentCountry, source: null, extraParameters: null,
    transactionResponse: { state: 'PENDING', responseCode: null, pendingReason: null, paymentNetworkResponseCode: null, paymentNetworkResponseErrorMessage: null, trazabilityCode: world.digits(12), authorizationCode: null, responseMessage: null, operationDate: world.now(), extraParameters: null },
    additionalValues: { TX_VALUE: { value: cents / 100, currency } }
  }
}

/** CAPTURE, VOID, REFUND and PARTIAL_REFUND of an order. */
export function follow (world: World, account: Account, asked: Json): Json {
  const order = account.orders.find(({ id }) => id === Number(asked.order.id))
  if (order === undefined) throw new Refusal('The order does not exist')
  const parent = order.transactions.find(({ id }) => id === asked.parentTransactionId)
  if (parent === undefined) throw new Refusal('The parent transaction does not exist')
  const { currency } = order.additionalValues.TX_VALUE
  const total = hundredths(order.additionalValues.TX_VALUE.value)
  const cents = asked.additionalValues === undefined ? undefined : hundredths(asked.additionalValues.TX_VALUE.value)
  if (asked.additionalValues !== undefined && asked.additionalValues.TX_VALUE.currency !== currency) throw new Refusal('The currency of the amount is invalid')
  const { paymentMethod, paymentCountry } = parent
  const add = (amount: number) => {
    const made = transactionOf(world, { type: asked.type, paymentMethod, paymentCountry, cents: amount, currency, parent: parent.id })
    order.transactions.push(made)
    return made
  }
  const ledger = account.ledger[order.id]!
  switch (asked.type) {
    case 'CAPTURE': {
      if (order.status !== 'AUTHORIZED') throw new Refusal('The status of the order does not allow CAPTURE')
      if ((cents ?? total) > total) throw new Refusal('The value of the amount is invalid: it exceeds the authorized one')
      const made = add(cents ?? total)
      approveResponse(made.transactionResponse)
      order.status = 'CAPTURED'
      ledger.captures++
      return { ...made.transactionResponse, orderId: order.id, transactionId: made.id }
    }
    case 'VOID': {
      if (countryOf[paymentCountry]?.voids !== true) throw new Refusal(`VOID is not supported in ${String(paymentCountry)}`)
      if (order.status !== 'AUTHORIZED') throw new Refusal('The status of the order does not allow VOID')
      const made = add(total)
      approveResponse(made.transactionResponse)
      order.status = 'CANCELLED'
      ledger.cancellations++
      return { ...made.transactionResponse, orderId: order.id, transactionId: made.id }
    }
    default: return refund(world, { order, asked, cents, add, ledger })
  }
}

const isRefund = ({ type }: Transaction) => type === 'REFUND' || type === 'PARTIAL_REFUND'

export function takenOf (order: Order): number {
  const captured = order.transactions.filter(one => one.type === 'CAPTURE' && one.transactionResponse.state === 'APPROVED')
  return captured.length > 0 ? captured.reduce((sum, one) => sum + hundredths(one.additionalValues.TX_VALUE.value), 0) : hundredths(order.additionalValues.TX_VALUE.value)
}

function refund (world: World, { order, asked, cents, add, ledger }: { order: Order, asked: Json, cents: number | undefined, add: (cents: number) => Transaction, ledger: Account['ledger'][number] }): Json {
  if (order.status !== 'CAPTURED') throw new Refusal(order.status === 'REFUNDED' ? 'The order has already been refunded' : 'The status of the order does not allow REFUND')
  if (asked.reason === undefined) throw new Refusal('The parameter reason is required')
  const taken = takenOf(order)
  const gone = order.transactions.filter(isRefund).filter(one => one.transactionResponse.state !== 'DECLINED').reduce((sum, one) => sum + hundredths(one.additionalValues.TX_VALUE.value), 0)
  if (asked.type === 'PARTIAL_REFUND' && cents === undefined) throw new Refusal('The parameter TX_VALUE is required')
  if (asked.type === 'REFUND' && gone > 0) throw new Refusal('The order has already been refunded')
  const amount = asked.type === 'REFUND' ? taken : cents!
  const country = String(order.transactions[0]!.paymentCountry)
  if (amount > taken - gone) throw new Refusal('The value of the amount is invalid: it exceeds what is left')
  if (asked.type === 'PARTIAL_REFUND' && (country === 'MX' || country === 'AR') && amount % 100 !== 0) throw new Refusal('The value of the amount is invalid: no decimals')
  if (country === 'CO' && amount < 10_000) throw new Refusal('The value of the amount is invalid: the minimum is 100 COP')
  const made = add(amount)
  Object.assign(made.transactionResponse, { state: 'PENDING', pendingReason: 'PENDING_REVIEW' })
  if (!world.showsRefunds) made.hidden = true
  ledger.refunds++
  return { orderId: order.id, transactionId: null, state: 'PENDING', pendingReason: 'PENDING_REVIEW', responseCode: null, paymentNetworkResponseCode: null, paymentNetworkResponseErrorMessage: null, trazabilityCode: null, authorizationCode: null, responseMessage: null, operationDate: null, extraParameters: null }
}

/** A refund that waits is reviewed. */
export function reviewRefunds (order: Order, approved: boolean): void {
  for (const one of order.transactions.filter(isRefund)) {
    if (one.transactionResponse.state !== 'PENDING') continue
    delete one.hidden
    Object.assign(one.transactionResponse, approved ? { state: 'APPROVED', pendingReason: null, responseCode: 'APPROVED' } : { state: 'DECLINED', pendingReason: null, responseCode: 'ENTITY_DECLINED' })
  }
  const back = order.transactions.filter(one => isRefund(one) && one.transactionResponse.state === 'APPROVED').reduce((sum, one) => sum + hundredths(one.additionalValues.TX_VALUE.value), 0)
  if (back > 0 && back >= takenOf(order)) order.status = 'REFUNDED'
}

/** What was waited for comes to an end. */
export function settle (world: World, account: Account, order: Order, how: 'APPROVED' | 'EXPIRED' | 'DECLINED'): void {
  const waiting = order.transactions.findLast(({ transactionResponse: { state } }) => state === 'PENDING')
  if (waiting === undefined) throw new Error(`nothing of ${order.id} is waited for`)
  if (how === 'APPROVED') approveResponse(waiting.transactionResponse)
  else Object.assign(waiting.transactionResponse, { state: how, pendingReason: null, responseCode: how === 'EXPIRED' ? 'EXPIRED_TRANSACTION' : 'ENTITY_DECLINED' })
  ended(world, account, order, waiting)
}

const statePol: Record<string, string | undefined> = { APPROVED: '4', EXPIRED: '5', DECLINED: '6', ERROR: '6' }

/** An end is written into the order and told, once for each transaction. */
function ended (world: World, account: Account, order: Order, transaction: Transaction): void {
  const { state, responseCode } = transaction.transactionResponse
  const pol = statePol[state]
  if (pol === undefined) return
  if (state === 'APPROVED') {
    order.status = transaction.type === 'AUTHORIZATION' ? 'AUTHORIZED' : 'CAPTURED'
    account.ledger[order.id]!.charges++
  } else if (order.status !== 'CAPTURED') {
    order.status = 'DECLINED'
  }
  confirm(world, account, order, { transaction, pol, responseCode })
}

function confirm (world: World, account: Account, order: Order, { transaction, pol, responseCode }: { transaction: Transaction, pol: string, responseCode: string }): void {
  const { value, currency } = order.additionalValues.TX_VALUE
  const fields: Record<string, string> = {
    response_code_pol: pol === '4' ? '1' : '5', phone: '', additional_value: '0.00', test: '0', transaction_date: new Date(world.now()).toISOString().slice(0, 19).replace('T', ' '), cc_number: '', payment_method_name: transaction.paymentMethod,
    state_pol: pol, merchant_id: account.merchantId, reference_sale: order.referenceCode, reference_pol: String(order.id), transaction_id: transaction.id, value: twoDecimals(hundredths(value)), tax: '0.00', currency,
    response_message_pol: responseCode, payment_method_type: '2', attempts: '1', description: order.description, date: String(world.now()), ip: '127.0.0.1', extra1: '', extra2: '', extra3: '', cus: '', pse_bank: ''
  }
  account.confirmations.push(fields)
  const url = order.notifyUrl ?? world.confirmationUrl
  if (typeof url === 'string') world.deliveries.send(() => ({ url, ...signed(fields, account.apiKey, world.digest) }))
}

/** As the confirmation's rule has it: 150.00 is signed as 150.0, 150.26 as 150.26. */
export function signed (fields: Record<string, string>, apiKey: string, digest: World['digest']): { headers: Record<string, string>, body: string } {
  const value = fields.value!.replace(/(\.\d)0$/, '$1')
  const sign = hash(digest, apiKey, fields.merchant_id!, fields.reference_sale!, value, fields.currency!, fields.state_pol!)
  return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ ...fields, sign }).toString() }
}
