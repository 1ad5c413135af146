import { createHash } from 'node:crypto'
import { type CheckoutSnapshot, type ConnectionContext, type CreateCheckoutInput, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { chargeOnWire, moneyOf } from './amounts.ts'
import { refusal } from './asking.ts'
import { integritySignature } from './signature.ts'
import { bestOf, ofReference } from './transactions.ts'

/**
 * Wompi's page is an address that we sign: nothing is made at Wompi until somebody pays, and then it has our reference, once more with
 * each try. So the page's own id holds what was asked. Source: facts section 7.2 (Web Checkout), read 2026-11-21.
 */
export const checkouts = {
  createCheckout: async (context, input) => {
    check(input)
    const amount = chargeOnWire(input.amount, context.settings)
    const page = { reference: input.reference, amount, endsAt: input.expiresAt }
    return { ...snapshot(context, page), status: 'open', providerStatus: 'SIGNED', url: addressOf(context, input, amount) }
  },

  getCheckout: async (context, providerReference) => {
    const page = pageNamed(providerReference)
    const best = bestOf(await ofReference(context, page?.reference ?? providerReference))
    if (page === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'page' })
    const isPaid = best?.status === 'APPROVED' || best?.status === 'VOIDED'
    // A decline leaves the page open for another try, and cash may still come.
    const isOver = !isPaid && best?.status !== 'PENDING' && page.endsAt !== undefined && page.endsAt <= context.now()
    return { ...snapshot(context, page), status: isPaid ? 'complete' : isOver ? 'expired' : 'open', providerStatus: best?.status ?? 'SIGNED', ...(isPaid && { paymentProviderReference: best.id }) }
  }
} satisfies Partial<PaymentsFamily>

interface Page { reference: string, amount: number, endsAt: Date | undefined }

function snapshot ({ mode }: ConnectionContext, page: Page): Pick<CheckoutSnapshot, 'providerReference' | 'reference' | 'amount' | 'mode' | 'expiresAt'> {
  return { providerReference: nameOf(page), reference: page.reference, amount: moneyOf(page.amount, 'COP'), mode, ...(page.endsAt !== undefined && { expiresAt: page.endsAt }) }
}

const sumOf = (text: string): string => createHash('sha256').update(`wompi page ${text}`).digest('hex').slice(0, 12)

function nameOf ({ reference, amount, endsAt }: Page): string {
  const text = [reference, amount, endsAt === undefined ? 0 : endsAt.getTime()].join('.')
  return `${text}.${sumOf(text)}`
}

/** Undefined when it was not made by us: a letter that is wrong is not somebody else's amount. */
function pageNamed (name: string): Page | undefined {
  const [, text = '', reference = '', amount, ends, sum] = /^((\w{4,60})\.(\d{1,15})\.(\d{1,15}))\.([0-9a-f]{12})$/.exec(name) ?? []
  if (sum === undefined || sum !== sumOf(text)) return undefined
  return { reference, amount: Number(amount), endsAt: ends === '0' ? undefined : new Date(Number(ends)) }
}

function check ({ lines, amount, methods, capture, saveMethod }: CreateCheckoutInput): void {
  if (capture === 'manual') throw refusal('capture', 'Wompi takes the money at once', 'unsupported')
  if (saveMethod === true) throw refusal('save_payment_method', 'Wompi’s page keeps no method', 'unsupported')
  if (methods !== undefined) throw refusal('methods', 'Wompi’s page offers what the account has; it cannot be narrowed', 'unsupported')
  checkLines(lines, amount)
}

/** Wompi shows no lines; the sum has to be right all the same. */
export function checkLines (lines: CreateCheckoutInput['lines'], { amount, currency }: { amount: number, currency: string }): void {
  if (lines === undefined || lines.length === 0) return
  const sum = lines.reduce((sum, line) => sum + line.quantity * line.unitAmount, 0)
  if (sum !== amount) throw refusal('lines', `they are ${sum} ${currency} together, not ${amount}`)
}

function addressOf (context: ConnectionContext, { reference, expiresAt, successUrl, customer }: CreateCheckoutInput, amountInCents: number): string {
  const { credentials } = context
  const secret = credentials.integrity_secret
  if (!secret) throw refusal('integrity_secret', 'without it Wompi’s page refuses the amount')
  const expirationTime = expiresAt?.toISOString()
  const url = new URL(`${context.origin('checkout')}/p/`)
  const query: Record<string, string | undefined> = {
    'public-key': credentials.public_key,
    currency: 'COP',
    'amount-in-cents': String(amountInCents),
    reference,
    'signature:integrity': integritySignature({ reference, amountInCents, currency: 'COP', ...(expirationTime !== undefined && { expirationTime }), secret }),
    'redirect-url': successUrl,
    'expiration-time': expirationTime,
    'customer-data:email': customer?.email,
    'customer-data:full-name': customer?.name,
    'customer-data:phone-number': customer?.phone?.replace(/\D/g, '')
  }
  // The colons stay as the guide writes them.
  url.search = Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]).join('&')
  return url.href
}
