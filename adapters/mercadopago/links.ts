import { type ConnectionContext, type PaymentLinkSnapshot, type PaymentsFamily } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'
import type { Preference } from './objects.ts'
import { amountOf, createPreference, endPreference, findPreference, isOver, readPreference, urlOf } from './preferences.ts'
import { isTestToken } from './wire.ts'

/** A link is a preference too, and any number of people may pay it: each makes a payment that carries our id of the link. */
export const links = {
  createPaymentLink: async (context, input) => {
    if (input.maxPayments !== undefined) throw refusal('max_payments', 'Mercado Pago cannot count how many pay', 'unsupported')
    return linkOf(await createPreference(context, input), context)
  },

  getPaymentLink: async (context, providerReference) => linkOf(await readPreference(context, providerReference), context),

  findPaymentLink: async (context, lookup) => {
    const found = await findPreference(context, lookup)
    return found === undefined ? undefined : linkOf(found, context)
  },

  expirePaymentLink: async (context, { providerReference }) => {
    const preference = await readPreference(context, providerReference)
    return linkOf(isOver(preference, context.now()) ? preference : await endPreference(context, preference), context)
  }
} satisfies Partial<PaymentsFamily>

function linkOf (preference: Preference, context: ConnectionContext): PaymentLinkSnapshot {
  const over = isOver(preference, context.now())
  return {
    providerReference: preference.id,
    ...(preference.external_reference && { reference: preference.external_reference }),
    status: over ? 'inactive' : 'active',
    providerStatus: over ? 'expired' : 'open',
    url: urlOf(preference, context),
    amount: amountOf(preference),
    ...(isTestToken(context.credentials) && { mode: 'test' as const })
  }
}
