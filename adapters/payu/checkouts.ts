import { type CheckoutSnapshot, type ConnectionContext, type CreateCheckoutInput, type Money, money, type PaymentsFamily } from '../../core/adapter/index.ts'
import { decimalOf } from './amounts.ts'
import { accountFor } from './countries.ts'
import { notFound, refusal } from './errors.ts'
import { isTest } from './http.ts'
import { digestOf } from './methods.ts'
import { bestOf } from './orders.ts'
import { requestSignature } from './signature.ts'

/**
 * WebCheckout is a signed form: PayU knows nothing of it before its payer does. So nothing is sent, and nothing can be lost; the page's
 * name is what it was made of, with the signature that only this account can make. Source: facts section 4.1, read 2026-11-21.
 */
export const checkouts = {
  createCheckout: async (context, input) => {
    refused(input)
    return { ...nameOf(context, input.reference, input.amount), reference: input.reference, status: 'open', providerStatus: 'FORM', url: urlOf(context, input), amount: { ...input.amount } }
  },

  getCheckout: async (context, providerReference) => {
    const page = opened(context, providerReference)
    const payment = await bestOf(context, page.reference)
    const told: CheckoutSnapshot = { providerReference, reference: page.reference, status: 'open', providerStatus: payment?.providerStatus ?? 'FORM', amount: page.amount }
    // A declined payer may try again on the same page; what waits for its payer is complete.
    return payment === undefined || payment.status === 'requires_payment_method' ? told : { ...told, status: 'complete', paymentProviderReference: payment.providerReference }
  }
} satisfies Partial<PaymentsFamily>

function refused ({ lines, amount, capture, expiresAt, saveMethod, methods }: CreateCheckoutInput): void {
  const sum = lines?.reduce((sum, line) => sum + line.quantity * line.unitAmount, 0) ?? amount.amount
  if (sum !== amount.amount) throw refusal('lines', `they are ${sum} ${amount.currency} together, not ${amount.amount}`)
  if (capture === 'manual') throw refusal('capture', 'PayU’s page takes the money at once', 'unsupported')
  if (expiresAt !== undefined) throw refusal('expires_at', 'PayU’s page does not end by itself', 'unsupported')
  if (saveMethod === true) throw refusal('save_method', 'PayU’s page keeps no card', 'unsupported')
  if (methods !== undefined && methods.length > 0) throw refusal('methods', 'PayU’s page offers what the account has', 'unsupported')
}

function signatureOf ({ credentials, settings }: ConnectionContext, reference: string, amount: Money): string {
  return requestSignature(credentials.api_key!, { merchantId: credentials.merchant_id!, referenceCode: reference, amount: decimalOf(amount), currency: amount.currency }, digestOf(settings))
}

const nameOf = (context: ConnectionContext, reference: string, amount: Money): { providerReference: string } =>
  ({ providerReference: `${reference}/${amount.amount}/${amount.currency}/${signatureOf(context, reference, amount)}` })

function opened (context: ConnectionContext, providerReference: string): { reference: string, amount: Money } {
  const [, reference, minor, currency] = /^([^/~]{1,255})\/(\d{1,15})\/([A-Z]{3})\/[0-9a-f]+$/.exec(providerReference) ?? []
  if (reference === undefined) throw notFound('WebCheckout')
  const amount = money(Number(minor), currency!)
  if (nameOf(context, reference, amount).providerReference !== providerReference) throw notFound('WebCheckout')
  return { reference, amount }
}

/** The form's fields as a query: PayU documents a form post, and takes both (QUIRKS.md). */
function urlOf (context: ConnectionContext, input: CreateCheckoutInput): string {
  const { credentials, settings } = context
  const { reference, amount, customer } = input
  const { accountId } = accountFor(context, amount.currency)
  const url = new URL(`${context.origin('checkout')}/ppp-web-gateway-payu/`)
  const fields: Record<string, string | undefined> = {
    merchantId: credentials.merchant_id,
    accountId,
    description: (input.description ?? input.lines?.map(({ name }) => name).join(', ') ?? input.orderReference ?? 'Pago').slice(0, 255),
    referenceCode: reference,
    amount: decimalOf(amount),
    tax: '0',
    taxReturnBase: '0',
    currency: amount.currency,
    signature: signatureOf(context, reference, amount),
    test: isTest(context) ? '1' : '0',
    lng: input.locale ?? 'es',
    buyerFullName: customer?.name,
    buyerEmail: customer?.email,
    responseUrl: input.successUrl,
    confirmationUrl: typeof settings.confirmation_url === 'string' && settings.confirmation_url !== '' ? settings.confirmation_url : undefined
  }
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}
