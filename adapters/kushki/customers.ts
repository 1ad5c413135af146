import { type ConnectionContext, type PayerInput, type PaymentsFamily, ProviderError, type SavedMethodSnapshot } from '../../core/adapter/index.ts'
import { dayMs, refusal, unreadable } from './asking.ts'
import { currencyOf } from './countries.ts'
import { call, segment } from './http.ts'
import { metadataOf } from './marks.ts'
import type { KeptCard } from './objects.ts'
import { contactOf } from './params.ts'
import { brandOf } from './wire.ts'

/**
 * Kushki keeps no customers and no cards by themselves: a card is kept as a subscription that is charged on demand (`periodicity: custom`),
 * and its number is the kept method. So the payer's mail is the customer, and nothing is asked of Kushki for it. Subscriptions are not
 * listed: we keep their numbers. Source: facts section 6.2, read 2026-11-21.
 */
export const customers = {
  createCustomer: async ({ mode, settings }, { reference, name, email = typeof settings.default_email === 'string' && settings.default_email !== '' ? settings.default_email : undefined }) => {
    if (email === undefined) throw refusal('email', 'Kushki knows its payers by their email')
    return { providerReference: email, reference, ...(name !== undefined && { name }), email, mode }
  },

  saveMethod: async (context, { type, token, customerProviderReference, reference, idempotencyKey }) => {
    if (type !== 'card') throw refusal('type', 'Kushki keeps cards', 'unsupported')
    const id = await keepCard(context, { token, email: customerProviderReference, currency: currencyOf(context.settings), reference, idempotencyKey })
    // It is kept; what it looks like may be known later.
    const card = await readKept(context, id).catch(() => undefined)
    return methodOf(id, card)
  },

  /** What is gone cannot go twice. */
  removeMethod: async (context, { providerReference }) => {
    try {
      await call<object>(context, { method: 'DELETE', path: `/subscriptions/v1/card/${segment(providerReference)}`, key: 'private', mayBeEmpty: true })
    } catch (thrown) {
      if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered' || thrown.code === 'invalid_credentials') throw thrown
      if (thrown.code === 'not_found') return
      if (!isOver(await readKept(context, providerReference))) throw thrown
    }
  }
} satisfies Partial<PaymentsFamily>

interface Keeping {
  token: string
  email: string
  customer?: PayerInput | undefined
  currency: string
  reference: string
  idempotencyKey: string
}

/** The number of the subscription that holds the card. It is charged by nobody but us. */
export async function keepCard (context: ConnectionContext, { token, email, customer, currency, reference, idempotencyKey }: Keeping): Promise<string> {
  if (!/^[\w-]{6,100}$/.test(token)) throw refusal('token', 'a card comes as a token of Kushki’s')
  const answer = await call<KeptCard>(context, {
    method: 'POST',
    path: '/subscriptions/v1/card',
    body: {
      token,
      planName: 'Pasarela',
      periodicity: 'custom',
      contactDetails: { ...contactOf(customer, context.settings, currency), email },
      amount: { subtotalIva: 0, subtotalIva0: 0, iva: 0, ...(currency !== 'COP' && { ice: 0 }), currency },
      // Its first day is one to come.
      startDate: new Date(context.now().getTime() + dayMs).toISOString().slice(0, 10),
      metadata: metadataOf(undefined, { customer: reference })
    },
    key: 'private',
    idempotencyKey
  })
  if (typeof answer.subscriptionId !== 'string' || !/^\d{10,20}$/.test(answer.subscriptionId)) throw unreadable()
  return answer.subscriptionId
}

export async function readKept (context: ConnectionContext, id: string): Promise<KeptCard> {
  const card = await call<KeptCard>(context, { method: 'GET', path: `/subscriptions/v1/card/search/${segment(id)}`, key: 'private' })
  if (typeof card.periodicity !== 'string') throw unreadable()
  return card
}

/** Its card can be charged no more. */
export const isOver = ({ active, status }: KeptCard): boolean => active === false || /^(inactive|deleted|cancel)/i.test(status ?? '')

function methodOf (id: string, card: KeptCard | undefined): SavedMethodSnapshot {
  const last4 = /\d{4}$/.exec(card?.lastFourDigits ?? card?.maskedCardNumber ?? '')?.[0]
  return { providerReference: id, status: 'active', type: 'card', ...(card?.paymentBrand !== undefined && { brand: brandOf(card.paymentBrand) }), ...(last4 !== undefined && { last4 }) }
}
