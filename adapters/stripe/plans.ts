import type { Interval, Lookup, PaymentsFamily, PlanSnapshot } from '../../core/adapter/index.ts'
import { type ConnectionContext, intervals } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { chargeOnWire, moneyOf } from './amounts.ts'
import { askedBetween, everyOne, keyed, lately, orTruth } from './asking.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { neverHeardOf } from './wire-parts.ts'

/** A plan is a recurring price, and the product that Stripe makes with it in the same request. */
export const plans = {
  createPlan: async (context, input) => {
    const metadata = metadataOf(undefined, { plan: input.reference })
    const params: Stripe.PriceCreateParams = {
      unit_amount: chargeOnWire(input.amount, context.settings),
      currency: input.amount.currency.toLowerCase(),
      // The days of trial are told with each subscription: Stripe counts those of a price only on request.
      recurring: { interval: input.interval, interval_count: input.intervalCount },
      product_data: { name: input.name, metadata },
      metadata
    }
    return orTruth(async () => planOf(await call(context, (stripe, as) => stripe.prices.create(params, keyed(as, input)))),
      () => find(context, { reference: input.reference, ...lately(context.now()) }))
  },

  findPlan: find
} satisfies Partial<PaymentsFamily>

async function find (context: ConnectionContext, { reference, from, to }: Lookup): Promise<PlanSnapshot | undefined> {
  const created = askedBetween({ from, to })
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.prices.list({ created, type: 'recurring', ...page }, as)), price => price.metadata[metadataKeys.plan] === reference)
  return found === undefined ? undefined : planOf(found)
}

function planOf (price: Stripe.Price): PlanSnapshot {
  const interval = price.recurring?.interval
  if (!intervals.includes(interval as Interval)) throw neverHeardOf(interval)
  return {
    providerReference: price.id,
    reference: price.metadata[metadataKeys.plan],
    amount: moneyOf(price.unit_amount ?? 0, price.currency),
    interval: interval as Interval,
    intervalCount: price.recurring?.interval_count ?? 1
  }
}
