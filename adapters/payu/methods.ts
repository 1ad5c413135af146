import { type ConnectionContext, type CreatePaymentInput, exponentOf, type MethodInput, type PayerInput, ProviderError } from '../../core/adapter/index.ts'
import { decimalOf, wireValue } from './amounts.ts'
import { accountFor, type Country, names, type Way, ways, zoneOf } from './countries.ts'
import { refusal } from './errors.ts'
import { command } from './http.ts'
import { type Digest, digests, requestSignature } from './signature.ts'

/** What a transaction is asked for. Source: facts sections 4.2 and 4.3, read 2026-11-21. */

/** What the payer chose beside the method, by PayU's names in small letters. */
export function detailsOf (method: MethodInput | undefined): Record<string, string> {
  const details = method?.details
  return typeof details === 'object' && details !== null ? details as Record<string, string> : {}
}

export const digestOf = (settings: Readonly<Record<string, unknown>>): Digest => digests.find(digest => digest === settings.request_digest) ?? 'md5'

export async function transactionParams (context: ConnectionContext, input: CreatePaymentInput): Promise<object> {
  const { method, amount, capture, settings } = { ...input, settings: context.settings }
  if (method === undefined) throw refusal('method', 'PayU opens no payment without a method; a page does', 'unsupported')
  const way = method.type === 'card' ? undefined : ways[method.type]
  if (method.type !== 'card' && way === undefined) throw refusal('method.type', `PayU pays with card, ${Object.keys(ways).join(', ')} here`, 'unsupported')
  const value = decimalOf(amount)
  if (way !== undefined) waysTake(way, input)
  const { country, accountId } = accountFor(context, amount.currency, method)
  if (capture === 'manual' && !names(settings.two_step_countries, country)) throw refusal('capture', `PayU does not hold cards in ${country} for this account`, 'unsupported')
  const order = {
    accountId,
    referenceCode: input.reference,
    description: (input.description ?? input.orderReference ?? 'Pago').slice(0, 255),
    language: settings.language === 'en' ? 'en' : 'es',
    signature: requestSignature(context.credentials.api_key!, { merchantId: context.credentials.merchant_id!, referenceCode: input.reference, amount: value, currency: amount.currency }, digestOf(settings)),
    ...(typeof settings.confirmation_url === 'string' && settings.confirmation_url !== '' && { notifyUrl: settings.confirmation_url }),
    additionalValues: { TX_VALUE: wireValue(amount), ...taxOf(input) },
    buyer: { ...personOf(input.customer, method), ...(input.customer?.provider_reference !== undefined && { merchantBuyerId: input.customer.provider_reference }) }
  }
  const details = detailsOf(method)
  const browser = { deviceSessionId: details.device_session_id, ipAddress: details.ip_address, cookie: details.cookie, userAgent: details.user_agent }
  return {
    order,
    payer: personOf(input.customer, method),
    type: capture === 'manual' ? 'AUTHORIZATION' : 'AUTHORIZATION_AND_CAPTURE',
    paymentCountry: country,
    ...Object.fromEntries(Object.entries(browser).filter(([, value]) => value !== undefined)),
    ...(way === undefined ? await cardParams(context, input, method) : wayParams(context, input, { method, way, country }))
  }
}

/** In what it is paid, how much, and all at once. */
function waysTake (way: Way, { amount, capture, installments, method }: CreatePaymentInput): void {
  const type = method!.type
  if (amount.currency !== way.currency) throw refusal('currency', `${type} pays ${way.currency}`, 'unsupported')
  if (capture === 'manual') throw refusal('capture', `only a card is held, not ${type}`, 'unsupported')
  if (installments !== undefined && installments > 1) throw refusal('installments', `not with ${type}`, 'unsupported')
  if (way.limits !== undefined && (amount.amount < way.limits.minimum || amount.amount > way.limits.maximum)) throw refusal('amount', `with ${type} from ${way.limits.minimum} to ${way.limits.maximum} ${way.currency}`, 'amount_invalid')
}

