import type { CreatePaymentInput, MethodInput, PayerInput } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { refusal } from './asking.ts'

/** How one pays: our names of the methods, and what Stripe wants to be told for each. */

/** SPEI is a transfer into the customer's cash balance at Stripe. Source: https://docs.stripe.com/payments/bank-transfers, read 2026-11-21. */
const stripeNames = { card: 'card', oxxo: 'oxxo', spei: 'customer_balance' } as const
type Method = keyof typeof stripeNames

export function stripeNameOf (type: string, param = 'method.type'): typeof stripeNames[Method] {
  if (!Object.hasOwn(stripeNames, type)) throw refusal(param, `Stripe pays with ${Object.keys(stripeNames).join(', ')} here`, 'unsupported')
  return stripeNames[type as Method]
}

/** Ours of Stripe's; one that we do not offer keeps its name. */
export function methodNameOf (stripeName: string): string {
  return stripeName === 'customer_balance' ? 'spei' : stripeName
}

/** Stripe keeps the money of a transfer for a customer, so there must be one. */
export function needsCustomer (types: readonly string[]): boolean {
  return types.includes('spei')
}

type Confirmation = Pick<Stripe.PaymentIntentConfirmParams, 'payment_method' | 'payment_method_data' | 'payment_method_options' | 'off_session' | 'return_url' | 'use_stripe_sdk'>
type Asked = Pick<CreatePaymentInput, 'amount' | 'returnUrl' | 'offSession' | 'customer' | 'expiresAt' | 'installments'> & { method: MethodInput }

/** Every one of these is told in confirming. `now` counts the days of a voucher. */
export function confirmationOf (asked: Asked, now: Date): Confirmation {
  switch (stripeNameOf(asked.method.type)) {
    case 'card': return { ...cardOf(asked.method), ...presenceOf(asked), ...withOptions({ card: installmentsOf(asked) }) }
    case 'oxxo': return { ...oxxoOf(asked), ...withOptions({ oxxo: { expires_after_days: voucherDays(asked.expiresAt, now) } }) }
    case 'customer_balance':
      pesosOnly(asked)
      return { payment_method_data: { type: 'customer_balance' }, ...withOptions({ customer_balance: bankTransfer }) }
  }
}

/** Source: https://docs.stripe.com/payments/bank-transfers/accept-a-payment, read 2026-11-21. */
export const bankTransfer = { funding_type: 'bank_transfer', bank_transfer: { type: 'mx_bank_transfer' } } as const

/**
 * With a page to come back to, 3-D Secure is a redirect; without one, Stripe.js shows it in the page (`use_stripe_sdk`).
 * Off session there is nobody to show it to, and Stripe declines with `authentication_required`.
 */
export function presenceOf ({ offSession = false, returnUrl }: { offSession?: boolean, returnUrl?: string }): Pick<Confirmation, 'off_session' | 'return_url' | 'use_stripe_sdk'> {
  return offSession ? { off_session: true } : returnUrl === undefined ? { use_stripe_sdk: true } : { return_url: returnUrl }
}

/** A saved method or a fresh one (pm_), or what Stripe.js made of a card (tok_). Never a card. */
export function cardOf ({ token }: MethodInput): { payment_method?: string, payment_method_data?: Stripe.PaymentIntentConfirmParams.PaymentMethodData } {
  if (token !== undefined && /^pm_\w+$/.test(token)) return { payment_method: token }
  // The types of the SDK know of `card` as an object only; the token in it is Stripe.js' old form, which is still taken.
  if (token !== undefined && /^tok_\w+$/.test(token)) return { payment_method_data: { type: 'card', card: { token } } as Stripe.PaymentIntentConfirmParams.PaymentMethodData }
  throw refusal('method.token', 'a pm_ or tok_ of Stripe is needed')
}

/** Source: https://docs.stripe.com/payments/oxxo/accept-a-payment, read 2026-11-21: name, of two words of two letters, and e-mail are required. */
function oxxoOf (asked: Asked): Pick<Confirmation, 'payment_method' | 'payment_method_data'> {
  pesosOnly(asked)
  if (asked.method.token !== undefined) return cardOf(asked.method)
  if (!/\S{2,}\s+(?:\S+\s+)*\S{2,}/.test(owed(asked.customer, 'name'))) throw refusal('customer.name', 'an OXXO voucher needs first and last name')
  return { payment_method_data: { type: 'oxxo', billing_details: { name: owed(asked.customer, 'name'), email: owed(asked.customer, 'email') } } }
}

function owed (customer: PayerInput | undefined, field: 'name' | 'email'): string {
  const value = customer?.[field]
  if (value === undefined || value === '') throw refusal(`customer.${field}`, `an OXXO voucher needs the payer's ${field}`)
  return value
}

function pesosOnly ({ amount, method }: Asked): void {
  if (amount.currency !== 'MXN') throw refusal('currency', `${method.type} is paid in MXN`, 'unsupported')
}

const mexicanDay = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Mexico_City' })
const dayMs = 86_400_000

/**
 * In how many days the voucher ends: at 23:59 in Mexico City, 1 to 7 days after today there. It is the last such moment that is not
 * later than asked, for one that ends later is paid when the room is sold already; but tomorrow at the earliest. The next action
 * tells the moment that Stripe chose. Source: the type PaymentMethodOptions.Oxxo of stripe 23.1.0.
 */
export function voucherDays (expiresAt: Date | undefined, now: Date): number | undefined {
  if (expiresAt === undefined) return undefined
  if (expiresAt <= now) throw refusal('expires_at', 'it is over')
  const today = Date.parse(mexicanDay.format(now))
  // A moment of the day's last minute is that day; any other ends the day before.
  const days = (Date.parse(mexicanDay.format(new Date(expiresAt.getTime() + 60_000))) - today) / dayMs - 1
  return Math.min(Math.max(days, 1), 7)
}

/** Source: https://docs.stripe.com/payments/mx-installments, read 2026-11-21. The least amount of each is chosen in the Dashboard. */
const installmentCounts = [3, 6, 9, 12, 18, 24]

/** Meses sin intereses: cards of Mexican banks at accounts in Mexico. Stripe says which a card allows, and refuses the rest. */
function installmentsOf ({ installments, amount }: Pick<Asked, 'installments' | 'amount'>): Stripe.PaymentIntentConfirmParams.PaymentMethodOptions.Card | undefined {
  if (installments === undefined || installments === 1) return undefined
  if (amount.currency !== 'MXN') throw refusal('installments', 'Stripe has them in MXN only', 'unsupported')
  if (!installmentCounts.includes(installments)) throw refusal('installments', `Stripe has them for ${installmentCounts.join(', ')} months`, 'unsupported')
  return { installments: { enabled: true, plan: { type: 'fixed_count', interval: 'month', count: installments } } }
}

/** Without empty ones: Stripe takes an empty object for an empty string. */
function withOptions (options: Stripe.PaymentIntentConfirmParams.PaymentMethodOptions): Pick<Confirmation, 'payment_method_options'> {
  const told = Object.entries(options).filter(([, option]) => option !== undefined && Object.values(option).some(value => value !== undefined))
  return told.length === 0 ? {} : { payment_method_options: Object.fromEntries(told) }
}
