import { type ConnectionContext, type PaymentsFamily, ProviderError, type SavedMethodSnapshot } from '../../core/adapter/index.ts'
import { neverHeardOf, refusal } from './asking.ts'
import { call, segment } from './http.ts'
import type { Source } from './objects.ts'
import { acceptanceOf } from './transactions.ts'
import { wireNames } from './wire.ts'

/**
 * Wompi keeps no customers: whose a payment source is its `customer_email` says, so the mail is the customer. Nothing is asked of Wompi for
 * it. Sources are not listed, either: we keep their numbers. Source: facts section 7.2, reference read 2026-11-21.
 */
export const customers = {
  createCustomer: async ({ mode, settings }, { reference, name, email = usual(settings.default_email) }) => {
    if (email === undefined) throw refusal('email', 'Wompi knows its payers by their email')
    return { providerReference: email, reference, ...(name !== undefined && { name }), email, mode }
  },

  saveMethod: async (context, { type, token, customerProviderReference }) => methodOf(await keepSource(context, { type, token, email: customerProviderReference })),

  getSetup: async (context, setupReference) => methodOf(await readSource(context, setupReference)),

  /** What is gone cannot go twice. */
  removeMethod: async (context, { providerReference }) => {
    try {
      await call<object>(context, { method: 'PUT', path: `/payment_sources/${segment(providerReference)}/void`, body: {}, key: 'private' })
    } catch (thrown) {
      if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered' || thrown.code === 'invalid_credentials') throw thrown
      if (thrown.code !== 'not_found' && (await readSource(context, providerReference)).status !== 'VOIDED') throw thrown
    }
  }
} satisfies Partial<PaymentsFamily>

const usual = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

/** A card's token, or a Nequi that its owner agreed to. */
export async function keepSource (context: ConnectionContext, { type, token, email, given }: { type: string, token: string, email: string, given?: Record<string, string> }): Promise<Source> {
  if (type !== 'card' && type !== 'nequi') throw refusal('type', 'Wompi keeps cards and Nequi accounts', 'unsupported')
  const acceptance = await acceptanceOf(context, given)
  return mustBe(await call<Source>(context, { method: 'POST', path: '/payment_sources', body: { type: wireNames[type], token, customer_email: email, ...acceptance }, key: 'private' }))
}

async function readSource (context: ConnectionContext, id: string): Promise<Source> {
  return mustBe(await call<Source>(context, { method: 'GET', path: `/payment_sources/${segment(id)}`, key: 'private' }))
}

function mustBe (source: Source): Source {
  if (typeof source.id !== 'number' || typeof source.status !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return source
}

function methodOf (source: Source): SavedMethodSnapshot {
  const data = source.public_data
  const [month, year] = [Number(data?.exp_month), Number(data?.exp_year)]
  return {
    providerReference: String(source.id),
    status: statusOf(source.status),
    type: source.type === 'NEQUI' ? 'nequi' : 'card',
    setupReference: String(source.id),
    ...(source.status === 'PENDING' && { nextAction: { type: 'wallet_push' as const } }),
    ...(statusOf(source.status) === 'failed' && { error: { code: 'card_declined' as const, providerCode: source.status } }),
    ...(data?.brand !== undefined && { brand: data.brand.toLowerCase() }),
    ...(data?.last_four !== undefined && { last4: data.last_four }),
    ...(Number.isInteger(month) && { expMonth: month }),
    ...(Number.isInteger(year) && { expYear: year < 100 ? 2000 + year : year })
  }
}

function statusOf (word: string): SavedMethodSnapshot['status'] {
  switch (word) {
    case 'AVAILABLE': return 'active'
    case 'PENDING': return 'requires_action'
    case 'VOIDED':
    case 'DECLINED':
    case 'ERROR': return 'failed'
    default: throw neverHeardOf(word)
  }
}
