import type { ConnectionContext, CreatePaymentInput, MethodInput, PayerInput } from '../../core/adapter/index.ts'
import { chargeOnWire } from './amounts.ts'
import { endOfDay, refusal } from './asking.ts'
import { integritySignature } from './signature.ts'
import { referenceOnWire, wireNames } from './wire.ts'

/** What a transaction is asked for. Source: facts section 7.2 and the guide of payment methods, read 2026-11-21. */

type Settings = Readonly<Record<string, unknown>>

export const methods = Object.keys(wireNames) as (keyof typeof wireNames)[]

export interface Prepared {
  body: Record<string, unknown>
  /** With a kept method only the private key is let in. */
  key: 'public' | 'private'
  ends?: Date
}

/** Throws refusals before anything leaves. The acceptance is added by who asks for it. */
export function transactionParams (context: ConnectionContext, input: CreatePaymentInput, source?: string): Prepared {
  const { settings, credentials, now } = context
  const { method, amount } = input
  if (method === undefined) throw refusal('method', 'a transaction of Wompi’s has a method from the beginning')
  if (!(method.type in wireNames)) throw refusal('method.type', `Wompi pays with ${methods.join(', ')} here`, 'unsupported')
  if (input.capture === 'manual') throw refusal('capture', 'Wompi takes the money at once', 'unsupported')
  const amountInCents = chargeOnWire(amount, settings)
  const reference = referenceOnWire(input.reference, input.attempt)
  const kept = source ?? savedSource(method)
  const ends = input.expiresAt ?? (method.type === 'cash' ? endOfDay(now(), typeof settings.cash_days === 'number' ? settings.cash_days : 3) : undefined)
  const expirationTime = ends?.toISOString()
  const secret = credentials.integrity_secret
  if (!secret) throw refusal('integrity_secret', 'without it Wompi takes no transaction')
  const payer = payerParams(input.customer, settings)
  const told = detailsOf(method)
  const browser = Object.fromEntries(Object.entries(told).filter(([name]) => name.startsWith('browser_')))
  const data = { ...payer.customer_data, ...(Object.keys(browser).length > 0 && { browser_info: browser }) }
  const body = {
    amount_in_cents: amountInCents,
    currency: amount.currency,
    reference,
    signature: integritySignature({ reference, amountInCents, currency: amount.currency, ...(expirationTime !== undefined && { expirationTime }), secret }),
    customer_email: payer.customer_email,
    ...(Object.keys(data).length > 0 && { customer_data: data }),
    ...(expirationTime !== undefined && { expiration_time: expirationTime }),
    ...(input.returnUrl !== undefined && { redirect_url: input.returnUrl }),
    ...taxes(input, amountInCents),
    ...(kept !== undefined && { payment_source_id: Number(kept), ...(input.offSession === true && { recurrent: true }) }),
    payment_method: methodParams(input, method, kept, settings)
  }
  return { body, key: kept === undefined ? 'public' : 'private', ...(ends !== undefined && { ends }) }
}

/** A kept method of Wompi's is a number. */
export function savedSource ({ token }: MethodInput): string | undefined {
  return token !== undefined && /^\d{1,12}$/.test(token) ? token : undefined
}

export function detailsOf (method: MethodInput): Record<string, string> {
  const { details } = method
  return typeof details === 'object' && details !== null ? details as Record<string, string> : {}
}

