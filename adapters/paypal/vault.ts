import { type ConnectionContext, type PaymentsFamily, ProviderError, type SavedMethodSnapshot } from '../../core/adapter/index.ts'
import { ifThere, refusal, strange, vaultCustomerOf } from './asking.ts'
import { PaypalRefusal } from './errors.ts'
import { del, get, post, segment } from './http.ts'
import type { PaymentToken } from './objects.ts'

/**
 * PayPal keeps methods under a customer's id that the shop chooses; the customer itself is nothing but that id.
 * Source: OpenAPI document of vault v3 (2024-02), read 2026-11-21.
 */
export const vault = {
  createCustomer: async (_context, input) => ({ providerReference: vaultCustomerOf(input.reference), reference: input.reference, ...(input.name !== undefined && { name: input.name }), ...(input.email !== undefined && { email: input.email }) }),

  /** What is kept of a customer are the methods. */
  deleteCustomer: async (context, { customerProviderReference }) => {
    for (const { id } of await tokensOf(context, customerProviderReference)) await gone(context, id)
  },

  /** A set-up token, which PayPal's own form gave the browser, becomes a kept method: once. */
  saveMethod: async (context, input) => {
    if (input.type !== 'card' && input.type !== 'paypal') throw refusal('type', 'PayPal keeps cards and wallets', 'unsupported')
    if (!/^[0-9a-zA-Z_-]{1,255}$/.test(input.token) || /^\d{13,19}$/.test(input.token)) throw refusal('token', 'not a set-up token of PayPal’s')
    try {
      return methodOf(await post<PaymentToken>(context, '/v3/vault/payment-tokens', { payment_source: { token: { id: input.token, type: 'SETUP_TOKEN' } }, customer: { id: input.customerProviderReference } }, input.idempotencyKey))
    } catch (thrown) {
      // The bank's answer, or that of PayPal's judgement.
      if (!(thrown instanceof PaypalRefusal) || thrown.reached !== 'answered' || !['card_declined', 'expired_card', 'fraud_suspected', 'incorrect_cvc', 'invalid_card'].includes(thrown.code)) throw thrown
      return { providerReference: input.token, status: 'failed', type: input.type, error: { code: thrown.code, ...(thrown.providerCode !== undefined && { providerCode: thrown.providerCode }), ...(thrown.providerMessage !== undefined && { message: thrown.providerMessage }) } }
    }
  },

  listMethods: async (context, { customerProviderReference }) => (await tokensOf(context, customerProviderReference)).map(methodOf),

  removeMethod: async (context, { providerReference }) => { await gone(context, providerReference) }
} satisfies Partial<PaymentsFamily>

const pageSize = 20
const maxPages = 50

async function tokensOf (context: ConnectionContext, customer: string): Promise<PaymentToken[]> {
  const all: PaymentToken[] = []
  for (let page = 1; page <= maxPages; page++) {
    // A customer of whom nothing is kept is one that PayPal does not know.
    const told = await ifThere(() => get<{ payment_tokens?: PaymentToken[], total_pages?: number }>(context, '/v3/vault/payment-tokens', { customer_id: customer, page_size: pageSize, page, total_required: 'true' }))
    all.push(...told?.payment_tokens ?? [])
    if (page >= (told?.total_pages ?? 1)) return all
  }
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'more kept methods than are read' })
}

async function gone (context: ConnectionContext, id: string): Promise<void> {
  await ifThere(() => del(context, `/v3/vault/payment-tokens/${segment(id)}`))
}

function methodOf (token: PaymentToken): SavedMethodSnapshot {
  const [type] = Object.keys(token.payment_source ?? {})
  if (typeof token.id !== 'string' || type === undefined) throw strange('not a kept method')
  const source = token.payment_source?.[type]
  const [, year, month] = /^(\d{4})-(\d{2})$/.exec(source?.expiry ?? '') ?? []
  return {
    providerReference: token.id,
    status: 'active',
    type,
    ...(source?.brand !== undefined && { brand: source.brand.toLowerCase() }),
    ...(source?.last_digits !== undefined && { last4: source.last_digits }),
    ...(month !== undefined && { expMonth: Number(month), expYear: Number(year) })
  }
}
