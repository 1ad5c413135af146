import { timeFor } from './agenda.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import { activated } from './methods.ts'
import type { IntentRecord, Metadata, MethodRecord, Owner, PaymentIntent } from './objects.ts'
import { boolean, between, needed, object, oneOf, openObject, openWith, text, type Checked } from './params.ts'
import { refer, type Call } from './world.ts'

/** What is asked of a payer, whoever asks: the API, a page or an invoice. */
export interface NewIntent {
  amount: number
  currency: string
  customer?: string | null
  types?: string[] | undefined
  automatic?: { allow_redirects?: string } | undefined
  captureMethod: PaymentIntent['capture_method']
  confirmationMethod?: 'automatic' | 'manual'
  description?: string | null
  metadata?: Metadata
  method?: MethodRecord
  options?: Record<string, unknown>
  owner?: Owner
  receiptEmail?: string | null
  setupFutureUsage?: string | null
  shipping?: object | null
  excludedTypes?: string[] | null
  descriptor?: string | null
  descriptorSuffix?: string | null
  transferGroup?: string | null
  /** Names under which it can be found besides its metadata: those of the subscription that it is for. */
  references?: Metadata
  /** Set before it is announced: how it will be confirmed. */
  circumstances?: (intent: IntentRecord) => void
}

const installments = object({ enabled: boolean, plan: object({ count: between(2, 60), interval: oneOf('month'), type: needed(oneOf('fixed_count', 'bonus', 'revolving')) }) })

/** One member per type of payment method. */
export const methodOptions = openWith({
  card: openWith({ installments }),
  customer_balance: object({
    bank_transfer: object({ type: needed(oneOf('eu_bank_transfer', 'gb_bank_transfer', 'jp_bank_transfer', 'mx_bank_transfer', 'us_bank_transfer')), requested_address_types: text(), eu_bank_transfer: openObject }),
    funding_type: oneOf('bank_transfer'),
    setup_future_usage: oneOf('none')
  }),
  oxxo: object({ expires_after_days: between(1, 7), setup_future_usage: oneOf('none') })
})

/** The months that a Mexican card can be asked to pay in. Source: https://docs.stripe.com/payments/mx-installments, read 2026-11. */
const months = [3, 6, 9, 12, 18, 24]

export function newIntent (call: Call, asked: NewIntent): IntentRecord {
  const { world, books } = call
  const id = world.id('pi_3')
  const createdAt = timeFor(call, asked.customer ?? null)
  const { types, automatic } = asked
  const wire: PaymentIntent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: types ?? null,
    amount: asked.amount,
    amount_capturable: 0,
    amount_details: noTip,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: automatic === undefined ? null : { allow_redirects: automatic.allow_redirects ?? 'always', enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: asked.captureMethod,
    client_secret: `${id}_secret_${world.id('', 25)}`,
    confirmation_method: asked.confirmationMethod ?? 'automatic',
    created: createdAt,
    currency: asked.currency.toLowerCase(),
    customer: asked.customer ?? null,
    customer_account: null,
    description: asked.description ?? null,
    excluded_payment_method_types: asked.excludedTypes ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: books.livemode,
    managed_payments: null,
    metadata: asked.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: asked.method?.id ?? null,
    payment_method_configuration_details: automatic === undefined ? null : { id: `pmc_1${books.account.slice(5)}`, parent: null },
    payment_method_options: {},
    payment_method_types: types ?? (automatic === undefined ? ['card'] : automaticTypes(call, asked)),
    payment_record: null,
    processing: null,
    receipt_email: asked.receiptEmail ?? null,
    review: null,
    setup_future_usage: asked.setupFutureUsage ?? null,
    shipping: asked.shipping ?? null,
    source: null,
    statement_descriptor: asked.descriptor ?? null,
    statement_descriptor_suffix: asked.descriptorSuffix ?? null,
    status: asked.method === undefined ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: asked.transferGroup ?? null
  }
  wire.payment_method_options = optionsOf(asked.options, wire, asked.method)
  const intent: IntentRecord = {
    id, created: createdAt, wire, charges: [], returnUrl: null, offSession: false, errorOnAction: false, attempt: null, owner: asked.owner ?? null, funded: 0, authenticated: false, captures: 0
  }
  books.paymentIntents.add(intent)
  world.intents.set(id, books)
  refer(world, intent, asked.references)
  asked.circumstances?.(intent)
  emit(call, 'payment_intent.created', { ...wire })
  return intent
}

/** What the Dashboard offers for such a payment. Cash and transfers cannot be held or repeated. */
export function automaticTypes (call: Call, { amount, currency, captureMethod, setupFutureUsage, customer, options }: Pick<NewIntent, 'amount' | 'currency' | 'captureMethod' | 'setupFutureUsage' | 'customer' | 'options'>): string[] {
  const once = currency.toLowerCase() === 'mxn' && captureMethod !== 'manual' && (setupFutureUsage ?? null) === null
  const has = activated(call)
  return [
    'card',
    ...(once && has.includes('oxxo') && amount >= 1_000 && amount <= 1_000_000 ? ['oxxo'] : []),
    ...(once && has.includes('customer_balance') && (customer ?? null) !== null && options?.customer_balance !== undefined ? ['customer_balance'] : [])
  ]
}

const noTip = { tip: {} }
const plainCard = { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' }
const plainOptions: Record<string, object> = { card: plainCard, oxxo: { expires_after_days: 3 }, customer_balance: { bank_transfer: null, funding_type: null } }

/** As the payment shows them: what was given over what is usual, for each type that it takes. */
export function optionsOf (given: Record<string, unknown> | undefined, { payment_method_types: types, currency, amount }: PaymentIntent, method: MethodRecord | undefined): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const type of types) result[type] = { ...plainOptions[type], ...given?.[type] as object | undefined }
  const card = result.card as { installments: Checked<typeof installments> | null } | undefined
  if (card?.installments?.enabled === true || card?.installments?.plan !== undefined) {
    const possible = method?.wire.card?.country === 'MX' && method.wire.card.funding === 'credit' && currency === 'mxn'
    const plans = possible ? months.filter(count => amount >= count * 10_000) : []
    const plan = card.installments?.plan ?? null
    if (plan !== null && method !== undefined && !plans.includes(plan.count ?? 0)) {
      throw invalid('The installment plan is not available for this card, currency and amount.', { code: 'payment_intent_invalid_parameter', param: 'payment_method_options[card][installments][plan]' })
    }
    card.installments = { enabled: true, available_plans: plans.map(count => ({ count, interval: 'month', type: 'fixed_count' })), plan } as never
  } else if (card?.installments !== null && card !== undefined) card.installments = null
  return result
}
