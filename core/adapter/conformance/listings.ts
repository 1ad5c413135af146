import { money } from '../money.ts'
import type { ListRange } from '../payments.ts'
import { check, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import { everyPage } from './found.ts'
import { payer } from './payer.ts'
import type { Session } from './session.ts'

const minuteMs = 60_000

/** What the provider says that there is: for what no webhook told, and for the accountant. */
export function listingPromises (plan: Plan): Draft[] {
  const { capabilities } = plan
  const { family, plain, paid } = payer(plan)
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'listings', name, because, keep })
  const around = ({ now }: Session, minutes = 0): ListRange => ({ from: new Date(now().getTime() - (minutes + 1) * minuteMs), to: new Date(now().getTime() + (1 - 2 * minutes) * minuteMs) })

  if (capabilities.has('list_payments')) {
    promise('every payment is listed once, and told as it is', 'what no webhook told is found here', async session => {
      const context = session.open()
      const made = [await paid(session, context), await paid(session, context), await paid(session, context)]
      const listed = await everyPage(cursor => family.listPayments!(context, { ...around(session), cursor }))
      same(new Set(listed.map(({ providerReference }) => providerReference)).size, listed.length, 'each is listed once')
      for (const { input, payment } of made) {
        const found = listed.find(({ providerReference }) => providerReference === payment.providerReference)
        check(found, `${payment.providerReference} is not listed`)
        same([found.status, found.amount, found.amountCaptured], ['succeeded', { ...input.amount }, input.amount.amount], 'as it is listed')
        check(found.reference === undefined || found.reference === input.reference, `it says that it is ${shown(found.reference)}`)
      }
      same((await everyPage(cursor => family.listPayments!(context, { ...around(session, 30), cursor }))).length, 0, 'payments of half an hour ago')
    })
  }

  if (capabilities.has('list_transactions')) {
    promise('what was paid is in the list of transactions', 'money is reconciled from it', async session => {
      const context = session.open()
      const { payment } = await paid(session, context)
      const listed = await everyPage(cursor => family.listTransactions!(context, { ...around(session), cursor }))
      for (const row of listed) {
        for (const part of [row.amount.amount, row.fee ?? 0, row.net ?? 0]) check(Number.isSafeInteger(part), `${part} is not an integer of minor units`)
        check(row.fee === undefined || row.net === undefined || row.net === row.amount.amount - row.fee, `${row.amount.amount} without a fee of ${String(row.fee)} is not ${String(row.net)}`)
      }
      const names = new Set([payment.providerReference, payment.transactionReference])
      const ours = listed.filter(({ providerReference, paymentProviderReference }) => names.has(providerReference) || names.has(paymentProviderReference))
      same(ours.map(({ type }) => type), ['payment'], `the transactions of ${payment.providerReference}`)
      check(ours.every(({ amount }) => amount.amount > 0), 'a payment takes money away')
      same(new Set(listed.map(({ providerReference }) => providerReference)).size, listed.length, 'each is listed once')
    })
    if (capabilities.has('refund')) {
      promise('a refund is in the list of transactions, with the money going away', 'else the books are too good', async session => {
        const context = session.open()
        const { input, payment } = await paid(session, context)
        const amount = money(plain.amount / 2, plain.currency)
        const refund = await family.refund!(context, { idempotencyKey: session.key(), refundReference: session.id('ref'), reference: input.reference, providerReference: payment.providerReference, amount })
        if (refund.status !== 'succeeded') return
        const listed = await everyPage(cursor => family.listTransactions!(context, { ...around(session), cursor }))
        const back = listed.filter(({ type }) => type === 'refund')
        same(back.map(({ amount }) => Math.sign(amount.amount)), [-1], 'the refunds that are listed')
      })
    }
  }
  return drafts
}
