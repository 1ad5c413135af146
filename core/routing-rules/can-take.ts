import type { Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import type { InvoicingFamily } from '../adapter/invoicing.ts'
import { exponentOf, money, toWire } from '../adapter/money.ts'
import type { PaymentsFamily } from '../adapter/payments.ts'
import type { SealedConnection } from '../connections/open.ts'
import { type ErrorCode, HubError, invalidField } from '../errors.ts'
import type { Question } from '../routing/engine.ts'

/** What a connection is wanted for: the question that rules answer, and what its adapter must be able to do. */
export interface Wanted extends Question {
  mode: Mode
  /** Named by the caller: then no rule is asked, and no other connection is tried. */
  connection?: string
  capture?: 'automatic' | 'manual'
  /** The adapter's methods that are needed, when it is not the family's first: those of hosted pages, of customers. */
  needs?: readonly (keyof PaymentsFamily | keyof InvoicingFamily)[]
}

/** Why a connection cannot do it, as the caller is told when there is no other. */
export interface Refusal {
  code: ErrorCode
  path?: string
  message?: string
}

export function refusalError ({ code, path, message }: Refusal): HubError {
  return path === undefined || message === undefined ? new HubError(code) : invalidField(path, message, code)
}

/** Undefined when it can. What is not asked (an amount in a question without one) is not in the way. */
export function whyCannotTake (adapter: Adapter | undefined, connection: Pick<SealedConnection, 'settings'>, wanted: Wanted): Refusal | undefined {
  if (adapter === undefined) return { code: 'provider_unknown' }
  return wanted.family === 'payments' ? whyCannotPay(adapter, connection, wanted) : whyCannotInvoice(adapter, wanted)
}

/**
 * The tenant's own bank is not the place of a payment that says nothing of how it will be paid: only a rule or the caller sends it there. One
 * by bank transfer may go there by itself.
 */
export function isOnlyNamed (adapter: Adapter | undefined, { family, method }: Pick<Wanted, 'family' | 'method'>): boolean {
  return family === 'payments' && adapter?.manifest.own_bank === true && method === undefined
}

function whyCannotPay (adapter: Adapter, connection: Pick<SealedConnection, 'settings'>, { amount, currency, method, capture, needs = ['createPayment'] }: Wanted): Refusal | undefined {
  const { manifest, payments } = adapter
  if (payments === undefined || needs.some(name => payments[name as keyof PaymentsFamily] === undefined)) return { code: 'capability_not_supported' }
  if (capture === 'manual' && payments.capture === undefined) return { code: 'capability_not_supported', path: 'capture', message: 'this provider cannot capture later' }
  if (currency === undefined) return undefined
  if (!manifest.currencies.includes(currency)) return { code: 'currency_not_supported', path: 'currency', message: `${manifest.name} does not take ${currency}` }
  if (method !== undefined) {
    const found = manifest.methods.find(({ type }) => type === method)
    if (found === undefined) return { code: 'method_not_supported', path: 'method.type', message: `${manifest.name} does not offer ${method}` }
    if (found.currencies !== undefined && !found.currencies.includes(currency)) return { code: 'method_not_supported', path: 'method.type', message: `${method} is not offered in ${currency}` }
  }
  return amount === undefined ? undefined : whyNotAmount(adapter, connection, amount, currency)
}

function whyCannotInvoice (adapter: Adapter, { country, needs = ['issue'] }: Wanted): Refusal | undefined {
  const { manifest, invoicing } = adapter
  if (invoicing === undefined || needs.some(name => invoicing[name as keyof InvoicingFamily] === undefined)) return { code: 'capability_not_supported' }
  if (country !== undefined && !manifest.countries.includes(country)) return { code: 'connection_not_usable', path: 'country', message: `${manifest.name} does not issue in ${country}` }
  return undefined
}

/** The provider's limits and units for this currency; a connection's own setting `<currency>_minimum` goes before the manifest's. */
function whyNotAmount (adapter: Adapter, connection: Pick<SealedConnection, 'settings'>, amount: number, currency: string): Refusal | undefined {
  const rule = adapter.manifest.amounts[currency] ?? {}
  const refusal = (message: string): Refusal => ({ code: 'amount_invalid', path: 'amount', message })
  const name = `${currency.toLowerCase()}_minimum`
  const setting = connection.settings[name] ?? adapter.manifest.settings.properties[name]?.default
  const minimum = typeof setting === 'number' ? setting : rule.minimum
  if (minimum !== undefined && amount < minimum) return refusal(`${adapter.manifest.name} takes at least ${readable(minimum, currency)} ${currency} (${minimum} minor units)`)
  if (rule.maximum !== undefined && amount > rule.maximum) return refusal(`${adapter.manifest.name} takes at most ${readable(rule.maximum, currency)} ${currency} (${rule.maximum} minor units)`)
  try {
    toWire(money(amount, currency), rule)
    return undefined
  } catch (error) {
    return refusal((error as Error).message)
  }
}

/** The same where a connection is given already. Throws `amount_invalid`. */
export function assertAmount (adapter: Adapter, connection: Pick<SealedConnection, 'settings'>, amount: number, currency: string): void {
  const refusal = whyNotAmount(adapter, connection, amount, currency)
  if (refusal !== undefined) throw refusalError(refusal)
}

function readable (minor: number, currency: string): string {
  const digits = exponentOf(currency)
  return (minor / 10 ** digits).toFixed(digits)
}
