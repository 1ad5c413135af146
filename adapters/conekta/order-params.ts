import { type CheckoutLine, type ConfirmPaymentInput, type CreatePaymentInput, type MethodInput, type Money, type PayerInput } from '../../core/adapter/index.ts'
import { chargeOnWire, isCash } from './amounts.ts'
import { refusal, seconds } from './asking.ts'
import { metadataOf } from './marks.ts'

/** What an order is asked for. Source: OpenAPI 2.3.0, schema order_request, and facts section 2.2; read 2026-11-21. */

type Settings = Readonly<Record<string, unknown>>

export const methods = ['card', 'oxxo', 'cash', 'spei', 'pay_by_bank'] as const

export function orderParams (input: CreatePaymentInput, settings: Settings, now: Date, source?: string): object {
  const { method, amount } = input
  const wire = chargeOnWire(amount, method?.type ?? 'card', settings)
  const held = input.capture === 'manual'
  if (held && method !== undefined && method.type !== 'card') throw refusal('capture', `only a card is held, not ${method.type}`, 'unsupported')
  const tax = input.taxBreakdown?.map(({ type, amount }) => `${type} ${amount}`).join(', ')
  const known = input.customer?.provider_reference !== undefined
  return {
    currency: amount.currency,
    customer_info: customerInfo(input.customer, settings),
    line_items: lineItems(input.lines, { ...amount, amount: wire }, input.description ?? input.orderReference),
    metadata: {
      ...metadataOf(input.metadata, {
        payment: input.reference, attempt: String(input.attempt), order: input.orderReference, held: held ? `manual ${wire}` : undefined, source: source ?? savedSource(method), tax
      }),
      // The same CLABE for every transfer of this customer. Source: facts section 2.2.
      ...(settings.reuse_clabe === true && known && method?.type === 'spei' && { reuse_customer_clabe: true })
    },
    ...(held && { pre_authorize: true }),
    ...threeDs(settings),
    ...(input.returnUrl !== undefined && { return_url: input.returnUrl }),
    ...(method !== undefined && { charges: [chargeParams({ ...input, method }, settings, now, source)] })
  }
}

/** A charge of an order: the whole of it, under a reference by which a repetition is recognised. */
export function chargeParams (input: (CreatePaymentInput | ConfirmPaymentInput) & { method: MethodInput }, settings: Settings, now: Date, source?: string): object {
  return {
    amount: chargeOnWire(input.amount, input.method.type, settings),
    reference_id: chargeReference(input),
    payment_method: methodParams(input, settings, now, source)
  }
}

export function chargeReference ({ reference, attempt }: { reference: string, attempt: number }): string {
  return `${reference}-${attempt}`
}

function methodParams ({ method, amount, installments, expiresAt }: Pick<CreatePaymentInput, 'amount' | 'installments' | 'expiresAt'> & { method: MethodInput }, settings: Settings, now: Date, source?: string): object {
  const { type, token } = method
  if (!(methods as readonly string[]).includes(type)) throw refusal('method.type', `Conekta pays with ${methods.join(', ')} here`, 'unsupported')
  if (type === 'card') {
    const saved = source ?? savedSource(method)
    if (saved === undefined && (token === undefined || !/^tok_\w+$/.test(token))) throw refusal('method.token', 'a card comes as a token of Conekta’s (tok_…) or as a saved card (src_…)')
    return {
      type,
      ...(saved === undefined ? { token_id: token } : { payment_source_id: saved }),
      ...(installments !== undefined && installments > 1 && { monthly_installments: installments })
    }
  }
  if (amount.currency !== 'MXN') throw refusal('currency', `${type} pays pesos`, 'unsupported')
  if (installments !== undefined && installments > 1) throw refusal('installments', `not with ${type}`, 'unsupported')
  if (type === 'pay_by_bank') return { type, product_type: 'bbva_pay_by_bank', ...(expiresAt !== undefined && { expires_at: seconds(expiresAt) }) }
  const days = isCash(type) ? settings.voucher_days : settings.transfer_days
  const ends = expiresAt ?? endOfDay(now, typeof days === 'number' ? days : 3, String(settings.time_zone ?? defaultTimeZone))
  const wireType = type === 'oxxo' ? String(settings.oxxo_type ?? 'oxxo_cash') : type
  return { type: wireType, expires_at: seconds(ends) }
}

/** A source of the customer's, where the method names one. */
export function savedSource (method: MethodInput | undefined): string | undefined {
  return method?.type === 'card' && /^src_\w+$/.test(method.token ?? '') ? method.token : undefined
}

function threeDs (settings: Settings): { three_ds_mode?: string } {
  const mode = settings.three_ds_mode
  return typeof mode === 'string' && mode !== 'account' ? { three_ds_mode: mode } : {}
}

/** Name, mail and telephone are required; a customer that Conekta knows stands for all three. */
export function customerInfo (payer: (PayerInput & { customerProviderReference?: string }) | undefined, settings: Settings): object {
  const known = payer?.provider_reference ?? payer?.customerProviderReference
  if (known !== undefined) return { customer_id: known }
  const usual = (name: string) => typeof settings[name] === 'string' && settings[name] !== '' ? settings[name] : undefined
  const told = { name: payer?.name ?? usual('default_name'), email: payer?.email ?? usual('default_email'), phone: payer?.phone ?? usual('default_phone') }
  for (const [field, value] of Object.entries(told)) if (value === undefined) throw refusal(`customer.${field}`, `Conekta wants the payer's ${field}`)
  return told
}

/** At least three characters (OpenAPI 2.3.0, schema product); at most 249. */
const named = (name: string): string => name.length >= 3 ? name.slice(0, 249) : `${name} (1)`.slice(0, 249)

export function lineItems (lines: readonly CheckoutLine[] | undefined, { amount, currency }: Money, name: string | undefined): object[] {
  if (lines === undefined || lines.length === 0) return [{ name: named(name ?? 'Pago'), unit_price: amount, quantity: 1 }]
  const sum = lines.reduce((sum, line) => sum + line.quantity * line.unitAmount, 0)
  if (sum !== amount) throw refusal('lines', `they are ${sum} ${currency} together, not ${amount}`)
  return lines.map(line => ({
    name: named(line.name),
    unit_price: line.unitAmount,
    quantity: line.quantity,
    ...(line.description !== undefined && line.description.length >= 3 && { description: line.description.slice(0, 249) })
  }))
}

export const defaultTimeZone = 'America/Mexico_City'

/** The last second of the day so many days after today, where the payer lives: stores close their books at midnight there. */
export function endOfDay (now: Date, days: number, timeZone: string): Date {
  const local = (at: Date) => Object.fromEntries(new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const today = local(now)
  const asUtc = Date.UTC(today.year!, today.month! - 1, today.day! + days, 23, 59, 59)
  // The zone's own offset at that moment, not today's.
  const shown = local(new Date(asUtc))
  const offsetMs = Date.UTC(shown.year!, shown.month! - 1, shown.day!, shown.hour!, shown.minute!, shown.second!) - asUtc
  return new Date(asUtc - offsetMs)
}