function methodParams (input: CreatePaymentInput, method: MethodInput, kept: string | undefined, settings: Settings): object {
  const { type, token } = method
  const wire = wireNames[type as keyof typeof wireNames]
  const { customer, installments = 1, returnUrl } = input
  const told = detailsOf(method)
  if (type !== 'card' && installments > 1) throw refusal('installments', `not with ${type}`, 'unsupported')
  // Sixty-four characters and no quotes; PSE's older pages say thirty.
  const description = (longest: number): string => (input.description ?? input.orderReference ?? 'Pago').replaceAll('\'', '’').slice(0, longest)
  const phone = (): string => {
    const digits = (told.phone_number ?? customer?.phone ?? '').replace(/\D/g, '').replace(/^57(?=\d{10}$)/, '')
    if (!/^3\d{9}$/.test(digits)) throw refusal('customer.phone', `${type} wants a Colombian mobile number of ten digits`)
    return digits
  }
  const document = (): { user_legal_id_type: string, user_legal_id: string } => {
    const id = told.legal_id ?? customer?.tax_id
    if (id === undefined) throw refusal('customer.tax_id', `${type} wants the payer’s document`)
    return { user_legal_id_type: told.legal_id_type ?? String(settings.document_type ?? 'CC'), user_legal_id: id.replace(/[.\s]/g, '') }
  }
  switch (wire) {
    case 'CARD': {
      if (kept !== undefined) return { type: wire, installments }
      if (token === undefined || !/^tok_(test|prod)_\w+$/.test(token)) throw refusal('method.token', 'a card comes as a token of Wompi’s (tok_…) or as the number of a kept one')
      return { type: wire, token, installments, ...(settings.three_ds === true && { is_three_ds: true }) }
    }
    case 'NEQUI': return kept === undefined ? { type: wire, phone_number: phone() } : { type: wire }
    case 'PSE': {
      if (told.bank === undefined) throw refusal('method.details.bank', 'PSE wants the bank that the payer chose')
      if (returnUrl === undefined) throw refusal('return_url', 'PSE wants to know where the payer comes back to')
      return { type: wire, user_type: told.user_type === '1' || told.user_type === 'company' ? 1 : 0, ...document(), financial_institution_code: told.bank, payment_description: description(typeof settings.pse_description === 'number' ? settings.pse_description : 30) }
    }
    case 'BANCOLOMBIA_TRANSFER': return { type: wire, user_type: 'PERSON', payment_description: description(64), ...(returnUrl !== undefined && { ecommerce_url: returnUrl }) }
    case 'BANCOLOMBIA_QR': return { type: wire, payment_description: description(64), ...(token !== undefined && { sandbox_status: token }) }
    case 'BANCOLOMBIA_COLLECT': return { type: wire }
    case 'DAVIPLATA': return { type: wire, ...document(), payment_description: description(64) }
    case 'SU_PLUS': return { type: wire, ...document(), payment_description: description(64), ...(returnUrl !== undefined && { redirect_url: returnUrl }) }
    case 'BANCOLOMBIA_BNPL': {
      const [name = '', ...rest] = (customer?.name ?? '').trim().split(/\s+/)
      if (name === '' || rest.length === 0) throw refusal('customer.name', 'Bancolombia lends to somebody with a name and a surname')
      return { type: wire, name, last_name: rest.join(' '), ...document(), phone_code: '+57', phone_number: phone(), payment_description: description(64), ...(returnUrl !== undefined && { redirect_url: returnUrl }) }
    }
  }
}

/** A mail is required; name and telephone are told where they are known. */
export function payerParams (payer: PayerInput | undefined, settings: Settings): { customer_email: string, customer_data?: Record<string, string> } {
  // A customer that is known here is known by the mail.
  const email = payer?.email ?? payer?.provider_reference ?? (settings.default_email === '' ? undefined : settings.default_email as string | undefined)
  if (email === undefined) throw refusal('customer.email', 'Wompi wants the payer’s email')
  const data = { ...(payer?.name !== undefined && { full_name: payer.name }), ...(payer?.phone !== undefined && { phone_number: payer.phone.replace(/[^\d+]/g, '') }) }
  return { customer_email: email, ...(Object.keys(data).length > 0 && { customer_data: data }) }
}

/** VAT and the tax on consumption, as parts of the amount. Source: guide of payment links and transactions, `taxes`. */
function taxes ({ taxBreakdown = [] }: CreatePaymentInput, amountInCents: number): { taxes?: object[] } {
  const kinds: Record<string, string> = { iva: 'VAT', vat: 'VAT', inc: 'CONSUMPTION', consumption: 'CONSUMPTION' }
  const told = taxBreakdown.map(({ type, amount }) => ({ type: kinds[type.toLowerCase()], amount_in_cents: amount })).filter(({ type, amount_in_cents: amount }) => type !== undefined && amount > 0 && amount < amountInCents)
  return told.length === 0 ? {} : { taxes: told }
}
