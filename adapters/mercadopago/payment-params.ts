import type { CheckoutLine, CreatePaymentInput, MethodInput, Money, PayerInput } from '../../core/adapter/index.ts'
import { chargeOnWire, partOnWire } from './amounts.ts'
import { refusal, stamp } from './asking.ts'
import type { Home } from './countries.ts'
import { metadataOf } from './marks.ts'

/** What a payment is asked for. Source: OpenAPI document, schema PaymentRequest, and facts sections 3.2 and 3.3; read 2026-11-21. */

type Settings = Readonly<Record<string, unknown>>

/** Our methods, by Mercado Pago's names and the countries that have them. */
export const outside: Record<string, { id: string, countries: string[], currency: string }> = {
  oxxo: { id: 'oxxo', countries: ['MX'], currency: 'MXN' },
  paycash: { id: 'paycash', countries: ['MX'], currency: 'MXN' },
  bancomer: { id: 'bancomer', countries: ['MX'], currency: 'MXN' },
  banamex: { id: 'banamex', countries: ['MX'], currency: 'MXN' },
  spei: { id: 'clabe', countries: ['MX'], currency: 'MXN' },
  pse: { id: 'pse', countries: ['CO'], currency: 'COP' },
  efecty: { id: 'efecty', countries: ['CO'], currency: 'COP' },
  pix: { id: 'pix', countries: ['BR'], currency: 'BRL' },
  boleto: { id: 'bolbradesco', countries: ['BR'], currency: 'BRL' }
}

/** A card, when it is known which one pays. */
export interface ChosenCard {
  token: string
  method?: string
  issuer?: string
  /** The saved card's id, and whose it is. */
  saved?: { card: string, customer: string }
}

/** What of a method its payer chose beside it: a bank, an own document. */
export function detailsOf (method: MethodInput): Record<string, string> {
  const { details } = method
  return typeof details === 'object' && details !== null ? details as Record<string, string> : {}
}

export function paymentParams (input: CreatePaymentInput & { method: MethodInput }, home: Home, settings: Settings, card?: ChosenCard): object {
  const { method, amount } = input
  const isCard = method.type === 'card'
  const wire = chargeOnWire(amount, method.type, home, settings)
  const held = input.capture === 'manual'
  if (held && !isCard) throw refusal('capture', `only a card is held, not ${method.type}`, 'unsupported')
  if (!isCard && outside[method.type] === undefined) throw refusal('method.type', `Mercado Pago is not asked for ${method.type} here`, 'unsupported')
  if (!isCard && (input.installments ?? 1) > 1) throw refusal('installments', `not with ${method.type}`, 'unsupported')
  const told = detailsOf(method)
  return {
    transaction_amount: wire,
    description: input.description ?? input.orderReference ?? 'Pago',
    external_reference: input.reference,
    ...(isCard ? cardParams(input, settings, card) : outsideParams(input, told)),
    payer: payerParams(input, home, settings, told, card),
    metadata: metadataOf(input.metadata, {
      payment: input.reference, attempt: String(input.attempt), order: input.orderReference, card: card?.saved?.card, held: held ? String(amount.amount) : undefined,
      tax: input.taxBreakdown?.map(({ type, amount }) => `${type} ${amount}`).join(', ')
    }),
    ...(input.expiresAt !== undefined && !isCard && { date_of_expiration: stamp(input.expiresAt) }),
    ...additional(input, told)
  }
}

function cardParams (input: CreatePaymentInput, settings: Settings, card: ChosenCard | undefined): object {
  return {
    ...(card !== undefined && { token: card.token, ...(card.method !== undefined && { payment_method_id: card.method }), ...(card.issuer !== undefined && { issuer_id: card.issuer }) }),
    installments: input.installments ?? 1,
    capture: input.capture !== 'manual',
    ...(settings.three_ds_mode !== 'not_supported' && { three_d_secure_mode: String(settings.three_ds_mode ?? 'optional') }),
    ...(input.statementDescriptor !== undefined && { statement_descriptor: input.statementDescriptor.slice(0, 22) })
  }
}

