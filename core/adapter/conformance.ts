import { amountPromises } from './conformance/amounts.ts'
import { BrokenPromise } from './conformance/check.ts'
import { checkoutPromises } from './conformance/checkout.ts'
import { contractPromises } from './conformance/contract.ts'
import { customerPromises } from './conformance/customers.ts'
import { disputePromises } from './conformance/disputes.ts'
import type { Draft, Plan } from './conformance/draft.ts'
import type { Snapshot } from './conformance/family.ts'
import type { Harness } from './conformance/harness.ts'
import { invoicingPromises, issuer } from './conformance/invoicing.ts'
import { listingPromises } from './conformance/listings.ts'
import { moreWrites } from './conformance/more-writes.ts'
import { payer } from './conformance/payer.ts'
import { oauthPromises } from './conformance/oauth.ts'
import { paymentPromises } from './conformance/payments.ts'
import { recordPromises } from './conformance/records.ts'
import { secrecyPromises } from './conformance/secrecy.ts'
import { openSession } from './conformance/session.ts'
import { statePromises } from './conformance/state.ts'
import { subscriptionPromises } from './conformance/subscriptions.ts'
import { waitingPromises } from './conformance/waiting.ts'
import { type Happening, webhookPromises } from './conformance/webhooks.ts'
import { paymentWrites } from './conformance/writes.ts'
import { capabilitiesOf } from './define.ts'

export type { DisputeSamples, Document, Harness, InvoicingSamples, OAuthSamples, PaymentSamples, RecordSamples, SavedMethodSamples, SubscriptionSamples, TransferSamples, VoucherSamples, WebhookSamples } from './conformance/harness.ts'

/** One promise that an adapter makes by existing. `run` throws when it is not kept; the message is for its author. */
export interface ConformancePromise {
  /**
   * The group: contract, mode, credentials, payments, amounts, vouchers, transfers, checkout, customers, subscriptions, disputes,
   * listings, idempotency, faults, invoicing, records, oauth, webhooks, stateless, secrecy.
   */
  promise: string
  name: string
  because: string
  run: () => Promise<void>
}

export interface Outcome extends Omit<ConformancePromise, 'run'> {
  kept: boolean
  /** Why not. */
  why?: string
}

/** As much of a test runner as the suite needs: tap's `t` and node:test's are both one. */
export interface Runner {
  test: (name: string, run: (t: { pass?: (message: string) => unknown }) => Promise<void>) => unknown
}

/** No promise takes longer: an adapter that never answers breaks it. */
const patienceMs = 60_000

/** Holds an adapter to everything that the hub relies on, one subtest for each promise. Works with tap and node:test. */
export async function conformance (t: Runner, harness: Harness): Promise<void> {
  for (const promise of promisesOf(harness)) {
    await t.test(`${promise.promise}: ${promise.name}`, async t => {
      await promise.run()
      t.pass?.(promise.because)
    })
  }
}

/** The same without a test runner: nothing is thrown, every outcome is told. */
export async function outcomes (harness: Harness, wanted: (promise: ConformancePromise) => boolean = () => true): Promise<Outcome[]> {
  const told: Outcome[] = []
  for (const { run, ...promise } of promisesOf(harness).filter(wanted)) {
    try {
      await run()
      told.push({ ...promise, kept: true })
    } catch (error) {
      told.push({ ...promise, kept: false, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return told
}

/** What this adapter owes, by what it has. They run in this order, each against a simulator of its own; the last look at all that was said. */
export function promisesOf (harness: Harness): ConformancePromise[] {
  const { adapter } = harness
  const plan: Plan = {
    harness,
    capabilities: new Set(capabilitiesOf(adapter)),
    transcript: { exchanges: [], logLines: [], secrets: new Set() }
  }
  const drafts: Draft[] = contractPromises(plan)
  const { family, happen } = familyOf(plan)
  for (const name of ['payments', 'invoicing', 'records'] as const) {
    if (adapter[name] !== undefined && harness[name] === undefined) {
      drafts.push({ promise: 'contract', name: `the harness says how to use ${name}`, because: 'what is not tried is not known', keep: async () => { throw new BrokenPromise(`harness.${name} is missing`) } })
    }
  }
  if (adapter.payments !== undefined && harness.payments !== undefined) {
    drafts.push(
      ...paymentPromises(plan), ...amountPromises(plan), ...waitingPromises(plan), ...checkoutPromises(plan), ...customerPromises(plan), ...subscriptionPromises(plan),
      ...disputePromises(plan), ...listingPromises(plan), ...paymentWrites(plan), ...moreWrites(plan)
    )
  }
  if (adapter.invoicing !== undefined && harness.invoicing !== undefined) drafts.push(...invoicingPromises(plan))
  if (adapter.records !== undefined && harness.records !== undefined) drafts.push(...recordPromises(adapter.records, harness.records))
  if (adapter.oauth !== undefined) {
    if (harness.oauth !== undefined) drafts.push(...oauthPromises(plan, adapter.oauth, harness.oauth))
    else drafts.push({ promise: 'contract', name: 'the harness says how to use oauth', because: 'what is not tried is not known', keep: async () => { throw new BrokenPromise('harness.oauth is missing') } })
  }
  if (happen !== undefined && family !== undefined) drafts.push(...webhookPromises(plan, happen), ...statePromises(plan, happen, family), ...secrecyPromises(plan, happen))
  return drafts.map(({ keep, ...promise }) => ({ ...promise, run: () => keptIn(plan, keep) }))
}

async function keptIn ({ harness, transcript }: Plan, keep: Draft['keep']): Promise<void> {
  const session = await openSession(harness, transcript)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BrokenPromise(`no end after ${patienceMs / 1000} s`)), patienceMs)
  })
  try {
    await Promise.race([keep(session), late])
  } finally {
    clearTimeout(timer)
    await session.simulator.close()
  }
}

/** Something that happens at the provider, and how to ask for it again, in whichever family there is. */
function familyOf (plan: Plan): { family?: Snapshot, happen?: Happening } {
  const { payments, invoicing } = plan.harness.adapter
  if (payments !== undefined && plan.harness.payments !== undefined) {
    const { paid, lookup } = payer(plan)
    return {
      family: {
        get: payments.getPayment,
        find: payments.findPayment && ((session, context, reference) => payments.findPayment!(context, lookup(session, reference)))
      },
      async happen (session, context) {
        const { input, payment } = await paid(session, context)
        return { providerReference: payment.providerReference, reference: input.reference }
      }
    }
  }
  if (invoicing !== undefined && plan.harness.invoicing !== undefined) {
    const { issued } = issuer(plan)
    return {
      family: { ...(invoicing.get !== undefined && { get: invoicing.get }) },
      async happen (session, context) {
        const { input, document } = await issued(session, context)
        return { providerReference: document.providerReference, reference: input.reference }
      }
    }
  }
  return {}
}
