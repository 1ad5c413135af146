import { type CheckoutSnapshot, type ConnectionContext, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { dateOf, refusal } from './asking.ts'
import type { Preference } from './objects.ts'
import { attempts } from './attempts.ts'
import { amountOf, createPreference, endPreference, findPreference, isOver, readPreference, urlOf } from './preferences.ts'
import { isTestToken, snapshotOf } from './wire.ts'

/** A page that one payer pays: a preference, whose payments carry our id of the page. */
export const checkouts = {
  createCheckout: async (context, input) => {
    if (input.saveMethod === true) throw refusal('save_method', 'a page of Checkout Pro keeps cards for Mercado Pago, not for the shop', 'unsupported')
    return await pageOf(context, await createPreference(context, input), { fresh: true })
  },

  getCheckout: async (context, providerReference) => await pageOf(context, await readPreference(context, providerReference)),

  findCheckout: async (context, lookup) => {
    const found = await findPreference(context, lookup)
    return found === undefined ? undefined : await pageOf(context, found)
  },

  expireCheckout: async (context, { providerReference }) => {
    const preference = await readPreference(context, providerReference)
    const page = await pageOf(context, preference)
    if (page.status === 'expired') return page
    if (page.status === 'complete') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: 'paid' })
    return await pageOf(context, await endPreference(context, preference))
  }
} satisfies Partial<PaymentsFamily>

/** A preference does not tell whether it was paid: its payments do. One that was refused leaves the page open for another try. */
async function pageOf (context: ConnectionContext, preference: Preference, { fresh = false } = {}): Promise<CheckoutSnapshot> {
  const reference = preference.external_reference ?? undefined
  const made = fresh || reference === undefined ? [] : (await attempts(context, { reference })).map(payment => snapshotOf(payment, context))
  const done = made.find(({ status }) => status === 'succeeded' || status === 'authorized') ?? made.find(({ status }) => status === 'requires_action' || status === 'processing')
  const status = done !== undefined ? 'complete' : isOver(preference, context.now()) ? 'expired' : 'open'
  const expiresAt = preference.expires === true ? dateOf(preference.expiration_date_to) : undefined
  const { name, surname, email } = preference.payer ?? {}
  const payer = { ...(name && { name: surname ? `${name} ${surname}` : name }), ...(email && { email }) }
  return {
    providerReference: preference.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: done?.providerStatus ?? status,
    url: urlOf(preference, context),
    amount: amountOf(preference),
    ...(done !== undefined && { paymentProviderReference: done.providerReference }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(Object.keys(payer).length > 0 && { payer }),
    ...(isTestToken(context.credentials) && { mode: 'test' as const })
  }
}