function outsideParams ({ method, returnUrl }: CreatePaymentInput & { method?: MethodInput }, told: Record<string, string>): object {
  const { type } = method!
  if (type !== 'pse') return { payment_method_id: outside[type]!.id, ...(returnUrl !== undefined && { callback_url: returnUrl }) }
  const bank = told.bank ?? method!.token
  if (bank === undefined) throw refusal('method.details.bank', 'PSE wants the bank that the payer chose')
  if (returnUrl === undefined) throw refusal('return_url', 'PSE wants to know where the payer comes back to')
  return { payment_method_id: 'pse', callback_url: returnUrl, transaction_details: { financial_institution: bank } }
}

/** A mail is required of everybody, and more of who pays from a bank. */
function payerParams (input: CreatePaymentInput & { method: MethodInput }, home: Home, settings: Settings, told: Record<string, string>, card: ChosenCard | undefined): object {
  const { customer, method } = input
  const usual = typeof settings.default_email === 'string' && settings.default_email !== '' ? settings.default_email : undefined
  const email = customer?.email ?? usual
  if (card?.saved !== undefined) return { type: 'customer', id: card.saved.customer, ...(email !== undefined && { email }) }
  if (email === undefined) throw refusal('customer.email', 'Mercado Pago wants the payer’s mail')
  const document = told.document_number ?? customer?.tax_id
  if (document === undefined && ['pse', 'boleto', 'pix'].includes(method.type) && settings.document_required !== false) throw refusal('customer.tax_id', `${method.type} wants the payer’s tax id`)
  const address = addressOf(told)
  return {
    email,
    ...namesOf(customer?.name),
    ...(document !== undefined && { identification: { type: told.document_type ?? home.identification(document), number: document } }),
    ...(method.type === 'pse' && { entity_type: told.entity_type ?? 'individual' }),
    ...(address !== undefined && { address })
  }
}

const addressNames = ['zip_code', 'street_name', 'street_number', 'neighborhood', 'city', 'federal_unit'] as const

function addressOf (told: Record<string, string>): object | undefined {
  const known = addressNames.filter(name => told[name] !== undefined)
  return known.length === 0 ? undefined : Object.fromEntries(known.map(name => [name, told[name]]))
}

/** First name and the rest: nothing tells where a family's name begins. */
export function namesOf (name: PayerInput['name']): { first_name?: string, last_name?: string } {
  const [first, ...rest] = (name ?? '').trim().split(/\s+/)
  return { ...(first && { first_name: first }), ...(rest.length > 0 && { last_name: rest.join(' ') }) }
}

function additional ({ lines, amount, customer, method }: CreatePaymentInput & { method: MethodInput }, told: Record<string, string>): object {
  if (method.type === 'pse' && told.ip_address === undefined) throw refusal('method.details.ip_address', 'PSE wants the address that the payer calls from')
  const about = {
    ...(told.ip_address !== undefined && { ip_address: told.ip_address }),
    ...(lines !== undefined && lines.length > 0 && { items: itemsOf(lines, amount) }),
    ...(customer?.name !== undefined && { payer: namesOf(customer.name) })
  }
  return Object.keys(about).length > 0 ? { additional_info: about } : {}
}

/** The positions, which must add up; without any, one that says it all. */
export function itemsOf (lines: readonly CheckoutLine[] | undefined, amount: Money, title = 'Pago'): { title: string, quantity: number, unit_price: number, description?: string }[] {
  if (lines === undefined || lines.length === 0) return [{ title: title.slice(0, 250), quantity: 1, unit_price: partOnWire(amount) }]
  const sum = lines.reduce((sum, line) => sum + line.quantity * line.unitAmount, 0)
  if (sum !== amount.amount) throw refusal('lines', `they are ${sum} ${amount.currency} together, not ${amount.amount}`)
  return lines.map(line => ({
    title: line.name.slice(0, 250),
    quantity: line.quantity,
    unit_price: partOnWire({ amount: line.unitAmount, currency: amount.currency }, 'lines'),
    ...(line.description !== undefined && { description: line.description.slice(0, 250) })
  }))
}