/** A card comes as a token of PayU's. Its brand PayU wants to be told; where the page did not, PayU knows it. */
async function cardParams (context: ConnectionContext, { installments }: CreatePaymentInput, method: MethodInput): Promise<object> {
  const { token } = method
  if (token === undefined || !/^[A-Za-z0-9_-]{8,100}$/.test(token)) throw refusal('method.token', 'a card comes as a token of PayU’s')
  const brand = detailsOf(method).payment_method?.toUpperCase() ?? await brandOf(context, token)
  return {
    creditCardTokenId: token,
    paymentMethod: brand,
    extraParameters: { INSTALLMENTS_NUMBER: Math.max(1, installments ?? 1) },
    ...(context.settings.without_cvv === true && { creditCard: { processWithoutCvv2: true } })
  }
}

async function brandOf (context: ConnectionContext, token: string): Promise<string> {
  const { creditCardTokenList: found } = await command(context, 'payments', 'GET_TOKENS', { creditCardTokenInformation: { creditCardTokenId: token } })
  const brand = found?.find(({ creditCardTokenId }) => creditCardTokenId === token)?.paymentMethod
  if (typeof brand !== 'string') throw new ProviderError({ code: 'invalid_card', reached: 'answered', providerCode: 'GET_TOKENS', param: 'method.token', providerMessage: 'PayU knows no such token' })
  return brand
}

function wayParams (context: ConnectionContext, { returnUrl, expiresAt, customer }: CreatePaymentInput, { method, way, country }: { method: MethodInput, way: Way, country: Country }): object {
  const details = detailsOf(method)
  const ends = expiresAt === undefined ? {} : { expirationDate: localTime(expiresAt, zoneOf[country]) }
  switch (way.kind) {
    case 'cash':
    case 'transfer': return { paymentMethod: way.wire, ...ends }
    case 'push': {
      if (customer?.phone === undefined) throw refusal('customer.phone', 'the payer’s app is found by the telephone')
      return { paymentMethod: String(context.settings.nequi_method ?? way.wire), ...ends }
    }
    case 'bank_page': {
      const bank = details.financial_institution_code
      if (bank === undefined) throw refusal('method.details.financial_institution_code', 'PSE wants the payer’s bank')
      if (returnUrl === undefined) throw refusal('return_url', 'PSE sends the payer away, and back')
      const number = details.dni_number ?? customer?.tax_id
      if (number === undefined) throw refusal('method.details.dni_number', 'PSE wants the payer’s document')
      return {
        paymentMethod: way.wire,
        extraParameters: {
          RESPONSE_URL: returnUrl,
          FINANCIAL_INSTITUTION_CODE: bank,
          USER_TYPE: details.user_type === 'J' ? 'J' : 'N',
          PSE_REFERENCE1: details.ip_address ?? '127.0.0.1',
          PSE_REFERENCE2: details.dni_type ?? 'CC',
          PSE_REFERENCE3: number
        }
      }
    }
  }
}

function personOf (payer: PayerInput | undefined, method: MethodInput): object {
  const details = detailsOf(method)
  const told = { fullName: payer?.name, emailAddress: payer?.email, contactPhone: payer?.phone, dniNumber: details.dni_number ?? payer?.tax_id, dniType: details.dni_type }
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
}

/** The tax that the amount contains; only PayU Colombia acts on it. */
function taxOf ({ taxBreakdown, amount }: CreatePaymentInput): object {
  const tax = taxBreakdown?.reduce((sum, part) => sum + part.amount, 0) ?? 0
  return tax === 0 ? {} : { TX_TAX: wireValue({ amount: tax, currency: amount.currency }), TX_TAX_RETURN_BASE: wireValue({ amount: amount.amount - tax, currency: amount.currency }) }
}

export function localTime (at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at).replace(' ', 'T')
}

/** The moment of a local time, `2021-06-23 23:59:59` or with a T between. */
export function momentOf (local: string, timeZone: string): Date | undefined {
  const asUtc = Date.parse(`${local.replace(' ', 'T')}Z`)
  if (Number.isNaN(asUtc)) return undefined
  const offset = (at: number) => Date.parse(`${localTime(new Date(at), timeZone)}Z`) - at
  const once = asUtc - offset(asUtc)
  return new Date(asUtc - offset(once))
}

/** Whole units only: where a country's refunds know no decimals. */
export function isWhole (amount: number, currency: string): boolean {
  return amount % 10 ** exponentOf(currency) === 0
}
