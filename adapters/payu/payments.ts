import { type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { decimalOf, wireValue } from './amounts.ts'
import { checkouts } from './checkouts.ts'
import { names } from './countries.ts'
import { refusal } from './errors.ts'
import { transactionParams } from './methods.ts'
import { bestOf, readOrder, seen } from './orders.ts'
import { refunds } from './refunds.ts'
import { followUp, must, reasonText, submit } from './submit.ts'
import { answered, mainOf } from './wire.ts'

/** Each attempt is an order of its own under one reference: our payment's id. */
const own = {
  createPayment: async (context, input) => {
    const transaction = await transactionParams(context, input) as { type: string, paymentMethod: string, paymentCountry: string }
    const response = await submit(context, transaction)
    const snapshot = answered(response, { amount: input.amount, reference: input.reference, type: transaction.type, paymentMethod: transaction.paymentMethod, country: transaction.paymentCountry })
    // A token is good for any number of charges: it is itself what is kept.
    const keeps = input.saveMethod === true && input.method?.type === 'card' && (snapshot.status === 'succeeded' || snapshot.status === 'authorized')
    return {
      ...snapshot,
      method: { ...snapshot.method, type: input.method!.type },
      ...(keeps && input.method?.token !== undefined && { savedMethodReference: input.method.token })
    }
  },

  getPayment: async (context, providerReference) => seen(context, await readOrder(context, providerReference)),

  findPayment: async (context, { reference }) => await bestOf(context, reference),

  capture: async (context, { providerReference, amount }) => {
    decimalOf(amount)
    const order = await readOrder(context, providerReference)
    const before = seen(context, order)
    if (before.status !== 'authorized') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: order.status ?? before.providerStatus })
    if (amount.amount > before.amountCapturable || amount.currency !== before.amount.currency) throw refusal('amount', `${before.amountCapturable} ${before.amount.currency} are held`, 'amount_invalid')
    const part = amount.amount < before.amountCapturable ? { additionalValues: { TX_VALUE: wireValue(amount) } } : {}
    must(await submit(context, { ...followUp(order, 'CAPTURE'), ...part }))
    return seen(context, await readOrder(context, providerReference))
  },

  cancel: async (context, { providerReference, reason }) => {
    const order = await readOrder(context, providerReference)
    const before = seen(context, order)
    if (before.status === 'canceled') return before
    if (before.status !== 'authorized') throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: order.status ?? before.providerStatus, providerMessage: 'only a held card is let go' })
    const country = mainOf(order)?.paymentCountry ?? ''
    if (names(context.settings.no_void_countries, country)) throw refusal('capture', `PayU lets no hold go in ${country}; it ends by itself`, 'unsupported')
    must(await submit(context, { ...followUp(order, 'VOID'), reason: reasonText(reason) }))
    return seen(context, await readOrder(context, providerReference))
  }
} satisfies PaymentsFamily

export const payments = { ...own, ...refunds, ...checkouts } satisfies PaymentsFamily
