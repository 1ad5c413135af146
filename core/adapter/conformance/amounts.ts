import fc from 'fast-check'
import { type Money, money } from '../money.ts'
import { boundsOf, ceilTo, plainAmount, stepOf, traps } from './amount-rules.ts'
import { check, refusal, same } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { payer } from './payer.ts'
import type { Opened, Session } from './session.ts'

/** Money is counted as each provider counts it, and read back as it was asked. */
export function amountPromises (plan: Plan): Draft[] {
  const { adapter } = plan.harness
  const { manifest } = adapter
  const { sweep, pay } = payer(plan)
  const drafts: Draft[] = []

  drafts.push({
    promise: 'amounts',
    name: 'an ordinary amount and the smallest one arrive exactly, in every currency',
    because: 'a zero-decimal currency in cents is a hundredfold charge',
    async keep (session) {
      const context = session.open()
      for (const currency of sweep) {
        const rule = manifest.amounts[currency] ?? {}
        const smallest = rule.minimum === undefined ? [] : [ceilTo(rule.minimum, stepOf(manifest, currency))]
        for (const amount of new Set([...smallest, ...traps(manifest, currency), plainAmount(manifest, currency).amount])) {
          await exact(session, context, money(amount, currency))
        }
      }
    }
  }, {
    promise: 'amounts',
    name: 'random amounts arrive exactly',
    because: 'a float is right nearly always',
    async keep (session) {
      const context = session.open()
      const amounts = fc.constantFrom(...sweep).chain(currency => {
        const step = stepOf(manifest, currency)
        const { minimum, maximum } = boundsOf(manifest, currency)
        return fc.integer({ min: Math.ceil(minimum / step), max: Math.max(Math.ceil(minimum / step), Math.floor(maximum / step)) }).map(steps => money(steps * step, currency))
      })
      await fc.assert(fc.asyncProperty(amounts, async amount => { await exact(session, context, amount) }), { numRuns: 40, seed: 20_261_120, endOnFailure: true })
    }
  })

  const limited = sweep.filter(currency => (manifest.amounts[currency]?.minimum ?? 0) > stepOf(manifest, currency))
  if (limited.length > 0) {
    drafts.push({
      promise: 'amounts',
      name: 'less than the smallest amount is refused, and nothing is charged',
      because: 'the limit that the manifest declares is the one that holds',
      async keep (session) {
        const context = session.open()
        for (const currency of limited) {
          const step = stepOf(manifest, currency)
          const below = money(ceilTo(manifest.amounts[currency]?.minimum ?? 0, step) - step, currency)
          const { input, asked } = pay(session, context, { amount: below })
          await refusedAmount(asked, `${below.amount} ${currency}, below the minimum,`)
          same(session.simulator.effects(input.reference).charges, 0, 'charges')
        }
      }
    })
  }
  const coarse = sweep.filter(currency => stepOf(manifest, currency) > 1)
  if (coarse.length > 0) {
    drafts.push({
      promise: 'amounts',
      name: 'an amount that the provider cannot say is refused, never rounded',
      because: 'money is never rounded in silence',
      async keep (session) {
        for (const currency of coarse) {
          const context = session.open()
          const odd = money(plainAmount(manifest, currency).amount + 1, currency)
          const { input, asked } = pay(session, context, { amount: odd })
          await refusedAmount(asked, `${odd.amount} ${currency}`)
          same(session.simulator.effects(input.reference).charges, 0, 'charges')
          check(!context.exchanges.some(({ method }) => method !== 'GET'), 'it is refused before anything is sent')
        }
      }
    })
  }
  return drafts

  async function refusedAmount (asked: Promise<unknown>, what: string): Promise<void> {
    const error = await refusal(asked, what)
    check(error.reached !== 'unknown', `${what} is refused as if nobody knew`)
    check(error.code === 'amount_invalid' || error.code === 'limit_exceeded', `${what} is refused as ${error.code}, not amount_invalid`)
  }

  async function exact (session: Session, context: Opened, amount: Money): Promise<void> {
    const said = `${amount.amount} ${amount.currency}`
    const { input, asked } = pay(session, context, { amount })
    const paid = await asked
    same(paid.amount, { ...amount }, `${said} as the answer tells it`)
    same(paid.amountCaptured, amount.amount, `${said} captured`)
    same((await adapter.payments?.getPayment(context, paid.providerReference))?.amount, { ...amount }, `${said} read back`)
    const booked = session.simulator.charged?.(input.reference)
    if (booked !== undefined) same({ ...booked }, { ...amount }, `${said} in the provider's own books`)
  }
}
